"""Rate and quality: the convex hull of trial encodes, and how many bits one curve saves over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frontrow.delivery.link import Floats
from frontrow.errors import InputError


@dataclass(frozen=True)
class Trial:
    """One encode of the sampled scenes."""

    height: int
    crf: float
    bitrate_kbps: float
    vmaf: float
    predicted: bool = False
    """Whether rate and quality were computed from neighbours instead of encoded."""


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


def predict(trials: Sequence[Trial], crfs: Sequence[float]) -> list[Trial]:
    """Fill a grid of CRFs at each height out of its few encodes.

    The logarithm of the rate is close to a line in CRF. What is lost against a perfect picture is a part that scaling
    takes at that height, and a part that grows with CRF as an exponential; with three encodes a height both are known,
    with two the scaling part is 0.
    """
    filled = []
    for height in sorted({trial.height for trial in trials}):
        known = sorted((trial for trial in trials if trial.height == height), key=lambda x: x.crf)
        if len(known) < 2:
            raise InputError(f"height {height} has one encode; two are needed to predict others")
        at = np.array([trial.crf for trial in known])
        rate = np.array([np.log(trial.bitrate_kbps) for trial in known])
        lost = 100.0 - np.array([trial.vmaf for trial in known])
        floor = _scaling_loss(at, lost) if len(known) >= 3 else 0.0
        growth = np.log(np.maximum(lost - floor, 0.05))
        for crf in crfs:
            exact = next((trial for trial in known if trial.crf == crf), None)
            if exact:
                filled.append(exact)
                continue
            vmaf = 100.0 - floor - float(np.exp(_line(at, growth, crf)))
            filled.append(
                Trial(height, crf, float(np.exp(_line(at, rate, crf))), float(np.clip(vmaf, 0.0, 100.0)), True)
            )
    return filled


def _scaling_loss(crfs: Floats, lost: Floats) -> float:
    """The part of the loss that makes the rest of it straightest in its logarithm."""
    floors = np.linspace(0.0, max(float(lost.min()) - 0.05, 0.0), 60)
    errors = []
    for floor in floors:
        growth = np.log(np.maximum(lost - floor, 0.05))
        errors.append(float(np.abs(np.polyval(np.polyfit(crfs, growth, 1), crfs) - growth).max()))
    return float(floors[int(np.argmin(errors))])


def _line(at: Floats, values: Floats, crf: float) -> float:
    """Piecewise linear, and straight on beyond the ends."""
    right = int(np.clip(np.searchsorted(at, crf), 1, len(at) - 1))
    share = (crf - at[right - 1]) / (at[right] - at[right - 1])
    return float(values[right - 1] + share * (values[right] - values[right - 1]))


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
