"""Answers what the views of one widget ask: a message with a ``rid`` in, one or more messages with that ``rid`` out.

Every message is taken for hostile: verbs come from a table, arguments are checked against it, and what goes wrong is answered
in plain words. Handlers run on whatever thread the message came on; what takes long gets a thread of its own, tells of its
progress, and can be cancelled.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any
from weakref import WeakSet

from jupyter_modelstore._json import clean
from jupyter_modelstore._parser import Argument, arguments_from_json
from jupyter_modelstore.errors import Cancelled, InvalidValue, ModelStoreError, UsageError
from jupyter_modelstore.names import visible
from jupyter_modelstore.record import to_json
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.verbs import CHANGING, VERBS, plain

_FROM_TABLE = (
    *("list", "versions", "show", "compare", "stats", "facets"),
    *("edit", "alias", "rename", "delete", "restore", "purge", "empty-trash"),
)
_MOST_RID = 200
_PAUSE = 0.1
"""Seconds between two messages of progress."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What views may ask.

    Attributes
    ----------
    name : str
    call : callable
        Takes the arguments by name, and if it is ``long`` also ``progress``; returns the answer.
    arguments : tuple of Argument
    long : bool
        It gets a thread of its own.
    changes : bool
        Other widgets must look again.
    """

    name: str
    call: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    long: bool = False
    changes: bool = False


class Desk:
    """Answers the messages of one widget.

    Parameters
    ----------
    store
        What is asked about.
    send
        Takes a message to all views of the widget, from any thread.
    requests
        What these views may ask beyond the table of verbs.
    way
        Takes what an error says to do, in lines to type, and returns it in the words of these views.
    """

    def __init__(
        self,
        store: Registry,
        send: Callable[[dict[str, Any]], None],
        requests: Iterable[Request] = (),
        way: Callable[[str], str] = str,
    ) -> None:
        self.store = store
        self.send = send
        self._way = way
        self._work: dict[str, _Work] = {}
        table = [
            Request(name, partial(VERBS[name].call, store), VERBS[name].arguments, changes=name in CHANGING)
            for name in _FROM_TABLE
        ]
        cancel = Request("cancel", self._cancel, (Argument("rid", "what to stop"),))
        self._requests = {request.name: request for request in (*table, cancel, *requests)}
        with _desks_lock:
            _desks.add(self)

    @property
    def is_busy(self) -> bool:
        """Whether something long goes on."""
        return bool(self._work)

    def receive(self, message: object) -> None:
        """Answer one message; what has no ``rid`` cannot be answered."""
        if not isinstance(message, Mapping):
            return
        rid, verb, given = message.get("rid"), message.get("verb"), message.get("args", {})
        if not isinstance(rid, str) or not 0 < len(rid) <= _MOST_RID or clean(rid) != rid:
            return
        request = self._requests.get(verb) if isinstance(verb, str) else None
        if request is None or not isinstance(given, Mapping):
            self._answer(rid, partial(_refuse, verb))
        elif request.long:
            self._start(rid, request, given)
        else:
            self._answer(rid, lambda: request.call(**arguments_from_json(request.arguments, given)), changes=request.changes)

    def _start(self, rid: str, request: Request, given: Mapping[str, object]) -> None:
        """Answer in a thread that, for the kernel, belongs to the message that asked."""
        work = self._work[rid] = _Work(partial(self._tell, rid))

        def run() -> None:
            try:
                self._answer(
                    rid,
                    lambda: request.call(progress=work, **arguments_from_json(request.arguments, given)),
                    changes=request.changes,
                )
            finally:
                self._work.pop(rid, None)

        threading.Thread(target=contextvars.copy_context().run, args=(run,), name="modelstore-widget", daemon=True).start()

    def _tell(self, rid: str, stage: str, done: int, total: int | None) -> None:
        self.send({"rid": rid, "progress": {"stage": stage, "done": done, "total": total}})

    def _cancel(self, rid: str) -> dict[str, bool]:
        work = self._work.get(rid)
        if work is not None:
            work.cancelled.set()
        return {"cancelled": work is not None}

    def _answer(self, rid: str, call: Callable[[], Any], *, changes: bool = False) -> None:
        try:
            answer = to_json(plain(call()))
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (a view waits for an answer, whatever happened)
            described = _described(error)
            self.send({"rid": rid, "ok": False, "error": {**described, "hint": self._way(described["hint"])}})
            return
        self.send({"rid": rid, "ok": True, "answer": answer})
        if changes:
            tell_changed(self.store, by=self)


def tell_changed(store: Registry, by: Desk | None = None) -> None:
    """Let the widgets over a store look again, but for the one that changed something."""
    tell(store, {"event": "changed"}, by)


def tell(store: Registry, message: dict[str, Any], by: Desk | None = None) -> None:
    """Send a message to the widgets over a store, but for one."""
    with _desks_lock:
        others = [desk for desk in _desks if desk is not by and desk.store.location == store.location]
    for desk in others:
        desk.send(message)


_desks: WeakSet[Desk] = WeakSet()
_desks_lock = threading.Lock()


class _Work:
    """A piece of long work: is told how far it is, hands that on ten times a second, and ends it when it was cancelled."""

    def __init__(self, tell: Callable[[str, int, int | None], None]) -> None:
        self.cancelled = threading.Event()
        self._tell = tell
        self._next = 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if self.cancelled.is_set():
            raise Cancelled("You stopped it; nothing was changed.")
        now = monotonic()
        if now >= self._next:
            self._next = now + _PAUSE
            self._tell(stage, done, total)


def _refuse(verb: object) -> None:
    raise UsageError(f"'{visible(str(verb))}' cannot be asked here.", "Run the cell again: it may be from another version.")


def _described(error: BaseException) -> dict[str, str]:
    """Return what a view shows of an error: never a stack, and of a strange one nothing but its kind."""
    if isinstance(error, ModelStoreError):
        return error.to_json()
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("The kernel was interrupted; nothing was changed.").to_json()
    if isinstance(error, UnicodeEncodeError):  # from a cut pair of surrogates, as pages let one type it
        return InvalidValue("A text holds half a character, which cannot be stored.", "Delete it and type it again.").to_json()
    _log.debug("A message of a widget could not be answered.", exc_info=error)
    return ModelStoreError(
        f"This did not work, by a fault of ours ({type(error).__name__}).", "Try again, or use the magic."
    ).to_json()
