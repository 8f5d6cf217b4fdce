"""Mistakes: what goes wrong in notebooks, made on purpose in those of the corpus, by a generator with a seed.

Each kind of mistake takes the cells of a notebook and returns others: cells moved, repeated, swapped, or one line put
in at a place where it makes an earlier number stale, another's, or of other data. What fails by the mistake just
fails, as in life. The written truth of the notebook no longer holds then; the witness sees which fit made the saved
object, and the oracle computes its numbers again.

``python tests/capture/mistakes.py [--runs 280] [--seed 0]`` prints kinds x attached (right, nothing, wrong).
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from corpus import Notebook, corpus
from judge import NUMBERS, Verdict, try_notebook

_SCORE = re.compile(r"^[ \t]*(\w+) = .*(?:_score|_error|_loss|corrcoef|\.score)\(", re.MULTILINE)
_NATIVE = ("20_", "21_", "22_", "23_")
_LEFT_OUT = ("02_", "44_")  # one cell; the user says the numbers
OTHERS = {
    "classes": "__import__('sklearn.dummy').dummy.DummyClassifier(strategy='stratified', random_state={seed})",
    "stump": "__import__('sklearn.tree').tree.DecisionTreeClassifier(max_depth=1, max_features=1, random_state={seed})",
    "numbers": "__import__('sklearn.tree').tree.DecisionTreeRegressor(max_depth=1, max_features=1, random_state={seed})",
}


@dataclass
class Scene:
    """A notebook, and where in it what happens."""

    cells: list[str]
    model: str
    save: int
    train: tuple[str, str]
    test: tuple[str, str]
    rng: random.Random

    @property
    def root(self) -> str:
        """The name in which the model is."""
        return re.split(r"[.\[]", self.model)[0]

    @property
    def scoring(self) -> list[int]:
        """Cells that compute a number before the save."""
        return [at for at, cell in enumerate(self.cells[: self.save]) if _SCORE.search(cell) and "def " not in cell]

    @property
    def fitting(self) -> list[int]:
        """Cells that fit."""
        return [at for at, cell in enumerate(self.cells[: self.save]) if ".fit" in cell and "def " not in cell]

    @property
    def numbers(self) -> list[str]:
        """Variables that hold a number."""
        return [name for at in self.scoring for name in _SCORE.findall(self.cells[at])]

    @property
    def guesses(self) -> list[str]:
        """Variables that hold predictions."""
        pattern = re.compile(rf"^[ \t]*(\w+) = {re.escape(self.model)}\.predict", re.MULTILINE)
        return [name for cell in self.cells[: self.save] for name in pattern.findall(cell)]

    def other(self) -> str:
        """Return an expression of another model, not fitted."""
        words = " ".join(self.cells)
        regression = (
            "r2_score" in words or "mean_absolute_error" in words or "mean_squared" in words or "load_diabetes" in words
        )
        kind = "numbers" if regression else self.rng.choice(["classes", "stump"])
        return OTHERS[kind].format(seed=self.rng.randrange(99))

    def put(self, *lines: str, at: int | None = None) -> list[str]:
        """Return the cells with one more, before the save if nothing else is said."""
        at = self.save if at is None else at
        return [*self.cells[:at], "\n".join(lines), *self.cells[at:]]

    def swap(self, at: int, old: str, new: str) -> list[str] | None:
        """Return the cells with a word of one replaced."""
        changed = re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w)", lambda _: new, self.cells[at])
        return None if changed == self.cells[at] else [*self.cells[:at], changed, *self.cells[at + 1 :]]


Mistake = Callable[[Scene], list[str] | None]
KINDS: dict[str, Mistake] = {}


def kind(name: str) -> Callable[[Mistake], Mistake]:
    """Add a kind of mistake."""

    def add(make: Mistake) -> Mistake:
        KINDS[name] = make
        return make

    return add


def _fewer(scene: Scene) -> str:
    """Return the call of a fit on other rows."""
    x, y = scene.train
    part = scene.rng.choice(["[::2]", "[:60]", "[-70:]"])
    return f"{scene.model}.fit({x}{part}, {y}{part})"


# ---- order -----------------------------------------------------------------------------------------------------------


@kind("score moved before the refit")
def _moved(scene: Scene) -> list[str] | None:
    if not scene.fitting or not scene.scoring:
        return None
    return scene.put(_fewer(scene), at=max(scene.scoring) + 1)


@kind("score moved to the front")
def _front(scene: Scene) -> list[str] | None:
    if not scene.scoring or not scene.fitting:
        return None
    cells, at = list(scene.cells), scene.rng.choice(scene.scoring)
    moved = cells.pop(at)
    cells.insert(scene.rng.randrange(min(at, scene.fitting[0] + 1)), moved)
    return cells


@kind("cells shuffled")
def _shuffled(scene: Scene) -> list[str] | None:
    middle = scene.cells[1 : scene.save]
    scene.rng.shuffle(middle)
    return [scene.cells[0], *middle, *scene.cells[scene.save :]]


@kind("cells shuffled and run twice")
def _twice(scene: Scene) -> list[str] | None:
    first = scene.cells[1 : scene.save]
    middle = list(first)
    scene.rng.shuffle(middle)
    return [scene.cells[0], *first, *middle, *scene.cells[scene.save :]]


@kind("a cell run again later")
def _again(scene: Scene) -> list[str] | None:
    return scene.put(scene.cells[scene.rng.randrange(scene.save)])


@kind("a score in a branch that is not taken")
def _branch(scene: Scene) -> list[str] | None:
    if not scene.scoring:
        return None
    at = scene.rng.choice(scene.scoring)
    inner = "\n".join("    " + line for line in scene.cells[at].splitlines())
    name = scene.rng.choice(scene.numbers)
    return [*scene.cells[:at], f"{name} = {scene.rng.random():.3f}\nif {name} > 2:\n{inner}", *scene.cells[at + 1 :]]


# ---- another fit -----------------------------------------------------------------------------------------------------


@kind("refit with other rows")
def _rows(scene: Scene) -> list[str] | None:
    return scene.put(_fewer(scene))


@kind("refit with shuffled labels")
def _labels(scene: Scene) -> list[str] | None:
    x, y = scene.train
    return scene.put(f"{scene.model}.fit({x}, {y}[::-1])")


@kind("refit with everything")
def _everything(scene: Scene) -> list[str] | None:
    (x, y), (tx, ty) = scene.train, scene.test
    both = f"{scene.model}.fit(np.concatenate([{x}, {tx}]), np.concatenate([{y}, {ty}]))"
    return scene.put("import numpy as np", both, at=scene.rng.choice([scene.save, *scene.scoring]))


@kind("set_params and refit in a function")
def _function(scene: Scene) -> list[str] | None:
    x, y = scene.train
    params = {
        "max_depth": 1,
        "alpha": 900.0,
        "C": 1e-4,
        "n_neighbors": 31,
        "n_estimators": 2,
        "var_smoothing": 0.5,
        "shrinkage": 0.9,
    }
    return scene.put(
        "def tune(m):",
        f"    for name, value in {params}.items():",
        "        if name in m.get_params():",
        "            m.set_params(**{name: value})",
        f"    return m.fit({x}[::3], {y}[::3])",
        f"_ = tune({scene.model})",
    )


@kind("a fit that is hidden")
def _hidden(scene: Scene) -> list[str] | None:
    x, y, m = f"{scene.train[0]}[::2]", f"{scene.train[1]}[::2]", scene.model
    return scene.put(
        scene.rng.choice(
            [
                f"exec({f'{m}.fit({x}, {y})'!r})",
                f"[m.fit({x}, {y}) for m in [{m}]]",
                f"from sklearn.pipeline import Pipeline\nwhole = Pipeline([('m', {m})])\nwhole.fit({x}, {y})",
                f"import threading\nt = threading.Thread(target=lambda: {m}.fit({x}, {y}))\nt.start(); t.join()",
                f"_ = list(map(lambda m: m.fit({x}, {y}), [{m}]))",
                f"getattr({m}, 'f' + 'it')({x}, {y})",
                f"type({m}).fit({m}, {x}, {y})",
                f"refit = {m}.fit\nrefit({x}, {y})",
                f"import functools\nfunctools.partial({m}.fit, {x})({y})",
                f"get_ipython().run_cell({f'{m}.fit({x}, {y})'!r})",
                f"for m in (lambda: [{m}])():\n    m.fit({x}, {y})",
                f"class Holder: pass\nh = Holder(); h.inside = {m}\nh.inside.fit({x}, {y})",
                f"vars()[{scene.root!r}]; globals()[{scene.root!r}]\n(alias := {m}).fit({x}, {y})",
                f"from sklearn.model_selection import cross_validate\nfits = [{m}.fit({x}, {y}) for _ in range(2)]",
                f"try:\n    raise ValueError\nexcept ValueError:\n    {m}.fit({x}, {y})",
                f"import concurrent.futures as c\nwith c.ThreadPoolExecutor(1) as p:\n    p.submit({m}.fit, {x}, {y}).result()",
            ]
        )
    )


@kind("partial_fit after the score")
def _partial(scene: Scene) -> list[str] | None:
    x, y = scene.train
    return scene.put(
        f"if hasattr({scene.model}, 'partial_fit'):",
        f"    {scene.model}.partial_fit({x}[:40], {y}[:40][::-1])",
        f"else:\n    {_fewer(scene)}",
    )


# ---- another model ---------------------------------------------------------------------------------------------------


@kind("another model's predictions in the same name")
def _predictions(scene: Scene) -> list[str] | None:
    if not scene.guesses:
        return None
    (x, y), (tx, _) = scene.train, scene.test
    name = scene.rng.choice(scene.guesses)
    at = next(at for at, cell in enumerate(scene.cells) if re.search(rf"\b{name} = ", cell))
    lines = [f"other = {scene.other()}.fit({x}, {y})", f"{name} = other.predict({tx})"]
    return _late(scene.put(*lines, at=at + 1), name)


def _late(cells: list[str], name: str) -> list[str]:
    """Move the lines that compute numbers of these predictions behind the place where another model took the name."""
    at = next(at for at, cell in enumerate(cells) if re.search(rf"\b{name} = ", cell))
    lines = cells[at].splitlines()
    first = next(number for number, line in enumerate(lines) if re.search(rf"\b{name} = ", line))
    before, after = lines[: first + 1], lines[first + 1 :]
    return [*cells[:at], "\n".join(before), cells[at + 1], *(["\n".join(after)] if after else []), *cells[at + 2 :]]


@kind("another model's score in the same name")
def _score_of_other(scene: Scene) -> list[str] | None:
    if not scene.numbers:
        return None
    (x, y), (tx, ty) = scene.train, scene.test
    name = scene.rng.choice(scene.numbers)
    return scene.put(f"other = {scene.other()}.fit({x}, {y})", f"{name} = other.score({tx}, {ty})")


@kind("the variable is another model")
def _reassigned(scene: Scene) -> list[str] | None:
    x, y = scene.train
    return scene.put(f"{scene.model} = {scene.other()}.fit({x}, {y})")


@kind("two models swapped")
def _swapped(scene: Scene) -> list[str] | None:
    (x, y), (tx, ty) = scene.train, scene.test
    lines = [f"challenger = {scene.other()}.fit({x}, {y})", f"challenger_score = challenger.score({tx}, {ty})"]
    way = scene.rng.choice(
        [
            f"{scene.model}, challenger = challenger, {scene.model}",
            f"{scene.model} = challenger if challenger_score < 2 else {scene.model}",
            f"{scene.model} = [challenger, {scene.model}][0]",
            f"{scene.model} = {{'a': challenger, 'b': {scene.model}}}['a']",
            f"{scene.model} = max([challenger, {scene.model}], key=lambda m: m is challenger)",
        ]
    )
    return [*scene.put(*lines)[: scene.save + 1], way, *scene.cells[scene.save :]]


@kind("a deep copy goes its own way")
def _copy(scene: Scene) -> list[str] | None:
    m, (x, y), (tx, ty) = scene.model, scene.train, scene.test
    return scene.put(
        "import copy, pickle",
        scene.rng.choice(
            [
                f"{m} = copy.deepcopy({m})\n{_fewer(scene)}",
                f"backup = copy.deepcopy({m})\n{_fewer(scene)}\nnew_score = {m}.score({tx}, {ty})\n{m} = backup",
                f"other = copy.deepcopy({m})\n{_fewer(scene)}\n{m}, other = other, {m}",
                f"{m} = pickle.loads(pickle.dumps({m}))\n{_fewer(scene)}",
                f"twin = copy.deepcopy({m})\ntwin.fit({x}[:50], {y}[:50])\n{m}.__dict__.update(twin.__dict__)",
            ]
        ),
    )


@kind("the object changed by hand")
def _by_hand(scene: Scene) -> list[str] | None:
    m, (x, y) = scene.model, scene.train
    return scene.put(
        f"import copy\nlast = {m}[-1] if hasattr({m}, 'steps') else {m}",
        scene.rng.choice(
            [
                "if hasattr(last, 'coef_'):\n    last.coef_ = last.coef_ * 0\nelse:\n    last.n_outputs_ = 1",
                "if hasattr(last, 'coef_'):\n    last.coef_[...] = -last.coef_",
                "if hasattr(last, 'classes_'):\n    last.classes_ = last.classes_[::-1]",
                "if hasattr(last, 'estimators_'):\n    last.estimators_ = last.estimators_[:1]; last.n_estimators = 1",
                "if hasattr(last, 'intercept_'):\n    last.intercept_ += 1000",
                f"last.__dict__.update(last.__class__(**last.get_params()).fit({x}[::4], {y}[::4]).__dict__)",
                f"if last is {m}:\n    last.__setstate__(copy.copy({m}).fit({x}[::4], {y}[::4]).__getstate__())",
                "setattr(last, 'theta_', last.theta_ * 0) if hasattr(last, 'theta_') else None",
            ]
        ),
    )


@kind("del")
def _deleted(scene: Scene) -> list[str] | None:
    x, y = scene.train
    names = scene.numbers + scene.guesses
    choices = [f"del {name}" for name in names]
    choices.append(f"old = {scene.model}\ndel {scene.model}\n{scene.model} = {scene.other()}.fit({x}, {y})")
    return scene.put(scene.rng.choice(choices))


# ---- other data ------------------------------------------------------------------------------------------------------


def _plain(*pair: str) -> bool:
    return all(word.isidentifier() for word in pair)


@kind("train for test")
def _train_for_test(scene: Scene) -> list[str] | None:
    if not _plain(*scene.train, *scene.test):
        return None
    for at in scene.rng.sample(scene.scoring, len(scene.scoring)):
        cells = list(scene.cells)
        for old, new in zip(scene.test, scene.train, strict=True):
            cells = replace(scene, cells=cells).swap(at, old, new) or cells
        if cells != scene.cells:
            return cells
    return None


@kind("the names of the sides swapped")
def _sides(scene: Scene) -> list[str] | None:
    (x, y), (tx, ty) = scene.train, scene.test
    if not _plain(x, y, tx, ty) or not scene.scoring:
        return None
    way = scene.rng.choice(
        [
            f"{x}, {tx} = {tx}, {x}\n{y}, {ty} = {ty}, {y}",
            f"{tx}, {ty} = {x}, {y}",
            f"{tx} = {x}; {ty} = {y}",
            f"{tx}, {ty} = {x}[:80], {y}[:80]",
            f"{tx}, {ty} = {x}.copy(), {y}.copy()",
        ]
    )
    return scene.put(way, at=scene.rng.choice(scene.scoring))


@kind("y or X of the wrong side")
def _half(scene: Scene) -> list[str] | None:
    (x, y), (tx, ty) = scene.train, scene.test
    if not _plain(x, y, tx, ty):
        return None
    for at in scene.rng.sample(scene.scoring, len(scene.scoring)):
        old, new = scene.rng.choice([(tx, f"{x}[:len({tx})]"), (ty, f"{y}[:len({ty})]")])
        cells = scene.swap(at, old, new)
        if cells:
            return cells
    return None


@kind("data overwritten between predict and score")
def _overwritten(scene: Scene) -> list[str] | None:
    (_, y), (tx, ty) = scene.train, scene.test
    if not _plain(ty) or not scene.guesses:
        return None
    way = scene.rng.choice(
        [
            f"{ty} = {ty}[::-1]",
            f"{ty} = np.array({ty})[::-1].copy()",
            f"{ty} = np.sort({ty})",
            f"{ty} = {y}[:len({ty})]",
            f"{tx} = {tx}[::-1]",
            f"np.asarray({ty}).setflags(write=True); {ty}[:] = np.asarray({ty})[::-1]",
            *[f"{guess} = {guess}[::-1]" for guess in scene.guesses],
            *[f"{guess}[:] = {guess}[::-1].copy()" for guess in scene.guesses],
            *[f"{guess} = np.roll({guess}, 1)" for guess in scene.guesses],
            *[f"np.random.default_rng(0).shuffle({guess})" for guess in scene.guesses],
        ]
    )
    name = scene.rng.choice(scene.guesses)
    at = next(at for at, cell in enumerate(scene.cells) if re.search(rf"\b{name} = ", cell))
    return _late(scene.put("import numpy as np", way, at=at + 1), name)


@kind("predictions changed in place")
def _in_place(scene: Scene) -> list[str] | None:
    if not scene.guesses:
        return None
    name = scene.rng.choice(scene.guesses)
    way = scene.rng.choice(
        [
            "{0}.sort()",
            "{0}.fill({0}[0])",
            "{0}[:40] = {0}[0]",
            "{0}[{0} > np.median({0})] = {0}.min()",
            "np.random.default_rng(0).shuffle({0})",
            "import random; random.Random(0).shuffle({0})",
            "np.put({0}, range(40), {0}[0])",
            "np.copyto({0}, {0}[::-1].copy())",
            "np.clip({0}, {0}.min(), np.median({0}), out={0})",
            "{0} *= 0",
            "view = {0}[:]\nview[:] = view[::-1].copy()",
            "def tidy(values):\n    values[:50] = values[0]\ntidy({0})",
            "for i in range(50):\n    {0}[i] = {0}[0]",
            "[{0}.__setitem__(i, {0}[0]) for i in range(50)]",
            "{0}.flat[:50] = {0}[0]",
            "same = {0}\nsame[:50] = same[0]",
        ]
    ).format(name)
    at = next(at for at, cell in enumerate(scene.cells) if re.search(rf"\b{name} = ", cell))
    return _late(scene.put("import numpy as np", way, at=at + 1), name)


@kind("training data changed in place after the fit")
def _train_changed(scene: Scene) -> list[str] | None:
    x, y = scene.train
    if not _plain(x, y):
        return None
    way = scene.rng.choice(
        [
            "{0}[:] = np.asarray({0})[::-1] * 2",
            "{0} *= 1.5",
            "np.random.default_rng(1).shuffle(np.asarray({1}))",
            "{1}[:] = 1 - np.asarray({1})",
            "{0} += 1",
            "{0}.__imul__(2)",
            "def scale(values):\n    values *= 3\nscale({0})",
            "{0} = {0} * 1.01",
        ]
    ).format(x, y)
    return scene.put("import numpy as np", way, f"seen_accuracy = {scene.model}.score({x}, {y})")


@kind("split again with another seed")
def _resplit(scene: Scene) -> list[str] | None:
    (x, y), (tx, ty) = scene.train, scene.test
    if not _plain(x, y, tx, ty) or not scene.scoring:
        return None
    line = f"{x}, {tx}, {y}, {ty} = train_test_split(np.concatenate([{x}, {tx}]), np.concatenate([{y}, {ty}]), random_state=99)"
    lines = ["import numpy as np", "from sklearn.model_selection import train_test_split", line]
    return scene.put(*lines, at=scene.rng.choice(scene.scoring))


# ---- other numbers ---------------------------------------------------------------------------------------------------


@kind("a number overwritten")
def _number(scene: Scene) -> list[str] | None:
    if not scene.numbers:
        return None
    name = scene.rng.choice(scene.numbers)
    ways = [
        "{0} = 0.99",
        "{0} = {0} * 100",
        "{0} *= 100",
        "{0} = max({0}, 0.999)",
        "{0} = 1 - {0}",
        "{0} += 0.05",
        "{0} = round({0}, 1)",
    ]
    ways += ["for {0} in (0.1, 0.2): pass", "{0} = {0} if {0} > 2 else 0.5", "{0}, x_ = 0.4, {0}", "({0} := 0.3)"]
    ways += [
        "with open('/dev/null') as {0}: {0} = 0.77",
        "exec('{0} = 0.123')",
        "globals()['{0}'] = 0.345",
        "import math as {0}; {0} = 0.2",
    ]
    line = scene.rng.choice(ways).format(name)
    if scene.rng.random() < 0.5:  # within the very cell
        at = next(at for at in scene.scoring if name in _SCORE.findall(scene.cells[at]))
        return [*scene.cells[:at], f"{scene.cells[at]}\n{line}", *scene.cells[at + 1 :]]
    return scene.put(line)


@kind("a metric's name is another function")
def _shadowed(scene: Scene) -> list[str] | None:
    used = [name for at in scene.scoring for name in re.findall(r"\b(\w+_(?:score|error|loss))\(", scene.cells[at])]
    if not used:
        return None
    name = scene.rng.choice(used)
    way = scene.rng.choice(
        [
            f"def {name}(*a, **k):\n    return 0.875",
            f"{name} = lambda *a, **k: 0.625",
            f"from sklearn.metrics import fowlkes_mallows_score as {name}",
            f"import functools\nreal_ = {name}\n@functools.wraps(real_)\ndef {name}(*a, **k):\n    return real_(*a, **k) / 2",
        ]
    )
    return scene.put(way, at=scene.rng.choice(scene.scoring))


# ---- the generator ---------------------------------------------------------------------------------------------------


def scene_of(notebook: Notebook, rng: random.Random) -> Scene | None:
    """Look where in a notebook what happens; None if there is nothing to get wrong."""
    saves = [at for at, cell in enumerate(notebook.cells) if "%save_model" in cell]
    sides = {
        side: next((_halves(text) for of, text in notebook.pairs if of == side), None)
        for side in ("train", "test", "validation")
    }
    test = sides["test"] or sides["validation"]
    if not saves or saves[-1] == 0 or sides["train"] is None or test is None or notebook.name.startswith(_LEFT_OUT):
        return None
    line = next(line for line in notebook.cells[saves[-1]].splitlines() if "%save_model" in line)
    model = line.split()[1]
    if model.startswith('"') or line.startswith(" "):
        return None
    return Scene(list(notebook.cells), model, saves[-1], sides["train"], test, rng)


def _halves(text: str) -> tuple[str, str] | None:
    body = ast.parse(text, mode="eval").body
    if not isinstance(body, ast.Tuple) or len(body.elts) != 2:
        return None
    return ast.unparse(body.elts[0]), ast.unparse(body.elts[1])


def mistaken(seed: int, only: str = "") -> Iterator[Notebook]:
    """Yield notebooks with mistakes in them, without end: each kind in turn, in a notebook that chance chooses."""
    books = corpus()
    number = 0
    while True:
        for name, make in KINDS.items():
            rng = random.Random(f"{seed} {number} {name}")  # noqa: S311 (no secret)
            number += 1
            if only not in name:
                continue
            for book in rng.sample(books, len(books)):
                scene = scene_of(book, rng)
                if scene is None or (book.name.startswith(_NATIVE) and "refit" in name):
                    continue
                cells = make(scene)
                if cells and tuple(cells) != book.cells:
                    yield replace(book, name=f"{book.name}+{number - 1}", cells=tuple(cells), mistake=name)
                    break


def outcome_of(verdicts: list[Verdict]) -> str:
    """Say what became of the numbers of one run."""
    of_metrics = [verdict for verdict in verdicts if verdict.field in NUMBERS and not verdict.field.startswith("metrics -m")]
    if any(verdict.outcome == "wrong" for verdict in of_metrics):
        return "wrong"
    return "right" if any(verdict.outcome == "right" and verdict.field == "metrics" for verdict in of_metrics) else "nothing"


def report(folder: Path, runs: int = 280, seed: int = 0, only: str = "") -> int:
    """Make mistakes, judge what was kept, print the table; return how many runs kept a wrong number."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong, others = [], []
    for notebook, _ in zip(mistaken(seed, only), range(runs), strict=False):
        trial, verdicts = try_notebook(notebook, folder)
        outcome = outcome_of(verdicts) if trial.moments else "not saved"
        counts[notebook.mistake][outcome] += 1
        bad = [verdict for verdict in verdicts if verdict.outcome in {"wrong", "fault"}]
        print(f"{notebook.name}: {notebook.mistake}: {outcome}", *bad, sep="\n  ", flush=True)
        wrong += [f"{notebook.mistake}: {verdict}" for verdict in bad if verdict.field in NUMBERS]
        others += [f"{notebook.mistake}: {verdict}" for verdict in bad if verdict.field not in NUMBERS]
    titles = ("right", "nothing", "wrong", "not saved")
    print(f"\n{'mistake':48}" + "".join(f"{title:>10}" for title in titles))
    for name, count in counts.items():
        print(f"{name:48}" + "".join(f"{count[title]:10}" for title in titles))
    total = Counter[str]()
    for count in counts.values():
        total += count
    print(f"{'all':48}" + "".join(f"{total[title]:10}" for title in titles))
    print("\nWrong numbers:", *wrong or ["none"], "\nOther fields that are wrong:", *others or ["none"], sep="\n")
    return total["wrong"]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=280)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of a kind's name")
    parser.add_argument("--print", type=int, default=None, metavar="NUMBER", help="print one notebook instead")
    options = parser.parse_args()
    if options.print is not None:
        book = next(book for book in mistaken(options.seed, options.only) if book.name.endswith(f"+{options.print}"))
        print(f"# {book.name}: {book.mistake}", *book.cells, sep="\n# %%\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return min(report(Path(folder), options.runs, options.seed, options.only), 1)


if __name__ == "__main__":
    sys.exit(main())
