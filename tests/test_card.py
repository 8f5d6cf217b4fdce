"""Cards: what they say, how they are laid out, and that nothing a record holds becomes markup."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser

import markdown_it
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from IPython.core.inputtransformer2 import leading_indent

from jupyter_modelstore import card
from jupyter_modelstore._json import JsonObject
from jupyter_modelstore._lines import split_line
from jupyter_modelstore._parser import metrics_from
from jupyter_modelstore.card import _text, _words
from jupyter_modelstore.card._blocks import Group, Table, plain
from jupyter_modelstore.compare import compare
from jupyter_modelstore.protocols import Finding
from jupyter_modelstore.record import (
    AliasEvent,
    Captured,
    Comparison,
    ModelRecord,
    Query,
    Removal,
    Row,
    Saved,
    Stats,
    Unattached,
)

WHEN = datetime(2026, 11, 23, 21, 30, tzinfo=timezone.utc)
STATS = Stats(models=2, versions_ready=3, trash=1, storage_bytes=67_003_800, trash_bytes=1900)
EMPTY = Stats(models=0, versions_ready=0, trash=0, storage_bytes=0, trash_bytes=0)
HERE = "on this machine"


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def churn(**fields):
    given = {
        "id": "1f3a9c2e-0000-4000-8000-000000000001",
        "user_id": "u",
        "space_id": "local",
        "model_name": "churn",
        "version": 3,
        "model_type": "classification",
        "algorithm": "LogisticRegression",
        "description": "March export.",
        "tags": ("telecom", "q3"),
        "aliases": ("champion",),
        "metrics": JsonObject.of({"accuracy": 0.93412, "roc_auc": 0.9812}),
        "training_config": JsonObject.of(
            {
                "params": {"C": 0.1, "class_weight": {0: 1.0, 1: 2.5}, "max_iter": 100},
                "set": ["C", "class_weight"],
                "chain": ["Pipeline", "GridSearchCV", "LogisticRegression"],
            }
        ),
        "feature_columns": ("tenure", "plan", "calls", "minutes", "charge", "state", "area"),
        "model_file_size": 1900,
        "environment": JsonObject.of({"python": "3.11.7", "distributions": {"numpy": "2.4.6"}}),
        "source": JsonObject.of({"variable": "clf", "cells": ["clf = 1\nif clf:\n    clf  = 2"]}),
        "created_at": WHEN,
        "updated_at": WHEN,
    }
    return ModelRecord(**given | fields)


def with_code(*modules):
    return JsonObject.of({"python": "3.11.7", "by_value": list(modules)})


def saved(created=True, captured=None, **fields):
    return card.saved_card(Saved(record=churn(**fields), created=created), HERE, captured)


CELLS = [
    {"cell": 3, "does": ["assigned"], "code": "raw = load()\nX, y = raw.data, raw.target\n"},
    {"cell": 5, "does": ["assigned", "fitted"], "code": "clf = SVC()\nclf.fit(X_train, y_train)"},
    {"cell": 7, "does": ["scored"], "code": "accuracy = accuracy_score(y_test, pred)"},
]
KNOWN = {
    "variable": "clf",
    "notebook": "~/work/churn.ipynb",
    "git": {"commit": "afa2dde0" * 5, "dirty": True},
    "cells": CELLS,
    "masked": 1,
    "fit": {"cell": 5, "data": "X_train, y_train", "code": "clf.fit(X_train, y_train)"},
    "metrics": {
        "accuracy": {"split": "test", "data": "X_test, y_test", "cell": 7, "code": "accuracy_score(y_test, pred)"},
        "f1": {"split": None, "data": "X_new, y_new", "cell": 8, "code": "f1_score(y_new, other)"},
        "r2": {"split": None, "data": None, "cell": None, "code": None},
    },
    "parent": {"id": "2", "sha256": "cd" * 32, "ref": "churn:2"},
    "data_inside": {"rows": 120, "of": 455, "where": "support_vectors_"},
}


def known(**fields):
    """Return the fields of a record that a capture filled."""
    given = {
        "metrics": {"accuracy": 0.9474, "f1": 0.951, "r2": 0.5, "auc": 0.98},
        "source": JsonObject.of(KNOWN),
        "target_column": "benign",
        "training_samples": 455,
        "test_samples": 114,
        "training_time_seconds": 0.123,
    }
    return given | fields


# What the cards say -------------------------------------------------------------------------------------------------


def test_the_card_of_a_save():
    assert saved().text == (
        "Saved churn:3 · LogisticRegression (in GridSearchCV in Pipeline) · classification\n"
        "  metrics     accuracy 0.934 · roc_auc 0.981\n"
        "  data        7 features (tenure, plan, calls, minutes, charge, state, …)\n"
        "  parameters  C=0.1, class_weight={0: 1.0, 1: 2.5} (others at their defaults)\n"
        "  notebook    1 cell kept\n"
        "  file        1.9 kB · on this machine · from clf\n"
        "  about       @champion #telecom #q3 · March export.\n"
        '  change      %edit_model churn:3 -d "…" -t tag\n'
        "  load        %load_model churn · undo %delete_model churn:3 --force"
    )


def test_the_card_of_a_save_tells_what_the_notebook_knew():
    assert saved(**known(aliases=(), tags=(), description="")).text == (
        "Saved churn:3 · LogisticRegression (in GridSearchCV in Pipeline) · classification\n"
        "  metrics     accuracy 0.947 test · f1 0.951 on X_new, y_new · r2 0.5 split unknown · auc 0.98\n"
        "  data        455 rows · 7 features · target benign · tested on 114 rows\n"
        "  parameters  C=0.1, class_weight={0: 1.0, 1: 2.5} (others at their defaults)\n"
        "  training    0.12 s (cell 5) · made from churn:2\n"
        "  notebook    churn.ipynb · cells 3, 5, 7 kept, 1 secret masked · git afa2dde with changes\n"
        "  file        1.9 kB · on this machine · from clf · holds 120 of 455 training rows\n"
        "  correct     %edit_model churn:3 -m accuracy=… · or %edit_model churn:3 --drop-metric accuracy\n"
        '  change      %edit_model churn:3 -d "…" -t tag\n'
        "  load        %load_model churn · undo %delete_model churn:3"
    )


def test_what_was_found_and_not_attached_is_told_with_the_line_that_attaches_it():
    late = Unattached(name="f1", value=0.9302325581395349, reason="older than the fit", cell=4, code="f1_score(y_test, pred)")
    both = Unattached(name="recall", value=None, reason="two different values")
    captured = Captured(not_attached=(both, late), notes=("training rows unknown: partial_fit",))
    shown = saved(captured=captured, aliases=())
    assert (
        "\n  not attached  recall · two different values\n"
        "                f1 0.93 · older than the fit · f1_score(y_test, pred) · cell 4\n"
        "  note          training rows unknown: partial_fit\n"
        "  correct       %edit_model churn:3 -m recall=…\n"
    ) in shown.text
    assert "<code>%edit_model churn:3 -m recall=…</code>" in shown.html
    assert '<th scope="row">not attached</th>' in shown.html
    assert '<tr><td></td><td><span class="jms-muted">f1</span> <span>0.93</span>' in shown.html
    assert "--drop-metric" not in shown.text
    assert "0.9302325581395349" not in shown.text, "a number that may be another model's is not offered"
    assert "not attached" not in saved(captured=Captured()).text


def test_a_long_list_of_what_was_not_attached_is_cut():
    found = tuple(Unattached(name=f"m{n}", value=float(n), reason=f"of another model {n}") for n in range(9))
    text = saved(captured=Captured(not_attached=found, notes=("a",) * 9)).text
    assert "m4 4 · of another model 4\n                and 4 more\n  note          a\n" in text
    assert "m5" not in text


def test_numbers_of_one_cell_that_share_a_reason_share_a_line():
    found = tuple(Unattached(name=f"m{n}", value=float(n), reason="older than the fit", cell=3) for n in range(6))
    text = saved(captured=Captured(not_attached=found)).text
    assert "m0 0 · m1 1 · m2 2 · m3 3 +2 · older than the fit · cell 3\n" in text


@pytest.mark.parametrize(
    ("name", "line"),
    [("fbeta(beta=2)", '-m "fbeta(beta=2)=…"\n'), ("my metric", '-m "my metric=…"\n'), ("auc", "-m auc=…\n")],
)
def test_the_correcting_line_is_one_that_can_be_typed(name, line):
    found = Unattached(name=name, value=0.5, reason="older than the fit")
    text = saved(captured=Captured(not_attached=(found,)), metrics={}).text
    assert f"  correct       %edit_model churn:3 {line}" in text
    words = split_line(text.partition("correct ")[2].partition("\n")[0].strip())
    assert metrics_from([words[-1].replace("…", "0.93")]) == {name: 0.93}


@pytest.mark.parametrize("name", ["a\nb", "x" * 200])
def test_no_line_is_offered_that_would_say_something_else(name):
    captured = Captured(not_attached=(Unattached(name=name, value=0.5, reason="r"),))
    assert "correct" not in saved(captured=captured, metrics={}).text


def test_a_metric_that_the_user_corrected_is_the_users():
    found = {"accuracy": KNOWN["metrics"]["accuracy"] | {"value": 0.9474}}
    source = JsonObject.of({"metrics": found})
    assert "accuracy 0.947 test\n" in saved(source=source, metrics={"accuracy": 0.9474}).text
    text = saved(source=source, metrics={"accuracy": 0.93}).text
    assert "accuracy 0.93\n" in text
    assert "--drop-metric" not in text
    assert "said by the user" in card.record_card(churn(source=source, metrics={"accuracy": 0.93})).text


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ({"rows": 3, "of": None}, "holds 3 training rows\n"),
        ({"rows": 1}, "holds 1 training row\n"),
        ({"rows": 455, "of": 455}, "holds 455 of 455 training rows\n"),
    ],
)
def test_training_rows_inside_the_file_are_counted(inside, words):
    assert words in saved(source={"data_inside": inside}).text


@pytest.mark.parametrize("inside", [{"rows": 0, "of": 4}, {"rows": "many"}, {"rows": True}, "all", None])
def test_no_training_rows_inside_say_nothing(inside):
    record = churn(source={"data_inside": inside})
    assert "holds" not in saved(source={"data_inside": inside}).text
    assert "in the file" not in card.record_card(record).text


def test_the_gallery():
    other = churn(
        model_name="客户流失", version=12, aliases=(), tags=("电信",), model_file_size=67_000_000, metrics={"auc": float("nan")}
    )
    shown = card.gallery([churn(), other], STATS, 48, HERE)
    assert shown.text == (
        "Models · on this machine\n"
        "  2 models · 3 versions · 67 MB stored · 1.9 kB in the trash (1 version)\n"
        "  model              algorithm      metrics                         tags            size  saved\n"
        "  churn:3 @champion  LogisticRegr…  accuracy 0.934 · roc_auc 0.981  #telecom #q3  1.9 kB  2026-11-23\n"
        "  客户流失:12        LogisticRegr…  auc nan                         #电信          67 MB  2026-11-23\n"
        "  2 of 48 shown; narrow with words or -t tag · or see more with --limit · or --offset"
    )


def test_a_save_that_adds_nothing_new_says_so_and_offers_no_undo():
    text = saved(created=False).text
    first = "Nothing new: churn:3 is exactly this model · what you say of it now is added to it"
    assert text.startswith(first + "\n")
    assert "%delete_model" not in text
    assert "%load_model churn" in text


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (("__main__",), "holds code of this notebook: loads on Python 3.11 only"),
        (("helpers",), "holds code of helpers.py: loads on Python 3.11 only"),
        (("__main__", "my.helpers"), "holds code of this notebook and my/helpers.py: loads on Python 3.11 only"),
    ],
)
def test_code_inside_the_file_is_explained(modules, words):
    assert words in " ".join(saved(environment=with_code(*modules)).text.split())
    assert words in card.record_card(churn(environment=with_code(*modules))).text


def test_a_file_without_code_says_nothing_of_it():
    assert "code" not in saved().text
    assert "code of helpers.py: loads only on the Python version" in " ".join(
        saved(environment=JsonObject.of({"by_value": ["helpers"]})).text.split()
    )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"params": {"C": 1}, "set": []}, "all at their defaults"),
        ({"params": {"C": 1}, "set": ["C"]}, "C=1\n"),
        ({"params": {"C": 1, "D": None}}, "C=1, D=None\n"),
        (
            {"params": {f"p{n}": n for n in range(9)}, "set": [f"p{n}" for n in range(8)]},
            "p5=5, … (8) (others at their defaults)",
        ),
    ],
)
def test_parameters_that_differ_from_their_defaults(config, words):
    assert words in saved(training_config=JsonObject.of(config)).text


def test_the_undo_of_a_save_is_one_that_is_not_refused():
    assert saved(aliases=()).text.splitlines()[-1].endswith("undo %delete_model churn:3")
    assert "undo %delete_model churn:3 --force" in saved(aliases=("champion",)).text


@pytest.mark.parametrize("algorithms", ["RandomForestClassifier, LogisticRegression", "A" * 99])
def test_a_dict_of_models_is_named_once(algorithms):
    config = JsonObject.of({"params": {}, "set": [], "chain": ["dict", algorithms]})
    text = saved(algorithm=algorithms, training_config=config).text
    assert "(in dict) · classification" in " ".join(text.split())
    assert text.count("dict") == 1
    assert text.count(algorithms[:60]) == 1


def test_the_line_that_loads_a_kept_file_says_that_it_is_trusted():
    sha256 = "ab" * 32
    shown = saved(origin="file", sha256=sha256, source=JsonObject.of({}))
    line = f"%load_model churn --trust sha256:{sha256}"
    assert line in shown.text
    assert f"<code>{line}</code>" in shown.html
    assert line.replace("churn", "churn:3") in card.record_card(churn(origin="file", sha256=sha256)).text
    assert "--trust" not in saved(sha256=sha256).text
    assert "--trust" not in saved(origin="file", sha256="no hash").text


def test_lines_to_type_quote_a_name_with_spaces_and_fall_back_to_the_id():
    assert '%load_model "my model" · undo %delete_model "my model:3"' in saved(model_name="my model", aliases=()).text
    assert "%load_model id:1f3a9c2e" in saved(model_name="a\nimport os").text
    bad = saved(model_name="x; rm", id="nope")
    assert "%" not in bad.text


def test_features_without_names_are_counted():
    assert "features: 4, without names" in saved(feature_columns=None, signature={"n_features": 4}).text
    assert "4, without names" in card.record_card(churn(feature_columns=None, signature={"n_features": 4})).text
    assert "features" not in saved(feature_columns=None).text
    assert "3 features (a, b, c) · target t\n" in saved(feature_columns=("a", "b", "c"), target_column="t").text


def test_the_full_card_holds_every_section():
    record = churn(
        **known(
            sha256="ab" * 32,
            last_downloaded_at=WHEN,
            deleted_at=WHEN,
            status="missing",
            updated_at=WHEN + timedelta(days=1),
        )
    )
    text = card.record_card(record, HERE).text
    assert re.findall(r"\n\n(\S.*)", text) == [
        "Model description",
        "How to get started with the model",
        "Training data",
        "Training procedure",
        "Evaluation results",
        "Framework versions",
        "Provenance",
        "File",
        "Code (3 cells)",
    ]
    for part in (
        (
            "\n\nTraining data\n"
            "  data         X_train, y_train\n"
            "  rows         455\n"
            "  target       benign\n"
            "  features     tenure, plan, calls, minutes, charge, state, area\n"
            "  in the file  120 of 455 training rows · in support_vectors_\n"
            "  Whoever gets the file can read these rows.\n\n"
        ),
        (
            "\n\nTraining procedure\n"
            "  fit   clf.fit(X_train, y_train)\n"
            "  cell  5\n"
            "  time  0.12 s, for the whole cell\n"
            "\n  Hyperparameters\n"
            "    C             0.1\n"
            "    class_weight  {0: 1.0, 1: 2.5}\n"
            "\n    1 more at its default\n"
            "      max_iter  100\n\n"
        ),
        (
            "\n\nEvaluation results\n"
            "  test rows  114\n"
            "  metric    value  split    data            cell  computed by\n"
            "  accuracy  0.947  test     X_test, y_test  7     accuracy_score(y_test, pred)\n"
            "  f1        0.951  unknown  X_new, y_new    8     f1_score(y_new, other)\n"
            "  r2          0.5  unknown\n"
            "  auc        0.98                                 said by the user\n\n"
        ),
        (
            "\n\nProvenance\n"
            "  made from  churn:2 · sha256 cdcdcdcdcdcd\n"
            "  notebook   ~/work/churn.ipynb\n"
            f"  git        {'afa2dde0' * 5} with uncommitted changes\n"
            "  variable   clf\n\n"
        ),
        "\n  status        missing\n",
        "\n  in the trash  since 2026-11-23 21:30",
    ):
        assert part in text


def test_many_features_are_folded_away():
    names = tuple(f"f{n}" for n in range(30))
    shown = card.record_card(churn(feature_columns=names))
    assert "\n  features  30\n\n  Names of the features (30)\n    f0, f1" in shown.text
    assert re.search(r"<details><summary[^>]*>Names of the features \(30\)</summary>", shown.html)


def test_a_metric_of_an_old_record_was_said_by_the_user():
    text = card.record_card(churn(metrics={"auc": 0.9}, source={})).text
    assert "\n\nEvaluation results\n  metric  value  computed by\n  auc       0.9  said by the user\n" in text


def test_a_number_of_rows_that_cannot_be_one_is_left_out():
    record = churn(training_samples=-3, test_samples="many", source={"fit": {"cell": -1}})
    for text in (card.record_card(record).text, card.saved_card(Saved(record=record, created=True), HERE).text):
        assert "rows" not in text
        assert "-" not in text.partition("Training")[2].partition("File")[0]


def test_what_a_newer_version_knows_of_the_source_is_shown_as_well():
    text = card.record_card(churn(source={"file": "old.pkl", "weather": {"rain": 3}, "empty": []})).text
    assert "\n\nProvenance\n  file     old.pkl\n  weather  rain 3\n\n" in text


# The code ---------------------------------------------------------------------------------------------------------------


def test_the_cells_come_in_their_order_each_under_what_it_did():
    record = churn(**known())
    assert (
        "\n\nCode (3 cells)\n"
        "  1 secret is masked; put it back before you run the code.\n"
        "\n  Cell 3 · assigned\n      raw = load()\n      X, y = raw.data, raw.target\n"
        "\n  Cell 5 · assigned, fitted\n      clf = SVC()\n      clf.fit(X_train, y_train)\n"
        "\n  Cell 7 · scored\n      accuracy = accuracy_score(y_test, pred)"
    ) in card.record_card(record).text
    assert ("\n### Cell 5 · assigned, fitted\n\n```python\nclf = SVC()\nclf.fit(X_train, y_train)\n```\n") in card.markdown(
        record
    )
    assert "2 secrets are masked; put them back" in card.record_card(churn(source=KNOWN | {"masked": 2})).text


def test_cells_of_old_records_are_plain_texts():
    text = card.record_card(churn(source={"cells": ["a = 1", "", {"cell": 2, "code": "b = 2"}, 7]})).text
    assert text.endswith("\n\nCode (2 cells)\n  Cell\n      a = 1\n\n  Cell 2\n      b = 2")


def shown_code(code):
    """Return the code of one cell as it is read from each of the three forms."""
    shown, markdown = (make(churn(source=JsonObject.of({"cells": [code]}))) for make in (card.record_card, card.markdown))
    lines = shown.text.partition("\n\nCode (1 cell)\n  Cell\n")[2].splitlines(keepends=True)
    fence = [token for token in markdown_it.MarkdownIt("commonmark").parse(markdown) if token.type == "fence"]
    assert [token.info for token in fence] == ["python"]
    text = "".join(line.removeprefix(" " * 6) for line in lines)
    assert leading_indent(lines) == leading_indent(text.splitlines(keepends=True))  # IPython takes the indent away
    return text, Reader(shown.html).code, fence[0].content.removesuffix("\n")


@pytest.mark.parametrize(
    "code",
    [
        "if x:\n\tprint('a\tb')  # " + "long " * 60,
        'text = """\n  kept \n\n````\n"""',
        "```\n~~~\n</pre></code>-->&amp;<!--",
        "%%time\nclf.fit(X, y)",
        "日本 = 'é'\u200d\u00a0",
    ],
)
def test_code_can_be_pasted_from_every_form_as_it_was_run(code):
    assert shown_code(code) == (code,) * 3


@settings(max_examples=100, deadline=None)
@given(st.text("ab`~<>&#\"'\t\n \\$|-日", min_size=1, max_size=80).map(lambda text: "x" + text.rstrip("\n")))
def test_any_code_can_be_pasted(code):
    assert shown_code(code) == (code,) * 3


def test_what_hides_or_reorders_code_is_shown_as_an_escape():
    assert shown_code("a = '\u202e\x1b\ufeff'\r\nb\x0c") == ("a = '\\u202e\\u001b\\ufeff'\nb\\u000c",) * 3


def test_cells_are_shown_whole_or_not_at_all():
    long = "x = 1  # long\n" * 4000
    shown = card.record_card(churn(source={"cells": [long, "first", *["y = 1"] * 300]}))
    assert "\n\nCode (302 cells)\n  103 cells left out: the card would be too long.\n\n  Cell\n      first\n" in shown.text
    assert "# long" not in shown.text + shown.html


# A variable -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "lines"),
    [
        ("unchanged", ["clf is churn:3, unchanged · on this machine", "  churn:3 · LogisticRegression"]),
        (
            "changed",
            [
                "clf was churn:3; changed since · on this machine",
                '  Keep it as the next version with %save_model clf "churn"',
                "  churn:3 · LogisticRegression",
            ],
        ),
    ],
)
def test_a_variable_that_is_in_the_store(state, lines):
    shown = card.variable_card("clf", churn(), state, HERE)
    assert [text[: len(line)] for text, line in zip(shown.text.splitlines(), lines, strict=False)] == lines
    assert "\n\nEvaluation results\n" in shown.text


def test_a_variable_that_is_not_in_the_store():
    assert card.variable_card("clf", None, "unsaved", HERE).text == (
        'clf is not in the store · on this machine\n  Keep it with %save_model clf "name"'
    )
    line = card.variable_card("models['a b']", None, "unsaved", HERE).text.partition("with ")[2]
    assert split_line(line) == ["%save_model", "models['a b']", "name"]
    assert "%save_model" not in card.variable_card("clf", churn(model_name='"; rm'), "changed", HERE).text


def test_parameters_at_their_defaults_leave_out_what_only_names_estimators():
    params = {"steps": [("pca", "PCA"), ("lr", "Ridge")], "pca": "PCA", "lr": "Ridge", "pca__n": 2, "lr__alpha": 1.0, "p": "x"}
    text = card.record_card(churn(training_config=JsonObject.of({"params": params, "set": []}))).text
    assert "\n  Hyperparameters\n    All at their defaults.\n\n    3 at their defaults\n" in text
    assert "steps" not in text
    text = card.record_card(churn(training_config=JsonObject.of({"params": params, "set": ["pca__n"]}))).text
    assert "\n\n    2 more at their defaults\n" in text


def test_a_terminal_is_told_commands_and_a_record_keeps_its_words():
    source = JsonObject.of({"cells": ["%models"], "variable": "%models", "fit": {"code": "%models", "cell": 1}})
    shown = card.record_card(churn(description="see %models", source=source))
    text = shown.text_with(lambda words: words.replace("%", "jupyter "))
    assert "jupyter load_model churn:3" in text
    assert text.count("%models") == shown.text.count("%models") == 4
    assert card.Shown("%models").text_with(str.upper) == "%models"


def test_the_full_card_of_a_bare_record_has_no_empty_sections():
    bare = ModelRecord(id="1", user_id="u", space_id="s", model_name="x", version=1, created_at=WHEN, updated_at=WHEN)
    assert re.findall(r"\n\n(.*)", card.record_card(bare).text) == [
        "Model description",
        "How to get started with the model",
        "File",
    ]


def test_long_lists_are_cut_and_say_so():
    many = {f"p{n}": n for n in range(500)}
    text = card.record_card(churn(training_config=JsonObject.of({"params": many}), feature_columns=tuple(many))).text
    assert "… and 200 more" in text
    assert "p499" in text or "(500)" in text


def test_markdown_of_a_card():
    text = card.markdown(churn(tags=("a|b", "*c*"), description="# no head\n1. no list"))
    assert text.startswith('---\ntags:\n- "a|b"\n- "*c*"\n---\n\n# **churn\\:3** · LogisticRegression (in GridSearchCV in ')
    assert "\n## Model description\n\n\\# no head\n\n1\\. no list\n" in text
    assert "| tags | a&#124;b · \\*c\\* |\n" in text
    assert "| load | `%load_model churn:3` |" in text
    assert "\n### Cell\n\n```python\nclf = 1\nif clf:\n    clf  = 2\n```\n" in text
    assert "| saved | 2026-11-23 21\\:30 |" in text
    assert (
        "\n| metric | value | split | data | cell | computed by |\n| --- | --- | --- | --- | --- | --- |\n"
        "| accuracy | 0.947 | test | `X_test, y_test` | 7 | `accuracy_score(y_test, pred)` |\n"
    ) in card.markdown(churn(**known()))


@pytest.mark.parametrize(
    ("distributions", "library"),
    [
        ({"scikit-learn": "1.7", "numpy": "2"}, "sklearn"),
        ({"xgboost-cpu": "3"}, "xgboost"),
        ({"scikit-learn": "1.7", "xgboost": "3"}, None),
        ({"numpy": "2"}, None),
    ],
)
def test_the_metadata_for_the_hub_names_the_library_only_if_there_is_one(distributions, library):
    text = card.markdown(churn(environment={"distributions": distributions}, tags=("q3",)))
    assert metadata(text)[0] == {"tags": ["q3"]} | ({"library_name": library} if library else {})
    assert metadata(card.markdown(churn(environment={}, tags=())))[0] is None


def scored(**fields):
    """Return a record of which it is known on which rows it was scored."""
    known = {"accuracy": {"split": "test", "data": "X_test, y_test"}}
    source = {"cells": [{"code": "X = 1", "does": ["prepared"]}], "metrics": known}
    return churn(source=source, test_samples=20, **fields)


def test_a_view_is_told_all_that_is_known_set_parameters_first():
    record = churn(
        source=KNOWN | {"note": "tuned\nagain"},
        training_time_seconds=2.0,
        training_config={"params": {"tol": 0.1, "C": 2, "penalty": "l2"}, "set": ["C"]},
        environment={"python": "3.11.7", "distributions": {"alpha": "1", "scikit-learn": "1.7"}},
    )
    told = card.details(record)
    facts = dict(told["facts"])
    assert (facts["note"], facts["environment"]) == ("tuned again", "Python 3.11.7 · scikit-learn 1.7 · alpha 1")
    assert facts["parameters"] == "C=2 (others at their defaults)"
    assert facts["defaults"] == "tol=0.1, penalty='l2'"
    assert all(facts.values())
    assert {"notebook", "git", "training time", "features"} <= set(facts)
    assert [set(cell) for cell in told["cells"]] == [{"title", "code"}] * len(KNOWN["cells"])
    assert "\n" in "".join(cell["code"] for cell in card.details(churn(source={"cells": ["a = 1\nb = 2"]}))["cells"])


def test_markdown_of_a_comparison():
    text = card.markdown(
        compare(
            [
                scored(),
                scored(version=2, metrics={"accuracy": 0.95}),
            ]
        )
    )
    assert "\n| differs |  | churn\\:3 | churn\\:2 |\n| --- | --- | --- | --- |\n|  | **Metrics** |  |  |\n" in text
    assert "\n| ≠ | accuracy | 0.934 | **0.95** **best** |\n" in text
    assert "\n|  | target |" not in text


def test_an_empty_store_shows_the_line_to_type():
    text = card.gallery([], EMPTY, 0, HERE).text
    assert text.endswith('No models yet. Keep one with %save_model clf "name"')


def test_a_store_with_all_in_the_trash_says_where_it_is():
    text = card.gallery([], dataclasses.replace(EMPTY, trash=2, trash_bytes=1900), 0, HERE).text
    assert text.endswith("\n  Nothing but 2 versions in the trash: %models --trash")


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        (Query(), "2 models · 3 versions · 67 MB stored"),
        (Query(sort="size", all_versions=True), "2 models · 3 versions · 67 MB stored"),
        (Query(words="tele"), "1 of 2 models · 67 MB stored"),
        (Query(name="churn", all_versions=True), "1 of 3 versions · 67 MB stored"),
        (Query(deleted=True), "1 version in the trash · 1.9 kB held"),
        (Query(deleted=True, words="tele"), "1 of 1 version in the trash · 1.9 kB held"),
    ],
)
def test_a_gallery_counts_what_it_shows(query, counted):
    assert card.gallery([churn()], STATS, 1, HERE, query).text.splitlines()[1].startswith(f"  {counted}")


def test_a_page_past_the_end_says_so():
    text = card.gallery([], STATS, 2, HERE, Query(words="tele")).text
    assert text.endswith("There are 2; none is so far down. Give a smaller --offset")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(words="tele", tags=("x",)), "Nothing matches 'tele -t x'. All 2: %models"),
        (Query(algorithm="Ridge"), "Nothing matches. All 2: %models"),
        (Query(words="x", deleted=True), "Nothing matches 'x'. All 1: %models --trash"),
    ],
)
def test_a_gallery_without_a_match_says_what_to_do(query, words):
    assert words in card.gallery([], STATS, 0, HERE, query).text
    assert card.gallery([], EMPTY, 0, HERE, Query(deleted=True)).text.endswith("The trash is empty.")


def test_a_whole_gallery_says_nothing_of_more():
    assert "shown" not in card.gallery([churn()], STATS, 1, HERE).text
    assert "file missing" in card.gallery([churn(status="missing")], STATS, 1, HERE).text


def test_a_comparison_marks_what_differs_and_the_best_in_words():
    compared = compare(
        [
            scored(),
            scored(version=2, metrics={"accuracy": 0.93448, "roc_auc": 0.9812}),
        ]
    )
    shown = card.comparison(compared, HERE)
    assert "No best" not in shown.text
    assert "No best accuracy: it is not known that" in card.comparison(compare([churn(), compared.records[1]])).text
    assert re.search(r"≠ accuracy +0\.9341 +0\.9345 \(best\)\n", shown.text)
    assert re.search(r"\n    roc_auc +0\.981 +0\.981\n", shown.text)
    assert '<span class="jms-badge">best</span>' in shown.html
    assert shown.html.count('<span class="jms-sr">differs</span>') == 1 + sum(
        row.differs for rows in compared.sections.values() for row in rows
    )


def test_a_comparison_of_many_models_is_broken_into_tables_that_fit():
    text = card.comparison(compare([churn(version=n) for n in range(1, 12)])).text
    assert max(map(_words.width, text.splitlines())) <= _text.WIDTH
    assert all(f"churn:{n}" in text for n in range(1, 12))
    assert text.count("  accuracy") > 1


def test_a_huge_comparison_shows_what_differs():
    section = tuple(Row(name=f"p{n}", values=(1, n), differs=n == 300) for n in range(400))
    text = card.comparison(Comparison(records=(churn(), churn()), sections={"environment": section})).text
    assert "Environment (399 more rows are not shown)" in text
    assert "p300" in text
    assert card.comparison(compare([])).text.endswith("Nothing to compare.")


def test_a_comparison_of_unlike_models_leaves_out_the_parameters_that_nobody_set():
    forest = churn(training_config={"params": {"n_estimators": 500, "depth": None, "seed": 1}, "set": ["n_estimators"]})
    linear = churn(training_config={"params": {"C": 1.0, "tol": 1e-4, "seed": 2}, "set": []})
    text = card.comparison(compare([forest, linear])).text
    assert "Parameters (3 at their defaults)" in text
    assert re.search(r"n_estimators +500 +—", text)
    assert re.search(r"seed +1 +2", text)
    assert "tol" not in text


def test_statistics():
    text = card.stats_card(dataclasses.replace(STATS, quota_bytes=10**9), HERE).text
    assert text == (
        "Model store · on this machine\n  models    2\n  versions  3\n  storage   67 MB of 1.0 GB allowed\n"
        "  trash     1 version · 1.9 kB · free it: %modelstore empty-trash"
    )
    assert "empty-trash" not in card.stats_card(EMPTY, HERE).text


def test_the_history_of_an_alias():
    event = AliasEvent(model_name="churn", alias="champion", version=3, previous=2, at=WHEN, who="ada", why="better recall")
    gone = dataclasses.replace(event, version=None, previous=None, why="")
    text = card.history_card([gone, event], now=WHEN + timedelta(hours=2)).text
    assert re.search(r"2026-11-23 21:30 \(2 hours ago\) +@champion +3 +2 +ada +better recall", text)
    assert re.search(r"@champion +removed +— +ada\n", text)
    assert card.history_card([]).text == "No alias was ever set."
    gone = dataclasses.replace(event, version=None, previous=3, why="too old")
    assert card.history_card([gone]).text == "Removed churn@champion · it was churn:3 · too old"


@pytest.mark.parametrize(
    ("environment", "path", "words"),
    [
        ({}, "a/churn.pkl", "pickle.load reads it without this package."),
        ({}, "churn.joblib", "joblib.load reads it without this package."),
        (
            {"python": "3.11.7", "by_value": ["__main__"]},
            "churn.pkl",
            "pickle.load reads it with cloudpickle installed, on Python 3.11.",
        ),
        (
            {"by_value": ["helpers"]},
            "churn.pkl",
            "pickle.load reads it with cloudpickle installed, on the Python version it was saved with.",
        ),
    ],
)
def test_a_download_says_what_reads_the_file(environment, path, words):
    text = card.download_card(churn(environment=JsonObject.of(environment)), path).text
    assert text == f"Downloaded to {path}\n  {words}"


def removal(*records, **fields):
    return Removal(records=records, bytes=1900, **fields)


def test_a_deletion_says_what_is_held_until_when_and_the_way_back():
    gone = removal(churn(), purge_after=WHEN + timedelta(days=30), removed_aliases=("champion",), former_aliases=("staging",))
    assert card.removal_card(gone, "deleted", now=WHEN).text == (
        "Deleted churn:3 · 1.9 kB still held in the trash\n"
        "  goes for good  2026-12-23 21:30 (in 30 days)\n"
        "  undo           %restore_model churn:3\n"
        "  free it now    %delete_model churn:3 --now\n"
        "  aliases lost   @champion · after a restore, back with · %alias_model churn:3 champion\n"
        "  was once       @staging"
    )


def test_a_deletion_says_where_its_aliases_point_again():
    gone = removal(churn(), returned_aliases=(("champion", "churn:2"),))
    assert "aliases back  @champion → churn:2" in card.removal_card(gone, "deleted", now=WHEN).text


def test_a_deletion_of_several_versions_names_the_whole_model_only_if_that_is_what_was_meant():
    gone = removal(churn(), churn(version=2))
    text = card.removal_card(gone, "deleted").text
    assert "%restore_model churn:3 · %restore_model churn:2" in text
    assert "--now" not in text
    assert "%modelstore purge churn · all of churn that is in the trash" in text
    others = removal(churn(), churn(model_name="my model"))
    assert "%modelstore empty-trash · all that is in the trash" in card.removal_card(others, "deleted").text
    text = card.removal_card(gone, "deleted", ref="churn").text
    assert "%restore_model churn\n" in text
    assert "%delete_model churn --now" in text
    assert '%delete_model "my model" --now' in card.removal_card(gone, "deleted", ref="my model").text
    nameless = removal(churn(model_name="<b>", id="?"), churn(model_name="<b>", id="?"))
    assert "%" not in card.removal_card(nameless, "deleted").text


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("purged", "Purged churn:3 · 1.9 kB freed"),
        ("restored", "Restored churn:3"),
        ("would be deleted", "Would be deleted: churn:3 · 1.9 kB would lie in the trash"),
    ],
)
def test_other_removals_offer_no_undo(verb, words):
    assert card.removal_card(removal(churn()), verb).text == words


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("deleted", "Nothing was deleted."),
        ("purged", "The trash is empty."),
        ("restored", "Nothing was restored."),
        ("would be deleted", "Nothing would be deleted."),
    ],
)
def test_removals_of_nothing(verb, words):
    assert card.removal_card(removal(), verb).text == words


def test_a_load_is_one_line_of_text_and_one_for_each_warning():
    shown = card.loaded_line(churn(), "numpy is\nnewer")
    assert shown.text == (
        "Loaded churn:3 · LogisticRegression (in GridSearchCV in Pipeline) · saved 2026-11-23 21:30\n  numpy is newer"
    )
    assert shown.html is None


def test_a_check_up_says_what_is_wrong_and_what_to_do():
    fine, bad = (
        Finding(what="database", ok=True, message="sound"),
        Finding(what="files", ok=False, message="1 gone", hint="Restore it."),
    )
    assert card.findings_card([fine, bad]).text == (
        "2 checks, 1 problem\n  database  ok · sound\n  files     PROBLEM · 1 gone · Restore it."
    )
    assert card.findings_card([fine]).text.startswith("1 check, all well")


def test_plain_lines():
    shown = card.lines_card("Status", [("where", HERE), ("a", "b"), "All is well.", "%models"], where=HERE)
    assert shown.text == "Status · on this machine\n  where  on this machine\n  a      b\n  All is well.\n  %models"
    assert "<code>%models</code>" in shown.html


# How it is displayed ------------------------------------------------------------------------------------------------


def test_a_notebook_gets_text_and_html_and_nothing_else():
    shown = card.Shown("text", "<p>html</p>")
    data, metadata = DisplayFormatter().format(shown)
    assert data == {"text/plain": "text", "text/html": "<p>html</p>"}
    assert metadata == {}
    assert str(shown) == repr(shown) == "text"
    assert DisplayFormatter().format(card.Shown("text"))[0] == {"text/plain": "text"}


# Words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.934, "0.934"),
        (0.93412, "0.934"),
        (12.34, "12.3"),
        (1.2e-05, "1.2e-05"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (5, "5"),
        (5.0, "5"),
        (0.9996, "0.9996"),
        (12.04, "12.04"),
        (1234.56, "1234.6"),
        (1e15, "1e+15"),
        (1234567.8, "1.23e+06"),
        (10**20, "1e+20"),
        pytest.param(10**5000, "an integer of 16610 bits", id="huge"),
        (True, "True"),
        ("x", "'x'"),
        (None, "None"),
        (-0.5, "-0.5"),
    ],
)
def test_numbers(value, text):
    assert _words.number(value) == text


def test_different_numbers_look_different():
    assert _words.numbers([0.93412, 0.93448, None]) == ["0.9341", "0.9345", "None"]
    assert len(set(_words.numbers([1.0000000001, 1.0000000002]))) == 2


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1900, "1.9 kB"),
        (9950, "10 kB"),
        (67_000_000, "67 MB"),
        (999_500, "1.0 MB"),
        (10**30, "999 PB"),
        (-1, "unknown size"),
        ("x", "unknown size"),
        (None, "unknown size"),
    ],
)
def test_sizes(count, text):
    assert _words.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (90, "2 minutes ago"),
        (7200, "2 hours ago"),
        (-30 * 86400, "in 30 days"),
        (86400 * 100, "3 months ago"),
        (10**8, "3 years ago"),
    ],
)
def test_dates_say_how_far_away_they_are(seconds, text):
    assert _words.when(WHEN, WHEN + timedelta(seconds=seconds)) == f"2026-11-23 21:30 ({text})"


def test_dates_are_in_the_local_time_zone_and_never_fail(monkeypatch):
    monkeypatch.setenv("TZ", "XXX-3")
    time.tzset()
    assert _words.date(WHEN) == "2026-11-24 00:30"
    assert _words.date(datetime.max.replace(tzinfo=timezone.utc)) == "9999-12-31 23:59"
    assert _words.date(None) == _words.when("x") == "unknown"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.123, "0.12 s"), (75.5, "75.5 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), ("x", "unknown"), (-1, "unknown")],
)
def test_durations(seconds, text):
    assert _words.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("l2", "'l2'"),
        ((1,), "(1,)"),
        ({0: 1.5, "a": None}, "{0: 1.5, 'a': None}"),
        (len, "builtins.len"),
        (frozenset(), "set()"),
        (frozenset({2, 1}), "{1, 2}"),
        ([[[[1]]]], "[[[[…]]]]"),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …]"),
        ([], "[]"),
        ("a\u202eb", "'a\\u202eb'"),
        (10**40, "1" + "0" * 40),
    ],
)
def test_parameters_are_shown_as_typed(value, text):
    assert _words.param(JsonObject.of({"x": value})["x"]) == text


def test_a_long_word_is_broken_where_it_must_be():
    text = card.lines_card("t", ["日" * 80 + " " + "x" * 250]).text
    assert max(map(_words.width, text.splitlines())) <= _text.WIDTH
    assert text.count("日") == 80
    assert text.count("x") == 250


def test_a_text_is_one_short_visible_line():
    assert _words.line("a\n\tb\u2028c") == "a b c"
    assert _words.line("a\u202eb\ud800\x1b") == "a\\u202eb\\ud800\\u001b"
    assert len(_words.line("x" * 10_000_000)) == 200
    assert _words.line("é" * 500).endswith("é…")
    assert _words.paragraphs("a\n\n b\nc") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("👩\u200d👩\u200d👧", 2), ("👍🏽", 2), ("\u1112\u1161\u11ab", 2), ("हिन्दी", 5)],
)
def test_width_in_columns(text, columns):
    assert _words.width(text) == columns


@given(st.lists(st.tuples(st.text("ab日👍e\u0301한 ", max_size=40), st.text("x客", max_size=90)), min_size=1, max_size=5))
def test_columns_are_aligned_and_fit(cells):
    rows = tuple(((plain(f"a{one}"), plain(f"b{two}"), plain("|")), False) for one, two in cells)
    lines = _text._table(Table("", ("one", "two", "|"), (Group("", rows),)), 90)
    assert len({_words.width(line.rstrip()[:-1]) for line in lines}) == 1
    assert all(_words.width(line) <= 90 for line in lines)


# Hostile records ----------------------------------------------------------------------------------------------------

TAGS = set("div style p span code table caption thead tbody tr th td pre details summary".split())  # noqa: SIM905 (a list of words)
ATTRIBUTES = {"class", "scope", "colspan", "role", "tabindex", "aria-label", "aria-level"}
HOSTILE = (
    "</style><script>alert(1)</script><img src=x onerror=alert(1)>"
    "\"'><a href=javascript:x>&lt;\u202e\x00\ud800|`$x$[a](b)![i](u)\n# h\n---"
)


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.text = self.code = ""
        self.open = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        assert all(re.fullmatch(r"[\w -]*", value) for _, value in attrs), attrs
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] != "style":
            self.text += data
            self.code += data if self.open[-1] == "pre" else ""
        else:
            assert data == card._html.STYLE

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def check(shown):
    """Hold one output to what every output promises."""
    for text in (shown.text, Reader(shown.html).text if shown.html else ""):
        text.encode()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert len(shown.text) + len(shown.html or "") < 500_000


def metadata(text):
    """Return what stands before a card for the Hub, and the card."""
    front = re.match(r"---\n(.*?)\n---\n\n", text, re.DOTALL)
    return (yaml.safe_load(front[1]), text[front.end() :]) if front else (None, text)


def check_markdown(text):
    """Parse with every extension at hand; only headings, tables, paragraphs, code and emphasis made here may come out."""
    data, text = metadata(text)
    assert data is None or (data.keys() <= {"library_name", "tags"} and all(isinstance(tag, str) for tag in data["tags"]))
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    allowed = "heading paragraph table thead tbody tr th td inline fence code_inline text strong softbreak".split()  # noqa: SIM905
    for token in parser.parse(text):
        for part in [token, *(token.children or [])]:
            assert re.sub(r"_(open|close)$", "", part.type) in allowed, part
    text.encode()


def check_all(*records):
    record = records[0]
    name, where = _words.line(record.model_name, 10**9), _words.line(record.description, 10**9)
    if isinstance(record.model_name, str) and isinstance(record.description, str):
        name, where = record.model_name, record.description
    event = AliasEvent(model_name=name, alias=name, version=1, previous=None, at=WHEN, who=where, why=where)
    finding = Finding(what=name, ok=False, message=where, hint=where)
    found = Unattached(name=name, value=1.5, reason=where, cell=3, code=where)
    captured = Captured(not_attached=(found,) * 9, notes=(where,) * 9)
    for created in (True, False):
        check(card.saved_card(Saved(record=record, created=created), where, captured if created else None))
    check(card.record_card(record, where))
    for state in ("unchanged", "changed", "unsaved"):
        check(card.variable_card(name, record if state != "unsaved" else None, state, where))
    check(card.gallery(records, STATS, 1000, where))
    check(card.gallery([], STATS, 0, where, Query(words=where, tags=(name,))))
    check(card.comparison(compare(records), where))
    json.dumps([card.details(record) for record in records])
    json.dumps(card.comparison_texts(compare(records)))
    check(card.history_card([event]))
    aliases = {"removed_aliases": (name,), "returned_aliases": ((name, where),), "former_aliases": (where,)}
    gone = Removal(records=records, bytes=1, purge_after=WHEN, **aliases)
    for verb in ("deleted", "purged", "restored", "would be deleted"):
        check(card.removal_card(gone, verb))
    check(card.removal_card(gone, "deleted", ref=where))
    check(card.loaded_line(record, where))
    check(card.download_card(record, where))
    check(card.findings_card([finding]))
    check(card.lines_card(name, [where, (name, where)], where))
    check(card.stats_card(STATS, where))
    check_markdown(card.markdown(record))
    check_markdown(card.markdown(compare(records)))


def everywhere(text):
    """Return a record with a text in every field that can hold one."""
    tree = {
        text: text,
        "params": {text: text, "f": [text]},
        "set": [text],
        "chain": [text],
        "python": text,
        "distributions": {text: text},
    }
    tree |= {"by_value": [text], "variable": text, "git": {text: text, "commit": text, "dirty": text}, "platform": text}
    each = {"split": text, "data": text, "cell": text, "code": text}
    tree |= {"cells": [text, {"cell": text, "does": [text, 1], "code": text}], "notebook": text, "masked": text}
    tree |= {"fit": each, "metrics": {text: each}, "parent": {"id": text, "sha256": text, "ref": text}}
    tree |= {"data_inside": {"rows": text, "of": text, "where": text}}
    fields = dict.fromkeys(
        ["model_name", "algorithm", "description", "model_type", "status", "format", "origin", "sha256", "target_column"], text
    )
    lists = dict.fromkeys(("tags", "aliases", "feature_columns"), (text, text))
    trees = {name: dict(tree) for name in ("metrics", "training_config", "environment", "source", "signature", "extra")}
    return churn(**fields, **lists, **trees)


def test_hostile_text_in_every_field_stays_text():
    record = everywhere(HOSTILE)
    check_all(record, churn())
    assert "<script>" in Reader(card.record_card(record).html).text
    assert "<script" not in card.record_card(record).html


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "-",
        "1.",
        "+ x",
        "# h",
        "> q",
        "===",
        "|",
        "`",
        "\\",
        "https://a.b",
        "www.a.b",
        "a@b.c",
        "<!-- x",
        "x" * 100_000,
    ],
)
def test_short_pieces_of_markup_stay_text(text):
    check_all(everywhere(text), everywhere(text))


def test_a_description_of_10_mb_is_cut_short():
    check_all(churn(description="<b>" * 3_400_000, model_name="x" * 10_000_000))


@pytest.mark.parametrize(
    "value",
    [None, 3, pytest.param(10**5000, id="huge"), -1, 1.5, float("nan"), True, "x", [], [1, [2]], {}, {"a": {"b": [None]}}],
)
def test_values_of_a_wrong_kind_never_crash(value):
    plain_fields = [
        field.name
        for field in dataclasses.fields(ModelRecord)
        if field.name
        not in {"metrics", "training_config", "environment", "source", "signature", "extra", "user_id", "space_id"}
    ]
    broken = churn(**dict.fromkeys(plain_fields, value))
    check_all(broken, churn())
    tree = dict.fromkeys(NAMES, value) | {"metrics": {"auc": value}, "cells": [value, {"cell": value, "does": value}]}
    record = churn(training_config=tree, environment=tree, source=tree, signature=tree, metrics=tree, feature_columns=None)
    check_all(record, churn())
    deep = {
        name: dict.fromkeys((*KNOWN, *KNOWN["fit"], *KNOWN["parent"], "split", "rows", "of", "where"), value) for name in KNOWN
    }
    check_all(churn(source=deep | {"metrics": {"auc": deep["metrics"]}}, metrics={"auc": value}), churn())


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "nonsense",
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"params": ' * 900 + "1" + "}" * 900, id="deep params"),
    ],
)
def test_mappings_that_cannot_be_read_never_crash(text):
    broken = JsonObject(text)
    record = churn(metrics=broken, training_config=broken, environment=broken, source=broken, signature=broken)
    check_all(record, churn())


def test_a_record_from_anywhere_never_crashes():
    data = churn().to_json() | {
        "training_config": {"params": {"$tuple": [[[{"$dict": [[1, 2]]}]]]}, "set": 7},
        "metrics": ["x"],
        "version": "<b>",
    }
    check_all(ModelRecord.from_json(data), churn())


NAMES = "params set chain python distributions by_value n_features".split() + list(KNOWN)  # noqa: SIM905 (a list of words)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=30)
    | st.sampled_from([HOSTILE, "日本"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=9), inner, max_size=4),
    max_leaves=12,
)
texts = st.text(st.characters(), max_size=60) | st.text("<>&\"'`|[]()!#*_-=+.\n 1ahtps:/@w\\$~^{}", max_size=40)


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(
    text=texts,
    tree=st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, values)),
    metrics=st.dictionaries(texts, values, max_size=4),
    when=st.datetimes(timezones=st.just(timezone.utc)),
)
def test_any_record_is_shown_as_text(text, tree, metrics, when):
    record = dataclasses.replace(everywhere(text), created_at=when, metrics=JsonObject.of(metrics))
    tree = JsonObject.of(tree)
    check_all(dataclasses.replace(record, training_config=tree, environment=tree, source=tree), record)


@pytest.mark.no_cover
@settings(max_examples=150, deadline=None)
@given(texts)
def test_any_text_in_markdown_is_read_back_as_that_text(text):
    record = churn(target_column="t" + text, description=text)
    check_markdown(card.markdown(record))
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(metadata(card.markdown(record))[1])
    cells = ["".join(part.content for part in token.children) for token in tokens if token.type == "inline"]
    assert _words.line("t" + text, 100) in cells


def test_html_holds_no_long_text_and_nothing_to_fetch_or_run():
    shown = card.gallery([churn(description="d" * 5000, tags=("t" * 900,))], STATS, 1, HERE)
    assert "t" * 60 not in shown.html
    assert not re.search(r"url\(|@import|https?:|javascript:|\son\w+=|\sid=|\ssrc=", shown.html)


def test_every_rule_of_the_style_is_under_its_own_class():
    style = re.sub(r"@media[^{]*\{((?:[^{}]*\{[^{}]*\})*)\}", r"\1", card._html.STYLE)
    for selectors in re.findall(r"([^{}]+)\{[^{}]*\}", style):
        assert all(".jms-c" in selector for selector in selectors.split(",")) or "theme" in selectors
        assert ".jms-c" in selectors
