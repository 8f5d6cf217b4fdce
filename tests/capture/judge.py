"""The judge: runs a notebook in a real shell, reads what was kept, and says of every field: right, empty or wrong.

``python tests/capture/judge.py --all`` prints the tables: the 40 notebooks (fields x right/none/empty/wrong), the
mistakes, and the examples of scikit-learn's documentation. Three witnesses are independent of the product: the truth
that stands in the notebook, the :mod:`witness` that sees the fits, and the :mod:`oracle` that computes numbers again.
Where the written truth and the witness disagree the judge blames the truth (``fault``), for then he himself is wrong.

``right``: the value is true. ``none``: nothing was kept, and nothing could be. ``empty``: nothing was kept where a
colleague knew. ``wrong``: what was kept is not true.
"""

from __future__ import annotations

import argparse
import ast
import atexit
import gc
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus import Notebook, corpus
from oracle import Pair, ask, fits_split, pair_of, relation_of, rounded, same
from threadpoolctl import threadpool_limits
from witness import Fit, Witness

OUTCOMES = ("right", "none", "empty", "wrong", "fault")
NUMBERS = frozenset({"metrics", "split", "training_samples", "test_samples", "training_time_seconds"})


@dataclass(frozen=True)
class Verdict:
    """What is said of one field of one saved model."""

    notebook: str
    ref: str
    field: str
    outcome: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.outcome:6} {self.notebook} {self.ref} {self.field}: {self.detail}"


@dataclass
class Moment:
    """A save, and all that was true when it happened."""

    ref: str
    cell: int
    live: Any
    model: Any
    names: dict[str, Any]
    pairs: list[Pair]
    fits: list[Fit]
    truth: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    record: Any = None
    card: str = ""


class Trial:
    """One run of one notebook, from the first cell to the verdicts."""

    def __init__(self, shell: Any, notebook: Notebook) -> None:
        import jupyter_modelstore as jms

        self.shell, self.notebook = shell, notebook
        self.home, self.commit = Path.home(), commit_here()
        self.witness = Witness()
        self.walls: dict[int, float] = {}
        self.sources: dict[int, str] = {}
        self.errors: dict[int, BaseException] = {}
        self.moments: list[Moment] = []
        self.pairs: list[Pair] = []
        self.store, self.kept_in = jms.connect(), os.environ["MODELSTORE_HOME"]
        self._known = {record.id for record in self.store.list(all_versions=True)}
        shell.extension_manager.load_extension("jupyter_modelstore")
        self._listen()

    def _listen(self) -> None:
        """Be told of each save; the magic itself is as it was."""
        magics = self.shell.magics_manager.magics["line"]
        real = magics["save_model"]

        def save_model(line: str, local_ns: Any = None) -> Any:
            answer = real(line, local_ns)
            with self.witness.resting():
                self._note(line, {**self.shell.user_ns, **(local_ns or {})})
            return answer

        save_model.needs_local_scope = True
        magics["save_model"] = save_model

    def run(self) -> list[Verdict]:
        """Run all cells, and judge."""
        for source in self.notebook.cells:
            self._cell(source)
        return self._judge()

    def _judge(self) -> list[Verdict]:
        for moment in self.moments:
            moment.record = self.store.get(moment.ref)
        return [verdict for moment in self.moments for verdict in Bench(self, moment).verdicts()]

    def _cell(self, source: str) -> None:
        from IPython.utils.capture import capture_output

        number = self.shell.execution_count
        with capture_output() as shown, warnings.catch_warnings(), threadpool_limits(1), self.witness.watching(number):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", module="jupyter_modelstore")
            start = time.perf_counter()
            result = self.shell.run_cell(source, store_history=True)
            self.walls[number] = time.perf_counter() - start
        self.sources[number] = source
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            self.errors[number] = error
        self._look(self.shell.user_ns)
        self._read([str((output.data or {}).get("text/plain", "")) for output in shown.outputs])

    def _read(self, texts: list[str]) -> None:
        """Keep what the cards of this cell say."""
        for moment in self.moments:
            moment.card = next((text for text in texts if text.startswith(f"Saved {moment.ref} ")), moment.card)

    def _look(self, names: dict[str, Any]) -> None:
        """Keep every pair of the truth in the state in which it is now."""
        for kind, text in self.notebook.pairs:
            pair = pair_of(kind, self._value(text, names))
            if pair is not None and not any(_alike(pair, known) for known in self.pairs):
                self.pairs.append(pair)

    @staticmethod
    def _value(text: str, names: dict[str, Any]) -> Any:
        try:
            return eval(text, {**names})  # noqa: S307 (the truth is ours)
        except Exception:  # noqa: BLE001 (not yet there, or no more)
            return None

    def _note(self, line: str, names: dict[str, Any]) -> None:
        new = [record for record in self.store.list(all_versions=True) if record.id not in self._known]
        if not new:
            return
        self._known |= {record.id for record in new}
        self._look(names)
        ref = new[0].ref
        truth = self.notebook.of(ref)
        words = shlex.split(line, comments=True)
        variable = truth.get("model") or words[0]
        live = self._value(variable, names)
        model = self.store.load(ref)
        fits = self.witness.fits_of(live)
        moment = Moment(ref, self.witness.cell, live, model, dict(names), self._related(fits), list(fits), truth)
        moment.facts = self._facts(moment, variable)
        self.moments.append(moment)

    def _related(self, fits: list[Fit]) -> list[Pair]:
        rows = fits[-1].rows if fits else None
        seen = pair_of("train", fits[-1].given) if fits else None
        pairs = [*self.pairs, *([] if seen is None or seen.y is None else [seen])]
        return [Pair(pair.kind, pair.x, pair.y, pair.rows, relation_of(pair.rows, rows)) for pair in pairs]

    def _facts(self, moment: Moment, variable: str) -> dict[str, Any]:
        """Return the written truth, computed while all of it is still there."""
        from sklearn import metrics

        names = {**vars(metrics), **moment.names, "M": moment.model}
        truth = {"features": moment.truth.get("features")} if self.notebook.changed else moment.truth
        facts = {key: _computed(truth[key], names) for key in ("features", "rows", "test_rows", "inside") if key in truth}
        facts["metrics"] = {name: _computed(text, names) for name, text in truth.get("metrics", {}).items()}
        facts["variable"] = variable
        return facts


def _alike(pair: Pair, known: Pair) -> bool:
    import numpy as np

    if pair.kind != known.kind or pair.rows != known.rows:
        return False
    try:
        return bool(np.array_equal(np.asarray(pair.y), np.asarray(known.y)))
    except (TypeError, ValueError):
        return False


def _computed(text: Any, names: dict[str, Any]) -> Any:
    """Return the value of an expression of the truth; a text that tells the error where it has none."""
    try:
        return eval(text, dict(names)) if isinstance(text, str) else text  # noqa: S307 (the truth is ours)
    except Exception as error:  # noqa: BLE001 (after a mistake, all may fail)
        return f"{text} fails: {error!r}"


class Bench:
    """Judges one save."""

    def __init__(self, trial: Trial, moment: Moment) -> None:
        self.trial, self.moment = trial, moment
        self.record, self.facts, self.truth = moment.record, moment.facts, moment.truth
        self.source = dict(self.record.source)
        self.whole = trial.notebook.whole
        self.fit = next((fit for fit in reversed(moment.fits) if fit.what != "partial_fit"), None)
        partial = bool(moment.fits) and moment.fits[-1].what == "partial_fit"
        warm = bool(getattr(moment.live, "warm_start", False)) and len({fit.rows for fit in moment.fits}) > 1
        self.mixed = partial or warm
        self.said: list[Verdict] = []
        self.tested: set[int] = set()

    def verdicts(self) -> list[Verdict]:
        """Return what is said of every field."""
        self._features()
        self._target()
        self._rows()
        self._metrics()
        self._test_rows()
        self._time()
        self._fit()
        self._cells()
        self._origin()
        self._inside()
        return self.said

    def _say(self, name: str, outcome: str, detail: str = "") -> None:
        why = self.truth.get("why", {}).get(name) or (self._told(detail) if outcome == "empty" else "")
        if outcome in {"empty", "none"} and why:
            detail = f"{detail} ({why})" if detail else why
        self.said.append(Verdict(self.trial.notebook.name, self.moment.ref, name, outcome, detail))

    def _told(self, detail: str) -> str:
        """Return what the product itself says on its card of what it left empty."""
        card = self.moment.card
        name = detail.partition(" should be ")[0]
        found = re.search(rf"(?:attached  |^  +){re.escape(name)}(?: [\d.e-]+)? · ([^·]+)", card, re.MULTILINE) or re.search(
            r"^  note +(.*?)(?=^  \w|\Z)", card, re.MULTILINE | re.DOTALL
        )
        return "the card says: " + " ".join(found[1].split()) if found else ""

    def _compare(self, name: str, got: Any, allowed: Sequence[Any]) -> None:
        """Say right if the value is one of those that are true, of which the first is the one to expect."""
        true = [value for value in allowed if value is not None]
        if got is None:
            self._say(name, "empty" if true else "none", f"should be {true[0]!r}" if true else "")
        elif got in true:
            self._say(name, "right", repr(got))
        else:
            self._say(name, "wrong", f"expected {true or None!r}, got {got!r}")

    # ---- data --------------------------------------------------------------------------------------------------------

    def _features(self) -> None:
        got = self.record.feature_columns
        written = self.facts.get("features")
        seen = self.fit.columns if self.fit else None
        true = [tuple(map(str, value)) for value in (written, seen) if isinstance(value, (list, tuple))]
        self._compare("feature_columns", tuple(got) if got else None, true)

    def _target(self) -> None:
        seen = self.fit.target if self.fit else None
        self._compare("target_column", self.record.target_column, [self.truth.get("target"), seen])

    def _rows(self) -> None:
        seen = self.fit.count if self.fit and not self.mixed else None
        written = self.facts.get("rows")
        got = self.record.training_samples
        if written is not None and self.moment.fits and written != seen:
            self._say("training_samples", "fault", f"the truth says {written}, the witness {seen}")
        elif seen is None and self.moment.fits:
            self._compare("training_samples", got, [])
        else:
            allowed = [seen if self.moment.fits else written]
            if got is None and "training_samples" in self.truth.get("why", {}):
                allowed = []
            self._compare("training_samples", got, allowed)

    def _test_rows(self) -> None:
        got = self.record.test_samples
        if got is not None and not self.tested:
            self._say("test_samples", "wrong", f"no test metric is attached, got {got}")
        elif got is not None:
            self._compare("test_samples", got, sorted(self.tested))
        else:
            true = self.facts.get("test_rows")
            self._say("test_samples", "none" if true is None else "empty", "" if true is None else f"should be {true}")

    # ---- numbers -----------------------------------------------------------------------------------------------------

    def _metrics(self) -> None:
        user = self.truth.get("user", {})
        about = dict(self.source.get("metrics") or {})
        for name, value in dict(self.record.metrics).items():
            if name in user:
                self._compare(f"metrics -m {name}", value, [_computed(user[name], self.moment.names)])
            else:
                self._metric(name, value, dict(about.get(name) or {}))
        for name in user.keys() - dict(self.record.metrics).keys():
            self._say(f"metrics -m {name}", "wrong", "the user's number is missing")
        for name, value in self.facts["metrics"].items():
            if name not in self.record.metrics:
                self._say("metrics", "empty", f"{name} should be {value!r}")
        if not self.record.metrics and not self.facts["metrics"]:
            self._say("metrics", "none", "nothing to attach")

    def _metric(self, name: str, value: float, about: dict[str, Any]) -> None:
        moment = self.moment
        close = rounded if about.get("rounded") else None
        answer = ask(name, value, moment.model, moment.pairs, self.whole.get("recipes", {}), moment.names, close)
        claimed = about.get("split", "absent")
        written = self.facts["metrics"].get(name)
        if not answer.known:
            right = "" if written is None else f"; the truth is {written!r}"
            self._say("metrics", "wrong", f"{name}={value!r} is no number of this model{right}; {about}")
            return
        if written is not None and not (close or same)(value, written):
            self._say("metrics", "wrong", f"{name}={value!r}, the truth is {written!r}; {about}")
            return
        self._say("metrics", "right", f"{name}={value!r}")
        self._where(name, about)
        if claimed != answer.split and not (answer.split is None and claimed in {"test", None}):
            self._say("split", "wrong", f"{name} stands with {claimed!r}; {about}")
            return
        self._split(name, claimed, [pair for pair in answer.pairs if fits_split(pair, claimed)], answer)

    def _where(self, name: str, about: dict[str, Any]) -> None:
        """Judge the cell that is named: code that stands in other cells only, outside of functions, was not run in this one."""
        code = _plain(about.get("code") or "")
        if not code.endswith(")"):  # read off the object's state
            return
        cells = [number for number, source in self.trial.sources.items() if code in _plain(source) and "def " not in source]
        if about.get("cell") not in self.trial.sources or (cells and about["cell"] not in cells):
            self._say("source.metrics cell", "wrong", f"{name} stands with cell {about.get('cell')}, run in {cells}")
        else:
            self._say("source.metrics cell", "right", f"{name}: {about['cell']}")

    def _split(self, name: str, claimed: str | None, agreeing: list[Pair], answer: Any) -> None:
        if claimed is None:
            self._say("split", "empty", f"{name}: not said which data")
        elif answer.state or agreeing:
            self._say("split", "right", f"{name}: {claimed}")
        else:
            seen = sorted({f"{pair.kind}/{pair.relation}" for pair in answer.pairs})
            self._say("split", "wrong", f"{name} is said to be {claimed}; by the rows it is {seen}")
        if claimed in {None, "test", "validation"}:
            self.tested |= {len(pair.y) if pair.y is not None else len(pair.x) for pair in agreeing}

    def _time(self) -> None:
        got = self.record.training_time_seconds
        last = self.moment.fits[-1] if self.moment.fits else None
        several = len(self.trial.witness.outermost(last.cell)) > 1 if last else False
        unknown = last is None or several or self.truth.get("time", 0) is None
        if got is None:
            self._say("training_time_seconds", "none" if unknown else "empty", "several fits in the cell" if several else "")
            return
        wall = self.trial.walls.get(last.cell, 0.0) if last else 0.0
        if last is None or several:
            self._say("training_time_seconds", "wrong", f"{got}: " + ("several fits" if several else "no fit was seen"))
        elif last.seconds * 0.9 - 0.02 <= got <= wall * 1.1 + 0.02:
            self._say("training_time_seconds", "right", f"{got:.3f}")
        else:
            self._say("training_time_seconds", "wrong", f"{got}: the fit took {last.seconds:.3f}, its cell {wall:.3f}")

    # ---- the notebook ------------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        got, fits = self.source.get("fit"), self.moment.fits
        true = None if self.trial.notebook.changed else self.truth.get("fit")
        if true is not None and (not fits or true != fits[-1].cell):
            self._say("source.fit", "fault", f"the truth says {true}, the witness {[fit.cell for fit in fits]}")
            return
        if not got:
            unknown = not fits or "source.fit" in self.truth.get("why", {})
            self._say("source.fit", "none" if unknown else "empty", "" if unknown else f"cell {fits[-1].cell}")
            return
        code = _plain(got.get("code") or "")
        where = got.get("cell")
        written = [source for source in self.trial.sources.values() if code in _plain(source) + _unparsed(source)]
        if not fits or where not in {fit.cell for fit in fits}:
            self._say("source.fit", "wrong", f"{dict(got)}; it was fitted in {[fit.cell for fit in fits]}")
        elif where != fits[-1].cell or not written:
            self._say("source.fit", "wrong", f"{dict(got)}; the last fit was in cell {fits[-1].cell}")
        else:
            self._say("source.fit", "right", f"{where}: {got.get('code')}")

    def _cells(self) -> None:
        cells = list(self.source.get("cells") or [])
        faults = [fault for entry in cells if (fault := self._fault_of(dict(entry)))]
        if faults:
            self._say("source.cells", "wrong", "; ".join(faults))
        elif not cells:
            self._say("source.cells", "empty", "no cell is listed")
        elif self.moment.fits and self.moment.fits[-1].cell not in {entry.get("cell") for entry in cells}:
            self._say("source.cells", "empty", f"the cell of the fit, {self.moment.fits[-1].cell}, is not listed")
        else:
            self._say("source.cells", "right", str([entry.get("cell") for entry in cells]))

    def _fault_of(self, entry: dict[str, Any]) -> str:
        number = entry.get("cell")
        if number is None and entry["code"] == "%load_ext jupyter_modelstore\n":
            return ""
        source = self.trial.sources.get(number)
        if source is None:
            return f"cell {number} was never run"
        ours = r"(?m)^%(?:save_model|load_ext jupyter_modelstore|model_card|models)\b.*\n?"
        source, code = re.sub(ours, "", source), re.sub(ours, "", entry.get("code", ""))
        if not self.source.get("masked") and _plain(code) != _plain(source):
            return f"cell {number} is not what was run: {entry.get('code', '')[:80]!r}"
        root = self.facts["variable"].replace("[", ".").partition(".")[0]
        same = {name for name, thing in self.moment.names.items() if thing is self.moment.live and not name.startswith("_")}
        words = {root, *same, *self.whole.get("names", [])}
        known = [*self.trial.witness.tried(self.moment.live), *self.moment.fits]
        fitted = {fit.cell for fit in known} or {number}
        if "prepared" in (entry.get("does") or []):
            others = " ".join(other["code"] for other in self.source["cells"] if other != entry)
            words |= set(re.findall(r"\w+", others))
            source = " ".join(re.findall(r"import.*|\w+(?=[^()\n]*=)|(?<=def )\w+|(?<=class )\w+|^\w+", source))
        if number not in fitted and not any(word in source for word in words):
            return f"cell {number} has nothing to do with it: {source[:80]!r}"
        if "fitted" in (entry.get("does") or []) and number not in fitted:
            return f"cell {number} is said to fit it; that was {sorted(fitted)}"
        return ""

    def _origin(self) -> None:
        self._compare("source.variable", self.source.get("variable"), [self.facts["variable"]])
        parents = self.truth.get("parent")
        got = (self.source.get("parent") or {}).get("ref")
        if got and self.trial.notebook.changed and any("%load_model" in source for source in self.trial.sources.values()):
            parents = [got]  # which one, depends on the mistake
        self._compare("source.parent", got, parents if isinstance(parents, list) else [parents])
        git = dict(self.source.get("git") or {})
        self._compare("source.git", git or None, [{"commit": self.trial.commit, "dirty": False}])
        path = self.source.get("notebook")
        here = Path(self.moment.names.get("__vsc_ipynb_file__") or ".")
        home = self.trial.home
        shown = f"~/{here.relative_to(home)}" if here.is_relative_to(home) else str(here)
        self._compare("source.notebook", path, [shown])

    def _inside(self) -> None:
        got = self.source.get("data_inside")
        true = self.facts.get("inside")
        if true is None and self.trial.notebook.changed:
            return  # what lies in it depends on the mistake
        if not got:
            self._say("source.data_inside", "none" if true is None else "empty", "" if true is None else f"should be {true}")
        elif true is not None and got.get("rows") == true and got.get("of") in {None, self.fit.count if self.fit else None}:
            self._say("source.data_inside", "right", str(dict(got)))
        else:
            self._say("source.data_inside", "wrong", f"expected {true}, got {dict(got)}")


def _unparsed(source: str) -> str:
    """Return a cell's code as Python would write it; nothing if it is not only Python."""
    try:
        return _plain(ast.unparse(ast.parse(source)))
    except SyntaxError:
        return ""


def _plain(code: str) -> str:
    return "".join(code.split()).replace("'", '"').replace(",)", ")")


# ---- shells ----------------------------------------------------------------------------------------------------------


@contextmanager
def new_shell() -> Iterator[Any]:
    """Yield a new shell of IPython that keeps no history on the disk."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    main = sys.modules["__main__"]
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    gc.freeze()  # a shell that ends collects garbage twice, and need not look at all libraries for it
    made = InteractiveShell.instance(config=config)
    made._showtraceback = lambda *_: None
    try:
        yield made
    finally:
        made.restore_sys_module_state()
        made.atexit_operations()
        atexit.unregister(made.atexit_operations)
        InteractiveShell.clear_instance()
        sys.modules["__main__"] = main


@contextmanager
def place(folder: Path) -> Iterator[Path]:
    """Make a folder the home of somebody who has no models yet, with a repository in which nothing is changed."""
    before, here = dict(os.environ), Path.cwd()
    home, work = folder / "home", folder / "home" / "work"
    if not (work / ".git").exists():
        work.mkdir(parents=True)
        git = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    os.environ.update(HOME=str(home), USERPROFILE=str(home), JUPYTER_DATA_DIR=str(home / "jupyter"))
    store = Path(tempfile.mkdtemp(dir=folder))
    os.environ.update(MODELSTORE_HOME=str(store / "store"), IPYTHONDIR=str(folder / "ipython"))
    os.chdir(work)
    try:
        yield work
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)


def commit_here() -> str:
    """Return the commit of the repository that :func:`place` made."""
    head = Path(".git") / Path(".git/HEAD").read_text().split()[-1]
    return head.read_text().strip()


def try_notebook(notebook: Notebook, folder: Path) -> tuple[Trial, list[Verdict]]:
    """Run one notebook in a new shell and an empty store, and judge it."""
    with place(folder) as work, new_shell() as shell:
        shell.user_ns["__vsc_ipynb_file__"] = str(work / f"{notebook.name}.ipynb")
        trial = Trial(shell, notebook)
        verdicts = trial.run()
    if not notebook.changed:
        with place(folder):
            os.environ["MODELSTORE_HOME"] = trial.kept_in
            verdicts += [verdict for moment in trial.moments for verdict in pasted(trial, moment)]
    return trial, verdicts


def pasted(trial: Trial, moment: Moment) -> Iterator[Verdict]:
    """Run the cells of a record in a new notebook: they must need nothing that they do not bring."""
    cells = list(dict(moment.record.source).get("cells") or [])
    if not cells:
        return
    from IPython.utils.capture import capture_output

    root, missing = moment.facts["variable"].replace("[", ".").partition(".")[0], []
    with new_shell() as shell, capture_output(), warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        shell.extension_manager.load_extension("jupyter_modelstore")
        for entry in cells:
            result = shell.run_cell(entry["code"])
            error = result.error_before_exec or result.error_in_exec
            if isinstance(error, NameError) and str(error) not in {str(one) for one in trial.errors.values()}:
                missing.append(f"cell {entry.get('cell')}: {error}")
        if not missing and root not in shell.user_ns:
            missing.append(f"nobody made {root}")
    yield Verdict(trial.notebook.name, moment.ref, "pasted", "wrong" if missing else "right", "; ".join(missing))


# ---- tables ----------------------------------------------------------------------------------------------------------


def table(verdicts: Sequence[Verdict]) -> str:
    """Return fields x outcomes."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        counts[verdict.field.partition(" ")[0]][verdict.outcome] += 1
    width = max(map(len, counts), default=5)
    lines = [f"{'field':{width}}  " + "".join(f"{outcome:>7}" for outcome in OUTCOMES)]
    lines += [
        f"{name:{width}}  " + "".join(f"{counts[name][outcome]:7}" for outcome in OUTCOMES) for name in dict.fromkeys(counts)
    ]
    return "\n".join(lines)


def told(verdicts: Sequence[Verdict], outcomes: Sequence[str]) -> str:
    """Return the lines of the verdicts with one of the outcomes."""
    return "\n".join(str(verdict) for verdict in verdicts if verdict.outcome in outcomes)


def judge_corpus(folder: Path, only: str = "") -> list[Verdict]:
    """Run all notebooks."""
    found: list[Verdict] = []
    for notebook in corpus():
        if only in notebook.name:
            start = time.perf_counter()
            trial, verdicts = try_notebook(notebook, folder)
            found += verdicts
            errors = {number: repr(error)[:200] for number, error in trial.errors.items()}
            print(
                f"{notebook.name}: {time.perf_counter() - start:.1f} s, {len(trial.moments)} saved, {errors or ''}", flush=True
            )
    return found


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="also the mistakes, and the examples of installed packages")
    parser.add_argument("--only", default="", help="part of a notebook's name")
    parser.add_argument("--show", default="wrong,fault,empty", help="the outcomes to list one by one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        verdicts = judge_corpus(Path(folder), options.only)
        print(told(verdicts, options.show.split(",")), table(verdicts), sep="\n\n")
        bad = sum(verdict.outcome in {"wrong", "fault"} for verdict in verdicts)
        if options.all:
            import examples
            import mistakes

            bad += mistakes.report(Path(folder)) + examples.report(Path(folder))
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
