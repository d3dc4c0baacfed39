"""What a plan costs, piece by piece: a date by its contents, a performer by the work days, the unit by its path.

The same arithmetic as the ledger's, arranged so that a small change is priced by looking at what changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from frontrow.production.daily import Daily
from frontrow.production.greedy import bundles
from frontrow.production.options import Mode, Space

Contents: TypeAlias = frozenset[int]
"""Units (scenes that must share a date) on one date."""

_REMEMBERED = 400_000  # dates with contents kept priced


@dataclass(frozen=True, slots=True)
class DayPrice:
    """What a date with some contents is, by itself."""

    mode: Mode
    cost: int
    sites: frozenset[int]
    call: int
    wrap: int
    cast: int  # bits of performers


class PlanPrices:
    """Prices dates, performers and the unit of a plan whose scenes have the sites `site`."""

    def __init__(self, space: Space, site: list[int], previous: dict[str, int] | None) -> None:
        self.space = space
        self.facts = space.facts
        self.sheet = space.facts.sheet
        self.daily = Daily(space)
        self.days = len(space.dates)
        self.units = bundles(space)
        self.previous = previous or {}
        self.site = site
        self.people = {person.id: a for a, person in enumerate(self.sheet.people)}
        self.casts = [sum(1 << self.people[who] for who in scene.cast) for scene in space.scenes]
        self.gap = [(b - a).days for a, b in pairwise(space.dates)]
        self.memory: dict[tuple[int, Contents], DayPrice | None] = {}
        self.pay: list[dict[int, int]] = [{} for _ in self.sheet.people]
        self.single_city = len({*(s.city for s in space.sites), self.sheet.production.base}) == 1
        self.cities: list[str] = []

    def day(self, d: int, units: Contents, mode: Mode | None = None) -> DayPrice | None:
        key = (d, units)
        if key not in self.memory:
            if len(self.memory) > _REMEMBERED:
                self.memory.clear()
            self.memory[key] = self._new_day(d, units, mode) if units else None
        return self.memory[key]

    def _new_day(self, d: int, units: Contents, wanted: Mode | None) -> DayPrice | None:
        space, sheet, daily = self.space, self.sheet, self.daily
        if d == self.days:
            price = self.facts.left_out_price * sum(len(self.units[u]) for u in units)
            return DayPrice(Mode("", "left out", 0, 0, 0, 0, False), price, frozenset(), 0, 0, 0)
        items = [(s, self.site[s]) for u in sorted(units) for s in self.units[u]]
        if sum(space.scenes[s].minutes for s, _ in items) > sheet.calendar.max_hours * 60:
            return None
        if not all(daily.open(s, d, k) for s, k in items):
            return None
        mode = next((m for m in (wanted, *space.modes[d]) if m and daily.takes(d, m, items)), None)
        if mode is None:
            return None
        call, wrap = daily.span(mode, items)
        crew, pack = sheet.crew, self.facts.pack
        cost = crew.day
        for step in pack.overtime:
            rate = round(crew.day / crew.hours * pack.overtime_unit_minutes / 60 * step.percent / 100)
            cost += max(0, math.ceil((wrap - call - step.after_minutes) / pack.overtime_unit_minutes)) * rate
        sites = frozenset(k for _, k in items)
        cost += sum(space.sites[k].fee + space.sites[k].permit_fee for k in sites)
        cost += sum(crew.needs[need] for need in {need for s, _ in items for need in space.scenes[s].needs})
        cast = 0
        for s, k in items:
            cast |= self.casts[s]
            scene = space.scenes[s]
            cost += self.facts.loss(scene, space.sites[k], space.dates[d])
            if self.previous.get(scene.id, d) != d:
                cost += sheet.risk.stability
        return DayPrice(mode, cost, sites, call, wrap, cast)

    def unit_cost_of(self, infos: list[DayPrice | None]) -> int | None:
        """Visits, rest, idle days, moves and nights of the unit; None where rest or the week is broken."""
        sheet, pack, sites = self.sheet, self.facts.pack, self.space.sites
        crew = sheet.crew
        cost = 0
        shot = [d for d, info in enumerate(infos[: self.days]) if info]
        if not shot:
            return 0
        here = sheet.production.base
        base = here
        trips = self.facts.trips
        last = -2
        for d in shot:
            info = infos[d]
            assert info is not None
            before = infos[d - 1] if last == d - 1 else None
            for k in info.sites:
                if before is None or k not in before.sites:
                    cost += crew.move + sites[k].fee * (sites[k].prep_days + sites[k].strike_days)
            if before is not None and self.gap[d - 1] == 1:
                rest = info.call - before.wrap
                if rest < pack.rest_minutes or before.mode.city != info.mode.city:
                    rest -= round(trips[before.mode.city, info.mode.city].hours * 60)
                    if rest < pack.least_rest_minutes:
                        return None
                    cost += crew.forced_call if rest < pack.rest_minutes else 0
            if here != base and last >= 0:
                cost += crew.heads * crew.hotel * (self.space.dates[d] - self.space.dates[last]).days
            if info.mode.city != here:
                cost += crew.heads * trips[here, info.mode.city].fare
                here = info.mode.city
            last = d
        if here != base:
            cost += crew.heads * trips[here, base].fare
        cost += (shot[-1] - shot[0] + 1 - len(shot)) * round(crew.day * crew.idle / 100)
        return cost if self._week_holds(shot) else None

    def _week_holds(self, shot: list[int]) -> bool:
        most = self.facts.pack.days_in_seven
        dates = self.space.dates
        return all((dates[shot[i + most]] - dates[shot[i]]).days >= 7 for i in range(len(shot) - most))

    def cities_of(self, infos: list[DayPrice | None]) -> list[str]:
        """The unit's city on each date."""
        here, cities = self.sheet.production.base, []
        for info in infos[: self.days]:
            here = info.mode.city if info else here
            cities.append(here)
        return cities

    def performer(self, a: int, mask: int) -> int:
        """Wages, holds (with the best drop), flights and nights of a performer with these work days."""
        if not mask:
            return 0
        memory = self.pay[a]
        if self.single_city and mask in memory:
            return memory[mask]
        person = self.sheet.people[a]
        first, last = (mask & -mask).bit_length() - 1, mask.bit_length() - 1
        works = mask.bit_count()
        cost = person.wage * works + self._stay(a, first, last) + person.hold_pay * (last - first + 1 - works)
        if person.drop:
            cost -= self._best_drop(a, mask)
        if self.single_city:
            if len(memory) > 100_000:
                memory.clear()
            memory[mask] = cost
        return cost

    def _stay(self, a: int, first: int, last: int) -> int:
        """Flights and nights of one engagement."""
        person = self.sheet.people[a]
        trips, cities = self.facts.trips, self.cities
        cost = trips[person.home, cities[first]].fare + trips[person.home, cities[last]].fare if person.home else 0
        home, hotel = person.home or self.sheet.production.base, self.sheet.crew.hotel
        if hotel and not (self.single_city and not person.home):
            cost += hotel * sum(self.gap[d] for d in range(first, last) if cities[d] != home)
        return cost

    def _best_drop(self, a: int, mask: int) -> int:
        """What the best drop and pick-up saves."""
        person, dates = self.sheet.people[a], self.space.dates
        days = list(bits(mask))
        best = 0
        for one, other in pairwise(days):
            if other - one > 1 and (dates[other] - dates[one]).days >= person.drop_days:
                saved = person.hold_pay * (other - one - 1) + self._stay(a, days[0], days[-1])
                best = max(best, saved - self._stay(a, days[0], one) - self._stay(a, other, days[-1]))
        return best


def bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
