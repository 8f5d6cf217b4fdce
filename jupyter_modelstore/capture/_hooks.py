"""Code that Python runs without a call in sight: properties, ``__getitem__``, ``__repr__``, ``__exit__``, generators.

Who reads a cell sees ``holder.value`` and cannot know that it fits a model anew. So a class of the notebook's that has such
hooks is strange, unless they do no more than compute and print: what they call is known by its name in the bytecode. Classes
of installed distributions are not strange; they know nothing of the notebook's models.
"""

from __future__ import annotations

import builtins
import dis
import sys
import threading
import types
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from jupyter_modelstore import _owners

LAZY = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
"""What runs somebody's code when it is asked for its next value."""

_NO_HOOKS = frozenset(
    {
        *("__init__", "__new__", "__post_init__", "__init_subclass__", "__class_getitem__", "__replace__", "__annotate__"),
        *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__annotate_func__"),
    }
)
"""Special methods that run at a call that is seen, or when a file is written."""
_QUIET_METHODS = frozenset(
    {
        *(
            "format",
            "join",
            "items",
            "keys",
            "values",
            "get",
            "append",
            "extend",
            "split",
            "strip",
            "lower",
            "upper",
            "replace",
        ),
        *("time", "perf_counter", "process_time", "monotonic", "now", "isoformat", "strftime", "total_seconds", "sqrt", "exp"),
        *(
            "mean",
            "sum",
            "min",
            "max",
            "std",
            "count",
            "index",
            "copy",
            "sort",
            "__init__",
            "__repr__",
            "__enter__",
            "__exit__",
        ),
    }
)
_FITS_BY_ITSELF = frozenset({"exec", "eval", "setattr", "getattr", "globals", "vars", "next", "map", "iter", "__import__"})
_QUIET_BUILTINS = frozenset(vars(builtins)) - _FITS_BY_ITSELF
_ANSWERS = ("fit", "predict", "predict_proba", "decision_function", "score", "transform")
_PLAIN = (types.FunctionType, staticmethod, classmethod, types.MemberDescriptorType, types.GetSetDescriptorType)


def are_strange(bases: list[tuple[str, Mapping[str, Any]]]) -> bool:
    """Tell whether a class runs code of nobody's library where no call is seen.

    Parameters
    ----------
    bases
        Of the class and of all its bases, the module and the attributes.
    """
    return any(
        _is_hook(name, attribute)
        for module, attributes in bases
        if not _owners.is_owned(module)
        for name, attribute in attributes.items()
    )


def is_patched(model: object) -> bool:
    """Tell whether somebody put code of the notebook's into a library's class: its answers are no longer the class's."""
    for name in _ANSWERS:
        for base in type.__dict__["__mro__"].__get__(type(model)):
            attribute = type.__dict__["__dict__"].__get__(base).get(name)
            if type(attribute) is types.FunctionType:
                if _owners.is_owned(base.__module__) and not _owners.is_owned(str(attribute.__globals__.get("__name__"))):
                    return True
                break
    return False


def is_somebody_at_work() -> bool:
    """Tell whether a thread runs code of the notebook's beside the cell."""
    return any(
        not _owners.is_owned(str(getattr(part, "__module__", None) or "builtins"))
        for thread in threading.enumerate()
        for part in (type(thread), getattr(thread, "_target", None))
        if part is not None
    )


def _is_hook(name: str, attribute: object) -> bool:
    if type(attribute) is property:
        return any(not _is_quiet(part) for part in (attribute.fget, attribute.fset) if part is not None)
    if type(attribute) is cached_property:
        return not _is_quiet(attribute.func)
    if name.startswith("__") and name.endswith("__") and name not in _NO_HOOKS and type(attribute) in _PLAIN[:3]:
        return not _is_quiet(getattr(attribute, "__func__", attribute))
    return hasattr(type(attribute), "__get__") and type(attribute) not in _PLAIN and not isinstance(attribute, type)


def _is_quiet(function: object) -> bool:
    """Tell whether a function calls nothing that could train a model."""
    function = getattr(function, "__wrapped__", function)  # dataclasses guard their __repr__ against cycles
    if type(function) is not types.FunctionType:
        return _owners.is_owned(str(getattr(function, "__module__", "builtins")))
    return all(_is_quiet_name(name, function.__globals__) for name in _called(function.__code__))


def _is_quiet_name(name: str, namespace: Mapping[str, Any]) -> bool:
    if name in namespace:
        found = namespace[name]
        owner = found.__name__ if isinstance(found, types.ModuleType) else getattr(found, "__module__", None)
        return type(owner) is str and _owners.is_owned(owner)
    return name in _QUIET_BUILTINS or name in _QUIET_METHODS


def _called(code: types.CodeType) -> Iterator[str]:
    """Yield the global names that code reads, and the methods that it calls."""
    for one in dis.get_instructions(code):
        method = one.opname == "LOAD_METHOD" or (
            one.opname == "LOAD_ATTR" and sys.version_info >= (3, 12) and bool((one.arg or 0) & 1)
        )
        if method or one.opname in {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_SUPER_ATTR"}:
            yield str(one.argval)
        elif one.opname == "IMPORT_NAME" and str(one.argval).partition(".")[0] not in sys.stdlib_module_names:
            yield f"<{one.argval}>"
        elif one.opname in {"LOAD_DEREF", "LOAD_CLASSDEREF"} and one.argval not in {"self", "__class__"}:
            yield f"<{one.argval}>"  # a variable of what stands around it: nobody knows
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _called(part)
