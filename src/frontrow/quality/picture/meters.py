"""Every meter that looks at the picture, in one list: what the probe calls on each frame."""

from __future__ import annotations

import numpy as np

from frontrow.quality.picture.banding import BandMeter
from frontrow.quality.picture.blocks import BlockMeter
from frontrow.quality.picture.comb import CombMeter
from frontrow.quality.picture.detail import DetailMeter
from frontrow.quality.picture.flashing import FlashMeter
from frontrow.quality.picture.focus import FocusMeter
from frontrow.quality.picture.frame import Frame, Meter
from frontrow.quality.picture.grid import CHROMA, LUMA, shrink
from frontrow.quality.picture.interlace import InterlaceMeter
from frontrow.quality.picture.lettering import LetterMeter
from frontrow.quality.picture.levels import Levels
from frontrow.quality.picture.light import Light, Motion
from frontrow.quality.picture.pixels import PixelMeter
from frontrow.quality.picture.torn import TornMeter
from frontrow.quality.picture.window import Window


def make() -> list[Meter]:
    """New meters, which have seen nothing yet."""
    return [
        Light(), Motion(), Window(), Levels(), CombMeter(),
        FlashMeter(), BlockMeter(), BandMeter(), FocusMeter(), DetailMeter(), InterlaceMeter(), PixelMeter(),
        TornMeter(), LetterMeter(),
    ]  # fmt: skip


def warm_up() -> None:
    """Compile whatever the meters compile, so that children find it in the cache: they may write no file."""
    rng = np.random.default_rng(0)
    for kind, bits in ((np.uint8, 8), (np.dtype("<u2"), 10)):
        meters = make()
        for number in range(3):
            y = rng.integers(16, 235, (180, 320)).astype(kind)
            u = rng.integers(100, 150, (90, 160)).astype(kind)
            frame = Frame(
                at_s=number / 25, y=y, u=u, v=u, bits=bits, small_y=shrink(y, LUMA, bits),
                small_u=shrink(u, CHROMA, bits), small_v=shrink(u, CHROMA, bits), interlaced=False,
                top_field_first=False, key=number == 0, corrupt=False, full_range=False,
            )  # fmt: skip
            for meter in meters:
                meter.look(frame)
