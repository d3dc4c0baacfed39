"""Channels that hold the same: mono as stereo, or one channel of a surround mix copied to another."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.sound.rows import HEARD, Mask, channels, decibels, shared, span, streams
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.weighting import positions

_LEAST_ROWS: Final = 10
_LEAST_POWER: Final = 1e-8
"""Mean power in the band under which nothing can be said of it."""


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each pair that is the same wherever it plays."""
    found = []
    for stream, series in streams(measured):
        names = positions(stream.layout, stream.channels) or tuple(str(k + 1) for k in range(stream.channels))
        for one, other in itertools.combinations(range(channels(stream)), 2):
            plays = shared(series, one, one) + shared(series, other, other) > HEARD
            if plays.sum() < _LEAST_ROWS:
                continue
            level = _difference_db(series, one, other, plays)
            if level > rules.duplicate_db:
                continue
            mono = stream.channels == 2
            what = "mono as stereo: both channels" if mono else f"channels {names[one]} and {names[other]}"
            detail = f"{what} are the same; their difference lies {-level:.0f} dB under them"
            start_s, end_s = span(series, 0, len(plays))
            numbers = {"difference_db": level}
            sure = 0.95 if level < -60 else 0.8
            found.append(Finding("channel_duplicate", "warn", start_s, end_s, sure, detail, numbers, stream.index))
    return found


def _difference_db(series: Series, one: int, other: int, plays: Mask) -> float:
    """Power of the difference by that of both; of the first two in the band that lossy codecs leave alone."""
    name = "voice" if (one, other) == (0, 1) else "cov"
    first, cross, second = (
        float(np.asarray(series[f"{name}_{i}_{j}"], np.float64)[plays].sum())
        for i, j in ((one, one), (one, other), (other, other))
    )
    if first + second < _LEAST_POWER * plays.sum():
        return 0.0
    return float(decibels(np.array(max(first + second - 2 * cross, 0.0) / (first + second))))
