"""The joblib format: read what ``joblib.dump`` wrote, compressed or not. Nothing is written in it.

joblib keeps arrays beside the pickle's opcodes, so only its own unpickler can read them; it is used with the same mapping of
moved names. Decompressing is done here: joblib's reader never ends on a file of two gzip members or with bytes after its
stream. Exactly one stream is read, a piece at a time, and nothing may follow it.
"""

from __future__ import annotations

import bz2
import functools
import inspect
import io
import lzma
import zlib
from typing import Any, BinaryIO, Protocol

from jupyter_modelstore.errors import CannotLoad, UsageError
from jupyter_modelstore.formats import _moved
from jupyter_modelstore.formats._pickle import looks_pickled, rebuilding
from jupyter_modelstore.protocols import Dumped, Sink

_PIECE = 256 * 1024
_GLANCE = 4096
_ENOUGH = 64 * 1024
_MARK = b"joblib.numpy_pickle"


class JoblibFormat:
    """Files of ``joblib.dump``, since joblib 1.0; also gzip and its like around a plain pickle."""

    name = "joblib"
    suffix = ".joblib"

    def dump(self, model: object, file: Sink) -> Dumped:  # noqa: ARG002 (the protocol's)
        """Refuse: models are written as plain pickles, which everything reads.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError("Models are not written in joblib's format.", "Save it as it is: joblib.load reads the pickle too.")

    def load(self, file: BinaryIO) -> object:
        """Read a file of joblib.

        Raises
        ------
        CannotLoad
            It cannot be rebuilt here, is cut short, or goes on after its end.
        """
        kind = _compression(file.read(_LONGEST))
        file.seek(0)
        if kind is None:
            return _read(file)
        stream = io.BufferedReader(_Stream(file, _decompressor(kind)), _PIECE)
        model = _read(stream)
        with rebuilding():
            rest = stream.read(1)
        if rest:
            raise CannotLoad("The file goes on after the model.", "It holds more than one object; save the one that is meant.")
        return model

    def matches(self, head: bytes) -> bool:
        """Tell by the compression's first bytes and what is inside, or by joblib's arrays; nothing is unpickled."""
        kind = _compression(head)
        if kind is None:
            return _MARK in head and looks_pickled(head)
        if kind == "lz4" and not _has_lz4():
            return True
        try:
            inside = _decompressor(kind).decompress(head, _GLANCE)
        except Exception:  # noqa: BLE001 (each compression has its own errors)
            return False
        # A compression that works in blocks may not give anything yet.
        return looks_pickled(inside) if inside else len(head) >= _ENOUGH


def _read(file: BinaryIO | io.BufferedReader) -> object:
    with rebuilding():
        return _reader()(file).load()


@functools.cache
def _reader() -> Any:  # noqa: ANN401 (a class made of joblib's, which has no types)
    """Return joblib's unpickler with our names; made once, when a file of joblib is first read."""
    from joblib.numpy_pickle import NumpyUnpickler

    options = {}
    if "ensure_native_byte_order" in inspect.signature(NumpyUnpickler.__init__).parameters:
        options["ensure_native_byte_order"] = True

    class Reader(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
        def __init__(self, file: BinaryIO) -> None:
            super().__init__("", file, **options)

        def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 (pickle's hook)
            if name == "NDArrayWrapper":
                raise CannotLoad(
                    "The file was written by joblib before 0.10, which kept arrays in files of their own.",
                    "Load it with joblib.load where it lies, then save the model.",
                )
            return _moved.find(super().find_class, module, name)

    return Reader


# ── Decompressing ────────────────────────────────────────────────────────────────────────────────────────────────────────

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ": "xz",
    b"\x5d\x00": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
}
_LONGEST = max(map(len, _MAGIC))


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zlib:
    """zlib's decompressor with the manners of the others."""

    def __init__(self, bits: int) -> None:
        self._inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _compression(head: bytes) -> str | None:
    """Return how a file is compressed, or None if it is not."""
    if len(head) > 1 and head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0:  # noqa: PLR2004 (RFC 1950)
        return "zlib"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def _decompressor(kind: str) -> _Decompressor:
    if kind in {"zlib", "gzip"}:
        return _Zlib(15 if kind == "zlib" else 31)
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind in {"xz", "lzma"}:
        return lzma.LZMADecompressor()
    if not _has_lz4():
        raise CannotLoad("The file is compressed with lz4, which is not installed here.", "pip install lz4")
    import lz4.frame

    decompressor: _Decompressor = lz4.frame.LZ4FrameDecompressor()
    return decompressor


def _has_lz4() -> bool:
    try:
        import lz4.frame  # noqa: F401 (only asked for)
    except ImportError:
        return False
    return True


class _Stream(io.RawIOBase):
    """What one compressed stream holds, read as a file; refuses a stream that is cut short, or not the file's end."""

    def __init__(self, file: BinaryIO, decompressor: _Decompressor) -> None:
        self._file = file
        self._decompressor = decompressor

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 (any writable buffer)
        while not self._decompressor.eof:
            compressed = self._file.read(_PIECE) if self._decompressor.needs_input else b""
            if not compressed and self._decompressor.needs_input:
                raise EOFError("the compressed stream is cut short")
            data = self._decompressor.decompress(compressed, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
        if self._decompressor.unused_data or self._file.read(1):
            raise ValueError("something follows the compressed stream")
        return 0
