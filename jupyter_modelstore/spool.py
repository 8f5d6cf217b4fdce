"""Saves on their way to a project: from the moment that this machine holds a save whole, nothing can lose it.

::

    spool/<save_id>.part     being written
    spool/<save_id>.bin      the model, whole and forced to the disk
    spool/<save_id>.json     its journal: for which project and person, what is known of the model, how far it has come
    spool/<save_id>.lease    somebody is at it

The journal is written last and removed last, each whole or not at all: so a journal always has its file. It is bound to the
project and the person that it is for; nobody else's session ever sends it. A journal waits, or was refused: what waits is tried
again, what was refused is kept with the reason until the person says what to do. Which of several kernels sends it does not
matter: the save's id makes one row of however many tries (:class:`~jupyter_modelstore._lease.Lease` only saves work).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from jupyter_modelstore._files import file_errors, fsync_directory, is_only_mine, make_private, write_private
from jupyter_modelstore._lease import Lease
from jupyter_modelstore.errors import ModelStoreError
from jupyter_modelstore.protocols import Waiting

_LEFT_FOR = 24 * 3600  # seconds after which a file without a journal belongs to nobody


class Spool:
    """The saves of one home directory that are on their way.

    Parameters
    ----------
    directory
        Made by the first save; readable for its owner only.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def part(self, save_id: str) -> Path:
        """Return where a save is to be written."""
        with file_errors(f"in {self.directory}"):
            make_private(self.directory)
        return self._path(save_id, "part")

    def file(self, save_id: str) -> Path:
        """Return the file of a save that is kept here."""
        return self._path(save_id, "bin")

    def accept(self, waiting: Waiting) -> None:
        """Take over a save whose ``.part`` is whole and forced to the disk; when this returns, it cannot be lost."""
        with file_errors(f"in {self.directory}"):
            self._path(waiting.save_id, "part").rename(self.file(waiting.save_id))
            try:
                fsync_directory(self.directory)
                self.note(waiting)
            except (OSError, ModelStoreError):  # it is told that nothing was kept
                self.done(waiting.save_id)
                raise

    def note(self, waiting: Waiting) -> Waiting:
        """Write down how far a save has come."""
        path = self._path(waiting.save_id, "json")
        with file_errors(f"in {self.directory}"):
            write_private(path, json.dumps(asdict(waiting), ensure_ascii=False).encode())
        return waiting

    def refuse(self, waiting: Waiting, reason: Mapping[str, str]) -> Waiting:
        """Keep a save with the reason for which it was refused."""
        return self.note(replace(waiting, refused=dict(reason)))

    def done(self, save_id: str) -> None:
        """Forget a save that has arrived, or that the person gives up: the file first, its journal last."""
        with file_errors(f"in {self.directory}"):
            for kind in ("bin", "json", "part"):
                self._path(save_id, kind).unlink(missing_ok=True)

    def waiting(self, url: str, user_id: str) -> Sequence[Waiting]:
        """Return this person's saves for this project, in the order in which they were kept; also refused ones."""
        found = [entry for entry in self._journals() if (entry.url, entry.user_id) == (url, user_id)]
        return sorted(found, key=lambda entry: entry.at)

    @contextlib.contextmanager
    def held(self, save_id: str) -> Iterator[Lease | None]:
        """Hold the lease on a save; None if another kernel has it."""
        lease = Lease(self._path(save_id, "lease"))
        try:
            taken = lease.take()
        except OSError:  # a full disk, a home that cannot be written: sending needs neither, and is right without the lease
            taken = True
        try:
            yield lease if taken else None
        finally:
            lease.release()

    def sweep(self) -> None:
        """Remove halves of saves that nobody has written to for a day: what a process that died left."""
        oldest = time.time() - _LEFT_FOR
        with contextlib.suppress(OSError), os.scandir(self.directory) as entries:
            for entry in entries:
                stem, _, kind = entry.name.partition(".")
                with contextlib.suppress(OSError):
                    other = {"part": "json", "bin": "json", "lease": "bin", "json": "bin"}.get(kind)
                    half = other is not None and not self.directory.joinpath(f"{stem}.{other}").exists()
                    orphan = half or entry.name.startswith(".")  # a file that was to become another one
                    if orphan and entry.stat(follow_symlinks=False).st_mtime < oldest:
                        Path(entry.path).unlink()

    def _path(self, save_id: str, kind: str) -> Path:
        return self.directory / f"{uuid.UUID(save_id)}.{kind}"

    def _journals(self) -> Iterator[Waiting]:
        with contextlib.suppress(FileNotFoundError):
            ours = is_only_mine(self.directory)
            for path in sorted(self.directory.glob("*.json")):
                entry = _read(path) if ours else None
                if entry is not None and self._is_own(path) and self._is_own(self.file(entry.save_id)):
                    yield entry

    @staticmethod
    def _is_own(path: Path) -> bool:
        """Tell whether a file is there, and nobody else can have written it: what waits is sent, and loaded, as one's own."""
        try:
            return is_only_mine(path)
        except OSError:
            return False


def _read(path: Path) -> Waiting | None:
    """Return a journal; None if it cannot be read: its file stays, for somebody to look at, and others are not held up."""
    try:
        entry = Waiting(**json.loads(path.read_text(encoding="utf-8")))
        return entry if _is_whole(entry) and str(uuid.UUID(entry.save_id)) == path.stem else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _is_whole(entry: Waiting) -> bool:
    """Tell whether a journal says what sending reads, each of its type."""
    texts = (entry.save_id, entry.url, entry.user_id, entry.space, entry.upload)
    if not all(isinstance(text, str) for text in texts) or not isinstance(entry.draft, dict):
        return False
    named = isinstance(entry.draft.get("model_name"), str) and isinstance(entry.draft.get("sha256"), str)
    return (
        named
        and isinstance(entry.draft.get("model_file_size"), int)
        and isinstance(entry.at, (int, float))
        and isinstance(entry.refused, (dict, type(None)))
    )
