"""Black: frames without a picture, too long, or in the middle of a shot.

Fades and a second of black between scenes are part of films; what they never do is return to the very shot that they
left (a lost signal), or last longer than the rules allow.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import alike, runs, when

_EDGE_S: Final = 0.5
"""Black that begins or ends this close to an end of the file belongs to it."""
_BEFORE: Final = 12
_COLOURLESS: Final = 20.0
"""Mean colour, codes, of a dark frame that is not black: zeros in all planes are green."""
_HARD: Final = 0.4
"""Share of the usual light that the last frame before a hard cut still has."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Black that a viewer would take for a fault (warn, error), and long black that may be meant (info)."""
    picture = measured.picture
    if picture is None:
        return []
    dark = (picture["luma_top"] <= rules.black_luma) & (picture["chroma"] < _COLOURLESS)
    found = [_judge(picture, first, stop, rules) for first, stop in runs(dark)]
    return [finding for finding in found if finding]


def _judge(picture: Series, first: int, stop: int, rules: PictureRules) -> Finding | None:
    start, end = when(picture, first, stop)
    length, frames = end - start, len(picture["at_s"])
    numbers = {"length_s": length, "luma": float(picture["luma"][first:stop].mean())}
    if stop - first == frames:
        return Finding("black", "error", start, end, 0.95, "the whole picture is black", numbers)
    if start - float(picture["at_s"][0]) < _EDGE_S or frames == stop or end > float(picture["at_s"][-1]) - _EDGE_S:
        if length <= rules.black_ends_s:
            return None
        place = "start" if first < frames - stop else "end"
        detail = f"{length:.1f} s of black at the {place}; up to {rules.black_ends_s:g} s are allowed"
        return Finding("black", "warn", start, end, 0.7, detail, numbers)
    hard = _is_lit(picture, first - 1, -1) and _is_lit(picture, stop, 1)
    if hard and alike(picture, first - 1, stop):
        return Finding("black", "error", start, end, 0.95, f"black for {length:.2f} s within a shot", numbers)
    limit = rules.black_s if hard else rules.black_fade_s
    if length > limit:
        kind = "hard cuts" if hard else "fades"
        detail = f"{length:.1f} s of black between {kind}; up to {limit:g} s are allowed"
        return Finding("black", "warn", start, end, 0.75 if hard else 0.5, detail, numbers)
    if length > rules.black_s:
        return Finding("black", "info", start, end, 0.2, f"{length:.1f} s of black between fades", numbers)
    return None


def _is_lit(picture: Series, place: int, way: int) -> bool:
    """Whether the frame has the light of those beyond it: it was not faded."""
    beyond = picture["luma"][place : place + _BEFORE] if way > 0 else picture["luma"][max(0, place - 11) : place + 1]
    return bool(picture["luma"][place] - 16 > _HARD * (np.median(beyond) - 16) and picture["luma"][place] > 20)
