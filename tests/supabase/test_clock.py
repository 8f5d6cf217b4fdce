"""Sleep, wrong clocks and tokens that end on the way: no request is refused, nobody is signed out, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest
from conformance.backend import keep
from relay import Handler, Relay

from jupyter_modelstore.backends.supabase import Objects
from jupyter_modelstore.errors import NotSignedIn
from jupyter_modelstore.identity import EmailSession, _session, claims_of

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

HOUR = 3600.0
PIECE = 6 * 1024 * 1024
LARGE = 15 * 1024 * 1024


class Watched(EmailSession):
    """A session that counts the tokens which a server did not accept."""

    refused = 0

    def token(self, *, refused=None):
        self.refused += refused is not None
        return super().token(refused=refused)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def session(project, person, home):
    made = Watched(home, project.url, project.key)
    made.sign_in(person.email, person.password)
    return made


def stored(home):
    path = next((home / "sessions").glob("*.json"))
    return path, json.loads(path.read_text())


def sleep(home, project, seconds, *, noticed=True):
    """Let the session's token be as old as if that much time had passed; unnoticed, this machine's clocks do not tell."""
    path, held = stored(home)
    claims = dict(claims_of(held["access_token"]))
    ended = {name: int(claims[name] - seconds) for name in ("iat", "exp")}
    held["access_token"] = project.mint(claims, **ended)
    held["issued"] -= seconds
    if noticed:
        held["clock"] -= seconds
        held["uptime"] -= seconds
    path.write_text(json.dumps(held))


# ---- a laptop sleeps -----------------------------------------------------------------------------------------------------


def test_after_a_sleep_the_token_is_renewed_before_anything_is_asked(session, home, project, opened):
    backend = opened(source=session)
    assert keep(backend, "churn").record.version == 1
    sleep(home, project, 9 * HOUR)
    assert keep(backend, "churn", b"other").record.version == 2
    assert session.refused == 0


def test_after_a_sleep_longer_than_the_session_a_save_waits_for_its_person(session, home, project, person, opened):
    backend = opened(source=session)
    assert keep(backend, "churn").record.version == 1
    with psycopg.connect(project.local.env()["ADMIN_DATABASE_URL"], autocommit=True) as db:
        db.execute("delete from auth.sessions where user_id = %s", [person.id])
    sleep(home, project, 90 * 24 * HOUR)
    saved = keep(backend, "churn", b"other").record
    assert (saved.status, saved.extra["waits"]["code"]) == ("pending", "not_signed_in")
    with pytest.raises(NotSignedIn):
        session.token()
    session.sign_in(person.email, person.password)
    assert [each.record.ref for each in backend.resume()] == ["churn:2"]


@pytest.mark.parametrize("off", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_clock_that_is_set_is_noticed_by_nobody(session, home, project, opened, monkeypatch, off):
    backend = opened(source=session)
    assert keep(backend, "churn").record.version == 1
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + off)
    assert keep(backend, "churn", b"2").record.version == 2
    session.token(refused=session.token().value)  # a renewal under the wrong clock
    monkeypatch.undo()
    assert keep(backend, "churn", b"3").record.version == 3
    sleep(home, project, HOUR)
    monkeypatch.setattr(_session, "_uptime", lambda: 0.0)  # another machine of the same home, whose clock is right
    monkeypatch.setattr(_session, "boot_id", lambda: "another")
    assert keep(backend, "churn", b"4").record.version == 4
    assert session.refused == 1


def test_a_token_is_renewed_a_minute_early_and_used_to_its_end_while_auth_is_gone(session, home, project, person):
    first = session.token()
    sleep(home, project, HOUR - 70)
    assert session.token().expires_at == first.expires_at - HOUR + 70
    sleep(home, project, 20)
    with Relay.before("http://127.0.0.1:9") as nobody:
        alone = EmailSession(home, nobody.url, project.key)
        held = stored(home)[1]
        alone._path.write_text(json.dumps(held | {"url": nobody.url}))
        alone._path.chmod(0o600)
        assert alone.token().value == held["access_token"]
    assert session.token().expires_at >= first.expires_at


# ---- a token ends on the way -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "unnoticed"])
def test_a_token_that_ends_between_two_pieces(session, home, project, opened, door, monkeypatch, noticed):
    real, pieces = Objects._try_piece, []

    def piece(self, upload, offset, *more):
        pieces.append(offset)
        if len(pieces) == 2:
            sleep(home, project, 2 * HOUR, noticed=noticed)
        return real(self, upload, offset, *more)

    monkeypatch.setattr(Objects, "_try_piece", piece)
    record = keep(opened(source=session), "churn", os.urandom(LARGE)).record
    assert (record.status, len(door.peek(record))) == ("ready", LARGE)
    assert session.refused == (0 if noticed else 1)
    assert pieces == ([0, PIECE, 2 * PIECE] if noticed else [0, PIECE, PIECE, 2 * PIECE])


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "unnoticed"])
def test_a_token_that_ends_in_the_middle_of_a_download(session, home, project, opened, noticed):
    data = os.urandom(LARGE)
    record = keep(opened(source=session), "churn", data).record

    def half(handler: Handler):
        answer = handler.forward()
        handler.send_response_only(answer.status_code)
        handler.send_header("Content-Length", str(len(answer.content)))
        handler.end_headers()
        handler.wfile.write(answer.content[: LARGE // 2])
        handler.close_connection = True
        relay.is_plain()
        sleep(home, project, 2 * HOUR, noticed=noticed)

    with Relay.before(project.url) as relay:
        relay.answers("GET", "/object/authenticated/", half)
        backend = opened(relay.url, session)
        backend.forget_copy(record)
        assert backend.fetch(record).read_bytes() == data
        asked = [path for method, path in relay.heard if method == "GET"]
    assert len(asked) == (2 if noticed else 3)
    assert session.refused == (0 if noticed else 1)


def test_a_bucket_that_hides_from_an_ended_token_is_there(session, home, project, opened):
    sleep(home, project, 2 * HOUR, noticed=False)
    http = opened(source=session)._objects._http
    answer = http.get(f"{project.url}/storage/v1/object/model-files/{session.known().user_id}/nothing.pkl")
    assert (answer.json()["message"], session.refused) == ("Object not found", 1)
    answer = http.get(f"{project.url}/storage/v1/object/no-such-bucket/nothing.pkl")
    assert (answer.json()["message"], session.refused) == ("Bucket not found", 1)


# ---- several kernels ------------------------------------------------------------------------------------------------------

_KERNEL = """
import os, signal, sys, time
from pathlib import Path
from jupyter_modelstore.identity import EmailSession, _session, signed_client
home, url, key, doomed = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "doomed"
_session._EARLY = 3600 - 0.15  # each token is renewed when it is that old
right = time.time
time.time = lambda: right() + float((home / "clock").read_text())
class Watched(EmailSession):
    def token(self, *, refused=None):
        assert refused is None, "a request was refused"
        return super().token()
if doomed:
    real, renewals = _session.write_private, 0
    def write(path, data):
        global renewals
        renewals += 1
        if renewals == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        real(path, data)
    _session.write_private = write
session = Watched(home, url, key)
with signed_client(session, url, key) as http:
    while not (home / "enough").exists():
        for path, body in (("rest/v1/rpc/modelstore_whoami", {}), ("storage/v1/object/list/model-files", {"prefix": ""})):
            answer = http.post(f"{url}/{path}", json=body)
            assert answer.status_code == 200, answer.text
"""
RENEWALS = 20


def test_four_kernels_share_a_session_while_the_clock_is_set_and_one_is_killed(session, home, project, person):
    clock = home / "clock"
    clock.write_text("0")
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", _KERNEL, str(home), project.url, project.key, "doomed" if n == 0 else "well"],
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    settings = [HOUR, 0.0, -HOUR, 0.0, 3 * HOUR, -HOUR]
    until = time.monotonic() + 100
    with psycopg.connect(project.local.env()["ADMIN_DATABASE_URL"], autocommit=True) as db:
        renewed, killed = 0, False
        while (
            (renewed < RENEWALS or not killed)
            and time.monotonic() < until
            and all(kernel.poll() is None for kernel in kernels[1:])
        ):
            time.sleep(0.05)
            part = clock.with_suffix(".part")
            part.write_text(str(settings[renewed // 3 % len(settings)]))
            part.replace(clock)
            counted = "select count(*) from auth.refresh_tokens where user_id = %s"
            renewed = db.execute(counted, [person.id]).fetchone()[0] - 2  # a sign-up and a sign-in
            killed = kernels[0].poll() is not None
    (home / "enough").touch()
    ends = [(kernel.communicate(timeout=60)[1], kernel.returncode) for kernel in kernels]
    assert ends == [("", -signal.SIGKILL), ("", 0), ("", 0), ("", 0)]
    assert renewed >= RENEWALS
    assert session.token(refused=session.token().value).user_id == person.id
