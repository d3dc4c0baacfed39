"""A request log against policies and plans: what came from the cache, what from the origin, and when.

The planned part is one look-up a request on arrays; reacting policies are the compiled loops of `eviction` and
`reactive`. One cache at a time, so a network is replayed through `engine.map`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.delivery import eviction, rehearsal
from frontrow.delivery.network import Array, Cache
from frontrow.delivery.reactive import Disk
from frontrow.delivery.requests import DAY_S, Files, Log

Mask = npt.NDArray[np.bool_]
HOUR_S = 3600


@dataclass(frozen=True)
class Outcome:
    """What one policy did with a log. Sums, so that caches and days can be added up."""

    requests: int
    hits: int
    bytes: int
    hit_bytes: int
    fill_bytes: int  # pushed by plan; what is fetched on a miss is in the origin's bytes
    origin_by_hour: Array  # bytes fetched for viewers, an hour of the log
    hit_by_clock: Array  # bytes served from the cache by hour of the day, 24
    bytes_by_clock: Array  # bytes asked for by hour of the day, 24

    @property
    def byte_hit_ratio(self) -> float:
        """Share of the bytes that came from the cache."""
        return self.hit_bytes / self.bytes if self.bytes else 0.0

    @property
    def hit_ratio(self) -> float:
        """Share of the requests that were served from the cache."""
        return self.hits / self.requests if self.requests else 0.0

    @property
    def origin_peak_bps(self) -> float:
        """Bits a second from the origin in its busiest hour."""
        return float(self.origin_by_hour.max()) * 8 / HOUR_S if len(self.origin_by_hour) else 0.0

    def stalled_bytes(self, origin_bps: float) -> float:
        """Bytes that an origin link of `origin_bps` could not have brought within their hour: viewers who wait."""
        return float(np.maximum(self.origin_by_hour - origin_bps * HOUR_S / 8, 0).sum())


def measure(
    log: Log, sizes: npt.NDArray[np.int64], hits: Mask, fill_bytes: int = 0, first_hour: int = 0, hours: int = 0
) -> Outcome:
    """Count what `hits` (one a request) meant. Hours are counted from `first_hour`, as a network's caches need it."""
    size = sizes[log.object]
    hour = log.at_s // HOUR_S
    first = first_hour or int(hour[0])
    clock = (log.at_s % DAY_S) // HOUR_S
    return Outcome(
        requests=len(hits),
        hits=int(hits.sum()),
        bytes=int(size.sum()),
        hit_bytes=int(size[hits].sum()),
        fill_bytes=fill_bytes,
        origin_by_hour=np.bincount(hour - first, np.where(hits, 0, size), minlength=hours).astype(float),
        hit_by_clock=np.bincount(clock, np.where(hits, size, 0), minlength=24).astype(float),
        bytes_by_clock=np.bincount(clock, size, minlength=24).astype(float),
    )


def add(outcomes: list[Outcome]) -> Outcome:
    """The outcome of several caches together."""
    hours = max(len(one.origin_by_hour) for one in outcomes)
    padded = [np.pad(one.origin_by_hour, (0, hours - len(one.origin_by_hour))) for one in outcomes]
    return Outcome(
        **{
            name: sum(getattr(one, name) for one in outcomes)
            for name in ("requests", "hits", "bytes", "hit_bytes", "fill_bytes")
        },
        origin_by_hour=np.sum(padded, axis=0),
        hit_by_clock=np.sum([one.hit_by_clock for one in outcomes], axis=0),
        bytes_by_clock=np.sum([one.bytes_by_clock for one in outcomes], axis=0),
    )


@dataclass(frozen=True)
class Task:
    """One cache's part of a replay; `planned` are the files of a given plan, None lets each night make its own."""

    log: Log
    files: Files
    cache: Cache
    planned: npt.NDArray[np.int64] | None = None
    launch_day: npt.NDArray[np.int64] | None = None
    guess: Array | None = None
    first_hour: int = 0
    hours: int = 0


def replay(task: Task) -> Mapping[str, Outcome]:
    """The outcome of every policy on one cache; ours are `planned` (the plan alone) and `frontrow` (and reactive)."""
    log, files, cache = task.log, task.files, task.cache
    found: dict[str, tuple[Mask, int]] = {}
    if task.planned is not None:
        found["planned"], found["frontrow"] = _given(task)
    else:
        for name, run in (("planned", rehearsal.plan_alone), ("frontrow", rehearsal.planned_and_reactive)):
            forecast = rehearsal.forecaster(log, files, launch_day=task.launch_day, guess=task.guess)
            lived = run(log, files, cache, forecast)
            found[name] = (lived.hits, int(lived.fill_bytes.sum()))
    for name, policy in {**eviction.ONLINE, "belady": eviction.belady}.items():
        found[name] = (policy(log.object, files.size, cache.disk_bytes), 0)
    return {
        name: measure(log, files.size, hits, fill, task.first_hour, task.hours) for name, (hits, fill) in found.items()
    }


def _given(task: Task) -> tuple[tuple[Mask, int], tuple[Mask, int]]:
    """A plan that was made before the log began: alone, and with the rest of the disk reacting."""
    assert task.planned is not None
    files, capacity = task.files, task.cache.disk_bytes
    keep = np.zeros(len(files.size), np.bool_)
    keep[task.planned] = True
    fill = int(files.size[keep].sum())
    disk = Disk(files.size, capacity)
    disk.push(task.planned, fill)
    disk.pin(task.planned)
    return (keep[task.log.object], fill), (disk.serve(task.log.object), fill)
