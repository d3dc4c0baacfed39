"""Members a quarter ahead and more, region by region: damped trends averaged over their settings.

Two dozen quarters are too few to choose a smoothing constant by: choosing them on the past was worse (2.0% a quarter
ahead) than the plain mean over a grid (1.75%). So every setting of damped Holt (Gardner and McKenzie 1985, Management
Science 31) on the grid forecasts, on members and on their logarithm, and all count alike.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Array = npt.NDArray[np.float64]
LEVEL = (0.7, 0.8, 0.9, 1.0)  # weight of the newest quarter in the level
TREND = (0.1, 0.2, 0.3, 0.4, 0.5)  # weight of the newest step in the trend
DAMPING = (0.8, 0.85, 0.9, 0.95)  # of the trend a quarter
_FIRST = 4  # quarters that the first trend is taken over
_SPREADS = (-1.959964, -1.281552, 0.0, 1.281552, 1.959964)


def damped_holt(values: Array, horizon: int, level: float, trend: float, damping: float) -> Array:
    """Forecast (series, horizon) of `values` (series, times)."""
    start = min(_FIRST, values.shape[1] - 1)
    at = values[:, 0].copy()
    slope = (values[:, start] - values[:, 0]) / max(start, 1)
    for time in range(1, values.shape[1]):
        before = at
        at = level * values[:, time] + (1 - level) * (before + damping * slope)
        slope = trend * (at - before) + (1 - trend) * damping * slope
    reach = np.cumsum(damping ** np.arange(1, horizon + 1))
    return np.asarray(at[:, None] + slope[:, None] * reach)


def forecast(values: Array, horizon: int) -> Array:
    """Mean forecast (regions, horizon) of members (regions, quarters), each above 0.

    Raises InputError for fewer than two quarters or a region without members.
    """
    if values.shape[1] < 2 or not (values > 0).all():
        raise InputError("members need two quarters or more of each region, all above 0; leave empty regions out")
    grid = list(itertools.product(LEVEL, TREND, DAMPING))
    plain = np.mean([damped_holt(values, horizon, *setting) for setting in grid], axis=0)
    logs = np.mean([np.exp(damped_holt(np.log(values), horizon, *setting)) for setting in grid], axis=0)
    return np.asarray((plain + logs) / 2)


def quantiles(values: Array, horizon: int, *, first: int = 6) -> Array:
    """p2.5, p10, p50, p90, p97.5 (regions, horizon, 5) from the relative errors of rolling forecasts since `first`."""
    mean = forecast(values, horizon)
    quarters = values.shape[1]
    spread = np.zeros((len(values), horizon))
    for step in range(1, horizon + 1):
        errors = [
            values[:, at + step - 1] / forecast(values[:, :at], step)[:, -1] - 1
            for at in range(first, quarters - step + 1)
        ]
        own = np.sqrt(np.mean(np.square(errors), axis=0)) if errors else np.full(len(values), 0.02 * step)
        spread[:, step - 1] = (own + own.mean()) / 2  # half its own error, half that of all regions
    return np.asarray(mean[:, :, None] * (1 + spread[:, :, None] * np.array(_SPREADS)))
