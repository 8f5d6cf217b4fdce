"""Cards that show several models: many in a gallery, some side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from jupyter_modelstore.card import _reading as read
from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import (
    Bit,
    Block,
    Doc,
    Grid,
    Group,
    Item,
    Line,
    Note,
    Table,
    of_kind,
    plain,
)
from jupyter_modelstore.card._markdown import to_markdown
from jupyter_modelstore.card._model_card import record_markdown
from jupyter_modelstore.card._notices import statistics
from jupyter_modelstore.card._shown import Shown, shown
from jupyter_modelstore.record import Comparison, ModelRecord, Query, Row, Stats

_MOST_ROWS = 200


def markdown(what: ModelRecord | Comparison) -> str:
    """Return a model card, or a comparison, as Markdown, to be kept in a file. No text of a record can become markup in it."""
    return to_markdown(_comparison_doc(what, "")) if isinstance(what, Comparison) else record_markdown(what)


def gallery(
    records: Sequence[ModelRecord],
    stats: Stats,
    total: int,
    where: str,
    query: Query | None = None,
    pending: Sequence[ModelRecord] = (),
) -> Shown:
    """Return the models of a page, or what to do when there are none.

    Parameters
    ----------
    records
        The page.
    stats
        What the store holds.
    total
        How many models the query finds.
    where
        ``on this machine``.
    query
        What was asked for.
    pending
        Saves that have not arrived yet.
    """
    query = query or Query()
    title = of_kind("strong", "Trash" if query.deleted else "Models")
    blocks: list[Block] = [Note(_counted(stats, query, total))]
    if records:
        blocks.append(Grid(tuple(_item(record) for record in records), _models_table(records)))
        if total > len(records):
            blocks.append(Note(_narrow(len(records), total)))
    else:
        blocks.append(Note(_nothing(stats, query, total)))
    if pending:
        blocks.append(Note(_not_arrived(pending)))
    return shown(Doc(title, words.line(where), tuple(blocks)))


def _not_arrived(pending: Sequence[ModelRecord]) -> Line:
    """Name the saves that this machine keeps until they arrive."""
    named = [f"{record.model_name} (refused)" if record.refused else record.model_name for record in pending]
    names = words.some(list(dict.fromkeys(named)), 5)
    told = f"{words.count(len(pending), 'save')} kept on this machine and not arrived yet: {names}"
    return (*plain(told), Bit("%modelstore status", "code", "see"))


def _narrows(query: Query) -> bool:
    """Tell whether a query leaves something out of what its view, newest or all or trash, would show."""
    return replace(query, all_versions=False, deleted=False, sort="") != Query(sort="")


def _counted(stats: Stats, query: Query, total: int) -> Line:
    """Return what the view holds, and how much of it was found."""
    found = f"{words.number(total)} of " if _narrows(query) else ""
    if query.deleted:
        return plain(f"{found}{words.count(stats.trash, 'version')} in the trash", f"{words.size(stats.trash_bytes)} held")
    models, versions, *rest = statistics(stats)
    if not found:
        return (models, versions, *rest)
    view = versions if query.all_versions else models
    return (replace(view, text=found + view.text), *rest)


def _narrow(here: int, total: int) -> Line:
    return (
        Bit("-t tag", "code", f"{here} of {total} shown; narrow with words or"),
        Bit("--limit", "code", "or see more with"),
        Bit("--offset", "code", "or"),
    )


def _nothing(stats: Stats, query: Query, total: int) -> Line:
    if total:
        return (Bit("--offset", "code", f"There are {words.number(total)}; none is so far down. Give a smaller"),)
    asked = " ".join([query.words, *(f"-t {tag}" for tag in query.tags)]).strip()
    there = stats.trash if query.deleted else stats.models
    if _narrows(query) and there:
        missed = f"Nothing matches '{words.line(asked, 80)}'." if asked else "Nothing matches."
        every = "%models --trash" if query.deleted else "%models"
        return (Bit(every, "code", f"{missed} All {words.number(there)}:"),)
    if query.deleted:
        return plain("The trash is empty.")
    if stats.trash:
        return (Bit("%models --trash", "code", f"Nothing but {words.count(stats.trash, 'version')} in the trash:"),)
    return (Bit('%save_model clf "name"', "code", "No models yet. Keep one with"),)


def _item(record: ModelRecord) -> Item:
    title = (Bit(read.title(record), "strong"), *read.aliases(record))
    foot = plain(words.size(record.model_file_size), words.date(record.created_at))
    lines = (of_kind("muted", read.kind(record)), read.metrics(record, 3), read.tags(record, 3), _state(record))
    return Item(title, tuple(bits for bits in lines if bits), foot)


def _state(record: ModelRecord) -> Line:
    if record.status == "ready":
        return ()
    return of_kind("warn", "file missing" if record.status == "missing" else words.line(record.status, 40))


def _models_table(records: Sequence[ModelRecord]) -> Table:
    head = ("model", "algorithm", "metrics", "tags", "size", "saved")
    rows = []
    for record in records:
        name = (*plain(read.title(record)), *_state(record), *read.aliases(record))
        algorithm = plain(words.line(record.algorithm, 60) if record.algorithm else "")
        facts = (plain(words.size(record.model_file_size)), plain(words.day(record.created_at)))
        rows.append(((name, algorithm, read.metrics(record, 2), read.tags(record, 3), *facts), False))
    return Table("Models", head, (Group("", tuple(rows)),), right=(4,), keep=(0, 2, 4, 5))


_LABELS = {
    "model_type": "type",
    "target_column": "target",
    "training_samples": "training rows",
    "test_samples": "test rows",
    "training_time_seconds": "training time",
    "model_file_size": "size",
    "created_at": "saved",
}
_ABOUT = {"model_file_size": words.size, "created_at": words.date, "training_time_seconds": words.duration}
_ABSENT = Bit("—", "muted")


def comparison(compared: Comparison, where: str = "") -> Shown:
    """Return models side by side; what differs is marked by a sign, and the best metric by a word."""
    return shown(_comparison_doc(compared, where))


def _comparison_doc(compared: Comparison, where: str) -> Doc:
    names = [read.title(record) for record in compared.records]
    given = {name for record in compared.records for name in read.texts(read.mapping(record, "training_config").get("set"))}
    told = given | {name.rpartition("__")[2] for name in given}  # a pipeline's last step is compared by its own names
    groups = [_group(name, rows, told) for name, rows in compared.sections.items() if rows]
    title = of_kind("strong", f"Comparison of {words.count(len(names), 'model')}")
    table = Table("Comparison", ("", *names), tuple(groups), marks=True)
    legend = (
        Note(plain("≠ marks what differs")),
        *((Note(plain(words.line(compared.remark, 400))),) if compared.remark else ()),
    )
    return Doc(title, words.line(where), (table, *legend) if groups and names else (Note(plain("Nothing to compare.")),))


def _group(name: str, rows: Sequence[Row], told: Collection[str]) -> Group:
    """Return a section: of the parameters, what somebody set or what differs among models that all have it."""
    chosen = rows
    if name == "parameters":
        chosen = [row for row in rows if row.name in told or (row.differs and None not in row.values)]
    chosen = chosen if len(chosen) <= _MOST_ROWS else [row for row in chosen if row.differs][:_MOST_ROWS]
    left = len(rows) - len(chosen)
    rest = "at their defaults" if name == "parameters" else "more rows are not shown"
    title = name.capitalize() + (f" ({left} {rest})" if left else "")
    return Group(title, tuple((_cells(name, row), row.differs) for row in chosen))


def comparison_texts(compared: Comparison) -> dict[str, list[dict[str, Any]]]:
    """Return the sections of a comparison that hold something, as rows of texts for a view that draws them itself."""
    return {
        section: [
            {
                "name": words.line(_label(section, row), 80),
                "texts": [
                    None if value is None else text for value, text in zip(row.values, _texts(section, row), strict=True)
                ],
                "differs": row.differs,
                "best": row.best,
            }
            for row in rows
        ]
        for section, rows in compared.sections.items()
        if rows
    }


def _label(section: str, row: Row) -> str:
    return _LABELS.get(row.name, row.name) if section == "about" else row.name


def _texts(section: str, row: Row) -> list[str]:
    return words.numbers(row.values) if section == "metrics" else [_cell(section, row.name, value) for value in row.values]


def _cells(section: str, row: Row) -> tuple[Line, ...]:
    label, texts = _label(section, row), _texts(section, row)
    cells = [plain(text) if value is not None else (_ABSENT,) for value, text in zip(row.values, texts, strict=True)]
    if row.best is not None:
        cells[row.best] = (Bit(texts[row.best], "strong"), Bit("best", "badge"))
    return (plain(words.line(label, 80)), *cells)


def _cell(section: str, name: str, value: object) -> str:
    if section == "parameters":
        return words.param(value)
    if section == "about" and name in _ABOUT:
        return _ABOUT[name](value)
    if isinstance(value, tuple):
        return words.some(read.texts(value), 20) or "none"
    return read.value(value)
