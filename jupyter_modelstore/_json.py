"""Any Python value as JSON, and back, without loss of meaning and without ever failing.

Parameters of estimators hold NaN, tuples, numbers as keys, numpy scalars, functions and whole estimators. JSON has none
of these. What JSON can say plainly is said plainly; the rest becomes an object with one key that starts with ``$``:

====================  =============================================================
``{"$float": "nan"}``  a float that JSON does not have: ``nan``, ``inf``, ``-inf``
``{"$int": "…"}``      an integer beyond 2^53, which JavaScript would round
``{"$tuple": […]}``    a tuple; ``$set`` a set or frozenset (sorted by their text)
``{"$dict": [[k,v]]}`` a dict whose keys are not all plain strings
``{"$ref": "a.b"}``    a function or class, by its name; read back as :class:`Opaque`
``{"$repr": "…"}``     anything else, by its (shortened) repr; read back as :class:`Opaque`
====================  =============================================================
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

# What `encode` returns is a tree: no need to look for circles.
_WRITER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_MAX_DEPTH = 20
_MAX_NODES = 10_000
_MAX_REPR = 200
_SAFE_INT = 2**53


class Opaque(str):
    """The text of a value that JSON cannot hold, such as ``sklearn.metrics.f1_score``; its repr is that text."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the text without quotes."""
        return str(self)


class JsonObject(Mapping[str, Any]):
    """A read-only JSON object that is parsed when it is first looked at.

    A list of 10,000 models parses no parameters that nobody reads.

    Parameters
    ----------
    text
        The JSON text, as :func:`dumps` writes it.
    """

    __slots__ = ("_text", "_value")

    def __init__(self, text: str = "{}") -> None:
        self._text = text
        self._value: dict[str, Any] | None = None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> JsonObject:
        """Return ``value`` as a JSON object; values of any kind are allowed."""
        if isinstance(value, cls):
            return value
        return cls(dumps({str(key): item for key, item in value.items()})) if value else cls()

    @property
    def text(self) -> str:
        """The JSON text."""
        return self._text

    def _parsed(self) -> dict[str, Any]:
        if self._value is None:
            try:
                value = loads(self._text)
            except RecursionError as error:
                raise ValueError("JSON that is nested too deeply") from error
            self._value = value if isinstance(value, dict) else {}
        return self._value

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 (JSON holds anything)
        """Return one member."""
        return self._parsed()[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._parsed())

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self._parsed())

    def __repr__(self) -> str:
        """Return the parsed members' repr."""
        return repr(self._parsed())

    def __eq__(self, other: object) -> bool:
        """Compare as mappings do; equal NaN compare equal, since the text is the same."""
        if isinstance(other, JsonObject) and self._text == other._text:
            return True
        return isinstance(other, Mapping) and self._parsed() == dict(other)

    __hash__ = None  # type: ignore[assignment]  # a mapping is compared by value


def dumps(value: object) -> str:
    """Return ``value`` as compact JSON text."""
    return _WRITER.encode(encode(value))


def loads(text: str) -> Any:  # noqa: ANN401 (JSON holds anything)
    """Return the value that :func:`dumps` was given, as far as JSON can say it.

    Raises
    ------
    ValueError
        The text is no JSON.
    """
    return json.loads(text, object_hook=_decode_object)


def encode(value: object) -> Any:  # noqa: ANN401 (plain JSON values)
    """Return ``value`` as plain JSON values: dict, list, str, int, float, bool, None."""
    return _Encoder().encode(value, 0)


class _Encoder:
    """One walk over a value; counts nodes, so that a huge or cyclic value ends as a short text."""

    def __init__(self) -> None:
        self.nodes = 0

    def encode(self, value: object, depth: int) -> Any:  # noqa: ANN401
        self.nodes += 1
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return clean(value)  # type: ignore[arg-type]  # narrowed by `kind`
        if kind is int or kind is float:
            return _number(value)  # type: ignore[arg-type]  # the same
        if depth > _MAX_DEPTH or self.nodes > _MAX_NODES:
            return {"$repr": f"<{kind.__name__}>"}
        try:
            return self._compound(value, depth + 1)
        except Exception:  # noqa: BLE001 (a repr, an iterator or a property of the user's may raise anything; the save goes on)
            return {"$repr": f"<{kind.__name__}>"}

    def _compound(self, value: object, depth: int) -> Any:  # noqa: ANN401
        if isinstance(value, (dict, list, tuple, Mapping, set, frozenset)):  # the usual ones first: Mapping's test is slow
            if len(value) > _MAX_NODES - self.nodes:
                return {"$repr": f"<{type(value).__name__} of {len(value):,}>"}
            if type(value) in (list, tuple) or not isinstance(value, (dict, Mapping)):
                return self._sequence(value, depth)
            return self._mapping(value, depth)
        if isinstance(value, Opaque):
            return {"$repr": clean(value)}
        plain = _plain(value)
        if plain is not None:
            return self.encode(plain, depth)
        if isinstance(value, (FunctionType, BuiltinFunctionType, MethodType, type)):
            return {"$ref": clean(f"{value.__module__}.{value.__qualname__}")[:_MAX_REPR]}
        return {"$repr": short(value)}

    def _sequence(self, value: Collection[Any], depth: int) -> Any:  # noqa: ANN401
        if isinstance(value, (set, frozenset)):
            return {"$set": [self.encode(item, depth) for item in sorted(value, key=repr)]}
        items = [self.encode(item, depth) for item in value]
        return {"$tuple": items} if isinstance(value, tuple) else items

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> Any:  # noqa: ANN401
        for key in value:
            if type(key) is not str or key[:1] == "$":
                return {"$dict": [[self.encode(key, depth), self.encode(item, depth)] for key, item in value.items()]}
        found = {}
        for key, item in value.items():  # what stays as it is, without a call: a save of a small model feels its parameters
            same = item is None or type(item) is bool or (type(item) is str and item.isascii())
            self.nodes += same
            found[key if key.isascii() else clean(key)] = item if same else self.encode(item, depth)
        return found


def _number(value: float) -> Any:  # noqa: ANN401
    if isinstance(value, int):
        return value if -_SAFE_INT <= value <= _SAFE_INT else {"$int": _long(value)}
    return value if math.isfinite(value) else {"$float": str(value)}


def _long(value: int) -> str:
    """Return an integer's digits; hexadecimal where Python refuses to write that many decimals."""
    try:
        return str(value)
    except ValueError:
        return hex(value)


def clean(text: str) -> str:
    """Return ``text`` without lone surrogates, which UTF-8 cannot hold."""
    return str.__str__(text) if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: object) -> str | float | bool | None:
    """Return the Python scalar inside a numpy scalar, or a subclass of a builtin as that builtin; else None."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        item = value.item()
        return item if isinstance(item, (bool, int, float, str)) else None
    for builtin in (str, int, float):
        if isinstance(value, builtin):
            return builtin(value)
    return None


def short(value: object) -> str:
    """Return a value's repr on one line of at most 200 characters; arrays and tables by their shape."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and getattr(value, "size", 0) != 0 and math.prod(shape) > 16:  # noqa: PLR2004 (as many as fit a line)
        dims = "×".join(map(str, shape))  # noqa: RUF001 (the sign that people write)
        return f"<{type(value).__name__} {dims} {getattr(value, 'dtype', '')}>".replace(" >", ">")
    text = " ".join(clean(repr(value)).split())
    return text if len(text) <= _MAX_REPR else text[: _MAX_REPR - 1] + "…"


def _decode_object(members: dict[str, Any]) -> Any:  # noqa: ANN401
    if len(members) != 1:
        return members
    ((tag, value),) = members.items()
    if tag != "$dict" and tag not in _UNTAG:
        return members
    try:
        return _untag(tag, value)
    except (TypeError, ValueError):
        return members


def _untag(tag: str, value: Any) -> Any:  # noqa: ANN401
    if tag == "$dict":
        return {_hashable(key): item for key, item in value}
    return _UNTAG[tag](value)


def _int(text: str) -> int:
    return int(text, 0)


_UNTAG: dict[str, Callable[[Any], Any]] = {
    "$float": float,
    "$int": _int,
    "$tuple": tuple,
    "$set": frozenset,
    "$ref": Opaque,
    "$repr": Opaque,
}


def _hashable(key: Any) -> Any:  # noqa: ANN401
    return key if not isinstance(key, (list, dict)) else Opaque(key)
