"""Banding: gradients that fall in visible steps, because too few levels were left.

A picture as shot fills the codes between the darkest and the lightest; one that was cut to a few levels has a histogram
of peaks that stand apart, and what follows (an encode, a scaling) does not fill the valleys. Drawn pictures and test
cards have a few such peaks, too far from each other to be a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.looks import LookingMeter, stretches
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import when

_LINES, _COLUMNS = 6, 2
_LEAST_SHARE: Final = 0.003
"""Share of the pixels that a peak must hold at its top code."""
_VALLEY: Final = 0.35
"""Height of a valley as a share of the peaks at its sides; an empty code among full ones, as a stretch of levels
leaves it, keeps half after smoothing and is none."""
_NEAREST, _FARTHEST = 3, 26
"""Codes between two peaks of one gradient."""


def count_levels(histogram: NDArray[np.int64]) -> int:
    """Steps of the longest chain of neighbouring peaks in a histogram of 256 codes."""
    smooth = np.convolve(histogram, (0.25, 0.5, 0.25), "same")
    least = _LEAST_SHARE * smooth.sum()
    peaks: list[int] = []
    top, low, rising = 0, 0, True
    for code in range(1, smooth.size):
        height = smooth[code]
        if rising and (height >= smooth[top] or smooth[top] < least):
            top = code
        elif rising and height < _VALLEY * smooth[top]:
            peaks.append(top)
            low, rising = code, False
        elif not rising and height <= smooth[low]:
            low = code
        elif not rising and height >= least and smooth[low] < _VALLEY * height:
            top, rising = code, True
    longest, run = 0, 0
    for gap in np.diff(peaks):
        run = run + 1 if _NEAREST <= gap <= _FARTHEST else 0
        longest = max(longest, run)
    return longest


class BandMeter(LookingMeter):
    """Steps of the longest gradient that consists of levels apart; NaN where a frame was not looked at."""

    names: tuple[str, ...] = ("band_levels",)
    every = 6

    def measure(self, frame: Frame) -> Sequence[float]:
        """Every sixth frame."""
        codes = frame.y[::_LINES, ::_COLUMNS] >> (frame.bits - 8)
        return (float(count_levels(np.bincount(codes.ravel(), minlength=256)[:256])),)


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Spans in which the picture has too few levels."""
    picture = measured.picture
    if picture is None:
        return []
    levels = picture["band_levels"]
    hit = levels >= rules.band_levels
    return [
        Finding(
            "banding", "warn", *when(picture, first, stop), 0.9,
            f"gradients fall in steps: {np.nanmax(levels[first:stop]):.0f} levels in a row stand apart, and nothing "
            f"between them; {rules.band_levels} and more are a fault",
            {"levels": float(np.nanmax(levels[first:stop]))},
        )
        for first, stop in stretches(picture["at_s"], levels, hit, least_s=rules.band_s)
    ]  # fmt: skip
