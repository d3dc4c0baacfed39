"""Rate and quality: the convex hull of trial encodes, and how many bits one curve saves over another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

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


_RATE_BEND = 0.0008
"""Second difference of the log rate over CRF, where few encodes tell it; as on Big Buck Bunny."""
_QUALITY_BEND = -0.0008
"""The same of the logit of quality."""


def predict(
    trials: Sequence[Trial], crfs: Sequence[float], ceilings: Mapping[int, float] = MappingProxyType({})
) -> list[Trial]:
    """Fill a grid of CRFs at each height out of its few encodes.

    The logarithm of the rate and the logit of quality, as a part of the most that the height can show, are lines in CRF
    with a slight bend, the same at all heights. A height with one encode has the slopes of the nearest one with two.
    `ceilings`: VMAF of each height without an encoder, from scaling alone; 100 where it is not told.
    """
    known: dict[int, list[Trial]] = {}
    for trial in sorted(trials, key=lambda x: (x.height, x.crf)):
        known.setdefault(trial.height, []).append(trial)
    curves = {height: _Curve(rows, ceilings.get(height, 100.0)) for height, rows in known.items()}
    steep = [height for height, rows in known.items() if len(rows) > 1]
    if not steep:
        raise InputError("no height has two encodes; one needs them to tell how rate and quality fall")
    bends = [_shared(prior, [bend for curve in curves.values() for bend in curve.bends(at)])
             for at, prior in enumerate((_RATE_BEND, _QUALITY_BEND))]  # fmt: skip
    filled = []
    for height, rows in known.items():
        near = curves[min(steep, key=lambda other: abs(np.log(other / height)))]
        exact = {row.crf: row for row in rows}
        for crf in crfs:
            if crf in exact:
                filled.append(exact[crf])
                continue
            log_rate, logit = (curves[height].at(which, crf, bends[which], near) for which in (0, 1))
            vmaf = curves[height].ceiling / (1.0 + float(np.exp(-logit)))
            filled.append(Trial(height, crf, float(np.exp(log_rate)), vmaf, True))
    return filled


class _Curve:
    """Log rate and logit of quality of one height's encodes over CRF."""

    def __init__(self, rows: Sequence[Trial], ceiling: float) -> None:
        self.ceiling = min(max([ceiling, *(row.vmaf + 0.3 for row in rows)]), 100.3)
        self._crf = np.array([row.crf for row in rows])
        shown = np.clip([row.vmaf for row in rows], 0.5, self.ceiling - 0.3)
        self._values = (np.log([row.bitrate_kbps for row in rows]), np.log(shown / (self.ceiling - shown)))

    def bends(self, which: int) -> list[float]:
        """Second divided differences."""
        x, y = self._crf, self._values[which]
        slopes = np.diff(y) / np.diff(x)
        return [float(bend) for bend in np.diff(slopes) / (x[2:] - x[:-2])] if len(x) > 2 else []

    def at(self, which: int, crf: float, bend: float, near: _Curve) -> float:
        """Between encodes and beyond them: straight but for the bend."""
        x, y = self._crf, self._values[which] - bend * self._crf**2
        if len(x) == 1:
            far, levels = near._crf, near._values[which] - bend * near._crf**2
            slope = (levels[-1] - levels[0]) / (far[-1] - far[0])
            return float(y[0] + slope * (crf - x[0]) + bend * crf**2)
        right = int(np.clip(np.searchsorted(x, crf), 1, len(x) - 1))
        slope = (y[right] - y[right - 1]) / (x[right] - x[right - 1])
        return float(y[right - 1] + slope * (crf - x[right - 1]) + bend * crf**2)


def _shared(prior: float, seen: Sequence[float]) -> float:
    """Mean of what was seen, and of the prior as one more."""
    return (prior + sum(seen)) / (1 + len(seen))


def most_doubtful(trials: Sequence[Trial], grid: Sequence[Trial], least_vmaf: float, best_vmaf: float) -> Trial | None:
    """Of the predicted points on the hull that wanted qualities hang on, the one farthest from its height's encodes.

    None where the hull is all encodes.
    """
    curve = hull(grid)
    held = [
        point for at, point in enumerate(curve)
        if point.predicted and curve[min(at + 1, len(curve) - 1)].vmaf >= least_vmaf
        and curve[max(at - 1, 0)].vmaf <= best_vmaf
    ]  # fmt: skip

    def distance(point: Trial) -> float:
        return min(abs(point.crf - trial.crf) for trial in trials if trial.height == point.height)

    return max(held, key=distance) if held else None


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
