"""Tab completion of the magics: variables, names, ``:versions``, ``@aliases``, tags and options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_modelstore._lines import open_word

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelstore.config import ModelStore
    from jupyter_modelstore.registry import Registry

_LINE = re.compile(r"(?s)(?:.*[\n=(;]|)\s*%(\w+)\s+(.*)")
_REFERENCES = {"load_model", "download_model", "edit_model", "delete_model", "model_card", "compare_models", "alias_model"}
_KEY = re.compile(r"(?s).*%(\w*models?|model_\w+|modelstore)\s")
_UNSAFE = re.compile(r"[\"'\\{}$`]")  # what a foreign store holds must not become code in a cell: IPython expands {} and $
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

    def flags(self, magic: str, command: str) -> Iterable[str]:
        """Return the options of a magic, or of a command of ``%modelstore``."""


def hook(shell: InteractiveShell, magics: Asked) -> None:
    """Let IPython ask here when Tab is pressed in a line of one of the magics, also after ``best =``."""

    def complete(_: Any, event: Any) -> list[str]:  # noqa: ANN401 (IPython's shell and event)
        match = _LINE.fullmatch(event.text_until_cursor)
        if match is None:
            return []
        try:
            return list(completions(magics, match[1], match[2], event.symbol))
        except Exception:  # noqa: BLE001 (a completion that fails must not disturb typing)
            return []

    shell.set_hook("complete_command", complete, re_key=_KEY)


def unhook(shell: InteractiveShell) -> None:
    """Take the completion away. IPython has no word for that, only the table of its hooks."""
    shell.strdispatchers["complete_command"].regexs.pop(_KEY, None)


def completions(magics: Asked, magic: str, line: str, symbol: str) -> Iterable[str]:
    """Return what may stand at the end of a magic's line.

    Parameters
    ----------
    magics
        Whose store and shell.
    magic
        Its name, without ``%``.
    line
        What follows it, up to the cursor.
    symbol
        The end of ``line`` that IPython will replace.
    """
    words, typed, quoted = open_word(line)
    for choice in _choices(magics, magic, [str(word) for word in words], typed):
        if not choice.casefold().startswith(typed.casefold()) or _UNSAFE.search(choice) or not choice.isprintable():
            continue
        if " " in choice and not quoted:
            if not typed:
                yield f'"{choice}"'
            continue
        if typed.endswith(symbol):
            yield symbol + choice[len(typed) :]


def _choices(magics: Asked, magic: str, words: list[str], typed: str) -> Iterable[str]:
    before = words[-1] if words else ""
    if before in {"-t", "--tag", "--untag"}:
        from jupyter_modelstore.record import Query

        return magics.store.facets(Query(all_versions=True)).tags
    if before in {"-a", "--alias"}:
        return _aliases(magics.store, "")
    if typed.startswith("-"):
        return magics.flags(magic, words[0] if words else "")
    return _positional(magics, magic, [word for word in words if not word.startswith("-")], typed)


def _positional(magics: Asked, magic: str, words: list[str], typed: str) -> Iterable[str]:
    if magic == "modelstore":
        return _of_subcommand(magics, words[0]) if words else magics.subcommands
    if magic == "save_model" and not words:
        return _variables(magics)
    if magic == "restore_model":
        return _trashed(magics.store)
    if magic == "alias_model" and words:
        return _aliases(magics.store, words[0])
    return _references(magics.store, typed) if magic in _REFERENCES else _names(magics.store)


def _of_subcommand(magics: Asked, command: str) -> Iterable[str]:
    if command == "autoload":
        return ("on", "off")
    if command == "config":
        return [f"{name}=" for name in magics.settings.traits(config=True)]
    return _trashed(magics.store) if command == "purge" else _names(magics.store)


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
