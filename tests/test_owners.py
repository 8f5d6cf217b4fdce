"""Which modules belong to a distribution, and which must travel: by the place that they were imported from."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from jupyter_modelstore import _owners


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Import a module or package from a folder and forget it afterwards."""

    def put(name, folder=tmp_path, *, package=False):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name / "__init__.py" if package else folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("X = 1\n")
        monkeypatch.syspath_prepend(folder)
        module = __import__(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    yield put
    for name in [name for name in sys.modules if name.startswith("owned_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "name",
    [
        "builtins",
        "sys",
        "json",
        "collections.abc",
        "_frozen_importlib",
        "numpy",
        "sklearn.linear_model._base",
        "pytest",
        "joblib",
        "jupyter_modelstore",
    ],
)
def test_the_standard_library_and_what_is_installed_is_owned(name):
    __import__("joblib")
    __import__("jupyter_modelstore")
    __import__("sklearn.linear_model")
    assert _owners.is_owned(name)


@pytest.mark.parametrize("name", ["__main__", "__mp_main__", "never_imported", "never.imported"])
def test_the_notebook_and_what_is_not_imported_is_not(name):
    assert not _owners.is_owned(name)


@pytest.mark.parametrize("package", [False, True])
def test_a_module_beside_the_notebook_is_not(place, package):
    place("owned_by_none", package=package)
    assert not _owners.is_owned("owned_by_none")
    assert not _owners.is_owned("owned_by_none.part")
    assert "owned_by_none" in {module.__name__ for module in _owners.unowned_modules()}


def test_a_module_made_on_the_fly_is_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "owned_made", types.ModuleType("owned_made"))
    assert not _owners.is_owned("owned_made")


def test_a_folder_named_like_an_installation_is_one(place, tmp_path):
    place("owned_site", tmp_path / "lib" / "site-packages")
    place("owned_dist", tmp_path / "lib" / "dist-packages", package=True)
    assert _owners.is_owned("owned_site")
    assert _owners.is_owned("owned_dist")


def test_metadata_beside_a_module_owns_what_it_lists_and_no_more(place, tmp_path):
    target = tmp_path / "target"
    place("owned_target", target)
    place("owned_stray", target)
    info = target / "some_thing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-thing\nVersion: 1.0\n")
    (info / "RECORD").write_text("owned_target.py,,\n")
    assert _owners.is_owned("owned_target")
    assert not _owners.is_owned("owned_stray")


def editable(site, root, name, *, top=None):
    """Write the metadata of an editable install."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "direct_url.json").write_text(json.dumps({"url": root.as_uri(), "dir_info": {"editable": True}}))
    if top:
        (info / "top_level.txt").write_text(f"{top}\n")


def test_an_editable_install_by_a_pth_line_is_owned_but_not_a_script_beside_its_project_file(place, tmp_path, monkeypatch):
    root, site = tmp_path / "project", tmp_path / "lib" / "site-packages"
    place("owned_flat", root, package=True)
    place("owned_script", root)
    (root / "pyproject.toml").touch()
    editable(site, root, "flat-project")
    (site / "_flat.pth").write_text(f"# a comment\nimport sys\n{root}\n")
    monkeypatch.syspath_prepend(site)
    assert _owners.is_owned("owned_flat")
    assert not _owners.is_owned("owned_script")


def test_an_editable_install_of_a_src_folder_is_owned(place, tmp_path, monkeypatch):
    root, site = tmp_path / "project", tmp_path / "lib" / "site-packages"
    place("owned_src", root / "src")
    (root / "pyproject.toml").touch()
    editable(site, root, "src-project")
    (site / "_src.pth").write_text(f"{root / 'src'}\n")
    monkeypatch.syspath_prepend(site)
    assert _owners.is_owned("owned_src")


def test_an_editable_install_that_lists_its_module_is_owned_wherever_it_is_found(place, tmp_path, monkeypatch):
    root, site = tmp_path / "project", tmp_path / "lib" / "site-packages"
    place("owned_listed", root)
    place("owned_beside", root)
    editable(site, root, "listed-project", top="owned_listed")
    monkeypatch.syspath_prepend(site)
    assert _owners.is_owned("owned_listed")
    assert not _owners.is_owned("owned_beside")


def test_an_editable_install_with_a_finder_of_its_own_is_owned(place, tmp_path, monkeypatch):
    root, site = tmp_path / "project", tmp_path / "lib" / "site-packages"
    place("owned_found", root / "code", package=True)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if not entry.startswith(str(root))])
    assert not _owners.is_owned("owned_found")
    _owners._known.clear()
    editable(site, root, "found-project")
    monkeypatch.syspath_prepend(site)
    assert _owners.is_owned("owned_found")


def test_parts_of_a_namespace_package_are_judged_one_by_one(tmp_path, monkeypatch):
    inside, beside = tmp_path / "lib" / "site-packages", tmp_path / "beside"
    for folder, part in [(inside, "installed"), (beside, "mine")]:
        (folder / "owned_space").mkdir(parents=True)
        (folder / "owned_space" / f"{part}.py").write_text("X = 1\n")
        monkeypatch.syspath_prepend(folder)
    for part in ("installed", "mine"):
        importlib.import_module(f"owned_space.{part}")

    try:
        assert _owners.is_owned("owned_space.installed")
        assert not _owners.is_owned("owned_space.mine")
    finally:
        for name in [name for name in sys.modules if name.startswith("owned_space")]:
            del sys.modules[name]


def test_a_module_that_moved_is_judged_again(place, tmp_path):
    module = place("owned_moving", tmp_path / "lib" / "site-packages")
    assert _owners.is_owned("owned_moving")
    module.__file__ = str(tmp_path / "owned_moving.py")
    assert not _owners.is_owned("owned_moving")


def test_odd_things_among_the_modules_do_no_harm(monkeypatch):
    class Odd:
        __path__ = property(lambda self: 1 / 0)
        __name__ = "owned_odd"

    monkeypatch.setitem(sys.modules, "owned_odd", Odd())
    assert "owned_odd" not in {getattr(module, "__name__", "") for module in _owners.unowned_modules()}


def test_a_fresh_interpreter_has_no_unowned_modules_but_the_notebooks():
    code = "import numpy, sklearn.linear_model, joblib, cloudpickle\nfrom jupyter_modelstore import _owners\n"
    code += "print([module.__name__ for module in _owners.unowned_modules()])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(sys.prefix))
    assert done.stdout.strip() == "[]"
