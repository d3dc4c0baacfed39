"""The loops over samples, compiled: filters with memory, values between samples, prediction errors, short windows.

Each works on one batch of whole rows, `sound` (channels, samples), with `bounds` (rows + 1) the rows' first samples.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def weighted_power(sound, sections, state, bounds, out):  # type: ignore[no-untyped-def]
    """Fill `out` (channels, rows) with mean squares behind two second-order `sections`; `state` (channels, 4)."""
    (b0, b1, b2, a1, a2), (d0, d1, d2, c1, c2) = sections
    for channel in range(sound.shape[0]):
        s1, s2, t1, t2 = state[channel]
        for row in range(len(bounds) - 1):
            total = 0.0
            for n in range(bounds[row], bounds[row + 1]):
                x = np.float64(sound[channel, n])
                y = b0 * x + s1
                s1 = b1 * x - a1 * y + s2
                s2 = b2 * x - a2 * y
                z = d0 * y + t1
                t1 = d1 * y - c1 * z + t2
                t2 = d2 * y - c2 * z
                total += z * z
            out[channel, row] = total / (bounds[row + 1] - bounds[row])
        # what dies away below the smallest normal number would slow the processor down
        state[channel, 0] = s1 if abs(s1) > 1e-30 else 0.0
        state[channel, 1] = s2 if abs(s2) > 1e-30 else 0.0
        state[channel, 2] = t1 if abs(t1) > 1e-30 else 0.0
        state[channel, 3] = t2 if abs(t2) > 1e-30 else 0.0


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def peaks(padded, phases, bounds, sample_peak, true_peak):  # type: ignore[no-untyped-def]
    """Fill (channels, rows) with the largest sample and the largest value between samples.

    `padded` is the batch with the samples before it in front, one fewer than taps.
    """
    taps = phases.shape[1]
    middle = taps // 2 - 1
    between = np.empty(np.max(bounds[1:] - bounds[:-1]), np.float32)
    for channel in range(padded.shape[0]):
        for row in range(len(bounds) - 1):
            first, count = bounds[row], bounds[row + 1] - bounds[row]
            top = np.float32(0.0)
            for n in range(first + middle, first + middle + count):
                top = max(top, abs(padded[channel, n]))
            high = top
            for phase in range(phases.shape[0]):
                for n in range(count):
                    between[n] = phases[phase, 0] * padded[channel, first + n]
                for tap in range(1, taps):
                    gain = phases[phase, tap]
                    for n in range(count):
                        between[n] += gain * padded[channel, first + n + tap]
                for n in range(count):
                    high = max(high, abs(between[n]))
            sample_peak[channel, row] = top
            true_peak[channel, row] = high


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def short_power(sound, bounds, parts, out):  # type: ignore[no-untyped-def]
    """Fill `out` (channels, rows * parts) with the mean squares of equal parts of each row."""
    for channel in range(sound.shape[0]):
        for row in range(len(bounds) - 1):
            first, count = bounds[row], bounds[row + 1] - bounds[row]
            for part in range(parts):
                begin, end = first + part * count // parts, first + (part + 1) * count // parts
                total = np.float32(0.0)
                for n in range(begin, end):
                    total += sound[channel, n] * sound[channel, n]
                out[channel, row * parts + part] = total / max(end - begin, 1)
