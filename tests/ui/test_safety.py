"""What must never happen: a record's text that runs, a name that stays in the notebook, a key that reaches its cells."""

from __future__ import annotations

import json

import pytest
from cells import DATA, FIT, LINEAR, TREE, filled
from hostile import HOSTILE, MARK
from playwright.sync_api import expect

KEYS = ("b", "x", "j", "k", "a", "m", "y", "d", "d")
CANARY = "canarybird"
STATE = "application/vnd.jupyter.widget-state+json"


def models(notebook):
    return notebook.output.get_by_role("region", name="Models")


def test_hostile_texts_run_nothing_and_load_nothing(open_notebook):
    notebook = open_notebook("%load_ext jupyter_modelstore\nimport filling\nfilling.fill_hostile()\n%models")
    asked = []
    notebook.page.on("request", lambda request: asked.append(request.url))
    notebook.run(0)
    cards = models(notebook).get_by_label("Models").get_by_role("listitem").filter(has=notebook.page.get_by_role("checkbox"))
    expect(cards).to_have_count(len(HOSTILE))
    for index in range(0, len(HOSTILE), 3):
        cards.nth(index).get_by_role("button").first.click()  # all that is known of it
        expect(notebook.output.get_by_role("dialog")).to_be_visible()
        notebook.page.keyboard.press("Escape")
    for index in (0, 1, 5, 25, 26, 30):
        cards.nth(index).get_by_role("checkbox").check()
    models(notebook).get_by_role("button", name="Compare (6)").click()
    expect(notebook.output.get_by_role("dialog").get_by_role("table")).to_be_visible()
    assert notebook.page.evaluate(f"() => window['{MARK}']") is None
    assert not [url for url in asked if MARK in url]
    for element in ("script", "iframe", "img", "form[action]", "base", "link", "object", "embed", "b:has-text('bold')"):
        assert notebook.output.locator("[data-lm-suppress-shortcuts]").locator(element).count() == 0, element


def test_hostile_texts_do_not_break_the_layout(open_notebook):
    notebook = open_notebook("%load_ext jupyter_modelstore\nimport filling\nfilling.fill_hostile()\n%models")
    notebook.run(0)
    cards = models(notebook).get_by_label("Models").get_by_role("listitem").filter(has=notebook.page.get_by_role("checkbox"))
    expect(cards).to_have_count(len(HOSTILE))
    boxes = [cards.nth(index).bounding_box() for index in range(len(HOSTILE))]
    width = models(notebook).bounding_box()["width"]
    assert all(box["height"] < 420 and box["width"] <= width for box in boxes), boxes
    assert models(notebook).evaluate("element => element.scrollWidth <= element.clientWidth + 1")


def test_a_saved_notebook_holds_nothing_of_the_store(open_notebook, server):
    setting = {"raw": json.dumps({"saveState": True})}
    server.call("lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin", "PUT", setting)
    named = f"clf.{CANARY}_ = 1\nstore = __import__('jupyter_modelstore').connect()"
    metrics = f"{{'{CANARY}_metric': 0.123454321}}"
    kept = f"store.save(clf, '{CANARY} name', tags=['{CANARY} tag'], metrics={metrics}, description='{CANARY}');"
    compare = (
        "get_ipython().run_line_magic('compare_models', ' '.join(f'id:{one.id}' for one in store.list(all_versions=True)))"
    )
    cells = (FIT, DATA, TREE, "%run -i secret_cell.py", "%models", LINEAR, "%run -i compare_cell.py")
    notebook = open_notebook(*cells, fresh=True)
    (server.root / "compare_cell.py").write_text(compare)
    (server.root / "secret_cell.py").write_text(f"{named}\n{kept}\nstore.save(clf, '{CANARY} name', metrics={{'other': 1}})\n")
    for index in range(7):
        notebook.run(index)
    expect(notebook.output.get_by_role("region", name="Comparison")).to_contain_text(CANARY)
    expect(models(notebook)).to_contain_text(f"{CANARY} name")
    models(notebook).get_by_role("button", name=f"{CANARY} name", exact=True).click()
    expect(notebook.output.get_by_role("dialog")).to_contain_text(CANARY)
    notebook.page.keyboard.press("Escape")
    keep_what_is_offered(notebook, f"{CANARY} offered")
    text = notebook.saved()
    assert "jupyter-widgets" in text
    kinds = {one["state"].get("_kind") for one in json.loads(text)["metadata"]["widgets"][STATE]["state"].values()}
    assert {"gallery", "offer", "compare"} <= kinds, "the state of the widgets was saved"
    for secret in (CANARY, "0.123454321", str(server.home)):
        assert secret not in text


def keep_what_is_offered(notebook, name):
    notebook.output.get_by_role("button", name="Save model…").last.click()
    form = notebook.output.get_by_role("form", name="Save model")
    form.get_by_label("Name (required)").fill(name)
    form.get_by_label("Note", exact=True).fill(name)
    form.get_by_label("Tags").fill(name)
    form.get_by_label("Tags").press("Enter")
    expect(form.get_by_text("New model, version 1")).to_be_visible()
    form.get_by_role("button", name="Save", exact=True).click()
    done = notebook.output.get_by_role("region", name="Saved")
    expect(done).to_contain_text(f"Saved {name}:1")
    done.get_by_role("button", name="Close").click()
    expect(notebook.output.get_by_text(f"Kept as {name}:1")).to_be_visible()
    expect(models(notebook)).to_contain_text("2 models")


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_keys_in_every_control_stay_there(open_notebook, app):
    notebook = open_notebook(filled(3, versions=2) + "\n%models", "1", "2", app=app)
    notebook.run(0)
    expect(models(notebook)).to_contain_text("3 models")
    before = sources(notebook)
    every = models(notebook).locator("button:visible, input:visible, select:visible, a:visible, [tabindex='0']:visible")
    assert every.count() > 15
    for index in range(every.count()):
        control = every.nth(index)
        if not control.is_enabled():
            continue
        control.focus()
        for key in KEYS:
            notebook.page.keyboard.press(key)
        clear = models(notebook).get_by_role("button", name="Clear filters")
        while clear.count():  # keys in the search and in lists choose
            clear.first.click()
        expect(models(notebook)).to_contain_text("3 models")
    assert sources(notebook) == before


def test_keys_in_a_dialog_and_in_the_form_stay_there(open_notebook):
    notebook = open_notebook(FIT, DATA, TREE, "%save_model clf --dialog", "1")
    for index in range(4):
        notebook.run(index)
    form = notebook.output.get_by_role("form", name="Save model")
    expect(form).to_be_visible()
    before = sources(notebook)
    every = form.locator("button:visible, input:visible, textarea:visible, summary:visible")
    for index in range(every.count()):
        if every.nth(index).is_enabled():
            every.nth(index).focus()
            for key in KEYS:
                notebook.page.keyboard.press(key)
    assert sources(notebook) == before


def sources(notebook):
    return notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets"
        ".map(cell => [cell.model.type, cell.model.sharedModel.getSource()])"
    )
