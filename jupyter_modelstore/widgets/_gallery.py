"""What a gallery asks beyond the table of verbs: whether models load here, how metrics and aliases went, and a file."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_modelstore import card
from jupyter_modelstore._files import expanded
from jupyter_modelstore._json import JsonObject, clean
from jupyter_modelstore._parser import Argument
from jupyter_modelstore.compare import direction, same_rows
from jupyter_modelstore.errors import InUse, InvalidReference, ModelStoreError, NotFound, UsageError
from jupyter_modelstore.names import clean_alias, clean_name, key_of, visible
from jupyter_modelstore.protocols import Progress
from jupyter_modelstore.record import ModelRecord, Query, Reference, Removal, goes_back_to
from jupyter_modelstore.registry import Registry, environment_of
from jupyter_modelstore.verbs import VERBS
from jupyter_modelstore.widgets._desk import Request

_MOST_NAMES = 48
_MOST_VERSIONS = 30
_MOST_IDS = 200
_MOST_EVENTS = 50


def requests_of(store: Registry, download_folder: str) -> tuple[Request, ...]:
    """Return what a gallery may ask."""
    return (*_questions(store), *_deeds(store, download_folder))


def _questions(store: Registry) -> tuple[Request, ...]:
    return (
        Request("fits", Fits(store), (Argument("ids", "ids of records", many=True),)),
        Request(
            "history",
            lambda names, metric: history(store, names, metric),
            (Argument("names", "names of models", many=True), Argument("metric", "a metric for each", options={"type": dict})),
        ),
        Request("compare", lambda refs: compare(store, refs), VERBS["compare"].arguments),
        Request("details", lambda ref: card.details(store.get(ref)), VERBS["show"].arguments[:1]),
        Request(
            "check-name",
            lambda name, of="": check_name(store, name, of),
            (Argument("name", "the name to judge"), Argument("of", "the model that would get it", optional=True)),
        ),
        Request(
            "check-alias",
            lambda alias, ref="": check_alias(store, alias, ref),
            (
                Argument("alias", "the alias to judge"),
                Argument("ref", "the version that it would point at", optional=True),
            ),
        ),
        Request("ways", ways, (Argument("names", "names of metrics", many=True),)),
        Request(
            "alias-history", lambda ref: alias_history(store, ref), (Argument("ref", "a version of the model whose aliases"),)
        ),
    )


def _deeds(store: Registry, download_folder: str) -> tuple[Request, ...]:
    return (
        Request(
            "delete-these",
            lambda ids, progress, *, force=False: delete_these(store, ids, progress, force=force),
            (Argument("ids", "ids of records", many=True), *(one for one in VERBS["delete"].arguments if one.name == "force")),
            long=True,
            changes=True,
        ),
        Request(
            "undelete",
            lambda ids, aliases=(): undelete(store, ids, aliases),
            (
                Argument("ids", "ids of records", many=True),
                Argument("aliases", "what a delete said of them", many=True, optional=True, options={"type": dict}),
            ),
            changes=True,
        ),
        Request(
            "download",
            lambda ref, progress, to=None: download(store, ref, to, download_folder, progress),
            VERBS["download"].arguments,
            long=True,
            changes=True,
        ),
    )


class Fits:
    """Tells of records whether they load in this kernel; the same environment is compared once."""

    def __init__(self, store: Registry) -> None:
        self._store = store
        self._verdict = lru_cache(1_000)(_verdict)

    def __call__(self, ids: Sequence[str]) -> dict[str, Any]:
        """Return for each id that is there what to say."""
        _not_more(ids, _MOST_IDS)
        found: dict[str, Any] = {}
        for record_id in ids:
            with contextlib.suppress(NotFound, InvalidReference):
                loads, why = self._verdict(_Environment(self._store.get(f"id:{record_id}")))
                found[record_id] = {"loads": loads, "why": why}
        return found


class _Environment:
    """A record, as the key of a memory: the same as another one of the same environment."""

    def __init__(self, record: ModelRecord) -> None:
        self.record = record
        environment = record.environment
        self._text = environment.text if isinstance(environment, JsonObject) else repr(environment)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Environment) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def _verdict(environment: _Environment) -> tuple[bool | str, str]:
    """Return whether a model loads here, and what is in the way or differs."""
    verdict = environment_of(environment.record)
    if verdict.missing:
        return False, f"needs {', '.join(verdict.missing)}, not installed here"
    if verdict.code_inside and verdict.python:
        return False, f"holds code for Python {verdict.python[0]}, here {verdict.python[1]}"
    if verdict.different:
        return "differs", "needs " + "; ".join(f"{name} {then}, here {here}" for name, then, here in verdict.different)
    return True, ""


def compare(store: Registry, refs: Sequence[str]) -> dict[str, Any]:
    """Return models side by side, in the words of the static comparison."""
    found = store.compare(refs)
    return {"records": found.records, "sections": card.comparison_texts(found), "remark": found.remark}


def history(store: Registry, names: Sequence[str], metric: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return of each model how one metric went, oldest version first; ``fair``: it is of the same rows as the one before."""
    _not_more(names, _MOST_NAMES)
    found = {}
    for name in names:
        page = store.page(Query(name=name, all_versions=True, sort="-version"), limit=_MOST_VERSIONS)
        asked = metric.get(name, "")
        records = [record for record in reversed(page.records) if _is_number(record.metrics.get(asked))]
        found[name] = [
            {
                "version": record.version,
                "value": record.metrics[asked],
                "fair": at > 0 and same_rows(records[at - 1 : at + 1], asked),
            }
            for at, record in enumerate(records)
        ]
    return found


def ways(names: Sequence[str]) -> dict[str, str | None]:
    """Return of each metric which way it is better: ``up``, ``down``, or None where nobody knows."""
    _not_more(names, _MOST_IDS)
    return {clean(name): direction(name) for name in names}


def check_name(store: Registry, name: str, of: str = "") -> dict[str, Any]:
    """Return what a name would mean for a model that is saved, or, if it is ``of`` another name now, renamed."""
    try:
        clean = clean_name(name)
    except ModelStoreError as error:
        return {"ok": False, "message": error.message, "next_version": None, "clean": ""}
    version = store.next_version(clean)
    there = store.page(Query(name=clean, all_versions=True, sort="-version"), limit=1).records if version > 1 else ()
    stored = visible(there[0].model_name if there else clean)
    if of and key_of(of) != key_of(clean):
        told = f"{stored} is the name of another model" if version > 1 else f"All versions of {visible(of)} get the new name"
    elif of:
        told = "The name of all its versions"
    else:
        told = f"Becomes version {version} of {stored}" if version > 1 else "New model, version 1"
    taken = bool(of) and key_of(of) != key_of(clean) and version > 1
    return {"ok": not taken, "message": told, "next_version": version, "clean": clean}


def check_alias(store: Registry, alias: str, ref: str = "") -> dict[str, Any]:
    """Return whether a word may be an alias, and why not; if it is asked for a version, also where it points now."""
    try:
        clean = clean_alias(alias)
    except ModelStoreError as error:
        return {"ok": False, "message": error.message, "next_version": None, "clean": ""}
    told = _points_now(store, clean, store.get(ref)) if ref else ""
    return {"ok": True, "message": told, "next_version": None, "clean": clean}


def _points_now(store: Registry, alias: str, record: ModelRecord) -> str:
    if key_of(alias) in map(key_of, record.aliases):
        return "Points here already"
    last = next(iter(store.alias_history(record.model_name, alias)), None)
    return f"Moves from version {last.version}" if last is not None and last.version is not None else "A new alias"


def alias_history(store: Registry, ref: str) -> dict[str, Any]:
    """Return who let which alias of a model point where, newest first, and the version that each would go back to."""
    events = store.alias_history(store.get(ref).model_name)
    own = {alias: [event for event in events if event.alias == alias] for alias in {event.alias for event in events}}
    back = {alias: version for alias, history in own.items() if (version := goes_back_to(history)) is not None}
    return {"events": events[:_MOST_EVENTS], "back": back}


def delete_these(store: Registry, ids: Sequence[str], progress: Progress, *, force: bool) -> dict[str, Any]:
    """Move the versions that a question named to the trash, one by one, until it is stopped.

    By their ids: their name may mean others by now. The answer tells how many are ``left``, ``why``, and what of the aliases
    takes it back.
    """
    records = [one for record_id in ids for one in store.meant(f"id:{record_id}")]
    # The oldest first: an alias goes back to none that is about to go. What refuses is asked before anything is moved.
    records.sort(key=lambda record: (force or not record.aliases, record.version))
    done: list[Removal] = []
    why = None
    for record in records:
        try:
            progress("deleting", len(done), len(records))
            done.append(store.delete_records([record], force=force))
        except ModelStoreError as error:
            if not done:
                raise
            why = error.to_json()
            break
    lost = {
        (record.model_name, alias): ref
        for record, one in zip(records, done, strict=False)
        for alias, ref in (*((word, "") for word in one.removed_aliases), *one.returned_aliases)
    }
    return {
        "records": [record for one in done for record in one.records],
        "bytes": sum(one.bytes for one in done),
        "left": len(records) - len(done),
        "why": why,
        "aliases": [
            {"alias": alias, "id": record.id, "now": lost[record.model_name, alias]}
            for record in records[: len(done)]
            for alias in record.aliases
            if (record.model_name, alias) in lost
        ],
    }


def undelete(store: Registry, ids: Sequence[str], aliases: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Take a delete back: its versions, and those of its aliases that nobody has moved since, which are told as ``kept``."""
    kept = []
    records = store.restore_records([one for record_id in ids for one in store.meant(f"id:{record_id}", deleted=True)])
    for said in aliases:
        alias, record = said.get("alias", ""), store.get(f"id:{said.get('id', '')}")
        now = Reference.parse(said["now"]).version if said.get("now") else None
        try:
            store.set_alias(f"id:{record.id}", alias, why="the delete was undone", only_from=now or 0)
        except InUse:
            kept.append({"alias": alias, "version": store.alias_history(record.model_name, alias)[0].version})
    return {"records": records, "kept": kept}


_WAYS = (
    (r"%restore_model .+ brings it back", "Restore, in the trash, brings it back"),
    (r"%models(?: --trash)? shows|%modelstore versions .+ shows", "Refresh shows"),
    (r" \(%alias_model\)", ""),
    (r"or delete it all the same with --force", "or press Delete all the same"),
    (r"with %delete_model .+?\.(?= |$)", "with Delete."),
    (r"%modelstore empty-trash", "Empty trash"),
    (r"Have a new one sent: %modelstore login YOUR@EMAIL --code", "Type it again, or press Back and have a new one sent."),
    (r"or make an account \(--sign-up\)", "or press New account"),
    (r"--code sends a one-time code instead, --sign-up makes an account", "or press Send a code, or New account"),
)
"""What errors say to type, and the button of the gallery that does it; what it has no button for stays a line to type."""


def in_buttons(hint: str) -> str:
    """Return what an error says to do, by the gallery's buttons where it has them."""
    for typed, button in _WAYS:
        hint = re.sub(typed, button, hint)
    return hint


def _is_number(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _not_more(asked: Sequence[str], most: int) -> None:
    if len(asked) > most:
        raise UsageError(f"At most {most} can be asked for at once; these are {len(asked)}.", "Ask in parts.")


def download(store: Registry, ref: str, to: str | None, folder: str, progress: Progress) -> dict[str, Any]:
    """Copy a model's file to where the user wants it; return its path, the user's directory as ``~``, and the record."""
    directory = expanded(folder) if folder else Path()
    if folder and not directory.is_dir():
        raise NotFound(f"The download folder {directory} is not there.", "Make it, or %modelstore config download_folder=…")
    record = store.get(ref)
    path = store.download(ref, directory / to if to else directory, progress=progress).absolute()
    home = Path.home()
    return {"path": f"~{os.sep}{path.relative_to(home)}" if path.is_relative_to(home) else str(path), "record": record}
