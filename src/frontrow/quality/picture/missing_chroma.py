"""Missing chroma: a film's colour, or one of its two colour planes, is gone for a while."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import Mask, cuts, joined, runs, when

_FLAT: Final = 0.6
"""Spread and offset, codes, of a plane that holds nothing."""
_SPREAD: Final = 1.0
"""Least spread of a plane before, codes, of which one can say that it went missing."""
_LIT: Final = 45.0
_CONTRAST: Final = 6.0
"""Least brightness and contrast of frames in which colour can be missed."""
_NEAR: Final = 24
"""Frames before and after that tell what colour there should be."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Stretches without colour in a film that has it: error within a shot, warn from cut to cut."""
    picture = measured.picture
    if picture is None or not (picture["chroma"] >= rules.chroma_least).any():
        return []
    seen = (picture["luma_top"] > _LIT) & (picture["luma_spread"] > _CONTRAST)
    flat = {plane: (picture[f"{plane}_spread"] <= _FLAT) & (np.abs(picture[plane]) <= _FLAT) for plane in "uv"}
    both = flat["u"] & flat["v"]
    cut = cuts(picture)
    found = _tell(picture, both & seen, cut, "u and v", rules)
    for plane in "uv":
        found += _tell(picture, flat[plane] & ~both & seen, cut, plane, rules)
    return sorted(found, key=lambda finding: finding.start_s)


def _tell(picture: Series, flat: Mask, cut: Mask, planes: str, rules: PictureRules) -> list[Finding]:
    found = []
    for first, stop in joined(runs(flat), 2):
        start, end = when(picture, first, stop)
        if end - start < rules.chroma_s:
            continue
        sides = [_colourful(picture, slice(max(0, first - _NEAR), first), -1, planes, rules),
                 _colourful(picture, slice(stop, stop + _NEAR), 0, planes, rules)]  # fmt: skip
        within = [sides[0] and not cut[max(0, first - 1) : first + 2].any(),
                  sides[1] and not cut[max(0, stop - 1) : stop + 2].any()]  # fmt: skip
        if not any(sides):
            continue
        severity, confidence, where = ("warn", 0.45, "from cut to cut")
        if any(within) or planes != "u and v":
            severity, confidence, where = ("error", 0.93, "within a shot")
        detail = f"colour ({planes}) is missing for {end - start:.1f} s, {where}"
        numbers = {"length_s": end - start, "chroma": float(picture["chroma"][first:stop].mean())}
        found.append(Finding("missing_chroma", severity, start, end, confidence, detail, numbers))  # type: ignore[arg-type]
    return found


def _colourful(picture: Series, near: slice, nearest: int, planes: str, rules: PictureRules) -> bool:
    """Whether the frames right beside have the colour that is missing, up to the `nearest`: it did not fade."""
    if not len(picture["at_s"][near]):
        return False
    if planes != "u and v":
        spread = picture[f"{planes}_spread"][near]
        return float(np.median(spread)) > _SPREAD and float(spread[nearest]) > _SPREAD
    chroma = picture["chroma"][near]
    return float(np.median(chroma)) >= rules.chroma_least and float(chroma[nearest]) >= rules.chroma_least / 2
