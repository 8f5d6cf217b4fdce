"""Every estimator of scikit-learn, made and fitted by trying what it may want: arguments by their names, then data."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401 (they register classes)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import all_estimators

_rng = np.random.default_rng(0)
X = np.abs(_rng.normal(size=(40, 3))) + 0.1
Y = (X[:, 0] > np.median(X[:, 0])).astype(int)
TEXTS = ["ham and eggs", "spam eggs spam", "ham sandwich", "no spam here"] * 10

SAMPLES = (
    (X, Y),
    (X, X[:, 0]),
    (X, np.c_[Y, 1 - Y]),
    (X, X[:, :2]),
    (X[:, 0], X[:, 0]),
    (TEXTS, Y),
    (X[:, 0] @ X[:, :1] + X @ X.T, Y),
    ([{"a": 1.0}, {"b": 2.0}] * 20, Y),
    (_rng.normal(size=(4, 8, 8)), None),
    (X, np.where(np.arange(40) < 4, -1, Y)),
    (Y,),
    ([["a"], ["b"]] * 20,),
)


def classes():
    """All estimator classes, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(all_estimators())


def make(name, cls):
    """Make one, unfitted."""
    classifier = LogisticRegression()
    inner = Ridge() if "Regressor" in name or "Target" in name else classifier
    known = {
        "estimator": inner,
        "base_estimator": inner,
        "regressor": Ridge(),
        "estimators": [("a", inner), ("b", inner)],
        "steps": [("scale", MinMaxScaler()), ("clf", classifier)],
        "transformers": [("scale", MinMaxScaler(), [0, 1])],
        "transformer_list": [("scale", MinMaxScaler())],
        "param_grid": {"C": [0.5, 1.0]},
        "param_distributions": {"C": [0.5, 1.0]},
        "dictionary": np.eye(3),
    }
    needed = [key for key, value in inspect.signature(cls.__init__).parameters.items() if value.default is value.empty]
    arguments = {key: known[key] for key in needed if key in known}
    if name == "FrozenEstimator":
        arguments["estimator"] = classifier.fit(X, Y)
    if name == "SelfTrainingClassifier":  # the name of its argument changed in 1.6
        arguments["estimator" if "estimator" in inspect.signature(cls.__init__).parameters else "base_estimator"] = classifier
    model = cls(**arguments)
    smaller = {"max_iter": 10} if name.startswith("Hist") else {"n_components": 2} if "RandomProjection" in name else {}
    if smaller:
        model.set_params(**smaller)
    return model


def fit(model):
    """Fit one on the first data that it takes, and return it; None if it takes none."""
    for sample in SAMPLES:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return model.fit(*sample)
            except Exception:  # noqa: BLE001, S112 (estimators refuse data in every way)
                continue
    return None
