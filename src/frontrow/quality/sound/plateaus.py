"""What is left of clipping behind a lossy encode: samples pile up around one level, above and below zero.

The tops are no longer flat, but how often each level occurs still rises towards the old ceiling. In sound that was
never clipped, larger values are rarer ones, but for pure tones, which are told by how well they foretell themselves.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

GROUP_ROWS: Final = 5
"""Rows looked at together: half a second has crests enough, and still lies within one scene."""
_FINE: Final = 4096
_BINS: Final = 40
_FROM: Final = 10
"""Bins below are left out: quiet parts make their own pile there."""
_TOP_SHARE: Final = 0.0005
"""Samples over what counts as the top: ripples go over the ceiling."""
_ALIKE: Final = 1.06
"""Ratio of the ceilings above and below zero, half a decibel."""
_TONE: Final = 1e-5
"""Share of the power that two samples do not foretell of the third, under which the sound is a tone or a rumble."""
_QUIET: Final = 0.01


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def plateaus(padded, lead, bounds, done, length, excess, ceiling):  # type: ignore[no-untyped-def]
    """Fill `excess` and `ceiling` (channels, rows) in every fifth row, for the `length` samples that end with it.

    `padded` has `lead` samples before the batch, at least `length`; `done` rows came before. `excess` is the share of
    the samples that lie above what a falling distribution would have, of the side of zero that has less, 0 where both
    sides have their pile at different levels; `ceiling` is where, full scale 1.
    """
    counts = np.zeros((2, _FINE), np.int64)
    for channel in range(padded.shape[0]):
        for row in range(len(bounds) - 1):
            excess[channel, row] = ceiling[channel, row] = 0.0
            if (done + row + 1) % GROUP_ROWS:
                continue
            stop = lead + bounds[row + 1]
            x = padded[channel, stop - length : stop]
            low, high = np.float32(0.0), np.float32(0.0)
            for n in range(length):
                low, high = min(low, x[n]), max(high, x[n])
            counts[:] = 0
            # both sides of zero at once, each in bins of its own
            up = np.float32((_FINE - 1) / max(high, np.float32(1e-9)))
            down = np.float32((_FINE - 1) / max(-low, np.float32(1e-9)))
            for n in range(length):
                value = x[n]
                if value > 0:
                    counts[0, int(value * up)] += 1
                elif value < 0:
                    counts[1, int(-value * down)] += 1
            above, top = _pile(counts[0], high)
            below, bottom = _pile(counts[1], -low)
            if top < _ALIKE * bottom and bottom < _ALIKE * top and _unforetold(x) > _TONE:
                excess[channel, row], ceiling[channel, row] = min(above, below), max(top, bottom)


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _pile(fine, peak):  # type: ignore[no-untyped-def]
    """(share of one side's samples above the falling distribution, level of the pile), out of counts up to `peak`."""
    total = 0
    for k in range(_FINE):
        total += fine[k]
    if peak < _QUIET or total == 0:
        return 0.0, 0.0
    over, place = 0, _FINE - 1
    while over < _TOP_SHARE * total and place > 0:
        over += fine[place]
        place -= 1
    width = 1.25 * (place + 1) / _BINS
    coarse = np.zeros(_BINS + 2)
    for k in range(_FINE):
        if fine[k]:
            # a fine bin on the edge of two wide ones is shared out
            first = k / width
            at = int(first)
            here = min(1.0, (at + 1 - first) * width)
            coarse[min(at, _BINS + 1)] += here * fine[k]
            coarse[min(at + 1, _BINS + 1)] += (1.0 - here) * fine[k]
    least, piled, most, at = np.inf, 0.0, -1.0, 0
    for k in range(_FROM, _BINS):
        smooth = 0.25 * coarse[k - 1] + 0.5 * coarse[k] + 0.25 * coarse[k + 1]
        least = min(least, smooth)
        piled += smooth - least
        if smooth - least > most:
            most, at = smooth - least, k
    return piled / total, (at + 0.5) * width * peak / (_FINE - 1)


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _unforetold(x):  # type: ignore[no-untyped-def]
    """Share of the power that the best prediction out of two samples leaves."""
    r0, r1, r2 = 1e-12, 0.0, 0.0
    for n in range(2, len(x)):
        now = np.float64(x[n])
        r0 += now * now
        r1 += now * x[n - 1]
        r2 += now * x[n - 2]
    one = r1 / r0
    left = 1.0 - one * one
    if left <= 1e-12:
        return 0.0
    two = (r2 / r0 - one * one) / left
    return left * (1.0 - two * two)
