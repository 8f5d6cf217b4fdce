"""A save that was acknowledged arrives once, whenever kernels are killed while they save to a project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from supabase_fixtures import OUTSIDE

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.supabase,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL here"),
    pytest.mark.skipif(bool(OUTSIDE["URL"]), reason="it looks behind the back of a stack of its own"),
]


def rounds(kills, seed, tmp_path):
    path = os.pathsep.join(map(str, (HERE.parent, HERE, HERE.parent / "kill")))
    command = [sys.executable, HERE / "kills.py", "--kills", kills, "--seed", seed, "--directory", tmp_path]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=1800, check=False)
    print(done.stdout)  # noqa: T201 (the counts, shown with -s and after a failure)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {name: int(number) for name, number in re.findall(r"^ *(\D+?) +(\d+)$", done.stdout, re.MULTILINE)}
    assert counts["kills"] == kills
    assert counts["rows"] >= counts["acknowledged"] > 0
    assert counts["lost"] == counts["dangling"] == counts["wrong"] == counts["duplicates"] == counts["badly swept"] == 0


@pytest.mark.slow
def test_20_random_kills_of_kernels_that_save_to_a_project_lose_nothing(tmp_path):
    rounds(20, 20, tmp_path)


@pytest.mark.soak
def test_300_random_kills_of_kernels_that_save_to_a_project_lose_nothing(tmp_path):
    rounds(300, int.from_bytes(os.urandom(3), "big"), tmp_path)
