"""A card as static HTML: no script, no outside resource, no id, no handler; every text escaped in the one place below.

An element is made by :func:`_tag`, whose children are :class:`_Html` (made here) or plain text (escaped here). So markup
can only come from this file. The colours and fonts are those of the host: VS Code's variables, then Jupyter's, then what
the page inherits; greys are transparent, so that they suit light and dark. Without the style sheet (a notebook that is not
trusted, or one shown by GitHub) the same elements read well as plain tables and lines.
"""

from __future__ import annotations

from html import escape

from jupyter_modelstore.card._blocks import CLOSE, Bit, Block, Code, Doc, Facts, Grid, Group, Item, Line, Note, Section, Table
from jupyter_modelstore.card._style import STYLE
from jupyter_modelstore.card._words import LONG, line, source

_FIRST_LEVEL = 4  # of headings: a notebook's own come before


class _Html(str):
    """Markup that was made here."""

    __slots__ = ()


def to_html(doc: Doc, *, small: bool = False) -> str:
    """Return a card as one element with its style.

    Parameters
    ----------
    doc
        The card.
    small
        Draw a border around all of it, and keep it narrow.
    """
    aside = _tag("span", doc.aside, cls="aside") if doc.aside else _Html()
    head = _tag("p", _line(doc.title), _Html(" " if aside else ""), aside, cls="head")
    body = _tag("div", head, *(_block(block) for block in doc.blocks), cls="box small" if small else "body")
    return _Html(f'<div class="jms-c"><style>{STYLE}</style>{body}</div>')


def _tag(name: str, *children: str, cls: str = "", **attributes: str) -> _Html:
    """Return an element; a child that is no :class:`_Html` is text, and is escaped."""
    classes = " ".join(f"jms-{part}" for part in cls.split())
    given = ({"class": classes} if classes else {}) | {key.replace("_", "-"): value for key, value in attributes.items()}
    inner = "".join(child if isinstance(child, _Html) else escape(line(child, LONG), quote=True) for child in children)
    said = "".join(f' {key}="{escape(value, quote=True)}"' for key, value in given.items())
    return _Html(f"<{name}{said}>{inner}</{name}>")


def _bit(bit: Bit) -> _Html:
    before = _Html(_tag("span", bit.label, cls="muted") + (" " if bit.text else "")) if bit.label else _Html()
    after = _Html(" " + _tag("span", bit.note, cls="muted")) if bit.note else _Html()
    if bit.kind in {"code", "name"}:
        return _Html(before + _tag("code", bit.text) + after)
    if not bit.kind:
        return _Html(before + _tag("span", bit.text) + after)
    text = f"@{bit.text}" if bit.kind == "alias" else bit.text
    return _tag("span", before, text, after, cls=bit.kind)


def _line(bits: Line) -> _Html:
    html = ""
    for last, bit in zip((None, *bits), bits, strict=False):
        if last is not None:
            close = bit.kind in CLOSE or bit.kind == last.kind == "chip"
            html += " " if close else f" {_tag('span', '·', cls='sep')} "
        html += _bit(bit)
    return _Html(html)


def _block(block: Block, level: int = _FIRST_LEVEL) -> _Html:
    if isinstance(block, Section):
        inner = [_block(item, level + 1) for item in block.blocks]
        sub = " sub" if level > _FIRST_LEVEL else ""
        if block.folded:
            return _tag("details", _tag("summary", block.title, cls=sub), *inner)
        return _Html("".join([_tag("p", block.title, cls=f"h{sub}", role="heading", aria_level=str(level)), *inner]))
    if isinstance(block, Grid):
        return _tag("div", *(_item(item) for item in block.items), cls="grid", role="list")
    if isinstance(block, Table):
        return _table(block)
    return _plain_block(block)


def _plain_block(block: Facts | Note | Code) -> _Html:
    if isinstance(block, Facts):
        rows = (_tag("tr", _label(label), _tag("td", _line(bits))) for label, bits in block.rows)
        return _tag("table", _tag("tbody", *rows), cls="facts")
    if isinstance(block, Note):
        return _tag("p", _line(block.line), cls="note")
    return _tag("pre", _Html("\n".join(escape(source(text), quote=True) for text in block.lines)))


def _label(label: str) -> _Html:
    return _tag("th", label, scope="row") if label else _tag("td")


def _item(item: Item) -> _Html:
    lines = (_tag("div", _line(bits)) for bits in item.lines if bits)
    foot = _tag("div", _line(item.foot), cls="foot")
    return _tag("div", _tag("div", _line(item.title), cls="title"), *lines, foot, cls="item", role="listitem")


def _table(table: Table) -> _Html:
    mark = [_tag("th", _tag("span", "differs", cls="sr"), scope="col", cls="mark")] if table.marks else []
    cells = (_tag("th", title, scope="col", **_side(table, at)) for at, title in enumerate(table.head))
    head = _tag("thead", _tag("tr", *mark, *cells))
    body = (_group(table, group) for group in table.groups)
    caption = _tag("caption", table.name, cls="sr")
    # A region that scrolls must be reachable by keyboard.
    return _tag("div", _tag("table", caption, head, *body), cls="wide", tabindex="0", role="region", aria_label=table.name)


def _group(table: Table, group: Group) -> _Html:
    columns = str(len(table.head) + table.marks)
    title = [_tag("tr", _tag("th", group.title, scope="rowgroup", colspan=columns), cls="group")] if group.title else []
    rows = (_row(table, cells, marked=marked) for cells, marked in group.rows)
    return _tag("tbody", *title, *rows)


def _row(table: Table, cells: tuple[Line, ...], *, marked: bool) -> _Html:
    sign = [_Html("≠"), _tag("span", "differs", cls="sr")] if marked else []
    mark = [_tag("td", *sign, cls="mark")] if table.marks else []
    first = _tag("th", _line(cells[0]), scope="row")
    rest = (_tag("td", _line(cell), **_side(table, at)) for at, cell in enumerate(cells[1:], 1))
    return _tag("tr", *mark, first, *rest, **({"cls": "differs"} if marked else {}))


def _side(table: Table, at: int) -> dict[str, str]:
    return {"cls": "right"} if at in table.right else {}
