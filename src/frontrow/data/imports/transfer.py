"""From a source into the workspace, in two passes: the first checks every row and writes nothing, the second writes.

Good rows are imported and bad ones reported; under `strict` one bad row refuses everything. Titles go in as one
transaction, then the events in their order. After each batch of events a checkpoint says how far it is: the same import
started again goes on from there, and since ids are derived from rows, nothing is stored twice even without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from frontrow.config import Settings
from frontrow.data.catalogue import Catalogue
from frontrow.data.checks import event_fault, title_fault
from frontrow.data.events import EventLog
from frontrow.data.imports.report import FIRST, Report, save, write_whole
from frontrow.data.imports.source import Source
from frontrow.data.workspace import Workspace
from frontrow.errors import InputError
from frontrow.schema import Event, Title

Step = Callable[[int, int, str], None]

HOUR_MS: Final = 3_600_000
_APPEND_EVENTS: Final = 5_000  # events between two checkpoints


class _Checkpoint(msgspec.Struct):
    """How far an interrupted import came, and what has to stay as it was for the rest to fit."""

    now_ms: int
    shift_ms: int = 0
    done: int = 0  # sound events written
    stored: int = 0
    duplicates: int = 0


@dataclass
class _Checked:
    """What the first pass found."""

    report: Report
    titles: dict[str, Title] = field(default_factory=dict)
    refused: set[tuple[str, int]] = field(default_factory=set)  # file, line
    events_titles: set[str] = field(default_factory=set)  # that the sound events name
    newest_ms: int = 0


def run(
    source: Source,
    workspace: Workspace,
    settings: Settings,
    *,
    now_ms: int,
    strict: bool = False,
    shift_newest_to_hours: float | None = None,
    step: Step = lambda _done, _total, _note: None,
) -> Report:
    """Import `source`; returns the report, which is also saved in `imports/` of the workspace.

    `shift_newest_to_hours` moves all events by one constant so that the newest lies that many hours before `now_ms`.
    Raises WriterLocked while a server or another import writes to the workspace, and InputError when nothing could be
    imported or, under `strict`, when any row is bad.
    """
    began = time.perf_counter()
    folder = workspace.root / "imports"
    checkpoint_path = folder / f"unfinished-{_fingerprint(source, shift_newest_to_hours)}.json"
    with EventLog(workspace.log, settings.events) as log, Catalogue(workspace.store_url(settings)) as catalogue:
        checkpoint = _read_checkpoint(checkpoint_path)
        checked = _check(source, checkpoint.now_ms if checkpoint else now_ms, settings.events.future_s, step)
        report = checked.report
        _refuse_whole(report, folder, strict, now_ms)
        if checkpoint is None:
            checkpoint = _Checkpoint(now_ms, _shift_ms(checked.newest_ms, now_ms, shift_newest_to_hours))
            _save_checkpoint(
                checkpoint_path, checkpoint
            )  # before the first event, or the rest might be shifted otherwise
        report.shift_ms, report.events_resumed_at = checkpoint.shift_ms, checkpoint.done
        _write_titles(catalogue, source, checked)
        _write_events(log, _sound_events(source, checked.refused), report, checkpoint, checkpoint_path, step)
        report.events_stored, report.events_duplicate = checkpoint.stored, checkpoint.duplicates
    report.seconds = round(time.perf_counter() - began, 3)
    save(report, folder, now_ms)
    checkpoint_path.unlink(missing_ok=True)
    return report


def _check(source: Source, now_ms: int, future_s: int, step: Step) -> _Checked:
    """First pass: read everything, write nothing."""
    checked = _Checked(Report(format=source.format, path=str(source.path)))
    report = checked.report
    began = time.perf_counter()
    for batch in source.read():
        faults = {fault.line: fault for fault in batch.refused}
        for line, title in batch.titles:
            if (fault := title_fault(title, line)) is not None:
                faults.setdefault(line, fault)
        for line, event in batch.events:
            if (fault := event_fault(event, line, now_ms, future_s)) is not None:
                faults.setdefault(line, fault)
        for line in sorted(faults):
            report.refused.add(batch.file, faults[line])
            checked.refused.add((batch.file, line))
        for fault in batch.mended:
            report.mended.add(batch.file, fault)
        for reason, count in batch.left_out.items():
            report.left_out[reason] = report.left_out.get(reason, 0) + count
        report.rows += batch.rows
        checked.titles.update((title.title, title) for line, title in batch.titles if line not in faults)
        for line, event in batch.events:
            if line not in faults:
                report.events += 1
                checked.events_titles.add(event.title)
                checked.newest_ms = max(checked.newest_ms, event.at_ms)
        step(report.rows, 0, f"checking, {report.rows / (time.perf_counter() - began):,.0f} rows/s")
    return checked


def _shift_ms(newest_ms: int, now_ms: int, hours: float | None) -> int:
    return 0 if hours is None or not newest_ms else round(now_ms - hours * HOUR_MS) - newest_ms


def _refuse_whole(report: Report, folder: Path, strict: bool, now_ms: int) -> None:
    imported = report.rows - report.refused.count
    if imported and not (strict and report.refused.count):
        return
    saved = save(report, folder, now_ms)
    if not report.rows:
        raise InputError(f"{report.path} has no rows; nothing was imported")
    raise InputError(
        f"{report.refused.count:,} of {report.rows:,} rows are bad and nothing was imported; "
        f"{report.refused.first[0]}; the report is {saved}"
    )


def _write_titles(catalogue: Catalogue, source: Source, checked: _Checked) -> None:
    known = set(catalogue.frame()["title"])
    unknown = checked.events_titles - known - checked.titles.keys() - {""}
    checked.report.unknown_titles = len(unknown)
    checked.report.unknown_titles_first = sorted(unknown)[:FIRST]
    fresh = [title for title in checked.titles.values() if not (source.keep_known_titles and title.title in known)]
    upserted = catalogue.upsert(fresh)
    checked.report.titles_inserted = upserted.inserted
    checked.report.titles_updated = upserted.updated
    checked.report.titles_unchanged = upserted.unchanged + len(checked.titles) - len(fresh)


def _sound_events(source: Source, refused: set[tuple[str, int]]) -> Iterator[Event]:
    for batch in source.read():
        yield from (event for line, event in batch.events if (batch.file, line) not in refused)


def _write_events(
    log: EventLog, events: Iterator[Event], report: Report, checkpoint: _Checkpoint, path: Path, step: Step
) -> None:
    """Second pass: append from the checkpoint on."""
    began, resumed_at = time.perf_counter(), checkpoint.done
    remaining = islice(events, resumed_at, None)
    while chunk := list(islice(remaining, _APPEND_EVENTS)):
        for event in chunk:
            event.at_ms += checkpoint.shift_ms
        receipt = log.append(chunk)
        checkpoint.done += len(chunk)
        checkpoint.stored += receipt.stored
        checkpoint.duplicates += receipt.duplicates
        report.high_water = receipt.high_water
        _save_checkpoint(path, checkpoint)
        rate = (checkpoint.done - resumed_at) / (time.perf_counter() - began)
        step(checkpoint.done, report.events, f"writing, {rate:,.0f} events/s")


def _fingerprint(source: Source, shift_newest_to_hours: float | None) -> str:
    """Of the files as they are now and of all that decides what their rows become."""
    digest = blake2b(digest_size=8)
    for part in (source.format, str(source.path.resolve()), str(shift_newest_to_hours), *source.options.items()):
        digest.update(f"{part}\n".encode())
    for path in source.files:
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _save_checkpoint(path: Path, checkpoint: _Checkpoint) -> None:
    write_whole(path, msgspec.json.encode(checkpoint))


def _read_checkpoint(path: Path) -> _Checkpoint | None:
    """None where there is none, also for one that cannot be read: ids keep the import right without it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Checkpoint)
    except (OSError, msgspec.DecodeError):
        return None
