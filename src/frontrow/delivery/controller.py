"""Frontrow's bitrate controller: one step ahead with the real sizes, the table's values beyond."""

from __future__ import annotations

import numpy as np

from frontrow.delivery.decide import expect, foresee
from frontrow.delivery.link import Floats, Ints
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.simulator import Download, Player, Progress
from frontrow.delivery.table import Table
from frontrow.delivery.throughput import Belief, follow

_FORGET_S = 1.0
_PATIENCE_S = 0.3


class TableController:
    """Decides for a batch of sessions from one table."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        self.manifest = manifest
        self._belief = Belief.none(sessions)
        self._latency_s = np.zeros(sessions)
        self._last = np.zeros(sessions, np.int64)
        self._most = np.full(sessions, manifest.rungs - 1)
        self._watched_s, self._watched_kbit = np.full(sessions, np.inf), np.zeros(sessions)
        self._watch_weight, self._watch_sum = np.zeros(sessions), np.zeros(sessions)

    def downloaded(self, download: Download) -> None:
        who = download.who
        transfer_s = np.maximum(download.total_s - download.first_bit_s, 1e-6)
        log_rate = np.log(np.maximum(download.kbit, 1e-3) / transfer_s)
        predictor = self.table.predictor
        after = follow(self._belief.take(who), log_rate, predictor.config, predictor.first_volatility)
        self._belief.put(who, after)
        self._latency_s[who] = download.first_bit_s
        done = download.abandoned_to < 0
        self._watched_s[who] = np.inf
        self._last[who[done]] = download.rung[done]
        self._most[who] = np.where(done, self.manifest.rungs - 1, download.abandoned_to)

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        value = self.values(who, segment, buffer_s, self.manifest.sizes_kbit[segment])
        value[np.arange(value.shape[1]) > self._most[who][:, None]] = -np.inf  # a restart is not above its reason
        return np.argmax(value, axis=1), np.zeros(len(who))

    def _ahead(self, segment: int) -> Floats:
        """(rungs, buffers, states of the line) values of the segments after this one, between two horizons."""
        table, left = self.table, self.manifest.segments - segment - 1
        values = table.values.reshape(*table.values.shape[:3], -1)
        at = int(np.searchsorted(table.horizons, left, side="right") - 1)
        if at + 1 == len(table.horizons) or table.horizons[at] == left:
            return np.asarray(values[at])
        part = (left - table.horizons[at]) / (table.horizons[at + 1] - table.horizons[at])
        return np.asarray((1.0 - part) * values[at] + part * values[at + 1])

    def values(self, who: Ints, segment: int, buffer_s: Floats, sizes_kbit: Floats) -> Floats:
        """(who, rungs) expected worth of fetching `segment` in each rung and going on well."""
        table, config, belief = self.table, self.table.predictor.config, self._belief
        out = np.empty((len(who), len(table.worth)))
        expect(
            self._ahead(segment), table.axes, *table.predictor.spread,
            (config.quick, config.slow, config.mix, config.volatility, config.jump, config.jump_slow),
            table.worth, table.stall, table.switch,
            table.segment_s, table.most_buffer_s, sizes_kbit, self._latency_s[who], buffer_s, belief.quick[who],
            belief.slow[who], belief.volatility[who], self._last[who],
            out,
        )  # fmt: skip
        return out

    def abandon(self, progress: Progress) -> Ints:
        """Restart lower where the download runs late, the restart comes sooner, and the table finds it worth more.

        The line's present rate is an average over the download that forgets with `_FORGET_S`, so that a line which
        breaks down half way through a large segment is noticed.
        """
        who, table = progress.who, self.table
        since_s = progress.elapsed_s - progress.first_bit_s
        fresh = since_s <= self._watched_s[who]
        step_s = np.maximum(since_s - np.where(fresh, 0.0, self._watched_s[who]), 1e-6)
        arrived = progress.arrived_kbit - np.where(fresh, 0.0, self._watched_kbit[who])
        kept = np.where(fresh, 0.0, 0.5 ** (step_s / _FORGET_S))
        weight = kept * self._watch_weight[who] + 1.0 - 0.5 ** (step_s / _FORGET_S)
        rate = kept * self._watch_sum[who] + (1.0 - 0.5 ** (step_s / _FORGET_S)) * arrived / step_s
        self._watched_s[who], self._watched_kbit[who] = since_s, progress.arrived_kbit
        self._watch_weight[who], self._watch_sum[who] = weight, rate
        kbps = np.maximum(rate / weight, 1e-3)
        left_kbit = progress.kbit - progress.arrived_kbit
        late = (left_kbit / kbps > progress.buffer_s) & (progress.rung > 0) & (since_s > _PATIENCE_S)
        to = np.full(len(who), -1)
        if not late.any():
            return to
        at = np.flatnonzero(late)
        sizes = self.manifest.sizes_kbit[progress.segment]
        rungs = np.arange(len(table.worth))
        restart_s = progress.first_bit_s[at, None] + sizes[None, :] / kbps[at, None]
        time_s = np.where(rungs == progress.rung[at, None], (left_kbit / kbps)[at, None], restart_s)
        value = self._deterministic(who[at], progress.segment, progress.buffer_s[at], time_s, np.log(kbps[at]))
        value[
            (rungs > progress.rung[at, None]) | ((rungs < progress.rung[at, None]) & (sizes >= left_kbit[at, None]))
        ] = -np.inf
        best = np.argmax(value, axis=1)
        to[at] = np.where(best < progress.rung[at], best, -1)
        self._watched_s[who[to >= 0]] = np.inf
        return to

    def _deterministic(self, who: Ints, segment: int, buffer_s: Floats, time_s: Floats, log_rate: Floats) -> Floats:
        """(who, rungs) worth of each rung if it comes in `time_s` and the line stays at `log_rate`."""
        table, belief = self.table, self._belief
        out = np.empty(time_s.shape)
        foresee(
            self._ahead(segment), table.axes, table.worth, table.stall, table.switch, table.segment_s,
            table.most_buffer_s, time_s, buffer_s, log_rate, belief.slow[who], belief.volatility[who], self._last[who],
            out,
        )  # fmt: skip
        return out

    def waited(self, who: Ints, wait_s: Floats) -> None:
        pass
