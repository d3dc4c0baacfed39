"""The best that anybody could have done on a line known in advance: offline dynamic programming on Pensieve's player.

A state after a segment is the rung, the time on the line and the media in the buffer; of states that fall into one cell
of a fine grid the best is kept, so the answer is a schedule that can really be played (a bound from below on the
optimum, which a finer grid closes in on).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frontrow.delivery.link import Floats, Ints, Link, Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import Player, Sessions


def offline(
    trace: Trace, manifest: Manifest, player: Player, weights: Weights = LINEAR, *, cell_s: float = 1.0
) -> Sessions:
    """The best schedule found, as one session. `cell_s` is the grid's step in time and buffer, seconds."""
    return _Search(trace, manifest, player, weights, cell_s).run()


@dataclass
class _States:
    """What may have come of the segments so far; arrays of one length."""

    rung: Ints
    clock_s: Floats
    buffer_s: Floats
    value: Floats

    def take(self, kept: Ints) -> _States:
        return _States(self.rung[kept], self.clock_s[kept], self.buffer_s[kept], self.value[kept])


class _Search:
    def __init__(self, trace: Trace, manifest: Manifest, player: Player, weights: Weights, cell_s: float) -> None:
        self.link = Link([trace], player.payload_share)
        self.manifest, self.player, self.weights, self.cell_s = manifest, player, weights, cell_s
        self.worth = weights.worth(manifest)
        self.switch = weights.switch * np.abs(self.worth[:, None] - self.worth[None, :])

    def run(self) -> Sessions:
        first = min(self.player.first_rung, self.manifest.rungs - 1)
        began = self.link.start_s
        clock_s = self._fetch(began, np.array([first]), 0)
        startup_s = float(clock_s[0] - began[0]) + self.player.round_trip_s
        clock_s = clock_s + self.player.line_round_trip_s
        states = _States(np.array([first]), clock_s, np.array([self.manifest.segment_s]), np.zeros(1))
        history: list[tuple[Ints, Ints, Floats]] = []
        for segment in range(1, self.manifest.segments):
            states, came_from, stall_s = self._step(states, segment)
            history.append((states.rung, came_from, stall_s))
        at = int(np.argmax(states.value))
        rungs, stalls = [], []
        for rung, came_from, stall_s in reversed(history):
            rungs.append(int(rung[at]))
            stalls.append(float(stall_s[at]))
            at = int(came_from[at])
        return Sessions(
            np.array([[first, *reversed(rungs)]]), np.array([[startup_s, *reversed(stalls)]]), np.array([startup_s]),
            np.zeros(1), np.zeros((1, self.manifest.segments)),
        )  # fmt: skip

    def _fetch(self, began: Floats, rung: Ints, segment: int) -> Floats:
        trace = np.zeros(len(rung), np.int64)
        return self.link.finish(trace, self.link.first_bit(trace, began), self.manifest.sizes_kbit[segment, rung])

    def _step(self, old: _States, segment: int) -> tuple[_States, Ints, Floats]:
        """Every rung after every state; of those in one cell the best is kept."""
        rungs, player = self.manifest.rungs, self.player
        if not player.drain_s:
            excess_s = np.maximum(old.buffer_s + self.manifest.segment_s - player.buffer_s, 0.0)
            excess_s = np.minimum(excess_s, old.buffer_s)
            old = _States(old.rung, old.clock_s + excess_s, old.buffer_s - excess_s, old.value)
        came_from = np.repeat(np.arange(len(old.rung)), rungs)
        rung = np.tile(np.arange(rungs), len(old.rung))
        began, level = old.clock_s[came_from], old.buffer_s[came_from]
        clock_s = self._fetch(began, rung, segment)
        time_s = clock_s - began + player.round_trip_s
        clock_s = clock_s + player.line_round_trip_s
        stall_s = np.maximum(time_s - level, 0.0)
        buffer_s = np.maximum(level - time_s, 0.0) + self.manifest.segment_s
        gain = self.worth[rung] - self.switch[old.rung[came_from], rung] - self.weights.stall * stall_s
        if player.drain_s:
            sleep_s = np.ceil(np.maximum(buffer_s - player.buffer_s, 0.0) / player.drain_s) * player.drain_s
            clock_s, buffer_s = clock_s + sleep_s, buffer_s - sleep_s
        new = _States(rung, clock_s, buffer_s, old.value[came_from] + gain)
        kept = self._best_of_cells(new)
        return new.take(kept), came_from[kept], stall_s[kept]

    def _best_of_cells(self, states: _States) -> Ints:
        clock, buffer = (np.floor(x / self.cell_s).astype(np.int64) for x in (states.clock_s, states.buffer_s))
        rung = (
            states.rung if self.weights.switch else np.zeros_like(states.rung)
        )  # the past rung matters to switches alone
        cell = (clock * (int(buffer.max()) + 1) + buffer) * self.manifest.rungs + rung
        order = np.lexsort((-states.value, cell))
        kept = order[np.concatenate(([True], np.diff(cell[order]) != 0))]
        return self._undominated(states, np.asarray(kept[states.value[kept] > states.value.max() - self._hopeless]))

    @property
    def _hopeless(self) -> float:
        """A state this far behind the best never catches up in practice: 30 segments of the top rung."""
        return 30.0 * max(float(self.worth[-1]), 1e-9)

    def _undominated(self, states: _States, kept: Ints) -> Ints:
        """Without states that another one, earlier and with media until later, beats by more than any switch costs."""
        value, clock_s = states.value[kept], states.clock_s[kept]
        until_s = clock_s + states.buffer_s[kept]
        clock = np.floor((clock_s - clock_s.min()) / self.cell_s).astype(np.int64)
        until = np.floor((until_s.max() - until_s) / self.cell_s).astype(np.int64)
        best = np.full((int(clock.max()) + 1, int(until.max()) + 1), -np.inf)
        np.maximum.at(best, (clock, until), value)
        best = np.maximum.accumulate(np.maximum.accumulate(best, axis=0), axis=1)
        return np.asarray(kept[value >= best[clock, until] - self.switch.max()])
