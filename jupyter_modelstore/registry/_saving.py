"""A save's two halves: what the user says, checked before any byte is written; and what is known of the model."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypedDict

from jupyter_modelstore import capture, formats, trust
from jupyter_modelstore._json import JsonObject
from jupyter_modelstore.errors import InvalidValue
from jupyter_modelstore.names import clean_alias, clean_metrics, clean_name, clean_tags, clean_text, visible
from jupyter_modelstore.protocols import Incoming
from jupyter_modelstore.record import Captured, Draft

PARTS = frozenset({"cells", "features", "target", "rows", "parameters", "time", "notebook", "git"})
"""What of a model and its notebook can be left out of a save."""


class Said(TypedDict):
    """What the user says of a model: members of the :class:`Draft` that is made when all is known."""

    model_name: str
    save_id: str
    description: str
    tags: tuple[str, ...]
    metrics: dict[str, int | float]
    alias: str | None


def said_of(
    name: str,
    *,
    description: str = "",
    tags: str | Iterable[str] = (),
    metrics: Mapping[str, object] | None = None,
    alias: str | None = None,
) -> Said:
    """Check what the user says of a model."""
    return Said(
        model_name=clean_name(name),
        save_id=str(uuid.uuid4()),
        description=clean_text(description),
        tags=clean_tags(tags),
        metrics=clean_metrics(metrics or {}),
        alias=clean_alias(alias) if alias else None,
    )


def dump(
    model: object, said: Said, incoming: Incoming, *, variable: str | None, captured: Captured | None, force: bool
) -> Draft:
    """Write a model into a save that has begun; return what is said of it, with all that it knows of itself."""
    capture.check(model, force=force)
    known = capture.describe(model)
    source = ({"variable": variable} if variable else {}) | _inside(model, captured)
    dumped = formats.default().dump(model, incoming.file)
    return Draft(
        **said,
        algorithm=known.algorithm,
        model_type=known.model_type,
        training_config=JsonObject.of(known.training_config),
        feature_columns=known.feature_columns,
        target_column=known.target_column,
        signature=JsonObject.of(known.signature),
        environment=_environment(dumped.modules, dumped.by_value),
        source=JsonObject.of(source),
        format=dumped.format,
        format_version=dumped.format_version,
    )


def _inside(model: object, captured: Captured | None) -> dict[str, object]:
    """Return which training rows lie in a model, unless the notebook has looked already, with the data at hand."""
    if captured is not None and captured.looked_inside:
        return {}
    found = capture.rows_inside(model)
    return {"data_inside": asdict(found)} if found else {}


def with_captured(draft: Draft, captured: Captured | None, origin: capture.Origin | None) -> Draft:
    """Return a draft with what the notebook knows; what the user said, and what the object itself knows, comes first."""
    if captured is None and (origin is None or not origin.loaded):
        return draft
    captured = captured or Captured()
    parent = (
        {"parent": {"id": origin.id, "sha256": origin.sha256, "ref": origin.ref}}
        if origin is not None and origin.loaded
        else {}
    )
    said = dict(draft.metrics)
    measured = {name: how for name, how in captured.source.get("metrics", {}).items() if name not in said}
    source = dict(draft.source) | dict(captured.source) | ({"metrics": measured} if measured else {}) | parent
    if not measured:
        source.pop("metrics", None)
    if captured.training_samples and isinstance(inside := source.get("data_inside"), Mapping) and inside.get("of") is None:
        source["data_inside"] = {**inside, "of": captured.training_samples}
    return replace(
        draft,
        metrics=clean_metrics({**captured.metrics, **said}),
        feature_columns=draft.feature_columns or captured.feature_columns,
        target_column=draft.target_column or captured.target_column,
        training_samples=captured.training_samples,
        test_samples=captured.test_samples,
        training_time_seconds=captured.training_time_seconds,
        source=JsonObject.of(source),
    )


def parts_of(words: Iterable[str]) -> frozenset[str]:
    """Check which parts are to be left out."""
    parts = frozenset(words)
    if unknown := sorted(parts - PARTS):
        raise InvalidValue(f"'{visible(str(unknown[0]))}' is no part of a save.", f"There are: {', '.join(sorted(PARTS))}")
    return parts


def without(draft: Draft, parts: frozenset[str]) -> Draft:
    """Return a draft without some parts of what was found out."""
    if not parts:
        return draft
    source = {name: value for name, value in draft.source.items() if name not in _left_out_of_source(parts)}
    if "cells" in parts:
        source |= {name: _without_code(source[name]) for name in ("fit", "metrics") if name in source}
    gone: dict[str, Any] = {"features": {"feature_columns": None}, "target": {"target_column": None}}
    gone |= {"rows": {"training_samples": None, "test_samples": None}, "time": {"training_time_seconds": None}}
    gone |= {"parameters": {"training_config": JsonObject.of({"chain": draft.training_config.get("chain", [])})}}
    fields = {name: value for part in parts for name, value in gone.get(part, {}).items()}
    return replace(draft, source=JsonObject.of(source), **fields)


def _left_out_of_source(parts: frozenset[str]) -> set[str]:
    return {name for part in parts for name in {"cells": ("cells", "masked"), "rows": ("data_inside",)}.get(part, (part,))}


def _without_code(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a fit, or of each metric, without the line of code."""
    return {
        name: _without_code(value) if isinstance(value, Mapping) else value for name, value in found.items() if name != "code"
    }


@functools.lru_cache(64)
def _environment(modules: frozenset[str], by_value: tuple[str, ...]) -> JsonObject:
    """Return what is known of the environment; asked once a process for the same modules."""
    return JsonObject.of(trust.describe(modules, by_value))
