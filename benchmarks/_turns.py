"""Turns: whatever is compared runs one after the other, again and again, and only ratios within one round count.

A machine is busy for a second, a disk is slow for a minute: both candidates of a round feel the same. So the ratio is taken
in each round, and the median of the ratios is what is told. The order rotates, so that nobody always comes after the one
that leaves the disk busy. The first round is not counted.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

TIMES = "×"  # noqa: RUF001 (the sign that people write)


@dataclass
class Candidate:
    """What is timed (``call``), what runs untimed after it (``after``, given what the call returned), and in which rounds."""

    name: str
    call: Callable[[], Any]
    after: Callable[[Any], object] = lambda _: None
    every: int = 1


@dataclass
class Row:
    """One line of the table."""

    what: str
    goal: str
    measured: str
    holds: bool
    ours: str
    beside: list[str] = field(default_factory=list)


class Turns:
    """Seconds by candidate and round."""

    def __init__(self) -> None:
        self.seconds: dict[str, dict[int, float]] = {}
        self.failed: dict[str, str] = {}

    @classmethod
    def take(
        cls,
        candidates: list[Candidate],
        rounds: int,
        *,
        change: Callable[[int], object] = lambda _: None,
        collect: bool = False,
    ) -> Turns:
        """Run all in turn. Untimed: ``change`` before a round, and with ``collect`` the garbage collector before a call."""
        turns = cls()
        for number in range(rounds + 1):
            change(number)
            first = number % len(candidates)
            for candidate in candidates[first:] + candidates[:first]:
                due = number in {0, rounds} or number % candidate.every == 0
                if due and candidate.name not in turns.failed:
                    turns._run(candidate, number, collect=collect)
        return turns

    def _run(self, candidate: Candidate, number: int, *, collect: bool) -> None:
        if collect:
            gc.collect()
        start = perf_counter()
        try:
            answer = candidate.call()
        except Exception as error:  # noqa: BLE001 (another library's limits are a result too)
            self.failed[candidate.name] = type(error).__name__
            return
        took = perf_counter() - start
        candidate.after(answer)
        if number:
            self.seconds.setdefault(candidate.name, {})[number] = took

    def shown(self, name: str) -> str:
        """Return ``median (min)`` in milliseconds."""
        return f"failed ({self.failed[name]})" if name in self.failed else milliseconds(list(self.seconds[name].values()))

    def ratio(self, name: str, other: str) -> float:
        """Return the median, over the rounds that both ran in, of ``name``'s time by ``other``'s."""
        ours, theirs = self.seconds[name], self.seconds[other]
        return statistics.median(ours[number] / theirs[number] for number in ours.keys() & theirs.keys())

    def beside(self, ours: str) -> list[str]:
        """Return a text for each other candidate: its time, and how many times ours."""
        others = [name for name in (*self.seconds, *self.failed) if name != ours]
        return [
            f"{name} {self.shown(name)}" + ("" if name in self.failed else f" {TIMES}{number(self.ratio(name, ours))}")
            for name in others
        ]


def milliseconds(seconds: list[float]) -> str:
    """Return ``median (min)`` in milliseconds."""
    return f"{number(statistics.median(seconds) * 1e3)} ({number(min(seconds) * 1e3)})"


def number(value: float) -> str:
    """Return a number with three figures that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def repeat(call: Callable[[], object], times: int) -> list[float]:
    """Return the seconds that each of some calls took, after one that is not counted."""
    call()
    seconds = []
    for _ in range(times):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return seconds
