"""What the channels are called against how many there are and what they hold."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.meter import MOST_CHANNELS
from frontrow.quality.sound.rows import channels, shared, span, streams
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.weighting import POSITIONS, positions

_LOW: Final = 0.95
"""Share of its power under 160 Hz from which a channel is an LFE."""
_NOT_LOW: Final = 0.8
_PLAYS: Final = 1e-8
"""Power (-80 dBFS) from which a channel's spectrum is looked at."""
_LEAST_SECONDS: Final = 3
ORDERS: Final = {5: "film order (L C R Ls Rs LFE) or AAC's own (C L R Ls Rs LFE)", 2: "L R LFE C"}
"""What is usual with the LFE of six channels in another place than the fourth."""


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """At most one finding a stream for its header, and one for an LFE in another channel's place."""
    found = []
    for stream in measured.facts.of("audio"):
        told = _header(stream)
        if told:
            found.append(Finding("channel_layout", "warn", 0.0, stream.duration_s, 0.8, told, {}, stream.index))
    for stream, series in streams(measured):
        found += _misplaced(stream, series)
    return found


def _header(stream: StreamFacts) -> str:
    if stream.channels > MOST_CHANNELS:
        return f"{stream.channels} channels; at most {MOST_CHANNELS} are measured one by one"
    named = POSITIONS.get(stream.layout)
    if named is not None and len(named.split()) != stream.channels:
        return f"{stream.channels} channels are called {stream.layout}"
    if named is None and stream.channels > 2:
        return f"{stream.channels} channels without a known layout ({stream.layout or 'none is named'})"
    return ""


def low_shares(series: Series, count: int) -> list[float]:
    """Median share of each channel's power under 160 Hz while it plays; NaN where it hardly does."""
    found = []
    for channel in range(count):
        low = np.asarray(series[f"low_{channel}"], float)
        known = low[~np.isnan(low) & (shared(series, channel, channel) > _PLAYS)]
        found.append(float(np.median(known)) if len(known) >= _LEAST_SECONDS else np.nan)
    return found


def _misplaced(stream: StreamFacts, series: Series) -> list[Finding]:
    """The channel called LFE holds more than lows, and exactly one other holds nothing else."""
    names = positions(stream.layout, stream.channels)
    if "LFE" not in names or "low_0" not in series:
        return []
    low = low_shares(series, channels(stream))
    meant = names.index("LFE")
    others = [k for k, share in enumerate(low) if k != meant and share > _LOW]
    if not low[meant] < _NOT_LOW or len(others) != 1:
        return []
    place = others[0]
    guess = ORDERS.get(place, "") if stream.channels == 6 else ""
    detail = (
        f"channel {place + 1} ({names[place]}) holds only lows and channel {meant + 1} (LFE) does not: "
        f"the order is not that of {stream.layout or 'the usual layout'}" + (f"; {guess} fits" if guess else "")
    )
    numbers = {"lfe_low_share": low[meant], "found_low_share": low[place], "channel": float(place)}
    start_s, end_s = span(series, 0, len(series["at_s"]))
    return [Finding("channel_layout", "error", start_s, end_s, 0.9, detail, numbers, stream.index)]
