"""Try attempts in a database, each in a transaction that is rolled back, and judge what they did.

All run in one procedure on the server: a few thousand take seconds. Only a transaction that wrote something has its state
compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg

from ._actors import ADMIN, Actor
from ._doors import READS, WRITES, Door
from ._world import Space, World

STATE = (Path(__file__).parent / "judge.sql").read_text("utf-8")
SOME, CHUNK = 25, 400


@dataclass(frozen=True)
class Attempt:
    """An actor at a door; in ``unknown`` at the door of a space that does not exist."""

    actor: Actor
    door: Door
    unknown: Space | None = None

    @cached_property
    def message(self) -> dict[str, str]:
        claims = self.actor.claims
        statement = self.door.of(self.unknown or self.door.space).replace("<me>", self.actor.me)
        return {
            "role": self.actor.role,
            "claims": claims if isinstance(claims, str) else json.dumps(claims),
            "operation": self.door.operation,
            "before": self.door.before,
            "statement": statement,
            "own": self.actor.me if self.door.own else "",
        }

    def __str__(self) -> str:
        return f"{self.actor.name}: {self.door.name} [{self.door.space.label}]"


@dataclass(frozen=True)
class Verdict:
    """What an attempt came to."""

    attempt: Attempt
    allowed: bool
    wrong: str
    """Why it is a failure: an attack that succeeded or an action that was denied; empty when all is well."""


def attempts(doors: Iterable[Door], people: Sequence[Actor]) -> list[Attempt]:
    """Return everybody at every door; where an answer must not tell what exists, at a door of nowhere too."""
    made = []
    twins: dict[str, Space] = {}
    for door in doors:
        twin = twins.setdefault(door.space.label, door.space.twin())
        told_apart = door.twin and door.of(twin) != door.of(door.space)
        for actor in people:
            if not _tries(actor, door):
                continue
            made.append(Attempt(actor, door))
            if told_apart and not actor.forged and not actor.rank(door.space.label) and not door.open_to(actor):
                made.append(Attempt(actor, door, twin))
    return made


def _tries(actor: Actor, door: Door) -> bool:
    if actor.role == "service_role":  # it reads, and changes nothing but files
        return door.kind == WRITES and door.key.startswith(("table ", "column "))
    if door.only:
        return actor.name in door.only
    return door.core or not actor.forged


def play(connection: psycopg.Connection, tried: Sequence[Attempt]) -> Iterator[tuple[Attempt, dict]]:
    """Try attempts one by one; the connection is a superuser's, in autocommit."""
    connection.execute(STATE)
    start, size = 0, SOME
    while part := tried[start : start + size]:
        start, size = start + size, min(2 * size, CHUNK)
        message = json.dumps([attempt.message for attempt in part])
        results = connection.execute("call attacks.run(%s::jsonb)", [message]).fetchone()[0]
        yield from zip(part, results, strict=True)


def judged(connection: psycopg.Connection, world: World, tried: Sequence[Attempt]) -> Iterator[Verdict]:
    """Try attempts, and tell of each whether it came out as it must."""
    connection.execute(STATE)
    states = {own: _state(connection, own) for own in {attempt.message["own"] for attempt in tried}}
    seen: dict[tuple[str, str, str], dict] = {}
    for attempt, result in play(connection, tried):
        door, actor = attempt.door, attempt.actor
        place = (actor.name, door.name, door.space.label)
        if attempt.unknown is None:
            seen[place] = result
            wrong = _judge(attempt, result, world, states)
        else:
            wrong = "tells what exists from what does not" if _differ(attempt, seen[place], result) else ""
        yield Verdict(attempt, door.open_to(actor) and attempt.unknown is None, wrong)


def _state(connection: psycopg.Connection, own: str) -> str:
    return connection.execute("select attacks.state(%s)", [own]).fetchone()[0]


def _judge(attempt: Attempt, result: dict, world: World, states: dict[str, str]) -> str:
    door, actor = attempt.door, attempt.actor
    own = attempt.message["own"]
    changed = result["state"] is not None and result["state"] != (result["before"] or states[own])
    told = f"{result['said'] or ''} {result['error']}"
    wanted = [door.sees] if door.sees else door.space.words
    secret = forbidden(world, actor)
    elsewhere = 0 < actor.rank(door.space.label) < ADMIN or actor.receives  # may see some of it, by another door
    if elsewhere and not door.open_to(actor) and door.kind == READS and not door.own:
        secret.update(set(wanted) - {actor.me})
    leaked = [each for each in secret if each in told and each not in attempt.message["statement"]]
    if leaked:
        return f"sees {leaked[:3]}"
    if not door.open_to(actor):
        return "changes something" if changed else ""
    if result["error"]:
        return f"is denied: {result['error']}"
    if door.kind == WRITES:
        return "" if changed else "changes nothing"
    return "" if door.kind != READS or any(each in told for each in wanted) else f"sees only {told[:200]}"


def forbidden(world: World, actor: Actor) -> set[str]:
    """Return the words that an actor must not see."""
    if actor.role == "service_role":
        return set()
    words = {each for space in world.spaces.values() if actor.rank(space.label) == 0 for each in space.secrets}
    if actor.receives:
        words -= {each for space in world.spaces.values() if "shared" in space.models for each in space.shared.shown_words}
    return words


def _differ(attempt: Attempt, known: dict, unknown: dict) -> bool:
    """Compare two answers, each id of the one taken for the same of the other."""
    texts = [f"{known['said']} {known['error']}", f"{unknown['said']} {unknown['error']}"]
    for real, other in zip(attempt.door.space.words, attempt.unknown.words, strict=True):
        texts[1] = texts[1].replace(other, real)
    return texts[0] != texts[1]
