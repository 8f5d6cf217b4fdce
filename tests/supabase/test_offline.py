"""With the network gone: what this machine has saved or loaded loads from its cache, and it is said; nothing else does."""

from __future__ import annotations

import errno
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from back_doors import Somebody
from conformance.backend import find, keep

from jupyter_modelstore import card
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.errors import FileChanged, InvalidValue, NotFound, Unreachable
from jupyter_modelstore.names import visible
from jupyter_modelstore.registry import NotArrivedWarning, Registry
from jupyter_modelstore.trust import Approvals
from jupyter_modelstore.verbs import VERBS

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


@pytest.fixture
def model():
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.fixture
def store(opened, line, person, tmp_path):
    """A store at the other end of the line, with the cache and approvals of one home."""
    return Registry(opened(line.url), Approvals(tmp_path / "trusted", person.id))


@pytest.fixture
def copies(tmp_path):
    return tmp_path / "c"


def predicts(loaded):
    return float(loaded.model.predict([[2.0]])[0])


def test_what_this_machine_saved_loads_and_says_as_of_when(store, line, model):
    store.save(model, "churn", alias="champion")
    line.cut()
    for ref in ("churn", "churn:1", "Churn@champion"):
        loaded = store.open(ref)
        assert predicts(loaded) == pytest.approx(2.0)
        assert "the store does not answer; this is the copy on this machine, as of 20" in loaded.warning
    record = store.get("churn")
    assert record.as_of is not None
    assert "the store does not answer now" in card.record_card(record).text
    assert "does not answer" in repr(VERBS["load"].show(store, store.open("churn")))
    for missing in ("churn:2", "churn@rival", "iris"):
        with pytest.raises(Unreachable):
            store.open(missing)
    with pytest.raises(Unreachable):
        store.open("churn", at="2026-01-01")
    with pytest.raises(Unreachable):
        store.edit("churn", description="new")


def test_the_newest_that_is_here_is_meant_and_what_was_loaded_counts(store, line, model, opened, person, tmp_path, copies):
    elsewhere = Registry(opened(), Approvals(tmp_path / "other", person.id))
    elsewhere._backend._cache = Cache(tmp_path / "elsewhere")
    for slope in (1.0, 2.0, 3.0):
        model.coef_ = np.array([slope])
        elsewhere.save(model, "churn")
    assert not copies.exists()
    for ref in ("churn:2", "churn:1"):
        store.load(ref)
    path = store.download("churn:1", tmp_path)
    line.cut()
    assert predicts(store.open("churn")) == pytest.approx(4.0)
    assert store.get("churn").ref == "churn:2"
    assert store.get(f"id:{store.get('churn:1').id[:13]}").ref == "churn:1"
    assert "The store does not answer" in store.compare(["churn:1", "churn:2"]).remark
    copy = store.download("churn:1", tmp_path)
    assert copy != path
    assert copy.read_bytes() == path.read_bytes()
    assert "does not answer" in card.download_card(store.get("churn:1"), str(copy)).text


def test_what_this_machine_changes_is_known_here_at_once(store, line, model):
    for slope in (1.0, 2.0):
        model.coef_ = np.array([slope])
        store.save(model, "churn")
    store.set_alias("churn:1", "champion")
    store.set_alias("churn:2", "champion")
    store.edit("churn:1", description="the first")
    line.cut()
    assert store.get("churn@champion").version == 2
    assert store.get("churn:1").description == "the first"
    line.mend()
    store.remove_alias("churn", "champion")
    store.rename("churn", "risk")
    line.cut()
    assert predicts(store.open("risk")) == pytest.approx(4.0)
    for gone in ("churn", "risk@champion"):
        with pytest.raises(Unreachable):
            store.get(gone)


def test_a_refused_save_never_stands_for_the_arrived_one(store, line, model, door):
    store.save(model, "churn")
    line.cut()
    model.coef_ = np.array([9.0])
    with pytest.warns(NotArrivedWarning, match="kept on this machine and has not arrived"):
        store.save(model, "churn")
    assert predicts(store.open("churn")) == pytest.approx(18.0)
    with pytest.warns(NotArrivedWarning, match="has not arrived") as told:  # and not that other versions were loaded
        store.load("churn")
    assert len(told) == 1
    door.sql("insert into modelstore_spaces (id, kind, quota_bytes) values (%s, 'person', 3)", [door.folder])
    line.mend()
    assert store.resume() == []
    line.cut()
    loaded = store.open("churn")
    assert (predicts(loaded), loaded.record.ref) == (pytest.approx(2.0), "churn:1")
    assert "a newer save of it is kept on this machine" in loaded.warning
    assert [type(said) for said in loaded.warnings] == [NotArrivedWarning, UserWarning]


def test_versions_that_share_their_bytes_share_no_fate(store, line, model):
    store.save(model, "one")
    store.save(model, "other")
    store.load("one")
    store.delete("other")
    store.purge("other")
    line.cut()
    assert predicts(store.open("one")) == pytest.approx(2.0)


def test_a_check_up_of_all_bytes_leaves_the_copies_here_alone(store, line, model, door, copies):
    record = store.save(model, "churn")
    door.poke(record, b"x" * record.model_file_size)
    (found,) = (finding for finding in store.check(full=True) if finding.what == "files")
    assert (found.ok, "churn:1" in found.message) == (False, True)
    assert predicts(store.open("churn")) == pytest.approx(2.0)
    line.cut()
    assert not all(finding.ok for finding in store.check(full=True))
    assert predicts(store.open("churn")) == pytest.approx(2.0)
    assert [path.name for path in copies.iterdir() if path.suffix not in {".json", ""}] == []


def test_several_kernels_load_one_version_at_once(store, model, copies):
    model.rows_ = np.arange(500_000.0)
    record = store.save(model, "churn")
    for _ in range(3):
        for path in copies.iterdir():
            path.unlink()
        with ThreadPoolExecutor(4) as pool:
            assert {round(predicts(loaded), 6) for loaded in pool.map(store.open, ["churn"] * 4)} == {2.0}
        assert (copies / record.sha256).stat().st_size == record.model_file_size
        assert not [path for path in copies.iterdir() if path.suffix in {".part", ".lease"}]


def test_a_home_that_cannot_be_written_still_loads_what_is_cached(store, line, model, monkeypatch):
    store.save(model, "churn")

    def refuse(*_, **__):
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr("jupyter_modelstore.cache.write_private", refuse)
    assert predicts(store.open("churn")) == pytest.approx(2.0)
    line.cut()
    assert predicts(store.open("churn")) == pytest.approx(2.0)


def test_nobody_else_loads_it(store, line, model, opened, new_user, tmp_path):
    store.save(model, "churn")
    line.cut()
    other = new_user()
    theirs = Registry(opened(line.url, Somebody(other)), Approvals(tmp_path / "other", other.id))
    with pytest.raises(Unreachable):
        theirs.open("churn")


def test_a_copy_that_was_damaged_is_fetched_anew(store, line, model, copies, tmp_path):
    record = store.save(model, "churn")
    (copies / record.sha256).write_bytes(b"\0" * record.model_file_size)
    assert predicts(store.open("churn")) == pytest.approx(2.0)
    (copies / record.sha256).write_bytes(b"\0" * record.model_file_size)
    assert store.download("churn", tmp_path).stat().st_size == record.model_file_size
    (copies / record.sha256).write_bytes(b"\0" * record.model_file_size)
    line.cut()
    with pytest.raises((FileChanged, Unreachable)):
        store.open("churn")


def test_what_is_in_the_trash_does_not_load_and_what_was_purged_leaves_no_copy(store, line, model, copies):
    record = store.save(model, "churn")
    store.delete("churn:1")
    line.cut()
    with pytest.raises(Unreachable):
        store.open("churn")
    line.mend()
    store.restore("churn:1")
    line.cut()
    assert predicts(store.open("churn")) == pytest.approx(2.0)
    line.mend()
    store.delete("churn:1")
    store.purge("churn:1")
    assert not list(copies.glob(f"{record.sha256}*"))


def test_a_load_brings_news_of_what_it_loads(store, line, model, opened, person, tmp_path):
    store.save(model, "churn")
    elsewhere = Registry(opened(), Approvals(tmp_path / "other", person.id))
    elsewhere.edit("churn", description="better")
    elsewhere.set_alias("churn:1", "champion")
    store.load("churn")
    line.cut()
    assert store.get("churn@champion").description == "better"


def test_a_note_that_is_damaged_or_says_nonsense_is_passed_over(store, line, model, copies):
    store.save(model, "churn")
    (note,) = copies.glob("*.json")
    line.cut()
    for text in (b"", b"[]", b"{}", b"\xff", b'{"id": 1}', note.read_bytes().replace(b'"created_at": "', b'"created_at": "x')):
        note.write_bytes(text)
        with pytest.raises(Unreachable):
            store.open("churn")


def test_a_note_that_others_could_have_written_says_nothing(store, line, model, copies):
    store.save(model, "churn")
    line.cut()
    assert store.get("churn").as_of is not None
    copies.chmod(0o777)
    with pytest.raises(Unreachable):
        store.open("churn")


@pytest.mark.parametrize("key", ["../../precious", "*", "", "A" * 64, "row-..", "f" * 63, "f" * 64 + "/../x"])
def test_a_key_is_never_a_path(copies, tmp_path, key):
    precious = tmp_path / "precious"
    precious.write_bytes(b"1")
    cache = Cache(copies / "cache")
    (copies / "cache").mkdir(parents=True)
    (copies / "cache" / ("0" * 64)).write_bytes(b"1")
    for call in (
        lambda: cache.find(key, 1),
        lambda: cache.gathering(key).__enter__(),
        lambda: cache.keep(precious, key, 1),
        lambda: cache.adopt(precious, key, 1),
        lambda: cache.forget(key),
        lambda: cache.note(key, "owner", {"id": "0" * 32}),
    ):
        with pytest.raises(InvalidValue):
            call()
    assert precious.read_bytes() == b"1"
    assert [path.name for path in (copies / "cache").iterdir()] == ["0" * 64]


def test_files_and_notes_go_together_when_room_is_needed(copies, monkeypatch, tmp_path):
    cache = Cache(copies)
    monkeypatch.setattr("jupyter_modelstore.cache._MOST", 250)
    for number in range(4):
        key = f"{number:064}"
        with cache.gathering(key) as (part, _):
            part.write_bytes(b"x" * 100)
            cache.keep(part, key, 100)
        cache.note(key, "owner", {"id": f"{number:032}"})
        os.utime(copies / key, (time.time() + number, time.time() + number))
    assert {path.name[:64] for path in copies.iterdir()} == {f"{2:064}", f"{3:064}"}
    assert {known["id"] for _, known in cache.noted("owner")} == {f"{2:032}", f"{3:032}"}
    assert list(cache.noted("somebody else")) == []
    large = tmp_path / "large"
    large.write_bytes(b"x" * 300)
    cache.adopt(large, "f" * 64, 300)
    assert large.exists()
    cache.note("f" * 64, "owner", {"id": "0" * 32})
    assert not list(copies.glob("f*"))


def test_discard_asks_for_nothing_that_does_not_wait(store, model):
    store.save(model, "churn")
    with pytest.raises(NotFound, match="No save of 'churn' is on its way"):
        VERBS["discard"].question(store, "churn")


def test_a_project_that_is_silent_is_told_soon_and_the_save_waits(store, line, model):
    store.stats()
    line.free.clear()
    began = time.monotonic()
    saved = store.keep(model, "churn", wait=False)
    assert time.monotonic() - began < 5  # 2.5 s, and what a busy machine adds
    assert saved.record.status == "pending"
    assert "did not answer in time" in saved.record.extra["waits"]["message"]
    line.free.set()
    (arrived,) = store.resume()
    assert visible(arrived.record.ref) == "churn:1"


def test_the_file_of_a_save_is_for_its_owner_only(opened, spool):
    keep(opened("http://127.0.0.1:9"), "churn", b"bytes")
    assert {path.stat().st_mode & 0o777 for path in spool.directory.iterdir()} == {0o600}
    assert spool.directory.stat().st_mode & 0o777 == 0o700
    assert find(opened(), "churn") is None
