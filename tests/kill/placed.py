"""Run one operation again and again, killed before its first step, its second, and so on; check the store each time.

A script: ``placed.py SCENARIO DIRECTORY``. Prints the steps and what was wrong as JSON.
"""

# ruff: noqa: T201 (a script that prints)
from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from harness import Killer, connect, finish, fork, inspect, keep, problems, snapshot, sweep_problems, warm_up

MOST_STEPS = 200


def three(store):
    """Three versions; the second is the champion."""
    for number in (1, 2, 3):
        keep(store, "churn", f"content {number}")
    store.set_alias("churn:2", "champion", why="best")


def trash(store):
    three(store)
    store.delete("churn:1")
    store.delete("churn:3")


def neglected(store):
    """A missing file, old leftovers, and trash that is due."""
    three(store)
    trash_record = store.delete("churn:1").records[0]
    files = Path(store.location) / "files"
    for name in ("aaaaaaaa-0000-4000-8000-000000000000.part", "aaaaaaaa-0000-4000-8000-000000000000.pkl"):
        (files / name).write_bytes(b"left")
        os.utime(files / name, (0, time.time() - 2 * 86400))
    import sqlite3

    db = sqlite3.connect(Path(store.location) / "store.sqlite3")
    db.execute("UPDATE models SET deleted_at = '2020-01-01T00:00:00.000000+00:00' WHERE id = ?", (trash_record.id,))
    db.commit()
    db.close()


def kept_file(store):
    import pickle

    from harness import model

    path = Path(store.location) / "mine.pickle"
    if not path.exists():
        path.write_bytes(pickle.dumps(model("from a file")))
    store.save_file(path, "kept", description="from a file")


SCENARIOS = {
    "first save": (None, lambda store: keep(store, "churn", "first", alias="champion")),
    "next save": (three, lambda store: keep(store, "churn", "content 4", tags=("a",), alias="champion")),
    "large save": (three, lambda store: keep(store, "churn", "large", size=3 << 20)),
    "same bytes": (three, lambda store: keep(store, "churn", "content 3", tags=("a",), alias="newest")),
    "kept file": (three, kept_file),
    "delete": (three, lambda store: store.delete("churn", force=True)),
    "restore": (trash, lambda store: store.restore("churn")),
    "purge": (trash, lambda store: store.purge("churn:1")),
    "empty trash": (trash, lambda store: store.empty_trash()),
    "prune": (three, lambda store: store.prune("churn", keep=1)),
    "rename": (three, lambda store: store.rename("churn", "telco")),
    "alias": (three, lambda store: store.set_alias("churn:3", "champion", why="better")),
    "remove alias": (three, lambda store: store.remove_alias("churn", "champion")),
    "edit": (three, lambda store: store.edit("churn:3", tags=("x", "y"))),
    "download": (three, lambda store: store.download("churn", store.location)),
    "check": (neglected, lambda store: store.check(full=True)),
}
SEVERAL_TRANSACTIONS = {"check"}


def run(scenario, directory):
    """Return the steps at which the operation was killed, and all that was wrong."""
    prepare, operate = SCENARIOS[scenario]
    template = directory / "template"
    template.mkdir()
    warm_up(directory / "warm")
    if prepare:
        _in_child(lambda say: prepare(connect(template)))
    before, steps, wrong, after = snapshot(template), [], [], None
    finished = directory / "finished"
    shutil.copytree(template, finished)
    _in_child(lambda say: operate(connect(finished)))
    after = snapshot(finished)
    for turn in range(1, MOST_STEPS):
        work = directory / "work"
        shutil.copytree(template, work)
        step, acknowledged = _kill_at(turn, work, operate)
        state = snapshot(work)
        allowed = [after] if acknowledged else [before, after]
        found = problems(work)
        if scenario not in SEVERAL_TRANSACTIONS and state not in allowed:
            found.append(f"half-made: {state}")
        found += _half_made_downloads(work)
        found += [line for said in _in_child(lambda say, work=work: say(_go_on(work))) for line in said]
        wrong += [f"killed before {step} ({turn}): {line}" for line in found]
        shutil.rmtree(work)
        if acknowledged:
            return {"steps": steps, "wrong": wrong, "changed": before != after}
        steps.append(step)
    return {"steps": steps, "wrong": ["it never ended"], "changed": False}


def _kill_at(turn, work, operate):
    def child(say):
        killer = Killer(turn, say)
        killer.arm()
        operate(connect(work))
        killer.step("the answer")
        say({"acknowledged": True})

    said, killed = finish(*fork(child))
    if killed:
        return said[-1]["killed before"], False
    if "failed" in said[-1]:
        raise SystemExit(said[-1]["failed"])
    return None, True


def _in_child(work):
    said, _ = finish(*fork(work))
    if said and isinstance(said[-1], dict) and "failed" in said[-1]:
        raise SystemExit(said[-1]["failed"])
    return said


def _half_made_downloads(work):
    sizes = {path.stat().st_size for path in (work / "files").glob("*.pkl")}
    return [f"half-made download {path.name}" for path in work.glob("*.pkl") if path.stat().st_size not in sizes]


def _go_on(work):
    """Use the store in a new process as if nothing had happened; return what is wrong."""
    store = connect(work)
    counters = {row[0]: row[2] for row in snapshot(work)["names"]}
    record = keep(store, "churn", "after the kill").record
    wrong = [] if record.version == counters.get("churn", 1) else [f"number {record.version} given, counters {counters}"]
    wrong += [] if store.load("churn")["tag"] == "after the kill" else ["the wrong model was loaded"]
    wrong += [f"check: {finding.message}" for finding in store.check(full=True) if not finding.ok]
    return wrong + sweep_problems(work) + problems(work) + [f"left: {name}" for name in inspect(work)["leftovers"]]


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]))))
