"""`frontrow quality train` and `rehearse`: what the judge learns from people, and from films damaged on purpose."""

from __future__ import annotations

import os
from dataclasses import replace
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
    from frontrow.quality.rehearsal import Outcome, Take


def train(
    rehearsal: Annotated[
        Path | None, typer.Option(help="Folder of a rehearsal, to learn from beside what people said.")
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Publish only what does not lose to the current judge.")
    ] = True,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit the judge to reviewers' verdicts and publish it; inspections are judged by it from then on.

    Exit status 3 where too few files are labelled, or the gate refuses.

    Example: frontrow quality train --workspace cinema --rehearsal rehearsal
    """
    from frontrow import config
    from frontrow.cli.jobs import run_now, tell
    from frontrow.data.workspace import open_workspace
    from frontrow.jobs import judge as work
    from frontrow.jobs.rehearsal import examples

    place = open_workspace(workspace)
    args: dict[str, Any] = {"seed": seed, "gated": gate}
    if rehearsal:
        examples(rehearsal)
        args["rehearsals"] = str(rehearsal.resolve())
    tell(run_now(place, config.load(place.root), work.TRAIN, args), as_json=as_json)


def rehearse(
    films: Annotated[
        list[Path] | None, typer.Argument(metavar="FILM...", help="Sound films of your own.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for figures and for what a judge can learn from.")] = Path(
        "rehearsal"
    ),
    pack: Annotated[str, typer.Option(help="Rule pack, as of `inspect`.")] = "general",
    clips: Annotated[int, typer.Option(min=1, max=100, help="Clips of each film damaged in each kind.")] = 2,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Kinds of damage; all by default.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Clips at a time; all cores by default.")] = None,
    seed: SeedOption = 0,
    example: Annotated[
        Path | None,
        typer.Option("--example", metavar="DIR", help="Write a small film to try it on into DIR, and stop."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Damage clips of films, and subtitles beside them, on purpose, inspect them, and hold what was found against that.

    A run that was stopped goes on where it was when it is started again with the same folder.

    Films are split, never clips: recall and false findings are told for films that nothing is learnt from. A film as
    it is counts as clean, so rehearse on films that you know to be good.

    Example: frontrow quality rehearse good1.mp4 good2.mp4 --out rehearsal
    """
    from frontrow.errors import InputError
    from frontrow.jobs.rehearsal import write

    if example:
        from frontrow.cli.quality_examples import write_sound_film

        write_sound_film(example)
        return
    if not films:
        raise InputError("no film was named; give films that you know to be good, or --example DIR for one to try")
    outcomes = _rehearse(films, out, pack, clips, kinds, workers, seed)
    told = write(outcomes, out)
    if as_json:
        emit_json(told)
        return
    for part, scores in told["parts"].items():
        if not scores["recall"] and not scores["clean_s"]:
            continue  # of one film nothing is held back
        typer.echo(f"Films to {part}: what was found at visible severity")
        rows = [(kind, f"{x['found']} of {x['tried']}") for kind, x in scores["recall"].items()]
        emit_table("", ("damage", "found"), rows)
        false = ", ".join(f"{n} {code}" for code, n in scores["false"].items()) or "none"
        note(f"False findings in {scores['clean_s']:.0f} s of clean clips: {false}")
    note(f"Wrote {out}/rehearsal.json and examples.json; 'frontrow quality train --rehearsal {out}' learns from them")


def _rehearse(
    films: list[Path], out: Path, pack: str, clips: int, kinds: list[str] | None, workers: int | None, seed: int
) -> list[Outcome]:
    from functools import partial

    import numpy as np

    from frontrow import engine
    from frontrow.errors import InputError
    from frontrow.jobs.measured import Kept
    from frontrow.jobs.rehearsal import take, track_of
    from frontrow.media.rework import shape
    from frontrow.quality import rehearsal
    from frontrow.quality.inspection import inspect_film
    from frontrow.quality.rules import load_pack

    held_to = load_pack(pack)
    by_name = {film.name: film for film in films}
    if len(by_name) < len(films):
        raise InputError("two films have one name; rename one, since films are told apart by it")
    shapes = {name: shape(film) for name, film in by_name.items()}
    config = rehearsal.RehearsalConfig(clips=clips)
    if kinds:
        config = replace(config, kinds=tuple(kinds))
    takes = rehearsal.plan(
        {name: x.duration_s for name, x in shapes.items()},
        np.random.default_rng(seed),
        config,
        subtitled=[name for name, film in by_name.items() if track_of(film)],
    )
    takes = [one for one in takes if _can_be_damaged(one, shapes[one.film])]
    out.mkdir(parents=True, exist_ok=True)
    work = partial(take, films=by_name, pack=held_to, out=out)
    workers = min(workers or os.cpu_count() or 1, len(takes))
    with progress("Rehearsing") as step:
        for name in {one.film for one in takes if one.subtitles}:  # once, before several takes ask for it
            inspect_film(by_name[name], held_to, keep=Kept(out, by_name[name]), step=step)
        backend: engine.Backend = "loky" if workers > 1 else "serial"
        return engine.map(work, takes, backend=backend, workers=workers, progress=step)


def _can_be_damaged(take: Take, shape: Any) -> bool:
    """Whether the film has what the kind damages: no sound is damaged in a silent film."""
    from frontrow.quality.damage import KINDS

    if take.kind is None:
        return True
    return {"picture": bool(shape.width), "sound": bool(shape.channels)}.get(KINDS[take.kind].group, True)
