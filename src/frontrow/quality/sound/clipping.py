"""Clipping: waves with their tops cut flat, at full scale or, attenuated afterwards, anywhere below it.

A lossy encode after the clipping rounds the tops off again; what then remains cannot be told from a hard limiter here.
"""

from __future__ import annotations

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements
from frontrow.quality.sound.meter import ROWS_A_SECOND
from frontrow.quality.sound.rows import level_db, runs, span, streams
from frontrow.quality.sound.rules import SoundRules


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each stretch with enough clipped rows a second."""
    found = []
    for stream, series in streams(measured):
        flat = np.asarray(series["flat"])
        clipped = flat > rules.clipping_share
        around = np.convolve(clipped, np.ones(ROWS_A_SECOND))[(ROWS_A_SECOND - 1) // 2 :][: len(clipped)]
        for first, stop in runs(clipped & (around >= rules.clipping_least), ROWS_A_SECOND):
            share, rows = float(flat[first:stop].mean()), int(clipped[first:stop].sum())
            level = level_db(float(series["peak"][first:stop].max()))
            detail = f"tops cut flat at {level:.1f} dBFS: {100 * share:.1f} % of the samples, {rows} times 100 ms"
            numbers = {"flat_share": share, "rows": float(rows), "peak_dbfs": level}
            start_s, end_s = span(series, first, stop)
            sure = float(np.clip(0.6 + 0.03 * rows + 5 * share, 0, 0.99))
            severity: Severity = "error" if rows >= ROWS_A_SECOND or share > 0.02 else "warn"
            found.append(Finding("clipping", severity, start_s, end_s, sure, detail, numbers, stream.index))
    return found
