"""Sessions, access tokens, and refresh tokens that are used once.

A used refresh token is answered again while its successor is the newest (the client may not have stored the answer), or
for ten seconds; after that its use looks like theft, and the whole family is revoked.
"""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
from psycopg import AsyncConnection

from ._errors import Refusal

LIFETIME = 3600
REUSE_INTERVAL = timedelta(seconds=10)


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


def new_token() -> str:
    """Return what nobody guesses, in Auth's length."""
    return base64.b32encode(secrets.token_bytes(8)).decode().rstrip("=").lower()[:12]


class Tokens:
    """What one server issues and accepts."""

    def __init__(self, secret: str, issuer: str) -> None:
        self._secret, self._issuer = secret, issuer

    def read(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid token."""
        try:
            return jwt.decode(token, self._secret, algorithms=["HS256"], options={"verify_aud": False, "verify_iat": False})
        except jwt.InvalidTokenError as error:
            message = f"invalid JWT: unable to parse or verify signature, {error}"
            raise Refusal(403, "bad_jwt", message) from error

    async def sign_in(self, connection: AsyncConnection, user: dict, method: str) -> dict:
        """Begin a session; return Auth's answer."""
        session, token = uuid.uuid4(), new_token()
        await connection.execute(
            "insert into auth.sessions (id, user_id, created_at, updated_at, aal) values (%s, %s, now(), now(), 'aal1')",
            [session, user["id"]],
        )
        await self._keep(connection, token, user["id"], session, None)
        signed = await connection.execute(
            "update auth.users set last_sign_in_at = now(), updated_at = now() where id = %s returning *", [user["id"]]
        )
        return self._answer(await signed.fetchone(), session, token, [{"method": method, "timestamp": int(time.time())}])

    async def _keep(self, connection: AsyncConnection, token: str, user_id: Any, session: Any, parent: str | None) -> None:
        await connection.execute(
            "insert into auth.refresh_tokens (token, user_id, session_id, parent, revoked, created_at, updated_at, instance_id)"
            " values (%s, %s, %s, %s, false, now(), now(), %s)",
            [token, str(user_id), session, parent, uuid.UUID(int=0)],
        )

    def _answer(self, user: dict, session: uuid.UUID, refresh_token: str, amr: list[dict]) -> dict:
        issued = int(time.time())
        claims = {
            "iss": self._issuer,
            "sub": str(user["id"]),
            "aud": user["aud"],
            "exp": issued + LIFETIME,
            "iat": issued,
            "email": user["email"] or "",
            "phone": user["phone"] or "",
            "app_metadata": user["raw_app_meta_data"] or {},
            "user_metadata": user["raw_user_meta_data"] or {},
            "role": user["role"],
            "aal": "aal1",
            "amr": amr,
            "session_id": str(session),
            "is_anonymous": user["is_anonymous"],
        }
        return {
            "access_token": jwt.encode(claims, self._secret, "HS256"),
            "token_type": "bearer",
            "expires_in": LIFETIME,
            "expires_at": issued + LIFETIME,
            "refresh_token": refresh_token,
            "user": user,
        }

    async def refresh(self, connection: AsyncConnection, token: str) -> dict:
        """Return new tokens for a refresh token; the session's row is locked, so one caller goes after the other."""
        found = await connection.execute(
            "select s.id, s.user_id from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id where t.token = %s"
            " for update of s",
            [token],
        )
        session = await found.fetchone()
        if session is None:
            raise Refusal(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        users = await connection.execute("select * from auth.users where id = %s", [session["user_id"]])
        user = await users.fetchone()
        if user["banned_until"] and user["banned_until"] > now():
            raise Refusal(400, "user_banned", "Invalid Refresh Token: User Banned")
        issued = await self._successor(connection, token, session["id"]) or await self._swap(
            connection, token, user, session["id"]
        )
        await connection.execute(
            "update auth.sessions set refreshed_at = now(), updated_at = now() where id = %s", [session["id"]]
        )
        return self._answer(user, session["id"], issued, [{"method": "password", "timestamp": int(time.time())}])

    async def _successor(self, connection: AsyncConnection, token: str, session: uuid.UUID) -> str | None:
        """Return the active token if it came from this one; None if a new one is due."""
        used = await (await connection.execute("select * from auth.refresh_tokens where token = %s", [token])).fetchone()
        if not used["revoked"]:
            return None
        found = await connection.execute(
            "select token, parent from auth.refresh_tokens where session_id = %s and not revoked order by id desc limit 1",
            [session],
        )
        active = await found.fetchone()
        if active and active["parent"] == token:
            return active["token"]
        if now() > used["updated_at"] + REUSE_INTERVAL:
            await connection.execute(
                "update auth.refresh_tokens set revoked = true, updated_at = now() where session_id = %s and not revoked",
                [session],
            )
            await connection.commit()
            raise Refusal(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
        return None

    async def _swap(self, connection: AsyncConnection, token: str, user: dict, session: uuid.UUID) -> str:
        await connection.execute("update auth.refresh_tokens set revoked = true, updated_at = now() where token = %s", [token])
        issued = new_token()
        await self._keep(connection, issued, user["id"], session, token)
        return issued
