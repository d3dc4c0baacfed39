"""A subtitle track as every reader returns it: cues with plain text, and what was wrong with the file on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from frontrow.quality.findings import Severity

TICK_S: Final = 0.0005
"""Files keep whole milliseconds: times this close are the same, so that 5/6 s written as .833 s passes."""


@dataclass(frozen=True)
class Cue:
    """One caption: what stands on the screen from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]
    """Plain text, tags and escapes resolved."""
    italics: bool = False
    """Whether any of it is set in italics."""
    position: str = ""
    """Where it stands, in the words of its format; '' for the usual place."""
    raw_line_no: int = 0
    """Line of the file where it begins, from 1; 0 where the format has none."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def text(self) -> str:
        """Its lines with a space between."""
        return " ".join(self.lines)


@dataclass(frozen=True)
class Fault:
    """What a reader stumbled over."""

    code: str
    """A finding code: mostly syntax or encoding."""
    detail: str
    line_no: int = 0
    """Line of the file, from 1; 0 for the whole file."""
    severity: Severity = "warn"
    at_s: float | None = None
    """Start of the cue that it belongs to, where there is one."""
    confidence: float = 1.0


@dataclass(frozen=True)
class Parsed:
    """What a reader of one format makes of a text."""

    cues: tuple[Cue, ...]
    faults: tuple[Fault, ...] = ()
    language: str = ""
    """As its header declares it."""


@dataclass(frozen=True)
class Track:
    """One subtitle file, read."""

    cues: tuple[Cue, ...]
    """In the order of the file."""
    format: str
    """srt, vtt, ttml, ass, scc; '' where it is none of them."""
    encoding: str
    faults: tuple[Fault, ...] = ()
    language: str = ""
    """Declared by the header or by the file's name (film.en.srt); '' where neither does."""
    forced: bool = False
    """The name says that only foreign parts are translated (film.en.forced.srt)."""

    @property
    def end_s(self) -> float:
        """Where the last cue ends; 0 without one."""
        return max((cue.end_s for cue in self.cues), default=0.0)


def in_order(cues: Iterable[Cue]) -> list[Cue]:
    """Cues that show something, by time."""
    return sorted((cue for cue in cues if cue.duration_s > 0), key=lambda cue: (cue.start_s, cue.end_s))


def shown_spans(cues: Iterable[Cue]) -> Iterator[tuple[float, float]]:
    """Spans in which at least one cue stands, ascending and apart."""
    start_s = end_s = None
    for cue in in_order(cues):
        if start_s is None or end_s is None or cue.start_s > end_s:
            if start_s is not None and end_s is not None:
                yield start_s, end_s
            start_s, end_s = cue.start_s, cue.end_s
        else:
            end_s = max(end_s, cue.end_s)
    if start_s is not None and end_s is not None:
        yield start_s, end_s
