"""The second pass: cloudpickle, with the code of the notebook and of the modules beside it written by value.

cloudpickle writes ``__main__`` by value on its own; other modules have to be registered, which is global, so it is done under a
lock, for the time of one dump, and the user's own registrations are left alone. The pickler notes what really happened: which
modules' code is in the file, and which are only named.

What cloudpickle would write by name although nobody else has that name is refused, and so are open files, whose whole content
it would write. Functions with ``functools.lru_cache`` are such names to it; they are written as the call that makes them.
"""

from __future__ import annotations

import contextlib
import functools
import io
import operator
import pickle
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

import cloudpickle

from jupyter_modelstore import _owners
from jupyter_modelstore.formats._pickle import Noting, module_of

_lock = threading.RLock()
_OF_THE_IMPORT = ("__builtins__", "__loader__", "__spec__", "__cached__", "__file__", "__path__")
"""What a module holds that is of this machine."""


@contextlib.contextmanager
def code_of_the_notebook() -> Iterator[None]:
    """Let cloudpickle write modules that belong to no distribution by value, for the duration."""
    with _lock:
        taken = cloudpickle.list_registry_pickle_by_value()
        modules = [module for module in _owners.unowned_modules() if module.__name__ not in taken]
        for module in modules:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in modules:
                with contextlib.suppress(ValueError):  # somebody else took it out meanwhile
                    cloudpickle.unregister_pickle_by_value(module)


class OnlyNamed(pickle.PicklingError):
    """The file would refer to something by a name that nobody else has."""


class _CallAtLoad(functools.partial[Any]):
    """Stands in the file for what its call returns, for a call that pickle cannot tell by itself."""

    def __reduce__(self) -> Any:  # noqa: ANN401 (pickle's hook)
        return self.func, self.args


class Pickler(Noting, cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """cloudpickle's pickler, which notes what it does.

    Attributes
    ----------
    modules : set of str
        Modules that the file names, and distributions' modules whose code is inside.
    by_value : set of str
        Modules whose code is inside; of code that was made on the fly, only ``__main__``.
    last : object
        What was asked for last: when the dump fails, what is in the way.
    """

    dispatch_table = cloudpickle.Pickler.dispatch_table

    def __init__(self, file: Any) -> None:  # noqa: ANN401 (whatever can be written to)
        super().__init__(file)
        self.last: object = None
        self._written: set[str] = set()
        self._made_up = False

    @property
    def by_value(self) -> set[str]:
        return self._written or ({"__main__"} if self._made_up else set())

    def reducer_override(self, obj: Any, /) -> Any:  # noqa: ANN401 (pickle's hook)
        """Note, and leave the writing to cloudpickle."""
        self.last = obj
        if type(obj) is types.ModuleType:
            return self._module(obj)
        if type(obj) is _CACHED and not _is_found(obj):
            return _remade(obj)
        if isinstance(obj, io.IOBase) and _is_file(obj):
            raise pickle.PicklingError("an open file belongs to this process")
        return super().reducer_override(obj)

    def name(self, obj: Any) -> Any:  # noqa: ANN401 (what the hook returns)
        """Take notice of a class or function, and of how it is written."""
        value = cloudpickle.Pickler.reducer_override(self, obj)
        module = module_of(obj)
        if value is NotImplemented:
            self.note(module, obj.__qualname__)
        elif isinstance(obj, types.FunctionType):
            # where it was written; functools.wraps lets it name another module
            self._code_of(str(obj.__globals__.get("__name__")))
        elif module != "builtins":  # types that have no name of their own, such as that of functions
            self._code_of(module)
        return value

    def note(self, module: str, name: str = "") -> None:
        """Remember a module that the file refers to, itself or by a name in it; refuse it if no distribution has it."""
        if not _owners.is_owned(module):
            raise OnlyNamed(f"{module}.{name}" if name else module)
        self.modules.add(module)

    def _code_of(self, module: str) -> None:
        if module in _owners.NOTEBOOK:
            self._written.add("__main__")
        elif _owners.is_owned(module):  # a lambda of an installed library: its version counts
            self.modules.add(module)
            self._made_up = True
        elif module in sys.modules:
            self._written.add(module)
        else:  # what a function such as namedtuple gave a module that there is not
            self._made_up = True

    def _module(self, module: types.ModuleType) -> Any:  # noqa: ANN401 (what the hook returns)
        """Write a module: by name, or as an empty one that is filled afterwards, since its functions may refer to it."""
        make, arguments, *_ = reduced = self.dispatch_table[types.ModuleType](module)
        if make is not cloudpickle.cloudpickle.dynamic_subimport:
            self.note(module.__name__)
            return reduced
        self._code_of(module.__name__)
        content = {name: value for name, value in vars(module).items() if name not in _OF_THE_IMPORT}
        return make, (arguments[0], {}), content


_CACHED: type = type(functools.lru_cache(len))


def _is_found(cached: Any) -> bool:  # noqa: ANN401 (a function with a cache)
    """Tell whether an installed module has a function with a cache under its own name."""
    module = module_of(cached)
    try:
        return _owners.is_owned(module) and operator.attrgetter(cached.__qualname__)(sys.modules[module]) is cached
    except (AttributeError, KeyError):
        return False


def _remade(cached: Any) -> Any:  # noqa: ANN401 (a function with a cache; what the hook returns)
    """Write a function with a cache as ``functools.lru_cache(maxsize, typed)(function)``; the cache begins empty."""
    settings = cached.cache_parameters()
    return _CallAtLoad(functools.lru_cache, settings["maxsize"], settings["typed"]), (cached.__wrapped__,)


def _is_file(stream: io.IOBase) -> bool:
    """Tell whether a stream is a file of this process, and not the output, which is there in every process."""
    if isinstance(stream, (io.BytesIO, io.StringIO)) or stream is sys.stdout or stream is sys.stderr:
        return False
    if isinstance(stream, io.TextIOWrapper):
        return True
    try:
        return stream.fileno() >= 0
    except (OSError, ValueError):
        return False
