"""The arithmetic of one decision, compiled: numpy's array of all states, rungs and surprises was ten times slower.

`src/frontrow/web/static/abr.js` does the same steps in the same order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from frontrow.delivery.link import Floats
from frontrow.delivery.throughput import JUMP_WIDTH


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def place(levels: Floats, value: float) -> tuple[int, float]:
    """Which interval of ascending `levels` holds `value`, and how far into it."""
    if len(levels) == 1:
        return 0, 0.0
    left = 0
    while left < len(levels) - 2 and levels[left + 1] <= value:
        left += 1
    part = (value - levels[left]) / (levels[left + 1] - levels[left])
    return left, min(max(part, 0.0), 1.0)


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def neighbours(axes, slow, trend, volatility, index, share):  # type: ignore[no-untyped-def]
    """Fill the eight neighbours of a state of the line, as places in the table without its buffer axis, and shares."""
    _, slows, trends, volatilities = axes
    s, ps = place(slows, slow)
    t, pt = place(trends, trend)
    v, pv = place(volatilities, volatility)
    n = 0
    for i in range(2):
        for j in range(2):
            for k in range(2):
                line = min(s + i, len(slows) - 1) * len(trends) + min(t + j, len(trends) - 1)
                index[n] = line * len(volatilities) + min(v + k, len(volatilities) - 1)
                share[n] = (ps if i else 1.0 - ps) * (pt if j else 1.0 - pt) * (pv if k else 1.0 - pv)
                n += 1


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def look(values, buffers, buffer_s, index, share):  # type: ignore[no-untyped-def]
    """The table of one rung, (buffers, states of the line), between its points."""
    b, part = place(buffers, buffer_s)
    following = min(b + 1, len(buffers) - 1)
    total = 0.0
    for n in range(8):
        total += share[n] * ((1.0 - part) * values[b, index[n]] + part * values[following, index[n]])
    return total


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def expect(  # type: ignore[no-untyped-def]
    values, axes, surprises, chances, outages_s, gains, worth, stall, switch, segment_s, most_buffer_s,
    sizes_kbit, latency_s, buffer_s, quick, slow, volatility, last, out,
):  # fmt: skip
    """Fill `out` (sessions, rungs) with the expected worth of fetching the next segment in each rung and going on well.

    `values` (rungs, buffers, states of the line) are those of the segments that will then be left; `gains`
    are quick, slow, mix, volatility, jump and the slow mean's gain after a jump.
    """
    buffers, volatilities = axes[0], axes[3]
    index, share = np.empty(8, np.int64), np.empty(8)
    gain_quick, gain_slow, mix, gain_volatility, jump, jump_slow = gains
    for n in range(len(buffer_s)):
        for rung in range(len(worth)):
            out[n, rung] = worth[rung] - switch * abs(worth[rung] - worth[last[n]])
        spot, part = place(volatilities, volatility[n])
        following = min(spot + 1, len(volatilities) - 1)
        trend = quick[n] - slow[n]
        for point in range(len(chances)):
            surprise = (1.0 - part) * surprises[spot, point] + part * surprises[following, point]
            change = mix * trend + surprise
            jumped = min(max((abs(surprise) - jump) / JUMP_WIDTH, 0.0), 1.0)
            after_slow = slow[n] + (gain_slow + (jump_slow - gain_slow) * jumped) * change
            after_quick = slow[n] + trend + gain_quick * (change - trend)
            after_volatility = volatility[n] + gain_volatility * (abs(surprise) - volatility[n])
            rate = np.exp(slow[n] + change)
            neighbours(axes, after_slow, after_quick - after_slow, after_volatility, index, share)
            for rung in range(len(worth)):
                time_s = latency_s[n] + sizes_kbit[rung] / rate + outages_s[point]
                after_s = min(max(buffer_s[n] - time_s, 0.0) + segment_s, most_buffer_s)
                ahead = look(values[rung], buffers, after_s, index, share)
                out[n, rung] += chances[point] * (ahead - stall * max(time_s - buffer_s[n], 0.0))


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def foresee(  # type: ignore[no-untyped-def]
    values, axes, worth, stall, switch, segment_s, most_buffer_s,
    time_s, buffer_s, log_rate, slow, volatility, last, out,
):  # fmt: skip
    """As `expect`, for downloads whose `time_s` (sessions, rungs) is known, on a line that stays at `log_rate`."""
    index, share = np.empty(8, np.int64), np.empty(8)
    for n in range(len(buffer_s)):
        neighbours(axes, slow[n], log_rate[n] - slow[n], volatility[n], index, share)
        for rung in range(len(worth)):
            after_s = min(max(buffer_s[n] - time_s[n, rung], 0.0) + segment_s, most_buffer_s)
            ahead = look(values[rung], axes[0], after_s, index, share)
            missed = stall * max(time_s[n, rung] - buffer_s[n], 0.0)
            out[n, rung] = worth[rung] - switch * abs(worth[rung] - worth[last[n]]) - missed + ahead
