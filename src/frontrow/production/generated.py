"""Generated productions of any size for benchmarks and tests: plausible, seeded, and labelled as generated."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

_CITIES = (
    ("Munich", 48.14, 11.58, "Europe/Berlin"),
    ("Prague", 50.08, 14.44, "Europe/Prague"),
    ("Vienna", 48.21, 16.37, "Europe/Vienna"),
)


def generate(
    scenes: int,
    people: int,
    sites: int,
    days: int,
    rng: np.random.Generator,
    *,
    cities: int = 2,
    start: date = date(2026, 5, 4),
) -> dict[str, Any]:
    """A sheet as plain data. Few leads are in many scenes, many parts in few; scenes of a set share their cast.

    The calendar leaves about a third more room than the scenes need.
    """
    names = [f"P{number:02d}" for number in range(1, people + 1)]
    weights = 1 / np.arange(1, people + 1) ** 0.9
    weights /= weights.sum()
    site_rows: list[dict[str, Any]] = []
    set_names: list[str] = []
    for number in range(sites):
        city, lat, lon, zone = _CITIES[0 if rng.random() < 0.7 else int(rng.integers(cities))]
        name = f"SET {number + 1}"
        set_names.append(name)
        site_rows.append(
            {
                "id": f"site{number + 1}", "sets": [name], "city": city, "zone": zone,
                "lat": round(lat + rng.normal(0, 0.03), 4), "lon": round(lon + rng.normal(0, 0.03), 4),
                "fee": int(rng.integers(4, 60)) * 100, "permit_fee": int(rng.integers(0, 10)) * 50,
                "prep_days": int(rng.integers(0, 2)), "strike_days": int(rng.integers(0, 2)),
            }
        )  # fmt: skip
    for row in site_rows:
        if rng.random() < 0.2 and sites > 3:  # some places can play a second set
            other = set_names[int(rng.integers(sites))]
            twin = next(r for r in site_rows if other in r["sets"])
            if other not in row["sets"] and twin["city"] == row["city"]:
                row["sets"].append(other)
    minutes_left = days * 0.62 * 600
    mean_minutes = max(30.0, min(200.0, minutes_left / scenes))
    casts = [
        rng.choice(people, size=min(people, int(rng.integers(1, 7))), replace=False, p=weights) for _ in range(sites)
    ]
    scene_rows: list[dict[str, Any]] = []
    popularity = rng.dirichlet(np.full(sites, 0.8)) if scenes > sites else np.full(sites, 1 / sites)
    for number in range(scenes):
        place = number if number < sites else int(rng.choice(sites, p=popularity))
        outside = (place * 7919) % 10 < 4
        night = rng.random() < 0.25
        cast = {int(x) for x in casts[place] if rng.random() < 0.8} | {
            int(x) for x in rng.choice(people, int(rng.integers(0, 3)), p=weights)
        }
        cast = cast or {int(casts[place][0])}
        if number < people and not any(names[number] in row["cast"] for row in scene_rows):
            cast.add(number)
        minutes = int(np.clip(rng.gamma(3, mean_minutes / 3), 20, 300) // 5 * 5)
        row = {
            "id": str(number + 1),
            "heading": f"{'EXT' if outside else 'INT'}. {set_names[place]} - {'NIGHT' if night else 'DAY'}",
            "int_ext": "EXT" if outside else "INT", "time": "night" if night else "day", "set": set_names[place],
            "eighths": max(1, minutes // 15), "minutes": minutes, "cast": sorted(names[x] for x in cast),
            "cover": bool(not outside and rng.random() < 0.4),
        }  # fmt: skip
        scene_rows.append(row)
    for _ in range(scenes // 12):
        a, b = sorted(int(x) for x in rng.choice(scenes, 2, replace=False))
        scene_rows[a].setdefault("before", []).append(str(b + 1))
    calendar_days = int(days * 7 / 6) + 1
    end = start + timedelta(days=calendar_days - 1)
    people_rows: list[dict[str, Any]] = []
    for number, name in enumerate(names):
        wage = int(2500 / (1 + number) ** 0.6) // 10 * 10 + 250
        person: dict[str, Any] = {"id": name, "wage": wage, "hold": 50, "drop": bool(rng.random() < 0.3)}
        if rng.random() < 0.25:
            person["home"] = "Berlin"
        if rng.random() < 0.25:
            away = start + timedelta(days=int(rng.integers(0, calendar_days)))
            until = min(away + timedelta(days=int(rng.integers(2, 6))), end)
            person["unavailable"] = [{"from": away.isoformat(), "to": until.isoformat()}]
        people_rows.append(person)
    return {
        "production": {
            "title": f"Generated production of {scenes} scenes",
            "currency": "EUR", "base": "Munich", "zone": "Europe/Berlin",
        },
        "scenes": scene_rows,
        "sites": site_rows,
        "people": people_rows,
        "crew": {"day": 28000, "hours": 10, "heads": 45, "hotel": 95, "move": 2500, "forced_call": 4000},
        "travel": [
            {"from": "Berlin", "to": city, "hours": 4, "fare": 180} for city, *_ in _CITIES
        ] + [
            {"from": "Munich", "to": "Prague", "hours": 5, "fare": 60},
            {"from": "Munich", "to": "Vienna", "hours": 4.5, "fare": 70},
        ],
        "calendar": {"start": start.isoformat(), "end": end.isoformat()},
        "risk": {"stability": 500},
    }  # fmt: skip
