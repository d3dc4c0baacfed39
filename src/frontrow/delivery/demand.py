"""Tomorrow's demand of every title from its daily counts: a dynamic Poisson model, all titles at once on arrays.

A title's share of demand on day t is exp(level + drift + weekend * w + decay(age)); the level stands still, the drift
is AR(1), w is 1 on weekends and -.4 on other days, decay the curve that launches fall along. Counts are Poisson; each
day's counts update the state by a Kalman filter in log space whose observation variance is 1/expected (West, Harrison
and Migon 1985, JASA 80: dynamic generalised linear models). A launch starts at what an editor expects. Of several sizes
of drift the one with the best one-day-ahead likelihood counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Array = npt.NDArray[np.float64]
_NOT_YET = -1e6


@dataclass(frozen=True)
class DemandConfig:
    """Priors of the model; standard deviations are in log units."""

    weekend_days: tuple[int, ...] = (5, 6)  # days of the week that are weekend, day 0 being a Monday
    level_sd: float = 1.5  # spread of titles around the mean title; catalogues are that skewed
    weekend_sd: float = 0.25  # spread of titles' weekend effects
    drift_memory: float = 0.9  # AR(1) coefficient a day, in [0, 1)
    drift_sd: tuple[float, ...] = (0.15, 0.3, 0.5, 0.8)  # stationary drift: the likelihood chooses one
    launch_sd: float = 0.4  # error of an editor's guess of a launch
    unguessed_launch_sd: float = 1.2  # spread of launches without a guess
    decay_by_week: tuple[float, ...] = (1.0, 0.71, 0.5, 0.35, 0.25, 0.18)  # prior launch curve: half in two weeks
    decay_weight: float = 1.5  # launches that the prior curve counts for


@dataclass
class Demand:
    """The state after the last day seen: mean (titles, 3) and covariance (titles, 3, 3) of level, drift, weekend."""

    config: DemandConfig
    drift_sd: float
    launch_day: npt.NDArray[np.int64]
    guess: Array  # share on the launch day; NaN: none
    mean: Array
    covariance: Array
    day: int = 0
    log_likelihood: float = 0.0
    launched: list[tuple[int, float, float]] = field(default_factory=list)  # age, log of observed over day one, weight
    day_one: dict[int, float] = field(default_factory=dict)  # share of a day's launches on that day

    def forecast(self, day: int) -> tuple[Array, Array]:
        """Expected share of each title on `day` (sums to 1) and the standard deviation of its logarithm."""
        ahead = day - self.day
        memory = self.config.drift_memory**ahead
        mean, covariance = self.mean.copy(), self.covariance.copy()
        mean[:, 1] *= memory
        covariance[:, 1, :] *= memory
        covariance[:, :, 1] *= memory
        covariance[:, 1, 1] += (1 - memory**2) * self.drift_sd**2
        h = self._loading(day)
        variance = np.einsum("i,nij,j->n", h, covariance, h)
        log_share = mean @ h + self._decay(day) + variance / 2
        log_share[self.launch_day > day] = _NOT_YET
        share = np.exp(log_share - log_share.max())
        return share / share.sum(), np.sqrt(variance)

    def so_far(self, counts: Array) -> Array:
        """Expected share of each title on the day after the last, when `counts` of its requests have been seen.

        The state stays as it is: a day is taken in once it is over.
        """
        day = self.day
        if counts.sum() <= 0:
            return self.forecast(day)[0]
        seen = replace(
            self, mean=self.mean.copy(), covariance=self.covariance.copy(), launched=list(self.launched),
            day_one=dict(self.day_one),
        )  # fmt: skip
        seen.update(counts)
        h = self._loading(day)
        log_share = seen.mean @ h + self._decay(day) + np.einsum("i,nij,j->n", h, seen.covariance, h) / 2
        log_share[self.launch_day > day] = _NOT_YET
        share = np.exp(log_share - log_share.max())
        return np.asarray(share / share.sum())

    def update(self, counts: Array) -> None:
        """Take in the counts of the day after the last, one a title."""
        day, total = self.day, counts.sum()
        self.day += 1
        if day > 0:
            self._drift()
        live = self.launch_day <= day
        if total <= 0 or not live.any():
            return
        h, offset = self._loading(day), self._decay(day)
        prior, seen = self.mean[live], counts[live]
        spread = self.covariance[live]
        gain_top = spread @ h
        variance = gain_top @ h
        eta0 = prior @ h + offset[live]
        # shares sum to one: the common level is free, so it is set before the counts are compared
        eta0 += np.log(total) - np.log(np.exp(eta0 + variance / 2).sum())
        expected = np.exp(eta0 + variance / 2)
        size = 1 / np.expm1(np.maximum(variance, 1e-6))  # of the negative binomial with that mean and variance
        self.log_likelihood += float(_negative_binomial(seen, expected, size).sum())
        eta = eta0.copy()
        for _ in range(8):  # posterior mode along h, by Newton's method
            rate = np.exp(np.minimum(eta, 30))
            step = (seen - rate - (eta - eta0) / variance) / (rate + 1 / variance)
            eta += np.clip(step, -1.0, 1.0)
        rate = np.exp(np.minimum(eta, 30))
        shrink = 1 / (variance + 1 / np.maximum(rate, 1e-9))
        self.mean[live] = prior + gain_top * ((eta - eta0) / variance)[:, None]
        self.covariance[live] = spread - gain_top[:, :, None] * gain_top[:, None, :] * shrink[:, None, None]
        self._learn_decay(day, counts / total)

    def _drift(self) -> None:
        memory = self.config.drift_memory
        self.mean[:, 1] *= memory
        self.covariance[:, 1, :] *= memory
        self.covariance[:, :, 1] *= memory
        self.covariance[:, 1, 1] += (1 - memory**2) * self.drift_sd**2

    def _loading(self, day: int) -> Array:
        return np.array([1.0, 1.0, 1.0 if day % 7 in self.config.weekend_days else -0.4])

    def _decay(self, day: int) -> Array:
        """Log of the launch curve at each title's age; 0 for what was in the catalogue before."""
        curve = self.decay_curve()
        age = day - self.launch_day
        new = (self.launch_day >= 0) & (age >= 0)
        return np.asarray(np.where(new, np.interp(age / 7, np.arange(len(curve)), np.log(curve)), 0.0))

    def decay_curve(self) -> Array:
        """Demand by whole weeks since launch over day one: the prior, moved by the launches seen so far."""
        prior = np.log(np.asarray(self.config.decay_by_week))
        if not self.launched:
            return np.asarray(np.exp(prior))
        ages, ratios, weights = (np.array(x) for x in zip(*self.launched, strict=True))
        curve = prior.copy()
        for week in range(1, len(prior)):
            near = np.maximum(1 - np.abs(ages / 7 - week), 0) * weights / 7
            curve[week] = (prior[week] * self.config.decay_weight + near @ ratios) / (
                self.config.decay_weight + near.sum()
            )
        return np.asarray(np.exp(curve - curve[0]))

    def _learn_decay(self, day: int, share: Array) -> None:
        launches = np.flatnonzero((self.launch_day >= 0) & (self.launch_day <= day))
        for launch in np.unique(self.launch_day[launches]):
            titles = launches[self.launch_day[launches] == launch]
            now = share[titles].sum()
            if day == launch:
                self.day_one[int(launch)] = now
            first = self.day_one.get(int(launch), 0.0)
            if first > 0 and now > 0:
                self.launched.append((day - int(launch), float(np.log(now / first)), float(np.sqrt(len(titles)))))


def begin(
    titles: int,
    config: DemandConfig,
    *,
    drift_sd: float,
    launch_day: npt.NDArray[np.int64],
    guess: Array,
    first_weekday: int = 0,
) -> Demand:
    """The state before the first day: titles alike but for guesses of launches. `first_weekday` 0 is Monday."""
    config = replace(config, weekend_days=tuple((day - first_weekday) % 7 for day in config.weekend_days))
    mean = np.zeros((titles, 3))
    covariance = np.zeros((titles, 3, 3))
    launch = launch_day >= 0
    guessed = launch & np.isfinite(guess) & (guess > 0)
    mean[:, 0] = -np.log(max(titles - launch.sum(), 1)) - config.level_sd**2 / 2
    mean[guessed, 0] = np.log(guess[guessed])
    covariance[:, 0, 0] = (
        np.where(guessed, config.launch_sd, np.where(launch, config.unguessed_launch_sd, config.level_sd)) ** 2
    )
    covariance[:, 1, 1] = drift_sd**2
    covariance[:, 2, 2] = config.weekend_sd**2
    return Demand(config, drift_sd, launch_day, guess, mean, covariance)


def fit(
    counts: Array,
    *,
    launch_day: npt.NDArray[np.int64] | None = None,
    guess: Array | None = None,
    config: DemandConfig | None = None,
    first_weekday: int = 0,
) -> Demand:
    """The state after the last row of `counts` (days, titles), with the drift that predicted those days best.

    `launch_day` counts from the first row; negative: in the catalogue before. `first_weekday` is 0 for Monday.
    Raises InputError for counts below 0 or not finite.
    """
    config = config or DemandConfig()
    if counts.ndim != 2 or not np.isfinite(counts).all() or (counts < 0).any():
        raise InputError("counts must be a table of days by titles, finite and 0 or more; clean the log first")
    titles = counts.shape[1]
    launch_day = np.full(titles, -999) if launch_day is None else launch_day
    guess = np.full(titles, np.nan) if guess is None else guess
    best: Demand | None = None
    for drift_sd in config.drift_sd:
        state = begin(
            titles, config, drift_sd=drift_sd, launch_day=launch_day, guess=guess, first_weekday=first_weekday
        )
        for row in counts:
            state.update(row)
        if best is None or state.log_likelihood > best.log_likelihood:
            best = state
    assert best is not None
    return best


def _negative_binomial(seen: Array, mean: Array, size: Array) -> Array:
    from scipy.special import gammaln

    return np.asarray(
        gammaln(seen + size) - gammaln(size) - gammaln(seen + 1)
        + size * np.log(size / (size + mean)) + seen * np.log(mean / (size + mean))
    )  # fmt: skip
