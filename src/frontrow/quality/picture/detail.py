"""Fine detail that goes or comes at once everywhere while the picture stays: the onset and the end of a blur.

How much detail a part of the picture has is told by the energy of second differences between neighbours, which blur
takes away, against that of the differences between cells of the small picture, which it leaves. A lens that is turned
needs its time, and a shallow focus goes on being sharp somewhere; where detail goes from one moment to the next and
what is coarse stays, somebody put a filter over it, or a copy was made out of focus.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.measurements import Series
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.grid import LUMA
from frontrow.quality.picture.looks import LookingMeter
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import cuts, local_median

_CELLS: Final = 8
_PARTS: Final = (LUMA[0] // _CELLS, LUMA[1] // _CELLS)
_LINES: Final = 180
"""Lines that are looked at, about: every fourth of a 720p frame."""
_ALIKE: Final = 8.0
"""Mean change of its cells, codes, up to which a part shows the same as at the last look."""
_FEWEST: Final = 0.4
"""Share of the parts that must be comparable."""
_MOST: Final = 2.0
"""How many times as much as in its usual part detail may have changed in the whole: a caption is no blur."""
_FLAT: Final = 1.0
"""Energy, codes squared, below which a picture has nothing to be sharp."""
_STEADY: Final = 4
"""Looks before and after a step in which detail must be steady."""
_STEADY_SHARE: Final = 0.5
"""How far it may wander there, as a share of the step."""
_PAN: Final = 1.5
_STILL: Final = 1.0
"""Motion may be half as much again as outside, and by a code more, where a picture is blurred and not panned over."""
_BOTH: Final = 0.75
"""Share of the least fall that is enough where detail comes back at once as well."""
_BACK: Final = 0.6
"""Detail is back when it is above what was there before less this share of the least fall."""


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _measure(y: Any, stride: int, energy: Any) -> None:
    """Mean square of second differences along lines, each part."""
    rows, columns = y.shape
    down, across = energy.shape
    for part_row in range(down):
        first = part_row * rows // down + stride // 2
        bottom = (part_row + 1) * rows // down
        for part_column in range(across):
            left = max(1, part_column * columns // across)
            right = min(columns - 1, (part_column + 1) * columns // across)
            total, count = np.int64(0), 0
            for row in range(first, bottom, stride):
                for column in range(left, right):
                    bend = 2 * np.int32(y[row, column]) - np.int32(y[row, column - 1]) - np.int32(y[row, column + 1])
                    total += bend * bend
                count += max(0, right - left)
            energy[part_row, part_column] = total / max(1, count)


class DetailMeter(LookingMeter):
    """`detail`: log of fine against coarse energy, of the whole picture; `detail_step`: how it changed since the last
    look in the parts that show the same, most of them. NaN where nobody looked or could tell.
    """

    names: tuple[str, ...] = ("detail", "detail_step")
    every = 2

    def __init__(self) -> None:
        super().__init__()
        self._past: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]] | None = None

    def measure(self, frame: Frame) -> Sequence[float]:
        """Every second frame."""
        fine = np.zeros(_PARTS)
        _measure(frame.y, max(1, frame.y.shape[0] // _LINES), fine)
        fine /= 1 << 2 * (frame.bits - 8)
        small = frame.small_y.astype(np.float32)
        coarse = _parts(np.diff(small, axis=1, append=small[:, -1:]) ** 2)
        past, self._past = self._past, (fine, coarse, small)
        level = _log_ratio(fine, coarse)
        if past is None or np.isnan(level):
            return level, np.nan
        past_fine, past_coarse, past_small = past
        same = _parts(np.abs(small - past_small)) <= _ALIKE
        if same.mean() < _FEWEST:
            return level, np.nan
        change = _log_ratio(fine[same], coarse[same]) - _log_ratio(past_fine[same], past_coarse[same])
        most = _MOST * _usual(past_fine[same], fine[same]) * np.sign(change)
        return level, float(np.sign(change) * np.clip(abs(change), 0.0, max(most, 0.0)))


def _parts(cells: NDArray[np.float32]) -> NDArray[np.float64]:
    """Means of 8 x 8 cells."""
    means: NDArray[np.float64] = (
        cells.reshape(_PARTS[0], _CELLS, _PARTS[1], _CELLS).mean(axis=(1, 3)).astype(np.float64)
    )
    return means


def _usual(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Half the log of how the energy of a part changed, median of the half that has most: words touch but a few."""
    both = before + now
    most = both >= np.median(both)
    return 0.5 * float(np.median(np.log((now[most] + 0.01) / (before[most] + 0.01))))


def _log_ratio(fine: NDArray[np.float64], coarse: NDArray[np.float64]) -> float:
    """Half the log of the ratio of energies: that of amplitudes. NaN for a picture without contrast."""
    if coarse.mean() < _FLAT:
        return float("nan")
    return 0.5 * float(np.log((fine.mean() + 0.01) / coarse.mean()))


def blurred(picture: Series, rules: PictureRules) -> list[tuple[int, int, float]]:
    """(first, one past the last, fall) of spans that lose `rules.blur_fall` at once, or win it back at once.

    A span reaches from the step to where the detail is back, or to a cut. Before and after the step the detail must
    be steady, where a hand that shakes makes it come and go, and the picture may not move more than outside: fast pans
    are soft. Where detail goes and comes back at once, a smaller fall is enough.
    """
    looks = np.flatnonzero(~np.isnan(picture["detail"]))
    at_s, level, step = picture["at_s"][looks], picture["detail"][looks], np.nan_to_num(picture["detail_step"][looks])
    cut = np.add.reduceat(cuts(picture), looks + 1 - np.diff(looks, prepend=-1)) > 0 if looks.size else looks > 0
    motion = local_median(picture["motion"], _STEADY)[looks]
    least = _BOTH * rules.blur_fall
    spans = []
    for way in (1, -1):  # forwards from a fall to its end, backwards from a rise to its beginning
        inside = 0 if way == 1 else 1  # a step is told at the later of its two looks
        flow, jump, moves = level[::way], -way * step[::way], motion[::way]
        broken, rise = (_later(mask[::way], inside) for mask in (cut, way * step >= least))
        for first in np.flatnonzero(jump >= least) + inside:
            before, after = flow[max(0, first - _STEADY) : first], flow[first : first + _STEADY]
            if min(before.size, after.size) < _STEADY or broken[first]:
                continue
            if max(np.ptp(before), np.ptp(after)) > _STEADY_SHARE * jump[first - inside]:
                continue
            if np.median(moves[first : first + _STEADY]) > _PAN * np.median(moves[first - _STEADY : first]) + _STILL:
                continue
            back = flow[first:] > np.median(before) - _BACK * rules.blur_fall
            over = np.flatnonzero(back | broken[first:] | rise[first:])
            stop = first + int(over[0]) if over.size else flow.size
            if stop == first:
                continue
            fall = float(np.median(before) - np.median(flow[first:stop]))
            both = stop < flow.size and bool(rise[stop])
            begin, last = (first, stop - 1) if way == 1 else (flow.size - stop, flow.size - 1 - first)
            if fall >= (least if both else rules.blur_fall) and at_s[last] - at_s[begin] >= rules.blur_s:
                spans.append((int(looks[begin]), int(looks[last]) + 1, fall))
    return spans


def _later(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    return np.concatenate([np.zeros(by, bool), mask])[: mask.size]
