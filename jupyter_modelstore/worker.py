"""Sends saves while the user goes on: what this machine holds goes to its store in one thread, in order, until all has arrived.

A save that is handed over is followed: whoever did so is told of each step, on the worker's thread. When the store does not
answer, the worker tries again by itself, ever less often. Nothing is lost if it dies: the truth lies in the spool, and the
worker of the next kernel goes on.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from jupyter_modelstore.errors import ModelStoreError, NotFound, ServiceError, StoreBusy, Unreachable
from jupyter_modelstore.record import ModelRecord, Saved
from jupyter_modelstore.registry import Registry

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0  # seconds until it is tried again
_TELL_EVERY = 0.5  # seconds; a notebook keeps up with two updates of an output a second


@dataclass(frozen=True, slots=True)
class Step:
    """How far a save that is being sent has come.

    Attributes
    ----------
    stage : str
        ``sending``.
    done, total : int or None
        Bytes; None while nothing is known of them.
    """

    stage: str = "sending"
    done: int | None = None
    total: int | None = None


Outcome = Saved | ModelStoreError
"""What a save became, or why it has not arrived."""


@dataclass(slots=True)
class Ticket:
    """One save that was handed over.

    Attributes
    ----------
    record : ModelRecord
        As it waits.
    outcome : Saved or ModelStoreError or None
        The last news; None while it is on its way for the first time.
    """

    record: ModelRecord
    outcome: Outcome | None = None
    _told: Callable[[Step | Outcome], None] = field(default=lambda _: None)
    _known: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it has arrived, was refused, or is known to have to wait; False if the time is over before."""
        return self._known.wait(seconds)

    def tell(self, news: Step | Outcome) -> None:
        """Note what has become of it, and hand that on."""
        if not isinstance(news, Step):
            self.outcome = news
            self._known.set()
        with contextlib.suppress(Exception):  # an output that cannot be drawn is no reason to send no more
            self._told(news)


class Worker:
    """Sends what waits for one store.

    Parameters
    ----------
    store
        Where saves go.

    Attributes
    ----------
    changed : callable
        Called on the worker's thread whenever there is news: a save begins, comes on, fails (False), or has arrived (True).
    """

    def __init__(self, store: Registry) -> None:
        self._store = store
        self.changed: Callable[[bool], None] = lambda _: None
        self.begin()

    def begin(self) -> None:
        """Begin anew, with nothing in hand: a forked child has neither the thread nor the saves of its parent."""
        self._refused = False
        self._lock = threading.Lock()
        self._wanted, self._resting = threading.Event(), threading.Event()
        self._resting.set()
        self._thread: threading.Thread | None = None
        self._tickets: dict[str, Ticket] = {}
        self._steps: dict[str, Step] = {}
        self._failures: dict[str, ModelStoreError] = {}
        self._next = 0.0

    @property
    def steps(self) -> Mapping[str, Step]:
        """How far the saves that are being sent now have come, by ``save_id``."""
        return dict(self._steps)

    @property
    def failures(self) -> Mapping[str, ModelStoreError]:
        """Why saves that wait have not arrived, by ``save_id``."""
        return dict(self._failures)

    @property
    def under_way(self) -> list[Ticket]:
        """The saves that were handed over and of which nothing is known yet."""
        with self._lock:
            return [ticket for ticket in self._tickets.values() if ticket.outcome is None]

    def take(self, record: ModelRecord, told: Callable[[Step | Outcome], None] = lambda _: None) -> Ticket:
        """Send a save that is ``pending``; ``told`` hears of its steps at most twice a second, and of what becomes of it."""
        ticket = Ticket(record, _told=told)
        with self._lock:
            self._tickets[str(record.save_id)] = ticket
        self.wake()
        return ticket

    def answered(self) -> None:
        """Send at once what could not be sent for want of an answer: the store has just given one."""
        if any(isinstance(error, Unreachable) for error in self.failures.values()):
            self.wake()

    def rest(self, seconds: float) -> bool:
        """Wait until nothing is being sent; False if the time is over before."""
        return self._resting.wait(seconds) or self._thread is None or not self._thread.is_alive()

    def wake(self, *, now: bool = True, refused: bool = False) -> None:
        """Send what waits; or soon, since it failed just now. ``refused``: try also what was refused."""
        with self._lock:
            self._refused = self._refused or refused
            if now:
                self._resting.clear()
                self._wanted.set()
            if self._thread is None or not self._thread.is_alive():  # it has ended, or this is a fork
                self._thread = threading.Thread(target=self._run, name="modelstore-worker", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            if self._wanted.wait(pause):
                self._wanted.clear()
                pause = _FIRST_PAUSE
            else:
                pause = min(2 * pause, _LONGEST_PAUSE)
            self._resting.clear()
            try:
                self._send()
            finally:
                with self._lock:
                    if not self._wanted.is_set():  # what was handed over meanwhile is sent next
                        self._resting.set()
            with self._lock:
                if not (self._tickets or self._wanted.is_set() or self.waits()):
                    self._thread = None
                    return

    def _send(self) -> None:
        refused, self._refused = self._refused, False
        seen = dict(self._tickets)  # what is handed over meanwhile has its turn next
        try:
            self._store.resume(self._progress, refused=refused, told=self._hear)
            self._close(seen)
        except ModelStoreError as error:  # nobody is signed in, or the disk is gone: all of them wait
            self._fail(error)
        except Exception as error:  # noqa: BLE001 (a thread has nobody to raise to)
            self._fail(ServiceError(f"Sending failed, by a fault of ours ({type(error).__name__}).", "%modelstore resume"))

    def waits(self) -> bool:
        """Tell whether anything is to be sent; while nobody is signed in, nothing is."""
        try:
            return any(record.refused is None for record in self._store.pending())
        except ModelStoreError:
            return False

    def _progress(self, stage: str, done: int, total: int | None) -> None:
        now = monotonic()
        if now < self._next:
            return
        self._next = now + _TELL_EVERY
        for save_id in list(self._steps):  # one at a time
            self._steps[save_id] = step = Step(stage, done, total)
            if (ticket := self._tickets.get(save_id)) is not None:
                ticket.tell(step)
        self._tell_changed(False)

    def _tell_changed(self, arrived: bool) -> None:  # noqa: FBT001 (what `changed` takes)
        with contextlib.suppress(Exception):  # as in Ticket.tell
            self.changed(arrived)

    def _hear(self, record: ModelRecord, outcome: Outcome | None) -> None:
        save_id = str(record.save_id)
        self._steps.pop(save_id, None)
        self._failures.pop(save_id, None)
        if outcome is None:
            self._steps[save_id] = Step()
        else:
            if isinstance(outcome, ModelStoreError):
                self._failures[save_id] = outcome
            self._settle(save_id, outcome)
        self._tell_changed(isinstance(outcome, Saved))

    def _settle(self, save_id: str, outcome: Outcome) -> None:
        """Tell of what became of a save; one that waits is followed further."""
        with self._lock:
            ticket = self._tickets.get(save_id)
            if ticket is None:
                return
            if isinstance(outcome, Saved) or not self._still_waits(ticket):
                del self._tickets[save_id]
        ticket.tell(outcome)

    def _still_waits(self, ticket: Ticket) -> bool:
        """Tell whether a save is tried again by itself; while somebody else is signed in, or nobody, it waits for its owner."""
        if not self._is_of_user(ticket):
            return True
        kept = self._kept(ticket)
        return kept is not None and kept.refused is None

    def _is_of_user(self, ticket: Ticket) -> bool:
        try:
            return self._store.user_id == ticket.record.user_id
        except ModelStoreError:
            return False

    def _kept(self, ticket: Ticket) -> ModelRecord | None:
        """Return a save as this machine keeps it; None if it does not any more."""
        return next((record for record in self._store.pending() if record.save_id == ticket.record.save_id), None)

    def _close(self, seen: Mapping[str, Ticket]) -> None:
        """Look after saves of which the store said nothing: others have sent them, or are about to, or they were given up."""
        for save_id, ticket in seen.items():
            if save_id not in self._tickets or not self._is_of_user(ticket):
                continue
            if self._still_waits(ticket):
                if ticket.outcome is None:
                    self._settle(save_id, self._why_not_yet())
                continue
            outcome = self._became(ticket)
            self._settle(save_id, outcome)
            self._tell_changed(isinstance(outcome, Saved))

    def _why_not_yet(self) -> ModelStoreError:
        """Return why a save was not tried: nothing more is sent once the project does not answer."""
        silent = (error for error in self.failures.values() if isinstance(error, Unreachable))
        return next(silent, StoreBusy("An earlier save of this name has not arrived, or another notebook is sending it."))

    def _became(self, ticket: Ticket) -> Outcome:
        """Return what became of a save that waits no more, by what this machine and the store know of it."""
        kept = self._kept(ticket)
        if kept is not None and kept.refused is not None:
            return ModelStoreError(str(kept.refused.get("message", "")), str(kept.refused.get("hint", "")))
        save_id, name = str(ticket.record.save_id), ticket.record.model_name
        if (doubt := self._store.doubted().get(save_id)) is not None:
            return doubt
        record = self._store.became(save_id, name, ticket.record.sha256)
        if record is None:
            return NotFound("This save was given up.", "%modelstore doctor names what waits.")
        return Saved(record=record, created=record.save_id == save_id)

    def _fail(self, error: ModelStoreError) -> None:
        self._steps.clear()
        for ticket in list(self._tickets.values()):
            ticket.tell(error)
        self._tell_changed(False)


_workers: dict[tuple[str, str, str], Worker] = {}


def of(store: Registry) -> Worker:
    """Return the one worker of a person's store, for all doors of this process, however often it was opened."""
    try:
        user_id = store.user_id
    except ModelStoreError:  # nobody is signed in: nothing is sent
        user_id = ""
    key = (store.location, str(store.local_directory), user_id)
    found = _workers.get(key)
    return _workers.setdefault(key, Worker(store)) if found is None else found


def _begin_anew() -> None:
    for worker in _workers.values():
        worker.begin()


if hasattr(os, "register_at_fork"):  # a lock that another thread of the parent's held would never be free
    os.register_at_fork(after_in_child=_begin_anew)
