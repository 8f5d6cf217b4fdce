"""Saves that have not arrived yet: what a gallery shows of them, and what may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from jupyter_modelstore import worker
from jupyter_modelstore.errors import ModelStoreError
from jupyter_modelstore.record import ModelRecord
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.verbs import VERBS
from jupyter_modelstore.widgets._desk import Request, tell, tell_changed


def requests_of(store: Registry) -> tuple[Request, ...]:
    """Return what a gallery may ask of them."""
    return (
        Request("pending", lambda: waiting(store)),
        Request("send", lambda: send(store)),
        Request("discard", store.discard, VERBS["discard"].arguments, changes=True),
    )


def waiting(store: Registry) -> Sequence[dict[str, Any]]:
    """Return what waits, each with how far it is, or why it has not arrived."""
    try:
        found = store.pending()
    except ModelStoreError:  # nobody is signed in; the list of models says so
        return []
    sending = _worker(store)
    steps, failures = sending.steps, sending.failures
    return [_shown(record, steps.get(str(record.save_id)), failures.get(str(record.save_id))) for record in found]


def _shown(record: ModelRecord, step: worker.Step | None, failure: ModelStoreError | None) -> dict[str, Any]:
    why = record.refused or ({} if failure is None else failure.to_json())
    return {
        "id": record.id,
        "name": record.model_name,
        "size": record.model_file_size,
        "refused": record.refused is not None,
        "why": " ".join(str(why[part]) for part in ("message", "hint") if why.get(part)),
        "progress": None if step is None else {"stage": step.stage, "done": step.done or 0, "total": step.total},
    }


def send(store: Registry) -> Mapping[str, Any]:
    """Send now what waits, and what was refused."""
    _worker(store).wake(refused=True)
    return {}


def _worker(store: Registry) -> worker.Worker:
    """Return what sends a person's saves; from now on it tells open galleries what it is at."""
    found = worker.of(store)
    found.changed = partial(_tell, store)
    return found


def _tell(store: Registry, arrived: bool) -> None:  # noqa: FBT001 (the worker's word)
    tell(store, {"event": "pending", "pending": waiting(store)})
    if arrived:
        tell_changed(store)
