"""The best order of a pure-order instance, with the method chosen by its size.

Up to about two dozen merged scenes the subset DP proves the best order; beyond that annealing finds a good one and the
bounds say how good. Somewhat above two dozen, without locations and precedences, the search from both ends proves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from frontrow.production import bounds
from frontrow.production.instances import OrderInstance
from frontrow.production.subset_dp import Proof, merge, prove

PROVEN_SCENES = 24  # merged scenes: below, the DP always finishes
TRIED_SCENES = 30  # merged scenes: up to here a proof is worth trying
TRIED_PERFORMERS = 32  # who may wait: what the sets of that search hold
_FEW_STEPS = 100  # heat-bath steps a scene when a proof follows, which begins with a beam of its own
_ANNEALING_SHARE = 0.8  # of the time; the rest is for windows and bounds
_BOUND_SHARE = 0.1  # of the time, when a proof was not found in the rest
_MODEL_SECONDS = 3.0  # to build the CP-SAT model and to end it
_STEP_US = (3.0, 0.02)  # a modest machine's time for a step, and more for each scene: so that not the clock decides

Tick = Callable[[str, int, int, float], None]
"""Progress: (what is going on, best extra cost, bound on it, seconds left)."""


@dataclass(frozen=True)
class Ordered:
    """`cost` as the instance's family counts it, `holding` the waiting part, `bound` below any order's `cost`."""

    order: tuple[int, ...]
    cost: int
    holding: int
    moving: int
    bound: int
    proven: bool
    method: str


def solve_order(
    instance: OrderInstance,
    *,
    seconds: float,
    seed: int,
    workers: int,
    clock: Callable[[], float],
    tick: Tick | None = None,
) -> Ordered:
    """The best order found within about `seconds`; Ctrl-C ends the search with the best so far."""
    ends = clock() + seconds
    merged = merge(instance)
    if merged.scenes <= PROVEN_SCENES:
        return _result(instance, prove(instance), "subset dynamic programming")
    from frontrow.production.annealing import Annealing, anneal  # imports numba

    best = list(range(instance.scenes))
    bound = 0
    rng = np.random.default_rng(seed)
    provable = merged.symmetric and merged.scenes <= TRIED_SCENES and merged.works.shape[0] <= TRIED_PERFORMERS
    config = Annealing(steps_per_scene=_FEW_STEPS) if provable else Annealing()
    step_s = (_STEP_US[0] + _STEP_US[1] * instance.scenes) / 1e6
    steps = min(config.steps_per_scene, int(_ANNEALING_SHARE * seconds / step_s / instance.scenes))
    config = Annealing(steps_per_scene=max(50, steps))

    def report(share: float, cost: int, doing: str = "annealing") -> None:
        if tick:
            tick(doing, cost, bound, max(0.0, ends - clock()))

    def late() -> bool:
        report(1.0, instance.extra_cost(best), "proving")
        return clock() > ends - _BOUND_SHARE * seconds

    try:
        begun = clock()
        allowed = _ANNEALING_SHARE * seconds
        best = anneal(instance, rng, config, elapsed=lambda: (clock() - begun) / allowed, tick=report)
        if provable:
            from frontrow.production.two_ended import prove_from_both_ends  # imports numba

            proof = prove_from_both_ends(instance, best, late)
            if proof.proven:
                return _result(instance, proof, "search from both ends")
            best = list(proof.order)
        bound = bounds.group_bound(instance, rng, lambda: clock() > ends)
        report(1.0, instance.extra_cost(best))
        if not provable and ends - clock() > _MODEL_SECONDS + 1:
            left = min(10.0, ends - clock() - _MODEL_SECONDS)
            bound = max(bound, bounds.linear_order_bound(instance, best, bound, left, workers, seed))
    except KeyboardInterrupt:
        pass  # what was found so far is the answer
    extra = instance.extra_cost(best)
    return _result(instance, Proof(tuple(best), extra, min(bound, extra), 0), "annealing with window DP")


def _result(instance: OrderInstance, proof: Proof, method: str) -> Ordered:
    fixed = 0 if instance.extra_only else instance.unavoidable
    return Ordered(
        order=proof.order,
        cost=instance.cost(proof.order),
        holding=instance.holding(proof.order),
        moving=instance.moving(proof.order),
        bound=proof.bound + fixed,
        proven=proof.proven,
        method=method,
    )
