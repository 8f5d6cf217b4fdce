"""Files that are either whole or not there.

Everything that must survive a crash is written beside its place, forced to the disk, and then given its name in one step.
:class:`HashingFile` is the sink that models are pickled into: it hashes what it writes, large pieces in a second thread
while the first one writes them, so that a digest costs little and no copy of the model is ever made.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import threading
import time
import unicodedata
from pathlib import Path
from pickle import PickleBuffer
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from jupyter_modelstore.errors import (
    DiskFull,
    FileChanged,
    InvalidValue,
    ModelFileNotFound,
    ModelStoreError,
    ReadOnly,
    StorageError,
)
from jupyter_modelstore.names import visible

if TYPE_CHECKING:
    from jupyter_modelstore.protocols import Progress

_BUFFER = 1 << 20
_SMALL = 1 << 16
_PARALLEL = 1 << 18  # from 256 KiB, hashing in a second thread gains more than handing over costs (about 30 µs)
_MAX_FILE_NAME = 180  # bytes; leaves room for " (2)", a suffix and a temporary prefix in the usual 255
_PART = re.compile(r"\..+\.modelstore-([0-9]{1,9})-[0-9]+\.part", re.DOTALL)
_LEFT_FOR = 3600  # seconds
_WINDOWS_NAMES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


class HashingFile:
    """A new file, hashed (sha256) while it is written.

    Parameters
    ----------
    path
        Must not exist.
    progress
        Told of the bytes written.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self.path = path
        self._progress = progress
        self._raw = path.open("xb", buffering=_BUFFER)
        self._hash = hashlib.sha256()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of all that was written so far."""
        return self._hash.hexdigest()

    def write(self, data: Any, /) -> int:  # noqa: ANN401 (bytes or any contiguous buffer, as picklers write)
        """Write all of ``data``; return its length in bytes."""
        if len(data) < _PARALLEL if isinstance(data, bytes) else False:
            self._hash.update(data)
            self._raw.write(data)
            length = len(data)
        else:
            view = PickleBuffer(data).raw()
            length = view.nbytes
            self._write_large(view)
        self._size += length
        if self._progress is not None:
            self._progress("writing", self._size, None)
        return length

    def _write_large(self, view: memoryview) -> None:
        if view.nbytes < _PARALLEL:
            self._hash.update(view)
            self._raw.write(view)
            return
        hashing = _Hashing(self._hash, view)
        self._raw.write(view)
        hashing.wait()

    def restart(self) -> None:
        """Forget all that was written."""
        self._raw.seek(0)
        self._raw.truncate()
        self._hash = hashlib.sha256()
        self._size = 0

    def seal(self) -> None:
        """Force the bytes to the disk and close."""
        if not self._raw.closed:
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()

    def close(self) -> None:
        """Close without forcing anything to the disk; for a file that is given up."""
        if not self._raw.closed:
            with contextlib.suppress(OSError):  # flushing the rest may meet the full disk that is the reason
                self._raw.close()


class _Hashing:
    """Bytes that a thread is hashing.

    Made of what an interrupt cannot leave half-done, which futures are not: their locks are Python code. Whoever gives up
    need not wait; the thread keeps the bytes alive until it is done with them, and the hash is thrown away.
    """

    def __init__(self, digest: hashlib._Hash, view: memoryview) -> None:
        self._digest = digest
        self._view = view
        self._running = threading.Lock()
        self._running.acquire()
        self._error: Exception | None = None
        _queue_of_hashers().put(self)

    def run(self) -> None:
        """Hash; called in the thread."""
        try:
            self._digest.update(self._view)
        except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
            self._error = error
        finally:
            self._running.release()

    def wait(self) -> None:
        """Wait for the end."""
        self._running.acquire()
        if self._error is not None:
            raise self._error


_hashers: tuple[int, SimpleQueue[_Hashing]] | None = None
_hashers_lock = threading.Lock()


def _queue_of_hashers() -> SimpleQueue[_Hashing]:
    """Return the queue of this process's hashing threads; a forked child makes its own."""
    global _hashers  # noqa: PLW0603 (one queue a process)
    with _hashers_lock:
        if _hashers is None or _hashers[0] != os.getpid():
            queue: SimpleQueue[_Hashing] = SimpleQueue()
            for _ in range(2):
                threading.Thread(target=_hash_forever, args=(queue,), name="modelstore-hash", daemon=True).start()
            _hashers = (os.getpid(), queue)
        return _hashers[1]


def _hash_forever(queue: SimpleQueue[_Hashing]) -> None:
    while True:
        queue.get().run()


def hash_file(file: BinaryIO, progress: Progress | None = None, total: int | None = None) -> tuple[str, int]:
    """Return sha256 (hexadecimal) and size of what can be read from ``file``, which should have ``total`` bytes."""
    digest = hashlib.sha256()
    buffer = bytearray(_BUFFER if total is None else min(max(total, _SMALL), _BUFFER))  # clearing 1 MiB takes 0.1 ms
    size = 0
    with memoryview(buffer) as view:
        while count := file.readinto(buffer):  # type: ignore[attr-defined]  # every file opened here has it
            digest.update(view[:count])
            size += count
            if progress is not None:
                progress("checking", size, total)
    return digest.hexdigest(), size


def fsync_directory(path: Path) -> None:
    """Force a directory's entries to the disk, where the system can do that."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # Windows opens no directories, and forces them by itself
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes) -> None:
    """Give ``path`` this content, wholly or not at all."""
    _write(path, data, 0o666)


def write_private(path: Path, data: bytes) -> None:
    """Give ``path`` this content, wholly or not at all; nobody else can ever read it."""
    _write(path, data, 0o600)


def _write(path: Path, data: bytes, mode: int) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    part.unlink(missing_ok=True)  # of a process of this number that was killed
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123 (a descriptor)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    fsync_directory(path.parent)


def make_private(directory: Path) -> None:
    """Make a directory of this user's, and those above it that are missing, closed to all others whatever the umask."""
    for path in (*reversed(directory.parents), directory):
        if not path.exists():
            path.mkdir(mode=0o700, exist_ok=True)


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path in which ``~`` is replaced by the user's directory.

    Raises
    ------
    InvalidValue
        It names somebody whom this machine does not know.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InvalidValue(f"'{visible(str(path))}' is in nobody's directory.", "Write the whole path.") from None


def is_only_mine(path: Path) -> bool:
    """Tell whether a file or directory is this user's, and nobody else may write to it.

    A group that is named after the user has no other members, by the custom of systems that make such groups. Windows answers
    yes: a profile's access lists keep others out.
    """
    if not hasattr(os, "getuid"):
        return True
    state = path.stat()
    if state.st_uid != os.getuid() or state.st_mode & stat.S_IWOTH:
        return False
    return not state.st_mode & stat.S_IWGRP or _is_own_group(state.st_gid)


def is_secret(path: Path) -> bool:
    """Tell whether nobody but this user, and the superuser, may read a file; on Windows as in :func:`is_only_mine`."""
    if not hasattr(os, "getuid"):
        return True
    state = path.stat()
    if state.st_uid not in {os.getuid(), 0} or state.st_mode & stat.S_IROTH:
        return False
    return not state.st_mode & stat.S_IRGRP or _is_own_group(state.st_gid)


def _is_own_group(group: int) -> bool:
    try:
        import grp
        import pwd

        return grp.getgrgid(group).gr_name == pwd.getpwuid(os.getuid()).pw_name
    except (KeyError, ImportError):
        return False


def safe_file_name(name: str) -> str:
    """Return a model's name as a file name that every system takes: no longer than 180 bytes, no reserved words.

    What a valid name may hold is harmless; what else a record from elsewhere holds becomes ``_``.
    """
    text = unicodedata.normalize("NFC", name)
    text = "".join(char if unicodedata.category(char)[0] in "LMN" or char in " ._-+()&," else "_" for char in text)
    while len(text.encode()) > _MAX_FILE_NAME:
        text = text[:-1]
    text = text.strip(" .") or "model"
    return f"_{text}" if text.split(".")[0].casefold() in _WINDOWS_NAMES else text


def copy_without_overwriting(
    source: BinaryIO, directory: Path, name: str, *, sha256: str | None, progress: Progress | None = None
) -> Path:
    """Copy an open file into ``directory`` as ``name``, or as ``name (2)`` … (before its suffix) when that is taken.

    The copy has its name only once it is whole and its hash is right; an existing file is never touched, whoever makes it
    in the meantime. What copies of processes that were killed have left there is removed.

    Raises
    ------
    FileChanged
        The bytes read are not those of ``sha256``.
    """
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (name, "")
    part = directory / f".{stem}.modelstore-{os.getpid()}-{threading.get_ident()}.part"
    _clear_parts(directory)
    try:
        _copy(source, part, sha256, progress)
        number = 1
        while True:
            path = directory / (f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}")
            if _name_if_free(part, path):
                return path
            number += 1
    finally:
        part.unlink(missing_ok=True)


def _clear_parts(directory: Path) -> None:
    """Remove unfinished copies whose process is not there any more.

    It may run on another machine that shares the directory; so nobody may have written to the copy for an hour either.
    """
    oldest = time.time() - _LEFT_FOR
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            match = _PART.fullmatch(entry.name)
            if match and not _is_running(int(match[1])):
                with contextlib.suppress(OSError):  # another download was faster
                    state = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(state.st_mode) and state.st_mtime <= oldest:
                        Path(entry.path).unlink()


def _is_running(pid: int) -> bool:
    """Tell whether a process of this number runs here; Windows has no signal that does nothing, and is not asked."""
    try:
        if hasattr(os, "getuid"):
            os.kill(pid, 0)
            return True
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return False


def _copy(source: BinaryIO, part: Path, sha256: str | None, progress: Progress | None) -> None:
    digest = hashlib.sha256()
    with part.open("xb") as target:
        total = os.fstat(source.fileno()).st_size
        while piece := source.read(_BUFFER):
            digest.update(piece)
            target.write(piece)
            if progress is not None:
                progress("copying", target.tell(), total)
        target.flush()
        os.fsync(target.fileno())
    if sha256 is not None and digest.hexdigest() != sha256:
        raise FileChanged(
            "The file is not the one that was saved: its sha256 differs from the record.",
            "It was not copied. Put the right file back from a backup; %modelstore doctor --full checks all files.",
        )


def _name_if_free(part: Path, path: Path) -> bool:
    """Give a finished file its name unless that exists; one step where the file system has hard links."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}:
            raise
        try:  # no hard links here (FAT, some network drives): take the name first, then move the bytes onto it
            path.open("xb").close()
        except FileExistsError:
            return False
        part.replace(path)
    return True


class file_errors:  # noqa: N801 (a context manager; written as a class, it costs a save a third of what a generator does)
    """Translate ``OSError`` into this package's errors; ``where`` ends the sentence, as in ``in /home/ada/models``."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Translate what was raised."""
        if isinstance(error, OSError) and not isinstance(error, ModelStoreError):
            raise storage_error(error, self._where) from error


def storage_error(error: OSError, where: str) -> ModelStoreError:
    """Return the error of this package that says what an ``OSError`` means."""
    text = error.strerror or str(error) or type(error).__name__
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFull(
            f"No room left {where} ({text}); nothing was changed.",
            "Free some space, for example with %modelstore empty-trash, and try again.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return ReadOnly(
            f"No right to write or read {where} ({text}).",
            "Change the permissions, or keep models elsewhere: set MODELSTORE_HOME to a directory of yours.",
        )
    if error.errno == errno.ENOENT:
        return ModelFileNotFound(f"There is no such file or directory: {error.filename or where}.", "Check the path.")
    return StorageError(f"The file system refused {where}: {text}.", "%modelstore doctor checks the store.")
