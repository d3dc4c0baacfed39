"""The sound meter: samples in, one row of numbers each 100 ms out, in bounded memory.

`look` takes what the decoder gives, `take` hands over the rows that are finished, `finish` ends the last one.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import StreamFacts
from frontrow.quality.sound import kernels
from frontrow.quality.sound.lines import LineMeter
from frontrow.quality.sound.plateaus import GROUP_ROWS, plateaus
from frontrow.quality.sound.sides import PolarityMeter, in_band, voice_band
from frontrow.quality.sound.weighting import channel_gains, interpolators, k_weighting

Floats = NDArray[np.float32]

ROWS_A_SECOND: Final = 10
ROW_S: Final = 1 / ROWS_A_SECOND
MOST_CHANNELS: Final = 8
"""Channels beyond these are not measured one by one; no layout of films has more."""
_BATCH_ROWS: Final = 10
"""Rows worked on at once: compiled loops want long pieces, and a second is soon there."""
_JUMP_S: Final = 0.1
"""A time stamp this far from where the samples so far end is a hole or an overlap."""
_SLIP_S: Final = 0.03
"""The same for those of a whole batch: two lost packets of AAC are 43 ms, and WebM's stamps wander by 21."""
_ORDER: Final = 16
"""Of the short-time prediction; twice as much told no more clicks."""
_CLICK_NEAR_S: Final = 0.0015
_CLICK_FAR_S: Final = 0.015
"""A voice of 67 Hz and more has another pulse within this time."""
_PARTS: Final = 50
"""Windows a row, of 2 ms: shorter ones follow the wave of a bass instead of its power."""
_GAP_MOST: Final = 250
"""Longest gap, windows; what is longer is silence."""
_GAP_LEAD: Final = _GAP_MOST + 40
_BAND_SAMPLES: Final = 8192
_LOW_HZ: Final = (30.0, 300.0)
_ABOVE_HZ: Final = 375.0
"""An LFE channel holds nothing above (120 Hz by the standard, filters' slopes and lossy codecs' leaks)."""
_VOICE: Final = ("voice_0_0", "voice_0_1", "voice_1_1")

SERIES: Final = {
    "at_s": "start of the row in the file, seconds",
    "power": "K-weighted mean square of all channels by their weights (BS.1770)",
    "peak": "largest sample of any channel, full scale 1",
    "true_peak": "largest value between samples of any channel, full scale 1",
    "slip_s": "time stamps jump by this much before the row: > 0 a hole, < 0 an overlap",
    "flat": "share of samples in flat tops, of the channel with most",
    "plateau": "share of samples piled up around one level in the half second that ends here, each fifth row, else 0",
    "plateau_level": "that level, full scale 1",
    "click": "largest prediction error by the largest around it",
    "click_size": "the same error, full scale 1",
    "gap_s": "length of the deepest short gap that ends in the row, 0 without one",
    "gap_depth_db": "how far it lies under what is around it",
    "gap_end_s": "where it ends, seconds of the file",
    "onset": "largest rise of the power within 20 ms, dB",
    "onset_at_s": "where, seconds of the file",
    "hum_50": "amplitude of steady lines at 50 Hz and its multiples each 4 s (minus what it would take), else NaN",
    "hum_60": "the same for 60 Hz",
    "cov_i_j": "mean product of channels i and j",
    "voice_i_j": "mean product of channels i and j (the first two) in the band of voices",
    "polarity": "how far the first two channels agree over five bands, -1 to 1, each second, else NaN",
    "above_i": "power above 375 Hz by that below 300, dB, of channel i of more than two, once a second, else NaN",
}
"""What each column of the series holds."""


class SoundMeter:
    """One audio stream, measured on the way."""

    def __init__(self, stream: StreamFacts) -> None:
        self.rate = stream.sample_rate
        self.channels = min(stream.channels, MOST_CHANNELS)
        self._gains = channel_gains(stream.layout, stream.channels)[: self.channels]
        self._sections = k_weighting(self.rate)
        self._filter = np.zeros((self.channels, 4))
        self._voice_band = voice_band(self.rate)
        self._voice_filter = np.zeros((2, 4))
        self._phases = interpolators(self.rate)
        self._far = int(_CLICK_FAR_S * self.rate)
        self._half = GROUP_ROWS * self.rate // ROWS_A_SECOND
        lead = max(_ORDER + 2 * self._far, self._phases.shape[1], self._half)
        self._before = np.zeros((self.channels, lead), np.float32)
        self._short = np.zeros((self.channels, _GAP_LEAD), np.float32)
        self._lines = LineMeter(self.rate, ROWS_A_SECOND)
        self._polarity = PolarityMeter(self.rate)
        self._waiting: list[Floats] = []
        self._waiting_samples = 0
        self._samples_done = 0
        self._rows_done = 0
        self._start_s: float | None = None
        self._slip_s = 0.0
        self._slips_s: list[float] = []
        self._finished: list[dict[str, NDArray[Any]]] = []
        pairs = [f"cov_{i}_{j}" for i in range(self.channels) for j in range(i, self.channels)]
        voice = _VOICE if self.channels > 1 else ()
        above = [f"above_{i}" for i in range(self.channels)] if self.channels > 2 else []
        self.names = (*(name for name in SERIES if not name.endswith(("_i", "_j"))), *pairs, *voice, *above)

    def look(self, samples: Floats, at_s: float) -> None:
        """Take decoded samples (channels, n), float32 with full scale 1, that begin at `at_s` of the file."""
        if self._start_s is None:
            self._start_s = at_s
        slip_s = at_s - (self._start_s + (self._samples_done + self._waiting_samples) / self.rate)
        if abs(slip_s) > _JUMP_S:
            self._slip(slip_s)
        else:
            self._slips_s.append(slip_s)
        self._waiting.append(np.array(samples[: self.channels], np.float32, order="C"))
        self._waiting_samples += samples.shape[1]
        while self._waiting_samples * ROWS_A_SECOND >= (_BATCH_ROWS + 1) * self.rate:
            self._work()

    def _slip(self, slip_s: float) -> None:
        assert self._start_s is not None
        self._start_s += slip_s
        self._slip_s += slip_s
        self._slips_s = []

    def finish(self) -> None:
        """The stream has ended: work on what waits. Less than a row at the very end is filled up with silence."""
        if self._waiting_samples:
            rows = self._rows_waiting()
            if self._waiting_samples > self._bound(rows):
                missing = self._bound(rows + 1) - self._waiting_samples
                self._waiting.append(np.zeros((self.channels, missing), np.float32))
                self._waiting_samples += missing
            while self._rows_waiting():
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
        if self._slips_s and abs(usual := float(np.median(self._slips_s))) > _SLIP_S:
            self._slip(usual)
        rows = min(self._rows_waiting(), _BATCH_ROWS)
        bounds = np.array([self._bound(row) for row in range(rows + 1)])
        waiting = np.nan_to_num(np.concatenate(self._waiting, axis=1), copy=False, posinf=1.0, neginf=-1.0)
        sound, rest = np.ascontiguousarray(waiting[:, : bounds[-1]]), waiting[:, bounds[-1] :]
        self._finished.append(self._measure(sound, bounds))
        self._waiting, self._waiting_samples = [rest], rest.shape[1]
        self._rows_done += rows
        self._samples_done += int(bounds[-1])
        self._slip_s, self._slips_s = 0.0, []

    def _measure(self, sound: Floats, bounds: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        assert self._start_s is not None
        rows = len(bounds) - 1
        at_s = self._start_s + (self._samples_done + bounds[:-1]) / self.rate
        padded = np.concatenate([self._before, sound], axis=1)
        self._before = padded[:, -self._before.shape[1] :]
        found: dict[str, NDArray[Any]] = {"at_s": at_s, "slip_s": np.zeros(rows)}
        found["slip_s"][0] = self._slip_s
        found |= self._levels(sound, padded, bounds) | self._impulses(padded, bounds) | self._edges(sound, bounds, at_s)
        found["hum_50"], found["hum_60"] = self._lines.look(sound.mean(axis=0), rows)
        shared = _covariances(sound, bounds)
        found |= {f"cov_{i}_{j}": shared[:, i, j] for i in range(self.channels) for j in range(i, self.channels)}
        found["polarity"] = np.full(rows, np.nan)
        if self.channels > 1:
            found["polarity"][-1] = self._polarity.look(sound[:2])
            voice = np.empty((3, rows))
            in_band(sound, self._voice_band, self._voice_filter, bounds, voice)
            found |= dict(zip(_VOICE, voice, strict=True))
        if self.channels > 2:
            above = np.full((self.channels, rows), np.nan)
            above[:, 0] = self._above_db(sound)
            found |= {f"above_{i}": above[i] for i in range(self.channels)}
        return {name: found[name].astype(np.float64 if name == "at_s" else np.float32) for name in self.names}

    def _levels(self, sound: Floats, padded: Floats, bounds: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        shape = (self.channels, len(bounds) - 1)
        power, sample_peak, true_peak = np.empty(shape), np.empty(shape, np.float32), np.empty(shape, np.float32)
        kernels.weighted_power(sound, self._sections, self._filter, bounds, power)
        lead = sound.shape[1] + self._phases.shape[1]
        kernels.peaks(np.ascontiguousarray(padded[:, -lead:]), self._phases, bounds, sample_peak, true_peak)
        flat = np.empty(shape, np.float32)
        kernels.flat_tops(sound, bounds, 0.002, 3, 4, flat)
        plateau, level = np.empty((2, *shape), np.float32)
        before = padded.shape[1] - sound.shape[1]
        plateaus(padded, before, bounds, self._rows_done, self._half, plateau, level)
        return {
            "power": self._gains @ power,
            "peak": sample_peak.max(axis=0),
            "true_peak": true_peak.max(axis=0),
            "flat": flat.max(axis=0),
            "plateau": _worst(plateau, plateau),
            "plateau_level": _worst(plateau, level),
        }

    def _impulses(self, padded: Floats, bounds: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        ratio, size = np.empty((2, self.channels, len(bounds) - 1), np.float32)
        lead = _ORDER + 2 * self._far
        near = int(_CLICK_NEAR_S * self.rate)
        kernels.clicks(
            np.ascontiguousarray(padded[:, -bounds[-1] - lead :]), bounds, _ORDER, near, self._far, ratio, size
        )
        return {"click": _worst(ratio, ratio), "click_size": _worst(ratio, size)}

    def _edges(self, sound: Floats, bounds: NDArray[np.int64], at_s: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Short gaps and sudden rises, out of the power in windows of 2 ms."""
        rows = len(bounds) - 1
        short = np.empty((self.channels, rows * _PARTS), np.float32)
        kernels.short_power(sound, bounds, _PARTS, short)
        power = np.concatenate([self._short, short], axis=1)
        self._short = power[:, -_GAP_LEAD:]
        length, depth_db, end = np.empty((3, self.channels, rows), np.float32)
        kernels.gaps(power, _GAP_LEAD, rows, _PARTS, _GAP_MOST, length, depth_db, end)
        part_s = ROW_S / _PARTS
        onset, place = _onsets(power.sum(axis=0), rows)
        return {
            "gap_s": _worst(depth_db, length) * part_s,
            "gap_depth_db": _worst(depth_db, depth_db),
            "gap_end_s": np.where(depth_db.max(axis=0) > 0, at_s[0] + _worst(depth_db, end) * part_s, 0.0),
            "onset": onset,
            "onset_at_s": at_s[0] + place * part_s,
        }

    def _above_db(self, sound: Floats) -> NDArray[Any]:
        """What each channel holds above the lows, dB of these, in the first samples of the batch."""
        piece = sound[:, :_BAND_SAMPLES]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(piece.shape[1]), axis=1)) ** 2
        hz = np.fft.rfftfreq(piece.shape[1], 1 / self.rate)
        low, above = (hz >= _LOW_HZ[0]) & (hz < _LOW_HZ[1]), hz >= _ABOVE_HZ
        ratio = (spectrum[:, above].sum(axis=1) + 1e-12) / (spectrum[:, low].sum(axis=1) + 1e-12)
        level_db: NDArray[Any] = 10 * np.log10(ratio)
        return level_db


def _worst(by: Floats, values: Floats) -> Floats:
    """Of (channels, rows), the row's value in the channel where `by` is largest."""
    picked: Floats = np.take_along_axis(values, by.argmax(axis=0)[None], axis=0)[0]
    return picked


def _onsets(power: Floats, rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Largest rise (dB) from the 60 ms before to the 20 ms after, a row, and its window counted from the batch's first.

    What follows the batch is not known yet: rises are told 20 ms late.
    """
    summed = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    place = np.arange(_GAP_LEAD - 10, len(power) - 10)
    after = (summed[place + 10] - summed[place]) / 10
    before = (summed[place] - summed[place - 30]) / 30
    rise_db = (10 * np.log10((after + 1e-7) / (before + 1e-7))).reshape(rows, _PARTS)
    largest = rise_db.argmax(axis=1)
    return rise_db.max(axis=1), largest + np.arange(rows) * _PARTS - 10


def _covariances(sound: Floats, bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean products (rows, channels, channels) of all pairs of channels."""
    wide = sound.astype(np.float64)
    parts = [wide[:, begin:end] for begin, end in itertools.pairwise(bounds)]
    return np.stack([part @ part.T / part.shape[1] for part in parts])
