"""What a fitted object itself says of how good it is: a search's best score, the out-of-bag score, a booster's curves.

This is part of the object's state, so that it can never be older than its fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._domain import Data
from jupyter_modelstore.capture._kinds import kind_of, peek, state_of
from jupyter_modelstore.capture._numbers import number_of, score_name

Split = str | None
_NUMBER = re.compile(r"valid(?:ation)?_(\d+)")


@dataclass(frozen=True, slots=True)
class Own:
    """One number: its whole name, what it was measured on, and the attribute that holds it."""

    name: str
    value: float
    split: Split
    code: str


def own_scores(
    model: object, evals: tuple[tuple[Data | None, str], ...], split: Callable[[Data | None, str], Split]
) -> Iterator[Own]:
    """Yield what a model says of itself.

    Parameters
    ----------
    model
        The fitted object.
    evals
        The data of a booster's evaluation sets and their names, in their order, as far as known.
    split
        Tells what a piece of data is to the model's fit: ``test``, ``train`` …; None if that is not known.
    """
    kind, own = kind_of(model), state_of(model)
    if "BaseSearchCV" in kind.bases and (best := number_of(own.get("best_score_"))) is not None:
        name = _scoring(own)
        if name is not None:
            yield Own(f"cv_{name}", best, "cross-validation", "best_score_")
    if own.get("oob_score") is True and (value := number_of(peek(model, "oob_score_"))) is not None:
        yield Own("oob_accuracy" if "ClassifierMixin" in kind.bases else "oob_r2", value, "out-of-bag", "oob_score_")
    yield from _curves(model, evals, split)


def _scoring(search: dict[str, Any]) -> str | None:
    scoring, refit = search.get("scoring"), search.get("refit")
    if scoring is None:
        return score_name(search.get("estimator"))
    if type(scoring) is str:
        return library.of_scoring(scoring)
    return library.of_scoring(refit) if type(refit) is str else library.of_scorer(scoring)


def _curves(
    model: object, evals: tuple[tuple[Data | None, str], ...], split: Callable[[Data | None, str], Split]
) -> Iterator[Own]:
    kind = kind_of(model)
    if kind.library not in {"xgboost", "lightgbm", "catboost"} or not kind.has_params:
        return
    found = peek(model, "evals_result_")
    sets = found if type(found) is dict or hasattr(found, "items") else {}
    last = _round(model)
    for title, curves in sets.items() if evals else ():  # without such, they may be left from another fit
        number = _NUMBER.fullmatch(title)
        index = int(number[1]) if number else 0 if title == "validation" else -1
        data, about = evals[index] if 0 <= index < len(evals) else (None, "")
        said = "train" if title in {"learn", "training"} else split(data, about) if data is not None else None
        prefix = {"test": "", "train": "train_", "validation": "val_"}.get(said or "", f"{title}_")
        for metric, values in dict(curves).items():
            place = last if last is not None and last < len(values) else len(values) - 1
            value = number_of(values[place]) if type(values) is list and values else None
            if value is not None and type(metric) is str:
                yield Own(f"{prefix}{metric.casefold()}", value, said, f"evals_result_[{title!r}]")


def _round(model: object) -> int | None:
    """Return the index of the round whose trees are used; None: the last."""
    kind = kind_of(model)
    if kind.library == "catboost":
        trees = peek(model, "tree_count_")
        return trees - 1 if type(trees) is int and trees > 0 else None
    best = peek(model, "best_iteration" if kind.library == "xgboost" else "best_iteration_")
    if type(best) is not int or best < 0:
        return None
    return best if kind.library == "xgboost" else best - 1 if best > 0 else None
