"""The dialog that saves one model: what is known of it, what its name would mean, and the save.

What the dialog showed is what is kept: the model must still be in the state in which it was looked at. A dialog holds no model
alive, unless it is of a kind that cannot be pointed at weakly, such as a dict.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from jupyter_modelstore import capture, card, worker
from jupyter_modelstore._parser import Argument
from jupyter_modelstore._watching import Watching
from jupyter_modelstore.errors import ModelChanged
from jupyter_modelstore.names import clean_metrics, clean_text, visible
from jupyter_modelstore.protocols import Progress
from jupyter_modelstore.record import Captured, Query, Saved
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.widgets._desk import Request

T = TypeVar("T")

_SAVE = (
    Argument("name", "the model's name"),
    Argument("description", "what it is", optional=True),
    Argument("tags", "words to find it by", many=True, optional=True),
    Argument("alias", "a word that points at this version from now on", optional=True),
    Argument("note", "what is worth remembering of this version", optional=True),
    Argument("metrics", "which of the metrics to keep; left out: all", many=True, optional=True),
    Argument(
        "cells", "which of the cells to keep, counted from 0; left out: all", many=True, optional=True, options={"type": int}
    ),
    Argument("drop", "which parts of what was found are not kept", many=True, optional=True),
    Argument("look", "which look at the model was shown; left out: the last", optional=True, options={"type": int}),
)
_MOST_LOOKS = 8
"""So many looks are remembered: a form may be open in several views, each showing what was so when it was opened."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the user said of a model before the dialog opened."""

    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    alias: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    force: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found out of a model, and the state in which it was then."""

    print: capture.Print
    captured: Captured


class Form:
    """Looks at one model and saves it.

    Parameters
    ----------
    store
        Where it is kept.
    model, variable
        The object, and the expression that names it.
    watching
        What is known of the notebook; None where the extension is not loaded.
    said
        What the user said already.
    offered
        The state of the model that an offer is of; another one is not saved. None: whatever it is when it is looked at.
    """

    def __init__(
        self,
        store: Registry,
        model: object,
        variable: str,
        watching: Watching | None,
        said: Said,
        offered: capture.Print | None = None,
    ) -> None:
        self.variable = variable
        self._store = store
        self._model = _pointer(model)
        self._watching = watching
        self._said = said
        self._offered = offered
        self._looks: dict[int, _Look] = {}
        self._count = 0

    def requests(self, saved: Callable[[Saved], None] = lambda _: None) -> tuple[Request, ...]:
        """Return what the views of a dialog may ask; ``saved`` is told of each save."""
        return (
            Request("prefill", self.prefill),
            Request("save", lambda **options: self._save_and_tell(saved, options), _SAVE, long=True, changes=True),
        )

    # ---- is it still the model that is meant? ------------------------------------------------------------------------

    @property
    def stale(self) -> str:
        """Why the model is not the one that was offered, in one sentence; empty if it is."""
        model, name = self._model(), visible(self.variable)
        if model is None:
            return f"{name} is another model now, or none."
        if self._offered is None:
            return ""
        if self._watching is not None and self._watching.namespace.get(self.variable) is not model:
            return f"{name} is another model now."
        return "" if self._offered.same(capture.take(model)) else f"{name} was fitted again since this was offered."

    def _fresh(self) -> Any:  # noqa: ANN401 (any model)
        """Return the model, if it is the one that is meant."""
        if why := self.stale:
            raise ModelChanged(why, f'To keep what it is now: %save_model {visible(self.variable)} "name"')
        return self._model()

    # ---- what is known -----------------------------------------------------------------------------------------------

    def prefill(self) -> dict[str, Any]:
        """Look at the model; return all that a dialog shows."""
        if why := self.stale:
            return {"variable": self.variable, "stale": why}
        model = self._model()
        capture.check(model, force=self._said.force)
        look = self._look_at(model)
        self._count += 1
        self._looks = dict([*self._looks.items(), (self._count, look)][-_MOST_LOOKS:])
        known = capture.describe(model)
        return {
            "look": self._count,
            "variable": self.variable,
            "algorithm": known.algorithm,
            "model_type": known.model_type,
            "size": None,
            "name": self._said.name or self._former_name(model),
            "description": self._said.description,
            "tags": self._said.tags,
            "alias": self._said.alias,
            "captured": self._captured(model, look.captured, known),
            "tags_known": list(self._store.facets(Query(all_versions=True)).tags),
            "stale": "",
        }

    def _look_at(self, model: object) -> _Look:
        found = capture.take(model)
        return _Look(found, Captured() if self._watching is None else self._watching.captured(self.variable, model))

    def _looked(self, number: int | None, model: object) -> _Look:
        """Return the look that a view showed: its metrics and cells, and no other's, are what its user judged."""
        if number is None:
            return next(reversed(self._looks.values()), None) or self._look_at(model)
        if number not in self._looks:
            raise ModelChanged("This form is out of date; nothing was saved.", "Open the form again.")
        return self._looks[number]

    def _former_name(self, model: object) -> str:
        """Return the name under which it, or what it was before it was fitted again, was kept."""
        known = self._store.recognise(model)
        return "" if known is None else known[0].model_name

    def _captured(self, model: object, found: Captured, known: capture.Description) -> dict[str, Any]:
        said = clean_metrics(self._said.metrics)
        origin = found.source.get("metrics", {})
        metrics = {**found.metrics, **said}
        inside = found.source.get("data_inside")
        if inside is None and not found.looked_inside and (rows := capture.rows_inside(model)) is not None:
            inside = asdict(rows)
        return {
            "metrics": [
                {
                    "name": name,
                    "value": value,
                    "split": None if name in said else origin.get(name, {}).get("split"),
                    "keep": True,
                }
                for name, value in metrics.items()
            ],
            "pieces": card.captured_pieces(
                found,
                known.feature_columns or found.feature_columns or (),
                known.target_column or found.target_column,
                known.training_config,
            ),
            "cells": found.source.get("cells", []),
            "not_attached": [{"name": one.name, "value": one.value, "reason": one.reason} for one in found.not_attached],
            "notes": found.notes,
            "data_inside": inside,
        }

    # ---- the save ----------------------------------------------------------------------------------------------------

    def _save_and_tell(self, saved: Callable[[Saved], None], options: dict[str, Any]) -> dict[str, Any]:
        kept = self.save(**options)
        if kept.record.status == "pending":
            worker.of(self._store).wake(now=False)
        saved(kept)
        return {"record": kept.record, "created": kept.created}

    def save(
        self,
        name: str,
        progress: Progress,
        description: str = "",
        tags: Sequence[str] = (),
        alias: str = "",
        note: str = "",
        metrics: Collection[str] | None = None,
        cells: Collection[int] | None = None,
        drop: Collection[str] = (),
        look: int | None = None,
    ) -> Saved:
        """Keep the model as it was looked at, without what the user took away."""
        model = self._fresh()
        looked = self._looked(look, model)
        said = _only(self._said.metrics, metrics)
        found = looked.captured
        source = _with_cells(_source(found, metrics, note), cells)
        captured = replace(found, metrics=_only(found.metrics, metrics), source=source)
        if cells is not None and not source.get("cells"):
            drop = {*drop, "cells"}

        def confirm(size: int) -> None:
            progress("saving", size, size)
            if not looked.print.same(capture.take(model)):
                why = f"{visible(self.variable)} was changed while the form was open; nothing was saved."
                raise ModelChanged(why, "Open the form again to keep it as it is now.")

        saved = self._store.keep(
            model,
            name,
            description=description,
            tags=tags,
            metrics=said,
            alias=alias or None,
            variable=self.variable,
            captured=captured,
            force=self._said.force,
            progress=progress,
            leave_out=drop,
            confirm=confirm,
        )
        if self._watching is not None:
            self._watching.kept(model)
        return saved


def _pointer(model: object) -> Callable[[], Any]:
    try:
        return weakref.ref(model)
    except TypeError:
        return lambda: model


def _only(found: Mapping[str, T], names: Collection[str] | None) -> dict[str, T]:
    return {name: value for name, value in found.items() if names is None or name in names}


def _source(captured: Captured, metrics: Collection[str] | None, note: str) -> dict[str, Any]:
    """Return where things come from: of the metrics that are kept, and with the user's note."""
    source = dict(captured.source)
    if "metrics" in source:
        source["metrics"] = _only(source["metrics"], metrics)
    text = clean_text(note, "note")
    return source | ({"note": text} if text else {})


def _with_cells(source: Mapping[str, Any], places: Collection[int] | None) -> dict[str, Any]:
    """Return where things come from without the code of the cells that the user took away."""
    every = source.get("cells", [])
    if places is None or len(set(places)) >= len(every):
        return dict(source)
    gone = {cell.get("cell") for place, cell in enumerate(every) if place not in places}

    def without(found: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in found.items() if name != "code" or found.get("cell") not in gone}

    left: dict[str, Any] = {**source, "cells": [cell for place, cell in enumerate(every) if place in places]}
    if "fit" in left:
        left["fit"] = without(left["fit"])
    if "metrics" in left:
        left["metrics"] = {name: without(found) for name, found in left["metrics"].items()}
    return left
