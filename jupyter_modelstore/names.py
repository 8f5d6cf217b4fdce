"""What names, aliases, tags, descriptions and metrics may be: one rule each, for all doors and backends.

Each function takes what a user typed and returns its one stored form, or raises an error that quotes the rule. The names'
rule is that of the store's contract: letters, marks and digits of any script, so that Hindi and Arabic names work, and
nothing that a file system, a shell, a URL or a screen could take for something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import SupportsFloat

from jupyter_modelstore.errors import InvalidName, InvalidValue

MAX_NAME = 100
MAX_ALIAS = 50
MAX_TAG = 50
MAX_TAGS = 50
MAX_TEXT = 10_000
MAX_METRICS = 1_000

_NAME_RULE = (
    f"A name has 1 to {MAX_NAME} characters: letters and digits of any script, space and . _ - + ( ) & , "
    "It starts with a letter or digit and does not end with a space."
)
_ALIAS_RULE = (
    f"An alias has 1 to {MAX_ALIAS} letters, digits, - or _ and starts with a letter. "
    "It is neither 'latest' nor 'v' and a number."
)
_NAME_MARKS = frozenset(" ._-+()&,")
_ALIAS_MARKS = frozenset("-_")
_VERSION_LIKE = re.compile(r"v\d+", re.IGNORECASE)


def clean_name(text: str) -> str:
    """Return a model's name in its stored form (NFC).

    Raises
    ------
    InvalidName
        The text breaks the rule; the message says where.
    """
    name = _nfc(text, InvalidName, "name", _NAME_RULE, MAX_NAME)
    _refuse_characters(name, _NAME_MARKS, "name", _NAME_RULE)
    if unicodedata.category(name[0])[0] not in "LN":
        raise InvalidName(f"A name cannot start with {visible(name[0])!r}.", _NAME_RULE)
    if name[-1] == " ":
        raise InvalidName("A name cannot end with a space.", _NAME_RULE)
    return name


def clean_alias(text: str) -> str:
    """Return an alias in its stored form (NFC).

    Raises
    ------
    InvalidName
        The text breaks the rule, or is reserved: ``latest``, ``v3``.
    """
    alias = _nfc(text, InvalidName, "alias", _ALIAS_RULE, MAX_ALIAS)
    _refuse_characters(alias, _ALIAS_MARKS, "alias", _ALIAS_RULE)
    if unicodedata.category(alias[0])[0] != "L":
        raise InvalidName(f"An alias cannot start with {visible(alias[0])!r}.", _ALIAS_RULE)
    if alias.casefold() == "latest" or _VERSION_LIKE.fullmatch(alias):
        raise InvalidName(f"'{alias}' is reserved and cannot be an alias.", _ALIAS_RULE)
    return alias


def key_of(name: str) -> str:
    """Return the form under which a name or alias is unique: without regard to case."""
    return unicodedata.normalize("NFC", name.casefold())


def clean_tags(tags: str | Iterable[str]) -> tuple[str, ...]:
    """Return tags in their stored form: NFC, each once (without regard to case), in the order given.

    Raises
    ------
    InvalidValue
        A tag is empty, too long or holds control or invisible characters, or there are too many.
    """
    if not isinstance(tags, Iterable):
        raise InvalidValue(f"Tags must be texts, not {type(tags).__name__}.", 'For example tags=["telecom"].')
    seen: dict[str, str] = {}
    for tag in [tags] if isinstance(tags, str) else tags:
        text = _nfc(tag, InvalidValue, "tag", f"A tag has 1 to {MAX_TAG} visible characters.", MAX_TAG).strip()
        if not text or any(unicodedata.category(char)[0] == "C" and char != "\u200d" for char in text):
            raise InvalidValue(f"'{visible(text)}' cannot be a tag.", f"A tag has 1 to {MAX_TAG} visible characters.")
        seen.setdefault(key_of(text), text)
    if len(seen) > MAX_TAGS:
        raise InvalidValue(f"A model has at most {MAX_TAGS} tags; these are {len(seen)}.", "Leave some out.")
    return tuple(seen.values())


def clean_text(text: str, what: str = "description") -> str:
    """Return a free text in its stored form (NFC, no white space around).

    Raises
    ------
    InvalidValue
        It is too long, or holds control characters other than line feed and tab.
    """
    rule = f"A {what} has at most {MAX_TEXT:,} characters and no control characters."
    if text == "":
        return ""
    clean = _nfc(text, InvalidValue, what, rule, MAX_TEXT).replace("\r\n", "\n").strip()
    for char in clean:
        if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t":
            raise InvalidValue(f"The {what} holds the control character {visible(char)}.", rule)
    return clean


def clean_metrics(metrics: Mapping[str, object]) -> dict[str, int | float]:
    """Return metrics as plain Python numbers; NaN and infinity are kept.

    Parameters
    ----------
    metrics
        Name to number: int, float, a numpy or torch scalar, anything with ``__float__``.

    Raises
    ------
    InvalidValue
        A name is empty or too long, or a value is no number.
    """
    if not isinstance(metrics, Mapping):
        raise InvalidValue("Metrics must be a mapping of name to number.", 'For example metrics={"auc": 0.93}.')
    if len(metrics) > MAX_METRICS:
        raise InvalidValue(f"A model has at most {MAX_METRICS} metrics; these are {len(metrics)}.", "Keep a summary of them.")
    rule = "A metric has a name of 1 to 100 visible characters and one number."
    clean: dict[str, int | float] = {}
    for name, value in metrics.items():
        key = _nfc(str(name), InvalidValue, "metric's name", rule, MAX_NAME).strip()
        if not key or key.startswith("$") or any(unicodedata.category(char)[0] == "C" for char in key):
            raise InvalidValue(f"'{visible(key)}' cannot be the name of a metric.", rule)
        clean[key] = _number(key, value)
    return clean


def _number(name: str, value: object) -> int | float:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return int(value)
    item = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    if type(item) is int and abs(item) < 2**53:
        return item
    if isinstance(item, (bool, str, bytes)) or not isinstance(item, SupportsFloat) or getattr(item, "shape", ()) != ():
        raise InvalidValue(
            f"The metric '{visible(name)}' is a {type(value).__name__}, not a number.", "Give one number for each metric."
        )
    try:
        return float(item)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidValue(f"The metric '{visible(name)}' is not one number.", "Give one number for each metric.") from error


def visible(text: str) -> str:
    r"""Return ``text`` with what cannot be seen, or would reorder a line, as escapes (``\u202e``); at most 200 characters.

    Joiners inside emoji and Indic words stay.
    """
    shown = "".join(_visible_char(char) for char in text[:200])
    return shown if len(text) <= 200 else shown + "…"  # noqa: PLR2004 (stated above)


def _visible_char(char: str) -> str:
    if unicodedata.category(char)[0] != "C" or char in "\u200c\u200d":
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004 (four hex digits)


def _nfc(text: object, error: type[InvalidName | InvalidValue], what: str, rule: str, most: int) -> str:
    if not isinstance(text, str):
        raise error(f"The {what} must be text, not {type(text).__name__}.", rule)
    if not text:
        raise error(f"The {what} is empty.", rule)
    # Normalising 10 MB takes seconds, and never makes a text shorter than a third.
    if len(text) > 4 * most:
        raise error(f"The {what} has {len(text):,} characters; {most:,} are allowed.", rule)
    clean = unicodedata.normalize("NFC", text)
    if len(clean) > most:
        raise error(f"The {what} has {len(clean):,} characters; {most:,} are allowed.", rule)
    return str(clean)


def _refuse_characters(text: str, marks: frozenset[str], what: str, rule: str) -> None:
    for char in text:
        if unicodedata.category(char)[0] not in "LMN" and char not in marks:
            raise InvalidName(f"The {what} '{visible(text)}' holds {visible(char)!r}, which is not allowed.", rule)
