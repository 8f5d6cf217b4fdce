"""What a call in a cell means: a fit, predictions, a score, a split, a function of the notebook, or nothing that is known."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from jupyter_modelstore._owners import is_owned
from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._cells import FITTING, walk
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
    Scorer,
    Thing,
    Unknown,
    Value,
    plain,
)
from jupyter_modelstore.capture._expressions import altered, is_risky, rooted
from jupyter_modelstore.capture._kinds import MISSING, is_a, kind_of_class, words
from jupyter_modelstore.capture._scope import Frame
from jupyter_modelstore.capture._scores import Scores, within
from jupyter_modelstore.capture._state import TUNED, Fit, Tracked
from jupyter_modelstore.capture._tables import REDUCED, SHUFFLES, writes

_PREDICT = frozenset({"predict", "predict_proba", "predict_log_proba", "decision_function", "score_samples"})
_STILL_MADE = frozenset({"reshape", "ravel", "squeeze", "flatten", "copy"})
_CUTS = frozenset({"round", "astype"})
_SAME_VALUES = frozenset(
    {
        "array",
        "asarray",
        "ascontiguousarray",
        "asfortranarray",
        "DataFrame",
        "Series",
        "list",
        "tuple",
        "csr_matrix",
        "add_constant",
    }
    | {
        "concat",
        "concatenate",
        "vstack",
        "hstack",
        "column_stack",
        "shuffle",
        "resample",
        "get_dummies",
        "len",
        "deepcopy",
        "copy",
    }
)
"""Functions after which the numbers in rows are still what they were, or as good as that on both sides of a split."""
_STILL_ANSWERS = words("array asarray ascontiguousarray ravel squeeze Series DataFrame list tuple copy deepcopy")
"""Functions of numpy, pandas and Python after which predictions are what they were."""
_MOST_DEPTH = 5
_OF_CONTAINERS = frozenset(dir(list)) | frozenset(dir(dict))
_ASKING = (
    *(
        "get_",
        "__sklearn_",
        "__get",
        "evals_result",
        "kneighbors",
        "apply",
        "summary",
        "plot",
        "staged_",
        "save",
        "decision_path",
        "feature_",
        "to_",
    ),
    *("conf_int", "t_test", "f_test", "wald_test", "score_samples", "sample", "perplexity", "mahalanobis", "aic", "bic"),
)
_RACING = frozenset({"threading", "concurrent", "multiprocessing", "asyncio", "dask", "ray", "joblib"})
_MATRICES = frozenset({"DMatrix", "QuantileDMatrix", "Dataset", "Pool"})
_TRAINERS = frozenset({("xgboost", "train"), ("lightgbm", "train"), ("catboost", "train")})
_TRAINED_ON = ("dtrain", "train_set", "pool")
_BEGINNINGS = frozenset({"xgb_model", "init_model"})
_ROUNDED = "it was rounded: keep the whole number in a variable"
_UNREADABLE = "code that cannot be followed may have changed it after its fit"


class Calls(Scores):
    """Reads calls."""

    def call(self, node: ast.Call) -> Value:
        """Return what a call answers, and note what it does."""
        self.calls.append(node)
        try:
            if isinstance(node.func, ast.Attribute):
                base = self.read(node.func.value)
                if isinstance(base, (Model, Data, Made, Score, Box)):
                    return self._method(base, node.func.attr, node)
                function = self._attribute_of(base, node.func)
                if isinstance(base, (Const, Items)) or (isinstance(base, Unknown) and base.plain):
                    return self._method_of_plain(base, node)
            else:
                base, function = UNKNOWN, self.read(node.func)
            return self._function(function, node)
        finally:
            self.calls.pop()

    def _method_of_plain(self, base: Value, node: ast.Call) -> Value:
        """Return what a method of a text, a plot or the like answers; a function that it is handed may do anything."""
        given, named = self._arguments(node)
        every = [*given, *named.values()]
        if any(isinstance(value, Function) and is_risky(value.node) for value in every):
            return self._opaque(every)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        self._changed_in_place(name, every, named)
        return self._from([base, *every])

    def _changed_in_place(self, name: str, every: list[Value], named: Mapping[str, Value], out: int | None = None) -> None:
        """Note what functions of numpy do to what they are handed: they shuffle it, or write their answer into it.

        ``out``: from this argument on that is what they are handed it for.
        """
        written = (
            every if "shuffle" in name else every[:1] if name in {"put", "place", "copyto", "putmask", "fill_diagonal"} else []
        )
        if out is not None:
            written = [*written, *every[out : len(every) - len(named)]]
        for value in within([*written, *(value for word, value in named.items() if word == "out")]):
            self.spoil(value)

    def _attribute_of(self, base: Value, node: ast.Attribute) -> Value:
        if isinstance(base, Thing) and library.is_module(base.value):
            value = vars(base.value).get(node.attr, MISSING)
            return UNKNOWN if value is MISSING else self.lift(value)
        return UNKNOWN

    def _arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
        values = [self.read(item.value if isinstance(item, ast.Starred) else item) for item in node.args]
        return values, {word.arg or "**": self.read(word.value) for word in node.keywords}

    def _function(self, function: Value, node: ast.Call) -> Value:
        if isinstance(function, Function):
            return self._inline(function, node)
        given, named = self._arguments(node)
        every = [*given, *named.values()]
        if isinstance(function, Scorer):
            return self.scored(function.name, every, node)
        if not isinstance(function, Thing):
            return self._opaque(every, ours=True)
        thing = function.value
        if is_a(thing, type) and (kind := kind_of_class(thing)).able and not kind.data:
            if kind.own:
                self.touch_all(_UNREADABLE)
            return self.made(every, kind)
        meaning = self._meaning(thing, given, named, node)
        if meaning is not None:
            return meaning
        if library.root_of(thing) == "builtins" and any(isinstance(value, Unknown) and not value.plain for value in every):
            return self._opaque(every)  # it may be a generator, and run now
        if library.root_of(thing) in _RACING and any(isinstance(value, Function) for value in every):
            self.racing = True
        if not library.is_harmless(thing):
            return self._opaque(every, ours=not is_owned(library.qualified(thing)[0]))
        for value in every:
            if isinstance(value, Function) and is_risky(value.node):
                self.touch_all(_UNREADABLE)
        return self._plain(thing, every, named)

    # ---- methods -----------------------------------------------------------------------------------------------------

    def _method(self, base: Value, name: str, node: ast.Call) -> Value:
        if isinstance(base, Model):
            return self._method_of_model(self.state.models[base.key], name, node)
        given, named = self._arguments(node)
        if isinstance(base, Data):
            if any(isinstance(value, (Model, Box, Function)) for value in (*given, *named.values())):
                self._opaque([*given, *named.values()])
            return self.method_of_data(base, name, node, named)
        if isinstance(base, Box):
            return self._method_of_box(base, name, given, named)
        if writes(name):
            self.spoil(base)
            return PLAIN
        if isinstance(base, Score):
            return self._method_of_score(base, name)
        made = self.mixed(base, *(value for value in given if not isinstance(value, Thing)))
        if name in _CUTS and isinstance(made, Made):
            return made if _is_float(given) else replace(made, cut=True)
        if name == "argmax" and isinstance(made, Made):
            return replace(made, yes=True)
        return PLAIN if name in REDUCED else made if name in _STILL_MADE else altered(made)

    def _method_of_score(self, score: Score, name: str) -> Value:
        if name == "mean" and score.read == "mean":
            return replace(score, read="number")
        return replace(score, why=_ROUNDED) if name == "round" else PLAIN

    def _method_of_box(self, box: Box, name: str, given: list[Value], named: Mapping[str, Value]) -> Value:
        if name == "append" and box.length is not None and given:
            if self.maybe or self.looping:
                box.forget()
                return UNKNOWN
            box.items[box.length] = given[0]
            box.length += 1
        elif name == "get" and given and isinstance(given[0], Const):
            return box.items.get(given[0].value, UNKNOWN)
        elif name == "update" and len(given) == 1 and isinstance(given[0], Box) and given[0].length is None and not named:
            if not given[0].whole or self.maybe:
                box.forget()
            else:
                box.items.update(given[0].items)
        elif name not in {"items", "keys", "values", "index", "count", "copy"}:
            self.touch_in(box, _UNREADABLE)
            return self._opaque([*given, *named.values()], ours=name not in _OF_CONTAINERS)
        return Box(dict(box.items), box.length, box.whole) if name == "copy" else UNKNOWN

    def _method_of_model(self, tracked: Tracked, name: str, node: ast.Call) -> Value:
        given, named = self._arguments(node)
        first = given[0] if given else named.get("X", named.get("exog", named.get("data")))
        data = self.rows_in(first)
        if tracked.own:  # its methods may train any other
            for other in [one for one in self.state.models.values() if one is not tracked]:
                self.touch(other, _UNREADABLE, frozenset({tracked.key}))
        if FITTING.fullmatch(name):
            return self._fitted(tracked, name, given, named)
        if name in _PREDICT:
            self.note(tracked, "predicted")
            how = "decision" if name in {"decision_function", "score_samples"} else "predict"
            return Made(tracked.key, tracked.version, data, how, plain=name == "predict")
        if name == "score":
            if len(given) > 2 or "sample_weight" in named:  # noqa: PLR2004 (weights are the third)
                return PLAIN
            truth = given[1] if len(given) > 1 else named.get("y")
            return self.score("score()", Made(tracked.key, tracked.version, data), truth, node)
        if name in {"transform", "inverse_transform"}:
            return self._transformed(data, tracked) if data else UNKNOWN
        if name in {"set_params", "set_output"}:
            tracked.past = tracked.lessons
            self.touch(tracked, TUNED)
            tracked.tuned = not self.maybe
            tracked.fit, tracked.why = None, TUNED
            return Model(tracked.key)
        if name.startswith(_ASKING):
            return UNKNOWN if name == "get_booster" else DERIVED
        self.touch(tracked, f"{name}() may have changed it after its fit")
        for value in (*given, *named.values()):
            self.touch_in(value, _UNREADABLE)
        return UNKNOWN

    def _fitted(self, tracked: Tracked, name: str, given: list[Value], named: Mapping[str, Value]) -> Value:
        self.fits += 1
        x = given[0] if given else named.get("X")
        y = given[1] if len(given) > 1 else named.get("y")
        data, truth = self.rows_in(x), y if isinstance(y, Data) else None
        before, lessons = tracked.fit, tracked.lessons
        if tracked.alien and tracked.ref is None:
            self.touch_all(_UNREADABLE)
        self.touch(tracked, "")
        begun, earlier = self._begun_with(named)
        partial = name.startswith("partial")
        fit = Fit(
            cell=self.cell,
            code=self.code(),
            about=self.about(data, truth),
            x=data,
            y=truth,
            evals=self._evals(named),
            whole=not (partial or begun),
            before=() if partial else lessons,
            earlier=(*earlier, *lessons) if partial else earlier,
        )
        if before is not None and not tracked.returns_self:
            fit = replace(before, cell=self.cell, code=self.code())
        if self.looping:
            fit.alone = False
        target = self._learned(tracked, fit)
        if name == "fit_transform" and data is not None:
            return self._transformed(data, target)
        if name == "fit_predict":
            return Made(target.key, target.version, data)
        return Model(target.key)

    def _learned(self, tracked: Tracked, fit: Fit) -> Tracked:
        """Note a fit; return what was fitted by it: the model itself, or what its ``fit`` returns."""
        self.note(tracked, "fitted")
        target = tracked if tracked.returns_self else self.state.follow()
        if target is not tracked:
            target.cells = {cell: list(did) for cell, did in tracked.cells.items()}
        sure = not self.maybe
        target.fit, target.why = (
            (fit, "")
            if sure
            else (None, "it was fitted where it cannot be followed: in a branch, or a loop that may not have run")
        )
        target.sure, target.touched = sure, not sure
        return target

    def _begun_with(self, named: Mapping[str, Value]) -> tuple[bool, tuple[Data | None, ...]]:
        """Tell whether a fit goes on from another model, and what that has learned from."""
        begun = [
            value
            for name, value in named.items()
            if isinstance(value, Model) or (name in _BEGINNINGS and value != Const(None)) or name == "**"
        ]
        known = [self.state.models[value.key].lessons or (None,) if isinstance(value, Model) else (None,) for value in begun]
        return bool(begun), tuple(data for lessons in known for data in lessons)

    def _transformed(self, data: Data, tracked: Tracked) -> Data:
        """Return data that a transformer made: other values, the same rows."""
        state = (tracked.key, tracked.version)
        return replace(data, id=self.state.known("transform", state, data.id), steps=(*data.steps, ("transform", *state)))

    def _evals(self, named: Mapping[str, Value]) -> tuple[tuple[Data | None, str], ...]:
        """Return the data that a booster was watched on: ``eval_set=[(X_val, y_val)]``, or ``eval_X=(X_val,)``."""
        if named.get("eval_names", Const(None)) != Const(None):
            return ()  # their titles say nothing then
        pairs = _listed(named.get("eval_set"))
        data = [pair.values[0] if isinstance(pair, Items) and pair.values else None for pair in pairs]
        found = named.get("eval_X")
        data += [found] if isinstance(found, Data) else [*found.values] if isinstance(found, Items) else _listed(found)
        return tuple((value, self.names_of(value)) if isinstance(value, Data) else (None, "") for value in data)

    # ---- functions of libraries --------------------------------------------------------------------------------------

    def _meaning(self, thing: object, given: list[Value], named: dict[str, Value], node: ast.Call) -> Value | None:
        """Return what a function that is known answers; None if it is not known."""
        root, name = library.root_of(thing), library.qualified(thing)[1]
        every = [*given, *named.values()]
        if name == "get_ipython" or library.is_module(thing):
            return self._anything(every, keep=False)
        if root == "builtins" and name in {"exec", "eval", "globals", "locals", "vars", "setattr", "delattr"}:
            return self._anything(every, keep=name in {"setattr", "delattr"})
        if name == "print" and root == "builtins":
            if self.printing and not (self.maybe or self.looping or self.frames):
                self.prints.append((node, given))
            return Const(None)
        if root == "sklearn" and library.is_genuine(thing):
            return self.of_sklearn(thing, name, given, named, node)
        if root in {"xgboost", "lightgbm", "catboost"} and name in _MATRICES:
            data = given[0] if given else named.get("data")
            return replace(data, id=self.state.known("matrix", root, data.id)) if isinstance(data, Data) else UNKNOWN
        if (root, name) == ("statsmodels", "from_formula"):
            return self.made(every, with_data=True)
        if (root, name) in _TRAINERS:
            return self._trained(given, named, node)
        if name == "sqrt" and len(given) == 1 and isinstance(given[0], Score):
            return rooted(given[0])
        if name in {"round", "float", "mean", "around"} and given and isinstance(given[0], Score):
            if name == "mean":
                return replace(given[0], read="number") if given[0].read == "mean" else UNKNOWN
            return replace(given[0], why=_ROUNDED) if name in {"round", "around"} else given[0]
        return None

    def _anything(self, every: list[Value], *, keep: bool) -> Value:
        """Note that a call may have done anything to any name."""
        self.touch_all(_UNREADABLE)
        for value in every:
            self.touch_in(value, _UNREADABLE)
        if not keep:
            self.forget_names()
        return UNKNOWN

    def _trained(self, given: list[Value], named: Mapping[str, Value], node: ast.Call) -> Model:
        """Return what ``xgboost.train`` and its like return: a booster that learned."""
        self.fits += 1
        tracked = self.state.follow()
        data = next((value for value in given if isinstance(value, Data)), None)
        data = next((value for name in _TRAINED_ON if isinstance(value := named.get(name), Data)), data)
        begun, earlier = self._begun_with(named)
        tracked.sure = not self.maybe
        if tracked.sure:
            tracked.fit = Fit(
                cell=self.cell,
                code=self.code(node),
                about=self.about(data, None),
                x=data,
                whole=not begun,
                earlier=earlier,
                alone=not self.looping,
            )
        self.note(tracked, "fitted")
        return Model(tracked.key)

    # ---- what is not known -------------------------------------------------------------------------------------------

    def _opaque(self, every: list[Value], *, ours: bool = False) -> Value:
        """Return what code that cannot be read answers; it may do anything to what it can reach.

        ``ours``: it is the notebook's, and reaches what has a name there.
        """
        self.touch_all(_UNREADABLE)
        if ours:
            self.everywhere(_out_of_reach)
        for value in every:
            self.touch_in(value, _UNREADABLE)
        for value in every:
            if isinstance(value, Data):
                self.change(value, "alike")
        found = self._from(every)
        return UNKNOWN if isinstance(found, Unknown) else found

    def _plain(self, thing: object, every: list[Value], named: Mapping[str, Value]) -> Value:
        """Return what a harmless function answers."""
        if library.qualified(thing) == ("types", "SimpleNamespace"):
            return Box({f".{name}": value for name, value in named.items()})
        name = library.qualified(thing)[1]
        self._changed_in_place(name, every, named, library.out_of(thing))
        if library.keeps_meaning(thing) and any(isinstance(value, Made) for value in every):
            made = self.mixed(*every)
            if name == "argmax" and isinstance(made, Made):
                return replace(made, yes=True)
            if name == "where" and every[1:] == [Const(1), Const(0)] and isinstance(made, Made) and made.yes:
                return made
            return made if name in _STILL_ANSWERS else altered(made)
        return self._from(every, alike=not SHUFFLES.search(name), step=name)

    def _from(self, every: list[Value], *, alike: bool = False, step: str | None = None) -> Value:
        data = [value for value in within(every) if isinstance(value, Data)]
        if not data or any(isinstance(value, (Model, Made)) for value in within(every)):
            risky = any(
                isinstance(value, (Model, Function)) or (isinstance(value, Unknown) and not value.plain)
                for value in within(every)
            )
            return UNKNOWN if risky else plain(within(every))
        steps = data[0].steps if len({value.steps for value in data}) == 1 else (self.state.new(),)
        if step is not None and step not in _SAME_VALUES:
            steps = (*steps, step)
        made = self.state.data(roots=frozenset[Root]().union(*(value.roots for value in data)), steps=steps)
        if len(data) == 1 and alike:
            self.state.alike[made.rows] = data[0].rows
        return made

    # ---- functions of the notebook -----------------------------------------------------------------------------------

    def _inline(self, function: Function, node: ast.Call) -> Value:
        """Return what a function of the notebook answers, by reading its body with what it is given."""
        given, named = self._arguments(node)
        frame = _frame(function.node, given, named)
        body = function.node.body
        odd = any(
            isinstance(part, (ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal)) for part in walk(function.node)
        )
        if frame is None or odd or len(self.frames) >= _MOST_DEPTH:
            return self._opaque([*given, *named.values()], ours=True)
        self.used.add(function.cell)
        outermost = self.origin is None
        if outermost:
            self.origin = node
        self.frames.append(frame)
        try:
            return self.body(body)
        finally:
            self.frames.pop()
            if outermost:
                self.origin = None


def _is_float(given: list[Value]) -> bool:
    return bool(given) and isinstance(given[0], Thing) and given[0].value is float


def _out_of_reach(value: Value) -> Value:
    """Return what is left of a value that code of the notebook's may have changed or exchanged."""
    if isinstance(value, Box):
        value.items = {key: part if isinstance(part, (Model, Box)) else UNKNOWN for key, part in value.items.items()}
    return UNKNOWN if isinstance(value, Made) else value


def _listed(value: Value | None) -> list[Value | None]:
    """Return the parts of a list, or of a tuple; a pair of rows and answers by itself is one part."""
    if isinstance(value, Items):
        pair = len(value.values) == 2 and isinstance(value.values[1], Data)  # noqa: PLR2004 (rows and answers)
        return [value] if pair else [*value.values]
    if isinstance(value, Box) and value.length is not None:
        return [value.items.get(index) for index in range(value.length)]
    return []


def _frame(node: ast.FunctionDef, given: list[Value], named: Mapping[str, Value]) -> Frame | None:
    """Return a function's variables at its call; None if they cannot be told."""
    signature = node.args
    if signature.vararg or signature.kwarg or "**" in named:
        return None
    parameters = [*signature.posonlyargs, *signature.args]
    names: dict[str, Value] = {parameter.arg: UNKNOWN for parameter in (*parameters, *signature.kwonlyargs)}
    defaults = zip(parameters[len(parameters) - len(signature.defaults) :], signature.defaults, strict=True)
    for parameter, default in (*defaults, *zip(signature.kwonlyargs, signature.kw_defaults, strict=True)):
        names[parameter.arg] = Const(default.value) if isinstance(default, ast.Constant) else UNKNOWN
    if len(given) > len(parameters) or not set(named) <= set(names):
        return None
    names.update({parameter.arg: value for parameter, value in zip(parameters, given, strict=False)})
    names.update(named)
    return Frame(dict(names))
