"""The file itself: why it cannot be read, and whether somebody still writes to it.

watch = file.Watch.begin(path)
try:
    measured = probe.measure(path)
except UnreadableMedia as error:
    findings = [watch.refused(error)]
else:
    findings = [*watch.grown(), *watch.cut_off()]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontrow.errors import UnreadableMedia, UnsupportedMedia
from frontrow.media.outline import Outline, outline
from frontrow.quality.findings import Finding

_FRESH_S: Final = 60.0
"""A file without an index that was written to so lately is taken to be still on its way, seconds."""


@dataclass(frozen=True)
class Watch:
    """How a file was before it was inspected."""

    path: Path
    before: Outline

    @classmethod
    def begin(cls, path: Path) -> Watch:
        """Note the file's size and time of writing; a file that is not there has size 0."""
        return cls(path, outline(path))

    def grown(self) -> list[Finding]:
        """A finding when the file has changed since."""
        now, size = outline(self.path), self.before.size
        if (now.size, now.written_s) == (size, self.before.written_s):
            return []
        detail = f"the file changed while it was inspected ({size:,} bytes, now {now.size:,}): wait until it is whole"
        return [Finding("growing", "error", 0.0, 0.0, 1.0, detail, {"before": size, "now": now.size})]

    def refused(self, error: UnreadableMedia) -> Finding:
        """Why the file could not be read: growing, unsupported or unreadable."""
        if grown := self.grown():
            return grown[0]
        size = self.before.size
        if isinstance(error, UnsupportedMedia):
            return Finding("unsupported", "error", 0.0, 0.0, 1.0, str(error), {"size": size})
        if self.before.lacks_index and self.before.age_s < _FRESH_S:
            detail = f"{self.path.name} has no index yet and was written to a moment ago: wait until it is whole"
            return Finding("growing", "error", 0.0, 0.0, 0.8, detail, {"size": size})
        return Finding("unreadable", "error", 0.0, 0.0, 1.0, str(error), {"size": size})

    def cut_off(self) -> list[Finding]:
        """A finding when the outermost parts of the file claim more bytes than there are, or fewer."""
        size, claimed, foreign = self.before.size, self.before.claimed_bytes, self.before.foreign_bytes
        if foreign:
            detail = f"{foreign:,} bytes follow after the end that the file claims: something was inserted or appended"
            return [Finding("decode_error", "warn", 0.0, 0.0, 0.7, detail, {"claimed": claimed, "size": size})]
        if claimed <= size:
            return []
        detail = f"the file claims {claimed:,} bytes and has {size:,}: its end is missing"
        return [Finding("truncated", "error", 0.0, 0.0, 0.95, detail, {"claimed": claimed, "size": size})]
