"""Mains hum: lines at 50 or 60 Hz and their multiples that stay, at the same level, through minutes of other sound."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.lines import WINDOW_S
from frontrow.quality.sound.rows import amplitude, level_db, streams
from frontrow.quality.sound.rules import SoundRules

_STRETCH: Final = 15
"""Windows (a minute) that are judged together, so that hum in one scene is found as well."""
_STEADY_DB: Final = 3.0
"""Median deviation of the level: hum does not play loud and soft."""
_BOTH: Final = 0.3
"""Level of the other mains' lines by this one's from which both are a bass: a country has one mains."""
_UNCOVERED_DB: Final = -6.0
_MISSING: Final = 0.25
"""Windows in which the lines are not there, though nothing covers them, by those in which they are: notes end."""


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """At most one finding for each mains frequency of a stream."""
    found = []
    for stream, series in streams(measured):
        for mains in (50, 60):
            finding = _lines(stream, series, mains, rules)
            if finding:
                found.append(finding)
    return found


def _lines(stream: StreamFacts, series: Series, mains: int, rules: SoundRules) -> Finding | None:
    values, others = (np.asarray(series[f"hum_{hz}"], float) for hz in (mains, 110 - mains))
    rows = np.flatnonzero(~np.isnan(values))
    values, others = values[rows], others[rows]
    least = min(max(1, round(rules.hum_least_s / WINDOW_S)), len(values))
    if not least:
        return None
    audible = (values >= amplitude(rules.hum_dbfs)) & (others < _BOTH * values)
    stretch = min(_STRETCH, len(values))
    share = np.convolve(audible, np.ones(stretch) / stretch, "valid")
    hits = np.flatnonzero(share >= rules.hum_share)
    if not len(hits):
        return None
    first, stop = hits[0] + np.flatnonzero(audible[hits[0] : hits[-1] + stretch])[[0, -1]] + [0, 1]
    heard = values[first:stop][audible[first:stop]]
    level = 20 * np.log10(heard)
    spread = float(np.median(np.abs(level - np.median(level))))
    # where nothing would have covered it, and it is not there, it was no hum
    missing = int(((values < 0) & (-values < amplitude(_UNCOVERED_DB) * np.median(heard)))[first:stop].sum())
    if len(heard) < least or spread > _STEADY_DB or missing > _MISSING * len(heard):
        return None
    at_s = np.asarray(series["at_s"])
    start_s, end_s = float(at_s[max(0, rows[first] - 10 * WINDOW_S)]), float(at_s[rows[stop - 1]])
    typical = level_db(float(np.median(heard)))
    part = float(audible[first:stop].mean())
    detail = f"hum of {mains} Hz and its multiples at {typical:.0f} dBFS in {100 * part:.0f} % of the time"
    numbers = {"hum_dbfs": typical, "mains_hz": float(mains), "share": part, "spread_db": spread}
    sure = float(np.clip(0.5 + 0.05 * len(heard) + 0.01 * (typical - rules.hum_dbfs), 0, 0.97))
    return Finding("hum", "error" if typical > -45 else "warn", start_s, end_s, sure, detail, numbers, stream.index)
