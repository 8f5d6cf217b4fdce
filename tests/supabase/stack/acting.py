"""Transactions on any database of the stack as PostgREST and Storage open them: for attacks and races that need no server."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from ._storage import Caller

Claims = Mapping[str, Any]


@contextlib.contextmanager
def as_rest(connection: psycopg.Connection, claims: Claims, *, rollback: bool = False) -> Iterator[psycopg.Connection]:
    """Open a transaction as PostgREST does for a token's claims. Connect as ``authenticator``; anon is ``{"role": "anon"}``."""
    settings = {
        "search_path": "public, extensions",
        "role": str(claims.get("role", "anon")),
        "request.jwt.claims": json.dumps(dict(claims)),
        "request.method": "POST",
        "request.path": "/",
        "request.headers": "{}",
    }
    with connection.transaction(force_rollback=rollback):
        for name, value in settings.items():
            connection.execute("select set_config(%s, %s, true)", [name, value])
        yield connection


@contextlib.contextmanager
def as_storage(
    connection: psycopg.Connection, claims: Claims, operation: str, *, rollback: bool = False
) -> Iterator[psycopg.Connection]:
    """Open a transaction as Storage does, for an operation such as ``storage.object.upload``.

    Connect as ``supabase_storage_admin``. Storage tries an upload out under the caller's claims and rolls it back, and then
    writes the row with the claims ``{"role": "service_role"}``.
    """
    with connection.transaction(force_rollback=rollback):
        connection.execute(*Caller(claims=claims, operation=operation).scope())
        yield connection
