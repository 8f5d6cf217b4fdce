"""Mistakes that somebody could make in the schema, and where each must be seen.

A fault is SQL, or an edit of a function: its name, what stands there, what would stand there. Where a defence stands twice, the
fault takes both away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import psycopg

TABLES, FUNCTIONS, STORAGE, GRANTS, RULES, RACES = "tables", "functions", "storage", "grants", "rules", "races"


class Edit(NamedTuple):
    """A function's text, changed."""

    function: str
    old: str
    new: str


@dataclass(frozen=True)
class Fault:
    """A mistake; ``seen`` is the part of the tests that must fail, ``at`` a pattern of the doors where."""

    name: str
    seen: str
    changes: tuple[str | Edit, ...]
    at: str = ""

    def __str__(self) -> str:
        return self.name


def seed(connection: psycopg.Connection, fault: Fault) -> None:
    """Make a mistake, as superuser."""
    with connection.transaction():
        for change in fault.changes:
            connection.execute(_edited(connection, change) if isinstance(change, Edit) else change)


def _edited(connection: psycopg.Connection, edit: Edit) -> str:
    found = connection.execute("select pg_get_functiondef(to_regproc(%s))", [edit.function]).fetchone()
    assert found, f"There is no function {edit.function}."
    assert edit.old in found[0], f"{edit.function} does not say: {edit.old}"
    return found[0].replace(edit.old, edit.new)


P = "modelstore_private."
ME_SQL = "(select modelstore_private.me_or_null())"
EVERY_ROW = "create policy old on public.trained_models for {0} to authenticated {1}"
SHARES_OF = """create function public.shares_of() returns setof uuid language sql stable security definer as
'select model_id from public.modelstore_shares where grantee = auth.uid()'"""
NO_GUARD = "drop trigger modelstore_keep_object on storage.objects"
NOT_ONCE = "drop trigger modelstore_once on storage.objects"


def _loose(verb: str, clause: str, *, only: str = "") -> tuple[str, ...]:
    """Let another policy in where ours no longer keeps out."""
    names = {"select": "read", "insert": "send", "delete": "remove"}
    gone = [f"drop policy modelstore_{names[verb]}_only on storage.objects"] if verb in names else []
    gone += ["drop policy modelstore_no_change on storage.objects"] if verb == "update" else []
    return (*gone, f"create policy old on storage.objects for {verb} to authenticated {clause}")


IN_BUCKET = "bucket_id = 'model-files'"
OWN_FOLDER = "(storage.foldername(name))[1] = auth.uid()::text"
FAULTS = (
    # policies of trained_models, and rights in tables
    Fault("everybody reads every row", TABLES, (EVERY_ROW.format("select", "using (true)"),), "select|read"),
    Fault("an old policy for whoever is signed in", TABLES, (EVERY_ROW.format("select", "using (auth.uid() is not null)"),), "select"),
    Fault("a policy that takes nobody for the owner", TABLES,
          (EVERY_ROW.format("select", "using (coalesce(auth.uid(), user_id) = user_id)"),), "select"),
    Fault("no row level security", TABLES, ("alter table public.trained_models disable row level security",), "select"),
    Fault("everybody updates every row", TABLES, (EVERY_ROW.format("update", "using (true) with check (true)"),), "update all"),
    Fault("recipients update what is shared", TABLES, (
        SHARES_OF, "grant execute on function public.shares_of() to authenticated",
        EVERY_ROW.format("update", "using (id in (select public.shares_of())) with check (true)"),
        EVERY_ROW.format("select", "using (id in (select public.shares_of()))").replace("old", "old_read"),
    ), "update"),
    Fault("update of the whole row", TABLES, ("grant update on public.trained_models to authenticated",), "update"),
    Fault("insert of the whole row", TABLES, ("grant insert on public.trained_models to authenticated",), "insert"),
    Fault("rows are inserted unasked, setting or not", TABLES, (
        "drop policy modelstore_insert on public.trained_models",
        EVERY_ROW.format("insert", "with check (true)"),
        Edit(P + "take_in", "who is not null and new.user_id is distinct from who", "false"),
    ), "insert"),
    Fault("inserting does not ask the setting", STORAGE, (
        "drop policy modelstore_insert on public.trained_models", EVERY_ROW.format("insert", f"with check (user_id = {ME_SQL})"),
    ), "insert a row"),
    Fault("a row may name another's file", TABLES,
          (Edit(P + "legacy_path_is_own", "split_part(path, '/', 1) = person::text", "true"),), "insert"),
    Fault("everybody deletes every row", TABLES, (EVERY_ROW.format("delete", "using (true)"),), "delete all"),
    Fault("deleting does not ask the setting", STORAGE, (
        "drop policy modelstore_delete on public.trained_models", EVERY_ROW.format("delete", f"using (user_id = {ME_SQL})"),
    ), "delete rows"),
    Fault("a taken id is an error", TABLES, (Edit(P + "take_in", "where t.id = new.id", "where false"),), "taken id"),
    Fault("statistics by a view of its owner", TABLES, ("alter view public.user_model_stats set (security_invoker = false)",),
          "user_model_stats"),
    Fault("people read who is in which space", TABLES, (
        "grant select on public.modelstore_members to authenticated",
        "create policy old on public.modelstore_members for select to authenticated using (true)",
    ), "modelstore_members"),
    Fault("who gets a share may write shares", TABLES, (
        "grant insert on public.modelstore_shares to authenticated",
        "create policy old on public.modelstore_shares for insert to authenticated with check (grantee = auth.uid())",
    ), "modelstore_shares"),
    Fault("people make themselves members", TABLES, (
        "grant insert on public.modelstore_members to authenticated",
        "create policy old on public.modelstore_members for insert to authenticated with check (user_id = auth.uid())",
    ), "modelstore_members"),
    Fault("people set their own quota", TABLES, (
        "grant insert, update on public.modelstore_spaces to authenticated",
        "create policy old on public.modelstore_spaces to authenticated using (id = auth.uid()) with check (id = auth.uid())",
    ), "modelstore_spaces"),
    Fault("the log can be written to", TABLES, (
        "grant insert, update on public.modelstore_events to authenticated",
        "create policy old on public.modelstore_events to authenticated using (true) with check (true)",
    ), "modelstore_events"),
    Fault("aliases without their history", TABLES, (
        "grant update, select on public.modelstore_aliases to authenticated",
        "create policy old on public.modelstore_aliases to authenticated using (true) with check (true)",
    ), "modelstore_aliases"),
    Fault("the service key edits the log", TABLES, ("grant insert, delete on public.modelstore_events to service_role",),
          "modelstore_events"),
    Fault("tables can be emptied", TABLES, ("grant truncate on all tables in schema public to authenticated",), "truncate"),
    Fault("visitors read", TABLES, (
        "grant select on public.trained_models to anon", "create policy old on public.trained_models for select using (true)",
    ), "select"),
    # who is asking
    Fault("groups that people give themselves", FUNCTIONS,
          (Edit(P + "groups", "{app_metadata,hub_groups}", "{user_metadata,hub_groups}"),), "list|edit"),
    Fault("groups out of a string", FUNCTIONS, (
        Edit(P + "groups", "case when jsonb_typeof(g) = 'array'", "case when jsonb_typeof(g) = 'string' then array[g #>> '{}'] when jsonb_typeof(g) = 'array'"),
    ), "list"),
    Fault("groups without regard to case", FUNCTIONS,
          (Edit(P + "rank_in", "m.group_name = any", "upper(m.group_name) = any"),), "list"),
    Fault("groups within groups", FUNCTIONS, (
        Edit(P + "groups", "jsonb_array_elements(g) item", "jsonb_path_query(g, '$.**') item"),
    ), "list"),
    Fault("visitors with a session are people", FUNCTIONS, (
        Edit(P + "me_or_null", "c ->> 'is_anonymous' is distinct from 'true'", "true"),
        Edit(P + "me", "or claims ->> 'is_anonymous' = 'true'", ""),
    ), "list|find|shared"),
    Fault("a token of any role is a person's", FUNCTIONS, (
        Edit(P + "me_or_null", "c ->> 'role' = 'authenticated'", "true"),
        Edit(P + "me", "claims ->> 'role' is distinct from 'authenticated'", "false"),
    ), "list|find"),
    Fault("nobody is the owner of whatever is asked for", FUNCTIONS, (
        Edit(P + "rank_in", "who is null or space is null", "space is null"),
        Edit(P + "rank_in", "when who = space then 3", "when coalesce(who, space) = space then 3"),
        Edit(P + "me", "uid is null or", ""),
    ), "list|find"),
    Fault("members of anything are members of everything", FUNCTIONS,
          (Edit(P + "rank_in", "m.space_id = space and", ""),), "list|edit"),
    Fault("a space with members is everybody's", FUNCTIONS, (
        Edit(P + "rank_in", "and (m.user_id = who or m.group_name = any (modelstore_private.groups()))", ""),
    ), "list|edit"),
    Fault("readers are editors", FUNCTIONS, (Edit(P + "rank_in", "else 1 end", "else 2 end"),), "edit|commit"),
    Fault("editors are admins", FUNCTIONS, (Edit(P + "rank_in", "when 'editor' then 2", "when 'editor' then 3"),), "share"),
    Fault("a space's rank is not asked", FUNCTIONS, (Edit(P + "space_of", "rank < needed", "false"),), "commit|rename"),
    Fault("whose a space is, is not asked", FUNCTIONS, (Edit(P + "space_of", "rank = 0", "false"),
          Edit(P + "space_of", "rank < needed", "false")), "list"),
    Fault("a space that is not mine has its own answer", FUNCTIONS,
          (Edit(P + "space_of", "'There is no such space.'", "'There is no such space.' || coalesce(' ' || (select kind from public.modelstore_spaces where id = target), '')"),),
          "list|find"),
    Fault("whose a model is, is not asked", FUNCTIONS, (Edit(P + "must", "m.id is null or rank = 0", "m.id is null"),
          Edit(P + "must", "rank < needed", "false")), "edit|alias"),
    Fault("a model's rank is not asked", FUNCTIONS, (Edit(P + "must", "rank < needed", "false"),), "edit|alias"),
    Fault("a model that is not mine has its own answer", FUNCTIONS,
          (Edit(P + "must", "'The model is not in the store.'", "case when m.id is null then 'There is none.' else 'It is not yours.' end"),),
          "edit|alias"),
    # functions that forget
    Fault("found by id in every space", FUNCTIONS, (Edit(P + "found_by_digits", "m.space_id = space", "true"),), "find"),
    Fault("found by name in every space", FUNCTIONS, (Edit(P + "newest", "m.space_id = space and", ""),
          Edit("public.modelstore_find", "modelstore_private.reader_of(q)", "modelstore_private.me()")), "find"),
    *(Fault(f"{verb} of every space", FUNCTIONS,
            (Edit(f"public.modelstore_{verb}", "modelstore_private.reader_of(q)", "(q ->> 'space')::uuid"),), verb)
      for verb in ("list", "facets")),
    Fault("names of every space", FUNCTIONS, (Edit("public.modelstore_names", "n.space_id = space and", ""),
          Edit("public.modelstore_names", "m.space_id = space and", "")), "names"),
    Fault("statistics of every space", FUNCTIONS,
          (Edit("public.modelstore_stats", "modelstore_private.reader_of(q)", "(q ->> 'space')::uuid"),), "stats"),
    Fault("history of every space", FUNCTIONS,
          (Edit("public.modelstore_alias_history", "h.space_id = space and", ""),), "history"),
    Fault("shares that were ended", FUNCTIONS, (Edit(P + "shared_with", "and s.revoked_at is null", ""),), "shared"),
    Fault("shares that ran out", FUNCTIONS, (Edit(P + "shared_with", "and (s.until is null or s.until > now())", ""),), "shared"),
    Fault("shares of what is in the trash", FUNCTIONS, (Edit(P + "shared_with", "and m.deleted_at is null", ""),), "shared"),
    Fault("shares of everybody's", FUNCTIONS, (Edit(P + "shared_with", "s.grantee = person and", ""),), "shared"),
    Fault("recipients see the whole row", FUNCTIONS,
          (Edit("public.modelstore_shared", "jsonb_agg(jsonb_build_object(", "jsonb_agg(jsonb_build_object('config', p.training_config, "),),
          "shared"),
    Fault("downloads of anything are noted", FUNCTIONS, (Edit("public.modelstore_record_download", "where s.model_id = m.id", ""),
          Edit("public.modelstore_record_download", "if exists (select from modelstore_private.shared_with(who) s )", "if true")),
          "download"),
    *(Fault(f"readers {verb}", FUNCTIONS, (Edit(f"public.modelstore_{verb}", "editor_of(", "reader_of("),), verb)
      for verb in ("commit", "may_save", "rename", "remove_alias", "purged", "check")),
    *(Fault(f"readers {verb}", FUNCTIONS, (Edit(f"public.modelstore_{verb}", "(q, 2)", "(q, 1)"),), verb)
      for verb in ("edit", "set_alias", "delete", "restore", "purge")),
    *(Fault(f"editors {verb}", FUNCTIONS, (Edit(f"public.modelstore_{verb}", "(q, 3)", "(q, 2)"),), verb)
      for verb in ("share", "unshare")),
    Fault("what is in the trash gets an alias", FUNCTIONS,
          (Edit("public.modelstore_set_alias", "or m.deleted_at is not null", ""),), "set_alias"),
    Fault("what is not in the trash is purged", FUNCTIONS, (Edit("public.modelstore_purge", "m.deleted_at is not null and", ""),), "purge"),
    Fault("force is not asked for", FUNCTIONS, (Edit("public.modelstore_delete", "and not modelstore_private.yes(q, 'force')", "and false"),),
          "delete"),
    Fault("a save may lie about its size", FUNCTIONS, (Edit(P + "require_object", "there <> m.model_file_size", "false"),), "commit"),
    # files
    Fault("the bucket is everybody's to read", STORAGE, _loose("select", f"using ({IN_BUCKET})"), "get_auth"),
    Fault("a file is read if any row names it", STORAGE, (Edit(P + "may_receive", "join", "left join"),), "get_auth"),
    Fault("a file is read without a rank", STORAGE, (
        Edit(P + "my_folders", "where m.user_id = who or m.group_name = any (modelstore_private.groups())", ""),
    ), "get_auth"),
    Fault("nobody has the folders of all", STORAGE, (
        Edit(P + "my_folders", "case when who is null then '{}' else", ""), Edit(P + "my_folders", ") end", ")"),
        Edit(P + "my_folders", "m.user_id = who", "m.user_id = coalesce(who, m.user_id)"),
    ), "get_auth"),
    Fault("recipients list names of files", STORAGE, _loose("select", f"using ({IN_BUCKET} and {P}may_receive(name))"), "list_v2 1"),
    Fault("readers send files", STORAGE, (Edit(P + "may_send", "modelstore_private.rank_in(space) < 2", "modelstore_private.rank_in(space) < 1"),),
          "upload 0"),
    Fault("everybody sends into every folder", STORAGE, _loose("insert", f"with check ({IN_BUCKET})"), "upload 0"),
    Fault("one's id anywhere in the key", STORAGE, _loose("insert", f"with check ({IN_BUCKET} and auth.uid()::text = any (storage.foldername(name)))"),
          "upload"),
    Fault("a row of objects without bytes", STORAGE, (Edit(P + "may_send", "coalesce(current_setting('storage.operation', true), '') = ''", "false"),),
          "^ "),
    Fault("any name in one's folder, setting or not", STORAGE,
          (Edit(P + "may_send", "and modelstore_private.earlier_application()", ""),), "setting off"),
    Fault("nobody is not quite no owner", STORAGE, (Edit(P + "is_legacy_own", "select coalesce(", "select nullif("),), "trick|upload"),
    Fault("a probe of nothing", STORAGE, (Edit(P + "may_send", "named.state is distinct from 'ready'", "false"),), "probe of nothing"),
    Fault("files are overwritten", STORAGE, (*_loose("update", f"using ({IN_BUCKET} and {OWN_FOLDER})"), NOT_ONCE), "over|update|move"),
    Fault("files with a row are removed", STORAGE, (*_loose("delete", f"using ({IN_BUCKET} and {OWN_FOLDER})"), NO_GUARD), "delete"),
    Fault("readers remove files", STORAGE, (Edit(P + "may_remove", "if rank < 2", "if rank < 1"),), "delete"),
    Fault("editors remove what another is sending", STORAGE, (Edit(P + "may_remove", "return rank <> 2 or", "return true or"),), "delete"),
    Fault("visitors remove by an old policy", STORAGE, (
        "drop policy modelstore_nobody on storage.objects", "create policy old on storage.objects to anon using (true)", NO_GUARD),
        "get_auth|delete"),
    Fault("a purged key is told from an unknown one", STORAGE, (
        Edit(P + "once", "current_setting('role') in ('anon', 'authenticated')", "false"),), "purged"),
    # rights and settings that a list of rights tells
    Fault("a new function that all may call", GRANTS,
          ("create function public.modelstore_new(q jsonb) returns jsonb language sql security definer set search_path = '' as 'select q'",)),
    Fault("a helper that all may call", GRANTS, (f"grant execute on function {P}by_id(uuid) to authenticated",)),
    Fault("helpers can be named", GRANTS, ("grant usage on schema modelstore_private to authenticated",)),
    Fault("visitors call a function", GRANTS, ("grant execute on function public.modelstore_whoami(jsonb) to anon",)),
    Fault("a helper that looks names up where the caller says", GRANTS, (f"alter function {P}rank_in(uuid) reset search_path",)),
    Fault("a new table without row level security", GRANTS, ("create table public.modelstore_new (id uuid)",)),
    Fault("one column more can be written", GRANTS, ("grant update (sha256) on public.trained_models to authenticated",)),
    Fault("an action is lost", GRANTS, ("revoke execute on function public.modelstore_list(jsonb) from authenticated",)),
    # what follows from what
    Fault("numbers by counting rows", RULES, (
        Edit(P + "next_number", "returning next_version - 1",
             "returning (select coalesce(max(version), 0) + 1 from public.trained_models m where m.space_id = space and m.model_name = called"
             " and m.state <> 'purged')"),)),
    Fault("the trash does not count", RULES, (
        Edit(P + "used_by_rows", "state <> 'purged'", "deleted_at is null"),
        Edit(P + "require_room", "user_id = person and state <> 'purged'", "user_id = person and deleted_at is null"),
    )),
    Fault("uploads do not count", RULES, (Edit(P + "may_send", "return modelstore_private.bytes_sent(space, path) +", "return true or modelstore_private.bytes_sent(space, path) +"),)),
    Fault("what has come does not count", RULES, (Edit(P + "once", "perform modelstore_private.require_room_for(new.name, (new.metadata ->> 'size')::bigint);", ""),)),
    Fault("negative sizes", RULES, (Edit(P + "take_in", "greatest(new.model_file_size, 0)", "new.model_file_size"),)),
    Fault("an old client says purged", RULES, (Edit(P + "take_in", "if new.status in ('purged', 'missing') then", "if false then"),)),
    Fault("what is purged comes back", RULES, (Edit("public.modelstore_restore", "and t.state <> 'purged';", ";"),)),
    Fault("no tombstones", RULES, ("drop trigger modelstore_bury on public.trained_models",)),
    Fault("aliases of what is deleted", RULES, ("drop trigger modelstore_before_delete on public.trained_models",)),
    Fault("shares outlive the trash", RULES, (
        Edit("public.modelstore_delete", "update public.modelstore_shares s set revoked_at = now()", "update public.modelstore_shares s set until = until"),)),
    Fault("no history", RULES, (Edit(P + "point", "perform modelstore_private.alias_noted(space, called, word, target, before, why);", ""),)),
    Fault("an alias is taken from where it was put since", RULES, (
        Edit("public.modelstore_set_alias", "and q ->> 'only_from' is not null", "and false"),)),
    Fault("a save without bytes", RULES, (Edit(P + "require_object", "there is null", "false"),)),
    Fault("the service key removes files with rows", RULES, (NO_GUARD,)),
    Fault("a late upload overwrites; a purged key is used again", RULES, (NOT_ONCE,)),
    Fault("the bucket is public", RULES, ("update storage.buckets set public = true",)),
    Fault("downloads flood the log", RULES, ("drop index public.modelstore_events_download",)),
    Fault("a search of any length", RULES, (Edit(P + "require_few", "> 100", "> 100000"),)),
    Fault("a search for any number of tags", RULES, (Edit(P + "require_few", "texts(q -> 'tags')) > 50", "texts(q -> 'tags')) > 5000"),)),
    Fault("one long word", RULES, (Edit(P + "words_of", "> 1000", "> 1000000"),)),
    Fault("a number that no double holds", RULES, (Edit(P + "number_of", "between 1e-300 and 1.7e308", "is not null"),)),
    Fault("a number that Python does not read", RULES, (Edit(P + "is_modest", "@ > 1e308 || @ < -1e308", "1 == 2"),)),
    Fault("an object of any depth", RULES, (Edit(P + "is_modest", "not jsonb_path_exists(value, 'strict $.**{100}')", "true"),)),
    Fault("an object of any length", RULES, (Edit(P + "is_modest", "octet_length(value::text) <= 1000000", "true"),)),
    Fault("a list of anything", RULES, (Edit(P + "texts", "jsonb_typeof(item) <> 'string'", "false"),)),
    Fault("seconds that are none", RULES, (Edit(P + "seconds_of", "not between 0 and 1e12", "is null"),)),
    Fault("an edit of any length", RULES, (
        Edit("public.modelstore_edit", "modelstore_private.object_of(jsonb_build_object('metrics', (before - dropped) || added), 'metrics')",
             "(before - dropped) || added"),)),
    Fault("an old client writes any text into a save", RULES, (Edit(P + "derive", "if new.save_id is not null then", "if false then"),)),
    Fault("a number after which there is none", RULES, (Edit("public.modelstore_commit", "2000000000", "2147483646"),)),
    # at the same time
    Fault("no lock of a space", RACES, (Edit(P + "lock_space", "pg_advisory_xact_lock(hashtextextended('modelstore-space:' || space, 0))", "null::void"),), "an alias"),
    Fault("a lock for each name", RACES, (
        Edit("public.modelstore_set_alias", "modelstore_private.held(q, 2)", "modelstore_private.must(modelstore_private.by_id((q ->> 'id')::uuid), 2)"),), "an alias"),
    Fault("a save does not lock whom it counts for", RACES,
          (Edit(P + "lock_to_save", "perform modelstore_private.lock_space(modelstore_private.me());", ""),), "team"),
    Fault("a save does not lock its file", RACES, (Edit(P + "require_object", "perform modelstore_private.lock_object(m.model_file_path);", ""),), "file goes|service"),
    Fault("an old client's row does not lock its file", RACES, (Edit(P + "take_in", "perform modelstore_private.lock_object(new.model_file_path);", ""),), "row, then its file"),
    Fault("an old client's row does not lock its space", RACES, (Edit(P + "take_in", "perform modelstore_private.lock_space(new.user_id);", ""),
          Edit(P + "next_number", "insert into", "/* */ insert into")), "then an old"),
    Fault("an old client's deletion does not lock", RACES, ("drop trigger modelstore_before_deletes on public.trained_models",), "then an old"),
    Fault("a removal does not lock", RACES, (
        Edit(P + "may_remove", "not pg_try_advisory_xact_lock(hashtextextended('modelstore:' || modelstore_private.key_in_row(path), 0)) or", ""),
        Edit(P + "keep_object", "not pg_try_advisory_xact_lock(hashtextextended('modelstore:' || modelstore_private.key_in_row(old.name), 0)) or", ""),
    ), "file"),
    Fault("the service key's removal does not lock", RACES, (
        Edit(P + "keep_object", "not pg_try_advisory_xact_lock(hashtextextended('modelstore:' || modelstore_private.key_in_row(old.name), 0)) or", ""),
    ), "service"),
    Fault("an upload does not lock", RACES, (Edit(P + "once", "perform modelstore_private.lock_object(modelstore_private.key_in_row(new.name));", ""),), "upload"),
    *(Fault(f"{verb} does not lock", RACES, (Edit(f"public.modelstore_{verb}", "perform modelstore_private.lock_space(space);", ""),), "then")
      for verb in ("rename", "remove_alias", "check")),
    Fault("what is deleted is not locked", RACES, (Edit(P + "all_held", "perform modelstore_private.lock_space(space);", "null;"),), "deletion|return"),
)  # fmt: skip
