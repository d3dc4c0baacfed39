"""Polarity: one channel of a pair turned over, so that a mix to mono cancels what both hold.

Judged by the agreement of both sides from bass to voices (sides.py): a wide mix, or microphones apart, disagree in one
band or another, a side that was turned over in all of them.
"""

from __future__ import annotations

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.meter import ROWS_A_SECOND
from frontrow.quality.sound.rows import Floats, runs, span, streams
from frontrow.quality.sound.rules import SoundRules


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for a stream whose sides are against each other on the whole, else one for each stretch of it."""
    found = []
    for stream, series in streams(measured):
        rows = np.flatnonzero(~np.isnan(series["polarity"]))
        if stream.channels < 2 or not len(rows):
            continue
        agreement = np.asarray(series["polarity"], np.float64)[rows]
        typical = max(float(agreement.mean()), float(np.median(agreement)))
        if len(agreement) >= rules.phase_whole_s and typical < rules.phase_mean:
            found.append(_told(stream, series, agreement, (0, len(series["at_s"]))))
            continue
        for first, stop in runs(agreement < rules.phase_correlation / 2):
            if stop - first >= rules.phase_least_s and agreement[first:stop].mean() < rules.phase_correlation:
                part = (max(0, int(rows[first]) + 1 - ROWS_A_SECOND), int(rows[stop - 1]) + 1)
                found.append(_told(stream, series, agreement[first:stop], part))
    return found


def _told(stream: StreamFacts, series: Series, agreement: Floats, part: tuple[int, int]) -> Finding:
    start_s, end_s = span(series, *part)
    typical = float(np.median(agreement))
    detail = f"left and right have opposite polarity (agreement {typical:.2f}) for {end_s - start_s:.1f} s"
    sure = float(np.clip(0.5 + 0.5 * -typical, 0, 0.98))
    severity: Severity = "error" if typical < -0.6 else "warn"
    return Finding("phase", severity, start_s, end_s, sure, detail, {"agreement": typical}, stream.index)
