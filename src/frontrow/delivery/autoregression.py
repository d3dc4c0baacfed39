"""Ridge autoregression of many series at once, with lags around each season, forecast recursively.

Each row of `values` (series, times) is standardised and regressed on its own lags: one normal equation a series, solved
in one batch. Hyndman and Athanasopoulos, Forecasting (2021), ch. 10, with a ridge (Hoerl and Kennard 1970) so that many
seasonal lags can stand beside each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_HEADROOM_SD = 1.5  # a recursive forecast may leave the range seen by this much: it cannot explode


def lags_for(seasons: tuple[int, ...], length: int) -> list[int]:
    """Lags 1 to 3, each season and its near neighbours, twice each season, and the days between two seasons."""
    lags = {1, 2, 3}
    for season in seasons:
        for multiple in (1, 2):
            lags |= {multiple * season + shift for shift in (-1, 0, 1)}
    if len(seasons) > 1:
        lags |= set(range(2 * seasons[0], seasons[-1], seasons[0]))
    return sorted(lag for lag in lags if 0 < lag <= length // 3)


def forecast(
    values: Array,
    horizon: int,
    lags: list[int],
    *,
    ridge: float,
    half_life: float | None = None,
    calendar: Array | None = None,
) -> Array:
    """Forecast (series, horizon). `ridge` is a share of the observations; weights halve every `half_life` steps.

    `calendar` (features, times + horizon) holds what is known ahead for all series, such as holidays.
    """
    series, times = values.shape
    centre, scale = values.mean(1, keepdims=True), values.std(1, keepdims=True) + 1e-9
    z = (values - centre) / scale
    longest = max(lags)
    known = np.zeros((0, times + horizon)) if calendar is None else calendar
    rows = times - longest
    inputs = np.stack(
        [z[:, longest - lag : times - lag] for lag in lags]
        + [np.broadcast_to(row[longest:times], (series, rows)) for row in known]
        + [np.ones((series, rows))],
        axis=2,
    )
    weights = np.ones(rows) if half_life is None else 0.5 ** (np.arange(rows)[::-1] / half_life)
    weighted = inputs * weights[None, :, None]
    gram = weighted.transpose(0, 2, 1) @ inputs
    target = weighted.transpose(0, 2, 1) @ z[:, longest:, None]
    gram += ridge * weights.sum() * np.eye(inputs.shape[2])
    beta = np.linalg.solve(gram, target)[:, :, 0]

    path = np.concatenate([z, np.zeros((series, horizon))], axis=1)
    low, high = z.min(1) - _HEADROOM_SD, z.max(1) + _HEADROOM_SD
    reach = np.asarray(lags)
    for at in range(times, times + horizon):
        step = np.einsum("sk,sk->s", beta[:, : len(lags)], path[:, at - reach]) + beta[:, -1]
        if len(known):
            step += beta[:, len(lags) : -1] @ known[:, at]
        path[:, at] = np.clip(step, low, high)
    return np.asarray(path[:, times:] * scale + centre)
