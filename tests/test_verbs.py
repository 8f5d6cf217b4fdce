"""The table of verbs: each entry can be called, shown and written as JSON; its parser forgives, or says what is wrong."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelstore._parser import Parser, metrics_from
from jupyter_modelstore.card import Shown
from jupyter_modelstore.errors import InvalidValue, ModelStoreError, UsageError
from jupyter_modelstore.record import to_json
from jupyter_modelstore.verbs import VERBS, plain

pytest_plugins = ("doors_fixtures",)


def parse(verb, *words):
    parser = Parser(prog="%x", add_help=False)
    for argument in VERBS[verb].arguments:
        argument.add_to(parser)
    return vars(parser.parse_args(words))


CALLS = {
    "list": {},
    "show": {"ref": "churn"},
    "versions": {"name": "churn"},
    "compare": {"refs": ["churn:1", "churn:2"]},
    "stats": {},
    "facets": {},
    "load": {"ref": "churn"},
    "edit": {"ref": "churn", "description": "new"},
    "alias": {"ref": "churn:1", "alias": "champion"},
    "rename": {"name": "churn", "new": "other"},
    "delete": {"ref": "churn:1"},
    "restore": {"ref": "gone"},
    "purge": {"ref": "gone"},
    "empty-trash": {},
    "prune": {"name": "churn", "keep": 1},
    "resume": {},
    "status": {},
    "doctor": {"full": True},
}


@pytest.mark.parametrize("name", [name for name in VERBS if name not in {"save", "download", "discard"}])
def test_every_answer_can_be_shown_and_written_as_json(store, fit, name):
    for slope in (1, 2):
        store.save(fit(slope), "churn", tags="t")
    store.save(fit(3), "gone")
    store.delete("gone")
    verb = VERBS[name]
    if verb.question is not None:
        verb.question(store, **CALLS[name])
    answer = verb.call(store, **CALLS[name])
    shown = verb.show(store, answer)
    assert isinstance(shown, Shown)
    assert shown.text
    json.dumps(to_json(plain(answer)), allow_nan=False)


def test_a_file_is_saved_and_downloaded_by_its_verbs(store, clf, tmp_path):
    import pickle

    (tmp_path / "m.pkl").write_bytes(pickle.dumps(clf))
    saved = VERBS["save"].call(store, path=str(tmp_path / "m.pkl"), name="churn", metrics=["auc=0.5"], tags=None)
    assert "Saved churn:1" in VERBS["save"].show(store, saved).text
    path = VERBS["download"].call(store, ref="churn", to=str(tmp_path))
    assert plain(path) == str(tmp_path / "churn.pkl")
    assert "pickle.load" in VERBS["download"].show(store, path).text


def test_a_listing_is_plain_too(store, clf):
    store.save(clf, "churn")
    assert [record.ref for record in plain(store.list())] == ["churn:1"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("churn:1", "champion", "--why", "it is better"), ("churn:1", "champion", "it is better")),
        (("churn:1", "--why", "it is better", "champion"), ("churn:1", "champion", "it is better")),
        (("--why", "it is better", "churn:1", "champion"), ("churn:1", "champion", "it is better")),
        (("churn:1", "champion", "--why=it is better"), ("churn:1", "champion", "it is better")),
        (("churn:1",), ("churn:1", None, None)),
    ],
)
def test_options_may_stand_anywhere(words, expected):
    found = parse("alias", *words)
    assert (found["ref"], found["alias"], found["why"]) == expected


def test_a_parser_can_be_used_again_after_an_error():
    parser = Parser(prog="%x", add_help=False)
    VERBS["show"].arguments[0].add_to(parser)
    for _ in range(2):
        with pytest.raises(UsageError):
            parser.parse_args([])
        assert vars(parser.parse_args(["churn"])) == {"ref": "churn"}


@pytest.mark.parametrize(
    ("verb", "words", "message", "hint"),
    [
        ("show", (), "The following arguments are required: REF.", "Usage: %x [--at 2026-03-15] [--markdown] REF"),
        ("show", ("a", "b"), "There is more than expected: b", "Put several words in quotes."),
        ("show", ("a", "--nonsense"), "Unrecognized arguments: --nonsense.", "Usage: %x"),
        ("list", ("--limit", "x"), "Argument --limit: invalid int value: 'x'.", "--limit N"),
        ("list", ("--type", "x"), "invalid choice", "--type TYPE"),
        ("list", ("--lim", "3"), "Unrecognized arguments: --lim", "--limit N"),
        ("list", ("--sort",), "expected one argument", "--sort COLUMN"),
        ("compare", (), "required: REF", "REF [REF ...]"),
        ("show", ("a", "\x1b[31m"), "\\u001b", ""),
    ],
)
def test_a_wrong_line_is_told_with_the_right_one(verb, words, message, hint):
    with pytest.raises(UsageError) as caught:
        parse(verb, *words)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\x1b" not in str(caught.value)


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_words_are_parsed_or_refused_by_this_packages_error(words):
    for verb in ("list", "alias", "delete"):
        with contextlib.suppress(ModelStoreError):
            parse(verb, *words)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["auc=0.93"], {"auc": 0.93}),
        (["n=3", "m=-3", "p=+3"], {"n": 3, "m": -3, "p": 3}),
        (["a = 1e-3"], {"a": 0.001}),
        (["x=inf"], {"x": float("inf")}),
        (None, {}),
    ],
)
def test_metrics_are_read(pairs, expected):
    assert metrics_from(pairs) == expected
    assert all(type(value) in {int, float} for value in metrics_from(pairs).values())


@pytest.mark.parametrize("pair", ["auc", "=1", "auc=", " = ", "auc=high", "auc=1,5", "auc=--3", "n=+-1"])
def test_what_is_no_metric_is_refused(pair):
    with pytest.raises(InvalidValue, match=r"no metric|not a number"):
        metrics_from([pair])


@pytest.mark.parametrize("text", ["auc", "auc>0.8", "auc>=x", ">=1", "auc<=nan", "auc>=0.8<=0.9"])
def test_what_is_no_range_is_refused(store, text):
    with pytest.raises(InvalidValue, match="no range"):
        VERBS["list"].call(store, metrics=[text])


def test_both_ends_of_a_range_count(store, fit):
    for value in (1, 2, 3):
        store.save(fit(value), f"m{value}", metrics={"auc": value})
    page, _ = VERBS["list"].call(store, metrics=["auc>=2", "auc<=2"])
    assert [record.name for record in page.records] == ["m2"]


def test_questions_are_asked_only_where_much_or_all_is_lost(store, fit):
    for slope in (1, 2):
        store.save(fit(slope), "churn")
    assert VERBS["delete"].question(store, ref="churn:1") is None
    assert "all 2 versions" in VERBS["delete"].question(store, ref="churn")
    assert "cannot be undone" in VERBS["delete"].question(store, ref="churn:1", now=True)
    assert VERBS["empty-trash"].question(store) is None
    assert VERBS["prune"].question(store, name="churn") is None
    assert "1 version of churn" in VERBS["prune"].question(store, name="churn", keep=1)
    assert VERBS["prune"].question(store, name="churn", keep=1, dry_run=True) is None
    store.delete("churn:1")
    assert "1 version in the trash" in VERBS["empty-trash"].question(store)
    assert "churn:1" in VERBS["purge"].question(store, ref="churn")
    assert "all 2 versions" in VERBS["delete"].question(store, ref="churn", now=True)


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_and_argument_is_explained(name):
    verb = VERBS[name]
    assert verb.help.endswith(".")
    for argument in verb.arguments:
        assert argument.help
        switch = argument.options.get("action") == "store_true"
        assert switch or argument.metavar, argument.name
