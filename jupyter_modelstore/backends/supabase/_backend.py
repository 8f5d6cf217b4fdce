"""A project as a backend: each verb is one function of the database's, and files go beside.

A save is asked for before any byte moves; then it lies in the spool, whole, and cannot be lost; then :mod:`._sending` takes it
to a key of its own and commits the row: visible at once, or not at all. If the project does not answer, the save waits.
A purge runs the other way: the rows become tombstones, then the files go, and it is asked whether they went.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_modelstore._files import HashingFile, file_errors
from jupyter_modelstore._gateway import not_understood
from jupyter_modelstore._lines import as_word
from jupyter_modelstore.backends.supabase import _sending
from jupyter_modelstore.backends.supabase._database import Functions, is_sound, record_of
from jupyter_modelstore.backends.supabase._objects import Objects
from jupyter_modelstore.errors import Forbidden, ModelFileNotFound, ModelStoreError, NotFound, NotSignedIn, SomebodyElse
from jupyter_modelstore.names import key_of, visible
from jupyter_modelstore.protocols import PATIENCE, FileCache, Finding, Progress, SaveSpool, TokenSource, Told, Waiting
from jupyter_modelstore.record import (
    AliasEvent,
    Changes,
    Draft,
    Facets,
    ModelRecord,
    Query,
    Reference,
    Removal,
    Saved,
    Stats,
    format_time,
    parse_time,
    to_json,
    typed,
)

_PAGE = 500
_NOTICED = 5.0  # seconds in which a kernel that is sending notices that the save was given up
_LOOK_EVERY = 0.05
_PATIENCE = 2.5  # seconds for the answer whether a save may be sent, where somebody sits and waits: it is safe here already
_NOTHING: dict[str, Any] = {"records": [], "total": 0}


class SupabaseBackend:
    """Models in a Supabase project.

    Parameters
    ----------
    functions, objects
        The project's database and bucket, as the person who is signed in.
    source
        Who that is.
    cache
        Where fetched files are kept.
    spool
        Where saves are kept until they have arrived.
    url
        The project's address.
    space
        Name or id of a group's space; empty for one's own.
    """

    def __init__(
        self,
        functions: Functions,
        objects: Objects,
        *,
        source: TokenSource,
        cache: FileCache,
        spool: SaveSpool,
        url: str,
        space: str = "",
    ) -> None:
        self._functions, self._objects = functions, objects
        self._source, self._cache, self._spool = source, cache, spool
        self._url, self._space = url, space

    def __repr__(self) -> str:
        """Return the project; nothing secret."""
        return f"SupabaseBackend({self._url!r})"

    @property
    def where(self) -> str:
        """For people: which project or space, and as whom."""
        place = self._space or self._url.partition("://")[2]
        try:
            return f"in {visible(place)} as {visible(self._source.known().handle) or 'you'}"
        except NotSignedIn:
            return f"in {visible(place)}; nobody is signed in"
        except SomebodyElse:
            return f"in {visible(place)}; somebody else is signed in"

    @property
    def location(self) -> str:
        """The project's address."""
        return self._url

    @property
    def until(self) -> datetime | None:
        """When the token ends that is used now; None if nobody is signed in."""
        try:
            return datetime.fromtimestamp(self._source.known().expires_at, timezone.utc)
        except (NotSignedIn, SomebodyElse, ValueError, OverflowError, OSError):  # or a token that ends at no time
            return None

    @property
    def local_directory(self) -> Path:
        """Where files are gathered on this machine."""
        return self._spool.directory

    def vouches(self, record: ModelRecord) -> bool:
        """Tell whether this person's own software pickled the file: nobody else can write to their space."""
        return record.origin == "fitted" and record.sha256 is not None and record.user_id == record.space_id == self.user_id

    @property
    def user_id(self) -> str:
        """Who is asking."""
        return self._source.known().user_id

    def _q(self, **terms: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
        return ({"space": self._space} if self._space else {}) | terms

    # ---- a save ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def receive(self, save_id: str, progress: Progress | None = None) -> Iterator[_Incoming]:
        """Begin a save; see :class:`~jupyter_modelstore.protocols.Backend`."""
        self._source.known()  # nobody writes a large file to be told then that nobody is signed in
        part = self._spool.part(save_id)
        with file_errors(f"in {self._spool.directory}"):
            file = HashingFile(part, progress)
            try:
                part.chmod(0o600)
                yield _Incoming(self, save_id, file, progress)
            finally:
                file.close()
                part.unlink(missing_ok=True)

    def _keep(
        self, draft: Draft, part: Path, patience: float | None = None
    ) -> tuple[Waiting, Mapping[str, Any] | ModelStoreError]:
        """Keep a whole save on this machine, if the project would take it; return what it said, or why it did not answer."""
        waiting = _sending.journal_of(draft, self._url, self.user_id, self._space, after=self._waiting())
        answer: Mapping[str, Any] | ModelStoreError
        before = PATIENCE.set(patience)
        try:
            answer = self._functions.call("may_save", _sending.question(waiting))
        except _sending.LATER as error:  # it is asked again when it is sent
            answer = error
        finally:
            PATIENCE.reset(before)
        self._spool.accept(waiting, part)
        return waiting, answer

    def _commit(self, draft: Draft, part: Path, progress: Progress | None) -> Saved:
        """Keep a whole save on this machine, then send it; if the project does not answer, it waits."""
        waiting, answer = self._keep(draft, part)
        try:
            if isinstance(answer, ModelStoreError):
                raise answer
            return self._sender.send_in_turn(waiting, answer, progress)
        except _sending.LATER as error:
            return Saved(record=_sending.pending_record(waiting, error), created=True)
        except ModelStoreError as error:
            if self._spool.file(waiting.save_id).exists():
                name = visible(as_word(waiting.name))
                kept = f"It is kept on this machine: %modelstore resume sends it, %modelstore discard {name} gives it up."
                error.hint = f"{error.hint} {kept}".strip()
            raise

    @property
    def _sender(self) -> _sending.Sender:
        return _sending.Sender(self._functions, self._objects, self._spool, self._keep_copy)

    def _keep_copy(self, path: Path, record: ModelRecord) -> None:
        """Let the file of a save that has arrived be a cached one, so that its load transfers nothing."""
        if record.sha256 is not None and record.status == "ready":
            with contextlib.suppress(OSError, ModelStoreError):  # a courtesy; the save is safe
                self._cache.adopt(path, record.sha256, record.model_file_size)
                self._remember(record)

    def saved(self, save_id: str) -> ModelRecord | None:
        """Return what a save became, whatever became of it."""
        row = self._functions.call("find", self._q(save_id=save_id))
        return None if row is None else record_of(row)

    # ---- what waits --------------------------------------------------------------------------------------------------

    def _waiting(self) -> list[Waiting]:
        return list(filter(_sending.is_sound, self._spool.waiting(self._url, self.user_id)))

    def pending(self) -> Sequence[ModelRecord]:
        """Return this person's saves that have not arrived yet, in their order."""
        return [_sending.pending_record(waiting) for waiting in self._waiting()]

    def kept_for_others(self) -> int:
        """Return how many saves of people who are not signed in now this machine keeps."""
        try:
            own = self.user_id
        except (NotSignedIn, SomebodyElse):
            own = ""
        return sum(each.user_id != own for each in self._spool.waiting(self._url))

    def doubted(self) -> Mapping[str, ModelStoreError]:
        """Return the saves that are kept here and are not believed, and why."""
        there = self._spool.waiting(self._url, self.user_id)
        return self._spool.doubted(each.save_id for each in there if not _sending.is_sound(each))

    def resume(self, progress: Progress | None = None, *, refused: bool = False, told: Told | None = None) -> Sequence[Saved]:
        """Send what waits, in the order of each name; return what arrived."""
        self._spool.sweep()
        return self._sender.resume(self._waiting(), progress, refused=refused, told=told)

    def discard(self, record: ModelRecord) -> None:
        """Give up a save that has not arrived; what was sent of it is swept by the project's next check-up."""
        if record.save_id is None or record.status != "pending":
            raise NotFound(f"{visible(record.ref)} is not on its way.", "%modelstore doctor names what waits.")
        self._spool.done(record.save_id)
        if self._was_being_sent(record.save_id) and (arrived := self._arrived(record.save_id)) is not None:
            there = visible(arrived.ref)
            raise NotFound(f"It has just arrived, as {there}.", f"%delete_model {typed(arrived)} moves it to the trash.")

    def _was_being_sent(self, save_id: str) -> bool:
        """Tell whether a kernel was at a save that is given up; wait for a moment until it has noticed, or is done."""
        until, first = time.monotonic() + _NOTICED, True
        while time.monotonic() < until:
            with self._spool.held(save_id) as lease:
                if lease is not None:
                    return not first
            first = False
            time.sleep(_LOOK_EVERY)
        return True

    def _arrived(self, save_id: str) -> ModelRecord | None:
        with contextlib.suppress(ModelStoreError):
            return self.saved(save_id)
        return None

    # ---- finding -----------------------------------------------------------------------------------------------------

    def find(self, ref: Reference, *, at: datetime | None = None) -> ModelRecord | None:
        """Return the one record that is meant, or None."""
        q = {"id": ref.id} if ref.id else {"name": ref.name, "version": ref.version, "alias": ref.alias}
        row = self._ask("find", self._q(**q, at=None if at is None else format_time(at)), ref.space)
        record = None if row is None else record_of(row)
        if record is not None and not _is_what_was_asked(record, ref, at):
            raise not_understood("it is asked for one model and answers another")
        return record

    def _ask(self, name: str, q: dict[str, Any], space: str | None) -> Any:  # noqa: ANN401 (JSON)
        """Ask in the space that is named, if one is; in one that is not there for this person, nothing is found: None."""
        if space is None:
            return self._functions.call(name, q)
        try:
            return self._functions.call(name, q | {"space": space})
        except NotFound:
            return None

    def select(self, query: Query, *, limit: int | None = None, offset: int = 0) -> Sequence[ModelRecord]:
        """Return what the query finds, in its order; asked in pages, since a project cuts long answers."""
        found: list[ModelRecord] = []
        while limit is None or len(found) < limit:
            some = _PAGE if limit is None else min(_PAGE, limit - len(found))
            rows = self._list(query, some, offset + len(found))["records"]
            found += map(record_of, rows)
            if len(rows) < some:
                break
        return found

    def page(self, query: Query, limit: int, offset: int) -> tuple[Sequence[ModelRecord], int]:
        """Return a part of what the query finds, and how many that are in all."""
        if limit > _PAGE:
            return self.select(query, limit=limit, offset=offset), self.count(query)
        answer = self._list(query, limit, offset)
        return [record_of(row) for row in answer["records"]], int(answer["total"])

    def count(self, query: Query) -> int:
        """Return how many the query finds."""
        return int(self._list(query, 0)["total"])

    def _list(self, query: Query, limit: int, offset: int = 0) -> Any:  # noqa: ANN401 (JSON)
        asked = self._terms(query) | {"limit": limit, "offset": offset}
        return self._ask("list", asked, query.space) or _NOTHING

    def _terms(self, query: Query) -> dict[str, Any]:
        terms = {name: value for name, value in to_json(query).items() if value is not None and name != "space"}
        terms["tags"] = list(query.tags)
        terms["metrics"] = {name: [None if end is None else str(end) for end in ends] for name, ends in query.metrics.items()}
        return self._q(**terms)

    def facets(self, query: Query) -> Facets:
        """Return how often each value occurs in what the query finds."""
        found = self._ask("facets", self._terms(query), query.space) or {}
        try:
            counts = {name: dict(found.get(name, ())) for name in ("tags", "algorithms", "model_types")}
        except (TypeError, ValueError) as error:
            raise not_understood("it does not say which values occur") from error
        if not all(isinstance(value, str) and isinstance(many, int) for of in counts.values() for value, many in of.items()):
            raise not_understood("it does not say which values occur")
        return Facets(**counts)

    def names(self) -> list[str]:
        """Return all names that have a version, also in the trash."""
        return [entry["model_name"] for entry in self._functions.call("names", self._q())]

    def next_version(self, name: str) -> int:
        """Return the number that the next version of this name will have."""
        found = self._functions.call("names", self._q(name=name))
        return int(found[0]["next_version"]) if found else 1

    def renamed(self, name: str) -> str | None:
        """Return the newer name of a model that once had this one."""
        found = self._functions.call("names", self._q(name=name))
        return found[0]["renamed_to"] if found else None

    def fetch(self, record: ModelRecord) -> Path:
        """Return a file of the cache that holds the record's bytes, fetched now if it is not there."""
        if record.status == "pending" and record.save_id is not None:
            waits = self._spool.file(record.save_id)
            if waits.exists() or record.sha256 is None:
                return waits
            return self._cache.find(record.sha256, record.model_file_size) or waits  # it has arrived meanwhile
        key, size = record.sha256 or f"row-{record.id}", record.model_file_size
        if record.sha256 is not None and (path := self._cache.find(key, size)) is not None:
            self._remember(record)
            return path
        if not record.model_file_path:
            raise ModelFileNotFound(
                f"Model file not found: {visible(record.ref)} is recorded without a file.", "Save it again."
            )
        with file_errors(f"in the cache of {self._url}"), self._cache.gathering(key) as (part, progress):
            self._objects.fetch(record.model_file_path, part, size, progress)
            path = self._cache.keep(part, key, size)
        self._remember(record)
        return path

    def forget_copy(self, record: ModelRecord) -> bool:
        """Remove a file from the cache; tell whether it was there."""
        return record.status != "pending" and record.sha256 is not None and self._cache.forget(record.sha256)

    # ---- what is known without the project -----------------------------------------------------------------------------

    @property
    def _owner(self) -> str:
        return f"{self._url} {self.user_id}"

    def _remember(self, record: ModelRecord) -> None:
        """Keep, beside its file, what the project says of one of this person's own versions now."""
        if record.sha256 is not None and record.as_of is None and record.space_id == self.user_id:
            with contextlib.suppress(OSError, ValueError, ModelStoreError):  # a courtesy
                self._cache.note(record.sha256, self._owner, record.to_json())

    def remembered(self, ref: Reference) -> ModelRecord | None:
        """Return what was last known of an own version whose file is in the cache; the newest that is meant."""
        if self._space or ref.space is not None:
            return None
        found: list[tuple[float, ModelRecord]] = []
        for at, known in self._cache.noted(self._owner):
            with contextlib.suppress(ValueError, OverflowError, OSError, TypeError, AttributeError):  # damaged
                seen = format_time(datetime.fromtimestamp(at, timezone.utc))
                record = ModelRecord.from_json({**known, "as_of": seen})
                if is_sound(record) and record.space_id == self.user_id and _is_meant(record, ref):
                    found.append((at if ref.alias else record.version, record))
        return max(found, key=lambda one: one[0], default=(0, None))[1]

    def link(self, record: ModelRecord, seconds: int, file_name: str) -> str:
        """Return an address that gives the file to anyone who has it, for so many seconds; of one's own models only."""
        if record.user_id != self.user_id or record.status != "ready":
            raise Forbidden(f"Only whoever saved {visible(record.ref)} gives out links to it.", "Ask them.")
        return self._objects.link(record.model_file_path, seconds, file_name)

    # ---- changing ----------------------------------------------------------------------------------------------------

    def edit(self, record: ModelRecord, changes: Changes) -> ModelRecord:
        """Change description, tags or metrics."""
        said = to_json(changes)
        q = {name: value for name, value in said.items() if value is not None} | {"id": record.id}
        if changes.tags is not None:
            q["tags"] = list(changes.tags)
        q["drop_metrics"] = list(changes.drop_metrics)
        return self._seen([self._functions.call("edit", q)])[0]

    def rename(self, name: str, new: str) -> int:
        """Give all versions of a model another name."""
        many = int(self._functions.call("rename", self._q(name=name, new=new))["versions"])
        self._correct(name, lambda known: {**known, "model_name": new})
        return many

    def _correct(self, name: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Change what is known here of the versions of a model, as the project has just been changed."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, ModelStoreError):  # a courtesy
            for _, known in list(self._cache.noted(self._owner)):
                if key_of(str(known.get("model_name"))) == key_of(name):
                    self._cache.note(str(known["sha256"]), self._owner, change(known))

    def delete(self, records: Sequence[ModelRecord], *, force: bool = False) -> Removal:
        """Move records to the trash."""
        answer = self._functions.call("delete", {"ids": [record.id for record in records], "force": force})
        gone = self._seen(answer["records"])
        returned = tuple((alias, ref) for alias, ref in answer["returned_aliases"])
        removed = tuple(dict.fromkeys(answer["removed_aliases"]))
        return Removal(
            records=gone,
            bytes=sum(record.model_file_size for record in gone if record.status == "ready"),
            purge_after=parse_time(answer["purge_after"]),
            removed_aliases=removed,
            returned_aliases=returned,
            former_aliases=tuple(alias for alias in answer["former_aliases"] if alias not in {*removed, *dict(returned)}),
        )

    def restore(self, records: Sequence[ModelRecord]) -> list[ModelRecord]:
        """Take records out of the trash."""
        return list(self._seen(self._functions.call("restore", {"ids": [record.id for record in records]}) or ()))

    def _seen(self, rows: Iterable[Any]) -> tuple[ModelRecord, ...]:
        """Return rows as records, and remember what they say of versions whose files are here."""
        records = tuple(map(record_of, rows))
        for record in records:
            self._remember(record)
        return records

    def purge(self, records: Sequence[ModelRecord]) -> Removal:
        """Turn trashed records into tombstones, then remove their files, and ask whether they went."""
        if not records:
            return Removal(records=(), bytes=0)
        answer = self._functions.call("purge", {"ids": [record.id for record in records]})
        gone = tuple(record_of(row) for row in answer["records"])
        for record in gone:  # nor is a copy left on this machine, unless another version has the same bytes
            if record.sha256 is not None:
                with contextlib.suppress(OSError, ValueError, ModelStoreError):  # the rows are gone: the files must go too
                    self._cache.drop(record.sha256, self._owner, record.id)
        sizes = dict(answer["objects"])
        if sizes:
            self._objects.remove(list(sizes))
            left = self._functions.call("purged", self._q(ids=[record.id for record in gone]))["left"]
            for entry in left:
                sizes.pop(entry["path"], None)
        return Removal(records=gone, bytes=sum(sizes.values()))

    # ---- aliases -----------------------------------------------------------------------------------------------------

    def set_alias(self, record: ModelRecord, alias: str, *, why: str = "", only_from: int | None = None) -> ModelRecord:
        """Let an alias name this version."""
        row = self._functions.call("set_alias", {"id": record.id, "alias": alias, "why": why, "only_from": only_from})
        self._correct(record.model_name, lambda known: _without(alias, known))
        return self._seen([row])[0]

    def remove_alias(self, name: str, alias: str, *, why: str = "") -> AliasEvent:
        """Take an alias away."""
        row = self._functions.call("remove_alias", self._q(name=name, alias=alias, why=why))
        self._correct(name, lambda known: _without(alias, known))
        return _event(row)

    def alias_history(self, name: str, alias: str | None = None) -> list[AliasEvent]:
        """Return the history of a model's aliases, newest first."""
        return [_event(row) for row in self._functions.call("alias_history", self._q(name=name, alias=alias))]

    def record_download(self, record: ModelRecord) -> ModelRecord:
        """Set ``last_downloaded_at``."""
        return self._functions.record("record_download", {"id": record.id})

    # ---- looking after it --------------------------------------------------------------------------------------------

    def stats(self) -> Stats:
        """Count what the space holds."""
        try:
            return Stats(**self._functions.call("stats", self._q()))
        except TypeError as error:
            raise not_understood("it does not say what it holds") from error

    def check(self, *, full: bool = False) -> Sequence[Finding]:
        """Look for damage, mark what is missing, sweep what dead saves and purges left, empty what is due in the trash."""
        from jupyter_modelstore.backends.supabase import _health

        services = _health.services(self._objects, self._url)
        try:
            self._source.known()
            return [services, *_health.check(self, self._functions, self._objects, self._q(), full=full)]
        except ModelStoreError as error:
            what = "signed in" if isinstance(error, NotSignedIn) else "store"
            more = Finding(what=what, ok=False, message=error.message, hint=error.hint)
            return [services, more] if services.ok or what == "signed in" else [services]

    def repair(self) -> Finding:
        """Nothing is to be done: the project looks after its database."""
        return Finding(what="repair", ok=True, message="the project's database needs none from here")


class _Incoming:
    """One save on its way; see :class:`~jupyter_modelstore.protocols.Incoming`."""

    def __init__(self, backend: SupabaseBackend, save_id: str, file: HashingFile, progress: Progress | None) -> None:
        self._backend = backend
        self._save_id = save_id
        self._progress = progress
        self.file = file

    def seal(self) -> None:
        """Force the bytes to the disk."""
        self.file.seal()

    def commit(self, draft: Draft) -> Saved:
        """Send the file and make the row visible."""
        return self._backend._commit(self._whole(draft), self.file.path, self._progress)  # noqa: SLF001 (two halves of one room)

    def keep(self, draft: Draft) -> Saved:
        """Leave the save in the spool, whole."""
        waiting, answer = self._backend._keep(self._whole(draft), self.file.path, _PATIENCE)  # noqa: SLF001 (the same)
        why = answer if isinstance(answer, ModelStoreError) else None
        return Saved(record=_sending.pending_record(waiting, why), created=True)

    def _whole(self, draft: Draft) -> Draft:
        with file_errors(f"at {self.file.path}"):
            self.seal()
        return dataclasses.replace(draft, save_id=self._save_id, sha256=self.file.sha256, model_file_size=self.file.size)


def _without(alias: str, known: Mapping[str, Any]) -> dict[str, Any]:
    return {**known, "aliases": [each for each in known.get("aliases", ()) if key_of(each) != key_of(alias)]}


def _is_what_was_asked(record: ModelRecord, ref: Reference, at: datetime | None = None) -> bool:
    if ref.id:
        return record.id.replace("-", "").startswith(ref.id)
    return _is_named(record, ref) and (ref.alias is None or at is not None or key_of(ref.alias) in map(key_of, record.aliases))


def _is_meant(record: ModelRecord, ref: Reference) -> bool:
    """Tell whether a reference means a version, as far as that is known of it alone."""
    return _is_what_was_asked(record, ref) and (bool(ref.id) or (record.status == "ready" and record.deleted_at is None))


def _is_named(record: ModelRecord, ref: Reference) -> bool:
    return key_of(record.model_name) == key_of(ref.name) and ref.version in {None, record.version}


def _event(row: dict[str, Any]) -> AliasEvent:
    try:
        return AliasEvent(**{**row, "at": parse_time(row["at"])})
    except (TypeError, ValueError, KeyError) as error:
        raise not_understood("the history of an alias cannot be read") from error
