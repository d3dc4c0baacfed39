"""Values between samples over the limit: a converter or the next encoder clips them (BS.1770-5, annex 2)."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements
from frontrow.quality.sound.rows import amplitude, level_db, runs, span, streams
from frontrow.quality.sound.rules import SoundRules

_JOIN_ROWS: Final = 100
_GROSS_DB: Final = 1.0


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each stretch; excesses within ten seconds are one."""
    found = []
    for stream, series in streams(measured):
        peaks = np.asarray(series["true_peak"])
        for first, stop in runs(peaks > amplitude(rules.true_peak_dbtp), _JOIN_ROWS):
            top = level_db(float(peaks[first:stop].max()))
            over = top - rules.true_peak_dbtp
            rows = int((peaks[first:stop] > amplitude(rules.true_peak_dbtp)).sum())
            detail = f"true peak of {top:.1f} dBTP ({rows} times 100 ms over); the limit is {rules.true_peak_dbtp:g}"
            numbers = {"true_peak_dbtp": top, "rows": float(rows)}
            start_s, end_s = span(series, first, stop)
            severity: Severity = "error" if over > _GROSS_DB else "warn"
            sure = float(np.clip(0.6 + 0.3 * over, 0.6, 0.99))
            found.append(Finding("true_peak", severity, start_s, end_s, sure, detail, numbers, stream.index))
    return found
