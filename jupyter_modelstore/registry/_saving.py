"""A save's two halves: what the user says, checked before any byte is written; and what is known of the model."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

from jupyter_modelstore import capture, formats, trust
from jupyter_modelstore._json import JsonObject
from jupyter_modelstore.names import clean_alias, clean_metrics, clean_name, clean_tags, clean_text
from jupyter_modelstore.protocols import Incoming
from jupyter_modelstore.record import Draft


def draft_of(
    name: str,
    *,
    description: str = "",
    tags: str | Iterable[str] = (),
    metrics: Mapping[str, object] | None = None,
    alias: str | None = None,
) -> Draft:
    """Check what the user says of a model."""
    return Draft(
        model_name=clean_name(name),
        save_id=str(uuid.uuid4()),
        description=clean_text(description),
        tags=clean_tags(tags),
        metrics=clean_metrics(metrics or {}),
        alias=clean_alias(alias) if alias else None,
    )


def dump(model: object, draft: Draft, incoming: Incoming, *, variable: str | None, force: bool) -> Draft:
    """Write a model into a save that has begun; return the draft with all that is known of it."""
    capture.check(model, force=force)
    known = capture.describe(model)
    dumped = formats.default().dump(model, incoming.file)
    return replace(
        draft,
        algorithm=known.algorithm,
        model_type=known.model_type,
        training_config=JsonObject.of(known.training_config),
        feature_columns=known.feature_columns,
        target_column=known.target_column,
        signature=JsonObject.of(known.signature),
        environment=_environment(dumped.modules, dumped.by_value),
        source=JsonObject.of({"variable": variable} if variable else {}),
        format=dumped.format,
        format_version=dumped.format_version,
    )


@functools.lru_cache(64)
def _environment(modules: frozenset[str], by_value: tuple[str, ...]) -> JsonObject:
    """Return what is known of the environment; asked once a process for the same modules."""
    return JsonObject.of(trust.describe(modules, by_value))
