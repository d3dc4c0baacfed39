"""Frames that repeat the one before within motion, and what rhythm they have.

Three readings of the same marks: no rhythm is a stutter (repeated_frames), a rhythm is a conversion of the frame rate
(cadence), and half of all frames or more is drawing on twos, which is how cartoons are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import Series
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import Mask, runs

_REACH: Final = 12
_MOVES: Final = 0.15
"""Codes a pixel from which on a frame moves."""
_FULL: Final = 0.5
"""Motion on both sides of a repeated frame, as a share of the usual."""
_LEAP: Final = 2.5
_MOST: Final = 5
"""Most frames in a row that are a stutter; more are a standstill."""
_PEAK_SHARE: Final = 0.2
"""The largest change of a repeated frame, as a share of that of the frames around."""
_TWOS: Final = 0.4
"""Share of repeated frames from which on a stretch is drawn on twos (or threes)."""
_STEADY: Final = 0.85
"""Share of gaps that keep to one rhythm (give or take a frame)."""
LONGEST_PERIOD: Final = 26
"""25 frames out of 24: the slowest rhythm that is in use."""


@dataclass(frozen=True)
class Rhythm:
    """A stretch of marks that follow each other in a rhythm."""

    first: int
    """Frame of the first mark."""
    stop: int
    period: float
    """Mean frames from mark to mark."""
    kept: float
    """Share of the gaps that keep to it."""
    places: NDArray[np.intp]


def marks(picture: Series, rules: PictureRules) -> Mask:
    """Frames that repeat the one before while the picture moves, in full motion before and after.

    A pose that comes to rest slows down first; a repeated frame is one in the midst of motion. Several in a row count
    only where the motion then makes up for them with a leap.
    """
    fine, peak = np.nan_to_num(picture["motion_fine"]), np.nan_to_num(picture["motion_peak"])
    around = _upper_median(np.where(fine > _MOVES, fine, np.nan))
    same = (fine <= np.maximum(0.1, rules.repeat_share * around)) & (around >= rules.repeat_motion)
    same[0] = False
    kept = np.zeros(len(fine), bool)
    for first, stop in runs(same):
        if first < 2 or stop >= len(fine) - 1 or stop - first > _MOST:
            continue
        usual, count = around[first], stop - first
        before, after = fine[first - 1], fine[stop]
        leap = _LEAP if count > 1 else 1.0
        moving = before >= _FULL * usual and after >= _FULL * leap * usual
        quiet = peak[first:stop].max() <= max(6.0, _PEAK_SHARE * min(peak[first - 1], peak[stop]))
        kept[first:stop] = moving and quiet
    return np.asarray(kept)


def rhythms(at: NDArray[Any], least: int = 4) -> list[Rhythm]:
    """Stretches of marks (frame numbers) with one rhythm, longest possible, at least `least` gaps each."""
    found, first = [], 0
    while first < len(at) - least:
        stop = first + least + 1
        if not _steady(np.diff(at[first:stop])):
            first += 1
            continue
        while (
            stop < len(at) and _steady(np.diff(at[first : stop + 1])) and at[stop] - at[stop - 1] <= 2 * LONGEST_PERIOD
        ):
            stop += 1
        gaps = np.diff(at[first:stop])
        places = at[first:stop]
        found.append(Rhythm(int(places[0]), int(places[-1]) + 1, float(gaps.mean()), _kept(gaps), places))
        first = stop
    return found


def on_twos(rhythm: Rhythm) -> bool:
    """Whether so many frames repeat that it is drawing, not conversion."""
    return rhythm.period < 1 / _TWOS


def _steady(gaps: NDArray[Any]) -> bool:
    return bool(gaps.max() <= 2 * LONGEST_PERIOD and np.median(gaps) <= LONGEST_PERIOD and _kept(gaps) >= _STEADY)


def _kept(gaps: NDArray[Any]) -> float:
    """Share of gaps that are the usual one or its neighbour: 3:2 of 18 frames in 25 gives gaps of 3 and 4."""
    usual = float(np.median(gaps))
    return float(np.mean((gaps >= usual - 1) & (gaps <= usual + 1)))


def _upper_median(moving: NDArray[Any]) -> NDArray[Any]:
    """Median motion of the frames around that move at all; 0 where fewer than a third do."""
    wide = np.lib.stride_tricks.sliding_window_view(np.pad(moving, _REACH, constant_values=np.nan), 2 * _REACH + 1)
    enough = np.isfinite(wide).sum(axis=1) >= (2 * _REACH + 1) // 3
    out = np.zeros(len(moving))
    if enough.any():
        out[enough] = np.nanmedian(wide[enough], axis=1)
    return out
