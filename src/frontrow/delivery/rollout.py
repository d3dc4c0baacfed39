"""Whether a new table may go out: both tables play the lines of logged sessions again, and the new one must not lose.

The lines are what the sessions' downloads measured, so a table that asks for other sizes meets the line as it was seen
through those sizes: honest for tables that differ little, which is what a refit gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frontrow.delivery import qoe
from frontrow.delivery.controller import TableController
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import Weights
from frontrow.delivery.simulator import Player, simulate
from frontrow.delivery.table import Table
from frontrow.errors import GateRefused

_Z = 1.96


@dataclass(frozen=True)
class Trial:
    """Means a session over the same lines."""

    sessions: int
    old_qoe: float
    new_qoe: float
    difference_sd: float
    """Standard error of the mean paired difference."""
    old_stall_ratio: float
    new_stall_ratio: float

    @property
    def gain(self) -> float:
        """New less old."""
        return self.new_qoe - self.old_qoe


def replay(
    traces: Sequence[Trace], title: Manifest, player: Player, weights: Weights, old: Table, new: Table
) -> Trial:  # fmt: skip
    """Play the title over every line with both tables; QoE counts by `weights`."""
    played = [simulate(traces, title, player, TableController(table)) for table in (old, new)]
    before, after = (qoe.mean_qoe(sessions, title, weights) for sessions in played)
    stalls = [float(qoe.stall_ratio(sessions, title).mean()) for sessions in played]
    difference = after - before
    sd = float(difference.std(ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else 0.0
    return Trial(len(traces), float(before.mean()), float(after.mean()), sd, stalls[0], stalls[1])


def decide(trial: Trial, tolerance: float, stall_tolerance: float) -> None:
    """Raise GateRefused, saying by how much, where the new table loses more than `tolerance` of the old one's QoE, or
    stalls more than `stall_tolerance` (a share of the time) above it."""
    interval = (
        f"95% interval {trial.gain - _Z * trial.difference_sd:+.4f} to {trial.gain + _Z * trial.difference_sd:+.4f}"
    )
    if trial.gain < -tolerance * abs(trial.old_qoe):
        raise GateRefused(
            f"not published: over the lines of {trial.sessions} logged sessions the new table's QoE is "
            f"{trial.new_qoe:.4f} a segment, {-trial.gain:.4f} below the present one's {trial.old_qoe:.4f} "
            f"({interval}); "
            f"jobs.gate_tolerance allows {tolerance:.1%}"
        )
    if trial.new_stall_ratio > trial.old_stall_ratio + stall_tolerance:
        raise GateRefused(
            f"not published: over the lines of {trial.sessions} logged sessions the new table stalls "
            f"{trial.new_stall_ratio:.3%} of the time, the present one {trial.old_stall_ratio:.3%}"
        )
