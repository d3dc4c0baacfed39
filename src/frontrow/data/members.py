"""Forgetting a member: the one place where the event log loses something on purpose.

The outer id lives in the table `member` only; everything else holds the inner number. Forgetting removes the member's
events from segments and tail, the row of the table, and what is left of the outer id in the file's pages.
The ids of the events stay known: they are random, tell nothing, and keep a client's late retry from bringing one back.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from frontrow.data import segments, tail
from frontrow.data.segments import Segment
from frontrow.errors import UnknownMember

FOLDER: Final = "receipts"


class ForgetReceipt(msgspec.Struct, frozen=True):
    """Proof that a member was forgotten: whoever knows the outer id can compute `member_blake2b` again.

    `member_blake2b` is blake2b of the outer id (UTF-8) with a digest of 32 bytes and `salt`, both as hex.
    """

    at_ms: int
    salt: str
    member_blake2b: str
    events_removed: int
    segments_rewritten: int


class Erasure(msgspec.Struct, frozen=True):
    """What has to change in the list of segments: `old` goes, `new` comes (fewer, where nothing was left)."""

    member: int
    old: list[Segment]
    new: list[Segment]


def rewrite(folder: Path, outer: str) -> Erasure:
    """Write the member's segments anew without the member; nothing counts before `erase` is committed.

    Raises UnknownMember when the log does not know the member.
    """
    connection = tail.open_reader(folder)
    try:
        member = tail.inner_member(connection, outer) if connection else None
        if connection is None or member is None:
            raise UnknownMember(f"no member {outer!r} in the event log {folder}; nothing was forgotten")
        shard = segments.shard_of(member, tail.state(connection, tail.SHARDS))
        candidates = [segment for segment in segments.listed(connection) if segment.shard == shard]
    finally:
        if connection is not None:
            connection.close()
    copies = {segment: segments.rewrite_without(folder, segment, member) for segment in candidates}
    old = [segment for segment, copy in copies.items() if copy != segment]
    return Erasure(member, old, [copy for segment, copy in copies.items() if copy is not None and copy != segment])


def erase(connection: sqlite3.Connection, erasure: Erasure, outer: str, at_ms: int, newest_seq: int) -> ForgetReceipt:
    """Inside the open transaction: switch the segments, delete the rows of the tail and the mapping, keep a receipt."""
    removed = sum(segment.rows for segment in erasure.old) - sum(segment.rows for segment in erasure.new)
    sealed_seq = tail.state(connection, tail.SEALED_SEQ)
    connection.execute("DELETE FROM tail WHERE member = ? AND seq <= ?", (erasure.member, sealed_seq))
    removed += connection.execute("DELETE FROM tail WHERE member = ?", (erasure.member,)).rowcount
    segments.delist(connection, erasure.old)
    segments.enlist(connection, erasure.new)
    tail.set_state(connection, tail.HIGH_WATER, newest_seq)  # the newest events may have gone; their seqs stay given
    tail.rebuild_members(connection, without=erasure.member)
    salt = secrets.token_bytes(16)
    digest = hashlib.blake2b(outer.encode(), digest_size=32, salt=salt).hexdigest()
    receipt = ForgetReceipt(at_ms, salt.hex(), digest, removed, len(erasure.old))
    connection.execute("INSERT INTO receipt VALUES (?, ?)", (f"{at_ms}-{digest[:8]}.json", _encode(receipt)))
    return receipt


def write_receipts(folder: Path, connection: sqlite3.Connection) -> None:
    """Write each receipt of the log as a file, unless it is there already (a crash may have come between)."""
    for name, body in connection.execute("SELECT file, body FROM receipt").fetchall():
        path = folder / FOLDER / name
        if path.exists():
            continue
        path.parent.mkdir(exist_ok=True, mode=0o700)
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(body)
            os.fsync(file.fileno())
        temporary.rename(path)


def _encode(receipt: ForgetReceipt) -> str:
    return msgspec.json.format(msgspec.json.encode(receipt), indent=1).decode()
