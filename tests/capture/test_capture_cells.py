"""Which model was fitted last, from the ways people write cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelstore import capture

NAMES = ["clf", "rf", "models", "best"]

CELLS = {
    "fit": ("clf.fit(X, y)", ["clf"]),
    "fit and score": ("clf.fit(X, y)\nprint(rf.score(X, y))", ["clf"]),
    "fit_transform": ("Z = clf.fit_transform(X)", ["clf"]),
    "fit_predict": ("labels = clf.fit_predict(X)", ["clf"]),
    "partial_fit": ("for batch in batches:\n    clf.partial_fit(batch)", ["clf"]),
    "made and fitted": ("clf = LogisticRegression(C=2).fit(X, y)", ["clf"]),
    "made by a function": ("rf = train_forest(X)", ["rf"]),
    "booster": ("clf = xgb.train(params, data)", ["clf"]),
    "chained": ("clf.set_params(C=3).fit(X, y)", ["clf"]),
    "several lines": ("clf = make_pipeline(\n    StandardScaler(),\n    SVC(),\n).fit(\n    X, y\n)", ["clf"]),
    "attribute": ("best = search.best_estimator_", []),
    "another name": ("best = clf", []),
    "attribute assigned": ("clf.alpha = 3; rf = SVC(C=9).fit(X, y)", ["rf"]),
    "attribute assigned, with a call": ("clf.alpha = choose()", []),
    "annotated": ("clf: SVC = SVC().fit(X, y)", ["clf"]),
    "declared only": ("clf: SVC", []),
    "walrus": ("print((clf := SVC().fit(X, y)).score(X, y))", ["clf"]),
    "unpacked": ("clf, rf = fit_both(X)", ["clf", "rf"]),
    "starred": ("clf, *others = fit_all(X)", ["clf"]),
    "two in one cell": ("rf.fit(X, y); clf.fit(X, y)", ["rf", "clf"]),
    "by key": ("models['rf'].fit(X, y)", ["models"]),
    "by key, assigned": ("models['rf'] = SVC().fit(X, y)", ["models"]),
    "loop over a dict": ("for name, m in models.items():\n    m.fit(X, y)", ["models"]),
    "loop over names": ("for m in (clf, rf):\n    m.fit(X, y)", ["clf", "rf"]),
    "loop that only scores": ("for name, clf in models.items():\n    print(clf.score(X, y))", []),
    "loop variable": ("for clf in make():\n    clf.fit(X, y)", ["clf"]),
    "comprehension": ("fits = [clf.fit(X, y) for clf in models.values()]", ["models"]),
    "comprehension of something else": ("scores = [clf.score(X) for clf in models.values()]", []),
    "with": ("with parallel_backend('loky'):\n    clf.fit(X, y)", ["clf"]),
    "try": ("try:\n    clf.fit(X, y)\nexcept ValueError:\n    pass", ["clf"]),
    "in a function": ("def train():\n    clf = SVC()\n    clf.fit(X, y)\n    return clf", []),
    "in a class": ("class A:\n    clf = SVC()", []),
    "lambda": ("run = lambda: clf.fit(X, y)", []),
    "called": ("clf = train()", ["clf"]),
    "awaited": ("clf = await train()", ["clf"]),
    "only asked": ("clf.predict(X)", []),
    "fitted by name only": ("clf.fitness(X)", []),
    "in a comment": ("# clf.fit(X, y)", []),
    "in a string": ("print('clf.fit(X, y)')", []),
    "keras": ("history = clf.fit(X, y, epochs=3)", ["clf"]),
    "odd escape": ("pattern = '\\d'\nclf.fit(X, y)", ["clf"]),
    "%%time": ("%%time\nclf.fit(X, y)", ["clf"]),
    "%%timeit with options": ("%%timeit -n 1 -r 1\nclf.fit(X, y)", ["clf"]),
    "two cell magics": ("%%capture out\n%%time\nclf.fit(X, y)", ["clf"]),
    "empty line before": ("\n%%time\nclf.fit(X, y)", ["clf"]),
    "%time": ("%time clf.fit(X, y)", ["clf"]),
    "%timeit": ("%timeit -n1 -r 1 clf.fit(X, y)", ["clf"]),
    "%time in a loop": ("for i in range(3):\n    %time clf.fit(X, y)", ["clf"]),
    "%time of an assignment": ("%time clf = SVC().fit(X, y)", ["clf"]),
    "line magics around": ("%matplotlib inline\n!pip install x\nclf.fit(X, y)\n%save_model clf", ["clf"]),
    "shell over two lines": ("!pip install \\\n  x\nclf.fit(X, y)", ["clf"]),
    "magic in a block": ("if True:\n    !ls\nclf.fit(X, y)", ["clf"]),
    "loaded": ("best = %load_model churn", []),
    "loaded, then fitted": ("best = %load_model churn\nbest.fit(X, y)", ["best"]),
    "magic assigned": ("best = %run_it", ["best"]),
    "shell assigned": ("files = !ls\nclf.fit(X, y)", ["clf"]),
    "help": ("clf?\nrf.fit(X, y)\n?clf", ["rf"]),
    "percent in an expression": ("text = 'clf %s' \\\n    % name\nclf.fit(X, y)", ["clf"]),
    "percent in a text": ("text = '''\n%time\n'''\nclf.fit(X, y)", ["clf"]),
    "another language": ("%%bash\nclf.fit(X, y)", []),
    "a file": ("%%writefile model.py\nclf = SVC().fit(X, y)", []),
    "a query": ("%%sql\nselect clf.fit from models", []),
    "not Python": ("clf.fit(X, y", []),
    "null": ("clf.fit(X)\x00", []),
    "surrogate": ("clf.fit('\ud800')", []),
    "far too deep": ("clf.fit(" + "(" * 5_000, []),
    "far too long": ("clf.fit(X)\n" + "#" * 1_000_001, []),
}


@pytest.mark.parametrize(("cell", "expected"), CELLS.values(), ids=CELLS)
def test_a_cell_tells_what_it_fits(cell, expected):
    assert capture.last_fitted([cell], NAMES) == expected


def test_the_newest_cell_that_fits_one_of_the_names_counts():
    cells = ["", "rf.fit(X, y)", "clf.fit(X, y)", "other.fit(X, y)", "print(rf)", "def f(:"]
    assert capture.last_fitted(cells, NAMES) == ["clf"]
    assert capture.last_fitted(cells, ["rf"]) == ["rf"]
    assert capture.last_fitted(cells, ["unknown"]) == []
    assert capture.last_fitted([], NAMES) == []
    assert capture.last_fitted(cells, []) == []


def test_nothing_is_run():
    assert capture.last_fitted(["clf = exit('run').fit(open('made', 'w'))"], NAMES) == ["clf"]


@given(st.lists(st.text(max_size=60) | st.text("clf.it(X)\n %!=?\\:[]'\"", max_size=60).map("clf".__add__), max_size=4))
def test_any_text_is_answered(cells):
    assert set(capture.last_fitted(cells, NAMES)) <= set(NAMES)
