"""Levels outside what video may use: whole files with a wrong range, and stretches beyond EBU R 103."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import joined, runs, when

_GAP: Final = 6
_STARVED: Final = 0.2
"""Share of the looks at which blocks show from which on empty codes are the encoder's."""
_MOST: Final = 0.05
"""What one frame can add to the judgement of the whole file: cards and green frames are few and extreme."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """A wrong range of the whole file (error), otherwise each stretch of excess (info, warn where it is gross).

    Colours outside R 103 are told and not held against a film: half of a blue sky in clean animation lies there.
    """
    picture = measured.picture
    if picture is None:
        return []
    whole = _whole(picture, rules)
    return [whole] if whole else _stretches(picture, rules)


def _whole(picture: Series, rules: PictureRules) -> Finding | None:
    below, above = (float(np.mean(np.minimum(picture[name], _MOST))) for name in ("below", "above"))
    stretched = _is_stretched(picture, rules)
    if below + above < (rules.range_share / 2 if stretched else rules.range_share):
        return None
    start, end = when(picture, 0, len(picture["at_s"]))
    detail = (
        f"{below:.1%} of all pixels lie below black and {above:.1%} above white: "
        "full range in a file that says limited, or levels never brought into range"
    )
    if stretched:
        detail += "; codes left empty at even steps show that they were stretched"
    confidence = 0.9 if stretched else min(0.95, 0.6 + 5 * (below + above))
    # cameras use what is above white
    severity: Severity = "error" if below >= rules.range_share / 2 or stretched else "warn"
    return Finding("level_range", severity, start, end, confidence, detail, {"below": below, "above": above})


def _is_stretched(picture: Series, rules: PictureRules) -> bool:
    """Whether codes stand empty at even steps, and not because a starved encoder has only a few left."""
    comb, blocky = (picture[name][~np.isnan(picture[name])] for name in ("comb", "blockiness"))
    return bool(comb[-1:].max(initial=0.0) >= rules.range_comb and np.mean(blocky > rules.blockiness) < _STARVED)


def _stretches(picture: Series, rules: PictureRules) -> list[Finding]:
    luma = picture["below_legal"] + picture["above_legal"]
    found = []
    for first, stop in joined(runs(luma > rules.level_share), _GAP):
        start, end = when(picture, first, stop)
        if end - start < rules.level_s:
            continue
        numbers = {"luma": float(luma[first:stop].max()), "gamut": float(picture["gamut"][first:stop].max())}
        detail = f"up to {numbers['luma']:.1%} of luma and {numbers['gamut']:.1%} of colours lie outside EBU R 103"
        gross = numbers["luma"] > rules.level_gross_share
        found.append(
            Finding("level_range", "warn" if gross else "info", start, end, 0.7 if gross else 0.3, detail, numbers)
        )
    return found
