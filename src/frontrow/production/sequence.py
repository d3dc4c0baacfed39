"""From decisions (which scene on which date, where, in which light) to a plan with a time for everything."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from frontrow.production.options import Mode, Space, light_class
from frontrow.production.plan import Plan, ShootDay, Slot
from frontrow.production.sheet import Person

RANKS = {
    "day": {"day": 0, "interior": 1},
    "night": {"night": 0, "interior": 1},
    "dawn": {"dawn": 0, "day": 1, "interior": 2},
    "dusk": {"interior": 0, "day": 1, "dusk": 2},
}


@dataclass(frozen=True)
class Decision:
    """For each date index its mode and its scenes (index, site index); scenes without a date are left out."""

    modes: Mapping[int, Mode]
    scenes: Mapping[int, tuple[tuple[int, int], ...]]


def assemble(
    space: Space, decision: Decision, engaged: Mapping[str, tuple[tuple[date, date], ...]] | None = None
) -> Plan:
    """The plan of a decision. Without `engaged`, each performer is dropped where that is cheapest."""
    days = tuple(
        order_day(space, space.dates[day], decision.modes[day], decision.scenes[day])
        for day in sorted(decision.scenes)
        if decision.scenes[day]
    )
    scheduled = {scene for scenes in decision.scenes.values() for scene, _ in scenes}
    left = tuple(scene.id for index, scene in enumerate(space.scenes) if index not in scheduled)
    return Plan(days, dict(engaged) if engaged is not None else engagements(space, days), left)


def decision_of(space: Space, plan: Plan) -> Decision:
    """The decision behind a plan; days and scenes that the production no longer has are left out."""
    scenes = {scene.id: number for number, scene in enumerate(space.scenes)}
    sites = {site.id: number for number, site in enumerate(space.sites)}
    dates = {day: number for number, day in enumerate(space.dates)}
    modes: dict[int, Mode] = {}
    chosen: dict[int, tuple[tuple[int, int], ...]] = {}
    for day in plan.days:
        at = dates.get(day.date)
        mode = (
            None if at is None else next((m for m in space.modes[at] if (m.kind, m.city) == (day.kind, day.city)), None)
        )
        items = tuple((scenes[s.scene], sites[s.site]) for s in day.slots if s.scene in scenes and s.site in sites)
        if at is not None and mode is not None and items:
            modes[at], chosen[at] = mode, items
    return Decision(modes, chosen)


def order_day(space: Space, day: date, mode: Mode, scenes: Sequence[tuple[int, int]]) -> ShootDay:
    """The day's scenes in an order that keeps precedences and light, with a start and an end for each."""
    calendar = space.facts.sheet.calendar
    sites = {site for _, site in scenes}
    ordered = min((_order(space, day, mode, scenes, first) for first in sorted(sites)), key=lambda o: (_moves(o), o))
    minutes = sum(space.scenes[scene].minutes for scene, _ in scenes)
    worked = calendar.setup_minutes + calendar.meal_minutes + minutes + calendar.move_minutes * _moves(ordered)
    call = mode.zero + (mode.fixed - worked if mode.kind == "dusk" else mode.fixed)
    now = call + calendar.setup_minutes
    meal_before = _meal(space, mode, ordered)
    slots = []
    for position, (scene, site) in enumerate(ordered):
        if position and site != ordered[position - 1][1]:
            now += calendar.move_minutes
        if position == meal_before:
            now += calendar.meal_minutes
        end = now + space.scenes[scene].minutes
        slots.append(Slot(space.scenes[scene].id, space.sites[site].id, now, end))
        now = end
    return ShootDay(day, mode.kind, mode.city, call, call + worked, tuple(slots))


def _moves(ordered: Sequence[tuple[int, int]]) -> int:
    return sum(a[1] != b[1] for a, b in itertools.pairwise(ordered))


def _order(
    space: Space, day: date, mode: Mode, scenes: Sequence[tuple[int, int]], first_site: int
) -> list[tuple[int, int]]:
    """Take the next scene that may come next: same site, then the kind's ranks, minors early, script order."""
    sheet = space.facts.sheet
    ids = {space.scenes[scene].id: scene for scene, _ in scenes}
    waits = {
        scene: {ids[a] for a, b in sheet.orders() if b == space.scenes[scene].id and a in ids} for scene, _ in scenes
    }
    ranks = RANKS[mode.kind]
    left, ordered, here = dict(scenes), [], first_site
    while left:
        ready = [scene for scene in left if not waits[scene] & left.keys()]

        def key(scene: int, site: int = here) -> tuple[bool, int, bool, int]:
            adult = not any(space.facts.pack.minor(sheet.person[w].age(day)) for w in space.scenes[scene].cast)
            return left[scene] != site, ranks.get(light_class(space.scenes[scene]), 9), adult, scene

        chosen = min(ready, key=key)
        here = left.pop(chosen)
        ordered.append((chosen, here))
    return ordered


def _meal(space: Space, mode: Mode, ordered: Sequence[tuple[int, int]]) -> int:
    """Position before which the meal is taken: half way, yet not after the dawn scenes begin nor after dusk's."""
    minutes = [space.scenes[scene].minutes for scene, _ in ordered]
    half = next(i for i in range(len(ordered) + 1) if 2 * sum(minutes[:i]) >= sum(minutes))
    classes = [light_class(space.scenes[scene]) for scene, _ in ordered]
    if mode.kind == "dusk" and "dusk" in classes:
        return min(half, classes.index("dusk"))
    if mode.kind == "dawn":
        return max(half, max((i + 1 for i, c in enumerate(classes) if c == "dawn"), default=0))
    return half


def engagements(space: Space, days: Sequence[ShootDay]) -> dict[str, tuple[tuple[date, date], ...]]:
    """From first to last working day of each performer; one allowed drop is taken at the gap that saves most pay."""
    sheet = space.facts.sheet
    work: dict[str, list[date]] = {}
    for day in days:
        for who in {who for slot in day.slots for who in sheet.scene[slot.scene].cast}:
            work.setdefault(who, []).append(day.date)
    shooting = {day: number for number, day in enumerate(space.dates)}
    return {who: _spans(sheet.person[who], dates, shooting) for who, dates in sorted(work.items())}


def _spans(person: Person, dates: list[date], shooting: Mapping[date, int]) -> tuple[tuple[date, date], ...]:
    gaps = [
        (shooting[b] - shooting[a], a, b)
        for a, b in itertools.pairwise(dates)
        if (b - a).days >= person.drop_days and shooting[b] - shooting[a] > 1
    ]
    if not person.drop or person.home or not gaps or person.hold_pay == 0:
        return ((dates[0], dates[-1]),)
    _, a, b = max(gaps)
    return (dates[0], a), (b, dates[-1])
