"""Where a stack lives: a directory of its own below the temporary one, a cache for what was downloaded, free ports."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyter-modelstore-stack"
"""Read once: tests have a home of their own."""

BASE = Path(tempfile.gettempdir()) / f"jupyter-modelstore-stack-{os.getuid()}"
"""Not in the home: an unprivileged user runs PostgreSQL for root, and must get through."""


def base() -> Path:
    """Return the directory of all stacks of this user; another user's is refused."""
    BASE.mkdir(mode=0o711, exist_ok=True)
    if BASE.is_symlink() or BASE.stat().st_uid != os.getuid():
        raise RuntimeError(f"{BASE} belongs to somebody else. Set TMPDIR to a directory of your own.")
    return BASE


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens; all are held until the last is found, so they differ."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process; who waited for a file that is gone by then, waits for the new one."""
    while True:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield
                return


def read_json(path: Path) -> dict:
    """Return a file's object, or an empty one."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_json(path: Path, value: dict) -> None:
    """Replace a file that only this user may read."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(value, indent=1), encoding="utf-8")
    part.replace(path)


def machine() -> str:
    """Return this machine as npm's packages spell it: ``linux-x64``."""
    names = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{sys.platform}-{names.get(platform.machine().lower(), platform.machine())}"
