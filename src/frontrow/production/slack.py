"""Of plans that cost the same, the one that ends earliest: what is left at the end is room for what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from frontrow.production import checker, ledger, sequence
from frontrow.production.facts import Facts
from frontrow.production.options import Space
from frontrow.production.plan import Plan
from frontrow.production.sequence import Decision


def bring_forward(facts: Facts, space: Space, plan: Plan, previous: Mapping[str, date] | None) -> Plan:
    """The plan moved as a whole to the earliest dates on which it breaks no rule and costs no more."""
    at = {day: number for number, day in enumerate(space.dates)}
    locked = sum(day <= space.locked_until for day in space.dates)
    if not plan.days or space.fixed:
        return plan
    cost = ledger.price(facts, plan, previous).total
    for steps in range(at[plan.days[0].date] - locked, 0, -1):
        moved = _moved(space, plan, at, steps)
        if moved and ledger.price(facts, moved, previous).total <= cost and not checker.check(facts, moved):
            return moved
    return plan


def _moved(space: Space, plan: Plan, at: Mapping[date, int], steps: int) -> Plan | None:
    """The plan so many shooting dates earlier, or None where a date lacks the light."""
    decision = sequence.decision_of(space, plan)
    modes = {}
    for day, mode in decision.modes.items():
        fitting = [m for m in space.modes[day - steps] if (m.kind, m.city) == (mode.kind, mode.city)]
        if not fitting:
            return None
        modes[day - steps] = fitting[0]
    scenes = {day - steps: items for day, items in decision.scenes.items()}
    engaged = {
        who: tuple((space.dates[at[first] - steps], space.dates[at[last] - steps]) for first, last in spans)
        for who, spans in plan.engaged.items()
    }
    return sequence.assemble(space, Decision(modes, scenes), engaged)
