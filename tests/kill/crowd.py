"""Several processes save different models under one name while others read; prints what each of them saw, as JSON.

A script: ``crowd.py DIRECTORY``.
"""

# ruff: noqa: T201 (a script that prints)
from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from harness import connect, finish, fork, is_right, keep, warm_up

from jupyter_modelstore.record import Query

SAVERS, SAVES, READERS = 8, 10, 3


def save(directory, number, say):
    store = connect(directory)
    for count in range(SAVES):
        say(keep(store, "churn", f"{number}-{count}").record.version)


def read(directory, say):
    """Read until told to stop; every row must be whole, and every model loadable."""
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    store = connect(directory)
    rounds = most = 0
    say("ready")
    while not stop:
        records = store.page(Query(all_versions=True, name="churn", sort="version"), limit=1000).records
        partial = [
            record.ref for record in records if not record.sha256 or not record.model_file_size or not record.description
        ]
        if partial or [record.version for record in records] != list(range(1, len(records) + 1)) or len(records) < most:
            raise AssertionError(f"{partial} {[record.ref for record in records]}")
        most = len(records)
        if records:
            record = store.get("churn")
            if not is_right(store.load(record.ref), record.description):
                raise AssertionError(record.ref)
        rounds += 1
    say({"rounds": rounds, "most": most})


def main(directory):
    warm_up(directory / "warm")
    place = directory / "store"
    connect(place).stats()
    readers = [fork(lambda say: read(place, say)) for _ in range(READERS)]
    savers = [fork(lambda say, number=number: save(place, number, say)) for number in range(SAVERS)]
    saved = [finish(*saver)[0] for saver in savers]
    time.sleep(0.1)
    for child, _ in readers:
        os.kill(child, signal.SIGTERM)
    return {"saved": saved, "read": [finish(*reader)[0] for reader in readers]}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
