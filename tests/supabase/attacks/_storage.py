"""The doors of storage: what Storage's verbs ask of ``storage.objects``, under the caller's role, with the operation's name.

``VERBS`` names every operation that Storage has; the test compares it with the routes of the stack's Storage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ._actors import ADMIN
from ._doors import ME, NOBODY_MAY, READS, WRITES, Door
from ._world import SIZE, Space, World

BUCKET = "model-files"
FRESH = "00000000-0000-4000-8000-00000000f1e5"
ALLOW_DELETE = "select set_config('storage.allow_delete_query', 'true', true)"


@dataclass(frozen=True)
class Verb:
    """An operation of Storage's as the database sees it, for a key."""

    statement: Callable[[str], str]
    acts: str = "read"


def _insert(key: str, tail: str = "returning name") -> str:
    return (
        "insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata) values"
        f" ('{BUCKET}', '{key}', '{ME}', '{ME}', '1', '{{\"contentLength\": {SIZE}}}') {tail}"
    )


def _upsert(key: str) -> str:
    return _insert(key, "on conflict (name, bucket_id) do update set version = excluded.version, metadata = excluded.metadata")


def _select(key: str) -> str:
    return f"select * from storage.objects where bucket_id = '{BUCKET}' and name = '{key}'"


def _update(key: str) -> str:
    return f"update storage.objects set version = 'w', metadata = '{{}}' where bucket_id = '{BUCKET}' and name = '{key}'"


def _move(key: str) -> str:
    return f"update storage.objects set name = '{ME}/mine.pkl' where bucket_id = '{BUCKET}' and name = '{key}' returning *"


def _other_bucket(key: str) -> str:
    return f"update storage.objects set bucket_id = 'other' where bucket_id = '{BUCKET}' and name = '{key}'"


def _delete(key: str) -> str:
    return f"delete from storage.objects where bucket_id = '{BUCKET}' and name = '{key}' returning *"


def _delete_many(key: str) -> str:
    return f"delete from storage.objects where bucket_id = '{BUCKET}' and name = any(array['{key}', 'x/y'])"


def _list(key: str) -> str:
    return f"select * from storage.search('{key[:37]}', '{BUCKET}', 100, 2, 0, '', 'name', 'asc')"


def _list_v2(key: str) -> str:
    return f"select name, metadata from storage.objects where bucket_id = '{BUCKET}' and name like '{key[:37]}%'"


def _buckets(key: str) -> str:
    return f"select * from storage.buckets where id = '{BUCKET}'"


VERBS: dict[str, list[Verb]] = {
    "storage.object.upload": [Verb(_insert, "send"), Verb(_upsert, "upsert"), Verb(lambda key: _insert(key, ""), "send")],
    "storage.object.upload_update": [Verb(_upsert, "upsert"), Verb(_update, "over")],
    "storage.object.upload_signed": [Verb(_insert, "send")],
    "storage.object.sign_upload_url": [Verb(_insert, "send"), Verb(_upsert, "upsert")],
    "storage.tus.upload.create": [Verb(_insert, "send"), Verb(_upsert, "upsert")],
    "storage.tus.upload.create_signed": [Verb(_insert, "send")],
    "storage.tus.upload.part": [Verb(_insert, "send"), Verb(_upsert, "upsert")],
    "storage.tus.upload.part_signed": [Verb(_insert, "send")],
    "storage.tus.upload.get": [Verb(_select)],
    "storage.tus.upload.get_signed": [Verb(_select)],
    "storage.tus.upload.delete": [Verb(_insert, "send")],
    "storage.tus.upload.delete_signed": [Verb(_insert, "send")],
    "storage.tus.options": [],
    "storage.tus.options_signed": [],
    "storage.s3.upload": [Verb(_insert, "send"), Verb(_upsert, "upsert")],
    "storage.object.get_authenticated": [Verb(_select)],
    "object.get_authenticated_info": [Verb(_select)],
    "object.head_authenticated_info": [Verb(_select)],
    "storage.object.get_public": [Verb(_select)],
    "storage.object.info_public": [Verb(_select)],
    "storage.object.get_signed": [Verb(_select)],
    "storage.object.sign": [Verb(_select)],
    "storage.object.sign_many": [Verb(_select)],
    "storage.object.list": [Verb(_list, "list"), Verb(_select, "list")],
    "storage.object.list_v2": [Verb(_list_v2, "list"), Verb(_select, "list")],
    "storage.object.copy": [Verb(_select), Verb(_insert, "send"), Verb(_upsert, "upsert")],
    "storage.object.move": [Verb(_move, "over"), Verb(_other_bucket, "over"), Verb(_select)],
    "storage.object.delete": [Verb(_delete, "remove")],
    "storage.object.delete_many": [Verb(_delete_many, "remove"), Verb(_delete, "remove")],
    "storage.bucket.list": [Verb(_buckets, "bucket")],
    "storage.bucket.get": [Verb(_buckets, "bucket")],
    "storage.bucket.create": [Verb(lambda key: "insert into storage.buckets (id, name) values ('taken', 'taken')", "bucket")],
    "storage.bucket.update": [Verb(lambda key: f"update storage.buckets set public = true where id = '{BUCKET}'", "bucket")],
    "storage.bucket.empty": [
        Verb(lambda key: f"delete from storage.objects where bucket_id = '{BUCKET}' returning *", "empty")
    ],
    "storage.bucket.delete": [Verb(lambda key: f"delete from storage.buckets where id = '{BUCKET}'", "bucket")],
    "": [Verb(_insert, "row"), Verb(_update, "over")],  # through PostgREST, should the schema be exposed
}

KEYS: dict[str, tuple[Callable[[Space], str], dict[str, int], bool]] = {
    # what: the key, the rank that each act needs, whether a recipient may read it
    "file": (lambda s: s.main.path, {"read": 1, "list": 1}, False),
    "probe": (lambda s: s.main.probe, {"read": 1, "list": 1}, False),
    "shared file": (lambda s: s.shared.path, {"read": 1, "list": 1}, True),
    "shared probe": (lambda s: s.shared.probe, {"read": 1, "list": 1}, True),
    "file in the trash": (lambda s: s.trash.path, {"read": 1, "list": 1}, False),
    "purged file": (lambda s: s.purged.path, {"read": 1, "list": 1, "remove": 2}, False),
    "stray file": (lambda s: s.stray_path, {"read": 1, "list": 1, "remove": ADMIN}, False),
    "new file": (lambda s: f"{s.id}/{FRESH}.pkl", {"send": 2, "upsert": 2}, False),
    "new probe": (lambda s: s.trash.probe, {"send": 2, "upsert": 2}, False),
    "probe of nothing": (lambda s: f"{s.id}/{FRESH}.probe", {}, False),
}


def tricks(s: Space) -> list[str]:
    """Return keys that a careless rule would let through; none is anybody's but the owner's, in their own folder."""
    save = FRESH
    return [
        f"{ME}/../{s.id}/{save}.pkl", f"{s.id}//{save}.pkl", f"{s.id.upper()}/{save}.pkl", f"{s.id}/{save.upper()}.pkl",
        f"%2e%2e/{s.id}/{save}.pkl", f"{s.id}/{save}.pkl/", f"/{s.id}/{save}.pkl", f" {s.id}/{save}.pkl",
        f"{s.id}/{ME}/{save}.pkl", f"{s.id}/{save}.PKL", f"{s.id}/{save}.probe.pkl", f"{s.id}/{save}.pkl.probe",
        f"{s.id}/.emptyFolderPlaceholder", f"{s.id}/{save}", f"{s.id}", f"{s.id}.pkl", f"{s.id}/{save}.pkl\n",
        f"x/{s.id}/{save}.pkl", f"{s.id}\\{save}.pkl", f"{{{s.id}}}/{save}.pkl", f"{s.id}/./{save}.pkl", f"{save}.pkl",
        f"{s.id.replace('-', '')}/{save}.pkl", f"{s.id}/*.pkl", f"{s.id}/{save}.probe",
    ]  # fmt: skip


def storage(world: World) -> Iterator[Door]:
    """Return the doors of every verb, for every kind of key in a person's and a group's space."""
    for operation, verbs in VERBS.items():
        for n, verb in enumerate(verbs):
            for label in ("ada", "team"):
                yield from _of_verb(operation, n, verb, world.spaces[label])
    yield from _tricks(world.spaces["ada"])
    for label in ("ada", "team"):
        yield from _legacy(world.spaces[label])


def _of_verb(operation: str, n: int, verb: Verb, s: Space) -> Iterator[Door]:
    for what, (key, ranks, shared) in KEYS.items():
        if operation not in WHOLE and what not in ("file", "shared file", "new file"):
            continue
        if (
            verb.acts in ("bucket", "empty") or "search(" in verb.statement("") or " like " in verb.statement("")
        ) and what != "file":
            continue  # says nothing of this key
        reads = verb.acts in ("read", "list")
        needs = ranks.get(verb.acts, NOBODY_MAY)
        whose = SOME
        if verb.acts == "empty":  # what no row names goes, and that is its space's to remove
            whose = tuple(name for name in SOME if name not in ("ada", "ben", "editor"))
        yield Door(
            f"verb {operation}", f"{operation} {n} {what}", s, lambda t, key=key: verb.statement(key(t)),
            READS if reads else WRITES, needs, recipients=shared and verb.acts == "read",
            sees=BUCKET if verb.acts == "read" else "", operation=operation,
            before=ALLOW_DELETE if "delete from" in verb.statement("") else "", only=() if operation in WHOLE else whose,
            also=("editor",) if what == "stray file" and verb.acts == "remove" and s.label == "team" else (),
            twin=operation in WHOLE and n == 0 and what in CORE, core=operation in WHOLE and n == 0 and what in CORE,
        )  # fmt: skip


WHOLE = (
    "storage.object.upload", "storage.object.get_authenticated", "storage.object.list", "storage.object.list_v2",
    "storage.object.move", "storage.object.delete",
)  # fmt: skip
"""The operations that everybody tries with every key; the others ask the same of the database by another name."""
CORE = ("file", "new file", "shared file", "purged file")
SOME = ("ada", "editor", "former", "recipient", "anonymous", "anon key")


def _tricks(s: Space) -> Iterator[Door]:
    for n in range(len(tricks(s))):
        key = lambda t, n=n: tricks(t)[n].replace("'", "''")
        mine = s.label == "ada" and tricks(s)[n].startswith(f"{s.id}/")  # any name, but for a dot, a folder, a probe of nothing
        own = ADMIN if mine and not re.search(r"/[.]|/$|1e5[.]probe$", tricks(s)[n]) else NOBODY_MAY
        yield Door("trick", f"upload {tricks(s)[n]!r}", s, lambda t, key=key: _insert(key(t)), WRITES, own, twin=False,
                   operation="storage.object.upload", only=TRICKSTERS)  # fmt: skip
        yield Door("trick", f"move to {tricks(s)[n]!r}", s,
                   lambda t, key=key: f"update storage.objects set name = '{key(t)}' where name = '{t.stray_path}'", WRITES,
                   operation="storage.object.move", only=TRICKSTERS, twin=False)  # fmt: skip
        yield Door("trick", f"list {tricks(s)[n]!r}", s,
                   lambda t, key=key: f"select name from storage.search('{key(t)[:30]}', '{BUCKET}')",
                   READS, operation="storage.object.list", only=("recipient",), twin=False)  # fmt: skip


TRICKSTERS = ("stranger", "recipient", "anonymous", "no sub", "ada says anon", "anon key", "ada", "editor")


def _legacy(s: Space) -> Iterator[Door]:
    """Keys of the earlier application: a person's folder, any name; while its setting is on."""
    key = lambda t: f"{t.id}/churn.pkl"
    needs = ADMIN if s.label == "ada" else NOBODY_MAY
    off = "update modelstore_private.settings set earlier_application = false"
    place = {"operation": "storage.object.upload"}
    yield Door("earlier", "upload churn.pkl", s, lambda t: _insert(key(t)), WRITES, needs, core=True, **place)
    yield Door("earlier", "upload churn.pkl, setting off", s, lambda t: _insert(key(t)), WRITES, before=off, **place)
    if s.label == "ada":
        old = lambda t: f"{t.id}/{t.legacy.blob}.pkl"
        yield Door("earlier", "read an old file", s, lambda t: _select(old(t)), READS, 1, sees="model-files",
                   operation="storage.object.get_authenticated")  # fmt: skip
        yield Door("earlier", "overwrite an old file", s, lambda t: _update(old(t)), WRITES,
                   operation="storage.object.upload_update")  # fmt: skip
        yield Door("earlier", "remove an old file that a row names", s, lambda t: _delete(old(t)), WRITES, before=ALLOW_DELETE,
                   operation="storage.object.delete")  # fmt: skip
        row = lambda t: (
            f"insert into public.trained_models (user_id, model_name, model_file_path) values ('{t.id}', 'old', '{old(t)}')"
        )
        yield Door("earlier", "insert a row", s, row, WRITES, ADMIN)
        yield Door("earlier", "insert a row, setting off", s, row, WRITES, before=off)
        gone = lambda t: f"delete from public.trained_models where user_id = '{t.id}'"
        yield Door("earlier", "delete rows", s, gone, WRITES, ADMIN)
        yield Door("earlier", "delete rows, setting off", s, gone, WRITES, before=off)
