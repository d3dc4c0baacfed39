"""Over-dispersion: real counts vary more than independent draws would, and a naive chi-square then cries wolf.

Clicks come in sessions, pages and hours, so aggregated counts carry less information than their impressions. The
factor is estimated from A/A comparisons (the same thing shown twice), as Pearson's chi-square over its degrees of
freedom, and divides the chi-square of the tests that follow (quasi-likelihood: McCullagh and Nelder 1989, chapter 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from frontrow.errors import InputError

Floats = NDArray[np.float64]
MIN_FREEDOM = 30
"""Degrees of freedom below which an estimate of the factor is too rough to use."""


@dataclass(frozen=True)
class Dispersion:
    """Factor on the variance, never below 1."""

    factor: float
    freedom: int  # degrees of freedom it rests on
    rejected_naive: float  # share of these true nulls that the uncorrected test rejects at 5%


def estimate(groups: ArrayLike, trials: ArrayLike, successes: ArrayLike) -> Dispersion:
    """Dispersion of A/A comparisons: rows of one `groups` value showed the same thing. All shape (rows,).

    Raises InputError with fewer than MIN_FREEDOM degrees of freedom, or counts that cannot be.
    """
    _, code, n, y = _checked(groups, trials, successes)
    chi, freedom = _chi_square(code, n, y)
    used = freedom > 0
    total = int(freedom[used].sum())
    if total < MIN_FREEDOM:
        raise InputError(
            f"the A/A comparisons give {total} degrees of freedom; an estimate needs {MIN_FREEDOM} or more"
        )
    naive = special.chdtrc(freedom[used], chi[used])
    return Dispersion(max(1.0, float(chi[used].sum() / total)), total, float((naive < 0.05).mean()))


def compare_groups(groups: ArrayLike, trials: ArrayLike, successes: ArrayLike, factor: float) -> tuple[NDArray, Floats]:  # type: ignore[type-arg]
    """p of "one rate in all rows of the group", for each group in sorted order; NaN where there is nothing to compare.

    Returns the groups and their p, shape (groups,).
    """
    names, code, n, y = _checked(groups, trials, successes)
    chi, freedom = _chi_square(code, n, y)
    # The factor is an estimate for clean comparisons; F would only matter below some hundred degrees of freedom.
    return names, np.where(freedom > 0, special.chdtrc(np.maximum(freedom, 1), chi / factor), np.nan)


def _chi_square(code: NDArray[np.intp], n: Floats, y: Floats) -> tuple[Floats, Floats]:
    trials, hits = np.bincount(code, n), np.bincount(code, y)
    rate = hits / np.maximum(trials, 1)
    spread = rate * (1 - rate)
    each = (y - n * rate[code]) ** 2 / np.where(n * spread[code] > 0, n * spread[code], np.inf)
    freedom = np.where(spread > 0, np.bincount(code, n > 0) - 1, 0)
    return np.asarray(np.bincount(code, each), np.float64), freedom.astype(np.float64)


def _checked(
    groups: ArrayLike, trials: ArrayLike, successes: ArrayLike
) -> tuple[NDArray, NDArray[np.intp], Floats, Floats]:  # type: ignore[type-arg]
    n, y = np.asarray(trials, np.float64), np.asarray(successes, np.float64)
    if not (np.isfinite(n).all() and np.isfinite(y).all()) or (y < 0).any() or (y > n).any():
        raise InputError("successes must lie between 0 and their trials, and both must be numbers")
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    return names, code, n, y
