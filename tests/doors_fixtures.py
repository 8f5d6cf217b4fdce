"""A notebook without a browser, and a back door into the database: what the tests of the doors share."""

from __future__ import annotations

import atexit
import gc
import sqlite3
import sys
import warnings
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass
class Cell:
    """What running one cell gave."""

    outputs: list[dict[str, Any]]
    value: Any
    error: BaseException | None
    stdout: str = ""
    traceback: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that was displayed, as text."""
        return "\n".join(bundle.get("text/plain", "") for bundle in self.outputs)

    @property
    def html(self) -> str:
        """All that was displayed, as HTML."""
        return "\n".join(bundle.get("text/html", "") for bundle in self.outputs)


class Notebook:
    """Runs cells in a real shell."""

    def __init__(self, shell):
        self.shell = shell

    def __setitem__(self, name, value):
        self.shell.user_ns[name] = value

    def __getitem__(self, name):
        return self.shell.user_ns[name]

    def run(self, code, *, ok=True):
        """Run a cell; fail the test if it raises, unless ``ok`` is False, and then if it does not."""
        from IPython.utils.capture import capture_output

        shown = []
        self.shell._showtraceback = lambda _kind, _value, lines: shown.extend(lines)
        with capture_output() as captured, warnings.catch_warnings():
            warnings.filterwarnings("error", module="jupyter_modelstore")
            result = self.shell.run_cell(code, store_history=True)
        bundles = [
            output._repr_mimebundle_()[0] if isinstance(output._repr_mimebundle_(), tuple) else output.data
            for output in captured.outputs
        ]
        error = result.error_before_exec or result.error_in_exec
        if ok and error is not None:
            raise AssertionError("\n".join(shown)) from error
        assert ok or error is not None, "no error; it showed " + "\n".join(bundle.get("text/plain", "") for bundle in bundles)
        return Cell(bundles, result.result, error, captured.stdout, shown)

    def refused(self, code, kind):
        """Run a cell that must fail with this package's error; return it."""
        error = self.run(code, ok=False).error
        assert isinstance(error, kind), repr(error)
        return error


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A new shell of IPython; its directory is empty, and it keeps no history on the disk."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from jupyter_modelstore import errors

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr(errors, "debug", False)
    main = sys.modules["__main__"]
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    gc.freeze()  # a shell that ends collects garbage twice, and need not look at all libraries for it
    made = InteractiveShell.instance(config=config)
    yield made
    made.restore_sys_module_state()
    made.atexit_operations()
    atexit.unregister(made.atexit_operations)
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


@pytest.fixture
def notebook(shell):
    """A notebook in which the extension is loaded."""
    made = Notebook(shell)
    made.run("%load_ext jupyter_modelstore")
    return made


@pytest.fixture
def jms_store():
    """The store that the magics use, from Python."""
    import jupyter_modelstore as jms

    return jms.connect()


@pytest.fixture
def fit():
    """Makes a small fitted model; another number, another model."""
    import numpy as np
    from sklearn.linear_model import LinearRegression

    def make(slope=1.0):
        rows = np.arange(6.0).reshape(3, 2)
        return LinearRegression().fit(rows, rows @ [slope, 1.0])

    return make


@pytest.fixture
def clf(fit):
    """A small fitted model."""
    return fit()


@pytest.fixture
def poke():
    """The back door: changes a store's database behind its back."""

    def change(store, statement, *values):
        db = sqlite3.connect(f"{store.location}/store.sqlite3")
        with db:
            count = db.execute(statement, values).rowcount
        db.close()
        assert count, "nothing was changed"

    return change


@pytest.fixture
def bomb(tmp_path):
    """The bytes of a pickle that leaves a mark when it is unpickled, and the mark."""
    import pickle

    mark = tmp_path / "unpickled"

    class Bomb:
        def __reduce__(self):
            return open, (str(mark), "w")

    return pickle.dumps(Bomb(), protocol=5), mark


@pytest.fixture(scope="session")
def bundle():
    """The script of the widgets; where it was not built, a stand-in, which the build replaces."""
    import os
    from pathlib import Path

    import jupyter_modelstore

    path = Path(jupyter_modelstore.__file__).parent / "static" / "widget.js"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text("export default { render() { return () => {} } }  // a stand-in for tests\n")
        part.replace(path)
    return path


def file_of(store, record):
    """Return the file of a model in a local store."""
    from pathlib import Path

    return Path(store.location) / "files" / f"{record.save_id}.pkl"


@pytest.fixture
def stored_file():
    """Finds the file of a model in a local store."""
    return file_of
