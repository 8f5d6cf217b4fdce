"""``%load_ext jupyter_modelstore`` in a fresh kernel: its time, and the modules that it brings."""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path

from _turns import Row, milliseconds
from jupyter_client.manager import KernelManager

_ASK = """
import sys, time
_held = set(sys.modules)
_start = time.perf_counter()
{statement}
_took = time.perf_counter() - _start
import json
_new = [_name for _name in sys.modules if _name not in _held]
_places = {{_name: getattr(sys.modules[_name], "__file__", None) or "" for _name in _new}}
print(json.dumps([_took, _places]))
"""
_LOAD = 'get_ipython().run_line_magic("load_ext", "jupyter_modelstore")'


def rows(directory: Path, *, quick: bool, peers: bool) -> list[Row]:
    os.environ |= {"IPYTHONDIR": str(directory / "ipython"), "MODELSTORE_HOME": str(directory / "home")}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # pip compiles what it installs; here the first kernel does, uncounted
    answers = [_in_a_kernel(_LOAD) for _ in range(4 if quick else 11)][1:]
    seconds = [took for took, _ in answers]
    median = statistics.median(seconds) * 1e3
    foreign = sorted({name for _, places in answers for name, place in places.items() if _is_foreign(name, place)})
    beside = []
    if peers:
        for statement in ("import mlflow", "import pins"):
            _in_a_kernel(statement)
            beside.append(f"{statement} {milliseconds([_in_a_kernel(statement)[0] for _ in range(3)])}")
    modules = ", ".join(foreign) or "none"
    return [
        Row("%load_ext in a fresh kernel", "15 ms", f"{median:.1f} ms", median <= 15, milliseconds(seconds), beside),
        Row("the same: new third-party modules", "none", modules, not foreign, ""),
    ]


def _is_foreign(name: str, place: str) -> bool:
    """Tell whether a module is of another project. IPython itself imports a part of its own for any ``%load_ext``."""
    top = name.partition(".")[0]
    return top not in {"jupyter_modelstore", "IPython", *sys.stdlib_module_names} and "site-packages" in place


def _in_a_kernel(statement: str) -> tuple[float, dict[str, str]]:
    """Run a statement in a new kernel of this Python; return its seconds, and the new modules with their files."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--HistoryManager.enabled=False"])
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        printed: list[str] = []
        client.execute_interactive(
            _ASK.format(statement=statement),
            timeout=120,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
        took, places = json.loads("".join(printed).strip().splitlines()[-1])
        return took, places
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
