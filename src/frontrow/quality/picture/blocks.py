"""Macroblocking: the block grid of a starved encoder shows in the picture.

A step between two neighbours of a line that stand on flat ground is counted by its place modulo 8. In a picture as it
was shot, and in one that was scaled, steps fall anywhere; blocks put them on one column of eight, and on one row of
eight. What counts is how many more stand there than anywhere else (after Wang, Bovik and Evans, 2000, with counts in
place of energies, so that a few hard edges weigh little).
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

_GRID: Final = 8
_LINES: Final = 5  # one line in so many; no divisor of the grid
_SOFT: Final = 0.001
"""Share of the places that is added below a ratio, so that a picture without any step has none."""


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _steps(y: Any, stride: int, unit: int, counts: Any) -> None:
    """Add to `counts` (2 x 8) the isolated steps along lines and along columns, by place modulo 8."""
    rows, columns = y.shape
    for row in range(2, rows - 2, stride):
        for column in range(3, columns - 3):
            step = abs(np.int32(y[row, column]) - np.int32(y[row, column - 1]))
            if step < 2 * unit:
                continue
            left = abs(np.int32(y[row, column - 1]) - np.int32(y[row, column - 3]))
            right = abs(np.int32(y[row, column + 2]) - np.int32(y[row, column]))
            if 2 * max(left, right) <= step:
                counts[0, column % 8] += 1
    for row in range(3, rows - 3):
        for column in range(2, columns - 2, stride):
            step = abs(np.int32(y[row, column]) - np.int32(y[row - 1, column]))
            if step < 2 * unit:
                continue
            above = abs(np.int32(y[row - 1, column]) - np.int32(y[row - 3, column]))
            below = abs(np.int32(y[row + 2, column]) - np.int32(y[row, column]))
            if 2 * max(above, below) <= step:
                counts[1, row % 8] += 1


class BlockMeter(LookingMeter):
    """How many more steps stand on the block grid than off it.

    `blockiness` is their share of all places on the grid, 0 to 1; `block_ratio` how often the fullest of the eight
    places is as full as the next. Both are those of the direction that has less.
    """

    names: tuple[str, ...] = ("blockiness", "block_ratio")
    every = 4

    def measure(self, frame: Frame) -> Sequence[float]:
        """Every fourth frame; NaN for the others."""
        counts = np.zeros((2, _GRID), np.int64)
        _steps(frame.y, _LINES, 1 << (frame.bits - 8), counts)
        places = frame.y.size / _LINES / _GRID
        counts.sort(axis=1)
        more = counts[:, -1] - counts[:, :-1].mean(axis=1)
        ratio = counts[:, -1] / (counts[:, -2] + _SOFT * places)
        return float(more.min()) / places, float(ratio.min())


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Spans in which blocks can be seen."""
    picture = measured.picture
    if picture is None:
        return []
    blockiness, ratio = picture["blockiness"], picture["block_ratio"]
    hit = (blockiness >= rules.blockiness) & (ratio >= rules.block_ratio)
    found = []
    for first, stop in stretches(picture["at_s"], blockiness, hit, least_s=rules.block_s, share=0.2):
        worst = float(np.nanmax(blockiness[first:stop]))
        found.append(
            Finding(
                "macroblocking", "error" if worst >= 2 * rules.blockiness else "warn", *when(picture, first, stop),
                0.95 if worst >= 2 * rules.blockiness else 0.8,
                f"the block grid shows: {worst:.0%} more of its places than of others have a step; "
                f"{rules.blockiness:.0%} is visible",
                {"blockiness": worst},
            )
        )  # fmt: skip
    return found
