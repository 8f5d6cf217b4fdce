"""What a card consists of, before it is text, HTML or Markdown.

A :class:`Doc` is a title and blocks; a block holds lines; a line holds bits of plain text, each of one kind. Nothing here
is markup: the three renderers turn every bit into their own safe form, so that no builder can forget to escape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeAlias

Kind = Literal["", "strong", "muted", "code", "name", "chip", "tag", "alias", "badge", "more", "warn"]
"""``code`` is a line to type, which a terminal words otherwise; ``name`` looks the same and is what a record says."""


@dataclass(frozen=True, slots=True)
class Bit:
    """A short text of one kind; ``label`` stands before it and ``note`` after it: a chip ``auc 0.93 test``."""

    text: str
    kind: Kind = ""
    label: str = ""
    note: str = ""


CLOSE: frozenset[Kind] = frozenset({"badge", "tag", "alias", "more"})
"""Kinds that follow what stands before them without a dot between."""

Line: TypeAlias = tuple[Bit, ...]
"""Bits in a row, with `` · `` between them."""


def plain(*texts: str) -> Line:
    """Return a line of plain texts, without the empty ones."""
    return tuple(Bit(text) for text in texts if text)


def of_kind(kind: Kind, *texts: str) -> Line:
    """Return a line of texts of one kind, without the empty ones."""
    return tuple(Bit(text, kind) for text in texts if text)


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with their lines; one without label goes on with the one before. ``brief``: as text, two lines each at most."""

    rows: tuple[tuple[str, Line], ...]
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One line by itself."""

    line: Line


@dataclass(frozen=True, slots=True)
class Code:
    """Source text as it was run, ready to be pasted: no line is cut, broken or trimmed."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a table under a heading (or none): each the cells, and whether it is marked as differing."""

    title: str
    rows: tuple[tuple[tuple[Line, ...], bool], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with a head.

    ``marks``: rows can be marked as differing. ``right``: columns of numbers. ``keep``: columns that are shortened last.
    """

    name: str
    head: tuple[str, ...]
    groups: tuple[Group, ...]
    marks: bool = False
    right: tuple[int, ...] = ()
    keep: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One small card of a grid."""

    title: Line
    lines: tuple[Line, ...]
    foot: Line


@dataclass(frozen=True, slots=True)
class Grid:
    """Small cards side by side; as text and Markdown, the same as a table."""

    items: tuple[Item, ...]
    table: Table


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks, or sections of a lower level, under a heading; ``folded``: the HTML shows them on a click."""

    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


Block: TypeAlias = "Facts | Note | Code | Table | Grid | Section"


@dataclass(frozen=True, slots=True)
class Doc:
    """A whole card: title, what stands beside it in small, and blocks."""

    title: Line
    aside: str = ""
    blocks: tuple[Block, ...] = field(default=())


def retyped(part: Any, say: Callable[[str], str]) -> Any:  # noqa: ANN401 (a document or any part of one)
    """Return a document with its lines to type, and its hints, in other words; what a record says stays as it is."""
    if isinstance(part, Bit):
        return replace(part, text=say(part.text)) if part.kind in {"code", "muted"} else part
    if isinstance(part, tuple):
        return tuple(retyped(item, say) for item in part)
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{each.name: retyped(getattr(part, each.name), say) for each in fields(part)})
    return part
