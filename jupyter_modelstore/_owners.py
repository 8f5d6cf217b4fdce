"""Which modules belong to no installed distribution, so that their code must travel inside the file.

A class of scikit-learn is written as a name: whoever loads the file has scikit-learn. A class of the notebook, or of a
``helpers.py`` beside it, is not found elsewhere. What decides is the place that a module's top-level package was imported
from: the standard library, ``site-packages`` and ``dist-packages`` belong to distributions, and so do editable installs,
which live anywhere and are known by a ``.pth`` line, by ``direct_url.json`` or by a finder of their own. Everything else
(the working directory, ``PYTHONPATH``, an appended ``sys.path``) belongs to none, unless a distribution's metadata lies beside
it (``pip install --target``). Answers are kept for as long as the module's file is the same.
"""

from __future__ import annotations

import functools
import json
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit
from urllib.request import url2pathname

NOTEBOOK = frozenset({"__main__", "__mp_main__"})
"""Names of the notebook's (or script's) own module; the second in processes that multiprocessing starts."""

_INSTALLED_FOLDERS = frozenset({"site-packages", "dist-packages"})
_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_OF_CYTHON = ("_cython_", "cython_runtime")
"""Modules without a file that every compiled Cython extension shares."""

_known: dict[str, tuple[str | None, bool]] = {}


def is_owned(name: str) -> bool:
    """Tell whether a module belongs to the standard library or to an installed distribution.

    Parameters
    ----------
    name
        Full name of the module, such as ``sklearn.linear_model._logistic``. One whose package is not imported is not owned:
        what claims to come from it was made on the fly.
    """
    if name in NOTEBOOK:
        return False
    package, place = _package(name)
    if not package:
        return False
    known = _known.get(package)
    if known is None or known[0] != place:
        known = _known[package] = (place, _decide(package, place))
    return known[1]


def unowned_modules() -> list[ModuleType]:
    """Return the imported modules whose code must travel by value, the notebook left out (cloudpickle knows it)."""
    found = []
    for name, module in list(sys.modules.items()):
        if (
            name != "__main__"
            and isinstance(module, ModuleType)
            and getattr(module, "__name__", None) == name
            and name.replace(".", "").isidentifier()  # tools keep their state under other names ("$coverage…")
            and not is_owned(name)
        ):
            found.append(module)
    return found


def _package(name: str) -> tuple[str, str | None]:
    """Return the outermost imported package of a module that has a file, and that file.

    Namespace packages are passed by: their parts come from different places. Empty if nothing of it is imported.
    """
    found, end = "", 0
    while end != len(name):
        end = name.find(".", end + 1)
        end = len(name) if end < 0 else end
        module = sys.modules.get(name[:end])
        if module is None:
            break
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            return name[:end], file
        found = name[:end]
    return found, None


def _decide(package: str, place: str | None) -> bool:
    top = package.partition(".")[0]
    if place is None:
        return top in sys.builtin_module_names or top in sys.stdlib_module_names or top.startswith(_OF_CYTHON)
    path = Path(place).absolute()
    is_package = path.stem == "__init__"
    base = path.parents[package.count(".") + is_package]
    if not _INSTALLED_FOLDERS.isdisjoint(base.parts):
        return True
    real = _real(base)
    if any(real == folder or folder in real.parents for folder in _standard_folders()):
        return True
    if _lists(distributions(path=[str(base)]), top):
        return True
    return _is_editable(top, real, is_package=is_package)


@functools.cache
def _standard_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [sysconfig.get_paths().get(name) for name in names]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    zipped = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    folders += [entry for entry in sys.path if entry.endswith(zipped)]
    return tuple({_real(Path(folder)) for folder in folders if folder})


def _is_editable(top: str, base: Path, *, is_package: bool) -> bool:
    """Tell whether a project installed with ``pip install -e`` brought the module that was found in ``base``."""
    projects = list(_editable_projects())
    near = [dist for root, dist in projects if root == base or root in base.parents]
    if _lists(near, top):
        return True
    if base in _pth_folders():
        # a line of a .pth file: all packages below are the project's; a lone file beside pyproject.toml may be a script
        return is_package or not any((base / name).exists() for name in _PROJECT_FILES)
    on_path = {_real(Path(entry)) for entry in sys.path}
    return bool(near) and base not in on_path  # found by the project's own finder


def _editable_projects() -> Iterator[tuple[Path, Distribution]]:
    for dist in distributions():
        try:
            origin = json.loads(dist.read_text("direct_url.json") or "{}")
            if origin.get("dir_info", {}).get("editable"):
                yield _real(Path(url2pathname(urlsplit(origin["url"]).path))), dist
        except (OSError, ValueError, KeyError, AttributeError):
            continue


def _pth_folders() -> set[Path]:
    folders = set()
    for directory in {entry for entry in sys.path if Path(entry).name in _INSTALLED_FOLDERS}:
        for pth in Path(directory).glob("*.pth"):
            try:
                lines = pth.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue
            folders |= {
                _real(Path(directory, line.strip())) for line in lines if line.strip() and not line.startswith(("#", "import"))
            }
    return folders


def _lists(dists: Iterable[Distribution], top: str) -> bool:
    """Tell whether one of the distributions says that it brings this top-level module."""
    wanted = top.replace("-", "_").lower()
    for dist in dists:
        try:
            names = (dist.read_text("top_level.txt") or "").split()
            names += [dist.metadata["Name"] or ""]
            names += [file.parts[0].partition(".")[0] for file in dist.files or () if file.parts]
        except (OSError, ValueError, KeyError):
            continue
        if any(name.replace("-", "_").replace(".", "_").lower() == wanted for name in names):
            return True
    return False


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
