"""Full disks, missing rights, damaged and foreign files: a clear error each, nothing lost, what is intact still listed."""

# ruff: noqa: S311 (damage that can be repeated)
from __future__ import annotations

import contextlib
import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest
from conformance.backend import find, keep, listed

from jupyter_modelstore.backends import _sqlite
from jupyter_modelstore.backends._repair import ADOPTED_NAME, StoreDamagedWarning
from jupyter_modelstore.backends.local import LocalBackend
from jupyter_modelstore.errors import (
    FileChanged,
    ModelFileNotFound,
    ModelStoreError,
    StoreBusy,
    StoreCorrupt,
    StoreTooNew,
)
from jupyter_modelstore.record import Query

USER = str(uuid.uuid4())
PAGE = 4096
IN_A_PROCESS = f"""
import json, os, resource, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent / "kill")!r})
from harness import connect, fork, finish, inspect, keep, problems, warm_up
directory = Path(sys.argv[1])
def attempt(verb):
    try:
        return verb() and "done"
    except Exception as error:
        return type(error).__name__
"""


def in_a_process(script, directory, **options):
    command = [sys.executable, "-W", "ignore", "-c", IN_A_PROCESS + script, str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- a full disk -----------------------------------------------------------------------------------------------------

FULL = """
store = connect(directory)
keep(store, "churn", "first")
def full(limit, verb):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        return attempt(verb)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
size = (directory / "store.sqlite3").stat().st_size
said = [
    full(100_000, lambda: keep(store, "churn", "large", 300_000)),
    full(3_000_000, lambda: keep(store, "churn", "larger", 5_000_000)),
    full(size, lambda: keep(store, "churn", "x", 500, metrics={f"m{n}": n for n in range(900)})),
]
leftovers = inspect(directory)["leftovers"]
print(json.dumps([said, leftovers, problems(directory), keep(store, "churn", "next").record.version,
                  store.load("churn:1")["tag"]]))
"""


@pytest.mark.skipif(os.name == "nt", reason="no limits of file sizes here")
def test_a_limit_of_file_sizes_is_a_full_disk_and_nothing_is_changed(tmp_path):
    said, leftovers, problems, version, tag = in_a_process(FULL, tmp_path)
    assert said == ["DiskFull", "DiskFull", "DiskFull"]
    assert (leftovers, problems, version, tag) == ([], [], 2, "first")


TINY = """
store = connect(directory)
keep(store, "churn", "first")
filler = directory / "filler"
said = []
for free in range(0, 26):
    filler.write_bytes(b"")
    room = os.statvfs(directory)
    try:
        filler.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - free * 4096)))
    except OSError:
        pass
    said.append(attempt(lambda: keep(store, "churn", f"with {free} pages", 3000)))
    said.append(attempt(lambda: store.edit("churn:1", description="first", add_tags=[f"t{free}"])))
    found = problems(directory)
    if found or [name for name in inspect(directory)["leftovers"] if name.endswith(".part")]:
        raise SystemExit(f"{free}: {found} {inspect(directory)['leftovers']}")
filler.unlink()
record = keep(store, "churn", "last").record
done = sum(1 for what in said[::2] if what == "done")
print(json.dumps([sorted(set(said)), record.version - done, len(inspect(directory)["leftovers"]), problems(directory)]))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_file_system_at_every_step_of_a_save(tmp_path):
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], check=False, capture_output=True
    ).returncode:
        pytest.skip("no small file system can be mounted in this container")
    try:
        kinds, version, leftovers, problems = in_a_process(TINY, tmp_path)
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert kinds == ["DiskFull", "done"]
    assert (version, leftovers, problems) == (2, 0, [])


# ---- no right to write -----------------------------------------------------------------------------------------------

FOREIGN = """
store = connect(directory)
keep(store, "churn", "first", alias="champion")
keep(store, "churn", "second")
warm_up(directory.parent / "warm")
for path in [*directory.rglob("*"), directory]:
    path.chmod(0o555 if path.is_dir() else 0o444)
def work(say):
    if os.geteuid() == 0:
        os.setuid(65534)
    import jupyter_modelstore as jms
    home = directory if own else directory.parent / "other"
    store = jms.connect(f"local:{directory}", home=home)
    say([record.ref for record in store.list(all_versions=True, sort="version")])
    say([store.get("churn@champion").ref, store.stats().models, len(store.facets().algorithms)])
    say(attempt(lambda: store.load("churn")["tag"] == "second"))
    say([attempt(lambda: keep(store, "churn", "third")), attempt(lambda: store.delete("churn:2")),
         attempt(lambda: store.edit("churn", description="x")), attempt(lambda: store.set_alias("churn:2", "x"))])
    say({finding.what: finding.ok for finding in store.check(full=True)})
own = OWN
if own and os.geteuid() == 0:
    for path in [*directory.rglob("*"), directory]:
        os.chown(path, 65534, 65534)
before = (directory / "store.sqlite3").read_bytes()
said, _ = finish(*fork(work))
print(json.dumps([said, before == (directory / "store.sqlite3").read_bytes()]))
"""


@pytest.fixture
def open_place():
    """A directory that every user can enter; ``tmp_path`` is not."""
    with tempfile.TemporaryDirectory(prefix="modelstore-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
        for path in Path(name).rglob("*"):
            if path.is_dir():
                path.chmod(0o700)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
@pytest.mark.parametrize("own", [True, False])
def test_a_store_that_cannot_be_written_is_still_listed_and_loaded(open_place, own):
    said, unchanged = in_a_process(FOREIGN.replace("OWN", str(own)), open_place / "store")
    assert said[:2] == [["churn:1", "churn:2"], ["churn:1", 1, 1]]
    assert said[2] == ("done" if own else "NotTrusted")
    assert said[3] == ["ReadOnly"] * 4
    assert said[4] == {"database": True, "files": True, "leftovers": True, "trash": True}
    assert unchanged


# ---- other databases -------------------------------------------------------------------------------------------------


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "store"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Thirty models, so that the database has leaves to lose."""
    directory = tmp_path_factory.mktemp("template") / "store"
    backend = LocalBackend(directory, USER)
    for number in range(30):
        what = {"description": f"{number} " + "long " * 100, "tags": (f"t{number}",), "metrics": {"n": number}}
        keep(backend, f"model {number % 10}", pickle.dumps(number), alias=f"a{number}", **what)
    backend.rename("model 9", "renamed")
    backend.delete([find(backend, "model 8:2")], force=True)
    backend.set_alias(find(backend, "model 7:1"), "moved")
    backend.set_alias(find(backend, "model 7:3"), "moved", why="better")
    backend.delete([find(backend, "model 6:3")], force=True)
    backend.purge([find(backend, "model 6:3")])
    backend._database.close()
    return directory


@pytest.fixture
def backend(template, directory):
    shutil.copytree(template, directory)
    return again(directory)


def again(directory):
    return LocalBackend(directory, USER)


def everything(backend):
    """All that a store says of each version, by its id."""
    queries = (Query(all_versions=True), Query(deleted=True))
    return {record.id: record for query in queries for record in backend.select(query)}


def test_a_database_of_a_newer_version_is_refused_and_left_byte_for_byte(backend, directory):
    path = directory / "store.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=99")
    before = path.read_bytes()
    newer = again(directory)
    for verb in (
        lambda: newer.select(Query()),
        newer.stats,
        lambda: keep(newer, "churn"),
        newer.names,
        lambda: newer.rename("model 1", "x"),
        newer.repair,
    ):
        with pytest.raises(StoreTooNew):
            verb()
    assert path.read_bytes() == before
    assert len(list((directory / "files").iterdir())) == 29


def test_a_locked_database_is_busy(backend, directory, monkeypatch):
    monkeypatch.setattr(_sqlite, "_BUSY_SECONDS", 0.05)
    late = again(directory)
    with contextlib.closing(sqlite3.connect(directory / "store.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            keep(late, "churn")
        assert len(listed(late)) == 10
    assert keep(late, "churn").record.version == 1
    assert len(list((directory / "files").iterdir())) == 30


def test_a_destroyed_header_hides_nothing(backend, directory):
    whole = everything(backend)
    damage(directory, 0, os.urandom(PAGE))
    late = again(directory)
    with pytest.warns(StoreDamagedWarning, match="29 models"):
        assert everything(late) == whole
    with pytest.warns(StoreDamagedWarning):
        assert late.fetch(find(late, "renamed@a29")).read_bytes() == pickle.dumps(29)
    with pytest.raises(StoreCorrupt):
        keep(late, "churn")
    assert len(list((directory / "files").iterdir())) == 29


def test_a_database_that_is_none_is_said_to_be_damaged(backend, directory):
    (directory / "store.sqlite3").write_bytes(b"<html>not a database</html>" * 1000)
    late = again(directory)
    for verb in (
        lambda: late.select(Query()),
        late.names,
        late.stats,
        lambda: find(late, "churn"),
        lambda: keep(late, "churn"),
    ):
        with pytest.raises(StoreCorrupt) as info:
            verb()
        assert "doctor --repair" in info.value.hint
    (finding,) = late.check()
    assert not finding.ok


@pytest.mark.parametrize("content", [None, b""])
def test_a_lost_database_is_not_replaced_by_an_empty_one(backend, directory, content):
    path = directory / "store.sqlite3"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    late = again(directory)
    for verb in (lambda: late.select(Query()), lambda: keep(late, "churn"), late.sweep):
        with pytest.raises(StoreCorrupt, match="29 model files"):
            verb()
    assert len(list((directory / "files").iterdir())) == 29


def damage(directory, page, data):
    with (directory / "store.sqlite3").open("r+b") as file:
        file.seek(page * PAGE)
        file.write(data)


def pages(directory):
    return (directory / "store.sqlite3").stat().st_size // PAGE


DAMAGE = {"zeros": (1, bytes(PAGE)), "ones": (4, b"\xff" * PAGE), "noise": (4, random.Random(0).randbytes(PAGE))}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.filterwarnings("ignore::jupyter_modelstore.backends._repair.StoreDamagedWarning")
def test_whichever_page_is_damaged_what_is_intact_is_listed_and_repaired(backend, directory, tmp_path, kind):
    whole = everything(backend)
    counters = counters_of(directory)
    step, data = DAMAGE[kind]
    counts = []
    for page in range(0, pages(directory), step):
        place = tmp_path / f"page {page}"
        shutil.copytree(directory, place)
        damage(place, page, data)
        late = again(place)
        try:
            found = everything(late)
        except StoreCorrupt:  # the root of the table: no way to the leaves
            found = {}
        counts.append(len(found))
        assert_true(found, whole)
        for record in found.values():
            assert late.fetch(record).read_bytes() == pickle.dumps(record.metrics["n"])
        with contextlib.suppress(StoreCorrupt):
            keep(late, "model 1", b"new")
        assert_repaired(late, place, whole, counters)
        shutil.rmtree(place)
    assert sorted(counts)[1] >= len(whole) / 2


def assert_true(found, whole):
    """What is read of a damaged database is what was there; only aliases may be missing."""
    for record_id, record in found.items():
        expected = whole.get(record_id)
        if expected is not None:  # else: saved since
            assert record.to_json() | {"aliases": 0} == expected.to_json() | {"aliases": 0}
            assert set(record.aliases) <= set(expected.aliases)


def counters_of(directory):
    with contextlib.closing(sqlite3.connect(directory / "store.sqlite3")) as db:
        return dict(db.execute("SELECT name_key, next_version FROM names"))


def assert_repaired(backend, directory, whole, counters):
    """After a repair all models are there, under their names or as recovered, and no number is given again."""
    before = {path.name for path in directory.rglob("*") if path.is_file() and not path.name.endswith("-journal")}
    assert backend.repair().ok
    assert before <= {path.name for path in directory.rglob("*")}
    assert [finding.message for finding in backend.check(full=True) if not finding.ok] == []
    after = everything(backend)
    assert_true(after, whole)
    lost = [record for record_id, record in whole.items() if record_id not in after]
    adopted = {record.sha256 for record in after.values() if record.model_name == ADOPTED_NAME}
    assert {record.sha256 for record in lost} <= adopted
    versions = {}
    for record in after.values():
        versions.setdefault(record.model_name.casefold(), []).append(record.version)
    now = counters_of(directory)
    for name, numbers in versions.items():
        assert now[name] > max(numbers)
        if not lost and name != ADOPTED_NAME:
            assert now[name] >= counters.get(name, 0)
    assert keep(backend, "model 1", b"newest").created
    assert "nothing was done" in backend.repair().message


@pytest.mark.filterwarnings("ignore::jupyter_modelstore.backends._repair.StoreDamagedWarning")
@pytest.mark.parametrize("seed", range(10))
def test_flipped_bits_raise_nothing_but_errors_of_ours(backend, directory, seed):
    rng = random.Random(seed)
    path = directory / "store.sqlite3"
    intact = path.read_bytes()
    for _ in range(4):
        data = bytearray(intact)
        for _ in range(rng.choice((1, 20, 500))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        (directory / "store.sqlite3-journal").unlink(missing_ok=True)
        late = again(directory)
        for verb in (
            lambda late=late: everything(late),
            late.names,
            late.stats,
            lambda late=late: late.facets(Query()),
            lambda late=late: find(late, "model 1@a1"),
            lambda late=late: late.alias_history("model 7"),
            lambda late=late: keep(late, "model 1", rng.randbytes(9)),
            lambda late=late: late.check(full=True),
            late.repair,
            lambda late=late: everything(late),
        ):
            with contextlib.suppress(ModelStoreError):
                verb()
        late._database.close()


# ---- repairing -------------------------------------------------------------------------------------------------------


def test_a_repair_of_a_destroyed_header_brings_everything_back(backend, directory):
    whole = everything(backend)
    history = backend.alias_history("model 7")
    counters = counters_of(directory)
    backend._database.close()
    damage(directory, 0, b"garbage!" * 16)
    damaged = (directory / "store.sqlite3").read_bytes()
    late = again(directory)
    finding = late.repair()
    assert (finding.details["models"], finding.details["adopted"]) == (29, 0)
    assert everything(late) == whole
    assert late.alias_history("model 7") == history
    assert (late.renamed("model 9"), counters_of(directory)) == ("renamed", counters)
    assert find(late, "model 6:3").status == "purged"
    kept = list(directory.glob("store.sqlite3.damaged-*"))
    assert [path.read_bytes() for path in kept] == [damaged]
    assert finding.details["kept"] == str(kept[0])


@pytest.mark.parametrize("content", [None, b"", b"no database at all"])
def test_a_repair_without_a_database_adopts_the_files(backend, directory, content):
    hashes = {record.sha256 for record in everything(backend).values()}
    backend._database.close()
    path = directory / "store.sqlite3"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    (directory / "files" / "not a save.pkl").write_bytes(b"x")
    (directory / "files" / f"{uuid.uuid4()}.part").write_bytes(b"half")
    late = again(directory)
    finding = late.repair()
    assert (finding.details["models"], finding.details["adopted"]) == (0, 29)
    records = late.select(Query(name=ADOPTED_NAME, all_versions=True, sort="version"))
    assert [record.version for record in records] == list(range(1, 30))
    assert {record.sha256 for record in records} == hashes
    assert {(record.origin, record.format, record.user_id) for record in records} == {("file", "pickle", USER)}
    assert records[0].created_at <= records[-1].created_at
    assert {pickle.loads(late.fetch(record).read_bytes()) for record in records} == set(range(30)) - {26}
    assert len(list(directory.glob("*.damaged-*"))) == bool(content)
    assert keep(late, ADOPTED_NAME, b"new").record.version == 30


def test_a_repair_of_nothing_does_nothing(directory):
    assert "no store" in again(directory).repair().message
    assert not directory.exists()


def test_a_repair_waits_for_no_writer(backend, directory, monkeypatch):
    with contextlib.closing(sqlite3.connect(directory / "store.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opened = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: opened(*args, **options | {"timeout": 0.05}))
        with pytest.raises(StoreBusy):
            again(directory).repair()
    assert not list(directory.glob("*.damaged-*"))


def test_kernels_that_were_open_use_the_repaired_database(backend, directory):
    assert len(backend.names()) == 10
    damage(directory, pages(directory) - 1, b"\xff" * PAGE)
    damage(directory, 1, b"\xff" * PAGE)
    again(directory).repair()
    keep(again(directory), "after", b"1")
    assert "after" in backend.names()
    assert keep(backend, "after", b"2").record.version == 2
    assert listed(again(directory), name="after", all_versions=True, sort="version") == ["after:1", "after:2"]


def test_two_repairs_keep_both_damaged_databases(backend, directory):
    for _ in range(2):
        damage(directory, 1, b"\xff" * PAGE)
        again(directory).repair()
    assert len(list(directory.glob("*.damaged-*"))) == 2


def test_a_journal_of_the_damaged_database_is_kept_beside_it(backend, directory):
    (directory / "store.sqlite3").write_bytes(b"")
    (directory / "store.sqlite3-journal").write_bytes(b"its journal")
    again(directory).repair()
    (kept,) = directory.glob("*.damaged-*-journal")
    assert kept.read_bytes() == b"its journal"


# ---- model files -----------------------------------------------------------------------------------------------------


class Marker:
    """Pickled, it makes a file when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.fixture
def kept(store):
    record = store.save({"tag": "right", "blob": bytes(10_000)}, "churn", force=True)
    return record, Path(store.location) / "files" / f"{record.save_id}.pkl"


@pytest.mark.parametrize("change", ["truncated", "emptied", "longer", "a bit", "another pickle", "another of that size"])
def test_a_changed_file_is_refused_and_nothing_is_unpickled(store, kept, tmp_path, change):
    record, path = kept
    data, marker = bytearray(path.read_bytes()), tmp_path / "unpickled"
    evil = pickle.dumps(Marker(marker))
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    path.write_bytes(
        {
            "truncated": data[:-1],
            "emptied": b"",
            "longer": data + b"\0",
            "a bit": flipped,
            "another pickle": evil,
            "another of that size": evil + bytes(len(data) - len(evil)),
        }[change]
    )
    for verb in (lambda: store.load("churn"), lambda: store.load("churn", trust=f"sha256:{record.sha256}")):
        with pytest.raises(FileChanged):
            verb()
    with pytest.raises(FileChanged):
        store.download("churn", tmp_path)
    assert not marker.exists()
    assert not list(tmp_path.glob("churn*"))
    assert [record.ref for record in store.list()] == ["churn:1"]


def test_a_file_that_is_gone_is_said_and_the_same_bytes_are_saved_anew(store, kept, pipeline):
    _, path = kept
    path.unlink()
    with pytest.raises(ModelFileNotFound):
        store.load("churn")
    saved = store.keep({"tag": "right", "blob": bytes(10_000)}, "churn", force=True)
    assert (saved.created, saved.record.version) == (True, 2)
    assert store.load("churn")["tag"] == "right"


def test_an_interrupt_in_the_middle_of_a_dump_leaves_nothing(store):
    class Interrupts:
        def predict(self):
            return 0

        def __reduce__(self):
            signal.raise_signal(signal.SIGINT)
            return (int, ())

    with pytest.raises(KeyboardInterrupt):
        store.save([bytes(2_000_000), Interrupts()], "churn", force=True)
    assert list((Path(store.location) / "files").iterdir()) == []
    assert list(store.list()) == []
    assert store.save({"x": 1}, "churn", force=True).version == 1


INTERRUPTED = """
import random, time
rng = random.Random(7)
store = connect(directory)
warm_up(directory.parent / "warm")
keep(store, "churn", "first")
began = time.monotonic()
for number in range(4):
    keep(store, "churn", f"as long as it takes {number}", 500_000)
usual = (time.monotonic() - began) / 4
saved, interrupted = {}, 0
for number in range(150):
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 3 * usual))
        record = keep(store, "churn", f"number {number}", rng.choice((500, 500_000)), alias="champion").record
        saved[record.version] = record.description
        signal.setitimer(signal.ITIMER_REAL, 0)  # an interrupt that comes only now is caught all the same
    except KeyboardInterrupt:
        interrupted += 1
rows = {record.version: record.description for record in store.list(all_versions=True)}
lost = [version for version, tag in saved.items() if rows.get(version) != tag]
last = keep(store, "churn", "last").record.version
strangers = [name for name in inspect(directory)["leftovers"] if not name.endswith((".part", ".pkl"))]
print(json.dumps([interrupted, len(saved), lost, last == len(rows) + 1, problems(directory), strangers]))
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_interrupts_at_random_moments_lose_nothing_and_the_store_stays_usable(tmp_path):
    script = "signal.signal(signal.SIGALRM, signal.default_int_handler)" + INTERRUPTED
    # an interrupt inside coverage's own tracer leaves its lock taken for ever, so this process is not traced
    untraced = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    interrupted, saved, *rest = in_a_process(script, tmp_path / "store", env=untraced)
    assert interrupted > 5
    assert saved > 5
    assert rest == [[], True, [], []]
