"""Where bytes and records rest. A new backend is one module here, and its address one line in :func:`open_backend`."""

from __future__ import annotations

from pathlib import Path

from jupyter_modelstore._files import expanded
from jupyter_modelstore.errors import NotConfigured
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Backend


def open_backend(url: str, *, home: Path, user_id: str) -> Backend:
    """Return the backend at an address.

    Parameters
    ----------
    url
        ``local:`` (the store in ``home``) or ``local:DIRECTORY``.
    home
        The user's own directory for models.
    user_id
        UUID of the user.

    Raises
    ------
    NotConfigured
        There is no backend for such an address.
    """
    scheme, colon, rest = url.partition(":")
    if scheme == "local" and colon:
        from jupyter_modelstore.backends.local import LocalBackend

        return LocalBackend(expanded(rest).absolute() if rest else home, user_id)  # a notebook may change directory
    raise NotConfigured(
        f"'{visible(url)}' is no address of a store that this version can use.",
        "It is local: (models stay on this machine), local:DIRECTORY, or a project's: https://abcdefgh.supabase.co",
    )
