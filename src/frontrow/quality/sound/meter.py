"""The sound meter: samples in, one row of numbers each 100 ms out, in bounded memory.

`look` takes what the decoder gives, `take` hands over the rows that are finished, `finish` ends the last one. The
series holds, a row: K-weighted power, peaks, the power of each channel and what pairs of channels share, short gaps.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import StreamFacts
from frontrow.quality.sound import kernels
from frontrow.quality.sound.weighting import channel_gains, interpolators, k_weighting

Floats = NDArray[np.float32]

ROWS_A_SECOND: Final = 10
MOST_CHANNELS: Final = 8
"""Channels beyond these are not measured one by one; no layout of films has more."""
_BATCH_ROWS: Final = 10
"""Rows worked on at once: compiled loops want long pieces, and a second is soon there."""
_SLIP_S: Final = 0.02
"""A time stamp this far from where the samples so far end is a hole or an overlap, not rounding."""


class SoundMeter:
    """One audio stream, measured on the way."""

    def __init__(self, stream: StreamFacts) -> None:
        self.rate = stream.sample_rate
        self.channels = min(stream.channels, MOST_CHANNELS)
        self._gains = channel_gains(stream.layout, stream.channels)[: self.channels]
        self._sections = k_weighting(self.rate)
        self._filter = np.zeros((self.channels, 4))
        self._phases = interpolators(self.rate)
        self._before = np.zeros((self.channels, max(self._phases.shape[1] - 1, 23)), np.float32)
        self._waiting: list[Floats] = []
        self._waiting_samples = 0
        self._samples_done = 0
        self._rows_done = 0
        self._start_s: float | None = None
        self._slip_s = 0.0
        self._finished: list[dict[str, NDArray[Any]]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the series."""
        pairs = [f"cov_{i}_{j}" for i in range(self.channels) for j in range(i, self.channels)]
        return ("at_s", "power", "peak", "true_peak", "slip_s", *pairs)

    def look(self, samples: Floats, at_s: float) -> None:
        """Take decoded samples (channels, n), float32 with full scale 1, that begin at `at_s` of the file."""
        if self._start_s is None:
            self._start_s = at_s
        slip_s = at_s - (self._start_s + (self._samples_done + self._waiting_samples) / self.rate)
        if abs(slip_s) > _SLIP_S:
            self._start_s += slip_s
            self._slip_s += slip_s
        self._waiting.append(np.array(samples[: self.channels], np.float32, order="C"))
        self._waiting_samples += samples.shape[1]
        if self._waiting_samples * ROWS_A_SECOND >= (_BATCH_ROWS + 1) * self.rate:
            self._work()

    def finish(self) -> None:
        """The stream has ended: work on what waits. Less than a row at the very end is padded with silence."""
        if self._waiting_samples:
            missing = self._bound(self._rows_waiting() + 1) - self._waiting_samples
            if missing > 0:
                self._waiting.append(np.zeros((self.channels, missing), np.float32))
                self._waiting_samples += missing
            self._work()

    def take(self) -> dict[str, NDArray[Any]]:
        """Rows finished since the last call, by name."""
        done, self._finished = self._finished, []
        if not done:
            return {name: np.zeros(0, np.float64 if name == "at_s" else np.float32) for name in self.names}
        return {name: np.concatenate([part[name] for part in done]) for name in self.names}

    def _bound(self, row: int) -> int:
        """First sample of a row of those that wait."""
        return round((self._rows_done + row) * self.rate / ROWS_A_SECOND) - self._samples_done

    def _rows_waiting(self) -> int:
        rows = self._waiting_samples * ROWS_A_SECOND // self.rate
        return rows if self._bound(rows) <= self._waiting_samples else rows - 1

    def _work(self) -> None:
        rows = self._rows_waiting()
        bounds = np.array([self._bound(row) for row in range(rows + 1)])
        waiting = np.concatenate(self._waiting, axis=1)
        sound, rest = np.ascontiguousarray(waiting[:, : bounds[-1]]), waiting[:, bounds[-1] :]
        self._finished.append(self._measure(sound, bounds))
        self._waiting, self._waiting_samples = [rest], rest.shape[1]
        self._rows_done += rows
        self._samples_done += int(bounds[-1])
        self._slip_s = 0.0

    def _measure(self, sound: Floats, bounds: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        assert self._start_s is not None
        rows = len(bounds) - 1
        padded = np.concatenate([self._before, sound], axis=1)
        self._before = padded[:, -self._before.shape[1] :]
        power = np.empty((self.channels, rows))
        kernels.weighted_power(sound, self._sections, self._filter, bounds, power)
        sample_peak, true_peak = (
            np.empty((self.channels, rows), np.float32),
            np.empty((self.channels, rows), np.float32),
        )
        kernels.peaks(padded, self._phases, bounds, sample_peak, true_peak)
        shared = _covariances(sound, bounds)
        slip_s = np.zeros(rows)
        slip_s[0] = self._slip_s
        found: dict[str, NDArray[Any]] = {
            "at_s": self._start_s + (self._samples_done + bounds[:-1]) / self.rate,
            "power": self._gains @ power,
            "peak": sample_peak.max(axis=0),
            "true_peak": true_peak.max(axis=0),
            "slip_s": slip_s,
        }
        for i in range(self.channels):
            for j in range(i, self.channels):
                found[f"cov_{i}_{j}"] = shared[:, i, j]
        return {name: values if name == "at_s" else values.astype(np.float32) for name, values in found.items()}


def _covariances(sound: Floats, bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean products (rows, channels, channels) of all pairs of channels."""
    wide = sound.astype(np.float64)
    parts = [wide[:, begin:end] for begin, end in zip(bounds[:-1], bounds[1:], strict=True)]
    return np.stack([part @ part.T / part.shape[1] for part in parts])
