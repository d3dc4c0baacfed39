"""Why a scene is on its day, and what if it were on another: the price and the broken rules, at once."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from datetime import date

from frontrow.errors import InputError
from frontrow.production import checker, ledger, options
from frontrow.production.checker import Violation
from frontrow.production.daily import Daily
from frontrow.production.facts import Facts
from frontrow.production.options import Mode, Space
from frontrow.production.plan import Plan
from frontrow.production.sequence import Decision, assemble, decision_of


@dataclass(frozen=True)
class Moved:
    """A scene on another date, everything else where it was. `price` is what the ledger changes by."""

    scene: str
    date: date
    price: int
    by_item: dict[str, int]
    broken: tuple[Violation, ...]
    plan: Plan


def move(facts: Facts, plan: Plan, scene: str, day: date, space: Space | None = None) -> Moved:
    """The plan with `scene` on `day`, both days put in order anew. Raises InputError for an unknown scene or date."""
    space = space or options.space(facts)
    if scene not in facts.sheet.scene:
        raise InputError(f"{scene!r} is no scene of the sheet; there are {', '.join(list(facts.sheet.scene)[:8])} ...")
    if day not in space.dates:
        reason = facts.free.get(day, "it is outside of the calendar")
        raise InputError(f"{day} is no possible shooting day: {reason}")
    before = decision_of(space, plan)
    index = next(number for number, other in enumerate(space.scenes) if other.id == scene)
    site = next((k for items in before.scenes.values() for s, k in items if s == index), space.candidates[index][0])
    target = space.dates.index(day)
    scenes = {d: tuple(item for item in items if item[0] != index) for d, items in before.scenes.items()}
    scenes[target] = (*scenes.get(target, ()), (index, site))
    scenes = {d: items for d, items in scenes.items() if items}
    modes = {d: _mode(space, d, scenes[d], before.modes.get(d)) for d in scenes}
    after = assemble(space, Decision(modes, scenes))
    old, new = ledger.price(facts, plan).by_item(), ledger.price(facts, after).by_item()
    changes = {
        item: new.get(item, 0) - old.get(item, 0) for item in ledger.ITEMS if new.get(item, 0) != old.get(item, 0)
    }
    known = set(checker.check(facts, plan))
    broken = tuple(violation for violation in checker.check(facts, after) if violation not in known)
    return Moved(scene, day, sum(changes.values()), changes, broken, after)


def _mode(space: Space, day: int, items: tuple[tuple[int, int], ...], old: Mode | None) -> Mode:
    """The old mode if it still fits, else one that does, else one of the right city so that the checker can speak."""
    daily = Daily(space)
    choices = [*([old] if old else []), *space.modes[day]]
    city = space.sites[items[-1][1]].city
    fitting = next((mode for mode in choices if daily.takes(day, mode, items)), None)
    return fitting or old or next(mode for mode in space.modes[day] if mode.city == city)


@dataclass(frozen=True)
class Reason:
    """Why a scene is on its day: the best other date that breaks nothing, and what forbids the rest."""

    scene: str
    date: date
    best_other: datetime.date | None
    price: int | None
    alternatives: tuple[Moved, ...]  # every other date, cheapest allowed first
    forbidden: dict[str, int]  # rule: number of dates it forbids


def why(facts: Facts, plan: Plan, scene: str) -> Reason:
    """Try the scene on every other date. Raises InputError when it has no day."""
    where = plan.where().get(scene)
    if where is None:
        raise InputError(f"scene {scene!r} has no day in this plan")
    space = options.space(facts)
    tried = [move(facts, plan, scene, day, space) for day in space.dates if day != where[0]]
    allowed = sorted((moved for moved in tried if not moved.broken), key=lambda moved: moved.price)
    forbidden: dict[str, int] = {}
    for moved in tried:
        for rule in {violation.rule for violation in moved.broken}:
            forbidden[rule] = forbidden.get(rule, 0) + 1
    rest = sorted((moved for moved in tried if moved.broken), key=lambda moved: moved.date)
    best = allowed[0] if allowed else None
    return Reason(
        scene, where[0], best.date if best else None, best.price if best else None, (*allowed, *rest), forbidden
    )
