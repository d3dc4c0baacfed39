"""Chroma flashes: a few frames in a colour that nobody shot, mostly the green of an empty buffer."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import alike, joined, runs, when

_GREEN: Final = 0.03
"""Share of the picture in impossible green that is no accident of coding."""
_BACK: Final = 0.3
"""How near the colour after is to that before, as a share of the step between."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Frames of impossible green (error), and short steps of colour within a shot that go back (warn)."""
    picture = measured.picture
    if picture is None:
        return []
    green = picture["green"] >= _GREEN
    found = [_tell_green(picture, first, stop) for first, stop in joined(runs(green), 1)]
    place = 1
    while place < len(green) - 1:
        length = 0 if green[place] else _flash(picture, place, rules)
        if length:
            start, end = when(picture, place, place + length)
            step = _distance(picture, place - 1, place)
            detail = f"{length} frames of another colour within a shot, {step:.0f} codes off"
            found.append(Finding("chroma_flash", "warn", start, end, 0.7, detail, {"frames": length, "step": step}))
        place += max(1, length)
    return sorted(found, key=lambda finding: finding.start_s)


def _tell_green(picture: Series, first: int, stop: int) -> Finding:
    start, end = when(picture, first, stop)
    share = float(picture["green"][first:stop].max())
    detail = f"{stop - first} frames with {share:.0%} of the picture in a green that no camera makes: an empty buffer"
    return Finding("chroma_flash", "error", start, end, 0.95, detail, {"frames": stop - first, "share": share})


def _flash(picture: Series, place: int, rules: PictureRules) -> int:
    """Frames from `place` that have left the colour of the one before and come back to it; 0 for none."""
    step = _distance(picture, place - 1, place)
    if step < rules.flash_chroma:
        return 0
    for length in range(1, rules.flash_frames + 1):
        after = place + length
        if after >= len(picture["at_s"]):
            return 0
        back = _distance(picture, place - 1, after)
        if back <= _BACK * step:
            return length if alike(picture, place - 1, after) else 0
    return 0


def _distance(picture: Series, one: int, other: int) -> float:
    return float(np.hypot(picture["u"][other] - picture["u"][one], picture["v"][other] - picture["v"][one]))
