"""Fixtures of tests marked ``supabase``: a project, people who signed up in it, fresh databases.

The project is a stack of this test run, shared by its workers, or the one that MODELSTORE_TEST_SUPABASE_URL, _KEY,
_SERVICE_KEY, _DATABASE_URL and _JWT_SECRET tell.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from line import Line
from stack import Stack
from stack._places import base, locked

OUTSIDE = {
    name: os.environ.get(f"MODELSTORE_TEST_SUPABASE_{name}", "")
    for name in ("URL", "KEY", "SERVICE_KEY", "DATABASE_URL", "JWT_SECRET")
}
"""Read once: a test's own environment is empty."""


@dataclass(frozen=True)
class Project:
    """A Supabase project, and the back doors that tests need."""

    url: str
    key: str
    service_key: str = field(repr=False)
    database_url: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    local: Stack | None = None
    """The stack on this machine, or None: what only that can do is skipped elsewhere."""

    def mint(self, claims: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Sign a token: an authenticated one of an hour, changed by claims; None takes a claim away."""
        now = int(time.time())
        body = {"sub": str(uuid.uuid4()), "role": "authenticated", "aud": "authenticated", "iat": now, "exp": now + 3600}
        body.update(claims or {}, **more)
        return jwt.encode({name: value for name, value in body.items() if value is not None}, self.jwt_secret, "HS256")


@dataclass(frozen=True)
class Person:
    """Somebody who signed up in the project."""

    id: str
    email: str
    password: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@pytest.fixture(scope="session")
def stack():
    """The project that this test run uses."""
    if OUTSIDE["URL"]:
        missing = [f"MODELSTORE_TEST_SUPABASE_{name}" for name, value in OUTSIDE.items() if not value]
        assert not missing, f"Set these too: {', '.join(missing)}"
        yield Project(OUTSIDE["URL"], OUTSIDE["KEY"], OUTSIDE["SERVICE_KEY"], OUTSIDE["DATABASE_URL"], OUTSIDE["JWT_SECRET"])
        return
    local = Stack("run-" + os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())))
    local.up(keeper=os.getpid())
    try:
        told = local.env()
        yield Project(
            told["SUPABASE_URL"], told["SUPABASE_KEY"], told["SERVICE_KEY"], told["DATABASE_URL"], told["JWT_SECRET"], local
        )
    finally:
        local.leave(os.getpid())


@pytest.fixture(scope="session")
def http(stack):
    """One client for all plain requests: making one takes longer than what it is used for."""
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        yield client


@pytest.fixture
def new_user(stack, http):
    """A function that signs somebody up: ``new_user(data=None)`` is a Person, whose objects go with them after the test."""
    made = []

    def sign_up(data: Mapping[str, Any] | None = None) -> Person:
        email, password = f"{uuid.uuid4().hex}@example.org", uuid.uuid4().hex
        body = {"email": email, "password": password, "data": data or {}}
        answer = http.post("/auth/v1/signup", json=body, headers={"apikey": stack.key})
        answer.raise_for_status()
        told = answer.json()
        made.append(Person(told["user"]["id"], email, password, told["access_token"], told["refresh_token"]))
        return made[-1]

    yield sign_up
    if made:
        _remove(stack, http, [person.id for person in made])


@pytest.fixture
def client(stack):
    """A function that makes supabase-py's client: ``client(person)`` acts as somebody, ``client(key=…)`` as nobody."""
    import supabase

    with contextlib.ExitStack() as opened:

        def make(person: Person | None = None, *, key: str = "", token: str = "") -> supabase.Client:
            http = opened.enter_context(httpx.Client(timeout=60, verify=not stack.local))
            bearer = token or (person.access_token if person else "")
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            options = supabase.ClientOptions(
                httpx_client=http, headers=headers, auto_refresh_token=False, persist_session=False
            )
            return supabase.create_client(stack.url, key or stack.key, options)

        yield make


@pytest.fixture
def people(new_user):
    """Two who have nothing to do with each other: ``ada, ben = people``."""
    return new_user(), new_user()


def _remove(stack: Project, http: httpx.Client, ids: list[str]) -> None:
    headers = {"apikey": stack.service_key, "Authorization": f"Bearer {stack.service_key}"}
    with psycopg.connect(stack.database_url) as connection:
        statement = "select bucket_id, array_agg(name) from storage.objects where owner_id = any(%s) group by 1"
        left = connection.execute(statement, [ids]).fetchall()
    for bucket, names in left:
        answer = http.request("DELETE", f"/storage/v1/object/{bucket}", json={"prefixes": names}, headers=headers)
        answer.raise_for_status()
    for id_ in ids:
        answer = http.delete(f"/auth/v1/admin/users/{id_}", headers=headers)
        assert answer.status_code in (200, 404), answer.text


@pytest.fixture
def new_database(stack):
    """A function that makes databases as fresh as a new project's: ``new_database(old_grants=False)`` is a URL, as postgres."""
    if stack.local is None:
        pytest.skip("only the stack on this machine makes databases")
    made = []

    def make(*, old_grants: bool = False) -> str:
        made.append(stack.local.new_database(old_grants=old_grants))
        return made[-1]

    yield make
    for url in made:
        stack.local.drop_database(url)


@pytest.fixture(scope="session")
def project(stack):
    """The project, with this package's schema installed; once, whichever worker comes first."""
    from jupyter_modelstore.sql import Database

    with locked(base() / "schema.lock"):
        database = Database(stack.database_url)
        if database.state().pending or database.state().changed:
            database.apply()
        wait_for_functions(stack)
    return stack


@pytest.fixture
def line(project):
    """A line to the project that can be slow, held or cut."""
    made = Line(project.url)
    yield made
    made.free.set()
    made.cut()
    assert made.threads == []


def wait_for_functions(stack: Project) -> None:
    """PostgREST learns of new functions a moment after they are made: of the newest last, since each file is a commit."""
    newest = "select proname, proargnames[1] from pg_proc where proname like 'modelstore\\_%' order by oid desc limit 1"
    with psycopg.connect(stack.database_url) as connection:
        function, argument = connection.execute(newest).fetchone()
    wait_until_known(stack, "POST", f"rpc/{function}", json={argument: {}})


def wait_until_known(stack: Project, method: str, path: str, **more) -> None:
    """Ask with a verb that PostgREST answers from what it has read of the schema, until it has read of this."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = httpx.request(method, f"{stack.url}/rest/v1/{path}", headers={"apikey": stack.key}, timeout=30, **more)
        if answer.status_code not in (404, 503):
            return
        time.sleep(0.05)
    pytest.fail(f"PostgREST did not read its schema again: {answer.text}")
