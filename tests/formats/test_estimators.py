"""Every estimator of scikit-learn, and the libraries that data scientists use beside it, come back and answer the same."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pytest
import threadpoolctl
from conformance.format import dump, load
from matrix import subjects

NOT_FITTED: dict[str, str] = {}
"""Estimators that cannot be fitted here, with the reason: none."""

_ESTIMATORS = subjects.estimators()
_X, _CLASSES, _TARGET = subjects.numbers()


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Keep small fits from fighting over the processors with the tests beside them."""
    with threadpoolctl.threadpool_limits(1):
        yield


def same(found, expected):
    assert found.keys() == expected.keys()
    assert expected
    for question, answer in expected.items():
        if question == "flags":  # a pickle keeps the values of a view, not how they lie
            continue
        np.testing.assert_array_equal(found[question], answer, err_msg=question)


@pytest.mark.parametrize("name", sorted(_ESTIMATORS))
def test_an_estimator_comes_back_and_answers_the_same(name):
    if reason := NOT_FITTED.get(name):
        pytest.skip(reason)
    subject = _ESTIMATORS[name]
    model = subject.make()
    data, dumped = dump(model)
    assert dumped.by_value == ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(subjects.answers(load(data), subject.inputs), subjects.answers(model, subject.inputs))


def test_no_estimator_is_left_out():
    from sklearn.utils import all_estimators

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert set(_ESTIMATORS) == {name for name, _ in all_estimators()}


@pytest.mark.parametrize("name", sorted(subjects.pipelines()))
def test_a_model_of_several_parts_comes_back_and_answers_the_same(name):
    subject = subjects.pipelines()[name]
    model = subject.make()
    same(subjects.answers(load(dump(model)[0]), subject.inputs), subjects.answers(model, subject.inputs))


@pytest.mark.parametrize("name", sorted(subjects.arrays()))
def test_an_array_or_generator_comes_back_and_answers_the_same(name):
    subject = subjects.arrays()[name]
    same(subjects.answers(load(dump(subject.make())[0]), None), subjects.answers(subject.make(), None))


def xgboost_models():
    import xgboost

    yield xgboost.XGBClassifier(n_estimators=3).fit(_X, _CLASSES), _X
    yield xgboost.XGBRegressor(n_estimators=3).fit(_X, _TARGET), _X
    yield xgboost.train({"max_depth": 2}, xgboost.DMatrix(_X, _TARGET), 3), xgboost.DMatrix(_X)


def lightgbm_models():
    import lightgbm

    yield lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, min_child_samples=2).fit(_X, _CLASSES), _X
    yield lightgbm.LGBMRegressor(n_estimators=3, verbose=-1, min_child_samples=2).fit(_X, _TARGET), _X
    yield lightgbm.train({"verbose": -1, "min_data_in_leaf": 2}, lightgbm.Dataset(_X, _TARGET), 3), _X


def catboost_models():
    import catboost

    quiet = {"iterations": 3, "verbose": False, "allow_writing_files": False}
    yield catboost.CatBoostClassifier(**quiet).fit(_X, _CLASSES), _X
    yield catboost.CatBoostRegressor(**quiet).fit(_X, _TARGET), _X
    yield catboost.CatBoost({**quiet, "loss_function": "RMSE"}).fit(_X, _TARGET), _X


def statsmodels_models():
    import pandas as pd
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    yield sm.OLS(_TARGET, _X).fit(), _X
    yield sm.GLM(_TARGET, _X, family=sm.families.Gamma(sm.families.links.Log())).fit(), _X
    frame = pd.DataFrame(_X, columns=list("abcde")).assign(y=_TARGET)
    yield smf.ols("y ~ a + np.log(b)", frame).fit(), frame


@pytest.mark.parametrize(
    ("library", "models"),
    [
        ("xgboost", xgboost_models),
        ("lightgbm", lightgbm_models),
        ("catboost", catboost_models),
        ("statsmodels", statsmodels_models),
    ],
)
def test_models_of_other_libraries_come_back_and_predict_the_same(library, models):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model, inputs in models():
            data, dumped = dump(model)
            assert dumped.by_value == ()
            assert library in {module.partition(".")[0] for module in dumped.modules}
            np.testing.assert_array_equal(np.asarray(load(data).predict(inputs)), np.asarray(model.predict(inputs)))


def test_a_torch_module_comes_back_and_predicts_the_same():
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: the test extra leaves it out, its usual wheels bring CUDA")
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    inputs = torch.tensor(_X, dtype=torch.float32)
    assert torch.equal(load(dump(model)[0])(inputs), model(inputs))
