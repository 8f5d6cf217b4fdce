"""What a gallery shows when things are not as they should be: busy, dead, out of reach, empty, very full, opened again."""

from __future__ import annotations

import json
import re

import pytest
from cells import DATA, FIT, TREE, filled
from playwright.sync_api import expect

import jupyter_modelstore as jms

# It takes three seconds to be pickled, in thirty parts of half a megabyte.
SLOW = """import time
import numpy as np
class Slow:
    def __init__(self): self.data = np.random.default_rng(0).random(65_536)
    def __getstate__(self):
        time.sleep(0.1)
        return self.__dict__
clf.parts_ = [Slow() for _ in range(30)]"""


# Which of two words a view says at any time until it says the second; both are looked for at each frame.
WORDS_SEEN = """async ([never, last, deadline]) => {
  const text = () => [...document.querySelectorAll('.jp-OutputArea *')].map(one => one.shadowRoot?.textContent ?? '').join();
  const seen = new Set(), end = performance.now() + deadline;
  while (!seen.has(last) && performance.now() < end) {
    for (const word of [never, last]) if (text().includes(word)) seen.add(word);
    await new Promise(done => requestAnimationFrame(() => done()));
  }
  return [...seen];
}"""


def models(notebook):
    return notebook.output.get_by_role("region", name="Models")


def test_a_gallery_without_models_says_how_to_keep_one(open_notebook):
    notebook = open_notebook("%load_ext jupyter_modelstore\n%models")
    notebook.run(0)
    expect(models(notebook)).to_contain_text("No models yet")
    expect(models(notebook)).to_contain_text('%save_model clf "name"')


@pytest.mark.parametrize(("count", "shown"), [(1, "1 model"), (48, "48 models")])
def test_a_page_of_models_needs_no_more(open_notebook, count, shown):
    notebook = open_notebook(filled(count) + "\n%models")
    notebook.run(0)
    expect(models(notebook).get_by_role("status").filter(has_text=re.compile(f"^{shown}$"))).to_be_visible()
    expect(
        models(notebook).get_by_label("Models").get_by_role("listitem").filter(has=notebook.page.get_by_role("checkbox"))
    ).to_have_count(count)
    expect(models(notebook).get_by_role("button", name=re.compile("Show .* more"))).to_have_count(0)


def test_ten_thousand_models_come_in_pages_and_are_searched_by_the_kernel(open_notebook):
    notebook = open_notebook(filled(10_000), "%models")
    notebook.run(0)
    notebook.run(1)
    cards = models(notebook).get_by_label("Models").get_by_role("listitem").filter(has=notebook.page.get_by_role("checkbox"))
    expect(cards).to_have_count(48)
    models(notebook).get_by_role("button", name="Show 48 more").click()
    expect(cards).to_have_count(96)
    search = models(notebook).get_by_role("searchbox")
    search.fill("model 09999")
    expect(cards).to_have_count(1)
    search.fill("no such thing")
    expect(models(notebook)).to_contain_text("Nothing matches.")
    models(notebook).get_by_role("button", name="Clear filters").first.click()
    expect(cards).to_have_count(48)


def test_a_dialog_opens_and_its_progress_moves_while_a_cell_runs(open_notebook):
    notebook = open_notebook(FIT, DATA, TREE, SLOW, "%save_model clf --dialog", "time.sleep(40)")
    for index in range(5):
        notebook.run(index)
    form = notebook.output.get_by_role("form", name="Save model")
    form.get_by_label("Name (required)").fill("churn")
    expect(form.get_by_text("New model, version 1")).to_be_visible()
    notebook.run(5, wait=False)
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.get_by_role("progressbar")).to_be_visible()
    first = form.get_by_text(re.compile("Writing · .*B")).inner_text()
    expect(form.get_by_text(first, exact=True)).to_have_count(0)  # it moves
    expect(notebook.output.get_by_role("region", name="Saved")).to_contain_text("Saved churn:1")
    expect(notebook.page.locator(".jp-InputPrompt").nth(5)).to_contain_text("[*]")


def test_a_save_that_is_cancelled_keeps_nothing(open_notebook, server):
    notebook = open_notebook(FIT, DATA, TREE, SLOW, "%save_model clf --dialog")
    for index in range(5):
        notebook.run(index)
    form = notebook.output.get_by_role("form", name="Save model")
    form.get_by_label("Name (required)").fill("churn")
    expect(form.get_by_text("New model, version 1")).to_be_visible()
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.get_by_text(re.compile("Writing · .*B"))).to_be_visible()
    form.get_by_role("button", name="Cancel").click()
    expect(form).to_contain_text("Cancelled. Nothing was saved.")
    assert not list(jms.connect("local:" + str(server.home / "modelstore")).list())


def test_a_busy_kernel_is_told_and_is_never_said_to_be_gone(open_notebook):
    # Before its first answer a view cannot know of a subshell: the cell that shows it also blocks.
    notebook = open_notebook("%load_ext jupyter_modelstore\n%models\nimport time\ntime.sleep(12)")
    notebook.run(0, wait=False)
    expect(notebook.output.get_by_text(re.compile("The kernel is busy")).or_(models(notebook)).first).to_be_visible()
    late = notebook.page.evaluate(WORDS_SEEN, ["Not connected", "No models yet", 30_000])
    assert late == ["No models yet"]


def test_a_dead_kernel_is_told_soon_and_what_was_there_stays(open_notebook, server):
    notebook = open_notebook(filled(3) + "\n%models")
    notebook.run(0)
    expect(models(notebook)).to_contain_text("3 models")
    session = server.call("api/sessions")[0]
    server.call(f"api/kernels/{session['kernel']['id']}/restart", "POST")
    models(notebook).get_by_role("button", name="Refresh").click()
    expect(notebook.output.get_by_text(re.compile("run this cell again", re.IGNORECASE))).to_be_visible(timeout=9_000)
    expect(models(notebook)).to_contain_text("model 00002")


def test_a_store_out_of_reach_is_told_with_a_way_on(open_notebook, server):
    notebook = open_notebook(filled(3) + "\n%models")
    notebook.run(0)
    expect(models(notebook)).to_contain_text("3 models")
    (server.home / "modelstore" / "store.sqlite3").write_bytes(b"this is no database" * 100)
    models(notebook).get_by_role("button", name="Refresh").click()
    expect(models(notebook).get_by_role("alert").first).to_contain_text("damaged")
    expect(models(notebook).get_by_role("button", name="Try again").first).to_be_visible()
    expect(models(notebook)).to_contain_text("model 00002")


def test_a_better_version_is_judged_and_explained_where_the_rows_are_the_same(open_notebook):
    first, second = (
        f'{TREE.replace("depth=3", f"depth={depth}")}\n%save_model clf tree -d "of depth {depth}"' for depth in (1, 3)
    )
    other = "%save_model clf told -m accuracy=0.5"
    notebook = open_notebook(FIT, DATA, first, second, other, "%models")
    for index in range(6):
        notebook.run(index)
    shown = models(notebook)
    card = shown.locator("li.card").filter(has_text="tree")
    expect(card.locator(".delta.good-text")).to_contain_text("better")
    card.get_by_role("button", name="tree", exact=True).click()
    details = shown.get_by_role("dialog")
    expect(details.locator("dl.facts")).to_contain_text("max_depth=3, random_state=0 (others at their defaults)")
    expect(details.locator("dl.facts")).to_contain_text("Python 3.")
    details.get_by_text(re.compile("Cell 4 · .*fitted")).click()
    expect(details.locator("pre").filter(has_text="max_depth=3")).to_be_visible()
    for version in (1, 2):
        details.get_by_label(f"Compare tree:{version}").check()
    details.get_by_role("button", name="Compare (2)").click()
    compared = shown.get_by_role("dialog").last
    expect(compared.locator("td.best")).to_have_count(1)
    expect(compared).not_to_contain_text("No best")
    for _ in range(2):
        notebook.page.keyboard.press("Escape")
    expect(shown.get_by_role("dialog")).to_have_count(0)
    shown.get_by_label("Compare told:1").check()
    shown.get_by_role("button", name="Compare (3)").click()
    expect(compared).to_contain_text("No best accuracy: it is not known that the models were scored on the same rows.")


LAYOUTS = """import ipywidgets
from ipywidgets import Box, HBox, Layout, Output, Tab, VBox
import jupyter_modelstore as jms
out = Output()
with out:
    display(jms.Gallery())
display(
    HBox([jms.Gallery(), jms.SaveDialog(clf)]), Box([jms.Gallery()], layout=Layout(width="240px")),
    VBox([jms.Gallery()], layout=Layout(align_items="center")), Tab([jms.Gallery()]), out,
    HBox([jms.Gallery(layout=Layout(width="300px"))]), jms.Gallery(layout={"border": "1px solid"}),
)"""


def test_in_every_layout_a_widget_has_the_width_that_there_is(open_notebook):
    notebook = open_notebook(FIT, DATA, TREE, LAYOUTS)
    for index in range(4):
        notebook.run(index)
    galleries = notebook.output.get_by_role("region", name="Models")
    expect(galleries).to_have_count(7)
    form = notebook.output.get_by_role("form", name="Save model").bounding_box()
    widths = [galleries.nth(index).bounding_box()["width"] for index in range(7)]
    row, box, column, tab, out, said, bordered = widths
    assert row > 400, widths
    assert form["width"] > 400, form
    assert 220 < box <= 240, widths
    assert 280 < said <= 300, widths
    assert min(column, tab, out, bordered) > 800, widths
    scrolls = "all => all.map(one => one.scrollWidth - one.clientWidth)"
    assert set(notebook.page.locator(".jp-OutputArea-output").evaluate_all(scrolls)) == {0}


def test_an_offer_of_a_model_that_was_fitted_again_is_over(open_notebook):
    notebook = open_notebook(FIT, DATA, TREE, "clf.fit(X_test, y_test)")
    for index in range(4):
        notebook.run(index)
    expect(notebook.output.get_by_text(re.compile("was fitted again since"))).to_be_visible()


def test_the_form_takes_the_focus_judges_an_alias_and_gives_the_focus_back(open_notebook):
    notebook = open_notebook(FIT, DATA, TREE)
    for index in range(3):
        notebook.run(index)
    notebook.output.get_by_role("button", name="Save model…").click()
    form = notebook.output.get_by_role("form", name="Save model")
    expect(form.get_by_label("Name (required)")).to_be_focused()
    notebook.page.keyboard.type("tree")
    expect(form.get_by_text("New model, version 1")).to_be_visible()
    form.get_by_label("Alias").fill("latest")
    expect(form.get_by_text("'latest' is reserved and cannot be an alias.")).to_be_visible()
    expect(form.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    form.get_by_role("button", name="Cancel").click()
    expect(notebook.output.get_by_role("button", name="Save model…")).to_be_focused()


def test_not_now_leaves_nothing(open_notebook):
    notebook = open_notebook(FIT, DATA, TREE)
    for index in range(3):
        notebook.run(index)
    notebook.output.get_by_role("button", name="Not now").click()
    expect(notebook.output.get_by_role("button", name="Save model…")).to_have_count(0)
    # The view says it at once; then the kernel puts a plain line in its place.
    expect(notebook.output.get_by_role("group", name="Offer to keep a model")).to_have_count(0)
    expect(notebook.output.get_by_text("Not kept.")).to_be_visible()
    assert "widget-view" not in notebook.saved()


def test_a_notebook_that_is_opened_again_says_to_run_the_cell(open_notebook, server):
    notebook = open_notebook(filled(1) + "\n%models")
    notebook.run(0)
    expect(models(notebook)).to_contain_text("1 model")
    outputs = json.loads(notebook.saved())["cells"][0]["outputs"]
    texts = ["".join(output.get("data", {}).get("text/plain", "")) for output in outputs]
    assert any("run this cell" in text for text in texts), texts
