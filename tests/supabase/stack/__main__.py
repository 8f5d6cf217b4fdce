"""``python -m stack up [--old-grants] | down | env``; MODELSTORE_TEST_STACK names another than the one of this clone."""

import hashlib
import os
import shlex
import sys
import time
from pathlib import Path

from . import Stack

USAGE = "Usage: scripts/stack up [--old-grants] | down | env"


def main(arguments: list[str]) -> int:
    """Do one thing; return the exit code."""
    here = hashlib.sha256(str(Path(__file__).resolve()).encode()).hexdigest()[:8]
    stack = Stack(os.environ.get("MODELSTORE_TEST_STACK") or f"clone-{here}")
    if arguments in (["up"], ["up", "--old-grants"]):
        begun = time.monotonic()
        stack.up(old_grants="--old-grants" in arguments)
        print(f"The stack is up after {time.monotonic() - begun:.1f} s. Its addresses and keys: scripts/stack env")
    elif arguments == ["down"]:
        stack.down()
    elif arguments == ["env"]:
        print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in stack.env().items()))
    else:
        print(USAGE, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RuntimeError as error:
        sys.exit(str(error))
