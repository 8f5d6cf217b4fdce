"""What stands beside: the plain steps of the same work, joblib, pins, and mlflow as it comes and as well as a user can tune it.

The plain steps promise what a save here promises: whole or not there, forced to the disk, with a digest. joblib is given the
same care for its file; pins and mlflow run as they document it, and force no model to the disk.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PIECE = 1 << 20


def keep_whole(path: Path, write: Callable[[Any], object]) -> None:
    """Write beside, force to the disk, rename, force the directory."""
    part = path.with_suffix(".part")
    with part.open("xb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


class BytesAndRow:
    """Crash-safe write of ready bytes, then a row of as many bytes as ours: nothing is pickled, described or looked up."""

    def __init__(self, directory: Path, row_size: int) -> None:
        directory.mkdir()
        self._directory = directory
        self._row = "x" * row_size
        self._database = sqlite3.connect(directory / "rows.sqlite3", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=DELETE",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE kept (id TEXT PRIMARY KEY, row TEXT NOT NULL)",
        ):
            self._database.execute(statement)

    def save(self, data: bytes) -> None:
        key = str(uuid.uuid4())
        keep_whole(self._directory / f"{key}.pkl", lambda file: file.write(data))
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("INSERT INTO kept VALUES (?, ?)", (key, self._row))
        self._database.execute("COMMIT")


def digest(path: Path) -> str:
    """sha256 of a file, read into one buffer of 1 MiB."""
    sha256, buffer = hashlib.sha256(), bytearray(_PIECE)
    with path.open("rb") as file, memoryview(buffer) as view:
        while count := file.readinto(buffer):
            sha256.update(view[:count])
    return sha256.hexdigest()


class Steps:
    """C pickle, sha256, write and fsync, one after the other, in one of two orders."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory

    def new(self) -> Path:
        return self._directory / f"{uuid.uuid4()}.pkl"

    def through_file(self, model: object) -> Path:
        """Pickle into the file, then read it again for the digest: needs no memory."""
        path = self.new()

        def write(file: Any) -> None:
            pickle.dump(model, file, 5)
            file.flush()
            digest(Path(file.name))

        keep_whole(path, write)
        return path

    def through_memory(self, model: object) -> Path:
        """Pickle into memory, hash, write: a second copy of the model in memory."""
        path = self.new()
        data = pickle.dumps(model, 5)
        hashlib.sha256(data).hexdigest()
        keep_whole(path, lambda file: file.write(data))
        return path

    def joblib(self, model: object) -> Path:
        import joblib

        path = self.new()
        keep_whole(path, lambda file: joblib.dump(model, file))
        return path


def load_plain(path: Path) -> object:
    """sha256 of the file, then ``pickle.load``."""
    digest(path)
    with path.open("rb") as file:
        return pickle.load(file)


class Pins:
    name = "pins"

    def __init__(self, directory: Path) -> None:
        import pins

        self._directory = directory
        self.board = pins.board_folder(str(directory), allow_pickle_read=True)

    def save(self, model: object) -> None:
        self.board.pin_write(model, "churn", type="joblib")

    def load(self) -> object:
        return self.board.pin_read("churn")

    def forget(self, _: object = None) -> None:
        shutil.rmtree(self._directory / "churn", ignore_errors=True)


class Mlflow:
    """mlflow with a SQLite store; tuned: cloudpickle, and the requirements given, so that nothing is inferred."""

    def __init__(self, directory: Path, *, tuned: bool) -> None:
        os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
        import mlflow
        import mlflow.sklearn

        logging.disable(logging.CRITICAL)
        directory.mkdir(exist_ok=True)
        self.name = "mlflow tuned" if tuned else "mlflow default"
        self._mlflow, self._artifacts = mlflow, directory / "artifacts"
        self._store = f"sqlite:///{directory}/mlflow.db"
        self._options: dict[str, Any] = {}
        if tuned:
            self._options = {
                "serialization_format": "cloudpickle",
                "pip_requirements": ["scikit-learn", "numpy", "cloudpickle"],
            }
        self._use()
        mlflow.create_experiment(self.name, artifact_location=self._artifacts.as_uri())

    def _use(self) -> None:
        self._mlflow.set_tracking_uri(self._store)
        self._mlflow.set_registry_uri(self._store)

    def save(self, model: object) -> None:
        self._use()
        self._mlflow.set_experiment(self.name)
        with self._mlflow.start_run():
            self._mlflow.sklearn.log_model(model, name="churn", registered_model_name="churn", **self._options)

    def load(self) -> object:
        self._use()
        return self._mlflow.sklearn.load_model("models:/churn/latest")

    def forget(self, _: object = None) -> None:
        shutil.rmtree(self._artifacts, ignore_errors=True)

    def client(self) -> Any:
        self._use()
        return self._mlflow.MlflowClient()
