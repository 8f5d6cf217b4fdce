"""What a user means by a name, a date or an alias's past; and what to say when there is no such thing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from jupyter_modelstore.errors import InvalidReference, InvalidValue, NotFound, StorageError
from jupyter_modelstore.names import key_of, visible
from jupyter_modelstore.protocols import Backend
from jupyter_modelstore.record import ModelRecord, Query, Reference, typed

if TYPE_CHECKING:
    import pandas as pd

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Listing(Iterable[ModelRecord]):
    """All models that a query finds; asked for when it is iterated over, and each time anew."""

    def __init__(self, backend: Backend, query: Query) -> None:
        self._backend = backend
        self._query = query

    def __iter__(self) -> Iterator[ModelRecord]:
        """Iterate over the records, in the query's order."""
        return iter(self._backend.select(self._query))

    def __len__(self) -> int:
        """Return how many the query finds now."""
        return self._backend.count(self._query)

    def __repr__(self) -> str:
        """Return the references, at most ten."""
        records = list(self._backend.select(self._query, limit=11))
        shown = ", ".join(visible(record.ref) for record in records[:10])
        return f"[{shown}{', …' if len(records) > 10 else ''}]"  # noqa: PLR2004 (stated above)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row for each model: the record's columns, and one column for each metric.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        import pandas as pd

        records = list(self)
        columns = ("ref", "algorithm", "model_type", "description", "tags", "aliases", "model_file_size", "created_at", "id")
        table = pd.DataFrame([[getattr(record, name) for name in columns] for record in records], columns=list(columns))
        names = dict.fromkeys(name for record in records for name in record.metrics)
        for name in names:
            table[f"metrics.{name}"] = [record.metrics.get(name) for record in records]
        return table


def only_name(name: str | Reference) -> Reference:
    """Read what must be a model's name alone."""
    reference = Reference.parse(name)
    if not reference.name or reference.version is not None or reference.alias is not None:
        raise InvalidReference(f"'{reference}' names one version; a model's name alone is needed.", "For example: churn")
    return reference


def moment(at: str | date | None) -> datetime | None:
    """Read a time; a date means the end of that day here."""
    if at is None:
        return None
    text = (at.isoformat() if isinstance(at, date) else at).strip()
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (datetime.combine(when, time.max) if _DAY.fullmatch(text) else when).astimezone()
    except (ValueError, OverflowError) as error:
        raise InvalidValue(f"'{visible(text)}' is no date.", "Write 2026-03-15, or 2026-03-15T12:00.") from error


def not_found(backend: Backend, ref: Reference, at: str | date | None) -> NotFound:
    """Say what is there instead."""
    if ref.id is not None:
        return NotFound(f"There is no model whose id starts with {ref.id}.", "%models shows what there is.")
    if ref.space is not None:
        return NotFound(f"There is no model '{visible(str(ref))}'.", f"This store has one space; write {visible(ref.name)}.")
    held = list(backend.select(Query(name=ref.name, all_versions=True, sort="-version"), limit=20))
    if held and at is not None:
        return NotFound(f"'{ref}' named nothing at {at}.", f"The history: %alias_model {typed(ref.name)} --history")
    if held:
        there = ", ".join([str(record.version) for record in held[:8]]) + (" …" if len(held) > 8 else "")  # noqa: PLR2004 (a line's worth)
        aliases = ", ".join(f"@{alias}" for record in held for alias in record.aliases)
        missing = f"{ref.name} has no alias '{ref.alias}'" if ref.alias is not None else f"There is no '{ref}'"
        return NotFound(
            f"{missing}. {ref.name} has version{'s' if len(held) > 1 else ''} {there}"
            + (f" and alias{'es' if ' ' in aliases else ''} {aliases}." if aliases else ".")
            + (" A newer save is kept on this machine and has no number yet." if newest_waiting(backend, ref) else ""),
            f"%modelstore versions {typed(ref.name)} shows them.",
        )
    return unknown_name(backend, ref)


def unknown_name(backend: Backend, ref: Reference) -> NotFound:
    """Say what became of a name, or which is nearest to it."""
    if newest_waiting(backend, ref):
        return on_its_way(ref.name)
    newer = backend.renamed(ref.name)
    if newer is not None:
        return NotFound(f"There is no model '{visible(ref.name)}' any more.", f"It was renamed to {visible(newer)}.")
    if list(backend.select(Query(name=ref.name, deleted=True), limit=1)):
        return NotFound(f"{visible(ref.name)} is in the trash.", f"%restore_model {typed(ref.name)} brings it back.")
    names = {name.casefold(): name for name in backend.names()}
    nearest = difflib.get_close_matches(ref.name.casefold(), names, n=3, cutoff=0.5)
    known = " or ".join(visible(names[name]) for name in nearest)
    hint = f"Did you mean {known}?" if known else "%models shows what there is."
    return NotFound(f"There is no model '{visible(ref.name)}'.", hint)


def on_its_way(name: str) -> NotFound:
    """Say of a save that has not arrived what becomes of it."""
    return NotFound(
        f"{visible(name)} is kept on this machine and has not arrived yet.",
        "%modelstore resume sends it, %modelstore discard gives it up.",
    )


def newest_waiting(backend: Backend, ref: Reference) -> ModelRecord | None:
    """Return this user's newest save of a reference's name, or the save of its id, that has not arrived yet."""
    try:
        pending = backend.pending()
    except StorageError:  # what waits cannot be read, which the doctor tells; what has arrived can
        return None
    meant = [
        record
        for record in pending
        if (record.id.replace("-", "").startswith(ref.id) if ref.id else key_of(record.model_name) == key_of(ref.name))
    ]
    return meant[-1] if meant else None


def not_there(backend: Backend, ref: Reference) -> NotFound:
    """Say why there is nothing to delete."""
    record = backend.find(ref)
    if record is not None and record.status == "purged":
        return NotFound(
            f"{visible(record.ref)} was deleted for good on {record.updated_at.astimezone():%Y-%m-%d}.",
            "%models shows what there is.",
        )
    if record is not None:
        return NotFound(f"{visible(record.ref)} is in the trash already.", f"%restore_model {typed(record)} brings it back.")
    return not_found(backend, ref, None)
