"""What a cell takes from earlier ones and does to them, told by its names alone: the material of ``_recipe``.

A cell is read once, in the order in which it runs. What stands in a branch may or may not happen, so a name that is assigned
there counts as changed; a loop counts as run. A function's body counts when the function is used; its variables are its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from jupyter_modelstore.capture._cells import FITTING, children, targets_of
from jupyter_modelstore.capture._kinds import words

MAGICS = "%"
"""Stands, as a name, for magics that neither IPython nor this extension brings."""
OURS = "%modelstore"
"""Stands, as a name, for this extension's magics."""

_OUR_MAGICS = r"(?:(?:save|load|download|edit|alias|delete|restore|compare)_models?|models|model_stats|model_card|modelstore)\b"
_OUR_LINE = re.compile(
    rf"^([ \t]*)%(?:{_OUR_MAGICS}|((?:re|un)?load_ext[ \t]+jupyter_modelstore\b))[^\n]*(?:(?<=\\)\n[^\n]*)*(?:\n|\Z)",
    re.MULTILINE,
)
_USED = re.compile(rf"^[^\n#]*=[ \t]*%{_OUR_MAGICS}", re.MULTILINE)
_LOADED = re.compile(r"^[ \t]*%(?:re)?load_ext[ \t]+jupyter_modelstore\b", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*(?:[\w, \t]+=[ \t]*)?(%%?)([A-Za-z_]\w*)[ \t]*(\w*)", re.MULTILINE)
_OF_STATE = words("cd pushd popd env set_env pylab dotenv run writefile file")
_OF_MAGICS = words("load_ext reload_ext alias_magic")
_USUAL_MAGICS = words(
    "alias autosave bookmark capture cat clear colors conda config debug dhist edit gui hist history html javascript js latex "
    "ll ls lsmagic magic markdown matplotlib mkdir more mv pdb pdef pdoc pfile pinfo pinfo2 pip pprint precision prun psearch "
    "psource pwd pycat python python3 quickref rep rm rmdir save sc script sh bash perl ruby svg sx system tb time timeit "
    "unalias unload_ext who who_ls whos xdel xmode"
)
_ASKING = re.compile(
    r"head|tail|describe|info|plot|hist|boxplot|show|sample|corr|isna|isnull|n?unique|groupby|mean|median|std|sum|min|max|count"
    r"|value_counts|score|predict|transform|to_|get_|summary|print|display|close|shape|items|keys|values|index"
)
"""What methods are called that leave that as it is on which they are called."""
_CHANGING = words("pop popitem setdefault insert update append extend remove clear sort reverse shuffle add discard")
_HARMLESS = words(
    "print display len type help pprint repr str list dict set tuple sorted sum min max any all enumerate zip range isinstance "
    "hasattr getattr dir id vars input round abs iter int float bool"
)
_DRAWING = words("plt sns ax axes axs fig px go st alt joblib pickle json")
_OF_PROCESS = re.compile(
    r"set_(?:config|options?|default\w*|seed|random_seed)|reset_options?|(?:manual_|random_)?seed(?:_all|_everything)?|chdir"
    r"|load_dotenv|register\w*|patch_\w+|enable_\w+|reload|addsitedir|get_ipython"
)
"""Functions that change what no name stands for: settings, the folder, the generator of random numbers."""
_ANY_NAME = words("exec eval globals locals")
_PLACES = {("sys", "path"), ("os", "environ"), ("sys", "modules")}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Late:
    """What a function, or a class, does when it is used; ``own``: a class, or an object of it; ``mutates``: its arguments."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    wide: bool = False
    mutates: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class Uses:
    """The names that a cell reads from earlier ones, makes, and changes in place; and all that stand in it.

    ``wide``: it may change anything. ``counts``: it goes on from what it made when it ran before (``n += 1``). ``asked``: a
    method is called on these that usually changes nothing. ``handed``: functions, and the names that they are given. ``links``:
    names, and what they may be other names of. ``born``: names, and the function that made their object.
    """

    reads: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    wide: bool = False
    counts: bool = False
    called: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    handed: frozenset[tuple[str, str]] = frozenset()
    links: tuple[tuple[str, frozenset[str]], ...] = ()
    born: tuple[tuple[str, str], ...] = ()
    late: Mapping[str, Late] = field(default_factory=dict)


def uses_of(statements: Sequence[ast.stmt], source: str = "") -> Uses:
    """Return which names a cell uses."""
    names = _Names()
    names.run(statements)
    if "%" in source:
        names.magics(source)
    return Uses(
        frozenset(names.reads),
        frozenset(names.makes),
        frozenset(names.touched | (names.perhaps - names.makes)),
        frozenset(names.names),
        names.wide,
        names.counts,
        frozenset(names.called),
        frozenset(names.asked),
        frozenset(names.handed),
        tuple(names.links),
        tuple(names.born),
        names.late,
    )


def without_ours(source: str, *, loaded: bool = False) -> str:
    """Return a cell without the lines that are this extension's magics; ``loaded``: those that load it stay."""

    def put(found: re.Match[str]) -> str:
        if found[2] and loaded:
            return found[0]
        end = "\n" if found[0].endswith("\n") else ""
        return f"{found[1]}pass{end}" if found[1] else ""

    return _OUR_LINE.sub(put, source)


class _Names:
    """The names of statements; ``bound``: those that surely are of this cell, or this function, by now."""

    def __init__(self, bound: Iterable[str] = ()) -> None:
        self.reads = set[str]()
        self.makes = set[str]()
        self.perhaps = set[str]()
        self.touched = set[str]()
        self.names = set[str]()
        self.called = set[str]()
        self.asked = set[str]()
        self.handed = set[tuple[str, str]]()
        self.links: list[tuple[str, frozenset[str]]] = []
        self.born: list[tuple[str, str]] = []
        self.late: dict[str, Late] = {}
        self.globals = set[str]()
        self.wide = self.counts = False
        self.bound = set(bound)
        self.depth = 0

    def run(self, statements: Iterable[ast.AST]) -> None:
        """Read statements."""
        for statement in statements:
            self.visit(statement)

    def visit(self, node: ast.AST) -> None:
        """Read a node."""
        method = self._BY_NODE.get(type(node))
        if method is not None:
            method(self, node)
            return
        for child in children(node):
            self.visit(child)

    def magics(self, source: str) -> None:
        """Note what the magics of a cell do, and whether they are IPython's."""
        for percent, name, what in _MAGIC.findall(source):
            if name in _OF_STATE:
                self.wide = True
            elif name in _OF_MAGICS and what != "jupyter_modelstore":
                self.touched.add(MAGICS)
            elif name not in _USUAL_MAGICS and not re.fullmatch(_OUR_MAGICS, name) and name not in _OF_MAGICS:
                self.reads.add(MAGICS)
            self.wide |= percent == "%" and name in {"rerun", "recall", "load", "loadpy"}
        if _LOADED.search(source):
            self.touched.add(OURS)
        if _USED.search(source):
            self.reads.add(OURS)

    # ---- names -------------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name) -> None:
        self.names.add(node.id)
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._make(node.id)

    def _read(self, name: str) -> None:
        if name not in self.bound:
            self.reads.add(name)

    def _make(self, name: str) -> None:
        self.names.add(name)
        (self.perhaps if self.depth else self.makes).add(name)
        self.bound.add(name)

    def _inside(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._touch(node)
        for child in children(node):
            self.visit(child)

    def _touch(self, node: ast.expr) -> None:
        """Note that something in an object is assigned, or that the object is changed: ``table`` of ``table["age"] = …``."""
        self.touched |= {_root(node)} - {""}
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                self.wide |= (node.value.id, node.attr) in _PLACES
            elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
                self.visit(node.value)
            node = node.value

    # ---- statements --------------------------------------------------------------------------------------------------

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
        value = node.value
        if value is None:
            return
        self.visit(value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self.visit(target)
            names = [*targets_of(target)] or [_root(target)]
            linked = frozenset(_aliases(value))
            self.links += [(name, linked) for name in names if linked]
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                self.born += [(name, value.func.id) for name in names]
            if isinstance(value, (ast.Lambda, ast.Dict, ast.List)) and (found := [*_lambdas(value)]):
                late = _together(self._of_body(part.args, [part.body]) for part in found)
                self.late |= dict.fromkeys(names, late)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
            self.counts |= node.target.id not in self.bound
        self.visit(node.target)

    def _expression(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call):
            self._statement(call)
        self.visit(node.value)

    def _statement(self, call: ast.Call) -> None:
        """Note what a call may change whose answer nobody takes: that on which it is called, and what it is given."""
        function = call.func
        if isinstance(function, ast.Attribute):
            name, root = function.attr, _root(function)
            if _ASKING.match(name):
                self.asked |= {root} - {""}
                return
            self._touch(function)
            if FITTING.fullmatch(name) or root in _DRAWING:
                return
        elif not isinstance(function, ast.Name) or function.id in _HARMLESS:
            return
        self.touched.update(_given(call))

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Name):
            name = function.id
            self.called.add(name)
            self.handed |= {(name, given) for given in _given(node)}
            self.wide |= name in _ANY_NAME
        elif isinstance(function, ast.Attribute):
            name = function.attr
            if name in _CHANGING:
                self._touch(function)
        else:
            name = ""
        self.wide |= _OF_PROCESS.fullmatch(name) is not None
        for keyword in node.keywords:
            if keyword.arg == "inplace" and isinstance(function, ast.Attribute):
                self._touch(function)
            elif keyword.arg == "out":
                self._touch(keyword.value)
        for child in children(node):
            self.visit(child)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        modules = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            modules = [f"{node.module or ''}.{name}" for name in modules]
            self.wide |= node.names[0].name == "*"
        self.wide |= any(".experimental" in module for module in modules)
        for alias in node.names:
            self._make((alias.asname or alias.name).partition(".")[0])

    def _collection(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        for item in node.elts:
            if type(item) is not ast.Constant:
                self.visit(item)

    def _dict(self, node: ast.Dict) -> None:
        for item in (*node.keys, *node.values):
            if item is not None and type(item) is not ast.Constant:
                self.visit(item)

    def _constant(self, _: ast.AST) -> None:
        """Nothing has to be read."""

    # ---- what may or may not happen ----------------------------------------------------------------------------------

    def _branch(self, parts: Iterable[ast.AST]) -> set[str]:
        """Read what may not happen; return what it binds."""
        before = set(self.bound)
        self.depth += 1
        self.run(parts)
        self.depth -= 1
        bound, self.bound = self.bound - before, before
        return bound

    def _if(self, node: ast.If) -> None:
        self.visit(node.test)
        if "__main__" in [part.value for part in ast.walk(node.test) if isinstance(part, ast.Constant)]:
            self.run(node.body)
            return
        for name in self._branch(node.body) & self._branch(node.orelse):
            self._make(name)

    def _while(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branch([*node.body, *node.orelse])

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.visit(node.target)
        self.run(node.body)
        if not self.touched.isdisjoint(targets_of(node.target)):
            self.touched |= {part.id for part in ast.walk(node.iter) if isinstance(part, ast.Name)}
        self.run(node.orelse)

    def _try(self, node: Any) -> None:  # noqa: ANN401 (Try, or TryStar of newer versions)
        self.run([*node.body, *node.orelse])
        for handler in node.handlers:
            self._branch([handler])
        self.run(node.finalbody)

    def _match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            self._branch([case])

    def _captured(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self._make(name)
        for child in children(node):
            self.visit(child)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        before = set(self.bound)
        for generator in node.generators:
            self.visit(generator.iter)
            own = [*targets_of(generator.target)]
            self.names.update(own)
            self.bound.update(own)
            self.run(generator.ifs)
        self.run([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.bound = before | (self.makes & self.bound)

    # ---- functions and classes ---------------------------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.run(node.decorator_list)
        self._decorated(node)
        self.late[node.name] = self._of_body(node.args, node.body)
        self._make(node.name)

    def _decorated(self, node: Any) -> None:  # noqa: ANN401 (a function or a class)
        for part in node.decorator_list:
            name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
            if name.startswith("register"):
                self.wide = True
                if name.endswith("magic"):
                    self.touched.add(MAGICS)

    def _lambda(self, node: ast.Lambda) -> None:
        self._of_body(node.args, [node.body])

    def _of_body(self, args: ast.arguments, body: Sequence[ast.AST]) -> Late:
        """Return what a function does when it is called; what it reads counts as read here too."""
        for default in (*args.defaults, *args.kw_defaults):
            if default is not None:
                self.visit(default)
        given = {
            arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg) if arg is not None
        }
        inner = _Names(given)
        inner.run(body)
        local = given | ((inner.makes | inner.perhaps) - inner.globals)
        reads = (inner.reads | inner.globals) - local
        self.names |= inner.names
        for name in inner.reads - local:
            self._read(name)
        below = _together(inner.late.values())
        return Late(
            frozenset(reads | (below.reads - local)),
            frozenset(inner.globals | (inner.touched - local) | below.writes),
            inner.wide or below.wide,
            not given.isdisjoint(inner.touched),
        )

    def _global(self, node: ast.Global) -> None:
        self.globals.update(node.names)

    def _class(self, node: ast.ClassDef) -> None:
        self.run([*node.decorator_list, *node.bases, *node.keywords])
        self._decorated(node)
        inner = _Names()
        inner.run(node.body)
        self.names |= inner.names
        for name in inner.reads:
            self._read(name)
        self.wide |= inner.wide
        self.late[node.name] = replace(_together(inner.late.values()), own=True)
        self._make(node.name)

    _BY_NODE: ClassVar[dict[type[ast.AST], Any]] = {
        ast.Name: _name,
        ast.Constant: _constant,
        ast.Attribute: _inside,
        ast.Subscript: _inside,
        ast.Assign: _assign,
        ast.AnnAssign: _assign,
        ast.NamedExpr: _assign,
        ast.AugAssign: _augmented,
        ast.Expr: _expression,
        ast.Call: _call,
        ast.Import: _import,
        ast.ImportFrom: _import,
        ast.List: _collection,
        ast.Tuple: _collection,
        ast.Set: _collection,
        ast.Dict: _dict,
        ast.If: _if,
        ast.While: _while,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.Try: _try,
        getattr(ast, "TryStar", ast.Try): _try,
        ast.Match: _match,
        ast.MatchAs: _captured,
        ast.MatchStar: _captured,
        ast.MatchMapping: _captured,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _comprehension,
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.Lambda: _lambda,
        ast.Global: _global,
        ast.ClassDef: _class,
    }


def _together(parts: Iterable[Late]) -> Late:
    """Return what several functions do."""
    found = [*parts]
    return Late(
        frozenset().union(*(part.reads for part in found)),
        frozenset().union(*(part.writes for part in found)),
        any(part.wide for part in found),
        any(part.mutates for part in found),
        any(part.own for part in found),
    )


def _given(call: ast.Call) -> Iterable[str]:
    """Yield the names that a call is given, also in a list."""
    for given in (*call.args, *(keyword.value for keyword in call.keywords)):
        for part in given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]:
            if isinstance(part, ast.Name):
                yield part.id


def _aliases(value: ast.expr) -> Iterable[str]:
    """Yield the names whose object, or a part of it, a value is or holds; what a call makes is new."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, (ast.List, ast.Tuple, ast.Set)):
            todo += [item for item in part.elts if type(item) is not ast.Constant]
        elif isinstance(part, ast.Dict):
            todo += [item for item in part.values if type(item) is not ast.Constant]
        elif isinstance(part, ast.IfExp):
            todo += [part.body, part.orelse]
        elif isinstance(part, (ast.Attribute, ast.Starred)) or (
            isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant)
        ):
            todo.append(part.value)


def _lambdas(value: ast.expr) -> Iterable[ast.Lambda]:
    """Yield the functions without a name that a value is or holds."""
    parts = [value]
    if isinstance(value, ast.List):
        parts = value.elts
    elif isinstance(value, ast.Dict):
        parts = value.values
    yield from (part for part in parts if isinstance(part, ast.Lambda))


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
