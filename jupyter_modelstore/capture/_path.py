"""The way from the outermost object to the estimator that learned.

A pipeline, a search and a wrapper around one estimator are looked through. An ensemble is an algorithm in itself, and so is
a selector of features, which only borrows its estimator.
"""

from __future__ import annotations

from typing import cast

from jupyter_modelstore.capture._kinds import held, kind_of, peek, quiet, steps_of

MOST_NESTED = 20


def look_through(model: object) -> list[object]:
    """Return the objects from the outermost to the estimator that learned."""
    path = [model]
    while len(path) < MOST_NESTED:
        inner = quiet(inner_of, path[-1], None)
        if inner is None or any(inner is part for part in path):
            break
        path.append(inner)
    return path


def inner_of(model: object) -> object | None:
    """Return the one estimator that an object wraps, or None."""
    kind = kind_of(model)
    if kind.library == "statsmodels":
        found: object | None = peek(model, "model")
        return found  # results know the model that they are of
    if steps := steps_of(model):
        return steps[-1][1]
    if kind.inner:
        found = next((found for name in kind.inner if (found := _one_of(peek(model, name))) is not None), None)
        # scikit-learn's own box around what was calibrated
        return inner_of(found) if kind_of(found).name == "_CalibratedClassifier" else found
    best = held(model, "best_estimator_", None) if kind.learns else None
    return best if best is not None and kind_of(best).able else None


def _one_of(value: object) -> object | None:
    """Return an estimator, or of a list of such the first real one: a class that all or no rows have gets a made-up one."""
    if type(value) in (list, tuple):
        parts = (part for part in cast("list[object]", value) if kind_of(part).has_params or kind_of(part).inner)
        return next((part for part in parts if not kind_of(part).name.startswith("_Constant")), None)
    return value if kind_of(value).able or kind_of(value).inner else None
