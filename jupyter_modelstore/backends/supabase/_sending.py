"""A save's way from the spool to the project: bytes, check, commit; each step may be cut off and gone again.

The save's id is the object's key and the row's mark: sent twice it is one object, committed twice one row. So a lost answer is
found by looking, and two kernels that send the same save do no harm.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_modelstore._files import storage_error
from jupyter_modelstore._gateway import not_understood
from jupyter_modelstore._json import JsonObject
from jupyter_modelstore.backends.supabase import _order
from jupyter_modelstore.backends.supabase._database import Functions, record_of
from jupyter_modelstore.backends.supabase._objects import UPLOAD, Objects
from jupyter_modelstore.errors import (
    Cancelled,
    FileChanged,
    InvalidValue,
    ModelFileNotFound,
    ModelStoreError,
    NotConfigured,
    NotSignedIn,
    SchemaMismatch,
    ServiceError,
    SomebodyElse,
    StorageError,
    Throttled,
    Unreachable,
)
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Held, Progress, SaveSpool, Told, Waiting
from jupyter_modelstore.record import OBJECT_FIELDS, Draft, ModelRecord, Saved, to_json

LATER = (Unreachable, Throttled, StorageError, NotSignedIn, SomebodyElse, ServiceError, NotConfigured, SchemaMismatch)
"""After these, which say nothing of the save itself, it waits and is tried again; any other error is a refusal."""


_LOOK_EVERY = 0.05  # seconds


def journal_of(draft: Draft, url: str, user_id: str, space: str, after: Sequence[Waiting] = ()) -> Waiting:
    """Return the journal of a save that is whole; what JSON cannot say plainly is written as everywhere in this package.

    It comes after those that wait already, also if the clock was set back.
    """
    at = max([time.time(), *(each.at + 1e-6 for each in after)])
    objects = {name: json.loads(JsonObject.of(getattr(draft, name)).text) for name in OBJECT_FIELDS if hasattr(draft, name)}
    return Waiting(save_id=draft.save_id, url=url, user_id=user_id, space=space, draft={**to_json(draft), **objects}, at=at)


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


def _name(waiting: Waiting) -> tuple[str, str]:
    return waiting.space, waiting.name.casefold()


def _watched(progress: Progress | None, lease: Held | None) -> Progress:
    """Return a progress that also shows other kernels that somebody is at it."""

    def tell(stage: str, done: int, total: int | None) -> None:
        if lease is not None:
            lease.touch()
        if progress is not None:
            progress(stage, done, total)

    return tell


def _pause(progress: Progress | None) -> None:
    """Leave another kernel a moment for what it is sending; whoever waits may give up."""
    if progress is not None:
        progress("waiting", 0, None)
    time.sleep(_LOOK_EVERY)


def _is_another_file(record: ModelRecord, waiting: Waiting) -> bool:
    """Tell whether a project says of a save that it has become a version, and not of what was sent."""
    if record.status != "ready" or record.user_id != waiting.user_id:
        return False
    return (record.sha256, record.model_file_size) != (waiting.draft["sha256"], waiting.draft["model_file_size"])


def is_sound(waiting: Waiting) -> bool:
    """Tell whether a journal can be understood: one that was damaged must not hold up the others."""
    try:
        pending_record(waiting)
    except (ValueError, OverflowError, OSError):
        return False
    return True


class Sender:
    """Takes saves from the spool to the project.

    Parameters
    ----------
    functions, objects
        The project.
    spool
        Where saves lie.
    arrived
        Given the file, which is removed afterwards, and the record of each save that has arrived.
    """

    def __init__(
        self, functions: Functions, objects: Objects, spool: SaveSpool, arrived: Callable[[Path, ModelRecord], None]
    ) -> None:
        self._functions, self._objects, self._spool, self._arrived = functions, objects, spool, arrived
        self._silent = False  # whether the project was asked and did not answer

    def resume(
        self, waiting: Sequence[Waiting], progress: Progress | None = None, *, refused: bool = False, told: Told | None = None
    ) -> list[Saved]:
        """Send these in their order; after one that cannot be sent now, later saves of its name wait too.

        Once the project itself does not answer, all of them do: each would wait as long for the same answer.
        """
        arrived: list[Saved] = []
        held_up: set[tuple[str, str]] = set()
        for each in waiting:
            if (each.refused is not None and not refused) or _name(each) in held_up:
                continue
            with self._spool.held(each.save_id) as lease:
                if lease is None or not self._spool.file(each.save_id).exists():  # another kernel has it, or had
                    held_up.add(_name(each))
                    continue
                outcome = self._try(each, _watched(progress, lease), told)
            if self._silent:
                break
            if isinstance(outcome, Saved):
                arrived.append(outcome)
            elif isinstance(outcome, LATER):
                held_up.add(_name(each))
        return arrived

    def _try(self, waiting: Waiting, progress: Progress, told: Told | None) -> Saved | ModelStoreError:
        """Send one save; tell, and return, what became of it. A refusal is noted in the journal."""
        outcome: Saved | ModelStoreError
        if told is not None:
            told(pending_record(waiting), None)
        try:
            outcome = self.send(waiting, progress)
        except ModelStoreError as error:
            outcome = error
        if told is not None:
            told(pending_record(waiting, outcome if isinstance(outcome, LATER) else None), outcome)
        return outcome

    def send_in_turn(self, waiting: Waiting, allowed: Mapping[str, Any], progress: Progress | None) -> Saved:
        """Send a save that was kept just now, after what waits under its name, whoever is sending that."""
        failed: list[ModelStoreError] = []

        def told(record: ModelRecord, outcome: Saved | ModelStoreError | None) -> None:
            del record
            failed.extend([outcome] if isinstance(outcome, LATER) else [])

        while earlier := self._earlier(waiting):
            self.resume(earlier, told=told)
            if failed:
                raise failed[0]
            if self._earlier(waiting):  # somebody is sending it
                _pause(progress)
        while True:
            with self._spool.held(waiting.save_id) as lease:
                if lease is not None:
                    return self.send(waiting, _watched(progress, lease), allowed)
            if not self._spool.file(waiting.save_id).exists():  # another kernel of this home has sent it
                return self._without_file(waiting)
            _pause(progress)

    def _earlier(self, waiting: Waiting) -> list[Waiting]:
        """Return what waits under the same name since before."""
        found = filter(is_sound, self._spool.waiting(waiting.url, waiting.user_id))
        return [each for each in found if each.at < waiting.at and each.refused is None and _name(each) == _name(waiting)]

    def send(self, waiting: Waiting, progress: Progress | None = None, allowed: Mapping[str, Any] | None = None) -> Saved:
        """Send a save and forget it here; a refusal is noted in its journal.

        Parameters
        ----------
        waiting
            Its journal.
        progress
            Told of the bytes; what it raises gives the save up.
        allowed
            The answer to :func:`question`; None: it is asked first.

        Raises
        ------
        ModelStoreError
            One of :data:`LATER`: it waits. :class:`Cancelled`: it was given up. Any other: it was refused, and is kept with
            the reason.
        """
        try:
            saved = self._send(waiting, progress, allowed)
        except LATER:
            raise
        except Cancelled:
            self._spool.done(waiting.save_id)
            raise
        except ModelStoreError as error:
            self._refuse(waiting, error)
            raise
        except OSError as error:  # this machine's, which says nothing of the save
            raise storage_error(error, f"in {self._spool.directory}") from error
        except Exception as error:  # the others must not be held up by what nobody foresaw
            raise self._unforeseen(waiting, error) from error
        if saved.record.sha256 == waiting.draft["sha256"]:
            self._arrived(self._spool.file(waiting.save_id), saved.record)
        self._spool.done(waiting.save_id)
        return saved

    def _unforeseen(self, waiting: Waiting, error: Exception) -> ModelStoreError:
        """Return what a foreign error means: one that its values bring about would come again, and is noted as a refusal."""
        kind = type(error).__name__
        if not isinstance(error, (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)):
            return ServiceError(f"Sending failed, by a fault of ours ({kind}).", "%modelstore resume tries again.")
        refusal = InvalidValue(
            f"It cannot be sent, by a fault of ours or of its journal ({kind}).",
            "Save the model again, if it is at hand; then give this save up.",
        )
        self._refuse(replace(waiting, upload=""), refusal)
        return refusal

    def _refuse(self, waiting: Waiting, why: ModelStoreError) -> None:
        with contextlib.suppress(StorageError):  # a full disk: then it waits, and is refused again
            self._spool.refuse(waiting, why.to_json())

    def _note(self, waiting: Waiting, upload: str) -> None:
        with contextlib.suppress(StorageError):  # a full disk: it is only not gone on with later, but begun anew
            self._spool.note(replace(waiting, upload=upload))

    def _send(self, waiting: Waiting, progress: Progress | None, allowed: Mapping[str, Any] | None) -> Saved:
        allowed = allowed or self._ask(waiting)
        try:
            if not allowed["known"]:
                self._send_file(waiting, allowed["path"], progress)
            self._spool.file(waiting.save_id).stat()
        except ModelFileNotFound:  # the project's storage says so: it is a FileNotFoundError, and not this machine's
            raise
        except FileNotFoundError:
            return self._without_file(waiting)
        answer = self._functions.call("commit", _in_space(waiting, _order.told(waiting.draft)))
        saved = Saved(record=record_of(answer["record"]), created=answer["created"])
        if waiting.save_id != saved.record.save_id and waiting.draft["sha256"] != saved.record.sha256:
            raise not_understood("it is sent one model and answers with another")  # so it waits
        if saved.created and _is_another_file(saved.record, waiting):
            raise not_understood("it keeps another file than was sent")
        if saved.record.user_id != waiting.user_id and saved.record.sha256 != waiting.draft["sha256"]:  # another editor's doing
            raise FileChanged(
                f"What the project keeps as {visible(saved.record.ref)} is not what was sent.",
                "Save the model again, under a new name.",
            )
        if saved.record.save_id != waiting.save_id:  # the newest version held the same bytes already
            self._objects.remove([allowed["path"]])
        return saved

    def _ask(self, waiting: Waiting) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._functions.call("may_save", question(waiting))
        except Unreachable:
            self._silent = True
            raise
        return answer

    def _send_file(self, waiting: Waiting, path: str, progress: Progress | None) -> None:
        with self._spool.file(waiting.save_id).open("rb") as file:
            self._objects.send(
                path,
                file,
                int(waiting.draft["model_file_size"]),
                progress=progress,
                upload=waiting.upload if UPLOAD.fullmatch(waiting.upload) else None,
                remember=lambda upload: self._note(waiting, upload),
            )

    def _without_file(self, waiting: Waiting) -> Saved:
        """Return what became of a save whose file is gone: another kernel has sent it, or the person gave it up.

        If the newest version holds the same bytes, it may have stood for this save too, and does in any case.
        """
        row = self._functions.call("find", _in_space(waiting, {"save_id": waiting.save_id}))
        if row is not None:
            return Saved(record=record_of(row), created=True)
        row = self._functions.call("find", _in_space(waiting, {"name": waiting.name}))
        if row is None or (record := record_of(row)).sha256 != waiting.draft["sha256"] or record.status != "ready":
            raise Cancelled(f"The save of {visible(waiting.name)} was given up.")
        return Saved(record=record, created=False)
