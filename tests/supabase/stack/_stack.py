"""A Supabase project on this machine: PostgreSQL, PostgREST, and stand-ins for Auth, Storage and the gateway."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import time
import uuid
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from . import _keys, _places, _postgrest, _processes
from ._postgres import Cluster

PORTS = ("postgres", "gateway", "auth", "storage", "postgrest", "postgrest_admin")
SERVERS = ("postgrest", "auth", "storage", "gateway")


class Stack:
    """A stack by name; several stand side by side. Whoever names it in another process means the same one."""

    def __init__(self, name: str) -> None:
        self.directory = _places.base() / name
        self._state_file = self.directory / "state.json"
        self._lock = _places.base() / f"{name}.lock"

    @property
    def state(self) -> dict:
        """What the stack's processes were started with; empty when it is down."""
        return _places.read_json(self._state_file)

    def _save(self, **changes) -> None:
        _places.write_json(self._state_file, {**self.state, **changes})

    @property
    def cluster(self) -> Cluster:
        """The stack's PostgreSQL."""
        state = self.state
        if not state:
            raise RuntimeError("The stack is down: scripts/stack up")
        return Cluster(self.directory, state["ports"]["postgres"], state["password"])

    def up(self, *, old_grants: bool = False, keeper: int | None = None) -> None:
        """Start what does not run. With a keeper the stack belongs to living processes, and goes when they are gone."""
        sweep(besides=self.directory.name)
        keepers = [] if keeper is None else [_processes.identity(keeper)]
        with _places.locked(self._lock):
            if self.state.get("complete") and not self.abandoned():
                self.start(*self._stopped())
                self._save(keepers=[*self.state["keepers"], *keepers])
            else:
                self._create_somehow(old_grants=old_grants, keepers=keepers)

    def _create_somehow(self, **options) -> None:
        """Make the stack; a port that was free may be taken when its server binds it, so there are three tries."""
        for last in (False, False, True):
            self._clear()
            try:
                self._create(**options)
            except RuntimeError:
                if last:
                    raise
            else:
                return

    def leave(self, keeper: int) -> None:
        """Let go of the stack; the last who does, stops it."""
        with _places.locked(self._lock):
            others = [known for known in self.state.get("keepers", []) if known["pid"] != keeper and _processes.find(known)]
            if others:
                self._save(keepers=others)
            else:
                self._remove()

    def down(self) -> None:
        """Stop everything and remove the directory."""
        with _places.locked(self._lock):
            self._remove()

    def abandoned(self) -> bool:
        """Tell whether the stack belonged to processes that are all gone."""
        state = self.state
        keepers = state.get("keepers", [])
        return bool(keepers) and not any(map(_processes.find, keepers))

    def _stopped(self) -> list[str]:
        """Return the servers that do not run."""
        processes = self.state["processes"]
        return [name for name in ("postgres", *SERVERS) if not _processes.find(processes[name])]

    def _create(self, *, old_grants: bool, keepers: list[dict]) -> None:
        self.directory.mkdir(mode=0o711)
        self._save(
            ports=dict(zip(PORTS, _places.free_ports(len(PORTS)), strict=True)),
            password=secrets.token_hex(16),
            jwt_secret=secrets.token_hex(32),
            begun=int(time.time()),
            old_grants=old_grants,
            keepers=keepers,
            processes={},
        )
        try:
            self._save(processes={"postgres": self.cluster.create(old_grants=old_grants)})
            self.start(*SERVERS)
        except BaseException:
            self._clear()
            raise
        self._save(complete=True)

    def start(self, *names: str) -> None:
        """Start servers that do not run, all at once, and wait until each answers; tests stop single ones."""
        state, known = self.state, dict(self.state["processes"])
        if "postgres" in names:
            known["postgres"] = self.cluster.start()
        for name in sorted(set(names) - {"postgres"}):
            if name == "postgrest":
                known[name] = _postgrest.start(self.cluster, self.directory, state["ports"], state["jwt_secret"])
            else:
                known[name] = self._python_server(name)
        self._save(processes=known)
        waited = set(names) - {"postgres"}
        if "postgres" in names and "postgrest" in known and _processes.find(known["postgrest"]):
            waited.add("postgrest")  # it looks for its database from time to time
        for name in sorted(waited):
            _processes.wait_until(lambda name=name: self._answers(name), known[name], self.directory / f"{name}.log", 60)

    def stop(self, *names: str) -> None:
        """Stop single servers as a crash does; :meth:`start` brings them back with their data."""
        for name in names:
            # PostgreSQL's own crash: its children must not outlive it.
            _processes.stop(self.state["processes"][name], signal.SIGQUIT if name == "postgres" else signal.SIGKILL)

    def _python_server(self, name: str) -> dict:
        path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "stack._serve", name, self.directory]
        return _processes.start(command, self.directory / f"{name}.log", env={"PYTHONPATH": path}, cwd="/")

    def _answers(self, name: str) -> bool:
        ports = self.state["ports"]
        if name != "postgrest":
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", ports[name])) == 0
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", ports["postgrest_admin"], timeout=5)) as connection:
                connection.request("GET", "/ready")
                return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False

    def _remove(self) -> None:
        self._clear()
        self._lock.unlink(missing_ok=True)

    def _clear(self) -> None:
        processes = self.state.get("processes", {})
        for name in sorted(processes, key="postgres".__eq__):
            if name == "postgres":
                self.cluster.stop(processes[name])
            else:
                _processes.stop(processes[name])
        if self.directory.exists():
            shutil.rmtree(self.directory)

    def new_database(self, *, old_grants: bool = False) -> str:
        """Return the URL, as ``postgres``, of a database as fresh as a new project's; the servers do not know it."""
        return self.cluster.new_database(f"clone_{uuid.uuid4().hex[:12]}", old_grants=old_grants)

    def drop_database(self, url: str) -> None:
        """Remove a database that :meth:`new_database` made."""
        self.cluster.drop_database(url.rpartition("/")[2])

    def admin_url(self, url: str) -> str:
        """Return the superuser's way into the database of a URL."""
        return self.login_url(url, "supabase_admin")

    def login_url(self, url: str, role: str) -> str:
        """Return another role's way into it: ``authenticator`` (as PostgREST), ``supabase_storage_admin`` (as Storage) …"""
        return self.cluster.url(role, url.rpartition("/")[2])

    def mails(self, address: str) -> list[EmailMessage]:
        """Return the letters that Auth wrote to somebody, oldest first."""
        files = sorted((self.directory / "mail").glob("*.eml"))
        letters = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [letter for letter in letters if letter["To"] == address.lower()]

    def code(self, address: str) -> str:
        """Return the newest one-time code that was sent to somebody."""
        return re.findall(r"\b\d{6}\b", self.mails(address)[-1].get_content())[-1]

    def env(self) -> dict[str, str]:
        """Return what clients and tests need to know."""
        state, cluster = self.state, self.cluster
        secret, begun = state["jwt_secret"], state["begun"]
        return {
            "SUPABASE_URL": f"http://127.0.0.1:{state['ports']['gateway']}",
            "SUPABASE_KEY": _keys.opaque("anon", secret),
            "SERVICE_KEY": _keys.legacy("service_role", secret, begun),
            "SECRET_KEY": _keys.opaque("service_role", secret),
            "ANON_KEY": _keys.legacy("anon", secret, begun),
            "DATABASE_URL": cluster.url(),
            "ADMIN_DATABASE_URL": cluster.url("supabase_admin"),
            "JWT_SECRET": state["jwt_secret"],
        }


def sweep(besides: str = "") -> None:
    """Stop the stacks that killed test runs left behind."""
    for file in _places.base().glob("*/state.json"):
        if file.parent.name != besides:
            stack = Stack(file.parent.name)
            try:
                left = stack.abandoned()
            except (OSError, json.JSONDecodeError):  # another process removes it just now
                continue
            if left:
                stack.down()
