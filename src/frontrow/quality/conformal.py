"""Thresholds on the risk that keep a promise: of the bad files, at most a share alpha is approved.

Approve what is less risky than the k-th least risky of n labelled bad files. The share of all bad files that lies below
it follows Beta(k, n + 1 - k), whatever the scores are and however good the judge is, so the largest k for which that
share exceeds alpha with probability at most delta is exact: it is the binomial test of learn-then-test (Angelopoulos,
Bates, Candes, Jordan, Lei 2021) walked from the strictest threshold to the laxest until it fails, and the training-
conditional form of class-conditional conformal prediction (Vovk 2012). Rejection is the same thing from the other end.

Ties count against the threshold, so the promise holds for discrete scores too. It is exact for labelled files that the
judge has not learnt from; for out-of-fold scores it holds as far as the folds' judges rank like their mean. People see
all that the machine is unsure of and few of its approvals: an audited approval stands for all those that nobody looked
at. Weighted files are counted in units of the heaviest below the threshold, so that a few audits promise no more than
a few files can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.quality.verdict import Decision

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Promise:
    """What the thresholds keep."""

    alpha: float = 0.05
    """Share of the bad files that may be approved, 0-1; one in twenty is what reviewers themselves let through."""
    beta: float = 0.05
    """Share of the good files that may be rejected by the machine alone, 0-1."""
    delta: float = 0.1
    """Probability that a promise does not hold, 0-1: of ten judges one may be off."""
    files: int | None = None
    """None: the promise is about the share in the long run. A number: about the share seen among that many bad (good)
    files that come next, whose own luck is then part of delta."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Files that people have judged, and the risk that the judge saw in them before it knew; equally long arrays."""

    risk: Floats
    bad: NDArray[np.bool_]
    weight: Floats
    """How many deliveries each stands for, above 0: 1 over the share of its kind that people look at."""


@dataclass(frozen=True)
class Costs:
    """What each outcome costs, in any one unit."""

    wrong_approve: float = 50.0
    """A bad file in front of viewers; complaints and a second delivery, in looks."""
    wrong_reject: float = 10.0
    """A good file sent back."""
    look: float = 1.0
    """A reviewer's look at one file."""


@dataclass(frozen=True)
class Thresholds:
    """approve below, reject above, a person in between."""

    approve_below: float
    """Risk; -inf where nothing may be approved."""
    reject_above: float
    """Risk; inf where nothing may be rejected."""
    approved_bad_bound: float
    """Upper bound (confidence 1 - delta) of the share of bad files below `approve_below`."""
    rejected_good_bound: float
    """The same of good files above `reject_above`."""
    n_bad: int
    n_good: int

    def decide(self, risk: float) -> Decision:
        """What to do with a file of this risk; a risk that is no number goes to a person."""
        if risk < self.approve_below:
            return "approve"
        return "reject" if risk > self.reject_above else "review"

    def in_words(self, promise: Promise) -> str:
        """What is promised, or how many labels are missing for it."""
        said = []
        for verb, what, n, threshold, share in (
            ("approved", "bad", self.n_bad, self.approve_below, promise.alpha),
            ("rejected", "good", self.n_good, self.reject_above, promise.beta),
        ):
            if np.isfinite(threshold):
                said.append(f"at most {share:.0%} of the {what} files are {verb} (confidence {1 - promise.delta:.0%})")
            else:
                need = fewest(share, promise.delta, promise.files)
                said.append(f"nothing is {verb} unseen: {n} {what} files are labelled, {need} are needed")
        return "; ".join(said)


def rank(n: int, alpha: float, delta: float, files: int | None = None) -> int:
    """The largest k such that approving below the k-th least risky of `n` bad files keeps the promise; 0 for none."""
    return _rank(np.ones(n), alpha, delta, files)


def _rank(weight: Floats, alpha: float, delta: float, files: int | None) -> int:
    """The same for weighted files, the least risky first; equal weights are no weights."""
    from scipy.stats import beta, betabinom

    if not (0 < alpha < 1 and 0 < delta < 1) or (files is not None and files < 1):
        raise InputError(f"alpha {alpha:g} and delta {delta:g} must lie between 0 and 1, files {files} above 0")
    if not len(weight):
        return 0
    unit = np.maximum.accumulate(weight)
    n = weight.sum() / unit
    k = (np.cumsum(weight) - weight) / unit + 1
    if files is None:
        broken = beta.sf(alpha, k, np.maximum(n + 1 - k, 1e-9))
    else:
        broken = betabinom.sf(np.floor(alpha * files + 1e-9), files, k, np.maximum(n + 1 - k, 1e-9))
    return int(np.logical_and.accumulate(broken <= delta).sum())  # the sequence of tests ends at the first that fails


def fewest(alpha: float, delta: float, files: int | None = None) -> int:
    """Labelled files that are needed before a threshold exists at all."""
    if files is None:
        return int(np.ceil(np.log(delta) / np.log1p(-alpha) - 1e-9))
    n = 1
    while rank(n, alpha, delta, files) == 0:
        n += max(1, n // 20)
        if n > 10_000_000:
            raise InputError(f"no number of labels promises {alpha:.1%} among {files} files; ask for more files")
    return n


def upper_bound(wrong: float, n: float, delta: float) -> float:
    """Exact upper bound (Clopper and Pearson 1934) of a share of which `wrong` in `n` were seen; 1 without any."""
    from scipy.stats import beta

    return float(beta.ppf(1 - delta, wrong + 1, n - wrong)) if wrong < n else 1.0


def fit(labelled: Labelled, promise: Promise | None = None, costs: Costs | None = None) -> Thresholds:
    """Thresholds out of labelled files.

    With `costs` the risk must be a probability: then a file is approved (rejected) only where that is also cheaper than
    a look. Costs can only make the thresholds stricter, so the promise stays. Raises InputError for a risk that is not
    a number and a weight that is not above 0.
    """
    promise = promise or Promise()
    risk, bad, weight = labelled.risk, labelled.bad, labelled.weight
    wrong = ~(np.isfinite(risk) & (weight > 0))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"labelled file {at}: the risk {risk[at]} must be a number and the weight {weight[at]} above 0"
        )
    worst, worst_weight = _ordered(risk[bad], weight[bad])
    best, best_weight = _ordered(-risk[~bad], weight[~bad])
    k_approve = _rank(worst_weight, promise.alpha, promise.delta, promise.files)
    k_reject = _rank(best_weight, promise.beta, promise.delta, promise.files)
    approve = float(worst[k_approve - 1]) if k_approve else -np.inf
    reject = -float(best[k_reject - 1]) if k_reject else np.inf
    if reject < approve:  # both are promised in between: there the one is as likely to be wrong as the other
        approve = reject = float(np.clip(_balance(worst, -best), reject, approve))
    if costs is not None:
        cheap_approve, cheap_reject = cheapest(costs)
        approve, reject = min(approve, cheap_approve), max(reject, cheap_reject)
    return Thresholds(
        approve,
        reject,
        _bound(worst < approve, worst_weight, promise.delta),
        _bound(best < -reject, best_weight, promise.delta),
        len(worst),
        len(best),
    )


def _ordered(risk: Floats, weight: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(risk, kind="stable")
    return risk[order], weight[order]


def _bound(wrong: NDArray[np.bool_], weight: Floats, delta: float) -> float:
    if not len(weight):
        return 1.0
    unit = float(weight[: int(wrong.sum()) + 1].max())
    return upper_bound(float(weight[wrong].sum()) / unit, float(weight.sum()) / unit, delta)


def cheapest(costs: Costs) -> tuple[float, float]:
    """(approve below, reject above): where the expected cost is least, for a risk that is a probability."""
    if min(costs.wrong_approve, costs.wrong_reject, costs.look) <= 0:
        raise InputError(f"every cost must be above 0, not {costs}")
    approve, reject = costs.look / costs.wrong_approve, 1 - costs.look / costs.wrong_reject
    if approve > reject:  # looks cost more than they save
        approve = reject = costs.wrong_reject / (costs.wrong_approve + costs.wrong_reject)
    return approve, reject


def _balance(bad: Floats, good: Floats) -> float:
    """The risk at which as large a share of the bad lies below as of the good above."""
    levels = np.unique(np.concatenate([bad, good]))
    below = np.searchsorted(bad, levels, side="left") / len(bad)
    above = 1 - np.searchsorted(np.sort(good), levels, side="right") / len(good)
    return float(levels[int(np.argmin(np.abs(below - above)))])
