"""Calls of scikit-learn's functions that say how good a model is, on which rows; and models that a call makes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._domain import (
    PLAIN,
    UNKNOWN,
    Box,
    Const,
    Data,
    Items,
    Made,
    Model,
    Root,
    Score,
    Scorer,
    Thing,
    Value,
)
from jupyter_modelstore.capture._expressions import Expressions
from jupyter_modelstore.capture._kinds import Kind
from jupyter_modelstore.capture._state import Fit

_MAKERS = frozenset({"make_pipeline", "make_union", "make_column_transformer"})
_MOST_CODE = 300
_MOST_DEPTH = 5
ALTERED = "of answers that were changed by hand, as by a threshold"
_SWAPPED = "its arguments are the other way round: the right answers come first"


class Scores(Expressions):
    """Reads splits, predictions that are judged, and the making of models."""

    def of_sklearn(self, thing: object, name: str, given: list[Value], named: dict[str, Value], node: ast.Call) -> Value | None:
        every = [*given, *named.values()]
        module = library.qualified(thing)[0]
        selection = library.selection(thing)
        if selection == "train_test_split":
            return self._split(given)
        if selection in {"cross_val_score", "cross_validate", "cross_val_predict"}:
            return self._crossed(selection, given, named, node)
        if name in _MAKERS:
            return self.made(every)
        if module.startswith("sklearn.datasets"):
            return self._bundled(name, named)
        if name in {"get_scorer", "make_scorer"}:
            known = library.of_scoring(given[0].value) if given and isinstance(given[0], Const) else None
            if given and isinstance(given[0], Thing) and name == "make_scorer":
                known = library.named(library.qualified(given[0].value)[1], ast.Call(node.func, [], node.keywords))
            return Scorer(known) if known else UNKNOWN
        if module.startswith("sklearn.metrics"):
            return self._metric(thing, name, given, named, node)
        return None

    def _split(self, given: list[Value]) -> Items:
        """Return the pieces of ``train_test_split``: of each argument the rows that stay, then those set aside."""
        split = self.state.new()
        parents = frozenset[Root]().union(*(value.roots for value in given if isinstance(value, Data)))
        sides = [self.state.root("split", split, side, parents) for side in (0, 1)]
        rows = [self.state.new(), self.state.new()]
        pieces = [self._piece(value, rows[side], sides[side]) for value in given for side in (0, 1)]
        return Items(tuple(pieces))

    def _piece(self, value: Value, rows: int, roots: frozenset[Root]) -> Data:
        if not isinstance(value, Data):
            return Data(self.state.new(), rows, roots)
        made = replace(value, id=self.state.new(), rows=rows, roots=roots)
        self.state.origins[made.id] = value.id
        return made

    def _bundled(self, name: str, named: Mapping[str, Value]) -> Value:
        """Return one of scikit-learn's data sets, or its X and y."""
        whole = self.state.data()
        pair = named.get("return_X_y")
        if name.startswith("make_") or (isinstance(pair, Const) and pair.value is True):
            return Items((whole, replace(whole, id=self.state.new())))
        return whole

    def _crossed(self, name: str, given: list[Value], named: Mapping[str, Value], node: ast.Call) -> Value:
        model = given[0] if given else named.get("estimator")
        x = given[1] if len(given) > 1 else named.get("X")
        y = given[2] if len(given) > 2 else named.get("y")  # noqa: PLR2004 (the third)
        if not isinstance(model, Model) or model.key not in self.state.models:
            return UNKNOWN
        tracked = self.state.models[model.key]
        made = Made(tracked.key, tracked.version, self.rows_in(x), how="cv")
        if name == "cross_val_predict":
            return made
        scoring = named.get("scoring")
        metric = "score()" if scoring is None else scoring.name if isinstance(scoring, Scorer) else None
        if isinstance(scoring, Const):
            metric = "score()" if scoring.value is None else library.of_scoring(scoring.value)
        folds = name == "cross_validate"
        several = folds and (isinstance(scoring, Box) or (isinstance(scoring, Const) and type(scoring.value) is tuple))
        if "**" in named or (metric is None and not several):
            return PLAIN
        return self.score(metric or "score()", made, y, node, read="folds" if folds else "mean")

    def _metric(self, thing: object, name: str, given: list[Value], named: Mapping[str, Value], node: ast.Call) -> Value:
        every = [*given, *(value for key, value in named.items() if key.startswith(("y_", "labels_", "X")))]
        made = [value for value in every if isinstance(value, Made)]
        truth = next((value for value in every if isinstance(value, Data)), None)
        if len(made) != 1:
            if name == "auc" and len(made) == 2 and made[0] == made[1] and made[0].how.endswith("curve"):  # noqa: PLR2004 (both axes)
                return self.score("roc_auc", replace(made[0], how=made[0].how.removesuffix("curve")), None, node)
            return UNKNOWN
        if name == "roc_curve":
            return Items((replace(made[0], how=f"{made[0].how}curve"),) * 2 + (UNKNOWN,))
        if name == "classification_report":
            as_dict = named.get("output_dict")
            dictionary = isinstance(as_dict, Const) and as_dict.value is True
            return self.score("report", made[0], truth, node, read="report") if dictionary else UNKNOWN
        metric = library.metric_of(thing, node)
        if metric is None:
            return UNKNOWN
        found = self.score(metric, made[0], truth, node)
        swapped = truth is not None and (given[:1] == made or isinstance(named.get("y_true"), Made))
        return self.instead(found, replace(found, why=_SWAPPED)) if swapped else found

    def scored(self, name: str, every: list[Value], node: ast.Call) -> Value:
        models = [value for value in every if isinstance(value, Model)]
        data = [value for value in every if isinstance(value, Data)]
        if len(models) != 1 or not data:
            return UNKNOWN
        tracked = self.state.models[models[0].key]
        return self.score(name, Made(tracked.key, tracked.version, data[0]), data[1] if len(data) > 1 else None, node)

    def score(self, name: str, made: Made, truth: Value | None, node: ast.Call, *, read: str = "number") -> Score:
        right = truth if isinstance(truth, Data) else None
        tracked = self.state.models[made.key]
        score = Score(
            name=name,
            key=made.key,
            version=made.version,
            data=made.data,
            truth=right,
            how=made.how,
            code=self.code(node),
            about=self.about(made.data, right),
            variable=min(tracked.names, default=""),
            read=read,
            part=made.part,
            cut=made.cut and not made.yes,
            why=ALTERED if made.altered or (made.cut and not made.yes and not made.plain) else "",
        )
        if not self.maybe:
            self.scores.append(score)
            self.note(tracked, "scored")
        return score

    def rows_in(self, value: Value | None) -> Data | None:
        """Return the data that a model is given; answers of another model are such, with that one's rows."""
        if not isinstance(value, Made) or value.data is None:
            return value if isinstance(value, Data) else None
        if value.altered or value.part:
            return self.state.data(roots=value.data.roots, steps=(self.state.new(),))
        step = ("answers", value.key, value.version, value.how)
        return replace(value.data, id=self.state.known("answers", value), column=None, steps=(*value.data.steps, step))

    def instead(self, score: Score, other: Score) -> Score:
        """Let another score stand for one that was noted."""
        self.scores = [other if known is score else known for known in self.scores]
        return other

    def code(self, node: ast.Call | None = None) -> str:
        """Return the call as the notebook has it: of a function that was called, the outermost call."""
        shown = self.origin or node or (self.calls[-1] if self.calls else None)
        return "" if shown is None else ast.unparse(shown)[:_MOST_CODE]

    def about(self, *data: Data | None) -> str:
        return ", ".join(dict.fromkeys(name for name in map(self.names_of, data) if name))

    def made(self, every: list[Value], kind: Kind | None = None, *, with_data: bool = False) -> Model:
        """Return a new model; ``with_data``: it was given its data now, and is fitted without."""
        holds = frozenset(value.key for value in within(every) if isinstance(value, Model))
        tracked = self.state.follow(kind, holds=holds)
        tracked.sure = not self.maybe
        self.note(tracked, "assigned")
        if with_data or not tracked.returns_self:
            tracked.returns_self = False
            data = [value for value in every if isinstance(value, Data)]
            first, second = (data[1], data[0]) if len(data) > 1 else (data[0] if data else None, None)
            tracked.fit = Fit(cell=self.cell, code=self.code(), about=self.about(first, second), x=first, y=second)
        return Model(tracked.key)


def within(values: Iterable[Value], depth: int = 0) -> Iterator[Value]:
    """Yield values, and those in their containers."""
    for value in values:
        yield value
        if depth < _MOST_DEPTH and isinstance(value, (Box, Items)):
            yield from within(list(value.items.values()) if isinstance(value, Box) else value.values, depth + 1)
