"""A database with many models: what many people keep in years, what they share; and the plans of what is asked there."""

from __future__ import annotations

import json
import re
import uuid

import psycopg

PEOPLE = [str(uuid.UUID(int=(5 << 120) + n)) for n in range(1000)]
"""The first has a fifth of all rows, the last has a fifth of all shares."""
QUESTIONS = {
    "first page": ("list", {"limit": 48}),
    "all versions": ("list", {"limit": 48, "all_versions": True}),
    "search": ("list", {"limit": 48, "words": "telecom forest"}),
    "search by tag": ("list", {"limit": 48, "tags": ["q3"]}),
    "by a metric": ("list", {"limit": 48, "sort": "-metrics.auc"}),
    "one by name": ("find", {"name": "model 7"}),
    "one by alias": ("find", {"name": "model 7", "alias": "champion"}),
    "one by id": ("find", {"id": "00000000"}),
    "names": ("names", {}),
    "statistics": ("stats", {}),
    "facets": ("facets", {}),
    "shared page": ("shared", {"limit": 48}),
}
MODELS = """
insert into public.trained_models (user_id, space_id, save_id, model_name, version, model_type, algorithm, metrics,
  training_config, model_file_path, model_file_size, feature_columns, status, description, tags, created_at, updated_at, sha256,
  format, format_version, origin, environment, source)
select who, who, save, 'model ' || nth / 4, mod(nth, 4) + 1,
  (array['classification', 'regression', 'clustering'])[mod(nth, 3) + 1],
  (array['RandomForestClassifier', 'Ridge', 'KMeans', 'Pipeline', 'XGBRegressor'])[mod(nth, 5) + 1],
  jsonb_build_object('auc', mod(nth * 7919, 1000) / 1000.0, 'f1', 0.5),
  jsonb_build_object('params', jsonb_build_object('C', nth)),
  who || '/' || save || '.pkl', 1000 + nth, array['age', 'income', 'tenure'], 'ready',
  case when mod(nth, 10) = 0 then 'telecom customers, second try' else 'a model of quarter ' || mod(nth, 4) end,
  array['q' || mod(nth, 4), 'team ' || mod(nth, 20)], at, at, encode(sha256(save::text::bytea), 'hex'), 'pickle', 0, 'fitted',
  '{"python": "3.11.7"}', jsonb_build_object('cells', repeat('x = 1' || chr(10), 300))
from (select who, nth, gen_random_uuid() as save, timestamptz '2025-01-01' + nth * interval '11 minutes' as at
  from unnest(%(people)s::uuid[]) with ordinality as p(who, number),
    generate_series(0, case when number = 1 then %(rows)s / 5 else %(rows)s * 4 / 5 / (%(count)s - 1) end - 1) as nth) made
"""
NAMES = """
insert into modelstore_private.names (space_id, name_key, model_name, next_version)
select space_id, name_key, min(model_name), max(version) + 1 from public.trained_models group by 1, 2
"""
ALIASES = """
insert into public.modelstore_aliases (space_id, name_key, alias_key, alias, version)
select space_id, name_key, 'champion', 'champion', 1 from public.trained_models where version = 1
"""
SHARES = """
insert into public.modelstore_shares (model_id, space_id, grantee, granted_by)
select id, space_id, people[case when mod(n, 5) = 0 then %(count)s else 2 + mod(n, %(count)s - 2) end], user_id
from (select m.*, row_number() over (order by id) as n, %(people)s::uuid[] as people from public.trained_models m
  where user_id = (%(people)s::uuid[])[1]) shared where n <= %(shares)s
"""


def fill(url: str, rows: int = 100_000, people: int = 200, shares: int = 1000) -> None:
    """Fill an installed database."""
    with psycopg.connect(url, autocommit=True) as db:
        values = {"people": PEOPLE[:people], "count": people, "rows": rows, "shares": shares}
        for statement in (MODELS, NAMES, ALIASES, SHARES):
            db.execute(statement, values)
        db.execute("vacuum analyze")


def ask_as(db: psycopg.Connection, who: str, function: str, question: dict, explain: str = "") -> object:
    """Call a function of the API as somebody, in a transaction of its own."""
    with db.transaction():
        db.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": who, "role": "authenticated"})])
        db.execute("set local role authenticated")
        return db.execute(f"{explain} select public.modelstore_{function}(%s)", [json.dumps(question)]).fetchone()[0]


def plans(admin: str, who: str, function: str, question: dict) -> list[str]:
    """Return the plans of all statements inside a function; the server's own module tells them to a superuser."""
    told = []
    with psycopg.connect(admin, autocommit=True) as db:
        db.execute("load 'auto_explain'")
        db.add_notice_handler(lambda notice: told.append(notice.message_primary))
        settings = {"log_min_duration": 0, "log_nested_statements": "on", "log_analyze": "on", "log_level": "notice"}
        for name, value in settings.items():
            db.execute(f"set auto_explain.{name} = {value}")
        ask_as(db, who, function, question)
    return [text for text in told if re.search(r"\bon trained_models\b", text)]
