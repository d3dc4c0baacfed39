"""`frontrow quality`: inspect deliveries, let people review them, and learn from what they say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import JsonOption, emit_json, emit_table, note, progress
from frontrow.cli.quality_judge import rehearse, train
from frontrow.cli.quality_review import report, review

if TYPE_CHECKING:
    from frontrow.cli.quality_files import Delivery
    from frontrow.quality.inspection import InForce

Files = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE...", help="Media and subtitle files.", show_default=False)
]
PackOption = Annotated[
    str, typer.Option(help="Rule pack: general, broadcast_r128, streaming_27, or a YAML file of your own.")
]
ExampleOption = Annotated[
    Path | None,
    typer.Option("--example", metavar="DIR", help="Write a small delivery to try it on into DIR, and stop."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of `quality`."""
    group = typer.Typer(
        help="Inspect films and subtitles, let people review what is unsure, and learn from their verdicts.",
        no_args_is_help=True,
    )
    group.command("inspect")(inspect)
    group.command("review")(review)
    group.command("report")(report)
    group.command("train")(train)
    group.command("rehearse")(rehearse)
    app.add_typer(group, name="quality")


def inspect(
    files: Files = None,
    out: Annotated[Path, typer.Option(help="Folder for verdicts, reports and markers.")] = Path("inspection"),
    pack: PackOption = "general",
    judge: Annotated[
        Path | None, typer.Option(help="Workspace whose published judge decides; rules alone by default.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Films looked at side by side; all cores by default.")
    ] = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look through films and subtitles once; approve, reject, or ask for a review, with the evidence.

    Subtitles are checked against the film of the same name (film.mp4, film.en.srt), or against the only film named.
    A run that was stopped goes on where it was when it is started again with the same folder.
    Exit status 3 when any file is rejected.

    Example: frontrow quality inspect film.mp4 film.en.srt --out inspection --json
    """
    from frontrow.errors import InputError, Refusal

    if example:
        from frontrow.cli import quality_examples

        quality_examples.write_delivery(example)
        return
    if not files:
        raise InputError("no file was named; give media or subtitle files, or --example DIR for some to try")
    verdicts = _inspect(files, out, pack, _in_force(judge), workers)
    if as_json:
        emit_json(verdicts)
    else:
        _show(verdicts, out)
    rejected = [x["file"] for x in verdicts if x["verdict"] == "reject"]
    if rejected:
        raise Refusal(f"{len(rejected)} of {len(verdicts)} rejected: {', '.join(rejected)}")


def _in_force(root: Path | None) -> InForce | None:
    """The published judge of the workspace in `root`. Raises InputError where there is none."""
    from frontrow.data.workspace import open_workspace
    from frontrow.errors import InputError
    from frontrow.jobs import quality as work

    if root is None:
        return None
    found = work.in_force(open_workspace(root))
    if found is None:
        raise InputError(f"{root} has no judge yet; run 'frontrow quality train --workspace {root}' first")
    return found


def _inspect(
    files: list[Path], out: Path, pack_name: str, judge: InForce | None, workers: int | None
) -> list[dict[str, Any]]:
    from functools import partial

    from frontrow import engine
    from frontrow.cli import quality_files
    from frontrow.quality.rules import load_pack

    pack = load_pack(pack_name)
    parts = quality_files.deliveries(files)
    names = quality_files.unique_names(files)
    out.mkdir(parents=True, exist_ok=True)
    work = partial(quality_files.look_at, pack=pack, judge=judge, out=out, names=names)
    workers = min(workers or os.cpu_count() or 1, len(parts))
    with progress("Inspecting") as step:
        if workers > 1:
            found = engine.map(work, parts, backend="loky", workers=workers, progress=step)
        else:
            found = [work(part, step=_counted(step, number, parts)) for number, part in enumerate(parts)]
    by_file = {x["file"]: x for verdicts in found for x in verdicts}
    verdicts = [by_file[str(file)] for file in dict.fromkeys(files)]
    quality_files.write_all(verdicts, out)
    return verdicts


def _counted(step: Any, number: int, parts: list[Delivery]) -> Any:
    """Progress within one of several deliveries, with its place among them."""
    if len(parts) == 1:
        return step
    name = (parts[number].film or parts[number].named[0]).name
    return lambda done, total, text: step(done, total, f"{number + 1} of {len(parts)}, {name} {text}")


def _show(verdicts: list[dict[str, Any]], out: Path) -> None:
    from frontrow.quality.risk import clock

    for x in verdicts:
        rows = [
            (clock(f["start_s"]), clock(f["end_s"]), f["severity"], f["code"], f"{f['confidence']:.2f}", f["detail"])
            for f in x["findings"]
        ]
        title = f"{x['file']}: {x['verdict']}, risk {x['risk']:.2f}"
        if rows:
            emit_table(title, ("from", "to", "severity", "code", "sure", "what"), rows)
        else:
            typer.echo(f"{title}; nothing was found")
        note(f"  {out / x['files']['report']}")
