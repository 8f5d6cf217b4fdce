"""What a record says, as lines of a card. A record can come from anywhere: what cannot be read is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_modelstore.card import _words as words
from jupyter_modelstore.card._blocks import Bit, Line, of_kind, plain
from jupyter_modelstore.errors import ModelStoreError
from jupyter_modelstore.names import clean_name
from jupyter_modelstore.record import ModelRecord

_CHAIN = 5
_PLAIN = re.compile(r"[\w.\-+:@/]+")
_ID = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}")
_ID_DIGITS = 8
_SHA256 = re.compile(r"[0-9a-f]{64}")


def mapping(owner: object, name: str) -> dict[str, Any]:
    """Return an object's mapping; empty if it is none, or its JSON cannot be parsed."""
    try:
        value = owner.get(name) if isinstance(owner, Mapping) else getattr(owner, name)
        return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}
    except (AttributeError, TypeError, ValueError, RecursionError):
        return {}


def texts(value: object) -> list[str]:
    """Return the texts of a list; empty if it is none."""
    return [item if isinstance(item, str) else words.param(item) for item in value] if isinstance(value, (list, tuple)) else []


def title(record: ModelRecord) -> str:
    """Return the record's reference, to read."""
    name = words.line(record.model_name, 100)
    return name if record.status == "pending" else f"{name}:{words.line(record.version, 12)}"  # it has no number yet


def typed(record: ModelRecord, *, version: bool = True) -> str:
    """Return the record's reference as one types it into a magic; by its id, or empty, if its name breaks the rule."""
    name = clean(record)
    if not name:
        identity = record.id.lower() if isinstance(record.id, str) else ""
        return f"id:{identity[:_ID_DIGITS]}" if _ID.fullmatch(identity) else ""
    number = record.version
    if version and (not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31):
        return ""
    return quoted(f"{name}:{number}" if version else name)


def quoted(reference: str) -> str:
    """Return a reference in double quotes if it holds a space, a bracket or the like."""
    return reference if _PLAIN.fullmatch(reference) else f'"{reference}"'


def command(magic: str, reference: str, rest: str = "") -> str:
    """Return a line to type; empty without a reference."""
    return f"%{magic} {reference}{rest}" if reference else ""


def clean(record: ModelRecord) -> str:
    """Return the record's name, or empty if it breaks its rule."""
    try:
        return clean_name(record.model_name)
    except ModelStoreError:
        return ""


def load_line(record: ModelRecord, *, version: bool = True) -> str:
    """Return the line that loads it; a file that was kept as it is has to be trusted by its sha256. Empty without a name."""
    kept = record.origin != "fitted" and isinstance(record.sha256, str) and _SHA256.fullmatch(record.sha256)
    trust = f" --trust sha256:{record.sha256}" if kept else ""
    return command("load_model", typed(record, version=version), trust)


def kind(record: ModelRecord) -> str:
    """Return what the model is: ``LogisticRegression (in GridSearchCV in Pipeline)``."""
    algorithm = words.line(record.algorithm, 80) if record.algorithm else ""
    chain = texts(mapping(record, "training_config").get("chain"))
    outer = chain[:-1] if chain and chain[-1] == record.algorithm else [name for name in chain if name != record.algorithm]
    around = " in ".join(words.line(name, 60) for name in reversed(outer[-_CHAIN:]))
    return f"{algorithm} (in {around})" if algorithm and around else algorithm or around


def model_type(record: ModelRecord) -> str:
    """Return what the model does, in words; empty for ``other``."""
    text = words.line(record.model_type, 40)
    return "" if text in {"", "other"} else text.replace("_", " ")


def metrics(record: ModelRecord, most: int) -> Line:
    """Return the first metrics as chips."""
    every = mapping(record, "metrics")
    chips = tuple(Bit(words.number(value), "chip", words.line(name, 40)) for name, value in list(every.items())[:most])
    return chips + more(len(every) - most)


def tags(record: ModelRecord, most: int) -> Line:
    """Return the first tags."""
    every = texts(record.tags)
    return of_kind("tag", *(words.line(tag, 50) for tag in every[:most])) + more(len(every) - most)


def aliases(record: ModelRecord) -> Line:
    """Return the aliases."""
    every = texts(record.aliases)
    return of_kind("alias", *(words.line(alias, 50) for alias in every[:10])) + more(len(every) - 10)


def more(count: int) -> Line:
    """Return how many are not shown."""
    return (Bit(f"+{count}", "more"),) if count > 0 else ()


def filled(rows: Iterable[tuple[str, Line]]) -> tuple[tuple[str, Line], ...]:
    """Return the rows of which something is known."""
    return tuple((label, bits) for label, bits in rows if bits)


def value(what: object) -> str:
    """Return a metric or version as read, a parameter as typed."""
    if isinstance(what, Mapping):
        return ", ".join(f"{words.line(name, 40)} {words.param(item, 40)}" for name, item in list(what.items())[:10])
    return words.line(what) if isinstance(what, str) else words.number(what)


def parameters(record: ModelRecord, most: int) -> str:
    """Return the parameters that differ from their defaults, and that the others do not."""
    config = mapping(record, "training_config")
    params = mapping(config, "params")
    if not params:
        return ""
    known = isinstance(config.get("set"), (list, tuple))
    names = [name for name in texts(config.get("set")) if name in params] if known else list(params)
    text = ", ".join(f"{words.line(name, 60)}={words.param(params[name], 40)}" for name in names[:most])
    left = f"{text}, … ({len(names)})" if len(names) > most else text
    if not known or len(names) == len(params):
        return left
    return f"{left} (others at their defaults)" if names else "all at their defaults"


def features(record: ModelRecord, most: int) -> str:
    """Return the first feature names and their number."""
    if names := texts(record.feature_columns):
        return words.some(names, most)
    number = mapping(record, "signature").get("n_features")
    return f"{words.number(number)}, without names" if isinstance(number, int) and not isinstance(number, bool) else ""


def code_inside(record: ModelRecord) -> str:
    """Return what it means that the file holds code; empty if it holds none."""
    modules = sorted({words.line(name, 60) for name in _holds_code(record)} - {""})
    if not modules:
        return ""
    names = ["this notebook" if name == "__main__" else f"{name.replace('.', '/')}.py" for name in modules]
    python = re.match(r"\d+\.\d+", words.line(mapping(record, "environment").get("python") or ""))
    only = f": loads on Python {python[0]} only" if python else ": loads only on the Python version it was saved with"
    return f"holds code of {_listed(names)}{only}"


def reader(record: ModelRecord, file_name: str) -> str:
    """Return what reads a downloaded file: ``pickle.load reads it without this package``."""
    function = "joblib.load" if file_name.endswith(".joblib") else "pickle.load"
    if not any(_holds_code(record)):
        return f"{function} reads it without this package."
    python = re.match(r"\d+\.\d+", words.line(mapping(record, "environment").get("python") or ""))
    where = f"on Python {python[0]}" if python else "on the Python version it was saved with"
    return f"{function} reads it with cloudpickle installed, {where}."


def _holds_code(record: ModelRecord) -> Iterable[str]:
    return texts(mapping(record, "environment").get("by_value"))


def _listed(names: list[str], most: int = 3) -> str:
    shown = names[:most] + ([f"{len(names) - most} more"] if len(names) > most else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def variable(record: ModelRecord) -> str:
    """Return the name of the variable that was saved, or empty."""
    name = mapping(record, "source").get("variable")
    return words.line(name, 60) if isinstance(name, str) else ""


def description(record: ModelRecord, most: int) -> Line:
    """Return the description on one line."""
    return plain(words.line(record.description, most)) if isinstance(record.description, str) else ()
