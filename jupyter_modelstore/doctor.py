"""A check-up of the store and of what surrounds it, and a short answer to "where are my models?"."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

from jupyter_modelstore._version import __version__
from jupyter_modelstore.errors import ModelStoreError, NotSignedIn, Unreachable
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Finding
from jupyter_modelstore.record import ModelRecord, Stats
from jupyter_modelstore.registry import Registry

_LITTLE_ROOM = 1_000_000_000
_NAMES = 10  # saves that are named
_SEND = "%modelstore resume sends them now."
_GIVE_UP = "%modelstore resume tries it again, %modelstore discard NAME gives it up."
_NAMED = ("numpy", "scikit-learn", "joblib", "cloudpickle", "ipython")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where models are kept, and how many there are.

    Attributes
    ----------
    where, location : str
        For people, and the directory.
    models, versions, storage_bytes, trash, trash_bytes : int
        As :class:`~jupyter_modelstore.record.Stats` counts them.
    version, python : str
        Of this package, and of Python.
    trouble : str
        Why the numbers are not known; empty if they are.
    waiting : int
        Saves of this user's that are kept on this machine and have not arrived yet.
    refused : tuple of str
        Of these, the ones that were refused: name and reason.
    doubted : tuple of Finding
        Saves that are kept on this machine beside these and never sent, since they are not believed: where, how many, and why.
    others : int
        Saves of people who are not signed in now, which go when they sign in again.
    until : datetime or None
        When the token of a sign-in ends.
    renewed : bool
        Whether it is renewed before; a token in a file is somebody else's to renew.
    remedy : str
        What to do about the trouble.
    """

    where: str
    location: str
    models: int
    versions: int
    storage_bytes: int
    trash: int
    trash_bytes: int
    version: str
    python: str
    trouble: str = ""
    waiting: int = 0
    refused: tuple[str, ...] = ()
    doubted: tuple[Finding, ...] = ()
    others: int = 0
    until: datetime | None = None
    renewed: bool = True
    remedy: str = ""


def status(store: Registry) -> Status:
    """Return where models are kept and how many there are."""
    stats = Stats(models=0, versions_ready=0, trash=0, storage_bytes=0, trash_bytes=0)
    pending: Sequence[ModelRecord] = ()
    unsent: list[Finding] = []
    trouble: ModelStoreError | None = None
    try:
        pending, unsent = store.pending(), doubted(store)
        stats = store.stats()
    except ModelStoreError as error:  # whatever it is, it is told beside what waits
        if not pending and not isinstance(error, Unreachable | NotSignedIn):
            raise
        trouble = error
    refusals = [(record.model_name, record.refused) for record in pending]
    return Status(
        where=store.where,
        location=store.location,
        models=stats.models,
        versions=stats.versions_ready,
        storage_bytes=stats.storage_bytes,
        trash=stats.trash,
        trash_bytes=stats.trash_bytes,
        version=__version__,
        python=platform.python_version(),
        trouble="" if trouble is None else trouble.message,
        remedy="" if trouble is None else trouble.hint,
        waiting=len(pending),
        refused=tuple(f"{name}: {why['message']}" for name, why in refusals if why),
        doubted=tuple(unsent),
        others=store.kept_for_others(),
        until=store.until,
        renewed=not os.environ.get("MODELSTORE_ACCESS_TOKEN_FILE", "").strip(),
    )


def check_up(store: Registry, *, full: bool = False, repair: bool = False) -> Sequence[Finding]:
    """Look for damage.

    Parameters
    ----------
    store
        What to check.
    full
        Hash every file too.
    repair
        If the database is damaged, make a new one from what can still be read; nothing is removed.
    """
    place = store.local_directory
    while not place.exists():
        place = place.parent
    findings = [_environment(), _room(place), *_locks(place)]
    if repair:
        findings.append(store.repair())
    try:
        findings.extend(store.check(full=full))
    except ModelStoreError as error:
        findings.append(Finding(what="store", ok=False, message=error.message, hint=error.hint))
    return [*findings, *_on_their_way(store)]


def _on_their_way(store: Registry) -> list[Finding]:
    """Name the saves that this machine keeps until they arrive; nothing where every save has."""
    try:
        others = _of_others(store.kept_for_others())
        pending, unsent = store.pending(), doubted(store)
    except NotSignedIn:  # nobody knows whose they are
        return others
    except ModelStoreError as error:
        return [Finding(what="waiting", ok=False, message=error.message, hint=error.hint)]
    reasons = [(visible(record.model_name), record.refused) for record in pending]
    waiting = [name for name, why in reasons if not why]
    found = (
        [Finding(what="waiting", ok=True, message=f"kept on this machine: {_named(waiting)}", hint=_SEND)] if waiting else []
    )
    for name, why in reasons:
        if why:
            hint = f"{visible(str(why.get('hint', '')))} {_GIVE_UP}".strip()
            found.append(
                Finding(what="refused", ok=False, message=f"{name}: {visible(str(why.get('message', '')))}", hint=hint)
            )
    return [*found, *others, *unsent]


def _of_others(many: int) -> list[Finding]:
    if not many:
        return []
    what = "1 save of somebody" if many == 1 else f"{many} saves of people"
    message = f"kept on this machine: {what} not signed in now"
    return [Finding(what="waiting", ok=True, message=message, hint="Each goes when its owner signs in here again.")]


def doubted(store: Registry) -> list[Finding]:
    """Tell, for each reason, how many saves are kept on this machine and never sent."""
    reasons = Counter((error.message, error.hint) for error in store.doubted().values())
    return [
        Finding(what="not sent", ok=False, message=f"{many} save{'s' * (many > 1)}: {message}", hint=hint)
        for (message, hint), many in reasons.items()
    ]


def _named(names: Sequence[str]) -> str:
    """Return the first ten names, and how many more there are."""
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _environment() -> Finding:
    versions = {"python": platform.python_version()}
    for name in _NAMED:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            return Finding(what="environment", ok=False, message=f"{name} is not installed.", hint=f"pip install {name}")
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Finding(what="environment", ok=True, message=f"{text} ({sys.executable})", details=versions)


def _locks(place: Path) -> list[Finding]:
    """Tell whether the file system has locks, on which a store on this machine relies when several kernels use it."""
    if os.name != "posix" or not os.access(place, os.W_OK):
        return []
    import fcntl

    try:
        with tempfile.TemporaryFile(dir=place) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        hint = "Put MODELSTORE_HOME on a disk of this machine, or have the file server's lock service started."
        message = f"The file system of {place} does not lock files: {error.strerror}."
        return [Finding(what="locks", ok=False, message=message, hint=hint)]
    return [Finding(what="locks", ok=True, message=f"files are locked at {place}")]


def _room(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    message = f"{free / 1e9:.1f} GB free at {place}"
    hint = "%modelstore empty-trash and %modelstore prune NAME free space." if free < _LITTLE_ROOM else ""
    return Finding(what="room", ok=free >= _LITTLE_ROOM, message=message, hint=hint, details={"free_bytes": free})
