"""Scene headings as writers vary them, brought to one form: interior or exterior, set, time of day."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_INSIDE = "INT(?:ERIOR)?|INNEN|INTÉRIEUR|INTERNO|ИНТ"
_OUTSIDE = "EXT(?:ERIOR)?|EST(?:ABLISHING)?|AU(?:SS|ß|ẞ)EN|EXTÉRIEUR|ESTERNO|НАТ|ЭКСТ"
_PREFIX = re.compile(
    rf"^\s*(?P<where>(?:{_INSIDE}|{_OUTSIDE}|I|E)\.?(?:\s*[/\-&]\s*(?:{_INSIDE}|{_OUTSIDE}|E|I)\.?)?)"
    r"(?P<gap>[\s.:\-–—]+)(?P<rest>\S.*)$",
    re.IGNORECASE,
)
_MARKED_NUMBER = re.compile(r"\s*#([^#\s]{1,16})#")
_LEADING_NUMBER = re.compile(r"^\s*(\d{1,4}[A-Z]{0,3}|[A-Z]{1,2}\d{1,4}[A-Z]?)[.)]?\s+(?=\S)")
_TAGS = re.compile(r"(?:\s+#[^\W\d][\w:]*\??)+\s*$")
_WORDS = {
    "day": "DAY DAYTIME MORNING AFTERNOON NOON MIDDAY TAG MORGEN MITTAG VORMITTAG NACHMITTAG JOUR MATIN MIDI DÍA DIA "
    "MAÑANA TARDE MANHÃ GIORNO MATTINA POMERIGGIO DAG ДЕНЬ УТРО",
    "night": "NIGHT EVENING MIDNIGHT NACHT ABEND NUIT SOIR NOCHE NOITE NOTTE SERA AVOND NOC НОЧЬ ВЕЧЕР",
    "dawn": "DAWN SUNRISE SUNUP DAYBREAK FIRST-LIGHT MORGENGRAUEN SONNENAUFGANG AUBE AMANECER ALBA РАССВЕТ",
    "dusk": "DUSK SUNSET SUNDOWN TWILIGHT MAGIC-HOUR GOLDEN-HOUR DÄMMERUNG SONNENUNTERGANG CRÉPUSCULE ATARDECER "
    "TRAMONTO ЗАКАТ",
}
_TIMES = {word: time for time, words in _WORDS.items() for word in words.split()} | {"DAY-FOR-NIGHT": "day"}
_SAME = {  # the time of the scene before
    "CONTINUOUS", "CONTINUED", "CONT", "CONT'D", "CONTINUING", "LATER", "SAME", "EARLIER", "AGO",
}  # fmt: skip
_QUALIFIERS = {
    "A", "AN", "THE", "NEXT", "EARLY", "LATE", "THAT", "THIS", "SAME", "FOLLOWING", "LATER", "EARLIER", "PRE",
    "AFTER", "BEFORE", "MID", "AND", "OR", "STILL", "FEW", "BIT", "LITTLE", "SOME", "SEVERAL", "TIME", "MOMENT",
    "MOMENTS", "SECOND", "SECONDS", "MINUTE", "MINUTES", "HOUR", "HOURS", "DAYS", "WEEK", "WEEKS", "MONTH", "MONTHS",
    "YEAR", "YEARS", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "TEN", "TWENTY", "HALF",
}  # fmt: skip
_ASIDE = re.compile(
    r"(?:FLASH(?:ES)?[ -]?(?:BACKS?|FORWARDS?)|PRESENT(?: DAY)?|DREAM(?: SEQUENCE)?|MONTAGE|ESTABLISHING|"
    r"STOCK(?: FOOTAGE)?|EST|INTERCUT|VARIOUS|POV|MOVING|TRAVELL?ING|DRIVING|PARKED|\(?\d{4}\)?)$"
)
_LONGEST = 500
"""Characters of a heading that count: some patterns take quadratic time, and no heading is that long."""
_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_DASHES = re.compile(r"\s+[-–—]+\s+|\s*[–—]+\s*|\s*--+\s*|\s+-(?=\S)|(?<=\S)-\s+")
_TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "。": "."})
_OMITTED = re.compile(r"\W*(?:SCENES?\s*)?(?:OMIT(?:TED)?|DELETED)\W*$", re.IGNORECASE)
_CAMERA = {
    "ON", "AT", "BACK", "ANGLE", "CLOSE", "CLOSER", "CLOSEUP", "CLOSE-UP", "POV", "INSERT", "UNDER", "OVER", "INSIDE",
    "OUTSIDE", "IN", "WITH", "BEHIND", "ABOVE", "BELOW", "THROUGH", "FROM", "LATER", "WIDE", "WIDER", "NEW",
    "REVERSE", "MONTAGE", "SERIES", "INTERCUT", "TITLE", "TITLES", "OPENING", "END", "CREDITS", "SUPER", "FLASHBACK",
    "QUICK", "SHOT", "UP", "DOWN", "FAVORING", "TIGHT", "MATCH", "SPLIT", "BLACK",
}  # fmt: skip


@dataclass(frozen=True)
class Heading:
    """A heading taken apart. `int_ext` is empty when it says neither, `time` when it says none or "the same"."""

    int_ext: str
    set: str
    time: str
    certain: bool  # whether it says a known time of day, or that it goes on from the scene before


def is_heading(line: str) -> bool:
    """Whether a line is a scene heading by its beginning."""
    line = _LEADING_NUMBER.sub("", split_number(line.translate(_TYPOGRAPHIC))[1])
    match = _PREFIX.match(line)
    if match is None:
        return False
    where = match["where"].upper().rstrip(".")
    if where in {"I", "E"}:
        return False
    return (
        "." in match["where"] + match["gap"]
        or "/" in where
        or line.strip() == line.strip().upper()
        or parse(line).certain
    )


def is_omitted(line: str) -> bool:
    """Whether a heading only keeps the number of a scene that was taken out."""
    return _OMITTED.match(line) is not None


def split_number(line: str) -> tuple[str, str]:
    """The scene number a heading carries (`#12A#` after it, or 12A before an INT. or EXT.), and the heading without."""
    line = _TAGS.sub("", line.strip()[:_LONGEST])
    marked = _MARKED_NUMBER.search(line)
    if marked:
        return marked[1].strip(), _TAGS.sub("", (line[: marked.start()] + line[marked.end() :])).strip()
    leading = _LEADING_NUMBER.match(line)
    if leading and (_PREFIX.match(line[leading.end() :]) or is_omitted(line[leading.end() :])):
        rest = line[leading.end() :]
        return leading[1], re.sub(rf"\s+{re.escape(leading[1])}\*?$", "", rest).strip()
    return "", line


def parse(line: str) -> Heading:
    """Take a heading apart."""
    text = " ".join(split_number(line)[1].translate(_TYPOGRAPHIC).upper().split())
    match = _PREFIX.match(text)
    where, rest = (match["where"], match["rest"]) if match else ("", text)
    both = re.search(r"[/\-&]", where) is not None
    outside = re.match(_OUTSIDE, where) is not None
    int_ext = "" if not where else "I/E" if both else "EXT" if outside else "INT"
    rest = _BRACKETS.sub("", rest).strip(" .-")
    parts = [part.strip(" .,") for part in _DASHES.split(rest) if part.strip(" .,")]
    time, certain = "", False
    kept = []
    for position, part in enumerate(parts):
        name, found = _split_time(part, alone=position > 0)
        if found is not None:
            time, certain = time or found, True
        if name and not (position and _ASIDE.match(name)):
            kept.append(name)
    name = " - ".join(kept) or rest or "UNNAMED SET"
    return Heading(int_ext, re.sub(r"^(?:THE|AN?) (?=\S)", "", name), time, certain)


def _split_time(part: str, alone: bool) -> tuple[str, str | None]:
    """A part of a heading without the time at its end, and that time as `_time` gives it."""
    if alone and (found := _time(part)) is not None:
        return "", found
    pieces = re.split(r"\s*[,.;]\s+|\s*,", part)  # INT. KITCHEN, DAY
    if len(pieces) > 1 and (found := _time(pieces[-1])) is not None:
        return part[: part.rindex(pieces[-1])].strip(" .,;"), found
    words = part.split()  # EXT. STREET NIGHT
    if len(words) > 1 and words[-1] in _TIMES and words[-2] not in _QUALIFIERS:
        return " ".join(words[:-1]), _TIMES[words[-1]]
    return part, None


def _time(part: str) -> str | None:
    """The time of day a part of a heading names; "" for "the same as before"; None when it names none."""
    part = re.sub(r"DAY[ -]FOR[ -]NIGHT", "DAY-FOR-NIGHT", part)
    part = re.sub(r"(MAGIC|GOLDEN|FIRST) (HOUR|LIGHT)", r"\1-\2", part)
    words = [word for word in re.split(r"[\s/,.&+]+|(?<=PRE)-|(?<=MID)-", part) if word]
    known = [word in _TIMES or word in _SAME or word in _QUALIFIERS or word.isdigit() for word in words]
    if not words or not all(known):
        return None
    named = next((_TIMES[word] for word in words if word in _TIMES), None)
    if named is not None:
        return named
    return "" if any(word in _SAME for word in words) else None


def is_shot(line: str, names: Collection[str]) -> bool:
    """Whether a heading that says neither interior nor exterior only moves the camera within the scene before it.

    ON THE TV, BACK ON ANNA AND OLE, SNIPER SCOPE POV, and headings that begin with one of `names` (in capitals) do.
    """
    text = " ".join(line.translate(_TYPOGRAPHIC).upper().split())
    words = re.sub(r"^(?:THE|AN?) ", "", text).split()
    if not words or text[-1] in ",:.!?" or len(words) > 6:
        return True
    first = words[0].strip(",")
    return (
        first in _CAMERA
        or any(word in {"POV", "TITLES", "CREDITS", "SHOTS"} for word in words)
        or any(first == name or text.startswith(name + " ") or text == name for name in names)
    )
