"""Stretches of the sound series, and relations of its channels: the words that the detectors share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.meter import MOST_CHANNELS, ROW_S

Floats = NDArray[Any]
Mask = NDArray[np.bool_]

HEARD: Final = 1e-6
"""Power (-60 dBFS) from which a channel plays."""
_NOTHING: Final = 1e-14


def streams(measured: Measurements) -> Iterator[tuple[StreamFacts, Series]]:
    """Each audio stream that was measured, with its series."""
    for stream in measured.facts.of("audio"):
        series = measured.sound.get(stream.index)
        if series is not None and len(series["at_s"]):
            yield stream, series


def runs(mask: Mask, gap: int = 0) -> list[tuple[int, int]]:
    """(first, one past the last) row of each stretch where `mask` holds; up to `gap` rows between two are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    joined: list[tuple[int, int]] = []
    for first, stop in edges.reshape(-1, 2).tolist():
        if joined and first - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((first, stop))
    return joined


def span(series: Series, first: int, stop: int) -> tuple[float, float]:
    """Start and end in seconds of rows."""
    at_s = series["at_s"]
    return float(at_s[first]), float(at_s[stop - 1]) + ROW_S


def length_s(series: Series) -> float:
    """Seconds that the series covers."""
    return len(series["at_s"]) * ROW_S


def channels(stream: StreamFacts) -> int:
    """Channels that were measured one by one."""
    return min(stream.channels, MOST_CHANNELS)


def shared(series: Series, one: int, other: int) -> Floats:
    """Mean product (rows,) of two channels; a channel's power with itself."""
    return np.asarray(series[f"cov_{min(one, other)}_{max(one, other)}"], np.float64)


def smoothed(values: Floats, rows: int) -> Floats:
    """Mean over `rows` rows around each."""
    from scipy.ndimage import uniform_filter1d

    mean: Floats = uniform_filter1d(values, rows, mode="nearest")
    return mean


def decibels(power: Floats) -> Floats:
    """10 log10, -140 for nothing."""
    level: Floats = 10 * np.log10(np.maximum(power, _NOTHING))
    return level


def amplitude(level_db: float) -> float:
    """Linear value of a level in dB of full scale."""
    return float(10 ** (level_db / 20))


def level_db(value: float) -> float:
    """dB of full scale of a linear value; -140 for nothing."""
    return float(20 * np.log10(max(value, 1e-7)))
