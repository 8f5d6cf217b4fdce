"""A check-up of the store and of what surrounds it, and a short answer to "where are my models?"."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from jupyter_modelstore._version import __version__
from jupyter_modelstore.errors import ModelStoreError
from jupyter_modelstore.protocols import Finding
from jupyter_modelstore.registry import Registry

_LITTLE_ROOM = 1_000_000_000
_NAMED = ("numpy", "scikit-learn", "joblib", "cloudpickle", "ipython")


def status(store: Registry) -> list[tuple[str, str]]:
    """Return where models are kept and how many there are, as lines of title and text."""
    stats = store.stats()
    versions = "1 version" if stats.versions_ready == 1 else f"{stats.versions_ready} versions"
    return [
        ("models are kept", store.where),
        ("directory", store.location),
        ("models", f"{stats.models} ({versions}, {stats.storage_bytes:,} bytes; {stats.trash} in the trash)"),
        ("version", __version__),
    ]


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
    findings = [_environment(), _room(store)]
    if repair:
        findings.append(store.repair())
    try:
        findings.extend(store.check(full=full))
    except ModelStoreError as error:
        findings.append(Finding(what="store", ok=False, message=error.message, hint=error.hint))
    return findings


def _environment() -> Finding:
    versions = {"python": platform.python_version()}
    for name in _NAMED:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            return Finding(what="environment", ok=False, message=f"{name} is not installed.", hint=f"pip install {name}")
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Finding(what="environment", ok=True, message=f"{text} ({sys.executable})", details=versions)


def _room(store: Registry) -> Finding:
    place = Path(store.location)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    message = f"{free / 1e9:.1f} GB free at {place}"
    hint = "%modelstore empty-trash and %modelstore prune NAME free space." if free < _LITTLE_ROOM else ""
    return Finding(what="room", ok=free >= _LITTLE_ROOM, message=message, hint=hint, details={"free_bytes": free})
