"""The order of metrics and parameters, which a project's database forgets: it keeps objects as jsonb, shorter names first.

The first metric is the main one, so a save tells the order in a member of ``extra``, and who reads a row puts it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MEMBER = "order"


def told(draft: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a model with the order of its metrics and parameters, where jsonb has another one."""
    found = {"metrics": draft.get("metrics"), "params": _params(draft)}
    order = {name: list(members) for name, members in found.items() if isinstance(members, dict) and not _is_kept(members)}
    return {**draft, "extra": {**(draft.get("extra") or {}), _MEMBER: order}} if order else dict(draft)


def restored(row: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a row of an answer with its metrics and parameters in the order that the save told."""
    extra = row.get("extra") if isinstance(row, dict) else None
    if not isinstance(extra, dict) or not isinstance(order := extra.get(_MEMBER), dict):
        return row
    row = {**row, "extra": {name: value for name, value in extra.items() if name != _MEMBER}}
    if isinstance(metrics := row.get("metrics"), dict):
        row["metrics"] = _in_order(metrics, order.get("metrics"))
    if isinstance(params := _params(row), dict):
        row["training_config"] = {**row["training_config"], "params": _in_order(params, order.get("params"))}
    return row


def _params(known: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    config = known.get("training_config")
    return config.get("params") if isinstance(config, dict) else None


def _is_kept(members: Iterable[str]) -> bool:
    names = list(members)
    return names == sorted(names, key=lambda name: (len(name.encode(errors="replace")), name.encode(errors="replace")))


def _in_order(members: dict[str, Any], order: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    """Return members in an order; those that it does not name come last."""
    named = order if isinstance(order, list) else ()
    return {name: members[name] for name in named if isinstance(name, str) and name in members} | members
