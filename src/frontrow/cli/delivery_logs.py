"""Request logs of `frontrow delivery replay` and `report`: a task a cache, with what had to be said about it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontrow.cli.options import progress
from frontrow.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from frontrow.cli.delivery_files import Requests
    from frontrow.delivery.drills import Drilled
    from frontrow.delivery.network import Cache
    from frontrow.delivery.replay import Outcome, Task


@dataclass(frozen=True)
class LogFiles:
    """What the options of `replay` and `report` name."""

    requests: Path | None
    disk: int | None
    network: Path | None
    files: Path | None
    titles: Path | None
    plan: Path | None = None


def tasks_of(named: LogFiles) -> tuple[list[Task], list[str]]:
    """One task a cache, its part of the log cut out."""
    import numpy as np

    from frontrow.cli import delivery_files
    from frontrow.delivery.launches import guess_shares
    from frontrow.delivery.replay import HOUR_S, Task
    from frontrow.delivery.requests import Log, title_counts

    disk, network, titles, plan = named.disk, named.network, named.titles, named.plan
    if named.requests is None:
        raise InputError("name the log by --requests; '--example DIR' writes a small one")
    if (disk is None) == (network is None):
        raise InputError("name either --disk BYTES or --network N")
    read = delivery_files.read_requests(named.requests, named.files)
    notes = list(read.notes)
    caches = _caches(read, disk, network, notes)
    launch_day, guess, content = delivery_files.read_launches(titles, read.titles) if titles else (None, None, None)
    planned = _planned(plan, read, caches, notes) if plan else {}
    first_hour = int(read.at_s[0] // HOUR_S)
    hours = int(read.at_s[-1] // HOUR_S) - first_hour + 1
    smallest = int(read.files.size.min())
    tasks = []
    for index, cache in enumerate(caches):
        mine = read.cache == index if len(caches) > 1 else np.ones(len(read.cache), bool)
        if cache.disk_bytes < smallest:
            notes.append(
                f"cache {cache.name}: a disk of {cache.disk_bytes} bytes holds not even the smallest file ({smallest})"
            )
        if not cache.fill_bytes and not plan:
            notes.append(f"cache {cache.name}: nothing can be filled at night, so plans keep only what is there")
        if not mine.any():
            notes.append(f"cache {cache.name}: no request in the log, left out")
            continue
        log = Log(read.at_s[mine], read.object[mine])
        guessed = guess
        if launch_day is not None and guess is not None and content is not None:
            guessed = guess_shares(title_counts(log, read.files), launch_day - log.first_day, guess, content)
        if log.days < 2 and not plan:
            notes.append(f"cache {cache.name}: the log has no night to plan in (under two days); frontrow reacts alone")
        tasks.append(
            Task(
                log,
                read.files,
                cache,
                planned.get(cache.name) if plan else None,
                launch_day,
                guessed,
                first_hour,
                hours,
            )
        )
    return tasks, notes


def _caches(read: Requests, disk: int | None, network: Path | None, notes: list[str]) -> list[Cache]:
    """The network's caches in the order of the log's names."""
    from frontrow.cli.delivery_files import read_network
    from frontrow.delivery.network import Cache

    if network is None:
        assert disk is not None
        notes.append("no network was named: a night may fill a tenth of the disk")
        return [Cache(name, disk, disk // 10) for name in read.cache_names]
    known = {cache.name: cache for cache in read_network(network)}
    if len(known) == 1 and len(read.cache_names) == 1:
        return list(known.values())
    missing = [name for name in read.cache_names if name not in known]
    if missing:
        raise InputError(f"the log speaks of cache {missing[0]!r}, {network} does not; it has {', '.join(known)}")
    return [known[name] for name in read.cache_names]


def _planned(path: Path, read: Requests, caches: list[Cache], notes: list[str]) -> dict[str, npt.NDArray[np.int64]]:
    """Files of a plan by cache. Raises InputError where it does not fit the disk; unknown files are never asked for."""
    import numpy as np
    import polars as pl

    from frontrow.cli.delivery_files import read_frame

    frame = read_frame(path, ("cache", "file"), "frontrow delivery place")
    if "action" in frame.columns:
        frame = frame.filter(pl.col("action") != "evict")
    index = pl.DataFrame({"file": read.objects.cast(pl.String), "at": np.arange(len(read.objects))})
    found = (
        frame.select(pl.col("cache", "file").cast(pl.String))
        .join(index, on="file", how="inner")
        .unique(maintain_order=True)
    )
    strangers = frame["file"].cast(pl.String).is_in(index["file"].implode()).not_().sum()
    if strangers:
        notes.append(f"{strangers} rows of {path} name files that the log and its files do not know; left out")
    planned = {}
    for cache in caches:
        rows = found if len(caches) == 1 else found.filter(pl.col("cache") == cache.name)
        planned[cache.name] = rows["at"].to_numpy().astype(np.int64)
        held = int(read.files.size[planned[cache.name]].sum())
        if held > cache.disk_bytes:
            raise InputError(
                f"{path}: the plan of cache {cache.name!r} holds {held} bytes, its disk {cache.disk_bytes}"
            )
    return planned


def replayed(tasks: list[Task]) -> dict[str, Outcome]:
    """Every policy's outcome over all caches, replayed in parallel."""
    from frontrow import engine
    from frontrow.delivery import replay

    with progress("Replaying") as step:
        parts = engine.map(replay.replay, tasks, **_parallel(tasks), progress=step)
    return {name: replay.add([part[name] for part in parts]) for name in parts[0]}


def drilled(tasks: list[Task], name: str, seed: int) -> dict[str, Drilled]:
    """What the drill `name`, or each of them (all), did over all caches, rehearsed in parallel."""
    from functools import reduce
    from operator import add

    from frontrow import engine
    from frontrow.delivery.drills import DRILLS

    names = tuple(DRILLS) if name == "all" else (name,)
    items = [(task, names, seed + index) for index, task in enumerate(tasks)]
    with progress("Drilling") as step:
        parts = engine.map(_drill, items, **_parallel(tasks), progress=step)
    return {name: reduce(add, [part[name] for part in parts]) for name in names}


def _drill(item: tuple[Task, tuple[str, ...], int]) -> dict[str, Drilled]:
    import numpy as np

    from frontrow.delivery.drills import drill

    task, names, seed = item
    return drill(task, names, np.random.default_rng(seed))


def _parallel(tasks: list[Task]) -> dict[str, Any]:
    workers = min(len(tasks), os.cpu_count() or 1)
    return {"backend": "serial" if workers == 1 else "loky", "workers": workers}
