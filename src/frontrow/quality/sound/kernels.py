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

    `padded` is the batch with as many samples before it as a filter of `phases` has taps, a multiple of 8.
    """
    taps = phases.shape[1]
    middle = taps // 2 - 1
    between = np.empty(np.max(bounds[1:] - bounds[:-1]), np.float32)
    for channel in range(padded.shape[0]):
        for row in range(len(bounds) - 1):
            first, count = bounds[row], bounds[row + 1] - bounds[row]
            here = padded[channel, first : first + count + taps]
            top = np.float32(0.0)
            for n in range(count):
                top = max(top, abs(here[n + middle]))
            high = top
            for phase in range(phases.shape[0]):
                between[:count] = 0.0
                for tap in range(0, taps, 8):
                    g0, g1, g2, g3 = (
                        phases[phase, tap],
                        phases[phase, tap + 1],
                        phases[phase, tap + 2],
                        phases[phase, tap + 3],
                    )
                    g4, g5, g6, g7 = (
                        phases[phase, tap + 4],
                        phases[phase, tap + 5],
                        phases[phase, tap + 6],
                        phases[phase, tap + 7],
                    )
                    x = here[tap : tap + count + 7]
                    for n in range(count):
                        between[n] += (
                            (g0 * x[n] + g1 * x[n + 1]) + (g2 * x[n + 2] + g3 * x[n + 3])
                            + (g4 * x[n + 4] + g5 * x[n + 5]) + (g6 * x[n + 6] + g7 * x[n + 7])
                        )  # fmt: skip
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


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def clicks(padded, bounds, order, near, far, ratio, size):  # type: ignore[no-untyped-def]
    """Fill `size` and `ratio` (channels, rows): the largest error of a short-time prediction, and how it stands out.

    Linear prediction of `order`, fitted to the row (autocorrelation, Levinson-Durbin). The error at a click is that of
    one moment: `ratio` is its size by the largest error within `far` samples before and after, `near` ones left out.
    A drum's error lasts, that of a voice comes back with each pulse of the glottis. The row of `bounds` is looked at
    `far` samples late: `padded` has order + 2 * far samples before the batch.
    """
    lead = order + 2 * far
    longest = np.max(bounds[1:] - bounds[:-1]) + 2 * far
    error = np.empty(longest, np.float32)
    lags = np.empty(order + 1)
    weights = np.empty(order + 1)
    previous = np.empty(order + 1)
    for channel in range(padded.shape[0]):
        for row in range(len(bounds) - 1):
            begin = lead + bounds[row] - 2 * far
            count = bounds[row + 1] - bounds[row] + 2 * far
            part = padded[channel, begin : begin + count]
            for lag in range(order + 1):
                early, late = part[: count - lag], part[lag:]
                total = np.float32(0.0)
                for n in range(count - lag):
                    total += early[n] * late[n]
                lags[lag] = total
            if lags[0] <= 1e-9 * count:
                ratio[channel, row] = size[channel, row] = 0.0
                continue
            lags[0] *= 1.0 + 1e-7
            weights[:] = 0.0
            weights[0] = 1.0
            left = lags[0]
            for step in range(1, order + 1):
                total = lags[step]
                for k in range(1, step):
                    total += weights[k] * lags[step - k]
                reflection = -total / left
                previous[:step] = weights[:step]
                for k in range(1, step):
                    weights[k] = previous[k] + reflection * previous[step - k]
                weights[step] = reflection
                left *= 1.0 - reflection * reflection
                if left <= 0.0:
                    break
            here = padded[channel, begin - order : begin + count]
            for n in range(count):
                error[n] = here[n + order]
            for k in range(0, order, 4):
                g0, g1 = np.float32(weights[order - k]), np.float32(weights[order - k - 1])
                g2, g3 = np.float32(weights[order - k - 2]), np.float32(weights[order - k - 3])
                x = here[k : k + count + 3]
                for n in range(count):
                    error[n] += (g0 * x[n] + g1 * x[n + 1]) + (g2 * x[n + 2] + g3 * x[n + 3])
            best, place = np.float32(0.0), far
            for n in range(far, count - far):
                if abs(error[n]) > best:
                    best, place = abs(error[n]), n
            around = np.float32(1e-4)
            for n in range(place - far, place - near):
                around = max(around, abs(error[n]))
            for n in range(place + near + 1, place + far):
                around = max(around, abs(error[n]))
            ratio[channel, row], size[channel, row] = best / around, best


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def flat_tops(sound, bounds, tolerance, least, drop, out):  # type: ignore[no-untyped-def]
    """Fill `out` (channels, rows) with the share of samples in flat tops.

    A flat top is a run of at least `least` samples within `tolerance` (of the row's peak) of each other, not far below
    that peak, whose next sample on both sides is lower by `drop` tolerances: a smooth crest never is.
    """
    for channel in range(sound.shape[0]):
        for row in range(len(bounds) - 1):
            first, last = bounds[row], bounds[row + 1]
            peak = np.float32(0.0)
            for n in range(first, last):
                peak = max(peak, abs(sound[channel, n]))
            flat = 0
            if peak > 0.01:
                slack = peak * tolerance
                n = first + 1
                while n < last:
                    level = abs(sound[channel, n])
                    if level < 0.8 * peak:
                        n += 1
                        continue
                    begin, low, high = n, sound[channel, n], sound[channel, n]
                    while n < last:
                        low, high = min(low, sound[channel, n]), max(high, sound[channel, n])
                        if high - low > slack:
                            break
                        n += 1
                    if n - begin >= least and n < last:
                        edge = min(abs(sound[channel, begin]), abs(sound[channel, n - 1]))
                        outside = max(abs(sound[channel, begin - 1]), abs(sound[channel, n]))
                        if edge - outside > drop * slack:
                            flat += n - begin
            out[channel, row] = flat / (last - first)


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def gaps(power, lead, rows, parts, longest, length, depth_db, end):  # type: ignore[no-untyped-def]
    """Fill `length` (windows), `depth_db` and `end` (window) (channels, rows) with the deepest gap that ends in a row.

    `power` (channels, lead + rows * parts) holds mean squares of short windows. A gap begins and ends within two
    windows, lies 30 dB or more under what is around it, and what comes after is about as loud as what was before.
    """
    near = 10
    for channel in range(power.shape[0]):
        p = power[channel]
        for row in range(rows):
            length[channel, row], depth_db[channel, row], end[channel, row] = 0, 0.0, 0
            for i in range(lead + row * parts - near, lead + (row + 1) * parts - near):
                after = np.mean(p[i + 1 : i + near])
                if (
                    after < 1e-6
                    or max(p[i - 1], p[i - 2]) > after * 1e-3
                    or max(p[i], p[i + 1], p[i + 2]) < 0.3 * after
                ):
                    continue
                j = i - 1
                while j > near and i - 1 - j <= longest and p[j] <= after * 1e-3:
                    j -= 1
                count = i - 1 - j
                if j <= near or count > longest:
                    continue
                before = np.mean(p[j - near : j])
                if before < after * 0.02 or before > after * 50 or max(p[j], p[j - 1], p[j - 2]) < 0.3 * before:
                    continue
                inside = max(np.mean(p[j + 1 : i]), 1e-14)
                deep = 10 * np.log10(min(before, after) / inside)
                if deep > depth_db[channel, row]:
                    length[channel, row], depth_db[channel, row], end[channel, row] = count, deep, i - lead
