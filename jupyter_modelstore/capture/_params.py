"""With which parameters: all of them, and which differ from the constructor's defaults.

Of a search, those of the best estimator count; what it searched over did not learn. Values stay the objects they are (the
record knows how to write them), but an estimator among them is named by its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from jupyter_modelstore.capture._kinds import ANY_ERROR, MISSING, held, is_a, kind_of, name_of, peek, quiet, state_of, values_of
from jupyter_modelstore.capture._type import xgboost_config

_MOST_PARAMS = 500
_PLAIN = frozenset({type(None), bool, int, float, str})
_NOTHING: dict[str, Any] = {}


def parameters(path: list[object]) -> dict[str, Any]:
    """Return ``params``, ``set`` and, of a search, ``search``."""
    best = next((part for part in path if held(part, "best_estimator_") is not MISSING), None)
    subject = held(best, "best_estimator_") if best is path[0] else path[0]
    given = quiet(_given, subject, _NOTHING)
    changed = _changed(given, subject)
    params = {name: value if type(value) in _PLAIN else _plain(value) for name, value in first(given, changed).items()}
    config: dict[str, Any] = {"params": params, "set": [name for name in changed if name in params]}
    if best is not None:
        found = peek(best, "best_params_")
        config["search"] = {"class": name_of(best), "best_params": _plain(found) if is_a(found, dict) else {}}
    return config


def _given(model: object) -> dict[str, Any]:
    """Return all parameters, also of nested estimators (``clf__C``), as the objects they are."""
    kind = kind_of(model)
    if kind.library == "statsmodels":
        return _statsmodels_params(model)
    if kind.library == "xgboost" and "Booster" in kind.bases:
        return _xgboost_params(xgboost_config(model))
    if kind.library == "lightgbm" and "Booster" in kind.bases:
        return dict(peek(model, "params", {}))
    if not kind.has_params:
        own = state_of(model) if not kind.library else {}
        return {name: own[name] for name in kind.parameters if name in own}
    given = {name: value for name, value in _asked(model).items() if type(name) is str}
    objects = [(name, value) for name, value in given.items() if type(value) not in _PLAIN]
    for name, value in objects:
        if kind_of(value).learns and (best := held(value, "best_estimator_")) is not MISSING:
            given = _with_best(given, name, best)
    return given


def _asked(model: object) -> dict[str, Any]:
    """Return what ``get_params`` answers; scikit-learn's own would look at each constructor anew, which a small save feels."""
    kind = kind_of(model)
    if kind.asked is None:
        answer: dict[str, Any] = peek(model, "get_params")(deep=True)
        return answer
    found: dict[str, Any] = {}
    for name in kind.asked:
        value = getattr(model, name)
        if type(value) not in _PLAIN:
            found |= _within(name, value)
        found[name] = value
    if "Pipeline" in kind.bases:
        steps = peek(model, "steps")
        found |= dict(steps)
        for name, value in steps:
            found |= _within(name, value)
    return found


def _within(name: str, value: object) -> dict[str, Any]:
    """Return the parameters of an estimator that is a parameter itself."""
    if not hasattr(value, "get_params") or is_a(value, type):
        return {}
    return {f"{name}__{key}": item for key, item in _asked(value).items()}


def _with_best(given: dict[str, Any], name: str, best: object) -> dict[str, Any]:
    """Put the estimator that a search found in the search's place: what it searched over is not what learned."""
    kept = {key: value for key, value in given.items() if not key.startswith(f"{name}__")}
    return kept | {name: best} | {f"{name}__{key}": value for key, value in _given(best).items()}


def _changed(given: Mapping[str, Any], subject: object) -> list[str]:
    """Return the parameters that are not what their class's constructor has as default."""
    defaults, changed = {"": kind_of(subject).parameters}, []
    for name, value in given.items():
        owner, _, own_name = name.rpartition("__")
        if owner not in defaults:
            defaults[owner] = kind_of(given.get(owner, subject)).parameters
        default = defaults[owner].get(own_name, MISSING)
        if value is not default and _differs(value, default):
            changed.append(name)
    return changed


def _differs(value: object, default: object) -> bool:
    try:
        if default is MISSING:
            return not _holds_estimator(value)  # steps of a pipeline: the members stand for themselves
        return not _same(value, default)
    except ANY_ERROR:
        return False


def _same(value: object, default: object) -> bool:
    """Compare without running a comparison of the user's."""
    if value is default:
        return True
    if type(value).__module__ == "numpy" and callable(getattr(value, "item", None)) and getattr(value, "shape", None) == ():
        value = value.item()  # type: ignore[attr-defined]  # a numpy scalar
    if type(value) in (int, float, bool, complex) and type(default) in (int, float, bool, complex):
        return value == default or (value != value and default != default)  # noqa: PLR0124 (NaN)
    if type(value) is not type(default):
        return False
    if type(value) in (str, bytes):
        return value == default
    if type(value) in (tuple, list):
        ours, theirs = cast("list[object]", value), cast("list[object]", default)
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    return False


def _plain(value: object, depth: int = 0) -> Any:  # noqa: ANN401 (any value)
    """Return a value with the class name in the place of each estimator; anything else as it is."""
    kind = kind_of(value)
    if kind.has_params and (kind.learns or kind.able) and not is_a(value, type):
        return kind.name
    if depth < 4 and type(value) in (list, tuple, dict) and _holds_estimator(value):  # noqa: PLR2004 (transformers are lists of tuples)
        if type(value) is dict:
            return {key: _plain(item, depth + 1) for key, item in value.items()}
        items = [item if type(item) in _PLAIN else _plain(item, depth + 1) for item in cast("list[object]", value)]
        return items if type(value) is list else tuple(items)
    return value


def _holds_estimator(value: object, depth: int = 0) -> bool:
    kind = kind_of(value)
    if kind.has_params and kind.learns:
        return not is_a(value, type)
    if depth == 4:  # noqa: PLR2004 (see _plain)
        return False
    return any(type(item) not in _PLAIN and _holds_estimator(item, depth + 1) for item in values_of(value, 50))


def first(given: dict[str, Any], changed: list[str]) -> dict[str, Any]:
    """Return at most so many parameters as a record should hold: those that were set come first."""
    if len(given) <= _MOST_PARAMS:
        return given
    names = list(dict.fromkeys([*changed, *given]))
    return {name: given[name] for name in names[:_MOST_PARAMS]}


def _statsmodels_params(results: object) -> dict[str, Any]:
    model = peek(results, "model")
    found = {"method": peek(results, "method")} | {name: peek(model, name) for name in ("formula", "order", "seasonal_order")}
    return {name: value for name, value in found.items() if type(value) in (str, tuple, list)}


def _xgboost_params(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a booster's trees and of its training; the configuration writes all as text."""
    learner = config["learner"]
    groups = [learner["learner_train_param"], *learner["gradient_booster"].values()]
    found = {"objective": learner["objective"]["name"]}
    for group in groups:
        if isinstance(group, dict):
            found |= {name: _number(value) for name, value in group.items() if isinstance(value, str) and name != "name"}
    return found


def _number(text: str) -> int | float | str:
    number: int | float | str | None = quiet(int, text, None)
    number = quiet(float, text, None) if number is None else number
    return text if number is None else number
