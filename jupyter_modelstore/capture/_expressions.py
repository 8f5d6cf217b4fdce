"""What an expression of a cell stands for, and what it does to the models in it. Nothing is run.

Whatever is not understood is :data:`UNKNOWN`, and whatever might change a model counts as a change (``touch``), unless the
model's print shows at the end of the cell that it did not (``_watch``).
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._cells import FITTING
from jupyter_modelstore.capture._domain import (
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
    Scorer,
    Thing,
    Unknown,
    Value,
)
from jupyter_modelstore.capture._kinds import MISSING, kind_of, peek, quiet, words
from jupyter_modelstore.capture._state import State, Tracked

MOST_ELEMENTS = 60
_MOST_STEPS = 30_000
_MOST_COLUMNS = 5_000
_SAME_ROWS = words(
    "values to_numpy copy astype fillna to_frame squeeze ravel flatten rename round clip toarray todense tocsr tocsc "
    "select_dtypes replace assign reset_index set_index abs map apply str cat T A1 array"
)
_SAME_COLUMNS = words("values to_numpy copy astype fillna round clip toarray todense replace reset_index array")
IN_PLACE = words("sort partition resize put itemset insert setflags fill pop clear update setdefault")
_HOLDS_MODELS = re.compile("estimator|step|transformer|regressor|classifier|model|learner|pipeline")
_FEWER_ROWS = words("head tail sample query dropna drop_duplicates nlargest nsmallest filter where loc iloc")

SHUFFLES = re.compile("sample|shuffl|sort|permut|index|flip|roll|choice|concat|append|merge|join|stack|repeat|tile|unique")
"""Words in the names of functions that may give rows in another order, or other rows."""


class TooMuch(Exception):
    """A cell asks for more work than reading it is worth."""


class Frame:
    """The variables of a function that is read at its call; ``left``: a ``return`` that may have been taken."""

    def __init__(self, names: dict[str, Value]) -> None:
        self.names = names
        self.left = False


class Expressions:
    """Reads expressions; what calls mean stands in ``_calls``, statements in ``_reader``.

    Parameters
    ----------
    state
        What is known; changed as the cell is read.
    namespace
        The variables as they are at the end of what is read.
    cell
        Its number.
    stored
        How often each name is assigned in what is read.
    """

    def __init__(self, state: State, namespace: Mapping[str, Any], cell: int, stored: Counter[str]) -> None:
        self.state = state
        self.namespace = namespace
        self.cell = cell
        self.stored = stored
        self.pending = set(stored)
        self.seen = set(stored)
        self.frames: list[Frame] = []
        self.maybe = 0
        self.looping = 0
        self.steps = 0
        self.scores: list[Score] = []
        self.fits = 0
        self.racing = False
        self.prints: list[tuple[ast.Call, list[Value]]] = []
        self.used: set[int] = set()
        self.opposite: dict[int, int] = {}
        self.calls: list[ast.Call] = []
        self.origin: ast.Call | None = None
        self.last: Any = UNKNOWN

    # ---- names -------------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Value:
        """Return what a name stands for here."""
        if self.frames and name in self.frames[-1].names:
            return self.frames[-1].names[name]
        self.seen.add(name)
        if name in self.state.names:
            return self.state.names[name]
        if name in self.pending:
            return UNKNOWN
        value = self.namespace.get(name, MISSING)
        if value is MISSING:
            return Thing(vars(builtins)[name]) if name in vars(builtins) else UNKNOWN
        found = self.lift(value)
        if isinstance(found, (Data, Box)):
            self.state.names[name] = found
        return found

    def lift(self, value: Any, depth: int = 0) -> Value:  # noqa: ANN401 (any object)
        """Return what an object of the notebook stands for, if it is there unchanged since before the cell."""
        if type(value) in (str, int, float, bool, type(None)):
            return Const(value)
        if library.is_thing(value):
            return Thing(value)
        if (tracked := self.state.of(value)) is not None:
            return Model(tracked.key)
        if (name := quiet(library.of_scorer, value, None)) is not None:
            return Scorer(name)
        if (columns := _texts(value)) is not None:
            return Const(columns)
        if kind_of(value).data and not kind_of(value).library:
            return self.state.data()
        return self._lift_container(value, depth)

    def _lift_container(self, value: Any, depth: int) -> Value:  # noqa: ANN401 (any object)
        if type(value) in (dict, list, tuple):
            size = len(value)
            if type(value) is list and size > MOST_ELEMENTS:
                return self.state.data()
            if depth > 3 or size > MOST_ELEMENTS:  # noqa: PLR2004 (deeper than people nest)
                return UNKNOWN
            pairs = value.items() if type(value) is dict else enumerate(value)
            items = {key: self.lift(item, depth + 1) for key, item in list(pairs) if type(key) in (str, int)}
            if type(value) is tuple:
                return Items(tuple(items.values()))
            return Box(items, size if type(value) is list else None, whole=len(items) == size)
        if library.is_plain(value):
            return PLAIN
        own = peek(value, "__dict__")
        if type(own) is dict and not depth:
            parts = list(own.items())[:MOST_ELEMENTS]
            return Box({f".{key}": self.lift(item, 1) for key, item in parts if type(key) is str}, whole=False)
        return UNKNOWN

    def final(self, name: str) -> Any:  # noqa: ANN401 (any object)
        """Return the object that a name of the notebook, assigned once in the cell, has at its end."""
        return self.namespace.get(name, MISSING) if not self.frames and self.stored[name] == 1 else MISSING

    def names_of(self, data: Data | None) -> str:
        """Return the notebook's name of data; empty if it has none."""
        if data is None:
            return ""
        return next((name for name, value in self.state.names.items() if isinstance(value, Data) and value.id == data.id), "")

    # ---- what happens to models --------------------------------------------------------------------------------------

    def touch(self, tracked: Tracked, why: str, seen: frozenset[int] = frozenset()) -> None:
        """Note that a model, and what it holds, may have been changed here."""
        if tracked.key in seen:
            return
        tracked.version = self.state.new()
        tracked.touched, tracked.tuned = True, False
        if tracked.sure:
            tracked.fit, tracked.why = None, why
        for key in tracked.holds:
            if key in self.state.models:
                self.touch(self.state.models[key], why, seen | {tracked.key})

    def touch_in(self, value: Value, why: str, depth: int = 0) -> None:
        """Note that code that cannot be read had a value in its hands."""
        if isinstance(value, Model) and value.key in self.state.models:
            self.touch(self.state.models[value.key], why)
        elif isinstance(value, (Box, Items)) and depth < 5:  # noqa: PLR2004 (deeper than people nest)
            parts = list(value.items.values()) if isinstance(value, Box) else value.values
            for part in parts:
                self.touch_in(part, why, depth + 1)
            if isinstance(value, Box):
                value.forget()

    def touch_all(self, why: str) -> None:
        """Note that code that cannot be read was run: what was made in this cell may be in its hands."""
        for tracked in list(self.state.models.values()):
            self.touch(tracked, why)
        for name in self.state.volatile:
            self.state.names[name] = UNKNOWN
        self.seen |= self.state.volatile

    def change(self, data: Data, rows: Literal["same", "alike", "other"]) -> None:
        """Note that data was changed in place: under all its names it is other data now.

        ``alike``: its rows are the same ones if their number is.
        """
        fresh = self.state.data(roots=data.roots, column=data.column)
        made = replace(data, id=fresh.id, rows=data.rows if rows == "same" else fresh.rows)
        if rows == "alike":
            self.state.alike[made.rows] = data.rows
        for names in (self.state.names, *(frame.names for frame in self.frames)):
            for name, value in names.items():
                if isinstance(value, Data) and value.id == data.id:
                    names[name] = made
                    self.seen.add(name)

    def spoil(self, value: Value) -> None:
        """Note that predictions or scores were changed in place: under no name are they what they were."""
        if isinstance(value, Data):
            self.change(value, "other")
        elif isinstance(value, (Made, Score)):
            for names in (self.state.names, *(frame.names for frame in self.frames)):
                for name, known in names.items():
                    if known == value:
                        names[name] = UNKNOWN
                        self.seen.add(name)

    # ---- expressions -------------------------------------------------------------------------------------------------

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
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.read(child)
        return UNKNOWN

    def _read_name(self, node: ast.Name) -> Value:
        return self.lookup(node.id)

    def _read_constant(self, node: ast.Constant) -> Value:
        return Const(node.value)

    def _read_tuple(self, node: ast.Tuple) -> Value:
        return Items(tuple(self.read(item) for item in node.elts))

    def _read_list(self, node: ast.List) -> Value:
        values = [self.read(item) for item in node.elts]
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return Box(whole=False)
        return Box(dict(enumerate(values)), len(values))

    def _read_dict(self, node: ast.Dict) -> Value:
        box = Box()
        for key, value in zip(node.keys, node.values, strict=True):
            name, found = self.read(key), self.read(value)
            if key is None and isinstance(found, Box):  # **other
                box.items.update(found.items)
                box.whole &= found.whole
            elif isinstance(name, Const):
                box.items[name.value] = found
            else:
                box.whole = False
        return box

    def _read_text(self, node: ast.JoinedStr) -> Value:
        """Return, for a text with one score among its parts, that score: it may be printed."""
        values = [self.read(part.value) for part in node.values if isinstance(part, ast.FormattedValue)]
        scores = [value for value in values if isinstance(value, Score)]
        return replace(scores[0], read="text") if len(values) == len(scores) == 1 else UNKNOWN

    def _read_walrus(self, node: ast.NamedExpr) -> Value:
        value = self.read(node.value)
        self.store(node.target, value)
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
            for index, element in enumerate(elements):
                self.store(first.target, element)
                key = self.read(node.key) if isinstance(node, ast.DictComp) else Const(index)
                value = self.read(node.value if isinstance(node, ast.DictComp) else node.elt)
                if isinstance(key, Const):
                    box.items[key.value] = value
                else:
                    box.whole = False
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
        return PLAIN if not is_risky(node) else UNKNOWN

    def _read_binary(self, node: ast.BinOp) -> Value:
        left, right = self.read(node.left), self.read(node.right)
        root = isinstance(node.op, ast.Pow) and isinstance(right, Const) and right.value == 0.5  # noqa: PLR2004 (a square root)
        if isinstance(left, Score) and root:
            return rooted(left)
        return altered(self.mixed(left, right))

    def _read_unary(self, node: ast.UnaryOp) -> Value:
        value = self.read(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(value, Const) and type(value.value) in (int, float):
            return Const(-value.value)
        if isinstance(node.op, ast.USub) and isinstance(value, Score) and value.name.startswith("neg_"):
            return replace(value, name=value.name[4:], read=f"-{value.read}")
        if isinstance(node.op, ast.Invert) and isinstance(value, Data):
            other = Data(self.state.known("~", value.id), value.rows, value.roots)
            self.opposite[other.id] = value.id
            return other
        return PLAIN if isinstance(value, Score) else altered(self.mixed(value))

    def _read_compare(self, node: ast.Compare) -> Value:
        left, right = self.read(node.left), self.read(node.comparators[0])
        found = self.mixed(left, right, *(self.read(item) for item in node.comparators[1:]))
        half = isinstance(right, Const) and right.value == 0.5 and isinstance(node.ops[0], (ast.Gt, ast.GtE))  # noqa: PLR2004 (the usual threshold)
        if isinstance(found, Data):
            return replace(found, compared=True)
        return found if half and len(node.ops) == 1 else altered(found)

    def mixed(self, *values: Value) -> Value:
        """Return what comes of values that are computed with: predictions stay such if nothing but constants joins them."""
        known = [value for value in values if not isinstance(value, Const)]
        if len(known) == 1 and isinstance(known[0], Made):
            return known[0]
        data = [value for value in known if isinstance(value, Data)]
        if not data or len(data) < len(known):
            return UNKNOWN if any(isinstance(value, (Model, Box, Function)) for value in known) else PLAIN
        rows = data[0].rows if len({value.rows for value in data}) == 1 else self.state.new()
        return Data(self.state.new(), rows, frozenset[Root]().union(*(value.roots for value in data)))

    # ---- attributes and subscripts -----------------------------------------------------------------------------------

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
        if isinstance(base, Made) and node.attr in {"values", "T"}:
            return base
        return base if isinstance(base, Unknown) else PLAIN

    def attribute_of_model(self, model: Model, name: str) -> Value:
        """Return what a model's attribute stands for: the best of a search, the labels of what it was fitted on."""
        tracked = self.state.models[model.key]
        if name == "best_estimator_" and not self.maybe:
            known = next((one for one in self.state.models.values() if one.parent == (model.key, str(tracked.version))), None)
            inner = known or self.state.follow()
            if known is None:
                inner.parent, inner.fit, inner.sure = (model.key, str(tracked.version)), tracked.fit, tracked.sure
                inner.cells = {cell: list(did) for cell, did in tracked.cells.items()}
            return Model(inner.key)
        if name == "labels_" and tracked.fit is not None:
            return Made(model.key, tracked.version, tracked.fit.x)
        return PLAIN if name.endswith("_") and not _HOLDS_MODELS.search(name) else UNKNOWN

    def _attribute_of_data(self, data: Data, name: str) -> Value:
        if name in {"shape", "size", "dtype", "ndim", "dtypes", "columns", "empty", "feature_names", "target_names"}:
            return PLAIN
        column = data.column if name in _SAME_ROWS else name if name not in {"data", "target", "frame", "index"} else None
        return self._derived(data, self.state.known(name, data.id), column, keeps_columns=name in {"values", "loc", "iloc"})

    def _derived(
        self, data: Data, number: int, column: str | None, *, keeps_columns: bool = True, rows: int | None = None
    ) -> Data:
        """Return data that was made from other data, row by row; its columns, and so their names, may be the same."""
        if keeps_columns and number != data.id:
            self.state.origins[number] = data.id
        return replace(data, id=number, column=column, rows=data.rows if rows is None else rows)

    def _read_subscript(self, node: ast.Subscript) -> Value:
        base = self.read(node.value)
        if isinstance(base, Data):
            located = node.value.attr if isinstance(node.value, ast.Attribute) else ""
            return self.rows_of(base, node.slice, exact=located != "loc")
        key = self.read(node.slice)
        if isinstance(base, Box) and isinstance(key, Const) and type(key.value) in (str, int):
            index = key.value
            if type(index) is int and index < 0 and base.length is not None:
                index += base.length
            return base.items.get(index, UNKNOWN)
        if isinstance(base, Items) and isinstance(key, Const) and type(key.value) is int:
            return base.values[key.value] if -len(base.values) <= key.value < len(base.values) else UNKNOWN
        if isinstance(base, Made):
            column = isinstance(node.slice, ast.Tuple) or isinstance(key, Const)
            return base if column else replace(base, part=True)
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

    def rows_of(self, data: Data, key: ast.expr, *, exact: bool) -> Data:
        """Return the columns, or the rows, that a subscript takes of data."""
        if isinstance(key, ast.Tuple) and key.elts:
            for rest in key.elts[1:]:
                self.read(rest)
            taken = self.rows_of(data, key.elts[0], exact=exact)
            return Data(self.state.known("columns", taken.id, ast.unparse(key)), taken.rows, taken.roots)
        if isinstance(key, ast.Slice):
            return self._slice(data, key, exact=exact)
        value = self.read(key)
        names = _column_names(value)
        if names is not None:
            column = names[0] if len(names) == 1 else None
            return Data(self.state.known("columns", data.id, names), data.rows, data.roots, column)
        if isinstance(value, Data):
            return self._taken(data, value)
        return self.state.data(roots=self.state.root("part", self.state.new(), 0, data.roots), column=data.column)

    def _slice(self, data: Data, key: ast.Slice, *, exact: bool) -> Data:
        bounds = [self.read(bound) if bound is not None else None for bound in (key.lower, key.upper, key.step)]
        if bounds == [None, None, None]:
            return data
        one = [bound for bound in bounds[:2] if bound is not None]
        bound = one[0] if len(one) == 1 and bounds[2] is None else None
        place = key.lower or key.upper
        if bound is None or place is None or not exact:
            return self.state.data(roots=self.state.root("part", self.state.new(), 0, data.roots), column=data.column)
        said = bound.value if isinstance(bound, Const) else (ast.unparse(place), self.cell)
        side = 0 if bounds[0] is None else 1
        roots = self.state.root("slice", ("slice", said), side, data.roots)
        number = self.state.known("slice", data.rows, said, side)
        if type(said) is int:
            self.state.cuts[number] = (data.rows, said, side)
        made = self._derived(data, self.state.known("slice", data.id, said, side), data.column, rows=number)
        return replace(made, roots=roots)

    def _taken(self, data: Data, key: Data) -> Data:
        """Return the rows that a mask, or the indices of a split, take."""
        origin = next(iter(key.roots))
        if len(key.roots) == 1 and origin.split is not None and key.rows != data.rows:
            roots, said = self.state.root("split", origin.split, origin.side, data.roots), key.id
        else:
            said = self.opposite.get(key.id, key.id)
            roots = self.state.root("slice", ("mask", said), int(key.id in self.opposite), data.roots)
        number = self.state.known("taken", data.rows, key.id)
        return replace(self._derived(data, self.state.known("taken", data.id, key.id), data.column, rows=number), roots=roots)

    def method_of_data(self, data: Data, name: str, node: ast.Call, given: Mapping[str, Value]) -> Value:
        """Return what a method of a table or array answers."""
        inplace = given.get("inplace")
        by_column = "columns" in given or (isinstance(axis := given.get("axis"), Const) and axis.value in (1, "columns"))
        same = name in _SAME_ROWS or (name == "drop" and by_column) or (name == "reshape" and bool(node.args))
        if isinstance(inplace, Const) and inplace.value is True:
            self.change(data, "same" if same else "other")
            return UNKNOWN
        if name in IN_PLACE - {"pop"}:
            self.change(data, "other")
            return PLAIN
        if name == "pop" and node.args and isinstance(key := self.read(node.args[0]), Const):
            self.change(data, "same")
            return Data(self.state.known("columns", data.id, (key.value,)), data.rows, data.roots, str(key.value))
        if same:
            written = _written(node)
            number = self.state.new() if written is None else self.state.known(name, data.id, written)
            return self._derived(data, number, data.column, keeps_columns=name in _SAME_COLUMNS)
        if name == "drop" and node.args and (other := self._dropped(node.args[0])) is not None:
            origin = next(iter(other.roots))
            return self.state.data(
                roots=self.state.root("split", origin.split, 1 - origin.side, data.roots), column=data.column
            )
        if name == "sample":
            return self.state.data(roots=self.state.root("split", self.state.new(), 0, data.roots), column=data.column)
        fewer = name in _FEWER_ROWS or name == "drop"
        roots = self.state.root("part", self.state.new(), 0, data.roots) if fewer else data.roots
        made = self.state.data(roots=roots, column=data.column)
        if not fewer and not SHUFFLES.search(name):
            self.state.alike[made.rows] = data.rows
        return made

    def _dropped(self, node: ast.expr) -> Data | None:
        """Return the sample whose index is dropped: ``df.drop(train.index)`` is all but the sample."""
        if isinstance(node, ast.Attribute) and node.attr == "index" and isinstance(found := self.read(node.value), Data):
            origin = next(iter(found.roots))
            return found if len(found.roots) == 1 and origin.how == "split" else None
        return None

    # ---- what else is needed, and stands elsewhere -------------------------------------------------------------------

    def elements(self, node: ast.expr) -> list[Value] | None:
        """Return what a loop runs over, if all of it is known."""
        raise NotImplementedError

    def store(self, target: ast.expr, value: Value) -> None:
        """Let a target stand for a value."""
        raise NotImplementedError

    def _read_call(self, node: ast.Call) -> Value:
        return self.call(node)

    def call(self, node: ast.Call) -> Value:
        """Return what a call answers."""
        raise NotImplementedError

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
    }


def rooted(score: Score) -> Value:
    """Return the square root of a score: that of a mean squared error has a name."""
    name = score.name.replace("mean_squared_error", "root_mean_squared_error", 1)
    known = score.name in {"mean_squared_error", "neg_mean_squared_error"} and not score.name.startswith("neg_")
    return replace(score, name=name, read="number") if known and score.read in {"number", "-mean"} else UNKNOWN


def altered(value: Value) -> Value:
    """Return predictions as such that were changed by hand; anything else as it is."""
    return replace(value, altered=True) if isinstance(value, Made) else value


def is_risky(node: ast.AST) -> bool:
    """Tell whether code holds a call that trains or changes a model."""
    for part in ast.walk(node):
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


def _texts(value: Any) -> tuple[str, ...] | None:  # noqa: ANN401 (any object)
    """Return the texts of a list, or of a pandas Index, of texts: columns have such names."""
    if type(value) not in (list, tuple) and type(value).__name__ != "Index":
        return None
    size = quiet(len, value, 0)
    if not 0 < size <= _MOST_COLUMNS:
        return None
    texts: tuple[Any, ...] = tuple(quiet(list, value, []))
    return texts if all(type(text) is str for text in texts) else None


def _column_names(value: Value) -> tuple[str, ...] | None:
    if isinstance(value, Const):
        return (value.value,) if type(value.value) is str else value.value if type(value.value) is tuple else None
    parts: Iterator[Any] = iter(value.items.values() if isinstance(value, Box) and value.length else ())
    texts = tuple(part.value for part in parts if isinstance(part, Const) and type(part.value) is str)
    return texts if texts and len(texts) == getattr(value, "length", 0) else None


def _written(node: ast.Call) -> str | None:
    """Return the arguments of a call as text, where they are plain values; None if the same text may mean something else."""
    plain = (ast.Constant, ast.List, ast.Tuple, ast.UnaryOp)
    given = [*node.args, *(word.value for word in node.keywords)]
    if not all(isinstance(part, plain) for argument in given for part in ast.walk(argument) if isinstance(part, ast.expr)):
        return None
    return ", ".join(ast.unparse(part) for part in (*node.args, *node.keywords))
