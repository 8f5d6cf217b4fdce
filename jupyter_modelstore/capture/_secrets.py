"""The source of a cell without its secrets, before anything of it is kept.

Four questions are asked of a cell, from the surest to the boldest; the rooms behind them are in ``_masking``:

* Does it hold a secret that is known by its form: a token with a prefix, a private key, an address with a password? ``_forms``
* Does it hold the value of a secret environment variable, as it is or encoded?                                     ``_environ``
* Does a name say that its value is a secret?         ``_nodes`` in Python, ``_pairs`` in all other text; ``_names`` is judge
* Is a literal long, and drawn rather than written?                                                                   ``_names``

Python is read with its syntax tree and with ``_literals``, so that a mask never touches a quotation mark and the cell remains
Python. What cannot be read (other languages, commands, broken code) is searched as text. All is done again until nothing more
is found; so what was masked once stays as it is.

A missed secret is stored; a mask too many costs a word of a description. So what stands behind ``password`` is masked, whatever
it is. But a mask in every cell would teach to look past them: ``token`` and ``key`` are also words of data science, and there
the value has to look like a secret too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from jupyter_modelstore.capture._masking import _environ, _forms, _nodes, _pairs
from jupyter_modelstore.capture._masking._cell import Cell
from jupyter_modelstore.capture._masking._environ import Wanted
from jupyter_modelstore.capture._masking._forms import Span
from jupyter_modelstore.capture._masking._literals import Literal
from jupyter_modelstore.capture._masking._names import Says, identifies, is_opaque, is_opaque_base64, is_random, says
from jupyter_modelstore.capture._masking._pairs import Manner

__all__ = ["mask"]

_MOST_ROUNDS = 8
_TELLING = _pairs.PROGRAMS | _nodes.LOGINS
_NAME = re.compile(r"[^\W\d]\w*(?:-\w+)*")
_NAMED = re.compile(r"([\w.-]+)[\"']?\]?\s*(?::[^=\n]*)?[=:]\s*\Z")
_RUN = re.compile(r"[\w+/=.~:-]{16,}", re.ASCII)
# Literals that are put together, and escapes: behind these a secret may hide.
_TORN = re.compile(
    r"[\"'](?:[ \t+\\()]{0,20}(?:#[^\n\r]*)?[\s\\+()]{1,200}[rbfuRBFU]{0,2}[\"'](?=[\w-])|(?<=\w[\"'])[\"'](?=\w))"
)
_ESCAPED = re.compile(r"\\[xuUN0-7\n\r]")
_BREAKS = re.compile(r"\\?(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")
_MASK = "***"
_MOST_JOINED = 100_000

Finding = Sequence[Span]  # the parts of one secret


def mask(text: str, environ: Mapping[str, str]) -> tuple[str, int]:
    """Return the source of a cell with its secrets masked, and how many were masked."""
    values = _environ.wanted(environ)
    count = 0
    for _ in range(_MOST_ROUNDS):
        text, found = _once(text, values)
        if not found:
            break
        count += found
    return text, count


def _once(text: str, values: Sequence[Wanted]) -> tuple[str, int]:
    seen = [*_forms.known(text), *_environ.occurrences(text, values)]
    if not seen and not _may_hold(text, values):
        return text, 0
    cell = Cell(text)
    findings = _findings(cell, seen, values)
    if not findings:
        return text, 0
    masked, count = _masked(cell, findings)
    if cell.tree is not None and count and Cell(masked).tree is None:
        return _masked(cell, findings, code=False)
    return masked, count


def _may_hold(text: str, values: Sequence[Wanted]) -> bool:
    """Tell whether a cell in which nothing is seen at once has to be read at all; most have not."""
    if _TORN.search(text) or _ESCAPED.search(text) or any(value.whole and value.text in text for value in values):
        return True
    names = set(_NAME.findall(text))
    if any(says(name) >= Says.UNUSUAL for name in names) or not _TELLING.isdisjoint(names):
        return True
    return any(is_random(run) or is_opaque(run) for run in _RUN.findall(text))


def _findings(cell: Cell, seen: Iterable[Span], values: Sequence[Wanted]) -> list[Finding]:
    findings: list[Finding] = [[span] for span in (*seen, *_plain_to_see(cell, values))]
    if cell.tree is not None:
        findings += _in_tree(cell, cell.tree)
    touched = {cell.home(start) for finding in findings for start, _ in finding}
    for group in cell.adjacent():
        findings += _together(cell, group, values, touched)
    return findings


def _plain_to_see(cell: Cell, values: Sequence[Wanted]) -> Iterator[Span]:
    """Yield what can be seen in the text as it is written, besides what is known by its form or its value."""
    text = cell.text
    for start, end, manner in cell.stretches():
        yield from _pairs.pairs(text, start, end, manner)
        if manner is Manner.STRING:
            yield from _forms.quoted_password(text, start, end)
    words = {value.text for value in values if value.whole}
    for literal in cell.places.literals:
        written = text[literal.body : literal.stop]
        if written in words or (not literal.fields and is_opaque_base64(written) and not _identifies(text, literal.start)):
            yield literal.body, literal.stop


def _identifies(text: str, start: int) -> bool:
    """Tell whether what stands before a literal says that it is a hash or the number of something."""
    found = _NAMED.search(text[max(start - 100, 0) : start])
    return found is not None and identifies(found[1])


def _in_tree(cell: Cell, tree: ast.AST) -> Iterator[Finding]:
    """Yield what is secret by its name in Python."""
    for nodes in _nodes.secret_values(tree):
        spans: list[Span] = []
        for node in nodes:
            literals = cell.literals(node)
            spans += [piece for literal in literals for piece in literal.pieces()] if literals else [cell.span(node)]
        yield spans


def _together(
    cell: Cell, group: Sequence[Literal], values: Sequence[Wanted], touched: Collection[Literal | None]
) -> Iterator[Finding]:
    """Yield secrets that only show when literals are put together, or when their escapes are read."""
    texts = [cell.plain(literal) for literal in group]
    escaped = [len(text) != literal.stop - literal.body for literal, text in zip(group, texts, strict=True)]
    joined = "".join(texts)
    if (len(group) == 1 and not escaped[0]) or len(joined) > _MOST_JOINED:
        return
    spans = [*_forms.known(joined), *_environ.occurrences(joined, values), *_pairs.pairs(joined, 0, len(joined), Manner.STRING)]
    if is_opaque_base64(joined):
        spans.append((0, len(joined)))
    for span in spans:
        parts = list(_written(group, texts, span))
        index = parts[0][0]
        # What is seen without reading escapes is masked first, and exactly; then the literal is read again.
        later = len(parts) == 1 and escaped[index] and group[index] in touched and joined[slice(*span)] in cell.text
        if not later:
            yield [part for _, part in parts]


def _written(group: Sequence[Literal], texts: Sequence[str], span: Span) -> Iterator[tuple[int, Span]]:
    """Yield in which literals, and where, a part of their joined text is written; one with escapes counts as a whole."""
    offset = 0
    for index, (literal, text) in enumerate(zip(group, texts, strict=True)):
        left, right = max(span[0] - offset, 0), min(span[1] - offset, len(text))
        offset += len(text)
        if left < right:
            as_it_is = len(text) == literal.stop - literal.body
            yield index, (literal.body + left, literal.body + right) if as_it_is else (literal.body, literal.stop)


def _masked(cell: Cell, findings: Iterable[Finding], *, code: bool = True) -> tuple[str, int]:
    """Return the text with all findings masked, and how many they were; those that overlap are one."""
    parts, count, last = [], 0, 0
    for start, end, new in _merged(_pieces(cell, findings, code=code)):
        old = cell.text[start:end]
        put = _put(old) if cell.within(start, end) else _put_in_code(old)
        count += new and put != old
        parts += [cell.text[last:start], put]
        last = end
    return "".join([*parts, cell.text[last:]]), count


def _pieces(cell: Cell, findings: Iterable[Finding], *, code: bool) -> Iterator[tuple[int, int, bool]]:
    """Yield what is to be replaced, and whether it is the first of a finding."""
    for finding in findings:
        parts = [part for span in finding for part in cell.within(*span)]
        if len(parts) > 1:
            parts = [part for part in parts if any(map(str.isalnum, cell.text[slice(*part)]))]
        elif not parts and code and cell.tree is not None:
            parts = list(finding)
        for index, (start, end) in enumerate(parts):
            yield start, end, index == 0


def _merged(pieces: Iterable[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    merged: list[tuple[int, int, bool]] = []
    for start, end, new in sorted(pieces):
        if merged and start < merged[-1][1]:
            before = merged[-1]
            merged[-1] = (before[0], max(before[1], end), before[2] or new)
        else:
            merged.append((start, end, new))
    return merged


def _put(old: str, sign: str = _MASK) -> str:
    """Return the mask; lines remain as many as they were."""
    put = sign
    for found in _BREAKS.findall(old):
        # A line feed behind a return would make one break of two; so at the end, where one may follow.
        put += sign + found if put.endswith("\r") and found == "\n" else found
    return put + sign if put.endswith("\r") else put


def _put_in_code(old: str) -> str:
    """Return a mask that Python can read where no string is: for a number a text, for a name a name."""
    return f'"{_MASK}"' if old.isdecimal() else _put(old, "___")
