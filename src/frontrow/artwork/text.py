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
_CONTRAST: Final = 70.0
"""How far the strokes of a tile stand off from the rest of it."""
_TILE: Final = 12
_SHARE: Final = (0.06, 0.6)
"""Share of a tile that letters cover."""
_SURE: Final = 0.4
"""Probability from which the detector's pixel is text."""
_EVEN: Final = 30.0
"""Standard deviation of the strokes' own luma, codes: letters have one colour, leaves and hair have not."""
_PLAIN: Final = 20.0
"""The same of what lies between them: a sheet, a sky, a wall."""
_WHITE: Final = 235.0
_RUNS: Final = 5
"""White stretches along a row from which it may cut through large white letters."""


@dataclass(frozen=True)
class Text:
    """Shares of the picture."""

    area: float  # covered by lines of letters
    lines: int  # lines of letters: rows of tiles with at least three neighbours that hold some
    tall: float = 0.0  # share of the picture's height that large white letters may take
    read: bool = False  # whether the text detector found it, which grass and hair do not deceive


def measure(luma: Floats) -> Text:
    """Of a picture about WIDTH pixels wide, (height, width) in 8-bit codes."""
    found = _letters(luma) | _letters(255 - luma)
    beside = found[:, :-2] & found[:, 1:-1] & found[:, 2:]
    kept = np.zeros_like(found)
    for shift in range(3):
        kept[:, shift : shift + beside.shape[1]] |= beside
    return Text(area=float(kept.mean()), lines=int(beside.any(axis=1).sum()), tall=_tall(luma))


def _letters(luma: Floats) -> NDArray[np.bool_]:
    """Tiles with bright letters on a plain ground."""
    from scipy import ndimage

    strokes = luma - ndimage.grey_opening(luma, size=(1, _STROKE)) > _STEP
    rest = ~ndimage.binary_dilation(strokes)
    share, level, spread = _within(luma, strokes)
    rest_share, rest_level, rest_spread = _within(luma, rest)
    changes = tile_means(np.abs(np.diff(strokes.astype(np.float32), axis=1, prepend=0)), _TILE) * _TILE
    lettered = (share > _SHARE[0]) & (share < _SHARE[1]) & (spread < _EVEN) & (changes > 1.2)
    return np.asarray(lettered & (level - rest_level > _CONTRAST) & (rest_spread < _PLAIN) & (rest_share > 0.1))


def _within(luma: Floats, mask: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Share of each tile that the mask covers, and mean and standard deviation of luma under it."""
    share = tile_means(mask.astype(np.float32), _TILE)
    level = tile_means(luma * mask, _TILE) / np.maximum(share, 1e-6)
    square = tile_means(luma * luma * mask, _TILE) / np.maximum(share, 1e-6)
    spread = np.sqrt(np.maximum(0, square - level * level))
    return share, np.asarray(level, np.float32), np.asarray(spread, np.float32)


def _tall(luma: Floats) -> float:
    """Longest stretch of rows that each hold several white runs, as a share of the height."""
    runs = (np.diff((luma > _WHITE).astype(np.int8), axis=1, prepend=0) == 1).sum(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], runs >= _RUNS, [False]]).astype(np.int8)))
    return float((edges[1::2] - edges[::2]).max(initial=0)) / len(luma)


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
