"""Run a notebook from top to bottom in a kernel of this Python, and print what it says.

Usage: ``run_notebook.py NOTEBOOK``. Models are kept in a directory that is gone afterwards, and so is what Jupyter and IPython
write of their own: the user's home is neither read nor changed.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

INDENT = "    "
CALL = re.compile(r"(\w+ = )?%\w")
"""A line with a magic."""


def main(path: Path) -> int:
    """Run the notebook; return 1 if a cell failed."""
    with tempfile.TemporaryDirectory(prefix="modelstore-demo-") as directory:
        stay_in(Path(directory))
        import nbformat
        from nbclient.exceptions import CellExecutionError

        notebook = nbformat.read(path, as_version=4)
        try:
            execute(notebook)
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
    for cell in notebook.cells:
        tell(cell)
    return 0


def execute(notebook: NotebookNode) -> None:
    """Run all cells, in an empty working directory."""
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as work:
        options = {"timeout": 300, "kernel_name": "python3", "extra_arguments": ["--log-level=ERROR"]}
        NotebookClient(notebook, resources={"metadata": {"path": work}}, **options).execute()


def stay_in(directory: Path) -> None:
    """Let everything that Jupyter, IPython and this package write go to one directory."""
    for name in ("SUPABASE_URL", "SUPABASE_KEY", "MODELSTORE_URL", "JUPYTER_PATH", "PYTHONPATH"):
        os.environ.pop(name, None)
    places = ("MODELSTORE_HOME", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    for name in places:
        os.environ[name] = str(directory / name.lower())


def tell(cell: NotebookNode) -> None:
    """Print a cell: the heading of a text; of code the lines that call this package, and the output."""
    if cell["cell_type"] == "markdown":
        for line in cell["source"].splitlines():
            if line.startswith("#"):
                heading = line.lstrip("# ")
                print(f"\n{heading}\n{'─' * len(heading)}")
        return
    for line in cell["source"].splitlines():
        if CALL.match(line):
            print(f"\n{line}")
    for output in cell["outputs"]:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        for line in text.rstrip().splitlines():
            print(INDENT + line)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
