"""The keys of a project: two old ones, which are tokens, and two new ones, for which the gateway puts in those tokens."""

from __future__ import annotations

import hashlib
import time

import jwt

YEARS = 10 * 365 * 24 * 3600
PREFIXES = {"anon": "sb_publishable_", "service_role": "sb_secret_"}


def legacy(role: str, secret: str, now: int | None = None) -> str:
    """Return the token of a role that is its key: ``anon`` or ``service_role``."""
    begun = int(time.time()) if now is None else now
    claims = {"iss": "supabase", "ref": "local", "role": role, "iat": begun, "exp": begun + YEARS}
    return jwt.encode(claims, secret, "HS256")


def opaque(role: str, secret: str) -> str:
    """Return the new kind of key of a role; it says nothing to anybody but the gateway."""
    return PREFIXES[role] + hashlib.sha256(f"{role}:{secret}".encode()).hexdigest()[:31]


def all_keys(secret: str, begun: int) -> dict[str, str]:
    """Return the token that stands for each key of a project."""
    keys = {}
    for role in PREFIXES:
        token = legacy(role, secret, begun)
        keys.update({token: token, opaque(role, secret): token})
    return keys
