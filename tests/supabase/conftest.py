"""A bucket with policies of one's own folder, and Storage over plain HTTP."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from back_doors import Door, Somebody

from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.identity import OneUser, signed_client
from jupyter_modelstore.spool import Spool

POLICIES = """
create policy "{0} read" on storage.objects for select to authenticated
  using (bucket_id = '{0}' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "{0} write" on storage.objects for insert to authenticated
  with check (bucket_id = '{0}' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "{0} change" on storage.objects for update to authenticated
  using (bucket_id = '{0}' and (storage.foldername(name))[1] = (select auth.uid())::text)
  with check (bucket_id = '{0}' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "{0} remove" on storage.objects for delete to authenticated
  using (bucket_id = '{0}' and (storage.foldername(name))[1] = (select auth.uid())::text);
"""
NAMES = ("read", "write", "change", "remove")


@pytest.fixture
def database(stack):
    """The project's database, as ``postgres``."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def storage(stack, http):
    """Storage over plain HTTP: ``storage("POST", "object/…", person or token, …)``."""

    def call(method, path, who=None, **more):
        token = getattr(who, "access_token", who)
        headers = {"apikey": stack.key, **more.pop("headers", {})}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return http.request(method, f"/storage/v1/{path}", headers=headers, **more)

    return call


@pytest.fixture
def bucket(stack, database, storage):
    """A private bucket whose objects belong to the first segment of their names; at most 20 MB, and two types."""
    name = f"b{uuid.uuid4().hex}"
    body = {
        "name": name,
        "public": False,
        "file_size_limit": "20MB",
        "allowed_mime_types": ["application/octet-stream", "text/*"],
    }
    assert storage("POST", "bucket", stack.service_key, json=body).status_code == 200
    database.execute(POLICIES.format(name))
    yield name
    for policy in NAMES:
        database.execute(f'drop policy "{name} {policy}" on storage.objects')
    storage("POST", f"bucket/{name}/empty", stack.service_key).raise_for_status()
    storage("DELETE", f"bucket/{name}", stack.service_key).raise_for_status()


@pytest.fixture
def person(project, new_user):
    return new_user()


@pytest.fixture
def door(project, http, person):
    if project.local is None:
        pytest.skip("the back door is the superuser of the stack on this machine")
    return Door(project, http, person.id)


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool")


@pytest.fixture
def opened(project, person, spool, tmp_path):
    """A function that opens the project, at another address or as somebody else if they are given."""
    clients = []

    def make(url=project.url, source=None):
        source = OneUser(source or Somebody(person))
        http = signed_client(source, url, project.key)
        clients.append(http)
        functions, objects = Functions(http, url, source), Objects(http, url)
        return SupabaseBackend(functions, objects, source=source, cache=Cache(tmp_path / "c"), spool=spool, url=project.url)

    yield make
    for http in clients:
        http.close()
