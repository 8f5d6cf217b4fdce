"""What happened in a notebook, cell by cell: the memory behind ``%save_model``.

Told before and after each cell, it reads the cell (``_reader``) and holds what it read against what there is: a model that is
said to be ``clf`` must be the object that ``clf`` is; a model that nobody is said to have changed must have the print that it
had (``_prints``); a number is read from where it was kept. What does not hold is forgotten. So two things must fail together
for a wrong number: the reading, and the look at the objects.

Only numbers, names, texts of cells and weak references are kept. What happened before the first cell that it was told of stays
unknown.
"""

from __future__ import annotations

import ast
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Literal

from jupyter_modelstore.capture import _hooks, _prints
from jupyter_modelstore.capture import _library as library
from jupyter_modelstore.capture._cells import parse, runs_in_namespace
from jupyter_modelstore.capture._domain import UNKNOWN, Box, Data, Function, Items, Made, Model, Score, Value, plain
from jupyter_modelstore.capture._kinds import ANY_ERROR, MISSING, is_a, kind_of, peek
from jupyter_modelstore.capture._numbers import classifies, frozen, goes_on, numbers_of, printed
from jupyter_modelstore.capture._place import Repository
from jupyter_modelstore.capture._reader import Reader, stored_names
from jupyter_modelstore.capture._scope import TooMuch, is_model
from jupyter_modelstore.capture._scores import ALTERED, within
from jupyter_modelstore.capture._state import OUTSIDE, OVERTAKEN, Fit, Measure, Place, Start, State, Tracked
from jupyter_modelstore.capture._uses import Uses, uses_of

_MOST_SOURCE = 50_000
_EMPTY = re.compile(r"\A(?:[ \t\r\f]*\n)+")
"""Empty lines at the top of a cell, which IPython takes away."""
_MAY_FIT = re.compile(r"fit\w*\(|train\w*\(")
_MOST_FOLLOWED = 200
_MOST_MEASURES = 1_000
_MOST_INSIDE = 60
_MOST_COLUMNS = 5_000
_MOST_DEPTH = 4


@dataclass(slots=True)
class Cell:
    """A cell that was run: its number for people, its source, and the names in it."""

    number: int | None
    source: str
    uses: Uses = field(default_factory=Uses)


@dataclass(slots=True)
class _Running:
    """A cell that is being run.

    ``done``: so many of its statements have been read already; ``nested``: it ran other cells; ``magic``: a cell magic runs it,
    and errors do not tell the line; ``transparent``: and does no more than that.
    """

    run: int
    statements: list[ast.stmt]
    started: float
    readable: bool = True
    done: int = 0
    nested: bool = False
    magic: bool = False
    transparent: bool = False


class Watch:
    """The memory of one notebook."""

    def __init__(self) -> None:
        self.state = State()
        self.cells: dict[int, Cell] = {}
        self.measures: list[Measure] = []
        self.repository = Repository()
        self._running: list[_Running] = []
        self._mentioned: set[int] = set()
        self._runs = 0
        self._beside = False
        self._answers: dict[str, tuple[Any, Any]] = {}

    @property
    def runs(self) -> int:
        """How many cells began so far; the number of the last one."""
        return self._runs

    @property
    def idle(self) -> bool:
        """Whether no cell is being run."""
        return not self._running

    def has_news(self, since: int) -> bool:
        """Tell whether something was fitted or scored after that cell."""
        fits = (tracked.fit for tracked in self.state.models.values())
        scored = bool(self.measures) and self.measures[-1].cell > since
        return scored or any(fit is not None and fit.cell > since for fit in fits)

    # ---- being told --------------------------------------------------------------------------------------------------

    def begin(self, number: int, source: str) -> None:
        """Note the cell that loaded the extension: what it did is not known, but later cells may need its imports."""
        statements = _statements(source) or []
        self._runs += 1
        self.cells[self._runs] = Cell(number, source, uses_of(statements, source))

    def before(self, source: str, namespace: Mapping[str, Any]) -> None:
        """Note that a cell begins."""
        outer = self._running[0] if self._running else None
        if outer is not None:
            self._running[-1].nested = True
        self._runs += 1
        statements = _statements(source)
        uses = uses_of(statements or [], source)
        # What a cell runs as cells of its own stands in that cell for people.
        self.cells[self._runs] = Cell(None, source, uses) if outer is None else self.cells[outer.run]
        self._running.append(
            _Running(
                self._runs,
                statements or [],
                perf_counter(),
                readable=statements is not None,
                magic=source.lstrip().startswith("%%"),
                transparent=runs_in_namespace(source),
            )
        )
        if _MAY_FIT.search(source):
            self.repository.look()
        self._verify(namespace)
        self._follow_mentioned(uses, namespace)
        self._begin()

    def after(
        self,
        namespace: Mapping[str, Any],
        *,
        number: int | None = None,
        value: object = None,
        error_line: int | None = None,
        failed: bool = False,
        output: str = "",
    ) -> None:
        """Note that a cell ended.

        Parameters
        ----------
        namespace
            The variables as they are now.
        number
            The cell's, for people.
        value
            What its last expression displayed.
        error_line, failed
            Whether it failed, and in which line of its body, as far as known.
        output
            What it printed, where that is kept.
        """
        if not self._running:
            return
        running = self._running.pop()
        if not self._running:
            self.cells[running.run].number = number
        if running.nested and running.transparent:  # %%capture and its like ran the body as a cell of its own
            return
        if running.nested or not running.readable:
            self._forget(namespace)
            return
        error_line = None if running.magic else error_line
        left = running.statements[running.done :]
        sure = [node for node in left if not failed or (error_line is not None and (node.end_lineno or 0) < error_line)]
        self._read(
            running,
            sure,
            left[len(sure) : len(sure) + 1] if failed and error_line else left[len(sure) :],
            namespace,
            value,
            output,
        )

    def advance(self, namespace: Mapping[str, Any], line: int | None, number: int | None = None) -> None:
        """Read what of the running cell was run before a line: a save in the middle of a cell needs to know."""
        if not self._running or line is None or not (running := self._running[-1]).readable or running.nested:
            return
        self.cells[running.run].number = number
        left = running.statements[running.done :]
        sure = [node for node in left if (node.end_lineno or 0) < line]
        if sure:
            running.done += len(sure)
            self._read(running, sure, [], namespace, None, "")
            self._begin()

    def keep(self, model: object) -> None:
        """Note that a model was saved just now."""
        if (tracked := self.state.of(model)) is not None:
            tracked.kept = self._runs

    def since_kept(self, model: object) -> Literal["refitted", "changed"]:
        """Tell what happened to a model that is no longer as it was when it was saved or loaded."""
        tracked = self.state.of(model)
        fitted = tracked is not None and tracked.fit is not None and tracked.fit.cell >= tracked.kept
        return "refitted" if fitted else "changed"

    # ---- before a cell -----------------------------------------------------------------------------------------------

    def _verify(self, namespace: Mapping[str, Any]) -> None:
        """Forget names that are not what they were when the last cell ended."""
        state, changed = self.state, self._changed_answers(namespace)
        for name in list(state.names):
            if not state.has(name, namespace.get(name, MISSING)) or name in changed:
                state.names.pop(name)
                state.unsure.add(name)
        for key, tracked in list(state.models.items()):
            if tracked.object() is None:
                del state.models[key]

    def _changed_answers(self, namespace: Mapping[str, Any]) -> set[str]:
        """Return the names of predictions that are not what they were when they were last looked at."""
        return {
            name
            for name, (number, contents) in self._answers.items()
            if id(value := namespace.get(name)) == number and _prints.contents(value) != contents
        }

    def _follow_mentioned(self, uses: Uses, namespace: Mapping[str, Any]) -> None:
        """Follow the models that a cell names, also in containers, that are not followed yet."""
        self._mentioned = set()
        self.state.places.clear()
        for name in uses.names:
            for path, value, place in _inside(name, namespace.get(name)):
                if not is_model(value):
                    continue
                self.state.places[place] = id(value)
                if (known := self.state.of(value)) is not None:
                    self._mentioned.add(known.key)
                elif len(self.state.models) < _MOST_FOLLOWED:
                    reference = _reference(value)
                    if reference is not None:
                        tracked = self.state.follow(kind_of(value))
                        tracked.ref, tracked.names = reference, {path}
                        self._mentioned.add(tracked.key)
                        tracked.why = "it was fitted before %load_ext, or where cells cannot be followed"
                        if path == name:
                            self.state.names[name] = Model(tracked.key)

    def _begin(self) -> None:
        """Take the prints of what the cell names; of all else the last one holds until somebody may have changed it."""
        self._beside = _hooks.is_somebody_at_work()
        for tracked in self.state.models.values():
            known = None if tracked.key in self._mentioned else tracked.print
            found = _prints.take(tracked.object()) if known is None else known
            if tracked.print is not None and not tracked.print.same(found):
                tracked.version, tracked.fit = self.state.new(), None
                tracked.why = OUTSIDE
            tracked.print = found
            tracked.sure = tracked.touched = tracked.tuned = False
            tracked.start = Start(tracked.version, tracked.fit, tracked.why, found, self.state.new())

    # ---- after a cell ------------------------------------------------------------------------------------------------

    def _forget(self, namespace: Mapping[str, Any]) -> None:
        """Pass over a cell that was not read: what it assigned is unknown, and what changed in it was changed by it."""
        self.state.unsure |= {name for name in namespace if type(name) is str}
        self.state.names.clear()
        self.state.marks.clear()
        for tracked in self.state.models.values():
            self._judge(tracked)

    def _give_up(self, namespace: Mapping[str, Any]) -> None:
        """Pass over a cell that was read in part: what its reading was sure of may not be how it ended."""
        for key, tracked in list(self.state.models.items()):
            if tracked.ref is None or tracked.start is None:
                del self.state.models[key]
            tracked.sure = tracked.tuned = False
        self._forget(namespace)

    def _read(
        self,
        running: _Running,
        sure: list[ast.stmt],
        perhaps: list[ast.stmt],
        namespace: Mapping[str, Any],
        value: object,
        output: str,
    ) -> None:
        reader = Reader(self.state, namespace, running.run, stored_names([*sure, *perhaps]))
        try:
            reader.run(sure)
            last = reader.last
            if perhaps:
                reader.failing = True
                reader.perhaps(perhaps)
        except (TooMuch, RecursionError):
            self._give_up(namespace)
            return
        places = list(self._places(reader.seen, namespace))
        if value is not None and not perhaps:
            places += _within(last, value)
        self._link(places)
        near = self._mentioned | {score.key for score in reader.scores}
        handled = [one for one in self.state.models.values() if one.touched or one.sure or one.key in near]
        given = {tracked.key: self._judge(tracked) for tracked in handled}
        self._look_at_data(reader.seen, namespace)
        reader.racing |= self._beside or _hooks.is_somebody_at_work() or bool(self._changed_answers(namespace))
        self._finish_fits(reader, perf_counter() - running.started)
        self._measure(reader, places, given, output)
        for tracked in self.state.models.values():
            if running.run in tracked.cells:
                for used in reader.used:
                    tracked.did(used, "defined")
        self._keep(reader.seen, namespace)

    def _places(self, names: set[str], namespace: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
        """Yield what each name, and each part of a container, stands for, and the object that is there."""
        for name in names & self.state.names.keys():
            value = namespace.get(name, MISSING)
            if value is MISSING:
                del self.state.names[name]
            else:
                yield from _within(self.state.names[name], value)

    def _link(self, places: list[tuple[Any, Any]]) -> None:
        """Hold each model against the object that it should be; forget those that are not one and the same."""
        state, found = self.state, dict[int, dict[int, Any]]()
        for known, value in places:
            if isinstance(known, Model):
                found.setdefault(known.key, {})[id(value)] = value
        wrong = set()
        for key, objects in found.items():
            value = next(iter(objects.values()))
            tracked = state.models.get(key)
            other = state.of(value)
            if tracked is None or len(objects) > 1 or not is_model(value) or (other is not None and other is not tracked):
                wrong.add(key)
            elif tracked.ref is None:
                tracked.ref = _reference(value)
            elif tracked.ref() is not value:
                wrong.add(key)
        for key, tracked in list(state.models.items()):
            if key in wrong or tracked.ref is None:
                del state.models[key]
        for name, known in state.names.items():
            if isinstance(known, Model) and known.key not in state.models:
                state.names[name] = UNKNOWN

    def _judge(self, tracked: Tracked) -> tuple[int, int] | None:
        """Tell from a model's print whether it was changed; return which versions are the one that it had, if it was not."""
        start, found = tracked.start, _prints.take(tracked.object())
        tracked.print = found
        if start is None or tracked.sure:
            return None
        if start.print.same(found):
            span = None if tracked.tuned else (start.last, tracked.version)  # changed, and changed back
            tracked.version, tracked.fit, tracked.why = start.version, start.fit, start.why
            return span
        tracked.version = self.state.new()
        why = tracked.why if tracked.fit is None and tracked.touched else ""
        changed = OVERTAKEN if start.fit is not None else "it was changed by code that cannot be followed"
        tracked.fit, tracked.why = None, why or changed
        return None

    def _look_at_data(self, names: set[str], namespace: Mapping[str, Any]) -> None:
        """Note rows and names of data; none of it is kept."""
        state = self.state
        for name in names:
            known = state.names.get(name)
            if not isinstance(known, Data):
                continue
            value = namespace.get(name)
            shape = peek(value, "shape")
            rows = shape[0] if type(shape) is tuple and shape else len(value) if type(value) in (list, tuple) else None  # type: ignore[arg-type]  # both have a length
            if type(rows) is int:
                state.rows.setdefault(known.rows, rows)
            if type(shape) is tuple and len(shape) == 2 and type(shape[1]) is int:  # noqa: PLR2004 (rows and columns)
                state.widths[known.id] = shape[1]
            columns, label = peek(value, "columns"), peek(value, "name")
            if type(label) is str and label:
                state.targets[known.id] = label
            if columns is not None and kind_of(value).data and (titles := _column_names(columns)):
                state.columns[known.id] = titles
                if len(titles) == 1:
                    state.targets[known.id] = titles[0]

    def _finish_fits(self, reader: Reader, seconds: float) -> None:
        state = self.state
        for tracked in state.models.values():
            fit = tracked.fit
            if fit is None or fit.cell != reader.cell or not tracked.sure:
                continue
            self._look_back(tracked, fit)
            seen = peek(tracked.object(), "nobs") if kind_of(tracked.object()).library == "statsmodels" else None
            if seen is not None:
                fit.rows = int(seen)
            elif fit.x is not None and fit.whole:
                rows = state.count(fit.x)
                rows = state.count(fit.y) if rows is None else rows
                width, known = state.widths.get(fit.x.id), peek(tracked.object(), "n_features_in_")
                fit.rows = None if width is not None and type(known) is int and width != known else rows
            if fit.x is not None:
                titles, known = state.titles(fit.x), peek(tracked.object(), "n_features_in_")
                fit.columns = titles if titles and (type(known) is not int or known == len(titles)) else None
            if fit.y is not None:
                fit.target = state.target(fit.y)
            if fit.alone and reader.fits == 1:
                fit.seconds = seconds

    def _look_back(self, tracked: Tracked, fit: Fit) -> None:
        """Note what a model has learned from in other fits than its last."""
        if fit.before and goes_on(tracked.object()):
            fit.whole, fit.earlier = set(fit.before) == {fit.x}, (*fit.earlier, *fit.before)
        for part in frozen(tracked.object()):
            known = self.state.of(part)
            fit.earlier = (*fit.earlier, *((None,) if known is None else known.lessons))

    def _measure(
        self, reader: Reader, places: list[tuple[Any, Any]], given: Mapping[int, tuple[int, int] | None], output: str
    ) -> None:
        """Read the numbers that scores are, from where they are kept, shown or printed."""
        kept = [(known, value) for known, value in places if isinstance(known, Score)]
        calls = {(score.code, score.version) for score, _ in kept if score.read != "text"}
        shown = [
            (score, number) for score, number in printed(reader.prints, output) if (score.code, score.version) not in calls
        ]
        kept = [(score, value) for score, value in kept if score.read != "text"] + shown
        calls |= {(score.code, score.version) for score, _ in shown}
        seen = {measure.score for measure in self.measures}
        for score, value in kept:
            if score in seen or score.key not in self.state.models:
                continue
            seen.add(score)
            self._note(reader, score, numbers_of(score, value, self.state.models[score.key].object()), given)
        for score in reader.scores:
            if (score.code, score.version) not in calls and score.key in self.state.models and score not in seen:
                seen.add(score)
                self._note(reader, score, {}, given, "its value was not kept: assign it to a variable")
        del self.measures[:-_MOST_MEASURES]

    def _note(
        self,
        reader: Reader,
        score: Score,
        numbers: dict[str, float],
        given: Mapping[int, tuple[int, int] | None],
        why: str = "",
    ) -> None:
        span = given.get(score.key)
        if span is not None and span[0] <= score.version <= span[1]:
            score = replace(score, version=self.state.models[score.key].version)
        if reader.racing:
            numbers, why = {}, "its cell holds code that may run at another moment"
        elif score.cut and not classifies(self.state.models[score.key].object()):
            score = replace(score, why=ALTERED)
        elif _hooks.is_patched(self.state.models[score.key].object()):
            numbers, why = {}, "its class was changed by hand: the answers may be other than its own"
        rows = self.state.count(score.data)
        rows = self.state.count(score.truth) if rows is None else rows
        self.measures.append(Measure(score=score, cell=reader.cell, values=numbers, rows=rows, why=why))

    def _keep(self, names: set[str], namespace: Mapping[str, Any]) -> None:
        """Keep what names stand for until the next cell; what is plain or unknown is looked up anew."""
        state = self.state
        for name in names:
            if name in namespace and _is_worth_keeping(state.names.get(name, UNKNOWN)):
                state.mark(name, namespace[name])
                state.unsure.discard(name)
            else:
                known = state.names.pop(name, None)
                if known is not None:
                    (state.unsure.add if plain(within([known])).rows else state.unsure.discard)(name)
                state.marks.pop(name, None)
        self._answers = {
            name: (id(namespace[name]), _prints.contents(namespace[name]))
            for name, known in state.names.items()
            if isinstance(known, Made) and name in namespace
        }


def _statements(source: str) -> list[ast.stmt] | None:
    """Return the statements of a cell; None if it is too long, or cannot be read."""
    tree = parse(_EMPTY.sub("", source)) if len(source) <= _MOST_SOURCE else None
    return list(tree.body) if isinstance(tree, ast.Module) else None


def _is_worth_keeping(known: Value, depth: int = 0) -> bool:
    """Tell whether a name stands for more than can be looked up again."""
    if isinstance(known, (Box, Items)) and depth < _MOST_DEPTH:
        parts = known.items.values() if isinstance(known, Box) else known.values
        return any(_is_worth_keeping(part, depth + 1) for part in parts)
    return isinstance(known, (Data, Model, Made, Score, Function))


def _within(known: Any, value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 (a value of the domain, and an object)
    """Yield what is known, and the object, of a container and of all parts that are known."""
    yield known, value
    if depth >= _MOST_DEPTH:
        return
    if isinstance(known, Items) and is_a(value, tuple) and len(value) == len(known.values):
        for part, item in zip(known.values, tuple.__iter__(value), strict=True):
            yield from _within(part, item, depth + 1)
    if not isinstance(known, Box):
        return
    for key, part in list(known.items.items()):
        item = _item(value, key)
        if item is MISSING:
            known.items.pop(key)
        else:
            yield from _within(part, item, depth + 1)


def _item(value: Any, key: Any) -> Any:  # noqa: ANN401 (any container and key)
    try:
        if type(key) is str and key.startswith(".") and type(value) not in (dict, list):
            return value.__dict__.get(key[1:], MISSING)
        if is_a(value, dict):
            return dict.get(value, key, MISSING)
        if is_a(value, list) and type(key) is int:
            return list.__getitem__(value, key)
    except ANY_ERROR:
        pass
    return MISSING


def _inside(name: str, value: Any, depth: int = 0, place: Place = (0, "")) -> Iterator[tuple[str, Any, Place]]:  # noqa: ANN401 (any object)
    """Yield an object and what its containers hold, with the way to it, and the container and key that hold it."""
    yield name, value, place
    if depth > 1 or is_model(value) or library.is_thing(value):
        return
    parts: list[tuple[str, Any, str | int]] = []
    if type(value) is dict and len(value) <= _MOST_INSIDE:
        parts = [(f"[{key!r}]", item, key) for key, item in _worth_a_look(value.items(), depth) if type(key) in (str, int)]
    elif type(value) in (list, tuple) and len(value) <= _MOST_INSIDE:
        parts = [(f"[{index}]", item, index) for index, item in _worth_a_look(enumerate(value), depth)]
    elif not kind_of(value).data and type(own := peek(value, "__dict__")) is dict and not is_a(value, type):
        named = _worth_a_look(own.items(), depth)[:_MOST_INSIDE]
        parts = [(f".{key}", item, f".{key}") for key, item in named if type(key) is str]
    for path, item, key in parts:
        yield from _inside(name + path, item, depth + 1, (id(value), key))


def _worth_a_look(pairs: Iterable[tuple[Any, Any]], depth: int) -> list[tuple[Any, Any]]:
    """Return the parts of a container that may be, or hold, a model; most parts of big ones are of a few plain classes."""
    found, dull = [], dict[type, bool]()
    for pair in list(pairs):
        kind = type(pair[1])
        if kind not in dull:
            inner = kind in (dict, list, tuple) or type(peek(pair[1], "__dict__")) is dict
            dull[kind] = not is_model(pair[1]) and (depth > 0 or not inner)
        if not dull[kind]:
            found.append(pair)
    return found


def _reference(value: object) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(value)
    except TypeError:
        return None


def _column_names(columns: Any) -> tuple[str, ...] | None:  # noqa: ANN401 (a pandas Index, or a list)
    try:
        if len(columns) > _MOST_COLUMNS:
            return None
        names = tuple(columns)
    except ANY_ERROR:
        return None
    return names if names and all(type(name) is str for name in names) else None
