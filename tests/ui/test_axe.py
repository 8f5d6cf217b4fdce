"""axe-core finds nothing: WCAG 2.2 AA and best practice, in both themes, in every state that can be reached."""

from __future__ import annotations

from pathlib import Path

import pytest
from cells import DATA, FIT, TREE, filled
from playwright.sync_api import expect

AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
  const roots = [...document.querySelectorAll('.jp-OutputArea [data-lm-suppress-shortcuts]')];
  const found = await axe.run({ include: roots.map(root => [root]).flat() }, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  return {
    violations: found.violations.map(one => `${one.id}: ` + one.nodes.map(
      node => `${node.target.flat().join(' ')} ${node.html.slice(0, 160)} ${node.failureSummary}`).join(' | ')),
    passes: found.passes.length,
  };
}"""


def check(notebook, state):
    found = notebook.page.evaluate(RUN)
    assert not found["violations"], (state, found["violations"])
    assert found["passes"] >= 10, (state, found)


def prepare(notebook):
    notebook.page.add_script_tag(content=AXE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("app", "theme"), [("lab", "light"), ("lab", "dark"), ("notebook", "light"), ("notebook", "dark")])
def test_the_gallery_and_its_dialogs(open_notebook, app, theme):
    count = 60 if app == "lab" else 9  # of several pages, or one
    notebook = open_notebook(filled(count, versions=3) + "\n%models", app=app, theme=theme, height=1400)
    notebook.run(0)
    prepare(notebook)
    gallery = notebook.output.get_by_role("region", name="Models")
    cards = gallery.get_by_label("Models").get_by_role("listitem").filter(has=notebook.page.get_by_role("checkbox"))
    expect(cards).to_have_count(min(count, 48))
    check(notebook, "gallery")
    if count > 10:  # axe looks at every card again and again: ten are enough from here on
        gallery.get_by_role("searchbox").fill("model 0000")
        expect(cards).to_have_count(10)
    cards.nth(0).get_by_role("button").first.click()
    dialog = notebook.output.get_by_role("dialog").last
    expect(dialog).to_be_visible()
    check(notebook, "details")
    for name in ("Edit…", "Aliases of ", "Delete "):
        dialog.get_by_role("button", name=name).first.click()
        if name == "Aliases of ":
            notebook.output.get_by_label("Let an alias point here").fill("v3")
            expect(notebook.output.get_by_text("cannot be an alias")).to_be_visible()
        check(notebook, name)
        notebook.page.keyboard.press("Escape")
    notebook.page.keyboard.press("Escape")
    for index in range(3):
        cards.nth(index).get_by_role("checkbox").check()
    gallery.get_by_role("button", name="Compare (3)").click()
    expect(notebook.output.get_by_role("dialog").get_by_role("table")).to_be_visible()
    check(notebook, "compare")
    notebook.page.keyboard.press("Escape")
    gallery.get_by_role("searchbox").fill("no such model")
    expect(gallery).to_contain_text("Nothing matches.")
    check(notebook, "no match")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_offer_the_form_and_the_trash(open_notebook, theme):
    notebook = open_notebook(FIT, DATA, TREE, "%models", theme=theme, height=1400)
    for index in range(3):
        notebook.run(index)
    prepare(notebook)
    expect(notebook.output.get_by_role("button", name="Save model…")).to_be_visible()
    check(notebook, "offer")
    notebook.output.get_by_role("button", name="Save model…").click()
    form = notebook.output.get_by_role("form", name="Save model")
    form.get_by_label("Name (required)").fill("a/b")
    expect(form.get_by_label("Name (required)")).to_have_attribute("aria-invalid", "true")
    check(notebook, "form with a name that cannot be")
    form.get_by_label("Name (required)").fill("churn")
    expect(form.get_by_text("New model, version 1")).to_be_visible()
    check(notebook, "form")
    form.get_by_role("button", name="Save", exact=True).click()
    expect(notebook.output.get_by_role("region", name="Saved")).to_be_visible()
    check(notebook, "saved")
    notebook.run(3)
    gallery = notebook.output.get_by_role("region", name="Models")
    expect(gallery).to_contain_text("1 model")
    notebook.page.evaluate("() => 0")
    gallery.get_by_role("button", name="Delete churn:1").click()
    dialog = notebook.output.get_by_role("dialog")
    check(notebook, "delete")
    dialog.get_by_role("button").filter(has_text="Move").or_(
        dialog.get_by_role("button", name="Delete", exact=True)
    ).first.click()
    expect(gallery).to_contain_text("No models yet")
    check(notebook, "empty, with undo")
    gallery.get_by_role("button", name="Open trash").click()
    expect(gallery.get_by_role("button", name="Restore").first).to_be_visible()
    check(notebook, "trash")
    gallery.get_by_role("button", name="Delete for good…").first.click()
    check(notebook, "purge")
