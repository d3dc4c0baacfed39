"""Caches: the made-up service night by night, a CDN log, the speed of replays; libcachesim in the same run.

Peers live in a virtual environment of their own: python -m venv ~/.cache/frontrow/peers/libcachesim, and there
`pip install libcachesim`. Settings were chosen on seeds 11 and 12 of the made-up service, looks at the day on 0 to 2;
3, 4 and 5 are reported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from frontrow.delivery import drills, eviction, rehearsal
from frontrow.delivery.network import Cache
from frontrow.delivery.reactive import Disk
from frontrow.delivery.replay import Task
from frontrow.delivery.requests import Files, Log

SEEDS = (3, 4, 5)
ONLINE = ("LRU", "Sieve", "S3FIFO", "WTinyLFU", "GDSF", "LHD", "LRB")
FIRST_SCORED_DAY = 14
PEERS = Path("~/.cache/frontrow/peers/libcachesim/bin/python").expanduser()


def peers(
    at_s: np.ndarray, objects: np.ndarray, sizes: np.ndarray, capacity: int, names: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Byte hit ratio and seconds of libcachesim's policies; one that fails or takes 4 minutes is left out."""
    if not PEERS.exists():
        print(f"libcachesim is missing: make {PEERS.parent.parent} and install it there", file=sys.stderr)
        return {}
    following = np.full(len(objects), -1, np.int64)
    order = np.lexsort((np.arange(len(objects)), objects))
    same = objects[order][:-1] == objects[order][1:]
    following[order[:-1][same]] = order[1:][same]
    trace = np.zeros(len(objects), [("at", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    trace["at"], trace["id"], trace["size"], trace["next"] = at_s, objects + 1, sizes[objects], following
    found: dict[str, dict[str, float]] = {}
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        trace.tofile(file.name)
        for name in names:
            try:
                ran = subprocess.run(
                    [PEERS, Path(__file__).with_name("_cache_peers.py"), file.name, str(capacity), name],
                    capture_output=True, text=True, timeout=240, check=True,
                )  # fmt: skip
                found |= json.loads(ran.stdout[ran.stdout.index("RESULT") + 6 :])
            except (subprocess.SubprocessError, ValueError) as error:
                print(f"libcachesim {name} left out: {type(error).__name__}", file=sys.stderr)
    return found


def made_up(data: Path, seed: int, folder: Path) -> Iterator[Figure]:
    """The made-up service of one seed: plan alone, plan and reaction, peers, and what bounds them all."""
    tool = data.parent / "tools" / "synthetic_service.py"
    subprocess.run([sys.executable, tool, folder, "--seed", str(seed)], check=True)
    table, titles, requests = (pl.read_parquet(folder / f"{name}.parquet") for name in ("files", "titles", "requests"))
    network = json.loads((folder / "network.json").read_text())
    files = Files(table["size"].to_numpy(), table["title"].to_numpy(), table["rendition"].to_numpy())
    log = Log(requests["at_s"].to_numpy(), requests["object"].to_numpy())
    cache = Cache("made up", network["disk_bytes"], network["fill_bytes"])
    launch_day = titles["launch_day"].to_numpy()
    guess = titles["expected_daily_share"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    size, scored = files.size[log.object], log.day(FIRST_SCORED_DAY).start

    def ratio(hits: np.ndarray, since: int = 0) -> float:
        return float(size[since:][hits[since:]].sum() / size[since:].sum())

    truth = true_share(tool, seed)
    planned = rehearsal.plan_alone(
        log, files, cache, rehearsal.forecaster(log, files, launch_day=launch_day, guess=guess)
    )
    known = rehearsal.plan_alone(log, files, cache, lambda day, today=None: truth[day])
    started = time.perf_counter()
    both = rehearsal.planned_and_reactive(
        log, files, cache, rehearsal.forecaster(log, files, launch_day=launch_day, guess=guess)
    )
    seconds = time.perf_counter() - started
    megabytes = np.maximum(files.size // 1_000_000, 1)
    others = peers(log.at_s, log.object, megabytes, cache.disk_bytes // 1_000_000, (*ONLINE, "Belady"))
    online = {name: one["byte_hit"] for name, one in others.items() if name != "Belady"}
    best = max(online, key=online.__getitem__) if online else ""
    detail = ", ".join(f"{name} {one['byte_hit']:.3f}" for name, one in others.items())
    yield Figure(
        f"made-up service {seed}: planned + reactive, byte hit ratio", ratio(both.hits), "",
        online[best] + 0.05 if best else None, "at least", best, online.get(best), f"{seconds:.0f} s; {detail}",
    )  # fmt: skip
    ceiling = standing_best(log, files, cache, truth)
    from_empty = ratio(demand_known(log, files, cache, truth))
    yield Figure(
        f"made-up service {seed}: share of what can be known", ratio(both.hits) / ceiling, "", None, "at least",
        "best standing set by true demand, no fill limit", ceiling,
        f"no policy without foresight can expect more; {from_empty:.4f} where the disk begins empty",
    )  # fmt: skip
    yield Figure(
        f"made-up service {seed}: plan alone from day {FIRST_SCORED_DAY}", ratio(planned.hits, scored), "",
        ratio(known.hits, scored) - 0.02, "at least", "plan by true demand", ratio(known.hits, scored),
    )  # fmt: skip
    if seed == SEEDS[0]:
        yield from rehearsed(Task(log, files, cache, launch_day=launch_day, guess=guess))


def rehearsed(task: Task) -> Iterator[Figure]:
    """A disk dies at the peak, a forecast is wrong by half, and a title from nowhere takes a tenth of a week."""
    for name, one in drills.drill(task, tuple(drills.DRILLS), np.random.default_rng(0)).items():
        yield Figure(
            f"drill {name}: byte hit ratio", one.byte_hit_ratio, "", None, "at least", "undisturbed", one.undisturbed,
            drills.DRILLS[name],
        )  # fmt: skip


def true_share(tool: Path, seed: int) -> np.ndarray:
    """The demand that the made-up service draws from, (days, titles): what no planner can see."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("synthetic_service", tool)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    rng = np.random.default_rng(seed)
    launch_day = np.r_[np.full(made.CATALOGUE, -999), np.repeat(np.arange(made.WEEKS) * 7 + 4, made.LAUNCHES_A_WEEK)]
    rng.normal(0, 0.6, len(launch_day))
    return np.asarray(made.daily_demand(rng, launch_day))


def standing_best(log: Log, files: Files, cache: Cache, truth: np.ndarray) -> float:
    """Byte hit ratio of the files most asked for by true demand, each day anew and without a fill limit.

    Requests of a day are independent draws from that demand, so no policy that does not see the future can expect more.
    """
    shares = np.array([0.40, 0.30, 0.15, 0.10, 0.05])[files.slot]
    served = total = 0.0
    for day in range(log.days):
        order = np.argsort(-truth[day][files.title] * shares)
        keep = np.zeros(len(files.size), bool)
        keep[order[np.cumsum(files.size[order]) <= cache.disk_bytes]] = True
        objects = log.object[log.day(day)]
        served, total = served + files.size[objects][keep[objects]].sum(), total + files.size[objects].sum()
    return float(served / total)


def demand_known(log: Log, files: Files, cache: Cache, truth: np.ndarray) -> np.ndarray:
    """Hits of our disk when it knows each day's true demand: what is lost to an empty disk and to the fill limit."""
    disk = Disk(files.size, cache.disk_bytes, group=files.title)
    shares = np.array([0.40, 0.30, 0.15, 0.10, 0.05])[files.slot]
    hits = np.zeros(len(log.object), bool)
    for day in range(log.days):
        disk.seed(truth[day], shares, 1e12)
        if day:
            rate = truth[day][files.title] * shares
            disk.push(np.argsort(-rate)[: len(rate) // 2], cache.fill_bytes)
        hits[log.day(day)] = disk.serve(log.object[log.day(day)])
    return hits


def cdn_log(data: Path) -> Iterator[Figure]:
    """The reactive policy alone on a CDN's log of 150 seconds."""
    frame = pl.read_parquet(data / "delivery" / "cache" / "akamai_like_video.parquet")
    objects, size = frame["object"].to_numpy(), frame["size"].to_numpy().astype(np.int64)
    sizes = np.ones(objects.max() + 1, np.int64)
    sizes[objects] = size
    working_set = int(sizes[np.unique(objects)].sum())
    for percent in (1, 5, 20):
        capacity = working_set * percent // 100
        ours = float(size[Disk(sizes, capacity).serve(objects)].sum() / size.sum())
        others = peers(frame["at_s"].to_numpy(), objects, sizes, capacity, (*ONLINE, "Belady"))
        online = {name: one["byte_hit"] for name, one in others.items() if name != "Belady"}
        best = max(online, key=online.__getitem__) if online else ""
        detail = ", ".join(f"{name} {one['byte_hit']:.4f}" for name, one in others.items())
        yield Figure(
            f"CDN log, cache {percent}%: byte hit ratio",
            ours,
            "",
            online.get(best),
            "at least",
            best,
            online.get(best),
            detail,
        )


def speed() -> Iterator[Figure]:
    """Requests a second of the planned part and of each loop, on ten million requests of a Zipf catalogue."""
    rng = np.random.default_rng(0)
    count, requests = 200_000, 10_000_000
    weight = 1 / (np.arange(count) + 10.0) ** 0.9
    objects = rng.permutation(count)[rng.choice(count, requests, p=weight / weight.sum())]
    sizes = rng.integers(1, 1000, count)
    capacity = int(sizes.sum() // 10)
    keep = rng.random(count) < 0.1
    started = time.perf_counter()
    hits = keep[objects]
    served = int(np.bincount(objects, minlength=count) @ (sizes * keep))
    planned = requests / (time.perf_counter() - started)
    assert served == sizes[objects][hits].sum()
    others = peers(np.zeros(requests, np.int64), objects, sizes, capacity, ("LRU",))
    peer = requests / others["LRU"]["seconds"] if others else None
    yield Figure("replay: planned part", planned, "requests/s", 5e6, "at least", "libcachesim LRU", peer)
    for name, run in (
        ("LRU", eviction.lru),
        ("SIEVE", eviction.sieve),
        ("S3-FIFO", eviction.s3_fifo),
        ("Belady", eviction.belady),
    ):
        run(objects[:1000], sizes, capacity)
        started = time.perf_counter()
        run(objects, sizes, capacity)
        yield Figure(
            f"replay: {name}",
            requests / (time.perf_counter() - started),
            "requests/s",
            peer="libcachesim LRU",
            peer_value=peer,
        )
    disk = Disk(sizes, capacity)
    disk.serve(objects[:1000])
    started = time.perf_counter()
    disk.serve(objects[1000:])
    yield Figure(
        "replay: frontrow's disk",
        (requests - 1000) / (time.perf_counter() - started),
        "requests/s",
        peer="libcachesim LRU",
        peer_value=peer,
    )


def run(data: Path | None) -> Iterator[Figure]:
    """All figures of caches. Those that need FRONTROW_DATA are left out without it."""
    yield from speed()
    if data is None:
        print("FRONTROW_DATA is not set: no made-up service and no CDN log", file=sys.stderr)
        return
    yield from cdn_log(data)
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            yield from made_up(data, seed, Path(folder))
