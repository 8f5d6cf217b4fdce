"""The attack matrix: everybody at every door of a project's database, straight at the database and through its servers.

The doors come from the catalog, so that what is new there and has none is told here.
"""

from __future__ import annotations

import attacks
import pytest
from attacks import _doors, _rules, _storage

pytest_plugins = ("supabase_fixtures", "attacks_fixtures")
pytestmark = [pytest.mark.supabase, pytest.mark.no_cover]

FAMILIES = {"tables": _doors.tables, "functions": _doors.functions, "storage": lambda world, catalog: _storage.storage(world)}


def doors(superuser, world, family):
    return list(FAMILIES[family](world, attacks.Catalog.read(superuser)))


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_gets_further_than_their_rank(superuser, planted, family, record_property):
    tried = attacks.attempts(doors(superuser, planted.world, family), attacks.actors(planted.world))
    verdicts = list(attacks.judged(superuser, planted.world, tried))
    wrong = [f"{verdict.attempt}: {verdict.wrong}" for verdict in verdicts if verdict.wrong]
    assert not wrong, f"{len(wrong)} of {len(verdicts)}:\n" + "\n".join(wrong[:40])
    allowed = sum(verdict.allowed for verdict in verdicts)
    record_property("attempts that must fail", len(verdicts) - allowed)
    record_property("succeeded", 0)
    record_property("legitimate actions", allowed)
    record_property("denied", 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_door_is_opened_by_somebody_or_meant_for_nobody(superuser, planted, family):
    people = attacks.actors(planted.world)
    shut = [door for door in doors(superuser, planted.world, family) if not any(map(door.open_to, people))]
    assert all(door.needs == _doors.NOBODY_MAY for door in shut)
    assert len(doors(superuser, planted.world, family)) > len(shut)


def test_all_that_the_catalog_has_is_tried(superuser, planted):
    catalog = attacks.Catalog.read(superuser)
    tried = {door.key for family in FAMILIES for door in doors(superuser, planted.world, family)}
    assert not _doors.unread(planted.world, catalog)
    for relation, columns in catalog.relations.items():
        assert f"table {relation}" in tried
        assert relation in _doors.FORGED, f"Say in FORGED which rows of {relation} somebody would like to forge."
        assert {f"column {relation}.{column}" for column in columns} <= tried
    triggers = {function.signature for function in catalog.functions if function.is_trigger}
    assert {f"function {function.signature}" for function in catalog.functions} - {f"function {t}" for t in triggers} <= tried
    assert {f"verb {verb}" for verb, statements in _storage.VERBS.items() if statements} <= tried


def test_all_verbs_of_storage_are_tried():
    from stack._storage import _objects, _server

    routes = _routes(_server, _objects)
    assert {operation for _, _, operation in routes} <= set(_storage.VERBS)


def _routes(server, objects):
    """Return method, path and operation of each route of the stack's Storage."""

    class Anything:
        def __getattr__(self, name):
            return lambda *given: None

    tables = (server._bucket_routes, server._tus_routes, server._signed_routes, server._object_routes)
    return [(method, path, operation) for table in tables for method, path, _, operation, _ in table(Anything())]


def test_a_list_of_files_asks_once_and_not_for_each_file(superuser, planted):
    """In a bucket of ten thousand files of other people; asked file by file it took twenty seconds."""
    world = planted.world
    many = (
        "insert into storage.objects (bucket_id, name)"
        " select 'model-files', gen_random_uuid() || '/x.pkl' from generate_series(1, 10000)"
    )
    with superuser.transaction(force_rollback=True):
        superuser.execute("set local session_replication_role = replica")
        superuser.execute(many)
        _rules.become(superuser, world, "ada", "storage.object.list")
        superuser.execute("set local statement_timeout = '1s'")
        for door in ("storage.object.list 0 file", "storage.object.list_v2 0 file"):
            known = [each for each in FAMILIES["storage"](world, None) if (each.name, each.space.label) == (door, "ada")]
            assert superuser.execute(known[0].of(known[0].space)).rowcount
