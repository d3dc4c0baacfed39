"""`frontrow artwork`: shots and pictures of films, the choice for each viewer, and how it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import (
    DEFAULT_WORKSPACE,
    JsonOption,
    SeedOption,
    WorkspaceOption,
    emit_json,
    emit_table,
    note,
    progress,
)

if TYPE_CHECKING:
    from frontrow.artwork.shots import Shot

Videos = Annotated[list[Path] | None, typer.Argument(help="One or more video files.", show_default=False)]
ExampleOption = Annotated[
    Path | None, typer.Option("--example", metavar="DIR", help="Write a small film to try it on into DIR, and stop.")
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Films looked at side by side.")]


def register(app: typer.Typer) -> None:
    """Add the commands of `artwork`."""
    group = typer.Typer(
        help="Find shots and pictures in films, and choose a picture for each viewer.", no_args_is_help=True
    )
    group.command("shots")(shots)
    group.command("candidates")(candidates)
    group.command("make")(make)
    group.command("choose")(choose)
    group.command("evaluate")(evaluate)
    group.command("report")(report)
    app.add_typer(group, name="artwork")


def shots(
    video: Videos = None, workers: Workers = 1, example: ExampleOption = None, as_json: JsonOption = False
) -> None:
    """Print where the shots of a film begin and end, in seconds, and how the picture gets into each.

    Example: frontrow artwork shots film.mp4 --json
    """
    if example:
        _write_example(example)
        return
    found = _over_films(_shots_of, _some(video), workers, "Looking for shots")
    if as_json:
        emit_json(found[0] if len(found) == 1 else found)
    else:
        for film in _readable(found):
            rows = [(f"{x.start_s:.3f}", f"{x.end_s:.3f}", x.transition) for x in film["shots"]]
            emit_table(film["video"], ("from, s", "to, s", "begins with"), rows)
            for fault in film["faults"]:
                note(f"{film['video']}: {fault}")
    _refuse_unreadable(found)


def candidates(
    video: Videos = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the crops and manifest.json; one below it for each of many films.")
    ] = Path("pictures"),
    count: Annotated[int, typer.Option(min=1, max=100, help="Pictures wanted.")] = 12,
    kind: Annotated[str, typer.Option("--format", help="jpeg, webp or avif.")] = "jpeg",
    title: Annotated[str, typer.Option(help="Title to draw on every crop.")] = "",
    no_spoilers: Annotated[bool, typer.Option("--no-spoilers", help="Leave out the last fifth of the film.")] = False,
    preview: Annotated[bool, typer.Option(help="Look at keyframes only: a hundred times real time, no shots.")] = False,
    workers: Workers = 1,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the pictures of a film worth showing and cut them for 16:9, 2:3, 1:1 and 21:9.

    A run that was stopped goes on where it was when it is started again with the same folder.

    Example: frontrow artwork candidates film.mp4 --count 12 --out pictures
    """
    from functools import partial

    from frontrow.artwork.encode import SUFFIX
    from frontrow.errors import InputError, Refusal

    if example:
        _write_example(example)
        return
    films = _some(video)
    if kind not in SUFFIX:
        raise InputError(f"--format {kind!r} is not known; use {', '.join(SUFFIX)}")
    nearest = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise InputError(f"--out {out}: {nearest} is a file; name a folder")
    names = [path.stem for path in films]
    if len(set(names)) < len(names):
        raise InputError("two films of the same name would write to one folder; run them one by one")
    work = partial(
        _pictures_of, count=count, out=out, apart=len(films) > 1, kind=kind, title=title, no_spoilers=no_spoilers,
        preview=preview,
    )  # fmt: skip
    found = _over_films(work, films, workers, "Looking for pictures")
    if as_json:
        emit_json(found[0] if len(found) == 1 else found)
    else:
        for film in _readable(found):
            rows = [(f"{x['at_s']:.2f}", f"{x['score']:.2f}", _because(x["reasons"])) for x in film["candidates"]]
            emit_table(film["video"], ("at, s", "score", "because of"), rows)
            for line in (*film["faults"], *film["without"]):
                note(f"{film['video']}: {line}")
    _refuse_unreadable(found)
    refused = [f"{film['video']}: {film['refused']}" for film in found if film["refused"]]
    if refused:
        raise Refusal("; ".join(refused))


def make(
    title: Annotated[str, typer.Argument(help="Id of a title that has a film.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Make the pictures of a title of the catalogue out of its film.

    Example: frontrow artwork make big-buck-bunny --workspace demo
    """
    from frontrow import config
    from frontrow.cli.jobs import run_now, tell
    from frontrow.data.workspace import open_workspace
    from frontrow.jobs import artwork as work

    place = open_workspace(workspace)
    tell(run_now(place, config.load(place.root), work.MAKE, {"title": title}), as_json=as_json)


def choose(
    member: Annotated[str, typer.Argument(help="Member to choose for.")],
    titles: Annotated[list[str], typer.Argument(help="Ids of titles.")],
    segment: Annotated[str, typer.Option(help="Genre that the member likes best.")] = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Print which picture of each title a member sees now, and how likely that was.

    Example: frontrow artwork choose 12 big-buck-bunny --segment Comedy --workspace demo
    """
    import time

    from frontrow import config
    from frontrow.data.workspace import open_workspace
    from frontrow.errors import InputError
    from frontrow.jobs import artwork as work

    place = open_workspace(workspace)
    shelf = work.gallery(place)
    without = [title for title in titles if not shelf.eligible(title)]
    if without:
        raise InputError(f"title {without[0]!r} has no pictures; run 'frontrow artwork make {without[0]}' first")
    fitted = work.published(place) or work.fit(place, config.load(place.root), 0)[0]
    at_ms = time.time_ns() // 1_000_000
    shown = [(title, fitted.choose(title, member, segment, at_ms, shelf.editor(title).pinned)) for title in titles]
    if as_json:
        emit_json([{"title": title, "shown": x} for title, x in shown])
        return
    rows = [(title, x.picture, f"{x.propensity:.3f}", x.arm) for title, x in shown if x]
    emit_table(f"Pictures for {member}", ("title", "picture", "propensity", "arm"), rows)


def evaluate(workspace: WorkspaceOption = DEFAULT_WORKSPACE, seed: SeedOption = 0, as_json: JsonOption = False) -> None:
    """Tell what a chooser fitted on the older half of the log would have earned on the newer half; may refuse.

    Exit status 3 when the log says too little.

    Example: frontrow artwork evaluate --workspace demo
    """
    import numpy as np

    from frontrow import config
    from frontrow.artwork import chooser
    from frontrow.artwork import report as reports
    from frontrow.data.workspace import open_workspace
    from frontrow.errors import Refusal
    from frontrow.jobs import artwork as work

    place = open_workspace(workspace)
    shown, _, genres = work.showings(place, config.load(place.root))
    shelf = work.gallery(place)
    pictures = {title: shelf.eligible(title) for title, _ in shelf.titles()}
    if not len(shown):
        raise Refusal("no picture was shown yet; there is nothing to judge by")
    half = int(np.median(shown["at_ms"].to_numpy()))
    fitted = chooser.fit(pictures, shown.filter(shown["at_ms"] <= half), genres, np.random.default_rng(seed))
    judged = reports.judge(shown.filter(shown["at_ms"] > half), fitted, np.random.default_rng(seed))
    chosen = judged.chosen
    answer = {
        "estimator": judged.estimator,
        "value": chosen and chosen.value,
        "low": chosen and chosen.low,
        "high": chosen and chosen.high,
        "logged": judged.logged_value,
        "ess": judged.ess,
        "refused": judged.refused,
    }
    if as_json:
        emit_json(answer)
    else:
        shown_values = [f"{x:.4g}" if isinstance(x, float) else x for x in answer.values()]
        emit_table("Qualified plays a showing", list(answer), [shown_values])
    if judged.refused:
        raise Refusal(judged.refused)


def report(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Tell how each picture does, and what choosing brings against one picture for all.

    The answer holds however often one looks: it may be read every day, and acted on when it speaks.

    Example: frontrow artwork report --workspace demo
    """
    from frontrow import config
    from frontrow.artwork import report as reports
    from frontrow.data.workspace import open_workspace
    from frontrow.jobs import artwork as work

    place = open_workspace(workspace)
    shown, _, _ = work.showings(place, config.load(place.root))
    rates, lift = reports.rates(shown), reports.lift(shown)
    if as_json:
        emit_json({"pictures": rates, "lift": lift})
        return
    rows = [
        (x["title"], x["picture"], x["showings"], int(x["plays"]), f"{x['rate']:.3f}", x["best_segment"]) for x in rates
    ]
    emit_table("Pictures", ("title", "picture", "showings", "plays", "rate", "most with"), rows)
    note(f"Choosing against one picture for all: {lift.sentence}")
    for fault in lift.faults:
        note(fault)


def _some(video: list[Path] | None) -> list[Path]:
    from frontrow.errors import InputError

    if not video:
        raise InputError("no film was named; give one or more video files, or --example DIR for one to try")
    return video


def _write_example(folder: Path) -> None:
    from frontrow.media import example

    folder.mkdir(parents=True, exist_ok=True)
    example.write(folder / "film.mp4")
    note(
        f"Wrote {folder / 'film.mp4'}: a cut at {example.CUT_S} s, a dissolve from {example.DISSOLVE_S[0]} to "
        f"{example.DISSOLVE_S[1]} s. Any MP4, MOV, Matroska, WebM, AVI, MPEG, Ogg, FLV, ASF or MXF file will do."
    )
    note(f"try: frontrow artwork shots {folder}/film.mp4")
    note(f"and: frontrow artwork candidates {folder}/film.mp4 --count 3 --out pictures")


def _over_films(work: Any, films: list[Path], workers: int, what: str) -> list[dict[str, Any]]:
    """One film with its own progress, many through the engine; one that is unreadable stops no other."""
    from functools import partial

    from frontrow import engine

    with progress(what) as step:
        if len(films) == 1:
            return [work(films[0], step=step)]
        backend: engine.Backend = "loky" if workers > 1 else "serial"
        return engine.map(partial(_tried, work=work), films, backend=backend, workers=workers, progress=step)


def _tried(path: Path, *, work: Any) -> dict[str, Any]:
    from frontrow.errors import UnreadableMedia

    try:
        return dict(work(path))
    except UnreadableMedia as error:
        return {"video": path.name, "unreadable": str(error)}


def _readable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [film for film in found if "unreadable" not in film]


def _refuse_unreadable(found: list[dict[str, Any]]) -> None:
    """End with the status of bad input, after what could be read was told."""
    from frontrow.errors import UnreadableMedia

    unreadable = [film["unreadable"] for film in found if "unreadable" in film]
    if unreadable:
        raise UnreadableMedia("; ".join(unreadable))


def _shots_of(path: Path, step: Any = None) -> dict[str, Any]:
    from frontrow.artwork import making

    found, seen = making.find_shots(path, step)
    listed: list[Shot] = found
    return {"video": path.name, "duration_s": seen.duration_s, "faults": seen.faults, "shots": listed}


def _pictures_of(
    path: Path, *, count: int, out: Path, apart: bool, kind: Any, title: str, no_spoilers: bool, preview: bool,
    step: Any = None,
) -> dict[str, Any]:  # fmt: skip
    from frontrow.artwork.candidates import CandidateConfig
    from frontrow.jobs import pictures

    target = out / path.stem if apart else out
    config = CandidateConfig(spoilers=0.2 if no_spoilers else 0.0)
    return pictures.make(path, target, count, config, kind=kind, title=title, preview=preview, step=step)


def _because(reasons: dict[str, float]) -> str:
    best = sorted(reasons.items(), key=lambda item: -abs(item[1]))
    return ", ".join(f"{name} {value:.2f}" for name, value in best if value)
