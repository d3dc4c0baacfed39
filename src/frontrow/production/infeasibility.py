"""When no plan keeps every rule: a smallest set of rules that cannot hold together, and what giving up each would cost.

Every rule of the day model hangs on a literal. CP-SAT names a sufficient set of them; rules are then taken out one by
one, and one stays in only if the rest can be kept without it (deletion filtering; Chinneck 2008, chapter 6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from frontrow.production import calendar_days, ledger, options
from frontrow.production.days import DayModel
from frontrow.production.facts import Facts
from frontrow.production.improvement import Annealer
from frontrow.production.sequence import Decision, assemble
from frontrow.production.sheet import Sheet
from frontrow.production.solve import first_decision

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

_EXTRA_DAYS = 28  # calendar days beyond the end that a plan without that rule may use
_PLAIN_SECONDS = 4.0  # without presolve
_MOVES_PER_SCENE = 2_000  # of annealing, to find dates for what grouping leaves out and to price one relaxation


@dataclass(frozen=True)
class Relaxation:
    """Giving up `rule`: the cost of a quick plan without it; None when that left scenes out too."""

    rule: str
    cost: int | None


@dataclass(frozen=True)
class Core:
    """Rules that cannot hold together. `minimal`: without any one of them the others can."""

    rules: tuple[str, ...]
    minimal: bool


@dataclass(frozen=True)
class Locked:
    """What a re-plan must not touch: scenes with their date and site, and dates that take no others."""

    fixed: Mapping[str, tuple[date, str]]
    until: date


NOTHING_LOCKED = Locked({}, date.min)


def find_start(
    facts: Facts,
    first: Decision,
    *,
    seconds: float,
    seed: int,
    clock: Callable[[], float],
    locked: Locked = NOTHING_LOCKED,
) -> Decision | Core:
    """`first` with the scenes that it leaves out put on dates; where a short search cannot, the core if there is one.

    When neither is found in `seconds`, the decision with the fewest scenes left out.
    """
    annealer = Annealer(options.space(facts, fixed=locked.fixed, locked_until=locked.until), first, None, seed)
    if annealer.left_out:
        annealer.run(_MOVES_PER_SCENE * len(facts.sheet.scenes))
    if not annealer.left_out:
        return annealer.decision()
    return find_core(facts, seconds=seconds, clock=clock, locked=locked) or annealer.decision()


def find_core(
    facts: Facts, *, seconds: float, clock: Callable[[], float], locked: Locked = NOTHING_LOCKED
) -> Core | Decision | None:
    """The core of an infeasible production, a decision that keeps every rule, or None when time ran out."""
    overfull = _overfull(facts)
    if overfull is not None:
        return overfull
    search = _CoreSearch(facts, locked, clock() + seconds, clock)
    outcome = search.try_rules(list(search.days.rules))
    if outcome is None or isinstance(outcome, Decision):
        return outcome
    core, minimal = list(outcome), True
    for rule in list(core):
        if rule not in core:
            continue
        rest = [other for other in core if other != rule]
        without = search.try_rules(rest)
        if without is None:
            minimal = False
        elif not isinstance(without, Decision):
            core = [other for other in rest if other in without]
    return Core(tuple(sorted(core)), minimal)


def _overfull(facts: Facts) -> Core | None:
    """The core of a calendar with fewer hours than the scenes have: arithmetic, where a search would take minutes."""
    calendar = facts.sheet.calendar
    end, hours = f"end of the calendar on {calendar.end}", f"at most {calendar.max_hours} hours a day"
    total = sum(scene.minutes for scene in facts.sheet.scenes)

    def room(day_minutes: int) -> int:
        return len(facts.dates) * (day_minutes - calendar.setup_minutes - calendar.meal_minutes)

    if total > room(24 * 60):
        return Core((end,), minimal=True)
    return Core((hours, end), minimal=True) if total > room(calendar.max_hours * 60) else None


class _CoreSearch:
    def __init__(self, facts: Facts, locked: Locked, ends: float, clock: Callable[[], float]) -> None:
        later = replace(facts.sheet.calendar, end=facts.sheet.calendar.end + timedelta(days=_EXTRA_DAYS))
        extra = tuple(day for day in calendar_days.shooting_dates(later) if day > facts.sheet.calendar.end)
        self.space = options.space(facts, extra, locked.fixed, locked.until)
        self.days = DayModel(self.space, relaxable=True)
        self.ends = ends
        self.clock = clock

    def try_rules(self, rules: Sequence[str]) -> Decision | frozenset[str] | None:
        """A decision that keeps these rules, the subset of them that cannot be kept, or None when time runs out."""
        from ortools.sat.python import cp_model

        left = self.ends - self.clock()
        if left <= 0:
            return None
        model = self.days.model
        model.clear_assumptions()
        model.add_assumptions([self.days.rules[rule] for rule in rules])
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.catch_sigint_signal = False  # Ctrl-C belongs to Python; CP-SAT would unhook it
        # Clashes are mostly plain; presolve costs five times what they do, so it waits for the hard ones.
        solver.parameters.cp_model_presolve = False
        solver.parameters.max_time_in_seconds = min(_PLAIN_SECONDS, left)
        status = solver.solve(model)
        if status == cp_model.UNKNOWN and left > _PLAIN_SECONDS:
            solver.parameters.cp_model_presolve = True
            solver.parameters.max_time_in_seconds = left - _PLAIN_SECONDS
            status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            names = {self.days.rules[rule].index: rule for rule in rules}
            found = solver.sufficient_assumptions_for_infeasibility()
            return frozenset(names[index] for index in found if index in names) if found else frozenset(rules)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return self._decision(solver)
        return None

    def _decision(self, solver: cp_model.CpSolver) -> Decision:
        scenes: dict[int, tuple[tuple[int, int], ...]] = {}
        for option, literal in self.days.place.items():
            if solver.boolean_value(literal):
                scenes[option.day] = (*scenes.get(option.day, ()), (option.scene, option.site))
        modes = {
            day: self.space.modes[day][number]
            for (day, number), literal in self.days.mode.items()
            if solver.boolean_value(literal)
        }
        return Decision(modes, scenes)


def price_relaxations(facts: Facts, core: Core, seed: int, locked: Locked = NOTHING_LOCKED) -> list[Relaxation]:
    """What a quick plan costs without each rule of the core, cheapest first."""
    found = []
    for rule in core.rules:
        relaxed = relax(facts, rule)
        kept = NOTHING_LOCKED if rule == "locked days" else locked
        space = options.space(relaxed, fixed=kept.fixed, locked_until=kept.until)
        annealer = Annealer(space, first_decision(space), None, seed)
        annealer.run(_MOVES_PER_SCENE * len(facts.sheet.scenes))
        plan = assemble(space, annealer.decision())
        cost = None if plan.unscheduled else ledger.price(relaxed, plan).total
        found.append(Relaxation(rule, cost))
    return sorted(found, key=lambda relaxation: (relaxation.cost is None, relaxation.cost or 0))


def relax(facts: Facts, rule: str) -> Facts:
    """The facts without one rule of the day model."""
    sheet, pack = facts.sheet, facts.pack
    words = rule.split()
    if rule.startswith("availability of "):
        sheet = _people(sheet, rule.removeprefix("availability of "), available=(), unavailable=())
    elif rule.startswith("hours of "):
        sheet = _people(sheet, rule.removeprefix("hours of "), hours=24)
    elif rule.startswith("rules for the minor "):
        sheet = _people(sheet, rule.removeprefix("rules for the minor "), born=None)
    elif rule.startswith("permits of "):
        name = rule.removeprefix("permits of ")
        sheet = replace(sheet, sites=tuple(replace(s, permits=()) if s.id == name else s for s in sheet.sites))
    elif rule.startswith("lock of scene "):
        sheet = replace(
            sheet, locks=tuple(lock for lock in sheet.locks if lock.scene != rule.removeprefix("lock of scene "))
        )
    elif rule.startswith("light of scene "):
        scene = words[3]
        sheet = replace(sheet, scenes=tuple(replace(s, int_ext="INT") if s.id == scene else s for s in sheet.scenes))
    elif rule.startswith("scene ") and " before " in rule:
        a, b = words[1], words[3]
        scenes = tuple(
            replace(
                s,
                before=_without(s.before, b) if s.id == a else s.before,
                after=_without(s.after, a) if s.id == b else s.after,
            )
            for s in sheet.scenes
        )
        sheet = replace(sheet, scenes=scenes)
    elif rule.startswith("scenes ") and rule.endswith(" on one day"):
        pair = {words[1], words[3]}
        scenes = tuple(
            replace(s, same_day=tuple(x for x in s.same_day if x not in pair)) if s.id in pair else s
            for s in sheet.scenes
        )
        sheet = replace(sheet, scenes=scenes)
    elif rule.startswith("end of the calendar"):
        sheet = replace(sheet, calendar=replace(sheet.calendar, end=sheet.calendar.end + timedelta(days=_EXTRA_DAYS)))
    elif rule.endswith("hours a day"):
        sheet = replace(sheet, calendar=replace(sheet.calendar, max_hours=20))
    elif rule.endswith("sites a day"):
        sheet = replace(sheet, calendar=replace(sheet.calendar, sites_a_day=6))
    elif rule == "rest between days":
        pack = replace(pack, least_rest_minutes=0)
    elif rule == "days in seven":
        pack = replace(pack, days_in_seven=7)
    dates = tuple(calendar_days.shooting_dates(sheet.calendar))
    return replace(facts, sheet=sheet, pack=pack, dates=dates, free=calendar_days.free_dates(sheet.calendar))


def _people(sheet: Sheet, name: str, **changes: object) -> Sheet:
    people = tuple(replace(person, **changes) if person.id == name else person for person in sheet.people)  # type: ignore[arg-type]
    return replace(sheet, people=people)


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name)
