"""Each fault of an experiment is found, hides the winner or invalidates, and says why; a clean one passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from frontrow.errors import InputError
from frontrow.experiments import dispersion, srm
from frontrow.experiments.analysis import Analysis, analyse
from frontrow.experiments.checks import Check
from frontrow.experiments.definition import parse
from frontrow.experiments.exposure import collect
from frontrow.experiments.log import DAY_MS, Log, Readings
from frontrow.experiments.tables import read_log

N = 20_000
T0 = 1_772_409_600_000


class World:
    """A clean experiment with a clear winner on a mean metric, to be spoilt by a test."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.treated = rng.random(N) < 0.5
        self.columns: dict[str, np.ndarray] = {
            "unit": np.arange(N), "arm": np.where(self.treated, "b", "a"),
            "at": T0 + np.sort(rng.integers(0, 14 * DAY_MS, N)), "country": rng.choice(["DE", "FR"], N),
            "y": rng.normal(10, 3, N) + 0.5 * self.treated,
        }  # fmt: skip
        self.metric: dict[str, Any] = {"name": "y"}

    def spoil(self, **columns: np.ndarray) -> World:
        self.columns |= columns
        return self

    def keep(self, rows: np.ndarray) -> World:
        self.columns = {name: column[rows] for name, column in self.columns.items()}
        return self

    def look(self) -> Analysis:
        d = parse({
            "name": "x", "arms": {"a": 0.5, "b": 0.5}, "planned_units": N, "segments": ["country"],
            "metrics": [self.metric],
        })  # fmt: skip
        return analyse(collect(read_log(self.columns, d), d), d)


def named(found: Analysis, name: str) -> Check:
    return next(c for c in found.checks if c.name == name)


def test_a_clean_experiment_passes_every_check_and_wins() -> None:
    found = World().look()
    assert [c.name for c in found.checks if not c.passed] == []
    assert found.state == "winner"
    assert "b wins: y is 0.5" in found.sentence


def test_a_broken_ratio_invalidates() -> None:
    world = World()
    found = world.keep(~world.treated | (world.rng.random(N) < 0.9)).look()
    assert found.state == "invalid"
    assert named(found, "sample ratio").level == "invalid"
    assert "sample ratio" in found.sentence


def test_a_ratio_broken_in_one_country_only_is_found_there() -> None:
    world = World()
    lost = world.treated & (world.columns["country"] == "FR") & (world.rng.random(N) < 0.12)
    found = world.keep(~lost).look()
    assert named(found, "sample ratio by country").level != "ok"
    assert "FR" in named(found, "sample ratio by country").detail


def test_a_small_imbalance_that_only_warns_hides_the_winner() -> None:
    world = World()
    surplus = int(world.treated.sum() - (~world.treated).sum())
    drop = world.rng.choice(np.flatnonzero(world.treated), surplus + 455, replace=False)
    found = world.keep(~np.isin(np.arange(N), drop)).look()
    ratio = named(found, "sample ratio")
    assert ratio.level == "warning"
    assert found.state == "collecting"
    assert "hidden" in found.sentence
    assert "sample ratio" in found.sentence


def test_exposures_logged_later_in_one_arm_are_found() -> None:
    world = World()
    late = world.columns["at"] + np.where(world.treated, DAY_MS // 2, 0)
    assert named(world.spoil(at=late).look(), "late exposure logging").level == "warning"


def test_exposures_logged_long_after_the_decision_are_found() -> None:
    world = World()
    decided = world.columns["at"] - np.where(world.treated & (world.rng.random(N) < 0.1), DAY_MS, 1_000)
    check = named(world.spoil(decided_at=decided).look(), "late exposure logging")
    assert check.level == "invalid"
    assert "10.0%" in check.detail or "9." in check.detail


def test_units_that_moved_to_another_arm_are_left_out_and_invalidate() -> None:
    world = World()
    extra = world.rng.choice(N, 600, replace=False)
    moved = {name: np.concatenate([column, column[extra]]) for name, column in world.columns.items()}
    moved["arm"][N:] = np.where(world.treated[extra], "a", "b")
    moved["at"][N:] += DAY_MS
    world.columns = moved
    found = world.look()
    assert found.left_out["units seen in two arms"] == 600
    assert named(found, "reassignment").level == "invalid"


def test_devices_assigned_while_members_are_analysed_are_found() -> None:
    world = World()
    twice = {name: np.concatenate([column, column[:5_000]]) for name, column in world.columns.items()}
    twice["device"] = np.concatenate([np.full(N, "tv"), np.full(5_000, "phone")])
    twice["arm"][N:] = world.rng.choice(["a", "b"], 5_000)
    world.columns = twice
    check = named(world.look(), "unit mismatch")
    assert check.level == "invalid"
    assert "as if devices were assigned" in check.detail


def test_members_with_several_devices_are_found_when_the_unit_of_the_log_is_the_device() -> None:
    world = World()
    check = named(world.spoil(member=np.arange(N) // 2).look(), "unit mismatch")
    assert check.level == "invalid"
    assert "members with several units" in check.detail


def test_rows_logged_twice_are_found() -> None:
    world = World()
    world.columns = {name: np.concatenate([column, column[:50]]) for name, column in world.columns.items()}
    found = world.look()
    assert named(found, "duplicate units").level == "warning"
    assert found.left_out["repeated rows"] == 50


def test_a_covariate_measured_after_the_exposure_invalidates() -> None:
    world = World()
    world.metric = {"name": "y", "covariate": "x"}
    found = world.spoil(x=world.columns["y"] + world.rng.normal(0, 1, N)).look()
    assert named(found, "covariate of y").level == "invalid"
    assert "after the exposure" in named(found, "covariate of y").detail


def test_covariate_readings_with_a_time_after_the_exposure_invalidate() -> None:
    d = parse(
        {"name": "x", "arms": {"a": 0.5, "b": 0.5}, "planned_units": 200, "metrics": [{"name": "y", "covariate": "x"}]}
    )
    unit = np.array([f"u{i:03d}" for i in range(200)])
    at = np.full(200, T0)
    log = Log(
        unit=unit, arm=np.where(np.arange(200) % 2, "a", "b"), at_ms=at,
        outcomes={"y": Readings(unit, np.ones(200), at + 5)}, covariates={"x": Readings(unit, np.ones(200), at + 1)},
    )  # fmt: skip
    assert named(analyse(collect(log, d), d), "covariate of y").level == "invalid"


def test_one_unit_that_carries_the_effect_hides_the_winner() -> None:
    world = World()
    y = world.rng.normal(0, 1, N)
    y -= np.where(world.treated, y[world.treated].mean(), y[~world.treated].mean())
    y += 10 + 3.0 * np.sqrt(4 / N) * world.treated  # 3 standard errors: not enough alone
    whale = np.flatnonzero(world.treated)[7]
    y[whale] = 45.0
    found = world.spoil(y=y).look()
    assert found.results[0].verdict == "better"
    check = named(found, "weight of one unit in y")
    assert check.level == "warning"
    assert f"unit '{whale}'" in check.detail
    assert found.state == "collecting"


def test_an_effect_that_fades_hides_the_winner() -> None:
    world = World()
    early = np.arange(N) < N / 2
    found = world.spoil(y=world.rng.normal(10, 3, N) + 0.9 * (world.treated & early)).look()
    assert named(found, "novelty of y").level == "warning"
    assert found.state == "collecting"


def test_two_experiments_that_interfere_are_found() -> None:
    world = World()
    other = world.rng.choice(["old", "new"], N)
    y = world.rng.normal(10, 3, N) + 1.2 * (world.treated & (other == "new"))
    found = world.spoil(also_checkout=other, y=y).look()
    check = named(found, "interference of 'checkout' with y")
    assert check.level == "warning"
    assert "'new'" in check.detail
    assert named(found, "independence of 'checkout'").passed


def test_an_experiment_that_decides_our_arm_is_found() -> None:
    world = World()
    follows = np.where(world.treated & (world.rng.random(N) < 0.2), "new", "old")
    assert named(world.spoil(also_checkout=follows).look(), "independence of 'checkout'").level == "invalid"


def test_the_ratio_of_cookie_cats_passes_the_sequential_test_and_alarms_the_fixed_one() -> None:
    found = srm.compare({"gate_30": 44_700, "gate_40": 45_489}, {"gate_30": 0.5, "gate_40": 0.5})
    assert found.level == "ok"
    assert found.p_fixed == pytest.approx(0.0086, abs=0.00005)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.9, 0.1], [0.6, 0.3, 0.1]])
def test_the_ratio_e_value_is_a_martingale(shares: list[float]) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        n = rng.integers(0, 300, len(shares))
        later = sum(share * srm.e_value(n + np.eye(len(shares))[i], shares) for i, share in enumerate(shares))
        assert float(later) == pytest.approx(float(srm.e_value(n, shares)), rel=1e-9)


def test_clean_ratios_rarely_warn_however_often_they_are_looked_at() -> None:
    rng = np.random.default_rng(3)
    n = rng.multinomial(50, [0.5, 0.3, 0.2], (1_000, 300)).cumsum(1)
    worst = srm.e_value(n, [0.5, 0.3, 0.2]).max(1)
    assert (worst > srm.WARNS).mean() <= 0.05
    assert (worst > srm.INVALIDATES).mean() <= 0.01


@pytest.mark.parametrize(
    ("counts", "shares", "message"),
    [
        ({"a": 1, "z": 2}, {"a": 0.5, "b": 0.5}, "'z' was never planned"),
        ({"a": 1}, {"a": 0.5, "b": 0.6}, "add up to 1"),
        ({"a": -1, "b": 1}, {"a": 0.5, "b": 0.5}, "negative"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts: dict[str, int], shares: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        srm.compare(counts, shares)


def test_dispersion_is_recovered_from_aa_tests_and_restores_the_false_alarm_rate() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(1_500), 3)
    trials = rng.integers(2_000, 4_000, groups.size)
    # Beta-binomial arms: twice the variance of independent clicks at 3,000 impressions.
    weight = (3_000 - 2) / 1.0
    rate = rng.beta(0.02 * weight, 0.98 * weight, groups.size)
    clicks = rng.binomial(trials, rate)
    found = dispersion.estimate(groups[:2_250], trials[:2_250], clicks[:2_250])
    assert found.factor == pytest.approx(2.0, abs=0.2)
    assert found.rejected_naive > 0.15
    _, p = dispersion.compare_groups(groups[2_250:], trials[2_250:], clicks[2_250:], found.factor)
    assert 0.02 < (p < 0.05).mean() < 0.1  # the naive test rejects over 15%


def test_dispersion_needs_enough_aa_tests_and_possible_counts() -> None:
    with pytest.raises(InputError, match="1 degrees of freedom"):
        dispersion.estimate([1, 1], [100, 100], [5, 6])
    with pytest.raises(InputError, match="between 0 and their trials"):
        dispersion.estimate([1, 1], [100, 100], [5, 101])
