"""A block of scenes taken out of an order and priced in every place it could go back to, as machine code.

The wages of each performer are piecewise linear in the place, so two cumulative sums add them all up: pricing every
place costs little more than pricing one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from frontrow.production.instances import OrderInstance


class Problem(NamedTuple):
    """An instance as flat arrays (int64); lists of lists are a `start` of each and all members one after the other."""

    wages: np.ndarray
    durations: np.ndarray
    locations: np.ndarray
    location_costs: np.ndarray
    offset: int  # wages of playing and first visits, which no order changes
    cast_start: np.ndarray
    cast: np.ndarray  # performers of each scene who may cost something
    own_start: np.ndarray
    own: np.ndarray  # scenes of each performer
    after_start: np.ndarray
    after: np.ndarray  # scenes that come later than each scene
    before_start: np.ndarray
    before: np.ndarray


class Board(NamedTuple):
    """An order and what follows from it (int64); `best` is the best order so far, and `room` is scratch space."""

    order: np.ndarray
    at: np.ndarray  # place of each scene
    first: np.ndarray  # place of each performer's first scene
    last: np.ndarray  # one past the place of the last
    best: np.ndarray
    room: np.ndarray  # (13, scenes or performers + 2)


def problem(instance: OrderInstance) -> Problem:
    """The arrays of an instance."""
    wages = np.where(instance.works.any(axis=1), instance.wages, 0).astype(np.int64)
    works = instance.works & (wages > 0)[:, None]
    visited = np.unique(instance.locations)
    moving = int(instance.location_costs[visited].sum()) if instance.location_costs.size > 1 else 0
    pairs = [(a, b) for a, b in instance.before]
    n = instance.scenes
    return Problem(
        wages,
        instance.durations.astype(np.int64),
        instance.locations.astype(np.int64),
        instance.location_costs.astype(np.int64),
        instance.unavoidable + moving,
        *_flat([np.flatnonzero(works[:, scene]) for scene in range(n)]),
        *_flat([np.flatnonzero(row) for row in works]),
        *_flat([np.array([b for a, b in pairs if a == scene], dtype=np.int64) for scene in range(n)]),
        *_flat([np.array([a for a, b in pairs if b == scene], dtype=np.int64) for scene in range(n)]),
    )


def _flat(lists: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    start = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum([part.size for part in lists], out=start[1:])
    return start, np.concatenate([*lists, np.zeros(0, dtype=np.int64)]).astype(np.int64)


def board(instance: OrderInstance, order: Sequence[int]) -> Board:
    """A board with `order` on it."""
    placed = np.array(order, dtype=np.int64)
    works = instance.works[:, placed]
    size = max(works.shape) + 2
    return Board(
        placed,
        np.argsort(placed),
        works.argmax(axis=1).astype(np.int64),
        (placed.size - works[:, ::-1].argmax(axis=1)).astype(np.int64),
        placed.copy(),
        np.zeros((13, size), dtype=np.int64),
    )


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def price(problem: Problem, board: Board, at: int, size: int, flipped: bool) -> tuple[int, int]:
    """Price `size` scenes from place `at`, turned round if `flipped`, in every gap of the rest.

    The first and last gap that precedences allow; the extra cost with the block in gap g is `board.room[0, g]`.
    """
    order, place, room = board.order, board.at, board.room
    prices, clock, constant, slope, head, tail, first, last, present, inside = room[:10]
    head_at, tail_at = room[10], room[11]
    end, rest = at + size, order.size - size
    total = 0
    for gap in range(rest):
        total += problem.durations[order[gap if gap < at else gap + size]]
        clock[gap + 1] = total
    constant[: rest + 2] = 0
    slope[: rest + 2] = 0
    inside[: problem.wages.size] = 0
    length = 0
    for i in range(size):
        scene = order[end - 1 - i] if flipped else order[at + i]
        passed = length + problem.durations[scene]
        for j in range(problem.cast_start[scene], problem.cast_start[scene + 1]):
            who = problem.cast[j]
            if not inside[who]:
                inside[who], head[who], head_at[who] = 1, length, i
            tail[who], tail_at[who] = passed, i + 1
        length = passed
    base = -problem.offset
    for who in range(problem.wages.size):
        wage = problem.wages[who]
        if wage == 0:
            continue
        begins, ends = board.first[who], board.last[who]
        there = 1
        if at <= begins < end or at < ends <= end:
            begins, ends = order.size, -1
            for j in range(problem.own_start[who], problem.own_start[who + 1]):
                spot = place[problem.own[j]]
                if not at <= spot < end:
                    spot -= size * (spot >= end)
                    begins, ends = min(begins, spot), max(ends, spot + 1)
            there = 1 if ends > 0 else 0
        else:
            begins, ends = begins - size * (begins >= end), ends - size * (ends > end)
        first[who], last[who], present[who] = begins, ends, there
        if not there:
            base += wage * (tail[who] - head[who])
            continue
        base += wage * (clock[ends] - clock[begins])
        if inside[who]:  # before the first scene of the rest, between, or after the last
            base += wage * (clock[begins] + length - head[who])
            slope[0] -= wage
            constant[begins + 1] += wage * (head[who] - clock[begins])
            slope[begins + 1] += wage
            constant[ends] -= wage * (length - tail[who] + clock[ends])
            slope[ends] += wage
        else:
            constant[begins + 1] += wage * length
            constant[ends] -= wage * length
    fixed, incline = base, 0
    for gap in range(rest + 1):
        fixed += constant[gap]
        incline += slope[gap]
        prices[gap] = fixed + incline * clock[gap]
    if problem.location_costs.size > 1:
        _add_moves(problem, order, at, size, flipped, prices)
    low, high = 0, rest
    for i in range(at, end):
        for j in range(problem.before_start[order[i]], problem.before_start[order[i] + 1]):
            spot = place[problem.before[j]]
            if not at <= spot < end:
                low = max(low, spot - size * (spot >= end) + 1)
        for j in range(problem.after_start[order[i]], problem.after_start[order[i] + 1]):
            spot = place[problem.after[j]]
            if not at <= spot < end:
                high = min(high, spot - size * (spot >= end))
    return low, high


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _add_moves(problem: Problem, order: np.ndarray, at: int, size: int, flipped: bool, prices: np.ndarray) -> None:
    """Add what the visits of locations cost to the price of each gap."""
    places, costs = problem.locations, problem.location_costs
    rest = order.size - size
    opening, closing = places[order[at]], places[order[at + size - 1]]
    fixed = 0
    for i in range(at + 1, at + size):
        if places[order[i]] != places[order[i - 1]]:
            fixed += costs[places[order[i - 1 if flipped else i]]]
    if flipped:
        opening, closing = closing, opening
    before = -1
    for gap in range(rest + 1):
        after = places[order[gap if gap < at else gap + size]] if gap < rest else -1
        if after >= 0 and before != after:
            fixed += costs[after]
        before = after
    before = -1
    for gap in range(rest + 1):
        after = places[order[gap if gap < at else gap + size]] if gap < rest else -1
        prices[gap] += fixed
        if before != opening:
            prices[gap] += costs[opening]
        if after >= 0:
            prices[gap] += costs[after] * (int(after != closing) - int(before != after))
        before = after


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def move(problem: Problem, board: Board, at: int, size: int, flipped: bool, gap: int) -> None:
    """Put the block that was priced last into a gap."""
    order, place, room = board.order, board.at, board.room
    first, last, present, inside, head_at, tail_at, block = room[6:13]
    for i in range(size):
        block[i] = order[at + size - 1 - i] if flipped else order[at + i]
    for i in range(at, gap):  # the scenes passed over close up
        order[i] = order[i + size]
        place[order[i]] = i
    for i in range(at + size - 1, gap + size - 1, -1):
        order[i] = order[i - size]
        place[order[i]] = i
    for i in range(size):
        order[gap + i] = block[i]
        place[block[i]] = gap + i
    for who in range(problem.wages.size):
        if problem.wages[who] == 0:
            continue
        begins, ends = first[who], last[who]
        if inside[who]:
            board.first[who] = begins if present[who] and begins < gap else gap + head_at[who]
            board.last[who] = ends + size if present[who] and ends > gap else gap + tail_at[who]
        else:
            board.first[who] = begins + size * (begins >= gap)
            board.last[who] = ends + size * (ends > gap)


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def heat_bath(
    problem: Problem, board: Board, draws: np.ndarray, temperature: float, single: float, mean_block: float, best: int
) -> int:
    """A step for each row of `draws` (five uniform numbers): a block is taken out, and its new place drawn from the
    Boltzmann weights of all prices. The best cost so far, whose order is `board.best`.
    """
    n = board.order.size
    prices = board.room[0]
    weights = np.empty(n + 1)
    for step in range(draws.shape[0]):
        where, one, length, reverse, choice = draws[step]
        size = 1 if one < single else 2 + int(-np.log1p(-length) * (mean_block - 2))
        size = min(size, n // 2)
        at = int(where * (n - size + 1))
        flipped = size > 1 and reverse < 0.5
        if flipped:
            tied = 0
            for i in range(at, at + size):
                scene = board.order[i]
                tied += (
                    problem.before_start[scene + 1] > problem.before_start[scene]
                    or problem.after_start[scene + 1] > problem.after_start[scene]
                )
            flipped = tied < 2
        low, high = price(problem, board, at, size, flipped)
        least = prices[low]
        for gap in range(low + 1, high + 1):
            least = min(least, prices[gap])
        total = 0.0
        for gap in range(low, high + 1):
            excess = (prices[gap] - least) / temperature
            if excess < 40.0:
                total += np.exp(-excess)
            weights[gap] = total
        chosen = low
        while chosen < high and weights[chosen] <= choice * total:
            chosen += 1
        if chosen == at and not flipped:
            continue
        cost = prices[chosen]
        move(problem, board, at, size, flipped, chosen)
        if cost < best:
            best = cost
            board.best[:] = board.order
    return best
