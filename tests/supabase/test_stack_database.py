"""The database is what a hosted project gives: the same roles, the same rights, and not more."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest
from stack.acting import as_rest, as_storage

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

REFUSED = {
    "alter table storage.objects add column x int": "must be owner",
    "alter table storage.objects disable row level security": "must be owner",
    "create index on storage.objects (owner)": "must be owner",
    "create function storage.f() returns int language sql as 'select 1'": "must be owner",
    "drop function storage.filename(text)": "must be owner",
    "drop table storage.migrations": "must be owner",
    "create table auth.mine (i int)": "permission denied",
    "alter table auth.users add column x int": "must be owner",
    "delete from storage.objects": "Direct deletion",
    "delete from storage.buckets": "Direct deletion",
    "create role chief superuser": "must be superuser|permission denied",
    "set session_replication_role = replica": "permission denied",
}
ALLOWED = (
    "create policy mine on storage.objects for select to authenticated using (true)",
    "drop policy mine on storage.objects",
    "create function public.seen() returns trigger language plpgsql as 'begin return new; end'",
    "create trigger seen before insert on storage.objects for each row execute function public.seen()",
    "drop trigger seen on storage.objects",
    "create trigger joined after insert on auth.users for each row execute function public.seen()",
    "insert into storage.buckets (id, name) values ('b', 'b')",
    "create table public.owned (id uuid references auth.users (id) on delete cascade)",
    "create extension pg_trgm schema extensions",
)


@pytest.fixture
def postgres(new_database):
    with psycopg.connect(new_database(), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("statement", REFUSED)
def test_postgres_may_not(postgres, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=REFUSED[statement]):
        postgres.execute(statement)


def test_postgres_may(postgres):
    for statement in ALLOWED:
        postgres.execute(statement)


def test_postgres_is_no_superuser_and_passes_policies(postgres):
    row = postgres.execute("select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user").fetchone()
    assert row == (False, True, True)


@pytest.mark.parametrize(("old_grants", "roles"), [(False, set()), (True, {"anon", "authenticated", "service_role"})])
def test_grants_of_new_tables(new_database, old_grants, roles):
    with psycopg.connect(new_database(old_grants=old_grants), autocommit=True) as connection:
        connection.execute("create table public.fresh (i int)")
        granted = connection.execute(
            "select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')"
            " and has_table_privilege(r.rolname, 'public.fresh', 'select, insert, update, delete, truncate')"
        )
        assert {name for (name,) in granted} == roles


@pytest.mark.parametrize(
    "settings",
    [
        {
            "request.jwt.claims": json.dumps(
                {"sub": "6a2f41a3-c54c-4b01-9b1c-9cf2b4d9d7a0", "role": "authenticated", "email": "a@b"}
            )
        },
        {
            "request.jwt.claim.sub": "6a2f41a3-c54c-4b01-9b1c-9cf2b4d9d7a0",
            "request.jwt.claim.role": "authenticated",
            "request.jwt.claim.email": "a@b",
        },
    ],
    ids=["one object", "one setting a claim"],
)
def test_claims_are_read_from_either_spelling(postgres, settings):
    with postgres.transaction():
        for name, value in settings.items():
            postgres.execute("select set_config(%s, %s, true)", [name, value])
        row = postgres.execute("select auth.uid()::text, auth.role(), auth.email()").fetchone()
    assert row == ("6a2f41a3-c54c-4b01-9b1c-9cf2b4d9d7a0", "authenticated", "a@b")


def test_timeouts_of_the_api_roles(postgres):
    rows = postgres.execute("select rolname, array_to_string(rolconfig, ' ') from pg_roles where rolconfig is not null")
    told = dict(rows.fetchall())
    assert "statement_timeout=3s" in told["anon"]
    assert "statement_timeout=8s" in told["authenticated"]


@pytest.fixture
def acted(stack, new_database):
    """A fresh database with one person's object, and connections as PostgREST's and Storage's own."""
    url, ada = new_database(), str(uuid.uuid4())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("insert into auth.users (id) values (%s)", [ada])
        connection.execute("insert into storage.buckets (id, name) values ('b', 'b')")
        connection.execute(
            "create policy own on storage.objects to authenticated using (split_part(name, '/', 1) = auth.uid()::text)"
        )
    with (
        psycopg.connect(stack.local.login_url(url, "authenticator"), autocommit=True) as rest,
        psycopg.connect(stack.local.login_url(url, "supabase_storage_admin"), autocommit=True) as storage,
    ):
        yield ada, rest, storage


def test_acting_as_rest_and_as_storage(acted):
    ada, rest, storage = acted
    claims = {"sub": ada, "role": "authenticated"}
    insert = "insert into storage.objects (bucket_id, name) values ('b', %s)"
    with as_storage(storage, claims, "storage.object.upload", rollback=True):
        storage.execute(insert, [f"{ada}/x"])
        assert storage.execute("select storage.operation(), auth.uid()::text").fetchone() == ("storage.object.upload", ada)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), as_storage(storage, claims, "storage.object.upload"):
        storage.execute(insert, ["other/x"])
    with as_storage(storage, {"role": "service_role"}, "storage.object.upload"):
        storage.execute(insert, [f"{ada}/x"])
    with as_rest(rest, claims):
        assert rest.execute("select count(*) from storage.objects").fetchone() == (1,)
    with as_rest(rest, {"role": "anon"}):
        assert rest.execute("select count(*) from storage.objects").fetchone() == (0,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Direct deletion"), as_rest(rest, claims):
        rest.execute("delete from storage.objects")
    with as_storage(storage, claims, "storage.object.delete_many"):
        assert storage.execute("delete from storage.objects").rowcount == 1
