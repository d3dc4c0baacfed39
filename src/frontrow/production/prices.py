"""What a plan on a board costs, piece by piece, and whether it keeps the rules: a date, the unit's way, a performer.

The same arithmetic as the ledger's and the same rules as the checker's, compiled, and arranged so that a small
change is priced by looking at what changed.
"""

from __future__ import annotations

from numba import njit

from frontrow.production.board import (
    BROKEN,
    CALL,
    CAST,
    CITY,
    COST,
    COUNT,
    DATE,
    FIRST,
    FIRST_SITE,
    LAST,
    SITES,
    WORKED,
    WRAP,
    Board,
)
from frontrow.production.tables import DAWN, DAY, DUSK, NIGHT, Tables

# Rows of `travel`.
FARE, CREW_FARE, WAY = range(3)


@njit(cache=True, nogil=True)
def price_date(t: Tables, b: Board, d: int, row: int) -> bool:
    """Write what date `d` is with its contents to a row of `dates`; False where a rule is broken."""
    n, here = t.numbers[0], b.dates[row]
    here[COST] = here[CALL] = here[WRAP] = here[SITES] = here[CAST] = 0
    here[CITY] = -1
    if b.contents[d, 0] == 0:
        return True
    if d == len(t.ordinal):
        for i in range(1, b.contents[d, 0] + 1):
            unit = t.units[b.contents[d, i]]
            here[COST] += n.left_out * (unit.scenes_to - unit.scenes_from)
        return True
    minutes = open_air = cost = site_count = rented = 0
    kind = DAY
    outside = tied = wants_sun = False
    for i in range(1, b.contents[d, 0] + 1):
        unit = t.units[b.contents[d, i]]
        for j in range(unit.scenes_from, unit.scenes_to):
            s = t.lists[j]
            scene, option = t.scenes[s], b.option[s]
            k = t.site[option]
            minutes += scene.minutes
            if t.loss[option, d] < 0:
                return False
            cost += t.loss[option, d]
            if scene.previous != -2 and scene.previous != d:
                cost += n.stability
            known = False
            for x in range(FIRST_SITE, FIRST_SITE + site_count):
                known |= here[x] == k
            if not known:
                if site_count == n.most_sites or (site_count and t.sites[here[FIRST_SITE]].city != t.sites[k].city):
                    return False
                here[FIRST_SITE + site_count] = k
                site_count += 1
            if scene.exterior:
                outside = True
                open_air += scene.minutes
                if scene.kind == DAY:
                    wants_sun = True
                elif kind == DAY or kind == scene.kind:
                    kind = scene.kind
                else:
                    return False
            rented += scene.needs_to - scene.needs_from
            for x in range(scene.tied_from, scene.tied_to):
                tied |= b.units[t.scenes[t.lists[x]].unit, DATE] == d
    stay = n.setup + n.meal + minutes + n.move_minutes * (site_count - 1)
    city = t.sites[here[FIRST_SITE]].city
    row_of_mode = t.mode[d, city, kind]
    if row_of_mode < 0 or stay > n.most_minutes or (kind == NIGHT and wants_sun):
        return False
    mode = t.modes[row_of_mode]
    mixed = tied or (site_count > 1 and outside)
    if not _lit(n, mode, kind, stay, open_air, outside, mixed, site_count):
        return False
    if kind in (DAWN, DUSK) and not _twilight(t, b, d, kind, mode.magic):
        return False
    wrap = mode.fixed + (0 if kind == DUSK else stay)
    for x in range(FIRST_SITE, FIRST_SITE + site_count):
        if wrap - stay < t.hours[here[x], d, 0] or wrap > t.hours[here[x], d, 1]:
            return False
        cost += t.sites[here[x]].fee
    cast_count = _gather_cast(t, b, d, row, wrap)
    if cast_count < 0:
        return False
    for x in range(len(t.overtime)):
        if stay > t.overtime[x, 0]:
            cost += -(-(stay - t.overtime[x, 0]) // n.overtime_unit) * t.overtime[x, 1]
    here[COST] = cost + n.crew_day + (_equipment(t, b, d) if rented else 0)
    here[CALL], here[WRAP] = mode.zero + wrap - stay, mode.zero + wrap
    here[CITY], here[SITES], here[CAST] = city, site_count, cast_count
    return True


@njit(cache=True, nogil=True)
def _gather_cast(t: Tables, b: Board, d: int, row: int, wrap: int) -> int:
    """Write the cast of a date to its row: their number, or BROKEN where somebody works too long or too late."""
    first, count, fine = FIRST_SITE + t.numbers[0].most_sites, 0, True
    here = b.dates[row]
    for i in range(1, b.contents[d, 0] + 1):
        unit = t.units[b.contents[d, i]]
        for j in range(unit.scenes_from, unit.scenes_to):
            scene = t.scenes[t.lists[j]]
            for x in range(scene.cast_from, scene.cast_to):
                p = t.lists[x]
                if b.people[p, WORKED] == 0:
                    here[first + count] = p
                    count += 1
                b.people[p, WORKED] += scene.minutes
    for x in range(first, first + count):
        p = here[x]
        fine &= b.people[p, WORKED] <= t.limits[p, d, 0] and wrap <= t.limits[p, d, 1]
        b.people[p, WORKED] = 0
    return count if fine else BROKEN


@njit(cache=True, nogil=True)
def _lit(n, mode, kind, stay, open_air, outside, mixed, site_count):  # type: ignore[no-untyped-def]
    """Whether the exteriors of a date fit into its light, and everything does where the order is not free."""
    if outside and not mode.exteriors:
        return False
    if kind in (DAWN, DUSK) and (site_count > 1 or mixed or mode.magic <= 0):
        return False
    if kind == DUSK:
        return n.meal + open_air <= mode.fixed - mode.light
    length = mode.light - mode.fixed
    return (not outside or n.setup + n.meal + open_air <= length) and (not mixed or stay <= length)


@njit(cache=True, nogil=True)
def _twilight(t: Tables, b: Board, d: int, kind: int, magic: int) -> bool:
    """Whether the dawn (dusk) scenes of a date fit into its twilight; one that is longer fills it."""
    filled = 0
    for i in range(1, b.contents[d, 0] + 1):
        unit = t.units[b.contents[d, i]]
        for j in range(unit.scenes_from, unit.scenes_to):
            scene = t.scenes[t.lists[j]]
            if scene.exterior and scene.kind == kind:
                filled += min(scene.minutes, magic)
    return filled <= magic


@njit(cache=True, nogil=True)
def _equipment(t: Tables, b: Board, d: int) -> int:
    """What is rented for a date, each thing once."""
    cost = 0
    for need in range(len(t.needs)):
        wanted = False
        for i in range(1, b.contents[d, 0] + 1):
            unit = t.units[b.contents[d, i]]
            for j in range(unit.scenes_from, unit.scenes_to):
                scene = t.scenes[t.lists[j]]
                for x in range(scene.needs_from, scene.needs_to):
                    wanted |= t.lists[x] == need
        if wanted:
            cost += t.needs[need]
    return cost


@njit(cache=True, nogil=True)
def unit_cost(t: Tables, b: Board) -> int:
    """Visits, rest, idle days, moves and nights of the unit; BROKEN where rest or the week is broken."""
    n = t.numbers[0]
    cost, here, last, first, shot = 0, 0, -1, -1, 0
    for d in range(len(t.ordinal)):
        city = b.dates[d, CITY]
        if city < 0:
            continue
        for i in range(b.dates[d, SITES]):
            site, known = b.dates[d, FIRST_SITE + i], False
            if last >= 0 and last == d - 1:
                for j in range(b.dates[last, SITES]):
                    known |= b.dates[last, FIRST_SITE + j] == site
            if not known:
                cost += t.sites[site].visit
        if last < 0:
            first = d
        else:
            gap = t.ordinal[d] - t.ordinal[last]
            if gap == 1:
                rest = b.dates[d, CALL] - b.dates[last, WRAP] - t.travel[WAY, here, city]
                if rest < n.least_rest:
                    return BROKEN
                if rest < n.rest:
                    cost += n.forced_call
            if here != 0:
                cost += n.crew_hotel * gap
        cost += t.travel[CREW_FARE, here, city]
        here, last = city, d
        shot += 1
    if shot > n.days_in_seven and not _week_holds(t, b):
        return BROKEN
    return int(cost + t.travel[CREW_FARE, here, 0] + (last - first + 1 - shot if shot else 0) * n.idle_day)


@njit(cache=True, nogil=True)
def _week_holds(t: Tables, b: Board) -> bool:
    """At most so many shooting days in any seven calendar days."""
    end, count = 0, 0
    for d in range(len(t.ordinal)):
        while end < len(t.ordinal) and t.ordinal[end] < t.ordinal[d] + 7:
            count += b.dates[end, CITY] >= 0
            end += 1
        if count > t.numbers[0].days_in_seven:
            return False
        count -= b.dates[d, CITY] >= 0
    return True


@njit(cache=True, nogil=True)
def walk(t: Tables, b: Board) -> None:
    """The unit's city on each date, and nights away from each city."""
    here, days = 0, len(t.ordinal)
    for d in range(days):
        here = b.dates[d, CITY] if b.dates[d, CITY] >= 0 else here
        b.path[0, d] = here
    for c in range(1, len(b.path)):
        for d in range(1, days):
            away = b.path[0, d - 1] != c - 1
            b.path[c, d] = b.path[c, d - 1] + (t.ordinal[d] - t.ordinal[d - 1] if away else 0)


@njit(cache=True, nogil=True)
def performer(t: Tables, b: Board, p: int) -> int:
    """Wages, holds (with the best drop), flights and nights of a performer."""
    who, works = t.people[p], b.works[p]
    first, last, count = b.people[p, FIRST], b.people[p, LAST], b.people[p, COUNT]
    if count == 0:
        return 0
    whole = _stay(t, b, who, first, last)
    saved = 0
    if who.drop_days >= 0:
        one = first
        for d in range(first + 1, last + 1):
            if works[d]:
                if d - one > 1 and t.ordinal[d] - t.ordinal[one] >= who.drop_days:
                    parts = _stay(t, b, who, first, one) + _stay(t, b, who, d, last)
                    saved = max(saved, who.hold * (d - one - 1) + whole - parts)
                one = d
    return int(who.wage * count + who.hold * (last - first + 1 - count) + whole - saved)


@njit(cache=True, nogil=True)
def _stay(t, b, who, first, last):  # type: ignore[no-untyped-def]
    """Flights and nights of one engagement."""
    cost = t.numbers[0].hotel * (b.path[1 + who.home, last] - b.path[1 + who.home, first])
    if who.flies:
        cost += t.travel[FARE, who.home, b.path[0, first]] + t.travel[FARE, who.home, b.path[0, last]]
    return cost
