"""Names that libraries moved are found where they are here, and nowhere else."""

from __future__ import annotations

import importlib
import io
import pickle

import numpy as np
import pytest
from conformance.format import load

from jupyter_modelstore.errors import CannotLoad
from jupyter_modelstore.formats import _moved


def real(module, name):
    return getattr(importlib.import_module(module), name)


def named(module, name):
    return b"\x80\x04" + pickle.dumps(module, 4)[2:-1] + pickle.dumps(name, 4)[2:-1] + b"\x93."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.core._internal", "_ctypes"),
        ("numpy.core.records", "recarray"),
        ("numpy.rec", "recarray"),
        ("numpy._core.defchararray", "chararray"),
        ("numpy.core.defchararray", "lower"),
        ("_loss", "CyHalfSquaredError"),
        ("sklearn.utils", "_safe_indexing"),
        ("sklearn.utils._indexing", "_safe_indexing"),
        ("sklearn.utils._chunking", "gen_batches"),
        ("sklearn.model_selection._classification_threshold", "_CurveScorer"),
    ],
)
def test_a_name_of_either_version_is_found(module, name):
    found = load(named(module, name))
    assert getattr(found, "__name__", name).rpartition(".")[2] == name


def test_the_stored_name_comes_first():
    asked = []

    def finder(module, name):
        asked.append(module)
        return "here"

    assert _moved.find(finder, "sklearn.utils", "shuffle") == "here"
    assert asked == ["sklearn.utils"]


def test_a_name_that_is_nowhere_is_refused_as_it_is_stored():
    with pytest.raises(AttributeError, match="sklearn\\.utils'"):
        _moved.find(real, "sklearn.utils", "never_was")
    with pytest.raises(CannotLoad, match="never_was"):
        load(named("sklearn.never_was", "x"))


def test_a_loss_from_before_1_7_is_made_with_its_parameter():
    rebuild = load(named("_loss", "__pyx_unpickle_CyHalfTweedieLoss"))
    cls = real("sklearn._loss._loss", "CyHalfTweedieLoss")
    made = rebuild(cls, 123, (1.5,))
    assert type(made) is cls
    assert made.__reduce__()[1] == (1.5,)
    plain = real("sklearn._loss._loss", "CyHalfSquaredError")
    assert type(rebuild(plain, 123)) is plain


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1)])
def test_the_replacement_for_older_numpy_rebuilds_swapped_axes(order):
    array = np.arange(24.0).reshape(2, 3, 4)
    swapped = array.transpose(order)
    assert (_moved._frombuffer(array.tobytes(), array.dtype, array.shape, "K", order) == swapped).all()
    assert (_moved._frombuffer(array.tobytes(), array.dtype, array.shape, "C") == array).all()


@pytest.mark.parametrize("kind", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_the_replacement_for_older_numpy_takes_a_generators_state_of_both_versions(kind):
    cls = getattr(np.random, kind)
    original = np.random.Generator(cls(7))
    original.random(3)
    state = original.bit_generator.state
    for name_or_class, given in [(kind, state), (cls, (state, original.bit_generator.seed_seq)), (cls, (state, None))]:
        made = _moved._bit_generator(name_or_class)
        made.__setstate__(given)
        copied = np.random.Generator(cls(7))
        copied.random(3)
        assert _moved._random("Generator", made).random() == copied.random()
    made = _moved._bit_generator(cls)
    made.__setstate__((state, pickle.loads(pickle.dumps(original.bit_generator.seed_seq))))
    assert np.random.Generator(made).spawn(1)[0].random() == original.spawn(1)[0].random()


def test_the_replacement_for_older_numpy_makes_generators_by_name_too():
    for name, cls in [("Generator", np.random.Generator), ("RandomState", np.random.RandomState)]:
        assert isinstance(_moved._random(name, "MT19937"), cls)


def test_the_replacements_are_used_under_older_numpy_only(monkeypatch):
    monkeypatch.setattr(_moved, "_numpy_major", lambda: 1)
    _moved._repairs.cache_clear()
    try:
        assert _moved._core_here("numpy._core.multiarray") == "numpy.core.multiarray"
        assert _moved._core_here("numpy.corelike") == "numpy.corelike"
        assert ("numpy.random._pickle", "__randomstate_ctor") in _older_repairs(monkeypatch)
    finally:
        _moved._repairs.cache_clear()


def _older_repairs(monkeypatch):
    """Return the replacements that a numpy without ``axis_order`` would get."""
    import types

    numeric = types.ModuleType("numpy.core.numeric")
    exec("def _frombuffer(buf, dtype, shape, order): ...", vars(numeric))  # noqa: S102 (numpy 1.26's signature)
    original = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name: numeric if name.endswith("numeric") else original(name))
    repairs = _moved._repairs()
    assert ("numpy.core.numeric", "_frombuffer") in repairs
    assert (
        _moved.find(lambda module, name: pytest.fail("not asked"), "numpy._core.numeric", "_frombuffer") is _moved._frombuffer
    )
    return repairs


def test_an_array_of_numpy_1_is_read_without_a_warning():
    data = pickle.dumps(np.float64(2.5), 4).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    data = data.replace(b"\x8c\x16numpy.core", b"\x8c\x15numpy.core")
    if data[2:3] == b"\x95":
        data = data[:3] + (len(data) - 11).to_bytes(8, "little") + data[11:]
    assert pickle.Unpickler(io.BytesIO(data)) is not None
    assert load(data) == 2.5
