"""Large arrays rest in large pages after a load, where the system has them; and are the same everywhere."""

from __future__ import annotations

import ctypes
import io
import pickle
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from jupyter_modelstore import formats
from jupyter_modelstore.formats import _large

LARGE = 3 << 20  # of 8 bytes each
THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def flags_at(address):
    """The kernel's flags for the memory at an address."""
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = int(match[1], 16) <= address < int(match[2], 16)
        elif inside and line.startswith("VmFlags:"):
            return line.split()[1:]
    return []


def load(model, path):
    path.write_bytes(pickle.dumps(model, 5))
    with path.open("rb") as file:
        return formats.by_name("pickle").load(file)


@pytest.mark.skipif(not THP.exists() or "[never]" in THP.read_text(), reason="no large pages here")
def test_a_large_array_rests_in_large_pages(tmp_path):
    loaded = load({"large": np.arange(LARGE), "small": np.arange(9)}, tmp_path / "file")
    assert "hg" in flags_at(loaded["large"].ctypes.data + loaded["large"].nbytes // 2)
    assert np.array_equal(loaded["large"], np.arange(LARGE))
    assert np.array_equal(loaded["small"], np.arange(9))


@pytest.mark.parametrize(
    "model",
    [np.arange(LARGE), np.arange(LARGE).reshape(-1, 8).T, bytes(LARGE), bytearray(LARGE), "x" * LARGE, [np.zeros(9)] * 3],
    ids=["array", "turned", "bytes", "bytearray", "text", "small"],
)
def test_what_is_loaded_is_what_pickle_loads(tmp_path, model):
    loaded = load(model, tmp_path / "file")
    assert type(loaded) is type(model)
    assert np.array_equal(loaded, model)


@pytest.mark.parametrize(
    ("platform", "library"), [("darwin", ctypes.CDLL), ("linux", lambda _: object()), ("linux", lambda _: 1 / 0)]
)
def test_where_there_are_none_it_loads_as_well(tmp_path, monkeypatch, platform, library):
    def none(name):
        try:
            return library(name)
        except ZeroDivisionError as error:
            raise OSError from error

    _large._adviser.cache_clear()
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", none)
    try:
        assert np.array_equal(load(np.arange(LARGE), tmp_path / "file"), np.arange(LARGE))
    finally:
        _large._adviser.cache_clear()


def test_memory_that_cannot_be_advised_is_read_into_all_the_same():
    file = _large.Roomy(io.BytesIO(b"x" * LARGE))
    buffer = memoryview(bytearray(_large._LARGE * 8)).cast("d")
    assert file.readinto(buffer) == LARGE
    assert file.tell() == LARGE
