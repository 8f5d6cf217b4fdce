"""What a project's answers mean: the one edge where errors of PostgREST, Storage and the network become this package's.

PostgREST tells SQLSTATE codes; our functions raise ``PTnnn`` with a word of :mod:`~jupyter_modelstore.errors` as the message.
Storage answers 400 whatever the kind, with the real status in the body; and "Bucket not found" also when the token has expired
(see :func:`of_storage`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_modelstore.errors import (
    Ambiguous,
    Forbidden,
    InUse,
    InvalidName,
    InvalidReference,
    InvalidValue,
    ModelFileNotFound,
    ModelStoreError,
    NameTaken,
    NotFound,
    NotSignedIn,
    QuotaExceeded,
    SchemaMismatch,
    ServiceError,
    StoreBusy,
    Throttled,
    TooLarge,
    Unreachable,
)

if TYPE_CHECKING:
    import httpx

# The words that our functions say (sql/): each with the error that has this code.
_OURS: dict[str, type[ModelStoreError]] = {
    kind.code: kind
    for kind in (
        Ambiguous,
        Forbidden,
        InUse,
        InvalidName,
        InvalidReference,
        InvalidValue,
        NameTaken,
        NotFound,
        NotSignedIn,
        QuotaExceeded,
        TooLarge,
    )
} | {"purged": NotFound, "cannot_share": InvalidValue, "object_missing": ServiceError, "object_differs": ServiceError}

_INIT = "Its admin runs: jupyter modelstore init --check"
_AGAIN = "Try again; nothing was changed."
_GONE = (Unreachable, "The project's database does not answer.", "Try again later; a paused project is woken in its dashboard.")
_BY_CODE: dict[str, tuple[type[ModelStoreError], str, str]] = {
    "PGRST301": (NotSignedIn, "The project does not accept your session.", "Sign in again: %modelstore login YOUR@EMAIL"),
    "PGRST302": (NotSignedIn, "Nobody is signed in.", "%modelstore login YOUR@EMAIL"),
    "PGRST303": (NotSignedIn, "The project does not accept your session.", "Sign in again: %modelstore login YOUR@EMAIL"),
    "PGRST000": (
        Unreachable,
        "The project's database does not answer.",
        "Try again later; a paused project is woken in its dashboard.",
    ),
    "PGRST001": (
        Unreachable,
        "The project's database does not answer.",
        "Try again later; a paused project is woken in its dashboard.",
    ),
    "PGRST002": (
        Unreachable,
        "The project's database does not answer.",
        "Try again later; a paused project is woken in its dashboard.",
    ),
    "PGRST003": (StoreBusy, "The project's database has no connection to spare.", _AGAIN),
    "PGRST202": (SchemaMismatch, "The project's database lacks a function that this version needs.", _INIT),
    "PGRST204": (SchemaMismatch, "The project's database lacks a column that this version needs.", _INIT),
    "PGRST205": (SchemaMismatch, "The project's database lacks a table that this version needs.", _INIT),
    "42P01": (SchemaMismatch, "The project's database lacks a table that this version needs.", _INIT),
    "42883": (SchemaMismatch, "The project's database lacks a function that this version needs.", _INIT),
    "42703": (SchemaMismatch, "The project's database lacks a column that this version needs.", _INIT),
    "42501": (Forbidden, "The project's database refused: you may not do that.", "Ask the admin of the project or space."),
    "22P02": (InvalidValue, "The project's database could not read a value.", "Check what was typed."),
    "22P05": (InvalidValue, "A text holds a character that the database cannot keep (U+0000).", "Remove it."),
    "23505": (ServiceError, "Something with this key is there already.", _AGAIN),
    "23503": (ServiceError, "The project's database does not know this user.", "Sign out and in again."),
    "23514": (InvalidValue, "The project's database refused a value.", "Check what was typed."),
    "40P01": (StoreBusy, "Two changes waited for each other, and this one gave way.", _AGAIN),
    "40001": (StoreBusy, "Another change came first.", _AGAIN),
    "55P03": (StoreBusy, "Another change holds what this one needs.", _AGAIN),
    "57014": (StoreBusy, "The project's database took too long to answer.", _AGAIN),
    "53300": (StoreBusy, "The project's database has no connection to spare.", _AGAIN),
}
RETRIED = frozenset({"40P01", "40001", "55P03", "57014", "53300"})
"""Codes after which the same question may be asked again."""


def of_database(error: Mapping[str, Any], status: int | None = None) -> ModelStoreError:
    """Return what an error of PostgREST means.

    Parameters
    ----------
    error
        Its members ``code``, ``message``, ``details``, ``hint``.
    status
        The HTTP status, if known.
    """
    code, word = str(error.get("code") or ""), str(error.get("message") or "")
    if code.startswith("PT"):
        kind = _OURS.get(word)
        if kind is None:
            return SchemaMismatch(f"The project's database answered with a word that is not known here ({word[:40]}).", _INIT)
        return kind(str(error.get("details") or word), str(error.get("hint") or ""))
    if code in _BY_CODE:
        kind, message, hint = _BY_CODE[code]
        return kind(message, hint)
    return _by_status(int(code) if code.isdigit() and len(code) == 3 else status, word)


def of_storage(answer: httpx.Response) -> ModelStoreError:
    """Return what an error of Storage means. Its token must be known to be good: an expired one looks like a missing bucket."""
    try:
        body = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        return _by_status(answer.status_code, answer.text)
    status = int(body["statusCode"]) if str(body.get("statusCode", "")).isdigit() else answer.status_code
    error, message = str(body.get("error") or ""), str(body.get("message") or "")
    if error in {"Bucket not found", "NoSuchBucket"} or message == "Bucket not found":
        return SchemaMismatch("The project has no bucket model-files.", _INIT)
    if "JWS" in message or "claim" in message or error == "InvalidJWT":
        return NotSignedIn("The project does not accept your session.", "Sign in again: %modelstore login YOUR@EMAIL")
    if error in {"invalid_mime_type", "InvalidKey"}:
        return ServiceError(f"Failed to upload to storage: {error}.", "The bucket model-files must take any type. " + _INIT)
    return _by_status(status, message)


def _by_status(status: int | None, message: str) -> ModelStoreError:
    if status == 401:
        return NotSignedIn(
            "The project does not know SUPABASE_KEY, or your session.", "Copy the publishable key from its settings."
        )
    if status == 403:
        return Forbidden("The project refused: you may not do that.", "Ask the admin of the project or space.")
    if status == 404:
        return ModelFileNotFound("Model file not found in the project's storage.", "%modelstore doctor lists what is missing.")
    if status == 409:
        return ServiceError("Something with this key is in the project's storage already.", _AGAIN)
    if status == 413:
        return TooLarge(
            "The file is larger than the project takes.", "Its admin can raise the limit of the bucket model-files."
        )
    if status == 429:
        return Throttled("The project takes no more requests for a while.", "Wait a minute, then try again.")
    if status == 540:  # Supabase's own, for a project that sleeps
        return Unreachable("The project is paused.", "Wake it in its dashboard; models are not lost.")
    if status in {502, 503, 504, 521, 522, 523, 544}:
        return Unreachable("The project does not answer.", "Try again later; a paused project is woken in its dashboard.")
    words = f": {' '.join(message.split())[:120]}" if message and "<" not in message else ""
    return ServiceError(f"The project answered with an error ({status}){words}.", "Try again later.")


def not_understood(what: str) -> ServiceError:
    """Return the error for an answer that says success and is not what was asked for; a hotel's log-in page does that."""
    return ServiceError(
        f"What answered is no Supabase project, or a damaged one: {what}.", "Check SUPABASE_URL, the network and its proxy."
    )


def of_network(error: Exception, url: str) -> ModelStoreError:
    """Return what a failure of the connection means."""
    import httpx

    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return Unreachable(f"{url} did not answer in time.", "Try again; check the network.")
    return Unreachable(
        f"{url} does not answer.", "Check the network and SUPABASE_URL; a paused project is woken in its dashboard."
    )
