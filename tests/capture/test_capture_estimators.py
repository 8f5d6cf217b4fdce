"""Every estimator of scikit-learn, fitted and unfitted."""

from __future__ import annotations

import warnings

import capture_estimators as known
import pytest
import sklearn.base

from jupyter_modelstore import capture
from jupyter_modelstore.errors import NotFitted

# There is nothing to fit: they answer at once, and scikit-learn says so.
STATELESS = {
    "AdditiveChi2Sampler",
    "Binarizer",
    "FeatureHasher",
    "FunctionTransformer",
    "HashingVectorizer",
    "Normalizer",
    "PatchExtractor",
    "SparseCoder",
    "FrozenEstimator",  # made with a fitted one inside
}
# Wrappers around one estimator are looked through.
LOOKED_THROUGH = {
    "CalibratedClassifierCV": "LinearSVC",
    "ClassifierChain": "LogisticRegression",
    "FixedThresholdClassifier": "LogisticRegression",
    "FrozenEstimator": "LogisticRegression",
    "GridSearchCV": "LogisticRegression",
    "HalvingGridSearchCV": "LogisticRegression",
    "HalvingRandomSearchCV": "LogisticRegression",
    "MultiOutputClassifier": "LogisticRegression",
    "MultiOutputRegressor": "Ridge",
    "OneVsOneClassifier": "LogisticRegression",
    "OneVsRestClassifier": "LogisticRegression",
    "OutputCodeClassifier": "LogisticRegression",
    "Pipeline": "LogisticRegression",
    "RandomizedSearchCV": "LogisticRegression",
    "RegressorChain": "Ridge",
    "SelfTrainingClassifier": "LogisticRegression",
    "TransformedTargetRegressor": "LinearRegression",
    "TunedThresholdClassifierCV": "LogisticRegression",
}
# scikit-learn has no tag for these: biclusters, and densities whose components are clusters.
UNTAGGED = {
    "SpectralBiclustering": "clustering",
    "SpectralCoclustering": "clustering",
    "GaussianMixture": "clustering",
    "BayesianGaussianMixture": "clustering",
}
NAMES = sorted(known.classes())


def expected_type(name, model):
    if name in UNTAGGED:
        return UNTAGGED[name]
    is_clusterer = getattr(sklearn.base, "is_clusterer", lambda one: getattr(one, "_estimator_type", None) == "clusterer")
    checks = {
        "classification": sklearn.base.is_classifier,
        "regression": sklearn.base.is_regressor,
        "clustering": is_clusterer,
        "outlier_detection": sklearn.base.is_outlier_detector,
        "transformation": lambda one: hasattr(one, "transform") or hasattr(one, "fit_transform"),
    }
    return next((kind for kind, holds in checks.items() if holds(model)), "other")


@pytest.fixture(params=NAMES)
def made(request):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a release says of its own classes
        yield request.param, known.make(request.param, known.classes()[request.param])


@pytest.mark.no_cover
def test_fitted_is_accepted_and_described_and_unfitted_refused(made):
    name, model = made
    if name in STATELESS:
        capture.check(known.fit(model))
    else:
        with pytest.raises(NotFitted, match=rf"`{name}` has not been fitted") as refused:
            capture.check(model)
        assert "--force" in refused.value.hint
        capture.check(model, force=True)
    unfitted = capture.describe(model)
    fitted = known.fit(model)
    assert fitted is not None, "no sample data fits this estimator"
    capture.check(fitted)

    description = capture.describe(fitted)
    assert description.algorithm == LOOKED_THROUGH.get(name, name)
    assert description.model_type == expected_type(name, fitted) == unfitted.model_type
    config = description.training_config
    assert config["chain"][0] == name
    assert config["chain"][-1] == description.algorithm
    assert set(config["set"]) <= set(config["params"])
    if "search" not in config:
        assert list(config["params"]) == list(fitted.get_params(deep=True))
    assert description.signature.get("n_features") == getattr(fitted, "n_features_in_", None)


def test_the_exceptions_are_estimators_of_some_version():
    assert {"FunctionTransformer", "HashingVectorizer"} <= STATELESS & set(NAMES)
    assert len(set(LOOKED_THROUGH) & set(NAMES)) >= 15
    assert len(NAMES) > 180
