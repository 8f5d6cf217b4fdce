"""The second pass: cloudpickle, with the code of the notebook and of the modules beside it written by value.

cloudpickle writes ``__main__`` by value on its own; other modules have to be registered, which is global, so it is done under a
lock, for the time of one dump, and the user's own registrations are left alone. The pickler notes what really happened: which
modules' code is in the file, and which are only named.
"""

from __future__ import annotations

import contextlib
import threading
import types
from collections.abc import Iterator
from typing import Any

import cloudpickle

from jupyter_modelstore.formats import _owners
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


class Pickler(Noting, cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """cloudpickle's pickler, which notes what it does.

    Attributes
    ----------
    modules : set of str
        Modules that the file names, and distributions' modules whose code is inside.
    by_value : set of str
        Modules whose code is inside.
    last : object
        What was asked for last: when the dump fails, what is in the way.
    """

    dispatch_table = cloudpickle.Pickler.dispatch_table

    def __init__(self, file: Any) -> None:  # noqa: ANN401 (whatever can be written to)
        super().__init__(file)
        self.by_value: set[str] = set()
        self.last: object = None

    def reducer_override(self, obj: Any, /) -> Any:  # noqa: ANN401 (pickle's hook)
        """Note, and leave the writing to cloudpickle."""
        self.last = obj
        if type(obj) is types.ModuleType:
            return self._module(obj)
        return super().reducer_override(obj)

    def name(self, obj: Any) -> Any:  # noqa: ANN401 (what the hook returns)
        """Take notice of a class or function, and of how it is written."""
        value = cloudpickle.Pickler.reducer_override(self, obj)
        module = module_of(obj)
        if value is NotImplemented:
            self.note(module)
        elif module != "builtins":  # types that have no name of their own, such as that of functions
            self._code_of(module)
        return value

    def note(self, module: str) -> None:
        """Remember a module whose name is in the file."""
        self.modules.add(module)

    def _code_of(self, module: str) -> None:
        self.by_value.add("__main__" if module in _owners.NOTEBOOK else module)
        if _owners.is_owned(module):  # a lambda of an installed library: its version counts
            self.modules.add(module)

    def _module(self, module: types.ModuleType) -> Any:  # noqa: ANN401 (what the hook returns)
        """Write a module: by name, or as an empty one that is filled afterwards, since its functions may refer to it."""
        make, arguments, *_ = reduced = self.dispatch_table[types.ModuleType](module)
        if make is not cloudpickle.cloudpickle.dynamic_subimport:
            self.note(module.__name__)
            return reduced
        self._code_of(module.__name__)
        content = {name: value for name, value in vars(module).items() if name not in _OF_THE_IMPORT}
        return make, (arguments[0], {}), content
