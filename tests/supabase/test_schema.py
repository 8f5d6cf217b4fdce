"""A client works with a database one version older or newer; farther apart it says which side to update, and a save waits."""

from __future__ import annotations

import json

import pytest
from conformance.backend import keep
from relay import Relay

from jupyter_modelstore.backends.supabase import _database
from jupyter_modelstore.backends.supabase._answers import of_database
from jupyter_modelstore.backends.supabase._database import SCHEMA
from jupyter_modelstore.errors import Forbidden, NotFound, SchemaMismatch, ServiceError

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


@pytest.fixture
def of_version(project, opened):
    """A function that opens the project as one whose schema has another version, and adds what this client does not know."""
    with Relay.before(project.url) as relay:

        def tell(handler, version):
            answer = handler.forward().json()
            answer["schema"]["version"] = version
            handler.say(200, [("Content-Type", "application/json")], json.dumps(answer | {"new": {"of": [version]}}).encode())

        def make(version):
            relay.answers("POST", "rpc/modelstore_whoami", lambda handler: tell(handler, version))
            return opened(relay.url)

        make.relay = relay
        yield make


@pytest.mark.parametrize("version", [SCHEMA - 1, SCHEMA, SCHEMA + 1], ids=["older", "same", "newer"])
def test_one_version_older_or_newer_works(of_version, version):
    backend = of_version(version)
    assert keep(backend, "churn").record.ref == "churn:1"
    assert backend.names() == ["churn"]
    assert backend.delete([keep(backend, "churn", b"2").record]).bytes == 1


def test_a_database_that_is_too_new_asks_for_a_newer_package(of_version, opened):
    backend = of_version(SCHEMA + 2)
    with pytest.raises(SchemaMismatch, match=f"newer than this package: schema {SCHEMA + 2}") as caught:
        backend.names()
    assert caught.value.hint == "pip install --upgrade jupyter-modelstore"
    saved = keep(backend, "churn").record
    assert (saved.status, saved.extra["waits"]["code"]) == ("pending", "schema_mismatch")
    assert [each.record.ref for each in opened().resume()] == ["churn:1"]


def test_a_database_that_is_too_old_asks_its_admin(of_version, opened, monkeypatch):
    monkeypatch.setattr(_database, "SCHEMA", SCHEMA + 2)
    backend = of_version(SCHEMA)
    with pytest.raises(SchemaMismatch, match="older than this package") as caught:
        backend.names()
    assert "jupyter modelstore init --check" in caught.value.hint
    assert keep(backend, "churn").record.status == "pending"
    monkeypatch.undo()
    assert [each.record.ref for each in opened().resume()] == ["churn:1"]


def test_fields_of_a_newer_database_are_kept_and_words_told(of_version):
    backend = of_version(SCHEMA + 1)
    record = keep(backend, "churn").record

    def more(handler):
        row = handler.forward().json()
        handler.say(200, [("Content-Type", "application/json")], json.dumps(row | {"colour": "red"}).encode())

    of_version.relay.answers("POST", "rpc/modelstore_find", more)
    assert backend.saved(record.save_id).extra["colour"] == "red"
    told = {"code": "PT403", "message": "frozen", "details": "The space is frozen.", "hint": "Ask for it."}
    for code, kind in {"PT403": Forbidden, "PT404": NotFound, "PT418": ServiceError}.items():
        error = of_database(told | {"code": code}, int(code[2:]))
        assert (type(error), error.message, error.hint) == (kind, "The space is frozen.", "Ask for it.")
