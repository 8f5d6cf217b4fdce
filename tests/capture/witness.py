"""The witness: sees every fit that really runs, whatever the code that led to it looks like.

The product reads source code; its judge must not. While a cell runs, Python's profiling hook tells of each call of a
function that is named as fits are. What it was given is noted at once, as hashes of the rows, for the data may
change; the object is held weakly, so that whoever relies on a dead object's address is found out. Digests let a copy
be traced to the fit that made its state.
"""

from __future__ import annotations

import copy
import sys
import threading
import time
import weakref
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
import pandas as pd

FITS = frozenset({"fit", "partial_fit", "fit_transform", "fit_predict", "fit_regularized", "train"})
_TRAINERS = ("xgboost/training", "lightgbm/engine", "catboost/core")
_MOST_DEPTH = 3
_MOST_DIGESTS = 15


def rows_of(data: Any) -> tuple[Any, ...] | None:
    """Return a hashable for each row, the same for a frame and its values; None if the rows cannot be seen."""
    if data is None:
        return None
    try:
        data = data.get_data() if hasattr(data, "num_row") else data
        data = data.toarray() if hasattr(data, "toarray") else data
        if isinstance(data, (pd.DataFrame, pd.Series)) and not all(map(_numeric, _dtypes(data))):
            return _loose(data.to_numpy(dtype=object))
        array = np.asarray(data)
        if array.ndim == 0:
            return None
        if array.dtype.kind not in "biuf":
            return _loose(array)
        flat = np.ascontiguousarray(array.reshape(len(array), -1), dtype=np.float32) + np.float32(0)
        return tuple(row.tobytes() for row in flat)
    except Exception:  # noqa: BLE001 (whatever somebody hands to a fit)
        return None


def _dtypes(data: Any) -> list[Any]:
    return list(data.dtypes) if isinstance(data, pd.DataFrame) else [data.dtype]


def _numeric(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype)


def _loose(array: Any) -> tuple[Any, ...]:
    return tuple(repr(row) for row in np.asarray(array, dtype=object).tolist())


def count_of(data: Any) -> int | None:
    """Return the number of rows."""
    if hasattr(data, "num_row"):
        return int(data.num_row())
    shape = getattr(data, "shape", None)
    try:
        return int(shape[0]) if shape else len(data)
    except TypeError:
        return None


def digest_of(thing: Any) -> str | None:
    """Return a digest of an object's state."""
    try:
        return joblib.hash(thing)
    except Exception:  # noqa: BLE001 (not everything can be hashed)
        return None


@dataclass
class Fit:
    """One fit that ran."""

    cell: int
    what: str
    depth: int
    count: int | None
    rows: tuple[Any, ...] | None
    columns: tuple[str, ...] | None
    target: str | None
    predicts: bool = False
    failed: bool = False
    seconds: float = 0.0
    digest: str | None = None
    given: tuple[Any, Any] | None = None
    owners: list[Any] = field(default_factory=list)

    def made(self, thing: Any) -> bool:
        """Tell whether this fit was of this very object."""
        return any(owner() is thing for owner in self.owners)


class Witness:
    """Notes fits, while it watches."""

    def __init__(self) -> None:
        self.fits: list[Fit] = []
        self.cell = 0
        self._stacks: dict[int, list[tuple[Any, Fit, float]]] = defaultdict(list)

    @contextmanager
    def watching(self, cell: int):
        """Watch this thread, and those that it starts."""
        self.cell = cell
        threading.setprofile(self._see)
        sys.setprofile(self._see)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
            self._stacks.clear()

    @contextmanager
    def resting(self):
        """Look away: the judge himself is at work."""
        sys.setprofile(None)
        try:
            yield
        finally:
            sys.setprofile(self._see)

    def _see(self, frame: Any, event: str, value: Any) -> None:
        if event == "call":
            if frame.f_code.co_name in FITS:
                with suppress(Exception):  # whatever this is, it is no fit that can be told; the notebook goes on
                    self._enter(frame)
        elif event == "return" and frame.f_code.co_name in FITS:
            stack = self._stacks[threading.get_ident()]
            if stack and stack[-1][0] is frame:
                _, fit, start = stack.pop()
                self._leave(fit, start, value)

    def _enter(self, frame: Any) -> None:
        code, held = frame.f_code, frame.f_locals
        given = [held.get(name) for name in code.co_varnames[: code.co_argcount]]
        trainer = code.co_name == "train"
        if not given or (trainer and not any(part in code.co_filename for part in _TRAINERS)):
            return
        stack = self._stacks[threading.get_ident()]
        me = None if trainer else given[0]
        inside = any(outer.made(me) for _, outer, _ in stack) and me is not None
        if inside or len(stack) >= _MOST_DEPTH or (stack and _is_of_forest(stack[-1][1], me)):
            return
        data, target = _given(me, given, held)
        fit = Fit(
            cell=self.cell,
            what=code.co_name,
            depth=len(stack),
            count=count_of(data),
            rows=rows_of(data),
            columns=tuple(map(str, data.columns)) if isinstance(data, pd.DataFrame) else None,
            target=target,
        )
        if type(me).__module__.startswith("statsmodels"):
            fit.count, fit.columns = _of_statsmodels(me)
        if fit.depth == 0 and fit.rows is not None:
            with suppress(Exception):  # what cannot be copied is known by its rows alone
                fit.given = copy.deepcopy((data, held.get("y")))
        _own(fit, me)
        stack.append((frame, fit, time.perf_counter()))

    def _leave(self, fit: Fit, start: float, value: Any) -> None:
        fit.seconds = time.perf_counter() - start
        fit.failed = value is None
        if value is not None and not fit.made(value) and fit.what in {"fit", "train", "fit_regularized"}:
            _own(fit, value)
        made = [owner() for owner in fit.owners]
        fit.predicts = any(hasattr(type(thing), "predict") for thing in made)
        if fit.depth == 0 and sum(known.cell == fit.cell and known.digest is not None for known in self.fits) < _MOST_DIGESTS:
            fit.digest = digest_of(made[0]) if made else None
        self.fits.append(fit)

    def fits_of(self, thing: Any) -> list[Fit]:
        """Return the fits of this object in their order; of a copy, the last fit that led to this very state."""
        good = [fit for fit in self.fits if not fit.failed]
        own = [fit for fit in good if fit.made(thing)]
        if own:
            return own
        digest = digest_of(thing)
        return [fit for fit in good if digest is not None and fit.digest == digest][-1:]

    def tried(self, thing: Any) -> list[Fit]:
        """Return the fits of this object, with those that failed."""
        return [fit for fit in self.fits if fit.made(thing)]

    def outermost(self, cell: int) -> list[Fit]:
        """Return the fits of predictors that the code of a cell asked for."""
        return [fit for fit in self.fits if fit.cell == cell and fit.depth == 0 and fit.predicts]


def _given(me: Any, given: list[Any], held: dict[str, Any]) -> tuple[Any, str | None]:
    """Return the data of a fit and the target's name, out of whatever they are wrapped in."""
    if type(me).__module__.startswith("statsmodels"):
        inner = me.data
        target = me.endog_names if type(inner).__name__ == "PandasData" else None
        frame = getattr(inner, "frame", None)
        return (inner.orig_exog if frame is None else frame), target
    data = given[1] if len(given) > 1 else None
    target = _name_of(given[2] if len(given) > 2 else held.get("y"))
    if type(data).__module__.startswith("lightgbm"):
        return (data.data if data.data is not None else data), _name_of(data.label)
    return data, target


def _of_statsmodels(me: Any) -> tuple[int, tuple[str, ...] | None]:
    """Return the rows that a model of statsmodels uses, and the names of its columns, if they are the user's."""
    named = type(me.data).__name__ == "PandasData" and me.exog_names
    return int(getattr(me, "nobs", len(me.endog))), tuple(me.exog_names) if named else None


def _is_of_forest(outer: Fit, me: Any) -> bool:
    """Tell whether this is one of the many small fits of an ensemble."""
    made = [owner() for owner in outer.owners]
    return type(me).__module__.startswith("sklearn.tree") and any(
        type(thing).__module__.startswith("sklearn.ensemble") for thing in made
    )


def _own(fit: Fit, thing: Any) -> None:
    if thing is not None:
        with suppress(TypeError):  # it cannot be held weakly
            fit.owners.append(weakref.ref(thing))


def _name_of(target: Any) -> str | None:
    if isinstance(target, pd.Series):
        return None if target.name is None else str(target.name)
    if isinstance(target, pd.DataFrame) and target.shape[1] == 1:
        return str(target.columns[0])
    return None
