"""The intervals hold at every look, and the exact test is exact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frontrow.experiments import intervals


def test_the_interval_is_tightest_at_the_planned_sample() -> None:
    n = np.linspace(500, 3_000, 251)
    width = intervals.critical_z(intervals.information_ratio(n, 1_000, 0.05), 0.05) / np.sqrt(n)
    at = {
        planned: intervals.critical_z(intervals.information_ratio(1_000, planned, 0.05), 0.05)
        for planned in (500, 1_000, 2_000)
    }
    assert min(at, key=lambda planned: float(at[planned])) == 1_000
    assert (np.diff(width) < 0).all()


@given(st.floats(-8, 8), st.floats(0.01, 100))
def test_p_is_at_most_alpha_exactly_where_the_interval_excludes_0(z: float, ratio: float) -> None:
    outside = abs(z) > float(intervals.critical_z(ratio, 0.05))
    p = float(intervals.p_value(z, ratio))
    assert outside == (p < 0.05) or abs(p - 0.05) < 1e-9


@given(st.floats(0.05, 50), st.floats(0.01, 0.2))
def test_the_one_sided_bound_agrees_with_its_p(ratio: float, alpha: float) -> None:
    z = intervals.critical_z_one_sided(ratio, alpha)
    assert intervals.p_value_one_sided(z, ratio) == pytest.approx(alpha, rel=1e-6)
    assert z < float(intervals.critical_z(ratio, alpha))


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_event_allocation_e_value_has_mean_one_under_the_null_at_every_number_of_events(share: float) -> None:
    for events in (1, 5, 40):
        x = np.arange(events + 1)
        mean = (stats.binom.pmf(x, events, share) * intervals.allocation_e_value(x, events - x, share)).sum()
        assert mean == pytest.approx(1.0)


def test_the_event_allocation_e_value_is_a_martingale() -> None:
    for x, y in itertools.product(range(6), range(6)):
        now = intervals.allocation_e_value(x, y, 0.3)
        later = 0.3 * intervals.allocation_e_value(x + 1, y, 0.3) + 0.7 * intervals.allocation_e_value(x, y + 1, 0.3)
        assert float(later) == pytest.approx(float(now))


def judge(effect: float, nonzero: tuple[int, int], share: float | None) -> dict[str, object]:
    return intervals.judge(effect, 1e-6, 10_000, nonzero, n_planned=10_000, alpha=0.05, binary_share=share)


def test_a_mean_metric_has_no_verdict_before_100_nonzero_outcomes_in_the_smaller_arm() -> None:
    early, ready = judge(0.5, (5_000, 99), None), judge(0.5, (5_000, 100), None)
    assert not early["decided"]
    assert early["high"] == np.inf
    assert ready["decided"]


def test_before_the_guard_only_the_exact_test_may_stop_a_binary_metric() -> None:
    assert not judge(0.5, (60, 60), 0.5)["decided"]  # the normal formula would see a huge z
    assert judge(0.01, (20, 90), 0.5)["decided"]  # the split of the events alone decides


def test_an_arm_without_a_single_conversion_is_no_proof() -> None:
    # 10 conversions in 900 units of control and none in 100 of treatment: the Welch variance of the treatment is 0.
    found = intervals.judge(-10 / 900, 10 / 900 / 900, 1_000, (10, 0), n_planned=10_000, alpha=0.05, binary_share=0.1)
    assert not found["decided"]
    assert float(found["p"]) == 1.0


@pytest.mark.parametrize(("rate", "share"), [(0.05, 0.5), (0.005, 0.1)])
def test_under_peeking_few_aa_runs_get_a_verdict(rate: float, share: float) -> None:
    rng = np.random.default_rng(41)
    runs, looks, step = 600, 100, round(1_000 / (rate * share) / 100)
    treated = rng.binomial(step, share, (runs, looks))
    counts = [rng.binomial(size, rate).cumsum(1) for size in (step - treated, treated)]
    n = [size.cumsum(1) for size in (step - treated, treated)]
    rates = [c / s for c, s in zip(counts, n, strict=True)]
    variance = sum(p * (1 - p) / (s - 1) for p, s in zip(rates, n, strict=True))
    found = intervals.judge(
        rates[1] - rates[0], variance, n[0] + n[1], (counts[0], counts[1]), n_planned=step * looks, alpha=0.05,
        binary_share=share,
    )  # fmt: skip
    assert found["decided"].any(1).mean() <= 0.05
    truth_inside = (found["low"] <= 0) & (found["high"] >= 0)
    assert truth_inside.all(1).mean() >= 0.95
