"""Signing in, and one session shared by several kernels: nobody is refused, nobody signed out."""

from __future__ import annotations

import base64
import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import httpx
import pytest
from relay import Relay, Reply

from jupyter_modelstore.errors import (
    DiskFull,
    InvalidValue,
    ModelStoreError,
    NotConfigured,
    NotSignedIn,
    ReadOnly,
    ServiceError,
    Unreachable,
)
from jupyter_modelstore.identity import EmailSession, FileToken, Robot, _robot, _session, check_key, signed_client
from jupyter_modelstore.protocols import Secret

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


@pytest.fixture
def session(stack, tmp_path):
    return EmailSession(tmp_path, stack.url, stack.key)


def file_of(home: Path) -> Path:
    return next((home / "sessions").glob("*.json"))


def test_a_password_begins_a_session_that_the_next_kernel_has(session, stack, people, tmp_path):
    token = session.sign_in(people[0].email, people[0].password)
    assert (token.user_id, token.handle) == (people[0].id, people[0].email)
    assert EmailSession(tmp_path, stack.url, stack.key).token() == token
    assert file_of(tmp_path).stat().st_mode & 0o777 == 0o600


def test_nothing_secret_is_shown(session, people, tmp_path):
    token = session.sign_in(people[0].email, people[0].password)
    shown = f"{session!r} {token!r} {FileToken(tmp_path / 'token')!r}"
    assert token.value not in shown
    assert "eyJ" not in shown


def test_a_wrong_password_says_so_without_it(session, people):
    with pytest.raises(NotSignedIn, match="not right") as caught:
        session.sign_in(people[0].email, "wrong-password-canary")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_account_is_made_and_an_address_is_taken_once(session, stack):
    email = f"new-{os.urandom(6).hex()}@example.org"
    token = session.sign_up(email, "long enough 1!")
    assert token is not None
    assert token.handle == email
    with pytest.raises(InvalidValue, match="already"):
        session.sign_up(email, "long enough 1!")


def test_a_one_time_code_begins_a_session(session, stack, people):
    if stack.local is None:
        pytest.skip("only the stack on this machine shows the messages it sends")
    session.send_code(people[0].email)
    assert session.sign_in_with_code(people[0].email, stack.local.code(people[0].email)).user_id == people[0].id
    with pytest.raises(NotSignedIn, match="wrong or has expired"):
        session.sign_in_with_code(people[0].email, "000000")


def test_signing_out_forgets_here_and_ends_it_there(session, people, tmp_path):
    session.sign_in(people[0].email, people[0].password)
    stored = file_of(tmp_path).read_bytes()
    assert session.sign_out()
    assert not session.sign_out()
    with pytest.raises(NotSignedIn, match="Nobody is signed in"):
        session.token()
    path = tmp_path / "sessions"
    next_file = path / "kept.json"
    next_file.write_bytes(stored)
    assert not list(path.glob("[!k]*.json"))


def test_a_session_that_ended_is_forgotten(session, people, tmp_path):
    session.sign_in(people[0].email, people[0].password)
    stored = json.loads(file_of(tmp_path).read_text())
    file_of(tmp_path).write_text(json.dumps(stored | {"refresh_token": "nosuchtoken1"}))
    with pytest.raises(NotSignedIn, match="has ended"):
        session.token(refused=stored["access_token"])
    assert not list((tmp_path / "sessions").glob("*.json"))


def test_a_file_that_others_may_write_is_not_believed(session, people, tmp_path):
    session.sign_in(people[0].email, people[0].password)
    file_of(tmp_path).chmod(0o666)
    with pytest.raises(NotSignedIn):
        session.token()


def test_a_dead_project_is_told_soon(tmp_path):
    session = EmailSession(tmp_path, "http://127.0.0.1:9", "sb_publishable_x")
    began = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer"):
        session.sign_in("ada@example.org", "x")
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("kind", ["SERVICE_KEY", "SECRET_KEY"])
def test_a_secret_key_is_refused(stack, kind):
    if stack.local is None:
        pytest.skip("only the stack on this machine has every kind of key")
    with pytest.raises(NotConfigured, match="secret key"):
        check_key(stack.local.env()[kind])
    check_key(stack.key)
    check_key(stack.local.env()["ANON_KEY"])


def test_a_token_file_is_read_anew_and_a_refused_one_is_told(people, tmp_path):
    path = tmp_path / "token"
    with pytest.raises(NotSignedIn):
        FileToken(path).token()
    path.write_text(people[0].access_token + "\n")
    assert FileToken(path).token().user_id == people[0].id
    with pytest.raises(NotSignedIn, match="not accepted"):
        FileToken(path).token(refused=people[0].access_token)


def test_a_password_that_others_can_read_is_used_with_a_warning(session, people, tmp_path):
    path = tmp_path / "password"
    path.write_text(people[0].password + "\n")
    path.chmod(0o644)
    with pytest.warns(UserWarning, match="others on this machine can read it: give it mode 600") as told:
        assert Robot(session, people[0].email, path).token().user_id == people[0].id
    assert people[0].password not in str(told[0].message)
    session.sign_out()
    path.chmod(0o600)
    assert Robot(session, people[0].email, path).known().user_id == people[0].id
    session.sign_out()
    path.write_text("\n")
    with pytest.raises(NotSignedIn, match="is empty"):
        Robot(session, people[0].email, path).token()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (501, b"<html>Unsupported method ('POST')</html>", "no Supabase project"),
        (404, b"Not Found", "no Supabase project"),
        (404, b'{"detail": "Not Found"}', "no Supabase project"),
        (400, b"[" * 100_000, "no Supabase project"),
        (500, b'{"code": 500, "error_code": "unexpected_failure", "msg": "x"}', "Signing in failed .500"),
        (503, b"<html>", "does not answer"),
    ],
)
def test_what_is_no_project_is_told_as_that_and_not_as_a_sign_in_that_failed(stack, tmp_path, status, body, said):
    with Relay.before(stack.url) as relay:
        relay.answers("POST", "auth/v1/", Reply(status, body, {"Content-Type": "text/html"}))
        with pytest.raises(ModelStoreError, match=said):
            EmailSession(tmp_path, relay.url, stack.key).sign_in("ann@example.org", "password")


def test_what_is_no_file_with_a_password_is_told_as_that(session, tmp_path):
    tmp_path.chmod(0o755)
    with pytest.raises(NotSignedIn, match="cannot be read: Is a directory"):  # and no warning to give it mode 600
        Robot(session, "ann@example.org", tmp_path).token()
    (tmp_path / "password").write_bytes(b"hunter\xff2")
    with pytest.raises(NotSignedIn, match="no text in UTF-8") as caught:
        Robot(session, "ann@example.org", tmp_path / "password").token()
    assert caught.value.__cause__ is None


def test_a_password_that_was_refused_is_not_tried_again_at_once(stack, people, tmp_path, monkeypatch):
    path = tmp_path / "password"
    path.write_text("wrong")
    path.chmod(0o600)
    with Relay.before(stack.url) as relay:
        for _ in range(3):  # each line of a notebook makes its own
            with pytest.raises(NotSignedIn, match="not right"):
                Robot(EmailSession(tmp_path, relay.url, stack.key), people[0].email, path).token()
        assert len(relay.heard) == 1
        monkeypatch.setattr(_robot, "_PAUSE", 0.0)
        _robot._refused.clear()
        for _ in range(2):
            with pytest.raises(NotSignedIn):
                Robot(EmailSession(tmp_path, relay.url, stack.key), people[0].email, path).known()
        assert len(relay.heard) == 3
        path.write_text(people[0].password)
        assert Robot(EmailSession(tmp_path, relay.url, stack.key), people[0].email, path).token().user_id == people[0].id


def made(**claims):
    """Return what looks like a token, with these claims."""
    return f"a.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.c"


_OF_ANOTHER = {"access_token": made(sub="somebody else")}


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": ""},
        {"access_token": "x"},
        {"access_token": made(exp=1)},
        _OF_ANOTHER,
        {"access_token": made(sub="s") + "\n\x1b[2J"},
        {"access_token": made(sub="s") + "é"},
        {"refresh_token": ""},
        {"access_token": None},
    ],
    ids=range(8),
)
def test_what_is_no_session_of_anybodys_is_not_kept(stack, people, tmp_path, wrong):
    """Auth answers a renewal, and then a sign-in, with something else."""
    with Relay.before(stack.url) as relay:
        session = EmailSession(tmp_path, relay.url, stack.key)
        token = session.sign_in(people[0].email, people[0].password)
        before = file_of(tmp_path).read_bytes()
        user = {"id": people[0].id, "aud": "", "app_metadata": {}, "user_metadata": {}, "created_at": "2026-01-01T00:00:00Z"}
        body = {
            "access_token": token.value,
            "refresh_token": "r",
            "expires_in": 9,
            "token_type": "bearer",
            "user": user,
        } | wrong
        relay.answers("POST", "auth/v1/token", Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"}))
        with pytest.raises(ServiceError, match="no Supabase project"):
            session.token(refused=token.value)
        assert file_of(tmp_path).read_bytes() == before
        assert session.token() == token
        if wrong != _OF_ANOTHER:
            with pytest.raises(ServiceError, match="no Supabase project"):
                EmailSession(tmp_path / "other", relay.url, stack.key).sign_in(people[0].email, people[0].password)
            assert not list(tmp_path.glob("other/sessions/*"))


def test_a_session_that_cannot_be_written_is_renewed_for_this_kernel(session, people, tmp_path, monkeypatch):
    token = session.sign_in(people[0].email, people[0].password)
    before = file_of(tmp_path).read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(_session, "write_private", full)
        patched.setattr(_session, "leased", full)
        for _ in range(3):
            newer = session.token(refused=token.value)
            assert newer is not token
            assert session.token() is newer
            token = newer
        with pytest.raises(DiskFull, match="where the session is kept"):
            session.sign_in(people[0].email, people[0].password)
    assert file_of(tmp_path).read_bytes() == before
    assert session.token(refused=token.value).value in file_of(tmp_path).read_text()


def test_a_fault_of_the_library_says_its_kind_and_nothing_secret(session, monkeypatch):
    def fail(*_, **given):
        raise TypeError(given)

    monkeypatch.setattr("supabase_auth.SyncGoTrueClient.sign_in_with_password", fail)
    with pytest.raises(ServiceError, match=r"failed \(TypeError\)"):
        session.sign_in("ada@example.org", "canary")


def test_what_is_written_of_a_session_hides_itself(session, people, monkeypatch):
    written = []
    monkeypatch.setattr(_session, "write_private", lambda _, data: written.append(data))
    token = session.sign_in(people[0].email, people[0].password)
    assert token.value.encode() in written[0]
    assert repr(written) == "[<hidden>]"


def test_signing_out_everywhere_ends_other_sessions_or_says_that_it_did_not(stack, people, tmp_path):
    with Relay.before(stack.url) as relay:
        here, there = (EmailSession(tmp_path / name, relay.url, stack.key) for name in ("here", "there"))
        for session in (here, there):
            session.sign_in(people[0].email, people[0].password)
        relay.answers("POST", "auth/v1/logout", Reply(503, b"<html>", {"Content-Type": "text/html"}))
        with pytest.raises(Unreachable):
            here.sign_out(everywhere=True)
        assert here.known()  # so that it can be tried again
        relay.is_plain()
        assert here.sign_out(everywhere=True)
        with pytest.raises(NotSignedIn):
            here.known()
        with pytest.raises(NotSignedIn):
            there.token(refused=there.known().value)  # its token is good until it ends, and is not renewed


def test_whoever_cannot_sign_out_here_is_told(session, people, monkeypatch):
    session.sign_in(people[0].email, people[0].password)

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(ReadOnly, match="Read-only"):
            session.sign_out()
    assert session.token().user_id == people[0].id


# ---- the transport ------------------------------------------------------------------------------------------------------


class Source:
    """Answers with tokens in turn, and remembers what was refused."""

    def __init__(self, *values):
        self.values, self.refused = list(values), []

    def token(self, *, refused=None):
        from jupyter_modelstore.protocols import AccessToken

        if refused:
            self.refused.append(refused)
            self.values.pop(0)
        return AccessToken(value=self.values[0], expires_at=0, user_id="")


def test_a_refused_token_is_replaced_once_and_the_call_repeated(stack, people):
    expired = stack.mint({"sub": people[0].id, "exp": int(time.time()) - 100})
    source = Source(expired, people[0].access_token)
    with signed_client(source, stack.url, stack.key) as http:
        answer = http.post(f"{stack.url}/storage/v1/object/list/model-files", json={"prefix": ""})
        assert answer.status_code == 200, answer.text
    assert source.refused == [expired]


def test_no_token_goes_to_auth_or_elsewhere_and_no_redirect_is_followed(stack, people):
    seen = []
    source = Source(people[0].access_token)
    with signed_client(source, stack.url, stack.key) as http:
        http.event_hooks = {"response": [lambda answer: seen.append(answer.request.headers.get("authorization"))]}
        http.get(f"{stack.url}/auth/v1/health")
        with pytest.raises(httpx.ConnectError):
            http.get("http://127.0.0.1:9/rest/v1/")
        http.get(f"{stack.url}/rest/v1/nothing")
    assert seen[0] is None
    assert seen[1] == f"Bearer {people[0].access_token}"
    assert not http.follow_redirects


def test_requests_go_by_the_proxy_of_this_machine(monkeypatch, people):
    """To a project elsewhere; a project on this machine is named in NO_PROXY."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        heard = []

        def answer():
            connection, _ = proxy.accept()
            heard.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with signed_client(Source(people[0].access_token), "http://project.example", "key") as http:
            assert http.get("http://project.example/rest/v1/x").json() == []
        thread.join()
        assert heard[0].startswith(b"GET http://project.example/rest/v1/x ")
        with (
            signed_client(Source(people[0].access_token), "http://127.0.0.1:9", "key") as http,
            pytest.raises(httpx.ConnectError),
        ):
            http.get("http://127.0.0.1:9/rest/v1/x")


_FORKED = """
import os, sys
from jupyter_modelstore.identity import signed_client
from jupyter_modelstore.protocols import AccessToken

class Source:
    def token(self, *, refused=None):
        return AccessToken(value=sys.argv[3], expires_at=0, user_id="")

url, key = sys.argv[1:3]
with signed_client(Source(), url, key) as http:
    ask = lambda name: http.post(f"{url}/rest/v1/rpc/{name}", json={"q": {}}).json()
    ask("modelstore_whoami")
    child = os.fork()
    name, member = ("modelstore_whoami", "user_id") if child else ("modelstore_list", "total")
    right = all(member in ask(name) for _ in range(30))
    if child == 0:
        os._exit(not right)
    sys.exit(not (right and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0))
"""


def test_a_forked_child_has_connections_of_its_own(project, people):
    words = [project.url, project.key, people[0].access_token]
    subprocess.run([sys.executable, "-W", "ignore", "-c", _FORKED, *words], check=True, timeout=120)


def test_a_proxy_that_cannot_be_used_is_told_without_its_text(monkeypatch, session, people):
    monkeypatch.setenv("no_proxy", "")
    for wrong in ("http://ann:SECRET/x@host:9", "ftp://ann:SECRET@host:9"):
        monkeypatch.setenv("http_proxy", wrong)
        with pytest.raises(NotConfigured) as refused:
            signed_client(Source("x"), "http://project.example", "key")
        assert "SECRET" not in "".join(traceback.format_exception(refused.value))


def test_a_password_hides_itself():
    assert "hunter2" not in repr({"password": Secret("hunter2")})
    assert json.dumps(Secret("hunter2")) == '"hunter2"'
