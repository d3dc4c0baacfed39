"""A film made of numbers: a texture that the camera pans over, frame by frame, as the meters see frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import FileFacts, Measurements, StreamFacts
from frontrow.quality.picture import banding, blocks, flashing, focus, interlace, lettering, meters, pixels, torn
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.grid import CHROMA, LUMA, shrink
from frontrow.quality.picture.rules import PictureRules

ROWS, COLUMNS, RATE = 192, 320, 24
Picture = NDArray[Any]
DETECTORS = (banding, blocks, flashing, focus, interlace, lettering, pixels, torn)
RULES = PictureRules()


def pan(frames: int, *, pixels_a_frame: int = 2, softness: float = 1.0, seed: int = 0) -> list[Picture]:
    """Luma of a pan over soft noise, 30 to 210."""
    rng = np.random.default_rng(seed)
    wide = gaussian_filter(rng.normal(size=(ROWS, COLUMNS + pixels_a_frame * frames)), softness)
    wide += 2 * gaussian_filter(rng.normal(size=wide.shape), 12) / 0.02 * wide.std() * 0.5
    codes = np.clip(120 + 32 * wide / wide.std(), 30, 210).astype(np.uint8)
    return [codes[:, n * pixels_a_frame :][:, :COLUMNS].copy() for n in range(frames)]


def damaged(film: list[Picture], begin: int, end: int, damage: Callable[[Picture], Picture]) -> list[Picture]:
    """The film with frames `begin` to before `end` damaged."""
    return [damage(picture) if begin <= n < end else picture for n, picture in enumerate(film)]


def measure(
    film: Iterable[Picture], *, rate: float = RATE, bits: int = 8, order: str = "", **flags: Any
) -> Measurements:
    """Every meter on grey pictures; `order` is the field order that the stream states."""
    looking = meters.make()
    rows = []
    for number, picture in enumerate(film):
        y = (picture.astype(np.uint16) << (bits - 8)) if bits > 8 else picture
        grey = np.full(((picture.shape[0] + 1) // 2, (picture.shape[1] + 1) // 2), 128 << (bits - 8), y.dtype)
        frame = Frame(
            at_s=number / rate, y=y, u=grey, v=grey, bits=bits, small_y=shrink(y, LUMA, bits),
            small_u=shrink(grey, CHROMA, bits), small_v=shrink(grey, CHROMA, bits), interlaced=bool(order),
            top_field_first=order == "tt", key=False, corrupt=False, full_range=False,
        )  # fmt: skip
        rows.append([frame.at_s, *(value for meter in looking for value in meter.look(frame))])
    names = ["at_s", *(name for meter in looking for name in meter.names)]
    series = dict(zip(names, np.array(rows, np.float64).T, strict=True))
    still = np.zeros(len(rows))
    video = StreamFacts(0, "video", "h264", len(rows) / rate, 0.0, "", field_order=order)
    series |= {"corrupt": still, "lost": still, "width": still + COLUMNS, "height": still + ROWS}
    return Measurements(FileFacts("mov", len(rows) / rate, 1, (video,)), series)


def find(measured: Measurements) -> list[Finding]:
    """What all fine detectors say."""
    return [finding for detector in DETECTORS for finding in detector.find(measured, RULES)]


def codes(measured: Measurements) -> set[str]:
    """What was found, without where."""
    return {finding.code for finding in find(measured)}
