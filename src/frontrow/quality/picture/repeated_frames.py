"""Stutter: single frames that repeat the one before, or are missing, without any rhythm."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.repeats import marks, rhythms
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import step_s, when

_MISSING: Final = 1.6
"""A frame that stays this many times as long as usual stands in for others."""
_VARIABLE: Final = 0.3
"""Share of uncommon steps from which on a file has no frame rate that could be missed."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Stretches in which motion stutters (warn)."""
    picture = measured.picture
    if picture is None or len(picture["at_s"]) < 30:
        return []
    repeated = np.flatnonzero(marks(picture, rules))
    in_rhythm = [place for rhythm in rhythms(repeated) for place in rhythm.places]
    single = np.setdiff1d(repeated, in_rhythm)
    return _tell(picture, single, "repeated", rules) + _tell(picture, _late(picture), "missing", rules)


def _late(picture: Series) -> NDArray[np.intp]:
    """Frames before which others are missing."""
    steps, usual = np.diff(picture["at_s"]), step_s(picture)
    if np.mean(np.abs(steps - usual) > 0.3 * usual) > _VARIABLE:
        return np.empty(0, np.intp)
    return np.flatnonzero((steps > _MISSING * usual) & (steps < 0.5)) + 1


def _tell(picture: Series, places: NDArray[Any], what: str, rules: PictureRules) -> list[Finding]:
    at_s = picture["at_s"][places]
    found, first = [], 0
    while first < len(places):
        stop = first + 1
        while stop < len(places) and at_s[stop] - at_s[stop - 1] <= rules.repeats_within_s:
            stop += 1
        count = stop - first
        if count >= rules.repeats and _densest(at_s[first:stop], rules.repeats_within_s) >= rules.repeats:
            start, end = when(picture, int(places[first]), int(places[stop - 1]) + 1)
            rate = count / max(end - start, 1.0)
            detail = f"{count} frames {what} without a rhythm within {end - start:.1f} s of motion"
            confidence = min(0.95, 0.6 + 0.05 * count)
            found.append(
                Finding("repeated_frames", "warn", start, end, confidence, detail, {"frames": count, "a_second": rate})
            )
        first = stop
    return found


def _densest(at_s: NDArray[Any], within_s: float) -> int:
    return int(max(np.searchsorted(at_s, at_s + within_s, side="right") - np.arange(len(at_s))))
