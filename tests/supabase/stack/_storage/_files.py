"""Bytes of objects: one file a version, written and read piece by piece, never in the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from ._errors import Refusal, too_large

PIECE = 1 << 20


class Files:
    """A directory of objects by version."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._directory = directory

    def path(self, version: str) -> Path:
        """Return where the bytes of a version are; a version is a uuid of ours."""
        return self._directory / version

    async def write(self, version: str, pieces: AsyncIterator[bytes], limit: int) -> int:
        """Append pieces as they come, and return the file's size. More than the limit is refused."""
        path = self.path(version)
        size = path.stat().st_size if path.exists() else 0
        with path.open("ab", buffering=0) as file:
            async for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise too_large()
                await asyncio.to_thread(file.write, piece)
        return size

    async def etag(self, version: str) -> str:
        """Return the hash of a file, as an entity tag."""
        return f'"{await asyncio.to_thread(_md5, self.path(version))}"'

    async def copy(self, source: str, target: str) -> None:
        """Copy a version's bytes."""
        await asyncio.to_thread(shutil.copyfile, self.path(source), self.path(target))

    def remove(self, *versions: str | None) -> None:
        """Remove versions that may be gone already."""
        for version in versions:
            if version:
                self.path(version).unlink(missing_ok=True)

    async def send(self, request: web.Request, version: str, headers: dict[str, str]) -> web.StreamResponse:
        """Answer with a version's bytes, or the range of them that was asked for."""
        path = self.path(version)
        if not path.exists():
            raise Refusal(404, "Not found", "NoSuchKey", "The resource was not found")
        size = path.stat().st_size
        begin, end = _range(request, size)
        response = web.StreamResponse(status=206 if request.headers.get("Range") else 200, headers=headers)
        response.content_length = end - begin
        response.headers["Accept-Ranges"] = "bytes"
        if response.status == web.HTTPPartialContent.status_code:
            response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        await response.prepare(request)
        if request.method != "HEAD":
            with path.open("rb", buffering=0) as file:
                file.seek(begin)
                while begin < end:
                    piece = await asyncio.to_thread(file.read, min(PIECE, end - begin))
                    begin += len(piece)
                    await response.write(piece)
        await response.write_eof()
        return response


def _range(request: web.Request, size: int) -> tuple[int, int]:
    """Return the bytes that a request wants, as a half-open interval."""
    refused = Refusal(400, "invalid_range", "InvalidRange", "invalid range provided")
    try:
        wanted = request.http_range
    except ValueError as error:
        raise refused from error
    begin, end, _ = wanted.indices(size)
    if request.headers.get("Range") and begin >= end:
        raise refused
    return begin, end


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


async def pieces_of(read) -> AsyncIterator[bytes]:
    """Gather what arrives into pieces worth a thread. What came before the caller was cut off, is handed on too."""
    gathered = bytearray()
    try:
        while piece := await read():
            gathered += piece
            if len(gathered) >= PIECE:
                yield bytes(gathered)
                gathered.clear()
    except Exception:
        yield bytes(gathered)
        raise
    yield bytes(gathered)
