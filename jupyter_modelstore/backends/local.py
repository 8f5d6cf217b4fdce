"""The store on this machine: one SQLite file for the records, one file for each model.

::

    DIRECTORY/store.sqlite3           records, names and their counters, aliases and their history
    DIRECTORY/files/<save_id>.part    a save that is being written
    DIRECTORY/files/<save_id>.pkl     a model

A save writes and hashes the ``.part`` and forces it to the disk. Then, under the database's write lock, it renames it, forces
the directory, and inserts the row: acknowledged with the row, invisible before. A purge runs the other way: first the row
becomes a tombstone, then the file goes. So a row always has its file, whenever a process is killed; what a dead process
leaves behind is a file without a row, swept after a day. Sweeping takes the same lock, so that a laptop that slept through
the day cannot lose the file between its name and its row.
"""

from __future__ import annotations

import contextlib
import dataclasses
import operator
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from jupyter_modelstore._files import HashingFile, file_errors, fsync_directory, hash_file
from jupyter_modelstore._json import dumps, encode, loads
from jupyter_modelstore.backends import _aliases, _health, _repair, _trash
from jupyter_modelstore.backends._rows import (
    MIGRATIONS,
    NEWEST,
    NEWEST_THEN,
    SELECT,
    SELECT_SHORT,
    insert,
    order_by,
    rest,
    search_text,
    to_columns,
    to_record,
    to_records,
    where,
)
from jupyter_modelstore.backends._sqlite import Database
from jupyter_modelstore.errors import (
    Ambiguous,
    InUse,
    InvalidValue,
    ModelFileNotFound,
    ModelStoreError,
    NameTaken,
    NotFound,
    StoreCorrupt,
)
from jupyter_modelstore.names import key_of, visible
from jupyter_modelstore.protocols import Finding, Progress, Told
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
    changed_metrics,
    format_time,
    merged_tags,
    now,
    typed,
)

if TYPE_CHECKING:
    import sqlite3

SPACE = "local"
_Answer = TypeVar("_Answer")
_OF_THE_FILE = frozenset({"save_id", "sha256", "model_file_size"})
_DRAFT_COLUMNS = tuple(
    entry.name for entry in dataclasses.fields(Draft) if entry.name not in _OF_THE_FILE | {"alias", "version", "created_at"}
)
_draft_values = operator.attrgetter(*_DRAFT_COLUMNS)

_FIND = (
    "SELECT (SELECT id FROM models WHERE save_id = :save_id),"
    f" (SELECT m.id FROM models m WHERE {NEWEST} AND m.sha256 = :sha256 AND m.origin = :origin),"
    " (SELECT name FROM names WHERE name_key = :name_key), (SELECT next_version FROM names WHERE name_key = :name_key),"
    " (SELECT value FROM meta WHERE key = 'space_id'), (SELECT value FROM meta WHERE key = 'tidied_at')"
)


class _Found(NamedTuple):
    """What a save must know before it can insert its row, asked in one question: each question more is felt."""

    known: str | None
    same: str | None
    name: str | None
    next_version: int | None
    space_id: str | None
    tidied_at: str | None


class LocalBackend:
    """Models in a directory of this machine.

    Parameters
    ----------
    directory
        Where; made by the first save.
    user_id
        UUID of the user; own models load without a question.
    """

    def __init__(self, directory: Path, user_id: str) -> None:
        self._directory = directory
        self._files = directory / "files"
        self._database = Database(directory / "store.sqlite3", MIGRATIONS, self._refuse_to_forget)
        self._user_id = user_id

    def __repr__(self) -> str:
        """Return the place."""
        return f"LocalBackend({str(self._directory)!r})"

    @property
    def where(self) -> str:
        """For people; also that there is nothing yet, since the directory may be mistyped."""
        return "on this machine" if self._database.exists else f"on this machine; {self._directory} holds no store yet"

    @property
    def location(self) -> str:
        """The directory."""
        return str(self._directory)

    @property
    def until(self) -> datetime | None:
        """None: nobody signs in here."""
        return None

    @property
    def local_directory(self) -> Path:
        """The directory."""
        return self._directory

    def vouches(self, record: ModelRecord) -> bool:
        """Vouch for nothing: whoever can write to the directory can write whatever a record says."""
        del record
        return False

    @property
    def user_id(self) -> str:
        """Who is asking."""
        return self._user_id

    # ---- a save ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def receive(self, save_id: str, progress: Progress | None = None) -> Iterator[_Incoming]:
        """Begin a save; see :class:`~jupyter_modelstore.protocols.Backend`."""
        self._database.make()  # and its directory; refuses a store that cannot be used
        with file_errors(f"in {self._files}"):
            incoming = _Incoming(self, save_id, self._open(self._part(save_id), progress))
            try:
                yield incoming
            finally:
                incoming.close()

    def _open(self, part: Path, progress: Progress | None) -> HashingFile:
        try:
            return HashingFile(part, progress)
        except (FileNotFoundError, NotADirectoryError):  # this is the first save
            self._files.mkdir(mode=0o700, exist_ok=True)
            fsync_directory(self._directory)
            return HashingFile(part, progress)

    def _commit(self, draft: Draft, incoming: _Incoming) -> tuple[Saved, bool]:
        """Give a file its name and insert its row, under one lock; tell whether it is time to clear up.

        Nothing is renamed where a row is there already: its file stays as it is.
        """
        with self._database.write() as db:
            found = self._look_for(db, draft, incoming)
            record = self._known(db, found.known) or self._unless_it_differs(db, found.same, draft)
            if record is None:
                incoming.give_name()
                return Saved(record=self._insert(db, draft, incoming, found), created=True), self._is_tidying_due(db, found)
            if record.save_id != incoming.save_id:
                record = self._apply_to(db, record, draft)
            return Saved(record=record, created=False), self._is_tidying_due(db, found)

    @staticmethod
    def _look_for(db: sqlite3.Connection, draft: Draft, incoming: _Incoming) -> _Found:
        names = {"save_id": incoming.save_id, "name_key": key_of(draft.model_name)}
        return _Found(*db.execute(_FIND, names | {"sha256": incoming.file.sha256, "origin": draft.origin}).fetchone())

    def _known(self, db: sqlite3.Connection, record_id: str | None) -> ModelRecord | None:
        """Return the record that a save made before; a save whose model was purged is refused."""
        record = self._again(db, record_id) if record_id is not None else None
        if record is not None and record.status == "purged":
            raise NotFound(f"This save became {record.ref}, which was deleted for good.", "Save the model again.")
        return record

    def _unless_it_differs(self, db: sqlite3.Connection, record_id: str | None, draft: Draft) -> ModelRecord | None:
        """Return the newest version, which was saved with these bytes, if its metrics agree and its file is there."""
        record = self._again(db, record_id) if record_id is not None else None
        if record is None or draft.version is not None or (draft.metrics and encode(draft.metrics) != encode(record.metrics)):
            return None
        return record if self._is_whole(record) else None

    def _is_whole(self, record: ModelRecord) -> bool:
        """Tell whether a record's file is the one that was saved: the new bytes are given up only if the old ones are right."""
        try:
            with self.fetch(record).open("rb") as file:
                return hash_file(file)[0] == record.sha256
        except OSError:
            return False

    def _apply_to(self, db: sqlite3.Connection, record: ModelRecord, draft: Draft) -> ModelRecord:
        changes = Changes(
            description=draft.description or None,
            tags=merged_tags(record.tags, draft.tags) if draft.tags else None,
        )
        self._edit(db, record, changes)
        if (note := draft.source.get("note")) and note != record.source.get("note"):
            source = dumps({**self._again(db, record.id).source, "note": note})
            db.execute("UPDATE models SET source = ?, updated_at = ? WHERE id = ?", (source, format_time(now()), record.id))
        if draft.alias:
            self._set_alias(db, record, draft.alias, "")
        return self._again(db, record.id)

    def _insert(self, db: sqlite3.Connection, draft: Draft, incoming: _Incoming, found: _Found) -> ModelRecord:
        """Insert a row with its name's next number, under the name as it was first written."""
        name_key, at = key_of(draft.model_name), draft.created_at or now()
        name, version = found.name or draft.model_name, max(found.next_version or 1, draft.version or 1)
        db.execute(
            "INSERT INTO names VALUES (?, ?, ?, NULL)"
            " ON CONFLICT DO UPDATE SET next_version = excluded.next_version, renamed_to = NULL",
            (name_key, name, version + 1),
        )
        values = dict(zip(_DRAFT_COLUMNS, _draft_values(draft), strict=True)) | {
            "id": str(uuid.uuid4()),
            "save_id": incoming.save_id,
            "sha256": incoming.file.sha256,
            "model_file_size": incoming.file.size,
            "user_id": self._user_id,
            "space_id": found.space_id or self._first_space_id(db),
            "model_name": name,
            "version": version,
            "status": "ready",
            "model_file_path": f"files/{incoming.save_id}.pkl",
            "created_at": at,
            "name_key": name_key,
            "search": search_text(name, draft.description, draft.tags, draft.algorithm),
        }
        record = insert(db, values)
        return self._set_alias(db, record, draft.alias, "") if draft.alias else record

    def _first_space_id(self, db: sqlite3.Connection) -> str:
        """Give the one space its id, which is that of the user who first saves here."""
        db.execute("INSERT INTO meta VALUES ('space_id', ?)", (self._user_id,))
        return self._user_id

    @staticmethod
    def _is_tidying_due(db: sqlite3.Connection, found: _Found) -> bool:
        """Tell one save a day to clear up."""
        if found.tidied_at is not None and found.tidied_at > format_time(now() - timedelta(days=1)):
            return False
        db.execute("INSERT OR REPLACE INTO meta VALUES ('tidied_at', ?)", (format_time(now()),))
        return True

    # ---- finding -----------------------------------------------------------------------------------------------------

    def find(self, ref: Reference, *, at: datetime | None = None) -> ModelRecord | None:
        """Return the one record that is meant, or None; see :class:`~jupyter_modelstore.protocols.Backend`."""
        if ref.space is not None and key_of(ref.space) != SPACE:
            return None
        return self._ask(lambda db: self._find(db, ref, at))

    def _find(self, db: sqlite3.Connection, ref: Reference, at: datetime | None) -> ModelRecord | None:
        if ref.id is not None:
            return self._by_id(db, ref.id)
        version = ref.version
        if ref.alias is not None:
            version = _aliases.version_of(db, ref.name, ref.alias, at)
            if version is None:
                return None
        if version is not None:
            record = self._one(db, "m.name_key = ? AND m.version = ?", [key_of(ref.name), version])
            return None if record is None or (ref.version is not None and at is not None and record.created_at > at) else record
        return self._newest(db, ref.name, at)

    def _ask(
        self,
        question: Callable[[sqlite3.Connection], _Answer],
        of_the_damaged: Callable[[sqlite3.Connection], _Answer] | None = None,
    ) -> _Answer:
        """Answer from the database; if it is damaged, from all that can still be read of it, perhaps by another question."""
        try:
            with self._database.read() as db:
                return question(db)
        except StoreCorrupt as error:
            with _repair.salvaged(self._database.path, error) as db:
                return (of_the_damaged or question)(db)

    def _by_id(self, db: sqlite3.Connection, digits: str) -> ModelRecord | None:
        groups = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        prefix = "-".join(group for group in groups if group)
        rows = db.execute(f"{SELECT} WHERE m.id >= ? AND m.id < ? LIMIT 2", (prefix, prefix + "g")).fetchall()
        if len(rows) > 1:
            raise Ambiguous(f"More than one model's id starts with {digits}.", "Write more digits of the id.")
        return to_record(rows[0]) if rows else None

    def _newest(self, db: sqlite3.Connection, name: str, at: datetime | None = None) -> ModelRecord | None:
        condition = NEWEST if at is None else NEWEST_THEN
        values = {"name_key": key_of(name)} | ({} if at is None else {"at": format_time(at)})
        return self._one(db, condition, values)

    @staticmethod
    def _one(db: sqlite3.Connection, condition: str, values: Sequence[Any] | Mapping[str, Any]) -> ModelRecord | None:
        row = db.execute(f"{SELECT} WHERE {condition}", values).fetchone()
        return to_record(row) if row else None

    def _again(self, db: sqlite3.Connection, record_id: str) -> ModelRecord:
        record = self._one(db, "m.id = ?", [record_id])
        if record is None:
            raise NotFound("The model is no longer in the store.", "%models shows what there is.")
        return record

    def remembered(self, ref: Reference) -> None:
        """Remember nothing: the store is this machine's."""
        del ref

    def saved(self, save_id: str) -> ModelRecord | None:
        """Return what a save became, whatever became of it."""
        return self._ask(lambda db: self._one(db, "m.save_id = ?", [save_id]))

    def pending(self) -> Sequence[ModelRecord]:
        """Return nothing: a save here is done when it returns."""
        return ()

    def kept_for_others(self) -> int:
        """Return 0: nothing waits here."""
        return 0

    def doubted(self) -> Mapping[str, ModelStoreError]:
        """Return nothing: nothing waits here."""
        return {}

    def resume(self, progress: Progress | None = None, *, refused: bool = False, told: Told | None = None) -> Sequence[Saved]:
        """Do nothing: nothing waits here."""
        del progress, refused, told
        return ()

    def discard(self, record: ModelRecord) -> None:
        """Refuse: nothing waits here."""
        raise NotFound(f"{record.ref} is not on its way anywhere.", "%models shows what there is.")

    def select(self, query: Query, *, limit: int | None = None, offset: int = 0) -> Sequence[ModelRecord]:
        """Return what the query finds, in its order; without a limit, what a list shows of each, and the rest on demand."""
        condition, values = self._where(query)
        order, order_values = order_by(query.sort)
        terms = f"WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?"
        values += [*order_values, -1 if limit is None else limit, offset]

        def whole(db: sqlite3.Connection) -> list[ModelRecord]:
            return to_records(db.execute(f"{SELECT} {terms}", values))

        def short(db: sqlite3.Connection) -> list[ModelRecord]:
            return to_records(db.execute(f"{SELECT_SHORT} {terms}", values), self._rest)

        return self._ask(whole if limit is not None else short, whole)

    def _rest(self, ids: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        return self._ask(lambda db: rest(db, ids))

    def page(self, query: Query, limit: int, offset: int) -> tuple[Sequence[ModelRecord], int]:
        """Return a part of what the query finds, and how many that are in all."""
        records = self.select(query, limit=limit, offset=offset)
        whole = offset == 0 and len(records) < limit
        return records, len(records) if whole else self.count(query)

    def count(self, query: Query) -> int:
        """Return how many the query finds."""
        condition, values = self._where(query)
        return int(self._ask(lambda db: db.execute(f"SELECT count(*) FROM models m WHERE {condition}", values).fetchone()[0]))

    @staticmethod
    def _where(query: Query) -> tuple[str, list[Any]]:
        """Return a query's condition and its parameters; nothing is found in a space that this store does not have."""
        return where(query) if query.space is None or key_of(query.space) == SPACE else ("0", [])

    def facets(self, query: Query) -> Facets:
        """Return how often each value occurs in what the query finds."""
        condition, values = self._where(query)

        def counted(value: str, source: str) -> dict[str, int]:
            statement = f"SELECT {value}, count(*) FROM {source} WHERE {condition} GROUP BY 1 ORDER BY 2 DESC, 1"
            return dict(self._ask(lambda db: db.execute(statement, values).fetchall()))

        return Facets(
            tags=counted("t.value", "models m, json_each(m.tags) t"),
            algorithms=counted("m.algorithm", "models m"),
            model_types=counted("m.model_type", "models m"),
        )

    def names(self) -> list[str]:
        """Return all names that have a version, also in the trash."""
        statement = "SELECT DISTINCT model_name FROM models WHERE status <> 'purged' ORDER BY name_key"
        return [row[0] for row in self._ask(lambda db: db.execute(statement).fetchall())]

    def next_version(self, name: str) -> int:
        """Return the number that the next version of this name will have."""
        statement = "SELECT next_version FROM names WHERE name_key = ?"
        row = self._ask(lambda db: db.execute(statement, (key_of(name),)).fetchone())
        return int(row[0]) if row else 1

    def renamed(self, name: str) -> str | None:
        """Return the newer name of a model that once had this one."""
        statement = "SELECT t.name FROM names n JOIN names t ON t.name_key = n.renamed_to WHERE n.name_key = ?"
        row = self._ask(lambda db: db.execute(statement, (key_of(name),)).fetchone())
        return row[0] if row else None

    def fetch(self, record: ModelRecord) -> Path:
        """Return the model's file. Its path is made from the save's id; the record's own path is not believed."""
        path = self._path(record.save_id)
        if path is None or not path.is_file():
            raise ModelFileNotFound(
                f"Model file not found: {record.ref} is recorded, but its file is gone from {self._files}.",
                "Put the file back from a backup, or remove the record with "
                f"%delete_model {record.ref}. %modelstore doctor lists all such models.",
            )
        return path

    def forget_copy(self, record: ModelRecord) -> bool:
        """Forget nothing: the file is the store's own."""
        del record
        return False

    def link(self, record: ModelRecord, seconds: int, file_name: str) -> str:
        """Refuse: a file on this machine has no address that others could open."""
        del seconds, file_name
        raise InvalidValue(
            f"{visible(record.ref)} rests on this machine, which gives out no links.",
            f"%download_model {typed(record)} copies the file.",
        )

    # ---- changing ----------------------------------------------------------------------------------------------------

    def edit(self, record: ModelRecord, changes: Changes) -> ModelRecord:
        """Change description, tags or metrics."""
        with self._database.write() as db:
            current = self._again(db, record.id)
            if current.status == "purged":
                raise NotFound(f"{current.ref} was deleted for good.", "%models shows what there is.")
            self._edit(db, current, changes)
            return self._again(db, record.id)

    @staticmethod
    def _edit(db: sqlite3.Connection, record: ModelRecord, changes: Changes) -> None:
        description = record.description if changes.description is None else changes.description
        tags = record.tags if changes.tags is None else changes.tags
        metrics, source = changed_metrics(record, changes)
        if (description, tags, dumps(metrics)) == (record.description, record.tags, dumps(dict(record.metrics))):
            return
        values = {
            "description": description,
            "tags": tags,
            "metrics": metrics,
            "source": source,
            "updated_at": now(),
            "search": search_text(record.model_name, description, tags, record.algorithm),
        }
        columns = to_columns(values)
        assignments = ", ".join(f"{column} = ?" for column in columns)
        db.execute(f"UPDATE models SET {assignments} WHERE id = ?", [*columns.values(), record.id])

    def rename(self, name: str, new: str) -> int:
        """Give all versions of a model another name."""
        old_key, new_key = key_of(name), key_of(new)
        with self._database.write() as db:
            row = db.execute("SELECT next_version FROM names WHERE name_key = ?", (old_key,)).fetchone()
            count = db.execute("SELECT count(*) FROM models WHERE name_key = ?", (old_key,)).fetchone()[0]
            if row is None or count == 0:
                raise NotFound(f"There is no model '{visible(name)}'.", "%models shows what there is.")
            if new_key != old_key:
                self._move_name(db, old_key, new_key, new, row[0])
            db.execute("UPDATE names SET name = ? WHERE name_key = ?", (new, new_key))
            self._rewrite_names(db, old_key, new_key, new)
            return int(count)

    @staticmethod
    def _move_name(db: sqlite3.Connection, old_key: str, new_key: str, new: str, next_version: int) -> None:
        """Let the new name count on from the old one's numbers; the old name keeps its own, for none is given twice."""
        if db.execute("SELECT 1 FROM models WHERE name_key = ? LIMIT 1", (new_key,)).fetchone():
            raise NameTaken(
                f"There is, or was, another model '{visible(new)}'.",
                "Choose a name that was never used: numbers of versions are not given twice.",
            )
        db.execute(
            "INSERT INTO names VALUES (?, ?, ?, NULL) ON CONFLICT DO UPDATE"
            " SET next_version = max(next_version, excluded.next_version), renamed_to = NULL",
            (new_key, new, next_version),
        )
        db.execute("UPDATE names SET renamed_to = ? WHERE name_key = ? OR renamed_to = ?", (new_key, old_key, old_key))
        for table in ("aliases", "alias_history"):
            db.execute(f"UPDATE {table} SET name_key = ? WHERE name_key = ?", (new_key, old_key))

    @staticmethod
    def _rewrite_names(db: sqlite3.Connection, old_key: str, new_key: str, new: str) -> None:
        at = format_time(now())
        rows = db.execute("SELECT id, description, tags, algorithm FROM models WHERE name_key = ?", (old_key,)).fetchall()
        for record_id, description, tags, algorithm in rows:
            search = search_text(new, description, tuple(map(str, loads(tags))), algorithm)
            db.execute(
                "UPDATE models SET model_name = ?, name_key = ?, search = ?, updated_at = ? WHERE id = ?",
                (new, new_key, search, at, record_id),
            )

    # ---- aliases -----------------------------------------------------------------------------------------------------

    def set_alias(self, record: ModelRecord, alias: str, *, why: str = "", only_from: int | None = None) -> ModelRecord:
        """Let an alias name this version, with a line in its history."""
        with self._database.write() as db:
            current = self._again(db, record.id)
            if current.status != "ready" or current.deleted_at is not None:
                raise NotFound(f"{current.ref} is not there to be named.", f"%restore_model {current.ref} brings it back.")
            if only_from is not None and (_aliases.version_of(db, current.model_name, alias) or 0) != only_from:
                raise InUse(f"{current.model_name}@{alias} was moved meanwhile.", "It stays where it is.")
            return self._set_alias(db, current, alias, why)

    def _set_alias(self, db: sqlite3.Connection, record: ModelRecord, alias: str, why: str) -> ModelRecord:
        _aliases.point(db, record, alias, why)
        return self._again(db, record.id)

    def remove_alias(self, name: str, alias: str, *, why: str = "") -> AliasEvent:
        """Take an alias away, with a line in its history."""
        with self._database.write() as db:
            version = _aliases.version_of(db, name, alias)
            if version is None:
                raise NotFound(f"{visible(name)} has no alias '{visible(alias)}'.", "%model_card shows a model's aliases.")
            _aliases.drop(db, name, alias, version, why)
            return _aliases.history(db, name, alias)[0]

    def alias_history(self, name: str, alias: str | None = None) -> list[AliasEvent]:
        """Return the history of a model's aliases, newest first."""
        return self._ask(lambda db: _aliases.history(db, name, alias))

    # ---- leaving -----------------------------------------------------------------------------------------------------

    def delete(self, records: Sequence[ModelRecord], *, force: bool = False) -> Removal:
        """Move records to the trash."""
        at = now()
        with self._database.write() as db:
            current = [self._again(db, record.id) for record in records]
            named = sorted({f"{record.ref} is {record.model_name}@{alias}" for record in current for alias in record.aliases})
            if named and not force:
                raise InUse(
                    f"Not deleted: {', '.join(named)}.",
                    "Give the alias to another version first (%alias_model), or delete it all the same with --force.",
                )
            former = _aliases.former(db, current)
            for record in current:
                db.execute(
                    "UPDATE models SET deleted_at = ?, updated_at = ? WHERE id = ? AND deleted_at IS NULL",
                    (format_time(at), format_time(at), record.id),
                )
            pairs = [(alias, _aliases.give_back(db, record, alias)) for record in current for alias in record.aliases]
            after = tuple(self._again(db, record.id) for record in current)
        return Removal(
            records=after,
            bytes=sum(record.model_file_size for record in after if record.status == "ready"),
            purge_after=at + timedelta(days=_trash.DAYS),
            removed_aliases=tuple(dict.fromkeys(alias for alias, ref in pairs if ref is None)),
            returned_aliases=tuple((alias, ref) for alias, ref in pairs if ref is not None),
            former_aliases=tuple(alias for alias in former if alias not in dict(pairs)),
        )

    def restore(self, records: Sequence[ModelRecord]) -> list[ModelRecord]:
        """Take records out of the trash."""
        with self._database.write() as db:
            for record in records:
                db.execute(
                    "UPDATE models SET deleted_at = NULL, updated_at = ? WHERE id = ? AND status <> 'purged'",
                    (format_time(now()), record.id),
                )
            return [self._again(db, record.id) for record in records]

    def purge(self, records: Sequence[ModelRecord]) -> Removal:
        """Turn trashed records into tombstones, then remove their files."""
        if not records:
            return Removal(records=(), bytes=0)
        with self._database.write() as db:
            gone = [self._again(db, record.id) for record in records]
            gone = [record for record in gone if record.deleted_at is not None and record.status != "purged"]
            for record in gone:
                self._bury(db, record)
        freed = sum(self._remove_file(record) for record in gone)
        with file_errors(f"in {self._files}"):
            if gone and self._files.is_dir():
                fsync_directory(self._files)
        return Removal(records=tuple(gone), bytes=freed)

    @staticmethod
    def _bury(db: sqlite3.Connection, record: ModelRecord) -> None:
        """Leave of a row what keeps its number from being given again."""
        db.execute(
            "UPDATE models SET status = 'purged', updated_at = ?, description = '', tags = '[]', metrics = '{}',"
            " training_config = '{}', feature_columns = NULL, target_column = NULL, environment = '{}', source = '{}',"
            " signature = '{}', extra = '{}', search = '', model_file_path = '', model_file_size = 0,"
            " training_time_seconds = NULL, training_samples = NULL, test_samples = NULL WHERE id = ?",
            (format_time(now()), record.id),
        )

    def _remove_file(self, record: ModelRecord) -> int:
        """Remove a model's file and return the bytes that are really gone."""
        path = self._path(record.save_id)
        if path is None:
            return 0
        with file_errors(f"in {self._files}"), contextlib.suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            return 0 if path.exists() else size
        return 0

    def record_download(self, record: ModelRecord) -> ModelRecord:
        """Set ``last_downloaded_at``."""
        with self._database.write() as db:
            db.execute("UPDATE models SET last_downloaded_at = ? WHERE id = ?", (format_time(now()), record.id))
            return self._again(db, record.id)

    def stats(self) -> Stats:
        """Count what the store holds."""
        statement = (
            "SELECT count(DISTINCT CASE WHEN status = 'ready' AND deleted_at IS NULL THEN name_key END),"
            " count(CASE WHEN status = 'ready' AND deleted_at IS NULL THEN 1 END),"
            " count(CASE WHEN deleted_at IS NOT NULL THEN 1 END),"
            " coalesce(sum(CASE WHEN status = 'ready' THEN model_file_size END), 0),"
            " coalesce(sum(CASE WHEN status = 'ready' AND deleted_at IS NOT NULL THEN model_file_size END), 0)"
            " FROM models WHERE status <> 'purged'"
        )
        models, ready, trash, storage, trash_bytes = self._ask(lambda db: db.execute(statement).fetchone())
        return Stats(models=models, versions_ready=ready, trash=trash, storage_bytes=storage, trash_bytes=trash_bytes)

    # ---- looking after it --------------------------------------------------------------------------------------------

    def check(self, *, full: bool = False) -> Sequence[Finding]:
        """Look for damage, mark records whose file is gone, clear what dead saves left and what is due in the trash."""
        if not self._database.exists and not any(self._files.glob("*.pkl")):
            return [Finding(what="store", ok=True, message=f"there is none at {self._directory} yet")]
        return _health.check(self._database, self._files, self, full=full)

    def repair(self) -> Finding:
        """Make a new database from what a damaged one still gives; a sound one is left alone."""
        self._database.close()
        return _repair.repair(self._directory, self._user_id)

    def _refuse_to_forget(self) -> None:
        """Refuse to begin a new database beside model files: theirs is lost, and as leftovers they would be swept."""
        count = sum(_health.is_save_id(path.stem) for path in self._files.glob("*.pkl"))
        if count:
            raise StoreCorrupt(
                f"The database of the store at {self._directory} is missing or empty, but {count} model files are there.",
                "Put the database back from a backup, or make a new one: jupyter modelstore doctor --repair",
            )

    def sweep(self, older_than: timedelta = timedelta(hours=_health.LEFTOVER_HOURS)) -> tuple[int, int]:
        """Remove files that no row names and that nobody has written to for so long; return their number and bytes."""
        return _health.sweep(self._database, self._files, older_than)

    def _tidy(self) -> None:
        """After a save: sweep leftovers, purge what is due. The save is safe; no failure here may touch it."""
        with contextlib.suppress(ModelStoreError):
            self.sweep()
            _trash.purge_expired(self)

    # ---- files -------------------------------------------------------------------------------------------------------

    def _part(self, save_id: str) -> Path:
        return self._files / f"{uuid.UUID(save_id)}.part"

    def _path(self, save_id: str | None) -> Path | None:
        return _health.path_of(self._files, save_id)


class _Incoming:
    """One save on its way; see :class:`~jupyter_modelstore.protocols.Incoming`."""

    def __init__(self, backend: LocalBackend, save_id: str, file: HashingFile) -> None:
        self._backend = backend
        self.save_id = save_id
        self.file = file
        self._path = file.path.with_suffix(".pkl")
        self._named = self._recorded = False

    def seal(self) -> None:
        """Force the bytes to the disk."""
        self.file.seal()

    def commit(self, draft: Draft) -> Saved:
        """Rename the file and insert the row."""
        self.seal()
        backend = self._backend
        try:
            saved, due = backend._commit(draft, self)  # noqa: SLF001 (two halves of one room)
            self._recorded = saved.created
        finally:
            if self._named and not self._recorded:
                self._discard_unless_recorded()
        if due:
            backend._tidy()  # noqa: SLF001
        return saved

    def keep(self, draft: Draft) -> Saved:
        """Commit: here a save is safe when it is visible."""
        return self.commit(draft)

    def give_name(self) -> None:
        """Give the file its name, for good."""
        directory = self._backend._files  # noqa: SLF001
        with file_errors(f"in {directory}"):
            try:
                self._named = True  # before it is: an interrupt may come between the two
                self.file.path.rename(self._path)
            except FileNotFoundError as error:  # swept, since this machine slept for a day
                raise ModelFileNotFound("The model's file vanished before it was recorded.", "Save it again.") from error
            fsync_directory(directory)

    def _discard_unless_recorded(self) -> None:
        """Remove the file if no row came to name it, since the transaction failed.

        An interrupt may come between the commit and its return; so the row is asked for, not assumed. If that cannot be
        asked, the file stays and the sweep decides.
        """
        backend = self._backend
        with contextlib.suppress(Exception), backend._database.read() as db:  # noqa: SLF001
            if backend._one(db, "m.save_id = ?", [self.save_id]) is None:  # noqa: SLF001
                self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file, and remove it if it never got its name."""
        self.file.close()
        if not self._recorded:
            with contextlib.suppress(OSError):
                self.file.path.unlink(missing_ok=True)
