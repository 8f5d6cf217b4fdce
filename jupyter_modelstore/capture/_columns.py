"""Which columns enter, and how many classes or outputs leave; as far as the fitted object itself knows.

Libraries number the columns of an array (``Column_0``, ``x1``). Such names say nothing and are left out.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import cast

from jupyter_modelstore.capture._kinds import is_a, kind_of, peek, quiet, steps_of, text_of
from jupyter_modelstore.capture._path import MOST_NESTED, inner_of


def feature_names(model: object) -> tuple[str, ...] | None:
    """Return the names of the columns that enter; those between the steps of a pipeline are not the user's."""
    for _ in range(MOST_NESTED):
        names = quiet(_own_feature_names, model, None)
        if names:
            return tuple(text_of(name) for name in names)
        steps = steps_of(model)
        inner = steps[0][1] if steps else quiet(inner_of, model, None)
        if inner is None:
            return None
        model = inner
    return None


def _own_feature_names(model: object) -> list[object] | None:
    kind = kind_of(model)
    if kind.library == "statsmodels":
        data = _named_data(model)
        return None if data is None else _listed(peek(data, "xnames"))
    names = _listed(peek(model, "feature_names_in_"))
    if kind.library == "lightgbm":
        names = _unless(names or _listed(peek(model, "feature_name_")) or _called(model, "feature_name"), "Column_")
    if kind.library == "xgboost":
        names = names or _listed(peek(model, "feature_names"))
    if kind.library == "catboost":
        names = _unless(names or _listed(peek(model, "feature_names_")), "")
    return names


def _listed(names: object) -> list[object] | None:
    if names is None or is_a(names, str):
        return None
    return [name for name in cast("Iterable[object]", names) if name is not None] or None


def _called(model: object, method: str) -> list[object] | None:
    return _listed(peek(model, method)()) if callable(peek(model, method)) else None


def _unless(names: list[object] | None, prefix: str) -> list[object] | None:
    """Return the names, unless the library made them up by numbering."""
    return None if names == [f"{prefix}{index}" for index in range(len(names or ()))] else names


def _named_data(results: object) -> object | None:
    """Return what statsmodels keeps of the data, if its columns had names; else it calls them x1, x2 and y."""
    data = peek(peek(results, "model"), "data")
    return data if kind_of(data).name == "PandasData" else None


def target(model: object) -> str | None:
    if kind_of(model).library != "statsmodels":
        return None
    name = peek(_named_data(model), "ynames")
    return text_of(name) if is_a(name, str) else None


def signature(model: object) -> dict[str, int]:
    found = {
        "n_features": quiet(_n_features, model, None),
        "n_outputs": _whole(peek(model, "n_outputs_")),
        "n_classes": quiet(_n_classes, model, None),
    }
    return {name: count for name, count in found.items() if count is not None}


def _n_features(model: object) -> int | None:
    for name in ("n_features_in_", "num_features", "num_feature"):
        value = peek(model, name)
        if name == "n_features_in_" or kind_of(model).library in {"xgboost", "lightgbm"}:
            count = _whole(value() if callable(value) else value)
            if count is not None:
                return count
    names = _listed(peek(peek(model, "model"), "exog_names")) if kind_of(model).library == "statsmodels" else None
    return len(names) if names else None


def _n_classes(model: object) -> int | None:
    classes = peek(model, "classes_")
    shape = peek(classes, "shape")
    if type(shape) is tuple:
        return _whole(shape[0]) or None if len(shape) == 1 else None
    flat = type(classes) is list and not any(type(item) in (list, tuple) or peek(item, "shape") for item in classes)
    return len(classes) or None if flat else None


def _whole(value: object) -> int | None:
    """Return a number of things as a Python int; None if it is none."""
    if value is None or type(value) is bool:
        return None
    count = quiet(operator.index, value, None)
    return count if count is not None and 0 <= count < 2**53 else None
