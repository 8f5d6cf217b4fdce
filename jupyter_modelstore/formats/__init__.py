"""Estimator to bytes and back: one module a format, chosen by name when writing, by content when reading.

A file says itself what it is. :func:`sniff` looks at its first bytes, unpickles nothing, and refuses what no format here
can read: an error page that was saved as a model, a JSON file, a torch checkpoint. A new format is one module and one line
in the table below. This package needs nothing but numpy, scikit-learn, joblib and cloudpickle, and imports them late.
"""

from __future__ import annotations

from jupyter_modelstore.errors import InvalidValue
from jupyter_modelstore.formats._digest import digest
from jupyter_modelstore.formats._joblib import JoblibFormat
from jupyter_modelstore.formats._pickle import PickleFormat
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Format

__all__ = ["FORMATS", "HEAD_SIZE", "by_name", "default", "digest", "sniff"]

HEAD_SIZE = 64 * 1024
"""How much of a file :func:`sniff` wants to see."""

FORMATS: dict[str, Format] = {fmt.name: fmt for fmt in (JoblibFormat(), PickleFormat())}
"""Name to format. The order is that of :func:`sniff`: a joblib file begins as a pickle does."""

_OTHERS = (
    (b"PK\x03\x04", "a zip archive (torch.save, numpy.savez, skops and Keras write such files)"),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a torch checkpoint"),
    (b"\x93NUMPY", "a numpy array (.npy)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\xef\xbb\xbf", "a text file"),
    (b"ZF", "a file of joblib before 0.10"),
)


def default() -> Format:
    """Return the format that models are written in."""
    return FORMATS["pickle"]


def by_name(name: str) -> Format:
    """Return the format of a record.

    Raises
    ------
    InvalidValue
        No format of this version has that name.
    """
    if fmt := FORMATS.get(name):
        return fmt
    raise InvalidValue(
        f"This version cannot read the format '{visible(name)}'.",
        f"It reads: {', '.join(sorted(FORMATS))}. A newer one may know more: pip install -U jupyter-modelstore",
    )


def sniff(head: bytes) -> Format:
    """Return the format that wrote a file, by its content; nothing is unpickled.

    Parameters
    ----------
    head
        The file's first :data:`HEAD_SIZE` bytes, or all of it if it is shorter.

    Raises
    ------
    InvalidValue
        It is neither a pickle nor a joblib file; the message says what it seems to be.
    """
    what = _foreign(head)
    if not what:
        for fmt in FORMATS.values():
            if fmt.matches(head):
                return fmt
    raise InvalidValue(
        f"The file is {what or 'neither a pickle nor a joblib file'}.",
        "Load the model with the library that wrote it, then save the object itself.",
    )


def _foreign(head: bytes) -> str:
    """Return what the file is when it is surely something else, or an empty string."""
    if not head:
        return "empty"
    text = head[:512].lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a web page, not a model"
    if text.startswith((b'{"', b"{\n", b"{\r\n", b"{}", b'[{"', b"[\n")):
        return "a JSON text, not a model"
    return next((what for magic, what in _OTHERS if head.startswith(magic)), "")
