"""A print of an object: the same while it is only used, another once it was fitted or changed."""

from __future__ import annotations

import gc
import warnings
import weakref

import capture_estimators as known
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier

from jupyter_modelstore.capture import _prints

USED = ("predict", "transform", "predict_proba", "decision_function", "score_samples", "kneighbors")
FILLED_BY_USE = {"HashingVectorizer", "MultiLabelBinarizer"}
"""Estimators that keep something of what they are asked: a number before counts for nothing, which is the careful side."""
LEARNS_NOTHING_NEW = {
    *("AdditiveChi2Sampler", "Binarizer", "CountVectorizer", "DictVectorizer", "FeatureHasher", "FrozenEstimator"),
    *("FunctionTransformer", "Normalizer", "PatchExtractor", "PolynomialFeatures", "SparseCoder", "HashingVectorizer"),
}
"""Estimators that a second fit on the same data leaves exactly as they were."""

CLASSES = known.classes()


def fitted(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        return known.fit(known.make(name, CLASSES[name]))


@pytest.mark.no_cover
@pytest.mark.parametrize("name", sorted(set(CLASSES)))
def test_use_leaves_no_trace_and_a_fit_does(name):
    model = fitted(name)
    if model is None:
        pytest.fail("no sample data fits this estimator")
    before = _prints.take(model)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for sample in known.SAMPLES:
            for method in USED:
                try:
                    getattr(model, method)(sample[0])
                except Exception:  # noqa: BLE001, S112 (estimators refuse data in every way)
                    continue
    assert before.same(_prints.take(model)) or name in FILLED_BY_USE
    known.fit(model)
    assert not before.same(_prints.take(model)) or name in LEARNS_NOTHING_NEW


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.coef_.__setitem__((0, 0), 9.0),
        lambda m: setattr(m, "coef_", m.coef_.copy()),
        lambda m: m.set_params(C=3.0),
        lambda m: setattr(m, "extra", 1),
        lambda m: delattr(m, "n_iter_"),
        lambda m: setattr(m, "classes_", m.classes_.astype(object)),
    ],
)
def test_every_change_shows(change):
    model = LogisticRegression().fit(known.X, known.Y)
    before = _prints.take(model)
    change(model)
    assert not before.same(_prints.take(model))


def test_a_step_of_learning_in_place_shows():
    model = SGDClassifier().partial_fit(known.X, known.Y, classes=[0, 1])
    before = _prints.take(model)
    model.partial_fit(known.X[:1], known.Y[:1])
    assert not before.same(_prints.take(model))


def test_nan_is_nan_and_a_loop_ends():
    class Odd:
        pass

    odd = Odd()
    odd.me, odd.nan, odd.many = odd, float("nan"), list(range(10_000))
    assert _prints.take(odd).same(_prints.take(odd))


def test_a_print_keeps_nothing_alive_and_does_not_agree_with_the_dead():
    model = RandomForestClassifier(5).fit(known.X, known.Y)
    taken, reference = _prints.take(model), weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None
    assert not taken.same(taken)


def test_what_raises_is_passed_over():
    class Bad:
        __slots__ = ("a", "b")

        def __init__(self):
            self.a = 1

        def __getattr__(self, name):
            raise RuntimeError(name)

    assert _prints.take(Bad()).same(_prints.take(Bad())) in {True, False}
