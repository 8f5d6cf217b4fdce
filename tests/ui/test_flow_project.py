"""The main way with the mouse, in a Supabase project: the same offer, dialog and gallery, as whoever is signed in."""

from __future__ import annotations

import pickle
import re

import pytest
from cells import DATA, FIT, LINEAR, TREE
from playwright.sync_api import expect
from sklearn.datasets import load_breast_cancer
from test_axe import check, prepare
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


NOBODY = "import os\nos.environ.update(SUPABASE_URL={url!r}, SUPABASE_KEY={key!r})\nos.environ['MODELSTORE_HOME'] = {home!r}"
HEAVY = """
import numpy as np
from sklearn.linear_model import LinearRegression
clf = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
clf.kept_ = np.random.default_rng(0).random(2_000_000)
"""


def test_who_signs_in_in_the_gallery_sees_what_is_on_its_way(open_notebook, project, line, new_user, tmp_path):
    person = new_user()
    setting = NOBODY.format(url=line.url, key=project.key, home=str(tmp_path / "home"))
    notebook = open_notebook(setting, "%load_ext jupyter_modelstore", HEAVY, "%models", '%save_model clf "churn"')
    for index in range(4):
        notebook.run(index)
    prepare(notebook)
    gallery = notebook.output.get_by_role("region", name="Models")
    gallery.get_by_label("E-mail").fill(person.email)
    check(notebook, "sign-in")
    gallery.get_by_label("Password").fill("wrong")
    gallery.get_by_role("button", name="Sign in").click()
    expect(gallery.get_by_role("alert")).to_contain_text("not right")
    gallery.get_by_label("Password").fill(person.password)
    gallery.get_by_label("Password").press("Enter")
    expect(gallery.get_by_text("No models yet")).to_be_visible()
    expect(gallery.get_by_title(person.email)).to_be_visible()
    line.pause = 0.05
    notebook.run(4)
    waiting = gallery.get_by_label("On their way").get_by_role("listitem")
    expect(waiting).to_contain_text("of 16 MB")
    check(notebook, "on its way")
    line.pause = 0.0
    expect(gallery.get_by_role("status").filter(has_text="1 model")).to_be_visible()
    expect(waiting).to_have_count(0)
    expect(notebook.output.last).to_contain_text("Saved churn:1")
    assert person.password not in notebook.page.content()
