"""What stands in front of a project answers for it: its gateway, a proxy, the network; to Auth, database and storage alike."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeAlias

from jupyter_modelstore.errors import (
    Forbidden,
    ModelFileNotFound,
    ModelStoreError,
    NotConfigured,
    ServiceError,
    Throttled,
    TooLarge,
    Unreachable,
)

if TYPE_CHECKING:
    import ssl

Meaning: TypeAlias = "tuple[type[ModelStoreError], str, str]"
"""Of an answer: the error that it is, what happened, what to do."""

_LATER = "Try again later; a paused project is woken in its dashboard."
_SILENT: Meaning = (Unreachable, "The project does not answer.", _LATER)

BY_STATUS: dict[int, Meaning] = {
    401: (NotConfigured, "The project does not know SUPABASE_KEY.", "Copy the publishable key from the project's settings."),
    403: (Forbidden, "The project refused: you may not do that.", "Ask the admin of the project or space."),
    404: (ModelFileNotFound, "Model file not found in the project's storage.", "%modelstore doctor lists what is missing."),
    409: (ServiceError, "Something with this key is in the project's storage already.", "Try again; nothing was changed."),
    413: (
        TooLarge,
        "The file is larger than the project takes.",
        "Its admin can raise the limit of the bucket model-files.",
    ),
    429: (Throttled, "The project takes no more requests for a while.", "Wait a minute, then try again."),
    540: (Unreachable, "The project is paused.", "Wake it in its dashboard; models are not lost."),
    **dict.fromkeys((502, 503, 504, 520, 521, 522, 523, 524, 530, 544), _SILENT),
}
"""By HTTP status, where no more is said; 52x and 530 are Cloudflare's, 540 and 544 Supabase's own."""

BY_NETWORK: dict[str, Meaning] = {
    "no connection": (
        Unreachable,
        "{url} does not answer.",
        "Check the network and SUPABASE_URL; a paused project is woken in its dashboard.",
    ),
    "no answer in time": (Unreachable, "{url} did not answer in time.", "Try again; check the network."),
}
"""Where nobody answered."""


def of_status(status: int | None, message: str = "") -> ModelStoreError:
    """Return what an HTTP status means, where the body does not say more."""
    if status in BY_STATUS:
        kind, said, hint = BY_STATUS[status]
        return kind(said, hint)
    words = f": {' '.join(message.split())[:120]}" if message and "<" not in message else ""
    return ServiceError(f"The project answered with an error ({status}){words}.", "Try again later.")


def of_network(error: Exception, url: str) -> ModelStoreError:
    """Return what a failure of the connection means."""
    import httpx

    late = isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout)
    kind, said, hint = BY_NETWORK["no answer in time" if late else "no connection"]
    return kind(said.format(url=url), hint)


def not_understood(what: str) -> ServiceError:
    """Return the error for an answer that is not what was asked for; a hotel's log-in page says success, and is none."""
    return ServiceError(
        f"What answered is no Supabase project, or a damaged one: {what}.", "Check SUPABASE_URL, the network and its proxy."
    )


def bad_proxy() -> ModelStoreError:
    """Return the error for a proxy that cannot be used; what its setting holds is not told."""
    return NotConfigured(
        "The proxy that this machine names cannot be used.",
        "Check HTTPS_PROXY (http://host:port, signs in a password written as %40 %2F), or name the project in NO_PROXY.",
    )


@functools.cache
def trusted() -> ssl.SSLContext:
    """Return the certificates that connections trust; read once, which takes longer than a request."""
    import httpx

    return httpx.create_ssl_context()
