"""The command line without a process of its own: a dozen of them would take longer than all that they do."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import NamedTuple
from unittest.mock import patch

from frontrow.cli import app


class Done(NamedTuple):
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


def frontrow(*args: object) -> Done:
    """Run `frontrow ARGS` here."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    argv = ["frontrow", *map(str, args)]
    with patch.object(sys, "argv", argv), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app.run()
        except SystemExit as ended:
            status = int(ended.code or 0)
    return Done(status, out.getvalue(), err.getvalue())
