"""Every notebook of the corpus: what is kept is right or empty, never wrong. And the judge, who must be able to say so."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from corpus import Notebook, corpus
from judge import Bench, Verdict, table, told, try_notebook
from oracle import ask, pair_of, relation_of
from sklearn.linear_model import LogisticRegression

BOOKS = {book.name: book for book in corpus()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def judged(folder):
    """Runs a notebook once, however many tests ask."""
    known = {}

    def of(name):
        if name not in known:
            known[name] = try_notebook(BOOKS[name], folder)
        return known[name]

    return of


def bad(verdicts):
    return told(verdicts, ["wrong", "fault"])


@pytest.mark.no_cover
@pytest.mark.parametrize("name", BOOKS)
def test_nothing_that_is_kept_of_a_notebook_is_wrong(name, judged):
    trial, verdicts = judged(name)
    saves = sum(cell.count("%save_model") for cell in BOOKS[name].cells)
    assert len(trial.moments) >= saves, trial.errors
    assert not bad(verdicts), bad(verdicts)


def test_what_is_empty_is_explained_or_a_colleague_would_have_known(judged):
    verdicts = [verdict for name in ("01_beginner", "14_scaled_copies") for verdict in judged(name)[1]]
    reasons = [verdict.detail for verdict in verdicts if verdict.outcome == "empty"]
    assert all(reasons), reasons
    assert "training_samples" in table(verdicts)


# ---- the judge -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def beginner(judged):
    """The beginner's notebook, and the judging of its record after a forger was at it."""
    trial, _ = judged("01_beginner")
    (moment,) = trial.moments

    def forged(**changes):
        record = {name: getattr(moment.record, name) for name in RECORDED} | changes
        bench = Bench(trial, dataclasses.replace(moment, record=SimpleNamespace(**record)))
        said = sorted(bench.verdicts(), key=lambda verdict: verdict.outcome == "wrong")  # one wrong number is the last word
        return {verdict.field: verdict.outcome for verdict in said if verdict.outcome in {"wrong", "empty"}}

    return forged, moment


RECORDED = (
    "feature_columns",
    "target_column",
    "training_samples",
    "test_samples",
    "training_time_seconds",
    "metrics",
    "source",
)


def test_the_judge_finds_nothing_in_what_is_true(beginner):
    assert beginner[0]() == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("feature_columns", ("a", "b")),
        ("target_column", "y_train"),
        ("training_samples", 569),
        ("test_samples", 426),
        ("training_time_seconds", 100.0),
        ("training_time_seconds", 0.0),
    ],
)
def test_the_judge_finds_a_forged_field(beginner, field, value):
    assert beginner[0](**{field: value})[field] == "wrong"


def test_the_judge_finds_what_is_missing(beginner):
    found = beginner[0](training_samples=None, target_column=None, metrics={}, test_samples=None)
    assert found == dict.fromkeys(("training_samples", "target_column", "metrics", "test_samples"), "empty")


def forge(moment, **changes):
    source = dict(moment.record.source)
    about = dict(source["metrics"]["accuracy"]) | changes
    return source | {"metrics": {"accuracy": about, "train_accuracy": about, "f1": about, "cv_accuracy": about}}


def test_the_judge_finds_a_forged_number(beginner):
    forged, moment = beginner
    true = moment.record.metrics["accuracy"]
    train = moment.model.score(*next((pair.x, pair.y) for pair in moment.pairs if pair.relation == "train"))
    assert train != true
    for metrics in (
        {"accuracy": true + 0.01},
        {"accuracy": true * 100},
        {"f1": true},
        {"cv_accuracy": true},
        {"accuracy": 0.0},
    ):
        assert forged(metrics=metrics, source=forge(moment))["metrics"] == "wrong", metrics
    assert forged(metrics={"accuracy": train}, source=forge(moment))["metrics"] == "wrong"


def test_the_judge_finds_a_forged_split(beginner):
    forged, moment = beginner
    true = dict(moment.record.metrics)
    for changes in ({"split": "train"}, {"split": "validation"}, {"split": "cross-validation"}):
        assert forged(source=forge(moment, **changes))["split"] == "wrong", changes
    assert forged(metrics={"train_accuracy": true["accuracy"]}, source=forge(moment, split="train"))["split"] == "wrong"
    assert forged(source=forge(moment, split=None))["split"] == "empty"


def test_the_judge_finds_forged_cells(beginner):
    forged, moment = beginner
    source = dict(moment.record.source)
    assert forged(source=source | {"fit": {"cell": 6, "code": "clf.fit(X_train, y_train)"}})["source.fit"] == "wrong"
    assert forged(source=source | {"variable": "tree"})["source.variable"] == "wrong"
    assert forged(source=source | {"parent": {"ref": "churn:1"}})["source.parent"] == "wrong"
    assert forged(source=source | {"git": {"commit": "0" * 40, "dirty": False}})["source.git"] == "wrong"
    assert forged(source=source | {"data_inside": {"rows": 5, "of": 426}})["source.data_inside"] == "wrong"
    assert forged(source=forge(moment, cell=3))["source.metrics cell"] == "wrong"
    for cells in (
        [{"cell": 99, "does": ["fitted"], "code": "clf.fit(X_train, y_train)"}],
        [{"cell": 1, "does": [], "code": "import pandas as pd"}],
        [{"cell": 6, "does": ["fitted"], "code": moment.record.source["cells"][-1]["code"]}],
    ):
        assert forged(source=source | {"cells": cells})["source.cells"] == "wrong", cells


def test_a_truth_that_is_wrong_is_found(folder):
    book = BOOKS["01_beginner"]
    truth = book.truth | {"churn": book.truth["churn"] | {"rows": "len(X)", "fit": 4}}
    _, verdicts = try_notebook(Notebook(book.name, book.cells, truth), folder)
    assert {verdict.field for verdict in verdicts if verdict.outcome == "fault"} == {"training_samples", "source.fit"}


def test_which_side_data_are_on_is_told_by_their_rows():
    rows = tuple(range(100))
    assert relation_of(rows[:50][::-1], rows[:50]) == "train"
    assert relation_of(rows[50:], rows[:50]) == "out"
    assert relation_of(rows[25:75], rows[:50]) == "mixed"
    assert relation_of(rows[:25], rows[:50]) == "mixed"
    assert relation_of(rows[:25], None) == "unknown"


def test_the_oracle_knows_a_model_by_its_numbers():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    y = (x[:, 0] + rng.normal(size=80) > 0).astype(int)
    model = LogisticRegression().fit(x, y)
    pairs = [pair_of("train", (x, y))]
    assert ask("accuracy", model.score(x, y), model, pairs, {}, {}).pairs
    assert not ask("f1", model.score(x, y) + 1e-6, model, pairs, {}, {}).known
    assert not ask("accuracy", LogisticRegression(C=1e-5).fit(x[::-1], y).score(x, y), model, pairs, {}, {}).known


def test_the_tables_are_printed_for_people():
    verdicts = [Verdict("a", "b:1", "metrics", "right"), Verdict("a", "b:1", "metrics", "wrong", "0.9")]
    assert table(verdicts).splitlines()[1].split() == ["metrics", "1", "0", "0", "1", "0"]
    assert told(verdicts, ["wrong"]) == "wrong  a b:1 metrics: 0.9"
