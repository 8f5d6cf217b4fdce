"""Saves on their way to a project: from the moment that this machine holds a save whole, nothing can lose it.

::

    spool/<save_id>.<any>.part  being written, by whoever made up the name
    spool/<save_id>.bin         the model, whole and forced to the disk
    spool/<save_id>.json        its journal: for which project and person, what is known of the model, how far it has come
    spool/<save_id>.lease       somebody is at it

The journal is written last and removed last, each whole or not at all: so a journal always has its file. It is bound to the
project and the person that it is for; nobody else's session ever sends it. A journal waits, or was refused: what waits is tried
again, what was refused is kept with the reason until the person says what to do. Which of several kernels sends it does not
matter: the save's id makes one row of however many tries (:class:`~jupyter_modelstore._lease.Lease` only saves work).

What others could have written, or nobody can read, is not believed: it is never sent nor loaded, and told (``doubted``).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

from jupyter_modelstore._files import file_errors, fsync_directory, is_only_mine, make_private, write_private
from jupyter_modelstore._lease import Lease
from jupyter_modelstore.errors import ModelStoreError, ReadOnly, StorageError
from jupyter_modelstore.protocols import Waiting

_LEFT_FOR = 24 * 3600  # seconds after which a file without a journal belongs to nobody
_MEMBERS = frozenset(field.name for field in fields(Waiting))


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
        """Return where a save is to be written; the directory is closed to others, if somebody opened it.

        Raises
        ------
        ReadOnly
            It cannot be: a save that is written there would not be believed, and never be sent.
        """
        with file_errors(f"in {self.directory}"):
            make_private(self.directory)
            if not is_only_mine(self.directory):
                self.directory.chmod(0o700)
                self._insist(self.directory)
        return self._path(save_id, f"{uuid.uuid4().hex[:8]}.part")  # a push may be begun again while another is at it

    def file(self, save_id: str) -> Path:
        """Return the file of a save that is kept here."""
        return self._path(save_id, "bin")

    def accept(self, waiting: Waiting, part: Path) -> None:
        """Take over a save whose ``.part`` is whole and forced to the disk; when this returns, it cannot be lost."""
        journal, file = self._path(waiting.save_id, "json"), self.file(waiting.save_id)
        with file_errors(f"in {self.directory}"):
            known = journal.exists()  # by another push of the same save: both are right
            part.rename(file)
            try:
                fsync_directory(self.directory)
                if not known:
                    self._insist(file)
                self.note(waiting)  # from now on others may send it, and remove it
            except (OSError, ModelStoreError):  # it is told that nothing was kept
                if not known:
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
            for kind in ("bin", "json"):
                self._path(save_id, kind).unlink(missing_ok=True)

    def waiting(self, url: str, user_id: str | None = None) -> Sequence[Waiting]:
        """Return this person's saves for this project (anybody's, if none is named) in their order; also refused ones."""
        believed = [entry for _, entry in self._journals() if isinstance(entry, Waiting) and entry.url == url]
        return sorted((each for each in believed if user_id in {None, each.user_id}), key=lambda each: each.at)

    def doubted(self, senseless: Iterable[str] = ()) -> dict[str, StorageError]:
        """Return, by their ids, the saves that are kept here and are not believed, each with the reason and what to do.

        Parameters
        ----------
        senseless
            Ids of what :meth:`waiting` returned and its reader could make nothing of.
        """
        found = {name: entry for name, entry in self._journals() if isinstance(entry, StorageError)}
        return found | {save_id: self._unread(save_id) for save_id in senseless}

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
                stem, kind = entry.name.partition(".")[0], entry.name.rpartition(".")[2]
                with contextlib.suppress(OSError):
                    other = {"bin": "json", "lease": "bin", "json": "bin"}.get(kind)
                    half = other is not None and not self.directory.joinpath(f"{stem}.{other}").exists()
                    orphan = half or kind == "part" or entry.name.startswith(".")  # a file that was to become another one
                    if orphan and entry.stat(follow_symlinks=False).st_mtime < oldest:
                        Path(entry.path).unlink()

    def _path(self, save_id: str, kind: str) -> Path:
        return self.directory / f"{uuid.UUID(save_id)}.{kind}"

    def _journals(self) -> Iterator[tuple[str, Waiting | StorageError]]:
        """Yield each journal by its name, or why it is not believed."""
        with file_errors(f"in {self.directory}"), contextlib.suppress(FileNotFoundError):
            ours = is_only_mine(self.directory)
            for path in sorted(each for each in self.directory.iterdir() if each.suffix == ".json"):
                entry = self._journal(path) if ours else self._open()
                if entry is not None:
                    yield path.stem, entry

    def _journal(self, path: Path) -> Waiting | StorageError | None:
        """Return a journal, or why it is not believed; None if it, or its file, is gone: another kernel has just sent it."""
        try:
            if not (_is_own(path) and _is_own(path.with_suffix(".bin"))):
                return self._open()
            return _read(path) or self._unread(path.stem)
        except FileNotFoundError:
            return None
        except OSError:
            return self._unread(path.stem)

    def _insist(self, *paths: Path) -> None:
        """Refuse to keep what would not be believed afterwards, as on a file system that has no owners or modes."""
        if not all(map(is_only_mine, paths)):
            raise ReadOnly(
                f"Others may write to what is kept in {self.directory}; nothing was kept.",
                "Set MODELSTORE_HOME to a directory of yours, on a file system that has owners and permissions.",
            )

    def _open(self) -> StorageError:
        return StorageError(
            f"Kept in {self.directory} and not sent, for others could have written it.",
            f"If it is yours, make it yours alone: chown -R $USER {self.directory}; chmod -R go-w {self.directory}; "
            "then %modelstore resume sends it.",
        )

    def _unread(self, name: str) -> StorageError:
        file = self.directory / f"{name}.bin"
        return StorageError(
            f"Kept as {file} and not sent, for what is known of it cannot be read.",
            f"It is the model: %save_model --file {file} NAME keeps it anew; then remove it and its .json.",
        )


def _is_own(path: Path) -> bool:
    """Tell whether nobody else can have written a file: what waits is sent, and loaded, as one's own."""
    return is_only_mine(path) and not path.is_symlink()


def _read(path: Path) -> Waiting | None:
    """Return a journal; None if it cannot be read: its file stays, for somebody to look at, and others are not held up.

    Members that are not known are a newer package's, and passed over.
    """
    try:
        text = path.read_text(encoding="utf-8")
        known = json.loads(text)
        if "\\u" in text:  # half a character, which could not be sent: UnicodeEncodeError is a ValueError
            json.dumps(known, ensure_ascii=False).encode()
        entry = Waiting(**{name: value for name, value in known.items() if name in _MEMBERS})
        return entry if _is_whole(entry) and str(uuid.UUID(entry.save_id)) == path.stem else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _is_whole(entry: Waiting) -> bool:
    """Tell whether a journal says what sending reads, each of its type."""
    texts = (entry.save_id, entry.url, entry.user_id, entry.space, entry.upload)
    if not all(isinstance(text, str) for text in texts) or not isinstance(entry.draft, dict):
        return False
    named = all(isinstance(entry.draft.get(name, ""), str) for name in ("model_name", "sha256", "save_id"))
    named = named and {"model_name", "sha256"} <= entry.draft.keys()
    return (
        named
        and isinstance(entry.draft.get("model_file_size"), int)
        and isinstance(entry.at, (int, float))
        and isinstance(entry.refused, (dict, type(None)))
    )
