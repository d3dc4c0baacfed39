"""Black bars at the four edges of a frame: the window in which the picture stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.light import limited

_BLACK: Final = 20.5
"""Brightest cell of a bar: black is 16, and an encode strays by a few codes."""


class Window:
    """Shares of the height and width that are bars; all 1 where the whole frame is black."""

    names: tuple[str, ...] = ("bar_top", "bar_bottom", "bar_left", "bar_right")

    def look(self, frame: Frame) -> Sequence[float]:
        lit = limited(frame.small_y, frame.full_range) > _BLACK
        return (*_ends(lit.any(axis=1)), *_ends(lit.any(axis=0)))


def _ends(lit: NDArray[np.bool_]) -> tuple[float, float]:
    places = np.flatnonzero(lit)
    if not len(places):
        return 1.0, 1.0
    return float(places[0] / len(lit)), float((len(lit) - 1 - places[-1]) / len(lit))
