"""The picture as viewers get it, out of whatever the file holds: upright, square pixels, a steady rate, SDR, 8 bits.

Encodes, the picture that VMAF compares them with, thumbnails and posters all go through the same filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontrow.errors import UnreadableMedia
from frontrow.media.probe import Probe, probe

RATES: Final = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 48.0, 50.0, 60000 / 1001, 60.0)
"""Frame rates that players expect. Where the times of a wavering film fit no grid as coarse as the last of them, the
first that is not below its mean is taken."""
_STEADY: Final = 0.01
"""Mean and nominal rate of a steady file differ by less, as a part."""
_SQUARE: Final = 0.01
"""A pixel this near to square is taken for square: half the films of 800 lines across tell 399:400."""
_LEAST_LINES: Final = 32
"""VMAF halves the picture four times."""
_TONE_MAP: Final = (
    "zscale=t=linear:npl=100", "format=gbrpf32le", "zscale=p=bt709", "tonemap=hable:desat=0",
    "zscale=t=bt709:m=bt709:r=tv",
)  # fmt: skip
"""PQ and HLG to SDR by Hable's curve, the usual one."""


@dataclass(frozen=True)
class Conformed:
    """What is shown of a film."""

    width: int
    """Pixels, square and even; the height too."""
    height: int
    frame_rate: float = 0.0
    """Frames a second, steady; 0 where the file does not tell."""
    filters: tuple[str, ...] = ()
    """ffmpeg's, before any scaling; it turns the picture upright by itself."""
    notes: tuple[str, ...] = ()
    """What was changed, in words for people."""

    def width_at(self, height: int) -> int:
        """Even width of the picture scaled to `height`."""
        return max(round(self.width * height / self.height / 2) * 2, 2)

    @property
    def still(self) -> tuple[str, ...]:
        """The filters that a single frame needs."""
        return tuple(x for x in self.filters if not x.startswith(("fps=", "bwdif=")))

    def scaled(self, height: int) -> str:
        """The filter chain down to `height` lines, in 8 bits and 4:2:0 as every device decodes them."""
        size = f"scale={self.width_at(height)}:{height}:flags=bicubic"
        return ",".join((*self.filters, size, "setsar=1", "format=yuv420p"))


def conform(film: Path | Probe) -> Conformed:
    """What is shown of `film`. Raises UnreadableMedia, as `probe` does, and for pictures too small to be judged."""
    facts = film if isinstance(film, Probe) else probe(film)
    filters: list[str] = []
    notes: list[str] = []
    turned = facts.rotation_degrees in (90, 270)
    aspect = facts.pixel_aspect if facts.pixel_aspect > 0 else 1.0
    wide = facts.width * (aspect if abs(aspect - 1) > _SQUARE else 1.0)
    width, height = (facts.height, wide) if turned else (wide, facts.height)
    if facts.rotation_degrees:
        notes.append(f"turned upright by {facts.rotation_degrees} degrees")
    if abs(aspect - 1) > _SQUARE:
        notes.append(f"pixels of {aspect:.3f}:1 made square")
    if facts.interlaced:
        filters.append("bwdif=mode=send_frame")
        notes.append("deinterlaced")
    rate = facts.nominal_rate or facts.frame_rate
    if facts.frame_rate and facts.nominal_rate and abs(facts.nominal_rate / facts.frame_rate - 1) > _STEADY:
        if facts.nominal_rate > RATES[-1] * (1 + _STEADY):
            rate = next((x for x in RATES if x >= facts.frame_rate * (1 - _STEADY)), RATES[-1])
        filters.append(f"fps={rate:.6g}")
        notes.append(f"a wavering frame rate (mean {facts.frame_rate:.2f}) made {rate:.2f}")
    elif facts.frame_rate > RATES[-1] * (1 + _STEADY):
        rate = RATES[-1]
        filters.append(f"fps={rate:g}")
        notes.append(f"{facts.frame_rate:.0f} frames a second made {RATES[-1]:g}")
    if facts.transfer in ("smpte2084", "arib-std-b67"):
        filters += _TONE_MAP
        notes.append(f"HDR ({'PQ' if facts.transfer == 'smpte2084' else 'HLG'}) mapped to SDR")
    elif facts.pixel_format.endswith(("le", "be")):  # only samples of more than a byte have an order of bytes
        notes.append(f"{facts.pixel_format} reduced to 8 bits")
    shown = Conformed(round(width / 2) * 2, int(height) // 2 * 2, rate, tuple(filters), tuple(notes))
    if min(shown.width, shown.height) < _LEAST_LINES:
        raise UnreadableMedia(
            f"the picture has {facts.width} x {facts.height} pixels; {_LEAST_LINES} a side are needed"
        )
    return shown
