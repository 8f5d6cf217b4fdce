"""What an expression of a cell stands for, and what it does to the models in it. Nothing is run.

Whatever is not understood is :data:`UNKNOWN`, and whatever might change a model counts as a change (``touch``), unless the
model's print shows at the end of the cell that it did not (``_watch``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._cells import FITTING, children, walk
from jupyter_modelstore.capture._domain import (
    DERIVED,
    PLAIN,
    UNKNOWN,
    Box,
    Const,
    Data,
    Items,
    Made,
    Model,
    Score,
    Thing,
    Unknown,
    Value,
)
from jupyter_modelstore.capture._kinds import MISSING
from jupyter_modelstore.capture._scope import MOST_ELEMENTS, Frame, TooMuch
from jupyter_modelstore.capture._tables import Tables

_MOST_STEPS = 30_000
_MOST_UNROLLED = 2_500
_MOST_IDLE = 400
"""So many steps may the rounds of loops take all together; of a loop whose first round has nothing to do with models."""
_LITERALS = (ast.List, ast.Tuple, ast.Set)
_HOLDS_MODELS = re.compile("estimator|step|transformer|regressor|classifier|model|learner|pipeline")


class Expressions(Tables):
    """Reads expressions; what calls mean stands in ``_calls``, statements in ``_reader``."""

    def read(self, node: ast.expr | None) -> Value:
        """Return what an expression stands for."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise TooMuch
        if node is None:
            return UNKNOWN
        method = self._BY_NODE.get(type(node))
        if method is not None:
            return method(self, node)
        for child in children(node):
            if isinstance(child, ast.expr):
                self.read(child)
        return UNKNOWN

    def _read_name(self, node: ast.Name) -> Value:
        return self.lookup(node.id)

    def _read_constant(self, node: ast.Constant) -> Value:
        return Const(node.value)

    def _read_tuple(self, node: ast.Tuple) -> Value:
        return Items(tuple(self.read(item) for item in node.elts))

    @contextmanager
    def unrolling(self, rounds: int) -> Iterator[Callable[[], bool]]:
        """Count the steps of a loop that is read round by round; what is given tells after the first if all are too many."""
        begun, before = self.steps, self.unrolled
        did = len(self.scores), self.fits, len(self.state.models)

        def is_too_long() -> bool:
            idle = did == (len(self.scores), self.fits, len(self.state.models))
            return before + (self.steps - begun) * rounds > (_MOST_IDLE if idle else _MOST_UNROLLED)

        yield is_too_long
        self.unrolled = before + self.steps - begun

    def _read_list(self, node: ast.List) -> Value:
        if len(node.elts) > MOST_ELEMENTS and is_bare(node):
            return Box(whole=False)
        values = [self.read(item) for item in node.elts]
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return Box(whole=False)
        return Box(dict(enumerate(values)), len(values))

    def _read_dict(self, node: ast.Dict) -> Value:
        if len(node.keys) > MOST_ELEMENTS and is_bare(node):
            return Box(whole=False)
        box = Box()
        for key, value in zip(node.keys, node.values, strict=True):
            name, found = self.read(key), self.read(value)
            if key is None and isinstance(found, Box) and found.whole:  # **other
                box.items.update(found.items)
            elif isinstance(name, Const):
                box.items[name.value] = found
            else:  # it may be any key of before
                box.forget()
        return box

    def _read_text(self, node: ast.JoinedStr) -> Value:
        """Return, for a text with one score among its parts, that score: it may be printed."""
        values = [self.read(part.value) for part in node.values if isinstance(part, ast.FormattedValue)]
        scores = [value for value in values if isinstance(value, Score)]
        return replace(scores[0], read="text") if len(values) == len(scores) == 1 else UNKNOWN

    def _read_walrus(self, node: ast.NamedExpr) -> Value:
        value = self.read(node.value)
        self.store(node.target, value)
        for names in (self.state.names, *(frame.names for frame in self.frames)) if self.frames else ():
            names[node.target.id] = UNKNOWN  # in a comprehension it is a variable of what stands around it
        return value

    def _read_choice(self, node: ast.IfExp) -> Value:
        self.read(node.test)
        self.maybe += 1
        self.read(node.body)
        self.read(node.orelse)
        self.maybe -= 1
        return UNKNOWN

    def _read_bool(self, node: ast.BoolOp) -> Value:
        self.read(node.values[0])
        self.maybe += 1
        for value in node.values[1:]:
            self.read(value)
        self.maybe -= 1
        return UNKNOWN

    def _read_lambda(self, node: ast.Lambda) -> Value:
        if is_risky(node.body):
            self.touch_all("a lambda may have fitted it")
            self.racing = True
        return UNKNOWN

    def _read_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        first = node.generators[0]
        elements = self.elements(first.iter)
        self.frames.append(Frame(dict(self.frames[-1].names) if self.frames else {}))
        try:
            plain = len(node.generators) == 1 and not first.ifs and isinstance(node, (ast.ListComp, ast.DictComp))
            if elements is None or not plain:
                return self._read_comprehension_once(node)
            box = Box({}, len(elements) if isinstance(node, ast.ListComp) else None)
            with self.unrolling(len(elements)) as is_too_long:
                for index, element in enumerate(elements):
                    self.store(first.target, element)
                    key = self.read(node.key) if isinstance(node, ast.DictComp) else Const(index)
                    value = self.read(node.value if isinstance(node, ast.DictComp) else node.elt)
                    if isinstance(key, Const):
                        box.items[key.value] = value
                    else:
                        box.forget()
                    if not index and is_too_long():
                        return self._read_comprehension_once(node)
            return box
        finally:
            self.frames.pop()

    def _read_comprehension_once(self, node: Any) -> Value:  # noqa: ANN401 (a comprehension)
        self.racing |= isinstance(node, ast.GeneratorExp) and is_risky(node)
        self.maybe += 1
        self.looping += 1
        for generator in node.generators:
            self.read(generator.iter)
            self.store(generator.target, UNKNOWN)
            for test in generator.ifs:
                self.read(test)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.read(part)
        self.maybe -= 1
        self.looping -= 1
        return DERIVED if not is_risky(node) else UNKNOWN

    def _read_binary(self, node: ast.BinOp) -> Value:
        left, right = self.read(node.left), self.read(node.right)
        root = isinstance(node.op, ast.Pow) and isinstance(right, Const) and right.value == 0.5  # noqa: PLR2004 (a square root)
        if isinstance(left, Score) and root:
            return rooted(left)
        step = _step(node, left) if isinstance(left, Data) or isinstance(right, Data) else None
        return altered(self.mixed(left, right, step=step))

    def _read_unary(self, node: ast.UnaryOp) -> Value:
        value = self.read(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(value, Const) and type(value.value) in (int, float):
            return Const(-value.value)
        if isinstance(node.op, ast.USub) and isinstance(value, Score) and value.name.startswith("neg_"):
            return replace(value, name=value.name[4:])
        if isinstance(node.op, ast.Invert) and isinstance(value, Data):
            other = replace(value, id=self.state.known("~", value.id))
            self.opposite[other.id] = value.id
            return other
        return PLAIN if isinstance(value, Score) else altered(self.mixed(value, step=type(node.op).__name__))

    def _read_compare(self, node: ast.Compare) -> Value:
        left, right = self.read(node.left), self.read(node.comparators[0])
        further = [self.read(item) for item in node.comparators[1:]]
        found = self.mixed(left, right, *further, step=(type(node.ops[0]).__name__, ast.unparse(node.comparators[0])))
        half = isinstance(right, Const) and right.value == 0.5 and isinstance(node.ops[0], (ast.Gt, ast.GtE))  # noqa: PLR2004 (the usual threshold)
        usual = half and len(node.ops) == 1 and isinstance(found, Made) and found.how != "decision"
        return replace(found, yes=True) if usual and isinstance(found, Made) else altered(found)

    def _read_attribute(self, node: ast.Attribute) -> Value:
        base = self.read(node.value)
        if isinstance(base, Thing) and library.is_module(base.value):
            value = vars(base.value).get(node.attr, MISSING)
            return UNKNOWN if value is MISSING else self.lift(value)
        if isinstance(base, Box):
            return base.items.get(f".{node.attr}", UNKNOWN)
        if isinstance(base, Model):
            return self.attribute_of_model(base, node.attr)
        if isinstance(base, Data):
            return self._attribute_of_data(base, node.attr)
        if isinstance(base, Made) and node.attr not in {"shape", "size", "ndim", "dtype"}:
            return base if node.attr in {"values", "T"} else altered(base)
        return base if isinstance(base, Unknown) else PLAIN

    def attribute_of_model(self, model: Model, name: str) -> Value:
        """Return what a model's attribute stands for: the best of a search, the labels of what it was fitted on."""
        tracked = self.state.models[model.key]
        if name == "best_estimator_" and not self.maybe:
            known = next((one for one in self.state.models.values() if one.parent == (model.key, str(tracked.version))), None)
            inner = known or self.state.follow()
            if known is None:
                tracked.holds |= {inner.key}
                inner.parent, inner.fit, inner.sure = (model.key, str(tracked.version)), tracked.fit, tracked.sure
                inner.cells = {cell: list(did) for cell, did in tracked.cells.items()}
            return Model(inner.key)
        if name == "labels_" and tracked.fit is not None:
            return Made(model.key, tracked.version, tracked.fit.x)
        plain = name.endswith("_") and not name.startswith("__") and not _HOLDS_MODELS.search(name)
        return DERIVED if plain else UNKNOWN

    def _read_subscript(self, node: ast.Subscript) -> Value:
        base = self.read(node.value)
        if isinstance(base, Data):
            located = node.value.attr if isinstance(node.value, ast.Attribute) else ""
            return self.rows_of(base, node.slice, located=located == "loc")
        key = self.read(node.slice)
        if isinstance(base, Box) and isinstance(key, Const) and type(key.value) in (str, int):
            return base.items.get(base.place(key.value), UNKNOWN)
        if isinstance(base, Items) and isinstance(key, Const) and type(key.value) is int:
            return base.values[key.value] if -len(base.values) <= key.value < len(base.values) else UNKNOWN
        if isinstance(base, Made):
            if isinstance(node.slice, ast.Tuple) or isinstance(key, Const):  # of the class that is asked for, or of another
                last = key.values[-1] if isinstance(key, Items) and key.values else UNKNOWN
                return base if isinstance(last, Const) and last.value in (1, -1) and not base.plain else altered(base)
            return replace(base, part=True)
        if isinstance(base, Score) and base.read in {"report", "folds"}:
            return self.part_of_score(base, key)
        return UNKNOWN

    def part_of_score(self, score: Score, key: Value) -> Value:
        """Return what one entry of a report or of the results of cross-validation stands for."""
        name = key.value if isinstance(key, Const) else None
        if score.read == "folds" and type(name) is str and name.startswith("test_"):
            metric = score.name if name == "test_score" else library.of_scoring(name[5:])
            return replace(score, name=metric, read="mean") if metric else UNKNOWN
        if score.read == "report" and name == "accuracy":
            return replace(score, name="accuracy", read="number")
        return UNKNOWN

    def _read_await(self, node: ast.Await) -> Value:
        self.read(node.value)
        self.touch_all("code that runs at another moment may have changed it")
        return UNKNOWN

    def _read_call(self, node: ast.Call) -> Value:
        return self.call(node)

    _BY_NODE: ClassVar[dict[type[ast.expr], Callable[..., Value]]] = {
        ast.Name: _read_name,
        ast.Constant: _read_constant,
        ast.Tuple: _read_tuple,
        ast.List: _read_list,
        ast.Dict: _read_dict,
        ast.JoinedStr: _read_text,
        ast.NamedExpr: _read_walrus,
        ast.IfExp: _read_choice,
        ast.BoolOp: _read_bool,
        ast.Lambda: _read_lambda,
        ast.ListComp: _read_comprehension,
        ast.SetComp: _read_comprehension,
        ast.DictComp: _read_comprehension,
        ast.GeneratorExp: _read_comprehension,
        ast.BinOp: _read_binary,
        ast.UnaryOp: _read_unary,
        ast.Compare: _read_compare,
        ast.Attribute: _read_attribute,
        ast.Subscript: _read_subscript,
        ast.Call: _read_call,
        ast.Await: _read_await,
    }


def rooted(score: Score) -> Value:
    """Return the square root of a score: that of a mean squared error has a name."""
    known = score.name == "mean_squared_error" and score.read == "number"
    return replace(score, name="root_mean_squared_error") if known else UNKNOWN


def altered(value: Value) -> Value:
    """Return predictions as such that were changed by hand; anything else as it is."""
    return replace(value, altered=True) if isinstance(value, Made) else value


def _step(node: ast.BinOp, left: Value) -> tuple[str, str, bool]:
    """Return what an operation does to the data in it, in words: which operation, with what, on which side."""
    first = isinstance(left, Data)
    return type(node.op).__name__, ast.unparse(node.right if first else node.left), first


def is_bare(node: ast.AST | None) -> bool:
    """Tell whether a literal holds no name, however long it is: there is nothing in it to read."""
    if type(node) is ast.Constant:
        return True
    if isinstance(node, _LITERALS):
        return all(type(item) is ast.Constant or is_bare(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(type(item) is ast.Constant or is_bare(item) for item in (*node.keys, *node.values))
    return isinstance(node, ast.UnaryOp) and type(node.operand) is ast.Constant


def is_risky(node: ast.AST) -> bool:
    """Tell whether code holds a call that trains or changes a model."""
    for part in walk(node):
        if isinstance(part, ast.Call):
            name = (
                part.func.attr
                if isinstance(part.func, ast.Attribute)
                else part.func.id
                if isinstance(part.func, ast.Name)
                else ""
            )
            if FITTING.fullmatch(name) or name in {"set_params", "setattr", "exec", "eval", "train"}:
                return True
    return False
