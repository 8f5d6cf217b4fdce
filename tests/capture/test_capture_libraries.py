"""Gradient boosting, statistics and networks: what each library's objects tell."""

from __future__ import annotations

import subprocess
import sys

import capture_estimators as known
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_modelstore import capture
from jupyter_modelstore.errors import NotFitted

X, Y = known.X, known.Y
CLASSES = np.digitize(X[:, 0], np.quantile(X[:, 0], [0.3, 0.6]))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
NAMES = ("a", "b", "c")


class TestXgboost:
    @pytest.fixture(autouse=True)
    def _library(self):
        self.xgboost = pytest.importorskip("xgboost", exc_type=ImportError)

    def test_estimators(self):
        model = self.xgboost.XGBClassifier(n_estimators=2, n_jobs=1)
        with pytest.raises(NotFitted):
            capture.check(model)
        capture.check(model.fit(FRAME, Y))
        description = capture.describe(model)
        assert (description.algorithm, description.model_type) == ("XGBClassifier", "classification")
        assert description.feature_columns == NAMES
        assert description.signature == {"n_features": 3, "n_classes": 2}
        assert {"n_estimators", "n_jobs"} <= set(description.training_config["set"])
        assert "missing" not in description.training_config["set"], "NaN is its default"
        assert capture.describe(model.fit(X, Y)).feature_columns is None
        assert capture.describe(self.xgboost.XGBRegressor()).model_type == "regression"
        assert capture.describe(self.xgboost.XGBRanker()).model_type == "other"

    @pytest.mark.parametrize(
        ("objective", "model_type"),
        [
            ("binary:logistic", "classification"),
            ("reg:squarederror", "regression"),
            ("count:poisson", "regression"),
            ("rank:ndcg", "other"),
        ],
    )
    def test_boosters(self, objective, model_type):
        parameters = {"objective": objective, "max_depth": 2, "nthread": 1}
        booster = self.xgboost.train(parameters, self.xgboost.DMatrix(FRAME, Y, qid=Y * 0), 2)
        capture.check(booster)
        description = capture.describe(booster)
        assert (description.algorithm, description.model_type) == ("Booster", model_type)
        assert description.feature_columns == NAMES
        assert description.signature == {"n_features": 3}
        params = description.training_config["params"]
        assert (params["objective"], params["max_depth"], params["booster"]) == (objective, 2, "gbtree")
        assert params["eta"] == pytest.approx(0.3)

    def test_a_booster_without_trees_is_not_fitted(self):
        untrained = self.xgboost.train({"nthread": 1}, self.xgboost.DMatrix(X, Y), 0)
        for booster in (self.xgboost.Booster(), untrained):
            with pytest.raises(NotFitted):
                capture.check(booster)
        assert capture.describe(self.xgboost.Booster()).algorithm == "Booster"
        assert capture.describe(untrained).feature_columns is None


class TestLightgbm:
    @pytest.fixture(autouse=True)
    def _library(self):
        self.lightgbm = pytest.importorskip("lightgbm", exc_type=ImportError)

    def test_estimators(self):
        model = self.lightgbm.LGBMClassifier(n_estimators=2, n_jobs=1, verbose=-1)
        with pytest.raises(NotFitted):
            capture.check(model)
        capture.check(model.fit(FRAME, CLASSES))
        description = capture.describe(model)
        assert (description.algorithm, description.model_type) == ("LGBMClassifier", "classification")
        assert description.feature_columns == NAMES
        assert description.signature == {"n_features": 3, "n_classes": 3}
        assert set(description.training_config["set"]) == {"n_estimators", "n_jobs", "verbose"}
        assert capture.describe(model.fit(X, Y)).feature_columns is None
        assert capture.describe(self.lightgbm.LGBMRegressor()).model_type == "regression"
        assert capture.describe(self.lightgbm.LGBMRanker()).model_type == "other"

    @pytest.mark.parametrize(
        ("objective", "model_type"),
        [("binary", "classification"), ("cross_entropy", "classification"), ("mae", "regression"), ("poisson", "regression")],
    )
    def test_boosters(self, objective, model_type):
        parameters = {"objective": objective, "num_leaves": 3, "verbose": -1, "num_threads": 1}
        booster = self.lightgbm.train(parameters, self.lightgbm.Dataset(FRAME, Y), 2)
        capture.check(booster)
        description = capture.describe(booster)
        assert (description.algorithm, description.model_type) == ("Booster", model_type)
        assert description.feature_columns == NAMES
        assert description.signature == {"n_features": 3}
        assert description.training_config["params"]["num_leaves"] == 3

    def test_a_booster_without_trees_is_not_fitted(self):
        data = self.lightgbm.Dataset(X, Y)
        booster = self.lightgbm.Booster({"verbose": -1, "num_threads": 1}, data)
        with pytest.raises(NotFitted):
            capture.check(booster)
        booster.update()
        capture.check(booster)
        assert capture.describe(booster).feature_columns is None
        assert capture.describe(booster).model_type == "regression"


class TestCatboost:
    @pytest.fixture(autouse=True)
    def _library(self):
        self.catboost = pytest.importorskip("catboost", exc_type=ImportError)

    @pytest.mark.parametrize(
        ("name", "options", "model_type"),
        [
            ("CatBoostClassifier", {}, "classification"),
            ("CatBoostRegressor", {}, "regression"),
            ("CatBoost", {}, "regression"),
            ("CatBoost", {"loss_function": "Logloss"}, "classification"),
            ("CatBoost", {"loss_function": "QueryRMSE"}, "other"),
        ],
    )
    def test_estimators(self, name, options, model_type):
        options = {"iterations": 2, "thread_count": 1, "verbose": 0, "allow_writing_files": False} | options
        cls = getattr(self.catboost, name)
        model = cls(options) if name == "CatBoost" else cls(**options)
        with pytest.raises(NotFitted):
            capture.check(model)
        extra = {"group_id": [1] * len(Y)} if "Query" in str(options) else {}
        capture.check(model.fit(FRAME, Y, **extra))
        description = capture.describe(model)
        assert (description.algorithm, description.model_type) == (name, model_type)
        assert description.feature_columns == NAMES
        assert description.signature["n_features"] == 3
        assert description.training_config["params"]["iterations"] == 2
        assert set(options) - {"loss_function"} <= set(description.training_config["set"])
        assert capture.describe(model.fit(X, Y, **extra)).feature_columns is None

    def test_inside_a_pipeline(self):
        inner = self.catboost.CatBoostClassifier(iterations=2, thread_count=1, verbose=0, allow_writing_files=False)
        model = make_pipeline(StandardScaler(), inner)
        with pytest.raises(NotFitted):
            capture.check(model)
        capture.check(model.fit(FRAME, Y))
        description = capture.describe(model)
        assert (description.algorithm, description.model_type) == ("CatBoostClassifier", "classification")
        assert description.feature_columns == NAMES


class TestStatsmodels:
    @pytest.fixture(autouse=True)
    def _library(self):
        self.api = pytest.importorskip("statsmodels.api", exc_type=ImportError)

    @pytest.mark.filterwarnings("ignore")  # what a fit of 40 made-up rows says
    @pytest.mark.parametrize(
        ("name", "model_type"),
        [
            ("OLS", "regression"),
            ("WLS", "regression"),
            ("GLM", "regression"),
            ("Logit", "classification"),
            ("Probit", "classification"),
            ("MNLogit", "classification"),
            ("Poisson", "regression"),
            ("QuantReg", "regression"),
            ("RLM", "regression"),
        ],
    )
    def test_results_are_models_and_models_are_not_fitted(self, name, model_type):
        noisy = (Y + (np.arange(len(Y)) % 3 == 0)) % 2
        model = getattr(self.api, name)(pd.Series(noisy, name="churned"), FRAME)
        with pytest.raises(NotFitted) as refused:
            capture.check(model)
        assert "results = model.fit()" in refused.value.hint
        results = model.fit(disp=0) if name in {"Logit", "Probit", "MNLogit", "Poisson"} else model.fit()
        capture.check(results)
        description = capture.describe(results)
        assert (description.algorithm, description.model_type) == (name, model_type)
        assert description.training_config["chain"][1:] == [name]
        assert description.feature_columns == NAMES
        assert description.target_column == "churned"
        assert description.signature == {"n_features": 3}

    def test_names_that_statsmodels_made_up_are_left_out(self):
        description = capture.describe(self.api.OLS(X[:, 0], X[:, 1:]).fit())
        assert description.feature_columns is None
        assert description.target_column is None
        assert description.signature == {"n_features": 2}

    @pytest.mark.filterwarnings("ignore")
    def test_other_kinds_of_results(self):
        from statsmodels.formula.api import ols
        from statsmodels.miscmodels.ordinal_model import OrderedModel
        from statsmodels.tsa.arima.model import ARIMA

        formula = capture.describe(ols("a ~ b + c", FRAME).fit())
        assert (formula.algorithm, formula.target_column) == ("OLS", "a")
        assert formula.feature_columns == ("Intercept", "b", "c")
        assert formula.training_config["params"]["formula"] == "a ~ b + c"
        series = ARIMA(X[:, 0], order=(1, 0, 0)).fit()
        capture.check(series)
        arima = capture.describe(series)
        assert (arima.algorithm, arima.model_type) == ("ARIMA", "regression")
        assert arima.training_config["params"]["order"] == (1, 0, 0)
        ordered = OrderedModel(pd.Series(CLASSES, name="y"), FRAME).fit(method="bfgs", disp=0)
        assert capture.describe(ordered).model_type == "classification"


def test_torch_modules_hold_weights_from_the_first_moment():
    torch = pytest.importorskip("torch", reason="no torch here; objects of its look are tested in test_capture_check.py")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2))
    capture.check(model)
    description = capture.describe(model)
    assert (description.algorithm, description.model_type) == ("Sequential", "other")


def test_nothing_is_imported_to_look_at_an_object():
    code = """
import sys
from jupyter_modelstore import capture
class Own:
    def fit(self): self.a = 1; return self
    def predict(self, x): return x
before = set(sys.modules)
capture.check(Own().fit())
capture.describe(Own())
capture.candidates({"own": Own().fit()})
capture.last_fitted(["own.fit()"], ["own"])
heavy = {"numpy", "sklearn", "pandas", "xgboost", "lightgbm", "catboost", "statsmodels", "torch"} & set(sys.modules)
assert not heavy, heavy
assert not set(sys.modules) - before, set(sys.modules) - before
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_search_over_a_booster_is_looked_through():
    lightgbm = pytest.importorskip("lightgbm", exc_type=ImportError)

    search = GridSearchCV(lightgbm.LGBMRegressor(n_jobs=1, verbose=-1, n_estimators=2), {"num_leaves": [3]}, cv=2).fit(
        FRAME, X[:, 0]
    )
    description = capture.describe(search)
    assert (description.algorithm, description.model_type) == ("LGBMRegressor", "regression")
    assert description.feature_columns == NAMES
    assert description.training_config["params"]["num_leaves"] == 3
