"""Costs that no order goes below, for instances too large to prove.

Two bounds; the better one counts. Performers are put in small groups and each group's problem is solved alone by the
subset DP: few performers mean few different casts, hence few merged scenes, and the groups' costs add up. The CP-SAT
model orders all scenes at once (spans of performers, arcs between scenes for the visits of locations) and proves what
it can in the time given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from frontrow.production.instances import OrderInstance
from frontrow.production.subset_dp import merge, prove

_MOST_MERGED = 18  # merged scenes of a group that the DP proves in a fraction of a second
_MOST_MODELLED = 60  # scenes beyond which the linear-order model only costs time (n^2 literals)


def group_bound(instance: OrderInstance, rng: np.random.Generator, stop: Callable[[], bool] = lambda: False) -> int:
    """Sum of the proven costs of disjoint groups of performers, nothing for locations; the best of some groupings."""
    actors = np.flatnonzero(instance.wages > 0)
    best = 0
    for attempt in range(12):
        total = 0
        rest = [int(a) for a in (rng.permutation(actors) if attempt else actors[np.argsort(-instance.wages[actors])])]
        while rest and not stop():
            group: list[int] = [rest.pop(0)]
            while rest and merge(_only(instance, [*group, rest[0]])).scenes <= _MOST_MERGED:
                group.append(rest.pop(0))
            total += prove(_only(instance, group), width=50).bound
        if not rest:
            best = max(best, total)
    return best


def _only(instance: OrderInstance, actors: list[int]) -> OrderInstance:
    """The instance with these performers, one location and no precedences: a relaxation."""
    return OrderInstance(
        instance.name,
        instance.works[actors],
        instance.wages[actors],
        instance.durations,
        np.zeros(instance.scenes, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
    )


def linear_order_bound(
    instance: OrderInstance, hint: list[int], known: int, seconds: float, workers: int, seed: int
) -> int:
    """The bound CP-SAT proves on the extra cost within `seconds`, from the order `hint` and the bound `known`."""
    if instance.scenes > _MOST_MODELLED or seconds <= 0:
        return 0
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    n = instance.scenes
    horizon = int(instance.durations.sum())
    durations = instance.durations.tolist()
    starts = [model.new_int_var(0, horizon - durations[s], f"start_{s}") for s in range(n)]
    model.add_no_overlap([model.new_fixed_size_interval_var(starts[s], durations[s], f"shot_{s}") for s in range(n)])
    for earlier, later in instance.before:
        model.add(starts[earlier] + durations[earlier] <= starts[later])
    at = np.zeros(n, dtype=np.int64)
    at[hint] = np.r_[0, np.cumsum(instance.durations[hint])[:-1]]
    for scene in range(n):
        model.add_hint(starts[scene], int(at[scene]))

    costs = []
    for actor, wage in enumerate(instance.wages.tolist()):
        own = np.flatnonzero(instance.works[actor]).tolist()
        if wage == 0 or len(own) < 2:
            continue
        work = int(instance.durations[own].sum())
        first = model.new_int_var(0, horizon, f"first_{actor}")
        last = model.new_int_var(0, horizon, f"last_{actor}")
        for scene in own:
            model.add(first <= starts[scene])
            model.add(last >= starts[scene] + durations[scene])
        model.add(last - first >= work)
        costs.append(wage * (last - first - work))
    visits = _visits(model, instance, starts)
    model.add(sum(costs) >= known)
    model.minimize(sum(costs) + visits)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.parameters.catch_sigint_signal = False  # Ctrl-C belongs to Python
    solver.parameters.random_seed = seed
    solver.solve(model)
    return max(known, int(np.ceil(solver.best_objective_bound - 1e-6)))


def _visits(model: Any, instance: OrderInstance, starts: list[Any]) -> Any:
    """The cost of visits after the first of each location, with one arc literal for each scene following another."""
    if instance.location_costs.size < 2:
        return 0
    n, durations = instance.scenes, instance.durations.tolist()
    arcs, cost = [], []
    for a in range(-1, n):
        for b in range(-1, n):
            if a == b:
                continue
            follows = model.new_bool_var(f"{a}_then_{b}")
            arcs.append((a + 1, b + 1, follows))
            if a >= 0 and b >= 0:
                model.add(starts[b] == starts[a] + durations[a]).only_enforce_if(follows)
            if b >= 0 and (a < 0 or instance.locations[a] != instance.locations[b]):
                cost.append(int(instance.location_costs[instance.locations[b]]) * follows)
    model.add_circuit(arcs)
    return sum(cost) - int(instance.location_costs[np.unique(instance.locations)].sum())
