"""Which cells a model takes to be made again: those that fitted and scored it, and those that made what these use.

From the cells of a model one goes back: each name that a cell reads was made by the last cell before it that did so, and by
those that changed it since, also under another name, in a container, or in a function. What a cell does that no name tells
of (a star import, ``%run``, a setting, the folder) may concern all that follow. Pasted into a new notebook in the order in
which they ran, the cells run; when in doubt, there is one too many. Lines of this extension's magics are left out: they would
save again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from jupyter_modelstore.capture._uses import Late, Uses

_MOST_CELLS = 60
_NOTHING = Late()


def needed(uses: Mapping[int, Uses], wanted: Sequence[int], sources: Mapping[int, str] | None = None) -> Iterator[int]:
    """Yield the runs before those wanted that made, or changed, what they read; the nearest first.

    Parameters
    ----------
    uses
        What each cell uses, by run.
    wanted
        Runs of a model's cells.
    sources
        The cells, by run: one that was only run again is not needed twice.
    """
    effects, sources = _effects(uses), sources or {}
    runs = sorted(effects, reverse=True)
    wide = [run for run in runs if effects[run].wide and wanted and run < max(wanted)]
    found, todo = set(wanted), sorted({*wanted, *wide})
    yield from (run for run in wide if run not in found)
    found |= set(wide)
    while todo and len(found) < _MOST_CELLS:
        run = todo.pop()
        cell = effects.get(run, Uses())
        earlier = [other for other in runs if other < run]
        for name in cell.reads | cell.changes:
            for maker in _makers(name, earlier, effects, sources):
                if maker in found or len(found) >= _MOST_CELLS:
                    continue
                found.add(maker)
                todo.append(maker)
                again = sources.get(maker, "") == sources.get(run) and not cell.counts
                if not again:
                    yield maker
        todo.sort()


def _makers(name: str, runs: Iterable[int], uses: Mapping[int, Uses], sources: Mapping[int, str]) -> Iterator[int]:
    """Yield the cells that changed a name, from the nearest, to the one that made it."""
    seen = set[str]()
    for run in runs:
        if name in uses[run].makes:
            yield run
            return
        if name in uses[run].changes and sources.get(run, run) not in seen:
            seen |= {sources[run]} if run in sources else set()
            yield run


def _effects(uses: Mapping[int, Uses]) -> dict[int, Uses]:
    """Return what cells use when it is known what the functions, and the names, of the cells before them stand for."""
    called = frozenset[str]().union(*(cell.called for cell in uses.values()))
    late: dict[str, Late] = {}
    links: dict[str, set[str]] = {}
    found = {}
    for run in sorted(uses):
        cell = uses[run]
        for name in cell.makes:
            late.pop(name, None)
            for other in links.pop(name, ()):
                links.get(other, set()).discard(name)
        late |= cell.late
        for name, function in cell.born:
            made = late.get(function, _NOTHING)
            if made.own or (name in called and function in late):
                late[name] = made
            if made.own:
                _link(links, name, (given for other, given in cell.handed if other == function))
        for name, others in cell.links:
            _link(links, name, others)
            for other in others & late.keys():
                late.setdefault(name, late[other])
        found[run] = _effect(cell, late, links)
    return found


def _link(links: dict[str, set[str]], name: str, others: Iterable[str]) -> None:
    for other in others:
        links.setdefault(name, set()).add(other)
        links.setdefault(other, set()).add(name)


def _is_plain(cell: Uses, late: Mapping[str, Late], links: Mapping[str, set[str]]) -> bool:
    """Tell whether a cell does no more than its own names tell; most do, and a save looks at every one."""
    known = late.keys()
    if not known.isdisjoint(cell.reads) or not known.isdisjoint(cell.called) or not known.isdisjoint(cell.asked):
        return False
    return links.keys().isdisjoint(cell.changes) and all(function not in late for function, _ in cell.handed)


def _effect(cell: Uses, late: Mapping[str, Late], links: Mapping[str, set[str]]) -> Uses:
    if _is_plain(cell, late, links):
        return cell
    used = _closed((cell.reads | cell.called) & late.keys(), {name: known.reads for name, known in late.items()})
    functions = [late[name] for name in used if name in late]
    reads = frozenset[str]().union(cell.reads, *(one.reads for one in functions))
    changes = {given for function, given in cell.handed if late.get(function, _NOTHING).mutates}
    changes |= {name for name in cell.asked if late.get(name, _NOTHING).own}
    changes |= {name for one in functions for name in one.writes}
    changes = _closed(changes | cell.changes, links)
    wide = cell.wide or any(one.wide for one in functions)
    return replace(cell, reads=(reads - cell.makes) | cell.reads, changes=frozenset(changes - cell.makes), wide=wide)


def _closed(names: Iterable[str], further: Mapping[str, Iterable[str]]) -> set[str]:
    """Return names, and all that these lead to."""
    found, todo = set(names), [*names]
    while todo:
        fresh = set(further.get(todo.pop(), ())) - found
        found |= fresh
        todo += fresh
    return found
