"""Resumable uploads (TUS 1.0.0). The HTTP status is the true one here, and the body plain text.

What has arrived stays, also of a piece that was cut off. Each piece asks anew whether the caller may upload.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import defaultdict
from dataclasses import asdict
from email.utils import formatdate
from pathlib import Path
from typing import Any

import psycopg
from aiohttp import web

from . import _rules
from ._errors import Refusal, of_database
from ._files import pieces_of
from ._objects import Objects, Upload
from ._scope import Caller
from ._signed import Signed

VERSION = "1.0.0"
LIFETIME = 24 * 3600
BODY_TYPE = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,termination,expiration"
NOT_FOUND = (404, "The file for this url was not found\n")
GONE = (410, "The file for this url no longer exists\n")
TOO_LARGE = (413, "Maximum size exceeded\n")


class Answer(Exception):
    """A status and a line."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Tus:
    """The routes of resumable uploads; what is known of each stands in a file beside its bytes."""

    def __init__(self, objects: Objects, signed: Signed, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._objects, self._signed, self._directory = objects, signed, directory
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def handler(self, verb):
        """Return a route's handler: the protocol's version is asked for, and its refusals become lines of text."""

        async def handle(request: web.Request, caller: Caller) -> web.StreamResponse:
            if request.headers.get("Tus-Resumable") != VERSION:
                response: web.StreamResponse = web.Response(status=412, text="Tus-Resumable Required\n")
            else:
                response = await _in_plain_text(verb, request, caller)
            response.headers["Tus-Resumable"] = VERSION
            return response

        return handle

    async def options(self, request: web.Request, caller: Caller) -> web.Response:
        headers = {"Tus-Resumable": VERSION, "Tus-Version": VERSION, "Tus-Extension": EXTENSIONS}
        return web.Response(status=204, headers={**headers, "Tus-Max-Size": str(_rules.PROJECT_LIMIT)})

    async def create(self, request: web.Request, caller: Caller) -> web.Response:
        metadata = parse_metadata(request.headers.get("Upload-Metadata"))
        upload, length = self._wanted(request, caller, metadata)
        bucket = await self._objects.bucket(caller, upload.bucket)
        if length is not None and length > _rules.limit_of(bucket):
            raise Answer(*TOO_LARGE)
        caller = self._authorized(request, caller, upload)
        await self._objects.may_upload(caller, upload)
        if metadata.get("contentType"):
            _rules.check_type(upload.mimetype, bucket["allowed_mime_types"])
        info = {**asdict(upload), "expires": time.time() + LIFETIME, "raw": request.headers.get("Upload-Metadata", "")}
        self._objects.files.path(upload.version).touch()
        self._write(info)
        headers = {"Location": location(request, upload), "Upload-Expires": formatdate(info["expires"], usegmt=True)}
        if request.headers.get("Content-Type") == BODY_TYPE:
            response = await self._append(request, caller, upload, info, 0)
            headers.update(response.headers)
        return web.Response(status=201, headers=headers)

    def _wanted(self, request: web.Request, caller: Caller, metadata: dict[str, str]) -> tuple[Upload, int | None]:
        """Return the upload that a request asks for."""
        upsert = request.headers.get("x-upsert") == "true"
        name = _rules.check_key(metadata.get("objectName", ""))
        upload = Upload(_rules.check_bucket(metadata.get("bucketName", "")), name, caller.owner, upsert)
        length = request.headers.get("Upload-Length")
        if length is None and request.headers.get("Upload-Defer-Length") != "1":
            raise Answer(400, "Upload-Length or Upload-Defer-Length header required\n")
        if length is not None and not length.isdecimal():
            raise Answer(400, "Invalid Upload-Length\n")
        upload.length = int(length) if length else None
        upload.mimetype = metadata.get("contentType") or "application/octet-stream"
        seconds = metadata.get("cacheControl", "")
        upload.cache_control = f"max-age={seconds}" if seconds.removeprefix("-").isdecimal() else "no-cache"
        upload.user_metadata = _rules.metadata_field(metadata.get("metadata"))
        return upload, upload.length

    def _authorized(self, request: web.Request, caller: Caller, upload: Upload) -> Caller:
        """Return whom to ask as: the caller, or Storage where the request bears a signature for this object."""
        if not request.path.startswith("/upload/resumable/sign"):
            return caller
        claims = self._signed.upload_claims(request.headers.get("x-signature"), upload.bucket, upload.name)
        upload.owner, upload.upsert = claims.get("owner"), bool(claims.get("upsert"))
        return caller.service()

    async def patch(self, request: web.Request, caller: Caller) -> web.Response:
        if request.headers.get("Content-Type") != BODY_TYPE:
            raise Answer(403, "Content-Type header required\n")
        offset = request.headers.get("Upload-Offset", "")
        if not offset.isdecimal():
            raise Answer(403, "Upload-Offset header required\n")
        upload, info = self._known(request)
        async with self._locks[upload.version]:
            self._present(upload)
            upload.upsert = request.headers.get("x-upsert") == "true"
            upload.owner = caller.owner
            caller = self._authorized(request, caller, upload)
            await self._objects.may_upload(caller, upload)
            return await self._append(request, caller, upload, info, int(offset))

    async def _append(self, request: web.Request, caller: Caller, upload: Upload, info: dict, offset: int) -> web.Response:
        """Take in a piece; the last one makes the object."""
        path = self._objects.files.path(upload.version)
        if path.stat().st_size != offset:
            raise Answer(409, "Upload-Offset conflict\n")
        if upload.length is None and request.headers.get("Upload-Length", "").isdecimal():
            upload.length = info["length"] = int(request.headers["Upload-Length"])
            self._write(info)
        limit = _rules.limit_of(await self._objects.bucket(caller, upload.bucket))
        end = min(limit, upload.length if upload.length is not None else limit)
        try:
            size = await self._objects.files.write(upload.version, pieces_of(request.content.readany), end)
        except Refusal as refused:
            raise Answer(*TOO_LARGE) from refused
        headers = {"Upload-Offset": str(size)}
        if size == upload.length:
            await asyncio.shield(self._objects.complete(caller, upload))
            headers["Tus-Complete"] = "1"
        else:
            headers["Upload-Expires"] = formatdate(info["expires"], usegmt=True)
        return web.Response(status=204, headers=headers)

    async def head(self, request: web.Request, caller: Caller) -> web.Response:
        """Tell how much is there; who may ask is not asked, only for a true token."""
        upload, info = self._known(request)
        size = self._present(upload)
        headers = {"Upload-Offset": str(size), "Cache-Control": "no-store", "Upload-Metadata": info["raw"]}
        headers |= {"Upload-Defer-Length": "1"} if upload.length is None else {"Upload-Length": str(upload.length)}
        if size != upload.length:
            headers["Upload-Expires"] = formatdate(info["expires"], usegmt=True)
        return web.Response(status=200, headers=headers)

    async def terminate(self, request: web.Request, caller: Caller) -> web.Response:
        upload, _ = self._known(request)
        async with self._locks[upload.version]:
            if self._present(upload) == upload.length:
                raise Answer(400, "Cannot terminate an already completed upload\n")
            await self._objects.may_upload(self._authorized(request, caller, upload), upload)
            self._objects.files.remove(upload.version)
            self._file(upload.version).unlink(missing_ok=True)
        return web.Response(status=204)

    def _file(self, version: str) -> Path:
        return self._directory / f"{version}.json"

    def _write(self, info: dict) -> None:
        self._file(info["version"]).write_text(json.dumps(info), encoding="utf-8")

    def _known(self, request: web.Request) -> tuple[Upload, dict[str, Any]]:
        """Return the upload of a URL."""
        try:
            bucket, _, rest = base64.urlsafe_b64decode(request.match_info["id"] + "==").decode().partition("/")
            name, _, version = rest.rpartition("/")
            info = json.loads(self._file(Path(version).name).read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise Answer(*NOT_FOUND) from error
        if (info["bucket"], info["name"]) != (bucket, name):
            raise Answer(*NOT_FOUND)
        fields = {key: value for key, value in info.items() if key not in ("expires", "raw")}
        return Upload(**fields), info

    def _present(self, upload: Upload) -> int:
        """Return how many bytes are there, of an upload that neither expired nor was removed."""
        path = self._objects.files.path(upload.version)
        if not path.exists():
            raise Answer(*GONE)
        size = path.stat().st_size
        if (
            size != upload.length
            and time.time() > json.loads(self._file(upload.version).read_text(encoding="utf-8"))["expires"]
        ):
            raise Answer(*GONE)
        return size


async def _in_plain_text(verb, request: web.Request, caller: Caller) -> web.StreamResponse:
    try:
        return await verb(request, caller)
    except Answer as answer:
        return web.Response(status=answer.status, text=answer.text)
    except Refusal as refused:
        return web.Response(status=refused.status, text=refused.message)
    except psycopg.Error as error:
        refused = of_database(error)
        return web.Response(status=refused.status, text=refused.message)


def parse_metadata(header: str | None) -> dict[str, str]:
    """Return the pairs of an Upload-Metadata header: keys, and values in base64."""
    if not header:
        raise Answer(400, "Metadata header is required")
    pairs = {}
    try:
        for item in header.split(","):
            key, _, value = item.strip().partition(" ")
            pairs[key] = base64.b64decode(value, validate=True).decode()
    except ValueError as error:
        raise Answer(400, "Invalid Upload-Metadata header") from error
    return pairs


def location(request: web.Request, upload: Upload) -> str:
    """Return an upload's URL, as the client reaches it."""
    id_ = base64.urlsafe_b64encode(f"{upload.bucket}/{upload.name}/{upload.version}".encode()).decode().rstrip("=")
    host = request.headers.get("X-Forwarded-Host") or request.host
    return f"http://{host}{request.headers.get('X-Forwarded-Prefix', '')}{request.path.rstrip('/')}/{id_}"
