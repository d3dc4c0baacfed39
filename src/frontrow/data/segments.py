"""Segments: the sealed part of the event log, as Parquet files sharded by a hash of the member.

A segment file is written under a temporary name, synced, renamed, and its folder synced, before a transaction puts it
on the list in `tail.db`. What is not on the list does not exist: the writer's next start removes it. A file's name
ends in its own hash, so no file is ever written twice and a reader never sees one change.
"""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from frontrow.data import derived, tail
from frontrow.errors import DamagedArtifact
from frontrow.schema import EventColumn

if TYPE_CHECKING:
    import polars as pl

FOLDER: Final = "segments"
_SUFFIX = ".parquet"
_TEMPORARY = ".tmp"
# Small row groups, and rows in the order of member, let one member's events be read without the rest of the shard.
_ROW_GROUP_ROWS = 32_768


@dataclass(frozen=True, slots=True)
class Segment:
    """One sealed file, as the list in `tail.db` knows it. All files of a seal share its range of seqs."""

    file: str
    seal: int
    shard: int
    rows: int
    min_seq: int
    max_seq: int
    min_at_ms: int
    max_at_ms: int
    blake2b: str


def shard_of(member: int, shards: int) -> int:
    """Shard of an inner member id: blake2b, so that neighbouring ids spread and every machine agrees."""
    digest = hashlib.blake2b(member.to_bytes(8, "little"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % shards


def shards_of(members: pl.Series, shards: int) -> pl.Series:
    """Shard of each inner member id."""
    import polars as pl

    distinct = members.unique()
    table = pl.DataFrame({"member": distinct, "shard": [shard_of(member, shards) for member in distinct.to_list()]})
    return members.to_frame("member").join(table, on="member", how="left", maintain_order="left")["shard"]


def write(folder: Path, seal: int, frame: pl.DataFrame, shards: int) -> list[Segment]:
    """Write the rows of one seal, one durable file a shard; they count only once `enlist` is committed."""

    (folder / FOLDER).mkdir(exist_ok=True, mode=0o700)
    parts = frame.with_columns(shards_of(frame[EventColumn.MEMBER], shards).alias("shard")).partition_by(
        "shard", as_dict=True, include_key=False
    )
    written: list[Segment] = []
    try:
        for (shard,), part in sorted(parts.items()):
            written.append(_write_file(folder, seal, int(shard), part.sort(EventColumn.MEMBER, tail.SEQ)))
        _sync_folder(folder / FOLDER)
    except OSError:
        remove(folder, [segment.file for segment in written])
        raise
    assert sum(segment.rows for segment in written) == frame.height
    return written


def rewrite_without(folder: Path, segment: Segment, member: int) -> Segment | None:
    """A durable copy of `segment` without `member`: the same segment when it has none, None when nothing is left.

    Raises DamagedArtifact when the segment cannot be read.
    """
    import polars as pl

    rows, theirs = pl.scan_parquet(folder / FOLDER / segment.file, glob=False), pl.col(EventColumn.MEMBER) == member
    try:
        if not rows.filter(theirs).select(pl.len()).collect().item():
            return segment
        kept = rows.filter(~theirs).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DamagedArtifact(f"segment {segment.file} cannot be read: {error}; restore it from a backup") from error
    if kept.is_empty():
        return None
    copy = _write_file(folder, segment.seal, segment.shard, kept)
    _sync_folder(folder / FOLDER)
    return copy


def listed(connection: sqlite3.Connection) -> list[Segment]:
    """The segments that count, oldest seal first."""
    return [Segment(*row) for row in connection.execute("SELECT * FROM segment ORDER BY seal, shard")]


def enlist(connection: sqlite3.Connection, segments: Iterable[Segment]) -> None:
    """Put segments on the list, inside the open transaction."""
    connection.executemany(
        "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [astuple(segment) for segment in segments]
    )


def delist(connection: sqlite3.Connection, segments: Iterable[Segment]) -> None:
    """Take segments off the list, inside the open transaction; `remove` their files after its commit."""
    connection.executemany("DELETE FROM segment WHERE file = ?", [(segment.file,) for segment in segments])


def remove(folder: Path, files: Iterable[str]) -> None:
    """Delete segment files that are no longer on the list, then what was derived from them. A reader that has one open
    keeps it; others read anew."""
    gone = list(files)
    for file in gone:
        (folder / FOLDER / file).unlink(missing_ok=True)
    derived.remove(folder, gone)
    if (folder / FOLDER).exists():
        _sync_folder(folder / FOLDER)


def sweep(folder: Path, connection: sqlite3.Connection) -> list[str]:
    """Remove what a crash left behind: files that are not on the list. Only the writer, at its start, may do this.

    A crash leaves files of rows that the tail still holds. One that reaches beyond every seq that the tail knows means
    that `tail.db` was lost or is an older copy: DamagedArtifact is raised then, and nothing is removed.
    """
    known = {segment.file for segment in listed(connection)}
    left_behind = [path.name for path in _files(folder) if path.name not in known]
    newest_seq = tail.newest_seq(connection)
    for name in left_behind:
        if name.endswith(_SUFFIX) and int(name.partition("-")[0]) > newest_seq:
            raise DamagedArtifact(
                f"{folder / tail.FILE_NAME} knows nothing of {name}: it was lost or is an older copy; restore it from "
                f"a backup no older than {FOLDER}/, or move {FOLDER}/ away to begin without what it holds"
            )
    if left_behind:
        remove(folder, left_behind)
    derived.sweep(folder, known)
    return left_behind


def damaged(folder: Path) -> list[str]:
    """Files on the list that are missing or whose hash has changed; reads every segment once."""
    connection = tail.open_reader(folder)
    if connection is None:
        return []
    try:
        segments = listed(connection)
    finally:
        connection.close()
    return [segment.file for segment in segments if _hash(folder / FOLDER / segment.file) != segment.blake2b]


def _files(folder: Path) -> Iterator[Path]:
    if (folder / FOLDER).exists():
        yield from (folder / FOLDER).iterdir()


def _write_file(folder: Path, seal: int, shard: int, frame: pl.DataFrame) -> Segment:
    parquet = io.BytesIO()  # polars tells no full disk from other failures, Python's own writing does
    frame.write_parquet(parquet, compression="zstd", row_group_size=_ROW_GROUP_ROWS, statistics=True)
    digest = _digest(parquet.getbuffer()).hexdigest()
    name = f"{seal:012d}-{shard:04d}-{digest[:16]}{_SUFFIX}"
    temporary = folder / FOLDER / f"{name}{_TEMPORARY}"
    try:
        with temporary.open("wb") as file:
            file.write(parquet.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(folder / FOLDER / name)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return Segment(
        name, seal, shard, frame.height, *_bounds(frame[tail.SEQ]), *_bounds(frame[EventColumn.AT_MS]), digest
    )


def _bounds(numbers: pl.Series) -> tuple[int, int]:
    return int(numbers.min()), int(numbers.max())  # type: ignore[arg-type]


def _digest(content: bytes | memoryview = b"") -> hashlib.blake2b:
    return hashlib.blake2b(content, digest_size=32)


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, _digest).hexdigest()
    except FileNotFoundError:
        return ""


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
