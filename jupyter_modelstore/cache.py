"""Files that rest elsewhere, kept on this machine by their sha256: a second load of a version transfers nothing.

::

    cache/<key>                       the file
    cache/<key>.<owner>.<id>.json     what was last known of a version that has this file, as one owner saw it
    cache/<key>.part                  being fetched

Bounded by what the disk has: at most 5 GB, and a tenth of what is free. The one that was used longest ago goes first, and its
notes with it. What the cache holds is never believed: whoever loads hashes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_modelstore._files import file_errors, fsync_directory, is_only_mine, make_private, write_private
from jupyter_modelstore._lease import Lease
from jupyter_modelstore.errors import DiskFull, InvalidValue
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Progress

_MOST = 5_000_000_000  # bytes
_SHARE_OF_FREE = 0.1
_PART_LEFT_FOR = 7 * 86_400  # seconds
_KEY = re.compile(r"[0-9a-f]{64}|row-[0-9a-f-]{36}")


class Cache:
    """A directory of files by their sha256.

    Parameters
    ----------
    directory
        Made when the first file comes; readable for its owner only.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, key: str, size: int) -> Path | None:
        """Return the file of this key if it has this size, and note that it was used."""
        path = self._at(key)
        with contextlib.suppress(OSError):
            if path.stat().st_size == size:
                with contextlib.suppress(OSError):  # a home that cannot be written
                    os.utime(path)
                return path
        return None

    @contextlib.contextmanager
    def gathering(self, key: str) -> Iterator[tuple[Path, Progress]]:
        """Give where the bytes of this key are gathered, and what is told of them.

        What an earlier try left there is its beginning. While another kernel is at it, they are gathered in a file that is
        removed if it is not kept.
        """
        part = self._at(key).with_suffix(".part")
        with file_errors(f"in {self._directory}"):
            make_private(self._directory)
            lease = Lease(part.with_suffix(".lease"))
            alone = lease.take()
            own = part if alone else part.with_suffix(f".{uuid.uuid4()}.part")
            if own.is_symlink():  # of somebody else's making: what it names is not ours to write to
                own.unlink()

        def tell(stage: str, done: int, total: int | None) -> None:
            del stage, done, total
            lease.touch()

        try:
            yield own, tell
        except DiskFull:
            own.unlink(missing_ok=True)
            raise
        finally:
            lease.release()
            if not alone:
                own.unlink(missing_ok=True)

    def keep(self, part: Path, key: str, size: int) -> Path:
        """Take what was gathered as the file of this key; make room by removing what was used longest ago."""
        path = self._at(key)
        with file_errors(f"in {self._directory}"):
            part.replace(path)
            fsync_directory(self._directory)
        self._make_room(besides=path, size=size)
        return path

    def adopt(self, path: Path, key: str, size: int) -> None:
        """Take a whole file, which stays in its place too, as the file of this key; not one that is beyond all bounds."""
        target = self._at(key)
        if size <= self._most(size) and not target.exists():
            make_private(self._directory)
            target.hardlink_to(path)
            self._make_room(besides=target, size=size)

    def note(self, key: str, owner: str, record: Mapping[str, Any]) -> None:
        """Keep what is known now of a version that has the file of this key, if that is here."""
        if self._at(key).exists():
            path, text = self._note(key, owner, record["id"]), json.dumps(record).encode()
            if path.exists() and path.read_bytes() == text:
                os.utime(path)  # nothing is forced to the disk for a load that brought no news
            else:
                write_private(path, text)

    def noted(self, owner: str) -> Iterator[tuple[float, Mapping[str, Any]]]:
        """Return what was last known of the versions whose files are here, each with the time, in seconds since the epoch.

        A note that somebody else could have written says nothing.
        """
        for path in self._directory.glob(f"*.{_digest(owner)}.*.json"):
            with contextlib.suppress(OSError, ValueError, RecursionError):  # another kernel makes room; a damaged file
                there = self._directory.joinpath(path.name.partition(".")[0]).exists()
                if there and is_only_mine(path) and is_only_mine(self._directory):
                    known = json.loads(path.read_bytes())
                    if isinstance(known, dict):
                        yield path.stat().st_mtime, known

    def forget(self, key: str) -> bool:
        """Remove the file of this key, for example since its bytes are wrong, and what is known of it; tell if it was there."""
        there = self._at(key).exists()
        for path in (self._at(key), *self._directory.glob(f"{key}.*")):
            path.unlink(missing_ok=True)
        return there

    def drop(self, key: str, owner: str, record_id: str) -> None:
        """Forget a version, which was deleted for good; its file goes too if no other version here has it."""
        self._note(key, owner, record_id).unlink(missing_ok=True)
        if not any(self._directory.glob(f"{key}.*.json")):
            self.forget(key)

    def _note(self, key: str, owner: str, record_id: str) -> Path:
        return self._at(key).with_suffix(f".{_digest(owner)}.{uuid.UUID(record_id)}.json")

    def _at(self, key: str) -> Path:
        """Return where the file of a key is; what a server says is a sha256 may be a path."""
        if not _KEY.fullmatch(key):
            raise InvalidValue(f"'{visible(key)}' is no sha256.", "The record that says so is damaged: save the model again.")
        return self._directory / key

    def _make_room(self, *, besides: Path, size: int) -> None:
        held = []
        oldest_part = time.time() - _PART_LEFT_FOR
        with contextlib.suppress(OSError), os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # another kernel makes room too
                    state = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(".part"):
                        if state.st_mtime < oldest_part:
                            Path(entry.path).unlink()
                    elif _KEY.fullmatch(entry.name) and entry.path != str(besides):
                        held.append((state.st_mtime, state.st_size, entry.name))
        total = size + sum(length for _, length, _ in held)
        most = self._most(total)
        for _, length, key in sorted(held):
            if total <= most:
                break
            with contextlib.suppress(OSError):
                self.forget(key)
            total -= length

    def _most(self, held: int) -> float:
        """Return how many bytes the cache may hold, which holds so many now or will."""
        place = next(path for path in (self._directory, *self._directory.parents) if path.exists())
        return min(_MOST, _SHARE_OF_FREE * (shutil.disk_usage(place).free + held))


def _digest(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:16]
