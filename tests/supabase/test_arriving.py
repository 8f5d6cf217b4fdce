"""Saves that go on after their cell, in a real kernel over a line that is held or cut: nothing waits, nothing is lost."""

from __future__ import annotations

import time

import pytest

pytest_plugins = ("supabase_fixtures", "kernel_fixtures")
pytestmark = [pytest.mark.supabase, pytest.mark.slow]

FIT = """
import numpy as np
from sklearn.linear_model import LinearRegression
clf = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
"""
HEAVY = "clf.kept_ = np.random.default_rng(0).random(2_000_000)"  # 16 MB: three pieces


@pytest.fixture
def notebook(line, project, person, kernel, tmp_path, monkeypatch):
    """A notebook that somebody sits at, whose project is at the other end of the line."""
    from kernel_fixtures import Front

    token = tmp_path / "token"
    token.write_text(person.access_token)
    token.chmod(0o600)
    monkeypatch.setenv("SUPABASE_URL", line.url)
    monkeypatch.setenv("SUPABASE_KEY", project.key)
    monkeypatch.setenv("MODELSTORE_ACCESS_TOKEN_FILE", str(token))
    made = Front(kernel())
    made.run("%load_ext jupyter_modelstore")
    made.run(FIT)
    return made


def text(outputs):
    return "\n".join(output.get("data", {}).get("text/plain", output.get("text", "")) for output in outputs)


def drawn(front, outputs):
    """Return all that was drawn in place of a cell's card so far."""
    (display_id,) = {output["transient"]["display_id"] for output in outputs if output.get("transient", {}).get("display_id")}
    return [
        message["content"]["data"]["text/plain"]
        for message in front.messages
        if message["msg_type"] == "update_display_data" and message["content"]["transient"]["display_id"] == display_id
    ]


def until_drawn(front, outputs, words):
    return front.until(lambda: next((card for card in drawn(front, outputs) if words in card), None))


def test_the_prompt_comes_back_while_the_model_is_on_its_way(notebook, line, door):
    notebook.run(HEAVY)
    line.held_after = 2_000_000
    line.free.clear()
    saved = notebook.run('%save_model clf "churn"')
    assert "churn is kept on this machine, on its way" in text(saved)
    assert door.rows() == []
    assert "of 16 MB" in until_drawn(notebook, saved, "%)")
    assert "1 save" in text(notebook.run("%modelstore status"))
    loaded = notebook.run("best = %load_model churn\nprint((best.kept_ == clf.kept_).all())")
    assert "True" in text(loaded)
    waiting = notebook.begin("%alias_model churn champion")
    time.sleep(0.5)
    assert not notebook.is_done(waiting)
    line.free.set()
    assert "Saved churn:1" in until_drawn(notebook, saved, "Saved")
    notebook.until(lambda: notebook.is_done(waiting))
    (row,) = door.rows()
    assert len(door.objects()) == 1
    assert "churn:1" in text(notebook.run("%model_card churn@champion"))
    assert "clf is churn:1, unchanged" in text(notebook.run("%model_card clf"))
    assert until_drawn(notebook, notebook.run('%save_model clf "churn"'), "Nothing new")
    assert "clf is churn:1, unchanged" in text(notebook.run("%model_card clf"))
    assert row["version"] == 1


def test_what_could_not_be_sent_goes_by_itself_when_the_line_is_back(notebook, line, door):
    line.cut()
    saved = notebook.run('%save_model clf "churn"')
    assert "has not arrived" in text(saved) or until_drawn(notebook, saved, "has not arrived")
    line.mend()
    assert "Saved churn:1" in until_drawn(notebook, saved, "Saved")
    assert len(door.rows()) == len(door.objects()) == 1


def test_what_waits_goes_as_soon_as_the_project_answers_anything(notebook, line, door):
    notebook.run("from jupyter_modelstore import worker; worker._FIRST_PAUSE = 300.0")
    line.cut()
    saved = notebook.run('%save_model clf "churn"')
    assert "has not arrived" in text(saved) or until_drawn(notebook, saved, "has not arrived")
    line.mend()
    notebook.run("%model_stats")
    assert "Saved churn:1" in until_drawn(notebook, saved, "Saved")


def test_a_save_that_is_given_up_on_its_way_does_not_arrive(notebook, line, door):
    notebook.run(HEAVY)
    line.held_after = 2_000_000
    line.free.clear()
    saved = notebook.run('%save_model clf "churn"')
    assert "Given up" in text(notebook.run("%modelstore discard churn --yes"))
    line.free.set()
    until_drawn(notebook, saved, "given up")
    assert door.rows() == []
    assert "Saved churn:1" in text(notebook.run('%save_model clf "churn" --wait'))


@pytest.mark.parametrize("how", ["--wait", "as a program runs it"])
def test_waiting_shows_the_whole_card_at_once(notebook, door, how):
    cell = '%save_model clf "churn"' + (" --wait" if how == "--wait" else "")
    if how == "--wait":
        assert "Saved churn:1" in text(notebook.run(cell))
    else:
        assert "Saved churn:1" in notebook.kernel.ok(cell)
    assert len(door.rows()) == 1


def test_who_stops_waiting_is_told_that_it_goes_on(notebook, line, door):
    notebook.run("clf.kept_ = np.random.default_rng(0).random(500_000)")
    line.held_after = 2_000_000
    line.free.clear()
    request = notebook.begin('%save_model clf "churn" --wait')
    assert line.holding.wait(60)
    notebook.kernel.manager.interrupt_kernel()
    notebook.until(lambda: any("on its way" in str(message["content"]) for message in notebook.messages))
    line.free.set()
    notebook.until(lambda: any("Saved churn:1" in str(message["content"]) for message in notebook.messages))
    notebook.until(lambda: notebook.is_done(request))
    assert len(door.rows()) == 1
