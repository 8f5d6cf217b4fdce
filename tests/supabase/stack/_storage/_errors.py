"""What Storage refuses. The HTTP status is 400 whatever the kind, 500 for what broke; the true status stands in the body."""

from __future__ import annotations

import psycopg
from aiohttp import web
from psycopg_pool import PoolTimeout

BAD_REQUEST, SERVER_ERROR, DATABASE_TIMEOUT = 400, 500, 544


class Refusal(Exception):
    """A request that is not granted: the status in the body, Storage's two words for it, a sentence."""

    def __init__(self, status: int, error: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.code, self.message = status, error, code, message

    def response(self) -> web.Response:
        """Return the answer, which must not be stored."""
        body = {"statusCode": str(self.status), "error": self.error, "message": self.message, "code": self.code}
        status = self.status if self.status in (SERVER_ERROR, DATABASE_TIMEOUT) else BAD_REQUEST
        return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


def no_bucket() -> Refusal:
    """A bucket that is not there, or that the caller may not know of."""
    return Refusal(404, "Bucket not found", "NoSuchBucket", "Bucket not found")


def no_object() -> Refusal:
    """An object that is not there, or somebody else's."""
    return Refusal(404, "not_found", "NoSuchKey", "Object not found")


def denied(message: str) -> Refusal:
    """A caller who may not, or whose token is not accepted."""
    return Refusal(403, "Unauthorized", "AccessDenied", message)


def duplicate() -> Refusal:
    """An object that is there already."""
    return Refusal(409, "Duplicate", "KeyAlreadyExists", "The resource already exists")


def too_large() -> Refusal:
    """More bytes than the bucket or the project takes."""
    return Refusal(413, "Payload too large", "EntityTooLarge", "The object exceeded the maximum allowed size")


def invalid(message: str, code: str = "InvalidRequest") -> Refusal:
    """A request of the wrong form."""
    return Refusal(400, code, code, message)


def of_database(error: psycopg.Error) -> Refusal:
    """Return what Storage makes of an error of PostgreSQL."""
    message = error.diag.message_primary or str(error)
    if error.sqlstate == "42501":
        return denied("new row violates row-level security policy" if "row-level security" in message else message)
    known = {
        "23505": duplicate(),
        "23503": Refusal(404, "InvalidRequest", "InvalidRequest", "The related resource does not exist"),
        "55P03": Refusal(423, "ResourceLocked", "ResourceLocked", "The resource is locked"),
        "57014": Refusal(544, "DatabaseTimeout", "DatabaseTimeout", "The connection to the database timed out"),
        "22P02": invalid(message, "InvalidParameter"),
    }
    failure = Refusal(500, "DatabaseError", "DatabaseError", f"database error, code: {error.sqlstate}")
    return known.get(error.sqlstate or "", failure)


@web.middleware
async def answered(request: web.Request, handler) -> web.StreamResponse:
    """Turn refusals, and what the database refuses, into answers."""
    try:
        return await handler(request)
    except Refusal as refused:
        return refused.response()
    except (PoolTimeout, psycopg.OperationalError) as error:
        if isinstance(error, psycopg.Error) and error.sqlstate:
            return of_database(error).response()
        return Refusal(500, "DatabaseError", "DatabaseError", "The database does not answer").response()
    except psycopg.Error as error:
        return of_database(error).response()
