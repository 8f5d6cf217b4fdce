"""``login`` and ``logout`` in a notebook and in a terminal: what is typed is not shown, and every verb works afterwards."""

from __future__ import annotations

import getpass
import sys
import time
import uuid

import pytest
from relay import Relay, Reply, cut

import jupyter_modelstore as jms
from jupyter_modelstore import cli
from jupyter_modelstore.backends.supabase import Functions
from jupyter_modelstore.errors import (
    InvalidValue,
    NotConfigured,
    NotConfirmed,
    NotFound,
    NotSignedIn,
    SchemaMismatch,
    Unreachable,
    UsageError,
)

pytest_plugins = ("supabase_fixtures", "doors_fixtures")
pytestmark = pytest.mark.supabase
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def typed(monkeypatch):
    """A function that types these answers; what was asked is in its ``asked``."""
    asked = []

    def answers(*words):
        left = list(words)
        monkeypatch.setattr(getpass, "getpass", lambda question: asked.append(question) or left.pop(0))

    answers.asked = asked
    return answers


@pytest.fixture
def at_project(project, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", project.url)
    monkeypatch.setenv("SUPABASE_KEY", project.key)
    return project


@pytest.fixture
def signed_out(at_project, notebook):
    return notebook


def test_the_way_of_a_notebook(signed_out, person, typed, clf, at_project):
    signed_out["clf"] = clf
    jms.connect("local:").save(clf, "of before")
    error = signed_out.refused("%models", NotSignedIn)
    assert "%modelstore login" in error.hint
    signed_out.refused("%save_model clf churn", NotSignedIn)
    typed(person.password)
    said = signed_out.run(f"%modelstore login {person.email}")
    assert typed.asked == [f"Password of {person.email} for {at_project.url.partition('://')[2]}: "]
    assert f"as {person.email}" in said.text
    assert "1 version is not in this project" in said.text
    assert person.password not in said.text + said.stdout
    assert "Saved churn:1" in signed_out.run('%save_model clf "churn" -t telecom -a champion').text
    assert (signed_out.run("best = %load_model churn@champion"), signed_out["best"].coef_ == clf.coef_)[1].all()
    assert "churn:1" in signed_out.run("%models --table").text
    assert person.email in signed_out.run("%modelstore status").text
    link = signed_out.run("%download_model churn --link").text
    assert "Anyone who has it" in link
    assert "/object/sign/" in link
    assert "notebook" not in link  # the command line says the same
    assert "all well" in signed_out.run("%modelstore doctor").text
    assert "Signed out" in signed_out.run("%modelstore logout").text
    assert "Nobody was signed in" in signed_out.run("%modelstore logout --everywhere").text
    typed(person.password)
    signed_out.run(f"%modelstore login {person.email}")
    said = signed_out.run("%modelstore logout --everywhere").text
    assert "Signed out" in said
    assert "Your sessions there end too, within the hour" in said
    signed_out.refused("%models", NotSignedIn)


def test_after_the_first_sign_in_models_of_this_machine_are_copied_if_one_says_so(signed_out, person, typed, clf, monkeypatch):
    jms.connect("local:").save(clf, "of before")
    asked = []

    def answer(question):
        asked.append(question)
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    typed(person.password, person.password)
    said = signed_out.run(f"%modelstore login {person.email}").text
    assert asked == ["On this machine, 1 version is not in this project. Copy them? [y/N] "]
    assert "Copied 1 version" in said
    assert "of before:1" in signed_out.run("%models --table").text
    jms.connect("local:").save(clf, "later")
    assert "1 version is not in this project" in signed_out.run(f"%modelstore login {person.email}").text
    assert len(asked) == 1
    assert "later:1" in signed_out.run("%modelstore push --dry-run").text
    assert "Copied 1 version" in signed_out.run("%modelstore push later").text
    assert "Nothing to copy: all of it is there already" in signed_out.run("%modelstore push").text


def test_status_says_until_when_and_the_check_up_which_role(signed_out, person, typed):
    typed(person.password)
    signed_out.run(f"%modelstore login {person.email}")
    assert "renewed by itself before" in signed_out.run("%modelstore status").text
    said = signed_out.run("%modelstore doctor").text
    assert "asked as authenticated" in said
    assert "files are locked" in said


def test_an_account_is_made_with_a_password_typed_twice(signed_out, typed):
    email = f"{uuid.uuid4().hex}@example.org"
    typed("one password 1", "another 2")
    assert "differ" in signed_out.refused(f"%modelstore login {email} --sign-up", InvalidValue).message
    typed("one password 1", "one password 1")
    assert "Signed in" in signed_out.run(f"%modelstore login {email} --sign-up").text


def test_a_code_is_sent_and_typed(signed_out, person, typed, project, monkeypatch):
    if project.local is None:
        pytest.skip("only the stack on this machine shows the messages it sends")
    asked = []

    def mistype(question):
        asked.append(question)
        return "000000" if len(asked) == 1 else project.local.code(person.email)

    monkeypatch.setattr(getpass, "getpass", mistype)
    assert person.email in signed_out.run(f"%modelstore login {person.email} --code").text
    assert ["wrong or has expired" in question for question in asked] == [False, True]
    typed("000000", "000000", "000000")
    hint = signed_out.refused(f"%modelstore login {person.email} --code", NotSignedIn).hint
    assert hint.endswith("%modelstore login YOUR@EMAIL --code")
    typed("000000", "")
    signed_out.refused(f"%modelstore login {person.email} --code", NotSignedIn)


def test_before_a_sign_in_the_check_up_looks_at_the_services(signed_out, at_project, monkeypatch):
    said = signed_out.run("%modelstore doctor").text
    assert f"{at_project.url}: Auth, database, Storage answer" in said
    assert "%modelstore login" in said
    monkeypatch.setenv("SUPABASE_KEY", "sb_publishable_of_another_project")
    signed_out.run("%reload_ext jupyter_modelstore")
    said = signed_out.run("%modelstore doctor").text
    assert "The project does not know SUPABASE_KEY." in said
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    signed_out.run("%reload_ext jupyter_modelstore")
    said = " ".join(signed_out.run("%modelstore doctor").text.split())
    assert "http://127.0.0.1:9 does not answer." in said


def test_what_is_typed_wrongly_is_told(signed_out, person, typed, monkeypatch):
    typed("wrong")
    assert "not right" in signed_out.refused(f"%modelstore login {person.email}", NotSignedIn).message
    signed_out.refused("%modelstore login nobody", InvalidValue)
    signed_out.refused("%modelstore login", UsageError)
    assert "EMAIL" in signed_out.run("%modelstore login --help").text

    def nobody(_):
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    assert "MODELSTORE_PASSWORD_FILE" in signed_out.refused(f"%modelstore login {person.email}", NotConfirmed).hint


def test_nobody_signs_in_to_this_machine(notebook):
    assert "this machine" in notebook.refused("%modelstore login you@example.org", NotConfigured).message


def test_a_save_that_waits_is_told_resumed_and_given_up(signed_out, person, typed, clf, at_project, monkeypatch):
    signed_out["clf"] = clf
    typed(person.password)
    signed_out.run(f"%modelstore login {person.email}")

    def fail(*_, **__):
        raise Unreachable("The project does not answer.")

    with monkeypatch.context() as offline:
        offline.setattr(Functions, "call", fail)
        said = signed_out.run('%save_model clf "churn"').text
        assert "kept on this machine" in said
        signed_out.run('%save_model clf "second"')
        said = signed_out.run("%modelstore resume").text
        assert "churn: The project does not answer." in said
    assert "2 saves" in signed_out.run("%modelstore status").text
    assert "2 saves kept on this machine and not arrived yet: churn, second" in signed_out.run("%models --table").text
    best = signed_out.run("best = %load_model churn")
    assert best.error is None
    assert "Given up" in signed_out.run("%modelstore discard second --yes").text
    assert "1 save arrived" in signed_out.run("%modelstore resume").text
    assert "Nothing waits" in signed_out.run("%modelstore resume").text
    assert "churn:1" in signed_out.run("%models --table").text


def test_what_waits_is_named_while_nobody_or_somebody_else_is_signed_in(signed_out, people, typed, clf, monkeypatch):
    ada, ben = people
    signed_out["clf"] = clf
    typed(ada.password, ben.password)
    signed_out.run(f"%modelstore login {ada.email}")
    with monkeypatch.context() as offline:
        offline.setattr(Functions, "call", lambda *_, **__: (_ for _ in ()).throw(Unreachable("It does not answer.")))
        signed_out.run('%save_model clf "secret name"')
    assert "1 save has not arrived" in signed_out.run("%modelstore logout").text
    nobody = signed_out.run("%modelstore status").text
    assert "Nobody is signed in" in nobody
    assert "%modelstore login" in nobody
    signed_out.run(f"%modelstore login {ben.email}")
    for said in (nobody, signed_out.run("%modelstore status").text, signed_out.run("%modelstore doctor").text):
        assert "1 save" in said
        assert "secret name" not in said
        assert ada.email not in said


def test_a_name_that_waits_is_told_by_every_verb(signed_out, person, typed, clf, fit, at_project, monkeypatch):
    signed_out["clf"], signed_out["other"] = clf, fit(2)
    typed(person.password)
    with Relay.before(at_project.url) as relay:
        monkeypatch.setenv("SUPABASE_URL", relay.url)
        signed_out.run(f"%modelstore login {person.email}")
        signed_out.run('%save_model clf "there" --wait')
        relay.answers("POST", "rpc/modelstore_commit", cut)
        signed_out.run('%save_model clf "churn" --wait')
        signed_out.run('%save_model other "there" --wait')
        for line in (
            *("%modelstore versions churn", "%modelstore rename churn other", "%model_card churn:1"),
            *("%edit_model churn -d x", "%alias_model churn champion", "%delete_model churn"),
        ):
            error = signed_out.refused(line, NotFound)
            assert (error.message, "resume" in error.hint) == ("churn is kept on this machine and has not arrived yet.", True)
        assert "A newer save is kept on this machine" in signed_out.refused("%model_card there:2", NotFound).message


def test_where_a_setting_says_who_is_asking_a_sign_in_is_refused_and_a_sign_out_ends_the_jobs(
    signed_out, people, typed, tmp_path, monkeypatch
):
    ada, ben = people
    password = tmp_path / "password"
    password.write_text(ben.password)
    password.chmod(0o600)
    with monkeypatch.context() as job:
        job.setenv("MODELSTORE_EMAIL", ben.email)
        job.setenv("MODELSTORE_PASSWORD_FILE", str(password))
        assert ben.email in signed_out.run("%modelstore status").text
        error = signed_out.refused(f"%modelstore login {ada.email}", NotConfigured)
        assert "MODELSTORE_EMAIL says who is asking here" in error.message
        password.unlink()
        said = signed_out.run("%modelstore logout").text
        assert "Signed out" in said
        assert "MODELSTORE_EMAIL signs in again" in said
        signed_out.refused("%models --table", NotSignedIn)
    token = tmp_path / "token"
    token.write_text(ben.access_token)
    with monkeypatch.context() as job:
        job.setenv("MODELSTORE_ACCESS_TOKEN_FILE", str(token))
        signed_out.run("%reload_ext jupyter_modelstore")
        said = signed_out.run("%modelstore status").text
        assert "unless whoever writes" in said
        assert "by itself" not in said
        for line in (f"%modelstore login {ada.email}", "%modelstore logout"):
            assert "MODELSTORE_ACCESS_TOKEN_FILE" in signed_out.refused(line, NotConfigured).message


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), "no Supabase project"),
        (Reply(429, b"{}", JSON), "no more requests"),
        (Reply(500, b'{"code": "57014"}', JSON), "too long"),
        (Reply(404, b'{"code": "PGRST202"}', JSON), "lacks a function"),
        (Reply(401, b"{}", JSON), "SUPABASE_KEY"),
    ],
    ids=["page", "429", "57014", "PGRST202", "401"],
)
def test_status_tells_what_waits_whatever_is_answered(notebook, at_project, person, typed, clf, monkeypatch, answer, trouble):
    notebook["clf"] = clf
    typed(person.password)
    with Relay.before(at_project.url) as relay:
        monkeypatch.setenv("SUPABASE_URL", relay.url)
        notebook.run(f"%modelstore login {person.email}")
        relay.answers("POST", "rpc/modelstore_may_save", cut)
        notebook.run('%save_model clf "churn"')
        relay.is_plain()
        relay.answers("POST", "rpc/", answer)
        said = notebook.run("%modelstore status").text
        assert "1 save" in said
        assert trouble in said


def test_where_nothing_is_installed_the_check_up_says_so(signed_out, at_project, person, typed, monkeypatch, http):
    typed(person.password)
    headers = {"apikey": at_project.key, "Authorization": f"Bearer {person.access_token}"}
    lacks = http.post("/rest/v1/rpc/modelstore_nothing", json={"q": {}}, headers=headers).content
    lacks_the_first = lacks.replace(b"modelstore_nothing", b"modelstore_whoami")
    assert lacks_the_first != lacks
    with Relay.before(at_project.url) as relay:
        monkeypatch.setenv("SUPABASE_URL", relay.url)
        signed_out.run(f"%modelstore login {person.email}")
        for body, hint in ((lacks_the_first, "jupyter modelstore init;"), (lacks, "jupyter modelstore init --check")):
            relay.is_plain()
            relay.answers("POST", "rpc/", Reply(404, body, JSON))
            assert hint in " ".join(signed_out.run("%modelstore doctor").text.split())
            assert hint in signed_out.refused("%models", SchemaMismatch).hint


def test_what_waits_goes_on_its_way_with_the_first_use_of_the_store(signed_out, person, typed, clf, monkeypatch):
    signed_out["clf"] = clf
    typed(person.password)
    signed_out.run(f"%modelstore login {person.email}")

    def fail(*_, **__):
        raise Unreachable("The project does not answer.")

    with monkeypatch.context() as offline:
        offline.setattr(Functions, "call", fail)
        signed_out.run('%save_model clf "churn"')
    signed_out.run("%reload_ext jupyter_modelstore")
    for _ in range(100):
        if "churn:1" in signed_out.run("%models --table").text:
            break
        time.sleep(0.1)
    assert "churn:1" in signed_out.run("%models --table").text
    assert "on their way" not in signed_out.run("%modelstore status").text


def test_the_command_line_asks_on_a_terminal_only(at_project, person, typed, capsys, monkeypatch):
    assert cli.main(["login", person.email]) == 1
    assert "nobody can be asked" in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    typed(person.password)
    assert cli.main(["login", person.email]) == 0
    said = capsys.readouterr()
    assert person.email in said.out
    assert person.password not in said.out + said.err
    assert cli.main(["list"]) == 0
    assert cli.main(["logout"]) == 0
    assert cli.main(["list"]) == 1
    assert "jupyter modelstore login" in capsys.readouterr().err


def test_a_save_that_waits_is_sent_by_a_command_not_by_a_magic(at_project, person, typed, clf, line, capsys, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", line.url)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    typed(person.password)
    assert cli.main(["login", person.email]) == 0
    line.cut()
    with pytest.warns(jms.NotArrivedWarning):
        jms.connect().save(clf, "churn")
    for words in (["load", "churn"], ["load", "churn", "--json"]):
        capsys.readouterr()
        assert cli.main(words) == 0
        said = capsys.readouterr().out
        assert "has not arrived" in said
        assert "jupyter modelstore resume sends it" in said
        assert "%modelstore" not in said


def test_after_the_first_sign_in_a_terminal_asks_too(at_project, person, typed, clf, capsys, monkeypatch):
    jms.connect("local:").save(clf, "of before")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdin, "readline", lambda: "y\n", raising=False)
    typed(person.password, person.password)
    assert cli.main(["login", person.email]) == 0
    said = capsys.readouterr()
    assert "On this machine, 1 version is not in this project. Copy them? [y/N]" in said.err
    assert "Copied 1 version" in said.out
    assert cli.main(["login", person.email]) == 0
    assert "Copy them?" not in capsys.readouterr().err
