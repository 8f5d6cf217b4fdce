"""The form that saves: what it fills in, what a user can take away, and that it keeps nothing but what was shown."""

from __future__ import annotations

import contextvars
import gc
import json
import threading
import weakref

import numpy as np
import pytest
from views import View

from jupyter_modelstore import _watching
from jupyter_modelstore.errors import NotAModel, NotConfigured, NotFitted, UsageError
from jupyter_modelstore.widgets import Gallery, SaveDialog, _views

pytest_plugins = ("doors_fixtures",)

FIT = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["age", "calls", "price"])
y = pd.Series((X.age > 0).astype(int), name="churned")
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""


@pytest.fixture
def trained(notebook, bundle):
    """A notebook in which a model was fitted and scored."""
    notebook.run(FIT)
    notebook.run("clf = LogisticRegression(C=0.5).fit(X_train, y_train)")
    notebook.run("accuracy = clf.score(X_test, y_test)\nseen = clf.score(X_train, y_train)")
    return notebook


def opened(notebook, jms_store, **said):
    return View(SaveDialog(notebook["clf"], "clf", store=jms_store, said=said)._desk)


def test_all_that_is_known_is_filled_in(trained, jms_store):
    jms_store.save(trained["clf"], "other", tags=["telecom", "q3"])
    known = opened(trained, jms_store).ask("prefill")
    assert (known["variable"], known["algorithm"], known["model_type"]) == ("clf", "LogisticRegression", "classification")
    assert (known["name"], known["description"], known["tags"], known["size"], known["stale"]) == ("", "", [], None, "")
    assert set(known["tags_known"]) == {"telecom", "q3"}
    found = known["captured"]
    metrics = {(one["name"], one["split"], one["keep"]) for one in found["metrics"]}
    assert metrics == {("accuracy", "test", True), ("train_accuracy", "train", True)}
    pieces = {what: text for what, _, text in found["pieces"]}
    assert (pieces["features"], pieces["target"]) == ("3: age, calls, price", "churned")
    assert pieces["rows"] == "60 for training · 20 for tests"
    assert pieces["parameters"].startswith("C=0.5, ")
    assert set(pieces) == {"features", "target", "rows", "time", "parameters"}
    assert any("fitted" in cell["does"] for cell in found["cells"])
    json.dumps(known, allow_nan=False)


def test_what_the_line_says_is_filled_in_first(trained, jms_store):
    known = opened(trained, jms_store, name="churn", tags=["a"], metrics={"lift": 3, "accuracy": 0.5}).ask("prefill")
    assert (known["name"], known["tags"]) == ("churn", ["a"])
    metrics = {one["name"]: one for one in known["captured"]["metrics"]}
    assert (metrics["accuracy"]["value"], metrics["accuracy"]["split"]) == (0.5, None)
    assert metrics["lift"]["value"] == 3


def test_each_view_keeps_what_it_shows_though_another_looked_later(trained, jms_store):
    view = opened(trained, jms_store)
    first = view.ask("prefill")
    scored = [place for place, cell in enumerate(first["captured"]["cells"]) if "scored" in cell["does"]]
    trained.run("from sklearn.metrics import f1_score\nf1 = f1_score(y_test, clf.predict(X_test))  # not for others")
    second = view.ask("prefill")  # in another tab
    assert second["captured"]["cells"] != first["captured"]["cells"]
    view.ask("save", name="churn", look=first["look"], cells=scored)
    kept = jms_store.get("churn")
    assert kept.metrics == {one["name"]: one["value"] for one in first["captured"]["metrics"]}
    assert "not for others" not in json.dumps(dict(kept.source))
    trained.run("clf.fit(X_test, y_test)")
    view.ask("prefill")
    assert view.error("save", name="churn", look=first["look"])["code"] == "model_changed"
    for _ in range(8):
        view.ask("prefill")
    assert "out of date" in view.error("save", name="churn", look=first["look"])["message"]
    assert len(jms_store.versions("churn")) == 1


def test_a_model_that_was_kept_has_its_name(trained, jms_store):
    trained.run("%save_model clf churn")
    trained.run("clf.fit(X_train, y_train)")
    magics_store = trained.shell.magics_manager.magics["line"]["models"]._magics.store
    assert View(SaveDialog(trained["clf"], "clf", store=magics_store)._desk).ask("prefill")["name"] == "churn"


def test_a_name_says_what_it_would_mean(trained, jms_store):
    view = opened(trained, jms_store)
    assert view.ask("check-name", name="churn") == {
        "ok": True, "message": "New model, version 1", "next_version": 1, "clean": "churn",
    }  # fmt: skip
    view.ask("save", name="churn")
    jms_store.delete("churn")
    assert view.ask("check-name", name="CHURN")["next_version"] == 2
    refused = view.ask("check-name", name="a/b")
    assert (refused["ok"], refused["next_version"]) == (False, None)
    assert "'/'" in refused["message"]
    assert view.ask("check-name", name="")["ok"] is False


def test_what_was_shown_is_kept(trained, jms_store):
    view = opened(trained, jms_store)
    view.ask("prefill")
    about = {"description": "the first", "tags": ["telecom"], "alias": "champion", "note": "before the summer"}
    *progress, last = view.of(view.post("save", name="churn", **about))
    assert progress[0]["progress"]["stage"] == "writing"
    answer = last["answer"]
    assert answer["created"] is True
    record = jms_store.get("churn@champion")
    assert answer["record"]["id"] == record.id
    assert (record.description, record.tags, record.source["note"]) == ("the first", ("telecom",), "before the summer")
    assert set(record.metrics) == {"accuracy", "train_accuracy"}
    assert (record.target_column, record.training_samples, record.source["variable"]) == ("churned", 60, "clf")
    assert trained.shell.run_cell("1").success
    assert view.ask("save", name="churn")["created"] is False


def test_each_cell_can_be_taken_away(trained, jms_store):
    view = opened(trained, jms_store)
    cells = view.ask("prefill")["captured"]["cells"]
    fitted = next(place for place, cell in enumerate(cells) if "fitted" in cell["does"])
    scored = next(place for place, cell in enumerate(cells) if "scored" in cell["does"])
    view.ask("save", name="churn", cells=[place for place in range(len(cells)) if place != scored])
    source = jms_store.get("churn").source
    assert [cell["code"] for cell in source["cells"]] == [cell["code"] for cell in cells if "scored" not in cell["does"]]
    assert "clf.score" not in json.dumps(dict(source))
    assert "code" in source["fit"]
    assert set(source["metrics"]) == {"accuracy", "train_accuracy"}
    trained.run("clf.fit(X_train, y_train)\naccuracy = clf.score(X_test, y_test)")
    view = opened(trained, jms_store)
    view.ask("prefill")
    view.ask("save", name="other", cells=[])
    source = jms_store.get("other").source
    assert "cells" not in source
    assert "code" not in json.dumps(dict(source))
    trained.run("clf.fit(X_train, y_train)")
    view = opened(trained, jms_store)
    view.ask("prefill")
    view.ask("save", name="third")
    assert jms_store.get("third").source["cells"]
    assert view.error("save", name="fourth", cells=[str(fitted)])["code"] == "usage"


def test_what_was_taken_away_is_not_kept(trained, jms_store):
    view = opened(trained, jms_store, metrics={"lift": 3.0})
    view.ask("prefill")
    drop = ["cells", "features", "target", "rows", "parameters", "time", "notebook", "git"]
    view.ask("save", name="churn", metrics=["accuracy"], drop=drop)
    record = jms_store.get("churn")
    assert set(record.metrics) == set(record.source["metrics"]) == {"accuracy"}
    assert record.feature_columns is record.target_column is record.training_samples is record.test_samples is None
    assert record.training_time_seconds is None
    assert dict(record.params) == {}
    assert set(record.source) == {"variable", "fit", "metrics"}
    assert "code" not in json.dumps(dict(record.source))
    assert record.algorithm == "LogisticRegression"
    assert view.error("save", name="churn", drop=["algorithm"])["code"] == "invalid_value"
    view.ask("save", name="bare", metrics=[])
    assert dict(jms_store.get("bare").metrics) == {}


def test_errors_of_a_save_name_the_way_on(trained, jms_store):
    view = opened(trained, jms_store)
    assert view.error("save", name="a/b")["code"] == "invalid_name"
    assert view.error("save", name="churn", alias="latest")["code"] == "invalid_name"
    assert view.error("save", name="churn", tags=["\u202e"])["code"] == "invalid_value"
    assert view.error("save")["code"] == "usage"
    trained["clf"].extra_ = threading.Lock()
    view.ask("prefill")
    assert view.error("save", name="churn")["code"] == "cannot_pickle"
    assert len(jms_store.list()) == 0


def test_a_model_that_was_fitted_again_since_it_was_looked_at_is_not_kept(trained, jms_store):
    view = opened(trained, jms_store)
    view.ask("prefill")
    trained.run("clf.fit(X_test, y_test)")
    error = view.error("save", name="churn")
    assert error["code"] == "model_changed"
    assert "clf was changed while the form was open" in error["message"]
    assert len(jms_store.list()) == 0
    view.ask("prefill")
    view.ask("save", name="churn")
    assert jms_store.get("churn").training_samples == 20


def test_a_model_that_is_gone_is_told(trained, jms_store):
    view = opened(trained, jms_store)
    alive = weakref.ref(trained["clf"])
    trained.run("del clf")
    gc.collect()
    assert alive() is None
    assert view.ask("prefill") == {"variable": "clf", "stale": "clf is another model now, or none."}
    assert view.error("save", name="churn")["code"] == "model_changed"


def test_a_save_can_be_cancelled_and_leaves_nothing(trained, jms_store):
    reached, go_on = threading.Event(), threading.Event()

    class Slow:
        def __reduce__(self):
            reached.set()
            go_on.wait(60)
            return int, ()

    trained["clf"].slow_ = Slow()
    trained["clf"].large_ = np.zeros(1_000_000)
    view = opened(trained, jms_store)
    view.ask("prefill")
    rid = view.post("save", name="churn")
    assert reached.wait(60)
    assert view.ask("list")["total"] == 0  # others are answered meanwhile
    assert view.ask("cancel", rid=rid) == {"cancelled": True}
    go_on.set()
    assert view.of(rid)[-1]["error"]["code"] == "cancelled"
    assert len(jms_store.list()) == 0


def test_models_that_cannot_be_pointed_at_and_forced_things_are_kept_too(trained, jms_store):
    trained.run("both = {'a': clf}")
    view = View(SaveDialog(trained["both"], "both", store=jms_store)._desk)
    assert view.ask("prefill")["algorithm"] == "LogisticRegression"
    view.ask("save", name="both")
    assert jms_store.load("both").keys() == {"a"}
    trained.run("from sklearn.svm import SVC\nraw = SVC()")
    with pytest.raises(NotFitted):
        SaveDialog(trained["raw"], store=jms_store)
    View(SaveDialog(trained["raw"], store=jms_store, said={"force": True})._desk).ask("save", name="raw")


def test_a_dialog_finds_the_variable_and_the_settings(trained, jms_store):
    trained.run("%modelstore config card_metrics=['auc', 'f1']")
    dialog = SaveDialog(trained["clf"])
    view = View(dialog._desk)
    assert view.ask("prefill")["variable"] == "clf"
    hello = view.ask("hello")
    assert (hello["kind"], hello["url"], hello["settings"]["card_metrics"]) == ("save", "local", ["auc", "f1"])
    with pytest.raises(UsageError, match="No variable"):
        SaveDialog(trained.shell.run_cell("LogisticRegression().fit(X, y)").result.__class__().fit([[0], [1]], [0, 1]))
    with pytest.raises(NotAModel):
        SaveDialog(3)


def test_a_gallery_begins_as_the_settings_or_the_line_say(trained, jms_store):
    trained.run("%modelstore config filters={'tags': ['telecom']}\n%modelstore config sort=-metrics.auc")
    assert View(Gallery()._desk).ask("hello")["settings"] == {
        "card_metrics": [],
        "card_fields": list(_views.ModelStore().card_fields),
        "sort": "-metrics.auc",
        "query": {"tags": ["telecom"]},
    }
    settings = View(Gallery(query={"words": ["churn"], "sort": "-name"})._desk).ask("hello")["settings"]
    assert (settings["sort"], settings["query"]) == ("-model_name", {"words": ["churn"]})


@pytest.mark.parametrize("query", [{"words": 5}, {"tags": "telecom"}, {"sort": 3}, {"colour": "red"}])
def test_a_gallery_of_what_cannot_be_asked_is_refused(trained, jms_store, query):
    with pytest.raises(UsageError):
        Gallery(jms_store, query=query)


def test_a_gallery_says_what_is_wrong_with_the_settings(trained, jms_store):
    query = {"words": "churn rate", "tags": ("telecom",), "model_type": None}
    assert View(Gallery(jms_store, query=query)._desk).ask("hello")["settings"]["query"] == {
        "words": ["churn", "rate"],
        "tags": ["telecom"],
    }
    trained.run("%modelstore config filters={'tags': 'telecom'}")
    assert "'tags' must be a list" in View(Gallery()._desk).error("hello")["message"]


def test_nothing_private_is_in_a_trait_a_repr_or_a_bundle(trained, jms_store):
    jms_store.save(trained["clf"], "canary name", tags=["canary tag"], metrics={"canary metric": 1})
    for made in (
        Gallery(jms_store, query={"words": ["canary"]}),
        SaveDialog(trained["clf"], "clf", store=jms_store, said={"name": "canary name"}),
    ):
        View(made._desk).ask("hello")
        state = made.get_state()
        del state["_esm"]
        text = f"{made!r} {made} {state} {made._repr_mimebundle_()}"
        assert "canary" not in text
        assert str(jms_store.location) not in text
        assert repr(made).startswith(f"<{type(made).__name__}: run this cell to ")


def test_a_closed_widget_sends_nothing(trained, jms_store):
    gallery = Gallery(jms_store)
    gallery.close()
    gallery._tell({"event": "changed"})


def test_an_installation_without_the_script_says_so(monkeypatch, tmp_path, jms_store):
    monkeypatch.setattr(_views.resources, "files", lambda _: tmp_path)
    _views._bundle.cache_clear()
    with pytest.raises(NotConfigured, match="browsers run is missing"):
        Gallery(jms_store)


def test_widgets_stand_inside_others_and_without_the_extension(shell, bundle, jms_store, clf):
    import ipywidgets

    shell.user_ns["clf"] = clf
    assert _watching.of(shell) is None
    box = ipywidgets.VBox([Gallery(jms_store), SaveDialog(clf, store=jms_store)])
    view = View(box.children[1]._desk)
    assert [what for what, _, _ in view.ask("prefill")["captured"]["pieces"]] == ["parameters"]
    view.ask("save", name="churn")
    assert jms_store.get("churn").algorithm == "LinearRegression"


def test_looking_while_cells_run_disturbs_neither(trained, jms_store):
    watching = _watching.of(trained.shell)
    watch, stop = watching.watch, threading.Event()
    view = opened(trained, jms_store)

    def look():
        while not stop.is_set():
            view.ask("prefill")

    # As the desk starts its own: a thread of the notebook's would make each score doubtful.
    threads = [threading.Thread(target=contextvars.copy_context().run, args=(look,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(60):
        trained.run(
            f"m{number} = LogisticRegression(C={number + 1}).fit(X_train, y_train)\nr{number} = m{number}.score(X_test, y_test)"
        )
    stop.set()
    for thread in threads:
        thread.join(60)
    assert watching.watch is watch  # a watch that stumbles is forgotten
    known = View(SaveDialog(trained["m59"], "m59", store=jms_store)._desk).ask("prefill")
    assert [one["name"] for one in known["captured"]["metrics"]] == ["accuracy"]
