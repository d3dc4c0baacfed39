"""What every command shares: the common options, machine output, tables and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout and nothing else there.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of everything drawn by chance.")]
WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="FRONTROW_WORKSPACE", help="Folder that holds catalogue, log and models."),
]

DEFAULT_WORKSPACE = Path("workspace")

Step = Callable[[int, int, str], None]
"""Progress: (done, total, note); total 0 while it is not known."""


def emit_json(value: Any) -> None:
    """Print `value` (structs, dataclasses, dicts, numpy scalars) as one line of JSON on stdout."""
    import msgspec

    sys.stdout.write(msgspec.json.encode(value, enc_hook=_plain).decode() + "\n")


def emit_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people on stdout."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table)


def note(text: str) -> None:
    """Say something to the person at the terminal: on stderr, so that stdout stays clean."""
    typer.echo(text, err=True)


@contextmanager
def resumable() -> Iterator[None]:
    """Around work that a second start goes on with: Ctrl-C says so before it ends the command."""
    try:
        yield
    except KeyboardInterrupt:
        note("what was written stays; the same command goes on from there")
        raise


@contextmanager
def progress(description: str) -> Iterator[Step]:
    """A progress bar on stderr with rate and time left; yields the function that moves it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=None, note="")

        def step(done: int, total: int, text: str = "") -> None:
            bar.update(task, completed=done, total=total or None, note=text)

        yield step


def _plain(value: Any) -> Any:
    """Numpy scalars and arrays, paths and anything with `to_dict`, as JSON can hold them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
