"""Tokens and passwords stand in one file of mode 0600, and nowhere else: notebook, errors, log, spool, cache, processes."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import cloudpickle
import nbformat
import pytest
from nbclient import NotebookClient
from relay import Relay, Reply, hold

from jupyter_modelstore import cli
from jupyter_modelstore.identity import EmailSession, OneUser, Robot

pytest_plugins = ("supabase_fixtures", "doors_fixtures")
pytestmark = pytest.mark.supabase

CELLS = """
%load_ext jupyter_modelstore
%modelstore config debug=True
---
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
tree = DecisionTreeClassifier(max_depth=2).fit(*load_iris(return_X_y=True))
%save_model tree "churn" -t canary
---
%models --table
---
best = %load_model churn
---
%modelstore status
---
%modelstore doctor
---
%load_model nothing
---
%modelstore login you@example.org
---
%modelstore login {email} --code --nonsense
---
import jupyter_modelstore as jms
store = jms.connect()
backend = store._backend
print(store, backend, backend._source, backend._functions, backend._objects, backend._spool, backend._cache)
print([str(value) for value in vars(backend).values()])
---
%save_model tree "no/slash"
---
backend._functions._url = "http://127.0.0.1:9"
backend._functions.call("nonsense", {{}})
---
backend._objects._base = "http://127.0.0.1:9"
backend._objects.size("x")
---
raise SystemExit(repr(locals())[:100_000])
"""


@pytest.mark.timeout(180)
def test_secrets_stand_in_the_session_file_only(project, new_user, tmp_path, monkeypatch):
    person = new_user()
    home, password = tmp_path / "home", tmp_path / "password"
    password.write_text(person.password)
    password.chmod(0o600)
    settings = {
        "SUPABASE_URL": project.url,
        "SUPABASE_KEY": project.key,
        "MODELSTORE_HOME": str(home),
        "MODELSTORE_EMAIL": person.email,
        "MODELSTORE_PASSWORD_FILE": str(password),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    cells = [nbformat.v4.new_code_cell(text.strip()) for text in CELLS.format(email=person.email).split("---\n")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    log = tmp_path / "kernel.log"
    with log.open("w") as stderr:
        client = NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True, store_widget_state=True)
        client.create_kernel_manager()
        client.start_new_kernel(stderr=stderr)
        with client.setup_kernel():
            for number, cell in enumerate(notebook.cells):
                client.execute_cell(cell, number)
            processes = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    (session,) = (home / "sessions").glob("*.json")
    stored = json.loads(session.read_text())
    assert session.stat().st_mode & 0o777 == 0o600
    assert (home / "sessions").stat().st_mode & 0o077 == 0
    secrets = [person.password, stored["refresh_token"], stored["access_token"], stored["access_token"].rpartition(".")[2]]
    text = nbformat.writes(notebook)
    assert text.count("[modelstore:") >= 4, "errors were shown"
    assert "Saved churn:1" in text
    places = {"the notebook": text, "the log": log.read_text(), "processes": processes}
    places |= {str(path): path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file() and path != session}
    found = [(place, secret[:4]) for place, content in places.items() for secret in secrets if secret in content]
    assert found == []


def test_a_command_line_shows_no_password_to_other_users(project, new_user, tmp_path):
    person = new_user()
    password = tmp_path / "password"
    password.write_text(person.password)
    password.chmod(0o600)
    settings = {
        **os.environ,
        "SUPABASE_URL": project.url,
        "SUPABASE_KEY": project.key,
        "MODELSTORE_HOME": str(tmp_path / "home"),
        "MODELSTORE_EMAIL": person.email,
        "MODELSTORE_PASSWORD_FILE": str(password),
    }
    command = [sys.executable, "-m", "jupyter_modelstore.cli", "doctor", "--json"]
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(0.5)
        words = Path(f"/proc/{process.pid}/cmdline").read_text() if process.poll() is None else ""
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert person.password not in words + out + err
    assert "eyJ" not in words + out + err


def test_on_a_command_line_the_warning_of_a_password_that_others_can_read_is_one_line(
    project, person, tmp_path, monkeypatch, capsys
):
    password = tmp_path / "password"
    password.write_text(person.password)
    password.chmod(0o644)
    names = {"SUPABASE_URL": project.url, "SUPABASE_KEY": project.key, "MODELSTORE_EMAIL": person.email}
    for name, value in {**names, "MODELSTORE_PASSWORD_FILE": str(password)}.items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert cli.main(["list"]) == 0
    assert capsys.readouterr().err == (
        f"{password} holds a password, and others on this machine can read it: give it mode 600.\n"
    )


# ---- %xmode Verbose shows the variables and attributes that the lines of a traceback name ---------------------------------


@pytest.fixture
def relay(project, monkeypatch):
    with Relay.before(project.url) as made:
        monkeypatch.setenv("SUPABASE_URL", made.url)
        monkeypatch.setenv("SUPABASE_KEY", project.key)
        yield made


@pytest.fixture(params=[False, True], ids=["", "debug"])
def traceback_of(request, notebook):
    """A function that runs a cell that fails, and returns all that a verbose traceback shows of it."""
    notebook.run(f"%modelstore config debug={request.param}\n%xmode Verbose")
    return lambda cell: "\n".join(notebook.run(cell, ok=False).traceback)


@contextlib.contextmanager
def interrupt_after(seconds):
    """Press Ctrl-C while the block runs."""
    timer = threading.Timer(seconds, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    timer.start()
    yield
    timer.cancel()


def outdated(person, relay, project, **more):
    """Sign in, and let the server's time seem two hours later; return what the session's file holds."""
    home = Path(os.environ["MODELSTORE_HOME"])
    EmailSession(home, relay.url, project.key).sign_in(person.email, person.password)
    (path,) = (home / "sessions").glob("*.json")
    stored = json.loads(path.read_text())
    stored |= {"clock": stored["clock"] - 7200, "uptime": stored["uptime"] - 7200, **more}
    path.write_text(json.dumps(stored))
    return stored


def found_in(shown, *secrets):
    return [secret[:6] for secret in secrets if secret in shown]


def test_a_renewal_that_is_interrupted_or_refused_shows_no_token(relay, project, person, traceback_of):
    cell = "import jupyter_modelstore as jms\njms.connect().names()"
    stored = outdated(person, relay, project)
    relay.answers("POST", "auth/v1/token", hold)
    with interrupt_after(0.5):
        shown = traceback_of(cell)
    assert "KeyboardInterrupt" in shown
    assert found_in(shown, stored["access_token"], stored["refresh_token"]) == []
    relay.is_plain()
    stored = outdated(person, relay, project, refresh_token="nosuchtoken1")
    shown = traceback_of(cell)
    assert "has ended" in shown
    assert found_in(shown, stored["access_token"], stored["refresh_token"]) == []


def test_a_token_file_that_is_refused_shows_no_token(relay, project, person, traceback_of, tmp_path, monkeypatch):
    ended = project.mint(sub=person.id, exp=int(time.time()) - 100)
    (tmp_path / "token").write_text(ended)
    monkeypatch.setenv("MODELSTORE_ACCESS_TOKEN_FILE", str(tmp_path / "token"))
    shown = traceback_of("import jupyter_modelstore as jms\njms.connect().names()")
    assert "not accepted" in shown
    (tmp_path / "token").write_text(f"{ended}\nand more é")
    shown += traceback_of("import jupyter_modelstore as jms\njms.connect().names()")
    assert found_in(shown, ended, ended.rpartition(".")[2]) == []


def test_a_code_that_is_interrupted_or_refused_is_not_shown(relay, person, traceback_of, monkeypatch):
    monkeypatch.setattr(getpass, "getpass", lambda _: " CANARY1 ")
    relay.answers("POST", "auth/v1/otp", Reply(200, b"{}", {"Content-Type": "application/json"}))
    refused = traceback_of(f"%modelstore login {person.email} --code")
    assert "wrong or has expired" in refused
    relay.answers("POST", "auth/v1/verify", hold)
    with interrupt_after(0.5):
        interrupted = traceback_of(f"%modelstore login {person.email} --code")
    assert "KeyboardInterrupt" in interrupted
    assert found_in(refused + interrupted, "CANARY") == []


@pytest.mark.parametrize("library", [pickle, cloudpickle])
def test_a_session_is_not_pickled(relay, project, person, tmp_path, library):
    session = EmailSession(tmp_path, relay.url, project.key)
    token = session.sign_in(person.email, person.password)
    for holder in (session, OneUser(session), Robot(session, person.email, tmp_path / "password"), {"in": [session]}, token):
        with pytest.raises(TypeError, match="token"):
            library.dumps(holder)
