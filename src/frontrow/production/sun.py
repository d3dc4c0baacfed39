"""Sunrise, sunset and civil twilight of a place and date, with the cases where there are none explained.

Times are whole minutes of UTC since 1970, so that they add up across midnight and daylight saving.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

_CIVIL = 6.0  # degrees below the horizon


@dataclass(frozen=True)
class Light:
    """The light of one date at one place. None where the sun does not cross that height that day; `note` says why."""

    dawn: int | None  # civil twilight begins
    sunrise: int | None
    sunset: int | None
    dusk: int | None  # civil twilight ends
    next_dawn: int | None
    note: str = ""

    @property
    def daylight(self) -> tuple[int, int] | None:
        """Between sunrise and sunset, if the sun rises."""
        return (self.sunrise, self.sunset) if self.sunrise is not None and self.sunset is not None else None

    @property
    def dark(self) -> tuple[int, int] | None:
        """From the end of civil twilight to its beginning next morning, if it gets dark."""
        return (self.dusk, self.next_dawn) if self.dusk is not None and self.next_dawn is not None else None


def utc_minutes(moment: datetime) -> int:
    """Whole minutes since 1970 of an aware time."""
    return round(moment.timestamp() / 60)


def local_minutes(day: date, minutes: int, zone: str) -> int:
    """UTC minutes of `minutes` after midnight on the wall clock of `zone`."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    return utc_minutes(wall.replace(tzinfo=ZoneInfo(zone)))


def moment(minutes: int, zone: str) -> datetime:
    """The aware local time of UTC minutes."""
    return datetime.fromtimestamp(minutes * 60, UTC).astimezone(ZoneInfo(zone))


def light(lat: float, lon: float, day: date, zone: str) -> Light:
    """The light at a place; coordinates are rounded to a tenth of a degree (half a minute of sun)."""
    return _light(round(lat, 1), round(lon, 1), day, zone)


@cache
def _light(lat: float, lon: float, day: date, zone: str) -> Light:
    from astral import Observer

    place = Observer(lat, lon)
    midday = moment(local_minutes(day, 12 * 60, zone), zone)
    noon = midday + timedelta(minutes=_offset_of_noon(lon, midday))
    highest, lowest = _height(place, noon), _height(place, noon + timedelta(hours=12))
    dawn, sunrise, sunset, dusk = (_crossing(place, noon, height, way) for height, way in _HEIGHTS)
    tomorrow = _crossing(place, noon + timedelta(days=1), -_CIVIL, -1)
    if sunrise is None and highest > 0:
        midnight = utc_minutes(noon) - 12 * 60
        note = f"the sun never sets on {day} at {lat}, {lon}"
        return Light(dawn, midnight, midnight + 24 * 60 - 1, None, None, note)
    if sunrise is None:
        note = f"the sun never rises on {day} at {lat}, {lon}"
        if highest < -_CIVIL:
            start = utc_minutes(noon) - 6 * 60
            return Light(None, None, None, start, start + 24 * 60 - 1, note + " and there is no twilight")
        return Light(dawn, None, None, dusk, tomorrow, note)
    note = f"it does not get dark on {day} at {lat}, {lon}" if lowest > -_CIVIL and dusk is None else ""
    return Light(dawn, sunrise, sunset, dusk, tomorrow, note)


_HEIGHTS = ((-_CIVIL, -1), (-0.833, -1), (-0.833, 1), (-_CIVIL, 1))


def _offset_of_noon(lon: float, midday: datetime) -> float:
    """Minutes from noon on the wall clock to about when the sun is highest."""
    offset = midday.utcoffset() or timedelta()
    shift = offset.total_seconds() / 60 - 4 * lon
    return (shift + 720) % 1440 - 720


def _crossing(place: Any, noon: datetime, height: float, way: int) -> int | None:
    """The minute at which the sun passes `height` between noon and the midnight before (-1) or after (1)."""
    inside, outside = 0.0, 12.0 * 60
    if _height(place, noon) <= height or _height(place, noon + timedelta(minutes=way * outside)) >= height:
        return None
    while outside - inside > 0.5:
        middle = (inside + outside) / 2
        if _height(place, noon + timedelta(minutes=way * middle)) > height:
            inside = middle
        else:
            outside = middle
    return utc_minutes(noon + timedelta(minutes=way * inside))


def _height(place: Any, when: datetime) -> float:
    """Degrees of the sun above the horizon without refraction, which the -0.833 degrees of sunrise contain."""
    from astral.sun import elevation

    return float(elevation(place, when, with_refraction=False))
