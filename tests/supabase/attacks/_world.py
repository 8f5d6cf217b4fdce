"""Two spaces full of words that nobody else may see, and the people around them."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

PEOPLE = (
    "ada", "ben", "reader", "editor", "admin", "former", "claimed", "leaver", "recipient", "revoked", "expired", "stranger",
    "anonymous",
)  # fmt: skip
SIZE = 5
"""Bytes of each planted file."""


def word() -> str:
    """Return a word that is nowhere else: a letter first, so that it is a name, an alias and a tag."""
    return f"w{secrets.token_hex(8)}"


def literal(value: Any) -> str:
    """Return a value as SQL; what JSON has and SQL has not, as jsonb."""
    if isinstance(value, dict | list) and not (isinstance(value, list) and value and isinstance(value[0], str)):
        return sql.Literal(json.dumps(value)).as_string(None) + "::jsonb"
    return sql.Literal(value).as_string(None)


@dataclass(frozen=True)
class Model:
    """One row, its file, and what is written in it. ``shown`` is what a recipient reads too."""

    space: str
    name: str = field(default_factory=word)
    version: int = 1
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    save: str = field(default_factory=lambda: str(uuid.uuid4()))
    sha256: str = field(default_factory=lambda: secrets.token_hex(32))
    blob: str = field(default_factory=word)
    alias: str = field(default_factory=word)
    why: str = field(default_factory=word)
    shown: dict[str, str] = field(
        default_factory=lambda: {name: word() for name in ("algorithm", "description", "tag", "metric", "environment", "probe")}
    )
    hidden: dict[str, str] = field(
        default_factory=lambda: {name: word() for name in ("config", "feature", "target", "source", "signature", "extra")}
    )

    @property
    def path(self) -> str:
        return f"{self.space}/{self.save}.pkl"

    @property
    def probe(self) -> str:
        return f"{self.space}/{self.save}.probe"

    @property
    def shown_words(self) -> list[str]:
        return [self.name, self.save, self.sha256, self.blob, *self.shown.values()]

    @property
    def words(self) -> list[str]:
        return [*self.shown_words, self.alias, self.why, *self.hidden.values()]

    def row(self, saver: str, **more: Any) -> dict[str, Any]:
        """Return the columns as a commit writes them."""
        shown, hidden = self.shown, self.hidden
        return {
            "id": self.id, "user_id": saver, "space_id": self.space, "save_id": self.save, "model_name": self.name,
            "version": self.version, "model_type": "classification", "algorithm": shown["algorithm"],
            "metrics": {shown["metric"]: 0.5}, "training_config": {"text": hidden["config"]},
            "model_file_path": self.path, "model_file_size": SIZE, "feature_columns": [hidden["feature"]],
            "target_column": hidden["target"], "training_time_seconds": 1.5, "training_samples": 150, "test_samples": 50,
            "status": "ready", "description": shown["description"], "tags": [shown["tag"]], "sha256": self.sha256,
            "head_blake3": secrets.token_hex(32), "format": "pickle", "format_version": 1, "origin": "fitted",
            "environment": {"python": shown["environment"]}, "source": {"cells": [hidden["source"]]},
            "signature": {"text": hidden["signature"]}, "extra": {"text": hidden["extra"]},
            "last_downloaded_at": "2026-01-02T00:00:00Z", **more,
        }  # fmt: skip


@dataclass(frozen=True)
class Space:
    """A space: what it holds, and ids that only it has."""

    label: str
    id: str
    name: str | None
    saver: str
    models: dict[str, Model]
    stray: str
    """A save whose file is there and whose row is not."""
    shared_to: str
    stray_blob: str = field(default_factory=word)
    event: str = field(default_factory=word)

    def __getattr__(self, name: str) -> Model:
        try:
            return self.__dict__["models"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def stray_path(self) -> str:
        return f"{self.id}/{self.stray}.pkl"

    @property
    def words(self) -> list[str]:
        """What is written in it, in one order: a twin's words stand at the same places."""
        own = [
            self.id,
            self.saver,
            self.shared_to,
            self.stray,
            self.stray_blob,
            self.event,
            *([self.name] if self.name else []),
        ]
        return own + [each for model in self.models.values() for each in (*model.words, model.id)]

    @property
    def secrets(self) -> set[str]:
        """What an answer must not hold. Ids of rows, spaces and people are no secrets: who is told one may repeat it."""
        return {each for model in self.models.values() for each in model.words} | {self.stray, self.stray_blob, self.event}

    def twin(self) -> Space:
        """Return a space as this one that does not exist."""
        other = lambda: str(uuid.uuid4())
        return space(self.label, other(), self.name and word(), other(), list(self.models), other())


@dataclass(frozen=True)
class World:
    """All that was planted."""

    people: dict[str, str]
    spaces: dict[str, Space]
    group: str


def space(label: str, id_: str, name: str | None, saver: str, models: list[str], shared_to: str) -> Space:
    """Return a space with a model of each kind."""
    return Space(label, id_, name, saver, {kind: Model(id_) for kind in models}, str(uuid.uuid4()), shared_to)


def build(connection: psycopg.Connection, people: dict[str, str] | None = None) -> World:
    """Plant a world, as superuser, in a database that has the schema."""
    people = people or {name: str(uuid.uuid4()) for name in PEOPLE}
    kinds = ["main", "shared", "trash", "purged"]
    spaces = {
        "ada": space("ada", people["ada"], None, people["ada"], [*kinds, "legacy"], people["recipient"]),
        "team": space("team", str(uuid.uuid4()), word(), people["editor"], kinds, people["recipient"]),
        "ben": space("ben", people["ben"], None, people["ben"], ["main"], people["recipient"]),
    }
    world = World(people, spaces, word())
    with connection.transaction():
        _members(connection, world)
        for each in spaces.values():
            _fill(connection, each)
        for each in (spaces["ada"], spaces["team"]):
            _shares(connection, each, people)
        connection.execute("update modelstore_private.settings set earlier_application = true")
    return world


def raze(connection: psycopg.Connection, world: World) -> None:
    """Take a world away again, as superuser; triggers would leave tombstones."""
    ids = [each.id for each in world.spaces.values()]
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for table in (
            "public.modelstore_events", "public.modelstore_shares", "public.modelstore_aliases",
            "public.modelstore_alias_history", "public.trained_models", "public.modelstore_members", "modelstore_private.names",
        ):  # fmt: skip
            connection.execute(f"delete from {table} where space_id = any(%s::uuid[])", [ids])
        connection.execute("delete from public.modelstore_spaces where id = any(%s::uuid[])", [ids])
        connection.execute("update modelstore_private.settings set earlier_application = false")
        connection.execute(
            "delete from storage.objects where bucket_id = 'model-files' and split_part(name, '/', 1) = any(%s)", [ids]
        )


def _insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    values = ", ".join(map(literal, row.values()))
    connection.execute(f"insert into {table} ({', '.join(row)}) values ({values})")


def _members(connection: psycopg.Connection, world: World) -> None:
    team, people = world.spaces["team"], world.people
    for name, id_ in people.items():
        row = {"id": id_, "email": f"{name}-{id_}@example.org", "role": "authenticated", "aud": "authenticated"}
        connection.execute("delete from auth.users where id = %s and email is null", [id_])
        if not connection.execute("select from auth.users where id = %s", [id_]).rowcount:
            _insert(connection, "auth.users", row)
    row = {"id": team.id, "kind": "group", "name": team.name, "quota_bytes": 1000000}
    _insert(connection, "public.modelstore_spaces", row)
    ranks = {"reader": "reader", "editor": "editor", "admin": "admin", "anonymous": "admin"}
    for name, role in ranks.items():
        member = {"space_id": team.id, "user_id": people[name], "role": role, "added_by": people["admin"]}
        _insert(connection, "public.modelstore_members", member)
    claimed = {"space_id": team.id, "group_name": world.group, "role": "editor", "added_by": people["admin"]}
    _insert(connection, "public.modelstore_members", claimed)


def _fill(connection: psycopg.Connection, each: Space) -> None:
    for kind, model in each.models.items():
        row = model.row(each.saver, file_id=str(uuid.uuid4()))
        if kind == "trash":
            row["deleted_at"] = "2026-01-01T00:00:00Z"
        if kind == "purged":
            kept = ("id", "user_id", "space_id", "save_id", "model_name", "version", "sha256", "origin")
            row = {name: row[name] for name in kept}
            row |= {"status": "purged", "model_file_path": model.path, "deleted_at": "2026-01-01T00:00:00Z"}
        if kind == "legacy":
            row = {name: row[name] for name in ("id", "user_id", "model_name", "algorithm", "description", "target_column")}
            row |= {"model_file_path": f"{each.id}/{model.blob}.pkl", "status": "completed"}
            _object(connection, each.saver, row["model_file_path"], model.blob)
        elif kind == "purged":  # the client died between the two steps of a purge: the file was there first
            connection.execute("set local session_replication_role = replica")
            _object(connection, each.saver, model.path, model.blob)
            connection.execute("set local session_replication_role = origin")
        else:
            _object(connection, each.saver, model.path, model.blob)
        _insert(connection, "public.trained_models", row)
        if kind != "legacy":
            counter = {"space_id": each.id, "model_name": model.name, "next_version": 2}
            connection.execute(
                "insert into modelstore_private.names (space_id, model_name, next_version, name_key)"
                " values (%(space_id)s, %(model_name)s, %(next_version)s, modelstore_private.key_of(%(model_name)s))",
                counter,
            )
        if kind in ("main", "shared"):
            _object(connection, each.saver, model.probe, model.shown["probe"])
            _alias(connection, each, model)
    _object(connection, each.saver, each.stray_path, each.stray_blob)
    connection.execute(
        "insert into public.modelstore_events (space_id, model_id, actor, what, details) values (%s, %s, %s, 'save', %s)",
        [each.id, each.main.id, each.saver, json.dumps({"text": each.event})],
    )


def _object(connection: psycopg.Connection, owner: str, path: str, blob: str) -> None:
    row = {
        "bucket_id": "model-files", "name": path, "owner": owner, "owner_id": owner, "version": blob,
        "metadata": {"size": SIZE, "eTag": blob, "mimetype": "application/octet-stream"},
        "created_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    _insert(connection, "storage.objects", row)


def _alias(connection: psycopg.Connection, each: Space, model: Model) -> None:
    key = connection.execute("select modelstore_private.key_of(%s)", [model.name]).fetchone()[0]
    alias = {"space_id": each.id, "name_key": key, "alias_key": model.alias, "alias": model.alias, "version": 1}
    _insert(connection, "public.modelstore_aliases", alias)
    _insert(connection, "public.modelstore_alias_history", {**alias, "who": each.saver, "why": model.why, "actor": each.saver})


def _shares(connection: psycopg.Connection, each: Space, people: dict[str, str]) -> None:
    for name, more in {
        "recipient": {"until": "2999-01-01T00:00:00Z"},
        "revoked": {"revoked_at": "2026-02-01T00:00:00Z"},
        "expired": {"until": "2026-02-01T00:00:00Z"},
        "anonymous": {},
    }.items():
        row = {"model_id": each.shared.id, "space_id": each.id, "grantee": people[name], "granted_by": each.saver}
        _insert(connection, "public.modelstore_shares", {**row, "created_at": "2026-01-01T00:00:00Z", **more})
    # What is in the trash or purged is not shared any more, whatever an old row of shares says.
    for kind in ("trash", "purged"):
        row = {"model_id": each.models[kind].id, "space_id": each.id, "grantee": people["recipient"], "granted_by": each.saver}
        _insert(connection, "public.modelstore_shares", row)
