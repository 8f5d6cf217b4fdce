"""All that is known of a record, for a view that draws it itself: labels with their lines, and the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelstore.card import _notebook as book
from jupyter_modelstore.card import _reading as read
from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import Line
from jupyter_modelstore.record import Captured, ModelRecord

_MOST = 60
_FEW = 8
_MAIN = ("numpy", "scikit-learn", "pandas", "scipy", "xgboost", "lightgbm", "catboost", "statsmodels", "torch", "keras")


def details(record: ModelRecord) -> dict[str, Any]:
    """Return what a card shows, as plain lines.

    Parameters
    ----------
    record
        Any.

    Returns
    -------
    dict
        ``facts``: pairs of a label and its line, only of what is known. ``cells``: of each its ``title`` and ``code``.
    """
    note = book.source(record).get("note")
    facts = [
        ("note", words.line(note, 1000) if isinstance(note, str) else ""),
        ("algorithm", _joined(read.kind(record), read.model_type(record))),
        ("metrics", _joined(*(_metric(record, name) for name in list(read.mapping(record, "metrics"))[:_MOST]))),
        ("parameters", read.parameters(record, _MOST)),
        ("defaults", _defaults(record)),
        *about_training(
            _features(record), record.target_column, record.training_samples, record.test_samples, record.training_time_seconds
        ),
        ("in the file", _joined(book.rows_inside(record), _said(book.rows_where(record)))),
        ("made from", _said(book.parent(record))),
        ("notebook", book.notebook(record)),
        ("variable", read.variable(record)),
        ("git", _said(book.git(record))),
        ("environment", _environment(read.mapping(record, "environment"))),
        ("file", _joined(words.size(record.model_file_size), words.line(record.format, 40), read.code_inside(record))),
        ("sha256", words.line(record.sha256, 64) if record.sha256 else ""),
    ]
    return {"facts": [pair for pair in facts if pair[1]], "cells": _cells(record)}


def about_training(
    features: str, target: str | None, training_samples: int | None, test_samples: int | None, seconds: float | None
) -> list[tuple[str, str]]:
    """Return what is known of a training, each with its label; a line is empty where nothing is known."""
    trained, tested = book.whole(training_samples), book.whole(test_samples)
    return [
        ("features", features),
        ("target", words.line(target, 80) if target else ""),
        ("rows", _joined(trained and f"{trained} for training", tested and f"{tested} for tests")),
        ("training time", "" if seconds is None else words.duration(seconds)),
    ]


def captured_pieces(
    found: Captured, features: Sequence[str], target: str | None, config: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Return what was found out about a model that is not saved yet: of each piece its name, a label and a line."""
    named = f"{len(features)}: {words.some(features, _FEW)}" if features else ""
    about = about_training(named, target, found.training_samples, found.test_samples, found.training_time_seconds)
    params, chosen = config.get("params", {}), config.get("set", ())
    names = list(dict.fromkeys([*chosen, *params]))  # what was set comes first
    typed = ", ".join(f"{words.line(name, 40)}={words.param(params[name], 40)}" for name in names[:_FEW])
    about.append(("parameters", f"{typed}, … ({len(names)})" if len(names) > _FEW else typed))
    return [(label.removeprefix("training "), label, text) for label, text in about if text]


def _features(record: ModelRecord) -> str:
    names = read.texts(record.feature_columns)
    return f"{len(names)}: {words.some(names, _MOST)}" if names else read.features(record, 0)


def _metric(record: ModelRecord, name: str) -> str:
    origin = book.origin(record, name)
    value = read.value(read.mapping(record, "metrics")[name])
    return " ".join(filter(None, [words.line(name, 60), value, origin.split if origin else ""]))


def _defaults(record: ModelRecord) -> str:
    """Return the parameters that nobody set, where it is known which were."""
    config = read.mapping(record, "training_config")
    params, given = read.mapping(config, "params"), config.get("set")
    if not isinstance(given, (list, tuple)):
        return ""
    left = [name for name in params if name not in set(read.texts(given))]
    text = ", ".join(f"{words.line(name, 60)}={words.param(params[name], 40)}" for name in left[:_MOST])
    return f"{text}, … ({len(left)})" if len(left) > _MOST else text


def _environment(environment: dict[str, Any]) -> str:
    distributions = read.mapping(environment, "distributions")
    names = sorted(distributions, key=lambda name: (name not in _MAIN, name.casefold()))
    python = environment.get("python")
    packages = [f"{words.line(name, 40)} {words.line(distributions[name], 30)}" for name in names[:_MOST]]
    return _joined(f"Python {words.line(python, 30)}" if python else "", *packages)


def _cells(record: ModelRecord) -> list[dict[str, str]]:
    """Return the cells that there is room for."""
    shown, room = [], book.MOST_CODE
    for cell in book.cells(record)[: book.MOST_CELLS]:
        code = "\n".join(cell.lines)
        room -= len(code)
        if room >= 0:
            shown.append({"title": cell.title, "code": code})
    return shown


def _joined(*texts: str) -> str:
    return " · ".join(filter(None, texts))


def _said(line: Line) -> str:
    return _joined(*(" ".join(filter(None, [bit.label, bit.text, bit.note])) for bit in line))
