"""A new plan from an old one: locked days stay, moving a scene has a price, and who must be told is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from frontrow.errors import InputError
from frontrow.production import options, sequence
from frontrow.production.daily import Daily
from frontrow.production.facts import Facts
from frontrow.production.infeasibility import Core, Locked, find_start
from frontrow.production.options import Space
from frontrow.production.plan import Plan
from frontrow.production.sequence import Decision
from frontrow.production.solve import Solved, Tick, solve


@dataclass(frozen=True)
class Notice:
    """Somebody who must be told, and what changed for them."""

    who: str
    role: str  # performer, site or unit
    changes: tuple[str, ...]


def replan(
    facts: Facts,
    old: Plan,
    *,
    locked_until: date,
    seconds: float,
    workers: int,
    seed: int,
    clock: Callable[[], float],
    tick: Tick | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Solved | Core:
    """The best plan near `old` for what the sheet says now; days up to `locked_until` stay as they are.

    Where no plan can keep them and every rule, the core. Raises InputError when a locked day no longer fits the sheet.
    """
    fixed = locked_scenes(facts, old, locked_until)
    space = options.space(facts, fixed=fixed, locked_until=locked_until)
    kept = _still_possible(space, sequence.decision_of(space, old))
    for day in {day for day, _ in fixed.values()}:
        index = space.dates.index(day) if day in space.dates else None
        if index is None or index not in kept.scenes:
            raise InputError(f"{day} is locked but no longer fits the sheet; change the sheet or lock fewer days")
    locked = Locked(fixed, locked_until)
    start = find_start(facts, kept, seconds=max(10.0, seconds / 2), seed=seed, clock=clock, locked=locked)
    if isinstance(start, Core):
        return start
    previous = {scene: day for scene, (day, _) in old.where().items()}
    return solve(
        facts,
        seconds=seconds,
        workers=workers,
        seed=seed,
        clock=clock,
        previous=previous,
        first=start,
        fixed=fixed,
        locked_until=locked_until,
        tick=tick,
        stopped=stopped,
    )


def locked_scenes(facts: Facts, old: Plan, locked_until: date) -> dict[str, tuple[date, str]]:
    """Scenes that stay where they are, with date and site."""
    return {
        slot.scene: (day.date, slot.site)
        for day, slot in old.slots()
        if day.date <= locked_until and slot.scene in facts.sheet.scene
    }


def _still_possible(space: Space, decision: Decision) -> Decision:
    """The old decision without what the new sheet forbids: those scenes start without a day."""
    daily = Daily(space)
    scenes: dict[int, tuple[tuple[int, int], ...]] = {}
    modes = {}
    placed: set[int] = set()
    for day, items in sorted(decision.scenes.items()):
        kept = [(s, k) for s, k in items if daily.open(s, day, k)]
        here = {s for s, _ in kept}
        waiting = {b for a, b in daily.orders if a not in placed and (a not in here or not daily.alike(a, b))}
        kept = [(s, k) for s, k in kept if s not in waiting or space.scenes[s].id in space.fixed]
        mode = decision.modes[day]
        while kept and not any(daily.takes(day, m, kept) for m in (mode, *space.modes[day])):
            loose = [item for item in kept if space.scenes[item[0]].id not in space.fixed]
            if not loose:
                kept = []
                break
            kept.remove(loose[-1])
        if kept:
            scenes[day] = tuple(kept)
            modes[day] = next(m for m in (mode, *space.modes[day]) if daily.takes(day, m, kept))
            placed |= {s for s, _ in kept}
    return Decision(modes, scenes)


def notices(facts: Facts, old: Plan, new: Plan) -> list[Notice]:
    """Who must be told what, performers first."""
    changes: dict[tuple[str, str], list[str]] = {}

    def tell(role: str, who: str, text: str) -> None:
        if text not in changes.setdefault((role, who), []):
            changes[role, who].append(text)

    before, after = old.where(), new.where()
    for scene in sorted(before.keys() | after.keys()):
        was, now = before.get(scene), after.get(scene)
        if was == now or scene not in facts.sheet.scene:
            continue
        text = f"scene {scene}: {_place(was)} -> {_place(now)}"
        for who in facts.sheet.scene[scene].cast:
            tell("performer", who, text)
        for site in {place[1] for place in (was, now) if place}:
            tell("site", site, text)
    for who in sorted(old.engaged.keys() | new.engaged.keys()):
        was_on, now_on = old.engaged.get(who, ()), new.engaged.get(who, ())
        if was_on != now_on:
            tell("performer", who, f"engaged {_spans(was_on)} -> {_spans(now_on)}")
    old_days, new_days = ({day.date: day for day in plan.days} for plan in (old, new))
    for day in sorted(old_days.keys() | new_days.keys()):
        one, other = old_days.get(day), new_days.get(day)
        if (one is None) != (other is None):
            tell("unit", "crew", f"{day}: {'a shooting day now' if other else 'no shooting day any more'}")
        elif one and other and (one.call, one.sites) != (other.call, other.sites):
            tell("unit", "crew", f"{day}: other call or sites")
    order = {"performer": 0, "site": 1, "unit": 2}
    return [
        Notice(who, role, tuple(texts))
        for (role, who), texts in sorted(changes.items(), key=lambda item: (order[item[0][0]], item[0][1]))
    ]


def _place(place: tuple[date, str] | None) -> str:
    return f"{place[0]} at {place[1]}" if place else "no day"


def _spans(spans: tuple[tuple[date, date], ...]) -> str:
    return " and ".join(f"{first} to {last}" for first, last in spans) or "not at all"
