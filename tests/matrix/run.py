"""Save every subject here, or load what another environment saved: ``run.py save DIR``, ``run.py load DIR…``.

``save`` writes one file a subject in our format, some with joblib too, and the answers expected (``answers.npz``). ``load``
prints JSON: subject to ``equal``, ``refuses: …`` (:class:`CannotLoad`), ``fails: …`` (loads, cannot answer) or ``differs: …``.
"""

from __future__ import annotations

import io
import json
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO

sys.path.insert(0, str(Path(__file__).parent))  # beside this file, wherever it is run

import joblib
import numpy as np
import scipy
import sklearn
import subjects

from jupyter_modelstore import formats
from jupyter_modelstore.errors import CannotLoad

COMPRESSED = {"pipeline scaled": 0, "search over a forest": 3, "array structured": ("gzip", 1), "array F": ("xz", 1)}
"""Subjects that joblib writes too, and how it compresses them."""

_RTOL, _ATOL = 1e-6, 1e-9


class FileSink:
    """The simplest file that a format can write to."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    @property
    def size(self) -> int:
        return self.file.tell()

    def write(self, data: Any, /) -> int:
        return self.file.write(data)

    def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()


def save(folder: Path) -> None:
    """Save all subjects, and what they answer when they are loaded right here."""
    folder.mkdir(parents=True, exist_ok=True)
    expected: dict[str, np.ndarray] = {}
    names = []
    for name, subject in subjects.everything().items():
        thing = subject.make()
        path = folder / f"{len(names):03}.pkl"
        with path.open("wb") as file:
            formats.default().dump(thing, FileSink(file))
        names.append(name)
        found = subjects.answers(_read(path.read_bytes()), subject.inputs)
        expected.update({f"{name}|{question}": answer for question, answer in found.items()})
        if name in COMPRESSED:
            joblib.dump(thing, path.with_suffix(".joblib"), compress=COMPRESSED[name])
    np.savez(folder / "answers.npz", **expected)
    (folder / "names.json").write_text(json.dumps(names))
    (folder / "versions.json").write_text(json.dumps(versions()))


def load(folder: Path) -> dict[str, str]:
    """Load all that was saved and compare the answers."""
    names = json.loads((folder / "names.json").read_text())
    inputs = {name: subject.inputs for name, subject in {**subjects.arrays(), **subjects.pipelines()}.items()}
    found = {}
    with np.load(folder / "answers.npz") as file:
        expected: dict[str, dict[str, np.ndarray]] = {}
        for key in file.files:
            name, _, question = key.partition("|")
            expected.setdefault(name, {})[question] = file[key]
    for index, name in enumerate(names):
        asked = inputs.get(name, subjects.inputs_of(name) if name not in inputs else None)
        for path in sorted(folder.glob(f"{index:03}.*")):
            key = name if path.suffix == ".pkl" else f"{name} (joblib)"
            found[key] = verdict(path.read_bytes(), asked, expected.get(name, {}))
    return found


def verdict(data: bytes, inputs: Any, expected: dict[str, np.ndarray]) -> str:
    """Load one file and say how its answers compare."""
    try:
        thing = _read(data)
    except CannotLoad as error:
        return f"refuses: {error.message}"
    try:
        found = subjects.answers(thing, inputs)
    except Exception as error:  # noqa: BLE001 (whatever another version's state does)
        return f"fails: {type(error).__name__}: {error}"[:200]
    different = [
        question for question, answer in expected.items() if question not in found or not _same(found[question], answer)
    ]
    return f"differs: {', '.join(sorted(different))}" if different else "equal"


def _read(data: bytes) -> Any:
    return formats.sniff(data[: formats.HEAD_SIZE]).load(io.BytesIO(data))


def _same(found: np.ndarray, expected: np.ndarray) -> bool:
    if found.shape != expected.shape:
        return False
    if expected.dtype.kind in "fc":
        return bool(np.allclose(found, expected, rtol=_RTOL, atol=_ATOL, equal_nan=True))
    if expected.dtype.kind in "Mm":
        return bool(np.array_equal(found.astype("i8"), expected.astype("i8")))
    return bool(np.array_equal(found, expected))


def versions() -> dict[str, str]:
    """Return what is installed here."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python, "sklearn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command, *folders = sys.argv[1:]
    if command == "save":
        save(Path(folders[0]))
    else:
        print(json.dumps({folder: load(Path(folder)) for folder in folders}))  # noqa: T201 (its answer)
