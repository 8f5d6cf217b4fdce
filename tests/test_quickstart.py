"""The quickstart notebook runs from top to bottom, also twice in one store, and is committed without outputs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import jupyter_modelstore as jms

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "quickstart.ipynb"


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def run(notebook, directory):
    """Run all cells, and return the outputs as one text."""
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": directory}},
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.slow
def test_the_tour_of_the_gallery_runs_where_no_browser_is(tmp_path):
    text = run(nbformat.read(NOTEBOOK.with_name("gallery.ipynb"), as_version=4), tmp_path)
    assert "Saved wine forest:3" in text
    assert "wine linear" in text
    assert "0.854 (best)" in text
    assert [record.ref for record in jms.connect().versions("wine forest")] == [
        "wine forest:3",
        "wine forest:2",
        "wine forest:1",
    ]


@pytest.mark.slow
def test_it_runs_twice_in_one_store(notebook, tmp_path):
    text = run(notebook, tmp_path)
    store = jms.connect()
    assert store.get("tumour@champion").ref == "tumour:3"
    assert [record.algorithm for record in store.versions("tumour")] == [
        "LogisticRegression",
        "HistGradientBoostingClassifier",
        "RandomForestClassifier",
    ]
    assert [event.version for event in store.alias_history("tumour", "champion")] == [3, 1]
    assert store.stats().trash == 0
    assert re.search(r"Loaded tumour:3 .*\s+predictions: \[([01 ]+)\] truth: \[\1\]", text)
    assert "tumour.pkl predicts as the original: True" in text
    run(notebook, tmp_path)
    newest = store.versions("tumour")[0]
    assert store.get("tumour@champion").ref == newest.ref
    assert newest.algorithm == "LogisticRegression"
    assert list(tmp_path.glob("*.pkl")) == []


@pytest.mark.slow
def test_the_demo_prints_the_results_and_leaves_nothing_behind(tmp_path):
    home = tmp_path / "home"
    before = sorted(home.rglob("*"))
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "run_notebook.py", NOTEBOOK],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert "Saved tumour:1 · RandomForestClassifier" in ran.stdout
    assert "predictions:" in ran.stdout
    assert ran.stderr == ""
    assert sorted(home.rglob("*")) == before


def test_the_demo_says_which_cell_failed(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    path = tmp_path / "broken.ipynb"
    nbformat.write(notebook, path)
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "run_notebook.py", path], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert ran.returncode == 1
    assert "ZeroDivisionError" in ran.stderr


def test_it_is_committed_without_outputs(notebook):
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
        assert cell.metadata == {}
    assert notebook.metadata.kernelspec.name == "python3"
