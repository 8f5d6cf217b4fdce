"""Environments of other versions, and the table of what can be loaded where. Run as a script, it prints the table.

An environment is made by uv once and kept under ``MODELSTORE_MATRIX_DIR`` (default: ``.cache/matrix`` in the checkout). No
Python is downloaded: those of other minor versions take part where they are found.
"""

from __future__ import annotations

import collections
import contextlib
import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_ENVIRON = dict(os.environ)
"""As it was when the tests began: they set another home, and uv keeps its cache at home."""

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(_ENVIRON.get("MODELSTORE_MATRIX_DIR") or ROOT / ".cache" / "matrix")
SCRIPT = Path(__file__).with_name("run.py")

OLDEST_SKLEARN = {(3, 10): "1.4.0", (3, 11): "1.4.0", (3, 12): "1.4.0", (3, 13): "1.5.2"}
"""The oldest scikit-learn from 1.4 on that has a wheel for a Python."""

OLDEST_NUMPY = {(3, 10): "1.26.0", (3, 11): "1.26.0", (3, 12): "1.26.0", (3, 13): "2.1.0"}
"""The oldest numpy from 1.26 on that has a wheel for a Python, and does not crash with it."""


NEWEST = ("scikit-learn<=1.9.1", "numpy<=2.5.5", "scipy<=1.18.1", "joblib>=1.6,<=1.6.0", "cloudpickle<=3.1.2")
"""The newest versions that the table of exceptions knows. ``MODELSTORE_MATRIX_LATEST=1`` takes what the index serves: do so
when a library has a new release, and bring the table up to date."""


@dataclass(frozen=True)
class Environment:
    """One set of versions; an empty version is the newest that is known here."""

    name: str
    python: str
    sklearn: str = ""
    numpy: str = ""

    @property
    def requirements(self) -> list[str]:
        """What to install."""
        pins = [f"scikit-learn=={self.sklearn}" if self.sklearn else "scikit-learn"]
        pins += [f"numpy=={self.numpy}" if self.numpy else "numpy", "joblib>=1.6", "cloudpickle"]
        return pins if _ENVIRON.get("MODELSTORE_MATRIX_LATEST") else [*pins, *NEWEST]

    @property
    def folder(self) -> Path:
        """Where it is kept; the name holds what it is made of."""
        digest = hashlib.sha256("\n".join([self.python, *self.requirements]).encode()).hexdigest()[:12]
        return FOLDER / f"{self.name}-{digest}"

    @property
    def saved(self) -> Path:
        """What was saved in it."""
        return self.folder / "saved"

    def run(self, *arguments: str) -> str:
        """Run the script in it and return what it prints."""
        python = next(path for path in (self.folder / "bin/python", self.folder / "Scripts/python.exe") if path.exists())
        environment = {**_ENVIRON, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(FOLDER / "pycache")}
        environment |= {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # many run at once
        done = subprocess.run(
            [str(python), str(SCRIPT), *arguments], env=environment, capture_output=True, text=True, timeout=500, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr[-3000:]}")
        return done.stdout


def here() -> dict[str, Environment]:
    """Return the environments of the running Python: oldest, newest, and mixed ones."""
    minor = sys.version_info[:2]
    sklearn, numpy = OLDEST_SKLEARN[minor], OLDEST_NUMPY[minor]
    second = "2.0.0" if numpy < "2" else "2.2.0"
    found = [
        Environment("oldest", sys.executable, sklearn, numpy),
        Environment("oldest-numpy2", sys.executable, "1.4.2" if sklearn < "1.5" else sklearn, second),
        Environment("middle", sys.executable, "1.5.2", second),
        Environment("newest-oldnumpy", sys.executable, "", numpy),
        Environment("newest", sys.executable),
    ]
    return {environment.name: environment for environment in found}


@functools.cache
def others() -> dict[str, Environment]:
    """Return an environment of the newest versions for each other Python that is found here."""
    found = {}
    for minor in range(10, 14):
        if minor != sys.version_info.minor and (python := _interpreter(f"3.{minor}")):
            found[f"python3.{minor}"] = Environment(f"python3.{minor}", python)
    return found


def _interpreter(version: str) -> str | None:
    for candidate in [shutil.which(f"python{version}"), *_of_pyenv(version), _of_uv(version)]:
        if candidate and _answers(candidate, version):
            return candidate
    return None


def _of_pyenv(version: str) -> list[str]:
    root = Path(_ENVIRON.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return [str(path) for path in sorted(root.glob(f"versions/{version}.*/bin/python"))]


def _of_uv(version: str) -> str | None:
    done = subprocess.run(
        [uv(), "python", "find", version, "--no-project"],
        env={**_ENVIRON, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or None


def _answers(python: str, version: str) -> bool:
    """Tell whether it is what its name says: a shim may stand for nothing."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == version


def uv() -> str:
    """Return the uv beside this interpreter, or of the path."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv") or "uv"


def build(environment: Environment) -> Environment:
    """Make an environment and save all subjects in it, unless that was done; safe to call from several processes.

    Saving again is needed when a file of the formats or of this folder changed.
    """
    mark = environment.folder / "saved.txt"
    wanted = _fingerprint()
    environment.folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(FOLDER / f"{environment.folder.name}.lock"):
        if not (environment.folder / "ready.txt").exists():
            shutil.rmtree(environment.folder, ignore_errors=True)
            _uv("venv", "--python", environment.python, "--no-project", str(environment.folder))
            _uv("pip", "install", "--python", str(environment.folder), *environment.requirements)
            (environment.folder / "ready.txt").write_text("\n".join(environment.requirements))
        if not mark.exists() or mark.read_text() != wanted:
            shutil.rmtree(environment.saved, ignore_errors=True)
            environment.run("save", str(environment.saved))
            mark.write_text(wanted)
    return environment


def _uv(*arguments: str) -> None:
    never = {**_ENVIRON, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run([uv(), "--quiet", *arguments], env=never, capture_output=True, text=True, timeout=500, check=False)
    if done.returncode:
        raise RuntimeError(f"uv {arguments[0]}: {done.stderr[-2000:]}")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted([*Path(__file__).parent.glob("*.py"), *(ROOT / "jupyter_modelstore" / "formats").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process in at a time; the system lets go of the lock when a process dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def partners(loaded: Environment) -> list[Environment]:
    """Return the environments whose files are loaded in one: all of this Python; for another Python the oldest and newest."""
    mine = here()
    if loaded.name in mine:
        return [*mine.values(), *(others().values() if loaded.name in {"oldest", "newest"} else ())]
    return [mine["oldest"], mine["newest"], loaded]


def verdicts(loaded: Environment) -> dict[str, dict[str, str]]:
    """Return how what each partner saved behaves in an environment: partner's name to subject to verdict."""
    saved = partners(loaded)
    for environment in {loaded.name: loaded, **{other.name: other for other in saved}}.values():
        build(environment)
    found = json.loads(loaded.run("load", *(str(other.saved) for other in saved)))
    return {other.name: found[str(other.saved)] for other in saved}


def versions(environment: Environment) -> dict[str, str]:
    """Return what is installed in a built environment."""
    return dict(json.loads((environment.saved / "versions.json").read_text()))


def table() -> str:
    """Return the whole table as text: rows save, columns load."""
    environments = {**here(), **others()}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(build, environments.values()))
        found = dict(zip(environments, pool.map(verdicts, environments.values()), strict=True))
    width = max(map(len, environments)) + 2
    lines = []
    for name, environment in environments.items():
        lines.append(f"{name:{width}}" + ", ".join(f"{key} {value}" for key, value in versions(environment).items()))
    lines += ["", "saved in / loaded in: equal, differs, fails when asked, refuses to load"]
    lines.append(" " * width + "".join(f"{name:>{width}}" for name in environments))
    for row in environments:
        cells = [_cell(found[column].get(row)) for column in environments]
        lines.append(f"{row:{width}}" + "".join(f"{cell:>{width}}" for cell in cells))
    return "\n".join(lines)


def _cell(found: dict[str, str] | None) -> str:
    if found is None:
        return "-"
    counts = collections.Counter(verdict.partition(":")[0] for verdict in found.values())
    return " ".join(str(counts[key]) for key in ("equal", "differs", "fails", "refuses"))


if __name__ == "__main__":
    print(table())  # noqa: T201 (a script that prints a table)
