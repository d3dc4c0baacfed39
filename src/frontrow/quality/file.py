"""The file itself: why it cannot be read, and whether somebody still writes to it.

watch = file.Watch.begin(path)
try:
    measured = probe.measure(path)
except UnreadableMedia as error:
    findings = [watch.refused(error)]
else:
    findings = watch.grown()
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontrow.errors import UnreadableMedia, UnsupportedMedia
from frontrow.quality.findings import Finding

_FRESH_S: Final = 60.0
"""A file without an index that was written to so lately is taken to be still on its way, seconds."""
_MOST_ATOMS: Final = 1_000
_FIRST_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"


@dataclass(frozen=True)
class Watch:
    """How a file was before it was inspected."""

    path: Path
    size: int
    written_s: float

    @classmethod
    def begin(cls, path: Path) -> Watch:
        """Note the file's size and time of writing; a file that is not there has size 0."""
        try:
            stat = path.stat()
        except OSError:
            return cls(path, 0, 0.0)
        return cls(path, stat.st_size, stat.st_mtime)

    def grown(self) -> list[Finding]:
        """A finding when the file has changed since."""
        now = Watch.begin(self.path)
        if (now.size, now.written_s) == (self.size, self.written_s):
            return []
        detail = (
            f"the file changed while it was inspected ({self.size:,} bytes, now {now.size:,}): wait until it is whole"
        )
        return [Finding("growing", "error", 0.0, 0.0, 1.0, detail, {"before": self.size, "now": now.size})]

    def refused(self, error: UnreadableMedia) -> Finding:
        """Why the file could not be read: growing, unsupported or unreadable."""
        if grown := self.grown():
            return grown[0]
        if isinstance(error, UnsupportedMedia):
            return Finding("unsupported", "error", 0.0, 0.0, 1.0, str(error), {"size": self.size})
        if self.size and time.time() - self.written_s < _FRESH_S and self._lacks_index():
            detail = f"{self.path.name} has no index yet and was written to a moment ago: wait until it is whole"
            return Finding("growing", "error", 0.0, 0.0, 0.8, detail, {"size": self.size})
        return Finding("unreadable", "error", 0.0, 0.0, 1.0, str(error), {"size": self.size})

    def cut_off(self) -> list[Finding]:
        """A finding when the outermost parts of the file claim more bytes than there are."""
        try:
            claimed = _claimed_bytes(self.path, self.size)
        except OSError:
            return []
        if claimed <= self.size:
            return []
        detail = f"the file claims {claimed:,} bytes and has {self.size:,}: its end is missing"
        return [Finding("truncated", "error", 0.0, 0.0, 0.95, detail, {"claimed": claimed, "size": self.size})]

    def _lacks_index(self) -> bool:
        """Whether an MP4 or MOV has no `moov` atom: it is written last."""
        try:
            kinds = [kind for kind, _ in _atoms(self.path, self.size)]
        except OSError:
            return False
        return bool(kinds) and kinds[0] in _FIRST_ATOMS and b"moov" not in kinds


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


def _claimed_bytes(path: Path, size: int) -> int:
    """How long the file should be by its own words; 0 where it does not say."""
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] in _FIRST_ATOMS:
        return max((end for _, end in _atoms(path, size)), default=0)
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"WAVE"):
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] == _EBML:
        return _segment_end(head)
    return 0


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
