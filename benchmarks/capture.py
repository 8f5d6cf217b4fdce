"""Capture: what watching the cells costs, in a kernel with 500 cells, 2,000 names and 1 GB of arrays."""

from __future__ import annotations

import gc
import statistics
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from _turns import Row, milliseconds
from IPython.core.interactiveshell import InteractiveShell
from sklearn.ensemble import RandomForestClassifier

from jupyter_modelstore import capture

_SETUP = """
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""
_FIT = "clf = LogisticRegression().fit(X_train, y_train)\nacc = accuracy_score(y_test, clf.predict(X_test))"
_PLAIN = """
total_{n} = sum(i * i for i in range(10))
row_{n} = [a_{n}, a_{m}, {{"n": {n}, "total": total_{n}}}]
if total_{n} > 3:
    text_{n} = f"{{total_{n}}} of {{len(row_{n})}}"
for k in range(3):
    last_{n} = X_train[k, 0] + a_{n}
"""
_MORE = 60  # cells that are timed, after the others


class _Timed:
    """A watch whose calls are timed."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.watch, self.namespace = capture.Watch(), namespace
        self.seconds: list[float] = []

    def before(self, info: Any) -> None:
        start = perf_counter()
        self.watch.before(info.raw_cell, self.namespace)
        self.seconds.append(perf_counter() - start)

    def after(self, result: Any) -> None:
        start = perf_counter()
        self.watch.after(self.namespace, number=result.execution_count, value=result.result)
        self.seconds[-1] += perf_counter() - start


def rows(directory: Path, *, quick: bool, peers: bool) -> list[Row]:
    del directory, peers
    names, cells, length = (200, 60, 1_250_000) if quick else (2_000, 500, 12_500_000)
    shell = InteractiveShell.instance()
    _fill(shell.user_ns, names, length)
    timed = _Timed(shell.user_ns)
    shell.events.register("pre_run_cell", timed.before)
    shell.events.register("post_run_cell", timed.after)
    with _counted() as held:
        for source in (_SETUP, _FIT, *(_PLAIN.format(n=n, m=n + 1) for n in range(cells))):
            shell.run_cell(source, store_history=True)
    timed.seconds.clear()
    for n in range(cells, cells + _MORE):
        shell.run_cell(_PLAIN.format(n=n, m=n + 1), store_history=True)
    saves = list(_saves(timed, shell.user_ns))
    each, save = statistics.median(timed.seconds) * 1e3, statistics.median(saves) * 1e3
    what = f"{cells} cells, {names:,} names, {length * 80 / 1e9:g} GB of arrays"
    return [
        Row(f"capture: a cell that fits nothing ({what})", "≤ 5 ms", f"{each:.2f} ms", each <= 5, milliseconds(timed.seconds)),
        Row("capture: at a save", "≤ 10 ms", f"{save:.2f} ms", save <= 10, milliseconds(saves)),
        Row("capture: memory that watching holds", "no data", f"{held[0] / 1e6:.1f} MB", held[0] < 20e6, ""),
    ]


def _fill(namespace: dict[str, Any], names: int, length: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2_000, 10))
    namespace.update({f"a_{n}": n for n in range(names)})
    namespace.update({f"big_{n}": rng.normal(size=length) for n in range(10)})
    namespace.update({"X": x, "y": x[:, 0] > 0, "forest": RandomForestClassifier(100).fit(x, x[:, 0] > 0)})


@contextmanager
def _counted() -> Iterator[list[int]]:
    """Count the bytes that this package's lines still hold at the end."""
    held: list[int] = []
    tracemalloc.start()
    yield held
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/jupyter_modelstore/*")])
    held.append(sum(entry.size for entry in ours.statistics("filename")))
    tracemalloc.stop()


def _saves(timed: _Timed, namespace: dict[str, Any]) -> Iterator[float]:
    for _ in range(50):
        start = perf_counter()
        found = capture.captured(timed.watch, "clf", namespace["clf"], namespace)
        yield perf_counter() - start
        assert found.metrics, "nothing was found"
