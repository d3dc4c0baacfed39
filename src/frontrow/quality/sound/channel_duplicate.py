"""Channels that hold the same: mono as stereo, or one channel of a surround mix copied to another."""

from __future__ import annotations

import itertools
from typing import Final

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.sound.rows import HEARD, channels, decibels, shared, span, streams
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.weighting import positions

_LEAST_ROWS: Final = 10


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each pair that is the same wherever it plays."""
    found = []
    for stream, series in streams(measured):
        names = positions(stream.layout, stream.channels) or tuple(str(k + 1) for k in range(stream.channels))
        for one, other in itertools.combinations(range(channels(stream)), 2):
            total = shared(series, one, one) + shared(series, other, other)
            plays = total > HEARD
            if plays.sum() < _LEAST_ROWS:
                continue
            difference = float((total - 2 * shared(series, one, other))[plays].sum())
            level = float(decibels(difference / total[plays].sum()))
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
