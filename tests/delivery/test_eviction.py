"""Eviction policies on tiny logs whose answers are known, and what no policy may ever do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.delivery import eviction
from frontrow.delivery.reactive import Disk
from frontrow.errors import InputError

UNIT = np.ones(10, np.int64)


def own(objects, sizes, capacity):
    return Disk(sizes, capacity).serve(objects)


POLICIES = {**eviction.ONLINE, "belady": eviction.belady, "frontrow": own}


def reference_lru(objects, sizes, capacity):
    held, hits = [], []
    for item in objects:
        hits.append(item in held)
        if item in held:
            held.remove(item)
        if sizes[item] > capacity:
            continue
        held.append(item)
        while sum(sizes[i] for i in held) > capacity:
            held.pop(0)
    return np.array(hits)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=80),
    st.lists(st.integers(1, 5), min_size=10, max_size=10),
    st.integers(0, 15),
)
@settings(max_examples=80, deadline=None)
def test_lru_is_what_a_plain_list_does(objects, sizes, capacity):
    objects, sizes = np.array(objects), np.array(sizes)
    assert (eviction.lru(objects, sizes, capacity) == reference_lru(objects, sizes, capacity)).all()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=80), st.integers(1, 10))
@settings(max_examples=80, deadline=None)
def test_with_files_of_one_size_nobody_beats_belady(objects, capacity):
    objects = np.array(objects)
    best = eviction.belady(objects, UNIT, capacity).sum()
    assert all(policy(objects, UNIT, capacity).sum() <= best for policy in POLICIES.values())


@pytest.mark.parametrize("name", POLICIES)
def test_the_first_request_of_a_file_is_never_a_hit(name):
    objects = np.random.default_rng(0).integers(0, 50, 2000)
    hits = POLICIES[name](objects, np.ones(50, np.int64), 20)
    assert not hits[np.unique(objects, return_index=True)[1]].any() and hits.any()


@pytest.mark.parametrize("name", POLICIES)
def test_a_cache_that_holds_everything_misses_each_file_once(name):
    objects = np.random.default_rng(0).integers(0, 10, 300)
    assert (~POLICIES[name](objects, UNIT, 10)).sum() == len(np.unique(objects))


@pytest.mark.parametrize("name", POLICIES)
def test_a_cache_smaller_than_its_smallest_file_serves_nothing(name):
    assert not POLICIES[name](np.zeros(5, np.int64), np.array([7]), 6).any()


def test_sieve_keeps_what_was_asked_for_again_while_a_scan_passes():
    objects = np.array([0, 0, 1, 2, 3, 4, 0])
    assert eviction.sieve(objects, UNIT, 3)[-1]
    assert not eviction.lru(objects, UNIT, 3)[-1]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=120), st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_a_disk_never_holds_more_than_it_can(objects, capacity):
    sizes = np.arange(1, 11)
    disk = Disk(sizes, capacity)
    for item in objects:
        disk.serve(np.array([item]))
        assert disk.used == sizes[disk.cached].sum() <= capacity


def test_pinned_files_stay_until_the_next_seed_whatever_is_asked_for():
    disk = Disk(UNIT, 3)
    flat = np.ones(10)
    disk.seed(np.array([5.0, 4, 3, 2, 1, 1, 1, 1, 1, 1]) / 20, flat, 10)
    assert disk.push(np.array([0, 1, 2]), 3) == 3
    disk.pin(np.array([0, 1]))
    disk.serve(np.repeat(np.arange(3, 10), 20))
    assert disk.cached[[0, 1]].all() and disk.used == 3


def test_a_push_stops_at_the_fill_of_the_night_and_brings_nothing_twice():
    disk = Disk(UNIT, 5)
    disk.seed(np.full(10, 0.1), np.ones(10), 10)
    assert disk.push(np.arange(5), 2) == 2
    assert disk.push(np.arange(5), 2) == 2
    assert disk.cached.sum() == 4


def test_a_file_seldom_asked_for_is_kept_for_its_title():
    sizes = np.ones(6, np.int64)
    title = np.array([0, 0, 1, 2, 3, 4])
    asked = np.array([1, *[0] * 30, 2, 3, 4, 5, 1])
    alone, together = Disk(sizes, 2, residence_share=5.0), Disk(sizes, 2, group=title, residence_share=5.0)
    assert not alone.serve(asked)[-1]
    assert together.serve(asked)[-1]


def test_a_lost_disk_starts_empty():
    disk = Disk(UNIT, 5)
    disk.serve(np.arange(5))
    disk.clear()
    assert disk.used == 0 and not disk.serve(np.array([4]))[0]


def test_a_negative_size_is_refused_with_its_value():
    with pytest.raises(InputError, match="-3"):
        Disk(np.array([1, -3]), 5)
