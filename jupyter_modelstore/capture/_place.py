"""Where a notebook is: its file, and the commit of the repository around it.

git is asked in a thread while the model is being fitted, so that a save does not wait for it. It is asked not to write, and not
to run what a repository's own configuration names.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SECONDS = 5.0
_PATIENCE = 1.0
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def notebook_path(namespace: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """Return the path of the notebook's file, with ``~`` for the home; None where nobody says.

    Jupyter's server sets ``JPY_SESSION_NAME`` for a kernel, VS Code a variable in it.
    """
    said = namespace.get("__vsc_ipynb_file__")
    name = said if type(said) is str else environ.get("JPY_SESSION_NAME", "")
    path = Path(name)
    if path.suffix != ".ipynb":
        return None
    try:
        whole = Path.cwd() / path
        return f"~/{whole.relative_to(Path.home()).as_posix()}" if whole.is_relative_to(Path.home()) else whole.as_posix()
    except (OSError, RuntimeError):  # the working directory is gone, or there is no home
        return path.name


class Repository:
    """The state of the repository around a directory, asked for in the background."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._found: dict[str, Any] | None = None

    def look(self) -> None:
        """Begin to ask, unless that is going on."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._ask, args=(os.getcwd(),), name="modelstore-git", daemon=True)  # noqa: PTH109 (as text)
            self._thread.start()

    def state(self) -> dict[str, Any] | None:
        """Return ``commit`` and ``dirty``; None if there is no repository, or the answer does not come."""
        if self._thread is None:
            self.look()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            if self._thread.is_alive():
                return None
        return self._found

    def _ask(self, directory: str) -> None:
        commit = _git(directory, "rev-parse", "HEAD")
        if commit is None or not _COMMIT.fullmatch(commit.strip()):
            self._found = None
            return
        changes = _git(directory, "status", "--porcelain", "--untracked-files=no")
        dirty = {} if changes is None else {"dirty": bool(changes.strip())}
        self._found = {"commit": commit.strip(), **dirty}


def _git(directory: str, *arguments: str) -> str | None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(  # noqa: S603 (git, with fixed arguments)
            [*_GIT, *arguments],
            cwd=directory,
            env=environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
