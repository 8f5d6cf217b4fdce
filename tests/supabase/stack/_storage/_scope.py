"""Who asks, and the transactions in which the database is asked as them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jwt
import psycopg
from aiohttp import web
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from ._errors import denied

SETTINGS = (
    "role", "request.jwt.claim.role", "request.jwt", "request.jwt.claim.sub", "request.jwt.claims", "request.headers",
    "request.method", "request.path", "storage.operation", "storage.allow_delete_query", "statement_timeout",
)  # fmt: skip
SCOPE = f"select {', '.join(f'set_config($${name}$$, %s, true)' for name in SETTINGS)}"
STATEMENT_TIMEOUT = "30s"
ACCEPT = {"verify_aud": False, "verify_iat": False, "verify_sub": False, "verify_jti": False}


@dataclass(frozen=True)
class Caller:
    """Whom the database is asked as, and for what."""

    claims: Mapping[str, Any]
    operation: str
    token: str = ""
    method: str = ""
    path: str = ""
    headers: str = "{}"

    @property
    def authenticated(self) -> bool:
        """Tell whether a token was accepted."""
        return bool(self.token)

    @property
    def owner(self) -> str | None:
        """Return whose an object becomes."""
        return self.claims.get("sub")

    def service(self) -> Caller:
        """Return Storage itself, for the same operation: past the policies, not past triggers."""
        return replace(self, claims={"role": "service_role"}, token="")

    def scope(self) -> tuple[str, list[str]]:
        """Return the statement that makes a transaction the caller's, and its values."""
        role = str(self.claims.get("role") or "anon")
        claims = json.dumps(dict(self.claims))
        subject = str(self.claims.get("sub") or "")
        asked = [self.headers, self.method, self.path, self.operation]
        return SCOPE, [role, role, self.token, subject, claims, *asked, "true", STATEMENT_TIMEOUT]


def caller_of(request: web.Request, operation: str, secret: str, *, optional: bool) -> Caller:
    """Return who asks. Where a token is optional, a wrong one counts as none: such a caller is told of no bucket."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    headers = json.dumps({name.lower(): value for name, value in request.headers.items()})
    asked = {"operation": operation, "method": request.method, "path": request.path, "headers": headers}
    try:
        return Caller(claims=read_token(token, secret), token=token, **asked)
    except jwt.InvalidTokenError as error:
        if optional:
            return Caller(claims={"role": "anon"}, **asked)
        raise denied(complaint(error)) from error


def read_token(token: str, secret: str) -> dict[str, Any]:
    """Return a token's claims; it must be true to the second."""
    return jwt.decode(token, secret, algorithms=["HS256"], options=ACCEPT)


def complaint(error: jwt.InvalidTokenError) -> str:
    """Return the sentence for a token that is not accepted."""
    sentences = {
        jwt.ExpiredSignatureError: '"exp" claim timestamp check failed',
        jwt.ImmatureSignatureError: '"nbf" claim timestamp check failed',
        jwt.InvalidSignatureError: "signature verification failed",
    }
    return sentences.get(type(error), "Invalid Compact JWS")


class Database:
    """The stack's database, asked as somebody."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        port = state["ports"]["postgres"]
        self._url = f"postgresql://supabase_storage_admin:{state['password']}@127.0.0.1:{port}/postgres"

    async def pooled(self, app: web.Application) -> AsyncIterator[None]:
        """Hold the connections while the server runs."""
        options = {"row_factory": dict_row}
        async with AsyncConnectionPool(
            self._url,
            min_size=0,
            max_size=20,
            timeout=4,
            reconnect_timeout=1,  # a database that is back is asked at once, not after a growing pause
            kwargs=options,
            check=AsyncConnectionPool.check_connection,
            open=False,
        ) as self._pool:
            yield

    @contextlib.asynccontextmanager
    async def asked(self, caller: Caller) -> AsyncIterator[psycopg.AsyncConnection]:
        """Open a transaction of a caller's; it is committed at the end."""
        async with self._pool.connection() as connection, connection.transaction():
            await become(connection, caller)
            yield connection

    @contextlib.asynccontextmanager
    async def tested(self, caller: Caller) -> AsyncIterator[psycopg.AsyncConnection]:
        """Open a transaction that only asks whether something would be allowed: it is rolled back."""
        async with self._pool.connection() as connection, connection.transaction(force_rollback=True):
            await become(connection, caller)
            yield connection


async def become(connection: psycopg.AsyncConnection, caller: Caller) -> None:
    """Let the rest of a transaction be a caller's."""
    await connection.execute(*caller.scope())
