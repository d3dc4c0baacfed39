"""Pure order: readers, the subset DP against brute force, annealing against the DP, bounds below both."""

from itertools import count, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.errors import InputError
from frontrow.production import blocks
from frontrow.production.annealing import Annealing, anneal, polish
from frontrow.production.bounds import group_bound, linear_order_bound
from frontrow.production.instances import OrderInstance, read_instance
from frontrow.production.order import solve_order
from frontrow.production.subset_dp import beam, merge, prove
from frontrow.production.two_ended import prove_from_both_ends

TINY = "tiny\n4\n3\n\n1 0 1 0 1\n1 1 0 1 2\n0 1 1 0 3\n\n1 2 3 1\n"
SHOOT = "2\n3\n2\n1\n\n4 5\n0 7\n2 1 3\n0 1 0\n\n1 0 1\n0 1 1\n\n2 0\n"


def random_instance(seed: int, scenes: int = 7, actors: int = 4, places: int = 1, pairs: int = 0) -> OrderInstance:
    rng = np.random.default_rng(seed)
    before = tuple(tuple(sorted(rng.choice(scenes, 2, replace=False).tolist())) for _ in range(pairs))
    return OrderInstance(
        "random",
        rng.random((actors, scenes)) < 0.5,
        rng.integers(0, 9, actors),
        rng.integers(0, 5, scenes),
        rng.integers(0, places, scenes),
        rng.integers(0, 20, places),
        before,
    )


def best_by_trying(instance: OrderInstance) -> int:
    orders = (order for order in permutations(range(instance.scenes)) if instance.allows(order))
    return min(instance.extra_cost(order) for order in orders)


def test_the_tiny_instance_costs_29_with_wages():
    instance = read_instance(TINY)
    proof = prove(instance)
    assert instance.cost(proof.order) == 29
    assert proof.proven


def test_a_movie_shoot_instance_counts_holding_and_returning_visits_only():
    instance = read_instance(SHOOT)
    assert instance.cost([2, 0, 1]) == 4 * 0 + 5 * 2
    assert instance.cost([0, 1, 2]) == 4 * 1 + 0  # one return to place 0, which costs nothing
    assert not instance.allows([0, 1, 2])


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        (TINY.replace("1 2 3 1", "1 2 3"), "durations"),
        (TINY.replace("1 0 1 0 1", "1 0 7 0 1"), "line 5"),
        (TINY.replace("1 2 3 1", "1 2 -3 1"), "-3"),
        (TINY.replace("1 2 3 1", "1 2 x 1"), "'x'"),
        (TINY + "9", "after the last"),
        (SHOOT.replace("2 0\n", "").replace("\n1\n\n4 5", "\n2\n\n4 5") + "0 1\n1 0\n", "circle"),
    ],
)
def test_a_damaged_instance_names_what_is_wrong(text: str, part: str):
    with pytest.raises(InputError, match=part):
        read_instance(text)


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_the_subset_dp_finds_what_trying_every_order_finds(seed: int, places: int, pairs: int):
    instance = random_instance(seed, scenes=6, places=places, pairs=pairs)
    proof = prove(instance, width=2)
    assert proof.extra == instance.extra_cost(proof.order) == best_by_trying(instance)
    assert instance.allows(proof.order)
    assert proof.proven


def test_scenes_with_one_cast_are_merged_and_performers_who_never_wait_left_out():
    works = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 1]], dtype=bool)
    ones = np.ones(4, dtype=np.int64)
    instance = OrderInstance("m", works, np.array([5, 5, 5]), ones, np.zeros(4, np.int64), np.zeros(1, np.int64))
    assert merge(instance).scenes == 1


def test_stopping_the_proof_leaves_a_bound_that_no_order_goes_below():
    instance = random_instance(5, scenes=14, actors=8)
    whole = prove(instance)
    cut = prove(instance, width=1, most_states=3)
    assert cut.bound <= whole.extra <= cut.extra


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_block_is_priced_right_in_every_place_and_moving_it_keeps_the_board_right(seed: int):
    instance = random_instance(seed, scenes=9, actors=5, places=3, pairs=2)
    rng = np.random.default_rng(seed)
    problem, board = blocks.problem(instance), blocks.board(instance, prove(instance, width=1).order)
    for _ in range(3):
        order = board.order.tolist()
        size = int(rng.integers(1, 4))
        at = int(rng.integers(0, 9 - size + 1))
        block = order[at : at + size]
        tied = {scene for pair in instance.before for scene in pair}
        flipped = bool(rng.random() < 0.5) and len(tied.intersection(block)) < 2
        low, high = blocks.price(problem, board, at, size, flipped)
        rest = [*order[:at], *order[at + size :]]
        for gap in range(len(rest) + 1):
            moved = [*rest[:gap], *(block[::-1] if flipped else block), *rest[gap:]]
            assert instance.allows(moved) == (low <= gap <= high)
            assert instance.extra_cost(moved) == board.room[0, gap]
        gap = int(rng.integers(low, high + 1))
        blocks.move(problem, board, at, size, flipped, gap)
        again = blocks.board(instance, [*rest[:gap], *(block[::-1] if flipped else block), *rest[gap:]])
        paid = (instance.wages > 0) & instance.works.any(axis=1)
        assert board.order.tolist() == again.order.tolist()
        assert board.at.tolist() == again.at.tolist()
        assert board.first[paid].tolist() == again.first[paid].tolist()
        assert board.last[paid].tolist() == again.last[paid].tolist()


def test_annealing_reaches_the_proven_cost_and_one_seed_gives_one_order():
    instance = random_instance(11, scenes=13, actors=6, places=3, pairs=3)
    config = Annealing(steps_per_scene=100, window=5)
    one = anneal(instance, np.random.default_rng(4), config)
    assert one == anneal(instance, np.random.default_rng(4), config)
    assert instance.extra_cost(one) == prove(instance).extra


def test_a_window_of_the_whole_order_is_the_best_order():
    instance = random_instance(3, scenes=8, actors=5, places=2)
    polished = polish(instance, list(range(8)), window=8)
    assert instance.extra_cost(polished) == best_by_trying(instance)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_stay_below_the_proven_cost(seed: int):
    instance = random_instance(seed, scenes=10, actors=8, places=2)
    proof = prove(instance)
    grouped = group_bound(instance, np.random.default_rng(0))
    assert grouped <= proof.extra
    assert grouped <= linear_order_bound(instance, list(proof.order), grouped, 5.0, 1, 0) <= proof.extra


def test_a_wide_beam_is_no_worse_than_a_narrow_one():
    merged = merge(random_instance(8, scenes=14, actors=8))
    assert beam(merged, 200)[0] <= beam(merged, 1)[0]


def test_thirty_scenes_go_to_annealing_and_say_how_far_off_they_may_be():
    instance = random_instance(2, scenes=32, actors=6, places=3, pairs=2)
    ticks = count(0.0, 0.001)
    found = solve_order(instance, seconds=2, seed=1, workers=1, clock=lambda: next(ticks))
    assert instance.allows(found.order)
    assert found.bound <= found.cost
    assert found.method == "annealing with window DP"


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_both_ends_prove_what_one_end_proves(seed: int):
    instance = random_instance(seed, scenes=3 + seed % 6, actors=1 + seed % 7)
    proof = prove_from_both_ends(instance, list(range(instance.scenes)))
    assert proof.proven
    assert proof.extra == instance.extra_cost(proof.order) == prove(instance).extra
    assert instance.allows(proof.order)


def test_an_order_of_28_scenes_is_proven():
    rng = np.random.default_rng(1)
    works, wages, durations = rng.random((12, 28)) < 0.5, rng.integers(1, 101, 12), rng.integers(1, 6, 28)
    instance = OrderInstance("r", works, wages, durations, np.zeros(28, np.int64), np.zeros(1, np.int64))
    ticks = count(0.0, 0.0001)
    found = solve_order(instance, seconds=60, seed=0, workers=1, clock=lambda: next(ticks))
    assert (found.proven, found.method) == (True, "search from both ends")
    assert found.cost == instance.cost(found.order)
    assert found.bound == found.cost


def test_a_proof_that_is_stopped_claims_nothing():
    instance = random_instance(5, scenes=14, actors=8)
    proof = prove_from_both_ends(instance, list(range(14)), lambda: True)
    assert not proof.proven
    assert instance.allows(proof.order)
