"""`frontrow production`: from a screenplay to a costed schedule, and pure scene orders."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import JsonOption, SeedOption, emit_json, emit_table, note
from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.production.facts import Facts
    from frontrow.production.sheet import Sheet

SecondsOption = Annotated[float, typer.Option("--seconds", min=1, help="Time to search; Ctrl-C ends it with the best so far.")]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=0, help="Threads of CP-SAT; 1 gives the same plan each time, 0 takes all cores.")
]


def register(app: typer.Typer) -> None:
    """Add `production check|order|plan|...`."""
    group = typer.Typer(help="Where and when to shoot: sheet, schedule, ledger.", no_args_is_help=True)
    for command in (check, order):
        group.command()(command)
    app.add_typer(group, name="production")


def read_text(path: Path) -> str:
    """The text of a file. Raises InputError when it is not there or is not text."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def read_sheet(path: Path) -> Sheet:
    """The sheet in a YAML file or a folder of CSVs. Raises SheetFaults with every fault."""
    from frontrow.production import reading

    if path.is_dir():
        files = {file.name: read_text(file) for file in sorted(path.glob("*.csv"))}
        if not files:
            raise InputError(f"{path} holds no CSV files; a sheet folder has scenes.csv, sites.csv, calendar.csv ...")
        return reading.read_csvs(files)
    return reading.read_yaml(read_text(path), path.name)


def read_facts(path: Path) -> Facts:
    """The sheet with what follows from it; history files lie beside the sheet."""
    from frontrow.production import facts

    sheet = read_sheet(path)
    folder = path if path.is_dir() else path.parent
    files = {}
    for history in sheet.history:
        file = (folder / history.file).resolve()
        if folder.resolve() not in file.parents:
            raise InputError(f"history file {history.file!r} is not beside the sheet; copy it there")
        files[history.file] = read_text(file)
    return facts.derive(sheet, files)


def check(
    path: Annotated[Path | None, typer.Argument(metavar="SHEET", help="YAML file or folder of CSVs.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a sheet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find every fault of a production sheet, with line and field.

    Example: frontrow production check film.yaml
    """
    from frontrow.production import fields
    from frontrow.production.faults import SheetFaults

    if schema:
        emit_json(fields.json_schema())
        return
    if path is None:
        raise InputError("no sheet was named; write 'frontrow production check SHEET'")
    try:
        facts = read_facts(path)
    except SheetFaults as error:
        if as_json:
            emit_json({"status": "faults", "faults": error.faults})
        raise
    sheet = facts.sheet
    summary = {
        "status": "ok", "scenes": len(sheet.scenes), "sites": len(sheet.sites), "people": len(sheet.people),
        "shooting_dates": len(facts.dates), "rules": facts.pack.name, "rules_source": facts.pack.source,
    }  # fmt: skip
    if as_json:
        emit_json(summary)
    else:
        emit_table("", ("", ""), list(summary.items()))


def order(
    instance: Annotated[Path, typer.Argument(help="Talent-scheduling .dat or movie-shoot .txt.")],
    seconds: SecondsOption = 60,
    workers: WorkersOption = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Find the cheapest order of scenes: proven best for small instances, good with a bound for large ones.

    Example: frontrow production order film103.dat --json
    """
    from frontrow.production.instances import read_instance
    from frontrow.production.order import solve_order

    problem = read_instance(read_text(instance))
    with search_progress() as report:
        found = solve_order(
            problem,
            seconds=seconds,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            clock=time.monotonic,
            tick=lambda what, best, bound, left: report(f"{what}: best extra {best:,}, bound {bound:,}", seconds - left, seconds),
        )
    if as_json:
        emit_json(found)
    else:
        fields = ("cost", "holding", "moving", "bound", "proven", "method")
        emit_table(problem.name, ("", ""), [(name, getattr(found, name)) for name in fields])
        typer.echo(" ".join(str(scene) for scene in found.order))


@contextmanager
def search_progress() -> Iterator[Any]:
    """A line on stderr with what is found so far and the time left; yields its update function."""
    from frontrow.cli.options import progress

    with progress("searching") as step:
        yield lambda text, done, total: step(int(done), int(total), text)


_ = note
