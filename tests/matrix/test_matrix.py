"""What one set of versions saved, another loads, and answers the same; what upstream breaks stands in the table below.

The table is strict both ways: a subject that fails without a line fails the test, and so does a line that is no longer true.
Most lines say that scikit-learn changed what an estimator keeps; none is about a name that was only moved. Where a pickle
loads but cannot answer, or answers differently, scikit-learn promises nothing: it is why environments are compared and warned
about before a load.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import environments

pytestmark = [
    pytest.mark.matrix,
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which(environments.uv()) and sys.platform != "win32"), reason="needs uv and a POSIX system"),
]


@dataclass(frozen=True)
class Broken:
    """Subjects that upstream breaks when saved under some versions and loaded under others."""

    verdict: str
    names: tuple[str, ...]
    saved: str
    loaded: str
    why: str


_LOGISTIC = (
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiOutputClassifier",
    "OneVsRestClassifier",
    "Pipeline",
    "RFE",
    "RFECV",
    "RandomizedSearchCV",
    "StackingClassifier",
    "pipeline scaled (joblib)",
    "pipeline scaled",
    "pipeline columns",
)
_TUNED = ("FixedThresholdClassifier", "TunedThresholdClassifierCV")
_SPLINE = ("SplineTransformer",)
_SELF = ("SelfTrainingClassifier",)

BROKEN = (  # for one subject the first line that applies counts
    Broken("refuses", ("ClassicalMDS",), "", "sklearn<1.8", "the class is new in 1.8"),
    Broken("refuses", ("FrozenEstimator",), "", "sklearn<1.6", "the class is new in 1.6"),
    Broken("refuses", _TUNED, "", "sklearn<1.5", "the classes are new in 1.5"),
    Broken("refuses", _SPLINE, "scipy<1.18", "scipy>=1.18", "scipy's BSpline became another class in 1.18"),
    Broken("refuses", _SPLINE, "scipy>=1.18", "scipy<1.18", "scipy's BSpline became another class in 1.18"),
    Broken("fails", _SPLINE, "scipy<1.17", "scipy>=1.17", "scipy's BSpline keeps other attributes since 1.17"),
    Broken("fails", _SPLINE, "scipy>=1.17", "scipy<1.17", "scipy's BSpline keeps other attributes since 1.17"),
    Broken("fails", _SPLINE, "sklearn<1.8", "sklearn>=1.8", "needs the parameter handle_missing since 1.8"),
    Broken("fails", ("MaxAbsScaler",), "sklearn<1.8", "sklearn>=1.8", "needs the parameter clip since 1.8"),
    Broken(
        "fails", ("SelectFromModel",), "sklearn<1.8", "sklearn>=1.8", "reads LogisticRegression's l1_ratio, None before 1.8"
    ),
    Broken("fails", ("SimpleImputer", "pipeline columns"), "sklearn<1.8", "sklearn>=1.8", "needs _fill_dtype since 1.8"),
    Broken("fails", ("IterativeImputer",), "sklearn<1.6", "sklearn>=1.6", "needs _is_empty_feature since 1.6"),
    Broken("fails", ("IterativeImputer",), "sklearn<1.8", "sklearn>=1.8", "its SimpleImputer needs _fill_dtype since 1.8"),
    Broken(
        "differs",
        ("PLSRegression", "PLSCanonical", "CCA"),
        "sklearn<1.5",
        "sklearn>=1.5",
        "coef_ has another meaning since 1.5",
    ),
    Broken(
        "differs",
        ("PLSRegression", "PLSCanonical", "CCA"),
        "sklearn>=1.5",
        "sklearn<1.5",
        "coef_ has another meaning since 1.5",
    ),
    Broken(
        "fails",
        ("TfidfTransformer", "TfidfVectorizer", "pipeline text"),
        "sklearn>=1.5",
        "sklearn<1.5",
        "idf_ is kept otherwise since 1.5",
    ),
    Broken("fails", ("pipeline text",), "sklearn>=1.8", "sklearn<1.8", "LogisticRegression's multi_class went in 1.8"),
    Broken(
        "fails",
        (*_LOGISTIC, *_TUNED, "FrozenEstimator"),
        "sklearn>=1.8",
        "sklearn<1.8",
        "LogisticRegression's multi_class went in 1.8",
    ),
    Broken(
        "differs", _LOGISTIC, "sklearn>=1.5", "sklearn<1.5", "multi_class='deprecated' (1.5 to 1.7) means multinomial to 1.4"
    ),
    Broken("differs", ("AdaBoostClassifier",), "sklearn<1.6", "sklearn>=1.6", "SAMME.R went in 1.6"),
    Broken("fails", ("AdaBoostClassifier",), "sklearn>=1.8", "sklearn<1.6", "the parameter algorithm went in 1.8"),
    Broken("fails", ("NearestCentroid",), "sklearn<1.6", "sklearn>=1.6", "needs class_prior_ since 1.6"),
    Broken("differs", ("NearestCentroid",), "sklearn>=1.6", "sklearn<1.6", "has probabilities since 1.6"),
    Broken("fails", ("SVC", "NuSVC"), "sklearn>=1.9", "sklearn<1.9", "says otherwise since 1.9 that it has no probabilities"),
    Broken("fails", ("RidgeClassifier", "RidgeClassifierCV"), "sklearn<1.8", "sklearn>=1.8", "keeps classes_ since 1.8"),
    Broken(
        "fails", ("RidgeClassifier", "RidgeClassifierCV"), "sklearn>=1.6", "sklearn<1.6", "coef_ has one dimension since 1.6"
    ),
    Broken("fails", ("ClassifierChain", "RegressorChain"), "sklearn<1.7", "sklearn>=1.7", "base_estimator was renamed in 1.7"),
    Broken("fails", ("ClassifierChain",), "sklearn>=1.8,<1.9", "sklearn<1.8", "LogisticRegression's multi_class went in 1.8"),
    Broken("fails", ("ClassifierChain", "RegressorChain"), "sklearn>=1.9", "sklearn>=1.6,<1.9", "base_estimator went in 1.9"),
    Broken("differs", ("ClassifierChain",), "sklearn>=1.9", "sklearn<1.6", "base_estimator was renamed in 1.7"),
    Broken("differs", ("ClassifierChain",), "sklearn>=1.5", "sklearn<1.5", "LogisticRegression's multi_class, as above"),
    Broken("fails", _SELF, "sklearn>=1.8", "sklearn>=1.6,<1.8", "LogisticRegression's multi_class went in 1.8"),
    Broken("differs", _SELF, "sklearn<1.6", "sklearn>=1.6", "base_estimator was renamed in 1.6"),
    Broken("differs", _SELF, "sklearn>=1.6", "sklearn<1.6", "base_estimator was renamed in 1.6"),
    Broken("differs", _SELF, "sklearn>=1.5", "sklearn<1.5", "LogisticRegression's multi_class, as above"),
)


def expected(name: str, saved: dict[str, str], loaded: dict[str, str]) -> str:
    """Return the verdict that the table foresees for a subject."""
    for line in BROKEN:
        if name in line.names and _is(saved, line.saved) and _is(loaded, line.loaded):
            return line.verdict
    return "equal"


def _is(versions: dict[str, str], condition: str) -> bool:
    """Tell whether versions fulfil a condition such as ``sklearn>=1.5,<1.8``."""
    library, limits = re.fullmatch(r"([a-z]*)(.*)", condition).groups()
    for sign, limit in re.findall(r"(>=|<)([0-9.]+)", limits):
        if (_number(versions[library]) < _number(limit)) == (sign == ">="):
            return False
    return True


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


@pytest.mark.parametrize("name", [*environments.here(), *environments.others()])
def test_what_others_saved_loads_and_answers_the_same_except_what_upstream_breaks(name, capsys):
    loaded = {**environments.here(), **environments.others()}[name]
    found = environments.verdicts(loaded)
    here = environments.versions(loaded)
    with capsys.disabled():
        print(f"\nmatrix: loaded under {here}")  # noqa: T201 (says which versions ran)
    wrong = {}
    for partner in environments.partners(loaded):
        there = environments.versions(partner)
        for subject, verdict in found[partner.name].items():
            foreseen = expected(subject, there, here)
            if verdict.partition(":")[0] != foreseen:
                wrong[f"{subject}, saved by {partner.name}"] = f"{verdict} (foreseen: {foreseen})"
    assert not wrong
    assert all(len(verdicts) > 240 for verdicts in found.values())


def test_every_line_of_the_table_gives_its_reason():
    assert all(line.why and line.saved + line.loaded for line in BROKEN)


def test_a_condition_is_read_as_it_is_written():
    assert _is({"sklearn": "1.5.2"}, "sklearn>=1.5,<1.8")
    assert not _is({"sklearn": "1.8.0"}, "sklearn>=1.5,<1.8")
    assert not _is({"sklearn": "1.10.0"}, "sklearn<1.9")
    assert _is({"sklearn": "1.4.0"}, "")
