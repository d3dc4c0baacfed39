"""From rows to a sheet: every value typed, every default marked as an estimate, every fault found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from frontrow.production import money, rows, sheet
from frontrow.production.consistency import find_contradictions
from frontrow.production.faults import Fault, SheetFaults
from frontrow.production.fields import CALENDAR, CREW, MAPS, PRODUCTION, RISK, SECTIONS, TABLES, Field

MINUTES_PER_EIGHTH = 15  # two hours a page: four to five pages in a ten-hour day, usual for a feature film
_YEARS = (1900, 2150)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RENAMED = {"from": "origin", "to": "destination"}


def read_yaml(text: str, file: str = "sheet.yaml") -> sheet.Sheet:
    """The sheet in one YAML text. Raises SheetFaults with every fault, each with its line and field."""
    faults: list[Fault] = []
    return _read(rows.from_yaml(text, file, faults), file, faults)


def read_csvs(files: Mapping[str, str]) -> sheet.Sheet:
    """The sheet in CSVs by file name. Raises SheetFaults with every fault, each with its line and field."""
    faults: list[Fault] = []
    return _read(rows.from_csvs(files, faults), "calendar.csv", faults)


def _read(table: rows.Rows, file: str, faults: list[Fault]) -> sheet.Sheet:
    if faults and not any(table.values()):
        raise SheetFaults(faults)  # nothing was read: further faults would only follow from the first
    for needed in ("scenes", "calendar"):
        if not table[needed]:
            faults.append(Fault(file, 0, needed, "is missing; a sheet needs at least scenes and a calendar"))
    currency = _currency(table, faults)
    reader = _Reader(currency, faults)
    production = sheet.Production(**reader.map("production", table, PRODUCTION))
    parts: dict[str, list[Any]] = {}
    kinds: dict[str, Callable[..., Any]] = {
        "scenes": sheet.Scene, "sites": sheet.Site, "people": sheet.Person, "travel": sheet.Trip, "locks": sheet.Lock,
        "history": sheet.History,
    }  # fmt: skip
    for name, make in kinds.items():
        parts[name] = [make(**_renamed(reader.row(row, TABLES[name]))) for row in table[name]]
    if not production.base and parts["sites"]:
        production = _replace(production, base=parts["sites"][0].city)
    parts["sites"] = [_replace(site, zone=site.zone or production.zone) for site in parts["sites"]]
    whole = sheet.Sheet(
        production=production,
        scenes=tuple(parts["scenes"]),
        sites=tuple(parts["sites"]),
        people=tuple(parts["people"]),
        crew=sheet.Crew(**reader.map("crew", table, CREW)),
        travel=tuple(parts["travel"]),
        calendar=sheet.Calendar(**reader.map("calendar", table, CALENDAR)),
        locks=tuple(parts["locks"]),
        risk=sheet.Risk(**reader.map("risk", table, RISK)),
        history=tuple(parts["history"]),
    )
    faults.extend(find_contradictions(whole, table))
    if faults:
        raise SheetFaults(faults)
    return whole


def _replace(value: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(value, **changes)


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {_RENAMED.get(name, name): value for name, value in values.items()}


def _currency(table: rows.Rows, faults: list[Fault]) -> str:
    row = next(iter(table["production"]), None)
    value = (row.values.get("currency") if row else None) or "EUR"
    if not re.fullmatch(r"[A-Z]{3}", str(value)):
        assert row is not None
        faults.append(row.fault("currency", f"{value!r} is no ISO 4217 code; write three capitals like EUR"))
        return "EUR"
    return str(value)


class _Reader:
    """Types the values of one row after the other and collects the faults."""

    def __init__(self, currency: str, faults: list[Fault]) -> None:
        self.currency = currency
        self.faults = faults

    def map(self, name: str, table: rows.Rows, fields: tuple[Field, ...]) -> dict[str, Any]:
        row = table[name][0] if table[name] else rows.Row(name, "", 0)
        if not table[name] and any(field.required for field in fields):
            today = {"start": date.min, "end": date.min}  # the missing section is a fault already
            return self.row(row, tuple(f for f in fields if not f.required)) | today
        return self.row(row, fields)

    def row(self, row: rows.Row, fields: tuple[Field, ...]) -> dict[str, Any]:
        known = {field.name for field in fields} | {"from_source"}
        for name in row.values:
            if name not in known:
                self.faults.append(row.fault(name, f"unknown field; {row.section} have {', '.join(sorted(known))}"))
        given = row.values.get("from_source") or {}
        given = given if isinstance(given, dict) else {}
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for field in fields:
            raw = row.values.get(field.name)
            if raw is None:
                if field.required:
                    self.faults.append(row.fault(field.name, f"is missing: {field.what}"))
                values[field.name] = self._blank(field) if field.required else self._default(field, values)
                sources[field.name] = "estimate"
                continue
            try:
                values[field.name] = self._value(field, raw)
                sources[field.name] = str(given.get(field.name, "user"))
            except ValueError as error:
                self.faults.append(row.fault(field.name, str(error)))
                values[field.name] = self._blank(field) if field.required else self._default(field, values)
        return values | {"sources": sources}

    def _blank(self, field: Field) -> Any:
        """Something of the right type after a fault, so that reading can go on."""
        return {"date": date.min, "ids": ()}.get(field.kind, "")

    def _default(self, field: Field, values: dict[str, Any]) -> Any:
        if field.name == "minutes":
            return max(15, MINUTES_PER_EIGHTH * int(values.get("eighths") or 0))
        if field.kind in {"ids", "windows", "dates"}:
            return ()
        return None if field.default is None else self._value(field, field.default)

    def _value(self, field: Field, raw: Any) -> Any:
        if field.kind == "ids":
            return _unique(str(part) for part in _list(raw))
        if field.kind == "dates":
            return tuple(_date(part) for part in _list(raw))
        if field.kind == "days":
            return _weekdays(_list(raw))
        if field.kind == "windows":
            return tuple(_window(part) for part in _list(raw))
        if field.kind == "prices":
            if not isinstance(raw, dict):
                raise ValueError(f"{raw!r} is not a mapping of prices like {{crane: 800}}")
            return {name: money.parse(value, self.currency) for name, value in raw.items()}
        if isinstance(raw, list | dict):
            raise ValueError(f"{raw!r} is a list or mapping; give one {field.kind}")  # noqa: TRY004 - a fault of the sheet
        if field.kind == "money":
            return money.parse(raw, self.currency)
        if field.kind in {"whole", "number", "percent"}:
            return _number(field, raw)
        if field.kind == "date":
            return _date(raw)
        if field.kind == "clock":
            return _clock(raw)
        if field.kind == "flag":
            return _flag(raw)
        if field.kind == "zone":
            return _zone(str(raw))
        if "|" in field.kind:
            return _choice(field, str(raw))
        value = str(raw).strip()
        if len(value) > 20_000 or "\x00" in value:
            raise ValueError("is too long or holds a NUL; give plain text")
        return value


def _list(raw: Any) -> list[Any]:
    if isinstance(raw, dict):
        return [raw]
    return raw if isinstance(raw, list) else [raw]


def _unique(parts: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _date(raw: Any) -> date:
    try:
        day = date.fromisoformat(str(raw).strip())
    except ValueError:
        raise ValueError(f"{raw!r} is no date that exists; write YYYY-MM-DD") from None
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise ValueError(f"{raw!r} is not between the years {_YEARS[0]} and {_YEARS[1]}")
    return day


def _clock(raw: Any) -> int:
    match = re.fullmatch(r"([01]?\d|2[0-4]):([0-5]\d)", str(raw).strip())
    if match is None or int(match[1]) * 60 + int(match[2]) > 24 * 60:
        raise ValueError(f"{raw!r} is no time of day; write HH:MM")
    return int(match[1]) * 60 + int(match[2])


def _window(raw: Any) -> sheet.Window:
    if not isinstance(raw, dict) or "from" not in raw or set(raw) - {"from", "to", "open", "close"}:
        raise ValueError(f"{raw!r} is no window; write {{from: 2026-03-01, to: 2026-03-09}}")
    window = sheet.Window(
        _date(raw["from"]),
        _date(raw.get("to") or raw["from"]),
        _clock(raw.get("open") or "00:00"),
        _clock(raw.get("close") or "24:00"),
    )
    if window.last < window.first or window.closes <= window.opens:
        raise ValueError(f"{raw!r} ends before it begins; swap the ends")
    return window


def _weekdays(parts: list[Any]) -> tuple[int, ...]:
    found = []
    for part in parts:
        matches = [
            number
            for number, name in enumerate(_WEEKDAYS)
            if len(str(part)) >= 2 and name.startswith(str(part).lower())
        ]
        if len(matches) != 1:
            raise ValueError(f"{part!r} is no weekday; write {', '.join(_WEEKDAYS)}")
        found.append(matches[0])
    return tuple(sorted(set(found)))


def _number(field: Field, raw: Any) -> float | int:
    try:
        value = float(str(raw).strip().removesuffix("%"))
    except ValueError:
        raise ValueError(f"{raw!r} is no number: {field.what}") from None
    if field.kind == "whole":
        if value != int(value) if abs(value) < 1e15 else True:
            raise ValueError(f"{raw!r} is no whole number: {field.what}")
        value = int(value)
    if (field.low is not None and not value >= field.low) or (field.high is not None and not value <= field.high):
        raise ValueError(
            f"{raw!r} is out of range; give {field.low} to {field.high if field.high is not None else 'any'}"
        )
    return value


def _flag(raw: Any) -> bool:
    word = str(raw).strip().lower()
    if word not in {"true", "false", "yes", "no", "1", "0"}:
        raise ValueError(f"{raw!r} is neither true nor false")
    return word in {"true", "yes", "1"}


def _zone(name: str) -> str:
    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone; write one like Europe/Berlin") from None
    return name


def _choice(field: Field, raw: str) -> str:
    choices = field.kind.split("|")
    match = next((choice for choice in choices if choice.lower() == raw.strip().lower()), None)
    if match is None:
        raise ValueError(f"{raw!r} is none of {', '.join(choices)}")
    return match


assert set(MAPS) | set(TABLES) == set(SECTIONS)
