"""Two who send the same saves at once, and one who was frozen and wakes up: nothing twice, nothing lost, each in its order."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conformance.backend import keep
from test_sending import _KERNEL, LARGE, names

from jupyter_modelstore import _lease

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

_STALE = 1.0  # seconds; shorter than the client's own, so that nobody waits for a minute
_RESUME = (
    _KERNEL[: _KERNEL.index('{"spooled"')]
    + """
from jupyter_modelstore import _lease
_lease._STALE_AFTER = float(step)
backend = SupabaseBackend(Functions(http, url, Source()), Objects(http, url), source=Source(), cache=Cache(Path(home) / "c"),
                          spool=Spool(Path(home) / "spool"), url=url)
print(json.dumps([saved.record.version for saved in backend.resume()]), flush=True)
"""
)
_FROZEN = _KERNEL.replace("signal.SIGKILL", "signal.SIGSTOP")


def start(script, project, person, home, step="60", size="0"):
    words = [project.url, project.key, person.access_token, person.id, str(home), step, str(size)]
    command = [sys.executable, "-c", script, json.dumps(sys.path), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until_frozen(process):
    """Wait until a process has stopped itself."""
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])


def ended(process):
    said, failed = process.communicate(timeout=90)
    assert (process.returncode, failed) == (0, "")
    return json.loads(said)


def check(door, versions, *, size=None):
    """One row for each version, each with its bytes, and no other object."""
    rows = sorted(door.rows(), key=lambda row: row["version"])
    assert [row["version"] for row in rows] == versions
    assert door.objects() == {row["model_file_path"].partition("/")[2] for row in rows}
    for row in rows:
        held = door.storage("GET", f"authenticated/model-files/{row['model_file_path']}").content
        assert len(held) == row["model_file_size"] == (size or len(held))
    return rows


def test_two_homes_that_send_one_copied_spool_at_once(project, person, opened, spool, door, tmp_path):
    away = opened("http://127.0.0.1:9")
    tags = ["1", "2", "large", "3", "4", "5"]
    for tag in tags:
        keep(away, "churn", os.urandom(LARGE) if tag == "large" else os.urandom(1000), description=tag)
    other = tmp_path / "copy"
    shutil.copytree(spool.directory, other / "spool")
    both = [start(_RESUME, project, person, home) for home in (tmp_path, other)]
    for process in both:
        ended(process)
    assert [row["description"] for row in check(door, [1, 2, 3, 4, 5, 6])] == tags
    assert names(spool) == []
    assert list((other / "spool").iterdir()) == []


@pytest.mark.parametrize(("step", "size"), [("kept", 10), ("half", LARGE), ("sent", 10), ("committed", 10)])
def test_a_kernel_that_was_frozen_wakes_up_after_another_has_taken_over(
    project, person, opened, spool, door, tmp_path, step, size
):
    owner = start(_FROZEN, project, person, tmp_path, step, size)
    until_frozen(owner)
    try:
        took = [saved.record.version for saved in opened().resume()]
        assert took == ([1] if step == "kept" else [])  # it had no lease yet, or has a fresh one
        time.sleep(_STALE + 0.1)
        took += ended(start(_RESUME, project, person, tmp_path, str(_STALE)))
    finally:
        owner.send_signal(signal.SIGCONT)
    assert took == [1]
    (row,) = check(door, [1], size=size)
    assert ended(owner) == [row["sha256"], 1]
    assert check(door, [1]) == [row]
    assert opened().pending() == []
    assert names(spool) in ([], [".json"])  # a journal without its file is swept in a day


def test_a_kernel_that_wakes_up_while_another_is_sending_disturbs_nobody(project, person, opened, door, tmp_path):
    owner = start(_FROZEN, project, person, tmp_path, "half", LARGE)
    until_frozen(owner)
    time.sleep(_STALE + 0.1)
    other = start(_RESUME, project, person, tmp_path, str(_STALE))
    time.sleep(1.2)
    owner.send_signal(signal.SIGCONT)
    assert ended(other) in ([1], [])
    assert ended(owner)[1] in {0, 1}
    opened().resume()
    check(door, [1], size=LARGE)


def test_nobody_takes_over_from_one_who_lives():
    assert _lease._STALE_AFTER == 60
