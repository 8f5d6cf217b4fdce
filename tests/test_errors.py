"""The tree of errors: every leaf is drawn, documented, searchable and survives a pickle."""

from __future__ import annotations

import builtins
import inspect
import pickle
import re
from pathlib import Path

import pytest

from jupyter_modelstore import errors
from jupyter_modelstore.errors import ModelStoreError, NotFound

LEAVES = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, ModelStoreError) and kind is not ModelStoreError
]
DOCUMENT = Path(__file__).parent.parent / "docs" / "errors.md"


def builtin_of(kind):
    """Return the first builtin exception, other than Exception itself, that a class inherits."""
    return next(base for base in kind.__mro__ if base.__module__ == "builtins" and base.__name__ in dir(builtins))


@pytest.mark.parametrize("kind", LEAVES)
def test_every_error_has_a_code_a_status_a_builtin_and_a_sentence(kind):
    assert re.fullmatch(r"[a-z_]+", kind.code)
    assert "code" in vars(kind)
    assert kind.status in {400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 507}
    assert builtin_of(kind) is not Exception
    assert kind.__doc__.strip().endswith(".")


def test_codes_are_unique():
    assert len({kind.code for kind in LEAVES}) == len(LEAVES) > 20


def test_the_tree_in_the_docstring_is_complete():
    drawn = set(re.findall(r"\b([A-Z][A-Za-z]+)\b(?= |$|\n)", errors.__doc__.partition("::")[2]))
    assert {kind.__name__ for kind in LEAVES} <= drawn
    for line in errors.__doc__.splitlines():
        if "─" not in line:
            continue
        status = re.search(r"\b([45]\d\d)\b", line)
        for kind in LEAVES:
            if re.search(rf"\b{kind.__name__}\b", line):
                assert int(status[1]) == kind.status, kind
                assert issubclass(kind, OSError) or builtin_of(kind).__name__ in line, kind


def test_the_document_holds_every_code_with_its_status_and_classes():
    rows = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            code, status, what, remedy, classes = cells
            assert what.endswith(".")
            assert remedy.endswith(".")
            rows[code.strip("`")] = (int(status), *re.findall(r"`(\w+)`", classes))
    assert rows == {kind.code: (kind.status, kind.__name__, builtin_of(kind).__name__) for kind in LEAVES}


@pytest.mark.parametrize("kind", [*LEAVES, ModelStoreError])
def test_an_error_survives_a_pickle_and_shows_two_lines(kind):
    error = kind("It broke.", "Type this.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.message, again.hint) == ("It broke.", "Type this.")
    assert str(again) == f"It broke.\nType this. [modelstore:{kind.code}]"
    assert again.to_json() == {"code": kind.code, "message": "It broke.", "hint": "Type this."}


def test_without_a_hint_there_is_one_line():
    assert str(NotFound("It is gone.")) == "It is gone. [modelstore:not_found]"


def test_ipython_is_given_lines_unless_debugging(monkeypatch):
    error = NotFound("It is gone.", "Look elsewhere.")
    assert error._render_traceback_() == ["It is gone.", "Look elsewhere. [modelstore:not_found]"]
    monkeypatch.setattr(errors, "debug", True)
    assert not hasattr(error, "_render_traceback_")
