"""Narrow lines at the mains frequencies and their multiples: what hum is made of, 4 s at a time."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MAINS_HZ: Final = (50.0, 60.0)
WINDOW_S: Final = 4
"""A line is then half a hertz wide: G1 (49 Hz) and B1 (61.7 Hz) of a bass are told from the mains."""
_RATE_HZ: Final = 1500
_MULTIPLES: Final = 5
_LINE_HZ: Final = 0.5
_AROUND_HZ: Final = (1.25, 4.5)
"""What the line is held against lies this far on both sides."""
_PROMINENT_DB: Final = 12.0


class LineMeter:
    """The mix of one stream in, amplitudes of mains lines out."""

    def __init__(self, rate: int, rows_a_second: int) -> None:
        self._step = max(1, rate // _RATE_HZ)
        self._rate = rate / self._step
        self._count = int(WINDOW_S * self._rate)
        self._rows_a_second = rows_a_second
        self._kept = np.zeros(0, np.float32)
        self._means = np.zeros(0, np.float32)
        window = np.hanning(self._count)
        self._window = window / window.sum() * 2
        self._hz = np.fft.rfftfreq(self._count, 1 / self._rate)

    def look(self, mixed: Floats, rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """(rows,) amplitudes for 50 and 60 Hz: in the last row when 4 s are full, NaN elsewhere.

        Thinned by plain means: what folds down to a line from above is 25 dB weaker, and no narrow line.
        """
        whole = np.concatenate([self._kept, mixed])
        used = len(whole) // self._step * self._step
        self._kept = whole[used:]
        self._means = np.concatenate([self._means, whole[:used].reshape(-1, self._step).mean(axis=1)])
        found = np.full((len(MAINS_HZ), rows), np.nan)
        if len(self._means) >= self._count:
            spectrum = np.abs(np.fft.rfft(self._means[: self._count] * self._window)) ** 2
            found[:, -1] = [self._amplitude(spectrum, mains) for mains in MAINS_HZ]
            self._means = self._means[self._count :]
        return found[0], found[1]

    def _amplitude(self, spectrum: NDArray[Any], mains_hz: float) -> float:
        """Amplitude of the multiples that stand out, together.

        Where fewer than two of the first three do: minus the amplitude from which the first two would, so that what is
        merely covered is told from what is not there.
        """
        lines, needed = [], []
        for multiple in range(1, _MULTIPLES + 1):
            distance = np.abs(self._hz - multiple * mains_hz)
            around = np.median(spectrum[(distance >= _AROUND_HZ[0]) & (distance <= _AROUND_HZ[1])])
            lines.append(float(spectrum[distance <= _LINE_HZ].max()))
            needed.append(float(max(1e-10, around * 10 ** (_PROMINENT_DB / 10))))
        stand = [line > least for line, least in zip(lines, needed, strict=True)]
        if sum(stand[:3]) < 2:
            return -float(np.sqrt(sum(needed[:2])))
        return float(np.sqrt(sum(line for line, stands in zip(lines, stand, strict=True) if stands)))
