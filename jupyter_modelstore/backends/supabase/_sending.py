"""A save's way from the spool to the project: bytes, check, commit; each step may be cut off and gone again.

The save's id is the object's key and the row's mark: sent twice it is one object, committed twice one row. So a lost answer is
found by looking, and two kernels that send the same save do no harm.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from jupyter_modelstore._json import JsonObject
from jupyter_modelstore.backends.supabase._database import Functions, record_of
from jupyter_modelstore.backends.supabase._objects import Objects
from jupyter_modelstore.errors import (
    FileChanged,
    ModelStoreError,
    NotConfigured,
    NotSignedIn,
    SchemaMismatch,
    ServiceError,
    StoreBusy,
    Throttled,
    Unreachable,
)
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Progress, SaveSpool, Waiting
from jupyter_modelstore.record import OBJECT_FIELDS, Draft, ModelRecord, Saved, to_json

LATER = (Unreachable, Throttled, StoreBusy, NotSignedIn, ServiceError, NotConfigured, SchemaMismatch)
"""After these, which say nothing of the save itself, it waits and is tried again; any other error is a refusal."""


def journal_of(draft: Draft, url: str, user_id: str, space: str) -> Waiting:
    """Return the journal of a save that is whole; what JSON cannot say plainly is written as everywhere in this package."""
    objects = {name: json.loads(JsonObject.of(getattr(draft, name)).text) for name in OBJECT_FIELDS if hasattr(draft, name)}
    return Waiting(
        save_id=draft.save_id, url=url, user_id=user_id, space=space, draft={**to_json(draft), **objects}, at=time.time()
    )


def question(waiting: Waiting) -> dict[str, Any]:
    """Return what is asked before any byte moves."""
    asked = {"name": waiting.draft["model_name"], "size": waiting.draft["model_file_size"], "save_id": waiting.save_id}
    return _in_space(waiting, asked)


def _in_space(waiting: Waiting, q: Mapping[str, Any]) -> dict[str, Any]:
    return {**q, "space": waiting.space} if waiting.space else dict(q)


def pending_record(waiting: Waiting, why: ModelStoreError | None = None) -> ModelRecord:
    """Return a save that has not arrived, and why, as a record: no version is named before the commit."""
    at = datetime.fromtimestamp(waiting.at, timezone.utc).isoformat()
    known = {name: value for name, value in waiting.draft.items() if name != "alias" and value is not None}
    extra: dict[str, Any] = {"refused": dict(waiting.refused)} if waiting.refused else {}
    extra |= {"waits": why.to_json()} if why is not None else {}
    own = {"id": waiting.save_id, "user_id": waiting.user_id, "space_id": waiting.space or waiting.user_id, "version": 0}
    return ModelRecord.from_json({**known, **own, "status": "pending", "created_at": at, "updated_at": at, "extra": extra})


class Sender:
    """Takes saves from the spool to the project.

    Parameters
    ----------
    functions, objects
        The project.
    spool
        Where saves lie.
    """

    def __init__(self, functions: Functions, objects: Objects, spool: SaveSpool) -> None:
        self._functions, self._objects, self._spool = functions, objects, spool

    def resume(self, waiting: Sequence[Waiting], progress: Progress | None, *, refused: bool) -> list[Saved]:
        """Send these in their order; after one that cannot be sent now, later saves of its name wait too."""
        arrived: list[Saved] = []
        held_up: set[tuple[str, str]] = set()
        for each in waiting:
            name = (each.space, str(each.draft["model_name"]).casefold())
            if (each.refused is not None and not refused) or name in held_up:
                continue
            with self._spool.held(each.save_id) as lease:
                if lease is None or not self._spool.file(each.save_id).exists():  # another kernel has it, or had
                    held_up.add(name)
                    continue
                try:
                    arrived.append(self.send(each, progress))
                except LATER:
                    held_up.add(name)
                except ModelStoreError:
                    continue  # it is noted in the journal
        return arrived

    def send(self, waiting: Waiting, progress: Progress | None = None, allowed: Mapping[str, Any] | None = None) -> Saved:
        """Send a save and forget it here; a refusal is noted in its journal.

        Parameters
        ----------
        waiting
            Its journal.
        progress
            Told of the bytes.
        allowed
            The answer to :func:`question`; None: it is asked first.

        Raises
        ------
        ModelStoreError
            One of :data:`LATER`: it waits. Any other: it was refused, and is kept with the reason.
        """
        try:
            saved = self._send(waiting, progress, allowed)
        except LATER:
            raise
        except ModelStoreError as error:
            self._spool.refuse(waiting, error.to_json())
            raise
        self._spool.done(waiting.save_id)
        return saved

    def _note(self, waiting: Waiting, upload: str) -> None:
        self._spool.note(replace(waiting, upload=upload))

    def _send(self, waiting: Waiting, progress: Progress | None, allowed: Mapping[str, Any] | None) -> Saved:
        allowed = allowed or self._functions.call("may_save", question(waiting))
        if not allowed["known"]:
            size = int(waiting.draft["model_file_size"])
            with self._spool.file(waiting.save_id).open("rb") as file:
                self._objects.send(
                    allowed["path"],
                    file,
                    size,
                    progress=progress,
                    upload=waiting.upload or None,
                    remember=lambda upload: self._note(waiting, upload),
                )
        answer = self._functions.call("commit", _in_space(waiting, waiting.draft))
        saved = Saved(record=record_of(answer["record"]), created=answer["created"])
        if saved.record.user_id != waiting.user_id and saved.record.sha256 != waiting.draft["sha256"]:  # another editor's doing
            raise FileChanged(
                f"What the project keeps as {visible(saved.record.ref)} is not what was sent.",
                "Save the model again, under a new name.",
            )
        if saved.record.save_id != waiting.save_id:  # the newest version held the same bytes already
            self._objects.remove([allowed["path"]])
        return saved
