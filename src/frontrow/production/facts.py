"""What follows from a sheet without deciding anything: dates, light, trips, odds of rain, rules.

Model and checker share these facts, as they share the sheet; everything else each works out on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from frontrow.errors import InputError
from frontrow.production import calendar_days, rules, sun, travel, weather
from frontrow.production.rules import RulePack
from frontrow.production.sheet import Scene, Sheet, Site, Trip
from frontrow.production.weather import Chain


@dataclass(frozen=True)
class Facts:
    """The sheet with everything that follows from it."""

    sheet: Sheet
    dates: tuple[date, ...]  # possible shooting days
    free: dict[date, str]  # other dates between start and end, with the reason
    trips: dict[tuple[str, str], Trip]
    chains: dict[str, Chain]
    pack: RulePack

    def light(self, site: Site, day: date) -> sun.Light:
        """Sun and twilight of a site."""
        return sun.light(site.lat, site.lon, day, site.zone)

    def loss(self, scene: Scene, site: Site, day: date) -> int:
        """Expected loss through rain of an exterior: odds times share lost times what its minutes cost."""
        if not scene.exterior:
            return 0
        odds = self.chains[site.station].odds(day.month)
        return round(odds * self.sheet.risk.loss / 100 * self.worth(scene, site))

    def worth(self, scene: Scene, site: Site) -> float:
        """What crew, cast and site cost for the minutes of a scene."""
        crew = self.sheet.crew
        wages = sum(self.sheet.person[who].wage for who in scene.cast)
        return (crew.day + wages + site.fee) * scene.minutes / (crew.hours * 60)

    @property
    def left_out_price(self) -> int:
        """What the solvers pay for a scene without a date: more than any plan could save by leaving it out."""
        crew, wages = self.sheet.crew, sum(person.wage for person in self.sheet.people)
        return 20 * (crew.day + wages + crew.move + max((site.fee for site in self.sheet.sites), default=0)) + 1


def _pack(name: str, files: Mapping[str, str]) -> RulePack:
    """A pack that comes with Frontrow, or the user's own file beside the sheet."""
    if not name.endswith(".yaml"):
        return rules.load(name)
    if name not in files:
        raise InputError(f"rule pack {name!r} was not found beside the sheet")
    return rules.read(files[name], name)


def derive(sheet: Sheet, files: Mapping[str, str] | None = None) -> Facts:
    """The facts of a sheet; `files` holds the text of its history and rule files by name."""
    return Facts(
        sheet=sheet,
        dates=tuple(calendar_days.shooting_dates(sheet.calendar)),
        free=calendar_days.free_dates(sheet.calendar),
        trips=travel.trips(sheet),
        chains=weather.chains(sheet, files or {}),
        pack=_pack(sheet.calendar.rules, files or {}),
    )
