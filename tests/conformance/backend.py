"""What every backend promises (``protocols.Backend``), as tests that a backend's own test class inherits.

The class gives three fixtures: ``backend``, empty; ``again``, a function that opens the same store once more, as another
process would; and ``door``, a back door that looks and changes without the backend's verbs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import uuid
from datetime import timedelta
from typing import Any, Protocol

import pytest

from jupyter_modelstore.errors import Ambiguous, InUse, InvalidValue, ModelFileNotFound, NameTaken, NotFound
from jupyter_modelstore.record import Changes, Draft, ModelRecord, Query, Reference, now

NAN = float("nan")


class BackDoor(Protocol):
    """A way past the backend."""

    def peek(self, record: ModelRecord) -> bytes:
        """Return the bytes that are stored for a record."""

    def poke(self, record: ModelRecord, data: bytes | None) -> None:
        """Change the bytes that are stored for a record; None removes them."""

    def rows(self) -> list[dict[str, Any]]:
        """Return all rows of models, tombstones too, as they are stored."""

    def set(self, record: ModelRecord, **columns: Any) -> None:
        """Change columns of a row."""

    def objects(self) -> set[str]:
        """Return the names of all stored files."""

    def leave(self, name: str, data: bytes, hours: float) -> None:
        """Leave a file behind, as a dead process would have so many hours ago."""


def keep(backend, name, data=b"model", save_id=None, **what):
    """Save bytes; return what the backend answered."""
    save_id = save_id or str(uuid.uuid4())
    with backend.receive(save_id) as incoming:
        incoming.file.write(data)
        return incoming.commit(Draft(model_name=name, save_id=save_id, **what))


def find(backend, text, at=None):
    return backend.find(Reference.parse(text), at=at)


def refs(records):
    return [record.ref for record in records]


def listed(backend, **terms):
    return refs(backend.select(Query(**terms)))


class BackendTests:
    """Inherit, and give the fixtures."""

    # ---- a save ------------------------------------------------------------------------------------------------------

    def test_a_new_store_is_empty(self, backend):
        assert list(backend.select(Query())) == []
        assert backend.count(Query()) == 0
        assert backend.names() == []
        assert backend.stats().models == 0
        assert find(backend, "churn") is None

    def test_a_save_is_visible_to_others_only_after_its_commit(self, backend, again, door):
        save_id = str(uuid.uuid4())
        with backend.receive(save_id) as incoming:
            incoming.file.write(b"model")
            incoming.seal()
            assert (find(again(), "churn"), door.rows(), again().names()) == (None, [], [])
            saved = incoming.commit(Draft(model_name="churn", save_id=save_id))
            assert find(again(), "churn") == saved.record
        assert saved.created
        assert door.peek(saved.record) == b"model"

    def test_the_backend_adds_what_it_alone_knows(self, backend):
        before = now()
        record = keep(backend, "churn", b"some bytes", algorithm="SVC", sha256="lie", model_file_size=1).record
        assert record.sha256 == hashlib.sha256(b"some bytes").hexdigest()
        assert (record.model_file_size, record.version, record.status) == (10, 1, "ready")
        assert before <= record.created_at == record.updated_at <= now()
        assert str(uuid.UUID(record.id)) == record.id
        assert (record.user_id, record.deleted_at, record.last_downloaded_at) == (backend.user_id, None, None)

    def test_every_field_of_a_draft_is_kept(self, backend, again):
        what = {
            "algorithm": "SVC",
            "model_type": "classification",
            "description": "zwei\nZeilen",
            "tags": ("a", "हिन्दी"),
            "alias": "champion",
            "metrics": {"auc": 0.5, "n": 3, "worst": NAN, "limit": math.inf},
            "training_config": {"params": {"C": 1.0, 3: (1, 2)}},
            "feature_columns": ("x", "y"),
            "target_column": "z",
            "training_time_seconds": 1.5,
            "training_samples": 10,
            "test_samples": 5,
            "environment": {"python": "3.11.1"},
            "source": {"variable": "clf"},
            "signature": {"n_features": 2},
            "origin": "file",
            "format": "joblib",
            "format_version": 7,
        }
        keep(backend, "Churn मॉडल", **what)
        record = find(again(), "churn मॉडल")
        for name, value in what.items():
            if name not in {"alias", "metrics"}:
                assert getattr(record, name) == value, name
        assert record.aliases == ("champion",)
        assert math.isnan(record.metrics["worst"])
        assert dict(record.metrics) | {"worst": 0} == {"auc": 0.5, "n": 3, "worst": 0, "limit": math.inf}
        assert type(record.metrics["n"]) is int
        assert record.extra == {}
        assert ModelRecord.from_json(record.to_json()).to_json() == record.to_json()

    def test_metrics_and_parameters_stay_in_their_order(self, backend, again):
        """The first metric is the main one."""
        params = {"with_mean": True, "C": 1.0, "copy": False}
        record = keep(backend, "churn", metrics={"roc_auc": 0.5, "f1": 0.25}, training_config={"params": params}).record
        backend.edit(record, Changes(add_metrics={"auc": 1.0}))
        for known in (record, find(again(), "churn")):
            assert list(known.metrics)[:2] == ["roc_auc", "f1"]
            assert list(known.training_config["params"]) == list(params)
        assert list(find(again(), "churn").metrics) == ["roc_auc", "f1", "auc"]

    @pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
    def test_a_save_that_is_given_up_leaves_nothing(self, backend, door, failure):
        with pytest.raises(failure), backend.receive(str(uuid.uuid4())) as incoming:  # noqa: PT012 (the end of the block is the test)
            incoming.file.write(b"half")
            raise failure
        with backend.receive(str(uuid.uuid4())) as incoming:
            incoming.file.write(b"half")
        assert (door.rows(), door.objects()) == ([], set())

    def test_a_sink_can_begin_again(self, backend, door):
        save_id = str(uuid.uuid4())
        with backend.receive(save_id) as incoming:
            incoming.file.write(b"wrong")
            incoming.file.restart()
            incoming.file.write(b"right")
            record = incoming.commit(Draft(model_name="churn", save_id=save_id)).record
        assert door.peek(record) == b"right"
        assert record.sha256 == hashlib.sha256(b"right").hexdigest()

    def test_progress_is_told_and_can_cancel(self, backend, door):
        told = []
        with backend.receive(str(uuid.uuid4()), lambda *what: told.append(what)) as incoming:
            incoming.file.write(b"12345")
        assert told[-1][:2] == ("writing", 5)

        def cancel(stage, done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), backend.receive(str(uuid.uuid4()), cancel) as incoming:
            incoming.file.write(b"12345")
        assert door.objects() == set()

    def test_versions_count_from_1_for_each_name_without_regard_to_case(self, backend):
        assert keep(backend, "Churn", b"1").record.ref == "Churn:1"
        assert keep(backend, "other", b"1").record.ref == "other:1"
        assert keep(backend, "CHURN", b"2").record.ref == "Churn:2"
        assert listed(backend, name="cHurn", all_versions=True, sort="version") == ["Churn:1", "Churn:2"]

    def test_the_next_number_counts_what_is_in_the_trash_and_what_is_gone(self, backend):
        assert backend.next_version("churn") == 1
        first, second = keep(backend, "churn", b"1").record, keep(backend, "churn", b"2").record
        backend.delete([first, second])
        assert backend.next_version("CHURN") == 3
        backend.purge([find(backend, "churn:1"), find(backend, "churn:2")])
        assert backend.next_version("churn") == 3
        assert keep(backend, "churn", b"3").record.version == 3

    def test_the_same_bytes_make_no_new_version_but_what_is_said_is_kept(self, backend, door):
        first = keep(backend, "churn", tags=("a",), metrics={"auc": 0.5}).record
        saved = keep(backend, "churn", tags=("b",), description="better said", alias="champion", metrics={"auc": 0.5})
        assert not saved.created
        assert (saved.record.id, saved.record.version) == (first.id, 1)
        assert (saved.record.tags, saved.record.description) == (("a", "b"), "better said")
        assert saved.record.aliases == ("champion",)
        assert len(door.objects()) == len(door.rows()) == 1

    def test_a_note_goes_to_the_same_bytes(self, backend):
        keep(backend, "churn", source={"variable": "clf", "note": "first"})
        saved = keep(backend, "churn", source={"variable": "other", "note": "second"})
        assert (saved.created, dict(saved.record.source)) == (False, {"variable": "clf", "note": "second"})
        assert dict(keep(backend, "churn", source={"variable": "other"}).record.source)["note"] == "second"

    def test_the_same_bytes_with_nothing_said_change_nothing(self, backend):
        first = keep(backend, "churn", tags=("a",), description="text", metrics={"auc": 0.5}).record
        assert keep(backend, "churn").record == first

    @pytest.mark.parametrize(
        ("old", "new", "created"),
        [
            ({"auc": 0.5}, {"auc": 0.5}, False),
            ({"auc": 0.5, "f1": 1}, {"f1": 1.0, "auc": 0.5}, False),
            ({"auc": 0.5}, {"auc": 0.6}, True),
            ({"auc": 0.5}, {"auc": 0.5, "f1": 0.1}, True),
            ({"auc": NAN}, {"auc": NAN}, False),
            ({"auc": NAN}, {"auc": math.inf}, True),
            ({}, {"auc": 0.5}, True),
        ],
    )
    def test_the_same_bytes_make_a_new_version_when_the_metrics_differ(self, backend, old, new, created):
        keep(backend, "churn", metrics=old)
        assert keep(backend, "churn", metrics=new).created is created

    def test_the_same_bytes_make_a_new_version_when_the_newest_has_lost_its_file(self, backend, door):
        door.poke(keep(backend, "churn").record, None)
        saved = keep(backend, "churn")
        assert (saved.created, saved.record.version) == (True, 2)
        assert door.peek(saved.record) == b"model"

    def test_the_same_bytes_as_an_older_or_deleted_version_make_a_new_one(self, backend):
        keep(backend, "churn", b"1")
        second = keep(backend, "churn", b"2").record
        assert keep(backend, "churn", b"1").record.version == 3
        backend.delete([find(backend, "churn:3")])
        assert keep(backend, "churn", b"1").record.version == 4
        assert second.version == 2

    def test_the_same_bytes_of_another_origin_make_a_new_version(self, backend):
        keep(backend, "churn")
        assert keep(backend, "churn", origin="file").record.origin == "file"

    def test_a_known_save_answers_with_its_record_and_keeps_its_bytes(self, backend, door):
        save_id = str(uuid.uuid4())
        first = keep(backend, "churn", b"first", save_id).record
        keep(backend, "churn", b"next")
        saved = keep(backend, "churn", b"retry", save_id)
        assert (saved.created, saved.record) == (False, first)
        assert door.peek(first) == b"first"
        assert len(door.rows()) == len(door.objects()) == 2

    def test_a_known_save_that_was_purged_is_refused(self, backend, door):
        save_id = str(uuid.uuid4())
        record = keep(backend, "churn", save_id=save_id).record
        backend.delete([record])
        backend.purge([record])
        with pytest.raises(NotFound):
            keep(backend, "churn", save_id=save_id)
        assert door.objects() == set()

    def test_what_a_save_became_is_known_whatever_became_of_it(self, backend):
        record = keep(backend, "churn").record
        assert backend.saved(record.save_id) == record
        backend.delete([record])
        backend.purge([record])
        assert backend.saved(record.save_id).status == "purged"
        assert backend.saved(str(uuid.uuid4())) is None

    @pytest.mark.parametrize(("wanted", "given"), [(1, 3), (2, 3), (3, 3), (7, 7)])
    def test_a_copy_keeps_its_number_if_that_is_above_all_others(self, backend, wanted, given):
        for data in (b"1", b"2"):
            keep(backend, "churn", data)
        at = now() - timedelta(days=100)
        record = keep(backend, "churn", b"2", version=wanted, created_at=at).record
        assert (record.version, record.created_at, record.updated_at) == (given, at, at)
        assert keep(backend, "churn", b"4").record.version == given + 1

    # ---- finding one -------------------------------------------------------------------------------------------------

    def test_a_name_means_its_newest_ready_version(self, backend, door):
        first, second, third = (keep(backend, "churn", bytes([n])).record for n in range(3))
        assert find(backend, "CHURN") == third
        backend.delete([third])
        assert find(backend, "churn") == second
        door.set(second, status="missing")
        assert find(backend, "churn") == first

    def test_a_version_means_that_one_also_when_it_is_gone(self, backend, door):
        record = keep(backend, "churn").record
        assert find(backend, "churn:1") == record
        assert find(backend, "churn:2") is None
        door.set(record, status="missing")
        assert find(backend, "churn:1").status == "missing"
        backend.delete([record])
        assert find(backend, "churn:1").deleted_at is not None
        backend.purge([record])
        assert find(backend, "churn:1").status == "purged"

    def test_an_id_means_that_one_and_its_beginning_too(self, backend):
        record = keep(backend, "churn").record
        digits = record.id.replace("-", "")
        for length in (8, 9, 12, 13, 20, 21, 31, 32):
            assert find(backend, f"id:{digits[:length]}") == record
        assert find(backend, f"id:{record.id.upper()}") == record
        assert find(backend, "id:00000000-0000-0000-0000-000000000000") is None

    def test_the_beginning_of_two_ids_is_refused(self, backend, door):
        for number in (1, 2):
            record = keep(backend, "churn", bytes([number])).record
            door.set(record, id=f"aaaaaaaa-0000-4000-8000-00000000000{number}")
        with pytest.raises(Ambiguous):
            find(backend, "id:aaaaaaaa")
        assert find(backend, "id:aaaaaaaa-0000-4000-8000-000000000002").version == 2

    def test_at_a_time_means_what_was_there_then(self, backend):
        before = now()
        first = keep(backend, "churn", b"1").record
        between = now()
        second = keep(backend, "churn", b"2").record
        assert find(backend, "churn", at=before) is None
        assert find(backend, "churn", at=between).id == first.id
        backend.delete([second])
        assert find(backend, "churn", at=second.created_at).id == second.id
        assert find(backend, "churn", at=now()).id == first.id

    def test_another_space_has_nothing(self, backend):
        keep(backend, "churn", tags=("a",))
        query = Query(space="somewhere")
        assert find(backend, "somewhere/churn") is None
        assert (list(backend.select(query)), backend.count(query), dict(backend.facets(query).tags)) == ([], 0, {})

    # ---- finding many ------------------------------------------------------------------------------------------------

    @pytest.fixture
    def several(self, backend):
        keep(backend, "alpha", b"1", algorithm="SVC", model_type="classification", tags=("Red", "old"), metrics={"auc": 0.5})
        keep(backend, "alpha", b"1234", algorithm="SVC", model_type="classification", tags=("red",), metrics={"auc": 0.7})
        keep(backend, "Beta", b"12", algorithm="Ridge", model_type="regression", description="Straße nach ÄGYPTEN")
        keep(backend, "gamma", b"123", algorithm="KMeans", model_type="clustering", metrics={"auc": NAN, "n": 10})
        keep(backend, "delta", b"12345", algorithm="SVC", tags=("ÄRGER", "50% off"), metrics={"auc": math.inf, "n": 20})
        keep(backend, "epsilon", b"123456", algorithm="Ridge", metrics={"auc": -math.inf})
        return backend

    @pytest.mark.parametrize(
        ("terms", "expected"),
        [
            ({}, "alpha:2 Beta:1 gamma:1 delta:1 epsilon:1"),
            ({"all_versions": True}, "alpha:1 alpha:2 Beta:1 gamma:1 delta:1 epsilon:1"),
            ({"words": "svc"}, "alpha:2 delta:1"),
            ({"words": "STRASSE"}, "Beta:1"),
            ({"words": "a\u0308gypten"}, "Beta:1"),
            ({"words": "svc alp"}, "alpha:2"),
            ({"words": "svc nowhere"}, ""),
            ({"words": "50%"}, "delta:1"),
            ({"words": "%"}, "delta:1"),
            ({"words": "_"}, ""),
            ({"words": "' OR 1=1 --"}, ""),
            ({"tags": ("RED",)}, "alpha:2"),
            ({"tags": ("ärger",)}, "delta:1"),
            ({"tags": ("re",)}, ""),
            ({"tags": ("red", "old"), "all_versions": True}, "alpha:1"),
            ({"tags": ("straße nach ägypten",)}, ""),
            ({"algorithm": "Ridge"}, "Beta:1 epsilon:1"),
            ({"model_type": "clustering"}, "gamma:1"),
            ({"name": "ALPHA"}, "alpha:2"),
            ({"name": "alp"}, ""),
            ({"metrics": {"auc": (0.6, None)}}, "alpha:2 delta:1"),
            ({"metrics": {"auc": (None, 0.6)}, "all_versions": True}, "alpha:1 epsilon:1"),
            ({"metrics": {"auc": (0.5, 0.7)}, "all_versions": True}, "alpha:1 alpha:2"),
            ({"metrics": {"auc": (None, None)}}, "alpha:2 delta:1 epsilon:1"),
            ({"metrics": {"auc": (math.inf, math.inf)}}, "delta:1"),
            ({"metrics": {"auc": (NAN, NAN)}}, ""),
            ({"metrics": {"auc": (None, None), "n": (15, 25)}}, "delta:1"),
            ({"metrics": {"'); --": (None, None)}}, ""),
            ({"words": "svc", "tags": ("red",), "algorithm": "SVC", "metrics": {"auc": (0.1, 0.9)}}, "alpha:2"),
            ({"deleted": True}, ""),
        ],
    )
    def test_each_term_of_a_query_narrows(self, several, terms, expected):
        query = Query(**terms, sort="created_at")
        assert refs(several.select(query)) == expected.split()
        assert several.count(query) == len(expected.split())

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            ("created_at", "alpha:2 Beta:1 gamma:1 delta:1 epsilon:1"),
            ("-created_at", "epsilon:1 delta:1 gamma:1 Beta:1 alpha:2"),
            ("updated_at", "alpha:2 Beta:1 gamma:1 delta:1 epsilon:1"),
            ("model_name", "alpha:2 Beta:1 delta:1 epsilon:1 gamma:1"),
            ("-model_name", "gamma:1 epsilon:1 delta:1 Beta:1 alpha:2"),
            ("version", "epsilon:1 delta:1 gamma:1 Beta:1 alpha:2"),
            ("-version", "alpha:2 epsilon:1 delta:1 gamma:1 Beta:1"),
            ("model_file_size", "Beta:1 gamma:1 alpha:2 delta:1 epsilon:1"),
            ("-model_file_size", "epsilon:1 delta:1 alpha:2 gamma:1 Beta:1"),
            ("algorithm", "gamma:1 epsilon:1 Beta:1 delta:1 alpha:2"),
            ("-algorithm", "delta:1 alpha:2 epsilon:1 Beta:1 gamma:1"),
            ("metrics.auc", "epsilon:1 alpha:2 delta:1 gamma:1 Beta:1"),
            ("-metrics.auc", "delta:1 alpha:2 epsilon:1 gamma:1 Beta:1"),
            ("metrics.n", "gamma:1 delta:1 epsilon:1 Beta:1 alpha:2"),
            ("metrics.nothing", "epsilon:1 delta:1 gamma:1 Beta:1 alpha:2"),
        ],
    )
    def test_each_order(self, several, sort, expected):
        assert listed(several, sort=sort) == expected.split()

    @pytest.mark.parametrize("sort", ["", "-", "id; DROP TABLE models", "tags"])
    def test_an_unknown_order_is_refused(self, several, sort):
        with pytest.raises(InvalidValue):
            several.select(Query(sort=sort))

    @pytest.mark.parametrize("sort", ["created_at", "-version", "metrics.auc", "algorithm"])
    def test_pages_cover_all_exactly_once(self, several, sort):
        query = Query(all_versions=True, sort=sort)
        pages = [ref for offset in range(0, 8, 2) for ref in refs(several.select(query, limit=2, offset=offset))]
        assert pages == refs(several.select(query))
        assert len(set(pages)) == 6
        assert list(several.select(query, limit=2, offset=100)) == []

    @pytest.mark.parametrize(("limit", "offset", "expected"), [(2, 0, 2), (2, 4, 1), (2, 9, 0), (9, 0, 5), (1000, 1, 4)])
    def test_a_page_tells_how_many_there_are_in_all(self, several, limit, offset, expected):
        records, total = several.page(Query(sort="name"), limit, offset)
        assert (refs(records), total) == (listed(several, sort="name")[offset : offset + limit], 5)
        assert len(records) == expected

    def test_facets_count_what_a_query_finds_most_frequent_first(self, several):
        facets = several.facets(Query(all_versions=True))
        assert list(facets.algorithms.items()) == [("SVC", 3), ("Ridge", 2), ("KMeans", 1)]
        assert dict(facets.tags) == {"Red": 1, "red": 1, "old": 1, "50% off": 1, "ÄRGER": 1}
        assert facets.model_types["classification"] == 2
        narrow = several.facets(Query(algorithm="KMeans"))
        assert (dict(narrow.tags), dict(narrow.model_types)) == ({}, {"clustering": 1})

    def test_names_are_all_that_have_a_version_also_in_the_trash(self, several):
        several.delete([find(several, "gamma:1"), find(several, "delta:1")])
        several.purge([find(several, "delta:1")])
        assert several.names() == ["alpha", "Beta", "epsilon", "gamma"]

    def test_statistics_count_ready_versions_trash_and_bytes(self, several):
        several.delete([find(several, "alpha:2"), find(several, "gamma:1")])
        stats = several.stats()
        assert (stats.models, stats.versions_ready, stats.trash) == (4, 4, 2)
        assert (stats.storage_bytes, stats.trash_bytes) == (21, 7)
        several.purge(several.select(Query(deleted=True)))
        stats = several.stats()
        assert (stats.models, stats.trash, stats.storage_bytes, stats.trash_bytes) == (4, 0, 14, 0)

    # ---- the file ----------------------------------------------------------------------------------------------------

    def test_fetch_gives_the_bytes(self, backend):
        record = keep(backend, "churn", b"these").record
        assert backend.fetch(record).read_bytes() == b"these"

    def test_fetch_says_when_the_file_is_gone(self, backend, door):
        record = keep(backend, "churn").record
        door.poke(record, None)
        backend.forget_copy(record)
        with pytest.raises(ModelFileNotFound):
            backend.fetch(record)

    def test_a_download_is_noted(self, backend, again):
        record = keep(backend, "churn").record
        noted = backend.record_download(record)
        assert record.created_at <= noted.last_downloaded_at <= now()
        assert find(again(), "churn") == noted

    # ---- editing -----------------------------------------------------------------------------------------------------

    def test_an_edit_changes_what_it_names_and_nothing_else(self, backend, again):
        record = keep(backend, "churn", description="old", tags=("a",), metrics={"auc": 0.5, "f1": 0.1}).record
        edited = backend.edit(record, Changes(description="new"))
        assert (edited.description, edited.tags, edited.metrics) == ("new", ("a",), record.metrics)
        assert edited.updated_at > record.updated_at
        edited = backend.edit(record, Changes(tags=("b", "c")))
        assert (edited.description, edited.tags) == ("new", ("b", "c"))
        edited = backend.edit(record, Changes(add_metrics={"f1": NAN, "n": 3}))
        assert edited.metrics["auc"] == 0.5
        assert math.isnan(edited.metrics["f1"])
        edited = backend.edit(record, Changes(description="", tags=()))
        assert (edited.description, edited.tags) == ("", ())
        assert find(again(), "churn") == edited
        assert (edited.sha256, edited.version, edited.created_at) == (record.sha256, 1, record.created_at)

    def test_an_edit_is_found_by_the_search(self, backend):
        record = keep(backend, "churn", description="before").record
        backend.edit(record, Changes(description="AFTER", tags=("tagged",)))
        assert listed(backend, words="after tagged") == ["churn:1"]
        assert listed(backend, words="before") == []

    def test_what_was_purged_cannot_be_edited(self, backend, door):
        record = keep(backend, "churn").record
        backend.delete([record])
        backend.purge([record])
        before = door.rows()
        with pytest.raises(NotFound):
            backend.edit(record, Changes(description="secret"))
        assert door.rows() == before

    def test_what_was_never_there_cannot_be_changed(self, backend):
        ghost = dataclasses.replace(keep(backend, "churn").record, id=str(uuid.uuid4()))
        for change in (
            lambda: backend.edit(ghost, Changes(description="x")),
            lambda: backend.delete([ghost]),
            lambda: backend.restore([ghost]),
            lambda: backend.purge([ghost]),
            lambda: backend.set_alias(ghost, "a"),
            lambda: backend.record_download(ghost),
        ):
            with pytest.raises(NotFound):
                change()

    # ---- names -------------------------------------------------------------------------------------------------------

    def test_a_rename_takes_versions_aliases_and_history_along(self, backend):
        keep(backend, "old", b"1", alias="champion")
        keep(backend, "old", b"2", description="text")
        assert backend.rename("OLD", "New") == 2
        assert listed(backend, all_versions=True, sort="version") == ["New:1", "New:2"]
        assert find(backend, "new@champion").version == 1
        assert [event.model_name for event in backend.alias_history("new")] == ["New"]
        assert (find(backend, "old"), find(backend, "old:1"), backend.names()) == (None, None, ["New"])
        assert listed(backend, words="new text") == ["New:2"]
        assert listed(backend, words="old") == []
        assert (backend.renamed("Old"), backend.renamed("new"), backend.renamed("never")) == ("New", None, None)

    def test_numbers_go_on_after_a_rename_on_both_sides(self, backend):
        keep(backend, "old", b"1")
        keep(backend, "old", b"2")
        backend.rename("old", "new")
        assert keep(backend, "new", b"3").record.version == 3
        assert keep(backend, "old", b"4").record.version == 3
        assert backend.renamed("old") is None

    def test_a_rename_there_and_back(self, backend):
        keep(backend, "a", b"1", alias="x")
        for name, new in (("a", "b"), ("b", "c"), ("c", "a"), ("a", "b"), ("b", "a")):
            backend.rename(name, new)
            assert (backend.renamed(name), backend.renamed(new)) == (new, None)
        assert keep(backend, "a", b"2").record.ref == "a:2"
        assert find(backend, "a@x").version == 1
        assert (backend.renamed("b"), backend.renamed("c")) == ("a", "a")

    def test_a_rename_may_change_only_the_case(self, backend):
        keep(backend, "churn", b"1", alias="x")
        assert backend.rename("churn", "Churn") == 1
        assert (backend.names(), backend.renamed("churn")) == (["Churn"], None)
        assert find(backend, "churn@x").ref == "Churn:1"

    def test_a_name_that_was_used_is_taken_even_in_the_trash_or_purged(self, backend):
        keep(backend, "a", b"1")
        other = keep(backend, "b", b"2").record
        for step in (lambda: None, lambda: backend.delete([other]), lambda: backend.purge([other])):
            step()
            with pytest.raises(NameTaken):
                backend.rename("a", "B")
            assert find(backend, "a").ref == "a:1"

    def test_an_unknown_name_cannot_be_renamed(self, backend):
        with pytest.raises(NotFound):
            backend.rename("nothing", "something")
        assert backend.names() == []

    # ---- aliases -----------------------------------------------------------------------------------------------------

    def test_an_alias_names_one_version_and_can_move(self, backend):
        first, second = keep(backend, "churn", b"1").record, keep(backend, "churn", b"2").record
        assert backend.set_alias(first, "Champion").aliases == ("Champion",)
        assert find(backend, "churn@champion").version == 1
        assert backend.set_alias(second, "CHAMPION", why="better").aliases == ("CHAMPION",)
        assert find(backend, "churn:1").aliases == ()
        backend.set_alias(second, "a")
        assert find(backend, "churn:2").aliases == ("a", "CHAMPION")

    def test_aliases_of_two_models_are_strangers(self, backend):
        keep(backend, "a", b"1", alias="champion")
        keep(backend, "b", b"2", alias="champion")
        backend.remove_alias("a", "champion")
        assert (find(backend, "a@champion"), find(backend, "b@champion").ref) == (None, "b:1")

    def test_the_history_tells_who_when_why_newest_first(self, backend):
        before = now()
        first, second = keep(backend, "churn", b"1").record, keep(backend, "churn", b"2").record
        backend.set_alias(first, "champion", why="only one")
        backend.set_alias(first, "champion")
        backend.set_alias(second, "champion", why="better")
        backend.set_alias(second, "other")
        event = backend.remove_alias("churn", "Champion", why="withdrawn")
        history = backend.alias_history("churn", "champion")
        assert history[0] == event
        assert [(e.version, e.previous, e.why) for e in history] == [
            (None, 2, "withdrawn"),
            (2, 1, "better"),
            (1, None, "only one"),
        ]
        assert all(e.who and before <= e.at <= now() for e in history)
        assert len(backend.alias_history("churn")) == 4
        assert backend.alias_history("nothing") == []

    def test_an_alias_that_was_moved_meanwhile_stays_where_it_is(self, backend):
        first, second, third = (keep(backend, "churn", bytes([n])).record for n in range(3))
        assert backend.set_alias(first, "champion", only_from=0).aliases == ("champion",)
        for moved_from in (0, 2):
            with pytest.raises(InUse):
                backend.set_alias(third, "champion", only_from=moved_from)
        backend.set_alias(second, "Champion", only_from=1)
        backend.remove_alias("churn", "champion")
        with pytest.raises(InUse):
            backend.set_alias(third, "champion", only_from=2)
        assert find(backend, "churn@champion") is None
        assert [event.version for event in backend.alias_history("churn")] == [None, 2, 1]

    def test_at_a_time_an_alias_names_what_it_named_then(self, backend):
        first, second = keep(backend, "churn", b"1").record, keep(backend, "churn", b"2").record
        times = [now()]
        for step in (
            lambda: backend.set_alias(first, "champion"),
            lambda: backend.set_alias(second, "champion"),
            lambda: backend.remove_alias("churn", "champion"),
        ):
            step()
            times.append(now())
        named = [find(backend, "churn@champion", at=at) for at in times]
        assert [record and record.version for record in named] == [None, 1, 2, None]

    def test_what_is_not_there_cannot_be_named(self, backend, door):
        record = keep(backend, "churn").record
        door.set(record, status="missing")
        with pytest.raises(NotFound):
            backend.set_alias(record, "x")
        door.set(record, status="ready")
        backend.delete([record])
        with pytest.raises(NotFound):
            backend.set_alias(record, "x")
        with pytest.raises(NotFound):
            backend.remove_alias("churn", "x")
        assert backend.alias_history("churn") == []

    # ---- leaving -----------------------------------------------------------------------------------------------------

    def test_delete_moves_to_the_trash_and_restore_back(self, backend, door):
        record = keep(backend, "churn", b"12345").record
        removal = backend.delete([record])
        (gone,) = removal.records
        assert (gone.id, removal.bytes) == (record.id, 5)
        assert removal.purge_after == gone.deleted_at + timedelta(days=30)
        assert (listed(backend), listed(backend, deleted=True)) == ([], ["churn:1"])
        assert door.peek(record) == b"12345"
        (back,) = backend.restore([record])
        assert (back.deleted_at, back.status) == (None, "ready")
        assert (listed(backend), listed(backend, deleted=True)) == (["churn:1"], [])

    def test_a_second_delete_does_not_keep_it_longer(self, backend):
        record = keep(backend, "churn").record
        (first,) = backend.delete([record]).records
        (second,) = backend.delete([record]).records
        assert first.deleted_at == second.deleted_at

    def test_what_an_alias_names_is_deleted_only_by_force(self, backend):
        first, second = keep(backend, "churn", b"1").record, keep(backend, "churn", b"2", alias="champion").record
        with pytest.raises(InUse):
            backend.delete([first, second])
        assert backend.count(Query(all_versions=True)) == 2
        removal = backend.delete([first, second], force=True)
        assert (removal.removed_aliases, removal.former_aliases) == (("champion",), ())
        assert find(backend, "churn@champion") is None
        assert [event.version for event in backend.alias_history("churn")] == [None, 2]
        (back,) = backend.restore([second])
        assert back.aliases == ()

    def test_an_alias_of_what_is_deleted_goes_back_to_what_it_named_before(self, backend):
        first = keep(backend, "churn", b"1", alias="Champion").record
        second, third = (keep(backend, "churn", data, alias="champion").record for data in (b"2", b"3"))
        removal = backend.delete([third], force=True)
        assert (removal.removed_aliases, removal.former_aliases) == ((), ())
        assert removal.returned_aliases == (("champion", "churn:2"),)
        assert find(backend, "churn@champion").version == 2
        newest = backend.alias_history("churn", "champion")[0]
        assert (newest.version, newest.previous, newest.why) == (2, 3, "rollback: churn:3 was deleted")
        backend.restore([third])
        assert find(backend, "churn@champion").version == 2
        assert backend.delete([first]).former_aliases == ("Champion",)
        assert backend.delete([second], force=True).removed_aliases == ("champion",)
        assert find(backend, "churn@champion") is None

    def test_an_alias_does_not_go_back_to_what_is_gone_or_was_rolled_back(self, backend):
        first, second, third = (keep(backend, "churn", bytes([n]), alias="champion").record for n in range(3))
        backend.set_alias(second, "champion", why="rollback")
        backend.delete([third])
        backend.restore([third])
        assert backend.delete([second], force=True).returned_aliases == (("champion", "churn:1"),)
        assert backend.delete([first, third], force=True).removed_aliases == ("champion",)

    def test_a_delete_tells_which_aliases_once_named_it(self, backend):
        first, second = keep(backend, "churn", b"1", alias="champion").record, keep(backend, "churn", b"2").record
        backend.set_alias(second, "champion")
        assert backend.delete([first]).former_aliases == ("champion",)

    def test_purge_leaves_a_tombstone_and_frees_the_bytes(self, backend, door):
        record = keep(
            backend,
            "churn",
            b"12345",
            description="secret words",
            tags=("hush",),
            metrics={"auc": 1},
            training_config={"params": {"C": 1}},
            environment={"python": "3"},
            source={"variable": "clf"},
            feature_columns=("income",),
        ).record
        backend.delete([record])
        removal = backend.purge([record])
        assert (refs(removal.records), removal.bytes, removal.purge_after) == (["churn:1"], 5, None)
        assert door.objects() == set()
        (row,) = door.rows()
        assert (row["status"], row["id"], row["version"]) == ("purged", record.id, 1)
        assert (row["save_id"], row["sha256"]) == (record.save_id, record.sha256)
        text = repr(row)
        assert not [word for word in ("secret", "hush", "auc", "params", "python", "clf", "income") if word in text]
        assert listed(backend, deleted=True) == listed(backend, all_versions=True) == listed(backend, words="secret") == []

    def test_purge_takes_only_what_is_in_the_trash(self, backend, door):
        record = keep(backend, "churn").record
        removal = backend.purge([record])
        assert (removal.records, removal.bytes) == ((), 0)
        assert door.peek(record) == b"model"

    def test_purge_counts_only_bytes_that_are_really_gone(self, backend, door):
        record = keep(backend, "churn").record
        backend.delete([record])
        door.poke(record, None)
        removal = backend.purge([record])
        assert (len(removal.records), removal.bytes) == (1, 0)
        assert backend.purge([record]).records == ()

    def test_what_was_purged_comes_not_back_and_its_number_is_not_given_again(self, backend):
        records = [keep(backend, "churn", bytes([n])).record for n in range(3)]
        backend.delete(records)
        backend.purge(records)
        backend.restore(records)
        assert listed(backend, all_versions=True) == []
        assert keep(backend, "churn", bytes([2])).record.version == 4

    def test_emptying_the_trash_is_purging_all_of_it(self, backend, door):
        stays = keep(backend, "stays", b"1").record
        backend.delete([keep(backend, "churn", bytes([n])).record for n in range(3)])
        removal = backend.purge(backend.select(Query(deleted=True)))
        assert (len(removal.records), removal.bytes) == (3, 3)
        assert len(door.objects()) == 1
        assert door.peek(stays) == b"1"

    # ---- looking after it --------------------------------------------------------------------------------------------

    def test_a_check_of_a_sound_store_finds_nothing_wrong(self, backend):
        keep(backend, "churn")
        backend.delete([keep(backend, "gone", b"x").record])
        assert [finding for finding in backend.check(full=True) if not finding.ok] == []

    def test_a_name_without_a_ready_version_is_listed_by_what_is_missing(self, backend, door):
        first = keep(backend, "churn", b"1").record
        second = keep(backend, "churn", b"2").record
        door.set(second, status="missing")
        assert (find(backend, "churn").ref, listed(backend)) == ("churn:1", ["churn:1"])
        door.set(first, status="missing")
        assert (find(backend, "churn").ref, listed(backend), backend.count(Query())) == ("churn:2", ["churn:2"], 1)
        assert backend.delete([second]).bytes == 0
        assert listed(backend) == ["churn:1"]

    def test_a_check_marks_what_is_missing_and_unmarks_what_came_back(self, backend, door):
        record = keep(backend, "churn", b"bytes").record
        door.poke(record, None)
        (finding,) = [finding for finding in backend.check() if not finding.ok]
        assert "churn:1" in finding.message
        assert finding.details["missing"] == 1
        assert find(backend, "churn:1").status == "missing"
        assert (find(backend, "churn").status, listed(backend)) == ("missing", ["churn:1"])
        door.poke(record, b"bytes")
        assert all(finding.ok for finding in backend.check())
        assert find(backend, "churn").status == "ready"

    def test_a_check_finds_changed_files(self, backend, door):
        record = keep(backend, "churn", b"bytes").record
        door.poke(record, b"BYTES")
        assert all(finding.ok for finding in backend.check())
        (finding,) = [finding for finding in backend.check(full=True) if not finding.ok]
        assert finding.details["changed"] == 1
        door.poke(record, b"byte")
        assert [finding.ok for finding in backend.check()].count(False) == 1

    def test_a_check_sweeps_old_leftovers_and_nothing_else(self, backend, door):
        record = keep(backend, "churn").record
        door.leave(f"{uuid.uuid4()}.part", b"123", hours=25)
        door.leave(f"{uuid.uuid4()}.pkl", b"4567", hours=25)
        door.leave("my_model.pkl", b"of somebody who keeps files here", hours=25)
        fresh = f"{uuid.uuid4()}.part"
        door.leave(fresh, b"89", hours=1)
        before = len(door.objects())
        details = next(finding.details for finding in backend.check() if finding.what == "leftovers")
        assert (details["removed"], details["bytes"], details["set_aside"]) == (2, 7, 1)
        assert len(door.objects()) == before - 1, "a whole model without a record is set aside, not removed"
        assert {fresh, "my_model.pkl"} < door.objects()
        assert door.peek(record) == b"model"

    def test_a_check_purges_what_was_in_the_trash_for_30_days(self, backend, door):
        records = [keep(backend, name, name.encode()).record for name in ("new", "old")]
        backend.delete(records)
        days = timedelta(days=30, minutes=1)
        door.set(records[1], deleted_at=(now() - days).isoformat(timespec="microseconds"))
        backend.check()
        assert (find(backend, "new:1").status, find(backend, "old:1").status) == ("ready", "purged")
        assert len(door.objects()) == 1

    def test_a_repair_of_a_sound_store_does_nothing(self, backend, door):
        keep(backend, "churn", alias="x")
        before = (door.rows(), door.objects())
        assert backend.repair().ok
        assert (door.rows(), door.objects()) == before
