"""Compare controllers on traces: one protocol, every controller, one line of figures each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from frontrow.delivery import controllers_published as published
from frontrow.delivery import controllers_sabre as sabre
from frontrow.delivery import qoe
from frontrow.delivery.controller import TableController
from frontrow.delivery.lines import MEASURED
from frontrow.delivery.link import Floats, Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.oracle import offline
from frontrow.delivery.simulator import (
    LOW_LATENCY,
    PENSIEVE,
    SABRE_LIVE,
    SABRE_VOD,
    Controller,
    Player,
    Sessions,
    simulate,
)
from frontrow.delivery.table import Table, TableConfig, build
from frontrow.delivery.throughput import Predictor

ProtocolName = Literal["pensieve", "sabre-live", "sabre-vod", "low-latency"]
PLAYERS: dict[str, Player] = {
    "pensieve": PENSIEVE, "sabre-live": SABRE_LIVE, "sabre-vod": SABRE_VOD, "low-latency": LOW_LATENCY,
}  # fmt: skip
_LATENCY_S = 0.05
_CAREFUL = TableConfig(stall_factor=4.0)


@dataclass(frozen=True)
class Score:
    """Means a session of one controller."""

    qoe: float
    """Pensieve and low latency: QoE_lin a segment; Sabre: time-average score."""
    stall_s: float
    stall_s_p95: float
    stall_ratio: float
    bitrate_kbps: float
    switch_kbps: float
    """Mean change of rate from segment to segment."""
    startup_s: float
    latency_s: float | None = None
    """Behind the edge of a live stream; None for films."""


def player_of(protocol: str, manifest: Manifest) -> Player:
    """The player of `protocol`; that of low latency stays three segments behind where they are longer than a second."""
    player = PLAYERS[protocol]
    if not player.live_latency_s:
        return player
    behind_s = max(player.live_latency_s, 3.0 * manifest.segment_s)
    return replace(player, live_latency_s=behind_s, buffer_s=behind_s)


def policy(manifest: Manifest, protocol: str, predictor: Predictor = MEASURED) -> Table:
    """Frontrow's table for a title on the player of `protocol`; constants as found on the training traces.

    Pensieve's player keeps a minute, so outages need no thought there: reckoning with them cost a hundredth of the QoE.
    Sabre's score is planned for with stalls at four times their weight, which brings them below BOLA's.
    """
    player = player_of(protocol, manifest)
    if protocol == "low-latency":
        return build(manifest, qoe.LINEAR, predictor, player, latency_s=_LATENCY_S, config=_CAREFUL)
    if protocol == "pensieve":
        calm = replace(predictor, config=replace(predictor.config, outage=0.0))
        return build(manifest, qoe.LINEAR, calm, player, latency_s=player.round_trip_s)
    return build(manifest, qoe.sabre_plan(manifest), predictor, player, latency_s=_LATENCY_S, config=_CAREFUL)


def controllers(manifest: Manifest, protocol: str) -> dict[str, Controller]:
    """Every controller that runs under `protocol`, ours first."""
    ours: dict[str, Controller] = {"frontrow": TableController(policy(manifest, protocol))}
    if protocol == "pensieve":
        return ours | {
            "robust_mpc": published.ModelPredictive(robust=True), "mpc": published.ModelPredictive(robust=False),
            "buffer_based": published.BufferBased(), "bola": published.Bola(),
        }  # fmt: skip
    return ours | {
        "throughput": sabre.ThroughputRule(), "bola": sabre.SabreBola(waits=False), "bola_e": sabre.BolaE(waits=False),
        "dynamic": sabre.Dynamic(waits=False),
    }  # fmt: skip


def compare(
    traces: Sequence[Trace], manifest: Manifest, protocol: str, *,
    bound: bool = True, step: Callable[[int, int, str], None] | None = None,
) -> dict[str, Score]:  # fmt: skip
    """Play `manifest` over every trace with every controller, and with hindsight (`offline`)."""
    found: dict[str, Score] = {}
    contenders = controllers(manifest, protocol)
    player = player_of(protocol, manifest)
    bound = bound and not player.live_latency_s  # hindsight does not know that segments come to be
    total = len(contenders) + (len(traces) if bound else 0)
    for name, controller in contenders.items():
        if step:
            step(len(found), total, name)
        found[name] = score(simulate(traces, manifest, player, controller), manifest, protocol)
    if bound:
        weights = qoe.LINEAR if protocol == "pensieve" else qoe.sabre_plan(manifest)
        played = []
        for number, trace in enumerate(traces):
            if step:
                step(len(contenders) + number, total, "offline")
            played.append(offline(trace, manifest, player, weights))
        found["offline"] = score(_together(played), manifest, protocol)
    return found


def values(sessions: Sessions, manifest: Manifest, protocol: str) -> Floats:
    """(sessions,) what `protocol` scores."""
    if protocol in ("pensieve", "low-latency"):
        return qoe.mean_qoe(sessions, manifest)
    return qoe.time_average_score(sessions, manifest)


def score(sessions: Sessions, manifest: Manifest, protocol: str) -> Score:
    """Means over sessions."""
    stall_s = sessions.stall_s[:, 1:].sum(axis=1)
    rates = manifest.bitrates_kbps[sessions.rung]
    switch = np.abs(np.diff(rates, axis=1)).mean() if manifest.segments > 1 else 0.0
    return Score(
        float(values(sessions, manifest, protocol).mean()), float(stall_s.mean()), float(np.percentile(stall_s, 95)),
        float(qoe.stall_ratio(sessions, manifest).mean()), float(rates.mean()), float(switch),
        float(sessions.startup_s.mean()),
        None if sessions.latency_s is None else float(sessions.latency_s.mean()),
    )  # fmt: skip


def _together(played: Sequence[Sessions]) -> Sessions:
    return Sessions(
        np.concatenate([x.rung for x in played]), np.concatenate([x.stall_s for x in played]),
        np.concatenate([x.startup_s for x in played]), np.concatenate([x.wasted_kbit for x in played]),
        np.concatenate([x.buffer_s for x in played]),
    )  # fmt: skip
