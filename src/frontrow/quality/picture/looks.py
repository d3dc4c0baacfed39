"""Looks now and then: a fault that lasts is measured on one frame in a few, and told by stretches of those looks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.picture.frame import Frame


class LookingMeter(ABC):
    """A meter (`frame.Meter`) of each `every`-th frame, from the first on; NaN for the frames between."""

    names: tuple[str, ...]
    every: ClassVar[int]

    def __init__(self) -> None:
        self._number = -1

    def look(self, frame: Frame) -> Sequence[float]:
        """One number for each of `names`."""
        self._number += 1
        if self._number % self.every:
            return (np.nan,) * len(self.names)
        return self.measure(frame)

    @abstractmethod
    def measure(self, frame: Frame) -> Sequence[float]:
        """What `look` gives for a frame whose turn it is."""


def stretches(
    at_s: NDArray[np.float64],
    values: NDArray[Any],
    hit: NDArray[np.bool_],
    *,
    least_s: float,
    gap_s: float = 1.0,
    share: float = 0.5,
) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of each stretch of hits, with at most `gap_s` from one to the next.

    `values` is NaN where nobody looked. A stretch counts when it lasts `least_s` and holds at least two hits, which
    are at least `share` of all looks within it.
    """
    places = np.flatnonzero(hit)
    if places.size < 2:
        return
    looked = np.concatenate([[0], np.cumsum(~np.isnan(values))])
    for run in np.split(places, np.flatnonzero(np.diff(at_s[places]) > gap_s) + 1):
        first, stop = int(run[0]), int(run[-1]) + 1
        long_enough = at_s[stop - 1] - at_s[first] >= least_s
        if run.size >= 2 and long_enough and run.size >= share * (looked[stop] - looked[first]):
            yield first, stop
