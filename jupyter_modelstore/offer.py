"""Notices a fit and offers, once, to keep it: one line under the cell, in a live notebook and nowhere else.

Looking costs nothing that the watch has not paid already; widgets are imported with the first offer. Nothing is saved by
itself, and nothing here may make a cell fail.

What is kept already is not offered: the very object, or one whose file would be the same, byte for byte, as that of a model's
newest version, such as a fit that was run again. For that the model is pickled into a hash, but only where something small
enough of its algorithm is kept, and no further than that is large. What is larger is offered again, and so is a search such
as ``GridSearchCV``, which holds its own seconds: no two of them are the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_modelstore._front import is_live

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelstore import widgets
    from jupyter_modelstore._outputs import Outputs
    from jupyter_modelstore._watching import Watching
    from jupyter_modelstore.capture import Fresh, Watch
    from jupyter_modelstore.config import ModelStore
    from jupyter_modelstore.registry import Registry
T = TypeVar("T")

_MOST_OPEN = 8
"""So many open offers are looked at after each cell; older ones look when they are asked."""

_MOST_TWINS = 100
_LARGEST = 64_000_000
_PATIENCE = 0.5
"""What may be spent on finding out whether a fit is kept already: so many versions, bytes, and twice so many seconds."""


class Offers:
    """The offers of one shell.

    Parameters
    ----------
    shell
        Whose cells.
    watching
        What is known of them.
    settings, store
        What is configured, and where an accepted offer is kept; asked for when they are first needed.
    outputs
        Told of what stands under a cell.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        watching: Watching,
        settings: Callable[[], ModelStore],
        store: Callable[[], Registry],
        outputs: Outputs,
    ) -> None:
        self._shell = shell
        self._watching = watching
        self._settings = settings
        self._store = store
        self._outputs = outputs
        self._watch: Watch | None = None
        self._seen = 0
        self._made: set[tuple[int, int]] = set()
        self._open: dict[str, widgets.Offer] = {}

    def begin(self) -> None:
        """Have IPython tell of the end of each cell, after the watch."""
        self._shell.events.register("post_run_cell", self.after)

    def after(self, result: Any) -> None:  # noqa: ANN401 (IPython's ExecutionResult)
        """Look at what a cell did, and make an offer if there is reason to."""
        try:
            watch = self._watching.watch
            if not watch.idle:  # a cell inside another one: its output is that one's
                return
            self._look_again()
            since, self._seen = (self._seen if watch is self._watch else 0), watch.runs
            self._watch = watch
            if result.success and is_live(self._shell) and watch.has_news(since):
                self._offer(watch, since)
        except Exception:
            if self._watching.settings.debug:
                raise

    def _look_again(self) -> None:
        live = [(variable, offer) for variable, offer in self._open.items() if not offer.is_closed]
        for _, offer in live:
            offer.look_again()
        still = [(variable, offer) for variable, offer in live if not offer.end()]
        self._open = dict(still[-_MOST_OPEN:])

    def _offer(self, watch: Watch, since: int) -> None:
        settings = self._settings()
        if settings.offer == "off":
            return
        from jupyter_modelstore import capture

        found = capture.fresh(watch, self._shell.user_ns, since=since, seconds=settings.offer_after)
        if len(found) == 1 and found[0].fit not in self._made and not self._is_kept(found[0]):
            self._made.add(found[0].fit)
            if not self._has_twin(found[0]):
                self._show(found[0], settings)

    def _is_kept(self, fresh: Fresh) -> bool:
        """Tell whether the model is one that is saved, and unchanged since."""
        known = self._store().recognise(fresh.ref())
        return known is not None and known[1]

    def _has_twin(self, fresh: Fresh) -> bool:
        """Tell whether the newest version of some model holds the same bytes, as far as that is found out soon."""
        from jupyter_modelstore import capture, formats
        from jupyter_modelstore.record import Query

        model, store = fresh.ref(), self._store()
        query = Query(algorithm=capture.describe(model).algorithm)
        page = _within(_PATIENCE, lambda: store.page(query, limit=_MOST_TWINS))
        twins = {one.sha256: one.model_file_size for one in page.records if one.sha256} if page is not None else {}
        largest = max((size for size in twins.values() if size <= _LARGEST), default=0)
        if not largest:
            return False
        return formats.digest(model, formats.default(), largest=largest, seconds=_PATIENCE) in twins

    def _show(self, fresh: Fresh, settings: ModelStore) -> None:
        from jupyter_modelstore.widgets import Offer

        offer = self._open[fresh.variable] = Offer(fresh, self._watching, self._store(), settings)
        self._outputs.note(offer)
        offer.show()


def _within(seconds: float, ask: Callable[[], T]) -> T | None:
    """Return an answer if it comes in time; nobody waits for a project that is out of reach."""
    answers: SimpleQueue[T | None] = SimpleQueue()

    def run() -> None:
        answer = None
        with contextlib.suppress(Exception):  # then it is not known
            answer = ask()
        answers.put(answer)

    threading.Thread(target=run, name="modelstore-offer", daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        return None


def end(shell: InteractiveShell) -> None:
    """Have IPython tell no longer."""
    for callback in list(shell.events.callbacks["post_run_cell"]):
        if isinstance(getattr(callback, "__self__", None), Offers):
            shell.events.unregister("post_run_cell", callback)
