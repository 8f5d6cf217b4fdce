"""What Auth refuses, in the two shapes that clients know."""

from __future__ import annotations

from aiohttp import web
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

VERSION_HEADER = "X-Supabase-Api-Version"
NEW_SHAPE = "2024-01-01"


class Refusal(Exception):
    """A request that is not granted: HTTP status, Auth's word for it, a sentence."""

    def __init__(self, status: int, code: str, message: str, **more) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more


def not_admin() -> Refusal:
    """Who is no admin."""
    return Refusal(403, "not_admin", "User not allowed")


def wrong_code() -> Refusal:
    """A one-time code that is unknown, used or too old."""
    return Refusal(403, "otp_expired", "Token has expired or is invalid")


@web.middleware
async def in_shape(request: web.Request, handler) -> web.StreamResponse:
    """Answer with the shape that the client asked for."""
    try:
        return await handler(request)
    except Refusal as refused:
        new = request.headers.get(VERSION_HEADER, "") >= NEW_SHAPE
        if new:
            body = {"code": refused.code, "message": refused.message, **refused.more}
        else:
            body = {"code": refused.status, "error_code": refused.code, "msg": refused.message, **refused.more}
        headers = {VERSION_HEADER: NEW_SHAPE} if new else {}
        return web.json_response(body, status=refused.status, headers=headers)
    except (OperationalError, PoolTimeout):
        body = {"code": 500, "error_code": "unexpected_failure", "msg": "Database error"}
        return web.json_response(body, status=500)
