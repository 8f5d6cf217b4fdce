"""Files that earlier versions wrote are read, whatever is installed here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from conformance.format import load
from matrix import subjects

from jupyter_modelstore import formats

FOLDER = Path(__file__).resolve().parents[1] / "data" / "artifacts" / "v0"
TAGS = ["sklearn1.4-numpy1.26", "sklearn1.9-numpy2.4"]
INPUTS = subjects.numbers()[0]


def read(name):
    return load((FOLDER / name).read_bytes())


def expected(tag):
    return json.loads((FOLDER / f"{tag}.json").read_text())["answers"]


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("name", ["pipeline", "boosting"])
def test_a_golden_model_predicts_what_it_predicted(tag, name):
    np.testing.assert_allclose(read(f"{tag}-{name}.pkl").predict(INPUTS), expected(tag)[name], rtol=1e-9)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", ["zlib", "gzip", "bz2", "xz", "lzma"])
def test_a_golden_file_of_joblib_predicts_what_it_predicted(tag, kind):
    name = f"{tag}-pipeline-{kind}.joblib"
    assert formats.sniff((FOLDER / name).read_bytes()[: formats.HEAD_SIZE]).name == "joblib"
    np.testing.assert_allclose(read(name).predict(INPUTS), expected(tag)["pipeline"], rtol=1e-9)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("suffix", ["pkl", "joblib"])
def test_golden_arrays_are_what_they_were(tag, suffix):
    found = read(f"{tag}-arrays.{suffix}")
    assert (found["cube"] == np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2)).all()
    assert found["days"].astype(str).tolist() == ["2024-02-29", "NaT"]
    assert found["words"].tolist() == ["a", None]


@pytest.mark.parametrize("tag", TAGS)
def test_golden_generators_go_on_where_they_were(tag):
    assert [generator.standard_normal() for generator in read(f"{tag}-generators.pkl")] == expected(tag)["generators"]


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="code by value loads on the Python that wrote it: 3.11")
def test_a_golden_model_of_a_notebooks_class_predicts_what_it_predicted(tag):
    model = read(f"{tag}-notebook-py3.11.pkl")
    assert type(model).__module__ == "__main__"
    assert model.predict(INPUTS).tolist() == expected(tag)["notebook"]


@pytest.mark.parametrize("tag", TAGS)
def test_a_golden_model_of_a_notebooks_class_can_be_told_without_loading_it(tag):
    data = (FOLDER / f"{tag}-notebook-py3.11.pkl").read_bytes()
    assert formats.sniff(data).name == "pickle"
    assert b"cloudpickle.cloudpickle" in data
