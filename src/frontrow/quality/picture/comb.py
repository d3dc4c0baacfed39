"""Whether levels were stretched in eight bits: codes that nothing maps to stand empty in the histogram, at even steps.

Stretching 16-235 to 6-248 spreads 220 codes over 243: every tenth or eleventh stays empty. An encode fills the gaps
up to about half. In a picture as it was shot codes are as full as their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.looks import LookingMeter

_STEP: Final = 12
"""Every twelfth row and column is counted."""
_LOW, _HIGH = 20, 235
_LEAST: Final = 40
"""Pixels in the neighbours of a code from which on it can be seen to be empty."""
_FEW: Final = 0.8
"""A gap holds less than this share of its neighbours."""
_TEETH: Final = 8
"""Fewest gaps that make a comb."""
_PERIODS: Final = (6.5, 21.0)
"""Codes between gaps: 7.1 for full range (255 from 219), 21 for a stretch by a twentieth."""


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def comb(histogram: NDArray[np.int64]) -> float:
    """Share of evenly spaced codes that are gaps, less that of all others; the best spacing, 0 to 1."""
    full = np.zeros(256, np.bool_)
    gap = np.zeros(256, np.bool_)
    fulls, gaps = 0, 0
    for code in range(_LOW, _HIGH):
        near = (histogram[code - 1] + histogram[code + 1]) / 2
        full[code] = near >= _LEAST
        gap[code] = full[code] and histogram[code] < _FEW * near
        fulls += full[code]
        gaps += gap[code]
    best = 0.0
    for step in range(int((_PERIODS[1] - _PERIODS[0]) * 20)):
        period = _PERIODS[0] + step / 20
        for phase in range(int(2 * period)):
            teeth, hits = 0, 0
            place = _LOW + phase / 2
            while place < _HIGH - 1:
                code = int(place + 0.5)
                teeth += full[code]
                hits += gap[code]
                place += period
            if teeth >= _TEETH and fulls > teeth:
                best = max(best, hits / teeth - (gaps - hits) / (fulls - teeth))
    return best


class CombMeter(LookingMeter):
    """How clear a comb all that was seen so far has, 0 to 1; clean film stays below 0.45."""

    names: tuple[str, ...] = ("comb",)
    every = 12

    def __init__(self) -> None:
        super().__init__()
        self._histogram = np.zeros(256, np.int64)

    def measure(self, frame: Frame) -> Sequence[float]:
        """Every twelfth frame; NaN for the others. Codes of more than eight bits have no gaps to tell."""
        if frame.bits > 8 or frame.full_range:
            return (0.0,)
        self._histogram += np.bincount(frame.y[::_STEP, ::_STEP].ravel(), minlength=256)
        return (comb(self._histogram),)
