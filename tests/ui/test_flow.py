"""The main way, with the mouse: fit, offer, dialog, gallery, compare, download, delete, undo; in JupyterLab and Notebook 7."""

from __future__ import annotations

import pickle
import re

import pytest
from cells import DATA, FIT, LINEAR, TREE, filled
from playwright.sync_api import expect
from sklearn.datasets import load_breast_cancer

import jupyter_modelstore as jms

PREDICT = "print(clf.predict(X_test)[:20].tolist())"
COUNT = """
import ipywidgets
live = [type(one).__name__ for one in ipywidgets.widgets.widget._instances.values()]
print(live.count("Gallery"), "gallery,", live.count("Offer"), "open offers")
"""


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_from_a_fit_to_the_trash_and_back(open_notebook, server, app):
    notebook = open_notebook(FIT, DATA, TREE, LINEAR, "%models", COUNT, app=app)
    for index in range(3):
        notebook.run(index)
    save(notebook, "Keep this DecisionTreeClassifier", "churn", tag="telecom")
    notebook.run(3)
    save(notebook, "Keep this LogisticRegression", "linear")
    notebook.run(4)
    gallery = notebook.output.get_by_role("region", name="Models")
    expect(gallery.get_by_role("status").filter(has_text="2 models")).to_be_visible()
    compare(notebook, gallery)
    download(gallery, server)
    delete_and_undo(notebook, gallery)
    assert {record.ref for record in jms.connect("local:" + str(server.home / "modelstore")).list()} == {"churn:1", "linear:1"}
    run_again(notebook, gallery)


def run_again(notebook, gallery):
    """What is kept is not offered again, and a cell has no more widgets than it shows."""
    for index in (3, 4, 3, 4, 5):
        notebook.run(index)
    expect(notebook.output.get_by_text("1 gallery, 0 open offers")).to_be_visible()
    expect(gallery.get_by_role("status").filter(has_text="2 models")).to_be_visible()
    expect(notebook.output.get_by_text("Keep this")).to_have_count(0)


def save(notebook, offer, name, tag=""):
    line = notebook.output.get_by_role("group", name="Offer to keep a model").filter(has_text=offer)
    line.get_by_role("button", name="Save model…").click()
    form = notebook.output.get_by_role("form", name="Save model")
    expect(form.get_by_label("Keep accuracy")).to_be_checked()
    form.get_by_label("Name (required)").fill(name)
    expect(form.get_by_text("New model, version 1")).to_be_visible()
    if tag:
        form.get_by_label("Tags").fill(tag)
        form.get_by_label("Tags").press("Enter")
    form.get_by_role("button", name="Save", exact=True).click()
    done = notebook.output.get_by_role("region", name="Saved").filter(has_text=f"Saved {name}:1")
    expect(done.get_by_text(f"%load_model {name}")).to_be_visible()
    done.get_by_role("button", name="Close").click()
    expect(notebook.output.get_by_text(f"Kept as {name}:1")).to_be_visible()


def compare(notebook, gallery):
    for name in ("churn:1", "linear:1"):
        gallery.get_by_label(f"Compare {name}").check()
    gallery.get_by_role("button", name="Compare (2)").click()
    dialog = notebook.output.get_by_role("dialog", name="Compare 2 models")
    best = dialog.get_by_role("row").filter(has_text="accuracy")
    expect(best.get_by_text("best")).to_have_count(1)
    expect(dialog.get_by_role("row").filter(has_text="algorithm")).to_contain_text("differs")
    notebook.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def download(gallery, server):
    card = gallery.get_by_role("listitem").filter(has_text="churn").first
    card.get_by_role("button", name=re.compile("Download")).click()
    expect(gallery.get_by_text(re.compile("Downloaded to .*churn.pkl"))).to_be_visible()
    model = pickle.loads((server.root / "churn.pkl").read_bytes())
    stored = jms.connect("local:" + str(server.home / "modelstore"), home=server.home / "modelstore").load("churn")
    rows = load_breast_cancer(return_X_y=True, as_frame=True)[0]
    assert (model.predict(rows) == stored.predict(rows)).all()
    (server.root / "churn.pkl").unlink()


def delete_and_undo(notebook, gallery):
    card = gallery.get_by_role("listitem").filter(has_text="churn").first
    card.get_by_role("button", name=re.compile("Delete")).click()
    dialog = notebook.output.get_by_role("dialog")
    expect(dialog).to_contain_text("churn")
    dialog.get_by_role("button", name=re.compile("^(Delete|Move to trash)")).click()
    expect(gallery.get_by_role("status").filter(has_text="1 model")).to_be_visible()
    gallery.get_by_role("button", name="Undo").click()
    expect(gallery.get_by_role("status").filter(has_text="2 models")).to_be_visible()


def test_what_is_said_of_a_model_is_changed_and_taken_back(open_notebook, server):
    """Metrics, aliases and the trash, from dialogs that a cell's gallery opens."""
    point = "%alias_model 'model 00000:1' champion --why first\n%alias_model 'model 00000:2' champion --why second"
    notebook = open_notebook(filled(3, versions=2) + f"\n{point}\n%delete_model 'model 00001:1'", "%models --trash")
    notebook.run(0)
    notebook.run(1)
    gallery = notebook.output.get_by_role("region", name="Models")
    find_in_trash(gallery)
    gallery.get_by_role("button", name="model 00000", exact=True).click()
    details = notebook.output.get_by_role("dialog", name="model 00000")
    store = jms.connect("local:" + str(server.home / "modelstore"))
    before = dict(store.get("model 00000:2").metrics)
    edit_metrics(notebook, details)
    expect(details.get_by_text("Changed model 00000:2.")).to_be_visible()
    assert store.get("model 00000:2").metrics == {"accuracy": before["accuracy"], "lift": 3}
    details.get_by_role("button", name="Undo").click()
    expect(details.get_by_text("Undone.")).to_be_visible()
    assert store.get("model 00000:2").metrics == before
    details.get_by_role("button", name="Aliases of model 00000:2…").click()
    aliases = notebook.output.get_by_role("dialog", name="Aliases of model 00000:2")
    expect(aliases.get_by_role("list", name="History").get_by_role("listitem").first).to_contain_text("second")
    aliases.get_by_role("button", name="Back to v1").click()
    expect(aliases).to_contain_text("No alias points at this version.")
    assert store.get("model 00000@champion").version == 1


def find_in_trash(gallery):
    expect(gallery.get_by_role("heading", name="Trash")).to_be_visible()
    expect(gallery.get_by_text("model 00001:1")).to_be_visible()
    gallery.get_by_role("searchbox", name="Search the trash").fill("model 00002")
    expect(gallery).to_contain_text("Nothing in the trash matches.")
    gallery.get_by_role("button", name="Back to models").click()
    expect(gallery.get_by_role("status").filter(has_text="3 models")).to_be_visible()


def edit_metrics(notebook, details):
    details.get_by_role("button", name="Edit…").click()
    form = notebook.output.get_by_role("dialog", name="Edit model 00000:2")
    form.get_by_role("button", name=re.compile("Remove metric f1=")).click()
    form.get_by_label("Metrics of version 2").fill("lift=3")
    form.get_by_label("Metrics of version 2").press("Enter")
    form.get_by_role("button", name="Save changes").click()
