"""Events and pages over HTTP, against a real `frontrow serve` on loopback; start-up; memory over many requests."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks._load import Load, drive, request, serving
from benchmarks.figure import Figure
from frontrow import config
from frontrow.data import artifacts
from frontrow.data.accounts import Accounts, Role
from frontrow.data.catalogue import Catalogue
from frontrow.data.events import EventLog
from frontrow.data.replay import outer_members, replay
from frontrow.data.workspace import Workspace, create
from frontrow.recommend import signals
from frontrow.recommend.model import fit
from frontrow.schema import Event, Kind, Title

SEED = 7
TITLES, MEMBERS, HISTORY = 10_000, 2_000, 60
CONNECTIONS = 32
EVENTS = 60_000  # a run of one event a request; four times as many at fifty a request
KILLS = 5
PAGES = 6_000
MILLION = int(os.environ.get("FRONTROW_BENCH_REQUESTS", "1000000"))
NOW_MS = time.time_ns() // 1_000_000


def run(_: Path | None) -> Iterator[Figure]:
    """Needs no data: the service is made here, from a seed."""
    yield from _start_up()
    with tempfile.TemporaryDirectory() as folder:
        place, key = _workspace(Path(folder) / "events", titles=100)
        with serving(place.root, "--no-worker") as (port, _process):
            one = drive(port, (_post(key, 1) for _ in range(EVENTS)), CONNECTIONS)
            fifty = drive(port, (_post(key, 50) for _ in range(4 * EVENTS // 50)), CONNECTIONS)
        naive = _naive(Path(folder))
        yield from _event_figures(one, fifty, naive)
        yield from _kills(Path(folder) / "kills")
        yield from _pages(Path(folder) / "pages")


def _start_up() -> Iterator[Figure]:
    def cpu_s(*command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def median(*command: str) -> float:
        return float(np.median([cpu_s(*command) for _ in range(7)][1:]))

    clocked = "import time; began = time.perf_counter(); import frontrow; print(time.perf_counter() - began)"
    imports = [float(subprocess.check_output([sys.executable, "-c", clocked])) for _ in range(7)][1:]
    yield Figure("import frontrow", 1000 * float(np.median(imports)), "ms", 50, "at most")
    bare = median(sys.executable, "-c", "pass")
    shown = median(sys.executable, "-m", "frontrow", "--help")
    yield Figure("frontrow --help", 1000 * shown, "ms CPU", 300, "at most", "python -c pass", 1000 * bare)


def _workspace(root: Path, titles: int) -> tuple[Workspace, str]:
    place = create(root)
    url = place.store_url(config.load(place.root))
    with Catalogue(url) as catalogue:
        catalogue.upsert(Title(title=f"t{i}", name=f"Title {i}", year=1950 + i % 75) for i in range(titles))
    accounts = Accounts(url)
    key = accounts.add_key("bench", Role.ADMIN, NOW_MS)
    accounts.close()
    return place, key


_chance = random.Random(SEED)
_serial = itertools.count()


def _event() -> dict[str, object]:
    return {
        "id": str(uuid.UUID(int=_chance.getrandbits(128), version=4)), "at_ms": NOW_MS - next(_serial) % 1000,
        "kind": "play", "member": f"m{_chance.randrange(5000)}", "title": f"t{_chance.randrange(100)}",
        "session": "s", "device": "tv", "country": "AT", "value": 0.0,
    }  # fmt: skip


def _post(key: str, events: int) -> bytes:
    body: object = _event() if events == 1 else [_event() for _ in range(events)]
    return request("POST", "/v1/events", key, json.dumps(body).encode())


def _event_figures(one: Load, fifty: Load, naive: Load) -> Iterator[Figure]:
    detail = f"{CONNECTIONS} connections, answers {dict(one.statuses)}"
    peer = "FastAPI, one SQLite commit a request"
    yield Figure("events/s, one a request", one.rate, "/s", 5_000, "at least", peer, naive.rate, detail)
    yield Figure("p99, one a request", one.percentile_ms(99), "ms", 100, "at most", peer, naive.percentile_ms(99))
    detail = f"{CONNECTIONS} connections, answers {dict(fifty.statuses)}"
    yield Figure("events/s, fifty a request", 50 * fifty.rate, "/s", 15_000, detail=detail)
    yield Figure("p99, fifty a request", fifty.percentile_ms(99), "ms", 100, "at most")


_NAIVE = """
import sqlite3, sys, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
class Event(BaseModel):
    id: str; at_ms: int; kind: str; member: str; title: str; session: str; device: str; country: str; value: float
app = FastAPI()
db = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
db.execute("PRAGMA journal_mode=WAL"); db.execute("PRAGMA synchronous=FULL")
db.execute("CREATE TABLE event (id TEXT PRIMARY KEY, at_ms, kind, member, title, session, device, country, value)")
@app.get("/health/ready")
async def ready(): return {}
@app.post("/v1/events")
async def store(event: Event):
    db.execute("INSERT OR IGNORE INTO event VALUES (?,?,?,?,?,?,?,?,?)", tuple(event.model_dump().values()))
    return {"stored": 1}
uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="error")
"""


def _naive(folder: Path) -> Load:
    """The peer: what one writes in an afternoon, with the same durability."""
    port = 8987
    process = subprocess.Popen([sys.executable, "-c", _NAIVE, str(folder / "naive.db"), str(port)])
    try:
        for _ in range(500):
            load = Load()
            with contextlib.suppress(OSError):
                load = drive(port, iter([request("GET", "/health/ready", "")]), 1)
            if load.statuses.get(200):
                break
            time.sleep(0.02)
        return drive(port, (_post("", 1) for _ in range(EVENTS // 4)), CONNECTIONS)
    finally:
        process.terminate()
        process.wait()


def _kills(root: Path) -> Iterator[Figure]:
    """Kill -9 under load, again and again on one workspace; then count every acknowledged event."""
    place, key = _workspace(root, titles=100)
    acknowledged: list[str] = []
    for _ in range(KILLS):
        sent: list[str] = []

        def posts(ids: list[str] = sent) -> Iterator[bytes]:
            for _ in range(200_000):
                event = _event()
                ids.append(str(event["id"]))
                yield request("POST", "/v1/events", key, json.dumps(event).encode())

        with serving(place.root, "--no-worker") as (port, process):
            killer = subprocess.Popen(["sh", "-c", f"sleep {1 + _chance.random():.2f}; kill -9 {process.pid}"])
            load = drive(port, posts(), CONNECTIONS)
            killer.wait()
            process.wait()
        acknowledged += [sent[position] for position in load.answered]
    stored = replay(place.log).frame["id"].to_list()
    counts = dict.fromkeys((uuid.UUID(text).bytes for text in acknowledged), 0)
    for event_id in stored:
        if event_id in counts:
            counts[event_id] += 1
    lost = sum(count == 0 for count in counts.values())
    twice = len(stored) - len(set(stored))
    detail = f"{KILLS} kill -9 under load, {len(acknowledged):,} acknowledged, {len(stored):,} stored"
    yield Figure("acknowledged events lost", lost, "", 0, "at most", detail=detail)
    yield Figure("events stored twice", twice, "", 0, "at most")


def _world() -> tuple[list[Title], list[Event]]:
    """10,000 titles with three genres of twenty, 2,000 members with tastes."""
    rng = np.random.default_rng(SEED)
    genres = [f"Genre {i}" for i in range(20)]
    of = rng.integers(20, size=(TITLES, 3))
    titles = [
        Title(
            title=f"t{i}",
            name=f"Title number {i}",
            year=1950 + i % 75,
            genres=tuple(dict.fromkeys(genres[g] for g in of[i])),
        )
        for i in range(TITLES)
    ]
    fame = 1 / np.arange(5, TITLES + 5) ** 0.8
    events = []
    for member in range(MEMBERS):
        taste = np.where(rng.random(20) < 0.2, 8.0, 0.5)
        weight = fame * taste[of].mean(1)
        for title in rng.choice(TITLES, HISTORY, replace=False, p=weight / weight.sum()):
            at_ms = NOW_MS - int(rng.integers(1, 90 * 86_400_000))
            events.append(
                Event(id=str(uuid.UUID(int=_chance.getrandbits(128), version=4)), at_ms=at_ms, kind=Kind.STOP,
                      member=f"m{member}", title=f"t{title}", value=1.0)
            )  # fmt: skip
    return titles, events


def _pages(root: Path) -> Iterator[Figure]:
    place, key = _workspace(root, titles=0)
    settings = config.load(place.root)
    titles, events = _world()
    with Catalogue(place.store_url(settings)) as catalogue, EventLog(place.log, settings.events) as log:
        catalogue.upsert(titles)
        for i in range(0, len(events), 2_000):
            log.append(events[i : i + 2_000])
        frame: pl.DataFrame = catalogue.frame()
    told = replay(place.log)
    model = fit(signals.from_events(told.frame, frame), frame, now_ms=NOW_MS)
    artifacts.publish(
        place.artifacts, "recommend", model.files(), config=model.config, high_water=told.high_water, rows={},
        metrics={}, parents={}, now_ms=NOW_MS, keep=5,
    )  # fmt: skip
    members = len(outer_members(place.log))
    began = time.perf_counter()
    with serving(place.root, "--no-worker") as (port, process):
        yield Figure("serve ready", time.perf_counter() - began, "s", 3, "at most", detail=f"{TITLES:,} titles")
        homes = [request("GET", f"/v1/home/m{i}", key) for i in range(members)]
        alike = [request("GET", f"/v1/similar/t{_chance.randrange(TITLES)}", key) for _ in range(2_000)]
        drive(port, iter(homes), CONNECTIONS)  # every viewer in memory, every page of the map touched
        page = drive(port, (_chance.choice(homes) for _ in range(PAGES)), CONNECTIONS)
        detail = f"{members:,} members, {TITLES:,} titles, 15 rows of 20, answers {dict(page.statuses)}"
        yield Figure("pages/s over HTTP, one worker", page.rate, "/s", 500, detail=detail)
        single = drive(port, (_chance.choice(homes) for _ in range(PAGES // 4)), 1)
        yield Figure("page p50 over HTTP, one at a time", single.percentile_ms(50), "ms")
        yield Figure("page p99 over HTTP, one at a time", single.percentile_ms(99), "ms")
        similar = drive(port, iter(alike), 1)
        yield Figure("similar p99 over HTTP, one at a time", similar.percentile_ms(99), "ms", 3, "at most")
        yield from _memory(port, process.pid, homes, alike, key)
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _memory(port: int, pid: int, homes: list[bytes], alike: list[bytes], key: str) -> Iterator[Figure]:
    def mixed(count: int) -> Iterator[bytes]:
        for i in range(count):
            yield _post(key, 1) if i % 10 == 0 else alike[i % len(alike)] if i % 10 < 7 else homes[i % len(homes)]

    def resident() -> int:
        status = Path(f"/proc/{pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))

    drive(port, mixed(20_000), CONNECTIONS)
    before = resident()
    load = drive(port, mixed(MILLION), CONNECTIONS)
    grown = 100 * (resident() - before) / before
    mix = "3 of 10 pages, 6 similar, 1 event"
    detail = f"{len(load.latencies_ms):,} requests ({mix}); anonymous memory {before / 1000:,.0f} MB"
    yield Figure("memory grown over a million requests", grown, "%", 5, "at most", detail=detail)
