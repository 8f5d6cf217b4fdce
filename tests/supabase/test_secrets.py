"""Tokens and passwords stand in one file of mode 0600, and nowhere else: notebook, errors, log, spool, cache, processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytest_plugins = ("supabase_fixtures",)
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
