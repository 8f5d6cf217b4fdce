"""A real server, a real browser: JupyterLab and Notebook 7 from one server, Chromium by Playwright.

The page is ready when the application says so, never when it looks so; cells are run by the application's own command. These
tests run in a pytest process of their own (``scripts/test``): Playwright's loop does not go with others.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_OPEN = "path => window.jupyterapp.commands.execute('docmanager:open', {path}).then(() => null)"
_CLOSE = """() => {
  for (const one of [...window.jupyterapp.shell.widgets('main')]) one.dispose();
  return !document.querySelector('.jp-Dialog');
}"""
_READY = """async (deadline) => {
  const late = new Promise((_, no) => setTimeout(() => no(new Error('not ready')), deadline));
  const ready = (async () => {
    while (!window.jupyterapp) await new Promise(r => setTimeout(r, 50));
    const app = window.jupyterapp;
    await app.started; await app.restored;
    let panel = null;
    while (!(panel = app.shell.currentWidget) || !panel.context) await new Promise(r => setTimeout(r, 50));
    await panel.context.ready; await panel.sessionContext.ready; await panel.revealed;
    while (panel.sessionContext.session?.kernel?.status !== 'idle') await new Promise(r => setTimeout(r, 50));
  })();
  await Promise.race([ready, late]);
}"""
_RUN = """async ([index, wait, deadline]) => {
  const app = window.jupyterapp, content = app.shell.currentWidget.content;
  content.activeCellIndex = index;
  const done = app.commands.execute('notebook:run-cell');
  if (wait) await Promise.race([done, new Promise((_, no) => setTimeout(() => no(new Error('cell still runs')), deadline))]);
}"""
_THEME = """async light => {  // the server keeps what an earlier test chose
  await window.jupyterapp.commands.execute('apputils:change-theme', {theme: light ? 'JupyterLab Light' : 'JupyterLab Dark'});
  while (document.body.dataset.jpThemeLight !== String(light)) await new Promise(r => setTimeout(r, 50));
}"""

playwright.expect.set_options(timeout=20_000)


@dataclass
class Server:
    """A Jupyter server with directories of its own."""

    url: str
    token: str
    root: Path
    home: Path
    environment: dict[str, str]

    def call(self, path: str, method: str = "GET", body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 (the server of these tests)
            f"{self.url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 (see above)
            text = answer.read()
        return json.loads(text) if text else None

    def forget_sessions(self) -> None:
        for session in self.call("api/sessions"):
            with contextlib.suppress(OSError):
                self.call(f"api/sessions/{session['id']}", "DELETE")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    base = tmp_path_factory.mktemp("jupyter")
    root, home = base / "root", base / "home"
    root.mkdir()
    home.mkdir()
    token, port = secrets.token_hex(16), _free_port()
    own = {name: str(base / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(base / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    environment = {**os.environ, **own, "HOME": str(home), "MODELSTORE_HOME": str(home / "modelstore"), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    arguments = [
        *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"),
        *("--JupyterNotebookApp.expose_app_in_browser=True", "--LabApp.news_url=None"),
        "--ServerApp.jpserver_extensions=notebook=True",
    ]
    # The question whether one wants news covers what is tested.
    quiet = base / "jupyter_config_dir" / "labconfig" / "page_config.json"
    quiet.parent.mkdir(parents=True)
    quiet.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
    log = (base / "server.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *arguments], env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=root
    )
    made = Server(f"http://127.0.0.1:{port}", token, root, home, environment)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                made.call("api/status")
                break
            assert process.poll() is None, (base / "server.log").read_text()
            time.sleep(0.2)
        yield made
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with a profile of its own; its cache spares all pages but the first a quarter of their time to open."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium: apt install chromium, or name one in CHROMIUM")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=chromium, headless=True, args=_ARGUMENTS
        )
        yield opened
        opened.close()


class Tab:
    """A page of the browser: Notebook 7 with one notebook, or JupyterLab, which may open one after another."""

    def __init__(self, browser: Any, server: Server, where: str) -> None:
        self.errors: list[str] = []
        self.page = browser.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(f"{error}\n{getattr(error, 'stack', '')}"))
        self.page.goto(f"{server.url}/{where}{'&' if '?' in where else '?'}token={server.token}")

    def clear(self) -> bool:
        """Close all notebooks as they are; tell whether the next test finds a page as new."""
        try:
            return not self.errors and bool(self.page.evaluate(_CLOSE))
        except playwright.Error:
            return False

    def close(self) -> None:
        """Close the page; fail if anything of ours threw."""
        self.page.close()
        ours = [error for error in self.errors if "blob:" in error or "modelstore" in error]
        assert not ours, ours


@dataclass
class Page:
    """A notebook that is open in a browser."""

    server: Server
    page: Any
    name: str

    def run(self, index: int, *, wait: bool = True, deadline: int = 90_000) -> None:
        """Run one cell; ``wait``: until it has ended."""
        self.page.evaluate(_RUN, [index, wait, deadline])

    @property
    def output(self) -> Any:
        """What cells show; the hidden side panels hold the same classes."""
        return self.page.locator(".jp-OutputArea")

    def saved(self) -> str:
        """Save the notebook and return its file's text."""
        self.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
        return (self.server.root / self.name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def spare() -> list[Tab]:
    """JupyterLab without notebooks, if an earlier test left one: to load it takes longer than most tests."""
    return []


@pytest.fixture
def open_notebook(server: Server, browser: Any, spare: list[Tab]) -> Iterator[Callable[..., Page]]:
    """Open a notebook with the given cells, in JupyterLab (``lab``) or Notebook 7 (``notebook``)."""
    opened: list[Tab] = []

    def make(
        *cells: str,
        app: str = "lab",
        theme: str = "light",
        width: int = 1280,
        height: int = 900,
        name: str = "",
        fresh: bool = False,
    ) -> Page:
        server.forget_sessions()
        name = name or f"n{secrets.token_hex(4)}.ipynb"
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, server.root / name)
        if app == "lab" and fresh and spare:  # two pages of one workspace do not go together
            spare.pop().close()
        if app == "lab" and spare:
            tab = spare.pop()
            tab.page.evaluate(_OPEN, name)
        else:
            tab = Tab(browser, server, f"lab/tree/{name}?reset" if app == "lab" else f"notebooks/{name}")
        opened.append(tab)
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.page.evaluate(_READY, 60_000)
        tab.page.evaluate(_THEME, theme == "light")
        return Page(server, tab.page, name)

    yield make
    for tab in opened:
        if not spare and "/lab" in tab.page.url and tab.clear():
            spare.append(tab)
        else:
            tab.close()


@pytest.fixture(autouse=True)
def _empty_store(server: Server) -> None:
    shutil.rmtree(server.home / "modelstore", ignore_errors=True)
