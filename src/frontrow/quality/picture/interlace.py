"""Interlace in the picture: combing that is shown as progressive, and fields in the wrong order.

A comb is a line that differs from both its neighbours alike while the lines next but one agree with it, where the
picture moves: two moments woven together. Which field is the earlier one shows against the frame before: of its two
fields, the first lies a field's time from the other field of that frame, the second lies three (as in ffmpeg's idet).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.looks import stretches
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import when

_EVERY: Final = 3
"""Combing lasts: one frame in so many is looked at."""
_LEAST: Final = 10
"""Codes of 8 bits by which a comb's line must differ from its neighbours: more than noise."""
_COLUMNS: Final = 4  # one column in so many


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _compare(now: Any, before: Any, step: int, least: int) -> tuple[float, float, float]:
    """Combed share of the sampled pixels; how far even and odd lines lie from the other field of the frame before.

    The distances are sums over the combed pixels, in codes.
    """
    rows = now.shape[0]
    combed, even, odd = 0, 0.0, 0.0
    for row in range(3, rows - 3):
        for place in range(before.shape[1]):
            column = place * step
            here = np.int32(now[row, column])
            over, under = np.int32(now[row - 1, column]), np.int32(now[row + 1, column])
            up, down = here - over, here - under
            if (up < least or down < least) and (up > -least or down > -least):
                continue
            less = min(abs(up), abs(down))
            if (
                2 * abs(over - under) > less
                or 2 * abs(np.int32(now[row - 2, column]) - here) > less
                or 2 * abs(np.int32(now[row + 2, column]) - here) > less
                or 2 * abs(np.int32(now[row - 3, column]) - over) > less
                or 2 * abs(np.int32(now[row + 3, column]) - under) > less
            ):
                continue
            moved = abs(here - np.int32(before[row, place])) + abs(over - np.int32(before[row - 1, place]))
            if moved < least:
                continue
            combed += 1
            off = float(abs(2 * here - np.int32(before[row - 1, place]) - np.int32(before[row + 1, place])))
            off_next = float(abs(over + under - 2 * np.int32(before[row, place])))
            if row % 2 == 0:
                even += off
                odd += off_next
            else:
                odd += off
                even += off_next
    return combed / max(1, (rows - 6) * before.shape[1]), even, odd


class InterlaceMeter:
    """Combed share of the picture, and which field leads: 1 the top one, -1 the bottom one, 0 neither."""

    names: tuple[str, ...] = ("combed", "field_lead", "interlaced")

    def __init__(self) -> None:
        self._number = 0
        self._before: NDArray[Any] | None = None

    def look(self, frame: Frame) -> Sequence[float]:
        """Every third frame is compared with the one before it."""
        self._number += 1
        flagged = float(frame.interlaced)
        if self._number % _EVERY == _EVERY - 1:
            self._before = frame.y[:, ::_COLUMNS].copy()
        if self._number % _EVERY or self._before is None or self._before.shape != frame.y[:, ::_COLUMNS].shape:
            return np.nan, np.nan, flagged
        combed, even, odd = _compare(frame.y, self._before, _COLUMNS, _LEAST << (frame.bits - 8))
        lead = (odd - even) / (odd + even) if even + odd else 0.0
        return combed, lead, flagged


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Combing in what is flagged as progressive, and fields against their flag in what is interlaced."""
    picture = measured.picture
    if picture is None:
        return []
    combed, lead, flagged = picture["combed"], picture["field_lead"], picture["interlaced"] > 0
    hit = (combed >= rules.combed) & (np.abs(lead) >= rules.field_lead)
    found = [
        Finding(
            "combing", "error", *when(picture, first, stop), 0.9,
            f"two moments in one picture, shown as one: up to {np.nanmax(combed[first:stop]):.1%} of it is combed; "
            f"{rules.combed:.2%} is visible",
            {"combed": float(np.nanmax(combed[first:stop]))},
        )
        for first, stop in stretches(picture["at_s"], combed, hit & ~flagged, least_s=rules.combed_s, share=0.1)
    ]  # fmt: skip
    order = _order(measured)
    if order:
        against = hit & flagged & (order * lead <= -rules.field_lead)
        agreeing = hit & flagged & (order * lead >= rules.field_lead)
        for first, stop in stretches(picture["at_s"], combed, against, least_s=rules.combed_s, share=0.0):
            if agreeing[first:stop].sum() < against[first:stop].sum() / 4:
                leads = float(np.nanmean(lead[first:stop][against[first:stop]]))
                found.append(
                    Finding(
                        "field_order", "error", *when(picture, first, stop), 0.9,
                        f"flagged as {'top' if order > 0 else 'bottom'} field first, but the other field is the "
                        "earlier one: motion goes back and forth",
                        {"field_lead": leads},
                    )
                )  # fmt: skip
    return found


def _order(measured: Measurements) -> int:
    """1 where the stream says that the top field comes first, -1 for the bottom one, 0 where it does not say."""
    video = measured.facts.of("video")
    return {"tt": 1, "tb": 1, "bb": -1, "bt": -1}.get(video[0].field_order, 0) if video else 0
