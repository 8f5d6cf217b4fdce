"""What a class says of itself, asked once and remembered, and how a strange object is asked at all.

A class is judged by the names in its method resolution order, never by ``isinstance``: that would need its library, and
would run ``__class__`` properties of proxies. The memory holds no class alive: a notebook defines the same class again with
every run of its cell.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from types import FunctionType
from typing import Any, TypeVar, cast

from jupyter_modelstore._owners import is_owned
from jupyter_modelstore.capture import _hooks

T = TypeVar("T")


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


ANY_ERROR = (Exception, SystemExit)
"""What a property may raise; Ctrl-C goes through."""

MISSING: Any = inspect.Parameter.empty
"""In the place of a default: the parameter has none."""

ABILITIES = ("predict", "transform", "forward")
LIBRARIES = frozenset({"xgboost", "lightgbm", "catboost", "statsmodels", "torch", "keras", "tf_keras", "tensorflow", "sklearn"})

# Tables and arrays have a `transform` too; so have the axes of a plot.
_DATA = frozenset({"pandas", "polars", "numpy", "pyarrow", "scipy", "xarray", "dask", "cudf", "modin", "ibis", "matplotlib"})
_DATA_MODULES = ("pyspark.sql.", "torch.utils.data.", "torchvision.datasets.")

# Wrappers around one estimator, and where they keep it: first what was fitted, then what it was made from.
_INNER: dict[str, tuple[str, ...]] = {
    "BaseSearchCV": ("best_estimator_", "estimator"),
    "CalibratedClassifierCV": ("calibrated_classifiers_", "estimator", "base_estimator"),
    "_CalibratedClassifier": ("estimator",),
    "OneVsRestClassifier": ("estimators_", "estimator"),
    "OneVsOneClassifier": ("estimators_", "estimator"),
    "OutputCodeClassifier": ("estimators_", "estimator"),
    "MultiOutputClassifier": ("estimators_", "estimator"),
    "MultiOutputRegressor": ("estimators_", "estimator"),
    "ClassifierChain": ("estimators_", "estimator", "base_estimator"),
    "RegressorChain": ("estimators_", "estimator", "base_estimator"),
    "TransformedTargetRegressor": ("regressor_", "regressor"),
    "FixedThresholdClassifier": ("estimator_", "estimator"),
    "TunedThresholdClassifierCV": ("estimator_", "estimator"),
    "SelfTrainingClassifier": ("estimator_", "base_estimator_", "estimator", "base_estimator"),
    "FrozenEstimator": ("estimator",),
}

# The methods by which scikit-learn tells parameters.
_SKLEARNS = {
    "get_params": {("sklearn.base", "BaseEstimator.get_params"), ("sklearn.pipeline", "Pipeline.get_params")},
    "_get_param_names": {("sklearn.base", "BaseEstimator._get_param_names")},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a class.

    Attributes
    ----------
    name : str
        The class's name.
    root : str
        The root of its module.
    library : str
        The root of the module of the first base that belongs to a known library; empty if none does.
    bases : frozenset of str
        Names of the class and all its bases.
    estimator : bool
        scikit-learn's ``BaseEstimator`` is among the bases.
    able, learns, has_params : bool
        The class predicts, transforms or has ``forward``; has ``fit``; has ``get_params``.
    data : bool
        It is a table, an array, a plot: has ``transform``, and is no model.
    fits_itself : bool
        Its ``fit`` changes the object, and returns it or nothing; that of statsmodels and keras returns another.
    own : bool
        It belongs to no installed distribution: what its methods do is not known.
    strange : bool
        It runs code of the notebook's where no call is seen (``_hooks``).
    idle_fit : bool
        Its ``fit`` does nothing but return: there is nothing to learn.
    inner : tuple of str
        Attributes that lead to the one estimator it wraps.
    parameters : Mapping
        Constructor parameter to default, or :data:`MISSING`.
    asked : tuple of str or None
        What scikit-learn's own ``get_params`` asks an object of the class for; None if the class has a method of its own.
    slots : tuple of str
        Names of all slots.
    """

    name: str
    root: str
    library: str
    bases: frozenset[str]
    estimator: bool
    able: bool
    learns: bool
    has_params: bool
    data: bool
    fits_itself: bool
    own: bool
    strange: bool
    idle_fit: bool
    inner: tuple[str, ...]
    parameters: Mapping[str, Any]
    asked: tuple[str, ...] | None
    slots: tuple[str, ...]


_kinds: dict[int, tuple[weakref.ref[type], Kind]] = {}


def kind_of(model: object) -> Kind:
    """Return what is known of an object's class."""
    cls = type(model)
    entry = _kinds.get(id(cls))  # as below: a save asks so often that one call more is felt
    return entry[1] if entry is not None and entry[0]() is cls else kind_of_class(cls)


def kind_of_class(cls: type) -> Kind:
    """Return what is known of a class."""
    # By identity: a metaclass may define a hash and an equality of its own.
    entry = _kinds.get(id(cls))
    if entry is not None and entry[0]() is cls:
        return entry[1]
    kind, key = _study(cls), id(cls)
    _kinds[key] = (weakref.ref(cls, lambda _: _kinds.pop(key, None)), kind)
    return kind


def is_a(model: object, builtin: type | tuple[type, ...]) -> bool:
    """Tell whether an object is of a builtin type, or of one of several; as ``isinstance``, but without asking the object."""
    return issubclass(type(model), builtin)


def peek(model: object, name: str, default: Any = None) -> Any:  # noqa: ANN401 (any attribute)
    """Return an attribute, or the default if there is none or asking for it raises anything."""
    try:
        return getattr(model, name, default)
    except ANY_ERROR:
        return default


def quiet(function: Callable[[Any], T], argument: object, default: T) -> T:
    """Call a function, and return the default if it raises anything."""
    try:
        return function(argument)
    except ANY_ERROR:
        return default


def name_of(model: object) -> str:
    """Return the name of an object's class."""
    return kind_of(model).name


def state_of(model: object) -> dict[str, Any]:
    """Return what an object's ``__dict__`` and slots hold; nothing computed."""
    state = peek(model, "__dict__")
    found = {key: value for key, value in state.items() if type(key) is str} if type(state) is dict else {}
    for name in kind_of(model).slots:
        value = peek(model, name, MISSING)
        if value is not MISSING:
            found[name] = value
    return found


def held(model: object, name: str, default: Any = MISSING) -> Any:  # noqa: ANN401 (any member)
    """Return one member of what :func:`state_of` returns, without a copy of all; the default if there is none."""
    state = peek(model, "__dict__")
    if type(state) is dict and name in state:
        return state[name]
    return peek(model, name, default) if name in kind_of(model).slots else default


def can(model: object, name: str) -> bool:
    """Tell whether an object has a method, on its class or as its own attribute.

    The class counts even where the object denies it: a search that was not fitted has no ``predict`` yet.
    """
    attribute = _class_attribute(type(model), name)
    if attribute is MISSING or is_a(attribute, property):
        return callable(peek(model, name))
    return attribute is not None


def text_of(value: object) -> str:
    """Return a name as plain text that UTF-8 can hold; the class's name where ``str()`` fails."""
    try:
        text = str.__str__(value) if is_a(value, str) else str(value)
    except ANY_ERROR:
        text = f"<{kind_of(value).name}>"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def steps_of(model: object) -> list[tuple[str, object]]:
    """Return the real steps of a pipeline: neither ``passthrough`` nor None."""
    return named_parts(peek(model, "steps")) if "Pipeline" in kind_of(model).bases else []


def named_parts(pairs: object) -> list[tuple[str, object]]:
    """Return those of a list of (name, estimator) that are estimators: not ``passthrough``, ``drop`` or None."""
    if type(pairs) is not list:
        return []
    found = [pair for pair in pairs if type(pair) in (tuple, list) and len(pair) == 2]  # noqa: PLR2004 (a pair)
    return [(text_of(name), part) for name, part in found if part is not None and not is_a(part, str)]


def members_of(model: object, most: int) -> Iterator[tuple[str, object]]:
    """Yield key and value of a dict, index and value of a list or tuple; nothing for anything else."""
    keys = list(islice(dict.keys(cast("dict[object, object]", model)), most)) if is_a(model, dict) else count()
    for key, value in zip(keys, values_of(model, most), strict=False):
        yield (repr(text_of(key)) if is_a(key, str) else text_of(key)), value


def values_of(model: object, most: int) -> Sequence[object]:
    """Return the values of a dict, list or tuple; nothing of anything else."""
    # By the builtin's own methods: a subclass may define all of them anew.
    if is_a(model, dict):
        return list(islice(dict.values(cast("dict[object, object]", model)), most))
    if is_a(model, list):
        return list.__getitem__(cast("list[object]", model), slice(most))
    if is_a(model, tuple):
        return tuple.__getitem__(cast("tuple[object, ...]", model), slice(most))
    return ()


def _study(cls: type) -> Kind:
    mro = _mro(cls)
    names = [(_name(base), _module(base)) for base in mro]
    roots = [module.partition(".")[0] for _, module in names]
    bases = frozenset(name for name, _ in names)
    estimator = any(name == "BaseEstimator" and module.startswith("sklearn.") for name, module in names)
    has_params, learns = _defines(cls, "get_params"), _defines(cls, "fit")
    able = estimator or any(_defines(cls, ability) for ability in ABILITIES)
    return Kind(
        name=names[0][0],
        root=roots[0],
        library=next((root for root in roots if root in LIBRARIES), ""),
        bases=bases,
        estimator=estimator,
        able=able,
        learns=learns,
        has_params=has_params,
        data=not estimator and _is_data(names, roots),
        fits_itself=has_params or not any(root in LIBRARIES for root in roots),
        own=not is_owned(names[0][1]),
        strange=_hooks.are_strange([(_module(base), _attributes(base)) for base in mro]),
        idle_fit=_is_idle(_class_attribute(cls, "fit")),
        inner=next((_INNER[name] for name, module in names if name in _INNER and module.startswith("sklearn.")), ()),
        parameters=_parameters(mro) if able or learns or has_params else {},
        asked=quiet(_asked, cls, None) if estimator else None,
        slots=tuple(name for base in mro for name in _slots(base)),
    )


def _is_data(names: list[tuple[str, str]], roots: list[str]) -> bool:
    return not _DATA.isdisjoint(roots) or any(f"{module}.".startswith(_DATA_MODULES) for _, module in names)


def _is_idle(function: object) -> bool:
    """Tell whether a ``fit`` touches no attribute and calls nothing: ``return self`` is all it can do."""
    return type(function) is FunctionType and not function.__code__.co_names and not function.__code__.co_freevars


def _parameters(mro: tuple[type, ...]) -> dict[str, Any]:
    """Return constructor parameters and their defaults, also those of the bases, that ``**kwargs`` may stand for."""
    found: dict[str, Any] = {}
    for base in mro[:-1]:
        own = _attributes(base).get("__init__")
        if own is None:
            continue
        try:
            parameters = list(inspect.signature(own).parameters.values())[1:]
        except ANY_ERROR:
            continue
        for parameter in parameters:
            found.setdefault(parameter.name, parameter.default)
    return found


def _asked(cls: type) -> tuple[str, ...] | None:
    """Ask scikit-learn once what it would find out anew, by looking at the constructor, for each object."""
    for name, owners in _SKLEARNS.items():
        function = getattr(_class_attribute(cls, name), "__func__", None) or _class_attribute(cls, name)
        if (peek(function, "__module__"), peek(function, "__qualname__")) not in owners:
            return None
    return tuple(cls._get_param_names())  # type: ignore[attr-defined]


def _defines(cls: type, name: str) -> bool:
    attribute = _class_attribute(cls, name)
    return attribute is not MISSING and attribute is not None


def _class_attribute(cls: type, name: str) -> Any:  # noqa: ANN401 (any attribute)
    """Return what a class or one of its bases defines, as it stands there; :data:`MISSING` if none does."""
    for base in _mro(cls):
        if name in (attributes := _attributes(base)):
            return attributes[name]
    return MISSING


# `type`'s own getters: a metaclass may define all of these anew.
_get_mro = type.__dict__["__mro__"].__get__
_get_name = type.__dict__["__name__"].__get__
_get_module = type.__dict__["__module__"].__get__
_get_attributes = type.__dict__["__dict__"].__get__


def _mro(cls: type) -> tuple[type, ...]:
    mro: tuple[type, ...] = _get_mro(cls)
    return mro


def _attributes(cls: type) -> Mapping[str, Any]:
    attributes: Mapping[str, Any] = _get_attributes(cls)
    return attributes


def _name(cls: type) -> str:
    return text_of(_get_name(cls))


def _module(cls: type) -> str:
    module = quiet(_get_module, cls, "")
    return module if type(module) is str else ""


def _slots(cls: type) -> list[str]:
    slots = _attributes(cls).get("__slots__", ())
    names = [slots] if type(slots) is str else slots
    if type(names) not in (tuple, list, dict):
        return []
    private = f"_{_name(cls).lstrip('_')}"
    return [f"{private}{name}" if name.startswith("__") else name for name in names if type(name) is str]
