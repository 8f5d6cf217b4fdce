"""Is it still the same object in the same state? A print of an object, taken in well under a millisecond.

A print holds numbers, texts and weak references, never a reference that keeps anything alive. Two prints agree if every
object that was seen is still the same one, and every number, and a sample of every array, has not changed. A fit makes new
arrays or new numbers, so that it never goes unseen; an array that is changed in place shows where it is small (wholly looked
at) or where the sample falls, which is why whoever reads the cells treats a visible assignment as a change all the same.
"""

from __future__ import annotations

import re
import sys
import weakref
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jupyter_modelstore.capture._kinds import ANY_ERROR, is_a, kind_of, peek, state_of

_MOST_PARTS = 1_500
_MOST_DEPTH = 7
_ENDS = 6  # of a list, so many from each end; its length counts too
_MOST_ITEMS = 60  # of a dict
_SMALL = 4_096  # bytes of an array that are looked at wholly
_SAMPLE = 64
_MOST_WRAPPED = 2
_IGNORED = re.compile(r".*_cache|__doc__|diagn|_nobs.*")
"""What libraries fill while they are only asked: statsmodels keeps what it has computed, and adds to it for a summary."""

_PLAIN = (str, int, bool, complex, bytes, type(None))


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """The state of an object at one moment."""

    values: tuple[Any, ...]
    objects: tuple[weakref.ref[Any], ...]

    def same(self, other: Print) -> bool:
        """Tell whether two prints are of one object in one state."""
        if self.values != other.values or len(self.objects) != len(other.objects):
            return False
        pairs = zip(self.objects, other.objects, strict=True)
        return all((found := one()) is not None and found is two() for one, two in pairs)


def take(model: object) -> Print:
    """Return an object's print. It never raises, and runs nothing of the user's but ``__dict__`` and slots."""
    walk = _Walk()
    walk.see(model, 0)
    return Print(tuple(walk.values), tuple(walk.objects))


def contents(value: object) -> Any:  # noqa: ANN401 (plain values)
    """Return a sample of the values of an array or a column, to be compared; an empty text for anything else."""
    values = value if _is_array(value) else peek(value, "array") if kind_of(value).data else None
    for _ in range(_MOST_WRAPPED):  # pandas wraps numpy's arrays
        if _is_array(values):
            return _array(values)
        values = peek(values, "_ndarray")
    return ""


class _Walk:
    """One way through an object's parts, each seen once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.objects: list[weakref.ref[Any]] = []
        self._seen: set[int] = set()

    def see(self, value: object, depth: int) -> None:
        kind = type(value)
        if kind in _PLAIN:
            self.values.append(value if kind is not str or len(value) < 200 else hash(value))  # type: ignore[arg-type]  # noqa: PLR2004 (as long as a text is kept)
            return
        if kind is float:
            self.values.append(float.hex(value))  # type: ignore[arg-type]  # NaN is NaN here
            return
        if id(value) in self._seen or depth > _MOST_DEPTH or len(self._seen) > _MOST_PARTS:
            self.values.append(kind.__name__)
            return
        self._seen.add(id(value))
        self._see_object(value, depth)

    def _see_object(self, value: object, depth: int) -> None:
        if is_a(value, (dict, list, tuple, set, frozenset)):
            self._see_container(value, depth)
        elif _is_array(value):
            self._point_at(value)
            self.values.append(_array(value))
        elif is_a(value, type) or type(value).__module__ in {"builtins", "types"}:
            self._point_at(value)
        else:
            self._point_at(value)
            self._see_state(value, depth)

    def _point_at(self, value: object) -> None:
        try:
            self.objects.append(weakref.ref(value))
        except TypeError:
            self.values.append(id(value))
        self.values.append(type(value).__name__)

    def _see_container(self, value: Any, depth: int) -> None:  # noqa: ANN401 (a builtin container)
        kind = type(value).__name__
        if is_a(value, dict):
            self.values.append((kind, dict.__len__(value)))
            for key, item in list(islice(dict.items(value), _MOST_ITEMS)):
                self.see(key, depth + 1)
                self.see(item, depth + 1)
        elif is_a(value, (list, tuple)):
            base: Any = list if is_a(value, list) else tuple
            size = base.__len__(value)
            self.values.append((kind, size))
            for index in range(size) if size <= 2 * _ENDS else (*range(_ENDS), *range(size - _ENDS, size)):
                self.see(base.__getitem__(value, index), depth + 1)
        else:
            self.values.append((kind, len(value)))

    def _see_state(self, value: object, depth: int) -> None:
        if type(value).__module__ == "sklearn.tree._tree":
            self.values.append(_tree(value))
            return
        if kind_of(value).data:  # a table: which object it is, and how large, says enough
            self.values.append(str(peek(value, "shape")))
            return
        version = peek(value, "_version") if type(value).__module__.startswith("torch") else None
        self.values.append(version if type(version) is int else None)
        for name, part in state_of(value).items():
            if not _IGNORED.fullmatch(name):
                self.values.append(name)
                self.see(part, depth + 1)


def _is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and is_a(value, (numpy.ndarray, numpy.generic))


def _array(array: Any) -> Any:  # noqa: ANN401 (numpy's)
    """Return shape, type, place in memory, and contents as far as looked at."""
    try:
        pointer = array.__array_interface__["data"][0] if array.ndim else 0
        head = (array.shape, array.dtype.str, pointer)
        if array.dtype.hasobject:
            return (*head, tuple(map(id, array.ravel()[:_SAMPLE])) if array.flags.c_contiguous else 0)
        if array.nbytes <= _SMALL:
            return (*head, array.tobytes())
        flat = array.reshape(-1) if array.flags.c_contiguous else array.T.reshape(-1) if array.flags.f_contiguous else array[0]
        step = max(flat.shape[0] // _SAMPLE, 1)
        return (*head, flat[::step][: _SAMPLE + 1].tobytes(), flat[-1:].tobytes())
    except ANY_ERROR:
        return id(array)


def _tree(tree: Any) -> Any:  # noqa: ANN401 (scikit-learn's, in C)
    try:
        thresholds = tree.threshold
        step = max(len(thresholds) // _SAMPLE, 1)
        return (tree.node_count, thresholds[::step][:_SAMPLE].tobytes(), tree.value.reshape(-1)[:_SAMPLE].tobytes())
    except ANY_ERROR:
        return id(tree)
