"""Wheel and sdist build, hold what they should, and work in an environment that holds nothing else of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import jupyter_modelstore

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
WORK = """
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
import jupyter_modelstore
assert Path(jupyter_modelstore.__file__).is_relative_to({environment!r}), jupyter_modelstore.__file__
shell = InteractiveShell.instance()
for line in (
    "%load_ext jupyter_modelstore",
    "from sklearn.dummy import DummyClassifier; clf = DummyClassifier().fit([[0], [1]], [0, 0])",
    '%save_model clf "churn"',
    "best = %load_model churn",
    "assert list(best.predict([[5]])) == [0]",
):
    assert shell.run_cell(line).success, line
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the sdist; the wheel is built from the sdist."""
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--installer", "uv", "--outdir", target, ROOT]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"NO_COLOR": "1"})
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    [wheel], [sdist] = target.glob("*.whl"), target.glob("*.tar.gz")
    return wheel, sdist


def modules():
    package = ROOT / "jupyter_modelstore"
    return {str(path.relative_to(ROOT)) for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_holds_the_package_and_nothing_else(built):
    wheel, _ = built
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    assert inside == modules()
    assert {"jupyter_modelstore/py.typed", "jupyter_modelstore/static/widget.js"} <= inside
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.name == f"jupyter_modelstore-{jupyter_modelstore.__version__}-py3-none-any.whl"


def test_the_sdist_holds_tests_documents_and_scripts(built):
    _, sdist = built
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml"}
    wanted |= {"hatch_build.py", "labextension/package.json", "labextension/yarn.lock", "labextension/src/widget/index.tsx"}
    wanted |= {"scripts/test", "scripts/setup", "notebooks/quickstart.ipynb", "docs/guide.md", "tests/conftest.py"}
    assert wanted | modules() <= names
    assert not [name for name in names if "node_modules" in name or "dev/out" in name]
    assert not [name for name in names if ".venv" in name or "__pycache__" in name or name.endswith(".ipynb_checkpoints")]


def test_the_wheel_works_in_a_fresh_environment(built, tmp_path):
    wheel, _ = built
    environment = tmp_path / "environment"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "--python", python, wheel], check=True)
    work = tmp_path / "work"
    work.mkdir()
    code = WORK.format(environment=str(environment))
    ran = subprocess.run([python, "-c", code], cwd=work, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Saved churn:1" in ran.stdout
    jupyter = environment / "bin" / "jupyter"
    listed = subprocess.run([jupyter, "modelstore", "list", "--json"], cwd=work, capture_output=True, text=True, check=True)
    assert '"model_name": "churn"' in listed.stdout
