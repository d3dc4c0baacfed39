"""SubStation Alpha (ASS, SSA): sections like an INI file; `Format:` names the fields of the `Dialogue:` lines."""

from __future__ import annotations

import re
from typing import Final

from frontrow.quality.subtitles.markup import read_overrides
from frontrow.quality.subtitles.srt import seconds
from frontrow.quality.subtitles.track import Cue, Fault, Parsed

_TIME: Final = re.compile(r"\s*(-?)(\d{1,3}):(\d{1,2}):(\d{1,2})([.:,])(\d{1,3})\s*")
_FIELDS: Final = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")


def parse(text: str) -> Parsed:
    """Cues of a script; drawings and comments are left out.

    `position` names alignment or coordinates, else a style other than the first: signs and dialogue may stand at once.
    """
    section, fields = "", list(_FIELDS)
    styles: dict[str, bool] = {}
    style_fields: list[str] = []
    cues: list[Cue] = []
    faults: list[Fault] = []
    language = ""
    for line_no, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("["):
            section = line.strip().strip("[]").lower()
            continue
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if not colon or line.startswith((";", "!")):
            if section == "events" and line.strip() and not line.startswith((";", "!")):
                faults.append(Fault("syntax", f"text outside a line of dialogue: {line.strip()[:60]!r}", line_no))
        elif key == "language" and section == "script info":
            language = value.strip()[:20]
        elif key == "format":
            names = [name.strip().lower() for name in value.split(",")]
            if section == "events":
                fields = names
            else:
                style_fields = names
        elif key == "style":
            row = dict(zip(style_fields, (x.strip() for x in value.split(",")), strict=False))
            styles[row.get("name", "").lstrip("*")] = row.get("italic", "0") not in {"0", ""}
        elif key == "dialogue":
            _dialogue(value, fields, styles, line_no, cues, faults)
    if not cues and not faults:
        faults.append(Fault("syntax", "no [Events] with lines of dialogue", severity="error"))
    return Parsed(tuple(cues), tuple(faults), language)


def _dialogue(
    value: str, fields: list[str], styles: dict[str, bool], line_no: int, cues: list[Cue], faults: list[Fault]
) -> None:
    parts = value.split(",", max(0, len(fields) - 1))
    row = dict(zip(fields, parts, strict=False))
    start, end = _TIME.fullmatch(row.get("start", "")), _TIME.fullmatch(row.get("end", ""))
    if start is None or end is None or len(parts) < len(fields):
        faults.append(Fault("syntax", f"not a valid line of dialogue: {value.strip()[:60]!r}", line_no, "error"))
        return
    start_s, end_s = seconds(start.groups()), seconds(end.groups())
    if start.group(1) or end.group(1):
        faults.append(Fault("syntax", "a negative time", line_no, at_s=start_s))
    marked = read_overrides(row.get("text", ""))
    faults += [Fault("syntax", said, line_no, at_s=start_s) for said in marked.faults]
    style = row.get("style", "").strip().lstrip("*")
    if styles and style not in styles:
        faults.append(Fault("syntax", f"style {style[:40]!r} is not defined", line_no, at_s=start_s))
    if marked.lines:
        first = next(iter(styles), style)
        position = marked.position or (f"style {style}" if style != first else "")
        cues.append(Cue(start_s, end_s, marked.lines, marked.italics or styles.get(style, False), position, line_no))
