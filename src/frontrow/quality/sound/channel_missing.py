"""A channel that is dead while its pair plays; the centre or both surrounds dead through a whole surround track."""

from __future__ import annotations

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.meter import ROWS_A_SECOND
from frontrow.quality.sound.rows import HEARD, channels, decibels, runs, shared, span, streams
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.weighting import positions

_PAIRS = (("L", "R"), ("SL", "SR"), ("BL", "BR"))


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each stretch."""
    found = []
    for stream, series in streams(measured):
        names = positions(stream.layout, stream.channels)[: channels(stream)]
        for left, right in _PAIRS:
            if left in names and right in names:
                for dead, alive in ((left, right), (right, left)):
                    found += _stretches(stream, series, (names.index(dead), dead), (names.index(alive), alive), rules)
        found += _whole(stream, series, names, rules)
    return found


def _stretches(
    stream: StreamFacts, series: Series, dead: tuple[int, str], alive: tuple[int, str], rules: SoundRules
) -> list[Finding]:
    """Where the other channel of the pair plays and this one does not."""
    power, other = shared(series, dead[0], dead[0]), shared(series, alive[0], alive[0])
    plays = other > HEARD
    empty = power < other * 10 ** (-rules.channel_missing_db / 10)
    found = []
    for first, stop in runs(empty & plays, 2 * ROWS_A_SECOND):
        if (empty & plays)[first:stop].sum() < rules.channel_least_s * ROWS_A_SECOND:
            continue
        if (power[first:stop] > other[first:stop] * 0.01).any() and (power[first:stop] > HEARD).any():
            continue
        start_s, end_s = span(series, first, stop)
        below = float(decibels(other[first:stop].mean()) - decibels(power[first:stop].mean()))
        detail = f"channel {dead[1]} is dead for {end_s - start_s:.1f} s while {alive[1]} plays, {below:.0f} dB louder"
        numbers = {"below_db": below, "length_s": end_s - start_s}
        sure = float(np.clip(0.6 + 0.02 * (end_s - start_s) + 0.003 * below, 0, 0.98))
        found.append(Finding("channel_missing", "error", start_s, end_s, sure, detail, numbers, stream.index))
    return found


def _whole(stream: StreamFacts, series: Series, names: tuple[str, ...], rules: SoundRules) -> list[Finding]:
    """Channels of a surround track that never play. An empty LFE is usual."""
    if stream.channels < 5 or not names:
        return []
    mean = {name: float(shared(series, k, k).mean()) for k, name in enumerate(names) if name != "LFE"}
    loudest = max(mean.values())
    dead = [name for name, power in mean.items() if power < loudest * 10 ** (-rules.channel_missing_db / 10)]
    told = {name for pair in _PAIRS for name in pair if (pair[0] in dead) != (pair[1] in dead)}
    dead = [name for name in dead if name not in told]
    if loudest < HEARD or not dead:
        return []
    start_s, end_s = span(series, 0, len(series["at_s"]))
    detail = f"{', '.join(dead)} of {stream.layout or 'this layout'} never play"
    return [Finding("channel_missing", "warn", start_s, end_s, 0.7, detail, {"channels": len(dead)}, stream.index)]
