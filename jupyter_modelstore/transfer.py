"""Models from one store to another: by the save's id, so that nothing goes twice however often it is begun again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jupyter_modelstore.errors import ModelStoreError, NotFound
from jupyter_modelstore.names import clean_name, key_of
from jupyter_modelstore.protocols import Progress
from jupyter_modelstore.record import ModelRecord, Pushed, Query
from jupyter_modelstore.registry import Registry


def missing(source: Registry, target: Registry, names: Sequence[str] = ()) -> tuple[list[ModelRecord], int]:
    """Return the versions of these models (all, if none is named) that the target lacks, oldest first, and how many it has.

    Raises
    ------
    NotFound
        A name is not in the source.
    """
    wanted = {key_of(clean_name(name)) for name in names}
    found = [record for record in source.list(all_versions=True, sort="created_at") if record.status == "ready"]
    there = {key_of(record.model_name) for record in found}
    if lacking := [name for name in names if key_of(name) not in there]:
        raise NotFound(f"There is no model '{lacking[0]}' to push.", "jupyter modelstore list shows what there is.")
    meant = [record for record in found if not wanted or key_of(record.model_name) in wanted]
    held = {record.save_id for deleted in (False, True) for record in _all(target, deleted=deleted)}
    left = [record for record in meant if record.save_id not in held]
    return left, len(meant) - len(left)


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
    left, known = missing(source, target, names)
    copied: list[tuple[str, str]] = []
    waiting: list[str] = []
    failed: list[tuple[str, str]] = []
    size = 0
    numbers = Numbers(target)
    for record in left:
        if dry_run:
            copied.append((record.ref, numbers.of(record)))
            size += record.model_file_size
            continue
        try:
            answer = target.copy_from(source, record, progress=progress)
            saved = answer.record
            if saved.status == "pending":
                waiting.append(record.ref)
                continue
            if not answer.created:  # it arrived in the meantime, or was deleted there for good
                known += 1
                continue
            _point(source, target, record, saved)
        except ModelStoreError as error:
            failed.append((record.ref, error.message))
            continue
        copied.append((record.ref, saved.ref))
        size += record.model_file_size
        if tell is not None:
            tell(f"{record.ref} -> {saved.ref}")
    return Pushed(copied=tuple(copied), waiting=tuple(waiting), known=known, failed=tuple(failed), bytes=size)


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


def _point(source: Registry, target: Registry, record: ModelRecord, saved: ModelRecord) -> None:
    """Give the copy the aliases of the original that nothing there has, with the reason why the original has them."""
    for alias in record.aliases:
        if not target.alias_history(saved.model_name, alias):
            told = next((event.why for event in source.alias_history(record.model_name, alias)), "")
            target.set_alias(saved.ref, alias, why=f"copied: {told}" if told else "copied")
