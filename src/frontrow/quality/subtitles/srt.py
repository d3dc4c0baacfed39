"""SubRip: number, times, lines, an empty line. Read by line, so that one broken cue does not lose the next."""

from __future__ import annotations

import re
from typing import Final

from frontrow.quality.subtitles.markup import read_tags
from frontrow.quality.subtitles.track import Cue, Fault, Parsed

_TIME: Final = r"(-?)(?:(\d{1,3}):)?(\d{1,3}):(\d{1,3})(?:([.,:])(\d{1,6}))?"
_TIMING: Final = re.compile(rf"^\s*{_TIME}\s*-{{1,2}}>\s*{_TIME}\s*(.*)$")


def parse(text: str) -> Parsed:
    """Cues of a SubRip file, numbered or not."""
    lines = text.split("\n")
    arrows = [place for place, line in enumerate(lines) if "-->" in line or ("->" in line and _TIMING.match(line))]
    starts = [place for place in arrows if _TIMING.match(lines[place])]
    ends = dict(zip(arrows, [*arrows[1:], len(lines)], strict=True))
    cues: list[Cue] = []
    faults = _stray(lines, arrows, starts)
    last_number: int | None = None
    jumps: list[int] = []
    for place in starts:
        following = ends[place]
        found = _TIMING.match(lines[place])
        assert found is not None
        start_s, end_s = seconds(found.groups()[:6]), seconds(found.groups()[6:12])
        numbered = place > 0 and lines[place - 1].strip().isdecimal()
        if numbered:
            number = int(lines[place - 1].strip()[:9])
            if last_number is not None and number != last_number + 1:
                jumps.append(place)
            last_number = number
        body = lines[place + 1 : following]
        if following < len(lines) and body and body[-1].strip().isdecimal():
            body = body[:-1]  # the number of the next cue
            if body and body[-1].strip():
                faults.append(Fault("syntax", "no empty line before this cue", following + 1, at_s=start_s))
        while body and not body[-1].strip():
            body.pop()
        marked = read_tags(body)
        faults += [Fault("syntax", said, place + 1, at_s=start_s) for said in marked.faults]
        faults += _timing_faults(found, place + 1, start_s)
        if any(not line.strip() for line in body):
            faults.append(
                Fault("syntax", "an empty line inside a cue ends it in most players", place + 1, at_s=start_s)
            )
        position = marked.position or found.group(13).strip()
        cues.append(Cue(start_s, end_s, marked.lines, marked.italics, position, place + 1))
    if jumps:
        what = f"{len(jumps)} cues are not numbered one after another"
        faults.append(Fault("syntax", what, jumps[0], "info", at_s=None))
    return Parsed(tuple(cues), tuple(faults))


def seconds(parts: tuple[str | None, ...]) -> float:
    """(sign, hours, minutes, seconds, mark, decimals) as seconds; decimals count as a fraction."""
    sign, hours, minutes, whole, _, decimals = parts
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(whole or 0)
    value = total + (int(decimals) / 10 ** len(decimals) if decimals else 0.0)
    return -value if sign else value


def _timing_faults(found: re.Match[str], line_no: int, at_s: float) -> list[Fault]:
    groups = found.groups()
    said: list[str] = []
    for sign, hours, minutes, whole, mark, decimals in (groups[:6], groups[6:12]):
        if sign:
            said.append("a negative time")
        if hours is None:
            said.append("a time without hours")
        if mark != "," or len(decimals or "") != 3:
            said.append("a time that is not written hh:mm:ss,mmm")
        if int(minutes) > 59 or int(whole) > 59:
            said.append("more than 59 minutes or seconds")
    return [Fault("syntax", what, line_no, at_s=at_s) for what in dict.fromkeys(said)]


def _stray(lines: list[str], arrows: list[int], starts: list[int]) -> list[Fault]:
    """Arrows that are no timing, and text before the first cue."""
    timings = set(starts)
    faults = [
        Fault("syntax", f"not a valid line of times: {lines[place].strip()[:60]!r}", place + 1, "error")
        for place in arrows
        if place not in timings
    ]
    first = arrows[0] if arrows else len(lines)
    head = [place for place in range(first) if lines[place].strip("\ufeff \t")]
    if head and not (arrows and head == [first - 1] and lines[first - 1].strip("\ufeff \t").isdecimal()):
        faults.append(Fault("syntax", "text before the first cue", head[0] + 1))
    return faults[:1000]
