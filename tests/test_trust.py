"""What may be unpickled here: whose file it is, and whether this environment is like the one it was made in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest

import jupyter_modelstore as jms
from jupyter_modelstore import trust
from jupyter_modelstore.errors import (
    CannotLoad,
    EnvironmentDiffers,
    InvalidValue,
    MissingDistribution,
    NotTrusted,
)
from jupyter_modelstore.registry import EnvironmentWarning

pytest_plugins = ("doors_fixtures",)

SKLEARN = metadata.version("scikit-learn")


@pytest.fixture
def others(tmp_path, clf):
    """A store of somebody else's, seen by this user; the record of what lies in it."""
    place = f"local:{tmp_path}/shared"
    record = jms.connect(place, home=tmp_path / "ada").save(clf, "churn")
    return jms.connect(place), record


def environment(record, **changes):
    return json.dumps(dict(record.environment) | changes)


# ---- whose file ------------------------------------------------------------------------------------------------------


def test_own_models_load_silently(store, clf):
    store.save(clf, "churn")
    assert store.load("churn").coef_ == pytest.approx(clf.coef_)


def test_somebody_elses_model_is_refused_with_the_line_to_type(others):
    store, record = others
    with pytest.raises(NotTrusted, match="somebody else") as caught:
        store.load("churn")
    assert f"%load_model churn:1 --trust sha256:{record.sha256}" in caught.value.hint
    assert "code" in caught.value.message


def test_trust_is_given_once_and_remembered_for_this_user_and_hash(others, tmp_path, fit):
    store, record = others
    store.load("churn", trust=f"sha256:{record.sha256}")
    store.load("churn")
    store.load("churn", trust=f"sha256:{record.sha256}")
    assert len(Path(jms.connect().location, "trusted.jsonl").read_text().split()) == 6  # one entry of three members
    jms.connect(store.location.join(["local:", ""])).load("churn")
    with pytest.raises(NotTrusted):
        jms.connect(f"local:{store.location}", home=tmp_path / "eve").load("churn")
    jms.connect(f"local:{store.location}", home=tmp_path / "ada").save(fit(7), "churn")
    with pytest.raises(NotTrusted):
        store.load("churn:2")


@pytest.mark.parametrize("given", ["yes", "", "sha256:", "sha256:xyz", "sha256:" + "0" * 63, "md5:" + "0" * 64])
def test_what_is_no_sha256_trusts_nothing(others, given):
    store, _ = others
    with pytest.raises(InvalidValue, match="no sha256"):
        store.load("churn", trust=given)


def test_the_hash_of_another_file_trusts_nothing(others):
    store, record = others
    with pytest.raises(InvalidValue, match="but this file is") as caught:
        store.load("churn", trust="sha256:" + "0" * 64)
    assert record.sha256[:12] in caught.value.message
    with pytest.raises(NotTrusted):
        store.load("churn")


def test_the_hash_may_be_written_in_capitals_or_without_its_word(others):
    store, record = others
    store.load("churn", trust=f"SHA256:{record.sha256.upper()}")
    store.load("churn", trust=record.sha256)


def test_a_record_that_lies_about_its_owner_is_refused(others, poke):
    store, _ = others
    poke(store, "UPDATE models SET user_id = ?", "00000000-0000-0000-0000-000000000000")
    with pytest.raises(NotTrusted):
        store.load("churn")
    poke(store, "UPDATE models SET origin = 'import', user_id = ?", jms.connect()._backend.user_id)
    with pytest.raises(NotTrusted):
        store.load("churn")


def test_a_record_that_claims_to_be_ones_own_proves_nothing(tmp_path, clf, poke):
    """Who had the directory for a while can write a row and a file; not what stands in the user's own home."""
    place = f"local:{tmp_path}/lent"
    record = jms.connect(place, home=tmp_path / "ada").save(clf, "churn")
    mine = jms.connect(place)
    mine.save({"mine": clf}, "own")
    poke(mine, "UPDATE models SET user_id = ? WHERE id = ?", mine.get("own").user_id, record.id)
    assert mine.load("own")
    with pytest.raises(NotTrusted):
        mine.load("churn")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_list_of_trusted_files_that_others_can_write_trusts_nothing(store, clf, tmp_path):
    store.save(clf, "churn")
    listed = Path(store.location) / "trusted.jsonl"
    listed.chmod(0o666)
    with pytest.raises(NotTrusted):
        store.load("churn")
    listed.chmod(0o600)
    assert store.load("churn")


def test_a_wrong_hash_is_refused_for_ones_own_models_too(store, clf):
    store.save(clf, "churn")
    with pytest.raises(InvalidValue):
        store.load("churn", trust="sha256:" + "0" * 64)


def test_the_line_to_type_holds_no_name_that_breaks_the_rule(others, poke):
    store, record = others
    poke(store, "UPDATE models SET model_name = ?", "churn {print(1)}\n!rm")
    with pytest.raises(NotTrusted) as caught:
        store.load("churn")
    assert caught.value.hint.endswith(f"%load_model id:{record.id[:8]} --trust sha256:{record.sha256}")


def test_lines_that_cannot_be_read_trust_nothing(others):
    store, record = others
    home = Path(jms.connect().location)
    (home / "trusted.jsonl").write_bytes(
        b"\xff\xfe\n"
        + record.sha256.encode()
        + b"\n"
        + json.dumps([record.sha256]).encode()
        + b"\n"
        + json.dumps({"sha256": record.sha256}).encode()
        + b"\n"
        + json.dumps({"sha256": record.sha256, "user_id": "somebody"}).encode()
        + b'\n{"half'
    )
    with pytest.raises(NotTrusted):
        store.load("churn")


def test_a_word_given_after_a_torn_line_counts(others):
    store, record = others
    (Path(jms.connect().location) / "trusted.jsonl").write_text('{"half')
    store.load("churn", trust=record.sha256)
    store.load("churn")


def test_words_given_at_once_are_all_kept(others, fit, tmp_path):
    store, _ = others
    ada = jms.connect(f"local:{store.location}", home=tmp_path / "ada")
    records = [ada.save(fit(slope), "many") for slope in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda record: store.load(record.ref, trust=record.sha256), records))
    for record in records:
        store.load(record.ref)


# ---- the environment -------------------------------------------------------------------------------------------------


def test_the_environment_names_what_the_classes_come_from(store, clf):
    found = store.save(clf, "churn").environment
    assert set(found["distributions"]) == {"scikit-learn", "numpy"}
    assert found["modules"]["sklearn"] == "scikit-learn"
    assert found["python"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert "by_value" not in found


def test_a_missing_distribution_is_refused_with_the_pip_line(store, clf, poke):
    record = store.save(clf, "churn")
    poke(
        store,
        "UPDATE models SET environment = ?",
        environment(
            record, distributions={"scikit-learn": SKLEARN, "no-such-thing": "2.0"}, modules={"no_such_thing": "no-such-thing"}
        ),
    )
    with pytest.raises(MissingDistribution, match=r"no-such-thing==2\.0") as caught:
        store.load("churn")
    assert f"pip install scikit-learn=={SKLEARN} no-such-thing==2.0" in caught.value.hint


def test_another_version_warns_once_in_one_line(store, clf, poke):
    record = store.save(clf, "churn")
    poke(
        store,
        "UPDATE models SET environment = ?",
        environment(record, distributions={"scikit-learn": "1.4.0", "numpy": "1.26.4"}),
    )
    with pytest.warns(EnvironmentWarning) as caught:
        store.load("churn")
    (only,) = caught
    assert "churn:1: Saved under scikit-learn 1.4.0" in str(only.message)
    assert "pip install scikit-learn==1.4.0 numpy==1.26.4" in str(only.message)
    assert "\n" not in str(only.message)
    assert only.filename == __file__


def test_scikit_learns_own_warning_is_folded_into_ours(store, clf, monkeypatch):
    import sklearn.base

    with monkeypatch.context() as other:
        other.setattr(sklearn.base, "__version__", "1.4.0")  # what a pickle of that version holds
        store.save(clf, "churn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.load("churn")


def test_in_a_notebook_the_warning_is_one_line_below_the_load(notebook, clf, jms_store, poke):
    record = jms_store.save(clf, "churn")
    poke(jms_store, "UPDATE models SET environment = ?", environment(record, distributions={"scikit-learn": "1.4.0"}))
    cell = notebook.run("best = %load_model churn")
    first, second = cell.text.splitlines()
    assert first.startswith("Loaded churn:1")
    assert "Saved under scikit-learn 1.4.0" in second
    assert "EnvironmentDiffers" in type(notebook.refused("%load_model churn --strict", EnvironmentDiffers)).__name__


def test_strict_refuses_other_versions_and_takes_the_same(store, clf, poke):
    record = store.save(clf, "churn")
    store.load("churn", strict=True)
    poke(store, "UPDATE models SET environment = ?", environment(record, distributions={"scikit-learn": "1.4.0"}))
    with pytest.raises(EnvironmentDiffers, match="strict"):
        store.load("churn", strict=True)
    poke(store, "UPDATE models SET environment = ?", environment(record, python="3.9.1"))
    with pytest.raises(EnvironmentDiffers, match=r"Python 3\.9"):
        store.load("churn", strict=True)
    store.load("churn")


def test_code_of_a_notebook_runs_on_its_own_python_only(notebook, jms_store, poke, tmp_path):
    notebook.run(
        "class Mine:\n    def fit(self, X, y=None):\n        self.seen_ = 1\n        return self\n"
        "    def predict(self, X):\n        return X\nclf = Mine().fit(1)"
    )
    cell = notebook.run('%save_model clf "churn"')
    assert "holds code of this notebook" in cell.text
    record = jms_store.get("churn")
    assert record.holds_code == ("__main__",)
    poke(jms_store, "UPDATE models SET environment = ?", environment(record, python="3.9.1"))
    error = notebook.refused("%load_model churn", EnvironmentDiffers)
    assert "3.9" in error.message
    assert "Python 3.9" in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{broken",
        "null",
        '"x"',
        "{}",
        '{"distributions": 3, "modules": [], "python": 4, "by_value": {}}',
        '{"distributions": {"a; rm -rf /": "1", "b": 2}, "python": ""}',
    ],
)
def test_an_environment_that_makes_no_sense_counts_as_unknown(store, clf, poke, text):
    store.save(clf, "churn")
    poke(store, "UPDATE models SET environment = ?", text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.load("churn")


def test_a_line_to_type_never_holds_what_a_record_smuggles_in():
    verdict = trust.compare({"distributions": {"evil; rm -rf ~": "1", "no-such-thing": "1 && rm", "nothing": "1"}})
    assert verdict.missing == ("nothing==1",)
    assert verdict.install_line == "pip install nothing==1"


def test_a_module_that_has_no_name_or_another_distributions_name_is_found_out():
    assert trust.describe({"dateutil.parser"})["modules"] == {"dateutil": "python-dateutil"}
    assert trust.describe({"json", "no_such_module"})["modules"] == {}
    assert trust.compare({"distributions": {"x": "1"}, "modules": {"": "x"}}).missing == ("x==1",)
    assert trust.compare({"distributions": {"x": "1"}, "modules": {"json": "x"}}).missing == ()


def test_xgboost_by_another_distributions_name_counts_as_there():
    verdict = trust.compare({"distributions": {"scikit-learn-fork": SKLEARN}, "modules": {"sklearn": "scikit-learn-fork"}})
    assert verdict.missing == verdict.different == ()


def test_comparing_imports_nothing():
    code = (
        "import sys\nfrom jupyter_modelstore import trust\n"
        "verdict = trust.compare({'distributions': {'scikit-learn': '0.1', 'pandas': '0.1', 'nope': '1'}})\n"
        "print(sorted({'sklearn', 'pandas', 'numpy'} & set(sys.modules)), len(verdict.different), verdict.missing)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[] 2 ('nope==1',)"


def test_the_right_file_that_cannot_be_rebuilt_is_told_with_the_versions(store, clf, poke, stored_file):
    """What a class that is gone looks like."""
    import hashlib

    record = store.save(clf, "churn")
    data = b"cno_such_module\nThing\n."
    path = stored_file(store, record)
    path.chmod(0o600)
    path.write_bytes(data)
    poke(
        store,
        "UPDATE models SET sha256 = ?, model_file_size = ?, environment = ?",
        hashlib.sha256(data).hexdigest(),
        len(data),
        environment(record, distributions={"scikit-learn": "1.4.0"}),
    )
    with pytest.raises(CannotLoad, match="churn:1 cannot be rebuilt here") as caught:
        store.load("churn", trust=f"sha256:{hashlib.sha256(data).hexdigest()}")
    assert "Saved under scikit-learn 1.4.0" in caught.value.hint
    assert "no_such_module" in str(caught.value)
