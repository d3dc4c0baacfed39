"""A first plan by grouping, as it is done by hand: city by city, site by site, exteriors of day, then night, then interiors.

It cannot fail: a scene that fits on no date is left out, and the solver (or the report of what cannot hold) takes over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frontrow.production.options import Mode, Option, Space, light_class
from frontrow.production.sequence import Decision

_LIGHTS = {"dawn": 0, "day": 1, "dusk": 2, "night": 3, "interior": 4}


def group(space: Space, *, scarce_first: bool = False) -> Decision:
    """Fill dates in order with scenes grouped by city, site and light; `scarce_first` starts with what has few dates."""
    board = _Board(space)
    bundles = _bundles(space)
    dates_of = {s: len({d for d in range(len(space.dates)) for k in space.candidates[s] if board.open(s, d, k)}) for s in range(len(space.scenes))}
    base = space.facts.sheet.production.base

    def key(bundle: Sequence[int]) -> tuple[object, ...]:
        scene = bundle[0]
        site = space.sites[board.preferred(scene)]
        scarcity = min(dates_of[s] for s in bundle) if scarce_first else 0
        return scarcity, site.city != base, site.city, site.id, _LIGHTS[light_class(space.scenes[scene])], scene

    waiting = sorted(bundles, key=key)
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


def _bundles(space: Space) -> list[list[int]]:
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
    bundles: dict[int, list[int]] = {}
    for number in range(len(space.scenes)):
        bundles.setdefault(find(number), []).append(number)
    return list(bundles.values())


class _Board:
    """Dates with what is on them so far; every test is one the model makes too."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.facts = space.facts
        self.on: dict[int, list[tuple[int, int]]] = {}
        self.modes: dict[int, Mode] = {}
        self.date_of: dict[int, int] = {}
        self.site_of_set: dict[str, int] = {}
        index = {scene.id: number for number, scene in enumerate(space.scenes)}
        self.orders = [(index[a], index[b]) for a, b in self.facts.sheet.orders()]
        self.before: dict[int, list[int]] = {}
        for a, b in self.orders:
            self.before.setdefault(b, []).append(a)
        self.blocked: dict[Option, bool] = {}

    def decision(self) -> Decision:
        return Decision(self.modes, {day: tuple(scenes) for day, scenes in self.on.items()})

    def open(self, scene: int, day: int, site: int) -> bool:
        option = Option(scene, day, site)
        if option not in self.blocked:
            self.blocked[option] = bool(self.space.blockers(option))
        return not self.blocked[option]

    def preferred(self, scene: int) -> int:
        """The site that already plays the set, else the cheapest in the base's city."""
        name = self.space.scenes[scene].set
        if name in self.site_of_set:
            return self.site_of_set[name]
        base = self.facts.sheet.production.base
        return min(
            self.space.candidates[scene],
            key=lambda k: (self.space.sites[k].city != base, self.space.sites[k].fee + self.space.sites[k].permit_fee, k),
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
        if not all(self.open(scene, day, site) for scene, site in zip(bundle, sites, strict=True)):
            return None
        for scene in bundle:
            for a in self.before.get(scene, ()):
                gap = 0 if a in bundle or self._alike(a, scene) else 1
                if self.date_of.get(a, day) + gap > day and not (a in bundle):
                    return None
        for a, b in self.orders:  # a scene placed earlier on must not come before its predecessor
            if a in bundle and b in self.date_of and self.date_of[b] < day + (0 if self._alike(a, b) else 1):
                return None
        if any(self.site_of_set.get(self.space.scenes[s].set, k) != k for s, k in zip(bundle, sites, strict=True)):
            return None
        modes = [self.modes[day]] if day in self.modes else list(self.space.modes[day])
        for mode in modes:
            if self._takes(day, mode, items) and self._neighbours(day, mode, items):
                return mode
        if day in self.modes:
            for mode in self.space.modes[day]:
                if self._takes(day, mode, items) and self._neighbours(day, mode, items):
                    return mode
        return None

    def _alike(self, a: int, b: int) -> bool:
        one, other = self.space.candidates[a], self.space.candidates[b]
        same_light = light_class(self.space.scenes[a]) == light_class(self.space.scenes[b])
        return one == other and len(one) == 1 and same_light

    def _takes(self, day: int, mode: Mode, items: Sequence[tuple[int, int]]) -> bool:
        """The rules within one date."""
        space, sheet, calendar = self.space, self.facts.sheet, self.facts.sheet.calendar
        scenes = [space.scenes[s] for s, _ in items]
        sites = {k for _, k in items}
        if any(space.sites[k].city != mode.city for k in sites) or len(sites) > calendar.sites_a_day:
            return False
        if not all(space.fits(mode, scene) for scene in scenes):
            return False
        outside = [scene for scene in scenes if scene.exterior]
        if mode.kind != "day" and not any(scene.time == mode.kind for scene in outside):
            return False
        worked = self._worked(items)
        mixed = len(sites) > 1 and bool(outside) or self._tied(items)
        if worked > calendar.max_hours * 60 or (mode.kind in {"dawn", "dusk"} and (len(sites) > 1 or mixed)):
            return False
        open_air = sum(scene.minutes for scene in outside)
        if mode.kind == "dusk":
            fits = calendar.meal_minutes + open_air <= mode.fixed - mode.light
        else:
            length = mode.light - mode.fixed
            overhead = calendar.setup_minutes + calendar.meal_minutes
            fits = (not outside or overhead + open_air <= length) and (not mixed or worked <= length)
        magic = sum(space.magic(mode, scene) for scene in outside if scene.time == mode.kind and mode.magic)
        if not fits or magic > max(mode.magic, 0):
            return False
        wrap = mode.fixed + (0 if mode.kind == "dusk" else worked)
        call = wrap - worked
        date = space.dates[day]
        for k in sites:
            permit = space.sites[k].permit(date)
            if permit is None or ((permit.opens, permit.closes) != (0, 1440) and (call < permit.opens or wrap > permit.closes)):
                return False
        minutes: dict[str, int] = {}
        for scene in scenes:
            for who in scene.cast:
                minutes[who] = minutes.get(who, 0) + scene.minutes
        for who, total in minutes.items():
            minor = self.facts.pack.minor(sheet.person[who].age(date))
            if total > sheet.person[who].hours * 60 or (minor and (total > minor.minutes or wrap > minor.latest)):
                return False
        return True

    def _tied(self, items: Sequence[tuple[int, int]]) -> bool:
        on = {scene for scene, _ in items}
        return any(a in on and b in on and not self._alike(a, b) for a, b in self.orders)

    def _worked(self, items: Sequence[tuple[int, int]]) -> int:
        calendar = self.facts.sheet.calendar
        minutes = sum(self.space.scenes[scene].minutes for scene, _ in items)
        moves = len({site for _, site in items}) - 1
        return calendar.setup_minutes + calendar.meal_minutes + minutes + calendar.move_minutes * moves

    def _span(self, day: int, mode: Mode, items: Sequence[tuple[int, int]]) -> tuple[int, int]:
        worked = self._worked(items)
        start = mode.zero + mode.fixed - (worked if mode.kind == "dusk" else 0)
        return start, start + worked

    def _neighbours(self, day: int, mode: Mode, items: Sequence[tuple[int, int]]) -> bool:
        """Rest to the dates before and after, and days in seven."""
        dates, pack = self.space.dates, self.facts.pack
        call, wrap = self._span(day, mode, items)
        for other, sign in ((day - 1, -1), (day + 1, 1)):
            if other in self.on and abs((dates[other] - dates[day]).days) == 1:
                other_call, other_wrap = self._span(other, self.modes[other], self.on[other])
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
