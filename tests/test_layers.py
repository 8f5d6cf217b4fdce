"""Imports flow downwards, and each room has at most its own outside library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_imports_flow_downwards(tmp_path):
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("jupyter_modelstore", "sqlite3 traitlets IPython numpy sklearn cloudpickle joblib jupyter_modelstore.registry"),
        ("jupyter_modelstore.magics", "sqlite3 numpy sklearn cloudpickle joblib jupyter_modelstore.registry"),
        ("jupyter_modelstore.registry", "traitlets IPython numpy sklearn cloudpickle joblib pandas"),
        ("jupyter_modelstore.cli", "IPython numpy sklearn cloudpickle joblib pandas supabase"),
    ],
)
def test_importing_a_room_leaves_heavy_libraries_alone(module, absent):
    code = f"import sys, {module}; print(*[name for name in {absent.split()!r} if name in sys.modules])"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # which imports sqlite3
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
