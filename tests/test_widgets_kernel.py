"""The widgets in real kernels, asked as a front end asks: also while a cell runs, and by many messages at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest_plugins = ("doors_fixtures", "kernel_fixtures")

FIT = """
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
import numpy as np
X = np.random.default_rng(0).normal(size=(80, 3)); y = (X[:, 0] > 0).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""
TRAIN = "clf = LogisticRegression(C=2).fit(X_train, y_train)\naccuracy = clf.score(X_test, y_test)"
VIEW = "application/vnd.jupyter.widget-view+json"
LARGE = "clf.parts_ = [np.random.default_rng(i).normal(size=100_000) for i in range(200)]"


def is_offer(output):
    return output.get("data", {}).get("text/plain", "").startswith("<Offer")


@pytest.mark.slow
def test_models_are_shown_in_a_gallery_that_answers(front):
    front.run(FIT)
    front.run("clf = LogisticRegression().fit(X, y)\n%save_model clf churn -t telecom -m auc=0.9")
    outputs = front.run("%models churn -t telecom")
    widget = front.view(outputs)
    assert outputs[0]["data"]["text/plain"] == "<Gallery: run this cell to see your models>"
    assert front.widgets[widget]["_kind"] == "gallery"
    hello = front.ask(widget, "hello")
    assert hello["settings"]["query"] == {"words": ["churn"], "tags": ["telecom"]}
    page = front.ask(widget, "list")
    assert [record["model_name"] for record in page["records"]] == ["churn"]
    assert front.ask(widget, "fits", ids=[page["records"][0]["id"]])[page["records"][0]["id"]]["loads"] is True
    front.run("%edit_model churn -d 'now said'")
    front.until(lambda: {"event": "changed"} in front.sent_by(widget))
    assert VIEW not in front.run("%models --table")[0]["data"]
    assert "churn:1" in front.run("%models --table")[0]["data"]["text/plain"]
    front.run("%modelstore config static_output=always")
    assert "churn:1" in front.run("%models")[0]["data"]["text/plain"]


LIVE = """
import gc, ipywidgets
from jupyter_modelstore.widgets._desk import Desk
gc.collect()
desks = sum(isinstance(one, Desk) for one in gc.get_objects())
print(len(ipywidgets.widgets.widget._instances), desks)
"""


@pytest.mark.slow
def test_a_cell_that_runs_again_leaves_no_widget_behind(front):
    front.run(FIT)
    front.run("clf = LogisticRegression().fit(X, y)\n%save_model clf churn\n%save_model clf churn -m auc=0.9")
    front.run("%models", cell="other")
    nested = "nothing = get_ipython().run_cell('1 + 1')"
    fit = "clf = LogisticRegression(C=np.random.default_rng().random() + 1).fit(X, y); r = clf.score(X, y)"
    cells = {
        "both": f"%models churn\n%save_model clf --dialog\n{nested}\n%compare_models churn:1 churn:2",
        "fit": f"import numpy as np\n{fit}",
        "mine": "from jupyter_modelstore import Gallery\nmine = Gallery() if 'mine' not in dir() else mine\nmine",
    }

    def shown(outputs):
        return [one["data"][VIEW]["model_id"] for one in outputs if VIEW in one.get("data", {})]

    def all_again():
        return {name: shown(front.run(code, cell=name)) for name, code in cells.items()}

    def live():
        return front.run(LIVE)[0]["text"].split()

    first = all_again()
    assert [len(first[name]) for name in cells] == [3, 1, 1]
    before = live()
    assert int(before[1]) == 6
    for _ in range(20):
        last = all_again()
    assert live() == before
    closed = [message["content"]["comm_id"] for message in front.messages if message["msg_type"] == "comm_close"]
    assert {*first["both"], *first["fit"]} <= set(closed)
    assert not {*last["both"], *last["fit"], *last["mine"]} & set(closed)
    assert first["mine"] == last["mine"], "what the user made is the user's"
    assert [front.ask(widget, "hello")["kind"] for widget in last["both"]] == ["gallery", "save", "compare"]
    front.run("x = 1", cell="both")  # its output is gone
    assert int(live()[1]) == 3
    front.run("%models\n%models")
    front.run("%models\n%models")
    assert int(live()[1]) == 7, "a front end that says no cell: what belongs to which output is not known"


@pytest.mark.slow
def test_what_widgets_need_is_imported_aside_where_somebody_sits(front, kernel):
    ready = "import sys\nprint('jupyter_modelstore.widgets' in sys.modules)"
    front.until(lambda: front.run(ready)[0]["text"] == "True\n")
    alone = kernel()
    alone.ok("%load_ext jupyter_modelstore")
    alone.ok("import time\ntime.sleep(2)")
    assert alone.ok(ready).split() == ["False"]


@pytest.mark.slow
def test_models_are_compared_in_a_view_that_stores_nothing(front):
    front.run(FIT)
    front.run("for C in (1, 2):\n    clf = LogisticRegression(C=C).fit(X, y)\n    %save_model clf churn -m auc=0.9")
    outputs = front.run("%compare_models churn:1 churn:2")
    assert [output["data"]["text/plain"] for output in outputs] == ["<Comparison: run this cell>"]
    widget = front.view(outputs)
    assert (front.widgets[widget]["_kind"], front.widgets[widget]["_comm_id"]) == ("compare", widget)
    hello = front.ask(widget, "hello")
    front.run("%modelstore rename churn other")  # what was asked for stays
    compared = front.ask(widget, "compare", refs=hello["refs"])
    assert [(record["model_name"], record["version"]) for record in compared["records"]] == [("other", 1), ("other", 2)]
    assert "C" in [row["name"] for row in compared["sections"]["parameters"] if row["differs"]]
    static = front.run("%compare_models other:1 other:2 --table")[0]["data"]
    assert VIEW not in static
    assert "other:1" in static["text/plain"]
    _, error = front.kernel.run("%compare_models other:1 nobody")
    assert error[0].startswith("There is no")


@pytest.mark.slow
def test_a_form_saves_while_a_cell_runs_and_answers_many_at_once(front, jms_store):
    front.use_subshell()
    front.run(FIT)
    front.run("%modelstore offer off")
    front.run(f"clf = LogisticRegression().fit(X, y)\n{LARGE}")
    widget = front.view(front.run("%save_model clf churn -t telecom --dialog"))
    assert front.ask(widget, "hello")["kind"] == "save"
    request = front.begin("import time\ntime.sleep(8)")
    assert front.ask(widget, "prefill")["name"] == "churn"
    rid = front.post(widget, "save", name="churn", tags=["telecom"])
    rids = [front.post(widget, "list") for _ in range(20)]
    assert all(front.answer(widget, one)["ok"] for one in rids)
    assert front.answer(widget, rid)["answer"]["record"]["model_name"] == "churn"
    assert not front.is_done(request)
    assert [one for one in front.sent_by(widget) if one.get("rid") == rid and "progress" in one]
    assert jms_store.get("churn").tags == ("telecom",)
    front.until(lambda: front.is_done(request))
    assert "Loaded churn:1" in front.run("best = %load_model churn")[0]["data"]["text/plain"]


@pytest.mark.slow
def test_a_save_can_be_cancelled_from_a_view(front, jms_store):
    front.run(FIT)
    front.run("%modelstore offer off")
    front.run(
        "import time\nclf = LogisticRegression().fit(X, y)\n"
        "class Slow:\n    def __reduce__(self):\n        time.sleep(0.1)\n        return (int, (1,))\n"
        "clf.slow_ = [(Slow(), np.zeros(100_000)) for _ in range(100)]"
    )
    widget = front.view(front.run("%save_model clf"))
    front.ask(widget, "prefill")
    rid = front.post(widget, "save", name="churn")
    front.until(lambda: any("progress" in one for one in front.sent_by(widget)))
    assert front.ask(widget, "cancel", rid=rid) == {"cancelled": True}
    assert front.answer(widget, rid)["error"]["code"] == "cancelled"
    assert len(jms_store.list()) == 0
    assert list((Path(jms_store.location) / "files").iterdir()) == []


@pytest.mark.slow
def test_one_offer_follows_a_scored_fit_and_leads_to_a_saved_model(front, jms_store):
    assert not any(map(is_offer, front.run(FIT)))
    outputs = front.run(TRAIN)
    assert [output["data"]["text/plain"] for output in outputs] == ["<Offer: run this cell to be asked again>"]
    offer = front.view(outputs)
    hello = front.ask(offer, "hello")
    assert hello["kind"] == "offer"
    assert hello["offer"] == {"state": "open", "variable": "clf", "algorithm": "LogisticRegression", "mode": "line"}
    assert not any(map(is_offer, front.run("again = clf.score(X_test, y_test)")))
    assert [one["name"] for one in front.ask(offer, "prefill")["captured"]["metrics"]] == ["accuracy"]
    saved = front.ask(offer, "save", name="churn")
    assert saved["record"]["metrics"] == {"accuracy": saved["record"]["metrics"]["accuracy"]}
    assert {"event": "offer", "offer": {"state": "saved", "ref": "churn:1", **about(hello)}} in front.sent_by(offer)
    assert left_of_offers(front) == []  # the load line stays until something else happens
    assert not any(map(is_offer, front.run("more = clf.score(X_test, y_test)")))
    assert left_of_offers(front) == ["Kept."]
    assert any(map(is_offer, front.run(TRAIN.replace("C=2", "C=3"))))  # another model
    assert len(jms_store.list(all_versions=True)) == 1


FOREST = """
from sklearn.ensemble import RandomForestClassifier
forest = RandomForestClassifier(5, random_state={seed}).fit(X_train, y_train)
found = forest.score(X_test, y_test)
"""


@pytest.mark.slow
def test_a_fit_that_is_run_again_and_is_what_is_kept_is_not_offered(front, kernel, jms_store):
    def offered(code, notebook=front):
        return any(map(is_offer, notebook.run(code)))

    front.run(FIT)
    assert offered(TRAIN)
    front.run("%save_model clf churn")
    assert not offered(TRAIN)
    assert not offered("accuracy = clf.score(X_test, y_test)")
    assert offered(TRAIN.replace("C=2", "C=3")), "other parameters"
    assert offered(TRAIN.replace("X_train, y_train)", "X_test, y_test)")), "other rows"
    assert offered(FOREST.format(seed=0))
    front.run("%save_model forest woods")
    assert not offered(FOREST.format(seed=0))
    for _ in range(2):
        assert offered(FOREST.format(seed=None)), "each is another forest"
    front.run("%save_model forest woods")
    assert offered(FOREST.format(seed=0)), "woods:2 is what is kept now"
    after_a_restart = type(front)(kernel())
    after_a_restart.run("%load_ext jupyter_modelstore")
    after_a_restart.run(FIT)
    assert not offered(TRAIN, after_a_restart)
    jms_store.delete("churn")
    assert offered(TRAIN)


def about(hello):
    return {name: hello["offer"][name] for name in ("variable", "algorithm", "mode")}


def left_of_offers(front):
    """Return what was put in the place of offers that are over."""
    updates = [message["content"] for message in front.messages if message["msg_type"] == "update_display_data"]
    assert all(list(update["data"]) == ["text/plain"] for update in updates)
    return [update["data"]["text/plain"] for update in updates]


@pytest.mark.slow
def test_an_offer_that_is_over_leaves_a_plain_line_and_saves_nothing(front, jms_store):
    front.run(FIT)
    offer = front.view(front.run(TRAIN))
    front.ask(offer, "hello")
    front.run("clf.fit(X_test, y_test)")
    assert front.sent_by(offer)[-1]["offer"]["state"] == "stale"
    assert left_of_offers(front) == ["The model was fitted again since; this offer is over."]
    other = front.view(front.run(TRAIN))
    front.post(other, "dismiss")
    front.until(lambda: left_of_offers(front)[1:] == ["Not kept."])
    third = front.view(front.run(TRAIN))
    front.run("%save_model clf kept")
    assert front.until(lambda: front.sent_by(third))[-1]["offer"] == {
        "state": "saved", "ref": "kept:1", "variable": "clf", "algorithm": "LogisticRegression", "mode": "line",
    }  # fmt: skip
    assert left_of_offers(front)[2:] == ["Kept."]
    closed = [message["content"]["comm_id"] for message in front.messages if message["msg_type"] == "comm_close"]
    assert {offer, other, third} <= set(closed), "the notebook keeps no widget of them"
    assert [record.ref for record in jms_store.list()] == ["kept:1"]


@pytest.mark.slow
def test_offers_are_silent_where_they_are_not_wanted(front):
    front.run(FIT)
    quick = "clf = LogisticRegression().fit(X_train, y_train)"
    for code in (
        quick,
        "import cloudpickle\nother = cloudpickle.loads(cloudpickle.dumps(clf))\nfound = other.score(X_test, y_test)",
        "a = LogisticRegression().fit(X, y)\nb = LogisticRegression(C=3).fit(X, y)\nra, rb = a.score(X, y), b.score(X, y)",
        f"{TRAIN}\n%save_model clf churn",
        "best = %load_model churn",
        "r = best.score(X_test, y_test)",
        "from sklearn.model_selection import cross_val_score\ncv = cross_val_score(LogisticRegression(), X, y)",
        "%modelstore offer off",
        TRAIN,
    ):
        assert not any(map(is_offer, front.run(code))), code
    front.run("%modelstore offer line")
    _, error = front.kernel.run(TRAIN)  # as nbclient runs it
    assert error == []
    assert not any(map(is_offer, front.run("x = 1")))
    slow = "import time\ntime.sleep(0.3)\nslow = LogisticRegression().fit(X, y)"
    assert not any(map(is_offer, front.run(slow)))
    front.run("%modelstore config offer_after=0.2")
    assert any(map(is_offer, front.run(slow)))
    front.run("%modelstore config card_fields=['tags', 'size']\n%unload_ext jupyter_modelstore")
    assert not any(map(is_offer, front.run(TRAIN)))


@pytest.mark.slow
def test_the_choice_of_offers_is_remembered_by_the_next_kernel(front, kernel):
    assert "line" in front.run("%modelstore offer")[0]["data"]["text/plain"]
    front.run("%modelstore offer dialog")
    assert (Path(os.environ["MODELSTORE_HOME"]) / "offer").read_text() == "dialog\n"
    next_one = kernel()
    next_one.ok("%load_ext jupyter_modelstore")
    assert "dialog" in next_one.ok("%modelstore offer")
    assert next_one.tab("%modelstore offer d") == ["%modelstore offer dialog"]
    assert next_one.run("%modelstore offer loud")[1][0] == "An offer is one of line, dialog, off."
    (Path(os.environ["MODELSTORE_HOME"]) / "offer").write_bytes(b"\xff<script>")
    third = kernel()
    third.ok("%load_ext jupyter_modelstore")
    assert "line" in third.ok("%modelstore offer")


@pytest.mark.slow
def test_without_a_front_end_there_are_no_forms(kernel):
    one = kernel()
    one.ok("%load_ext jupyter_modelstore")
    one.ok(FIT)
    one.ok(TRAIN)
    assert one.run("%save_model clf --dialog")[1][0] == "A form needs a notebook that somebody sits at."
    assert one.run("%save_model clf")[1][0] == "What shall clf be called?"
    assert "Models" in one.ok("%models")
    one.ok("%modelstore config static_output=never")
    assert one.ok("%models").startswith("Gallery: run this cell in a notebook")
    assert "Models" in one.ok("%models --table")


@pytest.mark.slow
def test_a_notebook_that_is_saved_with_its_widgets_holds_nothing_private(tmp_path, bundle, monkeypatch):
    """As a front end that stores the state of widgets saves it: nbclient does, and says that somebody sits there."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    keep = (
        "import jupyter_modelstore as jms\nword = chr(99) + 'anary'\n"
        "kept = jms.connect().save(clf, word + ' name', tags=[word + ' tag'], metrics={word + ' metric': 1 / 8.1})\n"
        "again = jms.connect().save(clf, word + ' name', metrics={word + ' other': 1 / 8.1})"
    )
    ask = (
        "import jupyter_modelstore as jms\nsent = []\n"
        "for made in list(__import__('ipywidgets').widgets.widget._instances.values()):\n"
        "    if hasattr(made, '_desk'):\n"
        "        for verb in ('hello', 'list', 'stats', 'prefill'):\n"
        "            made._desk.receive({'rid': verb, 'verb': verb, 'args': {}}); sent.append(verb)\n"
        "print(len(sent))"
    )
    show = "from IPython.display import display\ndisplay(jms.Gallery(), jms.SaveDialog(clf))"
    compare = "get_ipython().run_line_magic('compare_models', ' '.join(f'id:{one.id}' for one in (kept, again)))"
    sources = ["%load_ext jupyter_modelstore", FIT, TRAIN, keep, "%models", show, TRAIN, compare, ask]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])

    class Sitting(NotebookClient):
        async def async_start_new_kernel_client(self):
            client = await super().async_start_new_kernel_client()
            client.allow_stdin = True
            return client

    Sitting(notebook, timeout=300, kernel_name="python3", store_widget_state=True).execute(cwd=str(tmp_path))
    text = nbformat.writes(notebook)
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    kinds = {one["state"].get("_kind") for one in state.values()}
    assert {"gallery", "save", "offer", "compare"} <= kinds
    for secret in ("canary", "123456790", os.environ["MODELSTORE_HOME"], str(tmp_path), "Traceback"):
        assert secret not in text, secret
    assert json.loads(text)
