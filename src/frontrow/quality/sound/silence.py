"""Silence inside a programme, between its first and its last sound; and streams without any sound at all.

Films rest: a silence that fades in and out is information. One that begins and ends at once was made by a fault.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.sound.rows import Floats, amplitude, length_s, level_db, runs, span, streams
from frontrow.quality.sound.rules import SoundRules

_ABRUPT: Final = 10 ** (-45 / 20)
"""Peak in the 100 ms beside a silence from which its edge is no fade."""
_FALL: Final = 0.3
"""Share of what is heard within .8 s that still sounds there."""
_FALL_TO_NOTHING: Final = 0.1
"""The same beside digital silence: a fade from there begins at nothing."""
_STEP: Final = 2.0**-15
"""A step of 16 bits: decoders fill up digital silence with noise below."""
_LONG_S: Final = 10.0


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each silence."""
    found = []
    for stream, series in streams(measured):
        peak = np.asarray(series["peak"])
        quiet = peak < amplitude(rules.silence_dbfs)
        if quiet.all():
            if length_s(series) >= rules.silence_least_s:
                start_s, end_s = span(series, 0, len(peak))
                detail = f"no sound at all: nothing above {rules.silence_dbfs:g} dBFS"
                found.append(Finding("silence", "error", start_s, end_s, 0.99, detail, {}, stream.index))
            continue
        first_heard, last_heard = np.flatnonzero(~quiet)[[0, -1]]
        for first, stop in runs(quiet):
            start_s, end_s = span(series, first, stop)
            if first < first_heard or stop > last_heard or end_s - start_s < rules.silence_least_s:
                continue
            severity, sure = _weigh(series, first, stop, end_s - start_s, rules)
            level = level_db(float(peak[first:stop].max()))
            what = "digital silence" if peak[first:stop].max() < _STEP else f"nothing above {level:.0f} dBFS"
            detail = f"{what} for {end_s - start_s:.1f} s inside the programme"
            numbers = {"length_s": end_s - start_s, "peak_dbfs": level}
            found.append(Finding("silence", severity, start_s, end_s, sure, detail, numbers, stream.index))
    return found


def _weigh(series: Series, first: int, stop: int, length: float, rules: SoundRules) -> tuple[Severity, float]:
    """Severity and confidence by edges, depth and length. The rows at the edges are half sound."""
    peak = series["peak"]
    before, after = peak[max(first - 8, 0) : first][::-1], peak[stop : stop + 8]
    # encoders let sound run out into the first few rows
    digital = bool(np.percentile(peak[first:stop], 75) < _STEP)
    abrupt = sum(_cut_off(side, _FALL_TO_NOTHING if digital else _FALL) for side in (before, after))
    if abrupt == 2 and (digital or length >= rules.silence_warn_s):
        return ("error" if length >= rules.silence_warn_s else "warn"), 0.9
    if length >= _LONG_S or (digital and abrupt and length >= rules.silence_warn_s):
        return "warn", 0.6
    return "info", 0.3


def _cut_off(side: Floats, fall: float) -> bool:
    """Whether the sound beside a silence, from its edge outwards, is at its level at once."""
    edge = float(np.max(side[:2], initial=0.0))
    return edge > _ABRUPT and edge > fall * float(np.max(side, initial=0.0))
