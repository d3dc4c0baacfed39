"""Which code a subtitle file is written in, and what that says about it.

A byte order mark decides; then UTF-8, whose rules other codes do not keep by chance; then charset-normalizer, whose
ties between code pages (1250 and 1252 share most letters) go to the one that the language of the text is written in.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from frontrow.quality.subtitles.language import identify
from frontrow.quality.subtitles.track import Fault

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_WRITTEN_IN: Final = {
    "cp1250": "cs pl sk hu sl hr bs sr sh ro sq", "cp1251": "ru uk bg sr mk be",
    "cp1252": "en de fr es it pt nl sv da no nb fi is ca", "cp1253": "el", "cp1254": "tr az", "cp1255": "he yi",
    "cp1256": "ar fa ur", "cp1257": "lt lv et", "cp1258": "vi", "cp874": "th", "shift_jis": "ja", "cp932": "ja",
    "euc_jp": "ja", "gb18030": "zh", "gbk": "zh", "big5": "zh", "cp949": "ko", "euc_kr": "ko", "koi8_r": "ru bg",
    "koi8_u": "uk", "iso8859_2": "cs pl sk hu sl hr bs sr ro", "iso8859_5": "ru uk bg sr mk", "iso8859_7": "el",
    "iso8859_9": "tr", "iso8859_15": "fr de es it pt nl fi",
}  # fmt: skip
"""Code pages that subtitles come in, and the languages that each serves."""
_LEAST_UTF8_SHARE: Final = 0.95
"""Of the bytes above 127: a file whose rest is this much valid UTF-8 is UTF-8 with damage."""
_SAMPLE_BYTES: Final = 200_000
_CLOSE: Final = 0.1
"""Decodings this near the best in charset-normalizer's measure of chaos are told apart by language."""
_FRAME: Final = re.compile(rb"(?m)^[^\n]*-->[^\n]*$|^\s*\d+\s*$|<[^<>\n]{0,200}>|^Dialogue:[^\n]{0,60},,")
_TWICE: Final = re.compile("[ÂÃÄÅÐÑ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u2013-\u2122]|â€.")
_LEAST_TWICE: Final = 2


@dataclass(frozen=True)
class Decoded:
    """A file's bytes as text."""

    text: str
    encoding: str
    faults: tuple[Fault, ...] = ()


def decode(data: bytes, declared: str = "") -> Decoded:
    """The text, line ends made `\\n`. `declared`: the code that an XML header names. Never raises."""
    text, encoding, faults = _decode(data, declared)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    twice = _TWICE.findall(text)
    if len(twice) >= _LEAST_TWICE and _was_utf8(twice[0]):
        faults = [*faults, Fault(
            "encoding", f"{len(twice)} places like {twice[0]!r}: UTF-8 was read as a code page and saved so; "
            "make it anew from the source", severity="error", confidence=0.95,
        )]  # fmt: skip
    return Decoded(text, encoding, tuple(faults))


def _decode(data: bytes, declared: str) -> tuple[str, str, list[Fault]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return text, encoding.removesuffix("-sig"), _damage(text, encoding)
    if b"\0" in data[:1000] and (wide := _without_mark(data)):
        text = data.decode(wide, "replace")
        return text, wide, [Fault("encoding", f"{wide.upper()} without a byte order mark; deliver UTF-8")]
    try:
        return data.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError:
        pass
    if declared and _known(declared):
        text = data.decode(declared, "replace")
        return text, declared, _damage(text, declared)
    if _mostly_utf8(data):
        text = data.decode("utf-8", "replace")
        return text, "utf-8", _damage(text, "utf-8")
    return _guess(data)


def _damage(text: str, encoding: str) -> list[Fault]:
    lost = text.count("\N{REPLACEMENT CHARACTER}")
    if not lost:
        return []
    line_no = text.count("\n", 0, text.index("\N{REPLACEMENT CHARACTER}")) + 1
    what = f"{lost} bytes are no {encoding.upper().removesuffix('-SIG')}; the first in line {line_no}"
    return [Fault("encoding", what, line_no, "error")]


def _without_mark(data: bytes) -> str:
    """UTF-16 of mostly Latin text has a zero in every other byte."""
    head = data[:1000]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 5:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _mostly_utf8(data: bytes) -> bool:
    high = sum(byte > 127 for byte in data)
    kept = sum(byte > 127 for byte in data.decode("utf-8", "ignore").encode())
    return kept >= _LEAST_UTF8_SHARE * high


def _guess(data: bytes) -> tuple[str, str, list[Fault]]:
    """A code page by its letters."""
    from charset_normalizer import from_bytes

    words = _FRAME.sub(b"", data)[:_SAMPLE_BYTES]
    matches = list(from_bytes(words, cp_isolation=list(_WRITTEN_IN)))
    if not matches:
        text = data.decode("cp1252", "replace")
        what = "no known code page makes sense of it; read as windows-1252"
        return text, "cp1252", [Fault("encoding", f"{what}; deliver UTF-8", severity="error")]
    near = [match for match in matches if match.chaos <= matches[0].chaos + _CLOSE]
    best, sure, score = near[0], 0.6, 0.0
    for match in near:
        language, confidence = identify(str(match))
        if language in _WRITTEN_IN.get(match.encoding, "").split() and confidence - match.chaos > score:
            best, sure, score = match, 0.9, confidence - match.chaos
    text = data.decode(best.encoding, "replace")
    name = best.encoding.replace("cp125", "windows-125")
    what = f"not UTF-8: read as {name} by its letters; check the accents and deliver UTF-8"
    return text, best.encoding, [Fault("encoding", what, confidence=sure), *_damage(text, best.encoding)]


def _known(encoding: str) -> bool:
    """Whether a header names a code of letters that subtitles come in; Python knows others that are none."""
    try:
        return codecs.lookup(encoding).name in {
            codecs.lookup(name).name for name in (*_WRITTEN_IN, "latin-1", "utf-16")
        }
    except LookupError:
        return False


def _was_utf8(pair: str) -> bool:
    """Whether two letters are the bytes of one letter in UTF-8."""
    for encoding in ("cp1252", "latin-1"):
        try:
            pair.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        return True
    return pair.startswith("â€")
