"""From a script to a production sheet: scenes, sets, roles; what the script does not say is estimated and marked so."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from math import ceil
from typing import Any

from frontrow.production import casting, headings
from frontrow.production.finaldraft import read_final_draft
from frontrow.production.fountain import read_fountain
from frontrow.production.reading import MINUTES_PER_EIGHTH
from frontrow.production.script import Script

_DAY_MINUTES = 430  # of scenes on an average shooting day, after set-up, meal and moves
_MOST_MINUTES = 480  # longest scene a day's light and hours take; longer ones are named for review


@dataclass(frozen=True)
class Review:
    """Something a person should look at before relying on the sheet."""

    scene: str
    what: str
    confidence: float


@dataclass(frozen=True)
class Breakdown:
    """The sheet as plain data, ready to be written as YAML, and what to look at."""

    document: dict[str, Any]
    review: tuple[Review, ...]


def read_script(data: bytes, name: str) -> Script:
    """The script in `data`; its form is told from the content. Raises SheetFaults."""
    head = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return read_final_draft(data, name)
    return read_fountain(data.decode("utf-8-sig", errors="replace"), name)


def break_down(script: Script, *, start: date, currency: str = "EUR") -> Breakdown:
    """The sheet of a script, shooting from `start` on; wages, fees and minutes are estimates to be replaced."""
    known = casting.speakers(script)
    review: list[Review] = []
    scenes: list[dict[str, Any]] = []
    ids: set[str] = set()
    time = "day"
    for scene in script.scenes:
        heading = headings.parse(scene.heading)
        number = _unique(scene.number, ids)
        if number != scene.number:
            review.append(Review(number, f"scene number {scene.number!r} is used twice; called {number}", 0.5))
        time_source = "script" if heading.certain else "estimate"
        if not heading.certain:
            review.append(Review(number, f"{scene.heading!r} names no time of day; taken as {time}", 0.5))
        time = heading.time or time
        present = casting.presences(scene, known)
        review += [Review(number, f"{p.name}: {p.reason}", p.confidence) for p in present if p.confidence < 0.9]
        eighths = scene.eighths or scene.laid_out_eighths
        minutes = max(15, MINUTES_PER_EIGHTH * eighths)
        if minutes > _MOST_MINUTES:
            review.append(Review(number, f"{eighths} eighths do not fit into one day; split the scene", 0.5))
            minutes = _MOST_MINUTES
        scenes.append(
            {
                "id": number,
                "heading": scene.heading,
                "int_ext": heading.int_ext,
                "time": time,
                "set": heading.set,
                "eighths": eighths,
                "minutes": minutes,
                "cast": [p.name for p in present if p.confidence >= casting.SURE],
                "from_source": {
                    "heading": "script", "int_ext": "script", "set": "script", "time": time_source,
                    "eighths": "script" if scene.eighths else "estimate", "minutes": "estimate",
                    "cast": "script" if scene.cast else "estimate",
                },
            }
        )  # fmt: skip
    review += _similar_sets(scenes)
    document = {
        "production": {"title": script.title or "Untitled", "currency": currency, "base": "Base", "zone": "UTC"},
        "scenes": scenes,
        "sites": _sites(scenes),
        "people": _people(scenes),
        "crew": {
            "day": 25000, "hours": 10, "heads": 40, "move": 1500, "forced_call": 3000,
            "from_source": dict.fromkeys(("day", "hours", "heads", "move", "forced_call"), "estimate"),
        },
        "calendar": _calendar(scenes, start),
    }  # fmt: skip
    return Breakdown(document, tuple(sorted(review, key=lambda r: (r.confidence, r.scene))))


def _unique(number: str, ids: set[str]) -> str:
    candidate, count = number, 1
    while candidate in ids:
        count += 1
        candidate = f"{number}-{count}"
    ids.add(candidate)
    return candidate


def _sites(scenes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One site a building or area; its rooms are sets of it."""
    sets: dict[str, list[str]] = {}
    for scene in scenes:
        place = headings.place_of(scene["set"])
        if scene["set"] not in sets.setdefault(place, []):
            sets[place].append(scene["set"])
    ids: set[str] = set()
    return [
        {
            "id": _unique(re.sub(r"[^a-z0-9]+", "-", place.lower()).strip("-") or "site", ids),
            "name": place,
            "sets": names,
            "lat": 48.0,
            "lon": 11.0,
            "city": "Base",
            "fee": 1500,
            "from_source": {
                "name": "script", "sets": "script",
                **dict.fromkeys(("lat", "lon", "city", "fee"), "estimate"),
            },
        }
        for place, names in sets.items()
    ]  # fmt: skip


def _people(scenes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everybody in some cast; the wage estimate grows with the number of scenes."""
    counts = Counter(name for scene in scenes for name in scene["cast"])
    most = max(counts.values(), default=1)
    rows = []
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        wage = 400 + round(1600 * count / most / 50) * 50
        rows.append({"id": name, "wage": wage, "hold": 50, "from_source": {"id": "script", "wage": "estimate"}})
    return rows


def _calendar(scenes: list[dict[str, Any]], start: date) -> dict[str, Any]:
    """Days for the minutes and for the number of places, with a half to spare."""
    days = max(sum(scene["minutes"] for scene in scenes) / _DAY_MINUTES, len(_sites(scenes)) / 2, 1)
    end = start + timedelta(days=ceil(days * 1.5 * 7 / 6) + 7)
    estimate = dict.fromkeys(("start", "end"), "estimate")
    return {"start": start.isoformat(), "end": end.isoformat(), "from_source": estimate}


def _similar_sets(scenes: list[dict[str, Any]]) -> list[Review]:
    """Sets whose names differ by little may be one."""
    first: dict[str, str] = {}
    for scene in scenes:
        first.setdefault(scene["set"], scene["id"])
    names = sorted(first)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if abs(len(a) - len(b)) < 4]
    return [
        Review(first[b], f"sets {a!r} and {b!r} may be one", 0.5)
        for a, b in pairs
        if a[:2] == b[:2] and not re.search(r"\d", a + b) and SequenceMatcher(None, a, b).ratio() > 0.9
    ]
