"""What a fill plan is made from: caches with their limits, and what each file is worth on each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cache:
    """One cache and its limits; all in bytes, each 0 or more."""

    name: str
    disk_bytes: int
    fill_bytes: int  # what the link carries in one fill window
    egress_bytes: float = np.inf  # most that the cache can serve over the peak
    fill_cost: float = (
        0.0  # of bringing one byte, in bytes served at the peak: .01 forgoes 1 byte served for 100 filled
    )
    churn: float = 1.0  # most of the disk that one plan may replace, 0 to 1

    def __post_init__(self) -> None:
        for name in ("disk_bytes", "fill_bytes", "egress_bytes", "fill_cost", "churn"):
            value = getattr(self, name)
            if np.isnan(value) or value < 0:
                raise InputError(f"cache {self.name!r}: {name} is {value}; it is 0 or more")

    @property
    def fill_limit(self) -> float:
        """Bytes that may be brought in one window: what the link carries, and no more than the churn allows."""
        return min(float(self.fill_bytes), self.churn * self.disk_bytes)


@dataclass(frozen=True)
class Offer:
    """Files that may lie on one cache; arrays one entry a file."""

    size: npt.NDArray[np.int64]  # bytes, 1 or more
    value: Array  # bytes asked for at the peak
    present: npt.NDArray[np.bool_]  # already there
    required: npt.NDArray[np.bool_] | None = None  # must be there, such as the last copy of a title

    def __post_init__(self) -> None:
        faulty = np.flatnonzero(~((self.size >= 1) & np.isfinite(self.value) & (self.value >= 0)))
        if len(faulty):
            at = int(faulty[0])
            raise InputError(
                f"file {at}: size {self.size[at]}, demand {self.value[at]}; sizes are 1 byte and up, demand 0 and up"
            )
        held = int(self.size[self.present].sum())
        if held and len(self.present) != len(self.size):
            raise InputError("present needs one entry a file")
