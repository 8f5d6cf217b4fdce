"""Does the attack matrix see anything? Each mistake that is made in a copy of the database must make a part of it fail."""

from __future__ import annotations

import re

import attacks
import psycopg
import pytest
from attacks import _faults, _grants, _rules
from test_attacks import FAMILIES

pytest_plugins = ("supabase_fixtures", "attacks_fixtures")
pytestmark = [pytest.mark.supabase, pytest.mark.no_cover]


def found(superuser, url, world, fault):
    """Return the first thing that is wrong, or nothing."""
    if fault.seen == _faults.GRANTS:
        return next(iter(_grants.misgranted(superuser)), "")
    if fault.seen == _faults.RULES:
        return next(iter(_rules.broken_rules(superuser, world)), "")
    if fault.seen == _faults.RACES:
        return next(_rules.lost_races(url, world, fault.at), "")
    doors = FAMILIES[fault.seen](world, attacks.Catalog.read(superuser))
    tried = attacks.attempts([door for door in doors if re.search(fault.at, door.name)], attacks.actors(world))
    wrong = (verdict for verdict in attacks.judged(superuser, world, tried) if verdict.wrong)
    return next((f"{verdict.attempt}: {verdict.wrong}" for verdict in wrong), "")


@pytest.mark.parametrize("fault", _faults.FAULTS, ids=str)
def test_a_mistake_is_found(copy, planted, fault, record_property):
    with psycopg.connect(copy, autocommit=True) as superuser:
        _faults.seed(superuser, fault)
        assert found(superuser, copy, planted.world, fault), f"Nobody saw: {fault}"
    record_property("faults seeded", 1)
    record_property("found", 1)


def test_without_a_mistake_nothing_is_found(copy, planted):
    with psycopg.connect(copy, autocommit=True) as superuser:
        assert not _grants.misgranted(superuser)
        assert not _rules.broken_rules(superuser, planted.world)
    assert not list(_rules.lost_races(copy, planted.world))


def test_an_old_policy_of_storage_opens_nothing(copy, planted):
    """Another application's policy on the same table may be as wide as it likes: ours are restrictive too."""
    with psycopg.connect(copy, autocommit=True) as superuser:
        superuser.execute("create policy old on storage.objects using (true) with check (true)")
        doors = FAMILIES["storage"](planted.world, attacks.Catalog.read(superuser))
        some = [door for door in doors if re.search("get_auth|upload 0|delete 0|move|list_v2|trick", door.name)]
        tried = attacks.attempts(some, attacks.actors(planted.world))
        wrong = [f"{one.attempt}: {one.wrong}" for one in attacks.judged(superuser, planted.world, tried) if one.wrong]
    assert not wrong, "\n".join(wrong[:20])


def test_rights_are_the_same_where_a_project_gives_new_tables_away(stack, new_database):
    from jupyter_modelstore.sql import Database

    url = new_database(old_grants=True)
    Database(url).apply()
    with psycopg.connect(stack.local.admin_url(url), autocommit=True) as superuser:
        assert not _grants.misgranted(superuser)
