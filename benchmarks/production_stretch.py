"""The stretch: random orders of 28 scenes and 12 performers, proven: casts from sparse to dense, and of all sizes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.production import order, random_instance
from frontrow.production.instances import OrderInstance

DENSITIES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
SEEDS = (1, 2)


def uneven_instance(seed: int) -> OrderInstance:
    """28 scenes, 12 performers, each in 2 to 28 scenes, every number as likely; wages 1-100, durations 1-5."""
    rng = np.random.default_rng(seed)
    works = rng.random((12, 28)).argsort(axis=1) < rng.integers(2, 29, 12)[:, None]
    wages, durations = rng.integers(1, 101, 12), rng.integers(1, 6, 28)
    return OrderInstance("uneven", works, wages, durations, np.zeros(28, np.int64), np.zeros(1, np.int64))


def run(data: Path | None) -> Iterator[Figure]:
    order(random_instance(0, 0.6), 60)  # compiles the search, which later runs find in a cache
    for density in DENSITIES:
        yield _slowest(f"28 scenes x 12 cast, density {density}", [random_instance(seed, density) for seed in SEEDS])
    yield _slowest("28 scenes x 12 cast, 2 to 28 scenes each", [uneven_instance(seed) for seed in range(10)])


def _slowest(name: str, instances: list[OrderInstance]) -> Figure:
    """The longest time to a proof; infinite when one was not proven in its 60 s."""
    outcomes = [order(instance, 60) for instance in instances]
    proven = sum(found.proven for found, _ in outcomes)
    detail = f"{proven} of {len(outcomes)} proven in {', '.join(f'{took:.1f}' for _, took in outcomes)} s"
    slowest = max(took for _, took in outcomes) if proven == len(outcomes) else float("inf")
    return Figure(f"{name}: slowest of {len(outcomes)}", slowest, "s", 60, "at most", detail=detail)
