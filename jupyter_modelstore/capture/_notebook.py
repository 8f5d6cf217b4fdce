"""Which variable of the notebook is meant: the models in a namespace, and the one that an expression names.

Looking through a namespace happens at every completion and at every ``%save_model`` without a variable, so that a value is
judged by its class first: 2,000 variables, however big, take a few milliseconds.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from jupyter_modelstore.capture._describe import algorithm_of
from jupyter_modelstore.capture._kinds import ANY_ERROR, is_a, kind_of, members_of, name_of, text_of
from jupyter_modelstore.capture._model import is_container, refusal
from jupyter_modelstore.errors import NotFound, UsageError
from jupyter_modelstore.names import visible

_NO_DATA = (ModuleType, FunctionType, BuiltinFunctionType, type)
_IPYTHON = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
_MOST_EXPRESSION = 1_000
_GRAMMAR = "Write a name, an attribute or a plain subscript: clf, search.best_estimator_, models['rf'], fits[-1].model"
_LITERALS = (str, int, float, bytes, bool, type(None))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variable that holds a fitted model.

    Attributes
    ----------
    name : str
        The variable.
    model : object
    algorithm : str
        As :func:`describe` tells it.
    """

    name: str
    model: object = field(repr=False)  # a model may take long to print
    algorithm: str


def candidates(namespace: Mapping[str, object]) -> list[Candidate]:
    """Return the fitted models of a notebook, in the order in which their variables were first defined.

    Parameters
    ----------
    namespace
        Variable to value, such as ``shell.user_ns``. Names that start with ``_`` and IPython's own are left out; an object
        with several names is listed once, under the first.
    """
    found: list[Candidate] = []
    seen: set[int] = set()
    # A copy: threads of the notebook may define variables meanwhile.
    for name, value in dict(namespace).items():
        if type(name) is not str or name.startswith("_") or name in _IPYTHON or not _may_be_model(value) or id(value) in seen:
            continue
        seen.add(id(value))
        if refusal(value) is None:
            found.append(Candidate(name, value, algorithm_of(value)))
    return found


def _may_be_model(value: object) -> bool:
    """Judge by the class alone; a dict or list by its first few members."""
    kind = kind_of(value)
    if kind.able or kind.library == "statsmodels":
        return not kind.data
    few = 20 if is_a(value, dict) else 3
    return is_container(value) and any(kind_of(member).able for _, member in members_of(value, few))


def resolve(expression: str, namespace: Mapping[str, object]) -> object:
    """Return what an expression names, without running code other than properties and ``__getitem__``.

    Parameters
    ----------
    expression
        A name, attribute or literal subscript: ``clf``, ``search.best_estimator_``, ``models['rf']``, ``fits[-1].model``.
    namespace
        Variable to value.

    Raises
    ------
    UsageError
        It is another expression, such as a call.
    NotFound
        There is no such variable, attribute or key.
    """
    return _value(_parse(expression.strip()), namespace)


def _parse(text: str) -> ast.expr:
    shown = visible(text)
    if not text or len(text) > _MOST_EXPRESSION:
        raise UsageError(f"'{shown}' does not name a variable.", _GRAMMAR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's own about odd escapes in a key
            node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"'{shown}' does not name a variable.", _GRAMMAR) from error
    part = node
    while isinstance(part, (ast.Attribute, ast.Subscript)):
        if isinstance(part, ast.Subscript):
            _literal(part.slice, shown)
        part = part.value
    if isinstance(part, ast.Call):
        hint = f"Assign the result to a variable first: model = {shown}"
        raise UsageError(f"'{shown}' is a call; only variables can be kept.", hint)
    if not isinstance(part, ast.Name):
        raise UsageError(f"'{shown}' does not name a variable.", _GRAMMAR)
    return node


def _literal(node: ast.expr, shown: str) -> Any:  # noqa: ANN401 (a key)
    """Return the key that a subscript says: a plain constant, a negative number, or a tuple of such."""
    if isinstance(node, ast.Constant) and isinstance(node.value, _LITERALS):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        if type(node.operand.value) in (int, float):
            return -node.operand.value  # type: ignore[operator]  # it is a number
    elif isinstance(node, ast.Tuple):
        return tuple(_literal(item, shown) for item in node.elts)
    raise UsageError(f"The key in '{shown}' must be written out: text in quotes or a number.", _GRAMMAR)


def _value(node: ast.expr, namespace: Mapping[str, object]) -> Any:  # noqa: ANN401 (any object)
    if isinstance(node, ast.Attribute):
        return _attribute(_value(node.value, namespace), node)
    if isinstance(node, ast.Subscript):
        return _item(_value(node.value, namespace), node)
    name = ast.unparse(node)
    if name not in namespace:
        names = [
            known
            for known, value in dict(namespace).items()
            if is_a(known, str) and not known.startswith("_") and known not in _IPYTHON and type(value) not in _NO_DATA
        ]
        models = [candidate.name for candidate in candidates(namespace)]
        raise NotFound(f"There is no variable '{visible(name)}'.", _nearest(name, names, models))
    return namespace[name]


def _attribute(owner: object, node: ast.Attribute) -> object:
    try:
        return getattr(owner, node.attr)
    except ANY_ERROR as error:
        names = [known for known in _names_in(owner) if not known.startswith("_")]
        hint = _nearest(node.attr, names) if node.attr not in names else "It appears once the object has been fitted."
        what = f"'{visible(ast.unparse(node.value))}' (`{visible(name_of(owner))}`) has no attribute '{visible(node.attr)}'."
        raise NotFound(what, hint) from error


def _item(owner: Any, node: ast.Subscript) -> object:  # noqa: ANN401 (any object)
    key = _literal(node.slice, "")
    try:
        return owner[key]
    except ANY_ERROR as error:
        keys = [name.strip("'\"") for name, _ in members_of(owner, 1_000)] if is_a(owner, dict) else []
        what = f"'{visible(ast.unparse(node.value))}' (`{visible(name_of(owner))}`) has nothing under {visible(repr(key))}."
        raise NotFound(what, _nearest(text_of(key), keys)) from error


def _names_in(owner: object) -> list[str]:
    try:
        return [name for name in dir(owner) if type(name) is str]
    except ANY_ERROR:
        return []


def _nearest(name: str, names: list[str], best: list[str] | None = None) -> str:
    """Return what may have been meant; where nothing is near, the best names, or else all."""
    near = difflib.get_close_matches(name, list(islice(names, 5_000)), n=3)
    if near:
        return "Did you mean " + " or ".join(visible(word) for word in near) + "?"
    names = best or names
    few = ", ".join(visible(word) for word in names[:10])
    return f"There are: {few}{', …' if len(names) > 10 else ''}" if few else ""  # noqa: PLR2004 (as many as are shown)
