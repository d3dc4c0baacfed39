"""Lines that behave like measured ones, from a hidden Markov model with a quick and a slow Gaussian state.

A line's mean and spread of the logarithm of its rate are those of a measured line, drawn by chance. Around them the two
hidden states, both autoregressive, add up to a standard normal path, which is mapped to the values that were measured
(a Gaussian copula): so level, spread, shape and memory of the lines are kept. Calm and restless lines have states of
their own. (CS2P, Sun et al., SIGCOMM 2016, has discrete states; their values within a state forget each other, which
loses a fifth of the memory from second to second.)
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frontrow.delivery.link import Floats, Trace
from frontrow.errors import InputError

_LEAST_KBPS = 1.0
_POINTS = 128  # of the shape
_LAGS = np.array([1, 2, 5, 10])
_SLOW = (0.8, 0.9, 0.94, 0.96, 0.98, 0.99, 0.995, 0.999)
_QUICK = (0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.9)
_WEIGHTS = np.linspace(0.0, 1.0, 21)
_FEWEST = 12  # rates of a line that says something about memory


@dataclass(frozen=True)
class GeneratorConfig:
    """How lines are described."""

    step_s: float = 1.0
    """Seconds that a rate holds, > 0; the traces are resampled to it."""
    kinds: int = 3
    """Kinds of line, from calm to restless, equally many lines each."""
    latency_s: float = 0.05
    """Latency of the lines made, seconds."""


@dataclass(frozen=True)
class Kind:
    """Lines that move alike."""

    share: float
    """Of the measured time."""
    levels: Floats
    """(lines,) mean log kbit/s."""
    spreads: Floats
    """(lines,) standard deviation of the log rate."""
    chances: Floats
    """(lines,) of drawing each, by its length."""
    shape: Floats
    """(points,) quantiles of the log rate, as standard deviations from the line's level."""
    slow: float
    """Autoregression a step of the slow state."""
    quick: float
    slow_share: float
    """Of the variance that is the slow state's."""


@dataclass(frozen=True)
class LineModel:
    """What was fitted."""

    config: GeneratorConfig
    kinds: list[Kind]


def fit(traces: Sequence[Trace], config: GeneratorConfig = GeneratorConfig()) -> LineModel:
    """Learn from measured lines. Raises InputError where no line has as many as twelve rates."""
    series = [np.log(np.maximum(resample(trace, config.step_s), _LEAST_KBPS)) for trace in traces]
    series = [x for x in series if len(x) >= _FEWEST and np.ptp(x) > 1e-9]
    if not series:
        raise InputError(
            f"none of {len(traces)} lines lasts {_FEWEST * config.step_s:g} s and varies; give longer ones"
        )
    order = np.argsort([x.std() for x in series], kind="stable")
    total = sum(len(x) for x in series)
    groups = np.array_split(order, min(config.kinds, len(series)))
    return LineModel(config, [_fit_kind([series[i] for i in group], total) for group in groups])


def generate(model: LineModel, count: int, seconds: float, rng: np.random.Generator) -> list[Trace]:
    """`count` lines of `seconds`; the same state of `rng` gives the same lines."""
    steps = max(int(np.ceil(seconds / model.config.step_s)), 2)
    durations, latencies = np.full(steps, model.config.step_s), np.full(steps, model.config.latency_s)
    picks = rng.choice(len(model.kinds), count, p=[kind.share for kind in model.kinds])
    lines = []
    for number, pick in enumerate(picks):
        kind = model.kinds[pick]
        own = rng.choice(len(kind.levels), p=kind.chances)
        slow, quick = _walk(kind.slow, steps, rng), _walk(kind.quick, steps, rng)
        path = np.sqrt(kind.slow_share) * slow + np.sqrt(1.0 - kind.slow_share) * quick
        path -= path.mean()
        path /= np.sqrt(1.0 - _mean_variance(kind, steps))
        log_kbps = kind.levels[own] + kind.spreads[own] * _shaped(path, kind.shape)
        lines.append(Trace(f"generated-{number}", durations, np.exp(log_kbps), latencies))
    return lines


def resample(trace: Trace, step_s: float) -> Floats:
    """Mean kbit/s of each whole step of a trace."""
    times = np.concatenate(([0.0], np.cumsum(trace.duration_s)))
    sums = np.concatenate(([0.0], np.cumsum(trace.duration_s * trace.kbps)))
    steps = np.arange(int(times[-1] / step_s + 1e-9) + 1) * step_s
    return np.asarray(np.diff(np.interp(steps, times, sums)) / step_s)


def autocorrelations(series: Sequence[Floats], lags: Any = _LAGS) -> Floats:
    """Autocorrelation around each series' own mean, over all series together; 0 where none is long enough."""
    found = []
    for lag in lags:
        pairs = [(x[:-lag] - x.mean(), x[lag:] - x.mean()) for x in series if len(x) > lag]
        power = sum(float(x.var()) * (len(x) - lag) for x in series if len(x) > lag)
        found.append(sum(float(a @ b) for a, b in pairs) / power if power > 0 else 0.0)
    return np.array(found)


def _fit_kind(series: list[Floats], total: int) -> Kind:
    lengths = np.array([len(x) for x in series], float)
    scaled = [(x - x.mean()) / x.std() for x in series]
    shape = np.quantile(np.concatenate(scaled), (np.arange(_POINTS) + 0.5) / _POINTS)
    normal = [_normal_scores(x, shape) for x in scaled]
    measured, steps = autocorrelations(normal), int(np.median(lengths))
    best, states = np.inf, (0.9, 0.0, 0.5)
    for slow, quick in itertools.product(_SLOW, _QUICK):
        if quick >= slow:
            continue
        for share in _WEIGHTS:
            expected = _expected(slow, quick, float(share), steps)
            off = float(np.sum((expected - measured) ** 2))
            if off < best:
                best, states = off, (slow, quick, float(share))
    levels, spreads = np.array([x.mean() for x in series]), np.array([x.std() for x in series])
    return Kind(float(lengths.sum() / total), levels, spreads, lengths / lengths.sum(), shape, *states)


def _expected(slow: float, quick: float, share: float, steps: int) -> Floats:
    """Autocorrelation that lines of `steps` show around their own means, which is less than the process has."""
    own = share * slow**_LAGS + (1.0 - share) * quick**_LAGS
    lost = share * _lost(slow, steps) + (1.0 - share) * _lost(quick, steps)
    return np.asarray((own - lost) / (1.0 - lost))


def _lost(phi: float, steps: int) -> float:
    """Variance of the mean of `steps` values of an autoregression of variance 1."""
    lags = np.arange(1, steps)
    return float((1.0 + 2.0 * np.sum((1.0 - lags / steps) * phi**lags)) / steps)


def _mean_variance(kind: Kind, steps: int) -> float:
    return kind.slow_share * _lost(kind.slow, steps) + (1.0 - kind.slow_share) * _lost(kind.quick, steps)


def _walk(phi: float, steps: int, rng: np.random.Generator) -> Floats:
    """An autoregression of variance 1, already under way."""
    noise = rng.normal(size=steps) * np.sqrt(1.0 - phi**2)
    path = np.empty(steps)
    path[0] = rng.normal()
    for step in range(1, steps):
        path[step] = phi * path[step - 1] + noise[step]
    return path


def _normal_scores(values: Floats, shape: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.interp(values, shape, (np.arange(_POINTS) + 0.5) / _POINTS)))


def _shaped(path: Floats, shape: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(np.interp(ndtr(path), (np.arange(_POINTS) + 0.5) / _POINTS, shape))
