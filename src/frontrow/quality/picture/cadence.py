"""Cadence: a frame rate made from another by repeating frames in a rhythm, and where that rhythm breaks."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.repeats import Rhythm, marks, on_twos, rhythms
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import when

_OLD: Final = 4.0
"""Slowest rhythm, in frames, of films shot by hand at 16 to 20 frames a second and shown at 24 or 25."""
_FASTEST: Final = 300.0
"""Frames a second that no film goes beyond."""
_GREY: Final = 1.5
"""Mean colour, codes, up to which a film is black and white."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Rhythms of repeated frames: warn, or info where the film was made that way."""
    picture = measured.picture
    if picture is None or len(picture["at_s"]) < 30:
        return []
    found = _no_rate(measured)
    for rhythm in rhythms(np.flatnonzero(marks(picture, rules))):
        start, end = when(picture, rhythm.first, rhythm.stop)
        if end - start >= rules.cadence_s and not on_twos(rhythm):
            found.append(_tell(picture, rhythm, start, end))
    return found


def _no_rate(measured: Measurements) -> list[Finding]:
    """A header without a frame rate, or with one of no sense."""
    stream = measured.facts.of("video")[0]
    if 0 < stream.frame_rate <= _FASTEST:
        return []
    detail = f"the header states {stream.frame_rate:g} frames a second"
    return [Finding("cadence", "warn", 0.0, stream.end_s, 0.7, detail, {"rate": stream.frame_rate}, stream.index)]


def _tell(picture: Series, rhythm: Rhythm, start: float, end: float) -> Finding:
    grey = float(np.median(picture["chroma"])) <= _GREY
    numbers = {"period": rhythm.period, "kept": rhythm.kept, "repeats": float(len(rhythm.places))}
    detail = f"a frame repeats about every {rhythm.period:.1f} frames for {end - start:.1f} s"
    if grey and rhythm.period <= _OLD:
        said = f"{detail}, as in silent films brought to today's rates"
        return Finding("cadence", "info", start, end, 0.3, said, numbers)
    broken = "" if rhythm.kept > 0.99 else f"; {1 - rhythm.kept:.0%} of the gaps break the rhythm"
    return Finding("cadence", "warn", start, end, 0.8, f"{detail}: its frame rate was converted{broken}", numbers)
