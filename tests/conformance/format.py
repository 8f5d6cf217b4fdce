"""What every format promises: what it wrote comes back the same, and what is damaged is refused.

A test class inherits :class:`FormatTests` and says how files are written and how they are read by the back door: by the
library that the format belongs to, without this package.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest

from jupyter_modelstore import formats
from jupyter_modelstore.errors import CannotLoad
from jupyter_modelstore.protocols import Dumped, Format


class MemorySink:
    """A file in memory that a format can write to; counts how often it started over."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.restarts = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def write(self, data: Any, /) -> int:
        self.data += memoryview(data).cast("B")
        return memoryview(data).nbytes

    def restart(self) -> None:
        self.data.clear()
        self.restarts += 1


def dump(model: object, fmt: Format | None = None) -> tuple[bytes, Dumped]:
    """Return the bytes that a format writes, and what it says of them."""
    sink = MemorySink()
    dumped = (fmt or formats.default()).dump(model, sink)
    return bytes(sink.data), dumped


def load(data: bytes) -> Any:
    """Load bytes with the format that recognises them."""
    return formats.sniff(data[: formats.HEAD_SIZE]).load(io.BytesIO(data))


def interrupt(*_: object) -> None:
    """Stand in for a user who presses Ctrl-C while a model is rebuilt."""
    raise KeyboardInterrupt


class Interrupting:
    """An object that is interrupted when it is rebuilt."""

    def __reduce__(self):
        return interrupt, ()


_BIG = np.arange(200_000.0).reshape(400, 500)
ARRAYS = {
    "C": _BIG[:5, :7].copy(),
    "Fortran": np.asfortranarray(_BIG[:5, :7]),
    "strided": _BIG[::7, ::3],
    "reversed": _BIG[:9][::-1],
    "transposed 3-D": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "big": _BIG,
    "big Fortran": np.asfortranarray(_BIG),
    "objects": np.array(["a", None, {"b": (1, 2)}], dtype=object),
    "structured": np.array([(1, 2.5, "ä")], dtype=[("i", "<i2"), ("x", "<f8"), ("s", "<U3")]),
    "dates": np.array(["2024-02-29", "NaT"], dtype="datetime64[D]"),
    "text": np.array(["", "日本"]),
    "empty": np.empty((0, 3)),
    "no dimension": np.array(1.5),
}


class FormatTests:
    """The promises of a format."""

    @pytest.fixture
    def fmt(self) -> Format:
        raise NotImplementedError

    def write(self, model: object) -> bytes:
        """Return a file of the format."""
        raise NotImplementedError

    def peek(self, data: bytes) -> Any:
        """Read a file as somebody without this package would."""
        raise NotImplementedError

    def same(self, model: Any) -> Any:
        """Write, read by both doors, and return what our door gave, having seen that the other gave no less."""
        data = self.write(model)
        assert pickle.dumps(type(self.peek(data))) == pickle.dumps(type(model))
        return load(data)

    def test_its_files_are_recognised_by_their_head(self, fmt):
        data = self.write({"array": np.arange(3.0), "words": ["pandas", "joblib"]})
        assert fmt.matches(data[: formats.HEAD_SIZE])
        assert formats.sniff(data[: formats.HEAD_SIZE]).name == fmt.name

    @pytest.mark.parametrize("name", ARRAYS)
    def test_an_array_comes_back_the_same(self, name):
        array = ARRAYS[name]
        for found in (self.peek(self.write([array])), load(self.write([array]))):
            assert found[0].dtype == array.dtype
            assert found[0].shape == array.shape
            assert found[0].tolist() == array.tolist()

    @pytest.mark.parametrize("kind", ["csr_matrix", "csc_array", "coo_matrix", "lil_matrix", "dok_matrix"])
    def test_a_sparse_matrix_comes_back_the_same(self, kind):
        import scipy.sparse

        matrix = getattr(scipy.sparse, kind)(np.eye(5)[:3])
        found = self.same(matrix)
        assert type(found) is type(matrix)
        assert (found.toarray() == matrix.toarray()).all()

    def test_a_table_inside_a_model_comes_back_the_same(self):
        import pandas as pd

        frame = pd.DataFrame(
            {"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"]), "d": pd.to_datetime(["2024", None])}
        )
        found = self.same({"frame": frame})["frame"]
        pd.testing.assert_frame_equal(found, frame)

    def test_a_pipeline_predicts_the_same(self):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        inputs = np.random.RandomState(0).rand(20, 3)
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs, inputs[:, 0] > 0.5)
        found = self.same(model)
        assert (found.predict_proba(inputs) == model.predict_proba(inputs)).all()

    def test_one_object_referred_to_twice_stays_one(self):
        array = np.arange(5.0)
        items = [1]
        found = self.same([array, items, items])
        assert found[1] is found[2]

    def test_a_file_cut_short_is_refused_wherever_it_is_cut(self, fmt):
        data = self.write({"a": np.arange(50.0), "b": list(range(20))})
        for end in sorted({2, 10, len(data) // 3, len(data) // 2, len(data) - 1}):
            with pytest.raises(CannotLoad) as caught:
                fmt.load(io.BytesIO(data[:end]))
            assert caught.value.__cause__ is not None
            assert caught.value.hint

    def test_an_interrupt_during_a_load_passes_through(self, fmt):
        data = self.write(Interrupting())
        with pytest.raises(KeyboardInterrupt):
            fmt.load(io.BytesIO(data))
