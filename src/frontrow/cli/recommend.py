"""`frontrow recommend`: fit and rank from files, evaluate, explain, and the home page of a workspace."""

from __future__ import annotations

import time
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
MemberArgument = Annotated[str, typer.Argument(help="Outer id of the member.")]
ProfileOption = Annotated[str, typer.Option("--profile", help="Profile of the member.")]
CountryOption = Annotated[
    str, typer.Option("--country", help="Where they are, ISO 3166-1; default: the newest event's.")
]
KidsOption = Annotated[bool, typer.Option("--kids", help="As a kids' profile.")]
CountOption = Annotated[int, typer.Option("--k", min=1, help="Most titles.")]
ExampleOption = Annotated[
    Path | None, typer.Option("--example", help="Write a small valid input there, explain its columns, and stop.")
]


def register(app: typer.Typer) -> None:
    """Add `recommend fit, rank, evaluate, home, similar, search, explain`."""
    group = typer.Typer(help="Recommendations: fit, rank, evaluate, explain.", no_args_is_help=True)
    for command in (fit, rank, evaluate, home, similar, search, explain):
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
        if choice.steps:
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


def evaluate(
    events: EventsOption = None,
    titles: TitlesOption = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML report with charts there.")] = None,
    minutes: Annotated[float, typer.Option(min=0, help="Time for choosing hyper-parameters, all windows.")] = 3.0,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    example: ExampleOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Judge the recommender on what came later, beside popularity and plain EASE; without --events, on the workspace.

    Example: frontrow recommend evaluate --events events.parquet --titles titles.csv --report report.html
    """
    from frontrow.cli import recommend_files as files

    if example is not None:
        files.write_example(example)
        return
    from frontrow.recommend import evaluate as evaluation
    from frontrow.recommend import report as reports
    from frontrow.recommend import signals

    if events is None:
        interactions, catalogue = _of_workspace(workspace)
    else:
        columns = files.read_columns(events)
        catalogue = files.read_titles(titles, columns.title)
        interactions = signals.from_columns(
            columns.member, columns.title, catalogue["title"], columns.at_ms, columns.value
        )
    found = evaluation.evaluate(
        interactions, catalogue, clock_s=time.monotonic, budget_s=60 * minutes, seed=seed, step=note
    )
    if report is not None:
        report.write_text(reports.html(found), "utf-8")
        note(f"{report}: written")
    if as_json:
        emit_json(found)
        return
    rows = [
        (x.window, x.segment, x.system, x.ndcg.viewers, f"{x.ndcg.mean:.4f}", f"{x.recall.mean:.4f}",
         "" if x.gain is None else f"{x.gain.mean:+.3f} ({x.gain.low:+.3f})")
        for x in found.results
    ]  # fmt: skip
    emit_table("", ("window", "segment", "system", "viewers", "NDCG@20", "R@20", "behind (at least)"), rows)


def home(
    member: MemberArgument,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    profile: ProfileOption = "",
    country: CountryOption = "",
    kids: KidsOption = False,
    as_json: JsonOption = False,
) -> None:
    """A member's home page: rows of titles with the reason of each.

    Example: frontrow recommend home 42 --workspace cinema
    """
    from frontrow.cli.recommend_workspace import open_model, read_viewer
    from frontrow.config import load
    from frontrow.recommend.page import build_page, shape_of

    model = open_model(workspace)
    viewer = read_viewer(workspace, model, member, profile, country, kids)
    page = build_page(model, viewer, now_ms=int(time.time() * 1000), config=shape_of(load(workspace).recommend))
    if as_json:
        emit_json(page)
        return
    for row in page.rows:
        emit_table(row.heading, ("title", "name", "why"), [(t.title, t.name, t.reason.text) for t in row.tiles[:5]])
    if page.fallback:
        note(f"fallback: {page.fallback}")


def similar(
    title: Annotated[str, typer.Argument(help="Id of the title.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    k: CountOption = 20,
    as_json: JsonOption = False,
) -> None:
    """The titles most like one.

    Example: frontrow recommend similar 50 --workspace cinema --k 5
    """
    from frontrow.cli.recommend_workspace import open_model
    from frontrow.recommend.rank import similar as most_like

    _emit_ranked(most_like(open_model(workspace), title, k, now_ms=int(time.time() * 1000)), as_json)


def search(
    query: Annotated[str, typer.Argument(help="A title, a person or a genre; typing errors are forgiven.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    member: Annotated[str, typer.Option("--member", help="Rank for this member.")] = "",
    profile: ProfileOption = "",
    k: CountOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Search the catalogue.

    Example: frontrow recommend search "godfahter" --workspace cinema --member 42
    """
    from frontrow.cli.recommend_workspace import open_model, read_viewer
    from frontrow.recommend.search import search as find

    model = open_model(workspace)
    viewer = read_viewer(workspace, model, member, profile, "", False) if member else None
    _emit_ranked(find(model, query, k, now_ms=int(time.time() * 1000), viewer=viewer), as_json)


def explain(
    member: MemberArgument,
    title: Annotated[str, typer.Argument(help="Id of the title.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    profile: ProfileOption = "",
    country: CountryOption = "",
    kids: KidsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Why a member is shown a title, or why not, and what has changed since yesterday.

    Example: frontrow recommend explain 42 50 --workspace cinema
    """
    from frontrow.cli.recommend_workspace import open_model, read_viewer
    from frontrow.recommend.why import explain as explain_title

    model = open_model(workspace)
    viewer = read_viewer(workspace, model, member, profile, country, kids)
    why = explain_title(model, viewer, title, now_ms=int(time.time() * 1000))
    if as_json:
        emit_json(why)
        return
    typer.echo(why.text)
    rows = [(b.name, f"+{b.share:.1%}") for b in why.because] + [(b.name, f"-{b.share:.1%}") for b in why.against]
    if why.from_everybody:
        rows.append(("(popularity)", f"+{why.from_everybody:.1%}"))
    emit_table("", ("from", "share of its score"), rows)
    if why.place_yesterday is not None and why.place_yesterday != why.place:
        typer.echo(f"Without the last day's events it would be number {why.place_yesterday}.")
    if why.ahead:
        typer.echo(f"First in line: {why.ahead}.")


def _emit_ranked(ranked: Any, as_json: bool) -> None:
    if as_json:
        emit_json(ranked)
    else:
        emit_table(
            "", ("title", "name", "year", "why"), [(t.title, t.name, t.year, t.reason.text) for t in ranked.tiles]
        )


def _of_workspace(root: Path) -> tuple[Any, pl.DataFrame]:
    """Interactions and catalogue of a workspace. Raises InputError when the log says nothing of taste."""
    from frontrow import config
    from frontrow.data import replay
    from frontrow.data.catalogue import Catalogue
    from frontrow.data.workspace import open_workspace
    from frontrow.recommend import signals

    place = open_workspace(root)
    with Catalogue(place.store_url(config.load(root))) as catalogue:
        titles = catalogue.frame()
    events = replay.replay(place.log, kinds=signals.KINDS).frame
    if not len(events) or not len(titles):
        raise InputError(f"{root} has no events or no titles yet; 'frontrow import --help' tells how to bring some in")
    return signals.from_events(events, titles), titles
