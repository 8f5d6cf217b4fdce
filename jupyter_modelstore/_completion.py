"""Tab completion of the magics: variables, names, ``:versions``, ``@aliases``, tags and options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jupyter_modelstore._lines import open_word

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelstore.magics import Magics
    from jupyter_modelstore.registry import Registry

_LINE = re.compile(r"(?s)(?:.*[\n=(;]|)\s*%(\w+)\s+(.*)")
_REFERENCES = {"load_model", "download_model", "edit_model", "delete_model", "model_card", "compare_models", "alias_model"}
_MOST = 200


def hook(shell: InteractiveShell, magics: Magics) -> None:
    """Let IPython ask here when Tab is pressed in a line of one of the magics, also after ``best =``."""

    def complete(_: Any, event: Any) -> list[str]:  # noqa: ANN401 (IPython's shell and event)
        match = _LINE.fullmatch(event.text_until_cursor)
        if match is None:
            return []
        try:
            return list(completions(magics, match[1], match[2], event.symbol))
        except Exception:  # noqa: BLE001 (a completion that fails must not disturb typing)
            return []

    shell.set_hook("complete_command", complete, re_key=r"(?s).*%(\w*models?|modelstore|\w+_models?)\s")


def completions(magics: Magics, magic: str, line: str, symbol: str) -> Iterable[str]:
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
        if not choice.casefold().startswith(typed.casefold()):
            continue
        if " " in choice and not quoted:
            if not typed:
                yield f'"{choice}"'
            continue
        if typed.endswith(symbol):
            yield symbol + choice[len(typed) :]


def _choices(magics: Magics, magic: str, words: list[str], typed: str) -> Iterable[str]:
    before = words[-1] if words else ""
    if before in {"-t", "--tag", "--untag"}:
        return magics.store.facets().tags
    if before in {"-a", "--alias"}:
        return _aliases(magics.store, "")
    if typed.startswith("-"):
        return _options(magic, words)
    return _positional(magics, magic, [word for word in words if not word.startswith("-")], typed)


def _positional(magics: Magics, magic: str, words: list[str], typed: str) -> Iterable[str]:
    from jupyter_modelstore.magics import SUBCOMMANDS

    if magic == "modelstore":
        return _of_subcommand(magics, words[0]) if words else SUBCOMMANDS
    if magic == "save_model" and not words:
        return _variables(magics)
    if magic == "restore_model":
        return _trashed(magics.store)
    if magic == "alias_model" and words:
        return _aliases(magics.store, words[0])
    return _references(magics.store, typed) if magic in _REFERENCES else _names(magics.store)


def _of_subcommand(magics: Magics, command: str) -> Iterable[str]:
    if command == "autoload":
        return ("on", "off")
    if command == "config":
        return [f"{name}=" for name in magics.settings.traits(config=True)]
    return _trashed(magics.store) if command == "purge" else _names(magics.store)


def _options(magic: str, words: list[str]) -> Iterable[str]:
    from jupyter_modelstore import magics as door
    from jupyter_modelstore.verbs import VERBS

    if magic == "save_model":
        return [flag for action in door.save_parser()._actions for flag in action.option_strings]  # noqa: SLF001 (argparse has no list of its own)
    name = "load" if magic == "load_model" else door.VERB_OF_MAGIC.get(magic) or (words[0] if words else "")
    verb = VERBS.get(name)
    if verb is None:
        return []
    flags = [flag for argument in verb.arguments for flag in argument.flags]
    return [*flags, "--yes"] if verb.question is not None else flags


def _variables(magics: Magics) -> Iterable[str]:
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
