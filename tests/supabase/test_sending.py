"""A save that was acknowledged arrives, whatever dies on the way: the kernel at each step, each server, the answer."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from back_doors import Somebody
from conformance.backend import find, keep
from relay import Relay, Reply, cut

from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend, _sending
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.doctor import check_up, status
from jupyter_modelstore.errors import DiskFull, InvalidName, NotFound, QuotaExceeded, SomebodyElse, StorageError
from jupyter_modelstore.identity import signed_client
from jupyter_modelstore.record import Query, Saved
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.spool import Spool
from jupyter_modelstore.trust import Approvals
from jupyter_modelstore.verbs import VERBS
from jupyter_modelstore.worker import Worker

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase
LARGE = 15 * 1024 * 1024


def names(spool):
    return sorted(path.suffix for path in spool.directory.iterdir()) if spool.directory.exists() else []


# ---- a project that is gone -----------------------------------------------------------------------------------------------


def test_a_save_waits_for_a_dead_project_soon_and_arrives_later(opened, spool, door):
    began = time.monotonic()
    saved = keep(opened("http://127.0.0.1:9"), "churn", b"bytes", metrics={"auc": 0.5}, alias="champion")
    assert time.monotonic() - began < 15
    assert (saved.record.status, saved.record.version, saved.created) == ("pending", 0, True)
    assert names(spool) == [".bin", ".json"]
    backend = opened()
    (pending,) = backend.pending()
    assert (pending.model_name, dict(pending.metrics)) == ("churn", {"auc": 0.5})
    assert backend.fetch(pending).read_bytes() == b"bytes"
    (arrived,) = backend.resume()
    assert (arrived.record.ref, arrived.record.aliases) == ("churn:1", ("champion",))
    assert door.peek(arrived.record) == b"bytes"
    assert (names(spool), backend.pending(), backend.resume()) == ([], [], [])


def test_saves_of_one_name_arrive_in_their_order(opened):
    for data in (b"1", b"2", b"3"):
        keep(opened("http://127.0.0.1:9"), "churn", data)
    arrived = opened().resume()
    assert [(saved.record.version, saved.record.model_file_size) for saved in arrived] == [(1, 1), (2, 1), (3, 1)]
    assert len({saved.record.sha256 for saved in arrived}) == 3


def test_a_save_of_somebody_else_or_for_another_project_is_never_sent(opened, spool, person):
    keep(opened("http://127.0.0.1:9"), "churn")
    (waiting,) = spool.waiting(opened().location, person.id)
    spool.note(replace(waiting, user_id=str(uuid.uuid4())))
    assert (opened().pending(), opened().resume()) == ([], [])
    spool.note(replace(waiting, url="https://elsewhere.supabase.co"))
    assert (opened().pending(), opened().resume()) == ([], [])
    assert names(spool) == [".bin", ".json"]


def test_a_save_can_be_given_up(opened, spool):
    record = keep(opened("http://127.0.0.1:9"), "churn").record
    opened().discard(record)
    assert (names(spool), opened().resume()) == ([], [])
    with pytest.raises(NotFound):
        opened().discard(find_none())


def test_what_is_given_up_while_it_arrives_is_told_where_it_is(opened, spool, door, project):
    told = []

    def give_up(backend, record):
        try:
            backend.discard(record)
        except NotFound as error:
            told.append(error.message)

    with Relay.before(project.url) as relay, ThreadPoolExecutor(1) as pool:

        def act(handler):
            answer, backend = handler.forward(), opened(relay.url)
            pool.submit(give_up, backend, backend.pending()[0])
            while names(spool) != [".lease"]:
                time.sleep(0.02)
            Reply.of(answer)(handler)

        relay.answers("POST", "rpc/modelstore_commit", act)
        assert keep(opened(relay.url), "churn").record.ref == "churn:1"
    assert told == ["It has just arrived, as churn:1."]
    assert names(spool) == []


WRONG = [{"sha256": "0" * 64}, {"sha256": None}, {"model_file_size": 7}]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_commit_that_is_answered_with_another_file_is_none(opened, spool, door, project, wrong):
    with Relay.before(project.url) as relay:

        def act(handler):
            answer = handler.forward().json()
            answer["record"] |= wrong
            Reply(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})(handler)

        relay.answers("POST", "rpc/modelstore_commit", act)
        saved = keep(opened(relay.url), "churn", b"bytes")
        assert saved.record.status == "pending"
        assert names(spool) == [".bin", ".json"]
        relay.is_plain()
        (arrived,) = opened(relay.url).resume()
    assert door.peek(arrived.record) == b"bytes"
    assert len(door.rows()) == 1


def find_none():
    from jupyter_modelstore.record import ModelRecord, now

    return ModelRecord(id="x", user_id="x", space_id="x", model_name="x", version=1, created_at=now(), updated_at=now())


# ---- a project that refuses -------------------------------------------------------------------------------------------------


def test_a_refusal_before_any_byte_keeps_nothing(opened, spool, door):
    door.sql("insert into modelstore_spaces (id, kind, quota_bytes) values (%s, 'person', 3)", [door.folder])
    with pytest.raises(QuotaExceeded):
        keep(opened(), "churn", b"four")
    with pytest.raises(InvalidName):
        keep(opened(), "no/slash")
    assert (names(spool), door.objects(), door.rows()) == ([], set(), [])
    assert keep(opened(), "churn", b"abc").record.ref == "churn:1"


def test_a_refusal_of_what_waits_is_kept_with_its_reason(opened, spool, door):
    keep(opened("http://127.0.0.1:9"), "churn", b"four")
    door.sql("insert into modelstore_spaces (id, kind, quota_bytes) values (%s, 'person', 3)", [door.folder])
    backend = opened()
    assert backend.resume() == []
    (pending,) = backend.pending()
    assert pending.extra["refused"]["code"] == "quota_exceeded"
    assert backend.resume() == []
    assert names(spool) == [".bin", ".json"]
    assert "4 B" in pending.extra["refused"]["message"]
    backend.discard(pending)
    assert names(spool) == []


def test_a_check_up_names_what_waits_and_what_was_refused(opened, door, tmp_path):
    for name in ("churn", "iris"):
        keep(opened("http://127.0.0.1:9"), name, b"four")
    store = Registry(opened(), Approvals(tmp_path / "trusted", door.folder))
    found = {finding.what: finding for finding in check_up(store)}
    assert (found["waiting"].ok, found["waiting"].message) == (True, "kept on this machine: churn, iris")
    door.sql("insert into modelstore_spaces (id, kind, quota_bytes) values (%s, 'person', 5)", [door.folder])
    store.resume()
    found = {finding.what: finding for finding in check_up(store)}
    assert "waiting" not in found
    assert not found["refused"].ok
    assert found["refused"].message.startswith("iris: 4 B of 5 B are used")
    assert "%modelstore discard NAME" in found["refused"].hint
    store.discard("iris")
    assert not {"waiting", "refused"} & {finding.what for finding in check_up(store)}


ODD = [{"bucket": 5}, {"bucket": {"private": True}}, {"bucket": "x"}, {"quota_bytes": "many"}, {"quota_bytes": [1]}]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_check_up_of_a_project_that_says_odd_things_is_a_line_and_no_traceback(opened, project, person, tmp_path, odd):
    with Relay.before(project.url) as relay:

        def act(handler):
            Reply(200, json.dumps(handler.forward().json() | odd).encode(), {"Content-Type": "application/json"})(handler)

        relay.answers("POST", "rpc/modelstore_whoami", act)
        found = check_up(Registry(opened(relay.url), Approvals(tmp_path / "trusted", person.id)))
    assert [finding.message for finding in found if "cannot be read" in finding.message]


# ---- the kernel dies -------------------------------------------------------------------------------------------------

_KERNEL = """
import json, os, signal, sys, uuid
sys.path[:0] = json.loads(sys.argv[1])
from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend, _sending
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.identity import signed_client
from jupyter_modelstore.protocols import AccessToken
from jupyter_modelstore.record import Draft
from jupyter_modelstore.spool import Spool
from pathlib import Path

url, key, token, user_id, home, step, size = sys.argv[2:]

class Source:
    def token(self, *, refused=None):
        return AccessToken(value=token, expires_at=0, user_id=user_id)
    known = token

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def before(cls, name, count=1):
    real, calls = getattr(cls, name), [0]
    def wrapped(*args, **more):
        calls[0] += 1
        return die() if calls[0] == count else real(*args, **more)
    setattr(cls, name, wrapped)

def after(cls, name):
    real = getattr(cls, name)
    def wrapped(*args, **more):
        real(*args, **more)
        die()
    setattr(cls, name, wrapped)

http = signed_client(Source(), url, key)
{"spooled": lambda: before(Spool, "accept"), "renamed": lambda: before(Spool, "note"), "kept": lambda: after(Spool, "accept"),
 "begun": lambda: before(Objects, "_try_piece"), "half": lambda: before(Objects, "_try_piece", 2),
 "sent": lambda: after(Objects, "send"), "committed": lambda: before(Spool, "done"),
 "forgotten": lambda: after(Spool, "done"), "none": lambda: None}[step]()
backend = SupabaseBackend(Functions(http, url, Source()), Objects(http, url), source=Source(), cache=Cache(Path(home) / "c"),
                          spool=Spool(Path(home) / "spool"), url=url)
save_id = str(uuid.uuid4())
with backend.receive(save_id) as incoming:
    incoming.file.write(os.urandom(int(size)))
    record = incoming.commit(Draft(model_name="churn", save_id=save_id)).record
print(json.dumps([record.sha256, record.version]), flush=True)
"""


def kernel(project, person, home, step, size):
    words = [project.url, project.key, person.access_token, person.id, str(home), step, str(size)]
    return subprocess.Popen([sys.executable, "-c", _KERNEL, json.dumps(sys.path), *words], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("step", "size", "survives"),
    [
        ("spooled", 10, False),
        ("renamed", 10, False),
        ("kept", 10, True),
        ("sent", 10, True),
        ("committed", 10, True),
        ("forgotten", 10, True),
        ("begun", LARGE, True),
        ("half", LARGE, True),
        ("sent", LARGE, True),
    ],
)
def test_a_kernel_that_is_killed_loses_nothing_that_was_kept(
    project, person, opened, spool, door, tmp_path, step, size, survives
):
    process = kernel(project, person, tmp_path, step, size)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    backend = opened()
    backend.resume()
    rows = door.rows()
    assert len(rows) == len(door.objects()) == (1 if survives else 0)
    assert backend.pending() == []
    if survives:
        record = find(backend, "churn:1")
        assert len(door.peek(record)) == record.model_file_size == size
        backend._cache.forget(record.sha256)
        assert backend.fetch(record).stat().st_size == size
    assert ".json" not in names(spool)


def test_an_upload_goes_on_where_it_was(project, person, opened, tmp_path, monkeypatch):
    kernel(project, person, tmp_path, "half", LARGE).communicate(timeout=60)
    sent = []
    real = Objects._try_piece
    monkeypatch.setattr(Objects, "_try_piece", lambda *args: sent.append(args[2]) or real(*args))
    (saved,) = opened().resume()
    assert sent[0] == 6 * 1024 * 1024
    assert saved.record.model_file_size == LARGE


@pytest.mark.parametrize("step", ["_begin", "_try_piece"])
def test_what_another_home_has_sent_meanwhile_is_no_refusal(opened, spool, door, tmp_path, monkeypatch, step):
    keep(opened("http://127.0.0.1:9"), "churn", os.urandom(LARGE))
    copy = Spool(tmp_path / "copy")
    shutil.copytree(spool.directory, copy.directory)
    backend, other = opened(), opened()
    other._spool = copy
    real, begun = getattr(Objects, step), []

    def overtaken(*given):
        if not begun:
            begun.append(given)
            assert len(other.resume()) == 1
        return real(*given)

    monkeypatch.setattr(Objects, step, overtaken)
    (saved,) = backend.resume()
    assert (saved.record.ref, backend.pending(), names(spool)) == ("churn:1", [], [])
    assert len(door.rows()) == len(door.objects()) == 1


def test_two_homes_that_send_one_save_make_one_row(project, opened, spool, door):
    keep(opened("http://127.0.0.1:9"), "churn")
    (waiting,) = spool.waiting(project.url, door.folder)
    first = opened()._sender.send(waiting)
    spool.directory.joinpath(f"{waiting.save_id}.bin").write_bytes(b"model")
    spool.note(waiting)
    (second,) = opened().resume()
    assert (second.record.id, second.created) == (first.record.id, False)
    assert len(door.rows()) == len(door.objects()) == 1


def test_eight_kernels_save_ten_models_each_under_one_name(project, person, opened, door, tmp_path):
    script = (
        _KERNEL.replace("save_id = str(uuid.uuid4())", "for _ in range(10):\n  save_id = str(uuid.uuid4())")
        .replace("\nwith backend", "\n  with backend")
        .replace("\n    incoming.file", "\n      incoming.file")
        .replace("\n    record =", "\n      record =")
        .replace("\nprint(json", "\n  print(json")
    )
    words = [project.url, project.key, person.access_token, person.id]
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", script, json.dumps(sys.path), *words, str(tmp_path / str(n)), "none", "1000"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(8)
    ]
    told = [json.loads(line) for process in kernels for line in process.communicate(timeout=180)[0].splitlines()]
    assert sorted(version for _, version in told) == list(range(1, 81))
    assert {(row["sha256"], row["version"]) for row in door.rows()} == {tuple(each) for each in told}
    assert len(door.objects()) == 80


class Ending(Somebody):
    """Whose token has ended when the second piece is sent, and who gets another one when it is refused."""

    def __init__(self, person, expired):
        super().__init__(person)
        self.expired, self.ended, self.refused = expired, False, []

    def token(self, *, refused=None):
        if refused:
            self.refused.append(refused)
            self.ended = False
        good = super().token()
        return replace(good, value=self.expired) if self.ended else good


def test_a_token_that_ends_on_the_way_is_renewed_and_the_upload_goes_on(project, person, spool, door, tmp_path, monkeypatch):
    source = Ending(person, project.mint({"sub": person.id, "exp": int(time.time()) - 60}))
    real, pieces = Objects._try_piece, []

    def piece(self, upload, offset, *more):
        pieces.append(offset)
        source.ended = len(pieces) == 2
        return real(self, upload, offset, *more)

    monkeypatch.setattr(Objects, "_try_piece", piece)
    with signed_client(source, project.url, project.key) as http:
        functions, objects = Functions(http, project.url, source), Objects(http, project.url)
        backend = SupabaseBackend(functions, objects, source=source, cache=Cache(tmp_path / "c"), spool=spool, url=project.url)
        record = keep(backend, "churn", os.urandom(LARGE)).record
    assert (record.status, len(source.refused)) == ("ready", 1)
    assert pieces == [0, 6 * 1024 * 1024, 6 * 1024 * 1024, 12 * 1024 * 1024]
    assert len(door.peek(record)) == LARGE


class Switching(Somebody):
    """A session file that somebody else signs in to."""

    def become(self, person):
        self.person = person


def test_when_somebody_else_signs_in_meanwhile_nothing_goes_as_them(person, new_user, opened, door, monkeypatch):
    for name in ("one", "two", "three"):
        keep(opened("http://127.0.0.1:9"), name)
    source, other = Switching(person), new_user()
    real = Objects.send

    def send(self, *args, **more):
        source.become(other)
        return real(self, *args, **more)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Objects, "send", send)
        assert opened(source=source).resume() == []
    assert door.rows() == []
    assert opened(source=Somebody(other)).select(Query()) == []
    assert [record.refused for record in opened().pending()] == [None] * 3
    assert [saved.record.model_name for saved in opened().resume()] == ["one", "two", "three"]


@pytest.fixture
def ours(opened, person, tmp_path):
    """A store of one person's, which has been used; and its source, from which somebody else may come."""
    source = Switching(person)
    store = Registry(opened(source=source), Approvals(tmp_path / "approvals", person.id))
    for name in ("one", "two"):
        keep(store._backend, name, name.encode())
    return store, source


def test_a_store_stays_with_whom_it_was_opened_as(ours, new_user, opened, door, spool, tmp_path):
    store, source = ours
    other = new_user()
    theirs = opened(source=Somebody(other))
    keep(theirs, "one", b"theirs")
    source.become(other)
    for deed in (
        lambda: keep(store._backend, "three"),
        lambda: store._backend.rename("one", "stolen"),
        lambda: store.set_alias("one:1", "champion"),
        lambda: store.delete("one"),
        store.resume,
        store.pending,
        store.stats,
    ):
        with pytest.raises(SomebodyElse, match="meanwhile"):
            deed()
    assert [record.ref for record in theirs.select(Query())] == ["one:1"]
    assert names(spool) == []
    assert "somebody else is signed in" in store.where
    worker = Worker(store)
    assert not worker.waits()


def test_somebody_who_signs_in_between_two_requests_gets_nothing(ours, new_user, opened, monkeypatch):
    _, source = ours
    other, real = new_user(), Functions._call

    def call(self, name, q):
        answer = real(self, name, q)
        if name == "whoami":
            source.become(other)
        return answer

    keep(opened(source=Somebody(other)), "one", b"theirs")
    fresh = opened(source=source)
    monkeypatch.setattr(Functions, "_call", call)
    with pytest.raises(SomebodyElse):
        fresh.rename("one", "stolen")
    monkeypatch.undo()
    assert opened(source=Somebody(other)).names() == ["one"]


def test_a_save_of_another_person_waits_for_them_and_its_card_says_so(project, person, new_user, opened, door, tmp_path):
    source = Switching(person)
    store = Registry(opened("http://127.0.0.1:9", source), Approvals(tmp_path / "approvals", person.id))
    pending = keep(store._backend, "churn").record
    told = []
    worker = Worker(store)
    ticket = worker.take(pending, told.append)
    assert ticket.wait(60)
    source.become(new_user())
    worker.wake()
    assert worker.rest(60)
    assert type(told[-1]).__name__ == "SomebodyElse"
    source.become(person)
    worker._store = Registry(opened(source=source), Approvals(tmp_path / "approvals", person.id))
    worker.wake()
    for _ in range(600):
        if isinstance(ticket.outcome, Saved):
            break
        time.sleep(0.1)
    assert ticket.outcome.record.ref == "churn:1"


def test_a_save_that_was_the_newest_version_already_is_told_as_arrived(opened, door, tmp_path):
    store = Registry(opened(), Approvals(tmp_path / "approvals", door.folder))
    away = opened("http://127.0.0.1:9")
    first, second = (keep(away, "churn", b"the same").record for _ in range(2))
    assert [saved.created for saved in opened().resume()] == [True, False]
    ticket = Worker(store).take(second)
    assert ticket.wait(60)
    assert (ticket.outcome.record.save_id, ticket.outcome.created) == (first.save_id, False)


def test_saves_keep_their_order_when_the_clock_is_set_back(opened, monkeypatch, door):
    away, real = opened("http://127.0.0.1:9"), time.time
    keep(away, "churn", b"first")
    monkeypatch.setattr("jupyter_modelstore.backends.supabase._sending.time.time", lambda: real() - 3600)
    keep(away, "churn", b"second")
    monkeypatch.undo()
    assert [door.peek(saved.record) for saved in opened().resume()] == [b"first", b"second"]


def test_what_somebody_else_could_have_put_into_the_spool_is_not_believed(opened, spool, door):
    keep(opened("http://127.0.0.1:9"), "churn")
    spool.directory.chmod(0o777)
    assert (opened().pending(), opened().resume()) == ([], [])
    spool.directory.chmod(0o700)
    (journal,) = spool.directory.glob("*.json")
    journal.chmod(0o666)
    assert opened().pending() == []
    journal.chmod(0o600)
    assert len(opened().resume()) == 1


def test_a_save_closes_the_spool_to_others_again(opened, spool):
    keep(opened("http://127.0.0.1:9"), "churn")
    spool.directory.chmod(0o777)
    keep(opened("http://127.0.0.1:9"), "iris")
    assert spool.directory.stat().st_mode & 0o777 == 0o700
    assert [saved.record.model_name for saved in opened().resume()] == ["churn", "iris"]


@pytest.mark.parametrize("how", ["open", "file", "cut", "empty", "senseless"])
def test_what_is_not_believed_is_told_and_not_said_to_be_given_up(opened, spool, door, tmp_path, how):
    pending = keep(opened("http://127.0.0.1:9"), "churn").record
    store = Registry(opened(), Approvals(tmp_path / "approvals", door.folder))
    (journal,) = spool.directory.glob("*.json")
    if how == "open":
        spool.directory.chmod(0o777)
    elif how == "file":
        spool.file(pending.save_id).chmod(0o666)
    elif how == "senseless":
        journal.write_text(json.dumps({**json.loads(journal.read_text()), "at": 1e300}))
    else:
        journal.write_bytes(journal.read_bytes()[: 200 if how == "cut" else 0])
    assert store.resume() == []
    (found,) = [finding for finding in check_up(store) if not finding.ok and finding.what == "not sent"]
    assert re.match(rf"1 save: Kept (in|as) {spool.directory}.* and not sent", found.message)
    assert found.hint
    assert status(store).doubted == (found,)
    for verb in (VERBS["status"], VERBS["resume"]):
        assert "not sent" in verb.show(store, verb.call(store)).text
    ticket = Worker(store).take(pending)
    assert ticket.wait(60)
    assert "and not sent" in ticket.outcome.message
    assert names(spool) == [".bin", ".json"]


def test_a_save_whose_journal_cannot_be_written_leaves_nothing(opened, spool, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("jupyter_modelstore.spool.write_private", full)
    with pytest.raises(DiskFull):
        keep(opened("http://127.0.0.1:9"), "churn")
    assert names(spool) == []


def test_a_disk_that_is_full_while_a_model_is_written_is_told_in_one_sentence(opened, spool):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(DiskFull, match="nothing was changed"):
            keep(opened(), "churn", os.urandom(LARGE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(spool) == []


def test_a_spool_that_cannot_be_read_holds_up_no_load(opened, spool, door, tmp_path):
    store = Registry(opened(), Approvals(tmp_path / "approvals", door.folder))
    assert keep(opened(), "churn", b"bytes").record.ref == "churn:1"
    spool.directory.rmdir()
    spool.directory.symlink_to("spool")
    assert store.get("churn").ref == "churn:1"
    with pytest.raises(StorageError):
        store.resume()
    assert "spool: Too many levels" in "".join(finding.message for finding in check_up(store) if not finding.ok)


def test_a_save_comes_after_what_waits_under_its_name(opened, door):
    for data in (b"first", b"second"):
        assert keep(opened("http://127.0.0.1:9"), "churn", data).record.status == "pending"
    third = keep(opened(), "churn", b"third").record
    assert third.ref == "churn:3"
    assert door.peek(find(opened(), "churn:1")) == b"first"


def test_an_output_that_cannot_be_drawn_stops_no_save(opened, tmp_path, door):
    pending = keep(opened("http://127.0.0.1:9"), "churn").record

    def fail(_):
        raise OSError("no front end")

    ticket = Worker(Registry(opened(), Approvals(tmp_path / "approvals", door.folder))).take(pending, fail)
    assert ticket.wait(60)
    assert ticket.outcome.record.ref == "churn:1"
    assert len(door.rows()) == 1


def test_a_journal_that_makes_no_sense_holds_up_no_other(opened, spool):
    keep(opened("http://127.0.0.1:9"), "churn")
    (path,) = spool.directory.glob("*.json")
    known = json.loads(path.read_text(encoding="utf-8"))
    for at, change in enumerate(({"at": 1e300}, {"draft": {**known["draft"], "tags": 5}})):
        save_id = f"00000000-0000-4000-8000-00000000000{at}"
        path.with_name(f"{save_id}.json").write_text(json.dumps({**known, "save_id": save_id, **change}), encoding="utf-8")
        path.with_name(f"{save_id}.bin").write_bytes(b"model")
    assert [record.model_name for record in opened().pending()] == ["churn"]
    assert len(opened().resume()) == 1


def test_an_earlier_journal_that_makes_no_sense_does_not_hold_up_a_save(opened, spool):
    keep(opened("http://127.0.0.1:9"), "churn")
    (path,) = spool.directory.glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "at": -1e20}), encoding="utf-8")
    assert keep(opened(), "churn").record.ref == "churn:1"


@pytest.mark.parametrize(("error", "code"), [(OverflowError, "invalid_value"), (RuntimeError, None)])
def test_a_save_that_fails_as_nobody_foresaw_holds_up_no_other(opened, spool, monkeypatch, error, code):
    cursed, broken, _ = (keep(opened("http://127.0.0.1:9"), name).record for name in ("churn", "wine", "iris"))
    spool.file(broken.save_id).unlink()
    spool.file(broken.save_id).mkdir()  # cannot be read, for a reason that is this machine's
    real = Objects.send

    def send(self, path, *given, **more):
        if cursed.save_id in path:
            raise error
        return real(self, path, *given, **more)

    monkeypatch.setattr(Objects, "send", send)
    told = {}
    arrived = opened().resume(told=lambda record, outcome: told.update({record.model_name: outcome}))
    assert [saved.record.model_name for saved in arrived] == ["iris"]
    assert "fault of ours" in told["churn"].message
    assert told["wine"].code == "storage_failed"
    kept = {record.model_name: record.refused and record.refused["code"] for record in opened().pending()}
    assert kept == {"churn": code, "wine": None}


@pytest.mark.parametrize("stored", [False, True])
def test_an_address_of_an_upload_that_cannot_be_used_is_not_kept(project, opened, spool, door, stored):
    with Relay.before(project.url) as relay:
        if stored:
            keep(opened("http://127.0.0.1:9"), "churn", os.urandom(LARGE))
            (waiting,) = spool.waiting(project.url, door.folder)
            spool.note(replace(waiting, upload="../\x7f\x00"))
        else:
            relay.answers("POST", "upload/resumable", Reply(201, headers={"Location": "x/\x7f\xe4"}))
            saved = keep(opened(relay.url), "churn", os.urandom(LARGE))
            assert (saved.record.status, saved.record.extra["waits"]["code"]) == ("pending", "service_error")
            relay.is_plain()
        assert [saved.record.ref for saved in opened(relay.url).resume()] == ["churn:1"]


def test_once_the_project_does_not_answer_nothing_more_is_asked(project, opened, door, tmp_path):
    kept = [keep(opened("http://127.0.0.1:9"), name).record for name in ("one", "two", "three")]
    with Relay.before(project.url) as relay:
        relay.answers("POST", "rpc/modelstore_may_save", Reply(503))
        told = []
        store = Registry(opened(relay.url), Approvals(tmp_path / "approvals", door.folder))
        assert store.resume(told=lambda *news: told.append(news)) == []
        assert [(record.model_name, outcome and outcome.code) for record, outcome in told] == [
            ("one", None),
            ("one", "unreachable"),
        ]
        worker = Worker(store)
        tickets = [worker.take(record) for record in kept]
        assert all(ticket.wait(60) for ticket in tickets)
        assert [ticket.outcome.code for ticket in tickets] == ["unreachable"] * 3
        relay.is_plain()
        relay.answers("POST", kept[0].save_id, cut)  # this file alone does not get through: the others do
        assert [saved.record.model_name for saved in opened(relay.url).resume()] == ["two", "three"]


def test_what_another_kernel_found_to_be_the_newest_version_was_not_given_up(opened, monkeypatch):
    keep(opened(), "churn", b"the same")
    real = _sending.Sender.send_in_turn

    def overtaken(self, *given):
        monkeypatch.undo()
        assert [saved.created for saved in opened().resume()] == [False]
        return real(self, *given)

    monkeypatch.setattr(_sending.Sender, "send_in_turn", overtaken)
    saved = keep(opened(), "churn", b"the same")
    assert (saved.record.ref, saved.created) == ("churn:1", False)
