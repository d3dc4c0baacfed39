"""Costs that no order goes below, for instances too large to prove.

Two bounds, the better one counts. Performers are put in small groups and each group's problem is solved alone by the
subset DP: few performers mean few different casts, hence few merged scenes, and the groups' costs add up. The CP-SAT
model orders all scenes at once (linear-order literals, spans of performers, visits of locations) and proves what it can
in the time given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from frontrow.production.instances import OrderInstance
from frontrow.production.subset_dp import merge, prove

_MOST_MERGED = 18  # merged scenes of a group that the DP proves in a fraction of a second
_MOST_MODELLED = 60  # scenes beyond which the linear-order model only costs time (n^3 transitivity)


def group_bound(instance: OrderInstance, rng: np.random.Generator, stop: Callable[[], bool] = lambda: False) -> int:
    """Sum of the proven costs of disjoint groups of performers, plus nothing for locations; best of some groupings."""
    actors = np.flatnonzero(instance.wages > 0)
    best = 0
    for attempt in range(4):
        total = 0
        rest = list(rng.permutation(actors)) if attempt else sorted(actors, key=lambda a: -instance.wages[a])
        while rest and not stop():
            group = [rest.pop(0)]
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


def linear_order_bound(instance: OrderInstance, hint: list[int], seconds: float, workers: int, seed: int) -> int:
    """The bound CP-SAT proves on the extra cost within `seconds`, starting from the order `hint`."""
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

    def named_order() -> dict[tuple[int, int], cp_model.IntVar]:
        precedes = {}
        for a in range(n):
            for b in range(a + 1, n):
                literal = model.new_bool_var(f"{a}_before_{b}")
                model.add(starts[a] + durations[a] <= starts[b]).only_enforce_if(literal)
                model.add(starts[b] + durations[b] <= starts[a]).only_enforce_if(~literal)
                precedes[a, b] = literal
        return precedes

    named_order()
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
    model.minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.solve(model)
    return max(0, int(np.ceil(solver.best_objective_bound - 1e-6)))
