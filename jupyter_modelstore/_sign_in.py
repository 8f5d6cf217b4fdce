"""``login`` and ``logout``, for every door that has somebody to ask."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from jupyter_modelstore import card, transfer
from jupyter_modelstore._parser import Parser
from jupyter_modelstore._project import Project, sign_in
from jupyter_modelstore.card import Shown
from jupyter_modelstore.config import connect
from jupyter_modelstore.errors import ModelStoreError, NotConfigured
from jupyter_modelstore.names import visible
from jupyter_modelstore.spool import Spool

if TYPE_CHECKING:
    from jupyter_modelstore.identity import EmailSession

HELP = {
    "login": "Sign in to the Supabase project: with a password, or with a one-time code that is sent to you.",
    "logout": "Sign out of the Supabase project.",
}
_EVERYWHERE = "end all your sessions, also those of other machines: there within the hour, when their tokens end"


def parser(command: str, prog: str) -> Parser:
    """Return the parser of a command."""
    made = Parser(prog=prog, description=HELP[command], add_help=False)
    add_arguments(command, made)
    return made


def add_arguments(command: str, to: Parser) -> None:
    """Add a command's arguments to a parser."""
    if command == "login":
        to.add_argument("email", metavar="EMAIL", help="your address in the project")
        how = to.add_mutually_exclusive_group()
        how.add_argument("--code", action="store_true", help="have a one-time code sent, in place of a password")
        how.add_argument("--sign-up", action="store_true", help="make an account")
    else:
        to.add_argument("--everywhere", action="store_true", help=_EVERYWHERE)


def login(project: Project, ask: Callable[[str], str], *, email: str, code: bool = False, sign_up: bool = False) -> Shown:
    """Sign in, and say as whom."""
    if named := project.named_by(os.environ):
        raise NotConfigured(f"{named} says who is asking here: a sign-in would change nothing.", f"Take {named} away first.")
    token = sign_in(project, email, ask, code=code, sign_up=sign_up)
    place = project.url.partition("://")[2]
    left = left_here(project)
    lines = [("on this machine", left, "%modelstore push copies them.")] if left else []
    return card.lines_card(f"Signed in to {visible(place)} as {visible(token.handle)}", [*lines, "%models"])


def left_here(project: Project) -> str:
    """Say how many models of this machine the project does not have; nothing if none, or if that cannot be asked now."""
    with contextlib.suppress(ModelStoreError):
        here, there = (connect(url, home=project.home, key=project.key) for url in ("local:", project.url))
        left = len(transfer.missing(here, there)[0])
        if left:
            return f"{'1 version is' if left == 1 else f'{left} versions are'} not in this project."
    return ""


def left_at_first(project: Project) -> str:
    """Say the same once: after the first sign-in of this home to a project, when it is asked or told what to do about it."""
    return left_here(project) if _is_first(project) else ""


def _is_first(project: Project) -> bool:
    """Tell whether nobody of this home signed in to this project before, and note that somebody has."""
    name = hashlib.sha256(project.url.encode()).hexdigest()[:16]
    try:
        (project.home / "sessions" / f"{name}.known").touch(mode=0o600, exist_ok=False)
    except OSError:  # it is there; or cannot be made, and then nobody is asked each time
        return False
    return True


def logout(project: Project, ask: Callable[[str], str], *, everywhere: bool = False) -> Shown:
    """Sign out, and say so; a job that signs in by itself ends the session that it has."""
    del ask
    named = project.named_by(os.environ)
    if named == "MODELSTORE_ACCESS_TOKEN_FILE":
        raise NotConfigured(f"{named} says who is asking here: there is no sign-in to end.", f"Take {named} away.")
    session = project.session(os.environ.get("MODELSTORE_EMAIL", "").strip())
    waiting = _waiting(project, session)
    was = session.sign_out(everywhere=everywhere)
    place = visible(project.url.partition("://")[2])
    lines = [waiting] if waiting and was else []
    if was and everywhere:
        lines.append(("other machines", "Your sessions there end too, within the hour: when their tokens end."))
    if named:
        lines.append(("from now on", f"{named} signs in again as soon as anything is asked. Take it away to stop that."))
    return card.lines_card(f"Signed out of {place}" if was else f"Nobody was signed in to {place}", lines)


def _waiting(project: Project, session: EmailSession) -> tuple[str, ...]:
    """Say how many saves of whoever signs out have not arrived."""
    with contextlib.suppress(ModelStoreError):
        left = len(Spool(project.home / "spool").waiting(project.url, session.known().user_id))
        if left:
            what = "1 save has" if left == 1 else f"{left} saves have"
            return ("on this machine", f"{what} not arrived.", "What waits is sent when you sign in here again.")
    return ()


RUN: dict[str, Callable[..., Shown]] = {"login": login, "logout": logout}
