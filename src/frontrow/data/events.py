"""The durable event log: many events share a commit, and none is acknowledged before it.

`submit` makes events ready in the caller's thread and queues them; the writer thread stores what waits in one
transaction of `tail.db`, synced, and calls back. When the tail has grown long it is sealed: another thread writes the
Parquet segments, and the writer only puts them on the list and deletes the sealed rows, a few with each commit.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import msgspec

from frontrow.config import EventSettings
from frontrow.data import members, segments, tail
from frontrow.data.members import ForgetReceipt
from frontrow.data.segments import Segment
from frontrow.data.writer import OnDone, Receipt, Writer, write_failure
from frontrow.errors import Unavailable, WriterLocked
from frontrow.schema import Event

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EventLog", "ForgetReceipt", "OnDone", "Receipt", "SealReport"]

LOCK_NAME: Final = "writer.lock"
_SEAL_RETRY_S = 60.0  # after a seal that failed, for want of space mostly

_log = logging.getLogger(__name__)


class SealReport(msgspec.Struct, frozen=True):
    """What one seal moved from the tail into segments."""

    rows: int
    files: int
    sealed_seq: int  # everything up to here is in segments


class EventLog:
    """The writer's end of the log in `folder`; readers use `data.replay` and need none of this.

    One process at a time holds it; a second gets WriterLocked. Opening mends what a crash left behind. Raises
    StorageFull or Unavailable when the files cannot be opened, DamagedArtifact when `tail.db` does not fit its
    segments. `after_commit` is called in the writer thread once after the callbacks of each commit: there an event loop
    can be woken, once for all of them.
    """

    def __init__(self, folder: Path, settings: EventSettings, after_commit: Callable[[], None] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._seal_events = settings.seal_events
        self._after_commit = after_commit
        try:
            with ExitStack() as stack:
                stack.callback(os.close, _lock(folder))
                connection = tail.open_writer(folder, settings.shards)
                stack.callback(connection.close)
                left_behind = segments.sweep(folder, connection)
                members.write_receipts(folder, connection)
                self._shards = tail.state(connection, tail.SHARDS)
                self._sealed_seq = tail.state(connection, tail.SEALED_SEQ)
                self._writer = Writer(folder, connection, settings, self._committed)
                self._resources = stack.pop_all()
        except (sqlite3.Error, OSError) as error:
            raise write_failure(folder, error) from error
        if left_behind:
            _log.info("removed %d segment files that a crash left behind in %s", len(left_behind), folder)
        self._maintenance = threading.Lock()  # held by the one seal or forget at work
        self._sealer_lock = threading.Lock()  # guards the next two
        self._sealer: threading.Thread | None = None
        self._closing = False
        self._seal_not_before_s = 0.0
        self._writer.start()

    def submit(self, events: Sequence[Event], on_done: OnDone) -> None:
        """Queue `events`, which have passed `checks.event_fault`, and return at once.

        `on_done` is called in the writer thread after the commit that made them durable, or with what went wrong: then
        none of them was acknowledged, and sending them again is safe. It must be quick.
        Raises Overloaded when the queue is full, InputError for an id that is no UUID, Unavailable after `close`.
        """
        self._writer.put(tail.prepare(events), on_done, wait=False)

    def append(self, events: Sequence[Event]) -> Receipt:
        """Store `events` and return when they are durable; waits while the queue is full.

        Raises StorageFull or Unavailable when they could not be stored, InputError for an id that is no UUID.
        """
        done: Future[Receipt | Unavailable] = Future()
        self._writer.put(tail.prepare(events), done.set_result, wait=True)
        outcome = done.result()
        if isinstance(outcome, Unavailable):
            raise outcome
        return outcome

    @property
    def high_water(self) -> int:
        """The newest seq given so far, as of the last commit."""
        return self._writer.newest_seq

    def seal(self) -> SealReport:
        """Move what the tail holds now into segments; happens by itself when the tail has grown long.

        Raises StorageFull or Unavailable when it could not be done: the events then stay in the tail.
        """
        rows = files = 0
        with self._maintenance:
            up_to_seq = self._writer.newest_seq
            while (frame := self._oldest_of_tail(up_to_seq)) is not None:
                written = self._seal_frame(frame)
                rows += frame.height
                files += len(written)
            return SealReport(rows, files, self._sealed_seq)

    def forget(self, member: str) -> ForgetReceipt:
        """Remove a member (the outer id) and all their events, sealed ones too, and leave a receipt in `receipts/`.

        Stop sending events of the member first: a later one makes a new member of the same outer id.
        Raises UnknownMember; StorageFull or Unavailable when it could not be done: nothing has changed then.
        """
        with self._maintenance:
            try:
                erasure = members.rewrite(self.folder, member)
            except OSError as error:
                raise write_failure(self.folder, error) from error
            at_ms = time.time_ns() // 1_000_000

            def erase(connection: sqlite3.Connection) -> ForgetReceipt:
                return members.erase(connection, erasure, member, at_ms, self._writer.newest_seq)

            receipt = self._writer.perform(erase)
            segments.remove(self.folder, [segment.file for segment in erasure.old])
            if not self._writer.perform(tail.scrub, transaction=False):
                _log.warning(
                    "a reader holds %s open; traces of a forgotten member stay in it until it closes", self.folder
                )
            self._writer.perform(lambda connection: members.write_receipts(self.folder, connection), transaction=False)
            return receipt

    def close(self) -> None:
        """Write what waits, finish a seal at work, and let go of the lock. Closing twice is fine."""
        self._writer.close()
        with self._sealer_lock:
            self._closing = True
        if self._sealer is not None:
            self._sealer.join()
        self._writer.stop()
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _committed(self) -> None:
        """In the writer thread, after each commit."""
        if self._after_commit is not None:
            self._after_commit()
        if self._writer.newest_seq - self._sealed_seq < self._seal_events:
            return
        with self._sealer_lock:
            at_work = self._sealer is not None and self._sealer.is_alive()
            if not at_work and not self._closing and time.monotonic() >= self._seal_not_before_s:
                self._seal_not_before_s = time.monotonic() + _SEAL_RETRY_S  # unless it succeeds
                self._sealer = threading.Thread(target=self._seal_beside, name="event-log-seal", daemon=True)
                self._sealer.start()

    def _seal_beside(self) -> None:
        try:
            report = self.seal()
        except Unavailable as error:
            _log.warning("sealing is put off for %g s: %s", _SEAL_RETRY_S, error)
        else:
            self._seal_not_before_s = 0.0
            _log.info("sealed %d events into %d files", report.rows, report.files)

    def _oldest_of_tail(self, up_to_seq: int) -> pl.DataFrame | None:
        """Some `seal_events` rows that are not sealed yet, None when there are none."""
        import polars as pl

        reader = tail.open_reader(self.folder)
        assert reader is not None  # the writer has made the file
        try:
            frames: list[pl.DataFrame] = []
            rows = 0
            for frame in tail.read(reader, after_seq=self._sealed_seq, up_to_seq=up_to_seq):
                frames.append(frame)
                rows += frame.height
                if rows >= self._seal_events:
                    break
        finally:
            reader.close()
        return pl.concat(frames) if frames else None

    def _seal_frame(self, frame: pl.DataFrame) -> list[Segment]:
        """Write the segments of one seal, then have the writer put them on the list."""
        sealed_seq = int(frame[tail.SEQ][-1])
        try:
            written = segments.write(self.folder, sealed_seq, frame, self._shards)
        except OSError as error:
            raise write_failure(self.folder, error) from error

        def enlist(connection: sqlite3.Connection) -> None:
            segments.enlist(connection, written)
            tail.set_state(connection, tail.SEALED_SEQ, sealed_seq)

        self._writer.perform(enlist)
        self._sealed_seq = sealed_seq
        return written


def _lock(folder: Path) -> int:
    """Take the writer lock, which ends with the process however it ends; returns the open file."""
    lock_file = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock_file, 32).decode(errors="replace").strip() or "of unknown number"
        os.close(lock_file)
        raise WriterLocked(
            f"process {holder} already writes to {folder}; stop it first, or send the events to it over HTTP"
        ) from None
    os.ftruncate(lock_file, 0)
    os.pwrite(lock_file, f"{os.getpid()}\n".encode(), 0)
    return lock_file
