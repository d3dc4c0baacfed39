"""One decoded frame as the picture meters see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """Planes lie in the decoder's memory, rows without gaps (C order): a meter copies what it keeps past its call."""

    at_s: float
    y: NDArray[Any]  # height x width, uint8 or uint16 as decoded
    u: NDArray[Any]  # chroma planes at their own size; 0 x 0 for grey video
    v: NDArray[Any]
    bits: int  # significant bits of a sample
    small_y: NDArray[np.uint8]  # 72 x 128 means of equal areas, 8 bit
    small_u: NDArray[np.uint8]  # 36 x 64
    small_v: NDArray[np.uint8]
    interlaced: bool
    top_field_first: bool
    key: bool
    corrupt: bool
    full_range: bool


class Meter(Protocol):
    """Turns frames, shown in order, into a few numbers each."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the picture series that this meter fills."""
        ...

    def look(self, frame: Frame) -> Sequence[float]:
        """One number for each of `names`; NaN where this frame was not looked at."""
        ...
