"""Linters of Postgres and of row level security: what they find is mended, or answered here by name.

The answers are exact: a new finding fails, and so does an answer to what is no longer found.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

pytest_plugins = ("supabase_fixtures", "attacks_fixtures")
pytestmark = pytest.mark.supabase

LINTS = dict(
    re.findall(
        r"^-- lint: (\w+)\n(.+?;)$",
        (Path(__file__).parent / "lints.sql").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)
BY_FUNCTIONS = "Nobody reaches it but through functions that ask who is there; without a policy the table is shut."
NAMES_ITS_SPACE = (
    "The API is its functions: each asks who calls, and names its space in every statement. The attack matrix tries all."
)
ANSWERS = {
    ("rls_enabled_no_policy", r"modelstore_(spaces|members|aliases|alias_history|shares|events)"): BY_FUNCTIONS,
    ("rls_enabled_no_policy", r"modelstore_private\.(migrations|settings|names)"): BY_FUNCTIONS,
    ("authenticated_security_definer_function_executable", r"modelstore_\w+\(jsonb\)"): NAMES_ITS_SPACE,
}
SEEDED = {
    "security_definer_view": "create view public.v as select 1",
    "rls_disabled_in_public": "create table public.t (id int primary key)",
    "policy_exists_rls_disabled": "alter table public.trained_models disable row level security",
    "rls_enabled_no_policy": "create table public.t (id int); alter table public.t enable row level security",
    "function_search_path_mutable": "create function public.f() returns int language sql as 'select 1'",
    "auth_users_exposed": "create view public.v as select * from auth.users; grant select on public.v to anon",
    "auth_rls_initplan": "create policy p on public.trained_models for select using (user_id = auth.uid())",
    "multiple_permissive_policies": "create policy p on public.trained_models for select to authenticated using (false)",
    "unindexed_foreign_keys": "alter table public.trained_models add column t uuid references public.modelstore_spaces",
    "duplicate_index": "create index i on public.trained_models (model_file_path)",
    "no_primary_key": "create table public.t (id int)",
    "extension_in_public": "create extension btree_gin schema public",
    "materialized_view_in_api": "create materialized view public.m as select 1; grant select on public.m to anon",
    "unsupported_reg_types": "create table public.t (a regproc)",
    "rls_references_user_metadata": "create policy p on public.trained_models using ((auth.jwt() -> 'user_metadata') is null)",
    "rls_policy_always_true": "create policy p on public.trained_models for delete using (true)",
    "anon_table_exposed": "grant update (tags) on public.trained_models to anon",
    "anon_security_definer_function_executable": "grant execute on function public.modelstore_list(jsonb) to public",
    "authenticated_security_definer_function_executable":
        "create function public.f() returns int language sql security definer as 'select 1'",
    "public_bucket_allows_listing": "insert into storage.buckets (id, name, public) values ('b', 'b', true)",
}  # fmt: skip


def findings(connection, lint):
    return {(lint, name.removeprefix("public.")) for (name,) in connection.execute(LINTS[lint]).fetchall()}


def unanswered(found, answers):
    """Return what nobody has answered, and answers to nothing."""
    answered = {
        (rule, name, pattern)
        for rule, name in found
        for kind, pattern in answers
        if rule == kind and re.fullmatch(pattern, name)
    }
    new = found - {(rule, name) for rule, name, _ in answered}
    stale = set(answers) - {(rule, pattern) for rule, _, pattern in answered}
    return {f"new: {rule} {name}" for rule, name in new} | {f"stale: {rule} {pattern}" for rule, pattern in stale}


@pytest.fixture
def clean(stack, new_database):
    """A database with the schema and nothing else, by its superuser."""
    from jupyter_modelstore.sql import Database

    url = new_database()
    Database(url).apply()
    with psycopg.connect(stack.local.admin_url(url), autocommit=True) as superuser:
        superuser.execute("set search_path = ''")  # every name is told with its schema
        yield superuser


def test_lints_find_nothing_that_is_not_answered(clean):
    found = set().union(*(findings(clean, lint) for lint in LINTS))
    assert not unanswered(found, ANSWERS)


def test_each_lint_finds_what_it_is_for(clean):
    assert set(SEEDED) == set(LINTS)
    for lint, statement in SEEDED.items():
        with clean.transaction(force_rollback=True):
            before = findings(clean, lint)
            clean.execute(statement)
            assert findings(clean, lint) - before, lint


PLATFORM = "Supabase's own, the same in every project."
OURS = r"(public|modelstore_private)\.\w+"
PGRLS_ANSWERS = {
    ("SEC002", OURS): "The owner is the project's postgres, who has BYPASSRLS: to force it would change nothing.",
    ("SEC002", r"storage\.\w+"): PLATFORM,
    ("SEC007", r"public\.trained_models"): "One policy a verb; adoption removes others, and init --check sees a new one.",
    ("SEC009", OURS): BY_FUNCTIONS,
    ("SEC009", r"storage\.\w+"): PLATFORM,
    ("SEC013", r"(public\.trained_models|storage\.objects)\.modelstore_\w+"):
        "Triggers number, bury and guard rows; they name the row's own space.",
    ("SEC013", r"storage\.(?!objects\.modelstore)\w+\.\w+"): PLATFORM,
    ("SEC014", OURS): NAMES_ITS_SPACE,
    ("SEC015", OURS): "Names are qualified, and who calls sends no SQL of their own: they make no temporary objects.",
    ("SEC016", r"postgres|service_role"): PLATFORM,
    ("SEC027", r"storage\.objects"): "A file belongs to its space, which its key names; who sent it is another question.",
    ("SEC029", r"authenticator|supabase_storage_admin"): PLATFORM,
    ("PERF003", r"public\.trained_models\.modelstore_\w+"):
        "Indexes begin with space_id and user_id, which the same policy asks; the benchmark has the times.",
    ("PERF003", r"storage\.objects\.modelstore_(remove|send)(_only)?"):
        "Storage asks for one key at a time, which its unique index finds.",
    ("PERF004", r"storage\.objects\.modelstore_(read|send|remove)(_only)?"):
        "As before; lists give a prefix, and the rule is asked of what it leaves.",
    ("VIEW002", r"public\.user_model_stats"): "It asks as its reader (security_invoker): no row behind it is hidden from them.",
}  # fmt: skip


def test_pgrls_finds_nothing_that_is_not_answered(stack, new_database):
    pytest.importorskip("pgrls", reason="pgrls needs Python 3.11")
    from jupyter_modelstore.sql import Database

    url = new_database()
    Database(url).apply()
    command = [sys.executable, "-m", "pgrls", "lint", "--schemas", "public,modelstore_private,storage", "--format", "json"]
    answer = subprocess.run(
        command, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=False, timeout=120
    )
    told = json.loads(answer.stdout)["violations"]
    assert told, answer.stderr
    assert not unanswered({(each["rule_id"], each["location"]) for each in told}, PGRLS_ANSWERS)
