"""Signed URLs: whoever holds one may read, or upload once, until it expires."""

from __future__ import annotations

import time
from typing import Any

import jwt
from aiohttp import web

from . import _rules
from ._errors import Refusal, invalid
from ._objects import Objects, Upload, read_json
from ._scope import Caller, complaint, read_token

UPLOAD_LIFETIME = 2 * 3600
UNKNOWN = "Either the object does not exist or you do not have access to it"


class Signed:
    """The routes around signatures."""

    def __init__(self, objects: Objects, secret: str) -> None:
        self._objects, self._secret = objects, secret

    def _sign(self, seconds: int, **claims: Any) -> str:
        issued = int(time.time())
        return jwt.encode({**claims, "iat": issued, "exp": issued + seconds}, self._secret, "HS256")

    def _read(self, token: str | None, url: str, scope: str) -> dict:
        """Return a signature's claims; it must be for this object and this use."""
        if not token:
            raise invalid("querystring must have required property 'token'", "Error")
        try:
            claims = read_token(token, self._secret)
        except jwt.InvalidTokenError as error:
            raise invalid(complaint(error), "InvalidJWT") from error
        if claims.get("url") != url or claims.get("scope") != scope:
            raise invalid("The url do not match the signature", "InvalidSignature")
        return claims

    async def sign(self, request: web.Request, caller: Caller) -> web.Response:
        seconds = lifetime(await read_json(request))
        bucket, name = request.match_info["bucket"], _rules.check_key(request.match_info["key"])
        await self._objects.find(caller, bucket, name)
        return web.json_response({"signedURL": self._url(bucket, name, seconds)})

    def _url(self, bucket: str, name: str, seconds: int) -> str:
        url = f"{bucket}/{name}"
        return f"/object/sign/{url}?token={self._sign(seconds, url=url, scope='download')}"

    async def sign_many(self, request: web.Request, caller: Caller) -> web.Response:
        body = await read_json(request)
        seconds, paths, bucket = lifetime(body), body.get("paths"), request.match_info["bucket"]
        if not isinstance(paths, list) or not paths:
            raise invalid("body must have required property 'paths'", "Error")
        async with self._objects.database.asked(caller) as connection:
            found = await connection.execute(
                "select name from storage.objects where bucket_id = %s and name = any(%s)", [bucket, paths]
            )
            known = {row["name"] for row in await found.fetchall()}
        items = [
            {
                "error": None if path in known else UNKNOWN,
                "path": path,
                "signedURL": self._url(bucket, path, seconds) if path in known else None,
            }
            for path in paths
        ]
        return web.json_response(items)

    async def read(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        bucket, name = request.match_info["bucket"], request.match_info["key"]
        claims = self._read(request.query.get("token"), f"{bucket}/{name}", "download")
        found = await self._objects.find(caller.service(), bucket, name)
        expires = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(claims["exp"]))
        return await self._objects.send(request, found, Expires=expires)

    async def sign_upload(self, request: web.Request, caller: Caller) -> web.Response:
        bucket, name = request.match_info["bucket"], _rules.check_key(request.match_info["key"])
        upload = Upload(bucket, name, caller.owner, request.headers.get("x-upsert") == "true")
        upload.user_metadata = _rules.metadata_header(request.headers.get("x-metadata"))
        await self._objects.may_upload(caller, upload)
        url = f"{bucket}/{name}"
        token = self._sign(UPLOAD_LIFETIME, url=url, owner=caller.owner, upsert=upload.upsert, scope="upload")
        return web.json_response({"url": f"/object/upload/sign/{url}?token={token}", "token": token})

    async def upload(self, request: web.Request, caller: Caller) -> web.Response:
        bucket, name = request.match_info["bucket"], request.match_info["key"]
        claims = self.upload_claims(request.query.get("token"), bucket, name)
        await self._objects.take(
            request, caller.service(), Upload(bucket, name, claims.get("owner"), bool(claims.get("upsert")))
        )
        return web.json_response({"Key": f"{bucket}/{name}"})

    def upload_claims(self, token: str | None, bucket: str, name: str) -> dict:
        """Return the claims of a signature that allows an upload."""
        return self._read(token, f"{bucket}/{name}", "upload")


def lifetime(body: dict) -> int:
    """Return for how many seconds a URL is wanted."""
    seconds = body.get("expiresIn")
    if isinstance(seconds, str) and seconds.isdecimal():  # as storage3 sends it; the schema's validator makes a number of it
        seconds = int(seconds)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise Refusal(400, "Error", "InvalidRequest", "body/expiresIn must be integer")
    if seconds < 1:
        raise Refusal(400, "Error", "InvalidRequest", "body/expiresIn must be >= 1")
    return seconds
