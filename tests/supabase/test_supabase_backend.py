"""A Supabase project keeps what every backend promises: real PostgREST, a real user, and the truth looked up behind it."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import psycopg
import pytest
from conformance.backend import BackendTests, find, keep
from psycopg.rows import dict_row

from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.identity import signed_client
from jupyter_modelstore.protocols import AccessToken

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


class Somebody:
    """A token source of somebody who signed up."""

    def __init__(self, person):
        self.person = person

    def token(self, *, refused=None):
        return AccessToken(value=self.person.access_token, expires_at=0, user_id=self.person.id, handle=self.person.email)


class Door:
    """A way past the backend: the database as its superuser, Storage with the service key."""

    def __init__(self, stack, http, folder):
        self.stack, self.http, self.folder = stack, http, folder
        self.url = stack.local.env()["ADMIN_DATABASE_URL"]

    def sql(self, statement, values=()):
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            connection.execute("set session_replication_role = replica; set storage.allow_delete_query = 'true'")
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def storage(self, method, path, **more):
        headers = {"apikey": self.stack.service_key, "Authorization": f"Bearer {self.stack.service_key}"}
        answer = self.http.request(method, f"/storage/v1/object/{path}", headers=headers, **more)
        assert answer.status_code == 200, answer.text
        return answer

    def peek(self, record):
        return self.storage("GET", f"authenticated/model-files/{record.model_file_path}").content

    def poke(self, record, data):
        self.sql("delete from storage.objects where name = %s", [record.model_file_path])
        if data is not None:
            self.storage("POST", f"model-files/{record.model_file_path}", content=data)

    def rows(self):
        found = self.sql("select * from public.trained_models where space_id = %s order by created_at", [self.folder])
        return [{name: str(value) if isinstance(value, uuid.UUID) else value for name, value in row.items()} for row in found]

    def set(self, record, **columns):
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in columns.items()}
        names = ", ".join(f"{name} = %s" for name in values)
        if "status" in values:
            names, values = f"{names}, state = %s", [*values.values(), values["status"]]
        else:
            values = list(values.values())
        self.sql(f"update public.trained_models set {names} where id = %s", [*values, record.id])

    def objects(self):
        found = self.sql("select name from storage.objects where name like %s", [f"{self.folder}/%"])
        return {row["name"].partition("/")[2] for row in found}

    def leave(self, name, data, hours):
        self.storage("POST", f"model-files/{self.folder}/{name}", content=data)
        statement = "update storage.objects set created_at = now() - %s * interval '1 hour' where name = %s"
        self.sql(statement, [hours, f"{self.folder}/{name}"])


@pytest.fixture
def person(project, new_user):
    return new_user()


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
            spool=tmp_path / "spool",
            url=project.url,
        )

    yield another
    for http in opened:
        http.close()


@pytest.fixture
def backend(again):
    return again()


@pytest.fixture
def door(project, http, person):
    if project.local is None:
        pytest.skip("the back door is the superuser of the stack on this machine")
    return Door(project, http, person.id)


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
            functions, objects, source=other, cache=Cache(tmp_path / "other"), spool=tmp_path / "o", url=project.url
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


def test_times_are_in_utc(backend):
    record = keep(backend, "churn").record
    assert record.created_at.utcoffset().total_seconds() == 0
    assert isinstance(record.updated_at, datetime)
