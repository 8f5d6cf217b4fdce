"""The oracle: what a metric's number must be, computed again from the saved model.

It knows a metric by its name alone: prefix, base, suffix and arguments as the record spells them. For every pair of
data that the truth names, in every state in which the pair was seen after a cell, it lets the saved model predict and
applies scikit-learn's function of that name. Which side of the split a pair is on is not believed from its name: its
rows are compared with the rows that the witness saw go into the fit.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict, cross_val_score
from witness import rows_of

SPLITS = {"train_": "train", "val_": "validation", "cv_": "cross-validation", "oob_": "out-of-bag"}
BOOSTER = {  # in lower case
    "logloss": "log_loss",
    "binary_logloss": "log_loss",
    "multi_logloss": "log_loss",
    "mlogloss": "log_loss",
    "multiclass": "log_loss",
    "auc": "roc_auc",
    "rmse": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    "l1": "mean_absolute_error",
    "l2": "mean_squared_error",
}
_LABEL = re.compile(r"(validation|valid|eval|test|training|train|learn)_?\d*[-_]")
_AVERAGES = ("macro", "micro", "weighted", "samples")
_FEW = 0.2  # two people may have the same values


@dataclass
class Pair:
    """Data in one of the states in which they were seen."""

    kind: str
    x: Any
    y: Any
    rows: tuple[Any, ...] | None
    relation: str = "unknown"
    outputs: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """What the oracle says of a number: the pairs that give it, or that none does."""

    split: str | None
    pairs: tuple[Pair, ...] = ()
    state: bool = False

    @property
    def known(self) -> bool:
        """Whether the number is one of this model's."""
        return self.state or bool(self.pairs)


def relation_of(rows: tuple[Any, ...] | None, fitted: tuple[Any, ...] | None) -> str:
    """Tell how data lie to the data of the fit: the same (``train``), none of them (``out``), or ``mixed``."""
    if rows is None or fitted is None or not rows:
        return "unknown"
    if Counter(rows) == Counter(fitted):
        return "train"
    known = set(fitted)
    share = sum(row in known for row in rows) / len(rows)
    return "out" if share <= _FEW else "mixed"


def fits_split(pair: Pair, split: str | None) -> bool:
    """Tell whether it is true of this pair that it is train, test or validation data."""
    if split is None:
        return True
    if pair.relation == "unknown":
        return pair.kind == split
    if split == "train":
        return pair.relation == "train"
    return pair.relation == "out" and (pair.kind == "validation") == (split == "validation")


def parse(name: str, names: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Take a metric's name apart: prefix, base, arguments (which may be variables of the notebook)."""
    prefix = next((prefix for prefix in SPLITS if name.startswith(prefix) and not name.startswith("train_time")), "")
    base, _, inside = name.removeprefix(prefix).partition("(")
    arguments: dict[str, Any] = {}
    if inside:
        call = ast.parse(f"f({inside}", mode="eval").body
        arguments = {word.arg: _value(ast.unparse(word.value), names) for word in call.keywords}
    changed = True
    while changed:
        changed = False
        for key, words in (("average", _AVERAGES), ("multi_class", ("ovr", "ovo"))):
            word = base.rpartition("_")[2]
            if word in words and key not in arguments:
                base, arguments[key], changed = base.rpartition("_")[0], word, True
    return prefix, base, arguments


def _value(text: str, names: dict[str, Any]) -> Any:
    return eval(text, {**names})  # noqa: S307 (a literal, or a variable of the notebook)


def function_of(base: str) -> Any:
    """Return scikit-learn's function for a base name, or None."""
    base = BOOSTER.get(base.lower(), base)
    return getattr(metrics, f"{base}_score", None) or getattr(metrics, base, None)


def outputs_of(model: Any, x: Any) -> Iterator[Any]:
    """Yield all that a model says of data: labels, probabilities, decisions."""
    if type(model).__module__.startswith("xgboost.core"):
        import xgboost

        x = x if isinstance(x, xgboost.DMatrix) else xgboost.DMatrix(x)
    for ask in ("predict", "predict_proba", "decision_function", "transform"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = np.asarray(getattr(model, ask)(x))
        except Exception:  # noqa: BLE001, S112 (a model that cannot say it)
            continue
        yield said
        if ask == "predict_proba" and said.ndim == 2 and said.shape[1] == 2:
            yield said[:, 1]
    labels = getattr(model, "labels_", None)
    if labels is not None and len(labels) == len(x):
        yield labels


def values_of(base: str, arguments: dict[str, Any], model: Any, pair: Pair) -> Iterator[float]:
    """Yield every value that a metric of this name can have for this model and these data."""
    if base in {"score", "accuracy", "r2"} and hasattr(model, "score"):
        yield from _tried(lambda: model.score(pair.x, pair.y))
    function = function_of(base)
    if function is None:
        return
    if not pair.outputs:
        pair.outputs = list(outputs_of(model, pair.x))
    for said in pair.outputs:
        yield from _tried(lambda said=said: function(pair.y, said, **arguments))
        if base in {"silhouette", "calinski_harabasz", "davies_bouldin"}:
            yield from _tried(lambda said=said: function(pair.x, said, **arguments))


def _tried(compute: Any) -> Iterator[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield float(compute())
        except Exception:  # noqa: BLE001 (not every function takes every output)
            return


def same(left: float, right: float, *, loose: bool = False) -> bool:
    """Tell whether two numbers are the same but for the order of a sum."""
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return math.isclose(left, right, rel_tol=1e-4 if loose else 1e-7, abs_tol=1e-9)


def rounded(value: float, number: float) -> bool:
    """Tell whether a value is the number as somebody printed it, with two decimals at least."""
    decimals = max(len(repr(value).partition(".")[2]), 2)
    return abs(value - number) <= 0.500001 * 10**-decimals


def ask(
    name: str,
    value: float,
    model: Any,
    pairs: list[Pair],
    recipes: dict[str, str],
    names: dict[str, Any],
    equal: Callable[[float, float], bool] | None = None,
) -> Answer:
    """Say whether a model has this number, and on which data; a name that cannot be read is nobody's number."""
    try:
        prefix, base, arguments = parse(name, names)
    except (SyntaxError, NameError, AttributeError, TypeError, ValueError):
        return Answer(None)
    split = SPLITS.get(prefix)
    whole = recipes.get(name)
    if split in {"cross-validation", "out-of-bag"} or (whole and not _of_pair(whole)):
        close = equal or same
        return Answer(split, state=any(close(value, number) for number in _states(whole, model, base, split, names)))
    short = base if function_of(base) or base == "score" or base in recipes else _LABEL.sub("", base, count=1)
    loose = short.lower() in BOOSTER
    equal = equal or (lambda left, right: same(left, right, loose=loose))
    found = []
    for pair in pairs:
        numbers = list(values_of(short, arguments, model, pair))
        recipe = whole or recipes.get(base) or recipes.get(short)
        if recipe:
            numbers += _tried(lambda recipe=recipe, pair=pair: _run(recipe, {**names, "M": model, "X": pair.x, "y": pair.y}))
        if any(equal(value, number) for number in numbers):
            found.append(pair)
    return Answer(split, tuple(found))


def _of_pair(recipe: str) -> bool:
    words = {node.id for node in ast.walk(ast.parse(recipe)) if isinstance(node, ast.Name)}
    return "y" in words


def _states(recipe: str | None, model: Any, base: str, split: str | None, names: dict[str, Any]) -> list[float]:
    """Return what the object's own state says of cross-validation or out-of-bag; or what the recipe computes."""
    found: list[float] = []
    if recipe:
        found += _tried(lambda: _run(recipe, {**names, "M": model}))
    elif split == "cross-validation" and hasattr(model, "best_score_"):
        scoring = getattr(model, "scoring", None) or base
        name = getattr(getattr(scoring, "_score_func", None), "__name__", str(scoring))
        if name.removesuffix("_score") == base:
            found.append(float(model.best_score_))
    elif split == "out-of-bag" and hasattr(model, "oob_score_"):
        found.append(float(model.oob_score_))
    return found


def _run(recipe: str, names: dict[str, Any]) -> Any:
    tools = {"np": np, "clone": clone, "cross_val_score": cross_val_score, "cross_val_predict": cross_val_predict}
    return eval(compile(recipe, "<recipe>", "eval"), {**names, **vars(metrics), **tools})  # noqa: S307 (the truth is ours)


def pair_of(kind: str, data: Any) -> Pair | None:
    """Keep data as they are now; None if they are no pair."""
    import copy

    if not isinstance(data, tuple) or len(data) != 2:
        return None
    x, y = copy.deepcopy(data)
    return Pair(kind, x, y, rows_of(x))
