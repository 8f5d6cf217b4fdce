"""The HTTP face of Auth. Every request is one transaction; whoever asks is told by the token."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from aiohttp import web
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from . import _users
from ._errors import Refusal, in_shape, not_admin
from ._tokens import Tokens

ADMIN_ROLES = ("service_role", "supabase_admin")
NOBODY = Refusal(404, "user_not_found", "User not found")
DURATIONS = {"s": "seconds", "m": "minutes", "h": "hours"}


class Auth:
    """The routes, over one pool of connections."""

    def __init__(self, directory: Path, state: dict) -> None:
        ports = state["ports"]
        self._url = f"postgresql://supabase_auth_admin:{state['password']}@127.0.0.1:{ports['postgres']}/postgres"
        self.tokens = Tokens(state["jwt_secret"], f"http://127.0.0.1:{ports['gateway']}/auth/v1")
        self.mail = directory / "mail"

    async def pooled(self, app: web.Application):
        """Hold the connections while the server runs."""
        options = {"row_factory": dict_row}
        async with AsyncConnectionPool(
            self._url,
            min_size=0,
            max_size=10,
            timeout=4,
            reconnect_timeout=1,  # a database that is back is asked at once, not after a growing pause
            kwargs=options,
            check=AsyncConnectionPool.check_connection,
            open=False,
        ) as self.pool:
            yield

    async def caller(self, request: web.Request, connection: AsyncConnection) -> tuple[dict, dict]:
        """Return who asks, and the claims; both must still be true."""
        claims = self.tokens.read(bearer(request))
        if not claims.get("sub"):
            raise Refusal(403, "bad_jwt", "invalid claim: missing sub claim")
        user = await _users.by_id(connection, as_uuid(claims["sub"], "sub", 400))
        if user is None:
            raise Refusal(403, "user_not_found", "User from sub claim in JWT does not exist")
        if claims.get("session_id"):
            session = as_uuid(claims["session_id"], "session_id", 403)
            found = await connection.execute("select 1 from auth.sessions where id = %s", [session])
            if await found.fetchone() is None:
                raise Refusal(403, "session_not_found", "Session from session_id claim in JWT does not exist")
        if user["banned_until"] and user["banned_until"] > datetime.now(timezone.utc):
            raise Refusal(403, "user_banned", "User is banned")
        return user, claims

    async def answer(self, connection: AsyncConnection, granted: dict) -> web.Response:
        """Return tokens and whose they are."""
        return web.json_response({**granted, "user": await _users.shown(connection, granted["user"])})

    async def signup(self, request: web.Request) -> web.Response:
        body = await read(request)
        if not body.get("email") and not body.get("phone"):
            raise Refusal(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        if body.get("phone"):
            raise Refusal(400, "phone_provider_disabled", "Phone signups are disabled")
        password, email = _users.check_password(body.get("password")), _users.check_email(body["email"])
        async with self.pool.connection() as connection:
            user = await _users.create(connection, email, password, confirmed=True, user_metadata=body.get("data") or {})
            return await self.answer(connection, await self.tokens.sign_in(connection, user, "password"))

    async def token(self, request: web.Request) -> web.Response:
        grant, body = request.query.get("grant_type", ""), await read(request)
        if grant == "password":
            return await self._by_password(body)
        if grant == "refresh_token":
            if not body.get("refresh_token"):
                return web.json_response(
                    {"error": "invalid_request", "error_description": "refresh_token required"}, status=400
                )
            async with self.pool.connection() as connection:
                return await self.answer(connection, await self.tokens.refresh(connection, str(body["refresh_token"])))
        return web.json_response({"error": "unsupported_grant_type"}, status=400)

    async def _by_password(self, body: dict) -> web.Response:
        async with self.pool.connection() as connection:
            user = await _users.by_email(connection, str(body.get("email", "")).lower())
            if user is None or not _users.matches(str(body.get("password", "")), user["encrypted_password"]):
                raise Refusal(400, "invalid_credentials", "Invalid login credentials")
            if user["banned_until"] and user["banned_until"] > datetime.now(timezone.utc):
                raise Refusal(400, "user_banned", "User is banned")
            if user["email_confirmed_at"] is None:
                raise Refusal(400, "email_not_confirmed", "Email not confirmed")
            return await self.answer(connection, await self.tokens.sign_in(connection, user, "password"))

    async def user(self, request: web.Request) -> web.Response:
        async with self.pool.connection() as connection:
            user, _ = await self.caller(request, connection)
            return web.json_response(await _users.shown(connection, user))

    async def update_user(self, request: web.Request) -> web.Response:
        body = await read(request)
        async with self.pool.connection() as connection:
            user, claims = await self.caller(request, connection)
            if body.get("password"):
                if _users.matches(str(body["password"]), user["encrypted_password"]):
                    raise Refusal(422, "same_password", "New password should be different from the old password.")
                await connection.execute(
                    "delete from auth.sessions where user_id = %s and id is distinct from %s",
                    [user["id"], claims.get("session_id")],
                )
            changed = await change(connection, user, {**body, "user_metadata": body.get("data")})
            return web.json_response(await _users.shown(connection, changed))

    async def logout(self, request: web.Request) -> web.Response:
        scope = request.query.get("scope", "global")
        if scope not in ("global", "local", "others"):
            raise Refusal(400, "validation_failed", f"Unsupported logout scope {scope!r}")
        async with self.pool.connection() as connection:
            user, claims = await self.caller(request, connection)
            rule = {"global": "", "local": " and id = %(session)s", "others": " and id is distinct from %(session)s"}[scope]
            values = {"user": user["id"], "session": claims.get("session_id")}
            await connection.execute(f"delete from auth.sessions where user_id = %(user)s{rule}", values)
        return web.Response(status=204)

    async def otp(self, request: web.Request) -> web.Response:
        body = await read(request)
        if body.get("phone"):
            raise Refusal(400, "phone_provider_disabled", "Unsupported phone provider")
        email = _users.check_email(body.get("email"))
        async with self.pool.connection() as connection:
            user = await _users.by_email(connection, email)
            if user is None:
                if not body.get("create_user", True):
                    raise Refusal(422, "otp_disabled", "Signups not allowed for otp")
                user = await _users.create(connection, email, None, confirmed=False, user_metadata=body.get("data") or {})
            await _users.send_code(connection, user, "magiclink" if user["email_confirmed_at"] else "signup", self.mail)
        return web.json_response({})

    async def recover(self, request: web.Request) -> web.Response:
        email = _users.check_email((await read(request)).get("email"))
        async with self.pool.connection() as connection:
            user = await _users.by_email(connection, email)
            if user is not None:  # nobody learns who has an account
                await _users.send_code(connection, user, "recovery", self.mail)
        return web.json_response({})

    async def verify(self, request: web.Request) -> web.Response:
        body = await read(request)
        if not body.get("type"):
            raise Refusal(400, "validation_failed", "Verify requires a verification type")
        if not body.get("token") and not body.get("token_hash"):
            raise Refusal(400, "validation_failed", "Verify requires a token or a token hash")
        email = _users.check_email(body.get("email")) if not body.get("token_hash") else None
        async with self.pool.connection() as connection:
            user = await _users.redeem(connection, email, body.get("token"), body.get("token_hash"))
            return await self.answer(connection, await self.tokens.sign_in(connection, user, "otp"))

    def require_admin(self, request: web.Request) -> None:
        if self.tokens.read(bearer(request)).get("role") not in ADMIN_ROLES:
            raise not_admin()

    async def admin_create(self, request: web.Request) -> web.Response:
        self.require_admin(request)
        body = await read(request)
        email = _users.check_email(body.get("email"))
        password = _users.check_password(body["password"]) if body.get("password") else None
        async with self.pool.connection() as connection:
            if await _users.by_email(connection, email):
                raise Refusal(422, "email_exists", "A user with this email address has already been registered")
            told = {"user_metadata": body.get("user_metadata"), "app_metadata": body.get("app_metadata"), "id_": body.get("id")}
            user = await _users.create(connection, email, password, confirmed=bool(body.get("email_confirm")), **told)
            return web.json_response(await _users.shown(connection, user))

    async def admin_list(self, request: web.Request) -> web.Response:
        self.require_admin(request)
        page, size = int(request.query.get("page") or 1), int(request.query.get("per_page") or 50)
        async with self.pool.connection() as connection:
            found = await connection.execute(
                "select * from auth.users order by created_at desc limit %s offset %s", [size, (page - 1) * size]
            )
            users = [await _users.shown(connection, user) for user in await found.fetchall()]
        return web.json_response({"users": users, "aud": "authenticated"})

    async def admin_one(self, request: web.Request) -> web.Response:
        self.require_admin(request)
        async with self.pool.connection() as connection:
            user = await _users.by_id(connection, path_id(request))
            if user is None:
                raise NOBODY
            if request.method == "DELETE":
                await connection.execute("delete from auth.users where id = %s", [user["id"]])
                return web.json_response({})
            if request.method == "PUT":
                user = await change(connection, user, await read(request))
            return web.json_response(await _users.shown(connection, user))


async def change(connection: AsyncConnection, user: dict, body: dict) -> dict:
    """Change what is named: address, password, both kinds of metadata, ban."""
    values: dict = {}
    if body.get("email"):
        values["email"] = _users.check_email(body["email"])
        other = await _users.by_email(connection, values["email"])
        if other and other["id"] != user["id"]:
            raise Refusal(422, "email_exists", "A user with this email address has already been registered")
    if body.get("password"):
        values["encrypted_password"] = _users.hashed(_users.check_password(body["password"]))
    for name, column in (("user_metadata", "raw_user_meta_data"), ("app_metadata", "raw_app_meta_data")):
        if isinstance(body.get(name), dict):
            merged = {**(user[column] or {}), **body[name]}
            values[column] = Jsonb({key: value for key, value in merged.items() if value is not None})
    if body.get("ban_duration"):
        values["banned_until"] = banned_until(body["ban_duration"])
    parts = "".join(f", {column} = %({column})s" for column in values)
    changed = await connection.execute(
        f"update auth.users set updated_at = now(){parts} where id = %(id)s returning *", {**values, "id": user["id"]}
    )
    return await changed.fetchone()


def banned_until(duration: str) -> datetime | None:
    """Return the end of a ban: ``none``, ``24h``, ``30m``."""
    if duration == "none":
        return None
    try:
        return datetime.now(timezone.utc) + timedelta(**{DURATIONS[duration[-1]]: float(duration[:-1])})
    except (KeyError, ValueError) as error:
        raise Refusal(400, "validation_failed", f"invalid format for ban duration: {duration!r}") from error


async def read(request: web.Request) -> dict:
    """Return the body, an object."""
    text = await request.text()
    try:
        body = json.loads(text or "{}")
    except ValueError as error:
        raise Refusal(400, "bad_json", f"Could not parse request body as JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refusal(400, "bad_json", "Could not parse request body as JSON: an object is needed")
    return body


def bearer(request: web.Request) -> str:
    """Return the token that a request brings."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Refusal(401, "no_authorization", "This endpoint requires a valid Bearer token")
    return token


def as_uuid(value: object, claim: str, status: int) -> uuid.UUID:
    """Return a claim that must be an id."""
    try:
        return uuid.UUID(str(value))
    except ValueError as error:
        raise Refusal(status, "bad_jwt", f"invalid claim: {claim} claim must be a UUID") from error


def path_id(request: web.Request) -> uuid.UUID:
    """Return the person's id in a path."""
    try:
        return uuid.UUID(request.match_info["id"])
    except ValueError as error:
        raise Refusal(404, "validation_failed", "user_id must be an UUID") from error


async def health(request: web.Request) -> web.Response:
    """Say who this is."""
    return web.json_response({"version": "stand-in", "name": "GoTrue", "description": "A stand-in for tests"})


async def settings(request: web.Request) -> web.Response:
    """Say how people sign in."""
    external = {"email": True, "phone": False, "anonymous_users": False}
    return web.json_response({"external": external, "disable_signup": False, "mailer_autoconfirm": True})


async def jwks(request: web.Request) -> web.Response:
    """A shared secret has no public key."""
    return web.json_response({"keys": []})


def application(directory: Path, state: dict) -> web.Application:
    """Return the server."""
    auth = Auth(directory, state)
    app = web.Application(middlewares=[in_shape])
    app.cleanup_ctx.append(auth.pooled)
    app.add_routes(
        [
            web.get("/health", health),
            web.get("/settings", settings),
            web.get("/.well-known/jwks.json", jwks),
            web.post("/signup", auth.signup),
            web.post("/token", auth.token),
            web.get("/user", auth.user),
            web.put("/user", auth.update_user),
            web.post("/logout", auth.logout),
            web.post("/otp", auth.otp),
            web.post("/magiclink", auth.otp),
            web.post("/recover", auth.recover),
            web.post("/verify", auth.verify),
            web.post("/admin/users", auth.admin_create),
            web.get("/admin/users", auth.admin_list),
            web.get("/admin/users/{id}", auth.admin_one),
            web.put("/admin/users/{id}", auth.admin_one),
            web.delete("/admin/users/{id}", auth.admin_one),
        ]
    )
    return app
