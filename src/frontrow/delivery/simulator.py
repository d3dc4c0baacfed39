"""Play a title over many lines at once, segment by segment, and tell what each viewer got.

All sessions fetch the same segment number in the same step, each on its own clock, so every step is a handful of array
operations. Two published players are kept: Pensieve's (Mao et al., SIGCOMM 2017: a round trip a request, the buffer
drains in half seconds) and Sabre's (Spiteri et al., MMSys 2018: latency is the line's own, room is awaited before a
request, a download can be abandoned on the way).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from frontrow.delivery.link import Floats, Ints, Link, Trace
from frontrow.delivery.manifest import Manifest


@dataclass(frozen=True)
class Player:
    """How a player fetches and buffers."""

    buffer_s: float
    """Most media in the buffer, seconds."""
    first_rung: int = 0
    """Rung of the first segment, before anything is known of the line."""
    round_trip_s: float = 0.0
    """Delay of each request after its last bit, seconds (Pensieve: 0.08)."""
    round_trip_on_line: bool = True
    """Whether the line's clock runs on during the round trip. It does in the figures that Pensieve's rules are compared
    with here; in the environment that its authors published it stands still."""
    payload_share: float = 1.0
    """Part of the line's rate that carries media."""
    drain_s: float = 0.0
    """Above 0: the player may overfill, then sleeps in multiples of this (Pensieve: 0.5); 0: it awaits room first."""
    abandons: bool = False
    """Whether the controller may give up a download on its way."""
    live_latency_s: float = 0.0
    """Above 0: a live stream watched so many seconds behind its edge, where segments come to be one after the other."""
    catch_up: float = 0.0
    """Live: how much faster it plays when it is further behind than that and has a segment in the buffer; 0.1 is not
    noticed."""

    @property
    def line_round_trip_s(self) -> float:
        """How far the line's clock moves in a round trip."""
        return self.round_trip_s if self.round_trip_on_line else 0.0

    def ask_buffer_s(self, segment_s: float) -> float:
        """Most media in the buffer when the next segment is asked for."""
        return self.buffer_s if self.drain_s else max(self.buffer_s - segment_s, segment_s)


PENSIEVE = Player(60.0, first_rung=1, round_trip_s=0.08, payload_share=0.95, drain_s=0.5)
SABRE_LIVE = Player(10.0, abandons=True)
SABRE_VOD = Player(25.0, abandons=True)
LOW_LATENCY = Player(3.0, abandons=True, live_latency_s=3.0, catch_up=0.1)
"""Three seconds behind the edge, for segments of a second."""
WEB_PLAYER = Player(30.0, abandons=True)
"""What static/player.js tells hls.js to do."""

_CHECK_S = 0.05  # Sabre asks whether to abandon after each 50 ms in which 12,000 bits came
_CHECK_KBIT = 12.0


@dataclass(frozen=True)
class Progress:
    """Downloads under way, one row a session."""

    who: Ints
    """Which sessions."""
    segment: int
    rung: Ints
    kbit: Floats
    """Whole size."""
    arrived_kbit: Floats
    first_bit_s: Floats
    """Seconds from request to first bit."""
    elapsed_s: Floats
    """Seconds since the request."""
    buffer_s: Floats
    """What is left in the buffer now."""


@dataclass(frozen=True)
class Download:
    """Finished or abandoned downloads, one row a session."""

    who: Ints
    segment: int
    rung: Ints
    kbit: Floats
    """What arrived."""
    first_bit_s: Floats
    total_s: Floats
    """From request to end."""
    buffer_s: Floats
    """In the buffer after it, with the new segment."""
    abandoned_to: Ints
    """-1 where the download finished."""


class Controller(Protocol):
    """Chooses rungs for a batch of sessions; `who` are the sessions asked about."""

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        """Forget everything; a new batch starts."""

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        """Rung of the next segment, and seconds to wait before it is asked for."""

    def abandon(self, progress: Progress) -> Ints:
        """-1 to go on, or the rung to restart with."""

    def downloaded(self, download: Download) -> None:
        """A download ended."""

    def waited(self, who: Ints, wait_s: Floats) -> None:
        """The player waited for room."""


@dataclass(frozen=True)
class Sessions:
    """What the viewers got; arrays are (sessions, segments) unless said otherwise."""

    rung: Ints
    stall_s: Floats
    """Stall while the segment was awaited; the first segment's column is the start-up."""
    startup_s: Floats
    """(sessions,) from the first request to the first picture."""
    wasted_kbit: Floats
    """(sessions,) of abandoned downloads."""
    buffer_s: Floats
    """In the buffer after the segment came."""
    latency_s: Floats | None = None
    """Live: behind the edge after the segment came."""


def simulate(
    traces: Sequence[Trace], manifest: Manifest, player: Player, controller: Controller, *, sessions: int | None = None
) -> Sessions:
    """Play `manifest` once a trace (or `sessions` times, going through the traces again and again)."""
    count = sessions or len(traces)
    return _Batch(traces, manifest, player, controller, count).play()


class _Batch:
    def __init__(
        self, traces: Sequence[Trace], manifest: Manifest, player: Player, controller: Controller, count: int
    ) -> None:
        self.link = Link(traces, player.payload_share)
        self.manifest, self.player, self.controller = manifest, player, controller
        self.trace = np.arange(count) % len(traces)
        self.clock_s = self.link.start_s[self.trace].astype(float)
        self.buffer_s = np.zeros(count)
        self.rung = np.zeros((count, manifest.segments), np.int64)
        self.stall_s = np.zeros((count, manifest.segments))
        self.level_s = np.zeros((count, manifest.segments))
        self.wasted_kbit = np.zeros(count)
        self.start_s = self.clock_s.copy()
        self.latency_s = np.full(count, player.live_latency_s)
        self.behind_s = np.zeros((count, manifest.segments))
        controller.begin(count, manifest, player)

    def play(self) -> Sessions:
        everyone = np.arange(len(self.trace))
        for segment in range(self.manifest.segments):
            pending = everyone
            while len(pending):
                pending = self._fetch(pending, segment)
            self.level_s[:, segment] = self.buffer_s
            self.behind_s[:, segment] = self.latency_s
            if self.player.drain_s:
                self._drain()
        live = self.behind_s if self.player.live_latency_s else None
        return Sessions(self.rung, self.stall_s, self.stall_s[:, 0].copy(), self.wasted_kbit, self.level_s, live)

    def _fetch(self, who: Ints, segment: int) -> Ints:
        """One request for each of `who`; returns those that abandoned it and have to ask again."""
        if segment == 0:
            rung = np.full(len(who), min(self.player.first_rung, self.manifest.rungs - 1))
        else:
            if self.player.live_latency_s:
                self._await_segment(who, segment)
            elif not self.player.drain_s:
                self._await_room(who)
            rung, wait_s = self.controller.choose(who, segment, self.buffer_s[who])
            if np.any(wait_s > 0):
                self._pass(who, wait_s, segment)
        began = self.clock_s[who]
        kbit = self.manifest.sizes_kbit[segment, rung]
        first = self.link.first_bit(self.trace[who], began)
        end = self.link.finish(self.trace[who], first, kbit)
        abandoned_to = np.full(len(who), -1)
        if self.player.abandons and segment:
            abandoned_to, stop = self._watch(who, segment, rung, kbit, began, first, end)
            kbit = np.where(
                abandoned_to < 0, kbit, np.minimum(self.link.arrived_kbit(self.trace[who], first, stop), kbit)
            )
            end = stop
        total_s = end - began + self.player.round_trip_s
        self._pass(who, total_s, segment)
        self.clock_s[who] = end + self.player.line_round_trip_s
        finished = abandoned_to < 0
        done = who[finished]
        self.buffer_s[done] += self.manifest.segment_s
        self.rung[done, segment] = rung[finished]
        self.wasted_kbit[who] += np.where(finished, 0.0, kbit)
        self.controller.downloaded(
            Download(
                who,
                segment,
                rung,
                kbit,
                first - began + self.player.round_trip_s,
                total_s,
                self.buffer_s[who],
                abandoned_to,
            )
        )
        return who[~finished]

    def _watch(
        self, who: Ints, segment: int, rung: Ints, kbit: Floats, began: Floats, first: Floats, end: Floats
    ) -> tuple[Ints, Floats]:
        """Ask after each step of progress whether to abandon; returns to which rung (-1: no) and when it ended."""
        trace = self.trace[who]
        abandoned_to = np.full(len(who), -1)
        stop = end.copy()
        open_ = np.flatnonzero(rung > 0)  # the lowest rung cannot be left for a lower one
        now = first.copy()
        wait_s = np.maximum(_CHECK_S - (first - began), 0.0)
        while len(open_):
            step = self.link.finish(trace[open_], now[open_], np.full(len(open_), _CHECK_KBIT))
            now[open_] = np.maximum(step, now[open_] + wait_s[open_])
            open_ = open_[now[open_] < end[open_]]
            if not len(open_):
                break
            wait_s[open_] = _CHECK_S
            elapsed_s = now[open_] - began[open_]
            progress = Progress(
                who[open_],
                segment,
                rung[open_],
                kbit[open_],
                self.link.arrived_kbit(trace[open_], first[open_], now[open_]),
                first[open_] - began[open_],
                elapsed_s,
                np.maximum(self.buffer_s[who[open_]] - elapsed_s, 0.0),
            )
            to = self.controller.abandon(progress)
            leaves = to >= 0
            if leaves.any():
                abandoned_to[open_[leaves]] = to[leaves]
                stop[open_[leaves]] = now[open_[leaves]]
                open_ = open_[~leaves]
        return abandoned_to, stop

    def _pass(self, who: Ints, seconds: Floats, segment: int) -> None:
        """Time passes for viewer and line: the buffer plays down, and what it lacks is a stall."""
        buffer_s = self.buffer_s[who]
        lasts_s = buffer_s  # how long the buffer plays
        if self.player.catch_up:
            late = (self.latency_s[who] > self.player.live_latency_s + 0.1) & (buffer_s > self.manifest.segment_s)
            lasts_s = buffer_s / np.where(late, 1.0 + self.player.catch_up, 1.0)
        stall_s = np.maximum(seconds - lasts_s, 0.0)
        played_s = np.minimum(seconds, lasts_s) * np.where(lasts_s > 0, buffer_s / np.maximum(lasts_s, 1e-9), 1.0)
        self.stall_s[who, segment] += stall_s
        self.buffer_s[who] = np.maximum(buffer_s - played_s, 0.0)
        self.latency_s[who] += seconds - played_s
        self.clock_s[who] += seconds

    def _await_segment(self, who: Ints, segment: int) -> None:
        """Live: a segment can be asked for once its last picture was taken."""
        there_s = self.start_s[who] + (segment + 1) * self.manifest.segment_s - self.player.live_latency_s
        wait_s = np.maximum(there_s - self.clock_s[who], 0.0)
        self._pass(who, wait_s, segment)
        if np.any(wait_s > 0):
            self.controller.waited(who, wait_s)

    def _await_room(self, who: Ints) -> None:
        excess_s = np.maximum(self.buffer_s[who] + self.manifest.segment_s - self.player.buffer_s, 0.0)
        self.buffer_s[who] = np.maximum(self.buffer_s[who] - excess_s, 0.0)
        self.clock_s[who] += excess_s
        if np.any(excess_s > 0):
            self.controller.waited(who, excess_s)

    def _drain(self) -> None:
        excess_s = np.maximum(self.buffer_s - self.player.buffer_s, 0.0)
        sleep_s = np.ceil(excess_s / self.player.drain_s) * self.player.drain_s
        self.buffer_s -= sleep_s
        self.clock_s += sleep_s
