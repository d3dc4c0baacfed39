"""Made-up sessions: what viewers with given tastes would have reported over given lines. For demos, tests, rehearsals.

A viewer watches in periods of eight segments, gets what the simulator says, and leaves at a period's end with a chance
whose log-odds fall with the period's QoE by the viewer's own weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frontrow.delivery.experience import ENDED, LEFT
from frontrow.delivery.generator import resample
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import Controller, Player, simulate

_PERIOD = 8  # segments


@dataclass(frozen=True)
class Taste:
    """Of the viewers."""

    weights: Weights = LINEAR
    """What counts how much for them."""
    base: float = -2.5
    """Log-odds of leaving at the end of a period of no worth; -2.5 is one in thirteen."""
    slope: float = 0.1
    """How much a unit of QoE takes off them."""


def sessions(
    traces: Sequence[Trace], title: Manifest, player: Player, controller: Controller, taste: Taste,
    rng: np.random.Generator,
) -> list[list[dict[str, Any]]]:  # fmt: skip
    """One session a line: the `qoe` props of its reports in order."""
    played = simulate(traces, title, player, controller)
    rates, worth = title.sizes_kbit / title.segment_s, taste.weights.worth(title)
    found = []
    for n, trace in enumerate(traces):
        line = resample(trace, title.segment_s)
        rung, stall_s = played.rung[n], played.stall_s[n].copy()
        stall_s[0] = 0.0  # the first is the start-up
        reports: list[dict[str, Any]] = [{"startup_s": round(float(played.startup_s[n]), 3), "played_s": 0.0}]
        for start in range(0, title.segments, _PERIOD):
            part = slice(start, min(start + _PERIOD, title.segments))
            own = rung[part]
            kbps = rates[np.arange(part.start, part.stop), own]
            change = np.abs(np.diff(title.bitrates_kbps[rung[max(start - 1, 0) : part.stop]]))
            utility = worth[own].sum() - taste.weights.stall * stall_s[part].sum()
            utility -= taste.weights.switch * change.sum() / 1000.0
            report = {
                "played_s": title.segment_s * len(own), "stall_s": round(float(stall_s[part].sum()), 3),
                "stalls": int((stall_s[part] > 0).sum()), "bitrate_kbps": round(float(kbps.mean()), 1),
                "switches": int((change > 0).sum()), "switch_kbps": round(float(change.sum()), 1),
                "rates_kbps": " ".join(str(round(x)) for x in line[np.arange(part.start, part.stop) % len(line)]),
            }  # fmt: skip
            reports.append(report)
            if part.stop == title.segments:
                report["end"] = ENDED
            elif rng.random() < 1.0 / (1.0 + np.exp(-(taste.base - taste.slope * utility))):
                report["end"] = LEFT
                break
        found.append(reports)
    return found
