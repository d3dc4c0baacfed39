"""Hard cuts: a frame that differs from the one before far more than its neighbours do from theirs.

Five measures of the change (against the neighbourhood, absolute, structure, edges, histogram) are weighed by a logistic
regression that was fitted on generated transitions only: windows of unlabelled single-shot clips glued by cuts and
dissolves, with flashes, switched lights, passing objects, shake and repeated frames as traps
(benchmarks/artwork_transitions.py prints the weights). The labelled clips took no part in it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.signals import Signals

WEIGHTS: Final = (2.245, -0.180, 1.742, 4.241, 6.969)
"""log change against the neighbourhood, log change, structure, edges, histogram."""
BIAS: Final = -7.488
_NEIGHBOURS: Final = 6
"""Frames on either side; the mean of the two largest changes among them stands for what moves there anyway."""
_APART_FRAMES: Final = 2
_SAME_STRUCTURE: Final = 0.05
_SAME_EDGES: Final = 0.15
"""Below both, the picture is the same one in another light, however large the change."""
_FLASH_S: Final = 0.4
_FLASH_CUT_S: Final = 0.25
"""A flash that hides a cut is shorter than one that a shot outlives."""
_FLASH_RETURN: Final = 0.4
"""The picture after a flash differs from the one before by less than this share of the flash itself."""
_FLASH_CODES: Final = 15.0
_BLINK_FRAMES: Final = 3


def evidence(signals: Signals) -> NDArray[np.float64]:
    """(frames, 5) measures, in the order of WEIGHTS."""
    change = signals.change.astype(np.float64)
    moving = _neighbourhood(change)
    against = np.log((change + 0.5) / (moving + 0.5))
    return np.stack([against, np.log1p(change), signals.structure, signals.edges, signals.histogram], axis=1)


def find(signals: Signals) -> tuple[list[int], list[int]]:
    """(first frames of shots that begin with a hard cut, those of them that hide under a flash)."""
    log_odds = evidence(signals) @ np.array(WEIGHTS) + BIAS
    log_odds[0] = -np.inf
    log_odds[(signals.structure < _SAME_STRUCTURE) & (signals.edges < _SAME_EDGES)] = -np.inf  # another light
    peaks = [
        int(frame)
        for frame in np.flatnonzero(log_odds > 0)
        if log_odds[frame] >= log_odds[max(0, frame - _APART_FRAMES) : frame + _APART_FRAMES + 1].max()
    ]
    return _without_flashes(signals, peaks)


def _without_flashes(signals: Signals, peaks: list[int]) -> tuple[list[int], list[int]]:
    """A flash comes and goes: both its edges look like cuts, and the picture after is the picture before."""
    kept: list[int] = []
    flashed: list[int] = []

    def apart(a: int, b: int) -> float:
        return float(np.abs(signals.thumbnail[a].astype(np.float32) - signals.thumbnail[b]).mean())

    for frame in peaks:
        began = kept[-1] if kept else None
        if began is None or signals.at_s[frame] - signals.at_s[began] > _FLASH_S:
            kept.append(frame)
            continue
        around = _FLASH_CODES + max(float(signals.thumbnail[k].mean(dtype=np.float32)) for k in (began - 1, frame))
        bright = float(signals.level[began:frame].max()) > around
        brief = signals.at_s[frame] - signals.at_s[began] <= _FLASH_CUT_S
        bright_throughout = brief and float(signals.level[began:frame].min()) > around
        returns = apart(began - 1, frame) < _FLASH_RETURN * min(apart(began - 1, began), apart(frame - 1, frame))
        if returns and (bright or frame - began <= _BLINK_FRAMES):
            kept.pop()
        elif bright_throughout:
            kept[-1] = frame
            flashed.append(frame)
        else:
            kept.append(frame)
    return kept, flashed


def _neighbourhood(change: NDArray[np.float64]) -> NDArray[np.float64]:
    count, reach = len(change), _NEIGHBOURS
    padded = np.pad(change, reach)
    around = np.stack([padded[k : k + count] for k in range(2 * reach + 1) if k != reach], axis=1)
    around = np.partition(around, around.shape[1] - 2, axis=1)
    return np.asarray(around[:, -2:].mean(axis=1))
