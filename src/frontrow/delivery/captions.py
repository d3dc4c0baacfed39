"""Subtitles for the web: SubRip or WebVTT in, WebVTT out."""

from __future__ import annotations

import re

from frontrow.delivery.thumbnails import timestamp
from frontrow.errors import InputError

_TIMES = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})[,.](\d{1,3})\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{2})[,.](\d{1,3})")
_KEPT = re.compile(r"&lt;(/?)([ibu])&gt;", re.IGNORECASE)
_DROPPED = re.compile(r"</?font[^>]*>", re.IGNORECASE)
_OVERRIDE = re.compile(r"\{\\[^}]*\}")
_ON_TOP = re.compile(r"\{\\an[789]\}")


def to_webvtt(text: str, name: str) -> str:
    """`text` as WebVTT. Italics, bold and underline stay, `{\\an8}` becomes a line at the top, other styling goes.

    Raises InputError, naming `name` and the line, for a cue that ends before it begins or a file without cues.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if text.startswith("WEBVTT"):
        return text if text.endswith("\n") else text + "\n"
    cues: list[str] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        found = _TIMES.match(lines[at].strip())
        at += 1
        if not found:
            continue  # a number, or an empty line
        start_s, end_s = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
        if end_s <= start_s:
            raise InputError(f"{name}, line {at}: the subtitle ends at {end_s:g} s, before it begins; mend its times")
        said = []
        while at < len(lines) and lines[at].strip():
            said.append(lines[at])
            at += 1
        spoken = "\n".join(said)
        place = " line:0" if _ON_TOP.search(spoken) else ""
        if clean := _clean(spoken):
            cues.append(f"{timestamp(start_s)} --> {timestamp(end_s)}{place}\n{clean}")
    if not cues:
        raise InputError(f"{name} holds no subtitle; SubRip (.srt) and WebVTT (.vtt) are read")
    return "WEBVTT\n\n" + "\n\n".join(cues) + "\n"


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return (
        int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + int((fraction or "0").ljust(3, "0")) / 1e3
    )


def _clean(spoken: str) -> str:
    plain = _DROPPED.sub("", _OVERRIDE.sub("", spoken)).strip()
    escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _KEPT.sub(lambda found: f"<{found[1]}{found[2].lower()}>", escaped)
