"""From a script to a production sheet: scenes, sets, roles; what the script does not say is estimated and marked so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

from frontrow.production import casting, headings, places
from frontrow.production.faults import Fault, SheetFaults
from frontrow.production.finaldraft import read_final_draft
from frontrow.production.fountain import read_fountain
from frontrow.production.reading import MINUTES_PER_EIGHTH
from frontrow.production.review import Notes, Review
from frontrow.production.script import Script, ScriptScene

_DAY_MINUTES = 430  # of scenes on an average shooting day, after set-up, meal and moves
_MOST_MINUTES = 480  # longest scene a day's light and hours take; longer ones are named for review
_OTHER_FORMATS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a packed file (Word, Fade In, Highland)",
    b"{\\rtf": "rich text",
    b"\xd0\xcf\x11\xe0": "an old Word file",
}


@dataclass(frozen=True)
class Breakdown:
    """The sheet as plain data, ready to be written as YAML, and what to look at."""

    document: dict[str, Any]
    review: tuple[Review, ...]


def read_script(data: bytes, name: str) -> Script:
    """The script in `data`; its form is told from the content. Raises SheetFaults."""
    for start, what in _OTHER_FORMATS.items():
        if data.startswith(start):
            raise SheetFaults([Fault(name, 0, "script", f"is {what}; export it as Fountain or Final Draft (.fdx)")])
    head = data[:400].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    if head.startswith(b"<"):
        return read_final_draft(data, name)
    return read_fountain(_decoded(data), name)


def _decoded(data: bytes) -> str:
    """Plain text as its byte order mark says, else as UTF-8, else as Windows wrote western European text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def break_down(script: Script, *, start: date, currency: str = "EUR") -> Breakdown:
    """The sheet of a script, shooting from `start` on; wages, fees and minutes are estimates to be replaced."""
    roles = casting.Roles(script)
    notes = Notes()
    scenes: list[dict[str, Any]] = []
    ids: set[str] = set()
    before: dict[str, Any] = {"int_ext": "INT", "time": "day", "set": ""}
    for scene in script.scenes:
        if headings.is_omitted(scene.heading):
            notes.add(scene.number, "omitted in the script; left out of the sheet", 0.9)
            continue
        number = places.unused(scene.number, ids)
        if number != scene.number:
            notes.add(number, f"scene number {scene.number!r} is used twice; called {number}", 0.5)
        place = _place(scene, number, before, roles, notes)
        present = casting.presences(scene, roles)
        for presence in present:
            if presence.confidence < 0.9:
                notes.presence(number, presence)
        eighths = scene.eighths or scene.laid_out_eighths
        minutes = max(15, MINUTES_PER_EIGHTH * eighths)
        if minutes > _MOST_MINUTES:
            notes.add(number, f"{eighths} eighths do not fit into one day; split the scene", 0.4)
            minutes = _MOST_MINUTES
        values = {
            "int_ext": place["int_ext"],
            "time": place["time"],
            "set": place["set"],
            "eighths": eighths,
            "minutes": minutes,
            "cast": [p.name for p in present if p.confidence >= casting.SURE],
        }
        sources = {
            **place["from_source"],
            "eighths": "script" if scene.eighths else "estimate",
            "minutes": "estimate",
            "cast": "script" if scene.cast else "estimate",
        }
        if scene.summary:
            values["summary"], sources["summary"] = scene.summary, "script"
        scenes.append(
            {"id": number, "heading": scene.heading, **values, "from_source": {"heading": "script", **sources}}
        )
        before = place
    sites = places.sites(scenes)
    for site in sites:
        if len(site["sets"]) > 1:
            notes.add("", f"{'; '.join(site['sets'])}: taken to be at one site, {site['name']}", 0.7)
    for one, other in places.similar(sites):
        notes.add("", f"sets {one!r} and {other!r} may be one", 0.5)
    document = {
        "production": {
            "title": script.title or "Untitled", "currency": currency, "base": places.CITY, "zone": places.ZONE,
            "from_source": {"title": "script" if script.title else "estimate"}
            | dict.fromkeys(("base", "zone"), "estimate"),
        },
        "scenes": scenes,
        "sites": sites,
        "people": _people(scenes),
        "crew": {
            "day": 25000, "hours": 10, "heads": 40, "move": 1500, "forced_call": 3000,
            "from_source": dict.fromkeys(("day", "hours", "heads", "move", "forced_call"), "estimate"),
        },
        "calendar": _calendar(scenes, len(sites), start),
    }  # fmt: skip
    return Breakdown(document, notes.review())


def _place(
    scene: ScriptScene, number: str, before: dict[str, Any], roles: casting.Roles, notes: Notes
) -> dict[str, Any]:
    """Interior or exterior, time of day and set of a scene; what its heading leaves open is as in the scene before."""
    heading = headings.parse(scene.heading)
    stated = dict.fromkeys(("int_ext", "time", "set"), "script")
    if not heading.int_ext and before["set"] and headings.is_shot(scene.heading, roles.names):
        notes.add(number, "the heading only moves the camera; taken to be in the set of the scene before", 0.5)
        return {**before, "from_source": dict.fromkeys(stated, "estimate")}
    int_ext, time = heading.int_ext or before["int_ext"], heading.time or before["time"]
    if not heading.int_ext:
        stated["int_ext"] = "estimate"
        notes.add(number, f"the heading says neither INT. nor EXT.; taken as {int_ext}", 0.5)
    if not heading.certain:
        stated["time"] = "estimate"
        notes.add(number, f"the heading names no time of day; taken as {time}", 0.5)
    return {"int_ext": int_ext, "time": time, "set": heading.set, "from_source": stated}


def _people(scenes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everybody in some cast; the wage estimate grows with the number of scenes."""
    counts = Counter(name for scene in scenes for name in scene["cast"])
    most = max(counts.values(), default=1)
    rows = []
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        wage = 400 + round(1600 * count / most / 50) * 50
        rows.append({"id": name, "wage": wage, "hold": 50, "from_source": {"id": "script", "wage": "estimate"}})
    return rows


def _calendar(scenes: list[dict[str, Any]], sites: int, start: date) -> dict[str, Any]:
    """Days for the minutes and for the number of sites, with a half to spare."""
    days = max(sum(scene["minutes"] for scene in scenes) / _DAY_MINUTES, sites / 2, 1)
    end = start + timedelta(days=ceil(days * 1.5 * 7 / 6) + 7)
    estimate = dict.fromkeys(("start", "end"), "estimate")
    return {"start": start.isoformat(), "end": end.isoformat(), "from_source": estimate}
