"""Small valid inputs for `frontrow experiments ... --example DIR`, from a fixed seed, with every column explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from frontrow.cli.experiment_files import write_spec
from frontrow.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from frontrow.experiments.definition import Definition

START = datetime(2026, 3, 2, tzinfo=UTC)
UNITS = 4_000

SPEC_KEYS = {
    "spec name, version": "of the experiment; an edit after the start needs a new version ('new --from')",
    "spec arms": "shares of the units, the control first; they add up to 1",
    "spec planned_units": "most units in all arms; 'frontrow experiments power' finds it",
    "spec outcome_days": "length of each unit's outcome window after its first exposure; 0 for none",
    "spec started": "start, ISO 8601 with a zone; an exposure before it is refused",
    "spec segments": "columns within which the sample ratio is checked too",
    "spec columns": "the log's own names, as unit = 'userid'",
    "spec metrics": "name, kind (binary, mean, ratio), role (primary, secondary, guardrail), direction (up, down), "
    "column, denominator, cap (winsorising), covariate (CUPED), min_effect, margin (guardrails)",
    "spec hash": "of all the above; written by 'frontrow experiments new', which is what freezes a definition",
}


@dataclass(frozen=True)
class Example:
    """What was written, what it means, and the command that reads it."""

    files: list[Path]
    columns: dict[str, str]
    command: str


def write_example(folder: Path, command: str) -> Example:
    """Write the example of `command` into `folder`; existing files are never overwritten."""
    from frontrow.experiments import decisions, tables

    if command == "off-policy":
        log, policy = folder / "decisions.csv", folder / "policy.csv"
        _write({log: _decisions, policy: _policy})
        columns = {f"decisions.csv {k}": v for k, v in decisions.LOG_COLUMNS.items()}
        columns |= {f"policy.csv {k}": v for k, v in decisions.POLICY_COLUMNS.items()}
        example = Example([log, policy], columns, f"frontrow experiments off-policy {log} --policy {policy}")
    else:
        log, long, spec = folder / "log.csv", folder / "long.csv", folder / "spec.toml"
        _write({log: _wide, long: _long})
        write_spec(spec, _definition(), "An example: log.csv (one row a unit) and long.csv hold the same experiment.")
        columns = {f"log {k}": v for k, v in tables.COLUMNS.items()}
        columns["log played, minutes"] = "wide table: a column for each metric of the definition"
        columns["log pre_minutes"] = "a covariate from before the exposure; in a long table, rows of kind 'pre'"
        columns |= SPEC_KEYS
        example = Example([log, long, spec], columns, f"frontrow experiments {command} {log} --spec {spec}")
    readme = folder / "README.txt"
    readme.write_text("".join(f"{k}: {v}\n" for k, v in example.columns.items()) + f"try: {example.command}\n", "utf-8")
    return Example([*example.files, readme], example.columns, example.command)


def _write(files: dict[Path, Callable[[], pl.DataFrame]]) -> None:
    for path, make in files.items():
        if path.exists():
            raise InputError(f"{path} exists; name an empty folder for the example")
        path.parent.mkdir(parents=True, exist_ok=True)
        make().write_csv(path)


def _definition() -> Definition:
    from frontrow.experiments.definition import parse

    return parse({
        "name": "billboard picture", "arms": {"control": 0.5, "treatment": 0.5}, "planned_units": UNITS,
        "outcome_days": 7.0, "started": START, "segments": ["country"],
        "metrics": [
            {"name": "played", "kind": "binary", "min_effect": 0.02},
            {"name": "minutes", "role": "secondary", "cap": 600.0, "covariate": "pre_minutes"},
            {"name": "left", "kind": "binary", "role": "guardrail", "direction": "down", "margin": 0.05},
        ],
    })  # fmt: skip


def _wide() -> pl.DataFrame:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(7)
    treated = rng.random(UNITS) < 0.5
    seconds = np.sort(rng.integers(0, 14 * 86_400, UNITS))
    usual = rng.gamma(2.0, 20.0, UNITS)
    at = [(START + timedelta(seconds=int(s))).isoformat() for s in seconds]
    # One more unit is exposed when the log is taken: its outcome window is still open, and it is left out.
    at.append((START + timedelta(days=22)).isoformat())
    return pl.DataFrame({
        "unit": [f"m{i:05d}" for i in range(UNITS + 1)],
        "arm": [*np.where(treated, "treatment", "control").tolist(), "control"],
        "at": at,
        "country": rng.choice(["DE", "FR", "PL"], UNITS + 1).tolist(),
        "device": rng.choice(["tv", "phone"], UNITS + 1).tolist(),
        "played": [*(rng.random(UNITS) < np.where(treated, 0.37, 0.30)).astype(int).tolist(), 0],
        "minutes": [*np.round(usual * rng.gamma(4.0, 0.25, UNITS) + 2.0 * treated, 1).tolist(), 0.0],
        "left": [*(rng.random(UNITS) < 0.06).astype(int).tolist(), 0],
        "pre_minutes": np.round([*usual, 10.0], 1).tolist(),
    })  # fmt: skip


def _long() -> pl.DataFrame:
    import polars as pl

    wide = _wide()
    before = pl.col("at").str.to_datetime(time_zone="UTC")
    base = wide.with_columns(pl.lit(None, pl.String).alias("metric"), pl.lit(None, pl.Float64).alias("value"))
    keep = ("kind", "unit", "arm", "at", "country", "device", "metric", "value")
    parts = [base.with_columns(pl.lit("exposure").alias("kind"), before.alias("at")).select(keep)]
    for kind, column, metric, days in (
        ("outcome", "played", "played", 1), ("outcome", "minutes", "minutes", 2), ("outcome", "left", "left", 3),
        ("pre", "pre_minutes", "pre_minutes", -3),
    ):  # fmt: skip
        rows = base.filter(pl.col(column) != 0).with_columns(
            pl.lit(kind).alias("kind"), (before + pl.duration(days=days)).alias("at"), pl.lit(metric).alias("metric"),
            pl.col(column).cast(pl.Float64).alias("value"), pl.lit(None, pl.String).alias("arm"),
        )  # fmt: skip
        parts.append(rows.select(keep))
    return pl.concat(parts).with_columns(pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _decisions() -> pl.DataFrame:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(11)
    rows, pictures = 4_000, ["face", "landscape", "title", "action"]
    position = rng.integers(0, 3, rows)
    logging = np.array([0.4, 0.3, 0.2, 0.1])
    action = rng.choice(4, rows, p=logging)
    rate = np.array([0.05, 0.06, 0.08, 0.12])[action] - 0.01 * position
    return pl.DataFrame({
        "viewer": [f"v{i // 2:05d}" for i in range(rows)],
        "position": position,
        "action": [pictures[a] for a in action],
        "reward": (rng.random(rows) < rate).astype(int),
        "propensity": logging[action],
    })  # fmt: skip


def _policy() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame({
        "position": [0] * 4 + [1] * 4 + [2] * 4,
        "action": ["face", "landscape", "title", "action"] * 3,
        "probability": [0.1, 0.2, 0.3, 0.4] * 2 + [0.25] * 4,
    })  # fmt: skip
