"""How a verb's arguments are typed: the same parser for magics and the command line, for people rather than for shells."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from jupyter_modelstore._lines import as_word
from jupyter_modelstore.errors import InvalidValue, UsageError
from jupyter_modelstore.names import visible


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a verb.

    Attributes
    ----------
    name : str
        The keyword of the verb's function.
    help : str
    flags : tuple of str
        ``("-t", "--tag")``; empty for a positional argument.
    many : bool
        It may be given more than once, or (positional) more than one word.
    optional : bool
        A positional argument that may be left out.
    metavar : str
        What stands for its value in the help: ``TAG``.
    options : Mapping
        Further arguments of ``argparse.add_argument``.
    """

    name: str
    help: str
    flags: tuple[str, ...] = ()
    metavar: str = ""
    many: bool = False
    optional: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return not (self.flags or self.optional)

    def of_json(self, value: object) -> Any:  # noqa: ANN401 (what the verb takes)
        """Return a value that came as JSON, if it is what a typed one would have become.

        Raises
        ------
        UsageError
            It is of another kind, or too much.
        """
        kind = bool if self.options.get("action") == "store_true" else self.options.get("type", str)
        values = value if self.many else [value]
        if type(values) is not list or len(values) > _MOST_VALUES or not all(_is_plain(one, kind) for one in values):
            what = f"a list of {_KINDS[kind]}s" if self.many else f"a {_KINDS[kind]}"
            raise UsageError(f"'{self.name}' must be {what}.", self.help[:1].upper() + self.help[1:] + ".")
        if value not in self.options.get("choices", (value,)):
            raise UsageError(f"'{self.name}' cannot be {visible(str(value))}.", self.help[:1].upper() + self.help[1:] + ".")
        return value

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Add this argument to a parser."""
        options: dict[str, Any] = {"help": self.help, **self.options}
        if self.metavar:
            options["metavar"] = self.metavar
        if not self.flags:
            if self.many or self.optional:
                options.setdefault("nargs", "*" if self.many and self.optional else "+" if self.many else "?")
            parser.add_argument(self.name, **options)
            return
        if self.many:
            options.setdefault("action", _Tags if "-t" in self.flags else "append")
        parser.add_argument(*self.flags, dest=self.name, **options)


_MOST_VALUES = 1_000
_MOST_TEXT = 100_000
_KINDS = {str: "text", int: "number", bool: "yes or no", dict: "mapping of texts"}


def _is_plain(value: object, kind: type) -> bool:
    """Tell whether a JSON value is of a kind, and of a bearable size."""
    if kind is dict:
        return (
            type(value) is dict
            and len(value) <= _MOST_VALUES
            and all(_is_plain(one, str) for pair in value.items() for one in pair)
        )
    if kind is str:
        return isinstance(value, str) and len(value) <= _MOST_TEXT  # a word of a line that was typed is a text too
    return type(value) is kind


def arguments_from_json(arguments: Sequence[Argument], given: Mapping[str, object]) -> dict[str, Any]:
    """Return the arguments of a verb that came as JSON, checked; null is as good as left out.

    Raises
    ------
    UsageError
        One is missing, unknown or of another kind.
    """
    known = {argument.name: argument for argument in arguments}
    names = ", ".join(known) or "none"
    if unknown := [name for name in given if name not in known]:
        raise UsageError(f"There is no argument '{visible(unknown[0])}'.", f"There are: {names}")
    if missing := [name for name, argument in known.items() if argument.required and given.get(name) is None]:
        raise UsageError(f"The argument '{missing[0]}' is missing.", f"There are: {names}")
    return {name: known[name].of_json(value) for name, value in given.items() if value is not None}


class _Once(argparse.Action):
    """Keeps the value of an option, which must not be given twice: the first would be lost in silence."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:  # noqa: ANN401 (argparse's own)
        if option_string is not None:
            if self.dest in parser.given:
                raise UsageError(f"{option_string} is given twice.", f"Give {option_string} once.")
            parser.given.add(self.dest)
        setattr(namespace, self.dest, values)


class _Tags(argparse.Action):
    """Collects tags. Who types a comma means two tags."""

    def __call__(self, _: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:  # noqa: ANN401 (argparse's own)
        if "," in values:
            tags = " ".join(f"-t {as_word(tag.strip())}" for tag in values.split(",") if tag.strip())
            raise UsageError(f"'{visible(values)}' holds a comma.", f"Write one {option_string} for each tag: {visible(tags)}")
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or ()), values])


def _help_format(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=32, width=100)


class Parser(argparse.ArgumentParser):
    """An argument parser for people who type: options may stand anywhere, and are written out.

    What is wrong raises this package's error, and does not end the process.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 (argparse's own)
        super().__init__(**{"allow_abbrev": False, "formatter_class": _help_format, **options})
        self._positionals.title = "arguments"
        self.register("action", None, _Once)
        self._entered = False
        self._usage_line = ""
        self.given: set[str] = set()  # the options of the line that is being parsed

    @property
    def flags(self) -> list[str]:
        """All options, short and long."""
        return [flag for action in self._actions for flag in action.option_strings]

    @property
    def takes_value(self) -> set[str]:
        """The options that a value follows."""
        return {flag for action in self._actions if action.nargs != 0 for flag in action.option_strings}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:  # noqa: ANN401 (argparse's own; it has three overloads)
        """Parse, also where an option stands between two words."""
        if self._entered or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._entered = True
        self.given.clear()
        self._usage_line = self.format_usage()
        try:
            return self.parse_known_intermixed_args(self._with_values(args), namespace)
        finally:
            self._entered = False

    def _with_values(self, words: Sequence[str] | None) -> list[str]:
        """Join an option to a value that begins with a hyphen, as in ``--sort -created_at``, which argparse would not take."""
        takes_value = self.takes_value
        joined: list[str] = []
        for word in sys.argv[1:] if words is None else words:
            if joined and joined[-1] in takes_value and word.startswith("-") and word not in self.flags:
                joined[-1] += f"={word}" if joined[-1].startswith("--") else word
            else:
                joined.append(word)
        return joined

    def error(self, message: str) -> NoReturn:
        """Raise what was wrong, with the line that is right."""
        # Kept from before: while argparse parses, its own usage breaks at the % of a magic.
        usage = "Usage: " + " ".join((self._usage_line or self.format_usage()).split()).removeprefix("usage: ")
        start, found, rest = message.partition("unrecognized arguments: ")
        if found and not start and not rest.startswith("-"):
            raise UsageError(f"There is more than expected: {visible(rest)}", f"Put several words in quotes. {usage}")
        text = visible(message)
        raise UsageError(text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."), usage)


_PAIR = re.compile(r"([^=(]*(?:\([^)]*\))?[^=(]*)=(.*)", re.DOTALL)  # the name may hold arguments: fbeta(beta=2)


def metrics_from(pairs: Sequence[str] | None, value_of: Callable[[str], object] | None = None) -> dict[str, object]:
    """Read ``NAME=VALUE`` arguments.

    Parameters
    ----------
    pairs
        As they were typed.
    value_of
        What to do with a value that is no number, such as a variable's name; without it, that is an error.
    """
    metrics: dict[str, object] = {}
    for pair in pairs or ():
        found = _PAIR.fullmatch(pair)
        name, equals, text = (found[1], "=", found[2]) if found else (pair, "", "")
        if not equals or not name.strip() or not text.strip():
            raise InvalidValue(f"'{visible(pair)}' is no metric.", "Write -m NAME=VALUE, for example -m roc_auc=0.93.")
        try:
            metrics[name.strip()] = int(text) if text.strip().lstrip("+-").isdecimal() else float(text)
        except ValueError as error:
            if value_of is None:
                raise InvalidValue(
                    f"'{visible(text)}' is not a number.",
                    "Write the number itself, such as -m roc_auc=0.93; only %save_model reads variables.",
                ) from error
            metrics[name.strip()] = value_of(text.strip())
    return metrics


def range_from(text: str) -> tuple[str, tuple[float | None, float | None]]:
    """Read ``auc>=0.8`` or ``rmse<=2``."""
    for sign in (">=", "<="):
        name, found, number = text.partition(sign)
        if found:
            try:
                value = float(number)
            except ValueError:
                break
            if name.strip() and not math.isnan(value):
                return name.strip(), (value, None) if sign == ">=" else (None, value)
    raise InvalidValue(f"'{visible(text)}' is no range of a metric.", "Write 'auc>=0.8' or 'rmse<=2', in quotes.")
