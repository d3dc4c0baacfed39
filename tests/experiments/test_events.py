"""The event log's frame gives the same experiment as a table would."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from frontrow.cli import experiments as commands
from frontrow.config import EventSettings
from frontrow.data.events import EventLog
from frontrow.data.workspace import create
from frontrow.errors import InputError
from frontrow.experiments.analysis import analyse
from frontrow.experiments.definition import Definition, parse
from frontrow.experiments.events import read_events
from frontrow.experiments.exposure import collect
from frontrow.experiments.log import DAY_MS, UNKNOWN
from frontrow.schema import Event, EventColumn, Kind

T0 = 1_772_409_600_000


def definition(**changes: Any) -> Definition:
    spec = {
        "name": "art", "arms": {"a": 0.5, "b": 0.5}, "planned_units": 1_000, "outcome_days": 7.0,
        "segments": ["country"],
        "metrics": [{"name": "plays", "column": "play", "covariate": "pre"},
                    {"name": "watched", "column": "stop.value", "role": "secondary"}],
    }  # fmt: skip
    return parse({**spec, **changes})


def frame(*events: dict[str, Any]) -> pl.DataFrame:
    """Events as `data.replay` gives them; `day` counts from T0."""
    rows = [
        {
            "seq": seq, "id": seq.to_bytes(16, "big"), "at_ms": T0 + round(e["day"] * DAY_MS), "kind": e["kind"],
            "member": e["member"], "profile": "", "title": "", "session": "", "decision_id": "", "device": "tv",
            "country": e.get("country", "DE"), "value": e.get("value"),
            "props": json.dumps(e["props"]) if "props" in e else None,
        }
        for seq, e in enumerate(sorted(events, key=lambda e: e["day"]), 1)
    ]  # fmt: skip
    schema = {"seq": pl.Int64, "id": pl.Binary, "at_ms": pl.Int64, "member": pl.Int64, "value": pl.Float64}
    columns = ("seq", *EventColumn.ALL)
    return pl.DataFrame(rows, schema={name: schema.get(name, pl.String) for name in columns})


def exposure(member: int, arm: str, day: float, experiment: str = "art", **props: str) -> dict[str, Any]:
    return {"kind": "exposure", "member": member, "day": day, "props": {"experiment": experiment, "arm": arm, **props}}


def event(kind: str, member: int, day: float, value: float | None = None) -> dict[str, Any]:
    return {"kind": kind, "member": member, "day": day, "value": value}


WORLD = (
    exposure(1, "a", 10), exposure(2, "b", 10), exposure(2, "b", 11), exposure(3, "x", 10, "other"),
    exposure(1, "new", 9, "other"), event("play", 1, 9), event("play", 1, 8), event("play", 1, 12),
    event("play", 2, 12), event("play", 2, 13), event("play", 3, 12), event("play", 1, 18), event("stop", 2, 12, 0.5),
    event("stop", 2, 13, 0.25), event("click", 3, 30),
)  # fmt: skip


def test_plays_after_the_exposure_are_outcomes_and_before_it_the_pre_period() -> None:
    d = definition()
    sample = collect(read_events(frame(*WORLD), d), d, T0 + 30 * DAY_MS)
    assert sample.unit.tolist() == ["1", "2"]
    assert sample.values["play"].tolist() == [1.0, 2.0]
    assert sample.values["stop.value"].tolist() == [0.0, 0.75]
    assert sample.covariates["pre play"].tolist() == [2.0, 0.0]
    assert sample.left_out == {"later exposures": 1, "outcomes after the window": 1}


def test_arms_of_other_experiments_come_along() -> None:
    d = definition()
    sample = collect(read_events(frame(*WORLD), d), d, T0 + 30 * DAY_MS)
    assert sample.also["other"].tolist() == ["new", UNKNOWN]
    assert sample.segments["country"].tolist() == ["DE", "DE"]


def test_an_exposure_under_an_edited_definition_is_refused() -> None:
    d = definition()
    with pytest.raises(InputError, match="edited after it started"):
        collect(read_events(frame(*WORLD, exposure(4, "a", 10, hash="abc")), d), d, T0 + 30 * DAY_MS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "art2"}, "no exposure of experiment 'art2'"),
        ({"metrics": [{"name": "m", "column": "bounce"}]}, "'bounce' is no event kind"),
        ({"metrics": [{"name": "m", "column": "play.size"}]}, "no event of kind 'play' holds a number 'size'"),
        ({"metrics": [{"name": "m", "column": "play", "covariate": "age"}]}, "it can be 'pre'"),
    ],
)
def test_what_the_log_cannot_tell_is_refused(change: dict[str, Any], message: str) -> None:
    d = definition(**change)
    with pytest.raises(InputError, match=message):
        collect(read_events(frame(*WORLD), d), d)


def test_a_whole_experiment_is_read_out_of_the_log() -> None:
    rng = np.random.default_rng(2)
    events: list[dict[str, Any]] = []
    for member in range(1, 1_201):
        arm = "ab"[rng.integers(2)]
        day = float(rng.uniform(15, 20))
        events.append(exposure(member, arm, day))
        events += [event("play", member, day - d) for d in rng.uniform(0.1, 10, rng.poisson(3))]
        events += [event("play", member, day + d) for d in rng.uniform(0.1, 6.9, rng.poisson(3 + (arm == "b")))]
    d = definition(planned_units=1_200)
    found = analyse(collect(read_events(frame(*events), d), d, T0 + 40 * DAY_MS), d)
    assert found.state == "winner"
    assert [c.name for c in found.checks if not c.passed] == []


def test_the_command_reads_the_workspace(tmp_path: Path) -> None:
    workspace = create(tmp_path / "ws")
    with EventLog(workspace.log, EventSettings()) as log:
        exposures = [(Kind.EXPOSURE, {"experiment": "art", "arm": "ab"[i % 2]}) for i in range(40)]
        log.append([
            Event(id=str(uuid.UUID(int=i)), at_ms=T0 + i, kind=kind, member=f"m{i % 40}", props=props)
            for i, (kind, props) in enumerate([*exposures, *[(Kind.PLAY, None)] * 60])
        ])  # fmt: skip
    spec = {"name": "art", "arms": {"a": 0.5, "b": 0.5}, "planned_units": 200, "metrics": [{"name": "play"}]}
    (tmp_path / "spec.json").write_text(json.dumps(spec), "utf-8")
    app = typer.Typer()
    commands.register(app)
    args = [
        "experiments",
        "analyse",
        "--spec",
        str(tmp_path / "spec.json"),
        "--workspace",
        str(workspace.root),
        "--json",
    ]
    found = json.loads(CliRunner().invoke(app, args, catch_exceptions=False).stdout)
    assert found["state"] == "collecting"
    assert found["metrics"]["play"]["n"] == 40
    assert found["metrics"]["play"]["control"] == pytest.approx(1.5)
