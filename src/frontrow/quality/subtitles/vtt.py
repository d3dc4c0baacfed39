"""WebVTT (W3C): a header, then blocks apart by empty lines; cue settings give the position."""

from __future__ import annotations

import re
from typing import Final

from frontrow.quality.subtitles.markup import read_tags
from frontrow.quality.subtitles.srt import seconds
from frontrow.quality.subtitles.track import Cue, Fault, Parsed

_TIME: Final = r"(-?)(?:(\d{1,4}):)?(\d{1,3}):(\d{1,3})(?:([.,])(\d{1,6}))?"
_TIMING: Final = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(.*)$")
_NUMBER: Final = r"\d{1,7}(?:\.\d{1,7})?"
_SETTINGS: Final = {
    "vertical": re.compile(r"rl|lr"),
    "line": re.compile(rf"(?:-?\d{{1,5}}|{_NUMBER}%)(?:,(?:start|center|end))?"),
    "position": re.compile(rf"{_NUMBER}%(?:,(?:line-left|center|line-right))?"),
    "size": re.compile(rf"{_NUMBER}%"),
    "align": re.compile(r"start|center|end|left|right"),
    "region": re.compile(r"\S+"),
}
_PERCENT: Final = re.compile(rf"({_NUMBER})%")


def parse(text: str) -> Parsed:
    """Cues of a WebVTT file."""
    lines = text.removeprefix("\ufeff").split("\n")
    faults: list[Fault] = []
    if not re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        faults.append(Fault("syntax", "the first line is not WEBVTT", 1, "error"))
    language = ""
    cues: list[Cue] = []
    begin = 0
    for place in range(len(lines) + 1):
        if place < len(lines) and lines[place].strip():
            continue
        block = lines[begin:place]
        if block:
            if begin == 0:
                language = _language(block)
            _read_block(block, begin, cues, faults)
        begin = place + 1
    return Parsed(tuple(cues), tuple(faults), language)


def _language(header: list[str]) -> str:
    for line in header:
        if line.lower().startswith("language:"):
            return line.partition(":")[2].strip()[:20]
    return ""


def _read_block(block: list[str], begin: int, cues: list[Cue], faults: list[Fault]) -> None:
    arrows = [place for place, line in enumerate(block) if "-->" in line]
    if not arrows:
        first = block[0].split(" ")[0].strip()
        if begin > 0 and first not in {"NOTE", "STYLE", "REGION"}:
            faults.append(Fault("syntax", f"text outside a cue: {block[0].strip()[:60]!r}", begin + 1))
        return
    if block[0].startswith(("NOTE", "STYLE", "REGION")) and arrows[0] > 0:
        faults.append(Fault("syntax", "a comment or style holds an arrow", begin + 1))
        return
    for number, place in enumerate(arrows):
        line_no = begin + place + 1
        until = arrows[number + 1] if number + 1 < len(arrows) else len(block)
        if number or place > 1:
            faults.append(Fault("syntax", "no empty line before this cue", line_no))
        found = _TIMING.match(block[place])
        if not found:
            faults.append(
                Fault("syntax", f"not a valid line of times: {block[place].strip()[:60]!r}", line_no, "error")
            )
            continue
        start_s, end_s = seconds(found.groups()[:6]), seconds(found.groups()[6:12])
        marked = read_tags(block[place + 1 : until], webvtt=True)
        settings = found.group(13)
        said = [*_timing_faults(found), *_setting_faults(settings), *marked.faults]
        faults += [Fault("syntax", what, line_no, at_s=start_s) for what in said]
        cues.append(Cue(start_s, end_s, marked.lines, marked.italics, " ".join(settings.split()), line_no))


def _timing_faults(found: re.Match[str]) -> list[str]:
    groups = found.groups()
    said = []
    for sign, _, minutes, whole, mark, decimals in (groups[:6], groups[6:12]):
        if sign:
            said.append("a negative time")
        if mark != "." or len(decimals or "") != 3:
            said.append("a time that is not written mm:ss.mmm")
        if int(minutes) > 59 or int(whole) > 59:
            said.append("more than 59 minutes or seconds")
    return list(dict.fromkeys(said))


def _setting_faults(settings: str) -> list[str]:
    said = []
    if settings and not settings[0].isspace():
        said.append("no space after the times")
    for setting in settings.split():
        name, colon, value = setting.partition(":")
        pattern = _SETTINGS.get(name)
        if not colon or pattern is None:
            said.append(f"unknown setting {setting[:40]!r}")
        elif not pattern.fullmatch(value) or any(float(x) > 100 for x in _PERCENT.findall(value)):
            said.append(f"{name} cannot be {value[:40]!r}")
    return said
