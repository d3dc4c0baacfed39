"""What rain does to a plan: many runs of the weather over its days, with cover sets used where they help.

On a wet day the exteriors stop. If enough cover scenes (interiors marked `cover`, same city, cast engaged that day) are
still to come, they are shot instead for the price of a company move and the exteriors take their place. Otherwise
the lost share of the exteriors is shot again at the end: crew, cast and site of that share are paid once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from frontrow.production.facts import Facts
from frontrow.production.plan import Plan, ShootDay

SCENARIOS = 40  # runs that rank candidate plans
RUNS = 10_000  # fresh runs for the figures that are reported


@dataclass(frozen=True)
class Exposure:
    """What one shooting day stands to lose."""

    day: date
    station: str
    minutes: int  # of exteriors
    loss: float  # minor units when the day is wet and nothing covers it
    cover_minutes: int  # of cover scenes still to come that could be moved here
    swap: int  # price of moving them


@dataclass(frozen=True)
class Outlook:
    """The distribution of a plan's cost with rain. `planned` is the ledger without its expected loss."""

    planned: int
    mean: int
    p50: int
    p90: int
    overrun: float  # chance of costing more than the ledger's total
    wet_days: float  # mean number of stopped exterior days
    curve: tuple[tuple[float, int], ...]  # (share of runs, cost at most)


def exposures(facts: Facts, plan: Plan) -> list[Exposure]:
    """The days of `plan` that rain can stop."""
    found = []
    for index, day in enumerate(plan.days):
        outside = [slot for slot in day.slots if facts.sheet.scene[slot.scene].exterior]
        if not outside:
            continue
        share = facts.sheet.risk.loss / 100
        worth = sum(facts.worth(facts.sheet.scene[slot.scene], facts.sheet.site[slot.site]) for slot in outside)
        minutes = sum(slot.end - slot.start for slot in outside)
        found.append(
            Exposure(
                day.date,
                facts.sheet.site[outside[0].site].station,
                minutes,
                share * worth,
                _cover(facts, plan, day, plan.days[index + 1 :]),
                facts.sheet.crew.move,
            )
        )
    return found


def _cover(facts: Facts, plan: Plan, day: ShootDay, later: Sequence[ShootDay]) -> int:
    """Minutes of cover scenes on later days, same city, whose cast is engaged and free on `day`."""
    sheet = facts.sheet
    minutes = 0
    for other in later:
        for slot in other.slots:
            scene = sheet.scene[slot.scene]
            if not scene.cover or scene.exterior or other.city != day.city:
                continue
            if sheet.site[slot.site].permit(day.date) is None:
                continue
            engaged = all(
                sheet.person[who].free(day.date) and any(a <= day.date <= b for a, b in plan.engaged.get(who, ()))
                for who in scene.cast
            )
            minutes += scene.minutes if engaged else 0
    return minutes


def losses(at_risk: Sequence[Exposure], wet: np.ndarray) -> np.ndarray:
    """Loss (runs,) for `wet` (runs, days at risk). Cover that was used up is gone, and so is cover already shot."""
    total = np.zeros(wet.shape[0])
    used = np.zeros(wet.shape[0])
    for index, exposure in enumerate(at_risk):
        covered = wet[:, index] & (exposure.cover_minutes - used >= exposure.minutes)
        used += covered * exposure.minutes
        total += covered * exposure.swap + (wet[:, index] & ~covered) * exposure.loss
    return total


def draw(facts: Facts, at_risk: Sequence[Exposure], runs: int, rng: np.random.Generator) -> np.ndarray:
    """Wet or not (runs, days at risk), one chain a station over all calendar days of the plan."""
    wet = np.zeros((runs, len(at_risk)), dtype=bool)
    for station in sorted({exposure.station for exposure in at_risk}):
        columns = [i for i, exposure in enumerate(at_risk) if exposure.station == station]
        first, last = at_risk[columns[0]].day, at_risk[columns[-1]].day
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        drawn = facts.chains[station].draw(days, runs, rng)
        wet[:, columns] = drawn[:, [(at_risk[i].day - first).days for i in columns]]
    return wet


def simulate(
    facts: Facts, plan: Plan, planned: int, expected: int, rng: np.random.Generator, runs: int = RUNS
) -> Outlook:
    """The outlook of `plan`, whose ledger is `planned` plus `expected` loss."""
    at_risk = exposures(facts, plan)
    wet = draw(facts, at_risk, runs, rng)
    costs = planned + losses(at_risk, wet)
    shares = np.linspace(0.01, 0.99, 99)
    quantiles = np.quantile(costs, shares)
    return Outlook(
        planned=planned,
        mean=round(float(costs.mean())),
        p50=round(float(np.quantile(costs, 0.5))),
        p90=round(float(np.quantile(costs, 0.9))),
        overrun=float((costs > planned + expected).mean()),
        wet_days=float(wet.sum(axis=1).mean()),
        curve=tuple(
            (round(float(share), 2), round(float(cost))) for share, cost in zip(shares, quantiles, strict=True)
        ),
    )


def rank(facts: Facts, candidates: Sequence[tuple[Plan, int]], rng: np.random.Generator) -> list[tuple[int, int]]:
    """(index, mean cost over the same few scenarios), best first; a candidate comes with its cost without rain."""
    seed = int(rng.integers(2**31))
    ranked = []
    for index, (plan, planned) in enumerate(candidates):
        at_risk = exposures(facts, plan)
        wet = draw(facts, at_risk, SCENARIOS, np.random.default_rng(seed))
        ranked.append((index, planned + round(float(losses(at_risk, wet).mean()))))
    return sorted(ranked, key=lambda pair: pair[1])
