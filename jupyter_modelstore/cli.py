"""The command line: ``jupyter modelstore VERB``, made from the table of verbs.

Exit codes: 0 done, 1 refused or failed (one line says why), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import io
import json
import os
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TextIO

from jupyter_modelstore import _init, _sign_in, card, transfer
from jupyter_modelstore._files import expanded
from jupyter_modelstore._lines import as_word
from jupyter_modelstore._parser import Parser
from jupyter_modelstore._version import __version__
from jupyter_modelstore.config import connect, home_from, project_of, url_from
from jupyter_modelstore.errors import ModelStoreError, NotConfigured, NotConfirmed, NotSignedIn, UsageError
from jupyter_modelstore.record import to_json
from jupyter_modelstore.registry import Loaded, Registry
from jupyter_modelstore.verbs import VERBS, Verb, plain

_SYNONYMS = {"list": ("ls",), "delete": ("rm",)}
_MAGIC = re.compile(
    r"%modelstore ([a-z-]+)|%(load|download|edit|alias|delete|restore|compare)_models?|%model_(?:card|stats)|%models"
)
_COMMANDS = {"%models": "list", "%model_card": "show", "%model_stats": "stats"}
_PUSH_ALL: dict[str, Any] = {"names": [], "dry_run": False, "json": False, "store": None}
_KEPT = "\n\t\u200c\u200d"  # and the joiners inside emoji and Indic words


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        Without the program's name; those of the process if None.

    Returns
    -------
    int
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show Hindi is no reason to fail
    try:
        with _plain_warnings():
            code = _answer(words)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
        return 0
    return code


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Within, a warning of ours is one line, as an error is: the place in our code says nothing to whoever typed a command."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if category.__module__.partition(".")[0] == __package__:
                print(_harmless(_for_terminal(" ".join(str(message).split()))), file=sys.stderr)
            else:
                usual(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def _answer(words: list[str]) -> int:
    """Run one command; say in one line why it could not be done."""
    try:
        return _run(vars(_parser().parse_args(words or ["--help"])))
    except UsageError as error:
        return _fail(error, 2, as_json="--json" in words)
    except ModelStoreError as error:
        return _fail(error, 1, as_json="--json" in words)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 1


def _run(options: dict[str, Any]) -> int:
    if options.get("command") == "init":
        return _init.run(options, lambda text: print(_harmless(text)), _confirm)
    if options.get("command") == "push":
        return _push(options)
    if (command := options.pop("command", None)) is not None:
        return _sign(command, options)
    verb: Verb = options.pop("verb")
    as_json, yes = options.pop("json"), options.pop("yes", False)
    store = connect(options.pop("store"), home=options.pop("home"))
    if verb.question is not None and not yes:
        _confirm(verb.question(store, **options))
    with _telling_what_is_kept(store) if verb.name == "save" else contextlib.nullcontext():
        answer = verb.call(store, **options)
    if isinstance(answer, Loaded):  # its warnings name lines to type, in the middle of what a card takes for plain words
        answer = replace(answer, warnings=tuple(type(said)(_for_terminal(str(said))) for said in answer.warnings))
    if as_json:
        print(_harmless(json.dumps(to_json(plain(answer)), ensure_ascii=False, indent=1)))
    else:
        print(_harmless(verb.show(store, answer).text_with(_for_terminal)))
    return 1 if _fell_short(verb.name, answer) else 0


@contextlib.contextmanager
def _telling_what_is_kept(store: Registry) -> Iterator[None]:
    """Save within: whoever interrupts it is told if the save is kept all the same."""
    before = {record.save_id for record in store.pending()}
    try:
        yield
    except KeyboardInterrupt:
        for record in store.pending():
            if record.save_id not in before:
                name = as_word(record.model_name)
                ways = f"%modelstore resume sends it, %modelstore discard {name} gives it up."
                print(_harmless(_for_terminal(f"{name} is kept on this machine: {ways}")), file=sys.stderr)
        raise


def _fell_short(verb: str, answer: Any) -> bool:  # noqa: ANN401 (any answer)
    """Tell whether a job must know that not all is well: a check-up found something, or a save has not arrived."""
    if verb == "doctor":
        return not all(finding.ok for finding in answer)
    if verb == "resume":
        return bool(answer[1])
    return verb == "save" and answer.record.status == "pending"


def _push(options: dict[str, Any]) -> int:
    """Copy models of this machine to a project; exit code 1 if one could not be copied."""
    home = options["home"]
    source = connect(options["store"] or "local:", home=home)
    target = connect(options["to"] or _project_named(), home=home)
    if target.location == source.location:
        raise UsageError("From where to where?", "Name the project: --to https://….supabase.co, or set SUPABASE_URL.")
    tell = None if options["json"] else lambda text: print(_harmless(text), flush=True)
    try:
        done = transfer.push(source, target, options["names"], dry_run=options["dry_run"], tell=tell)
    except NotSignedIn as error:
        raise NotSignedIn(error.message, f"Sign in: jupyter modelstore login YOUR@EMAIL --store {target.location}") from error
    if options["json"]:
        print(_harmless(json.dumps(to_json(done), ensure_ascii=False, indent=1)))
    else:
        print(_harmless(card.pushed_card(done, target.where, dry_run=options["dry_run"]).text_with(_for_terminal)))
    return 1 if done.failed or done.waiting else 0


def _project_named() -> str:
    """Return the address that the environment gives."""
    try:
        return url_from(os.environ)
    except NotConfigured as error:
        raise NotConfigured(error.message, "Set both SUPABASE_URL and SUPABASE_KEY, then push again.") from error


def _sign(command: str, options: dict[str, Any]) -> int:
    """Sign in or out; what is secret is asked for, and never an argument."""
    home = options.pop("home") or home_from(os.environ)
    project = project_of(options.pop("store") or url_from(os.environ), expanded(home))
    print(_harmless(_sign_in.RUN[command](project, _ask_unseen, **options).text_with(_for_terminal)))
    if command == "login" and sys.stdin.isatty() and (left := _sign_in.left_at_first(project)):
        with contextlib.suppress(NotConfirmed):
            _confirm(f"On this machine, {left} Copy them?")
            return _push({**_PUSH_ALL, "to": project.url, "home": str(project.home)})
    return 0


def _ask_unseen(question: str) -> str:
    if not sys.stdin.isatty():
        raise NotConfirmed(
            f"{question.rstrip(': ')}: nobody can be asked here.", "For jobs: MODELSTORE_EMAIL, MODELSTORE_PASSWORD_FILE."
        )
    return getpass.getpass(question)


def _confirm(question: str | None) -> None:
    if question is None:
        return
    if not sys.stdin.isatty():
        raise NotConfirmed(question, "Nothing was changed. Add --yes to do it.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # stdout may be a file, or JSON
    if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
        raise NotConfirmed("Nothing was changed.")


def _fail(error: ModelStoreError, code: int, *, as_json: bool) -> int:
    shown = type(error)(error.message, _for_terminal(error.hint))
    if as_json:
        print(_harmless(json.dumps(shown.to_json(), ensure_ascii=False)))
    print(_harmless(" ".join(str(shown).split())), file=sys.stderr)
    return code


def _for_terminal(text: str) -> str:
    """Turn the magics that a hint or a card names into commands."""
    text = text.replace("%modelstore config url=local:", "--store local:")
    text = text.replace("it is tried again by itself; ", "")  # a command has ended by then
    text = text.replace("%save_model clf ", "jupyter modelstore save FILE ")  # a terminal has files, and no variables
    return _MAGIC.sub(lambda match: f"jupyter modelstore {_COMMANDS.get(match[0], match[1] or match[2])}", text)


def _harmless(text: str) -> str:
    r"""Write what a terminal would obey, or would show in another order, as ``\u001b``: nothing else does, in text or JSON."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(char if char in _KEPT or unicodedata.category(char)[0] != "C" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="jupyter modelstore", description="Keep fitted models, find them again, load them back.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS.values():
        sub = verbs.add_parser(verb.name, aliases=_SYNONYMS.get(verb.name, ()), help=verb.help, description=verb.help)
        for argument in verb.arguments:
            argument.add_to(sub)
        if verb.question is not None:
            sub.add_argument("--yes", action="store_true", help="do not ask")
        sub.add_argument("--json", action="store_true", help="print JSON")
        _add_place(sub)
        sub.set_defaults(verb=verb)
    init = verbs.add_parser("init", help=_init.HELP, description=(_init.__doc__ or "").replace("`", ""))
    _init.add_arguments(init)
    init.set_defaults(command="init")
    about_push = "Copy models of this machine to a Supabase project."
    push = verbs.add_parser("push", help=about_push, description=about_push)
    push.add_argument("names", nargs="*", metavar="NAME", help="which models; none: all that are not there yet")
    push.add_argument("--to", metavar="URL", help="the project; else what SUPABASE_URL says")
    push.add_argument("--dry-run", action="store_true", help="only tell what would be copied")
    push.add_argument("--json", action="store_true", help="print JSON")
    push.add_argument("--store", metavar="URL", help="from where; else the store on this machine")
    push.add_argument("--home", metavar="DIR", help="the user's directory for models; else MODELSTORE_HOME")
    push.set_defaults(command="push")
    for command, about in _sign_in.HELP.items():
        sign = verbs.add_parser(command, help=about, description=about)
        _sign_in.add_arguments(command, sign)
        _add_place(sign)
        sign.set_defaults(command=command)
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    about = "local:, local:DIRECTORY or a project's https address; else what MODELSTORE_URL or SUPABASE_URL says"
    parser.add_argument("--store", metavar="URL", help=about)
    parser.add_argument("--home", metavar="DIR", help="the user's directory for models; else MODELSTORE_HOME")


if __name__ == "__main__":
    sys.exit(main())
