"""Intervals and e-values that stay valid however often, and whenever, somebody looks.

Everything here works on arrays, so that one call judges a thousand looks. `ratio` is the information gathered, as a
multiple of the variance of the mixing prior: r = tau^2 / V. It grows with the sample, r = r* n / n_planned, where r*
makes the interval tightest at the planned sample.

Sources: Robbins 1970 (normal mixture); Howard, Ramdas, McAuliffe, Sekhon 2021 (time-uniform bounds); Waudby-Smith,
Arbour, Sinha, Kennedy, Ramdas 2024 (asymptotic confidence sequences); Lindon and Malek 2022 (allocation of events to
arms).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]

MIN_NONZERO: Final = 100
"""Non-zero outcomes that the smaller arm needs before a normal approximation may judge anything.

Below it the Welch variance of a rare outcome is far too small whenever the arm happens to be short of conversions."""

EXACT_SHARE: Final = 0.1
"""Share of alpha that a binary metric spends on the exact e-process before MIN_NONZERO is met."""

ALLOCATION_PRIOR: Final = 20.0
"""Weight in events of the Beta prior on the treatment's share of events: finds halves and doublings early."""


@lru_cache
def tuned_ratio(alpha: float) -> float:
    """The information ratio r* at which a two-sided mixture interval is tightest (exact, by Lambert's W)."""
    return float(-special.lambertw(-(alpha**2) / np.e, -1).real - 1.0)


def information_ratio(n: ArrayLike, n_planned: float, alpha: float) -> Floats:
    """r after `n` units of `n_planned`; n of 0 gives a tiny positive ratio, hence an endless interval."""
    return np.maximum(np.asarray(n, np.float64), 1e-9) * (tuned_ratio(alpha) / n_planned)


def critical_z(ratio: ArrayLike, alpha: float) -> Floats:
    """How many standard errors the always-valid two-sided interval reaches to each side."""
    r = np.asarray(ratio, np.float64)
    return np.asarray(np.sqrt((1.0 + 1.0 / r) * (np.log1p(r) - 2.0 * np.log(alpha))))


def critical_z_one_sided(ratio: float, alpha: float) -> float:
    """The same for a one-sided bound: the mixture is the positive half of the normal."""
    return float(optimize.brentq(lambda z: _log_e_one_sided(z, ratio) + np.log(alpha), -50.0, 500.0))


def _log_e_one_sided(z: float, ratio: float) -> float:
    pull = ratio / (1.0 + ratio)
    return float(np.log(2.0) - 0.5 * np.log1p(ratio) + 0.5 * pull * z * z + special.log_ndtr(z * np.sqrt(pull)))


def p_value(z: ArrayLike, ratio: ArrayLike) -> Floats:
    """Always-valid two-sided p: one over the mixture's e-value, at most 1."""
    z, r = np.asarray(z, np.float64), np.asarray(ratio, np.float64)
    return np.asarray(np.exp(np.minimum(0.0, 0.5 * np.log1p(r) - 0.5 * z * z * r / (1.0 + r))))


def p_value_one_sided(z: float, ratio: float) -> float:
    """Always-valid one-sided p that z is not above 0."""
    return float(np.exp(min(0.0, -_log_e_one_sided(z, ratio))))


def allocation_e_value(events_treatment: ArrayLike, events_control: ArrayLike, share: float) -> Floats:
    """Exact e-value that events fall to the treatment more or less often than its `share` of the units.

    Under equal rates each further event belongs to the treatment with probability `share`, whatever the rate and
    however it drifts, so the Beta-binomial mixture over that probability is a martingale: no approximation, no minimum.
    """
    x, y = np.asarray(events_treatment, np.float64), np.asarray(events_control, np.float64)
    a, b = ALLOCATION_PRIOR * share, ALLOCATION_PRIOR * (1.0 - share)
    log_e = special.betaln(a + x, b + y) - special.betaln(a, b) - x * np.log(share) - y * np.log1p(-share)
    return np.asarray(np.exp(np.minimum(log_e, 700.0)))


def difference_variance(spread: tuple[ArrayLike, ArrayLike], n: tuple[ArrayLike, ArrayLike]) -> Floats:
    """Variance of a difference of means from each arm's own variance and size: Welch, guarded where an arm is small.

    An arm with less than half of the other's units is never given less than the pooled variance. A small arm that
    happens to lack the rare large outcomes has a low mean and a low variance at once, and would be called a loser:
    with lognormal outcomes (sigma 2) at 95/5, plain Welch does so in 17% of A/A runs. Endless below two units an arm.
    """
    (a, b), (na, nb) = (np.asarray(x, np.float64) for x in spread), (np.asarray(x, np.float64) for x in n)
    pooled = (a * na + b * nb) / np.maximum(na + nb, 1)
    a, b = np.where(2 * na < nb, np.maximum(a, pooled), a), np.where(2 * nb < na, np.maximum(b, pooled), b)
    return np.where((na > 1) & (nb > 1), a / np.maximum(na, 1) + b / np.maximum(nb, 1), np.inf)


def judge(
    effect: ArrayLike,
    variance: ArrayLike,
    n: ArrayLike,
    nonzero: tuple[ArrayLike, ArrayLike],
    *,
    n_planned: float,
    alpha: float,
    binary_share: float | None = None,
) -> dict[str, Any]:
    """Interval, p and whether 0 is excluded, with the guard: the one rule that analysis and simulation share.

    `nonzero` counts non-zero outcomes (control, treatment). `binary_share` is the treatment's share of the units when
    the outcome is binary: then EXACT_SHARE of alpha is kept for the exact e-process before the guard is met. Before
    the guard the interval is endless and p is that of the e-process (1 where the metric is not binary).
    """
    effect, variance = np.asarray(effect, np.float64), np.asarray(variance, np.float64)
    control, treatment = np.asarray(nonzero[0], np.float64), np.asarray(nonzero[1], np.float64)
    ready = (np.minimum(control, treatment) >= MIN_NONZERO) & (variance > 0)
    interval_alpha = alpha if binary_share is None else alpha * (1.0 - EXACT_SHARE)
    ratio = information_ratio(n, n_planned, interval_alpha)
    error = np.sqrt(np.where(ready, variance, 1.0))
    margin = np.where(ready, critical_z(ratio, interval_alpha) * error, np.inf)
    # p is rescaled by the share of alpha it may spend, so that p <= alpha says the same as the interval.
    p = np.where(ready, p_value(effect / error, ratio) * (alpha / interval_alpha), 1.0)
    if binary_share is not None:
        exact = 1.0 / allocation_e_value(treatment, control, binary_share) / EXACT_SHARE
        p = np.where(ready, p, exact)
    p = np.minimum(1.0, p)
    return {"ready": ready, "low": effect - margin, "high": effect + margin, "p": p, "decided": p <= alpha}
