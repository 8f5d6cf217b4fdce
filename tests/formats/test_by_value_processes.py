"""Code of a notebook travels: one process defines it in ``__main__`` or beside its script, another loads it without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_HEAD = f"""
import sys, io, json
sys.path.append({str(ROOT)!r})
import numpy as np
from jupyter_modelstore import formats

class Sink:
    size = 0
    def __init__(self): self.data = b""
    def write(self, data): self.data += bytes(data); return len(data)
    def restart(self): self.data = b""

X = np.arange(12.0).reshape(6, 2)
y = X.sum(axis=1)

def keep(model, path="model.pkl"):
    sink = Sink()
    dumped = formats.default().dump(model, sink)
    open(path, "wb").write(sink.data)
    print(json.dumps([dumped.by_value, sorted(dumped.modules), model.predict(X).tolist()]))
"""

_LOAD = """
import io, json, pathlib, pickle, sys
import numpy as np
X = np.arange(12.0).reshape(6, 2)
model = pickle.loads(pathlib.Path("model.pkl").read_bytes())
print(json.dumps(np.asarray(model.predict(X)).tolist()))
"""


def run(folder, source, *, name="train.py", path=()):
    """Run a script in a folder of its own and return what it printed last."""
    (folder / name).write_text(source)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
    done = subprocess.run(
        [sys.executable, name], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def folders(tmp_path):
    """Two folders: where the model is trained, and where it is loaded."""
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    return there, here


def train_and_load(folders, source, **options):
    there, here = folders
    by_value, modules, expected = run(there, _HEAD + source, **options)
    (there / "model.pkl").rename(here / "model.pkl")
    assert run(here, _LOAD, name="load.py") == expected
    return by_value, modules


_SKLEARN = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
"""

NOTEBOOK = """
import dataclasses, enum, functools

class Kind(enum.Enum):
    PLAIN = 1
    DOUBLE = 2

@dataclasses.dataclass
class Options:
    kind: Kind = Kind.DOUBLE
    shift: float = 0.5

FACTORS = {Kind.PLAIN: 1.0, Kind.DOUBLE: 2.0}

def factor(options):
    return FACTORS[options.kind]

def scale(X, options):
    return X * factor(options) + options.shift

class Scaler(BaseEstimator, TransformerMixin):
    def __init__(self, options=None):
        self.options = options
    def fit(self, X, y=None):
        self.fitted_ = True
        return self
    def transform(self, X):
        return scale(X, self.options or Options())

class Outer:
    class Inner(Scaler):
        def transform(self, X):
            return np.log1p(super().transform(X))

keep(make_pipeline(Scaler(Options()), Outer.Inner(), FunctionTransformer(lambda X: X ** 2), Ridge()).fit(X, y))
"""


def test_classes_enums_dataclasses_functions_and_lambdas_of_the_notebook(folders):
    by_value, modules = train_and_load(folders, _SKLEARN + NOTEBOOK)
    assert by_value == ["__main__"]
    assert "cloudpickle.cloudpickle" in modules
    assert "__main__" not in modules


_HELPERS = """
import numpy as np
LIMIT = 3.0
def clean(X):
    return np.minimum(X, LIMIT)
class Cleaner:
    def __init__(self, function=None): self.function = function or clean
    def predict(self, X): return self.function(X)
"""


def test_a_module_beside_the_script_travels(folders):
    (folders[0] / "helpers.py").write_text(_HELPERS)
    source = "import helpers\nkeep(helpers.Cleaner(helpers.clean))"
    assert train_and_load(folders, source)[0] == ["helpers"]


def test_a_package_beside_the_script_travels_with_what_it_imports_from_itself(folders):
    package = folders[0] / "mylib" / "deep"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("from .helpers import Cleaner, clean\n")
    (package.parent / "helpers.py").write_text(_HELPERS)
    (package / "__init__.py").write_text("from mylib.helpers import clean\ndef twice(X):\n    return 2 * clean(X)\n")
    source = "from mylib import Cleaner\nimport mylib.deep\n"
    source += "keep(Cleaner(mylib.deep.twice))"
    assert train_and_load(folders, source)[0] == ["mylib.deep", "mylib.helpers"]


def test_a_function_of_the_notebook_that_uses_a_module_beside_it(folders):
    (folders[0] / "helpers.py").write_text(_HELPERS)
    source = "import helpers as h\ndef f(X):\n    return h.clean(X) - h.LIMIT\n"
    source += "class Model:\n    predict = staticmethod(f)\nkeep(Model())"
    assert train_and_load(folders, source)[0] == ["__main__", "helpers"]


def test_a_module_on_pythonpath_travels(folders, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "helpers.py").write_text(_HELPERS)
    source = "import helpers\nkeep(helpers.Cleaner())"
    assert train_and_load(folders, source, path=[library])[0] == ["helpers"]


def test_a_module_of_an_appended_folder_travels(folders, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "helpers.py").write_text(_HELPERS)
    source = f"sys.path.append({str(library)!r})\nimport helpers\nkeep(helpers.Cleaner())"
    assert train_and_load(folders, source)[0] == ["helpers"]


def test_a_class_made_in_a_function_travels(folders):
    source = """
def make(power):
    class Local:
        def predict(self, X):
            return X ** power
    return Local()
keep(make(2))
"""
    assert train_and_load(folders, source)[0] == ["__main__"]


def test_the_notebook_of_a_process_that_multiprocessing_started(folders):
    source = """
class Half:
    def predict(self, X):
        return X / 2
def work():
    keep(Half())
if __name__ == "__main__":
    import multiprocessing
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join()
    raise SystemExit(process.exitcode)
"""
    assert train_and_load(folders, source)[0] == ["__main__"]


_CACHED = """
import functools
import numpy as np
@functools.lru_cache(maxsize=None)
def power(n): return n if n < 2 else 2 * power(n - 1)
@functools.cache
def cached(X): return power(3)
class Powers:
    @functools.lru_cache(maxsize=8)
    def factor(self, n): return power(n)
    def predict(self, X): return X * self.factor(5)
"""


def test_functions_with_a_cache_of_the_notebook_travel(folders):
    assert train_and_load(folders, _CACHED + "keep(Powers())")[0] == ["__main__"]


def test_functions_with_a_cache_of_a_module_beside_the_script_travel(folders):
    (folders[0] / "helpers.py").write_text(_CACHED)
    source = "import helpers\nclass Model:\n    def __init__(self): self.f, self.inner = helpers.cached, helpers.Powers()\n"
    source += "    def predict(self, X): return self.inner.predict(X) + self.f(1)\nkeep(Model())"
    assert train_and_load(folders, source)[0] == ["__main__", "helpers"]


def test_a_function_with_a_cache_that_a_library_holds_travels(folders):
    (folders[0] / "helpers.py").write_text("import functools\n@functools.cache\ndef factor(): return 3.0\n")
    source = "import functools, helpers\nmodel = Ridge().fit(X, y)\nmodel.note_ = helpers.factor\nkeep(model)"
    assert train_and_load(folders, _SKLEARN + source)[0] == ["helpers"]
