"""What the player knows of a title before it plays: rungs, segments, and the size of each segment in each rung."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frontrow.delivery.link import Floats
from frontrow.errors import InputError


@dataclass(frozen=True)
class Manifest:
    """A title's ladder and real segment sizes."""

    segment_s: float
    """Duration of a segment, seconds, > 0; the last may be shorter, which no controller needs to know."""
    bitrates_kbps: Floats
    """(rungs,) nominal rates, ascending."""
    sizes_kbit: Floats
    """(segments, rungs), > 0."""

    def __post_init__(self) -> None:
        if not self.segment_s > 0:
            raise InputError(f"segments last {self.segment_s} s; a manifest needs a duration above 0")
        rates = self.bitrates_kbps
        if not len(rates) or not np.all(np.isfinite(rates)) or rates[0] <= 0 or np.any(np.diff(rates) <= 0):
            raise InputError(f"bitrates {rates.tolist()} kbit/s; they must be above 0 and rise from rung to rung")
        if self.sizes_kbit.ndim != 2 or self.sizes_kbit.shape[1] != len(rates) or not len(self.sizes_kbit):
            raise InputError(f"sizes have shape {self.sizes_kbit.shape}; (segments, {len(rates)} rungs) is needed")
        bad = np.argwhere(~np.isfinite(self.sizes_kbit) | (self.sizes_kbit <= 0))
        if len(bad):
            segment, rung = bad[0]
            raise InputError(
                f"segment {segment} of rung {rung} has size {self.sizes_kbit[segment, rung]}; "
                "every segment needs one above 0"
            )

    @property
    def segments(self) -> int:
        """How many segments."""
        return len(self.sizes_kbit)

    @property
    def rungs(self) -> int:
        """How many rungs."""
        return len(self.bitrates_kbps)
