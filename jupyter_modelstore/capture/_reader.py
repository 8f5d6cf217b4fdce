"""Reading a cell: its statements, one after the other, as Python would run them, with values of the domain for objects.

What surely happens is read straight. What may or may not happen (a branch, a loop that may not run, a ``try``) is read too,
but whatever it assigns is unknown afterwards, and whatever it may do to a model counts as done. A loop over known elements is
read once for each; another loop once, as its last round.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from jupyter_modelstore._owners import is_owned
from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._calls import Calls
from jupyter_modelstore.capture._cells import children, walk
from jupyter_modelstore.capture._domain import (
    DERIVED,
    PLAIN,
    UNKNOWN,
    Box,
    Const,
    Data,
    Function,
    Items,
    Made,
    Model,
    Root,
    Score,
    Thing,
    Unknown,
    Value,
    plain,
    purpose,
)
from jupyter_modelstore.capture._expressions import is_risky
from jupyter_modelstore.capture._kinds import MISSING, kind_of, kind_of_class
from jupyter_modelstore.capture._library import HARMLESS
from jupyter_modelstore.capture._scope import MOST_ELEMENTS, is_model, is_strange
from jupyter_modelstore.capture._state import BY_HAND

_SWALLOWS = ("suppress", "raises", "ignore")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class _Left(Exception):
    """A ``return``, with what it returns."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Reader(Calls):
    """Reads statements; see :class:`~jupyter_modelstore.capture._expressions.Expressions`."""

    def run(self, statements: Sequence[ast.stmt]) -> None:
        """Read statements of the notebook's own level."""
        for statement in statements:
            self.last = self.read(statement.value) if isinstance(statement, ast.Expr) else self._statement(statement)

    def body(self, statements: list[ast.stmt]) -> Value:
        """Read the body of a function; return what it returns."""
        before = self.maybe
        try:
            self.run(statements)
        except _Left as left:
            return UNKNOWN if self.frames[-1].left else left.value
        finally:
            self.maybe = before
        return UNKNOWN if self.frames[-1].left else Const(None)

    def _statement(self, node: ast.stmt) -> Any:  # noqa: ANN401 (nothing)
        method = self._BY_STATEMENT.get(type(node))
        if method is not None:
            method(self, node)
            return
        for child in children(node):
            if isinstance(child, ast.expr):
                self.read(child)

    # ---- assignments -------------------------------------------------------------------------------------------------

    def _assign(self, node: ast.Assign) -> None:
        value = self.read(node.value)
        for target in node.targets:
            self.store(target, value)

    def _assign_typed(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.read(node.value))

    def _assign_changed(self, node: ast.AugAssign) -> None:
        self.read(node.value)
        if isinstance(node.target, ast.Name):
            value = self.lookup(node.target.id)
            if isinstance(value, Data):
                plain = isinstance(self.read(node.value), (Const, Unknown)) and not isinstance(node.value, ast.List)
                changed = value if plain else replace(value, roots=frozenset({Root("unsure")}))  # a list may be longer now
                self.change(changed, "same" if plain else "other", (type(node.op).__name__, ast.unparse(node.value), True))
                return
        else:
            value = self.read(node.target)
        if not isinstance(value, Data) and not (isinstance(value, Score) and value.read == "number"):
            self.spoil(value)
        self.store(node.target, UNKNOWN)

    def store(self, target: ast.expr, value: Value) -> None:
        """Let a target stand for a value."""
        if isinstance(target, ast.Name):
            self._store_name(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value)
        elif isinstance(target, ast.Starred):
            self.store(target.value, UNKNOWN)
        elif isinstance(target, ast.Subscript):
            self._store_item(target, value)
        elif isinstance(target, ast.Attribute):
            self._store_attribute(target, value)

    def _store_name(self, name: str, value: Value) -> None:
        names = self.frames[-1].names if self.frames else self.state.names
        if self.maybe:
            names[name] = UNKNOWN
            return
        names[name] = self._better(name, value)
        if isinstance(value, Model) and not self.frames and value.key in self.state.models:
            self.state.models[value.key].names.add(name)
            self.note(self.state.models[value.key], "assigned")

    def _better(self, name: str, value: Value) -> Value:
        """Return what is known of a value that reading did not understand, from the object that the name has at the end."""
        if not isinstance(value, (Unknown, Data)) or (final := self.final(name)) is MISSING:
            return value
        if is_model(final) and not isinstance(self.lift(final), Model):
            tracked = self.state.follow(kind_of(final))
            tracked.alien = True
            tracked.sure, tracked.why = True, "how it was fitted is not known: another function made it, or it was loaded"
            tracked.names.add(name)
            self.note(tracked, "assigned")
            return Model(tracked.key)
        return Const(final) if type(final) in (str, int, float, bool) else value

    def _unpack(self, targets: list[ast.expr], value: Value) -> None:
        values: list[Value] = []
        if isinstance(value, Items):
            values = list(value.values)
        elif isinstance(value, Box) and value.length is not None:
            values = [value.items.get(index, UNKNOWN) for index in range(value.length)]
        if len(values) != len(targets) or any(isinstance(target, ast.Starred) for target in targets):
            values = self._pieces(targets, value) if isinstance(value, (Data, Unknown)) else [UNKNOWN] * len(targets)
        for target, part in zip(targets, values, strict=True):
            self.store(target, part)

    def _pieces(self, targets: list[ast.expr], value: Value) -> list[Value]:
        """Return what a call that is not known gave back in several pieces: pieces of data if the names say so."""
        if not isinstance(value, Data):
            return [UNKNOWN] * len(targets)
        split = self.state.new()
        pieces: list[Value] = []
        for target in targets:
            said = purpose(ast.unparse(target))
            side = ["train", "test", "validation"].index(said) if said else -1
            roots = value.roots if side < 0 else self.state.root("split", split, side, value.roots)
            pieces.append(self.state.data(roots=roots))
        return pieces

    def _store_item(self, target: ast.Subscript, value: Value) -> None:
        base, key = self.read(target.value), self.read(target.slice)
        self._by_hand(target)
        if isinstance(base, Box):
            varies = self.looping and not isinstance(target.slice, ast.Constant)
            if isinstance(key, Const) and type(key.value) in (str, int) and not varies:
                base.items[base.place(key.value)] = UNKNOWN if self.maybe else value
            else:
                base.forget()
        elif isinstance(base, Data):
            self.change(base, "same", ("set", key.value) if isinstance(key, Const) else self.state.new())
            if isinstance(value, Data) and not (isinstance(key, Const) and type(key.value) is str):
                self._mix(base, value)
        else:
            self.spoil(base)
            names = self.frames[-1].names if self.frames else self.state.names
            if base == PLAIN and plain([value]) == DERIVED and isinstance(target.value, ast.Name):
                names[target.value.id] = DERIVED

    def _mix(self, base: Data, value: Data) -> None:
        """Note that rows of one piece of data were written into another."""
        self.everywhere(
            lambda known: (
                replace(known, roots=known.roots | value.roots, rows=self.state.new())
                if isinstance(known, Data) and known.rows == base.rows
                else known
            )
        )

    def _store_attribute(self, target: ast.Attribute, value: Value) -> None:
        base = self.read(target.value)
        self._by_hand(target)
        if isinstance(base, Box):
            base.items[f".{target.attr}"] = UNKNOWN if self.maybe else value
        elif isinstance(base, Data):
            self.change(base, "same", ("set", target.attr))
        elif isinstance(base, Thing):
            self.racing = True  # a library, or the notebook itself, is patched

    def _by_hand(self, target: ast.Attribute | ast.Subscript) -> None:
        """Note that a model is changed if something inside it is assigned: ``clf.coef_[0] = 1``."""
        node: ast.expr = target
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
            value = self.read(node)
            if isinstance(value, (Made, Score)) or (
                isinstance(value, Data) and isinstance(target.value, (ast.Attribute, ast.Subscript))
            ):
                self.spoil(value)
            if isinstance(value, Model):
                tracked = self.state.models[value.key]
                if tracked.alien and tracked.ref is None:
                    self.touch_all(BY_HAND)
                self.touch(tracked, BY_HAND)
                tracked.tuned = not self.maybe
                tracked.fit, tracked.why = None, BY_HAND

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                names = self.frames[-1].names if self.frames else self.state.names
                names[target.id] = UNKNOWN
            elif isinstance(target, ast.Subscript) and isinstance(box := self.read(target.value), Box):
                box.forget()
            else:
                self.store(target, UNKNOWN)

    # ---- what may or may not happen ----------------------------------------------------------------------------------

    def perhaps(self, statements: Sequence[ast.stmt]) -> None:
        """Read statements that may not be run, or not to their end."""
        self.maybe += 1
        try:
            self.run(statements)
        except _Left:
            self.frames[-1].left = True
        finally:
            self.maybe -= 1
        if self.frames and self.frames[-1].left:
            self.maybe += 1  # what follows may not be run either; `body` sets it back

    def _if(self, node: ast.If) -> None:
        test = self.read(node.test)
        main = (
            isinstance(node.test, ast.Compare) and "__name__" in ast.unparse(node.test) and "__main__" in ast.unparse(node.test)
        )
        if main or (isinstance(test, Const) and isinstance(node.test, (ast.Constant, ast.Name)) and not self.looping):
            self.run(node.body if main or (isinstance(test, Const) and test.value) else node.orelse)
            return
        self.perhaps(node.body)
        self.perhaps(node.orelse)

    def _try(self, node: Any) -> None:  # noqa: ANN401 (Try, or TryStar of newer versions)
        self.perhaps([*node.body, *node.orelse])
        for handler in node.handlers:
            self.perhaps(handler.body)
        self.run(node.finalbody)

    def _async(self, node: ast.AsyncWith | ast.AsyncFor) -> None:
        """Read what runs between other code: all of it may or may not happen."""
        self._forget([node])
        self.looping += 1
        self.perhaps(node.body)
        self.looping -= 1
        self.touch_all("code that runs at another moment may have changed it")

    def _with(self, node: ast.With) -> None:
        printing, self.printing = self.printing, False  # where it goes is not known
        self._with_body(node)
        self.printing = printing

    def _with_body(self, node: ast.With) -> None:
        for item in node.items:
            self.read(item.context_expr)
            if item.optional_vars is not None:
                self.store(item.optional_vars, UNKNOWN)
        at_its_end = [item for item in node.items if self._is_woken(item.context_expr)]
        swallows = any(word in ast.unparse(item.context_expr) for item in node.items for word in _SWALLOWS)
        (self.perhaps if swallows else self.run)(node.body)
        if at_its_end:
            self.touch_all("what runs at the end of a `with` may have changed it")

    def _is_woken(self, node: ast.expr) -> bool:
        """Tell whether a context may run code of the notebook's at its end."""
        if isinstance(node, ast.Name):
            return is_strange(self.namespace.get(node.id))
        function = self.read(node.func) if isinstance(node, ast.Call) else UNKNOWN
        if isinstance(function, Thing) and isinstance(function.value, type):
            return kind_of_class(function.value).strange
        return not (isinstance(function, Thing) and is_owned(library.qualified(function.value)[0]))

    def _match(self, node: ast.Match) -> None:
        self.read(node.subject)
        names = self.frames[-1].names if self.frames else self.state.names
        names.update(dict.fromkeys(captured_names(node), UNKNOWN))
        for case in node.cases:
            self.perhaps(case.body)

    # ---- loops -------------------------------------------------------------------------------------------------------

    def _while(self, node: ast.While) -> None:
        self._forget(node.body)
        self.looping += 1
        self.read(node.test)
        self.perhaps(node.body)
        self.looping -= 1
        self.perhaps(node.orelse)

    def _for(self, node: ast.For) -> None:
        elements = self.elements(node.iter)
        jumps = any(
            isinstance(part, (ast.Break, ast.Continue, ast.Return)) for statement in node.body for part in walk(statement)
        )
        if elements is not None and not jumps and self._each(node, elements):
            self.run(node.orelse)
            return
        source = self.read(node.iter)
        self._forget(node.body)
        self.looping += 1
        self._store_round(node)
        if jumps or elements == [] or not (elements or self._runs(node.iter)):
            self.perhaps(node.body)
        else:
            self.run(node.body)
        self.looping -= 1
        self.perhaps(node.orelse) if jumps else self.run(node.orelse)
        if isinstance(source, Unknown) and isinstance(node.iter, ast.Name):
            self.wake(self.namespace.get(node.iter.id))

    def _each(self, node: ast.For, elements: list[Value]) -> bool:
        """Read a loop once for each element; only the first, and tell so, if all together are too many steps."""
        several = len(elements) != 1
        self.rounds += several
        try:
            with self.unrolling(len(elements)) as is_too_long:
                for index, element in enumerate(elements):
                    self.store(node.target, element)
                    self.run(node.body)
                    if not index and is_too_long():
                        return False
        finally:
            self.rounds -= several
        return True

    def _store_round(self, node: ast.For) -> None:
        """Let the target of a loop stand for what a round gives it: the two sides of a split, or something unknown."""
        folds = isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Attribute) and node.iter.func.attr == "split"
        pair = isinstance(node.target, ast.Tuple) and len(node.target.elts) == 2  # noqa: PLR2004 (rows to fit and to test)
        if folds and pair:
            split = self.state.new()
            self.store(
                node.target,
                Items(tuple(self.state.data(roots=self.state.root("split", split, side, frozenset())) for side in (0, 1))),
            )
        else:
            self.store(node.target, UNKNOWN)

    def _forget(self, statements: list[ast.stmt]) -> None:
        """Let names that a loop assigns be unknown when a round begins: they hold what earlier rounds left."""
        names = self.frames[-1].names if self.frames else self.state.names
        for name in stored_names(statements):
            names[name] = UNKNOWN

    def _runs(self, node: ast.expr) -> bool:
        """Tell whether a loop over this surely has a round."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "range" and node.args:
                last = self.read(node.args[min(len(node.args), 2) - 1])
                return len(node.args) == 1 and isinstance(last, Const) and type(last.value) is int and last.value > 0
            if node.func.id in {"enumerate", "tqdm", "list", "sorted"} and node.args:
                return self._runs(node.args[0])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.attr == "split"
        return isinstance(node, (ast.List, ast.Tuple)) and bool(node.elts)

    def elements(self, node: ast.expr) -> list[Value] | None:
        """Return what a loop runs over, if all of it is known."""
        if isinstance(node, ast.Call):
            return self._elements_of_call(node)
        value = (
            self.read(node)
            if isinstance(node, (ast.Name, ast.List, ast.Tuple, ast.Dict, ast.Attribute, ast.Subscript))
            else UNKNOWN
        )
        return self._elements_of(value)

    def _elements_of(self, value: Value) -> list[Value] | None:
        if isinstance(value, Items):
            found: list[Value] | None = [*value.values]
        elif isinstance(value, Box) and value.length is not None:
            found = [value.items.get(index, UNKNOWN) for index in range(value.length)]
        elif isinstance(value, Box) and value.items and value.whole:
            found = [Const(key) for key in value.items]
        elif isinstance(value, Const) and type(value.value) is tuple:
            found = [Const(text) for text in value.value]
        else:
            found = None
        return None if found is None or len(found) > MOST_ELEMENTS else found

    def _elements_of_call(self, node: ast.Call) -> list[Value] | None:
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        )
        if isinstance(node.func, ast.Attribute) and name in {"items", "values", "keys"} and not node.args:
            box = self.read(node.func.value)
            if not isinstance(box, Box) or box.length is not None or not box.whole or self._elements_of(box) is None:
                return None
            pairs = [Items((Const(key), value)) for key, value in box.items.items()]
            return [*pairs] if name == "items" else [pair.values[name == "values"] for pair in pairs]
        if name == "range" and isinstance(node.func, ast.Name):
            bounds = [
                bound.value for bound in map(self.read, node.args) if isinstance(bound, Const) and type(bound.value) is int
            ]
            whole = range(*bounds) if 0 < len(bounds) == len(node.args) < 4 and 0 not in bounds[2:] else None  # noqa: PLR2004 (start, stop, step)
            return None if whole is None or len(whole) > MOST_ELEMENTS else [Const(number) for number in whole]
        inner = [self.elements(argument) for argument in node.args] if isinstance(node.func, ast.Name) else []
        if name == "enumerate" and len(inner) == 1 and inner[0] is not None:
            return [Items((Const(index), value)) for index, value in enumerate(inner[0])]
        if name in {"list", "tuple", "tqdm"} and len(inner) == 1:
            return inner[0]
        if name == "zip" and inner and all(part is not None for part in inner) and not node.keywords:
            return [Items(values) for values in zip(*(part or [] for part in inner), strict=False)]
        return None

    # ---- definitions -------------------------------------------------------------------------------------------------

    def _define(self, node: ast.FunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *(value for value in node.args.kw_defaults if value)):
            self.read(part)
        if node.decorator_list:
            self.touch_all("a decorator may have changed it")
        self.state.volatile |= {name for part in walk(node) if isinstance(part, ast.Global) for name in part.names}
        # One inside another sees that one's variables, which are not known when it is called.
        value = Function(node, self.cell) if not (node.decorator_list or self.maybe or self.frames) else UNKNOWN
        self._store_name(node.name, value)

    def _define_other(self, node: ast.ClassDef | ast.AsyncFunctionDef) -> None:
        self.state.volatile |= {name for part in walk(node) if isinstance(part, ast.Global) for name in part.names}
        for name in _read_at_once(node) if isinstance(node, ast.ClassDef) else ():
            self.lookup(name)
        if is_risky(node) or (isinstance(node, ast.ClassDef) and _runs_at_once(node)):
            self.touch_all("a class may have changed it")
        self._as_it_is(node.name)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if any(alias.name == "*" for alias in node.names) and (node.module or "").partition(".")[0] not in HARMLESS:  # type: ignore[union-attr]  # only `from` has a star
            self.forget_names()
        for alias in node.names:
            self._as_it_is((alias.asname or alias.name).partition(".")[0])

    def _as_it_is(self, name: str) -> None:
        """Let a name stand for what the namespace has under it."""
        if self.frames:
            self.frames[-1].names[name] = UNKNOWN
        elif self.stored[name] == 1:
            self.state.names.pop(name, None)
            self.pending.discard(name)
        else:
            self.state.names[name] = UNKNOWN

    def _return(self, node: ast.Return) -> None:
        value = self.read(node.value) if node.value is not None else Const(None)
        if self.frames:
            raise _Left(value)

    _BY_STATEMENT: ClassVar[dict[type[ast.stmt], Any]] = {
        ast.Assign: _assign,
        ast.AnnAssign: _assign_typed,
        ast.AugAssign: _assign_changed,
        ast.Delete: _delete,
        ast.If: _if,
        ast.Try: _try,
        getattr(ast, "TryStar", ast.Try): _try,
        ast.With: _with,
        ast.Match: _match,
        ast.AsyncWith: _async,
        ast.AsyncFor: _async,
        ast.While: _while,
        ast.For: _for,
        ast.FunctionDef: _define,
        ast.AsyncFunctionDef: _define_other,
        ast.ClassDef: _define_other,
        ast.Import: _import,
        ast.ImportFrom: _import,
        ast.Return: _return,
    }


def _read_at_once(node: ast.ClassDef) -> Iterator[str]:
    """Yield the names that the body of a class reads while it is defined."""
    outside = [part for part in (*node.body, *node.bases) if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
    names = (part for statement in outside for part in walk(statement) if isinstance(part, ast.Name))
    yield from (name.id for name in names if isinstance(name.ctx, ast.Load))


def _runs_at_once(node: ast.ClassDef) -> bool:
    """Tell whether the body of a class calls something while it is defined."""
    outside = [part for part in node.body if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return bool(node.keywords) or any(isinstance(part, ast.Call) for statement in outside for part in walk(statement))


def captured_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that the patterns of a ``match`` bind."""
    for part in walk(node):
        name = (
            part.rest
            if isinstance(part, ast.MatchMapping)
            else part.name
            if isinstance(part, (ast.MatchAs, ast.MatchStar))
            else None
        )
        if name is not None:
            yield name


def stored_names(statements: Sequence[ast.stmt]) -> Counter[str]:
    """Return which names statements assign, and how often; those of functions and classes inside are their own."""
    return Counter(name for statement in statements for name in _stored(statement))


def _stored(statement: ast.AST) -> Iterator[str]:
    todo = [statement]
    while todo:
        node = todo.pop()
        kind = type(node)
        if kind is ast.Constant:
            continue
        if kind is ast.Name:
            if not isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]  # it is a name
                yield node.id  # type: ignore[attr-defined]  # it is a name
            continue
        if isinstance(node, _SCOPES):
            if not isinstance(node, ast.Lambda):
                yield node.name
            yield from (name for part in walk(node) if isinstance(part, ast.Global) for name in part.names)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        elif isinstance(node, ast.Match):
            yield from captured_names(node)
        todo += children(node)
