"""Draws the pictures of README and guide: the tour in a real JupyterLab. Called by ``scripts/screenshots``; no test.

``pytest tests/ui/draw_images.py`` with ``python_files=draw_*.py``.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"


def tour():
    book = nbformat.read(ROOT / "notebooks" / "gallery.ipynb", as_version=4)
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_draw(open_notebook, theme):
    cells = tour()
    notebook = open_notebook(*cells[:-1], theme=theme, width=1400, height=1000, name="wine.ipynb")
    for command in ("application:toggle-left-area", "application:toggle-right-area"):
        notebook.page.evaluate("name => window.jupyterapp.commands.execute(name)", command)
    for index in range(3):
        notebook.run(index)
    offer(notebook, theme)
    for index in range(3, len(cells) - 1):
        notebook.run(index)
    gallery(notebook, theme)


def offer(notebook, theme):
    expect(notebook.output.get_by_text("Keep this RandomForestClassifier")).to_be_visible()
    notebook.output.get_by_role("button", name="Save model…").click()
    form = notebook.output.get_by_role("form", name="Save model")
    form.get_by_label("Name (required)").fill("wine forest")
    form.get_by_label("Tags").fill("wine")
    form.get_by_label("Tags").press("Enter")
    expect(form.get_by_text("New model, version 1")).to_be_visible()
    form.scroll_into_view_if_needed()
    form.screenshot(path=IMAGES / f"save-{theme}.png")
    form.get_by_role("button", name="Cancel").click()
    notebook.output.get_by_role("button", name="Not now").click()


def gallery(notebook, theme):
    shown = notebook.output.get_by_role("region", name="Models")
    expect(shown).to_contain_text("wine linear")
    notebook.page.wait_for_timeout(1000)
    shown.scroll_into_view_if_needed()
    shown.screenshot(path=IMAGES / f"gallery-{theme}.png")
    for name in ("wine forest:3", "wine linear:1"):
        shown.get_by_label(f"Compare {name}").check()
    shown.get_by_role("button", name="Compare (2)").click()
    dialog = notebook.output.get_by_role("dialog")
    expect(dialog.get_by_role("table")).to_be_visible()
    dialog.screenshot(path=IMAGES / f"compare-{theme}.png")
