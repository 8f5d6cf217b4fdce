"""The model card: all that is known of one model, in the sections of the Hugging Face and scikit-learn (skops) conventions.

The headings and their order are those people know from the Hub; a section of which nothing is known is left out, and no
sentence is invented. The code comes last, cell by cell, each ready to be pasted into a new notebook. As Markdown, the card
begins with the metadata that the Hub reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from jupyter_modelstore._lines import as_word
from jupyter_modelstore.card import _notebook as book
from jupyter_modelstore.card import _reading as read
from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import Bit, Block, Code, Doc, Facts, Group, Line, Note, Section, Table, of_kind, plain
from jupyter_modelstore.card._markdown import to_markdown
from jupyter_modelstore.card._shown import Shown, shown
from jupyter_modelstore.record import ModelRecord

_MOST_PARAMETERS = 300
_MOST_FEATURES = 500
_FOLD_FROM = 20

State = Literal["unchanged", "refitted", "changed", "unsaved"]


def record_card(record: ModelRecord, where: str = "") -> Shown:
    """Return all that is known of a model.

    Parameters
    ----------
    record
        The model.
    where
        ``on this machine``; may be left out.
    """
    return shown(_doc(record, where))


def variable_card(variable: str, record: ModelRecord | None, state: State, where: str, *, brief: bool = False) -> Shown:
    """Return what the store knows of a variable of the notebook.

    Parameters
    ----------
    variable
        As the user typed it: ``clf``.
    record
        The model that the variable holds, or held; None if it was never in the store.
    state
        ``unchanged``, ``refitted`` or ``changed`` since then; ``unsaved`` without a record.
    where
        ``on this machine``.
    brief
        Without the card of the record: it, or that of another model of this name, stands above.
    """
    name = f"The variable {words.line(variable, 100)}" if brief else words.line(variable, 100)
    if record is None or state == "unsaved":
        text, save_as = f"{name} is not in the store", "name"
    elif state == "unchanged":
        text, save_as = f"{name} is {read.title(record)}, unchanged", ""
    else:
        text, save_as = f"{name} was {read.title(record)}; {state} since", read.clean(record)
    line = f'%save_model {as_word(words.line(variable, 100))} "{save_as}"' if save_as else ""
    save = (Note((Bit(line, "code", "Keep it with" if state == "unsaved" else "Keep it as the next version with"),)),)
    title = of_kind("strong", text)
    if record is None or brief:
        return shown(Doc(title, words.line(where), save if line else ()), small=True)
    doc = _doc(record, "")
    return shown(Doc(title, words.line(where), (*(save if line else ()), Note(doc.title), *doc.blocks)))


def record_markdown(record: ModelRecord) -> str:
    """Return the card as Markdown, with the metadata that the Hub reads in front where there is some."""
    tags = [words.line(tag, 50) for tag in read.texts(record.tags)]
    library = _library(record)
    lines = ["tags:", *(f"- {_yaml(tag)}" for tag in tags if tag)] if any(tags) else []
    lines = ([f"library_name: {library}"] if library else []) + lines
    front = "\n".join(["---", *lines, "---", "", ""]) if lines else ""
    return front + to_markdown(_doc(record, "", words.date))  # a file is read later: no "2 hours ago"


def _yaml(text: str) -> str:
    """Return one line of text, without anything hidden in it, in double quotes: YAML reads those as JSON does."""
    return json.dumps(text, ensure_ascii=False)


_LIBRARIES = {
    "scikit-learn": "sklearn",
    "xgboost": "xgboost",
    "xgboost-cpu": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "keras": "keras",
    "torch": "pytorch",
    "statsmodels": "statsmodels",
}
"""Distributions to what the Hub calls the library."""


def _library(record: ModelRecord) -> str:
    """Return the Hub's name of the library; empty unless exactly one is in the file."""
    distributions = read.mapping(read.mapping(record, "environment"), "distributions")
    found = {_LIBRARIES[name] for name in distributions if name in _LIBRARIES}
    return found.pop() if len(found) == 1 else ""


def _doc(record: ModelRecord, where: str, when: Callable[[object], str] = words.when) -> Doc:
    title = (Bit(read.title(record), "strong"), *plain(read.kind(record), read.model_type(record)), *read.aliases(record))
    sections = (
        Section("Model description", _description(record, when)),
        Section("How to get started with the model", _start(record)),
        Section("Training data", _training_data(record)),
        Section("Training procedure", (_facts(_procedure(record)), *_parameters(record))),
        Section("Evaluation results", _evaluation(record)),
        Section("Framework versions", _pairs(_environment(read.mapping(record, "environment")))),
        Section("Provenance", (_facts(_provenance(record)), *_pairs(book.others(record)))),
        Section("File", (_facts(_file(record, when)),)),
        *_code(record),
    )
    return Doc(title, words.line(where), tuple(kept for section in sections for kept in _filled(section)))


def _filled(section: Section) -> tuple[Section, ...]:
    """Return a section without blocks that say nothing; none, if nothing is left."""
    blocks = tuple(block for block in section.blocks if not isinstance(block, Facts) or block.rows)
    return (Section(section.title, blocks, section.folded),) if blocks else ()


def _facts(rows: list[tuple[str, Line]]) -> Facts:
    return Facts(read.filled(rows))


def _description(record: ModelRecord, when: Callable[[object], str]) -> tuple[Block, ...]:
    notes = tuple(Note(plain(text)) for text in words.paragraphs(record.description)) if record.description else ()
    deleted = when(record.deleted_at) if record.deleted_at else ""
    rows = [
        ("tags", read.tags(record, 50)),
        ("saved", plain(when(record.created_at))),
        ("changed", plain(when(record.updated_at) if record.updated_at != record.created_at else "")),
        ("in the trash", plain(f"since {deleted}" if deleted else "")),
        ("status", plain("" if record.status == "ready" else words.line(record.status, 40))),
        ("known as of", plain(f"{when(record.as_of)}; the store does not answer now" if record.as_of else "")),
    ]
    return (*notes, _facts(rows))


def _start(record: ModelRecord) -> tuple[Block, ...]:
    note = read.code_inside(record)
    return (
        _facts([("load", of_kind("code", read.load_line(record)))]),
        *((Note(plain(f"The file {note}.")),) if note else ()),
    )


def _training_data(record: ModelRecord) -> tuple[Block, ...]:
    names = read.texts(record.feature_columns)
    many = len(names) > _FOLD_FROM
    every = read.features(record, _MOST_FEATURES)
    inside = book.rows_inside(record)
    rows = [
        ("data", of_kind("name", book.fit(record).data)),
        ("rows", plain(book.whole(record.training_samples))),
        ("target", of_kind("name", words.line(record.target_column, 100) if record.target_column else "")),
        ("features", plain(words.number(len(names)) if many else every)),
        ("in the file", (*plain(inside), *book.rows_where(record)) if inside else ()),
    ]
    note = Note(plain("Whoever gets the file can read these rows."))
    features = Section(f"Names of the features ({len(names)})", (Note(plain(every)),), folded=True)
    return (_facts(rows), *((note,) if inside else ()), *((features,) if many else ()))


def _procedure(record: ModelRecord) -> list[tuple[str, Line]]:
    fit, time = book.fit(record), book.time(record)
    return [
        ("fit", of_kind("name", fit.code)),
        ("cell", plain(fit.cell)),
        ("time", plain(f"{time}, for the whole cell" if fit.cell and time else time)),
    ]


def _pairs(values: dict[str, Any]) -> tuple[Block, ...]:
    some = list(values.items())[:_MOST_PARAMETERS]
    rows = tuple((words.line(name, 80), plain(read.value(value))) for name, value in some)
    return (Facts(rows), *_rest(len(values) - len(some)))


def _rest(left: int) -> tuple[Note, ...]:
    return (Note(plain(f"… and {left} more")),) if left > 0 else ()


def _parameters(record: ModelRecord) -> tuple[Section, ...]:
    """Return those that were set, then the others, folded if there are many."""
    config = read.mapping(record, "training_config")
    params, given = read.mapping(config, "params"), config.get("set")
    if not params:
        return ()
    names = set(read.texts(given))
    chosen = {name: words.param(value, 200) for name, value in params.items() if name in names}
    others = {name: words.param(value, 200) for name, value in params.items() if name not in names}
    if not isinstance(given, (list, tuple)):
        return (Section("Hyperparameters", _pairs(others), folded=len(others) > _FOLD_FROM),)
    first = _pairs(chosen) if chosen else (Note(plain("All at their defaults.")),)
    inner = {name.rpartition("__")[0] for name in params}
    others = {name: text for name, text in others.items() if not _repeats(name, params, inner)}
    more = " more" if chosen else ""
    title = f"{len(others)}{more} at {'its default' if len(others) == 1 else 'their defaults'}"
    rest = (Section(title, _pairs(others), folded=True),) if others else ()
    return (Section("Hyperparameters", (*first, *rest)),)


def _repeats(name: str, params: Mapping[str, Any], inner: Collection[str]) -> bool:
    """Tell whether a parameter only names estimators whose own parameters are listed: ``pca``, or the ``steps`` themselves."""
    value = params[name]
    if isinstance(value, str):
        return name in inner
    steps = value if isinstance(value, list) else []
    return bool(steps) and all(isinstance(step, tuple) and step and step[0] in list(params) for step in steps)


def _evaluation(record: ModelRecord) -> tuple[Block, ...]:
    """Return the metrics, each with its split, data and cell; columns of which nothing is known are left out."""
    every = read.mapping(record, "metrics")
    tested = _facts([("test rows", plain(book.whole(record.test_samples)))])
    rows = [_metric(record, name, value) for name, value in list(every.items())[:_MOST_PARAMETERS]]
    if not rows:
        return (tested,)
    used = [at for at in range(len(_EVALUATION)) if any(row[at] for row in rows)]
    group = Group("", tuple((tuple(row[at] for at in used), False) for row in rows))
    table = Table("Evaluation results", tuple(_EVALUATION[at] for at in used), (group,), right=(1,), keep=(0, 1, 2))
    return (tested, table, *_rest(len(every) - len(rows)))


_EVALUATION = ("metric", "value", "split", "data", "cell", "computed by")


def _metric(record: ModelRecord, name: str, value: object) -> tuple[Line, ...]:
    origin = book.origin(record, name)
    known = origin or book.Origin()
    return (
        plain(words.line(name, 80)),
        plain(read.value(value)),
        plain((known.split or "unknown") if origin else ""),
        of_kind("name", known.data),
        plain(known.cell),
        book.said(origin),
    )


def _environment(environment: dict[str, Any]) -> dict[str, Any]:
    distributions = read.mapping(environment, "distributions")
    first = {name: environment[name] for name in ("python", "platform") if environment.get(name)}
    return first | {name: distributions[name] for name in sorted(distributions, key=str.casefold)}


def _provenance(record: ModelRecord) -> list[tuple[str, Line]]:
    parent = book.parent(record)
    return [
        (book.made(record), (*parent, *book.parent_hash(record)) if parent else ()),
        ("notebook", of_kind("name", book.notebook(record))),
        ("git", book.git(record)),
        ("variable", book.variable(record)),
    ]


def _file(record: ModelRecord, when: Callable[[object], str]) -> list[tuple[str, Line]]:
    downloaded = when(record.last_downloaded_at) if record.last_downloaded_at else ""
    origin = words.line(record.origin, 60)
    origin = {"fitted": "written from the live object", "file": "kept as an existing file"}.get(origin, origin)
    return [
        ("size", plain(words.size(record.model_file_size))),
        ("format", plain(words.line(record.format, 40))),
        ("origin", plain(origin)),
        ("sha256", of_kind("name", words.line(record.sha256, 64) if record.sha256 else "")),
        ("id", of_kind("name", words.line(record.id, 40))),
        ("downloaded", plain(downloaded)),
    ]


def _code(record: ModelRecord) -> tuple[Section, ...]:
    """Return the cells, each under what it did; those that would make the card too long are only counted."""
    every = book.cells(record)
    shown, room = [], book.MOST_CODE
    for cell in every[: book.MOST_CELLS]:
        length = sum(len(text) + 1 for text in cell.lines)
        if length <= room:
            shown.append(cell)
            room -= length
    secrets, left = book.masked(record), len(every) - len(shown)
    this, verb = ("it", "is") if secrets == 1 else ("them", "are")
    notes = [
        f"{words.count(secrets, 'secret')} {verb} masked; put {this} back before you run the code." if secrets else "",
        f"{words.count(left, 'cell')} left out: the card would be too long." if left else "",
    ]
    blocks = [Note(plain(text)) for text in notes if text]
    sections = [Section(cell.title, (Code(cell.lines),)) for cell in shown]
    return (Section(f"Code ({words.count(len(every), 'cell')})", (*blocks, *sections), folded=True),) if every else ()
