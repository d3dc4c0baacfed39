"""`frontrow recommend`: fit and rank from files, evaluate, explain, and the home page of a workspace."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import (
    JsonOption,
    SeedOption,
    emit_json,
    emit_table,
    note,
)
from frontrow.errors import InputError

if TYPE_CHECKING:
    import polars as pl

EventsOption = Annotated[
    Path | None, typer.Option("--events", help="Parquet, CSV or npz: member,title[,at_ms][,value].")
]
TitlesOption = Annotated[
    Path | None, typer.Option("--titles", help="Parquet or CSV: title,name[,genres][,year][,text]...")
]
ExampleOption = Annotated[
    Path | None, typer.Option("--example", help="Write a small valid input there, explain its columns, and stop.")
]


def register(app: typer.Typer) -> None:
    """Add `recommend fit, rank, evaluate, explain, home, similar`."""
    group = typer.Typer(help="Recommendations: fit, rank, evaluate, explain.", no_args_is_help=True)
    for command in (fit, rank):
        group.command()(command)
    app.add_typer(group, name="recommend")


def fit(
    events: EventsOption = None,
    titles: TitlesOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the model.")] = None,
    minutes: Annotated[float, typer.Option(min=0, help="Time for choosing hyper-parameters; 0 takes defaults.")] = 5.0,
    example: ExampleOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit a model on a file of events; every hyper-parameter that the data can decide is chosen on held-back parts.

    Example: frontrow recommend fit --events events.parquet --titles titles.csv --out model --minutes 2
    """
    from frontrow.cli import recommend_files as files

    if example is not None:
        files.write_example(example)
        return
    if events is None or out is None:
        raise InputError("--events FILE and --out FOLDER are needed; --example DIR writes a small input to start from")
    from frontrow.data import artifacts
    from frontrow.recommend import model as models
    from frontrow.recommend import signals, tune

    if out.is_file():
        raise InputError(f"--out {out} is a file; name a folder")
    columns = files.read_columns(events)
    catalogue = files.read_titles(titles, columns.title)
    interactions = signals.from_columns(columns.member, columns.title, catalogue["title"], columns.at_ms, columns.value)
    started = time.monotonic()
    choice = tune.choose(
        interactions,
        models.content_of(catalogue),
        clock_s=time.monotonic,
        budget_s=60 * minutes,
        seed=seed,
        step=lambda text: note(f"{time.monotonic() - started:6.1f} s  {text}"),
    )
    model = models.fit(interactions, catalogue, choice.config, ranker=choice.ranker, seed=seed)
    artifact = artifacts.publish(
        out,
        files.NAME,
        model.files(),
        config={"fit": model.config, "seed": seed},
        high_water=0,
        rows={"titles": len(model), "viewers": interactions.n_viewers, "pairs": len(interactions.title)},
        metrics=dict(choice.steps),
        parents={},
        now_ms=int(time.time() * 1000),
        keep=1,
    )
    if as_json:
        emit_json(
            {
                "model": str(out), "version": artifact.version, "timing": choice.timing,
                "ranker": choice.ranker is not None, "rows": artifact.manifest.rows, "steps": dict(choice.steps),
                "config": model.config,
            }
        )  # fmt: skip
    else:
        emit_table("", ("chosen", "score"), [(what, f"{score:.4f}") for what, score in choice.steps])
        note(f"{out}: {len(model)} titles, {interactions.n_viewers} viewers, read as {choice.timing}")


def rank(
    model: Annotated[Path | None, typer.Option("--model", help="Folder that `recommend fit` wrote.")] = None,
    histories: Annotated[
        Path | None, typer.Option("--histories", help="Like the events; members that the model never saw are fine.")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Titles a member.")] = 100,
    out: Annotated[Path | None, typer.Option("--out", help=".parquet or .csv: member,rank,title,score.")] = None,
    keep_seen: Annotated[bool, typer.Option("--keep-seen", help="Also rank titles of the history.")] = False,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank titles for every member of a file of histories.

    Example: frontrow recommend rank --model model --histories histories.csv --k 100 --out ranking.parquet
    """
    from frontrow.cli import recommend_files as files

    if example is not None:
        files.write_example(example)
        return
    if model is None or histories is None or out is None:
        raise InputError("--model FOLDER, --histories FILE and --out FILE are needed")
    if out.suffix not in (".parquet", ".csv"):
        raise InputError(f"--out {out} ends in {out.suffix!r}; .parquet and .csv are written")
    from frontrow.recommend import signals
    from frontrow.recommend.batch import rank_all
    from frontrow.recommend.model import Model

    opened = Model.load(files.open_model(model))
    columns = files.read_columns(histories)
    known = signals.from_columns(columns.member, columns.title, opened.titles["title"], columns.at_ms, columns.value)
    table = _ranking(opened.titles, known.viewers, rank_all(opened, known, k, keep_seen=keep_seen))
    if out.suffix == ".parquet":
        table.write_parquet(out)
    else:
        table.write_csv(out)
    if as_json:
        emit_json({"out": str(out), "members": known.n_viewers, "rows": len(table)})
    else:
        note(f"{out}: {len(table)} rows, {known.n_viewers} members")


def _ranking(titles: pl.DataFrame, viewers: Any, rankings: Any) -> pl.DataFrame:
    """member, rank (from 1), title, score; places that no title was left for are dropped."""
    import numpy as np
    import polars as pl

    count, k = rankings.title.shape
    members = pl.Series("member", [member for member, _ in viewers])
    return pl.DataFrame(
        {
            "member": members.gather(np.repeat(np.arange(count), k)),
            "rank": np.tile(np.arange(1, k + 1, dtype=np.int32), count),
            "title": titles["title"].gather(rankings.title.ravel()),
            "score": rankings.score.ravel(),
        }
    ).filter(pl.col("score") > -np.inf)
