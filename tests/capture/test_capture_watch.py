# ruff: noqa: E501, ISC004 (cells, one a line)
"""What a save knows of the notebook, in a real shell: one short notebook each, and what must, and must not, be kept.

Each case is a list of cells, the variable to save, and the metrics that must be kept, no more and no fewer: by name, an
expression that is evaluated when all cells have run. Where an expression is of an older state, the number would be wrong, so it
must not be there: ``ABSENT`` says what else the card must tell.
"""

from __future__ import annotations

import gc
import math
import weakref
from pathlib import Path

import pytest

pytest_plugins = ("doors_fixtures",)

SETUP = """
import numpy as np, pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, LinearRegression, SGDClassifier, Ridge
from sklearn.tree import DecisionTreeClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split, cross_val_score, cross_validate, cross_val_predict, GridSearchCV, KFold
from sklearn.metrics import *
from sklearn.base import clone
from types import SimpleNamespace
import copy, threading
data = load_breast_cancer(as_frame=True)
df = data.frame.iloc[:300, [0, 1, 2, 5, 30]]
"""
SPLIT = """
X = df.drop(columns="target")
y = df["target"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""
TREE = "clf = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X_train, y_train)"
ACC = "accuracy_score(y_test, clf.predict(X_test))"

HIDDEN = """
import contextlib
class Quiet:
    @property
    def value(self): refit()
    def __repr__(self): return str(refit())
    def __getitem__(self, key): refit()
    def __add__(self, other): refit()
    def __iter__(self): return iter([refit()])
    def __enter__(self): return self
    def __exit__(self, *error): refit()
def refit(): clf.fit(X_train[:30], y_train[:30])
@contextlib.contextmanager
def refitting():
    yield
    refit()
def generated():
    yield refit()
async def coming(): refit()
def use(thing): return thing.value
def scored(thing):
    acc = accuracy_score(y_test, clf.predict(X_test))
    thing.value
    return acc
quiet = Quiet()
place = SimpleNamespace(quiet=quiet)
"""

RIDGE = "clf = Ridge().fit(X_train, y_train)"
FOLDS = "cross_val_score(clf, X_train, y_train, scoring='neg_mean_squared_error', cv=3)"
MSE = "mean_squared_error(y_test, pred)"
SGD = "clf = SGDClassifier(random_state=0)"
GRID = "g = GridSearchCV(DecisionTreeClassifier(random_state=0), {'max_depth': [1, 2]}, cv=3).fit(X_train, y_train)"
OLD = "old = DecisionTreeClassifier(max_depth=1, max_features=1, random_state=3).fit(X_train, y_train)\nacc = old.score(X_test, y_test)"
SKIP = "from IPython.core.magic import register_cell_magic\n@register_cell_magic\ndef skip(line, cell): pass"
PARTS = "a, b, c, d = tr.drop(columns='target'), tr['target'], te.drop(columns='target'), te['target']"
ARRAYS = "A, b = X.to_numpy(), y.to_numpy()\n"
FROZEN = """
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import TunedThresholdClassifierCV
"""

OWN = """
class Net:
    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self
    def predict(self, X):
        return np.full(len(X), round(self.mean_))
"""


def case(name, cells, metrics, variable="clf", **expected):
    return pytest.param(cells, variable, metrics, expected, id=name)


CASES = [
    # ---- numbers that are right -------------------------------------------------------------------------------------
    case(
        "variable", [TREE, f"acc = {ACC}"], {"accuracy": ACC}, rows=225, tested=75, target="target", split={"accuracy": "test"}
    ),
    case("predictions in a cell of their own", [TREE, "p = clf.predict(X_test)", "f = f1_score(y_test, p)"], {"f1": "f"}),
    case("last expression", [TREE, "clf.score(X_test, y_test)"], {"accuracy": ACC}),
    case(
        "pair of train and test",
        [TREE, "clf.score(X_train, y_train), clf.score(X_test, y_test)"],
        {"train_accuracy": "clf.score(X_train, y_train)", "accuracy": ACC},
        split={"train_accuracy": "train"},
    ),
    case(
        "train is said",
        [TREE, "acc = accuracy_score(y_train, clf.predict(X_train))"],
        {"train_accuracy": "clf.score(X_train, y_train)"},
        tested=None,
    ),
    case(
        "train that is called test",
        [TREE, "X_test, y_test = X_train, y_train", "acc = clf.score(X_test, y_test)"],
        {"train_accuracy": "clf.score(X_train, y_train)"},
    ),
    case(
        "dict",
        [TREE, f"m = {{'a': {ACC}, 'b': recall_score(y_test, clf.predict(X_test))}}"],
        {"accuracy": ACC, "recall": "recall_score(y_test, clf.predict(X_test))"},
    ),
    case("dict shown", [TREE, f"{{'a': {ACC}}}"], {"accuracy": ACC}),
    case(
        "names of arguments",
        [TREE, "f = f1_score(y_true=y_test, y_pred=clf.predict(X_test), average='macro')"],
        {"f1_macro": "f"},
    ),
    case(
        "meaning of arguments",
        [TREE, "n = accuracy_score(y_test, clf.predict(X_test), normalize=False)"],
        {"accuracy(normalize=False)": "n"},
    ),
    case("probabilities", [TREE, "auc_ = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])"], {"roc_auc": "auc_"}),
    case(
        "curve",
        [TREE, "fpr, tpr, _ = roc_curve(y_test, clf.predict_proba(X_test)[:, 1])", "a = auc(fpr, tpr)"],
        {"roc_auc": "roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])"},
    ),
    case(
        "threshold",
        [TREE, "p = (clf.predict_proba(X_test)[:, 1] > 0.5).astype(int)", "a = accuracy_score(y_test, p)"],
        {"accuracy": "a"},
    ),
    case(
        "report",
        [TREE, "r = classification_report(y_test, clf.predict(X_test), output_dict=True)"],
        {
            "accuracy": ACC,
            **{
                f"{n}_{a}": f"r['{a} avg']['{k}']"
                for a in ("macro", "weighted")
                for n, k in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score"))
            },
        },
    ),
    case(
        "cross-validation",
        [TREE, "s = cross_val_score(clf, X, y, cv=3)"],
        {"cv_accuracy": "s.mean()"},
        split={"cv_accuracy": "cross-validation"},
    ),
    case("cross-validation, its mean", [TREE, "s = cross_val_score(clf, X, y, cv=3, scoring='f1').mean()"], {"cv_f1": "s"}),
    case(
        "cross_validate",
        [TREE, "s = cross_validate(clf, X, y, cv=3, scoring=['f1', 'roc_auc'])"],
        {"cv_f1": "s['test_f1'].mean()", "cv_roc_auc": "s['test_roc_auc'].mean()"},
    ),
    case("cross_val_predict", [TREE, "p = cross_val_predict(clf, X, y, cv=3); a = accuracy_score(y, p)"], {"cv_accuracy": "a"}),
    case(
        "search",
        [
            "clf = GridSearchCV(DecisionTreeClassifier(random_state=0), {'max_depth': [1, 2]}, cv=3).fit(X_train, y_train)",
            f"a = {ACC}",
        ],
        {"cv_accuracy": "clf.best_score_", "accuracy": ACC},
    ),
    case(
        "best of a search",
        [
            "g = GridSearchCV(DecisionTreeClassifier(random_state=0), {'max_depth': [1, 2]}, cv=3)\n"
            "g.fit(X_train, y_train)\nclf = g.best_estimator_\n" + f"a = {ACC}"
        ],
        {"accuracy": ACC},
        rows=225,
    ),
    case(
        "best of a search, by attribute",
        [
            "g = GridSearchCV(DecisionTreeClassifier(random_state=0), {'max_depth': [1, 2]}, cv=3)\ng.fit(X_train, y_train)",
            "a = accuracy_score(y_test, g.predict(X_test))",
        ],
        {"accuracy": "accuracy_score(y_test, g.predict(X_test))"},
        variable="g.best_estimator_",
    ),
    case(
        "out of bag",
        ["clf = RandomForestClassifier(30, oob_score=True, random_state=0).fit(X_train, y_train)"],
        {"oob_accuracy": "clf.oob_score_"},
    ),
    case(
        "root of mse",
        ["clf = LinearRegression().fit(X_train, y_train)", "r = np.sqrt(mean_squared_error(y_test, clf.predict(X_test)))"],
        {"root_mean_squared_error": "r"},
    ),
    case(
        "root by power, r2",
        [
            "clf = LinearRegression().fit(X_train, y_train)\np = clf.predict(X_test)",
            "r = mean_squared_error(y_test, p) ** 0.5\ns = clf.score(X_test, y_test)",
        ],
        {"root_mean_squared_error": "r", "r2": "s"},
    ),
    case("scorer", [TREE, "sc = get_scorer('f1')", "v = sc(clf, X_test, y_test)"], {"f1": "v"}),
    case("made scorer", [TREE, "sc = make_scorer(fbeta_score, beta=2)\nv = sc(clf, X_test, y_test)"], {"fbeta(beta=2)": "v"}),
    case(
        "pipeline",
        ["clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)", "s = clf.score(X_test, y_test)"],
        {"accuracy": "s"},
        columns=4,
    ),
    case(
        "scaled copies",
        [
            "sc = StandardScaler()\nA = sc.fit_transform(X_train)\nB = sc.transform(X_test)",
            "clf = LogisticRegression().fit(A, y_train)",
            "s = clf.score(B, y_test)\nt = clf.score(A, y_train)",
        ],
        {"accuracy": "s", "train_accuracy": "t"},
        rows=225,
        tested=75,
    ),
    case(
        "nested split",
        [
            "A, X_val, b, y_val = train_test_split(X_train, y_train, random_state=1)",
            "clf = DecisionTreeClassifier(max_depth=2).fit(A, b)",
            "v = clf.score(X_val, y_val)\nt = clf.score(X_test, y_test)",
        ],
        {"val_accuracy": "v", "accuracy": "t"},
        split={"val_accuracy": "validation"},
    ),
    case(
        "slices",
        [
            "X_a, X_b = X[:200], X[200:]\ny_a, y_b = y[:200], y[200:]",
            "clf = DecisionTreeClassifier(max_depth=2).fit(X_a, y_a)",
            "s = clf.score(X_b, y_b)",
        ],
        {"accuracy": "s"},
        rows=200,
        tested=100,
    ),
    case(
        "slices by number",
        ["n = int(len(X) * 0.7)", "clf = DecisionTreeClassifier(max_depth=2).fit(X[:n], y[:n])", "s = clf.score(X[n:], y[n:])"],
        {"accuracy": "s"},
    ),
    case(
        "sample and rest",
        [
            "tr = df.sample(frac=0.7, random_state=0)\nte = df.drop(tr.index)",
            "clf = DecisionTreeClassifier(max_depth=2).fit(tr[['mean radius']], tr['target'])",
            "s = clf.score(te[['mean radius']], te['target'])",
        ],
        {"accuracy": "s"},
        target="target",
    ),
    case(
        "arrays",
        [
            "A_train, A_test, b_train, b_test = train_test_split(X.values, y.values, random_state=0)",
            "clf = DecisionTreeClassifier(max_depth=2).fit(A_train, b_train)",
            "s = clf.score(A_test, b_test)",
        ],
        {"accuracy": "s"},
        rows=225,
        target="target",
    ),
    case(
        "function of the notebook",
        [
            "def evaluate(model, a, b):\n    p = model.predict(a)\n    return {'acc': accuracy_score(b, p), 'f': f1_score(b, p)}",
            TREE,
            "r = evaluate(clf, X_test, y_test)",
        ],
        {"accuracy": ACC, "f1": "f1_score(y_test, clf.predict(X_test))"},
    ),
    case(
        "made in a function",
        [
            "def train(a, b):\n    m = DecisionTreeClassifier(max_depth=2)\n    m.fit(a, b)\n    return m",
            "clf = train(X_train, y_train)",
            f"v = {ACC}",
        ],
        {"accuracy": ACC},
        rows=225,
    ),
    case(
        "loop over models",
        [
            "ms = {'a': DecisionTreeClassifier(max_depth=1), 'b': DecisionTreeClassifier(max_depth=3)}\ns = {}\n"
            "for n, m in ms.items():\n    m.fit(X_train, y_train)\n    s[n] = accuracy_score(y_test, m.predict(X_test))"
        ],
        {"accuracy": "accuracy_score(y_test, ms['a'].predict(X_test))"},
        variable="ms['a']",
    ),
    case(
        "loop over pairs",
        [
            "kept = {}\nrows = []\nfor n, m in [('a', DecisionTreeClassifier(max_depth=1)), ('b', LogisticRegression(max_iter=5000))]:\n"
            "    kept[n] = m.fit(X_train, y_train)\n    rows.append({'n': n, 'acc': m.score(X_test, y_test)})"
        ],
        {"accuracy": "kept['a'].score(X_test, y_test)"},
        variable="kept['a']",
    ),
    case(
        "comprehension",
        [
            "ms = {'a': DecisionTreeClassifier(max_depth=1), 'b': DecisionTreeClassifier(max_depth=3)}",
            "s = {n: m.fit(X_train, y_train).score(X_test, y_test) for n, m in ms.items()}",
        ],
        {"accuracy": "ms['b'].score(X_test, y_test)"},
        variable="ms['b']",
    ),
    case(
        "attribute",
        [
            "box = SimpleNamespace()\nbox.clf = DecisionTreeClassifier(max_depth=2).fit(X_train, y_train)",
            "v = accuracy_score(y_test, box.clf.predict(X_test))",
        ],
        {"accuracy": "accuracy_score(y_test, box.clf.predict(X_test))"},
        variable="box.clf",
    ),
    case(
        "swapped",
        [
            TREE + "\nother = DecisionTreeClassifier(max_depth=1, max_features=1, random_state=3).fit(X_train, y_train)",
            f"a = {ACC}\nb = accuracy_score(y_test, other.predict(X_test))",
            "clf, other = other, clf",
        ],
        {"accuracy": ACC},
    ),
    case("one cell", [TREE + f"\nacc = {ACC}"], {"accuracy": ACC}, rows=225),
    case("time and capture", ["%%time\n" + TREE, "%%capture\nacc = " + ACC], {"accuracy": ACC}, rows=225),
    case(
        "line time",
        ["clf = DecisionTreeClassifier(max_depth=2, random_state=0)", "%time clf.fit(X_train, y_train)", "acc = " + ACC],
        {"accuracy": ACC},
        rows=225,
    ),
    case(
        "clustering",
        ["clf = KMeans(3, n_init=1, random_state=0).fit(X)", "s = silhouette_score(X, clf.labels_)"],
        {"train_silhouette": "s"},
        rows=300,
    ),
    case("user's word wins", [TREE, f"acc = {ACC}"], {"accuracy": "0.5"}, line='%save_model clf "kept" -m accuracy=0.5'),
    # ---- numbers that would be wrong --------------------------------------------------------------------------------
    case("refit in place", [TREE, f"acc = {ACC}", "clf.fit(X_train[:50], y_train[:50])"], {}, told="older than the fit"),
    case(
        "refit, same cell, after", [TREE + f"\nacc = {ACC}\nclf.fit(X_train[:50], y_train[:50])"], {}, told="older than the fit"
    ),
    case(
        "another object of the name",
        [TREE, f"acc = {ACC}", "clf = DecisionTreeClassifier(max_depth=1).fit(X_train[:50], y_train[:50])"],
        {},
        told="older than the fit",
    ),
    case(
        "parameters changed and fitted in a function",
        [
            "def again(m):\n    m.set_params(max_depth=1)\n    m.fit(X_train[:40], y_train[:40])",
            TREE,
            f"acc = {ACC}",
            "again(clf)",
        ],
        {},
    ),
    case(
        "refit by a function that is no reader's",
        [
            "class Other:\n    def go(self, m):\n        m.fit(X_train[:40], y_train[:40])",
            TREE,
            f"acc = {ACC}\nOther().go(clf)",
        ],
        {},
    ),
    case("refit by exec", [TREE, f"acc = {ACC}", "exec('clf.fit(X_train[:40], y_train[:40])')"], {}),
    case("refit by exec, same cell", [TREE + f"\nacc = {ACC}\nexec('clf.fit(X_train[:40], y_train[:40])')"], {}),
    case("refit by lambda", [TREE + f"\nacc = {ACC}\nlist(map(lambda m: m.fit(X_train[:40], y_train[:40]), [clf]))"], {}),
    case(
        "refit by a pipeline that holds it",
        [TREE + f"\nacc = {ACC}\nPipeline([('c', clf)]).fit(X_train[:40], y_train[:40])"],
        {},
    ),
    case("refit by a pipeline, later", [TREE, f"acc = {ACC}", "Pipeline([('c', clf)]).fit(X_train[:40], y_train[:40])"], {}),
    case("refit under another name", [TREE, f"acc = {ACC}", "b = clf", "b.fit(X_train[:40], y_train[:40])"], {}),
    case(
        "refit in a thread",
        [TREE, f"acc = {ACC}", "t = threading.Thread(target=clf.fit, args=(X_train[:40], y_train[:40])); t.start(); t.join()"],
        {},
    ),
    case("refit in a branch", [TREE + f"\nacc = {ACC}\nif acc > 0:\n    clf.fit(X_train[:40], y_train[:40])"], {}),
    case("refit in a loop", [TREE + f"\nacc = {ACC}\nfor n in (30, 40):\n    clf.fit(X_train[:n], y_train[:n])"], {}),
    case(
        "refit in a comprehension",
        [TREE + f"\nacc = {ACC}\n[clf.fit(X_train[:n], y_train[:n]) for n in np.arange(30, 40, 9)]"],
        {},
    ),
    case(
        "partial fit",
        [
            "clf = SGDClassifier(random_state=0).partial_fit(X_train, y_train, classes=[0, 1])",
            f"acc = {ACC}",
            "clf.partial_fit(X_train[:20], y_train[:20])",
        ],
        {},
        rows=None,
    ),
    case(
        "changed by hand",
        ["clf = LogisticRegression(max_iter=5000).fit(X_train, y_train)", f"acc = {ACC}", "clf.coef_[0, 0] = 9"],
        {},
    ),
    case(
        "changed by hand, same cell",
        ["clf = LogisticRegression(max_iter=5000).fit(X_train, y_train)\n" + f"acc = {ACC}\nclf.coef_ = clf.coef_ * -1"],
        {},
    ),
    case(
        "changed through an array",
        ["clf = LogisticRegression(max_iter=5000).fit(X_train, y_train)", f"acc = {ACC}", "c = clf.coef_\nc *= -1"],
        {},
    ),
    case(
        "another model's score",
        [
            TREE,
            "other = DecisionTreeClassifier(max_depth=1).fit(X_train, y_train)\nacc = accuracy_score(y_test, other.predict(X_test))",
        ],
        {},
    ),
    case(
        "another model's predictions under the name",
        [
            TREE,
            "p = clf.predict(X_test)",
            "p = LogisticRegression(max_iter=5000).fit(X_train, y_train).predict(X_test)",
            "acc = accuracy_score(y_test, p)",
        ],
        {},
    ),
    case(
        "predictions of before",
        [TREE, "p = clf.predict(X_test)", "clf.fit(X_train[:40], y_train[:40])", "acc = accuracy_score(y_test, p)"],
        {},
    ),
    case(
        "mean of two models",
        [
            TREE,
            "o = LogisticRegression(max_iter=5000).fit(X_train, y_train)",
            "p = (clf.predict(X_test) + o.predict(X_test)) / 2 > 0.4",
            "acc = accuracy_score(y_test, p)",
        ],
        {},
    ),
    case("overwritten by a constant", [TREE, f"acc = {ACC}\nacc = 0.99"], {}),
    case("changed number", [TREE, f"acc = {ACC} * 100"], {}),
    case("changed in place", [TREE, f"acc = {ACC}\nacc *= 100"], {}),
    case("subset", [TREE, "m = y_test == 1\nacc = accuracy_score(y_test[m], clf.predict(X_test)[m])"], {}),
    case("subset of rows", [TREE, "acc = clf.score(X_test[:10], y_test[:10])"], {}),
    case("on all rows", [TREE, "acc = clf.score(X, y)"], {}, told="fitted on"),
    case(
        "two numbers of one name",
        [
            TREE,
            "A, B, a, b = train_test_split(X_test, y_test, random_state=3)",
            "first, second = clf.score(A, a), clf.score(B, b)",
        ],
        {},
        told="one of 2",
    ),
    case(
        "threshold of one's own",
        [TREE, "P = clf.predict_proba(X_test)[:, 1]\na = accuracy_score(y_test, P > 0.3)"],
        {},
        told="changed by hand",
    ),
    case(
        "one class against the rest",
        [TREE, "r = recall_score(y_test == 0, clf.predict(X_test) == 0)"],
        {},
        told="changed by hand",
    ),
    case(
        "cross-validation before",
        ["clf = DecisionTreeClassifier(max_depth=2)\ns = cross_val_score(clf, X, y, cv=3)", "clf.fit(X_train, y_train)"],
        {},
        told="older than the fit",
    ),
    case("own function of that name", ["def accuracy_score(a, b):\n    return 0.123", TREE, f"acc = {ACC}"], {}),
    case("shadowed function", ["accuracy_score = lambda a, b: 0.123", TREE, f"acc = {ACC}"], {}),
    case("a cell that failed", [TREE, "!acc = 1", f"bad = 1\nclf.fit(X_train[:40], y_train[:40]); 1/0\nacc = {ACC}"], {}),
    case(
        "a score before the line that failed",
        [TREE, f"acc = {ACC}\n1/0\nclf.fit(X_train[:40], y_train[:40])"],
        {"accuracy": ACC},
    ),
    case(
        "loop that ends early",
        [
            TREE,
            "for m in [clf, clone(clf).fit(X_train[:40], y_train[:40])]:\n    acc = m.score(X_test, y_test)\n    clf = m\n    if acc < 2:\n        break\n    clf.fit(X, y)",
        ],
        {},
    ),
    case(
        "best of several",
        [
            "best = 0\nfor d in np.arange(1, 4):\n    m = DecisionTreeClassifier(max_depth=d).fit(X_train, y_train)\n    s = m.score(X_test, y_test)\n    if s > best:\n        best, clf = s, m"
        ],
        {},
    ),
    case(
        "kfold by hand",
        [
            "scores = []\nfor tr, te in KFold(3).split(X):\n    clf = DecisionTreeClassifier(max_depth=2).fit(X.iloc[tr], y.iloc[tr])\n    scores.append(clf.score(X.iloc[te], y.iloc[te]))",
            "mean = np.mean(scores)",
        ],
        {},
        rows=None,
    ),
    case(
        "names exchanged by exec",
        [
            TREE,
            "o = DecisionTreeClassifier(max_depth=1).fit(X_train[:30], y_train[:30])",
            "exec('clf, o = o, clf')\nacc = " + ACC,
        ],
        {},
    ),
    case(
        "names exchanged by a function",
        [
            "def swap():\n    global clf, o\n    clf, o = o, clf",
            TREE + "\no = DecisionTreeClassifier(max_depth=1).fit(X_train[:30], y_train[:30])\n" + f"acc = {ACC}\nswap()",
        ],
        {"accuracy": "acc if False else None"},
    ),
    case("timeit does not assign", [TREE, f"%timeit -n1 -r1 acc = {ACC}"], {}),
    # ---- found by people who tried to break it -----------------------------------------------------------------------
    case(
        "test rows that are the training rows, in a branch",
        [TREE, "if len(X_train) < 500:\n    X_test, y_test = X_train, y_train", "acc = clf.score(X_test, y_test)"],
        {},
        told="may be among",
    ),
    case(
        "test rows from a try",
        [
            TREE,
            "try:\n    X_test = pd.read_csv('nope.csv')\nexcept FileNotFoundError:\n    X_test, y_test = X_train, y_train",
            "acc = clf.score(X_test, y_test)",
        ],
        {},
    ),
    case(
        "test rows by a choice",
        [TREE, "X_test = X_train if True else X_test; y_test = y_train if True else y_test", "acc = clf.score(X_test, y_test)"],
        {},
    ),
    case(
        "training rows enlarged in a branch",
        [
            "if len(X) > 10:\n    X_train = pd.concat([X_train, X_test]); y_train = pd.concat([y_train, y_test])",
            TREE,
            f"acc = {ACC}",
        ],
        {},
    ),
    case(
        "shuffled twice, sliced between",
        [
            "df = df.sample(frac=1, random_state=1)",
            "tr = df[:200]",
            "df = df.sample(frac=1, random_state=2)",
            "te = df[200:]",
            "clf = DecisionTreeClassifier(max_depth=2).fit(tr[['mean radius']], tr['target'])",
            "acc = clf.score(te[['mean radius']], te['target'])",
        ],
        {},
    ),
    case(
        "slices by labels",
        [
            "ts = df.set_index(pd.date_range('2020-01-01', periods=len(df)))",
            "a, b = ts[:'2020-06'], ts['2020-06':]",
            "clf = DecisionTreeClassifier(max_depth=2).fit(a[['mean radius']], a['target'])",
            "acc = clf.score(b[['mean radius']], b['target'])",
        ],
        {},
    ),
    case(
        "lists that grow",
        [
            "tr, te = X_train.values.tolist(), X_test.values.tolist()\ntl, el = list(y_train), list(y_test)",
            "tr += te; tl += el",
            "clf = DecisionTreeClassifier(max_depth=2).fit(tr, tl)",
            "acc = clf.score(te, el)",
        ],
        {},
    ),
    case(
        "nothing of the predictions is left",
        [TREE, "p = clf.predict(X_test)", "acc = accuracy_score(y_test, np.zeros_like(p))"],
        {},
    ),
    case(
        "predictions clipped",
        [
            "clf = LinearRegression().fit(X_train, y_train)",
            "m = mean_squared_error(y_test, np.clip(clf.predict(X_test), 0.2, 0.8))",
        ],
        {},
    ),
    case(
        "distances are no probabilities",
        [
            "clf = LogisticRegression(max_iter=5000).fit(X_train, y_train)",
            "acc = accuracy_score(y_test, clf.decision_function(X_test) > 0.5)",
        ],
        {},
    ),
    case("scoring among other arguments", [TREE, "kw = dict(cv=3, scoring='f1')\ns = cross_val_score(clf, X, y, **kw)"], {}),
    case("scoring by a function of one's own", [TREE, "s = cross_validate(clf, X, y, cv=3, scoring=lambda m, a, b: 42.0)"], {}),
    case(
        "a part that another one fits again",
        [
            "prep = StandardScaler()\nclf = make_pipeline(prep, LogisticRegression()).fit(X_train, y_train)\nacc = clf.score(X_test, y_test)\nother = make_pipeline(prep, LogisticRegression()).fit(X_train[:40] * 3, y_train[:40])"
        ],
        {},
    ),
    case(
        "the last step is fitted again",
        [
            "clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)\nacc = clf.score(X_test, y_test)\ninner = clf[-1]\ninner.fit(X_train[:40], y_train[:40])"
        ],
        {},
    ),
    case(
        "set and set back",
        [
            "from sklearn.neighbors import KNeighborsClassifier\nclf = KNeighborsClassifier(5).fit(X_train, y_train)",
            "clf.set_params(n_neighbors=1); acc = clf.score(X_test, y_test); clf.set_params(n_neighbors=5)",
        ],
        {},
    ),
    case("parameters set without a fit", [TREE, "clf.set_params(max_depth=9)"], {}, rows=None, told="parameters were changed"),
    case("weights", [TREE, "acc = clf.score(X_test, y_test, sample_weight=np.arange(75))"], {}),
    case(
        "one output of several",
        [
            "Y = np.c_[y_train, X_train['mean radius']]\nclf = LinearRegression().fit(X_train, Y)",
            "p = clf.predict(X_test)\nm = mean_absolute_error(y_test, p[:, 0])",
        ],
        {},
    ),
    case(
        "walrus in a comprehension",
        [
            TREE + "\noth = DecisionTreeClassifier(max_depth=1, max_features=1, random_state=5).fit(X_train, y_train)",
            "acc = clf.score(X_test, y_test)\n[acc := m.score(X_test, y_test) for m in [oth]]",
        ],
        {},
    ),
    case("match", [TREE, "acc = clf.score(X_test, y_test)\nmatch {'a': 0.77}:\n    case {'a': acc}:\n        pass"], {}),
    case(
        "star import of one's own",
        [
            TREE,
            "acc = clf.score(X_test, y_test)\nimport sys\nsys.path.insert(0, '.')\nfrom other import *\nsys.path.remove('.')",
        ],
        {},
    ),
    case("overwritten in a dict", [TREE, "m = {'acc': clf.score(X_test, y_test), **pd.Series({'acc': 0.77}).to_dict()}"], {}),
    case(
        "a list that shrinks",
        [
            TREE + "\noth = DecisionTreeClassifier(max_depth=1, max_features=1, random_state=5).fit(X_train, y_train)",
            "r = [oth.score(X_test, y_test), clf.score(X_test, y_test), oth.score(X_test, y_test)]\ndel r[0]",
        ],
        {},
    ),
    case(
        "printed elsewhere",
        [
            TREE,
            "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    print(clf.score(X_test, y_test))\nprint(0.7777777)",
        ],
        {},
    ),
    case("printed with two digits", [TREE, "print(f'acc {clf.score(X_test, y_test):.2f}')"], {}),
    case("rounded", [TREE, "acc = round(clf.score(X_test, y_test), 2)"], {}, told="rounded"),
    case(
        "arguments the other way round", [TREE, "r = recall_score(clf.predict(X_test), y_test)"], {}, told="the other way round"
    ),
    case("training data changed after the fit", [TREE, "X_train *= 1.5", "acc = clf.score(X_train, y_train)"], {}),
    case(
        "a column of the test rows overwritten",
        [TREE, "Z = X_test.copy()\nZ['mean radius'] = 0", "acc = clf.score(Z, y_test)"],
        {},
    ),
    case(
        "a cell of too many lines",
        [TREE, "x = 0\n" * 20_000 + "X_test, y_test = X_train, y_train", "acc = clf.score(X_test, y_test)"],
        {},
    ),
    case("deep copy", [TREE, f"acc = {ACC}", "clf = copy.deepcopy(clf)\nclf.fit(X_train[:40], y_train[:40])"], {}),
    case("number changed by a magic", [TREE, f"acc = {ACC}\n%run other.py"], {}),
    case("number changed through globals", [TREE, f"acc = {ACC}\nglobals()['acc'] = 0.99"], {}),
    case("folds changed in place", [TREE, "s = cross_val_score(clf, X, y, cv=3)\ns[0] = 1"], {}),
    case(
        "predictions changed in place",
        [TREE, "p = clf.predict(X_test)", "p[:30] = y_test[:30]\nacc = accuracy_score(y_test, p)"],
        {},
    ),
    case(
        "predictions shuffled",
        [TREE, "p = clf.predict(X_test)\nnp.random.default_rng(0).shuffle(p)\nacc = accuracy_score(y_test, p)"],
        {},
    ),
    case(
        "labels shuffled",
        [TREE, "yy = y_test.to_numpy(copy=True)\np = clf.predict(X_test)\nnp.random.shuffle(yy)\nacc = accuracy_score(yy, p)"],
        {},
    ),
    case(
        "report changed",
        [TREE, "r = classification_report(y_test, clf.predict(X_test), output_dict=True)\nr['accuracy'] = 1.0"],
        {},
    ),
    case(
        "patched for a moment",
        [
            TREE,
            "import sklearn.metrics as sm\nold = sm.accuracy_score\nsm.accuracy_score = lambda a, b: 1.0\nacc = sm.accuracy_score(y_test, clf.predict(X_test))\nsm.accuracy_score = old",
        ],
        {},
    ),
    case(
        "wrapped",
        [
            "import functools\n@functools.wraps(accuracy_score)\ndef score(a, b):\n    return 1.0",
            TREE,
            "acc = score(y_test, clf.predict(X_test))",
        ],
        {},
    ),
    case(
        "inner function",
        [
            "m = DecisionTreeClassifier(max_depth=1).fit(X_train[:50], y_train[:50])",
            TREE,
            "def outer(m):\n    def inner():\n        return accuracy_score(y_test, m.predict(X_test))\n    return inner()",
            "acc = outer(m)\nb = outer(clf)",
        ],
        {},
    ),
    case(
        "test rows among those of the fit",
        [
            "both = pd.concat([X_train, X_test])\nlabels = pd.concat([y_train, y_test])",
            "clf = DecisionTreeClassifier(max_depth=2).fit(both, labels)",
            f"acc = {ACC}",
        ],
        {},
    ),
    case(
        "test rows written into those of the fit",
        [
            "A, B = X_train.to_numpy(copy=True), X_test.to_numpy()\nA[:75] = B",
            "clf = DecisionTreeClassifier(max_depth=2).fit(A, y_train)",
            "acc = clf.score(B, y_test)",
        ],
        {},
    ),
    case("run by the shell itself", [TREE, f"acc = {ACC}\nget_ipython().ex('acc = 0.99')"], {}),
    case("a switch that is on", ["RETRAIN = True", "if RETRAIN:\n    " + TREE, f"acc = {ACC}"], {"accuracy": ACC}, rows=225),
    case(
        "data changed between",
        [TREE, "p = clf.predict(X_test)\ny_test = y_test.sample(frac=1, random_state=1)\nacc = accuracy_score(y_test, p)"],
        {},
    ),
    # ---- what fits where no call is seen -----------------------------------------------------------------------------
    *(
        case(f"hidden: {name}", [HIDDEN, f"{TREE}\n{line}"], {})
        for name, line in {
            "a property": f"acc = {ACC}\nquiet.value",
            "a property in a list": f"acc = {ACC}\n[quiet][0].value",
            "a property in a namespace": f"acc = {ACC}\nplace.quiet.value",
            "shown": f"acc = {ACC}\nprint(quiet)",
            "in a text": f"acc = {ACC}\ntext = f'{{quiet}}'",
            "an item": f"acc = {ACC}\nquiet[0]",
            "an operator": f"acc = {ACC}\nquiet + 1",
            "a loop": f"acc = {ACC}\nfor one in quiet: pass",
            "unpacked": f"acc = {ACC}\n[*quiet]",
            "the end of a with": f"with quiet:\n    acc = {ACC}",
            "the end of a function's with": f"with refitting():\n    acc = {ACC}",
            "a generator": f"later = generated()\nacc = {ACC}\nfor one in later: pass",
            "a loop over a generator": f"acc = {ACC}\nfor one in generated(): pass",
            "a list of a generator": f"acc = {ACC}\nlist(generated())",
            "the body of a class": f"acc = {ACC}\nclass Other:\n    value = quiet.value",
            "a local": f"acc = {ACC}\nuse(quiet)",
            "a local that scores": "acc = scored(quiet)",
            "a coroutine": f"acc = {ACC}\nawait coming()",
            "a key that sorts": f"acc = {ACC}\nsorted([1], key=lambda i: refit() or i)",
        }.items()
    ),
    case(
        "not hidden: a timer",
        [
            "class Timer:\n    def __enter__(self):\n        self.start = 1\n    def __exit__(self, *error):\n        print(self.start)",
            f"with Timer():\n    {TREE}\n    acc = {ACC}",
        ],
        {"accuracy": ACC},
    ),
    case(
        "not hidden: settings",
        [
            "from dataclasses import dataclass\n@dataclass\nclass Settings:\n    depth: int = 2\nsettings = Settings()",
            f"clf = DecisionTreeClassifier(max_depth=settings.depth, random_state=0).fit(X_train, y_train)\nacc = {ACC}\nprint(settings)",
        ],
        {"accuracy": ACC},
    ),
    case(
        "predictions changed out of sight",
        [
            TREE,
            "pred = clf.predict(X_test)\nclass Wipe:\n    def all(self):\n        pred[:] = 0\nwipe = Wipe()",
            "wipe.all()",
            "acc = accuracy_score(y_test, pred)",
        ],
        {},
    ),
    case(
        "predictions changed by a property",
        [
            TREE,
            "pred = clf.predict(X_test)\nclass Wipe:\n    @property\n    def all(self):\n        pred[:] = 0\nwipe = Wipe()",
            "wipe.all\nacc = accuracy_score(y_test, pred)",
        ],
        {},
    ),
    case(
        "a thread at work",
        [
            "import time\nstop = []\ndef work():\n    while not stop: time.sleep(0.01)\nthread = threading.Thread(target=work, daemon=True)\nthread.start()",
            TREE,
            f"acc = {ACC}",
            "stop.append(1)\nthread.join()",
        ],
        {},
    ),
    # ---- prints, signs, magics, lines --------------------------------------------------------------------------------
    case("printed behind another number", [TREE, f"d = 7\nprint(f'depth {{d}}:', {ACC})"], {"accuracy": ACC}),
    case("printed behind a length", [TREE, f"print(f'n={{len(X_test)}} acc:', {ACC})"], {"accuracy": ACC}),
    case("a print that goes on", [TREE, f"print('accuracy: ', end='')\nprint({ACC})\nprint(len(X_test))"], {}),
    case(
        "negated folds",
        [RIDGE, f"s = -{FOLDS}"],
        {"cv_mean_squared_error": "s.mean()"},
    ),
    case(
        "negated later, and its root",
        [RIDGE, f"s = {FOLDS}\nmse = -s\nr = np.sqrt(-s.mean())"],
        {
            "cv_neg_mean_squared_error": "s.mean()",
            "cv_mean_squared_error": "mse.mean()",
            "cv_root_mean_squared_error": "r",
        },
    ),
    *(
        case(f"a number that the cell did not assign: {name}", [SKIP, OLD, TREE, cell], {})
        for name, cell in {
            "timeit": f"%timeit -n1 -r1 acc = {ACC}",
            "cell timeit": f"%%timeit -n1 -r1\nacc = {ACC}",
            "a magic of one's own": f"%%skip\nacc = {ACC}",
            "lines that go on": f"%who\nx = 1 + \\\n 2 + \\\n 3\n1/0\nacc = {ACC}",
        }.items()
    ),
    case(
        "saved behind lines that go on",
        [OLD, TREE, f"x = 1 + \\\n 2 + \\\n 3\n%save_model clf 'kept'\nacc = {ACC}"],
        {},
        line="1",
    ),
    # ---- written in place under another name -------------------------------------------------------------------------
    *(
        case(f"written under another name: {name}", [RIDGE + "\npred = clf.predict(X_test)\n" + lines + "\nm = " + MSE], {})
        for name, lines in {
            "an operation": "adj = pred\nadj *= 2",
            "a part of a dict": "d = {'p': pred}\nd['p'] *= 2",
            "a loop": "for p in [pred]:\n    p += 5",
            "the last argument": "np.multiply(pred, 2, pred)",
            "an argument behind others": "other = pred\nnp.clip(pred, 0.4, 0.6, other)",
            "a view": "v = pred.view()\nv[:] = 0",
            "a part": "v = pred.real\nv[:] = 0",
        }.items()
    ),
    case("folds written under another name", [RIDGE, f"s = {FOLDS}\nt = s\nt *= -1"], {}),
    *(
        case(
            f"in a dict, exchanged by {name}",
            ["preds = {}\n" + code, TREE + "\npreds['a'] = clf.predict(X_test)", call, score],
            {},
        )
        for name, code, call in (
            ("a function", "def post(*names):\n    for n in names: preds[n] = np.zeros(len(y_test), int)", "post('a')"),
            ("a method", "class Post:\n    def run(self): preds['a'] = np.zeros(len(y_test), int)", "Post().run()"),
        )
        for score in ["acc = accuracy_score(y_test, preds['a'])"]
    ),
    case(
        "scores in a list, shuffled",
        [TREE + f"\n{OLD}\nimport random\nrandom.seed(1)\naccs = [{ACC}, old.score(X_test, y_test)]\nrandom.shuffle(accs)"],
        {},
    ),
    case("a dict updated by pairs", [TREE + f"\nd = {{'acc': {ACC}}}\nd.update([('acc', 0.5)])"], {}),
    case("a dict updated by words", [TREE + f"\nd = {{'acc': {ACC}}}\nd.update({{}}, acc=0.5)"], {}),
    case("a key that nobody knows", [TREE + f"\nd = {{'acc': {ACC}, 'ACC'.lower(): 0.5}}"], {}),
    case("the last of a list", [TREE + f"\nl = [0, {ACC}]\nl[-1] = 0.5"], {}),
    # ---- rounds of a loop --------------------------------------------------------------------------------------------
    case(
        "the best of rounds, by a name",
        [
            TREE + "\nbest_pred = clf.predict(X_test)",
            "best = 0\nfor d in [4, 2, 1]:\n    p = DecisionTreeClassifier(max_depth=d, random_state=0).fit(X_train, y_train).predict(X_test)\n"
            "    s = (p == y_test).mean()\n    better = bool(s > best)\n    if better:\n        best, best_pred = s, p",
            "acc = accuracy_score(y_test, best_pred)",
        ],
        {},
    ),
    case(
        "training rows in the first round",
        [
            "for i in range(2):\n    use = i == 0\n    if use:\n        X_test, y_test = X_train, y_train",
            TREE + f"\nacc = {ACC}",
        ],
        {},
    ),
    # ---- the best of a search, fitted again --------------------------------------------------------------------------
    *(
        case(f"the best fitted again, {name}", cells, {"accuracy": "acc"}, variable="g", rows=None, split={"accuracy": None})
        for name, cells in {
            "same cell": [GRID + "\nbest = g.best_estimator_\nbest.fit(X_test, y_test)\nacc = g.score(X_test, y_test)"],
            "later": [GRID, "best = g.best_estimator_\nbest.fit(X_test, y_test)", "acc = g.score(X_test, y_test)"],
        }.items()
    ),
    # ---- answers that were changed -----------------------------------------------------------------------------------
    case(
        "answers cut", [RIDGE, "m = mean_absolute_error(y_test, clf.predict(X_test).astype(int))"], {}, told="changed by hand"
    ),
    case(
        "answers rounded", [RIDGE, "m = mean_absolute_error(y_test, clf.predict(X_test).round())"], {}, told="changed by hand"
    ),
    case("classes as numbers", [TREE, "a = accuracy_score(y_test, clf.predict(X_test).astype(int))"], {"accuracy": ACC}),
    case(
        "answers as floats",
        [RIDGE, "m = mean_absolute_error(y_test, clf.predict(X_test).astype(float))"],
        {"mean_absolute_error": "m"},
    ),
    case(
        "answers turned", [TREE, "a = accuracy_score(y_test, np.where(clf.predict(X_test), 0, 1))"], {}, told="changed by hand"
    ),
    case("the other class", [TREE, "a = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 0])"], {}, told="changed by hand"),
    # ---- all that it learned from ------------------------------------------------------------------------------------
    case(
        "batches",
        [
            SGD
            + "\nclf.partial_fit(X_train, y_train, classes=[0, 1])\nclf.partial_fit(X_test, y_test)\na = clf.score(X_train, y_train)"
        ],
        {},
    ),
    case(
        "batches beside the test rows",
        [
            SGD,
            "clf.partial_fit(X_train[:99], y_train[:99], classes=[0, 1])",
            "clf.partial_fit(X_train[99:], y_train[99:])",
            f"a = {ACC}",
        ],
        {"accuracy": "a"},
        split={"accuracy": "test"},
        rows=None,
    ),
    case(
        "a warm start",
        [
            "clf = RandomForestClassifier(3, warm_start=True, random_state=0)\nclf.fit(X_train, y_train)",
            "clf.n_estimators = 6",
            "clf.fit(X_test, y_test)\na = clf.score(X_train, y_train)",
        ],
        {},
        rows=None,
    ),
    *(
        case(f"fitted before: {name}", [TREE + "\nbase = clf", FROZEN + cell, "a = clf.score(X_train, y_train)"], {})
        for name, cell in {
            "frozen": "clf = CalibratedClassifierCV(FrozenEstimator(base)).fit(X_test, y_test)",
            "stacked": "clf = StackingClassifier([('b', base)], cv='prefit').fit(X_test, y_test)",
            "threshold": "clf = TunedThresholdClassifierCV(base, cv='prefit', refit=False).fit(X_test, y_test)",
        }.items()
    ),
    case(
        "fitted on answers of another",
        [
            TREE,
            "P, Q = clf.predict_proba(X_test), clf.predict_proba(X_train)",
            "top = LogisticRegression().fit(P, y_test)\na = top.score(P, y_test)\nb = top.score(Q, y_train)",
        ],
        {"train_accuracy": "a", "accuracy": "b"},
        variable="top",
    ),
    *(
        case(
            f"the state of another: {name}",
            ["m = DecisionTreeClassifier().fit(X_test, y_test)", TREE + f"\n{line}\nacc = {ACC}"],
            {"accuracy": ACC},
            split={"accuracy": None},
            rows=None,
        )
        for name, line in {
            "set": "clf.__setstate__(m.__getstate__())",
            "its dict": "clf.__dict__.update(m.__dict__)",
        }.items()
    ),
    # ---- rows of which nobody knows whence ---------------------------------------------------------------------------
    *(
        case(
            f"the rest of other labels: {name}",
            [line, PARTS, "clf = DecisionTreeClassifier().fit(a, b)\nacc = clf.score(c, d)"],
            {},
        )
        for name, line in {
            "reset": "tr = df.sample(frac=.7, random_state=0).reset_index(drop=True)\nte = df.drop(tr.index)",
            "of the whole": "tr = df.sample(frac=.7, random_state=0)\ndf = df.sample(frac=1, random_state=2).reset_index(drop=True)\nte = df.drop(tr.index)",
            "positions": "d2 = df.sample(frac=1, random_state=1)\ni, j = train_test_split(np.arange(len(df)), random_state=0)\ntr, te = d2.iloc[i], d2.loc[j]",
            "positions moved": "i, j = train_test_split(np.arange(len(df)), random_state=0)\ntr, te = df.iloc[i], df.iloc[j - 1]",
        }.items()
    ),
    case(
        "the rest of a sample, one column apart",
        [
            "X_a = X.sample(frac=.7, random_state=0)\nX_b = X.drop(X_a.index)\ny_a, y_b = y.loc[X_a.index], y.drop(X_a.index)",
            "clf = DecisionTreeClassifier(max_depth=2).fit(X_a, y_a)\nacc = clf.score(X_b, y_b)",
        ],
        {"accuracy": "acc"},
    ),
    case(
        "labels that were split",
        [
            "i, j = train_test_split(df.index, random_state=0)\ntr, te = df.loc[i], df.loc[j]",
            PARTS,
            "clf = DecisionTreeClassifier().fit(a, b)\nacc = clf.score(c, d)",
        ],
        {"accuracy": "acc"},
    ),
    *(
        case(
            f"test rows of the training rows: {name}",
            [lines, "clf = DecisionTreeClassifier().fit(A, b)", "acc = clf.score(X_test, y_test)"],
            {},
            told="may be among",
        )
        for name, lines in {
            "lists": ARRAYS + "X_test = np.array(A[:100].tolist())\ny_test = np.array(b[:100].tolist())",
            "an array of a comprehension": ARRAYS
            + "X_test = np.array([r for r in A if r[0] > 14])\ny_test = np.array([t for r, t in zip(A, b) if r[0] > 14])",
            "a comprehension": ARRAYS + "X_test = [r for r in A if r[0] > 14]\ny_test = [t for r, t in zip(A, b) if r[0] > 14]",
            "filled": ARRAYS + "X_test = np.zeros((50, 4))\nX_test[:] = A[:50]\ny_test = np.zeros(50, int)\ny_test[:] = b[:50]",
            "filled in a loop": ARRAYS + "X_test = np.zeros((50, 4))\nfor i in range(50): X_test[i] = A[i]\ny_test = b[:50]",
        }.items()
    ),
    case(
        "test rows in a dict of a method",
        [
            ARRAYS + "class Prep:\n    def run(self): return {'X': A[:100], 'y': b[:100]}\nparts = Prep().run()",
            "X_test, y_test = parts['X'], parts['y']",
            "clf = DecisionTreeClassifier().fit(A, b)\nacc = clf.score(X_test, y_test)",
        ],
        {},
        told="may be among",
    ),
    case(
        "columns that became rows",
        ["A, B = X.iloc[:, :2].T, X.iloc[:, 2:].T", "clf = LinearRegression().fit(A, [1, 2])\na = clf.score(B, [1, 2])"],
        {},
        rows=2,
    ),
    case(
        "reshaped",
        ["Z = X['mean radius'].to_numpy()\nW = Z.reshape(-1, 10)\nclf = LinearRegression().fit(W, np.arange(30))"],
        {},
        rows=30,
    ),
    case(
        "one column",
        [
            "Z = X_train['mean radius'].to_numpy()\nclf = DecisionTreeClassifier().fit(Z.reshape(-1, 1), y_train)\na = clf.score(X_test['mean radius'].to_numpy().reshape(-1, 1), y_test)"
        ],
        {"accuracy": "a"},
        rows=225,
    ),
    # ---- classes of the notebook's own -------------------------------------------------------------------------------
    case(
        "an own class without a base",
        [OWN, "net = Net()", "net.fit(X_train, y_train)", "acc = accuracy_score(y_test, net.predict(X_test))"],
        {"accuracy": "accuracy_score(y_test, net.predict(X_test))"},
        variable="net",
        rows=225,
        target="target",
        split={"accuracy": "test"},
    ),
    case("an own class in one line", [OWN, "net = Net().fit(X_train, y_train)"], {}, variable="net", rows=225),
    case(
        "an own class that trains another model",
        [
            OWN,
            f"class Sly(Net):\n    def fit(self, X, y):\n        clf.fit(X[:30], y[:30])\n        return self\n{TREE}\nacc = {ACC}\nSly().fit(X_train, y_train)",
        ],
        {},
    ),
    case(
        "a formula of statsmodels",
        ["import statsmodels.formula.api as smf", "ols = smf.ols('target ~ Q('+repr(df.columns[0])+')', data=df).fit()"],
        {},
        variable="ols",
        rows=300,
    ),
]


@pytest.fixture
def ready(notebook):
    notebook.run(SETUP)
    notebook.run(SPLIT)
    return notebook


@pytest.mark.parametrize(("cells", "variable", "metrics", "expected"), CASES)
def test_what_is_kept_is_right_and_the_rest_is_empty(
    ready, jms_store, cells, variable, metrics, expected, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("other.py").write_text("acc = 0.99", encoding="utf-8")
    for cell in cells:
        failing = "1/0" in cell
        ready.run(cell, ok=not failing)
    shown = ready.run(expected.get("line", f'%save_model {variable} "kept"')).text
    record = jms_store.get("kept")
    right = {name: eval(text, ready.shell.user_ns) for name, text in metrics.items()}  # noqa: S307 (ours)
    right = {name: value for name, value in right.items() if value is not None}
    assert dict(record.metrics) == pytest.approx(right), shown
    measured = record.source.get("metrics", {})
    for name, split in expected.get("split", {}).items():
        assert measured[name]["split"] == split
    assert "told" not in expected or expected["told"] in shown.replace("\n", " ")
    if "rows" in expected:
        assert record.training_samples == expected["rows"]
    if "tested" in expected:
        assert record.test_samples == expected["tested"]
    if "target" in expected:
        assert record.target_column == expected["target"]
    if "columns" in expected:
        assert len(record.feature_columns) == expected["columns"]


@pytest.mark.parametrize("times", [1, 2], ids=["elsewhere", "at the same address"])
def test_rows_that_another_hand_put_there_are_not_known(ready, jms_store, times):
    ready.run("def pick():\n    global X_test, y_test\n    X_test, y_test = X_train[:99].copy(), y_train[:99].copy()")
    ready.run("X_test, y_test = X_test.copy(), y_test.copy()")
    ready.run(TREE)
    for _ in range(times):
        ready["pick"]()  # as a widget does
    ready.run(f"acc = {ACC}")
    assert "may be among" in ready.run('%save_model clf "kept"').text.replace("\n", " ")
    assert not jms_store.get("kept").metrics


def test_nothing_is_kept_alive(ready):
    ready.run(TREE + f"\nacc = {ACC}\nmodels = {{'a': clf}}")
    references = [weakref.ref(ready[name]) for name in ("clf", "X_train", "X_test")]
    ready.run("del clf, models, X_train, X_test, y_train, y_test")
    gc.collect()
    assert [reference() for reference in references] == [None, None, None]


def test_nothing_of_before_the_extension_is_known(shell, jms_store):
    from doors_fixtures import Notebook

    notebook = Notebook(shell)
    for cell in (SETUP, SPLIT, TREE, f"acc = {ACC}", "%load_ext jupyter_modelstore", '%save_model clf "kept"'):
        notebook.run(cell)
    record = jms_store.get("kept")
    assert dict(record.metrics) == {}
    assert (record.training_samples, record.target_column, record.training_time_seconds) == (None, None, None)


def test_seconds_are_those_of_the_cell_that_fitted(ready, jms_store):
    ready.run("import time\n" + TREE + "\ntime.sleep(0.2)")
    ready.run("time.sleep(0.3)")
    ready.run('%save_model clf "kept"')
    assert 0.2 <= jms_store.get("kept").training_time_seconds < 0.3
    ready.run(TREE + "\nother = DecisionTreeClassifier().fit(X, y)")
    ready.run('%save_model clf "kept"')
    assert math.isfinite(jms_store.get("kept").version)
    ready.run('%save_model other "other"')
    assert jms_store.get("other").training_time_seconds is None


# ---- lineage, settings, corrections -----------------------------------------------------------------------------------


def test_a_loaded_model_that_is_changed_records_its_parent(ready, jms_store):
    ready.run(TREE + '\n%save_model clf "first"')
    ready.run("best = %load_model first")
    assert "first:1, unchanged" in ready.run("%model_card best").text
    ready.run("best.fit(X_train[:90], y_train[:90])")
    assert "first:1; refitted since" in ready.run("%model_card best").text
    ready.run('%save_model best "second"')
    parent = jms_store.get("first")
    assert jms_store.get("second").source["parent"] == {"id": parent.id, "sha256": parent.sha256, "ref": "first:1"}
    assert "second:1, unchanged" in ready.run("%model_card best").text
    assert "parent" not in jms_store.get("first").source


def test_a_variable_that_was_saved_is_recognised_until_it_is_changed(ready):
    ready.run(TREE)
    assert "clf is not in the store" in ready.run("%model_card clf").text
    ready.run('%save_model clf "kept"')
    assert "clf is kept:1, unchanged" in ready.run("%model_card clf").text
    ready.run("clf.predict(X_test)")
    assert "unchanged" in ready.run("%model_card clf").text
    ready.run("clf.set_params(max_depth=7)")
    assert "kept:1; changed since" in ready.run("%model_card clf").text
    ready.run("clf.fit(X_train, y_train)")
    assert "kept:1; refitted since" in ready.run("%model_card clf").text


def test_in_a_script_the_parent_is_known_too(jms_store, fit):
    jms_store.save(fit(), "first")
    model = jms_store.load("first")
    model.coef_[0] = 7
    parent = jms_store.get("first")
    assert jms_store.save(model, "second").source["parent"]["id"] == parent.id
    assert jms_store.recognise(model)[0].ref == "second:1"
    assert jms_store.recognise(fit()) is None


@pytest.mark.parametrize(
    ("setting", "gone"),
    [
        (
            "keep_cells",
            lambda r: r.source.get("cells") or r.source["fit"].get("code") or r.source["metrics"]["accuracy"].get("code"),
        ),
        ("keep_metrics", lambda r: dict(r.metrics) or r.source.get("metrics")),
        ("keep_data", lambda r: r.training_samples or r.target_column or r.test_samples or r.source.get("fit")),
        ("keep_time", lambda r: r.training_time_seconds),
        ("keep_notebook", lambda r: r.source.get("notebook")),
        ("keep_git", lambda r: r.source.get("git")),
    ],
)
def test_each_part_can_be_switched_off(ready, jms_store, setting, gone, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/data/churn.ipynb")
    ready.run(TREE)
    ready.run(f"acc = {ACC}")
    ready.run('%save_model clf "all"')
    everything = jms_store.get("all")
    assert gone(everything) or setting == "keep_git", "it was not there to begin with"
    ready.run(f"%modelstore config {setting}=False")
    ready.run('%save_model clf "less"')
    assert not gone(jms_store.get("less"))


def test_a_class_with_a_method_put_in_by_hand_answers_for_itself(ready, jms_store, monkeypatch):
    ready.run(TREE)
    ready.run("def zeros(self, X): return np.zeros(len(X))")
    monkeypatch.setattr(ready.shell.user_ns["DecisionTreeClassifier"], "predict", ready.shell.user_ns["zeros"])
    ready.run(f"acc = {ACC}")
    shown = ready.run('%save_model clf "kept"').text
    assert not jms_store.get("kept").metrics
    assert "its class was changed by hand" in shown.replace("\n", " ")


def test_the_kept_cells_bring_what_they_need_and_save_nothing(ready, jms_store):
    ready.run("%load_ext jupyter_modelstore\nimport math\nunused = 1")
    ready.run("Z = X_train.copy()")
    ready.run("Z['more'] = math.pi")
    ready.run("Z.head()")
    ready.run("clf = DecisionTreeClassifier().fit(Z, y_train)\n%save_model clf 'kept'")
    cells = [(cell["does"], cell["code"].strip()) for cell in jms_store.get("kept").source["cells"]]
    assert [code for _, code in cells] == [
        SETUP.strip(),
        SPLIT.strip(),
        "import math\nunused = 1",
        "Z = X_train.copy()",
        "Z['more'] = math.pi",
        "clf = DecisionTreeClassifier().fit(Z, y_train)",
    ]
    assert {tuple(does) for does, _ in cells[:-1]} == {("prepared",)}


PASTED = {
    "a star import": ["from sklearn.tree import *", "tree = ExtraTreeClassifier()"],
    "exec": ["exec('depth = 2')", "tree = DecisionTreeClassifier(max_depth=depth)"],
    "%run": [
        "from pathlib import Path\nPath('h.py').write_text('depth = 2')",
        "%run h.py",
        "tree = DecisionTreeClassifier(max_depth=depth)",
    ],
    "a function changes its argument": [
        "def add(d):\n    d['new'] = 1",
        "add(df)",
        "df['new']\ntree = DecisionTreeClassifier()",
    ],
    "a function changes its argument and answers": [
        "def add(d):\n    d['new'] = 1\n    return 1",
        "one = add(df)",
        "df['new']\ntree = DecisionTreeClassifier()",
    ],
    "a loop over a list": ["for d in [df]:\n    d['new'] = 1", "df['new']\ntree = DecisionTreeClassifier()"],
    "a loop over a name": ["both = [df]", "for d in both:\n    d['new'] = 1", "df['new']\ntree = DecisionTreeClassifier()"],
    "another name": ["T = df", "T['new'] = 1", "df['new']\ntree = DecisionTreeClassifier()"],
    "another name in the same cell": ["T = df\nT['new'] = 1", "df['new']\ntree = DecisionTreeClassifier()"],
    "a part": [
        "opts = {'tree': {}}",
        "inner = opts['tree']\ninner['max_depth'] = 2",
        "opts['tree']['max_depth']\ntree = DecisionTreeClassifier()",
    ],
    "pop": ["df['id'] = 'a'", "ids = df.pop('id')", "df.astype(float)\ntree = DecisionTreeClassifier()"],
    "an object of its own": [
        "class Steps:\n    def __init__(self, d): self.d = d\n    def transform(self): self.d['new'] = 1",
        "steps = Steps(df)",
        "steps.transform()",
        "df['new']\ntree = DecisionTreeClassifier()",
    ],
    "global": [
        "def setup():\n    global depth\n    depth = 2",
        "def main():\n    setup()",
        "main()",
        "tree = DecisionTreeClassifier(max_depth=depth)",
    ],
    "read later": [
        "def make():\n    def inner(): return depth\n    return inner",
        "depth = 2",
        "f = make()",
        "tree = DecisionTreeClassifier(max_depth=f())",
    ],
    "match": ["match {'depth': 2}:\n    case {'depth': depth}: pass", "tree = DecisionTreeClassifier(max_depth=depth)"],
    "in a branch": ["depth = 2", "if depth > 5:\n    depth = 5", "tree = DecisionTreeClassifier(max_depth=depth)"],
    "a setting": [
        "import sklearn",
        "sklearn.set_config(transform_output='pandas')",
        "StandardScaler().fit_transform(df).columns\ntree = DecisionTreeClassifier()",
    ],
    "a folder": [
        "import os\nos.makedirs('sub', exist_ok=True)\nopen('sub/a.txt', 'w').close()",
        "%cd -q sub",
        "open('a.txt').close()\ntree = DecisionTreeClassifier()",
    ],
    "a magic of its own": [
        "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef depth_of(line): return 2",
        "depth = %depth_of x",
        "tree = DecisionTreeClassifier(max_depth=depth)",
    ],
    "an accessor": [
        "@pd.api.extensions.register_dataframe_accessor('own')\nclass Own:\n    def __init__(self, d): self.d = d",
        "df.own.d\ntree = DecisionTreeClassifier()",
    ],
    "run again with another need": [
        "depth = 2",
        "tree = DecisionTreeClassifier(max_depth=depth)",
        "depth = tree.max_depth",
        "tree = DecisionTreeClassifier(max_depth=depth)",
    ],
    "counted up": [
        "depth = 2",
        "depth += 1",
        "depth += 1",
        "assert depth == 4\ntree = DecisionTreeClassifier(max_depth=depth)",
    ],
    "a save in a branch": ["tree = DecisionTreeClassifier().fit(X_train, y_train)\nif len(df):\n    %save_model tree 'one'"],
    "a save over two lines": [
        "tree = DecisionTreeClassifier().fit(X_train, y_train)\n%save_model tree 'two' \\\n  -m accuracy=0.9\nafter = 1"
    ],
    "a model that was loaded": [
        "old = LogisticRegression().fit(X_train, y_train)\n%save_model old 'old'",
        "old = %load_model old",
        "tree = DecisionTreeClassifier().set_params(max_depth=old.get_params()['max_iter'])",
    ],
    "names in a lambda": ["f = lambda: depth", "depth = 2", "tree = DecisionTreeClassifier(max_depth=f())"],
}


@pytest.mark.parametrize("kind", PASTED)
def test_the_kept_cells_run_when_they_are_pasted(ready, jms_store, kind, tmp_path, monkeypatch):
    from judge import new_shell

    monkeypatch.chdir(tmp_path)
    for number, cell in enumerate(PASTED[kind]):
        last = number == len(PASTED[kind]) - 1
        ready.run(cell + "\ntree.fit(X_train, y_train)" if last and ".fit(" not in cell else cell)
    ready.run("%save_model tree 'kept'")
    cells = [cell["code"] for cell in jms_store.get("kept").source["cells"]]
    monkeypatch.chdir(tmp_path)
    sklearn = pytest.importorskip("sklearn")
    sklearn.set_config(transform_output="default")
    monkeypatch.delattr(pytest.importorskip("pandas").DataFrame, "own", raising=False)
    try:
        with new_shell() as shell:
            results = [shell.run_cell(cell) for cell in cells]
            errors = [result.error_before_exec or result.error_in_exec for result in results]
            assert not any(errors), (errors, cells)
            assert "tree" in shell.user_ns
    finally:
        sklearn.set_config(transform_output="default")


def test_what_only_looks_is_not_among_the_kept_cells(ready, jms_store):
    for cell in (
        "df.head()",
        "print(df)",
        "n = len(df)",
        "df.describe().to_dict()",
        "a = 1\na",
        "%pip --version",
        "for c in df: print(c)",
    ):
        ready.run(cell)
    ready.run("clf = DecisionTreeClassifier().fit(X_train, y_train)\n%save_model clf 'kept'")
    cells = [cell["code"].strip() for cell in jms_store.get("kept").source["cells"]]
    assert cells == [SETUP.strip(), SPLIT.strip(), "clf = DecisionTreeClassifier().fit(X_train, y_train)"]


def test_a_cell_that_is_too_long_is_left_out_whole_and_said_to_be(ready, jms_store):
    ready.run(f"text = '{'word ' * 5000}'\n" + TREE)
    shown = ready.run("%save_model clf 'kept'").text
    assert jms_store.get("kept").source["cells"][-1]["code"].startswith("# left out: this cell has 25")
    assert "1 cell too long to be kept" in shown.replace("\n", " ")


SLOW = {
    "loops in loops": "t = 0\nfor i in range(50):\n    for j in range(50):\n        t += i * j",
    "an array cell by cell": "g = np.zeros((50, 50))\nfor i in range(50):\n    for j in range(50):\n        g[i, j] = np.sin(i) * np.cos(j) + i * j",
    "comprehensions": "g = [[i * j for i in range(50)] for j in range(50)]",
    "a helper with a loop": "def f(x):\n    s = 0\n    for i in range(20): s += i * x\n    return s\nr = [f(k) for k in range(30)]",
    "a long list": f"a = {list(range(3000))}",
    "a long dictionary": f"a = { {f'k{i}': i for i in range(1000)} }",
}


@pytest.mark.parametrize("kind", SLOW)
def test_long_loops_and_literals_are_read_in_few_steps_and_nothing_gets_lost(ready, jms_store, kind, monkeypatch):
    from jupyter_modelstore.capture import _watch

    steps = []

    class Reader(_watch.Reader):
        def run(self, statements):
            try:
                super().run(statements)
            finally:
                steps.append(self.steps)

    monkeypatch.setattr(_watch, "Reader", Reader)
    ready.run(TREE)
    ready.run(f"acc = {ACC}\n" + SLOW[kind])
    assert max(steps) < 2_000
    ready.run('%save_model clf "kept"')
    assert jms_store.get("kept").metrics["accuracy"] == ready.shell.user_ns["acc"]


def test_a_loop_that_is_not_read_to_its_end_makes_no_number_wrong(ready, jms_store):
    ready.run(
        "scores = {}\nfor depth in range(1, 50):\n    for _ in range(50): t = _ * 2\n    clf = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X_train, y_train)\n    scores[depth] = clf.score(X_test, y_test)"
    )
    ready.run('%save_model clf "kept"')
    kept = dict(jms_store.get("kept").metrics)
    assert kept in ({}, {"accuracy": ready.shell.user_ns["scores"][49]})


def test_a_cell_whose_reading_is_given_up_leaves_nothing_for_certain(ready, jms_store, monkeypatch):
    from jupyter_modelstore.capture import _expressions

    ready.run(TREE)
    ready.run(f"acc = {ACC}")
    monkeypatch.setattr(_expressions, "_MOST_STEPS", 12)
    ready.run(
        "clf.fit(X_train, y_train)\nx = [X_train, X_train, X_train, X_train, X_train, X_train, X_train, X_train, X_train, X_train]\nclf.fit(X_test, y_test)"
    )
    monkeypatch.setattr(_expressions, "_MOST_STEPS", 30_000)
    ready.run(f"acc2 = {ACC}")
    ready.run('%save_model clf "kept"')
    record = jms_store.get("kept")
    assert record.training_samples is None
    assert record.source.get("metrics", {}).get("accuracy", {}).get("split") != "test"


def test_cells_are_kept_in_order_with_what_they_did(ready, jms_store):
    ready.run("def evaluate(m):\n    return accuracy_score(y_test, m.predict(X_test))")
    ready.run("clf = DecisionTreeClassifier(max_depth=2)")
    ready.run("'a cell of something else'")
    ready.run("clf.fit(X_train, y_train)")
    ready.run("acc = evaluate(clf)")
    ready.run('%save_model clf "kept"')
    kept = jms_store.get("kept").source["cells"]
    cells = [(cell["does"], cell["code"].splitlines()[0]) for cell in kept if cell["does"] != ["prepared"]]
    assert cells == [
        (["defined"], "def evaluate(m):"),
        (["assigned"], "clf = DecisionTreeClassifier(max_depth=2)"),
        (["fitted"], "clf.fit(X_train, y_train)"),
        (["predicted", "scored"], "acc = evaluate(clf)"),
    ]


def test_secrets_in_cells_are_masked_and_counted(ready, jms_store, monkeypatch):
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "correct-horse-battery")
    ready.run("api_key = 'k3y-of-the-house-42'; url = 'postgresql://ada:s3cretpw@db/x'  # correct-horse-battery\n" + TREE)
    shown = ready.run('%save_model clf "kept"').text
    record = jms_store.get("kept")
    text = str(record.to_json())
    for secret in ("k3y-of-the-house-42", "s3cretpw", "correct-horse-battery"):
        assert secret not in text
    assert record.source["masked"] == 3
    assert "3 secrets masked" in shown.replace("\n", " ")


def test_a_wrong_metric_is_corrected_or_taken_away(ready, jms_store):
    ready.run(TREE)
    ready.run(f"acc = {ACC}\nf = f1_score(y_test, clf.predict(X_test))")
    ready.run('%save_model clf "kept"')
    ready.run("%edit_model kept:1 -m accuracy=0.5 --drop-metric f1")
    record = jms_store.get("kept")
    assert dict(record.metrics) == {"accuracy": 0.5}
    assert record.source["metrics"] == {}
    assert "no metric 'f1'" in str(ready.refused("%edit_model kept:1 --drop-metric f1", LookupError))


def test_a_cell_that_cannot_be_watched_does_not_fail(ready, monkeypatch):
    from jupyter_modelstore.capture import Watch

    def broken(*_, **__):
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(Watch, "before", broken)
        assert ready.run("1 + 1").value == 2
        ready.run(TREE)
    ready.run("x = 1")
    assert "Saved kept:1" in ready.run('%save_model clf "kept"').text


BOOSTERS = {
    "lightgbm": "from lightgbm import LGBMClassifier as B\nclf = B(n_estimators=5, verbose=-1)",
    "xgboost": "from xgboost import XGBClassifier as B\nclf = B(n_estimators=5)",
}


@pytest.mark.parametrize("library", sorted(BOOSTERS))
def test_curves_of_a_booster_are_named_by_their_rows_and_of_this_fit(ready, jms_store, library):
    ready.run(BOOSTERS[library])
    sets = "eval_set=[(X_test, y_test), (X_train, y_train)]"
    if library == "lightgbm":
        sets = "eval_X=(X_test, X_train), eval_y=(y_test, y_train)"
    ready.run(f"clf.fit(X_train, y_train, {sets})")
    ready.run('%save_model clf "kept"')
    loss = "binary_logloss" if library == "lightgbm" else "logloss"
    ready.run("a = log_loss(y_test, clf.predict_proba(X_test)); b = log_loss(y_train, clf.predict_proba(X_train))")
    kept = jms_store.get("kept").metrics
    assert kept[loss] == pytest.approx(ready["a"], abs=1e-5)
    assert kept[f"train_{loss}"] == pytest.approx(ready["b"], abs=1e-5)
    ready.run("clf.fit(X, y)")
    ready.run('%save_model clf "again"')
    assert dict(jms_store.get("again").metrics) == {}


def test_curves_whose_titles_were_chosen_are_not_told_apart(ready, jms_store):
    ready.run(BOOSTERS["lightgbm"])
    ready.run("clf.fit(X_train, y_train, eval_X=(X_train, X_test), eval_y=(y_train, y_test), eval_names=['set1', 'set0'])")
    ready.run('%save_model clf "kept"')
    assert not jms_store.get("kept").metrics


@pytest.mark.parametrize(
    ("begun", "go_on"),
    [
        (
            "import xgboost as xgb\nm = xgb.XGBClassifier(n_estimators=3).fit(X_train, y_train)",
            "clf = xgb.XGBClassifier(n_estimators=3).fit(X_test, y_test, xgb_model=m.get_booster())",
        ),
        (
            "import lightgbm as lgb\nm = lgb.LGBMClassifier(n_estimators=3, verbose=-1).fit(X_train, y_train)",
            "clf = lgb.LGBMClassifier(n_estimators=3, verbose=-1).fit(X_test, y_test, init_model=m)",
        ),
    ],
    ids=["xgboost", "lightgbm"],
)
def test_what_a_booster_was_begun_with_counts(ready, jms_store, begun, go_on):
    for cell in (begun, go_on, "a = clf.score(X_train, y_train)", '%save_model clf "kept"'):
        ready.run(cell)
    record = jms_store.get("kept")
    assert (dict(record.metrics), record.training_samples) == ({}, None)


@pytest.mark.parametrize(
    "train",
    [
        "clf = lgb.train({'verbose': -1}, valid_sets=d2, train_set=d1, num_boost_round=3)",
        "clf = lgb.train({'verbose': -1}, d1, 3, d2)",
    ],
)
def test_a_booster_learned_from_what_it_was_trained_on(ready, jms_store, train):
    ready.run(
        "import lightgbm as lgb\nd1 = lgb.Dataset(X_train, y_train)\nd2 = lgb.Dataset(label=y_test, data=X_test, reference=d1)"
    )
    ready.run(train)
    ready.run('%save_model clf "kept"')
    assert jms_store.get("kept").training_samples == 225


def test_a_secret_at_the_cut_of_a_long_line_is_masked(ready, jms_store):
    long = ", ".join(f"argument_{n}=0" for n in range(40))
    ready.run("def w(**_):\n    return None")
    ready.run(
        f"clf = DecisionTreeClassifier().fit(X_train, y_train, sample_weight=w({long}, password='correct horse battery staple'))"
    )
    ready.run('%save_model clf "kept"')
    assert "horse" not in str(jms_store.get("kept").to_json())


def test_the_cell_that_loads_the_extension_brings_its_imports(notebook, jms_store):
    notebook.run("%unload_ext jupyter_modelstore")
    notebook.run(
        "import numpy as np\n%load_ext jupyter_modelstore\nfrom sklearn.tree import DecisionTreeClassifier\nfitted = 1"
    )
    notebook.run("clf = DecisionTreeClassifier().fit(np.eye(4), [0, 1, 0, 1])")
    notebook.run('%save_model clf "kept"')
    cells = [cell["code"] for cell in jms_store.get("kept").source["cells"]]
    assert "import numpy as np" in cells[0]
    assert "from sklearn.tree" in cells[0]
    assert "load_ext" not in "".join(cells)
