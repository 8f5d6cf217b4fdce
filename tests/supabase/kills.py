"""Kill kernels at random moments of their saves to a project; count what was lost. Nothing may be.

A script: ``kills.py --kills 300 [--seed N] [--directory DIR]``, with ``tests`` and its ``supabase`` and ``kill`` on the path.
It starts a stack of its own, in which one person works in two homes. In each round four processes, two in each home, save
models small and large and send what waits, until each is killed. They say what was acknowledged; after each round it is looked
up behind the client's back. Ends with a table, and 1 if anything was wrong.
"""

# ruff: noqa: S311, T201 (moments that can be repeated; a script that prints)
from __future__ import annotations

import hashlib
import os
import pickle
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import httpx
from back_doors import Door, Somebody
from harness import finish, fork, is_right, model
from rounds import Rounds, options
from stack import Stack
from supabase_fixtures import Project, wait_for_functions

from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.identity import signed_client
from jupyter_modelstore.record import Draft
from jupyter_modelstore.spool import Spool
from jupyter_modelstore.sql import Database

NAMES = ("a", "b", "Ä", "d")
SIZES = (*[500] * 4, *[50_000] * 3, 3_000_000, 7_000_000, 13_000_000)
BAD = ("lost", "dangling", "wrong", "duplicates", "unasked", "failed", "badly swept")
SAVES = 6
PATIENCE = 10  # seconds; a lease whose maker died while he wrote it is nobody's after two
DAY = 86_400


def connect(project, person, home):
    source = Somebody(person)
    http = signed_client(source, project.url, project.key)
    functions, objects = Functions(http, project.url, source), Objects(http, project.url)
    spool, cache = Spool(home / "spool"), Cache(home / "cache")
    return SupabaseBackend(functions, objects, source=source, cache=cache, spool=spool, url=project.url)


class Writer:
    """A kernel: saves, and sends what waits, until it is killed; says what it tries and what was acknowledged."""

    def __init__(self, backend, seed, say):
        self.backend, self.seed, self.say = backend, seed, say
        self.random = random.Random(seed)
        self.count = 0

    def work(self):
        parent = os.getppid()
        while os.getppid() == parent:  # nobody is left behind when the rounds are broken off
            if self.random.random() < 0.2:
                self.backend.resume()
            else:
                self.save()

    def save(self):
        self.count += 1
        tag, save_id = f"{self.seed}-{self.count}", str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.say({"tried": save_id, "tag": tag})
        with self.backend.receive(save_id) as incoming:
            incoming.file.write(pickle.dumps(model(tag, self.random.choice(SIZES))))
            draft = Draft(model_name=self.random.choice(NAMES), save_id=save_id, description=tag)
            record = incoming.commit(draft).record
        self.say({"kept": save_id, "version": record.version})


class ProjectRounds(Rounds):
    """The project behind its own back, and what was acknowledged so far."""

    def __init__(self, project, person, door, base, seed):
        super().__init__(seed)
        self.project, self.person, self.door = project, person, door
        self.homes = [base / "laptop", base / "desk"]
        self.tried, self.kept, self.read = {}, {}, set()

    def find_pace(self):
        """Import what is imported on first use; let writers live for as long as some saves take on this machine now."""
        connect(self.project, self.person, self.homes[0])
        began = time.monotonic()
        said, _ = finish(*fork(lambda say: self.writer(0, say).save()))
        self.longest = max(self.longest, SAVES * (time.monotonic() - began))
        for what in said:
            self.listen(what)

    def writer(self, seed, say):
        return Writer(connect(self.project, self.person, self.homes[seed % 2]), seed, say)

    def listen(self, what):
        if "tried" in what:
            self.tried[what["tried"]] = what["tag"]
        elif "kept" in what:
            self.counts["acknowledged"] += 1
            self.kept[what["kept"]] = what["version"]

    def look(self, *, again=False):
        """Let some homes, at the end both, send what waits; then compare."""
        sent = [self.sent(home) for home in self.homes if again or self.random.random() < 0.5]
        rows = self.door.rows()
        self.counts["rows"] = len(rows)
        for kind in ("save_id", "model_file_path"):
            for value, times in Counter(row[kind] for row in rows).items():
                if times > 1:
                    self.complain("duplicates", value)
        for name, number in Counter((row["name_key"], row["version"]) for row in rows).items():
            if number > 1:
                self.complain("duplicates", name)
        by_save = {row["save_id"]: row for row in rows}
        for save_id, version in self.kept.items():
            row = by_save.get(save_id)
            if (row is None and (version or len(sent) == len(self.homes))) or (row and version not in {0, row["version"]}):
                self.complain("lost", (save_id, version, row and row["version"]))
        for row in rows:
            self.compare(row, again=again)
        if again:
            self.sweep(rows)

    def sent(self, home):
        """Send what waits in a home, in a process of its own."""

        def send(say):
            backend = connect(self.project, self.person, home)
            until = time.monotonic() + PATIENCE
            backend.resume()
            while backend.pending() and time.monotonic() < until:
                time.sleep(0.1)
                backend.resume()
            say([record.model_name for record in backend.pending()])

        said, _ = finish(*fork(send))
        if said[-1] != []:
            self.complain("failed", said[-1])
        return said

    def compare(self, row, *, again):
        """A row is one that somebody asked for, and has its bytes; files that were read are read once more at the end."""
        if self.tried.get(row["save_id"]) != row["description"]:
            self.complain("unasked", row["save_id"])
        path = row["model_file_path"]
        if path in self.read and not again:
            return
        self.read.add(path)
        headers = {"apikey": self.project.service_key, "Authorization": f"Bearer {self.project.service_key}"}
        answer = self.door.http.get(f"/storage/v1/object/authenticated/model-files/{path}", headers=headers)
        if answer.status_code != 200:
            self.complain("dangling", path)
            return
        data = answer.content
        right = (len(data), hashlib.sha256(data).hexdigest()) == (row["model_file_size"], row["sha256"])
        if not right or not is_right(pickle.loads(data), row["description"]):
            self.complain("wrong", path)

    def sweep(self, rows):
        """When a day has passed, a check-up and the next start remove what no row and no journal names."""
        files = {row["model_file_path"].partition("/")[2] for row in rows}
        left = self.door.objects() - files
        self.door.sql("update storage.objects set created_at = now() - interval '2 days'")
        self.door.sql("update storage.s3_multipart_uploads set created_at = now() - interval '2 days'")
        found = {finding.what: finding for finding in connect(self.project, self.person, self.homes[0]).check()}
        if self.door.objects() != files or found["leftovers"].details["removed"] != len(left) or not found["files"].ok:
            self.complain("badly swept", (left, found))
        for home in self.homes:
            spool = home / "spool"
            for path in spool.iterdir():
                os.utime(path, (time.time() - 2 * DAY,) * 2)
            self.counts["leftovers swept"] += len(list(spool.iterdir()))
            Spool(spool).sweep()
            if any(spool.iterdir()):
                self.complain("badly swept", [path.name for path in spool.iterdir()])
        self.counts["leftovers swept"] += len(left)


def main():
    said = options(__doc__)
    base = Path(tempfile.mkdtemp(prefix="soak-", dir=said.directory))
    stack = Stack(f"kills-{os.getpid()}")
    stack.up(keeper=os.getpid())
    try:
        told = stack.env()
        names = ("SUPABASE_URL", "SUPABASE_KEY", "SERVICE_KEY", "DATABASE_URL", "JWT_SECRET")
        project = Project(*(told[name] for name in names), stack)
        Database(project.database_url).apply()
        wait_for_functions(project)
        with httpx.Client(base_url=project.url, timeout=60) as http:
            body = {"email": "ada@example.org", "password": uuid.uuid4().hex}
            answer = http.post("/auth/v1/signup", json=body, headers={"apikey": project.key}).json()
            person = SimpleNamespace(id=answer["user"]["id"], email=body["email"], access_token=answer["access_token"])
            rounds = ProjectRounds(project, person, Door(project, http, person.id), base, said.seed)
            rounds.find_pace()
            good = rounds.run(said.kills, BAD)
    finally:
        stack.leave(os.getpid())
    if not good:
        print(f"both homes are kept at {base}")
        return 1
    shutil.rmtree(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
