"""Looking after the local store: what is damaged, missing, left over or due."""

from __future__ import annotations

import contextlib
import os
import stat
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from jupyter_modelstore._files import file_errors, hash_file
from jupyter_modelstore.backends import _trash
from jupyter_modelstore.backends._sqlite import Database
from jupyter_modelstore.errors import ModelStoreError, ReadOnly
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Backend, Finding
from jupyter_modelstore.record import ModelRecord, Query

LEFTOVER_HOURS = 24
ORPHAN = ".orphan"


def path_of(files: Path, save_id: str | None) -> Path | None:
    """Return the path of a save's file; None if the id is none."""
    try:
        return files / f"{uuid.UUID(save_id or '')}.pkl"
    except ValueError:
        return None


def size_of(path: Path | None) -> int | None:
    """Return a file's size in bytes; None if it is not there."""
    try:
        return None if path is None else path.stat().st_size
    except OSError:
        return None


def check(database: Database, files: Path, backend: Backend, *, full: bool) -> Sequence[Finding]:
    """Look for damage, mark records whose file is gone, clear what dead saves left and what is due in the trash."""
    first = _attempt("database", lambda: _check_database(database))
    if not first.ok:
        return [first]
    return [
        first,
        _attempt("files", lambda: _check_files(database, files, backend, full=full)),
        _attempt("leftovers", lambda: _check_leftovers(database, files)),
        _attempt("trash", lambda: _trash.check(backend)),
    ]


def _attempt(what: str, step: Callable[[], Finding]) -> Finding:
    """Take a step; one that fails, as in a store that cannot be written, does not keep the others from being taken."""
    try:
        return step()
    except ModelStoreError as error:
        return Finding(what=what, ok=False, message=error.message, hint=error.hint)


def _check_database(database: Database) -> Finding:
    with database.read() as db:
        problems = [row[0] for row in db.execute("PRAGMA integrity_check(5)").fetchall() if row[0] != "ok"]
    if problems:
        hint = "jupyter modelstore doctor --repair makes a new database from all that can be read."
        return Finding(what="database", ok=False, message="; ".join(map(visible, problems)), hint=hint)
    return Finding(what="database", ok=True, message=f"intact, {database.path}")


def _check_files(database: Database, files: Path, backend: Backend, *, full: bool) -> Finding:
    records = [
        record
        for deleted in (False, True)
        for record in backend.select(Query(all_versions=True, deleted=deleted, sort="created_at"))
    ]
    sizes = {record.id: size_of(path_of(files, record.save_id)) for record in records}
    missing = [record for record in records if sizes[record.id] is None]
    changed = [
        record
        for record in records
        if sizes[record.id] is not None
        and (sizes[record.id] != record.model_file_size or (full and _hash(backend, record) != record.sha256))
    ]
    _mark(database, [(record, "missing" if sizes[record.id] is None else "ready") for record in records])
    counts = {"files": len(records), "missing": len(missing), "changed": len(changed)}
    if missing or changed:
        names = ", ".join(record.ref for record in (*missing, *changed)[:10])
        message = f"{len(missing)} files missing, {len(changed)} changed: {names}"
        hint = "Put them back from a backup; a changed file is never loaded."
        return Finding(what="files", ok=False, message=message, hint=hint, details=counts)
    how = "size and sha256" if full else "size"
    return Finding(what="files", ok=True, message=f"{len(records)} there, {how} as recorded", details=counts)


def _mark(database: Database, statuses: Sequence[tuple[ModelRecord, str]]) -> None:
    wrong = [(status, record.id) for record, status in statuses if record.status != status]
    if wrong:
        with contextlib.suppress(ReadOnly), database.write() as db:
            db.executemany("UPDATE models SET status = ? WHERE id = ? AND status IN ('ready', 'missing')", wrong)


def _hash(backend: Backend, record: ModelRecord) -> str | None:
    """Return a file's sha256; None if it cannot be read."""
    try:
        with backend.fetch(record).open("rb") as file:
            return hash_file(file)[0]
    except OSError:
        return None


def _check_leftovers(database: Database, files: Path) -> Finding:
    count, size = sweep(database, files, timedelta(hours=LEFTOVER_HOURS))
    message = f"{count} leftovers of broken-off saves cleared ({size:,} bytes)" if count else "no leftovers"
    orphans = sorted(files.glob(f"*{ORPHAN}"))
    details = {"removed": count, "bytes": size, "set_aside": len(orphans)}
    if not orphans:
        return Finding(what="leftovers", ok=True, message=message, details=details)
    message += f"; {len(orphans)} models without a record are set aside in {files}"
    hint = f'%save_model --file "{orphans[0]}" "name" keeps one again; remove those that you do not need.'
    return Finding(what="leftovers", ok=True, message=message, hint=hint, details=details)


def sweep(database: Database, files: Path, older_than: timedelta) -> tuple[int, int]:
    """Clear what no row names and nobody has written to for so long; return the number of files and their bytes.

    Only names that a save gives are touched. What was never finished, or is left of a purge, is removed. A whole model without
    a row may be all that is left of a save whose database was lost or put back from a backup: it is set aside, not removed.
    Under the write lock: a save that is between its file's name and its row finds its file gone, and says so, or has its row.
    """
    oldest = time.time() - older_than.total_seconds()
    count = size = 0
    with file_errors(f"in {files}"), database.write() as db:
        status = dict(db.execute("SELECT save_id, status FROM models WHERE save_id IS NOT NULL").fetchall())
        for entry in os.scandir(files) if files.is_dir() else ():
            save_id, _, suffix = entry.name.partition(".")
            known = status.get(save_id)
            if suffix not in {"pkl", "part"} or not is_save_id(save_id) or (suffix == "pkl" and known not in {None, "purged"}):
                continue
            with contextlib.suppress(FileNotFoundError):
                state = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(state.st_mode) and state.st_mtime <= oldest:
                    _clear(Path(entry.path), whole=suffix == "pkl" and known is None)
                    count, size = count + 1, size + state.st_size
    return count, size


def _clear(path: Path, *, whole: bool) -> None:
    if whole:
        path.rename(path.with_suffix(ORPHAN))
    else:
        path.unlink()


def is_save_id(text: str) -> bool:
    """Tell whether a file's name begins as a save's does."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
