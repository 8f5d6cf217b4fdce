"""Values as people write them: numbers, sizes, dates, parameters, and text that nobody can vouch for.

Every function takes whatever a record may hold, also what it should not (a record can come from anywhere), and returns
one short line. Text from a record passes :func:`line`, which shows control and bidirectional characters as escapes.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from jupyter_modelstore import _sizes
from jupyter_modelstore._json import Opaque
from jupyter_modelstore.names import visible
from jupyter_modelstore.record import now as utc_now

LONG = 10_000
_VISIBLE_AT_ONCE = 200  # what names.visible() shows of a text
_MAX_ITEMS = 10
_MAX_DEPTH = 3
_NARROW = 0x0300  # no character below this is wide or combining


def line(text: object, most: int = 200) -> str:
    """Return any text on one line of at most ``most`` characters, with nothing hidden or reordering in it."""
    raw = text if isinstance(text, str) else number(text) if isinstance(text, (int, float)) else param(text, most)
    if len(raw) <= most and raw.isascii() and raw.isprintable():
        return " ".join(raw.split())
    words = " ".join(raw[: 2 * most + 1].split())
    shown = "".join(visible(words[at : at + _VISIBLE_AT_ONCE]) for at in range(0, min(len(words), most + 1), _VISIBLE_AT_ONCE))
    return shown if len(shown) <= most and len(raw) <= 2 * most else shown[: most - 1].rstrip() + "…"


def source(text: str) -> str:
    """Return one line of source text as it is, but for what hides or reorders text: that is shown as escapes."""
    if text.isascii() and text.replace("\t", "").isprintable():
        return text
    parts = (text[at : at + _VISIBLE_AT_ONCE] for at in range(0, len(text), _VISIBLE_AT_ONCE))
    return "".join("\t".join(map(visible, part.split("\t"))) for part in parts)


def paragraphs(text: object, most: int = LONG) -> list[str]:
    """Return a description's lines, none of them empty."""
    raw = text[: most + 1] if isinstance(text, str) else line(text)
    lines = [line(part, most) for part in raw.splitlines() if part.strip()]
    if len(raw) > most:
        lines[-1:] = [lines[-1] + "…"] if lines else []
    return lines


size = _sizes.size


def count(many: object, one: str, more: str = "") -> str:
    """Return a number with its noun: ``1 version``, ``3 versions``."""
    return f"{number(many)} {one if many == 1 else more or one + 's'}"


def number(value: object, digits: int = 3) -> str:
    """Return a metric with ``digits`` significant digits, or more, where fewer would pass for a whole number: ``0.9996``."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return param(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else _big(value)
    if not math.isfinite(value):
        return str(value)
    if value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    if 10 ** (digits - 1) <= abs(value) < 10**6:
        return _decimals(value, max(1, digits - len(str(int(abs(value))))))
    texts = [f"{value:.{more}g}" for more in range(digits, 18)]
    return next((text for text in texts if not float(text).is_integer() or abs(value) >= 10**6), texts[0])


def _decimals(value: float, places: int) -> str:
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return text if "." in text else f"{value:.{places}f}"


def _big(value: int) -> str:
    try:
        return f"{value:.4g}"
    except OverflowError:
        return f"an integer of {value.bit_length()} bits"


def numbers(values: Sequence[object]) -> list[str]:
    """Return several values of one metric, with so many digits that different numbers look different."""
    real = {value for value in values if isinstance(value, (int, float))}
    digits = next((more for more in range(3, 17) if len({number(value, more) for value in real}) == len(real)), 4)
    return [number(value, digits) for value in values]


def date(when: object) -> str:
    """Return a time in the local time zone, ``2026-11-23 21:30``."""
    if not isinstance(when, datetime):
        return "unknown"
    try:
        return when.astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return when.strftime("%Y-%m-%d %H:%M")


def day(when: object) -> str:
    """Return the day of a time in the local time zone, ``2026-11-23``."""
    return date(when).partition(" ")[0]


def when(moment: object, now: datetime | None = None) -> str:
    """Return a time and how far away it is: ``2026-11-23 21:30 (2 hours ago)``."""
    if not isinstance(moment, datetime):
        return "unknown"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return f"{date(moment)} ({_distance((aware - (now or utc_now())).total_seconds())})"


def _distance(seconds: float) -> str:
    away = abs(seconds)
    if away < 60:  # noqa: PLR2004 (a minute)
        return "just now"
    for most, length, unit in ((5400, 60, "minute"), (129_600, 3600, "hour"), (5_184_000, 86_400, "day")):
        if away < most:
            text = count(round(away / length), unit)
            break
    else:
        years = away / 31_557_600
        text = count(round(away / 2_629_800), "month") if years < 2 else count(round(years), "year")  # noqa: PLR2004 (two years)
    return f"in {text}" if seconds > 0 else f"{text} ago"


def duration(seconds: object) -> str:
    """Return a length of time: ``0.12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds < 10**9:
        return "unknown"
    if seconds < 100:  # noqa: PLR2004 (below two minutes, seconds are clearer)
        return f"{number(float(seconds), 2)} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole < 6000 else f"{whole // 3600} h {whole % 3600 // 60} min"  # noqa: PLR2004


def param(value: Any, most: int = 80) -> str:  # noqa: ANN401 (any parameter)
    """Return a parameter as one would type it: ``'l2'``, ``(1, 2)``, ``{0: 1.5}``, ``sklearn.metrics.f1_score``."""
    return line(_typed(value, most, 0), most)


def _typed(value: Any, most: int, depth: int) -> str:  # noqa: ANN401 (any parameter)
    if isinstance(value, str):
        return str(value) if isinstance(value, Opaque) else repr(value[: most + 1])
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**18:
        return str(value) if value.bit_length() < 1000 else _big(value)  # noqa: PLR2004 (longer than any line)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _container(value, most, depth)
    return repr(value) if value is None or isinstance(value, (bool, int, float)) else f"<{type(value).__name__}>"


def _container(value: Any, most: int, depth: int) -> str:  # noqa: ANN401 (any container)
    left, right = _BRACKETS[next(kind for kind in _BRACKETS if isinstance(value, kind))]
    if depth >= _MAX_DEPTH and value:
        return f"{left}…{right}"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_MAX_ITEMS]
        items = [f"{_typed(key, most, depth + 1)}: {_typed(item, most, depth + 1)}" for key, item in pairs]
    else:
        items = [_typed(item, most, depth + 1) for item in list(value)[:_MAX_ITEMS]]
        items = sorted(items) if left == "{" else items
    if not items and isinstance(value, (set, frozenset)):
        return "set()"
    tail = ", …" if len(value) > _MAX_ITEMS else "," if isinstance(value, tuple) and len(value) == 1 else ""
    return f"{left}{', '.join(items)}{tail}{right}"


_BRACKETS: dict[type, tuple[str, str]] = {
    Mapping: ("{", "}"),
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
}


def some(names: Iterable[object], most: int, total: int | None = None) -> str:
    """Return the first names and how many there are: ``tenure, plan, calls, … (19)``."""
    every = list(names)
    total = len(every) if total is None else total
    text = ", ".join(line(name, 40) for name in every[:most])
    return text if total <= most else f"{text}, … ({total})"


def width(text: str) -> int:
    """Return how many columns a terminal gives to ``text``: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    total, joined = 0, False
    for char in text:
        total += 0 if joined else _columns(char)
        joined = char == "\u200d"
    return total


def _columns(char: str) -> int:
    code = ord(char)
    if code < _NARROW:
        return 1
    if unicodedata.category(char) in {"Mn", "Me", "Cf"} or 0x1160 <= code <= 0x11FF or 0x1F3FB <= code <= 0x1F3FF:  # noqa: PLR2004
        return 0  # marks, joiners, the tails of Hangul syllables, skin tones
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, columns: int) -> str:
    """Return ``text``, shortened with an ellipsis to so many columns."""
    if width(text) <= columns:
        return text
    kept = text[: 4 * columns]
    while kept and width(kept) > columns - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return ``text`` with spaces up to so many columns."""
    space = " " * (columns - width(text))
    return space + text if right else text + space
