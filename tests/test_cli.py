"""The command line: run as a user runs it, and in this process where that says the same."""

from __future__ import annotations

import io
import json
import os
import pickle
import pty
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import jupyter_modelstore as jms
from jupyter_modelstore import cli, doctor
from jupyter_modelstore.verbs import VERBS

pytest_plugins = ("doors_fixtures",)

SCRIPTS = Path(sys.executable).parent


def run(*words, timeout=120, **options):
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "jupyter_modelstore.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=timeout, check=False, **options)


@pytest.fixture
def cmd(capsys):
    """Runs the command in this process; returns exit code, standard output and standard error."""

    def call(*words):
        code = cli.main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def three(jms_store, fit):
    """Three versions of ``churn`` in the user's store."""
    for slope in (1, 2, 3):
        jms_store.save(fit(slope), "churn", metrics={"auc": slope / 10}, tags="telecom")
    return jms_store


# ---- as a process ----------------------------------------------------------------------------------------------------


def test_the_whole_way_of_a_file(tmp_path, clf):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(clf))
    done = run("save", "model.pkl", "churn", "-t", "telecom", "-m", "auc=0.9", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Saved churn:1" in done.stdout
    assert json.loads(run("ls", "--json").stdout)["records"][0]["model_name"] == "churn"
    assert "churn.pkl" in run("download", "churn", str(tmp_path)).stdout
    refused = run("load", "churn")
    assert refused.returncode == 1
    sha256 = json.loads(run("show", "churn", "--json").stdout)["sha256"]
    assert f"jupyter modelstore load churn:1 --trust sha256:{sha256}" in refused.stderr
    assert run("load", "churn", "--trust", f"sha256:{sha256}").returncode == 0
    assert run("rm", "churn").returncode == 0
    assert run("show", "churn").returncode == 1


@pytest.mark.parametrize("command", [["jupyter-modelstore"], ["jupyter", "modelstore"]])
def test_the_installed_commands_answer(command):
    program = shutil.which(command[0], path=str(SCRIPTS))
    if program is None:
        pytest.skip(f"{command[0]} is not installed beside this Python")
    env = os.environ | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([program, *command[1:], "status"], capture_output=True, text=True, timeout=120, check=True, env=env)
    assert "on this machine" in done.stdout
    assert os.environ["MODELSTORE_HOME"] in done.stdout


@pytest.mark.parametrize("words", [("--sort", "-metrics.auc"), ("--sort=-metrics.auc",)])
def test_a_value_may_begin_with_a_hyphen(three, cmd, words):
    _, out, _ = cmd("list", "--all", *words, "--json")
    assert [record["version"] for record in json.loads(out)["records"]] == [3, 2, 1]
    _, out, _ = cmd("edit", "churn", "-d", "-5 degrees", "--json")
    assert json.loads(out)["description"] == "-5 degrees"


def test_nothing_is_deleted_where_nobody_can_answer(three):
    done = run("delete", "churn", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (1, "")
    assert "all 3 versions of churn" in done.stderr
    assert "--yes" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert len(three.versions("churn")) == 3
    assert run("delete", "churn", "--yes").returncode == 0
    assert len(three.list()) == 0


@pytest.mark.parametrize(("typed", "code", "left"), [(b"y\n", 0, 0), (b"n\n", 1, 3), (b"\x04", 1, 3)])
def test_at_a_terminal_the_answer_decides(three, typed, code, left):
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "jupyter_modelstore.cli", "delete", "churn", "--json"]
    process = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.write(master, typed)
    out, err = process.communicate(timeout=120)
    os.close(terminal)
    os.close(master)
    assert process.returncode == code, err
    assert "all 3 versions of churn" in err
    json.loads(out)  # the question is not in it
    assert len(three.list(all_versions=True)) == left


def test_a_reader_that_has_seen_enough_is_no_error(three, fit):
    for number in range(40):
        three.save(fit(number), f"model {number}", description="x" * 5000)
    command = f"{sys.executable} -m jupyter_modelstore.cli ls --json | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) == 10


@pytest.mark.parametrize(
    "settings",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "latin-1"}],
)
def test_a_terminal_that_knows_few_characters_is_no_error(jms_store, clf, settings):
    jms_store.save(clf, "ग्राहक", description="naïve 🚀", tags="é")
    env = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHONUTF8"))} | settings
    command = [sys.executable, "-m", "jupyter_modelstore.cli"]
    for words in (["ls"], ["ls", "--json"], ["show", "none ग्रा"]):
        done = subprocess.run([*command, *words], capture_output=True, timeout=120, check=False, env=env)
        assert b"Traceback" not in done.stderr
        assert done.returncode == (0 if words[0] == "ls" else 1)


def test_an_interrupt_ends_in_one_line(monkeypatch, cmd, three):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "connect", interrupt)
    assert cmd("ls") == (1, "", "Interrupted.\n")


# ---- in this process -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("list",), ("ls", "telecom", "-t", "telecom", "--all"), ("show", "churn"), ("versions", "churn"),
        ("compare", "churn:1", "churn:2"), ("stats",), ("facets",), ("load", "churn"), ("edit", "churn", "-d", "x"),
        ("alias", "churn:1", "best", "--why", "so"), ("alias", "churn"), ("rename", "churn", "other"), ("delete", "churn:1"),
        ("prune", "churn", "--keep", "1", "--yes"), ("prune", "churn", "--dry-run"), ("status",), ("doctor", "--full"),
        ("empty-trash", "--yes"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_verb_answers_as_text_and_as_json(three, cmd, words):
    code, out, err = cmd(*words, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) is not None
    code, out, err = cmd("status")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help(name, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert f"jupyter modelstore {name}" in said
    assert "--json" in said


def test_text_is_what_the_cards_say(three, cmd):
    assert "churn:3" in cmd("ls")[1]
    assert "auc" in cmd("show", "churn")[1]
    assert "churn@best is now churn:1" in cmd("alias", "churn:1", "best")[1]
    assert "Deleted churn:3" in cmd("rm", "churn:3")[1]
    assert "Restored churn:3" in cmd("restore", "churn:3")[1]
    cmd("rm", "churn:3")
    assert "freed" in cmd("purge", "churn:3", "--yes")[1]


def test_json_has_the_records_members(three, cmd):
    record = json.loads(cmd("show", "churn:2", "--json")[1])
    assert record["model_name"] == "churn"
    assert record["version"] == 2
    assert record["metrics"] == {"auc": 0.2}
    assert record["sha256"] == three.get("churn:2").sha256
    page = json.loads(cmd("ls", "--json", "--limit", "1")[1])
    assert (page["total"], page["limit"], len(page["records"])) == (1, 1, 1)
    status = json.loads(cmd("status", "--json")[1])
    assert (status["models"], status["versions"], status["version"]) == (1, 3, jms.__version__)
    assert json.loads(cmd("rm", "churn:1", "--json")[1])["records"][0]["version"] == 1


def test_a_refusal_is_one_line_and_json_where_it_is_asked_for(three, cmd):
    code, out, err = cmd("show", "chrun")
    assert (code, out) == (1, "")
    assert err == "There is no model 'chrun'. Did you mean churn? [modelstore:not_found]\n"
    code, out, err = cmd("show", "chrun", "--json")
    assert code == 1
    assert json.loads(out) == {"code": "not_found", "message": "There is no model 'chrun'.", "hint": "Did you mean churn?"}
    assert len(err.splitlines()) == 1


def test_hints_name_commands_and_no_magics(three, cmd):
    cmd("rm", "churn:1")
    assert "jupyter modelstore restore churn:1" in cmd("load", "churn:1")[2]
    assert "jupyter modelstore list" in cmd("show", "id:00000000")[2]
    assert "jupyter modelstore versions churn" in cmd("show", "churn:9")[2]
    assert "%" not in cmd("alias", "churn", "best", "--rollback")[2]


def test_a_warning_of_ours_is_one_line_and_any_other_stays_as_it_is(capsys):
    def warn():
        with cli._plain_warnings():
            warnings.warn("Damaged.\n%modelstore doctor \x1b tells more.", jms.NotArrivedWarning, stacklevel=1)
            warnings.warn("of somebody else", UserWarning, stacklevel=1)

    with pytest.warns(UserWarning, match="^of somebody else$") as others:
        warn()
    assert capsys.readouterr().err == "Damaged. jupyter modelstore doctor \\u001b tells more.\n"
    assert len(others) == 1


def test_answers_name_commands_and_no_magics(jms_store, cmd, tmp_path, clf):
    assert 'jupyter modelstore save FILE "name"' in cmd("ls")[1]
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(clf))
    said = [cmd("save", str(tmp_path / "model.pkl"), "churn", "-a", "best")[1]]
    line = f"jupyter modelstore load churn --trust sha256:{jms_store.get('churn').sha256}"
    assert line in said[0]
    assert "undo jupyter modelstore delete churn:1 --force" in " ".join(said[0].split())
    assert cmd(*line.split()[2:])[0] == 0
    each = (("show", "churn"), ("ls", "none"), ("ls", "--offset", "3"), ("rm", "churn", "--force"), ("stats",), ("ls",))
    said += [cmd(*words)[1] for words in each]
    said += [cmd("restore", "churn:1")[1], cmd("alias", "churn:1", "best")[1], cmd("rename", "churn", "other")[1]]
    assert "jupyter modelstore restore churn:1" in said[4]
    assert "jupyter modelstore empty-trash" in said[5]
    assert "%" not in "".join(said)


def test_all_commands_are_described_alike(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    lines = capsys.readouterr().out.partition("  VERB\n")[2]
    said = re.findall(r"^    [a-z-]+(?: \(\w+\))?\s+(\S)", lines, re.MULTILINE)
    assert len(said) == len(VERBS) + 4
    assert [letter for letter in said if not letter.isupper()] == []
    with pytest.raises(SystemExit):
        cli.main(["init", "--help"])
    assert "`" not in capsys.readouterr().out


def test_the_bare_command_prints_its_help(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 0
    assert "Keep fitted models" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("show",),
        ("show", "a", "b"),
        ("ls", "--limit", "x"),
        ("edit", "churn"),
        ("alias", "churn", "--remove"),
    ],
)
def test_wrong_usage_is_exit_code_two(three, cmd, words):
    code, out, err = cmd(*words)
    assert (code, out) == (2, "")
    assert err.endswith("[modelstore:usage]\n")
    assert len(err.splitlines()) == 1
    code, out, _ = cmd(*words, "--json")
    assert code == 2
    assert json.loads(out)["code"] == "usage"


@pytest.mark.parametrize(
    "words",
    [
        ("ls", "-m", "auc"),
        ("edit", "churn", "-m", "x=y"),
        ("rename", "churn", "<b>"),
        ("prune", "churn", "--keep", "0", "--yes"),
        ("download", "churn", "/nowhere/at/all"),
        ("ls", "--store", "ftp:x"),
        ("save", "/nowhere.pkl", "x"),
    ],
)
def test_what_is_refused_is_exit_code_one(three, cmd, words):
    code, out, err = cmd(*words)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1


def test_the_doctor_answers_by_its_exit_code(three, cmd, stored_file):
    assert cmd("doctor")[0] == 0
    stored_file(three, three.get("churn")).unlink()
    code, out, _ = cmd("doctor", "--json")
    assert code == 1
    assert any(not finding["ok"] for finding in json.loads(out))


def test_the_doctor_finds_and_repairs_a_damaged_database(three, cmd):
    database = Path(three.location) / "store.sqlite3"
    database.write_bytes(b"not a database at all" * 1000)
    code, out, _ = cmd("doctor")
    assert code == 1
    assert "PROBLEM" in out
    code, out, err = cmd("doctor", "--repair", "--json")
    assert (code, err) == (0, ""), out
    assert len(list((Path(three.location) / "files").iterdir())) == 3


def test_the_doctor_answers_where_there_is_no_store_yet_and_names_what_is_missing(cmd, monkeypatch, tmp_path):
    assert cmd("doctor", "--store", f"local:{tmp_path}/a/b/c")[0] == 0
    monkeypatch.setattr(doctor, "_NAMED", ("numpy", "no-such-package"))
    code, out, _ = cmd("doctor")
    assert code == 1
    assert "pip install no-such-package" in out


def test_another_store_and_home_can_be_named(tmp_path, clf, cmd):
    jms.connect(f"local:{tmp_path}/shared", home=tmp_path / "ada").save(clf, "churn")
    assert json.loads(cmd("ls", "--json", "--store", f"local:{tmp_path}/shared")[1])["total"] == 1
    assert cmd("load", "churn", "--store", f"local:{tmp_path}/shared", "--home", str(tmp_path / "ada"))[0] == 0
    assert cmd("load", "churn", "--store", f"local:{tmp_path}/shared")[0] == 1


def test_what_a_record_holds_cannot_command_the_terminal(three, cmd, poke):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\nevil\x00\u2066<b>"
    poke(
        three,
        "UPDATE models SET model_name = ?, algorithm = ?, description = ?, tags = ?, metrics = ?, environment = ?",
        evil,
        evil,
        evil,
        json.dumps([evil]),
        json.dumps({evil: 1}),
        json.dumps({"distributions": {evil: evil}, "python": evil}),
    )
    for words in (
        ("ls",),
        ("ls", "--all"),
        ("show", "churn:1"),
        ("versions", "churn"),
        ("compare", "churn:1", "churn:2"),
        ("load", "churn:1"),
        ("facets",),
        ("alias", "churn:1", "x"),
        ("rm", "churn:3"),
        ("show", "churn:9"),
        ("load", "churn:3"),
    ):
        for more in ((), ("--json",)):
            _, out, err = cmd(*words, *more)
            for bad in "\x1b\x07\x9b\u202e\u2066\x00\r":
                assert bad not in out + err, (words, more, bad)
            if more:
                json.loads(out)


def test_text_of_other_scripts_stays_readable(jms_store, clf, cmd):
    jms_store.save(clf, "ग्राहक मंथन", description="👩\u200d🚀 naïve")
    out = cmd("ls", "--json")[1]
    assert "ग्राहक मंथन" in out
    assert "👩\u200d🚀 naïve" in out
    assert json.loads(out)["records"][0]["description"] == "👩\u200d🚀 naïve"


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.strip() == jms.__version__


def test_a_question_needs_a_terminal(three, cmd, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    code, _, err = cmd("delete", "churn")
    assert code == 1
    assert "Add --yes" in err
