"""A shooting schedule: for each day its kind, its call and wrap, and every scene with its site and time.

Times are UTC minutes since 1970. A plan holds decisions and times only; what it costs is the ledger's business, what it
breaks the checker's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from frontrow.errors import InputError

KINDS = ("day", "night", "dawn", "dusk")


@dataclass(frozen=True)
class Slot:
    """One scene being shot."""

    scene: str
    site: str
    start: int
    end: int


@dataclass(frozen=True)
class ShootDay:
    """One shooting day, from call to wrap."""

    date: date
    kind: str
    city: str
    call: int
    wrap: int
    slots: tuple[Slot, ...]

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites in the order in which the unit reaches them."""
        return tuple(dict.fromkeys(slot.site for slot in self.slots))


@dataclass(frozen=True)
class Plan:
    """Days in order, the stretches for which each performer is engaged, and the scenes that found no day."""

    days: tuple[ShootDay, ...]
    engaged: dict[str, tuple[tuple[date, date], ...]]
    unscheduled: tuple[str, ...] = ()

    def where(self) -> dict[str, tuple[date, str]]:
        """Date and site of each scheduled scene."""
        return {slot.scene: (day.date, slot.site) for day in self.days for slot in day.slots}

    def slots(self) -> Iterator[tuple[ShootDay, Slot]]:
        """Every scene with its day, in shooting order."""
        for day in self.days:
            for slot in day.slots:
                yield day, slot

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data; `from_json` reads it back."""
        return {
            "days": [
                {
                    "date": day.date.isoformat(),
                    "kind": day.kind,
                    "city": day.city,
                    "call": day.call,
                    "wrap": day.wrap,
                    "slots": [{"scene": s.scene, "site": s.site, "start": s.start, "end": s.end} for s in day.slots],
                }
                for day in self.days
            ],
            "engaged": {who: [[a.isoformat(), b.isoformat()] for a, b in spans] for who, spans in self.engaged.items()},
            "unscheduled": list(self.unscheduled),
        }


def from_json(value: Any) -> Plan:
    """A plan from what `to_json` gave. Raises InputError when it is none."""
    try:
        days = tuple(
            ShootDay(
                date.fromisoformat(day["date"]),
                str(day["kind"]),
                str(day["city"]),
                int(day["call"]),
                int(day["wrap"]),
                tuple(Slot(str(s["scene"]), str(s["site"]), int(s["start"]), int(s["end"])) for s in day["slots"]),
            )
            for day in value["days"]
        )
        engaged = {
            str(who): tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in spans)
            for who, spans in value["engaged"].items()
        }
        return Plan(days, engaged, tuple(str(scene) for scene in value.get("unscheduled", ())))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the plan is not one that Frontrow wrote: {error!r}; give plan.json of 'production plan'"
        ) from None
