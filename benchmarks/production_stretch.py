"""The stretch: random orders of 28 scenes and 12 performers, proven, for casts from sparse to dense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.production import order, random_instance


def run(data: Path | None) -> Iterator[Figure]:
    for density in (0.15, 0.25, 0.35, 0.5):
        found, took = order(random_instance(1, density), 60)
        detail = f"proven {found.proven}; cost {found.cost}, bound {found.bound}"
        yield Figure(
            f"28 scenes x 12 cast, density {density}",
            took if found.proven else float("inf"),
            "s",
            60,
            "at most",
            detail=detail,
        )
