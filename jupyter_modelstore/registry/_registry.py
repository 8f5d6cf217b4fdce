"""The verbs: what can be done with models, each joining the rooms that it needs.

Nothing here knows IPython, HTTP, SQLite or pickle. A door (a magic, a command, a widget) parses what its user wants, calls one
verb, and shows what it returns. All verbs take a reference as text (``churn``, ``churn:3``, ``churn@champion``, ``id:…``) or
as a :class:`~jupyter_modelstore.record.Reference`.
"""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from jupyter_modelstore import capture, formats, trust
from jupyter_modelstore._files import copy_without_overwriting, file_errors, safe_file_name
from jupyter_modelstore.compare import compare
from jupyter_modelstore.errors import (
    CannotLoad,
    InvalidReference,
    InvalidValue,
    ModelStoreError,
    NotFound,
    ServiceError,
    Unreachable,
)
from jupyter_modelstore.names import clean_alias, clean_metrics, clean_name, clean_tags, clean_text, key_of, visible
from jupyter_modelstore.protocols import Backend, Finding, Incoming, Progress, Told
from jupyter_modelstore.record import (
    ROLLBACK,
    AliasEvent,
    Captured,
    Changes,
    Comparison,
    Draft,
    Facets,
    Link,
    ModelRecord,
    Page,
    Query,
    Reference,
    Removal,
    Saved,
    Stats,
    goes_back_to,
    now,
    typed,
)
from jupyter_modelstore.registry import _saving
from jupyter_modelstore.registry._asking import (
    Listing,
    moment,
    newest_waiting,
    not_found,
    not_there,
    on_its_way,
    only_name,
    unknown_name,
)
from jupyter_modelstore.registry._loading import (
    EnvironmentWarning,
    Loaded,
    NotArrivedWarning,
    Verified,
    as_last_known,
    destination,
    environment_of,
    not_arrived,
    path_of,
    with_file,
)

_HEAD = 1 << 16
_PAGE = 48
_LARGEST = 2**62
_FEWEST_COMPARED, _MOST_COMPARED = 2, 20


class Registry:
    """A store of models, through one backend, as one user.

    Made by :func:`jupyter_modelstore.connect`.

    Parameters
    ----------
    backend
        Where models rest.
    approvals
        Which foreign files this user has trusted.
    """

    def __init__(self, backend: Backend, approvals: trust.Approvals) -> None:
        self._backend = backend
        self._approvals = approvals
        self._executor: tuple[int, ThreadPoolExecutor] | None = None
        self._lineage = capture.Lineage()

    def __repr__(self) -> str:
        """Return where models rest."""
        return f"<Registry {self.where}: {self.location}>"

    @property
    def where(self) -> str:
        """Where models rest, for people: ``on this machine``."""
        return self._backend.where

    @property
    def location(self) -> str:
        """Where exactly: a directory."""
        return self._backend.location

    @property
    def user_id(self) -> str:
        """Who you are in this store (UUID).

        Raises
        ------
        NotSignedIn
            Nobody is signed in.
        """
        return self._backend.user_id

    @property
    def until(self) -> datetime | None:
        """When what proves who you are ends, unless it is renewed, as it is by itself; None where nobody signs in."""
        return self._backend.until

    @property
    def local_directory(self) -> Path:
        """A directory of this machine whose disk must have room for what is saved and loaded."""
        return self._backend.local_directory

    # ---- save --------------------------------------------------------------------------------------------------------

    def save(self, model: object, name: str, **what: Any) -> ModelRecord:  # noqa: ANN401 (the arguments of keep)
        """Keep a fitted model; when this returns, it is safe. The arguments are those of :meth:`keep`.

        If the store does not answer, it is kept on this machine, its ``status`` is ``pending``, and a
        :class:`NotArrivedWarning` says why.
        """
        record = self.keep(model, name, **what).record
        if record.status == "pending":
            warnings.warn(f"{visible(record.model_name)} {not_arrived(record)}", NotArrivedWarning, stacklevel=2)
        return record

    def keep(
        self,
        model: object,
        name: str,
        *,
        description: str = "",
        tags: str | Iterable[str] = (),
        metrics: Mapping[str, object] | None = None,
        alias: str | None = None,
        variable: str | None = None,
        captured: Captured | None = None,
        force: bool = False,
        progress: Progress | None = None,
        leave_out: Iterable[str] = (),
        confirm: Callable[[int], None] | None = None,
        wait: bool = True,
    ) -> Saved:
        """Keep a fitted model, and tell whether it made a new version.

        Parameters
        ----------
        model
            A fitted estimator: anything with ``predict``, ``transform`` or ``forward``; or a dict or list of such.
        name
            New, or that of a model of which this is the next version.
        description, tags
            For people; a string is one tag.
        metrics
            Name to number.
        alias
            A word that points at this version from now on.
        variable
            The name that it has in the notebook.
        captured
            What else the notebook knows of it; what is said here wins.
        force
            Keep it even if it is not fitted, or no model.
        progress
            Told of the bytes written.
        leave_out
            Which parts of what is found out are not kept: the words of ``PARTS``.
        confirm
            Asked when all is written, with the number of bytes, before anything is kept; may raise to give the save up.
        wait
            Return when the store has it. If False, return when this machine has: :meth:`resume` sends it.

        Returns
        -------
        Saved
            The record; ``created`` is False if the newest version held the same bytes and metrics already. Its status is
            ``pending`` if it is kept on this machine and has not arrived in the store yet.

        Raises
        ------
        NotAModel, NotFitted, CannotPickle
            There is nothing to keep.
        InvalidName, InvalidValue
            What was said of it is not accepted.
        StorageError
            The disk or the database refused. Nothing was changed.
        """
        said = _saving.said_of(name, description=description, tags=tags, metrics=metrics, alias=alias)
        parts = _saving.parts_of(leave_out)
        origin = self._lineage.of(model)
        with self._backend.receive(said["save_id"], progress) as incoming:
            draft = _saving.dump(model, said, incoming, variable=variable, captured=captured, force=force)
            if confirm is not None:
                confirm(incoming.file.size)
            self._approvals.remember(incoming.file.sha256)
            draft = _saving.without(_saving.with_captured(draft, captured, origin), parts)
            saved = incoming.commit(draft) if wait else incoming.keep(draft)
        if origin is not None or captured is not None:  # a script that only saves need not wait for the look at the object
            self._note(model, saved.record, loaded=origin is not None and origin.loaded)
        return saved

    def recognise(self, model: object) -> tuple[ModelRecord, bool] | None:
        """Return the saved model that an object is, or was before it was changed, and whether it is unchanged; None if none."""
        origin = self._lineage.of(model)
        record = None if origin is None else self._recorded(origin)
        return None if record is None else (record, self._lineage.unchanged(model))

    def _recorded(self, origin: capture.Origin) -> ModelRecord | None:
        """Return a record that was noted, perhaps before its save had arrived and had an id of its own."""
        reference = Reference(id=origin.id.replace("-", ""))
        known = self._backend.find(reference) or self._on_its_way(reference)
        return known or self.became(origin.id, origin.ref.partition(":")[0], origin.sha256)

    def _note(self, model: object, record: ModelRecord, *, loaded: bool) -> None:
        self._lineage.note(model, capture.Origin(record.id, record.sha256, record.ref, loaded))

    def save_in_background(self, model: object, name: str, **what: Any) -> Future[ModelRecord]:  # noqa: ANN401
        """Keep a fitted model without waiting for the disk. The arguments are those of :meth:`keep`.

        The model is written out before this returns, so that it may be changed at once; making it durable and visible goes
        on in a thread. Python waits for that thread before it ends.

        Returns
        -------
        concurrent.futures.Future
            Its result is the record, once the save is safe.
        """
        variable, captured, force, progress = (what.pop(key, default) for key, default in _BACKGROUND_DEFAULTS.items())
        said = _saving.said_of(name, **what)
        with ExitStack() as stack:
            incoming = stack.enter_context(self._backend.receive(said["save_id"], progress))
            draft = _saving.dump(model, said, incoming, variable=variable, captured=captured, force=force)
            draft = _saving.with_captured(draft, captured, self._lineage.of(model))
            self._approvals.remember(incoming.file.sha256)
            held = stack.pop_all()
        if self._executor is None or self._executor[0] != os.getpid():  # a forked child has no threads of its parent's
            self._executor = (os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="modelstore-save"))
        future = self._executor[1].submit(_finish, held, incoming, draft)
        future.add_done_callback(lambda done: held.close() if done.cancelled() else None)
        return future

    def save_file(
        self,
        path: str | Path,
        name: str,
        *,
        description: str = "",
        tags: str | Iterable[str] = (),
        metrics: Mapping[str, object] | None = None,
        alias: str | None = None,
        progress: Progress | None = None,
        wait: bool = True,
    ) -> Saved:
        """Keep an existing pickle or joblib file as it is. It is not unpickled, so nothing is known of what is inside.

        The arguments are those of :meth:`keep`.

        Raises
        ------
        ModelFileNotFound
            There is no such file.
        InvalidValue
            It is neither a pickle nor a joblib file.
        """
        said = _saving.said_of(name, description=description, tags=tags, metrics=metrics, alias=alias)
        source = path_of(path)
        if source.exists() and not source.is_file():
            raise InvalidValue(f"{visible(str(source))} is no file.", "Name a pickle or joblib file.")
        with file_errors(f"at {source}"), source.open("rb") as file:
            found = formats.sniff(file.read(_HEAD))
            file.seek(0)
            with self._backend.receive(said["save_id"], progress) as incoming:
                while piece := file.read(1 << 20):
                    with file_errors("in the store"):
                        incoming.file.write(piece)
                draft = Draft(**said, origin="file", format=found.name, source={"file": source.name})
                return incoming.commit(draft) if wait else incoming.keep(draft)

    # ---- find --------------------------------------------------------------------------------------------------------

    def list(
        self,
        words: str = "",
        *,
        tags: str | Iterable[str] = (),
        algorithm: str | None = None,
        model_type: str | None = None,
        metrics: Mapping[str, tuple[float | None, float | None]] | None = None,
        space: str | None = None,
        all_versions: bool = False,
        deleted: bool = False,
        sort: str = "-created_at",
    ) -> Listing:
        """Return all models that match; the terms are those of :class:`~jupyter_modelstore.record.Query`."""
        return Listing(
            self._backend,
            Query(
                words=words,
                tags=(tags,) if isinstance(tags, str) else tuple(tags),
                algorithm=algorithm,
                model_type=model_type,
                metrics=dict(metrics or {}),
                space=space,
                all_versions=all_versions,
                deleted=deleted,
                sort=sort,
            ),
        )

    def page(self, query: Query, limit: int = _PAGE, offset: int = 0) -> Page:
        """Return a part of what a query finds, and how much there is in all."""
        if not (1 <= limit <= _LARGEST and 0 <= offset <= _LARGEST):
            raise InvalidValue("A page has at least one entry and starts at 0 or later.", "For example limit=48, offset=0.")
        records, total = self._backend.page(query, limit, offset)
        return Page(records=tuple(records), total=total, offset=offset, limit=limit)

    def facets(self, query: Query | None = None) -> Facets:
        """Return how often each tag, algorithm and type occurs."""
        return self._backend.facets(query or Query())

    def get(self, ref: str | Reference, at: str | date | None = None) -> ModelRecord:
        """Return one record; if the store does not answer, what was last known of one whose file this machine keeps.

        Parameters
        ----------
        ref
            Which.
        at
            What the reference meant then: an ISO 8601 time, or a date, which means the end of that day here.

        Raises
        ------
        NotFound
            There is none; the nearest names are told.
        """
        reference = Reference.parse(ref)
        waits = self._on_its_way(reference) if at is None else None
        if waits is not None and waits.refused is None:  # the newest that this user has saved
            return waits
        try:
            record = self._backend.find(reference, at=moment(at)) or waits
        except (Unreachable, ServiceError):  # a hotel's log-in page answers too
            record = (self._backend.remembered(reference) if at is None else None) or waits
            if record is None:
                raise
        if record is None:
            raise not_found(self._backend, reference, at)
        return record

    def _on_its_way(self, ref: Reference) -> ModelRecord | None:
        """Return this user's newest save of a name, or the save of an id, that has not arrived yet."""
        return None if ref.version is not None or ref.alias is not None else newest_waiting(self._backend, ref)

    def pending(self) -> Sequence[ModelRecord]:
        """Return this user's saves that are kept on this machine and have not arrived yet; ``extra`` tells refusals."""
        return self._backend.pending()

    def kept_for_others(self) -> int:
        """Return how many saves this machine keeps for this store which go when somebody else signs in."""
        return self._backend.kept_for_others()

    def doubted(self) -> Mapping[str, ModelStoreError]:
        """Return, by ``save_id``, saves that this machine keeps and never sends, since they are not believed; and why."""
        return self._backend.doubted()

    def saved(self, save_id: str) -> ModelRecord | None:
        """Return what a save became; None if it has not arrived."""
        return self._backend.saved(save_id)

    def became(self, save_id: str, name: str, sha256: str | None) -> ModelRecord | None:
        """Return what a save became: a version of its own, or the newest of its name if that held the same bytes already."""
        record = self._backend.saved(save_id)
        if record is None and sha256 is not None:
            newest = self._backend.find(Reference(name=name))
            record = newest if newest is not None and newest.sha256 == sha256 and newest.status == "ready" else None
        return record

    def resume(self, progress: Progress | None = None, *, refused: bool = False, told: Told | None = None) -> Sequence[Saved]:
        """Send what waits, and with ``refused`` also what was refused before; return what arrived.

        Parameters
        ----------
        progress
            Told of the bytes.
        refused
            Whether also what was refused.
        told
            Told of each save: with None when it begins, then with what it became, or the error that says why it has not
            arrived.
        """
        return self._backend.resume(progress, refused=refused, told=told)

    def discard(self, ref: str | Reference) -> ModelRecord:
        """Give up a save that has not arrived; its file on this machine is removed.

        Raises
        ------
        NotFound
            No such save is on its way.
        """
        record = self.waiting(ref)
        self._backend.discard(record)
        return record

    def waiting(self, ref: str | Reference) -> ModelRecord:
        """Return this user's newest save of a name, or the save of an id, that has not arrived yet; nobody is asked.

        Raises
        ------
        NotFound
            No such save is on its way.
        """
        record = self._on_its_way(Reference.parse(ref))
        if record is None:
            raise NotFound(f"No save of '{visible(str(ref))}' is on its way.", "%modelstore doctor names what waits.")
        return record

    def versions(self, name: str) -> Sequence[ModelRecord]:
        """Return all versions of a model that are not in the trash, newest first."""
        reference = only_name(name)
        records = list(self._backend.select(Query(name=reference.name, all_versions=True, sort="-version")))
        if not records:
            raise not_found(self._backend, reference, None)
        return records

    def compare(self, refs: Sequence[str | Reference]) -> Comparison:
        """Compare two or more models or versions: metrics, parameters, features, environment."""
        if not _FEWEST_COMPARED <= len(refs) <= _MOST_COMPARED:
            raise InvalidValue(f"Two to {_MOST_COMPARED} models can be compared.", "%compare_models churn:1 churn:2")
        records = [self.get(ref) for ref in refs]
        found, known = compare(records), next(filter(None, map(as_last_known, records)), "")
        return replace(found, remark=f"{found.remark} {known.capitalize()}".strip()) if known else found

    def stats(self) -> Stats:
        """Count what the store holds."""
        return self._backend.stats()

    def next_version(self, name: str) -> int:
        """Return the number that the next save under this name will be given, if nobody is faster."""
        return self._backend.next_version(clean_name(name))

    def names(self) -> Sequence[str]:
        """Return the names of all models, also of those in the trash."""
        return self._backend.names()

    # ---- load --------------------------------------------------------------------------------------------------------

    def load(
        self,
        ref: str | Reference,
        *,
        trust: str | None = None,
        strict: bool = False,
        at: str | date | None = None,
        progress: Progress | None = None,
    ) -> Any:  # noqa: ANN401 (any model)
        """Return the model itself; the arguments are those of :meth:`open`.

        Other versions than at the save give an :class:`EnvironmentWarning`, a save that has not arrived yet a
        :class:`NotArrivedWarning`, and a copy that was taken because the store does not answer a plain ``UserWarning``.
        """
        loaded = self.open(ref, trust=trust, strict=strict, at=at, progress=progress)
        for said in loaded.warnings:
            warnings.warn(f"{visible(loaded.record.ref)}: {said}", type(said), stacklevel=2)
        return loaded.model

    def open(
        self,
        ref: str | Reference,
        *,
        trust: str | None = None,
        strict: bool = False,
        at: str | date | None = None,
        progress: Progress | None = None,
    ) -> Loaded:
        """Load a model, with its record and what is to be said of the environment.

        The order is the promise: environment, size and sha256, whose file it is; only then is anything unpickled.

        Parameters
        ----------
        ref
            Which.
        trust
            ``sha256:…`` of a file that this software did not pickle for this user; remembered.
        strict
            Refuse any other version of Python or of the packages that the model needs.
        at
            See :meth:`get`.
        progress
            Told of the bytes checked.

        Raises
        ------
        NotFound, ModelFileNotFound
            It is not there.
        MissingDistribution, EnvironmentDiffers
            This environment cannot load it.
        FileChanged
            The file is not the one that was saved. There is no override.
        NotTrusted
            It is somebody else's file, or one that was kept as it came.
        CannotLoad
            It is the right file, and still cannot be rebuilt here.
        """
        record = self._present(ref, at)
        verdict = environment_of(record)
        verdict.require(visible(record.ref), strict=strict)
        with Verified(self._backend, record, progress) as (file, sha256):
            if trust is not None or not self._backend.vouches(record):
                self._approvals.require(record, sha256, trust)
            try:
                model = formats.by_name(record.format).load(file)
            except CannotLoad as error:
                hint = f"{verdict.warning} {error.hint}".strip()
                raise CannotLoad(f"{visible(record.ref)} cannot be rebuilt here: {error.message}", hint) from error
        self._note(model, record, loaded=True)
        waits = f"this save {not_arrived(record)}" if record.status == "pending" else self._newer(ref)
        said = (EnvironmentWarning(verdict.warning), NotArrivedWarning(waits), UserWarning(as_last_known(record)))
        return Loaded(model=model, record=record, warnings=tuple(each for each in said if str(each)))

    def _newer(self, ref: str | Reference) -> str:
        """Say that a newer save of the name that was meant has not arrived yet."""
        newer = self._on_its_way(Reference.parse(ref))
        return "" if newer is None else "a newer save of it is kept on this machine and has not arrived yet."

    def download(self, ref: str | Reference, to: str | Path = ".", *, progress: Progress | None = None) -> Path:
        """Copy a model's file out of the store, and note the time in ``last_downloaded_at``.

        Parameters
        ----------
        ref
            Which.
        to
            A directory, or a path with a file name. Nothing is ever overwritten: ``churn (2).pkl`` when it is taken.
        progress
            Told of the bytes copied.

        Returns
        -------
        Path
            The new file. ``pickle.load`` or ``joblib.load`` read it without this package.
        """
        record = self._present(ref, None)
        directory, name = destination(to, record)

        def copy(source: Path) -> Path:
            with source.open("rb") as file:
                return copy_without_overwriting(file, directory, name, sha256=record.sha256, progress=progress)

        with file_errors(f"in {directory}"):
            path = with_file(self._backend, record, copy)
        if record.as_of is None:
            with suppress(ModelStoreError):  # the file is there; when it was fetched is a courtesy
                self._backend.record_download(record)
        return path

    def copy_from(self, other: Registry, record: ModelRecord, *, progress: Progress | None = None) -> Saved:
        """Take over a model of another store: the same file, number (if it is free and above all others), dates and origin.

        A model that was copied before is not copied again: its save is known.

        Raises
        ------
        InvalidValue
            The record has no save of its own; an earlier application made it.
        FileChanged, ModelFileNotFound
            Its file is not what it was.
        """
        if record.save_id is None:
            raise InvalidValue(
                f"{visible(record.ref)} was made by another application.", "Download it, and save the file here."
            )
        if (known := self._backend.saved(record.save_id)) is not None:
            return Saved(record=known, created=False)
        fields = {entry.name for entry in dataclasses.fields(Draft)} & {entry.name for entry in dataclasses.fields(ModelRecord)}
        draft = Draft(**{name: getattr(record, name) for name in fields})
        with (
            Verified(other._backend, record, None) as (file, _),
            self._backend.receive(record.save_id, progress) as incoming,
        ):
            while piece := file.read(1 << 20):
                incoming.file.write(piece)
            return incoming.commit(draft)

    def link(self, ref: str | Reference) -> Link:
        """Return an address that gives a model's file to anyone who has it, for an hour.

        Raises
        ------
        Forbidden
            Somebody else saved it.
        InvalidValue
            It rests on this machine.
        """
        record = self._arrived(ref)
        name = safe_file_name(record.model_name) + formats.by_name(record.format).suffix
        url = self._backend.link(record, _LINK_SECONDS, name)
        return Link(record=record, url=url, expires_at=now() + timedelta(seconds=_LINK_SECONDS))

    def _present(self, ref: str | Reference, at: str | date | None) -> ModelRecord:
        """Return a record whose file should be there."""
        record = self.get(ref, at)
        if record.status == "purged":
            raise NotFound(
                f"{visible(record.ref)} was deleted for good on {record.updated_at.astimezone():%Y-%m-%d}.",
                "%models shows what there is.",
            )
        if record.deleted_at is not None:
            raise NotFound(f"{visible(record.ref)} is in the trash.", f"%restore_model {typed(record)} brings it back.")
        return record

    def _arrived(self, ref: str | Reference) -> ModelRecord:
        """Return a record that can be changed: one whose save is not on its way any more."""
        record = self._present(ref, None)
        if record.status == "pending":
            raise on_its_way(record.model_name)
        return record

    # ---- change ------------------------------------------------------------------------------------------------------

    def edit(
        self,
        ref: str | Reference,
        *,
        description: str | None = None,
        tags: str | Iterable[str] | None = None,
        add_tags: str | Iterable[str] = (),
        remove_tags: str | Iterable[str] = (),
        add_metrics: Mapping[str, object] | None = None,
        drop_metrics: str | Iterable[str] = (),
    ) -> ModelRecord:
        """Change what is said of a model; the file and the version stay.

        Parameters
        ----------
        ref
            Which.
        description
            The new description.
        tags
            Replace all tags; ``add_tags`` and ``remove_tags`` change some.
        add_metrics
            Added; one of the same name is replaced.
        drop_metrics
            Names of metrics to take away.

        Raises
        ------
        NotFound
            The model, or a metric to take away, is not there.
        """
        record = self._arrived(ref)
        dropped = (drop_metrics,) if isinstance(drop_metrics, str) else tuple(drop_metrics)
        if missing := [name for name in dropped if name not in record.metrics]:
            there = ", ".join(map(visible, record.metrics)) or "none"
            raise NotFound(f"{visible(record.ref)} has no metric '{visible(missing[0])}'.", f"There are: {there}")
        new_tags = None if tags is None else clean_tags(tags)
        if add_tags or remove_tags:
            gone = {tag.casefold() for tag in clean_tags(remove_tags)}
            kept = [tag for tag in (record.tags if new_tags is None else new_tags) if tag.casefold() not in gone]
            new_tags = clean_tags([*kept, *clean_tags(add_tags)])
        changes = Changes(
            description=None if description is None else clean_text(description),
            tags=new_tags,
            add_metrics=clean_metrics(add_metrics) if add_metrics else None,
            drop_metrics=dropped,
        )
        return self._backend.edit(record, changes)

    def rename(self, name: str, new: str) -> Sequence[ModelRecord]:
        """Give a model, with all its versions and aliases, another name; return its versions, newest first."""
        reference, clean = only_name(name), clean_name(new)
        if key_of(reference.name) not in map(key_of, self._backend.names()):
            raise unknown_name(self._backend, reference)
        self._backend.rename(reference.name, clean)
        found = (Query(name=clean, all_versions=True, deleted=deleted, sort="-version") for deleted in (False, True))
        return [record for query in found for record in self._backend.select(query)]

    def set_alias(self, ref: str | Reference, alias: str, *, why: str = "", only_from: int | None = None) -> ModelRecord:
        """Let a word point at this version; what it pointed at before stays in its history.

        Parameters
        ----------
        ref
            Which version.
        alias
            The word.
        why
            A reason, kept in the history.
        only_from
            The version that it must point at until now, 0 for none. Left out: whatever it points at.

        Raises
        ------
        InUse
            It points at another one.
        """
        record, word = self._arrived(ref), clean_alias(alias)
        return self._backend.set_alias(record, word, why=clean_text(why, "reason"), only_from=only_from)

    def remove_alias(self, name: str, alias: str, *, why: str = "") -> AliasEvent:
        """Take an alias away; its history stays."""
        return self._backend.remove_alias(only_name(name).name, clean_alias(alias), why=clean_text(why, "reason"))

    def alias_history(self, name: str, alias: str | None = None) -> Sequence[AliasEvent]:
        """Return who let which alias of a model point where, when and why; newest first."""
        reference = only_name(name)
        events = self._backend.alias_history(reference.name, clean_alias(alias) if alias else None)
        if not events and key_of(reference.name) not in map(key_of, self._backend.names()):
            raise unknown_name(self._backend, reference)
        return events

    def rollback(self, name: str, alias: str, *, why: str = "") -> ModelRecord:
        """Let an alias point at what it pointed at before; again, and it goes back one more.

        Raises
        ------
        NotFound
            There is nothing before, or it is no longer there.
        """
        reference, word = only_name(name), clean_alias(alias)
        version = goes_back_to(self._backend.alias_history(reference.name, word))
        if version is None:
            raise NotFound(
                f"{reference.name}@{word} has pointed at nothing before.", f"%alias_model {typed(reference.name)} --history"
            )
        text = f"{ROLLBACK}: {clean_text(why, 'reason')}" if why else ROLLBACK
        return self.set_alias(f"{reference.name}:{version}", word, why=text)

    # ---- leave -------------------------------------------------------------------------------------------------------

    def delete(self, ref: str | Reference, *, force: bool = False) -> Removal:
        """Move a version, or by its name alone all versions of a model, to the trash for 30 days.

        An alias of such a version goes back to the version that it named before, if that is still there.

        Raises
        ------
        InUse
            An alias names it, and not ``force``.
        InvalidReference
            The reference is an alias: name a version.
        """
        return self.delete_records(self.meant(ref), force=force)

    def delete_records(self, records: Sequence[ModelRecord], *, force: bool = False) -> Removal:
        """Move these to the trash, all or none."""
        return self._backend.delete(records, force=force)

    def meant(self, ref: str | Reference, *, deleted: bool = False) -> Sequence[ModelRecord]:
        """Return the versions that a delete (or, with ``deleted``, a restore or purge) of this reference means."""
        reference = Reference.parse(ref)
        if reference.alias is not None:
            raise InvalidReference(
                f"'{reference}' is an alias, which may name another version tomorrow.",
                f"Name the version: {typed(self.get(reference))}",
            )
        if reference.version is None and reference.id is None:
            query = Query(name=reference.name, space=reference.space, all_versions=True, deleted=deleted, sort="-version")
            records = list(self._backend.select(query))
        else:
            record = self.get(reference)
            records = [record] if (record.deleted_at is not None) == deleted and record.status != "purged" else []
        if not records and deleted:
            raise NotFound(f"'{reference}' is not in the trash.", "%models --trash shows what is.")
        if not records:
            if self._on_its_way(reference) is not None:
                self._arrived(reference)
            raise not_there(self._backend, reference)
        return records

    def restore(self, ref: str | Reference) -> Sequence[ModelRecord]:
        """Take a version, or all versions of a model, out of the trash."""
        return self.restore_records(self.meant(ref, deleted=True))

    def restore_records(self, records: Sequence[ModelRecord]) -> Sequence[ModelRecord]:
        """Take these out of the trash, all or none."""
        return self._backend.restore(records)

    def purge(self, ref: str | Reference) -> Removal:
        """Delete for good what is in the trash. Its numbers are never given again."""
        removal = self._backend.purge(self.meant(ref, deleted=True))
        if not removal.records:  # somebody took it out at this very moment
            raise NotFound(f"'{visible(str(ref))}' is no longer in the trash.", "%models --trash shows what is.")
        return removal

    def purge_records(self, records: Sequence[ModelRecord]) -> Removal:
        """Delete these for good; only those of them that are in the trash."""
        return self._backend.purge(records)

    def empty_trash(self) -> Removal:
        """Delete for good all that is in the trash."""
        return self._backend.purge(self._backend.select(Query(deleted=True)))

    def prune(self, name: str, keep: int = 5, *, dry_run: bool = False) -> Removal:
        """Move all but the newest versions of a model to the trash; what an alias names stays.

        Parameters
        ----------
        name
            Which model.
        keep
            How many of the newest stay, at least 1.
        dry_run
            Only tell what would go.
        """
        if keep < 1:
            raise InvalidValue("At least one version is kept.", f"%delete_model {typed(name)} deletes all.")
        old = [record for record in self.versions(name)[keep:] if not record.aliases]
        if dry_run or not old:
            return Removal(records=tuple(old), bytes=sum(record.model_file_size for record in old))
        return self._backend.delete(old)

    def check(self, *, full: bool = False) -> Sequence[Finding]:
        """Look for damage; ``full`` hashes every file too."""
        return self._backend.check(full=full)

    def repair(self) -> Finding:
        """Make a new database from what a damaged one still gives; nothing is removed."""
        return self._backend.repair()


_LINK_SECONDS = 3600
_BACKGROUND_DEFAULTS: dict[str, Any] = {"variable": None, "captured": None, "force": False, "progress": None}


def _finish(held: ExitStack, incoming: Incoming, draft: Draft) -> ModelRecord:
    with held:
        return incoming.commit(draft).record
