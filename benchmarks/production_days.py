"""The day model on generated productions: below grouping, a feature film, an infeasible one, a re-plan."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import yaml

from benchmarks.figure import Figure
from frontrow.production import checker, facts, infeasibility, reading, replan, solve
from frontrow.production.facts import Facts
from frontrow.production.generated import generate
from frontrow.production.infeasibility import Core
from frontrow.production.sequence import Decision
from frontrow.production.sheet import Lock, Window

SECONDS = 20  # of the 120 allowed: five seeds then fit into one run
FEATURE_SECONDS = 180


def film(scenes: int, people: int, sites: int, days: int, seed: int) -> Facts:
    """A generated production, read as a user's sheet would be."""
    document = generate(scenes, people, sites, days, np.random.default_rng(seed))
    return facts.derive(reading.read_yaml(yaml.safe_dump(document)))


def run(data: Path | None) -> Iterator[Figure]:
    firsts, savings, violations = [], [], 0
    for seed in range(1, 6):
        production = film(100, 60, 20, 40, seed)
        steps, found = timed(production, SECONDS)
        firsts.append(steps[0][0])
        savings.append(100 * (1 - found.cost / found.grouped_cost))
        violations += len(checker.check(production, found.plan))
    detail = f"five seeds: {', '.join(f'{saving:.1f}' for saving in savings)}"
    yield Figure("100 scenes x 60 cast x 40 days: first complete plan, slowest", max(firsts), "s", 10, "at most")
    yield Figure(f"below grouping after {SECONDS} s, worst seed", min(savings), "%", 12, detail=detail)
    yield Figure("violations in five plans", violations, "", 0, "at most")
    production = film(190, 48, 134, 62, 1)
    steps, found = timed(production, FEATURE_SECONDS)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    first, best_at = steps[0][0], steps[-1][0]
    yield Figure("feature film, 190 scenes: first complete plan", first, "s", 30, "at most", detail=found.status)
    for at_s in (30, 60, 120):
        cost = min(cost for begun_s, cost in steps if begun_s <= max(at_s, first))
        yield Figure(f"feature film: below grouping after {at_s} s", 100 * (1 - cost / found.grouped_cost), "%")
    saving = 100 * (1 - found.cost / found.grouped_cost)
    yield Figure(f"feature film: below grouping after {FEATURE_SECONDS} s", saving, "%")
    detail = f"{len(steps)} better plans"
    yield Figure("feature film: last better plan after", best_at, "s", 120, detail=detail)
    yield Figure("feature film: violations", len(checker.check(production, found.plan)), "", 0, "at most")
    yield Figure("memory of the whole run", memory, "GB", 3, "at most")
    yield from infeasible()
    yield from replanned()


def timed(production: Facts, seconds: float) -> tuple[list[tuple[float, int]], solve.Solved]:
    """Seconds and cost of each better plan on the way, and the outcome."""
    begin = time.monotonic()
    steps: list[tuple[float, int]] = []

    def tick(best: int | None, bound: int | None, left: float) -> None:
        if best is not None and (not steps or best < steps[-1][1]):
            steps.append((time.monotonic() - begin, best))

    found = solve.solve(production, seconds=seconds, workers=2, seed=0, clock=time.monotonic, tick=tick)
    return steps, found


def infeasible() -> Iterator[Figure]:
    """60 scenes with one clash between a lock and a performer: the core, and what happens without each of its rules."""
    times, minimal = [], 0
    for seed in range(3):
        production = film(60, 25, 14, 26, seed)
        scene = production.sheet.scenes[7]
        day = production.dates[5]
        people = tuple(
            replace(p, unavailable=(Window(day, day + timedelta(days=2)),)) if p.id == scene.cast[0] else p
            for p in production.sheet.people
        )
        sheet = replace(production.sheet, people=people, locks=(Lock(scene.id, day, ""),))
        clash = replace(production, sheet=sheet)
        begin = time.monotonic()
        core = infeasibility.find_core(clash, seconds=60, clock=time.monotonic)
        times.append(time.monotonic() - begin)
        assert isinstance(core, Core)
        without = [
            infeasibility.find_core(infeasibility.relax(clash, rule), seconds=60, clock=time.monotonic)
            for rule in core.rules
        ]
        minimal += core.minimal and all(isinstance(outcome, Decision) for outcome in without)
    yield Figure("minimal core at 60 scenes, slowest of three", max(times), "s", 5, "at most")
    yield Figure("cores of which dropping any rule makes it feasible", minimal, "of 3", 3)


def replanned() -> Iterator[Figure]:
    """60 scenes: a lead falls ill after day 8; the days before stay."""
    production = film(60, 25, 14, 26, 3)
    old = solve.solve(production, seconds=10, workers=2, seed=0, clock=time.monotonic).plan
    locked = old.days[7].date
    ill = Window(old.days[9].date, old.days[11].date)
    people = tuple(replace(p, unavailable=(ill,)) if p.id == "P01" else p for p in production.sheet.people)
    changed = replace(production, sheet=replace(production.sheet, people=people))
    begin = time.monotonic()
    found = replan.replan(changed, old, locked_until=locked, seconds=25, workers=2, seed=0, clock=time.monotonic)
    took = time.monotonic() - begin
    assert isinstance(found, solve.Solved)
    kept = [day for day in found.plan.days if day.date <= locked] == [day for day in old.days if day.date <= locked]
    broken = len(checker.check(changed, found.plan))
    yield Figure(
        "re-plan at 60 scenes", took, "s", 30, "at most", detail=f"locked days untouched: {kept}; violations {broken}"
    )
