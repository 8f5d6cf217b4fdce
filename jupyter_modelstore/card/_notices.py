"""Cards that say what happened: counts, history, what was deleted and how to undo it, check-ups, plain lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from jupyter_modelstore.card import _reading as read
from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import Bit, Block, Doc, Facts, Group, Line, Note, Table, of_kind, plain
from jupyter_modelstore.card._shown import Shown, shown
from jupyter_modelstore.protocols import Finding
from jupyter_modelstore.record import AliasEvent, ModelRecord, Pushed, Removal, Stats

_MOST = 5
_SHOWN = 20


def statistics(stats: Stats) -> Line:
    """Return what a store holds, on one line."""
    trash = f"{words.size(stats.trash_bytes)} in the trash ({words.count(stats.trash, 'version')})" if stats.trash else ""
    quota = f" of {words.size(stats.quota_bytes)}" if stats.quota_bytes is not None else ""
    stored = f"{words.size(stats.storage_bytes)}{quota} stored"
    return plain(words.count(stats.models, "model"), words.count(stats.versions_ready, "version"), stored, trash)


def stats_card(stats: Stats, where: str) -> Shown:
    """Return what a store holds."""
    quota = f"of {words.size(stats.quota_bytes)} allowed" if stats.quota_bytes is not None else ""
    trash = plain(words.count(stats.trash, "version"), words.size(stats.trash_bytes) if stats.trash else "")
    empty = (Bit("%modelstore empty-trash", "code", "free it:"),) if stats.trash else ()
    rows = (
        ("models", plain(words.number(stats.models))),
        ("versions", plain(words.number(stats.versions_ready))),
        ("storage", plain(f"{words.size(stats.storage_bytes)} {quota}".strip())),
        ("trash", (*trash, *empty)),
    )
    return shown(Doc(of_kind("strong", "Model store"), words.line(where), (Facts(rows),)), small=True)


def history_card(events: Sequence[AliasEvent], now: datetime | None = None) -> Shown:
    """Return who let an alias name which version, when and why, in the order given; a lone removal is told in one line."""
    if len(events) == 1 and events[0].version is None:
        return shown(Doc(_removed(events[0])), small=True)
    if not events:
        return shown(Doc(plain("No alias was ever set.")), small=True)
    head = ("when", "alias", "version", "before", "who", "why")
    rows = tuple((_event(event, now), False) for event in events)
    title = of_kind("strong", f"Aliases of {words.line(events[0].model_name, 100)}")
    return shown(Doc(title, blocks=(Table("History of aliases", head, (Group("", rows),)),)))


def _removed(event: AliasEvent) -> Line:
    name = words.line(event.model_name, 100)
    before = f"it was {name}:{words.number(event.previous)}" if event.previous is not None else ""
    return (Bit(f"Removed {name}@{words.line(event.alias, 50)}", "strong"), *plain(before, words.line(event.why)))


def _event(event: AliasEvent, now: datetime | None) -> tuple[Line, ...]:
    version = words.number(event.version) if event.version is not None else "removed"
    before = words.number(event.previous) if event.previous is not None else "—"
    alias = of_kind("alias", words.line(event.alias, 50))
    return (
        plain(words.when(event.at, now)),
        alias,
        plain(version),
        plain(before),
        plain(words.line(event.who, 40)),
        plain(words.line(event.why)),
    )


_SAID = {"deleted": "Deleted", "purged": "Purged", "restored": "Restored", "would be deleted": "Would be deleted:"}


def removal_card(removal: Removal, verb: str, ref: str | None = None, now: datetime | None = None) -> Shown:
    """Return what a delete, purge, restore or prune did or would do, and the way back.

    Parameters
    ----------
    removal
        The backend's answer; for a restore, one made of the restored records.
    verb
        ``deleted``, ``purged``, ``restored`` or ``would be deleted``.
    ref
        What the user named, if it means exactly these versions: ``churn`` or ``churn:3``. Used in the lines to type.
    now
        The time, if not now.
    """
    records = removal.records
    if not records:
        was = "Nothing was" if verb in {"deleted", "restored"} else "Nothing"
        return shown(Doc(plain("The trash is empty." if verb == "purged" else f"{was} {verb}.")), small=True)
    what = read.title(records[0]) if len(records) == 1 else words.count(len(records), "version")
    title = (Bit(f"{_SAID.get(verb, verb.capitalize())} {what}", "strong"), *plain(_bytes(removal, verb)))
    rows: list[tuple[str, Line]] = [("versions", plain(_which(records)))] if len(records) > 1 else []
    if verb == "deleted":
        if removal.purge_after is not None:
            rows.append(("goes for good", plain(words.when(removal.purge_after, now))))
        rows += _ways_on(records, ref)
    if removal.removed_aliases:
        lost = "aliases lost" if verb != "would be deleted" else "aliases that would go"
        named = of_kind("alias", *(words.line(alias, 50) for alias in removal.removed_aliases[:20]))
        rows.append((lost, (*named, *_aliases_back(removal, verb))))
    if removal.returned_aliases:
        back = [f"{words.line(alias, 50)} → {words.line(to, 120)}" for alias, to in removal.returned_aliases[:20]]
        rows.append(("aliases back", of_kind("alias", *back)))
    if removal.former_aliases:
        rows.append(("was once", of_kind("alias", *(words.line(alias, 50) for alias in removal.former_aliases[:20]))))
    return shown(Doc(title, blocks=(Facts(tuple(rows)),) if rows else ()), small=True)


def _aliases_back(removal: Removal, verb: str) -> Line:
    """Return the lines that give a version its aliases back, after the one that restores it."""
    if verb != "deleted" or len(removal.records) != 1:
        return ()
    lines = [read.command("alias_model", read.typed(removal.records[0]), f" {alias}") for alias in removal.removed_aliases[:3]]
    return (*plain("after a restore, back with"), *of_kind("code", *lines)) if all(lines) else ()


def _which(records: Sequence[ModelRecord]) -> str:
    some = ", ".join(read.title(record) for record in records[:_SHOWN])
    return f"{some}, … ({len(records)})" if len(records) > _SHOWN else some


def _bytes(removal: Removal, verb: str) -> str:
    amount = words.size(removal.bytes)
    return {
        "deleted": f"{amount} still held in the trash",
        "purged": f"{amount} freed",
        "would be deleted": f"{amount} would lie in the trash",
    }.get(verb, "")


def _ways_on(records: Sequence[ModelRecord], ref: str | None) -> list[tuple[str, Line]]:
    """Return the lines that undo it and that free the bytes now.

    ``%delete_model churn --now`` would take all versions of ``churn``: a name is used only if the caller vouches for it.
    """
    refs = [read.quoted(words.line(ref))] if ref else [text for text in map(read.typed, records[:_MOST]) if text]
    if not refs:
        return []
    undo = of_kind("code", *(f"%restore_model {text}" for text in refs))
    more = plain("…") if not ref and len(records) > len(refs) else ()
    if ref or len(records) == 1:
        return [("undo", (*undo, *more)), ("free it now", of_kind("code", f"%delete_model {refs[0]} --now"))]
    names = {read.typed(record, version=False) for record in records}
    name = names.pop() if len(names) == 1 else ""
    # Neither line takes these versions alone, so it says what it takes.
    free = read.command("modelstore purge", name) or "%modelstore empty-trash"
    freed = plain(
        f"all of {words.line(records[0].model_name, 100)} that is in the trash" if name else "all that is in the trash"
    )
    return [("undo", (*undo, *more)), ("free it now", (*of_kind("code", free), *freed))]


def loaded_line(record: ModelRecord, *warnings: str) -> Shown:
    """Return one line that says what was loaded; each warning follows on a line of its own. Text only."""
    parts = (
        f"Loaded {read.title(record)}",
        read.kind(record),
        f"saved {words.date(record.created_at)}",
    )
    lines = [" · ".join(part for part in parts if part), *(f"  {words.line(text, 500)}" for text in warnings)]
    return Shown("\n".join(lines))


def download_card(record: ModelRecord, path: str) -> Shown:
    """Return where a model's file was copied to, and what reads it."""
    known = f"The store does not answer: this is {record.ref} as of {words.when(record.as_of)}." if record.as_of else ""
    return lines_card(f"Downloaded to {words.line(path, 1000)}", [read.reader(record, path), *([known] if known else [])])


def pushed_card(done: Pushed, where: str, *, dry_run: bool) -> Shown:
    """Return what was copied to another store, what has another number there, what waits and what failed."""
    many = words.count(len(done.copied), "version")
    title = f"Would copy {many}, {words.size(done.bytes)}" if dry_run else f"Copied {many}, {words.size(done.bytes)}"
    if not (done.copied or done.waiting or done.failed):
        title = "Nothing to copy: " + ("all of it is there already" if done.known else "there is no model on this machine")
    would = "would be" if dry_run else "is"
    lines: list[str | tuple[str, ...]] = [
        ("another number", f"{here} {would} {there}") for here, there in done.copied if here != there
    ]
    if dry_run:
        named = [here for here, _ in done.copied[:_SHOWN]]
        more = len(done.copied) - len(named)
        lines += [("would copy", ", ".join(named) + (f" and {more} more" if more else ""))] if named else []
    stays = "an alias of this name is there already, and stays as it is"
    lines += [("alias not copied", f"{alias}: {stays}") for alias in done.aliases_left]
    lines += [("waits", ref) for ref in done.waiting]
    lines += [("not copied", f"{ref}: {why}") for ref, why in done.failed]
    if done.known:
        lines.append(("there already", words.count(done.known, "version")))
    return lines_card(title, lines, where)


def findings_card(findings: Sequence[Finding]) -> Shown:
    """Return a check-up: each finding with what to do about it."""
    wrong = sum(not finding.ok for finding in findings)
    title = f"{words.count(len(findings), 'check')}, {words.count(wrong, 'problem') if wrong else 'all well'}"
    rows = []
    for finding in findings:
        state = plain("ok") if finding.ok else of_kind("warn", "PROBLEM")
        hint = of_kind("muted", words.line(finding.hint, 300)) if finding.hint else ()
        rows.append((words.line(finding.what, 60), (*state, *plain(words.line(finding.message, 300)), *hint)))
    return shown(Doc(of_kind("strong", title), blocks=(Facts(tuple(rows)),)), small=True)


def lines_card(title: str, lines: Iterable[str | tuple[str, ...]] = (), where: str = "") -> Shown:
    """Return a title with lines below it.

    A pair is a label and its line, a third text what to do about it. A line that starts with ``%`` is shown as code.
    """
    blocks: list[Block] = []
    for entry in lines:
        if isinstance(entry, tuple):
            advice = of_kind("muted", *(words.line(text, 1000) for text in entry[2:]))
            row = (words.line(entry[0], 60), (*_typed_or_plain(entry[1]), *advice))
            last = blocks.pop() if blocks and isinstance(blocks[-1], Facts) else Facts(())
            blocks.append(Facts((*last.rows, row)) if isinstance(last, Facts) else Facts((row,)))
        else:
            blocks.append(Note(_typed_or_plain(entry)))
    return shown(Doc(of_kind("strong", words.line(title)), words.line(where), tuple(blocks)), small=True)


def _typed_or_plain(text: str) -> Line:
    clean = words.line(text, 1000)
    return of_kind("code", clean) if clean.startswith("%") else plain(clean)
