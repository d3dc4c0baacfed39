# ruff: noqa: E501
"""Scene orders: the talent-scheduling and movie-shoot instances, proven where small, annealed where large."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.production.instances import OrderInstance, read_instance
from frontrow.production.order import Ordered, solve_order

TALENT = {
    "MobStory": 871, "film103.dat": 1031, "film105.dat": 849, "film114.dat": 867, "film116.dat": 541, "film117.dat": 913,
    "film118.dat": 853, "film119.dat": 790, "Shaw2020": 877, "Warwick1201": 222, "film-10": 352, "film-12": 401,
    "concert": 111, "small": 54, "small2": 56, "tiny": 29, "tiny2": 9,
}  # fmt: skip
PROVEN = {"movie5": 9, "movie10": 128, "movie12": 43, "movie15": 910, "movie20": 774}
# Instance: (cost to reach, seconds, stretch)
LARGE = {"movie30": (2771, 10, 2744), "movie50": (13_800, 20, 13_675)}


def order(instance: OrderInstance, seconds: float) -> tuple[Ordered, float]:
    """The order found with seed 0 and one worker, and the seconds it took."""
    begin = time.monotonic()
    found = solve_order(instance, seconds=seconds, seed=0, workers=1, clock=time.monotonic)
    assert instance.allows(found.order)
    assert instance.cost(found.order) == found.cost
    return found, time.monotonic() - begin


def annealed(folder: Path, names: dict[str, tuple[int, int, int]]) -> Iterator[Figure]:
    """Cost and seconds of the instances too large to prove; the reference file is only compared with."""
    for name, (reach, seconds, stretch) in names.items():
        found, took = order(read_instance((folder / "shoot" / f"{name}.txt").read_text()), seconds)
        detail = f"in {took:.1f} s of {seconds}; bound {found.bound}; {found.method}"
        yield Figure(f"{name}: extra cost", found.cost, "", reach, "at most", "stretch", stretch, detail)


def random_instance(seed: int, density: float) -> OrderInstance:
    """28 scenes, 12 performers, each in each scene with probability `density`; wages 1-100, durations 1-5."""
    rng = np.random.default_rng(seed)
    works = rng.random((12, 28)) < density
    wages, durations = rng.integers(1, 101, 12), rng.integers(1, 6, 28)
    return OrderInstance("random", works, wages, durations, np.zeros(28, np.int64), np.zeros(1, np.int64))


def run(data: Path | None) -> Iterator[Figure]:
    if data is None:
        yield Figure("talent-scheduling and movie-shoot instances", 0, detail="left out: set FRONTROW_DATA")
        return
    folder = data / "production"
    times, right = [], 0
    for name, best in TALENT.items():
        found, took = order(read_instance((folder / "talent" / name).read_text()), 60)
        times.append(took)
        right += found.proven and found.cost == best
    yield Figure("talent instances proven optimal with the known cost", right, "of 17", 17)
    yield Figure("slowest talent instance", max(times), "s", 5, "at most")
    yield Figure("all talent instances", sum(times), "s", 15, "at most")
    for name, best in PROVEN.items():
        found, took = order(read_instance((folder / "shoot" / f"{name}.txt").read_text()), 60)
        yield Figure(
            f"{name}: proven", took, "s", 3, "at most", "known cost", best, f"cost {found.cost}, proven {found.proven}"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    yield Figure("memory up to here, whole process", memory, "GB", 1, "at most")
    yield from annealed(folder, LARGE)
