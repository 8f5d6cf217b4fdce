"""A job without a person: it signs in by itself, with an address from the environment and a password from a file."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

from jupyter_modelstore._files import is_secret
from jupyter_modelstore.errors import NotSignedIn
from jupyter_modelstore.identity._session import EmailSession
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import AccessToken, Secret

_PAUSE = 60.0  # seconds for which a password that was refused is not tried again: a line asks several times, Auth counts them
_WHAT_FILE = "MODELSTORE_PASSWORD_FILE names a file that holds the password, and nothing else."
_refused: dict[tuple[str, str, Secret], tuple[float, NotSignedIn]] = {}  # session, address and password: until when, and why


class PasswordFileWarning(UserWarning):
    """Others on this machine can read a job's password."""


class Robot:
    """A session that begins by itself whenever there is none.

    Parameters
    ----------
    session
        Where tokens are kept.
    email, password_file
        ``MODELSTORE_EMAIL`` and ``MODELSTORE_PASSWORD_FILE``; the file is read when it is needed, never before.
    """

    def __init__(self, session: EmailSession, email: str, password_file: Path) -> None:
        self._session, self._email, self._password_file = session, email, password_file

    def __repr__(self) -> str:
        """Return the session; nothing secret."""
        return f"Robot({self._session!r})"

    def token(self, *, refused: str | None = None) -> AccessToken:
        """Return a token, signing in if there is no session, or one of somebody else.

        Raises
        ------
        NotSignedIn
            The password cannot be read, or is not right.
        """
        try:
            token = self._session.token(refused=refused)
        except NotSignedIn:
            return self._sign_in()
        return token if token.handle.casefold() == self._email.casefold() else self._sign_in()

    def known(self) -> AccessToken:
        """Return who is signed in; signs in if nobody is."""
        try:
            return self._session.known()
        except NotSignedIn:
            return self._sign_in()

    def _sign_in(self) -> AccessToken:
        password = self._password()
        try:
            return self._sign_in_unless_refused(password)
        except NotSignedIn as error:
            raise NotSignedIn(error.message, "Check MODELSTORE_EMAIL, and what MODELSTORE_PASSWORD_FILE holds.") from error

    def _password(self) -> Secret:
        """Return what the file holds; a warning, if others can read it too."""
        path = visible(str(self._password_file))
        try:
            password = Secret(self._password_file.read_bytes().decode().strip())
            shown = not is_secret(self._password_file)
        except (OSError, ValueError) as error:  # the error itself is left out: it may hold the password
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            raise NotSignedIn(f"{path} cannot be read: {why}.", _WHAT_FILE) from None
        if not password:
            raise NotSignedIn(f"{path} is empty.", _WHAT_FILE)
        if shown:
            said = f"{path} holds a password, and others on this machine can read it: give it mode 600."
            warnings.warn(said, PasswordFileWarning, stacklevel=3)
        return password

    def _sign_in_unless_refused(self, password: Secret) -> AccessToken:
        """Sign in with a password that was not refused within the last minute."""
        what = (repr(self._session), self._email, password)
        until, why = _refused.get(what, (0.0, None))
        if why is not None and time.monotonic() < until:
            raise NotSignedIn(why.message, why.hint)
        try:
            return self._session.sign_in(self._email, password)
        except NotSignedIn as error:
            _refused[what] = (time.monotonic() + _PAUSE, NotSignedIn(error.message, error.hint))  # without its frames
            raise
