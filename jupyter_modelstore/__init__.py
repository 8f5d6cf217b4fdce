"""Keep a fitted model from a notebook, find it again, load it back.

In a notebook::

    %load_ext jupyter_modelstore
    %save_model clf "churn"
    best = %load_model churn

In a script::

    import jupyter_modelstore as jms

    store = jms.connect()
    store.save(clf, "churn")
    best = store.load("churn")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_modelstore._version import __version__
from jupyter_modelstore.errors import ModelStoreError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelstore.config import connect
    from jupyter_modelstore.record import ModelRecord, Query, Reference
    from jupyter_modelstore.registry import EnvironmentWarning, NotArrivedWarning, Registry
    from jupyter_modelstore.widgets import Gallery, SaveDialog

__all__ = [
    "EnvironmentWarning",
    "Gallery",
    "ModelRecord",
    "ModelStoreError",
    "NotArrivedWarning",
    "Query",
    "Reference",
    "Registry",
    "SaveDialog",
    "__version__",
    "connect",
    "load_ipython_extension",
    "unload_ipython_extension",
]

_LATE = {
    "connect": "config",
    "EnvironmentWarning": "registry",
    "Gallery": "widgets",
    "ModelRecord": "record",
    "NotArrivedWarning": "registry",
    "Query": "record",
    "Reference": "record",
    "Registry": "registry",
    "SaveDialog": "widgets",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (any public name)
    """Import a public name's room when it is first asked for."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the magics to IPython; called by ``%load_ext jupyter_modelstore``."""
    from jupyter_modelstore.magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away again; called by ``%unload_ext jupyter_modelstore``."""
    from jupyter_modelstore.magics import unload

    unload(shell)
