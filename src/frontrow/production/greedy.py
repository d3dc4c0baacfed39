"""A first plan by grouping, as it is done by hand: by city, by site, exteriors of day, then of night, then interiors.

It cannot fail: a scene that fits on no date is left out, and the solver (or the report of what cannot hold) takes over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frontrow.production.daily import Daily
from frontrow.production.options import Mode, Space, light_class
from frontrow.production.sequence import Decision

_LIGHTS = {"dawn": 0, "day": 1, "dusk": 2, "night": 3, "interior": 4}


def group(space: Space, *, scarce_first: bool = False) -> Decision:
    """Fill dates in order with scenes by city, site and light; `scarce_first` starts with what has few dates."""
    board = _Board(space)
    dates_of = {
        s: len({d for d in range(len(space.dates)) for k in space.candidates[s] if board.daily.open(s, d, k)})
        for s in range(len(space.scenes))
    }
    base = space.facts.sheet.production.base

    def key(bundle: Sequence[int]) -> tuple[object, ...]:
        scene = bundle[0]
        site = space.sites[board.preferred(scene)]
        scarcity = min(dates_of[s] for s in bundle) if scarce_first else 0
        return scarcity, site.city != base, site.city, site.id, _LIGHTS[light_class(space.scenes[scene])], scene

    waiting = sorted(bundles(space), key=key)
    date = 0
    while waiting:
        placed = []
        for bundle in waiting:
            if not board.ready(bundle):
                continue
            day = board.place(bundle, [*range(date, len(space.dates)), *range(date)])
            if day is not None:
                date = day if not scarce_first else 0
                placed.append(bundle)
        if not placed:
            break
        waiting = [bundle for bundle in waiting if bundle not in placed]
    return board.decision()


def bundles(space: Space) -> list[list[int]]:
    """Scenes that must share a date, together."""
    index = {scene.id: number for number, scene in enumerate(space.scenes)}
    leader = list(range(len(space.scenes)))

    def find(scene: int) -> int:
        while leader[scene] != scene:
            scene = leader[scene]
        return scene

    for number, scene in enumerate(space.scenes):
        for other in scene.same_day:
            leader[find(index[other])] = find(number)
    found: dict[int, list[int]] = {}
    for number in range(len(space.scenes)):
        found.setdefault(find(number), []).append(number)
    return list(found.values())


class _Board:
    """Dates with what is on them so far; every test is one the model makes too."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.facts = space.facts
        self.on: dict[int, list[tuple[int, int]]] = {}
        self.modes: dict[int, Mode] = {}
        self.date_of: dict[int, int] = {}
        self.site_of_set: dict[str, int] = {}
        self.daily = Daily(space)
        self.orders = self.daily.orders
        self.before: dict[int, list[int]] = {}
        for a, b in self.orders:
            self.before.setdefault(b, []).append(a)

    def decision(self) -> Decision:
        return Decision(self.modes, {day: tuple(scenes) for day, scenes in self.on.items()})

    def preferred(self, scene: int) -> int:
        """The site that already plays the set, else the cheapest in the base's city."""
        name = self.space.scenes[scene].set
        if name in self.site_of_set:
            return self.site_of_set[name]
        base = self.facts.sheet.production.base
        return min(
            self.space.candidates[scene],
            key=lambda k: (
                self.space.sites[k].city != base,
                self.space.sites[k].fee + self.space.sites[k].permit_fee,
                k,
            ),
        )

    def ready(self, bundle: Iterable[int]) -> bool:
        own = set(bundle)
        return all(a in self.date_of or a in own for scene in own for a in self.before.get(scene, ()))

    def place(self, bundle: Sequence[int], days: Iterable[int]) -> int | None:
        """Put the scenes of a bundle on the first date that takes them all; the date, or None."""
        for day in days:
            for sites in self._site_choices(bundle):
                items = [*self.on.get(day, ()), *zip(bundle, sites, strict=True)]
                mode = self._mode(day, bundle, sites, items)
                if mode is not None:
                    self.on[day], self.modes[day] = items, mode
                    for scene, site in zip(bundle, sites, strict=True):
                        self.date_of[scene] = day
                        self.site_of_set.setdefault(self.space.scenes[scene].set, site)
                    return day
        return None

    def _site_choices(self, bundle: Sequence[int]) -> Iterable[list[int]]:
        preferred = [self.preferred(scene) for scene in bundle]
        yield preferred
        if len(bundle) == 1 and self.space.scenes[bundle[0]].set not in self.site_of_set:
            for site in self.space.candidates[bundle[0]]:
                if site != preferred[0]:
                    yield [site]

    def _mode(self, day: int, bundle: Sequence[int], sites: Sequence[int], items: list[tuple[int, int]]) -> Mode | None:
        """A mode in which the date takes the bundle, or None."""
        if not all(self.daily.open(scene, day, site) for scene, site in zip(bundle, sites, strict=True)):
            return None
        for scene in bundle:
            for a in self.before.get(scene, ()):
                gap = 0 if a in bundle or self.daily.alike(a, scene) else 1
                if self.date_of.get(a, day) + gap > day and a not in bundle:
                    return None
        for a, b in self.orders:  # a scene placed earlier on must not come before its predecessor
            if a in bundle and b in self.date_of and self.date_of[b] < day + (0 if self.daily.alike(a, b) else 1):
                return None
        if any(self.site_of_set.get(self.space.scenes[s].set, k) != k for s, k in zip(bundle, sites, strict=True)):
            return None
        modes = [self.modes[day]] if day in self.modes else list(self.space.modes[day])
        for mode in modes:
            if self.daily.takes(day, mode, items) and self._neighbours(day, mode, items):
                return mode
        if day in self.modes:
            for mode in self.space.modes[day]:
                if self.daily.takes(day, mode, items) and self._neighbours(day, mode, items):
                    return mode
        return None

    def _neighbours(self, day: int, mode: Mode, items: Sequence[tuple[int, int]]) -> bool:
        """Rest to the dates before and after, and days in seven."""
        dates, pack = self.space.dates, self.facts.pack
        call, wrap = self.daily.span(mode, items)
        for other, sign in ((day - 1, -1), (day + 1, 1)):
            if other in self.on and abs((dates[other] - dates[day]).days) == 1:
                other_call, other_wrap = self.daily.span(self.modes[other], self.on[other])
                rest = other_call - wrap if sign > 0 else call - other_wrap
                way = round(self.facts.trips[mode.city, self.modes[other].city].hours * 60)
                if rest < pack.least_rest_minutes + way:
                    return False
        if day not in self.on:
            shot = [dates[d].toordinal() for d in self.on] + [dates[day].toordinal()]
            at = dates[day].toordinal()
            for start in range(at - 6, at + 1):
                if sum(start <= other < start + 7 for other in shot) > pack.days_in_seven:
                    return False
        return True
