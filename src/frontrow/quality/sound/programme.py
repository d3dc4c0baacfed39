"""Loudness of a programme out of its 100 ms powers: BS.1770-5 with its gates, EBU R 128's range and maxima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import Measurements, Series

Floats = NDArray[Any]

OFFSET_LU: Final = -0.691
ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0
_RANGE_GATE_LU: Final = -20.0
MOMENTARY_ROWS: Final = 4
SHORT_TERM_ROWS: Final = 30
_SPEECH: Final = 0.5
"""Probability from which a piece of 32 ms counts as speech."""
_SPEECH_SHARE: Final = 0.5
"""Share of a 400 ms block that must be speech."""


@dataclass(frozen=True)
class Loudness:
    """One programme. -inf where nothing was above the absolute gate."""

    integrated_lufs: float
    range_lu: float
    momentary_lufs: float
    """Largest over 400 ms."""
    short_term_lufs: float
    """Largest over 3 s."""
    true_peak_dbtp: float


def loudness(series: Series) -> Loudness:
    """The whole stream."""
    power = np.asarray(series["power"], np.float64)
    peak = float(np.max(series["true_peak"], initial=0.0))
    return Loudness(
        integrated_lufs=integrated_lufs(power),
        range_lu=range_lu(power),
        momentary_lufs=_lufs(windows(power, MOMENTARY_ROWS).max(initial=0.0)),
        short_term_lufs=_lufs(windows(power, SHORT_TERM_ROWS).max(initial=0.0)),
        true_peak_dbtp=20 * np.log10(peak) if peak > 0 else -np.inf,
    )


@dataclass(frozen=True)
class Programme:
    """The sound of one stream in a few numbers, for people and scripts; None where there is nothing to measure."""

    stream: int
    integrated_lufs: float | None
    range_lu: float
    momentary_lufs: float | None
    short_term_lufs: float | None
    true_peak_dbtp: float | None
    dialogue_lufs: float | None
    dialogue_share: float
    """Share of the programme in which people speak; 0 also without the network that listens for it."""


def programmes(measured: Measurements) -> tuple[Programme, ...]:
    """Each measured sound stream."""
    found = []
    for stream, series in measured.sound.items():
        whole = loudness(series)
        spoken, share = dialogue_lufs(series, measured.speech.get(stream))
        found.append(
            Programme(
                stream=stream,
                integrated_lufs=_finite(whole.integrated_lufs),
                range_lu=round(whole.range_lu, 2),
                momentary_lufs=_finite(whole.momentary_lufs),
                short_term_lufs=_finite(whole.short_term_lufs),
                true_peak_dbtp=_finite(whole.true_peak_dbtp),
                dialogue_lufs=_finite(spoken),
                dialogue_share=round(share, 3),
            )
        )
    return tuple(found)


def _finite(level: float) -> float | None:
    return round(float(level), 2) if np.isfinite(level) else None


def integrated_lufs(power: Floats, chosen: NDArray[np.bool_] | None = None) -> float:
    """Loudness of the 400 ms blocks (every 100 ms) above both gates; of the `chosen` blocks (n - 3,) where given."""
    blocks = windows(power, MOMENTARY_ROWS)
    if chosen is not None:
        blocks = blocks[chosen]
    blocks = blocks[blocks > _power(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return -np.inf
    blocks = blocks[blocks > blocks.mean() * 10 ** (_RELATIVE_GATE_LU / 10)]
    return _lufs(blocks.mean())


def range_lu(power: Floats) -> float:
    """Loudness range (EBU Tech 3342): 10th to 95th percentile of 3 s loudness above gates of -70 LUFS and -20 LU."""
    blocks = windows(power, SHORT_TERM_ROWS)
    blocks = blocks[blocks > _power(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return 0.0
    blocks = blocks[blocks > blocks.mean() * 10 ** (_RANGE_GATE_LU / 10)]
    low, high = np.percentile(10 * np.log10(blocks), [10, 95])
    return float(high - low)


def dialogue_lufs(series: Series, speech: Series | None) -> tuple[float, float]:
    """(loudness of the blocks in which people speak, their share of the programme); (-inf, 0) where nobody does."""
    power = np.asarray(series["power"], np.float64)
    if speech is None or not len(speech["at_s"]) or len(power) < MOMENTARY_ROWS:
        return -np.inf, 0.0
    spoken = np.concatenate([[0.0], np.cumsum(np.asarray(speech["speech"]) > _SPEECH)])
    begin = np.asarray(series["at_s"])[: len(power) - MOMENTARY_ROWS + 1]
    first = np.searchsorted(speech["at_s"], begin)
    last = np.searchsorted(speech["at_s"], begin + MOMENTARY_ROWS / 10)
    chosen = (spoken[last] - spoken[first]) > _SPEECH_SHARE * np.maximum(last - first, 1)
    return integrated_lufs(power, chosen), float(chosen.mean())


def windows(power: Floats, rows: int) -> Floats:
    """Mean powers (n - rows + 1,) of every `rows` rows in a row."""
    summed = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    means: Floats = np.maximum(summed[rows:] - summed[:-rows], 0.0) / rows
    return means


def _lufs(power: float) -> float:
    return float(OFFSET_LU + 10 * np.log10(power)) if power > 0 else -np.inf


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET_LU) / 10))
