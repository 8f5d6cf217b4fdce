"""What the documents show is run, what they name exists, and what exists is named."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelstore import magics
from jupyter_modelstore.cli import main
from jupyter_modelstore.config import ModelStore
from jupyter_modelstore.verbs import VERBS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
WITH_PYTHON = ["README.md", "docs/guide.md", "docs/python.md", "docs/settings.md"]
BLOCK = re.compile(r"(<!-- not run: [^>]+ -->\n)?```(\w*)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"(?<!`)\[[^\]]+\]\(([^)\s]+)\)")
OF_IPYTHON = {"load_ext", "config", "pip"}

FIT = """
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
X_test, y = load_iris(return_X_y=True)
clf, auc = LogisticRegression(max_iter=500).fit(X_test, y), 0.9
"""
CONFIGURATION = """
from traitlets.config import Config
c = Config()
get_config = lambda: c
"""
BEFORE = {"README.md": FIT, "docs/settings.md": CONFIGURATION}
AFTER = {
    "docs/settings.md": """
from jupyter_modelstore.config import ModelStore
settings = ModelStore(config=c)
assert (settings.home, settings.url, settings.debug) == ("~/models", "local:", False)
"""
}
RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(sys.stdin):
    if not shell.run_cell(cell).success:
        sys.exit(f"FAILED: {cell}")
"""


def blocks(document, *languages):
    text = document.read_text(encoding="utf-8")
    return [code for skip, language, code in BLOCK.findall(text) if language in languages and not skip]


def id_of(document):
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("name", WITH_PYTHON)
def test_python_and_magics_in_a_document_run_from_top_to_bottom(name, tmp_path):
    cells = [BEFORE.get(name, ""), *blocks(ROOT / name, "python"), AFTER.get(name, "")]
    command = [sys.executable, "-c", RUN_CELLS]
    environment = os.environ | {"IPYTHONDIR": str(tmp_path / "ipython"), "NO_COLOR": "1", "PYTHONUTF8": "1"}
    ran = subprocess.run(
        command,
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]


def test_every_document_with_python_is_run():
    assert [id_of(document) for document in DOCUMENTS if blocks(document, "python")] == WITH_PYTHON


def test_commands_in_the_document_of_the_command_line_run(tmp_path, monkeypatch, pipeline):
    import joblib

    monkeypatch.chdir(tmp_path)
    joblib.dump(pipeline, "model.joblib")
    lines = "".join(blocks(ROOT / "docs/cli.md", "sh")).splitlines()
    assert len(lines) > 5
    for line in lines:
        words = shlex.split(line)
        assert words[:2] == ["jupyter", "modelstore"]
        assert main(words[2:]) == 0, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=id_of)
def test_links_between_files_lead_somewhere(document):
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if path.startswith("http"):
            continue
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings]
            assert anchor in slugs, link


@pytest.mark.parametrize("document", DOCUMENTS, ids=id_of)
def test_magics_and_their_options_exist(document):
    text = document.read_text(encoding="utf-8")
    spans = re.findall(r"`(?:\w+ = )?%(\w[^`\n]*)`", text)
    spans += [line.lstrip("%") for code in blocks(document, "python") for line in code.splitlines() if line.startswith("%")]
    for span in spans:
        name, _, rest = span.partition(" ")
        if name in OF_IPYTHON:
            continue
        assert name.rstrip("?") in magics.MAGICS, span
        told = magics.help_of(name.rstrip("?"))
        if name == "modelstore" and rest:
            command, _, rest = rest.partition(" ")
            assert command in magics.SUBCOMMANDS, span
            if command not in VERBS:
                continue
            told = " ".join(flag for argument in VERBS[command].arguments for flag in argument.flags) + " --yes"
        for flag in re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest.partition("#")[0]):
            assert re.search(rf"(?<![\w-]){flag}(?![\w-])", told), f"{flag} in {span}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=id_of)
def test_commands_that_are_named_exist(document):
    for command in re.findall(r"jupyter modelstore ([a-z][a-z-]*)", document.read_text(encoding="utf-8")):
        assert command in {*VERBS, "ls", "rm", "init", "login", "logout", "push"}, command


def test_the_guide_shows_every_magic_and_the_command_line_every_verb():
    guide = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
    assert [name for name in magics.MAGICS if f"%{name}" not in guide] == []
    assert [name for name in magics.SUBCOMMANDS if f"%modelstore {name}" not in guide] == []
    listed = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert [name for name in VERBS if f"`{name}`" not in listed] == []


def test_every_option_of_a_verb_is_documented():
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("docs/guide.md", "docs/cli.md"))
    options = [argument.flags for verb in VERBS.values() for argument in verb.arguments if argument.flags]
    assert ("--link",) in options
    assert [flags for flags in options if not any(f"`{flag}" in text or f" {flag}" in text for flag in flags)] == []


def test_every_document_about_projects_says_who_can_use_a_link():
    for name, word in {"guide": "--link", "cli": "--link", "python": "store.link(", "supabase": "store.link("}.items():
        text = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8").partition(word)[2][:400].replace("*", "")
        assert "anyone" in text or "whoever has" in text, name
        assert "hour" in text, name


def test_every_setting_is_documented():
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    source = "".join((ROOT / "jupyter_modelstore" / name).read_text(encoding="utf-8") for name in ("config.py", "_project.py"))
    variables = set(re.findall(r'"((?:MODELSTORE|SUPABASE)_[A-Z_]+)"', source))
    assert variables
    assert variables <= set(re.findall(r"`([A-Z_]+)`", text))
    assert set(re.findall(r"`((?:MODELSTORE|SUPABASE)_[A-Z_]+)`", text)) == variables
    assert set(ModelStore.class_own_traits(config=True)) <= set(re.findall(r"`([a-z_]+)`", text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=id_of)
def test_no_file_is_called_safe(document):
    text = document.read_text(encoding="utf-8").lower()
    about_threads = ("safe to use from several threads", "crash-safe", "thread-safe")
    for phrase in about_threads:
        text = text.replace(phrase, "")
    assert re.findall(r"\bsafe(?:ly)?\b", text) == []
