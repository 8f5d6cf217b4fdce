"""Which object is which saved model: what was loaded or saved, by weak reference, and whether it is still as it was then."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from jupyter_modelstore.capture import _prints


@dataclass(frozen=True, slots=True)
class Origin:
    """The saved model that an object is, or was.

    Attributes
    ----------
    id, sha256, ref : str
        Of the record.
    loaded : bool
        It was loaded from there, so that what it becomes descends from it.
    """

    id: str
    sha256: str | None
    ref: str
    loaded: bool


class Lineage:
    """Objects that are known to be saved models."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], Origin, _prints.Print]] = {}

    def note(self, model: object, origin: Origin) -> None:
        """Note which saved model an object is now. What cannot be weakly referenced, such as a dict, is not followed."""
        key = id(model)
        try:
            reference = weakref.ref(model, lambda _: self._known.pop(key, None))
        except TypeError:
            return
        self._known[key] = (reference, origin, _prints.take(model))

    def of(self, model: object) -> Origin | None:
        """Return which saved model an object is, or was before it was changed."""
        entry = self._known.get(id(model))
        return entry[1] if entry is not None and entry[0]() is model else None

    def unchanged(self, model: object) -> bool:
        """Tell whether an object is still as it was when it was loaded or saved."""
        entry = self._known.get(id(model))
        return entry is not None and entry[0]() is model and entry[2].same(_prints.take(model))
