r"""Names with values in text that is no Python: commands, other languages, comments, and the insides of strings.

``export TOKEN=…``, ``password: …``, ``{"api_key": "…"}``, ``Pwd=…;``, ``?sig=…&``, ``--password …``. A value in quotes
is judged as in Python. One without is harder: ``password=pw`` is a password in a command and a variable in a comment. So a text
has a manner, and each manner asks for as much as it must.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from jupyter_modelstore.capture._masking._forms import Span
from jupyter_modelstore.capture._masking._names import (
    Says,
    is_mixed,
    is_opaque,
    is_opaque_base64,
    is_plain,
    is_random,
    is_secret,
    says,
    suits,
)


class Manner(Enum):
    """How a text is written."""

    COMMAND = "a command, a configuration, another language: what stands behind = or : is a value"
    STRING = "the inside of a string: behind = without blanks stands a value, behind : may follow prose"
    CODE = "Python, or a comment on it: what has no quotes is a name, unless it looks drawn"


_BLANKS = r"[ \t]{0,8}"
_PAIR = re.compile(
    rf"(?<![\w-])(-{{0,2}}[^\W\d][\w-]{{0,63}})(?![\w-])([\"'\]\\)]{{0,4}}{_BLANKS}(?:=>|:=|[=!]=|[=:]){_BLANKS})"
)
_POSITIONAL = re.compile(rf"[(,]{_BLANKS}([\"'])([\w-]{{2,64}})\1{_BLANKS},{_BLANKS}(?=[\"'])")
_OPTION = re.compile(r"(?<![\w-])(--?[^\W\d][\w-]{0,63})([\"']?,?[ \t]{1,8})(?=[^\s-])")
_QUOTED = re.compile(
    r"(?:[rbfuRBFU]{1,2}(?=[\"']))?(?:"
    r"\"\"\"([^\"\\]*(?:(?:\\[\s\S]|\"(?!\"\"))[^\"\\]*)*)\"\"\"|'''([^'\\]*(?:(?:\\[\s\S]|'(?!''))[^'\\]*)*)'''"
    r"|\"([^\"\\\n]*(?:\\[^\n][^\"\\\n]*)*)\"|'([^'\\\n]*(?:\\[^\n][^'\\\n]*)*)'|`([^`\n]*)`)"
)
_ESCAPED = re.compile(r"\\([\"'])((?:(?!\\\1)[^\n]){0,2000})\\\1")
# Up to a blank or a quote; and to where the next pair of an address or of a connection string begins.
_STOP = r"(?![&;,][ \t]?[\w -]{1,40}=|;(?:\s|\Z)|\\[\"'])"
_BARE = re.compile(rf"{_STOP}[^\s\"'`][^\s\"'`&;,\\]{{0,500}}(?:{_STOP}[&;,\\][^\s\"'`&;,\\]{{0,500}}){{0,30}}")
_LINE = re.compile(r"[^\s\"'`#{}\[\]][^\n\r]{0,1000}")
_NO_VALUE = re.compile(
    r"(?i)(?:str|int|float|bool|bytes|string|number|object|any|optional|required|true|false|none|null|yes|no)\b.{0,3}"
)
_CALL = re.compile(r"[\w.]+[(\[].*|[^\W\d]\w*(?:\.\w+)+", re.DOTALL)
_VARIABLE = re.compile(r"\$\w+")
_LETTERS = re.compile(r"[^\W\d]+")
_ENVIRONMENT = re.compile(r"%(?:set_)?env[ \t]{1,8}(\w{1,64})[ \t=]{1,8}(\S[^\n\r]*)")
# ``wandb login …``, ``ngrok authtoken …``, ``aws configure set aws_secret_access_key …``
_SPOKEN = re.compile(r"(?<![\w-])([\w-]{3,64})[ \t]{1,8}[\"']?(?=([\w+/=.~:-]{16,512}))")
_SQL = re.compile(r"(?i)\b(?:password|identified[ \t]+by|secret)[ \t]+'([^'\n]{1,200})'")
_PROGRAM = re.compile(r"(?<![\w-])(curl|wget|https?|sshpass|docker|podman|helm|mysql\w*|mariadb|redis-cli)(?=[ \t])[^\n]*")
_FLAGS = {  # how programs take a password in one letter
    "curl": re.compile(r"[ \t](?:-u|--user)[ \t=]?[\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})"),
    "http": re.compile(r"[ \t](?:-a|--auth)[ \t=]?[\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})"),
    "mysql": re.compile(r"[ \t]-p[\"']?([^\s\"']{1,200})"),
    "redis-cli": re.compile(r"[ \t]-a[ \t]?[\"']?([^\s\"']{1,200})"),
    "sshpass": re.compile(r"[ \t]-p[ \t]?[\"']?([^\s\"']{1,200})"),
    "docker": re.compile(r"[ \t]login\b.{0,200}?[ \t]-p[ \t]?[\"']?([^\s\"']{1,200})"),
}
PROGRAMS = frozenset(_FLAGS) | {"mysqldump", "mysqladmin", "mariadb", "wget", "https", "podman", "helm"}
_FLAGS |= {"wget": _FLAGS["curl"], "https": _FLAGS["http"], "podman": _FLAGS["docker"], "helm": _FLAGS["docker"]}
_SAID = re.compile(
    r"(?<![\w-])((?:pass(?:word|wd|phrase|code)|pwd|pw))[ \t]{1,4}(?:is|was)[ \t:]{1,4}[\"'`]?([^\s\"'`]{6,100})"
)
_REGEX = re.compile(r"\\[wWsSdDb]|\[\^|\(\?|\.[*+]")


def pairs(text: str, start: int, end: int, manner: Manner) -> Iterator[Span]:
    """Yield where, in a stretch of text, values stand that are secret by their names."""
    part = text[start:end]
    if "=" in part or ":" in part:
        yield from _named(text, start, end, manner)
    if manner is Manner.CODE:
        for found in _POSITIONAL.finditer(text, start, end):
            yield from _quoted(text, found[2], found.end(), end, manner, at_most=Says.UNUSUAL)
    for found in _SAID.finditer(text, start, end):
        value = found[2].rstrip(").,;:!?")
        if is_mixed(value):
            yield found.start(2), found.start(2) + len(value)
    if "-" in part:
        yield from _options(text, start, end, manner)
    if manner is Manner.COMMAND:
        yield from _spoken(text, start, end)
    if "'" in part:
        for found in _SQL.finditer(text, start, end):
            if suits(Says.SURE, found[1]):
                yield found.span(1)


def _spoken(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield values in commands that stand behind a name and a blank."""
    for found in _ENVIRONMENT.finditer(text, start, end):
        if is_secret(found[1], found[2]) and not _is_variable(found[2], Manner.COMMAND):
            yield found.span(2)
    for found in _SPOKEN.finditer(text, start, end):
        if (found[1] == "login" or says(found[1]) >= Says.UNUSUAL) and (is_random(found[2]) or is_opaque(found[2])):
            yield found.span(2)


def _named(text: str, start: int, end: int, manner: Manner) -> Iterator[Span]:
    found = _PAIR.search(text, start, end)
    while found:
        spans = _quoted(text, found[1], found.end(), end, manner) or _bare(text, found[1], found, end, manner)
        yield from spans
        found = _PAIR.search(text, spans[-1][1] if spans else found.end(), end)


def _options(text: str, start: int, end: int, manner: Manner) -> Iterator[Span]:
    """Yield the values of ``--password x`` and of some programs' ``-p x``."""
    for found in _OPTION.finditer(text, start, end):
        level = says(found[1])
        value = _QUOTED.match(text, found.end(), end) or _BARE.match(text, found.end(), end)
        if value and found[1].startswith("--") and level >= Says.UNUSUAL and not _is_variable(value[0].strip("\"'"), manner):
            group = value.lastindex or 0
            bare = manner is Manner.COMMAND or (found[2].isspace() and _is_word_of_command(value[0]))  # in prose, words follow
            if suits(level, value[group]) and (group or bare):
                yield value.span(group)
    for program in _PROGRAM.finditer(text, start, end):
        for found in _FLAGS.get(program[1], _FLAGS["mysql"]).finditer(text, program.end(1), program.end()):
            if suits(Says.SURE, found[1]):
                yield found.span(1)


def _is_word_of_command(value: str) -> bool:
    return value[0] not in "[<({" and not is_plain(value)


def _quoted(text: str, name: str, pos: int, end: int, manner: Manner, at_most: Says = Says.SURE) -> list[Span]:
    """Return where the value in quotes stands, if one follows and is secret."""
    found = _ESCAPED.match(text, pos, end) or _QUOTED.match(text, pos, end)
    if found is None or found.lastindex is None:
        return []
    group = found.lastindex
    value = found[group]
    if value[:1].isspace() or _is_variable(value, manner):  # a blank: the quotes belong to others, "password: "
        return []
    fits = is_secret(name, value) if at_most is Says.SURE else suits(min(says(name), at_most), value)
    return [found.span(group)] if fits else []


def _bare(text: str, name: str, pair: re.Match[str], end: int, manner: Manner) -> list[Span]:
    """Return where the value without quotes stands, if it is secret."""
    level, sign = says(name), pair[2]
    if level is Says.NOTHING and manner is not Manner.COMMAND:
        return []
    tight = sign.endswith("=") and not sign.startswith((" ", "\t"))
    if manner is Manner.COMMAND and level and not tight:
        found = _LINE.match(text, pair.end(), _line_end(text, pair.start(), end))
    else:
        found = _BARE.match(text, pair.end(), end) if sign.strip() not in {"==", "!="} else None
    value = found[0].split(" #")[0].rstrip(")]},.;| \t\\") if found else ""
    if found is None or not value or _NO_VALUE.fullmatch(value) or _calls(text, found.end(), value):
        return []
    return [(found.start(), found.start() + len(value))] if _fits(name, value, manner, tight=tight) else []


def _fits(name: str, value: str, manner: Manner, *, tight: bool) -> bool:
    """Tell whether a value without quotes is secret."""
    level = says(name)
    if _is_variable(value, manner):
        return False
    if level is Says.NOTHING:
        return is_opaque_base64(value)
    if manner is Manner.COMMAND:
        return suits(Says.SURE if level is Says.UNUSUAL and name.isupper() else level, value)
    if not suits(level, value):
        return False
    if manner is Manner.STRING and tight:
        return is_mixed(value) or (level >= Says.NO_PATH and not _REGEX.search(value))
    drawn = tight and level >= Says.NO_PATH and not _LETTERS.fullmatch(value)
    return not _CALL.fullmatch(value) and (drawn or is_mixed(value))


def _is_variable(value: str, manner: Manner) -> bool:
    return manner is Manner.COMMAND and _VARIABLE.fullmatch(value) is not None


def _calls(text: str, end: int, value: str) -> bool:
    """Tell whether what ends at a quotation mark is code: ``SecretStr("``, ``access["``, ``b"``."""
    return text[end : end + 1] in {'"', "'"} and (value in {"b", "r", "f", "rb", "br"} or text[end - 1] in "([")


def _line_end(text: str, start: int, end: int) -> int:
    """Return where what stands on a line ends: with the quotes around it, if there are any."""
    line = text.rfind("\n", max(start - 2000, 0), start) + 1
    before = text[line:start]
    for quote in "\"'":
        if before.count(quote) % 2:
            closed = text.find(quote, start, end)
            return closed if closed >= 0 else end
    return end
