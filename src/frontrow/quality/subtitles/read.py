"""One subtitle file of any known format, read into a `Track`. Whatever is wrong with it is a fault of the track.

Own readers, where libraries (pysubs2, pycaption) forgive silently: here every fault has to be told with its line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from frontrow.errors import InputError
from frontrow.quality.languages import tag
from frontrow.quality.subtitles import ass, scc, srt, ttml, vtt
from frontrow.quality.subtitles.encoding import Decoded, decode
from frontrow.quality.subtitles.track import Cue, Fault, Track

__all__ = ["Cue", "Fault", "Track", "read", "read_bytes"]

LARGEST_BYTES: Final = 10_000_000
"""Two hours of subtitles are some 100 kB."""
MOST_CUES: Final = 100_000
MOST_FAULTS: Final = 1_000
_PARSERS: Final = {"srt": srt.parse, "vtt": vtt.parse, "ttml": ttml.parse, "ass": ass.parse, "scc": scc.parse}
_XML_CODE: Final = re.compile(rb"\A\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")


def read(path: Path) -> Track:
    """The track in a file. Raises InputError where there is no such file; anything else is a fault of the track."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; name a subtitle file") from None
    if len(data) > LARGEST_BYTES:
        return _none("unreadable", f"{size:,} bytes; subtitles of more than {LARGEST_BYTES:,} are not read")
    return read_bytes(data, path.name)


def read_bytes(data: bytes, name: str = "") -> Track:
    """The track in a file's bytes; `name` may carry its language: film.en.srt."""
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return _none("unreadable", f"{len(data):,} bytes of zeros and white space" if data else "the file is empty")
    declared = _XML_CODE.match(data)
    decoded = decode(data, declared.group(1).decode() if declared else "")
    kind = sniff(decoded.text)
    if not kind:
        return _none("unsupported", "neither SubRip, WebVTT, TTML, SubStation Alpha nor SCC", decoded)
    parsed = _PARSERS[kind](decoded.text)
    cues, faults = parsed.cues, [*decoded.faults, *parsed.faults]
    if len(cues) > MOST_CUES:
        faults.append(
            Fault("syntax", f"{len(cues):,} cues; only the first {MOST_CUES:,} are looked at", severity="error")
        )
        cues = cues[:MOST_CUES]
    if len(faults) > MOST_FAULTS:
        rest = f"{len(faults) - MOST_FAULTS:,} more faults of its syntax"
        faults = [*faults[:MOST_FAULTS], Fault("syntax", rest, severity="error")]
    if not cues and not parsed.faults:
        faults.append(Fault("syntax", "there is no cue in it", severity="error"))
    words = name.lower().split(".")[1:-1]
    language = next((found for word in reversed(words) if (found := tag(word))), "")
    return Track(
        cues, kind, decoded.encoding, tuple(faults), tag(parsed.language) or language, forced="forced" in words
    )


def sniff(text: str) -> str:
    """The format, by what the text looks like: endings of names lie. '' for none."""
    head = text[:20_000].lstrip("\ufeff \t\n")
    if head.startswith("WEBVTT"):
        return "vtt"
    if head.startswith("Scenarist_SCC"):
        return "scc"
    if head.startswith("<"):
        return "ttml"
    if re.match(r"\[Script Info\]", head, re.IGNORECASE) or re.search(r"(?m)^\[Events\]\s*$", head):
        return "ass"
    if re.search(r"\d\s*-->\s*-?\d", head):
        return "srt"
    return ""


def _none(code: str, what: str, decoded: Decoded | None = None) -> Track:
    faults = decoded.faults if decoded else ()
    return Track((), "", decoded.encoding if decoded else "", (*faults, Fault(code, what, severity="error")))
