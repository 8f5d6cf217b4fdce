"""What is it? Algorithm, type, parameters and columns of any object, without ever failing.

Each part is asked for by itself (``_path``, ``_type``, ``_params``, ``_columns``): where one fails, the others are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelstore.capture._columns import feature_names, signature, target
from jupyter_modelstore.capture._kinds import members_of, name_of, quiet
from jupyter_modelstore.capture._model import is_container, refusal
from jupyter_modelstore.capture._params import first, parameters
from jupyter_modelstore.capture._path import look_through
from jupyter_modelstore.capture._type import type_of
from jupyter_modelstore.record import ModelType

_MOST_MEMBERS = 20
_MOST_ALGORITHM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is known of a model from itself alone.

    Attributes
    ----------
    algorithm : str
        The class name of the estimator that learned.
    model_type : str
        What the outermost object does.
    training_config : Mapping
        ``params`` (name to value; an estimator by its class name), ``set`` (names whose value differs from the default),
        ``chain`` (class names from the outermost object to the estimator that learned; of a dict or list its kind and
        ``algorithm``); of a search also ``search``
        (``class``, ``best_params``).
    feature_columns : tuple of str or None
        Names of the columns it was fitted on; None if it does not know them.
    target_column : str or None
    signature : Mapping
        ``n_features``, ``n_outputs``, ``n_classes``, as far as known.
    """

    algorithm: str
    model_type: ModelType = "other"
    training_config: Mapping[str, Any] = field(default_factory=dict)
    feature_columns: tuple[str, ...] | None = None
    target_column: str | None = None
    signature: Mapping[str, Any] = field(default_factory=dict)


def describe(model: object) -> Description:
    """Tell what a model is.

    Parameters
    ----------
    model
        Anything; fitted or not, a model or not.

    Returns
    -------
    Description
        As much as the object told. It never raises, whatever the object's properties do.
    """
    if is_container(model):
        return _describe_members(model)
    path = look_through(model)
    chain = [name_of(part) for part in path]
    return Description(
        algorithm=_clip(chain[-1]),
        model_type=quiet(type_of, path, "other"),
        training_config={**quiet(parameters, path, {"params": {}, "set": []}), "chain": chain},
        feature_columns=quiet(feature_names, model, None),
        target_column=quiet(target, model, None),
        signature=quiet(signature, model, {}),
    )


def algorithm_of(model: object) -> str:
    """Return the class name of the estimator that learned; of a dict or list, those of its models."""
    if is_container(model):
        names = dict.fromkeys(algorithm_of(member) for _, member in _model_members(model))
        return _clip(", ".join(names)) or name_of(model)
    return _clip(name_of(look_through(model)[-1]))


def _model_members(container: object, path: str = "", depth: int = 1) -> list[tuple[str, object]]:
    """Return the models in a container and in containers within, by their path."""
    found: list[tuple[str, object]] = []
    for key, value in members_of(container, _MOST_MEMBERS):
        here = f"{path}__{key.strip(chr(39))}".removeprefix("__")
        if is_container(value):
            found += _model_members(value, here, depth + 1) if depth < 3 else []  # noqa: PLR2004 (as deep as check looks)
        elif refusal(value) is None:
            found.append((here, value))
    return found[:_MOST_MEMBERS]


def _describe_members(container: object) -> Description:
    members = [(path, describe(member)) for path, member in _model_members(container)]
    types = {description.model_type for _, description in members}
    columns = {description.feature_columns for _, description in members}
    configs = [(path, description.training_config) for path, description in members]
    params = {f"{path}__{name}": value for path, config in configs for name, value in config["params"].items()}
    changed = [f"{path}__{name}" for path, config in configs for name in config["set"]]
    kept = first(params, changed)
    algorithm = algorithm_of(container)
    chain = [name_of(container), algorithm] if members else [algorithm]
    return Description(
        algorithm=algorithm,
        model_type=types.pop() if len(types) == 1 else "other",
        training_config={"params": kept, "set": [name for name in changed if name in kept], "chain": chain},
        feature_columns=columns.pop() if len(columns) == 1 else None,
        signature={"n_models": len(members)},
    )


def _clip(text: str) -> str:
    return text if len(text) <= _MOST_ALGORITHM else text[: _MOST_ALGORITHM - 1] + "…"
