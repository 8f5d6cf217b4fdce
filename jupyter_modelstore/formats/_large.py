"""Large arrays into large pages: reading a 200 MB array takes a third of the time.

An unpickler makes an empty buffer for each array and reads into it. Memory that is new comes in pages of 4 KiB, each fetched
from the kernel when it is first written to, and that takes longer than the reading. Linux gives pages of 2 MiB to whoever
asks; numpy asks for its own arrays, and here it is asked for what becomes one.
"""

from __future__ import annotations

import contextlib
import functools
import mmap
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

_LARGE = 1 << 22  # from where numpy asks
_HUGE_PAGES = 14  # MADV_HUGEPAGE


class Roomy:
    """A file for an unpickler, which looks its methods up once: all are the file's own but the one that reads into a buffer."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._read_into: Callable[[Any], int] = file.readinto  # type: ignore[attr-defined]  # every file opened here has it

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (the file's)
        """Return what the file has."""
        return getattr(self._file, name)

    def readinto(self, buffer: memoryview, /) -> int:
        """Read into a buffer, for which large pages are asked for if it is large."""
        if buffer.nbytes >= _LARGE:
            _ask(buffer)
        return self._read_into(buffer)


def _ask(buffer: memoryview) -> None:
    """Ask for large pages in a buffer. Whether they are given changes nothing but the time."""
    advise = _adviser()
    if advise is None:
        return
    import ctypes

    with contextlib.suppress(TypeError, ValueError):  # no plain, writable memory
        start = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
        first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
        advise(first, (start + buffer.nbytes - first) // mmap.PAGESIZE * mmap.PAGESIZE, _HUGE_PAGES)


@functools.cache
def _adviser() -> Callable[[int, int, int], int] | None:
    """Return Linux's ``madvise``."""
    if sys.platform != "linux":
        return None
    import ctypes

    try:
        advise = ctypes.CDLL(None).madvise
    except (OSError, AttributeError):
        return None
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return advise
