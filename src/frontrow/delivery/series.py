"""Time series as they come, made regular: one step, no gaps, no hour twice; every repair is named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Array = npt.NDArray[np.float64]
HOUR_S = 3600
_SEASONS = {900: (96, 672), 1800: (48, 336), 3600: (24, 168), 86_400: (7,), 604_800: (52,)}
_MOST_GAPS = 0.5  # a series with more steps missing than this is refused: it would be invented, not forecast


@dataclass(frozen=True)
class Regular:
    """Values at `start + i * step` (seconds, or any unit) and what was repaired."""

    values: Array
    start: int
    step: int
    repairs: tuple[str, ...]


def seasons_of(step_s: int) -> tuple[int, ...]:
    """Steps in a day and a week (or what fits) for a step in seconds; hours where nothing is known."""
    return _SEASONS.get(step_s, (12,) if step_s > 604_800 else (24, 168))


def common_step(at: list[npt.NDArray[np.int64]]) -> int:
    """The step of most neighbours over all series; 0 where no series has two times."""
    gaps = np.concatenate([np.diff(np.unique(one)) for one in at]) if at else np.zeros(0, np.int64)
    if not len(gaps):
        return 0
    values, counts = np.unique(gaps, return_counts=True)
    return int(values[counts.argmax()])


def regular(name: str, at: npt.NDArray[np.int64], values: Array, step: int, season: int) -> Regular:
    """Sorted, one value a step. Twice the same time is averaged; a gap takes the value a season before, else a line.

    Raises InputError for negative values, times off the step, and more gaps than values.
    """
    if (values < 0).any():
        row = int(np.flatnonzero(values < 0)[0])
        raise InputError(f"series {name!r} has {values[row]:g} at {at[row]}; demand is 0 or more")
    repairs = []
    times, inverse, counts = np.unique(at, return_inverse=True, return_counts=True)
    if (counts > 1).any():
        repairs.append(f"{int((counts - 1).sum())} times given twice: averaged")
    level = np.bincount(inverse, values) / counts
    if len(times) < 2:
        return Regular(level, int(times[0]), max(step, 1), tuple(repairs))
    place, off = np.divmod(times - times[0], step)
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise InputError(f"series {name!r} has a value at {times[row]}, between two steps of {step}; resample it first")
    length = int(place[-1]) + 1
    missing = length - len(times)
    if missing > _MOST_GAPS * length:
        raise InputError(f"series {name!r} lacks {missing} of its {length} steps; that is too little to forecast from")
    filled = np.full(length, np.nan)
    filled[place] = level
    if missing:
        repairs.append(f"{missing} missing steps: filled from a season before")
        line = np.interp(np.arange(length), place, level)
        for gap in np.flatnonzero(np.isnan(filled)):
            filled[gap] = filled[gap - season] if gap >= season else line[gap]
    return Regular(filled, int(times[0]), step, tuple(repairs))
