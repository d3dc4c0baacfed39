"""The queue of long work, in one SQLite file: what waits, what runs and how far it is, and what became of the rest.

                 ┌────────── lease ran out, or handed back ──────────┐
                 v                                                   │
    submit -> waiting ── claim (attempt + 1) ──> running ── finish ──┴─> done
                 │                                  │ └──── fail, or the third lease ran out ──> failed
                 └───────────── cancel ─────────────┴─ noticed by the job's next step ─────────> cancelled

A worker holds a lease that its heartbeat renews; when it is killed the lease runs out, and the next worker goes on from
the job's checkpoint. Whatever a worker says about a job that it no longer holds is ignored, and `LeaseLost` raised.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from frontrow.errors import FrontrowError, InputError, StorageFull, Unavailable

LEASE_MS = 20_000  # how long a killed worker's job waits; several heartbeats, so that a busy machine loses none
MOST_ATTEMPTS = 3
KEPT_JOBS = 1_000  # ended jobs remembered

_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  args TEXT NOT NULL,
  unique_key TEXT,
  state TEXT NOT NULL DEFAULT 'waiting',
  made_at_ms INTEGER NOT NULL,
  run_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  ended_at_ms INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0,
  worker TEXT,
  lease_until_ms INTEGER,
  cancel_asked INTEGER NOT NULL DEFAULT 0,
  checkpoint TEXT NOT NULL DEFAULT '{}',
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  note TEXT NOT NULL DEFAULT '',
  rate REAL,
  result TEXT,
  error TEXT,
  exit_status INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS job_unique ON job(unique_key) WHERE state IN ('waiting', 'running');
CREATE INDEX IF NOT EXISTS job_state ON job(state, run_at_ms);
"""


class LeaseLost(FrontrowError):
    """The job is no longer this worker's: its heartbeats stopped for longer than a lease, and another has it."""


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in (State.WAITING, State.RUNNING)


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """A row of the queue as it was when read."""

    id: int
    kind: str
    args: dict[str, Any]
    unique_key: str | None
    state: State
    made_at_ms: int
    run_at_ms: int
    started_at_ms: int | None
    ended_at_ms: int | None
    attempt: int  # how often it was begun, from 1
    worker: str | None
    lease_until_ms: int | None
    cancel_asked: bool
    checkpoint: dict[str, Any]
    done: int
    total: int  # 0: not known
    note: str
    rate: float | None  # of `done`, per second
    result: dict[str, Any] | None
    error: str | None
    exit_status: int | None  # of the error: 2 bad input, 3 the answer is no, 1 our fault


def clock_ms() -> int:
    """UTC milliseconds now."""
    return time.time_ns() // 1_000_000


class Queue:
    """The queue in the file `path`, made when missing. Any number of processes and threads may use it at once.

    Everything raises StorageFull when the disk is full, Unavailable when the file cannot be opened or written, and
    InputError when it is damaged or no queue.
    """

    def __init__(self, path: Path, clock: Callable[[], int] = clock_ms) -> None:
        self.clock = clock
        self._path = path
        self._lock = threading.Lock()
        with self._errors():
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def submit(
        self, kind: str, args: Mapping[str, Any], *, run_at_ms: int | None = None, unique: str | None = None
    ) -> int:
        """Put a job in the queue and return its id; with `unique`, the id of the one that waits or runs already."""
        now = self.clock()
        with self._transaction() as sql:
            if unique is not None:
                same = sql.execute(
                    "SELECT id FROM job WHERE unique_key = ? AND state IN ('waiting', 'running')", (unique,)
                ).fetchone()
                if same:
                    return int(same["id"])
            row = sql.execute(
                "INSERT INTO job (kind, args, unique_key, made_at_ms, run_at_ms) VALUES (?, ?, ?, ?, ?) RETURNING id",
                (kind, json.dumps(dict(args)), unique, now, now if run_at_ms is None else run_at_ms),
            ).fetchone()
            sql.execute(
                "DELETE FROM job WHERE state NOT IN ('waiting', 'running') AND id NOT IN "
                "(SELECT id FROM job WHERE state NOT IN ('waiting', 'running') ORDER BY id DESC LIMIT ?)",
                (KEPT_JOBS,),
            )
            return int(row["id"])

    def claim(self, worker: str, *, job_id: int | None = None) -> Job | None:
        """Take the job that is due the longest (or `job_id`, due or not), with a lease; None when there is none."""
        now = self.clock()
        with self._transaction() as sql:
            self._reap(sql, now)
            row = sql.execute(
                "SELECT id FROM job WHERE state = 'waiting' "
                "AND CASE WHEN ?1 IS NULL THEN run_at_ms <= ?2 ELSE id = ?1 END ORDER BY run_at_ms, id LIMIT 1",
                (job_id, now),
            ).fetchone()
            if row is None:
                return None
            row = sql.execute(
                "UPDATE job SET state = 'running', attempt = attempt + 1, worker = ?, lease_until_ms = ?, "
                "started_at_ms = coalesce(started_at_ms, ?) WHERE id = ? RETURNING *",
                (worker, now + LEASE_MS, now, row["id"]),
            ).fetchone()
            return _job(row)

    def heartbeat(self, job: Job) -> None:
        """Renew the lease. Raises LeaseLost."""
        self._change(job, "lease_until_ms = ?", (self.clock() + LEASE_MS,))

    def progress(
        self, job: Job, done: int, total: int, note: str, rate: float | None, checkpoint: Mapping[str, Any]
    ) -> bool:
        """Write how far the job is and its checkpoint; return whether somebody asked to cancel it. Raises LeaseLost."""
        row = self._change(
            job,
            "lease_until_ms = ?, done = ?, total = ?, note = ?, rate = ?, checkpoint = ?",
            (self.clock() + LEASE_MS, done, total, note, rate, json.dumps(checkpoint)),
        )
        return bool(row["cancel_asked"])

    def finish(self, job: Job, result: Mapping[str, Any] | None) -> None:
        """The job is done. Raises LeaseLost."""
        self._change(
            job, "state = 'done', ended_at_ms = ?, result = ?, note = '', rate = NULL",
            (self.clock(), json.dumps(result)),
        )  # fmt: skip

    def fail(self, job: Job, error: str, exit_status: int = 1) -> None:
        """The job raised `error`. Raises LeaseLost."""
        self._change(
            job, "state = 'failed', ended_at_ms = ?, error = ?, exit_status = ?", (self.clock(), error, exit_status)
        )

    def hand_back(self, job: Job, checkpoint: Mapping[str, Any]) -> None:
        """The worker is stopping: the job waits again, with its checkpoint, and the attempt does not count."""
        self._change(
            job, "state = 'waiting', attempt = attempt - 1, worker = NULL, lease_until_ms = NULL, checkpoint = ?",
            (json.dumps(checkpoint),),
        )  # fmt: skip

    def end_cancelled(self, job: Job) -> None:
        """The job has noticed that it was cancelled, and stopped."""
        self._change(job, "state = 'cancelled', ended_at_ms = ?", (self.clock(),))

    def cancel(self, job_id: int) -> Job:
        """Cancel a waiting job at once, a running one at its next step. Raises InputError when it has ended."""
        job = self.get(job_id)
        if job.state.ended:
            raise InputError(f"job {job_id} is {job.state}; only a waiting or running job can be cancelled")
        with self._transaction() as sql:
            sql.execute(
                "UPDATE job SET cancel_asked = 1, ended_at_ms = CASE state WHEN 'waiting' THEN ? END, "
                "state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END "
                "WHERE id = ? AND state IN ('waiting', 'running')",
                (self.clock(), job_id),
            )
        return self.get(job_id)

    def get(self, job_id: int) -> Job:
        """One job. Raises InputError when there is none of that id."""
        with self._lock, self._errors():
            row = self._connection.execute("SELECT * FROM job WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise InputError(f"there is no job {job_id}; see 'frontrow jobs list'")
        return _job(row)

    def list(self, *, kind: str | None = None, limit: int = 50) -> list[Job]:
        """The newest jobs first."""
        with self._lock, self._errors():
            rows = self._connection.execute(
                "SELECT * FROM job WHERE ?1 IS NULL OR kind = ?1 ORDER BY id DESC LIMIT ?2", (kind, limit)
            ).fetchall()
        return [_job(row) for row in rows]

    def _reap(self, sql: sqlite3.Connection, now: int) -> None:
        """Jobs whose worker has died wait again, or end when they were cancelled or have killed too many workers."""
        sql.execute(
            "UPDATE job SET worker = NULL, lease_until_ms = NULL, "
            "ended_at_ms = CASE WHEN cancel_asked OR attempt >= ?2 THEN ?1 END, "
            "error = CASE WHEN attempt >= ?2 THEN 'its worker died ' || attempt || ' times; last at: ' || note END, "
            "exit_status = CASE WHEN attempt >= ?2 THEN 1 END, "
            "state = CASE WHEN cancel_asked THEN 'cancelled' WHEN attempt >= ?2 THEN 'failed' ELSE 'waiting' END "
            "WHERE state = 'running' AND lease_until_ms < ?1",
            (now, MOST_ATTEMPTS),
        )

    def _change(self, job: Job, assignments: str, values: tuple[Any, ...]) -> sqlite3.Row:
        with self._transaction() as sql:
            row: sqlite3.Row | None = sql.execute(
                f"UPDATE job SET {assignments} WHERE id = ? AND state = 'running' AND worker = ? AND attempt = ? "  # noqa: S608
                "RETURNING *",
                (*values, job.id, job.worker, job.attempt),
            ).fetchone()
        if row is None:
            raise LeaseLost(f"job {job.id} is no longer held by {job.worker}; see 'frontrow jobs show {job.id}'")
        return row

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite has rolled back by itself after some errors
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """SQLite's errors as ours."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended bits
            if code == sqlite3.SQLITE_FULL:
                raise StorageFull(f"the disk of {self._path} is full; make room and try again") from None
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise InputError(
                    f"{self._path} is no job queue or damaged ({error}); move it away, try again"
                ) from None
            raise Unavailable(f"{self._path} cannot be used now: {error}") from None


def _job(row: sqlite3.Row) -> Job:
    fields = dict(row)
    for name in ("args", "checkpoint", "result"):
        fields[name] = json.loads(fields[name]) if fields[name] else None
    return msgspec.convert({**fields, "cancel_asked": bool(fields["cancel_asked"])}, Job)
