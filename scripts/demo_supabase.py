"""Start a Supabase project of this machine's own, run the quickstart there as two people, and show that they stay apart.

PostgreSQL and PostgREST are real; Auth and Storage are stand-ins (tests/supabase/README.md). All is gone afterwards.
"""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from pathlib import Path

from run_notebook import execute, stay_in, tell
from stack import Stack

PEOPLE = ("ada@example.org", "ben@example.org")
NOTEBOOK = Path(__file__).parent.parent / "notebooks/quickstart.ipynb"


def main() -> int:
    stack = Stack(f"demo-{uuid.uuid4().hex[:8]}")
    print(
        "Starting PostgreSQL, PostgREST, and stand-ins for Auth and Storage; the first time they are fetched …",
        flush=True,
    )
    stack.up(keeper=os.getpid())
    try:
        with tempfile.TemporaryDirectory(prefix="modelstore-demo-") as directory:
            return show(stack.env(), Path(directory))
    finally:
        stack.leave(os.getpid())


def show(told: dict[str, str], directory: Path) -> int:
    import nbformat

    stay_in(directory)
    os.environ |= {name: told[name] for name in ("SUPABASE_URL", "SUPABASE_KEY")}
    heading(f"A Supabase project at {told['SUPABASE_URL']}: jupyter modelstore init")
    install(told["DATABASE_URL"])
    for number, person in enumerate(PEOPLE):
        become(person, directory)
        heading(f"The quickstart as {person}")
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        execute(notebook)
        for cell in notebook.cells if number == 0 else notebook.cells[-1:]:
            tell(cell)
    heading("Who sees what")
    return 0 if apart(directory) else 1


def heading(text: str) -> None:
    print(f"\n{text}\n{'═' * len(text)}", flush=True)


def install(address: str) -> None:
    from jupyter_modelstore import cli

    os.environ["DATABASE_URL"] = address
    assert cli.main(["init", "--yes"]) == 0
    del os.environ["DATABASE_URL"]


def become(person: str, directory: Path) -> None:
    """Make the account if there is none; each person has a home of their own."""
    from jupyter_modelstore.identity import EmailSession

    home = directory / person
    password = directory / f"password of {person}"
    os.environ |= {
        "MODELSTORE_HOME": str(home),
        "MODELSTORE_EMAIL": person,
        "MODELSTORE_PASSWORD_FILE": str(password),
    }
    if not password.exists():
        password.write_text(uuid.uuid4().hex)
        password.chmod(0o600)
        EmailSession(home, os.environ["SUPABASE_URL"], os.environ["SUPABASE_KEY"]).sign_up(person, password.read_text())


def apart(directory: Path) -> bool:
    """Ask, as each, for one's own models and for one of the other's by its id; print what comes back."""
    import jupyter_modelstore as jms

    seen = {}
    for person in PEOPLE:
        become(person, directory)
        seen[person] = {record.id: record.ref for record in jms.connect().list(all_versions=True)}
        named = [f"{ref} ({id_[:8]})" for id_, ref in seen[person].items()]
        print(f"{person} has {len(named)} models: {', '.join(sorted(named))}")
    well = not set(seen[PEOPLE[0]]) & set(seen[PEOPLE[1]])
    for person, other in (PEOPLE, PEOPLE[::-1]):
        become(person, directory)
        store, theirs = jms.connect(), next(iter(seen[other]))
        try:
            print(f"{person} reads {store.get(f'id:{theirs}').ref} of {other}")
            well = False
        except jms.ModelStoreError as error:
            print(f"{person} asks for {theirs[:8]}, a model of {other}: {error.message}")
    print("Neither sees the other's models." if well else "They see each other's models.")
    return well


if __name__ == "__main__":
    sys.exit(main())
