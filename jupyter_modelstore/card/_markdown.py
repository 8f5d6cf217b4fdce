r"""A card as Markdown in which no text of a record can become markup.

Characters with a meaning in CommonMark, GitHub's and Jupyter's Markdown are escaped: ``\ $ & < > |`` and the backtick as
entities (a backslash before them would still be seen by table and formula parsers), the others by a backslash. Source text
stands between fences that are longer than any row of backticks in it, so that no line of it can end the block.
"""

from __future__ import annotations

import re

from jupyter_modelstore.card._blocks import CLOSE, Bit, Block, Code, Doc, Facts, Grid, Group, Line, Note, Section, Table
from jupyter_modelstore.card._words import LONG, line, source

_ENTITIES = {char: f"&#{ord(char)};" for char in "\\$&<>|`"}
_ESCAPED = str.maketrans(_ENTITIES | {char: f"\\{char}" for char in "*_{}[]#!~^=:@"})
_AT_START = re.compile(r"\A(?:[-+]|\d+(?=[.)](?:\s|\Z)))")
_CODE = re.compile(r"[^`|\\$<>&]+")
_FENCE = re.compile(r"`{3,}")
_WWW = re.compile(r"(www)\.", re.IGNORECASE)


def escape(text: str) -> str:
    """Return one line of text in which nothing is Markdown."""
    safe = _WWW.sub(r"\1\\.", line(text, LONG).translate(_ESCAPED))
    if start := _AT_START.match(safe):
        sign = start[0]
        safe = f"\\{safe}" if sign in "-+" else f"{sign}\\{safe[len(sign) :]}"
    return safe


def to_markdown(doc: Doc) -> str:
    """Return a card as Markdown, with a heading of the first level."""
    parts = [f"# {_join(doc.title)}", escape(doc.aside)]
    parts += [_block(block) for block in doc.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block, level: int = 2) -> str:
    if isinstance(block, Facts):
        return _pipes(("", ""), [(escape(label), _join(bits)) for label, bits in block.rows]) if block.rows else ""
    if isinstance(block, Note):
        return _join(block.line)
    if isinstance(block, Code):
        return _fenced([source(text) for text in block.lines])
    if isinstance(block, Section):
        parts = [f"{'#' * level} {escape(block.title)}", *(_block(item, level + 1) for item in block.blocks)]
        return "\n\n".join(part for part in parts if part)
    table = block.table if isinstance(block, Grid) else block
    head = (*(["differs"] if table.marks else []), *(escape(title) for title in table.head))
    return _pipes(head, [row for group in table.groups for row in _rows(table, group)])


def _fenced(lines: list[str]) -> str:
    longest = max((len(ticks) for text in lines for ticks in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return "\n".join([f"{fence}python", *lines, fence])


def _rows(table: Table, group: Group) -> list[tuple[str, ...]]:
    mark = [""] if table.marks else []
    title = [(*mark, f"**{escape(group.title)}**", *([""] * (len(table.head) - 1)))] if group.title else []
    rows = [
        (*(["≠" if marked else ""] if table.marks else []), *(_join(cell) for cell in cells)) for cells, marked in group.rows
    ]
    return [*title, *rows]


def _pipes(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _join(bits: Line) -> str:
    text = ""
    for bit in bits:
        text += (" " if bit.kind in CLOSE - {"tag", "alias"} else " · ") + _bit(bit) if text else _bit(bit)
    return text


def _bit(bit: Bit) -> str:
    clean = line(bit.text, LONG)
    text = f"`{clean}`" if bit.kind in {"code", "name"} and _CODE.fullmatch(clean) else escape(clean)
    text = f"**{text}**" if bit.kind in {"strong", "badge"} and text else text
    return " ".join(part for part in (escape(bit.label), text, escape(bit.note)) if part)
