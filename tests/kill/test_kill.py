"""A save that was acknowledged is never lost, and nothing half-made is ever visible, whenever a process is killed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kill.placed import SCENARIOS

HERE = Path(__file__).parent
SOME_STEPS = {
    "first save": {
        "CREATE TABLE models",
        "open .part",
        "write",
        "fsync",
        "rename",
        "INSERT INTO models",
        "COMMIT",
        "the answer",
    },
    "next save": {"open .part", "write", "fsync", "rename", "BEGIN IMMEDIATE", "INSERT INTO models", "COMMIT", "the answer"},
    "purge": {"UPDATE models SET", "COMMIT", "unlink", "fsync", "the answer"},
    "check": {"unlink", "COMMIT"},
    "download": {"open .part", "fsync", "hardlink_to"},
}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL here")


def script(name, *arguments, timeout=120):
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_every_step_it_is_done_wholly_or_not_at_all(scenario, tmp_path):
    done = script("placed.py", scenario, tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["wrong"] == []
    assert result["changed"]
    assert set(result["steps"]) >= SOME_STEPS.get(scenario, {"BEGIN IMMEDIATE", "COMMIT", "the answer"})


def rounds(kills, seed, tmp_path):
    done = script("rounds.py", "--kills", kills, "--seed", seed, "--directory", tmp_path, timeout=1800)
    print(done.stdout)  # noqa: T201 (the counts, shown with -s and after a failure)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {name: int(number) for name, number in re.findall(r"^ *(\D+?) +(\d+)$", done.stdout, re.MULTILINE)}
    assert counts["kills"] == kills
    assert counts["rows"] >= counts["acknowledged"] > 0
    assert counts["lost"] == counts["dangling"] == counts["wrong"] == counts["duplicates"] == counts["reused"] == 0


@pytest.mark.slow
def test_20_random_kills_under_load_lose_nothing(tmp_path):
    rounds(20, 20, tmp_path)


@pytest.mark.soak
def test_300_random_kills_under_load_lose_nothing(tmp_path):
    rounds(300, int.from_bytes(os.urandom(3), "big"), tmp_path)


def test_many_processes_save_under_one_name_while_others_read(tmp_path):
    done = script("crowd.py", tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert sorted(version for said in result["saved"] for version in said) == list(range(1, 81))
    for said in result["read"]:
        assert said[0] == "ready"
        assert said[-1]["most"] == 80, said
