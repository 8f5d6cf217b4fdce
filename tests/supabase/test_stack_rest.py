"""PostgREST behind the gateway: keys are asked for, policies are asked, refusals look as they did on a real project."""

from __future__ import annotations

import time
import uuid

import httpx
import psycopg
import pytest
from supabase_fixtures import wait_until_known

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

SETUP = """
create table public.{0} (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  name text not null check (name <> ''),
  unique (user_id, name)
);
alter table public.{0} enable row level security;
create policy own on public.{0} to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
grant select, insert, update, delete on public.{0} to authenticated;
create table public.{0}_closed (id int);
create function public.{0}_many() returns setof int language sql as 'select generate_series(1, 1500)';
"""


@pytest.fixture(scope="module")
def table(project, stack):
    """A table of one's own rows, one that nobody may read, and a function that answers too much."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(SETUP.format(name))
        try:
            wait_until_known(stack, "OPTIONS", name)  # a GET asks the database also for what it does not know
            yield name
        finally:
            connection.execute(f"drop table public.{name}, public.{name}_closed")
            connection.execute(f"drop function public.{name}_many()")


@pytest.fixture
def rest(stack, http):
    """The API over plain HTTP, as somebody."""

    def call(method, path, *, token="", **more):
        headers = {"apikey": stack.key, **more.pop("headers", {})}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return http.request(method, f"/rest/v1/{path}", headers=headers, **more)

    return call


def refused(answer):
    return answer.status_code, answer.json()["code"]


def test_rows_are_their_owners(client, people, table):
    ada, ben = people
    kept = client(ada).table(table).insert({"name": "churn"}).execute().data
    assert kept[0]["user_id"] == ada.id
    assert client(ada).table(table).select("name").execute().data == [{"name": "churn"}]
    as_ben = client(ben).table(table)
    assert as_ben.select("*").execute().data == []
    assert as_ben.update({"name": "mine"}).eq("id", kept[0]["id"]).execute().data == []
    assert as_ben.delete().eq("id", kept[0]["id"]).execute().data == []
    assert client(ada).table(table).select("name").execute().data == [{"name": "churn"}]


def test_refusals(rest, people, table, stack):
    ada, ben = people
    row = {"name": "churn"}
    assert rest("POST", table, token=ada.access_token, json=row).status_code == 201
    cases = [
        (("POST", table, ada.access_token, {**row, "user_id": ben.id}), (403, "42501")),
        (("POST", table, "", row), (401, "42501")),
        (("GET", f"{table}_closed", ada.access_token, None), (403, "42501")),
        (("GET", f"{table}_closed", "", None), (401, "42501")),
        (("GET", f"{table}_closed", stack.service_key, None), (403, "42501")),
        (("POST", table, ada.access_token, row), (409, "23505")),
        (("POST", table, stack.mint(), row), (409, "23503")),
        (("POST", table, ada.access_token, {"name": None}), (400, "23502")),
        (("POST", table, ada.access_token, {"name": ""}), (400, "23514")),
        (("POST", table, ada.access_token, {"name": "x", "id": "no"}), (400, "22P02")),
        (("POST", table, ada.access_token, {"nope": 1}), (400, "PGRST204")),
        (("GET", f"{table}?nope=eq.1", ada.access_token, None), (400, "42703")),
        (("GET", "no_such_table", ada.access_token, None), (404, "42P01")),
        (("POST", "rpc/no_such_function", ada.access_token, {}), (404, "PGRST202")),
    ]
    for (method, path, token, body), expected in cases:
        assert refused(rest(method, path, token=token, json=body)) == expected, (method, path, body)
    one = rest("GET", f"{table}?name=eq.none", token=ada.access_token, headers={"Accept": "application/vnd.pgrst.object+json"})
    assert refused(one) == (406, "PGRST116")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": -60}, (401, "PGRST301")),
        ({"iat": 120}, (401, "PGRST301")),
        ({"nbf": 120}, (401, "PGRST301")),
        ({"role": "nobody"}, (400, "22023")),
        ({"role": "postgres"}, (403, "42501")),
        ({"sub": "ada"}, (400, "22P02")),
    ],
    ids=str,
)
def test_refused_tokens(rest, stack, table, claims, expected):
    now = int(time.time())
    token = stack.mint({name: value + now if isinstance(value, int) else value for name, value in claims.items()})
    assert refused(rest("GET", table, token=token)) == expected


def test_a_token_that_ended_just_now_still_counts(rest, stack, table):
    assert rest("GET", table, token=stack.mint(exp=int(time.time()) - 10)).status_code == 200


def test_a_token_of_another_secret(rest, table):
    import jwt

    forged = jwt.encode({"sub": str(uuid.uuid4()), "role": "service_role"}, "x" * 32, "HS256")
    for token in (forged, "a.b.c"):
        assert refused(rest("GET", table, token=token)) == (401, "PGRST301")


def test_lists_are_cut_at_a_thousand(rest, people, table):
    assert len(rest("POST", f"rpc/{table}_many", token=people[0].access_token).json()) == 1000


def test_statements_are_timed_out(rest, stack, new_user):
    """The role's own setting is applied: somebody signed in may take 8 seconds, nobody 3."""
    name = f"f{uuid.uuid4().hex}"
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(
            f"create function public.{name}() returns text language sql as $$ select current_setting('statement_timeout') $$"
        )
        try:
            deadline = time.monotonic() + 10
            while rest("POST", f"rpc/{name}").status_code == 404 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert rest("POST", f"rpc/{name}").json() == "3s"
            assert rest("POST", f"rpc/{name}", token=new_user().access_token).json() == "8s"
        finally:
            connection.execute(f"drop function public.{name}()")


class TestKeys:
    @pytest.mark.parametrize("path", ["rest/v1/", "auth/v1/user", "auth/v1/settings"])
    def test_a_key_is_needed(self, stack, path):
        answer = httpx.get(f"{stack.url}/{path}")
        assert (answer.status_code, answer.json()["message"]) == (401, "No API key found in request")
        answer = httpx.get(f"{stack.url}/{path}", headers={"apikey": "sb_publishable_wrong"})
        assert (answer.status_code, answer.json()["message"]) == (401, "Invalid API key")

    def test_old_and_new_keys_stand_for_the_same_roles(self, stack, table):
        if stack.local is None:
            pytest.skip("the other kinds of key are known of the stack on this machine")
        told = stack.local.env()

        def status(key, **more):
            return httpx.get(f"{stack.url}/rest/v1/{table}_closed", headers={"apikey": key, **more}).status_code

        assert status(told["SUPABASE_KEY"]) == status(told["ANON_KEY"]) == 401  # anon, who lacks a grant
        assert status(told["SECRET_KEY"]) == status(told["SERVICE_KEY"]) == 403  # service_role, who lacks one too
        assert status(told["SECRET_KEY"], Authorization=f"Bearer {told['SECRET_KEY']}") == 403
        assert httpx.get(f"{stack.url}/rest/v1/{table}_closed?apikey={told['SUPABASE_KEY']}").status_code == 401

    def test_the_person_counts_not_the_key(self, stack, new_user, table):
        headers = {"apikey": stack.service_key, "Authorization": f"Bearer {new_user().access_token}"}
        assert httpx.get(f"{stack.url}/rest/v1/{table}", headers=headers).json() == []

    def test_other_paths(self, stack):
        assert httpx.get(f"{stack.url}/nowhere").status_code == 404
