"""From the memory of a notebook to what a save keeps of one model: only what is certain; the rest is told, with its reason."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_modelstore.capture._domain import Data, Score, apart, family, purpose
from jupyter_modelstore.capture._inside import rows_inside
from jupyter_modelstore.capture._kinds import state_of
from jupyter_modelstore.capture._own import own_scores
from jupyter_modelstore.capture._place import notebook_path
from jupyter_modelstore.capture._prints import take
from jupyter_modelstore.capture._recipe import needed
from jupyter_modelstore.capture._secrets import mask
from jupyter_modelstore.capture._state import STALE, Fit, Measure, State, Tracked
from jupyter_modelstore.capture._uses import OURS, without_ours
from jupyter_modelstore.capture._watch import Cell, Watch
from jupyter_modelstore.record import SPLIT_PREFIXES, Captured, Unattached

ALL = frozenset({"cells", "metrics", "data", "time", "notebook", "git"})
"""What can be kept, and switched off one by one."""

_MOST_TOLD = 10
_MOST_CELLS = 60
_MOST_SOURCE = 20_000
_MOST_CODE = 300
_LEFT_OUT = "# left out: this cell has"


@dataclass(frozen=True, slots=True)
class _Number:
    """A candidate for a metric."""

    name: str
    value: float
    split: str | None
    data: str
    run: int | None
    code: str
    rows: int | None = None


def captured(watch: Watch, variable: str, model: object, namespace: Mapping[str, Any], keep: Collection[str] = ALL) -> Captured:
    """Return what a notebook knows of a model that is about to be saved.

    Parameters
    ----------
    watch
        The notebook's memory.
    variable
        The expression that names the model.
    model
        The object.
    namespace
        The notebook's variables.
    keep
        Which of :data:`ALL` are wanted.
    """
    tracked, changed = _state_of(watch, model)
    fit = None if tracked is None or changed else tracked.fit
    numbers, untold = _numbers(watch, tracked, variable, model, changed=changed)
    metrics, told = _chosen(numbers)
    if "metrics" not in keep:
        metrics, told, untold = {}, [], []
    tested = {number.rows for number in metrics.values() if number.split in {"test", "validation"} and number.rows}
    data = fit if fit is not None and "data" in keep else None
    source = _source(watch, tracked, fit, metrics, namespace, keep) | _rows_inside(watch, model, fit, namespace)
    return Captured(
        metrics={name: number.value for name, number in metrics.items()},
        feature_columns=data.columns if data else None,
        target_column=data.target if data else None,
        training_samples=data.rows if data else None,
        test_samples=tested.pop() if len(tested) == 1 and "data" in keep else None,
        training_time_seconds=fit.seconds if fit is not None and "time" in keep else None,
        source=source,
        not_attached=tuple(_unattached(watch, [*told, *untold]))[:_MOST_TOLD],
        notes=(*_notes(tracked, fit, changed=changed), *_left_out(source)),
        looked_inside=True,
    )


def _state_of(watch: Watch, model: object) -> tuple[Tracked | None, bool]:
    """Return what is known of a model, and whether it was changed since; of the best of a search, that of the search."""
    tracked = watch.state.of(model)
    if tracked is None:
        tracked = next(
            (one for one in watch.state.models.values() if state_of(one.object()).get("best_estimator_") is model), None
        )
    if tracked is None or tracked.print is None:
        return tracked, False
    return tracked, not tracked.print.same(take(tracked.object()))


# ---- numbers ---------------------------------------------------------------------------------------------------------


def _numbers(
    watch: Watch, tracked: Tracked | None, variable: str, model: object, *, changed: bool
) -> tuple[list[_Number], list[tuple[Measure, str]]]:
    """Return the candidates, and what was found and is none, with the reason."""
    fit = None if tracked is None or changed else tracked.fit
    numbers = [
        _Number(own.name, own.value, own.split, "", None if fit is None else fit.cell, f"{variable}.{own.code}")
        for own in own_scores(
            model, fit.evals if fit else (), lambda data, about: _split(watch.state, data, None, about, fit)[0]
        )
    ]
    if tracked is not None and (tracked.fit is not None if changed else tracked.why in STALE):
        numbers = []  # what they are of may be what it was before
    untold: list[tuple[Measure, str]] = []
    for measure in watch.measures:
        score = measure.score
        if tracked is None or score.key != tracked.key:
            if score.variable == variable and measure.values:
                untold.append((measure, f"of another model that was called {score.variable} then: older than the fit"))
            continue
        why = _too_old(measure, tracked, changed=changed) or measure.why
        split, reason = _split_of(watch.state, score, fit)
        if why or reason or not measure.values:
            untold.append((measure, why or reason or "its value was not kept: assign it to a variable"))
            continue
        numbers += [
            _Number(
                SPLIT_PREFIXES.get(split or "", "") + name,
                value,
                split,
                score.about,
                measure.cell,
                score.code,
                measure.rows,
            )
            for name, value in measure.values.items()
        ]
    return numbers, untold


def _too_old(measure: Measure, tracked: Tracked, *, changed: bool) -> str:
    if changed:
        return "the model was changed since, outside of the cells"
    if measure.score.version == tracked.version:
        return ""
    if tracked.fit is not None and measure.cell <= tracked.fit.cell:
        return "older than the fit"
    return f"older than a change: {tracked.why}" if tracked.why else "older than a change of the model"


def _split_of(state: State, score: Score, fit: Fit | None) -> tuple[str | None, str]:
    if score.how.startswith("cv"):
        return "cross-validation", ""
    if score.part:
        return None, "on part of the rows only"
    if score.why:
        return None, score.why
    return _split(state, score.data, score.truth, score.about, fit)


def _split(state: State, data: Data | None, truth: Data | None, about: str, fit: Fit | None) -> tuple[str | None, str]:
    """Return what data is to a fit, or why a number on it is not kept."""
    if data is None:
        return None, ""
    of = f" ({about})" if about else ""
    if truth is not None and not state.same_rows(truth, data) and family(truth.roots) & family(data.roots):
        return None, f"the answers and the rows may not belong together{of}"
    if fit is None or (fit.x is None and fit.whole and not fit.earlier):
        return None, ""
    if truth is not None and fit.y is not None and truth.steps != fit.y.steps:
        return None, f"its answers were not prepared as those of the fit, or changed since{of}"
    lessons = tuple(dict.fromkeys((fit.x, *fit.earlier)))
    if None in lessons:
        return None, "it learned in several fits, and not all of their rows are known"
    found = {_beside(state, data, lesson, about, fit.about) for lesson in lessons if lesson is not None}
    if len(found) == 1:
        return found.pop()
    reasons = sorted(reason for _, reason in found if reason)
    return None, reasons[0] if reasons else f"it learned in several fits, and in one of them from these rows{of}"


def _beside(state: State, data: Data, lesson: Data, about: str, learned: str) -> tuple[str | None, str]:
    """Return what data is to that of one fit, or why nobody can tell."""
    of = f" ({about})" if about else ""
    if data.steps != lesson.steps:
        return None, f"its rows were not prepared as those of the fit, or changed since{of}"
    if data.id == lesson.id or state.same_rows(data, lesson):
        return "train", ""
    said = purpose(about)
    away = apart(data.roots, lesson.roots)
    if away == "part":
        return None, "on part of the rows that were set aside"
    if away == "whole":
        return ("validation" if said == "validation" else "test"), ""
    relatives = family(data.roots), family(lesson.roots)
    unsure = any(root.how == "unsure" for roots in relatives for root in roots)
    if unsure or relatives[0] & relatives[1] or said not in {"test", "validation"} or purpose(learned) not in {None, "train"}:
        return None, f"on rows that may be among those it was fitted on{of}"
    if any(root.how != "new" for root in relatives[0] if root in data.roots):
        return None, f"on part of the rows that were set aside{of}"
    return said, ""


def _chosen(numbers: list[_Number]) -> tuple[dict[str, _Number], list[tuple[_Number, str]]]:
    """Return one number for each name; where different ones claim it, none."""
    latest: dict[tuple[str, str, str], _Number] = {}
    for number in numbers:
        key = (number.name, number.code, number.data)
        latest.pop(key, None)
        latest[key] = number
    by_name: dict[str, list[_Number]] = {}
    for number in latest.values():
        by_name.setdefault(number.name, []).append(number)
    chosen, told = {}, []
    for name, claims in by_name.items():
        if mask(name, os.environ)[1]:  # an argument that stands in the name holds a secret
            continue
        if len({claim.value for claim in claims}) == 1:
            chosen[name] = claims[-1]
        else:
            told += [
                (claim, f"one of {len(claims)} numbers under this name; say which with -m {name}={claim.value:.6g}")
                for claim in claims
            ]
    return chosen, told


def _unattached(watch: Watch, found: list[tuple[Any, str]]) -> Iterator[Unattached]:
    seen = set()
    for what, why in reversed(found):
        key = (what.name, what.value) if isinstance(what, _Number) else tuple(what.values.items()) or what.score.code
        if key in seen:
            continue
        seen.add(key)
        if isinstance(what, _Number):
            yield Unattached(name=what.name, value=what.value, reason=why, cell=_cell(watch, what.run), code=what.code)
            continue
        name, value = next(iter(what.values.items()), (what.score.name, None))
        yield Unattached(
            name=name.removesuffix("()"), value=value, reason=why, cell=_cell(watch, what.cell), code=what.score.code
        )


def _cell(watch: Watch, run: int | None) -> int | None:
    return watch.cells[run].number if run in watch.cells else None


def _notes(tracked: Tracked | None, fit: Fit | None, *, changed: bool) -> Iterator[str]:
    """Yield why what a colleague would know is not kept."""
    if tracked is None:
        yield "nothing of its training is known: it was fitted before %load_ext, or where cells cannot be followed"
    elif changed:
        yield "nothing of its training is kept: it was changed outside of the cells"
    elif fit is None:
        yield f"nothing of its training is kept: {tracked.why}" if tracked.why else "it was not fitted in this notebook"
    elif not fit.whole:
        yield "training rows unknown: it learned in several batches"
    elif fit.rows is None:
        yield "training rows unknown: the data of its fit is no longer there as it was, or has no name"


def _rows_inside(watch: Watch, model: object, fit: Fit | None, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many training rows a model holds; compared with the data of its fit, if that is still there."""
    names = (name for name, known in watch.state.names.items() if fit is not None and fit.x is not None and known == fit.x)
    found = rows_inside(model, namespace.get(next(names, "")))
    return {"data_inside": asdict(found)} if found is not None else {}


# ---- where it comes from ---------------------------------------------------------------------------------------------


def _source(
    watch: Watch,
    tracked: Tracked | None,
    fit: Fit | None,
    metrics: Mapping[str, _Number],
    namespace: Mapping[str, Any],
    keep: Collection[str],
) -> dict[str, Any]:
    source: dict[str, Any] = {}
    if "notebook" in keep and (path := notebook_path(namespace, os.environ)):
        source["notebook"] = path
    if "git" in keep and (git := watch.repository.state()):
        source["git"] = git
    masked = 0
    if "cells" in keep and tracked is not None:
        cells, masked = _cells(watch, tracked, fit, metrics)
        if cells:
            source["cells"] = cells
    code = "cells" in keep
    if fit is not None and "data" in keep:
        source["fit"] = _said(cell=_cell(watch, fit.cell), data=fit.about, code=_masked(fit.code) if code else "")
    if metrics:
        source["metrics"] = {
            name: {"split": number.split}
            | _said(cell=_cell(watch, number.run), data=number.data, code=_masked(number.code) if code else "")
            for name, number in metrics.items()
        }
    return source | ({"masked": masked} if masked else {})


def _masked(text: str) -> str:
    return mask(text, os.environ)[0][:_MOST_CODE]


def _said(**what: Any) -> dict[str, Any]:  # noqa: ANN401 (plain values)
    return {name: value for name, value in what.items() if value not in (None, "")}


def _cells(watch: Watch, tracked: Tracked, fit: Fit | None, metrics: Mapping[str, _Number]) -> tuple[list[dict[str, Any]], int]:
    """Return the cells that made, fitted and scored a model, in the order in which they were run; secrets masked."""
    scored = {number.run for number in metrics.values()}
    first: dict[int, int] = {}
    for run, cell in watch.cells.items():  # what a cell ran as cells of its own stands in that cell
        first.setdefault(id(cell), run)
    cells = {run: watch.cells[run] for run in sorted(first.values())}
    last: dict[str, tuple[int, list[str]]] = {}
    for done, did in sorted(tracked.cells.items()):
        kept = [what for what in did if _counts(what, done, fit, scored)]
        if kept and done in watch.cells:
            run = first[id(watch.cells[done])]
            last.pop(cells[run].source, None)
            last[cells[run].source] = (run, kept)
    chosen = dict(last.values())
    sources = {run: cell.source for run, cell in cells.items()}
    for run in needed({run: cell.uses for run, cell in cells.items()}, list(chosen), sources):
        chosen.setdefault(run, ["prepared"])
    return _texts(cells, dict(sorted(chosen.items())[-_MOST_CELLS:]))


def _texts(cells: Mapping[int, Cell], chosen: Mapping[int, list[str]]) -> tuple[list[dict[str, Any]], int]:
    """Return cells as they are kept, and how many secrets were masked in them."""
    kept, masked = list[dict[str, Any]](), 0
    loads = any(OURS in cells[run].uses.reads for run in chosen)
    if loads and not any(OURS in cells[run].uses.changes for run in chosen):
        kept.append({"does": ["prepared"], "code": "%load_ext jupyter_modelstore\n"})  # the cell that did is not known
    for run, did in chosen.items():
        source = without_ours(cells[run].source, loaded=loads)
        if not source.strip():
            continue
        text, count = mask(source, os.environ)
        if len(text) > _MOST_SOURCE:
            text, count = f"{_LEFT_OUT} {len(text)} characters\n", 0
        masked += count
        kept.append(_said(cell=cells[run].number) | {"does": did, "code": text})
    return kept, masked


def _left_out(source: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many cells were not kept for their length."""
    if count := sum(cell["code"].startswith(_LEFT_OUT) for cell in source.get("cells", ())):
        yield f"{count} cell{'s' * (count > 1)} too long to be kept"


def _counts(what: str, run: int, fit: Fit | None, scored: Collection[int | None]) -> bool:
    if what == "scored":
        return run in scored
    if what == "fitted":
        return fit is None or not fit.whole or run == fit.cell
    if what == "predicted":
        return bool(scored) and (fit is None or run >= fit.cell)
    return True
