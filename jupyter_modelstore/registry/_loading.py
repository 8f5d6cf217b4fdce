"""A load's steps before anything is unpickled, and where a download goes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from jupyter_modelstore import formats, trust
from jupyter_modelstore._files import file_errors, hash_file, is_only_mine, safe_file_name
from jupyter_modelstore.errors import FileChanged, InvalidValue, ModelFileNotFound
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Backend, Progress
from jupyter_modelstore.record import ModelRecord

_T = TypeVar("_T")
_TRIES = 4


class EnvironmentWarning(UserWarning):
    """A model was loaded under other versions than it was saved with."""


class NotArrivedWarning(UserWarning):
    """A save is kept on this machine, and has not arrived in the store yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model, the record that it was loaded by, and what :meth:`Registry.load` warns of, each in its class."""

    model: Any
    record: ModelRecord
    warnings: tuple[UserWarning, ...] = ()

    @property
    def warning(self) -> str:
        """All warnings in one line; empty if there are none."""
        return " ".join(map(str, self.warnings))


def environment_of(record: ModelRecord) -> trust.Verdict:
    """Compare the environment in a record with this one."""
    try:
        return trust.compare(record.environment)
    except (ValueError, RecursionError):  # JSON that cannot be read
        return trust.Verdict()


def as_last_known(record: ModelRecord) -> str:
    """Say that the store could not be asked, and from when what is known of a model is; nothing if it was asked."""
    if record.as_of is None:
        return ""
    return f"the store does not answer; this is the copy on this machine, as of {record.as_of.astimezone():%Y-%m-%d %H:%M}."


def not_arrived(record: ModelRecord) -> str:
    """Say of a save that waits where it is, why, and what sends it."""
    why = record.refused or record.extra.get("waits") or {}
    said = f": {visible(str(why['message']))}" if why.get("message") else "."
    return f"is kept on this machine and has not arrived{said} %modelstore resume sends it."


def with_file(backend: Backend, record: ModelRecord, use: Callable[[Path], _T]) -> _T:
    """Hand over a record's file; where that was a damaged copy of this machine's, once more as the store has it."""
    for _ in range(_TRIES):
        path = backend.fetch(record)
        try:
            return use(path)
        except FileChanged:
            if not backend.forget_copy(record):
                raise
        except ModelFileNotFound:  # unless another kernel has made room in the cache meanwhile, or sent what waited
            if path.exists():
                raise
    return use(backend.fetch(record))


class Verified:
    """A context that gives a model's open file, hashed and at its beginning, and its sha256."""

    def __init__(self, backend: Backend, record: ModelRecord, progress: Progress | None) -> None:
        self._backend = backend
        self._record = record
        self._progress = progress

    def __enter__(self) -> tuple[BinaryIO, str]:
        return with_file(self._backend, self._record, self._enter)

    def _enter(self, path: Path) -> tuple[BinaryIO, str]:
        with file_errors(f"at {path}"):
            self._file = self._open(path)
            try:
                return self._file, self._hash(self._file)
            except BaseException:
                self._file.close()
                raise

    @staticmethod
    def _open(path: Path) -> BinaryIO:
        """Open the file; one that others can write to as a copy of one's own, so that what was hashed is what is unpickled."""
        if is_only_mine(path) and is_only_mine(path.parent):
            return path.open("rb")
        copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 (closed by __exit__)
        with path.open("rb") as file:
            shutil.copyfileobj(file, copy, 1 << 20)
        copy.seek(0)
        return copy

    def _hash(self, file: BinaryIO) -> str:
        record = self._record
        sha256, size = hash_file(file, self._progress, record.model_file_size)
        # A row without sha256 (a prototype's) is hashed here, and then loaded only under trust in that hash.
        if (size, sha256) != (record.model_file_size, record.sha256 or sha256):
            what = (
                f"it has {size:,} bytes, not {record.model_file_size:,}"
                if size != record.model_file_size
                else "its sha256 differs"
            )
            raise FileChanged(
                f"The file is not the one that was saved: {visible(record.ref)} was not loaded, {what}.",
                "Put the right file back from a backup, or load another version. Nothing was unpickled.",
            )
        file.seek(0)
        return sha256

    def __exit__(self, *_: object) -> None:
        self._file.close()


def destination(to: str | Path, record: ModelRecord) -> tuple[Path, str]:
    """Return the directory that ``to`` means, and the name of the new file in it."""
    path, suffix = path_of(to), formats.by_name(record.format).suffix
    if path.is_dir():
        return path, safe_file_name(record.model_name) + suffix
    directory = path if str(to).endswith(("/", os.sep)) else path.parent
    if not directory.is_dir():
        raise InvalidValue(f"There is no directory '{visible(str(directory))}'.", "Make it first, or name another.")
    return directory, path.name if path.suffix else path.name + suffix


def path_of(text: str | Path) -> Path:
    """Read a path that a user typed; ``~`` is the home directory.

    Raises
    ------
    InvalidValue
        It can be no path.
    """
    refused = InvalidValue(f"'{visible(str(text))}' can be no path.", "Write the path of a file or directory.")
    try:
        path = Path(text).expanduser()
        path.is_dir()
    except (RuntimeError, ValueError, OSError) as error:  # ~nobody, lone surrogates, 5,000 characters
        raise refused from error
    if "\0" in str(path):  # which some versions of Python let pass here
        raise refused
    return path
