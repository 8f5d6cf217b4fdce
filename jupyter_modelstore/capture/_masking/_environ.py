"""The values of environment variables that are secret by their names, in all the ways in which a cell can write them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote, urlsplit

from jupyter_modelstore.capture._masking._forms import Span
from jupyter_modelstore.capture._masking._names import Says, is_path, is_plain, is_random, says, stands_for, words

_LEAST = 6
_MOST = 20_000
_LEAST_LINE = 12
_SAFE = 12  # from this length on a value is no part of another word by chance
_COMMON = words(
    "access admin airflow anonymous changeme database default development disabled docker enabled example github "
    "gitlab google guest jupyter jupyterhub keyring localhost minioadmin mongodb notebook notoken nopassword oauth2 "
    "oauth password postgres postgresql production public python required secret server service session staging "
    "string supabase system testing token unknown username 123456 000000 111111"
)


class Wanted(NamedTuple):
    """A text to look for."""

    text: str
    whole: bool  # only where it is all that a literal holds: a word


def wanted(environ: Mapping[str, str]) -> tuple[Wanted, ...]:
    """Return what to look for, the longest first."""
    return _wanted(tuple(environ.items()))


@lru_cache(maxsize=1)  # a save asks for each cell
def _wanted(variables: tuple[tuple[str, str], ...]) -> tuple[Wanted, ...]:
    found: dict[str, bool] = {}
    for value in _secrets(variables):
        word = is_plain(value) and len(value) < _SAFE
        for form in [value] if word else _forms(value):
            found[form] = word and found.get(form, True)
    return tuple(sorted((Wanted(form, whole) for form, whole in found.items()), key=lambda item: (-len(item.text), item.text)))


def _secrets(variables: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, given in variables:
        value = given.strip()[:_MOST]
        candidates = [value] if _is_one(name, value) else []
        if "://" in value and "@" in value:
            candidates += _password(value)
        for candidate in candidates:
            if len(candidate) >= _LEAST and candidate.lower() not in _COMMON and not stands_for(candidate):
                yield candidate


def _is_one(name: str, value: str) -> bool:
    level = says(name)
    if is_path(value):
        return False
    return level >= Says.UNUSUAL or (level is Says.RANDOM and is_random(value))


def _password(address: str) -> list[str]:
    try:
        password = urlsplit(address).password or ""
    except ValueError:
        return []
    return [password, unquote(password)]


def _forms(value: str) -> Iterator[str]:
    """Yield a value as it may stand in a cell: as it is, escaped, quoted for an address, in base64, in hexadecimal."""
    data = value.encode("utf-8", "surrogatepass")
    yield value
    yield from {repr(value)[1:-1], repr(data)[2:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    escaped = value.replace("\\", "\\\\")
    yield from (escaped, escaped.replace("'", "\\'"), escaped.replace('"', '\\"'))
    yield from {quote(data, safe=""), quote(data), quote_plus(data)}
    for text in (data, data + b"\n"):
        yield base64.b64encode(text).decode().rstrip("=")
        yield base64.urlsafe_b64encode(text).decode().rstrip("=")
    yield data.hex()
    if len(value) >= _SAFE:
        yield value[::-1]
    if "\n" in value:
        lines = map(str.strip, value.splitlines())
        yield from (line for line in lines if len(line) >= _LEAST_LINE and '": ' not in line)  # not those of JSON


def occurrences(text: str, values: Iterable[Wanted]) -> Iterator[Span]:
    """Yield where values stand, other than those that are words."""
    for value, whole in values:
        start = -1 if whole else text.find(value)
        while start >= 0:
            end = start + len(value)
            if len(value) >= _SAFE or not _within_word(text, start, end):
                yield start, end
            start = text.find(value, end)


_ESCAPE = re.compile(r"\\[nrt]\Z|%[0-9A-Fa-f]{2}\Z")


def _within_word(text: str, start: int, end: int) -> bool:
    """Tell whether a text goes on before or behind a place, letters after letters."""
    before = text[max(start - 3, 0) : start]
    if before and _joins(before[-1], text[start]) and not _ESCAPE.search(before):
        return True
    return end < len(text) and _joins(text[end - 1], text[end])


def _joins(one: str, other: str) -> bool:
    return one.isalnum() and other.isalnum()
