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
MIN_VIEWERS: Final = 30
"""Viewers below which the rows are too much alike for any interval."""
MEAN_WEIGHT_ERRORS: Final = 3.0
FOLDS: Final = 5
BOOTSTRAPS: Final = 2_000
BOOTSTRAP_CHUNK: Final = 200
SWITCH_QUANTILES: Final = (0.9, 0.95, 0.99, 1.0)
"""Where switch-DR may stop correcting the reward model: quantiles of the weights; 1 never stops, which is plain DR."""


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
    estimates: dict[str, Interval] = {}
    if refused is None:
        fold = rng.permutation(clusters)[decisions.cluster] % FOLDS
        scores, direct = _scores(decisions, weight, fold)
        size = np.ones(weight.size)
        columns = {name: (score, weight if name == "snips" else size) for name, score in scores.items()}
        estimates = _intervals(columns, decisions, clusters, rng, alpha)
        estimates["dm"] = Interval(direct, None, None, None, None)
    return Evaluation(
        estimator, estimates.get(estimator), estimates, float(decisions.reward.mean()), ess, mean_weight, error, share,
        refused,
    )  # fmt: skip


def _scores(decisions: Decisions, weight: Floats, fold: Ints) -> tuple[dict[str, Floats], float]:
    """Each estimator's score of each row, and the direct method's value."""
    expected = reward_model.cross_fit(
        decisions.features, decisions.action, decisions.reward, decisions.policy.shape[1], fold
    )
    direct = (decisions.policy * expected).sum(1)
    residual = decisions.reward - expected[np.arange(weight.size), decisions.action]
    scores = {
        "dr": direct + weight * residual,
        "ips": weight * decisions.reward,
        "snips": weight * decisions.reward,
        "switch-dr": _switch(direct, weight * residual, weight, float(np.ptp(decisions.reward))),
    }
    return scores, float(direct.mean())


def _switch(direct: Floats, correction: Floats, weight: Floats, reward_range: float) -> Floats:
    """Scores with the correction left out above the weight whose bound on the squared error is least (Wang 2017)."""

    def bound(quantile: float) -> tuple[float, Floats]:
        trusted = weight <= np.quantile(weight, quantile)
        score = direct + np.where(trusted, correction, 0.0)
        # What the policy would do where the correction is left out, times the worst that the reward model may be off.
        bias = reward_range * float(np.where(trusted, 0.0, weight).mean())
        return float(score.var()) / score.size + bias**2, score

    return min((bound(quantile) for quantile in SWITCH_QUANTILES), key=lambda found: found[0])[1]


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
    viewers = int(decisions.cluster.max()) + 1
    if viewers < MIN_VIEWERS:
        return f"the log holds {viewers} viewers; an interval needs {MIN_VIEWERS} or more"
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


def _intervals(
    columns: dict[str, tuple[Floats, Floats]],
    decisions: Decisions,
    clusters: int,
    rng: np.random.Generator,
    alpha: float,
) -> dict[str, Interval]:
    """Ratios of sums with their intervals; `columns` holds numerator and denominator by row.

    The bootstrap weighs whole clusters with exponential weights of mean 1 (the Bayesian bootstrap: Rubin 1981).
    """
    cluster, rewards = decisions.cluster, decisions.reward
    sums = {
        name: (_sums(top, cluster, clusters), _sums(base, cluster, clusters)) for name, (top, base) in columns.items()
    }
    value = {name: float(top.sum() / base.sum()) for name, (top, base) in sums.items()}
    away = np.column_stack([top - value[name] * base for name, (top, base) in sums.items()]).astype(np.float32)
    bases = np.column_stack([base for _, base in sums.values()]).astype(np.float32)
    shifts = []
    for _ in range(BOOTSTRAPS // BOOTSTRAP_CHUNK):
        times = rng.standard_exponential((BOOTSTRAP_CHUNK, clusters), np.float32)
        shifts.append((times @ away) / (times @ bases))
    low, high = np.quantile(np.concatenate(shifts), [alpha / 2, 1 - alpha / 2], axis=0)
    # Empirical Bernstein on the clusters' contributions; their range is the observed one. A mean reward lies among the
    # rewards, whatever the bound says.
    parts = away / bases.mean(0)
    log_term = np.log(4 / alpha)
    reach = np.sqrt(2 * parts.var(0, ddof=1) * log_term / clusters)
    reach += 7 * np.ptp(parts, axis=0) * log_term / (3 * (clusters - 1))
    least, most = float(rewards.min()), float(rewards.max())
    return {
        name: Interval(
            v, v + float(low[i]), v + float(high[i]), max(least, v - float(reach[i])), min(most, v + float(reach[i]))
        )
        for i, (name, v) in enumerate(value.items())
    }


def _clustered_error(weight: Floats, cluster: Ints, clusters: int) -> float:
    """Standard error of the mean weight when a viewer's rows go together."""
    if clusters < 2:
        return float("inf")
    sums = _sums(weight - weight.mean(), cluster, clusters)
    return float(np.sqrt((sums @ sums) * clusters / (clusters - 1)) / weight.size)


def _sums(value: Floats, cluster: Ints, clusters: int) -> Floats:
    return np.asarray(np.bincount(cluster, value, clusters), np.float64)
