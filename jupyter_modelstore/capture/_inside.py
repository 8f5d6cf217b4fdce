"""Which rows of the training data lie inside a fitted object: whoever gets its file gets them too.

A row is held when the object keeps, of one training row, all the values that its estimator was given: the vector of a
support vector machine, the neighbour of a nearest-neighbour search, the medoid of a cluster. Behind a scaler these are scaled
rows; there is one for one, so they count. A mean of many rows, a threshold, a category, a label or a prediction is no row.

The object is walked as a pickle would walk it: through attributes, members, and the variables that a function of the notebook
takes with it. Three things tell a row:

* knowledge: what scikit-learn's classes keep where (``_KNOWN``; a test holds it against the bytes of every estimator);
* the rule for all others (:func:`_rule`): an array that is named like data, or has more rows than parameters would have;
* the training data, where the caller still has it and it is small: equal rows are found whatever they are called.

What cannot be told is said to be held. Of a large array nothing is read but its shape.
"""

from __future__ import annotations

import dis
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, cast

from jupyter_modelstore.capture._kinds import Kind, is_a, kind_of, members_of, peek, quiet, state_of, values_of
from jupyter_modelstore.capture._model import is_container

# Class (also as a base) -> where it keeps rows of its training data, and where it says which ones; None: these are all.
_KNOWN: dict[str, tuple[tuple[str, str | None], ...]] = {
    "AffinityPropagation": (("cluster_centers_", "cluster_centers_indices_"),),
    "BaseLabelPropagation": (("X_", None),),
    "BaseLibSVM": (("support_vectors_", "support_"), ("_BaseLibSVM__Xfit", None)),  # the second with a kernel of the user's
    "DBSCAN": (("components_", "core_sample_indices_"),),
    "GaussianProcessRegressor": (("X_train_", None),),
    "_BinaryGaussianProcessClassifierLaplace": (("X_train_", None),),
    "HDBSCAN": (("_raw_data", None),),
    "IsotonicRegression": (("X_thresholds_", ""),),
    "KernelPCA": (("X_fit_", None),),
    "KernelRidge": (("X_fit_", None),),
    "KNNImputer": (("_fit_X", None),),
    "NeighborsBase": (("_fit_X", None),),
    "Nystroem": (("components_", "component_indices_"),),
    "RBFInterpolator": (("y", None),),
    **dict.fromkeys(("cKDTree", "BinaryTree", "BinaryTree32", "BinaryTree64"), (("data", None),)),
}
# Given a matrix of similarities or distances, these keep it: its rows are the rows of X then.
_KEEPS_PRECOMPUTED = {
    "AffinityPropagation": "affinity_matrix_",
    "MDS": "dissimilarity_matrix_",
    "SpectralClustering": "affinity_matrix_",
    "SpectralEmbedding": "affinity_matrix_",
}
_HOW_COMPUTED = ("affinity", "metric", "dissimilarity")
_CENTRES = frozenset({"KMeans", "BisectingKMeans", "MeanShift"})
# Each member of these was fitted on rows of its own; every other estimator of scikit-learn gives all its rows to its members.
_SPLITTING = frozenset(
    {
        "AdaBoostRegressor",
        "BaseBagging",
        "CalibratedClassifierCV",
        "IterativeImputer",
        "OneVsOneClassifier",
        "RANSACRegressor",
        "SelfTrainingClassifier",
    }
)
# Where an estimator tells how many rows it was fitted on: by a number, or by something with one entry a row.
_COUNTS = ("n_samples_fit_", "_n_samples", "nobs", "n_samples_seen_")
_ONE_A_ROW = ("labels_", "row_labels_", "transduction_", "inlier_mask_", "embedding_")
# What holds no training rows, or is looked at in another way.
_PASSED_BY: dict[str, frozenset[str]] = {
    "BaseSearchCV": frozenset({"cv_results_"}),
    "BaseHistGradientBoosting": frozenset({"_predictors"}),  # hundreds of lists of trees
    "Birch": frozenset({"root_", "dummy_leaf_"}),
    "Module": frozenset({"_parameters"}),  # of torch
    "_CalibratedClassifier": frozenset({"calibrators"}),  # fitted on predictions
}
_NO_ROWS = frozenset({"BaseDecisionTree", "Tree", "TreePredictor", "_BinMapper", "Booster"})
# Only numbers in these, as far as a glance tells: see _are_bare.
_BARE = frozenset(
    {"Pipeline", "StandardScaler", "MinMaxScaler", "RobustScaler", "SimpleImputer", "LinearModel", "LinearClassifierMixin"}
)
_MOST_BARE = 8
_NETWORKS = frozenset({"keras", "tf_keras", "tensorflow"})
_BOXES = frozenset({"scipy", "torch"})
"""Libraries whose objects count as data by themselves, and hold arrays that do."""
_ARRAYS = frozenset({"numpy", "pandas", "polars", "pyarrow", "scipy", "xarray", "torch", "builtins", "_cyutility", "sklearn"})
"""Libraries whose arrays and tables may be read; the last ones are those of memory views."""
_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray, ModuleType, range, slice})

# Names are split into words, and all of them together must name data.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TEXTS = frozenset(("corpus", "docs", "documents", "texts", "sentences", "messages"))
_DATA = _TEXTS | frozenset(
    (
        *("x", "xs", "data", "dataset", "train", "training", "sample", "samples", "row", "rows", "points", "examples"),
        *("instances", "observations", "records", "memory", "background", "inputs"),
        *("exog", "endog"),
    )
)
_BESIDE_DATA = frozenset(
    (
        *("fit", "fitted", "raw", "orig", "original", "all", "seen", "set", "array", "matrix", "support", "vectors", "scaled"),
        *("frame", "df", "table"),
    )
)
# One of these words is enough to name no data.
_PARAMETER = re.compile(
    r"(?:coef|component|cent(?:er|re|roid)|mean|weight|bias|intercept|embed|prob|decision|distribution|pred|affinity|cov"
    r"|precision|loading|rotation|quantile|kernel|dist|cat(?:egory|egories)|threshold|label|target|hierarchy|neighbor|factor|transmat"
    r"|vocab|importance|result|statistic|param|hidden|layer|lea[fv])\w*"
    r"|(?:theta|var|w|b|beta|y|score|oob|edge|bin|scale|gram|prior|class|path|children|graph|basis|filter|indice|index"
    r"|mask|grad|rank|norm|corr)(?:e?s)?"
)

_FEW = 50
"""Fewer rows than this may be parameters: centres of clusters, units of a layer."""
_MANY, _TALL = 100, 4
"""Where the number of columns tells nothing, rows are many, and many times more than columns."""
_MOST_OBJECTS = 20_000
_MOST_MEMBERS = 2_000
_MOST_COUNTED = 100_000
_MOST_DEPTH = 40
_MOST_COMPARED = 1 << 16
"""Values of one array that are read to compare it."""
_MOST_ARRAYS = 100
_MOST_LABELS = 1 << 18
_MOST_WHERE = 120


@dataclass(frozen=True, slots=True)
class RowsInside:
    """Training rows inside an object.

    Attributes
    ----------
    rows : int
        Training rows that the object holds verbatim. Where several parts hold some that cannot be compared, at least those
        of the part that holds most.
    of : int or None
        Of how many training rows, where known.
    where : str
        The attribute that holds (most of) them: ``support_vectors_``, ``steps[1]._fit_X``.
    """

    rows: int
    of: int | None
    where: str


def rows_inside(model: object, training: object = None) -> RowsInside | None:
    """Tell which training rows lie inside an object.

    Parameters
    ----------
    model
        Anything.
    training
        The X of the fit, if the caller still has it: an array, a table, a list of rows.

    Returns
    -------
    RowsInside or None
        None if no row was found. It never raises.
    """
    return quiet(partial(_rows_inside, training=training), model, None)


def _rows_inside(model: object, training: object) -> RowsInside | None:
    if training is None and _are_bare([model], _MOST_BARE):
        return None
    walk = _Walk(training)
    walk.run(model)
    keys = quiet(_row_keys, training, None)
    held = walk.held if keys is None else _compared(walk, keys)
    if not held:
        return None
    main = max(held, key=lambda part: (part.rows, not part.where.endswith("endog")))
    of = _total(walk, held)
    rows = None if keys is None else quiet(partial(_counted, training=training, keys=keys), held, None)
    if rows is None:
        rows = quiet(partial(_estimated, of=of), held, main.rows)
    return RowsInside(rows if of is None else min(rows, of), of, _clip(main.where))


def _are_bare(values: Iterable[object], depth: int) -> bool:
    """Tell by a glance that nothing is inside: linear models and scalers with numbers, columns and one-row matrices.

    Most models are so, and each save asks. What this does not know is walked.
    """
    return all(type(value) in _ATOMS or _is_bare(value, depth) for value in values)


def _is_bare(value: object, depth: int) -> bool:
    kind = kind_of(value)
    if kind.root == "numpy":
        shape: tuple[int, ...] = peek(value, "shape", (2, 2))
        kind_of_numbers = peek(peek(value, "dtype"), "kind") or "O"  # a RandomState has none
        return kind_of_numbers in "biufU" and (len(shape) < 2 or shape[0] == 1)  # noqa: PLR2004 (two: a matrix)
    if type(value) in (list, tuple):
        members = values_of(value, _FEW)
        return depth > 0 and len(members) < _FEW and _are_bare(members, depth - 1)
    if depth == 0 or kind.root != "sklearn" or _BARE.isdisjoint(kind.bases):
        return False
    return _are_bare(state_of(value).values(), depth - 1)


# ── Walking ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True, eq=False)
class _Fit:
    """Rows that estimators were fitted on, the same for all of them: how many at least, and a part of which others."""

    around: _Fit | None = None
    of: int | None = None

    def chain(self) -> list[_Fit]:
        return [self, *self.around.chain()] if self.around else [self]

    def learn(self, count: int | None) -> None:
        if count:
            self.of = max(count, self.of or 0)


class _Place(NamedTuple):
    """Where the walk stands.

    ``name``: of the attribute or key; ``around``: that of the value it lies in. ``raw``: rows come here as they are in the
    training data; ``columns``: how many values they have here. ``own``: inside of a class of scikit-learn itself;
    ``splitting``: inside of one whose members are fitted on different rows.
    """

    where: str
    fit: _Fit
    name: str = ""
    around: str = ""
    raw: bool = True
    columns: int | None = None
    own: bool = False
    splitting: bool = False
    depth: int = 0

    def attribute(self, name: str) -> _Place:
        where = f"{self.where}.{name}" if self.where else name
        return self._replace(where=where, name=name, around=self.name, depth=self.depth + 1)

    def member(self, key: str) -> _Place:
        here = self._replace(where=f"{self.where}[{key}]", depth=self.depth + 1)
        return here._replace(name=key.strip("'"), around=self.name) if key.startswith("'") else here


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Rows that were found.

    ``data``: the array, where it can be compared; ``index``: which rows of the fit these are; ``whole``: all of them. ``sure``:
    found by more than the shape.
    """

    where: str
    rows: int
    fit: _Fit
    raw: bool = False
    data: Any = None
    index: Any = None
    whole: bool = False
    sure: bool = True


@dataclass(slots=True)
class _Walk:
    """A walk through an object; breadth first, so that one deep part does not hide the others."""

    training: Any
    shape: tuple[int, int] | None = None
    held: list[_Held] = field(default_factory=list)
    maybe: list[_Held] = field(default_factory=list)
    seen: dict[int, object] = field(default_factory=dict)
    queue: deque[tuple[object, _Place]] = field(default_factory=deque)
    top: _Fit = field(default_factory=_Fit)

    def run(self, model: object) -> None:
        self.shape = _shape(self.training) or quiet(_shape_of_rows, self.training, None)
        if self.shape:
            self.top.learn(self.shape[0])
        self.push(model, _Place("", self.top, columns=self.shape[1] if self.shape else None))
        while self.queue and len(self.seen) < _MOST_OBJECTS:
            value, place = self.queue.popleft()
            if id(value) not in self.seen and place.depth < _MOST_DEPTH:
                self.seen[id(value)] = value
                quiet(partial(self.look, place=place), value, None)

    def look(self, value: object, place: _Place) -> None:
        """Judge one value, and queue what lies in it."""
        value = _as_list(value)
        kind = kind_of(value)
        if is_a(value, type):
            self.by_value(cast("type", value), place)
        elif _is_function(value):
            for name, part in _taken_along(value):
                self.push(part, place.attribute(name)._replace(around="", own=False, splitting=False))
        elif is_container(value):
            # scikit-learn keeps no rows in lists, but many small arrays.
            shape = None if place.own else quiet(_shape_of_rows, value, None)
            if not self.judge(value, place, shape) and not (place.own and _is_of_numbers(value)):
                self.members(value, place)
        elif (shape := _shape(value)) is not None or (kind.data and kind.root not in _BOXES):
            members = _objects_in(value, kind)
            if members:
                self.members(members, place)
            else:
                self.judge(value, place, shape)
        else:
            self.attributes(value, place, kind)

    def push(self, value: object, place: _Place) -> None:
        if not _is_skipped(value):
            self.queue.append((value, place))

    def members(self, value: object, place: _Place) -> None:
        """Queue the members of a dict, list or tuple."""
        first = next((part for _, part in members_of(value, 1)), None)
        named = is_a(value, tuple) and is_a(first, str)
        # What is fitted side by side may be fitted on different rows, unless scikit-learn says otherwise.
        apart = place.splitting or not (place.own or is_a(value, tuple))
        for key, part in members_of(value, _MOST_MEMBERS):
            if _is_skipped(part):
                continue
            # Of ("knn", KNeighborsClassifier()) everybody knows which of the two is meant.
            here = place._replace(depth=place.depth + 1) if named else place.member(key)
            self.push(part, here._replace(fit=_Fit(place.fit)) if apart else here)

    def attributes(self, value: object, place: _Place, kind: Kind) -> None:
        """Take what is known of a class, and queue the rest of what an object holds."""
        if not kind.able and _is_machinery(value):
            return
        if kind.library == "catboost":
            self.held += _catboost_rows(value, place)
            return
        state = state_of(value)
        place = _inside(kind, state, place)
        self.held += quiet(partial(_special, kind=kind, place=place), state, [])
        done = self.known(value, kind, place).union(*(_PASSED_BY[base] for base in kind.bases & _PASSED_BY.keys()))
        if "_BaseStacking" in kind.bases and not state.get("passthrough"):  # fitted on predictions
            done.add("final_estimator_")
        for name, part in state.items():
            if name in done or _is_skipped(part):
                continue
            if name == "steps" and "Pipeline" in kind.bases:
                self.steps(part, place.attribute(name))
            else:
                # Results of statsmodels lie in a wrapper that nobody sees.
                here = place if name == "_results" else place.attribute(name)
                if is_a(part, dict) and name in kind.parameters:  # for a function of the user's
                    here = here._replace(own=False)
                self.push(part, here._replace(fit=_Fit(place.fit)) if place.splitting else here)
        if peek(type(value), "__module__") == "__main__":
            self.push(type(value), place)

    def known(self, value: object, kind: Kind, place: _Place) -> set[str]:
        """Take what a class is known to hold, and return the names of these attributes."""
        found = set()
        for base in kind.bases & _KNOWN.keys():
            for name, index in _KNOWN[base]:
                found.add(name)
                data = peek(value, name)
                shape = _shape(data)
                if shape is None or not shape[0] * shape[1]:
                    continue
                which = peek(value, index) if index else None
                where, whole = place.attribute(name).where, index is None
                self.held.append(_Held(where, shape[0], place.fit, place.raw, data, which, whole))
                place.fit.learn(shape[0] if whole else None)
        return found

    def steps(self, steps: object, place: _Place) -> None:
        """Queue the steps of a pipeline: behind the first that does something, rows are no longer what they were."""
        for key, step in members_of(steps, _MOST_MEMBERS):
            self.push(step, place.member(key))
            parts = list(members_of(step, 2))
            if not parts or not (parts[-1][1] is None or is_a(parts[-1][1], str)):
                place = place._replace(raw=False, columns=None)

    def by_value(self, cls: type, place: _Place) -> None:
        """Queue what a class of the notebook takes along: it is pickled with its methods, and with all that these name."""
        for base in cast("tuple[type, ...]", type.__dict__["__mro__"].__get__(cls)):
            if peek(base, "__module__") == "__main__":
                for name, part in list(type.__dict__["__dict__"].__get__(base).items()):
                    self.push(_unwrapped(part), place.attribute(name))

    def judge(self, value: object, place: _Place, shape: tuple[int, int] | None) -> bool:
        """Note an array or a list that holds rows, or may do so."""
        if shape is None or not shape[0] * shape[1]:
            return False
        flat = is_container(value) or len(peek(value, "shape", ())) == 1
        sure = value is self.training or (not place.own and _is_named_data(value, shape, place))
        held = _Held(place.where, shape[0], place.fit, place.raw, value, sure=sure)
        too_many = self.shape is not None and shape[0] > self.shape[0]
        if sure or (not too_many and _rule(shape, place, flat=flat and shape[1] == 1)):
            self.held.append(held)
        elif place.raw and self.shape and shape[1] == self.shape[1] and shape[0] > 1 and len(self.maybe) < _MOST_ARRAYS:
            self.maybe.append(held)
        return bool(self.held) and self.held[-1] is held


def _inside(kind: Kind, state: dict[str, Any], place: _Place) -> _Place:
    """Return the place inside of an object, and learn from the object how many rows it was fitted on."""
    for name in _COUNTS:
        place.fit.learn(quiet(_greatest, state.get(name), None))
    for name in _ONE_A_ROW if kind.library == "sklearn" else ():
        place.fit.learn((_shape(state.get(name)) or (None,))[0])
    if "shape_fit_" in state:  # of a support vector machine
        place.fit.learn(int(state["shape_fit_"][0]))
    columns = state.get("n_features_in_")
    if type(columns) is not int:
        names = _shape(state.get("feature_names_in_"))
        # A time series is fitted without columns.
        columns = names[0] if names else None if kind.library == "statsmodels" else place.columns
    own = kind.root == "sklearn"
    raw = place.raw and (place.columns is None or columns in {place.columns, None})
    return place._replace(own=own, columns=columns, raw=raw, splitting=not _SPLITTING.isdisjoint(kind.bases))


# ── What is a row ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rule(shape: tuple[int, int], place: _Place, *, flat: bool) -> bool:
    """Tell whether an array of which nothing is known holds rows: if it has more than parameters would have.

    ``flat``: a single column, without which no model can be: only its name or its values can tell.
    """
    rows, columns = shape
    if flat or (place.own and columns == 1) or _is_parameter(place.name) or _is_parameter(place.around):
        return False
    if columns == place.columns:
        return rows == place.fit.of or (rows >= _FEW and rows != columns)
    if place.own or columns == 1 or rows in {columns, place.columns}:
        return False
    return rows == place.fit.of or (rows >= _MANY and rows >= _TALL * columns)


def _is_named_data(value: object, shape: tuple[int, int], place: _Place) -> bool:
    words = _words(place.name)
    if _is_text(value):
        return not _TEXTS.isdisjoint(words)
    # What a dict names are columns; and a single column is no row, where rows have several.
    if is_a(value, dict) or (shape[1] == 1 and place.columns not in {None, 1}):
        return False
    return words == {"support", "vectors"} or (not _DATA.isdisjoint(words) and words <= _DATA | _BESIDE_DATA)


def _is_text(value: object) -> bool:
    return is_container(value) and is_a(next((part for _, part in members_of(value, 1)), None), str)


def _is_parameter(name: str) -> bool:
    return any(_PARAMETER.fullmatch(word) for word in _words(name))


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


def _special(state: dict[str, Any], kind: Kind, place: _Place) -> list[_Held]:
    """Return the rows in those classes of which one attribute alone does not tell."""
    found: list[tuple[str, int]] = []
    if "gaussian_kde" in kind.bases:
        found.append(("dataset", state["dataset"].shape[1]))
    elif kind.library != "sklearn":
        return []
    if "Birch" in kind.bases:
        found.append(("root_", _birch_rows(state)))
    if not _CENTRES.isdisjoint(kind.bases):
        found.append(("cluster_centers_", _single_members(state.get("labels_"))))
    if place.columns == 1 and "QuantileTransformer" in kind.bases and state["n_quantiles_"] < state["n_quantiles"]:
        found.append(("quantiles_", int(state["n_quantiles_"])))  # fewer than asked for: one for each row
    if place.columns == 1 and place.own and "categories_" in state and place.fit.of:
        values = len(state["categories_"][0])
        # A category for every other row is no category, but somebody's number.
        found.append(("categories_[0]", values if values * 2 > place.fit.of else 0))
    for base in kind.bases & _KEEPS_PRECOMPUTED.keys():
        if any(is_a(state.get(name), str) and state[name] == "precomputed" for name in _HOW_COMPUTED):
            name = _KEEPS_PRECOMPUTED[base]
            found.append((name, (_shape(state.get(name)) or (0,))[0]))
    return [_Held(place.attribute(name).where, rows, place.fit) for name, rows in found if rows]


def _birch_rows(state: dict[str, Any]) -> int:
    """Count the subclusters of one row each: their centre is that row."""
    found, leaf = 0, peek(state.get("dummy_leaf_"), "next_leaf_")
    for _ in range(_MOST_OBJECTS):
        if leaf is None:
            break
        found += sum(1 for part in peek(leaf, "subclusters_", ()) if peek(part, "n_samples_") == 1)
        leaf = peek(leaf, "next_leaf_")
    return found


def _single_members(labels: Any) -> int:  # noqa: ANN401 (an array)
    """Count the clusters of one row each: their centre is that row."""
    if labels is None or labels.size > _MOST_LABELS:
        return 0
    return int((sys.modules["numpy"].bincount(labels[labels >= 0]) == 1).sum())


def _catboost_rows(model: object, place: _Place) -> list[_Held]:
    """Return the embeddings among which catboost looks for neighbours: its model holds those of all rows."""
    if not quiet(lambda one: list(peek(one, "get_embedding_feature_indices")()), model, []):
        return []
    if "KNN" not in quiet(lambda one: str(peek(one, "get_all_params")()), model, "KNN"):
        return []
    # Each training row fell into one leaf of the first tree.
    leaves = int(peek(model, "get_tree_leaf_counts")()[0])
    rows = round(float(sum(peek(model, "get_leaf_weights")()[:leaves])))
    place.fit.learn(rows)
    return [_Held(place.attribute("embedding_features").where, rows, place.fit, whole=True)]


# ── What is taken along ──────────────────────────────────────────────────────────────────────────────────────────────────


def _is_function(value: object) -> bool:
    return is_a(value, FunctionType) or is_a(value, MethodType) or is_a(value, partial)


def _unwrapped(attribute: object) -> object:
    """Return the function in a static method, a class method or a property."""
    if type(attribute) in (staticmethod, classmethod):
        return peek(attribute, "__func__")
    return peek(attribute, "fget") if type(attribute) is property else attribute


def _taken_along(function: object) -> Iterator[tuple[str, object]]:
    """Yield what is pickled with a function: what it is bound to, closes over, and names."""
    if is_a(function, partial):
        yield from ((name, peek(function, name)) for name in ("func", "args", "keywords"))
    elif is_a(function, MethodType):
        yield from ((name, peek(function, name)) for name in ("__self__", "__func__"))
    elif peek(function, "__module__") == "__main__" or "<" in str(peek(function, "__qualname__")):
        # A function of the notebook, a lambda, a local one: nobody else has it, so it is written out.
        code, names = peek(function, "__code__"), peek(function, "__globals__")
        cells = peek(function, "__closure__") or ()
        yield from ((name, peek(cell, "cell_contents")) for name, cell in zip(code.co_freevars, cells, strict=False))
        yield from ((name, peek(function, name)) for name in ("__defaults__", "__kwdefaults__"))
        yield from ((name, names[name]) for name in sorted(_global_names(code)) if name in names)


def _global_names(code: Any) -> set[str]:  # noqa: ANN401 (a code object)
    """Return the global variables that a code reads, also in functions defined in it."""
    found = {one.argval for one in dis.get_instructions(code) if one.opname in {"LOAD_GLOBAL", "LOAD_NAME"}}
    return found.union(*(_global_names(part) for part in code.co_consts if type(part) is type(code)))


def _is_skipped(value: object) -> bool:
    """Tell whether nothing can lie in a value: it is a number or a text, a tree, a network."""
    if type(value) in _ATOMS:
        return True
    kind = kind_of(value)
    if kind.library in _NETWORKS:
        return True
    return not _NO_ROWS.isdisjoint(kind.bases) and kind.root == kind.library


def _is_machinery(value: object) -> bool:
    """Tell whether an object is of the standard library: a logger, a lock, a thread."""
    root = kind_of(value).root
    return root in sys.stdlib_module_names and root not in {"__main__", "types"}


# ── How many ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _compared(walk: _Walk, keys: Any) -> list[_Held]:  # noqa: ANN401 (an array)
    """Hold what was found against the training data: some are no rows, others are although nothing else said so."""
    np = sys.modules["numpy"]
    held = [part for part in walk.held if part.sure or not _is_codebook(part, walk, keys)]
    values, counts = np.unique(keys, return_counts=True)
    for part in walk.maybe:
        rows = quiet(partial(_equal_rows, keys=values[counts == 1]), part.data, 0)
        # Of a single column, some values are always found again: the least, the median.
        if rows and (part.rows < 2 * rows or (walk.shape and walk.shape[1] > 1)):
            held.append(replace(part, rows=rows, data=None))
    return held


def _is_codebook(part: _Held, walk: _Walk, keys: Any) -> bool:  # noqa: ANN401 (an array)
    """Tell whether an array of training rows by its shape alone has not one of them."""
    if not part.raw or part.rows == walk.top.of or not walk.shape or (_shape(part.data) or (0, 0))[1] != walk.shape[1]:
        return False
    mine = quiet(_row_keys, part.data, None)
    return mine is not None and not sys.modules["numpy"].isin(mine, keys).any()


def _equal_rows(data: Any, keys: Any) -> int:  # noqa: ANN401 (arrays)
    """Count the rows that are in an array too. Rows of whole numbers may be so by chance, and do not count."""
    np, values = sys.modules["numpy"], _values(data)
    if values is None:
        return 0
    with np.errstate(all="ignore"):
        telling = (values % 1 > 0).any(axis=1)
    return int(np.isin(keys, _row_keys(values[telling])).sum()) if telling.any() else 0


def _total(walk: _Walk, held: list[_Held]) -> int | None:
    """Return the number of training rows: of the caller's, else as far as the objects around all the holders know it."""
    if walk.shape:
        return walk.shape[0]
    chains = [part.fit.chain() for part in held]
    common = [fit for fit in chains[0] if all(fit in chain for chain in chains)]
    known = [fit.of for fit in common if fit.of]
    return max(known[-1], *(part.rows for part in held)) if known else None


def _counted(held: list[_Held], training: Any, keys: Any) -> int | None:  # noqa: ANN401 (arrays)
    """Count the training rows that are held, if all that is held are training rows as they are."""
    if not _are_comparable(held):
        return None
    np, found = sys.modules["numpy"], None
    for part in held:
        rounded = str(peek(part.data, "dtype")) == "float32" != str(peek(training, "dtype"))
        theirs, mine = _row_keys(training, "f4") if rounded else keys, _row_keys(part.data)
        if mine is None or not np.isin(mine, theirs).all():
            return None
        mine = np.isin(theirs, mine)
        found = mine if found is None else found | mine
    # One support vector may be equal to many rows; it is one.
    return None if found is None else min(int(found.sum()), sum(part.rows for part in held))


def _estimated(held: list[_Held], of: int | None) -> int:
    """Count the rows of all parts: by what each knows, else by comparing them, else at least those of the greatest."""
    fits: dict[int, list[_Held]] = {}
    for part in held:
        fits.setdefault(id(part.fit), []).append(part)
    counts = [_of_one_fit(parts) for parts in fits.values()]
    if len(counts) == 1:
        return counts[0]
    union = _union(held)
    if union is not None:
        return max(*counts, union)
    # Parts that each hold all of their rows hold nearly all together. How far others overlap, nobody knows.
    return min(of, sum(counts)) if of is not None and all(part.whole for part in held) else max(counts)


def _of_one_fit(parts: list[_Held]) -> int:
    most = max(part.rows for part in parts)
    if len(parts) == 1 or any(part.whole for part in parts):
        return most
    if all(part.index is not None for part in parts):
        np = sys.modules["numpy"]
        return int(np.unique(np.concatenate([part.index for part in parts])).size)
    return max(most, _union(parts) or 0)


def _union(parts: list[_Held]) -> int | None:
    """Count the different rows of several arrays; None if they cannot be compared, or not cheaply."""
    if not _are_comparable(parts):
        return None
    if len({(_shape(part.data) or (0, 0))[1] for part in parts}) > 1:
        return None
    np, keys = sys.modules["numpy"], [_row_keys(part.data) for part in parts]
    return None if any(key is None for key in keys) else int(np.unique(np.concatenate(keys)).size)


def _are_comparable(parts: list[_Held]) -> bool:
    """Tell whether all parts hold rows as they are in the training data, and not too much to read."""
    shapes = [_shape(part.data) or quiet(_shape_of_rows, part.data, None) for part in parts if part.raw]
    known = [shape for shape in shapes if shape]
    return len(known) == len(parts) and sum(rows * columns for rows, columns in known) <= _MOST_COMPARED


def _row_keys(data: Any, dtype: str = "f8") -> Any:  # noqa: ANN401 (arrays)
    """Return a number for each row: the same for the same values only. None where there are no numbers, or too many."""
    values = _values(data)
    if values is None:
        return None
    np = sys.modules["numpy"]
    with np.errstate(all="ignore"):
        bits = np.ascontiguousarray(values.astype(dtype).astype("f8") + 0.0).view("u8")  # 0 and -0 are the same
    bits ^= bits >> np.uint64(32)  # small numbers differ in their upper bits only
    factors = np.random.default_rng(0).integers(1 << 63, size=bits.shape[1], dtype="u8") * np.uint64(2) + np.uint64(1)
    return (bits * factors).sum(axis=1)


def _values(data: Any) -> Any:  # noqa: ANN401 (arrays)
    """Return the numbers of an array, table or list as rows; None where there are none, or too many."""
    shape = _shape(data) or _shape_of_rows(data)
    if shape is None or not 0 < shape[0] * shape[1] <= _MOST_COMPARED or _is_text(data):
        return None
    # Somebody's own class may do anything when it is asked for its values.
    rows = [part for _, part in members_of(data, _MOST_COMPARED)]
    if any(kind_of(part).root not in _ARRAYS for part in (data, *rows)):
        return None
    np = sys.modules["numpy"]
    values = np.asarray(data.toarray() if callable(peek(data, "toarray")) else data)
    return values.reshape(len(values), -1).astype("f8") if values.dtype.kind in "biufO" else None


# ── Shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shape(value: Any) -> tuple[int, int] | None:  # noqa: ANN401 (anything)
    """Return how many rows an array or table has, and how many values each; None for anything else."""
    shape = None if type(value) in _ATOMS else peek(value, "shape")
    if not is_a(shape, tuple) or not shape or not all(type(length) is int for length in shape):
        return None
    columns = 1
    for length in shape[1:]:
        columns *= length
    return shape[0], columns


def _as_list(value: object) -> object:
    """Return the members of a deque or set as a list, and anything else as it is."""
    iterate = next((one.__iter__ for one in (deque, set, frozenset) if is_a(value, one)), None)
    return value if iterate is None else list(islice(iterate(cast("Any", value)), _MOST_COUNTED))


def _objects_in(value: object, kind: Kind) -> list[object]:
    """Return the members of an array of estimators or arrays; nothing of one of numbers and texts."""
    if "ndarray" not in kind.bases or str(peek(value, "dtype")) != "object":
        return []
    members = list(islice(cast("Iterator[object]", peek(value, "flat")), _MOST_MEMBERS))
    return [] if all(type(part) in _ATOMS or _is_number(part) for part in members) else members


def _shape_of_rows(value: object) -> tuple[int, int] | None:
    """Return the same of a list or dict of rows: of lists, tuples, dicts, vectors or texts."""
    if not is_container(value):
        return None
    length: Callable[[Any], int] = next(one.__len__ for one in (dict, list, tuple) if is_a(value, one))
    rows, first = length(value), next((part for _, part in members_of(value, 1)), None)
    if is_a(first, str):
        return rows, 1
    if is_container(first):
        widths = [_width(part) for _, part in members_of(first, _MOST_MEMBERS)]
        return (rows, sum(widths)) if widths and all(widths) else None
    return (rows, _width(first)) if _width(first) and not _is_number(first) else None


def _width(part: object) -> int:
    """Return how many values a part of a row has: a number, a text, a vector. 0 for anything else."""
    if _is_number(part) or is_a(part, str):
        return 1
    shape: Any = peek(part, "shape") if kind_of(part).root in _ARRAYS else None
    if is_a(shape, tuple) and len(shape) == 1:
        return int(shape[0])
    numbers = [number for _, number in members_of(part, _MOST_MEMBERS)]
    return len(numbers) if numbers and all(_is_number(number) for number in numbers) else 0


def _is_of_numbers(value: object) -> bool:
    """Tell whether the first member of a list is a number, or an array of numbers."""
    first = next((part for _, part in members_of(value, 1)), None)
    return type(first) in (int, float) or (kind_of(first).name == "ndarray" and str(peek(first, "dtype")) != "object")


def _is_number(value: object) -> bool:
    return type(value) in (int, float, bool) or (peek(value, "shape") == () and peek(value, "dtype") is not None)


def _greatest(value: Any) -> int | None:  # noqa: ANN401 (a number, or several)
    if type(value) in (int, float):
        return int(value)
    return int(value.max()) if kind_of(value).root == "numpy" else None


def _clip(text: str) -> str:
    return text if len(text) <= _MOST_WHERE else text[: _MOST_WHERE - 1] + "…"
