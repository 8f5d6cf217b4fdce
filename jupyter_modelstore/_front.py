"""Is somebody looking? A live notebook has widgets and can ask; scripts, terminals, nbconvert and papermill cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def is_live(shell: InteractiveShell) -> bool:
    """Tell whether the running cell was sent by a notebook that somebody sits at.

    Programs that run notebooks (nbclient, and with it nbconvert and papermill) say in each request that nobody can be asked.
    """
    parent = getattr(shell, "get_parent", None)  # only shells of kernels have it
    request = parent() if parent is not None else {}
    content = request.get("content", {}) if isinstance(request, dict) else {}
    return content.get("allow_stdin") is True and content.get("silent") is not True
