"""Reading the event log beside its writer: everything, one member, or what is new since a seq."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frontrow.data import tail
from frontrow.schema import EventColumn, Kind

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Replay:
    frame: pl.DataFrame
    high_water: int


def replay(
    folder: Path,
    *,
    kinds: Collection[Kind] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    since_seq: int = 0,
    up_to_seq: int | None = None,
    shards: Collection[int] | None = None,
) -> Replay:
    import polars as pl

    connection = tail.open_reader(folder)
    frames = [
        pl.DataFrame(
            schema={
                tail.SEQ: pl.Int64,
                EventColumn.ID: pl.Binary,
                EventColumn.AT_MS: pl.Int64,
                EventColumn.KIND: pl.String,
                EventColumn.MEMBER: pl.Int64,
                **dict.fromkeys(EventColumn.ALL[4:10], pl.String),
                EventColumn.VALUE: pl.Float64,
                EventColumn.PROPS: pl.String,
            }
        )
    ]
    if connection is None:
        return Replay(frames[0], 0)
    try:
        connection.execute("BEGIN")
        high_water = tail.newest_seq(connection)
        frames += tail.read(connection, after_seq=since_seq, up_to_seq=high_water if up_to_seq is None else up_to_seq)
    finally:
        connection.close()
    frame = pl.concat(frames)
    if kinds is not None:
        frame = frame.filter(pl.col(EventColumn.KIND).is_in([str(kind) for kind in kinds]))
    if since_ms is not None:
        frame = frame.filter(pl.col(EventColumn.AT_MS) >= since_ms)
    if until_ms is not None:
        frame = frame.filter(pl.col(EventColumn.AT_MS) < until_ms)
    return Replay(frame, high_water)


def inner_member(folder: Path, outer: str) -> int | None:
    connection = tail.open_reader(folder)
    if connection is None:
        return None
    row = connection.execute("SELECT member FROM member WHERE outer_id = ?", (outer,)).fetchone()
    connection.close()
    return row and row[0]


def outer_members(folder: Path) -> pl.DataFrame:
    import polars as pl

    connection = tail.open_reader(folder)
    rows = connection.execute("SELECT member, outer_id FROM member ORDER BY member").fetchall() if connection else []
    if connection:
        connection.close()
    return pl.DataFrame(rows, schema={"member": pl.Int64, "outer": pl.String}, orient="row")
