"""Names that numpy and scikit-learn moved between versions, and the few arguments that changed with them.

A pickle holds the names of classes and functions, and libraries move them: what numpy 2 wrote asks for ``numpy._core``, which
numpy 1.26 calls ``numpy.core``. :func:`find` asks for the stored name first, and for its other homes only if it is not there.
(numpy's core is told apart by numpy's version: there the old name still answers, with a warning.) A few helpers that build
numpy's and scikit-learn's objects got other arguments, or went; their small replacements stand below. Nothing here changes
what a model does: where a library changed behaviour, the load fails or differs, and the tests list it by name.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

Finder = Callable[[str, str], Any]

_CORES = ("numpy.core", "numpy._core")
_SPLIT = 2
"""The major version of numpy that moved its core, and with it how random generators are pickled."""

_HOMES = (
    ("numpy.rec", "numpy._core.records", "numpy.core.records"),
    ("numpy.char", "numpy.strings", "numpy._core.defchararray", "numpy.core.defchararray"),
    ("numpy.exceptions", "numpy"),
    ("_loss", "sklearn._loss._loss"),  # 1.5 and 1.6 forgot the package
    ("sklearn.model_selection._classification_threshold", "sklearn.metrics._scorer"),
    ("sklearn.tree._splitter", "sklearn.tree._partitioner"),
    ("sklearn.ensemble._hist_gradient_boosting._bitset", "sklearn.utils._bitset"),
    (
        "sklearn.utils",
        "sklearn.utils._indexing",
        "sklearn.utils._chunking",
        "sklearn.utils._mask",
        "sklearn.utils._missing",
        "sklearn.utils._optional_dependencies",
        "sklearn.utils._user_interface",
        "sklearn.utils.extmath",
        "sklearn.utils.fixes",
        "sklearn.utils.parallel",
        "sklearn.utils.validation",
    ),
)
"""Modules between which names were moved, in either direction."""


def find(finder: Finder, module: str, name: str) -> Any:  # noqa: ANN401 (whatever the file names)
    """Return what a file calls ``module.name``, under the name that it has here.

    Parameters
    ----------
    finder
        The unpickler's own ``find_class``.
    module, name
        As stored.

    Raises
    ------
    ImportError, AttributeError
        As the finder raised them for the stored name.
    """
    if module.startswith("numpy."):
        module = _core_here(module)
        if repair := _repairs().get((module, name)):
            return repair
    try:
        return finder(module, name)
    except (ImportError, AttributeError):
        for other in _elsewhere(module):
            if found := _try(finder, other, name):
                return found
        if name.startswith("__pyx_unpickle_Cy") and module in {"_loss", "sklearn._loss._loss"}:
            return _loss
        raise


def _try(finder: Finder, module: str, name: str) -> Any:  # noqa: ANN401 (see above)
    try:
        return finder(module, name)
    except (ImportError, AttributeError):
        return None


def _elsewhere(module: str) -> list[str]:
    """Return where else what a module had may be."""
    return [other for group in _HOMES if module in group for other in group if other != module]


def _core_here(module: str) -> str:
    """Return the name under which this numpy has a module of its core."""
    for core in _CORES:
        if module == core or module.startswith(core + "."):
            return _CORES[_numpy_major() >= _SPLIT] + module[len(core) :]
    return module


@functools.cache
def _numpy_major() -> int:
    return int(importlib.import_module("numpy").__version__.partition(".")[0])


# ── Replacements ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@functools.cache
def _repairs() -> dict[tuple[str, str], Callable[..., Any]]:
    """Return what this numpy's own helpers cannot do that newer ones can; empty where they can."""
    repairs: dict[tuple[str, str], Callable[..., Any]] = {}
    numeric = importlib.import_module(_core_here("numpy.core.numeric"))
    if "axis_order" not in numeric._frombuffer.__code__.co_varnames:  # noqa: SLF001 (the function that pickles name)
        repairs[numeric.__name__, "_frombuffer"] = _frombuffer
    if _numpy_major() < _SPLIT:
        repairs["numpy.random._pickle", "__bit_generator_ctor"] = _bit_generator
        repairs["numpy.random._pickle", "__generator_ctor"] = functools.partial(_random, "Generator")
        repairs["numpy.random._pickle", "__randomstate_ctor"] = functools.partial(_random, "RandomState")
    return repairs


def _frombuffer(buffer: Any, dtype: Any, shape: Any, order: str, axis_order: Any = None) -> Any:  # noqa: ANN401 (numpy's)
    """Rebuild an array as numpy's function of this name does; newer ones also write arrays whose axes were swapped."""
    array = importlib.import_module("numpy").frombuffer(buffer, dtype=dtype)
    if order == "K" and axis_order is not None:
        return array.reshape(shape, order="C").transpose(axis_order)
    return array.reshape(shape, order=order)


def _bit_generator(kind: Any = "MT19937") -> Any:  # noqa: ANN401 (a class, or its name)
    """Make a bit generator that takes the state of numpy 1 (a dict) and of numpy 2 (a pair)."""
    return _of_both(kind.__name__ if isinstance(kind, type) else kind)()


@functools.cache
def _of_both(name: str) -> Any:  # noqa: ANN401 (a class made of numpy's)
    base: Any = importlib.import_module("numpy.random._pickle").BitGenerators[name]

    def set_state(self: Any, state: Any) -> None:  # noqa: ANN401 (numpy's)
        if isinstance(state, tuple):
            state, seed = state
            if seed is not None:
                base.__init__(self, seed)  # keeps the seed's sequence, from which spawn() goes on
        base.__setstate__(self, state)

    return type(name, (base,), {"__slots__": (), "__module__": base.__module__, "__setstate__": set_state})


def _random(name: str, source: Any = "MT19937", make: Any = _bit_generator) -> Any:  # noqa: ANN401 (numpy's)
    """Make a Generator or RandomState of a bit generator (numpy 2), or of the name of one (numpy 1)."""
    random = importlib.import_module("numpy.random")
    return getattr(random, name)(source if isinstance(source, random.BitGenerator) else make(source))


def _loss(cls: Callable[..., Any], _checksum: int, state: tuple[float, ...] | None = None) -> Any:  # noqa: ANN401 (sklearn's)
    """Make a loss of scikit-learn from what Cython's helper was given before 1.7: its one parameter, if it has any."""
    return cls(*(state or ()))
