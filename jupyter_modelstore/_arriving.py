"""What a notebook shows of work that takes its time: a line while a cell waits, a card for what goes on after it.

A save that this machine holds is handed to the worker, and the prompt comes back. Its card stands where the cell put it, and
is drawn anew as the save comes on, at most twice a second, until it says what a save says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_modelstore.errors import Cancelled, InvalidReference, ModelStoreError, NotFound
from jupyter_modelstore.names import key_of, visible

if TYPE_CHECKING:
    from jupyter_modelstore.record import Captured, ModelRecord, Saved
    from jupyter_modelstore.registry import Registry
    from jupyter_modelstore.worker import Step, Worker

_LOOK_EVERY = 0.1  # seconds


class ProgressLine:
    """Tells of long work in one line that is updated at most twice a second, and gone at the end."""

    def __init__(self) -> None:
        from time import monotonic

        self._clock = monotonic
        self._next = monotonic() + 1.0
        self._handle: Any = None

    def __enter__(self) -> ProgressLine:  # noqa: PYI034 (Python 3.10 has no Self)
        return self

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take notice of bytes."""
        self.say(lambda: f"{stage} … {_part(done, total)}")

    def say(self, text: Callable[[], str]) -> None:
        """Show a text, if it is time."""
        if self._clock() >= self._next:
            self._next = self._clock() + 0.5
            self._tell(text())

    def _tell(self, text: str) -> None:
        from IPython.display import display

        bundle = {"text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._tell("")


def _part(done: int, total: int | None) -> str:
    from jupyter_modelstore.card import size

    return size(done) + (f" of {size(total)} ({100 * done // total} %)" if total else "")


class Arrivals:
    """The saves of one shell that are on their way to a store.

    Parameters
    ----------
    store
        Where they go.
    """

    def __init__(self, store: Registry) -> None:
        self.store = store

    def begin(self) -> None:
        """Send what waits from before, if anything does, while the user goes on; what cannot be sent now waits on."""
        if self.worker.waits():
            self.worker.wake()

    @property
    def worker(self) -> Worker:
        """What sends them: of whoever is signed in now."""
        from jupyter_modelstore import worker

        return worker.of(self.store)

    def follow(self, saved: Saved, captured: Captured | None) -> None:
        """Show a save that is on its way, and send it."""
        self.worker.take(saved.record, _Card(self.store, saved, captured))

    def answered(self) -> None:
        """Let what waits for the store to answer be sent now that it does."""
        self.worker.answered()

    def leave(self) -> None:
        """Let what could not be sent be tried again, while the program goes on."""
        self.worker.wake(now=False)

    @contextlib.contextmanager
    def awaiting(self, name: str) -> Iterator[None]:
        """Save within: earlier saves of the name arrive before, and if somebody stops waiting, what is kept here goes on."""
        self.settle([name], only_versions=False)
        before = {record.save_id for record in self.store.pending()}
        try:
            yield
        except KeyboardInterrupt:
            from jupyter_modelstore.record import Saved

            for record in self.store.pending():
                if record.save_id not in before:
                    self.follow(Saved(record=record, created=True), None)
            raise

    def settle(self, refs: Iterable[object], *, only_versions: bool) -> None:
        """Wait for saves that are under way under the names of a line.

        Parameters
        ----------
        refs
            The line's arguments; what is no reference is passed over.
        only_versions
            Whether names without a version or alias are passed over: what reads them takes what is here.
        """
        names = set(_names(refs, only_versions=only_versions))
        for ticket in self.worker.under_way if names else ():
            if key_of(ticket.record.model_name) in names:
                _wait(ticket.wait, visible(ticket.record.model_name))

    def settle_all(self) -> None:
        """Wait until nothing is being sent."""
        _wait(self.worker.rest, "what waits")


def _names(refs: Iterable[object], *, only_versions: bool) -> Iterable[str]:
    """Return keys of the names in references; of those with a version or alias alone, if so wished."""
    from jupyter_modelstore.record import Reference

    for ref in refs:
        with contextlib.suppress(InvalidReference, TypeError):
            parsed = Reference.parse(str(ref))
            if parsed.name and (not only_versions or parsed.version is not None or parsed.alias is not None):
                yield key_of(parsed.name)


def _wait(wait: Callable[[float], bool], what: str) -> None:
    with ProgressLine() as line:
        while not wait(_LOOK_EVERY):
            line.say(lambda: f"waiting until {what} has arrived … (interrupt the kernel to stop waiting)")


class _Card:
    """The card of one save, in the output of its cell."""

    def __init__(self, store: Registry, saved: Saved, captured: Captured | None) -> None:
        from IPython.display import display

        self._store, self._saved, self._captured = store, saved, captured
        self._handle = display(self._drawn(saved), display_id=True)

    def __call__(self, news: Step | Saved | ModelStoreError) -> None:
        """Draw it anew."""
        self._handle.update(self._after(news))

    def _after(self, news: Step | Saved | ModelStoreError) -> object:
        from jupyter_modelstore.record import Saved

        if isinstance(news, ModelStoreError):
            return self._drawn(replace(self._saved, record=self._left(news)))
        if isinstance(news, Saved):
            return self._drawn(news)
        return self._drawn(self._saved, "" if news.done is None else _part(news.done, news.total))

    def _left(self, error: ModelStoreError) -> ModelRecord:
        """Return the record of a save that has not arrived, with the reason."""
        record = self._saved.record
        if isinstance(error, NotFound | Cancelled):
            return replace(record, extra={"gone": error.to_json()})
        refused = None
        with contextlib.suppress(ModelStoreError):  # nobody is signed in
            refused = next((each.refused for each in self._store.pending() if each.save_id == record.save_id), None)
        return replace(record, extra={"waits": error.to_json()} if refused is None else {"refused": dict(refused)})

    def _drawn(self, saved: Saved, sending: str = "") -> object:
        from jupyter_modelstore import card

        return card.saved_card(saved, self._store.where, self._captured, sending)
