"""What somebody learns from the planner's guess of a count (``Prefer: count=planned``) about rows that they may not see."""

from __future__ import annotations

import json

import attacks
import psycopg
import pytest
from attacks import literal

pytest_plugins = ("supabase_fixtures", "attacks_fixtures")
pytestmark = pytest.mark.supabase

ROWS = 4000
KNOWN = {"space_id", "user_id", "state", "origin", "format"}
"""Whoever knows a person's id can guess how many rows they have; and how many rows there are with a word of ours."""
MANY = """
insert into public.trained_models select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'save_id', s.id,
  'version', n, 'model_file_path', t.space_id || '/' || s.id || '.pkl'))).*
from public.trained_models t, generate_series(10, %s) n, lateral (select gen_random_uuid() as id, n as once) s where t.id = %s
"""


@pytest.fixture
def crowded(copy, planted):
    """Ada has thousands of rows with the same words."""
    with psycopg.connect(copy, autocommit=True) as superuser:
        superuser.execute(MANY, [ROWS, planted.world.spaces["ada"].main.id])
        superuser.execute("analyze public.trained_models")
        yield superuser


def estimate(connection, actor, condition):
    with connection.transaction(force_rollback=True):
        connection.execute("set local role authenticated")
        connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(actor.claims)])
        statement = f"explain (format json) select * from public.trained_models where {condition}"
        return connection.execute(statement).fetchone()[0][0]["Plan"]["Plan Rows"]


def test_no_guess_tells_a_word_from_none(crowded, planted, record_property):
    world = planted.world
    columns = attacks.Catalog.read(crowded).relations["trained_models"]
    stranger = next(actor for actor in attacks.actors(world) if actor.name == "stranger")
    row = crowded.execute(
        f"select {', '.join(f'{column}::text' for column in columns)} from public.trained_models where id = %s",
        [world.spaces["ada"].main.id],
    ).fetchone()
    told, tried = {}, 0
    for (column, type_), value in zip(columns.items(), row, strict=True):
        if value is None or column in KNOWN or type_ not in ("text", "text[]", "jsonb", "uuid"):
            continue
        absent = {"text": "absent", "text[]": "{absent}", "jsonb": '{"absent": 1}', "uuid": world.people["ben"]}[type_]
        for operator in ("=", ">=", "is distinct from"):
            guesses = [estimate(crowded, stranger, f"{column} {operator} {literal(each)}::{type_}") for each in (value, absent)]
            tried += 1
            if guesses[0] != guesses[1]:
                told[f"{column} {operator}"] = guesses
    assert not told
    record_property("attempts that must fail", tried)
