"""The tail: the newest events, in one SQLite file, and the index of every event id ever stored.

A commit costs nine SQL statements however many events it holds. The rows travel as one JSON text and are taken apart
by SQLite, because Python's sqlite3 gives up the interpreter lock at every step: row by row, a busy server would
make the writer wait for the lock once an event.

Rows whose seq is at most `sealed_seq` are in segments already and wait to be deleted; no reader counts them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from frontrow.errors import InputError
from frontrow.schema import Event, EventColumn

if TYPE_CHECKING:
    import polars as pl

FILE_NAME: Final = "tail.db"
SEQ: Final = "seq"
COLUMNS: Final = (SEQ, *EventColumn.ALL)
# Numbers in the table `state`:
SEALED_SEQ: Final = "sealed_seq"  # rows up to here are in segments
HIGH_WATER: Final = "high_water"  # newest seq when a member was last forgotten
SHARDS: Final = "shards"  # segments a seal; fixed when the log is made, or members would change shards
_FORMAT = 1  # PRAGMA user_version of the file
_READ_ROWS = 50_000  # rows that become one JSON text: 15 MB or so

_MEMBER_TABLE = "CREATE TABLE {} (member INTEGER PRIMARY KEY AUTOINCREMENT, outer_id TEXT NOT NULL UNIQUE)"

# `value` is text, the shortest decimal that gives the same double back: SQLite's own reading and printing of JSON
# numbers keeps 15 digits, and an event must be the same before and after it is sealed.
_SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE event_id (id BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE tail (
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, member INTEGER NOT NULL,
  profile TEXT NOT NULL, title TEXT NOT NULL, session TEXT NOT NULL, decision_id TEXT NOT NULL, device TEXT NOT NULL,
  country TEXT NOT NULL, value TEXT, props TEXT
) STRICT;
CREATE INDEX tail_member ON tail (member);
CREATE TABLE segment (
  file TEXT PRIMARY KEY, seal INTEGER NOT NULL, shard INTEGER NOT NULL, rows INTEGER NOT NULL,
  min_seq INTEGER NOT NULL, max_seq INTEGER NOT NULL, min_at_ms INTEGER NOT NULL, max_at_ms INTEGER NOT NULL,
  blake2b TEXT NOT NULL
) STRICT;
CREATE TABLE receipt (file TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
"""

_INCOMING = """
CREATE TEMP TABLE incoming (
  seq INTEGER PRIMARY KEY, id BLOB, at_ms INTEGER, kind TEXT, outer_id TEXT, profile TEXT, title TEXT, session TEXT,
  decision_id TEXT, device TEXT, country TEXT, value TEXT, props TEXT, fresh INTEGER NOT NULL DEFAULT 1
);
"""

_TAKE_IN = """
INSERT INTO incoming (
  seq, id, at_ms, kind, outer_id, profile, title, session, decision_id, device, country, value, props
)
SELECT
  ?1 + key, substr(?2, 16 * key + 1, 16), value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
  value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10
FROM json_each(?3)
"""

_KNOW_IDS = "INSERT OR IGNORE INTO event_id SELECT id, seq FROM incoming ORDER BY seq"

_MARK_DUPLICATES = """
UPDATE incoming SET fresh = 0
WHERE NOT EXISTS (SELECT 1 FROM event_id known WHERE known.id = incoming.id AND known.seq = incoming.seq)
"""

_NUMBER_MEMBERS = """
INSERT INTO member (outer_id) SELECT outer_id FROM incoming
WHERE fresh AND NOT EXISTS (SELECT 1 FROM member WHERE member.outer_id = incoming.outer_id)
GROUP BY outer_id ORDER BY min(seq)
"""

# CROSS JOIN keeps SQLite from walking the (larger) member table first.
_STORE = """
INSERT INTO tail
SELECT seq, id, at_ms, kind, member, profile, title, session, decision_id, device, country, value, props
FROM incoming CROSS JOIN member USING (outer_id) WHERE fresh ORDER BY seq
"""

_ACKNOWLEDGE = """
SELECT json_group_array(member), json_group_array(fresh)
FROM (SELECT ifnull(member, 0) AS member, fresh FROM incoming LEFT JOIN member USING (outer_id) ORDER BY seq)
"""

_READ_FIELDS = ", ".join(f"'{column}', {'hex(id)' if column == EventColumn.ID else column}" for column in COLUMNS)
_INTEGERS = frozenset((SEQ, EventColumn.AT_MS, EventColumn.MEMBER))

_encode_rows = msgspec.json.Encoder().encode
_encode_props = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Rows:
    """Events made ready for storing: 16 bytes of id each, and their other fields as JSON arrays joined by commas."""

    count: int
    ids: bytes
    body: bytes


def prepare(events: Sequence[Event]) -> Rows:
    """Make `events`, which have passed `checks.event_fault`, ready to be stored; runs in the caller's thread.

    Raises InputError for an id that is no UUID, and for the character NUL, at which SQLite would cut a text off.
    """
    ids = b"".join([_uuid_bytes(event.id) for event in events])
    rows = [
        (
            e.at_ms, e.kind, e.member, e.profile, e.title, e.session, e.decision_id, e.device, e.country,
            None if e.value is None else repr(float(e.value)),
            _encode_props(e.props).decode() if e.props else None,
        )
        for e in events
    ]  # fmt: skip
    body = _encode_rows(rows)[1:-1]
    if b"\\u0000" in body and any("\0" in field for row in rows for field in row if isinstance(field, str)):
        raise InputError("an event holds the character NUL; 'checks.event_fault' tells which, take it out")
    return Rows(len(events), ids, body)


def _uuid_bytes(text: str) -> bytes:
    try:
        id_bytes = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        id_bytes = b""
    if len(id_bytes) != 16:
        raise InputError(f"event id {text!r} is not a UUID")
    return id_bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of rows in one transaction, in their order: inner member (0: none), and 1 if new, 0 if duplicate."""

    members: list[int]
    fresh: list[int]

    @property
    def last_fresh(self) -> int:
        """How many seqs from the first were given: the place of the last new row, from 1; 0 when there is none."""
        return len(self.fresh) - self.fresh[::-1].index(1) if 1 in self.fresh else 0


def store(connection: sqlite3.Connection, first_seq: int, batches: Sequence[Rows]) -> Stored:
    """Store `batches` inside the open transaction, numbering their rows from `first_seq`.

    An id that is known (in these rows, the tail, a segment, or of a forgotten member) is not stored again, and does
    not bring its member back: the inner member of such a row may be 0.
    """
    count = sum(batch.count for batch in batches)
    if not count:
        return Stored([], [])
    body = b"[" + b",".join([batch.body for batch in batches if batch.count]) + b"]"
    connection.execute("DELETE FROM incoming")
    connection.execute(_TAKE_IN, (first_seq, b"".join([batch.ids for batch in batches]), body.decode()))
    if connection.execute(_KNOW_IDS).rowcount < count:
        connection.execute(_MARK_DUPLICATES)
    connection.execute(_NUMBER_MEMBERS)
    connection.execute(_STORE)
    members, fresh = connection.execute(_ACKNOWLEDGE).fetchone()
    return Stored(msgspec.json.decode(members, type=list[int]), msgspec.json.decode(fresh, type=list[int]))


def open_writer(folder: Path, shards: int) -> sqlite3.Connection:
    """The connection that writes; a log that is not there yet is made, with `shards`.

    Only the holder of the writer lock calls this. Raises InputError for a file of a newer format.
    """
    connection = sqlite3.connect(folder / FILE_NAME, isolation_level=None, check_same_thread=False)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _FORMAT:
        connection.close()
        raise InputError(f"{folder / FILE_NAME} has format {version}, made by a newer Frontrow; upgrade this one")
    connection.executescript(
        # FULL: a commit returns after its WAL frames are synced. secure_delete: what is deleted is overwritten.
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 10000;"
        # A larger cache keeps the id index in memory; a later checkpoint writes each page fewer times.
        "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;"
        "PRAGMA journal_size_limit = 67108864;"
    )
    if version == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} {_MEMBER_TABLE.format('member')}; PRAGMA user_version = {_FORMAT};"
        )
        first = ((SEALED_SEQ, 0), (HIGH_WATER, 0), (SHARDS, shards))
        connection.executemany("INSERT INTO state VALUES (?, ?)", first)
        connection.execute("COMMIT")
    connection.executescript(_INCOMING)
    return connection


def open_reader(folder: Path) -> sqlite3.Connection | None:
    """A read-only connection beside the writer, None when nothing was ever written. Begin a transaction to read."""
    if not (folder / FILE_NAME).exists():
        return None
    connection = sqlite3.connect(f"{(folder / FILE_NAME).resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.execute("PRAGMA busy_timeout = 10000")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        connection.close()
        return None
    return connection


def state(connection: sqlite3.Connection, name: str) -> int:
    """One number of the table `state`."""
    return int(connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()[0])


def set_state(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Change one number of the table `state`, inside the open transaction."""
    connection.execute("UPDATE state SET value = ? WHERE name = ?", (value, name))


def newest_seq(connection: sqlite3.Connection) -> int:
    """The high-water mark: the newest seq ever given, 0 when there is none."""
    query = "SELECT max(ifnull((SELECT max(seq) FROM tail), 0), (SELECT max(value) FROM state WHERE name IN (?, ?)))"
    return int(connection.execute(query, (SEALED_SEQ, HIGH_WATER)).fetchone()[0])


def inner_member(connection: sqlite3.Connection, outer: str) -> int | None:
    """The inner id of a member."""
    row = connection.execute("SELECT member FROM member WHERE outer_id = ?", (outer,)).fetchone()
    return int(row[0]) if row else None


def rebuild_members(connection: sqlite3.Connection, without: int) -> None:
    """Drop one member's row, inside the open transaction.

    The table is written anew, because secure_delete alone overwrites the row but not the copies that SQLite left when
    it once moved rows between pages: 1 of 4,000 deleted ids was still in the file. Dropping a table overwrites its
    pages whole. No inner id is ever given twice, because published models go on knowing it.
    """
    last_member = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'member'").fetchone()[0]
    connection.execute(_MEMBER_TABLE.format("member_kept"))
    connection.execute("INSERT INTO member_kept SELECT * FROM member WHERE member != ? ORDER BY member", (without,))
    connection.execute("DROP TABLE member")
    connection.execute("ALTER TABLE member_kept RENAME TO member")
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'member'")
    connection.execute("INSERT INTO sqlite_sequence VALUES ('member', ?)", (last_member,))


def trim(connection: sqlite3.Connection, rows: int) -> bool:
    """Delete up to about `rows` sealed rows, inside the open transaction; whether there may be more."""
    query = (
        "DELETE FROM tail WHERE seq <= min((SELECT value FROM state WHERE name = ?), (SELECT min(seq) FROM tail) + ?)"
    )
    return connection.execute(query, (SEALED_SEQ, rows)).rowcount > 0


def scrub(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and empty it; False when a reader kept it from being emptied."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def frame_schema() -> dict[str, pl.DataType]:
    """Columns and types of a frame of events."""
    import polars as pl

    types = {column: pl.Int64() if column in _INTEGERS else pl.String() for column in COLUMNS}
    return {**types, EventColumn.ID: pl.Binary(), EventColumn.VALUE: pl.Float64()}


def read(
    connection: sqlite3.Connection, *, after_seq: int, up_to_seq: int, member: int | None = None
) -> Iterator[pl.DataFrame]:
    """Rows with after_seq < seq <= up_to_seq in the order of seq, as frames of at most 50,000; of one member if given.

    Each frame is one step of SQLite and one call of polars' JSON reader, both without the interpreter lock: a seal
    that fetched row by row would take hours beside a busy server.
    """
    import polars as pl

    as_text = {column: pl.Int64 if column in _INTEGERS else pl.String for column in COLUMNS}
    query = (
        f"SELECT max(seq), group_concat(json_object({_READ_FIELDS}), char(10)) FROM (SELECT * FROM tail"  # noqa: S608
        f" WHERE seq > ? AND seq <= ? {'' if member is None else 'AND member = ?'} ORDER BY seq LIMIT {_READ_ROWS})"
    )
    of_member = () if member is None else (member,)
    while True:
        last_seq, lines = connection.execute(query, (after_seq, up_to_seq, *of_member)).fetchone()
        if last_seq is None:
            return
        yield pl.read_ndjson(lines.encode(), schema=as_text).with_columns(
            pl.col(EventColumn.ID).str.decode("hex"), pl.col(EventColumn.VALUE).cast(pl.Float64)
        )
        after_seq = last_seq
