"""Several records side by side, with what differs marked and, where a winner is known, the winner.

A comparison is data: rows of plain values in five sections, for a card, a widget or ``--json`` to show. Three rules make it
worth trusting. Values are compared as a data scientist means it: NaN is NaN, and a dict's order does not matter. A
metric has a winner only if it is known which way is better: by scikit-learn's naming (``_score`` up; ``_error``, ``_loss``
and ``_deviance`` down) and the table of common names below. An unknown metric has no winner, however large a number is.
And it has one only if the models were scored on the same rows, as far as the captured cells tell: see :func:`rows_of`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal

from jupyter_modelstore._json import Opaque, dumps
from jupyter_modelstore.record import Comparison, ModelRecord, Row


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UP = _words(
    "accuracy acc auc roc_auc auroc auprc pr_auc average_precision f1 f2 f_beta fbeta precision recall sensitivity "
    "specificity r2 r_squared adjusted_r2 adj_r2 explained_variance matthews_corrcoef matthews mcc jaccard iou kappa "
    "cohen_kappa silhouette calinski_harabasz homogeneity completeness v_measure adjusted_rand rand rand_index "
    "fowlkes_mallows mutual_info adjusted_mutual_info normalized_mutual_info label_ranking_average_precision ndcg dcg "
    "aucpr balancedaccuracy score"
)
_DOWN = _words(
    "mae mse rmse rmsle msle mape smape medae crps log_loss logloss brier brier_score deviance error error_rate loss "
    "cross_entropy crossentropy perplexity merror davies_bouldin davies_bouldin_score"
)
"""Names that mean the same everywhere. ``davies_bouldin_score`` and ``brier_score`` are the two scores that go down."""

_FAMILIES = ("f1", "f2", "fbeta", "precision", "recall", "jaccard", "accuracy", "auc", "roc_auc", "ndcg", "average_precision")
"""Names that take a tail: ``f1_macro``, ``precision@5``, ``roc_auc_ovr``."""

_PREFIXES = re.compile(
    r"(?:(?:train|training|test|eval|dev|val|valid|validation|cv|oob|oof|holdout)(?:_\d{1,3})?"
    r"|mean|balanced|weighted|macro|micro|top_k)_"
)
_ARGUMENTS = re.compile(r"\s*\(.*\)\s*\Z", re.DOTALL)
_NO_MEASURE = _words("std sd sem time seconds rank threshold support count delta diff gap change")
"""Parts of a name that say: this is something about a metric (its spread, its cut) and not the metric."""

_MAX_DEPTH = 20  # deeper than that, no value is kept by the JSON of a record

_ABOUT = (
    "algorithm",
    "model_type",
    "target_column",
    "training_samples",
    "test_samples",
    "training_time_seconds",
    "model_file_size",
    "format",
    "origin",
    "status",
    "created_at",
    "aliases",
    "tags",
    "description",
)


def compare(records: Iterable[ModelRecord]) -> Comparison:
    """Lay records side by side.

    Parameters
    ----------
    records
        In the order in which they are to be shown.

    Returns
    -------
    Comparison
        ``metrics`` (with the best marked), ``parameters``, ``features``, ``environment`` (Python and the distributions) and
        ``about``.
    """
    kept = tuple(records)
    metrics = _metrics(kept)
    return Comparison(
        records=kept,
        sections={
            "metrics": metrics,
            "parameters": _rows([{name: _present(value) for name, value in _params(r).items()} for r in kept]),
            "features": _features(kept),
            "environment": _environment(kept),
            "about": _about(kept),
        },
        remark=_remark(kept, metrics),
    )


def direction(name: str) -> Literal["up", "down"] | None:
    """Tell which way a metric is better, by its name.

    ``neg_`` turns it round, as in scikit-learn's ``neg_mean_squared_error``. Case, words such as ``test_``, ``cv_`` or
    ``validation_0_`` in front, and arguments behind, as in ``fbeta(beta=2)``, do not matter.

    Examples
    --------
    >>> direction("val_loss"), direction("F1_macro"), direction("neg_log_loss"), direction("lift")
    ('down', 'up', 'up', None)
    """
    base = re.sub(r"[\s\-]+", "_", _ARGUMENTS.sub("", name[:200]).strip().casefold())
    if _NO_MEASURE & set(base.split("_")):
        return None
    while match := _PREFIXES.match(base):  # first: cv_neg_log_loss ends like a loss
        base = base[match.end() :]
    if base.startswith("neg_"):
        return {"up": "down", "down": "up"}.get(direction(base[4:]) or "")  # type: ignore[return-value]  # one of the two
    return _known(base)


def _known(base: str) -> Literal["up", "down"] | None:
    if base in _UP or base.startswith("d2_"):  # a share of what is explained, of any loss: d2_absolute_error
        return "up"
    if base in _DOWN or base.endswith(("_error", "_loss", "_deviance", "logloss")):
        return "down"
    tails = tuple(family + mark for family in _FAMILIES for mark in "_@")
    return "up" if base.endswith("_score") or base.startswith(tails) else None


def _metrics(records: Sequence[ModelRecord]) -> tuple[Row, ...]:
    rows = _rows([_read(record, "metrics") for record in records])
    return tuple(
        Row(
            name=row.name,
            values=row.values,
            differs=row.differs,
            best=_best(row.values, direction(row.name)) if same_rows(records, row.name) else None,
        )
        for row in rows
    )


def same_rows(records: Sequence[ModelRecord], metric: str) -> bool:
    """Tell whether a metric of these records is known to be of the same rows."""
    known = [rows_of(record, metric) for record in records]
    return None not in known and len(set(known)) == 1


def rows_of(record: ModelRecord, metric: str) -> Hashable:
    """Return what the capture knows of the rows that a metric is of: the cells that made them, their name, side and number.

    None if that is too little to call rows the same: the user said the metric, or it is not known how the data came about.
    """
    source = _read(record, "source")
    origin = _mapping(_mapping(source.get("metrics")).get(metric))
    value, split = origin.get("value"), origin.get("split")
    if _is_number(value) and value != _read(record, "metrics").get(metric):
        return None
    cells = source.get("cells")
    every = [_mapping(cell) for cell in cells] if isinstance(cells, (list, tuple)) else []
    made = tuple(_text(cell.get("code")) for cell in every if _did(cell, "prepared"))
    number = record.test_samples if split == "test" else record.training_samples
    known = (made, _text(origin.get("data")), _text(split), number if _is_number(number) else None)
    return known if all(known) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _did(cell: Mapping[str, Any], what: str) -> bool:
    does = cell.get("does")
    return isinstance(does, (list, tuple)) and what in does


def _remark(records: Sequence[ModelRecord], rows: Iterable[Row]) -> str:
    """Return why metrics that differ have no winner, in one line."""
    if len(records) < 2:  # noqa: PLR2004 (one has no rival)
        return ""
    names = [row.name for row in rows if row.best is None and row.differs and all(map(_is_number, row.values))]
    ways = [name for name in names if direction(name) is None]
    unsure = [name for name in names if name not in ways and not same_rows(records, name)]
    told = [
        f"{_listed(unsure)}: it is not known that the models were scored on the same rows" if unsure else "",
        f"{_listed(ways)}: it is not known which way is better" if ways else "",
    ]
    return "No best " + "; no best ".join(filter(None, told)) + "." if any(told) else ""


def _listed(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _params(record: ModelRecord) -> dict[str, Any]:
    """Return a model's parameters; those of a pipeline's last step by their own names, as those of the estimator alone.

    What only holds a pipeline together (``steps``, ``memory``, the steps by their names) is no parameter of a model.
    """
    params = _read(record, "params")
    while names := _steps(params):
        last = f"{names[-1]}__"
        inner = {name: value for name, value in params.items() if "__" in name}
        params = {name.removeprefix(last): value for name, value in inner.items()}
        params = {name: value for name, value in params.items() if name not in names}
    return params


def _steps(params: Mapping[str, Any]) -> list[str]:
    """Return the names of a pipeline's steps; empty if it is none."""
    steps = params.get("steps")
    pairs = steps if isinstance(steps, (list, tuple)) and "memory" in params else ()
    return [str(pair[0]) for pair in pairs if isinstance(pair, (list, tuple)) and pair]


def _best(values: Sequence[Any], way: str | None) -> int | None:
    """Return who has the best number, if all have one, the way is known, and nobody else has the same."""
    if way is None or len(values) < 2 or not all(_is_number(value) for value in values):  # noqa: PLR2004 (one has no rival)
        return None
    real = [value for value in values if value == value]  # noqa: PLR0124 (NaN is not equal to itself)
    if not real:
        return None
    winner = max(real) if way == "up" else min(real)
    return values.index(winner) if real.count(winner) == 1 else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _features(records: Sequence[ModelRecord]) -> tuple[Row, ...]:
    """Return how many features each has and, where they differ, which ones not all of them have."""
    names = [_columns(record) for record in records]
    counts = [_count(record) for record in records]
    if all(count is None for count in counts):
        return ()
    rows = [_row("number", counts)]
    known = [set(columns) for columns in names if columns is not None]
    if len(known) == len(names) and _differ(names):
        shared = set.intersection(*known)
        extra = [tuple(name for name in columns if name not in shared) for columns in names if columns is not None]
        order = ["in this order" if columns == names[0] else "in another order" for columns in names]
        rows.append(_row("not in all", extra) if any(extra) else _row("order", order))
    return tuple(rows)


def _columns(record: ModelRecord) -> tuple[str, ...] | None:
    columns = record.feature_columns
    if not isinstance(columns, (list, tuple)):
        return None
    return tuple(name if isinstance(name, str) else dumps(name) for name in columns)


def _count(record: ModelRecord) -> int | None:
    columns = _columns(record)
    if columns is not None:
        return len(columns)
    number = _read(record, "signature").get("n_features")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _environment(records: Sequence[ModelRecord]) -> tuple[Row, ...]:
    python = [_read(record, "environment").get("python") for record in records]
    distributions = [_mapping(_read(record, "environment").get("distributions")) for record in records]
    rows = sorted(_rows(distributions), key=lambda row: row.name.casefold())
    return (*([_row("python", python)] if any(value is not None for value in python) else []), *rows)


def _about(records: Sequence[ModelRecord]) -> tuple[Row, ...]:
    rows = [_row(name, [_known_value(getattr(record, name)) for record in records]) for name in _ABOUT]
    return tuple(row for row in rows if any(value is not None for value in row.values))


def _known_value(value: Any) -> Any:  # noqa: ANN401 (any field of a record)
    """Return None for what was never said: an empty text, no tags."""
    return None if isinstance(value, (str, tuple)) and not value else value


def _present(value: Any) -> Any:  # noqa: ANN401 (any parameter)
    """Return a parameter's value; its ``None`` as a word, since None in a row means absent."""
    return Opaque("None") if value is None else value


def _read(record: ModelRecord, name: str) -> dict[str, Any]:
    """Return a record's mapping; empty if it cannot be read, since a record can come from anywhere."""
    try:
        return _mapping(getattr(record, name))
    except (AttributeError, TypeError, ValueError, RecursionError):
        return {}


def _mapping(value: object) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def _rows(columns: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Return one row for each name in any column, in the order in which the names first occur."""
    names = dict.fromkeys(name for column in columns for name in column)
    return tuple(_row(name, [column.get(name) for column in columns]) for name in names)


def _row(name: str, values: Sequence[Any]) -> Row:
    return Row(name=name, values=tuple(values), differs=_differ(values))


def _differ(values: Sequence[Any]) -> bool:
    return any(not _same(values[0], value, 0) for value in values[1:])


def _same(one: Any, other: Any, depth: int) -> bool:  # noqa: ANN401 (any two values)
    if _is_number(one) and _is_number(other):
        return bool(one == other or (one != one and other != other))  # noqa: PLR0124 (NaN is not equal to itself)
    if isinstance(one, Mapping) and isinstance(other, Mapping) and depth < _MAX_DEPTH:
        return one.keys() == other.keys() and all(_same(one[key], other[key], depth + 1) for key in one)
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)) and depth < _MAX_DEPTH:
        return len(one) == len(other) and all(_same(a, b, depth + 1) for a, b in zip(one, other, strict=True))
    return depth >= _MAX_DEPTH or bool(one == other)
