"""The doors: each is a statement, with the rank that it needs in a space.

Those of tables and of private functions are made from the catalog; those of public functions from ``CALLS``, of storage from
``_storage``. What has no entry there is told by ``missing``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ._actors import ADMIN, Actor
from ._catalog import Catalog, Function
from ._world import SIZE, Space, World, literal

NOBODY_MAY = 4
READS, WRITES = "reads", "writes"
ME = "<me>"
"""Stands for the actor's own id."""
OWN_COLUMNS = ("description", "tags", "last_downloaded_at")
"""What the earlier application's client changes in its own rows."""
INSERTED = (
    "id", "user_id", "file_id", "model_name", "model_type", "algorithm", "metrics", "training_config", "model_file_path",
    "model_file_size", "feature_columns", "target_column", "training_time_seconds", "training_samples", "test_samples",
    "status", "description", "tags", "created_at", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Door:
    """Something to try. ``<me>`` in a statement is the actor's id."""

    key: str
    """What of the catalog it covers."""
    name: str
    space: Space
    statement: Callable[[Space], str]
    """Made from a space, or from its twin that does not exist."""
    kind: str = READS
    needs: int = NOBODY_MAY
    recipients: bool = False
    """Is it open to a recipient of the space's shared model too?"""
    also: tuple[str, ...] = ()
    """Whom else it is open to."""
    sees: str = ""
    """What who may is answered with; a word of the space's if empty."""
    operation: str = ""
    before: str = ""
    """What a superuser does first."""
    only: tuple[str, ...] = ()
    """Its actors; everybody if empty."""
    own: bool = False
    """May it leave something in the actor's own space?"""
    twin: bool = True
    """Must the answer be that for what does not exist?"""
    core: bool = False
    """Do forged claims try it too? The rest differs from such a door only in what a role may, not in who it is."""
    call: tuple[str, Any] | None = None
    """The function and its argument, to be called over HTTP too."""

    def open_to(self, actor: Actor) -> bool:
        return actor.rank(self.space.label) >= self.needs or (self.recipients and actor.receives) or actor.name in self.also

    def of(self, space: Space) -> str:
        return self.statement(space)


# ---- tables and views ---------------------------------------------------------------------------------------------------

SPACE_COLUMN = {"modelstore_spaces": "id", "user_model_stats": "user_id"}
FORGED: dict[str, Callable[[Space], list[dict[str, Any]]]] = {
    "trained_models": lambda s: [
        {"user_id": s.id, "model_name": "forged"},
        {"user_id": s.id, "model_name": "forged", "model_file_path": s.main.path},
        {"user_id": s.saver, "space_id": s.id, "model_name": "forged"},
        {"user_id": ME, "model_name": "forged", "model_file_path": s.main.path},
        {"user_id": ME, "space_id": s.id, "model_name": "forged"},
        {
            "user_id": ME,
            "space_id": ME,
            "model_name": "forged",
            "version": 7,
            "save_id": s.main.save,
            "sha256": "0" * 64,
            "model_file_size": 1,
            "model_file_path": f"{ME}/{s.main.save}.pkl",
            "status": "ready",
            "origin": "fitted",
        },
    ],
    "modelstore_spaces": lambda s: [
        {"kind": "group", "name": "forged"},
        {"id": s.id, "kind": "person", "quota_bytes": 9},
        {"id": ME, "kind": "person", "quota_bytes": 9},
    ],
    "modelstore_members": lambda s: [
        {"space_id": s.id, "user_id": ME, "role": "admin"},
        {"space_id": s.id, "group_name": "everybody", "role": "reader"},
    ],
    "modelstore_aliases": lambda s: [
        {"space_id": s.id, "name_key": s.main.name, "alias_key": "forged", "alias": "forged", "version": 1}
    ],
    "modelstore_alias_history": lambda s: [
        {"space_id": s.id, "name_key": s.main.name, "alias_key": s.main.alias, "alias": s.main.alias, "who": "ada"}
    ],
    "modelstore_shares": lambda s: [{"model_id": s.main.id, "space_id": s.id, "grantee": ME, "granted_by": s.saver}],
    "modelstore_events": lambda s: [{"space_id": s.id, "model_id": s.main.id, "actor": s.saver, "what": "purge"}],
    "user_model_stats": lambda s: [{"user_id": s.id, "total_models": 99}],
}


def other_value(type_: str) -> str:
    """Return a value of a type that no planted row has, as SQL."""
    values = {
        "uuid": f"'{ME}'::uuid", "text": "'taken'", "text[]": "array['taken']", "jsonb": "'{\"taken\": 1}'::jsonb",
        "boolean": "true", "timestamp with time zone": "'2001-01-01Z'::timestamptz",
    }  # fmt: skip
    return values.get(type_, "424242")


def tables(world: World, catalog: Catalog) -> Iterator[Door]:
    """Return the doors of every table and view, and of each column."""
    for relation, columns in catalog.relations.items():
        for label in ("ada", "team"):
            yield from _whole(relation, world.spaces[label], relation in catalog.views)
        for label in ("ada", "team") if relation == "trained_models" else ("ada",):
            for column, type_ in columns.items():
                yield from _column(relation, column, type_, world.spaces[label])


def _whole(relation: str, s: Space, view: bool) -> Iterator[Door]:
    key, place = f"table {relation}", SPACE_COLUMN.get(relation, "space_id")
    owner = ADMIN if relation in ("trained_models", "user_model_stats") and s.label == "ada" else NOBODY_MAY
    sees = s.id if view else ""
    at = lambda t: f"{place} = '{t.id}'"
    yield Door(key, f"{relation} select", s, lambda t: f"select * from public.{relation} where {at(t)}", READS,
               owner, sees=sees, core=True)  # fmt: skip
    yield Door(key, f"{relation} select all", s, lambda t: f"select * from public.{relation}", READS, owner, sees=sees)
    yield Door(key, f"{relation} count", s, lambda t: f"select count(*), 'of' from public.{relation} where {at(t)}"
               " having count(*) > 0", READS,
               owner, sees=",of")  # fmt: skip
    yield Door(key, f"{relation} lock", s, lambda t: f"select * from public.{relation} where {at(t)} for update", READS,
               NOBODY_MAY if view else owner)  # fmt: skip
    for n in range(len(FORGED[relation](s)) if relation in FORGED else 0):
        row = lambda t, n=n: FORGED[relation](t)[n]
        needs = ADMIN if relation == "trained_models" and s.label == "ada" and n in (0, 1, 3) else NOBODY_MAY
        yield Door(key, f"{relation} insert {n}", s, lambda t, row=row: _insert(relation, row(t)), WRITES, needs,
                   core=n == 0)  # fmt: skip
        yield Door(key, f"{relation} insert {n} returning", s, lambda t, row=row: _insert(relation, row(t)) + " returning *",
                   WRITES, needs)  # fmt: skip
        yield Door(key, f"{relation} insert {n} or nothing", s,
                   lambda t, row=row: _insert(relation, row(t)) + " on conflict do nothing", WRITES, needs)  # fmt: skip
    if relation == "trained_models":  # an id that is taken gets another in silence: an error would tell that it is there
        taken = lambda t: _insert(relation, {"id": t.main.id, "user_id": ME, "model_name": "forged"})
        yield Door(key, f"{relation} insert a taken id", s, taken, WRITES, own=True,
                   only=("ben", "stranger", "former"))  # fmt: skip
    may_delete = ADMIN if relation == "trained_models" and s.label == "ada" else NOBODY_MAY
    yield Door(key, f"{relation} delete", s, lambda t: f"delete from public.{relation} where {at(t)}", WRITES, may_delete,
               core=True)  # fmt: skip
    yield Door(key, f"{relation} delete all", s, lambda t: f"delete from public.{relation}", WRITES, only=BUT_OWNERS)
    yield Door(key, f"{relation} delete returning", s,
               lambda t: f"delete from public.{relation} where {at(t)} returning *", WRITES, may_delete)  # fmt: skip
    if not view:
        yield Door(key, f"{relation} truncate", s, lambda t: f"truncate public.{relation} cascade", WRITES)


BUT_OWNERS = (
    "reader", "editor", "admin", "former", "claimed", "leaver", "recipient", "revoked", "expired", "stranger", "anonymous",
    "anon key", "service", "no sub", "ada under anon", "ada, anonymous", "groups in user_metadata",
)  # fmt: skip
"""Who has no rows of their own that such a statement would rightly reach."""
COLUMN_ACTORS = ("ada", "ben", "editor", "former", "recipient", "anonymous", "anon key", "service")
"""Rights in columns are a role's, and rows are a policy's: a few of each kind try every column."""
JUNK_ACTORS = ("ada", "stranger", "recipient", "no sub", "anon key")


def _column(relation: str, column: str, type_: str, s: Space) -> Iterator[Door]:
    key, place = f"column {relation}.{column}", SPACE_COLUMN.get(relation, "space_id")
    some: dict[str, Any] = {"only": COLUMN_ACTORS, "twin": False}
    owned = relation == "trained_models" and s.label == "ada"
    readable = ADMIN if owned or (relation == "user_model_stats" and s.label == "ada") else NOBODY_MAY
    yield Door(key, f"{relation}.{column} read", s,
               lambda t: f"select 'value', {column} from public.{relation} where {place} = '{t.id}'", READS, readable,
               sees="(value,", **some)  # fmt: skip
    values = f"select {column}::text from public.{relation} where {place} = '{s.id}' and {column} is not null"
    if readable == ADMIN and column != "deleted_at":  # whoever reads rows may filter them, and must not find others'
        yield Door(key, f"{relation}.{column} filter", s,
                   lambda t: f"select 'found', {place} from public.{relation} where {column}::text in ({values})"
                   f" and {place} = '{t.id}'", READS, readable, sees="found", **some)  # fmt: skip
    change = ADMIN if owned and column in OWN_COLUMNS else NOBODY_MAY
    value = other_value(type_)
    yield Door(key, f"{relation}.{column} update", s,
               lambda t: f"update public.{relation} set {column} = {value} where {place} = '{t.id}'", WRITES, change,
               **some)  # fmt: skip
    yield Door(key, f"{relation}.{column} update all", s, lambda t: f"update public.{relation} set {column} = {value}", WRITES,
               only=tuple(name for name in COLUMN_ACTORS if name in BUT_OWNERS), twin=False)  # fmt: skip
    if relation == "trained_models":
        yield from _column_inserted(key, column, value, s)


def _column_inserted(key: str, column: str, value: str, s: Space) -> Iterator[Door]:
    """One column more in a row of one's own, or over a row that is there."""

    def statement(t: Space, whose: str) -> str:
        row = {
            "user_id": f"'{whose}'",
            "model_name": "'forged'",
            column: f"'{whose}/x.pkl'" if column == "model_file_path" else value,
        }
        return f"insert into public.trained_models ({', '.join(row)}) values ({', '.join(row.values())})"

    some: dict[str, Any] = {"only": COLUMN_ACTORS, "twin": False}
    insertable = column in INSERTED and column != "user_id"
    if column != "user_id":
        yield Door(key, f"trained_models.{column} insert", s, lambda t: statement(t, t.id), WRITES,
                   ADMIN if insertable and s.label == "ada" else NOBODY_MAY, **some)  # fmt: skip
    if not insertable and column != "user_id":
        yield Door(key, f"trained_models.{column} insert own", s, lambda t: statement(t, ME), WRITES, own=True,
                   **some)  # fmt: skip
    over = lambda t: (
        f"insert into public.trained_models (id, user_id, model_name) values ('{t.main.id}', '{ME}', 'forged')"
        f" on conflict (id) do update set {column} = {value}"
    )
    yield Door(key, f"trained_models.{column} upsert", s, over, WRITES, own=column in OWN_COLUMNS, **some)


def _insert(relation: str, row: dict[str, Any]) -> str:
    return f"insert into public.{relation} ({', '.join(row)}) values ({', '.join(map(literal, row.values()))})"


# ---- functions --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """An argument for a function of the API, and who may give it."""

    q: Callable[[Space], Any]
    needs: int
    kind: str = READS
    sees: str = ""
    recipients: bool = False
    ada: bool = True
    """Does it make sense for a person's space?"""
    only: tuple[str, ...] = ()
    twin: bool = True
    own: bool = False


def draft(s: Space, save: str, **more: Any) -> dict[str, Any]:
    """Return what a client commits."""
    return {
        "space": s.id,
        "save_id": save,
        "model_name": "forged",
        "model_type": "other",
        "algorithm": "Forged",
        "description": "d",
        "tags": ["t"],
        "metrics": {"m": 1},
        "training_config": {},
        "feature_columns": ["f"],
        "target_column": "y",
        "training_time_seconds": 1,
        "training_samples": 1,
        "test_samples": 1,
        "environment": {},
        "source": {},
        "signature": {},
        "extra": {},
        "origin": "fitted",
        "format": "pickle",
        "format_version": 1,
        "sha256": "0" * 64,
        "head_blake3": "0" * 64,
        "model_file_size": SIZE,
        "created_at": "2026-01-01T00:00:00Z",
        **more,
    }


STEAL = {"user_id": ME, "space_id": ME, "id": ME, "version": 7, "alias": "mine"}
LIST = [
    Call(lambda s: {"space": s.id}, 1),
    Call(lambda s: {"space": s.name}, 1, ada=False),
    Call(lambda s: {"space": s.id, "all_versions": True, "sort": "-metrics." + s.main.shown["metric"], "limit": 9}, 1),
    Call(lambda s: {"space": s.id, "deleted": True, "offset": 0, "sort": "name"}, 1),
    Call(lambda s: {"space": s.id, "words": s.main.shown["description"], "tags": [s.main.shown["tag"]],
                    "name": s.main.name}, 1),
    Call(lambda s: {"space": s.id, "algorithm": s.main.shown["algorithm"], "model_type": "classification",
                    "metrics": {s.main.shown["metric"]: [0, 1]}}, 1),
]  # fmt: skip
OF_MODEL = lambda **more: lambda s: {"id": s.main.id, **more}
CALLS: dict[str, list[Call]] = {
    "modelstore_list": LIST,
    "modelstore_facets": LIST[:3],
    "modelstore_find": [
        Call(lambda s: {"space": s.id, "name": s.main.name}, 1),
        Call(lambda s: {"space": s.id, "name": s.main.name, "version": 1, "at": "2999-01-01T00:00:00Z"}, 1),
        Call(lambda s: {"space": s.id, "name": s.main.name, "alias": s.main.alias}, 1),
        Call(lambda s: {"space": s.id, "name": s.main.name, "alias": s.main.alias, "at": "2999-01-01T00:00:00Z"}, 1),
        Call(lambda s: {"space": s.id, "id": s.main.id}, 1),
        Call(lambda s: {"space": s.id, "id": s.trash.id[:8]}, 1),
        Call(lambda s: {"id": s.main.id}, ADMIN),
        Call(lambda s: {"name": s.main.name}, ADMIN),
    ],
    "modelstore_names": [
        Call(lambda s: {"space": s.id}, 1),
        Call(lambda s: {"space": s.id, "name": s.purged.name}, 1, sees="next_version"),
        Call(lambda s: {"name": s.main.name}, ADMIN, sees="next_version"),
    ],
    "modelstore_stats": [Call(lambda s: {"space": s.id}, 1, sees="versions_ready")],
    "modelstore_alias_history": [
        Call(lambda s: {"space": s.id, "name": s.main.name}, 1),
        Call(lambda s: {"space": s.id, "name": s.main.name, "alias": s.main.alias}, 1),
        Call(lambda s: {"name": s.main.name}, ADMIN),
    ],
    "modelstore_shared": [
        Call(lambda s: {"limit": 9, "offset": 0}, NOBODY_MAY, recipients=True),
        Call(lambda s: {"id": s.shared.id, "words": s.shared.shown["description"]}, NOBODY_MAY, recipients=True),
        Call(lambda s: {"id": s.main.id}, NOBODY_MAY),
        Call(lambda s: {"id": s.trash.id}, NOBODY_MAY),
        Call(lambda s: {"id": s.purged.id}, NOBODY_MAY),
    ],
    "modelstore_whoami": [Call(lambda s: {}, 1, twin=False)],
    "modelstore_may_save": [
        Call(lambda s: {"space": s.id, "name": "forged", "size": 5, "save_id": s.stray}, 2, sees="path"),
        Call(lambda s: {"space": s.id, "name": s.main.name, "size": 5, "save_id": s.main.save}, 2, sees="known"),
        Call(lambda s: {"space": s.id, "name": "forged", "save_id": s.purged.save}, NOBODY_MAY),
    ],
    "modelstore_commit": [
        Call(lambda s: draft(s, s.stray), 2, WRITES),
        Call(lambda s: draft(s, s.stray, alias="mine", version=7), 2, WRITES),
        Call(lambda s: draft(s, s.stray, space=None), ADMIN, WRITES),
        Call(lambda s: draft(s, s.main.save, space=None, **STEAL, model_file_path=s.main.path), NOBODY_MAY, WRITES),
        Call(lambda s: draft(s, s.purged.save), NOBODY_MAY, WRITES),
        Call(lambda s: draft(s, s.stray, model_file_size=SIZE + 1), NOBODY_MAY, WRITES),
        Call(lambda s: draft(s, s.stray, origin="legacy"), NOBODY_MAY, WRITES),
        Call(lambda s: draft(s, s.stray, created_at="2999-01-01T00:00:00Z"), NOBODY_MAY, WRITES),
        Call(lambda s: draft(s, s.stray, model_file_size=-1), NOBODY_MAY, WRITES),
    ],
    "modelstore_edit": [
        Call(OF_MODEL(description="taken", tags=["taken"], add_metrics={"taken": 1}, drop_metrics=["none"]), 2, WRITES),
        Call(lambda s: {"id": s.shared.id, "description": "taken"}, 2, WRITES),
        Call(lambda s: {"id": s.purged.id, "description": "taken"}, NOBODY_MAY, WRITES),
    ],
    "modelstore_record_download": [
        Call(OF_MODEL(), 1, WRITES),
        Call(lambda s: {"id": s.shared.id}, 1, WRITES, recipients=True),
        Call(lambda s: {"id": s.trash.id}, 1, WRITES),
    ],
    "modelstore_rename": [Call(lambda s: {"space": s.id, "name": s.main.name, "new": "taken"}, 2, WRITES)],
    "modelstore_set_alias": [
        Call(OF_MODEL(alias="taken", why="mine"), 2, WRITES),
        Call(OF_MODEL(alias="taken", why="mine", only_from=0), 2, WRITES),
        Call(lambda s: {"id": s.shared.id, "alias": "taken"}, 2, WRITES),
        Call(lambda s: {"id": s.trash.id, "alias": "taken"}, NOBODY_MAY, WRITES),
        Call(OF_MODEL(alias="latest"), NOBODY_MAY, WRITES),
    ],
    "modelstore_remove_alias": [
        Call(lambda s: {"space": s.id, "name": s.main.name, "alias": s.main.alias, "why": "mine"}, 2, WRITES)
    ],
    "modelstore_delete": [
        Call(lambda s: {"ids": [s.main.id], "force": True}, 2, WRITES),
        Call(lambda s: {"ids": [s.shared.id], "force": True}, 2, WRITES),
        Call(lambda s: {"ids": [s.shared.id]}, NOBODY_MAY, WRITES),
        Call(lambda s: {"ids": [s.main.id, s.trash.id], "force": True}, 2, WRITES),
    ],
    "modelstore_restore": [
        Call(lambda s: {"ids": [s.trash.id]}, 2, WRITES),
        Call(lambda s: {"ids": [s.purged.id]}, NOBODY_MAY, WRITES),
    ],
    "modelstore_purge": [
        Call(lambda s: {"ids": [s.trash.id]}, 2, WRITES),
        Call(lambda s: {"ids": [s.main.id]}, NOBODY_MAY, WRITES),
    ],
    "modelstore_purged": [
        Call(lambda s: {"space": s.id}, 2),
        Call(lambda s: {"space": s.id, "ids": [s.purged.id]}, 2),
    ],
    "modelstore_check": [Call(lambda s: {"space": s.id}, 2)],
    "modelstore_share": [
        Call(OF_MODEL(who=ME, until="2999-01-01T00:00:00Z"), NOBODY_MAY, WRITES),
        Call(OF_MODEL(who="00000000-0000-4000-8000-0000000000ff"), ADMIN, WRITES),
        Call(lambda s: {"id": s.shared.id, "who": s.shared_to}, ADMIN, WRITES),
        Call(lambda s: {"id": s.trash.id, "who": "00000000-0000-4000-8000-0000000000ff"}, NOBODY_MAY, WRITES),
    ],
    "modelstore_unshare": [Call(lambda s: {"id": s.shared.id, "who": s.shared_to}, ADMIN, WRITES)],
}
JUNK = (
    "null", "null::jsonb", "'null'", "'[]'", "'\"x\"'", "'1'", "'{\"space\": 5}'", "'{\"space\": [null]}'",
    "'{\"space\": {}, \"id\": {}}'", "'{\"space\": \"'' or true --\", \"sort\": \"id; drop table x\", \"name\": \"%\"}'",
    "'{\"ids\": [null], \"id\": null, \"save_id\": null}'", "'{\"ids\": \"x\", \"limit\": 1e400, \"offset\": -1}'",
    "'{\"sort\": \"metrics.''||(select 1)||''\", \"metrics\": {\"a\": {}}, \"tags\": [[1]]}'",
)  # fmt: skip


def functions(world: World, catalog: Catalog) -> Iterator[Door]:
    """Return the doors of every function that the API calls."""
    for function in catalog.functions:
        if not function.public:
            yield from _private(function, world)
            continue
        name, key = function.name.removeprefix("public."), f"function {function.signature}"
        for label in ("ada", "team"):
            for n, call in enumerate(CALLS.get(name, [])):
                if label == "team" or call.ada:
                    yield _called(key, f"{name} {n}", name, world.spaces[label], call)
        for junk in JUNK:
            yield Door(key, f"{name} {junk[:20]}", world.spaces["ada"],
                       lambda t, f=name, j=junk: f"select public.{f}({j}) as it",
                       twin=False, own=True, only=JUNK_ACTORS)  # fmt: skip


def _called(key: str, title: str, name: str, s: Space, call: Call) -> Door:
    def statement(t: Space) -> str:
        return f"select public.{name}({literal(json.dumps(call.q(t)))}::jsonb) as it"

    needs = call.needs
    if s.label == "team" and "space" not in call.q(s) and call.needs == ADMIN and call.kind == READS:
        needs = NOBODY_MAY  # one's own space is meant
    if s.label == "team" and call.kind == WRITES and call.q(s).get("space", "") is None:
        needs = NOBODY_MAY
    return Door(key, title, s, statement, call.kind, needs, recipients=call.recipients, sees=call.sees, only=call.only,
                twin=call.twin,
                own=call.own, call=(name, call.q), core=title.endswith((" 0", " 1")))  # fmt: skip


def _private(function: Function, world: World) -> Iterator[Door]:
    """A helper called by its name, with ids and texts of somebody's."""
    if function.is_trigger:
        return
    for n, pick in enumerate((lambda s: s.main.id, lambda s: s.id)):
        values = {
            "uuid": lambda t, pick=pick: f"'{pick(t)}'::uuid",
            "text": lambda t: f"'{t.main.path}'",
            "jsonb": lambda t, pick=pick: f"jsonb_build_object('id', '{pick(t)}', 'space', '{t.id}')",
            "bigint": lambda t: "1", "integer": lambda t: "1",
            "timestamp with time zone": lambda t: "now()",
        }  # fmt: skip

        def statement(t: Space, values=values) -> str:
            given = [values[type_](t) if type_ in values else f"null::{type_}" for type_ in function.types]
            return f"select {function.name}({', '.join(given)}) as it"

        yield Door(f"function {function.signature}", f"{function.name} {n}", world.spaces["ada"], statement, twin=False,
                   only=("ada", "stranger", "anon key", "service"))  # fmt: skip


def unread(world: World, catalog: Catalog) -> set[str]:
    """Return the functions of the API that have no call, and the fields that no call gives."""
    public = {function.name.removeprefix("public."): function.signature for function in catalog.functions if function.public}
    given = {name for calls in CALLS.values() for call in calls for name in call.q(world.spaces["team"])}
    read = {name for function in catalog.functions for name in function.fields}
    return {public[name] for name in public.keys() - CALLS} | {f"field {name}" for name in read - given}
