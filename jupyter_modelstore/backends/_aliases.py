"""Aliases of the local store: what each points at now, and a history that only grows.

Every function works inside a transaction of its caller's.
"""

from __future__ import annotations

import dataclasses
import getpass
import os
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from jupyter_modelstore.backends._rows import unreadable
from jupyter_modelstore.names import key_of
from jupyter_modelstore.record import ROLLBACK, AliasEvent, ModelRecord, format_time, now, parse_time, pointed_at


def version_of(db: sqlite3.Connection, name: str, alias: str, at: datetime | None = None) -> int | None:
    """Return the version that an alias names now, or named at a time; None if none."""
    keys = (key_of(name), key_of(alias))
    if at is None:
        row = db.execute("SELECT version FROM aliases WHERE name_key = ? AND alias_key = ?", keys).fetchone()
    else:
        row = db.execute(
            "SELECT version FROM alias_history WHERE name_key = ? AND alias_key = ? AND at <= ? ORDER BY number DESC LIMIT 1",
            (*keys, format_time(at)),
        ).fetchone()
    return None if row is None else row[0]


def point(db: sqlite3.Connection, record: ModelRecord, alias: str, why: str) -> None:
    """Let an alias name a version, with a line in its history; nothing happens if it does already and no reason is given."""
    name_key = key_of(record.model_name)
    previous = version_of(db, record.model_name, alias)
    if previous == record.version and not why:
        return
    db.execute(
        "INSERT INTO aliases VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, alias = excluded.alias",
        (name_key, key_of(alias), alias, record.version),
    )
    _note(db, name_key, alias, (record.version, previous), why)


def drop(db: sqlite3.Connection, name: str, alias: str, version: int, why: str) -> None:
    """Take an alias away, with a line in its history."""
    db.execute("DELETE FROM aliases WHERE name_key = ? AND alias_key = ?", (key_of(name), key_of(alias)))
    _note(db, key_of(name), alias, (None, version), why)


def give_back(db: sqlite3.Connection, record: ModelRecord, alias: str) -> str | None:
    """Let an alias of a version that was deleted name what it named before, and return that; drop it if nothing is left."""
    for version in reversed(pointed_at(history(db, record.model_name, alias))):
        earlier = (key_of(record.model_name), version)
        statement = "SELECT 1 FROM models WHERE name_key = ? AND version = ? AND status = 'ready' AND deleted_at IS NULL"
        if db.execute(statement, earlier).fetchone() is not None:
            back = dataclasses.replace(record, version=version)
            point(db, back, alias, f"{ROLLBACK}: {record.ref} was deleted")
            return back.ref
    drop(db, record.model_name, alias, record.version, "the version was deleted")
    return None


def history(db: sqlite3.Connection, name: str, alias: str | None) -> list[AliasEvent]:
    """Return the history of a model's aliases, newest first."""
    rows = db.execute(
        "SELECT n.name, h.alias, h.version, h.previous, h.at, h.who, h.why FROM alias_history h"
        " JOIN names n ON n.name_key = h.name_key"
        " WHERE h.name_key = ? AND (? IS NULL OR h.alias_key = ?) ORDER BY h.number DESC",
        (key_of(name), alias, key_of(alias or "")),
    ).fetchall()
    try:
        return [
            AliasEvent(model_name=n, alias=a, version=v, previous=p, at=parse_time(at), who=who, why=why)
            for n, a, v, p, at, who, why in rows
        ]
    except (TypeError, ValueError, AttributeError) as error:
        raise unreadable() from error


def former(db: sqlite3.Connection, records: Sequence[ModelRecord]) -> tuple[str, ...]:
    """Return the aliases that ever named one of these versions."""
    found: dict[str, None] = {}
    for record in records:
        rows = db.execute(
            "SELECT DISTINCT alias FROM alias_history WHERE name_key = ? AND version = ? ORDER BY number",
            (key_of(record.model_name), record.version),
        )
        found.update((row[0], None) for row in rows)
    return tuple(found)


def _note(db: sqlite3.Connection, name_key: str, alias: str, versions: tuple[int | None, int | None], why: str) -> None:
    db.execute(
        "INSERT INTO alias_history (name_key, alias_key, alias, version, previous, at, who, why)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (name_key, key_of(alias), alias, *versions, format_time(now()), _who(), why),
    )


def _who() -> str:
    """Return the name of the user of this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without an entry
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
