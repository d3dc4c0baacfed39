"""The controller learnt from what viewers got: predictor and QoE weights out of the log, checked before they go out.

Three quarters of the sessions are learnt from: how far the predictor goes from the one in force to the refitted one is
chosen by replaying their lines. Over the lines of the newest quarter the new table must not lose to the one in force,
nor stall more. Where an experiment has logged arms with their propensities, its doubly robust values are
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
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.package import SEGMENT_S
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import WEB_PLAYER
from frontrow.errors import GateRefused
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
MOST_REPLAYED: Final = 300
MOST_CHOSEN_BY: Final = 150
TRUSTS: Final = (0.0, 0.5, 1.0)
SURE_Z: Final = 2.0
"""Of the way to the refitted predictor."""
STALL_TOLERANCE: Final = 0.002
"""Share of the time; a fifth of a second in a hundred."""
_STEPS: Final = 6
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
    context.step(0, _STEPS, "reading the log")
    sessions, exposures, high_water = read_log(context.workspace)
    reason = too_few(sessions) or ("" if packages(context.workspace) else "no title is packaged to check a table on")
    if reason:
        return {"version": None, "note": reason}
    earlier, later = split(sessions)
    present, title = policies.published(context.workspace), watched_most(context.workspace, sessions)
    context.step(1, _STEPS, f"learning from {len(earlier):,} sessions")
    told = leaving.fit(experience.periods(earlier, SEGMENT_S), LINEAR)
    context.step(2, _STEPS, "asking the experiment")
    arms = value_arms(sessions, exposures, told.weights, np.random.default_rng(seed))
    refuse_if_an_arm_is_better(arms, present.version)
    context.step(3, _STEPS, "replaying the lines that were learnt from")
    learnt, trust = learn(earlier, title, present, told.weights)
    if trust == 0 and learnt.weights == present.weights:
        weights = f"viewers' weight of a stall {told.weights.stall:.2f}, of a switch {told.weights.switch:.2f}"
        note = f"nothing better was learnt; what is in force stays ({weights})"
        return {"version": present.version or None, "note": note}
    context.step(4, _STEPS, f"replaying the lines of {len(later):,} newer sessions")
    trial = rollout.replay(
        lines_of(later, title), title, WEB_PLAYER, told.weights, present.table(title), learnt.table(title)
    )
    rollout.decide(trial, context.settings.jobs.gate_tolerance, STALL_TOLERANCE)
    context.step(5, _STEPS, "publishing")
    metrics = {name: round(value, 6) for name, value in asdict(trial).items()} | {
        "stall_weight": round(told.weights.stall, 4), "stall_weight_sd": round(told.stall_sd, 4),
        "switch_weight": round(told.weights.switch, 4), "weights_note": told.note or None, "trust": trust,
        "planned_stall_weight": round(learnt.weights.stall, 4),
        "planned_switch_weight": round(learnt.weights.switch, 4),
    }  # fmt: skip
    artifact = artifacts.publish(
        context.workspace.artifacts, LEARN_BITRATE, learnt.files(), config={"seed": seed}, high_water=high_water,
        rows={"sessions": len(sessions), "leavings": told.leavings, "periods": told.periods}, metrics=metrics,
        parents={LEARN_BITRATE: present.version} if present.version else {}, now_ms=context.now_ms(),
        keep=context.settings.jobs.keep_versions,
    )  # fmt: skip
    for folder in packages(context.workspace):
        policies.write_learnt(context.workspace, folder)
    context.step(_STEPS, _STEPS, "published")
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


def learn(
    sessions: Sequence[Session], title: Manifest, present: policies.Knowledge, weights: Weights
) -> tuple[policies.Knowledge, float]:  # fmt: skip
    """What to plan with: how far to the refitted predictor, and by which weights, the present or the learnt ones.

    Replays of the sessions' own lines choose, and QoE counts by the learnt weights: a table that plans with a little
    less or more than what viewers mind may serve them better. The present one stays unless another gains more than two
    standard errors, since a gain by chance is none for the next viewers. Returned is also how far it went.
    """
    refit = throughput.fit([np.log(x.rates_kbps) for x in sessions], present.predictor.config)
    traces, before = lines_of(sessions, title)[-MOST_CHOSEN_BY:], present.table(title)
    best, chosen = 0.0, (present, 0.0)
    for trust in TRUSTS:
        for planned in dict.fromkeys((present.weights, weights)):
            knowledge = policies.Knowledge(throughput.blend(present.predictor, refit, trust), planned)
            trial = rollout.replay(traces, title, WEB_PLAYER, weights, before, knowledge.table(title))
            if trial.gain > max(best, SURE_Z * trial.difference_sd):
                best, chosen = trial.gain, (knowledge, trust)
    return chosen


def lines_of(sessions: Sequence[Session], title: Manifest) -> list[Trace]:
    """The newest sessions' lines."""
    return [trace for x in sessions[-MOST_REPLAYED:] if (trace := x.trace(title.segment_s))]


def watched_most(workspace: Workspace, sessions: Sequence[Session]) -> Manifest:
    """The packaged title that most sessions watched; there is one at least."""
    counts: dict[Path, int] = dict.fromkeys(packages(workspace), 0)
    for session in sessions:
        folder = folder_of(workspace, session.title)
        if folder in counts:
            counts[folder] += 1
    return policies.title_of(max(counts, key=lambda folder: counts[folder]))


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
