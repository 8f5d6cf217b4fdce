"""Tab completion of the magics: variables, names, ``:versions``, ``@aliases``, tags and options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_modelstore._lines import Word, open_word

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelstore._parser import Parser
    from jupyter_modelstore.config import ModelStore
    from jupyter_modelstore.registry import Registry

_MATCHER = "jupyter_modelstore"
_PYTHON = {"IPCompleter.jedi_matcher"}  # it takes a magic's line for Python, and its offers always come first
_LINE = re.compile(r"(?:[^%#]*=)?\s*%(\w+)\s+(.*)")
_FIRST_IS_REFERENCE = {"load_model", "download_model", "edit_model", "delete_model", "model_card", "alias_model"}
_CHOICES = {"autoload": ("on", "off"), "offer": ("line", "dialog", "off")}
_FIRST_IS_NAME = {"prune", "rename", "versions"}
_UNSAFE = re.compile(r"[\"'\\{}$`]")  # what a foreign store holds must not become code in a cell: IPython expands {} and $
_PLAIN = re.compile(r"[\w.\-+:@/=,&()]+")
_COLUMNS = ("created_at", "updated_at", "name", "version", "size", "algorithm")
_MOST = 200


class Asked(Protocol):
    """What completion asks of: the magics of a shell."""

    shell: InteractiveShell
    subcommands: tuple[str, ...]

    @property
    def settings(self) -> ModelStore:
        """What is configured."""

    @property
    def store(self) -> Registry:
        """The store."""

    def parser(self, magic: str, command: str) -> Parser | None:
        """Return the parser of a magic, or of a command of ``%modelstore``; None if it has none."""


def hook(shell: InteractiveShell, magics: Asked) -> None:
    """Let IPython ask here when Tab is pressed in a line of one of the magics, also after ``best =``."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier=_MATCHER, priority=1_000)  # type: ignore[untyped-decorator, unused-ignore]  # IPython's
    def match(context: Any) -> dict[str, Any]:  # noqa: ANN401 (IPython's context)
        line = _LINE.fullmatch(context.text_until_cursor)
        try:
            after = context.line_with_cursor[context.cursor_position :]
            offered = None if line is None else completions(magics, line[1], line[2], after)
        except Exception:  # noqa: BLE001 (a completion that fails must not disturb typing)
            offered = None
        if offered is None or not offered.texts:
            return {"completions": []}
        return {
            "completions": [SimpleCompletion(text, type="model") for text in offered.texts],
            "matched_fragment": offered.fragment,
            "suppress": True if offered.alone else _PYTHON,
            "ordered": True,
        }

    shell.Completer.custom_matchers.append(match)


def unhook(shell: InteractiveShell) -> None:
    """Take the completion away."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [known for known in matchers if getattr(known, "matcher_identifier", "") != _MATCHER]


@dataclass(frozen=True, slots=True)
class Offered:
    """What may stand at the end of a line.

    Attributes
    ----------
    fragment : str
        The end of the line that a text replaces.
    texts : list of str
    alone : bool
        Nothing else may stand there, so that IPython need not look for more.
    """

    fragment: str
    texts: list[str]
    alone: bool


def completions(magics: Asked, magic: str, line: str, after: str = "") -> Offered | None:
    """Return what may stand at the end of a magic's line, or None.

    Parameters
    ----------
    magics
        Whose store and shell.
    magic
        Its name, without ``%``.
    line
        What follows it, up to the cursor.
    after
        What follows the cursor: a quote that an editor has closed already is not closed again.
    """
    words, typed, quoted = open_word(line)
    before = str(words[-1]) if words else ""
    if typed.startswith("--") and "=" in typed and not quoted:
        before, _, typed = typed.partition("=")
        words.append(Word.of(before, quoted=False))
    fragment = line[len(line) - len(typed) - quoted :]
    if fragment[quoted:] != typed or not (typed or quoted or not line or line[-1].isspace() or line[-1] == "="):
        return None  # right behind a closed quote
    quote = fragment[:quoted]
    close = "" if quote and after.startswith(quote) else quote
    texts: dict[str, None] = {}
    for choice in _choices(magics, magic, [str(word) for word in words], typed, quoted=quoted):
        if not choice.casefold().startswith(typed.casefold()) or _UNSAFE.search(choice) or not choice.isprintable():
            continue
        text = f"{quote}{choice}{close}" if quote else choice if _PLAIN.fullmatch(choice) else f'"{choice}"'
        texts[text] = None
    variable = magic == "save_model" and not quoted and not typed.startswith("-") and not _positionals(magics, magic, words)
    return Offered(fragment, list(texts), alone=not variable or before in _VALUES)


def _choices(magics: Asked, magic: str, words: list[str], typed: str, *, quoted: bool) -> Iterable[str]:
    before = words[-1] if words else ""
    if before in _VALUES:
        return _VALUES[before](magics.store)
    parser = magics.parser(magic, words[0] if words else "")
    if parser is not None and before in parser.takes_value:
        return ()
    if typed.startswith("-") and not quoted:
        return () if parser is None else parser.flags
    return _positional(magics, magic, _positionals(magics, magic, words), typed, name_only=quoted or "--file" in words)


def _positionals(magics: Asked, magic: str, words: Sequence[str]) -> list[str]:
    """Return the words that are neither options nor their values."""
    parser = magics.parser(magic, words[0] if words else "")
    takes_value = set() if parser is None else parser.takes_value
    return [
        str(word)
        for before, word in zip(["", *words], words, strict=False)
        if not word.startswith("-") and str(before) not in takes_value
    ]


def _positional(magics: Asked, magic: str, words: list[str], typed: str, *, name_only: bool) -> Iterable[str]:
    first = not words
    if magic == "modelstore":
        return magics.subcommands if first else _of_subcommand(magics, words)
    if magic == "save_model":
        if name_only or not first:
            return _names(magics.store) if len(words) < 2 else ()  # noqa: PLR2004 (a variable and a name)
        return _variables(magics)
    if magic == "restore_model":
        return _trashed(magics.store) if first else ()
    if magic == "alias_model" and len(words) == 1:
        return _aliases(magics.store, words[0])
    return _stored(magics, magic, typed, first=first)


def _stored(magics: Asked, magic: str, typed: str, *, first: bool) -> Iterable[str]:
    if magic == "models":
        return _names(magics.store)
    wanted = magic == "compare_models" or (first and magic in _FIRST_IS_REFERENCE)
    return _references(magics.store, typed) if wanted else ()


def _of_subcommand(magics: Asked, words: list[str]) -> Iterable[str]:
    command, *rest = words
    if command == "config":
        return [f"{name}=" for name in magics.settings.traits(config=True)]
    if rest:
        return ()
    if command in _CHOICES:
        return _CHOICES[command]
    if command == "purge":
        return _trashed(magics.store)
    return _names(magics.store) if command in _FIRST_IS_NAME else ()


def _variables(magics: Asked) -> Iterable[str]:
    from jupyter_modelstore import capture

    return [candidate.name for candidate in capture.candidates(magics.shell.user_ns)]


def _names(store: Registry) -> Iterable[str]:
    return list(store.names())[:_MOST]


def _trashed(store: Registry) -> Iterable[str]:
    records = list(store.list(deleted=True))[:_MOST]
    return dict.fromkeys([*(record.model_name for record in records), *(record.ref for record in records)])


def _references(store: Registry, typed: str) -> Iterable[str]:
    name, colon, _ = typed.partition(":")
    if colon:
        return [record.ref for record in store.versions(name)]
    name, at, _ = typed.partition("@")
    if at:
        return [f"{name}@{alias}" for alias in _aliases(store, name)]
    return _names(store)


def _aliases(store: Registry, reference: str) -> Iterable[str]:
    name = re.split("[:@]", reference)[0]
    records = store.versions(name) if name else list(store.list(all_versions=True))[:_MOST]
    return dict.fromkeys(alias for record in records for alias in record.aliases)


def _tags(store: Registry) -> Iterable[str]:
    from jupyter_modelstore.record import Query

    return [tag for tag in store.facets(Query(all_versions=True)).tags if "," not in tag]  # which -t does not take


def _algorithms(store: Registry) -> Iterable[str]:
    from jupyter_modelstore.record import Query

    return store.facets(Query(all_versions=True)).algorithms


def _types(_: Registry) -> Iterable[str]:
    from jupyter_modelstore.record import MODEL_TYPES

    return MODEL_TYPES


_VALUES: Mapping[str, Callable[[Registry], Iterable[str]]] = {
    **dict.fromkeys(("-t", "--tag", "--untag"), _tags),
    **dict.fromkeys(("-a", "--alias"), lambda store: _aliases(store, "")),
    "--algorithm": _algorithms,
    "--type": _types,
    "--sort": lambda _: [sign + column for sign in ("", "-") for column in _COLUMNS],
}
