"""The table of Storage's routes: verb, path, handler, the operation's name for policies, whether a token may be missing."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from ._buckets import Buckets
from ._errors import answered
from ._files import Files
from ._objects import Objects
from ._scope import Caller, Database, caller_of
from ._signed import Signed
from ._tus import Tus

REQUIRED, OPTIONAL = False, True
PLACE = "{bucket:[^/]+}/{key:.+}"


def application(directory: Path, state: dict) -> web.Application:
    """Return the server."""
    secret, database = state["jwt_secret"], Database(state)
    objects = Objects(database, Files(directory / "objects"))
    signed = Signed(objects, secret)
    app = web.Application(middlewares=[answered], client_max_size=1 << 20)
    app.cleanup_ctx.append(database.pooled)
    app.router.add_get("/status", _status)
    routes = [
        *_bucket_routes(Buckets(objects)),
        *_tus_routes(Tus(objects, signed, directory / "uploads")),
        *_signed_routes(signed),
        *_object_routes(objects),
    ]
    for method, path, handler, operation, optional in routes:
        app.router.add_route(method, path, _asked(handler, operation, secret, optional=optional))
    return app


async def _status(request: web.Request) -> web.Response:
    return web.Response()


def _asked(handler, operation: str, secret: str, *, optional: bool):
    async def handle(request: web.Request) -> web.StreamResponse:
        caller: Caller = caller_of(request, operation, secret, optional=optional)
        return await handler(request, caller)

    return handle


def _bucket_routes(buckets: Buckets) -> list[tuple]:
    one = "/bucket/{bucket}"
    return [
        ("GET", "/bucket", buckets.list, "storage.bucket.list", REQUIRED),
        ("POST", "/bucket", buckets.create, "storage.bucket.create", REQUIRED),
        ("POST", f"{one}/empty", buckets.empty, "storage.bucket.empty", REQUIRED),
        ("GET", one, buckets.get, "storage.bucket.get", REQUIRED),
        ("PUT", one, buckets.update, "storage.bucket.update", REQUIRED),
        ("DELETE", one, buckets.delete, "storage.bucket.delete", REQUIRED),
    ]


def _tus_routes(tus: Tus) -> list[tuple]:
    routes = []
    for base, suffix, token in (("/upload/resumable/sign", "_signed", OPTIONAL), ("/upload/resumable", "", REQUIRED)):
        one = f"{base}/{{id}}"
        for path in (base, f"{base}/"):
            routes += [
                ("POST", path, tus.handler(tus.create), f"storage.tus.upload.create{suffix}", token),
                ("OPTIONS", path, tus.options, f"storage.tus.options{suffix}", OPTIONAL),
            ]
        routes += [
            ("PATCH", one, tus.handler(tus.patch), f"storage.tus.upload.part{suffix}", token),
            ("HEAD", one, tus.handler(tus.head), f"storage.tus.upload.get{suffix}", token),
            ("DELETE", one, tus.handler(tus.terminate), f"storage.tus.upload.delete{suffix}", token),
            ("OPTIONS", one, tus.options, f"storage.tus.options{suffix}", OPTIONAL),
        ]
    return routes


def _signed_routes(signed: Signed) -> list[tuple]:
    return [
        ("POST", f"/object/upload/sign/{PLACE}", signed.sign_upload, "storage.object.sign_upload_url", REQUIRED),
        ("PUT", f"/object/upload/sign/{PLACE}", signed.upload, "storage.object.upload_signed", OPTIONAL),
        ("GET", f"/object/sign/{PLACE}", signed.read, "storage.object.get_signed", OPTIONAL),
        ("HEAD", f"/object/sign/{PLACE}", signed.read, "storage.object.get_signed", OPTIONAL),
        ("POST", f"/object/sign/{PLACE}", signed.sign, "storage.object.sign", REQUIRED),
        ("POST", "/object/sign/{bucket}", signed.sign_many, "storage.object.sign_many", REQUIRED),
    ]


def _object_routes(objects: Objects) -> list[tuple]:
    info, head = "object.get_authenticated_info", "object.head_authenticated_info"
    return [
        ("POST", "/object/list/{bucket}", objects.list, "storage.object.list", REQUIRED),
        ("POST", "/object/list-v2/{bucket}", objects.list_v2, "storage.object.list_v2", REQUIRED),
        ("POST", "/object/copy", objects.copy, "storage.object.copy", REQUIRED),
        ("POST", "/object/move", objects.move, "storage.object.move", REQUIRED),
        ("GET", f"/object/info/authenticated/{PLACE}", objects.info, info, REQUIRED),
        ("GET", f"/object/info/{PLACE}", objects.info, info, OPTIONAL),
        ("GET", f"/object/public/{PLACE}", objects.public, "storage.object.get_public", OPTIONAL),
        ("HEAD", f"/object/public/{PLACE}", objects.public, "storage.object.info_public", OPTIONAL),
        ("GET", f"/object/authenticated/{PLACE}", objects.read, "storage.object.get_authenticated", REQUIRED),
        ("HEAD", f"/object/authenticated/{PLACE}", objects.read, head, REQUIRED),
        ("GET", f"/object/{PLACE}", objects.read, "storage.object.get_authenticated", OPTIONAL),
        ("HEAD", f"/object/{PLACE}", objects.read, head, OPTIONAL),
        ("POST", f"/object/{PLACE}", objects.upload, "storage.object.upload", REQUIRED),
        ("PUT", f"/object/{PLACE}", objects.upload, "storage.object.upload_update", REQUIRED),
        ("DELETE", f"/object/{PLACE}", objects.remove, "storage.object.delete", REQUIRED),
        ("DELETE", "/object/{bucket}", objects.remove_many, "storage.object.delete_many", REQUIRED),
    ]
