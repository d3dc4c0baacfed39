"""Thresholds that keep a promise, and what is said when they cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frontrow.errors import InputError
from frontrow.quality import conformal
from frontrow.quality.conformal import Costs, Labelled, Promise


def fit(risk, bad, promise=None, costs=None, weight=None):
    weight = np.ones(len(risk)) if weight is None else weight
    labelled = Labelled(np.asarray(risk, float), np.asarray(bad, bool), np.asarray(weight, float))
    return conformal.fit(labelled, promise, costs)


def test_45_bad_files_are_the_fewest_that_promise_5_percent_at_90_percent_confidence():
    assert conformal.fewest(0.05, 0.1) == 45
    assert conformal.rank(44, 0.05, 0.1) == 0
    assert conformal.rank(45, 0.05, 0.1) == 1


@given(st.integers(1, 400), st.floats(0.01, 0.4), st.floats(0.01, 0.3))
def test_the_rank_is_the_largest_whose_exact_upper_bound_stays_below_alpha(n, alpha, delta):
    k = conformal.rank(n, alpha, delta)
    if k:
        assert conformal.upper_bound(k - 1, n, delta) <= alpha + 1e-9
    if k < n:
        assert conformal.upper_bound(k, n, delta) > alpha - 1e-9


@given(st.integers(1, 200), st.integers(1, 100), st.floats(0.02, 0.3), st.floats(0.02, 0.3))
def test_a_promise_about_the_next_files_is_kept_by_the_beta_binomial_law(n, files, alpha, delta):
    k = conformal.rank(n, alpha, delta, files)
    allowed = int(alpha * files + 1e-9)
    if k:
        assert stats.betabinom.sf(allowed, files, k, n + 1 - k) <= delta + 1e-9
    if k < n:
        assert stats.betabinom.sf(allowed, files, k + 1, n - k) > delta - 1e-9


@pytest.mark.parametrize("files", [None, 60])
def test_in_600_worlds_the_promise_breaks_no_more_often_than_delta_and_almost_as_often(files):
    rng = np.random.default_rng(7)
    promise = Promise(alpha=0.1, delta=0.1, files=files)
    broken = 0
    for _ in range(600):
        risk, bad = rng.normal(1, 1, 150), np.ones(150, bool)
        threshold = fit(risk, bad, promise).approve_below
        if files is None:
            broken += stats.norm.cdf(threshold, 1, 1) > 0.1
        else:
            broken += (rng.normal(1, 1, files) < threshold).sum() > 0.1 * files
    chance = 3 * np.sqrt(0.1 * 0.9 / 600)
    assert 0.04 < broken / 600 < 0.1 + chance


def test_the_quantile_without_a_promise_breaks_it_in_nearly_half_of_the_worlds():
    rng = np.random.default_rng(8)
    broken = [stats.norm.cdf(np.quantile(rng.normal(size=150), 0.1)) > 0.1 for _ in range(1_000)]
    assert np.mean(broken) > 0.4


def test_tied_risks_are_not_approved_by_the_threshold_that_they_set():
    risk = np.r_[np.zeros(60), np.full(100, 0.5)]
    bad = np.r_[np.ones(60, bool), np.zeros(100, bool)]
    thresholds = fit(risk, bad)
    assert not (risk[bad] < thresholds.approve_below).any()


def test_costs_only_ever_narrow_what_is_decided_without_a_look():
    rng = np.random.default_rng(9)
    bad = rng.random(600) < 0.4
    risk = np.clip(0.5 * bad + 0.5 * rng.random(600), 0, 1)
    free = fit(risk, bad)
    for costs in (Costs(), Costs(wrong_approve=1000), Costs(look=9), Costs(wrong_reject=200)):
        bound = fit(risk, bad, costs=costs)
        assert bound.approve_below <= free.approve_below
        assert bound.reject_above >= free.reject_above


def test_a_look_that_costs_more_than_either_mistake_is_never_worth_it():
    assert conformal.cheapest(Costs(wrong_approve=4, wrong_reject=1, look=10)) == (0.2, 0.2)


def test_a_perfect_judge_leaves_nothing_to_people():
    risk = np.r_[np.linspace(0, 0.1, 200), np.linspace(0.9, 1, 200)]
    bad = np.arange(400) >= 200
    thresholds = fit(risk, bad)
    decided = [thresholds.decide(x) for x in (0.05, 0.95)]
    assert decided == ["approve", "reject"]
    assert thresholds.approve_below <= thresholds.reject_above


def test_without_labels_everything_goes_to_a_person_and_the_words_say_how_many_are_missing():
    thresholds = fit([0.1, 0.9], [False, True])
    assert {thresholds.decide(x) for x in (0.0, 0.5, 1.0)} == {"review"}
    assert "1 bad files are labelled, 45 are needed" in thresholds.in_words(Promise())


def test_a_risk_that_is_no_number_goes_to_a_person_and_may_not_calibrate():
    rng = np.random.default_rng(1)
    thresholds = fit(rng.random(400), rng.random(400) < 0.5)
    assert thresholds.decide(float("nan")) == "review"
    with pytest.raises(InputError, match="labelled file 1: the risk nan"):
        fit([0.1, float("nan")], [True, False])
    with pytest.raises(InputError, match="alpha"):
        conformal.rank(10, 0.0, 0.1)


def test_approvals_that_nobody_looked_at_count_by_the_audits_that_stand_for_them():
    """People see every file above the old threshold and one in 20 below it: unweighted, most of the bad ones that were
    approved are missing from the labels, and the promise breaks."""
    rng = np.random.default_rng(5)
    promise = Promise(alpha=0.1, delta=0.1)
    broken = {"weighted": 0, "as seen": 0}
    for _ in range(300):
        risk = rng.normal(size=1_500)  # all of them bad
        old = risk < -0.8
        seen = ~old | (rng.random(1_500) < 0.05)
        weight = np.where(old, 20.0, 1.0)[seen]
        bad = np.ones(seen.sum(), bool)
        for name, weights in (("weighted", weight), ("as seen", None)):
            threshold = fit(risk[seen], bad, promise, weight=weights).approve_below
            broken[name] += stats.norm.cdf(threshold) > 0.1
    assert broken["weighted"] <= 0.1 * 300 + 3 * np.sqrt(300 * 0.1 * 0.9)
    assert broken["as seen"] > 290


@given(st.integers(1, 120), st.floats(0.1, 50))
def test_equal_weights_of_any_size_are_no_weights(n, size):
    risk = np.linspace(0, 1, n)
    bad = np.arange(n) % 2 == 0
    weighted, plain = (fit(risk, bad, Promise(alpha=0.2), weight=x) for x in (np.full(n, size), None))
    assert (weighted.approve_below, weighted.reject_above) == (plain.approve_below, plain.reject_above)
    assert weighted.approved_bad_bound == pytest.approx(plain.approved_bad_bound)
