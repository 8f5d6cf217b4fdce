"""Loads, verified: beside sha256 of the file and then ``pickle.load``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import _models
import _peers
from _turns import TIMES, Candidate, Row, Turns, number

import jupyter_modelstore as jms

OURS = "here"


def rows(directory: Path, *, quick: bool, peers: bool) -> list[Row]:
    return [_row(directory / name, name, quick=quick, peers=peers) for name in ("forest", "neighbours")]


def _row(directory: Path, name: str, *, quick: bool, peers: bool) -> Row:
    directory.mkdir()
    model = getattr(_models, name)(quick=quick)
    store = jms.connect(f"local:{directory}/store", home=directory / "store")
    steps = _peers.Steps(directory / "steps")
    size = store.save(model, "churn").model_file_size
    plain, joblib_file = steps.through_file(model), steps.joblib(model)
    baseline = "sha256 + pickle.load"
    candidates = [
        Candidate(OURS, lambda: store.load("churn")),
        Candidate(baseline, lambda: _peers.load_plain(plain)),
        Candidate("joblib", partial(_load_joblib, joblib_file)),
    ]
    if peers:
        for peer in (_peers.Pins(directory / "pins"), _peers.Mlflow(directory / "mlflow", tuned=True)):
            peer.save(model)
            candidates.append(Candidate(peer.name, peer.load))
    del model
    turns = Turns.take(candidates, 10 if quick else 40, collect=True)
    ratio = turns.ratio(OURS, baseline)
    return Row(
        f"load of the {number(size / 1e6)} MB {'forest' if name == 'forest' else 'array'}, verified",
        f"≤ {TIMES}1.0 of {baseline}",
        f"{TIMES}{ratio:.2f}",
        round(ratio, 2) <= 1,
        turns.shown(OURS),
        turns.beside(OURS),
    )


def _load_joblib(path: Path) -> object:
    import joblib

    return joblib.load(path)
