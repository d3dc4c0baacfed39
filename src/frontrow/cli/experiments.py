"""`frontrow experiments`: define, analyse, report, plan, check and evaluate off-policy."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.experiment_plans import new, power, read_pairs
from frontrow.cli.options import (
    DEFAULT_WORKSPACE,
    JsonOption,
    SeedOption,
    WorkspaceOption,
    emit_json,
    emit_table,
    note,
)
from frontrow.errors import InputError, Refusal

if TYPE_CHECKING:
    from frontrow.experiments.analysis import Analysis
    from frontrow.experiments.definition import Definition

LogArgument = Annotated[
    Path | None, typer.Argument(help="CSV or Parquet of exposures and outcomes; without it, the workspace's event log.")
]
SpecOption = Annotated[Path | None, typer.Option("--spec", help="Definition of the experiment, .toml or .json.")]
ExampleOption = Annotated[
    Path | None, typer.Option("--example", help="Write a small valid input there, explain its columns, and stop.")
]
NowOption = Annotated[
    str | None, typer.Option("--now", help="When the log was taken: ISO 8601 with a zone. Default: its newest time.")
]


def register(app: typer.Typer) -> None:
    """Add `experiments new, analyse, report, power, off-policy, srm`."""
    group = typer.Typer(help="Experiments that may be looked at any time.", no_args_is_help=True)
    group.command("new")(new)
    group.command("analyse")(analyse)
    group.command("report")(report)
    group.command("power")(power)
    group.command("off-policy")(off_policy)
    group.command("srm")(srm)
    app.add_typer(group, name="experiments")


def analyse(
    log: LogArgument = None,
    spec: SpecOption = None,
    now: NowOption = None,
    example: ExampleOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Tell what an experiment says so far; looking early or often costs nothing.

    Example: frontrow experiments analyse log.csv --spec billboard.toml --json
    """
    if example is not None:
        _example(example, "analyse", as_json)
        return
    definition, found = _analyse(log, spec, now, workspace, looks=0)
    if as_json:
        emit_json(_shape(found, definition))
        return
    typer.echo(f"{found.state}: {found.sentence}")
    for warning in found.warnings:
        typer.echo(f"warning: {warning}")
    emit_table(
        "", ("metric", "arm", "effect", "low", "high", "p", "units", "verdict"),
        [(r.metric.name, r.arm, *map(_short, (r.estimate.effect, r.low, r.high, r.p_holm)), r.n, r.verdict)
         for r in found.results],
    )  # fmt: skip
    emit_table("", ("check", "answer", "what was seen"), [(c.name, c.level, c.detail) for c in found.checks])
    for what, count in found.left_out.items():
        typer.echo(f"left out: {count:,} {what}")


def report(
    log: LogArgument = None,
    spec: SpecOption = None,
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("report.html"),
    now: NowOption = None,
    example: ExampleOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Write the report as one HTML file: verdict, interval over time, checks, definition.

    Example: frontrow experiments report log.csv --spec billboard.toml --out billboard.html
    """
    from frontrow.experiments.report import render

    if example is not None:
        _example(example, "report", as_json)
        return
    definition, found = _analyse(log, spec, now, workspace, looks=60)
    try:
        out.write_text(render(found, definition), "utf-8")
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None
    if as_json:
        emit_json({"file": out, "state": found.state, "sentence": found.sentence, "hash": definition.hash})
    else:
        typer.echo(f"{out}: {found.sentence}")


def srm(
    log: LogArgument = None,
    spec: SpecOption = None,
    counts: Annotated[str | None, typer.Option(help="Instead of a log: units by arm, a=1000,b=1020.")] = None,
    shares: Annotated[str | None, typer.Option(help="With --counts: planned shares; default: equal.")] = None,
    now: NowOption = None,
    example: ExampleOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Check the sample ratio, also within segments; valid at every look.

    Example: frontrow experiments srm --counts control=44700,treatment=45489
    """
    from frontrow.experiments import checks
    from frontrow.experiments.srm import FIXED_P, compare

    if example is not None:
        _example(example, "srm", as_json)
        return
    if counts is not None:
        by_arm = {arm: round(n) for arm, n in read_pairs(counts, "--counts").items()}
        planned = read_pairs(shares, "--shares") if shares else dict.fromkeys(by_arm, 1 / len(by_arm))
        segments: list[checks.Check] = []
    else:
        definition, sample = _sample(log, spec, now, workspace)
        by_arm, planned = checks.count_by_arm(sample.arm, definition), dict(definition.arms)
        segments = list(checks.segment_ratios(sample, definition))
    test = compare(by_arm, planned)
    alarmed = test.p_fixed < FIXED_P
    warning = f"fixed-sample p = {test.p_fixed:.4f}, a warning if this is the only look" if alarmed else None
    if as_json:
        emit_json({
            "level": test.level, "e_value": test.e_value, "p_fixed": test.p_fixed, "counts": by_arm,
            "expected": dict(zip(planned, test.expected, strict=True)), "warnings": [warning] if warning else [],
            "segments": [{"name": c.name, "level": c.level, "passed": c.passed, "detail": c.detail} for c in segments],
        })  # fmt: skip
        return
    typer.echo(f"{test.level}: e-value {test.e_value:.3g}, fixed-sample p {test.p_fixed:.4f}")
    if warning:
        typer.echo(f"warning: {warning}")
    for check in segments:
        typer.echo(f"{check.level}: {check.name}: {check.detail}")


def off_policy(
    log: Annotated[Path | None, typer.Argument(help="CSV or Parquet of logged decisions with propensities.")] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Probability of each action, by the columns it shares with the log.")
    ] = None,
    estimator: Annotated[str, typer.Option(help="dr, ips, snips or switch-dr.")] = "dr",
    columns: Annotated[str, typer.Option(help="The log's own names: action=item_id,reward=click,...")] = "",
    seed: SeedOption = 0,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what another policy would have earned; refuses, with its reason, where the log cannot know (exit 3).

    Example: frontrow experiments off-policy decisions.csv --policy policy.csv --json
    """
    import numpy as np

    from frontrow.cli.experiment_files import read_table
    from frontrow.experiments.decisions import read_decisions
    from frontrow.experiments.off_policy import evaluate

    if example is not None:
        _example(example, "off-policy", as_json)
        return
    if log is None or policy is None:
        raise InputError("give a log of decisions and --policy FILE; --example DIR writes both")
    names = {key: str(value) for key, value in (part.split("=", 1) for part in columns.split(",") if "=" in part)}
    if columns and len(names) != columns.count(",") + 1:
        raise InputError(f"--columns is {columns!r}; write NAME=COLUMN,NAME=COLUMN")
    decisions = read_decisions(read_table(log), read_table(policy), names)
    found = evaluate(decisions, np.random.default_rng(seed), estimator=estimator)
    chosen = found.chosen
    if as_json:
        emit_json({
            "estimator": found.estimator, "value": chosen and chosen.value, "low": chosen and chosen.low,
            "high": chosen and chosen.high, "ess": found.ess, "refused": found.refused, "estimates": found.estimates,
            "logged_value": found.logged_value, "mean_weight": found.mean_weight,
            "mean_weight_error": found.mean_weight_error, "max_weight_share": found.max_weight_share,
            "rows": decisions.action.size, "viewers": int(decisions.cluster.max()) + 1, "seed": seed,
        })  # fmt: skip
    if found.refused:
        raise Refusal(found.refused)
    if as_json:
        return
    emit_table(
        "", ("estimator", "value", "low", "high", "Bernstein low", "Bernstein high"),
        [(("* " if name == found.estimator else "") + name,
          *map(_short, (e.value, e.low, e.high, e.bernstein_low, e.bernstein_high)))
         for name, e in found.estimates.items()],
    )  # fmt: skip
    typer.echo(f"the logging policy earned {found.logged_value:.5g}; effective sample size {found.ess:,.0f}")
    typer.echo(
        f"mean weight {found.mean_weight:.4f} ± {found.mean_weight_error:.4f}, "
        f"largest weight {found.max_weight_share:.2%} of all"
    )


def _sample(log: Path | None, spec: Path | None, now: str | None, workspace: Path) -> Any:
    from frontrow.cli.experiment_files import read_definition, read_table
    from frontrow.experiments.definition import instant_ms
    from frontrow.experiments.exposure import collect

    if spec is None:
        raise InputError(
            "give the definition with --spec FILE; 'frontrow experiments new' writes one, --example shows one"
        )
    definition = read_definition(spec)
    now_ms = None if now is None else instant_ms(now, "--now")
    if log is not None:
        from frontrow.experiments.tables import read_log

        return definition, collect(read_log(read_table(log), definition), definition, now_ms)
    from frontrow.data.replay import replay
    from frontrow.data.workspace import open_workspace
    from frontrow.experiments.events import read_events

    found = read_events(replay(open_workspace(workspace).log).frame, definition)
    return definition, collect(found, definition, now_ms or time.time_ns() // 1_000_000)


def _analyse(
    log: Path | None, spec: Path | None, now: str | None, workspace: Path, looks: int
) -> tuple[Definition, Analysis]:
    from frontrow.cli.experiment_files import read_spec
    from frontrow.experiments.analysis import analyse as judge

    definition, sample = _sample(log, spec, now, workspace)
    assert spec is not None
    if "hash" not in read_spec(spec):
        note(
            f"{spec} is not frozen: nothing proves that it was not edited after the start; freeze it with 'new --from'"
        )
    return definition, judge(sample, definition, looks=looks)


def _shape(found: Analysis, definition: Definition) -> dict[str, Any]:
    """The JSON that scripts rely on; with more than two arms a metric is named METRIC:ARM."""
    several = len(definition.treatments) > 1
    return {
        "experiment": definition.name, "version": definition.version, "hash": definition.hash,
        "state": found.state, "sentence": found.sentence,
        "metrics": {
            f"{r.metric.name}:{r.arm}" if several else r.metric.name: {
                "effect": r.estimate.effect, "low": r.low, "high": r.high, "p": r.p, "n": r.n, "p_holm": r.p_holm,
                "arm": r.arm, "role": r.metric.role, "verdict": r.verdict, "control": r.estimate.control,
                "treatment": r.estimate.treatment, "units": r.estimate.n, "nonzero": r.estimate.nonzero,
                "correlation": r.estimate.correlation, "variance_cut": r.estimate.variance_cut,
                "capped": r.estimate.capped,
            }
            for r in found.results
        },
        "checks": [
            {"name": c.name, "passed": c.passed, "level": c.level, "detail": c.detail} for c in found.checks
        ],
        "warnings": found.warnings, "left_out": found.left_out,
    }  # fmt: skip


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def _example(folder: Path, command: str, as_json: bool) -> None:
    """Write the command's example, and say what each column means."""
    from frontrow.cli.experiment_examples import write_example

    written = write_example(folder, command)
    if as_json:
        emit_json({"files": written.files, "columns": written.columns, "command": written.command})
        return
    for name, meaning in written.columns.items():
        typer.echo(f"{name}: {meaning}")
    typer.echo(f"try: {written.command}")
