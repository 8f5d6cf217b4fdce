"""Fills a store with rows, for kernels of the browser tests: written by the backend's own insert, with no files behind them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

from hostile import HOSTILE

import jupyter_modelstore as jms
from jupyter_modelstore.record import Draft, ModelRecord

_TAGS = ("telecom", "fraud", "demo", "q3", "baseline")


def fill(count: int, *, versions: int = 1) -> None:
    """Add so many models, each of so many versions."""
    _insert(_ordinary(number, version) for number in range(count) for version in range(versions))


def fill_hostile() -> None:
    """Add a model for each hostile text, which stands in every field that can hold text."""
    _insert(_hostile(number, text) for number, text in enumerate(HOSTILE))


def _insert(changes: Iterator[dict[str, Any]]) -> None:
    from sklearn.linear_model import LogisticRegression

    store = jms.connect()
    saved = store.save(LogisticRegression().fit([[0], [1]], [0, 1]), "model")
    names = {entry.name for entry in fields(Draft)} & {entry.name for entry in fields(ModelRecord)}
    draft = Draft(**{name: getattr(saved, name) for name in names})
    backend = store._backend
    with backend._database.write() as database:
        for change in changes:
            one = replace(draft, save_id=str(uuid.uuid4()), **change)
            file = SimpleNamespace(sha256=one.sha256, size=one.model_file_size)
            incoming = SimpleNamespace(save_id=one.save_id, file=file)
            backend._insert(database, one, incoming, backend._look_for(database, one, incoming))
    store.delete(saved.ref)
    store.purge(saved.ref)


def _ordinary(number: int, version: int) -> dict[str, Any]:
    chance = random.Random(number * 100 + version)  # noqa: S311 (made-up numbers)
    return {
        "model_name": f"model {number:05}",
        "algorithm": ("LogisticRegression", "DecisionTreeClassifier", "XGBClassifier")[number % 3],
        "metrics": {"accuracy": round(chance.random(), 4), "f1": round(chance.random(), 4)},
        "tags": (_TAGS[number % 5], _TAGS[(number + 2) % 5]),
        "description": f"Number {number}.",
    }


def _hostile(number: int, text: str) -> dict[str, Any]:
    return {
        "model_name": f"{number} {text}",
        "algorithm": text,
        "description": text,
        "tags": (text, f"{number}"),
        "metrics": {text: 0.5, "accuracy": number / 100},
        "training_config": {"params": {text: text}, "set": [text], "chain": [text]},
        "feature_columns": (text, f"{number}"),
        "target_column": text,
        "environment": {"python": text, "platform": text, "distributions": {text: text, "numpy": text}},
        "source": {
            "variable": text,
            "notebook": text,
            "cells": [{"cell": 1, "does": [text], "code": text}],
            "fit": {"cell": 1, "data": text, "code": text},
            "metrics": {text: {"split": text, "data": text, "cell": 1, "code": text}},
            "parent": {"id": text, "sha256": text, "ref": text},
            "git": {"commit": text, "dirty": True},
            "note": text,
            "data_inside": {"rows": 1, "of": 2, "where": text},
        },
    }
