"""What is saved under one set of versions and asked under another: every estimator of scikit-learn, arrays, pipelines.

Runs in environments that hold nothing but scikit-learn, numpy, joblib and cloudpickle. A subject is a name, a way to make the
object, and the input that it is asked with. Nothing here depends on a version: inputs come from numpy's frozen generator.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS, COLUMNS = 40, 5
ASKED = ("predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors")
TEXTS = ["the cat sat", "a dog ran fast", "the dog sat", "cats and dogs", "a fast cat ran"] * 4
DICTS = [{"a": 1.0, "b": 2.0}, {"a": 3.0, "c": 1.0}, {"b": 4.0}] * 5


@dataclass(frozen=True)
class Subject:
    """One object to be saved.

    ``inputs`` is what a model is asked with; None where only its own attributes can be compared.
    """

    name: str
    make: Callable[[], Any]
    inputs: Any = None


def numbers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positive features, classes and a target, the same in every version of numpy."""
    random = np.random.RandomState(0)
    features = random.rand(ROWS, COLUMNS) + 0.1
    classes = (features[:, 0] + features[:, 1] > features[:, 2] + features[:, 3]).astype(int)
    target = features @ np.arange(1.0, COLUMNS + 1) + random.rand(ROWS) * 0.01
    return features, classes, target


# ── Estimators ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def estimators() -> dict[str, Subject]:
    """Return every estimator of ``sklearn.utils.all_estimators``, by name."""
    import sklearn.experimental.enable_halving_search_cv
    import sklearn.experimental.enable_iterative_imputer  # noqa: F401 (their import is what enables them)
    from sklearn.utils import all_estimators

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = all_estimators()
    return {name: Subject(name, functools.partial(fit, name, cls), inputs_of(name)) for name, cls in found}


def inputs_of(name: str) -> Any:
    """Return what an estimator of this name is fitted on and asked with."""
    features, classes, _ = numbers()
    special: dict[str, Any] = {
        "CountVectorizer": TEXTS,
        "TfidfVectorizer": TEXTS,
        "HashingVectorizer": TEXTS,
        "DictVectorizer": DICTS,
        "FeatureHasher": DICTS,
        "LabelEncoder": classes,
        "LabelBinarizer": classes,
        "MultiLabelBinarizer": [(1, 2), (3,), (1,), (2, 3)] * 5,
        "IsotonicRegression": features[:, 0],
        "PatchExtractor": features[:, :4].reshape(ROWS // 4, 4, 4),
        "KernelCenterer": features @ features.T,
        "OneHotEncoder": np.round(features * 3),
        "OrdinalEncoder": np.round(features * 3),
        "TargetEncoder": np.round(features * 3),
        "CategoricalNB": np.round(features * 3),
        "BernoulliRBM": features / 2,
    }
    return special.get(name, features)


def target_of(name: str, cls: type) -> Any:
    """Return what an estimator of this name is fitted to."""
    _, classes, target = numbers()
    if name in {"MultiOutputClassifier", "ClassifierChain"}:
        return np.column_stack([classes, 1 - classes, np.roll(classes, 1)])
    if name.startswith(("MultiTask", "PLS", "CCA")) or name in {"MultiOutputRegressor", "RegressorChain"}:
        return np.column_stack([target, target[::-1]])
    kind = getattr(cls, "_estimator_type", None)
    if kind == "regressor" or name.endswith(("Regressor", "Regression")) or "Regress" in name:
        return target if not name.startswith("LogisticRegression") else classes
    if name in {"SelfTrainingClassifier", "LabelPropagation", "LabelSpreading"}:
        return np.where(np.arange(ROWS) % 4 == 0, -1, classes)
    return classes


def parameters(name: str, cls: type) -> dict[str, Any]:
    """Return the arguments that make a small, deterministic estimator of the class, in any version."""
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import MinMaxScaler, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    known = inspect.signature(cls).parameters
    needed = {key for key, value in known.items() if value.default is value.empty and value.kind is value.POSITIONAL_OR_KEYWORD}
    regressor, classifier = Ridge(), LogisticRegression()
    of_regressor = "Regress" in name
    inner = regressor if of_regressor else classifier
    two = {
        True: [("a", regressor), ("b", Ridge(alpha=2.0))],
        False: [("a", classifier), ("b", DecisionTreeClassifier(random_state=0))],
    }
    for_needed: dict[str, Any] = {
        "estimator": inner,
        "base_estimator": inner,
        "estimators": two[of_regressor],
        "steps": [("scale", StandardScaler()), ("choose", SelectKBest(f_classif, k=3)), ("fit", classifier)],
        "transformers": [("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2])],
        "transformer_list": [("a", StandardScaler()), ("b", MinMaxScaler())],
        "param_grid": {"C": [0.1, 1.0]},
        "param_distributions": {"C": [0.1, 1.0]},
        "dictionary": np.eye(COLUMNS),
    }
    chosen = {key: for_needed[key] for key in needed}
    chosen.update({key: value for key, value in {"random_state": 0, "n_estimators": 5}.items() if key in known})
    if name in {"ClassifierChain", "RegressorChain", "SelfTrainingClassifier"}:  # renamed between versions
        chosen["estimator" if "estimator" in known else "base_estimator"] = inner
    special: dict[str, dict[str, Any]] = {
        "FeatureHasher": {"n_features": 32},
        "FrozenEstimator": {"estimator": LogisticRegression().fit(*numbers()[:2])},
        "GaussianRandomProjection": {"n_components": 3},
        "HalvingRandomSearchCV": {"n_candidates": 2},
        "HashingVectorizer": {"n_features": 32},
        "LogisticRegressionCV": {"Cs": 3, "cv": 2},
        "MiniBatchNMF": {"n_components": 2},
        "NMF": {"n_components": 2},
        "PatchExtractor": {"patch_size": (2, 2)},
        "RandomizedSearchCV": {"n_iter": 2},
        "SelectKBest": {"k": 2},
        "SequentialFeatureSelector": {"n_features_to_select": 2, "cv": 2},
        "SparseRandomProjection": {"n_components": 3},
        "TSNE": {"perplexity": 5, "max_iter" if "max_iter" in known else "n_iter": 250},
    }
    return {**chosen, **special.get(name, {})}


def fit(name: str, cls: type) -> Any:
    """Return a fitted estimator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = cls(**parameters(name, cls))
        inputs = inputs_of(name)
        if name in {"LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer"}:  # they encode targets
            return model.fit(inputs)
        return model.fit(inputs, target_of(name, cls)[: len(inputs)])


# ── Other objects ────────────────────────────────────────────────────────────────────────────────────────────────────────


def arrays() -> dict[str, Subject]:
    """Return arrays and generators of every kind that numpy pickles in a way of its own."""
    import scipy.sparse

    features, classes, _ = numbers()
    cube = np.arange(24.0).reshape(2, 3, 4)
    records = np.array([(1, 2.5, "a"), (2, 3.5, "b")], dtype=[("i", "i4"), ("x", "f8"), ("s", "U3")])
    days = np.array(["2024-01-01", "2024-02-29", "NaT"], dtype="datetime64[D]")
    found: dict[str, Callable[[], Any]] = {
        "array C": lambda: features,
        "array F": lambda: np.asfortranarray(features),
        "array strided": lambda: features[::2, ::2],
        "array 3-D transposed": lambda: cube.transpose(1, 0, 2),
        "array 3-D transposed, object": lambda: cube.astype(object).transpose(1, 0, 2),
        "array of objects": lambda: np.array(["a", None, (1, 2)], dtype=object),
        "array structured": lambda: records,
        "array of records": lambda: records.view(np.recarray),
        "array of dates": lambda: days,
        "array of spans": lambda: days - days[0],
        "array of text": lambda: np.array(["ä", "日本", ""]),
        "array of bytes": lambda: np.array([b"a", b"bc"]),
        "array big-endian": lambda: features.astype(">f8"),
        "array masked": lambda: np.ma.masked_less(features, 0.5),
        "array read-only": functools.partial(_read_only, features),
        "array empty": lambda: np.empty((0, 3)),
        "array of bool": lambda: classes.astype(bool),
        "matrix": lambda: features.view(np.matrix),
        "scalar": lambda: np.float64(0.1),
        "scalar int64": lambda: {"word": np.int64(3)},
        "dtype": lambda: records.dtype,
        "ufunc": lambda: np.log1p,
        "RandomState": lambda: np.random.RandomState(3),
        "Generator": lambda: np.random.default_rng(3),
        "Generator MT19937": lambda: np.random.Generator(np.random.MT19937(3)),
        "SeedSequence": lambda: np.random.SeedSequence(3),
        "sparse csr": lambda: scipy.sparse.csr_matrix(np.round(features)),
        "sparse csc array": lambda: scipy.sparse.csc_array(np.round(features)),
        "sparse coordinates": lambda: scipy.sparse.coo_matrix(np.round(features)),
    }
    return {name: Subject(name, make) for name, make in found.items()}


def _read_only(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def pipelines() -> dict[str, Subject]:
    """Return models as people build them, of several parts."""
    from sklearn.compose import make_column_transformer
    from sklearn.decomposition import PCA
    from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    features, classes, target = numbers()
    words = [0, 1, 0, 1, 0] * 4
    seed = np.random.RandomState(0)
    makes: dict[str, tuple[Callable[[], Any], Any, Any]] = {
        "pipeline scaled": (lambda: make_pipeline(StandardScaler(), LogisticRegression()), features, classes),
        "pipeline log1p": (lambda: make_pipeline(FunctionTransformer(np.log1p), PCA(2), Ridge()), features, target),
        "pipeline text": (lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()), TEXTS, words),
        "pipeline columns": (
            lambda: make_pipeline(
                make_column_transformer(
                    (make_pipeline(SimpleImputer(), StandardScaler()), [0, 1]),
                    (OneHotEncoder(handle_unknown="ignore"), [4]),
                ),
                LogisticRegression(),
            ),
            np.column_stack([features[:, :4], np.round(features[:, 4] * 2)]),
            classes,
        ),
        "pipeline boosted": (
            lambda: make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=5)),
            features,
            classes,
        ),
        "search over a forest": (
            lambda: GridSearchCV(RandomForestClassifier(n_estimators=3, random_state=0), {"max_depth": [1, 2]}, cv=2),
            features,
            classes,
        ),
        "boosting with a RandomState": (lambda: GradientBoostingRegressor(n_estimators=3, random_state=seed), features, target),
        "network with a RandomState": (
            lambda: MLPClassifier((4,), max_iter=5, random_state=np.random.RandomState(1)),
            features,
            classes,
        ),
    }
    subjects = {
        name: Subject(name, functools.partial(_fit, make, inputs, target), inputs)
        for name, (make, inputs, target) in makes.items()
    }
    subjects["dict of models"] = Subject("dict of models", lambda: {"a": _fit(Ridge, features, target)})
    return subjects


def _fit(make: Callable[[], Any], inputs: Any, target: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make().fit(inputs, target)


def everything() -> dict[str, Subject]:
    """Return all subjects, by name."""
    return {**estimators(), **arrays(), **pipelines()}


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def answers(thing: Any, inputs: Any) -> dict[str, np.ndarray]:
    """Return what an object answers, as plain arrays by the name of the question."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not hasattr(thing, "fit"):
            return _content(thing)
        found = {}
        for question in ASKED:
            method = getattr(thing, question, None)
            if method is not None:
                found[question] = plain(method(inputs))
        if not found:
            for name, value in sorted(vars(thing).items()):
                if name.endswith("_") and not name.startswith("_") and isinstance(value, (np.ndarray, float, int)):
                    found[name] = plain(value)
    return found


def _content(thing: Any) -> dict[str, np.ndarray]:
    if isinstance(thing, (np.random.RandomState, np.random.Generator)):
        return {"next": thing.standard_normal(5), "integers": thing.permutation(10)}
    if isinstance(thing, np.random.SeedSequence):
        return {"state": thing.generate_state(4)}
    if isinstance(thing, dict):
        return {str(key): plain(getattr(value, "coef_", value)) for key, value in thing.items()}
    if isinstance(thing, np.ma.MaskedArray):
        return {"data": thing.data, "mask": thing.mask}
    if isinstance(thing, np.ndarray):
        return _of_array(thing)
    return {"value": plain(thing(np.arange(3.0)) if callable(thing) else thing)}


def _of_array(thing: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "values": plain(thing),
        "dtype": np.array(thing.dtype.str),
        "flags": np.array([thing.flags.c_contiguous, thing.flags.f_contiguous, thing.flags.writeable]),
        "class": np.array(type(thing).__name__),
    }


def plain(value: Any) -> np.ndarray:
    """Return an answer as an array that needs no pickle."""
    if hasattr(value, "toarray"):
        value = value.toarray()
    if isinstance(value, tuple):
        value = value[0]
    if isinstance(value, list):
        value = np.concatenate([np.ravel(np.asarray(plain(item))) for item in value])
    array = np.asarray(value)
    if array.dtype.hasobject or array.dtype.names:
        array = np.array([str(item) for item in array.ravel().tolist()])
    if array.dtype.kind == "V" or isinstance(value, np.dtype):
        array = np.array(str(value))
    return array
