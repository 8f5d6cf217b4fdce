"""The main way with the mouse, in a Supabase project: the same offer, dialog and gallery, as whoever is signed in."""

from __future__ import annotations

import pickle
import re

import pytest
from cells import DATA, FIT, LINEAR, TREE
from playwright.sync_api import expect
from sklearn.datasets import load_breast_cancer
from test_flow import compare, delete_and_undo, save

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

AS_SOMEBODY = """
import os
os.environ.update(SUPABASE_URL={url!r}, SUPABASE_KEY={key!r}, MODELSTORE_EMAIL={email!r}, MODELSTORE_PASSWORD_FILE={file!r})
"""


def test_from_a_fit_to_the_trash_and_back_in_a_project(open_notebook, server, project, new_user, tmp_path):
    person, password = new_user(), tmp_path / "password"
    password.write_text(person.password)
    password.chmod(0o600)
    setting = AS_SOMEBODY.format(url=project.url, key=project.key, email=person.email, file=str(password))
    notebook = open_notebook(setting, FIT, DATA, TREE, LINEAR, "%models", "%modelstore status")
    for index in range(4):
        notebook.run(index)
    save(notebook, "Keep this DecisionTreeClassifier", "churn", tag="telecom")
    notebook.run(4)
    save(notebook, "Keep this LogisticRegression", "linear")
    notebook.run(5)
    gallery = notebook.output.get_by_role("region", name="Models")
    expect(gallery.get_by_role("status").filter(has_text="2 models")).to_be_visible()
    compare(notebook, gallery)
    card = gallery.get_by_role("listitem").filter(has_text="churn").first
    card.get_by_role("button", name=re.compile("Download")).click()
    expect(gallery.get_by_text(re.compile("Downloaded to .*churn.pkl"))).to_be_visible()
    model = pickle.loads((server.root / "churn.pkl").read_bytes())
    assert set(model.predict(load_breast_cancer(return_X_y=True, as_frame=True)[0])) == {0, 1}
    (server.root / "churn.pkl").unlink()
    delete_and_undo(notebook, gallery)
    notebook.run(6)
    expect(notebook.output.last).to_contain_text(person.email)
    assert person.password not in notebook.page.content()
