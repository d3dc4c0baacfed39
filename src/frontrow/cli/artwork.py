"""`frontrow artwork`: shots and pictures of films, the choice for each viewer, and how it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import JsonOption, emit_json, emit_table, note, progress

if TYPE_CHECKING:
    from frontrow.artwork.shots import Shot

Videos = Annotated[list[Path], typer.Argument(help="One or more video files.", show_default=False)]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Films looked at side by side.")]


def register(app: typer.Typer) -> None:
    """Add `artwork shots` and `artwork candidates`."""
    group = typer.Typer(
        help="Find shots and pictures in films, and choose a picture for each viewer.", no_args_is_help=True
    )
    group.command("shots")(shots)
    group.command("candidates")(candidates)
    app.add_typer(group, name="artwork")


def shots(video: Videos, workers: Workers = 1, as_json: JsonOption = False) -> None:
    """Print where the shots of a film begin and end, in seconds, and how the picture gets into each.

    Example: frontrow artwork shots film.mp4 --json
    """
    found = _over_films(_shots_of, video, workers, "Looking for shots")
    if as_json:
        emit_json(found[0] if len(found) == 1 else found)
        return
    for film in found:
        rows = [(f"{x.start_s:.3f}", f"{x.end_s:.3f}", x.transition) for x in film["shots"]]
        emit_table(film["video"], ("from, s", "to, s", "begins with"), rows)
        for fault in film["faults"]:
            note(f"{film['video']}: {fault}")


def candidates(
    video: Videos,
    out: Annotated[Path, typer.Option(help="Folder for the crops and manifest.json; one below it for each of many.")],
    count: Annotated[int, typer.Option(min=1, max=100, help="Pictures wanted.")] = 12,
    kind: Annotated[str, typer.Option("--format", help="jpeg, webp or avif.")] = "jpeg",
    title: Annotated[str, typer.Option(help="Title to draw on every crop.")] = "",
    no_spoilers: Annotated[bool, typer.Option("--no-spoilers", help="Leave out the last fifth of the film.")] = False,
    preview: Annotated[bool, typer.Option(help="Look at keyframes only: a hundred times real time, no shots.")] = False,
    workers: Workers = 1,
    as_json: JsonOption = False,
) -> None:
    """Choose the pictures of a film worth showing and cut them for 16:9, 2:3, 1:1 and 21:9.

    A run that was stopped goes on where it was when it is started again with the same folder.

    Example: frontrow artwork candidates film.mp4 --count 12 --out pictures
    """
    from functools import partial

    from frontrow.artwork.encode import SUFFIX
    from frontrow.errors import InputError, Refusal

    if kind not in SUFFIX:
        raise InputError(f"--format {kind!r} is not known; use {', '.join(SUFFIX)}")
    names = [path.name for path in video]
    if len(set(names)) < len(names):
        raise InputError("two films of the same name would write to one folder; run them one by one")
    work = partial(
        _pictures_of, count=count, out=out, apart=len(video) > 1, kind=kind, title=title, no_spoilers=no_spoilers,
        preview=preview,
    )  # fmt: skip
    found = _over_films(work, video, workers, "Looking for pictures")
    if as_json:
        emit_json(found[0] if len(found) == 1 else found)
    else:
        for film in found:
            rows = [(f"{x['at_s']:.2f}", f"{x['score']:.2f}", _because(x["reasons"])) for x in film["candidates"]]
            emit_table(film["video"], ("at, s", "score", "because of"), rows)
            for line in (*film["faults"], *film["without"]):
                note(f"{film['video']}: {line}")
    refused = [f"{film['video']}: {film['refused']}" for film in found if film["refused"]]
    if refused:
        raise Refusal("; ".join(refused))


def _over_films(work: Any, films: list[Path], workers: int, what: str) -> list[dict[str, Any]]:
    """One film with its own progress, many through the engine."""
    from frontrow import engine

    with progress(what) as step:
        if len(films) == 1:
            return [work(films[0], step=step)]
        backend: engine.Backend = "loky" if workers > 1 else "serial"
        return engine.map(work, films, backend=backend, workers=workers, progress=step)


def _shots_of(path: Path, step: Any = None) -> dict[str, Any]:
    from frontrow.artwork import making

    found, seen = making.find_shots(path, step)
    listed: list[Shot] = found
    return {"video": path.name, "duration_s": seen.duration_s, "faults": seen.faults, "shots": listed}


def _pictures_of(
    path: Path, *, count: int, out: Path, apart: bool, kind: Any, title: str, no_spoilers: bool, preview: bool,
    step: Any = None,
) -> dict[str, Any]:  # fmt: skip
    from frontrow.artwork import making
    from frontrow.artwork.candidates import CandidateConfig
    from frontrow.data.fetch import networks_folder

    target = out / path.stem if apart else out
    config = CandidateConfig(spoilers=0.2 if no_spoilers else 0.0)
    made = making.find_pictures(
        path, count, config=config, models=networks_folder(), keep=target, preview=preview, step=step
    )
    return making.write(made, target, kind=kind, title=title, step=step)


def _because(reasons: dict[str, float]) -> str:
    best = sorted(reasons.items(), key=lambda item: -abs(item[1]))
    return ", ".join(f"{name} {value:.2f}" for name, value in best if value)
