"""Packet loss: macroblocks torn from their neighbours, because part of the stream never arrived.

A decoder fills what it misses with other pictures, or with nothing, and predicts on from there. Whole macroblocks then
stand beside neighbours that they never belonged to: a hard step along the side of a block of 16 pixels and none
within. Objects have such sides as well, but not on the grid of 16; the same count off that grid is taken away.
Starved encoders make blocks too, all over the picture and lower (see blocks.py): where those are, nothing was lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import njit

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.looks import LookingMeter, stretches
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import when

_STEP: Final = 14
"""Codes by which the side of a torn block differs from its neighbour."""
_OFF: Final = 5
"""Where sides are counted for comparison: off the grids of 16, 8 and 4."""


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _sides(y: Any, least: int, off: int) -> tuple[int, int]:
    """How many sides of 16 pixels, lying and standing, are steps of `least` on the grid of 16 moved by `off`."""
    rows, columns = y.shape
    lying, standing = 0, 0
    for row in range(16 + off, rows - 3, 16):
        for begin in range(0, columns - 15, 16):
            step, before, after = np.int32(0), np.int32(0), np.int32(0)
            for column in range(begin, begin + 16):
                step += abs(np.int32(y[row, column]) - np.int32(y[row - 1, column]))
                before += abs(np.int32(y[row - 1, column]) - np.int32(y[row - 2, column]))
                after += abs(np.int32(y[row + 1, column]) - np.int32(y[row, column]))
            if step >= 16 * least and step >= 3 * max(before, after):
                lying += 1
    for begin in range(0, rows - 15, 16):
        for column in range(16 + off, columns - 3, 16):
            step, before, after = np.int32(0), np.int32(0), np.int32(0)
            for row in range(begin, begin + 16):
                step += abs(np.int32(y[row, column]) - np.int32(y[row, column - 1]))
                before += abs(np.int32(y[row, column - 1]) - np.int32(y[row, column - 2]))
                after += abs(np.int32(y[row, column + 1]) - np.int32(y[row, column]))
            if step >= 16 * least and step >= 3 * max(before, after):
                standing += 1
    return lying, standing


class TornMeter(LookingMeter):
    """Torn sides a macroblock, of the direction that has fewer; below 0 where objects have more."""

    names: tuple[str, ...] = ("torn",)
    every = 2

    def measure(self, frame: Frame) -> Sequence[float]:
        """Every second frame; NaN for the others."""
        least = _STEP << (frame.bits - 8)
        on, off = _sides(frame.y, least, 0), _sides(frame.y, least, _OFF)
        return ((min(on) - max(off)) * 256.0 / max(1, frame.y.size),)


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Spans with torn blocks, or with frames that the decoder itself calls damaged."""
    picture = measured.picture
    if picture is None:
        return []
    at_s, torn = picture["at_s"], picture["torn"]
    starved = (picture["blockiness"] >= rules.blockiness) & (picture["block_ratio"] >= rules.block_ratio)
    damaged = (picture["corrupt"] > 0) | (picture["lost"] > 0)
    found = []
    for first, stop in stretches(at_s, torn, torn >= rules.torn, least_s=rules.torn_s, share=0.1):
        looks = ~np.isnan(picture["blockiness"][first:stop])
        told = bool(damaged[first:stop].any())
        if not told and starved[first:stop].sum() > looks.sum() / 2:
            continue
        most = float(np.nanmax(torn[first:stop]))
        found.append(
            Finding(
                "packet_loss", "error", *when(picture, first, stop), 0.95 if told else 0.85,
                f"blocks are torn from their neighbours: {most:.1%} of them at worst, {rules.torn:.1%} is visible"
                + (" (and the decoder says that data is missing)" if told else ""),
                {"torn": most},
            )
        )  # fmt: skip
    return found
