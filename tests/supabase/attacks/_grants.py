"""Every right that the API's roles have, compared with what is written here."""

from __future__ import annotations

import psycopg

from ._doors import CALLS, INSERTED, OWN_COLUMNS

ROLES = ("PUBLIC", "anon", "authenticated", "service_role")
TABLES = (
    "trained_models", "user_model_stats", "modelstore_spaces", "modelstore_members", "modelstore_aliases",
    "modelstore_alias_history", "modelstore_shares", "modelstore_events",
)  # fmt: skip
CALLED_BY_POLICIES = (
    "me_or_null()", "earlier_application()", "my_folders()", "is_listing()", "may_receive(text)",
    "may_send(text,jsonb)", "may_remove(text,text)",
)  # fmt: skip
EXPECTED = {
    *(f"service_role SELECT table public.{table}" for table in TABLES),
    "authenticated SELECT table public.trained_models",
    "authenticated DELETE table public.trained_models",
    "authenticated SELECT table public.user_model_stats",
    *(f"authenticated INSERT column public.trained_models.{column}" for column in INSERTED),
    *(f"authenticated UPDATE column public.trained_models.{column}" for column in OWN_COLUMNS),
    *(f"authenticated EXECUTE function public.{name}(jsonb)" for name in CALLS),
    *(f"authenticated EXECUTE function modelstore_private.{name}" for name in CALLED_BY_POLICIES),
}
GRANTED = """
with granted(acl, what) as (
  select coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)),
    case c.relkind when 'S' then 'sequence ' else 'table ' end || n.nspname || '.' || c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'modelstore_private') and c.relkind in ('r', 'v', 'm', 'p', 'f', 'S')
  union all
  select a.attacl, format('column %s.%s.%s', n.nspname, c.relname, a.attname)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'modelstore_private') and a.attacl is not null
  union all
  select coalesce(p.proacl, acldefault('f', p.proowner)), format('function %s.%s(%s)', n.nspname, p.proname,
      replace(pg_get_function_identity_arguments(p.oid), ', ', ','))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'modelstore_private')
  union all
  select n.nspacl, 'schema ' || n.nspname from pg_namespace n where n.nspname = 'modelstore_private'
)
select case x.grantee when 0 then 'PUBLIC' else x.grantee::regrole::text end || ' ' || x.privilege_type || ' '
  || regexp_replace(g.what, '(\\(|,)\\w+ (?=jsonb|text)', '\\1', 'g')
from granted g cross join lateral aclexplode(g.acl) x
where x.grantee = 0 or x.grantee::regrole::text in ('anon', 'authenticated', 'service_role')
"""
UNSAFE = """
select p.oid::regprocedure::text || ' has no search_path of its own'
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where (n.nspname = 'modelstore_private' or (n.nspname = 'public' and p.proname like 'modelstore\\_%'))
  and not coalesce('search_path=""' = any (p.proconfig), false) and p.prosqlbody is null  -- else its names are bound already
union all
select c.oid::regclass::text || ' has no row level security' from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'modelstore_private') and c.relkind in ('r', 'p') and not c.relrowsecurity
union all
select format('policy %s of %s is for everybody', policyname, tablename) from pg_policies
where schemaname = 'public' and roles <> '{authenticated}' or policyname like 'modelstore\\_%' and roles && '{public}'
"""


def misgranted(connection: psycopg.Connection) -> set[str]:
    """Return what is granted and should not be, and the other way round."""
    granted = {line for (line,) in connection.execute(GRANTED).fetchall()}
    unsafe = {line for (line,) in connection.execute(UNSAFE).fetchall()}
    return {f"has: {line}" for line in granted - EXPECTED} | {f"lacks: {line}" for line in EXPECTED - granted} | unsafe
