"""Intervals that hold what they say: split conformal prediction on rolling-origin residuals, scaled a series and step.

Lei et al. (2018, JASA 113: locally weighted conformal). A residual is divided by the typical error of its series at
that step *in the other windows*, so that a scale never saw the residual it judges; quantiles are pooled over series.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
_PRIOR_WINDOWS = 1.0  # windows that the pooled shape of errors over the horizon counts for
_SMOOTH_STEPS = 4  # neighbours on each side a step's error is averaged with


def scales(errors: Array) -> Array:
    """Typical size (series, steps) of `errors` (series, windows, steps), shrunk to the shape that all series share."""
    absolute = np.abs(errors)
    own = absolute.mean(1)
    kernel = np.ones(2 * _SMOOTH_STEPS + 1)
    norm = np.convolve(np.ones(own.shape[1]), kernel, "same")
    own = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same") / norm, 1, own)
    level = own.mean(1, keepdims=True)
    shape = np.median(own / np.maximum(level, 1e-12), axis=0)
    windows = errors.shape[1]
    return np.asarray((own * windows + _PRIOR_WINDOWS * level * shape) / (windows + _PRIOR_WINDOWS))


def offsets(errors: Array, levels: tuple[float, ...] = LEVELS) -> Array:
    """What to add to a point forecast for each level: (series, steps, levels), from errors (series, windows, steps).

    With fewer than two windows there is nothing to scale by: quantiles are those of the errors as they are.
    """
    series, windows, steps = errors.shape
    if windows < 2:
        quantiles = np.quantile(errors, levels)
        return np.broadcast_to(quantiles, (series, steps, len(levels))).copy()
    scaled = np.stack(
        [errors[:, w] / np.maximum(scales(np.delete(errors, w, axis=1)), 1e-12) for w in range(windows)], axis=1
    )
    known = scaled[np.abs(errors).sum((1, 2)) > 0]  # a series that was always forecast exactly tells nothing
    n = max(known.size, 1)
    outer = [min(1.0, max(0.0, level + (level - 0.5) / n)) for level in levels]  # finite-sample correction
    quantiles = np.quantile(known, outer) if known.size else np.zeros(len(levels))
    return np.asarray(scales(errors)[:, :, None] * quantiles)
