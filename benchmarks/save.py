"""Saves: a small model beside a crash-safe write and an insert; large ones beside pickle, sha256, write and fsync in a row."""

from __future__ import annotations

import pickle
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import _models
import _peers
from _turns import TIMES, Candidate, Row, Turns, number

import jupyter_modelstore as jms

OURS = "here"
_ROW_SIZE = 2_000  # bytes in the columns of this pipeline's row


def rows(directory: Path, *, quick: bool, peers: bool) -> list[Row]:
    found = _small(directory / "small", quick=quick, peers=peers)
    for name in ("forest", "neighbours"):
        found.append(_large(directory / name, name, quick=quick, peers=peers))
    found.append(_memory(directory / "memory", quick=quick, peers=peers))
    return found


def _small(directory: Path, *, quick: bool, peers: bool) -> list[Row]:
    directory.mkdir()
    model, data = _models.pipeline(), [b""]
    store = jms.connect(f"local:{directory}/store", home=directory / "store")
    bound, steps = _peers.BytesAndRow(directory / "bound", _ROW_SIZE), _peers.Steps(directory / "steps")

    def change(round_: int) -> None:
        _models.change(model, round_)
        data[0] = pickle.dumps(model, 5)

    baseline = "crash-safe write + insert"
    candidates = [
        Candidate(OURS, lambda: store.save(model, "churn")),
        Candidate(baseline, lambda: bound.save(data[0])),
        Candidate("joblib + fsync", lambda: steps.joblib(model)),
    ]
    rounds = 60 if quick else 300
    turns = Turns.take(candidates, rounds, change=change)
    ratio, size = turns.ratio(OURS, baseline), number(len(data[0]) / 1e3)
    found = [
        Row(
            f"durable save of a {size} kB pipeline, warm",
            f"≤ {TIMES}1.5 of {baseline}",
            f"{TIMES}{ratio:.2f}",
            ratio <= 1.5,
            turns.shown(OURS),
            turns.beside(OURS),
        )
    ]
    if peers:
        # In turns of their own: whoever has just run leaves the processor's caches full of itself, and nobody is warm.
        candidates += _others(directory, model, default_every=30 if quick else 100)
        turns = Turns.take(candidates, rounds, change=change)
        faster, cold = turns.ratio("pins", OURS), turns.ratio(OURS, baseline)
        what = f"the same after other stores ran ({TIMES}{cold:.2f} of {baseline})"
        found.append(
            Row(what, "faster than pins", f"pins {TIMES}{number(faster)}", faster > 1, turns.shown(OURS), turns.beside(OURS))
        )
    return found


def _large(directory: Path, name: str, *, quick: bool, peers: bool) -> Row:
    directory.mkdir()
    model = getattr(_models, name)(quick=quick)
    store = jms.connect(f"local:{directory}/store", home=directory / "store")
    steps = _peers.Steps(directory / "steps")
    baseline = "pickle + sha256 + write + fsync"

    def forget(record: Any) -> None:
        store.delete(record.ref)
        store.purge(record.ref)

    candidates = [
        Candidate(OURS, lambda: store.save(model, "churn"), forget),
        Candidate(baseline, lambda: steps.through_file(model), Path.unlink),
        Candidate("the same, pickled into memory", lambda: steps.through_memory(model), Path.unlink),
        Candidate("joblib + fsync", lambda: steps.joblib(model), Path.unlink),
    ]
    if peers:
        candidates += _others(directory, model, default_every=10)
    turns = Turns.take(candidates, 5 if quick else 20, change=partial(_models.change, model), collect=True)
    ratio, size = turns.ratio(OURS, baseline), number(len(pickle.dumps(model, 5)) / 1e6)
    what = "forest" if name == "forest" else "array"
    return Row(
        f"{size} MB {what}, durable and hashed",
        f"≤ {TIMES}1.15 of {baseline}",
        f"{TIMES}{ratio:.2f}",
        ratio <= 1.15,
        turns.shown(OURS),
        turns.beside(OURS),
    )


def _others(directory: Path, model: object, *, default_every: int) -> list[Candidate]:
    stores = [
        (_peers.Pins(directory / "pins"), 1),
        (_peers.Mlflow(directory / "mlflow-tuned", tuned=True), 5 if default_every > 10 else 1),
        (_peers.Mlflow(directory / "mlflow-default", tuned=False), default_every),
    ]
    # Small versions pile up, as they do here; of large ones each is removed.
    piling = hasattr(model, "steps")
    return [
        Candidate(store.name, partial(store.save, model), _nothing if piling else store.forget, every)
        for store, every in stores
    ]


def _nothing(_: object) -> None:
    """Leave all where it is."""


# ---- memory ----------------------------------------------------------------------------------------------------------


def _memory(directory: Path, *, quick: bool, peers: bool) -> Row:
    directory.mkdir()
    names = ["here", "joblib", *(["pins", "mlflow tuned"] if peers else [])]
    extra = {}
    for name in names:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            extra[name] = fresh.submit(_extra_memory, directory / name.replace(" ", "-"), name, quick=quick).result()
    ours = extra.pop("here")
    beside = [f"{name} {value:.0f} MB" for name, value in extra.items()]
    return Row("extra memory while the array is saved", "< 20 MB", f"{ours:.1f} MB", ours < 20, "", beside)


def _extra_memory(directory: Path, name: str, *, quick: bool) -> float:
    """Return by how many MB the process grew at most during a save; a small save came before."""
    directory.mkdir()
    save = _saver(directory, name)
    save(_models.pipeline())
    model = _models.neighbours(quick=quick)
    before = _reset_peak()
    save(model)
    return (_peak() - before) / 1e6


def _saver(directory: Path, name: str) -> Callable[[object], object]:
    if name == "joblib":
        return _peers.Steps(directory / "steps").joblib
    if name == "pins":
        return _peers.Pins(directory / "pins").save
    if name == "mlflow tuned":
        return _peers.Mlflow(directory / "mlflow", tuned=True).save
    store = jms.connect(f"local:{directory}", home=directory)
    return lambda model: store.save(model, "churn")


def _reset_peak() -> int:
    """Forget the peak so far (Linux), and return what is held now, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # another system: only growth beyond the earlier peak is seen
        return _peak()
    return _status("VmRSS")


def _peak() -> int:
    try:
        return _status("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":"))
