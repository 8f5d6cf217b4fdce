"""What the front end takes from the Python side is what the Python side says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import jupyter_modelstore

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import front  # noqa: E402 (scripts are no package)
import record_ts  # noqa: E402


def test_the_types_of_records_are_those_of_the_record():
    assert record_ts.TARGET.read_text(encoding="utf-8") == record_ts.typescript(), "Stale: run scripts/record_ts.py"


def test_the_versions_agree():
    package = json.loads((ROOT / "labextension" / "package.json").read_text(encoding="utf-8"))
    assert package["version"] == jupyter_modelstore.__version__


def test_the_lock_names_no_registry():
    assert "://" not in (ROOT / "labextension" / "yarn.lock").read_text(encoding="utf-8")


def test_the_widget_is_built_from_these_sources_and_small():
    assert not front.stale(), "Stale: run scripts/front.py build"
    assert front.WIDGET.stat().st_size < 80_000, "The widget travels to the page with every output."


def test_what_a_build_depends_on_tells_it_to_build_again(tmp_path, monkeypatch):
    monkeypatch.setattr(front, "ROOT", tmp_path)
    monkeypatch.setattr(front, "SOURCES", tmp_path)
    monkeypatch.setattr(front, "WIDGET", tmp_path / "widget.js")
    monkeypatch.setattr(front, "STAMP", tmp_path / ".built")
    (tmp_path / "src" / "__tests__").mkdir(parents=True)
    (tmp_path / "style").mkdir()
    (tmp_path / "scripts").mkdir()
    for name in ("package.json", "yarn.lock", "tsconfig.json", "src/app.tsx"):
        (tmp_path / name).write_text("1", encoding="utf-8")
    assert front.stale()
    front.WIDGET.write_text("", encoding="utf-8")
    assert front.stale()
    front.STAMP.write_text(front.fingerprint(), encoding="utf-8")
    (tmp_path / "src" / "__tests__" / "app.test.ts").write_text("", encoding="utf-8")
    assert not front.stale()
    (tmp_path / "src" / "app.tsx").write_text("2", encoding="utf-8")
    assert front.stale()
    (tmp_path / "PKG-INFO").write_text("", encoding="utf-8")  # an sdist brings the widget along
    assert not front.stale()


@pytest.mark.skipif(not front.node_fits(), reason="there is no Node that fits")
def test_a_build_that_cannot_reach_npm_says_so_in_two_lines(tmp_path):
    copied = tmp_path / "copy"
    skipped = shutil.ignore_patterns("node_modules", ".yarn", ".built", "out")
    shutil.copytree(ROOT / "labextension", copied / "labextension", ignore=skipped)
    shutil.copytree(ROOT / "scripts", copied / "scripts")
    nowhere = {
        "YARN_NPM_REGISTRY_SERVER": "http://127.0.0.1:9",
        "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
        "YARN_HTTP_RETRY": "0",
    }
    apart = {"YARN_ENABLE_GLOBAL_CACHE": "0", "YARN_GLOBAL_FOLDER": str(tmp_path / "yarn")}
    built = subprocess.run(
        [sys.executable, "scripts/front.py", "build"],
        cwd=copied, env=os.environ | nowhere | apart, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 1
    first, second = built.stderr.splitlines()
    assert "could not be fetched from npm" in first
    assert "NODE_EXTRA_CA_CERTS" in first
    assert "ECONNREFUSED" in second
