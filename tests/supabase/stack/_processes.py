"""Processes of a stack: started apart from the terminal, known by pid and start, stopped by these."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil


def identity(pid: int) -> dict:
    """Return what tells a process from a later one with its number; raises if it is gone."""
    return {"pid": pid, "started": psutil.Process(pid).create_time()}


def find(known: Mapping) -> psutil.Process | None:
    """Return the process, unless it ended."""
    try:
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["started"]) < 0.05
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def start(command: Sequence[str | Path], log: Path, *, env: Mapping[str, str] | None = None, **options) -> dict:
    """Start a server, its output in a file; return its identity."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment, **(env or {})},
            start_new_session=True,
            **options,
        )
    child.returncode = 0  # not ours to wait for: it may outlive us, and `stop` goes by its pid
    return identity(child.pid)


def stop(known: Mapping, sign: int = signal.SIGTERM, patience: float = 5) -> None:
    """End a process and wait for it; what does not listen is killed."""
    for each in (sign, signal.SIGKILL):
        process = find(known)
        if process is None:
            return
        process.send_signal(each)
        deadline = time.monotonic() + patience
        while find(known) is not None and time.monotonic() < deadline:
            time.sleep(0.01)


def wait_until(ready: Callable[[], bool], known: Mapping, log: Path, seconds: float = 30) -> None:
    """Wait for a server; what it said stands in the error if it ended or never answers."""
    deadline = time.monotonic() + seconds
    while not ready():
        if find(known) is None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
            raise RuntimeError(f"{log.stem} did not come up. Its log ends:\n{said}")
        time.sleep(0.02)
