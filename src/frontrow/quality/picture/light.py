"""Light, colour and motion of a frame, from its small means: what black, freeze, cadence and flashes are told by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.picture.frame import Frame

_NEUTRAL: Final = 128.0


class Light:
    """Means, extremes and the difference to the frame before, in 8-bit codes."""

    names: tuple[str, ...] = ("luma", "luma_top", "luma_spread", "u", "v", "chroma", "motion", "shift")

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None

    def look(self, frame: Frame) -> Sequence[float]:
        y = frame.small_y.astype(np.float32)
        u, v = frame.small_u.astype(np.float32) - _NEUTRAL, frame.small_v.astype(np.float32) - _NEUTRAL
        motion = shift = np.nan
        if self._before is not None:
            change = y - self._before
            motion, shift = float(np.abs(change).mean()), float(change.mean())
        self._before = y
        return (
            float(y.mean()), float(np.partition(y.ravel(), -46)[-46]), float(y.std()), float(u.mean()), float(v.mean()),
            float(np.hypot(u, v).mean()), motion, shift,
        )  # fmt: skip
