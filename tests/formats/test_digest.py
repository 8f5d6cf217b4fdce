"""The sha256 that a model's file would have, as long as it is cheap to find out."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_modelstore import connect, formats, offer

X = np.random.default_rng(0).normal(size=(200, 4))
Y = (X[:, 0] > 0).astype(int)


def digest(model, largest=10_000_000, seconds=10.0):
    return formats.digest(model, formats.default(), largest=largest, seconds=seconds)


def by_value():
    return type("Mine", (LogisticRegression,), {"__module__": "__main__"})()


@pytest.mark.parametrize(
    "make",
    [
        LogisticRegression,
        lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        lambda: RandomForestClassifier(5, random_state=0),
        by_value,
    ],
    ids=["bare", "pipeline", "forest", "by value"],
)
def test_it_is_that_of_the_file_that_is_saved_and_of_another_fit_of_the_same(make, tmp_path):
    store = connect(f"local:{tmp_path}")
    model = make().fit(X, Y)
    assert digest(model) == store.save(model, "model").sha256 == digest(model.fit(X, Y))
    assert digest(model.fit(X, 1 - Y)) != store.get("model").sha256


def test_what_is_larger_or_takes_longer_is_given_up():
    model = LogisticRegression().fit(X, Y)
    assert digest(model, largest=100) is None
    assert digest(model, seconds=0.0) is None
    model.rows_ = np.zeros(2_000_000)
    assert digest(model) is None


def test_what_cannot_be_written_has_none():
    model = LogisticRegression().fit(X, Y)
    model.lock_ = threading.Lock()
    assert digest(model) is None


def test_a_store_out_of_reach_is_not_waited_for():
    go_on = threading.Event()
    began = time.perf_counter()
    assert offer._within(0.05, lambda: go_on.wait(30)) is None
    assert time.perf_counter() - began < 5
    go_on.set()
    assert offer._within(30, lambda: 1 // 0) is None
    assert offer._within(30, lambda: "known") == "known"
