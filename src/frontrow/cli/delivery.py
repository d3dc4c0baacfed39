"""`frontrow delivery`: forecast demand, place files before the peak, replay a log, and look at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from frontrow.cli.delivery_forecast import ExampleOption, forecast
from frontrow.cli.options import JsonOption, SeedOption, emit_json, emit_table, note, progress
from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.delivery.replay import Outcome

RequestsOption = Annotated[
    Path | None, typer.Option("--requests", help="Log at_s,object[,cache][,size], in order of time.")
]
DiskOption = Annotated[int | None, typer.Option("--disk", min=0, help="Bytes of disk of the one cache, or of each.")]
NetworkOption = Annotated[
    Path | None, typer.Option("--network", help="Table or JSON: cache,disk_bytes,fill_bytes[,egress_bytes][,...].")
]
FilesOption = Annotated[
    Path | None, typer.Option("--files", help="Table object,size[,title]; a title's files are its renditions.")
]
TitlesOption = Annotated[
    Path | None, typer.Option("--titles", help="Table title,launch_day[,expected_daily_share][,genres][,people].")
]
LinksOption = Annotated[
    Path | None, typer.Option("--links", help="Table region,cache,worth: what a neighbour's byte is worth, 0 to 1.")
]


def register(app: typer.Typer) -> None:
    """Add `delivery forecast|place|replay|report`."""
    group = typer.Typer(help="Where films lie before the peak: forecast, fill plan, replay.", no_args_is_help=True)
    for command in (forecast, place, replay, report):
        group.command()(command)
    app.add_typer(group, name="delivery")


def place(
    demand: Annotated[
        Path | None, typer.Option("--demand", help="Table [cache,]file,size,requests[,present][,copies].")
    ] = None,
    network: NetworkOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write the plan: cache,file,action,reason.")
    ] = None,
    links: LinksOption = None,
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
    requests: RequestsOption = None,
    disk: DiskOption = None,
    network: NetworkOption = None,
    files: FilesOption = None,
    titles: TitlesOption = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="A plan cache,file to hold through the log; else one is made each night."),
    ] = None,
    drill: Annotated[
        Literal["cache-dies", "forecast-wrong", "surprise-hit", "all"] | None,
        typer.Option("--drill", help="Also rehearse what goes wrong."),
    ] = None,
    seed: SeedOption = 0,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a request log: our plan alone, plan and reaction together, beside LRU, SIEVE, S3-FIFO and Belady.

    Drills: the disk is lost at a peak; each title's forecast is wrong by half; a hit comes from nowhere.

    Example: frontrow delivery replay --requests requests.parquet --files files.parquet --disk 4000000000000
    """
    from frontrow.cli import delivery_examples, delivery_logs

    if example:
        delivery_examples.write("replay", example, as_json)
        return
    if drill and plan:
        raise InputError("--drill makes a plan each night; leave --plan out")
    tasks, notes = delivery_logs.tasks_of(delivery_logs.LogFiles(requests, disk, network, files, titles, plan))
    for text in notes:
        note(text)
    outcomes = delivery_logs.replayed(tasks)
    drilled = delivery_logs.drilled(tasks, drill, seed) if drill else {}
    shown, lru = _shown(outcomes), outcomes["lru"]
    drills = {
        name: {"byte_hit_ratio": one.byte_hit_ratio, "undisturbed": one.undisturbed, "bytes": one.bytes}
        for name, one in drilled.items()
    }
    if as_json:
        emit_json({"policies": shown, "requests": lru.requests, "bytes": lru.bytes, "drills": drills, "notes": notes})
        return
    emit_table(
        f"{lru.requests:,} requests, {lru.bytes / 1e12:,.2f} TB",
        ("policy", "byte hit ratio", "hit ratio", "pushed, TB", "origin at peak, Gbit/s"),
        [
            (name, f"{x['byte_hit_ratio']:.4f}", f"{x['hit_ratio']:.4f}", f"{x['fill_bytes'] / 1e12:.3f}",
             f"{x['origin_peak_bps'] / 1e9:.3f}")
            for name, x in shown.items()
        ],
    )  # fmt: skip
    if drills:
        from frontrow.delivery.drills import DRILLS

        rows = [
            (name, DRILLS[name], f"{x['byte_hit_ratio']:.4f}", f"{x['undisturbed']:.4f}") for name, x in drills.items()
        ]
        emit_table("", ("drill", "what goes wrong, and what is measured", "byte hit ratio", "undisturbed"), rows)


def _shown(outcomes: dict[str, Outcome]) -> dict[str, dict[str, Any]]:
    """Figures of each policy; the link that stalls are counted on carries nine tenths of LRU's busiest hour."""
    lru = outcomes["lru"]
    link_bps = 0.9 * lru.origin_peak_bps
    return {
        name: {
            "byte_hit_ratio": one.byte_hit_ratio, "hit_ratio": one.hit_ratio, "fill_bytes": one.fill_bytes,
            "origin_peak_bps": one.origin_peak_bps,
            "stalls_avoided_bytes": lru.stalled_bytes(link_bps) - one.stalled_bytes(link_bps),
        }
        for name, one in outcomes.items()
    }  # fmt: skip


def report(
    requests: RequestsOption = None,
    disk: DiskOption = None,
    network: NetworkOption = None,
    files: FilesOption = None,
    titles: TitlesOption = None,
    links: LinksOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="HTML file to write.")] = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one HTML page: caches and links on a map, hit ratio over the day, fans of the forecast, what-if.

    Example: frontrow delivery report --requests log.parquet --network network.csv --links links.csv --out page.html
    """
    from frontrow.cli import delivery_examples, delivery_files, delivery_logs, delivery_report

    if example:
        delivery_examples.write("report", example, as_json)
        return
    if out is None:
        raise InputError("name the page to write by --out")
    tasks, notes = delivery_logs.tasks_of(delivery_logs.LogFiles(requests, disk, network, files, titles))
    worth = delivery_files.read_links(links, [task.cache for task in tasks]) if links else None
    with progress("Replaying") as step:
        page = delivery_report.make(tasks, notes, worth, step)
    delivery_files.write_text(page, out)
    for text in notes:
        note(text)
    if as_json:
        emit_json({"out": out, "notes": notes})
    else:
        note(f"Wrote {out}")
