"""Where the notebook is: its path, and the repository around it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jupyter_modelstore.capture._place import Repository, notebook_path


def git(directory, *arguments):
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commit_and_changes_are_told(repository):
    commit = git(repository, "rev-parse", "HEAD")
    assert Repository().state() == {"commit": commit, "dirty": False}
    (repository / "untracked.txt").write_text("new")
    assert Repository().state() == {"commit": commit, "dirty": False}
    (repository / "a.txt").write_text("b")
    assert Repository().state() == {"commit": commit, "dirty": True}


def test_outside_of_a_repository_nothing_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert Repository().state() is None


def test_without_git_or_before_the_first_commit_nothing_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q")
    assert Repository().state() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Repository().state() is None


def test_what_a_repository_configures_is_not_run(repository):
    mark = repository / "run"
    script = repository / ".git" / "spy.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(script))
    mark.unlink(missing_ok=True)
    assert Repository().state()["dirty"] is False
    assert not mark.exists()


@pytest.mark.parametrize(
    ("namespace", "environ", "expected"),
    [
        ({}, {}, None),
        ({}, {"JPY_SESSION_NAME": "work/churn.ipynb"}, "{cwd}/work/churn.ipynb"),
        ({}, {"JPY_SESSION_NAME": "/data/churn.ipynb"}, "/data/churn.ipynb"),
        ({}, {"JPY_SESSION_NAME": "1f3a-console"}, None),
        ({"__vsc_ipynb_file__": "/data/a.ipynb"}, {"JPY_SESSION_NAME": "/data/b.ipynb"}, "/data/a.ipynb"),
        ({"__vsc_ipynb_file__": 3}, {}, None),
    ],
)
def test_the_notebook_is_what_jupyter_or_vs_code_say(namespace, environ, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert notebook_path(namespace, environ) == (expected and expected.format(cwd=tmp_path))


def test_the_home_is_written_short(monkeypatch):
    monkeypatch.chdir(Path.home())
    assert notebook_path({}, {"JPY_SESSION_NAME": "work/churn.ipynb"}) == "~/work/churn.ipynb"
