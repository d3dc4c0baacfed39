"""A small film whose cuts are known, to try the commands on: three drawn shots, a cut and a dissolve."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 25
CUT_S: Final = 2.0
DISSOLVE_S: Final = (4.0, 4.6)
LENGTH_S: Final = 7.0
_SIZE: Final = (180, 320)


def write(path: Path) -> None:
    """Write the film: a cut at CUT_S, a dissolve during DISSOLVE_S."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.height, stream.width = _SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(int(LENGTH_S * RATE)):
            picture = av.VideoFrame.from_ndarray(_frame(number / RATE, number), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _frame(at_s: float, number: int) -> NDArray[np.uint8]:
    if at_s < CUT_S:
        drawn = _shot(1, number)
    else:
        start, end = DISSOLVE_S
        share = float(np.clip((at_s - start) / (end - start), 0, 1))
        drawn = (1 - share) * _shot(2, number) + share * _shot(3, number)
    return drawn.astype(np.uint8)


def _shot(seed: int, number: int) -> NDArray[np.float64]:
    """Discs on a ground of their own, drifting a pixel a frame."""
    rng = np.random.default_rng(seed)
    height, width = _SIZE
    picture = np.ones((height, width, 3)) * rng.uniform(50, 120, 3) + np.linspace(0, 60, height)[:, None, None]
    y, x = np.mgrid[0:height, 0:width]
    for _ in range(14):
        at_y, at_x, radius = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(8, 46)
        inside = (y - at_y) ** 2 + ((x - at_x - number) % width) ** 2 < radius**2
        picture[inside] = rng.uniform(30, 230, 3)
    return picture
