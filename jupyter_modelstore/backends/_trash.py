"""The trash, the same in every store: what has lain there for 30 days is purged."""

from __future__ import annotations

from datetime import timedelta

from jupyter_modelstore.protocols import Backend, Finding
from jupyter_modelstore.record import Query, Removal, now

DAYS = 30


def purge_expired(backend: Backend) -> Removal:
    """Purge what has been in the trash for longer."""
    limit = now() - timedelta(days=DAYS)
    trash = backend.select(Query(deleted=True))
    return backend.purge([record for record in trash if record.deleted_at is not None and record.deleted_at <= limit])


def check(backend: Backend) -> Finding:
    """Purge what is due, and tell."""
    removal = purge_expired(backend)
    message = f"{len(removal.records)} versions purged after {DAYS} days" if removal.records else "nothing due"
    return Finding(what="trash", ok=True, message=message, details={"purged": len(removal.records)})
