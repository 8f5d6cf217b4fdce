"""When a model cannot be pickled, the error names what is in the way, and where it is."""

from __future__ import annotations

import functools
import threading
import types
from collections import OrderedDict, deque

import numpy as np
import pytest
from conformance.format import dump
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from jupyter_modelstore.errors import CannotPickle
from jupyter_modelstore.formats import _culprit

LOCK = "a _thread.lock"


class Box:
    """Holds something."""

    def __init__(self, **content):
        self.__dict__.update(content)


class Slotted:
    __slots__ = ("inside", "unset")

    def __init__(self, inside):
        self.inside = inside


class OneSlot:
    __slots__ = "inside"  # noqa: PLC0205 (Python allows it)

    def __init__(self, inside):
        self.inside = inside


class Secretive:
    """Shows what is pickled only in its state."""

    def __init__(self, inside):
        self._make = lambda: {"handle": inside}

    def __getstate__(self):
        return self._make()


class Odd:
    """Cannot be pickled for a reason of its own."""

    def __getstate__(self):
        raise ValueError("not now\u202e")


def noted(thing):
    scaler = StandardScaler()
    scaler.callback_ = thing
    return scaler


def closing_over(thing):
    return lambda: thing


def defaulting_to(thing):
    return lambda x=thing: x


def keyword_of(thing):
    return lambda *, key=thing: key


def using_globally(thing):
    space = {"__name__": "__main__", "helper": thing}
    exec("def f():\n    return [helper for _ in range(2)]", space)  # noqa: S102 (a notebook's cell)
    return space["f"]


def of_class(thing):
    space = {"__name__": "__main__", "thing": thing}
    exec("class C:\n    shared = thing", space)  # noqa: S102 (a notebook's cell)
    return space["C"]()


def of_module(thing):
    module = types.ModuleType("made_on_the_fly")
    module.inside = thing
    return module


def within_an_array(thing):
    array = np.empty(3, dtype=object)
    array[1] = thing
    return array


PATHS = {
    "model": lambda lock: lock,
    "model.a": lambda lock: Box(a=lock),
    "model.steps[1][1].callback_": lambda lock: make_pipeline(StandardScaler(), noted(lock)),
    "model.transformers[0][1].callback_": lambda lock: ColumnTransformer([("a", noted(lock), [0])]),
    "model['a'][2]['b c']": lambda lock: {"a": [1, 2, {"b c": lock}]},
    "model[0][0]": lambda lock: deque([OrderedDict({0: lock})]),
    "model[(1, 'x')]": lambda lock: {(1, "x"): lock},
    "model.inside": Slotted,
    "model[0].inside": lambda lock: [OneSlot(lock)],
    "model.func → thing": lambda lock: FunctionTransformer(closing_over(lock)),
    "model → x": defaulting_to,
    "model → key": keyword_of,
    "model → helper": using_globally,
    "model.keywords['key']": lambda lock: functools.partial(print, key=lock),
    "model.args[0]": lambda lock: functools.partial(print, lock),
    "model.__self__.a": lambda lock: types.MethodType(closing_over(1), Box(a=lock)),
    "model[1]": within_an_array,
    "model → shared": of_class,
    "model.m → inside": lambda lock: Box(m=of_module(lock)),
}


@pytest.mark.parametrize("path", PATHS)
def test_the_path_of_the_culprit_is_named(path):
    with pytest.raises(CannotPickle) as caught:
        dump(PATHS[path](threading.Lock()))
    assert caught.value.message == f"`{path}` is {LOCK}, which cannot be pickled."
    assert "None" in caught.value.hint
    assert isinstance(caught.value.__cause__, TypeError)


def test_what_only_the_state_shows_is_found_too():
    with pytest.raises(CannotPickle, match=r"`model\.a\.handle` is a _thread\.lock"):
        dump(Box(a=Secretive(threading.Lock())))


def test_an_item_of_a_set_is_placed_at_the_set():
    with pytest.raises(CannotPickle, match=r"`model\.a` is a generator"):
        dump(Box(a={(i for i in [])}))


def test_cycles_do_no_harm():
    box = Box()
    box.me = [box, {"again": box}]
    box.lock = threading.Lock()
    with pytest.raises(CannotPickle, match=r"`model\.lock` is"):
        dump(box)


def test_the_kind_of_thing_is_named(tmp_path):
    with (tmp_path / "log").open("wb") as file, pytest.raises(CannotPickle, match=r"`model\.a` is an? _io\.BufferedWriter"):
        dump(Box(a=file))
    with pytest.raises(CannotPickle, match=r"`model\.a` is a generator"):
        dump(Box(a=(i for i in [])))


def test_an_objects_own_refusal_is_told_as_text():
    with pytest.raises(CannotPickle, match=r"`model\.a` is a .*Odd") as caught:
        dump(Box(a=Odd()))
    assert "ValueError: not now" in caught.value.hint
    assert "\u202e" not in str(caught.value)


def test_a_hostile_attribute_name_is_shown_as_text():
    with pytest.raises(CannotPickle) as caught:
        dump(Box(**{"a\u202e\x1b": threading.Lock()}))
    assert "\u202e" not in caught.value.message
    assert "\x1b" not in caught.value.message


def test_when_time_is_up_it_is_said_without_a_place(monkeypatch):
    monkeypatch.setattr(_culprit, "SECONDS", -1.0)
    with pytest.raises(CannotPickle, match="Something inside the model cannot be pickled") as caught:
        dump(Box(a=threading.Lock()))
    assert "_thread.lock" in caught.value.hint


def test_what_is_too_deep_to_be_looked_for_is_named_without_a_place(monkeypatch):
    monkeypatch.setattr(_culprit, "_MAX_PATH", 2)
    with pytest.raises(CannotPickle, match=r"Something inside the model, a _thread\.lock, cannot"):
        dump([[[[threading.Lock()]]]])


def test_what_works_the_second_time_is_refused_with_the_first_reason():
    class Fickle:
        calls = 0

        def __getstate__(self):
            Fickle.calls += 1
            if Fickle.calls <= 1:
                raise ValueError("once")
            return {}

    with pytest.raises(CannotPickle) as caught:
        dump(_as_installed(Fickle)())
    assert "ValueError: once" in caught.value.hint


def _as_installed(cls):
    """Let plain pickle try first: give the class a place in an installed module."""
    import sklearn

    cls.__module__, cls.__qualname__ = "sklearn", "Fickle"
    sklearn.Fickle = cls
    return cls


@pytest.fixture(autouse=True)
def tidy():
    yield
    import sklearn

    vars(sklearn).pop("Fickle", None)
