"""Findings as markers that editing systems read, an EDL (CMX 3600) with locators and CSV; cues as players read them.

Timecodes count frames at the film's own rate; at 29.97 and 59.94 frames a second they drop numbers (two, or four, at
each minute but every tenth), so that they stay with the clock (SMPTE ST 12-1).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements

FALLBACK_RATE: Final = 25.0
"""Frames a second where the file has no picture, or tells no usable rate."""
_COLOUR: Final = {"error": "RED", "warn": "YELLOW", "info": "CYAN"}
_TITLE_CHARACTERS: Final = 70
_COLUMNS: Final = (
    "code", "severity", "confidence", "timecode_in", "timecode_out", "start_s", "end_s", "stream", "detail",
)  # fmt: skip


def rate_of(measured: Measurements | None) -> float:
    """Frames a second of the film's picture."""
    videos = measured.facts.of("video") if measured else ()
    rate = videos[0].frame_rate if videos else 0.0
    return rate if 1.0 <= rate <= 240.0 else FALLBACK_RATE


def timecode(at_s: float, rate: float) -> str:
    """hh:mm:ss:ff of the frame shown at `at_s`; with `;` before the frame where numbers are dropped."""
    number = max(0, round(at_s * rate))
    whole = round(rate)
    drops = _is_dropping(rate)
    if drops:
        skipped = whole // 15  # 2 numbers at 29.97, 4 at 59.94
        ten_minutes, minute = whole * 600 - 9 * skipped, whole * 60 - skipped
        tens, rest = divmod(number, ten_minutes)
        number += 9 * skipped * tens
        if rest >= whole * 60:
            number += skipped * ((rest - whole * 60) // minute + 1)
    seconds, frame = divmod(number, whole)
    mark = ";" if drops else ":"
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{frame:02d}"


def edl(findings: Sequence[Finding], title: str, rate: float) -> str:
    """A CMX 3600 list with one event and one locator a finding; source and record run from zero alike."""
    mode = "DROP FRAME" if _is_dropping(rate) else "NON-DROP FRAME"
    lines = [f"TITLE: {_plain(title)[:_TITLE_CHARACTERS]}", f"FCM: {mode}"]
    for number, finding in enumerate(findings, start=1):
        first, last = _span(finding, rate)
        lines.append(f"{number % 1000:03d}  AX       V     C        {first} {last} {first} {last}")
        lines.append(f"* LOC: {first} {_COLOUR[finding.severity]:<7} {finding.code}: {_plain(finding.detail)}")
    return "\r\n".join(lines) + "\r\n"


def table(findings: Sequence[Finding], rate: float) -> str:
    """The findings as CSV with a header: timecodes, seconds, and what was found."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for x in findings:
        stream = "" if x.stream is None else x.stream
        writer.writerow(
            (x.code, x.severity, f"{x.confidence:.3f}", *_span(x, rate), f"{x.start_s:.3f}", f"{x.end_s:.3f}", stream,
             _harmless(x.detail))
        )  # fmt: skip
    return text.getvalue()


def webvtt(track: Any) -> str:
    """The cues of a subtitle track as WebVTT, for a browser's player."""
    parts = ["WEBVTT\n"]
    for cue in track.cues:
        if 0 <= cue.start_s < cue.end_s:
            text = escape("\n".join(line for line in cue.lines if line.strip()), quote=False)
            parts.append(f"{_vtt_clock(cue.start_s)} --> {_vtt_clock(cue.end_s)}\n{text}\n")
    return "\n".join(parts)


def _vtt_clock(at_s: float) -> str:
    ms = round(at_s * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def _span(finding: Finding, rate: float) -> tuple[str, str]:
    """First frame, and the one after the last: an event is at least one frame long."""
    first_s = max(0.0, finding.start_s)
    return timecode(first_s, rate), timecode(max(finding.end_s, first_s + 1 / rate), rate)


def _is_dropping(rate: float) -> bool:
    return any(abs(rate - whole * 1000 / 1001) < 0.005 for whole in (30, 60))


def _plain(words: str) -> str:
    """One line of ASCII, all that a CMX list may hold."""
    return " ".join(words.encode("ascii", "replace").decode().split())


def _harmless(words: str) -> str:
    """Words that no spreadsheet takes for a formula: details may quote what a subtitle says."""
    return f"'{words}" if words[:1] in ("=", "+", "-", "@", "\t", "\r") else words
