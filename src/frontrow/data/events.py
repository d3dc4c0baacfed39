"""The durable event log: one writer thread, group commit, acknowledgement after commit."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType

import msgspec

from frontrow.config import EventSettings
from frontrow.data import tail
from frontrow.errors import InputError, Overloaded, StorageFull, Unavailable, WriterLocked
from frontrow.schema import Event

_log = logging.getLogger(__name__)


class Receipt(msgspec.Struct, frozen=True):
    """What became of one submit, after its commit."""

    stored: int
    duplicates: int
    members: list[int]  # inner id of each event's member, in order; 0: a duplicate whose member is no longer known
    high_water: int


OnDone = Callable[[Receipt | Unavailable], None]


class EventLog:
    """thin first form"""

    def __init__(self, folder: Path, settings: EventSettings) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._settings = settings
        self._lock_file = _lock(folder)
        self._connection = tail.open_writer(folder)
        self._newest_seq = tail.newest_seq(self._connection)
        self._waiting: deque[tuple[tail.Rows, OnDone]] = deque()
        self._waiting_events = 0
        self._closing = False
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="event-log", daemon=True)
        self._thread.start()

    def submit(self, events: Sequence[Event], on_done: OnDone) -> None:
        rows = tail.prepare(events)
        with self._condition:
            if self._closing:
                raise Unavailable("the event log is closed")
            if self._waiting_events + rows.count > self._settings.queue_events:
                raise Overloaded(f"{self._waiting_events} events wait to be written; try again in a second", 1.0)
            self._waiting.append((rows, on_done))
            self._waiting_events += rows.count
            self._condition.notify_all()

    def append(self, events: Sequence[Event]) -> Receipt:
        future: Future[Receipt | Unavailable] = Future()
        self.submit(events, future.set_result)
        outcome = future.result()
        if isinstance(outcome, Unavailable):
            raise outcome
        return outcome

    def close(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join()
        self._connection.close()
        os.close(self._lock_file)

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closing:
                    self._condition.wait()
                if not self._waiting:
                    return
                group = []
                count = 0
                while self._waiting and (
                    not group or count + self._waiting[0][0].count <= self._settings.commit_events
                ):
                    group.append(self._waiting.popleft())
                    count += group[-1][0].count
                self._waiting_events -= count
            self._commit(group, count)

    def _commit(self, group: list[tuple[tail.Rows, OnDone]], count: int) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            stored = tail.store(connection, self._newest_seq + 1, [rows for rows, _ in group])
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            failure = Unavailable(str(error))
            for _, on_done in group:
                on_done(failure)
            return
        self._newest_seq += max((place for place, fresh in enumerate(stored.fresh, 1) if fresh), default=0)
        position = 0
        for rows, on_done in group:
            end = position + rows.count
            fresh = sum(stored.fresh[position:end])
            on_done(Receipt(fresh, rows.count - fresh, stored.members[position:end], self._newest_seq))
            position = end


def _lock(folder: Path) -> int:
    lock_file = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock_file, 32).decode(errors="replace").strip() or "unknown"
        os.close(lock_file)
        raise WriterLocked(
            f"process {holder} already writes to {folder}; stop it first, or send the events to it over HTTP"
        ) from None
    os.ftruncate(lock_file, 0)
    os.pwrite(lock_file, f"{os.getpid()}\n".encode(), 0)
    return lock_file
