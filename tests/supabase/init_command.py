"""``jupyter modelstore init`` as a terminal would run it, but in this process: starting Python takes longer than it does."""

from __future__ import annotations

import contextlib
import io
import os
from subprocess import CompletedProcess
from unittest import mock

from jupyter_modelstore import cli


def init(url, *words):
    """Run the command on a database; return what it printed and its exit code. Nobody can be asked."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {"DATABASE_URL": url} if url else {}),
        mock.patch("sys.stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.main(["init", *words])
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())
