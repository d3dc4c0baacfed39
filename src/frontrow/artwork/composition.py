"""How a picture is composed: where the eye goes, thirds, symmetry, and how quiet its parts are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.sharpness import tile_means

Floats = NDArray[np.float32]
GRID: Final = (18, 32)
"""Rows and columns of the saliency map."""
_CENTRE_PULL: Final = 0.35
_THIRDS: Final = ((1 / 3, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1 / 3), (2 / 3, 2 / 3))


@dataclass(frozen=True)
class Composition:
    """All between 0 and 1."""

    thirds: float  # how near the weight of the picture lies to a crossing of the thirds, or to the middle
    symmetry: float  # correlation with the mirrored picture
    subject: float  # how much more detail the middle holds than the rim, 0.5 as much: somebody before a soft ground
    focus: float  # share of the saliency in the strongest fifth of the picture: 0.2 nowhere, towards 1 one subject
    flat: float  # share of the picture without structure
    ground: float  # share of the pixels that have the commonest luma, give or take 6 codes: the ground of a sheet


def saliency(picture: NDArray[np.uint8]) -> Floats:
    """(18, 32) map that sums to 1: what stands out in light, colour and structure, a little drawn to the middle."""
    height, width = picture.shape[:2]
    side_y, side_x = height // GRID[0], width // GRID[1]
    cut = picture[: side_y * GRID[0], : side_x * GRID[1]].astype(np.float32)
    cells = cut.reshape(GRID[0], side_y, GRID[1], side_x, 3).mean(axis=(1, 3))
    luma = cut.mean(axis=2)
    edges = np.abs(np.diff(luma, axis=1, append=luma[:, -1:])) + np.abs(np.diff(luma, axis=0, append=luma[-1:]))
    detail = edges.reshape(GRID[0], side_y, GRID[1], side_x).mean(axis=(1, 3))
    contrast = np.sqrt(((cells - cells.mean(axis=(0, 1))) ** 2).sum(axis=2))
    found = detail / (detail.mean() + 1) + contrast / (contrast.mean() + 4)
    y, x = np.mgrid[0 : GRID[0], 0 : GRID[1]]
    off = ((y - 8.5) / 9) ** 2 + ((x - 15.5) / 16) ** 2
    found = _smooth(found.astype(np.float32)) * (1 - _CENTRE_PULL * np.minimum(1, off / 2))
    total = float(found.sum())
    return np.asarray(found / total if total > 0 else np.full(GRID, 1 / found.size), np.float32)


def measure(picture: NDArray[np.uint8], salient: Floats) -> Composition:
    """Of an RGB picture and its saliency map."""
    y, x = np.mgrid[0 : GRID[0], 0 : GRID[1]]
    strong = np.maximum(0, salient - np.quantile(salient, 0.8))
    weight = strong / max(float(strong.sum()), 1e-9)
    at = (float((weight * (y + 0.5)).sum()) / GRID[0], float((weight * (x + 0.5)).sum()) / GRID[1])
    near = min(np.hypot(at[0] - py, at[1] - px) for py, px in (*_THIRDS, (0.5, 0.5)))
    luma = picture[::2, ::2].astype(np.float32).mean(axis=2)
    centred = luma - luma.mean()
    mirrored = float((centred * centred[:, ::-1]).mean() / ((centred * centred).mean() + 1.0))
    return Composition(
        thirds=float(np.clip(1 - near / 0.3, 0, 1)),
        symmetry=max(0.0, mirrored),
        subject=_subject(luma),
        focus=float(np.sort(salient.ravel())[-salient.size // 5 :].sum()),
        flat=flat_share(picture),
        ground=_ground(luma),
    )


def flat_share(picture: NDArray[np.uint8]) -> float:
    """Share of 8 x 8 tiles without structure."""
    luma = picture.astype(np.float32).mean(axis=2)
    mean, square = tile_means(luma, 8), tile_means(luma * luma, 8)
    return float((square - mean * mean < 6.0).mean())


def _ground(luma: Floats) -> float:
    levels = np.bincount(luma.astype(np.uint8).ravel(), minlength=256) / luma.size
    return float(np.convolve(levels, np.ones(13), "same").max())


def _subject(luma: Floats) -> float:
    """Share of detail in the middle, against the middle and the rim together, by area."""
    edges = np.abs(np.diff(luma, axis=1))[:-1] + np.abs(np.diff(luma, axis=0))[:, :-1]
    height, width = edges.shape
    middle = edges[height // 6 : height - height // 8, width // 4 : width - width // 4]
    inside = float(middle.mean())
    outside = (float(edges.sum()) - float(middle.sum())) / (edges.size - middle.size)
    return inside / (inside + outside + 0.5)


def _smooth(values: Floats) -> Floats:
    padded = np.pad(values, 1, mode="edge")
    rows = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4)
