"""The writer thread: a bounded queue in front of one SQLite connection, and as many submits a commit as are waiting."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from frontrow.config import EventSettings
from frontrow.data import tail
from frontrow.errors import Overloaded, StorageFull, Unavailable

_RETRY_AFTER_S = 1.0  # a full queue of the default length is written in less
_TRIM_ROWS = 1_000  # sealed rows deleted with each commit: about 6 ms, so that no acknowledgement waits long
_SPARE_BYTES = 1_000_000  # a disk with less is full, whatever SQLite calls the failure

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of one submit, given after its commit."""

    stored: int
    duplicates: int  # events whose id was known already
    members: list[int]  # inner id of each event's member, in order; 0 for a duplicate of a member who is not known
    high_water: int  # newest seq of the log


OnDone = Callable[[Receipt | Unavailable], None]
Task = Callable[[sqlite3.Connection], Any]


class Writer:
    """The only user of `connection` from `start` to `stop`.

    `after_commit` is called in the writer thread, once after the callbacks of a commit.
    """

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, settings: EventSettings, after_commit: Callable[[], None]
    ) -> None:
        self.newest_seq = tail.newest_seq(connection)
        self._folder = folder
        self._connection = connection
        self._settings = settings
        self._after_commit = after_commit
        self._trimming = True  # sealed rows may wait in the tail
        self._changed = threading.Condition()  # guards what follows
        self._waiting: deque[tuple[tail.Rows, OnDone]] = deque()
        self._waiting_events = 0
        self._tasks: deque[tuple[Task, bool, Future[Any]]] = deque()
        self._closed = False  # to new submits
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="event-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, rows: tail.Rows, on_done: OnDone, *, wait: bool) -> None:
        """Queue rows; when the queue is full, wait for room or raise Overloaded. Raises Unavailable once closed."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._closed or self._has_room(rows.count))
            if self._closed:
                raise Unavailable(f"the event log {self._folder} is closed")
            if not self._has_room(rows.count):
                raise Overloaded(
                    f"{self._waiting_events} events wait to be written; send again in {_RETRY_AFTER_S:g} s",
                    _RETRY_AFTER_S,
                )
            self._waiting.append((rows, on_done))
            self._waiting_events += rows.count
            self._changed.notify_all()

    def perform(self, task: Callable[[sqlite3.Connection], _T], *, transaction: bool = True) -> _T:
        """Have the thread do `task` between two commits, and return what it returns.

        Raises StorageFull or Unavailable when it could not be done; then its transaction is rolled back.
        """
        done: Future[_T] = Future()
        with self._changed:
            if self._stopping:
                raise Unavailable(f"the event log {self._folder} is closed")
            self._tasks.append((task, transaction, done))
            self._changed.notify_all()
        return done.result()

    def close(self) -> None:
        """Take no more submits; tasks are still done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Write what waits and end the thread."""
        with self._changed:
            self._closed = self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _has_room(self, count: int) -> bool:
        # One submit larger than the whole queue is let in when nothing waits: refusing it would be for ever.
        return not self._waiting or self._waiting_events + count <= self._settings.queue_events

    def _take(self) -> list[tuple[tail.Rows, OnDone]]:
        """The submits of the next commit, in the order they came."""
        group: list[tuple[tail.Rows, OnDone]] = []
        count = 0
        while self._waiting and (not group or count + self._waiting[0][0].count <= self._settings.commit_events):
            group.append(self._waiting.popleft())
            count += group[-1][0].count
        self._waiting_events -= count
        self._changed.notify_all()
        return group

    def _run(self) -> None:
        group: list[tuple[tail.Rows, OnDone]] = []
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._tasks or self._stopping or self._trimming)
                    tasks = list(self._tasks)
                    self._tasks.clear()
                    group = self._take()
                    if self._stopping and not tasks and not group:
                        return
                for task in tasks:
                    self._do(*task)
                self._commit(group)
                group = []
        finally:  # only a fault of this module ends the thread early; nobody may wait for ever because of it
            self._give_up(group)

    def _commit(self, group: list[tuple[tail.Rows, OnDone]]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            stored = tail.store(connection, self.newest_seq + 1, [rows for rows, _ in group])
            trimming = tail.trim(connection, _TRIM_ROWS)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            self._trimming = False  # tried again with the next events
            failure = write_failure(self._folder, error)
            _log.warning("%d submits were not stored: %s", len(group), failure)
            for _, on_done in group:
                _call(on_done, failure)
        else:
            self._trimming = trimming
            self.newest_seq += stored.last_fresh
            start = 0
            for rows, on_done in group:
                end = start + rows.count
                fresh = sum(stored.fresh[start:end])
                _call(on_done, Receipt(fresh, rows.count - fresh, stored.members[start:end], self.newest_seq))
                start = end
        if group:
            _call(self._after_commit)

    def _do(self, task: Task, transaction: bool, done: Future[Any]) -> None:
        try:
            if transaction:
                self._connection.execute("BEGIN IMMEDIATE")
            result = task(self._connection)
            if transaction:
                self._connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._roll_back()
            done.set_exception(write_failure(self._folder, error))
        else:
            done.set_result(result)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite has rolled back by itself after some errors
            self._connection.execute("ROLLBACK")

    def _give_up(self, group: list[tuple[tail.Rows, OnDone]]) -> None:
        failure = Unavailable(f"the writer of {self._folder} has stopped; restart the process")
        with self._changed:
            self._closed = self._stopping = True
            left = [*group, *self._waiting]
            self._waiting.clear()
            for _, _, done in self._tasks:
                done.set_exception(failure)
            self._tasks.clear()
            self._changed.notify_all()
        for _, on_done in left:
            _call(on_done, failure)
        _call(self._after_commit)


def write_failure(folder: Path, error: sqlite3.Error | OSError) -> Unavailable:
    """What a write that failed means for whoever sent the events."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):  # without extended bits
        return Unavailable(f"{folder / tail.FILE_NAME} is damaged: {error}; restore it from a backup")
    full = code == sqlite3.SQLITE_FULL
    if full or shutil.disk_usage(folder).free < _SPARE_BYTES:
        return StorageFull(f"the disk of {folder} is full; make room, then send the events again ({error})")
    return Unavailable(f"{folder} could not be written: {error}; send the events again")


def _call(function: Callable[..., None], *arguments: object) -> None:
    try:
        function(*arguments)
    except Exception:  # noqa: BLE001 the edge of a thread: a fault in one caller's callback must not stop the writing
        _log.exception("a callback of the event log failed")
