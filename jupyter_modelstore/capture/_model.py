"""Whether it is a model, and whether it has learned.

A model has ``predict``, ``transform`` or ``forward``, and a fitted state; or it is a dict, list or tuple that holds such.
What only looks like one (a DataFrame has ``transform``, a class has ``predict``) is refused with the reason, for the reason
is usually a small slip: the class in place of the estimator, the model in place of its results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from jupyter_modelstore.capture._kinds import (
    ABILITIES,
    ANY_ERROR,
    MISSING,
    Kind,
    can,
    held,
    is_a,
    kind_of,
    members_of,
    named_parts,
    peek,
    state_of,
    steps_of,
)
from jupyter_modelstore.errors import NotAModel, NotFitted
from jupyter_modelstore.names import visible

_KEEP = "keep it as it is with --force (Python: force=True)."
_FIT_FIRST = f"Call .fit(X, y) first, or {_KEEP}"
_NAME_IT = "Name the variable that holds the fitted model."
_FLAGS = ("is_fitted", "is_fitted_", "fitted_", "_is_fitted")
# Before 1.6, check_is_fitted does not know that these have nothing to learn.
_STATELESS = frozenset({"FeatureHasher", "HashingVectorizer", "PatchExtractor", "SparseCoder"})
_CODE = (FunctionType, BuiltinFunctionType, MethodType, partial)
_DEPTH = 3
_MOST_NESTED = 20
_MOST_MEMBERS = 1_000


def check(model: object, *, force: bool = False) -> None:
    """Make sure that an object is a fitted model.

    Parameters
    ----------
    model
        Anything.
    force
        Take it as it is.

    Raises
    ------
    NotAModel
        It neither predicts nor transforms, or is a class, a function, a table.
    NotFitted
        It, or a model inside it, has learned nothing yet.
    """
    problem = None if force else refusal(model)
    if problem is not None:
        raise problem


def refusal(model: object) -> NotAModel | NotFitted | None:
    """Return the error that :func:`check` raises, or None."""
    if is_container(model):
        return _container_refusal(model)
    return _no_model(model) or _unfitted(model)


def is_container(model: object) -> bool:
    """Tell whether an object is a dict, list or tuple, and no model itself."""
    return is_a(model, (dict, list, tuple)) and not kind_of(model).able


def _no_model(model: object) -> NotAModel | None:
    """Return why an object is no model, or None."""
    kind = kind_of(model)
    if is_a(model, type):
        name = visible(_class_name(model))
        return NotAModel(f"`{name}` is a class, not a fitted model.", f"Call it first, then fit it: {name}().fit(X, y)")
    if model is None or is_a(model, ModuleType) or kind.data:
        what = "None" if model is None else "a module" if is_a(model, ModuleType) else f"data (`{visible(kind.name)}`)"
        return NotAModel(f"This is {what}, not a model.", _NAME_IT)
    if kind.able or _is_statsmodels_result(kind) or any(can(model, ability) for ability in ABILITIES):
        return None
    if is_a(model, _CODE):
        return NotAModel("This is a function, not a model.", f"Give it to a class as its `predict`, or {_KEEP}")
    what = f"`{visible(kind.name)}` is no model: it has neither predict, transform nor forward."
    return NotAModel(what, f"{_NAME_IT[:-1]}, or {_KEEP}")


def _unfitted(model: object) -> NotFitted | None:
    """Return what has not been fitted in a model, or None."""
    if is_fitted(model):
        return None
    kind = kind_of(model)
    name = visible(kind.name)
    if kind.library == "statsmodels":
        return NotFitted(f"`{name}` has not been fitted.", f"Keep its results: results = model.fit(). Or {_KEEP}")
    if kind.estimator and held(model, "cv_results_") is not MISSING:
        hint = f"Fit it with refit=True, or {_KEEP}"
        return NotFitted(f"`{name}` searched without refit, so it holds no fitted model.", hint)
    steps = steps_of(model)
    unfitted = [(step, part) for step, part in steps if not is_fitted(part)]
    if unfitted and len(unfitted) < len(steps):
        step, part = unfitted[0]
        inside = f"The step '{visible(step)}' (`{visible(kind_of(part).name)}`) of `{name}`"
        return NotFitted(f"{inside} has not been fitted.", _FIT_FIRST)
    return NotFitted(f"`{name}` has not been fitted.", _FIT_FIRST)


def _container_refusal(model: object) -> NotAModel | NotFitted | None:
    name = visible(kind_of(model).name)
    found, problem = _look_inside(model, "", 1)
    if problem is None and not found:
        return NotAModel(f"This `{name}` holds no model.", f"{_NAME_IT[:-1]}, or {_KEEP}")
    return problem


def _look_inside(container: object, path: str, depth: int) -> tuple[bool, NotFitted | None]:
    """Tell whether a container holds a model, and which of its models has not been fitted."""
    found = False
    for key, value in members_of(container, _MOST_MEMBERS):
        here = f"{path}[{key}]"
        if is_container(value):
            inside, problem = _look_inside(value, here, depth + 1) if depth < _DEPTH else (False, None)
        else:
            inside = _no_model(value) is None
            problem = _unfitted(value) if inside else None
            if problem is not None:
                at = f"At {visible(here)}: "
                problem = NotFitted(at + problem.message, problem.hint)
        if problem is not None:
            return True, problem
        found = found or inside
    return found, None


def is_fitted(model: object, depth: int = 0) -> bool:
    """Tell whether a model has learned, or has nothing to learn. ``depth``: how many objects it lies inside of."""
    kind = kind_of(model)
    steps = steps_of(model)
    if depth > _MOST_NESTED:  # an object that holds itself
        return True
    if steps:
        # As scikit-learn sees it, the last step speaks for all. (Before 1.6 it stumbles over a last 'passthrough'.)
        return is_fitted(steps[-1][1], depth + 1)
    if "FeatureUnion" in kind.bases:
        return all(is_fitted(part, depth + 1) for _, part in named_parts(peek(model, "transformer_list")))
    rule = _RULES.get(kind.library)
    answer = rule(model, kind) if rule else None
    if answer is None and kind.estimator:
        answer = _sklearn_fitted(model, kind)
    return _own_fitted(model, kind, depth) if answer is None else answer


def _sklearn_fitted(model: object, kind: Kind) -> bool | None:
    """Ask scikit-learn; None where it cannot tell."""
    if "BaseSearchCV" in kind.bases:
        return held(model, "best_estimator_") is not MISSING
    if not _STATELESS.isdisjoint(kind.bases):
        return True
    # A Gaussian process answers from its prior before it has seen data. That is nothing to keep.
    attributes = "X_train_" if "GaussianProcessRegressor" in kind.bases else None
    check_is_fitted = peek(sys.modules.get("sklearn.utils.validation"), "check_is_fitted")
    try:
        check_is_fitted(model, attributes)
    except ANY_ERROR as error:
        if type(error).__name__ != "NotFittedError":
            return None
        # Its rule is a name that ends with an underscore. Not every notebook knows that.
        return None if _is_foreign(model) and not can(model, "__sklearn_is_fitted__") else False
    return True


def _is_foreign(model: object) -> bool:
    """Tell whether a class is defined outside of scikit-learn."""
    module = peek(type(model), "__module__")
    return type(module) is not str or not module.startswith("sklearn.")


def _own_fitted(model: object, kind: Kind, depth: int) -> bool:
    """Judge a class of the user's own: by its flag, or by what it holds that its constructor was not given."""
    if not kind.learns and not callable(peek(model, "fit")):
        return True
    for name in _FLAGS:
        flag = _answer(peek(model, name))
        if flag is not None:
            return flag
    return kind.idle_fit or any(
        _is_state(value, depth) for name, value in state_of(model).items() if name.lstrip("_") not in kind.parameters
    )


def _answer(flag: object) -> bool | None:
    """Return a flag's value, or what a method of that name says; None if that is neither yes nor no."""
    if callable(flag):
        try:
            flag = flag()
        except ANY_ERROR:
            return None
    return bool(flag) if type(flag).__name__ in {"bool", "bool_"} else None


def _is_state(value: object, depth: int) -> bool:
    if value is None or value is False:
        return False
    if type(value) in (str, bytes, dict, list, tuple, set):
        return bool(value)
    if kind_of(value).learns:  # an estimator made in the constructor, to be fitted later
        return is_fitted(value, depth + 1)
    return True


def _is_statsmodels_result(kind: Kind) -> bool:
    return kind.library == "statsmodels" and any(base.endswith(("Results", "ResultsWrapper")) for base in kind.bases)


def _statsmodels_fitted(model: object, kind: Kind) -> bool:
    del model  # a model and its results are different classes
    return _is_statsmodels_result(kind) or not kind.learns


def _torch_fitted(model: object, kind: Kind) -> bool | None:
    del model  # a network holds weights from its first moment
    return True if "Module" in kind.bases else None


def _keras_fitted(model: object, kind: Kind) -> bool | None:
    del kind
    built = peek(model, "built")
    return built if type(built) is bool else None


def _booster_fitted(model: object, kind: Kind) -> bool | None:
    if "Booster" not in kind.bases:  # estimators speak for themselves
        return None
    # Without a tree it answers nothing, or its start value.
    count = peek(model, "num_trees" if kind.library == "lightgbm" else "num_boosted_rounds")
    try:
        return bool(count() > 0)
    except ANY_ERROR:
        return False


_RULES: dict[str, Callable[[object, Kind], bool | None]] = {
    "statsmodels": _statsmodels_fitted,
    "torch": _torch_fitted,
    "keras": _keras_fitted,
    "tf_keras": _keras_fitted,
    "tensorflow": _keras_fitted,
    "xgboost": _booster_fitted,
    "lightgbm": _booster_fitted,
}


def _class_name(cls: object) -> str:
    return str(type.__dict__["__name__"].__get__(cls))
