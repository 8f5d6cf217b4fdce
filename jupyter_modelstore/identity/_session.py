"""A person's session with a project's Auth, shared by all kernels of one home directory.

One file (mode 0600) for each project holds the access token and the refresh token. Auth accepts the newest refresh token and
its direct parent, and takes the use of an older one for theft: it ends the whole session. So a kernel never keeps a refresh
token in memory: it reads the file, uses what stands there, and writes the answer before anybody else does the same (a lease
sees to that; without it two at once are still the newest and its parent). A kernel that is killed between answer and file
leaves the parent there. One that finds another refresh token in the file than it used, or no file, was stopped in between, or
somebody signed in or out meanwhile: it writes nothing.

Expiry is reckoned by the server's clock: each token says when it was issued, and the file notes what this machine's clocks said
then. One of them may be wrong or be set meanwhile, the other stands still while a virtual machine does: the later one counts.

A verbose traceback shows the variables and attributes that its lines name: whatever holds a token here hides it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from jupyter_modelstore._files import file_errors, is_only_mine, is_secret, make_private, write_private
from jupyter_modelstore._lease import boot_id, leased
from jupyter_modelstore.errors import ModelStoreError, NotSignedIn, ServiceError, Throttled, Unreachable
from jupyter_modelstore.identity import _auth
from jupyter_modelstore.identity._keys import claims_of, number_of, token_of
from jupyter_modelstore.protocols import PATIENCE, AccessToken, Secret

if TYPE_CHECKING:
    from jupyter_modelstore.identity._auth import Tokens

_EARLY = 60.0  # seconds before its end at which a token is renewed: storage grants none, and clocks differ
_LAST = 5.0  # seconds before its end up to which a token is used if it cannot be renewed
_WAIT = 5.0  # for another kernel that renews
_WRITES = 2.0  # for the same, before somebody signs in or out
_PAUSE = 15.0  # seconds for which Auth is left alone while a token is good
_SIGN_IN = "%modelstore login YOUR@EMAIL"


class _HiddenBytes(bytes):
    """A file's content, not told by a verbose traceback."""

    def __repr__(self) -> str:
        return "<hidden>"


class EmailSession:
    """Who signed in with an e-mail address.

    Parameters
    ----------
    home
        The user's directory; the session's file lies below it.
    url
        The project's address, ``https://….supabase.co``.
    key
        Its publishable key.
    robot
        The address of a job that signs in by itself: its session is not that of the person whose home it is.
    """

    def __init__(self, home: Path, url: str, key: str, *, robot: str = "") -> None:
        self._url, self._key = url, key
        name = hashlib.sha256(f"{url} {robot.casefold()}".strip().encode()).hexdigest()[:16]
        self._path = home / "sessions" / f"{name}.json"
        self._gone_until = 0.0  # by the monotonic clock: when Auth, which did not answer, is asked again
        self._held: tuple[tuple[int, ...], AccessToken, Mapping[str, Any]] | None = None  # the file's state, token, all

    def __repr__(self) -> str:
        """Return the project, and nothing secret."""
        return f"EmailSession({self._url!r})"

    def __reduce__(self) -> NoReturn:
        """Stay here: a file that is made of it would hold the tokens."""
        raise TypeError("cannot pickle a session: it holds the tokens of a person")

    # ---- signing in and out --------------------------------------------------------------------------------------------------

    def sign_in(self, email: str, password: str) -> AccessToken:
        """Begin a session with a password."""
        return self._keep(_auth.with_password(self._url, self._key, email, password))

    def sign_up(self, email: str, password: str) -> AccessToken | None:
        """Make an account; None if the project wants the address confirmed first."""
        tokens = _auth.sign_up(self._url, self._key, email, password)
        return None if tokens is None else self._keep(tokens)

    def send_code(self, email: str) -> None:
        """Have a one-time code sent to an address."""
        _auth.send_code(self._url, self._key, email)

    def sign_in_with_code(self, email: str, code: str) -> AccessToken:
        """Begin a session with a code that was sent."""
        return self._keep(_auth.with_code(self._url, self._key, email, code))

    def sign_out(self, *, everywhere: bool = False) -> bool:
        """Forget the session, and end it on the server (``everywhere``: all of this person's); tell whether there was one.

        Raises
        ------
        ModelStoreError
            The others could not be ended. Unless this one has ended too, it is still there, for another try.
        """
        if self._stored() is None:
            return False
        token = self._last_token(everywhere=everywhere)
        self._forget()
        if token is not None and not everywhere:
            with contextlib.suppress(Exception):  # whatever Auth says, here it is forgotten
                _auth.sign_out(self._url, self._key, token.value, everywhere=False)
        return True

    def _forget(self) -> None:
        with self._leased(_WRITES), self._file_errors():
            self._path.unlink(missing_ok=True)
        self._held = None

    def _last_token(self, *, everywhere: bool) -> AccessToken | None:
        """Return a token to end the session with, a good one, if it can be had; where all sessions are to end, end them."""
        try:
            token = self.token()
            if everywhere:
                _auth.sign_out(self._url, self._key, token.value, everywhere=True)
        except NotSignedIn:  # it has ended already
            if not everywhere:
                return None
            self._forget()
            raise
        except ModelStoreError as error:
            if not everywhere:
                return None
            error.hint = f"{error.hint} Nothing was ended; without --everywhere you are signed out of this machine.".strip()
            raise
        return token

    # ---- tokens --------------------------------------------------------------------------------------------------------------

    def token(self, *, refused: str | None = None) -> AccessToken:
        """Return a token that is good for another minute, renewing it if it must be.

        Parameters
        ----------
        refused
            A token that the server did not accept, although it looked good.

        Raises
        ------
        NotSignedIn
            Nobody signed in here, or the session has ended.
        Unreachable
            The project's Auth does not answer.
        """
        token, stored = self._current()
        left = token.expires_at - _server_time(stored)
        good = token.value != refused and left >= _LAST
        if good and (left > _EARLY or time.monotonic() < self._gone_until):
            return token
        try:
            return self._renew(token)
        except (ServiceError, Throttled, Unreachable):
            if not good:
                raise
            self._gone_until = time.monotonic() + _PAUSE
            return token  # Auth alone may be gone, and this one is good still

    def known(self) -> AccessToken:
        """Return who signed in, by what is stored here; nobody is asked, and the token may have ended."""
        return self._current()[0]

    def _current(self) -> tuple[AccessToken, Mapping[str, Any]]:
        state = self._state()
        if self._held is None or self._held[0] != state or state == ():
            stored = self._stored()
            if stored is None:
                raise NotSignedIn(f"Nobody is signed in to {self._url}.", f"{_SIGN_IN} asks for your password or sends a code.")
            self._held = (state, *stored)
        return self._held[1], self._held[2]

    def _renew(self, old: AccessToken) -> AccessToken:
        with self._leased(min(_WAIT, PATIENCE.get() or _WAIT)):
            now, stored = self._current()
            if now.value != old.value:  # another kernel was faster
                return now
            used = stored["refresh_token"]
            try:
                return self._keep_renewed(_auth.refreshed(self._url, self._key, used), old, used)
            except NotSignedIn as error:
                return self._after_refusal(used, error)

    @contextlib.contextmanager
    def _leased(self, seconds: float) -> Iterator[None]:
        """Hold the session's lease, if it can be had within so many seconds."""
        with contextlib.ExitStack() as lease:
            with contextlib.suppress(OSError):  # a full disk, or a home that is only read: it is right without a lease too
                lease.enter_context(leased(self._path.with_suffix(".lease"), seconds))
            yield

    def _after_refusal(self, used: Secret, error: NotSignedIn) -> AccessToken:
        """Forget a session that has ended; unless another kernel has stored a newer one meanwhile."""
        stored = self._stored()
        if stored is not None and stored[1]["refresh_token"] != used:
            return self._current()[0]
        with contextlib.suppress(OSError):  # a home that is only read: the next one is told the same
            self._path.unlink(missing_ok=True)
        self._held = None
        raise error

    # ---- the file ------------------------------------------------------------------------------------------------------------

    def _keep(self, tokens: Tokens) -> AccessToken:
        token, stored = self._understood(tokens)
        with self._leased(_WRITES):
            self._write(stored)
        return self._hold(token, stored)

    def _keep_renewed(self, tokens: Tokens, old: AccessToken, used: Secret) -> AccessToken:
        """Keep a renewed session; where it cannot be written, this kernel has the token, and the file its direct parent."""
        token, stored = self._understood(tokens)
        if token.user_id != old.user_id:
            raise _auth.no_session()
        now = self._stored()
        if now is None or now[1]["refresh_token"] != used:  # somebody signed in or out; or this process stood still
            self._held = None
            return self._current()[0]
        try:
            self._write(stored)
        except OSError:
            stored["refresh_token"] = used
        return self._hold(token, stored)

    def _understood(self, tokens: Tokens) -> tuple[AccessToken, dict[str, Any]]:
        """Return whose tokens they are, and what the file holds of a session that begins now.

        Raises
        ------
        ServiceError
            They are nobody's.
        """
        token = token_of(tokens.access_token)
        if token is None or not tokens.refresh_token:
            raise _auth.no_session()
        return token, {
            "url": self._url,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "issued": number_of(claims_of(tokens.access_token).get("iat")) or time.time(),
            "clock": time.time(),
            "boot": boot_id(),
            "uptime": _uptime(),
        }

    def _write(self, stored: Mapping[str, Any]) -> None:
        with self._file_errors():
            make_private(self._path.parent)
            write_private(self._path, _HiddenBytes(json.dumps(stored).encode()))

    def _hold(self, token: AccessToken, stored: Mapping[str, Any]) -> AccessToken:
        self._held = (self._state(), token, stored)
        return token

    def _file_errors(self) -> file_errors:
        return file_errors(f"in {self._path.parent}, where the session is kept")

    def _stored(self) -> tuple[AccessToken, Mapping[str, Any]] | None:
        """Return the token that the file holds, and all else; nothing if it is missing, damaged, or open to others."""
        try:
            if not is_only_mine(self._path):
                return None
            if not is_secret(self._path):
                with contextlib.suppress(OSError):  # a home that is only read
                    self._path.chmod(0o600)
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(stored, dict) or stored.get("url") != self._url:
            return None
        stored |= {name: Secret(stored.get(name) or "") for name in ("access_token", "refresh_token")}
        token = token_of(stored["access_token"])
        return None if token is None else (token, stored)

    def _state(self) -> tuple[int, ...]:
        try:
            state = os.stat(self._path)  # noqa: PTH116 (asked before each request)
        except OSError:
            return ()
        return (state.st_ino, state.st_mtime_ns, state.st_ctime_ns)


def _server_time(stored: Mapping[str, Any]) -> float:
    """Return what the server's clock says now, at the latest."""
    issued, passed = number_of(stored.get("issued")), time.time() - number_of(stored.get("clock"))
    if stored.get("boot") != boot_id():  # another machine's clock was read: this one's may be the right one
        return max(time.time(), issued + passed)
    if stored["boot"]:
        passed = max(passed, _uptime() - number_of(stored.get("uptime")))
    return issued + passed


def _uptime() -> float:
    """Return the seconds since this machine started, its sleep counted."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
