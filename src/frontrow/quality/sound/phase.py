"""Polarity: one channel of a pair turned over, so that a mix to mono cancels what both hold."""

from __future__ import annotations

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements
from frontrow.quality.sound.meter import ROWS_A_SECOND
from frontrow.quality.sound.rows import HEARD, runs, shared, smoothed, span, streams
from frontrow.quality.sound.rules import SoundRules


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each stretch in which left and right work against each other."""
    found = []
    for stream, series in streams(measured):
        if stream.channels < 2:
            continue
        left, right, both = (smoothed(shared(series, *pair), ROWS_A_SECOND) for pair in ((0, 0), (1, 1), (0, 1)))
        heard = (left > HEARD) & (right > HEARD)
        correlation = np.where(heard, both / np.sqrt(np.maximum(left * right, 1e-20)), 0.0)
        against = correlation < rules.phase_correlation
        for first, stop in runs(against, ROWS_A_SECOND):
            start_s, end_s = span(series, first, stop)
            if against[first:stop].sum() < rules.phase_least_s * ROWS_A_SECOND:
                continue
            part = slice(first, stop)
            typical = float(np.median(correlation[part][against[part]]))
            share = float(against[part].sum() / max(heard.sum(), 1))
            detail = f"left and right have opposite polarity (correlation {typical:.2f}) for {end_s - start_s:.1f} s"
            numbers = {"correlation": typical, "share": share}
            sure = float(np.clip(0.4 + 0.5 * -typical + 0.1 * share, 0, 0.98))
            severity: Severity = "error" if typical < -0.7 else "warn"
            found.append(Finding("phase", severity, start_s, end_s, sure, detail, numbers, stream.index))
    return found
