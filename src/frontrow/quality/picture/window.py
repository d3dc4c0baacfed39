"""Black bars at the four edges of a frame: the window in which the picture stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.light import limited

_BLACK: Final = 20.5
"""Brightest cell of a bar: black is 16, and an encode strays by a few codes."""


class Window:
    """Shares of the height and width that are bars; all 1 where the whole frame is black.

    `edge_rows` and `edge_columns` tell how much of the first lines inside the bars is lit: a window's edge is straight,
    where the dark of a night is not, and may fall within a line of cells. `lit` is the share of the whole frame that is
    not black.
    """

    names: tuple[str, ...] = ("bar_top", "bar_bottom", "bar_left", "bar_right", "edge_rows", "edge_columns", "lit")

    def look(self, frame: Frame) -> Sequence[float]:
        lit = np.asarray(limited(frame.small_y, frame.full_range) > _BLACK)
        top, bottom, edge_rows = _ends(lit)
        left, right, edge_columns = _ends(lit.T)
        return top, bottom, left, right, edge_rows, edge_columns, float(lit.mean())


def _ends(lit: NDArray[Any]) -> tuple[float, float, float]:
    """Share of dark rows before and after, and how much is lit of the first or last two lit rows, where it is less."""
    places = np.flatnonzero(lit.max(axis=1))
    if not len(places):
        return 1.0, 1.0, 0.0
    first, last = places[0], places[-1]
    lines = np.count_nonzero(lit, axis=1)
    edge = min(lines[first : first + 2].max(), lines[max(0, last - 1) : last + 1].max()) / lit.shape[1]
    return float(first / len(lit)), float((len(lit) - 1 - last) / len(lit)), edge
