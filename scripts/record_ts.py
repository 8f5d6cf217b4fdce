"""Write ``labextension/src/ui/record.ts``: the types of ``jupyter_modelstore/record.py``, as their JSON has them.

Usage: ``record_ts.py`` writes the file; the tests call :func:`typescript` and compare.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from jupyter_modelstore import names, record

TARGET = Path(__file__).parents[1] / "labextension" / "src" / "ui" / "record.ts"
SHAPES = (
    record.ModelRecord,
    record.Unattached,
    record.Page,
    record.Facets,
    record.Stats,
    record.AliasEvent,
    record.Saved,
    record.Removal,
    record.Row,
    record.Comparison,
)
HEAD = "// Made from jupyter_modelstore/record.py by scripts/record_ts.py. Do not edit.\n"
PLAIN = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    datetime: "string",
    type(None): "null",
    typing.Any: "Json",
}


def typescript() -> str:
    """Return the file's text."""
    return "\n".join(
        [
            HEAD,
            "export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };",
            *map(interface, SHAPES),
            f"export const MAX_NAME = {names.MAX_NAME};",
            "",
        ]
    )


def interface(shape: type) -> str:
    """Return a dataclass as an interface."""
    hints = typing.get_type_hints(shape)
    members = [f"  readonly {field.name}: {of(hints[field.name])};" for field in dataclasses.fields(shape)]
    return "\n".join([f"\nexport interface {shape.__name__} {{", *members, "}"])


def of(hint: object) -> str:
    """Return a Python type as TypeScript writes that of its JSON."""
    if hint in PLAIN:
        return PLAIN[hint]
    if dataclasses.is_dataclass(hint):
        return hint.__name__
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return union(map(json.dumps, arguments))
    if origin in (typing.Union, types.UnionType):
        return union(map(of, arguments))
    if origin is Mapping:
        return f"{{ readonly [key: string]: {of(arguments[1])} }}"
    if origin in (tuple, Sequence) and arguments[-1] is Ellipsis:
        return f"readonly {bracketed(of(arguments[0]))}[]"
    if origin is tuple:
        return f"readonly [{', '.join(map(of, arguments))}]"
    raise TypeError(f"No TypeScript for {hint!r}.")


def bracketed(text: str) -> str:
    """Return a type so that ``[]`` may follow."""
    return f"({text})" if " " in text else text


def union(texts: Iterable[str]) -> str:
    """Return one of several types."""
    return " | ".join(texts)


if __name__ == "__main__":
    TARGET.write_text(typescript(), encoding="utf-8")
