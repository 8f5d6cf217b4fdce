"""The card of a save: what is now known of the model, what was found and left out, and how to correct it.

It is read at a glance, in the middle of work: one short row for each subject, nothing for what is not known. The card in
full is :mod:`._model_card`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_modelstore._lines import as_word
from jupyter_modelstore.card import _notebook as book
from jupyter_modelstore.card import _reading as read
from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import Bit, Doc, Facts, Line, of_kind, plain
from jupyter_modelstore.card._shown import Shown, shown
from jupyter_modelstore.record import SPLIT_PREFIXES, Captured, ModelRecord, Saved, Unattached

_MOST_UNATTACHED = 5
_MOST_NOTES = 5
_MOST_TOGETHER = 4
_FEW = 4  # so many names of features are shown all

Rows = list[tuple[str, Line]]


def saved_card(saved: Saved, where: str, captured: Captured | None = None, sending: str = "") -> Shown:
    """Return what a save says: what was kept, where, and how to correct, load and undo it.

    Parameters
    ----------
    saved
        The backend's answer.
    where
        ``on this machine``.
    captured
        What was found in the notebook; None: nothing was looked for.
    sending
        Of a save that is on its way: how far it is.
    """
    record = saved.record
    name = read.title(record)
    if record.status == "pending":
        blocks = (Facts(read.filled(_kept(record, "on this machine")), brief=True),)
        return shown(Doc(_on_its_way(record, where, sending), blocks=blocks), small=True)
    if saved.created:
        title = (Bit(f"Saved {name}", "strong"), *plain(read.kind(record), read.model_type(record)))
    else:
        title = (Bit(f"Nothing new: {name} is exactly this model", "strong"), *plain("what you say of it now is added to it"))
    left_out = captured.not_attached if captured is not None else ()
    rows = [
        *_kept(record, where),
        *_left_out(left_out),
        *_listed("note", [plain(words.line(text)) for text in (captured.notes if captured is not None else ())], _MOST_NOTES),
        *_ways_on(record, left_out, created=saved.created),
    ]
    return shown(Doc(title, blocks=(Facts(read.filled(rows), brief=True),)), small=True)


def _on_its_way(record: ModelRecord, where: str, sending: str) -> Line:
    """Say of a save that this machine holds how far it is, or why it has not arrived and what happens next."""
    kept = f"{words.line(record.model_name)} is kept on this machine"
    refused, waits = record.refused, record.extra.get("waits")
    if refused is not None:
        ways = f"%modelstore resume tries again, %modelstore discard {as_word(words.line(record.model_name))} gives it up"
        return (Bit(f"{kept}, and was refused", "strong"), *_said(refused), *of_kind("muted", ways))
    if isinstance(gone := record.extra.get("gone"), Mapping):
        return (Bit(f"{words.line(record.model_name)} was not kept", "strong"), *_said(gone))
    if isinstance(waits, Mapping) and waits.get("code") == "somebody_else":
        ways = "it is sent when whoever saved it signs in here again"
        return (Bit(f"{kept}, and has not arrived", "strong"), *_said({**waits, "hint": ""}), *of_kind("muted", ways))
    if isinstance(waits, Mapping):
        ways = "it is tried again by itself; %modelstore resume sends it now"
        return (Bit(f"{kept}, and has not arrived", "strong"), *_said(waits), *of_kind("muted", ways))
    return (Bit(f"{kept}, on its way", "strong"), *plain(words.line(where), sending))


def _said(why: Mapping[str, object]) -> Line:
    said, hint = (words.line(str(why.get(part) or "")) for part in ("message", "hint"))
    return (*plain(said), *of_kind("muted", hint))


def _kept(record: ModelRecord, where: str) -> Rows:
    variable = (Bit(bit.text, bit.kind, "from") for bit in book.variable(record))
    git = book.git(record, whole=False)
    inside = book.rows_inside(record)
    file = plain(words.size(record.model_file_size), words.line(where))
    return [
        ("metrics", _metrics(record)),
        ("data", _data(record)),
        ("parameters", plain(read.parameters(record, 6))),
        ("training", _training(record)),
        ("notebook", (*plain(book.notebook(record, whole=False), book.in_brief(record)), *git)),
        ("file", (*file, *variable, *plain(f"holds {inside}" if inside else "", read.code_inside(record)))),
        ("about", (*read.aliases(record), *read.tags(record, 6), *read.description(record, 70))),
    ]


def _metrics(record: ModelRecord) -> Line:
    """Return the first metrics, each with what it was computed on where that is known."""
    names = list(read.mapping(record, "metrics"))
    chips = []
    for bit, name in zip(read.metrics(record, 6), names, strict=False):
        origin = book.origin(record, name)
        said = origin is not None and name.startswith(SPLIT_PREFIXES.get(origin.split, "-"))
        chips.append(Bit(bit.text, bit.kind, bit.label, origin.on if origin and not said else ""))
    return (*chips, *read.more(len(names) - len(chips)))


def _data(record: ModelRecord) -> Line:
    """Return rows, features and target of the fit, and what it was tested on."""
    fitted = plain(book.rows(record.training_samples))
    target = Bit(words.line(record.target_column, 40), "name", "target") if record.target_column else None
    tested = book.rows(record.test_samples)
    alone = not fitted and target is None
    return (
        *fitted,
        *plain(_features(record, 6 if alone else _FEW)),
        *((target,) if target is not None else ()),
        *plain(f"tested on {tested}" if tested else ""),
    )


def _features(record: ModelRecord, most: int) -> str:
    """Return the number of features, and the names of a few; of many where there is room."""
    names = read.texts(record.feature_columns)
    if not names:
        unnamed = read.features(record, 0)
        return f"features: {unnamed}" if unnamed else ""
    few = [words.line(name, 30) for name in names[:most]] if len(names) <= _FEW or most > _FEW else []
    more = ", …" if len(names) > len(few) else ""
    return words.count(len(names), "feature") + (f" ({', '.join(few)}{more})" if few else "")


def _training(record: ModelRecord) -> Line:
    time, cell = book.time(record), book.fit(record).cell
    where = f"cell {cell}" if cell else ""
    took = f"{time} ({where})" if time and where else time or where
    return (*plain(took), *(Bit(bit.text, bit.kind, book.made(record)) for bit in book.parent(record)))


def _left_out(found: Sequence[Unattached]) -> Rows:
    """Return numbers that were found and are not the model's, each with the reason."""
    groups: dict[tuple[str, int | None], list[Unattached]] = {}
    for each in found:
        groups.setdefault((each.reason, each.cell), []).append(each)
    return _listed("not attached", [_unattached(group) for group in groups.values()], _MOST_UNATTACHED)


def _unattached(found: Sequence[Unattached]) -> Line:
    """Return numbers of one cell that share a reason."""
    numbers = [
        Bit("" if each.value is None else words.number(each.value), label=words.line(each.name, 60))
        for each in found[:_MOST_TOGETHER]
    ]
    first = found[0]
    code = words.line(first.code, 60) if first.code and len(found) == 1 else ""
    cell = "" if first.cell is None else f"cell {words.number(first.cell)}"
    more = read.more(len(found) - len(numbers))
    return (*numbers, *more, *plain(words.line(first.reason, 120)), *of_kind("name", code), *plain(cell))


def _listed(label: str, lines: Sequence[Line], most: int) -> Rows:
    """Return lines under one label."""
    shown = [bits for bits in lines if bits]
    left = len(shown) - most
    shown = shown[:most] + ([plain(f"and {left} more")] if left > 0 else [])
    return [("" if at else label, bits) for at, bits in enumerate(shown)]


def _ways_on(record: ModelRecord, left_out: Sequence[Unattached], *, created: bool) -> Rows:
    """Return the lines to type."""
    full = read.typed(record)
    # An alias holds its version, so only --force takes back a save that gave one.
    undo = read.command("delete_model", full, " --force" if read.texts(record.aliases) else "") if created else ""
    load = read.load_line(record, version=False)
    return [
        ("correct", _correct(record, full, left_out)),
        ("change", of_kind("code", read.command("edit_model", full, ' -d "…" -t tag'))),
        ("load", (*of_kind("code", load), *((Bit(undo, "code", "undo"),) if undo and load else ()))),
    ]


def _correct(record: ModelRecord, full: str, left_out: Sequence[Unattached]) -> Line:
    """Return the line that corrects what was found, or says what was not, and the one that takes a number away.

    A number that was left out is not offered: it is of another model, as far as anybody can tell.
    """
    found = [name for name in read.mapping(record, "metrics") if _typable(name) and book.origin(record, name)]
    names = [*found, *(each.name for each in left_out if _typable(each.name))]
    pair = f"{names[0]}=…" if names else ""
    attach = read.command("edit_model", full, f" -m {_word(pair)}") if pair else ""
    drop = read.command("edit_model", full, f" --drop-metric {as_word(found[0])}") if found else ""
    return (*of_kind("code", attach), *((Bit(drop, "code", "or"),) if drop else ()))


def _word(pair: str) -> str:
    """Return ``NAME=VALUE`` as one word, without quotes where none are needed."""
    return pair if as_word(pair.replace("=", "")) == pair.replace("=", "") else as_word(pair)


def _typable(name: str) -> bool:
    """Tell whether a metric's name is shown as it is, so that a line with it does what it says."""
    return bool(name) and words.line(name, 100) == name
