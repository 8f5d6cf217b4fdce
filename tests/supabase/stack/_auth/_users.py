"""People: kept in ``auth.users``, shown as Auth shows them; passwords, one-time codes and their letters."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
import uuid
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from ._errors import Refusal, wrong_code

CODE_LIFETIME = "1 hour"
ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+")
LEAST_PASSWORD, MOST_PASSWORD = 6, 72
SHOWN = (
    "id", "aud", "role", "email", "email_confirmed_at", "invited_at", "phone", "phone_confirmed_at", "confirmation_sent_at",
    "confirmed_at", "recovery_sent_at", "new_email", "email_change_sent_at", "last_sign_in_at", "app_metadata", "user_metadata",
    "identities", "created_at", "updated_at", "banned_until", "is_anonymous",
)  # fmt: skip


def hashed(password: str, salt: str | None = None) -> str:
    """Return a password's hash: scrypt, cheap, for tests. Auth's is bcrypt."""
    salt = salt or secrets.token_hex(8)
    return f"{salt}:{hashlib.scrypt(password.encode(), salt=salt.encode(), n=1 << 10, r=8, p=1).hex()}"


def matches(password: str, kept: str | None) -> bool:
    """Tell whether a password is the one that was hashed."""
    return bool(kept) and hmac.compare_digest(hashed(password, kept.partition(":")[0]), kept)


def check_email(email: Any) -> str:
    """Return an address as it is kept."""
    if not isinstance(email, str) or not ADDRESS.fullmatch(email):
        raise Refusal(400, "validation_failed", "Unable to validate email address: invalid format")
    return email.lower()


def check_password(password: Any) -> str:
    """Return a password that is long enough, and that bcrypt would read to its end."""
    if not isinstance(password, str) or not password:
        raise Refusal(400, "validation_failed", "Signup requires a valid password")
    if len(password) < LEAST_PASSWORD:
        message = f"Password should be at least {LEAST_PASSWORD} characters."
        raise Refusal(422, "weak_password", message, weak_password={"reasons": ["length"]})
    if len(password.encode()) > MOST_PASSWORD:
        raise Refusal(400, "validation_failed", "Password cannot be longer than 72 characters")
    return password


async def by_email(connection: AsyncConnection, email: str) -> dict | None:
    """Return the person with an address."""
    found = await connection.execute("select * from auth.users where lower(email) = %s and not is_sso_user", [email])
    return await found.fetchone()


async def by_id(connection: AsyncConnection, id_: Any) -> dict | None:
    """Return a person."""
    return await (await connection.execute("select * from auth.users where id = %s", [id_])).fetchone()


async def create(
    connection: AsyncConnection,
    email: str,
    password: str | None,
    *,
    confirmed: bool,
    user_metadata: dict | None = None,
    app_metadata: dict | None = None,
    id_: str | None = None,
) -> dict:
    """Keep a new person; the address must be free."""
    user_id = uuid.UUID(id_) if id_ else uuid.uuid4()
    told = {**(user_metadata or {}), "sub": str(user_id), "email": email, "email_verified": confirmed, "phone_verified": False}
    inserted = await connection.execute(
        "insert into auth.users (aud, role, created_at, updated_at, confirmation_token, recovery_token, email_change,"
        " email_change_token_new, instance_id, id, email, encrypted_password, email_confirmed_at, raw_app_meta_data,"
        " raw_user_meta_data) values ('authenticated', 'authenticated', now(), now(), '', '', '', '', %s, %s, %s, %s,"
        " case when %s then now() end, %s, %s) on conflict do nothing returning *",
        [
            uuid.UUID(int=0),
            user_id,
            email,
            hashed(password) if password else "",
            confirmed,
            Jsonb({"provider": "email", "providers": ["email"], **(app_metadata or {})}),
            Jsonb(told if user_metadata is not None else {}),
        ],
    )
    user = await inserted.fetchone()
    if user is None:
        raise Refusal(422, "user_already_exists", "User already registered")
    await connection.execute(
        "insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)"
        " values (%s, %s, %s, 'email', now(), now(), now())",
        [
            str(user_id),
            user_id,
            Jsonb({"sub": str(user_id), "email": email, "email_verified": confirmed, "phone_verified": False}),
        ],
    )
    return user


async def shown(connection: AsyncConnection, user: dict) -> dict:
    """Return a person as JSON has it."""
    identities = await (await connection.execute("select * from auth.identities where user_id = %s", [user["id"]])).fetchall()
    rows = [{**plain(row), "identity_id": str(row["id"]), "id": row["provider_id"]} for row in identities]
    body = {
        **plain(user),
        "phone": user["phone"] or "",
        "app_metadata": user["raw_app_meta_data"] or {},
        "user_metadata": user["raw_user_meta_data"] or {},
        "identities": rows,
    }
    return {name: body[name] for name in SHOWN if body.get(name) is not None}


def plain(row: dict) -> dict:
    """Return a row with times and ids as text."""
    kinds = {datetime: lambda value: value.isoformat().replace("+00:00", "Z"), uuid.UUID: str}
    return {name: kinds.get(type(value), lambda same: same)(value) for name, value in row.items()}


async def send_code(connection: AsyncConnection, user: dict, kind: str, mail: Path) -> None:
    """Make a code of six digits, which replaces the one before, and write the letter that carries it."""
    code = f"{secrets.randbelow(10**6):06d}"
    column, sent = (
        ("confirmation_token", "confirmation_sent_at") if kind == "signup" else ("recovery_token", "recovery_sent_at")
    )
    token_hash = _code_hash(user["email"], code)
    await connection.execute(f"update auth.users set {column} = %s, {sent} = now() where id = %s", [token_hash, user["id"]])
    await connection.execute(
        "insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)"
        " values (gen_random_uuid(), %s, %s, %s, %s)"
        " on conflict (user_id, token_type) do update set token_hash = excluded.token_hash, created_at = now()",
        [user["id"], column, token_hash, user["email"]],
    )
    _write_letter(mail, user["email"], f"Enter the code: {code}\n")


def _write_letter(mail: Path, address: str, text: str) -> None:
    letter = EmailMessage(policy=SMTP)
    letter["To"], letter["From"], letter["Subject"] = address, "noreply@mail.example.org", "Your sign-in code"
    letter.set_content(text)
    mail.mkdir(exist_ok=True)
    part = mail / f"{time.time_ns()}-{uuid.uuid4().hex}.part"
    part.write_bytes(bytes(letter))
    part.rename(part.with_suffix(".eml"))


async def redeem(connection: AsyncConnection, email: str | None, code: Any, token_hash: Any = None) -> dict:
    """Return who a code was sent to; it is used up."""
    wanted = token_hash if isinstance(token_hash, str) else _code_hash(email or "", str(code))
    used = await connection.execute(
        "delete from auth.one_time_tokens where token_hash = %s and created_at > now() - %s::interval returning user_id",
        [wanted, CODE_LIFETIME],
    )
    row = await used.fetchone()
    if row is None:
        raise wrong_code()
    confirmed = await connection.execute(
        "update auth.users set email_confirmed_at = coalesce(email_confirmed_at, now()), updated_at = now(),"
        " confirmation_token = '', recovery_token = '' where id = %s returning *",
        [row["user_id"]],
    )
    return await confirmed.fetchone()


def _code_hash(email: str, code: str) -> str:
    return hashlib.sha224(f"{email}{code}".encode()).hexdigest()
