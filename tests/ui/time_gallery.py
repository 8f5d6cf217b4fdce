"""Times the gallery of 10,000 models in a real JupyterLab, beside one of plain ipywidgets; for ``scripts/bench-gallery``.

From the moment at which the cell is run: the first card in the page, all 48 and a frame; from the last key in the search: the
cards that match. Medians of some runs, each in a new kernel.
"""

from __future__ import annotations

import statistics

from cells import filled
from playwright.sync_api import expect

RUNS = 5
# Cards in open shadow roots, or rows of ipywidgets; waits for the first and for all, each with the frame that shows it.
_TIMED = """async ([index, selector, wanted]) => {
  const all = () => [...document.querySelectorAll('.jp-OutputArea *')].flatMap(element =>
    element.shadowRoot ? [...element.shadowRoot.querySelectorAll(selector)]
      : element.matches(selector) ? [element] : []);
  const frame = () => new Promise(done => requestAnimationFrame(() => done()));
  const app = window.jupyterapp;
  app.shell.currentWidget.content.activeCellIndex = index;
  const start = performance.now();
  app.commands.execute('notebook:run-cell');
  while (all().length < 1) await frame();
  const first = performance.now() - start;
  while (all().length < wanted) await frame();
  await frame();
  return [first, performance.now() - start];
}"""
_FILTERED = """async ([text, selector, wanted]) => {
  const roots = [...document.querySelectorAll('.jp-OutputArea *')].map(element => element.shadowRoot).filter(Boolean);
  const root = roots.find(one => one.querySelector('input[type=search]')), box = root.querySelector('input[type=search]');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const start = performance.now();
  set.call(box, text);
  box.dispatchEvent(new InputEvent('input', { bubbles: true }));
  while (root.querySelectorAll(selector).length !== wanted) await new Promise(done => requestAnimationFrame(() => done()));
  return performance.now() - start;
}"""
# About seven widgets a card: what people write who want a gallery in a notebook.
PLAIN = """import ipywidgets as w
from jupyter_modelstore import connect
w.VBox([
    w.HBox([w.HTML(f"<b>{r.name}</b>"), w.HTML(r.algorithm), w.HTML(str(dict(r.metrics))), w.Button(description="load"),
            w.Button(description="delete"), w.Checkbox(indent=False)]).add_class("plain-card")
    for r in list(connect().list())[:128]
])"""


def test_time(open_notebook, capsys):
    ours: list[tuple[float, float, float]] = []
    plain: list[tuple[float, float]] = []
    for _ in range(RUNS):
        notebook = open_notebook(filled(10_000) if not ours else "%load_ext jupyter_modelstore", "%models", PLAIN)
        notebook.run(0)
        first, every = notebook.page.evaluate(_TIMED, [1, "li.card", 48])
        filtered = notebook.page.evaluate(_FILTERED, ["model 09999", "li.card", 1])
        ours.append((first, every, filtered))
        expect(notebook.output.get_by_text("model 09999").first).to_be_visible()
        first, every = notebook.page.evaluate(_TIMED, [2, ".plain-card", 128])
        plain.append((first, every))
    names = ("first card", "48 cards", "filtered, after the last key")
    rows = [f"{name}: {statistics.median(times):.0f} ms" for name, times in zip(names, zip(*ours, strict=True), strict=True)]
    beside = [
        f"{name}: {statistics.median(times):.0f} ms"
        for name, times in zip(("first", "128"), zip(*plain, strict=True), strict=True)
    ]
    with capsys.disabled():
        print("\n10,000 models ·", " · ".join(rows))  # noqa: T201 (what it is called for)
        print("plain ipywidgets, 128 models ·", " · ".join(beside))  # noqa: T201 (see above)
