"""What left and right share in the band of voices (150 Hz to 1 kHz), where even wide stereo is alike.

Above, microphones apart and lossy codecs (noise put in for noise, joint stereo) make the sides differ by themselves.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LOW_HZ: Final = 150.0
_HIGH_HZ: Final = 1000.0


def voice_band(rate: int) -> NDArray[np.float64]:
    """Two second-order Butterworth sections (2, 5), b0 b1 b2 a1 a2: high pass, low pass."""
    sections = []
    for edge_hz, high in ((_LOW_HZ, True), (min(_HIGH_HZ, 0.4 * rate), False)):
        k = np.tan(np.pi * edge_hz / rate)
        a0 = 1 + np.sqrt(2) * k + k * k
        b0, sign = (1.0, -2.0) if high else (k * k, 2.0)
        sections.append([b0 / a0, sign * b0 / a0, b0 / a0, 2 * (k * k - 1) / a0, (1 - np.sqrt(2) * k + k * k) / a0])
    return np.array(sections)


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def in_band(sound, sections, state, bounds, out):  # type: ignore[no-untyped-def]
    """Fill `out` (3, rows) with the mean products left-left, left-right, right-right in the band; `state` (2, 4)."""
    (b0, b1, b2, a1, a2), (d0, d1, d2, c1, c2) = sections
    p1, p2, q1, q2 = state[0]
    s1, s2, t1, t2 = state[1]
    for row in range(len(bounds) - 1):
        first, cross, second = 0.0, 0.0, 0.0
        for n in range(bounds[row], bounds[row + 1]):
            x = np.float64(sound[0, n])
            y = b0 * x + p1
            p1 = b1 * x - a1 * y + p2
            p2 = b2 * x - a2 * y
            left = d0 * y + q1
            q1 = d1 * y - c1 * left + q2
            q2 = d2 * y - c2 * left
            x = np.float64(sound[1, n])
            y = b0 * x + s1
            s1 = b1 * x - a1 * y + s2
            s2 = b2 * x - a2 * y
            right = d0 * y + t1
            t1 = d1 * y - c1 * right + t2
            t2 = d2 * y - c2 * right
            first += left * left
            cross += left * right
            second += right * right
        count = bounds[row + 1] - bounds[row]
        out[0, row], out[1, row], out[2, row] = first / count, cross / count, second / count
    state[0, 0], state[0, 1], state[0, 2], state[0, 3] = p1, p2, q1, q2
    state[1, 0], state[1, 1], state[1, 2], state[1, 3] = s1, s2, t1, t2
    # what dies away below the smallest normal number would slow the processor down
    for channel in range(2):
        for k in range(4):
            if abs(state[channel, k]) < 1e-30:
                state[channel, k] = 0.0
