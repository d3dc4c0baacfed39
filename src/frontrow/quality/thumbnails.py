"""Small pictures of a film at the times of its findings, for reports and for the reviewer's page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from frontrow.errors import UnreadableMedia
from frontrow.media import guard

if TYPE_CHECKING:
    from frontrow.media.child import Context
    from frontrow.quality.findings import Finding

LONGEST: Final = 240
"""Pixels of the longer side: evidence at a glance, 24 of them in half a megabyte."""
MOST: Final = 24
_LIMITS: Final = guard.Limits(time_s=60.0)
_RANK: Final = {"error": 0, "warn": 1, "info": 2}
_JPEG_QUALITY: Final = 72


def pictures(path: Path, findings: Sequence[Finding]) -> dict[float, bytes]:
    """JPEG files by time (`time_of` a finding), of the gravest findings; empty where nothing decodes."""
    order = sorted(findings, key=lambda x: (_RANK[x.severity], -x.confidence))
    times = sorted(list(dict.fromkeys(time_of(x) for x in order))[:MOST])
    found: dict[float, bytes] = {}
    if not times:
        return found

    def take(part: Any) -> None:
        place, data = part
        found[times[place]] = data

    try:
        arguments = {"path": str(path.resolve()), "times_s": times}
        guard.run("frontrow.quality.thumbnails:make", arguments, _LIMITS, part=take)
    except UnreadableMedia:  # sound alone, or damaged: the findings say so, and pictures are an extra
        pass
    return found


def time_of(finding: Finding) -> float:
    """Where to look at a finding, seconds."""
    return look_at(finding.start_s, finding.end_s)


def look_at(start_s: float, end_s: float) -> float:
    """The middle of a short span, a second into a long one."""
    return round(max(0.0, start_s) + min((end_s - start_s) / 2, 1.0), 3)


def make(context: Context, path: str, times_s: list[float]) -> None:
    """In the child: send (place, JPEG) of the frame at each of the ascending times."""
    from PIL import Image

    from frontrow.media.decode import Film
    from frontrow.media.picture import picture

    with Film(Path(path), context) as film:
        for place, frame in film.frames_at(times_s):
            buffer = io.BytesIO()
            Image.fromarray(picture(frame, film.pixel_aspect, (0.0, 0.0, 0.0, 0.0), LONGEST)).save(
                buffer, "JPEG", quality=_JPEG_QUALITY
            )
            context.part([place, buffer.getvalue()])
