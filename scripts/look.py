"""Photograph every state of the front end, in light and dark, at four widths: to be opened and judged.

Usage: ``look.py TARGET [STATE …]``. Needs chromium (CHROMIUM names another), Node and playwright; nothing of it is shipped.
Prints what is wrong by measure: a page error, or a view that is wider than its place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import front
from playwright.sync_api import Page, sync_playwright

PAGE = front.SOURCES / "dev" / "out" / "page.html"
WIDTHS = (240, 320, 700, 1200)
ARGUMENTS = ("--no-sandbox", "--disable-gpu")


def main(target: Path, wanted: list[str]) -> int:
    """Photograph; return 1 if something was wrong."""
    front.yarn("run", "build:look")
    target.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for theme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 800})
                page.on("pageerror", lambda error: wrong.append(str(error)))
                page.goto(f"{PAGE.as_uri()}?state=empty")
                for state in wanted or page.evaluate("names"):
                    wrong.extend(photograph(page, state, theme, target / f"{state}-{theme}-{width}.png"))
                page.close()
        browser.close()
    print("\n".join(wrong))
    return 1 if wrong else 0


def photograph(page: Page, state: str, theme: str, target: Path) -> Iterator[str]:
    """Bring the page into a state and write its picture; yield what is too wide."""
    page.goto(f"{PAGE.as_uri()}?state={state}&theme={theme}")
    page.wait_for_timeout(150)
    steps = page.evaluate("steps")
    for name in steps["press"]:
        control = page.get_by_role("button", name=name, exact=True)
        for role in ("checkbox", "radio"):
            control = control.or_(page.get_by_role(role, name=name, exact=True))
        control.first.click()
        page.wait_for_timeout(100)
    if steps["type"]:
        page.get_by_label(steps["type"][0]).fill(steps["type"][1])
    if steps["unfold"]:
        for folded in page.locator("summary").all():
            folded.click()
    page.wait_for_timeout(400)
    page.screenshot(path=target, full_page=True)
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if over > 0:
        yield f"{target.name}: {over} px too wide"


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 (a target)
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
