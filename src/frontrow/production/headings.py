"""Scene headings as writers vary them, brought to one form: interior or exterior, set, time of day."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PREFIX = re.compile(
    r"^\s*(?P<where>(?:INT(?:ERIOR)?|EXT(?:ERIOR)?|EST(?:ABLISHING)?|I)\.?(?:\s*[/\-&]\s*(?:INT(?:ERIOR)?|EXT(?:ERIOR)?|E)\.?)?)"
    r"(?P<gap>[\s.:\-]+)(?P<rest>\S.*)$",
    re.IGNORECASE,
)
_TIMES = {
    "DAY": "day", "MORNING": "day", "AFTERNOON": "day", "NOON": "day", "MIDDAY": "day", "LATE AFTERNOON": "day",
    "EARLY MORNING": "day", "LATE MORNING": "day", "NIGHT": "night", "EVENING": "night", "MIDNIGHT": "night",
    "LATE NIGHT": "night", "DAWN": "dawn", "SUNRISE": "dawn", "FIRST LIGHT": "dawn", "DAYBREAK": "dawn",
    "DUSK": "dusk", "SUNSET": "dusk", "TWILIGHT": "dusk", "MAGIC HOUR": "dusk", "GOLDEN HOUR": "dusk",
}  # fmt: skip
_SAME = {"CONTINUOUS", "CONT", "CONT'D", "LATER", "SAME", "SAME TIME", "MOMENTS LATER", "MOMENT LATER", "SECONDS LATER",
         "MINUTES LATER", "A MOMENT LATER"}  # fmt: skip
_QUALIFIERS = {
    "NEXT",
    "EARLY",
    "LATE",
    "THAT",
    "LATER",
    "THE",
    "SAME",
    "FOLLOWING",
    "FIRST",
    "PRE",
    "AFTER",
    "MID",
    "AND",
    "OR",
}
_ASIDES = {
    "FLASHBACK",
    "FLASH FORWARD",
    "PRESENT",
    "PRESENT DAY",
    "DREAM",
    "MONTAGE",
    "ESTABLISHING",
    "STOCK",
    "INTERCUT",
}
_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_DASHES = re.compile(r"\s+[-–—]+\s+|\s*[–—]+\s*|\s+--+\s*")
_TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


@dataclass(frozen=True)
class Heading:
    """A heading taken apart. `time` is empty when it says none or "the same"."""

    int_ext: str
    set: str
    time: str
    certain: bool  # whether a known time of day was named


def is_heading(line: str) -> bool:
    """Whether a line is a scene heading by its beginning."""
    match = _PREFIX.match(line.translate(_TYPOGRAPHIC))
    if match is None:
        return False
    where = match["where"].upper().rstrip(".")
    return where != "I" and (
        "." in match["where"] + match["gap"] or "/" in where or line.strip() == line.strip().upper()
    )


def parse(line: str) -> Heading:
    """Take a heading apart; what is unknown is interior, and its whole text the set."""
    text = " ".join(line.translate(_TYPOGRAPHIC).upper().split())
    match = _PREFIX.match(text)
    where, rest = (match["where"], match["rest"]) if match else ("INT", text)
    both = re.search(r"[/\-&]", where) is not None
    int_ext = "I/E" if both else "EXT" if where.startswith("E") else "INT"
    rest = re.sub(r"\s#\S.*$", "", _BRACKETS.sub("", rest)).strip(" .-")
    parts = [part.strip(" .,") for part in _DASHES.split(rest) if part.strip(" .,")]
    while len(parts) > 1 and parts[-1] in _ASIDES:
        parts.pop()
    time, certain = "", False
    if parts and _time(parts[-1]) is None and re.search(r"[,.]", parts[-1]):  # INT. KITCHEN, DAY
        name, _, last = re.sub(r"[,.](?=[^,.]*$)", "\0", parts[-1]).partition("\0")
        if name.strip() and _time(last.strip()) is not None:
            parts[-1:] = [name.strip(" .,"), last.strip()]
    while parts:
        found = _time(parts[-1])
        if found is None:
            break
        parts.pop()
        if found:
            time, certain = time or found, True
    name = " - ".join(parts) or rest or "UNNAMED SET"
    return Heading(int_ext, re.sub(r"^THE ", "", name), time, certain)


def _time(part: str) -> str | None:
    """The time of day a part of a heading names; "" for "the same as before"; None when it names none."""
    if part in _TIMES:
        return _TIMES[part]
    if part in _SAME or part.endswith("LATER") or part.startswith("SAME"):
        return ""
    words = re.split(r"[\s/,]+", part)
    if any(word in _TIMES for word in words) and all(word in _TIMES or word in _QUALIFIERS for word in words):
        return next(_TIMES[word] for word in words if word in _TIMES)
    return None


def place_of(set_name: str) -> str:
    """The building or area a set belongs to: what stands before the first dash, slash or comma."""
    return re.split(r"\s+-\s+|\s*/\s*|,\s*", set_name)[0].strip() or set_name
