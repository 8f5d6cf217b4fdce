"""The joblib format: every file that joblib writes is read; what is cut short or goes on after its end is refused."""

from __future__ import annotations

import builtins
import gzip
import io
import pickle
import sys
import zlib

import joblib
import numpy as np
import pytest
from conformance.format import FormatTests, load

from jupyter_modelstore import formats
from jupyter_modelstore.errors import CannotLoad
from jupyter_modelstore.formats import _joblib

COMPRESSIONS = [("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)]


def written(model, compress=0):
    file = io.BytesIO()
    joblib.dump(model, file, compress=compress)
    return file.getvalue()


class TestJoblib(FormatTests):
    """The conformance suite, for files as joblib writes them."""

    @pytest.fixture
    def fmt(self):
        return formats.by_name("joblib")

    def write(self, model):
        return written(model)

    def peek(self, data):
        return joblib.load(io.BytesIO(data))


class TestCompressed(TestJoblib):
    """The same, compressed."""

    def write(self, model):
        return written(model, ("gzip", 1))


@pytest.mark.parametrize("compress", COMPRESSIONS, ids=str)
def test_every_compression_is_read(compress):
    model = {"array": np.arange(100_000.0), "words": ["a"] * 3}
    found = load(written(model, compress))
    assert (found["array"] == model["array"]).all()
    assert found["words"] == model["words"]


@pytest.mark.parametrize("compress", COMPRESSIONS, ids=str)
@pytest.mark.timeout(20)
def test_bytes_after_the_stream_are_refused(compress):
    data = written({"array": np.arange(1000.0)}, compress)
    for after in (b"x", data, b"\0" * 300_000):
        with pytest.raises(CannotLoad):
            formats.by_name("joblib").load(io.BytesIO(data + after))


@pytest.mark.timeout(20)
def test_two_gzip_members_are_refused_and_do_not_run_for_ever():
    data = pickle.dumps(list(range(1000)))
    with pytest.raises(CannotLoad, match="something follows"):
        formats.by_name("joblib").load(io.BytesIO(gzip.compress(data[:500]) + gzip.compress(data[500:])))


@pytest.mark.parametrize("compress", COMPRESSIONS, ids=str)
def test_a_stream_cut_anywhere_is_refused(compress):
    data = written({"array": np.arange(1000.0)}, compress)
    for end in {len(data) // 2, len(data) - 1}:
        with pytest.raises(CannotLoad):
            formats.by_name("joblib").load(io.BytesIO(data[:end]))


def test_a_changed_byte_in_a_compressed_stream_is_refused():
    data = bytearray(written({"array": np.random.RandomState(0).rand(1000)}, ("gzip", 1)))
    data[len(data) // 2] ^= 1
    with pytest.raises(CannotLoad):
        load(bytes(data))


def test_a_second_object_in_the_stream_is_refused():
    data = zlib.compress(pickle.dumps(1) + pickle.dumps(2))
    with pytest.raises(CannotLoad, match="goes on"):
        load(data)


def test_a_large_stream_is_read_in_pieces():
    taken = []

    class Watched(io.BytesIO):
        def read(self, size=-1, /):
            taken.append(size)
            return super().read(size)

    data = written({"array": np.random.RandomState(0).rand(300_000)}, ("zlib", 1))
    formats.by_name("joblib").load(Watched(data))
    assert 0 < max(taken) < len(data)
    assert -1 not in taken


def test_without_lz4_the_error_names_what_to_install(monkeypatch):
    data = written({"array": np.arange(9.0)}, ("lz4", 1))
    original = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("lz4"):
            raise ImportError(name)
        return original(name, *arguments, **options)

    for name in [name for name in sys.modules if name.partition(".")[0] == "lz4"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert formats.sniff(data).name == "joblib"
    with pytest.raises(CannotLoad) as caught:
        load(data)
    assert caught.value.hint == "pip install lz4"


def test_a_file_of_joblib_before_0_10_is_refused_without_looking_for_its_arrays(tmp_path, monkeypatch):
    from joblib.numpy_pickle_compat import NDArrayWrapper

    monkeypatch.chdir(tmp_path)
    np.save("array.npy", np.zeros(3))
    data = pickle.dumps(NDArrayWrapper("array.npy", np.ndarray))
    with pytest.raises(CannotLoad, match=r"before 0\.10"):
        formats.by_name("joblib").load(io.BytesIO(data))


def test_moved_names_are_mapped_in_joblib_files_too():
    data = written({"a": np.array([None, 1], dtype=object), "b": np.float64(1.5)})
    assert b"numpy._core.multiarray" in data or b"numpy.core.multiarray" in data
    old = written({"b": np.float64(1.5)}).replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
    body = bytearray(old)
    start = body.index(b"\x95") + 1
    body[start : start + 8] = (len(body) - start - 8).to_bytes(8, "little")
    assert formats.by_name("joblib").load(io.BytesIO(bytes(body))) == {"b": 1.5}


def test_the_reader_takes_joblibs_older_constructor(monkeypatch):
    from joblib import numpy_pickle

    class Older(numpy_pickle.NumpyUnpickler):
        def __init__(self, filename, file_handle, mmap_mode=None):
            super().__init__(filename, file_handle, True, mmap_mode)

    monkeypatch.setattr(numpy_pickle, "NumpyUnpickler", Older)
    _joblib._reader.cache_clear()
    try:
        assert (load(written(np.arange(5.0))) == np.arange(5.0)).all()
    finally:
        _joblib._reader.cache_clear()
