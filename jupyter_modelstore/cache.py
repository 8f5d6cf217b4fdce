"""Files that came from elsewhere, kept on this machine by their sha256: a second load of a version transfers nothing.

Bounded by what the disk has: at most 5 GB, and a tenth of what is free. The one that was used longest ago goes first. What
the cache holds is never believed: whoever loads hashes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from jupyter_modelstore._files import file_errors, fsync_directory

_MOST = 5_000_000_000  # bytes
_SHARE_OF_FREE = 0.1
_PART_LEFT_FOR = 7 * 86_400  # seconds


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
        path = self._directory / key
        with contextlib.suppress(OSError):
            if path.stat().st_size == size:
                os.utime(path)
                return path
        return None

    def part(self, key: str) -> Path:
        """Return where the bytes of this key are gathered; what an earlier try left there is its beginning."""
        with file_errors(f"in {self._directory}"):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._directory / f"{key}.part"

    def keep(self, key: str, size: int) -> Path:
        """Take what was gathered as the file of this key; make room by removing what was used longest ago."""
        path = self._directory / key
        with file_errors(f"in {self._directory}"):
            self.part(key).replace(path)
            fsync_directory(self._directory)
        self._make_room(besides=path, size=size)
        return path

    def forget(self, key: str) -> None:
        """Remove the file of this key, for example since its bytes are wrong."""
        for path in (self._directory / key, self._directory / f"{key}.part"):
            path.unlink(missing_ok=True)

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
                    elif entry.path != str(besides):
                        held.append((state.st_mtime, state.st_size, entry.path))
        total = size + sum(length for _, length, _ in held)
        most = min(_MOST, _SHARE_OF_FREE * (shutil.disk_usage(self._directory).free + total))
        for _, length, path in sorted(held):
            if total <= most:
                break
            with contextlib.suppress(OSError):
                Path(path).unlink()
            total -= length
