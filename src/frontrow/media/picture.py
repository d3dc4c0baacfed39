"""A decoded frame as people see it: upright, with square pixels, without interlace and black bars, in RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_HD_HEIGHT = 720  # from here on colours without a label are BT.709, below BT.601


def picture(
    frame: VideoFrame, pixel_aspect: float, bars: tuple[float, float, float, float], longest: int
) -> NDArray[np.uint8]:
    """(height, width, 3) of at most `longest` pixels a side, never enlarged.

    `bars` are the shares of black at top, bottom, left and right of the coded picture.
    """
    width, height = frame.width, frame.height
    shown = max(1, round(width * pixel_aspect))
    scale = min(1.0, longest / max(shown, height))
    if frame.interlaced_frame:
        return _turn(_cut(_field(frame, round(shown * scale), round(height * scale)), bars), frame)
    size = (max(2, round(shown * scale)), max(2, round(height * scale)))
    colours = "ITU709" if height >= _HD_HEIGHT else "ITU601"
    unlabelled = int(frame.colorspace) == 2  # AVCOL_SPC_UNSPECIFIED
    converted = frame.reformat(*size, "rgb24", src_colorspace=colours if unlabelled else None, interpolation="AREA")
    return _turn(_cut(np.asarray(converted.to_ndarray(), np.uint8), bars), frame)


def _field(frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """The first of two interlaced fields, stretched: half the lines, but nobody is seen twice."""
    from PIL import Image

    lines = frame.reformat(format="rgb24").to_ndarray()[::2]
    return np.asarray(Image.fromarray(lines).resize((max(2, width), max(2, height)), Image.Resampling.BICUBIC))


def _cut(pixels: NDArray[np.uint8], bars: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Without the bars, and a pixel more where there are some: their edge is soft."""
    height, width = pixels.shape[:2]
    top, bottom, left, right = bars
    first_row, last_row = _inner(top, height), height - _inner(bottom, height)
    first_column, last_column = _inner(left, width), width - _inner(right, width)
    if last_row - first_row < 16 or last_column - first_column < 16:
        return pixels
    return pixels[first_row:last_row, first_column:last_column]


def _inner(share: float, size: int) -> int:
    return int(np.ceil(share * size)) + 2 if share > 0 else 0


def _turn(pixels: NDArray[np.uint8], frame: VideoFrame) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))
