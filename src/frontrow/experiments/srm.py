"""Sample-ratio mismatch: do the arms hold the shares of units that were planned, at any look?

The e-value is a Dirichlet-multinomial Bayes factor (Lindon and Malek 2022): valid at every look, with no correction.
Two priors are averaged: a tight one finds 49 against 51 in tens of thousands of units, a wide one finds a broken arm
in hundreds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from frontrow.errors import InputError

Floats = NDArray[np.float64]

WARNS: Final = 20.0  # reached by at most 1 in 20 clean experiments, however often it is looked at
INVALIDATES: Final = 100.0  # by at most 1 in 100
PRIORS: Final = ((0.8, 4000.0), (0.2, 100.0))
"""(weight, concentration in units) of the Dirichlet priors."""
FIXED_P: Final = 0.01
"""A fixed-sample p below this is told as a note: right at a single look only."""


@dataclass(frozen=True)
class RatioTest:
    """One comparison of counts with planned shares."""

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    e_value: float
    p_fixed: float  # chi-square, one look only

    @property
    def level(self) -> str:
        """ok, warning or invalid."""
        return level(self.e_value)


def level(e_value: float, comparisons: int = 1) -> str:
    """ok, warning or invalid; the thresholds grow with the number of comparisons made side by side."""
    if e_value > INVALIDATES * comparisons:
        return "invalid"
    return "warning" if e_value > WARNS * comparisons else "ok"


def e_value(counts: ArrayLike, shares: ArrayLike) -> Floats:
    """E-value against the planned `shares` (k,) of `counts` (..., k); shape (...)."""
    n, rho = np.asarray(counts, np.float64), np.asarray(shares, np.float64)
    logs = [np.log(weight) + _log_bayes_factor(n, rho, concentration) for weight, concentration in PRIORS]
    return np.asarray(np.exp(np.minimum(special.logsumexp(logs, axis=0), 700.0)))


def _log_bayes_factor(n: Floats, rho: Floats, concentration: float) -> Floats:
    prior = concentration * rho
    total = n.sum(-1)
    factor = special.gammaln(concentration) - special.gammaln(concentration + total)
    factor = factor + (special.gammaln(prior + n) - special.gammaln(prior) - n * np.log(rho)).sum(-1)
    return np.asarray(factor)


def compare(counts: Mapping[str, int], shares: Mapping[str, float]) -> RatioTest:
    """Compare counts by arm with planned shares.

    Raises InputError for an arm nobody planned, a negative count, or shares that do not add up to 1.
    """
    stray = [arm for arm in counts if arm not in shares]
    if stray:
        raise InputError(f"arm {stray[0]!r} was never planned; planned are {', '.join(shares)}")
    if len(shares) < 2 or abs(sum(shares.values()) - 1) > 1e-9 or min(shares.values()) <= 0:
        raise InputError(f"the shares {dict(shares)} must be two or more, above 0, and add up to 1")
    if any(count < 0 for count in counts.values()):
        raise InputError(f"the counts {dict(counts)} hold a negative number of units")
    n = np.array([counts.get(arm, 0) for arm in shares], np.float64)
    rho = np.array(list(shares.values()))
    expected = n.sum() * rho
    chi_square = float(((n - expected) ** 2 / expected).sum()) if n.sum() else 0.0
    return RatioTest(
        tuple(int(x) for x in n), tuple(expected.tolist()), float(e_value(n, rho)),
        float(special.chdtrc(len(rho) - 1, chi_square)),
    )  # fmt: skip
