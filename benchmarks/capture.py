"""Capture: what watching the cells costs, in a kernel with 500 cells, 2,000 names and 1 GB of arrays."""

from __future__ import annotations

import gc
import statistics
import tracemalloc
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
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""
_PLAIN = """
total_{n} = sum(i * i for i in range(10))
row_{n} = [a_{n}, a_{m}, {{"n": {n}, "total": total_{n}}}]
if total_{n} > 3:
    text_{n} = f"{{total_{n}}} of {{len(row_{n})}}"
for k in range(3):
    last_{n} = X_train[k, 0] + a_{n}
"""
_FIT = "clf = LogisticRegression().fit(X_train, y_train)\nacc = accuracy_score(y_test, clf.predict(X_test))"


class _Timed:
    """A watch whose calls are timed."""

    def __init__(self, watch: capture.Watch, namespace: dict[str, Any]) -> None:
        self.watch, self.namespace = watch, namespace
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
    shell = InteractiveShell.instance()
    names, cells = (200, 60) if quick else (2_000, 500)
    rng = np.random.default_rng(0)
    shell.user_ns.update({f"a_{n}": n for n in range(names)})
    shell.user_ns.update({f"big_{n}": rng.normal(size=(1_250_000 if quick else 12_500_000,)) for n in range(10)})
    x = rng.normal(size=(2_000, 10))
    shell.user_ns.update({"X": x, "y": x[:, 0] > 0, "forest": RandomForestClassifier(100).fit(x, x[:, 0] > 0)})
    watch = capture.Watch()
    timed = _Timed(watch, shell.user_ns)
    shell.events.register("pre_run_cell", timed.before)
    shell.events.register("post_run_cell", timed.after)
    tracemalloc.start()
    shell.run_cell(_SETUP, store_history=True)
    shell.run_cell(_FIT, store_history=True)
    timed.seconds.clear()
    for n in range(cells):
        shell.run_cell(_PLAIN.format(n=n, m=n + 1), store_history=True)
    gc.collect()
    kept = sum(
        entry.size
        for entry in tracemalloc.take_snapshot()
        .filter_traces([tracemalloc.Filter(True, "*/jupyter_modelstore/*")])
        .statistics("filename")
    )
    tracemalloc.stop()
    plain = [*timed.seconds]
    timed.seconds.clear()
    for n in range(cells, cells + 60):
        shell.run_cell(_PLAIN.format(n=n, m=n + 1), store_history=True)
    plain = [*timed.seconds]
    saves = []
    for _ in range(50):
        start = perf_counter()
        found = capture.captured(watch, "clf", shell.user_ns["clf"], shell.user_ns)
        saves.append(perf_counter() - start)
    assert found.metrics, "nothing was found"
    each, save = statistics.median(plain) * 1e3, statistics.median(saves) * 1e3
    what = f"{cells} cells, {names:,} names, {1 if not quick else 0.1} GB of arrays"
    return [
        Row(f"capture, a cell that fits nothing ({what})", "≤ 5 ms", f"{each:.2f} ms", each <= 5, milliseconds(plain)),
        Row("capture, at a save", "≤ 10 ms", f"{save:.2f} ms", save <= 10, milliseconds(saves)),
        Row("memory that watching holds", "no data", f"{kept / 1e6:.2f} MB", kept < 20e6, ""),
    ]
