"""Fill plans: feasible whatever the limits, below their bound, and checked against every plan of tiny worlds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.delivery import coupled, lagrangian, verify
from frontrow.delivery.network import Cache, Offer
from frontrow.errors import InputError


def world(seed: int, files: int = 9) -> tuple[Cache, Offer]:
    rng = np.random.default_rng(seed)
    offer = Offer(rng.integers(1, 10, files), rng.integers(0, 20, files).astype(float), rng.random(files) < 0.3)
    egress = float(rng.choice([np.inf, 20.0]))
    return Cache("a", int(rng.integers(0, 30)), int(rng.integers(0, 15)), egress, float(rng.choice([0, 0.5]))), offer


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_plan_is_feasible_and_the_bound_is_above_every_feasible_plan(seed):
    cache, offer = world(seed)
    plan = lagrangian.place(cache, offer)
    assert verify.faults(cache, offer, plan.keep, value=plan.value, bound=plan.bound) == []
    every = (np.array(mask, bool) for mask in product([0, 1], repeat=len(offer.size)))
    best = max(lagrangian.value_of(cache, offer, keep) for keep in every if not verify.faults(cache, offer, keep))
    assert plan.value <= best + 1e-9 <= plan.bound + 1e-6


def large(files: int = 20_000) -> tuple[Cache, Offer]:
    rng = np.random.default_rng(0)
    size = np.maximum(1, np.exp(rng.normal(0, 1, files)) * 1e6).astype(np.int64)
    disk = int(0.1 * size.sum())
    order = rng.permutation(files)
    present = np.zeros(files, bool)
    present[order[np.cumsum(size[order]) <= 0.9 * disk]] = True
    cache = Cache("a", disk, int(0.02 * size.sum()), fill_cost=0.1)
    return cache, Offer(size, np.exp(rng.normal(0, 1, files)) * size, present)


def test_twenty_thousand_files_are_placed_within_a_thousandth_of_the_bound():
    cache, offer = large()
    assert lagrangian.place(cache, offer).gap < 1e-3


def test_the_price_of_disk_is_what_more_disk_brings():
    cache, offer = large()
    plan = lagrangian.place(cache, offer)
    more = lagrangian.place(replace(cache, disk_bytes=int(cache.disk_bytes * 1.01)), offer)
    assert more.bound - plan.bound == pytest.approx(plan.prices.disk * 0.01 * cache.disk_bytes, rel=0.05)


def test_the_price_of_fill_is_what_more_fill_brings():
    cache, offer = large()
    plan = lagrangian.place(cache, offer)
    more = lagrangian.place(replace(cache, fill_bytes=int(cache.fill_bytes * 1.01)), offer)
    assert more.bound - plan.bound == pytest.approx(plan.prices.fill * 0.01 * cache.fill_bytes, rel=0.05)


def test_a_window_of_zero_only_chooses_what_stays():
    cache, offer = large()
    plan = lagrangian.place(replace(cache, fill_bytes=0), offer)
    assert plan.keep.any() and not plan.filled.any()


def test_churn_limits_what_is_replaced():
    cache, offer = large()
    plan = lagrangian.place(replace(cache, churn=0.01), offer)
    assert 0 < offer.size[plan.filled].sum() <= 0.01 * cache.disk_bytes


def test_a_file_that_is_not_worth_its_cost_is_not_brought():
    offer = Offer(np.array([10, 10]), np.array([100.0, 4.0]), np.zeros(2, bool))
    assert lagrangian.place(Cache("a", 20, 20, fill_cost=0.5), offer).keep.tolist() == [True, False]


def test_a_disk_smaller_than_every_file_stays_empty():
    offer = Offer(np.array([10]), np.array([100.0]), np.zeros(1, bool))
    assert not lagrangian.place(Cache("a", 9, 20), offer).keep.any()


def test_a_required_file_comes_first_and_one_without_room_is_named():
    offer = Offer(np.array([5, 5, 50]), np.array([9.0, 0.0, 1.0]), np.zeros(3, bool), np.array([False, True, True]))
    plan = lagrangian.place(Cache("a", 5, 5), offer)
    assert plan.keep.tolist() == [False, True, False] and plan.left_out.tolist() == [2]


@pytest.mark.parametrize("keep, words", [([True, True], "bytes on a disk"), ([False, True], "to fill in a window")])
def test_the_verifier_finds_what_breaks_a_limit(keep, words):
    cache, offer = Cache("a", 15, 5), Offer(np.array([10, 10]), np.array([1.0, 1.0]), np.array([True, False]))
    assert words in " ".join(verify.faults(cache, offer, np.array(keep)))


def test_the_verifier_finds_a_value_that_is_not_true():
    cache, offer = Cache("a", 15, 5), Offer(np.array([10]), np.array([1.0]), np.array([True]))
    assert "worth" in verify.faults(cache, offer, np.array([True]), value=2.0)[0]


def group(seed: int, files: int = 4, egress: bool = False) -> coupled.Group:
    rng = np.random.default_rng(seed)
    caches = tuple(Cache(f"c{i}", int(rng.integers(3, 12)), int(rng.integers(3, 12)), fill_cost=0.1) for i in range(2))
    demand, present = rng.integers(0, 20, (2, files)).astype(float), rng.random((2, files)) < 0.3
    if egress:
        caches = tuple(replace(cache, egress_bytes=float(rng.integers(0, 40))) for cache in caches)
    return coupled.Group(
        caches, np.array([[1.0, 0.6], [0.6, 1.0]]), rng.integers(1, 6, files), demand, present,
        np.zeros(files, np.int64),
    )  # fmt: skip


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_coupled_plan_fits_every_cache_and_its_bound_is_above_every_plan(seed, egress):
    one = group(seed, egress=egress)
    plan = coupled.place(one)
    best = -np.inf
    for mask in product([0, 1], repeat=8):
        keep = np.array(mask, bool).reshape(2, 4)
        served, value = coupled.serve(one, keep)
        if value > best and not verify.group_faults(one, keep, served):
            best = value
    assert not verify.group_faults(one, plan.keep, plan.served, value=plan.value, bound=plan.bound)
    assert plan.value <= best + 1e-6 <= plan.bound + 1e-5


def test_a_neighbour_steps_in_where_a_cache_may_serve_no_more():
    one = coupled.Group(
        (Cache("a", 9, 9, egress_bytes=4.0), Cache("b", 9, 9)), np.array([[1, 0.5], [0.5, 1]]), np.array([3]),
        np.array([[10.0], [2.0]]), np.zeros((2, 1), bool), np.zeros(1, np.int64),
    )  # fmt: skip
    plan = coupled.place(one)
    assert plan.served == pytest.approx(np.array([[4.0, 6.0], [0.0, 2.0]])) and plan.value == pytest.approx(9.0)
    assert plan.gap < 1e-6 and plan.prices[0].egress == pytest.approx(0.5, abs=0.01)


def test_the_verifier_finds_a_cache_that_serves_what_nobody_holds():
    one = group(0)
    nothing = np.zeros((2, 4), bool)
    assert "lie on caches" in verify.group_faults(one, nothing, np.eye(2))[0]


def test_neighbours_do_not_both_hold_what_one_can_lend():
    ones = np.ones(2, np.int64)
    one = coupled.Group(
        (Cache("a", 1, 1), Cache("b", 1, 1)), np.array([[1, 0.9], [0.9, 1]]), ones, np.array([[10.0, 8], [10, 8]]),
        np.zeros((2, 2), bool), np.zeros(2, np.int64),
    )  # fmt: skip
    assert coupled.place(one).keep.sum(0).tolist() == [1, 1]


def test_two_copies_outlive_the_loss_of_a_cache():
    ones = np.ones(2, np.int64)
    one = coupled.Group(
        (Cache("a", 1, 1), Cache("b", 1, 1)), np.array([[1, 0.9], [0.9, 1]]), ones, np.array([[10.0, 8], [10, 8]]),
        np.zeros((2, 2), bool), np.array([0, 2]),
    )  # fmt: skip
    plan = coupled.place(one)
    assert plan.keep[:, 1].all() and not len(plan.short)


def test_copies_without_room_are_named():
    one = coupled.Group(
        (Cache("a", 0, 1), Cache("b", 1, 1)), np.eye(2), np.ones(1, np.int64), np.ones((2, 1)),
        np.zeros((2, 1), bool), np.array([2]),
    )  # fmt: skip
    assert coupled.place(one).short.tolist() == [0]


@pytest.mark.parametrize("field", ["disk_bytes", "fill_bytes", "fill_cost"])
def test_a_negative_limit_is_refused_by_name(field):
    with pytest.raises(InputError, match=field):
        Cache("a", **{"disk_bytes": 1, "fill_bytes": 1, field: -1})
