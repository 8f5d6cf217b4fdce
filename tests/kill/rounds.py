"""Kill processes at random moments while four of them use one store; count what was lost. Nothing may be.

A script: ``rounds.py --kills 300 [--seed N] [--directory DIR]``. In each round four processes save, name, delete, restore,
purge, rename and edit in one store, until each is killed. They say what was acknowledged, through a pipe; what they said is
compared with what is there. Ends with a table, and 1 if anything was wrong.
"""

# ruff: noqa: S311, T201 (moments that can be repeated; a script that prints)
from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from harness import connect, finish, fork, inspect, keep, rows_of, sweep_problems, warm_up

from jupyter_modelstore.errors import InUse, NameTaken, NotFound
from jupyter_modelstore.names import key_of
from jupyter_modelstore.record import Query

WRITERS = 4
NAMES = ("a", "b", "Ä", "d")
WORDS = ("champion", "staging")
LONGEST = 1.2  # seconds until a process is killed
BAD = ("lost", "dangling", "wrong", "duplicates", "reused", "numbers", "aliases", "damaged", "failed", "badly swept")


class Writer:
    """Uses the store until it is killed, and says what it tries and what was acknowledged."""

    def __init__(self, directory, seed, say):
        self.store = connect(directory)
        self.random = random.Random(seed)
        self.seed = seed
        self.say = say
        self.count = 0

    def work(self):
        verbs = [self.save] * 8 + [self.alias, self.delete, self.delete, self.restore, self.purge, self.rename, self.edit]
        parent = os.getppid()
        while os.getppid() == parent:  # nobody is left behind when the rounds are broken off
            try:
                self.random.choice(verbs)()
            except (NotFound, InUse, NameTaken):  # another one was faster
                self.say({"refused": True})

    def any(self, **terms):
        records = self.store.page(Query(all_versions=True, **terms), limit=50).records
        return self.random.choice(records) if records else None

    def save(self):
        self.count += 1
        tag = f"{self.seed}-{self.count}"
        size = self.random.choice((*[500] * 4, *[5_000] * 3, *[400_000] * 2, 3_000_000))
        alias = self.random.choice((None, None, *WORDS))
        record = keep(self.store, self.random.choice(NAMES), tag, size, alias=alias).record
        self.say({"saved": record.id, "name": key_of(record.model_name), "version": record.version, "tag": tag})

    def alias(self):
        if record := self.any():
            self.store.set_alias(f"id:{record.id}", self.random.choice(WORDS), why="why not")

    def delete(self):
        if record := self.any():
            self.store.delete(f"id:{record.id}", force=self.random.random() < 0.5)

    def restore(self):
        if record := self.any(deleted=True):
            self.store.restore(f"id:{record.id}")

    def purge(self):
        if record := self.any(deleted=True):
            self.say({"purging": record.id})
            self.store.purge(f"id:{record.id}")
            self.say({"purged": record.id})

    def rename(self):
        self.store.rename(self.random.choice(NAMES), self.random.choice((*NAMES, f"n{self.random.randrange(1000)}")))

    def edit(self):
        if record := self.any():
            self.store.edit(f"id:{record.id}", add_tags=(f"t{self.random.randrange(9)}",))


class Rounds:
    """Start writers, kill each, look; and the counts. What is written, and what is looked at, a subclass says."""

    longest = LONGEST

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.counts = Counter()
        self.complaints = []

    def writer(self, seed, say):
        """Return what works until it is killed."""
        raise NotImplementedError

    def listen(self, what):
        """Take notice of what a writer said."""
        raise NotImplementedError

    def look(self, *, again=False):
        """Compare what is there with what was acknowledged."""
        raise NotImplementedError

    def round(self, kills):
        """Start writers, kill each, look."""
        writers = []
        for _ in range(kills):
            seed = self.random.randrange(10**9)
            child = fork(lambda say, seed=seed: self.writer(seed, say).work())
            writers.append((time.monotonic() + self.random.uniform(0, self.longest), *child))
        for moment, child, _ in sorted(writers):
            time.sleep(max(0.0, moment - time.monotonic()))
            os.kill(child, signal.SIGKILL)
        for _, child, pipe in writers:
            said, killed = finish(child, pipe)
            self.counts["kills"] += killed
            for what in said:
                if "failed" in what:
                    self.complain("failed", what["failed"])
                self.listen(what)
        self.look()

    def complain(self, kind, what):
        self.counts[kind] += 1
        self.complaints.append(f"{kind}: {what}")

    def run(self, kills, bad):
        """Do rounds until so many were killed or something is wrong; print the table, and tell whether all is well."""
        began = time.monotonic()
        while self.counts["kills"] < kills and not self.complaints:
            self.round(min(WRITERS, kills - self.counts["kills"]))
        self.look(again=True)
        for kind in ("kills", "acknowledged", "rows", *bad, "leftovers swept"):
            print(f"{kind:>16} {self.counts[kind]:>7}")
        print(f"{'seconds':>16} {time.monotonic() - began:>7.0f}")
        for line in self.complaints[:20]:
            print(line)
        return not self.complaints


def options(about):
    """Return what the command line says; the seed is printed."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--directory", type=Path)
    said = parser.parse_args()
    print(f"seed {said.seed}", flush=True)
    return said


class StoreRounds(Rounds):
    """A store on this machine, and what was acknowledged so far."""

    def __init__(self, directory, seed):
        super().__init__(seed)
        self.directory = directory
        self.saved = {}
        self.given = set()
        self.purging = set()
        self.purged = set()
        self.read = set()

    def writer(self, seed, say):
        return Writer(self.directory, seed, say)

    def listen(self, what):
        if "saved" in what:
            self.counts["acknowledged"] += 1
            if (what["name"], what["version"]) in self.given:
                self.complain("reused", what)
            self.given.add((what["name"], what["version"]))
            self.saved[what["saved"]] = what
        self.purging.add(what.get("purging"))
        self.purged.add(what.get("purged"))

    def look(self, *, again=False):
        """Compare what is there with what was acknowledged; files that were read before are read once more at the end."""
        rows = {row["id"]: row for row in rows_of(self.directory, "SELECT * FROM models")}
        for record_id, what in self.saved.items():
            row = rows.get(record_id)
            if row is None or row["version"] != what["version"]:
                self.complain("lost", what)
            elif row["status"] == "purged":
                if record_id not in self.purging:
                    self.complain("lost", what)
            elif row["description"] != what["tag"] or record_id in self.purged:
                self.complain("wrong", what)
        numbers = Counter((row["name_key"], row["version"]) for row in rows.values())
        for number, times in numbers.items():
            if times > 1:
                self.complain("duplicates", number)
        found = inspect(self.directory, () if again else self.read)
        self.read = {path.name for path in (self.directory / "files").glob("*.pkl")}
        for kind in ("damaged", "dangling", "wrong", "numbers", "aliases"):
            for what in found[kind]:
                self.complain(kind, what)
        self.counts["rows"] = len(rows)
        self.counts["leftovers swept"] += len(found["leftovers"])
        said, _ = finish(*fork(lambda say: say(sweep_problems(self.directory))))
        for what in said[-1]:
            self.complain("badly swept", what)


def main():
    said = options(__doc__)
    base = Path(tempfile.mkdtemp(prefix="soak-", dir=said.directory))
    warm_up(base / "warm")
    if not StoreRounds(base / "store", said.seed).run(said.kills, BAD):
        print(f"the store is kept at {base}")
        return 1
    shutil.rmtree(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
