"""Blur: shots in which nothing is sharp, in a film that can be sharp.

An edge is told by the largest step between neighbours within it, as a share of its whole height over eight pixels: 1
for a knife's edge, a fifth for a wide slope. A frame is as sharp as its sharpest edges, so that a face before a soft
background is sharp, and a picture that moves fast in one direction still has the edges along it. A picture out of
focus has all its sharp edges equally soft, where a shallow one has some that are sharper than the rest. Whether a shot
is blurred is asked against the rest of the film: an old or an enlarged film is soft throughout, and meant to be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numba import njit

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.detail import blurred
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.looks import LookingMeter, stretches
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import joined, when

_LINES: Final = 6
_BINS: Final = 64
_SHARPEST, _SHARP = 0.99, 0.95
"""Quantiles of a frame's edges that stand for it."""
_FEWEST: Final = 50
"""Edges below which a frame has no sharpness: fades, black, empty walls."""
_FEWEST_LOOKS: Final = 4


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _edges(y: Any, stride: int, least: int, bins: Any) -> None:
    """Add to `bins` (2 x n) the sharpness of edges of at least `least` codes, met along lines and along columns."""
    rows, columns = y.shape
    top = bins.shape[1] - 1
    for row in range(4, rows - 4, stride):
        for column in range(4, columns - 4):
            step = abs(np.int32(y[row, column]) - np.int32(y[row, column - 1]))
            if 8 * step < least:
                continue
            whole = abs(np.int32(y[row, column + 3]) - np.int32(y[row, column - 4]))
            if whole < least:
                continue
            if step < abs(np.int32(y[row, column - 1]) - np.int32(y[row, column - 2])):
                continue
            if step < abs(np.int32(y[row, column + 1]) - np.int32(y[row, column])):
                continue
            bins[0, min(top, top * step // whole)] += 1
    for row in range(4, rows - 4):
        for column in range(4, columns - 4, stride):
            step = abs(np.int32(y[row, column]) - np.int32(y[row - 1, column]))
            if 8 * step < least:
                continue
            whole = abs(np.int32(y[row + 3, column]) - np.int32(y[row - 4, column]))
            if whole < least:
                continue
            if step < abs(np.int32(y[row - 1, column]) - np.int32(y[row - 2, column])):
                continue
            if step < abs(np.int32(y[row + 1, column]) - np.int32(y[row, column])):
                continue
            bins[1, min(top, top * step // whole)] += 1


class FocusMeter(LookingMeter):
    """Sharpness of the sharpest edges, 0 to 1, and how much sharper they are than the sharp ones, 1 and more.

    NaN where a frame has too few edges, or was not looked at.
    """

    names: tuple[str, ...] = ("sharpness", "sharp_spread")
    every = 6

    def measure(self, frame: Frame) -> Sequence[float]:
        """The sharper of both directions, on every sixth frame."""
        bins = np.zeros((2, _BINS), np.int64)
        _edges(frame.y, _LINES, 24 << (frame.bits - 8), bins)
        bins = bins[bins.sum(axis=1) >= _FEWEST]
        if not bins.size:
            return np.nan, np.nan
        reached = np.cumsum(bins, axis=1) / bins.sum(axis=1, keepdims=True)
        sharpest, sharp = (float((reached >= share).argmax(axis=1).max()) for share in (_SHARPEST, _SHARP))
        return sharpest / (_BINS - 1), sharpest / max(sharp, 1.0)


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Spans that lose their detail at once, and others that are much softer than the film."""
    picture = measured.picture
    if picture is None:
        return []
    sudden = blurred(picture, rules)
    found = []
    for first, stop in joined(sorted((first, stop) for first, stop, _ in sudden), 0):
        fall = max(fall for begin, end, fall in sudden if begin < stop and end > first)
        found.append(
            Finding(
                "blur", "warn", *when(picture, first, stop), 0.9,
                f"fine detail goes at once while the picture stays: {np.exp(-fall):.0%} of it is left; less than "
                f"{np.exp(-rules.blur_fall):.0%} is a fault",
                {"left": float(np.exp(-fall))},
            )
        )  # fmt: skip
    known = [(finding.start_s, finding.end_s) for finding in found]
    for finding in _soft(picture, rules):
        if not any(start_s < finding.end_s and end_s > finding.start_s for start_s, end_s in known):
            found.append(finding)
    return found


def _soft(picture: Series, rules: PictureRules) -> Iterator[Finding]:
    """Spans in which nothing is as sharp as the film usually is."""
    sharpness = picture["sharpness"]
    looks = sharpness[~np.isnan(sharpness)]
    if looks.size < _FEWEST_LOOKS:
        return
    usual = float(np.quantile(looks, 0.75))
    hit = (sharpness <= rules.blur_sharpness) & (sharpness <= rules.blur_share * usual)
    hit &= picture["sharp_spread"] <= rules.blur_spread
    for first, stop in stretches(picture["at_s"], sharpness, hit, least_s=rules.blur_s):
        here = float(np.nanmedian(sharpness[first:stop]))
        yield Finding(
            "blur", "warn", *when(picture, first, stop), 0.8,
            f"nothing is sharp: the sharpest edges reach {here:.2f} where the film has {usual:.2f}; less than "
            f"{rules.blur_share:.0%} of it is a fault",
            {"sharpness": here, "usual": usual},
        )  # fmt: skip
