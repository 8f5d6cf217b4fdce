"""No ``sqlite3.Error`` leaves the room: each becomes the error that says what to do."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from jupyter_modelstore.backends import _sqlite
from jupyter_modelstore.backends._sqlite import Database, translate
from jupyter_modelstore.errors import DiskFull, ReadOnly, StorageError, StoreBusy, StoreCorrupt, StoreTooNew

# sqlite.org/rescode.html: all primary result codes, and what they mean to a user
MEANINGS = {
    1: StorageError,  # ERROR
    2: StorageError,  # INTERNAL
    3: ReadOnly,  # PERM
    4: StorageError,  # ABORT
    5: StoreBusy,
    6: StoreBusy,  # LOCKED
    7: StorageError,  # NOMEM
    8: ReadOnly,
    9: StorageError,  # INTERRUPT
    10: StorageError,  # IOERR
    11: StoreCorrupt,
    12: StorageError,  # NOTFOUND
    13: DiskFull,
    14: ReadOnly,  # CANTOPEN
    15: StorageError,  # PROTOCOL
    16: StorageError,  # EMPTY
    17: StorageError,  # SCHEMA
    18: StorageError,  # TOOBIG
    19: StorageError,  # CONSTRAINT
    20: StorageError,  # MISMATCH
    21: StorageError,  # MISUSE
    22: StorageError,  # NOLFS
    23: StorageError,  # AUTH
    24: StorageError,  # FORMAT
    25: StorageError,  # RANGE
    26: StoreCorrupt,  # NOTADB
}
MESSAGES = {
    "database is locked": StoreBusy,
    "database table is locked": StoreBusy,
    "attempt to write a readonly database": ReadOnly,
    "disk I/O error": StorageError,
    "database disk image is malformed": StoreCorrupt,
    "database or disk is full": DiskFull,
    "unable to open database file": ReadOnly,
    "file is not a database": StoreCorrupt,
    "no such table: models": StoreCorrupt,
    "Could not decode to UTF-8 column 'x' with text 'y'": StoreCorrupt,
    "something new": StorageError,
}


def coded(code, kind=sqlite3.OperationalError, text="text"):
    error = kind(text)
    error.sqlite_errorcode = code
    return error


def test_every_primary_code_is_known_here():
    known = {value for name, value in vars(sqlite3).items() if name.startswith("SQLITE_") and name.isupper()}
    codes = {value & 0xFF for value in known if isinstance(value, int) and 0 < value & 0xFF < 27}
    assert codes <= set(MEANINGS)


@pytest.mark.parametrize(("code", "kind"), MEANINGS.items())
@pytest.mark.parametrize("extension", [0, 1 << 8, 9 << 8])
def test_every_code_becomes_its_error(code, kind, extension, tmp_path):
    error = translate(coded(code | extension), tmp_path / "store.sqlite3")
    assert type(error) is kind
    assert str(tmp_path) in error.message
    assert error.hint


@pytest.mark.parametrize(("message", "kind"), MESSAGES.items())
def test_without_a_code_the_message_tells(message, kind, tmp_path):
    assert type(translate(sqlite3.OperationalError(message), tmp_path / "x")) is kind


def test_a_write_beyond_a_quota_is_a_full_disk(tmp_path):
    assert type(translate(coded(10 | 3 << 8, text="disk I/O error"), tmp_path / "x")) is DiskFull


def kinds_of(base):
    return [base, *(kind for child in base.__subclasses__() for kind in kinds_of(child))]


@pytest.mark.parametrize("kind", kinds_of(sqlite3.Error))
def test_every_kind_of_error_is_translated(kind, tmp_path):
    database = Database(tmp_path / "x", ())
    with pytest.raises(StorageError), database.errors():
        raise kind("unexpected")


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setattr(_sqlite, "_BUSY_SECONDS", 0.05)
    database = Database(tmp_path / "store" / "store.sqlite3", ("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)",))
    with database.write() as db:
        db.execute("INSERT INTO t VALUES (1, 'x')")
    return database


@pytest.fixture
def other(database):
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as connection:
        yield connection


def test_a_store_that_another_process_writes_to_is_busy(database, other):
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy), database.write():
        pytest.fail("two wrote at once")
    with database.read() as db:
        assert db.execute("SELECT b FROM t").fetchone() == ("x",)
    other.execute("ROLLBACK")
    with database.write() as db:
        db.execute("UPDATE t SET b = 'y'")


def test_a_store_that_is_held_alone_is_busy_for_readers(database, other):
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy), database.read() as db:
        db.execute("SELECT * FROM t")


def test_a_reader_that_does_not_end_makes_a_commit_busy_and_undone(database, other):
    reading = other.execute("SELECT b FROM t")
    other.execute("BEGIN")
    other.execute("SELECT b FROM t").fetchone()
    with pytest.raises(StoreBusy), database.write() as db:
        db.execute("UPDATE t SET b = 'y'")
    other.execute("COMMIT")
    reading.close()
    with database.read() as db:
        assert db.execute("SELECT b FROM t").fetchone() == ("x",)


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_transaction_is_undone_by_whatever_ends_it(database, failure):
    with pytest.raises(failure), database.write() as db:  # noqa: PT012 (the end of the block is the test)
        db.execute("UPDATE t SET b = 'y'")
        raise failure
    with database.read() as db:
        assert not db.in_transaction
        assert db.execute("SELECT b FROM t").fetchone() == ("x",)


def test_a_transaction_that_an_interrupt_left_open_does_not_block_the_next(database):
    with database.read() as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE t SET b = 'half'")
    with database.write() as db:
        assert db.execute("SELECT b FROM t").fetchone() == ("x",)


def test_our_own_mistakes_are_told_as_errors_of_the_store(database):
    with pytest.raises(StorageError), database.write() as db:
        db.execute("INSERT INTO t VALUES (2, NULL)")
    with pytest.raises(StorageError), database.read() as db:
        db.execute("nonsense")
    with pytest.raises(StoreCorrupt), database.read() as db:
        db.execute("SELECT * FROM missing")


def test_a_newer_schema_is_left_alone(database, other):
    other.execute("PRAGMA user_version=2")
    before = database.path.read_bytes()
    again = Database(database.path, ("CREATE TABLE t (a)",))
    with pytest.raises(StoreTooNew), again.read():
        pytest.fail("it was opened")
    assert database.path.read_bytes() == before


def test_an_older_schema_is_brought_up_to_date_once(database):
    scripts = ("CREATE TABLE t (a, b)", "ALTER TABLE t ADD COLUMN c;\nUPDATE t SET c = 'new'")
    for _ in range(2):
        with Database(database.path, scripts).read() as db:
            assert db.execute("SELECT a, b, c FROM t").fetchall() == [(1, "x", "new")]
            assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_migration_that_fails_changes_nothing(database):
    before = database.path.read_bytes()
    scripts = ("CREATE TABLE t (a, b)", "ALTER TABLE t ADD COLUMN c;\nnonsense")
    with pytest.raises(StorageError), Database(database.path, scripts).read():
        pytest.fail("it was opened")
    assert database.path.read_bytes() == before


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(ReadOnly), Database(tmp_path / "file" / "store" / "x", ()).write():
        pytest.fail("it was opened")
