"""Which cells a model takes to be made again: those that fitted and scored it, and those that made what these use.

A cell's text is read once, for the names that it reads and those that it makes or changes. From the cells of a model one goes
back: each name that a cell reads was made by the last cell before it that did so, and by those that changed it since. Pasted
into a new notebook in the order in which they ran, the cells run. Lines of this extension's magics are left out: they would
save again.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jupyter_modelstore.capture._cells import walk

_OURS = re.compile(
    r"^[ \t]*%(?:(?:save|load|download|edit|alias|delete|restore|compare)_models?|models|model_stats|model_card|modelstore"
    r"|(?:re|un)?load_ext[ \t]+jupyter_modelstore)\b.*(?:\n|\Z)",
    re.MULTILINE,
)
_ASKING = re.compile(
    r"head|tail|describe|info|plot|hist|boxplot|show|sample|corr|isna|isnull|n?unique|groupby|mean|median|std|sum|min|max|count"
    r"|value_counts|score|predict|transform|to_|get_|summary|print|display|close|shape|items|keys|values|index"
)
"""What methods are called that leave that as it is on which they are called."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MOST_CELLS = 60


@dataclass(frozen=True, slots=True)
class Uses:
    """The names that a cell reads from earlier ones, makes, and changes in place; and all that stand in it."""

    reads: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def uses_of(statements: Sequence[ast.stmt]) -> Uses:
    """Return which names a cell uses; what is local to its functions counts as read, which does no harm."""
    reads, makes, changes, names = set[str](), set[str](), set[str](), set[str]()
    for statement in statements:
        here, made = set[str](), set[str]()
        for node in walk(statement):
            if isinstance(node, ast.Name):
                (here if isinstance(node.ctx, ast.Load) else made).add(node.id)
            elif isinstance(node, _FUNCTIONS):
                made.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                made |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            elif isinstance(node, (ast.Attribute, ast.Subscript)) and (name := _changed(node)):
                changes.add(name)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            here.add(statement.target.id)
        if isinstance(statement, ast.Expr) and (name := _called_on(statement.value)):
            changes.add(name)
        reads |= here - makes
        names |= here | made
        # What a function or class assigns is its own.
        makes |= {statement.name} if isinstance(statement, _FUNCTIONS) else made
    return Uses(frozenset(reads), frozenset(makes), frozenset(changes - makes), frozenset(names))


def _changed(node: ast.Attribute | ast.Subscript) -> str:
    """Return the name of that in which something is assigned: ``table`` of ``table["age"] = …``."""
    return "" if isinstance(node.ctx, ast.Load) else _root(node)


def _called_on(node: ast.expr) -> str:
    """Return the name of that on which a statement calls a method: ``table.drop(…, inplace=True)``."""
    asks = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _ASKING.match(node.func.attr)
    return _root(node.func) if asks else ""  # type: ignore[attr-defined]  # it is a call of an attribute


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def needed(uses: Mapping[int, Uses], wanted: Sequence[int]) -> Iterator[int]:
    """Yield the runs before those wanted that made, or changed, what they read; the nearest first.

    Parameters
    ----------
    uses
        What each cell uses, by run.
    wanted
        Runs of a model's cells.
    """
    runs = sorted(uses, reverse=True)
    found, todo = set(wanted), sorted(wanted)
    while todo and len(found) < _MOST_CELLS:
        run = todo.pop()
        for name in uses.get(run, Uses()).reads | uses.get(run, Uses()).changes:
            for earlier in _makers(name, [other for other in runs if other < run], uses):
                if earlier not in found:
                    found.add(earlier)
                    todo.append(earlier)
                    yield earlier
        todo.sort()


def _makers(name: str, runs: list[int], uses: Mapping[int, Uses]) -> Iterator[int]:
    """Yield the cells that changed a name, from the nearest, to the one that made it; none if no cell made it."""
    changed = list[int]()
    for run in runs:
        if name in uses[run].makes:
            yield from (*changed, run)
            return
        if name in uses[run].changes:
            changed.append(run)


def without_ours(source: str) -> str:
    """Return a cell without the lines that are this extension's magics."""
    return _OURS.sub("", source)
