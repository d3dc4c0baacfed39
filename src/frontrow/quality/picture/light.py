"""Light, colour and motion of a frame, from its small means: what black, freezes, cadence and flashes are told by.

Codes are those of limited range whatever the file's range is: black at 16, white at 235, no colour at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.grid import LUMA

SIGNATURE: Final = tuple(f"y{row}{column}" for row in range(4) for column in range(4))
"""Columns of mean luma of 4 x 4 parts: enough to tell whether two moments show the same thing."""
_TOP: Final = 46
"""The brightest half percent of cells are left out of `luma_top`: a logo does not make a black frame a picture."""
_ROWS_BETWEEN: Final = 8
"""Full resolution is compared on every eighth row: 0.1 ms a frame at 1080p."""
_GREEN: Final = -90
"""Chroma codes this low in both planes are no colour of any camera: a decoder's empty buffer."""


class Light:
    """Means, extremes and colour of one frame."""

    names: tuple[str, ...] = (
        "luma", "luma_top", "luma_spread", "u", "v", "chroma", "u_spread", "v_spread", "green", *SIGNATURE,
    )  # fmt: skip

    def look(self, frame: Frame) -> Sequence[float]:
        y = limited(frame.small_y, frame.full_range)
        u, v = frame.small_u.astype(np.float32) - 128, frame.small_v.astype(np.float32) - 128
        parts = y.reshape(4, LUMA[0] // 4, 4, LUMA[1] // 4).mean(axis=(1, 3))
        green = np.count_nonzero((u < _GREEN) & (v < _GREEN)) / u.size
        return (
            float(parts.mean()), float(np.partition(y.ravel(), -_TOP)[-_TOP]), float(y.std()), float(u.mean()),
            float(v.mean()), float(np.hypot(u, v).mean()), float(u.std()), float(v.std()), green, *parts.ravel(),
        )  # fmt: skip


class Motion:
    """How a frame differs from the one before: everywhere, at most, in sum, and pixel by pixel."""

    names: tuple[str, ...] = ("motion", "motion_peak", "shift", "motion_fine")

    def __init__(self) -> None:
        self._small: NDArray[np.int16] | None = None
        self._rows: NDArray[Any] | None = None

    def look(self, frame: Frame) -> Sequence[float]:
        small = frame.small_y.astype(np.int16)
        before, self._small = self._small, small
        if self._rows is None or self._rows.shape != frame.y[::_ROWS_BETWEEN].shape:
            self._rows = frame.y[::_ROWS_BETWEEN].copy()
            fine = np.nan
        else:
            fine = _difference(frame.y, self._rows, _ROWS_BETWEEN) / (1 << (frame.bits - 8))
        if before is None:
            return (np.nan,) * 4
        change = small - before
        size = np.abs(change)
        return float(size.mean()), float(size.max()), float(change.mean()), fine


def limited(codes: NDArray[np.uint8], full_range: bool) -> NDArray[np.float32]:
    """Luma in codes of limited range."""
    as_float = codes.astype(np.float32)
    return 16 + as_float * np.float32(219 / 255) if full_range else as_float


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _difference(plane: NDArray[Any], before: NDArray[Any], step: int) -> float:
    """Mean absolute difference on every `step`th row; `before` takes the new rows."""
    rows, columns = before.shape
    total = np.int64(0)
    for row in range(rows):
        for column in range(columns):
            now = plane[row * step, column]
            total += abs(np.int64(now) - np.int64(before[row, column]))  # int() of numba stays unsigned
            before[row, column] = now
    mean: float = total / max(1, rows * columns)
    return mean
