"""The event log by itself: durable events a second, sealing, replay. Over HTTP it is measured in `service`."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from frontrow.config import EventSettings
from frontrow.data import checks, replay, segments, tail
from frontrow.data.events import EventLog, Receipt
from frontrow.schema import Event, Kind

SEED = 2
MEMBERS, TITLES = 50_000, 5_000


def events_of(rng: np.random.Generator, count: int) -> list[Event]:
    """Plays and progress of a middling service; ids are random, the hardest case for the index of ids."""
    members, titles, kinds = rng.integers(0, [[MEMBERS], [TITLES], [2]], size=(3, count)).tolist()
    return [
        Event(
            id=str(uuid.UUID(bytes=rng.bytes(16))),
            at_ms=1_700_000_000_000 + 10 * row,
            kind=Kind.PROGRESS if kind else Kind.PLAY,
            member=f"member-{member}",
            title=f"t{title}",
            session=f"session-{member}",
            device="tv",
            country="NL",
            value=0.5,
        )
        for row, (member, title, kind) in enumerate(zip(members, titles, kinds, strict=True))
    ]


def run(data: Path | None) -> Iterator[Figure]:
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory(prefix="frontrow-bench-") as folder:
        yield _check(events_of(rng, 2_000))
        events = events_of(rng, 100_000)
        single = _peer_commit_each(Path(folder) / "single.db", events[:5_000])
        grouped = _peer_group_commit(Path(folder) / "grouped.db", events)
        for size, count, reach in ((1, 30_000, 5_000), (50, 100_000, 15_000)):
            peer, peer_rate = (
                ("sqlite3, a commit an event", single) if size == 1 else ("sqlite3, 2,000 a commit", grouped)
            )
            for busy in (False, True):
                folder_of_run = Path(folder) / f"log-{size}-{busy}"
                rate, p99_ms = _submit(folder_of_run, events[:count], size, busy=busy)
                name = f"durable events, {size} a submit{' beside a busy thread' if busy else ''}"
                detail = f"p99 {p99_ms:.0f} ms with 2,000 in flight"
                yield Figure(name, rate, "events/s", reach, peer=peer, peer_value=peer_rate, detail=detail)
        yield from _import(Path(folder) / "import", rng)
        yield _acknowledgement_while_sealing(Path(folder) / "sealing", rng)
        yield from _long_log(Path(folder) / "long", rng)


def _check(events: Sequence[Event]) -> Figure:
    start_s = time.perf_counter()
    for _ in range(20):
        for line, event in enumerate(events):
            assert checks.event_fault(event, line, 1_800_000_000_000, 0) is None
    return Figure("check of a good event", (time.perf_counter() - start_s) / 20 / len(events) * 1e6, "µs", 2, "at most")


def _submit(folder: Path, events: Sequence[Event], size: int, *, busy: bool) -> tuple[float, float]:
    """Events a second and 99th percentile of the milliseconds from submit to callback, with 2,000 events in flight."""
    batches = [events[start : start + size] for start in range(0, len(events), size)]
    waits_s: list[float] = []
    in_flight = threading.Semaphore(max(1, 2_000 // size))
    stop = threading.Event()

    def occupy() -> None:  # holds the interpreter lock as much as it can, as an event loop under load does
        while not stop.is_set():
            sum(range(1_000))

    if busy:
        threading.Thread(target=occupy).start()
    with EventLog(folder, EventSettings()) as log:
        start_s = time.perf_counter()
        for batch in batches:
            in_flight.acquire()

            def done(outcome: object, sent_s: float = time.perf_counter()) -> None:
                assert isinstance(outcome, Receipt)
                waits_s.append(time.perf_counter() - sent_s)
                in_flight.release()

            log.submit(batch, done)
        log.append([])
        elapsed_s = time.perf_counter() - start_s
    stop.set()
    return len(events) / elapsed_s, 1000 * float(np.quantile(waits_s, 0.99))


def _import(folder: Path, rng: np.random.Generator) -> Iterator[Figure]:
    """A million events taken in by `append` while they are sealed beside."""
    count, batch = 1_000_000, 10_000
    waits_s: list[float] = []
    with EventLog(folder, EventSettings()) as log:
        for _ in range(count // batch):
            events = events_of(rng, batch)
            start_s = time.perf_counter()
            log.append(events)
            waits_s.append(time.perf_counter() - start_s)
    detail = f"10,000 an append, slowest append {1000 * max(waits_s):.0f} ms"
    yield Figure("import of 1M events, sealed beside", count / sum(waits_s), "events/s", detail=detail)


def _acknowledgement_while_sealing(folder: Path, rng: np.random.Generator) -> Figure:
    """5,000 single submits a second, as a service would, while half a million events are sealed and trimmed."""
    waits_s: list[float] = []
    with EventLog(folder, EventSettings(seal_events=490_000)) as log:
        for _ in range(48):
            log.append(events_of(rng, 10_000))
        start_s = time.perf_counter()
        for place, event in enumerate(events_of(rng, 30_000)):
            while time.perf_counter() < start_s + place / 5_000:
                time.sleep(0.0002)

            def done(outcome: object, sent_s: float = time.perf_counter()) -> None:
                waits_s.append(time.perf_counter() - sent_s)

            log.submit([event], done)
        log.append([])
    p50_ms, p99_ms = 1000 * np.quantile(waits_s, [0.5, 0.99])
    return Figure(
        "p99 of 5,000 submits/s during a seal", p99_ms, "ms", 100, "at most", detail=f"median {p50_ms:.1f} ms"
    )


def _long_log(folder: Path, rng: np.random.Generator) -> Iterator[Figure]:
    """Ten million events in twenty seals, made without the writer, read back in a process of its own."""
    seals, rows = 20, 500_000
    folder.mkdir()
    connection = tail.open_writer(folder, 8)
    for seal in range(1, seals + 1):
        written = segments.write(folder, seal, _frame(rng, 1 + (seal - 1) * rows, rows), 8)
        connection.execute("BEGIN")
        segments.enlist(connection, written)
        tail.set_state(connection, tail.SEALED_SEQ, seal * rows)
        connection.execute("COMMIT")
    connection.close()
    size_gb = sum(path.stat().st_size for path in (folder / segments.FOLDER).iterdir()) / 1e9
    six = ["seq", "at_ms", "kind", "member", "title", "value"]
    for name, columns in (("all columns", None), ("six columns", six)):
        program = (
            "import pathlib, resource, sys, time; from frontrow.data.replay import replay;"
            "start_s = time.perf_counter();"
            f"frame = replay(pathlib.Path(sys.argv[1]), columns={columns}).frame;"
            "assert frame.height == 10**7;"
            "print(time.perf_counter() - start_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
        )
        told = subprocess.run(
            [sys.executable, "-c", program, folder], capture_output=True, text=True, check=True
        ).stdout
        took_s, peak_gib = map(float, told.split())
        yield Figure(f"replay of 10M events, {name}", took_s, "s", detail=f"{size_gb:.2f} GB of segments")
        yield Figure(f"memory of that process, {name}", peak_gib, "GiB", 4, "at most")
    waits_s = []
    for member in rng.integers(1, MEMBERS, 50).tolist():
        start_s = time.perf_counter()
        assert not replay.replay_viewer(folder, member).is_empty()
        waits_s.append(time.perf_counter() - start_s)
    yield Figure("replay of one member of 50,000", 1000 * float(np.median(waits_s)), "ms", detail="median; 10M events")


def _frame(rng: np.random.Generator, first_seq: int, rows: int) -> pl.DataFrame:
    """Sealed rows with every column filled, the dearest case."""
    member = rng.integers(1, MEMBERS + 1, rows)
    texts = pl.Series(member).cast(pl.String)
    columns = {
        "seq": np.arange(first_seq, first_seq + rows),
        "id": [rng.bytes(16) for _ in range(rows)],
        "at_ms": 1_700_000_000_000 + 10 * np.arange(first_seq, first_seq + rows),
        "kind": pl.Series(np.array(["play", "progress"])[rng.integers(0, 2, rows)], dtype=pl.String),
        "member": member,
        "profile": pl.repeat("main", rows, eager=True),
        "title": "t" + pl.Series(rng.integers(0, TITLES, rows)).cast(pl.String),
        "session": "session-" + texts,
        "decision_id": "decision-" + texts,
        "device": pl.repeat("tv", rows, eager=True),
        "country": pl.repeat("NL", rows, eager=True),
        "value": rng.random(rows),
        "props": pl.repeat('{"row":"top"}', rows, eager=True),
    }
    return pl.DataFrame(columns, schema=tail.frame_schema())


def _peer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE event (id BLOB UNIQUE, at_ms INTEGER, kind TEXT, member TEXT, title TEXT)"
    )
    return connection


def _rows(events: Sequence[Event]) -> list[tuple[object, ...]]:
    return [(bytes.fromhex(e.id.replace("-", "")), e.at_ms, e.kind, e.member, e.title) for e in events]


_INSERT = "INSERT OR IGNORE INTO event (id, at_ms, kind, member, title) VALUES (?, ?, ?, ?, ?)"


def _peer_commit_each(path: Path, events: Sequence[Event]) -> float:
    """What most services do first: one durable insert an event."""
    connection, rows = _peer(path), _rows(events)
    start_s = time.perf_counter()
    for row in rows:
        connection.execute(_INSERT, row)
    return len(rows) / (time.perf_counter() - start_s)


def _peer_group_commit(path: Path, events: Sequence[Event]) -> float:
    """An upper bound: executemany into one table with no members, in one thread that has nothing else to do."""
    connection, rows = _peer(path), _rows(events)
    start_s = time.perf_counter()
    for start in range(0, len(rows), 2_000):
        connection.execute("BEGIN")
        connection.executemany(_INSERT, rows[start : start + 2_000])
        connection.execute("COMMIT")
    return len(rows) / (time.perf_counter() - start_s)
