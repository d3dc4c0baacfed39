"""Jellyfin's Playback Reporting plugin: its backup (tab-separated, no header) or its `playback_reporting.db`.

One row a playback: DateCreated, UserId, ItemId, ItemType, ItemName, PlaybackMethod, ClientName, DeviceName and
PlayDuration in seconds. A row becomes `play` and, when its duration is known, `stop`. Episodes are named
"Series - s01e02 - Name" and come with a title for their series, so that they count towards it. Newer versions of the
plugin write UTC with a Z, older ones the server's local time without. Music, live television and books are left out and
counted.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final

from frontrow.data.ids import derive_id
from frontrow.data.imports import rows
from frontrow.data.imports.rows import Refused, Row
from frontrow.data.imports.source import Batch, Source, in_batches
from frontrow.errors import InputError
from frontrow.schema import Event, Kind, Title, TitleKind

FORMAT: Final = "jellyfin"

_COLUMNS: Final = (
    "DateCreated", "UserId", "ItemId", "ItemType", "ItemName", "PlaybackMethod", "ClientName", "DeviceName",
    "PlayDuration",
)  # fmt: skip
_EPISODE = re.compile(r"(?P<series>.*?\S) - s\d+e\d+ - (?P<name>.*\S)", re.DOTALL)
_FILMS: Final = frozenset({"Movie", "Video"})
_LEFT_OUT: Final = frozenset(
    {
        "Audio", "AudioBook", "Book", "Channel", "LiveTvChannel", "LiveTvProgram", "MusicVideo", "Photo", "Program",
        "Recording", "Trailer", "TvChannel", "TvProgram",
    }
)  # fmt: skip


def open_export(path: Path, durations_s: Mapping[str, int], zone: tzinfo = UTC) -> Source:
    """The source in a backup or a database of the plugin.

    `durations_s` has the length of the titles for which it is known: only for those is the played fraction given.
    `zone` is the server's, for rows that older versions wrote. Raises InputError for a file of neither form.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; name a backup (PlaybackReportingBackup-….tsv) or playback_reporting.db")
    with path.open("rb") as file:
        is_database = file.read(16) == b"SQLite format 3\0"

    def convert(line: int, cells: list[str], batch: Batch) -> None:
        _add_playback(line, cells, batch, durations_s, zone)

    def read() -> Iterator[Batch]:
        found = _database_rows(path) if is_database else rows.split_rows(path, "\t", _COLUMNS)
        yield from in_batches(path.name, found, convert)

    return Source(FORMAT, path, (path,), read, keep_known_titles=True, options={"zone": str(zone)})


def _add_playback(line: int, cells: list[str], batch: Batch, durations_s: Mapping[str, int], zone: tzinfo) -> None:
    created, member, item, kind, name, method, client, device, played = cells
    if kind in _LEFT_OUT:
        reason = f"ItemType {kind} is neither film nor episode"
        batch.left_out[reason] = batch.left_out.get(reason, 0) + 1
        return
    titles = _titles(item, kind, name)
    at_ms = rows.read_time(created, "iso", "DateCreated", zone)
    played_s = rows.read_whole(played, "PlayDuration") if played else 0
    if played_s < 0:
        raise Refused("PlayDuration", played, "is negative")
    # The plugin's update rewrites old times in UTC and to whole seconds: a playback keeps its id through that.
    key = (FORMAT, str(at_ms // 1000), member, item)
    play_id = derive_id(*key)
    play = Event(
        id=play_id,
        at_ms=at_ms,
        kind=Kind.PLAY,
        member=member,
        title=item,
        session=play_id,
        device=device,
        props={"client": client, "method": method},
    )
    batch.titles.extend((line, title) for title in titles)
    batch.events.append((line, play))
    if played_s:
        duration_s = durations_s.get(item)
        stop = Event(
            id=derive_id(*key, "stop"),
            at_ms=at_ms + 1000 * played_s,
            kind=Kind.STOP,
            member=member,
            title=item,
            session=play_id,
            device=device,
            value=min(1.0, played_s / duration_s) if duration_s else None,
            props={"played_s": played_s},
        )
        batch.events.append((line, stop))


def _titles(item: str, kind: str, name: str) -> tuple[Title, ...]:
    """The title of a row and, for an episode, its series, whose id is derived from its name: the export has none."""
    if kind in _FILMS:
        return (Title(title=item, name=name.strip()),)
    if kind != "Episode":
        raise Refused("ItemType", kind, "is no type that Jellyfin plays")
    found = _EPISODE.fullmatch(name)
    if found is None:
        raise Refused("ItemName", name, "is not 'Series - s01e02 - Name'")
    series = derive_id(FORMAT, "series", found["series"].strip().casefold())
    return (
        Title(title=series, name=found["series"].strip(), kind=TitleKind.SERIES),
        Title(title=item, name=found["name"].strip(), kind=TitleKind.EPISODE, series=series),
    )


def _database_rows(path: Path) -> Iterator[Row]:
    """Rows of the plugin's table in the order of their ids, which stand for lines; the database is only read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            query = f"SELECT rowid, {', '.join(_COLUMNS)} FROM PlaybackActivity ORDER BY rowid"  # noqa: S608
            for line, *values in connection.execute(query):
                cells = ["" if value is None else str(value) for value in values]
                yield line, rows.row_fault(line, "".join(cells), cells, _COLUMNS) or cells
    except sqlite3.Error as error:
        raise InputError(f"cannot read {path.name} as the plugin's database: {error}") from None
