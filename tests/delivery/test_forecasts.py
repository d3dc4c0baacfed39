"""Forecasts: exact where the world is regular, honest where it is not, and never silent about a repair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from frontrow.delivery import autoregression, chart, conformal, forecast, hierarchy, launches, members, series
from frontrow.delivery.demand import DemandConfig, fit
from frontrow.errors import InputError


def hours(count: int, noise: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    at = np.arange(count)
    day = 100 + 40 * np.sin(at % 24 / 24 * 2 * np.pi) + 20 * (at // 24 % 7 >= 5)
    return day * np.exp(noise * rng.normal(size=count))


def test_a_series_that_repeats_every_week_is_forecast_exactly():
    found = forecast.forecast([hours(24 * 7 * 6, 0.0)], 48)
    assert np.abs(found.mean[0] - hours(24 * 7 * 6 + 48, 0.0)[-48:]).max() < 0.5


def test_p10_to_p90_holds_four_values_of_five():
    world = [hours(900, 0.1, seed) for seed in range(60)]
    found = forecast.forecast([row[:-48] for row in world], 48)
    truth = np.stack([row[-48:] for row in world])
    inside = (truth >= found.quantiles[:, :, 1]) & (truth <= found.quantiles[:, :, 3])
    wide = (truth >= found.quantiles[:, :, 0]) & (truth <= found.quantiles[:, :, 4])
    assert 0.76 <= inside.mean() <= 0.84
    assert 0.92 <= wide.mean() <= 0.98


def test_the_combination_beats_the_seasonal_naive_forecast():
    world = [hours(900, 0.1, seed) for seed in range(20)]
    found = forecast.forecast([row[:-48] for row in world], 48)
    truth = np.stack([row[-48:] for row in world])
    naive = np.stack([np.tile(row[-72:-48], 2) for row in world])
    assert np.abs(found.mean - truth).mean() < 0.8 * np.abs(naive - truth).mean()


def test_quantiles_are_in_order_and_not_below_zero():
    rng = np.random.default_rng(0)
    found = forecast.forecast([rng.poisson(0.3, 600).astype(float) for _ in range(5)], 24)
    assert (np.diff(found.quantiles, axis=2) >= 0).all() and found.quantiles.min() >= 0


def test_a_region_without_history_gets_zero_and_a_short_one_its_last_value_and_both_are_named():
    found = forecast.forecast([np.zeros(0), np.array([3.0, 5.0])], 4)
    assert found.mean.tolist() == [[0] * 4, [5] * 4]
    assert "no history" in found.fallbacks[0] and "last value" in found.fallbacks[1]


def test_a_known_holiday_moves_the_forecast():
    rng = np.random.default_rng(0)
    holiday = (np.arange(800 + 24) // 24 % 9 == 4).astype(float)
    values = hours(800, 0.02) + 50 * holiday[:800] + rng.normal(0, 1, 800)
    free = np.concatenate([holiday[:800], np.zeros(24)])
    with_one = np.concatenate([holiday[:800], np.ones(24)])
    forecasts = [
        autoregression.forecast(values[None], 24, [1, 24, 168], ridge=1e-4, calendar=known[None])
        for known in (free, with_one)
    ]
    assert (forecasts[1] - forecasts[0]).mean() > 25


def test_scales_judge_a_window_by_the_others():
    errors = np.ones((3, 4, 10))
    errors[:, 0] = 9.0
    assert np.quantile(conformal.offsets(errors, (0.5,)), 0.5) > 0


def test_gaps_and_hours_given_twice_are_mended_and_named():
    at = np.delete(np.r_[np.arange(60), 7], [30, 31])
    made = series.regular("a", at * 3600, np.r_[np.arange(60.0), 9.0][np.delete(np.arange(61), [30, 31])], 3600, 24)
    assert len(made.values) == 60 and made.values[7] == 8 and made.values[30] == made.values[6]
    assert "twice" in made.repairs[0] and "2 missing" in made.repairs[1]


@pytest.mark.parametrize(
    "at, values, words",
    [
        ([0, 1, 2], [1, -4, 1], "-4 at 1"),
        ([0, 2, 3, 4, 6], [1] * 5, "between two steps"),
        ([0, 1, 90], [1] * 3, "too little"),
    ],
)
def test_what_cannot_be_mended_is_refused_with_its_place(at, values, words):
    step = 2 if "between" in words else 1
    with pytest.raises(InputError, match=words):
        series.regular("a", np.array(at), np.array(values, float), step, 24)


TREE = hierarchy.Tree(np.array([-1, 0, 0, 1, 1, 2, 2]))


def dense(tree, mean, variance):
    """Weighted least squares on the summing matrix, as the paper writes it."""
    leaves = [i for i in range(len(tree.parent)) if i not in tree.parent]
    S = np.zeros((len(tree.parent), len(leaves)))
    for column, leaf in enumerate(leaves):
        node = leaf
        while node >= 0:
            S[node, column] = 1
            node = tree.parent[node]
    W = np.diag(1 / variance)
    return S @ np.linalg.solve(S.T @ W @ S, S.T @ W @ mean)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_reconciling_by_the_tree_is_the_least_squares_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    mean, variance = rng.normal(0, 5, (7, 1)), rng.uniform(0.1, 4, (7, 1))
    expected = dense(TREE, mean[:, 0], variance[:, 0])
    assume((mean < 0).any() or (expected >= 0).all())  # what was not negative is kept so: the next test's claim
    assert np.allclose(hierarchy.reconcile(TREE, mean, variance)[:, 0], expected, atol=1e-8)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_every_sum_holds_and_nothing_falls_below_zero(seed):
    rng = np.random.default_rng(seed)
    found = hierarchy.reconcile(TREE, rng.exponential(1, (7, 3)), rng.uniform(0.1, 9, (7, 3)))
    for node in (0, 1, 2):
        assert np.allclose(found[node], found[TREE.parent == node].sum(0))
    assert found.min() >= 0


def test_a_child_before_its_parent_is_refused():
    with pytest.raises(InputError, match="before its parent"):
        hierarchy.Tree(np.array([1, -1]))


def test_the_peak_is_the_busiest_hour_in_bits_a_second():
    bps, hour = hierarchy.peak_bandwidth_bps(np.array([[0.0, 3600.0, 10.0]]))
    assert bps.tolist() == [8.0] and hour.tolist() == [1]


def test_a_launch_is_like_those_with_its_people():
    crime = launches.Content(frozenset({"crime"}), frozenset({"A", "B"}), "en")
    other = launches.Content(frozenset({"comedy"}), frozenset({"C"}), "de")
    daily = [np.array([1000.0, 800, 600])] * 6 + [np.array([10.0, 9, 8])] * 6
    found = launches.forecast(crime, [crime] * 6 + [other] * 6, daily, 5)
    unlike = launches.forecast(launches.Content(), [crime] * 6 + [other] * 6, daily, 5)
    assert 300 < found.day_one <= 1000 and set(found.alike) <= set(range(6))
    assert unlike.day_one == pytest.approx(100, rel=0.01) and unlike.log_sd > found.log_sd
    assert (np.diff(found.by_day) < 0).all() and found.by_day[0] == pytest.approx(found.day_one)
    assert (np.diff(found.quantiles) > 0).all()


def test_a_launch_without_a_guess_takes_it_from_like_launches_before_it_and_from_no_later_day():
    counts = np.full((6, 5), 100.0)
    counts[:2, 1], counts[:3, 2], counts[:4, 3] = 0, 0, 0
    counts[2:, 1], counts[3:, 2] = 400, 5
    crime, comedy = launches.Content(people=frozenset({"A"})), launches.Content(people=frozenset({"C"}))
    content = [launches.Content(), crime, comedy, crime, launches.Content()]
    day = np.array([-9, 2, 3, 4, -9])
    found = launches.guess_shares(counts, day, np.full(5, np.nan), content)
    assert np.isnan(found[[0, 1, 4]]).all() and 0.1 < found[3] < 0.6
    counts[4:] = 1.0
    assert launches.guess_shares(counts, day, np.full(5, np.nan), content)[3] == found[3]


def test_the_first_launch_of_all_asks_for_a_guess():
    with pytest.raises(InputError, match="expected_daily_share"):
        launches.forecast(launches.Content(), [], [], 5)


def test_members_that_grow_evenly_go_on_but_not_as_fast():
    values = np.arange(100.0, 200, 5)[None]
    found = members.forecast(values, 4)[0]
    assert 195 < found[0] <= 200.5 and (np.diff(found) > 0).all() and found[-1] < 215
    bands = members.quantiles(values, 4)[0]
    assert (np.diff(bands, axis=1) > 0).all()


def test_a_region_without_members_is_refused():
    with pytest.raises(InputError, match="above 0"):
        members.forecast(np.array([[0.0, 1.0]]), 1)


def test_the_demand_model_finds_the_popular_titles_and_follows_a_rise():
    rng = np.random.default_rng(0)
    share = np.tile(np.r_[8.0, 4, 2, 1, np.full(46, 0.2)], (20, 1))
    share[10:, 3] = 12.0
    share /= share.sum(1, keepdims=True)
    counts = np.stack([rng.multinomial(2000, row) for row in share]).astype(float)
    found, sd = fit(counts).forecast(20)
    assert found.sum() == pytest.approx(1) and found.argmax() == 3
    assert found[:3] == pytest.approx(share[-1, :3], rel=0.25)
    assert sd[3] < sd[40]


def test_a_guessed_launch_has_its_guess_on_day_one_and_nothing_before():
    counts = np.full((5, 20), 50.0)
    counts[:, -1] = 0
    launch, guess = np.r_[np.full(19, -999), 5], np.r_[np.full(19, np.nan), 0.3]
    state = fit(counts, launch_day=launch, guess=guess)
    assert state.forecast(4 + 1)[0][-1] == pytest.approx(0.3, rel=0.25)
    assert state.forecast(4)[0][-1] == 0


def test_weekends_count_from_the_first_weekday_of_the_log():
    rng = np.random.default_rng(0)
    counts = rng.poisson(100, (28, 10)).astype(float)
    counts[:, 0] = np.where((np.arange(28) + 4) % 7 >= 5, 300, 100)  # the log begins on a Friday
    state = fit(counts, config=DemandConfig(), first_weekday=4)
    assert state.forecast(29)[0][0] > 1.3 * state.forecast(32)[0][0]


def test_a_day_in_progress_moves_the_forecast_and_not_the_state():
    rng = np.random.default_rng(0)
    state = fit(rng.poisson(100, (14, 10)).astype(float))
    before, mean = state.forecast(14)[0], state.mean.copy()
    today = np.full(10, 50.0)
    today[3] = 400
    found = state.so_far(today)
    assert found.sum() == pytest.approx(1) and found[3] > 2 * before[3]
    assert state.day == 14 and (state.mean == mean).all()
    assert state.so_far(np.zeros(10)) == pytest.approx(before)


def test_a_chart_is_forecast_with_what_drops_out():
    rng = np.random.default_rng(0)
    rows = []
    for week in range(60):
        ages = range(min(week, 6) + 1)
        views = {week - age: 1e6 * 0.7**age * np.exp(rng.normal(0, 0.2)) for age in ages}
        first = sorted(views, key=lambda born: -views[born])[:5]
        rows += [(week, born, rank + 1, views[born], week - born + 1) for rank, born in enumerate(first)]
    week, title, rank, views, age = (np.array(column) for column in zip(*rows, strict=True))
    found = chart.forecast(chart.Weeks(week, title, np.zeros(len(week), np.int64), rank, views, age))
    assert (week[found.rows] == 59).all() and (np.diff(found.quantiles, axis=1) > 0).all()
    assert found.drops_out[-1] > found.drops_out[0]
    assert found.quantiles[0, 2] == pytest.approx(0.7 * views[found.rows[0]], rel=0.3)


def test_counts_below_zero_are_refused():
    with pytest.raises(InputError, match="counts"):
        fit(np.array([[1.0, -1.0]]))
