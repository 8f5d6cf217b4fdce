"""The widgets under a notebook's cells: those of a cell that runs again are closed, for its output is gone.

Only what a magic or an offer showed is closed, which nobody holds but the cell's output. A ``Gallery`` that the user made is
the user's, who may show it in another place. Which cell it is, Jupyter's front ends say in each request (``cellId``); where
none says it, and outside of cells (a button's callback), nothing is closed.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class _Widget(Protocol):
    def close(self) -> None: ...


class Outputs:
    """What stands under the cells of one shell.

    Parameters
    ----------
    shell
        Whose cells.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._shown: dict[str, tuple[str, WeakSet[_Widget]]] = {}

    def begin(self) -> None:
        """Have IPython tell of the beginning of each cell."""
        self._shell.events.register("pre_run_cell", self.before)

    def before(self, _: object) -> None:
        """Close what the cell showed when it ran before; a cell inside of another one belongs to the same request."""
        cell, run = self._now()
        if cell in self._shown and self._shown[cell][0] != run:
            for widget in list(self._shown.pop(cell)[1]):
                with contextlib.suppress(Exception):  # no cell may fail because of it
                    widget.close()

    def note(self, widget: _Widget) -> None:
        """Remember what the running cell shows."""
        cell, run = self._now()
        if cell:
            self._shown.setdefault(cell, (run, WeakSet()))[1].add(widget)

    def _now(self) -> tuple[str, str]:
        """Return the id of the cell that runs, empty if it has none, and that of the request to run it."""
        parent = getattr(self._shell, "get_parent", None)  # only shells of kernels have it
        request = parent() if parent is not None else {}
        if not isinstance(request, dict):
            return "", ""
        cell = request.get("metadata", {}).get("cellId")
        return cell if isinstance(cell, str) else "", str(request.get("header", {}).get("msg_id", ""))


def end(shell: InteractiveShell) -> None:
    """Have IPython tell no longer."""
    for callback in list(shell.events.callbacks["pre_run_cell"]):
        if isinstance(getattr(callback, "__self__", None), Outputs):
            shell.events.unregister("pre_run_cell", callback)
