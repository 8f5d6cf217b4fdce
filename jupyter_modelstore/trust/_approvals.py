"""Which files a user has saved or trusted: one line a file, by its sha256, in a file of the user's that only grows.

A line is appended in one ``write``, so that several kernels can do it at once; a line that cannot be read counts for nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path

from jupyter_modelstore._files import file_errors, is_only_mine, make_private
from jupyter_modelstore.errors import InvalidValue, ModelStoreError, NotTrusted
from jupyter_modelstore.names import visible
from jupyter_modelstore.record import ModelRecord, format_time, now, typed

_TRUST = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class Approvals:
    """The hashes that this user has trusted.

    Parameters
    ----------
    path
        The file; made when it is missing.
    user_id
        Whose word counts.
    """

    def __init__(self, path: Path, user_id: str) -> None:
        self._path = path
        self._user_id = user_id
        self._noted: set[str] = set()

    def remember(self, sha256: str) -> None:
        """Note that this user pickles these bytes here and now; called before a save is made visible.

        Not forced to the disk, since a lost line loses no model: its next load asks. A home that cannot be written stops no
        save.
        """
        if sha256 in self._noted:
            return
        with contextlib.suppress(ModelStoreError):
            self._append(sha256, durable=False)
            self._noted.add(sha256)

    def require(self, record: ModelRecord, sha256: str, trust: str | None) -> None:
        """Refuse a file whose bytes this user has neither saved nor trusted.

        What the record says of its origin and owner is not asked: whoever can write to a store can write that.

        Parameters
        ----------
        record
            What the store says of the file; for the words of the error.
        sha256
            What was found when the file was hashed here.
        trust
            The user's word, ``sha256:…``; remembered if it is the file's.

        Raises
        ------
        NotTrusted
            Naming the line that would trust it.
        InvalidValue
            ``trust`` is no sha256, or that of another file.
        """
        if trust is not None:
            self._take(trust, sha256)
        elif not self.has(sha256):
            raise NotTrusted(
                f"{visible(record.ref)} was not loaded: {_reason(record)}. Loading it runs whatever code is inside.",
                f"If you trust where it comes from: %load_model {typed(record)} --trust sha256:{sha256}",
            )

    def has(self, sha256: str) -> bool:
        """Tell whether this user has saved or trusted these bytes. A file that others can write to proves nothing."""
        try:
            if not is_only_mine(self._path):
                return False
            text = self._path.read_bytes()
        except FileNotFoundError:
            return False
        if sha256.encode() not in text:
            return False
        return any(self._is(line, sha256) for line in text.decode("utf-8", "replace").splitlines() if sha256 in line)

    def _is(self, line: str, sha256: str) -> bool:
        try:
            entry = json.loads(line)
        except ValueError:
            return False
        return isinstance(entry, dict) and (entry.get("user_id"), entry.get("sha256")) == (self._user_id, sha256)

    def _take(self, trust: str, sha256: str) -> None:
        match = _TRUST.fullmatch(trust.strip())
        if not match:
            raise InvalidValue("What follows 'trust' is no sha256.", "Write sha256: and the 64 digits that the error named.")
        if match[1].lower() != sha256:
            raise InvalidValue(
                f"You trust sha256:{match[1][:12].lower()}…, but this file is sha256:{sha256[:12]}…", "It was not loaded."
            )
        if not self.has(sha256):
            self._append(sha256, durable=True)

    def _append(self, sha256: str, *, durable: bool) -> None:
        entry = json.dumps({"user_id": self._user_id, "sha256": sha256, "at": format_time(now())})
        line = f"\n{entry}\n"  # with a line feed in front: the line before may be torn
        with file_errors(f"at {self._path}"):
            try:
                descriptor = os.open(self._path, _APPEND, 0o600)
            except FileNotFoundError:
                make_private(self._path.parent)
                descriptor = os.open(self._path, _APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
                if durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _reason(record: ModelRecord) -> str:
    if record.origin != "fitted":
        return "it is a file that was kept as it came, not pickled here from a live model"
    return "it was saved by somebody else, or by you under another home directory"
