"""The command line: ``jupyter modelstore VERB``, made from the table of verbs.

Exit codes: 0 done, 1 refused or failed (one line says why), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from jupyter_modelstore._version import __version__
from jupyter_modelstore.config import connect
from jupyter_modelstore.errors import ModelStoreError, NotConfirmed, UsageError
from jupyter_modelstore.record import to_json
from jupyter_modelstore.verbs import VERBS, Parser, Verb, plain

_SYNONYMS = {"list": ("ls",), "delete": ("rm",)}


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
    try:
        options = vars(_parser().parse_args(words))
        return _run(options)
    except UsageError as error:
        return _fail(error, 2, as_json="--json" in words)
    except ModelStoreError as error:
        return _fail(error, 1, as_json="--json" in words)
    except KeyboardInterrupt:
        print("Interrupted; nothing was changed.", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stdout = None  # so that nothing more is flushed to it
        return 0


def _run(options: dict[str, Any]) -> int:
    verb: Verb = options.pop("verb")
    as_json, yes = options.pop("json"), options.pop("yes", False)
    store = connect(options.pop("store"), home=options.pop("home"))
    if verb.question is not None and not yes:
        _confirm(verb.question(store, **options))
    answer = verb.call(store, **options)
    if as_json:
        print(json.dumps(to_json(plain(answer)), ensure_ascii=False, indent=1))
    else:
        print(verb.show(store, answer))
    return 1 if verb.name == "doctor" and not all(finding.ok for finding in answer) else 0


def _confirm(question: str | None) -> None:
    if question is None:
        return
    if not sys.stdin.isatty():
        raise NotConfirmed(question, "Nothing was changed. Add --yes to do it.")
    if input(f"{question} [y/N] ").strip().casefold() not in {"y", "yes"}:
        raise NotConfirmed("Nothing was changed.")


def _fail(error: ModelStoreError, code: int, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(error.to_json(), ensure_ascii=False))
    print(str(error), file=sys.stderr)
    return code


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
        sub.add_argument("--store", metavar="URL", help="local: or local:DIRECTORY; else what MODELSTORE_URL says")
        sub.add_argument("--home", metavar="DIR", help="the user's directory for models; else MODELSTORE_HOME")
        sub.set_defaults(verb=verb)
    return parser


if __name__ == "__main__":
    sys.exit(main())
