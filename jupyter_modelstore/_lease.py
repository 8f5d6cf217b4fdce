"""A file that says "somebody is at it": so that of several kernels one does a work, and the others wait or leave it.

It only saves work. Home directories on NFS have no locks to trust, a laptop sleeps, a process is killed: so whoever relies on
a lease must also be right when two hold it. The file is made with ``O_EXCL`` and names its holder (host, boot, process, and a
random word). It is stale when the process is known to be gone, or when nobody has touched it for a minute by the clock of the
file system, which all machines that share it share too.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from jupyter_modelstore._files import file_errors

_STALE_AFTER = 60.0  # seconds
_HALF_WRITTEN = 2.0  # seconds after which a lease that names nobody is one whose maker died at once
_TOUCH_EVERY = 10.0
_LOOK_EVERY = 0.05


class Lease:
    """A lease on a path.

    Parameters
    ----------
    path
        The file that is made; its directory must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._holder = ""
        self._touched = 0.0

    def take(self) -> bool:
        """Take the lease unless somebody holds it; tell whether it was taken."""
        with file_errors(f"at {self._path}"):
            if self._make():
                return True
            if self._path.is_symlink():  # no lease is one: nobody holds it, and nobody would ever give it back
                self._path.unlink(missing_ok=True)
                return self._make()
            if self._path.is_dir():  # the same; one that holds anything is told
                self._path.rmdir()
                return self._make()
            stale = self._stale()
            return stale is not None and self._set_aside(stale) and self._make()

    def wait(self, seconds: float) -> bool:
        """Take the lease, waiting for it for so long at most."""
        until = time.monotonic() + seconds
        while not self.take():
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_EVERY)
        return True

    def touch(self) -> bool:
        """Show that the holder lives, every ten seconds at most; tell whether the lease is still held."""
        if time.monotonic() - self._touched >= _TOUCH_EVERY:
            if self._read() != self._holder:
                return False
            with contextlib.suppress(OSError):
                os.utime(self._path)
            self._touched = time.monotonic()
        return True

    def release(self) -> None:
        """Give the lease back, if it is still held."""
        if self._holder and self._read() == self._holder:
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._holder = ""

    def _make(self) -> bool:
        holder = json.dumps({"host": socket.gethostname(), "boot": boot_id(), "pid": os.getpid(), "nonce": uuid.uuid4().hex})
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return False
        try:
            with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 (a descriptor)
                file.write(holder)
        except OSError:  # a full disk
            self._path.unlink(missing_ok=True)
            raise
        self._holder, self._touched = holder, time.monotonic()
        return True

    def _read(self) -> str | None:
        try:
            return self._path.read_text(encoding="ascii", errors="replace")
        except OSError:
            return None

    def _stale(self) -> str | None:
        """Return what a lease that nobody holds any more says; None if it is held, or gone."""
        text = self._read()
        if text is None or _is_gone(text):
            return text
        return text if self._age() >= (_STALE_AFTER if text else _HALF_WRITTEN) else None

    def _age(self) -> float:
        """Return for how many seconds nobody touched the file, both times by the file system's clock.

        A time that is as far ahead says the same: the clock was set back, and whoever lives would have touched it since.
        """
        probe = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex}")
        try:
            probe.touch(mode=0o600)
            return abs(probe.stat().st_mtime - self._path.stat().st_mtime)
        except OSError:
            return 0.0
        finally:
            with contextlib.suppress(OSError):
                probe.unlink()

    def _set_aside(self, text: str) -> bool:
        """Remove a stale lease; one that somebody took in the meantime is put back."""
        aside = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex}")
        try:
            self._path.rename(aside)
        except OSError:
            return False
        found = aside.read_text(encoding="ascii", errors="replace")
        if found != text:
            with contextlib.suppress(OSError):
                self._path.hardlink_to(aside)
        aside.unlink(missing_ok=True)
        return found == text


@contextlib.contextmanager
def leased(path: Path, seconds: float) -> Iterator[bool]:
    """Hold the lease on a path; True if it was had within so many seconds. The work must be right without it too."""
    lease = Lease(path)
    held = lease.wait(seconds)
    try:
        yield held
    finally:
        lease.release()


def _is_gone(text: str) -> bool:
    """Tell whether the holder is known to be gone: a process of this machine, and of this boot, that is not there."""
    try:
        holder = json.loads(text)
        here = holder["host"] == socket.gethostname()
        if here and holder["boot"] != boot_id():
            return True
        if here and hasattr(os, "getuid"):
            os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, OSError):  # half written, or another's process
        return False
    return False


@functools.cache
def boot_id() -> str:
    """Return a word that is this machine's until it starts anew; empty on systems that have none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # another system
        return ""
