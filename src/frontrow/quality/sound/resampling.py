"""One channel at 16 kHz out of any stream, piece by piece: what the voice network and word recognisers listen to."""

from __future__ import annotations

from math import gcd
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.sound.weighting import positions

Floats = NDArray[np.float32]

RATE: Final = 16_000
_HALF_WAVES: Final = 16
"""Zero crossings of the filter's sinc on each side: 60 dB down .4 kHz above the pass band."""


class Resampler:
    """Samples (channels, n) at the stream's rate in, samples (m,) of the mix at 16 kHz out."""

    def __init__(self, rate: int, layout: str, channels: int) -> None:
        self._up = RATE // gcd(RATE, rate)
        self._down = rate // gcd(RATE, rate)
        self._mix = _mix(layout, channels)
        widen = max(1.0, rate / RATE)
        self._taps = 2 * int(np.ceil(_HALF_WAVES * widen))
        place = np.arange(self._taps) - (self._taps // 2 - 1)
        distance = (place - np.arange(self._up)[:, None] / self._up) / widen
        window = np.i0(7.0 * np.sqrt(np.maximum(0.0, 1 - (distance / _HALF_WAVES) ** 2)))
        phases = np.sinc(distance * 0.94) * window
        self._phases = (phases / phases.sum(axis=1, keepdims=True)).astype(np.float32)
        self._kept = np.zeros(self._taps // 2 - 1, np.float32)
        self._phase = 0

    def push(self, samples: Floats) -> Floats:
        """What can be told of the mix so far; half a filter (under 1 ms) stays behind."""
        mixed = np.concatenate([self._kept, (self._mix @ samples[: len(self._mix)]).astype(np.float32)])
        room = (len(mixed) - self._taps + 1) * self._up - self._phase
        count = max(0, -(-room // self._down))
        out = np.empty(count, np.float32)
        _interpolate(mixed, self._phases, self._phase, self._down, out)
        end = self._phase + count * self._down
        self._kept, self._phase = mixed[end // self._up :], end % self._up
        return out

    def finish(self) -> Floats:
        """The rest, with silence after it."""
        return self.push(np.zeros((len(self._mix), self._taps // 2), np.float32))


def _mix(layout: str, channels: int) -> Floats:
    """Weights of the channels: speech sits in the centre where there is one, and equally in the others where not."""
    known = positions(layout, channels)
    weight = {"LFE": 0.0, "C": 1.0} if "C" in known and channels > 1 else {"LFE": 0.0}
    front = np.array([weight.get(name, 0.3 if "C" in weight else 1.0) for name in known] or [1.0] * channels)
    return np.asarray(front / front.sum(), np.float32)


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _interpolate(mixed, phases, first, down, out):  # type: ignore[no-untyped-def]
    up, taps = phases.shape
    for n in range(len(out)):
        place = first + n * down
        begin, phase = place // up, place % up
        total = np.float32(0.0)
        for tap in range(taps):
            total += phases[phase, tap] * mixed[begin + tap]
        out[n] = total
