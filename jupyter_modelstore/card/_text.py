"""A card as plain text: at most 100 columns as a terminal counts them, columns aligned also for wide characters.

Lines to type and source text may be longer: broken, they could not be pasted.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_modelstore.card._blocks import CLOSE, Bit, Block, Code, Doc, Facts, Grid, Group, Line, Note, Section, Table
from jupyter_modelstore.card._words import LONG, fit, line, pad, source, width

WIDTH = 100
_GAP = "  "
_LEAST = 6  # no column is made narrower than this
_COMFORT = 16  # rather than make all columns narrower than this, a table is broken in two
_SMALL = 12  # other columns give way down to this, before those to keep do
_FIRST = 32
_MARK = "≠"
_STAY = "\xa0"  # a space of code, at which no line is broken; texts that passed line() hold none


def to_text(doc: Doc) -> str:
    """Return a card as lines of text, without a line feed at the end."""
    title, aside = _join(doc.title), line(doc.aside)
    both = f"{title} · {aside}" if aside else title
    lines = [both] if width(both) <= WIDTH else [*_wrap(title, WIDTH, "    "), *([f"  {aside}"] if aside else [])]
    return "\n".join([*map(_tidy, lines), *(text for block in doc.blocks for text in _block(block, 0))])


def _tidy(text: str) -> str:
    return text.rstrip().replace(_STAY, " ")


def _block(block: Block, depth: int) -> list[str]:
    if isinstance(block, Section):
        inner = [text for item in block.blocks for text in _block(item, depth + 1)]
        return ["", _GAP * depth + line(block.title), *inner[inner[:1] == [""] :]]
    indent = _GAP * max(depth, 1)
    if isinstance(block, Code):
        return [indent + "  " + source(text) if text else "" for text in block.lines]
    if isinstance(block, Facts):
        lines = _facts(block, indent)
    elif isinstance(block, Note):
        lines = [indent + text for text in _wrap(_join(block.line), WIDTH - len(indent), "")]
    else:
        table = block.table if isinstance(block, Grid) else block
        lines = [indent + text for text in _table(table, WIDTH - len(indent))]
    return [_tidy(text) for text in lines]


def _bit(bit: Bit) -> str:
    text = line(bit.text, LONG).replace(" ", _STAY) if bit.kind == "code" else line(bit.text, LONG)
    text = (
        f"@{text}" if bit.kind == "alias" else f"#{text}" if bit.kind == "tag" else f"({text})" if bit.kind == "badge" else text
    )
    # A line to type stays behind what introduces it.
    return (_STAY if bit.kind == "code" else " ").join(part for part in (line(bit.label), text, line(bit.note)) if part)


def _join(bits: Line) -> str:
    text = ""
    for bit in bits:
        text += (" " if bit.kind in CLOSE else " · ") + _bit(bit) if text else _bit(bit)
    return text


def _facts(facts: Facts, indent: str) -> list[str]:
    labels = [fit(line(label), _FIRST) for label, _ in facts.rows]
    column = max((width(label) for label in labels), default=0)
    lines = []
    for label, (_, bits) in zip(labels, facts.rows, strict=True):
        start = indent + pad(label, column) + _GAP
        room = WIDTH - width(start)
        parts = _wrap(_join(bits), room, "") or [""]
        if facts.brief and not any(bit.kind == "code" for bit in bits):
            parts = [*parts[:1], *([fit(" ".join(parts[1:]), room)] if parts[1:] else [])]
        lines += [start + parts[0], *(" " * width(start) + part for part in parts[1:])]
    return lines


def _wrap(text: str, room: int, indent: str) -> list[str]:
    """Return ``text`` broken at spaces into lines of ``room`` columns; a longer word is broken where it must be.

    A line to type is never broken, since it could not be copied.
    """
    lines: list[str] = []
    now = ""
    for word in text.split(" "):
        if now.strip() and width(now) + 1 + width(word) > room:
            lines.append(now)
            now = indent
        now += (" " if now.strip() else "") + word
        while width(now) > room and _STAY not in word:
            cut = _cut(now, room)
            lines.append(now[:cut])
            now = indent + now[cut:]
    return [*lines, now] if now.strip() else lines


def _cut(text: str, room: int) -> int:
    return next((cut for cut in range(min(len(text), room), 1, -1) if width(text[:cut]) <= room), 1)


def _table(table: Table, room: int) -> list[str]:
    """Return a table; one that is too wide comes in several, each with the first column."""
    mark = 2 if table.marks else 0
    natural = _natural(table)
    natural[0] = min(natural[0], _FIRST)
    parts, used = [[0]], mark + natural[0]
    for column in range(1, len(table.head)):
        need = len(_GAP) + (min(natural[column], _COMFORT) if table.marks else _LEAST)
        if used + need > room and len(parts[-1]) > 1:
            parts.append([0])
            used = mark + natural[0]
        parts[-1].append(column)
        used += need
    lines: list[str] = []
    for part in parts:
        lines += ([""] if lines else []) + _columns(table, part, _shrink(natural, part, room - mark, table.keep))
    return lines


def _natural(table: Table) -> list[int]:
    widths = [width(line(title)) for title in table.head]
    for group in table.groups:
        for cells, _ in group.rows:
            widths = [max(old, width(_join(cell))) for old, cell in zip(widths, cells, strict=True)]
    return widths


def _shrink(natural: Sequence[int], part: Sequence[int], room: int, keep: Sequence[int]) -> dict[int, int]:
    """Return the columns' widths, taking from the widest until all fit; from those to ``keep`` last."""
    widths = {column: min(natural[column], room) for column in part}
    spare = room - len(_GAP) * (len(part) - 1)
    while sum(widths.values()) > spare:
        large = [column for column in part if column not in keep and widths[column] > _SMALL] or part
        widest = max(large, key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _columns(table: Table, part: Sequence[int], widths: dict[int, int]) -> list[str]:
    def row(texts: Sequence[str], mark: str) -> str:
        cells = [pad(fit(text, widths[at]), widths[at], right=at in table.right) for at, text in zip(part, texts, strict=True)]
        return (f"{mark:2}" if table.marks else "") + _GAP.join(cells)

    lines = [row([line(table.head[at]) for at in part], "")]
    for group in table.groups:
        lines += _titled(group)
        for cells, marked in group.rows:
            lines.append(row([_join(cells[at]) for at in part], _MARK if marked else ""))
    return lines


def _titled(group: Group) -> list[str]:
    return [line(group.title)] if group.title else []
