"""What a record knows of the notebook that made the model: the fit, where each metric comes from, the cells.

All of it stands in ``source``, which a capture fills as far as it is certain. A metric that has no origin there was said by
the user. Cells are shown whole or not at all, since half a cell cannot be run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelstore.card import _reading as read
from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import Bit, Line, of_kind, plain
from jupyter_modelstore.record import ModelRecord

MOST_CELLS = 200
MOST_CODE = 50_000  # characters; a notebook of thousand lines has fewer
_LINES = re.compile(r"\r\n|\r|\n")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SHORT = 7
_KNOWN = frozenset({"variable", "notebook", "git", "cells", "masked", "fit", "metrics", "parent", "data_inside"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a metric, or the fit, comes from; what is not known is empty."""

    split: str = ""
    data: str = ""
    cell: str = ""
    code: str = ""

    @property
    def on(self) -> str:
        """What it was computed on, in a word or two: ``test``; ``on X_new, y_new``; ``split unknown``."""
        return self.split or (f"on {words.line(self.data, 30)}" if self.data else "split unknown")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its number (empty in old records), what it did, and its lines as they were run."""

    number: str
    does: str
    lines: tuple[str, ...]

    @property
    def title(self) -> str:
        """What stands above the code."""
        name = f"Cell {self.number}".rstrip()
        return f"{name} · {self.does}" if self.does else name


def source(record: ModelRecord) -> dict[str, Any]:
    """Return all that is known."""
    return read.mapping(record, "source")


def origin(record: ModelRecord, metric: str) -> Origin | None:
    """Return where a metric comes from; None if the user said it, also if that was after the capture."""
    entry = read.mapping(read.mapping(source(record), "metrics"), metric)
    value = entry.get("value")
    if isinstance(value, (int, float)) and value != read.mapping(record, "metrics").get(metric):
        return None
    return _origin(entry) if entry else None


def fit(record: ModelRecord) -> Origin:
    """Return the fit that made the model."""
    return _origin(read.mapping(source(record), "fit"))


def _origin(entry: Mapping[str, Any]) -> Origin:
    def text(name: str, most: int) -> str:
        value = entry.get(name)
        return words.line(value, most) if isinstance(value, str) else ""

    return Origin(text("split", 30), text("data", 100), whole(entry.get("cell")), text("code", 200))


def cells(record: ModelRecord) -> list[Cell]:
    """Return the cells in the order in which they ran; those of old records are plain texts."""
    every = source(record).get("cells")
    found = [_cell(entry) for entry in every] if isinstance(every, (list, tuple)) else []
    return [cell for cell in found if cell.lines]


def _cell(entry: object) -> Cell:
    known = entry if isinstance(entry, Mapping) else {"code": entry}
    code = known.get("code")
    lines = _LINES.split(code.rstrip("\r\n")) if isinstance(code, str) and code.strip() else []
    does = [words.line(word, 30) for word in read.texts(known.get("does"))[:10]]
    return Cell(whole(known.get("cell")), ", ".join(word for word in does if word), tuple(lines))


def in_brief(record: ModelRecord) -> str:
    """Return which cells were kept, and that something in them is not as it was run: ``cells 3, 5 kept, 1 secret masked``."""
    every = cells(record)
    if not every:
        return ""
    numbers = [cell.number for cell in every if cell.number]
    one = len(every) == 1
    named = f"{'cell' if one else 'cells'} {words.some(numbers, 8)}" if numbers else words.count(len(every), "cell")
    secrets = masked(record)
    return f"{named} kept" + (f", {words.count(secrets, 'secret')} masked" if secrets else "")


def masked(record: ModelRecord) -> int:
    """Return the number of secrets that were masked in the cells."""
    count = source(record).get("masked")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0


def notebook(record: ModelRecord, *, whole: bool = True) -> str:
    """Return the notebook's path, or only its name."""
    path = source(record).get("notebook")
    name = path if whole or not isinstance(path, str) else path.replace("\\", "/").rpartition("/")[2]
    return words.line(name, 300 if whole else 60) if isinstance(name, str) else ""


def git(record: ModelRecord, *, whole: bool = True) -> Line:
    """Return the commit, or its first digits, and that the files were not quite that commit."""
    known = read.mapping(source(record), "git")
    commit = known.get("commit")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        return ()
    dirty = known.get("dirty") is True
    if whole:
        return (Bit(commit, "name", note="with uncommitted changes" if dirty else ""),)
    return (Bit(commit[:_SHORT], "name", "git", "with changes" if dirty else ""),)


def parent(record: ModelRecord) -> Line:
    """Return the model of the store that this one was made from."""
    known = read.mapping(source(record), "parent")
    ref = known.get("ref")
    return of_kind("name", words.line(ref, 120) if isinstance(ref, str) else "")


def made(record: ModelRecord) -> str:
    """Return how a model came of its parent: it is the same file, or was changed since."""
    same = read.mapping(source(record), "parent").get("sha256") == record.sha256
    return "the same file as" if same else "made from"


def parent_hash(record: ModelRecord) -> Line:
    """Return the first digits of the hash of that model's file: the reference may name another one by now."""
    digits = read.mapping(source(record), "parent").get("sha256")
    return (Bit(words.line(digits, 64)[:12], "name", "sha256"),) if isinstance(digits, str) and digits else ()


def rows_inside(record: ModelRecord) -> str:
    """Return how many rows of the training data are in the file: ``120 of 455 training rows``; empty if none are known."""
    known = read.mapping(source(record), "data_inside")
    rows, of = whole(known.get("rows")), whole(known.get("of"))
    if rows in {"", "0"}:
        return ""
    return f"{rows} of {of} training rows" if of else f"{rows} training {'row' if rows == '1' else 'rows'}"


def rows_where(record: ModelRecord) -> Line:
    """Return the attribute that holds them."""
    where = read.mapping(source(record), "data_inside").get("where")
    return (Bit(words.line(where, 60), "name", "in"),) if isinstance(where, str) and where else ()


def others(record: ModelRecord) -> dict[str, Any]:
    """Return what else was noted: the file that a model came from, or what a newer version knows."""
    return {name: value for name, value in source(record).items() if name not in _KNOWN and value not in (None, "", [], {})}


def variable(record: ModelRecord) -> Line:
    """Return the variable that was saved."""
    return of_kind("name", read.variable(record))


def time(record: ModelRecord) -> str:
    """Return how long the fit took; empty if that is not known."""
    text = words.duration(record.training_time_seconds)
    return "" if text == "unknown" else text


def whole(value: object) -> str:
    """Return a whole number that counts something, or names a cell; empty if it is none."""
    known = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return words.number(value) if known else ""


def rows(value: object) -> str:
    """Return a number of rows; empty if it is none."""
    return words.count(value, "row") if whole(value) else ""


def said(origin: Origin | None) -> Line:
    """Return how a metric came about, for a table."""
    return plain("said by the user") if origin is None else of_kind("name", origin.code)
