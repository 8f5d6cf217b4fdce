"""Names with values in Python: assignments, arguments, keys, defaults, comparisons, read from the syntax tree.

The tree tells what regular expressions cannot: that ``"DB_PASSWORD"`` in ``password = os.getenv("DB_PASSWORD", "…")`` is no
value and the second string is one, which string belongs to which name in ``user, password = "…", "…"``, and that ``password``
in ``df.rename(columns={"password": "pw_text"})`` is a column.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from jupyter_modelstore.capture._masking._names import Says, hides, says, suits, words, words_of

_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_TEMPLATE: type[ast.expr] = getattr(ast, "TemplateStr", ast.JoinedStr)  # t-strings, since 3.14
# Functions that give back what they are given, that look something up and have a default, that put something under a name.
_WRAPPERS = words(
    "str bytes bytearray SecretStr SecretBytes Secret Field field b64decode b64encode standard_b64decode "
    "urlsafe_b64decode unhexlify fromhex quote quote_plus unquote Password dict list tuple set array"
)
_LOOKUPS = words("getenv get setdefault pop getattr environ config env secret")
_SETTERS = words("setdefault putenv setenv set setattr setitem add_header putheader set_option")
LOGINS = words("login log_in authenticate authorize signin sign_in")
_LOGIN_DATA = words("auth credential credentials cred creds")  # (user, password)
_USERS = words("user username login uid email account")
# How the names of functions begin that take no secret.
_GETTERS = words(
    "get read load fetch ask prompt input find access lookup describe list delete remove generate create resolve "
    "retrieve count split tokenize is has parse validate print warn show display drop rename groupby"
)
# Where a dictionary tells about columns, its keys are theirs.
_OF_COLUMNS = words("columns index dtype dtypes mapper converters schema labels names usecols parse_dates rename_axis agg")
_VERBS_OF_COLUMNS = words("rename astype agg aggregate map replace with_columns cast assign_coords rename_axis transform")
# What stands in the fields of f-strings is read as text: old versions of Python misplace it.
_LEAVES = frozenset({ast.Name, ast.Constant, ast.JoinedStr, _TEMPLATE, ast.Load, ast.Store, ast.alias})
_A_NAME = re.compile(r"-{0,2}[^\W\d][\w. -]{0,63}")
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}
_COLLECTIONS = (ast.Dict, ast.Tuple, ast.List, ast.Set)
_ALNUM = re.compile(r"[^\W_]")

Value = Sequence[ast.expr]  # the literals that make up one value


def parse(source: str) -> ast.AST | None:
    """Return a cell's syntax tree; None if it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user has seen Python's warnings of this cell already
            tree: ast.AST = compile(source, "<cell>", "exec", _FLAGS, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def secret_values(tree: ast.AST) -> Iterator[Value]:
    """Yield the literals in a tree that are secret by their names, those of one value together."""
    todo: list[Any] = [tree]
    of_columns: set[int] = set()
    while todo:
        node = todo.pop()
        kind: type[ast.AST] = type(node)
        if kind in _LEAVES or id(node) in of_columns:
            continue
        if kind is ast.Call:
            of_columns |= _about_columns(node)
        bound = _BINDINGS.get(kind)
        if bound is not None:
            yield from bound(node)
        for field in _fields(kind):
            part = getattr(node, field, None)
            if isinstance(part, list):
                todo += [item for item in part if isinstance(item, ast.AST)]
            elif isinstance(part, ast.AST):
                todo.append(part)


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields in which a node has others that matter."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(field for field in kind._fields if field not in {"ctx", "op", "ops", "type_comment", "kind"})
    return _FIELDS[kind]


def _about_columns(call: ast.Call) -> set[int]:
    """Return the arguments in which names are those of columns: ``columns={…}``, ``agg(a=("password", "nunique"))``."""
    if _function(call) in _VERBS_OF_COLUMNS:
        given = [*(arg for arg in call.args if isinstance(arg, _COLLECTIONS)), *call.keywords]
        return set(map(id, given))
    return {id(keyword) for keyword in call.keywords if keyword.arg in _OF_COLUMNS}


def _assigned(node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) -> Iterator[Value]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if node.value is not None:
            yield from _bind(target, node.value)


def _bind(target: ast.expr, value: ast.expr) -> Iterator[Value]:
    if isinstance(target, (ast.Tuple, ast.List)):
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            for part, given in zip(target.elts, value.elts, strict=True):
                yield from _bind(part, given)
    else:
        yield from _named(_name(target), value)


def _looped(node: ast.For | ast.AsyncFor | ast.comprehension) -> Iterator[Value]:
    """Yield what a loop runs over, if it is written there and the name of a round says that it is secret."""
    if isinstance(node.target, ast.Name) and isinstance(node.iter, (ast.Tuple, ast.List, ast.Set)):
        yield from _named(node.target.id, node.iter)


def _name(node: ast.AST) -> str:
    """Return what a value goes by: a variable, an attribute, a key."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name(node.slice)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if _A_NAME.fullmatch(node.value) else ""
    return ""


def _named(name: str, value: ast.expr, level: Says | None = None) -> Iterator[Value]:
    """Yield what is secret of a value, by its name; by the degree given, if there is one."""
    level = says(name) if level is None else level
    if isinstance(value, ast.Tuple) and len(value.elts) == 2 and not _LOGIN_DATA.isdisjoint(words_of(name)):  # noqa: PLR2004
        user, password = value.elts
        yield from _named("password", user if _text([password]) == "" else password)
        return
    if isinstance(value, ast.Dict) and level is Says.SURE:  # secrets = {"db": "…"}
        for part in value.values:
            yield from _named("", part, Says.UNUSUAL)
    for literals in _values(value, within=level >= Says.UNUSUAL):
        text = _text(literals)
        if suits(level, text) or (isinstance(literals[0], ast.Constant) and hides(name, text)):
            yield [literal for literal in literals if len(literals) == 1 or _ALNUM.search(_text([literal]))]


def _text(literals: Value) -> str:
    """Return the text of literals; of an f-string without its fields."""
    parts = []
    for literal in literals:
        for part in getattr(literal, "values", [literal]):
            value = part.value if isinstance(part, ast.Constant) else ""
            parts.append(value.decode("latin-1") if isinstance(value, bytes) else str(value))
    return "".join(parts)


def _values(node: ast.expr, *, within: bool) -> Iterator[Value]:
    """Yield the literals that an expression may come to; those inside of calls and collections only if asked for."""
    todo = [node]
    while todo:
        part = todo.pop()
        if _is_literal(part):
            yield [part]
        elif isinstance(part, ast.BinOp):
            literals, others = _joined(part)
            todo += others
            if literals:
                yield literals
        elif isinstance(part, ast.IfExp):
            todo += [part.body, part.orelse]
        elif isinstance(part, ast.BoolOp):
            todo += part.values
        elif isinstance(part, (ast.NamedExpr, ast.Await, ast.Starred)):
            todo.append(part.value)
        elif isinstance(part, ast.Lambda):
            todo.append(part.body)
        elif within:
            todo += _inside(part)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        number = type(node.value) is int and node.value > 999  # noqa: PLR2004 (a PIN has four digits)
        return number or isinstance(node.value, (str, bytes))
    return isinstance(node, (ast.JoinedStr, _TEMPLATE))


def _joined(node: ast.BinOp) -> tuple[list[ast.expr], list[ast.expr]]:
    """Return the literals of ``"a" + b + "c"``, in their order, and what else is there."""
    literals: list[ast.expr] = []
    others: list[ast.expr] = []
    todo: list[ast.expr] = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            todo += [part.right, part.left]
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod):
            todo.append(part.left)
        elif _is_literal(part):
            if not isinstance(part, ast.Constant) or type(part.value) is not int:
                literals.append(part)
        else:
            others.append(part)
    return literals, [part for part in others if not isinstance(part, ast.BinOp)]


def _inside(node: ast.expr) -> list[ast.expr]:
    """Return what of a call or a collection is a value, and not the name of one."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return node.elts
    if isinstance(node, ast.Subscript):
        return [node.value] if _is_literal(node.value) else []
    if not isinstance(node, ast.Call):
        return []
    given = [keyword.value for keyword in node.keywords if keyword.arg in {"default", "value", "default_value"}]
    if isinstance(node.func, ast.Attribute) and _is_literal(node.func.value):
        given.append(node.func.value)  # "…".encode()
    if _function(node) in _WRAPPERS:
        given += node.args
    elif _function(node) in _LOOKUPS and node.args and says(_name(node.args[0])) >= Says.UNUSUAL:
        given += [arg for arg in node.args[1:] if not _is_name(arg)]
    return given


def _is_name(node: ast.expr) -> bool:
    """Tell whether a literal is itself the name of a secret."""
    text = _text([node]) if _is_literal(node) else ""
    return text.isidentifier() and says(text) >= Says.UNUSUAL


def _function(call: ast.Call) -> str:
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _of_dict(node: ast.Dict) -> Iterator[Value]:
    names = ["" if key is None else _name(key) for key in node.keys]
    for name, value in zip(names, node.values, strict=True):
        if name == "pass" and not _USERS.isdisjoint(names):
            yield from _named("password", value)
        elif name:
            yield from _named(name, value)


def _of_keyword(node: ast.keyword) -> Iterator[Value]:
    if node.arg:
        yield from _named(node.arg, node.value)


def _of_arguments(node: ast.arguments) -> Iterator[Value]:
    positional = [*node.posonlyargs, *node.args]
    pairs = [*zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True)]
    pairs += [(arg, value) for arg, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value is not None]
    for arg, value in pairs:
        yield from _named(arg.arg, value)


def _compared(node: ast.Compare) -> Iterator[Value]:
    """Yield what a secret is compared with: ``password == "…"``, ``token in {"…"}``."""
    sides = [node.left, *node.comparators]
    name = next((name for side in sides if not _is_literal(side) and says(name := _name(side)) >= Says.UNUSUAL), "")
    for side, sign in zip(sides, [node.ops[0], *node.ops], strict=True) if name else ():
        if _is_literal(side) and isinstance(sign, (ast.Eq, ast.NotEq)):
            yield from _named(name, side)
        elif side is not node.left and isinstance(sign, ast.In) and isinstance(side, (ast.Tuple, ast.List, ast.Set)):
            yield from _named(name, side, Says.UNUSUAL)


def _called(node: ast.Call) -> Iterator[Value]:
    """Yield arguments that have no name but stand behind one, or go to a function whose name says what they are."""
    function = _function(node)
    yield from _behind_names(node.args, least=Says.SURE if function in _SETTERS else Says.UNUSUAL)
    options = [name for arg in node.args if isinstance(arg, ast.Constant) and says(name := _name(arg)) >= Says.UNUSUAL]
    for keyword in node.keywords if options else ():
        if keyword.arg in {"default", "value"}:  # add_argument("--password", default="…")
            yield from _named("", keyword.value, says(options[0]) if options[0].startswith("-") else Says.UNUSUAL)
    if len(node.args) == 2 and function in LOGINS:  # noqa: PLR2004 (user, password)
        yield from _named("password", node.args[1])
    yield from _of_function(node, function)


def _of_function(node: ast.Call, function: str) -> Iterator[Value]:
    """Yield arguments of ``set_password``, ``HTTPBasicAuth``, ``SecretStr``; not of ``get_secret``."""
    level, parts = says(function), words_of(function)
    literals = [arg for arg in node.args if _is_literal(arg) and not _is_name(arg)]
    if "client" in parts or "api" in parts:
        for arg in literals:  # Client("…", "…"): only what is long and random
            yield from _named(function, arg, Says.NOTHING)
    if not parts or parts[0] in _GETTERS or not (level >= Says.UNUSUAL or "login" in parts or "auth" in parts):
        return
    several = len(node.args) > 1
    for arg in literals:
        sure = (level is Says.SURE and (several or parts[0] in {"set", "secret"})) or (several and "auth" in parts)
        yield from _named("", arg, Says.SURE if sure and arg is node.args[-1] else Says.UNUSUAL)


def _behind_names(items: Sequence[ast.expr], least: Says = Says.UNUSUAL) -> Iterator[Value]:
    """Yield what follows on a literal that is a name: ``("api_key", "…")``, ``["--password", "…"]``."""
    for name, value in pairwise(items):
        if isinstance(name, ast.Constant) and _is_literal(value) and (level := says(_name(name))) >= Says.UNUSUAL:
            if _name(name).startswith("-"):
                least = Says.SURE
            elif least is not Says.SURE and _is_name(value):
                continue  # ["password", "token"]
            if not _text([value]).startswith("-"):
                yield from _named("", value, min(level, least))


def _of_sequence(node: ast.Tuple | ast.List) -> Iterator[Value]:
    """Yield the value of a pair, and those of options in a list of words."""
    if len(node.elts) == 2 or any(_name(item).startswith("-") for item in node.elts if isinstance(item, ast.Constant)):  # noqa: PLR2004
        yield from _behind_names(node.elts)


def _returned(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Value]:
    if says(node.name) >= Says.SURE:
        for statement in node.body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                yield from _named(node.name, statement.value)


_BINDINGS: dict[type[ast.AST], Callable[[Any], Iterator[Value]]] = {
    ast.Assign: _assigned,
    ast.AnnAssign: _assigned,
    ast.AugAssign: _assigned,
    ast.NamedExpr: _assigned,
    ast.For: _looped,
    ast.AsyncFor: _looped,
    ast.comprehension: _looped,
    ast.keyword: _of_keyword,
    ast.Dict: _of_dict,
    ast.arguments: _of_arguments,
    ast.Compare: _compared,
    ast.Call: _called,
    ast.Tuple: _of_sequence,
    ast.List: _of_sequence,
    ast.FunctionDef: _returned,
    ast.AsyncFunctionDef: _returned,
}
