"""The same doors through a project's servers: what somebody with curl and the project's key can send."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ._actors import Actor
from ._catalog import Catalog
from ._doors import FORGED, ME, NOBODY_MAY, READS, SPACE_COLUMN, functions
from ._storage import BUCKET, FRESH
from ._world import Space, World

REST, STORAGE = "/rest/v1", "/storage/v1"
BYTES = {"Content-Type": "application/octet-stream"}
OTHER_SCHEMAS = (
    "modelstore_private",
    "storage",
    "auth",
    "extensions",
    "pg_catalog",
    "information_schema",
    "graphql_public",
    "attacks",
)


@dataclass(frozen=True)
class Ask:
    """A request; ``<me>`` in it is the actor's id."""

    name: str
    space: Space
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    needs: int = NOBODY_MAY
    recipients: bool = False
    few: bool = False
    """Is it enough that a few try it?"""

    def open_to(self, actor: Actor) -> bool:
        return actor.rank(self.space.label) >= self.needs or (self.recipients and actor.receives)

    def sent_by(self, me: str) -> dict[str, Any]:
        """Return it as httpx takes it."""
        body = self.body if isinstance(self.body, bytes | None) else json.dumps(self.body).replace(ME, me).encode()
        kind = {} if self.body is None or isinstance(self.body, bytes) else {"Content-Type": "application/json"}
        headers = {name: value.replace(ME, me) for name, value in self.headers.items()}
        return {"method": self.method, "url": self.path.replace(ME, me), "content": body, "headers": kind | headers}


def asks(world: World, catalog: Catalog) -> Iterator[Ask]:
    """Return all requests."""
    for label in ("ada", "team"):
        s = world.spaces[label]
        yield from _files(s)
        for relation in catalog.relations:
            some = relation != "trained_models"
            yield from (
                replace(ask, few=ask.few or (some and " insert 0 return=r" not in ask.name)) for ask in _rows(s, relation)
            )
    yield from _columns(world.spaces["ada"], catalog)
    yield from _calls(world, catalog)
    yield from _schemas(world.spaces["ada"], catalog)


def _rows(s: Space, relation: str) -> Iterator[Ask]:
    place = SPACE_COLUMN.get(relation, "space_id")
    mine, url = f"{place}=eq.{s.id}", f"{REST}/{relation}"
    yield Ask(f"{relation} rows", s, "GET", f"{url}?{mine}&select=*")
    yield Ask(f"{relation} all rows", s, "GET", url)
    yield Ask(f"{relation} or", s, "GET", f"{url}?or=({place}.eq.{s.id},{place}.not.is.null)")
    yield Ask(f"{relation} embedded", s, "GET", f"{url}?select=*,trained_models(*)")
    yield Ask(f"{relation} as csv", s, "GET", f"{url}?{mine}", headers={"Accept": "text/csv"}, few=True)
    yield Ask(f"{relation} plan", s, "GET", url, headers={"Accept": "application/vnd.pgrst.plan+json"}, few=True)
    for how in ("exact", "planned", "estimated"):
        yield Ask(f"{relation} count {how}", s, "HEAD", f"{url}?{mine}", headers={"Prefer": f"count={how}"}, few=how != "exact")
    for n, row in enumerate(FORGED[relation](s)):
        for prefer in ("return=minimal", "return=representation", "resolution=merge-duplicates", "resolution=ignore-duplicates",
                       "missing=default,return=minimal"):  # fmt: skip
            own = relation == "trained_models" and n == 0  # one's own row is legitimate; the rest names another's
            if not (own and s.label != "ada"):
                yield Ask(
                    f"{relation} insert {n} {prefer}", s, "POST", url, row, {"Prefer": prefer}, few=prefer.startswith("missing")
                )
    change = {"description": "taken"} if relation == "trained_models" else {place: ME}
    yield Ask(f"{relation} patch", s, "PATCH", f"{url}?{mine}", change, {"Prefer": "return=representation"})
    yield Ask(f"{relation} delete", s, "DELETE", f"{url}?{mine}", headers={"Prefer": "return=representation"})
    yield Ask(f"{relation} delete minimal", s, "DELETE", f"{url}?{mine}", headers={"Prefer": "return=minimal"})
    if relation == "trained_models":
        put = {"id": s.main.id, "user_id": ME, "model_name": "taken"}
        yield Ask(f"{relation} put", s, "PUT", f"{url}?id=eq.{s.main.id}", put)


def _columns(s: Space, catalog: Catalog) -> Iterator[Ask]:
    for relation, columns in catalog.relations.items():
        place = SPACE_COLUMN.get(relation, "space_id")
        for column in columns:
            url = f"{REST}/{relation}?{place}=eq.{s.id}"
            yield Ask(f"{relation}.{column}", s, "GET", f"{url}&select={column}&{column}=not.is.null&order={column}", few=True)
            yield Ask(f"{relation}.{column} patch", s, "PATCH", url, {column: None}, few=True)


def _calls(world: World, catalog: Catalog) -> Iterator[Ask]:
    for door in functions(world, catalog):
        if door.call is None:
            continue
        name, q = door.call
        open_ = {"needs": door.needs, "recipients": door.recipients, "few": not door.core}
        yield Ask(
            door.name,
            door.space,
            "POST",
            f"{REST}/rpc/{name}",
            {"q" if name != "modelstore_commit" else "draft": q(door.space)},
            **open_,
        )
        if door.kind == READS and door.core:
            get = json.dumps(q(door.space))
            yield Ask(f"{door.name} by GET", door.space, "GET", f"{REST}/rpc/{name}?q={get}", **open_)
    for function in catalog.functions:
        if not function.public:
            name = function.name.partition(".")[2]
            yield Ask(f"{name} by name", world.spaces["ada"], "POST", f"{REST}/rpc/{name}", {}, few=True)


def _schemas(s: Space, catalog: Catalog) -> Iterator[Ask]:
    for schema in OTHER_SCHEMAS:
        for table in ("objects", "buckets", "users", "names", "settings", "pg_authid", "pg_stats", "trained_models"):
            read, write = {"Accept-Profile": schema}, {"Content-Profile": schema}
            yield Ask(f"{schema}.{table} read", s, "GET", f"{REST}/{table}", headers=read, few=True)
            yield Ask(f"{schema}.{table} write", s, "POST", f"{REST}/{table}", {"name": "x"}, write, few=True)
        yield Ask(
            f"{schema} function", s, "POST", f"{REST}/rpc/rank_in", {"space": s.id}, {"Content-Profile": schema}, few=True
        )
    yield Ask("the API's description", s, "GET", f"{REST}/", few=True)


def _files(s: Space) -> Iterator[Ask]:
    keys = {
        "file": (s.main.path, 1, False), "shared": (s.shared.path, 1, True), "trash": (s.trash.path, 1, False),
        "purged": (s.purged.path, 1, False), "stray": (s.stray_path, 1, False), "probe": (s.main.probe, 1, False),
    }  # fmt: skip
    for what, (key, needs, shared) in keys.items():
        some = what not in ("file", "shared")
        yield from (replace(ask, few=ask.few or some) for ask in _file(s, what, key, needs, shared=shared))
    new = f"{s.id}/{FRESH}.pkl"
    yield from _sent(s, "new", new)
    both = {"bucketId": BUCKET}
    yield Ask("copy into", s, "POST", f"{STORAGE}/object/copy", {**both, "sourceKey": f"{ME}/x", "destinationKey": new})
    lists = [(f"{s.id}/", ""), (s.id[:8], ""), ("", ""), (f"{s.id}/", s.main.save[:8])]
    for n, (prefix, search) in enumerate(lists):
        body = {"prefix": prefix, "search": search, "limit": 100}
        yield Ask(f"list {n}", s, "POST", f"{STORAGE}/object/list/{BUCKET}", body, needs=1)
        v2 = {"prefix": prefix, "limit": 100, "with_delimiter": bool(search)}
        yield Ask(f"list-v2 {n}", s, "POST", f"{STORAGE}/object/list-v2/{BUCKET}", v2, needs=1)
    paths = [model.path for model in s.models.values()] + [s.main.probe, s.stray_path]
    yield Ask(
        "sign many", s, "POST", f"{STORAGE}/object/sign/{BUCKET}", {"expiresIn": 60, "paths": paths}, needs=1, recipients=True
    )
    yield Ask("remove many", s, "DELETE", f"{STORAGE}/object/{BUCKET}", {"prefixes": paths}, needs=2)
    keys = (
        f"{ME}/../{s.id}/{FRESH}.pkl", f"{ME}%2F..%2F{s.id}%2F{FRESH}.pkl", f"{s.id}//{FRESH}.pkl",
        f"{s.id.upper()}/{FRESH}.pkl", f"{s.id}/{FRESH}.pkl/", f"%2e%2e/{s.id}/{FRESH}.pkl", f"{s.id}%2f{FRESH}.pkl",
    )  # fmt: skip
    for n, key in enumerate(keys):
        yield Ask(f"trick {n}", s, "POST", f"{STORAGE}/object/{BUCKET}/{key}", b"taken", BYTES)
        yield Ask(
            f"read by trick {n}",
            s,
            "GET",
            f"{STORAGE}/object/authenticated/{BUCKET}/{key.replace(FRESH, s.main.save)}",
            needs=1,
        )
    yield from _buckets(s)


def _buckets(s: Space) -> Iterator[Ask]:
    url = f"{STORAGE}/bucket"
    yield Ask("buckets", s, "GET", url)
    yield Ask("new bucket", s, "POST", url, {"name": "taken", "public": True})
    yield Ask("bucket", s, "GET", f"{url}/{BUCKET}")
    yield Ask("bucket made public", s, "PUT", f"{url}/{BUCKET}", {"public": True})
    yield Ask("bucket emptied", s, "POST", f"{url}/{BUCKET}/empty", needs=2)
    yield Ask("bucket deleted", s, "DELETE", f"{url}/{BUCKET}")


def _file(s: Space, what: str, key: str, needs: int, *, shared: bool) -> Iterator[Ask]:
    object_ = f"{STORAGE}/object"
    reads = {"needs": needs, "recipients": shared}
    for method, kind in (
        ("GET", "authenticated/"), ("GET", ""), ("GET", "public/"), ("GET", "info/"), ("GET", "info/authenticated/"),
        ("HEAD", "authenticated/"), ("HEAD", ""), ("HEAD", "public/"), ("GET", "sign/"), ("HEAD", "sign/"),
    ):  # fmt: skip
        tail = f"?token={_token(f'{BUCKET}/{key}')}" if kind == "sign/" else ""
        yield Ask(f"{method} {kind}{what}", s, method, f"{object_}/{kind}{BUCKET}/{key}{tail}", **reads)
    yield Ask(f"sign {what}", s, "POST", f"{object_}/sign/{BUCKET}/{key}", {"expiresIn": 60}, **reads)
    yield from _sent(s, what, key)
    yield Ask(
        f"remove {what}", s, "DELETE", f"{object_}/{BUCKET}/{key}", needs=2 if what in ("purged", "stray") else NOBODY_MAY
    )
    for verb in ("copy", "move"):
        out = {"bucketId": BUCKET, "sourceKey": key, "destinationKey": f"{ME}/{FRESH}.pkl"}
        yield Ask(f"{verb} {what}", s, "POST", f"{object_}/{verb}", out, **(reads if verb == "copy" else {}))
        over = {"bucketId": BUCKET, "sourceKey": key, "destinationKey": f"{s.id}/{FRESH}.pkl"}
        yield Ask(f"{verb} {what} within", s, "POST", f"{object_}/{verb}", over)


def _sent(s: Space, what: str, key: str) -> Iterator[Ask]:
    object_ = f"{STORAGE}/object"
    needs = 2 if what == "new" else NOBODY_MAY
    yield Ask(f"upload {what}", s, "POST", f"{object_}/{BUCKET}/{key}", b"taken", BYTES, needs)
    yield Ask(f"upsert {what}", s, "POST", f"{object_}/{BUCKET}/{key}", b"taken", {**BYTES, "x-upsert": "true"}, needs)
    yield Ask(f"update {what}", s, "PUT", f"{object_}/{BUCKET}/{key}", b"taken", BYTES, needs)
    yield Ask(f"sign upload {what}", s, "POST", f"{object_}/upload/sign/{BUCKET}/{key}", {}, needs=needs)
    yield Ask(
        f"signed upload {what}",
        s,
        "PUT",
        f"{object_}/upload/sign/{BUCKET}/{key}?token={_token(f'{BUCKET}/{key}')}",
        b"taken",
        BYTES,
    )
    names = {"bucketName": BUCKET, "objectName": key, "contentType": "application/octet-stream"}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in names.items())
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": metadata}
    for path, more in (("", {}), ("/", {}), ("/sign", {"x-signature": _token(f"{BUCKET}/{key}")}), ("/sign/", {})):
        url = f"{STORAGE}/upload/resumable{path}"
        with_bytes = {"Content-Type": "application/offset+octet-stream"}
        yield Ask(
            f"tus{path} {what}",
            s,
            "POST",
            url,
            b"taken",
            {**tus, **with_bytes, **more},
            needs if "sign" not in path else NOBODY_MAY,
        )
    for method in ("HEAD", "PATCH", "DELETE"):
        id_ = base64.urlsafe_b64encode(f"{BUCKET}/{key}/{s.main.blob}".encode()).decode().rstrip("=")
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        for base in ("", "sign/"):
            yield Ask(
                f"tus {method} {base}{what}", s, method, f"{STORAGE}/upload/resumable/{base}{id_}", b"taken", headers, few=True
            )


def _token(url: str) -> str:
    """Return a signature for a URL that nobody signed."""
    part = lambda said: base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part({'url': url, 'exp': 4102444800, 'scope': 'download'})}."
