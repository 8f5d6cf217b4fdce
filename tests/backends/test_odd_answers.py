"""A server that answers anything at all, over real HTTP: each answer is an error of ours, soon, and no token goes elsewhere."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from jupyter_modelstore.backends.supabase import Functions, Objects
from jupyter_modelstore.errors import ModelStoreError, ServiceError
from jupyter_modelstore.identity._transport import signed_client
from jupyter_modelstore.protocols import AccessToken

ME = str(uuid.uuid4())
KNOWN = {"role": "authenticated", "user_id": ME, "schema": {"version": 1}}


class Source:
    """Somebody whose token never ends."""

    def token(self, *, refused=None):
        return AccessToken(value="a-token", expires_at=time.time() + 3600, user_id=ME, handle="ada")

    known = token


@pytest.fixture
def server():
    """A server whose ``answers`` (method to status, headers, body) a test sets; ``heard`` is what came."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *said):
            pass

        def answer(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            server.heard.append(self.path)
            whoami = json.dumps(KNOWN).encode()
            status, headers, body = (
                (200, {}, whoami) if "whoami" in self.path and server.polite else server.answers[self.command]
            )
            time.sleep(server.delay)
            pieces = body if isinstance(body, list) else [body]
            self.send_response(status)
            for name, value in {"Content-Length": str(sum(map(len, pieces))), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # nobody listens any more
                for piece in pieces if self.command != "HEAD" else ():
                    self.wfile.write(piece)
                    time.sleep(0.05 if piece is not body else 0)

        do_GET = do_POST = do_PATCH = do_HEAD = do_DELETE = answer  # noqa: N815 (the server's names)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.answers, server.heard, server.polite, server.delay = {}, [], True, 0.0
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def project(server):
    """The functions and the bucket of that server."""
    url = f"http://127.0.0.1:{server.server_port}"
    with signed_client(Source(), url, "a-key") as http:
        yield Functions(http, url, Source()), Objects(http, url)


HTML = b"<html><h1>Welcome to our hotel</h1></html>"
BODIES = {
    "a page": HTML,
    "half of an answer": b'{"a":',
    "a hundred thousand brackets": b"[" * 100_000,
    "a number of 5,000 digits": b"1" * 5_000,
    "no UTF-8": b'"\xff\xfe"',
    "a text": b'"x"',
    "a number": b"7",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_answer_of_the_database_that_is_none(server, project, body):
    server.answers = {"POST": (200, {"Content-Type": "application/json"}, body)}
    with pytest.raises(ServiceError, match="no Supabase project"):
        project[0].call("list", {})


@pytest.mark.parametrize("row", [{}, [], {"id": 1, "model_name": 2}, [7]], ids=str)
def test_a_row_that_is_none(server, project, row):
    server.answers = {"POST": (200, {}, json.dumps(row).encode())}
    with pytest.raises(ServiceError, match="a row cannot be read"):
        project[0].record("edit", {})


WHOLE = {
    **{name: str(uuid.uuid4()) for name in ("id", "user_id", "space_id", "save_id")},
    "model_name": "churn",
    "version": 1,
    "status": "ready",
    "format": "pickle",
    "origin": "fitted",
    "model_file_size": 1,
    "created_at": "2026-01-01T00:00:00+00:00",
    "updated_at": "2026-01-01T00:00:00+00:00",
    "model_file_path": "a/b",
}
TURNED = [
    {"created_at": "0001-01-01T00:00:00+14:00"}, {"updated_at": "9999-12-31T23:59:59-14:00"}, {"model_file_path": {"a": 1}},
]  # fmt: skip


def test_a_row_that_is_one_is_read(server, project):
    server.answers = {"POST": (200, {}, json.dumps(WHOLE).encode())}
    assert project[0].record("edit", {}).ref == "churn:1"


@pytest.mark.parametrize("wrong", TURNED, ids=str)
def test_a_row_of_which_one_member_is_wrong(server, project, wrong):
    server.answers = {"POST": (200, {}, json.dumps(WHOLE | wrong).encode())}
    with pytest.raises(ServiceError, match="a row cannot be read"):
        project[0].record("edit", {})


ODD = {  # what each function must answer, of a wrong type
    "may_save": {"known": False, "path": 5},
    "commit": {"record": [], "created": True},
    "list": {"records": {}, "total": "many"},
    "names": [{"model_name": 5, "next_version": "x"}],
    "alias_history": [7],
    "rename": {"versions": "all"},
    "delete": {"records": 1, "returned_aliases": [], "removed_aliases": [], "former_aliases": [], "purge_after": None},
    "purge": {"records": [], "objects": 3},
    "purged": {"left": None},
    "check": {"files": 1, "missing": [], "changed": [], "strays": "x"},
    "restore": ["x"],
}


@pytest.mark.parametrize("name", ODD)
def test_an_answer_of_a_wrong_type(server, project, name):
    server.answers = {"POST": (200, {}, json.dumps(ODD[name]).encode())}
    with pytest.raises(ServiceError, match="lacks what it should hold"):
        project[0].call(name, {})


def test_every_function_whose_answer_is_looked_at_has_a_row():
    from jupyter_modelstore.backends.supabase import _database

    assert ODD.keys() == ({*_database._MEMBERS, *_database._ROWS} - {"facets", "stats", "remove_alias"})


@pytest.mark.parametrize("said", [[1], {"schema": "x"}, {"schema": {"version": "x"}}], ids=str)
def test_who_it_is_that_is_nobody(server, project, said):
    server.polite, server.answers = False, {"POST": (200, {}, json.dumps(said).encode())}
    with pytest.raises(ServiceError, match="who is asking"):
        project[0].call("list", {})


def test_a_body_that_is_not_packed_as_it_says(server, project):
    server.answers = {"POST": (200, {"Content-Encoding": "gzip"}, b"xx")}
    with pytest.raises(ServiceError, match="cannot be read"):
        project[0].call("list", {})


OFFSETS = ["0", "-5", "99999999999", "9" * 5_000, "abc", "\u00b2", ""]


@pytest.mark.parametrize("offset", OFFSETS)
def test_an_upload_that_does_not_go_on(server, project, tmp_path, monkeypatch, offset):
    monkeypatch.setattr("jupyter_modelstore.backends.supabase._objects._FIRST_PAUSE", 0.01)
    file = tmp_path / "large"
    file.write_bytes(b"x" * 7_000_000)
    arrived = {"Upload-Offset": offset} if offset else {}
    server.answers = {
        "GET": (400, {}, b'{"statusCode": "404", "error": "not_found", "message": "Object not found"}'),
        "POST": (201, {"Location": "https://elsewhere.example/upload/one"}, b""),
        "PATCH": (204, arrived, b""),
        "HEAD": (200, {"Upload-Offset": "0"}, b""),
    }
    with file.open("rb") as opened, pytest.raises(ServiceError):
        project[1].send("a/b.pkl", opened, 7_000_000)
    assert 0 < sum("/resumable/one" in path for path in server.heard) <= 10


@pytest.mark.parametrize("headers", [{}, {"Location": "/one/t\x7fwo"}, {"Location": "/one/a?b"}], ids=str)
def test_an_upload_without_an_address(server, project, tmp_path, headers):
    file = tmp_path / "large"
    file.write_bytes(b"x" * 7_000_000)
    server.answers = {"GET": (404, {}, b""), "POST": (201, headers, b"")}
    with file.open("rb") as opened, pytest.raises(ServiceError, match="no address"):
        project[1].send("a/b.pkl", opened, 7_000_000)


LINKS = [HTML, b"[]", b"{}", b'{"signedURL": "@elsewhere.example/"}', b'{"signedURL": "/object/sign/\\u001b[2J"}']


@pytest.mark.parametrize("body", LINKS, ids=str)
def test_a_link_that_is_none(server, project, body):
    server.answers = {"POST": (200, {}, body)}
    with pytest.raises(ServiceError, match="no Supabase project"):
        project[1].link("a/b.pkl", 5, "b.pkl")


@pytest.mark.parametrize("body", [HTML, b"{}", b"7"], ids=str)
def test_what_was_removed_is_no_list(server, project, body):
    server.answers = {"DELETE": (200, {}, body)}
    with pytest.raises(ServiceError, match="cannot be read"):
        project[1].remove(["a/b.pkl"])


@pytest.mark.parametrize("body", [HTML, b'{"size": "1"}', b"[]"], ids=str)
def test_a_length_that_is_none(server, project, body):
    server.answers = {"GET": (200, {}, body)}
    with pytest.raises(ServiceError, match="no Supabase project"):
        project[1].size("a/b.pkl")


@pytest.mark.parametrize("headers", [{"Content-Type": "text/html"}, {"Content-Encoding": "gzip"}], ids=str)
def test_a_file_that_is_a_page_or_was_compressed_on_its_way(server, project, tmp_path, headers):
    server.answers = {"GET": (200, headers, HTML)}
    with pytest.raises(ServiceError, match="in place of a file"):
        project[1].fetch("a/b.pkl", tmp_path / "part", len(HTML))
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize("body", [b"x" * 30_000_000, [b"x"] * 100], ids=["no end", "drop by drop"])
def test_of_a_refusal_that_has_no_end_the_beginning_is_read(server, project, monkeypatch, body):
    monkeypatch.setattr("jupyter_modelstore.identity._transport._READ", 0.3)
    server.answers = {"GET": (500, {"Content-Type": "text/plain"}, body)}
    _, objects = project
    answer = objects._http.get(f"http://127.0.0.1:{server.server_port}/storage/v1/object/info/x")
    assert 0 < len(answer.content) < min(len(body), 2_000_000)
    with pytest.raises(ServiceError):
        objects.size("x")


def test_a_server_that_was_silent_once_is_given_less_time_until_it_answers(server, monkeypatch):
    monkeypatch.setattr("jupyter_modelstore.identity._transport._READ", 2.0)
    monkeypatch.setattr("jupyter_modelstore.identity._transport._READ_OF_SILENT", 0.5)
    server.answers = {"GET": (200, {}, b"said")}
    url = f"http://127.0.0.1:{server.server_port}"
    with signed_client(Source(), url, "a-key") as http:
        for delay, answers in ((1.0, True), (3.0, False), (1.0, False), (0.0, True), (1.0, True)):
            server.delay = delay
            if answers:
                assert http.get(url).content == b"said"
            else:
                with pytest.raises(httpx.ReadTimeout):
                    http.get(url)


def test_nothing_follows_a_redirect(server, project, tmp_path):
    server.answers = dict.fromkeys(("GET", "POST"), (302, {"Location": f"http://localhost:{server.server_port}/steal"}, b""))
    for ask in (
        lambda: project[0].call("list", {}),
        lambda: project[1].fetch("a/b.pkl", tmp_path / "part", 5),
        lambda: project[1].link("a/b.pkl", 5, "b"),
    ):
        with pytest.raises(ModelStoreError):
            ask()
    assert len(server.heard) >= 3
    assert not any("steal" in path for path in server.heard)
