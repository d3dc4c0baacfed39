"""Rate and quality: the convex hull of trial encodes, and how many bits one curve saves over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frontrow.errors import InputError


@dataclass(frozen=True)
class Trial:
    """One encode of the sampled scenes."""

    height: int
    crf: float
    bitrate_kbps: float
    vmaf: float
    predicted: bool = False
    """Whether rate and quality are what is believed instead of encoded."""


def hull(trials: Sequence[Trial]) -> list[Trial]:
    """The upper convex hull in (log bitrate, VMAF), by rising bitrate: on it no other trial or mix of two is better.

    De Cock et al. (ICIP 2016) choose resolutions so; steps that lower the quality are left out.
    """
    best: list[Trial] = []
    for trial in sorted(trials, key=lambda x: (x.bitrate_kbps, -x.vmaf)):
        if best and trial.vmaf <= best[-1].vmaf:
            continue
        while len(best) >= 2 and _slope(best[-2], best[-1]) <= _slope(best[-2], trial):
            best.pop()
        if best and trial.bitrate_kbps <= best[-1].bitrate_kbps:
            continue
        best.append(trial)
    return best


def _slope(one: Trial, other: Trial) -> float:
    return (other.vmaf - one.vmaf) / max(float(np.log(other.bitrate_kbps / one.bitrate_kbps)), 1e-12)


def bd_rate_percent(ours: Sequence[Trial], other: Sequence[Trial]) -> float:
    """Mean difference in rate at equal VMAF over the qualities both reach, percent; negative saves bits.

    Bjontegaard's measure (VCEG-M33, 2001) with straight lines between points instead of one cubic through all of them.
    """
    curves = []
    for points in (ours, other):
        kept = frontier(points)
        curves.append((np.array([x.vmaf for x in kept]), np.log([x.bitrate_kbps for x in kept])))
    low = max(float(curve[0][0]) for curve in curves)
    high = min(float(curve[0][-1]) for curve in curves)
    if not high > low:
        raise InputError(f"the two ladders share no quality (VMAF {low:.1f} and {high:.1f}); compare others")
    grid = np.linspace(low, high, 401)
    ahead = np.interp(grid, *curves[0]) - np.interp(grid, *curves[1])
    return float(100.0 * (np.exp(np.trapezoid(ahead, grid) / (high - low)) - 1.0))


def frontier(points: Sequence[Trial]) -> list[Trial]:
    """Points by rising rate without those that are no better than a cheaper one."""
    kept: list[Trial] = []
    for point in sorted(points, key=lambda x: (x.bitrate_kbps, -x.vmaf)):
        if not kept or point.vmaf > kept[-1].vmaf:
            kept.append(point)
    return kept
