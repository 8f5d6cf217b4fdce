"""The examples that ship inside installed packages, run as notebooks and judged by witness and oracle alone.

No package of the test environment ships a notebook (``find site-packages /usr/share/doc -name '*.ipynb'`` finds
none), so what is taken are the examples within docstrings: each statement behind ``>>>`` is a cell; when all have
run, every fitted model that a variable holds is saved. Examples that cannot run (no network, a package that is not
there) end where they break; what they fitted before is still judged.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus import Notebook
from judge import NUMBERS, Trial, Verdict, new_shell, place, table, told

MODULES = {
    "scikit-learn": ["sklearn.model_selection", "sklearn.metrics", "sklearn.inspection", "sklearn.datasets", "sklearn.frozen"],
    "statsmodels": [
        "statsmodels.api",
        "statsmodels.formula.api",
        "statsmodels.tsa.api",
        "statsmodels.gam.api",
        "statsmodels.othermod.api",
    ],
    "xgboost": ["xgboost"],
    "lightgbm": ["lightgbm"],
    "catboost": ["catboost"],
}
# What the oracle cannot compute again, and why.
UNJUDGED = {"sklearn.metrics.hinge_loss": "its data are a literal within the call"}


def documented() -> Iterator[tuple[str, str, str]]:
    """Yield (package, name, docstring) of all that could have an example."""
    from sklearn.utils import all_estimators

    seen = set()
    for name, kind in all_estimators():
        seen.add(id(kind))
        yield "scikit-learn", name, inspect.getdoc(kind) or ""
    for package, modules in MODULES.items():
        for module in map(importlib.import_module, modules):
            for name, thing in sorted(vars(module).items()):
                if callable(thing) and id(thing) not in seen and not name.startswith("_"):
                    seen.add(id(thing))
                    yield package, f"{module.__name__}.{name}", inspect.getdoc(thing) or ""


def notebooks() -> Iterator[tuple[str, Notebook]]:
    """Yield every example that fits something."""
    for package, name, text in documented():
        try:
            cells = tuple(example.source for example in doctest.DocTestParser().get_examples(text))
        except ValueError:  # a docstring that is none
            continue
        if name not in UNJUDGED and any(".fit" in cell or "train(" in cell for cell in cells):
            truth = {"*": {"pairs": _pairs("".join(cells)), "names": ["X", "y", "pred", "data", "score"]}}
            yield package, Notebook(f"{package}:{name}", cells, truth, mistake="example")


def _pairs(code: str) -> dict[str, list[str]]:
    """Return the pairs that the names in an example stand for: X and y, X_test and y_test, data.data and data.target."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return {}
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    xs = sorted(name for name in names if re.match(r"[Xx](_|\d|$|t)|data$", name))
    found: dict[str, list[str]] = {"train": [], "test": []}
    for x in xs:
        side = "test" if "test" in x else "train"
        for y in (re.sub("^[Xx]", "y", x), re.sub("^[Xx]", "Y", x), "y", "Y", "target"):
            if y in names and y != x and ("test" in y) == ("test" in x):
                found[side].append(f"{x}, {y}")
        found[side].append(f"{x}, None")
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "score" and len(node.args) == 2:
            text = ", ".join(map(ast.unparse, node.args))
            found["test" if "test" in text else "train"].append(text)
    return found


class ExampleTrial(Trial):
    """Saves, after the last cell, all that was fitted."""

    def run(self) -> list[Verdict]:
        """Run the cells, save what is there, and judge."""
        for source in self.notebook.cells:
            self._cell(source)
        for name, value in list(self.shell.user_ns.items()):
            if not name.startswith("_") and name.isidentifier() and self._is_fitted(value):
                self._cell(f'%save_model {name} "{name}"')
        return self._judge()

    def _is_fitted(self, value: Any) -> bool:
        return (
            not isinstance(value, type)
            and bool(self.witness.fits_of(value))
            and hasattr(value, "fit" if not hasattr(value, "predict") else "predict")
        )


def report(folder: Path, only: str = "") -> int:
    """Run all examples; print which there were, and the tables; return how many numbers are wrong."""
    runs, saved, attached = Counter[str](), Counter[str](), Counter[str]()
    found: list[Verdict] = []
    for package, notebook in notebooks():
        if only not in notebook.name:
            continue
        start = time.perf_counter()
        with place(folder) as work, new_shell() as shell:
            shell.user_ns["__vsc_ipynb_file__"] = str(work / "example.ipynb")
            trial = ExampleTrial(shell, notebook)
            verdicts = trial.run()
        broken = {number: type(error).__name__ for number, error in trial.errors.items()}
        print(f"{notebook.name}: {time.perf_counter() - start:.1f} s, {len(trial.moments)} saved, {broken or ''}", flush=True)
        runs[package] += 1
        saved[package] += len(trial.moments)
        attached[package] += sum(verdict.field == "metrics" and verdict.outcome == "right" for verdict in verdicts)
        found += verdicts
    print("\nExamples of installed packages (notebooks inside packages: none)\n")
    for package in MODULES:
        counts = f"{runs[package]:5} examples that fit,{saved[package]:5} models saved"
        print(f"{package:14}{counts},{attached[package]:5} numbers attached and right")
    print("not judged:", *[f"{name} ({why})" for name, why in UNJUDGED.items()])
    print("", table(found), told(found, ["wrong", "fault"]), sep="\n\n")
    return sum(verdict.outcome == "wrong" and verdict.field in NUMBERS for verdict in found)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place_of_all:
        sys.exit(min(report(Path(place_of_all), *sys.argv[1:2]), 1))
