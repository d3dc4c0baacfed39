"""Shares of pixels outside the levels that video may use, luma and colours.

EBU R 103 (version 3.0, 2020): luma and each of R, G, B between -5% and 105% (codes 5 and 246 of luma); up to 1% of
the picture may stray. Below and above the nominal 16 and 235 by more than a little is told apart from that, since
it gives away a file whose full range is labelled limited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.picture.frame import Frame

_STEP: Final = 6
"""Every sixth chroma row and column, with the luma beside it: 15,000 pixels of a 1080p frame."""
_BORDER: Final = 25
"""A twenty-fifth at each edge is not looked at: many sound films have a line of true black there."""
_HD_ROWS: Final = 720  # from here on colours are BT.709, below BT.601
_STRAY: Final = 3.5
"""Codes beyond 16 and 235 that an encode may stray."""


class Levels:
    """Shares of pixels (0-1) that lie outside nominal levels and outside R 103."""

    names: tuple[str, ...] = ("below", "above", "below_legal", "above_legal", "gamut")

    def look(self, frame: Frame) -> Sequence[float]:
        if frame.full_range or not frame.y.size:
            return (0.0,) * 5
        colours = frame.u if frame.u.size else np.empty((0, 0), frame.y.dtype)
        kr, kb = (0.2126, 0.0722) if frame.y.shape[0] >= _HD_ROWS else (0.299, 0.114)
        counts = np.zeros(6, np.int64)
        _count(frame.y, colours, frame.v, 1.0 / (1 << (frame.bits - 8)), kr, kb, counts)
        return tuple(float(count) for count in counts[:5] / max(1, counts[5]))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _count(
    y: NDArray[Any], u: NDArray[Any], v: NDArray[Any], scale: float, kr: float, kb: float, counts: NDArray[np.int64]
) -> None:
    rows, columns = y.shape
    coloured = u.size > 0
    tall = -(-rows // u.shape[0]) if coloured else 2  # up: the last line of an odd number has colour of its own
    wide = -(-columns // u.shape[1]) if coloured else 2
    kg = 1 - kr - kb
    high, long = rows // tall, columns // wide
    for row in range(high // _BORDER, high - high // _BORDER, _STEP):
        for column in range(long // _BORDER, long - long // _BORDER, _STEP):
            luma = y[row * tall, column * wide] * scale
            counts[5] += 1
            counts[0] += luma < 16 - _STRAY
            counts[1] += luma > 235 + _STRAY
            counts[2] += luma < 5
            counts[3] += luma > 246
            if coloured:
                grey = (luma - 16) / 219
                blue, red = (u[row, column] * scale - 128) / 224, (v[row, column] * scale - 128) / 224
                r, b = grey + 2 * (1 - kr) * red, grey + 2 * (1 - kb) * blue
                g = (grey - kr * r - kb * b) / kg
                counts[4] += min(r, g, b) < -0.05 or max(r, g, b) > 1.05
