"""Would the file of a model be one that is there already? Its sha256, written nowhere, and given up where it costs too much."""

from __future__ import annotations

import hashlib
from pickle import PickleBuffer
from time import monotonic
from typing import Any

from jupyter_modelstore.errors import ModelStoreError, TooLarge
from jupyter_modelstore.protocols import Format


class _Hash:
    """A sink that keeps nothing, and ends the writing when it has become too much."""

    def __init__(self, largest: int, seconds: float) -> None:
        self._largest = largest
        self._until = monotonic() + seconds
        self.restart()

    def restart(self) -> None:
        """Forget all that was written."""
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: Any, /) -> int:  # noqa: ANN401 (bytes or any contiguous buffer, as picklers write)
        """Hash ``data``."""
        view = PickleBuffer(data).raw()
        self._size += view.nbytes
        if self._size > self._largest or monotonic() > self._until:
            raise TooLarge("It is larger than what it is compared with.")
        self._hash.update(view)
        return view.nbytes

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of all that was written."""
        return self._hash.hexdigest()


def digest(model: object, fmt: Format, *, largest: int, seconds: float) -> str | None:
    """Return the sha256 that a model's file would have.

    Parameters
    ----------
    model
        What would be saved.
    fmt
        The format that it would be saved in.
    largest, seconds
        No file of more bytes is of interest, and none that takes longer.

    Returns
    -------
    str or None
        None if it is larger, takes longer, or cannot be written.
    """
    sink = _Hash(largest, seconds)
    try:
        fmt.dump(model, sink)
    except (ModelStoreError, OSError, MemoryError):
        return None
    return sink.sha256
