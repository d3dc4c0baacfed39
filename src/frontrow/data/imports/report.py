"""What an import did: counted, with the first refusals in full, and kept in the workspace."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from frontrow.data.imports.rows import shown
from frontrow.errors import InputError, StorageFull
from frontrow.schema import Fault

FIRST: Final = 20  # faults and unknown titles that a report lists; the rest is counted


class Place(msgspec.Struct, frozen=True):
    """One fault and the file it is in."""

    file: str
    line: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        what = f"{self.column} {self.value!r}" if self.column else repr(self.value)
        return f"{self.file} line {self.line}: {what} {self.reason}"


class Faults(msgspec.Struct):
    """Faults counted by column and reason, the first few in full."""

    count: int = 0
    reasons: dict[str, int] = {}
    first: list[Place] = []

    def add(self, file: str, fault: Fault) -> None:
        """Count one."""
        self.count += 1
        reason = f"{fault.column} {fault.reason}".strip()
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if len(self.first) < FIRST:
            self.first.append(Place(file, fault.line, fault.column, shown(fault.value), fault.reason))


class Report(msgspec.Struct, kw_only=True):
    """Rows add up: `rows` = those imported + `refused.count` + the sum of `left_out`."""

    format: str
    path: str
    rows: int = 0
    refused: Faults = msgspec.field(default_factory=Faults)
    mended: Faults = msgspec.field(default_factory=Faults)  # rows kept without the value named
    left_out: dict[str, int] = {}  # sound rows of no use here, by reason
    titles_inserted: int = 0
    titles_updated: int = 0
    titles_unchanged: int = 0
    events: int = 0  # in the rows that were not refused
    events_stored: int = 0
    events_duplicate: int = 0  # their id was in the log already
    events_resumed_at: int = 0  # how many an interrupted run had written before
    unknown_titles: int = 0  # titles of events that neither the files nor the catalogue have
    unknown_titles_first: list[str] = []
    shift_ms: int = 0  # added to every event's time
    high_water: int = 0  # newest seq in the log afterwards
    seconds: float = 0.0


def save(report: Report, folder: Path, now_ms: int) -> Path:
    """Write the report into `folder` and return its path."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    path = folder / f"{at}Z-{report.format}.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(report), indent=1))
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` in one step, so that nobody reads half of it; raises StorageFull and InputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(
                f"the disk of {path.parent} is full; free some space and start the import again"
            ) from None
        raise InputError(f"cannot write {path}: {error.strerror}") from None
