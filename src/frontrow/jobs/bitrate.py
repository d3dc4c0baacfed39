"""The controller learnt from what viewers got: predictor and QoE weights out of the log, checked before they go out.

Three quarters of the sessions are learnt from; over the lines of the newest quarter the new table must not lose to the
one in force, nor stall more. Where an experiment has logged arms with their propensities, its doubly robust values are
told, and an arm that is surely better than the one in force stops the refit: that arm should go out first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow.data import artifacts
from frontrow.data.replay import replay
from frontrow.delivery import experience, leaving, rollout, throughput
from frontrow.delivery.experience import Session
from frontrow.delivery.package import SEGMENT_S
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import WEB_PLAYER
from frontrow.errors import GateRefused, InputError
from frontrow.experiments import off_policy
from frontrow.jobs import policies
from frontrow.jobs.packaging import FOLDER, folder_of
from frontrow.jobs.schedule import LEARN_BITRATE
from frontrow.schema import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from frontrow.data.workspace import Workspace
    from frontrow.jobs.worker import JobContext

FEWEST_SESSIONS: Final = 60
FEWEST_RATES: Final = 1_000
HELD_BACK: Final = 0.25
MOST_REPLAYED: Final = 500
STALL_TOLERANCE: Final = 0.002
"""Share of the time; a fifth of a second in a hundred."""
_COLUMNS: Final = ("seq", "at_ms", "kind", "member", "title", "session", "props")


@dataclass(frozen=True)
class ArmValue:
    """What everybody's QoE a segment would be with one controller."""

    arm: str
    sessions: int
    value: float | None
    low: float | None
    high: float | None
    refused: str = ""
    """Why nothing is said."""


def run(context: JobContext, *, seed: int = 0) -> dict[str, Any]:
    """Learn, check and publish; says so where there are too few sessions. Raises GateRefused where the check fails."""
    context.step(0, 5, "reading the log")
    sessions, exposures, high_water = read_log(context.workspace)
    if reason := too_few(sessions):
        return {"version": None, "note": reason}
    earlier, later = split(sessions)
    context.step(1, 5, f"learning from {len(earlier):,} sessions")
    learnt, told = learn(earlier)
    present = policies.published(context.workspace)
    context.step(2, 5, "asking the experiment")
    arms = value_arms(sessions, exposures, learnt.weights, np.random.default_rng(seed))
    refuse_if_an_arm_is_better(arms, present.version)
    context.step(3, 5, f"replaying the lines of {len(later):,} sessions")
    trial = check(context.workspace, sessions, later, present, learnt)
    rollout.decide(trial, context.settings.jobs.gate_tolerance, STALL_TOLERANCE)
    context.step(4, 5, "publishing")
    metrics = {name: round(value, 6) for name, value in asdict(trial).items()} | {
        "stall_weight": round(learnt.weights.stall, 4), "stall_weight_sd": round(told.stall_sd, 4),
        "switch_weight": round(learnt.weights.switch, 4), "weights_note": told.note or None,
    }  # fmt: skip
    artifact = artifacts.publish(
        context.workspace.artifacts, LEARN_BITRATE, learnt.files(), config={"seed": seed}, high_water=high_water,
        rows={"sessions": len(sessions), "leavings": told.leavings, "periods": told.periods}, metrics=metrics,
        parents={LEARN_BITRATE: present.version} if present.version else {}, now_ms=context.now_ms(),
        keep=context.settings.jobs.keep_versions,
    )  # fmt: skip
    for folder in packages(context.workspace):
        policies.write_learnt(context.workspace, folder)
    context.step(5, 5, "published")
    return {"version": artifact.version, **metrics, "arms": [asdict(arm) for arm in arms]}


def read_log(workspace: Workspace) -> tuple[list[Session], dict[str, dict[str, Any]], int]:
    """Sessions in the order of time, the exposure's props of those in an experiment, and the log's high-water mark."""
    told = replay(workspace.log, kinds=(Kind.QOE, Kind.EXPOSURE), columns=_COLUMNS)
    reports, exposures = [], {}
    for row in told.frame.sort("at_ms", "seq").iter_rows(named=True):
        props = json.loads(row["props"] or "{}")
        if row["kind"] == Kind.QOE:
            reports.append(props | row)
        elif "propensity" in props and row["session"]:
            exposures[row["session"]] = props
    return experience.read(reports), exposures, told.high_water


def split(sessions: Sequence[Session]) -> tuple[list[Session], list[Session]]:
    """Those to learn from, and the newest to check with."""
    useful = sorted(_useful(sessions), key=lambda x: x.at_ms)
    cut = round(len(useful) * (1 - HELD_BACK))
    return useful[:cut], useful[cut:]


def too_few(sessions: Sequence[Session]) -> str:
    """Why nothing can be learnt yet; empty where it can."""
    useful = _useful(sessions)
    rates = sum(len(x.rates_kbps) for x in useful)
    if len(useful) >= FEWEST_SESSIONS and rates >= FEWEST_RATES:
        return ""
    return f"{len(useful)} sessions with {rates} measured rates; {FEWEST_SESSIONS} with {FEWEST_RATES} are needed"


def _useful(sessions: Sequence[Session]) -> list[Session]:
    return [x for x in sessions if len(x.rates_kbps) >= experience.FEWEST_RATES]


def learn(sessions: Sequence[Session]) -> tuple[policies.Knowledge, leaving.Learnt]:
    """Predictor and weights from sessions."""
    predictor = throughput.fit([np.log(x.rates_kbps) for x in sessions])
    told = leaving.fit(experience.periods(sessions, SEGMENT_S), LINEAR)
    return policies.Knowledge(predictor, told.weights), told


def check(
    workspace: Workspace, sessions: Sequence[Session], later: Sequence[Session], present: policies.Knowledge,
    learnt: policies.Knowledge,
) -> rollout.Trial:  # fmt: skip
    """Both tables over the lines of `later`, playing the packaged title that is watched most."""
    counts: dict[Path, int] = dict.fromkeys(packages(workspace), 0)
    for session in sessions:
        folder = folder_of(workspace, session.title)
        if folder in counts:
            counts[folder] += 1
    if not counts:
        raise InputError("no title is packaged, so there is nothing to check a table on; package one first")
    title = policies.title_of(max(counts, key=lambda folder: counts[folder]))
    traces = [trace for x in later[-MOST_REPLAYED:] if (trace := x.trace(title.segment_s))]
    tables = [knowledge.table(title) for knowledge in (present, learnt)]
    return rollout.replay(traces, title, WEB_PLAYER, learnt.weights, *tables)


def packages(workspace: Workspace) -> list[Path]:
    """Folders of whole packages."""
    return sorted(file.parent for file in (workspace.root / FOLDER).glob("*/master.m3u8"))


def value_arms(
    sessions: Sequence[Session], exposures: dict[str, dict[str, Any]], weights: Weights, rng: np.random.Generator
) -> list[ArmValue]:
    """Doubly robust value of each arm of the newest experiment; the first measured rate is the context.

    That rate is measured before any controller has chosen: the first segment is in the lowest rung for everybody.
    """
    newest = next((exposures[x.id]["experiment"] for x in reversed(sessions) if x.id in exposures), None)
    shown = [x for x in sessions if x.rates_kbps and exposures.get(x.id, {}).get("experiment") == newest]
    if newest is None or not shown:
        return []
    arms = np.array([str(exposures[x.id]["arm"]) for x in shown])
    labels, action = np.unique(arms, return_inverse=True)
    logged = off_policy.Decisions(
        action=action, reward=np.array([x.qoe(weights, SEGMENT_S) for x in shown]),
        propensity=np.array([float(exposures[x.id]["propensity"]) for x in shown]),
        policy=np.zeros((len(shown), len(labels))), features=np.log([[x.rates_kbps[0]] for x in shown]),
        cluster=np.unique([x.member for x in shown], return_inverse=True)[1], labels=tuple(labels),
    )  # fmt: skip
    values = []
    for number, arm in enumerate(labels):
        always = np.zeros((len(shown), len(labels)))
        always[:, number] = 1.0
        found = off_policy.evaluate(replace(logged, policy=always), rng)
        told, count = found.chosen, int((action == number).sum())
        if told is None:
            values.append(ArmValue(str(arm), count, None, None, None, found.refused or ""))
        else:
            values.append(ArmValue(str(arm), count, told.value, told.low, told.high))
    return values


def refuse_if_an_arm_is_better(arms: Sequence[ArmValue], version: str) -> None:
    """Raise GateRefused where an arm's interval lies above that of the controller in force."""
    present = next((x for x in arms if x.arm in (policies.CURRENT, version) and x.high is not None), None)
    for arm in arms:
        if present and arm.low is not None and present.high is not None and arm.low > present.high:
            raise GateRefused(
                f"not published: the experiment's log says that controller {arm.arm!r} gives a QoE of {arm.value:.3f} "
                f"({arm.low:.3f} to {arm.high:.3f}) a segment, {present.arm!r} {present.value:.3f} ({present.low:.3f} "
                f"to {present.high:.3f}); bring {arm.arm!r} out first, with 'frontrow artifacts rollback'"
            )
