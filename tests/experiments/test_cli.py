"""The commands work on files alone, print what they promise, and fail with the right status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from frontrow.cli import experiments as commands
from frontrow.errors import InputError, Refusal

HEADER = b"unit,arm,at,country,played,minutes,left,pre_minutes\n"
ROW = b"a,control,2026-03-03T00:00:00Z,DE,1,%s,0,1\n"


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    commands.register(app)
    return app


@pytest.fixture
def run(app: typer.Typer) -> Any:
    def call(*args: object) -> Any:
        result = CliRunner().invoke(app, ["experiments", *map(str, args)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if "--json" in args else result.stdout

    return call


@pytest.fixture
def example(run: Any, tmp_path: Path) -> Path:
    run("analyse", "--example", tmp_path / "ex")
    run("off-policy", "--example", tmp_path / "op")
    return tmp_path


def test_the_example_is_analysed_in_the_promised_shape(run: Any, example: Path) -> None:
    found = run("analyse", example / "ex" / "log.csv", "--spec", example / "ex" / "spec.toml", "--json")
    assert found["state"] == "winner"
    assert {"effect", "low", "high", "p", "n"} <= set(found["metrics"]["played"])
    assert all({"name", "passed", "detail"} <= set(check) for check in found["checks"])
    assert found["left_out"] == {"units whose outcome window is still open": 1}
    assert found["metrics"]["minutes"]["variance_cut"] > 0.4


def test_the_wide_and_the_long_table_say_the_same(run: Any, example: Path) -> None:
    wide, long = (
        run("analyse", example / "ex" / f, "--spec", example / "ex" / "spec.toml", "--json")
        for f in ("log.csv", "long.csv")
    )
    assert wide["metrics"] == long["metrics"]
    assert wide["state"] == long["state"]


def test_parquet_with_aware_times_is_read_like_csv(run: Any, example: Path) -> None:
    frame = pl.read_csv(example / "ex" / "log.csv").with_columns(pl.col("at").str.to_datetime(time_zone="UTC"))
    frame.write_parquet(example / "log.parquet")
    spec = example / "ex" / "spec.toml"
    csv, parquet = (
        run("analyse", f, "--spec", spec, "--json") for f in (example / "ex" / "log.csv", example / "log.parquet")
    )
    assert csv == parquet
    frame.with_columns(pl.col("at").dt.replace_time_zone(None)).write_parquet(example / "naive.parquet")
    with pytest.raises(InputError, match="without a zone"):
        run("analyse", example / "naive.parquet", "--spec", spec)


def test_people_get_tables(run: Any, example: Path) -> None:
    text = run("analyse", example / "ex" / "log.csv", "--spec", example / "ex" / "spec.toml")
    for part in ("winner: Arm treatment wins", "played", "sample ratio", "left out: 1 units"):
        assert part in text


def test_off_policy_answers_with_every_estimator(run: Any, example: Path) -> None:
    log, policy = example / "op" / "decisions.csv", example / "op" / "policy.csv"
    found = run("off-policy", log, "--policy", policy, "--json")
    assert found["estimator"] == "dr"
    assert found["low"] < found["value"] < found["high"]
    assert found["ess"] > 200
    assert found["refused"] is None
    assert found["estimates"]["dm"]["low"] is None
    assert found == run("off-policy", log, "--policy", policy, "--json")
    assert "effective sample size" in run("off-policy", log, "--policy", policy)


def test_a_refusal_is_printed_as_json_and_ends_with_status_3(app: typer.Typer, example: Path) -> None:
    log, policy = example / "op" / "decisions.csv", example / "op" / "policy.csv"
    pl.read_csv(log).head(100).write_csv(log)
    result = CliRunner().invoke(app, ["experiments", "off-policy", str(log), "--policy", str(policy), "--json"])
    assert isinstance(result.exception, Refusal)
    assert result.exception.exit_status == 3
    found = json.loads(result.stdout)
    assert "effective sample size" in found["refused"]
    assert found["value"] is None


def test_the_report_is_written(run: Any, example: Path) -> None:
    out = example / "report.html"
    found = run("report", example / "ex" / "log.csv", "--spec", example / "ex" / "spec.toml", "--out", out, "--json")
    assert found["state"] == "winner"
    assert found["hash"] in out.read_text("utf-8")


def test_counts_are_checked_without_a_log(run: Any, example: Path) -> None:
    found = run("srm", "--counts", "gate_30=44700,gate_40=45489", "--json")
    assert found["level"] == "ok"
    assert "p = 0.0086, a warning" in found["warnings"][0]
    broken = run("srm", "--counts", "a=9000,b=1200", "--shares", "a=0.9,b=0.1", "--json")
    assert broken["level"] == "invalid"
    segments = run("srm", example / "ex" / "log.csv", "--spec", example / "ex" / "spec.toml", "--json")["segments"]
    assert [s["name"] for s in segments] == ["sample ratio by country", "sample ratio by day"]


def test_a_plan_is_printed(run: Any) -> None:
    found = run("power", "--baseline", "0.05", "--effect", "0.005", "--units-a-day", "5000", "--json")
    assert found["fixed_units"] < found["planned_units"]
    assert found["planned_days"] == pytest.approx(found["planned_units"] / 5_000)


def test_new_freezes_and_an_edit_starts_the_next_version(run: Any, tmp_path: Path) -> None:
    first = run("new", "art", "--baseline", 0.3, "--effect", 0.05, "--out", tmp_path / "art.toml", "--json")
    assert first["version"] == 1
    text = (tmp_path / "art.toml").read_text("utf-8")
    (tmp_path / "art.toml").write_text(text.replace("min_effect = 0.05", "min_effect = 0.04"), "utf-8")
    log = tmp_path / "log.csv"
    pl.DataFrame({"unit": [1, 2], "arm": ["control", "treatment"], "play": [0, 1]}).write_csv(log)
    with pytest.raises(InputError, match="edited after it was frozen"):
        run("analyse", log, "--spec", tmp_path / "art.toml")
    second = run("new", "--from", tmp_path / "art.toml", "--json")
    assert second["version"] == 2
    assert second["hash"] != first["hash"]
    assert run("analyse", log, "--spec", second["file"], "--json")["state"] == "collecting"
    with pytest.raises(InputError, match="exists"):
        run("new", "--from", tmp_path / "art.toml")


def test_new_takes_the_dispersion_from_aa_comparisons(run: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rate = np.repeat(rng.beta(20, 980, 400), 1)
    pl.DataFrame({
        "group": np.repeat(np.arange(200), 2), "trials": 1_000, "successes": rng.binomial(1_000, rate),
    }).write_csv(tmp_path / "aa.csv")  # fmt: skip
    options = ("--baseline", 0.3, "--effect", 0.05, "--json")
    plain = run("new", "art", *options, "--out", tmp_path / "plain.toml")
    wide = run("new", "art", *options, "--out", tmp_path / "wide.toml", "--aa", tmp_path / "aa.csv")
    assert wide["planned_units"] == pytest.approx(2 * plain["planned_units"], rel=0.25)
    assert "dispersion = " in (tmp_path / "wide.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("analyse", "missing.csv", "--spec", "missing.toml"), "cannot read missing.toml"),
        (("analyse", "missing.csv"), "--spec"),
        (("off-policy",), "give a log"),
        (("srm", "--counts", "a"), "NAME=NUMBER"),
        (("new",), "name of a new experiment"),
        (("new", "art"), "give --effect"),
        (("power", "--effect", "0.1"), "baseline"),
    ],
)
def test_wrong_input_is_said_in_one_line(run: Any, args: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(*args)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.csv", b"\x00\xff\xfe not,a\ntable", "cannot read|no column"),
        ("empty.csv", b"unit,arm,played\n", "no rows"),
        ("fake.parquet", b"PAR1 nonsense", "cannot read"),
        ("nan.csv", HEADER + ROW % b"nan" + ROW.replace(b"control", b"treatment") % b"1", "minutes.*nan"),
        ("words.csv", HEADER + ROW % b"many", "must hold numbers"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(run: Any, example: Path, name: str, content: bytes, message: str) -> None:
    (example / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        run("analyse", example / name, "--spec", example / "ex" / "spec.toml")


def test_a_real_process_ends_with_status_2_and_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "frontrow", "experiments", "analyse", "x.csv", "--spec", tmp_path / "none.toml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot read" in done.stderr
