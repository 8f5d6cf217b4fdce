"""Write the golden files of this environment into a folder: ``golden.py FOLDER TAG``. See ``tests/data/artifacts``."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # beside this file, wherever it is run

import joblib
import numpy as np
import run
import subjects
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from jupyter_modelstore import formats

NOTEBOOK = """
class Doubler:
    factor = 2

    def fit(self, inputs, target=None):
        return self

    def predict(self, inputs):
        return np.asarray(inputs)[:, 0] * self.factor
"""
"""Stands in for a cell: its class travels by value, and names no file of the machine that it was written on."""


def of_the_notebook():
    """Return a model whose class no distribution has."""
    space = {"__name__": "__main__", "np": np}
    exec(compile(NOTEBOOK, "<cell>", "exec"), space)  # noqa: S102 (a cell)
    return space["Doubler"]()


def things():
    """Return name to object."""
    inputs, _, target = subjects.numbers()
    cube = np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2)
    return {
        "pipeline": make_pipeline(StandardScaler(with_mean=False), FunctionTransformer(np.log1p), Ridge()).fit(inputs, target),
        "boosting": GradientBoostingRegressor(n_estimators=2, max_depth=2, random_state=np.random.RandomState(0)).fit(
            inputs, target
        ),
        "arrays": {
            "cube": cube,
            "days": np.array(["2024-02-29", "NaT"], "M8[D]"),
            "words": np.array(["a", None], dtype=object),
        },
        "generators": [np.random.RandomState(3), np.random.default_rng(3)],
        "notebook": of_the_notebook(),
    }


def main(folder: Path, tag: str) -> None:
    """Write the files, and the answers expected of them."""
    inputs = subjects.numbers()[0]
    found = things()
    answers = {}
    for name, thing in found.items():
        path = folder / (
            f"{tag}-{name}-py{sys.version_info.major}.{sys.version_info.minor}.pkl"
            if name == "notebook"
            else f"{tag}-{name}.pkl"
        )
        with path.open("wb") as file:
            formats.default().dump(thing, run.FileSink(file))
        if hasattr(thing, "predict"):
            answers[name] = thing.predict(inputs).tolist()
    answers["generators"] = [generator.standard_normal() for generator in found["generators"]]
    for kind in ("zlib", "gzip", "bz2", "xz", "lzma"):
        joblib.dump(found["pipeline"], folder / f"{tag}-pipeline-{kind}.joblib", compress=(kind, 6))
    joblib.dump(found["arrays"], folder / f"{tag}-arrays.joblib")
    (folder / f"{tag}.json").write_text(json.dumps({"versions": run.versions(), "answers": answers}, indent=1) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), sys.argv[2])
