"""Read the migrations, compare them with what a database has, and apply what it lacks."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jupyter_modelstore.errors import MigrationFailed, NotConfigured

if TYPE_CHECKING:
    import psycopg

_ADDRESS = "Check DATABASE_URL: signs like @ / : # in a password are written as %40 %2F %3A %23 there."
_SECONDS = 15  # for a connection
_ROLE = "Check that DATABASE_URL names the project's database, and the role postgres."
_PLACE = (
    "Check host and port in DATABASE_URL, and whether the project is paused. A direct address (db.….supabase.co) may be reached"
    " over IPv6 only: take that of the session pooler."
)
# libpq gives no code for a connection that failed, only words.
_UNRESOLVED = ("failed to resolve host", "could not translate host name", "invalid port number", "invalid integer value")
_UNKNOWN_USER = ("authentication failed", "no password supplied", "Tenant or user not found")
_ADOPT, _ADOPT_STORAGE = "adopt.sql", "adopt_storage.sql"
_RECORD = (
    "insert into modelstore_private.migrations (number, name, sha256) values ({number}, '{name}', '{sha256}')"
    " on conflict (number) do update set sha256 = excluded.sha256"
)
# One at a time; and nobody queues for long behind a table that somebody else holds.
_PATIENCE = ("select pg_advisory_xact_lock(hashtextextended('modelstore-init', 0))", "set local lock_timeout = '5s'")

# What is ours in the catalog, each object with a digest of its text: whoever edits a policy, a grant or a function changes it.
_FINGERPRINT = """
select jsonb_object_agg(what, md5(line))::text from (
  select format('policy %s on %s.%s', policyname, schemaname, tablename),
    format('policy %s.%s %s %s %s %s %s %s', schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check)
    from pg_policies where (schemaname, tablename) = ('public', 'trained_models') or policyname like 'modelstore\\_%'
      or (schemaname = 'public' and tablename like 'modelstore\\_%')
  union all
  select format('function %s', p.oid::regprocedure),
    format('function %s %s %s %s', p.oid::regprocedure, p.prosecdef, coalesce(p.proacl::text, 'default'),
      pg_get_functiondef(p.oid))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'modelstore_private' or (n.nspname = 'public' and p.proname like 'modelstore\\_%')
  union all
  select format('%s %s', case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, c.oid::regclass),
    format('table %s %s %s %s %s', c.oid::regclass, c.relkind, c.relrowsecurity, coalesce(c.relacl::text, 'default'),
      c.reloptions)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'v', 'S')
      and (n.nspname = 'modelstore_private'
        or (n.nspname = 'public' and (c.relname in ('trained_models', 'user_model_stats') or c.relname like 'modelstore\\_%')))
  union all
  select format('column %s of %s', a.attname, c.oid::regclass), format('column %s.%s %s', c.oid::regclass, a.attname, a.attacl)
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where a.attacl is not null and (n.nspname = 'modelstore_private'
      or (n.nspname = 'public' and (c.relname in ('trained_models', 'user_model_stats') or c.relname like 'modelstore\\_%')))
  union all
  select format('schema %s', nspname), format('schema %s %s', nspname, nspacl)
    from pg_namespace where nspname = 'modelstore_private'
  union all
  select format('constraint %s', conname), format('constraint %s %s', conname, pg_get_constraintdef(oid)) from pg_constraint
    where conrelid = to_regclass('public.trained_models') and conname like 'modelstore\\_%'
  union all
  select format('index %s', indexname), format('index %s', indexdef)
    from pg_indexes where schemaname = 'public' and indexname like 'modelstore\\_%'
  union all
  select format('bucket %s', id), format('bucket %s %s', id, public) from storage.buckets where id = 'model-files'
  union all
  select format('trigger %s on %s', t.tgname, t.tgrelid::regclass),
    format('trigger %s %s %s', t.tgrelid::regclass, t.tgenabled, pg_get_triggerdef(t.oid)) from pg_trigger t
    where t.tgname like 'modelstore\\_%'
) ours(what, line)
"""
_PLAIN_NAMES = "set local search_path = ''"  # else a name in the fingerprint depends on who looks
_NOTE = (_PLAIN_NAMES, _RECORD.format(number=0, name="fingerprint", sha256=f"' || ({_FINGERPRINT}) || '"))
# What shows rows of ours as its owner, who sees them all: views over our tables and over those, and functions that name ours.
_BACK_DOORS = """
with recursive over_it(id) as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p')
    and (n.nspname = 'modelstore_private'
      or (n.nspname = 'public' and (c.relname = 'trained_models' or c.relname like 'modelstore\\_%')))
  union
  select r.ev_class from over_it o join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = o.id
    and d.classid = 'pg_rewrite'::regclass join pg_rewrite r on r.oid = d.objid
)
select distinct 'view ' || c.oid::regclass as door from over_it o join pg_class c on c.oid = o.id,
  unnest(array['anon', 'authenticated']) reader
where (c.relkind = 'm' or (c.relkind = 'v' and not coalesce((select option_value::boolean
    from pg_options_to_table(c.reloptions) where option_name = 'security_invoker'), false)))
  and has_any_column_privilege(reader, c.oid, 'select') and has_schema_privilege(reader, c.relnamespace, 'usage')
union
select 'function ' || p.oid::regprocedure from pg_proc p, unnest(array['anon', 'authenticated']) reader
where p.prosecdef and p.prosrc ~ '\\m(trained_models|modelstore_[a-z]+)\\M' and p.proname not like 'modelstore\\_%'
  and p.pronamespace is distinct from to_regnamespace('modelstore_private')
  and has_function_privilege(reader, p.oid, 'execute') and has_schema_privilege(reader, p.pronamespace, 'usage') order by 1
"""
_EARLIER_TABLE = """
select kind, name, says from (
  select 1 as n, 'policy' as kind, policyname::text as name,
    concat_ws(' ', cmd, 'to', array_to_string(roles, ', '), 'using (' || qual || ')', 'check (' || with_check || ')') as says
    from pg_policies where (schemaname, tablename) = ('public', 'trained_models')
      or ((schemaname, tablename) = ('storage', 'objects')
        and concat(qual, with_check) like '%bucket_id = ''model-files''::text%'
        and replace(concat(qual, with_check), 'bucket_id = ''model-files''::text', '') !~* '\\m(bucket_id|or)\\M')
  union all
  select 2, 'grant', grantee::text, string_agg(privilege_type, ', ' order by privilege_type)
    from information_schema.table_privileges where table_schema = 'public' and table_name = 'trained_models'
      and grantee in ('PUBLIC', 'anon', 'authenticated', 'service_role') group by grantee
  union all
  select 3, 'constraint', conname::text, pg_get_constraintdef(oid) from pg_constraint
    where conrelid = to_regclass('public.trained_models')
  union all
  select 4, 'trigger', tgname::text, pg_get_triggerdef(oid) from pg_trigger
    where tgrelid = to_regclass('public.trained_models') and not tgisinternal
  union all
  select 5, 'view', viewname::text, definition from pg_views where (schemaname, viewname) = ('public', 'user_model_stats')
  union all
  select 5, 'view', c.oid::regclass::text, pg_get_viewdef(c.oid) from pg_class c where c.relkind in ('v', 'm')
    and c.oid is distinct from to_regclass('public.user_model_stats')
    and exists (select from pg_depend d join pg_rewrite r on r.oid = d.objid where d.classid = 'pg_rewrite'::regclass
      and d.refobjid = to_regclass('public.trained_models') and r.ev_class = c.oid)
  union all
  select 6, 'rule', rulename::text, definition from pg_rules where (schemaname, tablename) = ('public', 'trained_models')
) found order by n, name
"""


@dataclass(frozen=True)
class Migration:
    """One numbered file of SQL.

    Attributes
    ----------
    number : int
    name : str
        The file's name without number and suffix.
    text : str
    """

    number: int
    name: str
    text: str

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal digest of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def record(self) -> str:
        """The statement that notes it as applied."""
        return _RECORD.format(number=self.number, name=self.name, sha256=self.sha256)


def migrations() -> tuple[Migration, ...]:
    """Return all migrations in their order."""
    found = [file for file in files(__package__).iterdir() if file.name[:3].isdigit() and file.name.endswith(".sql")]
    split = [(file.name[:-4].partition("_"), file.read_text("utf-8")) for file in found]
    return tuple(sorted((Migration(int(number), name, text) for (number, _, name), text in split), key=lambda one: one.number))


def script(*, adopt: bool = False) -> str:
    """Return all migrations as one script for a project's SQL editor, each in a transaction.

    Parameters
    ----------
    adopt
        A table of an earlier application is there, and is to be taken over.
    """
    done = [_one_run(_take_over())] if adopt else [_one_run([one.text, one.record]) for one in migrations()]
    return "\n\n".join([*done, _one_run(_NOTE)]) + "\n"


def _one_run(statements: Iterable[str]) -> str:
    return "\n".join(["begin;", *(statement.strip().removesuffix(";") + ";" for statement in statements), "commit;"])


def _take_over() -> list[str]:
    """Return the statements that replace an earlier application's rules at once: its client waits, and is not refused."""
    *tables, storage = migrations()
    done = [_text(_ADOPT), *(text for one in tables for text in (one.text, one.record))]
    return [*done, _text(_ADOPT_STORAGE), storage.text, storage.record]


def _text(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")


@dataclass(frozen=True)
class State:
    """What a database has of the schema.

    Attributes
    ----------
    applied : dict of int to str
        Number to sha256 of each recorded migration.
    earlier_table : bool
        There is a table ``trained_models`` that none of our migrations made or took over.
    by_hand : tuple of str
        Which policies, tables, functions and triggers are not as the last run left them, and how.
    back_doors : tuple of str
        Views and functions that ask as their owner, who sees everybody's rows.
    """

    applied: dict[int, str]
    earlier_table: bool
    by_hand: tuple[str, ...] = ()
    back_doors: tuple[str, ...] = ()

    @property
    def pending(self) -> Sequence[Migration]:
        """What this version has and the database lacks."""
        return [one for one in migrations() if one.number not in self.applied]

    @property
    def changed(self) -> Sequence[Migration]:
        """What was applied in another wording."""
        return [one for one in migrations() if self.applied.get(one.number, one.sha256) != one.sha256]

    @property
    def newer(self) -> Sequence[int]:
        """Numbers that the database has and this version does not know."""
        return sorted(set(self.applied) - {one.number for one in migrations()})


class Database:
    """A project's database, reached as its ``postgres``.

    Parameters
    ----------
    url
        A libpq address; empty: what the environment of libpq says (``PGHOST``, ``PGSERVICE``, ``~/.pgpass``). Never printed.
    """

    def __init__(self, url: str = "") -> None:
        self._url = url

    def state(self) -> State:
        """Look at what is there; nothing is changed."""
        with self._connected() as db, db.transaction():
            db.execute(_PLAIN_NAMES)
            if _one(db, "select to_regclass('modelstore_private.migrations')") is None:
                return State({}, _one(db, "select to_regclass('public.trained_models')") is not None)
            applied = dict(db.execute("select number, sha256 from modelstore_private.migrations where number > 0").fetchall())
            noted = _one(db, "select sha256 from modelstore_private.migrations where number = 0")
            doors = tuple(name for (name,) in db.execute(_BACK_DOORS).fetchall())
            by_hand = _differences(noted, _one(db, _FINGERPRINT))
            return State(applied, earlier_table=False, by_hand=by_hand, back_doors=doors)

    def earlier_table(self) -> list[tuple[str, str, str]]:
        """Return what the earlier application's table is governed by: kind, name, wording."""
        with self._connected() as db:
            return db.execute(_EARLIER_TABLE).fetchall()

    def apply(self, *, adopt: bool = False, again: bool = False) -> list[Migration]:
        """Apply what is missing, each migration in its own transaction; return what was applied.

        Parameters
        ----------
        adopt
            Take over the earlier application's table, all in one transaction.
        again
            Apply all, also what is recorded: puts policies, grants and functions back that somebody changed.

        Raises
        ------
        MigrationFailed
            Naming the migration; it is undone, those before it stay.
        """
        state = self.state()
        wanted = list(migrations()) if again or state.changed else list(state.pending)
        with self._connected() as db:
            if adopt and state.earlier_table:
                _run(db, "The take-over", *_take_over(), *_NOTE)
                return wanted
            for one in wanted:
                _run(db, f"{one.number:03} {one.name}", one.text, one.record, *_NOTE)
        return wanted

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            import psycopg
        except ImportError as error:
            raise NotConfigured(
                "To reach a database, the package psycopg is needed.",
                "pip install 'jupyter-modelstore[admin]', or take the SQL to the SQL editor: jupyter modelstore init --print",
            ) from error
        try:
            with psycopg.connect(
                self._url, autocommit=True, connect_timeout=_SECONDS, application_name="modelstore init"
            ) as db:
                yield db
        except psycopg.Error as error:
            raise _failed(error, self._url) from None


def _failed(error: psycopg.Error, url: str) -> MigrationFailed:
    """Say why a database could not be used, and what fits: its address, who asks, or where it is."""
    import psycopg

    if not _is_plain(url):
        return MigrationFailed("The database's address cannot be read.", _ADDRESS)
    said = " ".join((str(error).strip().splitlines() or ["no answer"])[0].replace("connection failed: ", "").split())
    said = said.rstrip(".") + "."
    if any(words in said for words in _UNRESOLVED):
        return MigrationFailed(f"The database was not found: {said}", _ADDRESS)
    if any(words in said for words in _UNKNOWN_USER):
        return MigrationFailed(f"The database refused: {said}", _ADDRESS)
    if not isinstance(error, psycopg.OperationalError) or "FATAL:" in said:
        return MigrationFailed(f"The database refused: {said}", _ROLE)
    return MigrationFailed(f"The database did not answer: {said}", _PLACE)


def _differences(noted: str | None, found: str) -> tuple[str, ...]:
    """Return what two fingerprints tell of differently; nothing if none was noted."""
    was, now = json.loads(noted or found), json.loads(found)
    told = {what: "changed" for what in was if what in now and was[what] != now[what]}
    told |= dict.fromkeys(was.keys() - now.keys(), "removed") | dict.fromkeys(now.keys() - was.keys(), "added")
    return tuple(f"{what} ({how})" for what, how in sorted(told.items()))


def _is_plain(url: str) -> bool:
    """Tell whether libpq takes for the password what a person would; if not, its messages may hold pieces of it."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        password = conninfo_to_dict(url).get("password") or ""
    except psycopg.Error:
        return False
    written = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return "://" not in url or unquote(written) == password


def _one(db: psycopg.Connection[tuple[Any, ...]], question: str) -> Any:  # noqa: ANN401 (what a column holds)
    row = db.execute(question.encode()).fetchone()
    return row[0] if row else None


def _run(db: psycopg.Connection[tuple[Any, ...]], what: str, *statements: str) -> None:
    import psycopg

    try:
        with db.transaction():
            for statement in (*_PATIENCE, *statements):
                db.execute(statement.encode())
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationFailed(
            f"{what} was not applied: for 5 seconds another session held a table that it must change. It is undone.",
            "Run it again when fewer people work, or end that session: pg_stat_activity names it.",
        ) from error
    except psycopg.Error as error:
        said = error.diag
        raise MigrationFailed(
            f"{what} was not applied: {said.message_primary or error}. It is undone; what came before it stays.",
            said.message_hint or "Nothing is lost. Mend the cause and run it again.",
        ) from error
