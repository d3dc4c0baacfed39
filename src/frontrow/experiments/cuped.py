"""Variance reduction with what was known of a unit before its exposure.

CUPED (Deng, Xu, Kohavi, Walker 2013): subtract the part of the outcome that the pre-period explains. The coefficient is
pooled within arms, so it owes nothing to the effect; units without a pre-period keep their outcome (their covariate is
set to the mean), which costs precision and never adds bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_CORRELATION = 0.1
"""Below it the adjustment saves under 1% of the variance and is left out."""


@dataclass(frozen=True)
class Adjustment:
    """`y - theta x`, centred; theta is 0 where the covariate is too weak to help."""

    theta: float
    correlation: float  # pooled within arms
    missing: int  # units without a covariate


def fit(outcome: Floats, covariate: Floats, arm: NDArray[np.int8]) -> Adjustment:
    """Coefficient of the pre-period `covariate` (NaN: unknown), all arrays of shape (units,)."""
    missing = np.isnan(covariate)
    x = fill(covariate)
    x_inner, y_inner = x.copy(), outcome.astype(np.float64, copy=True)
    for index in np.unique(arm):
        rows = arm == index
        x_inner[rows] -= x_inner[rows].mean()
        y_inner[rows] -= y_inner[rows].mean()
    xx, yy, xy = float(x_inner @ x_inner), float(y_inner @ y_inner), float(x_inner @ y_inner)
    correlation = xy / np.sqrt(xx * yy) if xx > 0 and yy > 0 else 0.0
    theta = xy / xx if abs(correlation) > MIN_CORRELATION else 0.0
    return Adjustment(theta, float(correlation), int(missing.sum()))


def fill(covariate: Floats) -> Floats:
    """The covariate with its mean where it is missing, less that mean."""
    known = ~np.isnan(covariate)
    mean = covariate[known].mean() if known.any() else 0.0
    return np.where(known, covariate - mean, 0.0)
