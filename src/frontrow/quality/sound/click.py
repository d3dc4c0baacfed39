"""Clicks: errors of a single moment that the sound around them does not foretell (Godsill and Rayner 1998).

A drum's attack lasts and a voice's pulses come back; a click does neither. A lone faint one is information: a film's
effects hold such moments too. Several within half a minute, or a lone loud one, are a fault.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements
from frontrow.quality.sound.meter import ROW_S
from frontrow.quality.sound.rows import Floats, Mask, level_db, streams
from frontrow.quality.sound.rules import SoundRules

_EDGE_S: Final = 0.3
"""A stream's own beginning and end are steps."""
_NEAR_S: Final = 30.0
_SEVERAL: Final = 3
_LOUD_RATIO: Final = 25.0
_LOUD_SIZE: Final = 0.15
_JOIN_S: Final = 1.0
_MOST: Final = 200
"""Findings a stream; a scratched record needs no more to be told."""


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for clicks less than a second apart."""
    found = []
    for stream, series in streams(measured):
        at_s, ratio, size = (np.asarray(series[name], float) for name in ("at_s", "click", "click_size"))
        clicks = (ratio >= rules.click_ratio) & (size >= rules.click_size)
        clicks &= (at_s > at_s[0] + _EDGE_S) & (at_s < at_s[-1] - _EDGE_S) & ~_beside_gaps(series["gap_depth_db"])
        # silence on one side makes a step out of any sudden sound
        clicks &= np.minimum(np.roll(series["peak"], 1), np.roll(series["peak"], -1)) > 1e-4
        times = at_s[clicks]
        for place in _grouped(times)[:_MOST]:
            first, last = times[place[0]], times[place[-1]]
            near = int(((times >= first - _NEAR_S) & (times <= last + _NEAR_S)).sum())
            here = clicks & (at_s >= first) & (at_s <= last)
            loud = bool(((ratio >= _LOUD_RATIO) & (size >= _LOUD_SIZE) & here).any())
            strongest = float(ratio[here].max())
            severity: Severity = "warn" if near >= _SEVERAL or loud else "info"
            sure = float(np.clip(0.3 + 0.1 * near + 0.2 * loud + 0.005 * strongest, 0, 0.97))
            many = f"{len(place)} clicks" if len(place) > 1 else "a click"
            peak = level_db(float(size[here].max()))
            detail = f"{many}, {strongest:.0f} times what is around, {peak:.0f} dBFS; {near} within half a minute"
            numbers = {"ratio": strongest, "size_dbfs": peak, "near": float(near)}
            start_s, end_s = float(first), float(last + ROW_S)
            found.append(Finding("click", severity, start_s, end_s, sure, detail, numbers, stream.index))
    return found


def _beside_gaps(depth_db: Floats) -> Mask:
    """Rows in which a gap begins or ends: its edges are steps, and told as a dropout."""
    gap = np.asarray(depth_db) > 0
    beside = gap.copy()
    for shift in range(1, 6):
        beside[:-shift] |= gap[shift:]
    beside[1:] |= gap[:-1]
    return beside


def _grouped(times: Floats) -> list[list[int]]:
    groups: list[list[int]] = []
    for place, at_s in enumerate(times):
        if groups and at_s - times[groups[-1][-1]] < _JOIN_S:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups
