"""What is known of a notebook between two cells: what its names stand for, and which models are followed.

Nothing here keeps an object of the user's alive: models are weak references, data are numbers (``_domain``).
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from jupyter_modelstore.capture._domain import Data, Root, Score, Value
from jupyter_modelstore.capture._kinds import Kind
from jupyter_modelstore.capture._prints import Print

T = TypeVar("T")
Place: TypeAlias = tuple[int, str | int]
"""The identity of a container, and a key in it."""

_MOST_ORIGINS = 20
_MOST_LESSONS = 100
TUNED = "its parameters were changed after its fit"
BY_HAND = "it was changed by hand after its fit"
PART = "a part of it, or what it is a part of, was changed after its fit"
OVERTAKEN = "it was changed after its fit by code that cannot be followed"
OUTSIDE = "it was changed outside of the cells"
STALE = frozenset({TUNED, BY_HAND, PART, OVERTAKEN, OUTSIDE})
"""Why what a model says of itself may be of what it was before."""


@dataclass(slots=True, kw_only=True)
class Fit:
    """One fit: by which cell, with which data, as it was written.

    ``rows``, ``target``, ``columns`` are filled at the end of the cell; ``alone``: no other fit in that cell, so that the
    cell's seconds are this fit's; ``whole``: the object learned from this call alone, not from several batches;
    ``before``: what it was fitted on earlier, None for what is not known; ``earlier``: what of that it still has learned from,
    and what it has from models that it was begun with.
    """

    cell: int
    code: str
    about: str
    x: Data | None = None
    y: Data | None = None
    evals: tuple[tuple[Data | None, str], ...] = ()
    whole: bool = True
    before: tuple[Data | None, ...] = ()
    earlier: tuple[Data | None, ...] = ()
    alone: bool = True
    rows: int | None = None
    target: str | None = None
    columns: tuple[str, ...] | None = None
    seconds: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """What was known of a model when the running cell began."""

    version: int
    fit: Fit | None
    why: str
    print: Print
    last: int


@dataclass(slots=True, eq=False)
class Tracked:
    """A model that is followed.

    ``version`` changes with every fit and every change; two scores of one version are of one state. ``sure``: what happened
    in the running cell was read without doubt; ``touched``: something in it may have changed the model; ``tuned``: nothing but
    that cannot be followed, and may be part of another. ``own``: its class is of the notebook, and may do anything.
    that cannot be followed, and may be part of another.
    """

    key: int
    ref: weakref.ref[Any] | None = None
    version: int = 0
    fit: Fit | None = None
    why: str = ""
    print: Print | None = None
    past: tuple[Data | None, ...] = ()
    returns_self: bool = True
    own: bool = False
    holds: frozenset[int] = frozenset()
    parent: tuple[int, str] | None = None
    cells: dict[int, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    start: Start | None = None
    sure: bool = False
    touched: bool = False
    tuned: bool = False
    kept: int = 0
    alien: bool = False

    @property
    def lessons(self) -> tuple[Data | None, ...]:
        """All that it has learned from; None for what is not known."""
        if self.fit is None:
            return self.past if self.why == TUNED else (None,) if self.why else ()
        found = tuple(dict.fromkeys((self.fit.x, *self.fit.earlier)))
        return found if len(found) <= _MOST_LESSONS else (None,)

    def object(self) -> Any:  # noqa: ANN401 (any model)
        """Return the model, if it is still there."""
        return None if self.ref is None else self.ref()

    def did(self, cell: int, what: str) -> None:
        """Note what a cell did with it."""
        done = self.cells.setdefault(cell, [])
        if what not in done:
            done.append(what)


@dataclass(slots=True, kw_only=True)
class Measure:
    """A score and its value, as far as it could be read; ``cells``: where it and what it was made from stand."""

    score: Score
    cell: int
    values: dict[str, float] = field(default_factory=dict)
    rows: int | None = None
    why: str = ""


class State:
    """What is known after a cell."""

    def __init__(self) -> None:
        self.names: dict[str, Value] = {}
        self.marks: dict[str, weakref.ref[Any] | int] = {}
        self.models: dict[int, Tracked] = {}
        self.rows: dict[int, int] = {}
        self.columns: dict[int, tuple[str, ...]] = {}
        self.targets: dict[int, str] = {}
        self.widths: dict[int, int] = {}
        self.alike: dict[int, int] = {}
        self.origins: dict[int, int] = {}
        self.cuts: dict[int, tuple[int, int, int]] = {}
        self.volatile: set[str] = set()
        self.places: dict[Place, int] = {}
        self.unsure: set[str] = set()
        self._count = 0
        self._known: dict[Hashable, int] = {}
        self._roots: dict[Hashable, Root] = {}

    def mark(self, name: str, value: object) -> None:
        """Remember which object a name has; not only its address, which another one may have later."""
        try:
            self.marks[name] = weakref.ref(value)
        except TypeError:
            self.marks[name] = id(value)

    def has(self, name: str, value: object) -> bool:
        """Tell whether a name still has the object that it had."""
        mark = self.marks.get(name)
        return mark() is value if isinstance(mark, weakref.ref) else mark == id(value)

    def new(self) -> int:
        """Return a number that was never given."""
        self._count += 1
        return self._count

    def known(self, *key: Hashable) -> int:
        """Return the same number for the same key."""
        if key not in self._known:
            self._known[key] = self.new()
        return self._known[key]

    def data(
        self,
        *,
        roots: frozenset[Root] | None = None,
        column: str | None = None,
        steps: tuple[Hashable, ...] = (),
        index: Hashable = None,
    ) -> Data:
        """Return data that was never seen before."""
        number = self.new()
        return Data(number, number, roots or frozenset({Root()}), column, steps, number if index is None else index)

    def related(self, one: int, two: int) -> bool:
        """Tell whether one of two pieces of data may be a view of the other."""
        return self._descends(one, two) or self._descends(two, one)

    def _descends(self, number: int | None, origin: int) -> bool:
        for _ in range(_MOST_ORIGINS):
            if number is None or number == origin:
                break
            number = self.origins.get(number)
        return number == origin

    def count(self, data: Data | None) -> int | None:
        """Return how many rows data has, if that was seen, or follows from a slice of what was seen."""
        if data is None:
            return None
        found, cut = self.rows.get(data.rows), self.cuts.get(data.rows)
        if found is not None or cut is None or (whole := self.rows.get(cut[0])) is None:
            return found
        first = len(range(whole)[: cut[1]])
        return whole - first if cut[2] else first

    def titles(self, data: Data | None) -> tuple[str, ...] | None:
        """Return the names of the columns, if data or what it was taken from had such."""
        return None if data is None else self._of_origin(self.columns, data.id)

    def target(self, data: Data | None) -> str | None:
        """Return the name of the one column that data is."""
        return None if data is None else data.column or self._of_origin(self.targets, data.id)

    def _of_origin(self, known: Mapping[int, T], number: int | None) -> T | None:
        for _ in range(_MOST_ORIGINS):
            if number is None or number in known:
                break
            number = self.origins.get(number)
        return None if number is None else known.get(number)

    def same_rows(self, one: Data, two: Data) -> bool:
        """Tell whether the rows of two pieces of data correspond one to one, as far as can be told."""
        return self._first_rows(one.rows) == self._first_rows(two.rows)

    def _first_rows(self, rows: int) -> int:
        """Return what rows were made from by functions that keep their order, as long as their number stayed the same."""
        first, count, origin = rows, self.rows.get(rows), self.alike.get(rows)
        while origin is not None and count is not None and self.rows.get(origin, count) == count:
            first = origin if origin in self.rows else first
            origin = self.alike.get(origin)
        return first

    def root(self, how: Any, split: Hashable, side: int, parents: frozenset[Root]) -> frozenset[Root]:  # noqa: ANN401 (a word)
        """Return the same root for the same side of the same split of the same rows."""
        key = (how, split, side, parents)
        if key not in self._roots:
            self._roots[key] = Root(how, split, side, parents)
        return frozenset({self._roots[key]})

    def follow(self, kind: Kind | None = None, *, holds: frozenset[int] = frozenset()) -> Tracked:
        """Begin to follow a model; ``kind``: of which class it is, if that is known."""
        returns_self, own = (True, False) if kind is None else (kind.fits_itself, kind.own)
        tracked = Tracked(self.new(), returns_self=returns_self, own=own, holds=holds)
        self.models[tracked.key] = tracked
        return tracked

    def of(self, model: object) -> Tracked | None:
        """Return what is known of an object, if it is followed."""
        return next((tracked for tracked in self.models.values() if tracked.ref is not None and tracked.ref() is model), None)
