"""Models of this machine go to a project, with numbers, dates and aliases; nothing twice."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest

import jupyter_modelstore as jms
from jupyter_modelstore import cli
from jupyter_modelstore.errors import NotFound
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.transfer import push
from jupyter_modelstore.trust import Approvals

pytest_plugins = ("supabase_fixtures", "doors_fixtures")
pytestmark = pytest.mark.supabase


@pytest.fixture
def pipeline(pipeline):
    """One of this test's own, which is changed."""
    return copy.deepcopy(pipeline)


@pytest.fixture
def here(tmp_path, pipeline):
    store = jms.connect(f"local:{tmp_path}/local", home=tmp_path / "home")
    for c in (1.0, 2.0, 3.0):
        pipeline.steps[-1][1].C = c
        store.save(pipeline, "churn", metrics={"auc": c / 4}, tags=["telecom"])
    store.save(pipeline, "other", alias="champion")
    store.set_alias("churn:2", "champion", why="best on new customers")
    return store


@pytest.fixture
def there(opened, tmp_path):
    return Registry(opened(), Approvals(tmp_path / "trusted.jsonl", "0" * 32))


def test_push_without_a_project_says_what_to_set(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    assert cli.main(["push", "--home", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "SUPABASE_KEY is missing" in said
    assert "--store" not in said


def told(store):
    return [
        (r.ref, r.sha256, r.created_at, r.origin, r.aliases, dict(r.metrics))
        for r in store.list(all_versions=True, sort="created_at")
    ]


def test_all_goes_once_with_numbers_dates_and_aliases(here, there):
    done = push(here, there)
    assert (len(done.copied), done.known, done.failed) == (4, 0, ())
    assert told(there) == told(here)
    assert there.load("churn@champion").steps[-1][1].C == 2.0
    assert there.alias_history("churn")[0].why == "copied: best on new customers"
    again = push(here, there)
    assert (again.copied, again.known) == ((), 4)


def test_aliases_that_a_broken_off_push_left_out_are_given_by_the_next(here, there, monkeypatch):
    def broken(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(there, "set_alias", broken)
        with pytest.raises(KeyboardInterrupt):
            push(here, there)
    assert push(here, there).failed == ()
    assert told(there) == told(here)
    there.remove_alias("churn", "champion")
    push(here, there)
    assert there.get("churn:2").aliases == ()  # taken away on purpose


def test_a_push_that_was_killed_while_it_wrote_is_begun_again(here, there):
    save_id = here.get("churn:2").save_id
    with there._backend.receive(save_id) as incoming:  # another push is at it
        incoming.file.write(b"half")
        (incoming.file.path.parent / f"{save_id}.part").write_bytes(b"of a process that died")
        assert len(push(here, there).copied) == 4
    assert told(there) == told(here)


def test_a_dry_run_changes_nothing_and_a_name_narrows(here, there):
    assert len(push(here, there, dry_run=True).copied) == 4
    assert list(there.list()) == []
    assert [ref for ref, _ in push(here, there, ["other"]).copied] == ["other:1"]
    with pytest.raises(NotFound, match="no model"):
        push(here, there, ["nothing"])


def test_a_number_that_is_taken_becomes_the_next_and_is_told(here, there, pipeline):
    pipeline.steps[-1][1].C = 99.0
    there.save(pipeline, "churn")
    foretold = push(here, there, ["churn"], dry_run=True).copied
    assert foretold == (("churn:1", "churn:2"), ("churn:2", "churn:3"), ("churn:3", "churn:4"))
    assert push(here, there, ["churn"]).copied == foretold


def test_what_was_deleted_here_is_not_sent_and_what_was_deleted_there_does_not_come_back(here, there):
    here.delete("other", force=True)
    push(here, there)
    there.delete("churn", force=True)
    assert (push(here, there).copied, there.names()) == ((), ["churn"])
    there.empty_trash()
    assert (push(here, there).copied, there.names()) == ((), [])


def test_a_changed_file_is_told_and_the_rest_goes(here, there):
    record = here.get("churn:2")
    here._backend.fetch(record).write_bytes(b"changed")
    done = push(here, there)
    assert len(done.copied) == 3
    assert done.failed[0][0] == "churn:2"


def test_from_the_command_line(here, project, person, tmp_path):
    (tmp_path / "token").write_text(person.access_token)
    settings = {
        "SUPABASE_URL": project.url,
        "SUPABASE_KEY": project.key,
        "MODELSTORE_ACCESS_TOKEN_FILE": str(tmp_path / "token"),
    }

    def run(*words):
        words = [sys.executable, "-m", "jupyter_modelstore.cli", *words, "--home", str(tmp_path / "home")]
        return subprocess.run(words, capture_output=True, text=True, env=settings, check=False)

    place = ["--store", f"local:{tmp_path}/local"]
    first = run("push", *place)
    assert (first.returncode, first.stderr) == (0, "")
    assert "Copied 4 versions" in first.stdout
    assert json.loads(run("push", "--json", *place).stdout)["known"] == 4
    assert "churn:3" in run("list").stdout
    assert run("push", "--to", f"local:{tmp_path}/local", *place).returncode == 2
