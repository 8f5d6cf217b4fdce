"""No race loses a byte, gives a number twice or goes beyond a limit (``races.py``)."""

from __future__ import annotations

import psycopg
import pytest
from races import RACES

from jupyter_modelstore.sql import Database

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


@pytest.fixture(scope="module")
def url(stack):
    """A database with the schema; the earlier application's client may still delete."""
    if stack.local is None:
        pytest.skip("only the stack on this machine makes databases")
    url = stack.local.new_database()
    Database(url).apply()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("update modelstore_private.settings set earlier_application = true")
    yield url
    stack.local.drop_database(url)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race(url, race):
    assert race(url) == []
