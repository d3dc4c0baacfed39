"""Polarity: one channel of a pair turned over, so that a mix to mono cancels what both hold.

Judged in the band of voices, where even loosely related sides agree; noise and reverberation above only blur it.
"""

from __future__ import annotations

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.meter import ROWS_A_SECOND
from frontrow.quality.sound.rows import HEARD, Floats, Mask, runs, smoothed, span, streams
from frontrow.quality.sound.rules import SoundRules


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for a stream whose sides are against each other on the whole, else one for each stretch of it."""
    found = []
    for stream, series in streams(measured):
        if stream.channels < 2:
            continue
        left, both, right = (smoothed(np.asarray(series[name], np.float64), ROWS_A_SECOND)
                             for name in ("voice_0_0", "voice_0_1", "voice_1_1"))  # fmt: skip
        heard = (left > HEARD / 10) & (right > HEARD / 10)
        correlation = np.where(heard, both / np.sqrt(np.maximum(left * right, 1e-20)), 0.0)
        if heard.sum() < rules.phase_least_s * ROWS_A_SECOND:
            continue
        mean = float(correlation[heard].mean())
        long = heard.sum() >= rules.phase_whole_s * ROWS_A_SECOND
        if long and mean < rules.phase_mean and float(np.median(correlation[heard])) < rules.phase_mean:
            found.append(_told(stream, series, correlation, heard, (0, len(heard))))
            continue
        against = correlation < rules.phase_correlation
        for first, stop in runs(against, ROWS_A_SECOND):
            if against[first:stop].sum() >= rules.phase_least_s * ROWS_A_SECOND:
                found.append(_told(stream, series, correlation, against, (first, stop)))
    return found


def _told(stream: StreamFacts, series: Series, correlation: Floats, rows: Mask, part: tuple[int, int]) -> Finding:
    start_s, end_s = span(series, *part)
    typical = float(np.median(correlation[slice(*part)][rows[slice(*part)]]))
    share = float(rows[slice(*part)].sum() / len(rows))
    detail = f"left and right have opposite polarity (correlation {typical:.2f}) for {end_s - start_s:.1f} s"
    sure = float(np.clip(0.4 + 0.5 * -typical + 0.1 * share, 0, 0.98))
    severity: Severity = "error" if typical < -0.7 else "warn"
    numbers = {"correlation": typical, "share": share}
    return Finding("phase", severity, start_s, end_s, sure, detail, numbers, stream.index)
