"""What the line will carry next, and how sure that is.

A quick and a slow running mean of the logarithm of the measured rates, mixed, and the mean size of the mix's surprises.
The spread of the next surprise given that size is learnt from sessions, as a few points in each of a few classes of
volatility. Everything is a ratio, so what was learnt on slow lines serves fast ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frontrow.delivery.link import Floats, Ints

JUMP_WIDTH = 0.5
"""Log units over which the slow mean's gain grows from a surprise of the size `jump` on."""


@dataclass(frozen=True)
class PredictorConfig:
    """How the running means follow the line; found on training traces (docs/streaming.md)."""

    quick: float = 0.8
    """Share of a surprise that the quick mean takes on, 0 to 1."""
    slow: float = 0.07
    """The same of the slow mean."""
    jump: float = 1.0
    """Size of a surprise, in log units, from which the line counts as another one and the slow mean follows faster."""
    jump_slow: float = 0.5
    """Share of a surprise half a log unit above `jump`, or more, that the slow mean takes on."""
    mix: float = 0.5
    """Weight of the quick mean in the prediction, 0 to 1; the rest is the slow one's, to which the line returns."""
    volatility: float = 0.3
    """The same for the mean size of surprises."""
    classes: int = 4
    """Classes of volatility, equally many surprises each."""
    shares: tuple[float, ...] = (0.02, 0.08, 0.15, 0.15, 0.15, 0.15, 0.15, 0.15)
    """Probability of each point that stands for a part of a class's spread, from the worst surprises up; sums to 1. The
    first is small, so that a rare collapse of the line is a point of its own."""
    outage: float = 0.0005
    """Chance that nothing comes for a while during a segment, whatever the line did before and does after. On
    the training traces it costs nothing under Sabre's rules; with one cut into each it takes a fifth of the stalls."""
    outage_s: float = 20.0
    """How long, seconds: a tunnel, a lift, a cell that is full."""


@dataclass(frozen=True)
class Predictor:
    """A fitted predictor; plain numbers, so that Python and the browser read the same."""

    config: PredictorConfig
    volatilities: Floats
    """(classes,) mean sizes of surprises, in log units, ascending; between them is interpolated."""
    surprises: Floats
    """(classes, points) log ratio of the next rate to the prediction, at `config.shares`."""
    first_volatility: float
    """What is assumed of a line measured once."""

    @property
    def spread(self) -> tuple[Floats, Floats, Floats]:
        """(classes, cases) surprises, (cases,) chances and (cases,) seconds of outage; the last case is the outage."""
        config, classes = self.config, len(self.volatilities)
        chances = np.append(np.array(config.shares) * (1.0 - config.outage), config.outage)
        outage_s = np.append(np.zeros(len(config.shares)), config.outage_s)
        return np.column_stack([self.surprises, np.zeros(classes)]), chances, outage_s

    def step(
        self, slow: Floats, trend: Floats, volatility: Floats, point: Ints
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Log rate of the next segment at one point of the spread; slow mean, trend and volatility after it."""
        config = self.config
        surprise = self._surprise(volatility, point)
        change = config.mix * trend + surprise  # of the rate from the slow mean
        after_slow = slow + slow_gain(config, np.abs(surprise)) * change
        after_quick = slow + trend + config.quick * (change - trend)
        after_volatility = volatility + config.volatility * (np.abs(surprise) - volatility)
        return slow + change, after_slow, after_quick - after_slow, after_volatility

    def _surprise(self, volatility: Floats, point: Ints) -> Floats:
        levels, surprises = self.volatilities, self.spread[0]
        if len(levels) == 1:
            return np.asarray(surprises[0, point])
        left = np.clip(np.searchsorted(levels, volatility, side="right") - 1, 0, len(levels) - 2)
        part = np.clip((volatility - levels[left]) / (levels[left + 1] - levels[left]), 0.0, 1.0)
        return np.asarray((1.0 - part) * surprises[left, point] + part * surprises[left + 1, point])


@dataclass
class Belief:
    """What is held of each session's line; arrays of one length."""

    quick: Floats
    slow: Floats
    volatility: Floats
    seen: Floats

    @classmethod
    def none(cls, sessions: int) -> Belief:
        """Before anything was measured."""
        return cls(*(np.zeros(sessions) for _ in range(4)))

    def take(self, who: Ints) -> Belief:
        """The part of some sessions."""
        return Belief(self.quick[who], self.slow[who], self.volatility[who], self.seen[who])

    def put(self, who: Ints, part: Belief) -> None:
        """Replace the part of some sessions."""
        self.quick[who], self.slow[who], self.volatility[who], self.seen[who] = (
            part.quick, part.slow, part.volatility, part.seen,
        )  # fmt: skip

    def mean(self, config: PredictorConfig) -> Floats:
        """The prediction: logarithm of kbit/s."""
        return config.mix * self.quick + (1.0 - config.mix) * self.slow


def slow_gain(config: PredictorConfig, surprise: Floats) -> Floats:
    """Share of the way to a measured rate that the slow mean goes after a surprise of that size."""
    part = np.clip((surprise - config.jump) / JUMP_WIDTH, 0.0, 1.0)
    return np.asarray(config.slow + (config.jump_slow - config.slow) * part)


def follow(belief: Belief, log_rate: Floats, config: PredictorConfig, first_volatility: float) -> Belief:
    """The belief after one more measured rate. The first sets the means; the next few weigh more than later ones."""
    first = belief.seen == 0
    fresh = 1.0 / (1.0 + belief.seen)
    surprise = np.abs(log_rate - belief.mean(config))
    slow = slow_gain(config, surprise)
    return Belief(
        np.where(first, log_rate, belief.quick + np.maximum(config.quick, fresh) * (log_rate - belief.quick)),
        np.where(first, log_rate, belief.slow + np.maximum(slow, fresh) * (log_rate - belief.slow)),
        np.where(first, first_volatility, belief.volatility + config.volatility * (surprise - belief.volatility)),
        belief.seen + 1.0,
    )


def fit(log_rates: list[Floats], config: PredictorConfig = PredictorConfig()) -> Predictor:
    """Learn surprises from sessions: `log_rates` holds each session's measured rates in order, as logarithms.

    A point is the mean of its share of the surprises, so that the whole keeps their mean and most of their spread.
    """
    longest = max(len(series) for series in log_rates)
    table = np.full((len(log_rates), longest), np.nan)
    for row, series in zip(table, log_rates, strict=True):
        row[: len(series)] = series
    first_volatility = 0.2
    for _ in range(2):  # the second pass starts from the volatility that the first one found
        belief = Belief.none(len(table))
        sizes, found = [], []
        for seen in range(longest):
            known = np.flatnonzero(~np.isnan(table[:, seen]))
            surprise = table[known, seen] - belief.mean(config)[known]
            if seen >= 2:
                sizes.append(belief.volatility[known])
                found.append(surprise)
            nxt = follow(belief.take(known), table[known, seen], config, first_volatility)
            belief.put(known, nxt)
        size, surprise = np.concatenate(sizes), np.concatenate(found)
        first_volatility = float(np.abs(surprise).mean())
    groups = np.array_split(np.argsort(size, kind="stable"), config.classes)
    points = [_points(np.sort(surprise[group]), config.shares) for group in groups]
    return Predictor(config, np.array([size[group].mean() for group in groups]), np.array(points), first_volatility)


def blend(present: Predictor, refit: Predictor, trust: float) -> Predictor:
    """`trust` of the way from the present predictor to one that was refitted with as many classes; gains stay."""
    parts = [
        (1.0 - trust) * old + trust * new
        for old, new in (
            (present.volatilities, refit.volatilities), (present.surprises, refit.surprises),
            (np.array(present.first_volatility), np.array(refit.first_volatility)),
        )
    ]  # fmt: skip
    return Predictor(present.config, parts[0], parts[1], float(parts[2]))


def _points(ordered: Floats, shares: tuple[float, ...]) -> list[float]:
    """The mean of each share of the ordered surprises."""
    ends = np.round(np.cumsum(shares) * len(ordered)).astype(int)
    return [float(part.mean()) for part in np.split(ordered, ends[:-1])]
