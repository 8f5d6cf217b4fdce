"""Run the benchmarks and print one Markdown table; see README.md beside this file."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from _turns import TIMES

if TYPE_CHECKING:
    from _turns import Row

TOPICS = ("start", "list", "save", "load", "capture")
_SHOWN = ("scikit-learn", "numpy", "joblib", "pins", "mlflow")
_WORK = Path(__file__).parent.parent / ".cache"


def main() -> None:
    parser = argparse.ArgumentParser(description="Time jupyter-modelstore beside the plain steps and beside other stores.")
    parser.add_argument("--quick", action="store_true", help="smaller models, fewer rounds: does it run?")
    parser.add_argument("--only", default=",".join(TOPICS), metavar="A,B", help=f"of {', '.join(TOPICS)}")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="without pins and mlflow")
    parser.add_argument("--dir", type=Path, default=_WORK, help="where to write; on a real disk, or fsync costs nothing")
    options = parser.parse_args()
    topics = options.only.split(",")
    if unknown := set(topics) - set(TOPICS):
        parser.error(f"there is no {', '.join(unknown)}")
    options.dir.mkdir(parents=True, exist_ok=True)
    found: list[Row] = []
    for topic in topics:
        print(f"{topic} …", file=sys.stderr, flush=True)
        # A process of its own: no topic pays for the libraries of another.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_hush) as fresh:
            found += fresh.submit(_rows, topic, options.dir, quick=options.quick, peers=options.peers).result()
    print(table(found))
    print(f"\n{_about()}")


def _rows(topic: str, directory: Path, *, quick: bool, peers: bool) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=directory, ignore_cleanup_errors=True) as work:
        os.chdir(work)
        rows: list[Row] = importlib.import_module(topic).rows(Path(work).resolve(), quick=quick, peers=peers)
        os.chdir(directory)
    return rows


def _hush() -> None:
    """Send what the peers print to nowhere; an error still reaches the parent."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def table(rows: list[Row]) -> str:
    lines = [
        f"| what | goal | measured | | ms: median (min) | beside, ms: median (min), {TIMES} ours |",
        "|---|---|--:|:-:|--:|---|",
    ]
    for row in rows:
        mark = "✓" if row.holds else "✗"
        lines.append(f"| {row.what} | {row.goal} | {row.measured} | {mark} | {row.ours} | {' · '.join(row.beside)} |")
    return "\n".join(lines)


def _about() -> str:
    versions = []
    for name in _SHOWN:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"Python {platform.python_version()}, {', '.join(versions)}; {os.cpu_count()} processors, {platform.system()}."


if __name__ == "__main__":
    main()
