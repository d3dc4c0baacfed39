"""Cuts of a film, from the differences of its small pictures: what shot-change rules are held against."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import Measurements

_LEAST: Final = 10.0
"""Mean difference of a frame to the one before, in 8-bit codes, below which no cut is told."""
_TIMES: Final = 4.0
"""How much more than around it, so that fast motion is no cut."""
_AROUND: Final = 12


def cuts_s(measured: Measurements) -> list[float]:
    """Times of the first frames of shots, hard cuts alone, without the first shot; none without a picture."""
    if measured.picture is None or "motion" not in measured.picture:
        return []
    at_s = np.asarray(measured.picture["at_s"], np.float64)
    motion = np.nan_to_num(np.asarray(measured.picture["motion"], np.float64))
    if len(motion) < 3:
        return []
    usual = _usual(motion)
    before, after = np.concatenate([[0.0], motion[:-1]]), np.concatenate([motion[1:], [0.0]])
    peak = (motion >= before) & (motion > after)
    return [float(x) for x in at_s[(motion >= _LEAST) & peak & (motion >= _TIMES * usual)]]


def _usual(motion: NDArray[Any]) -> NDArray[Any]:
    """Median difference around each frame."""
    padded = np.pad(motion, _AROUND, mode="edge")
    usual: NDArray[Any] = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1), axis=1)
    return usual
