"""`frontrow production`: from a screenplay to a costed schedule, and pure scene orders."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import JsonOption, SeedOption, emit_json, emit_table, note
from frontrow.errors import Infeasible, InputError

if TYPE_CHECKING:
    from frontrow.production.facts import Facts
    from frontrow.production.plan import Plan
    from frontrow.production.sheet import Sheet
    from frontrow.production.solve import Solved

SecondsOption = Annotated[
    float, typer.Option("--seconds", min=1, help="Time to search; Ctrl-C ends it with the best so far.")
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


def read_text(path: Path) -> str:
    """The text of a file. Raises InputError when it is not there or is not text."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def read_sheet(path: Path) -> Sheet:
    """The sheet in a YAML file or a folder of CSVs. Raises SheetFaults with every fault."""
    from frontrow.production import reading

    if path.is_dir():
        files = {file.name: read_text(file) for file in sorted(path.glob("*.csv"))}
        if not files:
            raise InputError(f"{path} holds no CSV files; a sheet folder has scenes.csv, sites.csv, calendar.csv ...")
        return reading.read_csvs(files)
    return reading.read_yaml(read_text(path), path.name)


def read_facts(path: Path) -> Facts:
    """The sheet with what follows from it; history files lie beside the sheet."""
    from frontrow.production import facts

    sheet = read_sheet(path)
    folder = path if path.is_dir() else path.parent
    files = {}
    for history in sheet.history:
        file = (folder / history.file).resolve()
        if folder.resolve() not in file.parents:
            raise InputError(f"history file {history.file!r} is not beside the sheet; copy it there")
        files[history.file] = read_text(file)
    return facts.derive(sheet, files)


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
    instance: Annotated[Path, typer.Argument(help="Talent-scheduling .dat or movie-shoot .txt.")],
    seconds: SecondsOption = 60,
    workers: WorkersOption = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Find the cheapest order of scenes: proven best for small instances, good with a bound for large ones.

    Example: frontrow production order film103.dat --json
    """
    from frontrow.production.instances import read_instance
    from frontrow.production.order import solve_order

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
    script: Annotated[Path, typer.Argument(help="Screenplay: .fountain or .fdx (told from the content).")],
    out: Annotated[Path, typer.Option("--out", help="Sheet to write: a .yaml file, or a folder for CSVs.")],
    start: Annotated[
        str, typer.Option("--start", help="First shooting day, YYYY-MM-DD; without it a Monday in four weeks.")
    ] = "",
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code of the amounts.")] = "EUR",
    as_json: JsonOption = False,
) -> None:
    """Break a screenplay down into a production sheet; what the script does not say is estimated and marked so.

    Example: frontrow production import film.fdx --out film.yaml
    """
    from frontrow.production import breakdown, reading, writing

    today = datetime.now(UTC).date()
    first = _date(start, "--start") if start else today + timedelta(days=28 + (-today.weekday()) % 7)
    try:
        data = script.read_bytes()
    except OSError as error:
        raise InputError(f"{script} cannot be read: {error.strerror}") from None
    found = breakdown.break_down(breakdown.read_script(data, script.name), start=first, currency=currency)
    text = writing.to_yaml(found.document)
    sheet = reading.read_yaml(text, out.name)
    if out.suffix in {".yaml", ".yml"}:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
    else:
        _write(out, dict(writing.to_csvs(writing.to_document(sheet))))
    if as_json:
        counts = {"scenes": len(sheet.scenes), "sites": len(sheet.sites), "people": len(sheet.people)}
        emit_json({"sheet": str(out), **counts, "review": found.review})
        return
    emit_table("To look at", ("scene", "what", "confidence"), [(r.scene, r.what, r.confidence) for r in found.review])
    typer.echo(f"{out}: {len(sheet.scenes)} scenes, {len(sheet.sites)} sites, {len(sheet.people)} people")


def plan(
    sheet: Annotated[Path | None, typer.Argument(help="YAML file or folder of CSVs.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for schedule, ledger and reports.")] = None,
    seconds: SecondsOption = 60,
    workers: WorkersOption = 1,
    seed: SeedOption = 0,
    example: Annotated[
        Path | None, typer.Option("--example", help="Write a small valid sheet to this folder and stop.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a costed shooting schedule that breaks no rule, or name the rules that cannot hold together (exit status 3).

    Example: frontrow production plan film.yaml --out schedule
    """
    from frontrow.production.infeasibility import Core, find_core
    from frontrow.production.solve import needs_proof, solve

    if example is not None:
        _example(example)
        return
    if sheet is None or out is None:
        raise InputError("name a sheet and --out DIR, or --example DIR for a sheet to start from")
    facts = read_facts(sheet)
    first = None
    if needs_proof(facts):
        note("the grouped plan leaves scenes out: looking for rules that cannot hold together")
        core = find_core(facts, seconds=max(10.0, seconds / 2), clock=time.monotonic)
        if isinstance(core, Core):
            _refuse(facts, core, seed, out, as_json)
        first = None if isinstance(core, Core) else core
    with search_progress() as report:
        found = solve(
            facts,
            seconds=seconds,
            workers=workers or os.cpu_count() or 1,
            seed=seed,
            clock=time.monotonic,
            first=first,
            tick=_ticker(facts, report, seconds),
        )
    _publish(facts, found, out, seed, as_json)


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
    money = _money(facts)
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
    moved = explaining.move(facts, current, scene, _date(day, "DATE"))
    if as_json:
        broken = [str(violation) for violation in moved.broken]
        emit_json({"scene": scene, "date": moved.date, "price": moved.price, "items": moved.by_item, "broken": broken})
        return
    money = _money(facts)
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

    Example: frontrow production replan film.yaml schedule/plan.json --locked-until 2026-05-12 --out schedule2
    """
    from frontrow.production import replan as replanning

    facts, old = read_facts(sheet), read_plan(schedule)
    with search_progress() as report:
        found = replanning.replan(
            facts,
            old,
            locked_until=_date(locked_until, "--locked-until"),
            seconds=seconds,
            workers=workers or os.cpu_count() or 1,
            seed=seed,
            clock=time.monotonic,
            tick=_ticker(facts, report, seconds),
        )
    told = replanning.notices(facts, old, found.plan)
    if not as_json:
        emit_table(
            "Who must be told", ("who", "role", "changes"), [(n.who, n.role, "\n".join(n.changes)) for n in told]
        )
    _write(
        out,
        {"notices.json": json.dumps([{"who": n.who, "role": n.role, "changes": n.changes} for n in told], indent=1)},
    )
    _publish(facts, found, out, seed, as_json, {"notices": told}, old)


def read_plan(path: Path) -> Plan:
    """The plan in a plan.json."""
    from frontrow.production import plan as plans

    try:
        return plans.from_json(json.loads(read_text(path)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}; give plan.json of 'production plan'") from None


def _publish(
    facts: Facts,
    found: Solved,
    out: Path,
    seed: int,
    as_json: bool,
    more: dict[str, Any] | None = None,
    old: Plan | None = None,
) -> None:
    """Check, price, simulate, write every output, and print the summary; exit status 3 for an incomplete plan."""
    import numpy as np

    from frontrow.production import checker, ledger, risk
    from frontrow.production.show import report

    previous = {scene: day for scene, (day, _) in old.where().items()} if old else None
    found = _weathered(facts, found, previous, seed)
    violations = checker.check(facts, found.plan)
    book = ledger.price(facts, found.plan, previous)
    items = book.by_item()
    expected = items.get("expected weather loss", 0)
    outlook = risk.simulate(facts, found.plan, book.total - expected, expected, np.random.default_rng(seed))
    stamp = datetime.now(UTC)
    _write(out, report.files(facts, found.plan, book, violations, outlook, stamp))
    summary = {
        "status": found.status, "cost": book.total, "currency": book.currency, "ledger": items,
        "violations": [str(violation) for violation in violations], "core": [], "bound": found.bound,
        "grouped_cost": found.grouped_cost, "grouped_left_out": found.grouped_left_out, "days": len(found.plan.days),
        "p50": outlook.p50, "p90": outlook.p90, "overrun": outlook.overrun, "unscheduled": found.plan.unscheduled,
        **(more or {}),
    }  # fmt: skip
    if as_json:
        emit_json(summary)
    else:
        money = _money(facts)
        emit_table(
            "Ledger", ("item", "amount"), [*((i, money(a)) for i, a in items.items()), ("total", money(book.total))]
        )
        typer.echo(f"{out}/report.html: {len(found.plan.days)} days, P90 with rain {money(outlook.p90)}")
    if found.plan.unscheduled:
        left = ", ".join(found.plan.unscheduled)
        raise Infeasible(
            f"no day was found for scenes {left} in the time given; give more --seconds or free some dates"
        )


def _weathered(facts: Facts, found: Solved, previous: dict[str, date] | None, seed: int) -> Solved:
    """The candidate that is cheapest on average over a few scenarios of rain with its cover sets."""
    from dataclasses import replace

    import numpy as np

    from frontrow.production import ledger, risk

    plans = [found.plan, *found.candidates]
    if found.plan.unscheduled:
        return found
    books = [ledger.price(facts, candidate, previous) for candidate in plans]
    dry = [book.total - book.by_item().get("expected weather loss", 0) for book in books]
    best, _ = risk.rank(facts, list(zip(plans, dry, strict=True)), np.random.default_rng(seed))[0]
    if best == 0:
        return found
    return replace(found, plan=plans[best], cost=books[best].total, status="feasible")


def _refuse(facts: Facts, core: Any, seed: int, out: Path, as_json: bool) -> None:
    from frontrow.production.infeasibility import price_relaxations

    relaxations = price_relaxations(facts, core, seed)
    summary = {
        "status": "infeasible", "cost": None, "currency": facts.sheet.production.currency, "ledger": {},
        "violations": [], "core": core.rules, "minimal": core.minimal, "relaxations": relaxations,
    }  # fmt: skip
    _write(out, {"infeasible.json": json.dumps({"core": core.rules, "minimal": core.minimal}, indent=1) + "\n"})
    money = _money(facts)
    if as_json:
        emit_json(summary)
    else:
        costs = [(r.rule, money(r.cost) if r.cost is not None else "not enough alone") for r in relaxations]
        emit_table("Rules that cannot hold together", ("rule", "cost of a plan without it"), costs)
    raise Infeasible(f"no plan keeps every rule; these cannot hold together: {'; '.join(core.rules)}")


def _ticker(facts: Facts, report: Any, seconds: float) -> Any:
    money = _money(facts)

    def tick(best: int | None, bound: int | None, left: float) -> None:
        shown = "searching" if best is None else f"best {money(best)}"
        if bound is not None and bound > 0:
            shown += f", none below {money(bound)}"
        report(shown, seconds - left, seconds)

    return tick


def _money(facts: Facts) -> Any:
    from frontrow.production import money

    return lambda amount: money.text(amount, facts.sheet.production.currency)


def _date(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} is {text!r}, which is no date; write YYYY-MM-DD") from None


def _write(folder: Path, files: dict[str, Any]) -> None:
    """Write texts and bytes into a folder, making it where needed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            (folder / name).write_bytes(data)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from None


def _example(folder: Path) -> None:
    from frontrow.production import example

    _write(folder, example.files())
    typer.echo(f"{folder}/film.yaml: now run 'frontrow production plan {folder}/film.yaml --out schedule'")


@contextmanager
def search_progress() -> Iterator[Any]:
    """A line on stderr with what is found so far and the time left; yields its update function."""
    from frontrow.cli.options import progress

    with progress("searching") as step:
        yield lambda text, done, total: step(int(done), int(total), text)
