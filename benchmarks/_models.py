"""The three models: a 2 kB pipeline, a forest of many small arrays, a neighbours' classifier that is one large array."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def pipeline() -> Any:
    x = np.random.default_rng(0).normal(size=(500, 30))
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, x[:, 0] + x[:, 1] > 0)


def forest(*, quick: bool) -> Any:
    """67 MB in 300 trees; quick: 9 MB in 40."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 20))
    y = x[:, 0] + x[:, 1] * x[:, 2] + 0.2 * rng.normal(size=len(x)) > 0
    return RandomForestClassifier(40 if quick else 300, n_jobs=-1, random_state=0).fit(x, y)


def neighbours(*, quick: bool) -> Any:
    """One array of 200 MB; quick: 20 MB."""
    x = np.random.default_rng(0).normal(size=(25_000 if quick else 250_000, 100))
    return KNeighborsClassifier(algorithm="brute").fit(x, x[:, 0] > 0)


def change(model: Any, number: int) -> None:
    """Make a model's bytes differ from those of the round before; else a store may keep nothing."""
    if hasattr(model, "steps"):
        model[-1].coef_[0, 0] = number
    elif hasattr(model, "estimators_"):
        model.estimators_[0].min_weight_fraction_leaf = number / 1e6
    else:
        model._fit_X[0, 0] = number  # noqa: SLF001 (where scikit-learn keeps it)
