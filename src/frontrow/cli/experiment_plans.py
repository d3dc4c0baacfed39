"""`frontrow experiments new` and `power`: what is settled before an experiment starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from frontrow.cli.options import JsonOption, emit_json
from frontrow.errors import InputError


def new(
    name: Annotated[str | None, typer.Argument(help="Name of a new experiment.")] = None,
    draft: Annotated[
        Path | None, typer.Option("--from", help="A draft to freeze; an edited frozen file becomes the next version.")
    ] = None,
    arms: Annotated[str, typer.Option(help="Shares, the control first.")] = "control=0.5,treatment=0.5",
    metric: Annotated[str, typer.Option(help="Name of the primary metric.")] = "play",
    baseline: Annotated[float | None, typer.Option(help="Rate of a binary metric in the control.")] = None,
    sd: Annotated[float | None, typer.Option(help="Standard deviation of a mean metric.")] = None,
    effect: Annotated[float | None, typer.Option(help="Smallest difference that matters, absolute.")] = None,
    aa: Annotated[
        Path | None, typer.Option("--aa", help="A/A comparisons (group, trials, successes): gives the dispersion.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; default: NAME.toml.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write an experiment's definition, planned and frozen under its hash.

    Example: frontrow experiments new billboard --metric play --baseline 0.05 --effect 0.005
    """
    from frontrow.cli.experiment_files import read_spec, write_spec
    from frontrow.experiments.definition import parse

    if (name is None) == (draft is None):
        raise InputError("give the name of a new experiment, or --from FILE, and not both")
    if draft is not None:
        spec = read_spec(draft)
        frozen = spec.pop("hash", None)
        definition = parse(spec)
        if frozen is not None:
            if frozen == definition.hash:
                raise InputError(f"{draft} is frozen and unchanged; edit it first, and its next version starts")
            definition = parse({**spec, "version": definition.version + 1})
        out = out or draft.with_name(f"{definition.name}-v{definition.version}.toml")
    else:
        from frontrow.experiments.power import plan

        shares = read_pairs(arms, "--arms")
        if effect is None:
            raise InputError("give --effect, the smallest difference that matters, and --baseline or --sd")
        dispersion = 1.0 if aa is None else _dispersion(aa)
        smaller = min(list(shares.values())[1:] or [0.5])
        compared = next(iter(shares.values())) + smaller
        planned = plan(baseline=baseline, sd=sd, effect=effect, share=smaller / compared, dispersion=dispersion)
        kind = "binary" if baseline is not None else "mean"
        direction = "up" if effect > 0 else "down"
        definition = parse({
            "name": name, "arms": shares, "dispersion": dispersion,
            "planned_units": max(200, round(planned.planned_units / compared)),
            "metrics": [{"name": metric, "kind": kind, "min_effect": abs(effect), "direction": direction}],
        })  # fmt: skip
        out = out or Path(f"{name}.toml")
    write_spec(out, definition, "An experiment. 'frontrow experiments analyse LOG --spec' this file.")
    if as_json:
        emit_json({"file": out, "hash": definition.hash, "version": definition.version,
                   "planned_units": definition.planned_units})  # fmt: skip
    else:
        typer.echo(f"{out}: version {definition.version}, {definition.planned_units:,} units, hash {definition.hash}")


def power(
    effect: Annotated[float, typer.Option(help="Smallest difference that matters, absolute.")],
    baseline: Annotated[float | None, typer.Option(help="Rate of a binary metric in the control.")] = None,
    sd: Annotated[float | None, typer.Option(help="Standard deviation of a mean metric.")] = None,
    share: Annotated[float, typer.Option(help="The treatment's share of the units.")] = 0.5,
    alpha: Annotated[float, typer.Option(help="Chance of a false verdict over all looks.")] = 0.05,
    reach: Annotated[float, typer.Option("--power", help="Chance to find the effect.")] = 0.8,
    dispersion: Annotated[float, typer.Option(help="Factor on the variance, from A/A tests.")] = 1.0,
    correlation: Annotated[float, typer.Option(help="With a pre-period column (CUPED).")] = 0.0,
    units_a_day: Annotated[float | None, typer.Option(help="New units a day, to tell days.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Plan: how many units at most, how many on average, and how many a single look would need.

    Example: frontrow experiments power --baseline 0.05 --effect 0.005 --units-a-day 4000
    """
    import dataclasses

    from frontrow.experiments.power import plan

    if units_a_day is not None and units_a_day <= 0:
        raise InputError(f"--units-a-day is {units_a_day}; it must be above 0")
    found = plan(
        baseline=baseline, sd=sd, effect=effect, share=share, alpha=alpha, power=reach, dispersion=dispersion,
        correlation=correlation,
    )  # fmt: skip
    days = {} if units_a_day is None else {
        "planned_days": found.planned_units / units_a_day, "expected_days": found.expected_units / units_a_day,
    }  # fmt: skip
    if as_json:
        emit_json({**dataclasses.asdict(found), **days})
        return
    typer.echo(f"plan {found.planned_units:,} units at most (power {found.power:.0%}, looking whenever you like)")
    typer.echo(f"it stops after {found.expected_units:,} on average if the effect is {effect:g}")
    typer.echo(f"a test with one look at its end needs {found.fixed_units:,}")
    if days:
        typer.echo(f"{days['planned_days']:.1f} days at most, {days['expected_days']:.1f} on average")


def _dispersion(path: Path) -> float:
    """Factor on the variance, out of a table of A/A comparisons: rows of one `group` showed the same thing."""
    from frontrow.cli.experiment_files import read_table
    from frontrow.experiments.dispersion import estimate

    table = read_table(path)
    for column in ("group", "trials", "successes"):
        if column not in table:
            raise InputError(f"{path} has no column {column!r}; A/A comparisons are group, trials, successes")
    return round(estimate(table["group"], table["trials"], table["successes"]).factor, 4)


def read_pairs(text: str, option: str) -> dict[str, float]:
    """`a=1,b=2` as a dictionary."""
    pairs = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        try:
            pairs[name.strip()] = float(number)
        except ValueError:
            raise InputError(f"{option} is {text!r}; write NAME=NUMBER,NAME=NUMBER") from None
    return pairs
