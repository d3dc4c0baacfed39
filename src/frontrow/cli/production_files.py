"""What the production commands read and write: sheets, plans, reports, progress."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from frontrow.cli.options import emit_json, emit_table
from frontrow.errors import Infeasible, InputError

if TYPE_CHECKING:
    from frontrow.production.facts import Facts
    from frontrow.production.infeasibility import Core, Locked
    from frontrow.production.plan import Plan
    from frontrow.production.review import Review
    from frontrow.production.sheet import Sheet
    from frontrow.production.solve import Solved

_SCENES_SHOWN = 8  # scene numbers of one row of the review list


@contextmanager
def stopped_by_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, for a search that then ends with the best plan so far; the second one ends all."""
    pressed = False

    def note_it(*_: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.signal(signal.SIGINT, note_it)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


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
    """The sheet with what follows from it; history and rule files lie beside the sheet."""
    from frontrow.production import facts

    sheet = read_sheet(path)
    folder = path if path.is_dir() else path.parent
    files = {}
    wanted = [history.file for history in sheet.history]
    if sheet.calendar.rules.endswith(".yaml"):
        wanted.append(sheet.calendar.rules)
    for name in wanted:
        file = (folder / name).resolve()
        if folder.resolve() not in file.parents:
            raise InputError(f"file {name!r} is not beside the sheet; copy it there")
        files[name] = read_text(file)
    return facts.derive(sheet, files)


def read_plan(path: Path) -> Plan:
    """The plan in a plan.json."""
    from frontrow.production import plan as plans

    try:
        return plans.from_json(json.loads(read_text(path)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}; give plan.json of 'production plan'") from None


def publish(
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
    write(out, report.files(facts, found.plan, book, violations, outlook, stamp))
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
        money = money_text(facts)
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


def refuse(facts: Facts, core: Core, seed: int, out: Path, as_json: bool, locked: Locked | None = None) -> NoReturn:
    """Name the core and what a plan without each of its rules costs; exit status 3."""
    from frontrow.production.infeasibility import NOTHING_LOCKED, price_relaxations

    relaxations = price_relaxations(facts, core, seed, locked or NOTHING_LOCKED)
    summary: dict[str, Any] = {
        "status": "infeasible", "cost": None, "currency": facts.sheet.production.currency, "ledger": {},
        "violations": [], "core": core.rules, "minimal": core.minimal, "relaxations": relaxations,
    }  # fmt: skip
    write(out, {"infeasible.json": json.dumps({"core": core.rules, "minimal": core.minimal}, indent=1) + "\n"})
    money = money_text(facts)
    if as_json:
        emit_json(summary)
    else:
        costs = [(r.rule, money(r.cost) if r.cost is not None else "not enough alone") for r in relaxations]
        emit_table("Rules that cannot hold together", ("rule", "cost of a plan without it"), costs)
    raise Infeasible(f"no plan keeps every rule; these cannot hold together: {'; '.join(core.rules)}")


def ticker(facts: Facts, report: Any, seconds: float) -> Any:
    money = money_text(facts)

    def tick(best: int | None, bound: int | None, left: float) -> None:
        shown = "searching" if best is None else f"best {money(best)}"
        if bound is not None and bound > 0:
            shown += f", none below {money(bound)}"
        report(shown, seconds - left, seconds)

    return tick


def money_text(facts: Facts) -> Any:
    from frontrow.production import money

    return lambda amount: money.text(amount, facts.sheet.production.currency)


def parse_date(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} is {text!r}, which is no date; write YYYY-MM-DD") from None


def write(folder: Path, files: dict[str, Any]) -> None:
    """Write texts and bytes into a folder, making it where needed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            (folder / name).write_bytes(data)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from None


def review_rows(review: Sequence[Review]) -> list[tuple[str, str, str]]:
    """An import's review list for people: long lists of scenes cut, words in capitals in one row."""
    from frontrow.production.casting import CAPITALS

    rows, capitals = [], []
    for item in review:
        if item.what.endswith(CAPITALS):
            capitals.append(f"{item.what.removesuffix(CAPITALS)}{', '.join(item.scenes[:3])}")
            continue
        more = f" and {len(item.scenes) - _SCENES_SHOWN} more" if len(item.scenes) > _SCENES_SHOWN else ""
        rows.append((", ".join(item.scenes[:_SCENES_SHOWN]) + more, item.what, f"{item.confidence:g}"))
    if capitals:
        rows.append(("", f"{CAPITALS.replace('a silent role', 'silent roles')}: {'; '.join(capitals)}", "0.3"))
    return rows


def write_example(folder: Path) -> None:
    from frontrow.production import example

    write(folder, example.files())
    typer.echo(f"{folder}/film.yaml: now run 'frontrow production plan {folder}/film.yaml --out schedule'")
    typer.echo(f"{folder}/film.fountain: 'frontrow production import {folder}/film.fountain --out sheet.yaml'")
    typer.echo(f"{folder}/ferry.dat: 'frontrow production order {folder}/ferry.dat'")


@contextmanager
def search_progress() -> Iterator[Any]:
    """A line on stderr with what is found so far and the time left; yields its update function."""
    from frontrow.cli.options import progress

    with progress("searching") as step:
        yield lambda text, done, total: step(int(done), int(total), text)
