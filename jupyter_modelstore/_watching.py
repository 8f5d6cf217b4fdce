"""IPython's side of the watch: tells it of each cell, and asks it at a save.

Nothing of this package's may make a cell fail: where watching goes wrong, the notebook is forgotten, and what is not known is
not kept. A form may be filled in while a cell runs, on another thread, so that one lock guards the watch.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelstore.capture import Watch
    from jupyter_modelstore.config import ModelStore
    from jupyter_modelstore.record import Captured

_EVENTS = {"pre_run_cell": "before", "post_run_cell": "after"}


class Watching:
    """The watch of one shell.

    Parameters
    ----------
    shell
        Whose cells.
    settings
        What is configured; asked for when it is first needed.
    """

    def __init__(self, shell: InteractiveShell, settings: Callable[[], ModelStore]) -> None:
        self._shell = shell
        self._settings = settings
        self._watch: Watch | None = None
        self._first: tuple[int, str] | None = None
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Have IPython tell of each cell."""
        for event, method in _EVENTS.items():
            self._shell.events.register(event, getattr(self, method))
        raw = getattr(self._shell.history_manager, "input_hist_raw", [""])
        if "jupyter_modelstore" in raw[-1]:
            self._first = (len(raw) - 1, raw[-1])

    @property
    def watch(self) -> Watch:
        """The memory of this notebook's cells."""
        if self._watch is None:
            from jupyter_modelstore.capture import Watch

            self._watch = Watch()
            if self._first is not None:
                self._watch.begin(*self._first)
        return self._watch

    def before(self, info: Any) -> None:  # noqa: ANN401 (IPython's ExecutionInfo)
        """Note that a cell begins."""
        try:
            with self._lock:
                self.watch.before(info.raw_cell or "", self._shell.user_ns)
        except Exception as error:  # noqa: BLE001 (no cell may fail because it is watched)
            self._blind(error)

    def after(self, result: Any) -> None:  # noqa: ANN401 (IPython's ExecutionResult)
        """Note that a cell ended."""
        try:
            failed = result.error_in_exec or result.error_before_exec
            with self._lock:
                self.watch.after(
                    self._shell.user_ns,
                    number=result.execution_count,
                    value=result.result,
                    failed=failed is not None,
                    error_line=_error_line(failed, self._shell.user_ns),
                    output=self._output(result.execution_count),
                )
        except Exception as error:  # noqa: BLE001 (see before)
            self._blind(error)

    def _blind(self, error: Exception) -> None:
        """Forget the notebook: what is not known is not kept, and what may be wrong is not known."""
        self._watch = None
        if self._settings().debug:
            raise error

    def _output(self, number: int | None) -> str:
        """Return what a cell printed, where IPython keeps it (9 and later)."""
        outputs = getattr(self._shell.history_manager, "outputs", {})
        kept = outputs.get(number, []) if number is not None else []
        return "".join(text for part in kept if part.output_type == "out_stream" for text in part.bundle.get("stream", ()))

    def advance(self) -> None:
        """Let the watch read what of the running cell was run so far."""
        manager, namespace = self._shell.history_manager, self._shell.user_ns
        number = None if manager is None else len(manager.input_hist_raw) - 1
        line = _line_of(sys._getframe(), namespace)  # noqa: SLF001 (Python's own way)
        with self._lock:
            self.watch.advance(namespace, line, number)

    def captured(self, variable: str, model: object) -> Captured:
        """Return what the notebook knows of a model that is being saved."""
        from jupyter_modelstore import capture
        from jupyter_modelstore.record import Captured

        try:
            with self._lock:
                self.advance()
                return capture.captured(self.watch, variable, model, self._shell.user_ns, self._settings().kept)
        except Exception as error:  # noqa: BLE001 (a save must not fail because something could not be found out)
            self._blind(error)
            return Captured(notes=("nothing was found out of the notebook, by a fault of ours",))

    def kept(self, model: object) -> None:
        """Note that a model was saved just now."""
        with self._lock:
            self.watch.keep(model)

    @property
    def settings(self) -> ModelStore:
        """What is configured for this notebook."""
        return self._settings()

    @property
    def namespace(self) -> Mapping[str, Any]:
        """The notebook's variables."""
        namespace: Mapping[str, Any] = self._shell.user_ns
        return namespace


def of(shell: InteractiveShell) -> Watching | None:
    """Return the watch of a shell; None where the extension is not loaded."""
    owners = (getattr(callback, "__self__", None) for callback in shell.events.callbacks["post_run_cell"])
    return next((owner for owner in owners if isinstance(owner, Watching)), None)


def end(shell: InteractiveShell) -> None:
    """Have IPython tell no longer."""
    for event in _EVENTS:
        for callback in list(shell.events.callbacks[event]):
            if isinstance(getattr(callback, "__self__", None), Watching):
                shell.events.unregister(event, callback)


def _line_of(frame: FrameType | None, namespace: Mapping[str, Any]) -> int | None:
    """Return the line of the notebook's own level that is being run."""
    while frame is not None:
        if frame.f_globals is namespace and frame.f_code.co_name == "<module>":
            return frame.f_lineno
        frame = frame.f_back
    return None


def _error_line(error: BaseException | None, namespace: Mapping[str, Any]) -> int | None:
    """Return the line of a cell's own level in which an error came up."""
    trace = None if error is None else error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is namespace and trace.tb_frame.f_code.co_name == "<module>":
            return trace.tb_lineno
        trace = trace.tb_next
    return None
