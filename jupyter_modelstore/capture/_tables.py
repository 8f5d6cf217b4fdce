"""Tables and arrays in a cell: which rows, and which columns, are left of them.

Columns may be taken, copies made and scaled: the rows stay the same. Slices, masks and indices take rows away, and each says
from which side of which cut (``_domain``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from jupyter_modelstore.capture._cells import walk
from jupyter_modelstore.capture._domain import (
    DERIVED,
    PLAIN,
    UNKNOWN,
    Box,
    Const,
    Data,
    Function,
    Made,
    Model,
    Root,
    Unknown,
    Value,
    family,
    plain,
)
from jupyter_modelstore.capture._kinds import words
from jupyter_modelstore.capture._scope import Scope

_SAME_ROWS = words(
    "values to_numpy copy astype fillna to_frame squeeze ravel flatten rename round clip toarray todense tocsr tocsc "
    "select_dtypes replace assign reset_index set_index abs map apply str cat A1 array view"
)
_SAME_COLUMNS = words("values to_numpy copy astype fillna round clip toarray todense replace reset_index array")
_READING = words("__len__ __getitem__ __array__ __iter__ __contains__ __eq__ __repr__ __str__ __copy__ __deepcopy__")
_OTHER_VALUES = words("clip fillna round abs map apply replace assign add sub mul div mask transform interpolate str")
REDUCED = words(
    "mean std var min max sum median quantile mode count nunique unique any all prod idxmax idxmin argmax argmin tolist"
)
IN_PLACE = words("sort partition resize put itemset insert setflags fill pop clear update setdefault")
_OTHER_LABELS = words("set_index rename set_axis map apply str to_numpy values")
_FEWER_ROWS = words("head tail sample query dropna drop_duplicates nlargest nsmallest filter where loc iloc")
SHUFFLES = re.compile(
    "sample|shuffl|sort|permut|index|flip|roll|choice|concat|append|merge|join|stack|repeat|tile|unique"
    "|transpos|axes|axis|rot90"
)
"""Words in the names of functions that may give rows in another order, or other rows."""


class Tables(Scope):
    """Reads what is done with data."""

    def mixed(self, *values: Value, step: Hashable = None) -> Value:
        """Return what comes of values that are computed with; ``step`` says how.

        Predictions stay such, and rows the same, if nothing but constants and what is no data joins them.
        """
        known = [value for value in values if not isinstance(value, Const) and not (isinstance(value, Unknown) and value.plain)]
        if len(known) == 1 and isinstance(known[0], Made):
            return known[0]
        data = [value for value in known if isinstance(value, Data)]
        if not data or len(data) < len(known):
            return UNKNOWN if any(isinstance(value, (Model, Box, Function)) for value in known) else plain(values)
        rows = data[0].rows if len({value.rows for value in data}) == 1 else self.state.new()
        roots = frozenset[Root]().union(*(value.roots for value in data))
        return Data(self.state.new(), rows, roots, steps=(*data[0].steps, step))

    def _attribute_of_data(self, data: Data, name: str) -> Value:
        if name in {"shape", "size", "dtype", "ndim", "dtypes", "columns", "empty", "feature_names", "target_names"}:
            return PLAIN
        if name == "T":
            return self._turned()
        column = data.column if name in _SAME_ROWS or name in _FEWER_ROWS else None
        if name == "index":
            data = replace(data, steps=())  # labels are no values
        if column is None and name in (self.state.titles(data) or ()):
            column = name
        return self._derived(data, self.state.known(name, data.id), column, keeps_columns=name in {"values", "loc", "iloc"})

    def _turned(self) -> Data:
        """Return data whose columns are rows now."""
        return self.state.data(roots=frozenset({Root("unsure")}))

    def _derived(
        self, data: Data, number: int, column: str | None, *, keeps_columns: bool = True, rows: int | None = None
    ) -> Data:
        """Return data that was made from other data, row by row; its columns, and so their names, may be the same."""
        if keeps_columns and number != data.id:
            self.state.origins[number] = data.id
        return replace(data, id=number, column=column, rows=data.rows if rows is None else rows)

    def rows_of(self, data: Data, key: ast.expr, *, located: bool) -> Data:
        """Return the columns, or the rows, that a subscript takes of data; ``located``: by their labels."""
        if isinstance(key, ast.Tuple) and key.elts:
            for rest in key.elts[1:]:
                self.read(rest)
            taken = self.rows_of(data, key.elts[0], located=located)
            return replace(taken, id=self.state.known("columns", taken.id, ast.unparse(key)), column=None)
        if isinstance(key, ast.Slice):
            return self._slice(data, key, located=located)
        value = self.read(key)
        names = _column_names(value)
        if names is not None:
            column = names[0] if len(names) == 1 else None
            return replace(data, id=self.state.known("columns", data.id, names), column=column)
        if isinstance(value, Data):
            return self._taken(data, value, located=located)
        return self.state.data(roots=self._part(data), column=data.column, steps=data.steps, index=data.index)

    def _slice(self, data: Data, key: ast.Slice, *, located: bool) -> Data:
        bounds = [self.read(bound) if bound is not None else None for bound in (key.lower, key.upper, key.step)]
        if bounds == [None, None, None]:
            return data
        one = [bound for bound in bounds[:2] if bound is not None]
        bound = one[0] if len(one) == 1 and bounds[2] is None else None
        place = key.lower or key.upper
        if bound is None or place is None or located:
            return self.state.data(roots=self._part(data), column=data.column, steps=data.steps, index=data.index)
        said = bound.value if isinstance(bound, Const) else None
        if type(said) is not int:  # labels: both ends belong to a slice
            return self.state.data(roots=self._part(data), column=data.column, steps=data.steps, index=data.index)
        side = 0 if bounds[0] is None else 1
        roots = self.state.root("slice", ("slice", said, data.rows), side, data.roots)
        number = self.state.known("slice", data.rows, said, side)
        self.state.cuts[number] = (data.rows, said, side)
        made = self._derived(data, self.state.known("slice", data.id, said, side), data.column, rows=number)
        return replace(made, roots=roots)

    def _part(self, data: Data) -> frozenset[Root]:
        """Return some of the rows, nobody knows which."""
        return self.state.root("part", self.state.new(), 0, data.roots)

    def _taken(self, data: Data, key: Data, *, located: bool) -> Data:
        """Return the rows that a mask, or the indices of a split, take."""
        origin = next(iter(key.roots))
        if len(key.roots) == 1 and origin.how == "split" and key.rows != data.rows and not key.steps:
            by = data.index if located else "place"
            roots = self.state.root("split", (origin.split, data.rows, by), origin.side, data.roots)
        else:
            said = self.opposite.get(key.id, key.id)
            roots = self.state.root("slice", ("mask", said, data.rows), int(key.id in self.opposite), data.roots)
        number = self.state.known("taken", data.rows, key.id)
        return replace(self._derived(data, self.state.known("taken", data.id, key.id), data.column, rows=number), roots=roots)

    def method_of_data(self, data: Data, name: str, node: ast.Call, given: Mapping[str, Value]) -> Value:
        """Return what a method of a table or array answers."""
        inplace = given.get("inplace")
        by_column = "columns" in given or (isinstance(axis := given.get("axis"), Const) and axis.value in (1, "columns"))
        if name in {"transpose", "swapaxes"}:
            return self._turned()
        same = name in _SAME_ROWS or (name == "drop" and by_column) or (name == "reshape" and _is_one_column(node))
        if isinstance(inplace, Const) and inplace.value is True:
            self.change(
                replace(data, index=self._labels(data, name, given)),
                "same" if same else "other",
                *((name, ast.unparse(node)),) * (name in _OTHER_VALUES),
            )
            return PLAIN
        if name != "pop" and writes(name):
            self.spoil(data)
            return PLAIN
        if name in REDUCED:
            return DERIVED
        if name == "pop" and node.args and isinstance(key := self.read(node.args[0]), Const):
            self.change(data, "same")
            return replace(data, id=self.state.known("columns", data.id, (key.value,)), column=str(key.value))
        if same:
            written = _written(node)
            number = self.state.new() if written is None else self.state.known(name, data.id, written)
            made = self._derived(data, number, data.column, keeps_columns=name in _SAME_COLUMNS)
            made = replace(made, index=self._labels(data, name, given))
            return replace(made, steps=(*data.steps, (name, _text_of(node)))) if name in _OTHER_VALUES else made
        if name in {"append", "extend", "insert", "remove"}:  # of a list
            self.change(replace(data, roots=frozenset({Root("unsure")})), "other")
            return PLAIN
        return self._other_rows(data, name, node, given)

    def _other_rows(self, data: Data, name: str, node: ast.Call, given: Mapping[str, Value]) -> Data:
        """Return what a method makes that takes rows away, or puts them in another order."""
        index = self._labels(data, name, given)
        if name == "drop" and node.args and (other := self._dropped(data, node.args[0])) is not None:
            origin = next(iter(other.roots))
            roots = self.state.root("split", origin.split, 1 - origin.side, data.roots)
            made = self.state.data(roots=roots, column=data.column, steps=data.steps, index=index)
            return replace(made, rows=self.state.known("dropped", origin.split, data.rows))
        if name == "sample" and "replace" in given:
            return self.state.data(roots=frozenset({Root("unsure")}))
        if name == "sample":
            roots = self.state.root("split", self.state.new(), 0, data.roots)
            return self.state.data(roots=roots, column=data.column, steps=data.steps, index=index)
        fewer = name in _FEWER_ROWS or name == "drop"
        roots = self._part(data) if fewer else data.roots
        made = self.state.data(roots=roots, column=data.column, steps=data.steps, index=index if fewer else None)
        if not fewer and not SHUFFLES.search(name):
            self.state.alike[made.rows] = data.rows
        return made

    def _labels(self, data: Data, name: str, given: Mapping[str, Value]) -> Hashable:
        """Return which labels the rows have after a method."""
        if name == "reset_index":
            return ("reset", data.rows)
        return self.state.new() if name in _OTHER_LABELS or "ignore_index" in given else data.index

    def _dropped(self, data: Data, node: ast.expr) -> Data | None:
        """Return the sample whose index is dropped: ``df.drop(train.index)`` is all but the sample."""
        if isinstance(node, ast.Attribute) and node.attr == "index" and isinstance(found := self.read(node.value), Data):
            origin = next(iter(found.roots))
            near = found.index == data.index and family(found.roots) & family(data.roots)
            return found if near and len(found.roots) == 1 and origin.how == "split" else None
        return None


def _is_one_column(node: ast.Call) -> bool:
    """Tell whether ``reshape`` makes one column, or one row for each that was there."""
    given = ast.unparse(ast.Tuple(node.args[0].elts if isinstance(node.args[0], ast.Tuple) else node.args)) if node.args else ""
    of = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return given in {"(-1, 1)", "(-1,)"} or given.startswith((f"(len({of}),", f"({of}.shape[0],"))


def _column_names(value: Value) -> tuple[str, ...] | None:
    if isinstance(value, Const):
        return (value.value,) if type(value.value) is str else value.value if type(value.value) is tuple else None
    parts: Iterator[Any] = iter(value.items.values() if isinstance(value, Box) and value.length else ())
    texts = tuple(part.value for part in parts if isinstance(part, Const) and type(part.value) is str)
    return texts if texts and len(texts) == getattr(value, "length", 0) else None


def writes(name: str) -> bool:
    """Tell whether a method with such a name may write into its object: ``sort``, ``fill``, ``__imul__``."""
    return name in IN_PLACE or (name.startswith("__") and name not in _READING)


def _text_of(node: ast.Call) -> str:
    """Return the arguments of a call as they are written."""
    return ", ".join(ast.unparse(part) for part in (*node.args, *node.keywords))


def _written(node: ast.Call) -> str | None:
    """Return the arguments of a call as text, where they are plain values; None if the same text may mean something else."""
    plain = (ast.Constant, ast.List, ast.Tuple, ast.UnaryOp)
    given = [*node.args, *(word.value for word in node.keywords)]
    if not all(isinstance(part, plain) for argument in given for part in walk(argument) if isinstance(part, ast.expr)):
        return None
    return ", ".join(ast.unparse(part) for part in (*node.args, *node.keywords))
