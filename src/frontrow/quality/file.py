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
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontrow.errors import UnreadableMedia, UnsupportedMedia
from frontrow.quality.findings import Finding

_FRESH_S: Final = 60.0
"""A file without an index that was written to so lately is taken to be still on its way, seconds."""
_MOST_ATOMS: Final = 1_000


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
        if time.time() - self.written_s < _FRESH_S and self._lacks_index():
            detail = f"{self.path.name} has no index yet and was written to a moment ago: wait until it is whole"
            return Finding("growing", "error", 0.0, 0.0, 0.8, detail, {"size": self.size})
        return Finding("unreadable", "error", 0.0, 0.0, 1.0, str(error), {"size": self.size})

    def _lacks_index(self) -> bool:
        """Whether an MP4 or MOV has no `moov` atom: it is written last."""
        at = 0
        try:
            with self.path.open("rb") as file:
                for _ in range(_MOST_ATOMS):
                    head = file.read(16)
                    if len(head) < 8:
                        return True
                    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
                    if kind == b"moov" or not kind.isalnum():
                        return False
                    at += int.from_bytes(head[8:16], "big") if size == 1 else size or self.size
                    if size != 1 and 0 < size < 8:
                        return False
                    file.seek(at)
        except OSError:
            return False
        return False
