"""Which real place each set of a script is first taken to be: rooms of one building share a site."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

CITY, ZONE, LATITUDE, LONGITUDE = "Base", "Europe/Berlin", 48.0, 11.0  # one city until somebody says where
_ROOM = re.compile(
    r"(?: (?:MASTER|FRONT|BACK|WAITING|GUEST|LIVING|DINING|REAR|UPPER|LOWER|SIDE|MAIN|INNER|OUTER))*"
    r" (?:(?:BED|BATH|LIVING |DINING |STORE|CLASS|BALL|COURT)?ROOM|RM|KITCHEN|HALL|HALLWAY|CORRIDOR|LOBBY|FOYER|OFFICE|"
    r"CELLAR|BASEMENT|ATTIC|LOFT|ROOF|ROOFTOP|STAIRS|STAIRCASE|STAIRWELL|ELEVATOR|LIFT|PORCH|GARAGE|GARDEN|YARD|BACKYARD|COURTYARD|"
    r"BALCONY|TERRACE|PATIO|DRIVEWAY|ENTRANCE|DOOR|GATE|CLOSET|NURSERY|STUDY|LIBRARY|PANTRY|CAFETERIA|WARD|RECEPTION|"
    r"VAULT|BAR|STAGE|BACKSTAGE|PARKING LOT|POOL|GROUNDS)(?: \d+\w*)?$"
)
_ADJECTIVES = {
    "OLD", "NEW", "SMALL", "BIG", "TINY", "LARGE", "DARK", "EMPTY", "MAIN", "FRONT", "BACK", "UPSTAIRS", "DOWNSTAIRS",
    "ANOTHER", "SAME", "WHITE", "LONG", "NARROW", "DINGY",
}  # fmt: skip


def sites(scenes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One site a building or area, with the sets it plays; where it is and what it costs are estimates."""
    names = list(dict.fromkeys(scene["set"] for scene in scenes))
    places = _places(names)
    played: dict[str, list[str]] = {}
    for name in names:
        played.setdefault(places[name], []).append(name)
    ids: set[str] = set()
    guessed = dict.fromkeys(("lat", "lon", "city", "fee"), "estimate")
    return [
        {
            "id": unused(re.sub(r"[\W_]+", "-", place.lower()).strip("-") or "site", ids),
            "name": place,
            "sets": sets,
            "lat": LATITUDE,
            "lon": LONGITUDE,
            "city": CITY,
            "fee": 1500,
            "from_source": {"name": "script", "sets": "script" if len(sets) == 1 else "estimate", **guessed},
        }
        for place, sets in played.items()
    ]


def unused(name: str, taken: set[str]) -> str:
    """`name`, with a number behind it when it is taken; taken from now on."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}-{count}"
    taken.add(candidate)
    return candidate


def _places(names: Sequence[str]) -> dict[str, str]:
    """The place of each set: of its parts the one that most sets share, a mere room last; a shared building's name."""
    parts = {
        name: [p.strip() for p in re.split(r"\s+-\s+|\s*/\s*|,\s*", name) if p.strip()] or [name] for name in names
    }
    shared = Counter(part for own in parts.values() for part in set(own))
    places = {
        name: min(own, key=lambda part: (_is_room(part), -shared[part], own.index(part))) for name, own in parts.items()
    }
    stems = {place: _building(place) for place in places.values()}
    rooms = Counter(stem for stem in stems.values() if stem)
    whole = set(places.values())
    return {
        name: stems[place] if stems[place] and (stems[place] in whole or rooms[stems[place]] > 1) else place
        for name, place in places.items()
    }


def _is_room(part: str) -> bool:
    return _ROOM.fullmatch(" " + part) is not None


def _building(place: str) -> str:
    """HOSPITAL of HOSPITAL WAITING ROOM; nothing where only an adjective or an owner is left."""
    stem = _ROOM.sub("", place).strip()
    return "" if stem == place or stem in _ADJECTIVES or stem.endswith("'S") else stem


def similar(sites: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of sets at different sites whose names differ by so little that they may be one."""
    at = {name: site["id"] for site in sites for name in site["sets"]}
    ordered = sorted(at)
    return [
        (a, b)
        for i, a in enumerate(ordered)
        for b in ordered[i + 1 :]
        if at[a] != at[b]
        and abs(len(a) - len(b)) < 4
        and a[:2] == b[:2]
        and not re.search(r"\d", a + b)
        and SequenceMatcher(None, a, b).ratio() > 0.9
    ]
