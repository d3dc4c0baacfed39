"""What the one pass over a file brings home: facts of container and streams, and a series of numbers for each.

A frame is some forty float32 numbers, a tenth of a second of sound some thirty: two hours stay under 40 MB, whatever
the size of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Series = Mapping[str, NDArray[Any]]
"""Equally long arrays by name; "at_s" (float64, ascending) is always there."""


@dataclass(frozen=True)
class StreamFacts:
    """One stream as its header tells it, and how its decoding went. Fields that do not apply stay at 0 or ''."""

    index: int
    kind: str  # video, audio, subtitle, data
    codec: str
    duration_s: float  # 0 where the file does not tell
    start_s: float
    language: str  # ISO 639-2 as tagged, '' where it is not
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0
    pixel_format: str = ""
    pixel_aspect: float = 1.0
    rotation_degrees: int = 0
    colour_range: str = ""  # limited, full or ''
    field_order: str = ""  # progressive, tt, bb, tb, bt or ''
    channels: int = 0
    layout: str = ""
    sample_rate: int = 0
    stated_frames: int = 0  # as the index counts them, 0 where it does not
    lost: int = 0  # packets that did not decode
    corrupt: int = 0  # frames that came out with damage
    untimed: int = 0  # frames without a time, or with one that goes back
    damage_start_s: float = 0.0  # first and last of these
    damage_end_s: float = 0.0
    skipped: bool = False  # sound that was not listened to, for there are too many streams of it
    end_s: float = 0.0  # end of what was decoded, 0 where nothing was


@dataclass(frozen=True)
class FileFacts:
    """One file as its header tells it."""

    container: str
    duration_s: float
    size_bytes: int
    streams: tuple[StreamFacts, ...]

    def of(self, kind: str) -> tuple[StreamFacts, ...]:
        """The streams of one kind, in order."""
        return tuple(stream for stream in self.streams if stream.kind == kind)


@dataclass(frozen=True)
class Measurements:
    """One file, measured."""

    facts: FileFacts
    picture: Series | None
    """One row a frame of the first video stream; None without one."""
    sound: Mapping[int, Series] = field(default_factory=dict)
    """One row each 100 ms, by stream index."""
    speech: Mapping[int, Series] = field(default_factory=dict)
    """Probability of speech each 32 ms, by stream index; empty without the voice network."""
    faults: tuple[str, ...] = ()
    """What was damaged on the way, in words; empty for a sound file."""
