"""Tab, in IPython's own completer."""

from __future__ import annotations

import json
import warnings

import pytest

pytest_plugins = ("doors_fixtures",)


@pytest.fixture
def tab(notebook, fit):
    """Press Tab at the end of a cell in which some models are saved; return what may stand in place of the typed text."""
    notebook["clf"], notebook["rows"] = fit(1), [1, 2]
    notebook["search"] = {"inner": fit(2)}
    notebook.run('%save_model clf "churn" -t telecom -t "with calls"')
    notebook.run('%save_model search["inner"] "churn" -a champion')
    notebook.run('%save_model clf "my model" -a best')
    notebook.run('%save_model clf "gone"\n%delete_model gone')

    def press(text):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # IPython's own: the interface is provisional
            found = list(notebook.shell.Completer.completions(text, len(text)))
        return [text[: item.start] + item.text for item in found]

    return press


OFFERED = (
    ("%load_model ch", "%load_model churn"),
    ("best = %load_model ch", "best = %load_model churn"),
    ("x = 1\nbest = %load_model ch", "x = 1\nbest = %load_model churn"),
    ("%load_model churn:", "%load_model churn:1"),
    ("best = %load_model churn:", "best = %load_model churn:2"),
    ("%load_model churn@", "%load_model churn@champion"),
    ("best = %load_model churn@ch", "best = %load_model churn@champion"),
    ("%load_model ", '%load_model "my model"'),
    ("%load_model my", '%load_model "my model"'),
    ('%load_model "my', '%load_model "my model"'),
    ('%load_model "my mo', '%load_model "my model"'),
    ("%load_model 'my mo", "%load_model 'my model'"),
    ('%load_model "my model:', '%load_model "my model:1"'),
    ("%model_card ch", "%model_card churn"),
    ("%download_model ch", "%download_model churn"),
    ("%compare_models churn:1 churn:", "%compare_models churn:1 churn:2"),
    ("%alias_model churn:1 ch", "%alias_model churn:1 champion"),
    ("%delete_model churn:", "%delete_model churn:1"),
    ("%restore_model g", "%restore_model gone"),
    ("%models -t te", "%models -t telecom"),
    ('%models -t "with', '%models -t "with calls"'),
    ("%models --type reg", "%models --type regression"),
    ("%models --type=reg", "%models --type=regression"),
    ("%models --sort=-si", "%models --sort=-size"),
    ("%models --sort cr", "%models --sort created_at"),
    ("%models --ta", "%models --table"),
    ("%save_model clf --di", "%save_model clf --dialog"),
    ("%modelstore of", "%modelstore offer"),
    ("%modelstore offer d", "%modelstore offer dialog"),
    ("%modelstore config card_f", "%modelstore config card_fields="),
    ("%models --algorithm L", "%models --algorithm LinearRegression"),
    ('%save_model "ch', '%save_model "churn"'),
    ("%save_model -d text c", "%save_model -d text clf"),
    ("%edit_model churn --unt", "%edit_model churn --untag"),
    ("%edit_model churn --untag te", "%edit_model churn --untag telecom"),
    ("%save_model c", "%save_model clf"),
    ("%save_model ", "%save_model search"),
    ("%save_model clf ch", "%save_model clf churn"),
    ("%save_model clf churn --fo", "%save_model clf churn --force"),
    ("%save_model clf churn -t tel", "%save_model clf churn -t telecom"),
    ("%save_model clf churn -a b", "%save_model clf churn -a best"),
    ("%delete_model churn --y", "%delete_model churn --yes"),
    ("%load_model churn --str", "%load_model churn --strict"),
    ("%modelstore au", "%modelstore autoload"),
    ("%modelstore autoload o", "%modelstore autoload on"),
    ("%modelstore config d", "%modelstore config debug="),
    ("%modelstore prune ch", "%modelstore prune churn"),
    ("%modelstore prune churn --dr", "%modelstore prune churn --dry-run"),
    ("%modelstore purge g", "%modelstore purge gone"),
)


def test_tab_offers_what_may_follow(tab):
    assert [(typed, completed) for typed, completed in OFFERED if completed not in tab(typed)] == []


def test_tab_does_not_offer_what_is_not_there(tab):
    for typed in ("%save_model r", "%load_model xyz", "%models -t nothing", "%load_model nothing:"):
        assert not {"%save_model rows", "%load_model churn"} & set(tab(typed))


def test_a_name_that_needs_quotes_is_offered_with_them_only(tab):
    offered = tab("%load_model ")
    assert '%load_model "my model"' in offered
    assert "%load_model my model" not in offered


def test_other_magics_and_code_are_left_alone(tab):
    assert not any("churn" in text for text in tab("%timeit ch") + tab("ch") + tab("load_model ch"))


def test_what_could_become_code_in_a_cell_is_not_offered(tab, jms_store, poke):
    for tag in ("telecom {print(1)}", "telecom $HOME", 'telecom" x', "telecom\n!rm", "telecom\u202e"):
        poke(jms_store, "UPDATE models SET tags = ?", json.dumps([tag, "telecom"]))
        assert tab('%models -t "tele') == ['%models -t "telecom"']
    poke(jms_store, "UPDATE models SET model_name = ? WHERE model_name = 'my model'", 'x"\n!rm {print(1)}')
    assert not any("rm" in text for text in tab("%load_model ") + tab("%load_model x"))


def test_a_store_that_cannot_be_read_does_not_disturb_typing(tab, notebook, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    notebook.run(f"%modelstore config url=local:{tmp_path}/file/below")
    assert "%load_model churn" not in tab("%load_model ch")


NOTHING = (
    "%download_model churn ch",
    "%edit_model churn ch",
    "%load_model churn ch",
    '%load_model "my model"',
    "%models --limit ch",
    "%models -m ch",
    "%edit_model churn -d ch",
    "%model_stats ch",
    "%modelstore status ch",
    "%modelstore rename churn ch",
    "%save_model clf churn ch",
    "%save_model clf churn --file ch",
    "x = 1 # %load_model ch",
)


def test_where_nothing_of_ours_may_stand_nothing_is_offered(tab):
    offered = {typed: [text for text in tab(typed) if "churn" in text[len(typed) - 2 :]] for typed in NOTHING}
    assert offered == {typed: [] for typed in NOTHING}


def test_a_tag_that_the_line_would_refuse_is_not_offered(tab, jms_store, poke):
    poke(jms_store, "UPDATE models SET tags = ?", json.dumps(["a,b", "audited"]))
    assert tab("%models -t a") == ["%models -t audited"]


def test_a_quote_that_the_editor_has_closed_is_not_closed_again(notebook, tab):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (found,) = notebook.shell.Completer.completions('%load_model "my"', len('%load_model "my'))
    assert (found.text, found.start, found.end) == ('"my model', 12, 15)


def test_a_reload_does_not_double_the_matcher_and_an_unload_removes_it(notebook, tab):
    before = len(notebook.shell.Completer.custom_matchers)
    notebook.run("%reload_ext jupyter_modelstore\n%load_ext jupyter_modelstore")
    assert len(notebook.shell.Completer.custom_matchers) == before
    assert tab("%load_model ch") == ["%load_model churn"]
    notebook.run("%unload_ext jupyter_modelstore")
    assert len(notebook.shell.Completer.custom_matchers) == before - 1
    assert "%load_model churn" not in tab("%load_model ch")
