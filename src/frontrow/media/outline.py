"""The outside of a media file, without opening it: size, age, how long it claims to be, whether its index is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST_ATOMS: Final = 1_000
_FIRST_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"
_VOID: Final = b"\xec"
_TRANSPORT: Final = ((188, 0), (192, 4))
"""Bytes of an MPEG transport packet and where in it its sync byte stands: broadcast, and discs and cameras."""
_SYNC: Final = 0x47


@dataclass(frozen=True)
class Outline:
    """A file as it lies there."""

    size: int = 0
    """Bytes; 0 also where there is no such file."""
    written_s: float = 0.0
    """When it was last written to, seconds since 1970."""
    age_s: float = 0.0
    """Seconds since then."""
    claimed_bytes: int = 0
    """How long it should be by its own words; 0 where it does not say."""
    foreign_bytes: int = 0
    """Bytes after that end which are neither padding nor another part; 0 where the file does not say."""
    lacks_index: bool = False
    """Whether it is an MP4 or MOV without its `moov` atom, which is written last."""


def outline(path: Path) -> Outline:
    """What the outermost parts of a file say; never an error."""
    try:
        stat = path.stat()
        with path.open("rb") as file:
            head = file.read(1024)
        atoms = list(_atoms(path, stat.st_size)) if head[4:8] in _FIRST_ATOMS else []
        claimed = _claimed_bytes(head, atoms, stat.st_size)
        foreign = _foreign_bytes(path, head, claimed, stat.st_size)
    except OSError:
        return Outline()
    return Outline(
        size=stat.st_size,
        written_s=stat.st_mtime,
        age_s=time.time() - stat.st_mtime,
        claimed_bytes=claimed,
        foreign_bytes=foreign,
        lacks_index=bool(atoms) and atoms[0][0] in _FIRST_ATOMS and b"moov" not in {kind for kind, _ in atoms},
    )


def _atoms(path: Path, size: int) -> Iterator[tuple[bytes, int]]:
    """(kind, end) of each outermost atom of an MP4 or MOV until one that is none; ends may lie beyond the file."""
    at = 0
    with path.open("rb") as file:
        for _ in range(_MOST_ATOMS):
            file.seek(at)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if len(head) < 8 or not kind.isalnum():
                return
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if 0 < length < 8:
                return
            at += length or size - at
            yield kind, at
            if at >= size:
                return


def _claimed_bytes(head: bytes, atoms: list[tuple[bytes, int]], size: int) -> int:
    if head[4:8] in _FIRST_ATOMS:
        return max((end for _, end in atoms), default=0)
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"WAVE"):
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] == _EBML:
        return _segment_end(head)
    for packet, sync in _TRANSPORT:  # whole packets: the last one that was begun
        if len(head) > 4 * packet and all(head[packet * i + sync] == _SYNC for i in range(5)):
            return -(-size // packet) * packet
    return 0


def _foreign_bytes(path: Path, head: bytes, claimed: int, size: int) -> int:
    """What follows the end of an MP4, MOV or Matroska file, where it is neither zeros nor a part of such a file."""
    if not 0 < claimed < size or (head[4:8] not in _FIRST_ATOMS and head[:4] != _EBML):
        return 0
    with path.open("rb") as file:
        file.seek(claimed)
        rest = file.read(64)
    known = rest[4:8].isalnum() if head[:4] != _EBML else rest[:4] == _EBML or rest[:1] == _VOID
    return 0 if known or not rest.strip(b"\0") else size - claimed


def _segment_end(head: bytes) -> int:
    """End of a Matroska file's segment; 0 where its length was left open, as in a live stream."""
    header, at = _element_size(head, 4)
    at += header or 0
    if header is None or head[at : at + 4] != _SEGMENT:
        return 0
    length, start = _element_size(head, at + 4)
    return 0 if length is None else start + length


def _element_size(head: bytes, at: int) -> tuple[int | None, int]:
    """(value, place after it) of an EBML size; None for the unknown one."""
    if at >= len(head) or not head[at]:
        return None, at
    width = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), at + width
