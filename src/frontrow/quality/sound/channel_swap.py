"""Swapped channels, where that can be known.

In a surround mix left and right are each other's mirror: about as loud, and as alike the centre. A swap with the centre
breaks that, and swapping back mends it, time and again through the whole stream. Whether left and right of a stereo
track are swapped cannot be known from the track alone; another stream of the same file tells, when its sounds move to
the other side at the same moments.
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.rows import HEARD, Floats, channels, shared, smoothed, span, streams
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.weighting import positions

_CLEARLY: Final = 0.2
"""How much less mirrored the order as it is must be than the best other: nepers and correlations added. Of tuning
films in their own order every exchange made it worse, by .1 and more."""
_TIMES: Final = 1.4
_BLOCK_ROWS: Final = 100
_OPPOSITE: Final = -0.6
_MOVES: Final = 0.05
"""Least spread of the balance, log10 of the power ratio, that shows something moves."""
_LEAST_ROWS: Final = 100


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """At most one finding a stream, and one for each pair of streams with opposite sides."""
    heard = list(streams(measured))
    found = [finding for stream, series in heard if (finding := _centre(stream, series))]
    for (one, first), (other, second) in itertools.combinations(heard, 2):
        finding = _sides(one, first, other, second)
        if finding:
            found.append(finding)
    return found


def _centre(stream: StreamFacts, series: Series) -> Finding | None:
    """The centre in the place of left or right."""
    names = positions(stream.layout, stream.channels)
    if not {"L", "R", "C"} <= set(names) or stream.channels > channels(stream):
        return None
    three = [names.index(name) for name in ("L", "R", "C")]
    blocks = [_front(series, three, first) for first in range(0, len(series["at_s"]), _BLOCK_ROWS)]
    heard = [block for block in blocks if np.diag(block).min() > HEARD]
    if not heard:
        return None
    orders = {"": [0, 1, 2], "L": [2, 1, 0], "R": [0, 2, 1]}
    scores = {
        name: float(np.median([_asymmetry(block[np.ix_(order, order)]) for block in heard]))
        for name, order in orders.items()
    }
    side = min("LR", key=lambda name: scores[name])
    now, then = scores[""], scores[side]
    if now - then < _CLEARLY or now < _TIMES * then:
        return None
    start_s, end_s = span(series, 0, len(series["at_s"]))
    detail = (
        f"channels {side} and C look swapped: left and right differ ({now:.1f}) as a mirrored pair does not, "
        f"and would not with these two exchanged ({then:.1f})"
    )
    sure = float(np.clip(0.5 + 0.1 * (now - then), 0, 0.9))
    numbers = {"asymmetry": now, "asymmetry_swapped": then}
    return Finding("channel_swap", "error", start_s, end_s, sure, detail, numbers, stream.index)


def _front(series: Series, three: list[int], first: int) -> Floats:
    """Mean products (3, 3) of left, right and centre from row `first` on, for ten seconds."""
    rows = slice(first, first + _BLOCK_ROWS)
    return np.array([[shared(series, i, j)[rows].mean() for j in three] for i in three])


def _asymmetry(relations: Floats) -> float:
    """How far left and right differ: in level (nepers), and in what they share with the centre."""
    power = np.diag(relations)
    correlation = relations / np.sqrt(np.outer(power, power))
    return float(abs(np.log(power[0] / power[1])) / 2 + abs(correlation[0, 2] - correlation[1, 2]))


def _sides(one: StreamFacts, first: Series, other: StreamFacts, second: Series) -> Finding | None:
    """Two streams whose sounds go to opposite sides at the same moments."""
    if min(one.channels, other.channels) < 2:
        return None
    rows = min(len(first["at_s"]), len(second["at_s"]))
    if rows < _LEAST_ROWS or abs(float(first["at_s"][0]) - float(second["at_s"][0])) > 0.5:
        return None
    balance, active = [], np.ones(rows, bool)
    for series in (first, second):
        left, right = (smoothed(shared(series, k, k)[:rows], 5) for k in (0, 1))
        active &= left + right > HEARD
        balance.append(np.log10((left + 1e-10) / (right + 1e-10)))
    a, b = balance[0][active], balance[1][active]
    if len(a) < _LEAST_ROWS or min(a.std(), b.std()) < _MOVES:
        return None
    agreement = float(np.corrcoef(a, b)[0, 1])
    if agreement > _OPPOSITE:
        return None
    start_s, end_s = span(second, 0, len(second["at_s"]))
    detail = (
        f"left and right of streams {one.index} and {other.index} move to opposite sides (correlation of their "
        f"balances {agreement:.2f}): one of the two is swapped"
    )
    sure = float(np.clip(0.3 - 0.6 * agreement, 0, 0.9))
    return Finding("channel_swap", "error", start_s, end_s, sure, detail, {"agreement": agreement}, other.index)
