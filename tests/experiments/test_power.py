"""Plans agree with theory and with simulation."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower

from frontrow.errors import InputError
from frontrow.experiments import intervals
from frontrow.experiments.power import crossing, plan


def test_the_fixed_sample_is_the_textbook_one() -> None:
    expected = 2 * NormalIndPower().solve_power(effect_size=0.1, power=0.8, alpha=0.05)
    assert plan(sd=2.0, effect=0.2).fixed_units == pytest.approx(expected, rel=0.001)


def test_monitoring_costs_units_at_most_and_saves_them_on_average() -> None:
    found = plan(baseline=0.05, effect=0.005)
    assert found.fixed_units < found.planned_units < 2 * found.fixed_units
    assert found.expected_units < 1.25 * found.fixed_units
    assert found.power == pytest.approx(0.8, abs=0.001)


def test_the_recursion_agrees_with_a_simulated_random_walk() -> None:
    drift, horizon, looks = 2.8, 2.0, 50
    rng = np.random.default_rng(3)
    walk = rng.normal(drift * horizon / looks, np.sqrt(horizon / looks), (20_000, looks)).cumsum(1)
    times = horizon / looks * np.arange(1, looks + 1)
    bound = intervals.critical_z(intervals.information_ratio(times, 1.65, 0.05), 0.05) * np.sqrt(times)
    out = np.abs(walk) > bound
    stop = np.where(out.any(1), times[out.argmax(1)], horizon)
    power, mean = crossing(drift=drift, horizon=horizon, planned=1.65, alpha=0.05, looks=looks)
    assert power == pytest.approx(out.any(1).mean(), abs=0.01)
    assert mean == pytest.approx(stop.mean(), abs=0.015)


def test_without_an_effect_a_verdict_is_rare() -> None:
    assert crossing(drift=0.0, horizon=1.0, planned=1.0, alpha=0.05)[0] < 0.05


def test_a_covariate_of_correlation_7_halves_the_sample_and_dispersion_multiplies_it() -> None:
    base = plan(sd=1.0, effect=0.1).fixed_units
    assert plan(sd=1.0, effect=0.1, correlation=0.7).fixed_units == pytest.approx(0.51 * base, rel=0.001)
    assert plan(sd=1.0, effect=0.1, dispersion=1.8).fixed_units == pytest.approx(1.8 * base, rel=0.001)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effect": 0.1}, "either a baseline rate"),
        ({"effect": 0.1, "sd": 1.0, "baseline": 0.2}, "not both"),
        ({"effect": 0.0, "sd": 1.0}, "effect is 0.0"),
        ({"effect": 0.1, "sd": 0.0}, "sd is 0.0"),
        ({"effect": 0.1, "baseline": 0.95}, "baseline \\+ effect"),
        ({"effect": 0.1, "sd": 1.0, "share": 1.0}, "share is 1.0"),
        ({"effect": 0.1, "sd": 1.0, "power": 0.01}, "power is 0.01"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan(**options)
