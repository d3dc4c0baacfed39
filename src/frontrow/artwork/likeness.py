"""What a picture shows, as numbers to compare: a hash for near copies, an embedding for the same motif, nudity.

Without a network the embedding holds colours by place and edge directions by place; with one it is the pooled output of
EfficientNet-lite0. Both have length 1, so their product is the cosine.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

HASH_BITS: Final = 64
_CELLS: Final = 4
_DIRECTIONS: Final = 6
_ADULT_MEAN: Final = np.array([104.0, 117.0, 123.0], np.float32)


def perceptual_hash(picture: NDArray[np.uint8]) -> int:
    """64 bits: whether each of 8 x 9 cells is brighter than its neighbour to the right (dHash)."""
    luma = _cells(picture.astype(np.float32).mean(axis=2), 8, 9)
    bits = (luma[:, :-1] > luma[:, 1:]).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def hash_distance(a: int, b: int) -> int:
    """Bits that differ: 0 a copy, 32 nothing in common."""
    return (a ^ b).bit_count()


def descriptor(picture: NDArray[np.uint8]) -> Floats:
    """Colour and edge directions on a grid of 4 x 4, length 1."""
    colours = np.stack([_cells(picture[..., k].astype(np.float32), _CELLS, _CELLS) for k in range(3)], axis=2) / 255
    luma = picture.astype(np.float32).mean(axis=2)
    across, down = luma[1:-1, 2:] - luma[1:-1, :-2], luma[2:, 1:-1] - luma[:-2, 1:-1]
    size = np.hypot(across, down)
    direction = np.floor((np.arctan2(down, across) % np.pi) / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS
    edges = np.stack([_cells(size * (direction == k), _CELLS, _CELLS) for k in range(_DIRECTIONS)], axis=2)
    edges /= np.linalg.norm(edges) + 1e-6
    colours = colours - colours.mean()
    colours /= np.linalg.norm(colours) + 1e-6
    joined = np.concatenate([colours.ravel(), edges.ravel()])
    return np.asarray(joined / (np.linalg.norm(joined) + 1e-9), np.float32)


def _cells(values: Floats, rows: int, columns: int) -> Floats:
    """Means of a grid of cells that cover the array."""
    row_edges = np.linspace(0, values.shape[0], rows + 1).astype(int)
    column_edges = np.linspace(0, values.shape[1], columns + 1).astype(int)
    sums = np.add.reduceat(np.add.reduceat(values, row_edges[:-1], axis=0), column_edges[:-1], axis=1)
    return np.asarray(sums / np.outer(np.diff(row_edges), np.diff(column_edges)), np.float32)


def embed(session: Any, picture: NDArray[np.uint8]) -> Floats:
    """Embedding of length 1: of the network where there is a session, of colours and edges otherwise."""
    if session is None:
        return descriptor(picture)
    pixels = _resized(picture, 224).astype(np.float32)
    batch = ((pixels - 127) / 128).transpose(2, 0, 1)[None]
    pooled = np.asarray(session.run(None, {session.get_inputs()[0].name: batch})[0][0], np.float32).ravel()
    return np.asarray(pooled / (np.linalg.norm(pooled) + 1e-9), np.float32)


def adult(session: Any, picture: NDArray[np.uint8]) -> float:
    """Probability that a picture shows nudity (Open-NSFW, Yahoo 2016)."""
    pixels = _resized(picture, 256)[16:240, 16:240, ::-1].astype(np.float32) - _ADULT_MEAN
    return float(session.run(None, {session.get_inputs()[0].name: pixels[None]})[0][0, 1])


def _resized(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))
