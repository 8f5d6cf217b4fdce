"""Killing processes at chosen or random moments, and looking at what they leave, without the package's own verbs.

A process is forked from one that has imported everything, so that a round costs milliseconds. The moment is chosen from
outside: in the child, the functions of the system that change a disk (and SQLite's statements that write) are wrapped and
counted, and the child sends itself SIGKILL before the one whose turn it is. Nothing in the package knows of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import pickle
import signal
import sqlite3
import traceback
import uuid

import jupyter_modelstore as jms
from jupyter_modelstore._files import HashingFile

READS = ("SELECT", "PRAGMA")


def connect(directory):
    return jms.connect(home=directory)


def warm_up(directory):
    """Import everything once, so that forked processes need not; the store is used in a process of its own."""

    def use(store):
        keep(store, "warm", "warm")
        store.load("warm")
        store.check(full=True)

    use(connect(directory))


def model(tag, size=1000):
    """A model whose content follows from its tag, so that wrong bytes are seen."""
    return {"tag": tag, "content": hashlib.sha512(tag.encode()).digest() * (size // 64)}


def is_right(content, tag):
    return content == model(tag, len(content["content"]))


def keep(store, name, tag, size=1000, **what):
    return store.keep(model(tag, size), name, description=tag, force=True, **what)


# ---- processes -------------------------------------------------------------------------------------------------------


def fork(work):
    """Run ``work(say)`` in a forked process; return its id and the pipe of what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    code = 1
    try:
        work(lambda what: os.write(writing, (json.dumps(what) + "\n").encode()))
        code = 0
    except BaseException:  # noqa: BLE001 (told to the parent)
        os.write(writing, (json.dumps({"failed": traceback.format_exc()}) + "\n").encode())
    finally:
        os._exit(code)


def finish(child, reading):
    """Wait for a process; return what it said and whether it was killed."""
    with open(reading, "rb") as pipe:  # noqa: PTH123 (a descriptor)
        lines = pipe.read().splitlines(keepends=True)
    _, status = os.waitpid(child, 0)
    said = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return said, os.WIFSIGNALED(status)


class Killer:
    """Ends this process before its step number ``turn``."""

    def __init__(self, turn, say):
        self._turn = turn
        self._say = say
        self._count = 0

    def step(self, label):
        self._count += 1
        if self._count == self._turn:
            self._say({"killed before": label})
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self):
        """Wrap what changes the disk."""
        self._wrap(os, "fsync")
        self._wrap(os, "mkdir")
        self._wrap(HashingFile, "write")
        for name in ("rename", "replace", "unlink", "hardlink_to"):
            self._wrap(pathlib.Path, name)
        self._wrap_open()
        killer = self

        class Connection(sqlite3.Connection):
            def execute(self, sql, *rest):
                killer.statement(sql)
                return super().execute(sql, *rest)

            def executemany(self, sql, *rest):
                killer.statement(sql)
                return super().executemany(sql, *rest)

        opened = sqlite3.connect
        sqlite3.connect = lambda *args, **options: opened(*args, factory=Connection, **options)

    def statement(self, sql):
        if not sql.lstrip().startswith(READS):
            self.step(" ".join(sql.split()[:3]))

    def _wrap(self, owner, name):
        original = getattr(owner, name)

        def wrapped(*args, **options):
            self.step(name)
            return original(*args, **options)

        setattr(owner, name, wrapped)

    def _wrap_open(self):
        original = pathlib.Path.open

        def wrapped(path, mode="r", *args, **options):
            if mode[0] in "wxa":
                self.step(f"open {path.suffix}")
            return original(path, mode, *args, **options)

        pathlib.Path.open = wrapped


# ---- the back door ---------------------------------------------------------------------------------------------------


def rows_of(directory, statement):
    path = directory / "store.sqlite3"
    if not path.exists() or path.stat().st_size == 0:
        return []
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as db:
        db.row_factory = sqlite3.Row
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'models'").fetchone():
            return []
        return [dict(row) for row in db.execute(statement)]


def snapshot(directory):
    """What a store says, without what differs from run to run."""
    models = rows_of(directory, "SELECT * FROM models ORDER BY name_key, version")
    return {
        "models": [
            (
                row["model_name"],
                row["version"],
                row["status"],
                row["deleted_at"] is not None,
                row["description"],
                row["tags"],
                row["last_downloaded_at"] is not None,
            )
            for row in models
        ],
        "names": [tuple(row.values()) for row in rows_of(directory, "SELECT * FROM names ORDER BY name_key")],
        "aliases": [tuple(row.values()) for row in rows_of(directory, "SELECT * FROM aliases ORDER BY name_key, alias_key")],
        "history": [
            (row["name_key"], row["alias"], row["version"], row["previous"], row["why"])
            for row in rows_of(directory, "SELECT * FROM alias_history ORDER BY number")
        ],
    }


def inspect(directory, read=()):
    """Return what is wrong in a store, by kind, and what lies about; empty lists mean that all promises hold.

    The files named in ``read`` are not read again.
    """
    found = {"damaged": [], "dangling": [], "wrong": [], "numbers": [], "aliases": [], "leftovers": []}
    models = rows_of(directory, "SELECT * FROM models")
    if models:
        with contextlib.closing(sqlite3.connect(directory / "store.sqlite3", timeout=60)) as db:
            found["damaged"] += [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
    files = directory / "files"
    expected = set()
    for row in models:
        if row["status"] == "purged":
            continue
        path = files / f"{row['save_id']}.pkl"
        expected.add(path.name)
        if not path.exists():
            found["dangling"].append(f"{row['model_name']}:{row['version']} {row['status']}")
        elif path.name not in read and not _holds(path, row):
            found["wrong"].append(f"{row['model_name']}:{row['version']}")
    found["leftovers"] = sorted({path.name for path in files.glob("*") if path.suffix != ".orphan"} - expected)
    found["numbers"] += _wrong_numbers(directory, models)
    found["aliases"] += _wrong_aliases(directory, models)
    return found


def _holds(path, row):
    data = path.read_bytes()
    right = (len(data), hashlib.sha256(data).hexdigest()) == (row["model_file_size"], row["sha256"])
    return right and is_right(pickle.loads(data), row["description"])


def _wrong_numbers(directory, models):
    counters = {row["name_key"]: row["next_version"] for row in rows_of(directory, "SELECT * FROM names")}
    seen = set()
    for row in models:
        key = (row["name_key"], row["version"])
        if key in seen or not 1 <= row["version"] < counters.get(row["name_key"], 0):
            yield f"{key} with the counter {counters.get(row['name_key'])}"
        seen.add(key)


def _wrong_aliases(directory, models):
    there = {(row["name_key"], row["version"]) for row in models if row["deleted_at"] is None and row["status"] == "ready"}
    last = {}
    for row in rows_of(directory, "SELECT * FROM alias_history ORDER BY number"):
        last[row["name_key"], row["alias_key"]] = row["version"]
    now = {(row["name_key"], row["alias_key"]): row["version"] for row in rows_of(directory, "SELECT * FROM aliases")}
    for key, version in now.items():
        if (key[0], version) not in there:
            yield f"{key} names {version}, which is not there"
    if {key: version for key, version in last.items() if version is not None} != now:
        yield f"the history says {last}, the aliases {now}"


def problems(directory):
    """Return what is wrong as lines."""
    return [f"{kind}: {what}" for kind, entries in inspect(directory).items() if kind != "leftovers" for what in entries]


def sweep_problems(directory):
    """Sweep at once; return what is wrong with what was swept."""
    from datetime import timedelta

    from jupyter_modelstore.backends.local import LocalBackend

    leftovers = inspect(directory)["leftovers"]
    strangers = [name for name in leftovers if name.rpartition(".")[2] not in {"part", "pkl"}]
    count, _ = LocalBackend(directory, str(uuid.uuid4())).sweep(timedelta(0))
    rest = inspect(directory)["leftovers"]
    if strangers or rest or count != len(leftovers):
        return [f"of the leftovers {leftovers}, {count} were swept, and {rest} stayed"]
    return []
