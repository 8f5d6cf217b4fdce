"""A Supabase project keeps what every backend promises: real PostgREST, a real user, and the truth looked up behind it."""

from __future__ import annotations

import dataclasses
import os
import uuid
from datetime import datetime

import pytest
from back_doors import Somebody
from conformance.backend import BackendTests, find, keep

from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.errors import Forbidden, InUse, ServiceError
from jupyter_modelstore.identity import signed_client
from jupyter_modelstore.record import Draft, Reference
from jupyter_modelstore.spool import Spool

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


@pytest.fixture
def again(project, person, tmp_path):
    opened = []

    def another():
        source = Somebody(person)
        http = signed_client(source, project.url, project.key)
        opened.append(http)
        return SupabaseBackend(
            Functions(http, project.url, source),
            Objects(http, project.url),
            source=source,
            cache=Cache(tmp_path / f"cache{len(opened)}"),
            spool=Spool(tmp_path / "spool"),
            url=project.url,
        )

    yield another
    for http in opened:
        http.close()


@pytest.fixture
def backend(again):
    return again()


class TestSupabaseBackend(BackendTests):
    """The conformance suite."""

    def test_a_check_sweeps_old_leftovers_and_nothing_else(self, backend, door):
        record = keep(backend, "churn").record
        door.leave(f"{uuid.uuid4()}.pkl", b"123", hours=25)
        door.leave(f"{record.save_id}.probe", b"of the model", hours=25)
        door.leave("my_model.pkl", b"of an earlier application", hours=25)
        fresh = f"{uuid.uuid4()}.pkl"
        door.leave(fresh, b"89", hours=1)
        details = next(finding.details for finding in backend.check() if finding.what == "leftovers")
        assert (details["removed"], details["bytes"]) == (1, 3)
        assert door.objects() == {fresh, "my_model.pkl", f"{record.save_id}.pkl", f"{record.save_id}.probe"}
        assert door.peek(record) == b"model"


def test_where_it_is_and_who_asks(backend, person, project):
    assert backend.where == f"in {project.url.partition('://')[2]} as {person.email}"
    assert (backend.location, backend.user_id) == (project.url, person.id)
    assert person.access_token not in repr(backend)


def test_nobody_sees_what_somebody_else_keeps(backend, project, new_user, tmp_path, door):
    record = keep(backend, "churn").record
    other = Somebody(new_user())
    with signed_client(other, project.url, project.key) as http:
        functions, objects = Functions(http, project.url, other), Objects(http, project.url)
        theirs = SupabaseBackend(
            functions, objects, source=other, cache=Cache(tmp_path / "other"), spool=Spool(tmp_path / "o"), url=project.url
        )
        assert theirs.names() == []
        assert find(theirs, f"id:{record.id}") is None
        assert objects.size(record.model_file_path) is None
        assert objects.remove([record.model_file_path]) == []
    assert door.peek(record) == b"model"


def test_a_second_fetch_transfers_nothing(backend, door):
    record = keep(backend, "churn", b"bytes").record
    path = backend.fetch(record)
    door.poke(record, None)
    assert backend.fetch(record) == path
    assert path.read_bytes() == b"bytes"


def test_a_link_where_a_file_is_fetched_to_is_not_followed(backend, tmp_path):
    record = keep(backend, "churn", b"bytes").record
    backend.forget_copy(record)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (backend._cache._directory / f"{record.sha256}.part").symlink_to(victim)
    assert backend.fetch(record).read_bytes() == b"bytes"
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("asked", "member"), [("id", "id"), ("alias", "aliases"), ("name", "model_name"), ("version", "version")]
)
def test_an_answer_that_is_of_another_model_is_none(backend, monkeypatch, asked, member):
    record = keep(backend, "churn", b"bytes", alias="champion").record
    ref = {"id": Reference(id=record.id.replace("-", "")), "alias": Reference(name="churn", alias="champion")}.get(asked)
    other = {"id": str(uuid.uuid4()), "aliases": [], "model_name": "iris", "version": 2}[member]
    monkeypatch.setattr(backend._functions, "call", lambda *_: record.to_json() | {member: other})
    with pytest.raises(ServiceError, match="asked for one model"):
        backend.find(ref or Reference(name="churn", version=1))


def test_a_commit_that_is_answered_with_another_save_is_none_and_the_save_waits(backend, door, monkeypatch):
    first = keep(backend, "churn", b"first").record
    call = backend._functions.call

    def crossed(name, q):
        return {"record": first.to_json(), "created": True} if name == "commit" else call(name, q)

    with monkeypatch.context() as patch:
        patch.setattr(backend._functions, "call", crossed)
        assert keep(backend, "churn", b"second").record.status == "pending"
    assert [saved.record.ref for saved in backend.resume()] == ["churn:2"]
    assert len(door.objects()) == 2


def test_times_are_in_utc(backend):
    record = keep(backend, "churn").record
    assert record.created_at.utcoffset().total_seconds() == 0
    assert isinstance(record.updated_at, datetime)


def test_a_link_gives_the_file_to_anyone_and_only_the_owner_makes_one(backend, project, new_user, http):
    record = keep(backend, "churn", b"bytes").record
    url = backend.link(record, 60, "churn (1).pkl")
    answer = http.get(url)
    assert answer.content == b"bytes"
    assert "churn" in answer.headers["content-disposition"]
    with pytest.raises(Forbidden):
        backend.link(dataclasses.replace(record, user_id=new_user().id), 60, "churn.pkl")
    backend.delete([record])
    assert http.get(url).is_success
    backend.purge([record])  # as docs/supabase.md says, this ends it
    assert not http.get(url).is_success


def test_what_stops_a_delete_is_told_and_nothing_else(backend, door, new_user):
    record = keep(backend, "churn").record
    backend.set_alias(record, "champion")

    def hint():
        with pytest.raises(InUse) as caught:
            backend.delete([record])
        return caught.value.hint

    assert hint() == "Give the alias to another version first; or delete it all the same with --force."
    other = new_user().id
    statement = "insert into modelstore_shares (model_id, space_id, grantee, granted_by) values (%s, %s, %s, %s)"
    door.sql(statement, [record.id, door.folder, other, door.folder])
    assert hint() == "Give the alias to another version first, and end the share; or delete it all the same with --force."
    backend.remove_alias("churn", "champion")
    assert hint() == "End the share first; or delete it all the same with --force."


def test_a_check_goes_there_and_back(backend, door):
    keep(backend, "churn")
    found = {finding.what: finding for finding in backend.check()}
    assert [what for what, finding in found.items() if not finding.ok] == []
    assert {"services", "project", "role", "clock", "bucket", "a file of its own", "files", "leftovers", "trash"} == set(found)
    assert len(door.objects()) == 1


def test_a_large_model_comes_back_in_pieces_and_with_a_cut_download(backend, tmp_path):
    data = os.urandom(13 * 1024 * 1024)
    told = []
    save_id = str(uuid.uuid4())
    with backend.receive(save_id, lambda *what: told.append(what)) as incoming:
        incoming.file.write(data)
        record = incoming.commit(Draft(model_name="large", save_id=save_id)).record
    sizes = [done for stage, done, _ in told if stage == "sending"]
    assert sizes == sorted(sizes)
    assert {0, 6 * 1024 * 1024, 12 * 1024 * 1024, len(data)} <= set(sizes)
    backend.forget_copy(record)
    with backend._cache.gathering(record.sha256) as (part, _):
        part.write_bytes(data[:1_000_000])
    assert backend.fetch(record).read_bytes() == data
