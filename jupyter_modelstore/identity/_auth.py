"""Calls of a project's Auth, by its own client over a bare connection: no token of anybody's is put on them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_modelstore._gateway import Meaning, bad_proxy, not_understood, of_network, of_status, trusted
from jupyter_modelstore.errors import (
    InvalidValue,
    ModelStoreError,
    NotConfigured,
    NotSignedIn,
    ServiceError,
    Throttled,
    Unreachable,
)
from jupyter_modelstore.protocols import PATIENCE, Secret

if TYPE_CHECKING:
    import httpx
    from supabase_auth import SyncGoTrueClient

_TIMEOUT = 10.0  # seconds for an answer
_CONNECT = 3.0  # seconds for a connection: a dead server is told soon

_ENDED: Meaning = (NotSignedIn, "Your session has ended.", "Sign in again: %modelstore login YOUR@EMAIL")
_WORDS_OF_AUTH = ("msg", "message", "error", "error_code", "error_description")
_WEAK = "weak_password"
BY_CODE: dict[str, Meaning] = {
    "refresh_token_not_found": _ENDED,
    "refresh_token_already_used": _ENDED,
    "session_not_found": _ENDED,
    "session_expired": _ENDED,
    "bad_jwt": _ENDED,
    "user_not_found": _ENDED,
    "invalid_credentials": (
        NotSignedIn,
        "The e-mail address or the password is not right.",
        "Try again; --code sends a one-time code instead, --sign-up makes an account.",
    ),
    "email_not_confirmed": (
        NotSignedIn,
        "The e-mail address is not confirmed yet.",
        "Open the link in the message that was sent to it, then sign in.",
    ),
    "user_already_exists": (
        InvalidValue,
        "There is an account with this address already.",
        "Sign in: %modelstore login YOUR@EMAIL",
    ),
    "email_exists": (
        InvalidValue,
        "There is an account with this address already.",
        "Sign in: %modelstore login YOUR@EMAIL",
    ),
    "email_address_invalid": (InvalidValue, "This is not an e-mail address that the project takes.", "Check its spelling."),
    "validation_failed": (InvalidValue, "This is not an e-mail address that the project takes.", "Check its spelling."),
    "signup_disabled": (NotSignedIn, "The project takes no new accounts.", "Ask its admin for one."),
    "otp_disabled": (
        NotSignedIn,
        "There is no account with this address, or the project sends no codes.",
        "Sign in with a password, or make an account (--sign-up).",
    ),
    "otp_expired": (
        NotSignedIn,
        "The code is wrong or has expired.",
        "Have a new one sent: %modelstore login YOUR@EMAIL --code",
    ),
    "user_banned": (NotSignedIn, "This account has been locked by the project's admin.", "Ask the admin."),
    "over_request_rate_limit": (Throttled, "Too many attempts to sign in.", "Wait a minute, then try again."),
    "over_email_send_rate_limit": (Throttled, "Too many messages were sent.", "Wait an hour, or sign in with a password."),
    _WEAK: (
        InvalidValue,
        "The password is too weak for this project.",
        "Choose a longer one, with letters, digits and signs.",
    ),
}
"""By Auth's own word."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Auth answers to a sign-in or renewal."""

    access_token: Secret = field(repr=False)
    refresh_token: Secret = field(repr=False)


def with_password(url: str, key: str, email: str, password: str) -> Tokens:
    """Sign in with a password."""
    from supabase_auth import types

    with _client(url, key) as auth:
        return _begun(
            auth.sign_in_with_password(types.SignInWithEmailAndPasswordCredentials(email=email, password=password, options={}))
        )


def sign_up(url: str, key: str, email: str, password: str) -> Tokens | None:
    """Make an account; None if the address must be confirmed first."""
    from supabase_auth import types

    with _client(url, key) as auth:
        return _tokens(auth.sign_up(types.SignUpWithEmailAndPasswordCredentials(email=email, password=password, options={})))


def send_code(url: str, key: str, email: str) -> None:
    """Have a one-time code sent; to accounts that are there."""
    with _client(url, key) as auth:
        auth.sign_in_with_otp({"email": email, "options": {"should_create_user": False}})


def with_code(url: str, key: str, email: str, code: str) -> Tokens:
    """Sign in with a one-time code."""
    from supabase_auth import types

    with _client(url, key) as auth:
        return _begun(auth.verify_otp(types.VerifyEmailOtpParams(email=email, token=code, type="email", options={})))


def refreshed(url: str, key: str, refresh_token: str) -> Tokens:
    """Exchange a refresh token.

    Raises
    ------
    NotSignedIn
        The session has ended.
    """
    if not refresh_token:
        kind, message, hint = _ENDED
        raise kind(message, hint)
    with _client(url, key) as auth:
        return _begun(auth.refresh_session(refresh_token))


def sign_out(url: str, key: str, access_token: str, *, everywhere: bool) -> None:
    """End the session of a token; ``everywhere``: all of its person's."""
    with _client(url, key) as auth:
        auth.admin.sign_out(access_token, "global" if everywhere else "local")


def _begun(answer: Any) -> Tokens:  # noqa: ANN401 (AuthResponse)
    tokens = _tokens(answer)
    if tokens is None:
        raise NotSignedIn("The project did not begin a session.", "Try again; its admin sees why in Auth's log.")
    return tokens


def _tokens(answer: Any) -> Tokens | None:  # noqa: ANN401 (AuthResponse)
    session = answer.session
    return None if session is None else Tokens(Secret(session.access_token), Secret(session.refresh_token))


def no_session() -> ServiceError:
    """Return the error for an answer that says success, and holds no session of anybody's."""
    return not_understood("it says that somebody is signed in, and not who")


def _failed(why: str | int) -> ServiceError:
    return ServiceError(f"Signing in failed ({why}).", "Try again later; the project's admin sees why in Auth's log.")


@contextlib.contextmanager
def _client(url: str, key: str) -> Iterator[SyncGoTrueClient]:
    import httpx
    from supabase_auth import SyncGoTrueClient

    timeout = httpx.Timeout(PATIENCE.get() or _TIMEOUT, connect=_CONNECT)
    answers: list[httpx.Response] = []  # the library does not tell the status of an answer that is no JSON
    hooks = {"response": [answers.append]}
    try:
        made = httpx.Client(verify=trusted(), timeout=timeout, follow_redirects=False, event_hooks=hooks)
    except (ValueError, ImportError, httpx.InvalidURL):  # its text may hold the proxy's password
        raise bad_proxy() from None
    with made as http:
        headers = {"apiKey": key, "Authorization": f"Bearer {key}"}
        try:
            yield SyncGoTrueClient(
                url=f"{url}/auth/v1", headers=headers, http_client=http, auto_refresh_token=False, persist_session=False
            )
        # What happened may hold a password, a code or a token, and so do the variables of the library, which a verbose
        # traceback shows: also that of an interrupt.
        except ModelStoreError:
            raise
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None
        except Exception as error:  # noqa: BLE001 (an answer that is none breaks the library anywhere)
            raise _translated(error, url, answers[-1] if answers else None) from None


def _translated(error: Exception, url: str, answer: httpx.Response | None) -> ModelStoreError:
    """Return what an error of the library's means."""
    import httpx
    from supabase_auth.errors import AuthError

    if answer is None and not isinstance(error, (AuthError, httpx.HTTPError, ValueError)):  # a fault of its own
        return _failed(type(error).__name__)
    if answer is None or isinstance(error, httpx.HTTPError):  # the library does not tell what became of the connection
        return of_network(error, url)
    status = answer.status_code
    if status < 400:  # noqa: PLR2004 (a success: what the library says is its own guess)
        return no_session()
    code = str(getattr(error, "code", None) or "")
    if code in BY_CODE:
        kind, message, hint = BY_CODE[code]
        return kind(message, hint)
    known = of_status(status)
    if not code and isinstance(known, (NotConfigured, Throttled, Unreachable)):
        return known
    if not _is_of_auth(answer):
        return not_understood("what it says of a sign-in cannot be read")
    # Its own word is not told where it is none that is known: it may be anything, also what was typed.
    return _failed(status)


def _is_of_auth(answer: httpx.Response) -> bool:
    """Tell whether a refusal is JSON that Auth, or the gateway before it, would write."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and not body.keys().isdisjoint(_WORDS_OF_AUTH)
