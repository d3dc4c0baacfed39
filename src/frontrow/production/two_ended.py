"""Proofs from both ends: scenes are put at front or back, and states are told apart by what still matters.

With scenes at both ends, whoever is in both is paid for every scene in between, wherever that is shot (Garcia de la
Banda et al. 2011; Qin, Zhang, Lim and Liang 2016, whose branch and bound with memory becomes layers here). What is left
to pay then depends on three sets only: the scenes in between, and who of their performers is in the front and in the
back. Five things keep these states few:

- a state and its mirror image are one; the end with fewer people waiting grows;
- scenes whose casts differ only in people paid throughout are put together;
- a scene that casts everybody waiting at its end, and brings only people another scene brings too, goes before it;
- a state whose cost and bound reach a known order's cost is dropped; the bound is the best order in which the people at
  an end can leave, each scene shot just before the first of its cast leaves (`_leaving`);
- a beam through the same layers finds the order to beat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

from frontrow.production.annealing import reorder
from frontrow.production.instances import OrderInstance
from frontrow.production.subset_dp import Merged, Proof, merge

_CHUNK = 1 << 12  # states expanded at a time
_MOST_STATES = 10_000_000  # in one layer: some 0.9 GB
_BEAM = 3_000  # states a layer of the beam
_LEAVERS = 7  # people of an end whose best leaving order is found; of more, those with the highest wages
_FULL = 0.6  # share of a table's slots in use before it is doubled

_States = tuple[np.ndarray, ...]
"""Scenes in between, people in front, people in back, scenes in front (uint32 sets); cost (-1: none), bound (int64)."""


def prove_from_both_ends(
    instance: OrderInstance, known: Sequence[int], stop: Callable[[], bool] = lambda: False
) -> Proof:
    """A proof that `known` is best, or a better order with its proof; bound 0 when time or memory ends the search.

    At most 32 merged scenes and 32 performers who may wait.
    """
    merged = merge(instance)
    search = _Search(merged, instance.extra_cost(known))
    finished = search.run(stop, _BEAM) and search.run(stop)
    order = list(known)
    if search.best is not None:
        order = _unfold(instance, merged, *search.best)
    extra = instance.extra_cost(order)
    return Proof(tuple(order), extra, extra if finished else 0, search.states)


def _unfold(instance: OrderInstance, merged: Merged, front: int, back: int) -> list[int]:
    """The order of a complete pair: either end in its best order, anything in between."""
    scenes = range(merged.scenes)
    ends = [[s for s in scenes if side >> s & 1] for side in (front, back)]
    middle = [s for s in scenes if not (front | back) >> s & 1]
    order = merged.unfold([*ends[0], *middle, *ends[1]])
    first, last = (len(merged.unfold(end)) for end in ends)
    order = reorder(instance, order, 0, first)
    return reorder(instance, order, len(order) - last, len(order))


class _Search:
    def __init__(self, merged: Merged, upper: int) -> None:
        actors, self.n = merged.works.shape
        scenes = np.arange(self.n, dtype=np.int64)
        self.casts = (merged.works << np.arange(actors, dtype=np.int64)[:, None]).sum(axis=0)
        self.scenes_of = (merged.works << scenes).sum(axis=1)
        self.durations, self.wages = merged.durations.astype(np.int64), merged.wages.astype(np.int64)
        self.upper = upper
        self.states = 0
        self.best: tuple[int, int] | None = None  # the complete pair of ends behind `upper`

    def run(self, stop: Callable[[], bool], width: int | None = None) -> bool:
        """Look at everything that could be cheaper than `upper`, or at `width` states a layer; False when ended early.

        A layer holds the states with one number of scenes in between.
        """
        everything = (1 << self.n) - 1
        layers: list[_Table | None] = [None] * (self.n + 1)
        first = _Table()
        first.add((*(np.array([x], np.uint32) for x in (everything, 0, 0, 0)), *np.zeros((2, 1), np.int64)))
        layers[self.n] = first
        for left in range(self.n, 0, -1):
            table, layers[left] = layers[left], None
            if table is None:
                continue
            states = table.states(self.upper, width)
            self.states += states[0].size
            for begin in range(0, states[0].size, _CHUNK):
                if stop():
                    return False
                fresh = self._expand(tuple(part[begin : begin + _CHUNK] for part in states))
                sizes = np.bitwise_count(fresh[0])
                for size in np.unique(sizes).tolist():
                    layer = layers[size] = layers[size] or _Table()
                    layer.add(tuple(part[sizes == size] for part in fresh))
                    if layer.used > _MOST_STATES:
                        return False
        return True

    def _expand(self, states: _States) -> _States:
        """The states that follow from some; complete pairs lower `upper`."""
        room = states[0].size * self.n
        fresh = (*(np.empty(room, np.uint32) for _ in range(4)), *(np.empty(room, np.int64) for _ in range(2)))
        count, upper, front, left = _successors(
            states, self.casts, self.scenes_of, self.durations, self.wages, self.upper, fresh
        )
        if upper < self.upper:
            self.upper, self.best = upper, (front, ((1 << self.n) - 1) & ~front & ~left)
        return tuple(part[:count] for part in fresh)


class _Table:
    """Each state once with its least cost: open addressing in six arrays."""

    def __init__(self) -> None:
        self.used = 0
        self._slots = _empty(1 << 10)

    def add(self, states: _States) -> None:
        """Put states in; of two that are the same the cheaper stays."""
        while self.used + states[0].size > _FULL * self._slots[0].size:
            old = tuple(part[self._slots[4] >= 0] for part in self._slots)
            self._slots = _empty(2 * self._slots[0].size)
            _insert(old, self._slots)
        self.used += _insert(states, self._slots)

    def states(self, upper: int, width: int | None) -> _States:
        """Those that may get below `upper`, at most `width` of them by cost and bound; the table is used up."""
        least = self._slots[4] + self._slots[5]
        keep = np.flatnonzero((self._slots[4] >= 0) & (least < upper))
        if width is not None and keep.size > width:
            keep = keep[np.argsort(least[keep], kind="stable")[:width]]
        kept = tuple(part[keep] for part in self._slots)
        self._slots = _empty(1)
        return kept


def _empty(slots: int) -> _States:
    sets = (np.zeros(slots, np.uint32) for _ in range(4))
    return (*sets, np.full(slots, -1, np.int64), np.zeros(slots, np.int64))


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _insert(states: _States, slots: _States) -> int:
    """Put states into the slots; how many were not there yet."""
    left, front, back, done, cost, bound = states
    slot_left, slot_front, slot_back, slot_done, slot_cost, slot_bound = slots
    mask = np.uint64(slot_left.size - 1)
    added = 0
    for i in range(left.size):
        key = np.uint64(left[i]) * np.uint64(0x9E3779B97F4A7C15)
        key ^= (np.uint64(front[i]) << np.uint64(32) | np.uint64(back[i])) * np.uint64(0xC2B2AE3D27D4EB4F)
        key = (key ^ (key >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        at = (key ^ (key >> np.uint64(32))) & mask
        while slot_cost[at] >= 0 and not (
            slot_left[at] == left[i] and slot_front[at] == front[i] and slot_back[at] == back[i]
        ):
            at = (at + np.uint64(1)) & mask
        if slot_cost[at] < 0:
            added += 1
        elif slot_cost[at] <= cost[i]:
            continue
        slot_left[at], slot_front[at], slot_back[at] = left[i], front[i], back[i]
        slot_done[at], slot_cost[at], slot_bound[at] = done[i], cost[i], bound[i]
    return added


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _sum(members: int, values: np.ndarray) -> int:
    """The sum of `values` over a set."""
    total, at = 0, 0
    while members:
        if members & 1:
            total += values[at]
        members >>= 1
        at += 1
    return total


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _count(members: int) -> int:
    total = 0
    while members:
        members &= members - 1
        total += 1
    return total


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _leaving(
    people: int,
    left: int,
    casts: np.ndarray,
    durations: np.ndarray,
    wages: np.ndarray,
    room: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> int:
    """What the waiting of the people at one end costs at least, over all orders in which they can leave.

    A scene must be shot before the first of its cast leaves, and best just before: then everybody of `people` who is
    still there and not in it waits. The best leaving order by dynamic programming over the sets of who is still there.
    """
    shot, least, pay, who = room
    size = 0
    for actor in range(wages.size):
        if people >> actor & 1:
            at = size
            if size == _LEAVERS:
                at = size - 1
                if wages[who[at]] >= wages[actor]:
                    continue
            else:
                size += 1
            while at > 0 and wages[who[at - 1]] < wages[actor]:
                who[at] = who[at - 1]
                at -= 1
            who[at] = actor
    if size < 2:
        return 0
    everybody = (1 << size) - 1
    shot[: everybody + 1] = 0  # length of the scenes with just these people
    for scene in range(casts.size):
        if left >> scene & 1:
            these = 0
            for i in range(size):
                these |= (casts[scene] >> who[i] & 1) << i
            shot[these] += durations[scene]
    pay[0] = least[0] = 0
    for there in range(1, everybody + 1):
        best = -1
        for i in range(size):
            if not there >> i & 1:
                continue
            rest = there ^ (1 << i)
            pay[there] = pay[rest] + wages[who[i]]
            cost = least[rest]
            with_them = rest
            while True:  # all subsets of who stays
                if shot[with_them | 1 << i]:
                    cost += shot[with_them | 1 << i] * pay[rest ^ with_them]
                if with_them == 0:
                    break
                with_them = (with_them - 1) & rest
            if best < 0 or cost < best:
                best = cost
        least[there] = best
    return int(least[everybody])


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _successors(
    states: _States,
    casts: np.ndarray,
    scenes_of: np.ndarray,
    durations: np.ndarray,
    wages: np.ndarray,
    upper: int,
    fresh: _States,
) -> tuple[int, int, int, int]:
    """Every state one group of scenes further, into `fresh`: their number; the best cost with its front and rest."""
    n = casts.size
    room = (np.zeros(128, np.int64), np.zeros(128, np.int64), np.zeros(128, np.int64), np.zeros(_LEAVERS, np.int64))
    group, group_cast, group_length = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    count, best_front, best_left = 0, 0, 0
    for i in range(states[0].size):
        left, front, back = np.int64(states[0][i]), np.int64(states[1][i]), np.int64(states[2][i])
        throughout = front & back
        waiting = front & ~throughout
        groups = 0
        for scene in range(n):
            if left >> scene & 1:
                cast = casts[scene] & ~throughout
                j = 0
                while j < groups and group_cast[j] != cast:
                    j += 1
                if j == groups:
                    group[j], group_cast[j], group_length[j] = 0, cast, 0
                    groups += 1
                group[j] |= 1 << scene
                group_length[j] += durations[scene]
        for j in range(groups):
            cast = group_cast[j]
            cost = states[4][i] + group_length[j] * _sum(waiting & ~cast, wages)
            if cost >= upper:
                continue
            dominated = False
            for k in range(groups):
                if k != j and not waiting & ~group_cast[k] and not group_cast[k] & ~waiting & ~cast:
                    mutual = not waiting & ~cast and not cast & ~waiting & ~group_cast[k]
                    if not mutual or k < j:
                        dominated = True
                        break
            if dominated:
                continue
            rest = left & ~group[j]
            for actor in range(wages.size):  # now at both ends: paid for all that is in between
                if (cast & back) >> actor & 1:
                    cost += wages[actor] * _sum(rest & ~scenes_of[actor], durations)
            if cost >= upper:
                continue
            wanted = 0
            for scene in range(n):
                if rest >> scene & 1:
                    wanted |= casts[scene]
            done = np.int64(states[3][i]) | group[j]
            in_front, in_back = (front | cast) & wanted, back & wanted
            both = in_front & in_back
            if not wanted & ~both:
                upper, best_front, best_left = cost, done, rest
                continue
            in_front_only, in_back_only = in_front & ~both, in_back & ~both
            bound = _leaving(in_front_only, rest, casts, durations, wages, room)
            if cost + bound >= upper:
                continue
            bound += _leaving(in_back_only, rest, casts, durations, wages, room)
            if cost + bound >= upper:
                continue
            fewer = _count(in_back_only) - _count(in_front_only)
            if fewer < 0 or (fewer == 0 and in_back_only < in_front_only):
                in_front, in_back = in_back, in_front
                done = ((1 << n) - 1) & ~rest & ~done
            fresh[0][count], fresh[1][count], fresh[2][count], fresh[3][count] = rest, in_front, in_back, done
            fresh[4][count], fresh[5][count] = cost, bound
            count += 1
    return count, upper, best_front, best_left
