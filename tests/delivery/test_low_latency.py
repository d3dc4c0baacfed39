"""Live, close to the edge: nothing plays before it exists, delay is made good, and ours gives more at no more delay."""

from __future__ import annotations

import numpy as np
import pytest

from frontrow.delivery import abr
from frontrow.delivery.controller import TableController
from frontrow.delivery.controllers_sabre import ThroughputRule
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import mean_qoe
from frontrow.delivery.simulator import LOW_LATENCY, Sessions, simulate

RATES = np.array([300.0, 750.0, 1200.0, 1850.0, 2850.0])
VIDEO = Manifest(1.0, RATES, (1.0 + 0.2 * np.sin(np.arange(120)))[:, None] * RATES)
TABLE = abr.policy(VIDEO, "low-latency")


def watch(*lines: Trace) -> Sessions:
    return simulate(lines, VIDEO, LOW_LATENCY, TableController(TABLE))


def wandering(seed: int) -> Trace:
    rng, level, levels = np.random.default_rng(seed), 0.0, []
    for _ in range(150):
        level = 0.92 * level + 0.25 * rng.normal()
        levels.append(level)
    return Trace(str(seed), np.ones(150), 1500.0 * np.exp(levels), np.full(150, 0.05))


def test_on_a_steady_line_it_plays_three_seconds_behind_without_a_stall():
    seen = watch(Trace("steady", np.ones(10), np.full(10, 2500.0), np.full(10, 0.03)))
    assert seen.stall_s[0, 1:].sum() == 0
    assert seen.latency_s[0, 20:].max() < 3.2
    assert RATES[seen.rung[0, 20:]].mean() > 1000


def test_a_delay_is_made_good_by_playing_a_little_faster():
    line = Trace("tunnel", np.array([40.0, 6.0, 200.0]), np.array([3000.0, 0.0, 3000.0]), np.full(3, 0.03))
    seen = watch(line)
    late = int(np.argmax(seen.latency_s[0]))
    assert 5.0 < seen.latency_s[0, late] < 9.0
    assert seen.latency_s[0, -1] < 3.2
    assert np.all(np.diff(seen.latency_s[0, late + 2 :]) < 0.2), "it comes back steadily"


def test_nothing_is_in_the_buffer_that_has_not_happened_yet():
    seen = watch(*(wandering(seed) for seed in range(20)))
    assert np.all(seen.buffer_s <= seen.latency_s + 1e-6)


def test_the_delay_is_start_up_and_stalls_less_what_was_caught_up():
    seen = watch(*(wandering(seed) for seed in range(20)))
    lost_s = seen.stall_s.sum(axis=1)
    assert np.all(seen.latency_s[:, -1] <= LOW_LATENCY.live_latency_s + lost_s + 1e-6)


def test_it_gives_more_than_the_throughput_rule_without_more_stalls_or_delay():
    lines = [wandering(seed) for seed in range(40)]
    ours, peer = watch(*lines), simulate(lines, VIDEO, LOW_LATENCY, ThroughputRule())
    assert mean_qoe(ours, VIDEO).mean() > 1.1 * mean_qoe(peer, VIDEO).mean()
    assert ours.stall_s[:, 1:].sum() <= 1.1 * peer.stall_s[:, 1:].sum() + 0.5
    assert ours.latency_s.mean() <= peer.latency_s.mean() + 0.1


def test_longer_segments_are_watched_three_of_them_behind():
    film = Manifest(4.0, RATES, np.tile(RATES * 4.0, (20, 1)))
    assert abr.player_of("low-latency", film).live_latency_s == pytest.approx(12.0)
    scores = abr.compare([wandering(1)], film, "low-latency")
    assert "offline" not in scores and scores["frontrow"].latency_s >= 12.0
