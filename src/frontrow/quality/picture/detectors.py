"""All that can be wrong with a picture, from its measurements."""

from __future__ import annotations

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.picture import (
    aspect,
    banding,
    black,
    blocks,
    cadence,
    chroma_flash,
    decode_error,
    flashing,
    focus,
    freeze,
    interlace,
    lettering,
    level_range,
    missing_chroma,
    pixels,
    repeated_frames,
    torn,
    truncated,
    window_change,
)
from frontrow.quality.picture.rules import PictureRules

_DETECTORS = (
    aspect, black, cadence, chroma_flash, decode_error, freeze, level_range, missing_chroma, repeated_frames, truncated,
    window_change, banding, blocks, flashing, focus, interlace, lettering, pixels, torn,
)  # fmt: skip


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Findings of every detector, ordered by time, then code."""
    found = [finding for detector in _DETECTORS for finding in detector.find(measured, rules)]
    return sorted(found, key=lambda finding: (finding.start_s, finding.code, finding.end_s))
