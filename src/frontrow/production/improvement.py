"""Annealing of the day plan: moves of scenes, swaps, and whole days moved among the dates, priced exactly.

CP-SAT proves and repairs, but its large neighbourhoods are slow where the cost is mostly waiting between first and last
days. A move here touches two dates and a few performers, and costs some tens of microseconds to price: work days are
bits of one integer a performer, and what a date costs by itself is remembered by its contents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from frontrow.production.daily import Daily
from frontrow.production.greedy import bundles
from frontrow.production.options import Mode, Space
from frontrow.production.sequence import Decision

Contents: TypeAlias = frozenset[int]
_REMEMBERED = 400_000  # dates with contents kept priced


@dataclass(frozen=True, slots=True)
class _Day:
    """What a date with some contents is, by itself."""

    mode: Mode
    cost: int
    sites: frozenset[int]
    call: int
    wrap: int
    cast: int  # bits of performers


class Annealer:
    """Holds a plan and improves it; `decision` reads it off."""

    def __init__(self, space: Space, start: Decision, previous: dict[str, int] | None, rng: Random) -> None:
        self.space = space
        self.facts = space.facts
        self.sheet = space.facts.sheet
        self.rng = rng
        self.daily = Daily(space)
        self.days = len(space.dates)
        self.units = bundles(space)
        self.unit_of = {scene: u for u, unit in enumerate(self.units) for scene in unit}
        self.previous = previous or {}
        self.site = [min(sites) if sites else 0 for sites in space.candidates]
        for scenes in start.scenes.values():
            for scene, site in scenes:
                self.site[scene] = site
        self._adopt_sites()
        self.people = {person.id: a for a, person in enumerate(self.sheet.people)}
        self.casts = [sum(1 << self.people[who] for who in scene.cast) for scene in space.scenes]
        self.gap = [(b - a).days for a, b in zip(space.dates, space.dates[1:], strict=False)]
        self.before = [(self.unit_of[a], self.unit_of[b], 0 if self.daily.alike(a, b) else 1) for a, b in self.daily.orders]
        self.before = [x for x in self.before if x[0] != x[1]]
        self.ordered: dict[int, list[tuple[int, int, int]]] = {}
        for pair in self.before:
            self.ordered.setdefault(pair[0], []).append(pair)
            self.ordered.setdefault(pair[1], []).append(pair)
        self.memory: dict[tuple[int, Contents], _Day | None] = {}
        self.memories = {tuple(self.site): self.memory}  # a memory for each choice of sites
        self.choices = self._choices()
        self.pay: list[dict[int, int]] = [{} for _ in self.sheet.people]
        self.contents: list[Contents] = [
            frozenset(self.unit_of[s] for s, _ in start.scenes.get(d, ())) for d in range(self.days)
        ]
        placed = frozenset().union(*self.contents)
        self.contents.append(frozenset(range(len(self.units))) - placed)  # the last "date" holds what is left out
        self.day_of = {u: d for d, units in enumerate(self.contents) for u in units}
        self.info: list[_Day | None] = [self._day(d, units, start.modes.get(d)) for d, units in enumerate(self.contents)]
        self.masks = [0] * len(self.people)
        for d, info in enumerate(self.info):
            for a in _bits(info.cast if info else 0):
                self.masks[a] |= 1 << d
        self.single_city = len({*(s.city for s in space.sites), self.sheet.production.base}) == 1
        self.cities = self._cities(self.info)
        self.performer_cost = [self._performer(a, mask) for a, mask in enumerate(self.masks)]
        self.unit_cost = self._unit_cost(self.info)

    def _adopt_sites(self) -> None:
        """Scenes of one set share its site, also those that the first plan left out."""
        chosen: dict[str, int] = {}
        for scene, site in enumerate(self.site):
            chosen.setdefault(self.space.scenes[scene].set, site)
        for scene, sites in enumerate(self.space.candidates):
            wanted = chosen[self.space.scenes[scene].set]
            if wanted in sites:
                self.site[scene] = wanted

    def decision(self) -> Decision:
        """The plan as it stands."""
        scenes = {
            d: tuple((s, self.site[s]) for u in units for s in self.units[u])
            for d, units in enumerate(self.contents[:-1])
            if units
        }
        return Decision({d: info.mode for d, info in enumerate(self.info[:-1]) if info}, scenes)

    @property
    def left_out(self) -> int:
        """Number of scenes without a date."""
        return sum(len(self.units[u]) for u in self.contents[self.days])

    def total(self) -> int:
        """Cost of the plan in minor units, without what each scene costs wherever it is."""
        return sum(info.cost for info in self.info if info) + sum(self.performer_cost) + self.unit_cost

    # Search

    def run(self, moves: int, stop: Callable[[], bool], tick: Callable[[float, int], None] | None = None) -> None:
        """Anneal for `moves` proposals and end at the best plan met."""
        temperature = self._temperature()
        cold = temperature / 300
        ratio = math.log(cold / temperature)
        cost = best_cost = self.total()
        best = (list(self.contents), list(self.info), list(self.masks), self.site)
        for move in range(moves):
            if move % 256 == 0:
                now = temperature * math.exp(ratio * move / moves)
                if stop():
                    break
                if tick and move % 2048 == 0:
                    tick(move / moves, best_cost)
            sites = self.site
            changes = self._propose() if not self.choices or self.rng.random() > 0.01 else self._other_site()
            priced = self._price(changes) if changes else None
            if changes is None or priced is None:
                self._use_sites(sites)
                continue
            delta = priced.total - cost
            if delta <= 0 or self.rng.random() < math.exp(-delta / now):
                self._accept(changes, priced)
                cost = priced.total
                if cost < best_cost:
                    best_cost = cost
                    best = (list(self.contents), list(self.info), list(self.masks), self.site)
            else:
                self._use_sites(sites)
        self.contents, self.info, self.masks, self.site = best
        self._use_sites(self.site)
        self.day_of = {u: d for d, units in enumerate(self.contents) for u in units}
        self.cities = self._cities(self.info)
        self.performer_cost = [self._performer(a, mask) for a, mask in enumerate(self.masks)]
        self.unit_cost = self._unit_cost(self.info)

    def _temperature(self) -> float:
        """Half the median of the first moves' losses."""
        base = self.total()
        losses = []
        for _ in range(400):
            changes = self._propose()
            priced = self._price(changes) if changes else None
            if priced and priced.total > base:
                losses.append(priced.total - base)
        return max(1.0, sorted(losses)[len(losses) // 2] * 0.5) if losses else 1.0

    def _propose(self) -> dict[int, Contents] | None:
        """New contents for some dates."""
        rng, contents = self.rng, self.contents
        kind = rng.random()
        if kind < 0.06:
            return self._shift_days()
        if kind < 0.12:
            a, b = rng.randrange(self.days), rng.randrange(self.days)
            return None if contents[a] == contents[b] else {a: contents[b], b: contents[a]}
        if contents[-1] and kind < 0.4:
            u, a = rng.choice(tuple(contents[-1])), self.days
        else:
            u = rng.randrange(len(self.units))
            a = self.day_of[u]
        if kind < 0.55:
            b = self._likely_day(u)
            return None if a == b else {a: contents[a] - {u}, b: contents[b] | {u}}
        if kind < 0.62 and len(contents[a]) > 1:  # a group of one site moves together
            group = {v for v in contents[a] if self.site[self.units[v][0]] == self.site[self.units[u][0]]}
            b = self._likely_day(u)
            return None if a == b else {a: contents[a] - group, b: contents[b] | group}
        b = self._likely_day(u)
        if a == b or not contents[b]:
            return None
        v = rng.choice(tuple(contents[b]))
        return {a: contents[a] - {u} | {v}, b: contents[b] - {v} | {u}}

    def _likely_day(self, unit: int) -> int:
        """A date at random, more often one next to a scene of the same site or cast."""
        rng = self.rng
        if rng.random() < 0.4:
            return rng.randrange(self.days)
        scene = self.units[unit][0]
        for _ in range(6):
            other = rng.randrange(len(self.units))
            twin = self.units[other][0]
            if other != unit and (self.site[twin] == self.site[scene] or self.casts[twin] & self.casts[scene]):
                return min(max(self.day_of[other] + rng.choice((-1, 0, 0, 0, 1)), 0), self.days - 1)
        return rng.randrange(self.days)

    def _choices(self) -> list[tuple[list[int], tuple[int, ...]]]:
        """Scenes of each set that several sites can play, with those sites; locked sites are left alone."""
        sets: dict[str, list[int]] = {}
        for s, scene in enumerate(self.space.scenes):
            sets.setdefault(scene.set, []).append(s)
        found = []
        for scenes in sets.values():
            common = set.intersection(*(set(self.space.candidates[s]) for s in scenes))
            if len(common) > 1:
                found.append((scenes, tuple(sorted(common))))
        return found

    def _other_site(self) -> dict[int, Contents] | None:
        """Let another site play a set: contents stay, prices and rules of those dates change."""
        scenes, sites = self.rng.choice(self.choices)
        site = self.rng.choice(sites)
        if site == self.site[scenes[0]]:
            return None
        changed = self.site.copy()
        for s in scenes:
            changed[s] = site
        self._use_sites(changed)
        return {d: self.contents[d] for d in {self.day_of[self.unit_of[s]] for s in scenes}}

    def _use_sites(self, sites: list[int]) -> None:
        if sites is self.site:
            return
        self.site = sites
        if len(self.memories) > 50:
            self.memories.clear()
        self.memory = self.memories.setdefault(tuple(sites), {})

    def _shift_days(self) -> dict[int, Contents] | None:
        """Take the contents of a block of dates out and put them in elsewhere; those in between move up."""
        rng = self.rng
        length = rng.choice((1, 1, 1, 2, 3))
        low = rng.randrange(self.days - length + 1)
        to = min(max(low + rng.choice((-1, 1)) * rng.randint(1, 8), 0), self.days - length)
        if low == to:
            return None
        rest = self.contents[:low] + self.contents[low + length : -1]
        moved = rest[:to] + self.contents[low : low + length] + rest[to:]
        changes = {d: units for d, (units, old) in enumerate(zip(moved, self.contents, strict=False)) if units != old}
        return changes or None

    # Prices

    def _price(self, changes: dict[int, Contents]) -> _Priced | None:
        """The whole cost after `changes`, or None where a rule is broken."""
        new: dict[int, _Day | None] = {}
        for d, units in changes.items():
            info = self._day(d, units)
            if units and info is None:
                return None
            new[d] = info
        if self.before and not self._orders_hold(changes):
            return None
        flips: dict[int, int] = {}
        same_cities = True
        for d, info in new.items():
            old = self.info[d]
            for a in _bits((info.cast if info else 0) ^ (old.cast if old else 0)):
                flips[a] = flips.get(a, 0) ^ 1 << d
            same_cities &= (info.mode.city if info else "") == (old.mode.city if old else "")
        infos = self.info.copy()
        for d, info in new.items():
            infos[d] = info
        unit_cost = self._unit_cost(infos)
        if unit_cost is None:
            return None
        kept = self.cities
        masks = {a: self.masks[a] ^ bits for a, bits in flips.items()}
        if not same_cities and not self.single_city:
            self.cities = self._cities(infos)
            masks = {a: masks.get(a, mask) for a, mask in enumerate(self.masks)}
        pay = {a: self._performer(a, mask) for a, mask in masks.items()}
        cities, self.cities = self.cities, kept
        total = sum(info.cost for info in infos if info) + unit_cost + sum(self.performer_cost)
        total += sum(cost - self.performer_cost[a] for a, cost in pay.items())
        return _Priced(total, new, masks, pay, unit_cost, cities)

    def _accept(self, changes: dict[int, Contents], priced: _Priced) -> None:
        for d, units in changes.items():
            self.contents[d] = units
            self.info[d] = priced.days[d]
            for u in units:
                self.day_of[u] = d
        for a, mask in priced.masks.items():
            self.masks[a] = mask
            self.performer_cost[a] = priced.pay[a]
        self.unit_cost, self.cities = priced.unit_cost, priced.cities

    def _orders_hold(self, changes: dict[int, Contents]) -> bool:
        where = {u: d for d, units in changes.items() for u in units}
        for u in where:
            for a, b, gap in self.ordered.get(u, ()):
                day_a, day_b = where.get(a, self.day_of[a]), where.get(b, self.day_of[b])
                if day_a + gap > day_b and self.days not in (day_a, day_b):
                    return False
        return True

    def _day(self, d: int, units: Contents, mode: Mode | None = None) -> _Day | None:
        key = (d, units)
        if key not in self.memory:
            if len(self.memory) > _REMEMBERED:
                self.memory.clear()
            self.memory[key] = self._new_day(d, units, mode) if units else None
        return self.memory[key]

    def _new_day(self, d: int, units: Contents, wanted: Mode | None) -> _Day | None:
        space, sheet, daily = self.space, self.sheet, self.daily
        if d == self.days:
            price = self.facts.left_out_price * sum(len(self.units[u]) for u in units)
            return _Day(Mode("", "left out", 0, 0, 0, 0, False), price, frozenset(), 0, 0, 0)
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
        return _Day(mode, cost, sites, call, wrap, cast)

    def _unit_cost(self, infos: list[_Day | None]) -> int | None:
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

    def _cities(self, infos: list[_Day | None]) -> list[str]:
        """The unit's city on each date."""
        here, cities = self.sheet.production.base, []
        for info in infos[: self.days]:
            here = info.mode.city if info else here
            cities.append(here)
        return cities

    def _performer(self, a: int, mask: int) -> int:
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
        days = list(_bits(mask))
        best = 0
        for one, other in zip(days, days[1:], strict=False):
            if other - one > 1 and (dates[other] - dates[one]).days >= person.drop_days:
                saved = person.hold_pay * (other - one - 1) + self._stay(a, days[0], days[-1])
                best = max(best, saved - self._stay(a, days[0], one) - self._stay(a, other, days[-1]))
        return best


@dataclass(frozen=True, slots=True)
class _Priced:
    """A proposal with its price and what it changes."""

    total: int
    days: dict[int, _Day | None]
    masks: dict[int, int]
    pay: dict[int, int]
    unit_cost: int
    cities: list[str]


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
