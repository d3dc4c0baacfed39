"""What a plan costs, item by item, from the plan and the sheet alone.

The ledger knows nothing of the model: it reads days, sites, times and engagements off the plan. Solver and ledger must
agree to the cent, and a test holds them to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil

from frontrow.production.facts import Facts
from frontrow.production.plan import Plan

ITEMS = (
    "wages", "holds", "crew", "idle days", "overtime", "forced calls", "site fees", "preparation and strike",
    "permits", "company moves", "city moves", "flights", "hotel nights", "extras", "equipment",
    "expected weather loss", "stability",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line: what for, when, who or where, and how much (minor units)."""

    item: str
    date: date | None
    subject: str
    amount: int


@dataclass(frozen=True)
class Ledger:
    """All lines of a plan."""

    currency: str
    entries: tuple[Entry, ...]

    @property
    def total(self) -> int:
        """The sum of all lines."""
        return sum(entry.amount for entry in self.entries)

    def by_item(self) -> dict[str, int]:
        """Sums in the order of ITEMS; items without lines are left out."""
        sums: Counter[str] = Counter()
        for entry in self.entries:
            sums[entry.item] += entry.amount
        return {item: sums[item] for item in ITEMS if sums[item]}


def price(facts: Facts, plan: Plan, previous: Mapping[str, date] | None = None) -> Ledger:
    """The ledger of `plan`; with `previous` (dates of scenes before) moved scenes are charged too."""
    book = _Book(facts, plan)
    book.performers()
    book.crew()
    book.sites()
    book.cities()
    book.scenes(previous or {})
    return Ledger(facts.sheet.production.currency, tuple(entry for entry in book.entries if entry.amount))


class _Book:
    def __init__(self, facts: Facts, plan: Plan) -> None:
        self.facts = facts
        self.sheet = facts.sheet
        self.plan = plan
        self.entries: list[Entry] = []
        self.city_on = self._city_on()

    def add(self, item: str, day: date | None, subject: str, amount: int) -> None:
        self.entries.append(Entry(item, day, subject, amount))

    def _city_on(self) -> dict[date, str]:
        """The unit's city on each possible shooting date: where it last shot, or the base before the first day."""
        here = self.sheet.production.base
        shot = {day.date: day.city for day in self.plan.days}
        cities = {}
        for day in sorted({*self.facts.dates, *shot}):
            here = shot.get(day, here)
            cities[day] = here
        return cities

    def performers(self) -> None:
        """Wages, holds, flights and nights away."""
        working: dict[str, set[date]] = {}
        for day in self.plan.days:
            for slot in day.slots:
                for who in self.sheet.scene[slot.scene].cast:
                    working.setdefault(who, set()).add(day.date)
        hotel, base = self.sheet.crew.hotel, self.sheet.production.base
        for who, dates in sorted(working.items()):
            person = self.sheet.person[who]
            for at in sorted(dates):
                self.add("wages", at, who, person.wage)
            for first, last in self.plan.engaged.get(who, ()):
                span = [day for day in self.city_on if first <= day <= last]
                for at in span:
                    if at not in dates:
                        self.add("holds", at, who, person.hold_pay)
                if person.home:
                    self.add("flights", first, who, self.facts.trips[person.home, self.city_on[first]].fare)
                    self.add("flights", last, who, self.facts.trips[person.home, self.city_on[last]].fare)
                for night, morning in pairwise(span):
                    if self.city_on[night] != (person.home or base):
                        self.add("hotel nights", night, who, hotel * (morning - night).days)

    def crew(self) -> None:
        """Shooting days, idle days between them, overtime by step, forced calls."""
        crew, pack = self.sheet.crew, self.facts.pack
        shot = {day.date for day in self.plan.days}
        for day in self.plan.days:
            self.add("crew", day.date, "unit", crew.day)
            for step in pack.overtime:
                over = day.wrap - day.call - step.after_minutes
                units = max(0, ceil(over / pack.overtime_unit_minutes))
                rate = round(crew.day / crew.hours * pack.overtime_unit_minutes / 60 * step.percent / 100)
                self.add("overtime", day.date, f"beyond {step.after_minutes} minutes", units * rate)
        if shot:
            for at in self.facts.dates:
                if min(shot) < at < max(shot) and at not in shot:
                    self.add("idle days", at, "unit", round(crew.day * crew.idle / 100))
        for one, other in pairwise(self.plan.days):
            if (other.date - one.date).days == 1:
                way = round(self.facts.trips[one.city, other.city].hours * 60)
                if other.call - one.wrap - way < pack.rest_minutes:
                    self.add("forced calls", other.date, "unit", crew.forced_call)

    def sites(self) -> None:
        """Fees, permits, and for each arrival the company move with preparation and strike."""
        dates = sorted({*self.facts.dates, *(day.date for day in self.plan.days)})
        before = {day: previous for previous, day in pairwise(dates)}
        used = {day.date: set(day.sites) for day in self.plan.days}
        for day in self.plan.days:
            for name in day.sites:
                site = self.sheet.site[name]
                self.add("site fees", day.date, name, site.fee)
                self.add("permits", day.date, name, site.permit_fee)
                if name not in used.get(before.get(day.date, date.min), set()):
                    self.add("company moves", day.date, name, self.sheet.crew.move)
                    days = site.prep_days + site.strike_days
                    self.add("preparation and strike", day.date, name, site.fee * days)

    def cities(self) -> None:
        """Moves of the whole unit from city to city, out from the base and back, and its nights away."""
        crew, base = self.sheet.crew, self.sheet.production.base
        here = base
        for day in self.plan.days:
            if day.city != here:
                self.add(
                    "city moves", day.date, f"{here} to {day.city}", crew.heads * self.facts.trips[here, day.city].fare
                )
            here = day.city
        if here != base:
            last = self.plan.days[-1].date
            self.add("city moves", last, f"{here} to {base}", crew.heads * self.facts.trips[here, base].fare)
        for one, other in pairwise(self.plan.days):
            if one.city != base:
                nights = (other.date - one.date).days
                self.add("hotel nights", one.date, "unit", crew.heads * crew.hotel * nights)

    def scenes(self, previous: Mapping[str, date]) -> None:
        """Extras, equipment, expected loss through rain, and scenes that moved."""
        crew = self.sheet.crew
        for day in self.plan.days:
            needs = {need for slot in day.slots for need in self.sheet.scene[slot.scene].needs}
            for need in sorted(needs):
                self.add("equipment", day.date, need, crew.needs[need])
            for slot in day.slots:
                scene = self.sheet.scene[slot.scene]
                self.add("extras", day.date, f"scene {scene.id}", scene.extras * crew.extra)
                loss = self.facts.loss(scene, self.sheet.site[slot.site], day.date)
                self.add("expected weather loss", day.date, f"scene {scene.id}", loss)
                if previous.get(scene.id, day.date) != day.date:
                    self.add("stability", day.date, f"scene {scene.id}", self.sheet.risk.stability)
