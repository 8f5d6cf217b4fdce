"""A check-up: whether the project answers and is set up, whether a file goes there and back, and the space's rows and files."""

from __future__ import annotations

import io
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_modelstore._files import file_errors, hash_file, make_private
from jupyter_modelstore._gateway import not_understood
from jupyter_modelstore._sizes import size
from jupyter_modelstore.backends import _trash
from jupyter_modelstore.backends.supabase._database import Functions
from jupyter_modelstore.backends.supabase._objects import Objects
from jupyter_modelstore.errors import ModelFileNotFound, ModelStoreError, Unreachable
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Backend, Finding
from jupyter_modelstore.record import ModelRecord, Query, now, parse_time

_SERVICES = (
    ("Auth", "GET", "/auth/v1/health"),
    ("database", "POST", "/rest/v1/rpc/modelstore_whoami"),
    ("Storage", "GET", "/storage/v1/status"),
)
_FAILED = "Failed to upload to storage"
_CLOCK = 30.0  # seconds; the database takes no token that was issued farther in the future


def check(backend: Backend, functions: Functions, objects: Objects, q: Mapping[str, Any], *, full: bool) -> list[Finding]:
    """Look for damage and sweep; each line of the answer is one thing that was looked at."""
    began = time.perf_counter()
    who = functions.whoami(backend.user_id)
    took = time.perf_counter() - began
    try:
        return [
            _project(backend, who, took),
            _role(who),
            _clock(who),
            _bucket(who),
            _there_and_back(objects, backend.user_id),
            *_space(backend, functions, objects, q, full=full),
        ]
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        if isinstance(error, ModelStoreError):
            raise
        raise not_understood("what it says of itself cannot be read") from error


def services(objects: Objects, url: str) -> Finding:
    """Ask each service of the project for a sign of life, as nobody; also whether the database has this package's functions."""
    try:
        found = {name: objects.alive(url + path, method) for name, method, path in _SERVICES}
    except Unreachable as error:
        return Finding(what="services", ok=False, message=error.message, hint=error.hint)
    silent = {name: error for name, error in found.items() if error is not None}
    if not silent:
        return Finding(what="services", ok=True, message=f"{url}: {', '.join(found)} answer")
    why = next(iter(silent.values()))
    return Finding(what="services", ok=False, message=f"{', '.join(silent)}: {why.message}", hint=why.hint)


def _project(backend: Backend, who: Mapping[str, Any], took: float) -> Finding:
    schema, ms = who["schema"].get("version", 0), round(took * 1e3)
    message = f"{backend.location} answered in {ms} ms, as {visible(str(who.get('handle')))}; schema {schema}"
    return Finding(what="project", ok=True, message=message, details={"ms": ms, "schema": schema})


def _role(who: Mapping[str, Any]) -> Finding:
    role = visible(str(who.get("role")))
    hint = "" if role == "authenticated" else "Sign in as a person: %modelstore login YOUR@EMAIL"
    return Finding(what="role", ok=not hint, message=f"asked as {role}, with a publishable key", hint=hint)


def _clock(who: Mapping[str, Any]) -> Finding:
    try:
        off = (now() - parse_time(str(who.get("now")))).total_seconds()
    except ValueError:
        return Finding(what="clock", ok=False, message="The project does not say what time it is.")
    ok = abs(off) < _CLOCK
    hint = "" if ok else "Set this machine's clock; tokens are renewed by the project's, so nothing is lost meanwhile."
    return Finding(
        what="clock", ok=ok, message=f"{abs(off):.0f} s {'ahead' if off > 0 else 'behind'} of the project's", hint=hint
    )


def _bucket(who: Mapping[str, Any]) -> Finding:
    bucket = who.get("bucket")
    if not bucket:
        return Finding(
            what="bucket",
            ok=False,
            message="There is no bucket model-files.",
            hint="Its admin runs: jupyter modelstore init --again",
        )
    if not bucket["private"]:
        return Finding(
            what="bucket",
            ok=False,
            message="The bucket model-files is public.",
            hint="Its admin runs: jupyter modelstore init --again",
        )
    limit = bucket["file_size_limit"]
    most = f"files up to {size(int(limit))}" if limit else "no limit of its own for a file"
    quota = who.get("quota_bytes")
    room = f", {size(int(quota))} for you in all" if quota is not None else ", no quota"
    return Finding(what="bucket", ok=True, message=f"private, {most}{room}", details={"limit": limit, "quota": quota})


def _there_and_back(objects: Objects, user_id: str) -> Finding:
    """Send a small file to a key of its own, look at it, and remove it."""
    path, data = f"{user_id}/{uuid.uuid4()}.pkl", b"jupyter-modelstore doctor"
    try:
        objects.send(path, io.BytesIO(data), len(data))
        arrived = objects.size(path) == len(data)
        removed = objects.remove([path]) == [path]
    except ModelStoreError as error:
        failed = "" if error.message.startswith(_FAILED) else f"{_FAILED}: "
        return Finding(what="a file of its own", ok=False, message=f"{failed}{error.message}", hint=error.hint)
    if not (arrived and removed):
        what = "was removed, but not seen there" if removed else "was not removed again"
        hint = "The project's rules for files were changed: its admin runs jupyter modelstore init --check"
        return Finding(what="a file of its own", ok=False, message=f"A small file {what}.", hint=hint)
    return Finding(what="a file of its own", ok=True, message=f"{len(data)} bytes there and back")


def _space(backend: Backend, functions: Functions, objects: Objects, q: Mapping[str, Any], *, full: bool) -> list[Finding]:
    found = functions.call("check", q)
    return [
        _files(backend, objects, found, full=full),
        _leftovers(functions, objects, found, q),
        _trash.check(backend),
    ]


def _files(backend: Backend, objects: Objects, found: Mapping[str, Any], *, full: bool) -> Finding:
    missing, changed = list(found["missing"]), list(found["changed"])
    if full:
        changed += [
            record.ref for record in _records(backend) if record.ref not in changed and _differs(backend, objects, record)
        ]
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


def _differs(backend: Backend, objects: Objects, record: ModelRecord) -> bool:
    """Tell whether what the project holds is not what was saved; the copies on this machine are not asked, and stay."""
    place = backend.local_directory
    with file_errors(f"in {place}"):
        make_private(place)
        with tempfile.TemporaryDirectory(dir=place, prefix=".doctor-") as directory:
            part = Path(directory) / "file"
            try:
                objects.fetch(record.model_file_path, part, record.model_file_size)
            except ModelFileNotFound:
                return True
            with part.open("rb") as file:
                return hash_file(file)[0] != record.sha256


def _leftovers(functions: Functions, objects: Objects, found: Mapping[str, Any], q: Mapping[str, Any]) -> Finding:
    left = [*found["strays"], *functions.call("purged", q)["left"]]
    sizes = {entry["path"]: int(entry["bytes"] or 0) for entry in left}
    removed = objects.remove(list(sizes)) if sizes else []
    total = sum(sizes.get(path, 0) for path in removed)
    message = f"{len(removed)} leftovers of broken-off saves cleared ({size(total)})" if removed else "no leftovers"
    return Finding(what="leftovers", ok=True, message=message, details={"removed": len(removed), "bytes": total})
