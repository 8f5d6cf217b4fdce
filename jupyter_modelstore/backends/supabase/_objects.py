"""Model files in a project's bucket: sent, fetched, looked at and removed, without ever holding a model in memory.

Up to 6 MB go in one request. What is larger goes by resumable upload (TUS 1.0.0, tus.io/protocols/resumable-upload), in
pieces of 6 MB, as Supabase asks for; a process that was killed goes on from where the server is. A key is used once: what
is there already is not overwritten, and a lost answer is found by looking, never by sending again.
"""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import quote

from jupyter_modelstore._gateway import not_understood, of_network
from jupyter_modelstore.backends.supabase import _answers
from jupyter_modelstore.errors import Forbidden, ModelFileNotFound, ModelStoreError, NotSignedIn, ServiceError, Unreachable
from jupyter_modelstore.protocols import AS_NOBODY, Progress

if TYPE_CHECKING:
    import httpx

BUCKET = "model-files"
PIECE = 6 * 1024 * 1024  # bytes; Supabase takes no other size of a piece
_READ = 1 << 20
_SLICE = 1 << 16
_PATIENCE = (3.0, 30.0, 30.0, 30.0)  # seconds, where bytes go: for a connection, to read, to write, for a free connection
_TRIES = 4
_DIGITS = 20  # a number with more is no size of a file
_FIRST_PAUSE = 0.5  # seconds, doubled each time
UPLOAD = re.compile(r"(?!\.+$)[A-Za-z0-9._~%=+:@-]{1,2000}")
"""The end of an upload's address."""
_TUS = {"Tus-Resumable": "1.0.0"}
_T = TypeVar("_T", bound="dict[str, Any] | list[Any]")


class Objects:
    """The bucket, as the person whom the client signs for.

    Parameters
    ----------
    http
        A signed client; see :func:`~jupyter_modelstore.identity.signed_client`.
    url
        The project's address.
    """

    def __init__(self, http: httpx.Client, url: str) -> None:
        self._http = http
        self._url = url
        self._base = f"{url}/storage/v1"

    def alive(self, address: str, method: str) -> ModelStoreError | None:
        """Ask any address of the project as nobody; return why what is there cannot be used, None if it answers.

        Raises
        ------
        Unreachable
            There is no way to the project.
        """
        import httpx

        body: dict[str, Any] | None = {"q": {}} if method == "POST" else None
        try:
            answer = self._http.request(method, address, extensions={AS_NOBODY: True}, json=body)
        except httpx.TransportError as error:
            raise of_network(error, self._url) from None
        except httpx.DecodingError:
            return not_understood("its answer cannot be read")
        return _answers.of_nobody(answer)

    # ---- looking ---------------------------------------------------------------------------------------------------------

    def size(self, path: str) -> int | None:
        """Return the bytes of an object; None if it is not there for this person."""
        answer = self._again(lambda: self._http.get(f"{self._base}/object/info/authenticated/{BUCKET}/{quote(path)}"))
        if answer.status_code == 200:
            size = _json(answer, dict).get("size")
            if not isinstance(size, int):
                raise not_understood("it does not say how long a file is")
            return size
        error = _answers.of_storage(answer)
        if isinstance(error, ModelFileNotFound):
            return None
        raise error

    # ---- sending ---------------------------------------------------------------------------------------------------------

    def send(
        self,
        path: str,
        file: BinaryIO,
        size: int,
        *,
        progress: Progress | None = None,
        upload: str | None = None,
        remember: Callable[[str], None] | None = None,
    ) -> None:
        """Send a file to a key that is not used yet; if it is there with this size, nothing is sent.

        Parameters
        ----------
        path
            The object's key.
        file
            Open, seekable.
        size
            Its bytes.
        progress
            Told of the bytes that have gone.
        upload
            The address of a resumable upload that was begun; an older one that the server does not know is begun anew.
        remember
            Told that address when one is begun.

        Raises
        ------
        ServiceError
            Another object has this key.
        """
        try:
            if size <= PIECE:
                self._send_whole(path, file, size, progress)
            else:
                self._send_in_pieces(path, file, size, progress, upload, remember)
        except (Forbidden, ServiceError):  # as when another kernel has sent it meanwhile: what is there may not be sent
            if self.size(path) != size:
                raise
        if progress is not None:
            progress("sending", size, size)

    def _send_whole(self, path: str, file: BinaryIO, size: int, progress: Progress | None) -> None:
        headers = {"content-type": "application/octet-stream", "x-upsert": "false", "cache-control": "no-store"}
        address = f"{self._base}/object/{BUCKET}/{quote(path)}"

        def once() -> httpx.Response:
            body = _region(file, 0, size, _told(progress, size))
            return self._http.post(address, content=body, timeout=_PATIENCE, headers=headers | {"content-length": str(size)})

        answer = self._again(once)
        if answer.status_code != 200 and isinstance(_answers.of_storage(answer), NotSignedIn):
            answer = self._again(once)  # the transport has another token by now
        if answer.status_code != 200 and self.size(path) != size:  # a lost answer leaves what was sent
            raise _answers.of_storage(answer)

    def _send_in_pieces(
        self,
        path: str,
        file: BinaryIO,
        size: int,
        progress: Progress | None,
        upload: str | None,
        remember: Callable[[str], None] | None,
    ) -> None:
        offset = self._offset(upload, size) if upload else None
        if upload is None or offset is None:
            if self.size(path) == size:
                return
            upload, offset = self._begin(path, size), 0
            if remember is not None:
                remember(upload)
        tries = lost = 0
        while offset < size:
            answer = self._try_piece(upload, offset, file, min(PIECE, size - offset), _told(progress, size))
            if answer is not None and answer.status_code == 204:
                reached = _reached(answer, size)
                if reached > offset:
                    offset, tries = reached, 0
                    continue
            tries += 1
            if tries > _TRIES or (answer is not None and not _passes(answer)):
                raise (
                    _answers.of_storage(answer)
                    if answer is not None
                    else Unreachable(f"{self._url} does not answer.", "Try again.")
                )
            time.sleep(_FIRST_PAUSE * 2 ** (tries - 1))
            there = self._offset(upload, size)  # some of the piece may have arrived
            if (there is None or (answer is not None and answer.status_code == 409)) and self.size(path) == size:
                return  # by another kernel's upload, if not by this one
            lost += there is not None and there < offset
            if there is None or lost > _TRIES:
                raise ServiceError("The upload was ended by the project's storage.", "Try again; it begins anew.")
            offset = there

    def _begin(self, path: str, size: int) -> str:
        parts = {"bucketName": BUCKET, "objectName": path, "contentType": "application/octet-stream", "cacheControl": "0"}
        metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in parts.items())
        headers = _TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata, "x-upsert": "false"}
        answer = self._again(lambda: self._http.post(f"{self._base}/upload/resumable", headers=headers))
        if answer.status_code != 201:
            raise _answers.of_storage(answer)
        upload: str = answer.headers.get("location", "").rpartition("/")[2]
        if not UPLOAD.fullmatch(upload):
            raise not_understood("an upload has no address")
        return upload  # its host may be one that only the server knows

    def _try_piece(
        self, upload: str, offset: int, file: BinaryIO, length: int, told: Callable[[int], None]
    ) -> httpx.Response | None:
        import httpx

        headers = {
            "Upload-Offset": str(offset),
            "content-type": "application/offset+octet-stream",
            "content-length": str(length),
        }
        address = f"{self._base}/upload/resumable/{upload}"
        try:
            return self._http.patch(
                address, content=_region(file, offset, length, told), timeout=_PATIENCE, headers=_TUS | headers
            )
        except (httpx.TransportError, httpx.DecodingError):
            return None

    def _offset(self, upload: str, size: int) -> int | None:
        """Return how many bytes of an upload the server has; None if it does not know it."""
        answer = self._again(lambda: self._http.head(f"{self._base}/upload/resumable/{upload}", headers=_TUS))
        if answer.status_code in {200, 204}:
            return _reached(answer, size)
        if answer.status_code in {400, 404, 410}:
            return None
        raise _answers.of_storage(answer)

    # ---- fetching --------------------------------------------------------------------------------------------------------

    def fetch(self, path: str, part: Path, size: int, progress: Progress | None = None) -> None:
        """Write an object's bytes to a file, going on where an earlier try ended.

        Parameters
        ----------
        path
            The object's key.
        part
            The file; what it holds is taken for the beginning.
        size
            Bytes of the object, by its record; nothing beyond is read.

        Raises
        ------
        ModelFileNotFound
            It is not there.
        """
        import httpx

        tries = 0
        while True:
            begun = part.stat().st_size if part.exists() else 0
            if begun >= size and part.exists():
                return
            try:
                self._fetch_from(path, part, begun, size, progress)
            except httpx.DecodingError:
                raise not_understood("an answer of its storage cannot be read") from None
            except httpx.TransportError as error:
                grown = part.stat().st_size > begun if part.exists() else False
                tries = 0 if grown else tries + 1
                if tries >= _TRIES:
                    raise of_network(error, self._url) from None
                time.sleep(_FIRST_PAUSE * 2**tries)
            else:
                return

    def _fetch_from(self, path: str, part: Path, begun: int, size: int, progress: Progress | None) -> None:
        headers = {"accept-encoding": "identity"}  # the bytes as they were sent
        if begun:
            headers["range"] = f"bytes={begun}-"
        address = f"{self._base}/object/authenticated/{BUCKET}/{quote(path)}"
        with self._http.stream("GET", address, headers=headers, timeout=_PATIENCE) as answer:
            if answer.status_code not in {200, 206}:
                answer.read()
                raise _answers.of_storage(answer)
            if answer.headers.get("content-encoding", "identity") != "identity" or _is_page(answer):
                raise not_understood("a page, or something compressed, came in place of a file")
            if answer.status_code == 200:
                begun = 0
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | (os.O_APPEND if begun else os.O_TRUNC)
            with open(os.open(part, flags, 0o600), "wb") as file:  # noqa: PTH123 (a descriptor)
                for piece in answer.iter_raw(_READ):
                    file.write(piece[: size - begun])
                    begun += len(piece)
                    if progress is not None:
                        progress("receiving", min(begun, size), size)
                    if begun >= size:
                        break
                file.flush()
                os.fsync(file.fileno())

    # ---- removing, and links ---------------------------------------------------------------------------------------------

    def remove(self, paths: Sequence[str]) -> list[str]:
        """Remove objects and return those that went: a refusal is no error to Storage."""
        removed: list[str] = []
        for start in range(0, len(paths), 100):
            answer = self._again(partial(self._remove, list(paths[start : start + 100])))
            if answer.status_code != 200:
                raise _answers.of_storage(answer)
            removed += [str(entry.get("name")) for entry in _json(answer, list) if isinstance(entry, dict)]
        return removed

    def _remove(self, paths: list[str]) -> httpx.Response:
        return self._http.request("DELETE", f"{self._base}/object/{BUCKET}", json={"prefixes": paths})

    def link(self, path: str, seconds: int, file_name: str) -> str:
        """Return an address that gives the file to whoever has it, for so many seconds."""
        answer = self._again(
            lambda: self._http.post(f"{self._base}/object/sign/{BUCKET}/{quote(path)}", json={"expiresIn": seconds})
        )
        if answer.status_code != 200:
            raise _answers.of_storage(answer)
        signed = str(_json(answer, dict).get("signedURL"))
        plain = signed.isascii() and signed.isprintable()
        if not (plain and signed.startswith("/object/sign/")):  # else it could name another host
            raise not_understood("a link is none of its own")
        return f"{self._base}{signed}&download={quote(file_name, safe='')}"

    # ---- asking again ----------------------------------------------------------------------------------------------------

    def _again(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask, and once more after a broken connection: a server may close one that it keeps alive just then."""
        import httpx

        try:
            return ask()
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            try:
                return ask()
            except httpx.TransportError as error:
                raise of_network(error, self._url) from None
        except httpx.TransportError as error:
            raise of_network(error, self._url) from None
        except httpx.DecodingError:
            raise not_understood("an answer of its storage cannot be read") from None


def _region(file: BinaryIO, offset: int, length: int, told: Callable[[int], None]) -> Iterator[bytes]:
    """Yield a part of a file in small pieces: a body given whole is copied several times on its way to the socket.

    ``told`` hears how many bytes of the file have gone; what it raises breaks the request off.
    """
    file.seek(offset)
    told(offset)
    while length and (piece := file.read(min(_SLICE, length))):
        length -= len(piece)
        offset += len(piece)
        yield piece
        told(offset)


def _told(progress: Progress | None, size: int) -> Callable[[int], None]:
    return lambda done: None if progress is None else progress("sending", done, size)


def _passes(answer: httpx.Response) -> bool:
    """Tell whether a refusal of a piece may be gone at the next try: a conflict, a busy server, a token that had ended."""
    if answer.status_code in {204, 409, 423, 429, 460, 500, 502, 503, 504}:
        return True
    return answer.status_code in {400, 401, 403} and isinstance(_answers.of_storage(answer), NotSignedIn)


def _json(answer: httpx.Response, kind: type[_T]) -> _T:
    """Return the body of a success, which must be of this kind."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, kind):
        raise not_understood("the answer of its storage cannot be read")
    return body


def _is_page(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("content-type", "").startswith("text/html"))


def _reached(answer: httpx.Response, size: int) -> int:
    """Return how many bytes of an upload have arrived, by the server's word."""
    said = answer.headers.get("upload-offset", "")
    if not (said.isascii() and said.isdigit() and len(said) < _DIGITS and int(said) <= size):
        raise not_understood("it does not say how much of an upload has arrived")
    return int(said)
