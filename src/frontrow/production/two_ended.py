"""Proofs from both ends: scenes are put at front and back in turn, one vectorised layer after the other.

With scenes at both ends, whoever is in both is paid for every scene in between. Once casts are large this bounds the
rest far better than one end alone (Garcia de la Banda et al. 2011; Qin, Zhang, Lim and Liang 2016, whose branch and
bound with memory becomes breadth-first layers here). A state is a pair of sets with its least cost; it is complete when
everybody still wanted in between is paid throughout anyway. Two rules keep the states few: a mirrored pair is the same
pair, and a scene that uses everybody on location and brings only people whom another scene brings too goes before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from frontrow.production.annealing import reorder
from frontrow.production.instances import OrderInstance
from frontrow.production.subset_dp import Layers, Merged, Proof, merge

DENSE = 0.4  # share of (performer, scene) pairs from which this beats the one-ended layers (docs/benchmarks)
_CHUNK = 1 << 14
_MOST_STATES = 8_000_000  # of one layer: some 2 GB

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Sets at the end that grows next, sets at the other end, least costs."""


def prove_from_both_ends(
    instance: OrderInstance, known: Sequence[int], stop: Callable[[], bool] = lambda: False
) -> Proof:
    """A proof that `known` is best, or a better order; bound 0 when time or memory ends the search."""
    merged = merge(instance)
    search = _Search(merged, instance.extra_cost(known))
    finished = search.run(stop)
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
        self.layers = Layers(merged)
        self.works = merged.works
        self.n = merged.scenes
        self.full = np.uint64((1 << self.n) - 1)
        self.shift = np.uint64(self.n)
        self.upper = upper
        self.states = 0
        self.best: tuple[int, int] | None = None  # the complete pair behind `upper`

    def run(self, stop: Callable[[], bool]) -> bool:
        """Whether everything that could be cheaper than `upper` was looked at."""
        grow, other, costs = np.zeros(1, np.uint64), np.zeros(1, np.uint64), np.zeros(1, np.int64)
        for depth in range(self.n):
            if stop() or grow.size > _MOST_STATES:
                return False
            keys, costs = self._grow(grow, other, costs)
            grown, fixed = keys & self.full, keys >> self.shift
            keep = np.zeros(grown.size, dtype=bool)
            for i in range(0, grown.size, _CHUNK):
                part = slice(i, i + _CHUNK)
                keep[part] = self._promising(grown[part], fixed[part], costs[part])
            grow, other, costs = fixed[keep], grown[keep], costs[keep]
            if depth % 2:  # both ends have as many scenes: a mirrored pair is the same pair
                low, high = np.minimum(grow, other), np.maximum(grow, other)
                keys, costs = _least(low | high << self.shift, costs)
                grow, other = keys & self.full, keys >> self.shift
            self.states += grow.size
            if not grow.size:
                break
        return True

    def _grow(self, grow: np.ndarray, other: np.ndarray, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every pair with one scene more at the growing end, once, with its least cost."""
        keys, prices = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        layers = self.layers
        for i in range(0, grow.size, _CHUNK):
            one, two, cost = grow[i : i + _CHUNK], other[i : i + _CHUNK], costs[i : i + _CHUNK]
            left = ((one | two)[:, None] & layers.bits) == 0
            begun = (one[:, None] & layers.scene_masks) != 0
            open_ = begun & ((one[:, None] & layers.scene_masks) != layers.scene_masks)
            paid = (begun & ((two[:, None] & layers.scene_masks) != 0)) @ layers.waits * left
            new = cost[:, None] + np.rint(open_ @ layers.waits).astype(np.int64)
            least = new + np.rint(paid.sum(axis=1)[:, None] - paid).astype(np.int64)
            rows, scenes = np.nonzero(left & (least < self.upper) & ~self._dominated(open_, left))
            keys.append(one[rows] | layers.bits[scenes] | two[rows] << self.shift)
            prices.append(new[rows, scenes])
        return _least(np.concatenate(keys), np.concatenate(prices))

    def _dominated(self, open_: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Bool (states, scenes): some other scene t may go first at no cost.

        t casts everybody on location, and of the others only people whom the scene casts too.
        """
        works = self.works
        ready = left & ((open_.astype(np.float32) @ works.astype(np.float32)) == open_.sum(axis=1)[:, None])
        result = np.zeros_like(left)
        for t in range(self.n):
            rows = np.flatnonzero(ready[:, t])
            if not rows.size:
                continue
            new = (~open_[rows]).astype(np.float32)
            covers = new @ (works[:, [t]] & ~works).astype(np.float32) == 0
            covers[:, t] = False
            same = covers & ready[rows] & (new @ (works & ~works[:, [t]]).astype(np.float32) == 0)
            result[rows] |= covers & ~(same & (np.arange(self.n) < t))
        return result

    def _promising(self, one: np.ndarray, two: np.ndarray, costs: np.ndarray) -> np.ndarray:
        """Which pairs need more scenes and may still get below `upper`; complete pairs lower it."""
        layers = self.layers
        left = ((one | two)[:, None] & layers.bits) == 0
        in_one, in_two = ((end[:, None] & layers.scene_masks) != 0 for end in (one, two))
        finished = ((one | two)[:, None] & layers.scene_masks) == layers.scene_masks
        throughout = in_one & in_two
        least = costs + np.rint(((throughout @ layers.waits) * left).sum(axis=1)).astype(np.int64)
        complete = (throughout | finished).all(axis=1)
        if complete.any():
            at = int(np.argmin(np.where(complete, least, np.iinfo(np.int64).max)))
            if least[at] < self.upper:
                self.upper, self.best = int(least[at]), (int(one[at]), int(two[at]))
        waiting = sum(layers.waiting_bound(group & ~finished, left) for group in (in_one & ~in_two, in_two & ~in_one))
        return np.asarray(~complete & (least + np.floor(waiting + 1e-3) < self.upper))


def _least(keys: np.ndarray, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each key once with its least cost."""
    order = np.argsort(keys)
    keys, costs = keys[order], costs[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if keys.size else np.zeros(0, np.int64)
    return keys[first], np.minimum.reduceat(costs, first) if first.size else costs[:0]
