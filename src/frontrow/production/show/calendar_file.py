"""The shooting days as an iCalendar file (RFC 5545) with the zones spelt out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from frontrow.production import sun
from frontrow.production.facts import Facts
from frontrow.production.plan import Plan


def to_ics(facts: Facts, plan: Plan, stamp: datetime) -> str:
    """One event a shooting day, call to wrap on the site's wall clock; `stamp` is the time of writing."""
    title = facts.sheet.production.title
    zones = sorted({facts.sheet.site[day.slots[0].site].zone for day in plan.days})
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Frontrow//production//EN", "CALSCALE:GREGORIAN"]
    for zone in zones:
        lines += _zone(zone, plan)
    for number, day in enumerate(plan.days, 1):
        site = facts.sheet.site[day.slots[0].site]
        scenes = ", ".join(slot.scene for slot in day.slots)
        lines += [
            "BEGIN:VEVENT",
            f"UID:day-{day.date.isoformat()}-{_slug(title)}@frontrow",
            f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;TZID={site.zone}:{sun.moment(day.call, site.zone):%Y%m%dT%H%M%S}",
            f"DTEND;TZID={site.zone}:{sun.moment(day.wrap, site.zone):%Y%m%dT%H%M%S}",
            f"SUMMARY:{_text(f'{title}: shooting day {number} ({day.kind})')}",
            f"LOCATION:{_text(', '.join(facts.sheet.site[s].name or s for s in day.sites))}",
            f"GEO:{site.lat:.5f};{site.lon:.5f}",
            f"DESCRIPTION:{_text(f'Scenes {scenes}')}",
            "END:VEVENT",
        ]
    return "\r\n".join(_fold(line) for line in [*lines, "END:VCALENDAR"]) + "\r\n"


def _zone(name: str, plan: Plan) -> list[str]:
    """The offsets of a zone over the shoot, one component from each change on."""
    zone = ZoneInfo(name)
    moment = datetime(plan.days[0].date.year, 1, 1, tzinfo=UTC)
    end = datetime(plan.days[-1].date.year, 12, 31, tzinfo=UTC)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}"]
    before: timedelta | None = None
    while moment <= end:
        local = moment.astimezone(zone)
        offset = local.utcoffset() or timedelta()
        if offset != before:
            kind = "DAYLIGHT" if local.dst() else "STANDARD"
            old = offset if before is None else before
            wall = (moment + old).replace(tzinfo=None)
            lines += [
                f"BEGIN:{kind}", f"DTSTART:{wall:%Y%m%dT%H%M%S}",
                f"TZOFFSETFROM:{_offset(old)}", f"TZOFFSETTO:{_offset(offset)}",
                f"TZNAME:{local.tzname()}", f"END:{kind}",
            ]  # fmt: skip
            before = offset
        moment += timedelta(hours=1)
    return [*lines, "END:VTIMEZONE"]


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def _text(value: str) -> str:
    for old, new in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        value = value.replace(old, new)
    return value


def _slug(value: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in value.lower())[:40] or "production"


def _fold(line: str) -> str:
    """Lines of at most 75 octets, continued with a space."""
    parts, current = [], ""
    for character in line:
        if len((current + character).encode()) > 74:
            parts.append(current)
            current = ""
        current += character
    return "\r\n ".join([*parts, current])
