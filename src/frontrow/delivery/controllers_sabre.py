"""The controllers of dash.js as Sabre defines them (Spiteri, Sitaraman and Sparacio, MMSys 2018), as peers.

Throughput rule, BOLA, BOLA-E and Dynamic, with insufficient-buffer rule and abandonment, on arrays of sessions.
"""

from __future__ import annotations

import math

import numpy as np

from frontrow.delivery.controllers_published import Steady
from frontrow.delivery.link import Floats, Ints
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.simulator import Download, Player, Progress

_HALF_LIFE_S = np.array([3.0, 8.0])
_SAFETY = 0.9
_LOW_BUFFER_FIRST, _LOW_BUFFER_LEAST = 0.9, 0.5
_ABANDON_GRACE_S, _ABANDON_MULTIPLE = 0.5, 1.8
_BOLA_E_LEAST_MS, _BOLA_E_RUNG_MS = 10_000.0, 2_000.0
_TICK_S = 1e-9  # ten steps of 50 ms are half a second, whatever the last bit of their sum says


class Measured(Steady):
    """Keeps throughput and latency as the more careful of two exponential averages."""

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        super().begin(sessions, manifest, player)
        self._sums = np.zeros((2, sessions, 2))  # throughput and latency, a session, a half-life
        self._weights = np.zeros((2, sessions, 1))
        self.rate_kbps = np.zeros(sessions)
        self.latency_s = np.zeros(sessions)
        self._utility = np.log(manifest.bitrates_kbps / manifest.bitrates_kbps[0])

    def downloaded(self, download: Download) -> None:
        done = download.abandoned_to < 0
        who, transfer_s = download.who[done], (download.total_s - download.first_bit_s)[done]
        kbps = download.kbit[done] / np.maximum(transfer_s, 1e-9)
        seen = (kbps, download.first_bit_s[done])
        weights = (transfer_s[:, None], np.full((len(who), 1), self.manifest.segment_s))
        for i in range(2):
            alpha = 0.5 ** (weights[i] / _HALF_LIFE_S)
            self._sums[i, who] = alpha * self._sums[i, who] + (1 - alpha) * seen[i][:, None]
            self._weights[i, who] += weights[i]
        zero = 1 - 0.5 ** (self._weights[:, who] / _HALF_LIFE_S)
        means = self._sums[:, who] / zero
        self.rate_kbps[who], self.latency_s[who] = means[0].min(axis=1), means[1].max(axis=1)

    def sustained(self, who: Ints, kbps: Floats) -> Ints:
        """The highest rung whose nominal segment arrives in its own duration at `kbps`, counting latency."""
        rates, segment_s = self.manifest.bitrates_kbps, self.manifest.segment_s
        fits = self.latency_s[who][:, None] + segment_s * rates / kbps[:, None] <= segment_s
        fits[:, 0] = True
        return np.asarray(np.argmin(np.column_stack([fits, np.zeros(len(who), bool)]), axis=1) - 1)


class ThroughputRule(Measured):
    """The rung that 0.9 of the measured rate sustains, less where the buffer is too low for it."""

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        super().begin(sessions, manifest, player)
        self._caution = np.full(sessions, _LOW_BUFFER_FIRST)

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        rung = self.sustained(who, self.rate_kbps[who] * _SAFETY)
        return np.minimum(rung, self.safe(who, buffer_s)), np.zeros(len(who))

    def safe(self, who: Ints, buffer_s: Floats) -> Ints:
        """Insufficient-buffer rule: the highest rung whose segment surely comes before the buffer is empty."""
        kbit = self._caution[who] * (buffer_s - self.latency_s[who]) * self.rate_kbps[who]
        self._caution[who] = np.maximum(self._caution[who] * _LOW_BUFFER_FIRST, _LOW_BUFFER_LEAST)
        too_big = self.manifest.bitrates_kbps * self.manifest.segment_s > kbit[:, None]
        too_big[:, 0] = False
        return np.asarray(np.argmax(np.column_stack([too_big, np.ones(len(who), bool)]), axis=1) - 1)

    def abandon(self, progress: Progress) -> Ints:
        transfer_s = progress.elapsed_s - progress.first_bit_s
        judged = (progress.elapsed_s >= _ABANDON_GRACE_S - _TICK_S) & (transfer_s > 0)
        kbps = np.where(judged, progress.arrived_kbit / np.where(judged, transfer_s, 1.0), 1.0)
        kbps = np.maximum(kbps, 1e-9)
        left_kbit = progress.kbit - progress.arrived_kbit
        late = judged & (progress.elapsed_s + left_kbit / kbps > _ABANDON_MULTIPLE * self.manifest.segment_s)
        to = np.full(len(progress.who), -1)
        if late.any():
            rates = self.manifest.bitrates_kbps
            rung = self.sustained(progress.who, kbps * _SAFETY)
            worthwhile = (rung < progress.rung) & (progress.kbit * rates[rung] / rates[progress.rung] < left_kbit)
            to = np.where(late & worthwhile, rung, -1)
        return to


class SabreBola(Measured):
    """BOLA that never switches above what the measured rate sustains; `basic` neither ramps its buffer nor abandons."""

    def __init__(self, *, basic: bool = False, waits: bool = True, gamma_p: float = 5.0) -> None:
        self._basic, self._waits, self._gamma_p = basic, waits, gamma_p

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        super().begin(sessions, manifest, player)
        self._set_buffer(player.buffer_s)

    def _set_buffer(self, buffer_s: float) -> None:
        self._v = (buffer_s - self.manifest.segment_s) / (self._utility[-1] + self._gamma_p)

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        if not self._basic:
            ramp = max(min(segment, self.manifest.segments - segment) / 2, 3.0)
            self._set_buffer(min(self.player.buffer_s, ramp * self.manifest.segment_s))
        rates = self.manifest.bitrates_kbps
        target_s = self._v * (self._utility + self._gamma_p)
        rung = np.argmax((target_s - buffer_s[:, None]) / rates, axis=1)
        last, sustained = self.last_rung[who], self.sustained(who, self.rate_kbps[who])
        capped = (rung > last) & (rung > sustained)
        held = capped & (last > sustained)
        limited = capped & ~held
        wait_s = np.zeros(len(who))
        if self._waits:
            rung = np.where(limited, sustained, rung)
            wait_s = np.where(limited, np.maximum(buffer_s - target_s[rung], 0.0), 0.0)
            wait_s = np.where(rung == self.manifest.rungs - 1, 0.0, wait_s)
        else:
            rung = np.where(limited, sustained + 1, rung)
        rung = np.where(held, last, rung)
        self.last_rung[who] = rung
        return rung, wait_s

    def downloaded(self, download: Download) -> None:
        kept = self.last_rung.copy()
        super().downloaded(download)
        self.last_rung = kept  # the rung decided on counts, not the one fetched

    def abandon(self, progress: Progress) -> Ints:
        to = np.full(len(progress.who), -1)
        if self._basic:
            return to
        target_s = self._v * (self._utility + self._gamma_p) - progress.buffer_s[:, None]
        remaining = progress.kbit - progress.arrived_kbit
        score = target_s[np.arange(len(to)), progress.rung] / remaining
        asks = (progress.arrived_kbit > 0) & (score >= 0)
        rates = self.manifest.bitrates_kbps
        for rung in range(self.manifest.rungs - 1):
            other_kbit = progress.kbit * rates[rung] / rates[progress.rung]
            other = target_s[:, rung] / other_kbit
            better = asks & (rung < progress.rung) & (other_kbit < remaining) & (other > score)
            to, score = np.where(better, rung, to), np.where(better, other, score)
        self.last_rung[progress.who] = np.where(to >= 0, to, self.last_rung[progress.who])
        return to


class BolaE(ThroughputRule):
    """BOLA-E: BOLA with a placeholder for media that would be there, so that it starts and seeks at a fair rung.

    After an abandonment the placeholder is such that two rungs are worth the same, and the last bit of the sum decides:
    so this counts in milliseconds and in Sabre's order of operations, where everything else here counts in seconds.
    """

    def __init__(self, *, waits: bool = True, low_buffer_rule: bool = True, gamma_p: float = 5.0) -> None:
        self._waits, self._rule, self._gamma_p = waits, low_buffer_rule, gamma_p

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        super().begin(sessions, manifest, player)
        rates = [float(rate) for rate in manifest.bitrates_kbps]
        one = 1.0 - math.log(rates[0])
        self._worth = np.array([math.log(rate) + one for rate in rates])
        buffer_ms = player.buffer_s * 1000.0
        if self._rule:
            buffer_ms = max(_BOLA_E_LEAST_MS + _BOLA_E_RUNG_MS * manifest.rungs, buffer_ms)
            stretch = buffer_ms / _BOLA_E_LEAST_MS - 1.0
            self._g = (self._worth[-1] - 1.0) / stretch if manifest.rungs > 1 else 1.0
            self._v = _BOLA_E_LEAST_MS / self._g
        else:
            self._g = self._gamma_p - 1.0
            self._v = (buffer_ms - manifest.segment_s * 1000.0) / (self._worth[-1] + self._g)
        self._placeholder_ms = np.zeros(sessions)
        self._steady = np.zeros(sessions, bool)
        self._most_ms = self._v * (self._worth + self._g)
        self._least_ms = np.array([self._least(rung) for rung in range(manifest.rungs)])

    def _least(self, rung: int) -> float:
        rates, worth = self.manifest.bitrates_kbps, self._worth
        levels = [
            self._v * (self._g + (rates[rung] * worth[q] - rates[q] * worth[rung]) / (rates[rung] - rates[q]))
            for q in range(rung)
        ]
        return max(0.0, *levels) if levels else 0.0

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        sustained = self.sustained(who, self.rate_kbps[who])
        started = ~self._steady[who]
        self._steady[who] = True
        buffer_ms = np.round(buffer_s * 1000.0, 6)
        placeholder = self._placeholder_ms[who]
        level = buffer_ms + placeholder
        rung = np.argmax((self._most_ms - level[:, None]) / self.manifest.bitrates_kbps, axis=1)
        last = self.last_rung[who]
        capped = (rung > last) & (rung > sustained)
        rung = np.where(capped, np.maximum(last, sustained) + (0 if self._waits else 1), rung)
        excess = np.maximum(level - self._most_ms[rung], 0.0)
        wait_ms = np.where(rung == self.manifest.rungs - 1, 0.0, np.maximum(excess - placeholder, 0.0))
        placeholder = np.maximum(placeholder - excess, 0.0)
        if self._rule:
            running = who[~started]
            safe = np.full(len(who), self.manifest.rungs - 1)
            if len(running):
                safe[~started] = self.safe(running, buffer_s[~started])
            lowered = safe < rung
            rung, wait_ms = np.where(lowered, safe, rung), np.where(lowered, 0.0, wait_ms)
            lower = np.minimum(placeholder, np.maximum(self._least_ms[rung] - buffer_ms, 0.0))
            placeholder = np.where(lowered, lower, placeholder)
        first = np.maximum(self._least_ms[sustained] - buffer_ms, 0.0)
        self._placeholder_ms[who] = np.where(started, first, placeholder)
        return np.where(started, sustained, rung), np.where(started, 0.0, wait_ms / 1000.0)

    def waited(self, who: Ints, wait_s: Floats) -> None:
        self._placeholder_ms[who] += wait_s * 1000.0

    def downloaded(self, download: Download) -> None:
        super().downloaded(download)
        if download.segment == 0:
            return
        who, level = download.who, np.round(download.buffer_s * 1000.0, 6)
        self.last_rung[who] = download.rung
        before = level + download.total_s * 1000.0
        held = np.minimum(self._placeholder_ms[who], np.maximum(self._most_ms[download.rung] - before, 0.0))
        held = np.where(level > 0, np.maximum(held, self._least_ms[download.rung] - before), held)
        to = np.maximum(download.abandoned_to, 0)
        wanted = np.where(to > 0, self._least_ms[to], _BOLA_E_LEAST_MS)
        lowered = np.minimum(self._placeholder_ms[who], np.maximum(wanted - level, 0.0))
        self._placeholder_ms[who] = np.where(download.abandoned_to < 0, held, lowered)

    def abandon(self, progress: Progress) -> Ints:
        transfer_s = np.maximum(progress.elapsed_s - progress.first_bit_s, 1e-12)
        level = (progress.buffer_s - progress.first_bit_s) * 1000.0 + self._placeholder_ms[progress.who]
        level = np.maximum(level, 0.0)
        kbps = progress.arrived_kbit / transfer_s
        remaining = progress.kbit - progress.arrived_kbit - progress.first_bit_s * kbps
        asks = (progress.arrived_kbit > 0) & (remaining > 0)
        to = np.full(len(progress.who), -1)
        score = (self._most_ms[progress.rung] - level) / np.where(asks, remaining, 1.0)
        rates = self.manifest.bitrates_kbps
        for rung in range(self.manifest.rungs - 1):
            other_kbit = progress.kbit * rates[rung] / rates[progress.rung]
            other = (self._most_ms[rung] - level) / other_kbit
            better = asks & (rung < progress.rung) & (other_kbit < remaining) & (other > score)
            to, score = np.where(better, rung, to), np.where(better, other, score)
        return to


class Dynamic(ThroughputRule):
    """Throughput rule while the buffer is low, BOLA once it is not."""

    def __init__(self, *, basic: bool = False, waits: bool = True) -> None:
        self._bola = SabreBola(basic=basic, waits=waits)

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        super().begin(sessions, manifest, player)
        self._bola.begin(sessions, manifest, player)
        self._is_bola = np.zeros(sessions, bool)

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        bola, wait_s = self._bola.choose(who, segment, buffer_s)
        by_rate, _ = super().choose(who, segment, buffer_s)
        was = self._is_bola[who]
        leaves = was & (buffer_s < 10.0) & (bola < by_rate)
        enters = ~was & (buffer_s > 10.0) & (bola >= by_rate)
        now = (was & ~leaves) | enters
        self._is_bola[who] = now
        return np.where(now, bola, by_rate), np.where(now, wait_s, 0.0)

    def downloaded(self, download: Download) -> None:
        super().downloaded(download)
        self._bola.downloaded(download)
