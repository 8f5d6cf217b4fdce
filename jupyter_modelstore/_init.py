"""``jupyter modelstore init``: print the database's schema, or install it, check it, take over an earlier application's table.

A database address holds a password: it comes from ``DATABASE_URL``, from libpq's own environment and ``~/.pgpass``, or is
asked for. It is never an argument, which every user of the machine could read.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Sequence

from jupyter_modelstore.errors import NotConfirmed, UsageError
from jupyter_modelstore.names import visible
from jupyter_modelstore.sql import Database, migrations, script

HELP = "Print or install the tables and rules of a Supabase project."
_LIBPQ = ("PGSERVICE", "PGHOST", "PGHOSTADDR")
_TELL = """\
-- The schema of jupyter-modelstore, for the SQL editor of a Supabase project; run again it changes nothing.
-- To install it from here instead: set DATABASE_URL to the project's connection string (role postgres), and run this again.

"""
_PRINTED = "Nothing was installed: above is the SQL for the project's SQL editor. To install it from here, set DATABASE_URL.\n"
_NAMED = 12
_WHAT_STAYS = """\
Its rows and columns stay, and get versions by the time they were made. Constraints with 'on delete cascade' from users, checks
unique names and rules go; views stay, and ask as their reader from then on. The earlier application can still list, insert,
describe, tag, download and delete what is its user's own; not overwrite a file, nor change status or metrics."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--print", action="store_true", help="print the SQL, also where DATABASE_URL is set")
    what.add_argument("--check", action="store_true", help="change nothing; exit 1 if the database is not as it should be")
    what.add_argument("--dry-run", action="store_true", help="tell what would be done")
    parser.add_argument("--ask", action="store_true", help="ask for the database's address")
    parser.add_argument("--adopt", action="store_true", help="take over the table trained_models of an earlier application")
    parser.add_argument("--again", action="store_true", help="apply everything once more: puts back what was changed by hand")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: dict[str, bool], say: Callable[[str], None], confirm: Callable[[str], None]) -> int:
    """Do what the options say.

    Parameters
    ----------
    options
        Those of :func:`add_arguments`.
    say
        Writes a line for the user.
    confirm
        Asks; raises unless the answer is yes.

    Returns
    -------
    int
        The exit code: 1 if ``--check`` found something.
    """
    database = None if options["print"] else _database(ask=options["ask"])
    if database is None:
        if options["check"] or options["dry_run"]:
            raise UsageError("Which database?", "Set DATABASE_URL, or add --ask.")
        say(_TELL + script(adopt=options["adopt"]))
        if not options["print"]:
            sys.stderr.write(_PRINTED)
        return 0
    state = database.state()
    if options["check"]:
        return _check(database, say)
    if state.newer:
        say(f"The database has migrations that this version does not know ({_numbers(state.newer)}): update this package.")
        return 1
    if state.earlier_table:
        _show_earlier(database, say)
        if not options["adopt"]:
            say("Nothing was changed. To take the table over, keeping its rows: jupyter modelstore init --adopt")
            return 1
    if options["dry_run"]:
        wanted = migrations() if options["again"] or state.changed else state.pending
        say(_listed("Would apply", [f"{one.number:03} {one.name}" for one in wanted]) if wanted else "Nothing to do.")
        return 0
    if state.earlier_table and not options["yes"]:
        confirm("Replace what is listed, keep the rows?")
    done = database.apply(adopt=options["adopt"], again=options["again"])
    say(
        _listed("Applied", [f"{one.number:03} {one.name}" for one in done])
        if done
        else "Nothing to do: the schema is up to date."
    )
    return 0


def _database(*, ask: bool) -> Database | None:
    if ask:
        if not sys.stdin.isatty():
            raise NotConfirmed("There is nobody to ask for the database's address.", "Set DATABASE_URL.")
        return Database(getpass.getpass("Address of the database (postgresql://…, not shown): "))
    url = os.environ.get("DATABASE_URL", "")
    return Database(url) if url or any(os.environ.get(name) for name in _LIBPQ) else None


def _check(database: Database, say: Callable[[str], None]) -> int:
    state = database.state()
    problems = []
    if state.earlier_table:
        problems.append("a table trained_models of an earlier application is there: jupyter modelstore init --adopt")
    if state.pending:
        problems.append(f"not applied: {_numbers([one.number for one in state.pending])}: jupyter modelstore init")
    if state.changed:
        problems.append(
            f"applied in another wording: {_numbers([one.number for one in state.changed])}: jupyter modelstore init"
        )
    if state.newer:
        problems.append(f"the database is newer ({_numbers(state.newer)}): update this package")
    if state.by_hand:
        problems.append(
            f"by hand: {_named(state.by_hand)}: jupyter modelstore init --again puts back what was changed or removed"
        )
    problems += [
        f"the {visible(door)} can show everybody's models to whoever may call it, for it asks as its owner: revoke that right"
        " from anon and authenticated, or let it ask as its reader (of a view: security_invoker = true)"
        for door in state.back_doors
    ]
    say(_listed("The schema is not as it should be", problems) if problems else "The schema is up to date, and as it was left.")
    return 1 if problems else 0


def _show_earlier(database: Database, say: Callable[[str], None]) -> None:
    say("There is a table trained_models of an earlier application. What governs it, and would be replaced:")
    for kind, name, wording in database.earlier_table():
        say(f"  {kind} {visible(name)}: {visible(' '.join(wording.split()))}")
    say(_WHAT_STAYS)


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(f"{number:03}" for number in numbers)


def _named(things: Sequence[str]) -> str:
    """Return the first twelve, and how many more there are."""
    more = f" and {len(things) - _NAMED} more" if len(things) > _NAMED else ""
    return ", ".join(map(visible, things[:_NAMED])) + more


def _listed(what: str, items: list[str]) -> str:
    return "\n".join([f"{what}:", *(f"  {item}" for item in items)])
