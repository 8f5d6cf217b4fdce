"""A stack starts, is shared, is repaired and goes; nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from stack import Stack, sweep

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

HOLD = """
import os, sys, time
from stack import Stack
stack = Stack(sys.argv[1])
stack.up(keeper=os.getpid())
print(stack.env()["SUPABASE_URL"], flush=True)
time.sleep(600)
"""
PACKAGE = str(Path(__file__).parent)


@pytest.fixture
def own():
    """A stack of the test's own."""
    stack = Stack(f"test-{uuid.uuid4().hex[:8]}")
    yield stack
    stack.down()


@pytest.fixture(scope="module")
def other():
    """A second stack, with the grants of an older project, for all tests that leave it running."""
    stack = Stack(f"test-{uuid.uuid4().hex[:8]}")
    stack.up(old_grants=True)
    yield stack
    stack.down()


def runs(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def pids(stack):
    return {name: known["pid"] for name, known in stack.state["processes"].items()}


def test_up_twice_is_up_once(other):
    first = pids(other)
    other.up()
    assert pids(other) == first
    assert set(first) == {"postgres", "postgrest", "auth", "storage", "gateway"}


def test_two_stand_side_by_side(other, stack):
    told = other.env()
    assert told["SUPABASE_URL"] != stack.url
    with psycopg.connect(told["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("create table public.fresh (i int)")
        (granted,) = connection.execute("select has_table_privilege('anon', 'public.fresh', 'select')").fetchone()
    assert granted
    wrong = httpx.get(f"{told['SUPABASE_URL']}/rest/v1/", headers={"apikey": stack.key})
    assert wrong.status_code == 401


@pytest.mark.parametrize("name", ["auth", "storage", "postgrest", "gateway", "postgres"])
def test_a_server_that_died_comes_back_with_its_data(other, name):
    told = other.env()
    url, headers = told["SUPABASE_URL"], {"apikey": told["SERVICE_KEY"]}
    body = {"email": f"{name}@example.org", "password": "secret12"}
    httpx.post(f"{url}/auth/v1/signup", json=body, headers=headers).raise_for_status()
    httpx.post(f"{url}/storage/v1/bucket", json={"name": name}, headers=headers).raise_for_status()
    other.stop(name)
    asked = {"postgrest": "rest/v1/", "storage": "storage/v1/bucket"}.get(name, "auth/v1/admin/users")
    try:
        status = httpx.get(f"{url}/{asked}", headers=headers, timeout=30).status_code
    except httpx.TransportError:
        status = 0
    assert status == {"gateway": 0, "postgres": 500}.get(name, 502)
    other.start(name)
    assert httpx.post(f"{url}/auth/v1/token?grant_type=password", json=body, headers=headers, timeout=30).status_code == 200
    assert name in [row["id"] for row in httpx.get(f"{url}/storage/v1/bucket", headers=headers, timeout=30).json()]
    assert httpx.get(f"{url}/rest/v1/", headers=headers, timeout=30).status_code == 200


def test_what_a_killed_run_left_is_swept(own):
    run = [sys.executable, "-c", HOLD, own.directory.name]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PACKAGE}) as holder:
        url = holder.stdout.readline().strip()
        assert httpx.get(f"{url}/storage/v1/status").status_code == 200
        sweep()
        assert own.directory.exists()
        holder.send_signal(signal.SIGKILL)
    known = pids(own)
    sweep()
    assert not own.directory.exists()
    assert not any(map(runs, known.values()))


def test_the_last_who_leaves_turns_off_the_light(own):
    own.up(keeper=os.getpid())
    own.up(keeper=os.getppid())
    known = pids(own)
    own.leave(os.getpid())
    assert httpx.get(f"{own.env()['SUPABASE_URL']}/storage/v1/status").status_code == 200
    own.leave(os.getppid())
    assert not own.directory.exists()
    assert not any(map(runs, known.values()))
    with pytest.raises(RuntimeError, match="scripts/stack up"):
        own.env()


def test_postgres_never_runs_as_root(stack):
    if stack.local is None:
        pytest.skip("only the stack on this machine shows its processes")
    assert psutil.Process(stack.local.state["processes"]["postgres"]["pid"]).uids().real != 0
    assert (stack.local.directory / "state.json").stat().st_mode & 0o077 == 0


def test_the_command(tmp_path):
    """``scripts/stack`` tells what clients need, and says how it is used."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    run = {"env": {**os.environ, "PYTHONPATH": PACKAGE, "MODELSTORE_TEST_STACK": name}, "capture_output": True, "text": True}

    def stack(*arguments):
        return subprocess.run([sys.executable, "-m", "stack", *arguments], check=False, **run)

    try:
        assert "up after" in stack("up").stdout
        told = dict(line.removeprefix("export ").split("=", 1) for line in stack("env").stdout.splitlines())
        assert {"SUPABASE_URL", "SUPABASE_KEY", "SERVICE_KEY", "DATABASE_URL", "JWT_SECRET"} <= set(told)
    finally:
        assert stack("down").returncode == 0
    wrong = stack("sideways")
    assert (wrong.returncode, "Usage" in wrong.stderr) == (2, True)
