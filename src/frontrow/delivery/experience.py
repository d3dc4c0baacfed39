"""What viewers got, read back from the `qoe` events that players send.

A report covers what happened since the last one of its session: `played_s`, `stall_s`, `stalls`, `bitrate_kbps` (mean
of what was fetched), `switch_kbps` (sum of the changes of rate), `rates_kbps` (measured by each download, as text),
`vmaf_s` (VMAF times seconds), `startup_s` in the first, and `end`: `left` or `ended` in the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from frontrow.delivery.link import Floats, Trace
from frontrow.delivery.qoe import Weights

LEFT, ENDED = "left", "ended"
FEWEST_RATES = 5  # of a session whose line is replayed
_LATENCY_S = 0.05
_MOST_KBPS = 10_000_000.0


@dataclass
class Session:
    """One playback."""

    id: str
    member: str
    title: str
    at_ms: int
    """Of the first report."""
    controller: str = ""
    startup_s: float | None = None
    rates_kbps: list[float] = field(default_factory=list)
    played_s: list[float] = field(default_factory=list)
    """A report each, as the next ones."""
    stall_s: list[float] = field(default_factory=list)
    mbps: list[float] = field(default_factory=list)
    switch_mbps: list[float] = field(default_factory=list)
    end: str = ""
    """`left`, `ended`, or empty while it goes on."""

    def trace(self, segment_s: float) -> Trace | None:
        """The line as its downloads saw it, one measured rate a segment; None where too few were measured."""
        if len(self.rates_kbps) < FEWEST_RATES:
            return None
        count = len(self.rates_kbps)
        kbps = np.array(self.rates_kbps)
        return Trace(self.id, np.full(count, segment_s), kbps, np.full(count, _LATENCY_S))

    def qoe(self, weights: Weights, segment_s: float) -> float:
        """Linear QoE a segment, as the simulator counts it."""
        segments = sum(self.played_s) / segment_s
        if segments <= 0:
            return 0.0
        worth = sum(rate * played / segment_s for rate, played in zip(self.mbps, self.played_s, strict=True))
        return (worth - weights.stall * sum(self.stall_s) - weights.switch * sum(self.switch_mbps)) / segments


@dataclass(frozen=True)
class Periods:
    """Reports of all sessions in which something was played; arrays of one length."""

    worth: Floats
    """Mbit/s times segments played."""
    stall_s: Floats
    switch_mbps: Floats
    segments: Floats
    left: Floats
    """1 where the viewer left at its end."""


def read(rows: Sequence[Mapping[str, Any]]) -> list[Session]:
    """Sessions of `qoe` events in the order of time; a row has at_ms, member, title, session and the props' fields.

    Reports without a session (of other clients) and numbers that cannot be are passed over.
    """
    found: dict[str, Session] = {}
    for row in rows:
        key = str(row.get("session") or "")
        if not key:
            continue
        session = found.setdefault(
            key, Session(key, str(row["member"]), str(row.get("title") or ""), int(row["at_ms"]))
        )
        session.controller = str(row.get("controller") or session.controller)
        if (startup_s := _number(row.get("startup_s"))) is not None and session.startup_s is None:
            session.startup_s = startup_s
        session.rates_kbps += _rates(row.get("rates_kbps"))
        session.played_s.append(_number(row.get("played_s")) or 0.0)
        session.stall_s.append(_number(row.get("stall_s")) or 0.0)
        session.mbps.append((_number(row.get("bitrate_kbps")) or 0.0) / 1000.0)
        session.switch_mbps.append((_number(row.get("switch_kbps")) or 0.0) / 1000.0)
        session.end = str(row.get("end") or session.end)
    return list(found.values())


def periods(sessions: Sequence[Session], segment_s: float) -> Periods:
    """The reports of all sessions that played or stalled, one row each; but for a film's end, which nobody leaves."""
    rows = []
    for session in sessions:
        last = len(session.played_s) - 1
        for n, (played_s, stall_s) in enumerate(zip(session.played_s, session.stall_s, strict=True)):
            if played_s + stall_s <= 0 or (n == last and session.end == ENDED):
                continue
            segments = played_s / segment_s
            left = float(n == last and session.end == LEFT)
            rows.append((session.mbps[n] * segments, stall_s, session.switch_mbps[n], segments, left))
    table = np.array(rows, float).reshape(-1, 5)
    return Periods(*table.T)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value) or value < 0:
        return None
    return float(value)


def _rates(text: object) -> list[float]:
    if not isinstance(text, str):
        return []
    found = []
    for part in text.split():
        try:
            rate = float(part)
        except ValueError:
            continue
        if 0 < rate < _MOST_KBPS:
            found.append(rate)
    return found
