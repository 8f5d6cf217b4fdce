"""Training rows inside a model: what is said of it against what is found in its bytes."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys
import types
import warnings
from collections import deque, namedtuple
from inspect import signature

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import scipy.interpolate
import scipy.sparse
import scipy.spatial
import scipy.stats
import threadpoolctl
from matrix import subjects
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import (
    DBSCAN,
    AffinityPropagation,
    AgglomerativeClustering,
    BisectingKMeans,
    KMeans,
    MeanShift,
    SpectralClustering,
)
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import KernelPCA
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401 (they register classes)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import RFE
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, RANSACRegressor, Ridge
from sklearn.manifold import MDS, TSNE, Isomap, SpectralEmbedding
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KDTree, KernelDensity, KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from jupyter_modelstore.capture import _inside
from jupyter_modelstore.capture._inside import RowsInside, rows_inside

ROWS, COLUMNS = 60, subjects.COLUMNS
_rng = np.random.default_rng(11)
X = _rng.random((ROWS, COLUMNS)) + 0.1
TARGET = X @ np.arange(1.0, COLUMNS + 1) + 0.3 * _rng.random(ROWS)
CLASSES = (np.median(TARGET) < TARGET).astype(int)
THREE = np.digitize(TARGET, np.quantile(TARGET, [0.33, 0.66]))
FRAME = pd.DataFrame(X, columns=list("abcde"))
SIMILAR = np.exp(-((X[:, None] - X) ** 2).sum(axis=-1))
DISTANT = 1.0 - SIMILAR

# Every estimator whose bytes hold training rows, and where. A name that is missing here fails, and so does one too many.
HOLDERS = {
    "AffinityPropagation": "cluster_centers_",
    "Birch": "root_",
    "DBSCAN": "components_",
    "GaussianProcessClassifier": "base_estimator_.X_train_",
    "GaussianProcessRegressor": "X_train_",
    "HDBSCAN": "_raw_data",
    "IsotonicRegression": "X_thresholds_",  # it takes one column, in which a value is a row
    "Isomap": "nbrs_._fit_X",
    "KNNImputer": "_fit_X",
    "KNeighborsClassifier": "_fit_X",
    "KNeighborsRegressor": "_fit_X",
    "KNeighborsTransformer": "_fit_X",
    "KernelDensity": "tree_.data",
    "KernelPCA": "X_fit_",
    "KernelRidge": "X_fit_",
    "LabelPropagation": "X_",
    "LabelSpreading": "X_",
    "LocalOutlierFactor": "_fit_X",
    "LocallyLinearEmbedding": "nbrs_._fit_X",
    "MeanShift": "cluster_centers_",
    "NearestNeighbors": "_fit_X",
    "NuSVC": "support_vectors_",
    "NuSVR": "support_vectors_",
    "Nystroem": "components_",
    "OneClassSVM": "support_vectors_",
    "RadiusNeighborsClassifier": "_fit_X",
    "RadiusNeighborsRegressor": "_fit_X",
    "RadiusNeighborsTransformer": "_fit_X",
    "SVC": "support_vectors_",
    "SVR": "support_vectors_",
}
# With one column, a value is a row.
HOLDERS_OF_ONE_COLUMN = HOLDERS | {
    "OneHotEncoder": "categories_[0]",
    "OrdinalEncoder": "categories_[0]",
    "QuantileTransformer": "quantiles_",
    "TargetEncoder": "categories_[0]",
}
# These hold the values of each column, sorted by themselves: which of them made a row can no longer be told.
VALUES_ONLY = {"OneHotEncoder", "OrdinalEncoder", "QuantileTransformer", "TargetEncoder"}
# The least, the greatest, the middle value of a column.
MOST_STATISTICS = 3
OPTIONS = {
    # Without these, they would gather so few rows in one cluster.
    "Birch": {"threshold": 0.05},
    "MeanShift": {"bandwidth": 0.2},
    # And these would take their time.
    "DictionaryLearning": {"max_iter": 5},
    "LatentDirichletAllocation": {"max_iter": 2},
    "MLPClassifier": {"max_iter": 5},
    "MLPRegressor": {"max_iter": 5},
    "MiniBatchDictionaryLearning": {"max_iter": 5},
    "RFECV": {"cv": 2},
    "TheilSenRegressor": {"max_subpopulation": 50},
    "TunedThresholdClassifierCV": {"cv": 2, "thresholds": 5},
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ESTIMATORS = dict(all_estimators())
NAMES = sorted(ESTIMATORS)
# What these hold is what the estimators in them hold.
AROUND_OTHERS = {name for name in NAMES if {"cv", "estimator", "estimators"} & set(signature(ESTIMATORS[name]).parameters)}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with threadpoolctl.threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def _quiet_fits():
    """Let fits of few random rows say what they like; nothing is said while a model is looked at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@functools.cache
def fitted(name, columns=COLUMNS):
    """An estimator fitted on random rows, and these rows; None if it takes no numbers."""
    data = X[:, :columns]
    two = np.c_[CLASSES, 1 - CLASSES]
    samples = [(data, CLASSES), (data, TARGET), (data, two), (data, np.c_[TARGET, TARGET[::-1]]), (data[:, 0], TARGET)]
    for sample in samples:
        model = ESTIMATORS[name](**subjects.parameters(name, ESTIMATORS[name]) | OPTIONS.get(name, {}))
        with np.errstate(all="ignore"):
            try:
                return model.fit(*sample), sample[0].reshape(ROWS, -1)
            except Exception:  # noqa: BLE001, S112 (estimators refuse data in every way)
                continue
    return None


def looked_at(model, training=None):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return rows_inside(model, training)


def rows_in_bytes(model, data, dump=pickle.dumps):
    """Count the rows that lie in a pickle, byte for byte, as numbers of either precision."""
    written = dump(model)
    double, single = ([row.tobytes() for row in data.astype(kind)] for kind in ("f8", "f4"))
    if (found := sum(row in written for row in double)) or not any(row in written for row in single[::3]):
        return found
    return sum(row in written for row in single)


def same_rows(found, data):
    """Count the rows that are in an array, but for the last digits."""
    return int((np.abs(data[:, None] - found).max(axis=-1) < 1e-12).any(axis=1).sum())


class Own:
    """A class of the user's, with any attributes."""

    def __init__(self, **state):
        self.__dict__.update(state)

    def fit(self, data):
        self.seen = data
        return self

    def predict(self, data):
        return data


def model_of(**state):
    return Own(**state)


class TestEveryEstimator:
    @pytest.mark.parametrize("name", NAMES)
    def test_what_is_said_is_what_its_bytes_hold(self, name):
        if (one := fitted(name)) is None:  # it takes texts, labels, dicts
            model = subjects.fit(name, ESTIMATORS[name])
            assert name not in HOLDERS
            assert looked_at(model) is looked_at(model, subjects.inputs_of(name)) is None
            return
        model, data = one
        in_bytes = rows_in_bytes(model, data)
        assert bool(in_bytes) == (name in HOLDERS), "say in _inside.py where it holds rows, and here"
        found, compared = looked_at(model), looked_at(model, data)
        if name not in HOLDERS:
            assert found is compared is None
            return
        assert compared == RowsInside(in_bytes, ROWS, HOLDERS[name])
        assert found.where == HOLDERS[name]
        assert found.of == (None if name in {"IsotonicRegression", "Nystroem"} else ROWS)
        assert found.rows == in_bytes if name != "MeanShift" else 0 < found.rows <= in_bytes

    def test_values_are_no_rows(self):
        values_only = set()
        for name in NAMES:
            if name not in HOLDERS and (one := fitted(name)) is not None:
                written = pickle.dumps(one[0])
                whole = [all(value.tobytes() in written for value in row) for row in one[1]]
                if sum(whole) > MOST_STATISTICS:
                    values_only.add(name)
        assert values_only == VALUES_ONLY

    @pytest.mark.parametrize("name", sorted(set(NAMES) - AROUND_OTHERS))
    def test_with_one_column_a_value_is_a_row(self, name):
        if (one := fitted(name, 1)) is None:
            return
        in_bytes, compared = rows_in_bytes(*one), looked_at(*one)
        expected = HOLDERS_OF_ONE_COLUMN.keys() - {"Birch", "MeanShift"}  # no value is far enough from all others
        assert (in_bytes > MOST_STATISTICS) == (compared is not None) == (name in expected)
        if compared is not None:
            # Quantiles are rounded in their last digit.
            assert in_bytes <= compared.rows <= (ROWS if name == "QuantileTransformer" else in_bytes)
            assert (compared.of, compared.where) == (ROWS, HOLDERS_OF_ONE_COLUMN[name])

    def test_the_table_names_estimators(self):
        assert set(HOLDERS_OF_ONE_COLUMN) <= set(NAMES)
        assert len(NAMES) > 180
        assert len([name for name in NAMES if fitted(name)]) > 170


class TestWhatEstimatorsAreGiven:
    @pytest.mark.parametrize("data", [scipy.sparse.csr_matrix(X), FRAME, X.astype("f4"), X.tolist()])
    def test_any_kind_of_table(self, data):
        for model, where in ((KNeighborsClassifier(), "_fit_X"), (SVC(), "support_vectors_")):
            model.fit(data, CLASSES)
            rows = len(model.support_) if where == "support_vectors_" else ROWS
            assert looked_at(model) == looked_at(model, data) == RowsInside(rows, ROWS, where)

    def test_a_matrix_of_similarities_or_distances_is_what_the_fit_was_given(self):
        cases = [
            (DBSCAN(metric="precomputed").fit(DISTANT), DISTANT),
            (Isomap(metric="precomputed").fit(DISTANT), DISTANT),
            (KNeighborsClassifier(metric="precomputed").fit(DISTANT, CLASSES), DISTANT),
            (SpectralClustering(3, affinity="precomputed").fit(SIMILAR), SIMILAR),
            (SpectralEmbedding(affinity="precomputed").fit(SIMILAR), SIMILAR),
            (SVC(kernel="precomputed").fit(SIMILAR, CLASSES), SIMILAR),
            (AgglomerativeClustering(metric="precomputed", linkage="average").fit(DISTANT), DISTANT),
            (TSNE(metric="precomputed", init="random", max_iter=250, perplexity=5).fit(DISTANT), DISTANT),
        ]
        option = "metric" if "metric" in MDS().get_params() else "dissimilarity"  # the new name
        cases.append((MDS(**{option: "precomputed"}, n_init=1, max_iter=5).fit(DISTANT), DISTANT))
        for model, data in cases:
            in_bytes = rows_in_bytes(model, data)
            for found in (looked_at(model), looked_at(model, data)):
                assert (found.rows, found.of) == (in_bytes, ROWS) if found else in_bytes == 0, model
        # This one puts the mean in the place of 0.
        model = KernelPCA(kernel="precomputed").fit(SIMILAR)
        assert rows_in_bytes(model, SIMILAR) == 0
        assert looked_at(model) == looked_at(model, SIMILAR) == RowsInside(ROWS, ROWS, "X_fit_"), "one for one"
        # And this one puts its preferences into the diagonal, and changes the last digits.
        model = AffinityPropagation(affinity="precomputed").fit(SIMILAR)
        assert np.abs(model.affinity_matrix_ - SIMILAR)[~np.eye(ROWS, dtype=bool)].max() < 1e-12
        assert looked_at(model) == looked_at(model, SIMILAR) == RowsInside(ROWS, ROWS, "affinity_matrix_")

    def test_a_kernel_of_the_users_makes_a_machine_keep_everything(self):
        model = SVC(kernel=linear).fit(X, CLASSES)
        assert rows_in_bytes(model, X) == ROWS
        assert looked_at(model) == RowsInside(ROWS, ROWS, "_BaseLibSVM__Xfit")

    def test_the_centre_of_a_cluster_of_one_row_is_that_row(self):
        data = np.concatenate([X, X[:3] + np.array([[20], [40], [60]])])
        for model in (KMeans(5, n_init=1, random_state=0), BisectingKMeans(5, random_state=0), MeanShift(bandwidth=3)):
            model.fit(data)
            assert same_rows(model.cluster_centers_, data) == 3
            assert looked_at(model).rows == looked_at(model, data).rows == 3
            assert looked_at(model).of == len(data)
        assert looked_at(KMeans(3, n_init=1, random_state=0).fit(X), X) is None

    def test_many_labels_are_not_counted(self, monkeypatch):
        model = KMeans(30, n_init=1, random_state=0).fit(X)
        assert looked_at(model) is not None
        monkeypatch.setattr(_inside, "_MOST_LABELS", 10)
        assert looked_at(model) is None

    def test_quantiles_of_one_column_are_its_values_until_there_are_fewer_of_them(self):
        column = X[:, :1]
        assert looked_at(QuantileTransformer(n_quantiles=1000).fit(column)) == RowsInside(ROWS, None, "quantiles_")
        assert looked_at(QuantileTransformer(n_quantiles=10).fit(column)) is None

    def test_categories_are_rows_if_nearly_every_row_has_its_own(self):
        few = np.array([["a"], ["b"], ["c"]] * 20)
        names = np.array([[f"customer {number}"] for number in range(ROWS)])
        assert looked_at(OneHotEncoder().fit(few), few) is None
        assert looked_at(OneHotEncoder().fit(names), names) == RowsInside(ROWS, ROWS, "categories_[0]")
        assert looked_at(TargetEncoder().fit(names, CLASSES), names).rows == ROWS
        assert looked_at(OneHotEncoder().fit(names)) is None, "nobody said how many rows there were"

    @pytest.mark.parametrize("columns", [2, 3])
    def test_parameters_of_many_units_are_no_rows(self, columns):
        data = np.random.default_rng(1).random((200, columns))
        target = np.stack([data.sum(axis=1)] * columns, axis=1)
        classes = np.digitize(target[:, 0], np.quantile(target[:, 0], [0.5] if columns == 2 else [0.3, 0.6]))
        models = [
            MLPRegressor(hidden_layer_sizes=(120,), max_iter=2, random_state=0).fit(data, target),
            KMeans(20, n_init=1, max_iter=5, random_state=0).fit(data),
            GradientBoostingClassifier(n_estimators=60, max_depth=1).fit(data, classes),
            RandomForestClassifier(60, oob_score=True, bootstrap=True, random_state=0).fit(data, classes),
            TSNE(columns, init="random", max_iter=250, perplexity=5).fit(data[:60]),
        ]
        for model in models:
            assert rows_in_bytes(model, data) == 0
            assert looked_at(model) is looked_at(model, data[:60] if isinstance(model, TSNE) else data) is None, model


def linear(left, right):
    return np.asarray(left) @ np.asarray(right).T


class TestModelsInModels:
    """Each case: the model, how many rows it holds, of how many it knows itself, and where."""

    def holds(self, model, rows, where, of=ROWS, data=X):
        found = looked_at(model)
        assert found == RowsInside(rows, of, where)
        assert looked_at(model, data) == RowsInside(rows, len(data), where)

    def test_a_pipeline_holds_scaled_rows(self):
        scaled = make_pipeline(StandardScaler(), KNeighborsClassifier()).fit(X, CLASSES)
        self.holds(scaled, ROWS, "steps[1]._fit_X")
        assert rows_in_bytes(scaled, X) == 0
        assert rows_in_bytes(scaled, scaled[0].transform(X)) == ROWS
        plain = make_pipeline("passthrough", None, KNeighborsClassifier()).fit(X, CLASSES)
        self.holds(plain, ROWS, "steps[2]._fit_X")
        nested = make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), SVC())).fit(X, CLASSES)
        self.holds(nested, len(nested[-1][-1].support_), "steps[1].steps[1].support_vectors_")
        assert looked_at(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, CLASSES), X) is None
        # A scaler knows how many rows there were, also where the step that holds some does not.
        sampled = make_pipeline(StandardScaler(), Nystroem(n_components=20), Ridge()).fit(X, TARGET)
        self.holds(sampled, 20, "steps[1].components_")

    def test_transformers_side_by_side(self):
        columns = ColumnTransformer([("near", KNNImputer(), [0, 1]), ("scale", StandardScaler(), [2])])
        self.holds(make_pipeline(columns, LogisticRegression()).fit(X, CLASSES), ROWS, "steps[0].transformers_[0]._fit_X")
        union = make_pipeline(make_union(StandardScaler(), KernelPCA(2)), Ridge()).fit(X, TARGET)
        self.holds(union, ROWS, "steps[0].transformer_list[1].X_fit_")

    def test_searches_and_wrappers_around_one_estimator(self):
        search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1.0]}, cv=2).fit(X, CLASSES)
        self.holds(search, len(search.best_estimator_[-1].support_), "best_estimator_.steps[1].support_vectors_")
        target = TransformedTargetRegressor(SVR()).fit(X, TARGET)
        self.holds(target, len(target.regressor_.support_), "regressor_.support_vectors_")
        chosen = RFE(SVC(kernel="linear"), n_features_to_select=2).fit(X, CLASSES)
        self.holds(chosen, len(chosen.estimator_.support_), "estimator_.support_vectors_")
        self_taught = SelfTrainingClassifier(KNeighborsClassifier(), threshold=0.6)
        self_taught.fit(X, np.where(np.arange(ROWS) % 3 == 0, -1, CLASSES))
        self.holds(self_taught, self_taught.estimator_.n_samples_fit_, "estimator_._fit_X")
        robust = RANSACRegressor(KNeighborsRegressor(), min_samples=30, random_state=0, residual_threshold=0.5).fit(X, TARGET)
        self.holds(robust, int(robust.inlier_mask_.sum()), "estimator_._fit_X")

    def test_members_that_saw_the_same_rows_are_counted_once(self):
        machines = VotingClassifier([("a", make_pipeline(StandardScaler(), SVC())), ("b", SVC(C=0.1))]).fit(X, CLASSES)
        support = [set(machines.estimators_[0][-1].support_), set(machines.estimators_[1].support_)]
        self.holds(machines, len(support[0] | support[1]), "estimators_[1].support_vectors_")
        mixed = VotingClassifier([("a", SVC()), ("b", make_pipeline(StandardScaler(), KNeighborsClassifier()))])
        self.holds(mixed.fit(X, CLASSES), ROWS, "estimators_[1].steps[1]._fit_X")
        rest = OneVsRestClassifier(SVC()).fit(X, THREE)
        support = set().union(*(member.support_ for member in rest.estimators_))
        most = max(range(3), key=lambda number: len(rest.estimators_[number].support_))
        assert len(support) > len(rest.estimators_[most].support_)
        self.holds(rest, len(support), f"estimators_[{most}].support_vectors_")
        several = MultiOutputClassifier(KNeighborsClassifier()).fit(X, np.c_[CLASSES, THREE > 1])
        self.holds(several, ROWS, "estimators_[0]._fit_X")
        self.holds(GaussianProcessClassifier().fit(X, THREE), ROWS, "base_estimator_.estimators_[0].X_train_")

    def test_members_that_saw_different_rows_are_compared(self):
        pairs = OneVsOneClassifier(SVC()).fit(X, THREE)
        vectors = np.unique(np.concatenate([member.support_vectors_ for member in pairs.estimators_]), axis=0)
        found = looked_at(pairs)
        assert (found.rows, found.of) == (len(vectors), None)
        assert looked_at(pairs, X) == RowsInside(len(vectors), ROWS, found.where)
        folds = CalibratedClassifierCV(SVC(), cv=3).fit(X, CLASSES)
        vectors = np.concatenate([member.estimator.support_vectors_ for member in folds.calibrated_classifiers_])
        assert looked_at(folds).rows == looked_at(folds, X).rows == len(np.unique(vectors, axis=0)) == rows_in_bytes(folds, X)
        bag = BaggingClassifier(KNeighborsClassifier(), n_estimators=2, random_state=0).fit(X, CLASSES)
        assert rows_in_bytes(bag, X) < ROWS
        assert looked_at(bag, X) == RowsInside(rows_in_bytes(bag, X), ROWS, "estimators_[0]._fit_X")
        assert looked_at(bag) == RowsInside(ROWS, ROWS, "estimators_[0]._fit_X"), "as many as were drawn"
        machines = BaggingClassifier(SVC(), n_estimators=4, max_samples=0.4, random_state=0).fit(X, CLASSES)
        assert looked_at(machines).rows == looked_at(machines, X).rows == rows_in_bytes(machines, X)
        boosted = AdaBoostRegressor(SVR(), n_estimators=4, random_state=0).fit(X, TARGET)
        assert looked_at(boosted, X).rows == rows_in_bytes(boosted, X)

    def test_members_that_scaled_for_themselves_cannot_be_compared(self):
        neighbours = CalibratedClassifierCV(make_pipeline(StandardScaler(), KNeighborsClassifier()), cv=3).fit(X, CLASSES)
        where = "calibrated_classifiers_[0].estimator.steps[1]._fit_X"
        assert looked_at(neighbours) == RowsInside(40, None, where), "at least those of one fold"
        assert looked_at(neighbours, X) == RowsInside(ROWS, ROWS, where)
        machines = CalibratedClassifierCV(make_pipeline(StandardScaler(), SVC()), cv=3).fit(X, CLASSES)
        most = max(len(member.estimator[-1].support_) for member in machines.calibrated_classifiers_)
        assert looked_at(machines).rows == looked_at(machines, X).rows == most
        holes = np.where(np.arange(ROWS)[:, None] % 5 == np.arange(COLUMNS), np.nan, X)
        imputer = IterativeImputer(KNeighborsRegressor(), max_iter=1, random_state=0).fit(holes)
        assert looked_at(imputer).rows <= ROWS
        assert looked_at(imputer, holes) == RowsInside(ROWS, ROWS, looked_at(imputer).where)
        part = BaggingClassifier(KNeighborsClassifier(), n_estimators=3, max_features=0.5, random_state=0).fit(X, CLASSES)
        self.holds(part, ROWS, "estimators_[0]._fit_X")

    def test_predictions_are_no_rows(self):
        stack = StackingClassifier([("a", LogisticRegression())], final_estimator=KNeighborsClassifier(), cv=2)
        assert looked_at(stack.fit(X, CLASSES), X) is None
        self.holds(stack.set_params(passthrough=True).fit(X, CLASSES), ROWS, "final_estimator_._fit_X")
        isotonic = CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=2).fit(X, CLASSES)
        assert looked_at(isotonic, X) is None

    def test_containers(self):
        model, scaler = KNeighborsClassifier().fit(X, CLASSES), StandardScaler().fit(X)
        self.holds({"model": model, "scaler": scaler, "columns": list("abcde")}, ROWS, "['model']._fit_X")
        self.holds((scaler, model), ROWS, "[1]._fit_X")
        self.holds([[{3: model}]], ROWS, "[0][0][3]._fit_X")
        other = SVC().fit(X[20:], CLASSES[20:])
        parts = {"north": KNeighborsClassifier().fit(X[:20], CLASSES[:20]), "south": other}
        rows = 20 + len(other.support_)
        assert looked_at(parts).of is None
        assert looked_at(parts).rows == looked_at(parts, X).rows == rows
        # Too much to be compared: at least those of the greatest part.
        large = np.random.default_rng(0).random((5000, 10))
        both = [NearestNeighbors(algorithm="brute").fit(large[:3000]), NearestNeighbors(algorithm="brute").fit(large[1000:])]
        assert looked_at(both) == RowsInside(4000, None, "[1]._fit_X")
        assert looked_at(both, large) == RowsInside(5000, 5000, "[1]._fit_X")

    def test_a_fitted_member_counts_wherever_it_is(self):
        model = KNeighborsClassifier().fit(X, CLASSES)
        search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2).fit(X, CLASSES)
        search.estimator = model
        self.holds(search, ROWS, "estimator._fit_X")
        boxes = np.array([None, model], dtype=object)
        self.holds(Own(boxes=boxes), ROWS, "boxes[1]._fit_X")

    def test_texts_in_a_pipeline(self):
        texts = [f"word{number} and word{number % 7}" for number in range(ROWS)]
        model = make_pipeline(TfidfVectorizer(), KNeighborsClassifier()).fit(texts, CLASSES)
        self.holds(model, ROWS, "steps[1]._fit_X", data=texts)
        assert looked_at(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, CLASSES), texts) is None


class TestStrangeClasses:
    def test_names_of_data(self):
        for name in (
            "X",
            "X_",
            "_X_train",
            "trainX",
            "data",
            "train_data_",
            "support_vectors_",
            "samples",
            "memory",
            "raw_data",
        ):
            for rows in (2, ROWS):
                found = looked_at(model_of(**{name: X[:rows]}))
                assert found == RowsInside(rows, None, name), name
                assert looked_at(model_of(**{name: X[:rows]}), X) == RowsInside(rows, ROWS, name)

    def test_names_of_parameters(self):
        names = "coef_ weights W1 centroids_ cluster_centers components_ means embeddings y_train labels_ kernel_ scores_"
        for name in names.split():
            assert looked_at(model_of(**{name: np.random.default_rng(0).random((5000, 3))})) is None, name
        assert looked_at(model_of(weights={"l1": np.random.default_rng(0).random((5000, 3))})) is None
        assert looked_at(model_of(weights=[np.random.default_rng(0).random((5000, 3))])) is None

    def test_more_rows_than_parameters_have(self):
        noise = np.random.default_rng(0).random
        assert looked_at(model_of(stuff=noise((400, 3)))) == RowsInside(400, None, "stuff")
        assert looked_at(model_of(stuff=noise((90, 3)))) is None, "as many may be units or centres"
        assert looked_at(model_of(stuff=noise((400, 128)))) is None, "weights of a layer are as wide"
        assert looked_at(model_of(stuff=noise((400, 400)))) is None
        assert looked_at(model_of(stuff=noise(400))) is None, "a single column may be anything"
        # Where the number of columns is known, fewer tell.
        assert looked_at(model_of(stuff=noise((90, 3)), n_features_in_=3)) == RowsInside(90, None, "stuff")
        assert looked_at(model_of(stuff=noise((20, 3)), n_features_in_=3)) is None
        assert looked_at(model_of(stuff=noise((60, 60)), n_features_in_=60)) is None, "as many as columns"
        assert looked_at(model_of(stuff=noise((500, 2)), n_features_in_=500)) is None, "one for each column"
        assert looked_at(model_of(stuff=noise((90, 3)), feature_names_in_=np.array(list("abc")))) is not None

    def test_the_training_data_tell_more(self):
        noise = np.random.default_rng(0).random
        assert looked_at(model_of(chosen=X[[3, 50]])) is None
        assert looked_at(model_of(chosen=X[[3, 50]]), X) == RowsInside(2, ROWS, "chosen")
        assert looked_at(model_of(centroids=X[:4].astype("f4")), X.astype("f4")) == RowsInside(4, ROWS, "centroids")
        assert looked_at(model_of(book=noise((55, COLUMNS))), X) is None, "not one of them is a training row"
        assert looked_at(model_of(book=noise((500, COLUMNS))), X) is None
        assert looked_at(model_of(turned=X @ noise((COLUMNS, COLUMNS))), X) == RowsInside(ROWS, ROWS, "turned"), "one for one"
        assert looked_at(model_of(wider=noise((ROWS, 12))), X) == RowsInside(ROWS, ROWS, "wider")
        assert looked_at(model_of(thing=X), X) == RowsInside(ROWS, ROWS, "thing")
        whole = np.concatenate([np.eye(3), noise((ROWS, 3))])
        assert looked_at(model_of(corners=np.eye(3)), whole) is None, "rows of 0 and 1 are equal by chance"

    def test_rows_are_equal_if_their_values_are(self):
        data = 2.0 ** np.random.default_rng(0).integers(0, 16, size=(400, 3))  # which differ in a few bits only
        assert len(np.unique(_inside._row_keys(data))) == len(np.unique(data, axis=0))
        data = np.where(X > 0.5, X, 0.0)
        assert looked_at(model_of(chosen=np.where(data == 0.0, -0.0, data)[:9]), data) == RowsInside(9, ROWS, "chosen")
        assert looked_at(model_of(chosen=scipy.sparse.csr_array(data[:9])), data) == RowsInside(9, ROWS, "chosen")

    def test_values_without_end_are_compared_too(self):
        data = X.copy()
        data[::7, 1], data[::5, 2], data[::3, 3] = np.nan, np.inf, 1e300
        assert looked_at(model_of(chosen=data[:9]), data) == RowsInside(9, ROWS, "chosen")
        assert looked_at(model_of(chosen=data[:9].astype("f4")), data) is None, "they are not the same any more"
        with np.errstate(all="ignore"):
            assert looked_at(model_of(X_=data[:9].astype("f4")), data) == RowsInside(9, ROWS, "X_")

    def test_equal_rows_are_not_counted_more_often_than_they_are_held(self):
        data = np.repeat(X[:3], 20, axis=0)
        assert looked_at(model_of(X_=data[[0, 20]]), data) == RowsInside(2, ROWS, "X_")

    def test_single_columns(self):
        column, other = X[:, 0], X[:, 1]
        assert looked_at(model_of(x=column)) == RowsInside(ROWS, None, "x")
        assert looked_at(model_of(x=column, n_features_in_=3)) is None
        assert looked_at(model_of(y=column, seen=other)) is None
        assert looked_at(model_of(knots=np.sort(column)), column) == RowsInside(ROWS, ROWS, "knots")
        assert looked_at(model_of(knots=np.r_[column[:2], other[:8]]), column) is None, "a few are always the same"

    @pytest.mark.parametrize(
        "table",
        [
            FRAME,
            FRAME.assign(name="a"),
            scipy.sparse.csr_matrix(X),
            X.tolist(),
            list(X),
            [tuple(row) for row in X],
            FRAME.to_dict("records"),
            dict(enumerate(X)),
            X.astype(object),
            X.reshape(ROWS, COLUMNS, 1),
            X.view(np.recarray),
            memoryview(X),
        ],
        ids=lambda table: (
            f"{type(table).__name__} {type(next(iter(table), None)).__name__}" if isinstance(table, list) else None
        ),
    )
    def test_any_kind_of_table(self, table):
        assert looked_at(model_of(held=table), X) == RowsInside(ROWS, ROWS, "held")
        if not isinstance(table, dict):
            assert looked_at(model_of(train=table)) == RowsInside(ROWS, None, "train")

    def test_rows_beside_their_labels(self):
        pairs = list(zip(X, TARGET.tolist(), strict=True))
        assert looked_at(model_of(memory=pairs)) == RowsInside(ROWS, None, "memory")
        assert looked_at(model_of(memory=deque(pairs, maxlen=ROWS))) == RowsInside(ROWS, None, "memory")
        assert looked_at(model_of(memory=[(row.tolist(), "a") for row in X])) == RowsInside(ROWS, None, "memory")
        assert looked_at(model_of(seen={tuple(row) for row in X.tolist()}), X) == RowsInside(ROWS, ROWS, "seen")
        assert looked_at(model_of(data=(X, TARGET))) == RowsInside(ROWS, None, "data[0]")
        assert looked_at(model_of(memory=[(X[0], object())])) is not None, "nobody knows what that is"

    def test_rows_among_parameters(self):
        start = KMeans(4, init=X[:4], n_init=1).fit(X)
        assert looked_at(start, X) == RowsInside(4, ROWS, "init")
        function = FunctionTransformer(np.add, kw_args={"x2": X}).fit(X)
        assert looked_at(function) == RowsInside(ROWS, None, "kw_args['x2']")

    def test_of_scikit_learn_itself_no_single_column_counts_that_is_not_known(self):
        model = type("Later", (), {"__module__": "sklearn.later", "predict": None})()
        model.n_features_in_, model.stuff_ = 1, X[:, :1]
        assert looked_at(model) is None
        model.n_features_in_, model.stuff_ = COLUMNS, X
        assert looked_at(model) == RowsInside(ROWS, None, "stuff_")

    def test_tables_that_are_no_training_data(self):
        assert looked_at(model_of(table=pd.DataFrame({"town": list("abcd"), "mean": range(4)}))) is None
        assert looked_at(model_of(history={"loss": [0.1] * 200, "val_loss": [0.2] * 200})) is None
        assert looked_at(model_of(history=[{"epoch": 1, "loss": 0.5}] * 20)) is None
        assert looked_at(model_of(names=["a"] * 500, empty=[], nothing=np.empty((0, 3)), kinds={"a": "b"})) is None
        assert looked_at(FRAME) == looked_at(X) is None, "data by themselves are for the caller to refuse"

    def test_texts(self):
        texts = [f"a letter to customer {number}" for number in range(ROWS)]
        assert looked_at(model_of(corpus_=texts)) == RowsInside(ROWS, None, "corpus_")
        assert looked_at(model_of(words=texts)) is None
        assert looked_at(model_of(words=texts), texts) == RowsInside(ROWS, ROWS, "words")

    def test_trees_in_space_and_other_things_of_scipy(self):
        transposed = scipy.stats.gaussian_kde(X.T)
        for name, thing, where in (
            ("a", scipy.spatial.KDTree(X), "a.data"),
            ("b", scipy.spatial.cKDTree(X), "b.data"),
            ("c", KDTree(X), "c.data"),
            ("d", transposed, "d.dataset"),
            ("e", scipy.interpolate.RBFInterpolator(X, TARGET), "e.y"),
            ("f", KernelDensity().fit(X), "f.tree_.data"),
        ):
            assert rows_in_bytes(thing, X) in {0, ROWS}
            assert looked_at(model_of(**{name: thing}), X) == RowsInside(ROWS, ROWS, where)
            assert looked_at(model_of(**{name: thing})).rows == ROWS

    def test_slots_subclasses_and_members(self):
        class Slotted:
            __slots__ = ("X_", "_other")

            def predict(self, data):
                return data

        slotted = Slotted()
        slotted.X_ = X
        assert looked_at(slotted) == RowsInside(ROWS, None, "X_")

        class Neighbours(KNeighborsClassifier):
            pass

        class Clean(LogisticRegression):
            def fit(self, data, target):
                self.X_ = data
                return super().fit(data, target)

        class Scaled(BaseEstimator):
            def fit(self, data, target):
                self.inner_ = [KNeighborsClassifier().fit(data, target), SVC().fit(data, target)]
                return self

        assert looked_at(Neighbours().fit(X, CLASSES)) == RowsInside(ROWS, ROWS, "_fit_X")
        assert looked_at(Clean().fit(X, CLASSES)) == RowsInside(ROWS, None, "X_")
        assert looked_at(Clean().fit(X, CLASSES), X) == RowsInside(ROWS, ROWS, "X_")
        assert looked_at(Scaled().fit(X, CLASSES), X) == RowsInside(ROWS, ROWS, "inner_[0]._fit_X")

        Pair = namedtuple("Pair", "model weight")  # noqa: PYI024 (as it is found in old code)
        assert looked_at(Own(pairs=[Pair(Neighbours().fit(X, CLASSES), 1.0)])).where == "pairs[0][0]._fit_X"
        assert looked_at(types.SimpleNamespace(X_train=X)).rows == ROWS
        # Trees of scikit-learn hold no rows; a tree of the user's may.
        tree = type("Tree", (), {"predict": None})()
        tree.X_train = X
        assert looked_at([tree]).where == "[0].X_train"
        grown = type("Grown", (DecisionTreeClassifier,), {})().fit(X, CLASSES)
        assert looked_at([grown]) is None
        grown.X_train = X
        assert looked_at([grown]).where == "[0].X_train"

    def test_something_like_a_tensor(self):
        class Tensor:
            __module__ = "torch"
            shape = (ROWS, COLUMNS)

        class Module:
            __module__ = "torch.nn"

            def forward(self):
                pass

        class Layers:
            __module__ = "keras.models"

        layers = Layers()
        layers.X_train = Tensor()
        assert looked_at(layers) is looked_at([layers]) is None, "a network is written by its library"
        network = Module()
        network._parameters = {"data": Tensor()}
        assert looked_at(network) is None
        network._buffers = {"X_train": Tensor()}
        assert looked_at(network) == RowsInside(ROWS, None, "_buffers['X_train']")

        class TensorDataset:
            __module__ = "torch.utils.data.dataset"

        network._buffers, network.data, network.data_of = {}, TensorDataset(), None
        network.data.tensors = (Tensor(), None)
        network.data.samples = (Tensor(), None)
        assert looked_at(network).where == "data.samples[0]"


class TestCodeOfTheNotebook:
    """What is pickled with its code takes along what the code names; cloudpickle is the witness."""

    def run(self, code):
        names = {"__name__": "__main__", "X_train": X, "FunctionTransformer": FunctionTransformer, "np": np}
        exec(code, names)  # noqa: S102 (as a notebook does)
        return names

    def test_a_method_that_names_the_data(self):
        names = self.run(
            """
class Nearest:
    def fit(self): self.done_ = True; return self
    def predict(self, data): return self.look(data)
    @staticmethod
    def look(data): return [min(range(3), key=lambda one: abs(X_train[one] - data).sum())]
class Honest:
    def fit(self): self.done_ = True; return self
    def predict(self, data): return data.X_train
model, honest = Nearest().fit(), Honest().fit()
"""
        )
        assert rows_in_bytes(names["model"], X, cloudpickle.dumps) == ROWS
        assert looked_at(names["model"]) == RowsInside(ROWS, None, "look.X_train")
        assert looked_at(names["model"], X) == RowsInside(ROWS, ROWS, "look.X_train")
        assert rows_in_bytes(names["honest"], X, cloudpickle.dumps) == 0
        assert looked_at(names["honest"], X) is None

    def test_functions_lambdas_and_what_they_close_over(self):
        names = self.run(
            """
def closed(data):
    def inner(one): return one - data.mean()
    return inner
def default(one, data=X_train): return one - data.mean()
def helper(one): return default(one)
class Base:
    data = X_train
class Model(Base):
    def predict(self, one): return one
    @property
    def seen(self): return 1
    @classmethod
    def make(cls): return cls()
"""
        )
        assert looked_at(FunctionTransformer(names["closed"](X))) == RowsInside(ROWS, None, "func.data")
        for function in (names["closed"](X), names["Model"], names["Model"]().predict):
            assert rows_in_bytes(function, X, cloudpickle.dumps) == ROWS
            assert looked_at(model_of(function=function), X).rows == ROWS
        for function in (names["default"], names["helper"]):
            assert rows_in_bytes(function, X, cloudpickle.dumps) == ROWS
            assert looked_at(model_of(function=function), X).rows == ROWS
        assert looked_at(model_of(function=functools.partial(np.dot, X)), X) == RowsInside(ROWS, ROWS, "function.args[0]")
        assert looked_at(model_of(function=linear)) is None, "a function of a module is written by its name"
        assert looked_at(model_of(function=lambda: X), X) == RowsInside(ROWS, ROWS, "function.X")


class TestOtherLibraries:
    def test_statsmodels_keep_their_data_until_they_are_removed(self):
        import statsmodels.api as sm
        import statsmodels.formula.api as smf

        results = sm.OLS(TARGET, X).fit()
        assert rows_in_bytes(results, X) == ROWS
        assert looked_at(results) == looked_at(results, X) == RowsInside(ROWS, ROWS, "model.exog")
        results.remove_data()
        assert rows_in_bytes(results, X) == 0
        assert looked_at(results) is looked_at(results, X) is None
        # Of a formula, the whole table stays, also after that, and also its other columns.
        table = FRAME.assign(target=TARGET)
        formula = smf.ols("target ~ a + b", table).fit()
        assert looked_at(formula) == RowsInside(ROWS, ROWS, "model.exog")
        formula.remove_data()
        assert all(value.tobytes() in pickle.dumps(formula) for value in X[:, 4])
        assert looked_at(formula).rows == looked_at(formula, table).rows == ROWS
        series = sm.tsa.ARIMA(TARGET, order=(1, 0, 0)).fit()
        assert looked_at(series).rows == looked_at(series, TARGET).rows == ROWS

    def test_lightgbm_leaves_its_data_behind(self):
        lightgbm = pytest.importorskip("lightgbm", exc_type=ImportError)
        quiet = {"verbose": -1, "num_threads": 1}
        data = lightgbm.Dataset(X, TARGET, free_raw_data=False)
        booster = lightgbm.train(quiet, data, 2, keep_training_booster=True)
        assert booster.train_set.data is X
        for model in (booster, lightgbm.LGBMRegressor(n_estimators=2, n_jobs=1, verbose=-1).fit(X, TARGET)):
            assert rows_in_bytes(model, X) == 0
            assert looked_at(model) is looked_at(model, X) is looked_at({"a": model}, X) is None
        raw = {"model": booster, "data": lightgbm.Dataset(X, TARGET)}
        assert looked_at(raw, X) == RowsInside(ROWS, ROWS, "['data'].data")

    def test_xgboost_holds_none(self):
        xgboost = pytest.importorskip("xgboost", exc_type=ImportError)
        for model in (
            xgboost.XGBRegressor(n_estimators=2, n_jobs=1).fit(X, TARGET),
            xgboost.train({"nthread": 1}, xgboost.DMatrix(X, TARGET), 2),
        ):
            assert rows_in_bytes(model, X) == 0
            assert looked_at(model, X) is looked_at([model], X) is None

    def test_catboost_holds_embeddings_to_find_neighbours(self):
        catboost = pytest.importorskip("catboost", exc_type=ImportError)
        options = {"iterations": 2, "thread_count": 1, "verbose": 0, "allow_writing_files": False}
        plain = catboost.CatBoostRegressor(**options).fit(X, TARGET)
        assert rows_in_bytes(plain, X) == 0
        assert looked_at(plain, X) is None
        pool = catboost.Pool([[0.0, row.tolist()] for row in X], CLASSES, embedding_features=[1])
        options["loss_function"] = "Logloss"
        for processing, rows in (["LDA", "KNN"], ROWS), (["LDA"], 0):
            embedding = {"embedding_processing": {"default": processing}}
            model = catboost.CatBoost({**options, "embedding_processing": embedding}).fit(pool)
            assert rows_in_bytes(model, X) == rows
            assert looked_at(model) == (RowsInside(ROWS, ROWS, "embedding_features") if rows else None)


class Hostile:
    """An object that answers nothing."""

    def __getattr__(self, name):
        raise SystemExit(name)

    @property
    def shape(self):
        raise KeyError

    def predict(self):
        pass


class TestItNeverFails:
    def test_hostile_objects(self):
        class Shape(tuple):
            __slots__ = ()

            def __iter__(self):
                raise ValueError

        broken = model_of(shape=Shape((3, 2)), X=X)
        for model in (None, 3, "a", Hostile(), [Hostile()], object(), type, np, len, broken, Own, pickle):
            looked_at(model)
            looked_at(model, model)
        assert looked_at(model_of(bad=Hostile(), X=X)) == RowsInside(ROWS, None, "X"), "one bad part does not hide the others"
        assert looked_at(model_of(X=X), Hostile()) == RowsInside(ROWS, None, "X")
        assert looked_at(model_of(X=X), "text").rows == ROWS
        assert looked_at(model_of(X=X), FRAME.astype(str)) == RowsInside(ROWS, ROWS, "X")

    def test_nothing_of_the_users_is_run(self):
        class Trap(list):
            shape = (ROWS, COLUMNS)

            def run(self, *arguments):
                ran.append(arguments)
                raise AssertionError

            __array__ = toarray = __len__ = __iter__ = __getitem__ = __eq__ = __hash__ = __bool__ = __int__ = max = run

        class Array:
            shape, dtype = (ROWS, COLUMNS), "float64"
            __array__ = toarray = __len__ = __iter__ = __getitem__ = __eq__ = __hash__ = __bool__ = __int__ = max = Trap.run

        ran = []
        for trap in (Trap(X.tolist()), Array()):
            assert looked_at(model_of(X_=trap, nobs=trap, labels_=trap), X) == RowsInside(ROWS, ROWS, "X_")
            assert looked_at(model_of(held=trap, rows=[trap] * 3), trap) is not None
        assert not ran

    def test_objects_that_hold_themselves(self):
        model = model_of()
        model.me = [model, {"me": model}]
        model.X = X
        assert looked_at(model) == RowsInside(ROWS, None, "X")

    def test_deep_and_wide_objects_end(self):
        deep = model_of(X=X)
        for _ in range(3_000):
            deep = [deep]
        assert looked_at(deep) is None
        wide = [model_of(a=1) for _ in range(50_000)]
        assert looked_at(wide) is None
        long = model_of(**{"a" * 500: model_of(X=X)})
        assert len(looked_at(long).where) == 120

    def test_machinery_is_passed_by(self):
        import logging
        import threading

        assert (
            looked_at(model_of(log=logging.getLogger("a"), lock=threading.Lock(), generator=np.random.default_rng(0))) is None
        )

    def test_nothing_is_imported(self):
        code = """
import sys
from jupyter_modelstore.capture._inside import rows_inside
class Own:
    def predict(self): return table
table = [[1.0, 2.0]] * 200
own = Own()
before = set(sys.modules)
assert rows_inside(own).where == "predict.table", rows_inside(own)
assert rows_inside(own, table).rows == 200
heavy = {"numpy", "sklearn", "pandas", "scipy"} & set(sys.modules)
assert not heavy, heavy
assert not set(sys.modules) - before, set(sys.modules) - before
"""
        subprocess.run([sys.executable, "-c", code], check=True)


def test_a_generator_of_random_numbers_hides_nothing_that_comes_after_it():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import SGDClassifier
    from sklearn.neighbors import KNeighborsClassifier

    data, y = load_iris(return_X_y=True)
    linear = SGDClassifier(random_state=np.random.RandomState(0)).fit(data, y)
    assert rows_inside([linear, KNeighborsClassifier().fit(data, y)]).rows == len(data)
    assert rows_inside([linear, linear]) is None
