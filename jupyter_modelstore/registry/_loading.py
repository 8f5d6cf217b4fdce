"""A load's steps before anything is unpickled, and where a download goes."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from jupyter_modelstore import formats, trust
from jupyter_modelstore._files import file_errors, hash_file, is_only_mine, safe_file_name
from jupyter_modelstore.errors import FileChanged, InvalidValue
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Progress
from jupyter_modelstore.record import ModelRecord


class EnvironmentWarning(UserWarning):
    """A model was loaded under other versions than it was saved with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model, the record that it was loaded by, and what to say about the environment (empty if nothing)."""

    model: Any
    record: ModelRecord
    warning: str = ""


def environment_of(record: ModelRecord) -> trust.Verdict:
    """Compare the environment in a record with this one."""
    try:
        return trust.compare(record.environment)
    except (ValueError, RecursionError):  # JSON that cannot be read
        return trust.Verdict()


class Verified:
    """A context that gives a model's open file, hashed and at its beginning, and its sha256."""

    def __init__(self, path: Path, record: ModelRecord, progress: Progress | None) -> None:
        self._path = path
        self._record = record
        self._progress = progress

    def __enter__(self) -> tuple[BinaryIO, str]:
        with file_errors(f"at {self._path}"):
            self._file = self._open()
            try:
                return self._file, self._hash(self._file)
            except BaseException:
                self._file.close()
                raise

    def _open(self) -> BinaryIO:
        """Open the file; one that others can write to as a copy of one's own, so that what was hashed is what is unpickled."""
        if is_only_mine(self._path) and is_only_mine(self._path.parent):
            return self._path.open("rb")
        copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 (closed by __exit__)
        with self._path.open("rb") as file:
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
