"""Every test has a home of its own, and no setting from outside reaches it."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a machine has other work too
settings.load_profile("busy")
pytest.register_assert_rewrite("conformance", "supabase_fixtures")


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Started in the background of a shell, where Ctrl-C is ignored; the processes that tests interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """Leave out the soak unless it is asked for with ``-m soak``; run what is slow first: two workers then end together."""
    if "soak" not in (config.getoption("-m") or ""):
        soak = [item for item in items if item.get_closest_marker("soak")]
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=soak)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_terminal_summary(terminalreporter):
    """Add up what tests of access recorded: how much was tried, and what came of it."""
    passed = terminalreporter.stats.get("passed", [])
    figures: dict[str, int] = {}
    for name, value in (figure for report in passed for figure in report.user_properties):
        if isinstance(value, int):
            figures[name] = figures.get(name, 0) + value
    if figures:
        terminalreporter.write_line("access: " + ", ".join(f"{value:,} {name}" for name, value in figures.items()))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path_factory):
    """Point every directory of the user's to an empty one, which is not ``tmp_path``."""
    for name in list(os.environ):
        if name.startswith(("MODELSTORE_", "SUPABASE_", "JUPYTER_", "IPYTHON")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "jupyter"))
    monkeypatch.setenv("MODELSTORE_HOME", str(home / "modelstore"))


@pytest.fixture
def store(tmp_path):
    """An empty store on this machine."""
    import jupyter_modelstore as jms

    return jms.connect(home=tmp_path / "store")


@pytest.fixture(scope="session")
def pipeline():
    """A small fitted pipeline that knows its feature names."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 3))
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(rows, rows[:, 0] + rows[:, 1] > 0)
