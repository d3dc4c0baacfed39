"""Scenarist SCC: the bytes of CEA-608 captions with time codes, decoded to cues.

Two bytes go with each frame, 29.97 a second. Captions are built off screen and shown at once (pop-on), rolled up (each
line is one cue here), or painted; codes of the first channel are read. Tables: ANSI/CTA-608-E, 47 CFR 15.119.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from frontrow.quality.subtitles.track import Cue, Fault, Parsed

RATE: Final = 30_000 / 1_001
_HEADER: Final = "Scenarist_SCC V1.0"
_LINE: Final = re.compile(r"^(\d{2}):(\d{2}):(\d{2})([:;.,])(\d{2})\s+((?:[0-9A-Fa-f]{4}\s*)*)(.*)$")
_BASIC: Final = {
    0x2A: "á",
    0x5C: "é",
    0x5E: "í",
    0x5F: "ó",
    0x60: "ú",
    0x7B: "ç",
    0x7C: "÷",
    0x7D: "Ñ",
    0x7E: "ñ",
    0x7F: "█",
}
_SPECIAL: Final = "®°½¿™¢£♪à\N{NO-BREAK SPACE}èâêîôû"
_EXTENDED: Final = (
    "ÁÉÓÚÜü‘¡*’—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»",
    "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤│ÅåØø┌┐└┘",
)
_ROWS: Final = {
    0x11: (1, 2),
    0x12: (3, 4),
    0x15: (5, 6),
    0x16: (7, 8),
    0x17: (9, 10),
    0x10: (11, 11),
    0x13: (12, 13),
    0x14: (14, 15),
}
_LOADS, _BACKSPACE, _ERASES_LINE, _PAINTS, _ERASES, _RETURNS, _ERASES_HIDDEN, _SHOWS = (
    0x20, 0x21, 0x24, 0x29, 0x2C, 0x2D, 0x2E, 0x2F,
)  # fmt: skip
_LEFT_S: Final = 4.0
"""How long a last caption that is never erased is taken to stand."""


@dataclass
class _Screen:
    """Text by row, as it is written."""

    rows: dict[int, str] = field(default_factory=dict)
    row: int = 15
    italics: bool = False

    def write(self, text: str) -> None:
        self.rows[self.row] = self.rows.get(self.row, "") + text

    def backspace(self) -> None:
        self.rows[self.row] = self.rows.get(self.row, "")[:-1]

    def lines(self) -> tuple[str, ...]:
        return tuple(x for _, text in sorted(self.rows.items()) if (x := " ".join(text.split())))


@dataclass
class _Decoder:
    cues: list[Cue] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    hidden: _Screen = field(default_factory=_Screen)
    shown: _Screen = field(default_factory=_Screen)
    mode: str = "pop"
    since_s: float = 0.0
    line_no: int = 0
    shown_line_no: int = 0
    other_channel: bool = False
    last: int = -1

    def take(self, pair: int, at_s: float) -> None:
        """One frame's two bytes, parity removed."""
        first, second = pair >> 8, pair & 0xFF
        if not 0x10 <= first < 0x20:
            self.last = -1
            if not self.other_channel:
                self._write("".join(_BASIC.get(byte, chr(byte)) for byte in (first, second) if byte >= 0x20), at_s)
            return
        if pair == self.last:  # control codes are sent twice, in case one is lost
            self.last = -1
            return
        self.last = pair
        self.other_channel = bool(first & 0x08)
        if not self.other_channel:
            self._control(first, second, at_s)

    def _control(self, first: int, second: int, at_s: float) -> None:
        screen = self.hidden if self.mode == "pop" else self.shown
        if second >= 0x40 and first in _ROWS:
            if self.mode != "roll":
                screen.row = _ROWS[first][1 if second & 0x20 else 0]
            screen.italics = screen.italics or (second & 0x1E) == 0x0E
        elif first == 0x11 and 0x20 <= second < 0x30:  # mid-row: takes a cell
            screen.italics = screen.italics or (second & 0x0E) == 0x0E
            self._write(" ", at_s)
        elif first == 0x11 and 0x30 <= second < 0x40:
            self._write(_SPECIAL[second - 0x30], at_s)
        elif first in {0x12, 0x13} and 0x20 <= second < 0x40:  # follows a plain letter, which it replaces
            screen.backspace()
            self._write(_EXTENDED[first - 0x12][second - 0x20], at_s)
        elif first in {0x14, 0x15}:
            self._command(second, at_s)
        elif first == 0x17 and 0x21 <= second <= 0x23:
            self._write(" " * (second - 0x20), at_s)

    def _command(self, second: int, at_s: float) -> None:
        if second == _LOADS:
            self.mode = "pop"
        elif second == _PAINTS:
            self.mode = "paint"
        elif 0x25 <= second <= 0x27:
            if self.mode != "roll":
                self.end(at_s)
                self.hidden = _Screen()
            self.mode, self.shown.row = "roll", 15
        elif second == _SHOWS:
            self.end(at_s)
            self.shown, self.hidden = self.hidden, _Screen()
            self.since_s, self.mode, self.shown_line_no = at_s, "pop", self.line_no
        elif second == _ERASES:
            self.end(at_s)
        elif second == _ERASES_HIDDEN:
            self.hidden = _Screen()
        elif second == _RETURNS and self.mode == "roll":
            self.end(at_s)
        elif second == _BACKSPACE:
            (self.hidden if self.mode == "pop" else self.shown).backspace()
        elif second == _ERASES_LINE:
            (self.hidden if self.mode == "pop" else self.shown).rows.pop(15, None)

    def _write(self, text: str, at_s: float) -> None:
        if self.mode == "pop":
            self.hidden.write(text)
            return
        if text.strip() and not self.shown.lines():
            self.since_s, self.shown_line_no = at_s, self.line_no
        self.shown.write(text)

    def end(self, at_s: float) -> None:
        """What stands on the screen ends here."""
        lines = self.shown.lines()
        if lines:
            top = min((row for row, text in self.shown.rows.items() if text.strip()), default=15)
            position = "" if top >= 12 else f"row {top}"
            self.cues.append(Cue(self.since_s, at_s, lines, self.shown.italics, position, self.shown_line_no))
        self.shown, self.since_s = _Screen(row=self.shown.row), at_s


def parse(text: str) -> Parsed:
    """Cues of an SCC file; times in seconds of real time."""
    lines = text.removeprefix("\ufeff").split("\n")
    decoder = _Decoder()
    if lines[0].strip() != _HEADER:
        decoder.faults.append(Fault("syntax", f"the first line is not {_HEADER}", 1, "error"))
    odd_parity, last_frame = 0, -1
    for line_no, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        found = _LINE.match(line)
        if not found or found.group(7):
            decoder.faults.append(Fault("syntax", f"not a valid line: {line.strip()[:60]!r}", line_no, "error"))
            continue
        frame = frame_number(*(int(found.group(k)) for k in (1, 2, 3, 5)), drop=found.group(4) in ";,")
        if frame < last_frame:
            what = "this line begins before the one above has been sent: captions come late"
            decoder.faults.append(Fault("syntax", what, line_no, at_s=frame / RATE))
        decoder.line_no = line_no
        for word in found.group(6).split():
            pair = int(word, 16)
            odd_parity += sum((pair >> shift & 0xFF).bit_count() % 2 == 0 for shift in (0, 8))
            decoder.take(pair & 0x7F7F, frame / RATE)
            frame += 1
        last_frame = frame
    if odd_parity:
        decoder.faults.append(Fault("syntax", f"{odd_parity} bytes have the wrong parity: decoders blank them"))
    if decoder.shown.lines():
        decoder.faults.append(Fault("syntax", "the last caption is never erased", decoder.shown_line_no, "info"))
        decoder.end(decoder.since_s + _LEFT_S)
    return Parsed(tuple(decoder.cues), tuple(decoder.faults))


def frame_number(hours: int, minutes: int, seconds: int, frames: int, *, drop: bool) -> int:
    """Frames since 0 of a time code at 29.97; drop-frame leaves out two numbers a minute, but not each tenth."""
    whole = (hours * 3600 + minutes * 60 + seconds) * 30 + frames
    passed = hours * 60 + minutes
    return whole - 2 * (passed - passed // 10) if drop else whole
