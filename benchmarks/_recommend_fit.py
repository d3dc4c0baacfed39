"""Our own fits, each in a process of its own so that its memory is its own: `python -m benchmarks._recommend_fit WHAT`.

Prints JSON: seconds, CPU seconds and peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from frontrow.recommend import edlae, signals
from frontrow.recommend.parts import FitConfig, Parts, fit_parts
from frontrow.recommend.signals import Interactions
from frontrow.recommend.sources import Mix

TASTE = FitConfig(mix=Mix(weights={"taste": 1.0}))


def ml_1m(data: Path) -> Parts:
    """MovieLens-1M-sized columns to a fitted B: reading columns included, as a nightly fit has to."""
    with np.load(data / "recommend" / "ml-1m-dev.npz") as file:
        member, title = file["user"], file["movie"]
    told = signals.from_columns(member, title, np.unique(title).tolist())
    return fit_parts(told, TASTE)


def solve_10k() -> None:
    """The inverse of 10,000 titles alone."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((10_000, 256), dtype=np.float32)
    G = A @ A.T
    started = time.process_time()
    edlae.solve(G, edlae.EdlaeConfig())
    print(json.dumps({"cpu_s": time.process_time() - started}))


def synthetic(viewers: int, titles: int, events: int, seed: int = 0) -> Interactions:
    """Viewers with a taste in one of fifty kinds, titles with a long tail; ordered by viewer, then time."""
    rng = np.random.default_rng(seed)
    viewer = np.sort(rng.integers(0, viewers, events, dtype=np.int32))
    kind = rng.integers(0, 50, viewers, dtype=np.int32)[viewer]
    within = (titles // 50 * rng.random(events, dtype=np.float32) ** 3).astype(np.int32)
    anything = (titles * rng.random(events, dtype=np.float32) ** 3).astype(np.int32)
    title = np.where(rng.random(events, dtype=np.float32) < 0.6, within * 50 + kind, anything)
    del kind, within, anything
    pair = np.unique(viewer.astype(np.int64) * titles + title)
    viewer, title = (pair // titles).astype(np.int32), (pair % titles).astype(np.int32)
    ones = np.ones(len(pair), np.float32)
    at_ms = np.arange(len(pair), dtype=np.int64) * 1000
    return Interactions(viewer, title, at_ms, ones, [(i, "") for i in range(viewers)], titles)


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "solve-10k":
        solve_10k()
        return
    told = None
    if what == "sparse-41k":
        told = synthetic(60_000, 41_000, 4_000_000)
    elif what == "large":
        told = synthetic(100_000, 20_000, 10_000_000)
    started, cpu = time.perf_counter(), time.process_time()
    if told is None:
        ml_1m(Path(rest[0]))
    else:
        fit_parts(told, TASTE)
    took = {"fit_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    print(json.dumps(took | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}))


if __name__ == "__main__":
    main()
