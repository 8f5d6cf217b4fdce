"""``make demo-supabase``: the quickstart as two people, unchanged, and neither sees the other's models."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from supabase_fixtures import OUTSIDE

pytestmark = pytest.mark.supabase
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.timeout(300)
def test_the_quickstart_runs_unchanged_as_two_people_who_stay_apart():
    if OUTSIDE["URL"]:
        pytest.skip("the demo starts a stack of its own")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests/supabase")}
    words = [sys.executable, str(ROOT / "scripts/demo_supabase.py")]
    run = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=280, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Neither sees the other's models." in run.stdout
    assert "tumour.pkl predicts as the original: True" in run.stdout
