"""`frontrow delivery forecast`: demand by the hour, members by the quarter, launches, and the next week of a chart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from frontrow.cli.options import JsonOption, emit_json, emit_table, note
from frontrow.errors import InputError

if TYPE_CHECKING:
    import polars as pl

ExampleOption = Annotated[
    Path | None,
    typer.Option("--example", metavar="DIR", help="Write a small valid input there and explain each column."),
]
_STEPS = {"demand": 48, "members": 4, "launches": 28, "chart": 1}


def forecast(
    series: Annotated[
        Path | None,
        typer.Argument(help="Table series,at,value; for a chart week,title,rank,views[,chart][,weeks_in]."),
    ] = None,
    of: Annotated[
        Literal["demand", "members", "launches", "chart"],
        typer.Option("--of", help="What it is: demand by step, members by quarter, launches by day, a weekly chart."),
    ] = "demand",
    horizon: Annotated[
        int | None, typer.Option("--horizon", min=1, help="Steps to forecast: 48, 4 quarters, 28 days or 1 week.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write series,at,mean,p2_5,p10,p50,p90,p97_5.")
    ] = None,
    seasons: Annotated[str, typer.Option("--seasons", help="Steps in a season, as 24,168; empty: from the step.")] = "",
    country: Annotated[
        str, typer.Option("--country", help="Country whose holidays count, as DE; times must be dates.")
    ] = "",
    coherent: Annotated[
        bool, typer.Option("--coherent", help="Names are paths, as eu/berlin: add and reconcile levels.")
    ] = False,
    peak: Annotated[
        bool, typer.Option("--peak", help="Values are bytes: also say each series' busiest step in bits a second.")
    ] = False,
    titles: Annotated[
        Path | None,
        typer.Option("--titles", help="Of launches: title[,genres][,people][,language]; those without rows are new."),
    ] = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forecast each series with intervals: p10 to p90 holds four values of five.

    Example: frontrow delivery forecast demand.csv --horizon 48 --out forecast.csv
    """
    from frontrow.cli import delivery_examples, delivery_outlooks
    from frontrow.cli.delivery_files import write_frame

    if example:
        delivery_examples.write("forecast" if of == "demand" else of, example, as_json)
        return
    if series is None or out is None:
        raise InputError("name the series and where to write: 'frontrow delivery forecast SERIES --horizon H --out F'")
    given = {"--seasons": seasons, "--country": country, "--coherent": coherent, "--peak": peak}
    foreign = [name for name, value in given.items() if value and of != "demand"]
    foreign += ["--titles"] if titles and of != "launches" else []
    if foreign:
        raise InputError(f"{foreign[0]} does not go with --of {of}; leave it out")
    steps = horizon or _STEPS[of]
    summary: dict[str, Any]
    if of == "demand":
        frame, summary = _demand(series, steps, seasons, country, coherent, peak)
    elif of == "members":
        frame, summary = delivery_outlooks.members(series, steps)
    elif of == "launches":
        frame, summary = delivery_outlooks.launches(series, titles, steps)
    else:
        if steps != 1:
            raise InputError(f"--horizon is {steps}; a chart is forecast one week ahead")
        frame, summary = delivery_outlooks.chart(series)
    write_frame(frame, out)
    for text in summary.pop("said"):
        note(text)
    if as_json:
        emit_json({"of": of, "horizon": steps, **summary, "out": out})
        return
    if summary.get("models"):
        emit_table("", ("model", "mean weight"), [(k, f"{weight:.2f}") for k, weight in summary["models"].items()])
    if summary.get("peaks"):
        rows = [
            (name, x["at"], *(f"{x[key] / 1e9:,.4f}" for key in ("mean_bps", "p90_bps", "p97_5_bps")))
            for name, x in summary["peaks"].items()
        ]
        emit_table("busiest step, Gbit/s", ("series", "at", "mean", "p90", "p97.5"), rows)
    note(f"{summary['series']} series, {steps} steps of each in {out}")


def _demand(
    series: Path, horizon: int, seasons: str, country: str, coherent: bool, peak: bool
) -> tuple[pl.DataFrame, dict[str, Any]]:
    from frontrow.cli import delivery_series
    from frontrow.delivery import forecast as model

    read = delivery_series.read(series, seasons, country, horizon)
    if coherent:
        read = delivery_series.with_levels(read)
    found = model.forecast(
        [one.values for one in read.series], horizon, model.ForecastConfig(seasons=read.seasons), read.calendar
    )
    if coherent:
        found = delivery_series.reconciled(read, found)
    frame = delivery_series.table(read, found, horizon)
    fallbacks = {read.names[index]: reason for index, reason in found.fallbacks.items()}
    repairs = {name: list(one.repairs) for name, one in zip(read.names, read.series, strict=True) if one.repairs}
    said = [
        f"series {name}: {'; '.join([*repairs.get(name, []), *([fallbacks[name]] if name in fallbacks else [])])}"
        for name in {**repairs, **fallbacks}
    ]
    weights = dict(zip(found.models, found.weights.mean(0).tolist(), strict=True))
    peaks = delivery_series.peaks(read, found, frame, horizon) if peak else {}
    return frame, {"series": len(read.names), "seasons": read.seasons, "models": weights, "repairs": repairs,
                   "fallbacks": fallbacks, "peaks": peaks, "said": said}  # fmt: skip
