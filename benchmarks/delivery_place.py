"""Fill plans: time and gap to the bound, one large cache and fifty coupled ones. Needs no data; seed 1."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow import engine
from frontrow.delivery import coupled, lagrangian, verify
from frontrow.delivery.network import Cache, Offer

CACHES, FILES, GROUP = 50, 100_000, 5


def one_cache(files: int = 1_000_000) -> Iterator[Figure]:
    """A cache that is full, a night that fills a hundredth of the catalogue, and a cost of filling."""
    rng = np.random.default_rng(1)
    size = np.maximum(1, np.exp(rng.normal(0, 1, files)) * 1e9).astype(np.int64)
    present = np.zeros(files, bool)
    order = rng.permutation(files)
    disk = int(0.12 * size.sum())
    present[order[np.cumsum(size[order]) <= 0.95 * disk]] = True
    cache = Cache("one", disk, int(0.01 * size.sum()), fill_cost=0.5)
    offer = Offer(size, np.exp(rng.normal(0, 1.5, files)) * size, present)
    started = time.perf_counter()
    plan = lagrangian.place(cache, offer)
    seconds = time.perf_counter() - started
    faults = verify.faults(cache, offer, plan.keep, value=plan.value, bound=plan.bound)
    assert not faults, faults
    yield Figure("fill plan: 1 cache x 1,000,000 files", seconds, "s", 10, "at most", detail="verified")
    yield Figure("fill plan: gap to the bound", 100 * plan.gap, "%", 0.1, "at most")


def group(seed: int, egress_share: float = np.inf) -> tuple[float, float, int]:
    """Value, bound and faults of one group of neighbours; its data is made where it is planned.

    `egress_share` of its own region's demand is the most that a cache may serve.
    """
    rng = np.random.default_rng(seed)
    size = np.maximum(1, np.exp(rng.normal(0, 0.8, FILES)) * 1e9).astype(np.int64)
    base = np.exp(rng.normal(0, 1.3, FILES))
    demand = np.stack(
        [base * np.exp(rng.normal(0, 0.5, FILES)) * size * np.exp(rng.normal(0, 0.5)) for _ in range(GROUP)]
    )
    disk = int(0.08 * size.sum())
    present = np.zeros((GROUP, FILES), bool)
    for row in present:
        order = rng.permutation(FILES)
        row[order[np.cumsum(size[order]) <= 0.9 * disk]] = True
    worth = np.where(np.eye(GROUP, dtype=bool), 1.0, 0.7 * (rng.random((GROUP, GROUP)) < 0.7))
    caches = tuple(
        Cache(f"cache {i}", disk, int(0.02 * size.sum()), float(egress_share * demand[i].sum()), fill_cost=0.05)
        for i in range(GROUP)
    )
    one = coupled.Group(caches, worth, size, demand, present, np.zeros(FILES, np.int64))
    plan = coupled.place(one)
    return (
        plan.value,
        plan.bound,
        len(verify.group_faults(one, plan.keep, plan.served, value=plan.value, bound=plan.bound)),
    )


def fifty_caches() -> Iterator[Figure]:
    """Ten groups of five neighbours on two processes."""
    started = time.perf_counter()
    found = engine.map(group, range(CACHES // GROUP), backend="loky", workers=2)
    seconds = time.perf_counter() - started
    value, bound, faults = (sum(part) for part in zip(*found, strict=True))
    assert not faults
    yield Figure(
        f"fill plan: {CACHES} coupled caches x {FILES:,} files", seconds, "s", 300, "at most", detail="verified"
    )
    yield Figure("fill plan: gap to the bound, coupled", 100 * (bound - value) / bound, "%")


def limited_egress() -> Iterator[Figure]:
    """One group whose caches may serve a fifth of what their own region asks for."""
    started = time.perf_counter()
    value, bound, faults = group(0, 0.2)
    assert not faults
    seconds = time.perf_counter() - started
    yield Figure(f"fill plan: {GROUP} coupled caches with egress limits", seconds, "s", detail="verified")
    yield Figure("fill plan: gap to the bound, egress limits", 100 * (bound - value) / bound, "%")


def run(data: Path | None) -> Iterator[Figure]:
    """All figures of fill plans."""
    yield from one_cache()
    yield from fifty_caches()
    yield from limited_egress()
