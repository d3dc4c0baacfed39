"""Numbers out of a decoded frame without colour conversion: luma and chroma on a fixed small grid.

A grid of fixed size makes frames of any size comparable, also when a stream changes size midway; picking rows first and
columns second copies little. Codes are scaled to 8 bits whatever the depth of the source.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import UnreadableMedia

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Bytes = NDArray[np.uint8]

_BYTES_A_CODE: Final = {8: 1, 9: 2, 10: 2, 12: 2, 16: 2}


def plane(frame: VideoFrame, number: int) -> NDArray[Any]:
    """Plane `number` of a planar YUV or grey frame as (height, width), a view; its dtype is uint8 or uint16."""
    data = frame.planes[number]
    depth = frame.format.components[number].bits
    size = _BYTES_A_CODE.get(depth, 1)
    codes = np.frombuffer(memoryview(data), np.uint8 if size == 1 else np.dtype("<u2"))
    return codes.reshape(-1, data.line_size // size)[: data.height, : data.width]


def is_planar(frame: VideoFrame) -> bool:
    """Whether luma lies in a plane of its own."""
    name = frame.format.name
    return name.startswith(("yuv", "gray")) and not name.startswith("yuyv") and not name.endswith("be")


def planar(frame: VideoFrame) -> VideoFrame:
    """The frame itself, or converted to 4:2:0 where its own layout is another (RGB, packed, NV12, hardware)."""
    return frame if is_planar(frame) else frame.reformat(format="yuv420p")


def sample(frame: VideoFrame, number: int, rows: int, columns: int, out: Bytes) -> None:
    """Write plane `number` picked on a grid of rows x columns into `out`, in 8-bit codes."""
    if number and len(frame.planes) < 3:
        out[...] = 128  # grey film
        return
    codes = plane(frame, number)
    if not codes.size:
        raise UnreadableMedia("a frame has no pixels")
    picked = codes[_places(codes.shape[0], rows)].take(_places(codes.shape[1], columns), axis=1)
    depth = frame.format.components[number].bits
    out[...] = picked if depth == 8 else picked >> (depth - 8)


@lru_cache(maxsize=64)
def _places(size: int, count: int) -> NDArray[np.intp]:
    """Middles of `count` equal parts of `size` pixels."""
    return ((np.arange(count) + 0.5) * size / count).astype(np.intp)
