"""Every field of a production sheet, once: its kind, its default and what it means.

The reader, the JSON schema, the CSV columns and the example sheet all come from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One field. A field left out takes `default`, which the sheet then marks as an estimate."""

    name: str
    # text, id, ids, whole, number, percent, money, prices, date, dates, flag, clock, days, windows, or a choice "a|b"
    kind: str
    what: str
    default: Any = None
    required: bool = False
    low: float | None = None
    high: float | None = None


_WINDOWS = (
    "list of {from, to[, open, close]}: dates inclusive, clock times local; in CSV 2026-03-01..2026-03-09@07:00-22:00"
)

PRODUCTION = (
    Field("title", "text", "name of the production", "Untitled"),
    Field("currency", "currency", "ISO 4217 code; every amount is in it", "EUR"),
    Field("base", "text", "city where the unit lives; elsewhere it sleeps in hotels", ""),
    Field("zone", "zone", "IANA time zone of sites that name none", "UTC"),
)
SCENES = (
    Field("id", "id", "scene number as in the script", required=True),
    Field("heading", "text", "scene heading as in the script", ""),
    Field("int_ext", "INT|EXT|I/E", "interior, exterior, or both (needs daylight or dark like an exterior)", "INT"),
    Field("time", "day|night|dawn|dusk", "time of day in the story; exteriors are shot in that light", "day"),
    Field("set", "text", "the place in the story; a site plays it", required=True),
    Field("eighths", "whole", "length in eighths of a page", 4, low=0, high=800),
    Field("minutes", "whole", "shooting time in minutes, set-ups included", None, low=5, high=1440),
    Field("cast", "ids", "people in it"),
    Field("extras", "whole", "number of extras", 0, low=0, high=100_000),
    Field("needs", "ids", "priced equipment, animals, vehicles (crew.needs has the day prices)"),
    Field("before", "ids", "scenes that must come later than this one"),
    Field("after", "ids", "scenes that must come earlier than this one"),
    Field("same_day", "ids", "scenes that must be shot on the same day"),
    Field("cover", "flag", "can be moved up when rain stops an exterior", False),
    Field("summary", "text", "one line for the one-liner schedule", ""),
)
SITES = (
    Field("id", "id", "short name of the real place", required=True),
    Field("name", "text", "name for call sheets", ""),
    Field("sets", "ids", "sets it can play", required=True),
    Field("lat", "number", "latitude in degrees, north positive", 48.0, low=-90, high=90),
    Field("lon", "number", "longitude in degrees, east positive", 11.0, low=-180, high=180),
    Field("city", "text", "city; a day stays in one city", ""),
    Field("zone", "zone", "IANA time zone", ""),
    Field("fee", "money", "fee a day, also charged for preparation and strike days", 0),
    Field("prep_days", "whole", "days needed before each visit", 0, low=0, high=60),
    Field("strike_days", "whole", "days needed after each visit", 0, low=0, high=60),
    Field("permit_fee", "money", "permit a day", 0),
    Field("permits", "windows", f"when shooting is allowed; empty: always. {_WINDOWS}"),
    Field("capacity", "whole", "most people at once (cast, extras, crew); 0: any number", 0, low=0),
    Field("station", "text", "weather station of `history`", ""),
)
PEOPLE = (
    Field("id", "id", "name used in `cast`", required=True),
    Field("name", "text", "name of the performer", ""),
    Field("wage", "money", "wage a working day", 0),
    Field("hold", "percent", "share of the wage paid for a day on hold", 50, low=0, high=100),
    Field("drop", "flag", "may be dropped and picked up once", False),
    Field("drop_days", "whole", "fewest calendar days between drop and pick-up", 10, low=2, high=365),
    Field("home", "text", "home city; empty: local everywhere", ""),
    Field("airport", "text", "airport for call sheets", ""),
    Field("available", "windows", f"when they can work; empty: always. {_WINDOWS}"),
    Field("unavailable", "windows", f"when they cannot. {_WINDOWS}"),
    Field("born", "date", "birth date; makes the rules for minors apply", None),
    Field("hours", "whole", "most hours of scenes a day", 12, low=1, high=24),
)
CREW = (
    Field("day", "money", "whole crew and standing equipment, a shooting day", 0),
    Field("hours", "whole", "hours a day that `day` pays for", 10, low=1, high=24),
    Field(
        "idle", "percent", "share of `day` for a working day without shooting before the last one", 50, low=0, high=100
    ),
    Field("heads", "whole", "people who travel and sleep with the unit", 40, low=0, high=10_000),
    Field("hotel", "money", "one night of one person", 0),
    Field("move", "money", "a company move: each arrival of the unit at a site", 0),
    Field("forced_call", "money", "paid when the rest between two days is short", 0),
    Field("extra", "money", "one extra for one scene", 0),
    Field("needs", "prices", "day price of each need: {crane: 800}", {}),
)
TRAVEL = (
    Field("from", "text", "city", required=True),
    Field("to", "text", "city", required=True),
    Field("hours", "number", "door to door", 2.0, low=0, high=72),
    Field("fare", "money", "one person, one way", 0),
)
CALENDAR = (
    Field("start", "date", "first possible shooting day", required=True),
    Field("end", "date", "last possible shooting day", required=True),
    Field("days_off", "days", "weekdays without shooting", ["sunday"]),
    Field("holidays", "country", "country (ISO 3166) whose public holidays are free; empty: none", ""),
    Field("dates_off", "dates", "further dates without shooting"),
    Field("call", "clock", "unit call of a day shoot", "07:00"),
    Field("max_hours", "whole", "most hours from call to wrap", 12, low=4, high=20),
    Field("setup_minutes", "whole", "call to first shot", 45, low=0, high=240),
    Field("meal_minutes", "whole", "meal break, counted as work time", 45, low=0, high=180),
    Field("move_minutes", "whole", "moving to another site the same day", 45, low=0, high=300),
    Field("sites_a_day", "whole", "most sites on one day", 3, low=1, high=6),
    Field(
        "rules", "text", "rule pack for rest, overtime, minors: a name, or a .yaml file beside the sheet", "house-2026"
    ),
)
LOCKS = (
    Field("scene", "id", "scene that is fixed", required=True),
    Field("date", "date", "its date; empty: any", None),
    Field("site", "text", "its site; empty: any", ""),
)
RISK = (
    Field("wet_mm", "number", "rain a day that stops an exterior, in mm", 2.0, low=0.1, high=100),
    Field("loss", "percent", "share of a stopped exterior's work that is lost", 80, low=0, high=100),
    Field("wet_share", "percent", "chance of a wet day where no history is given", 30, low=0, high=100),
    Field("stability", "money", "price of each scene that a re-plan moves", 0),
)
HISTORY = (
    Field("station", "id", "name used by sites", required=True),
    Field("file", "text", "CSV of daily records beside the sheet", required=True),
    Field("date_column", "text", "column of the date (YYYY-MM-DD or YYYYMMDD)", "date"),
    Field("rain_column", "text", "column of the day's rain", "precipitation"),
    Field("unit", "mm|cm|inch", "unit of the rain", "mm"),
)

MAPS = {"production": PRODUCTION, "crew": CREW, "calendar": CALENDAR, "risk": RISK}
TABLES = {
    "scenes": SCENES, "sites": SITES, "people": PEOPLE, "travel": TRAVEL, "locks": LOCKS, "history": HISTORY,
}  # fmt: skip
SECTIONS = ("production", "scenes", "sites", "people", "crew", "travel", "calendar", "locks", "risk", "history")

_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "number"]},
    "id": {"type": ["string", "number"]},
    "zone": {"type": "string"},
    "country": {"type": "string"},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    "ids": {"type": "array", "items": {"type": ["string", "number"]}},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "percent": {"type": "number"},
    "money": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]},
    "prices": {"type": "object", "additionalProperties": {"type": ["number", "string"]}},
    "date": {"type": ["string", "null"]},
    "dates": {"type": "array", "items": {"type": "string"}},
    "days": {"type": "array", "items": {"type": "string"}},
    "flag": {"type": "boolean"},
    "clock": {"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$"},
    "windows": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {key: {"type": "string"} for key in ("from", "to", "open", "close")},
            "additionalProperties": False,
        },
    },
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a sheet (dates as YYYY-MM-DD text)."""

    def row(fields: tuple[Field, ...]) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for field in fields:
            schema = dict(_SCHEMAS.get(field.kind) or {"enum": field.kind.split("|")})
            schema["description"] = field.what
            if field.low is not None:
                schema["minimum"] = field.low
            if field.high is not None:
                schema["maximum"] = field.high
            properties[field.name] = schema
        properties["from_source"] = {
            "type": "object",
            "description": "where values came from: script, user or estimate",
            "additionalProperties": {"enum": ["script", "user", "estimate"]},
        }
        return {
            "type": "object",
            "properties": properties,
            "required": [field.name for field in fields if field.required],
            "additionalProperties": False,
        }

    sections: dict[str, Any] = {name: row(fields) for name, fields in MAPS.items()}
    sections |= {name: {"type": "array", "items": row(fields)} for name, fields in TABLES.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frontrow production sheet",
        "type": "object",
        "properties": {name: sections[name] for name in SECTIONS},
        "required": ["scenes", "calendar"],
        "additionalProperties": False,
    }
