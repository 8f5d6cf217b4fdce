"""The main path in real kernels, as Jupyter runs them: save in one, load in the next."""

from __future__ import annotations

import os
import re
from pathlib import Path
from queue import Empty

import pytest

pytest_plugins = ("kernel_fixtures",)


OPTIONS = ("--description", "--tag", "--metric", "--alias", "--dialog", "--file", "--wait", "--force")
FIT = (
    "from sklearn.linear_model import LogisticRegression\nX, y = [[0.0], [1.0], [2.0]], [0, 0, 1]\n"
    "clf = LogisticRegression(C=10).fit(X, y)"
)


@pytest.mark.slow
def test_a_model_saved_in_one_kernel_is_loaded_in_the_next(kernel):
    first = kernel()
    first.ok("%load_ext jupyter_modelstore")
    first.ok(FIT)
    said = first.ok('%save_model clf "churn" -t telecom -m acc=0.9 -d "it\'s the first" # kept')
    assert "Saved churn:1 · LogisticRegression" in said
    assert "<code>%load_model churn</code>" in first.html
    first.ok(
        "class Mine(LogisticRegression):\n    def predict(self, X):\n        return ['mine'] * len(X)\nmine = Mine().fit(X, y)"
    )
    assert "holds code of this notebook" in first.ok('%save_model mine "with code"')
    expected = first.ok("print(clf.predict_proba(X).tolist())")
    first.stop()

    second = kernel()
    second.ok("%load_ext jupyter_modelstore")
    assert "Loaded churn:1" in second.ok("best = %load_model churn")
    assert second.ok("print(best.predict_proba([[0.0], [1.0], [2.0]]).tolist())") == expected
    second.ok('mine = %load_model "with code"')
    assert "['mine', 'mine']" in second.ok("print(mine.predict([[0.0], [1.0]]))")
    _, error = second.run("%load_model chrun")
    assert error == ["There is no model 'chrun'.", "Did you mean churn? [modelstore:not_found]"]
    _, error = second.run("%load_model churn:9")
    assert "has version 1" in error[0]


@pytest.mark.slow
def test_questions_tab_help_and_functions_in_a_kernel(kernel):
    one = kernel()
    one.ok("%load_ext jupyter_modelstore")
    one.ok(FIT)
    one.ok('def keep(model, name):\n    inner = model\n    %save_model inner {name} -t telecom\nkeep(clf, "churn")')
    one.ok('other = LogisticRegression(C=1).fit(X, y)\n%save_model other churn -a champion\n%save_model other "my model"')
    assert "%load_model churn" in one.tab("%load_model ch")
    assert "best = %load_model churn@champion" in one.tab("best = %load_model churn@")
    assert {"%load_model churn:1", "%load_model churn:2"} <= set(one.tab("%load_model churn:"))
    assert '%load_model "my model"' in one.tab("%load_model ")
    assert '%load_model "my model"' in one.tab('%load_model "my m')
    assert "%models -t telecom" in one.tab("%models -t te")
    assert "%save_model clf" in one.tab("%save_model c")
    assert "%modelstore autoload" in one.tab("%modelstore auto")
    assert "%save_model" in one.tab("%save_mo")
    text = re.sub(r"\x1b\[[0-9;]*m", "", one.help("%save_model"))
    assert "-t TAG, --tag TAG" in text
    assert '%save_model clf "churn"' in text
    _, error = one.run("%delete_model churn")
    assert "Move all 2 versions of churn" in error[0]
    assert error[1].startswith("To do it: %delete_model --yes churn")
    one.ok("%delete_model --yes --force churn\n%restore_model churn")
    assert "churn:2" in one.ok("%models")
    one.ok("%modelstore config debug=True")
    _, error = one.run("%load_model nothing")
    assert any("Traceback" in line for line in error)


def put(kernel):
    """Save two versions of a model, one of them with an alias, and a model whose name holds a space."""
    kernel.ok("%load_ext jupyter_modelstore")
    kernel.ok(FIT)
    kernel.ok("other = LogisticRegression(C=1).fit(X, y)")
    kernel.ok("%save_model clf churn -t telecom\n%save_model other churn -a champion\n%save_model other 'my model' -a best")


@pytest.mark.slow
def test_tab_in_a_kernel_offers_only_what_may_stand_there(kernel):
    one = kernel()
    put(one)
    for typed, offered in (
        ("%load_model ", ["%load_model churn", '%load_model "my model"']),
        ("%load_model churn:", ["%load_model churn:2", "%load_model churn:1"]),
        ("best = %load_model churn:", ["best = %load_model churn:2", "best = %load_model churn:1"]),
        ("x = 1\nbest = %load_model churn@", ["x = 1\nbest = %load_model churn@champion"]),
        ("%load_model my", ['%load_model "my model"']),
        ('%load_model "my model@', ['%load_model "my model@best"']),
        (
            "%save_model clf n2 --",
            [f"%save_model clf n2 {name}" for name in OPTIONS],
        ),
        ("%models --type c", ["%models --type classification", "%models --type clustering"]),
        ("%models --sort=-s", ["%models --sort=-size"]),
        ("%models --algorithm ", ["%models --algorithm LogisticRegression"]),
        ("%models -t ", ["%models -t telecom"]),
        ("%modelstore autoload ", ["%modelstore autoload on", "%modelstore autoload off"]),
    ):
        assert one.tab(typed) == offered
    assert one.tab("%save_model ")[:2] == ["%save_model clf", "%save_model other"]
    assert one.tab("%save_model cl")[0] == "%save_model clf"
    Path("exports").mkdir()
    assert "%download_model churn exports/" in one.tab("%download_model churn exp")
    one.ok("%reload_ext jupyter_modelstore")
    assert len(one.tab("%load_model churn:")) == len(("churn:1", "churn:2"))
    one.ok("%unload_ext jupyter_modelstore")
    assert "%load_model churn" not in one.tab("%load_model ")


@pytest.mark.slow
def test_loading_the_extension_brings_in_no_third_party_module(kernel):
    one = kernel()
    one.ok("import sys\nbefore = set(sys.modules)")
    one.ok("%load_ext jupyter_modelstore")
    new = one.ok(
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)"
        " - {name.partition('.')[0] for name in before}))"
    )
    assert new.split() == ["jupyter_modelstore"]
    assert one.ok("print('jupyter_modelstore.registry' in sys.modules)").split() == ["False"]


@pytest.mark.slow
def test_autoload_gives_the_magics_to_every_new_kernel(kernel):
    first = kernel()
    first.ok("%load_ext jupyter_modelstore")
    first.ok("%modelstore autoload on")
    first.stop()
    second = kernel()
    assert "Models" in second.ok("%models")
    second.ok("%load_ext jupyter_modelstore\n%reload_ext jupyter_modelstore\n%models")
    second.ok("%modelstore autoload off")
    second.stop()
    _, error = kernel().run("%models")
    assert "not found" in error[0]


@pytest.mark.slow
def test_an_interrupt_in_a_long_save_leaves_nothing(kernel, tmp_path):
    one = kernel()
    one.ok("%load_ext jupyter_modelstore")
    one.ok(FIT)
    one.ok(
        "import time, pathlib\nclass Slow:\n    def __reduce__(self):\n        pathlib.Path('dumping').touch()\n"
        "        time.sleep(60)\n        return (int, ())\nclf.extra_ = Slow()"
    )
    message = one.client.execute('%save_model clf "churn"')
    while not (tmp_path / "dumping").exists():
        try:
            one.client.get_iopub_msg(timeout=0.05)
        except Empty:
            continue
    one.manager.interrupt_kernel()
    while True:
        reply = one.client.get_shell_msg(timeout=one.patience)
        if reply["parent_header"].get("msg_id") == message:
            break
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    files = Path(os.environ["MODELSTORE_HOME"]) / "files"
    assert list(files.iterdir()) == []
    assert "no model" in one.ok("%models").lower() or "0 models" in one.ok("%models")
    one.ok("del clf.extra_")
    assert "Saved churn:1" in one.ok('%save_model clf "churn"')
