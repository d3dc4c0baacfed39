"""Scene orders of 100 to 300 scenes by annealing, one seed, one worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.production import annealed

LARGE = {"movie100": (29_070, 60, 28_786), "movie200": (93_330, 120, 92_405), "movie300": (168_980, 120, 165_667)}


def run(data: Path | None) -> Iterator[Figure]:
    if data is None:
        yield Figure("movie100 to movie300", 0, detail="left out: set FRONTROW_DATA")
        return
    yield from annealed(data / "production", LARGE)
