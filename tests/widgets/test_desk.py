"""What the widgets answer to messages, also to those that no view of ours would send."""

from __future__ import annotations

import json
import re
import threading

import pytest
from views import View

from jupyter_modelstore import connect
from jupyter_modelstore.errors import ModelStoreError, StoreBusy
from jupyter_modelstore.record import Captured
from jupyter_modelstore.widgets import Gallery, _desk
from jupyter_modelstore.widgets._desk import Desk, Request
from jupyter_modelstore.widgets._gallery import requests_of

pytest_plugins = ("doors_fixtures",)


@pytest.fixture
def view(store, pipeline):
    """A view of a gallery over a store with three versions of ``churn`` and another model."""
    for number in range(3):
        store.save(pipeline, "churn", metrics={"auc": (7 + number) / 10}, tags=["telecom"])
    store.save(pipeline, "rival", metrics={"auc": 0.5})
    return View(Desk(store, print, requests_of(store, "")))


def refs(page):
    return [f"{record['model_name']}:{record['version']}" for record in page["records"]]


def test_verbs_are_those_of_the_table(view):
    page = view.ask("list", words=["churn"], limit=1)
    assert (refs(page), page["total"]) == (["churn:3"], 1)
    assert refs(view.ask("versions", name="churn")) == ["churn:3", "churn:2", "churn:1"]
    assert view.ask("show", ref="churn:2")["metrics"] == {"auc": 0.8}
    assert view.ask("stats")["versions_ready"] == 4
    assert view.ask("facets")["tags"] == {"telecom": 1}
    compared = view.ask("compare", refs=["churn:1", "churn:3"])
    assert compared["sections"]["metrics"] == [{"name": "auc", "texts": ["0.7", "0.9"], "differs": True, "best": None}]
    assert compared["remark"].startswith("No best auc: it is not known")
    assert view.ask("edit", ref="churn:3", description="better", metrics=["f1=0.5"])["description"] == "better"
    assert view.ask("alias", ref="churn:3", alias="champion")["aliases"] == ["champion"]
    assert view.ask("alias", ref="churn", history=True)[0]["alias"] == "champion"
    assert view.error("delete", ref="churn:3")["code"] == "in_use"
    assert len(view.ask("delete", ref="churn", force=True)["records"]) == 3
    assert view.ask("list", deleted=True, all_versions=True)["total"] == 3
    assert len(view.ask("restore", ref="churn:1")) == 1
    assert view.ask("purge", ref="churn:2")["bytes"] > 0
    assert len(view.ask("empty-trash")["records"]) == 1
    assert view.ask("rename", name="rival", new="other")[0]["model_name"] == "other"


def test_everything_that_is_sent_is_json(view):
    view.ask("edit", ref="churn:3", metrics=["bad=nan", "worse=inf"])
    for verb, args in (("list", {}), ("show", {"ref": "churn"}), ("compare", {"refs": ["churn:1", "churn:3"]})):
        view.ask(verb, **args)
    json.dumps(view.sent, allow_nan=False)


@pytest.mark.parametrize(
    "message",
    [None, [], "text", 7, {}, {"rid": 7, "verb": "list"}, {"rid": "", "verb": "list"}, {"rid": "x" * 201, "verb": "list"},
     {"rid": None, "verb": "list"}, {"verb": "list", "args": {}}, {"rid": "\ud800", "verb": "list"}],
)  # fmt: skip
def test_what_cannot_be_answered_is_passed_over(view, message):
    view.desk.receive(message)
    assert view.sent == []


@pytest.mark.parametrize(
    "message",
    [
        {"verb": "load", "args": {"ref": "churn"}},
        {"verb": "save", "args": {"path": "/etc/passwd", "name": "x"}},
        {"verb": "doctor", "args": {"repair": True}},
        {"verb": "__class__", "args": {}},
        {"verb": ["list"], "args": {}},
        {"verb": {"list": 1}, "args": {}},
        {"verb": None},
        {"verb": "list", "args": []},
        {"verb": "list", "args": None},
        {"verb": "list", "args": {"store": "x"}},
        {"verb": "list", "args": {"name": "churn"}},
        {"verb": "list", "args": {"limit": "48"}},
        {"verb": "list", "args": {"limit": True}},
        {"verb": "list", "args": {"limit": 0}},
        {"verb": "list", "args": {"limit": 10**30}},
        {"verb": "list", "args": {"offset": -1}},
        {"verb": "list", "args": {"words": "churn"}},
        {"verb": "list", "args": {"words": [["churn"]]}},
        {"verb": "list", "args": {"words": ["x"] * 1_001}},
        {"verb": "list", "args": {"sort": "id; DROP TABLE models"}},
        {"verb": "list", "args": {"words": ["\ud800"]}},
        {"verb": "history", "args": {"names": ["\ud800"], "metric": {}}},
        {"verb": "list", "args": {"model_type": "evil"}},
        {"verb": "list", "args": {"metrics": ["auc"]}},
        {"verb": "list", "args": {"deleted": 1}},
        {"verb": "show", "args": {}},
        {"verb": "show", "args": {"ref": None}},
        {"verb": "show", "args": {"ref": "x" * 100_001}},
        {"verb": "show", "args": {"ref": "../../etc/passwd"}},
        {"verb": "show", "args": {"ref": "\ud800"}},
        {"verb": "compare", "args": {"refs": ["churn"]}},
        {"verb": "history", "args": {"names": ["churn"] * 49, "metric": {}}},
        {"verb": "history", "args": {"names": ["churn"], "metric": {"churn": {"auc": 1}}}},
        {"verb": "fits", "args": {"ids": ["0"] * 201}},
        {"verb": "cancel", "args": {}},
        {"verb": "download", "args": {"ref": "churn", "to": "no/such/place/"}},
        {"verb": "download", "args": {"ref": "churn", "to": "\0"}},
    ],
)
def test_a_hostile_message_is_refused_in_plain_words(view, message):
    view.desk.receive({"rid": "r", **message})
    error = view.of("r")[-1]["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] != "error", error
    assert "Traceback" not in json.dumps(error)
    assert len(json.dumps(error)) < 3_000
    assert refs(view.ask("list")) == ["rival:1", "churn:3"]


def test_an_error_of_another_kind_is_one_plain_line(store):
    def fail():
        raise ZeroDivisionError("secret path /home/ada")

    view = View(Desk(store, print, [Request("fail", fail)]))
    error = view.error("fail")
    assert error["code"] == ModelStoreError.code
    assert "ZeroDivisionError" in error["message"]
    assert "ada" not in json.dumps(error)


def test_an_interrupt_is_answered(store):
    def interrupt():
        raise KeyboardInterrupt

    assert View(Desk(store, print, [Request("interrupt", interrupt)])).error("interrupt")["code"] == "cancelled"


def test_long_work_tells_of_itself_ten_times_a_second_and_can_be_cancelled(store, monkeypatch):
    going = threading.Event()

    def work(progress):
        count = 0
        while True:
            progress("working", count, None)
            count += 1
            if count == 1_000:
                going.set()

    view = View(Desk(store, print, [Request("work", work, long=True)]))
    rid = view.post("work")
    assert going.wait(10)
    assert view.ask("cancel", rid=rid) == {"cancelled": True}
    *progress, last = view.of(rid)
    assert last["error"]["code"] == "cancelled"
    assert progress[0] == {"rid": rid, "progress": {"stage": "working", "done": 0, "total": None}}
    assert 1 <= len(progress) < 1_000
    assert view.ask("cancel", rid=rid) == {"cancelled": False}


def test_progress_keeps_its_pause(monkeypatch):
    now, told = [100.0], []
    monkeypatch.setattr(_desk, "monotonic", lambda: now[0])
    work = _desk._Work(lambda *what: told.append(what))
    for tenth in range(200):
        now[0] = 100 + tenth / 100  # two seconds
        work("writing", tenth, None)
    assert 19 <= len(told) <= 21


def test_messages_on_many_threads_are_all_answered(view):
    rids = [f"t{number}" for number in range(60)]
    verbs = [("list", {}), ("stats", {}), ("edit", {"ref": "churn:1", "add_tags": ["x"]})]

    def post(number):
        verb, args = verbs[number % 3]
        view.desk.receive({"rid": rids[number], "verb": verb, "args": args})

    threads = [threading.Thread(target=post, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(view.of(rid)[-1]["ok"] for rid in rids)
    assert len([message for message in view.sent if message.get("rid")]) == 60


def test_other_widgets_over_the_same_store_are_told_of_a_change(store, view, tmp_path):
    same = View(Desk(connect(home=tmp_path / "store"), print))
    other = View(Desk(connect(home=tmp_path / "elsewhere"), print))
    view.ask("list")
    assert same.sent == []
    view.ask("delete", ref="churn:1")
    assert same.sent == [{"event": "changed"}]
    assert other.sent == []
    assert {"event": "changed"} not in view.sent
    view.error("delete", ref="churn:1")
    assert same.sent == [{"event": "changed"}]


def test_fits_says_what_is_in_the_way(view, store, poke):
    from sklearn import __version__

    ids = {record.ref: record.id for record in store.list(all_versions=True)}
    assert view.ask("fits", ids=list(ids.values()))[ids["churn:1"]] == {"loads": True, "why": ""}
    older = {"distributions": {"scikit-learn": "0.1"}, "modules": {"sklearn": "scikit-learn"}}
    foreign = {"distributions": {"no-such-thing": "1.0"}, "modules": {"no_such_thing": "no-such-thing"}}
    for version, environment in ((2, older), (3, foreign)):
        poke(store, "UPDATE models SET environment = ? WHERE version = ?", json.dumps(environment), version)
    poke(store, "UPDATE models SET environment = 'no json' WHERE model_name = 'rival'")
    found = view.ask("fits", ids=[*ids.values(), "0" * 32, "nonsense"])
    assert found[ids["churn:2"]] == {"loads": "differs", "why": f"needs scikit-learn 0.1, here {__version__}"}
    assert found[ids["churn:3"]] == {"loads": False, "why": "needs no-such-thing==1.0, not installed here"}
    assert found[ids["rival:1"]]["loads"] is True
    assert view.ask("show", ref="rival")["environment"] == {}
    assert set(found) == set(ids.values())


def test_history_gives_the_line_of_a_metric(view, store):
    view.ask("edit", ref="churn:2", metrics=["auc=nan"])
    found = view.ask("history", names=["churn", "nobody", "rival"], metric={"churn": "auc"})
    points = [{"version": 1, "value": 0.7, "fair": False}, {"version": 3, "value": 0.9, "fair": False}]
    assert found == {"churn": points, "nobody": [], "rival": []}


def test_versions_are_measured_fairly_if_they_were_scored_on_the_same_rows(view, store, pipeline):
    for number, made in enumerate(["X = 1", "X = 1", "X = 2"]):
        origin = {"auc": {"split": "test", "data": "X_test, y_test"}}
        source = {"cells": [{"code": made, "does": ["prepared"]}], "metrics": origin}
        captured = Captured(metrics={"auc": number / 10}, source=source, test_samples=20)
        store.keep(pipeline, "fair", metrics={}, captured=captured, tags=[str(number)])
    found = view.ask("history", names=["fair"], metric={"fair": "auc"})["fair"]
    assert [point["fair"] for point in found] == [False, True, False]


def test_a_name_is_judged_before_a_rename(view):
    def told(name, **of):
        return (check := view.ask("check-name", name=name, **of))["ok"], check["message"]

    assert told("CHURN") == (True, "Becomes version 4 of churn")
    assert told("Churn", of="churn") == (True, "The name of all its versions")
    assert told("RIVAL", of="churn") == (False, "rival is the name of another model")
    assert told("other", of="churn") == (True, "All versions of churn get the new name")
    assert told("a/b", of="churn")[0] is False


def test_an_alias_is_judged_before_a_save(view):
    assert view.ask("check-alias", alias="champion")["ok"]
    for alias in ("latest", "v3", "two words", "@x"):
        check = view.ask("check-alias", alias=alias)
        assert (check["ok"], bool(check["message"])) == (False, True), alias


def test_an_alias_says_where_it_points_before_it_is_set(view, store):
    def told(alias, ref="churn:3"):
        return (check := view.ask("check-alias", alias=alias, ref=ref))["ok"], check["message"]

    store.set_alias("churn:2", "champion")
    assert told("CHAMPION") == (True, "Moves from version 2")
    assert told("Champion", f"id:{store.get('churn:2').id}") == (True, "Points here already")
    assert told("prod") == (True, "A new alias")
    store.remove_alias("churn", "champion")
    assert told("champion") == (True, "A new alias")
    assert told("v3") == (False, view.ask("check-alias", alias="v3")["message"])
    assert view.error("check-alias", alias="x", ref="none:1")["code"] == "not_found"


def test_details_tell_all_that_is_known(view):
    told = view.ask("details", ref="churn:2")
    facts = dict(told["facts"])
    assert facts["algorithm"].startswith("LogisticRegression (in Pipeline)")
    assert facts["metrics"] == "auc 0.8"
    assert "logisticregression__" in facts["parameters"] + facts["defaults"]
    assert facts["environment"].startswith("Python 3.")
    assert told["cells"] == []


def test_ways_says_which_way_a_metric_is_better(view):
    assert view.ask("ways", names=["auc", "rmse", "lift", "neg_log_loss", "fbeta(beta=2)"]) == {
        "auc": "up", "rmse": "down", "lift": None, "neg_log_loss": "up", "fbeta(beta=2)": "up",
    }  # fmt: skip
    assert view.error("ways", names=["auc"] * 201)["code"] == "usage"


def test_an_answer_can_be_sent_whatever_was_asked(view):
    answer = view.ask("ways", names=["auc", "\ud800"])
    assert answer["auc"] == "up"
    assert json.dumps(answer, ensure_ascii=False).encode()


def test_the_history_of_aliases_says_where_each_would_go_back_to(view, store):
    assert view.ask("alias-history", ref="churn:1") == {"events": [], "back": {}}
    for version in (1, 2, 3):
        view.ask("alias", ref=f"churn:{version}", alias="champion", why=f"number {version}")
    view.ask("alias", ref="churn:1", alias="prod")
    ref = f"id:{store.get('churn:3').id}"
    found = view.ask("alias-history", ref=ref)
    assert [(one["alias"], one["version"], one["previous"]) for one in found["events"]] == [
        ("prod", 1, None), ("champion", 3, 2), ("champion", 2, 1), ("champion", 1, None),
    ]  # fmt: skip
    assert found["events"][1]["why"] == "number 3"
    assert found["back"] == {"champion": 2}
    for version in (2, 1):  # what it would go back to is what it does go back to, twice in a row
        assert view.ask("alias-history", ref=ref)["back"] == {"champion": version}
        assert view.ask("alias", ref=ref, alias="champion", rollback=True)["version"] == version
    assert view.ask("alias-history", ref=ref)["back"] == {}
    view.ask("alias", ref=ref, alias="prod", remove=True)
    assert view.ask("alias-history", ref=ref)["back"] == {"prod": 1}


def test_a_download_goes_into_the_folder_and_overwrites_nothing(view, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    assert view.ask("download", ref="churn")["path"] == f"~/{tmp_path.name}/churn.pkl"
    assert view.ask("download", ref="churn")["path"] == f"~/{tmp_path.name}/churn (2).pkl"
    assert view.ask("download", ref="churn:1")["record"]["version"] == 1
    folder = tmp_path / "exports"
    aside = View(Desk(store, print, requests_of(store, str(folder))))
    error = aside.error("download", ref="churn")
    assert "exports" in error["message"]
    folder.mkdir()
    assert aside.ask("download", ref="churn", to="best.pkl")["path"] == f"~/{tmp_path.name}/exports/best.pkl"
    assert (folder / "best.pkl").stat().st_size == store.get("churn").model_file_size


def test_a_delete_takes_the_versions_that_were_named(view, store, pipeline):
    named = [record["id"] for record in view.ask("versions", name="churn")["records"]]
    store.rename("churn", "kept")
    store.save(pipeline, "churn", metrics={"auc": 1})
    store.set_alias("kept:2", "champion")
    assert view.error("delete-these", ids=named)["code"] == "in_use"
    assert len(store.versions("kept")) == 3
    removal = view.ask("delete-these", ids=named, force=True)
    assert (refs(removal), removal["left"], removal["why"]) == (["kept:1", "kept:2", "kept:3"], 0, None)
    assert removal["aliases"] == [{"alias": "champion", "id": store.get("kept:2").id, "now": ""}]
    assert [record.ref for record in store.versions("churn")] == ["churn:4"]
    assert view.error("delete-these", ids=named)["code"] == "not_found"


def test_a_delete_of_several_can_be_stopped_and_what_it_did_taken_back(view, store, monkeypatch):
    store.set_alias("churn:2", "champion")
    ids = [record.id for record in store.versions("churn")]
    begun, go_on = threading.Event(), threading.Event()
    real = type(store).delete_records

    def slowly(self, records, *, force=False):
        done = real(self, records, force=force)
        begun.set()
        assert go_on.wait(30)
        return done

    monkeypatch.setattr(type(store), "delete_records", slowly)
    rid = view.post("delete-these", ids=ids, force=True)
    assert begun.wait(30)
    assert view.ask("cancel", rid=rid) == {"cancelled": True}
    go_on.set()
    removal = view.of(rid)[-1]["answer"]
    assert (refs(removal), removal["left"], removal["why"]["code"]) == (["churn:1"], 2, "cancelled")
    assert [record.ref for record in store.versions("churn")] == ["churn:3", "churn:2"]
    undone = view.ask("undelete", ids=[record["id"] for record in removal["records"]], aliases=removal["aliases"])
    assert (refs(undone), undone["kept"]) == (["churn:1"], [])


def test_an_error_after_the_first_of_several_says_how_far_it_came(view, store, monkeypatch):
    ids = [record.id for record in store.versions("churn")]
    store.delete("churn:2")
    assert view.error("delete-these", ids=ids)["code"] == "not_found"
    assert len(store.versions("churn")) == 2, "what is not there is found out before anything is moved"
    real = type(store).delete_records

    def once(self, records, *, force=False):
        monkeypatch.setattr(type(store), "delete_records", refuse)
        return real(self, records, force=force)

    def refuse(*_, **__):
        raise StoreBusy("The store is busy.", "Try again.")

    monkeypatch.setattr(type(store), "delete_records", once)
    removal = view.ask("delete-these", ids=[ids[0], ids[2]])
    assert (refs(removal), removal["left"], removal["why"]["message"]) == (["churn:1"], 1, "The store is busy.")


def test_an_undone_delete_gives_back_only_aliases_that_nobody_has_moved_since(view, store):
    for version in (1, 2, 3):
        store.set_alias(f"churn:{version}", "champion")
    store.set_alias("churn:3", "prod")
    store.set_alias("churn:3", "gone")
    removal = view.ask("delete-these", ids=[store.get("churn:3").id], force=True)
    assert {(one["alias"], one["now"]) for one in removal["aliases"]} == {("champion", "churn:2"), ("prod", ""), ("gone", "")}
    store.set_alias("churn:1", "champion")
    store.set_alias("churn:1", "gone")
    store.remove_alias("churn", "gone")
    store.set_alias("churn:2", "gone")
    undone = view.ask("undelete", ids=[removal["records"][0]["id"]], aliases=removal["aliases"])
    assert sorted((one["alias"], one["version"]) for one in undone["kept"]) == [("champion", 1), ("gone", 2)]
    assert {record.ref: record.aliases for record in store.versions("churn")} == {
        "churn:3": ("prod",), "churn:2": ("gone",), "churn:1": ("champion",),
    }  # fmt: skip
    assert store.alias_history("churn", "prod")[0].why == "the delete was undone"
    assert view.error("undelete", ids=[removal["records"][0]["id"]])["code"] == "not_found"


@pytest.mark.parametrize(
    "aliases", [[{}], [{"alias": "x"}], [{"alias": "x", "id": "'; drop", "now": "a"}], [{"now": "9" * 60}], "x", [["a"]]]
)
def test_a_hostile_undo_is_refused_in_plain_words(view, store, aliases):
    removal = view.ask("delete-these", ids=[store.get("churn:3").id])
    error = view.error("undelete", ids=[removal["records"][0]["id"]], aliases=aliases)
    assert "fault of ours" not in error["message"], error


@pytest.mark.parametrize(
    ("verb", "args", "hint"),
    [
        ("details", {"ref": "churn:1"}, "%models shows what there is."),
        ("delete", {"ref": "churn:1"}, "%restore_model churn:1 brings it back."),
        ("delete", {"ref": "churn:2"}, "%alias_model), or delete it all the same with --force."),
        ("restore", {"ref": "churn:3"}, "%models --trash shows what is."),
        ("details", {"ref": "churn:9"}, "%modelstore versions churn shows them."),
        ("download", {"ref": "rival"}, "%delete_model rival:1. %modelstore doctor lists all such models."),
    ],
    ids=["purged", "in the trash", "in use", "not in the trash", "no version", "no file"],
)
def test_a_gallery_names_its_buttons_where_a_magic_names_a_line(view, store, stored_file, verb, args, hint, bundle):
    gone = view.ask("delete-these", ids=[store.get("churn:1").id])
    if hint == "%models shows what there is.":
        store.empty_trash()
        verb, args = "edit", {"ref": f"id:{gone['records'][0]['id']}", "description": "x"}
    store.set_alias("churn:2", "champion")
    stored_file(store, store.get("rival")).unlink()
    typed = view.error(verb, **args)["hint"]
    assert typed.endswith(hint)
    pressed = View(Gallery(store)._desk).error(verb, **args)["hint"]
    assert pressed != typed
    assert not re.search(r"%(models\b|restore|alias|delete|modelstore (versions|empty))|--", pressed), pressed


def test_ten_thousand_models_are_asked_for_a_page_at_a_time(store, pipeline, poke):
    first = store.save(pipeline, "first", metrics={"auc": 0.5}, tags=["telecom"])
    names = [(f"model {number}",) for number in range(10_000)]
    fill(store, first, names)
    view = View(Desk(store, print, requests_of(store, "")))
    page = view.ask("list", limit=48, offset=9_000, sort="name")
    assert (page["total"], len(page["records"])) == (10_001, 48)
    assert view.ask("list", words=["9999"])["total"] == 1
    assert len(view.ask("fits", ids=[record["id"] for record in page["records"]])) == 48
    names = [record["model_name"] for record in page["records"]]
    assert all(len(line) == 1 for line in view.ask("history", names=names, metric=dict.fromkeys(names, "auc")).values())
    assert len(json.dumps(page)) < 400_000


def fill(store, record, names):
    """Copy one row of a store many times, by the back door."""
    import sqlite3

    db = sqlite3.connect(f"{store.location}/store.sqlite3")
    columns = [row[1] for row in db.execute("PRAGMA table_info(models)")]
    new_id = "lower(hex(randomblob(4)))||'-0000-4000-8000-'||lower(hex(randomblob(6)))"
    own = {"id": new_id, "save_id": new_id, "model_name": "?1", "name_key": "?1", "search": "?1"}
    values = ", ".join(own.get(column, column) for column in columns)
    with db:
        db.executemany(f"INSERT INTO models ({', '.join(columns)}) SELECT {values} FROM models WHERE id = '{record.id}'", names)
        db.executemany("INSERT INTO names VALUES (?1, ?1, 2, NULL)", names)
    db.close()


def test_hints_of_a_sign_in_name_the_buttons_of_the_form():
    from jupyter_modelstore.identity._auth import BY_CODE
    from jupyter_modelstore.widgets._gallery import in_buttons

    for code in ("invalid_credentials", "otp_expired", "otp_disabled"):
        hint = in_buttons(BY_CODE[code][2])
        assert "press" in hint, code
        assert "%modelstore" not in hint, code
        assert "--" not in hint, code
