"""Which fit of the last cells is worth an offer: it took long, or somebody looked how good it is.

Nothing is computed for this: all stands in what the watch has read, and prints that it has taken anyway.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelstore.capture._kinds import can
from jupyter_modelstore.capture._prints import Print
from jupyter_modelstore.capture._state import Tracked
from jupyter_modelstore.capture._watch import Watch


@dataclass(frozen=True, slots=True)
class Fresh:
    """A fit that nobody has kept.

    Attributes
    ----------
    variable : str
        The name that the model has.
    ref : weakref.ref
        The model.
    fit : tuple of int
        Which model and which cell: the same for one fit, whoever asks.
    print : Print
        Its state.
    """

    variable: str
    ref: weakref.ref[Any]
    fit: tuple[int, int]
    print: Print


def fresh(watch: Watch, namespace: Mapping[str, Any], *, since: int, seconds: float) -> list[Fresh]:
    """Return the fits that became worth an offer after a cell: those that took so long, and those that were scored.

    Parameters
    ----------
    watch
        The notebook's memory.
    namespace
        The notebook's variables.
    since
        The number of the cell after which to look.
    seconds
        What is long.
    """
    scored = {
        (measure.score.key, measure.score.version)
        for measure in watch.measures
        if measure.cell > since and not measure.score.how.startswith("cv")
    }
    found = {}
    for tracked in watch.state.models.values():
        fit = tracked.fit
        if fit is None or tracked.kept >= fit.cell:
            continue
        slow = fit.cell > since and fit.seconds is not None and fit.seconds >= seconds
        if (slow or (tracked.key, tracked.version) in scored) and (one := _found(tracked, fit.cell, namespace)) is not None:
            found[tracked.key] = (tracked, one)
    models = [tracked for tracked, _ in found.values()]
    return [one for tracked, one in found.values() if _is_a_whole(tracked, models) and _is_the_point(tracked, models)]


def _found(tracked: Tracked, cell: int, namespace: Mapping[str, Any]) -> Fresh | None:
    """Return a fit, if its model has a name."""
    model = tracked.object()
    names = [name for name in sorted(tracked.names) if name.isidentifier() and not name.startswith("_")]
    variable = next((name for name in names if model is not None and namespace.get(name) is model), None)
    if variable is None or tracked.ref is None or tracked.print is None:
        return None
    return Fresh(variable, tracked.ref, (tracked.key, cell), tracked.print)


def _is_a_whole(tracked: Tracked, models: list[Tracked]) -> bool:
    """Tell whether a model is no part of another one that was found."""
    keys = {other.key for other in models}
    return not (tracked.parent is not None and tracked.parent[0] in keys) and not any(
        tracked.key in other.holds for other in models
    )


def _is_the_point(tracked: Tracked, models: list[Tracked]) -> bool:
    """Tell whether a model predicts, or nothing that was found does: scalers are fitted on the way to it."""
    return _predicts(tracked) or not any(map(_predicts, models))


def _predicts(tracked: Tracked) -> bool:
    model = tracked.object()
    return can(model, "predict") or can(model, "forward")
