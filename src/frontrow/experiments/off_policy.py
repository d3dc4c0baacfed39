"""What a policy would have earned, told from the decisions of another one.

Estimators: IPS (Horvitz and Thompson 1952), SNIPS (Swaminathan and Joachims 2015), direct method, doubly robust
(Dudik, Langford, Li 2011; the default) and switch-DR (Wang, Agarwal, Dudik 2017). Each is a mean of per-row scores,
so one clustered bootstrap and one empirical-Bernstein bound (Maurer and Pontil 2009) serve them all. An answer is
refused when the log says too little about the policy; the direct method, which would never notice, is only shown
beside the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.experiments import reward_model

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ESTIMATORS: Final = ("dr", "ips", "snips", "switch-dr")
MIN_ESS: Final = 200.0
"""Effective sample size below which nothing is said."""
MEAN_WEIGHT_ERRORS: Final = 3.0
FOLDS: Final = 5
BOOTSTRAPS: Final = 2_000
SWITCH_QUANTILE: Final = 0.99
"""Switch-DR trusts the reward model alone where the weight is above this quantile of the logged weights."""


@dataclass(frozen=True)
class Decisions:
    """Logged decisions; all arrays have one length but `policy`."""

    action: Ints  # code from 0
    reward: Floats
    propensity: Floats  # of the logged action under the policy that logged it
    policy: Floats  # (rows, actions): probability of every action under the policy to judge
    features: Floats  # (rows, d): what the reward model may know of the context
    cluster: Ints  # viewer, code from 0; rows of one viewer are not independent
    labels: tuple[str, ...]  # of the actions


@dataclass(frozen=True)
class Interval:
    """Value of the policy: mean reward a decision, with two 95% intervals."""

    value: float
    low: float | None  # clustered bootstrap; None for the direct method, whose own error no interval knows
    high: float | None
    bernstein_low: float | None  # clustered empirical Bernstein: wider, and needs no large sample
    bernstein_high: float | None


@dataclass(frozen=True)
class Evaluation:
    """Everything that is known; `refused` says why nothing should be concluded, and then `chosen` is None."""

    estimator: str
    chosen: Interval | None
    estimates: dict[str, Interval]  # dm among them: never alone
    logged_value: float  # mean reward of the policy that logged
    ess: float
    mean_weight: float
    mean_weight_error: float
    max_weight_share: float
    refused: str | None


def check(decisions: Decisions) -> None:
    """Raise InputError for propensities of 0 or above 1, policies that are no distributions, rewards of NaN."""
    p = decisions.propensity
    bad = ~((p > 0) & (p <= 1))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"row {row + 1} has propensity {p[row]} ({int(bad.sum())} such rows); it must be above 0 and at most 1: "
            "log the probability with which the action was drawn"
        )
    bad = ~np.isfinite(decisions.reward)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"row {row + 1} has reward {decisions.reward[row]} ({int(bad.sum())} such rows); write 0 for none"
        )
    total = decisions.policy.sum(1)
    bad = (np.abs(total - 1) > 1e-6) | (decisions.policy < 0).any(1)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"the policy's probabilities add up to {total[row]:.6g} in row {row + 1} ({int(bad.sum())} such rows); "
            "they must be 0 or more and add up to 1 in every context"
        )


def evaluate(
    decisions: Decisions, rng: np.random.Generator, *, estimator: str = "dr", alpha: float = 0.05
) -> Evaluation:
    """Value of the policy by every estimator, `estimator` chosen. Raises InputError as `check`, or for its name."""
    if estimator not in ESTIMATORS:
        beside = "; the direct method is only shown beside the others" if estimator == "dm" else ""
        raise InputError(f"no estimator {estimator!r}; choose {', '.join(ESTIMATORS)}{beside}")
    check(decisions)
    rows = np.arange(decisions.action.size)
    weight = decisions.policy[rows, decisions.action] / decisions.propensity
    clusters = int(decisions.cluster.max()) + 1
    mean_weight = float(weight.mean())
    error = _clustered_error(weight, decisions.cluster, clusters)
    ess = float(weight.sum() ** 2 / max(float(weight @ weight), 1e-300))
    share = float(weight.max() / max(float(weight.sum()), 1e-300))
    refused = _refusal(decisions, ess, mean_weight, error)

    fold = rng.permutation(clusters)[decisions.cluster] % FOLDS
    expected = reward_model.cross_fit(
        decisions.features, decisions.action, decisions.reward, decisions.policy.shape[1], fold
    )
    direct = (decisions.policy * expected).sum(1)
    residual = decisions.reward - expected[rows, decisions.action]
    trusted = weight <= np.quantile(weight, SWITCH_QUANTILE)
    scores = {
        "dr": direct + weight * residual,
        "ips": weight * decisions.reward,
        "snips": weight * decisions.reward,
        "switch-dr": direct + np.where(trusted, weight * residual, 0.0),
    }
    draws = rng.multinomial(clusters, np.full(clusters, 1 / clusters), BOOTSTRAPS).astype(np.float32)
    size = _sums(np.ones(weight.size), decisions.cluster, clusters)
    weights = _sums(weight, decisions.cluster, clusters)
    estimates = {}
    for name, score in scores.items():
        base = weights if name == "snips" else size
        estimates[name] = _interval(_sums(score, decisions.cluster, clusters), base, draws, alpha)
    estimates["dm"] = Interval(float(direct.mean()), None, None, None, None)
    return Evaluation(
        estimator, None if refused else estimates[estimator], {} if refused else estimates,
        float(decisions.reward.mean()), ess, mean_weight, error, share, refused,
    )  # fmt: skip


def _refusal(decisions: Decisions, ess: float, mean_weight: float, error: float) -> str | None:
    """Why the log cannot answer, or None."""
    seen = np.bincount(decisions.action, minlength=decisions.policy.shape[1]) > 0
    unseen = decisions.policy[:, ~seen].sum(1).mean()
    if unseen > 0.01:
        worst = decisions.labels[int(np.argmax(np.where(seen, 0, decisions.policy.mean(0))))]
        return (
            f"{unseen:.1%} of what the policy would do was never logged (most of it {worst!r}); evaluate a policy "
            "closer to the one that logged, or log with exploration"
        )
    if ess < MIN_ESS:
        return (
            f"the effective sample size is {ess:.0f} of {decisions.action.size} rows, under {MIN_ESS:.0f}: the log has "
            "too few decisions that the policy would also have taken; log more, or evaluate a policy closer to it"
        )
    if abs(mean_weight - 1) > MEAN_WEIGHT_ERRORS * error + 1e-9:
        return (
            f"the mean weight is {mean_weight:.4f}, further from 1 than three standard errors ({error:.4f}): the "
            "logged propensities are not those the actions were drawn with, or the log could not show some actions"
        )
    return None


def _interval(total: Floats, base: Floats, draws: NDArray[np.float32], alpha: float) -> Interval:
    """Ratio of sums over clusters, with its intervals; `base` is rows (or weights, for SNIPS) a cluster."""
    value = float(total.sum() / base.sum())
    below = np.maximum(draws @ base.astype(np.float32), 1e-12)
    resampled = (draws @ (total - value * base).astype(np.float32)) / below
    spread = np.quantile(resampled, [alpha / 2, 1 - alpha / 2])
    # Empirical Bernstein on the clusters' contributions; their range is the observed one, both tails alike.
    parts = (total - value * base) / (base.sum() / base.size)
    count = parts.size
    log_term = np.log(4 / alpha)
    reach = np.sqrt(2 * parts.var(ddof=1) * log_term / count) if count > 1 else np.inf
    reach = float(reach + 7 * np.ptp(parts) * log_term / (3 * max(count - 1, 1)))
    return Interval(value, value + float(spread[0]), value + float(spread[1]), value - reach, value + reach)


def _clustered_error(weight: Floats, cluster: Ints, clusters: int) -> float:
    """Standard error of the mean weight when a viewer's rows go together."""
    if clusters < 2:
        return np.inf
    sums = _sums(weight - weight.mean(), cluster, clusters)
    return float(np.sqrt((sums @ sums) * clusters / (clusters - 1)) / weight.size)


def _sums(value: Floats, cluster: Ints, clusters: int) -> Floats:
    return np.asarray(np.bincount(cluster, value, clusters), np.float64)
