"""What contradicts itself in a sheet, before anything is solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter

from frontrow.production import calendar_days, rules
from frontrow.production.faults import Fault
from frontrow.production.rows import Row, Rows
from frontrow.production.sheet import Sheet, Site
from frontrow.production.travel import distance_km

_LONGEST_SPAN = timedelta(days=3 * 366)
_MOST_SCENES = 1_000
_CITY_KM = 60.0  # across a city: the sun differs by a few minutes at most


def find_contradictions(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    """Faults between rows: doubles, unknown names, circles, scenes without a site, people never free."""
    yield from _doubles(sheet, table)
    yield from _calendar(sheet, table)
    yield from _scenes(sheet, table)
    yield from _circles(sheet, table)
    yield from _people(sheet, table)
    yield from _locks(sheet, table)
    yield from _cities(sheet, table)
    stations = {history.station for history in sheet.history}
    for row, site in zip(table["sites"], sheet.sites, strict=True):
        if site.station and site.station not in stations:
            yield row.fault("station", f"{site.station!r} is not in history; add it or leave the field empty")


def _doubles(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    for name in ("scenes", "sites", "people"):
        counts = Counter(item.id for item in getattr(sheet, name))
        for row, item in zip(table[name], getattr(sheet, name), strict=True):
            if item.id and counts[item.id] > 1:
                yield row.fault("id", f"{item.id!r} is there {counts[item.id]} times; ids are unique")
    if len(sheet.scenes) > _MOST_SCENES:
        yield Fault("", 0, "scenes", f"there are {len(sheet.scenes)}; the most is {_MOST_SCENES}")


def _calendar(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    if date.min in (sheet.calendar.start, sheet.calendar.end):
        return  # a fault already
    row, calendar = table["calendar"][0], sheet.calendar
    if calendar.end < calendar.start:
        yield row.fault("end", f"{calendar.end} is before the start {calendar.start}; swap them")
        return
    if calendar.end - calendar.start > _LONGEST_SPAN:
        yield row.fault("end", f"{calendar.end} is more than three years after the start; check the dates")
        return
    if not calendar.rules.endswith(".yaml") and calendar.rules not in rules.names():
        yield row.fault("rules", f"{calendar.rules!r} is no rule pack; there are {', '.join(rules.names())}")
    try:
        days = calendar_days.shooting_dates(calendar)
    except NotImplementedError:
        yield row.fault("holidays", f"{calendar.holidays!r} is no country with known holidays; write ISO 3166 like DE")
        return
    if not days:
        yield row.fault("end", "no shooting day is left between start and end; free some of the days off")


def _scenes(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    people = {person.id for person in sheet.people}
    scenes = {scene.id for scene in sheet.scenes}
    for row, scene in zip(table["scenes"], sheet.scenes, strict=True):
        for who in scene.cast:
            if who not in people:
                yield row.fault("cast", f"{who!r} is not in people; add a row for them")
        for need in scene.needs:
            if need not in sheet.crew.needs:
                yield row.fault("needs", f"{need!r} has no price in crew.needs; add one (0 is fine)")
        for name in ("before", "after", "same_day"):
            for other in getattr(scene, name):
                if other not in scenes:
                    yield row.fault(name, f"{other!r} is no scene of this sheet")
                elif other == scene.id:
                    yield row.fault(name, "names the scene itself")
        if not scene.set:
            continue
        if not any(scene.set in site.sets for site in sheet.sites):
            yield row.fault("set", f"no site can play {scene.set!r}; add it to the sets of a site")
        elif not sheet.sites_of(scene):
            yield row.fault(
                "set", f"no site that plays {scene.set!r} holds its {len(scene.cast)} cast, extras and crew"
            )


def _cities(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    """A day works in the light of a whole city, so a city's sites lie close together."""
    first: dict[str, Site] = {}
    for row, site in zip(table["sites"], sheet.sites, strict=True):
        other = first.setdefault(site.city, site)
        km = distance_km((site.lat, site.lon), (other.lat, other.lon))
        if km > _CITY_KM:
            where = f"{site.city!r}" if site.city else "the same city (none is named)"
            yield row.fault("city", f"is {km:.0f} km from {other.id!r} in {where}; give it a city of its own")
        if site.zone != other.zone:
            yield row.fault("zone", f"{site.zone!r} differs from that of {other.id!r} in the same city")


def _circles(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    """Every circle of the order, until taking one pair out of each leaves none; a scene before itself is told above."""
    graph: dict[str, set[str]] = {}
    for earlier, later in sheet.orders():
        if earlier != later:
            graph.setdefault(later, set()).add(earlier)
    lines = {scene.id: row for row, scene in zip(table["scenes"], sheet.scenes, strict=True)}
    place = {scene.id: number for number, scene in enumerate(sheet.scenes)}
    while True:
        ordered = sorted(graph, key=lambda scene: place.get(scene, -1))
        try:
            TopologicalSorter({later: sorted(graph[later]) for later in ordered}).prepare()
        except CycleError as error:
            circle = error.args[1]
            graph[circle[1]].discard(circle[0])
            row: Row | None = lines.get(circle[0])
            if row is not None:
                yield row.fault("before", f"the order goes in a circle: {' before '.join(circle)}; take one out")
            continue
        return


def _people(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    if not date.min < sheet.calendar.start <= sheet.calendar.end <= sheet.calendar.start + _LONGEST_SPAN:
        return
    try:
        days = calendar_days.shooting_dates(sheet.calendar)
    except NotImplementedError:
        return
    wanted = {who for scene in sheet.scenes for who in scene.cast}
    cities = {site.city for site in sheet.sites}
    known = {city for trip in sheet.travel for city in (trip.origin, trip.destination)}
    for row, person in zip(table["people"], sheet.people, strict=True):
        if person.id in wanted and days and not any(person.free(day) for day in days):
            field = "available" if person.available else "unavailable"
            yield row.fault(field, f"is never available between {sheet.calendar.start} and {sheet.calendar.end}")
        if person.home and person.home not in cities | known:
            yield row.fault("home", f"the way from {person.home!r} is unknown; add a row to travel")
        if person.born and person.born > sheet.calendar.start:
            yield row.fault("born", f"{person.born} is after the start of the shoot; check the date")
    base = sheet.production.base
    if base and base not in cities | known and table["production"]:
        yield table["production"][0].fault("base", f"the way from {base!r} is unknown; add a row to travel")


def _locks(sheet: Sheet, table: Rows) -> Iterator[Fault]:
    for row, lock in zip(table["locks"], sheet.locks, strict=True):
        scene = sheet.scene.get(lock.scene)
        if lock.scene and scene is None:
            yield row.fault("scene", f"{lock.scene!r} is no scene of this sheet")
        if lock.site and lock.site not in sheet.site:
            yield row.fault("site", f"{lock.site!r} is no site of this sheet")
        elif lock.site and scene is not None and scene.set not in sheet.site[lock.site].sets:
            yield row.fault("site", f"{lock.site!r} does not play {scene.set!r}")
