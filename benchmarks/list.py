"""A list of 10,000 models: its first page, all of it, and one model by name; in a process that holds scikit-learn."""

from __future__ import annotations

import shutil
import statistics
import uuid
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import _models
import _peers
import numpy as np
from _turns import Row, milliseconds, repeat

import jupyter_modelstore as jms
from jupyter_modelstore.record import Draft, ModelRecord, Query

COUNT = 10_000
_MLFLOW_COUNT, _MLFLOW_SECONDS = 1_000, 60
_random = np.random.default_rng(0)


def rows(directory: Path, *, quick: bool, peers: bool) -> list[Row]:
    store = _filled(directory / "store")
    times = 10 if quick else 40
    asked = {
        "first 48, and how many in all": (10.0, lambda: store.page(Query(), limit=48)),
        "all": (100.0, lambda: _read(store.list())),
        "one by name": (0.3, lambda: store.get(f"model {_random.integers(COUNT):05}")),
    }
    measured = [repeat(call, times * (1 if goal > 1 else 20)) for goal, call in asked.values()]
    beside = _beside(directory) if peers else [[], [], []]
    found = []
    for (what, (goal, _)), seconds, others in zip(asked.items(), measured, beside, strict=True):
        median = statistics.median(seconds) * 1e3
        shown = milliseconds(seconds)
        found.append(
            Row(f"list of {COUNT:,} models: {what}", f"{goal:g} ms", f"{median:.3g} ms", median <= goal, shown, others)
        )
    return found


def _read(records: Any) -> list[Any]:
    return [record.ref for record in records]


def _filled(directory: Path) -> Any:
    """Return a store with a row for each of 10,000 names, each written by the backend's own insert, in one transaction."""
    store = jms.connect(f"local:{directory}", home=directory)
    model = _models.pipeline()
    saved = store.save(model, "first", description="Will this customer leave?", tags=["telecom", "demo"], metrics={"auc": 0.5})
    names = {entry.name for entry in fields(Draft)} & {entry.name for entry in fields(ModelRecord)}
    draft = Draft(**{name: getattr(saved, name) for name in names})
    backend = store._backend  # noqa: SLF001 (10,000 saves would write 10,000 files)
    with backend._database.write() as database:  # noqa: SLF001
        for index in range(COUNT):
            own = {"params": {**saved.params, "logisticregression__C": _random.random()}}
            one = replace(
                draft,
                model_name=f"model {index:05}",
                save_id=str(uuid.uuid4()),
                metrics={"auc": _random.random(), "accuracy": _random.random()},
                training_config={**saved.training_config, **own},
            )
            file = SimpleNamespace(sha256=one.sha256, size=one.model_file_size)
            incoming = SimpleNamespace(save_id=one.save_id, file=file)
            backend._insert(database, one, incoming, backend._look_for(database, one, incoming))  # noqa: SLF001
    return store


def _beside(directory: Path) -> list[list[str]]:
    """Return what pins and mlflow need for the three questions; a dash where they cannot be asked."""
    board = _peers.Pins(directory / "pins")
    board.save(_models.pipeline())
    for index in range(COUNT):
        shutil.copytree(directory / "pins" / "churn", directory / "pins" / f"model {index:05}")
    mlflow = _peers.Mlflow(directory / "mlflow", tuned=True)
    client, count = mlflow.client(), _fill(mlflow)
    pins = f"pins ({COUNT:,}) "
    name = f"mlflow ({count:,}) "
    return [
        [name + _few(lambda: client.search_registered_models(max_results=48), 10)],
        [name + _few(lambda: _all_pages(client), 3), pins + _few(lambda: board.board.pin_search(as_df=False), 2)],
        [
            name + _few(lambda: client.get_registered_model("model 00001"), 40),
            pins + _few(lambda: board.board.pin_meta("model 00001"), 40),
        ],
    ]


def _few(call: Callable[[], object], times: int) -> str:
    return milliseconds(repeat(call, times))


def _fill(mlflow: _peers.Mlflow) -> int:
    """Register models by mlflow's own API: as many as a minute allows, at most 1,000."""
    client, end = mlflow.client(), monotonic() + _MLFLOW_SECONDS
    for index in range(_MLFLOW_COUNT):
        client.create_registered_model(f"model {index:05}", description="Will this customer leave?")
        client.create_model_version(f"model {index:05}", source="file:///nowhere")
        if monotonic() > end:
            return index + 1
    return _MLFLOW_COUNT


def _all_pages(client: Any) -> int:
    count, token = 0, None
    while True:
        page = client.search_registered_models(max_results=1000, page_token=token)
        count, token = count + len(page), page.token
        if not token:
            return count
