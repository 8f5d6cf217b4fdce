"""The names of a cell while it is read: what they stand for, and what happens to the models behind them.

The first of four layers that make a reader: names (here), tables and arrays (``_tables``), expressions with calls
(``_expressions``, ``_scores``, ``_calls``), statements (``_reader``). Whatever is not understood is :data:`UNKNOWN`, and
whatever might change a model counts as a change (:meth:`Scope.touch`), unless its print shows at the end of the cell that
it did not (``_watch``).
"""

from __future__ import annotations

import ast
import builtins
import operator
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any, Literal

from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._domain import (
    PLAIN,
    UNKNOWN,
    Box,
    Const,
    Data,
    Items,
    Made,
    Model,
    Root,
    Score,
    Scorer,
    Thing,
    Unknown,
    Value,
)
from jupyter_modelstore.capture._hooks import LAZY
from jupyter_modelstore.capture._kinds import MISSING, kind_of, peek, quiet
from jupyter_modelstore.capture._state import PART, State, Tracked

MOST_ELEMENTS = 60
_MOST_COLUMNS = 5_000
_MOST_LIFTED = 400
_MOST_DEPTH = 5
_WOKEN = "an object may run code of its own, which may have changed it after its fit"


class TooMuch(Exception):
    """A cell asks for more work than reading it is worth."""


class Frame:
    """The variables of a function that is read at its call; ``left``: a ``return`` that may have been taken."""

    def __init__(self, names: dict[str, Value]) -> None:
        self.names = names
        self.left = False


class Scope(ABC):
    """The names of a cell that is being read.

    Parameters
    ----------
    state
        What is known; changed as the cell is read.
    namespace
        The variables as they are at the end of what is read.
    cell
        Its number.
    stored
        How often each name is assigned in what is read.
    """

    def __init__(self, state: State, namespace: Mapping[str, Any], cell: int, stored: Counter[str]) -> None:
        self.state = state
        self.namespace = namespace
        self.cell = cell
        self.stored = stored
        self.pending = set(stored)
        self.seen = set(stored)
        self.frames: list[Frame] = []
        self.maybe = 0
        self.looping = 0
        self.rounds = 0
        self.failing = False
        self.printing = True
        self.steps = 0
        self.unrolled = 0
        self.lifted = 0
        self.scores: list[Score] = []
        self.fits = 0
        self.racing = False
        self.prints: list[tuple[ast.Call, list[Value]]] = []
        self.used: set[int] = set()
        self.opposite: dict[int, int] = {}
        self.calls: list[ast.Call] = []
        self.origin: ast.Call | None = None
        self.last: Any = UNKNOWN

    # ---- what the further layers bring ---------------------------------------------------------------------------------

    @abstractmethod
    def read(self, node: ast.expr | None) -> Value:
        """Return what an expression stands for."""

    @abstractmethod
    def call(self, node: ast.Call) -> Value:
        """Return what a call answers, and note what it does."""

    @abstractmethod
    def elements(self, node: ast.expr) -> list[Value] | None:
        """Return what a loop runs over, if all of it is known."""

    @abstractmethod
    def store(self, target: ast.expr, value: Value) -> None:
        """Let a target stand for a value."""

    @abstractmethod
    def body(self, statements: list[ast.stmt]) -> Value:
        """Read the body of a function; return what it returns."""

    # ---- names -------------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Value:
        """Return what a name stands for here."""
        if self.frames and name in self.frames[-1].names:
            found = self.frames[-1].names[name]
            if isinstance(found, Unknown) and not found.plain:
                self.touch_all(_WOKEN)  # which object it is, nobody knows
            return found
        self.seen.add(name)
        value = self.namespace.get(name, MISSING)
        if name in self.state.names or name in self.pending:
            found = self.state.names.get(name, UNKNOWN)
            if (
                name not in self.stored and name in self.state.marks and not self.state.has(name, value)
            ):  # by code that was not read
                found = self.state.names[name] = UNKNOWN
            if isinstance(found, Unknown) and not found.plain:
                self.wake(value)
            return found
        if value is MISSING:
            return Thing(vars(builtins)[name]) if name in vars(builtins) else UNKNOWN
        found = self.lift(value)
        if name in self.state.unsure:
            found = _mapped(found, _doubted)
        if isinstance(found, (Data, Box)):
            self.state.names[name] = found
        return found

    def forget_names(self) -> None:
        """Let every name be unknown: nobody knows what was assigned."""
        self.state.names.update((name, UNKNOWN) for name in self.namespace if type(name) is str)
        for names in (self.state.names, *(frame.names for frame in self.frames)):
            for name in names:
                names[name] = UNKNOWN
        self.seen |= set(self.state.names)
        self.pending |= set(self.namespace)

    def lift(self, value: Any, depth: int = 0) -> Value:  # noqa: ANN401 (any object)
        """Return what an object of the notebook stands for, if it is there unchanged since before the cell."""
        if type(value) in (str, int, float, bool, type(None)):
            return Const(value)
        if library.is_thing(value):
            return Thing(value)
        if self.wake(value):
            return UNKNOWN
        if (tracked := self.state.of(value)) is not None:
            return Model(tracked.key)
        if (name := quiet(library.of_scorer, value, None)) is not None:
            return Scorer(name)
        if (columns := _texts(value)) is not None:
            return Const(columns)
        if kind_of(value).data and not kind_of(value).library:
            return self.state.data()
        return self._lift_container(value, depth)

    def _lift_container(self, value: Any, depth: int) -> Value:  # noqa: ANN401 (any object)
        if type(value) in (dict, list, tuple):
            size = len(value)
            self.lifted = size + (self.lifted if depth else 0)
            if type(value) is list and size > MOST_ELEMENTS:
                return self.state.data()
            if depth > 3 or size > MOST_ELEMENTS or self.lifted > _MOST_LIFTED:  # noqa: PLR2004 (deeper than people nest)
                return UNKNOWN
            pairs = value.items() if type(value) is dict else enumerate(value)
            items = {key: self._held(value, key, item, depth) for key, item in list(pairs) if type(key) in (str, int)}
            if type(value) is tuple:
                return Items(tuple(items.values()))
            return Box(items, size if type(value) is list else None, whole=len(items) == size)
        if library.is_plain(value):
            return PLAIN
        own = peek(value, "__dict__")
        if type(own) is dict and not depth:
            parts = list(own.items())[:MOST_ELEMENTS]
            return Box(
                {f".{key}": self._held(value, f".{key}", item, 0) for key, item in parts if type(key) is str}, whole=False
            )
        return UNKNOWN

    def _held(self, container: object, key: str | int, item: object, depth: int) -> Value:
        """Return what a part of a container stands for; a model only if it was there when the cell began."""
        found = self.lift(item, depth + 1)
        known = self.state.places.get((id(container), key)) == id(item)
        return UNKNOWN if isinstance(found, Model) and not known else found

    def wake(self, value: object) -> bool:
        """Note that an object is in use; tell whether it may run code of its own at any moment: when it is shown, or asked."""
        strange = is_strange(value) and not is_model(value)
        if strange:
            self.touch_all(_WOKEN)
        return strange

    def final(self, name: str) -> Any:  # noqa: ANN401 (any object)
        """Return the object that a name of the notebook, assigned once in the cell, has at its end."""
        once = self.stored[name] == 1 and not (self.frames or self.rounds)
        return self.namespace.get(name, MISSING) if once else MISSING

    def names_of(self, data: Data | None) -> str:
        """Return the notebook's name of data; empty if it has none."""
        if data is None:
            return ""
        return next((name for name, value in self.state.names.items() if isinstance(value, Data) and value.id == data.id), "")

    # ---- what happens to models and data -----------------------------------------------------------------------------

    def touch(self, tracked: Tracked, why: str, seen: frozenset[int] = frozenset()) -> None:
        """Note that a model, and what it holds, may have been changed here."""
        if tracked.key in seen:
            return
        tracked.version = self.state.new()
        tracked.touched, tracked.tuned = True, False
        if tracked.sure:
            tracked.fit, tracked.why = None, why
        near = set(tracked.holds) | {one.key for one in self.state.models.values() if tracked.key in one.holds}
        for key in near & self.state.models.keys():
            self.touch(self.state.models[key], why or PART, seen | {tracked.key})

    def note(self, tracked: Tracked, did: str) -> None:
        """Note what the cell did with a model, unless it failed in doing so."""
        if not self.failing:
            tracked.did(self.cell, did)

    def touch_in(self, value: Value, why: str, depth: int = 0) -> None:
        """Note that code that cannot be read had a value in its hands."""
        if isinstance(value, Model) and value.key in self.state.models:
            self.touch(self.state.models[value.key], why)
        elif isinstance(value, (Made, Score)):
            self.spoil(value)
        elif isinstance(value, (Box, Items)) and depth < _MOST_DEPTH:
            parts = list(value.items.values()) if isinstance(value, Box) else value.values
            for part in parts:
                self.touch_in(part, why, depth + 1)
            if isinstance(value, Box):
                value.forget()

    def touch_all(self, why: str) -> None:
        """Note that code that cannot be read was run: what was made in this cell may be in its hands."""
        for tracked in list(self.state.models.values()):
            self.touch(tracked, why)
        for name in self.state.volatile:
            self.state.names[name] = UNKNOWN
        self.seen |= self.state.volatile

    def change(self, data: Data, rows: Literal["same", "alike", "other"], *step: Hashable) -> None:
        """Note that data was changed in place: under all its names it is other data now.

        ``alike``: its rows are the same ones if their number is. ``step``: what was done to its values.
        """
        fresh = self.state.data()
        made = replace(data, id=fresh.id, rows=data.rows if rows == "same" else fresh.rows, steps=(*data.steps, *step))
        if rows == "alike":
            self.state.alike[made.rows] = data.rows

        def swapped(value: Value) -> Value:
            if not isinstance(value, Data):
                return value
            if value.id == data.id:
                return made
            near = step and self.state.related(value.id, data.id)
            return replace(value, id=self.state.new(), steps=(*value.steps, *step)) if near else value

        self.everywhere(swapped)

    def spoil(self, value: Value) -> None:
        """Note that data, predictions or scores were changed in place: under no name are they what they were."""
        if isinstance(value, Data):
            self.change(value, "other", self.state.new())
        elif isinstance(value, (Made, Score)):
            self.everywhere(lambda known: UNKNOWN if _is_view(known, value) else known)
        elif isinstance(value, Box):
            value.forget()

    def everywhere(self, swap: Callable[[Value], Value]) -> None:
        """Let other values stand for those under all names, and in all containers."""
        for names in (self.state.names, *(frame.names for frame in self.frames)):
            for name, known in names.items():
                if (other := _mapped(known, swap)) is not known:
                    names[name] = other
                    self.seen.add(name)


def is_strange(value: object) -> bool:
    """Tell whether an object runs code of the notebook's where no call is seen."""
    return type(value) in LAZY or kind_of(value).strange


def is_model(value: object) -> bool:
    """Tell whether an object is worth following: a single model."""
    kind = kind_of(value)
    return (kind.able or kind.library == "statsmodels") and not kind.data and not isinstance(value, type)


def _mapped(value: Value, swap: Callable[[Value], Value], depth: int = 0) -> Value:
    """Return what stands for a value; in a list or dict all that is in it is exchanged."""
    if depth > _MOST_DEPTH:
        return value
    if isinstance(value, Box):
        for key, part in value.items.items():
            value.items[key] = _mapped(part, swap, depth + 1)
    if isinstance(value, Items):
        parts = tuple(_mapped(part, swap, depth + 1) for part in value.values)
        return value if all(map(operator.is_, parts, value.values)) else Items(parts)
    return swap(value)


def _doubted(value: Value) -> Value:
    return replace(value, roots=frozenset({Root("unsure")})) if isinstance(value, Data) else value


def _is_view(one: Value, two: Value) -> bool:
    """Tell whether predictions, or scores, may be the same array."""
    if isinstance(one, Made) and isinstance(two, Made):
        return (one.key, one.version, one.data) == (two.key, two.version, two.data)
    return isinstance(one, Score) and isinstance(two, Score) and (one.key, one.code) == (two.key, two.code)


def _texts(value: Any) -> tuple[str, ...] | None:  # noqa: ANN401 (any object)
    """Return the texts of a list, or of a pandas Index, of texts: columns have such names."""
    if type(value) not in (list, tuple) and type(value).__name__ != "Index":
        return None
    size = quiet(len, value, 0)
    if not 0 < size <= _MOST_COLUMNS:
        return None
    texts: tuple[Any, ...] = tuple(quiet(list, value, []))
    return texts if all(type(text) is str for text in texts) else None
