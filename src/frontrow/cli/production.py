"""`frontrow production`: from a screenplay to a costed schedule, and pure scene orders."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from frontrow.cli.options import JsonOption, SeedOption, emit_json, emit_table, note
from frontrow.cli.production_files import (
    money_text,
    parse_date,
    publish,
    read_facts,
    read_plan,
    read_text,
    refuse,
    review_rows,
    search_progress,
    stopped_by_ctrl_c,
    ticker,
    write,
    write_example,
)
from frontrow.errors import InputError

SecondsOption = Annotated[
    float, typer.Option("--seconds", min=1, help="Time to search; Ctrl-C ends it with the best so far.")
]
ExampleOption = Annotated[
    Path | None, typer.Option("--example", help="Write small valid inputs to this folder and stop.")
]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=0, help="Threads of CP-SAT; 1 gives the same plan each time, 0 takes all cores.")
]


def register(app: typer.Typer) -> None:
    """Add `production check|order|plan|...`."""
    group = typer.Typer(help="Where and when to shoot: sheet, schedule, ledger.", no_args_is_help=True)
    group.command("import")(import_script)
    for command in (check, plan, order, explain, replan):
        group.command()(command)
    group.command("what-if")(what_if)
    app.add_typer(group, name="production")


def check(
    path: Annotated[Path | None, typer.Argument(metavar="SHEET", help="YAML file or folder of CSVs.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a sheet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find every fault of a production sheet, with line and field.

    Example: frontrow production check film.yaml
    """
    from frontrow.production import fields
    from frontrow.production.faults import SheetFaults

    if schema:
        emit_json(fields.json_schema())
        return
    if path is None:
        raise InputError("no sheet was named; write 'frontrow production check SHEET'")
    try:
        facts = read_facts(path)
    except SheetFaults as error:
        if as_json:
            emit_json({"status": "faults", "faults": error.faults})
        raise
    sheet = facts.sheet
    summary = {
        "status": "ok", "scenes": len(sheet.scenes), "sites": len(sheet.sites), "people": len(sheet.people),
        "shooting_dates": len(facts.dates), "rules": facts.pack.name, "rules_source": facts.pack.source,
    }  # fmt: skip
    if as_json:
        emit_json(summary)
    else:
        emit_table("", ("", ""), list(summary.items()))


def order(
    instance: Annotated[Path | None, typer.Argument(help="Talent-scheduling .dat or movie-shoot .txt.")] = None,
    seconds: SecondsOption = 60,
    workers: WorkersOption = 1,
    seed: SeedOption = 0,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the cheapest order of scenes: proven best for small instances, good with a bound for large ones.

    Example: frontrow production order film103.dat --json
    """
    from frontrow.production.instances import read_instance
    from frontrow.production.order import solve_order

    if example is not None:
        write_example(example)
        return
    if instance is None:
        raise InputError("name an instance, or --example DIR for one to start from")
    problem = read_instance(read_text(instance))
    with search_progress() as report:
        found = solve_order(
            problem,
            seconds=seconds,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            clock=time.monotonic,
            tick=lambda what, best, bound, left: report(
                f"{what}: best extra {best:,}, bound {bound:,}", seconds - left, seconds
            ),
        )
    if as_json:
        emit_json(found)
    else:
        fields = ("cost", "holding", "moving", "bound", "proven", "method")
        emit_table(problem.name, ("", ""), [(name, getattr(found, name)) for name in fields])
        typer.echo(" ".join(str(scene) for scene in found.order))


def import_script(
    script: Annotated[
        Path | None, typer.Argument(help="Screenplay: .fountain or .fdx (told from the content).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Sheet to write: a .yaml file, or a folder for CSVs.")
    ] = None,
    start: Annotated[
        str, typer.Option("--start", help="First shooting day, YYYY-MM-DD; without it a Monday in four weeks.")
    ] = "",
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code of the amounts.")] = "EUR",
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Break a screenplay down into a production sheet; what the script does not say is estimated and marked so.

    Example: frontrow production import film.fdx --out film.yaml
    """
    from frontrow.production import breakdown, reading, writing

    if example is not None:
        write_example(example)
        return
    if script is None or out is None:
        raise InputError("name a script and --out SHEET, or --example DIR for a script to start from")
    if out.suffix not in {"", ".yaml", ".yml"} and not out.is_dir():
        raise InputError(f"--out {out} is neither a .yaml file nor a folder for CSVs; name it like film.yaml or film")
    today = datetime.now(UTC).date()
    first = parse_date(start, "--start") if start else today + timedelta(days=28 + (-today.weekday()) % 7)
    try:
        data = script.read_bytes()
    except OSError as error:
        raise InputError(f"{script} cannot be read: {error.strerror}") from None
    found = breakdown.break_down(breakdown.read_script(data, script.name), start=first, currency=currency)
    text = writing.to_yaml(found.document)
    sheet = reading.read_yaml(text, out.name)
    if out.suffix in {".yaml", ".yml"}:
        write(out.parent, {out.name: text})
    else:
        write(out, dict(writing.to_csvs(writing.to_document(sheet))))
    if as_json:
        counts = {"scenes": len(sheet.scenes), "sites": len(sheet.sites), "people": len(sheet.people)}
        emit_json({"sheet": str(out), **counts, "review": found.review})
        return
    emit_table("To look at", ("scenes", "what", "confidence"), review_rows(found.review))
    typer.echo(f"{out}: {len(sheet.scenes)} scenes, {len(sheet.sites)} sites, {len(sheet.people)} people")
    typer.echo(
        "Estimates to replace (from_source: estimate): where the sites are and what they cost, wages, crew, minutes, "
        f"dates. Then: frontrow production check {out}"
    )


def plan(
    sheet: Annotated[Path | None, typer.Argument(help="YAML file or folder of CSVs.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for schedule, ledger and reports.")] = None,
    seconds: SecondsOption = 60,
    workers: WorkersOption = 1,
    seed: SeedOption = 0,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a costed shooting schedule that breaks no rule, or name the rules that cannot hold together (exit status 3).

    Example: frontrow production plan film.yaml --out schedule
    """
    if example is not None:
        write_example(example)
        return
    if sheet is None or out is None:
        raise InputError("name a sheet and --out DIR, or --example DIR for a sheet to start from")
    with stopped_by_ctrl_c() as stopped:  # before the imports: they take a second
        from frontrow.production.infeasibility import Core, find_start
        from frontrow.production.solve import grouping, solve

        facts = read_facts(sheet)
        first, left_out = grouping(facts)
        if left_out:
            note(f"grouping leaves {left_out} scenes out: looking for dates, or for rules that cannot hold together")
            start = find_start(facts, first, seconds=max(10.0, seconds / 2), seed=seed, clock=time.monotonic)
            if isinstance(start, Core):
                refuse(facts, start, seed, out, as_json)
            first = start
        with search_progress() as report:
            found = solve(
                facts,
                seconds=seconds,
                workers=workers or os.cpu_count() or 1,
                seed=seed,
                clock=time.monotonic,
                first=first,
                tick=ticker(facts, report, seconds),
                stopped=stopped,
            )
        publish(facts, found, out, seed, as_json)


def explain(
    sheet: Annotated[Path, typer.Argument(help="YAML file or folder of CSVs.")],
    schedule: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.json of 'production plan'.")],
    scene: Annotated[str, typer.Argument(help="Scene number.")],
    as_json: JsonOption = False,
) -> None:
    """Say why a scene is on its day: the price of the best other day, and what forbids the rest.

    Example: frontrow production explain film.yaml schedule/plan.json 12
    """
    from frontrow.production import explain as explaining

    facts, current = read_facts(sheet), read_plan(schedule)
    reason = explaining.why(facts, current, scene)
    if as_json:
        rows = [{"date": m.date, "price": m.price, "broken": [str(v) for v in m.broken]} for m in reason.alternatives]
        emit_json(
            {
                "scene": scene, "date": reason.date, "best_other": reason.best_other, "price": reason.price,
                "forbidden": reason.forbidden, "alternatives": rows,
            }
        )  # fmt: skip
        return
    typer.echo(f"Scene {scene} is on {reason.date}.")
    money = money_text(facts)
    table = [
        (m.date, "" if m.broken else money(m.price), "; ".join(sorted({v.rule for v in m.broken})))
        for m in reason.alternatives
    ]
    emit_table("Other days", ("date", "price", "breaks"), table)


def what_if(
    sheet: Annotated[Path, typer.Argument(help="YAML file or folder of CSVs.")],
    schedule: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.json of 'production plan'.")],
    scene: Annotated[str, typer.Argument(help="Scene number.")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="YYYY-MM-DD.")],
    as_json: JsonOption = False,
) -> None:
    """Move a scene to another day: the price and the broken rules at once.

    Example: frontrow production what-if film.yaml schedule/plan.json 12 2026-05-20
    """
    from frontrow.production import explain as explaining

    facts, current = read_facts(sheet), read_plan(schedule)
    moved = explaining.move(facts, current, scene, parse_date(day, "DATE"))
    if as_json:
        broken = [str(violation) for violation in moved.broken]
        emit_json({"scene": scene, "date": moved.date, "price": moved.price, "items": moved.by_item, "broken": broken})
        return
    money = money_text(facts)
    rows = [(item, money(amount)) for item, amount in moved.by_item.items()]
    emit_table(f"Scene {scene} on {moved.date}", ("item", "change"), [*rows, ("total", money(moved.price))])
    for violation in moved.broken:
        typer.echo(f"breaks: {violation}")


def replan(
    sheet: Annotated[Path, typer.Argument(help="The sheet as it is now.")],
    schedule: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.json so far.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the new schedule.")],
    locked_until: Annotated[str, typer.Option("--locked-until", help="Days up to this date stay untouched.")],
    seconds: SecondsOption = 30,
    workers: WorkersOption = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Plan again after a change: locked days stay, moves are priced (risk.stability), who must be told is named.

    Exit status 3 with the rules that cannot hold together where the locked days leave no plan.

    Example: frontrow production replan film.yaml schedule/plan.json --locked-until 2026-05-12 --out schedule2
    """
    from frontrow.production import replan as replanning
    from frontrow.production.infeasibility import Core, Locked

    facts, old, until = read_facts(sheet), read_plan(schedule), parse_date(locked_until, "--locked-until")
    with search_progress() as report, stopped_by_ctrl_c() as stopped:
        found = replanning.replan(
            facts,
            old,
            locked_until=until,
            seconds=seconds,
            workers=workers or os.cpu_count() or 1,
            seed=seed,
            clock=time.monotonic,
            tick=ticker(facts, report, seconds),
            stopped=stopped,
        )
    if isinstance(found, Core):
        locked = Locked(replanning.locked_scenes(facts, old, until), until)
        refuse(facts, found, seed, out, as_json, locked)
    told = replanning.notices(facts, old, found.plan)
    if not as_json:
        emit_table(
            "Who must be told", ("who", "role", "changes"), [(n.who, n.role, "\n".join(n.changes)) for n in told]
        )
    write(
        out,
        {"notices.json": json.dumps([{"who": n.who, "role": n.role, "changes": n.changes} for n in told], indent=1)},
    )
    publish(facts, found, out, seed, as_json, {"notices": told}, old)
