"""What a name of the notebook stands for, without its value: data, a model, predictions, a score, a container, a function.

Reading a cell (``_reader``) gives each name one of these. They are small, hold no object of the user's, and say only what
is certain; :data:`UNKNOWN` stands for all else.

Data has two numbers. ``id`` is the same for the very same data (``b = a``, ``a.values`` written twice); ``rows`` is the same
where the rows correspond one to one (a column of it, a scaled copy). Where rows were taken away it has :class:`Root` s, a
family tree of splits: two pieces are surely apart if somewhere up the tree they stand on different sides of one split.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal, TypeAlias

_MOST_GENERATIONS = 12


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known; ``plain``: but that it holds no model, so that what is called on it changes none.

    ``rows``: what is known to be data may have given it rows.
    """

    plain: bool = False
    rows: bool = True


UNKNOWN = Unknown()
DERIVED = Unknown(plain=True)
PLAIN = Unknown(plain=True, rows=False)


@dataclass(frozen=True, slots=True)
class Const:
    """A plain value: text, number, None; or a tuple of texts, as lists of columns are."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A module, class or function, as the namespace has it now."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """Rows of some origin: ``split`` and ``side`` tell by which split they came apart from the rows of ``parents``.

    ``how``: ``split`` (a function made for it), ``slice`` (``x[:n]``, ``x[mask]``), ``part`` (some of the rows), ``new``,
    ``unsure`` (rows that came from nobody knows where, perhaps from any other data).
    """

    how: Literal["split", "slice", "part", "new", "unsure"] = "new"
    split: Hashable = None
    side: int = 0
    parents: frozenset[Root] = frozenset()


@dataclass(frozen=True, slots=True)
class Data:
    """A table, an array, a column.

    ``steps``: what was done to its values, as it is written: scaled, logarithm, ``== 1``. ``index``: the same where its
    rows have the labels that they had.
    """

    id: int
    rows: int
    roots: frozenset[Root]
    column: str | None = None
    steps: tuple[Hashable, ...] = ()
    index: Hashable = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is followed, by its number."""

    key: int


@dataclass(frozen=True, slots=True)
class Made:
    """What a model in one state answered to data.

    ``how``: ``predict``, ``decision`` (its distances), ``cv`` (by cross-validation), ``curve``; ``plain``: not probabilities.
    ``part``: to some of the rows; ``altered``: and then changed by hand, as by a threshold; ``cut``: made whole numbers, which
    changes nothing only if they are those of classes; ``yes``: they are yes or no, or the number of a class.
    """

    key: int
    version: int
    data: Data | None
    how: str = "predict"
    part: bool = False
    altered: bool = False
    plain: bool = True
    cut: bool = False
    yes: bool = False


@dataclass(frozen=True, slots=True)
class Scorer:
    """A function that scores a model on data."""

    name: str


@dataclass(frozen=True, slots=True)
class Score:
    """A number, or numbers, that tell how good a model in one state is.

    Attributes
    ----------
    name : str
        ``accuracy``; ``score``: what the class's own ``score`` returns.
    key, version : int
        The model and its state.
    data, truth : Data or None
        What it was asked, and the right answers.
    how : str
        As that of :class:`Made`.
    read : str
        What the value is: ``number``, ``mean`` (of an array of folds), ``report`` or ``folds`` (dicts).
    code, about : str
        The call, and the data in it, as written.
    variable : str
        The model in it, as written.
    cut : bool
        As that of :class:`Made`.
    why : str
        Why it says nothing about the model after all.
    """

    name: str
    key: int
    version: int
    data: Data | None
    truth: Data | None
    how: str
    code: str
    about: str
    variable: str
    read: str = "number"
    part: bool = False
    cut: bool = False
    why: str = ""


@dataclass(slots=True, eq=False)
class Box:
    """A list, a dict, or an object with attributes (``.name``); ``whole``: all that is in it is among its items."""

    items: dict[str | int, Value] = field(default_factory=dict)
    length: int | None = None
    whole: bool = True

    def place(self, key: str | int) -> str | int:
        """Return the key of an item; in a list they are counted from its start."""
        return key + self.length if type(key) is int and key < 0 and self.length is not None else key

    def forget(self) -> None:
        """Let all that is in it be unknown."""
        self.items.clear()
        self.length, self.whole = None, False


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function that a cell defined."""

    node: ast.FunctionDef
    cell: int


Value: TypeAlias = Unknown | Const | Thing | Data | Model | Made | Scorer | Score | Box | Items | Function
"""What a name can stand for."""


def plain(values: Iterable[Value]) -> Unknown:
    """Return what is known of what harmless code made of values."""
    return DERIVED if any(_has_rows(value) for value in values) else PLAIN


def _has_rows(value: Value) -> bool:
    if isinstance(value, Unknown):
        return value.rows
    return isinstance(value, Data) or (isinstance(value, Box) and not value.whole)


def apart(one: frozenset[Root], two: frozenset[Root]) -> Literal["whole", "part"] | None:
    """Tell whether no row is in both; ``part``: ``one`` is only some of the rows that were set aside."""
    found = [_apart(first, second, _MOST_GENERATIONS) for first, second in product(one, two)]
    if not found or None in found:
        return None
    return "part" if "part" in found else "whole"


def _apart(one: Root, two: Root, left: int) -> Literal["whole", "part"] | None:
    if one is two or not left:
        return None
    if one.split is not None and one.split == two.split and one.side != two.side:
        return "whole"
    if two.parents and None not in (found := [_apart(one, parent, left - 1) for parent in two.parents]):
        return "part" if "part" in found else "whole"
    if one.parents and None not in (found := [_apart(parent, two, left - 1) for parent in one.parents]):
        return "part" if "part" in found or one.how != "split" else "whole"
    return None


def family(roots: frozenset[Root]) -> frozenset[Root]:
    """Return roots and all that they come from."""
    found, todo = set(roots), list(roots)
    while todo:
        for parent in todo.pop().parents:
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    return frozenset(found)


_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_VALIDATION = frozenset({"val", "valid", "validation", "dev"})
_TEST = frozenset({"test", "tst", "te", "holdout", "hold", "heldout", "unseen", "oos"}) | _VALIDATION
_TRAIN = frozenset({"train", "training", "tr", "trn", "fit"})


def purpose(text: str) -> Literal["train", "test", "validation"] | None:
    """Return what the names in a text say that data is for; None if nothing, or different things.

    >>> purpose("X_test, y_test"), purpose("x_val"), purpose("XTrain"), purpose("X"), purpose("contest")
    ('test', 'validation', 'train', None, None)
    """
    words = {word.lower() for word in _WORDS.findall(text)}
    said = [
        name for name, known in (("train", _TRAIN), ("test", _TEST - _VALIDATION), ("validation", _VALIDATION)) if words & known
    ]
    return said[0] if len(said) == 1 else None  # type: ignore[return-value]  # one of the three
