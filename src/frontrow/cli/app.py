"""All commands in one tree, and the process edge where errors become one line and an exit status."""

from __future__ import annotations

import importlib
import os
import sys
from functools import cache
from typing import Annotated

import typer

from frontrow import __version__
from frontrow.errors import FrontrowError

app = typer.Typer(
    name="frontrow",
    help="The decision engine of a video streaming service.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130  # as shells count: 128 and the number of SIGINT

# Modules of this folder that add commands, in the order of the help page. They import nothing heavy at the top.
COMMANDS = (
    "workspace", "config", "imports", "fit", "jobs", "artifacts", "serve", "recommend", "experiments", "production",
    "artwork", "delivery", "streaming", "quality", "models",
)  # fmt: skip


def _version(show: bool) -> None:
    if show:
        typer.echo(f"frontrow {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The decision engine of a video streaming service."""


@cache
def assemble() -> typer.Typer:
    """The whole tree of commands; made once a process, since registering twice would hide the first group."""
    for name in COMMANDS:
        importlib.import_module(f"frontrow.cli.{name}").register(app)
    return app


def run() -> None:
    """Run the command line: 0 done, 2 bad input, 3 the answer is no, 1 our fault, 130 stopped by Ctrl-C."""
    try:
        assemble()()
    except FrontrowError as error:
        typer.echo(f"frontrow: {error}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:  # `frontrow ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:  # a folder that is read-only, a disk that is full: the machine's words are clear enough
        typer.echo(f"frontrow: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("frontrow: stopped", err=True)
        sys.exit(INTERRUPTED)
    except SystemExit as ended:  # what a Ctrl-C inside a command has become on its way here, without a word
        if ended.code == INTERRUPTED:
            typer.echo("frontrow: stopped", err=True)
        raise
