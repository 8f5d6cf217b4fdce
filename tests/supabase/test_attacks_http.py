"""The attack matrix through a project's servers: PostgREST, Storage and the gateway, with tokens true and false.

It has a stack of its own, in which nothing else happens: after each request the state of every table is what it was.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import attacks
import httpx
import jwt
import psycopg
import pytest
from attacks import _http, _judge
from stack import Stack, _storage
from test_attacks import _routes

from jupyter_modelstore.sql import Database

pytestmark = pytest.mark.supabase

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
