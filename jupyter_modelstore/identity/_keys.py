"""What a key or a token says of itself. Nothing here is verified: the server does that, and decides."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

from jupyter_modelstore.errors import NotConfigured
from jupyter_modelstore.protocols import AccessToken, Secret


def claims_of(token: str) -> Mapping[str, Any]:
    """Return the claims that a JSON Web Token (RFC 7519) carries; nothing of what is none."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def number_of(value: object) -> float:
    """Return a number of a token or session; 0 for what is none, or too large to be one."""
    try:
        number = float(value) if isinstance(value, (int, float)) else 0.0
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def token_of(value: str) -> AccessToken | None:
    """Return an access token with what it says of itself; None if it is nobody's, or could not stand in a request."""
    claims = claims_of(value)
    who = claims.get("sub")
    if not isinstance(who, str) or not who or not _is_one_word(value):
        return None
    return AccessToken(
        value=Secret(value),
        expires_at=number_of(claims.get("exp")),
        user_id=who,
        handle=str(claims.get("email") or ""),
    )


def _is_one_word(text: str) -> bool:
    """Tell whether a text can be the value of a header, as keys and tokens are."""
    return text.isascii() and text.isprintable() and " " not in text


def check_key(key: str) -> None:
    """Refuse a key that opens the whole project: a kernel runs whatever a notebook holds.

    Raises
    ------
    NotConfigured
        It is a secret or service-role key, or the database's own; or no key can look like that.
    """
    if not _is_one_word(key):
        raise NotConfigured(
            "SUPABASE_KEY holds a space, a line feed or another character that no key has.",
            "Copy the publishable key from the project's settings again.",
        )
    role = claims_of(key).get("role")
    if key.startswith("sb_secret_") or role not in (None, "anon"):
        raise NotConfigured(
            "SUPABASE_KEY is a secret key, which opens the whole project to whatever runs in this kernel. It was not used.",
            "Set it to the publishable key (sb_publishable_… or anon), or keep models on this machine: MODELSTORE_URL=local:",
        )
