"""Stretches of frames: where a mask holds, when that was, and whether two moments show the same."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import Series
from frontrow.quality.picture.light import SIGNATURE

Mask = NDArray[np.bool_]
Floats = NDArray[Any]

_ALIKE: Final = 10.0
"""Luma of a sixteenth of the picture that the same shot differs by at most over a few frames, codes."""
_CUT: Final = 12.0
"""Least mean change of luma at a cut, codes."""


def runs(mask: Mask) -> list[tuple[int, int]]:
    """(first, one past the last) of each stretch where `mask` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]


def joined(stretches: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Stretches with at most `gap` frames between them made one."""
    out: list[tuple[int, int]] = []
    for first, stop in stretches:
        if out and first - out[-1][1] <= gap:
            out[-1] = (out[-1][0], stop)
        else:
            out.append((first, stop))
    return out


def step_s(picture: Series) -> float:
    """How long a frame usually lasts, seconds."""
    at_s = picture["at_s"]
    return float(np.median(np.diff(at_s))) if len(at_s) > 1 else 0.04


def when(picture: Series, first: int, stop: int) -> tuple[float, float]:
    """Start and end in seconds of the frames from `first` to before `stop`."""
    at_s = picture["at_s"]
    end = float(at_s[stop]) if stop < len(at_s) else float(at_s[-1]) + step_s(picture)
    return float(at_s[first]), end


def signatures(picture: Series) -> Floats:
    """(frames, 16): mean luma of 4 x 4 parts."""
    return np.stack([picture[name] for name in SIGNATURE], axis=1)


def alike(picture: Series, one: int, other: int) -> bool:
    """Whether two frames show the same shot, by their light alone."""
    a, b = (np.array([picture[name][place] for name in SIGNATURE]) for place in (one, other))
    return bool(np.abs(a - b).max() <= _ALIKE and a.max() - a.min() > _ALIKE / 2)


def cuts(picture: Series) -> Mask:
    """Frames that begin another shot: a change well above that of the frames around."""
    motion = np.nan_to_num(picture["motion"])
    around = local_median(motion, 12)
    return np.asarray((motion > _CUT) & (motion > 3 * around))


def local_median(values: Floats, reach: int) -> Floats:
    """Median of each value with `reach` on either side of it; ends are repeated. NaN counts as 0."""
    from scipy.ndimage import median_filter

    filtered: Floats = median_filter(np.nan_to_num(values), size=2 * reach + 1, mode="nearest")
    return filtered
