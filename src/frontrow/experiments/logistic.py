"""Hierarchical logistic Thompson sampling: what one arm teaches about a context, it teaches about every arm like it.

The log-odds of a click are linear in the context x, with coefficients a_k M + d_k for arm k: a part that follows from
the arm's features a_k, shared by all arms, and a departure of its own, kept small by its prior until data insists.
The posterior of (M, d) is a Gaussian (Laplace's approximation, updated in batches: Chapelle and Li 2011). A model
carries its posterior draws, so decisions between two updates are replayable, cheap, and have propensities that are
exact given the draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from frontrow.errors import InputError
from frontrow.experiments import choices

Floats = NDArray[np.float64]

NEWTON_STEPS = 20


@dataclass(frozen=True)
class LogisticConfig:
    """Beliefs before any data."""

    base_rate: float = 0.05  # rate of an average arm, (0, 1); a click rate
    base_sd: float = 1.0  # of the log-odds around it; 1 allows 2% to 12% at one standard deviation
    shared_sd: float = 0.25  # of the shared coefficients, for features of unit variance
    departure_sd: float = 0.15  # of an arm's own departure: less than what features explain
    spread: float = 0.3  # of the draws, in posterior standard deviations, above 0; 1 explores more than pays
    draws: int = 128  # posterior draws a model carries; propensities move in steps of 1 / draws
    floor: float = choices.FLOOR  # share of decisions spread evenly over the eligible arms, above 0


@dataclass(frozen=True)
class LogisticThompson:
    """Posterior over K arms with `da` features in contexts of `dx`; coefficients: shared first, then arm by arm."""

    arms: Floats  # (K, 1 + da), first column 1
    mean: Floats  # (D,), D = (1 + da + K) (1 + dx)
    precision: Floats  # (D, D)
    weights: Floats  # (1 + dx, K, S): posterior draws of each arm's coefficients
    config: LogisticConfig

    def propensities(self, contexts: ArrayLike, eligible: NDArray[np.bool_] | None = None) -> Floats:
        """Probability of each arm in each context, shape (n, K); `contexts` (n, dx), `eligible` (n, K)."""
        x = self._contexts(contexts)
        size, arms, draws = self.weights.shape
        scores = (x.astype(np.float32) @ self.weights.reshape(size, -1)).reshape(-1, arms, draws)
        return choices.propensities(scores, eligible, self.config.floor)

    def expected(self, contexts: ArrayLike) -> Floats:
        """Rate of each arm in each context at the posterior mean, shape (n, K)."""
        x = self._contexts(contexts)
        return np.asarray(1 / (1 + np.exp(-(x @ _by_arm(self.mean[None], self.arms, x.shape[1])[0].T))))

    def update(
        self,
        contexts: ArrayLike,
        arm: ArrayLike,
        reward: ArrayLike,
        rng: np.random.Generator,
        trials: ArrayLike = 1.0,
    ) -> LogisticThompson:
        """The posterior after more outcomes, with fresh draws.

        `contexts` (n, dx), `arm` (n,), and `reward` (n,) successes out of `trials`, by default one.
        """
        x, arm, y = self._contexts(contexts), np.asarray(arm, np.intp), np.asarray(reward, np.float64)
        count = np.broadcast_to(np.asarray(trials, np.float64), y.shape)
        bad = ~((y >= 0) & (y <= count))
        if bad.any():
            raise InputError(f"a reward is {y[bad][0]} of {count[bad][0]}; it must lie between 0 and its trials")
        if arm.size and (arm.min() < 0 or arm.max() >= len(self.arms)):
            raise InputError(f"an outcome names arm {arm.max()}; there are {len(self.arms)}, counted from 0")
        mean, precision = _laplace(self._features(x, arm), y, count, self.mean, self.precision)
        weights = _draw(mean, precision, self.arms, x.shape[1], self.config, rng)
        return replace(self, mean=mean, precision=precision, weights=weights)

    def _contexts(self, contexts: ArrayLike) -> Floats:
        x = np.atleast_2d(np.asarray(contexts, np.float64))
        if not np.isfinite(x).all():
            raise InputError("a context holds a value that is not a number")
        if x.shape[1] + 1 != self.weights.shape[0]:
            raise InputError(f"a context has {x.shape[1]} values; this model knows {self.weights.shape[0] - 1}")
        return np.hstack([np.ones((len(x), 1)), x])

    def _features(self, x: Floats, arm: NDArray[np.intp]) -> Floats:
        """Rows of the joint design: the arm's features times the context, then the context in the arm's own block."""
        shared = self.arms[arm][:, :, None] * x[:, None, :]
        own = np.zeros((len(x), len(self.arms), x.shape[1]))
        own[np.arange(len(x)), arm] = x
        return np.concatenate([shared, own], axis=1).reshape(len(x), self.mean.size)


def start(
    arms: ArrayLike, context_size: int, rng: np.random.Generator, config: LogisticConfig | None = None
) -> LogisticThompson:
    """A model that has seen nothing: `arms` (K, da) are the arms' features, best with unit variance.

    Raises InputError for values that are not numbers or a configuration out of range.
    """
    config = config or LogisticConfig()
    features = np.atleast_2d(np.asarray(arms, np.float64))
    if not np.isfinite(features).all():
        raise InputError("an arm's feature is not a number")
    if not 0 < config.base_rate < 1 or min(config.base_sd, config.shared_sd, config.departure_sd, config.spread) <= 0:
        raise InputError("base_rate must lie between 0 and 1, and spread and standard deviations above 0")
    A = np.hstack([np.ones((len(features), 1)), features])
    size = context_size + 1
    mean = np.zeros((A.shape[1] + len(A)) * size)
    mean[0] = np.log(config.base_rate / (1 - config.base_rate))
    sd = np.full(mean.size, config.departure_sd)
    sd[: A.shape[1] * size] = config.shared_sd
    sd[0] = config.base_sd
    precision = np.diag(sd**-2.0)
    return LogisticThompson(A, mean, precision, _draw(mean, precision, A, size, config, rng), config)


def _laplace(features: Floats, y: Floats, trials: Floats, mean: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Mode and curvature of Gaussian prior times logistic likelihood, by damped Newton steps."""

    def loss(theta: Floats) -> float:
        score, away = features @ theta, theta - mean
        return float(trials @ np.logaddexp(0, score) - y @ score + away @ precision @ away / 2)

    theta, curvature = mean, precision
    for _ in range(NEWTON_STEPS):
        rate = 1 / (1 + np.exp(-(features @ theta)))
        gradient = features.T @ (trials * rate - y) + precision @ (theta - mean)
        curvature = precision + (features * (trials * rate * (1 - rate))[:, None]).T @ features
        step = linalg.cho_solve(linalg.cho_factor(curvature), gradient)
        size, before = 1.0, loss(theta)
        while loss(theta - size * step) > before and size > 1e-4:
            size /= 2
        theta = theta - size * step
        if np.abs(step).max() < 1e-6:
            break
    return theta, curvature


def _draw(
    mean: Floats, precision: Floats, arms: Floats, size: int, config: LogisticConfig, rng: np.random.Generator
) -> Floats:
    """Draws of each arm's coefficients, (1 + dx, K, S), single precision: they are multiplied at every decision."""
    root = np.linalg.cholesky(precision)
    noise = rng.standard_normal((mean.size, config.draws))
    theta = mean[:, None] + config.spread * linalg.solve_triangular(root, noise, lower=True, trans="T")
    return np.ascontiguousarray(_by_arm(theta.T, arms, size).transpose(2, 1, 0), np.float32)


def _by_arm(theta: Floats, arms: Floats, size: int) -> Floats:
    """Coefficients of each arm, (S, K, 1 + dx), out of joint coefficients (S, D)."""
    split = arms.shape[1] * size
    shared = np.einsum("kf,sfx->skx", arms, theta[:, :split].reshape(len(theta), arms.shape[1], size))
    return np.asarray(shared + theta[:, split:].reshape(len(theta), len(arms), size))
