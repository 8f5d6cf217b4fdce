"""Where the strings and the comments of a cell stand, read by hand.

Python's ``tokenize`` stops at what IPython adds and at broken code, tells f-strings differently in each version, and is slow in
some. What has to be known here is little: where a literal's text begins and ends, which parts of an f-string are code, where
comments are, and which lines are commands (``!pip``, ``%env``). One pass over the text, with a stack for f-strings inside
f-strings; broken text gives what can be seen of it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# Single characters are found fastest; what they mean is looked at when they are found.
_IN_CODE = re.compile(r"[#'\"]")
_IN_CELL = re.compile(r"[#'\"!%?]")
_IN_FIELD = re.compile(r"[#'\"\[({})\]:]")
_COMMENT = re.compile(r"[^\n\r]*")
_COMMAND = re.compile(r"[^\n\r\\]*(?:\\(?:\r\n|[\s\S])[^\n\r\\]*)*")  # with the lines that a backslash continues
_PREFIX = re.compile(r"(?<!\w)[rRbBuUfFtT]{1,2}\Z")
_STARTS_LINE = re.compile(r"(?:^|[\n\r])[ \t]*\Z")
_ASSIGNED = re.compile(r"(?<![=!<>])=[ \t]*\Z")
_IN_SPEC = re.compile(r"[{}]")


class Literal(NamedTuple):
    """A literal: from its prefix to behind its closing quotes; its text; the fields of an f-string."""

    start: int
    end: int
    body: int
    stop: int
    raw: bool
    fields: tuple[tuple[int, int], ...]
    inner: bool  # stands in a field of another

    def pieces(self) -> list[tuple[int, int]]:
        """Return the text without the fields."""
        edges = [self.body, *(edge for field in self.fields for edge in field), self.stop]
        return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


class Places(NamedTuple):
    """What a cell is made of besides code."""

    literals: list[Literal]
    comments: list[tuple[int, int]]
    commands: list[tuple[int, int]]


def places(text: str, *, commands: bool) -> Places:
    """Read a cell; lines that are IPython's are found only if asked for: ``% x`` may go on an expression of Python's."""
    scanner = _Scanner(text, commands=commands)
    pos = 0
    while pos < len(text):
        top = scanner.stack[-1] if scanner.stack else None
        pos = scanner.in_string(top, pos) if isinstance(top, _Open) else scanner.in_code(top, pos)
    while scanner.stack:
        top = scanner.stack.pop()
        if isinstance(top, _Open):
            scanner.close(top, len(text), len(text))
    return Places(sorted(scanner.literals), scanner.comments, scanner.commands)


class _Open:
    """A literal that is being read."""

    def __init__(self, start: int, prefix: str, quote: str) -> None:
        self.start = start
        self.body = start + len(prefix) + len(quote)
        self.quote = quote
        self.raw = "r" in prefix
        self.next = _ends(quote, formatted=not {"f", "t"}.isdisjoint(prefix), raw=self.raw)
        self.fields: list[tuple[int, int]] = []


class _Field:
    """A field of an f-string: an expression, then perhaps how to write it."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.depth = 0
        self.spec = False


class _Scanner:
    def __init__(self, text: str, *, commands: bool) -> None:
        self.text = text
        self.code = _IN_CELL if commands else _IN_CODE
        self.stack: list[_Open | _Field] = []
        self.literals: list[Literal] = []
        self.comments: list[tuple[int, int]] = []
        self.commands: list[tuple[int, int]] = []

    def in_code(self, field: _Field | _Open | None, pos: int) -> int:
        """Go to the next string, comment or command; in a field also to its end."""
        if isinstance(field, _Field) and field.spec:
            return self._in_spec(field, pos)
        found = (_IN_FIELD if field else self.code).search(self.text, pos)
        if found is None:
            return len(self.text)
        sign, start = found[0], found.start()
        if sign == "#":
            end = self._rest(_COMMENT, start)
            self.comments.append((start, end))
            return end
        if sign in "'\"":
            return self._open(start)
        if isinstance(field, _Field):
            self._bracket(field, sign, start + 1)
        elif self._is_command(sign, start):
            end = self._rest(_COMMAND, start)
            self.commands.append((start, end))
            return end
        return start + 1

    def _rest(self, pattern: re.Pattern[str], start: int) -> int:
        found = pattern.match(self.text, start)
        return found.end() if found else start

    def _open(self, start: int) -> int:
        sign = self.text[start]
        quote = sign * 3 if self.text.startswith(sign * 3, start) else sign
        found = _PREFIX.search(self.text[max(start - 3, 0) : start])
        prefix = found[0] if found else ""
        self.stack.append(_Open(start - len(prefix), prefix.lower(), quote))
        return start + len(quote)

    def _is_command(self, sign: str, start: int) -> bool:
        """Tell ``!pip`` and ``x = %who`` from ``a != b`` and ``a % b``."""
        before = self.text[max(start - 200, 0) : start]
        if _ASSIGNED.search(before):
            return sign != "?"
        follows = self.text[start + 1 : start + 3].lstrip("%")
        return _STARTS_LINE.search(before) is not None and (sign != "%" or follows[:1].isalpha())

    def _bracket(self, field: _Field, bracket: str, end: int) -> None:
        if bracket == ":":
            field.spec = not field.depth
        elif bracket in "[({":
            field.depth += 1
        elif field.depth:
            field.depth -= 1
        elif bracket == "}":
            self._leave(field, end)

    def _in_spec(self, field: _Field, pos: int) -> int:
        found = _IN_SPEC.search(self.text, pos)
        if found is None:
            return len(self.text)
        if found[0] == "{":
            self.stack.append(_Field(found.start()))
        else:
            self._leave(field, found.end())
        return found.end()

    def _leave(self, field: _Field, end: int) -> None:
        self.stack.pop()
        if isinstance(self.stack[-1], _Open):  # else a field in how to write another
            self.stack[-1].fields.append((field.start, end))

    def in_string(self, literal: _Open, pos: int) -> int:
        """Go to the end of the literal, or to its next field."""
        found = literal.next.search(self.text, pos)
        if found is None:
            return len(self.text)
        if found[0] == literal.quote:
            self.stack.pop()
            self.close(literal, found.start(), found.end())
        elif found[0] in {"\n", "\r"}:  # never closed
            self.stack.pop()
            self.close(literal, found.start(), found.start())
        elif found[0] == "{":
            self.stack.append(_Field(found.start()))
        return found.end()

    def close(self, literal: _Open, stop: int, end: int) -> None:
        """Note a literal; what was never closed ends with its line, or with the cell."""
        inner = any(isinstance(outer, _Open) for outer in self.stack)
        body = min(literal.body, stop)
        self.literals.append(Literal(literal.start, end, body, stop, literal.raw, tuple(literal.fields), inner))


@lru_cache
def _ends(quote: str, *, formatted: bool, raw: bool) -> re.Pattern[str]:
    """Return what to look for in a literal's text: its end, what a backslash protects, and fields."""
    line = "" if len(quote) > 1 else r"|[\n\r]"
    if not formatted:
        return re.compile(rf"\\(?:\r\n|[\s\S])|{quote}{line}")
    named = "" if raw else r"\\N\{[^{}\n]*\}|"
    return re.compile(rf"{named}\\(?:\r\n|[^{{}}])|\{{\{{|\}}\}}|\{{|{quote}{line}")
