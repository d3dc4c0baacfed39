"""Forecasts of many series: a few simple models, combined as rolling evaluation on each series' own past says.

Series of one length are forecast together on arrays. For each, the last windows before the end are forecast from what
came before them; a model's weight falls with its error there. Intervals come from the combination's own errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.delivery import autoregression, conformal
from frontrow.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ForecastConfig:
    """How to forecast. Defaults were chosen on windows before the last 48 hours of M4's hourly series."""

    seasons: tuple[int, ...] = (24, 168)  # steps in a season, shortest first: a day and a week of hours
    windows: int = 5  # rolling evaluations, each a horizon long; more cost time in proportion
    sharpness: float = 4.0  # weight of a model is (its error)^-sharpness; 0 weighs all alike
    ridges: tuple[float, ...] = (1e-5, 1e-4, 1e-3)  # of the autoregressions, a share of the observations
    positive: bool = True  # forecasts and quantiles of a series that was never below 0 are not below 0


@dataclass(frozen=True)
class Forecast:
    """`mean` (series, steps), `quantiles` (series, steps, levels) at `levels`, model weights, and named fallbacks."""

    mean: Array
    quantiles: Array
    levels: tuple[float, ...]
    weights: Array
    models: tuple[str, ...]
    fallbacks: dict[int, str]


def _seasonal_naive(values: Array, horizon: int, season: int) -> Array:
    last = values[:, -season:]
    return np.tile(last, (1, -(-horizon // season)))[:, :horizon]


def _candidates(values: Array, horizon: int, config: ForecastConfig, calendar: Array | None) -> dict[str, Array]:
    """Every model's forecast of every series; those that the length does not allow are left out."""
    times = values.shape[1]
    made = {"naive": np.repeat(values[:, -1:], horizon, axis=1)} if times < 2 * config.seasons[0] else {}
    for season in config.seasons:
        if times >= season:
            made[f"seasonal naive {season}"] = _seasonal_naive(values, horizon, season)
    lags = autoregression.lags_for(config.seasons, times)
    if len(lags) >= 3 and times >= 4 * len(lags):
        known = None if calendar is None else calendar[:, calendar.shape[1] - times - horizon :]
        for ridge in config.ridges:
            made[f"autoregression {ridge:g}"] = autoregression.forecast(
                values, horizon, lags, ridge=ridge, calendar=known
            )
        if values.min() > 0:
            logs = autoregression.forecast(np.log(values), horizon, lags, ridge=1e-4, calendar=known)
            made["log autoregression"] = np.exp(logs)
    return made


def _batch(
    values: Array, horizon: int, config: ForecastConfig, calendar: Array | None
) -> tuple[Array, Array, Array, tuple[str, ...]]:
    """Mean, rolling errors (series, windows, steps), weights (series, models) and the models' names."""
    final = _candidates(values, horizon, config, calendar)
    names = tuple(final)
    times = values.shape[1]
    parts, truths = [], []
    for window in range(config.windows, 0, -1):
        end = times - window * horizon
        if end < max(2 * config.seasons[0], 3):
            continue
        known = None if calendar is None else calendar[:, : calendar.shape[1] - window * horizon]
        made = _candidates(values[:, :end], horizon, config, known)
        if set(made) >= set(names):
            parts.append(np.stack([made[name] for name in names], axis=1))
            truths.append(values[:, end : end + horizon])
    if not parts:
        weights = np.full((len(values), len(names)), 1 / len(names))
        mean = np.einsum("sm,smh->sh", weights, np.stack(list(final.values()), axis=1))
        return mean, np.zeros((len(values), 0, horizon)), weights, names
    past, truth = np.stack(parts, axis=1), np.stack(truths, axis=1)  # (series, windows, models, steps), no models
    loss = np.abs(past - truth[:, :, None]).mean(3)  # (series, windows, models)

    def weigh(mean_loss: Array) -> Array:
        floor = 1e-9 + 1e-6 * np.abs(values).mean(1, keepdims=True)
        raw = (mean_loss + floor) ** -config.sharpness
        raw /= raw.max(1, keepdims=True)
        return np.asarray(raw / raw.sum(1, keepdims=True))

    weights = weigh(loss.mean(1))
    # errors of the combination: each window weighted by what the *other* windows say
    errors = np.empty(truth.shape)
    for w in range(truth.shape[1]):
        others = np.delete(loss, w, axis=1).mean(1) if truth.shape[1] > 1 else loss[:, 0]
        errors[:, w] = truth[:, w] - np.einsum("sm,smh->sh", weigh(others), past[:, w])
    mean = np.einsum("sm,smh->sh", weights, np.stack([final[name] for name in names], axis=1))
    return mean, errors, weights, names


def forecast(
    series: list[Array], horizon: int, config: ForecastConfig | None = None, calendar: list[Array] | None = None
) -> Forecast:
    """Forecast `horizon` steps of each series (regular steps, no gaps; see `series.regular`).

    `calendar`, one a series, is (features, length + horizon): holidays and the like. A series with no value gets zeros
    and one too short for a season its last value: both are named in `fallbacks`.

    Raises InputError for a horizon below 1 and values that are not finite.
    """
    config = config or ForecastConfig()
    if horizon < 1:
        raise InputError(f"horizon is {horizon}; forecast at least 1 step")
    levels = conformal.LEVELS
    count = len(series)
    mean, fallbacks = np.zeros((count, horizon)), {}
    batches: dict[tuple[int, bytes], list[int]] = {}  # series of one length and calendar
    for index, values in enumerate(series):
        if not np.isfinite(values).all():
            raise InputError(f"series {index} has values that are not finite; fill gaps first")
        if len(values) == 0:
            fallbacks[index] = "no history: zero"
        elif len(values) < config.seasons[0]:
            fallbacks[index] = "shorter than a season: last value"
        batches.setdefault((len(values), b"" if calendar is None else calendar[index].tobytes()), []).append(index)
    spread = np.zeros((count, horizon))
    all_errors: dict[int, list[tuple[list[int], Array]]] = {}
    weights_of: dict[int, dict[str, float]] = {}
    for (length, _), members in sorted(batches.items()):
        if length == 0:
            continue
        values = np.stack([series[i] for i in members])
        known = None if calendar is None else calendar[members[0]]
        mean[members], errors, weights, names = _batch(values, horizon, config, known)
        for row, i in enumerate(members):
            weights_of[i] = dict(zip(names, weights[row], strict=True))
        if errors.shape[1]:
            all_errors.setdefault(errors.shape[1], []).append((members, errors))
        else:
            spread[members] = (
                np.abs(np.diff(values, axis=1)).mean(1, keepdims=True) * np.sqrt(np.arange(1, horizon + 1))
                if length > 1
                else 0
            )
    quantiles = mean[:, :, None] + spread[:, :, None] * np.array([-2.0, -1.3, 0.0, 1.3, 2.0]) * 1.25
    for parts in all_errors.values():
        members = [i for group, _ in parts for i in group]
        quantiles[members] = mean[members][:, :, None] + conformal.offsets(
            np.concatenate([e for _, e in parts]), levels
        )
    if config.positive:
        floor = np.array([0.0 if len(v) and v.min() >= 0 else -np.inf for v in series])
        mean = np.maximum(mean, floor[:, None])
        quantiles = np.maximum(quantiles, floor[:, None, None])
    names = tuple(dict.fromkeys(name for row in weights_of.values() for name in row))
    table = np.array([[weights_of.get(i, {}).get(name, 0.0) for name in names] for i in range(count)])
    return Forecast(mean, np.sort(quantiles, axis=2), levels, table, names, fallbacks)
