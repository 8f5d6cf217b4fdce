"""Fixtures of tests marked ``supabase``: a project, people who signed up in it, fresh databases.

The project is a stack of this test run, shared by its workers, or the one that MODELSTORE_TEST_SUPABASE_URL, _KEY,
_SERVICE_KEY, _DATABASE_URL and _JWT_SECRET tell.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from stack import Stack

OUTSIDE = {
    name: os.environ.get(f"MODELSTORE_TEST_SUPABASE_{name}", "")
    for name in ("URL", "KEY", "SERVICE_KEY", "DATABASE_URL", "JWT_SECRET")
}
"""Read once: a test's own environment is empty."""


@dataclass(frozen=True)
class Project:
    """A Supabase project, and the back doors that tests need."""

    url: str
    key: str
    service_key: str = field(repr=False)
    database_url: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    local: Stack | None = None
    """The stack on this machine, or None: what only that can do is skipped elsewhere."""

    def mint(self, claims: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Sign a token: an authenticated one of an hour, changed by claims; None takes a claim away."""
        now = int(time.time())
        body = {"sub": str(uuid.uuid4()), "role": "authenticated", "aud": "authenticated", "iat": now, "exp": now + 3600}
        body.update(claims or {}, **more)
        return jwt.encode({name: value for name, value in body.items() if value is not None}, self.jwt_secret, "HS256")


@pytest.fixture(scope="session")
def stack():
    """The project that this test run uses."""
    if OUTSIDE["URL"]:
        missing = [f"MODELSTORE_TEST_SUPABASE_{name}" for name, value in OUTSIDE.items() if not value]
        assert not missing, f"Set these too: {', '.join(missing)}"
        yield Project(OUTSIDE["URL"], OUTSIDE["KEY"], OUTSIDE["SERVICE_KEY"], OUTSIDE["DATABASE_URL"], OUTSIDE["JWT_SECRET"])
        return
    local = Stack("run-" + os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())))
    local.up(keeper=os.getpid())
    try:
        told = local.env()
        yield Project(
            told["SUPABASE_URL"], told["SUPABASE_KEY"], told["SERVICE_KEY"], told["DATABASE_URL"], told["JWT_SECRET"], local
        )
    finally:
        local.leave(os.getpid())


@pytest.fixture
def new_database(stack):
    """A function that makes databases as fresh as a new project's: ``new_database(old_grants=False)`` is a URL, as postgres."""
    if stack.local is None:
        pytest.skip("only the stack on this machine makes databases")
    made = []

    def make(*, old_grants: bool = False) -> str:
        made.append(stack.local.new_database(old_grants=old_grants))
        return made[-1]

    yield make
    for url in made:
        stack.local.drop_database(url)
