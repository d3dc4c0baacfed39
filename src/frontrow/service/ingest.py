"""`POST /v1/events`: decode, check, hand to the log's writer, answer after the commit."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from frontrow.config import EventSettings
from frontrow.data.checks import event_fault
from frontrow.data.events import EventLog, Receipt
from frontrow.errors import InputError, Unavailable
from frontrow.schema import Event, Fault

_decode_one = msgspec.json.Decoder(Event).decode
_decode_many = msgspec.json.Decoder(list[Event]).decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Acknowledgement(msgspec.Struct):
    """What became of a request's events; every stored one is on disk when this is sent."""

    stored: int
    duplicates: int
    refused: list[Fault]


class Request(msgspec.Struct):
    """A decoded body: the events that could be read, where each stood in it, and what was refused."""

    events: list[Event]
    lines: Sequence[int]
    refused: list[Fault]


class Ingest:
    """The asynchronous side of the log, which it opens: many requests wait for one commit and are woken together."""

    def __init__(
        self, folder: Path, settings: EventSettings, on_stored: Callable[[Sequence[Event], Receipt], None]
    ) -> None:
        self._future_s = settings.future_s
        self._on_stored = on_stored
        self._done: deque[tuple[asyncio.Future[Receipt], list[Event], Receipt | Unavailable]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.log = EventLog(folder, settings, after_commit=self._committed)

    async def store(self, request: Request) -> Acknowledgement:
        """Store the good ones; raises Overloaded, StorageFull or Unavailable, with none of them stored."""
        now_ms = time.time_ns() // 1_000_000
        found = [
            event_fault(event, line, now_ms, self._future_s)
            for event, line in zip(request.events, request.lines, strict=True)
        ]
        good, faults = request.events, request.refused
        if any(found):
            good = [event for event, fault in zip(good, found, strict=True) if fault is None]
            faults = sorted([*faults, *(fault for fault in found if fault)], key=lambda fault: fault.line)
        if not good:
            return Acknowledgement(0, 0, faults)
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = self._loop.create_future()
        self.log.submit(good, lambda outcome: self._done.append((future, good, outcome)))
        receipt = await future
        return Acknowledgement(receipt.stored, receipt.duplicates, faults)

    def _committed(self) -> None:
        """On the writer's thread, once a commit: wake the loop for all that it finished."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        while self._done:
            future, events, outcome = self._done.popleft()
            if isinstance(outcome, Receipt):
                self._on_stored(events, outcome)  # also when the client did not wait for the answer
            if future.done():
                continue
            if isinstance(outcome, Receipt):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)


def decode(body: bytes, most: int) -> Request:
    """One event or a list of at most `most`; a bad one among many is refused alone.

    Raises InputError when it is no JSON, or more: a refusal is longer than the shortest thing that can be refused, so
    that a small body could ask for an answer fifty times its size.
    """
    many = body.lstrip()[:1] == b"["
    try:
        try:
            events = _decode_many(body) if many else [_decode_one(body)]
        except msgspec.ValidationError:
            return _decode_each(body if many else b"[" + body + b"]", most)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"the body is no JSON of events: {error}; send one event or a list of events") from None
    _check_count(len(events), most)
    return Request(events, range(len(events)), [])


def _decode_each(body: bytes, most: int) -> Request:
    request = Request([], lines := [], [])
    parts = _split(body)
    _check_count(len(parts), most)
    for line, raw in enumerate(parts):
        try:
            request.events.append(_decode_one(raw))
            lines.append(line)
        except msgspec.ValidationError as error:
            reason, _, path = str(error).partition(" - at ")
            column = path.strip("`").removeprefix("$.") or "event"
            request.refused.append(Fault(line, column, _shorten(bytes(raw)), reason))
    return request


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise InputError(f"the body holds {count:,} events; send at most {most:,} a request (events.queue_events)")


def _shorten(raw: bytes) -> str:
    text = raw.decode(errors="replace")
    return text if len(text) <= 120 else text[:117] + "..."
