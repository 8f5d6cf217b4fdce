"""What is in the way when a model cannot be pickled, and where: ``model.steps[1][1].callback_`` is a lock.

The pickler fails at the object that it was asked for last. So the model is written once more into nothing, the last object is
remembered, and then looked for from the model downwards: attributes, items, what functions and classes refer to. The shortest
path is told. Both are bounded in time; then the error names what is in the way without saying where.
"""

from __future__ import annotations

import functools
import time
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jupyter_modelstore.errors import CannotPickle
from jupyter_modelstore.formats import _by_value
from jupyter_modelstore.names import visible

SECONDS = 2.0
ROOT = "model"
_MAX_PATH = 40

Child = tuple[str, Any]
"""How a path goes on, and what is there."""


def explain(model: object, error: Exception) -> CannotPickle:
    """Return the error that names what cannot be pickled.

    Parameters
    ----------
    model
        What was to be written.
    error
        What the pickler said.
    """
    if _is_too_deep(error):
        return CannotPickle(
            "The model is nested too deeply to be pickled.",
            "Make it flatter (no long linked lists), or raise the limit: import sys; sys.setrecursionlimit(10_000)",
        )
    end = time.monotonic() + SECONDS
    found, reason = _last_asked(model, end)
    reason = reason or error
    path = _path_to(found, model, end) if found is not None else None
    if isinstance(reason, _by_value.OnlyNamed):
        return CannotPickle(
            f"{f'`{path}`' if path else 'The model'} refers to `{visible(str(reason))}` by name, "
            "whose code cannot travel inside the file.",
            "Put that code into a package that is installed in both places, or leave it out in __getstate__.",
        )
    kind = _kind(found) if found is not None else ""
    text = visible(f"{type(reason).__name__}: {reason}")
    if path is None:
        where = f"Something inside the model{f', {kind},' if kind else ''} cannot be pickled."
        return CannotPickle(where, f"Remove it before saving. Python says: {text}")
    return CannotPickle(
        f"`{path}` is {kind}, which cannot be pickled.",
        f"Remove it before saving, e.g. set it to None, or leave it out in __getstate__. Python says: {text}",
    )


def _is_too_deep(error: BaseException) -> bool:
    return isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError)


def _kind(obj: object) -> str:
    if isinstance(obj, types.ModuleType):
        return f"the module {visible(obj.__name__)}"
    if isinstance(obj, (type, types.FunctionType, types.BuiltinFunctionType)):
        what = "class" if isinstance(obj, type) else "function"
        return f"the {what} {visible(obj.__qualname__)}"
    cls = type(obj)
    name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {visible(name)}"


# ── What ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _TimeIsUp(BaseException):
    """A signal, no error: no ``except Exception`` of a model's own code may keep it."""


class _Nothing:
    """A file that forgets."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 (as picklers write)
        return memoryview(data).nbytes


class _Bounded(_by_value.Pickler):
    def __init__(self, end: float) -> None:
        super().__init__(_Nothing())
        self._end = end

    def reducer_override(self, obj: Any, /) -> Any:  # noqa: ANN401 (pickle's hook)
        if time.monotonic() > self._end:
            raise _TimeIsUp
        return super().reducer_override(obj)


def _last_asked(model: object, end: float) -> tuple[object, Exception | None]:
    """Return the object at which pickling fails, and how it fails; None when the time does not suffice."""
    with _by_value.code_of_the_notebook():
        pickler = _Bounded(end)
        try:
            pickler.dump(model)
        except _TimeIsUp:
            return None, None
        except Exception as error:  # noqa: BLE001 (that it fails is known)
            return pickler.last, error
    return None, None  # it went well this time: something changes by itself


# ── Where ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _path_to(wanted: object, model: object, end: float) -> str | None:
    """Return the shortest path from the model to an object in it, or None; breadth first, each object once."""
    queue: deque[tuple[str, object, int]] = deque([(ROOT, model, 0)])
    seen = {id(model): model}  # held, so that ids are not used again
    while queue and time.monotonic() < end:
        path, obj, depth = queue.popleft()
        if obj is wanted:
            return path
        if depth >= _MAX_PATH:
            continue
        for step, child in _children(obj):
            if id(child) not in seen and not isinstance(child, (str, bytes, int, float, complex, type(None))):
                seen[id(child)] = child
                queue.append((path + step, child, depth + 1))
    return None


def _children(obj: object) -> Iterator[Child]:
    """Yield what pickling an object leads to; a step is empty where the path does not go on visibly."""
    if isinstance(obj, Mapping) and type(obj).__module__ in {"builtins", "collections", "types"}:
        for key, value in list(obj.items()):
            yield f"[{visible(repr(key))}]", value
            yield "", key
    if isinstance(obj, (list, tuple, deque)):
        yield from ((f"[{index}]", item) for index, item in enumerate(list(obj)))
    elif isinstance(obj, (set, frozenset)):
        yield from (("", item) for item in list(obj))
    known = [parts for kind, parts in _PARTS.items() if isinstance(obj, kind)]
    for parts in known:
        yield from parts(obj)
    yield from _attributes(obj)
    if not known:
        yield from _state(obj)


def _attributes(obj: object) -> Iterator[Child]:
    if not isinstance(obj, (type, types.ModuleType)):
        yield from ((f".{visible(str(name))}", value) for name, value in list(getattr(obj, "__dict__", {}).items()))
    for cls in type(obj).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                yield f".{visible(name)}", object.__getattribute__(obj, name)
            except AttributeError:
                continue


def _state(obj: object) -> Iterator[Child]:
    """Yield what an object says of itself when it is pickled, and what its attributes do not show."""
    if type(obj).__module__ in {"builtins", "numpy"} and not hasattr(obj, "dtype"):
        return
    try:
        state = obj.__reduce_ex__(5)
    except Exception:  # noqa: BLE001 (this may well be what is in the way)
        return
    if isinstance(state, tuple):
        for part in state[1:]:
            if isinstance(part, dict):
                yield from ((f".{visible(str(name))}", value) for name, value in part.items())
            elif isinstance(part, tuple):
                yield from (("", item) for item in part)
                yield from ((f".{visible(str(k))}", v) for item in part if isinstance(item, dict) for k, v in item.items())
            else:
                yield "", part


def _of_function(function: types.FunctionType) -> Iterator[Child]:
    """Yield what a function that travels by value takes along: its variables from outside, its defaults."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield f" → {visible(name)}", cell.cell_contents
            yield "", cell
        except ValueError:  # an empty cell
            continue
    names = set(code.co_names)
    names.update(name for const in code.co_consts if isinstance(const, types.CodeType) for name in const.co_names)
    yield from ((f" → {visible(name)}", function.__globals__[name]) for name in sorted(names) if name in function.__globals__)
    defaults = function.__defaults__ or ()
    named = dict(zip(code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount], defaults, strict=True))
    yield from ((f" → {visible(name)}", value) for name, value in (named | (function.__kwdefaults__ or {})).items())


def _of_namespace(owner: type | types.ModuleType) -> Iterator[Child]:
    if isinstance(owner, type) and owner.__module__ == "builtins":
        return
    yield from (
        (f" → {visible(str(name))}", value) for name, value in list(vars(owner).items()) if not str(name).startswith("__")
    )
    if isinstance(owner, type):
        yield from (("", base) for base in owner.__bases__)


def _of_method(method: types.MethodType) -> Iterator[Child]:
    yield ".__self__", method.__self__
    yield "", method.__func__


def _of_partial(partial: functools.partial[Any]) -> Iterator[Child]:
    yield ".func", partial.func
    yield ".args", partial.args
    yield ".keywords", partial.keywords


_PARTS: dict[Any, Callable[[Any], Iterator[Child]]] = {
    types.FunctionType: _of_function,
    types.MethodType: _of_method,
    functools.partial: _of_partial,
    type: _of_namespace,
    types.ModuleType: _of_namespace,
    (classmethod, staticmethod): lambda obj: iter([("", obj.__func__)]),
    property: lambda obj: (("", part) for part in (obj.fget, obj.fset, obj.fdel) if part is not None),
}
