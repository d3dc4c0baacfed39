"""Dropouts: sound that stops and comes back within a blink, and holes in the stream's time stamps."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.rows import streams
from frontrow.quality.sound.rules import SoundRules

_JOIN_S: Final = 1.0
_LEAST_HOLE_S: Final = 0.03
_MOST_HOLES: Final = 100


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for gaps less than a second apart."""
    found = []
    for stream, series in streams(measured):
        found += _gaps(stream, series, rules) + _holes(stream, series, rules)
    return found


def _gaps(stream: StreamFacts, series: Series, rules: SoundRules) -> list[Finding]:
    length, depth, end = (np.asarray(series[name], float) for name in ("gap_s", "gap_depth_db", "gap_end_s"))
    deep = (depth >= rules.dropout_depth_db) & (length >= rules.dropout_least_s) & (length <= rules.dropout_most_s)
    groups: list[list[int]] = []
    for row in np.flatnonzero(deep):
        if groups and end[row] - length[row] - end[groups[-1][-1]] < _JOIN_S:
            groups[-1].append(int(row))
        else:
            groups.append([int(row)])
    found = []
    for rows in groups:
        longest, deepest = float(length[rows].max()), float(depth[rows].max())
        many = f"{len(rows)} gaps of up to" if len(rows) > 1 else "a gap of"
        detail = f"{many} {1000 * longest:.0f} ms, {deepest:.0f} dB below the sound around"
        numbers = {"gaps": float(len(rows)), "length_s": longest, "depth_db": deepest}
        start_s, end_s = float(end[rows[0]] - length[rows[0]]), float(end[rows[-1]])
        sure = float(np.clip(0.6 + 0.01 * (deepest - rules.dropout_depth_db) + 0.1 * (len(rows) - 1), 0, 0.97))
        severity: Severity = "error" if len(rows) > 1 or longest >= 0.03 else "warn"
        found.append(Finding("dropout", severity, start_s, end_s, sure, detail, numbers, stream.index))
    return found


def _holes(stream: StreamFacts, series: Series, rules: SoundRules) -> list[Finding]:
    """Where time stamps jump ahead, packets are missing."""
    found = []
    for row in np.flatnonzero(np.asarray(series["slip_s"]) > _LEAST_HOLE_S)[:_MOST_HOLES]:
        hole_s, at_s = float(series["slip_s"][row]), float(series["at_s"][row])
        if at_s - hole_s <= float(series["at_s"][0]):
            continue
        detail = f"{1000 * hole_s:.0f} ms of sound are missing: the time stamps jump ahead"
        numbers = {"length_s": hole_s}
        found.append(Finding("dropout", "error", at_s - hole_s, at_s, 0.9, detail, numbers, stream.index))
    return found
