"""Matroska's own checksums: what a container knows of damage that its decoders cannot see.

An element of the outermost level may begin with the CRC-32 of the rest of it (RFC 8794, section 11.3.1), little end
first. FFmpeg writes them for the headers and for each cluster; where there are none, nothing is said.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_NAMES: Final = {
    0x114D9B74: "SeekHead", 0x1549A966: "Info", 0x1654AE6B: "Tracks", 0x1C53BB6B: "Cues", 0x1254C367: "Tags",
    0x1043A770: "Chapters", 0x1941A469: "Attachments", 0x1F43B675: "Cluster",
}  # fmt: skip
_CRC: Final = b"\xbf\x84"
"""Id and size of a CRC-32 element."""
_BLOCK: Final = 1 << 20


def wrong(path: Path, stop: Callable[[], bool] = lambda: False) -> list[str]:
    """What is damaged by its checksum, in words: headers by name, clusters by number. [] for other containers.

    `stop` is asked after each element: whether the time is up.
    """
    damaged: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    with path.open("rb") as file:
        for kind, start, length in _elements(file):
            if name := _NAMES.get(kind):
                number = counts[name] = counts.get(name, 0) + 1
                if not _holds(file, start, length):
                    damaged.setdefault(name, []).append(number)
            if stop():
                break
    return [f"the checksum of {_tell(name, numbers, counts[name])} is wrong" for name, numbers in damaged.items()]


def _tell(name: str, numbers: list[int], count: int) -> str:
    if count == 1:
        return name
    return f"{name} {', '.join(map(str, numbers[:5]))}{' and more' if len(numbers) > 5 else ''} of {count}"


def _elements(file: IO[bytes]) -> Iterator[tuple[int, int, int]]:
    """(id, start, length) of what each element of the segment holds, up to the first that makes no sense."""
    kind, length = _head(file)
    if kind != _EBML or length is None:
        return
    file.seek(length, 1)
    kind, length = _head(file)
    if kind != _SEGMENT:
        return
    while True:
        kind, length = _head(file)
        start = file.tell()
        if kind is None or length is None:
            return
        yield kind, start, length
        file.seek(start + length)


def _holds(file: IO[bytes], start: int, length: int) -> bool:
    """Whether the element keeps its checksum; True where it has none, or ends after the file."""
    file.seek(start)
    if length < 6 or file.read(2) != _CRC:
        return True
    stated, now, left = int.from_bytes(file.read(4), "little"), 0, length - 6
    while left:
        block = file.read(min(left, _BLOCK))
        if not block:
            return True
        now, left = zlib.crc32(block, now), left - len(block)
    return now == stated


def _head(file: IO[bytes]) -> tuple[int | None, int | None]:
    """Id and length of the element that begins here; None for what is none, and for a length left open."""
    first = file.read(1)
    if not first or first[0] < 0x10:
        return None, None
    kind = int.from_bytes(first + file.read(8 - first[0].bit_length()), "big")
    first = file.read(1)
    if not first or not first[0]:
        return kind, None
    width = 8 - first[0].bit_length()
    length = int.from_bytes(first + file.read(width), "big") & ((1 << 7 * (width + 1)) - 1)
    return kind, None if length == (1 << 7 * (width + 1)) - 1 else length
