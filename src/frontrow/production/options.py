"""What each scene could do: the modes of every date (city and kind of day) and the places of every scene.

A *mode* fixes the light a day works in. All bounds are conservative for every site of the city, so that a day which
keeps them can be put in order afterwards (`sequence`):

- day: call at the calendar's time, or late enough for the first shot to have sun; exteriors first;
- dawn: first shot at civil dawn; the dawn scene first, then exteriors, then interiors;
- dusk: wrap at civil dusk; interiors, then exteriors, then the dusk scene;
- night: first shot when it is dark; exteriors first.

Times are minutes after the local midnight that begins the date (`Mode.zero` is that midnight in UTC minutes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from frontrow.production import sun
from frontrow.production.facts import Facts
from frontrow.production.sheet import Scene, Site

MAGIC_MINUTES = 45  # of sun before sunset, or after sunrise, that still count as dusk or dawn
_LATEST_CALL_SHIFT = 180  # a day call is moved at most this much to wait for the sun


@dataclass(frozen=True)
class Mode:
    """One way to run a date. `fixed` is the call (the wrap of a dusk day); `light` ends the usable light."""

    city: str
    kind: str
    zero: int
    fixed: int
    light: int  # day, dawn: sunset; night: the dark ends; dusk: the earliest start of an exterior (sunrise)
    magic: int  # minutes of the dawn or dusk window
    exteriors: bool  # whether exteriors fit at all


@dataclass(frozen=True)
class Option:
    """Scene `scene` on date index `day` at site index `site`, allowed in the modes of `kinds`."""

    scene: int
    day: int
    site: int


KINDS_OF = {"day": ("day", "dawn", "dusk"), "night": ("night",), "dawn": ("dawn",), "dusk": ("dusk",)}
INTERIOR_KINDS = ("day", "night", "dawn", "dusk")


def kinds_of(scene: Scene) -> tuple[str, ...]:
    """Kinds of day on which the scene can be shot."""
    return KINDS_OF[scene.time] if scene.exterior else INTERIOR_KINDS


def light_class(scene: Scene) -> str:
    """interior, or the story's light of an exterior."""
    return scene.time if scene.exterior else "interior"


@dataclass(frozen=True)
class Space:
    """All choices of a production, over its possible shooting dates."""

    facts: Facts
    dates: tuple[date, ...]
    modes: tuple[tuple[Mode, ...], ...]  # of each date
    fixed: Mapping[str, tuple[date, str]] = field(default_factory=dict)  # scenes of days that a re-plan must not touch
    locked_until: date = date.min  # dates up to here take no other scenes

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Sites by index."""
        return self.facts.sheet.sites

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """Scenes by index."""
        return self.facts.sheet.scenes

    @cached_property
    def candidates(self) -> tuple[tuple[int, ...], ...]:
        """Site indices that could play each scene."""
        index = {site.id: number for number, site in enumerate(self.sites)}
        sheet = self.facts.sheet
        return tuple(tuple(index[site.id] for site in sheet.sites_of(scene)) for scene in sheet.scenes)

    @cached_property
    def locks(self) -> dict[str, tuple[set[date], set[str]]]:
        """Dates and sites to which scenes are locked (empty: any)."""
        found: dict[str, tuple[set[date], set[str]]] = {}
        for lock in self.facts.sheet.locks:
            dates, sites = found.setdefault(lock.scene, (set(), set()))
            if lock.date:
                dates.add(lock.date)
            if lock.site:
                sites.add(lock.site)
        return found

    def blockers(self, option: Option) -> list[str]:
        """Names of the rules that forbid an option on its own; empty when it is allowed."""
        scene, site, day = self.scenes[option.scene], self.sites[option.site], self.dates[option.day]
        if scene.id in self.fixed:
            return [] if self.fixed[scene.id] == (day, site.id) else ["locked days"]
        if day <= self.locked_until:
            return ["locked days"]
        sheet = self.facts.sheet
        rules = [f"availability of {who}" for who in scene.cast if not sheet.person[who].free(day)]
        if site.permit(day) is None:
            rules.append(f"permits of {site.id}")
        dates, sites = self.locks.get(scene.id, (set(), set()))
        if (dates and day not in dates) or (sites and site.id not in sites):
            rules.append(f"lock of scene {scene.id}")
        if day > sheet.calendar.end:
            rules.append(f"end of the calendar on {sheet.calendar.end}")
        if not self.lit(option):
            rules.append(f"light of scene {scene.id} ({scene.time} exterior)")
        minors = {who: self.facts.pack.minor(sheet.person[who].age(day)) for who in scene.cast}
        for who, rule in minors.items():
            if rule is not None and (scene.minutes > rule.minutes or (scene.exterior and scene.time == "night")):
                rules.append(f"rules for the minor {who}")
        rules += [f"hours of {who}" for who in scene.cast if scene.minutes > sheet.person[who].hours * 60]
        return rules

    def lit(self, option: Option) -> bool:
        """Whether some mode of the date gives the scene its light."""
        scene, city = self.scenes[option.scene], self.sites[option.site].city
        return any(self.fits(mode, scene) for mode in self.modes[option.day] if mode.city == city)

    def fits(self, mode: Mode, scene: Scene) -> bool:
        """Whether a scene could be alone on a day of that mode."""
        if mode.kind not in kinds_of(scene):
            return False
        if not scene.exterior:
            return True
        calendar = self.facts.sheet.calendar
        if scene.time in {"dawn", "dusk"}:
            return mode.magic > 0
        if not mode.exteriors:
            return False
        if mode.kind == "dusk":
            return scene.minutes + calendar.meal_minutes <= mode.fixed - mode.light
        return calendar.setup_minutes + calendar.meal_minutes + scene.minutes <= mode.light - mode.fixed

    def magic(self, mode: Mode, scene: Scene) -> int:
        """Minutes of the dawn or dusk window a scene fills (a longer one fills it all and starts or ends outside)."""
        return min(scene.minutes, mode.magic)


def space(
    facts: Facts,
    extra_dates: tuple[date, ...] = (),
    fixed: Mapping[str, tuple[date, str]] | None = None,
    locked_until: date = date.min,
) -> Space:
    """All modes of each date, and of `extra_dates` beyond the calendar's end; `fixed` scenes stay where they are."""
    dates = (*facts.dates, *extra_dates)
    cities: dict[str, list[Site]] = {}
    for site in facts.sheet.sites:
        cities.setdefault(site.city, []).append(site)
    modes = tuple(
        tuple(mode for city, sites in cities.items() for mode in _modes(facts, city, sites, day)) for day in dates
    )
    return Space(facts, dates, modes, fixed or {}, locked_until)


def _modes(facts: Facts, city: str, sites: list[Site], day: date) -> list[Mode]:
    calendar = facts.sheet.calendar
    zone = sites[0].zone
    zero = sun.local_minutes(day, 0, zone)
    # One light per distinct place: sites of a city mostly share it.
    lights = {(round(s.lat, 1), round(s.lon, 1)): facts.light(s, day) for s in sites}.values()

    def latest(name: str) -> int | None:
        values = [getattr(light, name) for light in lights]
        return None if None in values else max(values) - zero

    def earliest(name: str) -> int | None:
        values = [getattr(light, name) for light in lights]
        return None if None in values else min(values) - zero

    sunrise, sunset = latest("sunrise"), earliest("sunset")
    dawn, dusk = latest("dawn"), earliest("dusk")
    found = []
    sunny = sunrise is not None and sunset is not None
    call = calendar.call
    if sunny:
        assert sunrise is not None
        call = min(max(call, sunrise - calendar.setup_minutes), call + _LATEST_CALL_SHIFT)
    exteriors = sunny and (sunrise or 0) <= call + calendar.setup_minutes
    found.append(Mode(city, "day", zero, call, sunset if sunset is not None else call, 0, exteriors))
    if sunny and dawn is not None:
        assert sunrise is not None and sunset is not None
        window = sunrise + MAGIC_MINUTES - dawn
        found.append(Mode(city, "dawn", zero, dawn - calendar.setup_minutes, sunset, window, True))
    if sunny and dusk is not None:
        assert sunrise is not None and sunset is not None
        found.append(Mode(city, "dusk", zero, dusk, sunrise, dusk - sunset + MAGIC_MINUTES, True))
    dark, light_again = latest("dusk"), earliest("next_dawn")
    if dark is not None and light_again is not None and light_again - dark > 60:
        found.append(Mode(city, "night", zero, dark - calendar.setup_minutes, light_again, 0, True))
    return found
