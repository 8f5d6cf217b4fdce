"""Buckets. People see and make them only where a policy on storage.buckets says so."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from . import _rules
from ._errors import Refusal, no_bucket
from ._objects import Objects, as_uuid, json_response, read_json
from ._scope import Caller, become

SHOWN = (
    "id", "name", "owner", "public", "type", "file_size_limit", "allowed_mime_types", "created_at", "updated_at",
)  # fmt: skip


class Buckets:
    """The routes of buckets."""

    def __init__(self, objects: Objects) -> None:
        self._objects, self._database = objects, objects.database

    async def list(self, request: web.Request, caller: Caller) -> web.Response:
        async with self._database.asked(caller) as connection:
            rows = await (await connection.execute("select * from storage.buckets order by name")).fetchall()
        return json_response([shown(row) for row in rows])

    async def get(self, request: web.Request, caller: Caller) -> web.Response:
        async with self._database.asked(caller) as connection:
            return json_response(shown(await self._find(connection, request.match_info["bucket"])))

    async def _find(self, connection: Any, bucket: str) -> dict:
        row = await (await connection.execute("select * from storage.buckets where id = %s", [bucket])).fetchone()
        if row is None:
            raise no_bucket()
        return row

    async def create(self, request: web.Request, caller: Caller) -> web.Response:
        body = await read_json(request)
        name = _rules.check_bucket(body.get("name"))
        values = [
            _rules.check_bucket(body.get("id") or name),
            name,
            as_uuid(caller.owner),
            caller.owner,
            bool(body.get("public")),
            _rules.parse_size(body.get("file_size_limit")),
            body.get("allowed_mime_types"),
        ]
        statement = (
            "insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)"
            " values (%s, %s, %s, %s, %s, %s, %s)"
        )
        async with self._database.asked(caller) as connection:
            await connection.execute(statement, values)
        return web.json_response({"name": name})

    async def update(self, request: web.Request, caller: Caller) -> web.Response:
        body = await read_json(request)
        values: dict[str, Any] = {name: body[name] for name in ("public", "allowed_mime_types") if name in body}
        if "file_size_limit" in body:
            values["file_size_limit"] = _rules.parse_size(body["file_size_limit"])
        parts = "".join(f", {name} = %({name})s" for name in values)
        async with self._database.asked(caller) as connection:
            statement = f"update storage.buckets set updated_at = now(){parts} where id = %(bucket)s"
            changed = await connection.execute(statement, {**values, "bucket": request.match_info["bucket"]})
            if changed.rowcount == 0:
                raise no_bucket()
        return web.json_response({"message": "Successfully updated"})

    async def delete(self, request: web.Request, caller: Caller) -> web.Response:
        bucket = request.match_info["bucket"]
        async with self._database.asked(caller.service()) as connection:
            await self._find(connection, bucket)
            held = await connection.execute("select 1 from storage.objects where bucket_id = %s limit 1", [bucket])
            if await held.fetchone() is not None:
                message = "The bucket you tried to delete is not empty"
                raise Refusal(409, "InvalidRequest", "ResourceNotEmpty", message)
            await become(connection, caller)
            if (await connection.execute("delete from storage.buckets where id = %s", [bucket])).rowcount == 0:
                raise no_bucket()
        return web.json_response({"message": "Successfully deleted"})

    async def empty(self, request: web.Request, caller: Caller) -> web.Response:
        bucket = request.match_info["bucket"]
        async with self._database.asked(caller) as connection:
            await self._find(connection, bucket)
            gone = await connection.execute("delete from storage.objects where bucket_id = %s returning version", [bucket])
            self._objects.files.remove(*(row["version"] for row in await gone.fetchall()))
        return web.json_response({"message": "Empty bucket has been queued. Completion may take up to an hour."})


def shown(row: dict) -> dict:
    """Return a bucket as JSON has it."""
    return {name: row[name] for name in SHOWN} | {"owner": row["owner_id"] or ""}
