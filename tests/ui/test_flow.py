"""The main way, with the mouse: fit, offer, dialog, gallery, compare, download, delete, undo; in JupyterLab and Notebook 7."""

from __future__ import annotations

import pickle
import re

import pytest
from cells import DATA, FIT, LINEAR, TREE
from playwright.sync_api import expect
from sklearn.datasets import load_breast_cancer

import jupyter_modelstore as jms

PREDICT = "print(clf.predict(X_test)[:20].tolist())"


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_from_a_fit_to_the_trash_and_back(open_notebook, server, app):
    notebook = open_notebook(FIT, DATA, TREE, LINEAR, "%models", app=app)
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
    expect(gallery.get_by_text("Saved to churn.pkl")).to_be_visible()
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
