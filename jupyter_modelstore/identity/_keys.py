"""What a key or a token says of itself. Nothing here is verified: the server does that, and decides."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from jupyter_modelstore.errors import NotConfigured


def claims_of(token: str) -> Mapping[str, Any]:
    """Return the claims that a JSON Web Token (RFC 7519) carries; nothing of what is none."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}


def number_of(value: object) -> float:
    """Return a number of a token or session; 0 for what is none, or too large to be one."""
    try:
        return float(value) if isinstance(value, (int, float)) else 0.0
    except OverflowError:
        return 0.0


def check_key(key: str) -> None:
    """Refuse a key that opens the whole project: a kernel runs whatever a notebook holds.

    Raises
    ------
    NotConfigured
        It is a secret or service-role key, or the database's own.
    """
    role = claims_of(key).get("role")
    if key.startswith("sb_secret_") or role not in {None, "anon"}:
        raise NotConfigured(
            "SUPABASE_KEY is a secret key, which opens the whole project to whatever runs in this kernel. It was not used.",
            "Set it to the publishable key (sb_publishable_… or anon), or keep models on this machine: MODELSTORE_URL=local:",
        )
