"""From one row a unit to an effect with its variance: means and ratios, winsorised, adjusted by CUPED.

Every estimator is written as a mean of per-unit contributions, so that one variance, one adjustment and one
test of a single unit's weight serve them all. A ratio's contributions are its linearisation (delta method: Deng,
Knoblich, Lu 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontrow.experiments import cuped, intervals
from frontrow.experiments.definition import Metric
from frontrow.experiments.log import Sample

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """The difference treatment - control of one metric."""

    effect: float
    variance: float  # of the effect; dispersion included
    control: float  # value in the control arm, before adjustment
    treatment: float
    n: tuple[int, int]  # units: control, treatment
    nonzero: tuple[int, int]  # units whose outcome is not zero
    correlation: float  # with the pre-period covariate; 0 without one
    variance_cut: float  # share of the variance that CUPED took away
    capped: int  # units winsorised
    without_extreme: tuple[float, float]  # effect and variance without the one unit that weighs most
    extreme: int  # its row in the sample
    contributions: tuple[Floats, Floats]  # centred, control and treatment: effect = constant + mean - mean


def estimate(sample: Sample, metric: Metric, treatment: int, *, dispersion: float = 1.0) -> Estimate:
    """Compare arm number `treatment` with arm 0."""
    value, weight, capped = _values(sample, metric)
    rows = (np.flatnonzero(sample.arm == 0), np.flatnonzero(sample.arm == treatment))
    level, parts = [], np.zeros(value.size)
    for chosen in rows:
        base = weight[chosen].mean() if chosen.size else 0.0
        ratio = value[chosen].mean() / base if base else np.nan
        level.append(float(ratio))
        parts[chosen] = (value[chosen] - ratio * weight[chosen]) / base if base else np.nan
    effect = level[1] - level[0]
    plain = _variance(parts, rows)
    correlation, theta = 0.0, 0.0
    if metric.covariate:
        x = sample.covariates[metric.covariate_source]
        both = np.concatenate(rows)
        adjustment = cuped.fit(parts[both], x[both], sample.arm[both])
        correlation, theta = adjustment.correlation, adjustment.theta
        if theta:
            centred = np.zeros(value.size)
            centred[both] = cuped.fill(x[both])
            shift = [float(centred[chosen].mean()) for chosen in rows]
            effect -= theta * (shift[1] - shift[0])
            for chosen, mean in zip(rows, shift, strict=True):
                parts[chosen] -= theta * (centred[chosen] - mean)
    variance = _variance(parts, rows)
    without, extreme = _without_extreme(effect, parts, rows)
    return Estimate(
        effect=float(effect),
        variance=variance * dispersion,
        control=level[0],
        treatment=level[1],
        n=(rows[0].size, rows[1].size),
        nonzero=(int(np.count_nonzero(value[rows[0]])), int(np.count_nonzero(value[rows[1]]))),
        correlation=correlation,
        variance_cut=1 - variance / plain if theta and plain > 0 else 0.0,
        capped=capped,
        without_extreme=(without[0], without[1] * dispersion),
        extreme=extreme,
        contributions=(parts[rows[0]], parts[rows[1]]),
    )


def _values(sample: Sample, metric: Metric) -> tuple[Floats, Floats, int]:
    """Numerator and denominator of each unit, and how many units were winsorised."""
    value = sample.values[metric.source]
    capped = 0
    if metric.kind == "binary":
        value = (value != 0).astype(np.float64)
    elif metric.cap is not None:
        capped = int((np.abs(value) > metric.cap).sum())
        value = np.clip(value, -metric.cap, metric.cap)
    weight = sample.values[metric.denominator] if metric.kind == "ratio" else np.ones(value.size)
    return value, weight, capped


def _variance(parts: Floats, rows: tuple[NDArray[np.intp], NDArray[np.intp]]) -> float:
    spread = [parts[r].var(ddof=1) if r.size > 1 else 0.0 for r in rows]
    return float(intervals.difference_variance((spread[0], spread[1]), (rows[0].size, rows[1].size)))


def _without_extreme(
    effect: float, parts: Floats, rows: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> tuple[tuple[float, float], int]:
    """Effect and variance had the unit with the largest pull on the effect never been there (first order)."""
    if min(r.size for r in rows) < 3:
        return (effect, np.inf), -1
    pulls = [np.abs(parts[r]) / (r.size - 1) for r in rows]
    side = int(pulls[1].max() > pulls[0].max())
    unit = int(rows[side][np.argmax(pulls[side])])
    size = rows[side].size
    moved = effect - (1 if side else -1) * float(parts[unit]) / (size - 1)
    rest = rows[side][rows[side] != unit]
    pair = (rest, rows[1]) if side == 0 else (rows[0], rest)
    return (float(moved), _variance(parts, pair)), unit
