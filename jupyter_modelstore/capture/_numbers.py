"""The numbers behind scores: read from the objects that hold them, or from what was printed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._domain import Score
from jupyter_modelstore.capture._kinds import is_a, kind_of, named_parts, peek, quiet, state_of, steps_of

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)"
_WRAPPED = rf"(?:np\.float\d+\()?({_NUMBER})\)?"
_OTHER = r"\S*"
_AVERAGES = {"macro avg": "macro", "weighted avg": "weighted", "micro avg": "micro", "samples avg": "samples"}
_EXPLAINED = frozenset({"RegressorMixin", "DummyRegressor", "CatBoostRegressor"})
_OWN_SCORE = frozenset({"MultiOutputClassifier", "LogisticRegressionCV"})
"""Classifiers of scikit-learn whose ``score`` need not be the accuracy."""

_MOST_FOLDS = 10_000
_MOST_DEPTH = 5


def number_of(value: Any) -> float | None:  # noqa: ANN401 (any object)
    """Return a plain or numpy number as a Python one; None if it is none."""
    if type(value) in (int, float):
        return float(value)
    numpy = sys.modules.get("numpy")
    if numpy is None or not is_a(value, (numpy.floating, numpy.integer, numpy.ndarray)):
        return None
    return float(value) if value.ndim == 0 else None


def mean_of(value: Any) -> float | None:  # noqa: ANN401 (any object)
    """Return the mean of an array or list of numbers; of a number itself."""
    single = number_of(value)
    if single is not None:
        return single
    numpy = sys.modules.get("numpy")
    if numpy is None or not (
        type(value) is numpy.ndarray and value.ndim == 1 and value.dtype.kind == "f" and 0 < len(value) <= _MOST_FOLDS
    ):
        return None
    return float(value.mean())


def numbers_of(score: Score, value: Any, model: object) -> dict[str, float]:  # noqa: ANN401 (any object)
    """Return the metrics, by name, that an object which a score stands for holds."""
    name = score_name(model) if score.name == "score()" else score.name
    if score.read == "report":
        return _report(value)
    if score.read == "folds":
        return _folds(name, value)
    found = number_of(value) if score.read == "number" else mean_of(value)
    if found is None:
        return {}
    return {name: found}


def _report(value: Any) -> dict[str, float]:  # noqa: ANN401 (any object)
    """Return what ``classification_report(output_dict=True)`` says of all classes together."""
    if type(value) is not dict:
        return {}
    found = {"accuracy": number_of(value.get("accuracy"))}
    for title, tail in _AVERAGES.items():
        entry = value.get(title)
        if type(entry) is dict:
            for key, name in (("precision", "precision"), ("recall", "recall"), ("f1-score", "f1")):
                found[f"{name}_{tail}"] = number_of(entry.get(key))
    return {name: number for name, number in found.items() if number is not None}


def _folds(name: str, value: Any) -> dict[str, float]:  # noqa: ANN401 (any object)
    """Return the means of what ``cross_validate`` measured on the rows set aside."""
    if type(value) is not dict:
        return {}
    found = {
        name if key == "test_score" else key[5:]: mean_of(item)
        for key, item in value.items()
        if type(key) is str and key.startswith("test_")
    }
    return {metric: number for metric, number in found.items() if number is not None}


def score_name(model: object) -> str:
    """Return which metric an object's own ``score`` is; ``score`` where that cannot be told."""
    kind = kind_of(model)
    if steps := steps_of(model):
        return score_name(steps[-1][1])
    if "BaseSearchCV" in kind.bases:
        scoring = state_of(model).get("scoring")
        return score_name(state_of(model).get("estimator")) if scoring is None else library.of_scoring(scoring) or "score"
    module, owner = quiet(_owner_of_score, model, ("", ""))
    if owner == "CatBoostClassifier" or (
        module.startswith("sklearn.") and "ClassifierMixin" in kind.bases and owner not in _OWN_SCORE
    ):
        return "accuracy"
    if owner == "LogisticRegressionCV" and state_of(model).get("scoring") is None:
        return "accuracy"
    return "r2" if owner in _EXPLAINED else "score"


def classifies(model: object) -> bool:
    """Tell whether a model's answers are classes."""
    inside = [step for _, step in steps_of(model)[-1:]]
    if "BaseSearchCV" in kind_of(model).bases:
        inside = [state_of(model).get("estimator")]
    return any(map(classifies, inside)) if inside else "ClassifierMixin" in kind_of(model).bases


def goes_on(model: object) -> bool:
    """Tell whether a fit goes on from where the fit before ended."""
    return peek(model, "warm_start") is True or any(goes_on(step) for _, step in steps_of(model))


def frozen(model: object, depth: int = 0) -> Iterator[Any]:
    """Yield the models in one that were fitted before it, and that its fit left as they were."""
    own = state_of(model)
    inside = [own.get("estimator"), *(step for _, step in (*steps_of(model), *named_parts(own.get("estimators"))))]
    kept = type(model).__name__ == "FrozenEstimator" or own.get("prefit") is True or own.get("cv") == "prefit"
    for part in inside if depth < _MOST_DEPTH else ():
        if kept and part is not None:
            yield part
        elif part is not None:
            yield from frozen(part, depth + 1)


def _owner_of_score(model: object) -> tuple[str, str]:
    owner = next(base for base in type(model).__mro__ if "score" in vars(base))
    return owner.__module__, owner.__name__


# ---- printed ---------------------------------------------------------------------------------------------------------


def printed(prints: list[tuple[ast.Call, list[Any]]], output: str) -> list[tuple[Score, float]]:
    """Return the scores that were printed by themselves, each with its number.

    A print becomes a pattern of the line that it wrote; it counts if exactly one line ends like that, from its
    beginning on, and if the number was not cut.
    """
    found = []
    for node, given in prints:
        scores = [value for value in given if isinstance(value, Score)]
        pattern = _pattern(node, given)
        if len(scores) != 1 or pattern is None or not output:
            continue
        matches = list(re.finditer(pattern, output, re.MULTILINE))
        if len(matches) == 1 and output[: matches[0].start()][-1:] in {"", "\n"}:
            found.append((replace(scores[0], read="number"), float(matches[0][1])))
    return found


def _pattern(node: ast.Call, given: list[Any]) -> str | None:
    """Return the pattern of the line that ``print("accuracy:", accuracy_score(…))`` writes; None for other forms."""
    if node.keywords:
        return None
    parts = []
    for argument, value in zip(node.args, given, strict=True):
        if isinstance(argument, ast.JoinedStr):
            parts += ["".join(_piece(part, _WRAPPED if isinstance(value, Score) else _OTHER) for part in argument.values)]
        elif isinstance(value, Score):
            parts.append(_WRAPPED)
        elif isinstance(argument, ast.Constant):
            parts.append(re.escape(str(argument.value)))
        else:
            return None
    return " ".join(parts) + "$"


def _piece(part: ast.expr, field: str) -> str:
    if isinstance(part, ast.Constant):
        return re.escape(str(part.value))
    cut = isinstance(part, ast.FormattedValue) and (part.format_spec is not None or part.conversion != -1)
    return "(?!)" if cut and field == _WRAPPED else field  # a score that was cut fits nothing
