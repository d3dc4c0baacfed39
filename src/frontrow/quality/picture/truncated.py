"""Truncated files: less comes out than the header states, or picture and sound do not end together."""

from __future__ import annotations

from typing import Final

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, StreamFacts
from frontrow.quality.picture.rules import PictureRules

_STRAY_FRAMES: Final = 2
"""Frames that an index may count and a decoder rightly leave out: before an edit list's start."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Streams that end before their stated length (error), ends of picture and sound apart (warn)."""
    streams = [x for x in measured.facts.streams if x.kind in {"video", "audio"} and x.end_s > 0]
    found = [finding for stream in streams if (finding := _short(measured, stream, rules))]
    video = next((stream for stream in streams if stream.kind == "video"), None)
    audio = next((stream for stream in streams if stream.kind == "audio"), None)
    if not found and video and audio:
        apart = abs(video.end_s - audio.end_s)
        if apart > max(rules.ends_apart_s, 0.02 * max(video.end_s, audio.end_s)):
            first, later = sorted((video, audio), key=lambda stream: stream.end_s)
            detail = f"{first.kind} ends {apart:.1f} s before {later.kind}"
            found.append(
                Finding("truncated", "warn", first.end_s, later.end_s, 0.6, detail, {"apart_s": apart}, first.index)
            )
    return found


def _short(measured: Measurements, stream: StreamFacts, rules: PictureRules) -> Finding | None:
    stated = stream.start_s + stream.duration_s if stream.duration_s else 0.0
    if not stated and stream.kind == "video":
        stated = measured.facts.duration_s
    missing = stated - stream.end_s
    frames = _missing_frames(measured, stream)
    if missing <= max(rules.missing_s, 0.01 * stated) and frames <= max(_STRAY_FRAMES, 0.001 * stream.stated_frames):
        return None
    if missing <= 0:
        detail = f"{frames} of the {stream.stated_frames} frames that the index counts did not come out"
        return Finding("truncated", "error", 0.0, stream.end_s, 0.9, detail, {"missing": frames}, stream.index)
    detail = f"{stream.kind} ends at {stream.end_s:.1f} s; the header states {stated:.1f} s: the file is cut off"
    return Finding("truncated", "error", stream.end_s, stated, 0.95, detail, {"missing_s": missing}, stream.index)


def _missing_frames(measured: Measurements, stream: StreamFacts) -> int:
    """Frames that the index of an MP4 or MOV counts and the picture does not have."""
    if stream.kind != "video" or measured.picture is None or not stream.stated_frames:
        return 0
    return stream.stated_frames - len(measured.picture["at_s"])
