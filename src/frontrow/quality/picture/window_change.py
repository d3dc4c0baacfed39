"""Window changes: black bars that come or go within a film (letterbox, pillarbox)."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import Floats, cuts, joined, runs, when

_AXES: Final = (("bar_top", "bar_bottom", "edge_rows", 1 / 72, "letterbox"),
                ("bar_left", "bar_right", "edge_columns", 1 / 128, "pillarbox"))  # fmt: skip
_LIT: Final = 40.0
"""Least brightness, codes, of a frame whose edges can be told."""
_FULL: Final = 0.85
"""Least share of a window that is lit: rolling credits are no picture between bars."""
_EDGE: Final = 0.8
"""Share of the first line inside the bars that is lit where they are straight."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Stretches in which the picture stands in a smaller window than in the rest of the film."""
    picture = measured.picture
    if picture is None or len(picture["at_s"]) < 30:
        return []
    cut = cuts(picture)
    seen = picture["luma_top"] > _LIT
    found = []
    for one, other, edge, cell, name in _AXES:
        bars = np.where(np.abs(picture[one] - picture[other]) < 1.5 * cell, np.minimum(picture[one], picture[other]), 0)
        if not seen.any():
            continue
        usual = float(np.percentile(np.minimum(picture[one], picture[other])[seen], 20))
        step = max(rules.window_step, 1.5 * cell)
        narrow = seen & (bars >= usual + step) & (bars < 0.45) & (picture[edge] >= _EDGE)
        narrow &= picture["lit"] >= _FULL * (1 - 2 * bars)
        for first, stop in joined(runs(narrow), 2):
            start, end = when(picture, first, stop)
            if (
                end - start >= rules.window_s
                and _stands(bars[first:stop], cell)
                and not _both(picture, name, first, stop)
            ):
                size = float(np.median(bars[first:stop]))
                found.append(_tell(picture, cut, (first, stop), name, size, usual))
    return found


def _stands(bars: Floats, cell: float) -> bool:
    """Whether the bars keep their size: the dark of a scene wanders."""
    return bool(np.mean(np.abs(bars - np.median(bars)) < 0.5 * cell) > 0.95)


def _both(picture: Series, name: str, first: int, stop: int) -> bool:
    """Whether the other axis is dark as well: a card, or an object in the dark, not a window."""
    one, other = ("bar_left", "bar_right") if name == "letterbox" else ("bar_top", "bar_bottom")
    dark = np.minimum(picture[one], picture[other])
    return bool(np.median(dark[first:stop]) > np.percentile(dark, 20) + 0.03)


def _tell(picture: Series, cut: Floats, span: tuple[int, int], name: str, size: float, usual: float) -> Finding:
    first, stop = span
    start, end = when(picture, first, stop)
    at_cuts = bool(cut[max(0, first - 1) : first + 2].any() or first == 0) and bool(
        stop >= len(cut) or cut[stop - 1 : stop + 2].any()
    )
    severity, confidence = ("warn", 0.7) if at_cuts else ("error", 0.9)
    where = "from one shot to the next" if at_cuts else "within a shot"
    detail = f"{name} of {size:.1%} at each side for {end - start:.1f} s, {where}; {usual:.1%} in the rest of the film"
    return Finding("window_change", severity, start, end, confidence, detail, {"bar": size, "usual": usual})  # type: ignore[arg-type]
