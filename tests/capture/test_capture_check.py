"""What is a model, and what has been fitted."""

from __future__ import annotations

import collections
import sys
import types
from dataclasses import dataclass

import capture_estimators as known
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from jupyter_modelstore import capture
from jupyter_modelstore.errors import ModelStoreError, NotAModel, NotFitted

X, Y = known.X, known.Y
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


def fitted():
    return LogisticRegression().fit(X, Y)


@pytest.mark.parametrize(
    ("thing", "message", "hint"),
    [
        (LogisticRegression, "`LogisticRegression` is a class", "LogisticRegression().fit(X, y)"),
        (sys, "a module", "variable"),
        (lambda x: x, "a function", "class"),
        (len, "a function", "class"),
        (fitted().predict, "a function", "class"),
        (FRAME, "data (`DataFrame`)", "variable"),
        (FRAME["a"], "data (`Series`)", "variable"),
        (FRAME.index, "data (`RangeIndex`)", "variable"),
        (FRAME.groupby("a"), "data (`DataFrameGroupBy`)", "variable"),
        (FRAME.rolling(2), "data (`Rolling`)", "variable"),
        (X, "data (`ndarray`)", "variable"),
        (np.float64(1), "data (`float64`)", "variable"),
        (None, "None", "variable"),
        ("clf", "`str` is no model", "--force"),
        (3, "`int` is no model", "--force"),
        (object(), "neither predict, transform nor forward", "--force"),
        (types.SimpleNamespace(predict=3), "`SimpleNamespace` is no model", "--force"),
        ({}, "`dict` holds no model", "--force"),
        ([], "`list` holds no model", "--force"),
        ({"threshold": 0.5, "columns": ["a"]}, "`dict` holds no model", "--force"),
        ([FRAME, LogisticRegression], "`list` holds no model", "--force"),
    ],
)
def test_what_is_no_model_is_refused_with_the_reason(thing, message, hint):
    with pytest.raises(NotAModel) as refused:
        capture.check(thing)
    assert message in refused.value.message
    assert hint in refused.value.hint
    capture.check(thing, force=True)


def test_a_frame_of_a_library_that_is_not_imported_here_is_data():
    frame = type("DataFrame", (), {"transform": lambda self: self, "__module__": "polars.dataframe.frame"})
    spark = type("DataFrame", (), {"transform": lambda self: self, "__module__": "pyspark.sql.dataframe"})
    stage = type("Model", (), {"transform": lambda self: self, "__module__": "pyspark.ml.base"})
    for data in (frame(), spark()):
        with pytest.raises(NotAModel, match="data"):
            capture.check(data)
    capture.check(stage())


COMPOSITES = {
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "pipeline ending in passthrough": lambda: Pipeline([("scale", StandardScaler()), ("rest", "passthrough")]),
    "columns": lambda: make_pipeline(ColumnTransformer([("s", StandardScaler(), [0])]), LogisticRegression()),
    "search in pipeline": lambda: make_pipeline(StandardScaler(), GridSearchCV(LogisticRegression(), {"C": [1, 2]})),
    "pipeline in search": lambda: GridSearchCV(make_pipeline(PCA(2), LogisticRegression()), {"pca__n_components": [1, 2]}),
    "union": lambda: FeatureUnion([("a", StandardScaler()), ("b", PCA(2)), ("c", "drop")]),
}


@pytest.mark.parametrize("make", COMPOSITES.values(), ids=COMPOSITES)
def test_composites_are_refused_before_fit_and_accepted_after(make):
    model = make()
    with pytest.raises(NotFitted, match="has not been fitted"):
        capture.check(model)
    capture.check(model.fit(X, Y))


def test_a_pipeline_names_the_step_that_was_not_fitted():
    model = Pipeline([("scale", StandardScaler().fit(X)), ("clf", LogisticRegression())])
    with pytest.raises(NotFitted, match=r"The step 'clf' \(`LogisticRegression`\) of `Pipeline` has not been fitted"):
        capture.check(model)


def test_a_search_without_refit_holds_no_model():
    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, refit=False).fit(X, Y)
    with pytest.raises(NotFitted, match="without refit") as refused:
        capture.check(search)
    assert "refit=True" in refused.value.hint


def test_a_gaussian_process_that_saw_no_data_is_not_fitted():
    with pytest.raises(NotFitted):
        capture.check(GaussianProcessRegressor())
    capture.check(GaussianProcessRegressor(optimizer=None).fit(X, Y))


class Columns(TransformerMixin, BaseEstimator):
    """The transformer that everybody writes: nothing to learn."""

    def __init__(self, columns):
        self.columns = columns

    def fit(self, x, y=None):
        return self

    def transform(self, x):
        return x[:, self.columns]


class NoUnderscore(ClassifierMixin, BaseEstimator):
    """Learns, and does not follow the naming rule."""

    def __init__(self, depth=1):
        self.depth = depth

    def fit(self, x, y):
        self.mean = x.mean()
        return self

    def predict(self, x):
        return x > self.mean


class Inheriting(LogisticRegression):
    def __init__(self):
        super().__init__(C=5.0)


def test_own_classes_of_scikit_learns_kind():
    capture.check(Columns([0]))
    capture.check(make_pipeline(Columns([0]), LogisticRegression()).fit(X, Y))
    capture.check(FeatureUnion([("a", Columns([0])), ("b", FunctionTransformer())]))
    for unfitted in (NoUnderscore(3), Inheriting()):
        with pytest.raises(NotFitted):
            capture.check(unfitted)
        capture.check(unfitted.fit(X, Y))


class Own:
    def __init__(self, alpha=1.0, **options):
        self._alpha = alpha
        self.options = options
        self.scaler = StandardScaler()
        self.history, self.best, self.ready = [], None, False

    def fit(self, x):
        self.scaler.fit(x)
        return self

    def predict(self, x):
        return self.scaler.transform(x)


class Slotted:
    __slots__ = ("__weights", "alpha")

    def __init__(self, alpha):
        self.alpha = alpha

    def fit(self, x):
        self.__weights = x
        return self

    def predict(self, x):
        return self.__weights


class Flagged(Own):
    seed = 7
    is_fitted = False

    def __init__(self):
        self.random = object()

    def fit(self, x):
        self.is_fitted = True
        return self


class Asked(Own):
    def __init__(self):
        self.random, self._done = object(), []

    def is_fitted(self):
        return np.bool_(len(self._done) > 0)

    def fit(self, x):
        self._done.append(1)
        return self


@pytest.mark.parametrize("make", [lambda: Own(2.0, verbose=1), lambda: Slotted(1), Flagged, Asked])
def test_own_classes_are_judged_by_flag_or_state(make):
    model = make()
    with pytest.raises(NotFitted):
        capture.check(model)
    capture.check(model.fit(X))


def test_without_fit_there_is_nothing_to_wait_for():
    forward = type("Net", (), {"forward": lambda self, x: x})
    capture.check(forward())
    capture.check(types.SimpleNamespace(predict=len))
    rule = type("Rule", (), {"predict": lambda self, x: x, "fit": None})
    capture.check(rule())


def test_networks_by_the_names_of_their_bases():
    torch_module = type("Module", (), {"__module__": "torch.nn.modules.module", "fit": lambda self: self.a})
    capture.check(type("Net", (torch_module,), {"forward": len})())
    layer = type("Layer", (), {"__module__": "keras.src.layers", "predict": len, "fit": lambda self: self.a, "built": False})
    model = type("Sequential", (layer,), {"__module__": "keras.src.models"})()
    with pytest.raises(NotFitted):
        capture.check(model)
    model.built = True
    capture.check(model)


Pair = collections.namedtuple("Pair", ["model", "threshold"])  # noqa: PYI024 (as notebooks write it)


@pytest.mark.parametrize(
    "make",
    [
        lambda one: {"rf": one, "threshold": 0.5, "columns": ["a"], "frame": FRAME},
        lambda one: [one, one],
        lambda one: Pair(one, 0.5),
        lambda one: collections.OrderedDict(a={"b": [one]}),
        lambda one: [("lr", one), ("scale", StandardScaler().fit(X))],
    ],
)
def test_a_dict_or_list_of_models_is_a_model_if_all_are_fitted(make):
    capture.check(make(fitted()))
    with pytest.raises(NotFitted, match=r"^At \[.*`LogisticRegression` has not been fitted"):
        capture.check(make(LogisticRegression()))


def test_the_unfitted_member_is_named_by_its_key():
    with pytest.raises(NotFitted) as refused:
        capture.check({"a": [fitted(), {"b": LogisticRegression()}], "\u202ebad": 1})
    assert refused.value.message == "At ['a'][1]['b']: `LogisticRegression` has not been fitted."


def test_members_are_looked_for_three_levels_deep():
    capture.check([[[fitted()]]])
    with pytest.raises(NotAModel):
        capture.check([[[[fitted()]]]])


def test_what_holds_itself_is_answered():
    ring = Own()
    ring.scaler = ring
    capture.check(ring)
    model = {"clf": fitted()}
    model["self"] = model
    capture.check(model)
    endless = Pipeline([("a", StandardScaler())])
    endless.steps.append(("b", endless))
    capture.check(endless)


@dataclass
class Wild:
    error: type[BaseException]

    def __getattribute__(self, name):
        raise object.__getattribute__(self, "error")(name)


@pytest.mark.parametrize("error", [AttributeError, ValueError, RecursionError, SystemExit, MemoryError])
def test_hostile_objects_are_refused_not_raised_through(error):
    with pytest.raises(ModelStoreError):
        capture.check(Wild(error))


def test_names_in_messages_cannot_reorder_the_line():
    hostile = type("A\u202eB", (), {})
    for thing in (hostile, hostile()):
        with pytest.raises(NotAModel) as refused:
            capture.check(thing)
        assert "\u202e" not in str(refused.value)
        assert "\\u202e" in str(refused.value)
