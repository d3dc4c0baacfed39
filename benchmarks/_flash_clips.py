"""Clips on both sides of each limit of BT.1702, written without loss: what the flashing detector must name or spare."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.media import transcode

WIDTH, HEIGHT = 640, 360
Level = Callable[[float], float]
"""Something of a time in seconds: 0 for one state, 1 for the other, between for a soft front."""


@dataclass(frozen=True)
class FlashClip:
    """A picture of which a part goes back and forth between two colours."""

    name: str
    fails: bool
    rate: int  # frames a second
    duration_s: float
    level: Level
    low: tuple[float, float, float]  # linear R, G, B, 0-1
    high: tuple[float, float, float]
    area: float = 1.0

    def write(self, out: Path) -> None:
        """Encode it without loss. Raises UnreadableMedia."""
        part = self.area**0.5
        top, left = round(HEIGHT * (1 - part) / 2), round(WIDTH * (1 - part) / 2)
        bottom, right = top + round(HEIGHT * part), left + round(WIDTH * part)
        with tempfile.NamedTemporaryFile(suffix=".yuv") as raw:
            for number in range(round(self.duration_s * self.rate)):
                level = self.level((number + 0.01) / self.rate)
                low, high = np.asarray(self.low), np.asarray(self.high)
                y, u, v = codes(low + level * (high - low))
                ground = codes(low)
                for code, base, scale in ((y, ground[0], 1), (u, ground[1], 2), (v, ground[2], 2)):
                    plane = np.full((HEIGHT // scale, WIDTH // scale), base, np.uint8)
                    plane[top // scale : bottom // scale, left // scale : right // scale] = code
                    raw.write(plane.tobytes())
            raw.flush()
            transcode.run([
                "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", f"{self.rate}",
                "-i", raw.name, "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", str(out),
            ])  # fmt: skip


def codes(linear: NDArray[np.float64]) -> tuple[int, int, int]:
    """Y, U, V of BT.601 in limited range of linear light."""
    r, g, b = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return round(16 + 219 * y), round(128 + 224 * (b - y) / 1.772), round(128 + 224 * (r - y) / 1.402)


def grey(luminance_cd_m2: float) -> tuple[float, float, float]:
    """Grey of that luminance on a screen whose white has 200 cd/m2."""
    return (luminance_cd_m2 / 200.0,) * 3


def square(flashes_per_s: float, begin_s: float = 0.5, end_s: float = 1e9) -> Level:
    """On and off, half the time each, between two times."""
    return lambda at_s: float(begin_s <= at_s < end_s and (at_s - begin_s) * flashes_per_s % 1 < 0.5)


def soft(flashes_per_s: float) -> Level:
    """A sine."""
    return lambda at_s: float(0.5 - 0.5 * np.cos(2 * np.pi * flashes_per_s * at_s))


def stairs(steps: int) -> Level:
    """Up in equal steps within a second, and no more."""
    return lambda at_s: float(np.clip(np.floor((at_s - 0.5) * steps) + 1, 0, steps) / steps)


_BLACK, _WHITE = grey(0), grey(200)
_RED: Final = (0.5, 0.01, 0.01)
"""R / (R + G + B) = 0.96: saturated; as light as `_AS_RED`."""
_PALE: Final = (0.5, 0.08, 0.08)
"""0.76: not saturated."""


def _as_light(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    return (0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2],) * 3


def clips() -> Iterator[FlashClip]:
    """Twenty-four clips, half of which fail."""
    for rate in (24, 25, 30, 60):
        yield FlashClip(f"3 flashes a second for 3 s at {rate} fps", False, rate, 3.5, square(3), _BLACK, _WHITE)
        yield FlashClip(f"4 flashes a second for 3 s at {rate} fps", True, rate, 3.5, square(4), _BLACK, _WHITE)
    yield FlashClip("24% of the picture", False, 25, 3, square(5), grey(20), grey(120), 0.24)
    yield FlashClip("26% of the picture", True, 25, 3, square(5), grey(20), grey(120), 0.26)
    yield FlashClip("24% of the picture, black and white", False, 30, 3, square(5), _BLACK, _WHITE, 0.24)
    yield FlashClip("26% of the picture, small steps", True, 30, 3, square(5), grey(40), grey(62), 0.26)
    yield FlashClip("steps of 19 cd/m2", False, 25, 3, square(5), grey(40), grey(59), 1)
    yield FlashClip("steps of 21 cd/m2", True, 25, 3, square(5), grey(40), grey(61), 1)
    yield FlashClip("dark state of 165 cd/m2", False, 25, 3, square(5), grey(165), grey(195))
    yield FlashClip("dark state of 155 cd/m2", True, 25, 3, square(5), grey(155), grey(185))
    yield FlashClip("unsaturated red and a grey as light", False, 25, 3, square(5), _as_light(_PALE), _PALE)
    yield FlashClip("saturated red and a grey as light", True, 25, 3, square(5), _as_light(_RED), _RED)
    yield FlashClip("saturated red, 24% of the picture", False, 25, 3, square(5), _as_light(_RED), _RED, 0.24)
    yield FlashClip("saturated red, 26% of the picture", True, 25, 3, square(5), _as_light(_RED), _RED, 0.26)
    yield FlashClip("ten steps up within a second", False, 30, 3, stairs(10), _BLACK, _WHITE)
    yield FlashClip("soft flashes, 4 a second", True, 60, 3, soft(4), _BLACK, _WHITE)
    yield FlashClip("2 flashes a second for 3 s", False, 25, 4, square(2, 0.5, 3.5), _BLACK, _WHITE)
    yield FlashClip("2 flashes a second for 7 s", True, 25, 8, square(2), _BLACK, _WHITE)
