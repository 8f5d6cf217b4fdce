"""The schema: JSON out and in, members of newer versions survive, golden records stay readable."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelstore._json import JsonObject
from jupyter_modelstore.record import (
    SCHEMA_VERSION,
    AliasEvent,
    Facets,
    ModelRecord,
    Page,
    Query,
    Stats,
    format_time,
    merged_tags,
    now,
    parse_time,
    to_json,
)

GOLDEN = Path(__file__).parent / "data" / "records"
AT = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
plain = {
    "id": "00000000-0000-4000-8000-000000000001",
    "user_id": "00000000-0000-4000-8000-000000000002",
    "space_id": "00000000-0000-4000-8000-000000000002",
    "model_name": "churn",
    "version": 3,
    "created_at": AT,
    "updated_at": AT,
}
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=9), json_values, max_size=4).map(JsonObject.of)
words = st.text(st.characters(codec="utf-8"), max_size=20)
times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001 (hypothesis wants naive bounds)
records = st.builds(
    ModelRecord,
    id=words,
    user_id=words,
    space_id=words,
    model_name=words,
    version=st.integers(1, 2**31 - 1),
    description=words,
    tags=st.lists(words, max_size=3).map(tuple),
    aliases=st.lists(words, max_size=3).map(tuple),
    feature_columns=st.none() | st.lists(words, max_size=3).map(tuple),
    target_column=st.none() | words,
    training_time_seconds=st.none() | st.floats(0, 1e9),
    metrics=objects,
    training_config=objects,
    environment=objects,
    source=objects,
    signature=objects,
    created_at=times,
    updated_at=times,
    deleted_at=st.none() | times,
    last_downloaded_at=st.none() | times,
)


@given(records)
def test_a_record_comes_back_from_its_json(record):
    data = json.loads(json.dumps(record.to_json()))
    again = ModelRecord.from_json(data)
    assert again == record
    assert again.to_json() == record.to_json()
    assert data["schema_version"] == SCHEMA_VERSION


@given(records, st.dictionaries(words.map(lambda word: f"new_{word}"), json_values, max_size=3))
def test_members_of_a_newer_version_survive_an_older_one(record, new):
    data = {**record.to_json(), **json.loads(json.dumps(new)), "schema_version": 99}
    again = ModelRecord.from_json(data)
    assert again.extra.keys() == new.keys()
    assert json.loads(again.extra.text) == json.loads(JsonObject.of(new).text)
    twice = ModelRecord.from_json({**again.to_json(), "newest": 1})
    assert twice.extra["newest"] == 1
    assert set(new) <= set(twice.extra)


@given(
    st.dictionaries(
        st.sampled_from([entry.name for entry in dataclasses.fields(ModelRecord)]) | words,
        json_values,
        max_size=8,
    )
)
def test_json_of_any_kind_is_a_record_or_a_value_error(data):
    try:
        record = ModelRecord.from_json(data)
    except (ValueError, TypeError, AttributeError):
        return
    assert isinstance(record, ModelRecord)


def test_a_record_without_what_is_required_is_refused():
    with pytest.raises(ValueError, match="Not a record"):
        ModelRecord.from_json({"id": "x"})
    with pytest.raises(ValueError, match="isoformat"):
        ModelRecord.from_json(ModelRecord(**plain).to_json() | {"created_at": "yesterday"})


@pytest.mark.parametrize("path", sorted(GOLDEN.rglob("*.json")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden_records_stay_readable(path):
    golden = json.loads(path.read_text(encoding="utf-8"))
    record = ModelRecord.from_json(golden)
    assert record.ref == "churn:3"
    again = record.to_json()
    assert {key: again[key] for key in golden if key in again} == golden | {"schema_version": SCHEMA_VERSION}


def test_the_full_golden_record_means_what_it_meant():
    record = ModelRecord.from_json(json.loads((GOLDEN / "v1" / "full.json").read_text(encoding="utf-8")))
    assert math.isnan(record.metrics["worst"])
    assert record.metrics["limit"] == math.inf
    assert record.params == {"C": 0.5, "class_weight": {0: 1, 1: 2.5}, "shape": (2, 3), "scorer": "sklearn.metrics.f1_score"}
    assert record.tags == ("telecom", "हिन्दी")
    assert record.feature_columns == ("age", "income")
    assert record.holds_code == ("__main__",)
    assert record.created_at == datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
    assert record.aliases == ("champion",)


def test_short_names():
    record = ModelRecord(**plain)
    assert (record.name, record.ref, dict(record.params), record.holds_code) == ("churn", "churn:3", {}, ())
    strange = ModelRecord(**plain, training_config={"params": 3}, environment={"by_value": "x"})
    assert (dict(strange.params), strange.holds_code) == ({}, ())


def test_a_record_is_read_only():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelRecord(**plain).version = 4


def test_every_dataclass_has_json():
    event = AliasEvent(model_name="churn", alias="x", version=None, previous=1, at=AT, who="ada")
    assert to_json(event)["at"] == "2026-03-01T12:00:00.000000+00:00"
    assert to_json(Stats(models=1, versions_ready=1, trash=0, storage_bytes=1, trash_bytes=0))["quota_bytes"] is None
    assert to_json(Facets(tags={"a": 1}, algorithms={}, model_types={})) == {
        "tags": {"a": 1},
        "algorithms": {},
        "model_types": {},
    }
    page = to_json(Page(records=(ModelRecord(**plain),), total=1, offset=0, limit=48))
    assert page["records"][0]["model_name"] == "churn"
    assert to_json(Query(metrics={"auc": (0.5, math.inf)}))["metrics"] == {"auc": [0.5, {"$float": "inf"}]}


# ---- times -----------------------------------------------------------------------------------------------------------


@given(times)
def test_a_time_comes_back(when):
    assert parse_time(format_time(when)) == when


@given(times, times)
def test_texts_of_times_sort_as_times_do(one, other):
    assert (format_time(one) < format_time(other)) == (one < other)


def test_times_are_in_utc():
    east = timezone(timedelta(hours=5, minutes=30))
    assert format_time(datetime(2026, 3, 1, 17, 30, tzinfo=east)) == format_time(AT) == "2026-03-01T12:00:00.000000+00:00"
    for text in ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00", "2026-03-01T17:30:00+05:30"):
        assert parse_time(text) == AT
    assert now().tzinfo is timezone.utc


def test_tags_are_merged_without_regard_to_case():
    assert merged_tags(("A", "b"), ("a", "c")) == ("A", "b", "c")
