"""Packet loss: macroblocks torn from their neighbours, because part of the stream never arrived or was changed.

A decoder fills what it misses with other pictures, or with nothing, and predicts on from there. Whole macroblocks then
stand beside neighbours that they never belonged to: a hard step along the side of a block of 16 pixels and none
within. Objects have such sides as well, but not on the grid of 16; the same count off that grid is taken away. What
such blocks do to a picture that is smooth hardly shows in it, but in what has changed since the last look: motion has
no sides on the grid. Codecs with arithmetic coding alone (VP8, H.265) decode flipped bits without a word; this is what
is left to go by. Starved encoders make blocks too, all over the picture and lower (see blocks.py): where those are,
nothing was lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.looks import LookingMeter, stretches
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import Floats, Mask, joined, runs, step_s, when

_STEP: Final = 14
"""Codes by which the side of a torn block differs from its neighbour."""
_NONE: Any = np.int32(0)
_OFF: Final = 5
"""Where sides are counted for comparison: off the grids of 16, 8 and 4."""
_FEW_TORN, _FEW_TEARS = 2.5, 4.5
"""Fewer sides than this are no evidence, however small the picture."""
_ABOVE: Final = 10.0
"""How many times as many tears as the film usually has."""
_TWICE, _ONCE = 1.5, 2.5
"""How many times the limit the worst look must be, of two within a second and of one alone."""
_WITHIN_S: Final = 1.0
_NEAR_S: Final = 2.0
"""How far on either side blocks of a starved encoder are looked for, seconds."""
_BLOCKY: Final = 0.2
"""Share of looks that show such blocks from which on tears are theirs."""


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _sides(y: Any, least: int, off: int) -> tuple[int, int]:
    """How many sides of 16 pixels, lying and standing, are steps of `least` on the grid of 16 moved by `off`."""
    rows, columns = y.shape
    lying, standing = 0, 0
    for row in range(16 + off, rows - 3, 16):
        for begin in range(0, columns - 15, 16):
            step, before, after = np.int32(0), np.int32(0), np.int32(0)
            for column in range(begin, begin + 16):
                step += abs(np.int32(y[row, column]) - np.int32(y[row - 1, column]))
                before += abs(np.int32(y[row - 1, column]) - np.int32(y[row - 2, column]))
                after += abs(np.int32(y[row + 1, column]) - np.int32(y[row, column]))
            if step >= 16 * least and step >= 3 * max(before, after):
                lying += 1
    for begin in range(0, rows - 15, 16):
        for column in range(16 + off, columns - 3, 16):
            step, before, after = np.int32(0), np.int32(0), np.int32(0)
            for row in range(begin, begin + 16):
                step += abs(np.int32(y[row, column]) - np.int32(y[row, column - 1]))
                before += abs(np.int32(y[row, column - 1]) - np.int32(y[row, column - 2]))
                after += abs(np.int32(y[row, column + 1]) - np.int32(y[row, column]))
            if step >= 16 * least and step >= 3 * max(before, after):
                standing += 1
    return lying, standing


@njit(nogil=True, cache=True, inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _change(y: Any, past: Any, row: int, column: int) -> Any:
    return np.int32(y[row, column]) - np.int32(past[row, column])


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _tears(y: Any, past: Any, least: int, off: int) -> Any:
    """The same, both directions, of what has changed since `past`.

    Most sides have hardly changed: three pixels of a standing one tell that (the whole takes 0.1 ms at 1080p).
    """
    rows, columns = y.shape
    count = 0
    for row in range(16 + off, rows - 3, 16):
        for begin in range(0, columns - 15, 16):
            step, before, after = _NONE, _NONE, _NONE
            for column in range(begin, begin + 16):
                step += abs(_change(y, past, row, column) - _change(y, past, row - 1, column))
            if step >= 16 * least:
                for column in range(begin, begin + 16):
                    before += abs(_change(y, past, row - 1, column) - _change(y, past, row - 2, column))
                    after += abs(_change(y, past, row + 1, column) - _change(y, past, row, column))
                count += step >= 3 * max(before, after)
    for begin in range(0, rows - 15, 16):
        for column in range(16 + off, columns - 3, 16):
            step, before, after = _NONE, _NONE, _NONE
            for row in (begin + 3, begin + 8, begin + 13):
                step += abs(_change(y, past, row, column) - _change(y, past, row, column - 1))
            if step < 2 * least:
                continue
            step = _NONE
            for row in range(begin, begin + 16):
                step += abs(_change(y, past, row, column) - _change(y, past, row, column - 1))
                before += abs(_change(y, past, row, column - 1) - _change(y, past, row, column - 2))
                after += abs(_change(y, past, row, column + 1) - _change(y, past, row, column))
            count += step >= 16 * least and step >= 3 * max(before, after)
    return count


class TornMeter(LookingMeter):
    """Torn sides a macroblock; below 0 where objects have more.

    `torn`: of the picture, of the direction that has fewer; `tear`: of what has changed since the last look, both.
    """

    names: tuple[str, ...] = ("torn", "tear")
    every = 2

    def __init__(self) -> None:
        super().__init__()
        self._past: NDArray[Any] = np.empty((0, 0), np.uint8)

    def measure(self, frame: Frame) -> Sequence[float]:
        """Every second frame; NaN for the others."""
        y, past, least = frame.y, self._past, _STEP << (frame.bits - 8)
        torn = min(_sides(y, least, 0)) - max(_sides(y, least, _OFF))
        tear = _tears(y, past, least, 0) - _tears(y, past, least, _OFF) if past.shape == y.shape else 0
        self._past = y.copy()
        return torn * 256.0 / max(1, y.size), tear * 256.0 / max(1, y.size)


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Spans with torn blocks, or with frames that the decoder itself calls damaged; moments at which blocks tear."""
    picture = measured.picture
    if picture is None:
        return []
    at_s, torn = picture["at_s"], picture["torn"]
    starved = (picture["blockiness"] >= rules.blockiness) & (picture["block_ratio"] >= rules.block_ratio)
    damaged = (picture["corrupt"] > 0) | (picture["lost"] > 0)
    found = []
    block = 256.0 / np.maximum(1.0, picture["width"] * picture["height"])  # one of a small picture is a large share
    for first, stop in stretches(
        at_s, torn, torn >= np.maximum(rules.torn, _FEW_TORN * block), least_s=rules.torn_s, share=0.1
    ):
        looks = ~np.isnan(picture["blockiness"][first:stop])
        told = bool(damaged[first:stop].any())
        if not told and starved[first:stop].sum() > looks.sum() / 2:
            continue
        most = float(np.nanmax(torn[first:stop]))
        found.append(
            Finding(
                "packet_loss", "error", *when(picture, first, stop), 0.95 if told else 0.85,
                f"blocks are torn from their neighbours: {most:.1%} of them at worst, {rules.torn:.1%} is visible"
                + (" (and the decoder says that data is missing)" if told else ""),
                {"torn": most},
            )
        )  # fmt: skip
    return found + [x for x in _tears_off(picture, starved, block, rules) if not _overlaps(x, found)]


def _tears_off(picture: Series, starved: Mask, block: Floats, rules: PictureRules) -> Iterator[Finding]:
    """Where blocks change that nothing around them follows: twice within a second, or many at once."""
    at_s, tear = picture["at_s"], np.nan_to_num(picture["tear"])
    looked = ~np.isnan(picture["tear"])
    if not looked.any():
        return
    usual = float(np.median(tear[looked]))  # an old encode within the picture goes on tearing all the time
    limit = np.maximum(_FEW_TEARS * block, max(rules.tear, _ABOVE * usual))
    torn = tear >= limit
    for first, stop in joined(runs(torn), int(_WITHIN_S / step_s(picture))):
        near = np.abs(at_s - at_s[first]) <= _NEAR_S
        blocky = starved[near].sum() > _BLOCKY * (~np.isnan(picture["blockiness"][near])).sum()
        over = float((tear[first:stop] / limit[first:stop]).max())
        if blocky or over < (_TWICE if torn[first:stop].sum() >= 2 else _ONCE):
            continue
        most = float(tear[first:stop].max())
        yield Finding(
            "packet_loss", "error", *when(picture, first, stop), 0.8,
            f"blocks change by themselves: {most:.1%} of their sides tear; motion tears less than {rules.tear:.1%}",
            {"tear": most},
        )  # fmt: skip


def _overlaps(finding: Finding, others: list[Finding]) -> bool:
    return any(finding.start_s < other.end_s and finding.end_s > other.start_s for other in others)
