"""The simulator against a walk through the trace, second by second, and against hand-made sessions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.delivery.controllers_published import BufferBased, ModelPredictive, Steady
from frontrow.delivery.controllers_sabre import BolaE, Dynamic, SabreBola, ThroughputRule
from frontrow.delivery.link import Link, Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.oracle import offline
from frontrow.delivery.qoe import Weights, mean_qoe, stall_ratio, time_average_score
from frontrow.delivery.simulator import PENSIEVE, SABRE_LIVE, SABRE_VOD, Download, Player, simulate

RATES = np.array([300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0])


def title(segments: int = 12, rates: np.ndarray = RATES, segment_s: float = 4.0) -> Manifest:
    shape = 1.0 + 0.2 * np.sin(np.arange(segments))
    return Manifest(segment_s, rates, shape[:, None] * rates * segment_s)


def line(*kbps: float, seconds: float = 5.0, latency_s: float = 0.0) -> Trace:
    return Trace("line", np.full(len(kbps), seconds), np.array(kbps), np.full(len(kbps), latency_s))


class Fixed(Steady):
    """Always the same rung."""

    def __init__(self, rung: int) -> None:
        self._rung = rung

    def choose(self, who, segment, buffer_s):
        return np.full(len(who), self._rung), np.zeros(len(who))


def walk(trace: Trace, video: Manifest, player: Player, rungs: list[int]) -> list[float]:
    """Pensieve's environment as published: through the trace interval by interval. Stalls, a segment."""
    ends = np.cumsum(trace.duration_s)
    at, now, buffer_s, stalls = 0, 0.0, 0.0, []

    def rest(seconds: float) -> None:
        nonlocal at, now
        while ends[at] - now <= seconds:
            seconds -= ends[at] - now
            now = ends[at]
            at += 1
            if at == len(ends):
                at, now = 0, 0.0
        now += seconds

    for segment, rung in enumerate(rungs):
        left, delay = video.sizes_kbit[segment, rung], 0.0
        while True:
            rate = trace.kbps[at] * player.payload_share
            duration = ends[at] - now
            if rate * duration > left:
                delay += left / rate
                now += left / rate
                break
            left -= rate * duration
            delay += duration
            now = ends[at]
            at += 1
            if at == len(ends):
                at, now = 0, 0.0
        delay += player.round_trip_s
        if player.round_trip_on_line:
            rest(player.round_trip_s)
        stalls.append(max(delay - buffer_s, 0.0))
        buffer_s = max(buffer_s - delay, 0.0) + video.segment_s
        if buffer_s > player.buffer_s:
            sleep = math.ceil((buffer_s - player.buffer_s) / player.drain_s) * player.drain_s
            buffer_s -= sleep
            rest(sleep)
    return stalls


@given(
    st.lists(st.floats(20.0, 9000.0), min_size=1, max_size=12), st.integers(0, 5), st.floats(0.3, 7.0), st.booleans()
)
@settings(max_examples=60, deadline=None)
def test_pensieves_player_stalls_as_the_published_walk_through_the_trace(kbps, rung, seconds, on_line):
    trace, video = line(*kbps, seconds=seconds), title(30)
    player = replace(PENSIEVE, round_trip_on_line=on_line)
    played = simulate([trace], video, player, Fixed(rung))
    walked = walk(trace, video, player, [1] + [rung] * 29)
    np.testing.assert_allclose(played.stall_s[0], walked, rtol=1e-7, atol=1e-6)


@given(
    st.lists(st.sampled_from([0.0, 0.0, 400.0, 3000.0]), min_size=1, max_size=8),
    st.floats(0.0, 90.0),
    st.floats(1.0, 1e5),
)
@settings(deadline=None)
def test_what_is_asked_of_a_line_has_come_when_it_says_so(kbps, time_s, kbit):
    trace = line(*kbps, 500.0)
    link, one = Link([trace]), np.zeros(1, np.int64)
    end = link.finish(one, np.array([time_s]), np.array([kbit]))
    assert link.arrived_kbit(one, np.array([time_s]), end)[0] == pytest.approx(kbit, rel=1e-6, abs=1e-3)
    earlier = np.maximum(end - 1e-3, time_s)
    assert link.arrived_kbit(one, np.array([time_s]), earlier)[0] < kbit


def test_a_batch_gives_each_session_what_it_gets_alone():
    lines, video = [line(800.0, 4000.0, 300.0), line(2500.0), line(0.0, 5000.0)], title()
    for player, controller in ((PENSIEVE, ModelPredictive(robust=True)), (SABRE_LIVE, BolaE()), (SABRE_VOD, Dynamic())):
        together = simulate(lines, video, player, controller)
        for number, trace in enumerate(lines):
            alone = simulate([trace], video, player, controller)
            np.testing.assert_array_equal(alone.rung[0], together.rung[number])
            np.testing.assert_allclose(alone.stall_s[0], together.stall_s[number], atol=1e-6)


def test_a_minute_without_a_bit_is_one_long_stall_and_the_session_goes_on():
    trace = Trace("tunnel", np.array([20.0, 60.0, 60.0]), np.array([2000.0, 0.0, 2000.0]), np.zeros(3))
    for controller in (ThroughputRule(), SabreBola(waits=False), BolaE(waits=False), Dynamic(waits=False)):
        played = simulate([trace], title(), SABRE_LIVE, controller)
        assert 50.0 < played.stall_s[0, 1:].sum() < 62.0
        assert np.isfinite(time_average_score(played, title())).all()


def test_of_plans_that_are_worth_the_same_mpc_takes_the_one_that_begins_lowest():
    worth = np.array([1000.0, 2000.0])  # up now or later: with two segments left a switch costs what it gains
    video = Manifest(4.0, worth, np.tile(worth * 4.0, (3, 1)))
    played = simulate([line(50_000.0)], video, Player(60.0), ModelPredictive(robust=False, weights=Weights(switch=2.0)))
    assert played.rung[0].tolist() == [0, 0, 0]


def test_a_line_of_twice_the_top_rate_never_stalls_and_mpc_stays_on_top():
    played = simulate([line(10_000.0)], title(), PENSIEVE, ModelPredictive(robust=True))
    assert played.stall_s[0, 1:].sum() == 0
    assert (played.rung[0, 2:] == 5).all()


def test_the_throughput_rule_gives_up_a_download_that_runs_late():
    trace = Trace("drop", np.array([30.0, 300.0]), np.array([9000.0, 320.0]), np.full(2, 0.05))
    played = simulate([trace], title(20), SABRE_VOD, ThroughputRule())
    stubborn = simulate([trace], title(20), Player(25.0), ThroughputRule())
    assert played.wasted_kbit[0] > 0 and stubborn.wasted_kbit[0] == 0
    assert played.stall_s[0, 1:].sum() < stubborn.stall_s[0, 1:].sum()


def test_bola_e_does_not_fall_from_a_rung_it_holds_because_the_rate_no_longer_sustains_it():
    video, line_ = title(20), line(9000.0)
    bola = BolaE(waits=False)
    bola.begin(1, video, SABRE_VOD)
    who, none = np.zeros(1, np.int64), np.full(1, -1)
    for segment, (rung, total_s) in enumerate([(0, 0.2), (4, 1.2), (4, 12.0)]):
        kbit = video.sizes_kbit[segment, [rung]]
        if segment:
            bola.choose(who, segment, np.array([18.0]))
        times = np.array([0.01]), np.array([total_s]), np.array([20.0])
        bola.downloaded(Download(who, segment, np.array([rung]), kbit, *times, none))
    held = bola.choose(who, 3, np.array([24.0]))[0][0]
    assert held > bola.sustained(who, bola.rate_kbps)[0] + 1
    assert simulate([line_], video, SABRE_VOD, BolaE(waits=False)).rung[0, -1] == 5


def test_hindsight_is_at_least_as_good_as_every_controller():
    lines = [line(900.0, 2600.0, 500.0, 4000.0, seconds=7.0), line(1500.0, 700.0)]
    video = title(16)
    for trace in lines:
        best = mean_qoe(offline(trace, video, PENSIEVE, cell_s=0.25), video)[0]
        for controller in (BufferBased(), ModelPredictive(robust=True), ModelPredictive(robust=False)):
            assert mean_qoe(simulate([trace], video, PENSIEVE, controller), video)[0] <= best + 0.01


def test_a_schedule_found_in_hindsight_can_be_played():
    trace, video = line(900.0, 2600.0, 500.0, 4000.0, seconds=7.0), title(16)
    found = offline(trace, video, PENSIEVE)
    np.testing.assert_allclose(found.stall_s[0], walk(trace, video, PENSIEVE, list(found.rung[0])), atol=1e-6)


def test_scores_of_a_session_counted_by_hand():
    video = Manifest(4.0, np.array([1000.0, 2000.0]), np.array([[4000.0, 8000.0]] * 3))
    played = simulate([line(1000.0)], video, Player(60.0), Fixed(1))
    # 4 s for the first segment, then 8 s each with 4 s in the buffer: a stall of 4 s twice.
    assert played.startup_s[0] == pytest.approx(4.0)
    assert played.stall_s[0, 1:] == pytest.approx([4.0, 4.0])
    assert mean_qoe(played, video)[0] == pytest.approx((2 * 2.0 - 4.3 * 8.0 - 1.0) / 2)
    assert stall_ratio(played, video)[0] == pytest.approx(8.0 / 24.0)
    assert time_average_score(played, video)[0] == pytest.approx((2 * math.log(2) - 5.0 / 4.0 * 8.0) * 4.0 / 24.0)
