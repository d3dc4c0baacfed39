"""Is the judge still judging what it was fitted on, and does its promise still hold? What features and audits say.

Features are compared with those of the fit by the population stability index and Kolmogorov and Smirnov's distance. The
audits of automatic approvals are read with an interval that holds however often somebody looks (a Beta-binomial
confidence sequence, Robbins 1970), since it is looked at every night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.experiments.intervals import allocation_e_value

BINS: Final = 10
"""Bins of the index, of equal share in the reference."""
SHIFTED: Final = 0.25
"""Index from which a feature counts as shifted, the credit scorers' usual limit."""
LEAST_FILES: Final = 100
"""Recent files without which an index is noise: its mean under no drift is about (BINS - 1) / files."""
_GRID: Final = 2_000


@dataclass(frozen=True)
class Shift:
    """How far one feature has moved."""

    feature: str
    stability: float
    """Population stability index: 0 the same, above SHIFTED moved."""
    distance: float
    """Largest difference of the two distribution functions, 0-1."""
    p: float
    """Of that distance under no drift, times the number of features."""

    @property
    def shifted(self) -> bool:
        """Both large and beyond chance."""
        return self.stability > SHIFTED and self.p < 0.01


def shifts(reference: Mapping[str, Sequence[float]], recent: Mapping[str, Sequence[float]]) -> list[Shift]:
    """Every feature of both, the most moved first; values that are not numbers count as a bin of their own.

    Raises InputError below LEAST_FILES on either side.
    """
    from scipy.stats import ks_2samp

    found = []
    names = [name for name in reference if name in recent]
    for name in names:
        old, new = np.asarray(reference[name], np.float64), np.asarray(recent[name], np.float64)
        if min(len(old), len(new)) < LEAST_FILES:
            raise InputError(f"{min(len(old), len(new))} files are too few to see drift; {LEAST_FILES} are needed")
        a, b = old[np.isfinite(old)], new[np.isfinite(new)]
        test = ks_2samp(a, b, method="asymp") if min(len(a), len(b)) > 1 else None
        distance, p = (float(test.statistic), float(test.pvalue)) if test else (0.0, 1.0)
        missing = abs(len(a) / len(old) - len(b) / len(new))
        if missing > distance:  # whether the number is there at all has changed more than the number
            distance, p = missing, _share_p(len(old) - len(a), len(old), len(new) - len(b), len(new))
        found.append(Shift(name, stability(old, new), distance, min(1.0, p * len(names))))
    return sorted(found, key=lambda shift: (-shift.stability, shift.feature))


def stability(reference: NDArray[np.float64], recent: NDArray[np.float64]) -> float:
    """Population stability index over bins of equal share in the reference, and one for what is missing."""
    finite = reference[np.isfinite(reference)]
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1])) if len(finite) else np.empty(0)
    old, new = _shares(reference, edges), _shares(recent, edges)
    return float(((new - old) * np.log(new / old)).sum())


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.where(np.isfinite(values), np.searchsorted(edges, values, side="left"), len(edges) + 1)
    counts = np.bincount(bins, minlength=len(edges) + 2) + 0.5  # half a file, so that no bin is empty
    return np.asarray(counts / counts.sum(), np.float64)


def _share_p(a: int, n_a: int, b: int, n_b: int) -> float:
    from scipy.stats import fisher_exact

    return float(fisher_exact([[a, n_a - a], [b, n_b - b]]).pvalue)


@dataclass(frozen=True)
class Kept:
    """What the audits say about the promise."""

    overturned: float
    """Share of the audited approvals that people overturned; nan before the first."""
    low: float
    high: float
    """Always-valid interval of that share among all automatic approvals."""
    approved_bad: float
    approved_bad_low: float
    approved_bad_high: float
    """Share of all bad files that were approved, with its interval: what was promised to stay below alpha."""
    broken: bool
    """Whether that share is above alpha beyond chance."""


def check(
    overturned: int, upheld: int, approved: int, bad_seen: int, *, alpha: float = 0.05, delta: float = 0.05
) -> Kept:
    """Whether the promise holds, out of audits so far.

    overturned, upheld: audited approvals by what people said; approved: files approved by the machine in the same
    time; bad_seen: files that the machine rejected or sent to a person and that people found bad.
    """
    if min(overturned, upheld, approved, bad_seen) < 0 or overturned + upheld > approved:
        raise InputError(
            f"{overturned} overturned and {upheld} upheld of {approved} approvals with {bad_seen} bad files besides: "
            "counts must not be negative, and no more audited than approved"
        )
    audited = overturned + upheld
    low, high = sequence(overturned, upheld, delta)
    share = overturned / audited if audited else np.nan

    def of_bad(rate: float) -> float:
        passed = max(rate * approved, float(overturned))
        return passed / (passed + bad_seen) if passed + bad_seen else 0.0

    return Kept(share, low, high, of_bad(share) if audited else np.nan, of_bad(low), of_bad(high), of_bad(low) > alpha)


def sequence(hits: int, misses: int, delta: float) -> tuple[float, float]:
    """Interval of a share that holds at all times at once with probability 1 - delta."""
    shares = np.linspace(0, 1, _GRID + 1)[1:-1]
    kept = [share for share in shares if allocation_e_value(hits, misses, float(share)) < 1 / delta]
    if not kept:  # the interval lies between two grid points
        kept = [hits / (hits + misses)]
    step = 1 / _GRID
    return max(0.0, float(kept[0]) - step), min(1.0, float(kept[-1]) + step)
