"""`frontrow import`: titles and events from elsewhere, and `frontrow titles`, which lists what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontrow.cli.options import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    emit_json,
    emit_table,
    note,
    progress,
    resumable,
)

if TYPE_CHECKING:
    from frontrow.data.imports.report import Report
    from frontrow.data.imports.source import Source

StrictOption = Annotated[bool, typer.Option("--strict", help="Import nothing when any row is bad.")]
ShiftOption = Annotated[
    float | None,
    typer.Option(
        "--shift-newest-to",
        metavar="HOURS",
        min=0,
        help="Move all events by one constant, so that the newest lies this many hours before now.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add `import movielens|recbole|table|jellyfin` and `titles`."""
    group = typer.Typer(help="Bring in titles and events, checked row by row.", no_args_is_help=True)
    for command in (movielens, recbole, table, jellyfin):
        group.command(command.__name__)(command)
    app.add_typer(group, name="import")
    app.command("titles")(titles)


def movielens(
    path: Annotated[Path, typer.Argument(help="The unpacked folder: 100k, 1M, 10M, or one of the newer ones.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
    strict: StrictOption = False,
    shift_newest_to: ShiftOption = None,
) -> None:
    """Import a MovieLens folder: its films, and one rating event a rating.

    Example: frontrow import movielens ml-latest-small --shift-newest-to 1
    """
    from frontrow.data.imports.movielens import open_folder

    _import(open_folder(path), workspace, as_json, strict, shift_newest_to)


def recbole(
    path: Annotated[Path, typer.Argument(help="A folder with NAME.inter (and NAME.item), or the .inter file.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
    strict: StrictOption = False,
    shift_newest_to: ShiftOption = None,
) -> None:
    """Import RecBole atomic files: ratings, or plays where there is no rating.

    Example: frontrow import recbole dataset/ml-100k
    """
    from frontrow.data.imports.recbole import open_folder

    _import(open_folder(path), workspace, as_json, strict, shift_newest_to)


def table(
    path: Annotated[Path | None, typer.Argument(help="A .csv, .tsv or .parquet file.")] = None,
    what: Annotated[str, typer.Option("--as", help="What a row is: events or titles.")] = "events",
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=COLUMN", help="Which column a field is read from; times take :s, :ms, :iso."
        ),
    ] = None,
    mapping_file: Annotated[
        Path | None, typer.Option("--mapping", help='TOML file of lines field = "column"; --map wins over it.')
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="Kind of every event, unless a column says it.")] = "play",
    example: Annotated[
        Path | None, typer.Option("--example", metavar="DIR", help="Write a small input there, explained, and stop.")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
    strict: StrictOption = False,
    shift_newest_to: ShiftOption = None,
) -> None:
    """Import events or titles from a CSV or Parquet table.

    Examples: frontrow import table films.csv --as titles --map title=id --map name=label

    frontrow import table plays.parquet --map member=user_id --map title=film --map at_ms=watched:s
    """
    from typing import get_args

    from frontrow.data.imports.table import What, open_file, parse_mapping, read_mapping
    from frontrow.errors import InputError
    from frontrow.schema import Kind

    if example is not None:
        return _write_example(example)
    if path is None:
        raise InputError("name the file to import, or use --example DIR for one to look at")
    if what not in get_args(What):
        raise InputError(f"--as is {what!r}; use events or titles")
    if kind not in list(Kind):
        raise InputError(f"--kind is {kind!r}; use one of {', '.join(Kind)}")
    mapping = {**(read_mapping(mapping_file) if mapping_file else {}), **parse_mapping(pairs or [])}
    source = open_file(path, "titles" if what == "titles" else "events", mapping, Kind(kind))
    return _import(source, workspace, as_json, strict, shift_newest_to)


def jellyfin(
    path: Annotated[Path, typer.Argument(help="PlaybackReportingBackup-….tsv or playback_reporting.db.")],
    timezone: Annotated[
        str,
        typer.Option("--timezone", help="The server's zone, for times that older plugin versions wrote without one."),
    ] = "UTC",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
    strict: StrictOption = False,
    shift_newest_to: ShiftOption = None,
) -> None:
    """Import the history that Jellyfin's Playback Reporting plugin kept.

    Example: frontrow import jellyfin PlaybackReportingBackup-20260101-000000.tsv --timezone Europe/Berlin
    """
    from datetime import UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from frontrow import config
    from frontrow.data.catalogue import Catalogue
    from frontrow.data.imports.jellyfin import open_export
    from frontrow.data.workspace import open_workspace
    from frontrow.errors import InputError

    try:  # UTC is there also where the machine has no time zones
        zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError(f"--timezone is {timezone!r}; use a name such as Europe/Berlin") from None
    with Catalogue(open_workspace(workspace).store_url(config.load(workspace))) as catalogue:
        durations_s = {title.title: title.duration_s for title in catalogue.titles() if title.duration_s}
    _import(open_export(path, durations_s, zone), workspace, as_json, strict, shift_newest_to)


def titles(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most titles to list.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the titles of the catalogue in the order of their ids.

    Example: frontrow titles --limit 10
    """
    from frontrow import config
    from frontrow.data.catalogue import Catalogue
    from frontrow.data.workspace import open_workspace

    with Catalogue(open_workspace(workspace).store_url(config.load(workspace))) as catalogue:
        every = catalogue.titles()
    if as_json:
        return emit_json(every[:limit])
    rows = [(x.title, x.name, x.year, x.kind, ", ".join(x.genres)) for x in every[:limit]]
    return emit_table(f"{len(every):,} titles", ("title", "name", "year", "kind", "genres"), rows)


def _import(source: Source, workspace: Path, as_json: bool, strict: bool, shift_newest_to: float | None) -> None:
    import time

    from frontrow import config
    from frontrow.data.imports import transfer
    from frontrow.data.workspace import open_workspace

    opened = open_workspace(workspace)
    settings = config.load(workspace)
    with resumable(), progress(f"import {source.path.name}") as step:
        report = transfer.run(
            source,
            opened,
            settings,
            now_ms=round(time.time() * 1000),
            strict=strict,
            shift_newest_to_hours=shift_newest_to,
            step=step,
        )
    if as_json:
        emit_json(report)
    else:
        _show(report)


def _show(report: Report) -> None:
    typer.echo(f"{report.path} ({report.format})")
    emit_table("", ("", "count"), [(label, f"{n:,}") for label, n in _counts(report)])
    for heading, faults in (("refused", report.refused), ("kept without a value", report.mended)):
        if faults.count:
            emit_table(heading, ("reason", "rows"), [(reason, f"{n:,}") for reason, n in faults.reasons.items()])
            emit_table(
                f"the first {len(faults.first)}",
                ("file", "line", "column", "value", "reason"),
                [(x.file, x.line, x.column, x.value, x.reason) for x in faults.first],
            )
    if report.unknown_titles:
        named = ", ".join(report.unknown_titles_first)
        note(f"{report.unknown_titles:,} titles of events are not in the catalogue: {named}")
    if report.shift_ms:
        note(f"all events were moved by {report.shift_ms / 86_400_000:+,.1f} days")


def _counts(report: Report) -> list[tuple[str, int]]:
    return [
        ("rows read", report.rows),
        ("rows refused", report.refused.count),
        *((f"left out: {reason}", rows) for reason, rows in report.left_out.items()),
        ("titles new", report.titles_inserted),
        ("titles changed", report.titles_updated),
        ("titles the same", report.titles_unchanged),
        ("events stored", report.events_stored),
        ("events there already", report.events_duplicate),
    ]


def _write_example(folder: Path) -> None:
    from frontrow.data.imports.example import write

    for path in write(folder):
        note(f"wrote {path}")
    note(f"try: frontrow import table {folder}/titles.csv --as titles --mapping {folder}/titles.toml")
    note(f"and: frontrow import table {folder}/plays.csv --kind play --mapping {folder}/plays.toml")
