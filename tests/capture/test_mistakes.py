"""Mistakes made on purpose: no wrong number is attached. This is a part of them; the script ``mistakes.py`` makes all."""

from __future__ import annotations

from itertools import islice

import pytest
from corpus import Notebook
from judge import NUMBERS, try_notebook
from mistakes import KINDS, mistaken, outcome_of

RUNS = 56
BOOKS = list(islice(mistaken(7), RUNS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mistakes")


@pytest.mark.no_cover
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: f"{book.name}-{book.mistake.replace(' ', '-')}")
def test_no_wrong_number_is_attached(book, folder):
    _, verdicts = try_notebook(book, folder)
    wrong = [str(verdict) for verdict in verdicts if verdict.outcome == "wrong" and verdict.field in NUMBERS]
    assert not wrong, "\n".join([*wrong, *book.cells])


def test_every_kind_of_mistake_is_made_and_changes_something():
    assert {book.mistake for book in BOOKS} == set(KINDS)
    assert [book.cells for book in islice(mistaken(7), 5)] == [book.cells for book in BOOKS[:5]], "a seed is a seed"


def test_a_stale_number_would_be_found(folder):
    """What a naive capture would keep, somebody types: the number of before the refit."""
    cells = (
        "from sklearn.datasets import load_breast_cancer\nfrom sklearn.linear_model import RidgeClassifier",
        "X, y = load_breast_cancer(return_X_y=True)\nX_train, X_test, y_train, y_test = X[:300], X[300:], y[:300], y[300:]",
        "clf = RidgeClassifier().fit(X_train, y_train)\nacc = clf.score(X_test, y_test)",
        "clf.fit(X_train[:20], y_train[:20])",
        '%save_model clf "stale" -m accuracy=acc',
    )
    pairs = {"train": "X_train, y_train", "test": "X_test, y_test"}
    book = Notebook("stale", cells, {"*": {"pairs": pairs}}, mistake="typed")
    trial, verdicts = try_notebook(book, folder)
    assert outcome_of(verdicts) == "wrong"
    assert any(verdict.field == "metrics" and verdict.outcome == "wrong" for verdict in verdicts)
    assert set(trial.moments[0].record.metrics) == {"accuracy"}
