"""Objects: upload, read, list, copy, move, remove.

An upload is not atomic, as in the real one: whether it is allowed is tried out under the caller's role and rolled back,
then the bytes come, then Storage itself writes the row, over one that came in the meantime.
"""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import psycopg
from aiohttp import BodyPartReader, web
from psycopg.types.json import Jsonb

from . import _rules
from ._errors import denied, invalid, no_bucket, no_object, too_large
from ._files import PIECE, Files, pieces_of
from ._scope import Caller, Database, become

INSERT = (
    "insert into storage.objects (name, owner, owner_id, bucket_id, metadata, version, user_metadata)"
    " values (%(name)s, %(owner)s, %(owner_id)s, %(bucket)s, %(metadata)s, %(version)s, %(user_metadata)s)"
)
UPSERT = (
    f"{INSERT} on conflict (name, bucket_id) do update set metadata = excluded.metadata, version = excluded.version,"
    " user_metadata = excluded.user_metadata, owner = excluded.owner, owner_id = excluded.owner_id returning *"
)
FIND = "select * from storage.objects where bucket_id = %s and name = %s limit 1"
LIST = (
    "select null as folder, to_jsonb(o) as object, name as at from storage.objects o where bucket_id = %(bucket)s"
    """ and name collate "C" between %(prefix)s and %(prefix)s || chr(1114111)"""
    """ and name collate "C" > %(after)s order by name collate "C" limit %(limit)s"""
)
LIST_FOLDED = """
    select folder, (array_agg(to_jsonb(o)))[1] as object, coalesce(folder, name) as at
    from (
        select *, %(prefix)s || substring(substr(name, length(%(prefix)s) + 1) from '^[^/]*/') as folder
        from storage.objects where bucket_id = %(bucket)s
        and name collate "C" between %(prefix)s and %(prefix)s || chr(1114111)
    ) o
    where coalesce(folder, name) collate "C" > %(after)s group by folder, coalesce(folder, name)
    order by coalesce(folder, name) collate "C" limit %(limit)s
"""
"""What is below a folder is shown as the folder."""

LISTED = ("id", "name", "updated_at", "created_at", "last_accessed_at", "metadata")
MAX_PREFIXES = 1000


@dataclass
class Upload:
    """An object on its way."""

    bucket: str
    name: str
    owner: str | None
    upsert: bool
    mimetype: str = "application/octet-stream"
    cache_control: str = "no-cache"
    length: int | None = None
    user_metadata: dict | None = None
    version: str = field(default_factory=lambda: str(uuid.uuid4()))

    def row(self, metadata: dict) -> dict[str, Any]:
        """Return the row's values."""
        return {
            "name": self.name,
            "owner": as_uuid(self.owner),
            "owner_id": self.owner,
            "bucket": self.bucket,
            "metadata": Jsonb(metadata),
            "version": self.version,
            "user_metadata": Jsonb(self.user_metadata) if self.user_metadata is not None else None,
        }


def as_uuid(text: str | None) -> uuid.UUID | None:
    """Return an owner's id, or None: the older column holds nothing else."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


class Objects:
    """The verbs, over a database and a directory of files."""

    def __init__(self, database: Database, files: Files) -> None:
        self.database, self.files = database, files

    async def bucket(self, caller: Caller, bucket: str) -> dict:
        """Return a bucket's row, as Storage itself sees it."""
        async with self.database.asked(caller.service()) as connection:
            found = await (await connection.execute("select * from storage.buckets where id = %s", [bucket])).fetchone()
        if found is None:
            raise no_bucket()
        return found

    async def find(self, caller: Caller, bucket: str, name: str) -> dict:
        """Return an object's row, as a caller may see it."""
        async with self.database.asked(caller) as connection:
            found = await (await connection.execute(FIND, [bucket, name])).fetchone()
        if found is None:
            raise no_object()
        return found

    async def may_upload(self, caller: Caller, upload: Upload) -> None:
        """Try out the row under the caller's role, before any byte."""
        metadata = {"mimetype": upload.mimetype, "contentLength": upload.length}
        row = upload.row({name: value for name, value in metadata.items() if value is not None})
        async with self.database.tested(caller) as connection:
            await connection.execute(UPSERT if upload.upsert else INSERT, {**row, "version": "1"})
            if upload.upsert:  # as measured, a policy of UPDATE is needed for a new key too: the second one meets the first
                await connection.execute(UPSERT, {**row, "version": "1"})

    async def complete(self, caller: Caller, upload: Upload) -> dict:
        """Write the row of bytes that are there, as Storage itself; whoever comes last, wins."""
        size = self.files.path(upload.version).stat().st_size
        metadata = {
            "eTag": await self.files.etag(upload.version),
            "size": size,
            "mimetype": upload.mimetype,
            "cacheControl": upload.cache_control,
            "lastModified": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "contentLength": size,
            "httpStatusCode": 200,
        }
        async with self.database.asked(caller.service()) as connection:
            await lock(connection, upload.bucket, upload.name)
            before = await (await connection.execute(f"{FIND} for update", [upload.bucket, upload.name])).fetchone()
            row = await (await connection.execute(UPSERT, upload.row(metadata))).fetchone()
        if before is not None and before["version"] != upload.version:
            self.files.remove(before["version"])
        return row

    async def store(self, caller: Caller, upload: Upload, pieces: AsyncIterator[bytes], limit: int) -> dict:
        """Take in an object whole."""
        await self.may_upload(caller, upload)
        try:
            await self.files.write(upload.version, pieces, limit)
            # The bytes are here: whoever hangs up now has still uploaded them.
            return await asyncio.shield(self.complete(caller, upload))
        except BaseException:
            self.files.remove(upload.version)
            raise

    async def upload(self, request: web.Request, caller: Caller) -> web.Response:
        bucket, name = request.match_info["bucket"], request.match_info["key"]
        upsert = request.method == "PUT" or request.headers.get("x-upsert") == "true"
        row = await self.take(request, caller, Upload(bucket, name, caller.owner, upsert))
        return web.json_response({"Key": f"{bucket}/{name}", "Id": str(row["id"])})

    async def take(self, request: web.Request, caller: Caller, upload: Upload) -> dict:
        """Take in an object out of a request's body: a form with a file, or the bare bytes."""
        bucket = await self.bucket(caller, upload.bucket)
        limit, allowed = _rules.limit_of(bucket), bucket["allowed_mime_types"]
        upload.length = request.content_length
        if request.content_type == "multipart/form-data":
            fields, file = await read_form(request)
            upload.mimetype = fields.get("contentType") or file.headers.get("Content-Type", "text/plain")
            upload.cache_control = f"max-age={fields['cacheControl']}" if fields.get("cacheControl") else "no-cache"
            upload.user_metadata = _rules.metadata_field(fields.get("metadata") or fields.get("userMetadata"))
            pieces = pieces_of(lambda: file.read_chunk(PIECE))
        else:
            upload.mimetype = request.headers.get("Content-Type", "application/octet-stream")
            upload.cache_control = request.headers.get("Cache-Control", "no-cache")
            upload.user_metadata = _rules.metadata_header(request.headers.get("x-metadata"))
            pieces = pieces_of(request.content.readany)
            if upload.length is not None and upload.length > limit:
                raise too_large()
        _rules.check_type(upload.mimetype, allowed)
        _rules.check_key(upload.name)
        return await self.store(caller, upload, pieces, limit)

    async def read(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        bucket, name = request.match_info["bucket"], request.match_info["key"]
        return await self.send(request, await self.readable(caller, bucket, name))

    async def readable(self, caller: Caller, bucket: str, name: str) -> dict:
        """Return an object that a caller may read; who has no token, sees public buckets only."""
        public = (await self.bucket(caller, bucket))["public"]
        if not caller.authenticated and not public:
            raise no_bucket()
        return await self.find(caller.service() if public else caller, bucket, name)

    async def send(self, request: web.Request, found: dict, **more: str) -> web.StreamResponse:
        """Answer with an object's bytes."""
        metadata = found["metadata"] or {}
        headers = {
            "Content-Type": metadata.get("mimetype") or "application/octet-stream",
            "ETag": metadata.get("eTag", ""),
            "Cache-Control": metadata.get("cacheControl", "no-cache"),
            "Last-Modified": format_datetime(found["updated_at"].astimezone(timezone.utc), usegmt=True),
            **more,
        }
        if "download" in request.query:
            file = quote(request.query["download"])
            headers["Content-Disposition"] = f"attachment; filename={file}; filename*=UTF-8''{file}" if file else "attachment;"
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return await self.files.send(request, found["version"] or "", headers)

    async def public(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        bucket = await self.bucket(caller, request.match_info["bucket"])
        if not bucket["public"]:
            raise no_bucket()
        return await self.send(request, await self.find(caller.service(), bucket["id"], request.match_info["key"]))

    async def info(self, request: web.Request, caller: Caller) -> web.Response:
        found = await self.readable(caller, request.match_info["bucket"], request.match_info["key"])
        metadata = found["metadata"] or {}
        body = {
            "id": str(found["id"]),
            "name": found["name"],
            "version": found["version"],
            "bucket_id": found["bucket_id"],
            "size": metadata.get("size"),
            "content_type": metadata.get("mimetype"),
            "cache_control": metadata.get("cacheControl"),
            "etag": metadata.get("eTag"),
            "metadata": found["user_metadata"],
            "last_modified": found["updated_at"].isoformat(),
            "created_at": found["created_at"].isoformat(),
        }
        return web.json_response(body)

    async def list(self, request: web.Request, caller: Caller) -> web.Response:
        body = await read_json(request)
        prefix, search, sort = body.get("prefix"), body.get("search") or "", body.get("sortBy") or {}
        if not isinstance(prefix, str):
            raise invalid("body must have required property 'prefix'")
        prefix = f"{prefix}/" if prefix and not prefix.endswith("/") else prefix
        async with self.database.asked(caller) as connection:
            found = await connection.execute(
                "select * from storage.search(%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    prefix,
                    request.match_info["bucket"],
                    body.get("limit") or 100,
                    len((prefix + search).split("/")),
                    body.get("offset") or 0,
                    search,
                    sort.get("column") or "name",
                    sort.get("order") or "asc",
                ],
            )
            rows = await found.fetchall()
        return json_response(rows)

    async def list_v2(self, request: web.Request, caller: Caller) -> web.Response:
        body = await read_json(request)
        limit, prefix = min(body.get("limit") or 1000, 1000), body.get("prefix") or ""
        after = json.loads(base64.b64decode(body["cursor"])) if body.get("cursor") else ""
        values = {"prefix": prefix, "bucket": request.match_info["bucket"], "after": after, "limit": limit + 1}
        async with self.database.asked(caller) as connection:
            query = LIST_FOLDED if body.get("with_delimiter") else LIST
            rows = await (await connection.execute(query, values)).fetchall()
        shown, more = rows[:limit], len(rows) > limit
        result: dict[str, Any] = {
            "hasNext": more,
            "folders": [{"name": row["folder"], "key": row["folder"].rstrip("/")} for row in shown if row["folder"]],
            "objects": [listed(row["object"]) for row in shown if not row["folder"]],
        }
        if more:
            result["nextCursor"] = base64.b64encode(json.dumps(shown[-1]["at"]).encode()).decode()
        return json_response(result)

    async def copy(self, request: web.Request, caller: Caller) -> web.Response:
        source, target = await self._two_keys(request)
        found = await self.find(caller, *source)
        metadata = found["metadata"] or {}
        upload = Upload(*target, caller.owner, request.headers.get("x-upsert") == "true", user_metadata=found["user_metadata"])
        upload.mimetype, upload.cache_control = metadata.get("mimetype", ""), metadata.get("cacheControl", "no-cache")
        upload.length = metadata.get("contentLength")
        await self.may_upload(caller, upload)
        try:
            await self.files.copy(found["version"], upload.version)
            row = await asyncio.shield(self.complete(caller, upload))
        except FileNotFoundError as error:
            raise no_object() from error
        except BaseException:
            self.files.remove(upload.version)
            raise
        return json_response({"Id": row["id"], "Key": "/".join(target), **row})

    async def move(self, request: web.Request, caller: Caller) -> web.Response:
        source, target = await self._two_keys(request)
        version = str(uuid.uuid4())
        move = (
            "update storage.objects set bucket_id = %s, name = %s, version = %s, owner = %s, owner_id = %s"
            " where bucket_id = %s and name = %s returning *"
        )
        values = [*target, version, as_uuid(caller.owner), caller.owner, *source]
        async with self.database.tested(caller) as connection:
            found = await (await connection.execute(FIND, [*source])).fetchone()
            if found is None or await (await connection.execute(move, values)).fetchone() is None:
                raise no_object()
        await self.files.copy(found["version"], version)
        async with self.database.asked(caller.service()) as connection:
            await lock(connection, *target)
            before = await (await connection.execute(f"{FIND} for update", [*source])).fetchone()
            if before is None:
                raise no_object()
            await connection.execute(move, values)
        self.files.remove(before["version"])
        return json_response({"message": "Successfully moved", "Id": before["id"], "Key": target[1]})

    async def _two_keys(self, request: web.Request) -> tuple[tuple[str, str], tuple[str, str]]:
        body = await read_json(request)
        for name in ("bucketId", "sourceKey", "destinationKey"):
            if not isinstance(body.get(name), str):
                raise invalid(f"body must have required property '{name}'")
        target = body.get("destinationBucket") or body["bucketId"], _rules.check_key(body["destinationKey"])
        return (body["bucketId"], body["sourceKey"]), target

    async def remove(self, request: web.Request, caller: Caller) -> web.Response:
        """Remove one; the row goes under the caller's role, then the bytes, then it is committed."""
        names = [request.match_info["bucket"], request.match_info["key"]]
        async with self.database.asked(caller.service()) as connection:
            if await (await connection.execute(f"{FIND} for update", names)).fetchone() is None:
                raise no_object()
            await become(connection, caller)
            statement = "delete from storage.objects where bucket_id = %s and name = %s returning *"
            gone = await (await connection.execute(statement, names)).fetchone()
            if gone is None:
                raise denied("Access denied")
            self.files.remove(gone["version"])
        return web.json_response({"message": "Successfully deleted"})

    async def remove_many(self, request: web.Request, caller: Caller) -> web.Response:
        """Remove those of a list that the caller may; the others are passed over in silence."""
        prefixes = (await read_json(request)).get("prefixes")
        if not isinstance(prefixes, list) or not prefixes:
            raise invalid("body/prefixes must NOT have fewer than 1 items")
        if len(prefixes) > MAX_PREFIXES:
            raise invalid(f"body/prefixes must NOT have more than {MAX_PREFIXES} items")
        async with self.database.asked(caller) as connection:
            statement = "delete from storage.objects where bucket_id = %s and name = any(%s) returning *"
            gone = await (await connection.execute(statement, [request.match_info["bucket"], prefixes])).fetchall()
            self.files.remove(*(row["version"] for row in gone))
        return json_response(gone)


async def lock(connection: psycopg.AsyncConnection, bucket: str, name: str) -> None:
    """Take turns with others who write one object; a wait of five seconds is too long."""
    await connection.execute("select set_config('lock_timeout', '5s', true)")
    await connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"{bucket}/{name}"])
    await connection.execute("select set_config('lock_timeout', '0', true)")


async def read_form(request: web.Request) -> tuple[dict[str, str], BodyPartReader]:
    """Return a form's fields, and the file after them, which is not read yet."""
    fields: dict[str, str] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            break
        if part.filename is not None:
            return fields, part
        fields[part.name or ""] = await part.text()
    raise invalid("No content provided")


async def read_json(request: web.Request) -> dict:
    """Return the body, an object."""
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError as error:
        raise invalid(f"Body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise invalid("body must be object")
    return body


def listed(row: dict) -> dict:
    """Return an object as the second list shows it."""
    return {name: row[name] for name in LISTED} | {"key": row["name"]}


def json_response(body: Any) -> web.Response:
    """Answer with rows: times and ids as text."""
    return web.Response(text=json.dumps(body, default=_text), content_type="application/json")


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
