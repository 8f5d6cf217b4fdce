"""Every error that a project can answer with, caused: it becomes the right error, and a save waits or is refused, never lost.

What the servers of the stack can be brought to say is caused there and said again by a relay at the moment of a save; the rest
the relay says as it was measured. A row of the client's tables that nothing here causes fails the last test.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import httpx
import psycopg
import pytest
from conformance.backend import keep
from relay import Relay, Reply, cut, hold
from stack import _places, _postgrest, _processes

from jupyter_modelstore import _gateway
from jupyter_modelstore.backends.supabase import _answers
from jupyter_modelstore.errors import ModelStoreError, NotSignedIn
from jupyter_modelstore.identity import EmailSession, _auth

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

DOCUMENT = Path(__file__).parents[2] / "docs" / "supabase.md"
LARGE = 7_000_000
WAIT = {"unreachable", "throttled", "store_busy", "not_signed_in", "service_error", "not_configured", "schema_mismatch"}
"""After these a save waits; after any other it is refused."""
PAGE = b"<html><head><title>Oops</title></head><body><h1>Oops</h1></body></html>"


@pytest.fixture(scope="module")
def relay(project):
    with Relay.before(project.url) as relay:
        yield relay


@pytest.fixture(autouse=True)
def plain(relay):
    yield
    relay.is_plain()


class Real:
    """The project's servers, asked plainly, as somebody; ``bucket`` takes texts only, ``probe`` runs any statement."""

    def __init__(self, project, http, probe):
        self.project, self.http, self.probe = project, http, probe
        self.bucket = f"b{uuid.uuid4().hex}"

    def ask(self, method, path, token="", **more):
        headers = {"apikey": more.pop("key", self.project.key), "Authorization": f"Bearer {token or self.person.access_token}"}
        return Reply.of(self.http.request(method, path, headers={**headers, **more.pop("headers", {})}, **more))

    def serve(self, method, path, **more):
        """Ask with the service key; it is granted."""
        reply = self.ask(method, path, self.project.service_key, key=self.project.service_key, **more)
        assert reply.status == 200, reply
        return json.loads(reply.body)

    def sql(self, statement):
        return self.ask("POST", f"/rest/v1/rpc/{self.probe}", json={"q": {"sql": statement}})

    def expired(self):
        return self.project.mint(sub=self.person.id, exp=int(time.time()) - 60)

    @contextlib.contextmanager
    def somebody(self, **more):
        """Somebody with an account, for as long as the block lasts."""
        email, password = f"{uuid.uuid4().hex}@example.org", uuid.uuid4().hex
        made = self.serve("POST", "/auth/v1/admin/users", json={"email": email, "password": password, **more})
        yield SimpleNamespace(id=made["id"], email=email, password=password, access_token=self.project.mint(sub=made["id"]))
        self.serve("DELETE", f"/auth/v1/admin/users/{made['id']}")

    @contextlib.contextmanager
    def opened(self):
        told = {"name": self.bucket, "public": False, "allowed_mime_types": ["text/*"]}
        self.serve("POST", "/storage/v1/bucket", json=told)
        with self.somebody(email_confirm=True) as self.person:
            yield self
        self.serve("DELETE", f"/storage/v1/bucket/{self.bucket}")


@pytest.fixture(scope="module")
def real(project, http):
    name = f"probe_{uuid.uuid4().hex}"
    with psycopg.connect(project.database_url, autocommit=True) as db, Real(project, http, name).opened() as real:
        db.execute(
            f"create function public.{name}(q jsonb) returns jsonb language plpgsql as"
            " $$ begin execute q ->> 'sql'; return '{}'; end $$"
        )
        db.execute(f"grant execute on function public.{name} to authenticated")
        while real.sql("select 1").status == 404:  # PostgREST learns of it in a moment
            time.sleep(0.05)
        yield real
        db.execute(f"drop function public.{name}")


# ---- the database --------------------------------------------------------------------------------------------------------


def sql(statement):
    return lambda real: real.sql(statement)


def raised(code):
    """What only happens under a load is said by the database all the same, in its own way."""
    return sql(f"do $x$ begin raise exception using errcode = '{code}', message = 'said'; end $x$")


def measured(status, code, message="said", **more):
    body = json.dumps({"code": code, "message": message, "details": None, "hint": None, **more}).encode()
    return lambda _: Reply(status, body, {"Content-Type": "application/json"})


@contextlib.contextmanager
def another_postgrest(real, **settings):
    """Another PostgREST on the project's database, with other settings: its address."""
    if real.project.local is None:
        pytest.skip("only a stack on this machine starts servers")
    port, admin = _places.free_ports(2)
    with tempfile.TemporaryDirectory() as directory:
        cluster, secret = real.project.local.cluster, real.project.jwt_secret
        ports = {"postgrest": port, "postgrest_admin": admin}
        known = _postgrest.start(cluster, Path(directory), ports, secret, **settings)
        try:
            ready = f"http://127.0.0.1:{admin}/ready"
            _processes.wait_until(lambda: _status(ready) == 200, known, Path(directory) / "postgrest.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            _processes.stop(known)


def _status(url):
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0


def without_anonymous(real):
    with another_postgrest(real, DB_ANON_ROLE="") as url:
        return Reply.of(httpx.get(f"{url}/trained_models", timeout=10))


def without_room(real):
    with another_postgrest(real, DB_POOL="1", DB_POOL_ACQUISITION_TIMEOUT="1") as url, ThreadPoolExecutor(2) as pool:
        headers = {"Authorization": f"Bearer {real.person.access_token}"}
        body = {"q": {"sql": "do $x$ begin perform pg_sleep(2.5); end $x$"}}
        asked = [pool.submit(httpx.post, f"{url}/rpc/{real.probe}", json=body, headers=headers, timeout=20) for _ in range(2)]
        return Reply.of(max((each.result() for each in asked), key=lambda answer: answer.status_code))


TABLE = "create temp table t (x int primary key check (x > 0), y int references t (x)) on commit drop;"
DATABASE = {
    "PGRST301": ("not_signed_in", lambda real: real.ask("POST", "/rest/v1/rpc/modelstore_whoami", real.expired(), json={})),
    "PGRST302": ("not_signed_in", without_anonymous),
    "PGRST303": ("not_signed_in", measured(401, "PGRST303", "JWT expired")),
    "PGRST000": ("unreachable", measured(503, "PGRST000", "Database connection error. Retrying the connection.")),
    "PGRST001": ("unreachable", measured(503, "PGRST001", "Database client error. Retrying the connection.")),
    "PGRST002": ("unreachable", measured(503, "PGRST002", "Could not query the database for the schema cache. Retrying.")),
    "PGRST003": ("store_busy", without_room),
    "PGRST202": ("schema_mismatch", lambda real: real.ask("POST", "/rest/v1/rpc/no_such_function", json={})),
    "PGRST204": ("schema_mismatch", lambda real: real.ask("POST", "/rest/v1/trained_models", json={"nope": 1})),
    "PGRST205": ("schema_mismatch", measured(404, "PGRST205", "Could not find the table 'public.nope' in the schema cache")),
    "42P01": ("schema_mismatch", lambda real: real.ask("GET", "/rest/v1/no_such_table")),
    "42883": ("schema_mismatch", sql("select public.no_such_function()")),
    "42703": ("schema_mismatch", lambda real: real.ask("GET", "/rest/v1/trained_models?select=nope")),
    "42501": ("forbidden", sql("select * from modelstore_private.names")),
    "22P02": ("invalid_value", lambda real: real.ask("GET", "/rest/v1/trained_models?id=eq.nope")),
    "22P05": ("invalid_value", lambda real: real.ask("POST", f"/rest/v1/rpc/{real.probe}", json={"q": {"sql": "\0"}})),
    "23502": ("invalid_value", sql(f"{TABLE} insert into t values (null)")),
    "23503": ("service_error", sql(f"{TABLE} insert into t values (1, 2)")),
    "23505": ("service_error", sql(f"{TABLE} insert into t values (1), (1)")),
    "23514": ("invalid_value", sql(f"{TABLE} insert into t values (-1)")),
    "40001": ("store_busy", measured(500, "40001")),  # PostgREST tries again by itself, without end if it is raised
    "40P01": ("store_busy", raised("40P01")),
    "55P03": ("store_busy", raised("55P03")),
    "57014": ("store_busy", raised("57014")),
    "53300": ("store_busy", raised("53300")),
}
OTHERS = {
    "21000": lambda real: real.sql("select (select 1 union select 2)"),
    "22023": lambda real: real.ask("GET", "/rest/v1/trained_models", real.project.mint(sub=real.person.id, role="nobody")),
    "PGRST103": measured(416, "PGRST103"),
    "PGRST116": lambda real: real.ask(
        "GET", "/rest/v1/trained_models?limit=0", headers={"Accept": "application/vnd.pgrst.object+json"}
    ),
    "XX000": raised("XX000"),
}
"""Codes that answer no question of this client's: told as they are."""
WORDS = {
    word: (kind.code, raised_word)
    for word, kind in _answers.OURS.items()
    for raised_word in [
        sql(
            f"do $x$ begin raise exception using errcode = 'PT{kind.status}', message = '{word}',"
            " detail = 'What happened.', hint = 'What to do.'; end $x$"
        )
    ]
}


def names(spool):
    return sorted(path.suffix for path in spool.directory.iterdir()) if spool.directory.exists() else []


def outcome(backend, name, data=b"bytes"):
    """Return what a save came to: the error that was raised, or the reason for which it waits."""
    try:
        record = keep(backend, name, data).record
    except ModelStoreError as error:
        return error.code, error.message, error.hint
    assert record.status == "pending"
    return tuple(record.extra["waits"][part] for part in ("code", "message", "hint"))


def check(told, code):
    """Say what happened and what to do, in words of ours."""
    assert told[0] == code, told
    assert told[1].endswith((".", ")")), told
    assert told[2], told
    assert "None" not in told[1]
    assert "<" not in told[1]


def arrives(backend, spool, door, count):
    """What is kept here arrives once the project answers: one row each, each with its bytes."""
    assert len(backend.resume(refused=True)) == count
    assert names(spool) == []
    rows = door.rows()
    assert len(rows) == len(door.objects()) == count
    assert {len(door.storage("GET", f"authenticated/model-files/{row['model_file_path']}").content) for row in rows} <= {
        5,
        LARGE,
    }


def save_meets(reply, code, relay, opened, spool, door):
    """A save meets this answer at its question, and another one at its commit."""
    through = opened(relay.url)
    relay.answers("POST", "rpc/modelstore_may_save", reply)
    check(outcome(through, "asked"), code)
    asked = 1 if code in WAIT else 0
    assert len(through.pending()) == asked
    relay.is_plain()
    relay.answers("POST", "rpc/modelstore_commit", reply)
    sent = outcome(through, "sent")
    check(sent, code)
    assert ("It is kept on this machine" in sent[2]) == (code not in WAIT)
    kept = {record.model_name: "refused" in record.extra for record in through.pending()}
    assert kept == ({"asked": False} if asked else {}) | {"sent": code not in WAIT}
    relay.is_plain()
    arrives(through, spool, door, asked + 1)


@pytest.mark.parametrize("code", DATABASE)
def test_an_error_of_the_database(code, real, relay, opened, spool, door):
    expected, cause = DATABASE[code]
    reply = cause(real)
    assert json.loads(reply.body)["code"] == code
    save_meets(reply, expected, relay, opened, spool, door)


@pytest.mark.parametrize("code", OTHERS)
def test_an_error_that_this_client_does_not_ask_for(code, real, relay, opened, spool, door):
    reply = OTHERS[code](real)
    assert json.loads(reply.body)["code"] == code
    save_meets(reply, "service_error", relay, opened, spool, door)


@pytest.mark.parametrize("word", WORDS)
def test_a_refusal_of_our_own_functions(word, real, relay, opened, spool, door):
    code, cause = WORDS[word]
    reply = cause(real)
    assert json.loads(reply.body)["message"] == word
    save_meets(reply, code, relay, opened, spool, door)


# ---- the gateway ------------------------------------------------------------------------------------------------------------


def page(status):
    return lambda _: Reply(status, PAGE, {"Content-Type": "text/html"})


GATEWAY = {
    401: (
        "not_configured",
        lambda real: real.ask("POST", "/rest/v1/rpc/modelstore_whoami", key="sb_publishable_wrong", json={}),
    ),
    403: ("forbidden", page(403)),
    404: ("service_error", lambda real: real.ask("GET", "/nothing")),
    409: ("service_error", page(409)),
    413: ("too_large", page(413)),
    429: ("throttled", page(429)),
    540: ("unreachable", page(540)),
    **{status: ("unreachable", page(status)) for status in (502, 503, 504, 520, 521, 522, 523, 524, 530, 544)},
    500: ("service_error", page(500)),
}


@pytest.mark.parametrize("status", GATEWAY)
def test_an_answer_of_the_gateway(status, real, relay, opened, spool, door):
    code, cause = GATEWAY[status]
    reply = cause(real)
    assert reply.status == status
    save_meets(reply, code, relay, opened, spool, door)


NETWORK = {"no answer in time": hold, "no connection": cut}


@pytest.mark.parametrize("how", NETWORK)
def test_nobody_answers(how, relay, opened, spool, door, monkeypatch):
    through = opened(relay.url)
    through._functions._client.session.timeout = httpx.Timeout(0.3)
    monkeypatch.setattr("jupyter_modelstore.backends.supabase._objects._PATIENCE", httpx.Timeout(1))
    for step in ("may_save", "commit"):
        relay.answers("POST", f"rpc/modelstore_{step}", NETWORK[how])
        told = outcome(through, step)
        check(told, "unreachable")
        assert ("in time" in told[1]) == (how == "no answer in time")
        relay.is_plain()
    relay.answers("POST", "storage/v1/object/", NETWORK[how])
    check(outcome(through, "bytes"), "unreachable")
    relay.is_plain()
    arrives(through, spool, door, 3)


# ---- storage ------------------------------------------------------------------------------------------------------------


def upload(real, bucket, name, **more):
    return real.ask("POST", f"/storage/v1/object/{bucket}/{name}", content=b"12345", **more)


def own(real, name=""):
    return f"{real.person.id}/{name or f'{uuid.uuid4()}.pkl'}"


def told_in_body(status, error, message, http=400):
    body = json.dumps({"statusCode": str(status), "error": error, "message": message}).encode()
    return lambda _: Reply(http, body, {"Content-Type": "application/json"})


THE_SAME = f"{uuid.uuid4()}.pkl"
STORAGE = {
    "Bucket not found": ("schema_mismatch", lambda real: upload(real, "no-such-bucket", own(real))),
    "NoSuchBucket": ("schema_mismatch", told_in_body(404, "NoSuchBucket", "The bucket is not there")),
    "InvalidJWT": ("not_signed_in", lambda real: real.ask("GET", f"/storage/v1/object/sign/{real.bucket}/x?token=x.y.z")),
    "JWS": ("not_signed_in", lambda real: upload(real, "model-files", own(real), token="garbage")),
    "claim": ("not_signed_in", lambda real: upload(real, "model-files", own(real), token=real.expired())),
    "invalid_mime_type": (
        "service_error",
        lambda real: upload(real, real.bucket, "x", token=real.project.service_key),
    ),
    "InvalidKey": ("service_error", lambda real: upload(real, "model-files", own(real, "a%23b"))),
    "403": ("forbidden", lambda real: upload(real, "model-files", f"{uuid.uuid4()}/{uuid.uuid4()}.pkl")),
    "404": ("file_not_found", lambda real: real.ask("GET", f"/storage/v1/object/authenticated/model-files/{own(real)}")),
    "409": ("service_error", lambda real: [upload(real, "model-files", own(real, THE_SAME)) for _ in range(2)][1]),
    "413": ("too_large", told_in_body(413, "Payload too large", "The object exceeded the maximum allowed size")),
    "423": ("service_error", told_in_body(423, "ResourceLocked", "The resource is locked")),
    "500": ("service_error", told_in_body(500, "DatabaseError", "database error, code: XX000", http=500)),
    "544": ("unreachable", told_in_body(544, "DatabaseTimeout", "The connection to the database timed out", http=544)),
    "502": ("unreachable", page(502)),
}


@pytest.mark.parametrize("word", STORAGE)
def test_an_error_of_storage(word, real, relay, opened, spool, door):
    code, cause = STORAGE[word]
    reply = cause(real)
    assert word in reply.body.decode() + f" {reply.status}"
    relay.answers("POST", "storage/v1/object/model-files/", reply)
    through = opened(relay.url)
    check(outcome(through, "churn"), code)
    (pending,) = through.pending()
    assert ("refused" in pending.extra) == (code not in WAIT)
    relay.is_plain()
    assert len(through.resume(refused=True)) == 1
    assert [row["model_file_size"] for row in door.rows()] == [5]


def plain_words(status, text):
    return lambda _: Reply(status, text.encode(), {"Content-Type": "text/plain"})


RESUMABLE = {
    "no bucket": ("schema_mismatch", plain_words(404, "Bucket not found")),
    "refused": ("forbidden", plain_words(403, "new row violates row-level security policy")),
    "there already": ("service_error", plain_words(409, "The resource already exists")),
    "too large": ("too_large", plain_words(413, "Maximum size exceeded\n")),
    "its type": ("service_error", plain_words(415, "mime type application/octet-stream is not supported")),
    "its key": ("service_error", plain_words(400, "Invalid key: a#b")),
    "a token that ended": ("not_signed_in", lambda real: upload(real, "model-files", own(real), token=real.expired())),
    "a page": ("unreachable", page(503)),
}


@pytest.mark.parametrize("step", ["POST", "PATCH"])
@pytest.mark.parametrize("how", RESUMABLE)
def test_an_error_of_a_resumable_upload(how, step, real, relay, opened, spool, door, monkeypatch):
    monkeypatch.setattr("jupyter_modelstore.backends.supabase._objects._FIRST_PAUSE", 0.01)
    code, cause = RESUMABLE[how]
    relay.answers(step, "upload/resumable", cause(real))
    through = opened(relay.url)
    check(outcome(through, "large", os.urandom(LARGE)), code)
    (pending,) = through.pending()
    assert ("refused" in pending.extra) == (code not in WAIT)
    relay.is_plain()
    arrives(through, spool, door, 1)


# ---- signing in -----------------------------------------------------------------------------------------------------------


def answer_of_auth(status, code, message="said"):
    body = json.dumps({"code": code, "message": message}).encode()
    return lambda _: Reply(status, body, {"Content-Type": "application/json", "X-Supabase-Api-Version": "2024-01-01"})


NEW = {"X-Supabase-Api-Version": "2024-01-01"}


def auth(path, body, method="POST", token=""):
    def ask(real):
        told = real.http.request(
            method,
            f"/auth/v1/{path}",
            json={name: value.format(person=real.person) for name, value in body.items()} or None,
            headers={"apikey": real.project.key, **NEW, **({"Authorization": f"Bearer {token(real)}"} if token else {})},
        )
        return Reply(told.status_code, told.content, {"Content-Type": "application/json", **NEW})

    return ask


def somebody_unconfirmed(real):
    with real.somebody() as person:
        return auth("token?grant_type=password", {"email": person.email, "password": person.password})(real)


def somebody_banned(real):
    with real.somebody(email_confirm=True) as person:
        real.serve("PUT", f"/auth/v1/admin/users/{person.id}", json={"ban_duration": "1h"})
        return auth("token?grant_type=password", {"email": person.email, "password": person.password})(real)


def unknown_person(real):
    return real.project.mint()


def unknown_session(real):
    return real.project.mint(sub=real.person.id, session_id=str(uuid.uuid4()))


WRONG = {"email": "{person.email}", "password": "wrong-password-canary"}
AUTH = {
    "refresh_token_not_found": ("not_signed_in", auth("token?grant_type=refresh_token", {"refresh_token": "nosuchtoken1"})),
    "refresh_token_already_used": ("not_signed_in", answer_of_auth(400, "refresh_token_already_used")),
    "session_not_found": ("not_signed_in", auth("user", {}, "GET", unknown_session)),
    "session_expired": ("not_signed_in", answer_of_auth(400, "session_expired")),
    "bad_jwt": ("not_signed_in", auth("user", {}, "GET", Real.expired)),
    "user_not_found": ("not_signed_in", auth("user", {}, "GET", unknown_person)),
    "invalid_credentials": ("not_signed_in", auth("token?grant_type=password", WRONG)),
    "email_not_confirmed": ("not_signed_in", somebody_unconfirmed),
    "user_already_exists": ("invalid_value", auth("signup", {"email": "{person.email}", "password": "long enough 1!"})),
    "email_exists": ("invalid_value", answer_of_auth(422, "email_exists")),
    "email_address_invalid": ("invalid_value", answer_of_auth(400, "email_address_invalid")),
    "validation_failed": ("invalid_value", auth("otp", {"email": "no address"})),
    "signup_disabled": ("not_signed_in", answer_of_auth(422, "signup_disabled")),
    "otp_disabled": ("not_signed_in", answer_of_auth(422, "otp_disabled")),
    "otp_expired": ("not_signed_in", auth("verify", {"type": "email", "email": "{person.email}", "token": "000000"})),
    "user_banned": ("not_signed_in", somebody_banned),
    "over_request_rate_limit": ("throttled", answer_of_auth(429, "over_request_rate_limit")),
    "over_email_send_rate_limit": ("throttled", answer_of_auth(429, "over_email_send_rate_limit")),
    "weak_password": ("invalid_value", auth("signup", {"email": "{person.email}", "password": "weak"})),
}
AUTH_AND_GATEWAY = {
    "a wrong key": ("not_configured", lambda real: real.ask("GET", "/auth/v1/user", key="sb_publishable_wrong")),
    "too many": ("throttled", page(429)),
    "too large": ("service_error", page(413)),
    "bad gateway": ("unreachable", page(502)),
    "paused": ("unreachable", page(540)),
    "its database is gone": ("service_error", answer_of_auth(500, "unexpected_failure", "Database error")),
    "a page": ("service_error", page(200)),
}


@pytest.fixture
def session(relay, project, tmp_path):
    return EmailSession(tmp_path / "home", relay.url, project.key)


def signs_in(session, person):
    return [
        partial(session.sign_in, person.email, "wrong-password-canary"),
        partial(session.sign_up, person.email, "wrong-password-canary"),
        partial(session.send_code, person.email),
        partial(session.sign_in_with_code, person.email, "000000"),
    ]


@pytest.mark.parametrize("code", [*AUTH, *AUTH_AND_GATEWAY])
def test_an_error_of_auth(code, real, relay, person, session):
    expected, cause = (AUTH | AUTH_AND_GATEWAY)[code]
    before = session.sign_in(person.email, person.password)
    reply = cause(real)
    if code in AUTH:
        assert json.loads(reply.body)["code"] == code
    relay.answers("POST", "auth/v1/", reply)
    for ask in signs_in(session, person):
        with pytest.raises(ModelStoreError) as caught:
            ask()
        check((caught.value.code, caught.value.message, caught.value.hint), expected)
        assert "canary" not in str(caught.value)
    assert session.known() == before


AT_RENEWAL = [
    code
    for code in AUTH
    if AUTH[code][0] == "not_signed_in" and code.partition("_")[0] in {"refresh", "session", "bad", "user"}
]


@pytest.mark.parametrize("code", [*AT_RENEWAL, *AUTH_AND_GATEWAY])
def test_a_save_whose_token_is_not_renewed_waits(code, real, relay, person, session, opened, spool):
    session.sign_in(person.email, person.password)
    expected, cause = (AUTH | AUTH_AND_GATEWAY)[code]
    reply = cause(real)
    through = opened(relay.url, session)
    relay.answers("POST", "auth/v1/token", reply)
    relay.answers("POST", "rpc/modelstore_may_save", Reply(401, b'{"code": "PGRST301", "message": "JWT expired"}'))
    check(outcome(through, "churn"), expected)
    assert names(spool) == [".bin", ".json"]
    relay.is_plain()
    if expected == "not_signed_in":
        with pytest.raises(NotSignedIn):
            session.token()
        session.sign_in(person.email, person.password)
    assert [saved.record.ref for saved in through.resume()] == ["churn:1"]


def test_every_row_of_the_tables_is_caused_and_documented():
    assert set(DATABASE) == set(_answers.BY_CODE)
    assert set(WORDS) == set(_answers.OURS)
    assert set(_gateway.BY_STATUS) <= set(GATEWAY)
    assert set(_gateway.BY_NETWORK) == set(NETWORK)
    assert set(_answers.BY_WORD) <= set(STORAGE)
    assert set(_auth.BY_CODE) == set(AUTH)
    tables = (_answers.BY_CODE, _answers.BY_WORD, _gateway.BY_STATUS, _gateway.BY_NETWORK, _auth.BY_CODE)
    meant = {
        str(said): (message.format(url="SUPABASE_URL"), kind.code)
        for table in tables
        for said, (kind, message, _) in table.items()
    }
    assert documented() == meant | {word: ("", kind.code) for word, kind in _answers.OURS.items()}


def documented():
    """Return what the document says of each answer: the message, and the word to search for."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Every error")[2].partition("\n## ")[0]
    told = {}
    for line in re.findall(r"^\| `.*", text, re.MULTILINE):
        says, seen, means = (cell.strip() for cell in line.strip("|").split(" | "))
        assert means.endswith("."), line
        message, code = re.fullmatch(r"(.*?)\s*`\[modelstore:(\w+)\]`", seen).groups()
        told |= {said: (message.replace("`", ""), code) for said in re.findall(r"`([^`]+)`", says)}
    return told
