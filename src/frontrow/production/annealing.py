"""Good orders for instances too large to prove: heat-bath annealing of blocks, then windows reordered exactly.

A step takes a block of scenes out and prices *every* place it could go back to at once, which costs little more than
pricing one: the wages of each performer are piecewise linear in the place, so two cumulative sums add them all up. The
new place is drawn from the Boltzmann weights (a heat bath: nothing is ever rejected, which matters when it is cold).
The number of steps depends on the instance alone, so one seed gives one order unless time runs short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from frontrow.production.instances import OrderInstance
from frontrow.production.subset_dp import prove

_POLISH_SHARE = 1.08  # of the time allowed: the last windows may take a little more

Tick = Callable[[float, int], None]
"""Progress: (share of the steps done, best extra cost so far)."""


@dataclass(frozen=True)
class Annealing:
    """How long and how hot."""

    steps_per_scene: int = 4_000  # heat-bath steps a scene; 300 scenes take about a minute and a half
    hot: float = 0.03  # first temperature as a share of the mean step's spread of costs
    cold: float = 0.0015  # last temperature, same unit
    block_share: float = 0.5  # chance that a block is a single scene; else its length is geometric
    mean_block: float = 12.0  # mean length of longer blocks, in scenes
    window: int = 11  # scenes reordered exactly at a time in the end; 2^window sets each


def anneal(
    instance: OrderInstance,
    rng: np.random.Generator,
    config: Annealing = Annealing(),
    *,
    start: Sequence[int] | None = None,
    elapsed: Callable[[], float] = lambda: 0.0,
    tick: Tick | None = None,
) -> list[int]:
    """The best order found. `elapsed` is the share of the time allowed that is gone: where it runs ahead of the steps,
    cooling follows it, so that a slow machine also ends cold. Ctrl-C ends the search with the best order so far.
    """
    order = np.array(start if start is not None else _any_allowed(instance), dtype=np.int64)
    n = order.size
    if n < 3:
        return [int(scene) for scene in order]
    steps = config.steps_per_scene * n
    pricer = _Pricer(instance, order)
    spread = _spread(pricer, rng)
    ratio = np.log(config.cold / config.hot)
    best, best_cost = order.copy(), instance.extra_cost(order.tolist())
    draws: Iterator[list[float]] = iter(())
    try:
        for step in range(steps):
            if step % 256 == 0:
                share = max(step / steps, elapsed())
                if share >= 1:
                    break
                if tick and step % 4096 == 0:
                    tick(share, best_cost)
                temperature = spread * config.hot * np.exp(ratio * share)
                draws = iter(rng.random((256, 5)).tolist())
            where, single, length, reverse, choice = next(draws)
            size = 1 if single < config.block_share else 2 + int(-np.log1p(-length) * (config.mean_block - 2))
            size = min(size, n // 2)
            at = int(where * (n - size + 1))
            flipped = size > 1 and reverse < 0.5 and pricer.free(order[at : at + size])
            rest, block, low, prices = pricer.price(at, size, flipped)
            weights = np.exp((prices.min() - prices) / temperature)
            totals = weights.cumsum()
            place = int(totals.searchsorted(choice * totals[-1], side="right"))
            place = min(place, prices.size - 1)
            if low + place == at and not flipped:
                continue
            order = np.concatenate((rest[: low + place], block, rest[low + place :]))
            pricer.adopt(order)
            if prices[place] < best_cost:
                best_cost, best = int(prices[place]), order
    except KeyboardInterrupt:
        return [int(scene) for scene in best]
    return polish(instance, best.tolist(), config.window, lambda: elapsed() >= _POLISH_SHARE)


def polish(
    instance: OrderInstance, order: list[int], window: int, stop: Callable[[], bool] = lambda: False
) -> list[int]:
    """Reorder each stretch of `window` scenes exactly, over and over until none gets cheaper."""
    n = len(order)
    size = min(window, n)
    stride = max(1, size // 2)
    starts = [*range(0, n - size, stride), n - size]
    unchanged = 0
    position = 0
    while unchanged < len(starts) and not stop():
        at = starts[position % len(starts)]
        position += 1
        better = reorder(instance, order, at, at + size)
        if instance.extra_cost(better) < instance.extra_cost(order):
            order, unchanged = better, 0
        else:
            unchanged += 1
    return order


def reorder(instance: OrderInstance, order: list[int], begin: int, end: int) -> list[int]:
    """The best order of `order[begin:end]`: two scenes of no length stand for everything before and after."""
    inside = order[begin:end]
    works = np.column_stack(
        (
            instance.works[:, order[:begin]].any(axis=1),
            instance.works[:, inside],
            instance.works[:, order[end:]].any(axis=1),
        )
    )
    size = len(inside)
    first = instance.locations[order[begin - 1]] if begin else instance.locations[inside[0]]
    last = instance.locations[order[end]] if end < len(order) else first
    index = {scene: position for position, scene in enumerate(inside, 1)}
    before = [(index[a], index[b]) for a, b in instance.before if a in index and b in index]
    before += [(0, position) for position in range(1, size + 1)] + [
        (position, size + 1) for position in range(1, size + 1)
    ]
    # The border locations exist only where there is something beyond the window; else any will do, at no cost.
    costs = instance.location_costs
    locations = np.r_[first, instance.locations[inside], last]
    if begin == 0 or end == len(order):
        costs = np.r_[costs, 0]
        locations[0] = costs.size - 1 if begin == 0 else locations[0]
        locations[-1] = costs.size - 1 if end == len(order) else locations[-1]
    small = OrderInstance(
        instance.name, works, instance.wages, np.r_[0, instance.durations[inside], 0], locations, costs, tuple(before)
    )
    best = [inside[position - 1] for position in prove(small, width=50).order if 1 <= position <= size]
    return [*order[:begin], *best, *order[end:]]


class _Pricer:
    """Holds an order and prices all places of a block of it at once."""

    def __init__(self, instance: OrderInstance, order: np.ndarray) -> None:
        self.instance = instance
        self.wages = instance.wages.astype(np.float64)
        self.works = instance.works
        self.durations = instance.durations.astype(np.float64)
        self.moves = instance.location_costs.size > 1
        self.move_costs = np.r_[instance.location_costs, 0].astype(np.float64)  # -1 is "no scene": free
        visited = np.unique(instance.locations)
        self.offset = instance.unavoidable + (int(instance.location_costs[visited].sum()) if self.moves else 0)
        self.after: dict[int, list[int]] = {}
        self.before: dict[int, list[int]] = {}
        for a, b in instance.before:
            self.after.setdefault(a, []).append(b)
            self.before.setdefault(b, []).append(a)
        self.tied = self.after.keys() | self.before.keys()
        self.wages[~self.works.any(axis=1)] = 0
        self.adopt(order)

    def adopt(self, order: np.ndarray) -> None:
        """Make `order` the order whose blocks are priced."""
        self.order = order
        self.sequence = self.works[:, order]
        self.first = self.sequence.argmax(axis=1)
        self.last = order.size - self.sequence[:, ::-1].argmax(axis=1)  # one past the last scene

    def free(self, block: np.ndarray) -> bool:
        """Whether `block` may be reversed."""
        return sum(scene in self.tied for scene in block.tolist()) < 2

    def _without(self, at: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First scene, one past the last, and presence of each performer when `order[at:end]` is taken out.

        Only who has the first or last scene in there must be looked up anew.
        """
        size = end - at
        first = self.first - size * (self.first >= end)
        last = self.last - size * (self.last > end)
        present = np.ones(first.size, dtype=bool)
        for who in np.flatnonzero((self.first >= at) & (self.first < end)).tolist():
            beyond = self.sequence[who, end:]
            skip = int(beyond.argmax()) if beyond.size else 0
            present[who] = bool(beyond.size) and bool(beyond[skip])
            first[who] = at + skip
        for who in np.flatnonzero((self.last > at) & (self.last <= end)).tolist():
            before = self.sequence[who, :at][::-1]
            skip = int(before.argmax()) if before.size else 0
            present[who] = present[who] and bool(before.size) and bool(before[skip])
            last[who] = at - skip
        first[~present] = last[~present] = 0
        return first, last, present

    def price(self, at: int, size: int, flipped: bool) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
        """Take `size` scenes out at `at`: the rest, the block, the first gap that precedences allow, and the extra cost
        with the block in that gap and in each following one.
        """
        order = self.order
        block = order[at : at + size][:: -1 if flipped else 1]
        rest = np.concatenate((order[:at], order[at + size :]))
        n = rest.size
        first, last, present = self._without(at, at + size)
        clock = np.zeros(n + 1)
        np.cumsum(self.durations[rest], out=clock[1:])
        if block.size == 1:
            scene = block[0]
            in_block = np.asarray(self.works[:, scene])
            length = self.durations[scene]
            head = tail = np.zeros(in_block.size)
        else:
            inside = self.works[:, block]
            marks = np.zeros(block.size + 1)
            np.cumsum(self.durations[block], out=marks[1:])
            length = marks[-1]
            in_block = np.asarray(inside.any(axis=1))
            head = marks[inside.argmax(axis=1)]
            tail = length - marks[block.size - inside[:, ::-1].argmax(axis=1)]
        wages = self.wages * present
        both = wages * in_block
        starts, ends = clock[first], clock[last]
        # constant part: before the first scene of R, between first and last, after the last
        enter = wages * np.where(in_block, head - starts, length)
        leave = -wages * np.where(in_block, tail + ends, length)
        outside = wages @ (ends - starts) + both @ (starts + length - head)
        alone = (self.wages * (in_block & ~present)) @ (length - head - tail)
        gaps = np.concatenate((first + 1, last))
        constant = np.bincount(gaps, np.concatenate((enter, leave)), n + 2)[: n + 1].cumsum()
        slope = np.bincount(gaps, np.concatenate((both, both)), n + 2)[: n + 1].cumsum() - both.sum()
        prices = constant + slope * clock + (outside + alone - self.offset)
        if self.moves:
            prices += self._moving(rest, block)
        low, high = self._gaps(rest, block) if self.tied else (0, n)
        return rest, block, low, prices[low : high + 1]

    def _moving(self, rest: np.ndarray, block: np.ndarray) -> np.ndarray:
        places = self.instance.locations
        path = np.concatenate(((-1,), places[rest], (-1,)))
        before, after = path[:-1], path[1:]
        inside = places[block]
        arrive = self.move_costs[after]
        changed = before != after
        fixed = (arrive * changed).sum() + self.move_costs[inside[1:][inside[1:] != inside[:-1]]].sum()
        return np.asarray(
            fixed
            + self.move_costs[inside[0]] * (before != inside[0])
            + arrive * ((after != inside[-1]) * 1.0 - changed)
        )

    def _gaps(self, rest: np.ndarray, block: np.ndarray) -> tuple[int, int]:
        low, high = 0, rest.size
        for scene in block.tolist():
            for other in self.before.get(scene, ()):
                found = np.flatnonzero(rest == other)
                if found.size:
                    low = max(low, int(found[0]) + 1)
            for other in self.after.get(scene, ()):
                found = np.flatnonzero(rest == other)
                if found.size:
                    high = min(high, int(found[0]))
        return low, high


def _spread(pricer: _Pricer, rng: np.random.Generator) -> float:
    """Mean standard deviation of the prices of one step: the unit of temperature."""
    spreads = [1e-9]
    for at in rng.integers(pricer.order.size, size=40).tolist():
        prices = pricer.price(at, 1, False)[3]
        spreads.append(float(prices.std()))
    return float(np.mean(spreads)) or 1.0


def _any_allowed(instance: OrderInstance) -> list[int]:
    """An order that keeps the precedences, by location where they allow it."""
    from graphlib import TopologicalSorter

    graph: dict[int, set[int]] = {scene: set() for scene in range(instance.scenes)}
    for earlier, later in instance.before:
        graph[later].add(earlier)
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    order: list[int] = []
    ready: list[int] = []
    here = -1
    while sorter.is_active():
        ready.extend(sorter.get_ready())
        ready.sort(key=lambda scene: (instance.locations[scene] != here, instance.locations[scene], scene))
        scene = ready.pop(0)
        here = instance.locations[scene]
        order.append(scene)
        sorter.done(scene)
    return order
