"""The one HTTP client under supabase-py and our own transfers: each request to the project carries the token of its moment.

Objects of supabase-py keep the token that they were made with; so the token is put on below them, where each request passes.
Only calls of the project's own origin get it, never those of its sign-in paths, and none after a redirect, which is not
followed. A call that is refused because the token is not accepted is repeated once with another one, if its body can be sent
again.
"""

from __future__ import annotations

import os
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from jupyter_modelstore._gateway import bad_proxy, trusted
from jupyter_modelstore.protocols import AS_NOBODY, PATIENCE

if TYPE_CHECKING:
    import httpx

    from jupyter_modelstore.protocols import TokenSource

_READ = 10.0  # seconds without a byte; the database ends a request after 8, files take their own time
_CONNECT = 3.0  # seconds for a connection: a dead server is told soon
_SILENT = 60.0  # seconds for which a server that did not answer at all is given less time
_READ_OF_SILENT = 2.5
_SAID = 1 << 20  # bytes of a refusal that are read
_NOT_ACCEPTED = ("PGRST301", "PGRST302", "PGRST303", "claim timestamp check failed", "Invalid Compact JWS", "JWT expired")


def signed_client(source: TokenSource, url: str, key: str) -> httpx.Client:
    """Return a client whose requests to ``url`` are made as the person whom the source names.

    Parameters
    ----------
    source
        Asked for a token before each request.
    url, key
        The project's address and publishable key.
    """
    import httpx

    class Signed(httpx.BaseTransport):
        def __init__(self) -> None:
            self._made = (os.getpid(), _connections(url))
            self._origin = _origin(url)
            self._line = _Line()

        @property
        def _inner(self) -> httpx.HTTPTransport:
            """The connections of this process: a forked child must not read its parent's answers."""
            if self._made[0] != os.getpid():
                self._made = (os.getpid(), _connections(url))
            return self._made[1]

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            request.headers["apikey"] = key
            if not self._is_ours(request):
                request.headers.pop("authorization", None)
                return self._line.ask(self._inner, request)
            token = source.token()
            request.headers["authorization"] = f"Bearer {token.value}"
            answer = self._line.ask(self._inner, request)
            if not (_refuses_token(answer) or _hides_refusal(answer, token.expires_at)):
                return answer
            other = source.token(refused=token.value)
            if not _can_be_repeated(request):  # whoever sends a stream may begin it again
                return answer
            answer.close()
            request.headers["authorization"] = f"Bearer {other.value}"
            return self._line.ask(self._inner, request)

        def _is_ours(self, request: httpx.Request) -> bool:
            signs = not request.url.path.startswith("/auth/v1") and not request.extensions.get(AS_NOBODY)
            return signs and _origin(str(request.url)) == self._origin

        def close(self) -> None:
            self._inner.close()

    return httpx.Client(transport=Signed(), timeout=httpx.Timeout(_READ, connect=_CONNECT), follow_redirects=False)


class _Line:
    """How long requests wait for an answer, and how much of a refusal is heard."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def ask(self, connections: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        """Send a request; return the answer, and of a refusal its beginning."""
        import httpx

        self._hasten(request)
        try:
            answer = connections.handle_request(request)
        except httpx.ReadTimeout:
            if request.extensions["timeout"]["read"] >= _READ:  # the whole time, not what somebody had patience for
                self._silent_until = time.monotonic() + _SILENT
            raise
        self._silent_until = 0.0
        if answer.is_error:
            _hear(answer)
        return answer

    def _hasten(self, request: httpx.Request) -> None:
        """Let a request wait no longer for its answer than is wanted now; nor, where the server is silent, each one anew."""
        times = request.extensions.get("timeout", {})
        most = PATIENCE.get()
        if most is None and times.get("read") == _READ and time.monotonic() < self._silent_until:
            most = _READ_OF_SILENT
        if most is not None:
            request.extensions = {**request.extensions, "timeout": {**times, "read": most}}


def _proxy(url: str) -> str | None:
    """Return the proxy that this machine names for an address: httpx looks for one only if the transport is its own."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    return found if found is None or "://" in found else f"http://{found}"


def _connections(url: str) -> httpx.HTTPTransport:
    import httpx

    try:
        return httpx.HTTPTransport(verify=trusted(), retries=0, proxy=_proxy(url))
    except (ValueError, ImportError, httpx.InvalidURL):  # its text may hold the proxy's password
        raise bad_proxy() from None


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return (parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0))


def _hear(answer: httpx.Response) -> None:
    """Read the beginning of a refusal: no server fills the memory with what it says, or goes on for ever."""
    import httpx

    stream = cast("httpx.SyncByteStream", answer.stream)
    said, until = b"", time.monotonic() + _READ
    for piece in stream:
        said += piece
        if len(said) > _SAID or time.monotonic() > until:
            break
    stream.close()
    answer.stream = httpx.ByteStream(said)


def _can_be_repeated(request: httpx.Request) -> bool:
    """Tell whether the body is at hand; a stream has been read."""
    import httpx

    return isinstance(request.stream, httpx.ByteStream)


def _refuses_token(answer: httpx.Response) -> bool:
    """Tell whether the server does not accept the token; Storage says so with another status, in the body."""
    if answer.status_code == 401:  # noqa: PLR2004 (not signed in)
        return True
    if answer.status_code not in {400, 403}:
        return False
    answer.read()
    return any(word.encode() in answer.content for word in _NOT_ACCEPTED)  # whatever charset it claims


def _hides_refusal(answer: httpx.Response, expires_at: float) -> bool:
    """Tell whether Storage says "no such bucket" because the token has ended, by its own clock."""
    if answer.status_code not in {400, 404} or not expires_at:
        return False
    answer.read()
    if b"Bucket not found" not in answer.content and b"NoSuchBucket" not in answer.content:
        return False
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp() >= expires_at
    except (ValueError, OverflowError):
        return False
