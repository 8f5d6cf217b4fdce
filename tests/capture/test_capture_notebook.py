"""Which variable is meant: candidates in a namespace, and the grammar of expressions."""

from __future__ import annotations

import ast
import sys
import types

import capture_estimators as known
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_modelstore import capture
from jupyter_modelstore.errors import NotFound, UsageError

X, Y = known.X, known.Y


def found(namespace):
    return [candidate.name for candidate in capture.candidates(namespace)]


def test_candidates_are_the_fitted_models_in_the_order_of_their_names():
    clf = LogisticRegression().fit(X, Y)
    pipe = make_pipeline(StandardScaler(), Ridge()).fit(X, Y)
    namespace = {
        "_": clf,
        "_3": pipe,
        "In": [""],
        "Out": {3: pipe},
        "np": np,
        "LogisticRegression": LogisticRegression,
        "X": X,
        "df": pd.DataFrame(X),
        "sys": sys,
        "unfitted": Ridge(),
        "pipe": pipe,
        "text": "clf",
        "clf": clf,
        "again": clf,
        "models": {"threshold": 0.5, "a": clf},
        "half": {"a": clf, "b": Ridge()},
        "numbers": list(range(1_000)),
        "fits": [clf],
        "fit": lambda: clf,
        "space": types.SimpleNamespace(predict=len),
        3: clf,
    }
    candidates = capture.candidates(namespace)
    assert [candidate.name for candidate in candidates] == ["pipe", "clf", "models", "fits"]
    assert candidates[0].model is pipe
    assert candidates[0].algorithm == "Ridge"
    assert "Ridge" not in repr(candidates[0]).replace("'Ridge'", ""), "a model's repr may be long or raise"


def test_statsmodels_results_are_candidates_and_models_are_not():
    api = pytest.importorskip("statsmodels.api", exc_type=ImportError)
    model = api.OLS(X[:, 0], X[:, 1:])
    assert found({"model": model, "results": model.fit()}) == ["results"]


def test_hostile_values_do_not_disturb_the_search():
    class Wild:
        def __getattribute__(self, name):
            raise RuntimeError

        __eq__ = __hash__ = __len__ = __bool__ = __getattribute__

    clf = LogisticRegression().fit(X, Y)
    assert found({"wild": Wild(), "clf": clf, "wilds": [Wild()]}) == ["clf"]


# resolve ------------------------------------------------------------------------------------------------------------------


class Armed:
    """Any call is noticed."""

    def __init__(self):
        self.value = 7
        self._hidden = 8

    def __call__(self, *_args, **_options):
        raise AssertionError("called")

    def __getitem__(self, key):
        return ("item", key)

    @property
    def broken(self):
        raise RuntimeError("no")

    @property
    def computed(self):
        return 9


ARMED = Armed()
SPACE = {
    "armed": ARMED,
    "models": {"rf": 1, 3: 2, (1, "a"): 3, None: 4, 0.5: 5, True: 6},
    "fits": [10, ARMED],
    "clf": 1,
    "búho": 5,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("clf", 1),
        ("  clf  # the good one", 1),
        ("(clf)", 1),
        ("búho", 5),
        ("armed.value", 7),
        ("armed._hidden", 8),
        ("armed.computed", 9),
        ("models['rf']", 1),
        ('models["rf"]', 1),
        ("models[3]", 2),
        ("models[1, 'a']", 3),
        ("models[None]", 4),
        ("models[0.5]", 5),
        ("fits[-1].value", 7),
        ("fits[0]", 10),
        ("armed['\\d']", ("item", "\\d")),
        ("armed[-2.5]", ("item", -2.5)),
    ],
)
def test_names_attributes_and_literal_subscripts_resolve(expression, value):
    assert capture.resolve(expression, SPACE) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "   ",
        "armed()",
        "armed().value",
        "armed.value()",
        "models[armed()]",
        "models[armed]",
        "models['r' + 'f']",
        "fits[0:1]",
        "fits[1:2, 3]",
        "fits[...]",
        "fits[1j]",
        "fits[--1]",
        "fits[-True]",
        "fits[not 1]",
        "models[f'rf']",
        "(clf := 3)",
        "clf if clf else clf",
        "clf + 1",
        "-clf",
        "lambda: clf",
        "[clf]",
        "[f for f in fits]",
        "{'a': clf}",
        "'clf'",
        "3",
        "clf, armed",
        "clf; armed",
        "clf = 3",
        "import sys",
        "await armed",
        "*fits",
        "clf churn",
        "clf\nclf",
        "clf\x00",
        "\ud800",
        "(" * 900,
        "clf" + ".a" * 100_000,
        "models[" * 300 + "0" + "]" * 300,
    ],
)
def test_other_expressions_are_refused_and_nothing_is_called(expression):
    with pytest.raises(UsageError) as refused:
        capture.resolve(expression, SPACE)
    assert refused.value.hint


def test_a_call_gets_the_line_that_works():
    with pytest.raises(UsageError) as refused:
        capture.resolve("armed()", SPACE)
    assert refused.value.hint == "Assign the result to a variable first: model = armed()"


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("cfl", "no variable 'cfl'", "Did you mean clf?"),
        ("zzzz", "no variable 'zzzz'", "There are: armed, models, fits, clf, búho"),
        ("armed.valueX", "'armed' (`Armed`) has no attribute 'valueX'", "Did you mean value?"),
        ("armed.broken", "'armed' (`Armed`) has no attribute 'broken'", "fitted"),
        ("models['rff']", "'models' (`dict`) has nothing under 'rff'", "Did you mean rf?"),
        ("fits[5]", "'fits' (`list`) has nothing under 5", ""),
        ("clf['a']", "'clf' (`int`) has nothing under 'a'", ""),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest(expression, message, hint):
    with pytest.raises(NotFound) as missing:
        capture.resolve(expression, SPACE)
    assert message in missing.value.message
    assert hint in missing.value.hint


def test_ipythons_own_names_are_not_suggested_and_fitted_models_come_first():
    from sklearn.linear_model import LinearRegression

    own = dict.fromkeys(["In", "Out", "exit", "quit", "get_ipython", "open"])
    for space, hint in (
        (own, ""),
        ({**own, "rows": 1}, "There are: rows"),
        ({**own, "rows": 1, "clf": LinearRegression().fit([[0.0], [1.0]], [0, 1])}, "There are: clf"),
    ):
        with pytest.raises(NotFound) as missing:
            capture.resolve("opem", space)
        assert missing.value.hint == hint


def test_an_object_without_a_directory_still_gets_an_answer():
    class NoDir:
        def __dir__(self):
            raise RuntimeError

    with pytest.raises(NotFound, match="has no attribute 'x'"):
        capture.resolve("a.x", {"a": NoDir()})


names = st.sampled_from(["armed", "models", "fits", "value", "nothing"])
keys = (
    st.integers(-3, 3)
    | st.sampled_from(["rf", "it's", 'say "x"', "\n"])
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
)
plain = st.recursive(
    names,
    lambda inner: st.builds("{}.{}".format, inner, names) | st.builds("{}[{!r}]".format, inner, keys),
    max_leaves=5,
)
active = st.builds(
    str.format,
    st.sampled_from(["{}()", "{}.fit(1)", "armed[{}()]", "({})()", "{}(armed)", "armed({})", "[{}()]", "-{}", "{}[armed]"]),
    plain,
)


@given(plain)
def test_plain_expressions_resolve_or_are_not_found(expression):
    try:
        value = capture.resolve(expression, SPACE)
    except NotFound:
        return
    assert value == eval(expression, dict(SPACE))  # noqa: S307 (the strategy writes only plain expressions)


@given(active)
def test_active_expressions_are_usage_errors(expression):
    ast.parse(expression, mode="eval")
    with pytest.raises(UsageError):
        capture.resolve(expression, SPACE)


@given(st.text(max_size=40) | st.text("armedclfits.[]()'\"-0123456789 ,:", max_size=40))
def test_any_text_resolves_or_is_refused(text):
    try:
        capture.resolve(text, SPACE)
    except (UsageError, NotFound) as error:
        str(error).encode()
