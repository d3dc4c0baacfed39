"""Annealing of the day plan: moves of scenes, swaps, and whole days moved among the dates, priced exactly.

CP-SAT proves and repairs, but its large neighbourhoods are slow where the cost is mostly waiting between first and last
days. A move here touches two dates and a few performers, and costs some tens of microseconds to price: work days are
bits of one integer a performer, and what a date costs by itself is remembered by its contents.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from frontrow.production.options import Space
from frontrow.production.prices import Contents, DayPrice, PlanPrices, bits
from frontrow.production.sequence import Decision


class Annealer(PlanPrices):
    """Holds a plan and improves it; `decision` reads it off."""

    def __init__(self, space: Space, start: Decision, previous: dict[str, int] | None, rng: Random) -> None:
        site = [min(sites) if sites else 0 for sites in space.candidates]
        for scenes in start.scenes.values():
            for scene, place in scenes:
                site[scene] = place
        super().__init__(space, _one_site_a_set(space, site), previous)
        self.rng = rng
        self.unit_of = {scene: u for u, unit in enumerate(self.units) for scene in unit}
        self.before = [
            (self.unit_of[a], self.unit_of[b], 0 if self.daily.alike(a, b) else 1) for a, b in self.daily.orders
        ]
        self.before = [x for x in self.before if x[0] != x[1]]
        self.ordered: dict[int, list[tuple[int, int, int]]] = {}
        for pair in self.before:
            self.ordered.setdefault(pair[0], []).append(pair)
            self.ordered.setdefault(pair[1], []).append(pair)
        self.memories = {tuple(self.site): self.memory}  # a memory for each choice of sites
        self.choices = self._choices()
        self._adopt(start)
        self.masks = [0] * len(self.people)
        for d, info in enumerate(self.info):
            for a in bits(info.cast if info else 0):
                self.masks[a] |= 1 << d
        self.cities = self.cities_of(self.info)
        self.performer_cost = [self.performer(a, mask) for a, mask in enumerate(self.masks)]

    def _adopt(self, start: Decision) -> None:
        """Take over a decision; units that it splits and dates that do not work (any more) are left out."""
        taken: set[int] = set()
        self.contents: list[Contents] = []
        for d in range(self.days):
            units = frozenset(self.unit_of[s] for s, _ in start.scenes.get(d, ())) - taken
            units = units if self.day(d, units, start.modes.get(d)) else frozenset()
            taken |= units
            self.contents.append(units)
        self.contents.append(frozenset(range(len(self.units))) - taken)  # the last "date" holds what is left out
        self._leave_out_followers()
        self.info: list[DayPrice | None] = [self.day(d, units) for d, units in enumerate(self.contents)]
        cost = self.unit_cost_of(self.info)
        for d in reversed(range(self.days)):
            if cost is not None:
                break
            self.contents[-1] |= self.contents[d]
            self.contents[d] = frozenset()
            self._leave_out_followers()
            self.info = [self.day(e, units) for e, units in enumerate(self.contents)]
            cost = self.unit_cost_of(self.info)
        self.unit_cost = cost or 0
        self.day_of = {u: d for d, units in enumerate(self.contents) for u in units}

    def _leave_out_followers(self) -> None:
        """A scene whose predecessor is left out is left out too."""
        out = set(self.contents[-1])
        while more := {b for a, b, _ in self.before if a in out and b not in out}:
            out |= more
        self.contents = [*(units - out for units in self.contents[:-1]), frozenset(out)]

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

    def run(
        self,
        moves: int,
        elapsed: Callable[[], float] = lambda: 0.0,
        tick: Callable[[int], None] | None = None,
    ) -> None:
        """Anneal for `moves` proposals, or until `elapsed` (share of the time) is 1; end at the best plan met."""
        temperature = self._temperature()
        cold = temperature / 300
        ratio = math.log(cold / temperature)
        cost = best_cost = self.total()
        best = (list(self.contents), list(self.info), list(self.masks), self.site)
        for move in range(moves):
            if move % 256 == 0:
                share = max(move / moves, elapsed())
                if share >= 1:
                    break
                now = temperature * math.exp(ratio * share)
                if tick and move % 2048 == 0:
                    tick(best_cost)
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
        self.cities = self.cities_of(self.info)
        self.performer_cost = [self.performer(a, mask) for a, mask in enumerate(self.masks)]
        self.unit_cost = self.unit_cost_of(self.info) or 0

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
        new: dict[int, DayPrice | None] = {}
        for d, units in changes.items():
            info = self.day(d, units)
            if units and info is None:
                return None
            new[d] = info
        if self.before and not self._orders_hold(changes):
            return None
        flips: dict[int, int] = {}
        same_cities = True
        for d, info in new.items():
            old = self.info[d]
            for a in bits((info.cast if info else 0) ^ (old.cast if old else 0)):
                flips[a] = flips.get(a, 0) ^ 1 << d
            same_cities &= (info.mode.city if info else "") == (old.mode.city if old else "")
        infos = self.info.copy()
        for d, info in new.items():
            infos[d] = info
        unit_cost = self.unit_cost_of(infos)
        if unit_cost is None:
            return None
        kept = self.cities
        masks = {a: self.masks[a] ^ bits for a, bits in flips.items()}
        if not same_cities and not self.single_city:
            self.cities = self.cities_of(infos)
            masks = {a: masks.get(a, mask) for a, mask in enumerate(self.masks)}
        pay = {a: self.performer(a, mask) for a, mask in masks.items()}
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
                if day_a + gap > day_b != self.days:  # what is left out may wait for anything, and nothing for it
                    return False
        return True


@dataclass(frozen=True, slots=True)
class _Priced:
    """A proposal with its price and what it changes."""

    total: int
    days: dict[int, DayPrice | None]
    masks: dict[int, int]
    pay: dict[int, int]
    unit_cost: int
    cities: list[str]


def _one_site_a_set(space: Space, site: list[int]) -> list[int]:
    """Scenes of one set share its site, also those that the first plan left out."""
    chosen: dict[str, int] = {}
    for scene, place in enumerate(site):
        chosen.setdefault(space.scenes[scene].set, place)
    return [
        chosen[space.scenes[scene].set] if chosen[space.scenes[scene].set] in sites else site[scene]
        for scene, sites in enumerate(space.candidates)
    ]
