"""Databases with a world planted in them, for the attack matrix, the seeded faults and the lints."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import attacks
import psycopg
import pytest
from psycopg import sql

from jupyter_modelstore.sql import Database


@dataclass(frozen=True)
class Planted:
    """A database with the schema and a world, by its superuser's address."""

    url: str
    world: attacks.World


@pytest.fixture(scope="module")
def planted(stack):
    """A database of this module's own; nothing in it is changed for good."""
    if stack.local is None:
        pytest.skip("only the stack on this machine makes databases")
    url = stack.local.new_database()
    Database(url).apply()
    with psycopg.connect(stack.local.admin_url(url), autocommit=True) as superuser:
        world = attacks.build(superuser)
        superuser.execute("analyze")
    yield Planted(stack.local.admin_url(url), world)
    stack.local.drop_database(url)


@pytest.fixture(scope="module")
def superuser(planted):
    """The planted database's superuser."""
    with psycopg.connect(planted.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def copy(stack, planted):
    """A copy of the planted database, to be broken: its superuser's address."""
    before, _, source = planted.url.rpartition("/")
    name = f"clone_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{before}/template1", autocommit=True) as server:
        server.execute(
            sql.SQL("create database {} owner postgres template {}").format(sql.Identifier(name), sql.Identifier(source))
        )
    yield f"{before}/{name}"
    stack.local.drop_database(f"{before}/{name}")
