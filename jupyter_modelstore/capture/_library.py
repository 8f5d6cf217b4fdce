"""What the functions of libraries mean: which tell how good a model is, which split data, which leave a model as it was.

Functions are known by the module that defines them and their name, so that a notebook's own ``accuracy_score`` is not taken
for scikit-learn's. Names of metrics follow scikit-learn's: the function's without ``_score``, then what its arguments say.
"""

from __future__ import annotations

import ast
import inspect
import sys
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from jupyter_modelstore.capture._kinds import is_a, kind_of, peek, quiet, words

_NO_SIGNATURE = inspect.Signature()
_PLAIN = (bytes, bytearray, complex, range, slice, set, frozenset)
_NUMPY_LIKE = frozenset({"numpy", "math", "builtins", "statistics"})
HARMLESS = words(
    "sklearn numpy pandas polars scipy matplotlib seaborn plotly builtins math statistics IPython joblib pickle "
    "cloudpickle shap json pprint time itertools functools collections copy warnings os pathlib sys random re "
    "datetime logging statsmodels xgboost lightgbm catboost sympy numbers dataclasses typing io textwrap string types"
)
"""Libraries whose functions do not train a model that they are handed; those that do are known by their names."""

_TRAINERS = frozenset({"train", "cv", "set_params", "setattr", "update_bn", "exec", "eval", "fit"})
_MODEL_SELECTION = "sklearn.model_selection."
_NOT_NUMBERS = words(
    "confusion_matrix multilabel_confusion_matrix roc_curve precision_recall_curve det_curve precision_recall_fscore_support "
    "class_likelihood_ratios pairwise_distances silhouette_samples contingency_matrix pair_confusion_matrix "
    "make_scorer get_scorer check_scoring get_scorer_names auc homogeneity_completeness_v_measure"
)
_SAME_MEANING = words(
    "y_true y_pred y_score y_prob y_proba X labels_true labels_pred zero_division output_dict random_state n_jobs digits "
    "target_names raw_values"
)
_IN_NAME = ("average", "multi_class")
_USUAL: dict[str, tuple[object, ...]] = {
    "average": ("binary", None),
    "multi_class": ("raise",),
    "normalize": (True,),
    "squared": (True,),
    "multioutput": ("uniform_average",),
    "greater_is_better": (True,),
    "sample_weight": (None,),
    "labels": (None,),
    "pos_label": (1, None),
}


def is_plain(value: object) -> bool:
    """Tell whether an object is of a library whose objects hold no model, and train none: a plot, a splitter."""
    root = type(value).__module__.partition(".")[0]
    if kind_of(value).able and not kind_of(value).data:
        return False
    return root in HARMLESS - {"functools", "itertools", "types", "builtins", "collections"} or type(value) in _PLAIN


def is_thing(value: object) -> bool:
    """Tell whether something is a module, a class or a function."""
    if is_module(value) or is_a(value, type):
        return True
    kind = type(value)
    numpy = kind.__module__ == "numpy" and kind.__name__ in {"ufunc", "_ArrayFunctionDispatcher"}
    return kind in (FunctionType, BuiltinFunctionType, MethodType) or numpy or kind.__name__ == "cython_function_or_method"


def qualified(thing: Any) -> tuple[str, str]:  # noqa: ANN401 (any function, class or module)
    """Return the module and the name of a function or class; empty if it has none."""
    if not is_thing(thing):
        return "", ""
    module, name = peek(thing, "__module__"), peek(thing, "__name__")
    numpy = type(thing).__module__ == "numpy"
    return module if type(module) is str else "numpy" if numpy else "builtins", name if type(name) is str else ""


def is_genuine(thing: Any) -> bool:  # noqa: ANN401 (any function or class)
    """Tell whether a function is the one that its module has under its name, and not one that only says so."""
    module, name = qualified(thing)
    return vars(sys.modules.get(module, object)).get(name) is thing


def root_of(thing: Any) -> str:  # noqa: ANN401 (any function or class)
    """Return the library that a function or class belongs to."""
    return qualified(thing)[0].partition(".")[0]


def is_harmless(thing: Any) -> bool:  # noqa: ANN401 (any function or class)
    """Tell whether a function leaves a model that it is handed as it was."""
    return root_of(thing) in HARMLESS and qualified(thing)[1] not in _TRAINERS


def out_of(thing: Any) -> int | None:  # noqa: ANN401 (any function)
    """Return which of its arguments, and all behind it, a function of numpy's writes its answer into; None if it has none."""
    if root_of(thing) != "numpy":
        return None
    if type(inputs := peek(thing, "nin")) is int:
        return inputs
    names = list(quiet(inspect.signature, thing, _NO_SIGNATURE).parameters)
    return names.index("out") if "out" in names else None


def keeps_meaning(thing: Any) -> bool:  # noqa: ANN401 (any function)
    """Tell whether predictions that went through a function are still predictions: rounding, argmax, a Series of them."""
    return root_of(thing) in _NUMPY_LIKE | {"pandas"}


def is_module(thing: object) -> bool:
    """Tell whether something is a module."""
    return type(thing) is ModuleType


def metric_of(thing: Any, call: ast.Call) -> str | None:  # noqa: ANN401 (any function)
    """Return the metric that a call of scikit-learn's computes, as one number; None if it does not."""
    module, name = qualified(thing)
    if not module.startswith("sklearn.metrics") or name in _NOT_NUMBERS or not name.islower() or name.startswith("_"):
        return None
    return None if name == "classification_report" else named(name, call)


def named(function: str, call: ast.Call) -> str | None:
    """Return a metric's name: the function's, and what the arguments of its call say."""
    given = {word.arg: word.value for word in call.keywords if word.arg is not None}
    if any(word.arg is None for word in call.keywords):
        return None  # **arguments
    base = function.removesuffix("_score")
    if base == "mean_squared_error" and _literal(given.get("squared")) is False:
        base = "root_mean_squared_error"
        del given["squared"]
    tail, rest = "", []
    for word, node in given.items():
        value = _literal(node)
        if word in _SAME_MEANING or (value is not node and _is_usual(word, value)):
            continue
        if word in _IN_NAME and type(value) is str:
            tail += f"_{value}"
        else:
            rest.append(f"{word}={ast.unparse(node)}")
    return f"{base}{tail}" + (f"({', '.join(rest)})" if rest else "")


def _is_usual(word: str, value: object) -> bool:
    return type(value) in (str, int, bool, type(None)) and value in _USUAL.get(word, ())


def _literal(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else node


def of_scoring(text: object) -> str | None:
    """Return the metric that a ``scoring`` names: scikit-learn's own words are ours too."""
    return text.removesuffix("_score") if type(text) is str and text.isidentifier() else None


def of_scorer(scorer: Any) -> str | None:  # noqa: ANN401 (any object)
    """Return the metric that an object of scikit-learn's ``make_scorer`` or ``get_scorer`` computes."""
    if not type(scorer).__module__.startswith("sklearn.metrics"):
        return None
    name, kwargs, sign = peek(peek(scorer, "_score_func"), "__name__"), peek(scorer, "_kwargs"), peek(scorer, "_sign")
    if (
        type(name) is not str
        or type(kwargs) is not dict
        or any(type(value) not in (str, int, float, bool) for value in kwargs.values())
    ):
        return None
    words = [ast.keyword(arg=str(key), value=ast.Constant(value)) for key, value in kwargs.items()]
    found = named(name, ast.Call(func=ast.Name(id=name), args=[], keywords=words))
    return None if found is None else ("neg_" if sign == -1 else "") + found


def default_metric(bases: frozenset[str]) -> str:
    """Return what the ``score`` of a class of scikit-learn's is: its mixins define it."""
    if "ClassifierMixin" in bases:
        return "accuracy"
    return "r2" if "RegressorMixin" in bases else "score"


def selection(thing: Any) -> str:  # noqa: ANN401 (any function)
    """Return the name of a function of ``sklearn.model_selection``; empty if it is none."""
    module, name = qualified(thing)
    return name if module.startswith(_MODEL_SELECTION) else ""
