"""A number of bytes, for people; the database says it alike (``sql/002_helpers.sql``)."""

from __future__ import annotations

_KILO = 1000


def size(count: object) -> str:
    """Return a number of bytes with its decimal unit: ``1.9 kB``, ``67 MB``."""
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return "unknown size"
    if count < _KILO:
        return f"{count} B"
    units = iter(("kB", "MB", "GB", "TB", "PB"))
    amount, unit = min(count, 999 * 10**15) / _KILO, next(units)
    while amount >= 999.5:  # noqa: PLR2004 (would be shown as 1000)
        amount, unit = amount / _KILO, next(units)
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"  # noqa: PLR2004 (would be shown as 10.0)
