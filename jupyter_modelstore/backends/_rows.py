"""Records as rows of SQLite, and questions as SQL.

A row has the columns of :class:`~jupyter_modelstore.record.ModelRecord` by their names; objects and lists are JSON text,
times are ISO 8601 texts of one width, which sort as times do. Two more columns serve the search: the name without regard to
case, and a text of all that words are looked for in.
"""

from __future__ import annotations

import dataclasses
import functools
import gc
import itertools
import json
import math
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from jupyter_modelstore._json import JsonObject, clean, dumps
from jupyter_modelstore.errors import InvalidName, InvalidValue, StoreCorrupt
from jupyter_modelstore.names import clean_name, key_of, visible
from jupyter_modelstore.record import (
    LATE_FIELDS,
    LIST_FIELDS,
    OBJECT_FIELDS,
    TIME_FIELDS,
    ModelRecord,
    Query,
    Rest,
    format_time,
    parse_time,
)

if TYPE_CHECKING:
    import sqlite3

_Later = Callable[[Sequence[str]], Mapping[str, Sequence[Any]]]

MIGRATIONS = (
    """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (
    name_key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    next_version INTEGER NOT NULL,
    renamed_to TEXT
) WITHOUT ROWID;
CREATE TABLE models (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL,
    space_id TEXT NOT NULL,
    model_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    save_id TEXT UNIQUE,
    file_id TEXT,
    status TEXT NOT NULL,
    model_type TEXT NOT NULL DEFAULT 'other',
    algorithm TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    metrics TEXT NOT NULL DEFAULT '{}',
    training_config TEXT NOT NULL DEFAULT '{}',
    feature_columns TEXT,
    target_column TEXT,
    training_time_seconds REAL,
    training_samples INTEGER,
    test_samples INTEGER,
    model_file_path TEXT NOT NULL DEFAULT '',
    model_file_size INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT,
    head_blake3 TEXT,
    format TEXT NOT NULL DEFAULT 'pickle',
    format_version INTEGER NOT NULL DEFAULT 0,
    origin TEXT NOT NULL DEFAULT 'fitted',
    environment TEXT NOT NULL DEFAULT '{}',
    source TEXT NOT NULL DEFAULT '{}',
    signature TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_downloaded_at TEXT,
    deleted_at TEXT,
    extra TEXT NOT NULL DEFAULT '{}',
    name_key TEXT NOT NULL,
    search TEXT NOT NULL DEFAULT '',
    UNIQUE (name_key, version)
);
CREATE INDEX models_listed ON models (name_key, version, status)
    WHERE status IN ('ready', 'missing') AND deleted_at IS NULL;
CREATE INDEX models_newest ON models (created_at DESC, name_key, version DESC, status)
    WHERE status IN ('ready', 'missing') AND deleted_at IS NULL;
CREATE TABLE aliases (
    name_key TEXT NOT NULL,
    alias_key TEXT NOT NULL,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (name_key, alias_key)
) WITHOUT ROWID;
CREATE TABLE alias_history (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name_key TEXT NOT NULL,
    alias_key TEXT NOT NULL,
    alias TEXT NOT NULL,
    version INTEGER,
    previous INTEGER,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX alias_history_name ON alias_history (name_key, alias_key, number)
""",
)

_COLUMNS = tuple(entry.name for entry in dataclasses.fields(ModelRecord) if entry.name != "aliases")
_ALIASES = (
    "CASE WHEN EXISTS (SELECT 1 FROM aliases a WHERE a.name_key = m.name_key AND a.version = m.version) THEN"  # else null
    " (SELECT json_group_array(alias) FROM (SELECT a.alias FROM aliases a"
    " WHERE a.name_key = m.name_key AND a.version = m.version ORDER BY a.alias_key)) END"
)
_SHORT_COLUMNS = tuple(column for column in _COLUMNS if column not in LATE_FIELDS)


def _select(columns: Sequence[str], *more: str) -> str:
    return f"SELECT {', '.join([*('m.' + column for column in columns), *more])} FROM models m"


SELECT = _select(_COLUMNS, _ALIASES)
SELECT_SHORT = _select(_SHORT_COLUMNS, _ALIASES)
"""Without what is read late: each column has its price, whatever it holds, since Python lets go of its lock for each."""
_INSERT = f"INSERT INTO models ({', '.join(_COLUMNS)}, name_key, search) VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"
_FIELD_NAMES = (*_COLUMNS, "aliases")
_SOME = 100
_SHORT = 200

_LISTED = "m.status IN ('ready', 'missing') AND m.deleted_at IS NULL"
# The newest ready version of each name; of a name that has none, the newest whose file is missing, so that it is seen.
_OTHER = "SELECT 1 FROM models n WHERE n.name_key = m.name_key AND n.status IN ('ready', 'missing') AND n.deleted_at IS NULL"
_NEWEST_OF_EACH = (
    f"{_LISTED} AND NOT EXISTS ({_OTHER} AND n.version > m.version AND n.status = 'ready')"
    f" AND (m.status = 'ready' OR NOT EXISTS ({_OTHER} AND (n.version > m.version OR n.status = 'ready')))"
)


def _newest(there: str) -> str:
    """Return the condition for the one version that a name means: the newest ready one, else the newest whose file is missing.

    Each is the first in its index that fits, so that it takes as long for a thousand versions as for one.
    """

    def first(status: str) -> str:
        return (
            f"(SELECT rowid FROM models WHERE name_key = :name_key AND status IN ('ready', 'missing') AND status = '{status}'"
            f" AND {there} ORDER BY version DESC LIMIT 1)"
        )

    return f"m.rowid = coalesce({first('ready')}, {first('missing')})"


NEWEST = _newest("deleted_at IS NULL")
NEWEST_THEN = _newest("created_at <= :at AND (deleted_at IS NULL OR deleted_at > :at)")
_NUMBER = (
    "(SELECT CASE WHEN type IN ('integer', 'real') THEN value"
    """ WHEN value = '{"$float":"inf"}' THEN 9e999 WHEN value = '{"$float":"-inf"}' THEN -9e999 END"""
    " FROM json_each(m.metrics) WHERE key = ?)"
)
_SORT_COLUMNS = {
    "created_at": "m.created_at",
    "updated_at": "m.updated_at",
    "model_name": "m.name_key",
    "name": "m.name_key",
    "version": "m.version",
    "model_file_size": "m.model_file_size",
    "size": "m.model_file_size",
    "algorithm": "m.algorithm",
}


def to_record(row: tuple[Any, ...]) -> ModelRecord:
    """Return the record in a row of :data:`SELECT`; see :func:`to_records`."""
    return to_records([row])[0]


def to_records(rows: Iterable[tuple[Any, ...]], later: _Later | None = None) -> list[ModelRecord]:
    """Return the records in rows of :data:`SELECT`. Objects are parsed when they are looked at.

    With ``later`` the rows are of :data:`SELECT_SHORT`, and it is called with the ids of some neighbours when one of them is
    looked at more closely: see :func:`rest`.

    Some rows at a time, so that they are still in the processor's cache when the next step looks at them, and column by
    column, so that the loops run in C. The garbage collector waits meanwhile: nothing that is made here is garbage, and
    looking for it costs as much as the rest.

    Raises
    ------
    StoreCorrupt
        A list or time cannot be read.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        remaining: Iterator[tuple[Any, ...]] = iter(rows)
        records: list[Any] = []
        while some := list(itertools.islice(remaining, _SOME)):
            records += _records(some) if later is None else _short_records(some, later)
    except (TypeError, ValueError, AttributeError) as error:
        raise unreadable() from error
    finally:
        if collecting:
            gc.enable()
    return records


def _records(rows: list[tuple[Any, ...]]) -> list[ModelRecord]:
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    _read(columns, _READERS)
    return _frozen(columns)


def _short_records(rows: list[tuple[Any, ...]], later: _Later) -> list[Any]:
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    ids = [row[0] for row in rows]
    unread = itertools.repeat(Rest(functools.partial(later, ids)))
    _read(columns, _SHORT_READERS)
    for place in _LATE_PLACES:  # in their order, so that each comes to its place
        columns.insert(place, unread)
    return _frozen(columns)


def _read(columns: list[Any], readers: Sequence[tuple[int, Callable[[Any], Sequence[Any]]]]) -> None:
    for place, read in readers:
        columns[place] = read(columns[place])


def _frozen(columns: list[Iterable[Any]]) -> list[Any]:
    records = list(map(_Thawed, *columns))
    for record in records:
        record.__class__ = ModelRecord
    return records


def rest(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return :data:`~jupyter_modelstore.record.LATE_FIELDS` of the records with these ids, by id.

    Raises
    ------
    StoreCorrupt
        A list cannot be read.
    """
    rows = db.execute(f"{_select(('id', *LATE_FIELDS))} WHERE m.id IN ({', '.join('?' * len(ids))})", ids).fetchall()
    columns: list[Any] = list(zip(*rows, strict=True))
    if not columns:
        return {}
    try:
        _read(columns, _LATE_READERS)
    except (TypeError, ValueError, AttributeError) as error:
        raise unreadable() from error
    return dict(zip(columns[0], zip(*columns[1:], strict=True), strict=True))


def _lists(column: Sequence[str | None]) -> Sequence[tuple[str, ...] | None]:
    return [None if text is None else _short_list(text) if len(text) < _SHORT else _list(text) for text in column]


def _list(text: str) -> tuple[str, ...]:
    return tuple(map(str, json.loads(text)))


_short_list = functools.lru_cache(1024)(_list)  # the same few tags stand in many rows


def _aliases(column: Sequence[str | None]) -> Sequence[tuple[str, ...]]:
    return [() if text is None else _list(text) for text in column]


def _times(column: Sequence[str | None]) -> Sequence[datetime | None]:
    if None not in column:
        try:
            times = list(map(datetime.fromisoformat, cast("Sequence[str]", column)))
        except ValueError:  # a form that we do not write
            times = []
        if times and all(time.tzinfo for time in times):
            return times
    return [None if text is None else parse_time(text) for text in column]


_READ: dict[str, Callable[[Any], Sequence[Any]]] = dict.fromkeys(LIST_FIELDS, _lists) | dict.fromkeys(TIME_FIELDS, _times)
_READ["aliases"] = _aliases


def _readers(names: Sequence[str]) -> tuple[tuple[int, Callable[[Any], Sequence[Any]]], ...]:
    return tuple((place, _READ[name]) for place, name in enumerate(names) if name in _READ)


_READERS, _SHORT_READERS, _LATE_READERS = map(_readers, (_FIELD_NAMES, (*_SHORT_COLUMNS, "aliases"), ("id", *LATE_FIELDS)))
_LATE_PLACES = tuple(place for place, name in enumerate(_FIELD_NAMES) if name in LATE_FIELDS)
# A record before it is frozen: it is filled in a third of the time, which a list of 10,000 feels, and then given its class.
_Thawed = dataclasses.make_dataclass("_Thawed", _FIELD_NAMES, slots=True)


def unreadable() -> StoreCorrupt:
    """Return the error that says that a value in the database makes no sense."""
    return StoreCorrupt(
        "The database is damaged: a record in it cannot be read. The model files are not touched.",
        "jupyter modelstore doctor --repair keeps the damaged file and makes a new one from all that can be read.",
    )


def is_time(value: object) -> bool:
    """Tell whether a value read from a damaged file is a time."""
    try:
        return isinstance(value, str) and bool(parse_time(value))
    except ValueError:
        return False


def is_sound(row: tuple[Any, ...]) -> bool:
    """Tell whether a row of :data:`SELECT`, read from a damaged file, can be believed: every value is of its kind."""
    try:
        record = to_record(row)
        uuid.UUID(record.id)
        texts = (record.user_id, record.space_id, clean_name(record.model_name), record.status, record.description)
        objects = [json.loads(getattr(record, name).text) for name in OBJECT_FIELDS]
    except (StoreCorrupt, InvalidName, TypeError, ValueError, AttributeError):
        return False
    numbers = isinstance(record.version, int) and record.version > 0 and isinstance(record.model_file_size, int)
    return numbers and all(isinstance(text, str) for text in texts) and all(isinstance(item, dict) for item in objects)


def to_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a record as what their columns hold."""
    return {
        name: _WRITE[name](value) if name in _WRITE else value if type(value) is str and value.isascii() else _plain(value)
        for name, value in values.items()
    }


def _plain(value: object) -> Any:  # noqa: ANN401 (what SQLite takes)
    return clean(value) if isinstance(value, str) else value


def _object_text(value: Mapping[str, Any]) -> str:
    return JsonObject.of(value).text  # not asked whether it is empty, for which its text would be parsed


def _list_text(value: Iterable[str] | None) -> str | None:
    return None if value is None else dumps(list(value)) if value else "[]"


def _time_text(value: datetime | None) -> str | None:
    return None if value is None else format_time(value)


_WRITE: dict[str, Callable[[Any], str | None]] = (
    dict.fromkeys(OBJECT_FIELDS, _object_text) | dict.fromkeys(LIST_FIELDS, _list_text) | dict.fromkeys(TIME_FIELDS, _time_text)
)


def insert(db: sqlite3.Connection, values: Mapping[str, Any]) -> ModelRecord:
    """Insert a row of these fields (and ``name_key`` and ``search``), and return it as a record without aliases."""
    columns = to_columns(values)
    columns |= {"updated_at": columns["created_at"], "extra": "{}"}
    row = tuple(map(columns.get, _COLUMNS))
    db.execute(_INSERT, (*row, columns["name_key"], columns["search"]))
    return _records([(*row, None)])[0]


def search_text(name: str, description: str, tags: tuple[str, ...], algorithm: str) -> str:
    """Return the text that words are looked for in."""
    return key_of("\n".join((name, algorithm, *tags, description)))


def where(query: Query) -> tuple[str, list[Any]]:
    """Return a query's condition and its parameters."""
    if query.deleted:
        terms = ["m.deleted_at IS NOT NULL AND m.status <> 'purged'"]
    elif query.all_versions:
        terms = ["m.deleted_at IS NULL AND m.status <> 'purged'"]
    else:
        terms = [_NEWEST_OF_EACH]
    values: list[Any] = []

    def add(term: str, *parameters: Any) -> None:  # noqa: ANN401 (what SQLite takes)
        terms.append(term)
        values.extend(parameters)

    for word in key_of(query.words).split():
        add("instr(m.search, ?) > 0", word)
    for tag in query.tags:
        add("instr(m.search, ?) > 0", key_of(tag))  # many rows less to look at closely
        add("EXISTS (SELECT 1 FROM json_each(m.tags) WHERE key_of(value) = ?)", key_of(tag))
    for column in ("algorithm", "model_type"):
        if getattr(query, column) is not None:
            add(f"m.{column} = ?", getattr(query, column))
    if query.name is not None:
        add("m.name_key = ?", key_of(query.name))
    for metric, (least, most) in query.metrics.items():
        add(f"{_NUMBER} BETWEEN ? AND ?", metric, -math.inf if least is None else least, math.inf if most is None else most)
    return " AND ".join(terms), values


def order_by(sort: str) -> tuple[str, list[Any]]:
    """Return a query's order and its parameters; ties by the newest.

    Raises
    ------
    InvalidValue
        There is no such column.
    """
    name, direction = (sort[1:], "DESC") if sort.startswith("-") else (sort, "ASC")
    if name.startswith("metrics."):
        return f"{_NUMBER} {direction} NULLS LAST, m.created_at DESC, m.version DESC", [name[len("metrics.") :]]
    if name not in _SORT_COLUMNS:
        choices = ", ".join(sorted(_SORT_COLUMNS))
        raise InvalidValue(f"Models cannot be sorted by '{visible(name)}'.", f"Sort by one of {choices}, metrics.NAME.")
    ties = "" if name == "created_at" else ", m.created_at DESC"
    return f"{_SORT_COLUMNS[name]} {direction}{ties}, m.name_key, m.version DESC", []
