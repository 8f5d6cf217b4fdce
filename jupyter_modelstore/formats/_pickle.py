"""The pickle format: exactly what the C pickler writes, or cloudpickle's where code of the notebook must come along.

Two passes. The first is the plain C pickler, protocol 5, straight into the file; a hook notes the modules that classes and
functions come from, and changes no byte. When it meets code that no installed distribution has (``__main__``, a ``helpers.py``
beside the notebook), or something that plain pickle refuses (a lambda), the file starts over with cloudpickle, which writes
such code by value. Most models hold none and pay nothing. A model that neither can write is searched for what is in the way.
"""

from __future__ import annotations

import contextlib
import copyreg
import itertools
import pickle
import pickletools
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn, Protocol

from jupyter_modelstore import _owners
from jupyter_modelstore.errors import CannotLoad, ModelStoreError
from jupyter_modelstore.formats import _moved
from jupyter_modelstore.formats._large import Roomy
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Dumped, Sink

PROTOCOL = 5
FORMAT_VERSION = 0

_PASS_ON = (ModelStoreError, OSError, MemoryError)
"""Errors that are not the model's: the store's, the disk's, the machine's."""


class PickleFormat:
    """What ``pickle.load`` reads everywhere; where notebook code is inside, cloudpickle must be installed."""

    name = "pickle"
    suffix = ".pkl"

    def dump(self, model: object, file: Sink) -> Dumped:
        """Write a model in one pass, or in two if it holds code that must travel by value.

        Raises
        ------
        CannotPickle
            Naming the attribute path of what cannot be written.
        """
        first = Noting(file)
        try:
            first.dump(model)
        except _PASS_ON:
            raise
        except (_CodeMet, pickle.PicklingError, AttributeError, TypeError):
            file.restart()
            return self._dump_by_value(model, file)
        except Exception as error:  # noqa: BLE001 (a model's own code may raise anything while it is pickled)
            _refuse(model, error)
        return _dumped(first.modules)

    def _dump_by_value(self, model: object, file: Sink) -> Dumped:
        from jupyter_modelstore.formats import _by_value

        with _by_value.code_of_the_notebook():
            second = _by_value.Pickler(file)
            try:
                second.dump(model)
            except _PASS_ON:
                raise
            except Exception as error:  # noqa: BLE001 (see above)
                _refuse(model, error)
        return _dumped(second.modules, second.by_value)

    def load(self, file: BinaryIO) -> object:
        """Read what any pickler wrote, under the names that numpy and scikit-learn have here.

        Raises
        ------
        CannotLoad
            The bytes cannot be rebuilt in this environment.
        """
        try:
            with rebuilding():
                return _Reader(Roomy(file)).load()
        except _ArraysOfJoblib:
            from jupyter_modelstore.formats._joblib import JoblibFormat

            file.seek(0)
            return JoblibFormat().load(file)

    def matches(self, head: bytes) -> bool:
        """Tell whether a file begins as a pickle of any protocol does; nothing is unpickled."""
        return looks_pickled(head)


def _dumped(modules: set[str], by_value: set[str] | None = None) -> Dumped:
    return Dumped(
        format=PickleFormat.name,
        format_version=FORMAT_VERSION,
        modules=frozenset(modules),
        by_value=tuple(sorted(by_value or ())),
    )


def _refuse(model: object, error: Exception) -> NoReturn:
    from jupyter_modelstore.formats import _culprit

    raise _culprit.explain(model, error) from error


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _CodeMet(Exception):
    """The first pass met code that must travel by value."""


_PLAIN, _NAMED, _REDUCED = range(3)


class _Writable(Protocol):
    def write(self, data: Any, /) -> Any: ...  # noqa: ANN401 (as picklers write)


class Noting(pickle.Pickler):
    """The C pickler, which notes the modules that the names in the file come from, and stops at code of no distribution.

    Every class and function passes the hook as an object of its own, so instances are of no interest, except those few
    whose reducer answers with a name (numpy's ufuncs, sentinels).

    Attributes
    ----------
    modules : set of str
    """

    dispatch_table: Any = copyreg.dispatch_table

    def __init__(self, file: _Writable) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self.modules: set[str] = set()
        self._kinds: dict[type, int] = {}

    def reducer_override(self, obj: Any, /) -> Any:  # noqa: ANN401 (pickle's hook)
        """Note, and leave the writing to the pickler."""
        cls = type(obj)
        kind = self._kinds.get(cls)
        if kind is None:
            kind = self._kinds[cls] = self._kind_of(cls)
        if kind == _PLAIN:
            return NotImplemented
        if kind == _NAMED:
            return self.name(obj)
        reduce = self.dispatch_table.get(cls)
        value = reduce(obj) if reduce is not None else obj.__reduce_ex__(PROTOCOL)
        if isinstance(value, str):
            module = pickle.whichmodule(obj, value)  # type: ignore[attr-defined]  # the rule by which pickle finds the module
            self.note(module, value)
        return value

    def name(self, obj: Any) -> Any:  # noqa: ANN401 (what the hook returns)
        """Take notice of a class or function."""
        self.note(module_of(obj), obj.__qualname__)
        return NotImplemented

    def note(self, module: str, name: str = "") -> None:  # noqa: ARG002 (the second pass tells it)
        """Remember a module that the file refers to, itself or by a name in it; stop if no distribution has it."""
        if module not in self.modules:
            if not _owners.is_owned(module):
                raise _CodeMet
            self.modules.add(module)

    def _kind_of(self, cls: type) -> int:
        if issubclass(cls, type) or cls is types.FunctionType:
            return _NAMED
        if cls in self.dispatch_table:
            return _REDUCED
        if cls.__reduce_ex__ is object.__reduce_ex__ and cls.__reduce__ is object.__reduce__:
            return _PLAIN
        numpy = sys.modules.get("numpy")
        arrays = numpy is not None and issubclass(cls, (numpy.ndarray, numpy.generic, numpy.dtype))
        return _PLAIN if arrays else _REDUCED  # there may be very many arrays, and none is reduced to a name


def module_of(obj: Any) -> str:  # noqa: ANN401 (a class or function)
    """Return the module that pickle will name for a class or function."""
    module = getattr(obj, "__module__", None)
    if module is None:
        module = pickle.whichmodule(obj, obj.__qualname__)  # type: ignore[attr-defined]  # undocumented, and the rule
    return str(module)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _ArraysOfJoblib(BaseException):
    """What looked like a pickle holds joblib's arrays, further on than its head.

    A signal, no error: no ``except Exception`` of a model's own code may keep it.
    """


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:  # noqa: ANN401 (pickle's hook)
        if module == "joblib.numpy_pickle":
            raise _ArraysOfJoblib
        return _moved.find(super().find_class, module, name)


@contextlib.contextmanager
def rebuilding() -> Iterator[None]:
    """Turn whatever fails while a model is rebuilt into :class:`CannotLoad`, and keep scikit-learn's warning quiet.

    The registry compares versions before the load and says it in its own words. The message is the cause alone: whoever asked
    knows which model it was.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Trying to unpickle estimator", category=UserWarning)
        try:
            yield
        except (MemoryError, ModelStoreError):
            raise
        except Exception as error:
            what = visible(f"{type(error).__name__}: {error}".rstrip(".: "))
            raise CannotLoad(f"{what}.", _hint(error)) from error


def _hint(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"It needs the module '{visible(error.name)}'. Install what brings it, in the version it was saved with."
    if isinstance(error, EOFError):
        return "The file ends too early. Copy or download it again."
    return "Load it with the versions of Python and of its libraries that it was saved with."


# ── Recognising ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_LOOK_AT = 64
_FRAMED = 2
"""The protocol from which a pickle begins with its number."""


def looks_pickled(head: bytes) -> bool:
    """Tell whether bytes begin a pickle that holds more than text might by chance; nothing is executed.

    From protocol 2 on a pickle begins with its protocol's number. Older ones have no mark: the first opcodes must be readable,
    and name a class or function, as every model does.
    """
    marked = head[:1] == b"\x80"
    if marked and not (len(head) > 1 and _FRAMED <= head[1] <= PROTOCOL):
        return False
    try:
        for opcode, argument, _ in itertools.islice(pickletools.genops(head), _LOOK_AT):
            if opcode.name in {"PERSID", "BINPERSID"}:
                return False
            if opcode.name == "GLOBAL" and not marked:
                names = str(argument).split(" ")
                return len(names) == len(("module", "name")) and all(map(_is_dotted, names))
    except ValueError as error:  # the head ends in the middle, or this is no opcode
        return marked and not str(error).endswith("unknown")
    except Exception:  # noqa: BLE001 (genops raises what its decoders raise)
        return False
    return marked


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
