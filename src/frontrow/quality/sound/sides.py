"""What left and right share: in the band of voices (150 Hz to 1 kHz), and how far they agree from bass to voices.

Above, microphones apart and lossy codecs (noise put in for noise, joint stereo) make the sides differ by themselves.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LOW_HZ: Final = 150.0
_HIGH_HZ: Final = 1000.0
_BANDS_HZ: Final = (20.0, 80.0, 150.0, 300.0, 600.0, 1000.0)
_WEIGHTS: Final = np.array([2.0, 1.0, 1.0, 1.0, 1.0])
"""Bass is the surest sign: its waves are longer than any two microphones are apart, and mixes keep it in the middle."""
_LEAST_WEIGHT: Final = 3.0
_RATE_HZ: Final = 3000
_HEARD: Final = 1e-9
"""Mean square of a band (-90 dBFS) from which its two sides are compared."""


class PolarityMeter:
    """Left and right in, their agreement out: the mean over bands of the correlation, once a second.

    A side that was turned over is so in every band; phase that merely wanders differs from band to band.
    """

    def __init__(self, rate: int) -> None:
        self._step = max(1, rate // _RATE_HZ)
        self._count = rate // self._step
        self._kept = np.zeros((2, 0), np.float32)
        self._means = np.zeros((2, 0), np.float32)
        hz = np.fft.rfftfreq(self._count, self._step / rate)
        # what lies in no band is summed up last and left out
        self._edges = np.searchsorted(hz, _BANDS_HZ)
        self._window = np.hanning(self._count).astype(np.float32)
        self._least = _HEARD * self._window.sum() * self._count / 4

    def look(self, sides: Floats) -> float:
        """Agreement, -1 to 1, in the seconds that are full by now; NaN while none is, or where nothing is heard."""
        whole = np.concatenate([self._kept, sides], axis=1)
        used = whole.shape[1] // self._step * self._step
        self._kept = whole[:, used:]
        means = whole[:, :used].reshape(2, -1, self._step).mean(axis=2)
        self._means = np.concatenate([self._means, means], axis=1)
        seconds = self._means.shape[1] // self._count
        full, self._means = np.split(self._means, [seconds * self._count], axis=1)
        pieces = full.reshape(2, seconds, self._count)
        left, right = np.fft.rfft((pieces - pieces.mean(axis=2, keepdims=True)) * self._window, axis=2)
        first, cross, second = (
            np.add.reduceat(product, self._edges, axis=1)[:, :-1]
            for product in (np.abs(left) ** 2, (left * right.conj()).real, np.abs(right) ** 2)
        )
        heard = (first > self._least) & (second > self._least)
        correlation = np.where(heard, cross / np.sqrt(np.where(heard, first * second, 1.0)), 0.0)
        weight = heard @ _WEIGHTS
        agreement = (correlation @ _WEIGHTS)[weight >= _LEAST_WEIGHT] / weight[weight >= _LEAST_WEIGHT]
        return float(agreement.mean()) if len(agreement) else np.nan


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
