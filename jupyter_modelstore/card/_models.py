"""Cards that show models: the one just saved, one in full, many, several side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_modelstore.card import _reading as read
from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import (
    Bit,
    Block,
    Code,
    Doc,
    Facts,
    Grid,
    Group,
    Item,
    Line,
    Note,
    Section,
    Table,
    of_kind,
    plain,
)
from jupyter_modelstore.card._markdown import to_markdown
from jupyter_modelstore.card._notices import statistics
from jupyter_modelstore.card._shown import Shown, shown
from jupyter_modelstore.record import Comparison, ModelRecord, Query, Row, Saved, Stats

_MOST_PARAMETERS = 300
_MOST_FEATURES = 500
_FOLD_FROM = 20
_MOST_CELLS = 50
_MOST_CODE_LINES = 400
_MOST_ROWS = 200


def saved_card(saved: Saved, where: str, captured: object = None) -> Shown:  # noqa: ARG001 (shown soon)
    """Return what a save says: what was kept, where, and how to change, load and undo it.

    Parameters
    ----------
    saved
        The backend's answer.
    where
        ``on this machine``.
    """
    record = saved.record
    name = read.title(record)
    full = read.typed(record)
    # An alias holds its version, so only --force takes back a save that gave one.
    undo = read.command("delete_model", full, " --force" if read.texts(record.aliases) else "")
    if saved.created:
        title = (Bit(f"Saved {name}", "strong"), *plain(read.kind(record), read.model_type(record)))
    else:
        text = f"Nothing new: {name} is exactly this model; a description, tags or alias given now went to it."
        title, undo = (Bit(text, "strong"),), ""
    load = (Bit(read.load_line(record, version=False), "code"), *((Bit(undo, "code", "undo"),) if undo else ()))
    change = of_kind("code", read.command("edit_model", full, ' -d "…" -t tag'))
    rows = (*_kept(record, where), ("load", load if load[0].text else ()), ("change", change))
    return shown(Doc(title, blocks=(Facts(_said(rows), brief=True),)), small=True)


def _kept(record: ModelRecord, where: str) -> list[tuple[str, Line]]:
    variable = read.variable(record)
    file = plain(words.size(record.model_file_size), words.line(where))
    from_variable = (Bit(variable, "code", "from"),) if variable else ()
    words_of_it = (*read.aliases(record), *read.tags(record, 6), *read.description(record, 70))
    return [
        ("parameters", plain(read.parameters(record, 6))),
        ("metrics", read.metrics(record, 6)),
        ("features", plain(read.features(record, 6))),
        ("file", (*file, *from_variable, *plain(read.code_inside(record)))),
        ("about", words_of_it),
    ]


def _said(rows: Sequence[tuple[str, Line]]) -> tuple[tuple[str, Line], ...]:
    return tuple((label, bits) for label, bits in rows if bits)


def record_card(record: ModelRecord, where: str = "") -> Shown:
    """Return all that is known of a model.

    Parameters
    ----------
    record
        The model.
    where
        ``on this machine``; may be left out.
    """
    return shown(_record_doc(record, where))


def markdown(what: ModelRecord | Comparison) -> str:
    """Return a model card, or a comparison, as Markdown, to be kept in a file. No text of a record can become markup in it."""
    return to_markdown(_comparison_doc(what, "") if isinstance(what, Comparison) else _record_doc(what, ""))


def _record_doc(record: ModelRecord, where: str) -> Doc:
    title = (Bit(read.title(record), "strong"), *plain(read.kind(record), read.model_type(record)), *read.aliases(record))
    config, environment = read.mapping(record, "training_config"), read.mapping(record, "environment")
    notes = tuple(Note(plain(text)) for text in words.paragraphs(record.description)) if record.description else ()
    note = read.code_inside(record)
    sections = (
        Section("About", (*notes, Facts(_said(_about(record))))),
        Section("Metrics", _pairs(read.mapping(record, "metrics"))),
        *_parameters(read.mapping(config, "params"), config.get("set")),
        *_features(record),
        Section("Environment", _pairs(_environment(environment)) + ((Note(plain(f"The file {note}.")),) if note else ())),
        *_source(read.mapping(record, "source")),
        Section("File", (Facts(_said(_file(record))),)),
    )
    return Doc(title, words.line(where), tuple(section for section in sections if _filled(section)))


def _filled(section: Section) -> bool:
    return any(not isinstance(block, Facts) or block.rows for block in section.blocks)


def _about(record: ModelRecord) -> list[tuple[str, Line]]:
    deleted = words.when(record.deleted_at) if record.deleted_at else ""
    status = "" if record.status == "ready" else words.line(record.status, 40)
    seconds = record.training_time_seconds
    return [
        ("tags", read.tags(record, 50)),
        ("saved", plain(words.when(record.created_at))),
        ("changed", plain(words.when(record.updated_at) if record.updated_at != record.created_at else "")),
        ("in the trash", plain(f"since {deleted}" if deleted else "")),
        ("status", plain(status)),
        ("target", plain(words.line(record.target_column, 100) if record.target_column else "")),
        ("training rows", plain(_number(record.training_samples))),
        ("test rows", plain(_number(record.test_samples))),
        ("training time", plain(words.duration(seconds) if seconds is not None else "")),
    ]


def _number(value: object) -> str:
    return "" if value is None else words.number(value)


def _pairs(values: dict[str, Any]) -> tuple[Block, ...]:
    some = list(values.items())[:_MOST_PARAMETERS]
    rows = tuple((words.line(name, 80), plain(_value(value))) for name, value in some)
    left = len(values) - len(some)
    return (Facts(rows), *((Note(plain(f"… and {left} more")),) if left > 0 else ()))


def _value(value: object) -> str:
    """Return a metric or version as read, a parameter as typed."""
    if isinstance(value, Mapping):
        return ", ".join(f"{words.line(name, 40)} {words.param(item, 40)}" for name, item in list(value.items())[:10])
    return words.line(value) if isinstance(value, str) else words.number(value)


def _parameters(params: dict[str, Any], given: object) -> tuple[Section, ...]:
    """Return those that were set, then the others, folded if there are many."""
    names = set(read.texts(given))
    chosen = {name: words.param(value, 200) for name, value in params.items() if name in names}
    others = {name: words.param(value, 200) for name, value in params.items() if name not in names}
    if not isinstance(given, (list, tuple)):
        return (Section("Parameters", _pairs(others), folded=len(others) > _FOLD_FROM),)
    first = _pairs(chosen) if chosen else (Note(plain("All at their defaults.")),)
    inner = {name.rpartition("__")[0] for name in params}
    others = {name: text for name, text in others.items() if not _repeats(name, params, inner)}
    more = " more" if chosen else ""
    title = f"{len(others)}{more} at {'its default' if len(others) == 1 else 'their defaults'}"
    rest = (Section(title, _pairs(others), folded=True),) if others else ()
    return (Section("Parameters", first), *rest) if params else ()


def _repeats(name: str, params: Mapping[str, Any], inner: Collection[str]) -> bool:
    """Tell whether a parameter only names estimators whose own parameters are listed: ``pca``, or the ``steps`` themselves."""
    value = params[name]
    if isinstance(value, str):
        return name in inner
    steps = value if isinstance(value, list) else []
    return bool(steps) and all(isinstance(step, tuple) and step and step[0] in list(params) for step in steps)


def _features(record: ModelRecord) -> tuple[Section, ...]:
    text = read.features(record, _MOST_FEATURES)
    count = len(read.texts(record.feature_columns))
    title = f"Features ({count})" if count else "Features"
    return (Section(title, (Note(plain(text)),), folded=count > _FOLD_FROM),) if text else ()


def _environment(environment: dict[str, Any]) -> dict[str, Any]:
    distributions = read.mapping(environment, "distributions")
    first = {name: environment[name] for name in ("python", "platform") if environment.get(name)}
    return first | {name: distributions[name] for name in sorted(distributions, key=str.casefold)}


def _source(source: dict[str, Any]) -> tuple[Section, ...]:
    """Return where the model comes from; the cells that made it folded."""
    rows = {name: value for name, value in source.items() if name != "cells" and value not in (None, "", [], {})}
    cells = [cell for cell in read.texts(source.get("cells"))[:_MOST_CELLS] if cell.strip()]
    lines = [text for cell in cells for text in (*cell[: words.LONG].rstrip().splitlines(), "")][:_MOST_CODE_LINES]
    code = (Section(words.count(len(cells), "cell"), (Code(tuple(lines[:-1])),), folded=True),) if cells else ()
    return (Section("Source", _pairs(rows)), *code)


def _file(record: ModelRecord) -> list[tuple[str, Line]]:
    downloaded = words.when(record.last_downloaded_at) if record.last_downloaded_at else ""
    origin = words.line(record.origin, 60)
    origin = {"fitted": "written from the live object", "file": "kept as an existing file"}.get(origin, origin)
    return [
        ("size", plain(words.size(record.model_file_size))),
        ("format", plain(words.line(record.format, 40))),
        ("origin", plain(origin)),
        ("sha256", of_kind("code", words.line(record.sha256, 64) if record.sha256 else "")),
        ("id", of_kind("code", words.line(record.id, 40))),
        ("downloaded", plain(downloaded)),
        ("load", of_kind("code", read.load_line(record))),
    ]


def gallery(records: Sequence[ModelRecord], stats: Stats, total: int, where: str, query: Query | None = None) -> Shown:
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
    return shown(Doc(title, words.line(where), tuple(blocks)))


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
    told = {name for record in compared.records for name in read.texts(read.mapping(record, "training_config").get("set"))}
    groups = [_group(name, rows, told) for name, rows in compared.sections.items() if rows]
    title = of_kind("strong", f"Comparison of {words.count(len(names), 'model')}")
    table = Table("Comparison", ("", *names), tuple(groups), marks=True)
    legend = Note(plain("≠ marks what differs"))
    return Doc(title, words.line(where), (table, legend) if groups and names else (Note(plain("Nothing to compare.")),))


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


def _cells(section: str, row: Row) -> tuple[Line, ...]:
    label = _LABELS.get(row.name, row.name) if section == "about" else row.name
    texts = words.numbers(row.values) if section == "metrics" else [_cell(section, row.name, value) for value in row.values]
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
    return _value(value)
