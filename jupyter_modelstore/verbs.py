"""One table of what can be asked of a store: verb, arguments, what it calls, how its answer is shown.

Magics, the command line and widget messages are made from it, and so will REST be: a new verb is one entry here and one
method of :class:`~jupyter_modelstore.registry.Registry`. An answer is a dataclass of
:mod:`~jupyter_modelstore.record`, whose JSON is its only form outside Python.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_modelstore import card, doctor
from jupyter_modelstore._lines import as_word
from jupyter_modelstore._parser import Argument, metrics_from, range_from
from jupyter_modelstore.card import Shown
from jupyter_modelstore.errors import NotFound, UsageError
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Finding
from jupyter_modelstore.record import MODEL_TYPES, Link, ModelRecord, Page, Query, Reference, Removal, Saved, typed
from jupyter_modelstore.registry import Listing, Loaded, Registry


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb.

    Attributes
    ----------
    name : str
        The word on the command line.
    help : str
        One sentence.
    call : callable
        Takes the registry and the arguments by name; returns the answer.
    show : callable
        Takes the registry and the answer; returns what a user reads.
    arguments : tuple of Argument
    question : callable or None
        Takes the registry and the arguments; returns what must be answered with yes before, or None.
    """

    name: str
    help: str
    call: Callable[..., Any]
    show: Callable[[Registry, Any], Shown]
    arguments: tuple[Argument, ...] = ()
    question: Callable[..., str | None] | None = None


# ---- what each verb calls --------------------------------------------------------------------------------------------


def _query(words: Sequence[str] = (), metrics: Sequence[str] | None = None, **terms: Any) -> Query:  # noqa: ANN401
    ranges: dict[str, tuple[float | None, float | None]] = {}
    for name, (least, most) in map(range_from, metrics or ()):
        before = ranges.get(name, (None, None))
        ranges[name] = (before[0] if least is None else least, before[1] if most is None else most)
    tags = tuple(terms.pop("tags", None) or ())
    return Query(words=" ".join(words), tags=tags, metrics=ranges, **{k: v for k, v in terms.items() if v is not None})


def list_models(store: Registry, limit: int = 48, offset: int = 0, **terms: Any) -> tuple[Page, Query]:  # noqa: ANN401
    """Return a page of models, and the query that found it."""
    query = _query(**terms)
    return store.page(query, limit=limit, offset=offset), query


def _show_list(store: Registry, answer: tuple[Page, Query]) -> Shown:
    page, query = answer
    return card.gallery(page.records, store.stats(), page.total, store.where, query, store.pending())


def _alias(store: Registry, ref: str, alias: str | None = None, why: str | None = None, **how: bool) -> Any:  # noqa: ANN401 (a record or a history)
    """Set, remove or roll back an alias, or tell the history."""
    asked = [name for name in ("rollback", "remove", "history") if how.get(name)]
    reference = Reference.parse(ref)
    name = reference.name or store.get(reference).model_name
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} do not go together.", "Give one of them.")
    if alias is None and (asked not in ([], ["history"]) or why):
        raise UsageError("Which alias?", f"For example: %alias_model {as_word(name)} champion --{(asked or ['rollback'])[0]}")
    if alias is None or how.get("history"):
        return store.alias_history(name, alias)
    if how.get("remove"):
        return [store.remove_alias(name, alias, why=why or "")]
    if how.get("rollback"):
        return store.rollback(name, alias, why=why or ""), alias
    return store.set_alias(ref, alias, why=why or ""), alias


def _show_alias(store: Registry, answer: Any) -> Shown:  # noqa: ANN401 (a record and its alias, or a history)
    if not isinstance(answer, tuple):
        return card.history_card(answer)
    record, alias = answer
    named = f"{record.model_name}@{alias}"
    return card.lines_card(f"{named} is now {record.ref}", [f"%load_model {as_word(visible(named))}"], store.where)


def _show(store: Registry, ref: str, at: str | None = None, *, markdown: bool = False) -> tuple[ModelRecord, bool]:
    return store.get(ref, at), markdown


def _edit(store: Registry, ref: str, **changes: Any) -> Any:  # noqa: ANN401 (a record)
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise UsageError(
            "What shall be changed?", f'For example: %edit_model {as_word(visible(ref))} -d "…" -t tag -m roc_auc=0.93'
        )
    given["add_metrics"] = metrics_from(given.pop("metrics", None))
    return store.edit(ref, **given)


def _delete(store: Registry, ref: str, *, force: bool = False, now: bool = False) -> Removal:
    if not now:
        return store.delete(ref, force=force)
    live = [record for record in _leaving(store, ref) if record.deleted_at is None]
    if live:
        store.delete_records(live, force=force)
    return store.purge_records(_leaving(store, ref))


def _leaving(store: Registry, ref: str) -> Sequence[ModelRecord]:
    """Return what a reference means among what is there and what is in the trash."""
    found: list[ModelRecord] = []
    for deleted in (False, True):
        with contextlib.suppress(NotFound):
            found += store.meant(ref, deleted=deleted)
    return found or store.meant(ref)


def _question_delete(store: Registry, ref: str, *, force: bool = False, now: bool = False) -> str | None:
    del force
    records = _leaving(store, ref) if now else store.meant(ref)
    size = card.size(sum(record.model_file_size for record in records))
    which = records[0].ref if len(records) == 1 else f"all {len(records)} versions of {records[0].model_name}"
    if now:
        return f"Delete {visible(which)} ({size}) for good? This cannot be undone."
    return f"Move {visible(which)} ({size}) to the trash?" if len(records) > 1 else None


def _question_purge(store: Registry, ref: str) -> str:
    records = store.meant(ref, deleted=True)
    size = sum(record.model_file_size for record in records)
    what = ", ".join(record.ref for record in records[:5]) + (" …" if len(records) > 5 else "")  # noqa: PLR2004 (a line's worth)
    return f"Delete {visible(what)} ({card.size(size)}) for good? This cannot be undone."


def _question_trash(store: Registry) -> str | None:
    stats = store.stats()
    if not stats.trash:
        return None
    return f"Delete {_versions(stats.trash)} in the trash ({card.size(stats.trash_bytes)}) for good? This cannot be undone."


def _question_prune(store: Registry, name: str, keep: int = 5, *, dry_run: bool = False) -> str | None:
    removal = store.prune(name, keep, dry_run=True)
    if dry_run or not removal.records:
        return None
    return f"Move {_versions(len(removal.records))} of {visible(name)} ({card.size(removal.bytes)}) to the trash?"


def _prune(store: Registry, name: str, keep: int = 5, *, dry_run: bool = False) -> tuple[Removal, bool]:
    return store.prune(name, keep, dry_run=dry_run), dry_run


def _save_file(store: Registry, path: str, name: str, metrics: Sequence[str] | None = None, **about: Any) -> Saved:  # noqa: ANN401
    known = {key: value for key, value in about.items() if value is not None}
    return store.save_file(path, name, metrics=metrics_from(metrics), **known)


def _show_removal(verb: str) -> Callable[[Registry, Removal], Shown]:
    def show(_: Registry, removal: Removal) -> Shown:
        return card.removal_card(removal, "purged" if removal.purge_after is None and verb == "deleted" else verb)

    return show


def _show_restored(_: Registry, records: Sequence[Any]) -> Shown:
    return card.removal_card(Removal(records=tuple(records), bytes=sum(r.model_file_size for r in records)), "restored")


def _show_renamed(store: Registry, records: Sequence[Any]) -> Shown:
    name = visible(records[0].model_name)
    return card.lines_card(f"Now called {name} ({_versions(len(records))})", [f"%load_model {as_word(name)}"], store.where)


def _versions(many: int) -> str:
    return _count(many, "version")


def _show_loaded(_: Registry, loaded: Loaded) -> Shown:
    return card.loaded_line(loaded.record, *([loaded.warning] if loaded.warning else []))


def _show_facets(store: Registry, facets: Any) -> Shown:  # noqa: ANN401 (Facets)
    lines = [
        (title, ", ".join(f"{visible(value) or '(none)'} {count}" for value, count in getattr(facets, name).items()) or "none")
        for title, name in (("tags", "tags"), ("algorithms", "algorithms"), ("types", "model_types"))
    ]
    return card.lines_card("What there is", lines, store.where)


def _show_status(_: Registry, status: doctor.Status) -> Shown:
    held = [_count(status.models, "model"), _versions(status.versions), card.size(status.storage_bytes)]
    trash = f"{_versions(status.trash)}, {card.size(status.trash_bytes)}" if status.trash else "empty"
    lines = [
        ("models are kept", status.where),
        ("address" if "://" in status.location else "directory", status.location),
        *_signed_in(status),
        *([_told(status)] if status.trouble else [("models", ", ".join(held)), ("trash", trash)]),
        *_on_the_way(status),
        ("version", f"{status.version}, Python {status.python}"),
    ]
    return card.lines_card("jupyter-modelstore", lines)


def _signed_in(status: doctor.Status) -> list[tuple[str, str]]:
    if status.until is None:
        return []
    renewal = "renewed by itself before then" if status.renewed else "unless whoever writes the token's file renews it"
    return [("signed in", f"until {status.until.astimezone():%H:%M}, {renewal}")]


def _told(status: doctor.Status) -> tuple[str, ...]:
    return ("models", visible(status.trouble), *([visible(status.remedy)] if status.remedy else []))


def _on_the_way(status: doctor.Status) -> list[tuple[str, ...]]:
    """Say how many saves have not arrived yet, and which were refused."""
    waiting = status.waiting - len(status.refused)
    kept = (
        "on their way",
        f"{_count(waiting, 'save')}, kept on this machine",
        f"%modelstore resume sends {'it' if waiting == 1 else 'them'}",
    )
    return [
        *([kept] if waiting else []),
        *(("refused", visible(why), "%modelstore discard NAME gives it up") for why in status.refused),
        *([("of others", f"{_count(status.others, 'save')}, kept here until they sign in again")] if status.others else []),
        *_not_sent(status.doubted),
    ]


def _not_sent(doubted: Iterable[Finding]) -> list[tuple[str, ...]]:
    return [(found.what, visible(found.message), visible(found.hint)) for found in doubted]


def _resume(store: Registry, progress: Any = None) -> tuple[Sequence[Saved], Sequence[ModelRecord]]:  # noqa: ANN401 (a Progress)
    """Send what waits; return what arrived, and what did not, with the reason where one is known."""
    why: dict[str, ModelRecord] = {}

    def told(record: ModelRecord, outcome: Any) -> None:  # noqa: ANN401 (what became of it)
        if outcome is not None:
            why[record.id] = record

    arrived = store.resume(progress, refused=True, told=told)
    return arrived, [record if record.refused else why.get(record.id, record) for record in store.pending()]


def _show_resumed(store: Registry, answer: tuple[Sequence[Saved], Sequence[ModelRecord]]) -> Shown:
    arrived, pending = answer
    refused = [(record, record.refused) for record in pending if record.refused]
    left = len(pending) - len(refused)
    waits = [(record, record.extra.get("waits")) for record in pending if not record.refused]
    lines: list[str | tuple[str, ...]] = [f"%load_model {typed(saved.record)}" for saved in arrived]
    for label, found in (("refused", refused), ("waits", waits)):
        lines += [
            (label, f"{visible(record.model_name)}: {visible(why['message'])}", visible(why["hint"]))
            for record, why in found
            if why
        ]
    lines += _not_sent(doctor.doubted(store))
    said = f"{_count(len(arrived), 'save')} arrived" if arrived else "Nothing arrived" if pending else "Nothing waits"
    return card.lines_card(f"{said}; {left} still wait" if left else said, lines, store.where)


def _count(many: int, one: str) -> str:
    return f"{many} {one}" if many == 1 else f"{many} {one}s"


def _download(store: Registry, ref: str, to: str | None = None, *, link: bool = False) -> Any:  # noqa: ANN401 (a path and a record, or a link)
    if link and to is not None:
        raise UsageError("A link writes no file.", "Leave out the path, or --link.")
    if link:
        return store.link(ref)
    record = store.get(ref)
    return str(store.download(ref, to or ".")), record


def _show_download(_: Registry, answer: Any) -> Shown:  # noqa: ANN401 (the same)
    if not isinstance(answer, Link):
        return card.download_card(answer[1], answer[0])
    ends = f"{answer.expires_at.astimezone():%Y-%m-%d %H:%M}"
    warning = f"Anyone who has it gets the file, until {ends}. It stands in this output: clear that before you share it."
    return Shown(f"A link to {visible(answer.record.ref)}\n{warning}\n{answer.url}")  # in one piece, to be copied


# ---- the table -------------------------------------------------------------------------------------------------------

_REF = Argument("ref", "which: churn (the newest version), churn:3, churn@champion, or id: and its first digits", metavar="REF")
_NAME = Argument("name", "the model's name, such as churn", metavar="NAME")
_DESCRIPTION = Argument("description", "what it is, for people who find it later", ("-d", "--description"), "TEXT")
_TAGS = Argument("tags", "a tag to find it by; may be repeated", ("-t", "--tag"), "TAG", many=True)
_METRICS = Argument(
    "metrics", "how good it is, such as roc_auc=0.93; may be repeated", ("-m", "--metric"), "NAME=VALUE", many=True
)
_ALIAS = Argument("alias", "a word that points at this version from now on, such as champion", ("-a", "--alias"), "ALIAS")
_AT = Argument("at", "what the reference meant at the end of that day", ("--at",), "2026-03-15")
_WHY = Argument("why", "the reason; kept in the alias's history", ("--why",), "TEXT")
_SWITCH = {"action": "store_true"}
ABOUT = (_DESCRIPTION, _TAGS, _METRICS, _ALIAS)
LIST = (
    Argument("words", "words in name, description, tags or algorithm", metavar="WORD", many=True, optional=True),
    Argument("tags", "only with this tag; may be repeated", ("-t", "--tag"), "TAG", many=True),
    Argument("algorithm", "only this class, such as LogisticRegression", ("--algorithm",), "CLASS"),
    Argument("model_type", f"only this type: {', '.join(MODEL_TYPES)}", ("--type",), "TYPE", options={"choices": MODEL_TYPES}),
    Argument("metrics", "only where 'roc_auc>=0.8' holds, in quotes; may be repeated", ("-m", "--metric"), "RANGE", many=True),
    Argument("all_versions", "every version, not only the newest of each model", ("--all",), options=_SWITCH),
    Argument("deleted", "what lies in the trash", ("--trash",), options=_SWITCH),
    Argument("sort", "by name, size, created_at or metrics.roc_auc; --sort=-size: largest first", ("--sort",), "COLUMN"),
    Argument("limit", "how many at most (48)", ("--limit",), "N", options={"type": int, "default": 48}),
    Argument("offset", "how many to pass over (0)", ("--offset",), "N", options={"type": int, "default": 0}),
)

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("list", "List the models, the newest first.", list_models, _show_list, LIST),
        Verb(
            "show",
            "Show all that is known of one model.",
            _show,
            lambda store, answer: (
                card.Shown(card.markdown(answer[0])) if answer[1] else card.record_card(answer[0], store.where)
            ),
            (_REF, _AT, Argument("markdown", "as Markdown, to be kept in a file", ("--markdown",), options=_SWITCH)),
        ),
        Verb(
            "versions",
            "List all versions of a model.",
            lambda store, name: list_models(store, name=Reference.parse(store.versions(name)[0].model_name).name, **_ALL),
            _show_list,
            (_NAME,),
        ),
        Verb(
            "compare",
            "Show models or versions side by side, with what differs marked.",
            lambda store, refs: store.compare(refs),
            lambda store, comparison: card.comparison(comparison, store.where),
            (Argument("refs", "two or more models or versions: churn:1 churn:2 other@champion", metavar="REF", many=True),),
        ),
        Verb(
            "stats",
            "Count models, versions and bytes.",
            lambda store: store.stats(),
            lambda store, stats: card.stats_card(stats, store.where),
        ),
        Verb("facets", "Count tags, algorithms and types.", lambda store: store.facets(), _show_facets),
        Verb(
            "save",
            "Keep an existing pickle or joblib file as it is; it is not unpickled.",
            _save_file,
            lambda store, saved: card.saved_card(saved, store.where),
            (Argument("path", "the file", metavar="PATH"), _NAME, *ABOUT),
        ),
        Verb(
            "load",
            "Load a model, to see whether it loads here.",
            lambda store, ref, **how: store.open(ref, **how),
            _show_loaded,
            (
                _REF,
                Argument("trust", "the hash of a file that you trust; asked for when it is needed", ("--trust",), "sha256:…"),
                Argument(
                    "strict",
                    "refuse other versions of Python or packages than it was saved with",
                    ("--strict",),
                    options=_SWITCH,
                ),
                _AT,
            ),
        ),
        Verb(
            "download",
            "Copy a model's file out of the store; nothing is overwritten.",
            _download,
            _show_download,
            (
                _REF,
                Argument(
                    "to", "a directory, or a path with a file name; else the current directory", metavar="TO", optional=True
                ),
                Argument("link", "print a link that gives the file to anyone, for an hour", ("--link",), options=_SWITCH),
            ),
        ),
        Verb(
            "edit",
            "Change what is said of a model: description, tags, metrics.",
            _edit,
            lambda store, record: card.record_card(record, store.where),
            (
                _REF,
                _DESCRIPTION,
                Argument("add_tags", "add a tag; may be repeated", ("-t", "--tag"), "TAG", many=True),
                Argument("remove_tags", "take a tag away; may be repeated", ("--untag",), "TAG", many=True),
                Argument(
                    "metrics", "add or correct a metric, such as roc_auc=0.93", ("-m", "--metric"), "NAME=VALUE", many=True
                ),
                Argument("drop_metrics", "take a metric away; may be repeated", ("--drop-metric",), "NAME", many=True),
            ),
        ),
        Verb(
            "alias",
            "Let a word, an alias, point at a version; or take it back, take it away, show its history.",
            _alias,
            _show_alias,
            (
                Argument(
                    "ref", "the version, such as churn:3; for --rollback, --remove and --history the model", metavar="REF"
                ),
                Argument("alias", "the word, such as champion; left out: the history of all", metavar="ALIAS", optional=True),
                _WHY,
                Argument("rollback", "let it point at what it pointed at before", ("--rollback",), options=_SWITCH),
                Argument("remove", "take it away", ("--remove",), options=_SWITCH),
                Argument("history", "who let it point where, when and why", ("--history",), options=_SWITCH),
            ),
        ),
        Verb(
            "rename",
            "Give a model another name.",
            lambda store, name, new: store.rename(name, new),
            _show_renamed,
            (_NAME, Argument("new", "the new name", metavar="NEW")),
        ),
        Verb(
            "delete",
            "Move a version, or by its name alone all versions of a model, to the trash for 30 days.",
            _delete,
            _show_removal("deleted"),
            (
                _REF,
                Argument("force", "even if an alias points at it", ("--force",), options=_SWITCH),
                Argument("now", "delete for good at once; there is no way back", ("--now",), options=_SWITCH),
            ),
            _question_delete,
        ),
        Verb(
            "restore",
            "Take a version, or all versions of a model, out of the trash.",
            lambda store, ref: store.restore(ref),
            _show_restored,
            (_REF,),
        ),
        Verb(
            "purge",
            "Delete a version, or all versions of a model, that are in the trash for good.",
            lambda store, ref: store.purge(ref),
            _show_removal("purged"),
            (_REF,),
            _question_purge,
        ),
        Verb(
            "empty-trash",
            "Delete for good all that is in the trash.",
            lambda store: store.empty_trash(),
            _show_removal("purged"),
            (),
            _question_trash,
        ),
        Verb(
            "prune",
            "Move all but the newest versions of a model to the trash; what an alias points at stays.",
            _prune,
            lambda _, answer: card.removal_card(answer[0], "would be deleted" if answer[1] else "deleted"),
            (
                _NAME,
                Argument("keep", "how many of the newest stay (5)", ("--keep",), "N", options={"type": int, "default": 5}),
                Argument("dry_run", "only tell what would go", ("--dry-run",), options=_SWITCH),
            ),
            _question_prune,
        ),
        Verb("resume", "Send the saves that are kept on this machine and have not arrived yet.", _resume, _show_resumed),
        Verb(
            "discard",
            "Give up a save that has not arrived; its file on this machine is removed.",
            lambda store, ref: store.discard(ref),
            lambda store, record: card.lines_card(f"Given up: the save of {visible(record.model_name)}", [], store.where),
            (_REF,),
            lambda store, ref: f"Give up the save of {visible(store.waiting(ref).model_name)} for good?",
        ),
        Verb("status", "Say where models are kept, and how many.", doctor.status, _show_status),
        Verb(
            "doctor",
            "Check the store and this environment.",
            doctor.check_up,
            lambda _, findings: card.findings_card(findings),
            (
                Argument("full", "hash every file too", ("--full",), options=_SWITCH),
                Argument("repair", "make a new database from what a damaged one still gives", ("--repair",), options=_SWITCH),
            ),
        ),
    )
}
CHANGING = frozenset(
    {"save", "edit", "alias", "rename", "delete", "restore", "purge", "empty-trash", "prune", "resume", "discard"}
)
"""The verbs after which whoever looks at the store must look again."""

_ALL: dict[str, Any] = {"all_versions": True, "sort": "-version", "limit": 1_000_000}


def plain(answer: Any) -> Any:  # noqa: ANN401 (any answer)
    """Return an answer as what has a JSON form: the query behind a page, and the model behind a load, are left out."""
    if isinstance(answer, Loaded):
        return {"record": answer.record, "warning": answer.warning}
    if isinstance(answer, tuple) and len(answer) == 2:  # noqa: PLR2004 (a pair: the answer, and how it was asked for)
        return answer[0]
    if isinstance(answer, Listing):
        return list(answer)
    return answer
