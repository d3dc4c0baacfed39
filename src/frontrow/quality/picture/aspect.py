"""Aspect: pixels of a shape that no format has, display shapes that no film has, bars on all four sides."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.picture.rules import PictureRules

_NTSC: Final = (8 / 9, 10 / 11, 40 / 33, 32 / 27)
_PAL: Final = (12 / 11, 16 / 15, 59 / 54, 16 / 11, 64 / 45, 118 / 81)
_CIF: Final = (*_PAL, 128 / 117)
_KNOWN: Final = {480: _NTSC, 486: _NTSC, 576: _PAL, 288: _CIF, 240: _NTSC, 144: _CIF}
_HIGH: Final = {(1440, 1080): (4 / 3,), (1280, 1080): (3 / 2,), (960, 720): (4 / 3,), (960, 540): (1.0,)}
"""Shapes of pixels that formats define: SD by ITU-R BT.601 and SMPTE 170M, HDV and DVCPRO HD; square otherwise."""
_SHAPES: Final = (0.56, 2.8)
"""Narrowest and widest display shape of a film: upright 9:16 and Ultra Panavision's 2.76."""
_STAMP: Final = 0.04
"""Bars on all four sides, as shares, from which on a picture is a postage stamp."""
_EDGE: Final = 0.6
"""Share of the first line inside such bars that is lit in some frames: a planet in the dark has no straight edge."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Pixel shape (error), display shape (warn) and a window within a window (warn)."""
    streams = measured.facts.of("video")
    picture = measured.picture
    if picture is None or not streams or not streams[0].width:
        return []
    stream, end = streams[0], float(picture["at_s"][-1])
    found = []
    if not _is_known(stream, rules.pixel_aspect_tolerance):
        size = f"{stream.width} x {stream.height}"
        detail = f"pixels are flagged {stream.pixel_aspect:.3f} as wide as high; no format of {size} has such"
        found.append(
            Finding("aspect", "error", 0.0, end, 0.85, detail, {"pixel_aspect": stream.pixel_aspect}, stream.index)
        )
    shape = stream.width * stream.pixel_aspect / stream.height
    if not _SHAPES[0] * 0.98 <= shape <= _SHAPES[1] * 1.02:
        detail = f"the picture is shown {shape:.2f} as wide as high; films lie between {_SHAPES[0]} and {_SHAPES[1]}"
        found.append(Finding("aspect", "warn", 0.0, end, 0.6, detail, {"shape": shape}, stream.index))
    bars = _bars(picture)
    if min(bars) >= _STAMP:
        detail = (
            f"bars on all four sides through the whole film ({bars[0]:.0%} of the height, {bars[1]:.0%} of the width)"
        )
        found.append(
            Finding("aspect", "warn", 0.0, end, 0.7, detail, {"rows": bars[0], "columns": bars[1]}, stream.index)
        )
    return found


def _is_known(stream: StreamFacts, tolerance: float) -> bool:
    known = (1.0, *_KNOWN.get(stream.height, ()), *_HIGH.get((stream.width, stream.height), ()))
    return any(abs(stream.pixel_aspect / shape - 1) <= tolerance for shape in known)


def _bars(picture: Series) -> tuple[float, float]:
    """Shares of height and width that are black at both sides in all lit frames."""
    seen = picture["luma_top"] > 60
    if np.count_nonzero(seen) < 24:
        return 0.0, 0.0
    rows = float(np.minimum(picture["bar_top"], picture["bar_bottom"])[seen].min())
    columns = float(np.minimum(picture["bar_left"], picture["bar_right"])[seen].min())
    for edge, inside in (("edge_rows", 1 - 2 * columns), ("edge_columns", 1 - 2 * rows)):
        if np.percentile(picture[edge][seen], 90) < _EDGE * inside:
            return 0.0, 0.0
    return rows, columns
