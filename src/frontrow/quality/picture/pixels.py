"""Single pixels: stuck ones that keep their place through the film, and hot ones that flare up in one frame.

A pixel stands out when it is brighter (or darker) than everything around it at a distance of two. What the camera saw
moves; what stands out in the same place at look after look while its surroundings change is the camera's own, or the
transfer's. A speck that is there in one frame, and in neither the one before nor the one after, is a hot pixel, a
sparkle or dirt.
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
from frontrow.quality.picture.looks import stretches
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import cuts, when

_EVERY: Final = 12
"""Stuck pixels stay: one frame in so many is searched for them."""
_LOOKS: Final = 8
"""Looks at which a pixel must have stood out, each before other surroundings."""
_LUMA, _CHROMA = 20, 24
"""Codes by which a stuck pixel stands out."""
_LUMA_CHANGE, _CHROMA_CHANGE = 6, 1
"""Codes by which surroundings have changed."""
_LUMA_REACH: Final = 40
"""Codes over which the surroundings of luma must have ranged in all: noise of an encode stays within 35. Colour, which
hardly changes in many scenes, is known by its looks alone."""
_MOST_HITS: Final = 200
_WHOLLY: Final = 4
_MOST_AT_ONCE: Final = 4
"""Surroundings that change by four times as much count once more, up to four times in all."""
_NEAR: Final = 9
"""Pixels around a speck in which nothing as bright is before or after: what moves is no speck."""
_GAP_S: Final = 30.0
"""A stuck pixel is not seen before a background of its own brightness; after this long it is told of anew."""
_SHORT_S: Final = 0.9
"""How long a stuck pixel must be known in a clip that ends with it."""
_CLIP_S: Final = 20.0
"""Longest clip without a cut in which a pixel may be told: in a longer shot whatever sways by a hair meets others."""
_PLACE: Final = ("stuck_row", "stuck_column")
_LINE: Final = 0.05
"""How near to a line of letters, as a share of the height, a dot belongs to it."""
_HOT: Final = 40
"""Codes by which a hot pixel is brighter than the same place before and after, and than its surroundings."""


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _ring(plane: Any, row: int, column: int) -> Any:
    """Lowest and highest of the sixteen pixels at a distance of two."""
    low, high = np.int32(plane[row - 2, column - 2]), np.int32(plane[row - 2, column - 2])
    for step in range(-2, 3):
        for other in (
            plane[row - 2, column + step], plane[row + 2, column + step],
            plane[row + step, column - 2], plane[row + step, column + 2],
        ):  # fmt: skip
            low, high = min(low, np.int32(other)), max(high, np.int32(other))
    return low, high


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _ranges(span: Any, around: Any, here: Any, reach: int) -> Any:
    """Whether surroundings, with these, range over `reach` and twice as far as the pixel itself."""
    span[0], span[1] = min(span[0], around), max(span[1], around)
    span[2], span[3] = min(span[2], here), max(span[3], here)
    ranged, itself = np.int32(span[1]) - np.int32(span[0]), np.int32(span[3]) - np.int32(span[2])
    return ranged >= reach and 2 * itself <= ranged


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _stand_out(
    plane: Any, least: int, change: int, reach: int, hits: Any, light: Any, own: Any, span: Any, looks: int
) -> tuple[int, int, int]:
    """Count in `hits` how often each pixel stood out, each time before other surroundings; who does not loses two.

    `light` is what its surroundings were when it last counted, `own` what it was itself: detail of a scene gets
    lighter and darker with what is around it, a stuck pixel keeps to itself. Wholly other surroundings count more.
    `span` has the lowest and highest of both so far; where a `reach` is asked, the surroundings must have ranged over
    it, and twice as far as the pixel.
    Returns how many have `looks` hits or more and stand out now, and row and column of one that has most: what a shot
    has gathered is no evidence once it is over.
    """
    rows, columns = plane.shape
    maybe = np.zeros(columns, np.uint8)
    count, most, best_row, best_column = 0, 0, 0, 0
    for row in range(2, rows - 2):
        for column in range(2, columns - 2):  # without a branch, so that it is done many pixels at a time
            here = np.int32(plane[row, column])
            left, right = np.int32(plane[row, column - 2]), np.int32(plane[row, column + 2])
            over, under = np.int32(plane[row - 2, column]), np.int32(plane[row + 2, column])
            high, low = max(max(left, right), max(over, under)), min(min(left, right), min(over, under))
            maybe[column] = (here - high >= least) | (low - here >= least) | (hits[row, column] > 0)
        for column in range(2, columns - 2):
            if not maybe[column]:
                continue
            here = np.int32(plane[row, column])
            lowest, highest = _ring(plane, row, column)
            if here - highest >= least or lowest - here >= least:
                around = (np.int32(plane[row, column - 2]) + np.int32(plane[row, column + 2])) // 2
                moved = abs(around - np.int32(light[row, column]))
                alone = moved >= change and 2 * abs(here - np.int32(own[row, column])) <= moved
                if hits[row, column] == 0:
                    hits[row, column] = 1
                    light[row, column], own[row, column] = around, here
                    if reach > 0:
                        span[row, column, 0] = span[row, column, 1] = around
                        span[row, column, 2] = span[row, column, 3] = here
                elif alone and hits[row, column] < _MOST_HITS:
                    hits[row, column] += min(_MOST_AT_ONCE, 1 + moved // (_WHOLLY * change))
                    light[row, column], own[row, column] = around, here
                known = reach == 0 or _ranges(span[row, column], around, here, reach)
                if known and hits[row, column] >= looks:
                    count += 1
                    if hits[row, column] > most:
                        most, best_row, best_column = hits[row, column], row, column
            else:
                hits[row, column] -= min(2, hits[row, column])
    return count, best_row, best_column


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _flare(before: Any, now: Any, after: Any, least: int) -> tuple[int, int, int]:
    """How many specks are in `now` alone, and row and column of the last one.

    Every second row is searched: a speck that survives an encoder is two pixels high, and at most four.
    """
    rows, columns = now.shape
    count, at_row, at_column = 0, 0, 0
    for row in range(4, rows - 4, 2):
        for begin in range(4, columns - 4, 64):
            end = min(begin + 64, columns - 4)
            most = np.int32(-1000)
            for column in range(begin, end):
                other = max(np.int32(before[row, column]), np.int32(after[row, column]))
                most = max(most, np.int32(now[row, column]) - other)
            if most < least:
                continue
            for column in range(begin, end):
                other = max(np.int32(before[row, column]), np.int32(after[row, column]))
                if np.int32(now[row, column]) - other < least:
                    continue
                for top in (row - 1, row):
                    if _is_speck(before, now, after, top, column, least):
                        count, at_row, at_column = count + 1, top, column
    return count, at_row, at_column


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _is_speck(before: Any, now: Any, after: Any, row: int, column: int, least: int) -> bool:
    """Whether this is the top left pixel of a speck: the ring from two before to four after it has no part in it."""
    here = np.int32(now[row, column])
    edge = here - max(np.int32(now[row, column - 1]), np.int32(now[row - 1, column]))
    if edge < least // 2:
        return False
    high = np.int32(0)
    rise = here - max(np.int32(before[row, column]), np.int32(after[row, column]))
    for step in range(-2, 5):
        for other_row, other_column in (
            (row - 2, column + step), (row + 4, column + step), (row + step, column - 2), (row + step, column + 4),
        ):  # fmt: skip
            other = np.int32(now[other_row, other_column])
            last, following = np.int32(before[other_row, other_column]), np.int32(after[other_row, other_column])
            if 3 * max(abs(other - last), abs(other - following)) > rise or here - other < least:
                return False
            high = max(high, other)
    if 3 * edge < 2 * (here - high):  # sparks and drops are soft at their sides
        return False
    rows, columns = now.shape
    for other_row in range(max(row - _NEAR, 0), min(row + _NEAR + 1, rows)):
        for other_column in range(max(column - _NEAR, 0), min(column + _NEAR + 1, columns)):
            other = max(np.int32(before[other_row, other_column]), np.int32(after[other_row, other_column]))
            if here - other < least:  # a light that moves
                return False
    return True


class PixelMeter:
    """Stuck pixels of luma and of colour and where one is; specks of a single frame and where one is.

    Counts of stuck pixels are NaN where nobody looked. A row tells of the specks of the frame before it, which can
    only be told once the next one is seen.
    """

    names: tuple[str, ...] = (
        "stuck_luma", "stuck_chroma", "stuck_row", "stuck_column", "specks", "speck_row", "speck_column",
    )  # fmt: skip

    def __init__(self) -> None:
        self._number = -1
        self._planes: list[NDArray[Any]] = []
        self._last: list[NDArray[Any]] = []

    def look(self, frame: Frame) -> Sequence[float]:
        """Places are in pixels of luma."""
        self._number += 1
        return *self._stuck(frame), *self._specks(frame)

    def _stuck(self, frame: Frame) -> tuple[float, float, float, float]:
        if self._number % _EVERY:
            return np.nan, np.nan, np.nan, np.nan
        planes = frame.y, frame.u, frame.v
        if [plane.shape for plane in planes] != [hits.shape for hits in self._planes]:
            self._planes = [np.zeros(plane.shape, np.uint8) for plane in planes]
            self._light = [np.zeros(plane.shape, np.uint16) for plane in planes]
            self._own = [np.zeros(plane.shape, np.uint16) for plane in planes]
            self._span = np.zeros((*frame.y.shape, 4), np.uint16)
        counts = np.zeros(3)
        place = np.nan, np.nan
        for number, plane in enumerate(planes):
            if not plane.size:
                continue
            least, change, reach = (_CHROMA, _CHROMA_CHANGE, 0) if number else (_LUMA, _LUMA_CHANGE, _LUMA_REACH)
            shift = frame.bits - 8
            seen = self._planes[number], self._light[number], self._own[number]
            counts[number], row, column = _stand_out(
                plane, least << shift, change << shift, reach << shift, *seen, self._span, _LOOKS
            )
            if counts[number]:
                scale = [-(-whole // part) for whole, part in zip(frame.y.shape, plane.shape, strict=True)]
                place = float(row * scale[0]), float(column * scale[1])
        return float(counts[0]), float(counts[1:].max()), *place

    def _specks(self, frame: Frame) -> tuple[float, float, float]:
        now = frame.y.copy()
        self._last = [*self._last[-2:], now] if self._last and self._last[-1].shape == now.shape else [now]
        if len(self._last) < 3:
            return 0.0, np.nan, np.nan
        before, middle, after = self._last
        count, row, column = _flare(before, middle, after, _HOT << (frame.bits - 8))
        return float(count), float(row), float(column)


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Stuck pixels, and specks that come more than once."""
    picture = measured.picture
    if picture is None:
        return []
    return [*_find_stuck(picture, rules), *_find_hot(picture, rules)]


def _find_stuck(picture: Series, rules: PictureRules) -> Iterator[Finding]:
    """Where more stand out than sensors have faults, it is texture, grain or dirt that lies still.

    What lasts no longer than its shot belongs to the shot, and dots of letters to the text (see lettering.py).
    """
    shots = np.flatnonzero(cuts(picture))
    luma, chroma = picture["stuck_luma"], picture["stuck_chroma"]
    count = np.where(luma <= rules.stuck_most, luma, 0) + np.where(chroma <= rules.stuck_most, chroma, 0)
    count = np.where(np.isnan(luma), np.nan, count)
    written = (picture["letters"] >= rules.letters) & (picture["letter_share"] >= rules.letter_share)
    read = ~np.isnan(picture["letters"])
    for first, stop in stretches(picture["at_s"], count, count > 0, least_s=_SHORT_S, gap_s=_GAP_S):
        begin = first - _LOOKS * _EVERY
        a_clip = picture["at_s"][-1] - picture["at_s"][0] <= _CLIP_S
        to_the_end = a_clip and stop >= count.size - 2 * _EVERY and 3 * (stop - begin) >= count.size
        outlasts = ((shots > begin + 2 * _EVERY) & (shots < stop)).any()
        if not to_the_end and not (outlasts and picture["at_s"][stop - 1] - picture["at_s"][first] >= rules.stuck_s):
            continue
        row, column = (picture[name][first:stop][~np.isnan(picture[name][first:stop])] for name in _PLACE)
        lines = picture["letter_height"][first:stop][written[first:stop]]
        of_text = row.size and np.abs(lines - row[-1] / picture["height"][first]).min(initial=1.0) <= _LINE
        if of_text or 2 * written[first:stop].sum() > read[first:stop].sum():
            continue
        most = int(np.nanmax(np.fmax(luma[first:stop] * (luma[first:stop] <= rules.stuck_most), chroma[first:stop])))
        place = f"; one at line {row[-1]:.0f}, column {column[-1]:.0f}" if row.size else ""
        yield Finding(
            "stuck_pixel", "warn", *when(picture, first, stop), 0.85,
            f"{most} pixels keep standing out in one place while the picture changes{place}",
            {"pixels": float(most)},
        )  # fmt: skip


def _find_hot(picture: Series, rules: PictureRules) -> Iterator[Finding]:
    specks = np.where(picture["specks"] <= rules.specks_most, picture["specks"], 0)
    hit = specks > 0
    at_s = picture["at_s"]
    for first, stop in stretches(at_s, specks, hit, least_s=0.0, gap_s=rules.specks_within_s, share=0.0):
        count = int(specks[first:stop].sum())
        start_s, end_s = when(picture, first - 1, stop - 1)
        if count < rules.specks or count > rules.specks_a_second * max(1.0, end_s - start_s):
            continue
        row, column = (picture[name][first:stop][hit[first:stop]] for name in ("speck_row", "speck_column"))
        yield Finding(
            "hot_pixel", "warn", start_s, end_s, 0.75,
            f"{count} white specks, each in a single frame; the first at line {row[0]:.0f}, column {column[0]:.0f}",
            {"specks": float(count)},
        )  # fmt: skip
