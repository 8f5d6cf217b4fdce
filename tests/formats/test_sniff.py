"""A format is told by content, and what is no model is refused by what it is; nothing is unpickled for that."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import pickle
import zipfile
import zlib

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelstore import formats
from jupyter_modelstore.errors import InvalidValue


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("data.pkl", pickle.dumps([1]))
    return file.getvalue()


def array_file():
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>sign in</html>", "web page"),
        (b"\n  <html lang=en>", "web page"),
        (json.dumps({"error": "not found"}).encode(), "JSON"),
        (b'[{"a": 1}]', "JSON"),
        (archive(), "zip"),
        (array_file(), "numpy array"),
        (b"\x89HDF\r\n\x1a\n....", "HDF5"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02", "torch"),
        (b"ZF0x5 xx", "joblib before"),
        (b"Not found", "neither"),
        (b"hello, world", "neither"),
        (b"cnot a module\nname with space\n.", "neither"),
        (b"Pid\n.", "neither"),
        (b"\x80", "neither"),
        (b"\x80\x09K\x01.", "neither"),
        (b"\x80\x04\xff\xff", "neither"),
        (b"N.", "neither"),
        (gzip.compress(b"just text", mtime=0), "neither"),
        (b"\x1f\x8b broken", "neither"),
    ],
    ids=range(20),  # the zip archive holds the time
)
def test_what_is_no_model_is_refused(data, word):
    with pytest.raises(InvalidValue, match=word) as caught:
        formats.sniff(data)
    assert caught.value.hint


COMPRESSIONS = [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)]


@pytest.mark.parametrize("compress", COMPRESSIONS, ids=str)
def test_joblib_files_are_told_by_their_content(compress):
    file = io.BytesIO()
    joblib.dump({"a": np.arange(300.0)}, file, compress=compress)
    assert formats.sniff(file.getvalue()[: formats.HEAD_SIZE]).name == "joblib"


@pytest.mark.parametrize("compress", COMPRESSIONS, ids=str)
def test_a_large_file_is_told_even_if_its_first_block_is_longer_than_the_head(compress):
    file = io.BytesIO()
    joblib.dump({"a": np.random.RandomState(0).rand(200_000)}, file, compress=compress)
    assert formats.sniff(file.getvalue()[: formats.HEAD_SIZE]).name == "joblib"


@pytest.mark.parametrize("squeeze", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_plain_pickle_is_read_as_joblib_reads_it(squeeze):
    data = squeeze(pickle.dumps({"a": 1}))
    assert formats.sniff(data).load(io.BytesIO(data)) == {"a": 1}


def test_nothing_is_executed_to_tell(tmp_path):
    target = tmp_path / "executed"
    attack = b"cos\nmkdir\n(V" + str(target).encode() + b"\ntR."
    assert formats.sniff(attack).name == "pickle"
    assert formats.sniff(gzip.compress(attack)).name == "joblib"
    assert not target.exists()


@given(st.binary(max_size=300))
def test_any_bytes_are_told_or_refused_and_nothing_else(data):
    for head in (data, b"\x80\x04" + data, b"\x78\x9c" + data, b"BZh9" + data):
        with contextlib.suppress(InvalidValue):
            assert formats.sniff(head).name in formats.FORMATS


@given(st.text(max_size=200))
def test_text_is_never_taken_for_a_model(text):
    with pytest.raises(InvalidValue):
        formats.sniff(text.encode())


def test_formats_are_found_by_name():
    assert formats.by_name("joblib").suffix == ".joblib"
    assert formats.by_name(formats.default().name) is formats.default()
    with pytest.raises(InvalidValue, match="from_tomorrow"):
        formats.by_name("from_tomorrow")
