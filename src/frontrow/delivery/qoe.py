"""What a session was worth to its viewer, by the two definitions that the field compares with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from frontrow.delivery.link import Floats
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.simulator import Sessions


@dataclass(frozen=True)
class Weights:
    """What counts how much."""

    utility: Literal["linear", "log"] = "linear"
    """Worth of a segment: its nominal rate in Mbit/s, or the logarithm of its rate over the lowest."""
    stall: float = 4.3
    """Loss a second of stall, in units of utility; Pensieve's QoE_lin has the top rung's rate."""
    switch: float = 1.0
    """Loss a unit of difference in utility between neighbouring segments."""

    def worth(self, manifest: Manifest) -> Floats:
        """(rungs,) utility of a segment in each rung."""
        rates = manifest.bitrates_kbps
        return rates / 1000.0 if self.utility == "linear" else np.log(rates / rates[0])


LINEAR = Weights()
"""Pensieve's QoE_lin (Yin et al., SIGCOMM 2015)."""


def sabre_weights(manifest: Manifest, gamma_p: float = 5.0) -> Weights:
    """Sabre's score: log utility, a stall of one segment costs `gamma_p`, switches are not counted."""
    return Weights("log", gamma_p / manifest.segment_s, 0.0)


def sabre_plan(manifest: Manifest, gamma_p: float = 5.0) -> Weights:
    """Weights to plan with for Sabre's score, which is an average over time: a stall also lengthens the time."""
    weights = sabre_weights(manifest, gamma_p)
    lost = float(weights.worth(manifest).mean()) / manifest.segment_s
    return Weights("log", weights.stall + lost, 0.0)


def mean_qoe(sessions: Sessions, manifest: Manifest, weights: Weights = LINEAR) -> Floats:
    """(sessions,) QoE a segment; the first segment, which nobody chose, is left out."""
    worth = weights.worth(manifest)[sessions.rung]
    if worth.shape[1] < 2:
        return worth[:, 0]
    value = worth[:, 1:] - weights.stall * sessions.stall_s[:, 1:] - weights.switch * np.abs(np.diff(worth, axis=1))
    return np.asarray(value.mean(axis=1))


def time_average_score(sessions: Sessions, manifest: Manifest, gamma_p: float = 5.0) -> Floats:
    """(sessions,) Sabre's time-average score: utility less stalls, over the time spent, start-up included."""
    weights = sabre_weights(manifest, gamma_p)
    stall_s = sessions.stall_s[:, 1:].sum(axis=1)
    spent_s = manifest.segments * manifest.segment_s + stall_s + sessions.startup_s
    total = weights.worth(manifest)[sessions.rung].sum(axis=1) - weights.stall * stall_s
    return np.asarray(total * manifest.segment_s / spent_s)


def stall_ratio(sessions: Sessions, manifest: Manifest) -> Floats:
    """(sessions,) part of the time spent that was a stall; start-up is no stall."""
    stall_s = sessions.stall_s[:, 1:].sum(axis=1)
    return np.asarray(stall_s / (manifest.segments * manifest.segment_s + stall_s + sessions.startup_s))
