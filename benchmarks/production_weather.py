"""Held-out weather: chains fitted on 2000-2006 give a plan's P90; how often do the years 2007-2009 stay below it?"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import yaml

from benchmarks.figure import Figure
from frontrow.production import facts, ledger, options, reading, risk, solve, weather
from frontrow.production.generated import generate
from frontrow.production.plan import Plan
from frontrow.production.sequence import assemble

WET_MM = 2.0


def records(path: Path) -> dict[str, dict[date, bool]]:
    """Wet or dry by station and date; precipitation there is in cm."""
    with gzip.open(path, "rt") as text:
        rows = list(csv.DictReader(text))
    stations = [name.removesuffix("_precipitation") for name in rows[0] if name.endswith("_precipitation")]
    days = [date.fromisoformat(row["DATE"]) for row in rows]
    return {
        station: {
            day: float(row[f"{station}_precipitation"]) * 10 >= WET_MM for day, row in zip(days, rows, strict=True)
        }
        for station in stations
    }


def moved(plan: Plan, days: int, year: int) -> list[date]:
    """The plan's dates shifted to start `days` after New Year of `year`."""
    start = date(year, 1, 1) + timedelta(days=days)
    return [start + (day.date - plan.days[0].date) for day in plan.days]


def run(data: Path | None) -> Iterator[Figure]:
    if data is None:
        yield Figure("held-out weather years", 0, detail="left out: set FRONTROW_DATA")
        return
    history = records(data / "production" / "weather" / "weather_prediction_dataset_18EUcities_2000_2010.csv.gz")
    document = generate(60, 25, 14, 26, np.random.default_rng(3))
    for scene in document["scenes"]:
        scene["cover"] = False
    production = facts.derive(reading.read_yaml(yaml.safe_dump(document)))
    space = options.space(production)
    plan = assemble(space, solve.first_decision(space))
    planned = ledger.price(production, plan).total
    below = cases = 0
    for number, (_, wet) in enumerate(sorted(history.items())):
        chain = weather.fit({day: state for day, state in wet.items() if day.year <= 2006})
        for offset in range(0, 330, 30):
            shifted = replace(
                plan,
                days=tuple(
                    replace(day, date=new) for day, new in zip(plan.days, moved(plan, offset, 2007), strict=True)
                ),
            )
            at = replace(production, chains={"": chain})
            exposures = risk.exposures(at, shifted)
            rng = np.random.default_rng((number, offset))
            drawn = risk.losses(exposures, risk.draw(at, exposures, risk.RUNS, rng))
            p90 = planned + float(np.quantile(drawn, 0.9))
            for year in (2007, 2008, 2009):
                dates = dict(zip((day.date for day in plan.days), moved(plan, offset, year), strict=True))
                back = dict(zip((day.date for day in shifted.days), dates.values(), strict=True))
                outcome = np.array([[wet.get(back[exposure.day], False) for exposure in exposures]])
                below += planned + float(risk.losses(exposures, outcome)[0]) <= p90
                cases += 1
    share = 100 * below / cases
    yield Figure(
        "held-out outcomes under the P90", share, "%", 85, detail=f"{cases} outcomes: stations x starts x years"
    )
    yield Figure("held-out outcomes under the P90, not too safe", share, "%", 95, "at most")
