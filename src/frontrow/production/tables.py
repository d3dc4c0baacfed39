"""A production as plain arrays for the compiled search: what a scene, site, performer and date are, what each costs.

Everything here follows from the sheet alone; what a plan is lies in `board`. An *option* is a scene and a site that
can play it. Money is in minor units, times are minutes, cities are indices with the base first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from frontrow.production.daily import Daily
from frontrow.production.options import Space
from frontrow.production.sheet import Person, Window

KINDS = ("day", "dawn", "dusk", "night")
DAY, DAWN, DUSK, NIGHT = range(4)
_EVER = 1 << 40


class Tables(NamedTuple):
    """The arrays; nothing in them changes while a plan is searched for. Few, because a compiled call copies them all.

    `from` and `to` fields of the records are places in `lists`.
    """

    numbers: np.ndarray  # (1,) of NUMBERS
    scenes: np.ndarray  # of SCENE
    units: np.ndarray  # of UNIT: scenes that share a date
    sites: np.ndarray  # of SITE
    people: np.ndarray  # of PERSON
    modes: np.ndarray  # of MODE
    choices: np.ndarray  # of CHOICE: sets that several sites can play
    lists: np.ndarray
    site: np.ndarray  # (options,)
    loss: np.ndarray  # (options, days) expected loss through rain, -1 where the option is forbidden
    mode: np.ndarray  # (days, cities, kinds) row of `modes`, -1 where there is none
    hours: np.ndarray  # (sites, days, 2) earliest call and latest wrap of a permit
    limits: np.ndarray  # (people, days, 2) most minutes in scenes, latest wrap
    travel: np.ndarray  # (3, cities, cities) fare of one, fare of the unit, minutes
    ordinal: np.ndarray  # (days,)
    overtime: np.ndarray  # (steps, 2) minutes from call, price of a unit begun
    needs: np.ndarray  # (needs,) price a day


def _record(names: str) -> np.dtype[np.void]:
    return np.dtype([(name, np.int64) for name in names.split()])


NUMBERS = _record(
    "days most_sites most_minutes setup meal move_minutes days_in_seven rest least_rest overtime_unit "
    "crew_day idle_day forced_call crew_hotel hotel left_out stability"
)
SCENE = _record(
    "minutes exterior kind unit previous "  # `previous`: date index before, -1 elsewhere, -2 without a plan before
    "cast_from cast_to needs_from needs_to tied_from tied_to option_from option_to "
    "set_from set_to"  # units with scenes of the same set
)
UNIT = _record("scenes_from scenes_to orders_from orders_to")  # an order: earlier unit, later unit, least distance
SITE = _record("city fee visit")  # `visit`: company move, preparation and strike
PERSON = _record("wage hold drop_days home flies units_from units_to")  # `drop_days` -1: no drop is allowed
MODE = _record("zero fixed light magic exteriors")
CHOICE = _record("scenes_from scenes_to sites_from sites_to")


class _Lists:
    """One flat array of many lists."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def add(self, values: Iterable[int]) -> tuple[int, int]:
        start = len(self.values)
        self.values += values
        return start, len(self.values)


def tables(space: Space, units: Sequence[Sequence[int]], previous: Mapping[str, int] | None) -> Tables:
    """The arrays of a space whose scenes are bundled into `units`; `previous` holds date indices of a plan before."""
    facts, sheet, daily = space.facts, space.facts.sheet, Daily(space)
    crew, pack, base = sheet.crew, facts.pack, sheet.production.base
    names = list(dict.fromkeys([base, *(s.city for s in space.sites), *(p.home for p in sheet.people if p.home)]))
    city = {name: number for number, name in enumerate(names)}
    options = [(s, k) for s, sites in enumerate(space.candidates) for k in sites]
    modes = [(d, mode) for d, of_day in enumerate(space.modes) for mode in of_day]
    mode = np.full((len(space.dates), len(names), len(KINDS)), -1)
    for row, (d, m) in enumerate(modes):
        mode[d, city[m.city], KINDS.index(m.kind)] = row
    lists = _Lists()
    unit_of = {s: u for u, scenes in enumerate(units) for s in scenes}
    pairs = np.array([(facts.trips[a, b].fare, round(facts.trips[a, b].hours * 60)) for a in names for b in names])
    fare, way = pairs.T.reshape(2, len(names), len(names))
    rate = crew.day / crew.hours * pack.overtime_unit_minutes / 60
    return Tables(
        numbers=_numbers(space),
        scenes=_scenes(space, daily, unit_of, previous, lists),
        units=_units(daily, units, unit_of, lists),
        sites=np.array(
            [
                (city[s.city], s.fee + s.permit_fee, crew.move + s.fee * (s.prep_days + s.strike_days))
                for s in space.sites
            ],
            SITE,
        ),
        people=_people(space, city, unit_of, lists),
        modes=np.array([(m.zero, m.fixed, m.light, m.magic, m.exteriors) for _, m in modes], MODE),
        choices=np.array([(*lists.add(scenes), *lists.add(sites)) for scenes, sites in _choices(space)], CHOICE),
        lists=np.array(lists.values, np.int64),
        site=np.array([k for _, k in options], np.int64),
        loss=_losses(space, daily, options),
        mode=mode,
        hours=np.array([[_hours(site.permit(day)) for day in space.dates] for site in space.sites], np.int64),
        limits=np.array([[_limits(space, p, day) for day in space.dates] for p in sheet.people], np.int64).reshape(
            -1, len(space.dates), 2
        ),
        travel=np.array([fare, fare * crew.heads, way], np.int64),
        ordinal=np.array([day.toordinal() for day in space.dates], np.int64),
        overtime=np.array(
            [(step.after_minutes, round(rate * step.percent / 100)) for step in pack.overtime], np.int64
        ).reshape(-1, 2),
        needs=np.array(list(crew.needs.values()), np.int64),
    )


def _numbers(space: Space) -> np.ndarray:
    """What the calendar, the rule pack and the crew say once for all."""
    calendar, crew, pack = space.facts.sheet.calendar, space.facts.sheet.crew, space.facts.pack
    row = (
        len(space.dates), calendar.sites_a_day, min(calendar.max_hours, 24) * 60, calendar.setup_minutes,
        calendar.meal_minutes, calendar.move_minutes, pack.days_in_seven, pack.rest_minutes, pack.least_rest_minutes,
        pack.overtime_unit_minutes, crew.day, round(crew.day * crew.idle / 100), crew.forced_call,
        crew.heads * crew.hotel, crew.hotel, space.facts.left_out_price, space.facts.sheet.risk.stability,
    )  # fmt: skip
    return np.array([row], NUMBERS)


def _scenes(
    space: Space, daily: Daily, unit_of: Mapping[int, int], previous: Mapping[str, int] | None, lists: _Lists
) -> np.ndarray:
    people = {person.id: number for number, person in enumerate(space.facts.sheet.people)}
    needs = {name: number for number, name in enumerate(space.facts.sheet.crew.needs)}
    tied: dict[int, list[int]] = {}  # scenes that come later and differ in site or light
    for a, b in daily.orders:
        if not daily.alike(a, b):
            tied.setdefault(a, []).append(b)
    sets: dict[str, set[int]] = {}
    for s, scene in enumerate(space.scenes):
        sets.setdefault(scene.set, set()).add(unit_of[s])
    of_set = {name: lists.add(sorted(units)) for name, units in sets.items()}
    rows, options = [], 0
    for s, scene in enumerate(space.scenes):
        rows.append(
            (
                scene.minutes, scene.exterior, KINDS.index(scene.time) if scene.exterior else DAY, unit_of[s],
                previous.get(scene.id, -2) if previous else -2, *lists.add(people[who] for who in scene.cast),
                *lists.add(needs[need] for need in scene.needs), *lists.add(tied.get(s, ())),
                options, options + len(space.candidates[s]), *of_set[scene.set],
            )
        )  # fmt: skip
        options += len(space.candidates[s])
    return np.array(rows, SCENE)


def _units(daily: Daily, units: Sequence[Sequence[int]], unit_of: Mapping[int, int], lists: _Lists) -> np.ndarray:
    orders: list[list[int]] = [[] for _ in units]
    for a, b in daily.orders:
        one, other = unit_of[a], unit_of[b]
        for u in {one, other} if one != other else ():
            orders[u] += [one, other, 0 if daily.alike(a, b) else 1]
    return np.array([(*lists.add(scenes), *lists.add(orders[u])) for u, scenes in enumerate(units)], UNIT)


def _people(space: Space, city: Mapping[str, int], unit_of: Mapping[int, int], lists: _Lists) -> np.ndarray:
    own: dict[str, set[int]] = {}
    for s, scene in enumerate(space.scenes):
        for who in scene.cast:
            own.setdefault(who, set()).add(unit_of[s])
    rows = [
        (
            p.wage, p.hold_pay, p.drop_days if p.drop else -1, city[p.home or space.facts.sheet.production.base],
            bool(p.home), *lists.add(sorted(own.get(p.id, ()))),
        )
        for p in space.facts.sheet.people
    ]  # fmt: skip
    return np.array(rows, PERSON)


def _hours(permit: Window | None) -> tuple[int, int]:
    """Earliest call and latest wrap; a permit for the whole day does not bind a night that ends after midnight."""
    if permit is None:
        return _EVER, 0
    whole = (permit.opens, permit.closes) == (0, 24 * 60)
    return (-_EVER, _EVER) if whole else (permit.opens, permit.closes)


def _limits(space: Space, person: Person, day: date) -> tuple[int, int]:
    """Most minutes in scenes, and the latest wrap, of a performer on a date."""
    minor = space.facts.pack.minor(person.age(day))
    return (min(person.hours * 60, minor.minutes), minor.latest) if minor else (person.hours * 60, _EVER)


def _losses(space: Space, daily: Daily, options: Sequence[tuple[int, int]]) -> np.ndarray:
    """Expected loss through rain of each option and date; it changes with the month only."""
    months = {day.month: day for day in space.dates}
    rows = []
    for s, k in options:
        of_month = {m: space.facts.loss(space.scenes[s], space.sites[k], day) for m, day in months.items()}
        rows.append([of_month[day.month] if daily.open(s, d, k) else -1 for d, day in enumerate(space.dates)])
    return np.array(rows, np.int64)


def _choices(space: Space) -> list[tuple[list[int], list[int]]]:
    """Scenes of each set that several sites can play, with those sites."""
    sets: dict[str, list[int]] = {}
    for s, scene in enumerate(space.scenes):
        sets.setdefault(scene.set, []).append(s)
    found = []
    for scenes in sets.values():
        common = set.intersection(*(set(space.candidates[s]) for s in scenes))
        if len(common) > 1:
            found.append((scenes, sorted(common)))
    return found
