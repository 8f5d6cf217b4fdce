"""The verbs in Python."""

from __future__ import annotations

import datetime as dt
import math
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest

import jupyter_modelstore as jms
from jupyter_modelstore.errors import (
    CannotPickle,
    DiskFull,
    FileChanged,
    InUse,
    InvalidName,
    InvalidReference,
    InvalidValue,
    NameTaken,
    NotAModel,
    NotFitted,
    NotFound,
)
from jupyter_modelstore.record import Query

pytest_plugins = ("doors_fixtures",)


@pytest.fixture
def three(store, fit):
    """A store with three versions of ``churn``."""
    for slope in (1, 2, 3):
        store.save(fit(slope), "churn", metrics={"auc": slope / 10}, tags="telecom", description=f"number {slope}")
    return store


# ---- save ------------------------------------------------------------------------------------------------------------


def test_save_returns_the_record_of_what_was_kept(store, pipeline):
    record = store.save(pipeline, "churn", description="first", tags=["a", "b"], metrics={"auc": 0.9}, alias="champion")
    assert (record.ref, record.name, record.algorithm, record.model_type) == (
        "churn:1",
        "churn",
        "LogisticRegression",
        "classification",
    )
    assert record.aliases == ("champion",)
    assert record.params["logisticregression__C"] == 0.5
    assert record.model_file_size > 0
    assert len(record.sha256) == 64
    assert store.get("churn@champion") == record


def test_numbers_of_any_library_are_metrics(store, clf):
    record = store.save(
        clf, "churn", metrics={"a": np.float32(0.5), "b": np.int64(3), "c": np.array(0.25), "d": math.nan, "e": math.inf}
    )
    assert [record.metrics[name] for name in "abce"] == [0.5, 3, 0.25, math.inf]
    assert math.isnan(store.get("churn").metrics["d"])


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({"metrics": {"a": "high"}}, InvalidValue),
        ({"metrics": {"a": [1, 2]}}, InvalidValue),
        ({"metrics": {"a": np.array([1, 2])}}, InvalidValue),
        ({"metrics": [1]}, InvalidValue),
        ({"tags": [""]}, InvalidValue),
        ({"tags": ["x"] * 3 + [str(n) for n in range(60)]}, InvalidValue),
        ({"description": "x" * 10_001}, InvalidValue),
        ({"description": "\x1b[2J"}, InvalidValue),
        ({"alias": "latest"}, InvalidName),
        ({"alias": "v3"}, InvalidName),
        ({"nonsense": 1}, TypeError),
    ],
)
def test_what_is_said_of_a_model_is_checked_before_a_byte_is_written(store, clf, what, error):
    with pytest.raises(error):
        store.save(clf, "churn", **what)
    assert len(store.list()) == 0
    assert not (Path(store.location) / "files").exists()


@pytest.mark.parametrize("size", [10_000_000])
def test_ten_megabytes_of_text_are_refused_at_once(store, clf, size):
    for what in ({"description": "x" * size}, {"tags": "x" * size}, {"metrics": {"x" * size: 1}}, {"alias": "x" * size}):
        with pytest.raises((InvalidValue, InvalidName)) as caught:
            store.save(clf, "churn", **what)
        assert len(str(caught.value)) < 1000
    with pytest.raises(InvalidName):
        store.save(clf, "x" * size)


def test_the_same_model_again_is_told_and_makes_no_version(store, clf):
    first = store.keep(clf, "churn", metrics={"auc": 0.5})
    again = store.keep(clf, "churn", tags="new", alias="champion")
    assert (first.created, again.created) == (True, False)
    assert again.record.id == first.record.id
    assert (again.record.tags, again.record.aliases) == (("new",), ("champion",))
    assert store.keep(clf, "churn", metrics={"auc": 0.6}).record.ref == "churn:2"
    assert store.keep(clf, "other").record.ref == "other:1"


def test_what_is_kept_is_checked(store):
    from sklearn.linear_model import LinearRegression

    with pytest.raises(NotFitted):
        store.save(LinearRegression(), "churn")
    with pytest.raises(NotAModel):
        store.save(3, "churn")
    assert store.save({"weights": 3}, "anything", force=True).version == 1


def test_progress_is_told_and_may_cancel(store, clf):
    told = []
    store.save(clf, "churn", progress=lambda *what: told.append(what))
    assert told[-1][0] == "writing"
    store.load("churn", progress=lambda *what: told.append(what))
    assert told[-1][0] == "checking"

    def cancel(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.save(clf, "other", progress=cancel)
    assert "other" not in store.names()


# ---- in the background -----------------------------------------------------------------------------------------------


def test_a_background_save_keeps_the_model_as_it_was(store, clf):
    future = store.save_in_background(clf, "churn", metrics={"auc": 1}, variable="clf", tags="t")
    clf.coef_[:] = 99
    assert isinstance(future, Future)
    record = future.result(timeout=30)
    assert (record.ref, record.tags, dict(record.metrics)) == ("churn:1", ("t",), {"auc": 1})
    assert store.load("churn").coef_ != pytest.approx(clf.coef_)


def test_background_saves_of_one_name_keep_their_order(store, fit):
    futures = [store.save_in_background(fit(slope), "churn") for slope in range(8)]
    assert [future.result(timeout=30).version for future in futures] == list(range(1, 9))


def test_a_background_save_refuses_at_once_what_cannot_be_kept(store, clf):
    with pytest.raises(InvalidName):
        store.save_in_background(clf, "../x")
    with pytest.raises(NotAModel):
        store.save_in_background(3, "churn")
    clf.lock_ = threading.Lock()
    with pytest.raises(CannotPickle):
        store.save_in_background(clf, "churn")
    with pytest.raises(TypeError):
        store.save_in_background(clf, "churn", nonsense=1)
    files = Path(store.location) / "files"
    assert not files.exists() or list(files.iterdir()) == []


def test_a_background_save_that_is_cancelled_leaves_nothing(store, fit):
    hold = threading.Event()
    store.save_in_background(fit(0), "churn").result(timeout=30)
    store._executor[1].submit(hold.wait)
    waiting = store.save_in_background(fit(1), "churn")
    assert waiting.cancel()
    hold.set()
    store.save_in_background(fit(2), "churn").result(timeout=30)
    assert [record.version for record in store.versions("churn")] == [2, 1]
    assert len(list((Path(store.location) / "files").iterdir())) == 2


def test_python_waits_for_a_background_save_before_it_ends(tmp_path):
    code = (
        "import jupyter_modelstore as jms\nfrom sklearn.linear_model import LinearRegression\n"
        f"store = jms.connect(home={str(tmp_path / 'h')!r})\n"
        "model = LinearRegression().fit([[1.0], [2.0]], [1, 2])\nmodel.weight_ = bytearray(30_000_000)\n"
        "store.save_in_background(model, 'churn')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert jms.connect(home=tmp_path / "h").load("churn").n_features_in_ == 1


# ---- find ------------------------------------------------------------------------------------------------------------


def test_list_is_lazy_complete_and_counts(three, fit):
    found = three.list("telecom", all_versions=True)
    assert [record.version for record in found] == [3, 2, 1]
    three.save(fit(4), "churn", tags="telecom")
    assert len(found) == 4
    assert repr(three.list()) == "[churn:4]"
    assert repr(three.list("nothing")) == "[]"


def test_a_long_list_shows_ten(store, fit):
    for number in range(11):
        store.save(fit(number), f"m{number}")
    assert repr(store.list()).endswith(", …]")
    assert repr(store.list()).count(":") == 10


def test_list_takes_every_term(three, pipeline):
    three.save(pipeline, "rival", tags=["energy", "q3"], metrics={"auc": 0.95})

    def names(*words, **terms):
        return [record.ref for record in three.list(*words, **terms)]

    assert names(tags="energy") == names(tags=["energy", "q3"]) == ["rival:1"]
    assert names(algorithm="LogisticRegression") == names(model_type="classification") == ["rival:1"]
    assert names(metrics={"auc": (0.8, None)}) == ["rival:1"]
    assert names(metrics={"auc": (None, 0.8)}) == ["churn:3"]
    assert names("NUMBER 3") == ["churn:3"]
    assert names(space="local", sort="name") == ["churn:3", "rival:1"]
    assert names(space="team") == []
    three.delete("rival:1")
    assert names(deleted=True) == ["rival:1"]


def test_a_list_becomes_a_table(three):
    table = three.list(all_versions=True, sort="version").to_pandas()
    assert list(table["ref"]) == ["churn:1", "churn:2", "churn:3"]
    assert list(table["metrics.auc"]) == [0.1, 0.2, 0.3]
    assert len(three.list("nothing").to_pandas()) == 0


def test_pages_have_a_total(three):
    page = three.page(Query(all_versions=True), limit=2)
    assert ([record.version for record in page.records], page.total) == ([3, 2], 3)
    assert [record.version for record in three.page(Query(all_versions=True), limit=2, offset=2).records] == [1]
    for bad in ({"limit": 0}, {"offset": -1}):
        with pytest.raises(InvalidValue):
            three.page(Query(), **bad)


def test_facets_and_statistics_count(three):
    assert three.facets().tags == {"telecom": 1}
    assert three.facets(Query(all_versions=True)).algorithms == {"LinearRegression": 3}
    stats = three.stats()
    assert (stats.models, stats.versions_ready, stats.trash) == (1, 3, 0)


def test_get_tells_what_was_the_newest_then(three, poke):
    for version in (1, 2, 3):
        poke(
            three,
            "UPDATE models SET created_at = ? WHERE version = ?",
            f"2026-03-{10 + version}T12:00:00.000000+00:00",
            version,
        )
    assert three.get("churn", at="2026-03-12").version == 2
    assert three.get("churn", at=dt.date(2026, 3, 12)).version == 2
    assert three.get("churn", at=dt.datetime(2026, 3, 11, 13, tzinfo=dt.timezone.utc)).version == 1
    assert three.get("churn", at="2026-03-13T13:00Z").version == 3
    with pytest.raises(NotFound, match="named nothing"):
        three.get("churn", at="2026-03-01")
    for bad in ("yesterday", "2026-13-01", "", "20260"):
        with pytest.raises(InvalidValue):
            three.get("churn", at=bad)


def test_an_alias_tells_what_it_named_then(three, poke):
    three.set_alias("churn:1", "production")
    poke(three, "UPDATE alias_history SET at = '2026-03-10T12:00:00.000000+00:00'")
    three.set_alias("churn:2", "production")
    assert three.get("churn@production", at="2026-03-15").version == 1
    assert three.get("churn@production").version == 2


def test_errors_name_what_is_there(three, fit):
    three.save(fit(9), "my model")
    with pytest.raises(NotFound) as caught:
        three.get("chrun")
    assert caught.value.hint == "Did you mean churn?"
    with pytest.raises(NotFound) as caught:
        three.get("churn:9")
    assert "versions 3, 2, 1" in caught.value.message
    three.delete("my model")
    with pytest.raises(NotFound) as caught:
        three.load("my model")
    assert '%restore_model "my model"' in caught.value.hint
    with pytest.raises(NotFound) as caught:
        three.versions("nothing at all like it")
    assert "%models" in caught.value.hint
    with pytest.raises(LookupError):
        three.get("team/churn")
    with pytest.raises(InvalidReference):
        three.versions("churn:1")


def test_two_to_twenty_models_can_be_compared(three):
    assert len(three.compare(["churn:1", "churn:2"]).records) == 2
    for bad in (["churn"], ["churn"] * 21):
        with pytest.raises(InvalidValue):
            three.compare(bad)


# ---- change and leave ------------------------------------------------------------------------------------------------


def test_tags_are_replaced_added_and_removed(three):
    assert three.edit("churn:1", tags=["a", "b"]).tags == ("a", "b")
    assert three.edit("churn:1", add_tags="c", remove_tags=["A"]).tags == ("b", "c")
    assert three.edit("churn:1", tags=[]).tags == ()
    with pytest.raises(InvalidValue):
        three.edit("churn:1", add_metrics={"x": "y"})


def test_a_name_is_changed_for_all_versions_and_only_once(three, fit):
    three.save(fit(5), "rival")
    records = three.rename("churn", "customer churn")
    assert [record.ref for record in records] == ["customer churn:3", "customer churn:2", "customer churn:1"]
    with pytest.raises(NotFound, match="any more") as caught:
        three.get("churn")
    assert "customer churn" in caught.value.hint
    with pytest.raises(NameTaken):
        three.rename("rival", "customer churn")
    with pytest.raises(NotFound):
        three.rename("churn", "other")
    assert three.save(fit(6), "customer churn").version == 4
    assert three.rename("customer churn", "Customer Churn")[0].ref == "Customer Churn:4"


def test_rollback_goes_back_one_more_each_time(three):
    for version in (1, 2, 3):
        three.set_alias(f"churn:{version}", "champion")
    assert three.rollback("churn", "champion").version == 2
    assert three.rollback("churn", "champion", why="again").version == 1
    with pytest.raises(NotFound):
        three.rollback("churn", "champion")
    three.set_alias("churn:3", "champion")
    three.set_alias("churn:3", "champion", why="still")
    assert three.rollback("churn", "champion").version == 1


def test_rollback_brings_a_removed_alias_back_to_what_it_named_last(three):
    for version in (1, 2, 3):
        three.set_alias(f"churn:{version}", "live")
    three.remove_alias("churn", "live")
    assert three.rollback("churn", "live").version == 3
    assert three.rollback("churn", "live").version == 2


def test_rollback_to_what_is_in_the_trash_says_so(three):
    three.set_alias("churn:1", "champion")
    three.set_alias("churn:2", "champion")
    three.delete("churn:1")
    with pytest.raises(NotFound, match="in the trash"):
        three.rollback("churn", "champion")
    assert three.get("churn@champion").version == 2


def test_undoing_a_save_that_moved_an_alias_gives_the_alias_back(three, fit):
    for version in (1, 2):
        three.set_alias(f"churn:{version}", "champion")
    record = three.save(fit(7), "churn", alias="champion")
    three.delete("churn:2")
    assert three.delete(record.ref, force=True).returned_aliases == (("champion", "churn:1"),)
    assert three.get("churn@champion").version == 1
    with pytest.raises(NotFound, match="pointed at nothing before"):
        three.rollback("churn", "champion")


def test_a_delete_is_all_or_nothing(three):
    three.set_alias("churn:2", "champion")
    with pytest.raises(InUse):
        three.delete("churn")
    assert len(three.versions("churn")) == 3
    removal = three.delete("churn", force=True)
    assert removal.removed_aliases == ("champion",)
    assert len(removal.records) == 3
    assert [record.version for record in three.restore("churn")] == [3, 2, 1]


def test_restore_purge_and_empty_trash(three):
    three.delete("churn:1")
    three.delete("churn:2")
    assert [record.version for record in three.restore("churn:1")] == [1]
    assert three.purge("churn:2").bytes > 0
    with pytest.raises(NotFound, match="for good"):
        three.load("churn:2")
    with pytest.raises(NotFound, match="not in the trash"):
        three.restore("churn:2")
    three.delete("churn:1")
    assert len(three.empty_trash().records) == 1
    assert len(three.empty_trash().records) == 0
    assert [record.version for record in three.versions("churn")] == [3]


def test_prune_takes_the_old_that_no_alias_names(three):
    three.set_alias("churn:1", "champion")
    assert [record.version for record in three.prune("churn", keep=1, dry_run=True).records] == [2]
    assert [record.version for record in three.prune("churn", keep=1).records] == [2]
    assert three.prune("churn", keep=1).records == ()
    with pytest.raises(InvalidValue):
        three.prune("churn", keep=0)


# ---- download --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not tell whose process runs")
def test_a_download_clears_what_killed_downloads_have_left_and_nothing_else(three, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    left = f".churn.modelstore-{dead.pid}-1.part"
    others = [
        f".churn.modelstore-{os.getpid()}-1.part",  # of a process that runs
        f".fresh.modelstore-{dead.pid}-1.part",
        f".churn.{dead.pid}.1.part",
        f"churn.modelstore-{dead.pid}-1.part",
        ".churn.modelstore-x-1.part",
        "churn.part",
    ]
    for name in (left, *others):
        (target / name).write_bytes(b"half")
        at = time.time() - (60 if "fresh" in name else 2 * 3600)
        os.utime(target / name, (at, at))
    (target / f".directory.modelstore-{dead.pid}-1.part").mkdir()
    path = three.download("churn:2", target)
    kept = {path.name, *others, f".directory.modelstore-{dead.pid}-1.part"}
    assert {entry.name for entry in target.iterdir()} == kept


def test_a_downloaded_file_needs_nothing_of_ours(three, tmp_path):
    path = three.download("churn:2", tmp_path)
    code = (
        "import sys, pickle, joblib\nsys.modules['jupyter_modelstore'] = None\n"
        f"a, b = pickle.load(open({str(path)!r}, 'rb')), joblib.load({str(path)!r})\n"
        "assert type(a) is type(b)\nprint(type(a).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "LinearRegression"


def test_eight_processes_at_once_overwrite_nothing(three, tmp_path):
    (tmp_path / "out").mkdir()
    code = (
        f"import jupyter_modelstore as jms\nstore = jms.connect(home={three.location!r})\n"
        f"for version in (1, 2, 3): print(store.download(f'churn:{{version}}', {str(tmp_path / 'out')!r}))"
    )

    def run(_):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
        return done.stdout.splitlines()

    with ThreadPoolExecutor(8) as pool:
        paths = [path for lines in pool.map(run, range(8)) for path in lines]
    assert len(set(paths)) == 24
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(Path(path).name for path in paths)
    for path in paths:
        pickle.loads(Path(path).read_bytes())


def test_a_joblib_file_keeps_its_suffix(store, clf, tmp_path):
    joblib.dump(clf, tmp_path / "a.bin", compress=3)
    record = store.save_file(tmp_path / "a.bin", "churn").record
    path = store.download("churn", tmp_path)
    assert path.name == "churn.joblib"
    assert path.read_bytes() == (tmp_path / "a.bin").read_bytes()
    assert joblib.load(path).coef_ == pytest.approx(clf.coef_)
    assert record.source["file"] == "a.bin"


def test_a_full_disk_is_the_stores_and_not_that_of_the_file_that_is_saved(store, clf, tmp_path):
    resource = pytest.importorskip("resource")
    joblib.dump([clf, os.urandom(4_000_000)], tmp_path / "a.joblib")
    store.save(clf, "first")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        with pytest.raises(DiskFull) as raised:
            store.save_file(tmp_path / "a.joblib", "churn")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "a.joblib" not in raised.value.message
    assert [record.ref for record in store.list()] == ["first:1"]


def test_a_changed_file_is_not_downloaded(three, tmp_path, stored_file):
    path = stored_file(three, three.get("churn"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (tmp_path / "out").mkdir()
    with pytest.raises(FileChanged):
        three.download("churn", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


# ---- threads ---------------------------------------------------------------------------------------------------------


def test_many_threads_use_one_registry(store, fit):
    def work(number):
        record = store.save(fit(number), f"model {number % 3}", metrics={"n": number})
        store.set_alias(record.ref, "champion")
        loaded = store.load(record.ref).coef_
        store.edit(record.ref, add_tags=f"t{number}")
        list(store.list(all_versions=True))
        return record.ref, loaded[0]

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(24)))
    assert len({ref for ref, _ in done}) == 24
    assert [slope for _, slope in done] == [fit(number).coef_[0] for number in range(24)]
    for name in store.names():
        assert [record.version for record in store.versions(name)] == list(range(8, 0, -1))


def test_a_registry_says_where_it_is(store):
    assert repr(store) == f"<Registry {store.where}: {store.location}>"
    assert store.where.startswith("on this machine")


def test_parts_that_were_left_out_are_not_kept(store, pipeline):
    record = store.save(pipeline, "churn", leave_out=["parameters", "features"])
    assert dict(record.params) == {}
    assert record.feature_columns is None
    assert record.training_config["chain"][-1] == record.algorithm == "LogisticRegression"
    with pytest.raises(InvalidValue, match="is no part of a save"):
        store.save(pipeline, "churn", leave_out=["algorithm"])


def test_a_save_can_be_given_up_before_it_is_kept(store, pipeline):
    def give_up(size):
        assert size > 100
        raise KeyError

    with pytest.raises(KeyError):
        store.save(pipeline, "churn", confirm=give_up)
    assert len(store.list()) == 0
    assert store.next_version("churn") == 1
    store.save(pipeline, "churn")
    assert store.next_version("Churn") == 2
    with pytest.raises(InvalidName):
        store.next_version("a/b")
