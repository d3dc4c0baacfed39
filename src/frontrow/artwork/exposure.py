"""Light and colour of a picture: level, clipping, contrast, colourfulness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WHITE: Final = 250
_BLACK: Final = 5


@dataclass(frozen=True)
class Exposure:
    """Shares are of all pixels; luma is scaled to 0..1."""

    level: float  # mean luma
    bright: float  # luma that 2% of the pixels exceed
    dark: float  # luma that 2% of the pixels fall short of
    contrast: float  # standard deviation of luma
    clipped_white: float  # share of pixels with some channel at the top
    burnt: float  # share of pixels with all channels at the top
    clipped_black: float  # share of pixels with all channels at the bottom
    posterised: float  # share of levels between dark and bright that no pixel has: light that was pulled up afterwards
    colourfulness: float  # Hasler and Suesstrunk 2003, by 100: 0 grey, about 1 vivid


def measure(picture: NDArray[np.uint8]) -> Exposure:
    """Of an RGB picture as (height, width, 3); every second pixel is looked at."""
    sample = picture[::2, ::2].astype(np.float32)
    red, green, blue = sample[..., 0], sample[..., 1], sample[..., 2]
    luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    a, b = red - green, (red + green) / 2 - blue
    colour = np.hypot(a.std(), b.std()) + 0.3 * np.hypot(a.mean(), b.mean())
    dark, bright = np.quantile(luma, (0.02, 0.98))
    levels = np.bincount(picture[..., 1].ravel(), minlength=256)
    low, high = np.searchsorted(np.cumsum(levels), (0.02 * levels.sum(), 0.98 * levels.sum()))
    return Exposure(
        level=float(luma.mean()),
        bright=float(bright),
        dark=float(dark),
        contrast=float(luma.std()),
        clipped_white=float((sample.max(axis=2) >= _WHITE).mean()),
        burnt=float((sample.min(axis=2) >= _WHITE).mean()),
        clipped_black=float((sample.max(axis=2) <= _BLACK).mean()),
        posterised=float((levels[low : high + 1] == 0).mean()),
        colourfulness=float(colour) / 100,
    )
