"""The public names, pinned: who changes one changes this file, and CHANGELOG.md."""

from __future__ import annotations

import inspect
import re

import pytest

import jupyter_modelstore as jms
from jupyter_modelstore import cli, magics, registry, verbs
from jupyter_modelstore.record import ModelRecord

PUBLIC = [
    "EnvironmentWarning", "Gallery", "ModelRecord", "ModelStoreError", "NotArrivedWarning", "Query", "Reference", "Registry",
    "SaveDialog", "__version__", "connect", "load_ipython_extension", "unload_ipython_extension",
]  # fmt: skip
SAVE = [
    "model", "name", "description", "tags", "metrics", "alias", "variable", "captured", "force", "progress",
    "leave_out", "confirm", "wait",
]  # fmt: skip
REGISTRY = {
    "alias_history": ["name", "alias"],
    "check": ["full"],
    "compare": ["refs"],
    "delete": ["ref", "force"],
    "delete_records": ["records", "force"],
    "download": ["ref", "to", "progress"],
    "edit": ["ref", "description", "tags", "add_tags", "remove_tags", "add_metrics", "drop_metrics"],
    "empty_trash": [],
    "facets": ["query"],
    "get": ["ref", "at"],
    "keep": SAVE,
    "list": ["words", "tags", "algorithm", "model_type", "metrics", "space", "all_versions", "deleted", "sort"],
    "load": ["ref", "trust", "strict", "at", "progress"],
    "location": None,
    "meant": ["ref", "deleted"],
    "copy_from": ["other", "record", "progress"],
    "link": ["ref"],
    "local_directory": None,
    "until": None,
    "pending": [],
    "doubted": [],
    "kept_for_others": [],
    "resume": ["progress", "refused", "told"],
    "saved": ["save_id"],
    "became": ["save_id", "name", "sha256"],
    "discard": ["ref"],
    "names": [],
    "next_version": ["name"],
    "open": ["ref", "trust", "strict", "at", "progress"],
    "page": ["query", "limit", "offset"],
    "prune": ["name", "keep", "dry_run"],
    "purge": ["ref"],
    "purge_records": ["records"],
    "recognise": ["model"],
    "remove_alias": ["name", "alias", "why"],
    "rename": ["name", "new"],
    "repair": [],
    "restore": ["ref"],
    "restore_records": ["records"],
    "rollback": ["name", "alias", "why"],
    "save": ["model", "name", "what"],
    "save_file": ["path", "name", "description", "tags", "metrics", "alias", "progress", "wait"],
    "save_in_background": ["model", "name", "what"],
    "set_alias": ["ref", "alias", "why", "only_from"],
    "stats": [],
    "user_id": None,
    "versions": ["name"],
    "waiting": ["ref"],
    "where": None,
}


def test_the_package_has_these_names_and_no_others():
    assert sorted(jms.__all__) == dir(jms) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(jms, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        jms.nothing  # noqa: B018 (asking is the test)


def test_public_things_are_documented():
    for name in PUBLIC:
        if name != "__version__":
            assert inspect.getdoc(getattr(jms, name)), name
    for name in REGISTRY:
        assert inspect.getdoc(getattr(jms.Registry, name)), name


def test_the_version_is_one():
    assert re.fullmatch(r"\d+\.\d+\.\d+", jms.__version__)


def test_the_registry_has_these_verbs_and_arguments():
    found = {}
    for name, member in vars(jms.Registry).items():
        if not name.startswith("_"):
            found[name] = None if isinstance(member, property) else list(inspect.signature(member).parameters)[1:]
    assert found == REGISTRY


def test_a_record_can_be_read_in_short():
    assert {"name", "ref", "params", "to_json", "from_json"} <= set(dir(ModelRecord))


def test_magics_are_those_of_the_contract():
    assert set(magics.MAGICS) == {
        "save_model", "models", "load_model", "download_model", "edit_model", "alias_model", "delete_model", "restore_model",
        "compare_models", "model_stats", "model_card", "modelstore",
    }  # fmt: skip
    assert {"status", "login", "logout", "doctor", "autoload", "config", "offer", "prune", "empty-trash", "rename"} <= set(
        magics.SUBCOMMANDS
    )


def test_commands_are_those_of_the_registry():
    local = {"list", "show", "versions", "compare", "stats", "save", "load", "download", "edit", "alias", "rename", "delete",
             "restore", "purge", "empty-trash", "prune", "status", "doctor", "facets", "resume", "discard"}  # fmt: skip
    assert set(verbs.VERBS) == local
    assert cli._SYNONYMS == {"list": ("ls",), "delete": ("rm",)}


def test_warnings_can_be_filtered_by_their_class():
    for name in ("EnvironmentWarning", "NotArrivedWarning"):
        assert getattr(jms, name) is getattr(registry, name)
        assert issubclass(getattr(jms, name), UserWarning)
