"""A Supabase project from its settings: who is asking, over which client, and the backend that answers."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_modelstore._files import expanded
from jupyter_modelstore.errors import InvalidValue, NotConfigured, NotSignedIn
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import AccessToken, Backend, Secret, TokenSource

if TYPE_CHECKING:
    from jupyter_modelstore.identity import EmailSession

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_CODE_TRIES = 3
_HERE = re.compile(r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::|$)")


def _is_address(text: str) -> bool:
    """Tell whether a text is an address, with a port that there can be and a name that the network's names allow."""
    import httpx

    try:
        parts = urlsplit(text)
        (parts.hostname or "").encode("idna")
        return bool(_ADDRESS.fullmatch(text) and parts.port != 0 and httpx.URL(text).host)
    except (ValueError, httpx.InvalidURL):
        return False


def _setting_of(url: str, environment: Mapping[str, str]) -> str:
    """Say where an address comes from, to whoever must mend it there."""
    names = (name for name in ("MODELSTORE_URL", "SUPABASE_URL") if environment.get(name, "").strip() == url.strip())
    return next(names, "The store's address")


def _check_address(address: str, setting: str) -> None:
    """Raise unless tokens may be sent to an address; it is not told: it may be a database's, with a password."""
    if not _is_address(address):
        raise NotConfigured(f"{setting} is no address of a Supabase project.", "It looks like https://abcdefgh.supabase.co")
    if address.startswith("http://") and not _HERE.match(address):
        port = urlsplit(address).port or 80
        raise NotConfigured(
            f"{setting} begins with http://, over which tokens would travel readable: that is for this machine only.",
            "Put TLS before the project (a reverse proxy) and write https://, or tunnel:"
            f" ssh -L 8000:127.0.0.1:{port} ITS-HOST, then http://127.0.0.1:8000",
        )


@dataclass(frozen=True)
class Project:
    """A project, and how this user comes to it.

    Attributes
    ----------
    url : str
        Its address, without a path.
    key : str
        Its publishable key.
    home : Path
        The user's directory: session, cache, spool.
    space : str
        A group's space; empty for one's own.
    """

    url: str
    key: str
    home: Path
    space: str = ""

    @classmethod
    def of(cls, url: str, home: Path, environment: Mapping[str, str], *, key: str = "", space: str = "") -> Project:
        """Read the settings.

        Raises
        ------
        NotConfigured
            The key is missing, or is one that a kernel must not hold; or the address is none.
        """
        from jupyter_modelstore.identity import check_key

        address = url.strip().lower().rstrip("/").removesuffix("/rest/v1")
        _check_address(address, _setting_of(url, environment))
        key = (key or environment.get("SUPABASE_KEY", "")).strip()
        if not key:
            raise NotConfigured(
                "Supabase not configured: SUPABASE_KEY is missing.",
                "Set it to the project's publishable key, or keep models on this machine: MODELSTORE_URL=local:",
            )
        check_key(key)
        space = space or environment.get("MODELSTORE_SPACE", "").strip()
        if not space.isprintable():
            raise NotConfigured(
                f"MODELSTORE_SPACE names no space: '{visible(space)}'", "Look for a character that is not seen."
            )
        return cls(address, key, home, space)

    def session(self, robot: str = "") -> EmailSession:
        """Return the sign-in of this user; or that of a job which signs in by itself, under its own address."""
        from jupyter_modelstore.identity import EmailSession

        return EmailSession(self.home, self.url, self.key, robot=robot)

    def named_by(self, environment: Mapping[str, str]) -> str:
        """Return the setting that says who is asking: a file brings tokens, a job has a password. Empty: people sign in."""
        names = ("MODELSTORE_ACCESS_TOKEN_FILE", "MODELSTORE_EMAIL", "MODELSTORE_PASSWORD_FILE")
        return next((name for name in names if environment.get(name, "").strip()), "")

    def source(self, environment: Mapping[str, str]) -> TokenSource:
        """Return where tokens come from: a file that somebody renews, a robot's password, or this user's session."""
        from jupyter_modelstore.identity import FileToken, Robot

        if token := environment.get("MODELSTORE_ACCESS_TOKEN_FILE", "").strip():
            return FileToken(expanded(token))
        email, password = (
            environment.get("MODELSTORE_EMAIL", "").strip(),
            environment.get("MODELSTORE_PASSWORD_FILE", "").strip(),
        )
        if not email and not password:
            return self.session()
        if not email or not password:
            missing = "MODELSTORE_PASSWORD_FILE" if email else "MODELSTORE_EMAIL"
            raise NotConfigured(f"{missing} is missing.", "A job needs both MODELSTORE_EMAIL and MODELSTORE_PASSWORD_FILE.")
        return Robot(self.session(email), email, expanded(password))

    def backend(self, environment: Mapping[str, str]) -> Backend:
        """Return the backend; nothing is asked of the project yet."""
        from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend
        from jupyter_modelstore.cache import Cache
        from jupyter_modelstore.identity import OneUser, signed_client
        from jupyter_modelstore.spool import Spool

        source = OneUser(self.source(environment))
        http = signed_client(source, self.url, self.key)
        made = SupabaseBackend(
            Functions(http, self.url, source),
            Objects(http, self.url),
            source=source,
            cache=Cache(self.home / "cache"),
            spool=Spool(self.home / "spool"),
            url=self.url,
            space=self.space,
        )
        weakref.finalize(made, http.close)  # connections are kept alive for as long as somebody has the store
        return made


def sign_in_with_code(project: Project, email: str, code: str) -> AccessToken:
    """Sign in with a one-time code that was sent before."""
    code = _not_empty(Secret(code))
    _check(email)
    return project.session().sign_in_with_code(email, code)


def _with_code(session: EmailSession, email: str, ask: Callable[[str], str]) -> AccessToken:
    """Ask for the code that was sent; once more, if it was mistyped."""
    code = _not_empty(Secret(ask(f"The code that was sent to {email}: ").strip()))
    for _ in range(_CODE_TRIES - 1):
        try:
            return session.sign_in_with_code(email, code)
        except NotSignedIn:
            code = Secret(ask("That code is wrong or has expired. Type it again, or nothing to give up: ").strip())
            if not code:
                raise
    return session.sign_in_with_code(email, code)


def _check(email: str) -> None:
    _whole(email)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise InvalidValue(f"'{visible(email)}' is no e-mail address.", "%modelstore login you@example.org")


def _not_empty(secret: Secret) -> Secret:
    _whole(secret)
    if not secret:
        raise InvalidValue("Nothing was typed.", "Try again.")
    return secret


def _whole(typed: str) -> None:
    try:
        typed.encode()
    except UnicodeEncodeError:
        raise InvalidValue("What was typed holds half a character.", "Type it again.") from None


def send_code(project: Project, email: str) -> None:
    """Have a one-time code sent to an address."""
    _check(email)
    project.session().send_code(email)


def sign_in(
    project: Project,
    email: str,
    ask: Callable[[str], str],
    *,
    code: bool = False,
    sign_up: bool = False,
) -> AccessToken:
    """Sign in, or make an account, asking for what is secret.

    Parameters
    ----------
    project
        Where.
    email
        As whom.
    ask
        Shows a question and returns what is typed, unseen.
    code
        With a one-time code that is sent to the address, not with a password.
    sign_up
        Make an account.

    Raises
    ------
    NotSignedIn
        It did not work, or the address must be confirmed first.
    """
    _check(email)
    session, place = project.session(), project.url.partition("://")[2]
    if code:
        send_code(project, email)
        return _with_code(session, email, ask)
    if not sign_up:
        return session.sign_in(email, _not_empty(Secret(ask(f"Password of {email} for {place}: "))))
    password = _not_empty(Secret(ask(f"A new password of {email} for {place}: ")))
    if ask("The same again: ") != password:
        raise InvalidValue("The two passwords differ.", "Nothing was done; try again.")
    token = session.sign_up(email, password)
    if token is None:
        raise NotSignedIn("The account is made; its address must be confirmed.", "Open the link in the message, then sign in.")
    return token
