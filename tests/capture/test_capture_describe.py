"""Algorithm, type, parameters, columns; of everything, without ever failing."""

from __future__ import annotations

import inspect
import json
import math

import capture_estimators as known
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import AdaBoostClassifier, BaggingRegressor, StackingClassifier, VotingClassifier
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, f_regression
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from jupyter_modelstore import capture
from jupyter_modelstore.record import MODEL_TYPES, Draft, to_json

X, Y = known.X, known.Y
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
CLASSES = np.digitize(X[:, 0], np.quantile(X[:, 0], [0.3, 0.6]))


def text(description):
    """Fail unless the record can hold it."""
    draft = Draft(
        model_name="m",
        save_id="s",
        algorithm=description.algorithm,
        model_type=description.model_type,
        training_config=description.training_config,
        feature_columns=description.feature_columns,
        target_column=description.target_column,
        signature=description.signature,
    )
    return json.dumps(to_json(draft)).encode()


def lr():
    return LogisticRegression()


COMPOSITES = [
    (make_pipeline(StandardScaler(), lr()), "Pipeline LogisticRegression", "classification"),
    (make_pipeline(StandardScaler(), PCA(2)), "Pipeline PCA", "transformation"),
    (make_pipeline(StandardScaler(), KMeans(2, n_init=1)), "Pipeline KMeans", "clustering"),
    (Pipeline([("a", StandardScaler()), ("b", "passthrough"), ("c", None)]), "Pipeline StandardScaler", "transformation"),
    (make_pipeline(FeatureUnion([("p", PCA(1))]), Ridge()), "Pipeline Ridge", "regression"),
    (ColumnTransformer([("s", StandardScaler(), [0])]), "ColumnTransformer", "transformation"),
    (
        GridSearchCV(make_pipeline(PCA(2), lr()), {"pca__n_components": [1]}),
        "GridSearchCV Pipeline LogisticRegression",
        "classification",
    ),
    (make_pipeline(PCA(2), GridSearchCV(lr(), {"C": [1.0]})), "Pipeline GridSearchCV LogisticRegression", "classification"),
    (
        CalibratedClassifierCV(make_pipeline(PCA(2), lr()), cv=2),
        "CalibratedClassifierCV Pipeline LogisticRegression",
        "classification",
    ),
    (OneVsRestClassifier(make_pipeline(lr())), "OneVsRestClassifier Pipeline LogisticRegression", "classification"),
    (MultiOutputRegressor(Ridge()), "MultiOutputRegressor Ridge", "regression"),
    (TransformedTargetRegressor(make_pipeline(Ridge())), "TransformedTargetRegressor Pipeline Ridge", "regression"),
    (AdaBoostClassifier(DecisionTreeClassifier(), n_estimators=2), "AdaBoostClassifier", "classification"),
    (BaggingRegressor(Ridge(), n_estimators=2), "BaggingRegressor", "regression"),
    (VotingClassifier([("a", lr()), ("b", lr())]), "VotingClassifier", "classification"),
    (StackingClassifier([("a", lr())]), "StackingClassifier", "classification"),
    (SelectFromModel(lr()), "SelectFromModel", "transformation"),
    (RFE(lr()), "RFE", "classification"),
]


@pytest.mark.parametrize(
    ("model", "chain", "model_type"), COMPOSITES, ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.filterwarnings("ignore:The SAMME.R algorithm:FutureWarning")
def test_composites_are_looked_through(model, chain, model_type):
    y = np.c_[X[:, 0], X[:, 1]] if isinstance(model, MultiOutputRegressor) else Y
    for state in (model, model.fit(FRAME, y)):
        description = capture.describe(state)
        assert description.training_config["chain"] == chain.split()
        assert description.algorithm == chain.split()[-1]
        assert description.model_type == model_type
    assert description.feature_columns == ("a", "b", "c")
    assert description.signature["n_features"] == 3
    text(description)


def test_parameters_are_raw_values_and_name_estimators_by_class():
    model = make_pipeline(SelectKBest(f_regression, k=2), lr().set_params(C=np.float64(1.0), class_weight={0: 1, 1: 2}))
    config = capture.describe(model).training_config
    params = config["params"]
    assert params["selectkbest__score_func"] is f_regression
    assert params["logisticregression"] == "LogisticRegression"
    assert params["steps"] == [("selectkbest", "SelectKBest"), ("logisticregression", "LogisticRegression")]
    assert params["logisticregression__class_weight"] == {0: 1, 1: 2}
    assert set(config["set"]) == {"selectkbest__k", "selectkbest__score_func", "logisticregression__class_weight"}


def test_an_estimator_as_parameter_is_set_if_it_is_not_the_default():
    config = capture.describe(BaggingRegressor(Ridge(alpha=2.0))).training_config
    assert config["params"]["estimator"] == "Ridge"
    assert set(config["set"]) == {"estimator", "estimator__alpha"}
    kernel = capture.describe(GaussianProcessClassifier(RBF(2.0))).training_config
    assert set(kernel["set"]) == {"kernel", "kernel__length_scale"}


class Odd(BaseEstimator):
    def __init__(self, a=math.nan, b=(1, [2, math.nan]), c=None, d=0, e="x"):
        self.a, self.b, self.c, self.d, self.e = a, b, c, d, e

    def fit(self, x, y=None):
        return self


class Unequal:
    def __eq__(self, other):
        raise RuntimeError

    __hash__ = None


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ({}, []),
        ({"a": np.float64("nan"), "b": (1, [2, float("nan")]), "d": np.int64(0)}, []),
        ({"d": 0.0}, []),
        ({"a": 1.0}, ["a"]),
        ({"b": (1, [3, math.nan])}, ["b"]),
        ({"c": np.zeros(5), "b": np.ones(2), "d": Unequal()}, ["b", "c", "d"]),
        ({"d": "0", "e": "y"}, ["d", "e"]),
    ],
)
def test_set_names_what_differs_from_the_default(arguments, changed):
    assert sorted(capture.describe(Odd(**arguments)).training_config["set"]) == changed


def test_a_search_tells_the_best_parameters_and_those_of_the_best_estimator():
    search = RandomizedSearchCV(lr(), {"C": [0.25]}, n_iter=1).fit(X, Y)
    config = capture.describe(search).training_config
    assert config["params"]["C"] == 0.25
    assert config["set"] == ["C"]
    assert config["search"] == {"class": "RandomizedSearchCV", "best_params": {"C": 0.25}}


def test_a_search_inside_a_pipeline_stands_for_what_it_found():
    model = make_pipeline(StandardScaler(with_mean=False), GridSearchCV(lr(), {"C": [0.25]})).fit(X, Y)
    config = capture.describe(model).training_config
    assert config["params"]["gridsearchcv__C"] == 0.25
    assert config["params"]["gridsearchcv"] == "LogisticRegression"
    assert sorted(config["set"]) == ["gridsearchcv__C", "standardscaler__with_mean"]
    assert not [name for name in config["params"] if "estimator" in name]
    assert config["search"]["best_params"] == {"C": 0.25}


def test_a_flood_of_parameters_keeps_those_that_were_set():
    class Flood(BaseEstimator):
        def get_params(self, deep=True):
            return {f"p{index}": None for index in range(5_000)} | {"p4999": 2}

        def __init__(self, **options):
            pass

    names = [inspect.Parameter(f"p{index}", inspect.Parameter.KEYWORD_ONLY, default=None) for index in range(5_000)]
    Flood.__init__.__signature__ = inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *names])
    config = capture.describe(Flood()).training_config
    assert len(config["params"]) == 500
    assert next(iter(config["params"].items())) == ("p4999", 2)
    assert config["set"] == ["p4999"]


def test_columns_are_those_that_enter():
    inner = make_pipeline(StandardScaler().set_output(transform="pandas"), lr())
    assert capture.describe(inner.fit(X, Y)).feature_columns is None, "names made between the steps are not the user's"
    assert capture.describe(inner.fit(FRAME, Y)).feature_columns == ("a", "b", "c")
    first = make_pipeline(FunctionTransformer(), lr().fit(FRAME, Y))
    assert capture.describe(first).feature_columns is None


def test_the_signature_counts_features_classes_and_outputs():
    assert capture.describe(lr().fit(X, CLASSES)).signature == {"n_features": 3, "n_classes": 3}
    tree = DecisionTreeClassifier().fit(X, np.c_[Y, CLASSES])
    assert capture.describe(tree).signature == {"n_features": 3, "n_outputs": 2}


def test_bases_in_the_wrong_order_still_tell_the_type():
    class Wrong(BaseEstimator, ClassifierMixin):
        def predict(self, x):
            return x

    assert capture.describe(Wrong()).model_type == "classification"


def test_own_classes_are_judged_by_their_methods():
    class Guess:
        def __init__(self, alpha=1, beta=2):
            self.alpha, self.beta = alpha, 3

        def predict(self, x):
            return x

    description = capture.describe(Guess())
    assert (description.algorithm, description.model_type) == ("Guess", "other")
    assert description.training_config == {"params": {"alpha": 1, "beta": 3}, "set": ["beta"], "chain": ["Guess"]}
    assert capture.describe(type("P", (), {"predict_proba": len})()).model_type == "classification"
    assert capture.describe(type("T", (), {"transform": len})()).model_type == "transformation"
    assert capture.describe(type("N", (), {"forward": len})()).model_type == "other"


def test_a_dict_of_models_is_described_by_its_members():
    models = {"lr": lr().fit(FRAME, Y), "tree": [DecisionTreeClassifier(max_depth=2).fit(FRAME, Y)], "threshold": 0.5}
    description = capture.describe(models)
    assert description.algorithm == "LogisticRegression, DecisionTreeClassifier"
    assert description.model_type == "classification"
    assert description.training_config["set"] == ["tree__0__max_depth"]
    assert description.training_config["params"]["tree__0__max_depth"] == 2
    assert description.training_config["chain"] == ["dict", "LogisticRegression, DecisionTreeClassifier"]
    assert description.feature_columns == ("a", "b", "c")
    text(description)
    mixed = capture.describe([models["lr"], Ridge().fit(X, Y)])
    assert (mixed.model_type, mixed.feature_columns) == ("other", None)
    assert capture.describe({}).algorithm == "dict"
    assert capture.describe({}).training_config["chain"] == ["dict"]


def test_long_names_are_cut():
    models = [type("Model" + "x" * 60 + str(index), (), {"predict": len})() for index in range(3)]
    assert len(capture.describe(models).algorithm) == 100
    assert len(capture.describe(type("x" * 1_000, (), {})()).algorithm) == 100


# Objects that do not want to be asked -------------------------------------------------------------------------------------

ERRORS = (AttributeError, ValueError, RecursionError, SystemExit, OSError, StopIteration)
NASTY = (
    None,
    7,
    -1,
    "x",
    "\ud800",
    b"x",
    math.nan,
    [],
    [[1]],
    {},
    {"C": 1},
    {1: 2},
    (),
    set(),
    object(),
    object,
    len,
    np.zeros((2, 2)),
)
ASKED = [
    "get_params",
    "__sklearn_tags__",
    "_estimator_type",
    "feature_names_in_",
    "n_features_in_",
    "n_outputs_",
    "classes_",
    "steps",
    "best_estimator_",
    "model",
    "best_params_",
    "estimators_",
    "estimator",
    "transformer_list",
    "objective",
    "params",
    "feature_names",
    "feature_name_",
    "__dict__",
    "__class__",
    "_init_params",
]


class Bad:
    """A value that raises whatever is done with it."""

    def __init__(self, error):
        self.error = error

    def _raise(self, *_args, **_options):
        raise object.__getattribute__(self, "error")

    __getattribute__ = __call__ = __eq__ = __iter__ = __len__ = __bool__ = __str__ = __index__ = __getitem__ = _raise
    __hash__ = None

    def __repr__(self):
        raise RuntimeError  # not SystemExit: the test runner shows failures


WAYS = ("value", "property", "method", "raise")
MODULES = ("__main__", "sklearn.x", "xgboost.core", "lightgbm.basic", "catboost.core", "statsmodels.x", "torch.nn", "keras.x")
BASES = ("BaseEstimator", "Pipeline", "BaseSearchCV", "FeatureUnion", "Booster", "Results", "CalibratedClassifierCV", "Base")
# Only numbers are drawn: the test runner prints them, and it must not touch the objects.
attributes = st.dictionaries(
    st.sampled_from([*ASKED, "fit", "predict", "transform", "built", "is_fitted", "num_trees", "save_config"]),
    st.tuples(st.sampled_from(WAYS), st.integers(0, len(NASTY)), st.integers(0, 4)),
)


def hostile(module, base, members):
    """Make an object of any library's look, whose attributes are or raise anything."""

    def answer(way, index, which):
        error = [error for error in ERRORS if error is not SystemExit][which]
        value = NASTY[index] if index < len(NASTY) else Bad(error)
        ways = {
            "value": value,
            "property": property(lambda _: value),
            "method": lambda *_, **__: value,
            "raise": property(lambda _: Bad._raise(Bad(error))),
        }
        return ways[way]

    parent = type(base, (), {name: answer(*plan) for name, plan in members.items()} | {"__module__": module})
    return type("Hostile", (parent,), {"__module__": module})()


@given(st.sampled_from(MODULES), st.sampled_from(BASES), attributes)
def test_describe_never_raises(module, base, members):
    model = hostile(module, base, members)
    for thing in (model, [model], {"a": model}, type(model)):
        description = capture.describe(thing)
        assert description.algorithm
        assert description.model_type in MODEL_TYPES
        assert set(description.training_config) >= {"params", "set", "chain"}
        capture.candidates({"model": thing})


@pytest.mark.parametrize("error", ERRORS)
def test_an_object_that_raises_at_everything_is_described(error):
    assert capture.describe(Bad(error)).algorithm == "Bad"
    pipeline = make_pipeline(StandardScaler(), lr())
    pipeline.steps.append(Bad(error))
    pipeline.steps.append(("bad", Bad(error)))
    assert capture.describe(pipeline).training_config["chain"] == ["Pipeline", "Bad"]


def test_a_metaclass_that_lies_is_not_asked():
    def refuse(*_):
        raise ValueError

    meta = type(
        "Meta", (type,), {"__getattribute__": refuse, "__hash__": refuse, "__eq__": refuse, "__instancecheck__": refuse}
    )
    model = meta("Model", (), {"predict": len})()
    assert capture.describe(model).algorithm == "Model"
    capture.check(model)


def test_a_broken_part_leaves_the_others():
    class Broken(LogisticRegression):
        @property
        def classes_(self):
            raise ZeroDivisionError

        def get_params(self, deep=True):
            raise ZeroDivisionError

    model = Broken()
    model.n_features_in_ = 4
    description = capture.describe(model)
    assert (description.algorithm, description.model_type) == ("Broken", "classification")
    assert description.signature == {"n_features": 4}
    assert description.training_config == {"params": {}, "set": [], "chain": ["Broken"]}


def test_no_class_is_kept_alive():
    import gc
    import weakref

    cls = type("Cell", (), {"predict": len, "__init__": lambda self, a=1: None})
    capture.describe(cls())
    alive = weakref.ref(cls)
    del cls
    gc.collect()
    assert alive() is None
