"""Beta Thompson sampling: each arm's rate has a Beta posterior, and an arm is shown as often as it is believed best.

Thompson 1933; Chapelle and Li 2011. For arms without features; `logistic` shares what is learnt between arms and
contexts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from frontrow.errors import InputError
from frontrow.experiments import choices

Floats = NDArray[np.float64]

DRAWS = 512
"""Posterior draws a call: propensities are good to two hundredths, and exact as those of the policy that drew."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(96)


@dataclass(frozen=True)
class BetaThompson:
    """Posterior of K rates."""

    successes: Floats  # shape (K,), prior included
    failures: Floats

    def propensities(
        self, rng: np.random.Generator, eligible: NDArray[np.bool_] | None = None, floor: float = choices.FLOOR
    ) -> Floats:
        """Monte-Carlo probability of each arm, shape (n, K), for n decisions with their `eligible` (n, K); one without.

        Decisions between two updates share their draws, as they share their beliefs.
        """
        draws = rng.beta(self.successes[:, None], self.failures[:, None], (self.successes.size, DRAWS))
        if eligible is None:
            return choices.propensities(draws[None], floor=floor)
        return choices.shared_propensities(draws, eligible, floor)

    def exact_propensities(self, floor: float = choices.FLOOR) -> Floats:
        """Probability that each arm is best, by quadrature over its own quantiles; shape (K,)."""
        u = (NODES + 1) / 2
        rate = special.betaincinv(self.successes[:, None], self.failures[:, None], u)
        below = special.betainc(self.successes[:, None, None], self.failures[:, None, None], rate[None])
        arms = self.successes.size
        below[np.arange(arms), np.arange(arms)] = 1.0  # an arm need not beat itself
        best = (below.prod(0) * WEIGHTS / 2).sum(-1)
        return np.asarray((1 - floor) * best / best.sum() + floor / arms)

    def update(self, arm: ArrayLike, reward: ArrayLike, trials: ArrayLike = 1.0) -> BetaThompson:
        """Add outcomes: `reward` successes out of `trials` for each of `arm`, arrays of one shape."""
        arm, reward = np.atleast_1d(arm), np.atleast_1d(np.asarray(reward, np.float64))
        trials = np.broadcast_to(np.asarray(trials, np.float64), reward.shape)
        if not np.isfinite(reward).all() or (reward < 0).any() or (reward > trials).any():
            raise InputError("rewards must be numbers between 0 and their trials")
        arms = self.successes.size
        return BetaThompson(
            self.successes + np.bincount(arm, reward, arms), self.failures + np.bincount(arm, trials - reward, arms)
        )


def start(arms: int, rate: float = 0.5, weight: float = 2.0) -> BetaThompson:
    """A prior of `weight` trials at `rate` for each of `arms` arms; 0.5 and 2 are the flat one."""
    if arms < 1 or not 0 < rate < 1 or weight <= 0:
        raise InputError(f"arms {arms}, rate {rate}, weight {weight}: want 1 or more, between 0 and 1, above 0")
    return BetaThompson(np.full(arms, rate * weight), np.full(arms, (1 - rate) * weight))
