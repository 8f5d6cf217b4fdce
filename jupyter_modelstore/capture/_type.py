"""What it does: classify, predict numbers, cluster, transform.

The outermost object that says so decides, for that is what answers. scikit-learn's tags are asked first, then the objective
of a booster; a class of the user's own is judged by its methods.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_modelstore.capture._kinds import Kind, can, kind_of, peek, quiet, text_of
from jupyter_modelstore.record import ModelType

_TYPE_OF_TAG: dict[str, ModelType] = {
    "classifier": "classification",
    "regressor": "regression",
    "clusterer": "clustering",
    "outlier_detector": "outlier_detection",
    "transformer": "transformation",
    "ranker": "other",
}
# For classes that name their bases in the wrong order: scikit-learn's tags then do not see the mixin.
_TAG_OF_MIXIN = {
    "ClassifierMixin": "classifier",
    "RegressorMixin": "regressor",
    "ClusterMixin": "clusterer",
    "BiclusterMixin": "clusterer",
    "OutlierMixin": "outlier_detector",
}
# How the names of objectives begin, in xgboost, lightgbm and catboost alike. The first that fits decides.
_TYPE_OF_OBJECTIVE: tuple[tuple[tuple[str, ...], ModelType], ...] = (
    (("multirmse", "multiquantile"), "regression"),
    (("binary", "multi", "softmax", "softprob", "ova", "ovr", "logloss"), "classification"),
    (("crossentropy", "cross_entropy", "xent", "focal"), "classification"),
    (("reg", "rmse", "mae", "mse", "l1", "l2", "mean", "root", "huber", "fair", "poisson", "quantile", "mape"), "regression"),
    (("gamma", "tweedie", "count", "survival", "logcosh", "log_cosh", "lq", "expectile", "cox", "msle", "smape"), "regression"),
)
_STATSMODELS_CLASSIFIERS = frozenset(
    {"BinaryModel", "MultinomialModel", "OrderedModel", "ConditionalLogit", "ConditionalMNLogit"}
)


def type_of(path: list[object]) -> ModelType:
    """Return the type of the outermost object that has one; a pipeline's is that of its last step."""
    asked = [part for part in path if "Pipeline" not in kind_of(part).bases]
    return next((found for part in asked if (found := _own_type(part)) is not None), None) or _guessed_type(path[0])


def _own_type(model: object) -> ModelType | None:
    kind = kind_of(model)
    if kind.library == "statsmodels":
        classifier = not _STATSMODELS_CLASSIFIERS.isdisjoint(kind_of(peek(model, "model")).bases)
        return "classification" if classifier else "regression"
    tag = _tag(model, kind)
    if tag in {"density_estimator", "DensityEstimator"}:  # since 1.6, and before
        return "clustering" if can(model, "predict") else "other"
    if tag in _TYPE_OF_TAG:
        return _TYPE_OF_TAG[tag]
    objective = _objective(model, kind)
    return None if objective is None else _type_of_objective(objective)


def _tag(model: object, kind: Kind) -> str:
    """Return what scikit-learn's tags say (1.6 on), or the attribute of older versions, or a mixin among the bases."""
    # catboost's newer tag calls a ranker a regressor.
    found = quiet(_newer_tag, model, None) if kind.has_params and kind.library != "catboost" else None
    for tag in (found, peek(model, "_estimator_type")):
        if type(tag) is str:
            return tag
    return next((tag for mixin, tag in _TAG_OF_MIXIN.items() if mixin in kind.bases), "")


def _newer_tag(model: object) -> object:
    return peek(peek(model, "__sklearn_tags__")(), "estimator_type")


def _guessed_type(model: object) -> ModelType:
    if callable(peek(model, "predict_proba")):
        return "classification"
    if callable(peek(model, "predict")) or callable(peek(model, "forward")):
        return "other"
    return "transformation" if callable(peek(model, "transform")) or can(model, "fit_transform") else "other"


def _objective(model: object, kind: Kind) -> str | None:
    """Return what a booster was trained for; None if it is none."""
    if kind.library == "xgboost" and "Booster" in kind.bases:
        return str(xgboost_config(model)["learner"]["objective"]["name"])
    if kind.library == "lightgbm" and "Booster" in kind.bases:
        return text_of(peek(model, "params", {}).get("objective", "regression"))
    if kind.library == "catboost":
        given = peek(model, "_init_params", {})
        return text_of(given.get("loss_function") or given.get("objective") or "RMSE")
    objective = peek(model, "objective")
    return objective if kind.library in {"xgboost", "lightgbm"} and type(objective) is str else None


def _type_of_objective(objective: str) -> ModelType:
    text = objective.casefold()
    return next((found for starts, found in _TYPE_OF_OBJECTIVE if text.startswith(starts)), "other")


def xgboost_config(booster: object) -> Any:  # noqa: ANN401 (JSON)
    """Return the configuration that an xgboost booster was trained with."""
    return json.loads(peek(booster, "save_config")())
