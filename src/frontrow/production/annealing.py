"""Good orders for instances too large to prove: heat-bath annealing of blocks, then windows reordered exactly.

A step takes a block of scenes out and prices *every* place it could go back to at once (`blocks`). The new place is
drawn from the Boltzmann weights (a heat bath: nothing is ever rejected, which matters when it is cold). The number of
steps depends on the instance and the time allowed alone, so one seed gives one order unless the machine is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from frontrow.production import blocks
from frontrow.production.instances import OrderInstance
from frontrow.production.subset_dp import prove

_CHUNK = 256  # steps at one temperature
_POLISH_SHARE = 1.08  # of the time allowed: the last windows may take a little more

Tick = Callable[[float, int], None]
"""Progress: (share of the steps done, best extra cost so far)."""


@dataclass(frozen=True)
class Annealing:
    """How long and how hot."""

    steps_per_scene: int = 100_000  # heat-bath steps a scene at most; fifty scenes take ten seconds
    run_steps_per_scene: int = 10_000  # of one run: runs of four times that end no better, but seeds differ by 1 %
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
    order = list(start if start is not None else _any_allowed(instance))
    n = len(order)
    if n < 3:
        return order
    problem, board = blocks.problem(instance), blocks.board(instance, order)
    runs = max(1, config.steps_per_scene // config.run_steps_per_scene)
    steps = config.steps_per_scene * n // runs
    spread = _spread(problem, board, rng)
    ratio = np.log(config.cold / config.hot)
    best, best_order = instance.extra_cost(order), board.best
    try:
        for run in range(runs):
            board = blocks.board(instance, order)._replace(best=best_order)
            for step in range(0, steps, _CHUNK):
                share = max(step / steps, elapsed() * runs - run)
                if share >= 1:
                    break
                if tick and step % (16 * _CHUNK) == 0:
                    tick((run + share) / runs, best)
                temperature = spread * config.hot * np.exp(ratio * share)
                draws = rng.random((_CHUNK, 5))
                best = blocks.heat_bath(problem, board, draws, temperature, config.block_share, config.mean_block, best)
    except KeyboardInterrupt:
        return [int(scene) for scene in best_order]
    return polish(instance, best_order.tolist(), config.window, lambda: elapsed() >= _POLISH_SHARE)


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


def _spread(problem: blocks.Problem, board: blocks.Board, rng: np.random.Generator) -> float:
    """Mean standard deviation of the prices of one step: the unit of temperature."""
    spreads = [1e-9]
    for at in rng.integers(board.order.size, size=40).tolist():
        low, high = blocks.price(problem, board, at, 1, False)
        spreads.append(float(board.room[0, low : high + 1].std()))
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
