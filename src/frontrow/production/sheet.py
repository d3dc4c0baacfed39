"""The production sheet: what is to be shot, where, by whom, when and at what price.

Money is in minor units, dates are local, times of day are minutes after local midnight. `sources` of a row says for
each field where the value came from: `script`, `user` or `estimate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

Sources = Mapping[str, str]


@dataclass(frozen=True)
class Window:
    """Dates from `first` to `last`, both included; `opens` to `closes` on each of them (minutes after midnight)."""

    first: date
    last: date
    opens: int = 0
    closes: int = 24 * 60

    def holds(self, day: date) -> bool:
        """Whether `day` lies in it."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Production:
    """Name, currency and home of the production."""

    title: str
    currency: str
    base: str
    zone: str
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """One scene of the script, with the time it takes to shoot."""

    id: str
    heading: str
    int_ext: str
    time: str
    set: str
    eighths: int
    minutes: int
    cast: tuple[str, ...]
    extras: int
    needs: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    same_day: tuple[str, ...]
    cover: bool
    summary: str
    sources: Sources = field(default_factory=dict)

    @property
    def exterior(self) -> bool:
        """Whether it needs the story's light."""
        return self.int_ext != "INT"


@dataclass(frozen=True)
class Site:
    """A real place that can play sets."""

    id: str
    name: str
    sets: tuple[str, ...]
    lat: float
    lon: float
    city: str
    zone: str
    fee: int
    prep_days: int
    strike_days: int
    permit_fee: int
    permits: tuple[Window, ...]
    capacity: int
    station: str
    sources: Sources = field(default_factory=dict)

    def permit(self, day: date) -> Window | None:
        """The permit under which a visit may shoot on `day` (preparation and strike included), if any."""
        if not self.permits:
            return Window(day, day)
        before, after = timedelta(days=self.prep_days), timedelta(days=self.strike_days)
        return next(
            (w for w in self.permits if w.holds(day) and w.first <= day - before and day + after <= w.last), None
        )


@dataclass(frozen=True)
class Person:
    """A performer."""

    id: str
    name: str
    wage: int
    hold: float
    drop: bool
    drop_days: int
    home: str
    airport: str
    available: tuple[Window, ...]
    unavailable: tuple[Window, ...]
    born: date | None
    hours: int
    sources: Sources = field(default_factory=dict)

    def free(self, day: date) -> bool:
        """Whether they can work on `day`."""
        return (not self.available or any(w.holds(day) for w in self.available)) and not any(
            w.holds(day) for w in self.unavailable
        )

    def age(self, day: date) -> int | None:
        """Full years on `day`; None where no birth date is known."""
        if self.born is None:
            return None
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))

    @property
    def hold_pay(self) -> int:
        """Pay of a day on hold."""
        return round(self.wage * self.hold / 100)


@dataclass(frozen=True)
class Crew:
    """The unit and its prices."""

    day: int
    hours: int
    idle: float
    heads: int
    hotel: int
    move: int
    forced_call: int
    extra: int
    needs: Mapping[str, int]
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Trip:
    """Travel between two cities, either way."""

    origin: str
    destination: str
    hours: float
    fare: int
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Calendar:
    """When the unit can shoot."""

    start: date
    end: date
    days_off: tuple[int, ...]  # 0 is Monday
    holidays: str
    dates_off: tuple[date, ...]
    call: int
    max_hours: int
    setup_minutes: int
    meal_minutes: int
    move_minutes: int
    sites_a_day: int
    rules: str
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Lock:
    """A scene that is fixed to a date, a site, or both."""

    scene: str
    date: date | None
    site: str
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Risk:
    """How rain is priced, and what a moved scene costs."""

    wet_mm: float
    loss: float
    wet_share: float
    stability: int
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """Where a station's daily records are."""

    station: str
    file: str
    date_column: str
    rain_column: str
    unit: str
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """Everything a schedule is made from."""

    production: Production
    scenes: tuple[Scene, ...]
    sites: tuple[Site, ...]
    people: tuple[Person, ...]
    crew: Crew
    travel: tuple[Trip, ...]
    calendar: Calendar
    locks: tuple[Lock, ...]
    risk: Risk
    history: tuple[History, ...]

    @cached_property
    def scene(self) -> dict[str, Scene]:
        """Scenes by id."""
        return {scene.id: scene for scene in self.scenes}

    @cached_property
    def site(self) -> dict[str, Site]:
        """Sites by id."""
        return {site.id: site for site in self.sites}

    @cached_property
    def person(self) -> dict[str, Person]:
        """People by id."""
        return {person.id: person for person in self.people}

    def orders(self) -> set[tuple[str, str]]:
        """All pairs (earlier, later) of scenes."""
        pairs = {(scene.id, other) for scene in self.scenes for other in scene.before}
        return pairs | {(other, scene.id) for scene in self.scenes for other in scene.after}

    def sites_of(self, scene: Scene) -> tuple[Site, ...]:
        """Sites that can play the scene's set and hold its people."""
        people = len(scene.cast) + scene.extras + self.crew.heads
        return tuple(s for s in self.sites if scene.set in s.sets and (not s.capacity or people <= s.capacity))
