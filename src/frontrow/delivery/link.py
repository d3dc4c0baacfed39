"""A viewer's line: how much arrives by when, for many sessions at once.

A throughput trace is a piecewise constant rate that repeats for ever. Its integral is a piecewise linear curve, so the
end of a download is one lookup in the inverse of that curve instead of a walk through the trace: exact, and the same
few array operations for one session or ten thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trace:
    """One recorded line. Interval i lasts `duration_s[i]` at `kbps[i]`, and the whole repeats."""

    name: str
    duration_s: Floats
    """Seconds, > 0."""
    kbps: Floats
    """Kilobits a second, >= 0, not all 0."""
    latency_s: Floats
    """From request to first bit, seconds, >= 0, an interval; Pensieve's traces have none of their own (zeros)."""
    start_s: float = 0.0
    """Where in the first lap the session begins, seconds."""

    def __post_init__(self) -> None:
        if not len(self.duration_s):
            raise InputError(f"trace {self.name} is empty; it needs at least one interval with a rate")
        for what, values, least in (
            ("duration", self.duration_s, 0.0), ("rate", self.kbps, 0.0), ("latency", self.latency_s, 0.0),
        ):  # fmt: skip
            bad = np.flatnonzero(~np.isfinite(values) | (values < least))
            if len(bad):
                raise InputError(f"trace {self.name}: {what} {values[bad[0]]} in interval {bad[0]}; it must be >= 0")
        if not np.dot(self.duration_s, self.kbps) > 0:
            raise InputError(f"trace {self.name} never carries a bit; leave it out")


class Curve:
    """The integrals of one rate over many repeating traces, laid end to end so that one search serves all of them."""

    def __init__(self, durations: Sequence[Floats], rates: Sequence[Floats]) -> None:
        times = [np.concatenate(([0.0], np.cumsum(duration))) for duration in durations]
        sums = [
            np.concatenate(([0.0], np.cumsum(duration * rate))) for duration, rate in zip(durations, rates, strict=True)
        ]
        self._lap_s = np.array([time[-1] for time in times])
        self._lap_sum = np.array([total[-1] for total in sums])
        self._shift_s = np.concatenate(([0.0], np.cumsum(self._lap_s)[:-1]))
        self._shift_sum = np.concatenate(([0.0], np.cumsum(self._lap_sum)[:-1]))
        self._times = np.concatenate([time + shift for time, shift in zip(times, self._shift_s, strict=True)])
        self._sums = np.concatenate([total + shift for total, shift in zip(sums, self._shift_sum, strict=True)])
        counts = np.array([len(time) for time in times])
        self._last = np.cumsum(counts) - 1
        self._first = self._last - counts + 1

    def at(self, trace: Ints, time_s: Floats) -> Floats:
        """The integral from 0 to `time_s` of each session's `trace`."""
        laps = np.floor(time_s / self._lap_s[trace])
        place = time_s - laps * self._lap_s[trace] + self._shift_s[trace]
        knot = np.searchsorted(self._times, place, side="right")
        knot = np.clip(knot, self._first[trace] + 1, self._last[trace])
        left, right = self._times[knot - 1], self._times[knot]
        share = np.where(right > left, (place - left) / np.where(right > left, right - left, 1.0), 1.0)
        inside = self._sums[knot - 1] + share * (self._sums[knot] - self._sums[knot - 1]) - self._shift_sum[trace]
        return np.asarray(laps * self._lap_sum[trace] + inside)

    def reach(self, trace: Ints, time_s: Floats, amount: Floats) -> Floats:
        """The earliest time at which `amount` more than at `time_s` has come."""
        target = self.at(trace, time_s) + amount
        laps = np.maximum(np.ceil(target / self._lap_sum[trace]) - 1.0, 0.0)
        place = target - laps * self._lap_sum[trace] + self._shift_sum[trace]
        knot = np.searchsorted(self._sums, place, side="left")
        knot = np.clip(knot, self._first[trace] + 1, self._last[trace])
        low, high = self._sums[knot - 1], self._sums[knot]
        share = np.where(high > low, (place - low) / np.where(high > low, high - low, 1.0), 1.0)
        found = self._times[knot - 1] + np.clip(share, 0.0, 1.0) * (self._times[knot] - self._times[knot - 1])
        return np.asarray(np.maximum(laps * self._lap_s[trace] + found - self._shift_s[trace], time_s))


class Link:
    """The lines of a batch of sessions: session i runs on trace `i % len(traces)`."""

    def __init__(self, traces: Sequence[Trace], payload_share: float = 1.0) -> None:
        """`payload_share`: part of the rate that carries media; the rest are headers (Pensieve: 0.95)."""
        if not traces:
            raise InputError("no traces; give at least one")
        self.start_s = np.array([trace.start_s for trace in traces])
        self._media = Curve([x.duration_s for x in traces], [x.kbps * payload_share for x in traces])
        constant = all(np.ptp(x.latency_s) == 0 for x in traces)
        self._latency_s = np.array([x.latency_s[0] for x in traces]) if constant else None
        # A request needs one unit of latency; where latency varies, units come at 1/latency a second.
        self._units = (
            None
            if constant
            else Curve([x.duration_s for x in traces], [1 / np.maximum(x.latency_s, 1e-9) for x in traces])
        )

    def first_bit(self, trace: Ints, time_s: Floats) -> Floats:
        """When the first bit of a request made at `time_s` arrives."""
        if self._latency_s is not None:
            return np.asarray(time_s + self._latency_s[trace])
        assert self._units is not None
        return self._units.reach(trace, time_s, np.ones_like(time_s))

    def arrived_kbit(self, trace: Ints, from_s: Floats, to_s: Floats) -> Floats:
        """Kilobits of media that come between two times."""
        return self._media.at(trace, to_s) - self._media.at(trace, from_s)

    def finish(self, trace: Ints, time_s: Floats, kbit: Floats) -> Floats:
        """When `kbit` that begin to flow at `time_s` have all arrived."""
        return self._media.reach(trace, time_s, kbit)
