"""Any value as JSON and back: the meaning survives, and nothing ever raises."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import functools
import json
import math
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from jupyter_modelstore._json import JsonObject, Opaque, dumps, encode, loads, short

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8"))
hashables = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(hashables | st.sampled_from(["$float", "$ref", "$dict", "$"]), inner, max_size=4)
        | st.tuples(inner, inner)
        | st.frozensets(hashables, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_what_json_can_say_with_our_tags_comes_back_the_same(value):
    text = dumps(value)
    assert loads(text) == value
    assert dumps(loads(text)) == text or isinstance(value, frozenset) or "$set" in text


def strict(text):
    """Parse as a browser does: no NaN."""

    def refuse(constant):
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


@given(values)
def test_it_is_json_that_any_parser_takes(value):
    strict(dumps(value))
    dumps(value).encode()


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        -math.inf,
        2**53 + 1,
        -(2**70),
        pytest.param(10**5000, id="huge"),
        (1, (2, ())),
        {1: "a", 2.5: "b", None: "c", (1, 2): "e"},
        {"$float": "nan"},
        {"$dict": 3},
        {"$ref": 1},
        {"a": {"$": 1}},
        frozenset({1, "a"}),
        set(),
        {"": ""},
        "\u202e\0\n",
    ],
)
def test_meaning_survives(value):
    again = loads(dumps(value))
    assert again == value
    assert type(again) is type(value) or isinstance(value, set)


def test_nan_survives_wherever_it_stands():
    again = loads(dumps({"a": [math.nan, (math.nan,)], math.inf: math.nan}))
    assert math.isnan(again["a"][0])
    assert math.isnan(again["a"][1][0])
    assert math.isnan(again[math.inf])
    assert strict(dumps(math.nan)) == {"$float": "nan"}


class Point(NamedTuple):
    x: int
    y: int


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64("nan"), {"$float": "nan"}),
        (np.int8(3), 3),
        (np.uint64(2**64 - 1), {"$int": str(2**64 - 1)}),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (Colour.RED, 1),
        (Text("x"), "x"),
        (True, True),
        (1.0, 1.0),
        (collections.OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Point(1, 2), {"$tuple": [1, 2]}),
        (f1_score, {"$ref": "sklearn.metrics._classification.f1_score"}),
        (LogisticRegression, {"$ref": "sklearn.linear_model._logistic.LogisticRegression"}),
        (len, {"$ref": "builtins.len"}),
        (dict.fromkeys, {"$ref": "None.dict.fromkeys"}),
        (LogisticRegression(C=2.0), {"$repr": "LogisticRegression(C=2.0)"}),
        (np.zeros((100, 20)), {"$repr": "<ndarray 100×20 float64>"}),  # noqa: RUF001 (the sign that people write)
        (np.array([1, 2]), {"$repr": "array([1, 2])"}),
        (pd.DataFrame(np.zeros((100, 20))), {"$repr": "<DataFrame 100×20>"}),  # noqa: RUF001 (the same)
        (dt.date(2026, 3, 1), {"$repr": "datetime.date(2026, 3, 1)"}),
        (b"bytes", {"$repr": "b'bytes'"}),
        (3 + 4j, {"$repr": "(3+4j)"}),
        ("\ud800", "\\ud800"),
        ({"\ud800": 1}, {"\\ud800": 1}),
    ],
)
def test_foreign_values_become_plain_ones(value, expected):
    assert encode(value) == expected
    strict(dumps(value)) if value is not dict.fromkeys else None


def test_functions_are_read_back_as_their_names():
    again = loads(dumps({"scorer": f1_score, "other": lambda x: x}))
    assert again["scorer"] == "sklearn.metrics._classification.f1_score"
    assert isinstance(again["scorer"], Opaque)
    assert repr(again["scorer"]) == str(again["scorer"])
    assert "<lambda>" in again["other"]


class Hostile:
    def __repr__(self):
        raise ValueError("no")

    def __getattr__(self, name):
        raise RuntimeError(name)


class Endless(collections.abc.Mapping):
    def __iter__(self):
        raise MemoryError

    def __len__(self):
        return 10**9

    def __getitem__(self, key):
        raise KeyError


class LongRepr:
    def __repr__(self):
        return "x" * 10_000_000


class NoText:
    def __repr__(self):
        return 3


@dataclasses.dataclass
class Deep:
    inner: object


def hostile_array():
    array = np.empty(1, dtype=object)
    array[0] = Hostile()
    return array


def cyclic():
    value = [1]
    value.append(value)
    return {"a": value}


def deep():
    value = []
    for _ in range(5000):
        value = [value]
    return value


def deep_repr():
    value = None
    for _ in range(100_000):
        value = Deep(value)
    return value


@pytest.mark.parametrize(
    "make",
    [
        Hostile,
        Endless,
        LongRepr,
        NoText,
        cyclic,
        deep,
        deep_repr,
        lambda: list(range(1_000_000)),
        lambda: {n: n for n in range(200_000)},
        lambda: {Hostile(), 1},
        lambda: {"x": [Hostile()]},
        lambda: functools.partial(Hostile),
        lambda: "\ud800" * 1000,
        hostile_array,
        lambda: np.datetime64("NaT"),
        lambda: np.void(b"x"),
        object,
        lambda: (n for n in range(3)),
        lambda: type("Meta", (type,), {"__qualname__": "x"}),
    ],
)
def test_nothing_raises_and_nothing_is_large(make):
    text = dumps({"value": make()})
    strict(text)
    text.encode()
    assert len(text) < 1_000_000
    loads(text)


def test_a_repr_is_one_short_line():
    assert short(LongRepr()) == "x" * 199 + "…"
    assert short(Opaque("a\n   b")) == "a b"


@pytest.mark.parametrize(
    "text",
    [
        '{"$float":"many"}',
        '{"$int":"x"}',
        '{"$tuple":3}',
        '{"$dict":[[1]]}',
        '{"$dict":[1,2]}',
        '{"$set":[[1]]}',
        '{"$dict":[[[1],2]]}',
        '{"$new":1}',
        '{"$float":null}',
        '{"$ref":{"a":1}}',
    ],
)
def test_tags_that_make_no_sense_are_kept_as_they_are(text):
    loads(text)


def test_text_that_is_no_json_is_a_value_error():
    with pytest.raises(ValueError, match=r"Expecting"):
        loads("{")


# ---- the lazy object -------------------------------------------------------------------------------------------------


def test_a_json_object_is_a_mapping_that_parses_late():
    value = JsonObject("not json")
    assert value.text == "not json"
    value = JsonObject('{"a":{"$tuple":[1,2]},"b":null}')
    assert value._value is None
    assert dict(value) == {"a": (1, 2), "b": None}
    assert (len(value), "a" in value, value.get("c")) == (2, True, None)
    assert repr(value) == "{'a': (1, 2), 'b': None}"
    assert value == {"a": (1, 2), "b": None}
    assert value != {"a": 1}
    assert value != 3
    with pytest.raises(TypeError):
        hash(value)


def test_what_is_no_object_counts_as_empty():
    for text in ("[1]", "3", "null", '"x"', '{"$tuple":[1]}'):
        assert dict(JsonObject(text)) == {}


def test_equal_nan_are_equal_in_the_same_text():
    assert JsonObject.of({"a": math.nan}) == JsonObject.of({"a": math.nan})


def test_an_object_is_made_of_any_mapping():
    value = JsonObject.of({1: np.float32(0.5), "f": len})
    assert value.text == '{"1":0.5,"f":{"$ref":"builtins.len"}}'
    assert JsonObject.of(value) is value
