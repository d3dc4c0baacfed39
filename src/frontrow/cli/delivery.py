"""`frontrow delivery`: forecast demand, place files before the peak, replay a log, and look at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontrow.cli.options import JsonOption, emit_json, emit_table, note, progress
from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.delivery.replay import Outcome

ExampleOption = Annotated[
    Path | None,
    typer.Option("--example", metavar="DIR", help="Write a small valid input there and explain each column."),
]


def register(app: typer.Typer) -> None:
    """Add `delivery forecast|place|replay|report`."""
    group = typer.Typer(help="Where films lie before the peak: forecast, fill plan, replay.", no_args_is_help=True)
    for command in (forecast, place, replay, report):
        group.command()(command)
    app.add_typer(group, name="delivery")


def forecast(
    series: Annotated[
        Path | None, typer.Argument(help="Table series,at,value; at is ISO 8601 or whole numbers.")
    ] = None,
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Steps to forecast.")] = 48,
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
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forecast each series with intervals: p10 to p90 holds four values of five.

    Example: frontrow delivery forecast demand.csv --horizon 48 --out forecast.csv
    """
    from frontrow.cli import delivery_examples, delivery_series
    from frontrow.cli.delivery_files import write_frame
    from frontrow.delivery import forecast as model

    if example:
        delivery_examples.write("forecast", example, as_json)
        return
    if series is None or out is None:
        raise InputError("name the series and where to write: 'frontrow delivery forecast SERIES --horizon H --out F'")
    read = delivery_series.read(series, seasons, country, horizon)
    if coherent:
        read = delivery_series.with_levels(read)
    config = model.ForecastConfig(seasons=read.seasons)
    found = model.forecast([one.values for one in read.series], horizon, config, read.calendar)
    if coherent:
        found = delivery_series.reconciled(read, found)
    write_frame(delivery_series.table(read, found, horizon), out)
    fallbacks = {read.names[index]: reason for index, reason in found.fallbacks.items()}
    repairs = {name: list(one.repairs) for name, one in zip(read.names, read.series, strict=True) if one.repairs}
    weights = dict(zip(found.models, found.weights.mean(0).tolist(), strict=True))
    for name in {**repairs, **fallbacks}:
        note(f"series {name}: {'; '.join([*repairs.get(name, []), *([fallbacks[name]] if name in fallbacks else [])])}")
    summary = {"series": len(read.names), "horizon": horizon, "seasons": read.seasons, "models": weights,
               "repairs": repairs,
               "fallbacks": fallbacks, "out": out}  # fmt: skip
    if as_json:
        emit_json(summary)
    else:
        emit_table("", ("model", "mean weight"), [(name, f"{weight:.2f}") for name, weight in weights.items()])
        note(f"{len(read.names)} series, {horizon} steps of each in {out}")


def place(
    demand: Annotated[
        Path | None, typer.Option("--demand", help="Table [cache,]file,size,requests[,present][,copies].")
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option("--network", help="Table cache,disk_bytes,fill_bytes[,egress_bytes][,fill_cost][,churn]."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write the plan: cache,file,action,reason.")
    ] = None,
    links: Annotated[
        Path | None, typer.Option("--links", help="Table region,cache,worth: what a neighbour's byte is worth, 0 to 1.")
    ] = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide which file lies on which cache at the peak, with a bound on how much better any plan could be.

    Example: frontrow delivery place --demand demand.csv --network network.csv --out plan.csv
    """
    from frontrow.cli import delivery_examples, delivery_plans
    from frontrow.cli.delivery_files import write_frame

    if example:
        delivery_examples.write("place", example, as_json)
        return
    if demand is None or network is None or out is None:
        raise InputError("name --demand, --network and --out; '--example DIR' writes small ones")
    made = delivery_plans.make(demand, network, links)
    write_frame(made.frame, out)
    for text in made.notes:
        note(text)
    summary = {
        "value": made.value, "bound": made.bound, "gap": made.gap, "prices": made.prices, "files": made.kept,
        "filled": made.filled, "evicted": made.evicted, "notes": made.notes, "out": out,
    }  # fmt: skip
    if as_json:
        emit_json(summary)
    else:
        emit_table(
            f"bytes served at the peak, less the cost of filling: {made.value:,.0f} (gap to the bound {made.gap:.4%})",
            ("cache", "a terabyte more", "100 Mbit/s of fill more", "a byte of egress more"),
            [
                (name, f"{p['terabyte']:,.0f}", f"{p['fill_100mbps']:,.0f}", f"{p['egress_byte']:.3f}")
                for name, p in made.prices.items()
            ],
        )


def replay(
    requests: Annotated[
        Path | None, typer.Option("--requests", help="Log at_s,object[,cache][,size], in order of time.")
    ] = None,
    disk: Annotated[
        int | None, typer.Option("--disk", min=0, help="Bytes of disk of the one cache, or of each.")
    ] = None,
    network: Annotated[
        Path | None, typer.Option("--network", help="Table or JSON with cache,disk_bytes,fill_bytes.")
    ] = None,
    files: Annotated[
        Path | None, typer.Option("--files", help="Table object,size[,title]; a title's files are its renditions.")
    ] = None,
    titles: Annotated[
        Path | None, typer.Option("--titles", help="Table title,launch_day[,expected_daily_share][,genres][,people].")
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="A plan cache,file to hold through the log; else one is made each night."),
    ] = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a request log: our plan alone, plan and reaction together, beside LRU, SIEVE, S3-FIFO and Belady.

    Example: frontrow delivery replay --requests requests.parquet --files files.parquet --disk 4000000000000
    """
    from frontrow.cli import delivery_examples

    if example:
        delivery_examples.write("replay", example, as_json)
        return
    outcomes, notes = replayed(requests, disk, network, files, titles, plan)
    for text in notes:
        note(text)
    lru = outcomes["lru"]
    link_bps = 0.9 * lru.origin_peak_bps
    shown = {
        name: {
            "byte_hit_ratio": one.byte_hit_ratio, "hit_ratio": one.hit_ratio, "fill_bytes": one.fill_bytes,
            "origin_peak_bps": one.origin_peak_bps,
            "stalls_avoided_bytes": lru.stalled_bytes(link_bps) - one.stalled_bytes(link_bps),
        }
        for name, one in outcomes.items()
    }  # fmt: skip
    if as_json:
        emit_json({"policies": shown, "requests": lru.requests, "bytes": lru.bytes, "notes": notes})
    else:
        emit_table(
            f"{lru.requests:,} requests, {lru.bytes / 1e12:,.2f} TB",
            ("policy", "byte hit ratio", "hit ratio", "pushed, TB", "origin at peak, Gbit/s"),
            [
                (
                    name,
                    f"{x['byte_hit_ratio']:.4f}",
                    f"{x['hit_ratio']:.4f}",
                    f"{x['fill_bytes'] / 1e12:.3f}",
                    f"{x['origin_peak_bps'] / 1e9:.3f}",
                )
                for name, x in shown.items()
            ],
        )


def replayed(
    requests: Path | None,
    disk: int | None,
    network: Path | None,
    files: Path | None,
    titles: Path | None,
    plan: Path | None,
) -> tuple[dict[str, Outcome], list[str]]:
    """Every policy's outcome over all caches of a log, and what had to be said on the way."""
    import os

    from frontrow import engine
    from frontrow.cli import delivery_logs
    from frontrow.delivery import replay as replaying

    tasks, notes = delivery_logs.tasks_of(requests, disk, network, files, titles, plan)
    workers = min(len(tasks), os.cpu_count() or 1)
    with progress("Replaying") as step:
        parts = engine.map(
            replaying.replay, tasks, backend="serial" if workers == 1 else "loky", workers=workers, progress=step
        )
    return {name: replaying.add([part[name] for part in parts]) for name in parts[0]}, notes


def report(
    requests: Annotated[Path | None, typer.Option("--requests", help="Log at_s,object[,cache][,size].")] = None,
    disk: Annotated[
        int | None, typer.Option("--disk", min=0, help="Bytes of disk of the one cache, or of each.")
    ] = None,
    network: Annotated[
        Path | None, typer.Option("--network", help="Table or JSON with cache,disk_bytes,fill_bytes.")
    ] = None,
    files: Annotated[Path | None, typer.Option("--files", help="Table object,size[,title].")] = None,
    titles: Annotated[
        Path | None, typer.Option("--titles", help="Table title,launch_day[,expected_daily_share].")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="HTML file to write.")] = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one HTML page: caches on a map, hit ratio over the day, fans of the forecast, what more disk would bring.

    Example: frontrow delivery report --requests requests.parquet --network network.csv --out delivery.html
    """
    from frontrow.cli import delivery_examples, delivery_logs, delivery_report

    if example:
        delivery_examples.write("replay", example, as_json)
        return
    if out is None:
        raise InputError("name the page to write by --out")
    tasks, notes = delivery_logs.tasks_of(requests, disk, network, files, titles, None)
    with progress("Replaying") as step:
        page = delivery_report.make(tasks, notes, step)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, "utf-8")
    if as_json:
        emit_json({"out": out, "notes": notes})
    else:
        note(f"Wrote {out}")
