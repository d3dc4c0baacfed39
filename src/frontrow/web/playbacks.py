"""What players told in the last 24 hours, added up by region, hour and controller, and who is watching now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from frontrow.jobs.delivery import REGIONS, region_of

HOURS = 24
HOUR_MS = 3_600_000
LIVE_MS = 75_000  # players report every half minute
LIVE_SHOWN = 30
_WORST = 0.05  # share of the time in stalls that has the strongest colour


@dataclass
class Tally:
    """What was told of some sessions; times in seconds."""

    played_s: float = 0.0
    stall_s: float = 0.0
    kbit: float = 0.0
    vmaf_s: float = 0.0
    judged_s: float = 0.0
    """Of media whose VMAF is known."""
    startups_s: list[float] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    def add(self, props: dict[str, Any], session: str) -> None:
        """One report."""
        told = {name: float(props.get(name) or 0.0) for name in ("played_s", "stall_s", "vmaf_s", "media_s")}
        self.played_s += told["played_s"]
        self.stall_s += told["stall_s"]
        self.kbit += float(props.get("bitrate_kbps") or 0.0) * told["played_s"]
        self.vmaf_s += told["vmaf_s"]
        self.judged_s += told["media_s"] if told["vmaf_s"] else 0.0
        if props.get("startup_s") is not None:
            self.startups_s.append(float(props["startup_s"]))
        self.sessions.add(session)

    @property
    def stall_ratio(self) -> float | None:
        """Share of the time spent in stalls; None where nothing was played."""
        spent_s = self.played_s + self.stall_s
        return self.stall_s / spent_s if spent_s else None

    @property
    def startup_s(self) -> float | None:
        """The median."""
        return median(self.startups_s) if self.startups_s else None

    @property
    def kbps(self) -> float | None:
        """Mean over what was played."""
        return self.kbit / self.played_s if self.played_s else None

    @property
    def vmaf(self) -> float | None:
        """Mean over what was fetched."""
        return self.vmaf_s / self.judged_s if self.judged_s else None


@dataclass(frozen=True)
class Playbacks:
    """The last 24 hours."""

    everything: Tally
    live: list[dict[str, Any]]
    regions: dict[str, list[Tally]]
    """By region, one tally an hour, the oldest first."""
    controllers: dict[str, Tally]
    invented_regions: bool
    generated: int
    """Sessions that were made up for the demo."""


def gather(rows: Iterable[dict[str, Any]], at_ms: int) -> Playbacks:
    """What `qoe` events of 24 hours say; a row has at_ms, member (inner id), title, session, country and props."""
    reports = [(row, props) for row in rows if (props := _props(row["props"])) is not None]
    invented = not any(row["country"] for row, _ in reports)
    names = _regions([row for row, _ in reports], invented)
    first_ms = at_ms - at_ms % HOUR_MS - (HOURS - 1) * HOUR_MS
    everything = Tally()
    controllers: dict[str, Tally] = {}
    newest: dict[str, dict[str, Any]] = {}
    regions: dict[str, list[Tally]] = {name: [Tally() for _ in range(HOURS)] for name in REGIONS} if invented else {}
    generated: set[str] = set()
    for (row, props), region in zip(reports, names, strict=True):
        session = str(row["session"])
        hour = min(max((row["at_ms"] - first_ms) // HOUR_MS, 0), HOURS - 1)
        regions.setdefault(region, [Tally() for _ in range(HOURS)])[hour].add(props, session)
        controllers.setdefault(str(props.get("controller") or "unknown"), Tally()).add(props, session)
        everything.add(props, session)
        if props.get("generated"):
            generated.add(session)
        past = newest.get(session, {"stall_s": 0.0, "began_ms": row["at_ms"]})
        newest[session] = {
            "title": row["title"], "region": region, "at_ms": row["at_ms"], "began_ms": past["began_ms"],
            "stall_s": past["stall_s"] + float(props.get("stall_s") or 0.0), "kbps": props.get("bitrate_kbps"),
            "controller": props.get("controller") or "unknown", "end": props.get("end"),
        }  # fmt: skip
    live = [x for x in newest.values() if at_ms - x["at_ms"] < LIVE_MS and not x["end"]]
    live.sort(key=lambda x: (-x["stall_s"], -x["at_ms"]))
    for one in live:
        one["minutes"] = (at_ms - one["began_ms"]) // 60_000
    return Playbacks(
        everything, live[:LIVE_SHOWN], dict(sorted(regions.items())), controllers, invented, len(generated)
    )


def cells(regions: dict[str, list[Tally]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each region's hours for drawing: `weight` 0 to 1 of the colour, None where nobody watched."""
    return [
        (
            name,
            [
                {
                    "ratio": x.stall_ratio, "sessions": len(x.sessions),
                    "weight": None if x.stall_ratio is None else min((x.stall_ratio / _WORST) ** 0.5, 1.0),
                }
                for x in hours
            ],
        )
        for name, hours in regions.items()
    ]  # fmt: skip


def _regions(rows: Sequence[dict[str, Any]], invented: bool) -> list[str]:
    if not invented:
        return [row["country"] or "unknown" for row in rows]
    if not rows:
        return []
    return [REGIONS[i] for i in region_of(np.array([row["member"] for row in rows], np.int64))]


def _props(text: str | None) -> dict[str, Any] | None:
    """The props whose numbers are numbers; None for a report that is none."""
    told = json.loads(text) if text else None
    if not isinstance(told, dict):
        return None
    numbers = ("played_s", "stall_s", "vmaf_s", "media_s", "bitrate_kbps", "startup_s")
    return {k: v for k, v in told.items() if k not in numbers or (isinstance(v, int | float) and v >= 0)}
