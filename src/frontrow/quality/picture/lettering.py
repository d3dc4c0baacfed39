"""Burnt-in text: lines of letters that lie over the picture where none belong.

Letters are many hard steps between dark and light in a small place, which stay where they are, pixel by pixel, while
the picture goes on. A line of them is long, low, and alone: where texture of that kind stands still, so does more of it
above and below. Titles and credits on a black or plain card are part of films and left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.looks import LookingMeter, stretches
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import when

_CELLS: Final = 60
"""Cells from top to bottom; each is twice as wide as high: about one letter of a small caption."""
_STEP: Final = 70
"""Codes between a letter and its outline or ground."""
_LIGHT: Final = 140
"""Least code of the lighter side."""
_DENSE: Final = 0.06
"""Share of a cell's places that are such steps."""
_KEPT: Final = 0.6
"""Share of the steps of a cell that were there at the last look."""
_AGE: Final = 3
"""Looks for which a cell must have kept its steps."""
_KNOWN_S: Final = 0.75
"""How long letters have stood when they are first counted, seconds."""
_DETAIL: Final = 3
"""Codes from one cell of the small picture to the next that are detail."""
_CARD: Final = 0.2
"""Share of cells with detail below which a picture is a card: its letters are a title, or credits."""


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _steps(y: Any, before: Any, step: int, light: int, height: int, found: Any, kept: Any) -> None:
    """Count hard steps of each cell, and those that were in `before`, which becomes the steps of now."""
    columns = y.shape[1]
    for line in range(before.shape[0]):
        row = 2 * line
        for column in range(columns - 2):
            left, right = np.int32(y[row, column]), np.int32(y[row, column + 2])
            way = 0
            if right - left >= step and right >= light:
                way = 1
            elif left - right >= step and left >= light:
                way = -1
            if way != 0:
                found[row // height, column // (2 * height)] += 1
                if before[line, column] == way:
                    kept[row // height, column // (2 * height)] += 1
            before[line, column] = way


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _longest(lettered: Any) -> tuple[int, int]:
    """Length and row of the longest run of cells in a row; one cell between two does not end it."""
    longest, at_row = 0, 0
    for row in range(lettered.shape[0]):
        run, gap = 0, 0
        for column in range(lettered.shape[1]):
            if lettered[row, column]:
                run, gap = run + 1, 0
                if run > longest:
                    longest, at_row = run, row
            else:
                gap += 1
                if gap > 1:
                    run = 0
    return longest, at_row


def _is_card(small: NDArray[np.uint8]) -> bool:
    codes = small.astype(np.int16)
    across, down = np.abs(np.diff(codes, axis=1))[:-1], np.abs(np.diff(codes, axis=0))[:, :-1]
    return float(np.mean(np.maximum(across, down) >= _DETAIL)) < _CARD


class LetterMeter(LookingMeter):
    """Cells in the longest line of letters that stands still, its share of all such cells, and its place (0 top, 1)."""

    names: tuple[str, ...] = ("letters", "letter_share", "letter_height")
    every = 6

    def __init__(self) -> None:
        super().__init__()
        self._before = np.zeros((0, 0), np.int8)

    def measure(self, frame: Frame) -> Sequence[float]:
        """Every sixth frame; NaN for the others."""
        rows, columns = frame.y.shape
        height = max(8, rows // _CELLS)
        if self._before.shape != ((rows + 1) // 2, columns):
            self._before = np.zeros(((rows + 1) // 2, columns), np.int8)
            self._age = np.zeros((rows // height + 1, columns // (2 * height) + 1), np.int32)
        found, kept = np.zeros(self._age.shape, np.int32), np.zeros(self._age.shape, np.int32)
        shift = frame.bits - 8
        _steps(frame.y, self._before, _STEP << shift, _LIGHT << shift, height, found, kept)
        if _is_card(frame.small_y):
            self._age[:] = 0
            return 0.0, 0.0, np.nan
        dense = found >= _DENSE * height * height  # half the lines of a cell of height x 2 height
        self._age = np.where(dense & (kept >= _KEPT * found), self._age + 1, 0).astype(np.int32)
        lettered: NDArray[np.bool_] = self._age >= _AGE
        length, row = _longest(lettered)
        band = lettered[max(row - 2, 0) : row + 3].sum()
        return float(length), float(band) / max(1, int(lettered.sum())), row * height / rows


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Spans with a line of letters over the picture."""
    picture = measured.picture
    if picture is None:
        return []
    letters, share = picture["letters"], picture["letter_share"]
    hit = (letters >= rules.letters) & (share >= rules.letter_share)
    found = []
    for first, stop in stretches(picture["at_s"], letters, hit, least_s=rules.letters_s):
        start_s, end_s = when(picture, first, stop)
        place = float(np.nanmedian(picture["letter_height"][first:stop]))
        length = float(np.nanmax(letters[first:stop]))
        found.append(
            Finding(
                "burnt_in_text", "warn", max(0.0, start_s - _KNOWN_S), end_s, 0.75,
                f"a line of letters stands over the picture, {place:.0%} of the way down: {length:.0f} cells of hard "
                f"steps that do not move; {rules.letters} and more are told",
                {"cells": length, "height": place},
            )
        )  # fmt: skip
    return found
