"""What an importer hands over: batches of titles and events with the lines they came from, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from frontrow.data.imports.rows import Refused, Row
from frontrow.schema import Event, Fault, Title

BATCH_ROWS: Final = 5_000


@dataclass
class Batch:
    """A stretch of one file's rows."""

    file: str
    rows: int = 0
    titles: list[tuple[int, Title]] = field(default_factory=list)
    events: list[tuple[int, Event]] = field(default_factory=list)
    refused: list[Fault] = field(default_factory=list)
    mended: list[Fault] = field(default_factory=list)  # the row was kept without that value
    left_out: dict[str, int] = field(default_factory=dict)  # reason -> rows that are sound but not wanted


@dataclass(frozen=True)
class Source:
    """Files of one format, ready to be read as often as needed, each time the same."""

    format: str
    path: Path
    files: tuple[Path, ...]
    read: Callable[[], Iterator[Batch]]
    keep_known_titles: bool = False  # the source knows little of its titles: add new ones, replace none
    options: Mapping[str, str] = field(default_factory=dict)  # what else decides how rows are read


def in_batches(file: str, rows: Iterable[Row], convert: Callable[[int, list[str], Batch], None]) -> Iterator[Batch]:
    """Let `convert` add each row to its batch; the row it raises Refused for goes among the refused."""
    batch = Batch(file)
    for line, cells in rows:
        batch.rows += 1
        if isinstance(cells, Fault):
            batch.refused.append(cells)
        else:
            try:
                convert(line, cells, batch)
            except Refused as refused:
                batch.refused.append(refused.at(line))
        if batch.rows == BATCH_ROWS:
            yield batch
            batch = Batch(file)
    if batch.rows:
        yield batch
