"""What a damaged database still gives: shown at once, and made into a new database on demand.

SQLite stops a query at the first page that it cannot read. Here each table is read around such pages: from both ends, and in
ever smaller pieces. If the first page is the damaged one, which says where the tables begin, a copy of the file gets the first
page of an empty store, whose tables begin at the same pages. What was read is believed only if every value is of its kind.

:func:`salvaged` gives that as a database in memory, so that models can be listed and loaded. :func:`repair` writes it to a
new file, adopts the model files that no row names any more, and puts the new file in place. Nothing is ever deleted: the
damaged file stays beside it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_modelstore._files import file_errors, fsync_directory, hash_file
from jupyter_modelstore.backends._rows import MIGRATIONS, SELECT, is_sound, is_time, search_text, to_columns
from jupyter_modelstore.backends._sqlite import Database, apply, prepare, translate
from jupyter_modelstore.errors import StoreCorrupt, StoreTooNew
from jupyter_modelstore.names import key_of
from jupyter_modelstore.protocols import Finding
from jupyter_modelstore.record import now

ADOPTED_NAME = "recovered"
_MOST_FAILURES = 50_000
_LEAST_ROW_BYTES = 32
_NUMBERED = ("models", "alias_history")  # tables whose rows have numbers, without gaps
_KEYED = {"names": "name_key", "aliases": "name_key", "meta": "key"}


class StoreDamagedWarning(UserWarning):
    """Part of the database cannot be read; what is intact was returned."""


@contextlib.contextmanager
def salvaged(path: Path, error: StoreCorrupt) -> Iterator[sqlite3.Connection]:
    """Give a database in memory that holds all that can still be read of the one at ``path``.

    Raises
    ------
    StoreCorrupt
        Nothing can be read.
    """
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        prepare(copy)
        apply(copy, MIGRATIONS)
        count = _copy_readable(path, copy)
        if not count:
            raise error
        message = f"{error.message} {count} models could still be read. {error.hint}"
        warnings.warn(message, StoreDamagedWarning, stacklevel=6)
        yield copy


def repair(directory: Path, user_id: str) -> Finding:
    """Make a new database from what the store's damaged one still gives and from the model files; a sound one is left alone.

    Numbers of versions go on after the highest that can be read.

    Parameters
    ----------
    directory
        The store's.
    user_id
        Whose the adopted files are.

    Raises
    ------
    StoreBusy
        Another process is writing.
    StoreTooNew
        A newer version of this package made the database.
    ReadOnly, DiskFull
        The new database cannot be written. The damaged one is still in place.
    """
    path, files = directory / "store.sqlite3", directory / "files"
    if not _has_content(path) and not any(files.glob("*.pkl")):
        return Finding(what="repair", ok=True, message=f"there is no store at {directory} yet; nothing was done")
    with file_errors(f"in {directory}"), _alone(directory), _write_lock(path) as held:
        if held is not None and _is_sound(held, files):
            return Finding(what="repair", ok=True, message=f"{path} is intact; nothing was done")
        new = Database(directory / f"store.sqlite3.{uuid.uuid4()}.new", MIGRATIONS)
        try:
            with new.write() as db:
                models = _copy_readable(path, db)
                adopted = _adopt(db, files, user_id)
            new.close()
            aside = _put_in_place(new.path, path)
        finally:
            new.close()
            for leftover in (new.path, _journal(new.path)):
                leftover.unlink(missing_ok=True)
    text = f"{models} models read back, {adopted} files adopted as '{ADOPTED_NAME}'"
    kept = f"; the damaged database is kept as {aside.name}" if aside else ""
    hint = f"%models {ADOPTED_NAME} shows what has lost its name; load a version, and save it under its name."
    details = {"models": models, "adopted": adopted, "kept": str(aside or "")}
    return Finding(what="repair", ok=True, message=text + kept, hint=hint if adopted else "", details=details)


# ---- reading ---------------------------------------------------------------------------------------------------------


def _copy_readable(path: Path, target: sqlite3.Connection) -> int:
    """Copy all that can be read and believed from the file at ``path``; return the number of models."""
    if not _has_content(path):
        return 0
    with contextlib.closing(_open(path, "ro")) as source:
        if _tells_its_tables(source):
            _copy_tables(source, target, path.stat().st_size)
            return _count(target)
    with tempfile.TemporaryDirectory() as scratch:
        mended = Path(scratch) / "store.sqlite3"
        _copy_with_new_first_page(path, mended)
        with contextlib.closing(_open(mended, "rw")) as source:
            if _tells_its_tables(source):
                _copy_tables(source, target, path.stat().st_size)
    return _count(target)


def _tells_its_tables(db: sqlite3.Connection) -> bool:
    try:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False
    return tables.issuperset((*_NUMBERED, *_KEYED))


def _copy_tables(source: sqlite3.Connection, target: sqlite3.Connection, size: int) -> None:
    for table in _NUMBERED:
        columns = _columns(target, table)
        _insert(target, table, columns, _numbered_rows(source, table, columns, size // _LEAST_ROW_BYTES + 1))
    unsound = [
        (row[-1],)
        for row in target.execute(SELECT.replace(" FROM models m", ", m.rowid FROM models m")).fetchall()
        if not is_sound(row[:-1])
    ]
    target.executemany("DELETE FROM models WHERE rowid = ?", unsound)
    unsound = [row[:1] for row in target.execute("SELECT number, at FROM alias_history").fetchall() if not is_time(row[1])]
    target.executemany("DELETE FROM alias_history WHERE number = ?", unsound)
    keys = [row[0] for row in target.execute("SELECT DISTINCT name_key FROM models").fetchall()]
    for table, key in _KEYED.items():
        columns = _columns(target, table)
        _insert(target, table, columns, _keyed_rows(source, table, columns, key, keys if key == "name_key" else []))
    _complete(target)


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})").fetchall()]


def _insert(db: sqlite3.Connection, table: str, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _numbered_rows(db: sqlite3.Connection, table: str, columns: list[str], most: int) -> Iterator[tuple[Any, ...]]:
    """Read a table in pieces, halving each piece that cannot be read."""
    with contextlib.suppress(sqlite3.Error):
        most = min(most, db.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0)
    statement = f"SELECT {', '.join(columns)} FROM {table} WHERE rowid BETWEEN ? AND ?"
    pieces = [(1, most)]
    failures = 0
    while pieces and failures < _MOST_FAILURES:
        first, last = pieces.pop()
        try:
            yield from db.execute(statement, (first, last)).fetchall()
        except sqlite3.Error:
            failures += 1
            if first < last:
                middle = (first + last) // 2
                pieces += [(middle + 1, last), (first, middle)]


def _keyed_rows(
    db: sqlite3.Connection, table: str, columns: list[str], key: str, known: list[str]
) -> Iterator[tuple[Any, ...]]:
    """Read a table from both ends as far as possible, then by the keys that are known from elsewhere."""
    statement = f"SELECT {', '.join(columns)} FROM {table}"
    for direction in ("ASC", "DESC"):
        try:
            yield from db.execute(f"{statement} ORDER BY {key} {direction}")
        except sqlite3.Error:
            continue
        return
    for value in known:
        with contextlib.suppress(sqlite3.Error):
            yield from db.execute(f"{statement} WHERE {key} = ?", (value,)).fetchall()


def _complete(db: sqlite3.Connection) -> None:
    """Make the tables agree: a counter for each name beyond all its numbers, aliases as their history says."""
    db.execute("DELETE FROM names WHERE typeof(next_version) <> 'integer' OR next_version < 1 OR typeof(name) <> 'text'")
    db.execute("INSERT OR IGNORE INTO names SELECT name_key, model_name, 1, NULL FROM models ORDER BY version DESC")
    for table in ("models", "alias_history"):
        db.execute(
            "UPDATE names SET next_version = max(next_version, coalesce("
            f"(SELECT max(t.version) + 1 FROM {table} t WHERE t.name_key = names.name_key), 1))"
        )
    db.execute(
        "INSERT OR IGNORE INTO aliases SELECT name_key, alias_key, alias, version FROM alias_history h"
        " WHERE version IS NOT NULL AND NOT EXISTS (SELECT 1 FROM alias_history l"
        " WHERE l.name_key = h.name_key AND l.alias_key = h.alias_key"
        " AND l.number > h.number)"
    )
    db.execute(
        "DELETE FROM aliases WHERE NOT EXISTS (SELECT 1 FROM models m WHERE m.name_key = aliases.name_key"
        " AND m.version = aliases.version AND m.status <> 'purged' AND m.deleted_at IS NULL)"
    )
    db.execute("INSERT OR IGNORE INTO meta SELECT 'space_id', space_id FROM models ORDER BY rowid LIMIT 1")


def _count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM models WHERE status <> 'purged'").fetchone()[0])


def _copy_with_new_first_page(path: Path, mended: Path) -> None:
    """Copy a database whose first page is damaged, with that of an empty store: the tables begin at the same pages."""
    empty = mended.with_name("empty.sqlite3")
    with contextlib.closing(sqlite3.connect(empty, isolation_level=None)) as db:
        apply(db, MIGRATIONS)
        size = db.execute("PRAGMA page_size").fetchone()[0]
    page = bytearray(empty.read_bytes()[:size])
    page[28:32] = (path.stat().st_size // size).to_bytes(4, "big")  # pages in the file
    page[32:40] = bytes(8)  # no free pages
    shutil.copyfile(path, mended)
    with mended.open("r+b") as file:
        file.write(page)


# ---- adopting --------------------------------------------------------------------------------------------------------


def _adopt(db: sqlite3.Connection, files: Path, user_id: str) -> int:
    """Make a row for each model file that has none, oldest first; it is a file of unknown origin from now on."""
    held = {row[0] for row in db.execute("SELECT save_id FROM models")}
    found = [path for path in files.glob("*.pkl") if _is_save_id(path.stem) and path.stem not in held]
    if not found:
        return 0
    found.sort(key=lambda path: (path.stat().st_mtime, path.name))
    db.execute("INSERT OR IGNORE INTO meta VALUES ('space_id', ?)", (user_id,))
    space_id = db.execute("SELECT value FROM meta WHERE key = 'space_id'").fetchone()[0]
    db.execute("INSERT OR IGNORE INTO names VALUES (?, ?, 1, NULL)", (key_of(ADOPTED_NAME), ADOPTED_NAME))
    first = db.execute("SELECT next_version FROM names WHERE name_key = ?", (key_of(ADOPTED_NAME),)).fetchone()[0]
    for version, path in enumerate(found, first):
        columns = to_columns(_adopted(path, version) | {"user_id": user_id, "space_id": space_id})
        _insert(db, "models", list(columns), iter([tuple(columns.values())]))
    db.execute("UPDATE names SET next_version = ? WHERE name_key = ?", (first + len(found), key_of(ADOPTED_NAME)))
    return len(found)


def _is_save_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _adopted(path: Path, version: int) -> dict[str, Any]:
    description = "The database was damaged, and this file was no longer named in it."
    with path.open("rb") as file:
        sha256, size = hash_file(file)
    return {
        "id": str(uuid.uuid4()),
        "model_name": ADOPTED_NAME,
        "name_key": key_of(ADOPTED_NAME),
        "version": version,
        "save_id": path.stem,
        "status": "ready",
        "origin": "file",
        "format": "pickle",
        "description": description,
        "search": search_text(ADOPTED_NAME, description, (), ""),
        "model_file_path": f"files/{path.name}",
        "model_file_size": size,
        "sha256": sha256,
        "created_at": datetime.fromtimestamp(path.stat().st_mtime, timezone.utc),
        "updated_at": now(),
    }


# ---- the swap --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _write_lock(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Hold the database's write lock; give its connection, or None if it is too damaged to be locked."""
    if not _has_content(path):
        yield None
        return
    with contextlib.closing(_open(path, "rw")) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            version = db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            translated = translate(error, path)
            if not isinstance(translated, StoreCorrupt):
                raise translated from error
            version = None
        if version is not None and version > len(MIGRATIONS):
            raise StoreTooNew(
                f"The store at {path.parent} was made by a newer version of jupyter-modelstore.",
                "pip install --upgrade jupyter-modelstore, then repair again. Nothing was changed.",
            )
        yield None if version is None else db


def _open(path: Path, mode: str) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None)
    prepare(db)
    return db


def _is_sound(db: sqlite3.Connection, files: Path) -> bool:
    """Tell whether every page and every record can be read, and no database was lost from beside its files."""
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:
            return not any(files.glob("*.pkl"))
        whole = db.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
        return whole and all(map(is_sound, db.execute(SELECT)))
    except sqlite3.Error:
        return False


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep two repairs apart, where the system can lock a directory."""
    try:
        import fcntl
    except ImportError:  # Windows, which refuses to replace an open file anyway
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a network drive that cannot
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _put_in_place(new: Path, path: Path) -> Path | None:
    """Put the new database where the damaged one is, which gets another name; return that name.

    A journal goes aside first: beside the new file it would be taken for that file's, and undo what it holds.
    """
    stamp = f"{now():%Y%m%d-%H%M%S}"
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists() or _journal(aside).exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    journal = _journal(path)
    if _is_hot(journal):
        journal.rename(_journal(aside))
    kept = _has_content(path)
    if kept:
        try:
            aside.hardlink_to(path)
        except OSError:  # no hard links on this file system: for a moment there is no database
            path.rename(aside)
    new.replace(path)
    fsync_directory(path.parent)
    return aside if kept else None


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _is_hot(journal: Path) -> bool:
    """Tell whether a journal holds a transaction; a finished one leaves it with zeros for a head."""
    if not _has_content(journal):
        return False
    with journal.open("rb") as file:
        return file.read(1) != b"\0"


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")
