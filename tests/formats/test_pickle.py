"""The pickle format: byte for byte what the C pickler writes, and with the notebook's code inside where there is any."""

from __future__ import annotations

import functools
import io
import logging
import pickle
import random
import sys
import types
import warnings

import cloudpickle
import joblib
import numpy as np
import pytest
from conformance.format import FormatTests, MemorySink, dump, load
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from jupyter_modelstore import formats
from jupyter_modelstore.errors import CannotLoad, CannotPickle, DiskFull

_X = np.random.RandomState(0).rand(30, 3)
_Y = (_X[:, 0] > 0.5).astype(int)


class TestPickle(FormatTests):
    """The conformance suite."""

    @pytest.fixture
    def fmt(self):
        return formats.by_name("pickle")

    def write(self, model):
        return dump(model)[0]

    def peek(self, data):
        assert type(pickle.loads(data)) is type(joblib.load(io.BytesIO(data)))
        return pickle.loads(data)


def plainly(model):
    file = io.BytesIO()
    pickle.Pickler(file, 5).dump(model)
    return file.getvalue()


def models():
    return {
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(_X, _Y),
        "ufunc": FunctionTransformer(np.log1p).fit(_X),
        "function": FunctionTransformer(np.nan_to_num).fit(_X),
        "forest": RandomForestClassifier(3, random_state=0).fit(_X, _Y),
        "boosting": GradientBoostingRegressor(n_estimators=2, random_state=np.random.RandomState(0)).fit(_X, _Y),
        "words": CountVectorizer().fit(["pandas __main__ helpers", "cloudpickle"]),
        "partial": functools.partial(np.clip, a_min=0, a_max=1),
        "methods": [_X.sum, str.split, [].append, len],
        "types": [int, dict, np.float64, logging.Logger],
        "scalars": {"a": np.int64(1), "b": np.datetime64("2024-01-01"), "c": np.dtype("f4")},
        "standard": [random.Random(1), slice(1, 2), range(3), 1j, b"x", bytearray(b"y")],  # noqa: S311 (a generator to be pickled)
    }


@pytest.mark.parametrize("name", models())
def test_a_model_without_notebook_code_is_written_as_the_c_pickler_writes_it(name):
    model = models()[name]
    data, dumped = dump(model)
    assert data == plainly(model)
    assert dumped.by_value == ()
    assert (dumped.format, dumped.format_version) == ("pickle", 0)


def test_the_c_picklers_large_buffers_pass_into_the_file_uncopied():
    class Watching(MemorySink):
        seen: list[type] = []  # noqa: RUF012 (one instance)

        def write(self, data, /):
            self.seen.append(type(data))
            return super().write(data)

    sink = Watching()
    formats.default().dump(np.zeros(1_000_000), sink)
    assert pickle.PickleBuffer in sink.seen


@pytest.mark.parametrize(
    ("model", "modules"),
    [
        (CountVectorizer(vocabulary=["pandas", "xgboost"]), {"sklearn.feature_extraction.text", "numpy"}),
        (np.log1p, {"numpy"}),
        (LogisticRegression(), {"sklearn.linear_model._logistic"}),
        (functools.partial(np.clip, 1), {"functools", "numpy"}),
        (logging.Logger, {"logging"}),
        ([1, "pandas", {"a": None}], set()),
        (str.split, {"builtins"}),
        (random.Random(1).random, {"builtins", "random"}),  # noqa: S311 (a generator to be pickled)
    ],
)
def test_the_modules_are_those_that_names_come_from_and_no_others(model, modules):
    assert dump(model)[1].modules == modules


def named_by(data):
    """Return the modules that a pickle names, as the unpickler asks for them."""
    found = set()

    class Asking(pickle.Unpickler):
        def find_class(self, module, name):
            found.add(module)
            return super().find_class(module, name)

    Asking(io.BytesIO(data)).load()
    return found


@pytest.mark.parametrize("name", models())
def test_the_modules_are_exactly_those_that_the_unpickler_asks_for(name):
    data, dumped = dump(models()[name])
    assert dumped.modules == named_by(data)


# ── By value ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def made_here(source, name, module="__main__", **variables):
    """Return what a source makes in a module that no distribution brought."""
    space = {"__name__": module, "np": np, **variables}
    exec(source, space)  # noqa: S102 (stands in for a notebook's cell)
    return space[name]


def test_a_lambda_travels_by_value_and_needs_cloudpickle():
    data, dumped = dump(FunctionTransformer(made_here("f = lambda x: np.sqrt(x) + 1", "f")))
    assert dumped.by_value == ("__main__",)
    assert "cloudpickle" in {module.partition(".")[0] for module in dumped.modules}
    assert np.allclose(load(data).transform(_X), np.sqrt(_X) + 1)
    assert np.allclose(pickle.loads(data).transform(_X), np.sqrt(_X) + 1)
    assert named_by(data) | {"numpy"} == dumped.modules  # the module np is asked for by a call


def test_a_class_reached_only_through_state_travels_by_value():
    model = StandardScaler().fit(_X)
    model.note_ = [{"deep": made_here("class Note:\n    text = 'kept'", "Note")()}]
    data, dumped = dump(model)
    assert dumped.by_value == ("__main__",)
    assert load(data).note_[0]["deep"].text == "kept"


def test_a_method_of_a_notebooks_object_travels_by_value():
    thing = made_here("class T:\n    def f(self, x): return x + 1", "T")()
    data, dumped = dump(functools.partial(thing.f, 1))
    assert dumped.by_value == ("__main__",)
    assert load(data)() == 2


def test_what_multiprocessing_calls_the_notebook_is_the_notebook():
    data, dumped = dump(made_here("class T: pass", "T", "__mp_main__")())
    assert dumped.by_value == ("__main__",)
    assert type(load(data)).__name__ == "T"


def test_a_class_of_a_module_made_on_the_fly_travels_as_code_of_the_notebook():
    data, dumped = dump(made_here("class T:\n    x = 3", "T", "made_on_the_fly")())
    assert dumped.by_value == ("__main__",)
    assert load(data).x == 3


def test_a_lambda_of_an_installed_library_travels_by_value_and_its_version_counts():
    function = made_here("f = lambda x: x", "f", "sklearn.preprocessing._data")
    _, dumped = dump(function)
    assert dumped.by_value == ("__main__",)
    assert "sklearn.preprocessing._data" in dumped.modules


@pytest.mark.parametrize("thing", [{}.keys(), sys, types.MappingProxyType({}), type(lambda: 0)])
def test_what_only_cloudpickle_can_write_is_no_code_by_value(thing):
    data, dumped = dump([thing])
    assert dumped.by_value == ()
    assert "cloudpickle.cloudpickle" in dumped.modules
    assert type(load(data)[0]) is type(thing)


def test_what_generates_code_for_the_notebook_is_not_told_as_its_origin():
    source = "import collections, functools\nP = collections.namedtuple('P', 'x y')\n"
    source += "f = functools.wraps(np.sum)(lambda *a: P(*a))"
    data, dumped = dump(made_here(source, "f"))
    assert dumped.by_value == ("__main__",)
    assert load(data)(1, 2).y == 2


def test_a_namedtuple_of_a_module_beside_the_notebook_is_told_as_that_modules(tmp_path, monkeypatch):
    (tmp_path / "mine_tuple.py").write_text("import collections\nP = collections.namedtuple('P', 'x y')\n")
    monkeypatch.syspath_prepend(tmp_path)
    import mine_tuple

    data, dumped = dump(mine_tuple.P(1, 2))
    assert dumped.by_value == ("mine_tuple",)
    assert load(data) == (1, 2)


def test_a_function_with_a_cache_keeps_its_settings_and_what_was_noted_on_it():
    source = "import functools\n@functools.lru_cache(maxsize=7, typed=True)\ndef fib(n):\n    'Doc.'\n"
    source += "    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib.note = 1"
    fib = made_here(source, "fib")
    data, dumped = dump([fib, fib, {"again": fib}])
    found, twin, third = pickle.loads(data)
    assert found is twin is third["again"]
    assert found(20) == 6765
    assert found.cache_info().misses > 0
    assert found.cache_parameters() == {"maxsize": 7, "typed": True}
    assert (found.__name__, found.__doc__) == ("fib", "Doc.")
    assert dumped.by_value == ("__main__",)
    assert dump(found)[1].by_value == ("__main__",)


def test_a_function_with_a_cache_made_within_a_function_of_a_library_travels():
    source = "import functools\ndef make():\n    @functools.cache\n    def f(x): return x + 1\n    return f\nf = make()"
    data, dumped = dump(made_here(source, "f", "sklearn.preprocessing._data"))
    assert dumped.by_value == ("__main__",)
    assert load(data)(1) == 2


def test_a_function_with_a_cache_of_an_installed_library_stays_a_name():
    import fnmatch

    data, dumped = dump([made_here("f = lambda: 0", "f"), fnmatch._compile_pattern])
    assert load(data)[1] is fnmatch._compile_pattern
    assert "fnmatch" in dumped.modules


def test_an_open_file_is_refused_also_beside_code_but_not_the_output_nor_text_in_memory(tmp_path, monkeypatch):
    (tmp_path / "log.txt").write_text("secret")
    with (tmp_path / "log.txt").open() as file, pytest.raises(CannotPickle, match=r"`model\[1\]` is an? _io\.TextIOWrapper"):
        dump([made_here("f = lambda: 0", "f"), file])
    with io.FileIO(tmp_path / "log.txt") as file, pytest.raises(CannotPickle, match=r"`model\['log'\]` is an? _io\.FileIO"):
        dump({"log": file})
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    data, _ = dump([made_here("f = lambda: 0", "f"), sys.stdout, io.StringIO("a"), io.BytesIO(b"b")])
    found = load(data)
    assert found[1] is sys.stdout
    assert (found[2].getvalue(), found[3].getvalue()) == ("a", b"b")


def test_what_only_a_name_of_the_notebook_refers_to_is_refused(tmp_path, monkeypatch):
    (tmp_path / "mine_named.py").write_text("class Kind:\n    def __reduce__(self): return 'MISSING'\nMISSING = Kind()\n")
    monkeypatch.syspath_prepend(tmp_path)
    import mine_named

    with pytest.raises(CannotPickle) as caught:
        dump(FunctionTransformer(kw_args={"a": mine_named.MISSING}))
    said = "`model.kw_args['a']` refers to `mine_named.MISSING` by name, whose code cannot travel inside the file."
    assert caught.value.message == said
    assert "package" in caught.value.hint
    assert cloudpickle.list_registry_pickle_by_value() == set()


def test_no_name_of_the_notebook_or_of_a_module_beside_it_is_left_in_a_file():
    ufunc = np.frompyfunc(lambda x: x, 1, 1)
    with pytest.raises(CannotPickle, match=r"`model\.func` refers to `__main__\..*` by name"):
        dump(FunctionTransformer(ufunc))


def test_a_sighting_that_came_to_nothing_is_not_told():
    thing = made_here("class T:\n    def __reduce__(self): return (dict, ())", "T")()
    data, dumped = dump(thing)
    assert dumped.by_value == ()
    assert load(data) == {}


def test_a_module_of_the_notebook_whose_parts_refer_to_each_other_travels_whole(tmp_path, monkeypatch):
    (tmp_path / "loop_one.py").write_text("import loop_two\nFACTOR = 2\ndef one(x): return loop_two.two(x)\n")
    (tmp_path / "loop_two.py").write_text("import loop_one\ndef two(x): return x * loop_one.FACTOR\n")
    monkeypatch.syspath_prepend(tmp_path)
    import loop_one

    data, dumped = dump(made_here("def f(x): return helper.one(x)", "f", helper=loop_one))
    assert dumped.by_value == ("__main__", "loop_one", "loop_two")
    for name in ("loop_one", "loop_two"):
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "loop_one.py").unlink()
    (tmp_path / "loop_two.py").unlink()
    assert load(data)(21) == 42


def test_the_file_starts_over_for_the_second_pass():
    sink = MemorySink()
    formats.default().dump([np.zeros(100_000), made_here("f = lambda: 5", "f")], sink)
    assert sink.restarts == 1
    assert load(bytes(sink.data))[1]() == 5


def test_the_users_registrations_are_left_as_they_were(tmp_path, monkeypatch):
    (tmp_path / "mine_one.py").write_text("def f(): return 1\n")
    (tmp_path / "mine_two.py").write_text("def f(): return 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    import mine_one
    import mine_two

    cloudpickle.register_pickle_by_value(mine_one)
    try:
        before = cloudpickle.list_registry_pickle_by_value()
        assert dump([mine_one.f, mine_two.f])[1].by_value == ("mine_one", "mine_two")
        assert cloudpickle.list_registry_pickle_by_value() == before
        with pytest.raises(CannotPickle):
            dump([mine_two.f, (i for i in [])])
        assert cloudpickle.list_registry_pickle_by_value() == before
    finally:
        cloudpickle.unregister_pickle_by_value(mine_one)


# ── What passes through, and what is refused ─────────────────────────────────────────────────────────────────────────────


class Stops:
    def __init__(self, error):
        self.error = error

    def __reduce__(self):
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), DiskFull("full"), OSError(28, "no room")])
def test_errors_that_are_not_the_models_pass_through(error):
    with pytest.raises(type(error)):
        dump([Stops(error)])
    with pytest.raises(type(error)):
        dump([made_here("f = lambda: 0", "f"), Stops(error)])
    assert cloudpickle.list_registry_pickle_by_value() == set()


def test_an_error_of_the_file_passes_through_unchanged():
    class Full(MemorySink):
        def write(self, data, /):
            raise DiskFull("The disk is full.")

    with pytest.raises(DiskFull):
        formats.default().dump(np.zeros(10), Full())


def test_a_model_nested_too_deeply_is_refused_with_the_way_out():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(CannotPickle, match="nested too deeply") as caught:
        dump(deep)
    assert "setrecursionlimit" in caught.value.hint
    while deep:  # freed from outside, so that freeing does not recurse
        deep = deep.pop()


# ── Loading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_is_recognised_and_read(protocol):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(_X, _Y)
    data = pickle.dumps(model, protocol)
    assert formats.sniff(data[: formats.HEAD_SIZE]).name == "pickle"
    assert (load(data).predict(_X) == model.predict(_X)).all()


def test_joblibs_arrays_beyond_the_head_are_read_all_the_same():
    model = {"words": [f"word {number}" for number in range(20_000)], "array": np.arange(9.0)}
    file = io.BytesIO()
    joblib.dump(model, file)
    assert formats.sniff(file.getvalue()[: formats.HEAD_SIZE]).name == "pickle"
    found = load(file.getvalue())
    assert found["words"] == model["words"]
    assert (found["array"] == model["array"]).all()


def test_a_missing_module_is_named():
    with pytest.raises(CannotLoad, match="no_such_library") as caught:
        load(b"\x80\x04\x8c\x0fno_such_library\x8c\x01X\x93.")
    assert caught.value.message == "ModuleNotFoundError: No module named 'no_such_library'."
    assert "no_such_library" in caught.value.hint
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_what_a_file_makes_python_say_is_shown_as_text():
    hostile = "x\u202e\x1b[31m"
    data = b"\x80\x04\x8c\x08builtins\x8c\x03int\x93" + pickle.dumps(hostile, 4)[2:-1] + b"\x85R."
    with pytest.raises(CannotLoad) as caught:
        load(data)
    assert "\u202e" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_scikit_learns_version_warning_is_left_to_the_registry():
    model = StandardScaler().fit(_X)
    data = pickle.dumps(_Old({**model.__getstate__(), "_sklearn_version": "1.3.0"}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (load(data).transform(_X) == model.transform(_X)).all()


class _Old:
    """Pickles as a scaler of another version."""

    def __init__(self, state):
        self.state = state

    def __reduce__(self):
        return StandardScaler, (), self.state


def test_joblib_as_a_writer_is_refused():
    from jupyter_modelstore.errors import UsageError

    with pytest.raises(UsageError):
        formats.by_name("joblib").dump([], MemorySink())
