"""Models from one store to another: by the save's id, so that nothing goes twice however often it is begun again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from jupyter_modelstore.errors import ModelStoreError, NotFound
from jupyter_modelstore.names import clean_name, key_of, visible
from jupyter_modelstore.protocols import Progress
from jupyter_modelstore.record import ModelRecord, Pushed, Query
from jupyter_modelstore.registry import Registry

_NAMED = 10


Pairs: TypeAlias = "list[tuple[ModelRecord, ModelRecord]]"
"""Versions that both stores have: the source's record, the target's."""


def missing(source: Registry, target: Registry, names: Sequence[str] = ()) -> tuple[list[ModelRecord], Pairs]:
    """Return the versions of these models (all, if none is named) that the target lacks, oldest first, and those it has.

    Raises
    ------
    NotFound
        A name is not in the source.
    """
    wanted = {key_of(clean_name(name)) for name in names}
    found = [record for record in source.list(all_versions=True, sort="created_at") if record.status == "ready"]
    there = {key_of(record.model_name) for record in found}
    if lacking := [name for name in names if key_of(name) not in there]:
        some = ", ".join(sorted({record.model_name for record in found})[:_NAMED])
        hint = f"On this machine are: {visible(some)}" if some else "There is no model on this machine."
        raise NotFound(f"There is no model '{visible(lacking[0])}' to push.", hint)
    meant = [record for record in found if not wanted or key_of(record.model_name) in wanted]
    held = {record.save_id: record for deleted in (True, False) for record in _all(target, deleted=deleted)}
    left = [record for record in meant if record.save_id not in held]
    return left, [(record, held[record.save_id]) for record in meant if record.save_id in held]


def _all(store: Registry, *, deleted: bool) -> Sequence[ModelRecord]:
    return store.page(Query(all_versions=not deleted, deleted=deleted), limit=1_000_000).records


def push(
    source: Registry,
    target: Registry,
    names: Sequence[str] = (),
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    tell: Callable[[str], None] | None = None,
) -> Pushed:
    """Copy models that the target lacks, with numbers, dates, origin and aliases.

    Parameters
    ----------
    source, target
        From where, to where.
    names
        Which models; none: all.
    dry_run
        Only tell what would be copied.
    progress
        Told of the bytes.
    tell
        Told of each model as it arrives.
    """
    left, there = missing(source, target, names)
    known = len(there)
    copied: list[tuple[str, str]] = []
    waiting: list[str] = []
    failed = [] if dry_run else _complete(source, target, there)
    taken: list[str] = []
    size = 0
    numbers = Numbers(target)
    for record in left:
        try:
            aliases = {alias for alias in record.aliases if _is_taken(target, record.model_name, alias)}
            if dry_run and record.save_id is not None and target.saved(record.save_id) is not None:  # deleted there for good
                known += 1
                continue
            saved = None if dry_run else target.copy_from(source, record, progress=progress)
            if saved is not None and saved.record.status == "pending":
                waiting.append(record.ref)
                continue
            if saved is not None and not saved.created:  # it arrived in the meantime, or was deleted there for good
                known += 1
                continue
            if saved is not None:
                _point(source, target, record, saved.record, besides=aliases)
        except ModelStoreError as error:
            failed.append((record.ref, error.message))
            continue
        copied.append((record.ref, numbers.of(record) if saved is None else saved.record.ref))
        taken += [f"{record.model_name}@{alias}" for alias in sorted(aliases)]
        size += record.model_file_size
        if tell is not None and saved is not None:
            tell(f"{record.ref} -> {saved.record.ref}")
    return Pushed(
        copied=tuple(copied),
        waiting=tuple(waiting),
        known=known,
        failed=tuple(failed),
        aliases_left=tuple(taken),
        bytes=size,
    )


def _complete(source: Registry, target: Registry, there: Pairs) -> list[tuple[str, str]]:
    """Give copies the aliases that a push which was broken off, or a copy that had to wait, did not; return what failed."""
    failed = []
    for own, copy in there:
        if copy.deleted_at is None and copy.status == "ready":
            try:
                kept = {alias for alias in own.aliases if alias in copy.aliases or _is_taken(target, own.model_name, alias)}
                _point(source, target, own, copy, besides=kept)
            except ModelStoreError as error:
                failed.append((own.ref, error.message))
    return failed


def _is_taken(target: Registry, name: str, alias: str) -> bool:
    try:
        return bool(target.alias_history(name, alias))
    except NotFound:
        return False


class Numbers:
    """Foretells the versions that copies get: their own number if it is above all others of the name, else the next."""

    def __init__(self, target: Registry) -> None:
        self._target = target
        self._next: dict[str, int] = {}

    def of(self, record: ModelRecord) -> str:
        """Return the reference that the copy of this record would have, if it came next."""
        key = key_of(record.model_name)
        following = self._next.get(key) or self._target.next_version(record.model_name)
        number = max(record.version, following)
        self._next[key] = number + 1
        return f"{record.model_name}:{number}"


def _point(source: Registry, target: Registry, record: ModelRecord, saved: ModelRecord, besides: Collection[str]) -> None:
    """Give the copy the aliases of the original, besides some, with the reason why the original has them."""
    for alias in record.aliases:
        if alias not in besides:
            told = next((event.why for event in source.alias_history(record.model_name, alias)), "")
            target.set_alias(saved.ref, alias, why=f"copied: {told}" if told else "copied")
