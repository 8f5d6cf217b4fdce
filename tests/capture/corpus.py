"""The corpus: notebooks as people write them, each with the truth about what it saves.

A file of ``notebooks/`` is a notebook in the percent format: text before the first ``# %%`` says whose way of working it
is, an ``# order: 1 2 4 3`` line in which order its cells are run (without it, from top to bottom). The last cell,
``# %% [truth]``, is never run. It is a dictionary that Python can read without running it; its keys are the names under which
the notebook saves (``churn:2`` is the second save under that name), its values what a careful colleague would write down:

``model``
    the variable, if the line does not name it; ``features``, ``target``, ``rows``, ``test_rows``, ``fit``, ``time``
    (numbers of cells as executed, ``In [5]``), ``metrics`` (name to expression), ``inside``, ``parent``, ``user`` (``-m``).
    Values are expressions in the notebook's namespace at the time of the save, with ``M`` for the saved model loaded back.
``why``
    field to reason, for each field that nobody could fill in.

and, under ``"*"``, what the oracle needs to know of the notebook as a whole: ``pairs`` (``train``/``test``/``validation`` to
expressions of ``X, y``), ``recipes`` (a metric's name to an expression of ``M, X, y``, where it is not computed in the usual
way), ``names`` (words of which a cell that belongs to the model holds at least one).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("notebooks")
KINDS = ("train", "test", "validation")
_MARK = re.compile(r"^# %%.*\n", re.MULTILINE)
_ORDER = re.compile(r"^# order:([\d ]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Notebook:
    """Cells in the order in which they are run, and the truth."""

    name: str
    cells: tuple[str, ...]
    truth: dict[str, Any] = field(default_factory=dict)
    mistake: str = ""

    @property
    def changed(self) -> bool:
        """Whether a mistake was made in it: what is written no longer holds word for word, only the pairs and recipes do."""
        return bool(self.mistake)

    @property
    def whole(self) -> dict[str, Any]:
        """What is true of the whole notebook."""
        return self.truth.get("*", {})

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every (kind, expression of ``X, y``)."""
        found = []
        for kind in KINDS:
            entry = self.whole.get("pairs", {}).get(kind, [])
            found += [(kind, text) for text in ([entry] if isinstance(entry, str) else entry)]
        return found

    @property
    def saved(self) -> dict[str, dict[str, Any]]:
        """The truth of each save, by ``name:version``."""
        return {key if ":" in key else f"{key}:1": entry for key, entry in self.truth.items() if key != "*"}

    def of(self, ref: str) -> dict[str, Any]:
        """Return the truth of one save; that of another version of this name where there is none."""
        saved = self.saved
        name = ref.rpartition(":")[0]
        return saved.get(ref) or next((entry for key, entry in saved.items() if key.rpartition(":")[0] == name), {})


def read(path: Path) -> Notebook:
    """Read a notebook of the corpus."""
    text = path.read_text(encoding="utf-8")
    marks = _MARK.findall(text)
    head, *cells = _MARK.split(text)
    truth = ast.literal_eval(cells.pop().strip()) if marks[-1].startswith("# %% [truth]") else {}
    order = _ORDER.search(head)
    sources = [cell.strip("\n") for cell in cells]
    if order:
        sources = [sources[int(number) - 1] for number in order[1].split()]
    return Notebook(path.stem, tuple(sources), truth)


def corpus() -> list[Notebook]:
    """Return all notebooks."""
    return [read(path) for path in sorted(FOLDER.glob("*.ipy"))]
