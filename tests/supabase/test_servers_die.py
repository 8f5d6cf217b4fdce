"""Storage, PostgREST, the gateway and PostgreSQL die at each step of a save; on a stack of this file's own."""

from __future__ import annotations

import os
import uuid

import httpx
import pytest
from conformance.backend import find, keep
from stack import Stack
from supabase_fixtures import OUTSIDE, Project, wait_for_functions

from jupyter_modelstore.backends.supabase import Functions, Objects
from jupyter_modelstore.sql import Database

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase
LARGE = 15 * 1024 * 1024


@pytest.fixture(scope="module")
def stack():
    """A stack that may be broken."""
    if OUTSIDE["URL"]:
        pytest.skip("only a stack on this machine can be stopped")
    local = Stack(f"lone-{uuid.uuid4().hex[:8]}")
    local.up(keeper=os.getpid())
    try:
        told = local.env()
        names = ("SUPABASE_URL", "SUPABASE_KEY", "SERVICE_KEY", "DATABASE_URL", "JWT_SECRET")
        yield Project(*(told[name] for name in names), local)
    finally:
        local.leave(os.getpid())


@pytest.fixture(scope="module")
def http(stack):
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def project(stack):
    Database(stack.database_url).apply()
    wait_for_functions(stack)
    return stack


@pytest.mark.parametrize("server", ["storage", "postgrest", "gateway", "postgres"])
def test_a_server_that_is_gone_leaves_the_save_waiting(project, opened, door, server):
    project.local.stop(server)
    try:
        saved = keep(opened(), "churn", b"bytes")
        assert saved.record.status == "pending"
    finally:
        project.local.start(server)
    backend = opened()
    (arrived,) = backend.resume()
    assert door.peek(arrived.record) == b"bytes"
    assert len(door.rows()) == len(door.objects()) == 1


STEPS = {"asked": (Objects, "send"), "half": (Objects, "_try_piece"), "sent": (Functions, "call")}


@pytest.mark.parametrize("server", ["storage", "postgrest", "postgres"])
@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_dies_at_a_step_loses_nothing(project, opened, door, monkeypatch, step, server):
    kind, name = STEPS[step]
    real, calls = getattr(kind, name), []

    def wrapped(self, *args, **more):
        calls.append(args[0])
        due = (step == "sent" and args[0] == "commit") or (step == "asked") or (step == "half" and len(calls) == 2)
        if due and server not in stopped:
            project.local.stop(server)
            stopped.append(server)
        return real(self, *args, **more)

    stopped = []
    monkeypatch.setattr(kind, name, wrapped)
    monkeypatch.setattr("jupyter_modelstore.backends.supabase._objects._TRIES", 1)  # each takes seconds; two show the way
    try:
        saved = keep(opened(), "churn", os.urandom(LARGE))
    finally:
        monkeypatch.undo()
        for each in stopped:
            project.local.start(each)
    assert stopped == [server]
    backend = opened()
    if saved.record.status == "pending":
        (saved,) = backend.resume()
    record = find(backend, "churn:1")
    assert record.sha256 == saved.record.sha256
    assert len(door.rows()) == len(door.objects()) == 1
    assert len(door.peek(record)) == LARGE


def test_a_lost_answer_to_a_commit_makes_no_second_version(project, opened, door, monkeypatch):
    real = Functions.call

    def lose(self, name, q):
        answer = real(self, name, q)
        if name == "commit":
            raise _answers_lost()
        return answer

    def _answers_lost():
        from jupyter_modelstore.errors import Unreachable

        return Unreachable("The answer was lost.")

    monkeypatch.setattr(Functions, "call", lose)
    assert keep(opened(), "churn", b"bytes").record.status == "pending"
    monkeypatch.undo()
    (saved,) = opened().resume()
    assert (saved.created, saved.record.version) == (False, 1)
    assert len(door.rows()) == len(door.objects()) == 1
