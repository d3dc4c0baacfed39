"""What the log teaches: reports read back, weights that viewers leave by, lines that behave like those measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from frontrow.delivery import experience, generator, leaving, qoe, rollout, viewing
from frontrow.delivery.controller import TableController
from frontrow.delivery.experience import Periods
from frontrow.delivery.lines import MEASURED
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import WEB_PLAYER, simulate
from frontrow.delivery.table import WEB, build
from frontrow.errors import GateRefused, InputError

RATES = np.array([300.0, 750.0, 1200.0, 2400.0])


def title(segments: int = 60) -> Manifest:
    return Manifest(4.0, RATES, (1.0 + 0.2 * np.sin(np.arange(segments)))[:, None] * RATES * 4.0)


def wandering(
    count: int, seed: int = 1, mean_kbps: float = 1500.0, memory: float = 0.9, sd: float = 0.5
) -> list[Trace]:
    """Lines whose log rate is an autoregression with that memory a second, each around a level of its own."""
    rng = np.random.default_rng(1)
    lines = []
    for n in range(count):
        path = np.empty(400)
        path[0] = rng.normal()
        for i in range(1, 400):
            path[i] = memory * path[i - 1] + np.sqrt(1 - memory**2) * rng.normal()
        level = np.log(mean_kbps) + 0.4 * rng.normal()
        lines.append(Trace(str(n), np.ones(400), np.exp(level + sd * path), np.full(400, 0.05)))
    return lines


def periods(count: int, weights: Weights, slope: float, seed: int = 2) -> Periods:
    rng = np.random.default_rng(seed)
    worth, switch = rng.uniform(2.0, 18.0, count), rng.exponential(1.0, count)
    stall_s = np.where(rng.random(count) < 0.3, rng.exponential(1.0, count), 0.0)
    utility = worth - weights.stall * stall_s - weights.switch * switch
    left = rng.random(count) < 1 / (1 + np.exp(2.0 + slope * utility))
    return Periods(worth, stall_s, switch, np.full(count, 8.0), left.astype(float))


def test_the_weights_that_viewers_leave_by_are_found():
    found = leaving.fit(periods(60_000, Weights(stall=9.0, switch=0.3), 0.1), LINEAR)
    assert found.weights.stall == pytest.approx(9.0, rel=0.15)
    assert found.weights.switch == pytest.approx(0.3, abs=0.3)
    assert abs(found.weights.stall - 9.0) < 4 * found.stall_sd and not found.note


def test_few_leavings_move_the_weights_little_and_fewer_not_at_all():
    some = leaving.fit(periods(400, Weights(stall=9.0), 0.1), LINEAR)
    assert abs(some.weights.stall - LINEAR.stall) < 4.0
    none = leaving.fit(periods(60, Weights(stall=9.0), 0.1), LINEAR)
    assert none.weights == LINEAR and "needed" in none.note


def test_viewers_who_leave_by_chance_teach_nothing():
    found = leaving.fit(periods(20_000, LINEAR, 0.0), LINEAR)
    assert found.weights == LINEAR and "does not depend" in found.note


def test_a_weight_that_viewers_agree_with_stays_where_the_other_moves():
    for seed in range(5):
        found = leaving.fit(periods(3_000, Weights(stall=12.0), 0.1, seed), LINEAR)
        assert found.weights.switch == LINEAR.switch and found.weights.stall > LINEAR.stall


def test_a_weight_never_moves_by_more_than_a_factor_of_four():
    found = leaving.fit(periods(60_000, Weights(stall=60.0), 0.1), LINEAR)
    assert found.weights.stall <= 4 * LINEAR.stall
    small = leaving.fit(periods(60_000, Weights(stall=0.0, switch=0.0), 0.1), LINEAR)
    assert small.weights.stall >= LINEAR.stall / 4 and small.weights.switch >= LINEAR.switch / 4


def test_reports_of_a_session_add_up_and_nonsense_is_passed_over():
    rows = [
        {"at_ms": 1, "member": 7, "title": "t", "session": "s", "startup_s": 0.4, "played_s": 0},
        {"at_ms": 2, "member": 7, "title": "t", "session": "s", "played_s": 28.0, "stall_s": 1.5, "bitrate_kbps": 1000,
         "switch_kbps": 500, "rates_kbps": "1200 nan -4 x 900 1e99", "startup_s": 9.0},
        {"at_ms": 3, "member": 8, "title": "t", "session": "", "played_s": 30.0},
        {"at_ms": 4, "member": 7, "title": "t", "session": "s", "played_s": float("nan"), "stall_s": "x",
         "end": "left"},
    ]  # fmt: skip
    (session,) = experience.read(rows)
    assert session.startup_s == 0.4 and session.rates_kbps == [1200.0, 900.0] and session.end == "left"
    assert sum(session.played_s) == 28.0 and sum(session.stall_s) == 1.5
    # seven segments of 1 Mbit/s, less 1.5 s of stall and half a Mbit/s of change
    assert session.qoe(LINEAR, 4.0) == pytest.approx((7 * 1.0 - 4.3 * 1.5 - 0.5) / 7)
    told = experience.periods([session], 4.0)
    assert told.left.tolist() == [0.0] and told.worth.tolist() == [7.0]


def test_made_up_sessions_are_told_as_the_simulator_played_them():
    lines, table = wandering(40), build(title(), LINEAR, MEASURED, WEB_PLAYER, config=WEB)
    stay = viewing.Taste(base=-50.0)
    made = viewing.sessions(lines, title(), WEB_PLAYER, TableController(table), stay, np.random.default_rng(3))
    rows = [{"at_ms": 1, "member": n, "session": str(n), **x} for n, reports in enumerate(made) for x in reports]
    read = experience.read(rows)
    played = simulate(lines, title(), WEB_PLAYER, TableController(table))
    told = np.array([x.qoe(LINEAR, 4.0) for x in read])
    assert np.corrcoef(told, qoe.mean_qoe(played, title()))[0, 1] > 0.97
    assert all(x.end == "ended" and sum(x.played_s) == 240.0 for x in read)


@pytest.mark.parametrize(("memory", "sd"), [(0.95, 0.8), (0.7, 0.3)])
def test_generated_lines_have_the_mean_the_spread_and_the_memory_of_those_measured(memory, sd):
    measured = wandering(120, memory=memory, sd=sd)
    made = generator.generate(generator.fit(measured), 400, 400.0, np.random.default_rng(4))

    def logs(lines):
        return [np.log(generator.resample(line, 1.0)) for line in lines]

    ours, theirs = logs(made), logs(measured)
    assert np.mean(np.concatenate(ours)) == pytest.approx(np.mean(np.concatenate(theirs)), abs=0.1)
    assert np.std(np.concatenate(ours)) == pytest.approx(np.std(np.concatenate(theirs)), rel=0.1)
    assert np.mean([x.std() for x in ours]) == pytest.approx(np.mean([x.std() for x in theirs]), rel=0.1)
    np.testing.assert_allclose(generator.autocorrelations(ours), generator.autocorrelations(theirs), atol=0.08)


def test_the_same_numbers_give_the_same_lines():
    model = generator.fit(wandering(20))
    one, two = (generator.generate(model, 5, 60.0, np.random.default_rng(9)) for _ in range(2))
    assert all(np.array_equal(a.kbps, b.kbps) for a, b in zip(one, two, strict=True))


def test_lines_that_say_nothing_are_refused():
    flat = Trace("flat", np.ones(100), np.full(100, 900.0), np.zeros(100))
    with pytest.raises(InputError, match="varies"):
        generator.fit([flat, Trace("short", np.ones(3), np.array([1.0, 2.0, 3.0]), np.zeros(3))])


def test_a_table_that_is_careless_on_the_logged_lines_is_refused_by_how_much():
    lines, video = wandering(40, mean_kbps=900.0, sd=0.8), title(20)
    good = build(video, LINEAR, MEASURED, WEB_PLAYER, config=WEB)
    steady = replace(MEASURED, surprises=np.zeros_like(MEASURED.surprises))  # believes that no rate ever changes
    careless = build(video, replace(LINEAR, stall=0.2), steady, WEB_PLAYER, config=WEB)
    trial = rollout.replay(lines, video, WEB_PLAYER, LINEAR, good, careless)
    with pytest.raises(GateRefused, match=r"QoE is .* below the present one's"):
        rollout.decide(trial, 0.02, 0.002)
    rollout.decide(rollout.replay(lines, video, WEB_PLAYER, LINEAR, careless, good), 0.02, 0.002)
    rollout.decide(rollout.replay(lines, video, WEB_PLAYER, LINEAR, good, good), 0.0, 0.0)


def test_more_stalls_alone_stop_a_table():
    trial = rollout.Trial(100, 1.0, 1.2, 0.01, 0.001, 0.01)
    with pytest.raises(GateRefused, match=r"stalls 1\.000% of the time, the present one 0\.100%"):
        rollout.decide(trial, 0.02, 0.002)
