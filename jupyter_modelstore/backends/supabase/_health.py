"""A check-up of a space: rows whose file is gone, files that no row names, what is due in the trash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from jupyter_modelstore._files import hash_file
from jupyter_modelstore.backends.supabase._database import Functions
from jupyter_modelstore.backends.supabase._objects import Objects
from jupyter_modelstore.errors import ModelStoreError
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Backend, Finding
from jupyter_modelstore.record import ModelRecord, Query, now

_TRASH = timedelta(days=30)


def check(backend: Backend, functions: Functions, objects: Objects, q: Mapping[str, Any], *, full: bool) -> list[Finding]:
    """Look for damage and sweep; each line of the answer is one thing that was looked at."""
    found = functions.call("check", q)
    return [
        _files(backend, found, full=full),
        _leftovers(functions, objects, found, q),
        _trash(backend),
    ]


def _files(backend: Backend, found: Mapping[str, Any], *, full: bool) -> Finding:
    missing, changed = list(found["missing"]), list(found["changed"])
    if full:
        changed += [record.ref for record in _records(backend) if record.ref not in changed and _differs(backend, record)]
    counts = {"files": found["files"], "missing": len(missing), "changed": len(changed)}
    if missing or changed:
        names = ", ".join(map(visible, [*missing, *changed][:10]))
        message = f"{len(missing)} files missing, {len(changed)} changed: {names}"
        return Finding(
            what="files",
            ok=False,
            message=message,
            hint="Save these models again; a changed file is never loaded.",
            details=counts,
        )
    how = "size and sha256" if full else "size"
    return Finding(what="files", ok=True, message=f"{found['files']} there, {how} as recorded", details=counts)


def _records(backend: Backend) -> Sequence[ModelRecord]:
    found = [backend.select(Query(all_versions=True, deleted=deleted)) for deleted in (False, True)]
    return [record for records in found for record in records if record.status == "ready" and record.sha256]


def _differs(backend: Backend, record: ModelRecord) -> bool:
    try:
        with backend.fetch(record).open("rb") as file:
            return hash_file(file)[0] != record.sha256
    except (ModelStoreError, OSError):
        return True


def _leftovers(functions: Functions, objects: Objects, found: Mapping[str, Any], q: Mapping[str, Any]) -> Finding:
    left = [*found["strays"], *functions.call("purged", q)["left"]]
    sizes = {entry["path"]: int(entry["bytes"] or 0) for entry in left}
    removed = objects.remove(list(sizes)) if sizes else []
    size = sum(sizes.get(path, 0) for path in removed)
    message = f"{len(removed)} leftovers of broken-off saves cleared ({size:,} bytes)" if removed else "no leftovers"
    return Finding(what="leftovers", ok=True, message=message, details={"removed": len(removed), "bytes": size})


def _trash(backend: Backend) -> Finding:
    limit = now() - _TRASH
    due = [
        record for record in backend.select(Query(deleted=True)) if record.deleted_at is not None and record.deleted_at <= limit
    ]
    removal = backend.purge(due)
    message = f"{len(removal.records)} versions purged after {_TRASH.days} days" if removal.records else "nothing due"
    return Finding(what="trash", ok=True, message=message, details={"purged": len(removal.records)})
