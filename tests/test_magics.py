"""The magics, in a real shell: what a user types, and what is shown."""

from __future__ import annotations

import io
import pickle
import sys
import threading
import warnings
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LinearRegression

import jupyter_modelstore as jms
from jupyter_modelstore import errors
from jupyter_modelstore.errors import (
    Ambiguous,
    CannotPickle,
    FileChanged,
    InUse,
    InvalidName,
    InvalidReference,
    InvalidValue,
    NotAModel,
    NotConfigured,
    NotConfirmed,
    NotFitted,
    NotFound,
    NotTrusted,
    UsageError,
)
from jupyter_modelstore.magics import MAGICS, SUBCOMMANDS, help_of

pytest_plugins = ("doors_fixtures",)

HOSTILE = "<img src=x onerror=alert(1)> \"'&\u202eevil"


@pytest.fixture
def saved(notebook, fit):
    """A notebook with three versions of ``churn``; the newest is fitted with slope 3."""
    for slope in (1, 2, 3):
        notebook["clf"] = fit(slope)
        notebook.run(f'%save_model clf "churn" -t telecom -m auc=0.{slope} -d "number {slope}"')
    return notebook


# ---- save ------------------------------------------------------------------------------------------------------------


def test_a_mistyped_directory_is_not_made_by_looking_into_it(saved, tmp_path):
    saved.run(f"%modelstore config url=local:{tmp_path}/mistyped")
    for magic in ("%models", "%models --trash", "%model_stats", "%modelstore status", "%modelstore doctor"):
        cell = saved.run(magic)
        assert "mistyped" in cell.text, magic
        assert "yet" in cell.text, magic
    saved.refused("%load_model churn", NotFound)
    saved.refused("%delete_model churn", NotFound)
    assert not (tmp_path / "mistyped").exists()
    saved.run("%save_model clf churn")
    assert "yet" not in saved.run("%models").text


def test_the_line_that_undoes_a_save_gives_its_alias_back(saved, fit, jms_store):
    saved.run("%alias_model churn:3 champion")
    saved["clf"] = fit(4)
    card = saved.run("%save_model clf churn -a champion").text
    (undo,) = (line.split("undo ")[1] for line in card.splitlines() if "undo " in line)
    assert undo == "%delete_model churn:4 --force"
    assert "aliases back   @champion → churn:3" in saved.run(undo).text
    assert jms_store.get("churn@champion").version == 3
    assert "rollback: churn:4 was deleted" in saved.run("%alias_model churn champion --history").text


def test_one_line_keeps_a_model_and_says_what_it_kept(notebook, clf, jms_store):
    notebook["clf"] = clf
    cell = notebook.run('%save_model clf "churn" -t telecom -t q3 -m auc=0.93 -d "first try" -a champion')
    for said in ("Saved churn:1", "LinearRegression", "regression", "auc 0.93", "#telecom", "#q3", "first try", "@champion"):
        assert said in cell.text
    assert "%load_model churn" in cell.text
    assert "%edit_model churn:1" in cell.text
    assert "from clf" in cell.text
    assert "on this machine" in cell.text
    assert "<code>%load_model churn</code>" in cell.html
    assert cell.value is None
    record = jms_store.get("churn@champion")
    assert (record.ref, record.tags, dict(record.metrics)) == ("churn:1", ("telecom", "q3"), {"auc": 0.93})
    assert record.source["variable"] == "clf"


def test_a_save_of_the_same_bytes_makes_no_version_and_says_so(saved, fit, jms_store):
    saved["clf"] = fit(3)
    cell = saved.run('%save_model clf "churn" -t again')
    assert "Nothing new: churn:3 is exactly this model" in cell.text
    assert jms_store.get("churn").ref == "churn:3"
    assert jms_store.get("churn").tags == ("telecom", "again")


def test_the_same_bytes_with_other_metrics_are_a_new_version(saved, fit, jms_store):
    saved["clf"] = fit(3)
    saved.run('%save_model clf "churn" -m auc=0.99')
    assert jms_store.get("churn").ref == "churn:4"
    assert jms_store.get("churn").sha256 == jms_store.get("churn:3").sha256


def test_without_a_name_the_line_to_type_is_shown(notebook, clf):
    notebook["clf"] = clf
    cell = notebook.run("%save_model clf", ok=False)
    assert cell.traceback == ["What shall clf be called?", '%save_model clf "name" [modelstore:usage]']


def test_without_a_variable_the_only_model_is_taken(notebook, clf, jms_store):
    notebook["clf"] = clf
    notebook["rows"] = [1, 2]
    notebook.run('%save_model "churn"')
    assert jms_store.get("churn").source["variable"] == "clf"


def test_without_a_variable_the_model_fitted_last_is_taken(notebook, clf, jms_store):
    notebook["x"], notebook["y"] = [[1.0], [2.0]], [1.0, 2.0]
    notebook.run("from sklearn.linear_model import LinearRegression, Ridge\nfirst = LinearRegression()\nsecond = Ridge()")
    notebook.run("second.fit(x, y)")
    notebook.run("first.fit(x, y)")
    notebook.run('%save_model "churn"')
    assert jms_store.get("churn").algorithm == "LinearRegression"
    notebook.run("second.fit(x, y)")
    notebook.run('%save_model "churn"')
    assert jms_store.get("churn").algorithm == "Ridge"


def test_where_several_models_are_meant_their_lines_are_listed(notebook, fit, jms_store):
    notebook["first"], notebook["second"] = fit(1), fit(2)
    error = notebook.refused('%save_model "churn"', Ambiguous)
    assert '%save_model first "churn"' in error.hint
    assert '%save_model second "churn"' in error.hint
    assert len(jms_store.list()) == 0


def test_with_no_model_at_all_the_next_step_is_told(notebook):
    assert "%save_model clf" in notebook.refused("%save_model", NotFound).hint


def test_a_name_without_a_variable_may_hold_spaces(notebook, clf, jms_store):
    notebook["clf"] = clf
    notebook.run('%save_model "my best model"')
    cell = notebook.run('best = %load_model "my best model"')
    assert "my best model:1" in cell.text
    assert isinstance(notebook["best"], LinearRegression)


def test_functions_and_loops_save_their_own_variables(notebook, clf, jms_store):
    notebook["outer"] = clf
    cell = notebook.run(
        "def keep(model):\n    inner = model\n    for number in (1, 2):\n"
        '        %save_model inner "from a function" -m number=number\nkeep(outer)'
    )
    assert "Saved from a function:1" in cell.text
    assert "Saved from a function:2" in cell.text
    assert [record.metrics["number"] for record in jms_store.versions("from a function")] == [2, 1]


@pytest.mark.parametrize(
    "expression", ["models['rf']", 'models["rf"]', "search.best_estimator_", "fits[-1]", "box.inner['it']"]
)
def test_attributes_and_subscripts_name_a_model(notebook, clf, expression, jms_store):
    notebook["models"], notebook["fits"] = {"rf": clf}, [None, clf]
    notebook["search"] = type("Search", (), {"best_estimator_": clf})()
    notebook["box"] = type("Box", (), {"inner": {"it": clf}})()
    notebook.run(f'%save_model {expression} "churn"')
    assert jms_store.get("churn").algorithm == "LinearRegression"


def test_a_call_is_not_run(notebook):
    notebook.run("calls = []\ndef make():\n    calls.append(1)")
    assert "model = make()" in notebook.refused('%save_model make() "churn"', UsageError).hint
    assert notebook["calls"] == []


def test_a_metric_may_be_a_variable(notebook, clf, jms_store):
    notebook["clf"], notebook["acc"] = clf, 0.75
    notebook["scores"] = {"f1": 0.5}
    notebook.run("%save_model clf \"churn\" -m acc=acc -m f1=scores['f1'] -m n=3 -m bad=nan")
    metrics = jms_store.get("churn").metrics
    assert (metrics["acc"], metrics["f1"], metrics["n"]) == (0.75, 0.5, 3)
    assert metrics["bad"] != metrics["bad"]


def test_a_metric_that_is_no_number_names_it(notebook, clf, jms_store):
    notebook["clf"], notebook["text"] = clf, "high"
    assert "'acc'" in notebook.refused('%save_model clf "churn" -m acc=text', InvalidValue).message
    assert "'nope'" in notebook.refused('%save_model clf "churn" -m acc=nope', NotFound).message
    assert "NAME=VALUE" in notebook.refused('%save_model clf "churn" -m acc', InvalidValue).hint
    assert len(jms_store.list()) == 0


def test_comments_and_apostrophes_are_taken_as_typed(notebook, clf, jms_store):
    notebook["clf"] = clf
    notebook.run('%save_model clf "churn" -d "it\'s Ada\'s" -t don\'t   # the one of today')
    record = jms_store.get("churn")
    assert (record.description, record.tags) == ("it's Ada's", ("don't",))


def test_options_may_stand_between_variable_and_name(notebook, clf, jms_store):
    notebook["clf"] = clf
    notebook.run('%save_model clf -t telecom "churn" -m auc=1')
    assert jms_store.get("churn").tags == ("telecom",)


def test_an_unquoted_name_of_two_words_gets_the_line_with_quotes(notebook, clf):
    notebook["clf"] = clf
    assert notebook.refused("%save_model clf customer churn", UsageError).hint.endswith('%save_model clf "customer churn"')
    assert '"two words"' in notebook.refused('%save_model clf "churn" -d two words', UsageError).hint


def test_name_and_variable_the_wrong_way_round_are_put_right(notebook, clf):
    notebook["clf"] = clf
    assert notebook.refused('%save_model "churn" clf', UsageError).hint == '%save_model clf "churn"'


def test_an_open_quote_is_told(notebook, clf):
    notebook["clf"] = clf
    assert "not closed" in notebook.refused('%save_model clf "churn', UsageError).message


def test_an_unknown_variable_gets_the_nearest(notebook, clf):
    notebook["clf"] = clf
    error = notebook.refused('%save_model clff "churn"', NotFound)
    assert "clff" in error.message
    assert "clf" in error.hint


def test_an_unfitted_model_is_refused_unless_forced(notebook, jms_store):
    notebook["clf"] = LinearRegression()
    error = notebook.refused('%save_model clf "churn"', NotFitted)
    assert "--force" in error.hint
    assert len(jms_store.list()) == 0
    notebook.run('%save_model clf "churn" --force')
    assert jms_store.get("churn").version == 1


@pytest.mark.parametrize("code", ["x = 3", "x = print", "x = LinearRegression", "x = pd.DataFrame({'a': [1]})", "x = pd"])
def test_what_is_no_model_is_refused_with_the_reason(notebook, code, jms_store):
    notebook.run(f"import pandas as pd\nfrom sklearn.linear_model import LinearRegression\n{code}")
    error = notebook.refused('%save_model x "churn"', NotAModel)
    assert error.hint
    assert len(jms_store.list()) == 0


def test_what_cannot_be_pickled_is_named_by_its_path(notebook, clf, jms_store):
    clf.resources_ = {"log": [1, threading.Lock()]}
    notebook["clf"] = clf
    error = notebook.refused('%save_model clf "churn"', CannotPickle)
    assert "resources_['log'][1]" in str(error)
    assert_nothing_left(jms_store)


def test_an_interrupt_in_the_middle_of_a_dump_leaves_nothing(notebook, clf, jms_store):
    notebook.run("class Slow:\n    def __reduce__(self):\n        raise KeyboardInterrupt\n")
    clf.slow_ = notebook["Slow"]()
    notebook["clf"] = clf
    notebook["good"] = LinearRegression().fit([[1.0], [2.0]], [1, 2])
    notebook.run('%save_model good "churn"')
    assert isinstance(notebook.run('%save_model clf "churn"', ok=False).error, KeyboardInterrupt)
    assert len(list(Path(jms_store.location, "files").iterdir())) == 1
    del clf.slow_
    notebook.run('%save_model clf "churn"')
    assert jms_store.get("churn").ref == "churn:2"


def assert_nothing_left(store):
    assert len(store.list(all_versions=True)) == 0
    files = Path(store.location) / "files"
    assert not files.is_dir() or list(files.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("../../etc/passwd", InvalidName),
        ("a\x1b[31m", InvalidName),
        ("<b>", InvalidName),
        ("x" * 101, InvalidName),
        ("\u202egnp", InvalidName),
        ("churn@x", InvalidName),
        ("", InvalidName),
        ("churn:3", InvalidName),
    ],
)
def test_hostile_names_are_refused_before_anything_is_written(notebook, clf, name, error, jms_store):
    notebook["clf"] = clf
    said = str(notebook.refused(f'%save_model clf "{name}"', error))
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert_nothing_left(jms_store)


@pytest.mark.parametrize("alias", ["latest", "v3", "3", "two words", "<b>", ""])
def test_reserved_and_odd_aliases_are_refused(notebook, clf, alias, jms_store):
    notebook["clf"] = clf
    notebook.run('%save_model clf "churn"')
    if alias:
        notebook.refused(f'%save_model clf "other" -a "{alias}"', InvalidName)
    notebook.refused(f'%alias_model churn:1 "{alias}"', InvalidName)
    assert [record.ref for record in jms_store.list(all_versions=True)] == ["churn:1"]


@pytest.mark.parametrize("name", ["ग्राहक मंथन", "تجربة 1", "模型", "Ünïcode (2), v1.0 & more", "naïve-bayes_2"])
def test_names_of_any_script_go_round(notebook, clf, name):
    notebook["clf"] = clf
    notebook.run(f'%save_model clf "{name}"')
    assert name in notebook.run("%models").text
    notebook.run(f'best = %load_model "{name}:1"')
    assert isinstance(notebook["best"], LinearRegression)


def test_hostile_tags_and_descriptions_are_shown_as_text(notebook, clf, jms_store):
    notebook["clf"] = clf
    tag = "<script>alert(1)</script>"
    notebook["text"] = HOSTILE
    notebook.run(f"%save_model clf \"churn\" -t '{tag}' -d '<b>bold</b> &amp; \u202eevil'")
    for magic in ("%models", "%model_card churn", "%compare_models churn:1 churn:1", "%edit_model churn -t x"):
        cell = notebook.run(magic)
        assert "<script>" not in cell.html
        assert "<b>" not in cell.html
        assert "\u202e" not in cell.html + cell.text
    assert "&lt;script&gt;" in notebook.run("%model_card churn").html
    assert tag in notebook.run("%model_card churn").text


def test_what_a_foreign_database_holds_is_shown_as_text(saved, poke, jms_store):
    poke(
        jms_store,
        "UPDATE models SET model_name = ?, algorithm = ?, description = ?, tags = ?, metrics = ?",
        f"{HOSTILE}\n!rm\x1b[2J",
        HOSTILE,
        HOSTILE,
        f'["{"<i>"}"]',
        '{"<u>": 1}',
    )
    for magic in ("%models --all", "%model_card churn:1", "%compare_models churn:1 churn:2", "%alias_model churn:1 best"):
        cell = saved.run(magic)
        for bad in ("<img", "<i>", "<u>", "\u202e", "\x1b"):
            assert bad not in cell.html, magic
        assert "\u202e" not in cell.text
        assert "\x1b" not in cell.text
    saved.run("%delete_model churn:3")
    said = str(saved.refused("%load_model churn:3", NotFound))
    assert "trash" in said
    assert "%restore_model id:" in said  # a name that breaks the rule is not for typing
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_html_and_text_are_both_there_for_every_card(saved):
    saved.run("%alias_model churn:1 champion")
    for magic in (
        "%models",
        "%model_card churn",
        "%compare_models churn:1 churn:2",
        "%model_stats",
        "%alias_model churn --history",
        "%modelstore status",
        "%modelstore doctor",
        "%modelstore config",
        "%modelstore versions churn",
        "%delete_model churn:2",
        "%restore_model churn:2",
        "%edit_model churn -t x",
    ):
        cell = saved.run(magic)
        assert cell.text.strip(), magic
        assert "<div" in cell.html, magic


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["pickle", "joblib", "compressed"])
def test_an_existing_file_is_kept_as_it_is_and_loads_once_it_is_trusted(notebook, clf, how, tmp_path, jms_store):
    path = tmp_path / "old model.bin"
    if how == "pickle":
        path.write_bytes(pickle.dumps(clf))
    else:
        joblib.dump(clf, path, compress=3 if how == "compressed" else 0)
    cell = notebook.run(f'%save_model --file "{path}" "churn" -t imported')
    assert "Saved churn:1" in cell.text
    record = jms_store.get("churn")
    assert (record.origin, record.format) == ("file", "pickle" if how == "pickle" else "joblib")
    error = notebook.refused("best = %load_model churn", NotTrusted)
    line = error.hint.partition(": ")[2]
    assert line == f"%load_model churn:1 --trust sha256:{record.sha256}"
    notebook.run(f"best = {line}")
    assert notebook["best"].predict([[1, 2]]) == pytest.approx(clf.predict([[1, 2]]))
    notebook.run("again = %load_model churn")  # remembered
    assert isinstance(notebook["again"], LinearRegression)


def test_a_file_is_never_unpickled_while_it_is_kept_shown_or_refused(notebook, bomb, tmp_path):
    data, mark = bomb
    path = tmp_path / "bomb.pkl"
    path.write_bytes(data)
    notebook.run(f'%save_model --file {path} "churn"')
    for magic in ("%models", "%model_card churn", f"%download_model churn {tmp_path}", "%modelstore doctor --full"):
        notebook.run(magic)
    notebook.refused("%load_model churn", NotTrusted)
    notebook.refused(f"%load_model churn --trust sha256:{'0' * 64}", InvalidValue)
    assert not mark.exists()
    notebook.run(f"file = %load_model churn --trust sha256:{jms.connect().get('churn').sha256}")
    assert mark.exists()  # so the bomb was live
    notebook["file"].close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b'{"a": 1}',
        b"a,b\n1,2\n",
        b"PK\x03\x04" + b"\0" * 100,
        b"\x80",
        b"\x93NUMPY\x01\x00",
    ],
)
def test_a_file_that_is_no_pickle_is_refused(notebook, content, tmp_path, jms_store):
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    error = notebook.refused(f'%save_model --file {path} "churn"', InvalidValue)
    assert error.hint
    assert_nothing_left(jms_store)


def test_a_file_needs_one_name_and_must_exist(notebook, tmp_path):
    assert '"name"' in notebook.refused("%save_model --file model.pkl", UsageError).hint
    notebook.refused('%save_model --file model.pkl clf "churn"', UsageError)
    assert "nowhere.pkl" in notebook.refused(f'%save_model --file {tmp_path}/nowhere.pkl "churn"', FileNotFoundError).message


# ---- find and load ---------------------------------------------------------------------------------------------------


def test_load_returns_the_model_and_says_which_in_one_line(saved, fit):
    cell = saved.run("best = %load_model churn")
    assert cell.text.startswith("Loaded churn:3 · LinearRegression · saved 20")
    assert saved["best"].coef_ == pytest.approx(fit(3).coef_)
    assert saved.run("%load_model churn:1").value.coef_ == pytest.approx(fit(1).coef_)


def test_references_of_every_form_are_understood(saved, jms_store):
    saved.run("%alias_model churn:2 champion")
    two = jms_store.get("churn:2")
    for ref in (
        "churn:2",
        "churn:v2",
        "churn@champion",
        "models:/churn/2",
        "models:/churn@champion",
        f"id:{two.id}",
        f"id:{two.id[:8]}",
        "local/churn:2",
        "CHURN:2",
    ):
        assert "Loaded churn:2" in saved.run(f'x = %load_model "{ref}"').text, ref
    assert "Loaded churn:3" in saved.run("x = %load_model churn:latest").text


def test_an_alias_is_asked_for_as_of_a_date(saved, poke, jms_store):
    saved.run("%alias_model churn:1 champion")
    poke(jms_store, "UPDATE alias_history SET at = '2026-03-10T12:00:00.000000+00:00'")
    saved.run("%alias_model churn:2 champion")
    assert "Loaded churn:1" in saved.run("x = %load_model churn@champion --at 2026-03-15").text
    assert "Loaded churn:2" in saved.run("x = %load_model churn@champion").text
    error = saved.refused("%load_model churn@champion --at 2026-03-01", NotFound)
    assert "2026-03-01" in error.message
    assert "--history" in error.hint
    assert "2026-03-15" in saved.refused("%load_model churn --at yesterday", InvalidValue).hint


def test_unknown_names_versions_and_aliases_say_what_there_is(saved):
    assert "churn" in saved.refused("%load_model chrun", NotFound).hint
    saved.run("%alias_model churn:1 champion")
    error = saved.refused("%load_model churn:9", NotFound)
    assert "versions 3, 2, 1" in error.message
    assert "@champion" in error.message
    saved.refused("%load_model churn@nobody", NotFound)
    saved.refused("%load_model other/churn", NotFound)
    assert "name, name:3, name@alias" in saved.refused("%load_model churn:x", InvalidReference).hint
    saved.refused("%load_model id:00000000", NotFound)
    assert "Put several words in quotes" in saved.refused("%load_model my model", UsageError).hint
    assert "REF" in saved.refused("%load_model", UsageError).hint


def test_a_changed_file_is_refused_before_anything_is_unpickled(saved, bomb, jms_store, stored_file, fit):
    data, mark = bomb
    record = jms_store.get("churn:3")
    path = stored_file(jms_store, record)
    good = path.read_bytes()
    path.chmod(0o600)
    padded = data + b"." * (len(good) - len(data)) if len(data) < len(good) else data
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    other = stored_file(jms_store, jms_store.get("churn:1")).read_bytes()
    for bad in (bytes(flipped), good[:-1], b"", good + b"x", other, data, padded):
        path.write_bytes(bad)
        error = saved.refused("%load_model churn", FileChanged)
        assert error.message.startswith("The file is not the one that was saved")
        saved.refused(f"%load_model churn --trust sha256:{record.sha256}", FileChanged)  # there is no override
        saved.refused("%download_model churn", FileChanged)
    assert not mark.exists()
    path.write_bytes(good)
    assert saved.run("%load_model churn").value.coef_ == pytest.approx(fit(3).coef_)


def test_a_missing_file_is_told_and_the_record_stays(saved, jms_store, stored_file):
    stored_file(jms_store, jms_store.get("churn:3")).unlink()
    assert "Model file not found" in saved.refused("%load_model churn", FileNotFoundError).message
    assert "churn:3" in saved.run("%models").text
    assert "PROBLEM" in saved.run("%modelstore doctor").text


def test_the_gallery_searches_filters_and_sorts(saved, fit):
    saved["other"] = fit(9)
    saved.run('%save_model other "rival" -t energy -m auc=0.9')
    assert "rival:1" not in saved.run("%models telecom").text
    assert "churn:3" in saved.run("%models telecom").text
    assert "churn:3" not in saved.run("%models -t energy").text
    assert "churn:3" not in saved.run("%models -m 'auc>=0.8'").text
    assert "rival:1" in saved.run("%models -m 'auc>=0.8'").text
    assert "churn:1" not in saved.run("%models").text
    every = saved.run("%models --all --sort=-metrics.auc").text
    assert every.index("rival:1") < every.index("churn:3") < every.index("churn:1")
    assert "2 models · 4 versions" in saved.run("%models").text
    assert saved.run("%models --limit 1").text.count("LinearRegression") == 1
    assert "in quotes" in saved.refused("%models -m auc", InvalidValue).hint
    saved.refused("%models --limit 0", InvalidValue)
    saved.refused("%models --limit x", UsageError)
    saved.refused("%models --type nonsense", UsageError)
    saved.refused("%models --sort nonsense;drop", (InvalidValue, InvalidName))


def test_an_empty_store_says_how_to_begin(notebook):
    assert "%save_model" in notebook.run("%models").text
    assert "0 B" in notebook.run("%model_stats").text


def test_a_comparison_marks_what_differs(saved):
    text = saved.run("%compare_models churn:1 churn:3").text
    assert "churn:1" in text
    assert "≠" in text
    saved.refused("%compare_models churn:1", InvalidValue)


def test_statistics_count_models_versions_and_trash(saved):
    saved.run("%delete_model churn:1")
    text = saved.run("%model_stats").text
    assert "1 version" in text
    assert "%modelstore empty-trash" in text


# ---- change ----------------------------------------------------------------------------------------------------------


def test_edit_changes_what_is_said_and_nothing_else(saved, jms_store):
    before = jms_store.get("churn:1")
    saved.run('%edit_model churn:1 -d "said later" -t audited --untag telecom -m f1=0.5')
    after = jms_store.get("churn:1")
    assert (after.description, after.tags, dict(after.metrics)) == ("said later", ("audited",), {"auc": 0.1, "f1": 0.5})
    assert (after.version, after.sha256, after.created_at) == (before.version, before.sha256, before.created_at)
    saved.run('%edit_model churn:1 -d ""')
    assert jms_store.get("churn:1").description == ""
    assert "%edit_model churn" in saved.refused("%edit_model churn", UsageError).hint


def test_aliases_are_set_with_a_reason_rolled_back_and_removed(saved, jms_store):
    cell = saved.run('%alias_model churn:1 champion --why "the first"')
    assert "churn@champion is now churn:1" in cell.text
    saved.run('%alias_model churn:2 --why "better" champion')
    saved.run("%alias_model churn:3 champion")
    assert "is now churn:2" in saved.run('%alias_model churn champion --rollback --why "it drifted"').text
    assert "is now churn:1" in saved.run("%alias_model churn champion --rollback").text
    assert "--history" in saved.refused("%alias_model churn champion --rollback", NotFound).hint
    history = saved.run("%alias_model churn --history").text
    for said in ("the first", "better", "rollback: it drifted"):
        assert said in history
    saved.run("%alias_model churn champion --remove")
    saved.refused("%load_model churn@champion", NotFound)
    saved.refused("%alias_model churn champion --remove", NotFound)
    assert "removed" in saved.run("%alias_model churn champion --history").text
    assert [event.version for event in jms_store.alias_history("churn", "champion")] == [None, 1, 2, 3, 2, 1]


def test_aliases_are_asked_for_in_one_way_at_a_time(saved, jms_store):
    identity = jms_store.get("churn:2").id[:8]
    assert "is now churn:2" in saved.run(f"%alias_model id:{identity} champion").text
    assert "champion" in saved.run(f"%alias_model id:{identity}").text
    saved.refused("%alias_model churn champion --remove --rollback", UsageError)
    assert "champion" in saved.refused("%alias_model churn --remove", UsageError).hint
    saved.refused("%alias_model nothing", NotFound)
    saved.refused("%alias_model churn:9 champion", NotFound)


def test_a_new_name_is_told_to_who_uses_the_old(saved, jms_store):
    saved.run("%alias_model churn:1 champion")
    cell = saved.run('%modelstore rename churn "customer churn"')
    assert "customer churn" in cell.text
    assert '%load_model "customer churn"' in cell.text
    assert "customer churn" in saved.refused("%load_model churn", NotFound).hint
    assert "Loaded customer churn:1" in saved.run('x = %load_model "customer churn@champion"').text
    assert len(jms_store.versions("customer churn")) == 3
    saved.refused("%modelstore rename churn other", NotFound)
    saved.refused("%modelstore rename nothing other", NotFound)


# ---- leave -----------------------------------------------------------------------------------------------------------


def test_one_version_goes_to_the_trash_without_a_question_and_comes_back(saved, jms_store):
    cell = saved.run("%delete_model churn:2")
    assert "Deleted churn:2" in cell.text
    assert "%restore_model churn:2" in cell.text
    assert "%delete_model churn:2 --now" in cell.text
    assert "in 30 days" in cell.text
    assert "%restore_model churn:2" in saved.refused("%load_model churn:2", NotFound).hint
    assert "churn:2" in saved.run("%models --trash").text
    saved.refused("%delete_model churn:2", NotFound)
    assert "Restored churn:2" in saved.run("%restore_model churn:2").text
    saved.refused("%restore_model churn:2", NotFound)
    assert len(jms_store.versions("churn")) == 3


def test_all_versions_are_asked_for_and_nothing_happens_where_nobody_can_answer(saved, jms_store):
    error = saved.refused("%delete_model churn  # all of it", NotConfirmed)
    assert "all 3 versions of churn" in error.message
    assert error.hint == "To do it: %delete_model --yes churn  # all of it"
    assert len(jms_store.versions("churn")) == 3
    saved.run(error.hint.removeprefix("To do it: "))
    assert "in the trash" in saved.refused("%load_model churn", NotFound).message
    saved.run("%restore_model churn")
    assert len(jms_store.versions("churn")) == 3


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("YES\n", 0), ("n\n", 3), ("\n", 3), ("what\n", 3)])
def test_the_answer_decides(saved, answer, left, monkeypatch, jms_store):
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    saved.run("%delete_model churn", ok=left == 0)
    assert len(jms_store.list(all_versions=True)) == left


def test_an_alias_is_no_name_to_delete_by_and_protects_its_version(saved, jms_store):
    saved.run("%alias_model churn:2 champion")
    assert "churn:2" in saved.refused("%delete_model churn@champion --yes", InvalidReference).hint
    for line in ("%delete_model churn:2", "%delete_model churn --yes", "%delete_model churn:2 --now --yes"):
        assert "champion" in saved.refused(line, InUse).message
    assert len(jms_store.versions("churn")) == 3
    assert "@champion" in saved.run("%delete_model churn:2 --force").text
    saved.refused("%load_model churn@champion", NotFound)


def test_for_good_is_asked_for_and_frees_the_bytes(saved, jms_store, stored_file):
    path = stored_file(jms_store, jms_store.get("churn:1"))
    assert "cannot be undone" in saved.refused("%delete_model churn:1 --now", NotConfirmed).message
    assert path.exists()
    assert "freed" in saved.run("%delete_model churn:1 --now --yes").text
    assert not path.exists()
    assert "for good" in saved.refused("%load_model churn:1", NotFound).message
    saved.refused("%restore_model churn:1", NotFound)
    saved.refused("%delete_model churn:1", NotFound)


def test_a_number_is_never_given_twice(saved, fit, jms_store):
    saved.run("%delete_model churn:3 --now --yes")
    saved["clf"] = fit(8)
    assert "Saved churn:4" in saved.run('%save_model clf "churn"').text
    saved.run("%delete_model churn --now --yes")
    assert "Saved churn:5" in saved.run('%save_model clf "churn"').text


def test_what_was_deleted_is_freed_by_the_line_that_the_card_shows(saved, jms_store):
    saved.run("%delete_model churn:1")
    saved.run("%delete_model churn:1 --now --yes")
    assert jms_store.stats().trash == 0


def test_purge_takes_only_what_is_in_the_trash(saved, jms_store):
    saved.refused("%modelstore purge churn:1 --yes", NotFound)
    saved.run("%delete_model churn:1")
    saved.refused("%modelstore purge churn:1", NotConfirmed)
    assert "freed" in saved.run("%modelstore purge churn:1 --yes").text
    assert len(jms_store.versions("churn")) == 2


def test_the_trash_is_emptied_when_asked(saved, jms_store):
    assert "The trash is empty" in saved.run("%modelstore empty-trash").text  # no question about nothing
    saved.run("%delete_model churn --yes")
    assert "3 versions" in saved.refused("%modelstore empty-trash", NotConfirmed).message
    saved.run("%modelstore empty-trash --yes")
    assert (jms_store.stats().trash, jms_store.stats().storage_bytes) == (0, 0)


def test_prune_keeps_the_newest_and_what_an_alias_names(saved, jms_store):
    saved.run("%alias_model churn:1 champion")
    assert "Would be deleted: churn:2" in saved.run("%modelstore prune churn --keep 1 --dry-run").text
    assert len(jms_store.versions("churn")) == 3
    saved.refused("%modelstore prune churn --keep 1", NotConfirmed)
    saved.run("%modelstore prune churn --keep 1 --yes")
    assert [record.version for record in jms_store.versions("churn")] == [3, 1]
    assert "Nothing" in saved.run("%modelstore prune churn --keep 1").text
    saved.refused("%modelstore prune churn --keep 0", InvalidValue)


# ---- download --------------------------------------------------------------------------------------------------------


def test_download_never_overwrites_and_notes_the_time(saved, tmp_path, monkeypatch, jms_store, fit):
    monkeypatch.chdir(tmp_path)
    assert jms_store.get("churn").last_downloaded_at is None
    assert "churn.pkl" in saved.run("%download_model churn").text
    (tmp_path / "churn (2).pkl").write_text("mine")
    assert "churn (3).pkl" in saved.run("%download_model churn:1").text
    assert (tmp_path / "churn (2).pkl").read_text() == "mine"
    assert jms_store.get("churn").last_downloaded_at is not None
    assert pickle.loads((tmp_path / "churn.pkl").read_bytes()).coef_ == pytest.approx(fit(3).coef_)
    assert joblib.load(tmp_path / "churn (3).pkl").coef_ == pytest.approx(fit(1).coef_)


def test_download_takes_a_directory_or_a_file_name(saved, tmp_path):
    (tmp_path / "exports").mkdir()
    saved.run(f"%download_model churn {tmp_path}/exports")
    saved.run(f"%download_model churn {tmp_path}/exports/best.pkl")
    saved.run(f"%download_model churn {tmp_path}/exports/plain")
    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == ["best.pkl", "churn.pkl", "plain.pkl"]
    saved.refused(f"%download_model churn {tmp_path}/nowhere/x.pkl", InvalidValue)
    saved.refused(f"%download_model churn {tmp_path}/nowhere/", InvalidValue)


# ---- %modelstore -----------------------------------------------------------------------------------------------------


def test_status_says_where(saved, jms_store):
    text = saved.run("%modelstore status").text
    assert saved.run("%modelstore").text == text
    assert "on this machine" in text
    assert jms_store.location in text
    assert "1 model, 3 versions" in text


def test_an_unknown_command_lists_the_known(notebook):
    error = notebook.refused("%modelstore foo", UsageError)
    assert all(command in error.hint for command in SUBCOMMANDS)


def test_versions_are_listed_newest_first(saved):
    text = saved.run("%modelstore versions churn").text
    assert text.index("churn:3") < text.index("churn:2") < text.index("churn:1")
    saved.refused("%modelstore versions churn:3", InvalidReference)


def test_the_doctor_checks_the_files(saved, jms_store, stored_file):
    assert "all well" in saved.run("%modelstore doctor --full").text
    path = stored_file(jms_store, jms_store.get("churn"))
    path.chmod(0o600)
    path.write_bytes(b"x" * path.stat().st_size)
    assert "PROBLEM" in saved.run("%modelstore doctor --full").text


def test_autoload_writes_and_removes_a_startup_file(notebook, shell):
    file = Path(shell.profile_dir.startup_dir) / "50-jupyter-modelstore.py"
    assert "off" in notebook.run("%modelstore autoload").text
    assert "on" in notebook.run("%modelstore autoload on").text
    compile(file.read_text(), str(file), "exec")
    notebook.run("%modelstore autoload on")
    assert str(file) in notebook.run("%modelstore autoload").text.replace("\n", "").replace(" ", "") or file.exists()
    notebook.run("%modelstore autoload off")
    assert not file.exists()
    notebook.run("%modelstore autoload off")
    notebook.refused("%modelstore autoload maybe", UsageError)
    notebook.refused("%modelstore autoload on off", UsageError)


def test_settings_are_shown_and_changed_for_this_session(saved, tmp_path):
    assert "local:" in saved.run("%modelstore config").text
    saved.run(f"%modelstore config url=local:{tmp_path}/other")
    assert "0 models" in saved.run("%modelstore status").text
    saved.run("%modelstore config url=local:")
    assert "1 model, " in saved.run("%modelstore status").text
    changed = saved.run("%modelstore config offer_after=9").text
    assert "offer_after" in changed
    assert "url" not in changed
    assert "debug" in saved.refused("%modelstore config colour=red", InvalidValue).hint
    saved.refused("%modelstore config debug", InvalidValue)
    saved.refused("%modelstore config debug=maybe", InvalidValue)
    saved.refused("%modelstore config url=ftp:x\n%models", (NotConfigured, InvalidValue))


def test_settings_from_the_environment_are_told_and_the_key_never(saved, monkeypatch):
    assert "not set · Publishable key" in saved.run("%modelstore config").text
    monkeypatch.setenv("SUPABASE_KEY", "sb_publishable_canary")
    monkeypatch.setenv("MODELSTORE_SPACE", "team")
    said = saved.run("%modelstore config").text
    assert "set by SUPABASE_KEY · Publishable key" in said
    assert "'team', set by MODELSTORE_SPACE" in said
    said += saved.run("%modelstore config key=sb_publishable_canary").text
    assert "canary" not in said


def test_settings_can_be_seen_and_set_by_ipythons_own_config_magic(saved, tmp_path):
    listing = saved.run("%config ModelStore").stdout
    assert "ModelStore.url=<Unicode>" in listing
    assert "ModelStore.home" in listing
    saved.run(f"%config ModelStore.url = 'local:{tmp_path}/other'")
    assert "0 models" in saved.run("%modelstore status").text
    saved.run("%config ModelStore.debug = True")
    assert errors.debug


def test_debugging_shows_the_stack(notebook):
    assert len(notebook.run("%load_model nothing", ok=False).traceback) == 2
    notebook.run("%modelstore config debug=True")
    assert "Traceback" in "\n".join(notebook.run("%load_model nothing", ok=False).traceback)
    notebook.run("%modelstore config debug=False")
    assert len(notebook.run("%load_model nothing", ok=False).traceback) == 2


def test_half_a_supabase_setting_is_told_and_can_be_put_right_in_the_notebook(notebook, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "https://x.supabase.co")
    error = notebook.refused("%models", NotConfigured)
    assert "Supabase not configured" in error.message
    assert "SUPABASE_KEY" in error.message
    notebook.run("%modelstore config url=local:")
    notebook.run("%models")


# ---- the extension ---------------------------------------------------------------------------------------------------


def completed(shell):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # IPython's own: the interface is provisional
        found = list(shell.Completer.completions("%load_model ch", len("%load_model ch")))
    return [item.text for item in found if item.text == "churn"]


def test_unloading_takes_the_magics_away_and_loading_again_is_harmless(notebook, shell, clf):
    notebook["clf"] = clf
    notebook.run('%save_model clf "churn"')
    for _ in range(2):
        notebook.run("%reload_ext jupyter_modelstore")
    assert sum(type(known).__name__ == "ModelStore" for known in shell.configurables) == 1
    assert len(completed(shell)) == 1
    notebook.run("x = %load_model churn")
    notebook.run("%unload_ext jupyter_modelstore")
    assert not set(MAGICS) & set(shell.magics_manager.lsmagic()["line"])
    assert not any(type(known).__name__ == "ModelStore" for known in shell.configurables)
    assert completed(shell) == []
    notebook.run("%load_ext jupyter_modelstore\nx = %load_model churn")


@pytest.mark.parametrize("magic", MAGICS)
def test_every_magic_explains_itself(notebook, magic):
    text = help_of(magic)
    assert text.startswith(f"usage: %{magic}")
    assert "examples:" in text
    for jargon in ("DESCRIPTION", "TAGS", "METRICS", "positional", "None"):
        assert jargon not in text
    assert all(len(line) <= 110 for line in text.splitlines())
    assert notebook.run(f"%{magic} --help").text == text
    assert notebook.run(f"%{magic} -h").text == text
    assert notebook.shell.find_line_magic(magic).__doc__ == text


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_every_command_explains_itself(notebook, command):
    assert notebook.run(f"%modelstore {command} --help").text.startswith(f"usage: %modelstore {command}")


def test_a_verb_that_breaks_says_so_in_two_lines(notebook):
    cell = notebook.run("%load_model churn", ok=False)
    assert cell.traceback == ["There is no model 'churn'.", "%models shows what there is. [modelstore:not_found]"]


def test_long_work_tells_how_far_it_is_and_leaves_no_line(notebook, clf, monkeypatch):
    from jupyter_modelstore._arriving import ProgressLine

    with ProgressLine() as progress:
        progress._clock = lambda: progress._next + 1
        progress("writing", 500, 1000)
        assert progress._handle is not None
    with pytest.raises(TypeError):
        progress("writing")


def test_a_model_that_was_only_loaded_is_not_the_model_fitted_last(notebook, clf):
    notebook["clf"] = clf
    notebook.run('%save_model clf "churn"\ndel clf')
    notebook.run("b = %load_model churn")
    refused = notebook.refused('%save_model "again"', Ambiguous)
    assert "b was loaded, not fitted here" in refused.message
    assert refused.hint == '%save_model b "again"'
    notebook.run("X, y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]\nb.fit(X, y)")
    assert "Saved again:1" in notebook.run('%save_model "again"').text


def test_setting_an_attribute_of_one_model_does_not_make_it_the_one_fitted_last(notebook, fit):
    notebook["fit"] = fit
    notebook.run("a, d = fit(1), fit(2)")
    notebook.run("a = fit(4); d.alpha = 3")
    notebook.run('%save_model "churn"')
    assert notebook.run("%load_model churn").value.coef_ == pytest.approx(fit(4).coef_)


def test_a_metric_that_is_neither_number_nor_variable_is_told_so(notebook, clf):
    notebook["clf"] = clf
    refused = notebook.refused("%save_model clf churn -m nan=float('nan')", InvalidValue)
    assert refused.message == "'float('nan')' is not a number or a variable."
    assert refused.hint == "Write -m NAME=VALUE, VALUE a number or a variable."


@pytest.mark.parametrize("line", ["-a Champion -a second", "--alias=Champion -a second", "-aone --alias two", "-d x -d y"])
def test_an_option_given_twice_is_refused(notebook, clf, line):
    notebook["clf"] = clf
    refused = notebook.refused(f"%save_model clf churn {line}", UsageError)
    assert refused.message.endswith("is given twice.")
    notebook.run("%save_model clf churn -a once -t one -t two")
    notebook.run("%save_model clf churn -a again")


def test_a_comma_does_not_make_two_tags(notebook, clf):
    notebook["clf"] = clf
    refused = notebook.refused("%save_model clf churn -t a,b", UsageError)
    assert refused.message == "'a,b' holds a comma."
    assert refused.hint == "Write one -t for each tag: -t a -t b"
    notebook.run("%save_model clf churn -t a -t b")


# ---- widgets and offers, where nobody sits ---------------------------------------------------------------------------


def test_without_a_live_notebook_models_are_a_table_and_forms_are_refused(saved):
    assert "churn:3" in saved.run("%models").text
    assert saved.run("%models --table").text == saved.run("%models").text
    saved.run("%modelstore config static_output=never")
    assert saved.run("%models").text == ("Gallery: run this cell in a notebook to see your models, or write %models --table")
    assert "churn:3" in saved.run("%models --table").text
    assert saved.refused("%save_model clf --dialog", UsageError).hint == 'Without it: %save_model clf "name"'
    assert saved.refused("%save_model --file x.pkl name --dialog", UsageError).message == "A file is kept without a form."
    saved.refused("%save_model nothing --dialog", NotFound)


def test_what_follows_a_training_is_chosen_and_kept(notebook, tmp_path):
    home = Path(notebook.shell.magics_manager.magics["line"]["modelstore"]._magics.settings.home)
    assert "line" in notebook.run("%modelstore offer").text
    notebook.run("%modelstore offer off")
    assert (home / "offer").read_text() == "off\n"
    assert "off" in notebook.run("%modelstore offer").text
    notebook.refused("%modelstore offer on", UsageError)
    notebook.refused("%modelstore offer line dialog", UsageError)
    assert (home / "offer").read_text() == "off\n"
    assert jms.config.ModelStore(home=str(home)).offer == "off"
    assert jms.config.ModelStore(home=str(tmp_path)).offer == "line"


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("card_metrics=['auc', 'f1']", "card_metrics", ["auc", "f1"]),
        ("card_fields=['tags']", "card_fields", ["tags"]),
        ("filters={'tags': ['q 3']}", "filters", {"tags": ["q 3"]}),
        ("sort=-size", "sort", "-size"),
        ("offer_after=0.5", "offer_after", 0.5),
        ("static_output=always offer=off", "static_output", "always"),
    ],
)
def test_settings_of_all_kinds_can_be_changed_in_a_session(notebook, line, name, value):
    notebook.run(f"%modelstore config {line}")
    assert getattr(notebook.shell.magics_manager.magics["line"]["modelstore"]._magics.settings, name) == value


@pytest.mark.parametrize(
    "line", ["card_fields=['evil']", "filters={'evil': 1}", "offer=loud", "offer_after=soon", "card_metrics=3"]
)
def test_settings_that_make_no_sense_are_refused(notebook, line):
    notebook.refused(f"%modelstore config {line}", InvalidValue)
