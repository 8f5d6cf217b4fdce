"""The attack matrix through a project's servers: PostgREST, Storage and the gateway, with tokens true and false.

It has a stack of its own, in which nothing else happens: after each request the state of every table is what it was.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import attacks
import httpx
import jwt
import psycopg
import pytest
from attacks import _doors, _http, _judge
from stack import Stack, _storage
from test_attacks import _routes

from jupyter_modelstore.sql import Database

pytestmark = [pytest.mark.supabase, pytest.mark.no_cover]

ACTORS = (
    "ben", "reader", "former", "leaver", "recipient", "revoked", "expired", "stranger", "anonymous", "anon key", "no sub",
    "groups in user_metadata",
)  # fmt: skip
SOME = ("reader", "former", "recipient", "anonymous", "anon key")
FEW = ("recipient", "anonymous", "anon key")
EVERYBODY = re.compile(
    r"^trained_models (rows|insert 0 return=r)|list 0|^(GET|sign|remove|upload) .*file$|^trick|^modelstore_.* 0$"
)
"""What those try too whose token says something odd: who they are is asked in one place."""


class Attacker:
    """An actor with a token."""

    def __init__(self, actor, token):
        self.actor, self.token = actor, token

    def __str__(self):
        return self.actor.name


@pytest.fixture(scope="module")
def own():
    """A stack with the schema and a world in it."""
    local = Stack(f"attacks-{os.getpid()}")
    local.up(keeper=os.getpid())
    try:
        told = local.env()
        Database(told["DATABASE_URL"]).apply()
        with psycopg.connect(told["ADMIN_DATABASE_URL"], autocommit=True) as superuser:
            world = attacks.build(superuser)
            superuser.execute(_judge.STATE)
            for (version,) in superuser.execute("select version from storage.objects").fetchall():
                (local.directory / "objects" / version).write_text(version[:5])  # what each file holds
            with httpx.Client(base_url=told["SUPABASE_URL"], headers={"apikey": told["SUPABASE_KEY"]}, timeout=60) as http:
                _wait(http, told)
                yield told, superuser, world, http
    finally:
        local.leave(os.getpid())


def _wait(http, told):
    """Let PostgREST see the schema, of which the database tells it by itself."""
    key = {"apikey": told["SERVICE_KEY"]}
    deadline = time.monotonic() + 20
    while http.get("/rest/v1/modelstore_events?limit=0", headers=key).status_code != 200 or (
        http.post("/rest/v1/rpc/modelstore_unshare", json={"q": {}}, headers=key).status_code == 404
    ):
        assert time.monotonic() < deadline, "PostgREST does not see the schema."
        time.sleep(0.05)


def sign(told, claims, secret=None, **more):
    now = int(time.time())
    said = {"iat": now, "exp": now + 3600, **(claims if isinstance(claims, dict) else {}), **more}
    return jwt.encode(said, secret or told["JWT_SECRET"], "HS256")


def attackers(told, world):
    """Return those with a true signature, and those without."""
    known = {actor.name: actor for actor in attacks.actors(world)}
    made = [Attacker(known[name], "" if name == "anon key" else sign(told, known[name].claims)) for name in ACTORS]
    ada = known["ada"].claims
    head, _body, tail = sign(told, known["stranger"].claims).split(".")
    other = base64.urlsafe_b64encode(json.dumps(ada).encode()).decode().rstrip("=")
    nothing = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    tokens = {
        "tampered signature": f"{head}.{other}.{tail}",
        "cut signature": f"{head}.{other}.",
        "no algorithm": f"{nothing}.{other}.",
        "another secret": sign(told, {**ada, "role": "service_role"}, secret="x" * 40),
        "ended": sign(told, ada, exp=int(time.time()) - 60),
        "not yet": sign(told, ada, nbf=int(time.time()) + 3600),
        "role postgres": sign(told, {**ada, "role": "postgres"}),
        "role supabase_admin": sign(told, {**ada, "role": "supabase_admin"}),
        "role authenticator": sign(told, {**ada, "role": "authenticator"}),
        "role anon": sign(told, {**ada, "role": "anon"}),
        "no role": sign(told, {"sub": ada["sub"]}),
        "sub is no uuid": sign(told, {**ada, "sub": "ada"}),
        "no token at all": "junk",
    }
    return made + [Attacker(attacks.Actor(name, {}), token) for name, token in tokens.items()]


def test_nobody_gets_further_through_the_servers(own, record_property):
    told, superuser, world, http = own
    everybody = attackers(told, world)
    before, wrong, tried = _judge._state(superuser, ""), [], 0
    with ThreadPoolExecutor(8) as pool:
        for ask in _http.asks(world, attacks.Catalog.read(superuser)):
            who = [each for each in everybody if not ask.open_to(each.actor) and _tries(each, ask)]
            answers = list(pool.map(lambda each, ask=ask: _send(http, each, ask), who))
            tried += len(who)
            for each, answer in zip(who, answers, strict=True):
                wrong += _wrong(world, each, ask, answer)
            if _judge._state(superuser, "") != before:
                wrong.append(f"{ask.name}: changed something, sent by one of {', '.join(map(str, who))}")
                before = _judge._state(superuser, "")
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong[:40])
    record_property("attempts that must fail", tried)


def _tries(each, ask):
    if ask.few:
        return each.actor.name in FEW and ask.space.label == "ada"
    return each.actor.name in SOME or EVERYBODY.search(ask.name)


def _send(http, each, ask):
    sent = ask.sent_by(each.actor.me)
    if each.token:
        sent["headers"] = {**sent["headers"], "Authorization": f"Bearer {each.token}"}
    return http.request(**sent)


def _wrong(world, each, ask, answer):
    """Return what an answer tells that it must not."""
    secret = attacks.forbidden(world, each.actor)
    said = f"{answer.text} {answer.headers}"
    asked = f"{ask.path} {ask.body} {ask.headers}"
    leaked = [word for word in secret if word in said and word not in asked]
    blobs = [
        model.blob[:5] for space in world.spaces.values() if not each.actor.rank(space.label) for model in space.models.values()
    ]
    if ask.method == "GET" and answer.status_code == 200 and answer.text in blobs:
        leaked.append("the file")
    if "token=" in said and "token=" not in asked:
        leaked.append("a signature")
    content = answer.headers.get("Content-Range", "*/0").rpartition("/")[2]
    if content not in ("*", "0", "1") and each.actor.name != "ben":  # one: the planner's least guess
        leaked.append(f"a count of {content}")
    return [f"{each}: {ask.name} [{ask.space.label}]: {answer.status_code} tells {leaked[:3]}"] if leaked else []


def test_every_route_of_storage_is_asked(own):
    _, superuser, world, _ = own
    asked = [
        (ask.method, ask.path.partition("?")[0].removeprefix("/storage/v1"))
        for ask in _http.asks(world, attacks.Catalog.read(superuser))
    ]
    for method, path, operation in _routes(_storage._server, _storage._objects):
        pattern = re.sub(r"\{\w+:?([^}]*)\}", lambda found: f"({found[1] or '[^/]+'})", path)
        if method != "OPTIONS":
            assert any(verb == method and re.fullmatch(pattern, place) for verb, place in asked), (method, path, operation)


class Person:
    """Somebody who does what they may, and counts it."""

    def __init__(self, own, name, done):
        self.told, _, world, self.http = own
        actor = next(each for each in attacks.actors(world) if each.name == name)
        self.me, self.done = actor.me, done
        self.headers = {"Authorization": f"Bearer {sign(self.told, actor.claims)}"}

    def send(self, method, path, body=None, ok=True, **headers):
        kind = {"json": body} if not isinstance(body, bytes | None) else {"content": body}
        answer = self.http.request(method, path, headers={**self.headers, **headers}, **kind)
        assert answer.is_success == ok, f"{method} {path}: {answer.status_code} {answer.text}"
        self.done.append((method, path))
        return answer

    def call(self, name, q, ok=True):
        argument = {"draft" if name == "commit" else "q": q}
        return self.send("POST", f"/rest/v1/rpc/modelstore_{name}", argument, ok=ok).json()

    def file(self, method, key, body=None, ok=True, **headers):
        return self.send(method, f"/storage/v1/object/model-files/{key}", body, ok=ok, **headers)

    def save(self, name, data, **more):
        """Keep a model as the client does: ask, send, commit, send the probe."""
        save = str(uuid.uuid4())
        path = self.call("may_save", {"name": name, "size": len(data), "save_id": save, **more})["path"]
        self.file("POST", path, data, **{"Content-Type": "application/octet-stream"})
        draft = {**_doors.draft(SimpleNamespace(id=None), save), "model_name": name, "model_file_size": len(data), **more}
        record = self.call("commit", draft)["record"]
        self.file("POST", path.replace(".pkl", ".probe"), b"probe")
        return record


def test_owners_members_and_recipients_do_what_they_may(own, record_property):
    done: list = []
    ada, editor, reader, recipient = (Person(own, name, done) for name in ("ada", "editor", "reader", "recipient"))
    record = ada.save("Ähre (2)", b"model")
    one, path = {"id": record["id"]}, record["model_file_path"]
    assert ada.file("GET", path).content == b"model"
    assert ada.call("find", {"name": "ähre (2)"})["id"] == record["id"]
    assert record["id"] in [each["id"] for each in ada.call("list", {"words": "ähre"})["records"]]
    ada.call("edit", {**one, "description": "better", "tags": ["x"]})
    ada.call("set_alias", {**one, "alias": "champion"})
    assert ada.call("alias_history", {"name": "Ähre (2)"})[0]["alias"] == "champion"
    ada.call("remove_alias", {"name": "Ähre (2)", "alias": "champion"})
    recipient.file("GET", path, ok=False)
    ada.call("share", {**one, "who": recipient.me, "until": "2999-01-01T00:00:00Z"})
    assert recipient.call("shared", one)["total"] == 1
    assert recipient.file("GET", path).content == b"model"
    assert recipient.file("GET", path.replace(".pkl", ".probe")).content == b"probe"
    recipient.call("record_download", one)
    assert ada.call("unshare", {**one, "who": recipient.me})["ended"] == 1
    recipient.file("GET", path, ok=False)
    assert ada.call("rename", {"name": "Ähre (2)", "new": "Ernte"})["versions"] == 1
    ada.call("delete", {"ids": [record["id"]]})
    ada.call("restore", {"ids": [record["id"]]})
    ada.call("delete", {"ids": [record["id"]]})
    paths = [path for path, _ in ada.call("purge", {"ids": [record["id"]]})["objects"]]
    gone = ada.send("DELETE", "/storage/v1/object/model-files", {"prefixes": paths}).json()
    assert {each["name"] for each in gone} == set(paths) == {path, path.replace(".pkl", ".probe")}
    assert ada.call("purged", {"ids": [record["id"]]})["left"] == []
    for name in ("names", "facets", "stats", "check", "whoami", "shared", "list"):
        ada.call(name, {})
    team = own[2].spaces["team"]
    theirs = editor.save("Team", b"theirs", space=team.id)
    assert reader.file("GET", theirs["model_file_path"]).content == b"theirs"
    assert reader.call("find", {"space": team.name, "name": "Team"})["id"] == theirs["id"]
    reader.call("edit", {"id": theirs["id"], "description": "no"}, ok=False)
    record_property("legitimate actions", len(done))


def test_the_earlier_application_goes_on(own, record_property):
    done: list = []
    ada = Person(own, "ada", done)
    key, rest = f"{ada.me}/churn.pkl", "/rest/v1/trained_models"
    ada.file("POST", key, b"old", **{"Content-Type": "application/octet-stream"})
    row = {"user_id": ada.me, "model_name": "churn", "model_file_path": key, "model_file_size": 99, "status": "completed"}
    made = ada.send("POST", rest, row, Prefer="return=representation").json()[0]
    assert (made["version"], made["origin"], made["model_file_size"]) == (1, "legacy", 3)
    assert ada.send("GET", f"{rest}?model_name=eq.churn&select=id,status").json() == [{"id": made["id"], "status": "completed"}]
    change = {"description": "used", "tags": ["old"], "last_downloaded_at": "2026-03-01T00:00:00Z"}
    ada.send("PATCH", f"{rest}?id=eq.{made['id']}", change)
    assert ada.file("GET", key).content == b"old"
    assert ada.send("GET", "/rest/v1/user_model_stats").json()[0]["user_id"] == ada.me
    ada.file("DELETE", key, ok=False)  # a row names it
    ada.send("DELETE", f"{rest}?id=eq.{made['id']}")
    ada.file("DELETE", key)
    record_property("legitimate actions", len(done))
