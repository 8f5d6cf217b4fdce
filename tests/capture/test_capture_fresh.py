"""Which fit is worth an offer: after real cells in a real shell."""

from __future__ import annotations

import pytest

from jupyter_modelstore import _watching
from jupyter_modelstore.capture import fresh

pytest_plugins = ("doors_fixtures",)


@pytest.fixture
def after(notebook):
    """Run a cell; return the variables that are worth an offer after it."""
    notebook.run(
        "from sklearn.linear_model import LogisticRegression\nfrom sklearn.preprocessing import StandardScaler\n"
        "from sklearn.model_selection import GridSearchCV, cross_val_score\nimport time\n"
        "X, y = [[0.0], [1.0], [2.0], [3.0]] * 5, [0, 0, 1, 1] * 5"
    )

    def run(code, seconds=3.0, ok=True):
        watch = _watching.of(notebook.shell).watch
        since = watch.runs
        notebook.run(code, ok=ok)
        return [one.variable for one in fresh(watch, notebook.shell.user_ns, since=since, seconds=seconds)]

    return run


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        ("clf = LogisticRegression().fit(X, y)", []),
        ("clf = LogisticRegression()", []),
        ("clf = LogisticRegression().fit(X, y)\nr = clf.score(X, y)", ["clf"]),
        ("clf = LogisticRegression().fit(X, y)\nclf.score(X, y)", ["clf"]),
        ("a = LogisticRegression().fit(X, y)\nb = LogisticRegression().fit(X, y)\nr = a.score(X, y)", ["a"]),
        ("_clf = LogisticRegression().fit(X, y)\nr = _clf.score(X, y)", []),
        ("LogisticRegression().fit(X, y).score(X, y)", []),
        ("r = cross_val_score(LogisticRegression(), X, y)", []),
        ("clf = LogisticRegression().fit(X, y)\nr = clf.score(X, y)\n%save_model clf churn", []),
        ("clf = LogisticRegression().fit(X, y)\nr = clf.score(X, y)\ndel clf", []),
        ("search = GridSearchCV(LogisticRegression(), {'C': [1, 2]}, cv=2).fit(X, y)\nr = search.score(X, y)", ["search"]),
    ],
)
def test_a_fit_that_was_scored_and_has_a_name_is_worth_an_offer(after, code, variables):
    assert after(code) == variables


def test_a_fit_that_took_long_is_worth_an_offer(after):
    assert after("time.sleep(0.05)\nclf = LogisticRegression().fit(X, y)", seconds=0.04) == ["clf"]
    assert after("x = 1", seconds=0.04) == []
    assert after("r = clf.score(X, y)", seconds=0.04) == ["clf"]


def test_a_scaler_on_the_way_to_a_model_is_not_the_point(after):
    assert after("scaler = StandardScaler().fit(X)\nZ = scaler.transform(X)\ntime.sleep(0.05)", seconds=0.04) == ["scaler"]
    assert after("scaler2 = StandardScaler().fit(X)\nclf = LogisticRegression().fit(Z, y)\nr = clf.score(Z, y)") == ["clf"]


def test_what_was_loaded_is_not_offered(after):
    after("clf = LogisticRegression().fit(X, y)\n%save_model clf churn")
    assert after("best = %load_model churn") == []
    assert after("r = best.score(X, y)") == []
    assert after("best.fit(X, y)\nr = best.score(X, y)") == ["best"]


def test_one_fit_has_one_number(after, notebook):
    after("clf = LogisticRegression().fit(X, y)\nr = clf.score(X, y)")
    watch = _watching.of(notebook.shell).watch
    first, again = (fresh(watch, notebook.shell.user_ns, since=0, seconds=3)[0].fit for _ in range(2))
    assert first == again
    after("clf.fit(X, y)\nr = clf.score(X, y)")
    assert fresh(watch, notebook.shell.user_ns, since=0, seconds=3)[0].fit != first
