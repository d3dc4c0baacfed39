"""Crops of one picture for every shape of tile: faces whole where geometry allows, what the eye seeks kept, and a quiet
place for the title.

Windows of the wanted shape are slid over the picture in a few sizes; the picture's own black bars are gone before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.faces import Face

SHAPES: Final = {"16:9": 16 / 9, "2:3": 2 / 3, "1:1": 1.0, "21:9": 21 / 9}
_SIZES: Final = (1.0, 0.9, 0.8)
"""Windows by the largest that fits: a tighter one has to keep what the eye seeks to be worth it."""
_PLACES: Final = 33
_CUT_FACE: Final = 3.0
"""Cost of a face that a window cuts, by its share of all faces' area; more than anything else can bring."""
_LOST_FACE: Final = 1.0
_HEADROOM: Final = 0.15
"""Room above a face, in heights of it."""
_ZOOM_COST: Final = 0.35
_SAFE: Final = 0.05
"""Margin around the title, share of the crop."""
TITLE_SIZE: Final = (0.62, 0.24)
"""Width and height of the title's box, shares of the crop."""


@dataclass(frozen=True)
class Box:
    """Shares of the width and height of what it lies in."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Crop:
    """Where to cut, and where the title goes within the cut."""

    shape: str
    box: Box  # of the picture
    title: Box  # of the crop
    faces_whole: bool  # whether every face of the picture is whole in it


def crop(shape: str, width: int, height: int, salient: NDArray[np.float32], faces: Sequence[Face]) -> Crop:
    """The best window of `shape` (a key of SHAPES) in a picture of that size; `salient` is its map that sums to 1."""
    aspect = SHAPES[shape]
    wide = min(1.0, aspect * height / width)
    tall = min(1.0, width / height / aspect)
    best, best_value = Box(0, 0, 1, 1), -np.inf
    sums = np.pad(salient.astype(np.float64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    for size in _SIZES:
        for left in np.linspace(0, 1 - wide * size, _PLACES if wide * size < 1 else 1):
            for top in np.linspace(0, 1 - tall * size, _PLACES if tall * size < 1 else 1):
                box = Box(float(left), float(top), float(left + wide * size), float(top + tall * size))
                value = _kept(sums, box) - _ZOOM_COST * (1 - size) - _face_cost(box, faces) - _off_centre(box, salient)
                if value > best_value + 1e-9:
                    best, best_value = box, value
    inside = [_within(best, face) for face in faces]
    return Crop(shape, best, _title_place(best, salient, faces), all(x > 0.999 for x in inside))


def _kept(sums: NDArray[np.float64], box: Box) -> float:
    """Share of the saliency inside, from its summed-area table."""
    rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
    top, bottom = round(box.top * rows), round(box.bottom * rows)
    left, right = round(box.left * columns), round(box.right * columns)
    return float(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


def _within(box: Box, face: Face) -> float:
    """Share of a face inside the box."""
    wide = max(0.0, min(box.right, face.right) - max(box.left, face.left))
    tall = max(0.0, min(box.bottom, face.bottom) - max(box.top, face.top))
    return wide * tall / max(face.area, 1e-9)


def _face_cost(box: Box, faces: Sequence[Face]) -> float:
    total = sum(face.area for face in faces)
    cost = 0.0
    for face in faces:
        inside, share = _within(box, face), face.area / max(total, 1e-9)
        if inside < 1e-3:
            cost += _LOST_FACE * share
        elif inside < 0.999:
            cost += _CUT_FACE * share
        else:
            room = (face.top - box.top) / max(face.bottom - face.top, 1e-6)
            cost += 0.2 * share * max(0.0, _HEADROOM - room) / _HEADROOM
    return cost


def _off_centre(box: Box, salient: NDArray[np.float32]) -> float:
    """A little for a centre of weight that lies outside the middle third of the window."""
    columns = np.arange(salient.shape[1]) + 0.5
    inside = (columns / salient.shape[1] >= box.left) & (columns / salient.shape[1] <= box.right)
    weight = salient.sum(axis=0) * inside
    centre = float((weight * columns).sum() / max(float(weight.sum()), 1e-9)) / salient.shape[1]
    at = (centre - box.left) / max(box.right - box.left, 1e-6)
    return float(0.15 * max(0.0, abs(at - 0.5) - 1 / 6))


def _title_place(box: Box, salient: NDArray[np.float32], faces: Sequence[Face]) -> Box:
    """The quietest of six places inside the safe margins: left, middle, right, at the bottom or the top."""
    wide, tall = TITLE_SIZE
    sums = np.pad(salient.astype(np.float64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    best, best_cost = Box(_SAFE, 1 - _SAFE - tall, _SAFE + wide, 1 - _SAFE), np.inf
    for top, habit in ((1 - _SAFE - tall, 0.0), (_SAFE, 0.05)):
        for left in (_SAFE, (1 - wide) / 2, 1 - _SAFE - wide):
            place = Box(left, top, left + wide, top + tall)
            on_picture = Box(
                box.left + left * (box.right - box.left),
                box.top + top * (box.bottom - box.top),
                box.left + (left + wide) * (box.right - box.left),
                box.top + (top + tall) * (box.bottom - box.top),
            )
            cost = habit + _kept(sums, on_picture) + sum(2 * _within(on_picture, face) for face in faces)
            if cost < best_cost - 1e-9:
                best, best_cost = place, cost
    return best
