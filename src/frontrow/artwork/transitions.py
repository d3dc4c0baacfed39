"""Gradual transitions: between their ends every frame is a blend of the two, in growing shares.

For windows of several lengths the frames inside are fitted as (1 - a) first + a last. In a dissolve or a fade little is
left over and `a` climbs without a jump; a moving camera leaves a residual, a cut a jump. A fade is a dissolve one end
of which is flat (black, white, one colour); fading out and in again is one transition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.signals import Signals

LENGTHS_S: Final = (0.4, 0.8, 1.4)
_CHUNK: Final = 4096
_STEPS: Final = 8
"""Frames looked at inside a window, ends included one more."""
_MOST_LEFT: Final = 0.10
"""Squared residual of the worst frame by the squared difference of the ends."""
_LEAST_CHANGE: Final = 12.0
"""Root mean square difference of the ends in 8-bit codes."""
_LEAST_FADE: Final = 9.0
"""The same where one end is flat: a title fading on black covers little of the picture."""
_MOST_ALIKE: Final = 0.6
"""Correlation of the ends above which they are the same shot in another light or place."""
_MOST_JUMP: Final = 0.45
"""Largest step of the share from one looked-at frame to the next."""
_FLAT, _FULL = 4.0, 8.0  # contrast of a flat end and, at least, of the other one
_THROUGH_FLAT_S: Final = 1.0


@dataclass(frozen=True)
class Transition:
    """Frames `first` to `last` of a gradual transition; the new shot is said to begin in its middle."""

    first: int
    last: int
    kind: Literal["fade", "dissolve"]

    @property
    def middle(self) -> int:
        """The frame at which the new shot is said to begin."""
        return (self.first + self.last + 1) // 2


def find(signals: Signals, cuts: list[int]) -> list[Transition]:
    """Gradual transitions between hard cuts, in order, none overlapping another."""
    if len(signals) < _STEPS:
        return []
    covered = np.zeros(len(signals), bool)
    for length_s in LENGTHS_S:
        covered |= _blends(signals, cuts, length_s)
    runs = _runs(covered, cuts)
    return _merge_through_flat(signals, runs, cuts)


def _blends(signals: Signals, cuts: list[int], length_s: float) -> NDArray[np.bool_]:
    """Frames inside some window of that length that is a blend of its ends."""
    count = len(signals)
    covered = np.zeros(count, bool)
    steps = np.diff(signals.at_s)
    frame_s = float(np.median(steps)) if len(steps) else 0.04
    length = max(_STEPS // 2, round(length_s / max(frame_s, 1e-3)))
    if count <= length:
        return covered
    offsets = np.linspace(0, length, _STEPS + 1).round().astype(int)
    cut_before = np.searchsorted(np.asarray(cuts), np.arange(count), side="right")
    contrast = signals.contrast
    flat = np.minimum(contrast[:-length], contrast[length:]) < _FLAT
    flat &= np.maximum(contrast[:-length], contrast[length:]) > _FULL
    whole = cut_before[:-length] == cut_before[length:]
    for chunk in range(0, count - length, _CHUNK):
        pictures = signals.thumbnail[chunk : chunk + _CHUNK + length].astype(np.float32)
        here = slice(chunk, chunk + len(pictures) - length)
        moved = pictures[length:] - pictures[:-length]
        power = (moved * moved).mean(axis=1)
        unlike = (power > _LEAST_CHANGE**2) & (_correlation(pictures[:-length], pictures[length:]) < _MOST_ALIKE)
        doubtful = whole[here] & np.where(flat[here], power > _LEAST_FADE**2, unlike)
        for start in np.flatnonzero(doubtful):
            inside = pictures[start + offsets] - pictures[start]
            share = inside @ moved[start] / (power[start] * pictures.shape[1])
            left = ((inside - share[:, None] * moved[start]) ** 2).mean(axis=1) / power[start]
            if left.max() < _MOST_LEFT and np.diff(share).max() < _MOST_JUMP:
                covered[chunk + start : chunk + start + length + 1] = True
    return covered


def _runs(covered: NDArray[np.bool_], cuts: list[int]) -> list[tuple[int, int]]:
    """(first, last) of each stretch of covered frames, split at cuts."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], covered, [False]]).astype(np.int8)))
    runs = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        inner = [cut for cut in cuts if first < cut < end]
        for a, b in zip([first, *inner], [*inner, end], strict=True):
            runs.append((int(a), int(b) - 1))
    return runs


def _merge_through_flat(signals: Signals, runs: list[tuple[int, int]], cuts: list[int]) -> list[Transition]:
    merged: list[tuple[int, int]] = []
    for first, last in runs:
        if merged:
            gap = slice(merged[-1][1], first + 1)
            near = signals.at_s[first] - signals.at_s[merged[-1][1]] <= _THROUGH_FLAT_S
            through_cut = any(merged[-1][1] < cut <= first for cut in cuts)
            if near and not through_cut and signals.contrast[gap].max() < _FLAT:
                merged[-1] = (merged[-1][0], last)
                continue
        merged.append((first, last))
    return [_trim(signals, first, last) for first, last in merged]


def _trim(signals: Signals, first: int, last: int) -> Transition:
    """Windows reach into the still picture on either side: keep the frames in which the shares change."""
    contrast = signals.contrast[first : last + 1]
    if contrast.min() >= _FLAT:
        a, b = _changing(signals, first, last)
        return Transition(a, b, "dissolve")
    flat = np.flatnonzero(contrast < _FLAT) + first
    start = _changing(signals, first, int(flat[0]))[0] if flat[0] > first else int(flat[0])
    end = _changing(signals, int(flat[-1]), last)[1] if flat[-1] < last else int(flat[-1])
    if flat[-1] == last:  # out to a flat picture: it ends where that begins
        end = int(flat[0])
    elif flat[0] == first:
        start = int(flat[-1])
    return Transition(start, end, "fade")


def _changing(signals: Signals, first: int, last: int) -> tuple[int, int]:
    """Frames between which the share of the last picture goes from 5% to 95%."""
    pictures = signals.thumbnail[first : last + 1].astype(np.float32)
    moved = pictures[-1] - pictures[0]
    share = (pictures - pictures[0]) @ moved / max(1.0, float(moved @ moved))
    return first + int(np.argmax(share > 0.05)) - 1, first + int(np.argmax(share >= 0.95))


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    spread = np.sqrt((a * a).mean(axis=1) * (b * b).mean(axis=1))
    return np.asarray(((a * b).mean(axis=1) + 4.0) / (spread + 4.0))
