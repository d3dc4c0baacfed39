"""Loudness off its target: too loud, too quiet, or too wide a range, by BS.1770-5 and EBU R 128."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.sound.programme import Loudness, dialogue_lufs, loudness
from frontrow.quality.sound.rows import length_s, streams
from frontrow.quality.sound.rules import SoundRules

_LEAST_SPEECH_S: Final = 3.0
"""Less speech than this does not stand for a programme's dialogue."""
_ROUNDING_LU: Final = 0.05
"""Limits are given in tenths."""


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """At most two findings a stream: level and range."""
    found = []
    for stream, series in streams(measured):
        whole = loudness(series)
        if length_s(series) < rules.loudness_least_s or not np.isfinite(whole.integrated_lufs):
            continue
        level, how = whole.integrated_lufs, "of the whole programme"
        if rules.loudness_by_dialogue:
            level, how = _by_dialogue(series, measured.speech.get(stream.index), whole)
        start_s, end_s = float(series["at_s"][0]), float(series["at_s"][-1]) + 0.1
        numbers = {
            "loudness_lufs": level,
            "integrated_lufs": whole.integrated_lufs,
            "range_lu": whole.range_lu,
            "short_term_lufs": whole.short_term_lufs,
        }
        away = level - rules.loudness_lufs
        beyond = abs(away) - rules.loudness_tolerance_lu
        if beyond > _ROUNDING_LU:
            detail = (
                f"{level:.1f} LUFS {how} is {abs(away):.1f} LU too {'loud' if away > 0 else 'quiet'}: "
                f"{rules.loudness_lufs:g} ±{rules.loudness_tolerance_lu:g} LUFS is wanted"
            )
            sure = min(0.99, 0.8 + 0.1 * beyond)
            found.append(Finding("loudness", "error", start_s, end_s, sure, detail, numbers, stream.index))
        if whole.range_lu > rules.loudness_range_lu:
            detail = f"loudness range of {whole.range_lu:.1f} LU; the limit is {rules.loudness_range_lu:g}"
            found.append(Finding("loudness", "warn", start_s, end_s, 0.8, detail, numbers, stream.index))
    return found


def _by_dialogue(series: Series, speech: Series | None, whole: Loudness) -> tuple[float, str]:
    """Level where people speak, or that of the whole programme with the reason why."""
    level, share = dialogue_lufs(series, speech)
    if speech is None:
        return whole.integrated_lufs, "of the whole programme (speech was not looked for)"
    if share * length_s(series) < _LEAST_SPEECH_S or not np.isfinite(level):
        return whole.integrated_lufs, "of the whole programme (hardly anybody speaks)"
    return level, f"of its dialogue ({100 * share:.0f} % of the time)"
