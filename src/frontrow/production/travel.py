"""How long and how dear it is to get from city to city: the sheet's table, else a formula labelled an estimate."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from frontrow.production import money
from frontrow.production.sheet import Sheet, Trip

_DETOUR = 1.3  # roads against the great circle
_ROAD_KM = 500  # beyond this one flies


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) in degrees."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371.0 * asin(min(1.0, sqrt(half)))


def places(sheet: Sheet) -> dict[str, tuple[float, float]]:
    """Mean coordinates of the sites of each city."""
    found: dict[str, list[tuple[float, float]]] = {}
    for site in sheet.sites:
        found.setdefault(site.city, []).append((site.lat, site.lon))
    return {city: (sum(x for x, _ in at) / len(at), sum(y for _, y in at) / len(at)) for city, at in found.items()}


def trips(sheet: Sheet) -> dict[tuple[str, str], Trip]:
    """A trip for each ordered pair of cities that the sheet names; `sources` says table (user) or estimate."""
    coordinates = places(sheet)
    named = {(t.origin, t.destination): t for t in sheet.travel}
    cities = {*coordinates, sheet.production.base, *(p.home for p in sheet.people if p.home)}
    cities |= {city for pair in named for city in pair}
    found: dict[tuple[str, str], Trip] = {}
    for a in sorted(cities):
        for b in sorted(cities):
            given = named.get((a, b)) or named.get((b, a))
            if a == b:
                found[a, b] = Trip(a, b, 0.0, 0, {"hours": "user", "fare": "user"})
            elif given:
                found[a, b] = Trip(a, b, given.hours, given.fare, given.sources)
            else:
                found[a, b] = _estimate(a, b, coordinates, sheet.production.currency)
    return found


def _estimate(a: str, b: str, coordinates: dict[str, tuple[float, float]], currency: str) -> Trip:
    """By road up to 500 km, else by air; a city of unknown place counts as 800 km away."""
    km = distance_km(coordinates[a], coordinates[b]) if a in coordinates and b in coordinates else 800.0
    unit = 10 ** money.digits(currency)
    if km * _DETOUR <= _ROAD_KM:
        hours, fare = km * _DETOUR / 75 + 0.5, 0.25 * km * _DETOUR
    else:
        hours, fare = km / 750 + 4, 80 + 0.12 * km
    return Trip(a, b, round(hours, 2), round(fare) * unit, {"hours": "estimate", "fare": "estimate"})
