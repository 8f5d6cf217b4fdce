"""A cell as stretches of text: what is code, what is a string, a comment or a command, and where a mask may stand."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from jupyter_modelstore.capture._masking._forms import Span
from jupyter_modelstore.capture._masking._literals import Literal, Places, places
from jupyter_modelstore.capture._masking._names import words
from jupyter_modelstore.capture._masking._nodes import parse
from jupyter_modelstore.capture._masking._pairs import Manner

_MOST_PARSED = 300_000
_CELL_MAGIC = re.compile(r"\s*%%(!|\w+)([^\n\r]*)")
_PYTHON = words("time timeit capture prun memit mprun lprun python python3 cython")
_OTHERS = words("! bash sh script cmd html js javascript latex markdown svg perl ruby r sql bigquery sx system env")
_SHELL = re.compile(r"!|%(?:set_env|env|sx|system|sql|bash|sh|conda|pip|cd|git|dotenv)\b")
_ESCAPE = re.compile(r"\\[xuUN0-7\n\r]")  # the others hide nothing
_BETWEEN = re.compile(r"(?:[\s+\\()]|#[^\n]*\n)*")
_MOST_BETWEEN = 500


class Stretch(NamedTuple):
    """A part of a cell that is read as text."""

    start: int
    end: int
    manner: Manner


class Cell:
    """A cell, read as far as it can be read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree: ast.AST | None = None
        self.places = Places([], [], [])
        magic = _CELL_MAGIC.match(text)
        self.foreign = magic is not None and not _may_be_python(magic)
        if not self.foreign:
            self._read()
            self.foreign = self.tree is None and magic is not None and magic[1] not in _PYTHON

    def _read(self) -> None:
        if len(self.text) <= _MOST_PARSED:
            self.tree = parse(self.text)
        self.places = places(self.text, commands=self.tree is None)
        if self.tree is None and self.places.commands and len(self.text) <= _MOST_PARSED:
            self.tree = parse(_without(self.text, self.places.commands))

    def stretches(self) -> Iterator[Stretch]:
        """Yield the parts of the cell that are to be read as text."""
        if self.foreign:
            yield Stretch(0, len(self.text), Manner.COMMAND)
            return
        if self.tree is None:
            yield Stretch(0, len(self.text), Manner.CODE)
        else:
            yield from (Stretch(start, end, Manner.CODE) for start, end in self.places.comments)
        for start, end in self.places.commands:
            yield Stretch(start, end, Manner.COMMAND if _SHELL.match(self.text, start) else Manner.CODE)
        yield from (Stretch(literal.body, literal.stop, Manner.STRING) for literal in self.outer)

    @cached_property
    def outer(self) -> list[Literal]:
        """Literals that stand in no other one."""
        return [literal for literal in self.places.literals if not literal.inner]

    @cached_property
    def _starts(self) -> list[int]:
        return [literal.start for literal in self.outer]

    @cached_property
    def _open(self) -> list[Span]:
        """Where a mask may stand without harm to the code."""
        if self.tree is None:
            return [(0, len(self.text))]
        texts = [piece for literal in self.places.literals for piece in literal.pieces()]
        others = [(start + 1, end) for start, end in (*self.places.comments, *self.places.commands)]  # behind # and !
        return sorted([*texts, *others])

    def within(self, start: int, end: int) -> list[Span]:
        """Return what of a span may be masked: what is no quotation mark and no code."""
        first = max(bisect_right(self._open, (start, len(self.text) + 1)) - 1, 0)
        found = []
        for index in range(first, len(self._open)):
            opens, closes = self._open[index]
            if opens >= end:
                break
            left, right = max(start, opens), min(end, closes)
            while left < right < closes and self.text[right - 1] == "\\":
                right -= 1  # it protects what comes behind
            if left < right:
                found.append((left, right))
        return found

    def literals(self, node: ast.AST) -> list[Literal]:
        """Return the literals that a string of the syntax tree is written with."""
        start, end = self.span(node)
        first = bisect_left(self._starts, start)
        return self.outer[first : bisect_left(self._starts, end)]

    def home(self, offset: int) -> Literal | None:
        """Return the outermost literal in which a place is."""
        index = bisect_right(self._starts, offset) - 1
        return self.outer[index] if index >= 0 and offset < self.outer[index].end else None

    def plain(self, literal: Literal) -> str:
        """Return what a literal says; as it is written, if that cannot be told."""
        written = self.text[literal.body : literal.stop]
        if literal.raw or literal.fields or not _ESCAPE.search(written):
            return written
        try:
            value = ast.literal_eval(self.text[literal.start : literal.end])
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return written
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)

    def span(self, node: ast.AST) -> Span:
        """Return where a node stands; the tree counts bytes."""
        place = vars(node)
        return self._offset(place["lineno"], place["col_offset"]), self._offset(place["end_lineno"], place["end_col_offset"])

    def _offset(self, line: int, column: int) -> int:
        start, end = self._lines[line - 1 : line + 1]
        if self.text.isascii():
            return start + column
        return start + len(self.text[start:end].encode()[:column].decode(errors="ignore"))

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", self.text)), len(self.text) + 1]

    def adjacent(self) -> Iterator[list[Literal]]:
        """Yield the literals that make one text: ``"a" "b"``, ``"a" + "b"``, also a single one."""
        group: list[Literal] = []
        for literal in self.outer:
            if group:
                gap = self.text[group[-1].end : literal.start]
                if len(gap) > _MOST_BETWEEN or not _BETWEEN.fullmatch(gap):
                    yield group
                    group = []
            group.append(literal)
        if group:
            yield group


def _may_be_python(magic: re.Match[str]) -> bool:
    name, rest = magic[1].lower(), magic[2]
    if name in {"writefile", "file"}:
        return rest.strip().strip("\"'").endswith(".py")
    return name not in _OTHERS


def _without(text: str, commands: Iterable[Span]) -> str:
    """Return a cell with a 0 in the place of each command, every other character where it was."""
    parts, last = [], 0
    for start, end in commands:
        rest = re.sub(r"[^\n\r]", "#", text[start + 1 : end])
        parts += [text[last:start], "0", rest]
        last = end
    return "".join([*parts, text[last:]])
