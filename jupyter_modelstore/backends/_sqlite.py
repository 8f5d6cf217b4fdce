"""One SQLite file, shared by kernels, servers and commands, also on a network drive.

Rollback journal, not WAL: WAL needs shared memory, which network file systems lack. ``journal_mode=PERSIST`` with
``synchronous=FULL`` ends each transaction by zeros over the journal's head, forced to the disk; with the default ``DELETE``
the journal's unlinking is not forced, and a power cut could bring it back and undo a commit that was acknowledged.
``TRUNCATE`` forces as much and is slower: the file's size changes twice in each transaction. One connection a thread and
process.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from jupyter_modelstore._files import fsync_directory
from jupyter_modelstore.errors import (
    DiskFull,
    ModelStoreError,
    ReadOnly,
    StorageError,
    StoreBusy,
    StoreCorrupt,
    StoreTooNew,
)
from jupyter_modelstore.names import key_of

_BUSY_SECONDS = 60.0
_MAX_JOURNAL = 1 << 20  # bytes that a finished transaction may leave for the next one to write over
_APPLICATION_ID = 0x4A4D5331  # "JMS1"

# The primary result codes of SQLite that mean something a user can act on (sqlite.org/rescode.html).
_BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 6, 8, 10, 11, 13, 14, 26
_IOERR_WRITE = 10 | 3 << 8  # what SQLite says of a write beyond a quota or a limit of file sizes
_KINDS: dict[int, type[StorageError]] = {
    3: ReadOnly,  # PERM
    _BUSY: StoreBusy,
    _LOCKED: StoreBusy,
    _READONLY: ReadOnly,
    _IOERR: StorageError,
    _CORRUPT: StoreCorrupt,
    _FULL: DiskFull,
    _CANTOPEN: ReadOnly,
    _NOTADB: StoreCorrupt,
}
# Python 3.10 gives no code; SQLite's messages for these codes have not changed in twenty years.
_CODES_BY_MESSAGE = {
    "database is locked": _BUSY,
    "locked": _LOCKED,
    "readonly database": _READONLY,
    "disk I/O error": _IOERR,
    "malformed": _CORRUPT,
    "is full": _FULL,
    "unable to open": _CANTOPEN,
    "not a database": _NOTADB,
    "no such table": _CORRUPT,
    "no such column": _CORRUPT,
    "decode to UTF-8": _CORRUPT,
}
_HINTS: dict[type[StorageError], tuple[str, str]] = {
    ReadOnly: (
        "The store at {path} cannot be written.",
        "Check the permissions of its directory, or keep models elsewhere: set MODELSTORE_HOME.",
    ),
    StoreBusy: (
        "Another process has held the store at {path} for a minute.",
        "Try again; %modelstore status says where it is.",
    ),
    StoreCorrupt: (
        "The database of the store at {path} is damaged ({detail}). The model files are not touched.",
        "jupyter modelstore doctor --repair keeps the damaged file and makes a new one from all that can be read.",
    ),
    DiskFull: (
        "No room left for the database at {path} ({detail}); nothing was changed.",
        "Free some space, for example with %modelstore empty-trash, and try again.",
    ),
    StorageError: (
        "The database at {path} could not be read or written: {detail}.",
        "Check the disk; then %modelstore doctor.",
    ),
}


class Database:
    """A SQLite file with a numbered schema.

    Parameters
    ----------
    path
        The file; it and its directory are made when something is to be written.
    migrations
        SQL scripts; number n brings the schema from version n to n + 1. Never changed once released.
    before_creating
        Called under the write lock before the first schema is made; may raise to forbid it.
    """

    def __init__(self, path: Path, migrations: tuple[str, ...], before_creating: Callable[[], None] | None = None) -> None:
        self.path = path
        self._migrations = migrations
        self._before_creating = before_creating
        self._local = threading.local()

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give the connection, for a statement that reads; foreign errors are translated.

        Reading makes nothing: where there is no file yet, it reads an empty database in memory.
        """
        with self.errors():
            connection = self._held()
            if connection is not None or self.exists:
                yield connection or self._connection()
            else:
                with contextlib.closing(self._nothing()) as nothing:
                    yield nothing

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def make(self) -> None:
        """Make the file if it is missing, and see whether it can be used."""
        with self.errors():
            self._connection()

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a write transaction: committed at the end, undone by any exception."""
        with self.errors():
            connection = self._connection()
            with _transaction(connection):
                yield connection

    def errors(self) -> _Errors:
        """Translate ``sqlite3.Error`` into this package's errors."""
        return _Errors(self.path)

    def close(self) -> None:
        """Close this thread's connection."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None and held.identity[0] == os.getpid():
            held.connection.close()
        self._local.held = None

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection; a new one in a forked child, and after a repair put another file in place."""
        connection = self._held()
        if connection is None:
            self.close()
            connection = self._open()
            self._local.held = _Held(self._identity(), connection)
        return connection

    def _held(self) -> sqlite3.Connection | None:
        held: _Held | None = getattr(self._local, "held", None)
        return held.connection if held is not None and held.identity == self._identity() else None

    def _nothing(self) -> sqlite3.Connection:
        """Return a new empty database in memory."""
        if self._before_creating is not None:
            self._before_creating()
        connection = sqlite3.connect(":memory:", isolation_level=None)
        prepare(connection)
        apply(connection, self._migrations)
        return connection

    def _identity(self) -> tuple[int, ...]:
        try:
            state = self.path.stat()
        except OSError:
            return (os.getpid(),)
        return (os.getpid(), state.st_dev, state.st_ino)

    def _open(self) -> sqlite3.Connection:
        writable = _make_directory(self.path)
        mode = "rwc" if writable else "ro"
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            prepare(connection)
            self._bring_up_to_date(connection)
            if writable:
                connection.execute("PRAGMA journal_mode=PERSIST")
                connection.execute(f"PRAGMA journal_size_limit={_MAX_JOURNAL}")
            connection.execute("PRAGMA synchronous=FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            raise StoreTooNew(
                f"The store at {self.path.parent} was made by a newer version of jupyter-modelstore.",
                "pip install --upgrade jupyter-modelstore, then restart the kernel. Nothing was changed.",
            )
        if version < len(self._migrations):
            self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with _transaction(connection):
            version = connection.execute("PRAGMA user_version").fetchone()[0]  # another process may have been faster
            if version == 0 and self._before_creating is not None:
                self._before_creating()
            apply(connection, self._migrations[version:])
            connection.execute(f"PRAGMA user_version={max(version, len(self._migrations))}")
            connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")


class _Errors:
    """What :meth:`Database.errors` is; no generator, as in :class:`~jupyter_modelstore._files.file_errors`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, sqlite3.Error):
            raise translate(error, self._path) from error
        if isinstance(error, UnicodeDecodeError):  # Python's own, where a damaged text stands in SQLite's message
            raise translate(sqlite3.DatabaseError("malformed text"), self._path) from error


class _Held:
    """A connection of one thread, closed with it; not by a forked child, which would undo what its parent is at."""

    def __init__(self, identity: tuple[int, ...], connection: sqlite3.Connection) -> None:
        self.identity = identity
        self.connection = connection

    def __del__(self) -> None:
        if self.identity[0] == os.getpid():
            self.connection.close()


def prepare(connection: sqlite3.Connection) -> None:
    """Add the function that compares without regard to case; SQLite's own knows only ASCII."""
    connection.create_function("key_of", 1, key_of, deterministic=True)


def apply(connection: sqlite3.Connection, migrations: tuple[str, ...]) -> None:
    """Run the statements of migrations, in the transaction of the caller's."""
    for script in migrations:
        for statement in script.split(";\n"):
            connection.execute(statement)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock: committed at the end, undone by any exception, also an interrupt that comes with the lock."""
    try:
        if connection.in_transaction:  # an interrupt came in the middle of undoing the last one
            connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _make_directory(path: Path) -> bool:
    """Make the directory, readable for its owner only; tell whether the database can be written."""
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fsync_directory(path.parent.parent)
    except OSError as error:
        raise ReadOnly(
            f"The directory {path.parent} cannot be made ({error.strerror}).",
            "Keep models elsewhere: set MODELSTORE_HOME to a directory of yours.",
        ) from error
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def translate(error: sqlite3.Error, path: Path) -> ModelStoreError:
    """Return the error of this package that says what an ``sqlite3.Error`` means."""
    code = getattr(error, "sqlite_errorcode", None)
    text = str(error)
    by_text = next((number for part, number in _CODES_BY_MESSAGE.items() if part in text), None)
    primary = by_text if code is None or (code & 0xFF) not in _KINDS else code & 0xFF
    kind = DiskFull if code == _IOERR_WRITE else _KINDS.get(primary or 0, StorageError)
    message, hint = _HINTS[kind]
    return kind(message.format(path=path.parent, detail=text), hint)
