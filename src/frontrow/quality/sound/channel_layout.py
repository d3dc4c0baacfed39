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

_LOW_DB: Final = -27.0
"""What a channel holds above 375 Hz, by its lows, under which it is an LFE: filtered lows had -32 and less."""
_NOT_LOW_DB: Final = -22.0
"""From here on it is none: the darkest music of the tuning films had -17."""
_PLAYS: Final = 1e-8
"""Power (-80 dBFS) from which a channel's spectrum is looked at."""
_LEAST_SECONDS: Final = 3
_PAIRS: Final = (("L", "R"), ("SL", "SR"), ("BL", "BR"))
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


def above_lows_db(series: Series, count: int) -> list[float]:
    """Median of what each channel holds above the lows, dB of these, while it plays; NaN where it hardly does."""
    found = []
    for channel in range(count):
        above = np.asarray(series[f"above_{channel}"], float)
        known = above[~np.isnan(above) & (shared(series, channel, channel) > _PLAYS)]
        found.append(float(np.median(known)) if len(known) >= _LEAST_SECONDS else np.nan)
    return found


def _misplaced(stream: StreamFacts, series: Series) -> list[Finding]:
    """Exactly one channel beside the LFE holds nothing but lows, while the LFE or the channel's own pair hold more.

    An encoder cuts whatever it is given as LFE down to lows: then the pair alone tells.
    """
    names = positions(stream.layout, stream.channels)
    if "LFE" not in names or "above_0" not in series:
        return []
    above = dict(zip(names, above_lows_db(series, channels(stream)), strict=False))
    lows = [name for name, level in above.items() if name != "LFE" and level < _LOW_DB]
    if len(lows) != 1:
        return []
    place = lows[0]
    pair = next((pair for pair in _PAIRS if place in pair), ("L", "R"))
    more = [name for name in ("LFE", *pair) if name != place and above.get(name, np.nan) > _NOT_LOW_DB]
    if "LFE" not in more and len(more) < len(set(pair) - {place}):
        return []
    number = names.index(place)
    guess = ORDERS.get(number, "") if stream.channels == 6 else ""
    detail = (
        f"channel {number + 1} ({place}) holds only lows and {' and '.join(more)} "
        f"{'do' if len(more) > 1 else 'does'} not: the order is not that of {stream.layout or 'the usual layout'}"
        + (f"; {guess} fits" if guess else "")
    )
    numbers = {"above_lows_db": above[place], "channel": float(number)}
    start_s, end_s = span(series, 0, len(series["at_s"]))
    return [Finding("channel_layout", "error", start_s, end_s, 0.9, detail, numbers, stream.index)]
