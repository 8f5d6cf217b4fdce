"""What a project's answers mean: the one edge where errors of PostgREST, Storage and the network become this package's.

PostgREST tells SQLSTATE codes; our functions raise ``PTnnn`` with a word of :mod:`~jupyter_modelstore.errors` as the message.
Storage answers 400 whatever the kind, with the real status in the body; and "Bucket not found" also when the token has expired
(see :func:`of_storage`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_modelstore._gateway import Meaning, not_understood, of_status
from jupyter_modelstore.errors import (
    Ambiguous,
    Forbidden,
    InUse,
    InvalidName,
    InvalidReference,
    InvalidValue,
    ModelStoreError,
    NameTaken,
    NotConfigured,
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
OURS: dict[str, type[ModelStoreError]] = {
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

_UNKNOWN: dict[str, type[ModelStoreError]] = {
    "PT400": InvalidValue,
    "PT401": NotSignedIn,
    "PT403": Forbidden,
    "PT404": NotFound,
    "PT410": NotFound,
    "PT413": TooLarge,
}
"""A word of a newer database's is told with its own sentence; what it is, its status says."""
_MOST_WORDS = 1000  # characters of a sentence of the database's
_INIT = "Its admin runs: jupyter modelstore init --check"
_FIRST = "modelstore_whoami"  # the function that is asked before all others: without it, nothing is installed most likely
_INSTALL = "Its admin runs: jupyter modelstore init; if that finds nothing to do, jupyter modelstore init --again"
_AGAIN = "Try again; nothing was changed."
_GONE: Meaning = (
    Unreachable,
    "The project's database does not answer.",
    "Try again later; a paused project is woken in its dashboard.",
)
_BUSY: Meaning = (StoreBusy, "The project's database has no connection to spare.", _AGAIN)
_VALUE: Meaning = (InvalidValue, "The project's database refused a value.", "Check what was typed.")
_SESSION: Meaning = (
    NotSignedIn,
    "The project does not accept your session.",
    "Sign in again: %modelstore login YOUR@EMAIL",
)


def _lacks(what: str) -> Meaning:
    return SchemaMismatch, f"The project's database lacks a {what} that this version needs.", _INIT


BY_CODE: dict[str, Meaning] = {
    "PGRST301": _SESSION,
    "PGRST302": (NotSignedIn, "Nobody is signed in.", "%modelstore login YOUR@EMAIL"),
    "PGRST303": _SESSION,
    "PGRST000": _GONE,
    "PGRST001": _GONE,
    "PGRST002": _GONE,
    "PGRST003": _BUSY,
    "PGRST202": _lacks("function"),
    "PGRST204": _lacks("column"),
    "PGRST205": _lacks("table"),
    "42P01": _lacks("table"),
    "42883": _lacks("function"),
    "42703": _lacks("column"),
    "42501": (Forbidden, "The project's database refused: you may not do that.", "Ask the admin of the project or space."),
    "22P02": (InvalidValue, "The project's database could not read a value.", "Check what was typed."),
    "22P05": (InvalidValue, "A text holds a character that the database cannot keep (U+0000).", "Remove it."),
    "23505": (ServiceError, "Something with this key is there already.", _AGAIN),
    "23503": (ServiceError, "The project's database does not know this user.", "Sign out and in again."),
    "23502": _VALUE,
    "23514": _VALUE,
    "40P01": (StoreBusy, "Two changes waited for each other, and this one gave way.", _AGAIN),
    "40001": (StoreBusy, "Another change came first.", _AGAIN),
    "55P03": (StoreBusy, "Another change holds what this one needs.", _AGAIN),
    "57014": (StoreBusy, "The project's database took too long to answer.", _AGAIN),
    "53300": _BUSY,
}
"""By what PostgREST tells: a code of its own, or the SQLSTATE of the database."""
_NO_BUCKET: Meaning = (
    SchemaMismatch,
    "The project has no bucket model-files.",
    "Its admin runs: jupyter modelstore init --again",
)
_NOT_TAKEN = "Its admin lets the bucket model-files take any type: dashboard, Storage, model-files, Allowed MIME types, none."
BY_WORD: dict[str, Meaning] = {
    "Bucket not found": _NO_BUCKET,
    "NoSuchBucket": _NO_BUCKET,
    "InvalidJWT": _SESSION,
    "JWS": _SESSION,
    "claim": _SESSION,
    "invalid_mime_type": (ServiceError, "Failed to upload to storage: it does not take this type of file.", _NOT_TAKEN),
    "InvalidKey": (ServiceError, "Failed to upload to storage: it does not take this name of a file.", _INIT),
}
"""By a word of Storage's, whatever its status says."""
_REFUSED = "42501"
RETRIED = frozenset({"40P01", "40001", "55P03", "57014", "53300"})
"""Codes after which the same question may be asked again."""


def of_database(error: Mapping[str, Any], status: int) -> ModelStoreError:
    """Return what an error of PostgREST means.

    Parameters
    ----------
    error
        Its members ``code``, ``message``, ``details``, ``hint``; none of them, if the gateway answered.
    status
        The HTTP status.
    """
    code, word = str(error.get("code") or ""), str(error.get("message") or "")
    if code.startswith("PT"):
        kind = OURS.get(word) or _UNKNOWN.get(code, ServiceError)
        return kind(str(error.get("details") or word)[:_MOST_WORDS], str(error.get("hint") or "")[:_MOST_WORDS])
    if code in BY_CODE:
        return _of_code(code, word)
    if status == 404 and not code:
        return not_understood("there is no database at its address")
    return of_status(status, word)


def of_storage(answer: httpx.Response) -> ModelStoreError:
    """Return what an error of Storage means. Its token must be known to be good: an expired one looks like a missing bucket."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):  # a resumable upload is refused in plain words, a proxy with a page
        text = _text(answer)
        body = {"message": "" if "<" in text else text}
    said = str(body.get("statusCode", ""))
    status = int(said) if said.isascii() and said.isdigit() and len(said) == 3 else answer.status_code
    words, message = (body.get("error"), body.get("code")), str(body.get("message") or "")
    for word, meaning in BY_WORD.items():
        if word in words or word in message:
            return _error(meaning)
    return of_status(status, message)


def of_nobody(answer: httpx.Response) -> ModelStoreError | None:
    """Return why a service cannot be used, by what it answers to nobody; None also if it only refuses nobody."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        body = None
    code, word = (str(body.get(part) or "") for part in ("code", "message")) if isinstance(body, dict) else ("", "")
    if code in BY_CODE and code != _REFUSED:
        return _of_code(code, word)
    known = of_status(answer.status_code)
    if isinstance(known, Unreachable):  # the gateway says so, with a page
        return known
    if _text(answer).lstrip().startswith("<"):
        return not_understood("a page came in place of an answer")
    if answer.is_success or code:
        return None
    return known if isinstance(known, (NotConfigured, Throttled, ServiceError)) else None


def _text(answer: httpx.Response) -> str:
    """Return the beginning of an answer as text, whatever charset it claims to have."""
    return answer.content[:_MOST_WORDS].decode(errors="replace")


def _of_code(code: str, word: str) -> ModelStoreError:
    """Return what a code of the database means; one that lacks even the first function is not checked, but installed."""
    kind, message, hint = BY_CODE[code]
    return kind(message, _INSTALL if code == "PGRST202" and _FIRST in word else hint)


def _error(meaning: Meaning) -> ModelStoreError:
    kind, message, hint = meaning
    return kind(message, hint)
