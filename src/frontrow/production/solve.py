"""From facts to the best plan found: grouping, annealing, then CP-SAT, with progress and a stop at any time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from frontrow.production import checker, greedy, ledger, options
from frontrow.production.costs import Costs
from frontrow.production.days import DayModel
from frontrow.production.facts import Facts
from frontrow.production.improvement import Annealer
from frontrow.production.options import Mode, Space
from frontrow.production.plan import Plan
from frontrow.production.sequence import Decision, assemble
from frontrow.production.slack import bring_forward

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

# Annealing's share of the time; the rest is CP-SAT's, which proves small productions and finds little in large ones.
_SHARE_SMALL, _SHARE_LARGE = 0.2, 0.9
_LARGE = 1_200  # scenes times dates
# A modest machine's rates: moves and work depend on the time asked for, not on the clock.
_MOVES_PER_SECOND = 300_000
_WORK_PER_SECOND = 0.25  # CP-SAT's deterministic seconds

Tick = Callable[[int | None, int | None, float], None]
"""Progress: (best cost, proven bound, seconds left); None while unknown."""


@dataclass(frozen=True)
class Solved:
    """`status` is optimal, feasible or incomplete (scenes left out); costs are in minor units."""

    status: str
    plan: Plan
    cost: int
    bound: int | None
    grouped_cost: int  # of the first plan
    grouped_left_out: int
    candidates: tuple[Plan, ...] = ()  # complete plans found on the way, to be ranked by how they stand the weather


class Disagreement(AssertionError):
    """Model and ledger (or checker) differ: a bug, never the user's fault."""


def solve(
    facts: Facts,
    *,
    seconds: float,
    workers: int = 1,
    seed: int = 0,
    clock: Callable[[], float],
    previous: Mapping[str, date] | None = None,
    first: Decision | None = None,
    fixed: Mapping[str, tuple[date, str]] | None = None,
    locked_until: date = date.min,
    tick: Tick | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Solved:
    """The best plan found in `seconds`, or until `stopped` says so. One worker gives the same plan each time.

    `previous` prices moved scenes; `first` starts from that decision rather than from a grouped one;
    `fixed` scenes (date and site) stay, and no other scene comes to dates up to `locked_until`.
    """
    space = options.space(facts, fixed=fixed, locked_until=locked_until)
    start = first or first_decision(space)
    grouped = assemble(space, start)
    grouped_cost = ledger.price(facts, grouped, previous).total
    if tick:
        tick(grouped_cost if not grouped.unscheduled else None, None, seconds)
    annealer = Annealer(space, start, _indices(space, previous), seed)  # compiles, once on a machine
    began = clock()
    ends = began + seconds
    share = _SHARE_LARGE if len(space.scenes) * len(space.dates) > _LARGE else _SHARE_SMALL
    allowed = seconds * (1 + share) / 2  # a slow machine anneals into the time of CP-SAT
    extras = facts.sheet.crew.extra * sum(scene.extras for scene in facts.sheet.scenes)

    def report(cost: int | None) -> None:
        if tick:
            tick(None if cost is None else cost + extras, None, max(0.0, ends - clock()))

    moves = int(seconds * share * _MOVES_PER_SECOND)
    annealer.run(moves, lambda: 1.0 if stopped() else (clock() - began) / allowed, report)
    search = Search(space, previous)
    search.complete_hint(annealer.decision())
    annealed = assemble(space, *search.hinted)
    status, best = search.run(
        max(1.0, ends - clock()), seconds * (1 - share), workers, seed, clock, tick, stopped
    ) if not stopped() else ("feasible", None)  # fmt: skip
    plan = assemble(space, *(best or search.hinted))
    cost = ledger.price(facts, plan, previous).total
    _agree(facts, search, plan, cost)
    sound = not grouped.unscheduled and not checker.check(facts, grouped)
    if sound and cost > grouped_cost:
        plan = grouped
    if not plan.unscheduled:
        plan = bring_forward(facts, space, plan, previous)
        cost = ledger.price(facts, plan, previous).total
    return Solved(
        status="incomplete" if plan.unscheduled else status,
        plan=plan,
        cost=cost,
        bound=None if plan.unscheduled else search.bound,
        grouped_cost=grouped_cost,
        grouped_left_out=len(grouped.unscheduled),
        candidates=tuple(other for other, good in ((annealed, not annealed.unscheduled), (grouped, sound)) if good),
    )


def _indices(space: Space, previous: Mapping[str, date] | None) -> dict[str, int] | None:
    """Date indices of the scenes of a plan before; a date that is no longer one counts as moved."""
    at = {day: number for number, day in enumerate(space.dates)}
    return None if previous is None else {scene: at.get(day, -1) for scene, day in previous.items()}


def first_decision(space: Space) -> Decision:
    """The grouped plan; where it leaves scenes out, the one that starts with scarce scenes, if that leaves fewer."""
    plain = greedy.group(space)
    if sum(map(len, plain.scenes.values())) == len(space.scenes):
        return plain
    scarce = greedy.group(space, scarce_first=True)
    return max(plain, scarce, key=lambda decision: sum(map(len, decision.scenes.values())))


def grouping(facts: Facts) -> tuple[Decision, int]:
    """The first plan, and how many scenes it leaves out: then somebody should ask if every rule can be kept at all."""
    space = options.space(facts)
    decision = first_decision(space)
    return decision, len(space.scenes) - sum(map(len, decision.scenes.values()))


def _agree(facts: Facts, search: Search, plan: Plan, cost: int) -> None:
    """Solver, ledger and checker must say the same."""
    if search.cost is not None and search.cost != cost:
        raise Disagreement(f"the model says {search.cost}, the ledger {cost} ({search.term_values})")
    broken = [v for v in checker.check(facts, plan) if v.rule != "every scene once"]
    if broken:
        raise Disagreement(f"the model's plan breaks: {broken[0]}")


Best = tuple[Decision, dict[str, tuple[tuple[date, date], ...]]]


class Search:
    """One CP-SAT search over the day model."""

    def __init__(self, space: Space, previous: Mapping[str, date] | None) -> None:
        self.space = space
        self.days = DayModel(space)
        self.costs = Costs(self.days, previous)
        self.costs.minimise()
        self.bound: int | None = None
        self.cost: int | None = None
        self.term_values: dict[str, int] = {}

    def complete_hint(self, start: Decision) -> None:
        """Hint every variable with the best values that go with a decision."""
        solver = self._complete(start)
        self.hinted = self._read(solver)
        self.days.model.clear_hints()  # type: ignore[no-untyped-call]
        for index in range(len(self.days.model.proto.variables)):
            variable = self.days.model.get_int_var_from_proto_index(index)
            self.days.model.add_hint(variable, solver.value(variable))

    def _complete(self, decision: Decision) -> cp_model.CpSolver:
        """Fix a decision and solve for the rest: engagements, calls, and every cost at its least."""
        from ortools.sat.python import cp_model

        fixed = self.days.model.clone()
        chosen = {(s, day, k) for day, scenes in decision.scenes.items() for s, k in scenes}
        for option, literal in self.days.place.items():
            value = (option.scene, option.day, option.site) in chosen
            fixed.add(fixed.get_bool_var_from_proto_index(literal.index) == int(value))
        for (day, number), literal in self.days.mode.items():
            mode = self.space.modes[day][number]
            value = bool(decision.scenes.get(day)) and decision.modes.get(day) == mode
            fixed.add(fixed.get_bool_var_from_proto_index(literal.index) == int(value))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.catch_sigint_signal = False  # Ctrl-C belongs to Python; CP-SAT would unhook it
        solver.parameters.max_time_in_seconds = 120
        if solver.solve(fixed) != cp_model.OPTIMAL:
            raise Disagreement("a plan of the annealing does not fit the model")
        self.term_values = {name: int(solver.value(term)) for name, term in self.costs.terms.items()}
        self.cost = sum(self.term_values.values())
        return solver

    def run(
        self,
        seconds: float,
        budget: float,
        workers: int,
        seed: int,
        clock: Callable[[], float],
        tick: Tick | None,
        stopped: Callable[[], bool],
    ) -> tuple[str, Best | None]:
        """Search for `seconds`, or with one worker for the work of `budget` seconds: outcome and best solution."""
        from ortools.sat.python import cp_model

        solver = cp_model.CpSolver()
        parameters = solver.parameters
        parameters.num_workers = workers
        parameters.random_seed = seed
        parameters.max_time_in_seconds = seconds
        if workers == 1:  # ends after so much work, not so much time: one seed, one plan
            parameters.max_deterministic_time = _WORK_PER_SECOND * budget
        parameters.catch_sigint_signal = False
        progress = _Progress(seconds, clock, tick)
        outcome: list[int] = []

        def work() -> None:
            solver.best_bound_callback = progress.on_bound
            outcome.append(int(solver.solve(self.days.model, progress.callback())))

        thread = threading.Thread(target=work)
        thread.start()
        while thread.is_alive():
            thread.join(0.5)
            progress.show()
            if stopped():
                solver.stop_search()
        status = outcome[0] if outcome else 0
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return "feasible", None
        self.bound = round(solver.best_objective_bound)
        # A solution found in a hurry may leave costs above what its decisions need: settle them.
        settled = self._complete(self._read(solver)[0])
        return ("optimal" if status == cp_model.OPTIMAL else "feasible"), self._read(settled)

    def _read(self, solver: cp_model.CpSolver) -> Best:
        scenes: dict[int, list[tuple[int, int]]] = {}
        for option, literal in self.days.place.items():
            if solver.boolean_value(literal):
                scenes.setdefault(option.day, []).append((option.scene, option.site))
        modes: dict[int, Mode] = {
            day: self.space.modes[day][number]
            for (day, number), literal in self.days.mode.items()
            if solver.boolean_value(literal)
        }
        engaged: dict[str, tuple[tuple[date, date], ...]] = {}
        for who in dict.fromkeys(who for who, _ in self.costs.engaged):
            on = [d for d in self.days.days if solver.boolean_value(self.costs.engaged[who, d])]
            spans: list[list[int]] = []
            for d in on:
                if spans and spans[-1][1] == d - 1:
                    spans[-1][1] = d
                else:
                    spans.append([d, d])
            if spans:
                engaged[who] = tuple((self.space.dates[a], self.space.dates[b]) for a, b in spans)
        return Decision(modes, {day: tuple(items) for day, items in scenes.items()}), engaged


class _Progress:
    """Keeps best cost and bound for whoever watches."""

    def __init__(self, seconds: float, clock: Callable[[], float], tick: Tick | None) -> None:
        self.ends = clock() + seconds
        self.clock = clock
        self.tick = tick
        self.best: int | None = None
        self.bound: int | None = None

    def on_bound(self, bound: float) -> None:
        self.bound = round(bound)

    def show(self) -> None:
        if self.tick:
            self.tick(self.best, self.bound, max(0.0, self.ends - self.clock()))

    def callback(self) -> cp_model.CpSolverSolutionCallback:
        from ortools.sat.python import cp_model

        outer = self

        class Watch(cp_model.CpSolverSolutionCallback):
            def on_solution_callback(self) -> None:
                outer.best = round(self.objective_value)

        return Watch()
