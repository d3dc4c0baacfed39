"""Technical quality as one number: log odds that a picture is the undamaged one of a pair.

A logistic regression over pairs of a real frame and its damaged copy (blur, motion blur, noise, JPEG, exposure), fitted
on frames of some clips and judged on those of others: benchmarks/artwork_degraded.py fits, prints and measures.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.artwork.exposure import Exposure
from frontrow.artwork.sharpness import Sharpness

WEIGHTS: Final = (10.6, 6.49, -4.38, -2.10, 8.08, -2.97, -16.15)
"""In the order of `terms`."""
_MIDDLE, _SCALE = 0.0, 6.0  # log odds of a middling frame, and what makes a difference to the eye


def terms(sharpness: Sharpness, exposure: Exposure) -> tuple[float, ...]:
    """What is weighed: steepness, detail, noise, blocks, brightness, clipping, posterisation."""
    return (
        float(np.log(sharpness.steepness + 0.02)),
        float(np.log(sharpness.detail + 0.2)),
        float(np.log(sharpness.noise + 1)),
        float(np.log(sharpness.blockiness + 0.05)),
        exposure.bright,
        float(np.sqrt(exposure.clipped_white)),
        exposure.posterised,
    )


def log_odds(sharpness: Sharpness, exposure: Exposure) -> float:
    """Higher is better; differences count, not the level."""
    return float(np.dot(WEIGHTS, terms(sharpness, exposure)))


def share(sharpness: Sharpness, exposure: Exposure) -> float:
    """The same between 0 and 1."""
    return float(1 / (1 + np.exp(-(log_odds(sharpness, exposure) - _MIDDLE) / _SCALE)))
