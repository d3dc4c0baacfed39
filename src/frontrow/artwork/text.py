"""Writing in the picture: title cards, credits, subtitles, burnt-in logos.

Without a model: letters are thin strokes, brighter or darker than what lies around them, all of one colour, many beside
each other. With the text detector of `frontrow models fetch` its probability map is used instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.sharpness import tile_means

Floats = NDArray[np.float32]

WIDTH: Final = 480
"""Width at which strokes are looked for, pixels."""
_STROKE: Final = 9
"""Strokes are thinner than this, pixels at that width."""
_STEP: Final = 45.0
"""How far a stroke stands off from its surroundings, 8-bit codes."""
_TILE: Final = 12
_SHARE: Final = (0.12, 0.65)
"""Share of a tile that letters cover."""
_SURE: Final = 0.4
"""Probability from which the detector's pixel is text."""
_EVEN: Final = 30.0
"""Standard deviation of the strokes' own luma, codes: letters have one colour, leaves and hair have not."""


@dataclass(frozen=True)
class Text:
    """Shares of the picture."""

    area: float  # covered by lines of letters
    lines: int  # lines of letters: rows of tiles with at least three neighbours that hold some
    read: bool = False  # whether the text detector found it, which grass and hair do not deceive


def measure(luma: Floats) -> Text:
    """Of a picture about WIDTH pixels wide, (height, width) in 8-bit codes."""
    found = np.maximum(_letters(luma, 1.0), _letters(255 - luma, 1.0))
    beside = found[:, :-2] & found[:, 1:-1] & found[:, 2:]
    kept = np.zeros_like(found)
    for shift in range(3):
        kept[:, shift : shift + beside.shape[1]] |= beside
    return Text(area=float(kept.mean()), lines=int(beside.any(axis=1).sum()))


def _letters(luma: Floats, sign: float) -> NDArray[np.bool_]:
    """Tiles with bright letters."""
    from scipy import ndimage

    opened = ndimage.grey_opening(luma, size=(1, _STROKE))
    strokes = (luma - opened) * sign > _STEP
    share = tile_means(strokes.astype(np.float32), _TILE)
    own = tile_means(luma * strokes, _TILE) / np.maximum(share, 1e-6)
    spread = np.sqrt(np.maximum(0, tile_means(luma * luma * strokes, _TILE) / np.maximum(share, 1e-6) - own * own))
    starts = np.abs(np.diff(strokes.astype(np.float32), axis=1, prepend=0))
    changes = tile_means(starts, _TILE) * _TILE  # changes along a row of the tile
    return np.asarray((share > _SHARE[0]) & (share < _SHARE[1]) & (spread < _EVEN) & (changes > 1.2) & (own > 140))


def detect(session: Any, picture: NDArray[np.uint8]) -> Text:
    """The same by the text detector (PP-OCRv4), of an RGB picture about WIDTH pixels wide."""
    from PIL import Image

    height, width = (max(32, round(side * 1.33 / 32) * 32) for side in picture.shape[:2])
    pixels = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR), np.float32)
    batch = ((pixels[..., ::-1] / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]
    probability = np.asarray(session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(batch)})[0])[0, 0]
    lit = probability > _SURE
    rows = tile_means(lit.astype(np.float32), 8).sum(axis=1) > 1
    lines = int((np.diff(rows.astype(int), prepend=0) == 1).sum())
    return Text(area=float(lit.mean()), lines=lines, read=True)
