"""Records side by side."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelstore._json import JsonObject, Opaque
from jupyter_modelstore.compare import compare, direction
from jupyter_modelstore.record import ModelRecord, to_json

WHEN = datetime(2026, 3, 1, tzinfo=timezone.utc)
NAN = float("nan")


def record(version=1, **fields):
    mappings = {
        name: JsonObject.of(fields.pop(name, {}))
        for name in ("metrics", "training_config", "environment", "signature", "source")
    }
    return ModelRecord(
        id="1",
        user_id="u",
        space_id="s",
        model_name="churn",
        version=version,
        created_at=WHEN,
        updated_at=WHEN,
        **mappings,
        **fields,
    )


def rows(section, *records):
    return {row.name: row for row in compare(records).sections[section]}


def scored(name, value, *, split="test", data="X_test, y_test", made="X = 1", test_samples=20, was=None):
    """Return a record of which it is known on which rows it was scored."""
    source = {"cells": [{"code": made, "does": ["prepared"]}], "metrics": {name: {"split": split, "data": data, "value": was}}}
    metrics = {} if value is None else {name: value}
    return record(metrics=metrics, source=source, test_samples=test_samples, training_samples=60)


def metric(name, *values):
    return rows("metrics", *(scored(name, value) for value in values))[name]


def params(*values):
    return rows("parameters", *(record(training_config={"params": value}) for value in values))


UP = (
    "accuracy balanced_accuracy test_accuracy auc roc_auc roc_auc_ovr average_precision f1 F1 f1_macro precision "
    "precision@5 recall_weighted r2 R2 explained_variance matthews_corrcoef mcc MCC jaccard kappa cohen_kappa "
    "silhouette silhouette_score mean_test_score val_f1 cv_r2 score my_score neg_log_loss neg_mean_squared_error "
    "mean_test_neg_brier_score neg_rmse d2_log_loss_score calinski_harabasz_score "
    "train_accuracy cv_accuracy oob_accuracy oob_r2 val_average_precision cv_neg_log_loss cv_roc_auc_ovr_weighted "
    "fbeta(beta=2) top_k_accuracy(k=3) val_top_k_accuracy(k=3) train_f1_macro(zero_division=0) accuracy(normalize=False) "
    "precision(labels=(1,2)) cv_balanced_accuracy(adjusted=True) train_explained_variance d2_absolute_error d2_log_loss "
    "train_d2_tweedie(power=1) validation_0_auc eval_aucpr adjusted_mutual_info rand fowlkes_mallows jaccard_samples "
)
DOWN = (
    "mae MAE mse RMSE rmsle mape medae log_loss logloss binary_logloss brier brier_score deviance error test_rmse "
    "val_loss mean_squared_error mean_poisson_deviance max_error hamming_loss train_mae davies_bouldin_score "
    "cv_mean_rmse neg_accuracy cv_root_mean_squared_error oob_log_loss train_mean_pinball_loss(alpha=0.1) "
    "validation_0_logloss valid_1_multi_error brier_score_loss mean_tweedie_deviance(power=1) val_merror "
)


@pytest.mark.parametrize("name", UP.split())
def test_more_is_better(name):
    assert direction(name) == "up"


@pytest.mark.parametrize("name", DOWN.split())
def test_less_is_better(name):
    assert direction(name) == "down"


@pytest.mark.parametrize(
    "name",
    [
        "lift",
        "std_test_score",
        "score_time",
        "best_f1_threshold",
        "rank_test_score",
        "n",
        "",
        "neg_",
        "neg_x",
        "lift(k=3)",
        "(accuracy)",
        "accuracy_gap(x)",
    ],
)
def test_an_unknown_metric_has_no_direction(name):
    assert direction(name) is None
    assert metric(name or "lift", 1, 2).best is None


def test_the_best_is_the_largest_score_and_the_smallest_error():
    assert metric("auc", 0.8, 0.9, 0.85).best == 1
    assert metric("rmse", 0.8, 0.9, 0.85).best == 0
    assert metric("neg_rmse", -0.8, -0.9, -0.7).best == 2


def test_no_best_among_equals():
    row = metric("auc", 0.9, 0.9, 0.8)
    assert row.best is None
    assert row.differs


def test_no_best_if_one_of_them_has_no_such_number():
    assert metric("auc", 0.9, None).best is None
    assert metric("auc", 0.9, None).values == (0.9, None)
    assert metric("auc", 0.9, "high").best is None
    assert metric("auc", 0.9, True).best is None


@pytest.mark.parametrize(
    "other",
    [
        {"split": "train"},
        {"data": "X_new, y_new"},
        {"made": "X = 2"},
        {"test_samples": 21},
        {"was": 0.7},  # the user corrected it since
        {"data": None},
        {"split": None},
        {"test_samples": None},
    ],
)
def test_no_best_unless_the_rows_are_known_to_be_the_same(other):
    compared = compare([scored("auc", 0.8), scored("auc", 0.9, **other)])
    (row,) = compared.sections["metrics"]
    assert row.best is None
    assert compared.remark == "No best auc: it is not known that the models were scored on the same rows."


def test_a_comparison_says_why_it_names_no_best():
    same = [record(metrics={"auc": value, "lift": value, "n": "many"}) for value in (0.8, 0.9)]
    assert compare(same).remark == (
        "No best auc: it is not known that the models were scored on the same rows; "
        "no best lift: it is not known which way is better."
    )
    assert compare(same[:1]).remark == ""
    assert compare([scored("auc", 0.8), scored("auc", 0.9)]).remark == ""
    assert compare([scored("auc", 0.8), scored("auc", 0.8)]).remark == ""
    assert compare([record(metrics=dict.fromkeys("abcd", at)) for at in (1, 2)]).remark.startswith("No best a, b, c, …:")


PIPELINE = {
    "memory": None,
    "steps": [("standardscaler", Opaque("StandardScaler()")), ("logisticregression", Opaque("LogisticRegression()"))],
    "verbose": False,
    "transform_input": None,
    "standardscaler": Opaque("StandardScaler()"),
    "logisticregression": Opaque("LogisticRegression()"),
    "standardscaler__with_mean": True,
    "logisticregression__C": 2,
}


def test_the_last_step_of_a_pipeline_is_compared_with_a_bare_estimator():
    found = params(PIPELINE, {"C": 1})
    assert {name: row.values for name, row in found.items()} == {"standardscaler__with_mean": (True, None), "C": (2, 1)}
    nested = {"memory": None, "steps": [("all", Opaque("Pipeline()"))], "verbose": False, "all": Opaque("Pipeline()")}
    nested |= {f"all__{name}": value for name, value in PIPELINE.items()}
    assert list(params(nested)) == ["standardscaler__with_mean", "C"]
    assert list(params({"steps": 3, "C": 1})) == ["steps", "C"]


def test_no_best_without_a_rival():
    assert metric("auc", 0.9).best is None


def test_nan_never_wins():
    assert metric("auc", NAN, 0.1).best == 1
    assert metric("rmse", 0.1, NAN).best == 0
    assert metric("auc", NAN, NAN).best is None


def test_nan_is_the_same_as_nan_also_inside():
    assert not metric("auc", NAN, NAN).differs
    assert not params({"a": [NAN, {"x": NAN}]}, {"a": [NAN, {"x": NAN}]})["a"].differs


def test_parameters_keep_their_order_and_mark_what_differs():
    found = params({"z": 1, "a": 2}, {"a": 3, "b": 4, "z": 1})
    assert [(name, row.values, row.differs) for name, row in found.items()] == [
        ("z", (1, 1), False),
        ("a", (2, 3), True),
        ("b", (None, 4), True),
    ]


def test_a_parameter_that_is_none_is_not_absent():
    row = params({"max_depth": None}, {})["max_depth"]
    assert repr(row.values) == "(None, None)"
    assert isinstance(row.values[0], Opaque)
    assert row.values[1] is None
    assert row.differs


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (1, 1.0, False),
        (1, True, True),
        ("1", 1, True),
        ((1, 2), [1, 2], True),
        ((1, 2), (1, 2), False),
        ([1], [1, 2], True),
        ({0: 1, 1: 2}, {1: 2, 0: 1}, False),
        ({0: 1}, {0: 2}, True),
        ({"a": 1}, {"b": 1}, True),
        (frozenset({1}), frozenset({1}), False),
        (len, "builtins.len", True),
        (None, None, False),
    ],
)
def test_values_are_compared_as_people_mean_it(one, other, differ):
    assert params({"a": one}, {"a": other})["a"].differs is differ


def test_features_are_counted_and_those_not_in_all_are_listed():
    found = rows(
        "features",
        record(feature_columns=("a", "b", "c")),
        record(feature_columns=("b", "a")),
        record(feature_columns=("a", "b", "d")),
    )
    assert found["number"].values == (3, 2, 3)
    assert found["not in all"].values == (("c",), (), ("d",))


def test_another_order_of_the_same_features_is_said():
    found = rows("features", record(feature_columns=("a", "b")), record(feature_columns=("b", "a")))
    assert not found["number"].differs
    assert found["order"].values == ("in this order", "in another order")
    assert found["order"].differs


def test_features_without_names_are_counted_only():
    found = rows("features", record(signature={"n_features": 4}), record(feature_columns=("a",)), record())
    assert [row.values for row in found.values()] == [(4, 1, None)]
    assert rows("features", record(), record()) == {}
    assert list(rows("features", record(feature_columns=("a",)), record(feature_columns=("a",)))) == ["number"]


def test_environment_shows_python_and_the_versions_of_distributions():
    one = record(environment={"python": "3.11.7", "distributions": {"numpy": "2.4.6", "Cython": "3"}})
    other = record(environment={"python": "3.11.7", "distributions": {"numpy": "1.26.4"}})
    found = rows("environment", one, other)
    assert [(name, row.values, row.differs) for name, row in found.items()] == [
        ("python", ("3.11.7", "3.11.7"), False),
        ("Cython", ("3", None), True),
        ("numpy", ("2.4.6", "1.26.4"), True),
    ]


def test_about_leaves_out_what_was_never_said():
    found = rows("about", record(algorithm="Ridge", tags=("a",)), record(algorithm="Lasso"))
    assert found["algorithm"].differs
    assert found["tags"].values == (("a",), None)
    assert found["model_file_size"].values == (0, 0)
    assert "description" not in found


def test_sections_stand_in_their_order_also_for_nothing():
    for records in ((), (record(),)):
        compared = compare(iter(records))
        assert compared.records == records
        assert list(compared.sections) == ["metrics", "parameters", "features", "environment", "about"]


def test_a_comparison_is_json():
    compared = compare(
        [record(metrics={"auc": NAN}, training_config={"params": {"f": Opaque("m.f"), "d": {0: 1}, "n": None}})] * 2
    )
    assert json.loads(json.dumps(to_json(compared)))["sections"]["metrics"][0]["name"] == "auc"


@pytest.mark.parametrize(
    "text", ["[1]", "nonsense", '"text"', "[" * 100_000, '{"params": 3, "distributions": [], "python": {}}']
)
def test_a_record_that_cannot_be_read_compares_as_empty(text):
    broken = ModelRecord(
        id="1", user_id="u", space_id="s", model_name="x", version=1, created_at=WHEN, updated_at=WHEN,
        metrics=JsonObject("[" * 100_000),
        training_config=JsonObject(text), environment=JsonObject(text), signature=JsonObject(text),
    )  # fmt: skip
    compared = compare([broken, record(training_config={"params": {"a": 1}})])
    assert compared.sections["parameters"][0].values == (None, 1)


def test_deep_values_are_compared_without_end_of_stack():
    deep = json.loads('{"a": ' * 400 + "1" + "}" * 400)
    assert not params(deep, deep)["a"].differs


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=8), values, max_size=4), min_size=1, max_size=3))
def test_any_values_compare_and_equal_ones_never_differ(dictionaries):
    records = [record(metrics=each, training_config={"params": each}) for each in dictionaries]
    for section in ("metrics", "parameters"):
        for row in compare(records).sections[section]:
            assert len(row.values) == len(records)
            assert row.best is None or row.values[row.best] is not None
        assert not any(row.differs for row in compare(records[:1] * 2).sections[section])
