"""A finding: one thing that is wrong with a file, where, how sure, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeVar

Severity = Literal["info", "warn", "error"]

CODES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "picture": (
            "black", "freeze", "repeated_frames", "cadence", "stuck_pixel", "hot_pixel", "macroblocking", "packet_loss",
            "combing", "field_order", "window_change", "level_range", "missing_chroma", "chroma_flash", "banding",
            "blur", "aspect", "flashing", "decode_error", "burnt_in_text", "truncated",
        ),
        "sound": (
            "loudness", "true_peak", "clipping", "silence", "dropout", "click", "hum", "phase", "channel_swap",
            "channel_duplicate", "channel_missing", "channel_layout", "av_offset", "language",
        ),
        "subtitles": (
            "encoding", "overlap", "reading_speed", "line_length", "line_count", "duration_short", "duration_long",
            "gap", "shot_change", "characters", "syntax", "subtitle_language", "wrong_subtitles", "subtitle_offset",
            "subtitle_drift", "untranslated", "maturity",
        ),
        "file": ("unreadable", "unsupported", "growing"),
    }
)  # fmt: skip
"""Every code that a finding may carry, by what it is about."""

GROUP_OF: Final[Mapping[str, str]] = MappingProxyType({code: group for group, codes in CODES.items() for code in codes})


@dataclass(frozen=True)
class Finding:
    """One fault at one place of a file."""

    code: str
    """One of `CODES`."""
    severity: Severity
    """error: a reviewer would reject; warn: look at it; info: worth knowing."""
    start_s: float
    end_s: float
    """Where, in seconds of the file; the whole file for faults without a place."""
    confidence: float
    """How likely it is that this is a fault and not meant, 0-1."""
    detail: str
    """One sentence: what was seen, with the value and the limit."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """The numbers behind it."""
    stream: int | None = None
    """Index of the stream in its file, where only one is meant."""

    def __post_init__(self) -> None:
        if self.code not in GROUP_OF:
            raise ValueError(f"'{self.code}' is no finding code")


class Graded(Protocol):
    """What has a severity and a confidence: a finding, here or in a store."""

    @property
    def severity(self) -> str:
        """info, warn or error."""

    @property
    def confidence(self) -> float:
        """0-1."""


_Graded = TypeVar("_Graded", bound=Graded)
_RANK: Final = {"error": 0, "warn": 1, "info": 2}


def gravest(findings: Sequence[_Graded], most: int) -> list[_Graded]:
    """The `most` that weigh most, in the order given: errors first, then by confidence."""
    order = sorted(range(len(findings)), key=lambda i: (_RANK[findings[i].severity], -findings[i].confidence))
    return [findings[i] for i in sorted(order[:most])]
