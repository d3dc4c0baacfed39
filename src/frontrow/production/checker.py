"""What a plan breaks, from the plan and the sheet alone: a second opinion that shares no code with the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from frontrow.production import sun
from frontrow.production.facts import Facts
from frontrow.production.plan import Plan, ShootDay, Slot
from frontrow.production.sheet import Scene

# Sites of one city see the sun at slightly different minutes; a plan works with one light a city.
TOLERANCE_MINUTES = 10
MAGIC_MINUTES = 45  # of sun that still count as dusk or dawn


@dataclass(frozen=True)
class Violation:
    """One broken rule: its name, the date if it has one, and what is wrong."""

    rule: str
    date: date | None
    detail: str

    def __str__(self) -> str:
        return f"{self.date or 'whole plan'}: {self.rule}: {self.detail}"


def check(facts: Facts, plan: Plan) -> list[Violation]:
    """Every broken rule of `plan`; an empty list for a plan that can be shot."""
    return [
        *_scenes(facts, plan),
        *_sites(facts, plan),
        *_people(facts, plan),
        *_days(facts, plan),
        *_rest(facts, plan),
    ]


def _scenes(facts: Facts, plan: Plan) -> Iterator[Violation]:
    sheet = facts.sheet
    counts = Counter(slot.scene for _, slot in plan.slots())
    for scene in sheet.scenes:
        if counts[scene.id] != 1:
            yield Violation("every scene once", None, f"scene {scene.id} is planned {counts[scene.id]} times")
    for unknown in counts.keys() - sheet.scene.keys():
        yield Violation("every scene once", None, f"scene {unknown} is not in the sheet")
    at = {slot.scene: (day.date, slot.start) for day, slot in plan.slots()}
    for earlier, later in sorted(sheet.orders()):
        if earlier in at and later in at and at[earlier] >= at[later]:
            yield Violation("order of scenes", at[later][0], f"scene {earlier} must come before scene {later}")
    for scene in sheet.scenes:
        for other in scene.same_day:
            if scene.id in at and other in at and at[scene.id][0] != at[other][0]:
                yield Violation("same day", at[scene.id][0], f"scenes {scene.id} and {other} are on two dates")
    for lock in sheet.locks:
        where = plan.where().get(lock.scene)
        if where and ((lock.date and where[0] != lock.date) or (lock.site and where[1] != lock.site)):
            yield Violation("locks", where[0], f"scene {lock.scene} is locked to {lock.date or ''} {lock.site}".strip())


def _sites(facts: Facts, plan: Plan) -> Iterator[Violation]:
    sheet = facts.sheet
    plays: dict[str, set[str]] = {}
    for day, slot in plan.slots():
        scene, site = sheet.scene[slot.scene], sheet.site[slot.site]
        plays.setdefault(scene.set, set()).add(site.id)
        if scene.set not in site.sets:
            yield Violation("sites", day.date, f"{site.id} does not play {scene.set}")
        people = len(scene.cast) + scene.extras + sheet.crew.heads
        if site.capacity and people > site.capacity:
            yield Violation("capacity", day.date, f"{people} people at {site.id}, which holds {site.capacity}")
        if site.city != day.city:
            yield Violation("one city a day", day.date, f"{site.id} is in {site.city}, the day in {day.city}")
        if site.permits:
            before, after = day.date - timedelta(site.prep_days), day.date + timedelta(site.strike_days)
            permit = next((w for w in site.permits if w.first <= before and after <= w.last), None)
            if permit is None:
                yield Violation(
                    "permits", day.date, f"{site.id} has no permit that covers preparation, shoot and strike"
                )
            else:
                opens = sun.local_minutes(day.date, permit.opens, site.zone)
                closes = sun.local_minutes(day.date, permit.closes, site.zone)
                limited = permit.opens > 0 or permit.closes < 24 * 60
                if limited and (day.call < opens or day.wrap > closes):
                    yield Violation("permits", day.date, f"{site.id} may be used only in the hours of its permit")
    for name, sites in sorted(plays.items()):
        if len(sites) > 1:
            yield Violation("one site plays a set", None, f"{name} is played by {', '.join(sorted(sites))}")


def _people(facts: Facts, plan: Plan) -> Iterator[Violation]:
    sheet = facts.sheet
    for day in plan.days:
        minutes: Counter[str] = Counter()
        last: dict[str, int] = {}
        night: set[str] = set()
        for slot in day.slots:
            scene = sheet.scene[slot.scene]
            for who in scene.cast:
                minutes[who] += slot.end - slot.start
                last[who] = max(last.get(who, 0), slot.end)
                if scene.exterior and scene.time == "night":
                    night.add(who)
        for who, worked in sorted(minutes.items()):
            person = sheet.person[who]
            spans = plan.engaged.get(who, ())
            if not person.free(day.date):
                yield Violation("availability", day.date, f"{who} is not available")
            if worked > person.hours * 60:
                yield Violation("hours of a performer", day.date, f"{who} is in {worked} minutes of scenes")
            if not any(first <= day.date <= end for first, end in spans):
                yield Violation("engagements", day.date, f"{who} works outside of their engagement")
            minor = facts.pack.minor(person.age(day.date))
            zone = sheet.site[day.slots[0].site].zone
            if minor and worked > minor.minutes:
                yield Violation("minors", day.date, f"{who} works {worked} minutes; at most {minor.minutes}")
            if minor and (last[who] > sun.local_minutes(day.date, minor.latest, zone) or who in night):
                yield Violation("minors", day.date, f"{who} works too late")
    for who, spans in plan.engaged.items():
        person = sheet.person[who]
        if len(spans) > (2 if person.drop else 1):
            yield Violation("drop and pick-up", None, f"{who} has {len(spans)} engagements")
        for (_, dropped), (picked, _) in pairwise(spans):
            if (picked - dropped).days < person.drop_days:
                yield Violation(
                    "drop and pick-up", picked, f"{who} is picked up {(picked - dropped).days} days after the drop"
                )


def _days(facts: Facts, plan: Plan) -> Iterator[Violation]:
    sheet, calendar = facts.sheet, facts.sheet.calendar
    for at, count in Counter(day.date for day in plan.days).items():
        if count > 1:
            yield Violation("one unit", at, f"the date is planned {count} times")
    for day in plan.days:
        if day.date not in facts.dates:
            yield Violation("calendar", day.date, facts.free.get(day.date, "is outside of the calendar"))
        if len(day.sites) > calendar.sites_a_day:
            yield Violation("sites a day", day.date, f"{len(day.sites)} sites; at most {calendar.sites_a_day}")
        if day.wrap - day.call > calendar.max_hours * 60:
            yield Violation("hours of a day", day.date, f"{day.wrap - day.call} minutes from call to wrap")
        yield from _clock(facts, day)
        for slot in day.slots:
            scene = sheet.scene[slot.scene]
            if scene.exterior:
                yield from _light(facts, day, slot, scene)


def _clock(facts: Facts, day: ShootDay) -> Iterator[Violation]:
    """Times add up: set-up first, scenes in full length one after the other, moves and the meal in between."""
    calendar = facts.sheet.calendar
    now = day.call + calendar.setup_minutes
    spare = 0
    for position, slot in enumerate(day.slots):
        moved = position and slot.site != day.slots[position - 1].site
        now += calendar.move_minutes if moved else 0
        spare += slot.start - now
        if slot.start < now:
            yield Violation("times", day.date, f"scene {slot.scene} starts before the unit is ready")
        if slot.end - slot.start != facts.sheet.scene[slot.scene].minutes:
            yield Violation("times", day.date, f"scene {slot.scene} does not take its minutes")
        now = slot.end
    if spare + day.wrap - now < calendar.meal_minutes:
        yield Violation("times", day.date, "no time is left for the meal")


def _light(facts: Facts, day: ShootDay, slot: Slot, scene: Scene) -> Iterator[Violation]:
    site = facts.sheet.site[slot.site]
    light = facts.light(site, day.date)
    note = f" ({light.note})" if light.note else ""
    if scene.time == "night":
        fits = light.dark is not None and light.dark[0] <= slot.start + TOLERANCE_MINUTES
        fits = fits and light.dark is not None and slot.end <= light.dark[1] + TOLERANCE_MINUTES
    elif light.daylight is None:
        fits = False
    elif scene.time == "day":
        first = light.dawn if day.kind == "dawn" and light.dawn is not None else light.daylight[0]
        fits = first - TOLERANCE_MINUTES <= slot.start and slot.end <= light.daylight[1] + TOLERANCE_MINUTES
    else:
        sunrise, sunset = light.daylight
        edge = light.dawn if scene.time == "dawn" else light.dusk
        window = (edge, sunrise + MAGIC_MINUTES) if scene.time == "dawn" else (sunset - MAGIC_MINUTES, edge)
        begin, end = window
        fits = False
        if begin is not None and end is not None:
            inside = min(slot.end, end) - max(slot.start, begin)
            fits = inside >= min(scene.minutes, end - begin) - TOLERANCE_MINUTES
    if not fits:
        yield Violation("light", day.date, f"scene {scene.id} is a {scene.time} exterior and has not that light{note}")


def _rest(facts: Facts, plan: Plan) -> Iterator[Violation]:
    if [day.date for day in plan.days] != sorted(day.date for day in plan.days):
        yield Violation("calendar", None, "the days are not in order")
    for one, other in pairwise(plan.days):
        way = round(facts.trips[one.city, other.city].hours * 60)
        rest = other.call - one.wrap
        if (other.date - one.date).days == 1 and rest < facts.pack.least_rest_minutes + way:
            detail = f"{rest} minutes after {one.date}; at least {facts.pack.least_rest_minutes}"
            yield Violation("rest between days", other.date, detail + (f" and {way} for the way" if way else ""))
    dates = [day.date for day in plan.days]
    for day in dates:
        count = sum(0 <= (other - day).days < 7 for other in dates)
        if count > facts.pack.days_in_seven:
            yield Violation("days in seven", day, f"{count} shooting days in seven; at most {facts.pack.days_in_seven}")
