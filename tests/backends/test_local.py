"""The store on this machine: what every backend promises, and what only this one has."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import pickle
import shutil
import sqlite3
import stat
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from conformance.backend import BackendTests, find, keep, listed

from jupyter_modelstore.backends import _rows, open_backend
from jupyter_modelstore.backends._repair import StoreDamagedWarning
from jupyter_modelstore.backends._rows import NEWEST, NEWEST_THEN, SELECT
from jupyter_modelstore.backends.local import LocalBackend
from jupyter_modelstore.errors import ModelFileNotFound, NotConfigured, NotFound, StoreCorrupt
from jupyter_modelstore.record import Draft, ModelRecord, Query

USER = str(uuid.uuid4())
GOLDEN = Path(__file__).parent.parent / "data" / "stores" / "v1"


class Door:
    """A way past the backend: SQLite and files."""

    def __init__(self, directory):
        self.files = directory / "files"
        self.database = directory / "store.sqlite3"

    def path(self, record):
        return self.files / f"{record.save_id}.pkl"

    def peek(self, record):
        return self.path(record).read_bytes()

    def poke(self, record, data):
        if data is None:
            self.path(record).unlink()
        else:
            self.path(record).write_bytes(data)

    def rows(self):
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM models ORDER BY rowid")]

    def set(self, record, **columns):
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            names = ", ".join(f"{column} = ?" for column in columns)
            db.execute(f"UPDATE models SET {names} WHERE id = ?", (*columns.values(), record.id))

    def objects(self):
        return {path.name for path in self.files.iterdir()} if self.files.exists() else set()

    def leave(self, name, data, hours):
        path = self.files / name
        path.write_bytes(data)
        at = time.time() - 3600 * hours
        os.utime(path, (at, at))


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def again(directory):
    return lambda: LocalBackend(directory, USER)


@pytest.fixture
def backend(again):
    return again()


@pytest.fixture
def door(directory):
    return Door(directory)


class TestLocalBackend(BackendTests):
    """The conformance suite."""


@pytest.fixture
def raw(backend):
    """The backend's own connection."""
    keep(backend, "churn")
    with backend._database.read() as connection:
        yield connection


def test_no_wal_since_network_drives_lack_shared_memory(raw, directory):
    assert raw.execute("PRAGMA journal_mode").fetchone()[0] == "persist"
    assert not [path.name for path in directory.iterdir() if path.name.endswith(("-wal", "-shm"))]


def test_a_commit_is_forced_to_the_disk(raw):
    assert raw.execute("PRAGMA synchronous").fetchone()[0] >= 2


def test_the_file_says_what_it_is(raw, directory):
    assert raw.execute("PRAGMA application_id").fetchone()[0] == 0x4A4D5331
    assert raw.execute("PRAGMA user_version").fetchone()[0] == 1
    assert (directory / "store.sqlite3").read_bytes().startswith(b"SQLite format 3\0")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_nobody_else_can_look_into_the_store(backend, directory):
    keep(backend, "churn")
    for path in (directory, directory / "files"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "files/../../secret.pkl", "C:\\secret", "files/other.pkl", "\0"]
)
def test_the_path_in_a_row_is_not_believed(backend, door, directory, path):
    record = keep(backend, "churn", b"right").record
    (directory.parent / "secret.pkl").write_bytes(b"wrong")
    door.set(record, model_file_path=path)
    record = find(backend, "churn")
    assert record.model_file_path == path
    assert backend.fetch(record).read_bytes() == b"right"
    backend.delete([record])
    backend.purge([record])
    assert (directory.parent / "secret.pkl").exists()


@pytest.mark.parametrize("save_id", ["../../secret", "/etc/passwd", "", None, "x" * 5000])
def test_a_save_id_that_is_none_leads_nowhere(backend, door, directory, save_id):
    record = keep(backend, "churn").record
    (directory.parent / "secret.pkl").write_bytes(b"wrong")
    door.set(record, save_id=save_id)
    record = find(backend, "churn")
    with pytest.raises(ModelFileNotFound):
        backend.fetch(record)
    backend.delete([record])
    assert backend.purge([record]).bytes == 0
    assert (directory.parent / "secret.pkl").exists()


def test_an_id_that_is_no_uuid_cannot_begin_a_save(backend):
    with pytest.raises(ValueError, match="UUID"), backend.receive("../../x"):
        pass


def test_the_same_process_uses_one_store_from_many_threads(backend):
    failures = []

    def work(number):
        try:
            for step in range(5):
                keep(backend, "churn", f"{number}-{step}".encode())
                backend.select(Query(all_versions=True))
        except Exception as error:  # noqa: BLE001 (shown below)
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(record.version for record in backend.select(Query(all_versions=True))) == list(range(1, 31))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_opens_its_own_connection(backend):
    keep(backend, "churn", b"1")
    child = os.fork()
    if child == 0:
        try:
            keep(backend, "churn", b"2")
            os._exit(0)
        except BaseException:  # noqa: BLE001 (the exit code tells)
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert keep(backend, "churn", b"3").record.version == 3


def test_a_file_that_was_swept_before_its_row_is_not_recorded(backend, directory, door):
    """A laptop that slept for a day in the middle of a save."""
    save_id = str(uuid.uuid4())
    with backend.receive(save_id) as incoming:
        incoming.file.write(b"model")
        incoming.seal()
        assert LocalBackend(directory, USER).sweep(timedelta(0))[0] == 1
        with pytest.raises(ModelFileNotFound):
            incoming.commit(Draft(model_name="churn", save_id=save_id))
    assert (door.rows(), door.objects()) == ([], set())


def test_a_file_with_a_name_is_not_swept_before_its_row(backend, again, door, monkeypatch):
    """The sweep waits for the write lock, and sees the row."""
    swept = []
    sweeping = threading.Thread(target=lambda: swept.append(again().sweep(timedelta(0))))
    insert = backend._insert

    def slowly(*what):
        assert {Path(name).suffix for name in door.objects()} == {".pkl"}
        sweeping.start()
        sweeping.join(0.2)
        return insert(*what)

    monkeypatch.setattr(backend, "_insert", slowly)
    record = keep(backend, "churn").record
    sweeping.join()
    assert swept == [(0, 0)]
    assert door.peek(record) == b"model"


def test_a_record_from_the_database_is_one_like_any_other(backend, again):
    backend.set_alias(keep(backend, "churn", tags=("a",), metrics={"auc": 0.5}, feature_columns=("x", "y")).record, "best")
    (record,) = again().select(Query())
    same = ModelRecord(**{entry.name: getattr(record, entry.name) for entry in dataclasses.fields(ModelRecord)})
    assert type(record) is ModelRecord
    assert record == same == pickle.loads(pickle.dumps(record)) == copy.deepcopy(record) == dataclasses.replace(record)
    assert repr(record) == repr(same)
    assert ModelRecord.from_json(record.to_json()) == record
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.version = 2


DESCRIBED = {
    "training_config": {"params": {"C": 1.5}},
    "feature_columns": ("x", "y"),
    "target_column": "z",
    "training_time_seconds": 0.5,
    "training_samples": 3,
    "test_samples": 2,
    "environment": {"python": "3.11"},
    "source": {"variable": "clf"},
    "signature": {"n_features": 2},
}


@pytest.mark.parametrize(
    "same",
    [
        lambda record: pickle.loads(pickle.dumps(record)),
        copy.copy,
        copy.deepcopy,
        dataclasses.replace,
        lambda record: ModelRecord.from_json(record.to_json()),
        lambda record: ModelRecord(**{entry.name: getattr(record, entry.name) for entry in dataclasses.fields(record)}),
        lambda record: record,
    ],
    ids=["pickle", "copy", "deepcopy", "replace", "json", "fields", "itself"],
)
def test_a_record_of_a_long_list_is_whole_whatever_is_done_with_it(backend, same):
    record = keep(backend, "churn", metrics={"auc": 0.5}, tags=("a",), **DESCRIBED).record
    (listed_,) = backend.select(Query())
    assert same(listed_) == record
    (fresh,) = backend.select(Query())
    assert {name: getattr(same(fresh), name) for name in DESCRIBED} == DESCRIBED


def test_what_a_long_list_left_unread_is_read_for_many_records_at_once(backend):
    count = 2 * _rows._SOME + 1
    for number in range(count):
        keep(backend, "churn", str(number).encode(), training_config={"params": {"number": number}})
    records = backend.select(Query(all_versions=True, sort="version"))
    asked = []
    with backend._database.read() as connection:
        connection.set_trace_callback(asked.append)
        assert [record.params["number"] for record in records] == list(range(count))
        assert not any(record.source or record.extra or record.feature_columns for record in records)
        connection.set_trace_callback(None)
    assert len(asked) == 3


def test_of_a_model_that_was_purged_since_it_was_listed_nothing_more_is_known(backend):
    record = keep(backend, "churn", **DESCRIBED).record
    (before,) = backend.select(Query())
    backend.delete([record])
    backend.purge([record])
    assert (before.ref, before.status) == ("churn:1", "ready")
    assert (before.params, before.source, before.feature_columns, before.model_file_path) == ({}, {}, None, "")


def test_of_a_store_that_is_gone_a_listed_record_stays(backend, directory):
    keep(backend, "churn", **DESCRIBED)
    (before,) = backend.select(Query())
    backend._database.close()
    shutil.rmtree(directory)
    assert (before.ref, before.params, before.target_column, before.model_file_path) == ("churn:1", {}, None, "")


def test_a_listed_record_is_looked_at_in_many_threads(backend):
    for number in range(20):
        keep(backend, "churn", str(number).encode(), training_config={"params": {"number": number}})
    records = backend.select(Query(all_versions=True, sort="version"))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: [record.params["number"] for record in records], range(16)))
    assert found == [list(range(20))] * 16


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_looks_at_what_its_parent_has_listed(backend):
    keep(backend, "churn", **DESCRIBED)
    (record,) = backend.select(Query())
    child = os.fork()
    if child == 0:
        os._exit(0 if record.params == {"C": 1.5} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert record.params == {"C": 1.5}


def test_a_listed_record_whose_rest_cannot_be_read_is_still_there(backend, door):
    damaged, sound = (keep(backend, name, name.encode(), **DESCRIBED).record for name in ("damaged", "sound"))
    records = backend.select(Query(sort="name"))
    door.set(damaged, feature_columns="[")
    assert [record.ref for record in records] == ["damaged:1", "sound:1"]
    with pytest.warns(StoreDamagedWarning, match="1 models could still be read"):
        assert [record.feature_columns for record in records] == [None, ("x", "y")]
    assert records[1] == sound


def test_more_rows_than_are_read_at_once_come_in_their_order(backend):
    for number in range(2 * _rows._SOME + 1):
        keep(backend, "churn", str(number).encode(), tags=(str(number % 3),))
    records = list(backend.select(Query(all_versions=True, sort="version")))
    assert [(record.version, record.tags) for record in records] == [
        (number + 1, (str(number % 3),)) for number in range(2 * _rows._SOME + 1)
    ]


def test_finding_the_newest_takes_no_longer_the_more_versions_there_are(backend, door):
    """It is looked up in an index, in both cases: a scan of all versions would be seen in the plan."""
    keep(backend, "churn")
    with backend._database.read() as db:
        for condition in (NEWEST, NEWEST_THEN):
            values = {"name_key": "churn", "at": "2030"}
            plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {SELECT} WHERE {condition}", values)]
            assert not [step for step in plan if "TEMP B-TREE" in step or "SCAN m" in step], plan


def test_the_same_bytes_heal_a_file_that_rotted(backend, door):
    first = keep(backend, "churn", b"model").record
    door.poke(first, b"mOdel")
    again = keep(backend, "churn", b"model")
    assert (again.created, door.peek(again.record)) == (True, b"model")


def test_once_a_day_a_save_clears_up(backend, door):
    keep(backend, "churn", b"1")
    door.leave(f"{uuid.uuid4()}.part", b"123", hours=25)
    keep(backend, "churn", b"2")
    assert len(door.objects()) == 3
    with contextlib.closing(sqlite3.connect(door.database)) as db, db:
        db.execute("UPDATE meta SET value = '2020-01-01T00:00:00+00:00' WHERE key = 'tidied_at'")
    keep(backend, "churn", b"3")
    assert len(door.objects()) == 3


def test_reading_makes_no_directory(backend, directory):
    assert (backend.names(), list(backend.select(Query())), backend.stats().models) == ([], [], 0)
    assert find(backend, "churn") is None
    assert backend.alias_history("churn") == []
    assert backend.purge(backend.select(Query(deleted=True))).records == ()
    (finding,) = backend.check(full=True)
    assert (finding.ok, finding.message) == (True, f"there is none at {directory} yet")
    assert backend.repair().ok
    assert not directory.exists()


def test_model_files_without_their_database_are_not_taken_for_an_empty_store(backend, directory):
    keep(backend, "churn")
    (directory / "store.sqlite3").unlink()
    for read in (backend.names, lambda: keep(backend, "churn", b"2")):
        with pytest.raises(StoreCorrupt, match="1 model files are there"):
            read()
    assert not backend.check()[0].ok


def test_a_store_of_the_first_schema_stays_readable(tmp_path):
    directory = tmp_path / "golden"
    shutil.copytree(GOLDEN, directory)
    backend = LocalBackend(directory, USER)
    assert listed(backend, all_versions=True, sort="created_at") == ["churn:1", "churn:2", "prijs:1"]
    record = find(backend, "churn@champion")
    assert (record.ref, record.metrics["auc"], record.tags) == ("churn:1", 0.93, ("telecom", "हिन्दी"))
    assert record.params["C"] == 0.5
    assert backend.fetch(record).read_bytes() == b"\x80\x04K\x01."
    assert find(backend, "old:1") is None
    assert backend.renamed("oud") == "prijs"
    assert find(backend, "prijs:2").status == "purged"
    assert [event.version for event in backend.alias_history("churn")] == [1]
    assert all(finding.ok for finding in backend.check(full=True))
    assert keep(backend, "prijs", b"new").record.version == 4


def test_addresses(tmp_path):
    assert open_backend("local:", home=tmp_path, user_id=USER).location == str(tmp_path)
    assert open_backend(f"local:{tmp_path}/x", home=tmp_path, user_id=USER).location == f"{tmp_path}/x"
    for address in ("https://x.supabase.co", "", "local", "file:///x", "\u202e"):
        with pytest.raises(NotConfigured):
            open_backend(address, home=tmp_path, user_id=USER)


def test_it_says_where_it_is(backend, directory):
    assert backend.where == f"on this machine; {directory} holds no store yet"
    keep(backend, "churn")
    assert (backend.where, backend.location) == ("on this machine", str(directory))
    assert str(directory) in repr(backend)


def test_times_of_equal_digits_sort_as_texts(backend):
    record = keep(backend, "churn").record
    assert len(record.to_json()["created_at"]) == len("2026-01-01T00:00:00.000000+00:00")
    assert dataclasses.asdict(record)["created_at"].tzinfo is not None


def test_a_row_that_vanished_is_said(backend, door):
    record = keep(backend, "churn").record
    with contextlib.closing(sqlite3.connect(door.database)) as db, db:
        db.execute("DELETE FROM models")
    with pytest.raises(NotFound):
        backend.record_download(record)


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be replaced there")
def test_a_database_that_was_replaced_is_opened_anew(backend, directory, tmp_path):
    keep(backend, "before", b"1")
    shutil.copytree(directory, tmp_path / "copy")
    other = LocalBackend(tmp_path / "copy", USER)
    keep(other, "after", b"2")
    (tmp_path / "copy" / "store.sqlite3").replace(directory / "store.sqlite3")
    assert backend.names() == ["after", "before"]
